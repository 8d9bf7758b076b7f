# SPDX-License-Identifier: Apache-2.0
"""The short form of tools/power: losses are found, unchanged prompts pass."""

import os
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(os.environ.get("ASSAY_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
sys.path[:0] = [str(ROOT / "tools/power"), str(ROOT / "tools/accuracy")]
import measure
import real
import simulator

UNCHANGED = 40
# Taking these out changes nothing that the golden set could see: the task of the question itself says
# it, or another instruction does.
UNSEEN = ("Greet the customer", "Look the manga up", "Return only the JSON")


class Simulator(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="assay-power-")
        cls.lab = simulator.Lab(cls.folder.name, "tfidf")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_unchanged_prompts_pass(self):
        outcomes = self.lab.run(simulator.unchanged_jobs(UNCHANGED))
        alarms = [o for o in outcomes if o.status != 0]
        self.assertEqual(len(outcomes), UNCHANGED)
        self.assertEqual(alarms, [])

    def test_every_kind_of_defect_is_found(self):
        for outcome in self.lab.run(simulator.defect_jobs(1, rates=(0.5, 1.0))):
            with self.subTest(defect=outcome.job.defect):
                self.assertIn(outcome.status, simulator.FOUND)

    def test_a_lost_instruction_is_found(self):
        outcomes = self.lab.run(simulator.prompt_jobs(1))
        self.assertGreater(len(outcomes), 15)
        for outcome in outcomes:
            text = outcome.job.without.text.strip()
            with self.subTest(instruction=text):
                if not text.startswith(UNSEEN):
                    self.assertIn(outcome.status, simulator.FOUND)


class RealAnswers(unittest.TestCase):
    """Recorded answers of real models: what fell is found, what only varied is not."""

    def setUp(self):
        self.data = measure.shared()
        if not self.data.is_dir():
            self.skipTest(f"{self.data}: the public test data is not here")
        self.folder = tempfile.TemporaryDirectory(prefix="assay-power-")
        self.addCleanup(self.folder.cleanup)
        self.project = real.Project(simulator.ASSAY, self.folder.name, {"embedding": "none", "gate": "statistics"})

    def alarms(self, load, before, now, drawing, trials):
        entries, models = load(self.data)
        drawn = real.draw(self.project, entries, "short form", 60, drawing, (models[before], models[now]), trials)
        return sum(drawn.ours)

    def test_the_fall_of_gpt_4_is_found(self):
        self.assertGreaterEqual(self.alarms(real.prime, "gpt-4-0314", "gpt-4-0613", real.fall, 20), 16)

    def test_chance_raises_few_alarms(self):
        self.assertLessEqual(self.alarms(real.prime, "gpt-4-0314", "gpt-4-0613", real.null, 20), 4)
        self.assertLessEqual(self.alarms(real.opinion, "gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613", real.fall, 20), 2)


if __name__ == "__main__":
    unittest.main()
