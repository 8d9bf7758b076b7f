# SPDX-License-Identifier: Apache-2.0
"""Runs as `assay test -o json=FILE` writes them, made up: what the tests in a browser and the bench look at."""

import random

HOSTILE = ("</script><script>window.pwned=1</script> <img src=x onerror=window.pwned=2> "
           "\" onmouseover=\"window.pwned=3 ' autofocus onfocus='window.pwned=4 </title></style></textarea>"
           "<!-- --> <svg/onload=window.pwned=5> javascript:window.pwned=6 &lt;b&gt; {{constructor}} "
           "‮desrever‬ ⁦isolated⁩ ​zero ﻿bom \u2028line\u2029paragraph \u0000\u0007\u001b[31m "
           "\U000e0041tag 日本語 \U0001f468‍\U0001f469‍\U0001f467 ]]> ` ${1+1} \\u003cscript\\u003e")

JAPANESE = "『鬼滅の刃』は吾峠呼世晴さんの作品で、全23巻です。在庫は12冊ございます。"
ENGLISH = "Demon Slayer is by Koyoharu Gotouge. It has 23 volumes in all, and 12 copies are in stock."
WORSE = "Sure! Demon Slayer is a manga. There may be about 30 volumes, and I think it is sold out today."


def score(total, **parts):
    return {"score": total, "similarity": total, "cosine": total, "keyword_coverage": 1, "structure": 1,
            "language": 1, **parts}


def sample(text, total, failed=(), language="en", latency_ms=812.5):
    return {"response": text, "scores": score(total), "failed": list(failed), "language": language,
            "stop_reason": "end_turn", "latency_ms": latency_ms, "attempts": 1, "tokens_in": 161, "tokens_out": 65,
            "tokens_estimated": False, "cost_usd": 0.0012, "request_id": "r-1"}


def error(message="the service is throttled", code="ERR_THROTTLED"):
    return {"error": {"code": code, "type": "ThrottlingException", "message": message, "http_status": 429},
            "latency_ms": 40.25, "attempts": 3}


def finding(check="keywords", severity="major", message="does not mention '23'", evidence="", start=0, end=0):
    return {"check": check, "severity": severity, "message": message, "evidence": evidence, "start": start, "end": end}


def entry(name, severity="none", now=0.97, before=0.98, texts=(ENGLISH,), accepted=(ENGLISH,), failed=(), **other):
    made = {"id": name, "target": "sonnet", "model": "claude-3-sonnet", "prompt": "lookup", "version": "a02d46fa0a28",
            "file": "golden/shop.yaml", "line": 14, "tags": ["en", "lookup"], "severity": severity,
            "passed": not failed, "flaky": False, "reason": "", "scores": score(now), "failed": list(failed),
            "question": f"Do you have Demon Slayer? ({name})",
            "samples": [sample(text, now, failed) for text in texts]}
    if accepted:
        made |= {"baseline": {"scores": score(before), "model": "claude-3-sonnet", "version": "86bc0532240f",
                              "responses": list(accepted)},
                 "drop": round(before - now, 6), "noise": 0.012, "prompt_changed": True, "model_changed": False,
                 "params_changed": False}
    if severity in ("critical", "major", "minor"):
        made["reason"] = f"score {before:.3f} → {now:.3f}"
    return made | other


def statistics(mean, low, high, outcome):
    return {"outcome": outcome, "entries": 10, "mean_change": mean, "interval_low": low, "interval_high": high,
            "p": 0.0004, "smallest_effect": 0.05}


def run(entries, **other):
    severities = [each["severity"] for each in entries if "baseline" in each]
    failed = "critical" in severities
    gate = {"outcome": "fail" if failed else "pass", "exit_status": 1 if failed else 0,
            **{word: severities.count(word) for word in ("critical", "major", "minor", "none", "improved")},
            "compared": len(severities), "checked_only": len(entries) - len(severities), "failed_checks": 0,
            "errors": sum("error" in each for each in entries), "reasons": [], "warnings": []}
    if severities:
        gate["statistics"] = statistics(-0.08, -0.12, -0.05, "fail")
    gate |= other.pop("gate", {})
    return {"assay": "0.1.0", "kind": "test", "schema": 1, "run": "2026-11-24T02-00-00Z-1a2b", "suite": "shop",
            "golden": "golden/shop.yaml", "baseline": "golden/baselines/shop.jsonl", "started": "2026-11-24T02:00:00Z",
            "elapsed_ms": 36302.25, "seed": 7, "repeat": 3, "embedding": "e5-small-q4/1", "interrupted": False,
            "recorded": False, "asked": len(entries) * 3, "answered": len(entries) * 3, "tokens_in": 20847,
            "tokens_out": 7723, "tokens_estimated": False, "cost_usd": 0.178, "mean": score(0.9), "gate": gate,
            "prompt_changes": [], "recommendations": [], "entries": entries, **other}


