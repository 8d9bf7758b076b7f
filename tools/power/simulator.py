# SPDX-License-Identifier: Apache-2.0
"""Power and false alarms on the simulator, with 40 entries of examples/mangaassist.

A baseline of three answers an entry, then runs of three answers each, every run with a seed of its own, so with other
answers of the same model.
- Unchanged: nothing was changed; any exit status but 0 is a false alarm. Ten baselines take turns.
- Defects: the simulator goes wrong in one way, in a given share of its answers.
- Prompts: one instruction after the other is taken out of the prompts.
A loss counts as found where the exit status is 1 or 4.
"""

import collections
import concurrent.futures
import dataclasses
import json
import math
import os
import pathlib
import queue
import re
import shutil
import subprocess
import tempfile

import measure

ROOT = pathlib.Path(__file__).resolve().parents[2]
ASSAY = os.environ.get("ASSAY_BIN", str(ROOT / "build/assay"))
EXAMPLE = ROOT / "examples/mangaassist"
KINDS = ("keyword", "language", "format", "hallucination", "truncation", "refusal", "garbled")
RATES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
ENTRIES = 40
RATE_OF_TARGET_MIN = 0.5  # with three answers an entry, what is rarer is met in few of its answers
REPEAT = 3
BASELINES = 10
WORKERS = 2
FOUND = (1, 4)
RUN_SECONDS_MAX = 300
FOUND_SHARE_MIN = 0.95
ALARM_SHARE_MAX = 0.01


@dataclasses.dataclass(frozen=True)
class Instruction:
    """A part of a prompt that tells the model what to do."""
    file: str
    text: str


@dataclasses.dataclass(frozen=True)
class Job:
    """One run: a seed, that of the baseline, and what is wrong in the run."""
    seed: int
    baseline: int = 0
    defect: str = ""
    without: Instruction | None = None


@dataclasses.dataclass(frozen=True)
class Outcome:
    job: Job
    status: int
    reasons: tuple
    worst: str  # severity of the worst entry
    details: tuple


class Project:
    """A copy of the example in which one run goes on at a time. Vectors stay from run to run."""

    def __init__(self, folder, embedding):
        self.folder = pathlib.Path(folder)
        self.embedding = embedding
        self.baseline = None
        shutil.copytree(EXAMPLE, self.folder, ignore=shutil.ignore_patterns(".assay", "baselines"))
        golden = self.folder / "golden/manga.yaml"
        golden.write_text(thinned(golden.read_text(encoding="utf-8")), encoding="utf-8")

    def record(self, seed):
        status, _, said = self.assay("baseline", "--repeat", str(REPEAT), "--seed", str(seed))
        if status != 0:
            raise RuntimeError(f"no baseline, exit status {status}: {said}")
        self.baseline = seed

    def assay(self, command, *arguments):
        """Exit status, the JSON report (None where there is none), standard error."""
        done = subprocess.run(
            [ASSAY, command, "--set", f"suites.manga.embedding={self.embedding}", "--format", "json", "--quiet",
             *arguments], cwd=self.folder, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=RUN_SECONDS_MAX)
        return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr

    def run(self, job):
        if job.baseline != self.baseline:
            self.record(job.baseline)
        more = ["--set", f"targets.sim.defect={job.defect}"] if job.defect else []
        path = self.folder / job.without.file if job.without else None
        before = path.read_text() if path else None
        try:
            if path:
                path.write_text(without(before, job.without.text))
            status, report, said = self.assay("test", "--repeat", str(REPEAT), "--seed", str(job.seed), *more)
        finally:
            if path:
                path.write_text(before)
        if report is None or report["answered"] != report["asked"]:
            raise RuntimeError(f"{job}: exit status {status}: {said}")
        return outcome(job, status, report)


def thinned(golden):
    """The golden set with ENTRIES of its entries, evenly taken."""
    head, *entries = golden.split("\n  - id: ")
    kept = [entry for i, entry in enumerate(entries)
            if (i + 1) * ENTRIES // len(entries) > i * ENTRIES // len(entries)]
    return "\n  - id: ".join([head, *kept])


def outcome(job, status, report):
    order = ("critical", "major", "minor", "none", "improved")
    entries = sorted(report["entries"], key=lambda e: order.index(e["severity"]))
    details = tuple(f"{e['id']} {e['severity']}: {e.get('reason', '')}" for e in entries
                    if e["severity"] in order[:2])
    return Outcome(job, status, tuple(report["gate"]["reasons"]), entries[0]["severity"], details)


# ---- instructions

def is_instruction(line, system):
    """In the system prompt the bullets; in a template what is neither document nor question."""
    if system:
        return line.startswith("- ")
    return bool(line.strip()) and "{{" not in line and not line.startswith("<")


def instructions():
    """Every instruction of the example's prompts: bullets of the system prompt, sentences of templates."""
    found = []
    for path in sorted((EXAMPLE / "prompts").glob("*.md"), key=lambda p: (p.stem != "system", p.stem)):
        for line in path.read_text().splitlines():
            if is_instruction(line, path.stem == "system"):
                parts = [line] if path.stem == "system" else re.findall(r"[^.。]+[.。]?", line)
                found += [Instruction(f"prompts/{path.name}", part) for part in parts]
    return found


def without(text, instruction):
    """The prompt without the instruction; a line that was only this goes as a whole."""
    if instruction not in text:
        raise RuntimeError(f"'{instruction}' is not in the prompt")
    return "".join(line.replace(instruction, "") for line in text.splitlines(keepends=True)
                   if line.strip() != instruction.strip())


# ---- runs

class Lab:
    """Some projects, and the jobs that are done in them side by side."""

    def __init__(self, folder, embedding):
        self.free = queue.SimpleQueue()
        for i in range(WORKERS):
            self.free.put(Project(pathlib.Path(folder) / f"project-{i}", embedding))

    def one(self, job):
        project = self.free.get()
        try:
            return project.run(job)
        finally:
            self.free.put(project)

    def run(self, jobs):
        """The outcomes in the order of the jobs."""
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(self.one, jobs))


