#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_house: the rules of the house, checked.

    tools/check_house.py [--root DIR] [--build DIR] [--json] [RULE...]

Prints findings as FILE:LINE: message, one a line; status 1 where there are any. The rules are the
functions in RULES below; their tables are tools/layers.txt, tools/purity/ and tools/words.txt.
Symbols are read from the objects of the build (compile_commands.json), of which each layer's
archive is made, so that core's sub-folders are told apart. Every rule is shown to catch what it
is for in tests/house/.
"""

import argparse
import ast
import concurrent.futures
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 800
COLUMNS_MAX = {".c": 100, ".h": 100}  # and for scripts:
SCRIPT_COLUMNS_MAX = 120
CODE = (".c", ".h", ".def", ".py", ".sh", ".mjs", ".js", ".ts")
HEAP = {"malloc", "calloc", "realloc", "free", "strdup", "strndup", "reallocarray"}


class House:
    """A tree, its table of layers, and what was read from it so far."""

    def __init__(self, root, build):
        self.root, self.build = pathlib.Path(root), pathlib.Path(build)
        self.texts, self.listed, self.objects_read = {}, None, None
        self.uses, self.pure = self.read_layers()

    def files(self, *suffixes, under=""):
        """Files of the repository (git's and new ones), relative, sorted."""
        if self.listed is None:
            done = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=self.root,
                                  capture_output=True, text=True)
            names = done.stdout.splitlines() if done.returncode == 0 else \
                [str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file()]
            self.listed = sorted(set(n for n in names if (self.root / n).is_file()))
        return [n for n in self.listed if n.startswith(under)
                and (not suffixes or n.endswith(suffixes))]

    def text(self, name):
        if name not in self.texts:
            self.texts[name] = (self.root / name).read_text(errors="replace")
        return self.texts[name]

    def lines(self, name):
        return self.text(name).splitlines()

    def read_layers(self):
        """tools/layers.txt: layer → all it may use, and which layers are pure."""
        direct, pure = {}, set()
        for line in (self.root / "tools/layers.txt").read_text().splitlines():
            words = line.split("#")[0].split()
            if not words:
                continue
            name = words[0]
            if "pure" in words:
                pure.add(name)
            direct[name] = words[words.index("<") + 1:] if "<" in words else []
        uses = {}
        for name in direct:
            found, waiting = set(), list(direct[name])
            while waiting:
                used = waiting.pop()
                if used not in direct:
                    sys.exit(f"tools/layers.txt: '{name}' uses '{used}', which is no layer")
                if used not in found:
                    found.add(used)
                    waiting += direct[used]
            if name in found:
                sys.exit(f"tools/layers.txt: '{name}' uses itself in a circle")
            uses[name] = found
        return uses, pure

    def layer_of(self, path):
        """The layer of src/<path>; None for a file outside every layer."""
        parts = pathlib.PurePosixPath(path).parts
        for count in (2, 1):
            name = "/".join(parts[:count])
            if len(parts) > count and name in self.uses:
                return name
        return None

    def objects(self):
        """Of each compiled source of src/: (source, defined symbols, undefined symbols)."""
        if self.objects_read is not None:
            return self.objects_read
        commands = json.loads((self.build / "compile_commands.json").read_text())
        sources = {}
        for command in commands:
            source = (pathlib.Path(command["directory"]) / command["file"]).resolve()
            target = pathlib.Path(command["directory"]) / command["output"]
            root = self.root.resolve()
            if source.is_relative_to(root / "src") and target.exists():
                sources[str(target)] = str(source.relative_to(root))
        found = {source: (source, set(), set()) for source in sources.values()}
        if sources:
            listing = subprocess.run(["nm", "-A", "-P", *sources], capture_output=True, text=True)
            for line in listing.stdout.splitlines():
                target, _, rest = line.partition(": ")
                symbol, kind = rest.split()[:2]
                if kind in "Uvw":
                    found[sources[target]][2].add(symbol)
                elif kind.isupper():
                    found[sources[target]][1].add(symbol)
        self.objects_read = list(found.values())
        return self.objects_read

    def purity_of(self, layer):
        """The allow-list of a pure layer, as (file or None, pattern)."""
        entries = []
        for name in ("common", layer.split("/")[0]):
            path = self.root / f"tools/purity/{name}.txt"
            if not path.exists():
                sys.exit(f"{path}: missing; every pure layer says what it imports")
            for line in path.read_text().splitlines():
                line = line.split("#")[0].strip()
                if line:
                    where, colon, pattern = line.rpartition(": ")
                    entries.append((where if colon else None, pattern))
        return entries

    def line_of(self, name, word):
        for number, line in enumerate(self.lines(name), 1):
            if re.search(rf"\b{re.escape(word)}\b", line) and not line.startswith("#include"):
                return number
        return 1


