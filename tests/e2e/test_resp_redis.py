# SPDX-License-Identifier: Apache-2.0
"""The codec of Redis's protocol against a real Redis, in versions 2 and 3, and against redis-py.

Needs redis-server and `pip install redis` (skipped without them); our side is the test program
tests/unit/wire/resp_peer of the build, ASSAY_BUILD, by default build/. Commands are packed by
redis-py and written again by ours before Redis sees them; each reply is read by both.
"""

import contextlib
import hashlib
import json
import math
import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

try:
    import redis
except ImportError:
    redis = None

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PEER = pathlib.Path(os.environ.get("ASSAY_BUILD", ROOT / "build")) / "tests/unit/wire/resp_peer"
SERVER = shutil.which("redis-server")
SEED = int(os.environ.get("ASSAY_SEED", "20261123"))
TIMEOUT_S = 60
BIG = bytes(range(256)) * (10 << 12)  # 10 MiB, with every byte in it

TYPES_OF_2 = r"""return {1, 'bulk', {'nested', {2, {}}}, false, redis.status_reply('OK'),
                         redis.error_reply('MINE broken')}"""
TYPES_OF_3 = r"""redis.setresp(3)
    return {{map={k='v'}}, {set={one=true}}, {double=1.5}, {double=1/0}, {double=-1/0},
            {big_number='1234567999999999999999999999999'}, true, false, {map={}},
            {verbatim_string={format='txt', string='text'}}, {double=0.1}, {double=1e300}}"""


@contextlib.contextmanager
def redis_server():
    """A Redis of its own on a free port, which keeps nothing."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [SERVER, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             "--dir", folder, "--enable-debug-command", "local"], stdout=subprocess.DEVNULL)
        try:
            until = time.monotonic() + TIMEOUT_S
            while True:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                if server.poll() is not None or time.monotonic() > until:
                    raise AssertionError("redis-server did not start")
                time.sleep(0.05)
            yield port
        finally:
            server.kill()
            server.wait()


def peer(mode, seed, **options):
    return subprocess.Popen([str(PEER), mode, str(seed)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **options)


def rewritten(packed, seed):
    """What our parser and our writer make of redis-py's commands: the same."""
    done = peer("commands", seed, stdin=subprocess.PIPE)
    out, err = done.communicate(packed, timeout=TIMEOUT_S)
    if done.returncode:
        raise AssertionError(err.decode())
    return out


def values(text):
    """The JSON values of a line."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        found.append(value)
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


def ask_us(port, packed, seed):
    """The replies as our parser reads them off the socket, in pieces of random sizes."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        program = peer("replies", seed, stdin=sock)
        writer = threading.Thread(target=sock.sendall, args=(packed,))
        writer.start()
        out, err = program.communicate(timeout=TIMEOUT_S)
        writer.join(TIMEOUT_S)
    if program.returncode:
        raise AssertionError(err.decode())
    return [values(line) for line in out.decode().splitlines()]


def ask_redis_py(port, commands, protocol):
    connection = redis.Connection(host="127.0.0.1", port=port, protocol=protocol, socket_timeout=30)
    connection.connect()
    sender = threading.Thread(target=connection.send_packed_command,
                              args=(connection.pack_commands(commands), False))
    sender.start()
    replies = []
    for _ in commands:
        try:
            replies.append(connection.read_response(disable_decoding=True))
        except redis.ResponseError as error:
            replies.append(error)
    sender.join(TIMEOUT_S)
    connection.disconnect()
    return replies


def shown(text):
    """A string as resp_peer writes it."""
    return f"sha256 {hashlib.sha256(text).hexdigest()}" if len(text) > 1000 else text.hex()


