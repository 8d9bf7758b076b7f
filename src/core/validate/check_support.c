/* SPDX-License-Identifier: Apache-2.0
 *
 * check_support: values that no source has, and claims that the sources hardly carry. Without a
 * source nothing can be said and nothing is. */
#include "core/validate/validate_internal.h"

#include "text/similarity.h"

/* The sources, read once for all checks of an answer. */
static int read_sources(struct validation *validation)
{
    const struct validate_subject *subject = &validation->subject;

    if (validation->sources != NULL)
        return 0;
    return support_sources_new(subject->sources, subject->source_count, subject->question,
                               validation->morphology, &validation->sources);
}

static int64_t tfidf(void *context, struct view claim, struct view source)
{
    int64_t cosine_micro;

    (void)context;
    return ngram_similarity_micro(NULL, claim, source, &cosine_micro) == 0 ? cosine_micro : -1;
}

static int judge(struct validation *validation, struct arena *arena, struct view text,
                 const struct support_options *options, struct support_report *ret_report)
{
    int code = read_sources(validation);

    if (code == 0)
        code = support_judge(arena, validation->sources, text, validation->morphology, options,
                             ret_report);
    return code;
}

/* ---- values ---------------------------------------------------------------------------------- */

int support_values(struct validation *validation, struct arena *arena, struct view text,
                   struct support_report *ret_report)
{
    const struct support_options options = {.floor_micro = SUPPORT_FLOOR_MICRO, .values = true};

    return judge(validation, arena, text, &options, ret_report);
}

/* Told and accepted: what lies past the limits of support.h was not looked at. */
static int tell_partial(struct validation *validation, uint32_t row)
{
    return validation_found(
        validation, &(struct found){
                        .row = row,
                        .has_action = true,
                        .action = POLICY_ACCEPT,
                        .message = "answer or sources are too large to be held against each "
                                   "other wholly: what lies past the limit was not checked",
                    });
}

int check_value(struct validation *validation, uint32_t row, struct err *reterr)
{
    const struct policy_check *check = validation_row(validation, row);
    const struct policy_value *options = check->options;
    struct support_report report;

    if (validation->subject.source_count == 0)
        return 0;
    int code =
        support_values(validation, &validation->arena, strbuf_view(&validation->text), &report);
    if (code != 0)
        return code == ERR_MEMORY ? code : fail(reterr, code, "support.value: %s", err_text(code));
    for (size_t i = 0; code == 0 && i < report.value_count; i++) {
        const struct support_value *value = &report.values[i];
        struct view text = validation_span(validation, value->value.start, value->value.end);
        if (safety_allows(check, &options->allow, text))
            continue;
        code = validation_found(
            validation, &(struct found){
                            .row = row,
                            .start = value->value.start,
                            .end = value->value.end,
                            .evidence = text,
                            .message = support_value_message(&validation->arena,
                                                             strbuf_view(&validation->text), value),
                        });
    }
    return code == 0 && report.is_partial ? tell_partial(validation, row) : code;
}

/* ---- low support ----------------------------------------------------------------------------- */

/* Words in common say nothing where the answer is in a language that no source is in. */
static int crosses_languages(const struct validation *validation, bool *ret_crosses)
{
    enum { SAMPLE_MAX = 4096 };
    const struct validate_subject *subject = &validation->subject;
    const struct view none = {NULL, 0};
    struct language_result answer;
    struct language_result source;

    *ret_crosses = false;
    int code =
        language_detect(view_slice(strbuf_view(&validation->text), 0, SAMPLE_MAX), none, &answer);
    if (code != 0 || view_is(view_of(answer.detected), "mixed")
        || view_is(view_of(answer.detected), "und"))
        return code;
    for (size_t i = 0; i < subject->source_count; i++) {
        code = language_detect(view_slice(subject->sources[i], 0, SAMPLE_MAX), none, &source);
        if (code != 0 || view_is(view_of(source.detected), answer.detected)
            || view_is(view_of(source.detected), "mixed")
            || view_is(view_of(source.detected), "und"))
            return code;
    }
    *ret_crosses = true;
    return 0;
}

int check_low(struct validation *validation, uint32_t row, struct err *reterr)
{
    const struct policy_low *policy = validation_row(validation, row)->options;
    const struct validate_subject *subject = &validation->subject;
    struct support_options options = {.floor_micro = policy->floor_micro, .low = true};
    struct support_report report;
    bool crosses = false;

    if (subject->source_count == 0)
        return 0;
    if (policy->embedding == POLICY_EMBEDDING_TFIDF)
        options.similarity = tfidf;
    if (policy->embedding == POLICY_EMBEDDING_BUILTIN) {
        options.similarity = subject->similarity;
        options.context = subject->similarity_context;
    }
    int code =
        judge(validation, &validation->arena, strbuf_view(&validation->text), &options, &report);
    if (code != 0)
        return code == ERR_MEMORY ? code : fail(reterr, code, "support.low: %s", err_text(code));
    if (report.low_count > 0 && policy->embedding != POLICY_EMBEDDING_BUILTIN)
        code = crosses_languages(validation, &crosses);
    if (code == 0 && report.is_partial)
        code = tell_partial(validation, row);
    if (code != 0 || crosses)
        return code;
    for (size_t i = 0; code == 0 && i < report.claim_count; i++) {
        const struct support_claim *claim = &report.claims[i];
        if (!claim->is_low)
            continue;
        code = validation_found(
            validation,
            &(struct found){
                .row = row,
                .start = claim->claim.start,
                .end = claim->claim.end,
                .evidence = validation_span(validation, claim->claim.start, claim->claim.end),
                .message = support_claim_message(&validation->arena, claim),
            });
    }
    return code;
}
