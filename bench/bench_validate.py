#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_validate: what it takes to check an answer of 1 KB, ours beside others in the same run.

Ours (validate.c, CPU time): 200 patterns alone, whole and in deltas of 16 bytes, beside PCRE2 one pattern after the
other; a whole validation by the default policy with forbidden words up to 200 patterns; and with Japanese words
(MeCab). The others, from PyPI in an environment of their own (scripts/packages/pip-bench.txt, made here and kept in
the set-up cache): Presidio's recognisers by pattern, without a language model, and one trivial check of Guardrails AI.
LLM Guard wants PyTorch, of a gigabyte and more, and is not run.
Targets: 30 µs an answer, 1 µs a delta.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from measure import verdict

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("ASSAY_BUILD", "build"))
SETUP_SECONDS = 300
WORDS = 125  # with the patterns of the checks about 200

PRESIDIO = """
import time, sys, json, logging
logging.disable(logging.CRITICAL)
import tldextract
tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())
from presidio_analyzer import predefined_recognizers as p
text = sys.stdin.read()
all = [p.EmailRecognizer(), p.UrlRecognizer(), p.IbanRecognizer(), p.UsSsnRecognizer(), p.IpRecognizer(),
       p.CreditCardRecognizer(), p.PhoneRecognizer()]
def once():
    for one in all:
        one.analyze(text, one.supported_entities, None)
"""
GUARDRAILS = """
import time, sys, json, logging, os
os.environ["OTEL_SDK_DISABLED"] = "true"
logging.disable(logging.CRITICAL)
from guardrails import Guard
from guardrails.validators import PassResult, FailResult, Validator, register_validator
text = sys.stdin.read()
@register_validator(name="bench-length", data_type="string")
class Length(Validator):
    def validate(self, value, metadata):
        return PassResult() if len(value) < 5000 else FailResult(error_message="too long")
guard = Guard().use(Length())
def once():
    guard.validate(text)
"""
TIMING = """
once()
start, count = time.process_time(), 0
while count < 10 or time.process_time() - start < 2:
    once()
    count += 1
print(json.dumps((time.process_time() - start) / count * 1e6))
"""


def ours(*arguments):
    """Runs validate.c and gives its figures in nanoseconds."""
    done = subprocess.run([BUILD / "bench/validate", *arguments], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        sys.exit(f"bench/validate ended with {done.returncode}: {done.stderr[-2000:]}")
    print("\n".join(lines[:-1]))
    return json.loads(lines[-1])


def peers_python():
    """An environment with the peers; None where it cannot be made."""
    where = subprocess.run([HERE.parent / "scripts/setup", "--where"], capture_output=True, text=True, check=True)
    folder = pathlib.Path(where.stdout.strip()) / "bench"
    wanted = (HERE.parent / "scripts/packages/pip-bench.txt").read_text()
    stamp = folder / ".stamp"
    if stamp.exists() and stamp.read_text() == wanted:
        return folder / "bin/python"
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, capture_output=True)
        subprocess.run([folder / "bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r",
                        HERE.parent / "scripts/packages/pip-bench.txt"], check=True, capture_output=True,
                       timeout=SETUP_SECONDS)
    except (subprocess.SubprocessError, OSError) as why:
        print(f"the others could not be installed ({type(why).__name__}): their side is left out")
        return None
    stamp.write_text(wanted)
    return folder / "bin/python"


def peer(python, name, code, text):
    """Microseconds of CPU a call, or None."""
    try:
        done = subprocess.run([python, "-c", code + TIMING], input=text, capture_output=True, text=True, timeout=120,
                              check=False)
        figure = float(done.stdout.splitlines()[-1]) if done.returncode == 0 and done.stdout else None
    except (subprocess.SubprocessError, ValueError):
        figure = None
    if figure is None:
        print(f"{name:62} did not run here")
    else:
        print(f"{name:62} {figure:10.2f} us")
    return figure


def policies(folder):
    """Two files: the default checks with forbidden words, and Japanese words besides."""
    words = ", ".join(f"forbidden word {number}" if number % 2 else f"禁止語{number}" for number in range(WORDS))
    plain = folder / "plain.yaml"
    plain.write_text(f"expect: {{forbidden: [{words}]}}\n", encoding="utf-8")
    japanese = folder / "japanese.yaml"
    japanese.write_text("checks:\n  - {check: fluency}\n", encoding="utf-8")
    return plain, japanese


def main():
    """The bench."""
    done = subprocess.run(["ninja", "-C", BUILD, "bench/validate"], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"bench/validate cannot be built: {done.stdout[-2000:]}")
    ours("patterns")
    with tempfile.TemporaryDirectory() as name:
        plain, japanese = policies(pathlib.Path(name))
        figures = ours("answers", str(plain), "default checks, 200 patterns")
        ours("answers", str(japanese), "fluency alone (MeCab)")
    answer = max(value for key, value in figures.items() if "an answer" in key) / 1000
    delta = max(value for key, value in figures.items() if "a delta" in key) / 1000
    python = peers_python()
    if python is not None:
        text = "Thank you for asking about Demon Slayer, volumes one to twenty-three. We have it in stock. " * 11
        for what, code in (("Presidio, 7 recognisers by pattern", PRESIDIO),
                           ("Guardrails AI, one trivial check", GUARDRAILS)):
            figure = peer(python, what, code, text[:1024])
            if figure is not None:
                print(f"{'':62} {figure / answer:10.0f} x ours")
    print(f"{'LLM Guard':62} not run: it wants PyTorch")
    verdict("30 us an answer of 1 KB", answer <= 30)
    verdict("1 us a delta of 16 bytes", delta <= 1)


main()
