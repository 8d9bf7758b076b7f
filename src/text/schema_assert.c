/* SPDX-License-Identifier: Apache-2.0
 *
 * schema_assert: the keywords that judge a value by itself: type, enum, const, numbers, strings,
 * sizes, names that must be there; see schema_internal.h.
 *
 * Memory: none but texts of errors. Threads: as the run. */
#include <inttypes.h>
#include <stdio.h>

#include "base/utf8.h"
#include "text/schema_internal.h"

enum { SHOWN_MAX = 60, SHOWN_SIZE = 80 };

/* A value as JSON, cut where it is long. */
static const char *show(const struct json *value, char out[SHOWN_SIZE])
{
    struct strbuf text;
    struct json_writer writer;

    strbuf_init(&text, 4096); /* what is longer is cut anyway */
    json_writer_init(&writer, &text, 0);
    json_write_tree(&writer, value);
    struct view cut = utf8_cut(strbuf_view(&text), SHOWN_MAX);
    bool whole = cut.len == text.len && text.status == 0;
    snprintf(out, SHOWN_SIZE, "%.*s%s", VIEW_ARG(cut), whole ? "" : "...");
    strbuf_release(&text);
    return out;
}

static struct view shown_name(struct view name)
{
    return utf8_cut(name, SHOWN_MAX);
}

static bool is_whole(const struct json *value)
{
    struct json_decimal decimal;

    return json_decimal_read(value->text, &decimal) == 0 && json_decimal_is_whole(&decimal);
}

bool schema_check_type(struct frame *frame, const struct schema_rule *rule)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {
        {1u << JSON_NULL, "null"},        {1u << JSON_TRUE, "true or false"},
        {TYPE_INTEGER, "an integer"},     {1u << JSON_NUMBER, "a number"},
        {1u << JSON_STRING, "a string"},  {1u << JSON_ARRAY, "an array"},
        {1u << JSON_OBJECT, "an object"},
    };
    static const char *const articles[] = {"null",     "a boolean", "a boolean", "a number",
                                           "a string", "an array",  "an object"};
    const struct json *value = frame->instance;
    char expected[128] = "";
    size_t len = 0;

    if ((rule->kinds >> value->kind & 1) != 0)
        return true;
    if (value->kind == JSON_NUMBER && (rule->kinds & TYPE_INTEGER) != 0 && is_whole(value))
        return true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        bool part_of_number =
            names[i].bit == TYPE_INTEGER && (rule->kinds & 1u << JSON_NUMBER) != 0;
        if ((rule->kinds & names[i].bit) == 0 || part_of_number)
            continue;
        int written = snprintf(expected + len, sizeof expected - len, "%s%s",
                               len != 0 ? " or " : "", names[i].name);
        len += (size_t)written;
    }
    if (value->kind == JSON_NUMBER)
        return schema_unfit(frame, rule, "must be %s, is the number %.*s", expected,
                            VIEW_ARG(shown_name(value->text)));
    return schema_unfit(frame, rule, "must be %s, is %s", expected, articles[value->kind]);
}

bool schema_check_const(struct frame *frame, const struct schema_rule *rule)
{
    char expected[SHOWN_SIZE];
    char found[SHOWN_SIZE];

    if (schema_equal(frame->run, frame->instance, rule->value))
        return true;
    return schema_unfit(frame, rule, "must be %s, is %s", show(rule->value, expected),
                        show(frame->instance, found));
}

bool schema_check_enum(struct frame *frame, const struct schema_rule *rule)
{
    char found[SHOWN_SIZE];
    char one[SHOWN_SIZE];
    char list[256] = "";
    size_t len = 0;

    for (const struct json *value = rule->value->child; value != NULL; value = value->next)
        if (schema_equal(frame->run, frame->instance, value))
            return true;
    if (frame->run->quiet != 0)
        return false;
    for (const struct json *value = rule->value->child; value != NULL; value = value->next) {
        show(value, one);
        if (len + strlen(one) + 8 > sizeof list) {
            snprintf(list + len, sizeof list - len, ", ...");
            break;
        }
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len != 0 ? ", " : "", one);
    }
    return schema_unfit(frame, rule, "must be one of %s, is %s", list,
                        show(frame->instance, found));
}

/* ---- numbers -------------------------------------------------------------------------------- */

bool schema_check_multiple_of(struct frame *frame, const struct schema_rule *rule)
{
    struct json_decimal decimal;
    bool is_multiple = false;

    if (json_decimal_read(frame->instance->text, &decimal) == 0
        && json_decimal_is_multiple(&decimal, &rule->number, &is_multiple) == 0 && is_multiple)
        return true;
    return schema_unfit(frame, rule, "must be a multiple of %.*s, is %.*s",
                        VIEW_ARG(shown_name(rule->value->text)),
                        VIEW_ARG(shown_name(frame->instance->text)));
}

