# SPDX-License-Identifier: Apache-2.0
"""assay bisect over git histories made on the spot: a fault is found, nothing of the user's is touched."""

import json
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(os.environ.get("ASSAY_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
ASSAY = os.environ.get("ASSAY", str(ROOT / "build/assay"))
SCHEMA = ROOT / "share/schemas/bisect.json"

CONFIG = """targets:
  sim: {kind: sim, seed: 7}
suites:
  shop: {golden: golden/shop.yaml, target: sim, embedding: tfidf}
"""
RECOMMEND = """Title: {{title}}

Recommend three manga to somebody who liked this title. Mention the title.
Respond only with a JSON object with the keys "answer" (string) and "recommendations" (list of strings).

Question: {{question}}
"""
SYSTEM = """You are the assistant of a manga shop.
Answer in the language of the customer's question.
Be polite and brief.
"""
GOLDEN = """prompts:
  recommend: {file: ../prompts/recommend.md, system: ../prompts/system.md, params: {max_tokens: 512, temperature: 0.8}}
entries:
"""
TITLES = ["One Piece", "Monster", "Naruto", "Bleach", "Berserk", "Vagabond"]
FAULT = 41


def golden(count=6):
    text = GOLDEN
    for i, title in enumerate(TITLES[:count]):
        text += (f"  - {{id: rec-{i}, prompt: recommend, vars: {{title: {title}, "
                 f'question: "What should I read after {title}?"}}, '
                 f"expect: {{keywords: [{title}], language: en, format: json}}}}\n")
    return text


class Repository:
    """A folder under git whose commits the test writes."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.commits = []
        self.environment = dict(os.environ, GIT_CONFIG_NOSYSTEM="1", HOME=str(folder),
                                ASSAY_CACHE=str(self.folder / ".c"),
                                GIT_AUTHOR_NAME="花子", GIT_AUTHOR_EMAIL="h@example.org",
                                GIT_COMMITTER_NAME="c", GIT_COMMITTER_EMAIL="c@example.org")
        self.git("init", "-q", "-b", "main", ".")
        self.write(".gitignore", ".assay/\n.c/\n")

    def git(self, *arguments, **more):
        return subprocess.run(["git", *arguments], cwd=self.folder, env=self.environment, check=True,
                              capture_output=True, text=True, **more).stdout

    def write(self, path, text):
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        self.commits.append(self.git("rev-parse", "HEAD").strip())
        return self.commits[-1]

    def start(self, entries=6):
        self.write("assay.yaml", CONFIG)
        self.write("golden/shop.yaml", golden(entries))
        self.write("prompts/recommend.md", RECOMMEND)
        self.write("prompts/system.md", SYSTEM)
        return self.commit("start")

    def snapshot(self):
        """All that is the user's: HEAD, index, stash, branches, files with their times."""
        files = {}
        for path in sorted(self.folder.rglob("*")):
            if ".assay" in path.parts or ".c" in path.parts or not path.is_file():
                continue
            if ".git" in path.parts and path.name != "index" and "refs" not in path.parts:
                continue
            stat = path.stat()
            files[str(path)] = (stat.st_mtime_ns, stat.st_size, path.read_bytes())
        return (files, self.git("rev-parse", "HEAD"), self.git("stash", "list"), self.git("branch", "-av"),
                (self.folder / ".git/HEAD").read_text())

    def bisect(self, *arguments, **more):
        return subprocess.run([ASSAY, "bisect", *arguments], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True, timeout=570, **more)

    def report(self, *arguments, status=0):
        done = self.bisect("--format", "json", *arguments)
        assert done.returncode == status, (done.returncode, done.stderr, done.stdout[:2000])
        return json.loads(done.stdout)


def spoil(repository, also=""):
    repository.write("prompts/recommend.md", "\n".join(
        line for line in RECOMMEND.splitlines() if "JSON" not in line) + also + "\n")


def history(repository, commits=64, fault=FAULT):
    """Commits that reword the system prompt, touch other files, or, once, drop the demand for JSON."""
    draw = random.Random(11)
    repository.start()
    for i in range(1, commits):
        if i == fault:
            spoil(repository)
        elif draw.random() < 0.5:
            repository.write("prompts/system.md", SYSTEM + f"Version {i} of this prompt.\n")
        else:
            repository.write("README.md", f"notes {i}\n")
        repository.commit(f"change {i}")


class Bisect(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="assay-bisect-")
        self.addCleanup(folder.cleanup)
        self.repository = Repository(folder.name)

    def check(self, report):
        try:
            import jsonschema
        except ImportError:
            return
        jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(report)

    def test_a_fault_among_64_commits_is_found_and_nothing_is_touched(self):
        repository = self.repository
        history(repository)
        repository.write("prompts/system.md", "not committed\n")
        repository.write("staged.md", "staged\n")
        repository.git("add", "staged.md")
        repository.write("stashed.md", "x\n")
        before = repository.snapshot()
        report = repository.report("--good", repository.commits[0])
        self.assertEqual(repository.snapshot(), before)
        self.check(report)
        self.assertEqual(report["outcome"], "found")
        self.assertEqual(report["best"], repository.commits[FAULT])
        self.assertGreaterEqual(report["probability"], 0.95)
        self.assertIn("-Respond only with a JSON object", report["diff"])
        self.assertLess(report["calls"], 150)
        self.assertTrue(any("not committed" in note for note in report["notes"]))
        self.assertEqual(len(report["commits"]), 64)
        again = repository.report("--good", repository.commits[0])
        self.assertEqual(again["calls_before"], report["calls"])
        self.assertEqual(again["best"], report["best"])

    def test_killed_in_the_middle_it_goes_on_and_pays_for_nothing_twice(self):
        repository = self.repository
        history(repository)
        arguments = ["--good", repository.commits[0], "-j", "1"]
        whole = repository.report(*arguments)
        answers = repository.folder / ".assay/bisect/answers.jsonl"
        for path in sorted((repository.folder / ".assay").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        killed = 0
        for lines in (20, 38, 45):
            process = subprocess.Popen([ASSAY, "bisect", *arguments], cwd=repository.folder,
                                       env=repository.environment, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True)
            while process.poll() is None:
                if answers.exists() and answers.read_bytes().count(b"\n") >= lines:
                    os.killpg(process.pid, signal.SIGKILL)
                    killed += 1
                    break
                time.sleep(0.005)
            process.wait()
        self.assertGreater(killed, 0)
        with open(answers, "ab") as file:
            file.write(b'{"key":"cut sho')
        report = repository.report(*arguments)
        self.assertGreater(report["calls_before"], 15)
        self.assertEqual((report["best"], report["calls"]), (whole["best"], whole["calls"]))
        self.assertEqual(report["probability"], whole["probability"])

    def test_interrupted_it_tells_what_is_known(self):
        repository = self.repository
        history(repository)
        process = subprocess.Popen([ASSAY, "bisect", "--good", repository.commits[0], "-f", "json", "-j", "1"],
                                   cwd=repository.folder, env=repository.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        answers = repository.folder / ".assay/bisect/answers.jsonl"
        while process.poll() is None and not (answers.exists() and answers.read_bytes().count(b"\n") >= 37):
            time.sleep(0.005)
        if process.poll() is None:
            second = repository.bisect("--good", repository.commits[0], "-j", "1")
            self.assertIn(second.returncode, (0, 3))
            if second.returncode == 3:
                self.assertIn("another 'assay bisect' is searching", second.stderr)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
        self.assertIn(process.returncode, (0, 130), err)
        report = json.loads(out)
        self.check(report)
        if process.returncode == 130:
            self.assertEqual(report["outcome"], "interrupted")
        self.assertEqual(repository.report("--good", repository.commits[0], "-j", "1")["outcome"], "found")

    def test_commits_that_do_not_load_are_skipped_and_named(self):
        repository = self.repository
        repository.start()
        for i in range(1, 16):
            repository.write("prompts/system.md", SYSTEM + f"Version {i}.\n")
            if i == 6:
                repository.write("assay.yaml", "targets: [\n")
            elif i == 7:
                (repository.folder / "prompts/recommend.md").unlink()
                repository.write("assay.yaml", CONFIG)
            elif i == 8:
                spoil(repository)
            repository.commit(f"change {i}")
        report = repository.report("--good", repository.commits[0])
        self.assertEqual(report["best"], repository.commits[8])
        self.assertEqual(report["before"], repository.commits[5])
        skipped = {commit["commit"]: commit["skipped"] for commit in report["commits"] if "skipped" in commit}
        self.assertEqual(set(skipped), {repository.commits[6], repository.commits[7]})
        self.assertIn("assay.yaml:", skipped[repository.commits[6]])
        self.assertIn("prompts/recommend.md", skipped[repository.commits[7]])
        self.assertTrue(any("may have come with one of them" in note for note in report["notes"]))
        text = repository.bisect("--good", repository.commits[0]).stdout
        self.assertIn("skipped, since they do not load", text)

    def test_a_merge_stands_for_what_it_brought(self):
        repository = self.repository
        repository.start()
        repository.write("prompts/system.md", SYSTEM + "One.\n")
        repository.commit("main 1")
        repository.git("checkout", "-q", "-b", "side")
        for i in range(4):
            if i == 2:
                spoil(repository)
            else:
                repository.write("notes.md", f"{i}\n")
            repository.commit(f"side {i}")
        inside = repository.commits[-2]
        repository.git("checkout", "-q", "main")
        repository.write("prompts/system.md", SYSTEM + "Two.\n")
        repository.commit("main 2")
        repository.git("merge", "-q", "--no-ff", "-m", "bring side", "side")
        merge = repository.git("rev-parse", "HEAD").strip()
        repository.write("prompts/system.md", SYSTEM + "Three.\n")
        repository.commit("main 3")
        report = repository.report("--good", repository.commits[0])
        self.assertEqual(report["best"], merge)
        hint = next(note for note in report["notes"] if "looks inside" in note)
        words = hint.split("'")[1].split()
        inner = repository.report(*words[2:])
        self.assertEqual(inner["best"], inside)

    def test_ends_that_do_not_differ_are_refused(self):
        repository = self.repository
        repository.start()
        for i in range(1, 9):
            repository.write("prompts/system.md", SYSTEM + f"Version {i}.\n")
            repository.commit(f"change {i}")
        report = repository.report("--good", repository.commits[0], status=1)
        self.check(report)
        self.assertEqual(report["outcome"], "same_ends")
        self.assertNotIn("best", report)
        text = repository.bisect("--good", repository.commits[0])
        self.assertEqual(text.returncode, 1)
        self.assertIn("do not differ measurably", text.stdout)
        self.assertIn("p = ", text.stdout)

    def test_ends_that_ask_the_same_cost_nothing(self):
        repository = self.repository
        repository.start()
        for i in range(3):
            repository.write("README.md", f"{i}\n")
            repository.commit(f"change {i}")
        report = repository.report("--good", repository.commits[0], status=1)
        self.check(report)
        self.assertEqual((report["outcome"], report["calls"]), ("same_questions", 0))

    def test_the_budget_ends_it_and_more_of_it_goes_on(self):
        repository = self.repository
        history(repository)
        short = repository.report("--good", repository.commits[0], "--max-calls", "38", status=1)
        self.check(short)
        self.assertEqual(short["outcome"], "budget")
        self.assertLessEqual(short["calls"], 38)
        self.assertAlmostEqual(sum(commit["probability"] for commit in short["commits"]), 1, places=6)
        more = repository.report("--good", repository.commits[0])
        self.assertEqual(more["best"], repository.commits[FAULT])
        self.assertGreaterEqual(more["calls_before"], short["calls"])
        few = repository.bisect("--good", repository.commits[0], "--max-calls", "5", "--restart")
        self.assertEqual(few.returncode, 2)
        self.assertIn("comparing the ends alone takes 36", few.stderr)

    def test_no_more_is_spent_than_allowed_by_more_than_an_answer(self):
        repository = self.repository
        history(repository, 16, 9)
        good = repository.commits[0]
        priced = ("--set", "targets.sim.price={input: 1.0, output: 5.0}")
        short = repository.report("--good", good, "--max-cost", "0.002", *priced, status=1)
        self.check(short)
        self.assertEqual(short["outcome"], "budget")
        self.assertLess(short["cost_usd"], 0.0025)
        more = repository.report("--good", good, "--max-cost", "1", *priced)
        self.assertEqual(more["best"], repository.commits[9])
        self.assertLess(more["cost_usd"], 0.1)

    def test_another_golden_set_or_other_arguments_are_refused_by_name(self):
        repository = self.repository
        history(repository)
        good = repository.commits[0]
        repository.report("--good", good, "--max-calls", "38", status=1)
        repository.write("golden/shop.yaml", golden(5))
        changed = repository.bisect("--good", good)
        self.assertEqual(changed.returncode, 2)
        self.assertIn("the golden set changed", changed.stderr)
        self.assertIn("--restart", changed.stderr)
        repository.write("golden/shop.yaml", golden())
        self.assertIn("--good changed", repository.bisect("--good", repository.commits[1]).stderr)
        self.assertIn("--entry changed", repository.bisect("--good", good, "--entry", "rec-1").stderr)
        report = repository.report("--good", repository.commits[1], "--restart")
        self.assertEqual(report["best"], repository.commits[FAULT])
        # a search that has ended stands in nobody's way
        self.assertEqual(repository.report("--good", good)["best"], repository.commits[FAULT])

    def test_entries_are_matched_by_id_and_prompts_by_name(self):
        repository = self.repository
        repository.write("assay.yaml", CONFIG)
        repository.write("prompts/recommend.md", RECOMMEND)
        repository.write("prompts/system.md", SYSTEM)
        old = golden(4).replace("recommend:", "advise:").replace("prompt: recommend", "prompt: advise")
        repository.write("golden/shop.yaml", old.replace("question:", "asked:"))
        repository.write("prompts/recommend.md", RECOMMEND.replace("{{question}}", "{{asked}}"))
        repository.commit("other names")
        repository.write("golden/shop.yaml", golden(6))
        repository.write("prompts/recommend.md", RECOMMEND)
        repository.commit("names of today")
        for i in range(6):
            if i == 3:
                spoil(repository)
            else:
                repository.write("prompts/system.md", SYSTEM + f"Version {i}.\n")
            repository.commit(f"change {i}")
        report = repository.report("--good", repository.commits[0])
        self.assertEqual(report["best"], repository.commits[5])
        self.assertTrue(any("2 of 6 entries cannot be asked" in note for note in report["notes"]), report["notes"])

    def test_a_parameter_or_a_model_can_be_at_fault(self):
        repository = self.repository
        repository.start()
        for i in range(1, 12):
            text = golden()
            if i >= 7:
                text = text.replace("max_tokens: 512", "max_tokens: 5")
            repository.write("golden/shop.yaml", text)
            repository.write("prompts/system.md", SYSTEM + f"Version {i}.\n")
            repository.commit(f"change {i}")
        report = repository.report("--good", repository.commits[0])
        self.assertEqual(report["best"], repository.commits[7])
        self.assertIn("+  recommend: {", report["diff"])

    def test_ends_that_make_no_line_are_told(self):
        repository = self.repository
        repository.start()
        repository.git("checkout", "-q", "-b", "side")
        repository.commit("side")
        repository.git("checkout", "-q", "main")
        repository.commit("main")
        wrong = {
            ("--good", "HEAD", "--bad", "HEAD~1"): "comes after",
            ("--good", "side"): "is no ancestor of",
            ("--good", "nowhere"): "git knows no commit 'nowhere'",
            ("--good", "HEAD"): "are the same commit",
            ("--good", "--all"): "git knows no commit",
            (): "--good REV",
            ("--good", "HEAD~1", "--entry", "nowhere"): "has no entry 'nowhere'",
        }
        for arguments, words in wrong.items():
            with self.subTest(arguments=arguments):
                done = repository.bisect(*arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(words, done.stderr)

    def test_it_works_below_the_top_and_from_elsewhere(self):
        repository = self.repository
        top = repository.folder
        repository.folder = top / "shop"
        repository.folder.mkdir()
        history(repository, 12, 7)
        repository.folder = top / "shop/golden"
        report = repository.report("-c", "../assay.yaml", "--good", repository.commits[0])
        self.assertEqual(report["best"], repository.commits[7])
        repository.folder = pathlib.Path("/")
        report = repository.report("-c", str(top / "shop/assay.yaml"), "--good", repository.commits[0], "--restart")
        self.assertEqual(report["best"], repository.commits[7])
        repository.folder = top

    def test_outside_of_git_it_says_so(self):
        with tempfile.TemporaryDirectory(prefix="assay-bisect-") as folder:
            subprocess.run([ASSAY, "init", folder], check=True, capture_output=True)
            done = subprocess.run([ASSAY, "bisect", "--good", "HEAD~1"], cwd=folder, capture_output=True, text=True,
                                  env=dict(os.environ, GIT_CEILING_DIRECTORIES="/tmp"))
            self.assertEqual(done.returncode, 2)
            self.assertIn("is in no git repository", done.stderr)


if __name__ == "__main__":
    unittest.main()
