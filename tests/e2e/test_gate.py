# SPDX-License-Identifier: Apache-2.0
"""The gate over many runs of the program against its own simulator, one answer in seven of which comes in a wrong
language, before and after alike: repeats that adapt ask less than the most they may, raise fewer alarms than two
answers an entry, and still find what broke for good; what `assay signoff` prints and keeps fits its schema. The
program is ASSAY_BIN, by default build/assay."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("ASSAY_BIN", str(ROOT / "build" / "assay"))
SCHEMA = json.loads((ROOT / "share/schemas/signoffs.json").read_text(encoding="utf-8"))
RUNS = 8
ENTRIES = 12
QUESTION = "Name three manga of the kind '{{kind}}' and say in a sentence each what they are about."


class Gate(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="assay-gate-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        (self.folder / "golden").mkdir()

    def assay(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=120)

    def project(self):
        (self.folder / "assay.yaml").write_text(
            "targets: {noisy: {kind: sim, defect: 'language:0.15'}}\n"
            "suites: {shop: {golden: golden/shop.yaml, target: noisy, embedding: tfidf}}\n")
        entries = "".join(f"  - {{id: e{i}, prompt: ask, vars: {{kind: kind{i}}}, expect: {{language: en}}}}\n"
                          for i in range(ENTRIES))
        (self.folder / "golden/shop.yaml").write_text(
            f"prompts:\n  ask: {{text: \"{QUESTION}\"}}\nentries:\n{entries}")

    def run_seed(self, seed, *more):
        done = self.assay("test", "--format", "json", "--seed", str(seed), *more)
        self.assertIn(done.returncode, (0, 1, 4), done.stderr)
        return done.returncode, json.loads(done.stdout)

    def test_adapting_asks_less_and_cries_wolf_no_more_often(self):
        self.project()
        self.assertEqual(self.assay("baseline", "--repeat", "5", "--seed", "1").returncode, 0)
        fixed = adaptive = asked = 0
        for seed in range(2, 2 + RUNS):
            fixed += self.run_seed(seed, "--repeat", "2")[0] != 0
            status, report = self.run_seed(seed, "--repeat", "auto:10")
            adaptive += status != 0
            asked += sum(len(entry["samples"]) for entry in report["entries"])
        print(f"unchanged: {fixed} of {RUNS} alarms with 2 repeats, {adaptive} with auto, "
              f"{asked / RUNS / ENTRIES:.1f} answers an entry")
        self.assertLess(adaptive, fixed)
        self.assertLess(asked, 10 * RUNS * ENTRIES)

    def test_adapting_finds_what_broke(self):
        self.project()
        self.assertEqual(self.assay("baseline", "--repeat", "3", "--seed", "1").returncode, 0)
        status, report = self.run_seed(2, "--repeat", "auto", "--set", "targets.noisy.defect=language:1")
        self.assertEqual(status, 1, report["gate"])

    def test_signoffs_fit_their_schema(self):
        (self.folder / "assay.yaml").write_text(
            "suites: {shop: {golden: golden/shop.yaml, target: sim, embedding: none}}\n")
        (self.folder / "golden/shop.yaml").write_text(
            "prompts: {ask: {text: Name them.}}\nentries:\n"
            "  - {id: a, prompt: ask, expect: {keywords: [alpha, beta, gamma]}}\n")
        (self.folder / "before.jsonl").write_text('{"id": "a", "response": "alpha beta gamma"}\n')
        (self.folder / "now.jsonl").write_text('{"id": "a", "response": "alpha beta"}\n')
        self.assertEqual(self.assay("baseline", "--responses", "before.jsonl").returncode, 0)
        self.assertEqual(self.assay("test", "--responses", "now.jsonl").returncode, 4)
        done = self.assay("signoff", "@last", "--by", "秋", "--reason", "a \"quoted\" reason\nof two lines",
                          "--expires", "2999-12-31")
        self.assertEqual(done.returncode, 0, done.stderr)
        listed = json.loads(self.assay("signoff", "--list", "--format", "json").stdout)
        jsonschema.validate(listed, SCHEMA)
        self.assertEqual(listed["signoffs"][0]["by"], "秋")
        line = json.loads((self.folder / "golden/signoffs.jsonl").read_text(encoding="utf-8"))
        jsonschema.validate(line, {**SCHEMA["$defs"]["signoff"], "$defs": SCHEMA["$defs"]})
        self.assertEqual(self.assay("test", "--responses", "now.jsonl").returncode, 0)


if __name__ == "__main__":
    unittest.main()
