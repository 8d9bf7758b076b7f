# SPDX-License-Identifier: Apache-2.0
"""The examples do what their pages say."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(os.environ.get("ASSAY_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
ASSAY = os.environ.get("ASSAY_BIN", str(ROOT / "build/assay"))


class Examples(unittest.TestCase):
    @unittest.skipUnless(shutil.which("git"), "there is no git")
    def test_the_loop_of_regression(self):
        """Blocked, bisected, reverted, signed off: the script ends where a status is not as it says."""
        with tempfile.TemporaryDirectory(prefix="assay-loop-") as folder:
            done = subprocess.run([ROOT / "examples/regression-loop/run", pathlib.Path(folder, "shop")],
                                  env={**os.environ, "ASSAY": ASSAY, "GIT_CONFIG_GLOBAL": os.devnull},
                                  capture_output=True, text=True, timeout=600, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
        found = done.stdout.split("4. Which commit was it?")[1].split("5. It is reverted")[0]
        self.assertIn("Tidy up the system prompt", found)
        self.assertNotIn("Greet more warmly", found)
        history = done.stdout.split("7. History shows it")[1]
        for verdict in ("pass", "fail", "signoff"):
            self.assertIn(verdict, history)


if __name__ == "__main__":
    unittest.main()
