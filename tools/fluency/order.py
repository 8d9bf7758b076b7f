#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/text/fluency_order.inc: in which order the word classes of Japanese follow one another.

    tools/fluency/order.py > src/text/fluency_order.inc

Counts of classes, pairs and triples of classes (Witten-Bell interpolation, I. Witten and T. Bell, 1991)
in the develop halves of the public test data (tools/accuracy/measure.py) and in JSTS train: JSTS, JNLI and
JSQuAD (JGLUE, CC BY-SA 4.0), LIT-RAGBench (CC BY-SA 4.0), rakuda and answers of four models of m-ifeval
(Apache-2.0), lang-id (Apache-2.0); and in service.txt, what a shop's service says, written for this table, since public
data hardly has its honorifics. Needs the programs of the Debian packages mecab and mecab-ipadic-utf8.
A class is what morpheme_class_key of src/text/fluency_order.c makes of IPADIC's description. Numbers are
-log of probabilities in sixteenths, one byte each.
"""
import collections
import json
import math
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "accuracy"))
import measure  # noqa: E402  pylint: disable=wrong-import-position

DICTIONARY = "/var/lib/mecab/dic/ipadic-utf8"
SENTENCE = re.compile("[^。！？\n]+[。！？]")
CAPTIONS_KEPT = 3  # one of so many captions of JSTS train: they are all alike
TRIPLES_MIN = 2
LIGHT_VERBS = ("する", "ある", "いる", "なる")
FORMAL_NOUNS = ("の", "こと", "もの", "よう", "ため", "ん")
SERVICE_WEIGHT = 3
ANSWERS = ("strict_gpt-4o-mini-2024-07-18", "strict_claude-3-haiku-20240307", "strict_CohereForAI__aya-23-8B",
           "strict_Qwen__Qwen2.5-7B-Instruct-GPTQ-Int4")
START, END = "^", "$"


def captions(data):
    """Sentences of picture captions."""
    train = [row[key] for row in measure.lines(data / "jsts/train-v1.3.json") for key in ("sentence1", "sentence2")]
    yield from list(dict.fromkeys(train))[::CAPTIONS_KEPT]
    for name in ("jsts/valid-v1.3.json", "ja-nli/jnli_valid.json"):
        for row in measure.lines(data / name):
            yield from (row[key] for key in ("sentence1", "sentence2") if measure.half(row[key]) == "develop")


def prose(data):
    """Sentences of articles, documents and models' answers."""
    for article in json.loads((data / "ja-nli/jsquad_valid.json").read_text("utf-8"))["data"]:
        if measure.half(article["title"]) == "develop":
            for paragraph in article["paragraphs"]:
                yield from SENTENCE.findall(paragraph["context"].split("[SEP]")[-1])
    for path in sorted((data / "rakuda").glob("*.jsonl")):
        for row in measure.lines(path) if path.name.startswith(("gpt", "claude")) else ():
            if measure.half(row["question_id"]) == "develop":
                yield from SENTENCE.findall(row["choices"][0]["turns"][0])
    for row in measure.lines(data / "lit-ragbench/ja_half.jsonl"):
        if measure.half(row["question"]) == "develop":
            for chunk in row["positive_chunk_list"] + row["negative_chunk_list"]:
                yield from SENTENCE.findall(chunk)
    for name in ANSWERS:
        for row in measure.lines(data / f"m-ifeval/{name}.jsonl"):
            if measure.half(row["prompt"]) == "develop":
                yield from (s for s in SENTENCE.findall(row["response"]) if len(re.findall("[ぁ-ヿ]", s)) > 5)
    for text in (data / "lang-id/sentences/ja.txt").read_text("utf-8").splitlines():
        if measure.half(text) == "develop":
            yield text


def service():
    """Sentences of a shop's service."""
    return SENTENCE.findall((HERE / "service.txt").read_text("utf-8"))


def class_key(surface, feature):
    """The class of a word: function words by themselves, others by their kind."""
    kind, sub, sub2, _, _, form, base = (feature.split(",") + ["*"] * 7)[:7]
    if kind == "助詞":
        return f"{surface}/{sub}"
    if kind == "助動詞" or kind == "動詞" and (sub != "自立" or base in LIGHT_VERBS):
        return f"{base}/{form}"
    if kind == "動詞":
        return f"動詞/{form}"
    if kind == "形容詞":
        return f"形容詞/{sub}/{form}"
    if kind == "名詞" and sub == "非自立":
        return f"名詞/{sub}/{surface if surface in FORMAL_NOUNS else sub2}"
    if kind == "名詞":
        return f"名詞/{sub}/{sub2}" if sub == "接尾" else f"名詞/{sub}"
    return f"{kind}/{sub}"


