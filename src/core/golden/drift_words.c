/* SPDX-License-Identifier: Apache-2.0
 *
 * drift_words: drift for people: see drift.h. */
#include "base/date.h"
#include "base/strbuf.h"
#include "core/golden/drift.h"

enum { RULES_BYTES_MAX = 512, DAY_LEN = 10 };

static const struct {
    enum drift_rule rule;
    const char *text;
} rules_named[] = {
    {DRIFT_BEYOND, "beyond a control line"},
    {DRIFT_SAME_SIDE, "nine in a row on one side of the mean"},
    {DRIFT_TREND, "six in a row in one direction"},
    {DRIFT_TWO_OF_THREE, "two of three near a control line"},
};

int drift_say(const char *what, const struct drift_point *points, const struct drift *drift,
              struct arena *arena, struct view *ret_sentence)
{
    char day[DATE_ISO_SIZE];

    *ret_sentence = view_of("");
    if (!drift->fell && !drift->rose)
        return 0;
    const struct drift_point *since = &points[drift->since];
    date_iso(since->started_unix_s, day);
    const char *text = arena_printf(
        arena,
        "%s %s from %.3f to %.3f (%+.3f) over the last %zu comparable runs, since run %.*s of "
        "%.*s",
        what, drift->fell ? "fell" : "rose", drift->before, drift->after,
        drift->after - drift->before, drift->after_runs, VIEW_ARG(since->run), DAY_LEN, day);
    if (text == NULL)
        return ERR_MEMORY;
    *ret_sentence = view_of(text);
    return 0;
}

const char *drift_rules_text(unsigned rules, struct arena *arena)
{
    struct strbuf text;
    strbuf_init(&text, RULES_BYTES_MAX);

    for (size_t i = 0; i < sizeof rules_named / sizeof rules_named[0]; i++)
        if ((rules & (unsigned)rules_named[i].rule) != 0)
            strbuf_printf(&text, "%s%s", text.len > 0 ? "; " : "", rules_named[i].text);
    const char *kept = strbuf_status(&text) == 0 ? arena_string(arena, strbuf_view(&text)) : NULL;
    strbuf_release(&text);
    return kept;
}
