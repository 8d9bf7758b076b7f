/* SPDX-License-Identifier: Apache-2.0
 *
 * injection: see injection.h. */
#include "text/injection.h"

#include "base/utf8.h"

/* ---- rules ----------------------------------------------------------------------------------- */

static const struct scan_rule rules[] = {
#define INJECTION(rule_name, pattern, meaning) \
    {.name = VIEW("injection." rule_name), .expression = VIEW(pattern), .flags = SCAN_CASELESS},
#include "text/injection.def"
#undef INJECTION
};

static const struct view meanings[] = {
#define INJECTION(rule_name, pattern, meaning) VIEW(meaning),
#include "text/injection.def"
#undef INJECTION
};

enum { RULE_COUNT = sizeof rules / sizeof rules[0] };

const struct scan_rule *injection_rules(size_t *ret_count)
{
    *ret_count = RULE_COUNT;
    return rules;
}

struct view injection_meaning(struct view rule_name)
{
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (view_equal(rules[i].name, rule_name))
            return meanings[i];
    return view_of("");
}

/* ---- hidden characters ----------------------------------------------------------------------- */

static const struct {
    struct view name;
    struct view meaning;
    unsigned least; /* characters in a row */
} kinds[] = {
    [INJECTION_TAGS] = {VIEW("injection.hidden_tags"), VIEW("hides text in tag characters"),
                        INJECTION_TAGS_MIN},
    [INJECTION_SELECTORS] = {VIEW("injection.hidden_selectors"),
                             VIEW("hides bytes in variation selectors"), INJECTION_SELECTORS_MIN},
    [INJECTION_INVISIBLE] = {VIEW("injection.hidden_invisible"),
                             VIEW("holds a long run of invisible characters"),
                             INJECTION_INVISIBLE_MIN},
    [INJECTION_NONE] = {VIEW(""), VIEW(""), 0},
};

static const uint32_t BLACK_FLAG = 0x1f3f4;
enum { FLAG_TAGS_MAX = 7 }; /* six of a region and the one that ends them */

struct view injection_kind_name(enum injection_kind kind)
{
    return kinds[kind].name;
}

struct view injection_kind_meaning(enum injection_kind kind)
{
    return kinds[kind].meaning;
}

static enum injection_kind kind_of(uint32_t codepoint)
{
    static const struct {
        uint32_t first;
        uint32_t last;
        enum injection_kind kind;
    } ranges[] = {
        {0x00ad, 0x00ad, INJECTION_INVISIBLE}, {0x034f, 0x034f, INJECTION_INVISIBLE},
        {0x061c, 0x061c, INJECTION_INVISIBLE}, {0x180b, 0x180e, INJECTION_INVISIBLE},
        {0x200b, 0x200f, INJECTION_INVISIBLE}, {0x202a, 0x202e, INJECTION_INVISIBLE},
        {0x2060, 0x206f, INJECTION_INVISIBLE}, {0xfe00, 0xfe0f, INJECTION_SELECTORS},
        {0xfeff, 0xfeff, INJECTION_INVISIBLE}, {0x1d173, 0x1d17a, INJECTION_INVISIBLE},
        {0xe0000, 0xe007f, INJECTION_TAGS},    {0xe0100, 0xe01ef, INJECTION_SELECTORS},
    };

    if (codepoint < ranges[0].first)
        return INJECTION_NONE;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (codepoint >= ranges[i].first && codepoint <= ranges[i].last)
            return ranges[i].kind;
    return INJECTION_NONE;
}

/* Whether what there is of the run is more than stands in ordinary texts. */
static bool counts(const struct injection_watch *watch)
{
    if (watch->is_flag && watch->kind == INJECTION_TAGS && watch->count <= FLAG_TAGS_MAX)
        return false;
    return watch->count >= kinds[watch->kind].least;
}

/* The run so far, from where it was not told. */
static bool tell(struct injection_watch *watch, struct injection_hidden *ret_hidden)
{
    if (!watch->is_run || watch->start == watch->at || !counts(watch))
        return false;
    *ret_hidden =
        (struct injection_hidden){.kind = watch->kind, .start = watch->start, .end = watch->at};
    watch->start = watch->at;
    return true;
}

/* One character of `size` bytes; true where a run has ended before it, or is long with it. */
static bool saw(struct injection_watch *watch, uint32_t codepoint, size_t size,
                struct injection_hidden *ret_hidden)
{
    enum injection_kind kind = kind_of(codepoint);
    bool told = false;

    if (watch->is_run && kind != watch->kind) {
        told = tell(watch, ret_hidden);
        watch->is_run = false;
    }
    if (kind != INJECTION_NONE && !watch->is_run) {
        watch->start = watch->at;
        watch->count = 0;
        watch->kind = kind;
        watch->is_run = true;
        watch->is_flag = watch->after_flag;
    }
    watch->count += watch->is_run;
    watch->after_flag = codepoint == BLACK_FLAG;
    watch->at += size;
    if (!told && watch->is_run && watch->at - watch->start >= INJECTION_HIDDEN_MAX)
        told = tell(watch, ret_hidden);
    return told;
}

/* Takes a character out of what is carried, where one is complete. */
static bool take_carried(struct injection_watch *watch, bool is_last, bool *ret_told,
                         struct injection_hidden *ret_hidden)
{
    struct view carry = view_make(watch->carry, watch->carried);
    size_t size = 0;

    if (watch->carried == 0 || (!is_last && utf8_tail(carry) == watch->carried))
        return false;
    uint32_t codepoint = utf8_next(carry, &size, NULL);
    *ret_told = saw(watch, codepoint, size, ret_hidden);
    watch->carried -= size;
    memmove(watch->carry, watch->carry + size, watch->carried);
    return true;
}

bool injection_watch_next(struct injection_watch *watch, struct view source, size_t *pos,
                          struct injection_hidden *ret_hidden)
{
    for (;;) {
        bool told = false;
        if (!take_carried(watch, false, &told, ret_hidden)) {
            if (*pos >= source.len)
                return false;
            unsigned char byte = (unsigned char)source.ptr[(*pos)++];
            if (watch->carried == 0 && byte < 0x80)
                told = saw(watch, byte, 1, ret_hidden);
            else
                watch->carry[watch->carried++] = (char)byte;
        }
        if (told)
            return true;
    }
}

bool injection_watch_finish(struct injection_watch *watch, struct injection_hidden *ret_hidden)
{
    bool told = false;

    while (!told && take_carried(watch, true, &told, ret_hidden))
        continue;
    if (!told)
        told = tell(watch, ret_hidden);
    return told;
}

uint64_t injection_watch_clear(const struct injection_watch *watch)
{
    return watch->is_run ? watch->start : watch->at;
}

void injection_unhide(struct view hidden, struct strbuf *out)
{
    for (size_t pos = 0; pos < hidden.len;) {
        uint32_t codepoint = utf8_next(hidden, &pos, NULL);
        uint32_t byte;
        if (codepoint >= 0xe0000 && codepoint <= 0xe007f)
            byte = codepoint - 0xe0000;
        else if (codepoint >= 0xfe00 && codepoint <= 0xfe0f)
            byte = codepoint - 0xfe00;
        else if (codepoint >= 0xe0100 && codepoint <= 0xe01ef)
            byte = codepoint - 0xe0100 + 16;
        else
            continue;
        strbuf_add_byte(out, byte >= ' ' && byte < 0x7f ? (char)byte : '?');
    }
}
