# SPDX-License-Identifier: Apache-2.0
"""Support: values that no source has, claims that the sources hardly carry.

Labels are of whole claims, so a flag counts as right where anything in its claim is not supported. Planted errors
change one value of a right answer: one digit, the unit, or a date; only values that stand in the answer and in a
source are changed, and only into what stands in no source. The draws have a fixed seed.
"""

import json
import random
import re

import measure

SECTION = "Unsupported values and low support"

SEED = 7
PLANTED_ROWS = 1500
LONG_ANSWER = 10  # characters; shorter ones have too few words to be judged
PRECISION_MIN, FALSE_ALARM_MAX, CAUGHT_MIN = 0.85, 0.05, 0.85
VALUES = {"checks": [{"check": "support.value", "action": "accept", "log": True}]}
LOW = {"checks": [{"check": "support.low", "action": "accept", "log": True}]}
SCORES = {"checks": [{"check": "support.low", "action": "accept", "log": True, "floor": 1.0}]}

UNITS = {"%": "円", "円": "ドル", "ドル": "円", "日": "週間", "日間": "週間", "週間": "日間", "ヶ月": "年間", "か月": "年間",
         "カ月": "年間", "年間": "か月", "時間": "分", "分": "時間", "秒": "分", "人": "件", "名": "件", "冊": "巻", "巻": "冊",
         "話": "巻", "点": "円", "位": "回", "個": "枚", "件": "人", "回": "台", "台": "回", "本": "人", "枚": "個", "kg": "g",
         "g": "kg", "km": "m", "mm": "cm", "cm": "mm", "m": "km", "GB": "MB", "MB": "GB", "TB": "GB", "トン": "kg",
         "歳": "人", "度": "回", "億円": "万円", "万円": "億円", "倍": "%"}
DATES = {"年": (1000, 2100), "月": (1, 12), "日": (1, 28)}
NUMBER = re.compile(r"(?<![0-9A-Za-z.,])([0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?)( ?)("
                    + "|".join(sorted((*UNITS, "年", "月"), key=len, reverse=True)) + ")?")

SEES = """`support.value` reads numbers, prices, dates, times, codes, addresses and quoted titles out of answer,
question and sources, brings them into one form (全角, 漢数字, 和暦, 万 and million, kg and g, 週間 and days) and names
those of the answer that stand nowhere. It does not see a wrong value that happens to stand elsewhere in a
source, a value put on the wrong thing, an invented fact without a value, or a swapped unit where the source has
a bare number in a table. What one sum, difference or share of two neighbouring numbers makes counts as
supported, at the price of slips that happen to be one. A total or mean that is asked for is not recalculated:
it passes unless it looks like a source's number with one digit or the unit changed. Right answers that take
more steps than that may be flagged: LIT-RAGBench asks for such reasoning on purpose, and JSQuAD, which does
not, shows what to expect of answers that look things up. Names of people and places are not values. What it
flags deserves a look; that it flags nothing proves nothing.

Not wholly blind: the rule about neighbouring numbers, small English counts in words and some forms (1.2m,
2022-23, ages, years told from "last year") were added after the totals of the report half, though none of its
flags, had been seen. Before them 7 of its 32 right LIT-RAGBench answers were flagged and 19 of 22 planted
errors caught.

`support.low` measures how many of a claim's content words, rare ones counting more, the best stretch of three
sentences has. It tells an answer about something else from one about the sources. It cannot tell a paraphrase
from a contradiction: on SummEdits, where a wrong summary differs from a right one by a word and right ones are
reworded, its order is no better than chance or worse. The default floor is set to flag at most 5 % of right
answers. Claims of fewer than three content words are not judged. Thresholds do not transfer between kinds of
text: look at a sample of yours. Where more is at stake, add a judge model or the contextual grounding of
Bedrock Guardrails (docs/validation.md)."""


# ---- data --------------------------------------------------------------------------------------

def line(response, sources, prompt, right):
    """One answer with what is known of it."""
    return {"response": response, "sources": sources, "prompt": prompt, "right": right}


def wice(data, side):
    """Claims of Wikipedia against the pages they cite."""
    return [line(row["claim"], ["\n".join(row["evidence"])], row["meta"]["claim_title"], row["label"] == "supported")
            for row in measure.lines(data / "grounding" / "wice_claim_dev.jsonl")
            if measure.half(row["meta"]["id"]) == side]


