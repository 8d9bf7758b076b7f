# SPDX-License-Identifier: Apache-2.0
"""`assay pools --emit CLIENT`: what is printed is taken by that client as it is, with these figures."""

import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("ASSAY_BIN", str(ROOT / "build" / "assay"))
SDK = pathlib.Path(subprocess.run([ROOT / "scripts/setup", "--where"], capture_output=True, text=True,
                                  check=True).stdout.strip()) / "sdk"


def emit(client):
    return subprocess.run([PROGRAM, "pools", "--emit", client], capture_output=True, text=True,
                          check=True).stdout


class Emit(unittest.TestCase):
    def test_boto3_takes_its_settings(self):
        os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
        names = {}
        exec(emit("boto3"), names)  # pylint: disable=exec-used
        config = names["client"].meta.config
        self.assertEqual(config.max_pool_connections, 50)
        self.assertEqual((config.connect_timeout, config.read_timeout), (3, 10))
        self.assertEqual(config.retries["mode"], "adaptive")
        self.assertEqual(config.retries["total_max_attempts"], 3)
        names["client"].close()

    def test_redis_py_takes_its_settings(self):
        names = {}
        exec(emit("redis-py"), names)  # pylint: disable=exec-used
        pool = names["pool"]
        self.assertEqual((pool.max_connections, pool.timeout), (100, 0.5))
        self.assertEqual(pool.connection_kwargs["health_check_interval"], 60)
        self.assertEqual(pool.connection_kwargs["socket_timeout"], 1)

    def test_opensearch_py_takes_its_settings(self):
        names = {}
        exec(emit("opensearch-py"), names)  # pylint: disable=exec-used
        transport = names["client"].transport
        self.assertEqual(transport.max_retries, 2)
        self.assertTrue(transport.retry_on_timeout)
        connection = transport.get_connection()
        self.assertEqual(connection.timeout, 5)
        self.assertEqual(connection.pool.pool.maxsize, 20)

    def test_the_sdk_for_javascript_takes_its_settings(self):
        if not (SDK / ".stamp").exists():
            self.skipTest("the AWS SDKs are not there; run scripts/setup sdk")
        with tempfile.TemporaryDirectory(prefix="assay-emit-") as folder:
            (pathlib.Path(folder) / "settings.js").write_text(emit("aws-sdk-js"), encoding="utf-8")
            script = ("process.env.AWS_REGION = 'us-east-1';"
                      "const { client } = require('./settings.js');"
                      "(async () => { const handler = client.config.requestHandler;"
                      "const config = await (handler.configProvider || handler.config);"
                      "console.log(await client.config.maxAttempts(), config.httpsAgent.maxSockets,"
                      " config.requestTimeout); })();")
            done = subprocess.run(["node", "-e", script], cwd=folder, capture_output=True, text=True,
                                  env=dict(os.environ, NODE_PATH=str(SDK / "node/node_modules")), check=False)
        self.assertEqual(done.stdout.split(), ["3", "50", "10000"], done.stderr)


if __name__ == "__main__":
    unittest.main()
