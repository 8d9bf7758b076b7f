/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_plan: takes rules into a plan, see scan.h: each is compiled by PCRE2, read by scan_shape for
 * what it costs, and given its filter. Whoever writes a rule is told here what is wrong with it. */
#include "base/arena.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/pattern_rewrite.h"
#include "text/scan_set.h"

enum {
    SHAPE_ROOM = 16 * 1024 * 1024,
    FILTER_ROOM = 1024 * 1024,
    BYTES_OF_CHARACTER = 4,
};

static const double WAYS_MAX = 100000;

/* ---- memory ---------------------------------------------------------------------------------- */

static void *allocate(size_t size, void *unused)
{
    (void)unused;
    return mem_new(1, size > 0 ? size : 1);
}

static void release(void *block, void *unused)
{
    (void)unused;
    mem_free(block);
}

pcre2_general_context *scan_memory_new(void)
{
    return pcre2_general_context_create(allocate, release, NULL);
}

void scan_entries_release(struct scan_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        pcre2_code_free(entries->list[i].code);
        mem_free(entries->list[i].block);
    }
    mem_free(entries->list);
    pcre2_general_context_free(entries->memory);
    *entries = (struct scan_entries){0};
}

int scan_plan_new(struct scan_plan **ret_plan)
{
    struct scan_plan *plan = mem_new(1, sizeof *plan);

    if (plan == NULL)
        return ERR_MEMORY;
    *ret_plan = plan;
    return 0;
}

void scan_plan_free(struct scan_plan *plan)
{
    if (plan == NULL)
        return;
    scan_entries_release(&plan->entries);
    mem_free(plan);
}

size_t scan_plan_count(const struct scan_plan *plan)
{
    return plan->entries.count;
}

/* ---- compiling a rule ------------------------------------------------------------------------ */

/* A rule on its way into the plan. */
struct candidate {
    const struct scan_rule *rule;
    struct strbuf expression; /* as PCRE2 gets it */
    struct strbuf filter_text;
    struct scan_entry entry;
};

/* A text, spelled as texts are, with its signs escaped. */
static int literal_expression(struct candidate *candidate, unsigned flags)
{
    struct spelling *spelling = NULL;
    uint64_t at;
    int code = spelling_new(flags, &spelling);

    if (code == 0)
        code = spelling_feed(spelling, candidate->rule->expression);
    if (code == 0)
        code = spelling_finish(spelling);
    struct view text = code == 0 ? spelling_window(spelling, &at) : view_make("", 0);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_sign =
            c < 0x80 && !(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (is_sign && c >= ' ' && c < 0x7f)
            strbuf_add_byte(&candidate->expression, '\\');
        if (is_sign && (c < ' ' || c == 0x7f))
            strbuf_printf(&candidate->expression, "\\x%02x", c);
        else
            strbuf_add_byte(&candidate->expression, (char)c);
    }
    spelling_free(spelling);
    return code != 0 ? code : strbuf_status(&candidate->expression);
}

static int compile(struct scan_plan *plan, struct candidate *candidate,
                   const struct pattern_rewrite *rewrite, struct err *reterr)
{
    struct view text = strbuf_view(&candidate->expression);
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT;
    int error = 0;
    size_t offset = 0;

    if ((candidate->rule->flags & SCAN_CASELESS) != 0)
        options |= PCRE2_CASELESS;
    pcre2_compile_context *context = pcre2_compile_context_create(plan->entries.memory);
    if (context == NULL)
        return ERR_MEMORY;
    candidate->entry.code =
        pcre2_compile((PCRE2_SPTR)text.ptr, text.len, options, &error, &offset, context);
    pcre2_compile_context_free(context);
    if (candidate->entry.code != NULL)
        return 0;
    if (error == PCRE2_ERROR_HEAP_FAILED || error == PCRE2_ERROR_NOMEMORY)
        return ERR_MEMORY;
    PCRE2_UCHAR said[160];
    pcre2_get_error_message(error, said, sizeof said);
    return fail(reterr, ERR_CONFIG, "character %zu: %s", pattern_rewrite_place(rewrite, offset),
                (const char *)said);
}

