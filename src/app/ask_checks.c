/* SPDX-License-Identifier: Apache-2.0
 *
 * ask_checks: see ask_checks.h. Questions wait in the queue of their place; whatever ends or
 * begins does so from one task of the loop, so that nothing calls back from inside. */
#include "app/ask_checks.h"

#include <stdio.h>

#include "app/ask_state.h"
#include "base/mem.h"
#include "shell/os/env.h"

enum { TEXT_SIZE_MAX = 2048, SETTINGS_BYTES_MAX = 4 << 20 };

static const size_t ANSWER_BYTES_MAX = (size_t)256 << 20;

/* By kind of check. */
static const struct {
    enum policy_check_kind kind;
    ask_start *start;
} starts[] = {
    {POLICY_JUDGE, ask_judge_start},
    {POLICY_GUARDRAIL, ask_guardrail_start},
    {POLICY_EXEC, ask_exec_start},
};

static ask_start *start_of(enum policy_check_kind kind)
{
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (starts[i].kind == kind)
            return starts[i].start;
    return NULL;
}

bool ask_checks_wanted(const struct policy *policy)
{
    for (size_t i = 0; i < policy->check_count; i++)
        if (policy->checks[i].when == POLICY_ASK)
            return true;
    return false;
}

/* ---- what comes back ------------------------------------------------------------------------ */

void ask_found(struct ask_question *question, struct finding finding)
{
    struct ask_answer *answer = question->answer;
    const struct policy_check *check = question->row->figures.check;

    finding.check = check->name;
    finding.severity = check->severity;
    if (answer->subject.found(answer->subject.context, check, &finding) != 0)
        fail(&answer->err, ERR_MEMORY, "no memory for a finding");
}

void ask_silent(struct ask_question *question, struct view why)
{
    char text[TEXT_SIZE_MAX];

    question->row->figures.failed++;
    snprintf(text, sizeof text, "no verdict: %.*s", VIEW_ARG(why));
    ask_found(question, (struct finding){.message = view_of(text), .evidence = view_of("")});
}

void ask_counted(struct ask_question *question, const struct answer *answer)
{
    struct ask_figures *figures = &question->row->figures;
    const struct usage *usage = &answer->reply.usage;
    int64_t nano_usd = 0;

    figures->attempts += answer->attempts;
    if (!usage->known)
        return;
    figures->tokens_in += (uint64_t)usage->tokens_in;
    figures->tokens_out += (uint64_t)usage->tokens_out;
    if (!target_cost(&question->row->place->target, usage, &nano_usd))
        return;
    figures->has_cost = true;
    figures->cost_nano_usd += nano_usd;
}

void ask_ended(struct ask_question *question)
{
    struct ask_answer *answer = question->answer;

    assert_always(question->is_running && answer->left > 0);
    question->is_running = false;
    question->row->place->in_flight--;
    answer->left--;
    loop_defer(answer->checks->host->loop, &answer->checks->task);
}

/* ---- queues --------------------------------------------------------------------------------- */

static void enqueue(struct ask_question *question)
{
    struct ask_place *place = question->row->place;

    if (place->last != NULL)
        place->last->next = question;
    else
        place->first = question;
    place->last = question;
}

static void begin(struct ask_place *place)
{
    struct ask_question *question = place->first;
    struct err err = {0};

    place->first = question->next;
    if (place->first == NULL)
        place->last = NULL;
    place->in_flight++;
    question->is_running = true;
    if (question->answer->checks->is_interrupted) {
        ask_ended(question);
        return;
    }
    int code = start_of(question->row->figures.check->kind)(question, &err);
    if (code == 0)
        return;
    ask_silent(question, view_of(err.text[0] != '\0' ? err.text : err_text(code)));
    ask_ended(question);
}

static void unlink_answer(struct ask_answer *answer)
{
    if (answer->previous != NULL)
        answer->previous->next = answer->next;
    else
        answer->checks->answers = answer->next;
    if (answer->next != NULL)
        answer->next->previous = answer->previous;
}

