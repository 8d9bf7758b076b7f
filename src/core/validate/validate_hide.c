/* SPDX-License-Identifier: Apache-2.0
 *
 * validate_hide: keeps what must not be shown out of what is told. Where secrets stand is kept of
 * all of them, also past the most findings that an answer can have: what another check quotes of
 * one becomes stars, and so does what quotes the answer without saying where. */
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "core/validate/validate_internal.h"

enum { STARS_MAX = 40, SPANS_FIRST = 8 };

int hide_stars(struct arena *arena, struct view text, bool with_tail, struct view *ret_stars)
{
    enum { LONG = 12, SHORT = 6, SHOWN_LONG = 4, SHOWN_SHORT = 2 };
    size_t chars = utf8_count(text);
    size_t tail = chars >= LONG ? SHOWN_LONG : chars >= SHORT ? SHOWN_SHORT : 0;
    size_t shown = with_tail ? tail : 0;
    size_t stars = chars - shown < STARS_MAX ? chars - shown : STARS_MAX;
    size_t pos = 0;

    for (size_t i = 0; i < chars - shown; i++)
        (void)utf8_next(text, &pos, NULL);
    struct view last = view_slice(text, pos, text.len);
    char *out = arena_new(arena, stars + last.len + 1, 1);
    if (out == NULL)
        return ERR_MEMORY;
    memset(out, '*', stars);
    if (last.len > 0)
        memcpy(out + stars, last.ptr, last.len);
    *ret_stars = view_make(out, stars + last.len);
    return 0;
}

/* ---- where secrets stand --------------------------------------------------------------------- */

int hide_note(struct validation *validation, const struct found *found)
{
    if (validation->secret_count == validation->secret_room) {
        size_t room = validation->secret_room == 0 ? SPANS_FIRST : validation->secret_room * 2;
        struct validate_secret *secrets =
            mem_resize(validation->secrets, room, sizeof *validation->secrets);
        if (secrets == NULL)
            return ERR_MEMORY;
        validation->secrets = secrets;
        validation->secret_room = room;
    }
    validation->secrets[validation->secret_count++] = (struct validate_secret){
        .start = found->start, .end = found->end, .is_untold = found->is_untold};
    return 0;
}

/* ---- what is told of them -------------------------------------------------------------------- */

/* Whether the finding's evidence tells of the secret more than may be told: its last
 * characters, or nothing. */
static bool tells_of(const struct validate_finding *finding, const struct validate_secret *secret)
{
    size_t start = finding->finding.start;
    size_t end = finding->finding.end;

    if (start >= secret->end || secret->start >= end)
        return false;
    return !finding->is_secret || secret->is_untold || end < secret->end;
}

static int hide(struct validation *validation, struct validate_finding *finding)
{
    struct view *evidence = &finding->finding.evidence;

    if (!finding->is_secret)
        finding->finding.message = view_of(
            finding->quotes ? "fails: why is not shown, since the answer holds what must not be"
                            : "holds what must not be shown");
    return hide_stars(&validation->arena, *evidence, false, evidence);
}

int hide_secrets(struct validation *validation)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < validation->count; i++) {
        struct validate_finding *finding = &validation->findings[i];
        bool tells = finding->quotes && validation->secret_count > 0;
        for (size_t j = 0; !tells && j < validation->secret_count; j++)
            tells = tells_of(finding, &validation->secrets[j]);
        if (tells)
            code = hide(validation, finding);
    }
    return code;
}
