#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_html: the HTML report of a large run: how large it is, how long writing takes, how soon a browser has it ready.

Runs are made up (tests/e2e/report/runs.py): three answers and three accepted answers an entry, each of some 400
characters. Ready is the end of DOMContentLoaded in Chromium, script included, median of five loads; sorting and
searching are timed to the next frame. Targets: 1,000 entries in 5 MB, ready in 1 s.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from measure import verdict

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("ASSAY_BUILD", ROOT / "build"))
RENDER = BUILD / "tests/unit/report/render_report"
MODULES = pathlib.Path(subprocess.run([ROOT / "scripts/setup", "--where"], capture_output=True, text=True,
                                      check=True).stdout.strip()) / "browser"
SIZES = (100, 1000, 10000)
LOADS = 5

sys.path.insert(0, str(ROOT / "tests/e2e/report"))
import runs  # noqa: E402


def write(run, page):
    text = json.dumps(run).encode()
    start = time.monotonic()
    with open(page, "wb") as out:
        subprocess.run([RENDER, "html"], input=text, stdout=out, check=True)
    return time.monotonic() - start


def load(page):
    done = subprocess.run(["node", ROOT / "bench/html_load.mjs", page, MODULES, str(LOADS)], capture_output=True,
                          text=True, check=False)
    if done.returncode:
        sys.exit(f"the page cannot be loaded: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def main():
    if not MODULES.exists():
        sys.exit("there is no browser to measure with; 'scripts/setup browser' installs it")
    subprocess.run(["ninja", "-C", BUILD, "tests/unit/report/render_report"], check=True, capture_output=True)
    with tempfile.TemporaryDirectory() as folder:
        for count in SIZES:
            page = pathlib.Path(folder) / "page.html"
            seconds = write(runs.large(count), page)
            size, times = page.stat().st_size, load(page)
            print(f"{count:6} entries  {size / 1e6:6.2f} MB  read and written in {seconds:5.2f} s  ready in "
                  f"{times['interactive']:6.0f} ms  sorted in {times['sort']:5.0f} ms  searched in "
                  f"{times['search']:5.0f} ms")
            if count == 1000:
                met = size <= 5e6 and times["interactive"] <= 1000
    verdict("1,000 entries: 5 MB, ready in 1 s", met)


if __name__ == "__main__":
    main()
