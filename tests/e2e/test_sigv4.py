# SPDX-License-Identifier: Apache-2.0
"""Random requests signed by wire/sigv4 and by botocore: the same signature, byte for byte.

A seed is printed; ASSAY_SEED=N plays it again, ASSAY_ROUNDS=N changes how many requests. The signer
is built beside the unit tests; ASSAY_BUILD names the build folder, by default build.
"""

import datetime
import json
import os
import pathlib
import random
import subprocess
import unittest
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SIGNER = pathlib.Path(os.environ.get("ASSAY_BUILD", ROOT / "build")) / "tests/unit/wire/sigv4_peer"
SERVICES = {"bedrock": botocore.auth.SigV4Auth, "dynamodb": botocore.auth.SigV4Auth,
            "sts": botocore.auth.SigV4Auth, "es": botocore.auth.SigV4Auth,
            "aoss": botocore.auth.SigV4Auth, "s3": botocore.auth.S3SigV4Auth}
CHARACTERS = "abcXYZ019-._~ :/+=&%?#!$'()*,;@[]{}|^`\"<>\\äöü漫画マンガ🎌"


class Requests:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self, most, characters=CHARACTERS):
        return "".join(self.random.choices(characters, k=self.random.randint(0, most)))

    def path(self, service):
        segments = []
        for _ in range(self.random.randint(0, 5)):
            kind = self.random.random()
            if service != "s3" and kind < 0.2:  # which S3 means as it says, and others resolve
                segments.append(self.random.choice(["", ".", ".."]))
            else:
                segments.append(urllib.parse.quote(self.text(12), safe="~"))
        # a last "." or ".." leaves a slash (RFC 3986, section 5.2.4); botocore drops it
        if segments and service != "s3" and segments[-1] in (".", ".."):
            segments.append(self.random.choice(["", "end"]))
        return "/" + "/".join(segments)

    def query(self):
        parts = [urllib.parse.quote(self.text(6, CHARACTERS) or "k", safe="~") + "="
                 + urllib.parse.quote(self.text(6), safe="~")
                 for _ in range(self.random.choice([0, 0, 1, 2, 5]))]
        return "?" + "&".join(parts) if parts else ""

    def headers(self, host):
        headers = {"Host": host}
        for name in ("Content-Type", "X-Amz-Target", "x-custom-Header", "Accept", "User-Agent",
                     "Connection", "Keep-Alive", "X-Amzn-Trace-Id", "TE", "Expect"):
            if self.random.random() < 0.4:
                value = self.text(20, "abc XYZ  019;,=/.").strip()
                headers[name] = value or "x"
        return headers

    def request(self):
        service = self.random.choice(list(SERVICES))
        region = self.random.choice(["us-east-1", "ap-northeast-1", "eu-central-1"])
        host = f"{service}.{region}.amazonaws.com" + self.random.choice(["", ":8443"])
        method = self.random.choice(["GET", "POST", "PUT", "DELETE", "HEAD"])
        return {
            "service": service, "region": region, "method": method,
            "target": self.path(service) + self.query(), "headers": self.headers(host),
            "body": self.text(200) if method in ("POST", "PUT") else "",
            "unix_s": self.random.randint(1_500_000_000, 2_000_000_000),
            "access_key": "AKIA" + self.text(16, "ABCDEFGH234567"),
            "secret_key": self.text(40, "abcXYZ019+/") or "k",
            "session_token": self.random.choice(["", self.text(300, "abcXYZ019+/=")]),
        }


def sign(asked):
    """What botocore adds."""
    when = datetime.datetime.fromtimestamp(asked["unix_s"], datetime.timezone.utc)
    keys = botocore.credentials.Credentials(asked["access_key"], asked["secret_key"],
                                            asked["session_token"] or None)
    auth = SERVICES[asked["service"]](keys, asked["service"], asked["region"])
    request = botocore.awsrequest.AWSRequest(
        method=asked["method"], url=f"https://{asked['headers']['Host']}{asked['target']}",
        data=asked["body"].encode(), headers=asked["headers"])
    request.context.update(timestamp=when.strftime("%Y%m%dT%H%M%SZ"), signing={},
                           payload_signing_enabled=True)
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    if keys.token:
        request.headers["X-Amz-Security-Token"] = keys.token
    if asked["service"] in ("s3", "aoss"):
        request.headers["X-Amz-Content-SHA256"] = auth.payload(request)
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    names = auth.signed_headers(auth.headers_to_sign(request))
    return (f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, SignedHeaders={names}, "
            f"Signature={signature}"), canonical


class Signatures(unittest.TestCase):
    def test_random_requests_get_the_signature_that_botocore_gives_them(self):
        if not SIGNER.exists():
            self.skipTest(f"{SIGNER} is not built")
        seed = int(os.environ.get("ASSAY_SEED", random.randrange(10 ** 9)))
        print(f"test_sigv4: ASSAY_SEED={seed}")
        made = Requests(seed)
        asked = [made.request() for _ in range(int(os.environ.get("ASSAY_ROUNDS", "2000")))]
        done = subprocess.run([SIGNER], input="".join(json.dumps(one) + "\n" for one in asked),
                              capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(answers), len(asked))
        for one, answer in zip(asked, answers):
            wanted, canonical = sign(one)
            self.assertEqual(answer["authorization"], wanted,
                             f"seed {seed}: {json.dumps(one)}\n{canonical}")


if __name__ == "__main__":
    unittest.main()