def rule_layers_by_include(house):
    """A source includes only headers of layers that its own may use."""
    for name in house.files(".c", ".h", ".def", under="src/"):
        layer = house.layer_of(name[4:])
        if layer is None:
            if name.count("/") > 1:
                yield name, 1, "lies in no layer of tools/layers.txt"
            continue
        for number, line in enumerate(house.lines(name), 1):
            found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not found:
                continue
            target = house.layer_of(found.group(1))
            if target is None:
                yield name, number, f'"{found.group(1)}" names no layer; write "layer/file.h"'
            elif target != layer and target not in house.uses[layer]:
                yield name, number, f"{layer} may not use {target} (tools/layers.txt)"


def rule_layers_by_symbol(house):
    """An object's undefined symbols are not defined in a layer that its own may not use."""
    owner = {}
    for source, defined, _ in house.objects():
        for symbol in defined:
            owner.setdefault(symbol, source)
    for source, _, undefined in house.objects():
        layer = house.layer_of(source[4:])
        for symbol in sorted(undefined & owner.keys()):
            other = house.layer_of(owner[symbol][4:])
            if layer and other and other != layer and other not in house.uses[layer]:
                yield source, house.line_of(source, symbol), \
                    f"{layer} may not use {symbol} of {other} (tools/layers.txt)"


def rule_purity(house):
    """A pure layer imports nothing from outside the house but what tools/purity/ allows it."""
    own = {symbol for _, defined, _ in house.objects() for symbol in defined}
    for source, _, undefined in house.objects():
        layer = house.layer_of(source[4:])
        if layer not in house.pure:
            continue
        allowed = [pattern for where, pattern in house.purity_of(layer)
                   if where is None or source.endswith("/" + where)]
        for symbol in sorted(undefined - own):
            if not any(fnmatch.fnmatchcase(symbol, pattern) for pattern in allowed):
                remedy = "use base/mem.h" if symbol in HEAP else \
                    f"not in tools/purity/{layer.split('/')[0]}.txt"
                yield source, house.line_of(source, symbol), \
                    f"{layer} is pure and imports {symbol} ({remedy})"


def rule_headers(house):
    """Every header compiles alone, public ones with nothing but include/ to look in."""
    flags = include_flags(house)
    jobs = [(n, ["-I", str(house.root / "include")]) for n in house.files(".h", under="include/")]
    jobs += [(n, flags) for n in house.files(".h", under="src/")
             if n != "src/base/banned.h"]

    def compile_alone(job):
        name, options = job
        done = subprocess.run(["gcc", "-std=c17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
                               "-D_GNU_SOURCE", "-x", "c", *options, str(house.root / name)],
                              capture_output=True, text=True)
        return name, done.returncode, done.stderr

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, status, said in pool.map(compile_alone, jobs):
            if status:
                first = next((line for line in said.splitlines() if "error:" in line), said[:200])
                found = re.search(r":(\d+):\d+: (?:fatal )?error: (.*)", first)
                yield name, int(found.group(1)) if found and name in first else 1, \
                    f"does not compile alone: {found.group(2) if found else first}"


def include_flags(house):
    """What the build passes to find headers, without its own generated folders."""
    flags = {"-I" + str(house.root / "src"), "-I" + str(house.root / "include")}
    path = house.build / "compile_commands.json"
    for command in json.loads(path.read_text()) if path.exists() else []:
        for word in command["command"].split():
            if re.match(r"-(I|isystem)/", word):
                flags.add(word)
    return sorted(flags)


def rule_guards(house):
    """A header's guard is its path: ASSAY_WIRE_JSON_H for src/wire/json.h."""
    for name in house.files(".h", under="src/") + house.files(".h", under="include/"):
        path = name.removeprefix("src/").removeprefix("include/assay/").removesuffix(".h")
        guard = "ASSAY_" + re.sub(r"\W", "_", path).upper() + "_H"
        if not re.search(rf"(?m)^#ifndef {guard}\n#define {guard}$", house.text(name)):
            yield name, 1, f"has no include guard {guard}"


def rule_function_size(house):
    """A function is at most 70 lines long."""
    for name in house.files(".c", ".h", ".py"):
        for start, end, called in functions(house, name):
            if end - start + 1 > FUNCTION_LINES_MAX:
                yield name, start, f"function {called} has {end - start + 1} lines, " \
                                   f"{FUNCTION_LINES_MAX} at the most"


def functions(house, name):
    """(first line, last line, name) of each function; C's bodies open and close at column 1."""
    if name.endswith(".py"):
        try:
            tree = ast.parse(house.text(name))
        except SyntaxError:
            return
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.lineno, node.end_lineno, node.name
        return
    lines, opened, head = house.lines(name), None, None
    for number, line in enumerate(lines, 1):
        if line == "{":
            first = number - 1
            while first > 1 and re.match(r"[\s\w]", lines[first - 2]) and lines[first - 2].strip() \
                    and not lines[first - 2].rstrip().endswith((";", "}", "*/")):
                first -= 1
            opened, head = first, " ".join(lines[first - 1:number - 1])
        elif line == "}" and opened is not None:
            found = re.search(r"(\w+)\)?\(", head)
            yield opened, number, found.group(1) if found else "?"
            opened = None


