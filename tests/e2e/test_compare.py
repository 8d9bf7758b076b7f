# SPDX-License-Identifier: Apache-2.0
"""assay compare with judges of known character, git revisions and live targets; every JSON report is held
against its schema. The judges are small servers of the OpenAI API: one that prefers the longer answer, one
that always says the first, one that never gives a verdict, one that stops to answer."""

import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import jsonschema

ROOT = pathlib.Path(os.environ.get("ASSAY_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
ASSAY = os.environ.get("ASSAY_BIN", str(ROOT / "build/assay"))
SCHEMA = json.loads((ROOT / "share/schemas/compare.json").read_text(encoding="utf-8"))
ENTRIES = 12


def parts(body):
    """The two answers of a judge's question, in the order they are shown."""
    text = body["messages"][-1]["content"]
    return [re.search(rf"<{which}-(\w+)>\n(.*?)\n</{which}-\1>", text, re.S).group(2) for which in ("first", "second")]


def longer(body):
    first, second = parts(body)
    better = "first" if len(first) > len(second) else "second" if len(second) > len(first) else "tie"
    return json.dumps({"better": better, "reason": "it says more"})


def always_first(_):
    return json.dumps({"better": "first", "reason": "it came first"})


def babbler(_):
    return "Both have their merits."


class Peer:
    """A server whose answers a function of the request's body makes; None: it never answers."""

    def __init__(self, answer):
        peer = self
        self.count = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                peer.count += 1
                if answer is None:
                    time.sleep(30)
                    return
                reply = json.dumps({"model": "judge", "choices": [{"message": {"content": answer(body)},
                                                                   "finish_reason": "stop"}],
                                    "usage": {"prompt_tokens": 100, "completion_tokens": 20}}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Compare(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        self.peers = []
        self.environment = dict(os.environ, HOME=self.folder.name, ASSAY_CACHE=str(self.path / ".c"), NO_COLOR="1",
                                GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@example.org",
                                GIT_COMMITTER_NAME="c", GIT_COMMITTER_EMAIL="c@example.org")
        (self.path / "golden").mkdir()
        lines = ["prompts:", '  ask: {text: "Question: what is {{title}}?"}', "entries:"]
        for i in range(ENTRIES):
            tag = "ja" if i % 2 else "en"
            lines.append(f"  - {{id: e-{i}, prompt: ask, vars: {{title: T{i}}}, tags: [{tag}]}}")
        (self.path / "golden/shop.yaml").write_text("\n".join(lines) + "\n")
        self.configure({})

    def tearDown(self):
        for peer in self.peers:
            peer.close()
        self.folder.cleanup()

    def configure(self, judges, price=""):
        text = "targets:\n  sim: {kind: sim, seed: 7}\n"
        for name, answer in judges.items():
            peer = Peer(answer)
            self.peers.append(peer)
            text += f'  {name}: {{kind: openai, url: "{peer.url}", model: judge, timeout: 20s{price}}}\n'
        text += "suites:\n  shop: {golden: golden/shop.yaml, target: sim, embedding: none}\n"
        (self.path / "assay.yaml").write_text(text)

    def write(self, name, answer, count=ENTRIES):
        lines = [json.dumps({"id": f"e-{i}", "response": answer(i)}) for i in range(count)]
        (self.path / name).write_text("\n".join(lines) + "\n")

    def run_it(self, *arguments, status=0):
        done = subprocess.run([ASSAY, "compare", *arguments], cwd=self.path, env=self.environment, capture_output=True,
                              text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, status, done.stdout[-2000:] + done.stderr)
        return done

    def compare(self, *arguments, status=0):
        report = json.loads(self.run_it(*arguments, "--format", "json", status=status).stdout)
        jsonschema.validate(report, SCHEMA)
        return report

    def two_sides(self):
        self.write("a.jsonl", lambda i: f"T{i} is a manga.")
        self.write("b.jsonl", lambda i: f"T{i} is a manga, and a long one at that.")

    def test_a_fair_judge_finds_the_better_side(self):
        self.configure({"fair": longer})
        self.two_sides()
        report = self.compare("a.jsonl", "b.jsonl", "--judge", "fair")
        tally = report["judge"]["tallies"][0]
        self.assertEqual((tally["wins_a"], tally["wins_b"], tally["ties"], tally["turned"]), (0, ENTRIES, 0, 0))
        self.assertEqual(report["outcome"], "b_better")
        self.assertEqual(report["judge"]["asked"], 2 * ENTRIES)
        self.assertEqual(self.peers[0].count, 2 * ENTRIES)
        self.assertLess(tally["p"], 0.001)
        self.assertEqual({e["judged"]["winner"] for e in report["entries"]}, {"b"})
        self.assertEqual(report["entries"][0]["judged"]["reason"], "it says more")
        by_tag = {t["value"]: t["pairs"] for t in report["judge"]["tallies"] if t["group"] == "tag"}
        self.assertEqual(by_tag, {"en": ENTRIES // 2, "ja": ENTRIES // 2})
        turned = self.compare("b.jsonl", "a.jsonl", "--judge", "fair")
        self.assertEqual(turned["outcome"], "a_better")

    def test_a_judge_that_always_says_the_first_decides_nothing_and_is_found_out(self):
        self.configure({"biased": always_first})
        self.two_sides()
        report = self.compare("a.jsonl", "b.jsonl", "--judge", "biased", "--repeat", "2")
        tally = report["judge"]["tallies"][0]
        self.assertEqual((tally["wins_a"], tally["wins_b"], tally["ties"]), (0, 0, ENTRIES))
        self.assertEqual(tally["turned"], tally["rounds"])
        self.assertEqual(tally["votes_first"], tally["votes"])
        self.assertEqual(report["outcome"], "undecided")
        self.assertIn("goes by the place", report["summary"])
        text = self.run_it("a.jsonl", "b.jsonl", "--judge", "biased", "--limit", "1").stdout
        self.assertIn(f"{ENTRIES} of {ENTRIES} rounds turned with the order", text)

    def test_same_answers_are_a_tie_that_nobody_is_asked_about(self):
        self.configure({"fair": longer})
        self.two_sides()
        report = self.compare("a.jsonl", "a.jsonl", "--judge", "fair")
        self.assertEqual(self.peers[0].count, 0)
        self.assertEqual(report["judge"]["tallies"][0]["ties"], ENTRIES)
        self.assertEqual(report["outcome"], "equal")

    def test_a_judge_without_verdicts_fails_after_the_report(self):
        self.configure({"babbler": babbler})
        self.two_sides()
        done = self.run_it("a.jsonl", "b.jsonl", "--judge", "babbler", status=3)
        self.assertIn("the judge gave no verdict", done.stderr)
        self.assertIn("entries that pass", done.stdout)
        self.assertLessEqual(self.peers[0].count, 2 * ENTRIES)

    def test_max_cost_ends_the_judging(self):
        self.configure({"fair": longer}, price=", price: {input: 1000.0, output: 0.0}")
        self.two_sides()
        report = self.compare("a.jsonl", "b.jsonl", "--judge", "fair", "--max-cost", "0.55")
        self.assertTrue(report["judge"]["max_cost_reached"])
        self.assertLessEqual(report["judge"]["cost_usd"], 0.55)
        self.assertEqual(report["judge"]["asked"], 5)
        for name in "ab":
            subprocess.run([ASSAY, "test", "--responses", f"{name}.jsonl", "-o", f"json={name}.json"], cwd=self.path,
                           env=self.environment, capture_output=True, check=False)
        dry = self.run_it("a.json", "b.json", "--judge", "fair", "--dry-run").stdout
        self.assertIn(f"judge fair: {2 * ENTRIES} questions", dry)
        self.assertEqual(self.peers[0].count, 5)

    def test_an_interrupted_judging_reports_what_there_is(self):
        self.configure({"silent": None})
        self.two_sides()
        child = subprocess.Popen([ASSAY, "compare", "a.jsonl", "b.jsonl", "--judge", "silent"], cwd=self.path,
                                 env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.time() + 20
        while self.peers[0].count == 0 and time.time() < deadline:
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=20)
        self.assertEqual(child.returncode, 130)
        self.assertIn("interrupted", out)

    def test_live_sides_are_asked_at_once_and_forecast(self):
        dry = self.run_it("target:sim", "set:targets.sim.seed=9,set:suites.shop.repeat=2", "--dry-run").stdout
        self.assertIn(f"sim: {ENTRIES} questions", dry)
        self.assertIn(f"sim: {2 * ENTRIES} questions", dry)
        report = self.compare("target:sim", "set:targets.sim.seed=9,set:suites.shop.repeat=2")
        self.assertEqual(report["compared"], ENTRIES)
        self.assertEqual({e["b"]["answers"] for e in report["entries"]}, {2})

    def test_a_dead_target_is_told(self):
        (self.path / "assay.yaml").write_text(
            'targets: {dead: {kind: openai, url: "http://127.0.0.1:1/v1", model: m, timeout: 2s}}\n'
            "suites: {shop: {golden: golden/shop.yaml, target: dead, embedding: none}}\n")
        self.two_sides()
        done = self.run_it("a.jsonl", "target:dead", status=3)
        self.assertIn("no answer could be had", done.stderr)

    def test_revisions_are_asked_with_todays_entries(self):
        def git(*arguments):
            subprocess.run(["git", *arguments], cwd=self.path, env=self.environment, check=True, capture_output=True)

        git("init", "-q", "-b", "main", ".")
        git("add", "assay.yaml", "golden")
        git("commit", "-q", "-m", "first")
        golden = self.path / "golden/shop.yaml"
        golden.write_text(golden.read_text().replace("what is {{title}}?", "tell me about {{title}}, please"))
        git("commit", "-q", "-a", "-m", "second")
        golden.write_text(golden.read_text() + "  - {id: e-new, prompt: ask, vars: {title: New}}\n")
        report = self.compare("rev:HEAD~1", "rev:HEAD")
        self.assertEqual(report["compared"], ENTRIES + 1)
        self.assertEqual(report["changed_prompts"], ENTRIES + 1)
        self.assertIn("nowhere", self.run_it("rev:nowhere", "rev:HEAD", status=2).stderr)

    def test_filter_and_fail_if_worse(self):
        self.configure({"fair": longer})
        self.two_sides()
        report = self.compare("a.jsonl", "b.jsonl", "--filter", "ja")
        self.assertEqual(report["compared"], ENTRIES // 2)
        self.compare("b.jsonl", "a.jsonl", "--judge", "fair", "--fail-if-worse", status=1)
        self.compare("a.jsonl", "b.jsonl", "--judge", "fair", "--fail-if-worse")


if __name__ == "__main__":
    unittest.main()
