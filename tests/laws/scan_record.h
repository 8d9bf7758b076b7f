/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_record: what a scanner says about a text that comes in pieces, written down, and what PCRE2
 * says about the whole of it, for the law of scanning and its fuzzer. */
#ifndef ASSAY_TESTS_SCAN_RECORD_H
#define ASSAY_TESTS_SCAN_RECORD_H

#include "base/strbuf.h"
#include "engine/patterns.h"

/* Says how a text is cut: how many bytes come next, at least 1. */
typedef size_t scan_cut(void *context);

struct scan_record {
    struct strbuf matches; /* "rule start end\n" of each, by rule and place */
    uint64_t clear;        /* at the end */
    const char *broken;    /* a promise of scan.h that was not kept; NULL: none */
    bool too_costly;       /* one of them was */
};

/* Feeds the text to the scanner, which is reset first, and forgets what it does not need. `held` is
 * what the scanner was made with. */
void scan_record_make(struct scanner *scanner, const bool *held, struct spelling *spelling,
                      struct view text, scan_cut *cut, void *context,
                      struct scan_record *ret_record);
void scan_record_release(struct scan_record *record);

/* The same matches by PCRE2 over the whole spelling, rule by rule; false where one was too costly
 * for it. */
bool scan_record_oracle(const struct scan_rule *rules, const bool *wanted, size_t count,
                        struct view text, struct strbuf *ret_matches);

#endif
