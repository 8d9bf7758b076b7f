# SPDX-License-Identifier: Apache-2.0
"""What others would say of the same scores: evalsig, a fixed tolerance, a threshold of the pass rate.

A case is (before, now): the scores, 0..1, of the same questions. Each rule says True for an alarm.
evalsig (PyPI) runs in an environment of its own; where it cannot be installed its column is left out.
promptfoo's threshold is its documented rule (PROMPTFOO_PASS_RATE_THRESHOLD: the share of tests that must
pass), set as a team would: five points below what the accepted answers reached.
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = ROOT / "scripts/packages/pip-power.txt"
TOLERANCE = 0.05
MARGIN = 0.03  # the drop that matters, as our gate has it
SETUP_SECONDS = 600
RUN_SECONDS = 1800

# A gate of evalsig lets the better one pass: the accepted answers being significantly better than the new
# ones, by the margin at least, is a regression.
EVALSIG = """
import json, sys, evalsig
def frame(name, scores):
    return evalsig.RunFrame(run_id=name, model_id=name, task_id="t", metric_name="score", items=[
        evalsig.ItemResult(item_id=str(i), score=float(s)) for i, s in enumerate(scores)])
for line in sys.stdin:
    before, now = json.loads(line)
    said = evalsig.gate(frame("now", now), frame("before", before), min_delta=%s, n_resamples=2000)
    print(int(said.verdict.value == "ALLOW"), flush=True)
""" % MARGIN


def mean(scores):
    return sum(scores) / len(scores)


def fixed_tolerance(before, now):
    """The mean fell by more than .05."""
    return mean(before) - mean(now) > TOLERANCE


def pass_rate(before, now):
    """Fewer tests pass than the threshold asks for."""
    reached = mean([score >= 1 for score in before])
    return mean([score >= 1 for score in now]) < reached - TOLERANCE


def python():
    """An environment with evalsig; None where it cannot be made."""
    where = subprocess.run([ROOT / "scripts/setup", "--where"], capture_output=True, text=True, check=True)
    folder = pathlib.Path(where.stdout.strip()) / "power"
    stamp = folder / ".stamp"
    if stamp.exists() and stamp.read_text() == LIST.read_text():
        return folder / "bin/python"
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, capture_output=True)
        subprocess.run([folder / "bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", LIST],
                       check=True, capture_output=True, timeout=SETUP_SECONDS)
    except (subprocess.SubprocessError, OSError) as why:
        print(f"evalsig could not be installed ({type(why).__name__}): its side is left out", file=sys.stderr)
        return None
    stamp.write_text(LIST.read_text())
    return folder / "bin/python"


class Evalsig:
    """Answers for many cases at once; `version` is None where it is not here."""

    def __init__(self):
        self.python = python()
        self.version = None
        if self.python is not None:
            done = subprocess.run([self.python, "-c", "import evalsig; print(evalsig.__version__)"],
                                  capture_output=True, text=True, check=False)
            self.version = done.stdout.strip() if done.returncode == 0 else None

    def alarms(self, cases):
        """A list of verdicts, or None."""
        if self.version is None:
            return None
        source = "".join(json.dumps([list(before), list(now)]) + "\n" for before, now in cases)
        done = subprocess.run([self.python, "-c", EVALSIG], input=source, capture_output=True, text=True, check=False,
                              timeout=RUN_SECONDS)
        said = done.stdout.split()
        if done.returncode != 0 or len(said) != len(cases):
            raise SystemExit(f"evalsig ended with {done.returncode}: {done.stderr[-2000:]}")
        return [verdict == "1" for verdict in said]
