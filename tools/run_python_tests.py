#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run_python_tests: runs the tests of one Python file and writes what they came to as JSON Lines.

    run_python_tests.py FILE RESULTS [PATTERN]

A test is a method of a unittest.TestCase or a function named test_… without arguments; PATTERN
keeps those whose name matches. Output of the tests goes where it goes.
"""

import importlib.util
import inspect
import json
import pathlib
import re
import sys
import time
import unittest


class Recorder(unittest.TestResult):
    def __init__(self, out):
        super().__init__()
        self.out, self.start = out, 0.0
        self.failed_subtests = set()

    def write(self, test, status, detail=""):
        name = test.id().split(".", 1)[-1] if "." in test.id() else test.id()
        self.out.write(json.dumps({"name": name, "status": status, "detail": detail,
                                   "seconds": time.monotonic() - self.start}) + "\n")
        self.out.flush()

    def startTest(self, test):
        super().startTest(test)
        self.start = time.monotonic()

    def addSuccess(self, test):
        if test.id() not in self.failed_subtests:
            self.write(test, "pass")

    def addFailure(self, test, err):
        self.write(test, "fail", self._exc_info_to_string(err, test))

    addError = addFailure

    def addSkip(self, test, reason):
        self.write(test, "skip", reason)

    def addExpectedFailure(self, test, err):
        self.write(test, "pass")

    def addUnexpectedSuccess(self, test):
        self.write(test, "fail", "was expected to fail and did not")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.failed_subtests.add(test.id())
            self.write(subtest, "fail", self._exc_info_to_string(err, test))


def load(path):
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    for name, thing in vars(module).items():
        if name.startswith("test_") and inspect.isfunction(thing) and \
                not inspect.signature(thing).parameters:
            suite.addTest(unittest.FunctionTestCase(thing, description=name))
    return suite


def flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


def main():
    path = pathlib.Path(sys.argv[1]).resolve()
    pattern = sys.argv[3] if len(sys.argv) > 3 else ""
    with open(sys.argv[2], "a", encoding="utf-8") as out:
        chosen = [t for t in flatten(load(path)) if re.search(pattern, f"{path.stem}.{t.id()}")]
        unittest.TestSuite(chosen).run(Recorder(out))


if __name__ == "__main__":
    main()
