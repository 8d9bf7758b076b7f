#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/configuration.md out of `assay --dump-tables`, so that it cannot differ from the program.

usage: make_config_docs.py ASSAY [OUT]      OUT is - or missing: standard output
"""
import json
import subprocess
import sys

HEAD = """# Configuration

Made by `tools/make_config_docs.py` from the program's own tables; a test holds it against them.

`assay.yaml` is YAML 1.2. `${NAME}` and `${NAME:-default}` are expanded in values; `$${` stands for `${`. Secrets (API keys,
authorization headers) must be such references, or come from a file. An unknown key, a wrong type or a missing file is an
error that names file, line and column and the nearest valid key. `--set KEY=VALUE` overrides one value, like
`--set suites.manga.repeat=5`. Paths are relative to the file that names them. Durations carry their unit: `250ms`, `30s`, `5m`.
"""

GOLDEN = """
## Golden sets

YAML with `prompts:` and `entries:`, JSON of the same shape, or JSON Lines: each line an entry, `{"prompts": {…}}`, or
`{"prompt": {"name": …, …}}`. An entry may carry its prompt itself (`text:`, `file:`, `messages:`, `system:`). Templates
hold slots, `{{name}}`; a literal brace pair is written `\\{{`.

**Keywords** (`keywords`, `forbidden`) are texts, or `{any: [鬼滅の刃, Demon Slayer]}`, or `{match: "regular expression"}`, each with
`at_least: 3` and `whole_word: true` where wanted. Both sides are normalised first (full width, case, long vowels, middle dots).

**Checks**: `checks:` under `expect` gives a built-in check another severity, `- {check: format, severity: minor}` (`keywords`,
`forbidden`, `format`, `language`, `length`), or adds a pattern of your own, `- {check: pattern.price, match: "[0-9]+円"}` (must be
there) or `- {check: pattern.promise, not: "必ず届"}` (must not).

**A command of your own** (`command:` under `expect`) reads `{"id", "target", "sample", "question", "response"}` from standard
input; exit status 0 passes, otherwise the first line of its standard error says why.

## Targets of kind exec and http

A command reads one request from standard input, `{"prompt", "system", "messages": [{"role", "content"}], "params", "sample",
"model"}`, and writes one answer, `{"text": "…", "usage": {"tokens_in": 12, "tokens_out": 34}, "stop_reason": "end_turn"}`;
only `text` is required, and `{"error": "why"}` reports a failure.

The url and body of `http` take `{{prompt}}`, `{{system}}`, `{{model}}`, `{{messages}}` and `{{params}}` (JSON already), and every
parameter by its name; inside a JSON body write `{{json prompt}}`, which brings its own quotes. What has no slot is refused, not
dropped.
"""


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


def main(assay, out_path):
    dump = subprocess.run([assay, "--dump-tables"], check=True, stdout=subprocess.PIPE).stdout
    tables = json.loads(dump)
    out = [HEAD]
    rows(tables["configuration"], "assay.yaml", 2, out)
    out.append(GOLDEN)
    rows(tables["golden"], "golden set", 3, out)
    text = "".join(out)
    if out_path == "-":
        sys.stdout.write(text)
    else:
        open(out_path, "w", encoding="utf-8").write(text)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else "-")
