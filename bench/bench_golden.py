#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_golden: 1,000 deterministic prompt tests against a local HTTP target, 50 in flight.

Every entry has a keyword, a regular expression and a JSON check; no embeddings. The target speaks
OpenAI's API in a process of its own, whose cost is not counted. Ours is measured twice: against that
small server and against `assay sim`. CPU is user and system time of the program and its children.
Where PROMPTFOO names promptfoo's entrypoint.js, and NODE a node ≥ 22, promptfoo is asked the same in
the same minute; otherwise its figures are those measured earlier on a machine of this size.
Targets: 50 × less CPU than promptfoo, 40 MB, a start of 15 ms.
"""

import asyncio
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile

from measure import MIB, measure, middle, program, said, show, verdict

ASSAY = os.environ["ASSAY_BIN"]
ENTRIES = 1000
IN_FLIGHT = 50
RUNS = 5
PEER = {"name": "promptfoo 0.123, earlier", "wall": 11.4, "cpu": 12.0, "rss": 325 * MIB,
        "start": 1.7, "started": "one test"}


# ---- the target

class Echo(asyncio.Protocol):
    """POST /v1/chat/completions: the last message comes back inside a JSON answer."""

    def connection_made(self, transport):
        self.transport = transport
        self.waiting = b""

    def data_received(self, data):
        self.waiting += data
        while (end := self.waiting.find(b"\r\n\r\n")) >= 0:
            head = self.waiting[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15:].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.waiting) < end + 4 + size:
                return
            body, self.waiting = self.waiting[end + 4:end + 4 + size], self.waiting[end + 4 + size:]
            self.transport.write(answer(json.loads(body)))


def answer(request):
    question = request["messages"][-1]["content"]
    text = json.dumps({"answer": f"You asked: {question}", "price": 1000 + len(question)})
    body = json.dumps({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "echo",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text},
                     "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 20, "total_tokens": 32},
    }).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
        len(body), body)


def serve_echo(pipe):
    async def serve():
        server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0, backlog=128)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()
    asyncio.run(serve())


def start_echo():
    mine, theirs = multiprocessing.Pipe()
    child = multiprocessing.Process(target=serve_echo, args=(theirs,), daemon=True)
    child.start()
    if not mine.poll(20):
        child.terminate()
        sys.exit("the echo server did not start")
    return child, f"http://127.0.0.1:{mine.recv()}/v1"


def start_sim():
    child = subprocess.Popen([ASSAY, "sim", "--listen", "127.0.0.1:0", "--latency", "none", "--quiet"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return child, child.stdout.readline().split()[-1] + "/v1"


# ---- what is tested

def write_ours(folder, echo, sim):
    """1,000 entries that the echo answers, and as many questions about prices for the simulator."""
    suites = ("echo", "sim")
    (folder / "assay.yaml").write_text(
        f'targets:\n  echo: {{kind: openai, url: "{echo}", model: echo}}\n'
        f'  sim_http: {{kind: openai, url: "{sim}", model: sim}}\nsuites:\n'
        + "".join(f"  {name}: {{golden: {name}.jsonl, target: {target}, embedding: none, "
                  f"concurrency: {IN_FLIGHT}}}\n"
                  for name, target in zip(suites, ("echo", "sim_http"))))
    asked = {"echo": "What does volume {i} cost?",
             "sim": "Question {i}: How much is Demon Slayer? Respond with a JSON object with these "
                    "keys: title (string), message (string). Return only the JSON."}
    checks = {"echo": [{"text": "volume {i}"}, {"match": '"price": *[0-9]+'}],
              "sim": [{"text": "Demon Slayer"}, {"match": '"message": *"[^"]+"'}]}
    for name in suites:
        lines = [json.dumps({"id": f"entry-{i}", "text": asked[name].format(i=i),
                             "expect": {"keywords": [
                                 {k: v.replace("{i}", str(i)) for k, v in keyword.items()}
                                 for keyword in checks[name]], "format": "json"}})
                 for i in range(ENTRIES)]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


def write_promptfoo(folder, echo):
    """The echo suite in promptfoo's terms."""
    tests = [{"vars": {"question": f"What does volume {i} cost?"},
              "assert": [{"type": "contains", "value": f"volume {i}"},
                         {"type": "regex", "value": '"price": *[0-9]+'}, {"type": "is-json"}]}
             for i in range(ENTRIES)]
    (folder / "promptfooconfig.json").write_text(json.dumps({
        "prompts": ["{{question}}"], "tests": tests,
        "providers": [{"id": "http", "config": {
            "url": echo + "/chat/completions", "method": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": {"model": "echo", "messages": [{"role": "user", "content": "{{prompt}}"}]},
            "transformResponse": "json.choices[0].message.content"}}]}))