# Seeds of baselines and of runs never meet: the same seed means the same answers.

def unchanged_jobs(count):
    return sorted((Job(1000 + i, baseline=1 + i % BASELINES) for i in range(count)),
                  key=lambda job: job.baseline)


def defect_jobs(seeds, rates=RATES):
    return [Job(seed, defect=f"{kind}:{rate}") for kind in KINDS for rate in rates
            for seed in range(1000, 1000 + seeds)]


def prompt_jobs(seeds):
    return [Job(seed, without=instruction) for instruction in instructions()
            for seed in range(1000, 1000 + seeds)]


# ---- tables

def upper_bound(alarms, runs):
    """The one-sided 95 % Clopper-Pearson bound of a share."""
    if alarms == runs:
        return 1.0
    low, high = alarms / runs, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        at_most = sum(math.comb(runs, i) * middle ** i * (1 - middle) ** (runs - i)
                      for i in range(alarms + 1))
        low, high = (middle, high) if at_most > 0.05 else (low, middle)
    return high


def share(outcomes):
    return sum(o.status in FOUND for o in outcomes) / len(outcomes)


def curve(shares):
    """A bar for each share."""
    return "".join("▁▂▃▄▅▆▇█"[min(7, int(part * 8))] for part in shares)


def tell_unchanged(outcomes):
    """(text, share of false alarms)"""
    alarms = [o for o in outcomes if o.status != 0]
    lines = [f"{len(outcomes)} unchanged runs: {len(alarms)} false alarms ({len(alarms) / len(outcomes):.1%}, below "
             f"{upper_bound(len(alarms), len(outcomes)):.1%} with 95 % confidence).\n"]
    for alarm in alarms:
        lines.append(f"- baseline {alarm.job.baseline}, seed {alarm.job.seed}, exit status {alarm.status}: "
                     f"{'; '.join((*alarm.reasons, *alarm.details))}")
    return "\n".join(lines) + "\n", len(alarms) / len(outcomes)


def tell_defects(outcomes):
    """(text, share found of those that are in half of the answers or more)"""
    rates = sorted({float(o.job.defect.split(":")[1]) for o in outcomes})
    table = measure.Table("defect", *(f"{rate:.0%}" for rate in rates), "")
    groups = collections.defaultdict(list)
    for o in outcomes:
        groups[o.job.defect].append(o)
    for kind in KINDS:
        shares = [share(groups[f"{kind}:{rate}"]) for rate in rates]
        table.row(kind, *(f"{part:.0%}" for part in shares), curve(shares))
    counted = [o for o in outcomes if float(o.job.defect.split(":")[1]) >= RATE_OF_TARGET_MIN]
    return str(table), share(counted)


def tell_prompts(outcomes):
    """(text, share found of the runs in which an entry became critical or major)"""
    table = measure.Table("prompt", "instruction taken out", "found", "worst entry")
    groups = collections.defaultdict(list)
    for o in outcomes:
        groups[o.job.without].append(o)
    for instruction, group in groups.items():
        worst = collections.Counter(o.worst for o in group).most_common(1)[0][0]
        text = instruction.text.strip().removeprefix("- ")
        table.row(pathlib.Path(instruction.file).stem, text, f"{share(group):.0%}", worst)
    shown = [o for o in outcomes if o.worst in ("critical", "major")]
    return str(table), share(shown)


def measured(embedding, options):
    """(text, whether the targets are met)"""
    with tempfile.TemporaryDirectory(prefix="assay-power-") as folder:
        lab = Lab(folder, embedding)
        unchanged, alarms = tell_unchanged(lab.run(unchanged_jobs(options.unchanged)))
        defects, found = tell_defects(lab.run(defect_jobs(options.seeds)))
        prompts, lost = tell_prompts(lab.run(prompt_jobs(options.prompt_seeds)))
    met = found >= FOUND_SHARE_MIN and lost >= FOUND_SHARE_MIN and alarms <= ALARM_SHARE_MAX
    text = "\n".join([
        f"### Embedding `{embedding}`\n", unchanged, f"Found, by the share of answers that went wrong ({options.seeds} "
        "runs each):\n", defects, f"Instructions taken out ({options.prompt_seeds} runs each):\n", prompts,
        f"Targets: at least {FOUND_SHARE_MIN:.0%} found of defects in half of the answers or more ({found:.1%}) and of "
        f"the runs without an instruction in which an entry became critical or major ({lost:.1%}; the other runs "
        f"show no loss, see below); at most {ALARM_SHARE_MAX:.0%} false alarms: "
        f"{'met' if met else 'missed'}.\n"])
    return text, met


def report(options):
    """The section; True where its targets are met."""
    parts = [measured(embedding, options) for embedding in options.embedding]
    return "\n".join(text for text, _ in parts), all(met for _, met in parts)
