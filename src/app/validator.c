/* SPDX-License-Identifier: Apache-2.0
 *
 * validator: see validator.h. A scratch and a reader of words for each thread; validations are made
 * as they are needed and kept, a few a thread. */
#include "app/validator.h"

#include <pthread.h>

#include "app/similarity.h"
#include "app/words.h"
#include "base/mem.h"
#include "engine/patterns.h"
#include "shell/os/env.h"
#include "shell/os/file.h"

enum { POLICY_BYTES_MAX = 16 << 20, KEPT_MAX = 8 };

static const size_t ARENA_BYTES_MAX = (size_t)1 << 30;

struct own {
    pthread_mutex_t lock; /* of the list: another thread may give back */
    struct validation *kept[KEPT_MAX];
    size_t kept_count;
    struct scan_scratch *scratch;
};

struct validator {
    struct arena arena;
    struct policy policy;
    bool has_policy;
    struct scan_set *set;
    struct words *words; /* NULL: no check needs them */
    struct similarity *similarity;
    struct own *threads;
    uint32_t thread_count;
};

/* ---- the policy ----------------------------------------------------------------------------- */

static bool look_up(void *context, struct view name, struct view *ret_value)
{
    struct view value = env_get(name);

    (void)context;
    if (value.ptr != NULL)
        *ret_value = value;
    return value.ptr != NULL;
}

/* A file that was named and cannot be found is a mistake in what names it. */
static int read_file(struct arena *arena, const char *path, struct view *ret_text,
                     struct err *reterr)
{
    struct strbuf content;

    strbuf_init(&content, POLICY_BYTES_MAX);
    int code = file_read(path, &content, reterr);
    if (code == 0 && arena_copy(arena, strbuf_view(&content), ret_text) != 0)
        code = fail(reterr, ERR_MEMORY, "%s: no memory for this file", path);
    strbuf_release(&content);
    return code == ERR_MISSING ? fail_within(reterr, ERR_CONFIG, "%s", "") : code;
}