def summedits(data, side, name):
    """Summaries, some with an edit that made them wrong; one document, one half."""
    rows = json.loads((data / "grounding" / f"summedits_{name}.json").read_text(encoding="utf-8"))
    return [line(row["summary"], [row["doc"]], "", row["label"] == 1) for row in rows
            if measure.half(row["id"].rsplit("_", 1)[0]) == side]


def ragbench(data, side):
    """Right answers to Japanese questions over retrieved passages."""
    return [line(row["answer"], row["positive_chunk_list"] + row["negative_chunk_list"], row["question"], True)
            for row in measure.lines(data / "lit-ragbench" / "ja_half.jsonl") if measure.half(row["question"]) == side]


def jsquad(data, side):
    """(answer, its passage, the question, another passage of the article), one row a question."""
    articles = json.loads((data / "ja-nli" / "jsquad_valid.json").read_text(encoding="utf-8"))["data"]
    rows = []
    for article in articles:
        if measure.half(article["title"]) != side:
            continue
        passages = [paragraph["context"].split("[SEP]", 1)[-1] for paragraph in article["paragraphs"]]
        for at, paragraph in enumerate(article["paragraphs"]):
            rows += [(item["answers"][0]["text"], passages[at], item["question"], passages[at - 1])
                     for item in paragraph["qas"]]
    return rows[:PLANTED_ROWS]


# ---- asking ------------------------------------------------------------------------------------

def ask(assay, rows, policy):
    """The failed checks of each row."""
    items = [{"id": str(i), "response": row["response"], "sources": row["sources"], "prompt": row["prompt"]}
             for i, row in enumerate(rows)]
    return [answer["failed"] for answer in assay.validate(items, policy)]


def score(failed):
    """The least support of an answer's claims, in hundredths; 100 where none is below."""
    return min((int(re.search(r"carry (\d+) %", item["message"])[1]) for item in failed), default=100)


# ---- planted errors ----------------------------------------------------------------------------

def another_digit(number, draw):
    """The number with one digit changed."""
    place = draw.choice([i for i, char in enumerate(number) if char.isdigit()])
    return number[:place] + draw.choice([d for d in "123456789" if d != number[place]]) + number[place + 1:]


def another_date(number, unit, draw):
    """A year, month or day shifted by a little, within its bounds; None where it is no date."""
    low, high = DATES[unit]
    value = int(number.replace(",", "")) if "." not in number else 0
    if not low <= value <= high:
        return None
    shifted = value + draw.choice([-3, -2, -1, 1, 2, 3])
    return str(shifted if low <= shifted <= high else value + 2 if shifted < low else value - 2)


def changes(match, text, draw):
    """(kind, what stands there now) for one value."""
    number, space, unit = match.group(1), match.group(2), match.group(3) or ""
    if unit in ("年", "月") or (unit == "日" and text[:match.start()].endswith("月")):
        shifted = another_date(number, unit, draw)
        return [("date", shifted + space + unit)] if shifted else []
    found = [("digit", another_digit(number, draw) + space + unit)]
    return found + ([("unit", number + space + UNITS[unit])] if unit in UNITS else [])


def planted(rows, draw):
    """(kind, row with one value changed)."""
    result = []
    for row in rows:
        source = "\n".join(row["sources"])
        text = row["response"]
        for match in NUMBER.finditer(text):
            for kind, new in changes(match, text, draw):
                stands = match.group(0) in source or (kind != "unit" and match.group(1) in source)
                if stands and new not in source:
                    result.append((kind, {**row, "response": text[:match.start()] + new + text[match.end():]}))
    return result


# ---- tables ------------------------------------------------------------------------------------

