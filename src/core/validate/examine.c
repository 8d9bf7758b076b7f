/* SPDX-License-Identifier: Apache-2.0
 *
 * examine: see examine.h. Each part of a score has one function; `parts` is their order. */
#include "core/validate/examine.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/validate/expectation_internal.h"
#include "text/chars.h"

struct examining {
    const struct expectation *expectation;
    struct view answer;
    const struct reply *reply;
    const struct sample *sample; /* NULL: latency and cost are not known */
    struct arena *arena;
    struct examined *examined;
    struct finding *findings;
    size_t finding_count;
    struct err *reterr;
    bool blank;
};

enum { FINDINGS_MAX = 64, EVIDENCE_BYTES_MAX = 200 };

static bool has_finding(const struct examining *examining, enum expectation_check check)
{
    for (size_t i = 0; i < examining->finding_count; i++)
        if (view_equal(examining->findings[i].check, expectation_check_name(check)))
            return true;
    return false;
}

/* Adds one; past the most that an answer can be blamed for, only checks that have none yet. */
static int found(struct examining *examining, enum expectation_check check, size_t start,
                 size_t end, struct view evidence, const char *message)
{
    if (message == NULL)
        return ERR_MEMORY;
    if (examining->finding_count >= FINDINGS_MAX && has_finding(examining, check))
        return 0;
    if (examining->finding_count == FINDINGS_MAX + EXPECTATION_CHECKS)
        return 0;
    examining->findings[examining->finding_count++] = (struct finding){
        .check = expectation_check_name(check),
        .severity = examining->expectation->severities[check],
        .start = start,
        .end = end,
        .evidence = evidence,
        .message = view_of(message),
    };
    return 0;
}

static struct view quoted(struct view answer, size_t start, size_t end)
{
    return utf8_cut(view_slice(answer, start, end), EVIDENCE_BYTES_MAX);
}

static int keyword_findings(struct examining *examining, const struct keyword_found *hits,
                            size_t *ret_expected, size_t *ret_forbidden)
{
    const struct expectation *expectation = examining->expectation;
    int code = 0;

    *ret_expected = 0;
    *ret_forbidden = 0;
    for (size_t i = 0; i < expectation->keyword_count && code == 0; i++) {
        const struct expected_keyword *keyword = &expectation->keyword_items[i];
        bool bad = keyword->check == EXPECTATION_KEYWORDS ? !hits[i].found : hits[i].found;
        if (hits[i].found)
            *(keyword->check == EXPECTATION_KEYWORDS ? ret_expected : ret_forbidden) += 1;
        if (!bad)
            continue;
        if (keyword->check == EXPECTATION_KEYWORDS)
            code = found(examining, keyword->check, 0, 0, keyword->shown,
                         arena_printf(examining->arena, "does not mention '%.*s'",
                                      VIEW_ARG(keyword->shown)));
        else
            code = found(examining, keyword->check, hits[i].start, hits[i].end,
                         quoted(examining->answer, hits[i].start, hits[i].end),
                         arena_printf(examining->arena, "mentions '%.*s', which is forbidden",
                                      VIEW_ARG(keyword->shown)));
    }
    return code;
}

static int examine_keywords(struct examining *examining)
{
    const struct expectation *expectation = examining->expectation;
    size_t expected;
    size_t forbidden;
    struct err err = {0};

    if (expectation->keyword_count == 0) {
        examining->examined->score.keywords_micro = MICRO;
        return 0;
    }
    struct keyword_found *hits =
        arena_new(examining->arena, expectation->keyword_count, sizeof *hits);
    if (hits == NULL)
        return ERR_MEMORY;
    int code = keywords_find(expectation->keywords, examining->answer, hits, &err);
    if (code != 0)
        return fail(examining->reterr, code, "keywords: %s", err.text);
    code = keyword_findings(examining, hits, &expected, &forbidden);
    examining->examined->score.keywords_micro = (int32_t)keywords_coverage_micro(
        expected, expectation->expected_count, forbidden, expectation->forbidden_count);
    return code;
}

static int examine_patterns(struct examining *examining)
{
    const struct expectation *expectation = examining->expectation;
    struct err err = {0};
    int code = 0;

    if (expectation->pattern_count == 0)
        return 0;
    struct keyword_found *hits =
        arena_new(examining->arena, expectation->pattern_count, sizeof *hits);
    if (hits == NULL)
        return ERR_MEMORY;
    code = keywords_find(expectation->patterns, examining->answer, hits, &err);
    if (code != 0)
        return fail(examining->reterr, code, "patterns: %s", err.text);
    for (size_t i = 0; i < expectation->pattern_count && code == 0; i++) {
        const struct expected_pattern *pattern = &expectation->pattern_items[i];
        size_t before = examining->finding_count;
        if (hits[i].found != pattern->is_forbidden)
            continue;
        code = found(examining, EXPECTATION_PATTERN, hits[i].start, hits[i].end,
                     quoted(examining->answer, hits[i].start, hits[i].end),
                     arena_printf(examining->arena, "%s the pattern %.*s",
                                  pattern->is_forbidden ? "holds" : "lacks",
                                  VIEW_ARG(pattern->shown)));
        if (code == 0 && examining->finding_count > before) {
            struct finding *last = &examining->findings[examining->finding_count - 1];
            last->check = pattern->name;
            last->severity = pattern->severity;
        }
    }
    return code;
}

