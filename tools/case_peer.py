# SPDX-License-Identifier: Apache-2.0
"""case_peer: a scripted HTTP/1.1 server for black-box cases (tests/golden/README.md).

It answers each request with the next reply of its script and keeps what it was asked. One thread
a connection, loopback only, a free port of its own. It is a witness and no web server: it takes
what a client sends as it comes, limits requests to 64 MiB, and says in `complaints` what went
wrong.
"""

import re
import socket
import struct
import threading
import time

REQUEST_MAX = 64 << 20
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
           429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}


class ScriptError(Exception):
    pass


class Reply:
    """One `=>` of a script: `=> WHAT [xN|x*] [path=/p] [delay=S] [cut=N] [chunked] [close]`."""

    def __init__(self, line):
        words = line.split()
        if not words:
            raise ScriptError("'=>' needs a status, 'raw', 'reset' or 'hang'")
        self.what, self.left, self.headers, self.body = words[0], 1, [], b""
        self.path, self.delay, self.cut, self.chunked, self.close = None, 0.0, None, False, False
        if self.what not in ("raw", "reset", "hang") and not re.fullmatch(r"[1-5]\d\d", self.what):
            raise ScriptError(f"'=> {self.what}': neither a status nor 'raw', 'reset' or 'hang'")
        for word in words[1:]:
            self.set_option(word)

    def set_option(self, word):
        name, _, value = word.partition("=")
        if re.fullmatch(r"x(\d+|\*)", word):
            self.left = float("inf") if word == "x*" else int(word[1:])
        elif word in ("chunked", "close"):
            setattr(self, word, True)
        elif name == "path" and value:
            self.path = value
        elif name == "delay" and value:
            self.delay = float(value)
        elif name == "cut" and value:
            self.cut = int(value)
        else:
            raise ScriptError(f"unknown word '{word}' after '=> {self.what}'")

    def fits(self, path):
        return self.left > 0 and (self.path is None or self.path == path)

    def render(self):
        if self.what == "raw":
            return self.body
        names = {name.lower() for name, _ in self.headers}
        head = f"HTTP/1.1 {self.what} {REASONS.get(int(self.what), 'Status')}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        if "content-type" not in names:
            head += "Content-Type: application/json\r\n"
        if self.close:
            head += "Connection: close\r\n"
        body = self.body if self.cut is None else self.body[:self.cut]
        if self.chunked:
            head += "Transfer-Encoding: chunked\r\n"
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 7]), body[i:i + 7])
                              for i in range(0, len(body), 7))
            body = chunks + (b"0\r\n\r\n" if self.cut is None else b"")
        elif "content-length" not in names:
            head += f"Content-Length: {len(self.body)}\r\n"
        return head.encode() + b"\r\n" + body


def parse_script(text):
    """The replies of a peer section: bytes with `=>` lines, `| Header: value` lines and bodies."""
    replies, in_head = [], False
    for line in text.splitlines(keepends=True):
        if line.startswith(b"=>"):
            replies.append(Reply(line[2:].decode()))
            in_head = True
        elif not replies:
            if line.strip():
                raise ScriptError("a peer's script starts with '=> STATUS'")
        elif in_head and line.startswith(b"| "):
            name, colon, value = line[2:].decode().partition(":")
            if not colon:
                raise ScriptError(f"'| {name.strip()}' is no 'Header: value'")
            replies[-1].headers.append((name.strip(), value.strip()))
        else:
            in_head = False
            replies[-1].body += line
    for reply in replies:
        reply.body = reply.body[:-1] if reply.body.endswith(b"\n") else reply.body
        if reply.what == "raw":
            reply.body = reply.body.replace(b"\n", b"").decode("unicode_escape").encode("latin-1")
    return replies


class Peer:
    """Serves a script until closed. `requests` holds what came, as (head, body) bytes."""

    def __init__(self, replies):
        self.replies, self.requests, self.complaints = replies, [], []
        self.lock, self.over = threading.Lock(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.open = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.over.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.open.add(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def close(self):
        self.over.set()
        self.listener.close()
        with self.lock:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def take(self, head, body):
        path = (head.split(b" ") + [b"", b""])[1].decode("latin-1")
        with self.lock:
            self.requests.append((head, body))
            for reply in self.replies:
                if reply.fits(path):
                    reply.left -= 1
                    return reply
            self.complaints.append(f"request {len(self.requests)} ({path}): "
                                   "the script has no reply left")
        return None

    def serve(self, connection):
        try:
            with connection:
                buffer = b""
                while not self.over.is_set():
                    request, buffer = read_request(connection, buffer)
                    if request is None or not self.answer(connection, request):
                        return
        except OSError:
            pass
        finally:
            with self.lock:
                self.open.discard(connection)

    def answer(self, connection, request):
        reply = self.take(*request)
        if reply is None:
            connection.sendall(b"HTTP/1.1 599 Script over\r\nContent-Length: 0\r\n\r\n")
            return True
        if reply.delay:
            self.over.wait(reply.delay)
        if reply.what == "hang":
            self.over.wait(600)
            return False
        if reply.what == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        connection.sendall(reply.render())
        return not (reply.close or reply.cut is not None or reply.what == "raw")


def read_request(connection, buffer):
    """One request as (head, body), and what came after it; None where the client is done."""
    while b"\r\n\r\n" not in buffer:
        more = connection.recv(65536)
        if not more or len(buffer) > REQUEST_MAX:
            return None, b""
        buffer += more
    head, buffer = buffer.split(b"\r\n\r\n", 1)
    if re.search(rb"(?im)^expect: *100-continue", head):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    if re.search(rb"(?im)^transfer-encoding: *chunked", head):
        return read_chunked(connection, head, buffer)
    wanted = int(length.group(1)) if length else 0
    while len(buffer) < wanted:
        more = connection.recv(65536)
        if not more or wanted > REQUEST_MAX:
            return None, b""
        buffer += more
    return (head, buffer[:wanted]), buffer[wanted:]


def read_chunked(connection, head, buffer):
    body = b""
    while True:
        while b"\r\n" not in buffer:
            more = connection.recv(65536)
            if not more:
                return None, b""
            buffer += more
        size_text, buffer = buffer.split(b"\r\n", 1)
        size = int(size_text.split(b";")[0], 16)
        while len(buffer) < size + 2:
            more = connection.recv(65536)
            if not more:
                return None, b""
            buffer += more
        body, buffer = body + buffer[:size], buffer[size + 2:]
        if size == 0:
            return (head, body), buffer


def wait_for_port(port, seconds, process):
    """True once something listens on the port; False where the process ends or time runs out."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
            return True
        except OSError:
            time.sleep(0.02)
    return False
