# SPDX-License-Identifier: Apache-2.0
"""What every section of the accuracy report measures with: halves of data, figures with their
intervals, the program itself, tables.

A data set that comes in one piece is split by a fixed hash: its `develop` half may be looked at and
tuned on, its `report` half is only reported. Intervals are of 95 %: Wilson's for shares (E. B. Wilson,
1927), the percentile bootstrap with a fixed seed for everything else. Standard library only.
"""

import bisect
import hashlib
import json
import math
import os
import pathlib
import random
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESAMPLES = 1000
SEED = 20260101


# ---- data --------------------------------------------------------------------------------------

def half(key):
    """'develop' or 'report', by the key alone."""
    return "report" if int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % 2 else "develop"


def shared():
    """The folder of the public test data."""
    return pathlib.Path(os.environ.get("ASSAY_SHARED", ROOT.parent / "shared")) / "data"


def lines(path):
    """The objects of a file of JSON Lines."""
    with open(path, encoding="utf-8") as source:
        return [json.loads(line) for line in source if line.strip()]


# ---- the program -------------------------------------------------------------------------------

class Assay:
    """The program under test: JSON Lines in, JSON Lines out."""

    def __init__(self, binary=None):
        self.binary = binary or os.environ.get("ASSAY_BIN", str(ROOT / "build/assay"))

    def run(self, arguments, items, accepted=(0, 1)):
        """Puts dicts through a command; returns the dicts it answers. Other statuses are errors."""
        source = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
        done = subprocess.run([self.binary, *arguments], input=source.encode("utf-8", "surrogatepass"),
                              capture_output=True, check=False)
        if done.returncode not in accepted:
            raise SystemExit(f"assay {' '.join(arguments)}: status {done.returncode}: "
                             + done.stderr.decode("utf-8", "replace")[-2000:])
        answers = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
        if len(answers) != len(items):
            raise SystemExit(f"assay {' '.join(arguments)}: {len(items)} lines in, {len(answers)} out")
        return answers

    def score(self, items, embedding="none", arguments=()):
        """`assay score` of dicts with id, text, reference?, expect?."""
        return self.run(["score", "--quiet", "--embedding", embedding, *arguments], items, (0,))

    def validate(self, items, policy=None, arguments=()):
        """`assay validate` of dicts with id, response, …; `policy` is a dict (JSON is YAML), None: default."""
        if policy is None:
            return self.run(["validate", "--quiet", *arguments], items)
        with tempfile.TemporaryDirectory(prefix="assay-accuracy-") as folder:
            path = pathlib.Path(folder, "policy.yaml")
            path.write_text(json.dumps(policy, ensure_ascii=False), encoding="utf-8")
            return self.run(["validate", "--quiet", "--policy", str(path), *arguments], items)


def failed(answer, check=None):
    """The failed checks of a line that `assay validate` answered, of that name where one is given."""
    return [item for item in answer["failed"] if check is None or item["check"] == check]


# ---- figures -----------------------------------------------------------------------------------

def ranks(values):
    """Ranks from 1, ties share their mean."""
    order = sorted(range(len(values)), key=values.__getitem__)
    result = [0.0] * len(values)
    at = 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and values[order[end + 1]] == values[order[at]]:
            end += 1
        for place in range(at, end + 1):
            result[order[place]] = (at + end) / 2 + 1
        at = end + 1
    return result


def spearman(a, b):
    """Rank correlation; 0 where one side does not vary."""
    try:
        return statistics.correlation(ranks(a), ranks(b))
    except statistics.StatisticsError:
        return 0.0


def auroc(positive, negative):
    """How likely a positive scores above a negative; ties count half."""
    ordered = sorted(negative)
    wins = 0.0
    for value in positive:
        below = bisect.bisect_left(ordered, value)
        wins += below + (bisect.bisect_right(ordered, value) - below) / 2
    return wins / (len(positive) * len(negative))


def wilson(hits, count):
    """The interval of a share."""
    if count == 0:
        return 0.0, 1.0
    z = 1.959963984540054
    middle = (hits + z * z / 2) / (count + z * z)
    width = z / (count + z * z) * math.sqrt(hits * (count - hits) / count + z * z / 4)
    return max(0.0, middle - width), min(1.0, middle + width)


def bootstrap(figure, *samples, resamples=RESAMPLES):
    """The interval of figure(*samples), each sample drawn anew with replacement."""
    source = random.Random(SEED)
    figures = sorted(figure(*([sample[source.randrange(len(sample))] for _ in sample]
                              for sample in samples)) for _ in range(resamples))
    return figures[int(0.025 * resamples)], figures[min(resamples - 1, int(0.975 * resamples))]


def f1(precision, recall):
    """Their harmonic mean."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


# ---- words -------------------------------------------------------------------------------------

def number(value, digits=3):
    """.955, 1.000, −.031: without the leading zero, as the documentation writes shares."""
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def interval(low_high, digits=3):
    """.940–.967"""
    return f"{number(low_high[0], digits)}–{number(low_high[1], digits)}"


def share(hits, count):
    """The cells of a share: figure, interval, "hits of count"."""
    if count == 0:
        return "–", "–", "0 of 0"
    return number(hits / count), interval(wilson(hits, count)), f"{hits:,} of {count:,}"


def verdict(value, target, at_most=False):
    """The cell of a target: "≥ .95" with a mark where it is missed."""
    met = value <= target if at_most else value >= target
    return f"{'≤' if at_most else '≥'} {number(target).rstrip('0').rstrip('.')}" + ("" if met else " **missed**")


class Table:
    """A Markdown table."""

    def __init__(self, *columns):
        self.rows = [columns, ["---"] * len(columns)]

    def row(self, *cells):
        """Adds a row."""
        self.rows.append(cells)

    def __str__(self):
        return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in self.rows) + "\n"
