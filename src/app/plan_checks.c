/* SPDX-License-Identifier: Apache-2.0
 *
 * plan_checks: see plan_checks.h. */
#include "app/plan_checks.h"

#include "app/words.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/validate/extract.h"
#include "engine/patterns.h"

enum { KEY_BYTES_MAX = 1 << 20 };

struct plan_checks {
    struct policy *policies;                /* of the plan's arena */
    const struct examine_checks **of_entry; /* of set.entries; NULL: none */
    size_t count;
    struct scan_set *set;
    struct scan_scratch *scratch;
    struct words *words; /* NULL: no check needs them */
};

struct attaching {
    struct plan *plan;
    struct plan_checks *checks;
    struct problems problems;
    struct config_reader reader;
    struct map known;         /* the checks as JSON text → struct policy */
    struct policy **of_entry; /* of set.entries; NULL: none */
    struct err *reterr;
};

static int no_memory(const struct attaching *attaching)
{
    return fail(attaching->reterr, ERR_MEMORY, "no memory for the checks of a golden set");
}

/* ---- reading --------------------------------------------------------------------------------- */

/* What cannot be done in a golden run is told where it stands. */
static void refuse_embeddings(struct attaching *attaching, const struct policy *policy)
{
    for (size_t i = 0; i < policy->check_count; i++) {
        const struct policy_check *row = &policy->checks[i];
        const struct policy_low *low = row->kind == POLICY_LOW ? row->options : NULL;
        if (low != NULL && low->embedding == POLICY_EMBEDDING_BUILTIN)
            problems_add(&attaching->problems, row->line, row->column,
                         "'embedding: builtin' is for 'assay validate': use tfidf or none here");
    }
}