/* The errors of a schema, as findings with their places. */
static int examine_schema(struct examining *examining, struct view json, bool *ret_ok)
{
    struct arena scratch;
    struct json *tree;
    struct schema_result result;

    *ret_ok = true;
    if (examining->expectation->schema == NULL)
        return 0;
    arena_init(&scratch, EXPECTATION_TREE_BYTES_MAX);
    int code = json_parse(&scratch, json, &tree, examining->reterr);
    if (code == 0)
        code = schema_validate(examining->expectation->schema, tree, &scratch, &result,
                               examining->reterr);
    for (size_t i = 0; code == 0 && i < result.count; i++) {
        *ret_ok = false;
        code = found(
            examining, EXPECTATION_FORMAT, 0, 0, (struct view){NULL, 0},
            arena_printf(examining->arena, "does not fit the schema: %s", result.items[i].text));
    }
    arena_release(&scratch);
    return code;
}

static int examine_structure(struct examining *examining)
{
    const struct expectation *expectation = examining->expectation;
    struct score *score = &examining->examined->score;
    struct structure_result result;
    bool fits = true;

    structure_check(&expectation->structure, examining->answer, &result);
    score->structure_micro = (int32_t)result.score_micro;
    if (!result.ok)
        return found(examining, EXPECTATION_FORMAT, 0, 0, (struct view){NULL, 0},
                     arena_printf(examining->arena, "%s", result.why));
    if (expectation->structure.format == STRUCTURE_JSON) {
        int code = examine_schema(examining, result.json, &fits);
        if (code != 0)
            return code;
    }
    if (!fits || examining->blank)
        score->structure_micro = 0;
    return 0;
}

static int examine_language(struct examining *examining)
{
    const struct expectation *expectation = examining->expectation;
    struct language_result result;
    struct view prose;
    int64_t score_micro;

    int code = structure_prose(examining->arena, examining->answer, &prose);
    if (code == 0)
        code = language_detect(prose, expectation->language, &result);
    if (code == 0)
        code =
            arena_copy(examining->arena, view_of(result.detected), &examining->examined->language);
    if (code != 0)
        return code;
    bool ok = language_matches(expectation->language, &result, &score_micro);
    examining->examined->score.language_micro = (int32_t)score_micro;
    if (ok || examining->blank)
        return 0;
    return found(examining, EXPECTATION_LANGUAGE, 0, 0, (struct view){NULL, 0},
                 arena_printf(examining->arena, "is in '%s', expected '%.*s'", result.detected,
                              VIEW_ARG(expectation->language)));
}

static int examine_length(struct examining *examining)
{
    const struct expectation *expectation = examining->expectation;
    struct view none = {NULL, 0};
    size_t chars;

    if (examining->blank && expectation->min_chars != 0)
        return found(examining, EXPECTATION_LENGTH, 0, 0, none, "is empty");
    if (expectation->min_chars < 0 && expectation->max_chars < 0)
        return 0;
    int code = chars_count(examining->answer, &chars);
    if (code != 0)
        return code;
    if (expectation->max_chars >= 0 && (int64_t)chars > expectation->max_chars)
        return found(examining, EXPECTATION_LENGTH, 0, 0, none,
                     arena_printf(examining->arena, "has %zu characters, at most %lld expected",
                                  chars, (long long)expectation->max_chars));
    if (expectation->min_chars >= 0 && (int64_t)chars < expectation->min_chars)
        return found(examining, EXPECTATION_LENGTH, 0, 0, none,
                     arena_printf(examining->arena, "has %zu characters, at least %lld expected",
                                  chars, (long long)expectation->min_chars));
    return 0;
}

/* As many as there are move to the arena: most answers have none. */
static int keep_findings(struct examining *examining)
{
    size_t count = examining->finding_count;
    struct finding *kept = NULL;

    if (count > 0) {
        kept = arena_new(examining->arena, count, sizeof *kept);
        if (kept == NULL)
            return ERR_MEMORY;
        memcpy(kept, examining->findings, count * sizeof *kept);
    }
    examining->examined->verdict = (struct verdict){.findings = kept, .count = count};
    return 0;
}

