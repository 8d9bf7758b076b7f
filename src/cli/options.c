/* SPDX-License-Identifier: Apache-2.0
 *
 * options: see options.h. One reader for each kind, found by table. */
#include "cli/options.h"

#include "base/nearest.h"
#include "base/view.h"

struct reading {
    const struct options_table *tables;
    size_t table_count;
    unsigned char *into;
    struct err *reterr;
};

static const int64_t NANO = 1000000000;

int options_duration(const char *text, uint64_t *ret_ns)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"ms", 1e6}, {"us", 1e3},   {"ns", 1},     {"s", 1e9},
                 {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
    struct view whole = view_of(text);
    double value;

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct view unit = view_of(units[i].unit);
        if (!view_ends(whole, unit))
            continue;
        if (view_to_double(view_slice(whole, 0, whole.len - unit.len), &value) != 0)
            continue;
        if (value < 0 || value * units[i].ns > 1e18)
            return ERR_INVALID;
        *ret_ns = (uint64_t)(value * units[i].ns);
        return 0;
    }
    return ERR_INVALID;
}

static int read_flag(struct reading *reading, const struct option *option, const char *value)
{
    (void)value;
    *(bool *)(reading->into + option->offset) = true;
    return 0;
}

static int read_text(struct reading *reading, const struct option *option, const char *value)
{
    *(const char **)(void *)(reading->into + option->offset) = value;
    return 0;
}

static int read_int(struct reading *reading, const struct option *option, const char *value)
{
    int64_t number;

    if (view_to_int(view_of(value), &number) != 0 || number < option->low || number > option->high)
        return fail(reading->reterr, ERR_USAGE, "--%s: '%s' is no whole number from %lld to %lld",
                    option->name, value, (long long)option->low, (long long)option->high);
    *(int64_t *)(void *)(reading->into + option->offset) = number;
    return 0;
}

static int read_duration(struct reading *reading, const struct option *option, const char *value)
{
    uint64_t ns;

    if (options_duration(value, &ns) != 0)
        return fail(reading->reterr, ERR_USAGE,
                    "--%s: '%s' is no duration; write it with its unit, like 30s or 250ms",
                    option->name, value);
    *(uint64_t *)(void *)(reading->into + option->offset) = ns;
    return 0;
}

static int read_dollars(struct reading *reading, const struct option *option, const char *value)
{
    double dollars;

    if (view_to_double(view_of(value), &dollars) != 0 || dollars < 0 || dollars > 1e9)
        return fail(reading->reterr, ERR_USAGE, "--%s: '%s' is no amount in dollars, like 5.00",
                    option->name, value);
    *(int64_t *)(void *)(reading->into + option->offset) = (int64_t)(dollars * (double)NANO + 0.5);
    return 0;
}

static int read_choice(struct reading *reading, const struct option *option, const char *value)
{
    struct view rest = view_of(option->choices);

    while (rest.ptr != NULL)
        if (view_is(view_split(&rest, ','), value))
            return read_text(reading, option, value);
    return fail(reading->reterr, ERR_USAGE, "--%s: '%s' is none of %s", option->name, value,
                option->choices);
}

static int read_list(struct reading *reading, const struct option *option, const char *value)
{
    struct option_list *list = (void *)(reading->into + option->offset);

    if (list->count == OPTION_LIST_MAX)
        return fail(reading->reterr, ERR_USAGE, "--%s: given more than %d times", option->name,
                    OPTION_LIST_MAX);
    list->items[list->count++] = value;
    return 0;
}

static int (*const readers[])(struct reading *, const struct option *, const char *) = {
    [OPTION_FLAG] = read_flag,       [OPTION_TEXT] = read_text,
    [OPTION_INT] = read_int,         [OPTION_DURATION] = read_duration,
    [OPTION_DOLLARS] = read_dollars, [OPTION_CHOICE] = read_choice,
    [OPTION_LIST] = read_list,
};

static const struct option *find_long(const struct reading *reading, struct view name)
{
    for (size_t t = 0; t < reading->table_count; t++)
        for (size_t i = 0; i < reading->tables[t].count; i++)
            if (view_is(name, reading->tables[t].items[i].name))
                return &reading->tables[t].items[i];
    return NULL;
}

static const struct option *find_letter(const struct reading *reading, char letter)
{
    for (size_t t = 0; t < reading->table_count; t++)
        for (size_t i = 0; i < reading->tables[t].count; i++)
            if (reading->tables[t].items[i].letter == letter)
                return &reading->tables[t].items[i];
    return NULL;
}

static int unknown(const struct reading *reading, struct view name)
{
    struct view names[OPTION_LIST_MAX * 2];
    size_t count = 0;

    for (size_t t = 0; t < reading->table_count; t++)
        for (size_t i = 0; i < reading->tables[t].count && count < OPTION_LIST_MAX * 2; i++)
            names[count++] = view_of(reading->tables[t].items[i].name);
    struct view near = nearest_of(name, names, count);
    if (near.ptr != NULL)
        return fail(reading->reterr, ERR_USAGE, "unknown option --%.*s, did you mean --%.*s?",
                    VIEW_ARG(name), VIEW_ARG(near));
    return fail(reading->reterr, ERR_USAGE, "unknown option --%.*s (--help lists them)",
                VIEW_ARG(name));
}

/* One option at argv[*at]; moves *at to the last word it used. */
static int read_option(struct reading *reading, int argc, char *const argv[], int *at)
{
    struct view word = view_of(argv[*at]);
    bool is_long = view_starts(word, view_of("--"));
    size_t equals = is_long ? view_find_byte(word, '=') : word.len;
    struct view name = view_slice(word, is_long ? 2 : 1, equals);
    const struct option *option =
        is_long ? find_long(reading, name) : find_letter(reading, word.ptr[1]);
    const char *value = NULL;

    if (option == NULL && !is_long)
        return fail(reading->reterr, ERR_USAGE, "unknown option -%c (--help lists them)",
                    word.ptr[1]);
    if (option == NULL)
        return unknown(reading, name);
    if (is_long && equals < word.len)
        value = word.ptr + equals + 1;
    else if (!is_long && word.len > 2)
        value = word.ptr + 2;
    if (option->kind == OPTION_FLAG && value != NULL)
        return fail(reading->reterr, ERR_USAGE, "--%s takes no value", option->name);
    if (option->kind != OPTION_FLAG && value == NULL) {
        if (*at + 1 >= argc)
            return fail(reading->reterr, ERR_USAGE, "--%s needs a value: --%s %s", option->name,
                        option->name, option->value);
        value = argv[++*at];
    }
    return readers[option->kind](reading, option, value);
}

int options_read(const struct options_table *tables, size_t table_count, int argc,
                 char *const argv[], void *into, struct operands *ret_operands, struct err *reterr)
{
    struct reading reading = {tables, table_count, into, reterr};
    bool only_operands = false;

    ret_operands->count = 0;
    for (int at = 1; at < argc; at++) {
        struct view word = view_of(argv[at]);
        if (!only_operands && view_is(word, "--")) {
            only_operands = true;
            continue;
        }
        if (!only_operands && word.len > 1 && word.ptr[0] == '-') {
            int code = read_option(&reading, argc, argv, &at);
            if (code != 0)
                return code;
            continue;
        }
        if (ret_operands->count == OPERANDS_MAX)
            return fail(reterr, ERR_USAGE, "more than %d operands", OPERANDS_MAX);
        ret_operands->items[ret_operands->count++] = argv[at];
    }
    return 0;
}