/* The expression in PCRE2's form, and compiled. */
static int translate(struct scan_plan *plan, struct candidate *candidate, struct err *reterr)
{
    const struct scan_rule *rule = candidate->rule;
    unsigned flags = (rule->flags & SCAN_LOOKALIKES) != 0 ? SPELLING_LOOKALIKES : 0;
    struct pattern_rewrite rewrite = {
        .source = rule->expression, .is_spelled = true, .spelling_flags = flags};
    int code = 0;

    if ((rule->flags & SCAN_LITERAL) != 0) {
        code = literal_expression(candidate, flags);
    } else {
        code = pattern_rewrite(&rewrite);
        strbuf_add(&candidate->expression, strbuf_view(&rewrite.out));
        if (code == 0)
            code = strbuf_status(&candidate->expression);
    }
    if (code == 0)
        code = compile(plan, candidate, &rewrite, reterr);
    pattern_rewrite_release(&rewrite);
    return code;
}

/* ---- what it costs --------------------------------------------------------------------------- */

static int too_far(struct err *reterr, const char *where)
{
    return fail(reterr, ERR_CONFIG,
                "it looks %s farther than %d bytes, which cannot be done in a stream: look at less",
                where, (int)SCAN_CONTEXT);
}

static int judge_width(const struct shape_figures *figures, struct err *reterr)
{
    if (figures->width_max == SIZE_MAX)
        return fail(reterr, ERR_CONFIG,
                    "a match may be of any length, so that a stream could never be released: give "
                    "every repetition a bound, as in {0,60} for *");
    if (figures->width_max > SCAN_WIDTH_MAX)
        return fail(reterr, ERR_CONFIG,
                    "a match may have %zu bytes, the most is %d (a letter outside ASCII has up to "
                    "4): bound its repetitions more narrowly",
                    figures->width_max, (int)SCAN_WIDTH_MAX);
    if (figures->ahead > SCAN_CONTEXT)
        return too_far(reterr, "ahead");
    return 0;
}

/* How far it looks back. */
static int measure_behind(struct candidate *candidate, struct err *reterr)
{
    uint32_t characters = 0;
    uint32_t matches_empty = 0;

    pcre2_pattern_info(candidate->entry.code, PCRE2_INFO_MAXLOOKBEHIND, &characters);
    pcre2_pattern_info(candidate->entry.code, PCRE2_INFO_MATCHEMPTY, &matches_empty);
    if (matches_empty != 0)
        return fail(reterr, ERR_CONFIG,
                    "it may match where there is nothing: ask for at least one character");
    if (characters > SCAN_CONTEXT && (candidate->rule->flags & SCAN_WIDE) == 0)
        return too_far(reterr, "back");
    candidate->entry.behind = (characters + 1) * BYTES_OF_CHARACTER;
    return 0;
}

static int judge(struct candidate *candidate, struct err *reterr)
{
    bool is_wide = (candidate->rule->flags & SCAN_WIDE) != 0;
    const struct shape *shape = NULL;
    struct shape_figures figures = {.ways = 1};
    struct arena arena;

    int code = measure_behind(candidate, reterr);
    if (code != 0)
        return code;
    arena_init(&arena, SHAPE_ROOM);
    code = shape_read(&arena, strbuf_view(&candidate->expression),
                      (candidate->rule->flags & SCAN_CASELESS) != 0, &shape, reterr);
    if (code == 0)
        figures = shape_measure(shape);
    if (code == ERR_CONFIG && is_wide)
        code = 0; /* its bound is the limit of steps alone */
    if (code == 0 && figures.ways > WAYS_MAX)
        code = fail(reterr, ERR_CONFIG,
                    "its repetitions stand within one another and can share a text in too many "
                    "ways, as (a+)+ can: let each round begin or end with a character that the "
                    "others exclude");
    if (code == 0 && !is_wide && figures.width_min == 0)
        code = fail(reterr, ERR_CONFIG,
                    "it may match where there is nothing: ask for at least one character");
    if (code == 0 && !is_wide)
        code = judge_width(&figures, reterr);
    candidate->entry.width = is_wide ? SIZE_MAX : figures.width_max;
    if (code == 0 && !is_wide)
        code = scan_filter_make(shape, &candidate->filter_text, &candidate->entry.filter);
    arena_release(&arena);
    return code;
}

