/* SPDX-License-Identifier: Apache-2.0
 *
 * policy_plan: from a policy that was read to one that can be used: its rules join the plan of a
 * scan set, and what is not looked for by the set is compiled. */
#include "core/validate/policy_internal.h"

#include "text/injection.h"
#include "text/pattern.h"
#include "text/secrets.h"

enum { WORD_EXPRESSION_MAX = 64 * 1024 };

/* ---- planning -------------------------------------------------------------------------------- */

struct planning {
    struct policy *policy;
    struct arena *arena;
    struct scan_plan *plan;
    struct policy_check *row;
    uint32_t *rules;
    uint32_t *tags;
    size_t room;
    struct err *reterr;
};

static int at_row(const struct planning *planning, uint32_t line, uint32_t column, int code,
                  const char *what)
{
    const struct policy_check *row = planning->row;

    if (code == ERR_MEMORY)
        return fail(planning->reterr, code, "no memory for the patterns of a policy");
    return fail(planning->reterr, code, "%.*s:%u:%u: %.*s: %s", VIEW_ARG(planning->policy->file),
                line, column, VIEW_ARG(row->name), what);
}

static int grow(struct planning *planning)
{
    enum { FIRST = 32 };
    size_t room = planning->room != 0 ? planning->room * 2 : FIRST;

    if (planning->row->rule_count < planning->room)
        return 0;
    uint32_t *rules = arena_new(planning->arena, room, sizeof *rules);
    uint32_t *tags = arena_new(planning->arena, room, sizeof *tags);
    if (rules == NULL || tags == NULL)
        return ERR_MEMORY;
    if (planning->row->rule_count > 0) {
        memcpy(rules, planning->rules, planning->row->rule_count * sizeof *rules);
        memcpy(tags, planning->tags, planning->row->rule_count * sizeof *tags);
    }
    planning->rules = rules;
    planning->tags = tags;
    planning->room = room;
    return 0;
}

/* Of two words with one rule, the one that is forbidden sooner; of anything else the first. */
static void share_rule(struct planning *planning, size_t place, uint32_t tag)
{
    const struct expect_keyword *words = planning->policy->expect.forbidden.items;

    if (planning->row->kind == POLICY_FORBIDDEN
        && words[tag].at_least < words[planning->tags[place]].at_least)
        planning->tags[place] = tag;
}

/* Adds a rule of the row that stands for `tag`. One that it has already is not judged twice. */
static int add_rule(struct planning *planning, const struct scan_rule *rule, uint32_t tag,
                    uint32_t line, uint32_t column)
{
    struct scan_rule spelled = *rule;
    struct err err = {.code = 0};
    uint32_t index;

    spelled.flags |= planning->policy->lookalikes ? SCAN_LOOKALIKES : 0;
    int code = grow(planning);
    if (code == 0)
        code = scan_plan_add(planning->plan, &spelled, &index, &err);
    if (code != 0)
        return at_row(planning, line, column, code, err.text);
    for (size_t i = 0; i < planning->row->rule_count; i++)
        if (planning->rules[i] == index) {
            share_rule(planning, i, tag);
            return 0;
        }
    planning->rules[planning->row->rule_count] = index;
    planning->tags[planning->row->rule_count] = tag;
    planning->row->rule_count++;
    return 0;
}

static int add_rules(struct planning *planning, const struct scan_rule *rules, size_t count,
                     uint32_t tag)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < count; i++)
        code = add_rule(planning, &rules[i], tag, planning->row->line, planning->row->column);
    return code;
}

static int plan_personal_data(struct planning *planning)
{
    const struct policy_personal_data *options = planning->row->options;
    size_t count;
    int code = 0;

    for (unsigned i = 0; code == 0 && i < PERSONAL_KIND_COUNT; i++)
        if (options->kinds[i]) {
            const struct scan_rule *rules = personal_rules((enum personal_kind)i, &count);
            code = add_rules(planning, rules, count, i);
        }
    if (code == 0 && options->order_id.len > 0) {
        const struct scan_rule rule = {.name = VIEW("personal_data.order_id"),
                                       .expression = options->order_id,
                                       .flags = SCAN_CASELESS};
        code = add_rules(planning, &rule, 1, POLICY_ORDER_ID);
    }
    return code;
}

static int plan_texts(struct planning *planning, const struct config_list *texts, const char *name,
                      unsigned flags)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < texts->count; i++) {
        const struct scan_rule rule = {
            .name = view_of(name), .expression = texts->items[i], .flags = flags | SCAN_LITERAL};
        code = add_rules(planning, &rule, 1, (uint32_t)i);
    }
    return code;
}

