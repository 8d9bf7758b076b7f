# SPDX-License-Identifier: Apache-2.0
"""Power and false alarms on recorded answers of real models, beside other rules on the same scores.

- prime, opinion (llm-drift): the same questions answered by GPT-3.5 and GPT-4 of March and June 2023. An answer
  counts as right where the last verdict in brackets is the true one; an opinion counts where an option was chosen.
- M-IFEval: six models, each answer stood for by the recorded verdicts on its instructions, so that every tool
  decides on the same numbers.
- Rakuda: whole answers, scored by `assay test` with embeddings; half of the questions measure the noise between two
  releases of one model (`assay baseline --check`), the other half is tested.
A fall is drawn by taking questions at random. A null is drawn by giving each question's two answers to "before"
and "now" at random: whatever differs then is chance.
"""

import ast
import csv
import json
import pathlib
import random
import re
import subprocess
import tempfile

import measure
import peers

SECTION = "Real answers"
TRIALS = 200
SEED = 20260101
SIZES = (20, 40, 60, 100)
RUN_SECONDS = 120


# ---- the program --------------------------------------------------------------------------------

class Project:
    """A suite in a folder: entries, accepted answers, answers now, and what the gate says of them."""

    def __init__(self, assay, folder, suite):
        self.assay, self.folder = assay, pathlib.Path(folder)
        (self.folder / "assay.yaml").write_text(json.dumps({"suites": {"real": {"golden": "golden.jsonl",
                                                                               "target": "sim", **suite}}}))

    def run(self, command, *arguments, accepted=(0,)):
        done = subprocess.run([self.assay, command, "--quiet", *arguments], cwd=self.folder, capture_output=True,
                              text=True, check=False, timeout=RUN_SECONDS)
        if done.returncode not in accepted:
            raise SystemExit(f"assay {command} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done

    def write(self, name, items):
        text = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
        (self.folder / name).write_text(text, encoding="utf-8")

    def golden(self, entries):
        self.write("golden.jsonl", entries)

    def accept(self, answers, *arguments):
        """`answers` by id."""
        self.write("before.jsonl", [{"id": i, "response": text} for i, text in answers.items()])
        return self.run("baseline", "--responses", "before.jsonl", *arguments)

    def test(self, answers, seed):
        """The report."""
        self.write("now.jsonl", [{"id": i, "response": text} for i, text in answers.items()])
        done = self.run("test", "--responses", "now.jsonl", "--seed", str(seed), "--format", "json",
                        accepted=(0, 1, 4))
        return json.loads(done.stdout)


def scores_of(report):
    """(before, now) of the entries of a report."""
    compared = [entry for entry in report["entries"] if "baseline" in entry]
    return ([entry["baseline"]["scores"]["score"] for entry in compared],
            [entry["scores"]["score"] for entry in compared])


# ---- drawing ------------------------------------------------------------------------------------

def fall(rng, before, now, size):
    """Questions at random, their answers as they are."""
    picked = rng.sample(sorted(before), size)
    return {i: before[i] for i in picked}, {i: now[i] for i in picked}


def null(rng, before, now, size):
    """Questions at random, which answer is which at random."""
    first, second = {}, {}
    for i in rng.sample(sorted(before), size):
        swapped = rng.random() < 0.5
        first[i], second[i] = (now[i], before[i]) if swapped else (before[i], now[i])
    return first, second


class Drawn:
    """What each rule said of many draws of one kind."""

    def __init__(self, name, size):
        self.name, self.size, self.ours, self.cases = name, size, [], []

    def add(self, report):
        self.ours.append(report["gate"]["exit_status"] == 1)
        self.cases.append(scores_of(report))

    def row(self, evalsig):
        rules = [self.ours, evalsig.alarms(self.cases),
                 [peers.fixed_tolerance(*case) for case in self.cases],
                 [peers.pass_rate(*case) for case in self.cases]]
        gap = sum(peers.mean(before) - peers.mean(now) for before, now in self.cases) / len(self.cases)
        return (self.name, self.size, f"{gap:+.3f}", *(share(said) for said in rules))


def share(said):
    return "–" if said is None else f"{sum(said) / len(said):.3f}".lstrip("0") if sum(said) < len(said) else "1"


def draw(project, entries, name, size, drawing, pair, trials):
    """Draws, accepts, tests. `entries` by id."""
    rng = random.Random(f"{SEED}/{name}/{size}/{drawing.__name__}")
    drawn = Drawn(f"{name}", size)
    for trial in range(trials):
        before, now = drawing(rng, *pair, size)
        project.golden([entries[i] for i in before])
        project.accept(before)
        drawn.add(project.test(now, trial))
    return drawn


# ---- data ---------------------------------------------------------------------------------------

def drift_answers(path):
    """{model: {id: row}}"""
    found = {}
    csv.field_size_limit(1 << 24)
    with open(path, encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            found.setdefault(row["model"].removeprefix("openaichat/"), {})[row["id"]] = row
    return found


def entry(i, keyword, **expect):
    return {"id": str(i), "text": f"question {i}", "expect": {"keywords": [keyword], **expect}}


def prime(data):
    """(entries, {model: {id: answer}})"""
    rows = drift_answers(data / "llm-drift/PRIME_FULL_EVAL.csv")
    some = next(iter(rows.values()))
    entries = {i: entry(i, {"match": rf"(?i)\[{row['ref_answer']}\]"}) for i, row in some.items()}
    return entries, {model: {i: row["answer"] for i, row in of.items()} for model, of in rows.items()}


def opinion(data):
    rows = drift_answers(data / "llm-drift/OPINIONQA_EVAL.csv")
    some = next(iter(rows.values()))
    entries = {i: entry(i, {"match": r"\([A-Z]\)"}) for i in some}
    return entries, {model: {i: row["answer"] for i, row in of.items()} for model, of in rows.items()}


WORDS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot")


def ifeval(data):
    """An answer becomes the words of the instructions that it followed."""
    models, entries = {}, {}
    for path in sorted((data / "m-ifeval").glob("strict_*.jsonl")):
        name = re.sub(r".*__", "", path.stem.removeprefix("strict_"))
        answers = models.setdefault(name, {})
        for i, item in enumerate(measure.lines(path)):
            followed = item["follow_instruction_list"]
            followed = ast.literal_eval(followed) if isinstance(followed, str) else followed
            answers[str(i)] = " ".join(word for word, good in zip(WORDS, followed) if good)
            entries[str(i)] = {"id": str(i), "text": f"question {i}",
                               "expect": {"keywords": list(WORDS[:len(followed)])}}
    return entries, models


def rakuda(data):
    models = {}
    for path in sorted((data / "rakuda").glob("*.jsonl")):
        if path.stem != "questions":
            models[path.stem] = {item["question_id"]: item["choices"][0]["turns"][0] for item in measure.lines(path)}
    entries = {item["question_id"]: {"id": item["question_id"], "text": item["turns"][0], "expect": {"language": "ja"}}
               for item in measure.lines(data / "rakuda/questions.jsonl")}
    return entries, models


# ---- sections -----------------------------------------------------------------------------------

HEADER = ("answers", "questions", "mean fall", "assay", "evalsig", "tolerance .05", "pass rate − 5 points")


def drift_section(assay, data, evalsig, trials):
    falls, nulls = measure.Table(*HEADER), measure.Table(*HEADER)
    plain = {"embedding": "none", "gate": "statistics"}
    pairs = ((prime, "gpt-4-0314", "gpt-4-0613", SIZES, fall, falls),
             (prime, "gpt-3.5-turbo-0613", "gpt-3.5-turbo-0301", SIZES, fall, falls),
             (opinion, "gpt-4-0314", "gpt-4-0613", (20, 60), fall, falls),
             (opinion, "gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613", (60, 100), fall, nulls),
             (prime, "gpt-4-0314", "gpt-4-0613", (40, 100), null, nulls),
             (prime, "gpt-3.5-turbo-0613", "gpt-3.5-turbo-0301", (40, 100), null, nulls))
    reached = {}
    for load, before, now, sizes, drawing, table in pairs:
        entries, models = load(data)
        for size in sizes:
            with tempfile.TemporaryDirectory(prefix="assay-power-") as folder:
                name = f"{load.__name__}, {before} → {now}" + (", shuffled" if drawing is null else "")
                drawn = draw(Project(assay, folder, plain), entries, name, size, drawing,
                             (models[before], models[now]), trials)
            table.row(*drawn.row(evalsig))
            reached[load.__name__, before, size, drawing.__name__] = sum(drawn.ours) / len(drawn.ours)
    return falls, nulls, reached


def ifeval_section(assay, data, evalsig, trials):
    """Every pair of models, from the better to the worse."""
    entries, models = ifeval(data)
    rate = {name: sum(len(text.split()) for text in answers.values()) for name, answers in models.items()}
    order = sorted(models, key=rate.get, reverse=True)
    falls, nulls = measure.Table(*HEADER), measure.Table(*HEADER)
    for size in (60,):
        for i, better in enumerate(order):
            for worse in order[i + 1:]:
                with tempfile.TemporaryDirectory(prefix="assay-power-") as folder:
                    project = Project(assay, folder, {"embedding": "none", "gate": "statistics"})
                    pair = (models[better], models[worse])
                    falls.row(*draw(project, entries, f"{better} → {worse}", size, fall, pair, trials).row(evalsig))
                    if i + 1 < len(order) and worse == order[i + 1]:
                        nulls.row(*draw(project, entries, f"{better}, {worse}, shuffled", size, null, pair,
                                        trials).row(evalsig))
    return falls, nulls


def rakuda_section(assay, data, evalsig, trials):
    """Half of the questions measure the noise between two releases, the others are tested."""
    entries, models = rakuda(data)
    table = measure.Table(*HEADER)
    accepted = "gpt-3.5-turbo-0301-20230614"
    with tempfile.TemporaryDirectory(prefix="assay-power-") as folder:
        project = Project(assay, folder, {"embedding": "builtin"})
        project.golden(entries.values())
        project.accept(models[accepted])
        path = pathlib.Path(folder, "baselines/real.jsonl")
        baseline = path.read_text(encoding="utf-8")
        for now in ("gpt-3.5-turbo", "claude-2", "line-3.6b-sft"):
            rng = random.Random(f"{SEED}/rakuda/{now}")
            drawn = Drawn(f"{accepted} → {now}", len(entries) // 2)
            for trial in range(trials // 4):
                order = rng.sample(sorted(entries), len(entries))
                first, second = order[:len(order) // 2], order[len(order) // 2:]
                path.write_text(baseline, encoding="utf-8")
                project.golden([entries[i] for i in first])
                project.write("check.jsonl", [{"id": i, "response": models["gpt-3.5-turbo"][i]} for i in first])
                project.run("baseline", "--check", "--responses", "check.jsonl", accepted=(0, 1, 4))
                project.golden([entries[i] for i in second])
                drawn.add(project.test({i: models[now][i] for i in second}, trial))
            table.row(*drawn.row(evalsig))
    return table


SAYS = """
Each figure is the share of draws in which the tool raised an alarm: of falls it is the power, of shuffled pairs the
false-alarm rate. "Mean fall" is of our score, on which all rules decide; a lost keyword is .42 of it where nothing
else is expected. assay: exit status 1 with `gate: statistics` (p < .05 and a fall of .03 or more). evalsig {version}:
its release gate, one-sided at .05 with the same margin. The pass rate: promptfoo's rule, with the threshold five
points below what the accepted answers reached.
"""

WHAT = """
What this shows: rules that weigh no chance either alarm on chance alone (the tolerance and the pass rate on shuffled
pairs) or need a threshold made for each set. evalsig and assay decide nearly alike on the same scores, as they must:
both are valid paired tests. What assay adds stands before the test: scores of several parts, noise that was
measured, and severities of single entries. M-IFEval's answers are one a question, so the noise of a model is not in
these figures other than by shuffling.
"""

RAKUDA = """
Whole Japanese answers, scored with embeddings, one accepted answer each. The gate as it is by default; its allowance
for noise was measured on the other half of the questions. Others know no such noise: an accepted answer is similar
to itself, every new one less. The first row is a near-null, two releases of one model.
"""


def report(assay, data, trials=TRIALS):
    """The section; True where its targets are met."""
    evalsig = peers.Evalsig()
    falls, nulls, reached = drift_section(assay, data, evalsig, trials)
    pairs, shuffled = ifeval_section(assay, data, evalsig, trials // 2)
    rakudas = rakuda_section(assay, data, evalsig, trials)
    found = reached["prime", "gpt-4-0314", 60, "fall"]
    alarms = max(reached["opinion", "gpt-3.5-turbo-0301", size, "fall"] for size in (60, 100))
    met = found >= 0.95 and alarms <= 0.05
    text = "\n".join([
        SAYS.format(version=evalsig.version or "(not here)"), "### llm-drift: falls\n", str(falls),
        f"{trials} draws a row. Target: prime, GPT-4, 60 questions: found in .95 or more ({found:.3f}: "
        f"{'met' if found >= 0.95 else 'missed'}).\n",
        "### llm-drift: nothing fell\n", str(nulls),
        f"{trials} draws a row. The first rows are real and near-null: as many opinions were given in June as in "
        f"March. Target: at most .05 there ({alarms:.3f}: {'met' if alarms <= 0.05 else 'missed'}).\n",
        "### M-IFEval: six models, 60 questions\n", str(pairs), "Shuffled:\n", str(shuffled),
        f"{trials // 2} draws a row.", WHAT, "### Rakuda\n", RAKUDA, str(rakudas), f"{trials // 4} draws a row.\n"])
    return text, met
