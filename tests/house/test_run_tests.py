# SPDX-License-Identifier: Apache-2.0
"""What counts as passed, failed or skipped, and how a run closes."""

import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import results  # noqa: E402
import run_tests  # noqa: E402

CMOCKA = """
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
static void good(void **s) { (void)s; }
static void bad(void **s) { (void)s; assert_int_equal(1, 2); }
static void worse(void **s) { (void)s; assert_string_equal("a", "b"); }
static void left_out(void **s) { (void)s; print_message("no data there\\n"); skip(); }
static void gone(void **s) { (void)s; _Exit(3); }
int main(int argc, char **argv)
{
    (void)argv;
    const struct CMUnitTest tests[] = {cmocka_unit_test(good), cmocka_unit_test(bad),
        cmocka_unit_test(left_out), cmocka_unit_test(worse)};
    const struct CMUnitTest dying[] = {cmocka_unit_test(good), cmocka_unit_test(gone)};
    return argc > 1 ? cmocka_run_group_tests(dying, NULL, NULL) : cmocka_run_group_tests(tests, NULL, NULL);
}
"""


def closing(some):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        status = results.report(some)
    return status, out.getvalue().strip().splitlines()[-1]


class Counting(unittest.TestCase):
    def entry(self, *arguments):
        with tempfile.TemporaryDirectory() as scratch:
            source = pathlib.Path(scratch) / "t.c"
            source.write_text(CMOCKA)
            program = str(pathlib.Path(scratch) / "t")
            subprocess.run(["gcc", "-w", str(source), "-lcmocka", "-o", program], check=True)
            done = subprocess.run([program, *arguments], capture_output=True, text=True)
        return {"name": "assay:unit / unit/x", "result": "FAIL" if done.returncode else "OK",
                "returncode": done.returncode, "stdout": done.stdout, "stderr": done.stderr}

    def test_each_cmocka_test_counts_and_says_why_it_failed(self):
        found = run_tests.of_executable(self.entry(), "")
        self.assertEqual([(r.name, r.status) for r in found],
                         [("unit/x: good", "pass"), ("unit/x: bad", "fail"), ("unit/x: worse", "fail"),
                          ("unit/x: left_out", "skip")])
        self.assertIn("0x1 != 0x2", found[1].detail)
        self.assertNotIn('"a"', found[1].detail)
        self.assertIn('"a" != "b"', found[2].detail)
        self.assertEqual(found[3].detail, "no data there")

    def test_a_program_that_dies_is_a_failure_whatever_passed_before(self):
        found = run_tests.of_executable(self.entry("dying"), "")
        self.assertEqual(results.counts(found)[1], 1)
        self.assertIn("exit status 3", [r for r in found if r.status == "fail"][0].detail)

    def test_a_program_without_cmocka_counts_once(self):
        entry = {"name": "fuzz/json", "result": "OK", "returncode": 0, "stdout": "12 inputs\n"}
        self.assertEqual([r.status for r in run_tests.of_executable(entry, "")], ["pass"])
        for result in ("FAIL", "TIMEOUT", "ERROR"):
            entry["result"] = result
            self.assertEqual([r.status for r in run_tests.of_executable(entry, "")], ["fail"])
        entry["result"] = "SKIP"
        self.assertEqual([r.status for r in run_tests.of_executable(entry, "")], ["skip"])

    def test_a_run_closes_with_one_plain_line(self):
        good, bad = results.Result("a", "pass"), results.Result("b", "fail", "why")
        left = results.Result("c", "skip", "no data")
        self.assertEqual(closing([good, good]), (0, "2 passed, 0 failed"))
        self.assertEqual(closing([good, bad, left]), (1, "1 passed, 1 failed, 1 skipped"))
        self.assertEqual(closing([]), (1, "0 passed, 0 failed"))
        self.assertEqual(closing([left]), (1, "0 passed, 0 failed, 1 skipped"))

    def test_a_python_file_without_a_test_or_that_cannot_be_read_fails(self):
        tests = run_tests.Tests(None)
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch) / "test_x.py"
            for text in ("x = 1\n", "import nothing_of_this_name\n", "def test_a():\n    assert False\n"):
                path.write_text(text)
                self.assertEqual(results.counts(tests.python_file("x", path, ""))[1], 1, text)
            path.write_text("def test_a():\n    pass\n\n\ndef test_b():\n    pass\n")
            self.assertEqual(results.counts(tests.python_file("x", path, ""))[0], 2)
            self.assertEqual(len(tests.python_file("x", path, "test_b")), 1)
