/* SPDX-License-Identifier: Apache-2.0
 *
 * policy_options: the options of each kind of row, as far as one key alone does not decide. */
#include "core/validate/policy_internal.h"

#include <stdio.h>

#include "base/nearest.h"
#include "text/support.h"

struct finishing {
    const struct config_reader *reader;
    const struct policy_check *row;
    const struct json *at;
};

/* The member's value; the row itself where it has none, for a place. */
static const struct json *place_of(const struct finishing *finishing, const char *key)
{
    const struct json *value = json_get(finishing->at, key);
    return value != NULL ? value : finishing->at;
}

static bool is_given(const struct finishing *finishing, const char *key)
{
    const struct json *value = json_get(finishing->at, key);
    return value != NULL && value->kind != JSON_NULL;
}

/* ---- allow-lists ----------------------------------------------------------------------------- */

static void read_allowed(const struct finishing *finishing, const struct json *item,
                         struct view *texts, struct view *patterns, struct policy_allow *allow)
{
    const struct json *match = item->kind == JSON_OBJECT ? json_get(item, "match") : NULL;

    if (item->kind == JSON_STRING && item->text.len > 0)
        texts[allow->text_count++] = item->text;
    else if (item->kind == JSON_NUMBER)
        texts[allow->text_count++] = item->text;
    else if (json_is(match, JSON_STRING) && match->text.len > 0 && item->count == 1)
        patterns[allow->pattern_count++] = match->text;
    else
        problems_at(finishing->reader->problems, item,
                    "what is allowed is a text, or an expression as in {match: '03-.*'}");
}

static int read_allow(const struct finishing *finishing, const struct json *value,
                      struct policy_allow *ret_allow)
{
    if (value == NULL)
        return 0;
    bool list = value->kind == JSON_ARRAY;
    size_t count = list ? value->count : 1;
    struct view *texts = arena_new(finishing->reader->arena, count + 1, sizeof *texts);
    struct view *patterns = arena_new(finishing->reader->arena, count + 1, sizeof *patterns);
    struct policy_allow allow = {.texts = texts, .patterns = patterns};

    if (texts == NULL || patterns == NULL)
        return ERR_MEMORY;
    const struct json *item = list ? value->child : value;
    for (size_t i = 0; i < count; i++, item = item->next)
        read_allowed(finishing, item, texts, patterns, &allow);
    *ret_allow = allow;
    return 0;
}

/* ---- personal data --------------------------------------------------------------------------- */

static bool kind_named(const struct finishing *finishing, struct view name, const struct json *at,
                       unsigned *ret_kind)
{
    struct view names[POLICY_PERSONAL_KINDS];
    enum personal_kind kind;

    if (personal_kind_named(name, &kind)) {
        *ret_kind = kind;
        return true;
    }
    if (view_is(name, "order_id")) {
        *ret_kind = POLICY_ORDER_ID;
        return true;
    }
    for (unsigned i = 0; i < PERSONAL_KIND_COUNT; i++)
        names[i] = personal_kind_name((enum personal_kind)i);
    names[POLICY_ORDER_ID] = view_of("order_id");
    struct view near = nearest_of(name, names, POLICY_PERSONAL_KINDS);
    if (near.ptr != NULL)
        problems_at(finishing->reader->problems, at,
                    "unknown kind of personal data %s, did you mean '%.*s'?",
                    problems_quote(name).text, VIEW_ARG(near));
    else
        problems_at(finishing->reader->problems, at,
                    "unknown kind of personal data %s: there are email, phone, postal_code, "
                    "address, my_number, card, iban, us_ssn, ip, url, order_id and the papers "
                    "(docs/validation.md)",
                    problems_quote(name).text);
    return false;
}