def same(ours, theirs):
    """Is our reply, typed, theirs in Python's types?"""
    if not isinstance(ours, dict):
        return type(ours) is type(theirs) and ours == theirs
    (kind, held), = ours.items()
    if kind in ("string", "verbatim"):
        theirs = theirs.encode() if isinstance(theirs, str) else theirs
        return isinstance(theirs, bytes) and held in (shown(theirs), shown(b"txt:" + theirs))
    if kind == "error":  # redis-py takes some codes off
        return isinstance(theirs, Exception) and bytes.fromhex(held).decode().endswith(str(theirs))
    if kind == "double":
        text = float(bytes.fromhex(held))
        return isinstance(theirs, float) and (text == theirs or math.isnan(text + theirs))
    if kind == "big":
        return isinstance(theirs, int) and int(bytes.fromhex(held)) == theirs
    if kind == "map":
        pairs = list(zip(held[::2], held[1::2]))
        return isinstance(theirs, dict) and len(pairs) == len(theirs) and all(
            same(k, their_k) and same(v, their_v)
            for (k, v), (their_k, their_v) in zip(pairs, theirs.items()))
    if kind == "set":
        return isinstance(theirs, (set, list)) and len(theirs) == len(held) and all(
            any(same(one, other) for other in theirs) for one in held)
    return isinstance(theirs, list) and len(theirs) == len(held) and all(map(same, held, theirs))


def random_commands(rng, count):
    """Commands of which most succeed, some fail, and none answers by the time or by chance."""
    keys = [f"key:{n}" for n in range(20)]
    drawn = [
        lambda k: ("SET", k, rng.randbytes(rng.choice([0, 1, 10, 1000, 20000]))),
        lambda k: ("GET", k),
        lambda k: ("INCR", k),
        lambda k: ("INCRBYFLOAT", "f" + k, rng.random()),
        lambda k: ("APPEND", k, "x\r\n"),
        lambda k: ("RPUSH", "l" + k, "a", "b\r\nc", ""),
        lambda k: ("LRANGE", "l" + k, -50, -1),
        lambda k: ("SADD", "s" + k, rng.randrange(100)),
        lambda k: ("SMEMBERS", "s" + k),
        lambda k: ("HSET", "h" + k, rng.randrange(30), "v"),
        lambda k: ("HGETALL", "h" + k),
        lambda k: ("ZADD", "z" + k, rng.choice([rng.random(), "inf", 3]), rng.randrange(40)),
        lambda k: ("ZRANGE", "z" + k, 0, -1, "WITHSCORES"),
        lambda k: ("ZSCORE", "z" + k, rng.randrange(40)),
        lambda k: ("MGET", k, "none", "f" + k),
        lambda k: ("DEL", k),
        lambda k: ("EXISTS", k),
        lambda k: ("LPUSH", "h" + k, "of the wrong type"),
        lambda k: ("NOSUCHCOMMAND", k),
        lambda k: ("GET", k, "too many"),
    ]
    return [rng.choice(drawn)(rng.choice(keys)) for _ in range(count)]


def every_type():
    """A reply of each type that Redis has, in both versions."""
    return [
        ("PING",), ("ECHO", ""), ("SET", "n", 1), ("INCR", "n"), ("GET", "n"), ("GET", "none"),
        ("BLPOP", "none", 0.01), ("EVAL", TYPES_OF_2, 0), ("EVAL", TYPES_OF_3, 0),
        ("MULTI",), ("INCR", "n"), ("LPUSH", "n", "x"), ("HGETALL", "none"), ("EXEC",),
        ("EXEC",), ("SADD", "s", 1, 2, 3), ("SMEMBERS", "s"), ("HSET", "h", "a", "b"),
        ("HGETALL", "h"), ("ZADD", "z", 1.5, "m"), ("ZSCORE", "z", "m"), ("ZMSCORE", "z", "m", "no"),
        ("COMMAND", "INFO", "get", "nosuch"), ("XADD", "x", "1-1", "f", "v"), ("XRANGE", "x", "-", "+"),
        ("XINFO", "STREAM", "x", "FULL"), ("GEOADD", "g", 13.361389, 38.115556, "Palermo"),
        ("GEOPOS", "g", "Palermo", "no"), ("CLIENT", "GETNAME"),
        ("COMMAND",), ("COMMAND", "DOCS"),
        ("SET", "big", BIG), ("GET", "big"), ("GETRANGE", "big", 0, 70000), ("STRLEN", "big"),
    ] + [("DEBUG", "PROTOCOL", name) for name in (
        "string", "integer", "double", "null", "array", "set", "map", "bignum", "true", "false",
        "verbatim")]


