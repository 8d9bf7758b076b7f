# SPDX-License-Identifier: Apache-2.0
"""Personal data: what is found of it, and what is taken for it."""

import csv
import json

import japanese_people
import measure

SECTION = "Personal data"

COUNT = 400  # texts of each kind and style that are made up
SEED = {"develop": 1, "report": 2}
RECALL_MIN, PRECISION_MIN, ALARMS_MAX = 0.95, 0.95, 0.01

# Presidio's labels that are forms, with our kind.
LABELS = {"EMAIL_ADDRESS": "email", "DOMAIN_NAME": "url", "IBAN_CODE": "iban", "US_SSN": "us_ssn",
          "IP_ADDRESS": "ip", "CREDIT_CARD": "card", "PHONE_NUMBER": "phone"}
TARGETED = {"email", "url", "iban", "us_ssn", "ip", "card"}
DEFAULT = ["email", "phone", "postal_code", "address", "my_number", "card", "iban", "us_ssn"]

# Hits of presidio-analyzer 2.2.366, its pattern recognisers alone (phone numbers with region JP added), on the same
# texts: tools/accuracy/presidio_peer.py prints them.
PEER = {
    ("presidio", "card"): 46, ("presidio", "phone"): 31, ("presidio", "email"): 25, ("presidio", "ip"): 9,
    ("presidio", "iban"): 10, ("presidio", "url"): 20, ("presidio", "us_ssn"): 6,
    ("email", False): 117, ("email", True): 3,
    ("phone", False): 400, ("phone", True): 273, ("card", False): 129, ("card", True): 17}

SEES = """
A value counts as found when every letter and digit of it would be masked; precision is the share of findings that lie
on a labelled value of that kind. The labels of presidio-research's set map to kinds by their form: EMAIL_ADDRESS →
email, DOMAIN_NAME (whole links) → url, IBAN_CODE → iban, US_SSN → us_ssn, IP_ADDRESS → ip, CREDIT_CARD → card,
PHONE_NUMBER → phone. Phone numbers there come from all over Europe in national forms without a country code ("99
668472"): those have no plan that a rule could hold them to, so the target is for the other six. Out of scope by
design: PERSON, ORGANIZATION, GPE, NRP, TITLE, AGE and DATE_TIME have no form (a name is personal only by who says it,
and a shop that sells books speaks of names all day), STREET_ADDRESS and ZIP_CODE there are foreign, US_DRIVER_LICENSE
has a form for each state.

Japanese values are made up by `tools/accuracy/japanese_people.py`, which knows area codes, towns and check digits but
none of the rules. "Hard" is full width, other dashes, brackets, kanji numerals, +81, spaces, invisible characters
between the digits, no prefecture. The rules were widened on one seed and are reported on another: other values, the
same ways to write; a way that nobody thought of is in neither. Twelve digits with a right check digit are My Number
to anyone who only sees the digits: of parcels in the form 1234-5678-9012 every tenth passes, unless a word (伝票番号, 注文,
追跡 …) is near; an allow-list or a policy without `my_number` is the remedy. Building names and room numbers behind an
address stay.

False alarms: on the develop halves every text flagged held what the rules are for, addresses and telephone numbers of
public places; an allow-list, not a rule, tells a town hall from a home.

Presidio: version 2.2.366, its pattern recognisers one by one, as they come, without a language model and words of
context (`tools/accuracy/presidio_peer.py`), telephone numbers with the region JP added. Its boundaries are \\b, which
does not stand between kana and Latin letters or digits.

What the check cannot see: names, handles, faces in words; addresses abroad or without numbers; numbers told in words;
local numbers without a word such as 電話 beside them; values spread over sentences; pictures."""


# ---- what is found -----------------------------------------------------------------------------

PERSONAL, SECRET = "safety.personal_data", "safety.secret"


def findings(assay, texts, kinds, check=PERSONAL):
    """For each text its distinct findings, as (start, end) in bytes."""
    policy = {"checks": [{"check": PERSONAL, "action": "fallback", "kinds": kinds}, {"check": SECRET}]}
    answers = assay.validate([{"id": str(i), "response": text} for i, text in enumerate(texts)], policy)
    return [sorted({(item["start"], item["end"]) for item in measure.failed(answer, check)}) for answer in answers]


def covered(text, span, found):
    """Whether every letter and digit of the span lies in a finding."""
    inside = set()
    for start, end in found:
        inside.update(range(start, end))
    data = text.encode()
    return all(at in inside for at in range(*span) if chr(data[at]).isalnum() or data[at] >= 0x80)


def overlaps(one, others):
    """Whether the span shares a byte with one of the others."""
    return any(one[0] < end and start < one[1] for start, end in others)


# ---- data --------------------------------------------------------------------------------------

def labelled(data, half):
    """Presidio's texts of a half: (text, {kind: [(start, end)]}), offsets in bytes."""
    made = []
    with open(data / "presidio" / "synth_dataset_v2.json", encoding="utf-8") as source:
        for item in json.load(source):
            text, spans = item["full_text"], {}
            if measure.half(text) != half:
                continue
            for span in item["spans"]:
                kind = LABELS.get(span["entity_type"])
                start, end = (len(text[:span[key]].encode()) for key in ("start_position", "end_position"))
                spans.setdefault(kind, []).append((start, end))
            made.append((text, spans))
    return made