static int plan_secret(struct planning *planning)
{
    const struct policy_secret *options = planning->row->options;
    size_t count;
    const struct scan_rule *rules = secret_rules(&count);

    int code = add_rules(planning, rules, count, UINT32_MAX);
    return code == 0 ? plan_texts(planning, &options->values, "secret.value", SCAN_SECRET) : code;
}

static int plan_injection(struct planning *planning)
{
    size_t count;
    const struct scan_rule *rules = injection_rules(&count);

    return add_rules(planning, rules, count, 0);
}

static int plan_canary(struct planning *planning)
{
    const struct policy_canary *options = planning->row->options;

    return plan_texts(planning, &options->strings, "canary", SCAN_CASELESS);
}

static int plan_pattern(struct planning *planning)
{
    const struct policy_pattern *options = planning->row->options;
    const struct scan_rule rule = {
        .name = planning->row->name, .expression = options->not_, .flags = SCAN_CASELESS};

    return options->not_.len > 0 ? add_rules(planning, &rule, 1, 0) : 0;
}

/* Writes texts[0, count) of the word as one expression. */
static int write_texts(const struct expect_keyword *keyword, const struct view *texts, size_t count,
                       struct strbuf *out)
{
    int code = 0;

    strbuf_add_text(out, count > 1 ? "(?:" : "");
    for (size_t i = 0; code == 0 && i < count; i++) {
        strbuf_add_text(out, i > 0 ? "|" : "");
        if (keyword->is_pattern)
            strbuf_add(out, texts[i]);
        else
            code = scan_word_expression(texts[i], keyword->whole_word, out);
    }
    strbuf_add_text(out, count > 1 ? ")" : "");
    return code == 0 ? strbuf_status(out) : code;
}

static int plan_word(struct planning *planning, const struct expect_keyword *keyword,
                     const struct view *texts, size_t count, uint32_t tag)
{
    struct scan_rule rule = {.name = VIEW("forbidden"), .flags = SCAN_CASELESS};
    struct strbuf expression;

    strbuf_init(&expression, WORD_EXPRESSION_MAX);
    int code = write_texts(keyword, texts, count, &expression);
    rule.expression = strbuf_view(&expression);
    if (code != 0)
        code = at_row(planning, keyword->line, keyword->column, code, err_text(code));
    else
        code = add_rule(planning, &rule, tag, keyword->line, keyword->column);
    strbuf_release(&expression);
    return code;
}

/* A word that is forbidden from its n-th time on is one rule, whatever its texts: matches of
 * several are settled as the text comes, and which is the n-th would depend on its cuts. */
static int plan_forbidden(struct planning *planning)
{
    const struct expect_keywords *words = &planning->policy->expect.forbidden;
    int code = 0;

    for (size_t i = 0; code == 0 && i < words->count; i++) {
        const struct expect_keyword *word = &words->items[i];
        size_t at_once = word->at_least > 1 ? word->text_count : 1;
        for (size_t j = 0; code == 0 && j < word->text_count; j += at_once)
            code = plan_word(planning, word, &word->texts[j], at_once, (uint32_t)i);
    }
    return code;
}

static int (*const planners[POLICY_CHECK_KINDS])(struct planning *) = {
    [POLICY_FORBIDDEN] = plan_forbidden,
    [POLICY_SECRET] = plan_secret,
    [POLICY_PERSONAL_DATA] = plan_personal_data,
    [POLICY_INJECTION] = plan_injection,
    [POLICY_CANARY] = plan_canary,
    [POLICY_PATTERN] = plan_pattern,
};

static struct policy_check *copy_rows(struct policy *policy, struct arena *arena)
{
    struct policy_check *rows = arena_new(arena, policy->check_count + 1, sizeof *rows);

    if (rows != NULL && policy->check_count > 0)
        memcpy(rows, policy->checks, policy->check_count * sizeof *rows);
    return rows;
}

int policy_plan(struct policy *policy, struct arena *arena, struct scan_plan *plan,
                struct err *reterr)
{
    struct policy_check *rows = copy_rows(policy, arena);

