#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run_tests: everything that must hold, in one run; `make test` and `make sanitize` call it.

    tools/run_tests.py [--match PATTERN] [--sanitize] [--lanes 1]

Builds with gcc and -Werror in build/, then in two lanes at once: the unit tests, laws and fuzz
corpora (meson test), the black-box cases (tests/golden), the Python tests (tests/e2e,
tests/package, tests/house); and the rules of the house, the format, a clang build with -Werror, clang-tidy.
--sanitize instead runs units and cases under ASan and UBSan, and under valgrind; and the tests of
the Meson suite `threads` under TSan.

Each cmocka test, case and Python test counts by itself. Failures are printed in full; the last
line is `N passed, N failed`. Status 1 where anything failed or nothing ran.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import run_cases
from results import Result, report, summary

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRINTING = threading.Lock()
VALGRIND = ("valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite "
            f"--show-leak-kinds=definite --suppressions={ROOT}/tools/valgrind.supp")
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=98:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:exitcode=97",
    "LSAN_OPTIONS": f"suppressions={ROOT}/tools/lsan.supp:print_suppressions=0",
    "TSAN_OPTIONS": "halt_on_error=1:exitcode=96:second_deadlock_stack=1",
}


def say(text):
    with PRINTING:
        print(text, flush=True)


def run(command, env=None, timeout=3600, nice=0):
    """Runs a command from the root; returns (status, everything it printed)."""
    try:
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {})}, text=True,
                              errors="backslashreplace", stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                              preexec_fn=(lambda: os.nice(nice)) if nice else None)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        said = expired.stdout or b""
        said = said.decode(errors="backslashreplace") if isinstance(said, bytes) else said
        return 124, f"{said}\nnot done after {timeout} s"
    except OSError as error:
        return 127, str(error)