/* ---- checks of a policy --------------------------------------------------------------------- */

void examine_attach(struct expectation *expectation, const struct examine_checks *checks)
{
    expectation->checks = checks;
}

static int take_finding(struct examining *examining, const struct finding *finding)
{
    struct finding copy = *finding;

    int code = arena_copy(examining->arena, finding->check, &copy.check);
    if (code == 0)
        code = arena_copy(examining->arena, finding->evidence, &copy.evidence);
    if (code == 0)
        code = arena_copy(examining->arena, finding->message, &copy.message);
    if (code == 0)
        examining->findings[examining->finding_count++] = copy;
    return code;
}

/* An ending that the policy accepts is no failed check. */
static bool counts(const struct validate_finding *found)
{
    return found->action != POLICY_ACCEPT || !view_is(found->finding.check, "safety.stop_reason");
}

/* All of them: a validation has bounded them, and the last may be the gravest. */
static int take_findings(struct examining *examining, const struct validated *validated)
{
    struct finding *findings = arena_new(
        examining->arena, examining->finding_count + validated->count + 1, sizeof *findings);
    int code = 0;

    if (findings == NULL)
        return ERR_MEMORY;
    if (examining->finding_count > 0)
        memcpy(findings, examining->findings, examining->finding_count * sizeof *findings);
    examining->findings = findings;
    for (size_t i = 0; code == 0 && i < validated->count; i++)
        if (counts(&validated->findings[i]))
            code = take_finding(examining, &validated->findings[i].finding);
    return code;
}

static int run_checks(struct examining *examining, struct validation *validation)
{
    static const struct validate_situation first;
    struct validate_subject subject = *examining->expectation->checks->subject;
    struct validated validated;

    if (examining->reply != NULL) {
        subject.has_stop = examining->reply->stop != STOP_UNKNOWN;
        subject.stop = examining->reply->stop;
        subject.has_usage = examining->reply->usage.known && !examining->reply->usage.estimated;
        subject.usage = examining->reply->usage;
    }
    if (examining->sample != NULL) {
        subject.knows_figures = true;
        subject.latency_ns = examining->sample->answer.latency_ns;
        subject.cost_nano_usd = examining->sample->cost_nano_usd;
    }
    int code = validation_begin(validation, &subject, examining->reterr);
    if (code == 0)
        code = validation_feed(validation, examining->answer, examining->reterr);
    if (code == 0)
        code = validation_end(validation, &subject, examining->reterr);
    if (code == 0)
        code = validation_decide(validation, &first, &validated, examining->reterr);
    return code == 0 ? take_findings(examining, &validated) : code;
}

static int examine_policy(struct examining *examining)
{
    const struct examine_checks *checks = examining->expectation->checks;
    struct validation *validation = NULL;

    if (checks == NULL)
        return 0;
    int code = validation_new(checks->policy, checks->morphology, checks->scratch, &validation);
    if (code == 0)
        code = run_checks(examining, validation);
    validation_free(validation);
    return code;
}

static int examine_answer(struct examining examining, struct examined *ret_examined,
                          struct err *reterr)
{
    static int (*const parts[])(struct examining *) = {
        examine_keywords, examine_patterns, examine_structure,
        examine_language, examine_length,   examine_policy,
    };
    struct examined examined = {.score = score_absent(), .language = view_of("und")};
    struct finding findings[FINDINGS_MAX + EXPECTATION_CHECKS];

    examining.examined = &examined;
    examining.findings = findings;
    examining.blank = view_trim(examining.answer).len == 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct err before = {0};
        examining.reterr = &before;
        int code = parts[i](&examining);
        if (code != 0)
            return fail(reterr, code, "%s",
                        before.text[0] != '\0' ? before.text : "no memory to examine an answer");
    }
    if (keep_findings(&examining) != 0)
        return fail(reterr, ERR_MEMORY, "no memory to examine an answer");
    *ret_examined = examined;
    return 0;
}

int examine(const struct expectation *expectation, struct view answer, const struct reply *reply,
            struct arena *arena, struct examined *ret_examined, struct err *reterr)
{
    struct examining examining = {
        .expectation = expectation, .answer = answer, .reply = reply, .arena = arena};

    return examine_answer(examining, ret_examined, reterr);
}

int examine_sample(const struct expectation *expectation, const struct sample *sample,
                   struct arena *arena, struct examined *ret_examined, struct err *reterr)
{
    struct examining examining = {
        .expectation = expectation,
        .answer = sample->answer.reply.text,
        .reply = &sample->answer.reply,
        .sample = sample,
        .arena = arena,
    };

    return examine_answer(examining, ret_examined, reterr);
}