def rule_file_size(house):
    """A source file is at most 800 lines long, a line of C at most 100 columns, of a script
    120; a row of a table (.def) is as long as what it says."""
    for name in house.files(*CODE):
        lines = house.lines(name)
        if len(lines) > FILE_LINES_MAX:
            yield name, FILE_LINES_MAX + 1, f"has {len(lines)} lines, {FILE_LINES_MAX} at the most"
        suffix = pathlib.PurePosixPath(name).suffix
        columns = COLUMNS_MAX.get(suffix, SCRIPT_COLUMNS_MAX)
        for number, line in enumerate(lines, 1):
            if len(line) > columns and suffix != ".def":
                yield name, number, f"has {len(line)} columns, {columns} at the most"


def rule_opening(house):
    """A source file opens with its licence line."""
    for name in house.files(*CODE):
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in house.lines(name)[:2]):
            yield name, 1, "does not open with 'SPDX-License-Identifier: Apache-2.0'"


def rule_public_names(house):
    """libassay.so shows exactly what include/assay/ declares with ASSAY_API, all named assay_…"""
    libraries = sorted(house.build.rglob("libassay.so"))
    if not libraries:
        yield "src/api/meson.build", 1, "libassay.so was not built"
        return
    listing = subprocess.run(["nm", "-D", "--defined-only", "-P", str(libraries[0])],
                             capture_output=True, text=True)
    shown = {line.split()[0].split("@")[0] for line in listing.stdout.splitlines() if line.strip()}
    declared = {}
    for name in house.files(".h", under="include/"):
        for found in re.finditer(r"(?m)^ASSAY_API\b[^;(]*?(\w+)\(", house.text(name)):
            declared[found.group(1)] = (name, house.text(name)[:found.start()].count("\n") + 1)
    for symbol in sorted(shown - declared.keys()):
        yield "include/assay/assay.h", 1, f"libassay.so shows {symbol}, which no header declares"
    for symbol, (name, line) in sorted(declared.items()):
        if not symbol.startswith("assay_"):
            yield name, line, f"public function {symbol} is not named assay_…"
        if symbol not in shown:
            yield name, line, f"{symbol} is declared, and libassay.so does not show it"


def rule_readme(house):
    """Every folder of src/ with sources says in README.md what it holds."""
    folders = {str(pathlib.PurePosixPath(n).parent) for n in house.files(".c", ".h", under="src/")}
    for folder in sorted(folders):
        above = folder if folder.count("/") == 1 else "/".join(folder.split("/")[:2])
        if not (house.root / folder / "README.md").exists() and \
                not (house.root / above / "README.md").exists():
            yield f"{folder}/README.md", 1, "is missing; say what the folder holds and must not do"


def rule_words(house):
    """No notes to oneself, nothing about how this was made, no registry's host."""
    rules = []
    for line in (house.root / "tools/words.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern, _, why = line.partition("\t")
            rules.append((re.compile(pattern), why))
    for name in house.files():
        if name == "tools/words.txt" or (house.root / name).stat().st_size > 4 << 20 or \
                b"\0" in (house.root / name).read_bytes()[:4096]:
            continue
        for number, line in enumerate(house.lines(name), 1):
            for pattern, why in rules:
                found = pattern.search(line)
                if found:
                    yield name, number, f"'{found.group(0).strip()}': {why}"


NEEDS_BUILD = {"layers-by-symbol", "purity", "public-names"}
RULES = {
    "layers-by-include": rule_layers_by_include,
    "layers-by-symbol": rule_layers_by_symbol,
    "purity": rule_purity,
    "headers": rule_headers,
    "guards": rule_guards,
    "function-size": rule_function_size,
    "file-size": rule_file_size,
    "opening": rule_opening,
    "public-names": rule_public_names,
    "readme": rule_readme,
    "words": rule_words,
}


def check(house, rules):
    """Rule → its findings as FILE:LINE: message."""
    found = {}
    for rule in rules:
        if rule in NEEDS_BUILD and not (house.build / "compile_commands.json").exists():
            found[rule] = [f"{os.path.relpath(house.build)}:1: is not built; run make build first"]
        else:
            found[rule] = [f"{name}:{line}: {message}" for name, line, message in
                           RULES[rule](house)]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--root", default=root, help="the tree to check")
    parser.add_argument("--build", help="its build (default ROOT/build)")
    parser.add_argument("--json", action="store_true", help="print rule → findings")
    parser.add_argument("rules", nargs="*", metavar="RULE", help=", ".join(RULES))
    options = parser.parse_args()
    unknown = set(options.rules) - RULES.keys()
    if unknown:
        parser.error(f"unknown rule {', '.join(sorted(unknown))}; there are {', '.join(RULES)}")
    house = House(options.root, options.build or pathlib.Path(options.root) / "build")
    found = check(house, options.rules or RULES)
    if options.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        for findings in found.values():
            for finding in findings:
                print(finding)
    sys.exit(1 if any(found.values()) else 0)


if __name__ == "__main__":
    main()
