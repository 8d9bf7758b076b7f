# SPDX-License-Identifier: Apache-2.0
"""`assay validate` from outside: order, memory, cuts, hostile lines, those whom a policy asks, the end.

The program is ASSAY_BIN, by default build/assay. The public texts are those of ASSAY_SHARED."""

import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("ASSAY_BIN", str(ROOT / "build" / "assay"))
SHARED = pathlib.Path(os.environ.get("ASSAY_SHARED", ROOT.parent / "shared")) / "data"
SCHEMA = json.loads((ROOT / "share/schemas/validate.json").read_text(encoding="utf-8"))
MARK = "assay sim: listening on "
MEBIBYTE = 1 << 20
# Sanitizers and valgrind keep shadows of all memory.
IS_WRAPPED = bool(os.environ.get("ASSAY_WRAPPER")) or "san" in os.environ.get("ASSAY_BUILD", "")


def lines_of(items):
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items).encode()


def results_of(output):
    return [json.loads(line) for line in output.splitlines()]


def texts():
    """A few hundred real texts of several kinds, Japanese and English; none where there is no data."""
    found = []
    for path in sorted((SHARED / "rakuda").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            found += [v for v in json.loads(line).values() if isinstance(v, str) and len(v) > 40][:1]
    for path in sorted((SHARED / "m-ifeval").glob("strict_*.jsonl"))[:3]:
        for line in path.read_text(encoding="utf-8").splitlines()[:60]:
            found += [v for k, v in json.loads(line).items() if k == "response"]
    presidio = list((SHARED / "presidio").glob("*.json"))
    if presidio:
        data = json.loads(presidio[0].read_text(encoding="utf-8"))
        found += [item["full_text"] for item in data[:150] if isinstance(item, dict) and "full_text" in item]
    return found


class Validate(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="assay-validate-")
        self.addCleanup(self.folder.cleanup)
        self.environment = {**os.environ, "ASSAY_CACHE": os.path.join(tempfile.gettempdir(), "assay-e2e-cache"),
                            "NO_COLOR": "1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
                            "AWS_SECRET_ACCESS_KEY": "none", "AWS_EC2_METADATA_DISABLED": "true"}

    def write(self, name, text):
        path = pathlib.Path(self.folder.name) / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def start(self, *words, **options):
        return subprocess.Popen([PROGRAM, "validate", *words], cwd=self.folder.name, env=self.environment,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def run_it(self, text, *words, status=None):
        process = self.start(*words)
        output, errors = process.communicate(text)
        if status is not None:
            self.assertEqual(process.returncode, status, errors.decode())
        return output.decode(), errors.decode()

    # ---- lines ---------------------------------------------------------------------------------

    def test_what_is_printed_fits_the_schema(self):
        output, _ = self.run_it(lines_of([
            {"id": "a", "response": "mail a.b@example.com, 090-1234-5678"},
            {"id": 7, "response": "x", "expect": {"format": "json", "keywords": ["y"], "forbidden": ["x"]}},
            {"response": "fine"},
            {"id": "m", "response": "x", "stop_reason": "max_tokens", "usage": None},
        ]), status=1)
        results = results_of(output)
        self.assertEqual([result.get("id") for result in results], ["a", 7, None, "m"])
        checked, _ = self.run_it(lines_of([
            {"response": line, "expect": {"format": "json", "schema": SCHEMA}} for line in output.splitlines()]),
            "--policy", self.write("format.yaml", "checks: [format]\n"), status=0)
        self.assertEqual({result["decision"] for result in results_of(checked)}, {"accept"}, checked)

    def test_offsets_are_bytes_of_the_decoded_response(self):
        response = "漫画☃\u0000 taro@example.com です"
        result = results_of(self.run_it(lines_of([{"response": response}]), status=1)[0])[0]["failed"][0]
        self.assertEqual(response.encode()[result["start"]:result["end"]].decode(), "taro@example.com")

    def test_the_order_is_that_of_the_lines_whatever_the_threads(self):
        items = [{"id": i, "response": "あ" * (1 if i % 7 else 20000) + f" user{i}@example.com"} for i in range(400)]
        one = self.run_it(lines_of(items), "-j", "1", status=1)[0]
        self.assertEqual([result["id"] for result in results_of(one)], list(range(400)))
        for threads in ("2", "8"):
            self.assertEqual(self.run_it(lines_of(items), "-j", threads, status=1)[0], one)

    def test_no_cut_changes_a_verdict(self):
        found = texts()
        if not found:
            self.skipTest(f"the public texts are not at {SHARED}; set ASSAY_SHARED")
        policy = self.write("policy.yaml", """
checks:
  - format
  - language
  - length
  - forbidden
  - {check: safety.personal_data, action: mask}
  - safety.secret
  - safety.injection
  - safety.prompt_leak
  - {check: pattern.yen, not: '[0-9]{1,6}円', action: retry}
  - support.value
expect: {forbidden: [お問い合わせ, please], language: ja, max_chars: 2000}
""")
        prompt = " ".join(found[0].split()[:200])
        items = lines_of([{"id": i, "response": text, "system_prompt": prompt, "sources": found[:2]}
                          for i, text in enumerate(found)])
        for words in ([], ["--policy", policy]):
            whole = self.run_it(items, "-q", *words)[0]
            self.assertEqual(len(whole.splitlines()), len(found))
            for size in (1, 2, 3, 7, 16, 1000):
                with self.subTest(size=size, policy=bool(words)):
                    self.assertEqual(self.run_it(items, "-q", "--stream", str(size), *words)[0], whole)

    def test_hostile_lines_are_told_and_the_others_count(self):
        text = b"".join([
            b'{"id":"utf8","response":"\xff\xfe"}\n',
            b'{"id":"lone","response":"a\\ud800b"}\n',
            b'{"id":"zero","response":"a\\u0000b"}\n',
            b'{"id":"nul","response":"a\x00b"}\n',
            b"[" * 100000 + b"\n",
            json.dumps({"id": "deep", "response": "[" * 100000, "expect": {"format": "json"}}).encode() + b"\n",
            json.dumps({"id": "large", "response": "漫画の本 " * 700000}).encode() + b"\n",
            json.dumps({"id": "marks", "response": "a" + "\u0301" * 100000}).encode() + b"\n",
            b'{"id":"no response"}\n', b"nonsense\n", b"\n", b"5\n",
            b'{"id":"typo","response":"x","expect":{"keywrods":[]}}\n',
            b'{"id":"end","response":"fine"}',
        ])
        output, errors = self.run_it(text, status=2)
        self.assertEqual([result["id"] for result in results_of(output)],
                         ["lone", "zero", "deep", "large", "marks", "end"])
        for number in (1, 4, 5, 9, 10, 12, 13):
            self.assertRegex(errors, rf"standard input:{number}:\d+: ")
        self.assertIn("did you mean 'keywords'", errors)

    def test_a_line_past_the_limit_is_passed_over(self):
        def feed(process):
            process.stdin.write(b'{"id":"a","response":"x"}\n{"id":"b","response":"')
            for _ in range(65):
                process.stdin.write(b"x" * MEBIBYTE)
            process.stdin.write(b'"}\n{"id":"c","response":"x"}\n')
            process.stdin.close()
        process = self.start("-q")
        thread = threading.Thread(target=feed, args=(process,))
        thread.start()
        output = process.stdout.read()
        errors = process.stderr.read().decode()
        thread.join()
        process.stdout.close()
        process.stderr.close()
        self.assertEqual(process.wait(), 2)
        self.assertEqual([result["id"] for result in results_of(output)], ["a", "c"])
        self.assertIn("standard input:2:1: ", errors)

    # ---- size and time -------------------------------------------------------------------------

    def test_a_long_input_takes_no_more_memory_than_a_short_one(self):
        line = lines_of([{"response": "第三巻は550円です。" * 40, "sources": ["全巻550円です。"]}])
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        process = self.start("-q")
        reader = threading.Thread(target=lambda: [None for _ in process.stdout])
        reader.start()
        for _ in range(200 if IS_WRAPPED else 60):
            process.stdin.write(line * (10 if IS_WRAPPED else 1000))
        process.stdin.close()
        reader.join()
        process.stdout.close()
        process.stderr.close()
        process.wait()
        after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        if not IS_WRAPPED:  # 90 MB went through
            self.assertLess(max(after, before), 80 * 1024 if before < 80 * 1024 else before + 1, "KiB")

    def test_answers_come_while_the_input_is_still_open(self):
        process = self.start("-q")
        process.stdin.write(b'{"id":"now","response":"x"}\n')
        process.stdin.flush()
        self.assertEqual(json.loads(process.stdout.readline())["id"], "now")
        process.communicate()
        self.assertEqual(process.returncode, 0)

    def test_an_interruption_prints_what_was_done(self):
        process = self.start()
        process.stdin.write(lines_of([{"id": i, "response": "x"} for i in range(10)]))
        process.stdin.flush()
        first = process.stdout.readline()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        output = first + process.stdout.read()
        errors = process.stderr.read().decode()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()
        self.assertEqual(process.wait(), 130)
        self.assertEqual(len(results_of(output)), 10)
        self.assertIn("10 answers", errors)

    def test_what_is_closed_cannot_be_used_and_nothing_takes_its_place(self):
        for number, ending in (0, b"cannot read"), (1, b"cannot write"):
            process = self.start("-q", preexec_fn=lambda number=number: os.close(number))
            _, errors = process.communicate(b'{"response": "x"}\n', timeout=60)
            self.assertEqual(process.returncode, 3)
            self.assertIn(ending, errors)

    def test_a_reader_that_goes_away_ends_it_quietly(self):
        process = self.start()
        def feed():
            try:
                while True:
                    process.stdin.write(lines_of([{"response": "x" * 1000}]) * 100)
            except (BrokenPipeError, ValueError):
                pass
        thread = threading.Thread(target=feed)
        thread.start()
        process.stdout.readline()
        process.stdout.close()
        process.wait(timeout=60)
        thread.join()
        errors = process.stderr.read().decode()
        process.stderr.close()
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
        self.assertIn(process.returncode, (0, 1))
        self.assertNotIn("Broken pipe", errors)

    # ---- those whom a policy asks --------------------------------------------------------------

    def grader(self):
        self.write("grader.py", """
import json, sys
asked = json.dumps(json.load(sys.stdin), ensure_ascii=False)
answer = asked.split("<answer-")[-1]
if "mute" in answer:
    print(json.dumps({"text": "I would say five."}))
elif "crash" in answer:
    sys.exit("out of order")
else:
    print(json.dumps({"text": json.dumps({"score": 1 if "rude" in answer else 5, "reason": "so it reads"}),
                      "usage": {"tokens_in": 100, "tokens_out": 10}}))
""")
        self.write("assay.yaml", f"targets:\n  grader: {{kind: exec, command: [{sys.executable}, grader.py], "
                                 "attempts: 1, price: {input: 1, output: 2}}\n")
        return self.write("judge.yaml", "checks:\n  - {check: judge.tone, target: grader, rubric: Is it polite?, "
                                        "scale: 1-5, floor: 3, repeat: 2}\n")

    def test_a_judge_grades_and_its_silence_is_no_pass(self):
        policy = self.grader()
        words = ("good day", "rude", "mute", "crash", "good night")
        output, errors = self.run_it(lines_of([{"id": w, "response": w} for w in words]), "--policy", policy, status=1)
        results = results_of(output)
        self.assertEqual([result["decision"] for result in results], ["accept", "retry", "retry", "retry", "accept"])
        messages = [result["failed"][0]["message"] if result["failed"] else "" for result in results]
        self.assertIn("so it reads", messages[1])
        self.assertIn("no verdict", messages[2])
        self.assertIn("out of order", messages[3])
        self.assertRegex(errors, r"judge\.tone: 5 asked, 2 without a verdict, repeats agree by 100\.0 %")
        self.assertRegex(errors, r"1000 tokens in|800 tokens in|600 tokens in")

    def test_many_judged_answers_keep_their_order(self):
        policy = self.grader()
        items = [{"id": i, "response": "rude" if i % 3 == 0 else "kind"} for i in range(60)]
        results = results_of(self.run_it(lines_of(items), "--policy", policy, status=1)[0])
        self.assertEqual([result["id"] for result in results], list(range(60)))
        for i, result in enumerate(results):
            self.assertEqual(result["decision"], "accept" if i % 3 else "retry")

    def test_a_judge_that_is_nobody_is_a_mistake_of_the_policy(self):
        policy = self.write("judge.yaml", "checks:\n  - {check: judge.tone, target: gone, rubric: x, scale: 1-5, "
                                          "floor: 3}\n")
        _, errors = self.run_it(b"", "--policy", policy, status=2)
        self.assertRegex(errors, r"judge\.yaml:2:\d+: judge\.tone: target 'gone'")

    def test_a_command_judges_with_evidence_and_place(self):
        self.write("check.py", """
import json, sys
line = json.load(sys.stdin)
if "crash" in line["response"]:
    sys.exit("cannot tell")
if "strange" in line["response"]:
    print("maybe")
    sys.exit()
at = line["response"].encode().find("禁".encode())
print(json.dumps({"pass": at < 0, "start": at, "end": at + 3, "message": "holds 禁 of " + line["prompt"]}))
""")
        policy = self.write("exec.yaml", f"checks:\n  - {{check: exec.own, command: [{sys.executable}, check.py]}}\n")
        output, errors = self.run_it(lines_of([{"id": w, "response": w, "prompt": "q"} for w in
                                               ("fine", "これは禁止です", "crash", "strange")]),
                                     "--policy", policy, status=1)
        results = results_of(output)
        self.assertEqual([bool(result["failed"]) for result in results], [False, True, True, True])
        found = results[1]["failed"][0]
        self.assertEqual((found["check"], found["evidence"], found["start"], found["end"], found["message"]),
                         ("exec.own", "禁", 9, 12, "holds 禁 of q"))
        self.assertIn("cannot tell", results[2]["failed"][0]["message"])
        self.assertIn("\"pass\"", results[3]["failed"][0]["message"])
        self.assertIn("2 without a verdict", errors)

    def test_a_guardrail_of_the_simulator_acts(self):
        with subprocess.Popen([PROGRAM, "sim", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=self.environment) as sim:
            try:
                address = ""
                while MARK not in address:
                    address = sim.stdout.readline()
                    self.assertTrue(address, "the simulator did not start")
                address = address.split(MARK)[1].split()[0].removeprefix("http://")
                self.write("assay.yaml", f"targets:\n  br: {{kind: bedrock, url: 'http://{address}', model: m, "
                                         "region: us-east-1}\n")
                policy = self.write("guard.yaml",
                                    "checks:\n  - {check: guardrail, target: br, id: abc, version: '1'}\n")
                source = "鬼滅の刃は全23巻で完結しました。"
                output, _ = self.run_it(lines_of([
                    {"id": 1, "response": "鬼滅の刃は全23巻です。", "prompt": "何巻?", "sources": [source]},
                    {"id": 2, "response": "Cars are fast and red.", "prompt": "何巻?", "sources": [source]},
                    {"id": 3, "response": "mail taro@example.com"},
                ]), "--policy", policy, status=1)
                results = results_of(output)
                self.assertEqual([result["decision"] for result in results], ["accept", "fallback", "fallback"])
                self.assertIn("GROUNDING", results[1]["failed"][0]["message"])
                self.assertEqual((results[2]["failed"][0]["start"], results[2]["failed"][0]["end"]), (5, 21))
            finally:
                sim.terminate()

    # ---- the documentation -------------------------------------------------------------------------

    def test_the_policies_of_the_documentation_hold(self):
        page = (ROOT / "docs/validation.md").read_text(encoding="utf-8")
        policies = re.findall(r"```yaml\n(.*?)```", page, re.S)
        self.write("answer.schema.json", "{}")
        self.environment["SHOP_API_KEY"] = "0123456789abcdef"
        self.assertEqual(len(policies), 4)
        for text in policies:
            output, _ = self.run_it(b"", "--dry-run", "--policy", self.write("policy.yaml", text), status=0)
            self.assertIn("policy", output)

    def test_the_table_of_the_default_policy_has_its_checks(self):
        page = (ROOT / "docs/validation.md").read_text(encoding="utf-8")
        table = page.split("## The default policy")[1].split("What was not said")[0]
        for line in self.run_it(b"", "--dry-run", status=0)[0].splitlines()[1:]:
            self.assertIn(f"`{line.split()[0]}`", table)

    # ---- for people ----------------------------------------------------------------------------

    def test_what_is_shown_to_people_drives_no_terminal(self):
        response = "\x1b[2J\x07 \u202etaro@example.com\u202c password=hunter2hunter2 AKIAQX7ZN3PLMW2KRT5V"
        output, _ = self.run_it(lines_of([{"id": "\x1b[31m", "response": response}]), "--explain", status=1)
        self.assertNotIn("\x1b", output)
        self.assertNotIn("\x07", output)
        self.assertNotIn("\u202e", output)
        self.assertIn("»taro@example.com«", output)
        self.assertNotIn("AKIAQX7ZN3PLMW2KRT5V", output)

    def test_reports_go_to_several_files(self):
        path = os.path.join(self.folder.name, "out.jsonl")
        output, _ = self.run_it(lines_of([{"id": "a", "response": "x"}]), "--format", "text", "-o", f"json={path}",
                                status=0)
        self.assertEqual(output, "a: accept\n")
        self.assertEqual(results_of(pathlib.Path(path).read_text(encoding="utf-8"))[0]["decision"], "accept")


if __name__ == "__main__":
    unittest.main()