class Tests:
    """The stages. Each returns a list of results."""

    def __init__(self, match):
        self.match = match
        self.build = ROOT / "build"
        self.env = {"ASSAY_SOURCE": str(ROOT)}
        self.wrapper = None

    def wants(self, name):
        return self.match is None or re.search(self.match, name) is not None

    # ---- building

    def configure(self, folder, compiler, options):
        build = ROOT / folder
        if not (build / "build.ninja").exists():
            return run(["meson", "setup", str(build), *options], {"CC": compiler})
        known = json.loads((build / "meson-info/intro-buildoptions.json").read_text())
        values = {o["name"]: str(o["value"]).lower() if isinstance(o["value"], bool)
                  else str(o["value"]) for o in known}
        changed = [o for o in options if values.get(o[2:].split("=")[0]) != o.split("=", 1)[1]]
        return run(["meson", "configure", str(build), *changed]) if changed else (0, "")

    def compile(self, name, folder, compiler, options, jobs=2, nice=0, suite=None):
        start = time.monotonic()
        status, said = self.configure(folder, compiler, options)
        programs = []
        if status == 0 and suite:
            status, said = run(["ninja", "-C", folder, "build.ninja"])  # learn of new tests
            programs = [os.path.relpath(t["cmd"][0], ROOT / folder)
                        for t in of_suite(ROOT / folder, suite)]
        if status == 0:
            # -k 0: say everything that does not compile, not only the first
            status, said = run(["ninja", "-C", folder, f"-j{jobs}", "-k", "0", *programs],
                               nice=nice)
        detail = only_failures(said) if status else ""
        return [Result(name, "fail" if status else "pass", detail, time.monotonic() - start)]

    def gcc(self):
        return self.compile("build/gcc", "build", "gcc", ["-Dwerror=true", "-Dtests=enabled"])

    def clang(self):
        if not self.wants("build/clang"):
            return []
        return self.compile("build/clang", "build-clang", "clang",
                            ["-Dwerror=true", "-Dtests=enabled"], jobs=1, nice=5)

    # ---- unit tests, laws, corpora

    def meson(self, suites=(), extra=(), env=None, label="", suite=None):
        known = of_suite(self.build, suite)
        wanted = [t for t in known if self.wants(t["name"])
                  and (not suites or t["name"].split("/")[0] in suites)]
        names = [t["name"] for t in wanted if pathlib.Path(t["cmd"][0]).exists()]
        unbuilt = [Result(t["name"], "fail", "was not built") for t in wanted
                   if t["name"] not in names]
        if not names:
            return unbuilt
        log = "testlog" + (f"-{label}" if label else "")
        for old in (self.build / "meson-logs").glob(f"{log}*.json"):
            old.unlink()
        status, said = run(["meson", "test", "-C", str(self.build), "--no-rebuild", "--quiet",
                            "--num-processes", "2", "--logbase", log, *extra, *names],
                           {**self.env, **(env or {})})
        # With a wrapper Meson adds its name to that of the log.
        logs = list((self.build / "meson-logs").glob(f"{log}*.json"))
        if not logs:
            return unbuilt + [Result("unit", "fail", f"no log, status {status}\n{said[-3000:]}")]
        lines = logs[0].read_text(errors="backslashreplace")
        return unbuilt + [result for line in lines.splitlines()
                          for result in of_executable(json.loads(line), label)]

    # ---- black-box cases

    def cases(self, label=""):
        files = run_cases.find([ROOT / "tests/golden"])
        files = [f for f in files if self.wants(str(f.relative_to(ROOT / "tests")))]
        if not files:
            return []
        program = self.build / "assay"
        if not program.exists():
            return [Result("golden", "fail", f"there is no {program}")]
        results = run_cases.run_all(files, program, 2, self.wrapper)
        for result in results:
            result.name += f" ({label})" if label else ""
        return results

    # ---- Python

    def python(self, folder):
        results = []
        for path in sorted((ROOT / "tests" / folder).glob("test_*.py")):
            whole = self.wants(f"{folder}/{path.stem}")
            if whole or self.wants_inside(path):
                results += self.python_file(folder, path, "" if whole else self.match)
        return results

    def wants_inside(self, path):
        return any(self.wants(name) for name in
                   re.findall(r"def (test_\w+)", path.read_text(errors="replace")))

    def python_file(self, folder, path, pattern):
        python = run_cases.cache_folder() / "python/bin/python"
        with tempfile.TemporaryDirectory(prefix="assay-python-") as scratch:
            out = pathlib.Path(scratch) / "results"
            out.touch()
            env = {**self.env, "ASSAY_BIN": str(self.build / "assay"),
                   "ASSAY_BUILD": str(self.build), "PYTHONDONTWRITEBYTECODE": "1",
                   "ASSAY_SHARED": os.environ.get("ASSAY_SHARED", str(ROOT.parent / "shared"))}
            status, said = run([str(python) if python.exists() else sys.executable,
                                "tools/run_python_tests.py", str(path), str(out), pattern],
                               env, 1200)
            results = [Result(**json.loads(line)) for line in out.read_text().splitlines()]
        for result in results:
            result.name = f"{folder}/{path.stem}: {result.name}"
            if result.status == "fail" and said.strip():
                result.detail += "\n--- the file's whole output\n" + said[-3000:]
        if status or not results:
            results.append(Result(f"{folder}/{path.stem}", "fail", said or "it holds no test"))
        return results

    # ---- rules

    def house(self):
        if not self.wants("house"):
            return []
        status, said = run([sys.executable, "tools/check_house.py", "--json"])
        try:
            rules = json.loads(said)
        except ValueError:
            return [Result("house", "fail", said)]
        return [Result(f"house/{rule}", "fail" if found else "pass", "\n".join(found))
                for rule, found in rules.items()]

    def format(self):
        if not self.wants("format"):
            return []
        files = run(["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h"])[1].split()
        files = [f for f in files if (ROOT / f).exists()]
        status, said = run(["clang-format", "--dry-run", "-Werror", *files])
        found = [line for line in said.splitlines() if ": error:" in line]
        detail = "\n".join(found[:50]) + f"\n{len(found)} places; make format puts them right"
        return [Result("format", "fail" if status else "pass", detail if status else "")]

    def tidy(self):
        if not self.wants("tidy"):
            return []
        start = time.monotonic()
        status, said = run([sys.executable, "tools/tidy.py", "-j", "1"], nice=5)
        return [Result("tidy", "fail" if status else "pass", said if status else "",
                       time.monotonic() - start)]


def of_suite(build, suite):
    """The tests that Meson knows in a configured folder, or those of a suite."""
    known = json.loads((build / "meson-info/intro-tests.json").read_text())
    return [t for t in known if suite is None
            or suite in (name.split(":")[-1] for name in t["suite"])]


def only_failures(said):
    """Of ninja's output the parts that failed."""
    parts = re.split(r"(?m)^(?=\[\d+/\d+\] |FAILED: )", said)
    failed = [p for p in parts if p.startswith("FAILED: ")]
    failed = ["\n".join(line for line in p.splitlines() if not re.match(r"(cc|gcc|clang) ", line))
              for p in failed]
    return "\n".join(failed)[:20000] or said[-5000:]


