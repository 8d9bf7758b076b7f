#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/text/han_words.inc, han_pairs_1.inc and han_pairs_2.inc: how much more often ideographs, and pairs
of them, stand in Japanese words than in Chinese ones.

    tools/han_words.py IPADIC JIEBA src/text

IPADIC is the folder of mecab-ipadic's source (its *.csv; NAIST's and ICOT's permissive licences),
JIEBA the dict.txt of jieba 0.42.1 (MIT licence): words and how common they are, no texts. Only
ideographs that CP932 and GB 2312 share are counted: any other decides by itself (han_sets.py).

A weight is the logarithm of (share in Japanese / share in Chinese) in quarters, .3 of it for an
ideograph, .7 of it for a pair. Printable characters hold 6 bits each: '0' + value (0 to 63).
    weights   one character an ideograph of U+4E00 to U+9FFF: weight + 32
    pairs     a hash table of 3 characters a place: 10 bits of a tag, 8 bits of weight + 128; 0: empty
The hash is that of han.c; a place is looked for from its home on, PROBES places at the most."""
import collections
import csv
import math
import pathlib
import sys

FIRST, LAST = 0x4E00, 0x9FFF
PAIRS, PLACES, PROBES = 24000, 1 << 15, 256
ROW = 84
LEAST = 1e-6  # share of what was never seen
# Names and places are many and say little about texts.
FILES = {"Noun": 1, "Noun.adjv": 1, "Noun.adverbal": 1, "Noun.verbal": 1, "Noun.others": 1, "Noun.nai": 1,
         "Noun.demonst": 1, "Noun.number": 1, "Prefix": 1, "Suffix": 1, "Adverb": 1, "Conjunction": 1,
         "Adnominal": 1, "Verb": 1, "Adj": 1, "Noun.org": .3, "Noun.proper": .3, "Noun.place": .2,
         "Noun.name": .2}


def encodes(char, codec):
    try:
        char.encode(codec)
        return True
    except UnicodeEncodeError:
        return False


def is_han(word):
    return bool(word) and all(FIRST <= ord(char) <= LAST for char in word)


def japanese_words(folder):
    """Cost falls with the logarithm of frequency; 1,500 is the scale at which names do not win."""
    words = {}
    for name, factor in FILES.items():
        with open(folder / f"{name}.csv", encoding="euc_jp", newline="") as rows:
            for row in csv.reader(rows):
                if is_han(row[0]):
                    words[row[0]] = max(words.get(row[0], 0),
                                        factor * math.exp((10000 - int(row[3])) / 1500))
    return words


def chinese_words(path):
    """The square root of the frequency, as the Japanese scale amounts to."""
    rows = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {row[0]: math.sqrt(int(row[1])) for row in rows if is_han(row[0])}


def shares(words):
    """Of single ideographs and of pairs."""
    single, pair = collections.Counter(), collections.Counter()
    for word, weight in words.items():
        for char in word:
            single[char] += weight
        for at in range(len(word) - 1):
            pair[word[at:at + 2]] += weight
    return [collections.defaultdict(float, {key: value / total for key, value in count.items()})
            for count in (single, pair) for total in [math.fsum(count.values())]]


def weight(japanese, chinese, factor, most):
    return max(-most, min(most, round(4 * factor * math.log((japanese + LEAST) / (chinese + LEAST)))))


def hashed(pair):
    """As han.c: home place and tag."""
    mixed = ((ord(pair[0]) - FIRST) * 0x9E3779B1 + (ord(pair[1]) - FIRST) * 0x85EBCA77) & 0xFFFFFFFF
    mixed ^= mixed >> 15
    mixed = mixed * 0x2C1B3C6D & 0xFFFFFFFF
    mixed ^= mixed >> 13
    return mixed & PLACES - 1, mixed >> 16 & 1023


def table(pairs):
    places = [0] * PLACES
    for pair, value in pairs:
        home, tag = hashed(pair)
        for step in range(PROBES):
            at = (home + step) % PLACES
            if places[at] == 0:
                places[at] = tag << 8 | (value + 128)
                break
        else:
            sys.exit(f"no place for {pair}: more PROBES are needed")
    return places


def digits(value, count):
    return "".join(chr(ord("0") + (value >> 6 * i & 63)) for i in reversed(range(count)))


def rows(name, text):
    """An array of rows in C."""
    lines = [f"static const char {name}[][PER_ROW + 1] = {{"]
    for at in range(0, len(text), ROW):
        lines.append('    "' + text[at:at + ROW].replace("\\", "\\\\").replace("?", "\\?") + '",')
    return lines + ["};"]


def write(path, lines):
    head = ["/* SPDX-License-Identifier: Apache-2.0", " *",
            " * Made by tools/han_words.py from mecab-ipadic's and jieba's lists of words. */"]
    path.write_text("\n".join(head + lines) + "\n", encoding="ascii")


def main():
    (single_ja, pair_ja), (single_zh, pair_zh) = (
        shares(japanese_words(pathlib.Path(sys.argv[1]))), shares(chinese_words(pathlib.Path(sys.argv[2]))))
    common = {chr(code) for code in range(FIRST, LAST + 1)
              if encodes(chr(code), "cp932") and encodes(chr(code), "gb2312")}
    singles = [weight(single_ja[char], single_zh[char], .3, 31) if char in common else 0
               for char in map(chr, range(FIRST, LAST + 1))]
    pairs = []
    for pair in sorted(set(pair_ja) | set(pair_zh)):
        if pair[0] in common and pair[1] in common:
            value = weight(pair_ja[pair], pair_zh[pair], .7, 127)
            pairs.append((-abs(value) * (pair_ja[pair] + pair_zh[pair]), pair, value))
    chosen = [(pair, value) for _, pair, value in sorted(pairs)[:PAIRS]]
    folder = pathlib.Path(sys.argv[3])
    text = "".join(digits(value, 3) for value in table(chosen))
    first = len(text) // ROW // 2
    enums = (f"enum {{ PAIR_PLACES = {PLACES}, PAIR_PROBES = {PROBES}, PER_ROW = {ROW}, "
             f"FIRST_ROWS = {first} }};")
    write(folder / "han_words.inc", [enums] + rows("weights", "".join(digits(value + 32, 1) for value in singles)))
    write(folder / "han_pairs_1.inc", rows("first_pairs", text[:first * ROW]))
    write(folder / "han_pairs_2.inc", rows("last_pairs", text[first * ROW:]))


if __name__ == "__main__":
    main()
