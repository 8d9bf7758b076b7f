# SPDX-License-Identifier: Apache-2.0
"""What is printed from the program's tables agrees with what lies in the repository and what users see."""
import json
import os
import subprocess
import tempfile
import unittest

SOURCE = os.environ.get("ASSAY_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))
ASSAY = os.environ.get("ASSAY_BIN", os.path.join(SOURCE, "build", "assay"))


def run(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout


class Docs(unittest.TestCase):
    def test_the_configuration_page_is_what_the_tables_print(self):
        printed = run("python3", os.path.join(SOURCE, "tools", "make_config_docs.py"), ASSAY)
        with open(os.path.join(SOURCE, "docs", "configuration.md"), encoding="utf-8") as page:
            self.assertEqual(page.read(), printed, "run tools/make_config_docs.py build/assay docs/configuration.md")

    def test_every_option_stands_in_help_manual_and_completions(self):
        tables = json.loads(run(ASSAY, "--dump-tables"))
        with tempfile.TemporaryDirectory() as folder:
            run("python3", os.path.join(SOURCE, "tools", "make_docs.py"), ASSAY, folder)
            completions = [open(os.path.join(folder, "completions", name), encoding="utf-8").read()
                           for name in ("assay.bash", "_assay", "assay.fish")]
            for command in tables["commands"]:
                help_text = run(ASSAY, command["name"], "--help")
                manual = open(os.path.join(folder, "man", f"assay-{command['name']}.1"), encoding="utf-8").read()
                for option in command["options"] + tables["common_options"]:
                    self.assertIn("--" + option["name"], help_text)
                    self.assertIn("\\-\\-" + option["name"].replace("-", "\\-"), manual)
                    for completion in completions:
                        self.assertIn(option["name"], completion)

    def test_the_shells_read_their_completions(self):
        with tempfile.TemporaryDirectory() as folder:
            run("python3", os.path.join(SOURCE, "tools", "make_docs.py"), ASSAY, folder)
            run("bash", "-n", os.path.join(folder, "completions", "assay.bash"))


if __name__ == "__main__":
    unittest.main()
