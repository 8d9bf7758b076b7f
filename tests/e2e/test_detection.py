# SPDX-License-Identifier: Apache-2.0
"""The short form of bench/detection.py: losses are found, unchanged prompts pass."""

import os
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(os.environ.get("ASSAY_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(ROOT / "bench"))
import detection

UNCHANGED = 40
# Taking these out changes nothing that the golden set could see: the task of the question itself says
# it, or another instruction does.
UNSEEN = ("Greet the customer", "Look the manga up", "Return only the JSON")


class Detection(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="assay-detection-")
        cls.lab = detection.Lab(cls.folder.name, "tfidf")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_unchanged_prompts_pass(self):
        outcomes = self.lab.run(detection.unchanged_jobs(UNCHANGED))
        alarms = [o for o in outcomes if o.status != 0]
        self.assertEqual(len(outcomes), UNCHANGED)
        self.assertEqual(alarms, [])

    def test_every_kind_of_defect_is_found(self):
        for outcome in self.lab.run(detection.defect_jobs(1, rates=(0.5, 1.0))):
            with self.subTest(defect=outcome.job.defect):
                self.assertIn(outcome.status, detection.FOUND)

    def test_a_lost_instruction_is_found(self):
        outcomes = self.lab.run(detection.prompt_jobs(1))
        self.assertGreater(len(outcomes), 15)
        for outcome in outcomes:
            text = outcome.job.without.text.strip()
            with self.subTest(instruction=text):
                if not text.startswith(UNSEEN):
                    self.assertIn(outcome.status, detection.FOUND)


if __name__ == "__main__":
    unittest.main()
