#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fuzz: builds every fuzzer with clang, libFuzzer, ASan and UBSan, and runs each for a while.

    tools/fuzz.py [--seconds 60] [-j 2] [--match PATTERN]

Starts from fuzz/corpus/<name>/; what it learns stays in build-fuzz/corpus/<name>/, what it breaks
in build-fuzz/found/<name>/. Ends with `N passed, N failed`.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

from results import Result, report

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-fuzz"
OPTIONS = ["-Dfuzz=true", "-Dtests=enabled", "-Db_sanitize=address,undefined", "-Db_lundef=false"]


def build(names):
    """None, or what went wrong."""
    if not (BUILD / "build.ninja").exists():
        done = subprocess.run(["meson", "setup", str(BUILD), *OPTIONS], cwd=ROOT, text=True,
                              env={**os.environ, "CC": "clang"}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            return done.stdout
    done = subprocess.run(["ninja", "-C", str(BUILD), *(f"fuzz/fuzz_{name}" for name in names)],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout if done.returncode else None


def fuzz(name, seconds):
    learned, found = BUILD / "corpus" / name, BUILD / "found" / name
    corpus = ROOT / "fuzz/corpus" / name
    for folder in (learned, found):
        folder.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    done = subprocess.run(
        [str(BUILD / f"fuzz/fuzz_{name}"), f"-max_total_time={seconds}", "-timeout=10",
         "-rss_limit_mb=3000", "-print_final_stats=1", f"-artifact_prefix={found}/",
         str(learned), *([str(corpus)] if corpus.is_dir() else [])],
        cwd=BUILD, text=True, errors="backslashreplace", stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env={**os.environ, "UBSAN_OPTIONS": "halt_on_error=1"})
    runs = re.search(r"stat::number_of_executed_units: *(\d+)", done.stdout)
    edges = re.findall(r"cov: (\d+)", done.stdout)
    print(f"fuzz/{name}: {runs.group(1) if runs else '?'} inputs, {edges[-1] if edges else '?'} "
          f"edges, {time.monotonic() - start:.0f} s", flush=True)
    if done.returncode:
        return Result(f"fuzz/{name}", "fail", done.stdout[-6000:])
    return Result(f"fuzz/{name}", "pass")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="for each fuzzer")
    parser.add_argument("-j", type=int, default=2, help="fuzzers at the same time")
    parser.add_argument("--match", help="only fuzzers whose names match this regular expression")
    options = parser.parse_args()
    names = [path.stem.removeprefix("fuzz_") for path in sorted((ROOT / "fuzz").glob("fuzz_*.c"))]
    names = [n for n in names if options.match is None or re.search(options.match, f"fuzz/{n}")]
    problem = build(names) if names else None
    if problem:
        sys.exit(report([Result("fuzz/build", "fail", problem)]))
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        results = list(pool.map(lambda name: fuzz(name, options.seconds), names))
    sys.exit(report(results))


if __name__ == "__main__":
    main()
