#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_compare: two runs of 1,000 entries compared and reported.

Answers of some 400 characters, English and Japanese in turn, with a baseline; two runs whose answers differ in a
few words, kept as JSON reports. Their vectors are in the cache, as they are after any scored run; a second row
measures likeness by character n-grams instead. The other side is what one would write in Python for the same
figures: difflib over words, numpy's sign flips, scipy's BCa interval, from the same two reports.
Target: 0.5 s of CPU with cached vectors.
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
RUNS = 5
ENGLISH = ("Volume {n} of {title} is {state} at {price} yen. It continues the story where the last volume ended, "
           "and many readers who liked the first part {verb} it as well. If you order before noon it is sent {when}; "
           "shipping is free from 3,000 yen on. Would you like me to put it into your cart, or shall I look for a "
           "used copy?")
JAPANESE = ("{title}の第{n}巻は{price}円で、現在{state}です。前の巻の続きから物語が始まり、最初の部分を気に入った方には{verb}と思います。"
            "正午までにご注文いただければ{when}発送いたします。3,000円以上のお買い上げで送料は無料です。"
            "カートにお入れしましょうか、それとも中古の本をお探ししましょうか。ご希望をお聞かせください。")
WORDS = {"en": {"state": ("in stock", "available"), "verb": ("enjoy", "love"), "when": ("today", "the same day")},
         "ja": {"state": ("在庫あり", "取り扱い中"), "verb": ("お楽しみいただける", "きっと満足していただける"),
                "when": ("本日", "当日中に")}}
PEER = """
import difflib, json, re, sys
import numpy, scipy.stats
a, b = ({e["id"]: e for e in json.load(open(name))["entries"]} for name in sys.argv[1:3])
ids = [i for i in a if i in b]
differences = numpy.array([b[i]["scores"]["score"] - a[i]["scores"]["score"] for i in ids])
rng = numpy.random.default_rng(7)
signs = rng.choice((-1.0, 1.0), size=(9999, len(ids)))
p = (1 + numpy.sum(numpy.abs(signs @ differences) >= abs(differences.sum()))) / 10000
interval = None
if differences.std() > 0:
    drawn = scipy.stats.bootstrap((differences,), numpy.mean, n_resamples=10000, method="BCa", batch=500)
    interval = drawn.confidence_interval
words = re.compile(r"[A-Za-z0-9]+|[\\u3040-\\u309f]+|[\\u30a0-\\u30ff]+"
                   r"|[\\u4e00-\\u9fff]+|\\s+|.", re.S)
out = []
for i in ids:
    texts = [side[i]["samples"][0]["response"] for side in (a, b)]
    first, second = (words.findall(text) for text in texts)
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    out.append((i, matcher.get_opcodes()))
print(p, interval, len(out))
"""


def answer(i, version):
    language = "ja" if i % 2 else "en"
    words = {key: pair[(i // 2 + version * (i % 3)) % 2] for key, pair in WORDS[language].items()}
    template = JAPANESE if language == "ja" else ENGLISH
    price = 400 + i + version * (i % 7 == 0)
    return template.format(n=i + 1, title=("Monster", "鬼滅の刃")[i % 2], price=price, **words)


def write(folder):
    (folder / "assay.yaml").write_text(
        "suites: {shop: {golden: shop.jsonl, target: sim, embedding: builtin}}\n")

    def lines(name, of):
        (folder / name).write_text("".join(json.dumps(of(i), ensure_ascii=False) + "\n" for i in range(ENTRIES)))

    lines("shop.jsonl", lambda i: {"id": f"entry-{i}", "text": f"What does volume {i + 1} cost?",
                                   "tags": [("en", "ja")[i % 2], f"part-{i % 8}"],
                                   "expect": {"language": ("en", "ja")[i % 2], "keywords": [str(400 + i)]}})
    for version in range(3):
        lines(f"v{version}.jsonl", lambda i, v=version: {"id": f"entry-{i}", "response": answer(i, v)})


def run(folder, *arguments):
    done = subprocess.run([ASSAY, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 4):
        sys.exit(f"assay {arguments} ended with {done.returncode}: {done.stderr[-2000:]}")


def compare(measuring, folder, *arguments):
    runs = []
    for _ in range(RUNS):
        command = [ASSAY, "compare", "a.json", "b.json", "-o", "json=out.json", *arguments]
        runs.append(measure(measuring, command, folder))
        if runs[-1]["status"]:
            sys.exit(f"assay compare failed: {said(folder)}")
    return middle(runs)


def main():
    measuring = program()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write(folder)
        run(folder, "baseline", "--responses", "v0.jsonl", "--quiet")
        run(folder, "test", "--responses", "v1.jsonl", "--quiet", "-o", "json=a.json")
        run(folder, "test", "--responses", "v2.jsonl", "--quiet", "-o", "json=b.json")
        ours = compare(measuring, folder)
        measure_name = json.loads((folder / "out.json").read_text())["likeness"]["measure"]
        if not measure_name.startswith("e5"):
            sys.exit(f"the vectors were not in the cache: likeness by {measure_name}")
        show("assay compare", ours)
        show("  by n-grams", compare(measuring, folder, "--no-cache"))
        script = [sys.executable, "-c", PEER, "a.json", "b.json"]
        peer = middle([measure(measuring, script, folder) for _ in range(RUNS)])
        show("Python, difflib and scipy", peer)
        print(f"ratio: {peer['cpu'] / ours['cpu']:.1f} times less CPU")
        verdict("0.5 s of CPU", ours["cpu"] <= 0.5)


if __name__ == "__main__":
    main()
