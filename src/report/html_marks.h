/* SPDX-License-Identifier: Apache-2.0
 *
 * html_marks: a text of others with marks on it: the language of each sentence, words that another
 * text lacks, spans that a check found fault with. Marks may overlap; every stretch of text carries
 * those that lie on it.
 *
 * Memory: the caller's arena. Threads: no state. Limits: HTML_MARKS_MAX findings; the text is the
 * caller's to cut. */
#ifndef ASSAY_REPORT_HTML_MARKS_H
#define ASSAY_REPORT_HTML_MARKS_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "core/record/verdict.h"
#include "text/difference.h"

enum { HTML_MARKS_MAX = 100 };

struct html_marked {
    struct view text;
    struct view language;           /* of the whole, "ja"; empty where unknown or mixed */
    const struct difference *parts; /* of the text's own side; NULL: none */
    size_t part_count;
    enum difference_kind own;       /* DIFFERENCE_REMOVED or DIFFERENCE_ADDED: marked as such */
    const struct finding *findings; /* offsets into the text */
    size_t finding_count;
};

/* The difference of two texts for people to read: changes with hardly anything between them are one
 * change. ERR_MEMORY. */
MUST_CHECK int html_difference(struct arena *arena, struct view before, struct view after,
                               const struct difference **ret_parts, size_t *ret_count);

/* <div class=text dir=auto lang=…> … </div>. ERR_MEMORY leaves a part written. */
MUST_CHECK int html_add_marked(struct strbuf *out, struct arena *arena,
                               const struct html_marked *marked);

/* Both sides of a difference in one text, what is gone struck through; long stretches that both
 * have are left out in their middle. */
void html_add_redline(struct strbuf *out, const struct difference *parts, size_t count);

#endif
