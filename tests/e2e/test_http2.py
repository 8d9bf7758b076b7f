# SPDX-License-Identifier: Apache-2.0
"""The HTTP/2 codec against Node's: each side with the other of theirs, over loopback.

Needs `node` (skipped without it); our side is the test program tests/unit/wire/http2_peer of the
build, ASSAY_BUILD, by default build/. What peers do that break the protocol is a matter for h2spec
and tests/unit/wire/test_http2_rules.c.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PEER = pathlib.Path(os.environ.get("ASSAY_BUILD", ROOT / "build")) / "tests/unit/wire/http2_peer"
NODE = shutil.which("node")
TIMEOUT_S = 60
COUNT = 150

# Asks COUNT times at once, the i-th with i * 300 bytes, and checks what comes back.
CLIENT = """
const http2 = require('http2');
const [port, count] = process.argv.slice(1).map(Number);
const session = http2.connect(`http://127.0.0.1:${port}`);
let good = 0, left = count;
session.on('error', error => { console.log(`error ${error.message}`); process.exit(1); });
session.ping(() => {});
for (let i = 0; i < count; i++) {
  const body = Buffer.alloc(i * 300, String.fromCharCode(97 + i % 26));
  const request = session.request({':method': 'POST', ':path': `/${i}`, cookie: ['a=1', 'b=2']});
  const pieces = [];
  request.on('data', piece => pieces.push(piece));
  request.on('close', () => {
    good += Buffer.concat(pieces).equals(Buffer.concat([Buffer.from(`POST /${i} `), body]));
    if (--left === 0) session.close(() => console.log(`good ${good}`));
  });
  request.end(body);
}
"""

# Sends back what it gets, in the pieces it comes in, to twenty streams at a time.
SERVER = """
const http2 = require('http2');
const server = http2.createServer({settings: {maxConcurrentStreams: 20}});
server.on('stream', (stream, headers) => {
  stream.additionalHeaders({':status': 103, link: '</x>'});
  stream.respond({':status': 200});
  stream.write(`${headers[':method']} ${headers[':path']} `);
  stream.pipe(stream);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""


@unittest.skipIf(NODE is None, "node is not installed")
@unittest.skipUnless(PEER.exists(), f"there is no {PEER}")
class WithNode(unittest.TestCase):
    def ours(self, sock, *arguments):
        program = subprocess.Popen([str(PEER), *map(str, arguments)], stdin=sock,
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(program.kill)
        self.addCleanup(program.stdout.close)
        sock.close()
        return program

    def theirs(self, script, *arguments):
        program = subprocess.Popen([NODE, "-e", script, *map(str, arguments)],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        return program

    def test_our_server_answers_all_that_their_client_asks_at_once(self):
        for piece in (7, 65536):
            with self.subTest(piece=piece), socket.create_server(("127.0.0.1", 0)) as listener:
                client = self.theirs(CLIENT, listener.getsockname()[1], COUNT)
                server = self.ours(listener.accept()[0], "server", piece)
                self.assertEqual(client.communicate(timeout=TIMEOUT_S)[0].strip(), f"good {COUNT}")
                self.assertEqual(server.communicate(timeout=TIMEOUT_S)[0].strip(),
                                 f"OK  good=0 ended={COUNT}")

    def test_our_client_gets_all_that_it_asked_as_many_at_a_time_as_their_server_takes(self):
        server = self.theirs(SERVER)
        port = int(server.stdout.readline())
        for piece in (7, 65536):
            with self.subTest(piece=piece):
                client = self.ours(socket.create_connection(("127.0.0.1", port)), "client", piece,
                                   COUNT)
                self.assertEqual(client.communicate(timeout=TIMEOUT_S)[0].strip(),
                                 f"OK  good={COUNT} ended={COUNT}")


if __name__ == "__main__":
    unittest.main()
