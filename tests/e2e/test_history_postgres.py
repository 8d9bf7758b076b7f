#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The history in a real PostgreSQL: runs from several processes at once, listed, shown and pruned; a server that goes
down before the run is kept costs the run's place in the history, not its report. The password is never printed.

Skips where PostgreSQL is not installed.
"""

import glob
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ASSAY = pathlib.Path(os.environ.get("ASSAY_BIN", ROOT / "build" / "assay"))
PASSWORD = "n0t/print:ed"
ENVIRONMENT = dict(os.environ, HISTORY_PASSWORD=PASSWORD.replace("/", "%2F").replace(":", "%3A"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A cluster of its own, as a user of its own, on loopback."""

    def __init__(self, binaries, folder):
        self.binaries, self.data, self.port = binaries, folder / "data", free_port()
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.folder = folder
        os.chmod(folder, 0o777)
        secret = folder / "secret"
        secret.write_text(PASSWORD + "\n")
        os.chmod(secret, 0o644)
        self.call("initdb", "-D", self.data, "-U", "assay", "-E", "UTF8", "--locale=C", "--no-sync",
                  "-A", "scram-sha-256", f"--pwfile={secret}")
        self.start()

    def who(self):
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}

    def call(self, program, *arguments):
        subprocess.run([self.binaries / program, *map(str, arguments)], check=True, capture_output=True, **self.who())

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.data, "-k", self.folder, "-p", str(self.port),
                 "-c", "listen_addresses=127.0.0.1"], stdout=log, stderr=log, **self.who())
        for _ in range(600):
            asked = [self.binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
            if subprocess.run(asked, check=False).returncode == 0:
                return
            time.sleep(.05)
        raise AssertionError("PostgreSQL did not start: " + (self.folder / "log").read_text())

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


def assay(folder, *arguments, expect=0):
    done = subprocess.run([ASSAY, *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True,
                          timeout=120, check=False)
    assert PASSWORD not in done.stdout + done.stderr and "n0t" not in done.stderr, "the password was printed"
    assert done.returncode == expect, f"{arguments}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout, done.stderr


def project(folder, port):
    (folder / "golden.yaml").write_text(
        "prompts:\n  greet: {text: 'Greet {{name}}'}\nentries:\n"
        '  - {id: "鬼滅 | 1", prompt: greet, vars: {name: Aki}}\n', encoding="utf-8")
    (folder / "assay.yaml").write_text(
        f'history: "postgres://assay:${{HISTORY_PASSWORD}}@127.0.0.1:{port}/postgres"\n'
        "suites: {shop: {golden: golden.yaml, target: sim, embedding: none}}\n")


def check(server, folder):
    project(folder, server.port)
    running = [subprocess.Popen([ASSAY, "test", "--quiet"], cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
               for _ in range(5)]
    for process in running:
        assert process.wait(120) == 0
    listed = json.loads(assay(folder, "history", "-f", "json")[0])
    assert len(listed["runs"]) == 5
    assert listed["source"] == f"postgres://assay@127.0.0.1:{server.port}/postgres"
    order = [run["sequence"] for run in listed["runs"]]
    assert order == sorted(order, reverse=True)
    whole = json.loads(assay(folder, "history", "export", "@last")[0])
    assert whole["entries"][0]["id"] == "鬼滅 | 1" and whole["run"] == listed["runs"][0]["run"]
    assert "鬼滅 | 1" in assay(folder, "history", "--entry", "鬼滅 | 1")[0]
    assert "3 runs deleted" in assay(folder, "history", "prune", "--keep", "2")[0]
    assert not (folder / ".assay" / "history.db").exists()
    server.stop()
    out, err = assay(folder, "test", expect=3)
    assert "PASS" in out and "cannot connect" in err, err
    server.start()
    assert len(json.loads(assay(folder, "history", "-f", "json")[0])["runs"]) == 2


class History(unittest.TestCase):
    def test_runs_of_several_processes_are_kept_in_postgresql(self):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb") + glob.glob("/usr/pgsql-*/bin/initdb"))
        if not found:
            self.skipTest("PostgreSQL is not installed (apt-get install postgresql)")
        work = pathlib.Path(tempfile.mkdtemp(prefix="assay-pg-"))
        server = Server(pathlib.Path(found[-1]).parent, work)
        try:
            with tempfile.TemporaryDirectory(prefix="assay-history-") as folder:
                check(server, pathlib.Path(folder))
        finally:
            if server.process.poll() is None:
                server.stop()
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    unittest.main()
