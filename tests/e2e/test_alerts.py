# SPDX-License-Identifier: Apache-2.0
"""Alerts to real servers: TLS that is verified, bodies that fit their schema, signatures that others can check,
the deadline by the clock, nothing secret on any output."""
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(os.environ.get("ASSAY_SOURCE", pathlib.Path(__file__).parent / "../..")).resolve()
ASSAY = pathlib.Path(os.environ.get("ASSAY_BIN", ROOT / "build/assay")).resolve()
SECRET = "signing-secret-of-the-bus"
PATH = "/hook/Zq8vT0pXw3Lk9mN2"


class Peer(http.server.ThreadingHTTPServer):
    """Keeps what it was sent; waits `delay` seconds before it answers."""
    daemon_threads = True

    def __init__(self, certificate=None, delay=0.0):
        super().__init__(("127.0.0.1", 0), Handler)
        self.received, self.delay = [], delay
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a handshake that the client broke off


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, dict(self.headers), body))
        time.sleep(self.server.delay)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Alerts(unittest.TestCase):
    def setUp(self):
        self.holder = tempfile.TemporaryDirectory()
        self.addCleanup(self.holder.cleanup)
        self.folder = pathlib.Path(self.holder.name)
        (self.folder / "golden.yaml").write_text(
            "prompts:\n  greet: {text: Hello}\nentries:\n"
            "  - {id: greet-1, prompt: greet, expect: {keywords: [welcome]}}\n", encoding="utf-8")
        (self.folder / "bad.jsonl").write_text('{"id": "greet-1", "response": "hello"}\n', encoding="utf-8")
        (self.folder / "good.jsonl").write_text('{"id": "greet-1", "response": "welcome"}\n', encoding="utf-8")

    def peer(self, **options):
        peer = Peer(**options)
        self.addCleanup(peer.server_close)
        self.addCleanup(peer.shutdown)
        return peer

    def configure(self, channel, section=""):
        (self.folder / "assay.yaml").write_text(
            "suites: {shop: {golden: golden.yaml, target: sim, embedding: none}}\n"
            f"alerts:\n  name: demo\n{section}  channels:\n    bus: {channel}\n", encoding="utf-8")

    def assay(self, *words, expected):
        begun = time.monotonic()
        done = subprocess.run([ASSAY, *words], cwd=self.folder, text=True, timeout=60, check=False,
                              capture_output=True, env={"PATH": "/usr/bin:/bin", "HOME": self.holder.name,
                                                        "HOOK_SECRET": SECRET})
        done.seconds = time.monotonic() - begun
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        for secret in (SECRET, PATH):
            self.assertNotIn(secret, done.stdout + done.stderr)
        return done

    def certificate(self):
        files = str(self.folder / "cert.pem"), str(self.folder / "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", files[0],
                        "-keyout", files[1]], check=True, capture_output=True)
        return files

    def test_bodies_fit_the_schema_and_signatures_the_body(self):
        import jsonschema
        schema = json.loads((ROOT / "share/schemas/alert.json").read_text(encoding="utf-8"))
        peer = self.peer()
        self.configure(f'{{kind: webhook, url: "http://127.0.0.1:{peer.server_port}{PATH}", '
                       'secret: "${HOOK_SECRET}"}', section="  answers: true\n  link: https://ci.example/1\n")
        self.assay("test", "--responses", "bad.jsonl", expected=1)
        self.assay("test", "--responses", "good.jsonl", expected=0)
        self.assay("doctor", "--alerts-test", expected=0)
        self.assertEqual([json.loads(body)["action"] for _, _, body in peer.received], ["trigger", "resolve", "test"])
        for path, headers, body in peer.received:
            self.assertEqual(path, PATH)
            jsonschema.validate(json.loads(body), schema)
            stamp, signature = (part.split("=", 1)[1] for part in headers["X-Assay-Signature"].split(","))
            wanted = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
            self.assertEqual(signature, wanted)
            self.assertLess(abs(int(stamp) - time.time()), 120)

    def test_tls_is_verified(self):
        files = self.certificate()
        peer = self.peer(certificate=files)
        address = f"https://127.0.0.1:{peer.server_port}{PATH}"
        self.configure(f'{{kind: webhook, url: "{address}"}}', section="  deadline: 2s\n")
        done = self.assay("test", "--responses", "bad.jsonl", expected=1)
        self.assertIn("alert channel 'bus'", done.stderr)
        self.assertIn("certificate", done.stderr)
        self.assertEqual(peer.received, [])
        self.configure(f'{{kind: webhook, url: "{address}", tls: {{ca_file: cert.pem}}}}')
        done = self.assay("test", "--responses", "bad.jsonl", expected=1)
        self.assertEqual(done.stderr, "")
        self.assertEqual(len(peer.received), 1)

    def test_a_hanging_channel_holds_nobody_up_beyond_the_deadline(self):
        peer = self.peer(delay=30)
        self.configure(f'{{kind: webhook, url: "http://127.0.0.1:{peer.server_port}{PATH}"}}',
                       section="  deadline: 1s\n")
        without = self.assay("test", "--responses", "bad.jsonl", "--no-alerts", expected=1)
        done = self.assay("test", "--responses", "bad.jsonl", expected=1)
        self.assertLess(done.seconds, without.seconds + 1 + 10)  # the rest: patterns compiled on a busy machine
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertEqual(*(re.sub(r"in \d+\.\d s", "", run.stdout) for run in (done, without)))

    def test_many_processes_at_once_send_one_message(self):
        peer = self.peer(delay=0.3)
        self.configure(f'{{kind: webhook, url: "http://127.0.0.1:{peer.server_port}{PATH}"}}')
        threads = [threading.Thread(target=self.assay, args=("test", "--responses", "bad.jsonl"),
                                    kwargs={"expected": 1}) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(peer.received), 1)
        state = json.loads((self.folder / ".assay/alerts/state.json").read_text(encoding="utf-8"))
        self.assertEqual([row["open"] for row in state["rows"] if row["topic"] == "gate"], [["failed"]])

    def test_a_folder_that_cannot_be_written_is_said_and_the_message_goes_out(self):
        peer = self.peer()
        self.configure(f'{{kind: webhook, url: "http://127.0.0.1:{peer.server_port}{PATH}"}}')
        (self.folder / ".assay").mkdir()
        (self.folder / ".assay/alerts").write_text("a file\n", encoding="utf-8")
        done = self.assay("test", "--responses", "bad.jsonl", expected=1)
        self.assertIn("messages may be sent again", done.stderr)
        self.assertEqual(len(peer.received), 1)


if __name__ == "__main__":
    unittest.main()
