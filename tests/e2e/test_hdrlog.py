# SPDX-License-Identifier: Apache-2.0
"""Interval logs against the Python port of HdrHistogram: each reads what the other wrote.

Needs `pip install hdrhistogram` (skipped without it); our side is the test program
tests/unit/wire/hdrlog_peer of the build, ASSAY_BUILD, by default build/.
"""

import io
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

try:
    from hdrh.histogram import HdrHistogram
    from hdrh.log import HistogramLogReader, HistogramLogWriter
except ImportError:
    HdrHistogram = None

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PEER = pathlib.Path(os.environ.get("ASSAY_BUILD", ROOT / "build")) / "tests/unit/wire/hdrlog_peer"
HOUR_MICRO = 3600000000
SEED = 20261123


def draw(rng, highest):
    """Values over every power of 2, some of them often."""
    return [(min(rng.getrandbits(rng.randint(1, highest.bit_length())), highest),
             rng.choice([1, 1, 1, 2, 1000, 1 << 30])) for _ in range(rng.randint(1, 400))]


def figures(histogram):
    """What hdrlog_peer prints of it, percentiles by nearest rank."""
    total = histogram.get_total_count()
    ranks = [max(1, -(-share * total // 1000)) for share in (500, 990, 999)]
    at = [histogram.get_value_at_percentile(100.0 * rank / total) for rank in ranks]
    return [total, histogram.get_min_value(), histogram.get_max_value(), *at]


def peer(*arguments, text):
    done = subprocess.run([str(PEER), *arguments], input=text, capture_output=True, text=True,
                          timeout=60)
    if done.returncode:
        raise AssertionError(f"hdrlog_peer {arguments}: {done.stderr}")
    return done.stdout


@unittest.skipIf(HdrHistogram is None, "the Python package hdrhistogram is not installed")
@unittest.skipUnless(PEER.exists(), f"there is no {PEER}")
class IntervalLogs(unittest.TestCase):
    def rounds(self):
        rng = random.Random(SEED)
        for number in range(20):
            highest = rng.choice([2047, 1000000, HOUR_MICRO, 1 << 50])
            with self.subTest(seed=SEED, round=number, highest=highest):
                yield highest, draw(rng, highest)

    def test_the_port_reads_what_we_write(self):
        for highest, values in self.rounds():
            log = peer("write", str(highest), text="\n".join(f"{v} {n}" for v, n in values))
            expected = HdrHistogram(1, highest, 3)
            for value, count in values:
                self.assertTrue(expected.record_value(value, count))
            with tempfile.NamedTemporaryFile("w", suffix=".hlog") as file:
                file.write(log)
                file.flush()
                reader = HistogramLogReader(file.name, HdrHistogram(1, highest, 3))
                read = reader.get_next_interval_histogram()
                self.assertEqual(reader.get_start_time_sec(), 1795000000.123)
                self.assertIsNone(reader.get_next_interval_histogram())
                reader.close()
            self.assertEqual(read.get_tag(), "peer")
            self.assertEqual(list(read.counts), list(expected.counts))
            self.assertEqual(figures(read), figures(expected))

    def test_we_read_what_the_port_writes(self):
        for highest, values in self.rounds():
            written = HdrHistogram(1, highest, 3)
            for value, count in values:
                self.assertTrue(written.record_value(value, count))
            out = io.StringIO()
            writer = HistogramLogWriter(out)
            writer.output_log_format_version()
            writer.output_legend()
            writer.output_interval_histogram(written, 0.127, 1.134)
            read = peer("read", text=out.getvalue()).split()
            decoded = HdrHistogram.decode(written.encode())
            self.assertEqual(read[:3], ["[]", "127", "1007"])
            self.assertEqual([int(word) for word in read[3:9]], figures(decoded))
            self.assertAlmostEqual(float(read[9]) / decoded.get_mean_value(), 1, places=9)


if __name__ == "__main__":
    unittest.main()
