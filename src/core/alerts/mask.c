/* SPDX-License-Identifier: Apache-2.0
 *
 * mask: see mask.h. First the secrets that are known letter by letter, then what the rules find,
 * then control characters, then the cut. */
#include "core/alerts/mask.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "text/personal.h"
#include "text/secrets.h"
#include "wire/url.h"

enum {
    INPUT_BYTES_MAX = 64 * 1024, /* of a text that are looked at */
    SECRET_BYTES_MIN = 6,
    SPANS_MAX = 512, /* in one text; what follows the last is left out */
    WORK_BYTES_MAX = 1 << 20,
};

static const char more[] = "…";

int mask_plan(struct scan_plan *plan, struct err *reterr)
{
    size_t count;
    uint32_t index;
    const struct scan_rule *rules = secret_rules(&count);

    for (size_t i = 0; i < count; i++) {
        int code = scan_plan_add(plan, &rules[i], &index, reterr);
        if (code != 0)
            return code;
    }
    for (unsigned kind = 0; kind < PERSONAL_KIND_COUNT; kind++) {
        if (!personal_kind_is_default((enum personal_kind)kind))
            continue;
        rules = personal_rules((enum personal_kind)kind, &count);
        for (size_t i = 0; i < count; i++) {
            int code = scan_plan_add(plan, &rules[i], &index, reterr);
            if (code != 0)
                return code;
        }
    }
    return 0;
}

/* ---- known secrets --------------------------------------------------------------------------- */

/* The length of the longest known secret that stands here; 0: none. */
static size_t secret_at(const struct mask *mask, struct view rest)
{
    size_t best = 0;

    for (size_t i = 0; i < mask->secret_count; i++)
        if (mask->secrets[i].len >= SECRET_BYTES_MIN && mask->secrets[i].len > best
            && view_starts(rest, mask->secrets[i]))
            best = mask->secrets[i].len;
    return best;
}

static void add_without_secrets(const struct mask *mask, struct view text, struct strbuf *out)
{
    size_t kept = 0;

    for (size_t i = 0; i < text.len;) {
        size_t len = secret_at(mask, view_slice(text, i, text.len));
        if (len == 0) {
            i++;
            continue;
        }
        strbuf_add(out, view_slice(text, kept, i));
        strbuf_add_text(out, "[SECRET]");
        i += len;
        kept = i;
    }
    strbuf_add(out, view_slice(text, kept, text.len));
}

/* ---- rules ----------------------------------------------------------------------------------- */

struct span {
    size_t start;
    size_t end;
    uint32_t rule;
};

struct spans {
    struct span items[SPANS_MAX];
    size_t count;
    size_t known; /* from this byte of the text on nothing is known */
};

static int by_start(const void *a, const void *b)
{
    const struct span *one = a;
    const struct span *two = b;

    if (one->start != two->start)
        return one->start < two->start ? -1 : 1;
    return one->end > two->end ? -1 : one->end < two->end;
}

static void take_matches(struct scanner *scanner, struct spans *spans)
{
    struct scan_match match;

    while (scanner_next(scanner, &match)) {
        if (match.too_costly || spans->count == SPANS_MAX) {
            if (match.start < spans->known)
                spans->known = (size_t)match.start;
            continue;
        }
        spans->items[spans->count++] =
            (struct span){(size_t)match.start, (size_t)match.end, match.rule};
    }
}

static int scan(const struct mask *mask, struct view text, struct spans *spans)
{
    struct spelling *spelling = NULL;
    struct scanner *scanner = NULL;

    int code = spelling_new(0, &spelling);
    if (code == 0)
        code = scanner_new(mask->set, NULL, NULL, mask->scratch, &scanner);
    if (code == 0)
        code = spelling_feed(spelling, text);
    if (code == 0)
        code = spelling_finish(spelling);
    if (code == 0)
        code = scanner_advance(scanner, spelling);
    if (code == 0)
        take_matches(scanner, spans);
    scanner_free(scanner);
    spelling_free(spelling);
    qsort(spans->items, spans->count, sizeof spans->items[0], by_start);
    return code;
}

static void add_label(const struct mask *mask, uint32_t rule, struct strbuf *out)
{
    struct view name = scan_set_name(mask->set, rule);
    enum personal_kind kind;
    struct view group = view_split(&name, '.');

    strbuf_add_byte(out, '[');
    if (view_is(group, "personal_data") && personal_kind_named(name, &kind))
        strbuf_add(out, personal_label(kind));
    else
        strbuf_add_text(out, "SECRET");
    strbuf_add_byte(out, ']');
}

