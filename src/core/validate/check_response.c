/* SPDX-License-Identifier: Apache-2.0
 *
 * check_response: what is known once an answer is there: its form, its words, its language, its
 * length, how it ended. */
#include "core/validate/validate_internal.h"

#include "base/utf8.h"
#include "text/chars.h"
#include "text/fluency.h"
#include "text/pattern.h"
#include "text/tokens.h"

enum { TREE_BYTES_MAX = EXPECTATION_TREE_BYTES_MAX };

/* ---- what is asked --------------------------------------------------------------------------- */

static const struct expectation *own_of(const struct validation *validation)
{
    return validation->subject.expectation;
}

struct format_wanted validation_format(const struct validation *validation)
{
    static const enum structure_format formats[] = {
        [EXPECT_FORMAT_NONE] = STRUCTURE_TEXT,
        [EXPECT_FORMAT_TEXT] = STRUCTURE_TEXT,
        [EXPECT_FORMAT_JSON] = STRUCTURE_JSON,
        [EXPECT_FORMAT_MARKDOWN] = STRUCTURE_MARKDOWN,
    };
    const struct expectation *policy = validation->policy->expectation;
    enum expect_format found = validation->subject.format;
    const struct expectation *by = own_of(validation);

    if (by == NULL || !by->has_format) {
        by = policy;
        if (found != EXPECT_FORMAT_NONE
            && (!policy->has_format || policy->structure.format != formats[found]))
            return (struct format_wanted){.spec = {.format = formats[found]}, .is_asked = true};
    }
    return (struct format_wanted){
        .spec = by->structure, .schema = by->schema, .is_asked = by->has_format};
}

struct view validation_language(const struct validation *validation, bool *ret_is_guess)
{
    const struct expectation *own = own_of(validation);
    const struct expectation *policy = validation->policy->expectation;
    const struct validate_subject *subject = &validation->subject;

    *ret_is_guess = false;
    if (own != NULL && own->has_language)
        return own->language;
    if (subject->language.len > 0 && (!subject->language_is_guess || !policy->has_language)) {
        *ret_is_guess = subject->language_is_guess;
        return subject->language;
    }
    return policy->language;
}

/* ---- the form -------------------------------------------------------------------------------- */

/* Where the grammar went wrong, as far as the watch can tell. */
static size_t place_of_fault(struct validation *validation)
{
    struct err err = {.code = 0};

    if (!validation->is_watching)
        return 0;
    if (!validation->is_refused)
        validation->is_refused = json_watch_end(validation->watch, &err) != 0;
    return validation->is_refused ? (size_t)json_watch_at(validation->watch) : 0;
}

static int schema_findings(struct validation *validation, uint32_t row,
                           const struct schema_result *result)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < result->count; i++)
        code =
            validation_found(validation, &(struct found){
                                             .row = row,
                                             .quotes = true,
                                             .message = arena_printf(&validation->arena,
                                                                     "does not fit the schema: %s",
                                                                     result->items[i].text),
                                         });
    return code;
}

static int check_schema(struct validation *validation, uint32_t row, const struct schema *schema,
                        struct view text, struct err *reterr)
{
    struct arena scratch;
    struct json *tree;
    struct schema_result result;
    struct err err = {.code = 0};

    arena_init(&scratch, TREE_BYTES_MAX);
    int code = json_parse(&scratch, text, &tree, &err);
    if (code == 0)
        code = schema_validate(schema, tree, &scratch, &result, &err);
    if (code == 0)
        code = schema_findings(validation, row, &result);
    else if (code == ERR_LIMIT)
        code = validation_found(
            validation,
            &(struct found){
                .row = row,
                .message = arena_printf(&validation->arena,
                                        "could not be held against the schema: %s", err.text),
            });
    else
        (void)fail(reterr, code, "%s", err.text);
    arena_release(&scratch);
    return code;
}

int check_format(struct validation *validation, uint32_t row, struct err *reterr)
{
    const struct format_wanted wanted = validation_format(validation);
    struct structure_result result;

    if (!wanted.is_asked)
        return 0;
    structure_check(&wanted.spec, strbuf_view(&validation->text), &result);
    if (!result.ok) {
        size_t at = place_of_fault(validation);
        return validation_found(validation,
                                &(struct found){
                                    .row = row,
                                    .start = at,
                                    .end = at,
                                    .message = arena_printf(&validation->arena, "%s", result.why),
                                });
    }
    if (wanted.spec.format != STRUCTURE_JSON || wanted.schema == NULL)
        return 0;
    return check_schema(validation, row, wanted.schema, result.json, reterr);
}

/* ---- words ----------------------------------------------------------------------------------- */