static void free_answer(struct ask_answer *answer)
{
    arena_release(&answer->arena);
    mem_free(answer);
}

static void tell_done(struct ask_checks *checks)
{
    struct ask_answer *next;

    for (struct ask_answer *answer = checks->answers; answer != NULL; answer = next) {
        next = answer->next;
        if (answer->left > 0)
            continue;
        unlink_answer(answer);
        answer->done(answer->context, answer->err.code, &answer->err);
        free_answer(answer);
    }
}

static void run(void *context)
{
    struct ask_checks *checks = context;

    tell_done(checks);
    for (size_t i = 0; i < checks->place_count; i++) {
        struct ask_place *place = &checks->places[i];
        while (place->first != NULL && place->in_flight < place->in_flight_max)
            begin(place);
    }
}

/* ---- asking about an answer ----------------------------------------------------------------- */

static size_t repeats_of(const struct policy_check *check)
{
    const struct policy_judge *judge = check->options;

    if (check->kind != POLICY_JUDGE || judge->repeat < 1)
        return 1;
    return judge->repeat < JUDGE_REPEATS_MAX ? (size_t)judge->repeat : JUDGE_REPEATS_MAX;
}

static struct ask_row *row_of(struct ask_checks *checks, const struct policy_check *check)
{
    size_t i = 0;

    while (i < checks->row_count && checks->rows[i].figures.check != check)
        i++;
    assert_always(i < checks->row_count);
    return &checks->rows[i];
}

static int add_questions(struct ask_answer *answer, const struct policy_check *check)
{
    struct ask_checks *checks = answer->checks;
    struct ask_row *row = row_of(checks, check);
    struct ask_grading *grading = NULL;
    size_t repeats = repeats_of(check);

    if (check->kind == POLICY_JUDGE) {
        grading = arena_new(&answer->arena, 1, sizeof *grading);
        if (grading == NULL)
            return ERR_MEMORY;
        grading->left = repeats;
    }
    row->figures.asked++;
    for (size_t i = 0; i < repeats; i++)
        answer->questions[answer->question_count++] =
            (struct ask_question){.answer = answer, .row = row, .grading = grading, .sample = i};
    return 0;
}

static int fill(struct ask_answer *answer, const struct policy_check *const *rows, size_t row_count)
{
    size_t count = 0;
    int code = 0;

    for (size_t i = 0; i < row_count; i++)
        count += repeats_of(rows[i]);
    answer->questions = arena_new(&answer->arena, count + 1, sizeof *answer->questions);
    if (answer->questions == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < row_count && code == 0; i++)
        code = add_questions(answer, rows[i]);
    return code;
}

int ask_checks_start(struct ask_checks *checks, const struct ask_subject *subject,
                     const struct policy_check *const *rows, size_t row_count,
                     ask_checks_done *done, void *context, struct err *reterr)
{
    struct ask_answer *answer = mem_new(1, sizeof *answer);

    if (answer == NULL)
        return fail(reterr, ERR_MEMORY, "no memory to ask about an answer");
    *answer = (struct ask_answer){
        .checks = checks, .subject = *subject, .done = done, .context = context};
    arena_init(&answer->arena, ANSWER_BYTES_MAX);
    if (fill(answer, rows, row_count) != 0) {
        free_answer(answer);
        return fail(reterr, ERR_MEMORY, "no memory to ask about an answer");
    }
    answer->left = answer->question_count;
    answer->next = checks->answers;
    if (checks->answers != NULL)
        checks->answers->previous = answer;
    checks->answers = answer;
    for (size_t i = 0; i < answer->question_count; i++)
        enqueue(&answer->questions[i]);
    loop_defer(checks->host->loop, &checks->task);
    return 0;
}

