# SPDX-License-Identifier: Apache-2.0
"""HTML reports in a browser: sorting, filters, keys, themes, paper, phones, and texts that would run if they could.

Pages come from made-up runs (report/runs.py) through build/tests/unit/report/render_report; report/look.mjs looks at
them in Chromium, which `scripts/setup browser` installs. ASSAY_SHOTS names a folder for pictures."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("ASSAY_BUILD", ROOT / "build"))
ASSAY = os.path.abspath(os.environ.get("ASSAY_BIN", BUILD / "assay"))
HERE = pathlib.Path(__file__).resolve().parent / "report"
MODULES = pathlib.Path(subprocess.run([ROOT / "scripts/setup", "--where"], capture_output=True, text=True,
                                      check=True).stdout.strip()) / "browser"
RENDER = BUILD / "tests/unit/report/render_report"
PAST = ["940000", "931000", "945000", "938000", "941000", "929000"]

sys.path.insert(0, str(HERE))
import runs  # noqa: E402


def render(run, *past):
    done = subprocess.run([RENDER, "html", *past], input=json.dumps(run).encode("utf-8", "surrogatepass"),
                          capture_output=True, timeout=120, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{RENDER} ended with {done.returncode}: {done.stderr.decode()[:2000]}")
    return done.stdout


def compare(folder):
    """The page of a comparison, where the program is there to make one."""
    if not os.path.exists(ASSAY):
        return
    other = runs.ordinary()
    for each in other["entries"][:2]:
        each |= {"samples": [runs.sample(runs.ENGLISH, 0.9)], "failed": [], "passed": True}
    with tempfile.TemporaryDirectory() as work:
        for name, run in (("a", runs.ordinary()), ("b", other)):
            pathlib.Path(work, f"{name}.json").write_text(json.dumps(run), encoding="utf-8")
        done = subprocess.run([ASSAY, "compare", "a.json", "b.json", "--format", "html"], cwd=work, capture_output=True,
                              timeout=120, check=False)
        if done.returncode != 0:
            raise AssertionError(f"assay compare ended with {done.returncode}: {done.stderr.decode()[:2000]}")
        pathlib.Path(folder, "comparison.html").write_bytes(done.stdout)


class Pages(unittest.TestCase):
    def test_pages_in_a_browser(self):
        for needed, what in ((shutil.which("node"), "node"), (shutil.which("chromium"), "chromium"),
                             ((MODULES / "node_modules/axe-core").exists(), "axe-core")):
            if not needed:
                self.skipTest(f"there is no {what}; scripts/setup browser installs it")
        if not RENDER.exists():
            self.skipTest(f"{RENDER} is not built")
        with tempfile.TemporaryDirectory() as folder:
            for name, run in runs.all_runs().items():
                pathlib.Path(folder, f"{name}.html").write_bytes(render(run, *PAST))
            compare(folder)
            shots = [os.environ["ASSAY_SHOTS"]] if "ASSAY_SHOTS" in os.environ else []
            done = subprocess.run(["node", HERE / "look.mjs", folder, MODULES, *shots], capture_output=True, text=True,
                                  timeout=600, check=False)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        found = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertGreater(len(found), 10)
        for look in found:
            with self.subTest(look["name"]):
                self.assertTrue(look["ok"], look["detail"])

    def test_a_page_is_the_same_for_the_same_run(self):
        if not RENDER.exists():
            self.skipTest(f"{RENDER} is not built")
        self.assertEqual(render(runs.ordinary()), render(runs.ordinary()))


if __name__ == "__main__":
    unittest.main()