static int read_schema(struct validator *validator, struct err *reterr)
{
    struct policy *policy = &validator->policy;
    struct view text;

    if (policy->schema_path.len == 0)
        return 0;
    const char *path = arena_string(&validator->arena, policy->schema_path);
    if (path == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the policy");
    int code = read_file(&validator->arena, path, &text, reterr);
    return code == 0 ? policy_schema_put(policy, &validator->arena, text, reterr) : code;
}

static int read_policy(struct validator *validator, const char *path, struct err *reterr)
{
    struct problems problems;
    struct view text;

    if (path == NULL) {
        int made = policy_default(&validator->arena, &validator->policy);
        return made == 0 ? 0 : fail(reterr, made, "no memory for the policy");
    }
    int code = read_file(&validator->arena, path, &text, reterr);
    if (code != 0)
        return code;
    problems_init(&problems, &validator->arena, view_of(path));
    code = policy_read(&validator->arena, view_of(path), text, look_up, NULL, &problems,
                       &validator->policy);
    if (code == 0)
        return read_schema(validator, reterr);
    return problems_status(&problems, reterr) != 0
               ? code
               : fail(reterr, code, "%s: %s", path, err_text(code));
}

static int compile(struct validator *validator, const char *cache, struct err *reterr)
{
    struct scan_plan *plan = NULL;

    int code = scan_plan_new(&plan);
    if (code != 0)
        return fail(reterr, code, "no memory for the policy");
    code = policy_plan(&validator->policy, &validator->arena, plan, reterr);
    if (code == 0)
        code = patterns_compile(plan, cache, &validator->set, NULL, reterr);
    scan_plan_free(plan);
    if (code == 0)
        code = policy_bind(&validator->policy, &validator->arena, validator->set, reterr);
    return code;
}

/* ---- engines -------------------------------------------------------------------------------- */

static bool has_kind(const struct policy *policy, enum policy_check_kind kind)
{
    for (size_t i = 0; i < policy->check_count; i++)
        if (policy->checks[i].kind == kind)
            return true;
    return false;
}

static bool needs_embedding(const struct policy *policy)
{
    for (size_t i = 0; i < policy->check_count; i++) {
        const struct policy_check *check = &policy->checks[i];
        if (check->kind != POLICY_LOW)
            continue;
        const struct policy_low *low = check->options;
        if (low->embedding == POLICY_EMBEDDING_BUILTIN)
            return true;
    }
    return false;
}

static bool needs_words(const struct policy *policy)
{
    return has_kind(policy, POLICY_VALUE) || has_kind(policy, POLICY_LOW)
           || has_kind(policy, POLICY_FLUENCY);
}

static int prepare_thread(struct validator *validator, struct own *own, struct err *reterr)
{
    pthread_mutex_init(&own->lock, NULL);
    int code = patterns_scratch_new(validator->set, &own->scratch);
    return code == 0 ? 0 : fail(reterr, code, "no memory for a thread");
}

static int prepare_threads(struct validator *validator, uint32_t count, struct err *reterr)
{
    validator->threads = mem_new(count, sizeof *validator->threads);
    if (validator->threads == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for %u threads", count);
    while (validator->thread_count < count) {
        int code =
            prepare_thread(validator, &validator->threads[validator->thread_count++], reterr);
        if (code != 0)
            return code;
    }
    return 0;
}

/* ---- life ----------------------------------------------------------------------------------- */

static int make(struct validator *validator, const struct validator_options *options,
                struct err *reterr)
{
    int code = read_policy(validator, options->policy, reterr);

    validator->has_policy = code == 0;
    if (code == 0)
        code = compile(validator, options->cache, reterr);
    if (code == 0 && needs_words(&validator->policy))
        code = words_open(options->dictionary_dir, options->threads, &validator->words, reterr);
    if (code == 0 && needs_embedding(&validator->policy))
        code = similarity_open(options->model_dir, &validator->similarity, reterr);
    return code == 0 ? prepare_threads(validator, options->threads, reterr) : code;
}

int validator_new(const struct validator_options *options, struct validator **ret_validator,
                  struct err *reterr)
{
    struct validator *validator = mem_new(1, sizeof *validator);

    if (validator == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the policy");
    arena_init(&validator->arena, ARENA_BYTES_MAX);
    int code = make(validator, options, reterr);
    if (code != 0) {
        validator_free(validator);
        return code;
    }
    *ret_validator = validator;
    return 0;
}

void validator_free(struct validator *validator)
{
    if (validator == NULL)
        return;
    for (uint32_t i = 0; i < validator->thread_count; i++) {
        struct own *own = &validator->threads[i];
        for (size_t j = 0; j < own->kept_count; j++)
            validation_free(own->kept[j]);
        patterns_scratch_free(own->scratch);
        pthread_mutex_destroy(&own->lock);
    }
    mem_free(validator->threads);
    similarity_close(validator->similarity);
    words_close(validator->words);
    if (validator->has_policy)
        policy_release(&validator->policy);
    patterns_free(validator->set);
    arena_release(&validator->arena);
    mem_free(validator);
}

const struct policy *validator_policy(const struct validator *validator)
{
    return &validator->policy;
}

/* ---- use ------------------------------------------------------------------------------------ */

int validator_take(struct validator *validator, uint32_t thread, struct validation **ret_validation,
                   struct err *reterr)
{
    struct own *own = &validator->threads[thread];
    struct validation *kept = NULL;

    assert_always(thread < validator->thread_count);
    pthread_mutex_lock(&own->lock);
    if (own->kept_count > 0)
        kept = own->kept[--own->kept_count];
    pthread_mutex_unlock(&own->lock);
    if (kept != NULL) {
        *ret_validation = kept;
        return 0;
    }
    int code = validation_new(&validator->policy, words_morphology(validator->words, thread),
                              own->scratch, ret_validation);
    return code == 0 ? 0 : fail(reterr, code, "no memory to check an answer");
}

void validator_give(struct validator *validator, uint32_t thread, struct validation *validation,
                    bool keep)
{
    struct own *own = &validator->threads[thread];
    bool kept = false;

    pthread_mutex_lock(&own->lock);
    kept = keep && own->kept_count < KEPT_MAX;
    if (kept)
        own->kept[own->kept_count++] = validation;
    pthread_mutex_unlock(&own->lock);
    if (!kept)
        validation_free(validation);
}

void validator_equip(struct validator *validator, struct validate_subject *subject)
{
    if (validator->similarity == NULL)
        return;
    subject->similarity = similarity_of;
    subject->similarity_context = validator->similarity;
}