bool ask_checks_figures(const struct ask_checks *checks, size_t i, struct ask_figures *ret_figures)
{
    if (i >= checks->row_count)
        return false;
    const struct ask_row *row = &checks->rows[i];
    *ret_figures = row->figures;
    ret_figures->agreement_micro =
        row->opinions > 0 ? row->agreement_sum_micro / (int64_t)row->opinions : -1;
    return true;
}

/* ---- life ----------------------------------------------------------------------------------- */

/* "FILE:LINE:COLUMN: judge.tone: target 'x' …" */
static int wrong(const struct policy *policy, const struct policy_check *check, struct view target,
                 const char *what, struct err *reterr)
{
    return fail(reterr, ERR_CONFIG, "%.*s:%u:%u: %.*s: target '%.*s' %s", VIEW_ARG(policy->file),
                check->line, check->column, VIEW_ARG(check->name), VIEW_ARG(target), what);
}

/* A guardrail's region makes a Bedrock target of its own: everything else is as usual. */
static int target_of_region(struct ask_checks *checks, struct view region,
                            const struct settings **ret_settings,
                            const struct settings_target **ret_target, struct err *reterr)
{
    struct settings *settings = arena_new(&checks->arena, 1, sizeof *settings);
    const char *text = arena_printf(
        &checks->arena, "targets.guardrail={kind: bedrock, model: guardrail%s%.*s%s}",
        region.len > 0 ? ", region: \"" : "", VIEW_ARG(region), region.len > 0 ? "\"" : "");
    struct problems problems;

    if (settings == NULL || text == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the policy");
    const struct view override = view_of(text);
    problems_init(&problems, &checks->arena, view_of("guardrail"));
    int code = settings_load(&checks->arena, view_of(""), view_of(""), &override, 1, NULL, NULL,
                             &problems, settings);
    if (code != 0)
        return problems_status(&problems, reterr) != 0 ? code : ERR_MEMORY;
    *ret_settings = settings;
    *ret_target = settings_target_of(settings, view_of("guardrail"));
    return 0;
}

static int find_target(struct ask_checks *checks, const struct policy *policy,
                       const struct policy_check *check, const struct settings **settings,
                       const struct settings_target **ret_target, struct err *reterr)
{
    const struct policy_guardrail *guardrail = check->options;
    const struct policy_judge *judge = check->options;
    struct view name = check->kind == POLICY_JUDGE ? judge->target : guardrail->target;

    if (check->kind == POLICY_GUARDRAIL && name.len == 0)
        return target_of_region(checks, guardrail->region, settings, ret_target, reterr);
    *ret_target = settings_target_of(*settings, name);
    if (*ret_target == NULL)
        return wrong(policy, check, name, "is none of assay.yaml's (-c FILE names another)",
                     reterr);
    if (check->kind == POLICY_GUARDRAIL && (*ret_target)->kind != SETTINGS_BEDROCK)
        return wrong(policy, check, name, "must be of 'kind: bedrock'", reterr);
    return 0;
}

static int open_place(struct ask_checks *checks, const struct settings *settings,
                      const struct settings_target *from, struct ask_place **ret_place,
                      struct err *reterr)
{
    const struct target_overrides overrides = {.max_in_flight = ASK_CHECKS_AT_ONCE};

    for (size_t i = 0; i < checks->place_count; i++)
        if (checks->places[i].target.settings == from && from != NULL) {
            *ret_place = &checks->places[i];
            return 0;
        }
    struct ask_place *place = &checks->places[checks->place_count++];
    place->in_flight_max =
        from->max_in_flight > 0 ? (uint32_t)from->max_in_flight : ASK_CHECKS_AT_ONCE;
    int code = target_prepare(settings, from, &overrides, &checks->arena, &place->target, reterr);
    if (code == 0)
        code = target_open(&place->target, checks->host, &overrides, reterr);
    place->is_open = code == 0;
    *ret_place = place;
    return code;
}

/* Commands keep cores busy: as many at once as there are, twice over. */
static void open_commands(struct ask_checks *checks, struct ask_place **ret_place)
{
    uint32_t most = env_cores() * 2;

    for (size_t i = 0; i < checks->place_count && *ret_place == NULL; i++)
        if (!checks->places[i].is_open)
            *ret_place = &checks->places[i];
    if (*ret_place != NULL)
        return;
    *ret_place = &checks->places[checks->place_count++];
    (*ret_place)->in_flight_max = most < ASK_CHECKS_COMMANDS ? most : ASK_CHECKS_COMMANDS;
}

static int open_row(struct ask_checks *checks, const struct settings *settings,
                    const struct policy *policy, const struct policy_check *check,
                    struct err *reterr)
{
    const struct settings_target *from = NULL;

    if (check->when != POLICY_ASK)
        return 0;
    struct ask_row *row = &checks->rows[checks->row_count++];
    row->figures.check = check;
    if (check->kind == POLICY_EXEC) {
        open_commands(checks, &row->place);
        return 0;
    }
    int code = find_target(checks, policy, check, &settings, &from, reterr);
    return code == 0 ? open_place(checks, settings, from, &row->place, reterr) : code;
}

static int open_rows(struct ask_checks *checks, const struct settings *settings,
                     const struct policy *const *policies, size_t count, struct err *reterr)
{
    size_t rows = 0;
    int code = 0;

    for (size_t i = 0; i < count; i++)
        rows += policies[i]->check_count;
    checks->places = arena_new(&checks->arena, rows + 1, sizeof *checks->places);
    checks->rows = arena_new(&checks->arena, rows + 1, sizeof *checks->rows);
    if (checks->places == NULL || checks->rows == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the policy's checks");
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < policies[i]->check_count && code == 0; j++)
            code = open_row(checks, settings, policies[i], &policies[i]->checks[j], reterr);
    return code;
}

int ask_checks_new(const struct host *host, const struct settings *settings,
                   const struct policy *const *policies, size_t policy_count,
                   struct ask_checks **ret_checks, struct err *reterr)
{
    struct ask_checks *checks = mem_new(1, sizeof *checks);

    if (checks == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the policy's checks");
    checks->host = host;
    checks->task = (struct loop_task){.run = run, .context = checks};
    arena_init(&checks->arena, SETTINGS_BYTES_MAX);
    int code = open_rows(checks, settings, policies, policy_count, reterr);
    if (code != 0) {
        ask_checks_free(checks);
        return code;
    }
    *ret_checks = checks;
    return 0;
}

void ask_checks_interrupt(struct ask_checks *checks)
{
    checks->is_interrupted = true;
    for (size_t i = 0; i < checks->place_count; i++)
        if (checks->places[i].is_open)
            asker_cancel_all(checks->places[i].target.asker);
    for (struct ask_answer *answer = checks->answers; answer != NULL; answer = answer->next)
        for (size_t i = 0; i < answer->question_count; i++)
            if (answer->questions[i].is_running
                && answer->questions[i].row->figures.check->kind == POLICY_EXEC)
                process_end(checks->host->processes, answer->questions[i].process);
    loop_defer(checks->host->loop, &checks->task);
}

static void abandon(struct ask_answer *answer)
{
    for (size_t i = 0; i < answer->question_count; i++)
        if (answer->questions[i].is_running
            && answer->questions[i].row->figures.check->kind == POLICY_EXEC)
            process_abandon(answer->checks->host->processes, answer->questions[i].process);
}

void ask_checks_free(struct ask_checks *checks)
{
    if (checks == NULL)
        return;
    loop_undefer(checks->host->loop, &checks->task);
    for (size_t i = 0; i < checks->place_count; i++)
        if (checks->places[i].is_open)
            target_close(&checks->places[i].target);
    while (checks->answers != NULL) {
        struct ask_answer *answer = checks->answers;
        checks->answers = answer->next;
        abandon(answer);
        free_answer(answer);
    }
    arena_release(&checks->arena);
    mem_free(checks);
}
