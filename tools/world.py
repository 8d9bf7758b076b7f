#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""world: plays thousands of simulated histories on all processors; `make world` calls it.

    tools/world.py --program build/tests/world/world_run [--first 1] [--count 5000] [--jobs 2]

Half of its word is what did not hold, with the command that plays it again; the other half is what
was met, since histories in which nothing went wrong would prove nothing. Status 1 where a history
did not hold, or where a kind of fault was never met.
"""

import argparse
import json
import os
import subprocess
import sys
import time

# A run of some hundred histories that met none of one of these is a run that tests too little.
MUST_BE_MET = ("refused", "hung", "resets", "cuts", "spikes", "lost", "cut_off", "timed_out",
               "vanished", "slow", "found_dead", "lookups_failed", "other_address", "throttled")
MANY = 500


def shares(first, count, jobs):
    """The seeds of each process: (first, count)."""
    at = first
    for job in range(jobs):
        size = count // jobs + (1 if job < count % jobs else 0)
        if size:
            yield at, size
        at += size


def play(program, grain, first, count, jobs):
    """Runs them side by side; the sums, or None where something did not hold."""
    runs = [subprocess.Popen([program, *grain, "--first", str(a), "--count", str(n)],
                             stdout=subprocess.PIPE, text=True)
            for a, n in shares(first, count, jobs)]
    outputs = [run.communicate()[0] for run in runs]
    held = True
    sums = {}
    for run, output in zip(runs, outputs):
        if run.returncode != 0:
            print(output.rstrip() or f"{program} ended with status {run.returncode}")
            held = False
        else:
            add(sums, json.loads(output.splitlines()[-1]))
    return sums if held else None


def add(sums, figures):
    for name, value in figures.items():
        if isinstance(value, dict):
            add(sums.setdefault(name, {}), value)
        else:
            sums[name] = sums.get(name, 0) + value


def tell(title, sums, seconds):
    hours = sums["virtual_s"] / 3600
    print(f"{title}: {sums['histories']:,} histories, {hours:,.0f} virtual hours in {seconds:.0f} s"
          f" ({hours / seconds:.1f} hours a second), {sums['questions']:,} questions,"
          f" {sums['events']:,} events, every one of them checked")
    skip = ("histories", "real_s", "virtual_s", "questions", "events", "checks", "outcomes")
    met = [f"{name} {value:,}" for name, value in sums.items() if name not in skip and value]
    print("  met: " + ", ".join(met))
    ends = [f"{name} {value:,}" for name, value in sums["outcomes"].items()]
    print("  ends: " + ", ".join(ends))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    status = 0
    for title, grain, factor in (("messages", ["--messages"], 4), ("bytes", [], 1)):
        began = time.monotonic()
        sums = play(options.program, grain, options.first, options.count * factor, options.jobs)
        if sums is None:
            return 1
        tell(title, sums, time.monotonic() - began)
        missed = [name for name in MUST_BE_MET if not sums[name]]
        if not grain and options.count >= MANY and missed:
            print("  never met: " + ", ".join(missed))
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
