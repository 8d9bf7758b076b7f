# SPDX-License-Identifier: Apache-2.0
"""Shards under the runners that number them: a Slurm array and Open MPI ranks of this machine. Each process
finds its part by --shard auto, and the reports join into the run that one process makes.

Skips, saying so, where the runner is not installed or cannot be started here."""
import getpass
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.environ.get("ASSAY_BIN", str(ROOT / "build" / "assay"))
SHARDS = 3


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def project(folder):
    entries = [{"prompts": {"p": {"text": "Tell of {{thing}}"}}}]
    entries += [{"id": f"e{i}", "prompt": "p", "vars": {"thing": f"thing {i}"}, "expect": {"keywords": ["is"]}}
                for i in range(7)]
    (folder / "golden.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    answers = [{"id": f"e{i}", "response": f"thing {i} is here" if i % 3 else "nothing"} for i in range(7)]
    (folder / "now.jsonl").write_text("".join(json.dumps(answer) + "\n" for answer in answers))
    (folder / "assay.yaml").write_text("suites: {s: {golden: golden.jsonl, target: sim, embedding: none}}\n")


def facts(path):
    report = json.loads(path.read_text())
    for key in ("run", "started", "elapsed_ms", "provenance"):
        report.pop(key, None)
    return report


class Shards(unittest.TestCase):
    def setUp(self):
        self.keeper = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.keeper.name)
        project(self.folder)

    def tearDown(self):
        self.keeper.cleanup()

    def joins(self):
        def assay(*words):
            return subprocess.run([BIN, *words], cwd=self.folder, capture_output=True, text=True, timeout=60)
        assay("test", "--responses", "now.jsonl", "-o", "json=whole.json")
        joined = assay("merge", *(f"{i}.json" for i in range(SHARDS)), "-o", "json=joined.json")
        self.assertEqual(joined.returncode, 1, joined.stderr)
        self.assertEqual(facts(self.folder / "joined.json"), facts(self.folder / "whole.json"))

    def test_ranks_of_open_mpi_join_into_the_whole(self):
        if shutil.which("mpirun") is None:
            self.skipTest("mpirun is not installed (apt install openmpi-bin)")
        script = f'"{BIN}" test --responses now.jsonl --shard auto -o json=$OMPI_COMM_WORLD_RANK.json -q; true'
        run = subprocess.run(["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", str(SHARDS),
                              "sh", "-c", script], cwd=self.folder, capture_output=True, text=True, timeout=120)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.joins()

    def test_tasks_of_a_slurm_array_join_into_the_whole(self):
        if shutil.which("sbatch") is None or shutil.which("slurmctld") is None:
            self.skipTest("Slurm is not installed (apt install slurm-wlm munge)")
        if os.geteuid() != 0:
            self.skipTest("starting Slurm's daemons takes root")
        with Slurm(self.folder) as slurm:
            if not slurm.works():
                self.skipTest("Slurm does not come up here: " + slurm.why)
            script = self.folder / "job.sh"
            script.write_text(f'#!/bin/sh\n#SBATCH --array=1-{SHARDS}\n#SBATCH --output=/dev/null\n'
                              f'cd {self.folder}\n"{BIN}" test --responses now.jsonl --shard auto '
                              "-o json=$((SLURM_ARRAY_TASK_ID - 1)).json -q\ntrue\n")
            slurm.command("sbatch", "--wait", str(script), timeout=120)
        self.joins()


class Slurm:
    """munge, slurmctld and slurmd with folders and ports of their own."""

    def __init__(self, folder):
        self.folder = folder / "slurm"
        self.processes = []
        self.why = ""

    def __enter__(self):
        self.folder.mkdir()
        host = socket.gethostname().split(".")[0]
        control, node = free_port(), free_port()
        socket_path = pathlib.Path("/run/munge/munge.socket.2")
        if not socket_path.exists():
            pathlib.Path("/run/munge").mkdir(exist_ok=True)
            shutil.chown("/run/munge", "munge", "munge")
            self.start("runuser", "-u", "munge", "--", "munged", "-F")
        conf = self.folder / "slurm.conf"
        conf.write_text(f"""ClusterName=assay
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
SlurmUser={getpass.getuser()}
SlurmctldPort={control}
SlurmdPort={node}
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool
SlurmctldPidFile={self.folder}/ctld.pid
SlurmdPidFile={self.folder}/slurmd.pid
SlurmctldLogFile={self.folder}/ctld.log
SlurmdLogFile={self.folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SwitchType=switch/none
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
""")
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        self.environment = dict(os.environ, SLURM_CONF=str(conf))
        self.start("slurmctld", "-D")
        self.start("slurmd", "-D")
        return self

    def __exit__(self, *error):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()

    def start(self, *words):
        environment = getattr(self, "environment", os.environ)
        self.processes.append(subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL,
                                               stderr=subprocess.DEVNULL))

    def command(self, *words, timeout=20):
        return subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=timeout)

    def works(self):
        for _ in range(60):
            shown = self.command("sinfo", "-h", "-o", "%T")
            if shown.stdout.strip().startswith("idle"):
                return True
            self.why = (shown.stdout + shown.stderr).strip()[-200:]
            time.sleep(0.5)
        return False


if __name__ == "__main__":
    unittest.main()
