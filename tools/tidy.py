#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tidy: runs clang-tidy over the sources, each only when it or what it includes has changed.

    tools/tidy.py [--root DIR] [--build build] [-j 2] [FILE...]

What was clean is remembered in BUILD/tidy/ by the hash of the preprocessed source, of .clang-tidy
and of the tool's version. Prints findings as FILE:LINE:COLUMN: message;
status 1 where there are any.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys


# fail() and its kin give back the code they are given, never 0. The analyzer looks into one source
# at a time and would otherwise walk paths on which they returned 0.
KNOWN = [f"-D{name}(reterr,code,...)=((void)({name})(reterr,code,__VA_ARGS__),(code))"
         for name in ("fail", "fail_within")]


def commands(root, build):
    """Source → its compile command as clang takes it, for sources of src/ and include/ users."""
    found = {}
    for command in json.loads((build / "compile_commands.json").read_text()):
        source = (pathlib.Path(command["directory"]) / command["file"]).resolve()
        if source.is_relative_to(root) and source.suffix == ".c" and \
                source.exists() and \
                source.relative_to(root).parts[0] in ("src", "fuzz", "bench", "examples"):
            found.setdefault(source, (command["directory"], flags_of(command["command"])))
    return found


def flags_of(command):
    """The flags that matter to a reader: paths, macros, forced headers."""
    words, kept, i = shlex.split(command), ["-std=c17", *KNOWN], 0
    while i < len(words):
        if words[i] in ("-include", "-isystem", "-I", "-D"):
            kept += words[i:i + 2]
            i += 1
        elif words[i].startswith(("-I", "-D", "-isystem")):
            kept.append(words[i])
        i += 1
    return kept


def fingerprint(source, directory, flags, salt):
    done = subprocess.run(["clang", "-E", "-P", *flags, str(source)], cwd=directory,
                          capture_output=True)
    if done.returncode:
        return None
    return hashlib.sha256(salt + done.stdout + source.read_bytes()).hexdigest()


def tidy(job):
    source, directory, flags, salt, memory = job
    mark = fingerprint(source, directory, flags, salt)
    if mark and (memory / mark).exists():
        return []
    done = subprocess.run(["clang-tidy", "--quiet", str(source), "--", *flags], cwd=directory,
                          capture_output=True, text=True, errors="backslashreplace")
    findings = [line for line in done.stdout.splitlines()
                if re.search(r": (warning|error): ", line)]
    if done.returncode and not findings:
        findings = [f"{source}:1:1: clang-tidy failed: {done.stderr.strip()[-500:]}"]
    if mark and not findings:
        (memory / mark).touch()
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--build", help="where compile_commands.json lies (default ROOT/build)")
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    root = pathlib.Path(options.root).resolve()
    build = pathlib.Path(options.build or root / "build").resolve()
    if not (build / "compile_commands.json").exists():
        sys.exit(f"{build}: is not built; run make build first")
    memory = build / "tidy"
    memory.mkdir(exist_ok=True)
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True).stdout
    salt = version + (root / ".clang-tidy").read_bytes()
    wanted = {pathlib.Path(f).resolve() for f in options.files}
    jobs = [(source, directory, flags, salt, memory)
            for source, (directory, flags) in sorted(commands(root, build).items())
            if not wanted or source in wanted]
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        findings = [line for found in pool.map(tidy, jobs) for line in found]
    for line in sorted(set(findings)):
        print(line.replace(str(root) + os.sep, ""))
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
