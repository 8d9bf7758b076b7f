/* SPDX-License-Identifier: Apache-2.0
 *
 * check_assert: `assert.NAME`: an answer held against plain demands (asserts.h). One function a
 * type; a set weighs what its parts score. */
#include "core/validate/asserts.h"

#include "base/strbuf.h"
#include "core/validate/validate_internal.h"
#include "text/normalise.h"
#include "text/overlap.h"
#include "text/pattern.h"
#include "text/schema.h"

enum { SCANNED_BYTES_MAX = 64 << 20, TREE_BYTES_MAX = 256 << 20, SHOWN_BYTES = 200 };

struct judging {
    const struct assert_item *item;
    const struct assert_subject *subject;
    struct arena *arena;
    bool holds;       /* before `not` */
    bool is_graded;   /* score says more than holds */
    double score;     /* before `not` */
    bool is_skipped;  /* figures of a text alone: not asked */
    const char *note; /* what was measured; NULL: nothing */
    struct err *reterr;
};

static int folded(struct judging *judging, struct view text, unsigned flags, struct view *ret_text)
{
    struct normalised normalised;

    int code = normalise_text(judging->arena, text, flags, &normalised);
    if (code == 0)
        *ret_text = normalised.text;
    return code;
}

/* Both as they are compared. */
static int pair(struct judging *judging, struct view text, struct view *ret_answer,
                struct view *ret_text)
{
    *ret_answer = judging->subject->answer;
    *ret_text = text;
    if (!judging->item->ignore_case)
        return 0;
    int code = folded(judging, judging->subject->answer, NORMALISE_CASE, ret_answer);
    return code == 0 ? folded(judging, text, NORMALISE_CASE, ret_text) : code;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static int judge_tree(struct judging *judging)
{
    struct json *tree;
    struct schema *schema = NULL;
    struct schema_result result;
    struct err err = {.code = 0};
    struct json *wrapped = json_new(judging->arena, JSON_OBJECT);
    struct json *wanted = json_new(judging->arena, JSON_NULL);

    if (wrapped == NULL || wanted == NULL)
        return ERR_MEMORY;
    int code = json_parse(judging->arena, judging->subject->answer, &tree, &err);
    if (code == ERR_SYNTAX)
        return 0;
    *wanted = *judging->item->tree;
    wanted->next = NULL;
    json_set(wrapped, view_of("const"), wanted);
    if (code == 0)
        code = schema_new(wrapped, NULL, &schema, &err);
    if (code == 0)
        code = schema_validate(schema, tree, judging->arena, &result, &err);
    if (code == 0)
        judging->holds = result.count == 0;
    schema_free(schema);
    return code;
}

static int judge_equals(struct judging *judging)
{
    struct view answer;
    struct view text;

    if (judging->item->tree != NULL)
        return judge_tree(judging);
    int code = pair(judging, judging->item->texts[0], &answer, &text);
    if (code == 0)
        judging->holds = view_equal(answer, text);
    return code;
}

static int judge_starts(struct judging *judging)
{
    struct view answer;
    struct view text;

    int code = pair(judging, judging->item->texts[0], &answer, &text);
    if (code == 0)
        judging->holds = view_starts(answer, text);
    return code;
}

static int judge_ends(struct judging *judging)
{
    struct view answer;
    struct view text;

    int code = pair(judging, judging->item->texts[0], &answer, &text);
    if (code == 0)
        judging->holds = view_ends(answer, text);
    return code;
}

static int count_held(struct judging *judging, size_t *ret_held)
{
    int code = 0;

    *ret_held = 0;
    for (size_t i = 0; code == 0 && i < judging->item->text_count; i++) {
        struct view answer;
        struct view text;
        code = pair(judging, judging->item->texts[i], &answer, &text);
        if (code != 0)
            break;
        bool is_there = text.len == 0 || view_find(answer, text, 0) < answer.len;
        *ret_held += is_there;
        if (!is_there)
            judging->note = arena_printf(judging->arena, "'%.*s' is missing",
                                         VIEW_ARG(utf8_cut(judging->item->texts[i], SHOWN_BYTES)));
    }
    return code;
}

static int judge_contains(struct judging *judging)
{
    size_t held = 0;
    int code = count_held(judging, &held);

    judging->holds = held == judging->item->text_count;
    if (judging->item->text_count == 1)
        judging->note = NULL;
    return code;
}

static int judge_contains_any(struct judging *judging)
{
    size_t held = 0;
    int code = count_held(judging, &held);

    judging->holds = held > 0;
    judging->note = NULL;
    return code;
}

static int judge_regex(struct judging *judging)
{
    const char *source =
        arena_printf(judging->arena, "%s%.*s", judging->item->ignore_case ? "" : "(?-i)",
                     VIEW_ARG(judging->item->texts[0]));
    struct pattern *pattern = NULL;
    struct pattern_hits hits;
    struct view answer;

    if (source == NULL)
        return ERR_MEMORY;
    int code = folded(judging, judging->subject->answer, 0, &answer);
    if (code == 0)
        code = pattern_new(view_of(source), &pattern, judging->reterr);
    if (code == 0)
        code = pattern_find(pattern, answer, &hits, judging->reterr);
    if (code == 0)
        judging->holds = hits.count > 0;
    pattern_free(pattern);
    return code;
}

static int judge_words(struct judging *judging)
{
    const struct assert_item *item = judging->item;
    size_t words = overlap_words(judging->subject->answer);

    judging->holds = (!item->has_min || (double)words >= item->min)
                     && (!item->has_max || (double)words <= item->max);
    judging->note = arena_printf(judging->arena, "%zu words", words);
    return 0;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static int fits_schema(struct judging *judging, struct view text, const struct schema *schema,
                       bool *ret_fits)
{
    struct arena scratch;
    struct json *tree;
    struct schema_result result = {.count = 0};
    struct err err = {.code = 0};

    arena_init(&scratch, TREE_BYTES_MAX);
    int code = json_parse(&scratch, text, &tree, &err);
    if (code == 0)
        code = schema_validate(schema, tree, &scratch, &result, &err);
    if (code == 0)
        *ret_fits = result.count == 0;
    if (code == 0 && result.count > 0)
        judging->note = arena_printf(judging->arena, "%s", result.items[0].text);
    arena_release(&scratch);
    return code == ERR_LIMIT ? fail(judging->reterr, code, "%s", err.text) : code;
}

static int judge_json(struct judging *judging)
{
    struct schema *schema = NULL;
    struct err err = {.code = 0};

    judging->holds = json_valid(judging->subject->answer, &err);
    if (!judging->holds)
        judging->note = arena_printf(judging->arena, "%s", err.text);
    if (!judging->holds || judging->item->tree == NULL)
        return 0;
    int code = schema_new(judging->item->tree, NULL, &schema, &err);
    if (code == 0)
        code = fits_schema(judging, judging->subject->answer, schema, &judging->holds);
    schema_free(schema);
    return code;
}

/* The end of the JSON value that starts at `start`; start where there is none. */
static size_t json_end(struct view text, size_t start, size_t *budget)
{
    struct json_scanner scanner;
    struct json_event event;
    struct view rest = view_slice(text, start, text.len);
    int code = 1;

    json_scanner_init(&scanner);
    while (code == 1) {
        code = json_scan(&scanner, &rest, &event, NULL);
        if (code == 1 && scanner.depth == 0)
            break;
    }
    size_t taken = text.len - start - rest.len;
    *budget -= taken < *budget ? taken : *budget;
    return code == 1 ? start + taken : start;
}

static int judge_contains_json(struct judging *judging)
{
    struct view text = judging->subject->answer;
    struct schema *schema = NULL;
    size_t budget = SCANNED_BYTES_MAX;
    int code = 0;

    if (judging->item->tree != NULL)
        code = schema_new(judging->item->tree, NULL, &schema, judging->reterr);
    for (size_t at = 0; code == 0 && at < text.len && !judging->holds;) {
        size_t end = at;
        if (text.ptr[at] == '{' || text.ptr[at] == '[')
            end = json_end(text, at, &budget);
        if (end > at && schema == NULL)
            judging->holds = true;
        if (end > at && schema != NULL)
            code = fits_schema(judging, view_slice(text, at, end), schema, &judging->holds);
        at = end > at ? end : at + 1;
        if (budget == 0)
            code = fail(judging->reterr, ERR_LIMIT, "too many beginnings of JSON to look at");
    }
    schema_free(schema);
    return code;
}

/* ---- measures -------------------------------------------------------------------------------- */

static int judge_distance(struct judging *judging)
{
    size_t distance = 0;
    int code = overlap_distance(judging->subject->answer, judging->item->texts[0], &distance);

    judging->holds = (double)distance <= judging->item->threshold;
    judging->note = arena_printf(judging->arena, "%zu edits, at most %g expected", distance,
                                 judging->item->threshold);
    return code == ERR_LIMIT
               ? fail(judging->reterr, code, "longer than %d characters", OVERLAP_CHARS_MAX)
               : code;
}

static int grade(struct judging *judging, int code, double score)
{
    judging->score = score;
    judging->is_graded = true;
    judging->holds = score >= judging->item->threshold;
    judging->note = arena_printf(judging->arena, "%.3f of 1, at least %g expected", score,
                                 judging->item->threshold);
    return code == ERR_LIMIT ? fail(judging->reterr, code, "more than %d words", OVERLAP_WORDS_MAX)
                             : code;
}

static int judge_rouge(struct judging *judging)
{
    double score = 0;
    int code = overlap_rouge(judging->subject->answer, judging->item->texts[0], 1, &score);

    return grade(judging, code, score);
}

static int judge_bleu(struct judging *judging)
{
    double score = 0;
    int code = overlap_bleu(judging->subject->answer, judging->item->texts,
                            judging->item->text_count, &score);

    return grade(judging, code, score);
}

static int judge_gleu(struct judging *judging)
{
    double score = 0;
    int code = overlap_gleu(judging->subject->answer, judging->item->texts,
                            judging->item->text_count, &score);

    return grade(judging, code, score);
}

/* ---- how it came ----------------------------------------------------------------------------- */

/* A figure that is asked for and not known fails: what nobody measured has not been kept to. */
static int judge_figure(struct judging *judging, bool is_known, double figure, const char *unit)
{
    judging->is_skipped = !judging->subject->knows_figures;
    judging->holds = is_known && figure <= judging->item->max;
    judging->note = is_known ? arena_printf(judging->arena, "%g %s, at most %g expected", figure,
                                            unit, judging->item->max)
                             : "it is not known";
    return 0;
}

static int judge_latency(struct judging *judging)
{
    return judge_figure(judging, judging->subject->has_latency,
                        (double)judging->subject->latency_ns / 1e6, "ms");
}

static int judge_cost(struct judging *judging)
{
    return judge_figure(judging, judging->subject->has_cost,
                        (double)judging->subject->cost_nano_usd / 1e9, "dollars");
}

static int judge_stop(struct judging *judging)
{
    const struct assert_subject *subject = judging->subject;
    const char *name = subject->has_stop ? stop_reason_name(subject->stop) : "an unknown reason";

    judging->is_skipped = !subject->knows_figures;
    enum stop_reason wanted = stop_reason_read(judging->item->texts[0]);
    bool is_end = subject->stop == STOP_SEQUENCE && wanted == STOP_END;
    judging->holds = subject->has_stop && (subject->stop == wanted || is_end);
    judging->note = arena_printf(judging->arena, "it ended with %s", name);
    return 0;
}

/* ---- sets ------------------------------------------------------------------------------------ */

static int judge_all(struct judging *judging)
{
    const struct assert_item *set = judging->item;
    double scored = 0;
    double weights = 0;
    bool all = true;
    const char *first = NULL;

    for (size_t i = 0; i < set->of_count; i++) {
        struct assert_result result;
        int code = assert_evaluate(&set->of[i], judging->subject, judging->arena, &result,
                                   judging->reterr);
        if (code != 0)
            return code;
        scored += result.score * set->of[i].weight;
        weights += set->of[i].weight;
        all = all && result.passes;
        if (!result.passes && first == NULL)
            first = result.why;
    }
    judging->score = weights > 0 ? scored / weights : all;
    judging->is_graded = true;
    judging->holds =
        set->has_threshold && set->threshold > 0 ? judging->score >= set->threshold : all;
    if (first == NULL)
        first = "all of it";
    judging->note = set->has_threshold ? arena_printf(judging->arena,
                                                      "%.3f of the weights, at least %g expected; "
                                                      "first: %s",
                                                      judging->score, set->threshold, first)
                                       : first;
    return 0;
}

/* ---- one demand ------------------------------------------------------------------------------ */

static const struct {
    int (*judge)(struct judging *judging);
    const char *lacks;
    const char *has;
} types[ASSERT_TYPE_COUNT] = {
#define ASSERT(id, name, what, level, says_lacks, says_has) \
    [ASSERT_##id] = {.lacks = (says_lacks), .has = (says_has)},
#include "core/validate/asserts.def"
#undef ASSERT
};

static int (*const judges[ASSERT_TYPE_COUNT])(struct judging *) = {
    [ASSERT_EQUALS] = judge_equals,
    [ASSERT_CONTAINS] = judge_contains,
    [ASSERT_CONTAINS_ANY] = judge_contains_any,
    [ASSERT_STARTS_WITH] = judge_starts,
    [ASSERT_ENDS_WITH] = judge_ends,
    [ASSERT_REGEX] = judge_regex,
    [ASSERT_JSON] = judge_json,
    [ASSERT_CONTAINS_JSON] = judge_contains_json,
    [ASSERT_WORDS] = judge_words,
    [ASSERT_DISTANCE] = judge_distance,
    [ASSERT_ROUGE] = judge_rouge,
    [ASSERT_BLEU] = judge_bleu,
    [ASSERT_GLEU] = judge_gleu,
    [ASSERT_LATENCY] = judge_latency,
    [ASSERT_COST] = judge_cost,
    [ASSERT_STOP] = judge_stop,
    [ASSERT_ALL] = judge_all,
};

static void show_values(const struct assert_item *item, struct strbuf *out)
{
    for (size_t i = 0; i < item->text_count && out->len < 2 * SHOWN_BYTES; i++) {
        struct view text = utf8_cut(item->texts[i], SHOWN_BYTES);
        strbuf_printf(out, "%s'%.*s'", i == 0 ? " " : ", ", VIEW_ARG(text));
    }
}

static const char *explain(struct judging *judging)
{
    const struct assert_item *item = judging->item;
    struct strbuf out;

    strbuf_init(&out, 1 << 16);
    strbuf_add_text(&out, item->is_not ? types[item->type].has : types[item->type].lacks);
    show_values(item, &out);
    if (judging->note != NULL)
        strbuf_printf(&out, ": %s", judging->note);
    const char *text = arena_string(judging->arena, strbuf_view(&out));
    strbuf_release(&out);
    return text;
}

int assert_evaluate(const struct assert_item *item, const struct assert_subject *subject,
                    struct arena *arena, struct assert_result *ret_result, struct err *reterr)
{
    struct judging judging = {.item = item, .subject = subject, .arena = arena, .reterr = reterr};
    int code = judges[item->type](&judging);

    if (code != 0)
        return code;
    double score = judging.is_graded ? judging.score : judging.holds;
    struct assert_result result = {
        .passes = judging.is_skipped || judging.holds != item->is_not,
        .score = judging.is_skipped ? 1
                 : item->is_not     ? 1 - score
                                    : score,
    };
    if (!result.passes) {
        result.why = explain(&judging);
        if (result.why == NULL)
            return ERR_MEMORY;
    }
    *ret_result = result;
    return 0;
}

/* ---- the check ------------------------------------------------------------------------------- */

int check_assert(struct validation *validation, uint32_t row, struct err *reterr)
{
    const struct policy_assert *options = validation_row(validation, row)->options;
    const struct validate_subject *subject = &validation->subject;
    const struct assert_subject judged = {
        .answer = strbuf_view(&validation->text),
        .knows_figures = subject->knows_figures,
        .has_latency = subject->latency_ns > 0,
        .latency_ns = subject->latency_ns,
        .has_cost = subject->cost_nano_usd > 0,
        .cost_nano_usd = subject->cost_nano_usd,
        .has_stop = subject->has_stop,
        .stop = subject->stop,
    };
    struct assert_result result;
    struct err err = {.code = 0};

    int code = assert_evaluate(&options->item, &judged, &validation->arena, &result, &err);
    if (code == ERR_LIMIT)
        return validation_found(
            validation,
            &(struct found){
                .row = row,
                .message = arena_printf(&validation->arena, "could not be decided: %s", err.text)});
    if (code != 0)
        return code == ERR_MEMORY ? code : fail(reterr, code, "%s", err.text);
    if (result.passes)
        return 0;
    return validation_found(validation,
                            &(struct found){.row = row, .quotes = true, .message = result.why});
}
