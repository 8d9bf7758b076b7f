/* SPDX-License-Identifier: Apache-2.0
 *
 * damage: the defects that work on finished text; see job.h. */
#include "core/sim/job.h"

#include "base/utf8.h"

/* An answer that is no longer what was asked for: JSON that does not parse, prose with remains of
 * JSON around it. */
static void break_format(struct job *job, struct strbuf *out)
{
    struct rng rng = job_rng(job, "break format");
    struct view text = VIEW("");

    if (arena_copy(job->arena, strbuf_view(out), &text) != 0) {
        job->failed = true;
        return;
    }
    strbuf_reset(out);
    if (!job->follows[SIM_RULE_JSON]) {
        if (!job->brief->wants[SIM_RULE_LIST] && !job->brief->wants[SIM_RULE_HEADING]
            && !job->brief->wants[SIM_RULE_TABLE])
            strbuf_add_text(out, "{\"answer\": ");
        strbuf_add(out, text);
        return;
    }
    switch ((int)rng_below(&rng, 3)) {
    case 0: /* a brace short */
        strbuf_add(out, view_slice(text, 0, text.len - 1));
        break;
    case 1: /* a comma too many */
        strbuf_add(out, view_slice(text, 0, text.len - 1));
        strbuf_add_text(out, ",}");
        break;
    default: /* talk around it */
        strbuf_add_text(out, "Here is the JSON you asked for: ");
        strbuf_add(out, text);
        break;
    }
}

static void refuse(struct job *job, struct strbuf *out)
{
    struct view refusal = job_say(job, PHRASE_REFUSAL, NULL, 0);

    strbuf_reset(out);
    strbuf_add(out, refusal);
}

/* Neighbouring characters change places, some are lost to U+FFFD. */
static void garble(struct job *job, struct strbuf *out)
{
    struct rng rng = job_rng(job, "garble");
    struct view text = VIEW("");
    uint32_t held = 0;
    bool holds = false;

    if (arena_copy(job->arena, strbuf_view(out), &text) != 0) {
        job->failed = true;
        return;
    }
    strbuf_reset(out);
    for (size_t pos = 0; pos < text.len;) {
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        double draw = rng_unit(&rng);
        if (draw < 0.12) {
            strbuf_add_codepoint(out, 0xfffd);
        } else if (!holds && draw < 0.5) {
            held = codepoint;
            holds = true;
        } else {
            strbuf_add_codepoint(out, codepoint);
            if (holds)
                strbuf_add_codepoint(out, held);
            holds = false;
        }
    }
    if (holds)
        strbuf_add_codepoint(out, held);
}

static void truncate_answer(struct job *job, struct strbuf *out)
{
    struct rng rng = job_rng(job, "truncate");
    double share = 0.3 + 0.3 * rng_unit(&rng);
    struct view kept = utf8_cut(strbuf_view(out), (size_t)((double)out->len * share));

    strbuf_cut(out, kept.len);
}

void job_damage(struct job *job, struct strbuf *out)
{
    if (job->defects[SIM_DEFECT_FORMAT])
        break_format(job, out);
    if (job->defects[SIM_DEFECT_REFUSAL])
        refuse(job, out);
    if (job->defects[SIM_DEFECT_GARBLED])
        garble(job, out);
    if (job->defects[SIM_DEFECT_TRUNCATION])
        truncate_answer(job, out);
}
