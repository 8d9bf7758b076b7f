/* SPDX-License-Identifier: Apache-2.0
 *
 * html: see html.h. Texts made harmless, and the small pieces. The shell of a page is in
 * html_page.c. */
#include "report/html.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/date.h"
#include "base/utf8.h"
#include "report/order.h"

enum { PRINTED_MAX = 1000 };

/* ---- texts ---------------------------------------------------------------------------------- */

/* Characters that nobody sees or that turn the direction of writing. Joiners of emoji and of Indic
 * and Arabic scripts (U+200C, U+200D) and variation selectors are part of what is seen. */
static const struct {
    uint32_t first, last;
} unseen[] = {
    {0x00, 0x08},       {0x0b, 0x1f},     {0x7f, 0x9f},       {0xad, 0xad},     {0x034f, 0x034f},
    {0x061c, 0x061c},   {0x115f, 0x1160}, {0x17b4, 0x17b5},   {0x180e, 0x180e}, {0x200b, 0x200b},
    {0x200e, 0x200f},   {0x2028, 0x202e}, {0x2060, 0x206f},   {0x3164, 0x3164}, {0xfeff, 0xfeff},
    {0xffa0, 0xffa0},   {0xfff0, 0xfffb}, {0xe0000, 0xe0fff}, {0xfffe, 0xffff}, {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a},
};

static bool is_unseen(uint32_t codepoint)
{
    for (size_t i = 0; i < sizeof unseen / sizeof unseen[0]; i++)
        if (codepoint >= unseen[i].first && codepoint <= unseen[i].last)
            return true;
    return false;
}

static const char *entity_of(char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7f && entity_of((char)byte) == NULL;
}

/* Escaped; what cannot be seen stands between `before` and `after` by its number. */
static void add_escaped(struct strbuf *out, struct view text, const char *before, const char *after)
{
    for (size_t pos = 0; pos < text.len;) {
        size_t start = pos;
        while (pos < text.len && is_plain((unsigned char)text.ptr[pos]))
            pos++;
        if (pos > start) {
            strbuf_add(out, view_slice(text, start, pos));
            continue;
        }
        const char *entity = entity_of(text.ptr[pos]);
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        if (entity != NULL)
            strbuf_add_text(out, entity);
        else if (is_unseen(codepoint)
                 && !(codepoint == '\r' && pos < text.len && text.ptr[pos] == '\n'))
            strbuf_printf(out, "%sU+%04X%s", before, codepoint, after);
        else if (codepoint != '\r')
            strbuf_add_codepoint(out, codepoint);
    }
}

void html_add(struct strbuf *out, struct view text)
{
    add_escaped(out, text, "<i class=c>", "</i>");
}

void html_add_attribute(struct strbuf *out, struct view text)
{
    add_escaped(out, text, "‹", "›");
}

void html_say(struct strbuf *out, const char *text)
{
    html_add(out, view_of(text));
}

void html_printf(struct strbuf *out, const char *format, ...)
{
    char text[PRINTED_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    html_add(out, utf8_cut(view_of(text), sizeof text));
}

struct view html_language(struct view code)
{
    bool is_letters = code.len >= 2 && code.len <= 8;

    for (size_t i = 0; i < code.len && is_letters; i++)
        is_letters = (code.ptr[i] >= 'a' && code.ptr[i] <= 'z')
                     || (code.ptr[i] >= 'A' && code.ptr[i] <= 'Z')
                     || (code.ptr[i] == '-' && i >= 2 && i + 1 < code.len);
    if (!is_letters || view_is(code, "und") || view_is(code, "mixed") || view_is(code, "any"))
        return view_of("");
    return code;
}

/* ---- pieces --------------------------------------------------------------------------------- */

static const struct {
    const char *class_name;
    const char *sign;
    const char *name;
} groups[GROUP_COUNT] = {
    [GROUP_CRITICAL] = {"critical", "■", "critical"},
    [GROUP_MAJOR] = {"major", "▲", "major"},
    [GROUP_FAILED] = {"failed", "✕", "failed"},
    [GROUP_ERROR] = {"error", "!", "error"},
    [GROUP_MINOR] = {"minor", "▽", "minor"},
    [GROUP_IMPROVED] = {"improved", "↑", "improved"},
    [GROUP_FINE] = {"ok", "✓", "ok"},
};

const char *html_group_class(int group)
{
    return groups[group].class_name;
}

void html_state(struct strbuf *out, const char *class_name, const char *sign, const char *name)
{
    strbuf_printf(out, "<span class=\"badge %s\"><b aria-hidden=true>%s</b>%s</span>", class_name,
                  sign, name);
}

void html_badge(struct strbuf *out, int group)
{
    html_state(out, groups[group].class_name, groups[group].sign, groups[group].name);
}

void html_score(struct strbuf *out, int32_t score_micro)
{
    report_add_score(out, score_micro);
}

void html_change(struct strbuf *out, double change)
{
    double rounded = round(change * 1000) / 1000;

    if (!isfinite(change))
        strbuf_add_text(out, "–");
    else
        strbuf_printf(out, "%s%.3f", rounded < 0 ? "−" : rounded > 0 ? "+" : "", fabs(rounded));
}

void html_part_bar(struct strbuf *out, int32_t before_micro, int32_t now_micro)
{
    enum { WIDTH = 100 };
    bool has_both = before_micro != SCORE_ABSENT && now_micro != SCORE_ABSENT;
    int before = (int)((int64_t)before_micro * WIDTH / MICRO);
    int now = now_micro == SCORE_ABSENT ? 0 : (int)((int64_t)now_micro * WIDTH / MICRO);

    /* the table beside it has the figures: nothing here for who cannot see it */
    strbuf_printf(out, "<svg class=\"b%s\" viewBox=\"0 0 %d 9\"><path d=\"M0 1h%dv7H0\"/>",
                  has_both && now < before ? " f" : "", WIDTH, now);
    if (before_micro != SCORE_ABSENT)
        strbuf_printf(out, "<path d=\"M%d 0h2v9h-2\"/>", before > WIDTH - 2 ? WIDTH - 2 : before);
    strbuf_add_text(out, "</svg>");
}

void html_count(struct strbuf *out, int64_t count)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)(count < 0 ? 0 : count));

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            strbuf_add_byte(out, ',');
        strbuf_add_byte(out, digits[i]);
    }
}

void html_duration(struct strbuf *out, uint64_t duration_ns)
{
    double ms = (double)duration_ns / 1e6;

    if (ms < 0.95)
        strbuf_printf(out, "%.2f ms", ms);
    else if (ms < 999.5)
        strbuf_printf(out, "%.0f ms", ms);
    else if (ms < 99500)
        strbuf_printf(out, ms < 9950 ? "%.2f s" : "%.1f s", ms / 1000);
    else
        strbuf_printf(out, "%llu min %llu s", (unsigned long long)(duration_ns / 60000000000U),
                      (unsigned long long)(duration_ns / 1000000000U % 60));
}

void html_time(struct strbuf *out, int64_t unix_s)
{
    char iso[DATE_ISO_SIZE];

    date_iso(unix_s, iso);
    strbuf_printf(out, "<time datetime=\"%s\">%.10s %.5s UTC</time>", iso, iso, iso + 11);
}
