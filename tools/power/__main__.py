#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How reliably a loss is found, and how often one that is not there: prints docs/power.md.

    python3 tools/power simulator [--embedding tfidf builtin] [--unchanged 1000] [--seeds 20] [--write FILE]
    python3 tools/power real [--trials 200] [--write FILE]

simulator: on our own simulator, with examples/mangaassist. real: on recorded answers of real models, beside other
tools on the same scores (ASSAY_SHARED, or ../shared beside the checkout, has them). --write puts the part between
its marks in FILE. Status 1 where a target is missed. The program is build/assay, or ASSAY_BIN.
"""

import argparse
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(ROOT / "tools/accuracy")]
import measure
import real
import simulator

ASSAY = os.environ.get("ASSAY_BIN", str(ROOT / "build/assay"))


def put(path, part, text):
    """Replaces what stands between the part's marks."""
    page = path.read_text(encoding="utf-8")
    begin, end = f"<!-- {part}: printed by make power -->\n", f"<!-- end of {part} -->"
    if begin not in page or end not in page:
        raise SystemExit(f"{path}: there are no marks of '{part}'")
    head, rest = page.split(begin, 1)
    path.write_text(head + begin + "\n" + text.strip() + "\n\n" + end + rest.split(end, 1)[1], encoding="utf-8")


def main():
    """The command."""
    parser = argparse.ArgumentParser(description="power and false alarms of the gate")
    parser.add_argument("part", choices=("simulator", "real"))
    parser.add_argument("--embedding", nargs="+", default=["tfidf", "builtin"], choices=("tfidf", "builtin"))
    parser.add_argument("--unchanged", type=int, default=1000, help="unchanged runs")
    parser.add_argument("--seeds", type=int, default=20, help="runs for each defect and rate")
    parser.add_argument("--prompt-seeds", type=int, default=5, help="runs for each instruction")
    parser.add_argument("--trials", type=int, default=real.TRIALS, help="draws of real answers")
    parser.add_argument("--write", type=pathlib.Path)
    options = parser.parse_args()
    if not os.access(ASSAY, os.X_OK):
        raise SystemExit(f"{ASSAY}: there is no such program; make build makes it")
    if options.part == "real":
        if not measure.shared().is_dir():
            raise SystemExit(f"{measure.shared()}: the public test data is not here; set ASSAY_SHARED")
        text, met = real.report(ASSAY, measure.shared(), options.trials)
    else:
        text, met = simulator.report(options)
    print(text)
    if options.write:
        put(options.write, options.part, text)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
