# SPDX-License-Identifier: Apache-2.0
"""Negative controls: in a small tree that obeys every rule, each rule finds what is planted for it,
and nothing else."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import check_house  # noqa: E402

SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"


def header(guard, body):
    return f"{SPDX}#ifndef {guard}\n#define {guard}\n{body}#endif\n"


GOOD = {
    "src/base/README.md": "base\n",
    "src/base/one.h": header("ASSAY_BASE_ONE_H", "#include <stddef.h>\nsize_t base_one(void);\n"),
    "src/base/one.c": SPDX + '#include "base/one.h"\nsize_t base_one(void)\n{\n    return 1;\n}\n',
    "src/wire/README.md": "wire\n",
    "src/wire/two.h": header("ASSAY_WIRE_TWO_H", '#include "base/one.h"\nsize_t wire_two(void);\n'),
    "src/wire/two.c": SPDX + '#include "wire/two.h"\nsize_t wire_two(void)\n{\n'
                             '    return base_one() + 1;\n}\n',
    "src/core/README.md": "core\n",
    "src/core/quota/three.h": header("ASSAY_CORE_QUOTA_THREE_H", "int quota_three(void);\n"),
    "src/core/quota/three.c": SPDX + '#include "core/quota/three.h"\nint quota_three(void)\n{\n'
                                     '    return 3;\n}\n',
    "src/shell/README.md": "shell\n",
    "src/shell/four.h": header("ASSAY_SHELL_FOUR_H", "long shell_now(void);\n"),
    "src/shell/four.c": SPDX + '#include "shell/four.h"\n#include <time.h>\nlong shell_now(void)\n{\n'
                               '    return (long)time(NULL);\n}\n',
    "include/assay/assay.h": header("ASSAY_ASSAY_H", "#define ASSAY_API\n"
                                    "ASSAY_API const char *assay_version(void);\n"),
    "src/api/README.md": "api\n",
    "src/api/version.c": SPDX + "#include <assay/assay.h>\nconst char *assay_version(void)\n{\n"
                                '    return "1";\n}\n',
}


class House(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name) / "tree"
        (self.root / "tools").mkdir(parents=True)
        for name in ("layers.txt", "words.txt"):
            shutil.copy(ROOT / "tools" / name, self.root / "tools")
        shutil.copytree(ROOT / "tools/purity", self.root / "tools/purity")
        for name, text in GOOD.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def build(self):
        """Compiles what is there, as Meson would, so that objects can be looked into."""
        build = self.root / "build"
        build.mkdir(exist_ok=True)
        commands = []
        for source in sorted(self.root.glob("src/**/*.c")):
            target = str(source.relative_to(self.root)).replace("/", "_") + ".o"
            command = ["gcc", "-w", "-fPIC", "-Isrc", "-Iinclude", "-c", str(source), "-o",
                       str(build / target)]
            subprocess.run(command, cwd=self.root, check=True)
            commands.append({"directory": str(build), "command": " ".join(command),
                             "file": str(source), "output": target})
        (build / "compile_commands.json").write_text(json.dumps(commands))
        api = [str(build / c["output"]) for c in commands if "/src/api/" in c["file"]]
        subprocess.run(["gcc", "-shared", "-o", str(build / "libassay.so"), *api], check=True)

    def findings(self, *rules):
        self.build()
        house = check_house.House(self.root, self.root / "build")
        found = check_house.check(house, rules or check_house.RULES)
        return [line for findings in found.values() for line in findings]

    def only(self, rule, *expected):
        """The rule finds exactly what is expected, and no other rule finds anything."""
        found = self.findings()
        self.assertEqual(len(found), len(expected), found)
        for line, (where, what) in zip(found, expected):
            self.assertTrue(line.startswith(where + ": "), line)
            self.assertIn(what, line)
        self.assertEqual(found, self.findings(rule))

    def test_a_tree_that_obeys_is_left_alone(self):
        self.assertEqual(self.findings(), [])

    def test_an_include_upwards_is_found(self):
        self.write("src/wire/two.c", SPDX + '#include "wire/two.h"\n#include "shell/four.h"\n')
        self.only("layers-by-include", ("src/wire/two.c:3", "wire may not use shell"))

    def test_an_include_across_core_is_found(self):
        self.write("src/core/pool/five.h", header("ASSAY_CORE_POOL_FIVE_H", "int pool_five(void);\n"))
        self.write("src/core/quota/three.c", SPDX + '#include "core/pool/five.h"\n')
        self.only("layers-by-include",
                  ("src/core/quota/three.c:2", "core/quota may not use core/pool"))

    def test_an_include_of_no_layer_is_found(self):
        self.write("src/base/near.h", header("ASSAY_BASE_NEAR_H", ""))
        self.write("src/base/planted.c", SPDX + '#include "near.h"\n')
        self.only("layers-by-include", ("src/base/planted.c:2", '"near.h" names no layer'))

    def test_a_symbol_borrowed_without_its_header_is_found(self):
        self.write("src/base/planted.c", SPDX + "extern unsigned long wire_two(void);\nint base_x(void);\n"
                   "int base_x(void)\n{\n    return (int)wire_two();\n}\n")
        self.only("layers-by-symbol", ("src/base/planted.c:2", "base may not use wire_two of wire"))

    def test_each_thing_a_pure_layer_must_not_touch_is_found(self):
        impure = {"time": "time(0)", "getenv": 'getenv("HOME")', "fopen": 'fopen("x", "r")',
                  "socket": "socket(1, 1, 0)", "printf": 'printf("%d", n)', "rand": "rand()",
                  "SSL_new": "SSL_new(0)", "RAND_bytes": "RAND_bytes(0, 1)",
                  "uv_now": "uv_now(0)", "clock_gettime": "clock_gettime(0, 0)"}
        for symbol, call in impure.items():
            for layer in ("base", "wire", "core/quota"):
                name = f"src/{layer}/impure.c"
                with self.subTest(symbol=symbol, layer=layer):
                    self.write(name, SPDX + f"long {symbol}();\nint impure(int n);\n"
                               f"int impure(int n)\n{{\n    return n + (int)(long){call};\n}}\n")
                    found = self.findings("purity", "layers-by-symbol")
                    self.assertEqual(len(found), 1, found)
                    self.assertTrue(found[0].startswith(f"{name}:2: "), found)
                    self.assertIn(f"{layer} is pure and imports {symbol}", found[0])
                (self.root / name).unlink()

    def test_the_heap_has_one_door(self):
        self.write("src/base/planted.c", SPDX + "#include <stdlib.h>\nvoid *base_x(void);\n"
                   "void *base_x(void)\n{\n    return calloc(1, 1);\n}\n")
        self.only("purity", ("src/base/planted.c:6", "imports calloc (use base/mem.h)"))

    def test_a_header_that_needs_another_is_found(self):
        self.write("src/wire/two.h", header("ASSAY_WIRE_TWO_H", "size_t wire_two(void);\n"))
        self.write("src/wire/two.c", SPDX + '#include <stddef.h>\n#include "wire/two.h"\n')
        self.only("headers", ("src/wire/two.h:4", "unknown type name"))

    def test_a_public_header_sees_nothing_of_the_house(self):
        self.write("include/assay/more.h", header("ASSAY_MORE_H", '#include "base/one.h"\n'))
        self.only("headers", ("include/assay/more.h:4", "base/one.h"))

    def test_a_guard_that_is_not_its_path_is_found(self):
        self.write("src/wire/two.h", GOOD["src/wire/two.h"].replace("WIRE_TWO", "TWO"))
        self.only("guards", ("src/wire/two.h:1", "ASSAY_WIRE_TWO_H"))

    def test_a_function_of_71_lines_is_found_and_one_of_70_is_not(self):
        def of(lines):
            return SPDX + "int base_long(void);\n\nint base_long(void)\n{\n" + \
                "    ;\n" * (lines - 4) + "    return 1;\n}\n"
        self.write("src/base/long.c", of(70))
        self.assertEqual(self.findings(), [])
        self.write("src/base/long.c", of(71))
        self.only("function-size", ("src/base/long.c:4", "function base_long has 71 lines"))

    def test_a_file_of_801_lines_and_a_line_of_101_columns_are_found(self):
        self.write("src/base/long.c", SPDX + "\n" * 798 + "/* " + "刃" * 95 + "*/\n")
        self.assertEqual(self.findings(), [])
        self.write("src/base/long.c", SPDX + "\n" * 798 + "/* " + "x" * 96 + "*/\n\n")
        self.only("file-size", ("src/base/long.c:801", "has 801 lines"),
                  ("src/base/long.c:800", "has 101 columns"))

    def test_a_missing_licence_line_is_found(self):
        self.write("src/base/planted.c", "int base_x;\n")
        self.only("opening", ("src/base/planted.c:1", "SPDX"))

    def test_public_names_are_declared_and_ours(self):
        self.write("src/api/version.c", GOOD["src/api/version.c"] + "int stray(void);\n"
                   "int stray(void)\n{\n    return 1;\n}\n")
        self.only("public-names", ("include/assay/assay.h:1", "shows stray"))

    def test_public_functions_exist_and_are_named_ours(self):
        text = GOOD["include/assay/assay.h"].replace("#endif", "ASSAY_API int version_of(void);\n#endif")
        self.write("include/assay/assay.h", text)
        self.only("public-names", ("include/assay/assay.h:6", "not named assay_"),
                  ("include/assay/assay.h:6", "does not show it"))

    def test_a_folder_that_does_not_say_what_it_holds_is_found(self):
        (self.root / "src/wire/README.md").unlink()
        self.only("readme", ("src/wire/README.md:1", "is missing"))

    def test_notes_and_tales_of_the_making_are_found(self):
        words = ["TO" + "DO: later", "FIX" + "ME", "see issue" + " #12", "issue" + " 3 asks for it",
                 "as requested" + " by", "Co-Authored" + "-By: x", "in the previous" + " session",
                 "/wo" + "rk/main", "https://pypi" + ".org/simple", "a sub" + "agent wrote this"]
        for word in words:
            with self.subTest(word):
                self.write("docs/notes.md", f"First line.\nHere: {word}\n")
                found = self.findings("words")
                self.assertEqual(len(found), 1, found)
                self.assertTrue(found[0].startswith("docs/notes.md:2: "), found)
        self.write("docs/notes.md", "A session of a chat, mktemp XXXXXX, the issue at hand, network/x\n")
        self.assertEqual(self.findings("words"), [])

    def test_a_circle_in_the_table_is_refused(self):
        with (self.root / "tools/layers.txt").open("a") as table:
            table.write("one < two\ntwo < one\n")
        with self.assertRaisesRegex(SystemExit, "circle"):
            check_house.House(self.root, self.root / "build")

    def test_without_a_build_it_says_what_to_do(self):
        house = check_house.House(self.root, self.root / "nowhere")
        found = check_house.check(house, ["purity"])["purity"]
        self.assertIn("run make build", found[0])

    def test_alone_it_prints_findings_one_a_line_and_fails(self):
        self.write("src/base/one.c", "int base_x;\n")
        self.build()
        done = subprocess.run([sys.executable, str(ROOT / "tools/check_house.py"), "--root",
                               str(self.root)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"(?m)^src/base/one\.c:1: does not open with")