static void read_kinds(const struct finishing *finishing, struct policy_personal_data_keys *keys)
{
    bool *kinds = keys->options.kinds;
    unsigned kind;

    for (size_t i = 0; i < keys->kinds.count; i++)
        if (kind_named(finishing, keys->kinds.items[i], place_of(finishing, "kinds"), &kind))
            kinds[kind] = true;
    if (is_given(finishing, "kinds") && keys->kinds.count == 0)
        problems_at(finishing->reader->problems, place_of(finishing, "kinds"),
                    "'kinds' is empty: name some, or leave the key out for the default ones");
    for (unsigned i = 0; !is_given(finishing, "kinds") && i < PERSONAL_KIND_COUNT; i++)
        kinds[i] = personal_kind_is_default((enum personal_kind)i);
    if (keys->options.order_id.len > 0)
        kinds[POLICY_ORDER_ID] = true;
    else if (kinds[POLICY_ORDER_ID])
        problems_at(finishing->reader->problems, place_of(finishing, "kinds"),
                    "the kind 'order_id' needs an expression: add order_id: 'ORD-[0-9]{6}'");
}

static void read_kind_action(const struct finishing *finishing, const struct json *member,
                             struct policy_personal_data *options)
{
    unsigned kind;
    unsigned action = 0;

    if (!kind_named(finishing, member->key, member, &kind))
        return;
    while (policy_actions[action] != NULL && !view_is(member->text, policy_actions[action]))
        action++;
    if (policy_actions[action] == NULL) {
        problems_at(finishing->reader->problems, member,
                    "an action is one of accept, mask, retry, fallback, block, found %s",
                    problems_quote(member->text).text);
        return;
    }
    options->kinds[kind] = true;
    options->kind_actions[kind] = (enum policy_action)action;
}

static int finish_personal_data(const struct finishing *finishing, void *at)
{
    struct policy_personal_data_keys *keys = at;

    read_kinds(finishing, keys);
    for (unsigned i = 0; i < POLICY_PERSONAL_KINDS; i++)
        keys->options.kind_actions[i] = finishing->row->action;
    const struct json *first = keys->actions != NULL ? keys->actions->child : NULL;
    for (const struct json *member = first; member != NULL; member = member->next)
        read_kind_action(finishing, member, &keys->options);
    return read_allow(finishing, keys->allow, &keys->options.allow);
}

/* ---- the others ------------------------------------------------------------------------------ */

static void refuse_empty(const struct finishing *finishing, const struct config_list *list,
                         const char *key)
{
    if (is_given(finishing, key) && list->count == 0)
        problems_at(finishing->reader->problems, place_of(finishing, key), "'%s' is empty", key);
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].len == 0)
            problems_at(finishing->reader->problems, place_of(finishing, key),
                        "'%s' holds an empty text, which is everywhere", key);
}

static int finish_secret(const struct finishing *finishing, void *at)
{
    const struct policy_secret_keys *keys = at;

    refuse_empty(finishing, &keys->options.values, "values");
    return 0;
}

static int finish_canary(const struct finishing *finishing, void *at)
{
    const struct policy_canary_keys *keys = at;

    refuse_empty(finishing, &keys->options.strings, "strings");
    return 0;
}

static int finish_stop_reason(const struct finishing *finishing, void *at)
{
    static const char *const keys_of[] = {"max_tokens", "content_filtered", "guardrail_intervened",
                                          "malformed", "context_window_exceeded"};
    const struct policy_stop_reason *options =
        &((const struct policy_stop_reason_keys *)at)->options;
    const enum policy_action actions[] = {options->max_tokens, options->content_filtered,
                                          options->guardrail_intervened, options->malformed,
                                          options->context_window_exceeded};

    for (size_t i = 0; i < sizeof keys_of / sizeof keys_of[0]; i++)
        if (actions[i] == POLICY_MASK)
            problems_at(finishing->reader->problems, place_of(finishing, keys_of[i]),
                        "an answer that ended so has no places that could be masked: use accept, "
                        "retry or fallback");
    return 0;
}

static int finish_length(const struct finishing *finishing, void *at)
{
    const struct policy_length_keys *keys = at;
    const struct policy_length *options = &keys->options;

    if (options->max_chars >= 0 && options->min_chars > options->max_chars)
        problems_at(finishing->reader->problems, place_of(finishing, "min_chars"),
                    "min_chars %lld is more than max_chars %lld: no answer can be both",
                    (long long)options->min_chars, (long long)options->max_chars);
    if (options->max_words >= 0 && options->min_words > options->max_words)
        problems_at(finishing->reader->problems, place_of(finishing, "min_words"),
                    "min_words %lld is more than max_words %lld: no answer can be both",
                    (long long)options->min_words, (long long)options->max_words);
    return 0;
}