def read_classes(sentences):
    """The classes of each sentence's words."""
    text = "".join(sentence.strip().replace("\n", " ") + "\n" for sentence in sentences)
    form = "%m\t%H\n"
    done = subprocess.run(["mecab", "-r", "/dev/null", "-d", DICTIONARY, "-F", form, "-U", form, "-E", "\n"],
                          input=text.encode(), stdout=subprocess.PIPE, check=True)
    current = []
    for line in done.stdout.decode().split("\n"):
        if line:
            current.append(class_key(*line.split("\t")[:2]))
        elif current:
            yield current
            current = []


def count(sequences):
    """Occurrences of runs of 1, 2 and 3 classes that end at each word or at the end."""
    counts = [collections.Counter() for _ in range(3)]
    for sequence in sequences:
        padded = [START, START, *sequence, END]
        for at in range(2, len(padded)):
            for size in range(3):
                counts[size][tuple(padded[at - size:at + 1])] += 1
    return counts


def after(counts):
    """Context → (occurrences, different successors)."""
    totals = collections.defaultdict(lambda: [0, 0])
    for run, times in counts.items():
        totals[run[:-1]][0] += times
        totals[run[:-1]][1] += 1
    return totals


def cost(probability):
    """In sixteenths, one byte."""
    return min(255, round(-16 * math.log(probability)))


def level(counts, lower, kept, classes):
    """(run → cost, context → cost of falling back) of the runs kept."""
    totals, dropped = after(counts), collections.Counter()
    for run, times in counts.items():
        if run not in kept:
            dropped[run[:-1]] += times
    costs = {}
    for run in kept:
        times, kinds = totals[run[:-1]]
        below = math.exp(-lower[run[1:]] / 16) if lower else 1 / classes
        costs[run] = cost((counts[run] + kinds * below) / (times + kinds))
    back = {context: cost(min(1, (kinds + dropped[context]) / (times + kinds)))
            for context, (times, kinds) in totals.items()}
    return costs, back


def print_array(declaration, values, width):
    """A C array, so many values a line."""
    print(f"\nstatic const {declaration} = {{")
    for at in range(0, len(values), width):
        print("    " + " ".join(f"{value}," for value in values[at:at + width]))
    print("};")


def main():
    """Prints the table."""
    data = measure.shared()
    one, two, three = count(read_classes([*captions(data), *dict.fromkeys(prose(data)),
                                           *service() * SERVICE_WEIGHT]))
    names = sorted({name for run in two for name in run}, key=str.encode)
    number = {name: at for at, name in enumerate(names)}
    ones, one_back = level(one, None, set(one), len(names))
    twos, two_back = level(two, ones, set(two), len(names))
    triples = {run for run, times in three.items() if times >= TRIPLES_MIN and run[:2] in twos}
    threes, three_back = level(three, twos, triples, len(names))
    pairs = sorted((number[a] * 512 + number[b], a, b) for a, b in twos)
    packed = sorted(((number[a] * 512 + number[b]) * 512 + number[c], threes[a, b, c]) for a, b, c in threes)
    print("/* SPDX-License-Identifier: Apache-2.0\n *\n"
          " * Made by tools/fluency/order.py out of word counts of JGLUE and LIT-RAGBench (CC BY-SA 4.0), rakuda,\n"
          " * m-ifeval and lang-id (Apache-2.0). -log of probabilities in sixteenths. A pair is first × 512 +"
          " second. */")
    print(f"enum {{ ORDER_START = {number[START]}, ORDER_END = {number[END]}, ORDER_UNSEEN = {one_back[()]} }};")
    print("\n/* By bytes. */\nstatic const struct view class_names[] = {")
    for name in names:
        print(f'    VIEW("{name}"),')
    print("};")
    print_array("uint8_t class_cost[]", [ones.get((name,), 255) for name in names], 20)
    print_array("uint8_t class_back[]", [two_back.get((name,), 0) for name in names], 20)
    print_array("uint32_t pair_keys[]", [key for key, _, _ in pairs], 12)
    print_array("uint8_t pair_cost[]", [twos[a, b] for _, a, b in pairs], 20)
    print_array("uint8_t pair_back[]", [three_back.get((a, b), 0) for _, a, b in pairs], 20)
    print_array("uint32_t triple_keys[]", [key for key, _ in packed], 9)
    print_array("uint8_t triple_cost[]", [value for _, value in packed], 20)


main()
