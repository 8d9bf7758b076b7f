# SPDX-License-Identifier: Apache-2.0
"""Fluency: whether damaged text scores below the text it was made of, and what it cannot see.

Damage is made here from a fixed seed. Words come from the program mecab (Debian: mecab, mecab-ipadic-utf8).
"""

import json
import random
import re
import shutil
import subprocess

import measure

SECTION = "Fluency"

DICTIONARY = "/var/lib/mecab/dic/ipadic-utf8"
SENTENCES_MAX = 400  # of a set
WORDS_MIN = 6
RESAMPLES = 300
LOW = 0.5  # a score under it is a warning
SENTENCE = re.compile("[^。\n]+。")
TARGETS = {"words shuffled": .99, "wrong encoding": .99, "phrase loop": .90, "other register": .90,
           "two swaps of neighbours": .80}

SEES = """A sentence is damaged and both are scored: AUROC is how likely the damaged one scores lower. "Alone" is `assay
score` without a reference; with "itself as baseline" the undamaged sentence is the reference; with "another
wording" the reference is a sentence that people rate 4 or more of 5 for similarity (JSTS), and damaged and
undamaged second wordings are told apart: the honest picture of a golden run, whose answers differ from the accepted
ones anyway. "Under .5" is the share of undamaged and damaged sentences that score so low by themselves. Damage: all
words shuffled; UTF-8 read as Latin-1, CP1252, CP932, or CP932 and EUC-JP read as something else; two to five words
said two to four times; です・ます turned into だ・である or back at the sentence's end; two exchanges of neighbouring words;
the end cut off.

**What it sees:** the order of word classes (a table of 13,000 triples from the develop halves), what connecting the
words costs by the dictionary, loops, encodings, brackets, endings, register. **What it does not see:** grammar. On
JCoLA's sentences, which linguists wrote to be right or wrong, it is little better than a coin; a wrong particle, a
missing object, a false statement in good Japanese pass. Captions (JSTS, JNLI) are short and alike, so damage shows
best there; encyclopedic prose (JSQuAD) is nested, so two swaps often stay hidden. A change of register shows only
against a baseline: one sentence alone is neither right nor wrong. Without the dictionary (`mecab-ipadic-utf8`) the
parts `order`, `cost` and `unknown` are absent and a shuffle goes unseen. Peers: no tool known to us scores Japanese
fluency of answers without a model; no side-by-side figures exist."""


# ---- texts -------------------------------------------------------------------------------------

def kept(texts):
    """The first so many different ones, in an order that does not depend on the file's."""
    source = random.Random(measure.SEED)
    chosen = sorted(dict.fromkeys(texts))
    source.shuffle(chosen)
    return chosen[:SENTENCES_MAX]


def pairs_of(path):
    """Sentences of a file of pairs, report half."""
    return [row[key] for row in measure.lines(path) for key in ("sentence1", "sentence2")
            if measure.half(row[key]) == "report"]


def articles(data):
    """Sentences of JSQuAD's articles, report half by title."""
    for article in json.loads((data / "ja-nli/jsquad_valid.json").read_text("utf-8"))["data"]:
        if measure.half(article["title"]) == "report":
            for paragraph in article["paragraphs"]:
                yield from (s.strip() for s in SENTENCE.findall(paragraph["context"].split("[SEP]")[-1])
                            if 15 <= len(s.strip()) <= 150)


def answers(data):
    """Whole answers of three models to rakuda's questions, report half by question."""
    for path in sorted((data / "rakuda").glob("*.jsonl")):
        for row in measure.lines(path) if path.name.startswith(("gpt", "claude")) else ():
            if measure.half(row["question_id"]) == "report":
                yield row["choices"][0]["turns"][0]


def linguists(data, label):
    """JCoLA's sentences with that label, report half."""
    return [row["sentence"] for row in measure.lines(data / "jcola/in_domain_train-v1.0.json")
            if row["label"] == label and measure.half(row["sentence"]) == "report"]


def sets(data):
    """Name → sentences."""
    return {
        "JSTS valid": kept(pairs_of(data / "jsts/valid-v1.3.json")),
        "JNLI valid": kept(pairs_of(data / "ja-nli/jnli_valid.json")),
        "JSQuAD articles": kept(articles(data)),
        "rakuda answers": kept(s.strip() for text in answers(data) for s in SENTENCE.findall(text)),
        "JCoLA, acceptable": kept(linguists(data, 1)),
    }