    if (rows == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the patterns of a policy");
    for (size_t i = 0; i < policy->check_count; i++) {
        struct planning planning = {
            .policy = policy, .arena = arena, .plan = plan, .row = &rows[i], .reterr = reterr};
        int code = planners[rows[i].kind] != NULL ? planners[rows[i].kind](&planning) : 0;
        if (code != 0)
            return code;
        rows[i].rules = planning.rules;
        rows[i].tags = planning.tags;
    }
    policy->checks = rows;
    return 0;
}

/* ---- binding --------------------------------------------------------------------------------- */

/* The expressions of a row that are no rules of the set. */
static void expressions_of(const struct policy_check *row, const struct view **ret_items,
                           size_t *ret_count)
{
    const struct policy_allow *allow = NULL;

    *ret_count = 0;
    if (row->kind == POLICY_PERSONAL_DATA)
        allow = &((const struct policy_personal_data *)row->options)->allow;
    if (row->kind == POLICY_VALUE)
        allow = &((const struct policy_value *)row->options)->allow;
    if (allow != NULL) {
        *ret_items = allow->patterns;
        *ret_count = allow->pattern_count;
    }
    if (row->kind == POLICY_PATTERN) {
        *ret_items = &((const struct policy_pattern *)row->options)->match;
        *ret_count = (*ret_items)->len > 0 ? 1 : 0;
    }
}

static void free_patterns(struct policy_check *row)
{
    for (size_t i = 0; i < row->pattern_count; i++)
        pattern_free(row->patterns[i]);
    row->pattern_count = 0;
}

/* One that must match as a whole is compiled as it stands first: errors then count its
 * characters. */
static int new_pattern(struct view expression, bool is_whole, struct pattern **ret_pattern,
                       struct err *reterr)
{
    struct strbuf whole;

    int code = pattern_new(expression, ret_pattern, reterr);
    if (code != 0 || !is_whole)
        return code;
    pattern_free(*ret_pattern);
    strbuf_init(&whole, PATTERN_SOURCE_MAX);
    strbuf_printf(&whole, "\\A(?:%.*s)\\z", VIEW_ARG(expression));
    code = strbuf_status(&whole);
    if (code == 0)
        code = pattern_new(strbuf_view(&whole), ret_pattern, reterr);
    strbuf_release(&whole);
    return code;
}

static int bind_patterns(const struct policy *policy, struct arena *arena, struct policy_check *row,
                         struct err *reterr)
{
    const struct view *expressions;
    size_t count;
    struct err err = {.code = 0};

    expressions_of(row, &expressions, &count);
    struct pattern **patterns = arena_new(arena, count + 1, sizeof(struct pattern *));
    if (patterns == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for a policy");
    row->patterns = patterns;
    row->pattern_count = 0;
    for (size_t i = 0; i < count; i++) {
        int code = new_pattern(expressions[i], row->kind != POLICY_PATTERN, &patterns[i], &err);
        if (code != 0) {
            free_patterns(row);
            return fail(reterr, code, "%.*s:%u:%u: %.*s: %s", VIEW_ARG(policy->file), row->line,
                        row->column, VIEW_ARG(row->name), err.text);
        }
        row->pattern_count++;
    }
    return 0;
}

/* Whether matches of the row's rule are masked or cut. */
static bool holds(const struct policy_check *row, uint32_t tag)
{
    if (row->kind == POLICY_PERSONAL_DATA)
        return ((const struct policy_personal_data *)row->options)->kind_actions[tag]
               != POLICY_ACCEPT;
    return row->action != POLICY_ACCEPT;
}

static int bind_rules(struct policy *policy, struct arena *arena, const struct scan_set *set)
{
    size_t count = set != NULL ? scan_set_count(set) : 0;
    bool *wanted = arena_new(arena, count + 1, sizeof *wanted);
    bool *held = arena_new(arena, count + 1, sizeof *held);

    if (wanted == NULL || held == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < policy->check_count; i++) {
        const struct policy_check *row = &policy->checks[i];
        for (size_t j = 0; j < row->rule_count; j++) {
            assert_always(row->rules[j] < count);
            wanted[row->rules[j]] = true;
            held[row->rules[j]] = held[row->rules[j]] || holds(row, row->tags[j]);
        }
    }
    policy->wanted = wanted;
    policy->held = held;
    policy->set = set;
    return 0;
}

int policy_bind(struct policy *policy, struct arena *arena, const struct scan_set *set,
                struct err *reterr)
{
    const struct expectation_place place = {.file = policy->file, .line = 1, .column = 1};
    struct policy_check *rows = copy_rows(policy, arena);
    int code = 0;

    if (rows == NULL || bind_rules(policy, arena, set) != 0)
        return fail(reterr, ERR_MEMORY, "no memory for a policy");
    policy->checks = rows;
    for (size_t i = 0; code == 0 && i < policy->check_count; i++)
        code = bind_patterns(policy, arena, &rows[i], reterr);
    if (code == 0)
        code = expectation_new(&policy->expect, &place, &policy->expectation, reterr);
    if (code != 0)
        policy_release(policy);
    return code;
}

void policy_release(struct policy *policy)
{
    struct policy_check *rows = (struct policy_check *)(uintptr_t)policy->checks;

    for (size_t i = 0; i < policy->check_count; i++)
        free_patterns(&rows[i]);
    expectation_free(policy->expectation);
    policy->expectation = NULL;
    policy->set = NULL;
}