@unittest.skipIf(redis is None, "the Python package redis is not installed")
@unittest.skipIf(SERVER is None, "there is no redis-server")
@unittest.skipUnless(PEER.exists(), f"there is no {PEER}")
class RealRedis(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = cls.enterClassContext(redis_server())

    def packed(self, commands, seed, protocol):
        commands = [("HELLO", protocol), ("FLUSHALL",), *commands, ("QUIT",)]
        packed = b"".join(redis.Connection().pack_commands(commands))
        again = rewritten(packed, seed)
        self.assertEqual(len(again), len(packed))
        self.assertTrue(again == packed)
        return again

    def compare(self, commands, seed, protocol):
        theirs = ask_redis_py(self.port, [("FLUSHALL",), *commands], protocol)[1:]
        ours = ask_us(self.port, self.packed(commands, seed, protocol), seed)
        self.assertEqual(ours[-1], [{"string": b"OK".hex()}])
        ours = ours[2:-1]
        self.assertEqual(len(ours), len(theirs))
        for command, our, their in zip(commands, ours, theirs):
            self.assertTrue(len(our) == 1 and same(our[0], their),
                            f"{str(command)[:200]}: {str(our)[:2000]} but redis-py {str(their)[:2000]}")

    def test_every_type_of_reply_is_read_as_redis_py_does(self):
        for protocol in (2, 3):
            for seed in range(SEED, SEED + 3):
                with self.subTest(protocol=protocol, seed=seed):
                    self.compare(every_type(), seed, protocol)

    def test_pipelines_of_thousands_of_commands(self):
        for protocol in (2, 3):
            for seed in range(SEED, SEED + 3):
                with self.subTest(protocol=protocol, seed=seed):
                    self.compare(random_commands(random.Random(seed), 5000), seed, protocol)

    def test_types_that_only_version_3_has(self):
        commands = [("DEBUG", "PROTOCOL", "attrib"), ("DEBUG", "PROTOCOL", "push"), ("MEMORY", "DOCTOR")]
        attribute, push, after, verbatim = ask_us(
            self.port, self.packed(commands, SEED, 3), SEED)[2:-1]
        self.assertEqual([list(value) for value in attribute], [["attribute"], ["string"]])
        self.assertEqual([list(value) for value in push], [["push"]])
        self.assertEqual([list(value) for value in after], [["string"]])
        self.assertEqual([list(value) for value in verbatim], [["verbatim"]])

    def test_pushes_come_between_replies(self):
        commands = [("SET", "k", 1), ("CLIENT", "TRACKING", "ON"), ("GET", "k"), ("SET", "k", 2),
                    ("SUBSCRIBE", "news"), ("PUBLISH", "news", "漫画\r\n"), ("PING",)]
        got = ask_us(self.port, self.packed(commands, SEED, 3), SEED)[2:-1]
        pushes = [value["push"] for value, in got if isinstance(value, dict) and "push" in value]
        replies = [value for value, in got if not (isinstance(value, dict) and "push" in value)]

        def string(text):
            return {"string": text.encode().hex()}

        self.assertIn([string("invalidate"), {"array": [string("k")]}], pushes)
        self.assertIn([string("subscribe"), string("news"), 1], pushes)
        self.assertIn([string("message"), string("news"), string("漫画\r\n")], pushes)
        self.assertEqual(len(pushes), 3)
        self.assertEqual(replies, [string("OK"), string("OK"), string("1"), string("OK"), 1,
                                   string("PONG")])

    def test_what_redis_refuses_we_refuse(self):
        wrong = [b"*1\r\n:1\r\n", b"*1\r\n$-1\r\n", b"*1\r\n$9223372036854775808\r\n", b"*x\r\n",
                 b"*9223372036854775808\r\n", b"*1\r\n$-5\r\n", b'GET "a\r\n', b"*1\r\n$05x\r\n"]
        for command in wrong:
            with self.subTest(command=command):
                with socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_S) as sock:
                    sock.sendall(command)
                    said = sock.recv(1000)
                self.assertTrue(said.startswith(b"-ERR Protocol error"), said)
                with self.assertRaises(AssertionError) as caught:
                    rewritten(command, SEED)
                self.assertIn("ERR_PROTOCOL", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