static int finish_value(const struct finishing *finishing, void *at)
{
    struct policy_value_keys *keys = at;

    return read_allow(finishing, keys->allow, &keys->options.allow);
}

static int finish_pattern(const struct finishing *finishing, void *at)
{
    const struct policy_pattern_keys *keys = at;
    bool is_match = is_given(finishing, "match");
    struct view expression = is_match ? keys->options.match : keys->options.not_;

    if (is_match == is_given(finishing, "not"))
        problems_at(finishing->reader->problems, finishing->at,
                    "a pattern check needs either 'match: EXPRESSION' or 'not: EXPRESSION'");
    else if (expression.len == 0 || expression.len > POLICY_PATTERN_MAX)
        problems_at(finishing->reader->problems, place_of(finishing, is_match ? "match" : "not"),
                    "an expression has 1 to %d bytes", POLICY_PATTERN_MAX);
    return 0;
}

static int finish_assert(const struct finishing *finishing, void *at)
{
    struct policy_assert_keys *keys = at;

    return assert_read(finishing->reader, finishing->at, &keys->keys, &keys->options.item);
}

static int finish_judge(const struct finishing *finishing, void *at)
{
    enum { MARK_MAX = 1000, MICRO_OF_ONE = 1000000 };
    struct policy_judge_keys *keys = at;
    struct policy_judge *options = &keys->options;
    struct view rest = keys->scale;
    struct view low = view_trim(view_split(&rest, '-'));

    if (view_to_int(low, &options->scale_min) != 0
        || view_to_int(view_trim(rest), &options->scale_max) != 0
        || options->scale_min >= options->scale_max || options->scale_max > MARK_MAX) {
        problems_at(finishing->reader->problems, place_of(finishing, "scale"),
                    "'scale' must be the lowest and the highest mark, as in 1-5, found %s",
                    problems_quote(keys->scale).text);
        return 0;
    }
    if (!is_given(finishing, "floor"))
        options->floor_micro = (options->scale_min + options->scale_max) * MICRO_OF_ONE / 2;
    else if (options->floor_micro < options->scale_min * MICRO_OF_ONE
             || options->floor_micro > options->scale_max * MICRO_OF_ONE)
        problems_at(finishing->reader->problems, place_of(finishing, "floor"),
                    "'floor' lies outside the scale of %lld to %lld", (long long)options->scale_min,
                    (long long)options->scale_max);
    return 0;
}

static int finish_exec(const struct finishing *finishing, void *at)
{
    struct policy_exec_keys *keys = at;

    keys->options.is_line = json_is(json_get(finishing->at, "command"), JSON_STRING);
    refuse_empty(finishing, &keys->options.command, "command");
    return 0;
}

static int (*const finishers[POLICY_CHECK_KINDS])(const struct finishing *, void *) = {
    [POLICY_PERSONAL_DATA] = finish_personal_data,
    [POLICY_SECRET] = finish_secret,
    [POLICY_CANARY] = finish_canary,
    [POLICY_STOP_REASON] = finish_stop_reason,
    [POLICY_LENGTH] = finish_length,
    [POLICY_VALUE] = finish_value,
    [POLICY_PATTERN] = finish_pattern,
    [POLICY_ASSERT] = finish_assert,
    [POLICY_JUDGE] = finish_judge,
    [POLICY_EXEC] = finish_exec,
};

int policy_finish_options(const struct config_reader *reader, const struct policy_check *row,
                          const struct json *at, void *keys)
{
    const struct finishing finishing = {reader, row, at};

    return finishers[row->kind] != NULL ? finishers[row->kind](&finishing, keys) : 0;
}

void policy_begin_options(enum policy_check_kind kind, void *keys)
{
    static const struct policy_length no_length = {-1, -1, -1, -1, -1, -1};

    if (kind == POLICY_LENGTH)
        ((struct policy_length_keys *)keys)->options = no_length;
    if (kind == POLICY_LOW)
        ((struct policy_low_keys *)keys)->options.floor_micro = SUPPORT_FLOOR_MICRO;
}
