#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_connections: what a request costs, as a client and as a server, over HTTP/1.1, HTTP/2, TLS.

As a client: `ask`, the whole way of an assay target (call machine, pool, net), against nginx, beside
wrk (HTTP/1.1) and libcurl's multi interface. As a server: `assay sim` beside nginx, asked by wrk and
h2load for an answer of about the same size. CPU is user and system time of that process alone; the
other side's is not counted. A new TLS connection, a resumed one and a reused one are compared, and a
steady minute shows how many requests went over a connection that was there.
Every server is on loopback, started and ended here.
"""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from measure import verdict

ASSAY = os.environ["ASSAY_BIN"]
BUILD = pathlib.Path(os.environ.get("ASSAY_BUILD", "build"))
IN_FLIGHT = 64
CLIENT_REQUESTS = 100_000
SERVER_SECONDS = 4
FRESH = 2_000
IDLE = 10_000
RATE = 60  # requests a second: this product's peak
STEADY_SECONDS = int(os.environ.get("BENCH_STEADY_SECONDS", "60"))
TICK = os.sysconf("SC_CLK_TCK")


def build(*names):
    done = subprocess.run(["ninja", "-C", BUILD, *(f"bench/{name}" for name in names)],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{names} cannot be built: {done.stdout[-2000:]}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_s(pid):
    """User and system seconds of a process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def wait_for(port):
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


def make_certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-addext", "basicConstraints=critical,CA:TRUE",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)


class Nginx:
    """One worker, no access log: HTTP/1.1, h2c, TLS with HTTP/1.1 and with h2."""

    def __init__(self, folder, body):
        self.ports = {kind: free_port() for kind in ("http1", "h2c", "https1", "https2", "forgets")}
        (folder / "page").write_bytes(body)
        tls = f"ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;"
        where = f"root {folder}; default_type text/plain;"
        conf = f"""
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
worker_rlimit_nofile 12000;
events {{ worker_connections 11000; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; open_file_cache max=10;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{self.ports['http1']} backlog=16384; {where} }}
  server {{ listen 127.0.0.1:{self.ports['h2c']} http2; {where} }}
  server {{ listen 127.0.0.1:{self.ports['https1']} ssl; {tls} {where} }}
  server {{ listen 127.0.0.1:{self.ports['https2']} ssl http2; {tls} {where} }}
  server {{ listen 127.0.0.1:{self.ports['forgets']} ssl; {tls} {where}
            ssl_session_tickets off; ssl_session_cache off; }}
}}
"""
        (folder / "nginx.conf").write_text(conf, encoding="ascii")
        self.process = subprocess.Popen(["nginx", "-p", folder, "-c", folder / "nginx.conf"],
                                        stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        for port in self.ports.values():
            wait_for(port)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=10)


class Sim:
    def __init__(self, *options):
        self.process = subprocess.Popen(
            [ASSAY, "sim", "--listen", "127.0.0.1:0", "--latency", "none", *options],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.pid = self.process.pid
        self.url = self.process.stdout.readline().split()[-1]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=10)


