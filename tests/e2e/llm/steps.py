#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""steps: the main job of assay against a real language model; tests/e2e/run_llm.sh calls it.

    ASSAY_BIN=build/assay steps.py --runtime DIR --model FILE.gguf

Starts server.mjs on a free port, copies project/ to a scratch folder and goes through baseline, test,
A/A check, another temperature, a changed system prompt and the search for the commit that changed it.
Says what each step found; the last line is `N passed, N failed`, the status 1 where anything failed.
Whatever hangs is ended: 560 s in all.
"""

import argparse
import json
import os
import pathlib
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import jsonschema

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SECONDS_MAX = 560
SERVER_SECONDS_MAX = 60
ENTRIES = 8


class Failure(Exception):
    """A step did not find what it must find."""


def must(holds, what):
    if not holds:
        raise Failure(what)


class Server:
    """server.mjs as a child; `url` is where it listens."""

    def __init__(self, runtime, model):
        self.log = tempfile.TemporaryFile()
        self.child = subprocess.Popen(["node", str(HERE / "server.mjs"), runtime, model],
                                      stdout=subprocess.PIPE, stderr=self.log, text=True)
        waiting = selectors.DefaultSelector()
        waiting.register(self.child.stdout, selectors.EVENT_READ)
        line = self.child.stdout.readline() if waiting.select(SERVER_SECONDS_MAX) else ""
        self.url = line.strip()
        if not self.url.startswith("http://"):
            self.end()
            raise Failure(f"the model server did not start: {self.said()}")

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-2000:]

    def end(self):
        """Ends it by SIGTERM; returns its status."""
        self.child.terminate()
        try:
            return self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return None


class Project:
    """A scratch copy of project/ and the program run in it."""

    def __init__(self, folder, url, deadline):
        self.folder = pathlib.Path(folder) / "project"
        self.deadline = deadline
        self.lost = []  # entries that the changed prompt made worse
        self.env = {**os.environ, "LLM_URL": url, "NO_COLOR": "1"}
        shutil.copytree(HERE / "project", self.folder)
        self.schemas = {kind: jsonschema.Draft202012Validator(
            json.loads((ROOT / f"share/schemas/{kind}.json").read_text())) for kind in ("test", "bisect")}

    def run(self, kind, *arguments):
        """Runs assay; returns its exit status, its report, held against the schema, and what it complained of."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        command = [os.environ["ASSAY_BIN"], *arguments, "-o", f"json={report}"]
        try:
            done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, check=False,
                                  timeout=max(1.0, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Failure(f"assay {' '.join(arguments)} was not done in time") from None
        must(report.exists(), f"no report, exit status {done.returncode}: {done.stderr[-2000:]}")
        found = json.loads(report.read_text())
        wrong = [f"{e.json_path}: {e.message}" for e in self.schemas[kind].iter_errors(found)]
        must(not wrong, f"the report does not fit share/schemas/{kind}.json: " + "; ".join(wrong[:5]))
        return done.returncode, found, done.stderr[-2000:]

    def assay(self, *arguments):
        """The same for a golden run in which every question was answered."""
        status, found, complaint = self.run("test", *arguments)
        must(found["answered"] == found["asked"] and found["gate"]["errors"] == 0,
             f"{found['answered']} of {found['asked']} questions answered; {complaint}")
        return status, found

    def git(self, *arguments):
        """Runs git in the project; returns what it prints."""
        who = ("-c", "user.name=assay", "-c", "user.email=assay@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *who, *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()


def entries(report, *severities):
    return [e["id"] for e in report["entries"] if e["severity"] in severities]


def record_baseline(project):
    status, report = project.assay("baseline", "--repeat", "2")
    must(status == 0, f"exit status {status} instead of 0")
    must(report["asked"] == 2 * ENTRIES, f"{report['asked']} questions instead of {2 * ENTRIES}")
    must(not report["tokens_estimated"] and report["tokens_out"] > 0, "usage was not understood")
    failing = [e["id"] for e in report["entries"] if not e["passed"]]
    must(not failing, f"the model fails checks of {', '.join(failing)}")
    lines = (project.folder / "golden/baselines/library.jsonl").read_text().splitlines()
    return f"{report['asked']} answers, {report['tokens_out']} tokens, {len(lines)} lines of baseline"


def pass_unchanged(project):
    status, report = project.assay("test")
    must(status == 0, f"exit status {status} instead of 0: {report['gate']['reasons']}")
    gate = report["gate"]
    must(gate["compared"] == ENTRIES and gate["none"] == ENTRIES, f"not alike: {gate}")
    varied = [e["id"] for e in report["entries"] if len({s["response"] for s in e["samples"]}) > 1]
    must(not varied, f"at temperature 0 answers of {', '.join(varied)} varied")
    return f"{gate['compared']} entries compared, mean score {report['mean']['score']:.3f}"


def check_noise(project):
    status, report = project.assay("baseline", "--check")
    must(status == 0, f"exit status {status} instead of 0")
    head = json.loads((project.folder / "golden/baselines/library.jsonl").read_text().splitlines()[0])
    must(head.get("noise") == 0, f"noise {head.get('noise')} at temperature 0")
    return f"noise 0 over {report['gate']['compared']} entries"


def name_other_parameters(project):
    status, report = project.assay("test", "--repeat", "1", "--set",
                                   "suites.library.params.temperature=0.3")
    warned = [w for w in report["gate"]["warnings"] if "other parameters" in w]
    must(warned, f"the other temperature is not named: {report['gate']['warnings']}")
    must(status in (0, 1, 4), f"exit status {status}")
    return f"exit status {status}: {warned[0][:100]}"


def find_the_loss(project):
    shutil.copy(project.folder / "prompts-broken/system.md", project.folder / "prompts/system.md")
    status, report = project.assay("test")
    must(status == 1, f"exit status {status} instead of 1: {report['gate']}")
    named = project.lost = entries(report, "critical", "major")
    must(len(named) >= 3, f"only {named} got worse")
    said = " ".join(report["gate"]["reasons"])
    must(any(entry in said for entry in named), f"no entry is named: {said}")
    changes = report["prompt_changes"]
    must(len(changes) == 1 and "one short English sentence" in changes[0]["before_text"]
         and "pirate" in changes[0]["text"], f"the change of the prompt is not shown: {changes}")
    return f"{len(named)} of {ENTRIES} entries: {', '.join(named)}"


def write_history(project):
    """Eight commits: notes, two harmless changes of the prompt, and as the fifth the broken one."""
    prompt = project.folder / "prompts/system.md"
    right, broken = ((HERE / "project" / folder / "system.md").read_text() for folder in ("prompts", "prompts-broken"))
    friendly, loud = right.rstrip() + " Be friendly.\n", broken.rstrip() + " Be loud.\n"
    texts = [right, right, friendly, None, broken, None, loud, None]
    project.git("init", "-q", "-b", "main", ".")
    (project.folder / ".gitignore").write_text(".assay/\nreport.json\n")
    commits = []
    for number, text in enumerate(texts):
        (project.folder / "notes.md").write_text(f"notes {number}\n")
        if text is not None:
            prompt.write_text(text)
        project.git("add", "-A")
        project.git("commit", "-q", "-m", f"change {number}")
        commits.append(project.git("rev-parse", "HEAD"))
    return commits


def find_the_commit(project):
    commits = write_history(project)
    before = project.git("status", "--porcelain")
    must(project.lost, "no entry got worse, so there is nothing to search")
    chosen = [f"--entry={entry}" for entry in project.lost[:2]]
    status, report, complaint = project.run("bisect", "bisect", "--good", commits[0], "--repeat", "3", *chosen)
    must(status == 0 and report["outcome"] == "found", f"exit status {status}, {report['outcome']}: {complaint}")
    must(report["best"] == commits[4], f"{report['best']} instead of {commits[4]}: {report['commits']}")
    must("pirate" in report["diff"], f"the change of the prompt is not shown: {report['diff']}")
    must(project.git("status", "--porcelain") == before and project.git("rev-parse", "HEAD") == commits[-1],
         "the work tree was touched")
    return f"{report['calls']} questions over {len(commits)} commits, probability {report['probability']:.3f}"


STEPS = (
    ("a baseline is recorded, every check passes", record_baseline),
    ("an unchanged prompt passes", pass_unchanged),
    ("baseline --check finds no noise at temperature 0", check_noise),
    ("another temperature is named", name_other_parameters),
    ("a changed system prompt is found", find_the_loss),
    ("the commit that changed it is found", find_the_commit),
)


def take(name, step, argument):
    """One step: says what it found; returns 1 where it passed, 0 where not."""
    start = time.monotonic()
    try:
        said, mark = step(argument), "ok  "
    except Failure as failure:
        said, mark = str(failure), "FAIL"
    print(f"{mark} {name} ({time.monotonic() - start:.1f} s): {said}", flush=True)
    return int(mark != "FAIL")


def end_server(server):
    status = server.end()
    must(status == 0, f"status {status}: {server.said()}")
    return "status 0"


def run(options):
    """Returns how many steps passed, the server's two included."""
    deadline = time.monotonic() + SECONDS_MAX
    made = []

    def start_server(_):
        made.append(Server(options.runtime, options.model))
        return f"{pathlib.Path(options.model).name} on {made[0].url}"

    if not take("the model server starts", start_server, None):
        return 0
    with tempfile.TemporaryDirectory(prefix="assay-llm-") as scratch:
        try:
            project = Project(scratch, made[0].url, deadline)
            passed = sum(take(name, step, project) for name, step in STEPS)
        except BaseException:
            made[0].end()
            raise
    return 1 + passed + take("the server ends on SIGTERM", end_server, made[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runtime", required=True, help="folder with node-llama-cpp")
    parser.add_argument("--model", required=True, help="GGUF file")
    # A signal to end takes the server along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    passed, count = run(parser.parse_args()), len(STEPS) + 2
    print(f"{passed} passed, {count - passed} failed")
    return 0 if passed == count else 1


if __name__ == "__main__":
    sys.exit(main())