# ---- measuring

def ours(measuring, folder, suite):
    runs = []
    for _ in range(RUNS):
        run = measure(measuring, [ASSAY, "test", "--suite", suite, "--quiet", "-o", "json=report.json"],
                      folder)
        report = json.loads((folder / "report.json").read_text()) if run["status"] in (0, 1) else {}
        if run["status"] != 0 or report.get("answered") != ENTRIES:
            print(said(folder))
            sys.exit(f"{suite}: exit status {run['status']}, {report.get('answered')} answers")
        runs.append(run)
    return middle(runs)


def starting(measuring, folder):
    """The fastest of 30: what a start takes while nobody else wants the processor."""
    return min(measure(measuring, [ASSAY, "--version"], folder)["wall"] for _ in range(30))


def promptfoo(measuring, folder, echo):
    entry = os.environ.get("PROMPTFOO")
    if not entry:
        return PEER
    write_promptfoo(folder, echo)
    env = {**os.environ, "PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1",
           "PROMPTFOO_CONFIG_DIR": str(folder / "promptfoo")}
    node = os.environ.get("NODE", "node")
    run = measure(measuring, [node, entry, "eval", "-c", "promptfooconfig.json", "-j",
                              str(IN_FLIGHT), "--no-cache", "--no-table", "--no-progress-bar",
                              "-o", "promptfoo.json"], folder, env)
    if run["status"] != 0:
        print(said(folder))
        sys.exit(f"promptfoo: exit status {run['status']}")
    counts = json.loads((folder / "promptfoo.json").read_text())["results"]["stats"]
    if counts["successes"] != ENTRIES:
        sys.exit(f"promptfoo: {counts}")
    start = measure(measuring, [node, entry, "--version"], folder, env)
    return {"name": "promptfoo, now", **run, "start": start["wall"], "started": "--version"}


def main():
    measuring = program()
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as scratch:
        folder = pathlib.Path(scratch)
        echo, echo_url = start_echo()
        sim, sim_url = start_sim()
        try:
            write_ours(folder, echo_url, sim_url)
            mine, simulated = (ours(measuring, folder, name) for name in ("echo", "sim"))
            start, peer = starting(measuring, folder), promptfoo(measuring, folder, echo_url)
        finally:
            echo.terminate()
            sim.terminate()
            echo.join()
            sim.wait()
    print(f"{ENTRIES} tests, {IN_FLIGHT} in flight, keyword + expression + JSON; median of {RUNS} runs")
    show("assay, small server", mine)
    show("assay, assay sim", simulated)
    show(peer["name"], peer)
    print(f"{'ratio':28} {peer['wall'] / mine['wall']:8.1f} x      {peer['cpu'] / mine['cpu']:8.1f} x     "
          f"{peer['rss'] / mine['rss']:7.1f} x")
    print(f"{'start, fastest of 30':28} {start * 1000:8.2f} ms; "
          f"{peer['name']}, {peer['started']}: {peer['start']:.1f} s")
    if peer is PEER:
        print("promptfoo's figures were measured earlier on a machine of this size (2 shared cores), not now")
    verdict("50 x less CPU", peer["cpu"] >= 50 * mine["cpu"])
    verdict("40 MB", max(mine["rss"], simulated["rss"]) <= 40e6)
    verdict("start 15 ms", start <= 0.015)


if __name__ == "__main__":
    main()