/* ---- taking it in ---------------------------------------------------------------------------- */

/* Copies what the rule borrowed. */
static int own(struct candidate *candidate)
{
    const struct scan_rule *rule = candidate->rule;
    struct scan_entry *entry = &candidate->entry;
    struct view filter = strbuf_view(&candidate->filter_text);
    char *block = mem_new(rule->name.len + rule->expression.len + filter.len + 1, 1);

    if (block == NULL)
        return ERR_MEMORY;
    entry->block = block;
    if (rule->name.len > 0)
        memcpy(block, rule->name.ptr, rule->name.len);
    memcpy(block + rule->name.len, rule->expression.ptr, rule->expression.len);
    char *text = block + rule->name.len + rule->expression.len;
    memcpy(text, filter.ptr, filter.len);
    entry->name = view_make(block, rule->name.len);
    entry->expression = view_make(block + rule->name.len, rule->expression.len);
    entry->filter_text = text;
    entry->flags = rule->flags;
    entry->tail = rule->tail;
    entry->accept = rule->accept;
    return 0;
}

static int make_room(struct scan_entries *entries)
{
    if (entries->memory == NULL)
        entries->memory = scan_memory_new();
    if (entries->memory == NULL)
        return ERR_MEMORY;
    if (entries->count < entries->capacity)
        return 0;
    size_t capacity = entries->capacity > 0 ? 2 * entries->capacity : 32;
    struct scan_entry *list = mem_resize(entries->list, capacity, sizeof *list);
    if (list == NULL)
        return ERR_MEMORY;
    entries->list = list;
    entries->capacity = capacity;
    return 0;
}

static bool is_equal(const struct scan_entry *entry, const struct scan_rule *rule)
{
    return view_equal(entry->expression, rule->expression) && view_equal(entry->name, rule->name)
           && entry->flags == rule->flags && entry->tail == rule->tail
           && entry->accept == rule->accept;
}

static int check_text(const struct scan_rule *rule, struct err *reterr)
{
    size_t bad_at = 0;

    if (rule->expression.len == 0)
        return fail(reterr, ERR_CONFIG, "it is empty: write what is to be looked for");
    if (rule->expression.len > SCAN_EXPRESSION_MAX)
        return fail(reterr, ERR_LIMIT, "it is longer than %d bytes", (int)SCAN_EXPRESSION_MAX);
    if (!utf8_valid(rule->expression, &bad_at))
        return fail(reterr, ERR_CONFIG, "byte %zu is not valid UTF-8", bad_at + 1);
    return 0;
}

int scan_plan_add(struct scan_plan *plan, const struct scan_rule *rule, uint32_t *ret_index,
                  struct err *reterr)
{
    struct scan_entries *entries = &plan->entries;
    struct candidate candidate = {.rule = rule};

    int code = check_text(rule, reterr);
    if (code != 0)
        return code;
    for (size_t i = 0; i < entries->count; i++)
        if (is_equal(&entries->list[i], rule)) {
            *ret_index = (uint32_t)i;
            return 0;
        }
    if (entries->count >= SCAN_RULES_MAX)
        return fail(reterr, ERR_LIMIT, "more than %d patterns", (int)SCAN_RULES_MAX);
    code = make_room(entries);
    strbuf_init(&candidate.expression, PATTERN_REWRITTEN_MAX);
    strbuf_init(&candidate.filter_text, FILTER_ROOM);
    if (code == 0)
        code = translate(plan, &candidate, reterr);
    if (code == 0)
        code = judge(&candidate, reterr);
    if (code == 0)
        code = own(&candidate);
    strbuf_release(&candidate.expression);
    strbuf_release(&candidate.filter_text);
    if (code != 0) {
        pcre2_code_free(candidate.entry.code);
        return code == ERR_MEMORY ? fail(reterr, code, "out of memory") : code;
    }
    entries->list[entries->count] = candidate.entry;
    *ret_index = (uint32_t)entries->count++;
    return 0;
}