def ask(url, requests, in_flight, version, ca, *more):
    done = subprocess.run([BUILD / "bench/ask", url, "/page", str(requests), str(in_flight), version, ca, *more],
                          capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout:
        sys.exit(f"ask: {done.stderr}")
    return json.loads(done.stdout)


def ask_curl(url, requests, in_flight, version, ca, *more):
    done = subprocess.run([BUILD / "bench/ask_curl", f"{url}/page", str(requests), str(in_flight), version, ca,
                           *more], capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout else None


def by_child(command):
    """CPU seconds of a command, and what it printed."""
    before = os.times()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = os.times()
    return (after.children_user + after.children_system) - (before.children_user + before.children_system), \
        done.stdout


def wrk(url, seconds=SERVER_SECONDS):
    cpu, text = by_child(["wrk", "-t1", f"-c{IN_FLIGHT}", f"-d{seconds}s", url])
    return cpu, int(re.search(r"(\d+) requests in", text).group(1))


def h2load(url, seconds=SERVER_SECONDS):
    cpu, text = by_child(["h2load", "-t1", "-c4", "-m16", "-D", str(seconds), url])
    return cpu, int(re.search(r"(\d+) succeeded", text).group(1))


def show(name, us, count=None):
    print(f"  {name:34} {us:7.2f} µs CPU a request" + (f"   ({count:,} requests)" if count else ""))


def as_client(nginx, ca):
    print(f"client: GET of about 500 bytes from nginx, {IN_FLIGHT} in flight, CPU of the client alone")
    kinds = {"http1": ("http", "1", "HTTP/1.1"), "h2c": ("http", "2", "HTTP/2"),
             "https1": ("https", "1", "HTTP/1.1, TLS"), "https2": ("https", "auto", "HTTP/2, TLS")}
    for kind, (scheme, version, name) in kinds.items():
        url = f"{scheme}://localhost:{nginx.ports[kind]}"
        ours = ask(url, CLIENT_REQUESTS, IN_FLIGHT, version, ca)
        assert ours["failed"] == 0, ours
        us = ours["cpu_s"] / CLIENT_REQUESTS * 1e6
        show(f"assay {name}", us, CLIENT_REQUESTS)
        peers = {}
        if kind in ("http1", "https1"):
            cpu, count = wrk(f"{url}/page")
            peers["wrk"] = cpu / count * 1e6
        curl = ask_curl(url, CLIENT_REQUESTS // 4, IN_FLIGHT, "2" if version != "1" else "1", ca)
        if curl is not None and curl["failed"] == 0:
            peers["libcurl multi"] = curl["cpu_s"] / (CLIENT_REQUESTS // 4) * 1e6
        for peer, figure in peers.items():
            show(f"{peer} {name}", figure)
            print(f"  {'':34} ratio {us / figure:.2f}")


def as_server(folder, nginx, ca_options):
    print(f"server: answers of about 500 bytes, {IN_FLIGHT} at once, CPU of the server alone")
    plain, secure = Sim(), Sim(*ca_options)
    try:
        rows = {"HTTP/1.1": (wrk, plain, f"{plain.url}/", "http1", "http"),
                "HTTP/2": (h2load, plain, f"{plain.url}/", "h2c", "http"),
                "HTTP/1.1, TLS": (wrk, secure, f"{secure.url}/", "https1", "https"),
                "HTTP/2, TLS": (h2load, secure, f"{secure.url}/", "https2", "https")}
        for name, (load, sim, url, kind, scheme) in rows.items():
            before = cpu_s(sim.pid)
            _, count = load(url)
            us = (cpu_s(sim.pid) - before) / count * 1e6
            show(f"assay sim {name}", us, count)
            before = cpu_s(nginx.pid)
            _, count = load(f"{scheme}://127.0.0.1:{nginx.ports[kind]}/page")
            peer = (cpu_s(nginx.pid) - before) / count * 1e6
            show(f"nginx {name}", peer, count)
            print(f"  {'':34} ratio {us / peer:.2f}")
    finally:
        plain.stop()
        secure.stop()


def new_and_reused(nginx, ca):
    print("a TLS request on a new, a resumed and a reused connection, one at a time")
    url = f"https://localhost:{nginx.ports['https1']}"
    reused = ask(url, FRESH, 1, "1", ca)
    resumed = ask(url, FRESH, 1, "1", ca, "fresh")
    curl = ask_curl(url, FRESH, 1, "1", ca, "fresh")
    print(f"  {'assay, reused':34} {reused['cpu_s'] / FRESH * 1e6:7.1f} µs CPU, p50 {reused['p50_us']:.0f} µs")
    print(f"  {'assay, new, session resumed':34} {resumed['cpu_s'] / FRESH * 1e6:7.1f} µs CPU, "
          f"p50 {resumed['p50_us']:.0f} µs")
    full = ask(f"https://localhost:{nginx.ports['forgets']}", FRESH, 1, "1", ca, "fresh")
    print(f"  {'assay, new, whole handshake':34} {full['cpu_s'] / FRESH * 1e6:7.1f} µs CPU, "
          f"p50 {full['p50_us']:.0f} µs (a server that forgets sessions)")
    if curl is not None:
        print(f"  {'libcurl, new':34} {curl['cpu_s'] / FRESH * 1e6:7.1f} µs CPU")


def steady(nginx):
    url = f"http://localhost:{nginx.ports['http1']}"
    one = ask(url, RATE * STEADY_SECONDS, 50, "1", "", str(RATE))
    share = one["reused"] / one["checkouts"]
    print(f"reuse: {RATE} requests a second for {STEADY_SECONDS} s: {share:.3%} of {one['checkouts']:,} went over a "
          f"connection that had served before ({one['opened']} were opened)")
    verdict("99 % on a reused connection", share >= 0.99)


def idle(nginx):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit < IDLE + 200:
        print(f"idle: not measured, this process may open {limit} files; raise it by ulimit -n {IDLE + 200}")
        return
    one = ask(f"http://localhost:{nginx.ports['http1']}", IDLE * 2, IDLE, "1", "")
    mb = one["mib"] * 1.048576
    print(f"idle: {one['idle']:,} pooled connections of HTTP/1.1 after two requests each: the process takes "
          f"{mb:.1f} MB (PSS), {one['grew_mib'] * 1048576 / one['idle']:.0f} bytes each with everything around")
    verdict("10,000 idle pooled connections in 60 MB", one["idle"] == IDLE and mb <= 60)


def main():
    missing = [name for name in ("nginx", "wrk", "h2load", "openssl") if shutil.which(name) is None]
    if missing:
        sys.exit(f"{', '.join(missing)}: not installed; scripts/setup bench does it")
    build("ask", "ask_curl")
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        make_certificate(folder)
        sim = Sim()
        body = subprocess.run(["curl", "-s", f"{sim.url}/"], capture_output=True, check=False).stdout
        sim.stop()
        nginx = Nginx(folder, body if len(body) > 100 else b"x" * 1024)
        ca = str(folder / "cert.pem")
        try:
            print(f"{subprocess.run(['nginx', '-v'], capture_output=True, text=True, check=False).stderr.strip()}, "
                  f"body {len(body)} bytes")
            as_client(nginx, ca)
            as_server(folder, nginx, ["--tls-cert", ca, "--tls-key", str(folder / "key.pem")])
            new_and_reused(nginx, ca)
            idle(nginx)
            steady(nginx)
        finally:
            nginx.stop()


if __name__ == "__main__":
    main()
