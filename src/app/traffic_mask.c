/* SPDX-License-Identifier: Apache-2.0
 *
 * traffic_mask: see traffic_mask.h. A policy of two rows, and one validation that is used for every
 * text. */
#include "app/traffic_mask.h"

#include "base/mem.h"
#include "core/validate/validate.h"
#include "engine/patterns.h"

static const struct view policy_text = VIEW("checks:\n"
                                            "  - {check: safety.personal_data, action: mask}\n"
                                            "  - {check: safety.secret, action: mask}\n");

static const size_t ARENA_BYTES_MAX = (size_t)64 << 20;

struct traffic_mask {
    struct arena arena;
    struct policy policy;
    bool has_policy;
    struct scan_set *set;
    struct scan_scratch *scratch;
    struct validation *validation;
};

static int compile(struct traffic_mask *mask, const char *cache, struct err *reterr)
{
    struct scan_plan *plan = NULL;

    int code = scan_plan_new(&plan);
    if (code == 0)
        code = policy_plan(&mask->policy, &mask->arena, plan, reterr);
    if (code == 0)
        code = patterns_compile(plan, cache, &mask->set, NULL, reterr);
    scan_plan_free(plan);
    if (code == 0)
        code = policy_bind(&mask->policy, &mask->arena, mask->set, reterr);
    if (code == 0)
        code = patterns_scratch_new(mask->set, &mask->scratch);
    return code == 0 ? validation_new(&mask->policy, NULL, mask->scratch, &mask->validation) : code;
}

int traffic_mask_new(const char *cache, struct traffic_mask **ret_mask, struct err *reterr)
{
    struct traffic_mask *mask = mem_new(1, sizeof *mask);
    struct problems problems;

    if (mask == NULL)
        return fail(reterr, ERR_MEMORY, "no memory to mask personal data");
    arena_init(&mask->arena, ARENA_BYTES_MAX);
    problems_init(&problems, &mask->arena, view_of("mask"));
    int code = policy_read(&mask->arena, view_of("mask"), policy_text, NULL, NULL, &problems,
                           &mask->policy);
    mask->has_policy = code == 0;
    if (code == 0)
        code = compile(mask, cache, reterr);
    if (code != 0) {
        traffic_mask_free(mask);
        return reterr->text[0] != '\0' ? code
                                       : fail(reterr, code, "personal data cannot be masked");
    }
    *ret_mask = mask;
    return 0;
}

void traffic_mask_free(struct traffic_mask *mask)
{
    if (mask == NULL)
        return;
    validation_free(mask->validation);
    if (mask->has_policy)
        policy_release(&mask->policy);
    patterns_scratch_free(mask->scratch);
    patterns_free(mask->set);
    arena_release(&mask->arena);
    mem_free(mask);
}

int traffic_mask_text(struct traffic_mask *mask, struct arena *arena, struct view text,
                      struct view *ret_text, size_t *ret_count, struct err *reterr)
{
    static const struct validate_subject subject;
    static const struct validate_situation situation;
    struct validated validated;

    int code = validation_begin(mask->validation, &subject, reterr);
    if (code == 0)
        code = validation_feed(mask->validation, text, reterr);
    if (code == 0)
        code = validation_end(mask->validation, &subject, reterr);
    if (code == 0)
        code = validation_decide(mask->validation, &situation, &validated, reterr);
    if (code != 0)
        return code;
    *ret_text = text;
    if (!validated.is_masked)
        return 0;
    if (ret_count != NULL)
        *ret_count += validated.count;
    return arena_copy(arena, validated.masked, ret_text);
}
