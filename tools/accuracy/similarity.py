# SPDX-License-Identifier: Apache-2.0
"""Similarity: how well calibrated scores agree with people's."""

import csv

import measure

SECTION = "Similarity"

SCORERS = (("builtin", "e5-small-q4 (built in)"), ("tfidf", "character n-grams (`tfidf`)"))
SPEARMAN = {("builtin", "JSTS valid (ja)"): 0.78, ("builtin", "STS-B dev, report half (en)"): 0.84}
UNLIKE, ALIKE = 1.0, 4.5  # people's ratings, 0 to 5
UNLIKE_MEAN_MAX, ALIKE_MEAN_MIN, AUROC_MIN = 0.35, 0.75, 0.95

SEES = """Similarity is the calibrated cosine of two texts (docs/calibration.md has the maps; they were fitted on JSTS
train and the develop half of STS-B dev). "Unlike" are pairs that people rate 1 of 5 or less, "alike" 4.5 or more;
AUROC is of pairs rated 4 and more against 2 and less. It sees whether two texts are about the same thing. It does not
see a changed number, a negation or an invented fact in an otherwise equal text (checks do that), and character
n-grams cannot compare across languages. People agree with one another on JSTS with a Spearman of .861."""


def pairs(data):
    """Name → [(one text, other text, rating)] of what was not fitted on."""
    jsts = [(row["sentence1"], row["sentence2"], float(row["label"]))
            for row in measure.lines(data / "jsts" / "valid-v1.3.json")]
    with open(data / "stsb" / "stsb-en-dev.csv", encoding="utf-8", newline="") as rows:
        stsb = [(a, b, float(rating)) for a, b, rating in csv.reader(rows)
                if measure.half(f"{a}\t{b}") == "report"]
    return {"JSTS valid (ja)": jsts, "STS-B dev, report half (en)": stsb}


def mean(values):
    """Their mean."""
    return sum(values) / len(values)


def row(table, scorer, title, name, rated):
    """One scorer on one set; `rated` is [(rating, similarity)]."""
    ratings, scores = zip(*rated)
    rho = measure.spearman(ratings, scores)
    low_high = measure.bootstrap(lambda sample: measure.spearman(*zip(*sample)), rated, resamples=300)
    unlike = [score for rating, score in rated if rating <= UNLIKE]
    alike = [score for rating, score in rated if rating >= ALIKE]
    above = [score for rating, score in rated if rating >= 4]
    below = [score for rating, score in rated if rating <= 2]
    area = measure.auroc(above, below)
    builtin = scorer == "builtin"
    target = SPEARMAN.get((scorer, name))
    table.row(
        title, name, len(rated), f"{measure.number(rho)} ({measure.interval(low_high)})",
        measure.verdict(rho, target) if target else "–",
        measure.number(mean(unlike)), measure.verdict(mean(unlike), UNLIKE_MEAN_MAX, True) if builtin else "–",
        measure.number(mean(alike)), measure.verdict(mean(alike), ALIKE_MEAN_MIN) if builtin else "–",
        f"{measure.number(area)} ({measure.interval(measure.bootstrap(measure.auroc, above, below))})",
        measure.verdict(area, AUROC_MIN) if builtin else "–")


def report(assay, data):
    """The section."""
    table = measure.Table("scorer", "data", "pairs", "Spearman", "target", "unlike: mean", "target",
                          "alike: mean", "target", "AUROC", "target")
    for name, items in pairs(data).items():
        lines = [{"id": str(i), "text": a, "reference": b} for i, (a, b, _) in enumerate(items)]
        for scorer, title in SCORERS:
            scored = assay.score(lines, embedding=scorer)
            row(table, scorer, title, name,
                [(rating, answer["similarity"]) for (_, _, rating), answer in zip(items, scored)])
    return f"{table}\n{SEES}"
