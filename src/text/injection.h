/* SPDX-License-Identifier: Apache-2.0
 *
 * injection: signs that a text tries to give a model orders, or repeats such a text: a tripwire.
 *
 * Two parts. The rules (injection.def) are patterns for scan.h, over the spelling: "ignore all
 * previous instructions" and its Japanese kin, markers of prompt formats, demands for the system
 * prompt, personas without limits, images and links that carry data away. The watch looks at the
 * bytes themselves, since the spelling drops what nobody sees: text in tag characters (U+E0000 to
 * U+E007F), bytes in variation selectors, messages in zero-width characters.
 *
 * It is made to be quiet rather than complete: orders can be given in any words, and most attacks
 * that work use none of these (docs/accuracy.md has the figures). It is no wall.
 *
 * Memory: none but the watch, which is the caller's. Threads: tables are constant, a watch has one
 * owner. */
#ifndef ASSAY_TEXT_INJECTION_H
#define ASSAY_TEXT_INJECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "base/view.h"
#include "text/scan.h"

/* All rules, for the plan of a scan set. */
const struct scan_rule *injection_rules(size_t *ret_count);
/* What a rule sees, in words for a message: "asks to ignore earlier instructions"; "" for a rule of
 * another table. */
struct view injection_meaning(struct view rule_name);

/* ---- hidden characters, in the bytes of the source ------------------------------------------- */

enum {
    INJECTION_TAGS_MIN = 4,       /* tag characters in a row, flags of regions left out */
    INJECTION_SELECTORS_MIN = 4,  /* variation selectors in a row */
    INJECTION_INVISIBLE_MIN = 16, /* zero-width characters in a row */
    INJECTION_HIDDEN_MAX = 4096   /* a run of more bytes is told in pieces that touch */
};

enum injection_kind { INJECTION_TAGS, INJECTION_SELECTORS, INJECTION_INVISIBLE, INJECTION_NONE };

/* "injection.hidden_tags", … */
struct view injection_kind_name(enum injection_kind kind);
struct view injection_kind_meaning(enum injection_kind kind);

/* Zeroed is ready. The fields are the watch's own. */
struct injection_watch {
    uint64_t at;    /* source bytes seen, whole characters */
    uint64_t start; /* of the run that goes on, where is_run: what of it was not told */
    uint64_t count; /* its characters */
    enum injection_kind kind;
    bool is_run;
    bool is_flag;    /* the run follows a black flag */
    bool after_flag; /* the last character was one */
    char carry[4];   /* of a character that is not complete */
    size_t carried;
};

struct injection_hidden {
    enum injection_kind kind;
    uint64_t start; /* bytes of the source */
    uint64_t end;
};

/* Looks at the bytes of `source` from *pos on; true where a run has ended, *pos past what was seen:
 * call it again until false. The next source continues the text. */
bool injection_watch_next(struct injection_watch *watch, struct view source, size_t *pos,
                          struct injection_hidden *ret_hidden);
/* The text has ended; true where a run ended with it. */
bool injection_watch_finish(struct injection_watch *watch, struct injection_hidden *ret_hidden);
/* No run that is not yet told can start before this byte of the source. */
uint64_t injection_watch_clear(const struct injection_watch *watch);
/* Appends what tag characters and variation selectors spell, for evidence: bytes that cannot be
 * printed as "?". */
void injection_unhide(struct view hidden, struct strbuf *out);

#endif
