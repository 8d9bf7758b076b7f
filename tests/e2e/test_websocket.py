# SPDX-License-Identifier: Apache-2.0
"""The WebSocket codec against the Python package websockets: each side with the other of theirs.

Needs `pip install websockets` (skipped without it); our side is the test program
tests/unit/wire/websocket_peer of the build, ASSAY_BUILD, by default build/. Frames that break the
protocol are no matter for a peer that keeps it: tests/unit/wire/test_websocket.c has those.
"""

import contextlib
import os
import pathlib
import random
import socket
import subprocess
import threading
import unittest

try:
    from websockets.exceptions import ConnectionClosed, InvalidStatus
    from websockets.sync.client import connect
    from websockets.sync.server import serve
except ImportError:
    connect = None

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PEER = pathlib.Path(os.environ.get("ASSAY_BUILD", ROOT / "build")) / "tests/unit/wire/websocket_peer"
SEED = int(os.environ.get("ASSAY_SEED", "20261123"))
PIECES = (1, 7, 65536)
TIMEOUT_S = 60


def draw(rng):
    """Messages of both types, of sizes on both sides of each way to write a length."""
    sizes = [0, 1, 125, 126, 127, 4096, 65535, 65536, 200000]
    for _ in range(30):
        size = rng.choice(sizes)
        yield rng.choice([rng.randbytes(size), "".join(rng.choices("aé漫😀", k=size // 4))])


def start(side, piece, sock, subprotocols=""):
    """Our peer on the socket, which is ours no more."""
    program = subprocess.Popen([str(PEER), side, str(piece), subprotocols],
                               stdin=sock, stdout=subprocess.PIPE, text=True)
    sock.close()
    return program


def end(program):
    try:
        return program.communicate(timeout=TIMEOUT_S)[0].strip()
    finally:
        program.kill()


@unittest.skipIf(connect is None, "the Python package websockets is not installed")
@unittest.skipUnless(PEER.exists(), f"there is no {PEER}")
class OurServer(unittest.TestCase):
    @contextlib.contextmanager
    def client(self, piece, ours="", expect=None, **options):
        """Their client, connected to our server, which at the end says what is expected of it."""
        theirs, mine = socket.socketpair()
        program = start("server", piece, mine, ours)
        try:
            with connect("ws://127.0.0.1/", sock=theirs, proxy=None, ping_interval=None,
                         max_size=None, **options) as connection:
                yield connection
        finally:
            ended = end(program)
        self.assertEqual(ended, expect or "101 [] closed 1000 []")

    def test_messages_come_back_as_they_were_sent(self):
        for piece in PIECES:
            rng = random.Random(SEED)
            with self.subTest(seed=SEED, piece=piece):
                with self.client(piece, expect="101 [] closed 1000 [さようなら]") as client:
                    for message in draw(rng):
                        client.send(message)
                        self.assertEqual(client.recv(), message)
                    client.close(1000, "さようなら")

    def test_fragments_and_pings_between_them(self):
        with self.client(3) as client:
            client.send(piece for piece in ["漫", "", "画"])
            self.assertTrue(client.ping("between").wait(TIMEOUT_S))
            self.assertEqual(client.recv(), "漫画")

    def test_compression_that_is_offered_is_not_used(self):
        with self.client(4096, compression="deflate") as client:
            self.assertIn("permessage-deflate", client.request.headers["Sec-WebSocket-Extensions"])
            self.assertNotIn("Sec-WebSocket-Extensions", client.response.headers)
            client.send("x" * 5000)
            self.assertEqual(client.recv(), "x" * 5000)

    def test_subprotocols_are_chosen_among_those_of_both(self):
        with self.client(4096, "chat, superchat", "101 [superchat] closed 1000 []",
                         subprotocols=["soap", "superchat"]) as client:
            self.assertEqual(client.subprotocol, "superchat")

    def test_a_close_of_ours_is_understood(self):
        with self.client(4096, expect="101 [] closed 4001 [なぜ]") as client:
            client.send("close 4001 なぜ")
            with self.assertRaises(ConnectionClosed) as caught:
                client.recv()
            closed = caught.exception.rcvd
            self.assertEqual((closed.code, closed.reason), (4001, "なぜ"))

    def test_a_refusal_is_an_answer_that_clients_understand(self):
        with self.assertRaises(InvalidStatus) as caught:
            with self.client(4096, additional_headers={"Sec-WebSocket-Version": "12"}):
                pass
        response = caught.exception.response
        self.assertEqual(response.status_code, 426)
        self.assertEqual(response.headers["Sec-WebSocket-Version"], "13")
        self.assertIn(b"version 13", response.body)


@unittest.skipIf(connect is None, "the Python package websockets is not installed")
@unittest.skipUnless(PEER.exists(), f"there is no {PEER}")
class OurClient(unittest.TestCase):
    def converse(self, piece, handler, ours="", **options):
        """Runs the handler on their server with our client; what it returned, and how ours ended."""
        outcome = []

        def handle(connection):
            try:
                outcome.append(handler(connection))
            except Exception as error:  # a failure of the test, to be seen in it
                outcome.append(error)

        options.setdefault("max_size", None)
        server = serve(handle, "127.0.0.1", 0, ping_interval=None, **options)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            sock = socket.create_connection(server.socket.getsockname())
            ended = end(start("client", piece, sock, ours))
        finally:
            server.shutdown()
            thread.join(TIMEOUT_S)
        return outcome[0] if outcome else None, ended

    def test_messages_come_back_as_they_were_sent(self):
        def handler(connection):
            count = 0
            for message in draw(random.Random(SEED)):
                connection.send(message)
                count += connection.recv() == message
            connection.close(3001, "done")
            return count

        for piece in PIECES:
            with self.subTest(seed=SEED, piece=piece):
                count, ended = self.converse(piece, handler)
                self.assertEqual(count, 30)
                self.assertEqual(ended, "101 [] closed 3001 [done]")

    def test_fragments_and_pings_between_them(self):
        def handler(connection):
            connection.send(piece for piece in ["漫", "", "画"])
            answered = connection.ping("between").wait(TIMEOUT_S)
            return answered, connection.recv()

        self.assertEqual(self.converse(3, handler)[0], (True, "漫画"))

    def test_a_subprotocol_that_the_server_chose_is_known(self):
        def handler(connection):
            return connection.subprotocol

        outcome, ended = self.converse(4096, handler, "chat, superchat", subprotocols=["superchat"])
        self.assertEqual(outcome, "superchat")
        self.assertEqual(ended, "101 [superchat] closed 1000 []")

    def test_a_close_of_ours_is_understood(self):
        def handler(connection):
            connection.send("close 1001 bye")
            try:
                connection.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code, closed.rcvd.reason
            return None

        outcome, ended = self.converse(4096, handler)
        self.assertEqual(outcome, (1001, "bye"))
        self.assertEqual(ended, "101 [] closed 1001 [bye]")

    def test_a_server_that_refuses_is_named(self):
        def refuse(connection, _):
            return connection.respond(403, "go away\n")

        _, ended = self.converse(4096, lambda connection: None, process_request=refuse)
        self.assertEqual(ended, "403 [] ERR_DENIED: the server answered 403 Forbidden instead of "
                                "switching to WebSocket")

    def test_a_server_that_vanishes_is_a_loss(self):
        def handler(connection):
            connection.send("x")
            connection.recv()
            connection.socket.shutdown(socket.SHUT_RDWR)

        _, ended = self.converse(4096, handler)
        self.assertEqual(ended, "101 [] ERR_CLOSED: WebSocket: the connection ended without a close "
                                "frame")


if __name__ == "__main__":
    unittest.main()
