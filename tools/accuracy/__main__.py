#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures every scorer and check on public data and prints docs/accuracy.md.

    python3 tools/accuracy [--only SECTION…] [--write FILE] [--check FILE]

Sections are the modules of this folder that have a SECTION and report(assay, data). --check fails where
FILE is not what was measured, section by section. The program is build/assay, or ASSAY_BIN; the data lie in
ASSAY_SHARED, or ../shared beside the checkout.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import importlib

import measure

SECTIONS = ("similarity", "language", "ifeval", "fluency", "personal", "injection", "support")

HEAD = """# Accuracy: what each scorer and check sees, and what it does not

Printed by `make accuracy`; do not edit. Every figure comes from the program itself (`assay score`, `assay validate`)
on public data, with a 95 % interval. A set that comes in one piece is split by a hash of its texts: one half to
develop with, the other to report on (`tools/accuracy/measure.py`). Where the reported half, or its totals, were seen
while rules were still changing, the section says so; where a target is missed, the table does. Licences and sources
of the data: at the end.
"""

TAIL = """## Data

- JSTS, JNLI, JSQuAD (JGLUE): CC BY-SA 4.0; JCoLA: CC BY-SA 4.0; STS-B: its own terms
- lang-id word and sentence lists: Apache-2.0; its Han-only strings: CC BY-SA 4.0
- M-IFEval, Rakuda, SummEdits: Apache-2.0; presidio-research's synthetic set, NotInject, CyberSecEval: MIT
- Tensor Trust: CC BY 4.0; WiCE: ODC-BY and CC BY-SA; LIT-RAGBench: CC BY-SA 4.0
"""


def measured(name):
    """One section as Markdown."""
    module = importlib.import_module(name)
    print(f"measuring: {module.SECTION}", file=sys.stderr, flush=True)
    return f"## {module.SECTION}\n\n{module.report(measure.Assay(), measure.shared()).strip()}\n"


def main():
    """The command."""
    parser = argparse.ArgumentParser(description="accuracy of scorers and checks on public data")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--write", type=pathlib.Path)
    parser.add_argument("--check", type=pathlib.Path)
    options = parser.parse_args()
    if not measure.shared().is_dir():
        raise SystemExit(f"{measure.shared()}: the public test data is not here; set ASSAY_SHARED")
    parts = [measured(name) for name in options.only]
    text = "\n".join([HEAD, *parts, TAIL])
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    if options.check:
        stated = options.check.read_text(encoding="utf-8")
        other = [part.splitlines()[0] for part in parts if part not in stated]
        if other:
            raise SystemExit(f"{options.check} does not say what was measured: {', '.join(other)}")


if __name__ == "__main__":
    main()