def words_of(sentences):
    """The words of each sentence."""
    if shutil.which("mecab") is None:
        raise SystemExit("the program mecab is needed to damage Japanese: apt-get install mecab mecab-ipadic-utf8")
    text = "".join(sentence.replace("\n", " ") + "\n" for sentence in sentences)
    done = subprocess.run(["mecab", "-r", "/dev/null", "-d", DICTIONARY, "-Owakati"], input=text.encode(),
                          stdout=subprocess.PIPE, check=True)
    return [line.split() for line in done.stdout.decode().split("\n")][:len(sentences)]


# ---- damage ------------------------------------------------------------------------------------

def body_and_end(words):
    """Words, and the full stop at their end."""
    return (words[:-1], words[-1:]) if words[-1] in ("。", "！", "？") else (words[:], [])


def shuffled(words, source):
    """All words in another order."""
    body, end = body_and_end(words)
    other = body[:]
    while other == body:
        source.shuffle(other)
    return "".join(other + end)


def swapped(words, source):
    """Two different neighbours exchanged, twice."""
    body, end = body_and_end(words)
    places = [at for at in range(len(body) - 1) if body[at] != body[at + 1]]
    source.shuffle(places)
    first = places[0]
    second = next((at for at in places if abs(at - first) > 1), None)
    for at in (first, second):
        if at is not None:
            body[at], body[at + 1] = body[at + 1], body[at]
    return "".join(body + end)


def looped(words, source):
    """A phrase of two to five words, two to four times."""
    body, end = body_and_end(words)
    size = source.randint(2, min(5, len(body)))
    at = source.randrange(len(body) - size + 1)
    return "".join(body[:at] + body[at:at + size] * source.randint(2, 4) + body[at + size:] + end)


def miscoded(words, source):
    """Text that went through a wrong encoding."""
    text = "".join(words)
    written, read = source.choice((("utf-8", "latin-1"), ("utf-8", "cp1252"), ("utf-8", "cp932"),
                                   ("cp932", "utf-8"), ("euc_jp", "cp932"), ("cp932", "latin-1")))
    return re.sub("[\n\r]", " ", text.encode(written, "replace").decode(read, "replace"))


POLITE = (("れています", "れている"), ("ています", "ている"), ("でいます", "でいる"), ("てあります", "てある"),
          ("います", "いる"), ("あります", "ある"), ("なります", "なる"), ("れます", "れる"), ("します", "する"),
          ("べます", "べる"), ("けます", "ける"), ("えます", "える"), ("でした", "だった"), ("しました", "した"),
          ("れました", "れた"), ("ていました", "ていた"), ("です", "だ"))


def other_register(words, _):
    """The end in the other register; None where no rule fits."""
    body, end = body_and_end(words)
    text = "".join(body)
    for polite, plain in POLITE:
        if text.endswith(polite):
            return text[:-len(polite)] + plain + "".join(end)
    for polite, plain in sorted(POLITE, key=lambda rule: -len(rule[1])):
        if text.endswith(plain):
            return text[:-len(plain)] + polite + "".join(end)
    return None


def cut_off(words, source):
    """Ends after 40 to 90 % of the words."""
    return "".join(words[:max(2, int(len(words) * source.uniform(.4, .9)))])


DAMAGE = {"words shuffled": shuffled, "wrong encoding": miscoded, "phrase loop": looped,
          "other register": other_register, "two swaps of neighbours": swapped, "end cut off": cut_off}


def damaged(name, sentences):
    """[(sentence, what became of it)] of those that can be damaged so."""
    source = random.Random(f"{measure.SEED} {name}")
    made = [("".join(words), DAMAGE[name](words, source))
            for words in words_of(sentences) if len(words) >= WORDS_MIN]
    return [(text, other) for text, other in made if other and other != text]


# ---- figures -----------------------------------------------------------------------------------

def fluencies(assay, texts, references=None):
    """The scores of texts, against references where there are some."""
    lines = [{"id": str(i), "text": text} for i, text in enumerate(texts)]
    for line, reference in zip(lines, references or ()):
        line["reference"] = reference
    return [answer["fluency"]["score"] for answer in assay.score(lines)]


