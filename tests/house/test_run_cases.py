# SPDX-License-Identifier: Apache-2.0
"""The runner of black-box cases says yes to what holds, and no, with the reason, to what does not."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import run_cases  # noqa: E402

# Stands in for the program: prints its arguments, its input, and what a server answers.
PROGRAM = """#!/bin/sh
case $1 in
say) shift; echo "$@" ;;
cat) cat ;;
fail) echo "no" >&2; exit "$2" ;;
ask) exec python3 -c '
import sys, urllib.request, urllib.error
for path in sys.argv[2:]:
    try:
        print(urllib.request.urlopen(sys.argv[1] + path, timeout=5).read().decode())
    except urllib.error.HTTPError as error:
        print(error.code, error.read().decode())
    except OSError as error:
        print("broken", type(error).__name__)
' "$2" "$3" "$4" ;;
serve) exec python3 -c '
import http.server, signal, sys
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
server.serve_forever()' "$2" ;;
sleep) sleep "$2" ;;
esac
"""


class Cases(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.program = pathlib.Path(self.scratch.name) / "program"
        self.program.write_text(PROGRAM)
        self.program.chmod(0o755)

    def outcome(self, text, wrapper=None):
        path = pathlib.Path(self.scratch.name) / "one.case"
        path.write_text(text)
        return run_cases.run_all([path], self.program, 1, wrapper)[0]

    def passes(self, text, **more):
        result = self.outcome(text, **more)
        self.assertEqual((result.status, result.detail), ("pass", ""))

    def fails(self, text, because):
        result = self.outcome(text)
        self.assertEqual(result.status, "fail", text)
        self.assertIn(because, result.detail)

    def test_what_is_printed_is_compared_line_by_line(self):
        self.passes("# x\n--- command\nassay say hello\n--- stdout\nhello\n")
        self.passes("# x\n--- command\nassay say a 17 b\n--- stdout\n~ a \\d+ b\n--- stderr empty\n")
        self.passes("# x\n--- command\nprintf 'a\\nb\\nc\\nd\\n'\n--- stdout\na\n...\nd\n")
        self.fails("# x\n--- command\nassay say hello\n--- stdout\nhullo\n", "line 1 is")
        self.fails("# x\n--- command\nassay say hello\n--- stdout\nhello\nyou\n", "ends before")
        self.fails("# x\n--- command\nprintf 'a\\nb\\n'\n--- stdout\na\n", "too much: b")
        self.fails("# x\n--- command\nprintf 'a\\nb\\n'\n--- stdout\na\n...\nz\n", "no line fits 'z'")
        self.fails("# x\n--- command\nassay say hi\n--- stdout empty\n", "not empty")

    def test_the_exit_status_counts(self):
        self.passes("# x\n--- command\nassay fail 3\n--- exit 3\n--- stderr\nno\n")
        self.fails("# x\n--- command\nassay fail 3\n", "exit status 3, expected 0")
        self.fails("# x\n--- command\nassay say hi\n--- exit 1\n", "exit status 0, expected 1")
        self.fails("# x\n--- command\nkill -9 $$\n", "exit status 137")

    def test_lines_may_occur_or_not(self):
        self.passes("# x\n--- command\nassay say one two three\n--- stdout contains\none\nthree\n")
        self.fails("# x\n--- command\nassay say one two\n--- stdout contains\ntwo\none\n", "'one'")
        self.fails("# x\n--- command\nassay say secret\n--- stdout lacks\nsecret\n", "occurs")

    def test_json_is_compared_by_what_is_asked_for(self):
        case = "# x\n--- command\nassay cat\n--- stdin\n{\"a\": 1, \"b\": [true, \"x9\"]}\n--- stdout json\n"
        self.passes(case + '{"b": [true, "~ x\\\\d"]}\n')
        self.fails(case + '{"a": 2}\n', "$.a is 1")
        self.fails(case + '{"c": 2}\n', "$ lacks 'c'")
        self.fails(case + '{"b": [true]}\n', "$.b has 2 items")
        self.fails(case + '{"b": [1, "x9"]}\n', "$.b[0] is true")

    def test_files_are_written_and_looked_at(self):
        self.passes("# x\n--- file d/in\none\n--- command\ncp d/in out\n--- expect-file out\none\n"
                    "--- absent gone\n")
        self.fails("# x\n--- command\ntrue\n--- expect-file out\n", "out was not written")
        self.fails("# x\n--- command\ntouch out\n--- absent out\n", "out is there")
        self.fails("# x\n--- file ../out\n--- command\ntrue\n", "outside")

    def test_a_scripted_peer_answers_and_remembers(self):
        case = "# x\n--- peer\n=> 429\n| Retry-After: 1\n{\"slow\": 1}\n=> 200 chunked\nlong enough to split\n" \
               "--- command\nassay ask http://127.0.0.1:{{PORT}} /a /b\n"
        self.passes(case + '--- stdout\n429 {"slow": 1}\nlong enough to split\n--- requests\n2\n'
                    "--- request 2 contains\nGET /b HTTP/1.1\nHost: 127.0.0.1:{{PORT}}\n")
        self.fails(case + "--- requests\n3\n", "2 requests came, expected 3")
        self.fails(case + "--- request 1 contains\nPOST\n", "'POST' does not occur")
        self.fails("# x\n--- peer\n=> 200\nhi\n--- command\nassay ask http://127.0.0.1:{{PORT}} /a /b\n",
                   "request 2 (/b): the script has no reply left")
        self.passes("# x\n--- peer\n=> 200 path=/b\nB\n=> 200 x*\nother\n--- command\n"
                    "assay ask http://127.0.0.1:{{PORT}} /a /b\n--- stdout\nother\nB\n")

    def test_a_peer_can_break_the_connection(self):
        self.passes("# x\n--- peer\n=> reset\n=> raw\nHTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello\n"
                    "--- command\nassay ask http://127.0.0.1:{{PORT}} /a /b\n"
                    "--- stdout\n~ broken .*\nhello\n")

    def test_a_server_runs_beside_the_commands(self):
        self.passes("# x\n--- file hello\nhi\n--- server s\nassay serve {{PORT:s}}\n--- command\n"
                    "assay ask http://127.0.0.1:{{PORT:s}} /hello /hello\n--- stdout contains\nhi\nhi\n")
        self.fails("# x\n--- server s\nassay fail 3\n--- command\ntrue\n", "does not listen")

    def test_a_command_that_hangs_is_ended(self):
        self.fails("# x\n--- limit 0.3\n--- command\nassay sleep 30\n", "not done after 0.3 s")

    def test_a_wrapper_stands_before_the_program(self):
        self.passes("# x\n--- command\nassay say $WRAPPED\n--- stdout\nyes\n",
                    wrapper="env WRAPPED=yes sh -c 'exec \"$0\" say yes'")
        result = self.outcome("# x\n--- needs native\n--- command\ntrue\n", wrapper="env")
        self.assertEqual(result.status, "skip")

    def test_placeholders_are_filled_and_slots_left_alone(self):
        self.passes("# x\n--- command\nassay cat\n--- stdin\n{{REPEAT:3:ab}} {{BYTES:e58883}} {{name}}\n"
                    "--- stdout\nababab 刃 {{name}}\n")
        self.fails("# x\n--- command\nassay cat\n--- stdin\n{{NONSENSE}}\n", "unknown placeholder")

    def test_a_file_that_is_no_case_says_where(self):
        self.fails("--- command\ntrue\n", "say in a '#' line")
        self.fails("# x\n--- file a\n", "no '--- command'")
        self.fails("# x\n--- command\ntrue\n--- stdouts\n", ":4: no section 'stdouts' here")
        self.fails("# x\n--- peer\n=> 2000\n--- command\ntrue\n", "neither a status")
        self.fails("# x\nhello\n--- command\ntrue\n", ":2: text before")

    def test_the_runner_fails_where_a_case_fails_or_none_is_there(self):
        folder = pathlib.Path(self.scratch.name) / "cases"
        folder.mkdir()

        def run():
            return subprocess.run([sys.executable, str(ROOT / "tools/run_cases.py"), "--bin",
                                   str(self.program), str(folder)], capture_output=True, text=True,
                                  env={**os.environ, "ASSAY_WRAPPER": ""})
        self.assertEqual(run().returncode, 1)
        (folder / "good.case").write_text("# x\n--- command\nassay say hi\n--- stdout\nhi\n")
        done = run()
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "1 passed, 0 failed"))
        (folder / "bad.case").write_text("# x\n--- command\nassay say hi\n--- stdout\nho\n")
        done = run()
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (1, "1 passed, 1 failed"))
        self.assertIn("bad.case:4", done.stdout)