def ordinary():
    """A bit of everything, in two languages."""
    slips = finding("support.value", "critical", "says 30 where the sources say 23", "30", WORSE.index("30"),
                    WORSE.index("30") + 2)
    entries = [
        entry("lookup-ja-001", "critical", 0.41, 0.99, (WORSE, WORSE, ENGLISH), (JAPANESE,),
              (finding("language", "major", "is in 'en', expected 'ja'"), slips), tags=["ja", "lookup"]),
        entry("lookup-en-002", "major", 0.85, 0.98, (WORSE,), (ENGLISH,), (finding(),)),
        entry("lookup-en-003", "minor", 0.92, 0.98),
        entry("recommend-ja-010", "none", texts=(JAPANESE,), accepted=(JAPANESE,), prompt="recommend",
              tags=["ja", "recommend"]),
        entry("recommend-en-2", "improved", 1.0, 0.9, prompt="recommend", tags=["en", "recommend"]),
        entry("recommend-en-11", "none", prompt="recommend", tags=["en", "recommend"]),
        entry("new-001", "none", accepted=()),
        entry("broken-001", "none", samples=[error()], error="the service is throttled", scored_count=0),
    ]
    entries[3]["samples"][0]["language"] = "ja"
    entries[-1].pop("scores")
    entries[-1].pop("baseline")
    change = {"prompt": "lookup", "version": "a02d46fa0a28", "before_version": "86bc0532240f",
              "before_text": "[system]\nAnswer in the language of the question.\nUse only the facts given.\n",
              "text": "[system]\nBe helpful and give a complete picture.\n"}
    return run(entries, prompt_changes=[change],
               gate={"reasons": ["1 critical regression: lookup-ja-001"], "warnings": ["1 entry has no baseline yet"]})


def hostile():
    """Every text that others can write says something it must not be able to do."""
    bad = finding(HOSTILE, "critical", HOSTILE, HOSTILE, 3, 40)
    entries = [entry(HOSTILE, "critical", 0.2, 0.9, (HOSTILE, HOSTILE + "!"), ("accepted " + HOSTILE,), (bad,),
                     question=HOSTILE, reason=HOSTILE, prompt=HOSTILE, target=HOSTILE, model=HOSTILE, file=HOSTILE,
                     version=HOSTILE, tags=[HOSTILE, "ja"]),
               entry("long", "major", 0.8, 0.95, ("A line of text. " * 65536,), ("Another line. " * 65536,))]
    return run(entries, suite=HOSTILE, golden=HOSTILE, baseline=HOSTILE, run=HOSTILE, embedding=HOSTILE,
               provenance={"who": HOSTILE, "commit": HOSTILE, "ci": "javascript:window.pwned=7"},
               prompt_changes=[{"prompt": HOSTILE, "version": HOSTILE, "before_version": HOSTILE,
                                "before_text": "before " + HOSTILE, "text": HOSTILE}],
               gate={"reasons": [HOSTILE], "warnings": [HOSTILE]})


def errors_only():
    entries = [entry(f"e-{i}", samples=[error(), error()], error="the service is throttled", accepted=())
               for i in range(4)]
    for each in entries:
        each.pop("scores")
    return run(entries, mean={}, answered=0, gate={"exit_status": 3, "outcome": "fail", "errors": 4, "checked_only": 0,
                                                  "reasons": ["4 entries got no answer: e-0, e-1, e-2 and 1 more"]})


def large(count, seed=7):
    """As many entries with three answers each as a large suite has, each answer some 400 characters."""
    draw = random.Random(seed)
    words = (ENGLISH + " " + WORSE + " We deliver in three days, and a gift box costs 200 yen more.").split()
    entries = []
    for i in range(count):
        accepted = [" ".join(draw.choices(words, k=72)) for _ in range(3)]
        texts = [" ".join(draw.choice(words) if draw.random() < 0.1 else word for word in text.split())
                 for text in accepted]
        fall = draw.choice((0, 0, 0, 0, 0.01, 0.06, 0.12, 0.3))
        severity = "critical" if fall > 0.2 else "major" if fall > 0.1 else "minor" if fall > 0.05 else "none"
        entries.append(entry(f"entry-{i:05}", severity, 0.97 - fall, 0.97, texts, accepted,
                             tags=[draw.choice(("en", "ja")), draw.choice(("lookup", "recommend", "price"))]))
    return run(entries)


def all_runs():
    one = run([entry("only-1", "none")])
    interrupted = ordinary() | {"interrupted": True}
    interrupted["gate"] |= {"exit_status": 130, "outcome": "fail", "reasons": ["interrupted: 9 of 24 answers came"]}
    without = run([entry("a", accepted=()), entry("b", accepted=(), failed=(finding(),), passed=False)], baseline="")
    return {"ordinary": ordinary(), "hostile": hostile(), "empty": run([], mean={}), "one": one, "without": without,
            "errors": errors_only(), "interrupted": interrupted, "large": large(1000)}