def lower(worse, better):
    """AUROC of being lower."""
    return measure.auroc([-score for score in worse], [-score for score in better])


def figure(worse, better):
    """(value, cell with the interval)"""
    value = lower(worse, better)
    low_high = measure.bootstrap(lower, worse, better, resamples=RESAMPLES)
    return value, f"{measure.number(value)} ({measure.interval(low_high)})"


def low_share(scores):
    """How many are under the line."""
    return measure.number(sum(score < LOW for score in scores) / len(scores), 2)


def rows_of(assay, table, name, texts):
    """All sets under one kind of damage."""
    target = TARGETS.get(name)
    for title, sentences in texts.items():
        made = damaged(name, sentences)
        before, after = [text for text, _ in made], [other for _, other in made]
        clean, worse = fluencies(assay, before), fluencies(assay, after)
        alone, alone_cell = figure(worse, clean)
        own, own_cell = figure(fluencies(assay, after, before), fluencies(assay, before, before))
        held = own if name == "other register" else alone
        table.row(name, title, len(made), alone_cell, own_cell, measure.verdict(held, target) if target else "–",
                  f"{low_share(clean)} / {low_share(worse)}")


def rewordings(assay, data):
    """Against another accepted wording: a table of JSTS pairs that people find alike."""
    rated = [row for row in measure.lines(data / "jsts/valid-v1.3.json") if float(row["label"]) >= 4]
    chosen = [(row["sentence1"], row["sentence2"]) for row in rated
              if measure.half(row["sentence2"]) == "report" and row["sentence1"] != row["sentence2"]]
    table = measure.Table("damage", "pairs", "another wording as baseline: AUROC")
    for name in DAMAGE:
        made = dict(damaged(name, [second for _, second in chosen]))
        pairs = [(first, second) for first, second in chosen if second in made]
        if name == "other register":  # pairs that differ in register already say nothing
            pairs = [(first, second) for first, second in pairs if first[-4:-1] == second[-4:-1]]
        first, second = zip(*pairs)
        _, cell = figure(fluencies(assay, [made[text] for text in second], first), fluencies(assay, second, first))
        table.row(name, len(pairs), cell)
    return table


def flip_third(text):
    """A whole answer with every third sentence in the other register; None where none could be turned."""
    sentences = SENTENCE.findall(text)
    turned = dict(zip(sentences, (other_register(words, None) for words in words_of([s.strip() for s in sentences]))))
    chosen = [sentence for sentence in sentences if turned[sentence]][::3]
    for sentence in chosen:
        text = text.replace(sentence, turned[sentence], 1)
    return text if chosen else None


def others(assay, data):
    """What is no matter of single Japanese sentences."""
    table = measure.Table("text", "told apart", "n", "AUROC")
    whole = [(text, flip_third(text)) for text in kept(answers(data))]
    whole = [(text, other) for text, other in whole if other]
    _, cell = figure(fluencies(assay, [b for _, b in whole]), fluencies(assay, [a for a, _ in whole]))
    table.row("rakuda, whole answers", "every third sentence in the other register, alone", len(whole), cell)
    claims = [row["claim"] for row in measure.lines(data / "grounding/wice_claim_dev.jsonl")]
    english = [text for text in kept(claims) if measure.half(text) == "report" and len(text.split()) > 12]
    for name, make in (("a phrase of two to five words two to four times", looped), ("end cut off", cut_off)):
        source = random.Random(f"{measure.SEED} {name}")
        worse = [" ".join(make([f"{word} " for word in text.split()], source).split()) for text in english]
        _, cell = figure(fluencies(assay, worse), fluencies(assay, english))
        table.row("WiCE claims, English", name, len(english), cell)
    right, wrong = linguists(data, 1), linguists(data, 0)
    _, cell = figure(fluencies(assay, wrong), fluencies(assay, right))
    table.row("JCoLA", "sentences that linguists judge unacceptable, from acceptable ones",
              len(right) + len(wrong), cell)
    return table


def report(assay, data):
    """The section."""
    table = measure.Table("damage", "data (report half)", "n", "alone: AUROC", "itself as baseline: AUROC",
                          "target", "under .5: undamaged / damaged")
    texts = sets(data)
    for name in DAMAGE:
        rows_of(assay, table, name, texts)
    return f"{table}\n{rewordings(assay, data)}\n{others(assay, data)}\n{SEES}"
