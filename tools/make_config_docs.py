#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/configuration.md out of docs/parts/configuration.md and `assay --dump-tables`.

usage: make_config_docs.py ASSAY [OUT]      OUT is - or missing: standard output
"""
import json
import os
import subprocess
import sys

WORDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "parts", "configuration.md")
MARKS = [("@assay.yaml@", "configuration", "assay.yaml", 2), ("@golden@", "golden", "golden set", 3),
         ("@policy@", "policy", "policy", 3)]
EVERY_ROW = ("check", "action", "log", "severity")

def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def rows(table, title, level, out):
    out.append(f"\n{'#' * level} {title}\n\n| key | type | default | what |\n| --- | --- | --- | --- |\n")
    nested = []
    for key in table["keys"]:
        kind = key["type"]
        if "choices" in key:
            kind = ", ".join(f"`{c}`" for c in key["choices"])
        default = f"`{key['default']}`" if "default" in key else "required" if key.get("required") else ""
        out.append(f"| `{key['key']}` | {cell(kind)} | {cell(default)} | {cell(key['help'])} |\n")
        if "table" in key:
            nested.append((key["key"], key["table"]))
    for name, inner in nested:
        rows(inner, f"{title} → {name}", level + (level < 4), out)


def checks(table, out):
    """The checks of a policy: one table over all, then the options of each that has any."""
    out.append("| check | judged | action | logged | severity in golden runs | by default |\n"
               "| --- | --- | --- | --- | --- | --- |\n")
    for check in table:
        name = check["name"] + ("NAME" if check["name"].endswith(".") else "")
        out.append(f"| `{name}` | {check['judged']} | {check['action']} | {'yes' if check['log'] else 'no'} | "
                   f"{check['severity']} | {'yes' if check['by_default'] else 'no'} |\n")
    for check in table:
        own = [key for key in check["table"]["keys"] if key["key"] not in EVERY_ROW]
        if own:
            name = check["name"] + ("NAME" if check["name"].endswith(".") else "")
            rows({"keys": own}, f"policy → checks → {name}", 4, out)


def main(assay, out_path):
    dump = subprocess.run([assay, "--dump-tables"], check=True, stdout=subprocess.PIPE).stdout
    tables = json.loads(dump)
    text = open(WORDS, encoding="utf-8").read()
    for mark, name, title, level in MARKS:
        out = []
        rows(tables[name], title, level, out)
        text = text.replace(mark, "".join(out).strip("\n"))
    out = []
    checks(tables["checks"], out)
    text = text.replace("@checks@", "".join(out).strip("\n"))
    if out_path == "-":
        sys.stdout.write(text)
    else:
        open(out_path, "w", encoding="utf-8").write(text)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else "-")
