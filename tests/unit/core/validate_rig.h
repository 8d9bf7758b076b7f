/* SPDX-License-Identifier: Apache-2.0
 *
 * validate_rig: a policy out of YAML, compiled, and answers held against it: what tests of
 * validation share. Pieces that were released are put together again. */
#ifndef ASSAY_TESTS_UNIT_CORE_VALIDATE_RIG_H
#define ASSAY_TESTS_UNIT_CORE_VALIDATE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/validate/validate.h"
#include "engine/patterns.h"

enum { RIG_ARENA_MAX = 1 << 30 };

struct rig {
    struct arena arena;
    struct policy policy;
    struct scan_set *set;
    struct scan_scratch *scratch;
    struct validation *validation;
    struct validate_subject subject; /* of the next answers */
    struct expectation *own;
    struct strbuf released;
    struct validated result;
    struct err err;
    bool was_doomed; /* before the end */
};

static inline void rig_free(struct rig *rig)
{
    validation_free(rig->validation);
    expectation_free(rig->own);
    policy_release(&rig->policy);
    patterns_scratch_free(rig->scratch);
    patterns_free(rig->set);
    strbuf_release(&rig->released);
    arena_release(&rig->arena);
    *rig = (struct rig){.set = NULL};
}

/* 0, or the code of whatever step failed; rig->err says why. NULL: the default policy. */
static inline int rig_try(struct rig *rig, const char *yaml)
{
    struct problems problems;
    struct scan_plan *plan = NULL;
    int code;

    *rig = (struct rig){.set = NULL};
    arena_init(&rig->arena, RIG_ARENA_MAX);
    strbuf_init(&rig->released, (size_t)VALIDATE_TEXT_MAX * 4);
    problems_init(&problems, &rig->arena, view_of("p.yaml"));
    if (yaml == NULL)
        code = policy_default(&rig->arena, &rig->policy);
    else
        code = policy_read(&rig->arena, view_of("p.yaml"), view_of(yaml), NULL, NULL, &problems,
                           &rig->policy);
    if (code != 0) {
        int told = problems_status(&problems, &rig->err);
        return told != 0 ? told : code;
    }
    code = scan_plan_new(&plan);
    if (code == 0)
        code = policy_plan(&rig->policy, &rig->arena, plan, &rig->err);
    if (code == 0)
        code = patterns_compile(plan, NULL, &rig->set, NULL, &rig->err);
    if (code == 0)
        code = patterns_scratch_new(rig->set, &rig->scratch);
    if (code == 0)
        code = policy_bind(&rig->policy, &rig->arena, rig->set, &rig->err);
    if (code == 0)
        code = validation_new(&rig->policy, NULL, rig->scratch, &rig->validation);
    scan_plan_free(plan);
    return code;
}

static inline void rig_new(struct rig *rig, const char *yaml)
{
    int code = rig_try(rig, yaml);
    if (code != 0)
        fail_msg("%s\n  gave %s: %s", yaml != NULL ? yaml : "", err_name(code), rig->err.text);
}

/* The expectation of the answers' own, out of JSON. */
static inline void rig_expect(struct rig *rig, const char *json)
{
    struct problems problems;
    struct expect expect;
    struct json *root = NULL;
    struct err err = {0};

    problems_init(&problems, &rig->arena, view_of("line"));
    const struct config_reader config = {&rig->arena, &problems, {NULL, 0}};
    const struct expect_reader reader = {.config = &config};
    const struct expectation_place place = {.file = VIEW("line"), .line = 1, .column = 1};
    expectation_free(rig->own);
    rig->own = NULL;
    assert_int_equal(json_parse(&rig->arena, view_of(json), &root, &err), 0);
    assert_int_equal(expect_read(&reader, root, &expect), 0);
    assert_int_equal(problems.total, 0);
    assert_int_equal(expectation_new(&expect, &place, &rig->own, &err), 0);
    rig->subject.expectation = rig->own;
}

static inline int rig_collect(struct rig *rig)
{
    struct view piece;

    int code = validation_release(rig->validation, &piece);
    strbuf_add(&rig->released, piece);
    return code != 0 ? code : strbuf_status(&rig->released);
}

/* Feeds the answer in pieces of `step` bytes (0: whole) and decides. */
static inline int rig_run(struct rig *rig, struct view answer, size_t step,
                          const struct validate_situation *situation)
{
    static const struct validate_situation first;

    strbuf_reset(&rig->released);
    int code = validation_begin(rig->validation, &rig->subject, &rig->err);
    for (size_t at = 0; code == 0 && at < answer.len; at += step != 0 ? step : answer.len) {
        code = validation_feed(
            rig->validation, view_slice(answer, at, step != 0 ? at + step : answer.len), &rig->err);
        if (code == 0)
            code = rig_collect(rig);
    }
    rig->was_doomed = code == 0 && validation_is_doomed(rig->validation);
    if (code == 0)
        code = validation_end(rig->validation, &rig->subject, &rig->err);
    if (code == 0)
        code = rig_collect(rig);
    if (code == 0)
        code = validation_decide(rig->validation, situation != NULL ? situation : &first,
                                 &rig->result, &rig->err);
    return code == 0 ? rig_collect(rig) : code;
}

static inline void rig_check(struct rig *rig, const char *answer)
{
    int code = rig_run(rig, view_of(answer), 0, NULL);
    if (code != 0)
        fail_msg("%s: %s: %s", answer, err_name(code), rig->err.text);
}

static inline const struct validate_finding *rig_find(const struct rig *rig, const char *check)
{
    for (size_t i = 0; i < rig->result.count; i++)
        if (view_is(rig->result.findings[i].finding.check, check))
            return &rig->result.findings[i];
    return NULL;
}

static inline const char *rig_words(struct rig *rig)
{
    struct strbuf out;
    struct view copy = VIEW("");

    strbuf_init(&out, 1 << 20);
    strbuf_printf(&out, "%s:", validate_decision_name(rig->result.decision));
    for (size_t i = 0; i < rig->result.count; i++) {
        const struct finding *finding = &rig->result.findings[i].finding;
        strbuf_printf(&out, " [%.*s '%.*s' %zu-%zu: %.*s]", VIEW_ARG(finding->check),
                      VIEW_ARG(finding->evidence), finding->start, finding->end,
                      VIEW_ARG(finding->message));
    }
    int code = arena_copy(&rig->arena, strbuf_view(&out), &copy);
    strbuf_release(&out);
    assert_int_equal(code, 0);
    return copy.ptr;
}

/* The answer fails exactly that check (NULL: none) with that decision. */
static inline void rig_expect_only(struct rig *rig, const char *answer, const char *check,
                                   enum validate_decision decision)
{
    rig_check(rig, answer);
    bool is_only = check == NULL ? rig->result.count == 0 : rig->result.count > 0;
    for (size_t i = 0; i < rig->result.count && check != NULL; i++)
        is_only = is_only && view_is(rig->result.findings[i].finding.check, check);
    if (!is_only || rig->result.decision != decision)
        fail_msg("%s\n  gave %s", answer, rig_words(rig));
}

#endif