/* A text that cannot be looked through is a failed check, not an error. */
static int undecided(struct validation *validation, uint32_t row, struct view check, int code,
                     const struct err *err)
{
    if (code != ERR_LIMIT)
        return code;
    return validation_found(
        validation,
        &(struct found){
            .row = row,
            .check = check,
            .message = arena_printf(&validation->arena, "could not be decided: %s", err->text),
        });
}

/* Each keyword of an expectation, in the answer. */
static int find_words(struct validation *validation, const struct keywords *keywords,
                      struct keyword_found **ret_hits, struct err *reterr)
{
    *ret_hits =
        arena_new(&validation->arena, keywords_count(keywords) + 1, sizeof(struct keyword_found));
    if (*ret_hits == NULL)
        return ERR_MEMORY;
    return keywords_find(keywords, strbuf_view(&validation->text), *ret_hits, reterr);
}

int check_keywords(struct validation *validation, uint32_t row, struct err *reterr)
{
    const struct expectation *by = own_of(validation);
    struct keyword_found *hits;
    struct err err = {.code = 0};

    (void)reterr;
    if (by == NULL || by->expected_count == 0)
        by = validation->policy->expectation;
    if (by->expected_count == 0)
        return 0;
    int code = find_words(validation, by->keywords, &hits, &err);
    if (code != 0)
        return undecided(validation, row, (struct view){NULL, 0}, code, &err);
    for (size_t i = 0; code == 0 && i < by->keyword_count; i++) {
        const struct expected_keyword *keyword = &by->keyword_items[i];
        if (keyword->check != EXPECTATION_KEYWORDS || hits[i].found)
            continue;
        code = validation_found(
            validation, &(struct found){
                            .row = row,
                            .evidence = keyword->shown,
                            .message = arena_printf(&validation->arena, "does not mention '%.*s'",
                                                    VIEW_ARG(keyword->shown)),
                        });
    }
    return code;
}

/* Words that the answer's own expectation forbids; the policy's were looked for on the way. */
int check_forbidden(struct validation *validation, uint32_t row, struct err *reterr)
{
    const struct expectation *own = own_of(validation);
    struct keyword_found *hits;
    struct err err = {.code = 0};
    /* What was not looked for on the way cannot be masked any more. */
    bool is_masked = validation_row(validation, row)->action == POLICY_MASK;

    (void)reterr;
    if (own == NULL || own->forbidden_count == 0)
        return 0;
    int code = find_words(validation, own->keywords, &hits, &err);
    if (code != 0)
        return undecided(validation, row, (struct view){NULL, 0}, code, &err);
    for (size_t i = 0; code == 0 && i < own->keyword_count; i++) {
        const struct expected_keyword *keyword = &own->keyword_items[i];
        if (keyword->check != EXPECTATION_FORBIDDEN || !hits[i].found
            || (hits[i].end > hits[i].start
                && validation_has(validation, row, hits[i].start, hits[i].end)))
            continue;
        code = validation_found(
            validation,
            &(struct found){
                .row = row,
                .has_action = is_masked,
                .action = POLICY_RETRY,
                .start = hits[i].start,
                .end = hits[i].end,
                .evidence = validation_span(validation, hits[i].start, hits[i].end),
                .message = arena_printf(&validation->arena, "mentions '%.*s', which is forbidden",
                                        VIEW_ARG(keyword->shown)),
            });
    }
    return code;
}

int check_own_patterns(struct validation *validation, struct err *reterr)
{
    const struct expectation *own = own_of(validation);
    struct keyword_found *hits;
    struct err err = {.code = 0};

    (void)reterr;
    if (own == NULL || own->pattern_count == 0)
        return 0;
    int code = find_words(validation, own->patterns, &hits, &err);
    if (code != 0)
        return undecided(validation, VALIDATE_OWN_ROW, view_of("pattern"), code, &err);
    for (size_t i = 0; code == 0 && i < own->pattern_count; i++) {
        const struct expected_pattern *pattern = &own->pattern_items[i];
        if (hits[i].found != pattern->is_forbidden)
            continue;
        code = validation_found(
            validation, &(struct found){
                            .row = VALIDATE_OWN_ROW,
                            .check = pattern->name,
                            .start = hits[i].start,
                            .end = hits[i].end,
                            .evidence = validation_span(validation, hits[i].start, hits[i].end),
                            .message = arena_printf(&validation->arena, "%s the pattern %.*s",
                                                    pattern->is_forbidden ? "holds" : "lacks",
                                                    VIEW_ARG(pattern->shown)),
                        });
    }
    return code;
}

