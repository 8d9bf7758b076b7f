#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# bench_start: what starting costs: `assay --version` against a program that does nothing (true) and
# against an interpreter that does nothing. Target: 15 ms at the most.
set -euo pipefail
[ -x "${ASSAY_BIN:?bench/run sets it}" ] || { echo "there is no $ASSAY_BIN"; exit 1; }
out=$(mktemp) && trap 'rm -f "$out"' EXIT
hyperfine --shell=none --warmup 5 --runs 100 --export-json "$out" \
    "$ASSAY_BIN --version" /bin/true "python3 -S -c ''" "node -e ''" -i >/dev/null 2>&1 ||
    hyperfine --shell=none --warmup 5 --runs 100 --export-json "$out" \
        "$ASSAY_BIN --version" /bin/true "python3 -S -c ''" >/dev/null 2>&1
python3 - "$out" <<'PYTHON'
import json, sys
rows = json.load(open(sys.argv[1]))["results"]
ours = rows[0]["median"] * 1000
for row in rows:
    name = row["command"].split("/")[-1]
    print(f"{name:22} {row['median'] * 1000:7.2f} ms median, {row['min'] * 1000:.2f} min, "
          f"{row['max'] * 1000:.2f} max   {row['median'] * 1000 / ours:6.2f} x ours")
print(f"target 15 ms: {'met' if ours <= 15 else 'missed'}")
PYTHON