def values_table(assay, sets):
    """How right the flags on labelled claims are."""
    table = measure.Table("data", "claims (wrong)", "precision of flags", "95 %", "target", "recall",
                          "right ones flagged", "95 %", "target")
    for name, rows, target in sets:
        flags = [bool(failed) for failed in ask(assay, rows, VALUES)]
        wrong = sum(not row["right"] for row in rows)
        hits = sum(flag and not row["right"] for flag, row in zip(flags, rows))
        alarms = sum(flag and row["right"] for flag, row in zip(flags, rows))
        precision, interval, _ = measure.share(hits, hits + alarms)
        alarm, alarm_interval, _ = measure.share(alarms, len(rows) - wrong)
        table.row(name, f"{len(rows)} ({wrong})", precision if wrong else "–", interval if wrong else "–",
                  measure.verdict(hits / max(1, hits + alarms), PRECISION_MIN) if wrong else "–",
                  measure.number(hits / wrong) if wrong else "–", alarm, alarm_interval,
                  measure.verdict(alarms / (len(rows) - wrong), target, True) if target else "–")
    return table


def planted_table(assay, sets):
    """How many planted errors are caught."""
    table = measure.Table("data", "error", "caught", "95 %", "n", "target")
    for name, rows in sets:
        items = planted(rows, random.Random(SEED))
        caught = [bool(failed) for failed in ask(assay, [row for _, row in items], VALUES)]
        for kind in ("digit", "unit", "date", None):
            chosen = [hit for hit, (planted_kind, _) in zip(caught, items) if kind in (None, planted_kind)]
            figure, interval, counts = measure.share(sum(chosen), len(chosen))
            table.row(name, kind or "all", figure, interval, counts,
                      measure.verdict(sum(chosen) / max(1, len(chosen)), CAUGHT_MIN) if kind is None else "–")
    return table


def low_table(assay, sets):
    """How support orders right above wrong, and what the default floor flags."""
    table = measure.Table("data", "right / wrong", "AUROC", "95 %", "right ones flagged", "wrong ones flagged",
                          "target")
    for name, rows, target in sets:
        scores = [score(failed) for failed in ask(assay, rows, SCORES)]
        flags = [bool(failed) for failed in ask(assay, rows, LOW)]
        right = [value for value, row in zip(scores, rows) if row["right"]]
        wrong = [value for value, row in zip(scores, rows) if not row["right"]]
        alarms = sum(flag for flag, row in zip(flags, rows) if row["right"])
        hits = sum(flag for flag, row in zip(flags, rows) if not row["right"])
        table.row(name, f"{len(right)} / {len(wrong)}",
                  measure.number(measure.auroc(right, wrong)) if wrong else "–",
                  measure.interval(measure.bootstrap(measure.auroc, right, wrong, resamples=300)) if wrong else "–",
                  measure.number(alarms / len(right)), measure.number(hits / len(wrong)) if wrong else "–",
                  measure.verdict(alarms / len(right), target, True) if target else "–")
    return table


def report(assay, data, side="report"):
    """The section."""
    answers = jsquad(data, side)
    right = [line(text, [passage], question, True) for text, passage, question, _ in answers]
    long = [(text, passage, question, other) for text, passage, question, other in answers
            if len(text) >= LONG_ANSWER and passage != other]
    two = [line(text, [shown], question, shown == passage)
           for text, passage, question, other in long for shown in (passage, other)]
    claims, news, calls = wice(data, side), summedits(data, side, "news"), summedits(data, side, "sales_call")
    rag = ragbench(data, side)
    values = values_table(assay, [("WiCE dev (en)", claims, None), ("SummEdits news (en)", news, None),
                                  ("SummEdits sales calls (en)", calls, None),
                                  ("LIT-RAGBench, right answers (ja)", rag, FALSE_ALARM_MAX),
                                  ("JSQuAD, right answers (ja)", right, FALSE_ALARM_MAX)])
    errors = planted_table(assay, [("LIT-RAGBench (ja)", rag), ("JSQuAD (ja)", right)])
    low = low_table(assay, [("WiCE dev (en)", claims, None), ("SummEdits news (en)", news, None),
                            ("SummEdits sales calls (en)", calls, None),
                            ("LIT-RAGBench, right answers (ja)", rag, FALSE_ALARM_MAX),
                            (f"JSQuAD, answers of {LONG_ANSWER} characters, own or another passage (ja)", two,
                             FALSE_ALARM_MAX)])
    return (f"Values that stand in no source (`support.value`). Wrong claims need not hold a value: recall is small by "
            f"nature.\n\n{values}\nErrors planted into right answers, one each.\n\n{errors}\n"
            f"Low support (`support.low`, default floor).\n\n{low}\n{SEES}")