/* A pattern that must be there. */
int check_pattern(struct validation *validation, uint32_t row, struct err *reterr)
{
    const struct policy_check *check = validation_row(validation, row);
    struct normalised answer;
    struct pattern_hits hits;
    struct err err = {.code = 0};

    (void)reterr;
    if (check->pattern_count == 0)
        return 0;
    int code = normalise_text(&validation->arena, strbuf_view(&validation->text), 0, &answer);
    if (code == 0)
        code = pattern_find(check->patterns[0], answer.text, &hits, &err);
    if (code != 0)
        return undecided(validation, row, (struct view){NULL, 0}, code, &err);
    if (hits.count > 0)
        return 0;
    const struct policy_pattern *options = check->options;
    return validation_found(
        validation, &(struct found){
                        .row = row,
                        .message = arena_printf(&validation->arena, "lacks the pattern %.*s",
                                                VIEW_ARG(options->match)),
                    });
}

/* ---- language and fluency ------------------------------------------------------------------- */

/* The share of the text that is in that language. */
static int64_t share_of(const struct language_result *result, struct view wanted)
{
    for (size_t i = 0; i < result->share_count; i++)
        if (view_is(wanted, result->shares[i].code))
            return result->shares[i].share_micro;
    return 0;
}

static int judge_language(struct arena *arena, struct view text, struct view wanted, bool is_guess,
                          bool *ret_fails, struct language_result *ret_result,
                          struct view *ret_prose)
{
    enum { MOSTLY_MICRO = MICRO / 2 };

    int code = structure_prose(arena, text, ret_prose);
    if (code == 0)
        code = language_detect(*ret_prose, wanted, ret_result);
    if (code != 0)
        return code;
    *ret_fails = !ret_result->is_blank && !language_matches(wanted, ret_result, NULL);
    if (is_guess && share_of(ret_result, wanted) >= MOSTLY_MICRO)
        *ret_fails = false;
    return 0;
}

int language_fails(struct arena *arena, struct view text, struct view wanted, bool is_guess,
                   bool *ret_fails, char ret_detected[])
{
    struct language_result result;
    struct view prose;

    int code = judge_language(arena, text, wanted, is_guess, ret_fails, &result, &prose);
    if (code == 0)
        memcpy(ret_detected, result.detected, LANGUAGE_CODE_SIZE);
    return code;
}

/* Glyphs of simplified Chinese inside Japanese sentences are told, whatever the row's action: the
 * text is Japanese, but no Japanese writes so. */
static int note_glyphs(struct validation *validation, uint32_t row, struct view prose,
                       const struct language_result *result)
{
    struct view text = strbuf_view(&validation->text);
    size_t end = result->simplified_at;

    if (result->simplified_count == 0)
        return 0;
    (void)utf8_next(prose, &end, NULL);
    struct view glyph = view_slice(prose, result->simplified_at, end);
    size_t start = view_find(text, glyph, 0);
    return validation_found(
        validation, &(struct found){
                        .row = row,
                        .has_action = true,
                        .action = POLICY_ACCEPT,
                        .start = start < text.len ? start : 0,
                        .end = start < text.len ? start + glyph.len : 0,
                        .evidence = glyph,
                        .message = arena_printf(
                            &validation->arena,
                            "simplified Chinese glyphs inside Japanese: %zu, the first '%.*s'",
                            result->simplified_count, VIEW_ARG(glyph)),
                    });
}

static const char *language_message(struct arena *arena, const struct language_result *result,
                                    struct view wanted, bool is_guess)
{
    if (view_is(wanted, result->detected))
        return arena_printf(arena, "only %d %% is in '%.*s'",
                            (int)(share_of(result, wanted) * 100 / MICRO), VIEW_ARG(wanted));
    return arena_printf(
        arena, is_guess ? "is in '%s', the question in '%.*s'" : "is in '%s', expected '%.*s'",
        result->detected, VIEW_ARG(wanted));
}

int check_language(struct validation *validation, uint32_t row, struct err *reterr)
{
    struct language_result result;
    struct view prose;
    bool is_guess;
    bool fails;
    struct view wanted = validation_language(validation, &is_guess);

    (void)reterr;
    if (view_is(wanted, "any"))
        return 0;
    int code = judge_language(&validation->arena, strbuf_view(&validation->text), wanted, is_guess,
                              &fails, &result, &prose);
    if (code == 0)
        code = note_glyphs(validation, row, prose, &result);
    if (code != 0 || !fails)
        return code;
    return validation_found(
        validation, &(struct found){
                        .row = row,
                        .evidence = view_of(result.detected),
                        .message = language_message(&validation->arena, &result, wanted, is_guess),
                    });
}