bool schema_check_bound(struct frame *frame, const struct schema_rule *rule)
{
    static const struct {
        int low; /* the orders that fit, instance against bound */
        int high;
        const char *sentence;
    } bounds[] = {
        [K_MAXIMUM] = {-1, 0, "at most"},
        [K_EXCLUSIVE_MAXIMUM] = {-1, -1, "less than"},
        [K_MINIMUM] = {0, 1, "at least"},
        [K_EXCLUSIVE_MINIMUM] = {1, 1, "more than"},
    };
    struct json_decimal decimal;

    if (json_decimal_read(frame->instance->text, &decimal) == 0) {
        int difference = json_decimal_compare(&decimal, &rule->number);
        int order = (difference > 0) - (difference < 0);
        if (order >= bounds[rule->id].low && order <= bounds[rule->id].high)
            return true;
    }
    return schema_unfit(frame, rule, "must be %s %.*s, is %.*s", bounds[rule->id].sentence,
                        VIEW_ARG(shown_name(rule->value->text)),
                        VIEW_ARG(shown_name(frame->instance->text)));
}

/* ---- strings -------------------------------------------------------------------------------- */

bool schema_check_length(struct frame *frame, const struct schema_rule *rule)
{
    uint64_t count = utf8_count(frame->instance->text);
    bool most = rule->id == K_MAX_LENGTH;

    if (most ? count <= rule->count : count >= rule->count)
        return true;
    return schema_unfit(frame, rule, "must be %s %" PRIu64 " characters long, has %" PRIu64,
                        most ? "at most" : "at least", rule->count, count);
}

bool schema_check_pattern(struct frame *frame, const struct schema_rule *rule)
{
    char found[SHOWN_SIZE];

    if (schema_pattern_found(frame, rule->pattern, frame->instance->text))
        return true;
    return schema_unfit(frame, rule, "must match the pattern %.*s, is %s",
                        VIEW_ARG(utf8_cut(rule->value->text, 200)), show(frame->instance, found));
}

bool schema_check_format(struct frame *frame, const struct schema_rule *rule)
{
    char found[SHOWN_SIZE];

    if (rule->format == NULL || rule->format(frame->instance->text))
        return true;
    return schema_unfit(frame, rule, "must have the format %.*s, is %s",
                        VIEW_ARG(shown_name(rule->value->text)), show(frame->instance, found));
}

/* ---- arrays and objects --------------------------------------------------------------------- */

bool schema_check_size(struct frame *frame, const struct schema_rule *rule)
{
    bool most = rule->id == K_MAX_ITEMS || rule->id == K_MAX_PROPERTIES;
    bool array = frame->instance->kind == JSON_ARRAY;
    size_t count = frame->instance->count;

    if (most ? count <= rule->count : count >= rule->count)
        return true;
    return schema_unfit(frame, rule, "must have %s %" PRIu64 " %s, has %zu",
                        most ? "at most" : "at least", rule->count, array ? "elements" : "members",
                        count);
}

bool schema_check_unique(struct frame *frame, const struct schema_rule *rule)
{
    size_t first;
    size_t second;

    if (rule->value->kind == JSON_FALSE
        || !schema_has_twins(frame->run, frame->instance, &first, &second))
        return true;
    return schema_unfit(frame, rule, "must have no two equal elements; %zu and %zu are equal",
                        first, second);
}

static bool has_all(struct frame *frame, const struct schema_rule *rule, const struct json *names,
                    struct view because)
{
    bool fits = true;

    for (const struct json *name = names->child; name != NULL; name = name->next) {
        if (!schema_spend(frame->run, 1 + frame->instance->count / 16))
            return false;
        if (json_get_view(frame->instance, name->text) != NULL)
            continue;
        fits = false;
        if (because.ptr == NULL)
            schema_unfit(frame, rule, "lacks the member '%.*s'", VIEW_ARG(shown_name(name->text)));
        else
            schema_unfit(frame, rule, "has '%.*s' and lacks the member '%.*s' that goes with it",
                         VIEW_ARG(shown_name(because)), VIEW_ARG(shown_name(name->text)));
    }
    return fits;
}

bool schema_check_required(struct frame *frame, const struct schema_rule *rule)
{
    return has_all(frame, rule, rule->value, (struct view){NULL, 0});
}

bool schema_check_dependent_required(struct frame *frame, const struct schema_rule *rule)
{
    bool fits = true;

    for (size_t i = 0; i < rule->child_count; i++) {
        const struct schema_child *child = &rule->children[i];
        if (child->names != NULL && json_get_view(frame->instance, child->name) != NULL
            && !has_all(frame, rule, child->names, child->name))
            fits = false;
    }
    return fits;
}
