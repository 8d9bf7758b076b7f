/* SPDX-License-Identifier: Apache-2.0
 *
 * check_safety: what becomes of the spans that are found while an answer comes: personal data,
 * secrets, injection text, leaks, forbidden words, patterns. One function a kind says whether the
 * span counts, what to call it and what stands in its place. */
#include "core/validate/validate_internal.h"

#include "base/utf8.h"
#include "text/normalise.h"
#include "text/pattern.h"
#include "text/secrets.h"

enum { FOLD_BYTES_MAX = 64 << 20, BARE_MIN = 4, LABEL_BYTES_MAX = 200 };

/* ---- allow-lists ----------------------------------------------------------------------------- */

/* A text as it is compared: in one spelling, and without signs and spaces. */
struct folded {
    struct view whole;
    struct view bare;
};

static bool is_bare_sign(uint32_t c)
{
    static const uint32_t signs[] = {0x2010, 0x2011, 0x2012, 0x2013,
                                     0x2014, 0x2015, 0x2212, 0x30fc};

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (c == signs[i])
            return true;
    return c == '-' || c == ' ' || c == '(' || c == ')' || c == '.' || c == '/';
}

static int fold(struct arena *arena, struct view text, struct folded *ret_folded)
{
    struct normalised normalised;
    size_t pos = 0;
    size_t len = 0;

    int code = normalise_text(arena, text, NORMALISE_CASE, &normalised);
    if (code != 0)
        return code;
    char *bare = arena_new(arena, normalised.text.len + 1, 1);
    if (bare == NULL)
        return ERR_MEMORY;
    while (pos < normalised.text.len) {
        size_t from = pos;
        if (is_bare_sign(utf8_next(normalised.text, &pos, NULL)))
            continue;
        memcpy(bare + len, normalised.text.ptr + from, pos - from);
        len += pos - from;
    }
    *ret_folded = (struct folded){normalised.text, view_make(bare, len)};
    return 0;
}

static bool same(const struct folded *a, const struct folded *b)
{
    return view_equal(a->whole, b->whole)
           || (a->bare.len >= BARE_MIN && view_equal(a->bare, b->bare));
}

static bool matches(const struct policy_check *row, struct view whole)
{
    struct pattern_hits hits;
    struct err err = {.code = 0};

    for (size_t i = 0; i < row->pattern_count; i++)
        if (pattern_find(row->patterns[i], whole, &hits, &err) == 0 && hits.count > 0)
            return true;
    return false;
}

bool safety_allows(const struct policy_check *row, const struct policy_allow *allow,
                   struct view text)
{
    struct arena arena;
    struct folded ours;
    struct folded theirs;
    bool found = false;

    if (allow->text_count + allow->pattern_count == 0)
        return false;
    arena_init(&arena, FOLD_BYTES_MAX);
    if (fold(&arena, text, &ours) == 0) {
        for (size_t i = 0; !found && i < allow->text_count; i++)
            found = fold(&arena, allow->texts[i], &theirs) == 0 && same(&ours, &theirs);
        found = found || matches(row, ours.whole);
    }
    arena_release(&arena);
    return found;
}

/* The question and the sources, folded once a validation. */
static const struct folded *sources_of(struct validation *validation)
{
    const struct validate_subject *subject = &validation->subject;
    size_t count = subject->source_count + 1;

    if (validation->folded != NULL)
        return validation->folded;
    struct folded *folded = arena_new(&validation->arena, count, sizeof *folded);
    for (size_t i = 0; folded != NULL && i < count; i++)
        if (fold(&validation->arena, i == 0 ? subject->question : subject->sources[i - 1],
                 &folded[i])
            != 0)
            return NULL;
    validation->folded = folded;
    return folded;
}

static bool stands_in_sources(struct validation *validation, struct view text)
{
    const struct folded *sources = sources_of(validation);
    struct folded ours;

    if (sources == NULL || fold(&validation->arena, text, &ours) != 0 || ours.whole.len == 0)
        return false;
    for (size_t i = 0; i <= validation->subject.source_count; i++) {
        if (view_find(sources[i].whole, ours.whole, 0) < sources[i].whole.len)
            return true;
        if (ours.bare.len >= BARE_MIN
            && view_find(sources[i].bare, ours.bare, 0) < sources[i].bare.len)
            return true;
    }
    return false;
}

/* ---- the kinds ------------------------------------------------------------------------------- */

