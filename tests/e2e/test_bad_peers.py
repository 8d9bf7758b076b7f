# SPDX-License-Identifier: Apache-2.0
"""Servers that misbehave, before the whole program: each ends in bounded time and memory, with an
error that names the peer and what it did. What is said in each case is held in tests/world/bad_peers.c;
here a process is measured.

The program is ASSAY_BIN, by default build/assay.
"""

import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("ASSAY_BIN", str(ROOT / "build" / "assay"))
MIB_MAX = 160 * (8 if "asan" in PROGRAM or os.environ.get("ASAN_OPTIONS") else 1)
SECONDS_MAX = 20
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
FRAMES = b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def message(payload, crc=None, total=None):
    """An event-stream message without headers, sound but for what is given."""
    total = 16 + len(payload) if total is None else total
    prelude = struct.pack(">II", total, 0)
    prelude += struct.pack(">I", zlib.crc32(prelude))
    whole = prelude + payload
    return whole + struct.pack(">I", zlib.crc32(whole) if crc is None else crc)


def repeat(data, first=b""):
    """Sends for ever, or until the other side has enough."""
    def speak(connection):
        connection.sendall(first)
        block = data * max(1, 65536 // len(data))
        end = time.monotonic() + 30
        while time.monotonic() < end:
            connection.sendall(block)
    return speak


def once(data, close=True):
    def speak(connection):
        connection.sendall(data)
        if not close:
            time.sleep(30)
    return speak


H2 = frame(4, 0, 0)
PEERS = {
    "silent": ({}, once(b"", close=False)),
    "closes at once": ({}, once(b"")),
    "headers for ever": ({}, repeat(b"x-more: and more\r\n", HEAD)),
    "one header for ever": ({}, repeat(b"a", HEAD + b"x: ")),
    "no line end": ({}, repeat(b"HTTP/1.1 200 ")),
    "1xx for ever": ({}, repeat(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "body for ever": ({}, repeat(chunk(b"a" * 1000), HEAD + b"transfer-encoding: chunked\r\n\r\n")),
    "chunk extension for ever": ({}, repeat(b";a=b", HEAD + b"transfer-encoding: chunked\r\n\r\n5")),
    "closes in a chunk": ({}, once(HEAD + b"transfer-encoding: chunked\r\n\r\nff\r\nabc")),
    "length and chunks": ({}, once(HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")),
    "two lengths": ({}, once(HEAD + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello!")),
    "absurd length": ({}, once(HEAD + b"content-length: 99999999999999999999\r\n\r\n")),
    "garbage": ({}, repeat(bytes(range(256)))),
    "stream of text for ever": ({"stream": "true"}, repeat(
        chunk(b'data: {"choices":[{"index":0,"delta":{"content":"more and more "}}]}\n\n'), STREAM)),
    "one event for ever": ({"stream": "true"}, repeat(chunk(b"x" * 1000), STREAM + chunk(b"data: "))),
    "comments for ever": ({"stream": "true"}, repeat(chunk(b": ping\n\n"), STREAM)),
    "frame with a wrong checksum": ({"kind": "bedrock", "stream": "true"}, once(
        FRAMES + chunk(message(b"{}", crc=1)) + b"0\r\n\r\n")),
    "frame of four gigabytes": ({"kind": "bedrock", "stream": "true"}, repeat(
        chunk(b"a" * 1000), FRAMES + chunk(message(b"", total=0xffffffff)))),
    "error event and silence": ({"stream": "true"}, once(
        STREAM + chunk(b'data: {"error":{"message":"it broke","type":"server_error"}}\n\n'), close=False)),
    "bad event and silence": ({"stream": "true"}, once(STREAM + chunk(b"data: {nonsense\n\n"), close=False)),
    "bad frame and silence": ({"kind": "bedrock", "stream": "true"}, once(
        FRAMES + chunk(message(b"{}", crc=1)), close=False)),
    "settings for ever": ({"http": "2"}, repeat(frame(4, 0, 0), H2)),
    "pings for ever": ({"http": "2"}, repeat(frame(6, 0, 0, b"12345678"), H2)),
    "continuation for ever": ({"http": "2"}, repeat(
        frame(9, 0, 1, b"\x00\x01a\x01b"), H2 + frame(1, 0, 1, b"\x88"))),
    "empty data for ever": ({"http": "2"}, repeat(frame(0, 0, 1), H2 + frame(1, 4, 1, b"\x88"))),
    "goaway at once": ({"http": "2"}, once(H2 + frame(7, 0, 0, struct.pack(">II", 0, 0)))),
    "no window": ({"http": "2"}, once(frame(4, 0, 0, struct.pack(">HI", 4, 0)), close=False)),
    "http/1.1 before http/2": ({"http": "2"}, once(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
}


class Peer:
    """Accepts connections one after the other and speaks as it was told to."""

    def __init__(self, speak):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.speak = speak
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with connection:
            try:
                connection.recv(65536)
                self.speak(connection)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except OSError:
                pass

    def stop(self):
        self.listening.close()


def run(folder, port, keys):
    keys = {"kind": "openai", "url": f'"http://127.0.0.1:{port}/v1"', "model": "sim", "timeout": "4s", "attempts": "1",
            **keys}
    if keys["kind"] == "bedrock":
        keys["region"] = "us-east-1"
    target = ", ".join(f"{key}: {value}" for key, value in keys.items())
    (folder / "assay.yaml").write_text(
        f"targets: {{bad: {{{target}}}}}\n"
        "suites: {one: {golden: golden.yaml, target: bad, embedding: none}}\n", encoding="utf-8")
    (folder / "golden.yaml").write_text(
        "prompts: {ask: {text: hello}}\nentries: [{id: a, prompt: ask}]\n", encoding="utf-8")
    environment = dict(os.environ, AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="not-a-secret")
    began = time.monotonic()
    with open(folder / "said", "wb") as said:
        child = subprocess.Popen([PROGRAM, "test", "--no-cache"], cwd=folder, stdout=said, stderr=said,
                                 stdin=subprocess.DEVNULL, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return (child.returncode, time.monotonic() - began, usage.ru_maxrss / 1024,
            (folder / "said").read_text(encoding="utf-8", errors="replace"))


class BadPeers(unittest.TestCase):
    def test_an_answer_that_is_over_does_not_wait_for_its_connection(self):
        said = [b'{"choices":[{"index":0,"delta":{"content":"hello"},"finish_reason":null}]}',
                b'{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}', b"[DONE]"]
        peer = Peer(once(STREAM + b"".join(chunk(b"data: " + one + b"\n\n") for one in said), close=False))
        self.addCleanup(peer.stop)
        with tempfile.TemporaryDirectory(prefix="assay-bad-peer-") as name:
            code, seconds, _, text = run(pathlib.Path(name), peer.port, {"stream": "true", "timeout": "20s"})
        self.assertEqual(code, 0, text)
        self.assertLess(seconds, 10)


def case(keys, speak):
    def test(self):
        peer = Peer(speak)
        self.addCleanup(peer.stop)
        with tempfile.TemporaryDirectory(prefix="assay-bad-peer-") as name:
            code, seconds, mib, said = run(pathlib.Path(name), peer.port, keys)
        self.assertEqual(code, 3, said)
        self.assertIn(f"127.0.0.1:{peer.port}", said)
        self.assertLess(seconds, SECONDS_MAX, said)
        self.assertLess(mib, MIB_MAX, said)
        self.assertNotIn("not-a-secret", said)
        if os.environ.get("SHOW"):
            lines = [line for line in said.splitlines() if str(peer.port) in line]
            print(f"{seconds:5.2f} s {mib:6.1f} MiB", lines[:1])
    return test


for what, (its_keys, its_speech) in PEERS.items():
    setattr(BadPeers, "test_" + "".join(c if c.isalnum() else "_" for c in what), case(its_keys, its_speech))


if __name__ == "__main__":
    unittest.main()