static int key_of(struct attaching *attaching, const struct json *checks, struct view *ret_key)
{
    struct json_writer writer;
    struct strbuf out;

    strbuf_init(&out, KEY_BYTES_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_tree(&writer, checks);
    int code = strbuf_status(&out);
    if (code == 0)
        code = arena_copy(&attaching->plan->arena, strbuf_view(&out), ret_key);
    strbuf_release(&out);
    return code;
}

static int read_entry(struct attaching *attaching, size_t entry)
{
    struct plan_checks *checks = attaching->checks;
    const struct expect *expect = &attaching->plan->set.entries[entry].expect;
    struct view key;

    int code = key_of(attaching, json_get(expect->at, "checks"), &key);
    if (code != 0)
        return code == ERR_LIMIT
                   ? fail(attaching->reterr, code, "the checks of entry '%.*s' are too long",
                          VIEW_ARG(attaching->plan->set.entries[entry].id))
                   : no_memory(attaching);
    attaching->of_entry[entry] = map_get(&attaching->known, key);
    if (attaching->of_entry[entry] != NULL)
        return 0;
    struct policy *policy = &checks->policies[checks->count];
    code = policy_of_expect(&attaching->reader, expect, policy);
    if (code != 0)
        return code == ERR_CONFIG ? 0 : no_memory(attaching);
    refuse_embeddings(attaching, policy);
    if (policy->check_count == 0)
        return 0;
    checks->count++;
    attaching->of_entry[entry] = policy;
    return map_put(&attaching->known, key, policy) == 0 ? 0 : no_memory(attaching);
}

static int read_entries(struct attaching *attaching)
{
    struct plan *plan = attaching->plan;
    int code = 0;

    for (size_t i = 0; code == 0 && i < plan->set.entry_count; i++)
        if (plan->expectations[i] != NULL && plan->set.entries[i].expect.check_count > 0)
            code = read_entry(attaching, i);
    return code == 0 ? problems_status(&attaching->problems, attaching->reterr) : code;
}

/* ---- compiling ------------------------------------------------------------------------------- */

static int plan_patterns(struct attaching *attaching, struct scan_plan *scan, const char *cache)
{
    struct plan_checks *checks = attaching->checks;
    struct arena *arena = &attaching->plan->arena;
    int code = 0;

    for (size_t i = 0; code == 0 && i < checks->count; i++)
        code = policy_plan(&checks->policies[i], arena, scan, attaching->reterr);
    if (code == 0)
        code = patterns_compile(scan, cache, &checks->set, NULL, attaching->reterr);
    for (size_t i = 0; code == 0 && i < checks->count; i++)
        code = policy_bind(&checks->policies[i], arena, checks->set, attaching->reterr);
    return code;
}

static bool needs_words(const struct plan_checks *checks)
{
    for (size_t i = 0; i < checks->count; i++)
        for (size_t j = 0; j < checks->policies[i].check_count; j++) {
            enum policy_check_kind kind = checks->policies[i].checks[j].kind;
            if (kind == POLICY_VALUE || kind == POLICY_LOW || kind == POLICY_FLUENCY)
                return true;
        }
    return false;
}

static int compile(struct attaching *attaching, const char *cache)
{
    struct plan_checks *checks = attaching->checks;
    struct scan_plan *scan = NULL;

    if (scan_plan_new(&scan) != 0)
        return no_memory(attaching);
    int code = plan_patterns(attaching, scan, cache);
    scan_plan_free(scan);
    if (code == 0 && patterns_scratch_new(checks->set, &checks->scratch) != 0)
        return no_memory(attaching);
    if (code == 0 && needs_words(checks))
        code = words_open(NULL, 1, &checks->words, attaching->reterr);
    return code;
}

/* ---- attaching ------------------------------------------------------------------------------- */

static int subject_of(struct attaching *attaching, size_t entry, struct validate_subject *subject)
{
    struct arena *arena = &attaching->plan->arena;
    struct extracted found;
    struct chat chat;

    int code = golden_render(&attaching->plan->set, entry, arena, &chat, attaching->reterr);
    if (code != 0)
        return code;
    const struct extract_input input = {.chat = &chat};
    if (extract_run(extract_default(), &input, arena, &found) != 0)
        return no_memory(attaching);
    subject->system_prompt = chat.system;
    subject->question = found.question;
    subject->sources = found.sources;
    subject->source_count = found.source_count;
    return 0;
}

static int attach(struct attaching *attaching)
{
    struct plan *plan = attaching->plan;

    for (size_t i = 0; i < plan->set.entry_count; i++) {
        if (attaching->of_entry[i] == NULL)
            continue;
        struct validate_subject *subject = arena_new(&plan->arena, 1, sizeof *subject);
        struct examine_checks *attached = arena_new(&plan->arena, 1, sizeof *attached);
        if (subject == NULL || attached == NULL)
            return no_memory(attaching);
        int code = subject_of(attaching, i, subject);
        if (code != 0)
            return code;
        *attached = (struct examine_checks){
            .policy = attaching->of_entry[i],
            .subject = subject,
            .morphology = words_morphology(attaching->checks->words, 0),
            .scratch = attaching->checks->scratch,
        };
        attaching->checks->of_entry[i] = attached;
        examine_attach(plan->expectations[i], attached);
    }
    return 0;
}

static int make(struct attaching *attaching, const char *cache)
{
    struct plan *plan = attaching->plan;
    size_t count = plan->set.entry_count;

    attaching->checks->policies =
        arena_new(&plan->arena, count, sizeof *attaching->checks->policies);
    attaching->of_entry = arena_new(&plan->arena, count, sizeof(struct policy *));
    attaching->checks->of_entry = arena_new(&plan->arena, count, sizeof(struct examine_checks *));
    if (attaching->checks->policies == NULL || attaching->of_entry == NULL
        || attaching->checks->of_entry == NULL)
        return no_memory(attaching);
    int code = read_entries(attaching);
    if (code == 0 && attaching->checks->count > 0)
        code = compile(attaching, cache);
    return code == 0 ? attach(attaching) : code;
}

static bool lists_any(const struct plan *plan)
{
    for (size_t i = 0; i < plan->set.entry_count; i++)
        if (plan->expectations[i] != NULL && plan->set.entries[i].expect.check_count > 0)
            return true;
    return false;
}

int plan_checks_new(struct plan *plan, const char *cache, struct plan_checks **ret_checks,
                    struct err *reterr)
{
    struct attaching attaching = {.plan = plan, .reterr = reterr};

    *ret_checks = NULL;
    if (!lists_any(plan))
        return 0;
    attaching.checks = mem_new(1, sizeof *attaching.checks);
    if (attaching.checks == NULL)
        return no_memory(&attaching);
    problems_init(&attaching.problems, &plan->arena, plan->set.file);
    attaching.reader =
        (struct config_reader){&plan->arena, &attaching.problems, path_folder(plan->set.file)};
    map_init(&attaching.known, GOLDEN_ENTRIES_MAX, 0);
    int code = make(&attaching, cache);
    map_release(&attaching.known);
    *ret_checks = attaching.checks; /* the plan frees it, after a failure too */
    return code;
}

const struct examine_checks *plan_checks_of(const struct plan_checks *checks, size_t entry)
{
    return checks != NULL ? checks->of_entry[entry] : NULL;
}

const struct policy *plan_checks_policy(const struct plan_checks *checks, size_t i)
{
    return checks != NULL && i < checks->count ? &checks->policies[i] : NULL;
}

void plan_checks_free(struct plan_checks *checks)
{
    if (checks == NULL)
        return;
    for (size_t i = 0; i < checks->count; i++)
        policy_release(&checks->policies[i]);
    patterns_scratch_free(checks->scratch);
    patterns_free(checks->set);
    words_close(checks->words);
    mem_free(checks);
}
