# SPDX-License-Identifier: Apache-2.0
"""`assay import promptfoo` and `assay test` on what it makes: the verdicts that promptfoo documents.

One table: an assertion, an answer that it passes and one that it fails. Each becomes an entry of one
configuration; the answers are recorded ones, so that no model is asked. The program is ASSAY_BIN, by
default build/assay."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("ASSAY_BIN", str(ROOT / "build" / "assay"))
SCHEMA = json.loads((ROOT / "share/schemas/import.json").read_text(encoding="utf-8"))

PLACE = {"type": "object", "required": ["latitude"], "properties": {"latitude": {"type": "number"}}}
LINES = "const words = output.split(' ');\nreturn words.length > 2;"

# Assertion, an answer that passes, one that fails; further keys of the test.
TABLE = [
    ({"type": "equals", "value": "The expected output"}, "The expected output", "the expected output"),
    ({"type": "equals", "value": {"key": "value", "n": 1}}, '{"n": 1.0, "key": "value"}', '{"key": "other", "n": 1}'),
    ({"type": "equals", "value": {"key": "value"}}, '{"key": "value"}', "not JSON"),
    ({"type": "not-equals", "value": "no"}, "yes", "no"),
    ({"type": "contains", "value": "Paris"}, "It is Paris.", "It is paris."),
    ({"type": "contains", "value": 0}, "10 apples", "no apples"),
    ({"type": "not-contains", "value": "Paris"}, "It is paris.", "It is Paris."),
    ({"type": "icontains", "value": "The expected"}, "THE EXPECTED one", "another one"),
    ({"type": "not-icontains", "value": "as an ai"}, "Sure.", "As an AI, I cannot."),
    ({"type": "contains-all", "value": ["1,000", "in stock"]}, "1,000 in stock", "1000 in stock"),
    ({"type": "not-contains-all", "value": ["a", "b"]}, "only a", "a and b"),
    ({"type": "contains-any", "value": ["Value 1", "Value 2"]}, "has Value 2", "has value 2"),
    ({"type": "not-contains-any", "value": ["x1", "x2"]}, "neither", "has x2"),
    ({"type": "icontains-all", "value": ["Alpha", "Beta"]}, "BETA alpha", "alpha"),
    ({"type": "not-icontains-all", "value": ["Alpha", "Beta"]}, "alpha", "BETA alpha"),
    ({"type": "icontains-any", "value": ["Alpha", "Beta"]}, "beta", "gamma"),
    ({"type": "not-icontains-any", "value": ["Alpha", "Beta"]}, "gamma", "BETA"),
    ({"type": "starts-with", "value": "Yes"}, "Yes, it is.", "yes, it is."),
    ({"type": "not-starts-with", "value": "Yes"}, "No", "Yes"),
    ({"type": "regex", "value": "\\d{4}"}, "in 1999", "in 99"),
    ({"type": "regex", "value": "^[A-Z]+$"}, "ABC", "abc"),
    ({"type": "not-regex", "value": "sorry|cannot"}, "Of course", "I am sorry"),
    ({"type": "is-json"}, '{"a": [1, 2]}', "Here: {}"),
    ({"type": "is-json", "value": PLACE}, '{"latitude": 35.6}', '{"latitude": "north"}'),
    ({"type": "is-json", "value": json.dumps(PLACE)}, '{"latitude": 35.6}', '{}'),
    ({"type": "not-is-json"}, "text", "[]"),
    ({"type": "contains-json"}, 'Here it is: {"a": 1} as asked', "Here it is: {a}"),
    ({"type": "contains-json", "value": PLACE}, '{"x": 1} and {"latitude": 3}', '{"x": 1}'),
    ({"type": "not-contains-json"}, "no braces", 'see {"a": 1}'),
    ({"type": "word-count", "value": 3}, "one two three", "one two"),
    ({"type": "word-count", "value": {"min": 2, "max": 3}}, " one\ntwo  three ", "one two three four"),
    ({"type": "word-count", "value": {"max": 2}}, "one", "one two three"),
    ({"type": "not-word-count", "value": 2}, "one", "one two"),
    ({"type": "levenshtein", "value": "hello world", "threshold": 5}, "hello wurld!", "goodbye moon"),
    ({"type": "levenshtein", "value": "kitten", "threshold": 3}, "sitting", "sittings"),
    ({"type": "rouge-n", "value": "hello world"}, "Hello big World", "hello there"),
    ({"type": "rouge-n", "value": "hello world", "threshold": 0.5}, "hello there", "nothing"),
    ({"type": "not-rouge-n", "value": "hello world"}, "hello there", "hello world"),
    ({"type": "bleu", "value": "the cat sat on the mat"}, "the cat sat on the mat", "a dog ran"),
    ({"type": "gleu", "value": ["Hello world", "Hi there world"], "threshold": 0.6}, "hello world", "bye"),
    ({"type": "latency", "threshold": 1000}, ("fast", {"latency_ms": 900}), ("slow", {"latency_ms": 1100})),
    ({"type": "latency", "threshold": 1000}, ("fast", {"latency_ms": 900}), "nobody measured"),
    ({"type": "finish-reason", "value": "stop"}, ("done", {"stop_reason": "end_turn"}),
     ("cut", {"stop_reason": "max_tokens"})),
    ({"type": "assert-set", "threshold": 0.5, "assert": [{"type": "contains", "value": "a"},
                                                        {"type": "contains", "value": "b"}]}, "a", "c"),
    ({"type": "assert-set", "assert": [{"type": "contains", "value": "a"},
                                       {"type": "contains", "value": "b"}]}, "a b", "a"),
]

# Tests whose score is held against a threshold: weights count.
WEIGHED = [
    ({"threshold": 0.6, "assert": [{"type": "contains", "value": "x", "weight": 2},
                                   {"type": "contains", "value": "y"}]}, "x", "y"),
    ({"threshold": 0.5, "assert": [{"type": "icontains", "value": "x"}, {"type": "equals", "value": "y"}]}, "X", "z"),
    ({"assert": [{"type": "contains", "value": "x", "weight": 0}, {"type": "contains", "value": "y"}]}, "y", "x"),
]

PYTHON = [
    ({"type": "python", "value": "len(output) < 6"}, "short", "far too long"),
    ({"type": "python", "value": "len(output) / 10", "threshold": 0.5}, "sixsix", "two"),
    ({"type": "not-python", "value": "'x' in output"}, "y", "x"),
    ({"type": "python", "value": "if 'no' in output:\n    return {'pass': False, 'reason': 'it says no'}\nreturn True"},
     "yes", "no"),
    ({"type": "python", "value": "output == context['vars']['q'].upper()"}, "QUESTION", "question"),
]

JAVASCRIPT = [
    ({"type": "javascript", "value": "output.length < 6"}, "short", "far too long"),
    ({"type": "javascript", "value": LINES}, "one two three", "one two"),
    ({"type": "not-javascript", "value": "output.includes('x');"}, "y", "x"),
    ({"type": "javascript", "value": "output.length / 10", "threshold": 0.5}, "sixsix", "two"),
]


class Import(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="assay-import-")
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        self.environment = {**os.environ, "NO_COLOR": "1",
                            "ASSAY_CACHE": os.path.join(tempfile.gettempdir(), "assay-e2e-cache")}

    def assay(self, *arguments, folder=None, status=0):
        wrapper = os.environ.get("ASSAY_WRAPPER", "").split()
        done = subprocess.run([*wrapper, PROGRAM, *arguments], cwd=folder or self.path, env=self.environment,
                              capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def verdicts(self, tests):
        """Whether each test's passing and failing answer passed: {"N-good": bool, "N-bad": bool}."""
        config = {"prompts": ["{{q}}"], "providers": ["openai:gpt-4o-mini"], "tests": []}
        answers = []
        for i, (test, good, bad) in enumerate(tests):
            for name, answer in (("good", good), ("bad", bad)):
                text, rest = answer if isinstance(answer, tuple) else (answer, {})
                config["tests"].append({"description": f"{i}-{name}", "vars": {"q": "question"}, **test})
                answers.append({"id": f"{i}-{name}", "response": text, **rest})
        (self.path / "config.json").write_text(json.dumps(config), encoding="utf-8")
        report = json.loads(self.assay("import", "promptfoo", "config.json", "-o", "out", "--format", "json",
                                       "--strict"))
        self.assertEqual(report["not_carried"], [])
        (self.path / "out/answers.jsonl").write_text(
            "".join(json.dumps(answer) + "\n" for answer in answers), encoding="utf-8")
        self.assay("test", "--responses", "answers.jsonl", "--set", "suites.promptfoo.embedding=none",
                   "-o", "json=report.json", "--quiet", folder=self.path / "out", status=1)
        run = json.loads((self.path / "out/report.json").read_text(encoding="utf-8"))
        return {entry["id"]: not entry["failed"] for entry in run["entries"]}

    def hold(self, tests):
        found = self.verdicts(tests)
        for i, (test, _, _) in enumerate(tests):
            with self.subTest(test=json.dumps(test)):
                self.assertTrue(found[f"{i}-good"], "the passing answer failed")
                self.assertFalse(found[f"{i}-bad"], "the failing answer passed")

    def test_every_deterministic_assertion_gives_the_documented_verdict(self):
        self.hold([({"assert": [assertion]}, good, bad) for assertion, good, bad in TABLE])

    def test_a_threshold_weighs_the_assertions_of_a_test(self):
        self.hold(WEIGHED)

    def test_python_assertions_run_as_commands(self):
        self.hold([({"assert": [assertion]}, good, bad) for assertion, good, bad in PYTHON])

    @unittest.skipUnless(shutil.which("node"), "no node")
    def test_javascript_assertions_run_as_commands(self):
        self.hold([({"assert": [assertion]}, good, bad) for assertion, good, bad in JAVASCRIPT])

    def test_a_reference_becomes_the_accepted_answer(self):
        (self.path / "config.yaml").write_text(
            "prompts: ['{{q}}']\nproviders: [openai:m]\ntests:\n"
            "  - {description: one, vars: {q: a, ref: The answer is four.}, "
            "assert: [{type: similar, value: '{{ref}}', threshold: 0.8}]}\n", encoding="utf-8")
        self.assay("import", "promptfoo", "config.yaml", "-o", "out")
        out = self.path / "out"
        self.assay("baseline", "--responses", "golden/promptfoo-references.jsonl",
                   "--set", "suites.promptfoo.embedding=tfidf", folder=out)
        (out / "answers.jsonl").write_text('{"id": "one", "response": "Bananas grow on trees."}\n', encoding="utf-8")
        self.assay("test", "--responses", "answers.jsonl", "--set", "suites.promptfoo.embedding=tfidf",
                   folder=out, status=1)

    def test_the_report_fits_its_schema(self):
        try:
            import jsonschema
        except ImportError:
            self.skipTest("no jsonschema")
        (self.path / "config.yaml").write_text(
            "prompts: ['{{q | upper}}']\nproviders: [python:x.py]\nredteam: {}\n"
            "tests: [{vars: {q: a}, assert: [{type: is-sql}, {type: contains, value: x}]}]\n", encoding="utf-8")
        report = json.loads(self.assay("import", "promptfoo", "config.yaml", "-o", "out", "--format", "json"))
        jsonschema.validate(report, SCHEMA)
        self.assertEqual({note["what"] for note in report["not_carried"]},
                         {"{{q | upper}}", "python:x.py", "redteam", "is-sql"})


if __name__ == "__main__":
    unittest.main()
