# SPDX-License-Identifier: Apache-2.0
"""results: what a test came to, and how a list of them is told."""

import collections
import dataclasses


@dataclasses.dataclass
class Result:
    name: str
    status: str  # "pass", "fail" or "skip"
    detail: str = ""
    seconds: float = 0.0


def counts(results):
    by = collections.Counter(r.status for r in results)
    return by["pass"], by["fail"], by["skip"]


def summary(results):
    passed, failed, skipped = counts(results)
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def report(results):
    """Prints what failed, what was skipped and why, then the closing line. Returns the exit status:
    0 where something ran and nothing failed."""
    skipped = collections.Counter(r.detail for r in results if r.status == "skip")
    for why, count in skipped.items():
        names = [r.name for r in results if r.status == "skip" and r.detail == why]
        print(f"skipped: {names[0]}" + (f" and {count - 1} more" if count > 1 else "") +
              (f": {why}" if why else ""))
    for result in results:
        if result.status == "fail":
            print(f"\nFAILED {result.name}")
            print("    " + (result.detail or "no output").strip().replace("\n", "\n    "))
    passed, failed, _ = counts(results)
    if passed + failed == 0:
        print("nothing ran")
    print()
    print(summary(results), flush=True)
    return 1 if failed or passed == 0 else 0
