# SPDX-License-Identifier: Apache-2.0
"""The short form of `make accuracy`: the figures are computed rightly, and docs/accuracy.md says what is
measured today, in every section that needs no embedding model."""

import os
import pathlib
import random
import subprocess
import sys
import unittest

import scipy.stats

ROOT = pathlib.Path(os.environ.get("ASSAY_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(ROOT / "tools" / "accuracy"))
import measure

SECTIONS = ("language", "ifeval", "fluency", "personal", "injection", "support")


class Figures(unittest.TestCase):
    def setUp(self):
        source = random.Random(7)
        self.a = [source.randrange(12) for _ in range(300)]
        self.b = [value + source.gauss(0, 4) for value in self.a]

    def test_rank_correlation_is_scipys(self):
        self.assertAlmostEqual(measure.spearman(self.a, self.b), scipy.stats.spearmanr(self.a, self.b).statistic, 12)

    def test_auroc_is_the_mann_whitney_share(self):
        high, low = self.a[:120], self.a[120:]
        u = scipy.stats.mannwhitneyu(high, low).statistic
        self.assertAlmostEqual(measure.auroc(high, low), u / (len(high) * len(low)), 12)

    def test_wilsons_interval_is_scipys(self):
        for hits, count in ((0, 10), (7, 9), (95, 100), (400, 400)):
            interval = scipy.stats.binomtest(hits, count).proportion_ci(0.95, method="wilson")
            for mine, other in zip(measure.wilson(hits, count), interval):
                self.assertAlmostEqual(mine, other, 9)

    def test_a_bootstrap_covers_what_it_should(self):
        low, high = measure.bootstrap(lambda sample: sum(sample) / len(sample), self.a)
        self.assertTrue(low < sum(self.a) / len(self.a) < high)

    def test_halves_are_halves_and_never_change(self):
        halves = [measure.half(f"key {i}") for i in range(2000)]
        self.assertTrue(900 < halves.count("report") < 1100)
        self.assertEqual([measure.half(key) for key in ("a", "b", "漫画")], ["develop", "develop", "report"])

    def test_a_missed_target_is_marked(self):
        self.assertEqual(measure.verdict(0.94, 0.95), "≥ .95 **missed**")
        self.assertEqual(measure.verdict(0.95, 0.95), "≥ .95")
        self.assertEqual(measure.verdict(0.02, 0.01, at_most=True), "≤ .01 **missed**")


class Documentation(unittest.TestCase):
    def test_docs_say_what_is_measured(self):
        if not measure.shared().is_dir():
            self.skipTest(f"{measure.shared()}: the public test data is not here; set ASSAY_SHARED")
        done = subprocess.run([sys.executable, ROOT / "tools" / "accuracy", "--only", *SECTIONS, "--check",
                               ROOT / "docs" / "accuracy.md"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])


if __name__ == "__main__":
    unittest.main()
