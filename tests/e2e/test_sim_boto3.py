# SPDX-License-Identifier: Apache-2.0
"""The simulator behind real clients: boto3 and OpenAI's SDK, unchanged but for their endpoint.

Starts `assay sim` on a free port; the program is ASSAY_BIN, by default build/assay.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import unittest

import boto3
import botocore.config
import botocore.exceptions
import openai

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("ASSAY_BIN", str(ROOT / "build" / "assay"))
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
ARN = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{HAIKU}"
EXCEPTIONS = {
    "ThrottlingException": 429, "ValidationException": 400, "AccessDeniedException": 403,
    "ResourceNotFoundException": 404, "ServiceQuotaExceededException": 400,
    "ModelErrorException": 424, "ModelTimeoutException": 408, "ModelNotReadyException": 429,
    "InternalServerException": 500, "ServiceUnavailableException": 503,
}
MARK = "assay sim: listening on "


class Simulator:
    def __init__(self, *options):
        self.process = subprocess.Popen(
            [PROGRAM, "sim", "--listen", "127.0.0.1:0", "--latency", "none", *options],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if not line.startswith(MARK):
            self.stop()
            raise AssertionError(f"'{PROGRAM} sim' began with {line!r}")
        self.url = line[len(MARK):].strip()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process.stdout.close()


def body(text, **more):
    return json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 300,
                       "messages": [{"role": "user", "content": text}], **more})


class Boto3(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator()
        cls.client = boto3.client(
            "bedrock-runtime", region_name="us-east-1", endpoint_url=cls.simulator.url,
            aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="not-a-secret",
            config=botocore.config.Config(retries={"total_max_attempts": 1}))

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.simulator.stop()

    def test_invoke_model_answers_as_claude(self):
        for model in (HAIKU, ARN, "anthropic.claude-3-sonnet-20240229-v1:0", "sim"):
            with self.subTest(model=model):
                answer = self.client.invoke_model(
                    modelId=model, body=body("鬼滅の刃の作者は誰ですか？", system="日本語で答えてください。"))
                self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 200)
                self.assertRegex(answer["ResponseMetadata"]["RequestId"], r"^[0-9a-f-]{36}$")
                read = json.loads(answer["body"].read())
                self.assertIn("吾峠呼世晴", read["content"][0]["text"])
                self.assertEqual(read["stop_reason"], "end_turn")
                self.assertGreater(read["usage"]["input_tokens"], 5)
                headers = answer["ResponseMetadata"]["HTTPHeaders"]
                self.assertEqual(headers["x-amzn-bedrock-output-token-count"],
                                 str(read["usage"]["output_tokens"]))

    def test_converse_answers_and_honours_its_settings(self):
        answer = self.client.converse(
            modelId=HAIKU, system=[{"text": "Stay under 300 characters."}],
            messages=[{"role": "user", "content": [{"text": "Who wrote Monster?"}]}],
            inferenceConfig={"maxTokens": 200, "temperature": 0.0})
        self.assertIn("Naoki Urasawa", answer["output"]["message"]["content"][0]["text"])
        self.assertEqual(answer["stopReason"], "end_turn")
        self.assertEqual(answer["usage"]["totalTokens"],
                         answer["usage"]["inputTokens"] + answer["usage"]["outputTokens"])
        cut = self.client.converse(
            modelId=HAIKU, messages=[{"role": "user", "content": [{"text": "Who wrote Monster?"}]}],
            inferenceConfig={"maxTokens": 3})
        self.assertEqual(cut["stopReason"], "max_tokens")
        self.assertLessEqual(cut["usage"]["outputTokens"], 3)

    def test_the_same_request_gets_the_same_answer(self):
        texts = {self.client.invoke_model(modelId=HAIKU, body=body("Recommend manga like Slam Dunk."))
                 ["body"].read().split(b'"content":')[1].split(b'"usage"')[0] for _ in range(5)}
        self.assertEqual(len(texts), 1)

    def test_each_error_is_the_class_that_boto3_has_for_it(self):
        for name, status in EXCEPTIONS.items():
            expected = getattr(self.client.exceptions, name)
            model = f"sim.fault-{name}"
            for ask in (lambda: self.client.invoke_model(modelId=model, body=body("Hello!")),
                        lambda: self.client.converse(
                            modelId=model,
                            messages=[{"role": "user", "content": [{"text": "Hello!"}]}])):
                with self.subTest(name=name):
                    with self.assertRaises(expected) as caught:
                        ask()
                    response = caught.exception.response
                    self.assertEqual(response["Error"]["Code"], name)
                    self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], status)
                    self.assertTrue(response["Error"]["Message"])

    def test_what_the_service_refuses_is_refused(self):
        invalid = self.client.exceptions.ValidationException
        for wrong in (b"{", b"[]", b"{}", b'{"anthropic_version":"bedrock-2023-05-31","messages":[]}',
                      body("a", stream=True), body(""), body("a", temperature=7)):
            with self.subTest(body=wrong), self.assertRaises(invalid):
                self.client.invoke_model(modelId=HAIKU, body=wrong)
        with self.assertRaises(invalid):
            self.client.converse(modelId=HAIKU, messages=[
                {"role": "user", "content": [{"text": "a"}]},
                {"role": "user", "content": [{"text": "b"}]}])
        with self.assertRaises(invalid):
            self.client.invoke_model(modelId="amazon.titan-text-express-v1", body=body("a"))
        with self.assertRaises(self.client.exceptions.ResourceNotFoundException):
            self.client.invoke_model(modelId="no-such-model", body=body("a"))

    def test_a_throttled_client_retries_as_its_settings_say(self):
        client = boto3.client(
            "bedrock-runtime", region_name="us-east-1", endpoint_url=self.simulator.url,
            aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="not-a-secret",
            config=botocore.config.Config(retries={"mode": "standard", "total_max_attempts": 2}))
        with self.assertRaises(client.exceptions.ThrottlingException) as caught:
            client.invoke_model(modelId="sim.fault-ThrottlingException", body=body("a"))
        self.assertEqual(caught.exception.response["ResponseMetadata"]["RetryAttempts"], 1)
        client.close()


class OpenAI(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator()
        cls.client = openai.OpenAI(base_url=cls.simulator.url + "/v1", api_key="unused",
                                   max_retries=0)

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.simulator.stop()

    def ask(self, model="sim", **more):
        return self.client.chat.completions.create(
            model=model, messages=[{"role": "system", "content": "Answer in Japanese."},
                                   {"role": "user", "content": "Who wrote Monster?"}], **more)

    def test_a_chat_completion_is_answered(self):
        answer = self.ask(n=2)
        self.assertEqual(len(answer.choices), 2)
        self.assertIn("浦沢直樹", answer.choices[0].message.content)
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        self.assertEqual(answer.usage.total_tokens,
                         answer.usage.prompt_tokens + answer.usage.completion_tokens)
        self.assertEqual(self.ask(max_tokens=3).choices[0].finish_reason, "length")

    def test_a_json_schema_is_answered_with_json(self):
        answer = self.ask(response_format={"type": "json_schema", "json_schema": {
            "name": "book", "schema": {"type": "object", "properties": {
                "title": {"type": "string"}, "volumes": {"type": "integer"}}}}})
        read = json.loads(answer.choices[0].message.content)
        self.assertEqual(read["volumes"], 18)
        self.assertEqual(set(read), {"title", "volumes"})

    def test_models_are_listed(self):
        self.assertIn("sim", [model.id for model in self.client.models.list()])
        self.assertEqual(self.client.models.retrieve("sim").id, "sim")

    def test_each_error_is_the_class_that_the_sdk_has_for_it(self):
        for fault, expected in {
                "ThrottlingException": openai.RateLimitError,
                "ValidationException": openai.BadRequestError,
                "AccessDeniedException": openai.PermissionDeniedError,
                "ResourceNotFoundException": openai.NotFoundError,
                "InternalServerException": openai.InternalServerError}.items():
            with self.subTest(fault=fault), self.assertRaises(expected):
                self.ask(model=f"sim.fault-{fault}")
        with self.assertRaises(openai.NotFoundError) as caught:
            self.ask(model="no-such-model")
        self.assertEqual(caught.exception.code, "model_not_found")

    def test_a_stream_brings_the_answer_in_pieces(self):
        whole = self.ask().choices[0].message.content
        pieces = [chunk.choices[0].delta.content or "" for chunk in self.ask(stream=True) if chunk.choices]
        self.assertGreater(len(pieces), 5)
        self.assertEqual("".join(pieces), whole)


class Options(unittest.TestCase):
    def test_a_defect_shows_on_the_wire(self):
        simulator = Simulator("--defect", "truncation:1")
        client = openai.OpenAI(base_url=simulator.url + "/v1", api_key="unused", max_retries=0)
        try:
            answer = client.chat.completions.create(
                model="sim", messages=[{"role": "user", "content": "Hello!"}])
            self.assertEqual(answer.choices[0].finish_reason, "length")
        finally:
            client.close()
            simulator.stop()

    def test_a_wrong_option_ends_with_2_and_says_why(self):
        done = subprocess.run([PROGRAM, "sim", "--defect", "speling:1"], capture_output=True,
                              text=True, timeout=30)
        self.assertEqual(done.returncode, 2)
        self.assertIn("unknown defect 'speling'", done.stderr)


class Documentation(unittest.TestCase):
    def test_the_published_reliability_is_the_one_in_use(self):
        rules = dict(re.findall(r'^RULE\(\w+,\s*"(\w+)",\s*([0-9.]+)',
                                (ROOT / "src/core/sim/rules.def").read_text(), re.M))
        told = dict(re.findall(r"^\| `(\w+)` \| ([0-9.]+) \|",
                               (ROOT / "docs/simulator.md").read_text(), re.M))
        self.assertGreater(len(rules), 20)
        self.assertEqual(told, rules)


if __name__ == "__main__":
    unittest.main()