static void add_without_spans(const struct mask *mask, struct view text, const struct spans *spans,
                              struct strbuf *out)
{
    size_t at = 0;

    for (size_t i = 0; i < spans->count && spans->items[i].start < spans->known; i++) {
        const struct span *span = &spans->items[i];
        if (span->start >= at) {
            strbuf_add(out, view_slice(text, at, span->start));
            add_label(mask, span->rule, out);
        }
        if (span->end > at)
            at = span->end;
    }
    strbuf_add(out, view_slice(text, at, at < spans->known ? spans->known : at));
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* One line of valid UTF-8 without control characters, cut to `max` bytes with the mark. */
static void add_line(struct view text, size_t max, bool was_cut, struct strbuf *out)
{
    struct strbuf line;
    bool blank = true; /* also at the start */

    strbuf_init(&line, WORK_BYTES_MAX);
    for (size_t pos = 0; pos < text.len;) {
        uint32_t c = utf8_next(text, &pos, NULL);
        bool is_blank = c <= ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
        if (is_blank && !blank)
            strbuf_add_byte(&line, ' ');
        else if (!is_blank)
            strbuf_add_codepoint(&line, c);
        blank = is_blank;
    }
    struct view whole = view_trim(strbuf_view(&line));
    bool fits = whole.len + (was_cut ? sizeof more - 1 : 0) <= max;
    strbuf_add(out, fits ? whole : utf8_cut(whole, max - (sizeof more - 1)));
    if (!fits || was_cut)
        strbuf_add_text(out, more);
    if (strbuf_status(&line) != 0 && out->status == 0)
        out->status = strbuf_status(&line);
    strbuf_release(&line);
}

/* What of a text is looked at: of a longer one without its end, where half a secret may stand. */
static struct view looked_at(struct view text)
{
    if (text.len <= INPUT_BYTES_MAX)
        return text;
    return utf8_cut(text, INPUT_BYTES_MAX - SCAN_WIDTH_MAX);
}

int mask_text(const struct mask *mask, struct view text, size_t max, struct arena *arena,
              struct view *ret_text)
{
    struct view input = looked_at(text);
    struct spans *spans = mem_new(1, sizeof *spans);
    struct strbuf plain;
    struct strbuf masked;
    struct strbuf line;
    int code = spans != NULL ? 0 : ERR_MEMORY;

    strbuf_init(&plain, WORK_BYTES_MAX);
    strbuf_init(&masked, WORK_BYTES_MAX);
    strbuf_init(&line, WORK_BYTES_MAX);
    add_without_secrets(mask, input, &plain);
    if (code == 0)
        code = strbuf_status(&plain);
    if (code == 0) {
        spans->known = plain.len;
        if (mask->set != NULL)
            code = scan(mask, strbuf_view(&plain), spans);
    }
    if (code == 0) {
        add_without_spans(mask, strbuf_view(&plain), spans, &masked);
        add_line(strbuf_view(&masked), max, input.len < text.len || spans->known < plain.len,
                 &line);
        code = strbuf_status(&masked) != 0 ? strbuf_status(&masked) : strbuf_status(&line);
    }
    if (code == 0)
        code = arena_copy(arena, strbuf_view(&line), ret_text);
    strbuf_release(&plain);
    strbuf_release(&masked);
    strbuf_release(&line);
    mem_free(spans);
    return code;
}

struct view mask_url(struct view url, struct arena *arena)
{
    struct view shown = VIEW("(no address)");
    struct strbuf text;
    struct url parts;

    if (url_parse(url, &parts, NULL) != 0)
        return shown;
    strbuf_init(&text, URL_BYTES_MAX);
    strbuf_add(&text, parts.scheme);
    strbuf_add_text(&text, "://");
    url_add_authority(&text, parts.host, parts.port, parts.tls);
    if (parts.path.len > 1 || parts.query.len > 0)
        strbuf_add_text(&text, "/…");
    if (strbuf_status(&text) != 0 || arena_copy(arena, strbuf_view(&text), &shown) != 0)
        shown = view_of("(an address)");
    strbuf_release(&text);
    return shown;
}
