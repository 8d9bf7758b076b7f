#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_scale: golden sets of 1,000, 10,000 and 100,000 entries with three answers of 1 KB each.

Answers are given (--responses), so that only assay's own work is measured: the golden set read, a
baseline recorded, a run compared with it, the gate, a report of everything as JSON, the history. CPU is
user and system time; memory is the highest resident set. SCALE_ENTRIES (like 1000,5000) overrides the
sizes. Target: 600 MiB for 100,000 entries.
"""

import json
import os
import pathlib
import random
import sys
import tempfile

from measure import MIB, measure, program, said, show, verdict

ASSAY = os.environ["ASSAY_BIN"]
SIZES = [int(size) for size in os.environ.get("SCALE_ENTRIES", "1000,10000,100000").split(",")]
ANSWERS = 3
ANSWER_WORDS = 215  # 1 KB
WORDS = ("the quick brown fox jumps over a lazy dog and then sleeps under an old tree by the river until morning "
         "comes with rain").split()
TARGET = 600 * MIB


def answers(path, entries, seed):
    with open(path, "w", encoding="utf-8") as out:
        for i in range(entries):
            drawn = random.Random(seed * 1000003 + i)
            texts = [" ".join(drawn.choices(WORDS, k=ANSWER_WORDS)).capitalize() + "." for _ in range(ANSWERS)]
            out.write(json.dumps({"id": f"e{i:06}", "responses": texts}) + "\n")


def project(folder, entries):
    with open(folder / "golden.jsonl", "w", encoding="utf-8") as out:
        out.write(json.dumps({"prompts": {"p": {"text": "Tell about {{thing}}."}}}) + "\n")
        for i in range(entries):
            out.write(json.dumps({"id": f"e{i:06}", "prompt": "p", "vars": {"thing": f"thing {i}"}, "tags": ["en"],
                                  "expect": {"keywords": ["the"], "language": "en"}}) + "\n")
    (folder / "assay.yaml").write_text("suites: {big: {golden: golden.jsonl, target: sim, embedding: none}}\n")
    answers(folder / "before.jsonl", entries, 1)
    answers(folder / "now.jsonl", entries, 2)


def main():
    measuring = program()
    met = True
    for entries in SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            project(folder, entries)
            for what, command in (
                    ("baseline", [ASSAY, "baseline", "--responses", "before.jsonl", "-q"]),
                    ("test", [ASSAY, "test", "--responses", "now.jsonl", "-q", "-o", "json=report.json"])):
                figures = measure(measuring, command, folder)
                if figures["status"] not in (0, 1):
                    sys.exit(f"assay {what} ended with {figures['status']}: {said(folder)}")
                show(f"{entries:,} entries, {what}", figures)
                print(f"{'':28} {figures['rss'] / entries:8.0f} bytes an entry")
                met = met and (entries < 100000 or figures["rss"] <= TARGET)
    if max(SIZES) >= 100000:
        verdict("600 MiB for 100,000 entries", met)


if __name__ == "__main__":
    main()