/* A span on its way to a ruling. */
struct span {
    struct validation *validation;
    const struct policy_check *row;
    struct view text;
    struct view rule; /* its name */
    uint32_t tag;
};

struct judged {
    bool is_excused;
    bool has_action;
    enum policy_action action;
    bool is_secret;
    bool is_untold;
    struct view label;
    const char *message;
};

static struct view capitals(struct arena *arena, struct view name)
{
    char *out = arena_new(arena, name.len + 1, 1);

    for (size_t i = 0; out != NULL && i < name.len; i++)
        out[i] = name.ptr[i] >= 'a' && name.ptr[i] <= 'z' ? (char)(name.ptr[i] - 'a' + 'A')
                                                          : name.ptr[i];
    return out != NULL ? view_make(out, name.len) : view_of("REDACTED");
}

/* "[{kind}]" → "[EMAIL]" */
static struct view label_of(struct arena *arena, struct view mask, struct view kind)
{
    static const struct view slot = VIEW("{kind}");
    struct strbuf out;
    struct view label = VIEW("[REDACTED]");
    size_t at = view_find(mask, slot, 0);

    strbuf_init(&out, LABEL_BYTES_MAX);
    strbuf_add(&out, view_slice(mask, 0, at));
    if (at < mask.len) {
        strbuf_add(&out, kind);
        strbuf_add(&out, view_slice(mask, at + slot.len, mask.len));
    }
    if (strbuf_status(&out) != 0 || arena_copy(arena, strbuf_view(&out), &label) != 0)
        label = view_of("[REDACTED]");
    strbuf_release(&out);
    return label;
}

static void judge_personal_data(struct span *span, struct judged *judged)
{
    const struct policy_personal_data *options = span->row->options;
    struct arena *arena = &span->validation->arena;
    bool is_order = span->tag == POLICY_ORDER_ID;
    enum personal_kind kind = (enum personal_kind)span->tag;
    struct view name = is_order ? view_of("order_id") : personal_kind_name(kind);

    judged->is_excused =
        safety_allows(span->row, &options->allow, span->text)
        || (options->allow_sources && stands_in_sources(span->validation, span->text));
    judged->has_action = true;
    judged->action = options->kind_actions[span->tag];
    judged->is_secret = !is_order && personal_kind_is_secret(kind);
    judged->label =
        label_of(arena, options->mask, is_order ? view_of("ORDER_ID") : personal_label(kind));
    judged->message = arena_printf(arena, "holds personal data: %.*s", VIEW_ARG(name));
}

static void judge_secret(struct span *span, struct judged *judged)
{
    size_t dot = view_find_byte(span->rule, '.');
    struct view what = view_slice(span->rule, dot + 1, span->rule.len);

    judged->is_secret = true;
    judged->is_untold = span->tag != UINT32_MAX;
    judged->label = view_of("[REDACTED]");
    judged->message = span->tag == UINT32_MAX ? arena_printf(&span->validation->arena,
                                                             "holds a secret: %.*s", VIEW_ARG(what))
                                              : "holds a secret that the policy names";
}

static void judge_injection(struct span *span, struct judged *judged)
{
    const struct policy_injection *options = span->row->options;
    struct view meaning = injection_meaning(span->rule);

    judged->is_excused = options->allow_sources && stands_in_sources(span->validation, span->text);
    judged->label = view_of("[INJECTION]");
    judged->message = arena_printf(&span->validation->arena, "%.*s: reads like orders to a model",
                                   VIEW_ARG(meaning));
}

static void judge_leak(struct span *span, struct judged *judged)
{
    (void)span;
    judged->label = view_of("[SYSTEM_PROMPT]");
    judged->message = "repeats the system prompt word for word";
}

static void judge_canary(struct span *span, struct judged *judged)
{
    (void)span;
    judged->label = view_of("[CANARY]");
    judged->message = "holds a canary string: the system prompt has leaked";
}

static void judge_forbidden(struct span *span, struct judged *judged)
{
    const struct expect_keyword *word =
        &span->validation->policy->expect.forbidden.items[span->tag];
    uint32_t count = ++span->validation->word_counts[span->tag];

    judged->is_excused = count < (uint64_t)word->at_least;
    judged->label = view_of("[FORBIDDEN]");
    judged->message = arena_printf(&span->validation->arena, "mentions '%.*s', which is forbidden",
                                   VIEW_ARG(word->texts[0]));
}

