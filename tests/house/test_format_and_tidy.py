# SPDX-License-Identifier: Apache-2.0
"""Negative controls: the format, clang-tidy and the compilers' warnings each catch what they are for."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GOOD = "int twice(int n);\n\nint twice(int n)\n{\n    return n * 2;\n}\n"


class Planted(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name)
        (self.root / "src").mkdir()
        (self.root / "build").mkdir()
        for name in (".clang-format", ".clang-tidy"):
            shutil.copy(ROOT / name, self.root)

    def plant(self, text):
        source = self.root / "src/planted.c"
        source.write_text(text)
        (self.root / "build/compile_commands.json").write_text(json.dumps([{
            "directory": str(self.root / "build"), "file": str(source), "output": "planted.o",
            "command": f"gcc -c {source}"}]))
        return source

    def formatted(self, text):
        return subprocess.run(["clang-format", "--dry-run", "-Werror", str(self.plant(text))],
                              capture_output=True).returncode == 0

    def tidy(self, text):
        self.plant(text)
        done = subprocess.run([sys.executable, str(ROOT / "tools/tidy.py"), "--root", str(self.root)],
                              capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def test_the_format_is_held(self):
        self.assertTrue(self.formatted(GOOD))
        self.assertFalse(self.formatted(GOOD.replace("    return", "  return")))
        self.assertFalse(self.formatted(GOOD.replace("(int n)\n{", "(int n) {")))

    def test_tidy_finds_what_a_compiler_does_not(self):
        self.assertEqual(self.tidy(GOOD), (0, ""))
        planted = {
            "bugprone-integer-division": "double f(int n);\ndouble f(int n)\n{\n    return n / 2;\n}\n",
            "bugprone-suspicious-semicolon": "int f(int a);\nint f(int a)\n{\n    if (a > 1);\n"
                                             "        return 7;\n    return 8;\n}\n",
            "clang-analyzer-deadcode.DeadStores": "int g(void);\nint f(void);\nint f(void)\n{\n"
                                                  "    int n = g();\n    n = 3;\n    return 4;\n}\n",
            "clang-analyzer-unix.Malloc": "#include <stdlib.h>\nint f(void);\nint f(void)\n{\n"
                                          "    char *p = malloc(1);\n    return p != 0;\n}\n",
        }
        for check, text in planted.items():
            with self.subTest(check):
                status, said = self.tidy(text)
                self.assertEqual(status, 1)
                self.assertRegex(said, rf"(?m)^src/planted\.c:\d+:\d+: .*{check}")

    def test_what_was_clean_is_remembered_until_it_changes(self):
        self.assertEqual(self.tidy(GOOD)[0], 0)
        self.assertEqual(len(list((self.root / "build/tidy").iterdir())), 1)
        self.assertEqual(self.tidy(GOOD)[0], 0)
        self.assertEqual(len(list((self.root / "build/tidy").iterdir())), 1)
        self.assertEqual(self.tidy(GOOD.replace("{\n", "{\n    if (n > 3);\n"))[0], 1)

    def test_banned_functions_do_not_compile_and_their_replacement_is_named(self):
        uses = {"strcpy(a, b)": "strbuf", "strtok(a, b)": "view_split", "(char *)(long)rand()": "rng.h",
                "(char *)(long)time(0)": "clock.h", "(char *)gmtime((void *)a)": "date.h",
                "(char *)(long)atoi(b)": "view_to_int", "memcpy(a, b, 1)": None}
        for use, instead in uses.items():
            source = self.plant("char *f(char *a, const char *b);\nchar *f(char *a, const char *b)\n{\n"
                                f"    (void)b;\n    return {use};\n}}\n")
            for compiler in ("gcc", "clang"):
                with self.subTest(use=use, compiler=compiler):
                    done = subprocess.run(
                        [compiler, "-fsyntax-only", "-D_GNU_SOURCE", "-Werror=deprecated-declarations",
                         "-O2", "-Werror=implicit-function-declaration",
                         "-include", str(ROOT / "src/base/banned.h"), str(source)],
                        capture_output=True, text=True)
                    self.assertEqual(done.returncode == 0, instead is None, done.stderr)
                    if instead:
                        self.assertRegex(done.stderr, f"banned.here.*use.*{instead}")
