/* SPDX-License-Identifier: Apache-2.0
 *
 * golden_others: see golden_others.h. */
#include "app/golden_others.h"

#include "app/ask_checks.h"
#include "app/plan_checks.h"

struct asked_sample {
    struct golden_run *run;
    size_t item;
    size_t sample;
    size_t found; /* by us, before the others were asked */
    void (*done)(struct golden_run *run, size_t item, size_t sample);
};

static const struct examine_checks *checks_of(const struct golden_run *run, size_t item)
{
    return plan_checks_of(run->plan->checks, run->plan->items[item].entry);
}

int golden_others_prepare(struct golden_run *run, struct err *reterr)
{
    const struct policy *policy;
    size_t count = 0;
    size_t wanted = 0;

    while (plan_checks_policy(run->plan->checks, count) != NULL)
        count++;
    const struct policy **policies = arena_new(&run->arena, count + 1, sizeof(struct policy *));
    if (policies == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the checks of a golden set");
    for (size_t i = 0; (policy = plan_checks_policy(run->plan->checks, i)) != NULL; i++)
        if (ask_checks_wanted(policy))
            policies[wanted++] = policy;
    if (wanted == 0)
        return 0;
    return ask_checks_new(run->host, &run->plan->settings, policies, wanted, &run->others, reterr);
}

bool golden_others_wanted(const struct golden_run *run, size_t item)
{
    const struct examine_checks *checks = checks_of(run, item);

    return run->others != NULL && checks != NULL && ask_checks_wanted(checks->policy);
}

void golden_others_add(struct golden_run *run, struct sample *sample, const struct finding *finding)
{
    size_t count = sample->verdict.count;
    struct finding *findings = arena_new(&run->arena, count + 1, sizeof *findings);
    struct finding copy = *finding;

    if (findings == NULL || arena_copy(&run->arena, finding->message, &copy.message) != 0
        || arena_copy(&run->arena, finding->evidence, &copy.evidence) != 0) {
        golden_run_broken(run, ERR_MEMORY, "no memory for a finding");
        return;
    }
    if (count != 0) /* examine() owns the list */
        memcpy(findings, sample->verdict.findings, count * sizeof *findings);
    findings[count] = copy;
    sample->verdict = (struct verdict){.findings = findings, .count = count + 1};
}

static int on_found(void *context, const struct policy_check *check, const struct finding *finding)
{
    const struct asked_sample *asked = context;
    struct golden_run *run = asked->run;

    (void)check;
    if (!run->result.interrupted) /* it was ended by us: what it would have said is unknown */
        golden_others_add(run, &run->result.entries[asked->item].samples[asked->sample], finding);
    return 0;
}

static size_t place_of(const struct policy *policy, struct view name)
{
    size_t at = 0;

    while (at < policy->check_count && !view_equal(policy->checks[at].name, name))
        at++;
    return at;
}

/* Who answers first is chance: what they found stands in the order of the checks. */
static void put_in_order(const struct asked_sample *asked)
{
    const struct policy *policy = checks_of(asked->run, asked->item)->policy;
    struct verdict *verdict =
        &asked->run->result.entries[asked->item].samples[asked->sample].verdict;
    struct finding *findings = (struct finding *)(uintptr_t)verdict->findings;

    for (size_t i = asked->found + 1; i < verdict->count; i++)
        for (size_t j = i;
             j > asked->found
             && place_of(policy, findings[j].check) < place_of(policy, findings[j - 1].check);
             j--) {
            struct finding later = findings[j - 1];
            findings[j - 1] = findings[j];
            findings[j] = later;
        }
}

static void on_done(void *context, int code, const struct err *err)
{
    const struct asked_sample *asked = context;

    if (code != 0)
        golden_run_broken(asked->run, code, err->text);
    put_in_order(asked);
    asked->done(asked->run, asked->item, asked->sample);
}

bool golden_others_start(struct golden_run *run, size_t item, size_t sample,
                         void (*done)(struct golden_run *run, size_t item, size_t sample))
{
    const struct run_entry *entry = &run->result.entries[item];
    const struct examine_checks *checks = checks_of(run, item);
    const struct policy_check *rows[POLICY_CHECKS_MAX];
    struct asked_sample *asked = arena_new(&run->arena, 1, sizeof *asked);
    const struct ask_subject subject = {
        .found = on_found,
        .context = asked,
        .id = entry->id,
        .response = entry->samples[sample].answer.reply.text,
        .question = checks->subject->question,
        .system_prompt = checks->subject->system_prompt,
        .sources = checks->subject->sources,
        .source_count = checks->subject->source_count,
    };
    size_t count = 0;
    struct err err = {0};

    for (size_t i = 0; i < checks->policy->check_count; i++)
        if (checks->policy->checks[i].when == POLICY_ASK)
            rows[count++] = &checks->policy->checks[i];
    int code = asked != NULL ? 0 : fail(&err, ERR_MEMORY, "no memory for a check");
    if (code == 0) {
        *asked =
            (struct asked_sample){run, item, sample, entry->samples[sample].verdict.count, done};
        code = ask_checks_start(run->others, &subject, rows, count, on_done, asked, &err);
    }
    if (code != 0)
        golden_run_broken(run, code, err.text);
    return code == 0;
}

void golden_others_interrupt(struct golden_run *run)
{
    if (run->others != NULL)
        ask_checks_interrupt(run->others);
}

void golden_others_release(struct golden_run *run)
{
    ask_checks_free(run->others);
    run->others = NULL;
}
