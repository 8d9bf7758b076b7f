#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# run_llm: assay against a real language model on this machine. Called by `make test-llm`, which has
# built the program and installed model and runner; takes some minutes, at most ten.
#
#   tests/e2e/run_llm.sh        ASSAY_BIN names another program than build/assay
set -euo pipefail
cd "$(dirname "$0")/../.."
installed=$(scripts/setup --where)
python=$installed/python/bin/python
runtime=$installed/llm
model=$(find "$runtime/model" -name '*.gguf' 2>/dev/null | head -n 1 || true)

[ -x "${ASSAY_BIN:=$PWD/build/assay}" ] || { echo "run_llm: there is no $ASSAY_BIN; make build makes it" >&2; exit 2; }
[ -n "$model" ] && [ -x "$python" ] || { echo "run_llm: scripts/setup test llm has not been run" >&2; exit 2; }
export ASSAY_BIN
exec "$python" tests/e2e/llm/steps.py --runtime "$runtime" --model "$model"