static void judge_pattern(struct span *span, struct judged *judged)
{
    const struct policy_pattern *options = span->row->options;
    struct arena *arena = &span->validation->arena;
    struct view name = view_slice(span->row->name, sizeof "pattern." - 1, span->row->name.len);

    judged->label = label_of(arena, view_of("[{kind}]"), capitals(arena, name));
    judged->message = arena_printf(arena, "holds the pattern %.*s", VIEW_ARG(options->not_));
}

static void (*const judges[POLICY_CHECK_KINDS])(struct span *, struct judged *) = {
    [POLICY_PERSONAL_DATA] = judge_personal_data,
    [POLICY_SECRET] = judge_secret,
    [POLICY_INJECTION] = judge_injection,
    [POLICY_PROMPT_LEAK] = judge_leak,
    [POLICY_CANARY] = judge_canary,
    [POLICY_FORBIDDEN] = judge_forbidden,
    [POLICY_PATTERN] = judge_pattern,
};

/* What the rule of a match stands for in its row. */
static uint32_t tag_of(const struct policy_check *row, uint32_t rule)
{
    for (size_t i = 0; i < row->rule_count; i++)
        if (row->rules[i] == rule)
            return row->tags[i];
    return 0;
}

static struct judged judge(struct span *span, const struct hold_match *match)
{
    struct judged judged = {.action = span->row->action};

    judges[span->row->kind](span, &judged);
    if (match->too_costly) {
        judged.is_excused = false;
        judged.message = "could not be decided: the pattern takes too many steps on this text";
    }
    return judged;
}

struct hold_ruling safety_rule(void *context, const struct hold_match *match, struct view text)
{
    struct validation *validation = context;
    const struct policy *policy = validation->policy;
    struct span span = {
        .validation = validation,
        .row = validation_row(validation, match->check),
        .text = validation_span(validation, (size_t)match->start, (size_t)match->end),
    };

    (void)text; /* the whole answer is at hand */
    if (match->rule < HOLD_LEAK) {
        span.rule = scan_set_name(policy->set, match->rule);
        span.tag = tag_of(span.row, match->rule);
    }
    const struct judged judged = judge(&span, match);
    if (judged.is_excused)
        return (struct hold_ruling){POLICY_ACCEPT, {NULL, 0}};
    int code = validation_found(validation, &(struct found){
                                                .row = match->check,
                                                .has_action = judged.has_action,
                                                .action = judged.action,
                                                .is_secret = judged.is_secret,
                                                .is_untold = judged.is_untold,
                                                .start = (size_t)match->start,
                                                .end = (size_t)match->end,
                                                .evidence = span.text,
                                                .message = judged.message,
                                            });
    if (code != 0)
        validation->code = code;
    return (struct hold_ruling){judged.has_action ? judged.action : span.row->action, judged.label};
}

/* ---- what is hidden in the bytes ------------------------------------------------------------ */

static int hidden_found(struct validation *validation, const struct injection_hidden *hidden)
{
    uint32_t row = validation_row_of(validation, POLICY_INJECTION);
    struct view meaning = injection_kind_meaning(hidden->kind);
    /* What nobody sees cannot be masked in sight: an answer that is to be masked is cut. */
    bool is_masked = validation_row(validation, row)->action == POLICY_MASK;

    if (is_masked || validation_cuts(validation_row(validation, row)))
        hold_stop(validation->hold, hidden->start);
    return validation_found(
        validation, &(struct found){
                        .row = row,
                        .has_action = is_masked,
                        .action = POLICY_FALLBACK,
                        .start = (size_t)hidden->start,
                        .end = (size_t)hidden->end,
                        .evidence = view_of(""),
                        .message = arena_printf(&validation->arena, "%.*s", VIEW_ARG(meaning)),
                    });
}

int safety_hidden(struct validation *validation, bool at_end)
{
    struct view source = validation_span(validation, validation->hidden_seen, validation->text.len);
    struct injection_hidden hidden;
    size_t pos = 0;
    int code = 0;

    while (code == 0 && injection_watch_next(&validation->hidden, source, &pos, &hidden))
        code = hidden_found(validation, &hidden);
    validation->hidden_seen = validation->text.len;
    if (code == 0 && at_end && injection_watch_finish(&validation->hidden, &hidden))
        code = hidden_found(validation, &hidden);
    return code;
}