def of_executable(entry, label):
    """The results in one line of Meson's log: one for each cmocka test, or one for the program."""
    name = entry["name"].split(" / ")[-1] + (f" ({label})" if label else "")
    # cmocka tells what passed on one stream and why something failed on the other.
    errors = entry.get("stderr") or ""
    said = (entry.get("stdout") or "") + errors
    results, seen = [], set()
    for status, word in (("pass", "OK"), ("fail", "FAILED"), ("skip", "SKIPPED")):
        tests = list(dict.fromkeys(re.findall(rf"(?m)^\[ +{word} +\] (\w+)$", said)))
        why = {"pass": lambda: [""] * len(tests), "fail": lambda: failures(errors, tests),
               "skip": lambda: [reason(said, test) for test in tests]}[status]()
        for test, detail in zip(tests, why):
            if test not in seen:
                seen.add(test)
                results.append(Result(f"{name}: {test}", status, detail))
    failed = any(r.status == "fail" for r in results)
    if entry["result"] == "SKIP" and not results:
        results.append(Result(name, "skip", said.strip()[-300:]))
    elif entry["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") and not failed:
        results.append(Result(name, "fail", f"{entry['result']}, exit status "
                              f"{entry.get('returncode')}\n{said[-6000:]}"))
    elif not results:
        results.append(Result(name, "pass"))
    if results:
        results[0].seconds = entry.get("duration") or 0.0
    return results


def failures(errors, tests):
    """Why each failed: cmocka closes each failure with a line that names the place."""
    told = re.findall(r"(?ms)(.*?^\[ +LINE +\] --- [^\n]*)", errors)
    if len(told) == len(tests):
        return [text.strip()[-3000:] for text in told]
    return [errors.strip()[-3000:]] + ["see the one before"] * (len(tests) - 1)


def reason(said, test):
    """What a test printed last before it was skipped."""
    body = re.search(rf"(?ms)^\[ RUN +\] {test}$\n(.*?)^\[ +SKIPPED +\] {test}$", said)
    lines = body.group(1).strip().splitlines() if body else []
    return lines[-1] if lines else ""


def run_lane(stages):
    results = []
    for name, stage in stages:
        start = time.monotonic()
        try:
            got = stage()
        except Exception as error:  # a stage that breaks is a failure, not the end of the run
            got = [Result(name, "fail", repr(error))]
        if got:
            say(f"{name}: {summary(got)} ({time.monotonic() - start:.1f} s)")
        results += got
    return results


def lanes(groups, count):
    if count == 1:
        return run_lane([stage for group in groups for stage in group])
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return [r for results in pool.map(run_lane, groups) for r in results]


def test_stages(tests):
    run_them = [("unit tests, laws, corpora", tests.meson), ("golden cases", tests.cases)] + \
        [(f"Python: {folder}", lambda folder=folder: tests.python(folder))
         for folder in ("e2e", "package", "house")]
    rules = [("house rules", tests.house), ("format", tests.format), ("clang build", tests.clang),
             ("clang-tidy", tests.tidy)]
    return [run_them, rules]


def sanitize(tests):
    """ASan and UBSan first, then threads under TSan, then valgrind over the plain build."""
    env = dict(SANITIZERS)
    os.environ.update(env)
    tests.build = ROOT / "build-asan"
    results = run_lane([("build with ASan and UBSan", lambda: tests.compile(
        "build/asan", "build-asan", "gcc",
        ["-Db_sanitize=address,undefined", "-Dtests=enabled", "-Doptimization=1"]))])
    results += run_lane([
        ("units under ASan and UBSan",
         lambda: tests.meson(extra=["--timeout-multiplier", "5"], label="asan")),
        ("cases under ASan and UBSan", lambda: tests.cases("asan")),
    ])
    tests.build = ROOT / "build-tsan"
    results += run_lane([
        ("build with TSan", lambda: tests.compile(
            "build/tsan", "build-tsan", "gcc",
            ["-Db_sanitize=thread", "-Dtests=enabled", "-Doptimization=1"], suite="threads")),
        ("threads under TSan", lambda: tests.meson(
            extra=["--timeout-multiplier", "5"], label="tsan", suite="threads")),
    ])
    for name in env:
        os.environ.pop(name)
    tests.build, tests.wrapper = ROOT / "build", VALGRIND
    results += run_lane([("build with gcc", tests.gcc)])
    wrap = ["--wrap", VALGRIND, "--timeout-multiplier", "20"]
    return results + run_lane([
        ("units under valgrind", lambda: tests.meson(("unit",), wrap, label="valgrind")),
        ("cases under valgrind", lambda: tests.cases("valgrind")),
    ])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--match", help="run only tests whose names match this regular expression")
    parser.add_argument("--sanitize", action="store_true", help="under ASan, UBSan and valgrind")
    parser.add_argument("--lanes", type=int, default=2, choices=(1, 2))
    options = parser.parse_args()
    for tool in ("meson", "ninja"):
        if shutil.which(tool) is None:
            sys.exit(f"run_tests: there is no {tool}; scripts/setup installs it")
    tests = Tests(options.match)
    if options.sanitize:
        sys.exit(report(sanitize(tests)))
    built = run_lane([("build with gcc and -Werror", tests.gcc)])
    if built[0].status == "pass" and options.match and not tests.wants("build/gcc"):
        built = []  # needed, but not what was asked for
    groups = test_stages(tests)
    sys.exit(report(built + lanes(groups, options.lanes)))


if __name__ == "__main__":
    main()