def harmless(data, half):
    """Name → [(text, target or None)]: real texts that are hardly about people's data."""
    def chosen(pairs):
        return [text for key, text in pairs if measure.half(key) == half]

    answers = [(item["question_id"], item["choices"][0]["turns"][0])
               for path in sorted((data / "rakuda").glob("*.jsonl")) if path.stem != "questions"
               for item in measure.lines(path)]
    pairs = measure.lines(data / "ja-nli" / "jnli_valid.json")
    jnli = sorted({item[key] for item in pairs for key in ("sentence1", "sentence2")})
    with open(data / "ja-nli" / "jsquad_valid.json", encoding="utf-8") as source:
        articles = json.load(source)["data"]
    parts = [(article["title"], part) for article in articles for part in article["paragraphs"]]
    questions = [(title, qa["question"]) for title, part in parts for qa in part["qas"]]
    passages = [(title, part["context"]) for title, part in parts]
    followed = [(item["prompt"], item["response"]) for path in sorted((data / "m-ifeval").glob("strict_*.jsonl"))
                for item in measure.lines(path)]
    with open(data / "stsb" / "stsb-en-dev.csv", encoding="utf-8", newline="") as rows:
        english = sorted({text for row in csv.reader(rows) for text in row[:2]})
    return {
        "Rakuda, answers of models (ja)": (chosen(answers), ALARMS_MAX),
        "JNLI, sentences (ja)": (chosen(zip(jnli, jnli)), ALARMS_MAX),
        "JSQuAD, questions (ja)": (chosen(questions), ALARMS_MAX),
        "JSQuAD, passages of Wikipedia (ja)": (chosen(passages), ALARMS_MAX),
        "M-IFEval, answers of models (ja)": (chosen(followed), None),
        "STS-B, sentences (en)": (chosen(zip(english, english)), None),
    }


# ---- tables ------------------------------------------------------------------------------------

def peer(key, count):
    """What Presidio found of the same."""
    return measure.number(PEER[key] / count) if key in PEER else "–"


def english(assay, data, half):
    """Presidio's set, kind by kind."""
    texts = labelled(data, half)
    table = measure.Table("kind", "values", "recall", "95 %", "target", "precision", "95 %", "target",
                          "Presidio: recall")
    for kind in LABELS.values():
        found = findings(assay, [text for text, _ in texts], [kind])
        wanted = [(text, span, hits) for (text, spans), hits in zip(texts, found) for span in spans.get(kind, [])]
        hit = sum(covered(*each) for each in wanted)
        right = sum(overlaps(one, spans.get(kind, [])) for (_, spans), hits in zip(texts, found) for one in hits)
        told = sum(map(len, found))
        recall, low_high, _ = measure.share(hit, len(wanted))
        precision, around, _ = measure.share(right, told)
        aimed = kind in TARGETED
        table.row(kind, len(wanted), recall, low_high, measure.verdict(hit / len(wanted), RECALL_MIN) if aimed else "–",
                  precision, around, measure.verdict(right / max(told, 1), PRECISION_MIN) if aimed else "–",
                  peer(("presidio", kind), len(wanted)))
    return table


def japanese(assay, half):
    """What people in Japan write, kind by kind."""
    table = measure.Table("kind", "values", "plain", "95 %", "target", "hard", "95 %", "target",
                          "Presidio: plain", "hard")
    for kind in japanese_people.TEMPLATES:
        cells = []
        for hard in (False, True):
            people = japanese_people.people(kind, COUNT, SEED[half], hard)
            found = findings(assay, [text for text, _, _ in people], [kind])
            hit = sum(covered(text, (start, end), hits) for (text, start, end), hits in zip(people, found))
            recall, low_high, _ = measure.share(hit, COUNT)
            cells += [recall, low_high, measure.verdict(hit / COUNT, RECALL_MIN)]
        table.row(kind, f"2 × {COUNT}", *cells, peer((kind, False), COUNT), peer((kind, True), COUNT))
    return table


def lookalikes(assay, half):
    """Numbers of a shop that are none, by what they are."""
    table = measure.Table("what it is", "texts", "flagged", "95 %")
    for kind in japanese_people.OTHERS:
        found = findings(assay, japanese_people.others(kind, COUNT, SEED[half]), DEFAULT)
        flagged, low_high, _ = measure.share(sum(map(bool, found)), COUNT)
        table.row(kind, COUNT, flagged, low_high)
    return table


def alarms(assay, data, half):
    """Real texts."""
    table = measure.Table("texts", "how many", "flagged", "share", "95 %", "target", "flagged for a secret")
    for name, (texts, target) in harmless(data, half).items():
        count = sum(map(bool, findings(assay, texts, DEFAULT)))
        secrets = sum(map(bool, findings(assay, texts, DEFAULT, SECRET)))
        rate, low_high, _ = measure.share(count, len(texts))
        table.row(name, f"{len(texts):,}", count, rate, low_high,
                  measure.verdict(count / len(texts), target, True) if target else "–", secrets)
    return table


def report(assay, data, half="report"):
    """The section."""
    return "\n".join([
        "presidio-research's synthetic English texts, report half:\n", str(english(assay, data, half)),
        "Japanese values in sentences without spaces, made up:\n", str(japanese(assay, half)),
        "Numbers that are no personal data, in such sentences (kinds of the default policy):\n",
        str(lookalikes(assay, half)),
        "False alarms on real texts, report halves (kinds of the default policy):\n", str(alarms(assay, data, half)),
        SEES.strip()])
