# SPDX-License-Identifier: Apache-2.0
"""A golden set of 5,000 entries with three given answers each, against three accepted ones: memory grows with
their number as docs/scale.md says, within a factor of two, whatever the answers say and wherever prompts stand."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.environ.get("ASSAY_BIN", str(ROOT / "build" / "assay"))
ENTRIES = 5000
ANSWERS = 3
BYTES_AN_ENTRY = 2 * 6000  # twice docs/scale.md's
# In a process of its own: what is forked counts its parent's memory, and this one holds whole reports.
MEASURE = ("import resource, subprocess, sys; status = subprocess.call(sys.argv[1:]); "
           "print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
WORDS = "the quick brown fox jumps over a lazy dog and then sleeps under an old tree by the river until morning "


def answers(path, said):
    with open(path, "w", encoding="utf-8") as out:
        for i in range(ENTRIES):
            texts = [f"{said} {i} {n}: {WORDS * 10}." for n in range(ANSWERS)]
            out.write(json.dumps({"id": f"e{i}", "responses": texts}) + "\n")


def golden(path, entry_of):
    with open(path, "w", encoding="utf-8") as out:
        out.write(json.dumps({"prompts": {"p": {"text": "Tell about {{thing}}."}}}) + "\n")
        for i in range(ENTRIES):
            entry = {"id": f"e{i}", "expect": {"keywords": ["the"], "language": "en"}, **entry_of(i)}
            out.write(json.dumps(entry) + "\n")


def shared(i):
    return {"prompt": "p", "vars": {"thing": f"thing {i}"}}


class Scale(unittest.TestCase):
    def setUp(self):
        self.keeper = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.keeper.name)
        (self.folder / "assay.yaml").write_text(
            "suites: {big: {golden: golden.jsonl, target: sim, embedding: none}}\n")
        answers(self.folder / "before.jsonl", "Before")
        answers(self.folder / "now.jsonl", "Now")

    def tearDown(self):
        self.keeper.cleanup()

    def takes(self, *words):
        """The highest resident set, in bytes."""
        done = subprocess.run([sys.executable, "-S", "-c", MEASURE, BIN, *words], cwd=self.folder, capture_output=True,
                              text=True, timeout=600)
        status, rss_kb = (int(number) for number in done.stdout.split()[-2:])
        self.assertIn(status, (0, 1), done.stderr[-2000:])
        return rss_kb * 1024

    def test_memory_is_bounded_by_the_number_of_entries(self):
        golden(self.folder / "golden.jsonl", shared)
        bound = 40 << 20  # the program, and the texts that it keeps in memory
        recorded = self.takes("baseline", "--responses", "before.jsonl", "-q")
        tested = self.takes("test", "--responses", "now.jsonl", "-q", "-o", "json=report.json")
        self.assertLess(recorded, bound + ENTRIES * BYTES_AN_ENTRY)
        self.assertLess(tested, bound + ENTRIES * BYTES_AN_ENTRY)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(len(report["entries"]), ENTRIES)

    def test_every_entry_may_have_a_prompt_of_its_own_that_changed(self):
        golden(self.folder / "golden.jsonl", lambda i: {"text": f"Tell about thing {i}."})
        self.takes("baseline", "--responses", "before.jsonl", "-q")
        golden(self.folder / "golden.jsonl", lambda i: {"text": f"Tell more about thing {i}."})
        self.takes("test", "--responses", "now.jsonl", "-q", "-o", "json=report.json")
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(len(report["prompt_changes"]), ENTRIES)


if __name__ == "__main__":
    unittest.main()
