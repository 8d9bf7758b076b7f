# SPDX-License-Identifier: Apache-2.0
"""Every way to AWS keys, with botocore beside: the same environment gives both the same key.

The servers here are on loopback: STS (which verifies each signature by botocore), the SSO portal and
its token service, a container's endpoint, an instance's metadata. `assay doctor` tells where keys
come from and the last four characters of the access key; no secret may be in what it prints. The
program is ASSAY_BIN, by default build/assay. Random set-ups print their seed; ASSAY_SEED=N plays it
again, ASSAY_ROUNDS=N changes how many.
"""

import datetime
import hashlib
import http.server
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from moto.server import ThreadedMotoServer

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("ASSAY_BIN", str(ROOT / "build" / "assay"))
MARK = "PRIVATE"  # in every secret and token here
ASK_BOTOCORE = """
import botocore.session, sys
session = botocore.session.Session(profile=sys.argv[1] or None)
session.set_config_variable("region", "us-east-1")
keys = session.get_credentials()
print(keys.get_frozen_credentials().access_key if keys else "none")
"""


def hexed(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest().upper()


def later(seconds):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)


def iso(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


class Servers(http.server.BaseHTTPRequestHandler):
    """All of them on one port, told apart by their paths."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json"):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def keys_for(self, *parts):
        if self.server.lasts_s < 3600:  # other keys each time
            parts = (*parts, str(len(self.server.heard)))
        name = hexed(*parts)
        known = self.server.keys
        known["ASIA" + name[:16]] = (f"{MARK}{name[16:40]}", f"{MARK}/+={name[40:]}")
        self.server.ends["ASIA" + name[:16]] = time.time() + self.server.lasts_s
        return "ASIA" + name[:16], *known["ASIA" + name[:16]]

    def metadata_keys(self, *parts):
        access, secret, session = self.keys_for(*parts)
        return {"Code": "Success", "AccessKeyId": access, "SecretAccessKey": secret,
                "Token": session, "Expiration": iso(later(self.server.lasts_s))}

    def do_CONNECT(self):
        """A proxy that leads to this very server, whatever was asked for."""
        self.server.heard.append(f"CONNECT {self.path}")
        self.send_response(200)
        self.end_headers()

    def do_PUT(self):
        self.server.heard.append(f"PUT {self.path}")
        if self.path == "/latest/api/token" and self.server.instance_role is not None:
            self.answer(200, f"{MARK}-session", "text/plain")
        else:
            self.answer(404, "", "text/plain")

    def do_GET(self):
        self.server.heard.append(f"GET {self.path}")
        roles = "/latest/meta-data/iam/security-credentials/"
        if self.path.startswith("/latest/"):
            if self.headers.get("x-aws-ec2-metadata-token") != f"{MARK}-session":
                self.answer(401, "", "text/plain")
            elif self.path == roles and self.server.instance_role:
                self.answer(200, self.server.instance_role, "text/plain")
            elif self.path == roles + self.server.instance_role and self.server.instance_role:
                self.answer(200, self.metadata_keys("instance"))
            else:
                self.answer(404, "", "text/plain")
        elif self.path == "/container/keys?id=7":
            time.sleep(self.server.slow_s)
            if self.server.fails > 0:
                self.server.fails -= 1
                self.answer(500, {})
            elif self.headers.get("Authorization") == f"{MARK}-agent":
                self.answer(200, self.metadata_keys("container"))
            else:
                self.answer(401, {"code": "AccessDenied"})
        elif self.path.startswith("/federation/credentials?"):
            self.portal(dict(urllib.parse.parse_qsl(self.path.split("?")[1])))
        else:
            self.answer(404, {})

    def portal(self, query):
        if self.headers.get("x-amz-sso_bearer_token") != f"{MARK}-access":
            self.answer(401, {"message": "Session token not found or invalid"})
            return
        access, secret, session = self.keys_for("sso", query["account_id"], query["role_name"])
        self.answer(200, {"roleCredentials": {
            "accessKeyId": access, "secretAccessKey": secret, "sessionToken": session,
            "expiration": int(later(3600).timestamp() * 1000)}})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/token":
            asked = json.loads(body)
            self.server.heard.append(f"POST /token {asked['grantType']}")
            if asked["refreshToken"] == f"{MARK}-refresh":
                self.answer(200, {"accessToken": f"{MARK}-access", "expiresIn": 3600,
                                  "refreshToken": f"{MARK}-refresh-2", "tokenType": "Bearer"})
            else:
                self.answer(400, {"error": "invalid_grant"})
        elif "Action" in body:
            self.sts(body, dict(urllib.parse.parse_qsl(body)))
        else:
            self.model(body)

    def caller(self, body, service):
        """Who signed this request; None where the signature is not right."""
        wanted = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
            r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})", self.headers["Authorization"] or "")
        if not wanted or wanted[4] != service or wanted[1] not in self.server.keys:
            return None
        secret, token = self.server.keys[wanted[1]]
        if token and self.headers["x-amz-security-token"] != token:
            return None
        auth = botocore.auth.SigV4Auth(
            botocore.credentials.Credentials(wanted[1], secret, token), service, wanted[3])
        request = botocore.awsrequest.AWSRequest(
            method=self.command, url=f"http://{self.headers['Host']}{self.path}",
            data=body.encode(),
            headers={name: self.headers[name] for name in wanted[5].split(";")})
        request.context["timestamp"] = self.headers["x-amz-date"]
        request.context["signing"] = {}
        canonical = auth.canonical_request(request)
        signature = auth.signature(auth.string_to_sign(request, canonical), request)
        return wanted[1] if signature == wanted[6] else None

    def refuse(self, code, message):
        self.answer(403, f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>'
                         f"<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
                         f"</Error><RequestId>r</RequestId></ErrorResponse>", "text/xml")

    def sts(self, body, asked):
        action = asked["Action"]
        self.server.heard.append(f"{action} {asked['RoleArn']} {asked.get('DurationSeconds', '')}")
        if action == "AssumeRole":
            caller = self.caller(body, "sts")
            if caller is None:
                return self.refuse("SignatureDoesNotMatch", "the signature is not right")
        else:
            caller = "web"
            if asked["WebIdentityToken"] != f"{MARK}.web.token":
                return self.refuse("InvalidIdentityToken", "no such token")
        if "forbidden" in asked["RoleArn"]:
            return self.refuse("AccessDenied", f"User: arn:x is not authorized &amp; will not be")
        access, secret, session = self.keys_for(action, caller, asked["RoleArn"],
                                                asked.get("ExternalId", ""))
        return self.answer(200, textwrap.dedent(f"""\
            <{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
              <{action}Result>
                <AssumedRoleUser><Arn>{asked['RoleArn']}</Arn><AssumedRoleId>A:b</AssumedRoleId>
                </AssumedRoleUser>
                <Credentials>
                  <AccessKeyId>{access}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>
                  <SessionToken>{session}</SessionToken><Expiration>{iso(later(3600))}</Expiration>
                </Credentials>
              </{action}Result>
              <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
            </{action}Response>"""), "text/xml")

    def model(self, body):
        """Bedrock's Converse."""
        caller = self.caller(body, "bedrock")
        self.server.heard.append(f"converse {caller}")
        time.sleep(self.server.slow_s)
        if caller is not None and time.time() > self.server.ends.get(caller, time.time()):
            self.answer(403, {"message": "The security token included in the request is expired"})
        elif caller is None:
            self.answer(403, {"message": "The request signature we calculated does not match"})
        else:
            self.answer(200, {"output": {"message": {"role": "assistant", "content": [
                {"text": "OK"}]}}, "stopReason": "end_turn", "usage": {
                    "inputTokens": 4, "outputTokens": 1, "totalTokens": 5}, "metrics": {}})


class Rig(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Servers)
        cls.server.daemon_threads = True
        cls.url = f"http://127.0.0.1:{cls.server.server_port}"
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.home = pathlib.Path(self.folder.name)
        (self.home / ".aws" / "sso" / "cache").mkdir(parents=True)
        self.server.instance_role = None
        self.server.heard = []
        self.server.keys = {}
        self.server.ends = {}
        self.server.lasts_s = 3600
        self.server.slow_s = 0
        self.server.fails = 0
        for name in ("ENV", "FILE", "OWN", "CONF"):
            self.server.keys[f"AKIAEXAMPLE{name:_>9}"] = (f"{MARK}{name}", None)
        self.write("assay.yaml", f'targets: {{m: {{kind: bedrock, model: anthropic.claude-3-haiku-20240307-v1:0, '
                                 f'region: us-east-1, url: "{self.url}"}}}}\n')

    def write(self, name, text):
        (self.home / name).write_text(text)

    @staticmethod
    def pair(name, separator="\n"):
        return separator.join([f"aws_access_key_id = AKIAEXAMPLE{name:_>9}",
                               f"aws_secret_access_key = {MARK}{name}"]) + separator

    def environment(self, more):
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8",
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
                "AWS_ENDPOINT_URL_STS": self.url, "AWS_ENDPOINT_URL_SSO": self.url,
                "AWS_ENDPOINT_URL_SSO_OIDC": self.url, "AWS_EC2_METADATA_DISABLED": "true", **more}

    def doctor(self, more, *options):
        done = subprocess.run([PROGRAM, "doctor", *options], cwd=self.home, capture_output=True,
                              text=True, timeout=120, env=self.environment(more))
        self.assertNotIn(MARK, done.stdout + done.stderr)
        self.assertNotIn("Sanitizer", done.stderr)
        return done

    def botocore(self, more, profile=""):
        done = subprocess.run([sys.executable, "-c", ASK_BOTOCORE, profile], cwd=self.home,
                              capture_output=True, text=True, timeout=60,
                              env=self.environment(more))
        return done.stdout.strip() or done.stderr.strip().splitlines()[-1]

    def agree(self, way, config="", credentials="", profile="", **more):
        """Both find the same key; what doctor calls the way has `way` in it."""
        self.write(".aws/config", textwrap.dedent(config))
        self.write(".aws/credentials", textwrap.dedent(credentials))
        if profile:
            self.write("assay.yaml", (self.home / "assay.yaml").read_text().replace(
                "region:", f"aws_profile: {profile}, region:"))
        said = self.doctor(more).stdout
        access = self.botocore(more, profile)
        told = re.search(r"ok +target m: signs with (.*); the access key ends in (....)\n", said)
        self.assertTrue(told, f"botocore: {access}\n{said}")
        self.assertIn(way, told[1])
        self.assertEqual(told[2], access[-4:], said)
        self.assertIn(access, self.server.keys)
        self.assertRegex(said, r"ok +target m: answered in ")
        self.assertIn(f"converse {access}", self.server.heard)

    def refused(self, *says, config="", credentials="", **more):
        self.write(".aws/config", textwrap.dedent(config))
        self.write(".aws/credentials", textwrap.dedent(credentials))
        done = self.doctor(more)
        line = "".join(line for line in done.stdout.splitlines() if "assay.yaml:" in line
                       or "target m:" in line)
        self.assertIn("FAIL", line, done.stdout)
        for said in says:
            self.assertIn(said, line)
        self.assertIn(done.returncode, (2, 3))


ENV = {"AWS_ACCESS_KEY_ID": f"AKIAEXAMPLE{'ENV':_>9}", "AWS_SECRET_ACCESS_KEY": f"{MARK}ENV"}


class Standing(Rig):
    def test_the_environment(self):
        self.agree("keys of the environment", credentials="[default]\n" + self.pair("FILE"), **ENV)

    def test_the_credentials_file(self):
        self.agree("keys of the profile 'default' in the credentials file",
                   credentials="[default]\n" + self.pair("FILE"),
                   config="[default]\n" + self.pair("CONF"))

    def test_the_config_file(self):
        self.agree("keys of the profile 'default' in the config file",
                   config="[default]\n" + self.pair("CONF"))

    def test_a_profile_of_the_environment(self):
        self.agree("profile 'own'", credentials="[own]\n" + self.pair("OWN"), AWS_PROFILE="own")

    def test_a_profile_of_the_configuration_comes_before_the_environment(self):
        self.agree("profile 'own'", credentials="[own]\n" + self.pair("OWN"), profile="own", **ENV)


class Processes(Rig):
    def config(self, printed, more=""):
        self.write("keys.py", f"import sys\n{more}\nprint({printed!r})\n")
        return f"""\
            [default]
            credential_process = {sys.executable} "{self.home}/keys.py" 'a b' c\\ d
            """

    def keys(self, **more):
        return json.dumps({"Version": 1, "AccessKeyId": f"AKIAEXAMPLE{'OWN':_>9}",
                           "SecretAccessKey": f"{MARK}OWN", **more})

    def test_a_process(self):
        self.agree("the credential_process of the profile 'default'", config=self.config(
            self.keys(Expiration=iso(later(900))), "assert sys.argv[1:] == ['a b', 'c d']"))

    def test_one_that_fails_is_told_with_its_first_words(self):
        self.refused("the credential_process of the profile 'default'", "not today",
                     config=self.config("", "sys.exit('not today\\nnor tomorrow')"))

    def test_what_it_prints_is_never_quoted(self):
        for printed, says in ((f"{MARK} nonsense", "no JSON object"),
                              (self.keys(Version=2), "Version is not 1"),
                              (self.keys(Expiration=MARK), "Expiration is no date"),
                              (self.keys(Expiration=iso(later(-9))), "have ended already")):
            with self.subTest(says=says):
                self.refused(says, config=self.config(printed))

    def test_one_that_is_not_there(self):
        self.refused("/no/such/program", config="[default]\ncredential_process = /no/such/program\n")


class Roles(Rig):
    def test_a_role_with_the_keys_of_a_source_profile(self):
        self.agree("the role arn:aws:iam::1:role/a of the profile 'default', assumed with keys of "
                   "the profile 'own'", credentials="[own]\n" + self.pair("OWN"), config="""\
            [default]
            role_arn = arn:aws:iam::1:role/a
            source_profile = own
            external_id = x+y z
            duration_seconds = 1800
            role_session_name = me
            """)
        self.assertIn("AssumeRole arn:aws:iam::1:role/a 1800", self.server.heard)

    def test_a_chain_of_roles(self):
        self.agree("assumed with the role arn:aws:iam::1:role/b", profile="top", config="""\
            [profile top]
            role_arn = arn:aws:iam::1:role/a
            source_profile = middle
            [profile middle]
            role_arn = arn:aws:iam::1:role/b
            source_profile = own
            """, credentials="[own]\n" + self.pair("OWN"))
        self.assertEqual([x.split()[1][-1] for x in self.server.heard if "AssumeRole" in x][:2],
                         ["b", "a"])

    def test_a_profile_that_is_its_own_source(self):
        self.agree("the role", credentials="[default]\n" + self.pair("OWN"), config="""\
            [default]
            role_arn = arn:aws:iam::1:role/a
            source_profile = default
            """)

    def test_the_environment_as_source(self):
        self.agree("assumed with keys of the environment", profile="p", config="""\
            [profile p]
            role_arn = arn:aws:iam::1:role/a
            credential_source = Environment
            """, **ENV)

    def test_the_instance_as_source(self):
        self.server.instance_role = "my-role"
        self.agree("assumed with keys of this instance's role", config="""\
            [default]
            role_arn = arn:aws:iam::1:role/a
            credential_source = Ec2InstanceMetadata
            """, AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=self.url)

    def test_endpoints_of_the_config_file(self):
        self.agree("the role", credentials="[own]\n" + self.pair("OWN"), AWS_ENDPOINT_URL_STS="",
                   config=f"""\
            [default]
            role_arn = arn:aws:iam::1:role/a
            source_profile = own
            services = local
            [services local]
            sts =
              endpoint_url = {self.url}
            """)

    def test_sts_through_a_proxy(self):
        self.write(".aws/credentials", "[own]\n" + self.pair("OWN"))
        self.write(".aws/config",
                   "[default]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = own\n")
        said = self.doctor({"AWS_ENDPOINT_URL_STS": "http://sts.invalid",
                            "http_proxy": self.url.replace("//", f"//me:{MARK}@")}).stdout
        self.assertRegex(said, r"signs with the role .*; the access key ends in \w{4}\n")
        self.assertIn("CONNECT sts.invalid:80", self.server.heard)

    def test_a_refusal_is_told_with_its_reason(self):
        self.refused("the role arn:aws:iam::1:role/forbidden: AccessDenied: User: arn:x is not "
                     "authorized & will not be", "trust policy",
                     credentials="[own]\n" + self.pair("OWN"), config="""\
            [default]
            role_arn = arn:aws:iam::1:role/forbidden
            source_profile = own
            """)

    def test_profiles_in_a_circle(self):
        self.refused("circle: default → b → default", "config:4", config="""\
            [default]
            role_arn = arn:aws:iam::1:role/a
            source_profile = b
            [profile b]
            role_arn = arn:aws:iam::1:role/b
            source_profile = default
            """)

    def test_mfa_is_refused_by_name(self):
        self.refused("mfa_serial", "aws configure export-credentials", config="""\
            [default]
            role_arn = arn:aws:iam::1:role/a
            source_profile = own
            mfa_serial = arn:aws:iam::1:mfa/me
            [profile own]
            region = us-east-1
            """)

    def test_moto_as_an_sts_of_others(self):
        moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
        moto.start()
        try:
            host, port = moto.get_host_and_port()
            for config in ("source_profile = own\n", "web_identity_token_file = token\n"):
                self.write("token", f"{MARK}.web.token")
                self.write(".aws/credentials", "[own]\n" + self.pair("OWN"))
                self.write(".aws/config", "[default]\nrole_arn = arn:aws:iam::123456789012:role/a\n"
                           + config)
                said = self.doctor({"AWS_ENDPOINT_URL_STS": f"http://{host}:{port}"}).stdout
                self.assertRegex(said, r"signs with the role .*; the access key ends in \w{4}\n")
        finally:
            moto.stop()


class WebIdentity(Rig):
    def test_of_the_environment(self):
        self.write("token", f"{MARK}.web.token")
        self.agree("the role arn:aws:iam::1:role/pod by the web identity",
                   credentials="[default]\n" + self.pair("FILE"),
                   AWS_WEB_IDENTITY_TOKEN_FILE=str(self.home / "token"),
                   AWS_ROLE_ARN="arn:aws:iam::1:role/pod")

    def test_of_a_profile_and_as_a_source(self):
        self.write("token", f"{MARK}.web.token")
        config = f"""\
            [profile pod]
            role_arn = arn:aws:iam::1:role/pod
            web_identity_token_file = {self.home}/token
            [profile top]
            role_arn = arn:aws:iam::1:role/top
            source_profile = pod
            """
        self.agree("by the web identity", config=config, AWS_PROFILE="pod")
        self.agree("assumed with the role arn:aws:iam::1:role/pod by the web identity",
                   config=config, AWS_PROFILE="top")

    def test_a_token_that_is_not_there(self):
        self.refused("/no/such/token", AWS_WEB_IDENTITY_TOKEN_FILE="/no/such/token",
                     AWS_ROLE_ARN="arn:aws:iam::1:role/pod")

    def test_a_token_that_is_refused(self):
        self.write("token", f"{MARK}.wrong")
        self.refused("InvalidIdentityToken", AWS_ROLE_ARN="arn:aws:iam::1:role/pod",
                     AWS_WEB_IDENTITY_TOKEN_FILE=str(self.home / "token"))


class Sso(Rig):
    SESSION = """\
        [default]
        sso_session = acme
        sso_account_id = 123456789012
        sso_role_name = Reader
        [sso-session acme]
        sso_region = us-east-1
        sso_start_url = https://acme.example/start
        """
    LEGACY = """\
        [default]
        sso_start_url = https://acme.example/start
        sso_region = us-east-1
        sso_account_id = 123456789012
        sso_role_name = Reader
        """

    def log_in(self, name, expires, **more):
        path = f".aws/sso/cache/{hashlib.sha1(name.encode()).hexdigest()}.json"
        self.write(path, json.dumps({"startUrl": "https://acme.example/start", "region": "us-east-1",
                                     "accessToken": f"{MARK}-access",
                                     "expiresAt": iso(later(expires)), **more}))
        return self.home / path

    def renewable(self, token):
        return {"refreshToken": token, "clientId": "me", "clientSecret": f"{MARK}-client",
                "registrationExpiresAt": iso(later(86400))}

    def test_a_session(self):
        self.log_in("acme", 3600)
        self.agree("SSO, account 123456789012, role Reader", config=self.SESSION)

    def test_the_old_form(self):
        self.log_in("https://acme.example/start", 3600)
        self.agree("SSO, account 123456789012, role Reader", config=self.LEGACY)

    def test_a_session_that_has_ended_is_renewed_and_kept_for_others(self):
        path = self.log_in("acme", -60, accessToken="old", **self.renewable(f"{MARK}-refresh"))
        self.agree("SSO", config=self.SESSION)
        self.assertEqual(self.server.heard.count("POST /token refresh_token"), 1)
        kept = json.loads(path.read_text())
        self.assertEqual(kept["accessToken"], f"{MARK}-access")
        self.assertEqual(kept["refreshToken"], f"{MARK}-refresh-2")
        self.assertEqual(kept["clientId"], "me")

    def test_what_cannot_be_used_says_how_to_log_in(self):
        self.refused("run 'aws sso login'", config=self.SESSION)
        self.log_in("acme", -60)
        self.refused("has ended", "run 'aws sso login'", config=self.SESSION)
        self.log_in("acme", -60, **self.renewable("wrong"))
        self.refused("run 'aws sso login'", config=self.SESSION)
        self.log_in("acme", 3600, accessToken=f"{MARK}-other")
        self.refused("the SSO portal at", "run 'aws sso login'", config=self.SESSION)
        self.log_in("acme", 3600, expiresAt="soon")
        self.refused("expiresAt is no date", config=self.SESSION)


class Machines(Rig):
    def test_a_container(self):
        self.agree("keys of this container's role",
                   AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{self.url}/container/keys?id=7",
                   AWS_CONTAINER_AUTHORIZATION_TOKEN=f"{MARK}-agent")

    def test_a_container_with_its_token_in_a_file(self):
        self.write("agent", f"{MARK}-agent")
        self.agree("keys of this container's role",
                   AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{self.url}/container/keys?id=7",
                   AWS_CONTAINER_AUTHORIZATION_TOKEN="wrong",
                   AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(self.home / "agent"))

    def test_a_container_that_refuses(self):
        self.refused("the container's endpoint at", "status 401",
                     AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{self.url}/container/keys?id=7",
                     AWS_CONTAINER_AUTHORIZATION_TOKEN=f"{MARK}-other")

    def test_a_container_elsewhere_is_not_asked_in_the_clear(self):
        self.refused("'example.com'", AWS_CONTAINER_CREDENTIALS_FULL_URI="http://example.com/keys")

    def test_an_instance(self):
        self.server.instance_role = "my-role"
        self.agree("keys of this instance's role", AWS_EC2_METADATA_DISABLED="false",
                   AWS_EC2_METADATA_SERVICE_ENDPOINT=self.url + "/")

    def test_an_instance_without_a_role(self):
        self.server.instance_role = ""
        self.refused("has no role", AWS_EC2_METADATA_DISABLED="false",
                     AWS_EC2_METADATA_SERVICE_ENDPOINT=self.url)

    def test_no_instance_at_all_is_told_with_the_remedy(self):
        with http.server.HTTPServer(("127.0.0.1", 0), Servers) as unused:
            port = unused.server_port
        self.refused("the instance's metadata at", "set AWS_ACCESS_KEY_ID",
                     AWS_EC2_METADATA_DISABLED="false",
                     AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://127.0.0.1:{port}")
        self.refused("no AWS credentials; set AWS_ACCESS_KEY_ID")

    def test_nothing_is_fetched_in_a_dry_run(self):
        self.server.instance_role = "my-role"
        said = self.doctor({"AWS_EC2_METADATA_DISABLED": "false",
                            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url}, "--dry-run").stdout
        self.assertRegex(said, "ok +target m: signs with keys of this instance's role\n")
        self.assertEqual(self.server.heard, [])


class RandomSetups(Rig):
    """Profiles and variables by chance: botocore and assay find the same key, or both find none."""

    PROFILES = ("default", "a", "b", "c")

    def profile(self, chance, name):
        """What the config file and the credentials file say of one profile."""
        config, credentials = [], []
        if chance.random() < 0.35:
            credentials.append(self.pair("FILE").strip())
        if chance.random() < 0.25:
            config.append(self.pair("CONF").strip())
        if chance.random() < 0.4:
            config.append(f"role_arn = arn:aws:iam::1:role/{name}")
            config += chance.choice([
                [f"source_profile = {chance.choice(self.PROFILES)}"],
                [f"source_profile = {chance.choice(self.PROFILES)}", "external_id = xy"],
                [f"credential_source = {chance.choice(['Environment', 'EcsContainer', 'Ec2Nonsense'])}"],
                [f"web_identity_token_file = {self.home}/token"], []])
        if chance.random() < 0.2:
            config.append(f"credential_process = {self.home}/keys.sh")
        if chance.random() < 0.25:
            config += ["sso_account_id = 123456789012", f"sso_role_name = {name}"]
            config += chance.choice([["sso_session = acme"], [], [
                "sso_region = us-east-1", "sso_start_url = https://acme.example/start"]])
        return config, credentials

    def set_up(self, chance):
        texts = {"config": [], "credentials": []}
        present = chance.sample(self.PROFILES, chance.randint(1, 4))
        for name in present:
            config, credentials = self.profile(chance, name)
            header = name if name == "default" else f"profile {name}"
            if config or not credentials:
                texts["config"] += [f"[{header}]", *config]
            if credentials:
                texts["credentials"] += [f"[{name}]", *credentials]
        texts["config"] += ["[sso-session acme]", "sso_region = us-east-1",
                            "sso_start_url = https://acme.example/start"]
        for name, lines in texts.items():
            self.write(f".aws/{name}", "\n".join(lines) + "\n")
        environment = {}
        if chance.random() < 0.15:
            environment.update(ENV)
        if chance.random() < 0.3:
            environment["AWS_PROFILE"] = chance.choice(present)
        if chance.random() < 0.15:
            environment.update(AWS_WEB_IDENTITY_TOKEN_FILE=str(self.home / "token"),
                               AWS_ROLE_ARN="arn:aws:iam::1:role/env")
        if chance.random() < 0.3:
            environment.update(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{self.url}/container/keys?id=7",
                               AWS_CONTAINER_AUTHORIZATION_TOKEN=f"{MARK}-agent")
        return environment, chance.choice(present) if chance.random() < 0.25 else ""

    def test_both_find_the_same_key_or_none(self):
        seed = int(os.environ.get("ASSAY_SEED", random.randrange(10 ** 9)))
        print(f"test_credentials: ASSAY_SEED={seed}")
        self.write("token", f"{MARK}.web.token")
        self.write("keys.sh", "#!/bin/sh\necho '" + json.dumps({
            "Version": 1, "AccessKeyId": f"AKIAEXAMPLE{'OWN':_>9}",
            "SecretAccessKey": f"{MARK}OWN"}) + "'\n")
        (self.home / "keys.sh").chmod(0o700)
        for name in ("acme", "https://acme.example/start"):
            Sso.log_in(self, name, 3600)
        plain = (self.home / "assay.yaml").read_text()
        found = 0
        for turn in range(int(os.environ.get("ASSAY_ROUNDS", "25"))):
            environment, profile = self.set_up(random.Random(f"{seed} {turn}"))
            self.write("assay.yaml", plain.replace(
                "region:", f"aws_profile: {profile}, region:") if profile else plain)
            access = self.botocore(environment, profile)
            said = self.doctor(environment).stdout
            told = re.search(r"ok +target m: signs with .*; the access key ends in (....)\n", said)
            mine = told[1] if told else "none"
            theirs = access[-4:] if access in self.server.keys else "none"
            found += told is not None
            self.assertEqual(mine, theirs, "\n".join([
                f"seed {seed}, turn {turn}, profile '{profile}'", str(environment), access, said,
                (self.home / ".aws/config").read_text(),
                (self.home / ".aws/credentials").read_text()]))
        self.assertGreater(found, 5)


class Refreshing(Rig):
    CONTAINER = "GET /container/keys?id=7"

    def run_suite(self, repeat):
        self.write("golden.yaml", 'entries: [{id: a, text: "Say OK."}]\n')
        self.write("assay.yaml", (self.home / "assay.yaml").read_text()
                   + "suites: {s: {golden: golden.yaml, target: m, embedding: none}}\n")
        done = subprocess.run(
            [PROGRAM, "test", "--repeat", str(repeat), "--format", "json"], cwd=self.home,
            capture_output=True, text=True, timeout=120, env=self.environment({
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self.url}/container/keys?id=7",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": f"{MARK}-agent"}))
        self.assertNotIn(MARK, done.stdout + done.stderr)
        for path in self.home.rglob("*"):
            if path.is_file() and path.parts[-2] == ".assay":
                self.assertNotIn(MARK.encode(), path.read_bytes(), path)
        return done

    def test_all_that_start_together_share_one_fetch(self):
        self.server.slow_s = 0.3
        done = self.run_suite(40)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.server.heard.count(self.CONTAINER), 1)
        self.assertEqual(sum(one.startswith("converse ASIA") for one in self.server.heard), 40)

    def test_keys_are_renewed_in_time_though_their_server_fails_at_times(self):
        self.server.slow_s = 0.1
        self.server.lasts_s = 5
        self.write("assay.yaml", (self.home / "assay.yaml").read_text().replace(
            "region:", "max_in_flight: 2, region:"))
        threading.Timer(1.5, lambda: setattr(self.server, "fails", 2)).start()
        done = self.run_suite(160)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout[:2000])
        used = [one for one in self.server.heard if one.startswith("converse")]
        self.assertEqual(len(used), 160)
        self.assertGreaterEqual(len(set(used)), 3)
        self.assertLess(self.server.heard.count(self.CONTAINER), 15)


if __name__ == "__main__":
    unittest.main()
