# SPDX-License-Identifier: Apache-2.0
"""`assay doctor --calibrate` with real requests: embedding models of Bedrock and OpenAI's form, from the
simulator; and golden runs that compare by them."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("ASSAY_BIN", str(ROOT / "build" / "assay"))
MARK = "assay sim: listening on "
TITLES = ("鬼滅の刃", "呪術廻戦", "ONE PIECE", "スパイファミリー", "進撃の巨人", "葬送のフリーレン", "NARUTO", "ブリーチ")
SUBJECTS = ("鬼を倒す剣士の物語", "呪いと戦う高校生の話", "海賊王を目指す冒険", "家族になりすますスパイの喜劇",
            "巨人と人類の戦い", "魔法使いの長い旅", "忍者の少年の成長", "死神の力を得た少年の戦い")
TARGETS = {
    "titan": {"kind": "bedrock", "model": "amazon.titan-embed-text-v2:0"},
    "cohere": {"kind": "bedrock", "model": "cohere.embed-multilingual-v3"},
    "openai": {"kind": "openai", "model": "text-embedding-3-small"},
}
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true",
        "OPENAI_API_KEY": "sk-test"}


def answers(index):
    """Three acceptable answers to one question."""
    title, subject = TITLES[index], SUBJECTS[index]
    return [f"『{title}』は{subject}です。全巻の在庫がございます。",
            f"{subject}を描いた『{title}』をおすすめします。全巻そろっております。",
            f"おすすめは{title}です。{subject}で、全巻の在庫があります。"]


class Calibrate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = subprocess.Popen([PROGRAM, "sim", "--listen", "127.0.0.1:0", "--latency", "none"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.url = cls.sim.stdout.readline()[len(MARK):].strip()

    @classmethod
    def tearDownClass(cls):
        cls.sim.send_signal(signal.SIGTERM)
        cls.sim.wait(timeout=10)
        cls.sim.stdout.close()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="assay-calibrate-")

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, calibration=None):
        target = dict(TARGETS[name], region="us-east-1")
        if name == "openai":
            target = dict(TARGETS[name], url=self.url + "/v1")
        else:
            target["endpoint"] = self.url
        if calibration:
            target["calibration"] = calibration
        folder = pathlib.Path(self.folder.name)
        config = {"targets": {name: target},
                  "suites": {"shop": {"golden": "golden.yaml", "target": "sim", "embedding": name}}}
        golden = {"prompts": {"ask": {"text": "{{q}}"}},
                  "entries": [{"id": f"e{i}", "prompt": "ask", "vars": {"q": title}}
                              for i, title in enumerate(TITLES)]}
        (folder / "assay.yaml").write_text(json.dumps(config, ensure_ascii=False))
        (folder / "golden.yaml").write_text(json.dumps(golden, ensure_ascii=False))
        (folder / "accepted.jsonl").write_text("".join(
            json.dumps({"id": f"e{i}", "responses": answers(i)}, ensure_ascii=False) + "\n"
            for i in range(len(TITLES))))

    def run_assay(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], cwd=self.folder.name, capture_output=True, text=True,
                              env=dict(os.environ, **KEYS), check=False, timeout=60)

    def test_every_api_is_calibrated_on_accepted_answers(self):
        for name in TARGETS:
            with self.subTest(target=name):
                self.write(name)
                done = self.run_assay("baseline", "--responses", "accepted.jsonl")
                self.assertEqual(done.returncode, 0, done.stderr)
                done = self.run_assay("doctor", "--calibrate")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertIn("nine in ten accepted variants", done.stdout)
                self.assertRegex(done.stdout, r"calibration: \{slope: [\d.]+, middle: -?[\d.]+\}")
                higher = float(re.search(r"higher in ([\d.]+) %", done.stdout).group(1))
                self.assertGreater(higher, 90)
                done = self.run_assay("test", "--responses", "accepted.jsonl", "--format", "json")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertGreater(json.loads(done.stdout)["entries"][0]["scores"]["similarity"], 0.75)

    def test_a_stated_map_is_used_and_another_one_refused(self):
        self.write("titan")
        self.run_assay("baseline", "--responses", "accepted.jsonl")
        found = re.search(r"slope: ([\d.]+), middle: (-?[\d.]+)",
                          self.run_assay("doctor", "--calibrate").stdout)
        stated = {"slope": float(found.group(1)), "middle": float(found.group(2))}
        self.write("titan", stated)
        done = self.run_assay("test", "--responses", "accepted.jsonl")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--rescore", done.stderr)
        self.assertEqual(self.run_assay("baseline", "--rescore").returncode, 0)
        self.assertEqual(self.run_assay("test", "--responses", "accepted.jsonl").returncode, 0)
        self.write("titan", dict(stated, slope=stated["slope"] + 1))
        self.assertEqual(self.run_assay("test", "--responses", "accepted.jsonl").returncode, 2)

    def test_a_model_that_does_not_embed_is_refused_with_those_that_do(self):
        self.write("titan")
        path = pathlib.Path(self.folder.name, "assay.yaml")
        path.write_text(path.read_text().replace("amazon.titan-embed-text-v2:0", "amazon.nova-lite-v1:0"))
        done = self.run_assay("baseline", "--responses", "accepted.jsonl")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("titan-embed", done.stderr)

    def test_without_a_suite_that_embeds_by_a_target_it_says_so(self):
        done = self.run_assay("doctor", "--calibrate")
        self.assertEqual(done.returncode, 2)
        self.assertIn("come with the program", done.stdout)


if __name__ == "__main__":
    unittest.main()
