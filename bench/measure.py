# SPDX-License-Identifier: Apache-2.0
"""measure: what a command takes, for benches in Python; measure.c says how it is found out."""

import json
import os
import pathlib
import statistics
import subprocess
import sys

MIB = 1 << 20


def program():
    """The measuring program, built where the product was."""
    build = pathlib.Path(os.environ.get("ASSAY_BUILD", "build"))
    done = subprocess.run(["ninja", "-C", build, "bench/measure"], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"bench/measure cannot be built: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return str((build / "bench/measure").resolve())


def measure(measuring, command, folder, env=None):
    """wall and cpu in seconds, rss in bytes, status; its output is in folder/output."""
    with open(folder / "output", "wb") as out:
        done = subprocess.run([measuring, *command], cwd=folder, stdout=out, stdin=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, env=env, check=False)
        out.write(done.stderr)
    lines = done.stderr.decode(errors="replace").splitlines()
    if done.returncode or not lines:
        sys.exit(f"{command[0]} cannot be measured: {lines}")
    return json.loads(lines[-1])


def middle(runs):
    """Medians of several runs."""
    return {key: statistics.median(run[key] for run in runs) for key in ("wall", "cpu", "rss")}


def said(folder):
    return (folder / "output").read_text(errors="replace")[-2000:]


def show(name, figures):
    print(f"{name:28} {figures['wall']:8.3f} s wall {figures['cpu']:8.3f} s CPU "
          f"{figures['rss'] / MIB:7.1f} MiB")


def verdict(target, met):
    print(f"target {target}: {'met' if met else 'missed'}")
