# SPDX-License-Identifier: Apache-2.0
"""The simulator's server and HTTP as it comes: the conformance tests of HTTP/2 (h2spec), clients
that stop half way, and clients that mean it badly. Whoever misuses the server must end in bounded
time and memory, and others must be served meanwhile.

The program is ASSAY_BIN, by default build/assay; h2spec is what `scripts/setup sdk` built.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

try:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect
except ImportError:
    connect = None

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("ASSAY_BIN", str(ROOT / "build" / "assay"))
H2SPEC = pathlib.Path(subprocess.run([ROOT / "scripts/setup", "--where"], capture_output=True,
                                     text=True, check=True).stdout.strip()) / "h2spec/h2spec"
MARK = "assay sim: listening on "
ASK = b'{"model":"sim","messages":[{"role":"user","content":"Who wrote Monster?"}]}'
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 8, 9
# GET / over http to localhost, from HPACK's static table.
GET_ROOT = b"\x82\x84\x86\x41\x09localhost"
GROWTH_MAX_KIB = 64 * 1024
BAD_ENDS_IN_S = 20


class Simulator:
    def __init__(self, *options):
        self.process = subprocess.Popen(
            [PROGRAM, "sim", "--listen", "127.0.0.1:0", "--latency", "none", *options],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if not line.startswith(MARK):
            self.stop()
            raise AssertionError(f"'{PROGRAM} sim {' '.join(map(str, options))}' began with {line!r}")
        self.url = line[len(MARK):].strip()
        self.port = int(self.url.rsplit(":", 1)[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=10)
        finally:
            self.process.stdout.close()

    def memory_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1))

    def growth_max_kib(self):
        """A sanitizer keeps what was freed for a while."""
        sanitized = "libasan" in pathlib.Path(f"/proc/{self.process.pid}/maps").read_text()
        return GROWTH_MAX_KIB * (8 if sanitized else 1)

    def connect(self, timeout=10):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def answers(self):
        request = urllib.request.Request(self.url + "/v1/chat/completions", ASK,
                                         {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return "Naoki Urasawa" in json.load(answer)["choices"][0]["message"]["content"]


def read_all(connection):
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            got += piece
    return got


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def make_certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
    return ["--tls-cert", folder / "cert.pem", "--tls-key", folder / "key.pem"]


class Conformance(unittest.TestCase):
    """h2spec: 145 tests of HTTP/2 and HPACK."""

    def run_h2spec(self, server, *options):
        if not H2SPEC.exists():
            self.skipTest("h2spec is not there: run scripts/setup sdk with a Go that is new enough")
        done = subprocess.run([H2SPEC, "-h", "127.0.0.1", "-p", str(server.port), "-o", "5", *options],
                              capture_output=True, text=True, timeout=300, check=False)
        counts = re.search(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed", done.stdout)
        self.assertIsNotNone(counts, done.stdout[-2000:])
        self.assertGreaterEqual(int(counts.group(1)), 140)
        self.assertEqual(counts.group(3), "0")
        return int(counts.group(4)), done.stdout

    def test_h2c_passes_all_of_h2spec(self):
        server = Simulator("--protocols", "http2")
        try:
            failed, said = self.run_h2spec(server)
            self.assertEqual(failed, 0, said[-4000:])
        finally:
            self.assertEqual(server.stop(), 0)

    def test_a_port_of_both_protocols_passes_all_but_the_preface_that_is_none(self):
        """What does not begin with HTTP/2's preface is HTTP/1.1 there, and answered so before the
        connection ends; h2spec wants it ended without a word."""
        server = Simulator()
        try:
            failed, said = self.run_h2spec(server)
            self.assertLessEqual(failed, 1, said[-4000:])
            for wrong in re.findall(r"^\s*× \d+: (.*)$", said, re.MULTILINE):
                self.assertEqual(wrong, "Sends invalid connection preface")
            self.assertTrue(server.answers())
        finally:
            server.stop()

    def test_tls_passes_all_of_h2spec(self):
        with tempfile.TemporaryDirectory(prefix="assay-server-") as folder:
            server = Simulator(*make_certificate(pathlib.Path(folder)))
            try:
                failed, said = self.run_h2spec(server, "-t", "-k")
                self.assertEqual(failed, 0, said[-4000:])
            finally:
                server.stop()


class Tls(unittest.TestCase):
    def test_alpn_chooses_and_who_offers_nothing_gets_http1(self):
        with tempfile.TemporaryDirectory(prefix="assay-server-") as folder:
            server = Simulator(*make_certificate(pathlib.Path(folder)))
            self.addCleanup(server.stop)
            for offered, chosen in ((["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"),
                                    (None, None)):
                context = ssl.create_default_context(cafile=pathlib.Path(folder) / "cert.pem")
                if offered:
                    context.set_alpn_protocols(offered)
                with self.subTest(offered=offered), server.connect() as plain, \
                        context.wrap_socket(plain, server_hostname="localhost") as connection:
                    self.assertEqual(connection.selected_alpn_protocol(), chosen)
                    if chosen != "h2":
                        connection.sendall(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
                        self.assertIn(b"assay sim", read_all(connection))


class Http1(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Simulator()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def test_a_half_closed_client_gets_its_answer(self):
        server = Simulator("--latency", "300ms")
        self.addCleanup(server.stop)
        with server.connect() as connection:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\n"
                               b"content-length: %d\r\n\r\n%s" % (len(ASK), ASK))
            connection.shutdown(socket.SHUT_WR)
            self.assertIn(b"Naoki Urasawa", read_all(connection))

    def test_continue_is_said_before_the_body(self):
        with self.server.connect() as connection:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nconnection: close\r\n"
                               b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(ASK))
            self.assertEqual(connection.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.sendall(ASK)
            self.assertIn(b"Naoki Urasawa", read_all(connection))

    def test_many_requests_at_once_are_answered_in_order(self):
        paths = [b"/" if n % 3 else b"/v1/models" for n in range(300)]
        with self.server.connect() as connection:
            connection.sendall(b"".join(b"GET %s HTTP/1.1\r\nhost: h\r\n\r\n" % path for path in paths)
                               + b"GET /last HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
            got = read_all(connection)
        kinds = [b"/v1/models" if b'"object":"list"' in part else b"/"
                 for part in got.split(b"HTTP/1.1 ")[1:-1]]
        self.assertEqual(kinds, paths)
        self.assertEqual(got.count(b"HTTP/1.1 404 "), 1)

    def test_a_head_that_comes_byte_by_byte_ends_after_ten_seconds(self):
        began = time.monotonic()
        with self.server.connect() as connection:
            with contextlib.suppress(ConnectionError):
                while time.monotonic() - began < BAD_ENDS_IN_S:
                    connection.sendall(b"x")
                    time.sleep(0.2)
        self.assertGreater(time.monotonic() - began, 9)
        self.assertLess(time.monotonic() - began, 14)
        self.assertTrue(self.server.answers())

    def test_signals_end_it_once_its_answers_are_out(self):
        server = Simulator("--latency", "500ms")
        with server.connect() as connection, server.connect() as idle:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\n"
                               b"content-length: %d\r\n\r\n%s" % (len(ASK), ASK))
            time.sleep(0.2)
            server.process.send_signal(signal.SIGTERM)
            got = read_all(connection)
            self.assertIn(b"Naoki Urasawa", got)
            self.assertIn(b"connection: close", got)
            self.assertEqual(read_all(idle), b"")
        self.assertEqual(server.process.wait(timeout=5), 0)
        server.process.stdout.close()


class Misuse(unittest.TestCase):
    """Floods of HTTP/2, each until the server ends the connection."""

    @classmethod
    def setUpClass(cls):
        cls.server = Simulator()
        cls.server.answers()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def flood(self, name, frames, reads=True):
        """Sends what frames(n) gives until the connection ends; nobody else is kept waiting."""
        before, began, n = self.server.memory_kib(), time.monotonic(), 1
        ended = False
        with self.server.connect(timeout=2) as connection:
            connection.sendall(PREFACE + frame(SETTINGS, 0, 0))
            while not ended and time.monotonic() - began < BAD_ENDS_IN_S:
                block = b"".join(frames(n + k) for k in range(100))
                n += 100
                try:
                    connection.sendall(block)
                    if reads:
                        connection.setblocking(False)
                        with contextlib.suppress(BlockingIOError):
                            while piece := connection.recv(65536):
                                del piece
                            ended = True
                        connection.settimeout(2)
                except (ConnectionError, TimeoutError):
                    ended = True
                if n % 2000 == 1:
                    self.assertTrue(self.server.answers(), name)
            self.assertTrue(ended, f"{name}: the connection lives after {n} frames")
            self.assertLess(self.server.memory_kib() - before, self.server.growth_max_kib(), name)
        self.assertTrue(self.server.answers(), name)

    def test_floods_end_their_connection(self):
        floods = {
            "rapid reset": lambda n: frame(HEADERS, 5, 2 * n - 1, GET_ROOT)
            + frame(RST_STREAM, 0, 2 * n - 1, b"\0\0\0\x08"),
            "ping": lambda n: frame(PING, 0, 0, struct.pack(">Q", n)),
            "settings": lambda n: frame(SETTINGS, 0, 0, b"\0\x04\0\0\xff\xff"),
            "continuation": lambda n: frame(HEADERS, 1, 1, GET_ROOT) if n == 1
            else frame(CONTINUATION, 0, 1, b"\x00\x01x\x01y" * 100),
            "empty data": lambda n: frame(HEADERS, 4, 1, b"\x83" + GET_ROOT[1:]) if n == 1
            else frame(DATA, 0, 1),
            "window updates": lambda n: frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\x01"),
            "unknown frames": lambda n: frame(200, 0, 0, b"x"),
        }
        for name, frames in floods.items():
            with self.subTest(flood=name):
                self.flood(name, frames)

    def test_floods_whose_answers_are_not_read_end_or_stop(self):
        for name, frames in {
            "ping": lambda n: frame(PING, 0, 0, struct.pack(">Q", n)),
            "settings": lambda n: frame(SETTINGS, 0, 0),
        }.items():
            with self.subTest(flood=name):
                self.flood(name, frames, reads=False)

    def test_windows_that_never_open_hold_up_nobody_and_little_memory(self):
        before = self.server.memory_kib()
        connections = []
        try:
            for _ in range(50):
                connection = self.server.connect()
                connections.append(connection)
                connection.sendall(
                    PREFACE + frame(SETTINGS, 0, 0, b"\0\x04\0\0\0\0")
                    + b"".join(frame(HEADERS, 5, 2 * n + 1, GET_ROOT) for n in range(100)))
            self.assertTrue(self.server.answers())
            time.sleep(1)
            self.assertLess(self.server.memory_kib() - before, self.server.growth_max_kib())
            self.assertTrue(self.server.answers())
        finally:
            for connection in connections:
                connection.close()

    def test_half_requests_on_many_connections_hold_up_nobody(self):
        connections = []
        try:
            for n in range(500):
                connection = self.server.connect()
                connections.append(connection)
                connection.sendall((b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\nx", b"GET",
                                    PREFACE[:20], b"")[n % 4])
            self.assertTrue(self.server.answers())
        finally:
            for connection in connections:
                connection.close()


@unittest.skipIf(connect is None, "needs the Python package websockets")
class WebSocket(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Simulator()
        cls.url = f"ws://127.0.0.1:{cls.server.port}/ws"

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def ask(self, socket_, text):
        socket_.send(json.dumps({"action": "message", "text": text}))
        said = ""
        while True:
            message = json.loads(socket_.recv(timeout=10))
            if message["type"] != "token":
                return said, message
            said += message["text"]

    def test_messages_are_answered_by_messages_up_to_the_end(self):
        with connect(self.url) as socket_:
            for _ in range(3):
                said, last = self.ask(socket_, "Who wrote Monster?")
                self.assertIn("Naoki Urasawa", said)
                self.assertEqual(last["type"], "end")

    def test_messages_sent_at_once_are_answered_one_after_the_other(self):
        with connect(self.url) as socket_:
            for _ in range(50):
                socket_.send(json.dumps({"action": "message", "text": "Who wrote Monster?"}))
            ends = 0
            while ends < 50:
                ends += json.loads(socket_.recv(timeout=10))["type"] == "end"

    def test_what_is_no_message_is_an_error_and_the_connection_lives(self):
        with connect(self.url) as socket_:
            for wrong in ("nonsense", "[]", '{"action":"dance"}'):
                socket_.send(wrong)
                self.assertEqual(json.loads(socket_.recv(timeout=10))["type"], "error")
            self.assertEqual(self.ask(socket_, "Hello!")[1]["type"], "end")

    def test_a_message_longer_than_the_gateway_takes_closes(self):
        with connect(self.url, max_size=None) as socket_:
            with self.assertRaises(ConnectionClosed) as caught:
                socket_.send("x" * 200_000)
                socket_.recv(timeout=10)
            self.assertEqual(caught.exception.rcvd.code, 1009)

    def test_another_path_is_no_socket_and_the_path_no_page(self):
        with self.assertRaises(Exception) as caught:
            connect(self.url + "x")
        self.assertIn("404", str(caught.exception))
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(self.server.url + "/ws", timeout=10)
        self.assertEqual(refused.exception.code, 426)


class Trouble(unittest.TestCase):
    def test_resets_and_cuts_look_as_they_should(self):
        request = (b"POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\ncontent-length: %d\r\n\r\n%s"
                   % (len(ASK), ASK))
        for fault in ("reset", "cut"):
            server = Simulator("--fault", f"{fault}:1")
            self.addCleanup(server.stop)
            with self.subTest(fault=fault), server.connect() as connection:
                connection.sendall(request)
                got, was_reset = b"", False
                try:
                    while piece := connection.recv(65536):
                        got += piece
                except ConnectionResetError:
                    was_reset = True
                self.assertEqual(was_reset, fault == "reset")
                self.assertNotIn(b"\r\n0\r\n\r\n", got)

    def test_quotas_answer_429_until_the_minute_passes(self):
        server = Simulator("--rpm", "2")
        self.addCleanup(server.stop)
        self.assertTrue(server.answers() and server.answers())
        with self.assertRaises(urllib.error.HTTPError) as refused:
            server.answers()
        self.assertEqual(refused.exception.code, 429)


if __name__ == "__main__":
    unittest.main()
