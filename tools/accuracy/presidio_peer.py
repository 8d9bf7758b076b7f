#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Presidio's pattern recognisers find of the values in the section on personal data.

    python3 -m venv DIR && DIR/bin/pip install presidio-analyzer && DIR/bin/python tools/accuracy/presidio_peer.py

Prints the table PEER of personal.py. Each recogniser is asked by itself, as it comes, without a language model and
without words of context; phone numbers for the regions Presidio asks for and for JP besides. Every score counts.
"""

import japanese_people
import measure
import personal
import tldextract
from presidio_analyzer import predefined_recognizers as predefined

# Its copy of the list of public suffixes, not the newest from the network.
tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())

RECOGNISERS = {
    "email": predefined.EmailRecognizer(), "url": predefined.UrlRecognizer(), "iban": predefined.IbanRecognizer(),
    "us_ssn": predefined.UsSsnRecognizer(), "ip": predefined.IpRecognizer(), "card": predefined.CreditCardRecognizer(),
    "phone": predefined.PhoneRecognizer(
        supported_regions=(*predefined.PhoneRecognizer.DEFAULT_SUPPORTED_REGIONS, "JP")),
}


def spans(kind, text):
    """What it finds, in bytes."""
    recogniser = RECOGNISERS[kind]
    results = recogniser.analyze(text, recogniser.supported_entities, None) or []
    return [(len(text[:result.start].encode()), len(text[:result.end].encode())) for result in results]


def main():
    """The command."""
    made = {("presidio", kind): 0 for kind in RECOGNISERS}
    for text, labels in personal.labelled(measure.shared(), "report"):
        for kind in RECOGNISERS:
            for span in labels.get(kind, []):
                made[("presidio", kind)] += personal.covered(text, span, spans(kind, text))
    for kind in ("email", "phone", "card"):
        for hard in (False, True):
            people = japanese_people.people(kind, personal.COUNT, personal.SEED["report"], hard)
            made[(kind, hard)] = sum(personal.covered(text, (start, end), spans(kind, text))
                                     for text, start, end in people)
    print("PEER =", made)


if __name__ == "__main__":
    main()