int check_fluency(struct validation *validation, uint32_t row, struct err *reterr)
{
    const struct policy_fluency *options = validation_row(validation, row)->options;
    struct fluency fluency;
    struct view prose;
    char words[FLUENCY_WORDS_SIZE];

    int code = structure_prose(&validation->arena, strbuf_view(&validation->text), &prose);
    if (code == 0)
        code = fluency_of(&validation->arena, prose, validation->morphology, &fluency);
    if (code != 0)
        return code == ERR_MEMORY ? code : fail(reterr, code, "fluency: %s", err_text(code));
    if (fluency.score_micro >= options->floor_micro)
        return 0;
    fluency_words(&fluency, words);
    return validation_found(
        validation, &(struct found){
                        .row = row,
                        .message = arena_printf(&validation->arena, "reads badly (%.2f): %s",
                                                (double)fluency.score_micro / MICRO, words),
                    });
}

/* ---- length ---------------------------------------------------------------------------------- */

static int count_bytes(struct view text, size_t *ret_count)
{
    *ret_count = text.len;
    return 0;
}

static int count_tokens(struct view text, size_t *ret_count)
{
    *ret_count = (size_t)tokens_estimate(text);
    return 0;
}

struct measure {
    const char *unit;
    int (*count)(struct view text, size_t *ret_count);
    int64_t min;
    int64_t max;
};

static int measure_length(struct validation *validation, uint32_t row,
                          const struct measure *measure)
{
    size_t count;
    bool is_over;

    if (measure->min < 0 && measure->max < 0)
        return 0;
    int code = measure->count(strbuf_view(&validation->text), &count);
    if (code != 0)
        return code;
    is_over = measure->max >= 0 && count > (uint64_t)measure->max;
    if (!is_over && (measure->min < 0 || count >= (uint64_t)measure->min))
        return 0;
    return validation_found(
        validation,
        &(struct found){
            .row = row,
            .message = arena_printf(&validation->arena, "has %zu %s, at %s %lld expected", count,
                                    measure->unit, is_over ? "most" : "least",
                                    (long long)(is_over ? measure->max : measure->min)),
        });
}

static int64_t first_of(int64_t a, int64_t b, int64_t c)
{
    return a >= 0 ? a : b >= 0 ? b : c;
}

int check_length(struct validation *validation, uint32_t row, struct err *reterr)
{
    const struct policy_length *options = validation_row(validation, row)->options;
    const struct expectation *own = own_of(validation);
    const struct expectation *policy = validation->policy->expectation;
    const struct validate_subject *subject = &validation->subject;
    const struct measure measures[] = {
        {"characters", chars_count,
         first_of(own != NULL ? own->min_chars : -1, options->min_chars, policy->min_chars),
         first_of(own != NULL ? own->max_chars : -1, options->max_chars, policy->max_chars)},
        {"words", chars_words, options->min_words, options->max_words},
        {"tokens", count_tokens, -1, options->max_tokens},
        {"bytes", count_bytes, -1, options->max_bytes},
    };
    bool may_be_empty = subject->has_stop && subject->stop == STOP_TOOL_USE;
    int code = 0;

    (void)reterr;
    if (view_trim(strbuf_view(&validation->text)).len == 0 && measures[0].min != 0)
        return may_be_empty ? 0
                            : validation_found(validation,
                                               &(struct found){.row = row, .message = "is empty"});
    for (size_t i = 0; code == 0 && i < sizeof measures / sizeof measures[0]; i++)
        code = measure_length(validation, row, &measures[i]);
    return code;
}

/* ---- how it ended ---------------------------------------------------------------------------- */

int check_stop_reason(struct validation *validation, uint32_t row, struct err *reterr)
{
    const struct policy_stop_reason *options = validation_row(validation, row)->options;
    const struct validate_subject *subject = &validation->subject;
    const struct {
        enum stop_reason stop;
        enum policy_action action;
        const char *message;
    } reasons[] = {
        {STOP_LENGTH, options->max_tokens, "was cut off at max_tokens"},
        {STOP_FILTERED, options->content_filtered, "was filtered by the provider, or refused"},
        {STOP_GUARDRAIL, options->guardrail_intervened, "a guardrail took its place"},
        {STOP_MALFORMED, options->malformed, "the model's output was malformed"},
        {STOP_CONTEXT, options->context_window_exceeded, "was cut off at the context's end"},
    };
    int code = 0;

    (void)reterr;
    for (size_t i = 0; code == 0 && i < sizeof reasons / sizeof reasons[0]; i++)
        if (subject->has_stop && subject->stop == reasons[i].stop)
            code = validation_found(validation,
                                    &(struct found){
                                        .row = row,
                                        .has_action = true,
                                        .action = reasons[i].action,
                                        .evidence = view_of(stop_reason_name(subject->stop)),
                                        .message = reasons[i].message,
                                    });
    if (code == 0 && !subject->has_usage && (subject->usage_is_due || options->usage))
        code = validation_found(validation, &(struct found){
                                                .row = row,
                                                .has_action = true,
                                                .action = POLICY_ACCEPT,
                                                .message = "tells no usage: its tokens and its "
                                                           "cost are unknown",
                                            });
    return code;
}
