/* SPDX-License-Identifier: Apache-2.0
 *
 * schema_children: the keywords that hand members and elements of a value to further schemas; see
 * schema_internal.h.
 *
 * Each marks what it looked at, for unevaluatedItems and unevaluatedProperties. Threads: as the
 * run. */
#include <inttypes.h>

#include "text/schema_internal.h"

static const struct view NO_TOKEN = {NULL, 0};

/* ---- elements ------------------------------------------------------------------------------- */

/* All elements from number `from` on fit the rule's one schema. */
static bool rest_fits(struct frame *frame, const struct schema_rule *rule, size_t from)
{
    size_t index = 0;
    bool fits = true;

    for (const struct json *one = frame->instance->child; one != NULL; one = one->next, index++) {
        if (index < from)
            continue;
        if (!schema_run_child(frame, rule, NO_TOKEN, rule->children[0].node, one, index,
                              STEP_ELEMENT))
            fits = false;
        if (frame->run->code != 0 || (!fits && frame->run->quiet != 0))
            return false;
    }
    schema_mark_all(frame);
    return fits;
}

bool schema_check_prefix_items(struct frame *frame, const struct schema_rule *rule)
{
    size_t index = 0;
    bool fits = true;

    for (const struct json *one = frame->instance->child; one != NULL && index < rule->child_count;
         one = one->next, index++) {
        if (!schema_run_child(frame, rule, rule->children[index].name, rule->children[index].node,
                              one, index, STEP_ELEMENT))
            fits = false;
        schema_mark(frame, index);
    }
    return fits;
}

bool schema_check_items(struct frame *frame, const struct schema_rule *rule)
{
    const struct schema_rule *prefix = schema_sibling(frame->node, K_PREFIX_ITEMS);

    return rest_fits(frame, rule, prefix != NULL ? prefix->child_count : 0);
}

bool schema_check_items_old(struct frame *frame, const struct schema_rule *rule)
{
    return rule->is_list ? schema_check_prefix_items(frame, rule) : rest_fits(frame, rule, 0);
}

bool schema_check_additional_items(struct frame *frame, const struct schema_rule *rule)
{
    const struct schema_rule *items = schema_sibling(frame->node, K_ITEMS_OLD);

    return items == NULL || !items->is_list || rest_fits(frame, rule, items->child_count);
}

bool schema_check_contains(struct frame *frame, const struct schema_rule *rule)
{
    const struct schema_rule *least = schema_sibling(frame->node, K_MIN_CONTAINS);
    const struct schema_rule *most = schema_sibling(frame->node, K_MAX_CONTAINS);
    bool marks = frame->node->resource->dialect.draft == SCHEMA_2020_12;
    uint64_t wanted = least != NULL ? least->count : 1;
    uint64_t found = 0;
    size_t index = 0;

    for (const struct json *one = frame->instance->child; one != NULL; one = one->next, index++) {
        frame->run->quiet++;
        bool fits = schema_run_child(frame, rule, NO_TOKEN, rule->children[0].node, one, index,
                                     STEP_ELEMENT);
        frame->run->quiet--;
        if (frame->run->code != 0)
            return false;
        if (fits && marks)
            schema_mark(frame, index);
        found += fits;
    }
    if (found < wanted)
        return schema_unfit(frame, least != NULL ? least : rule,
                            "must have at least %" PRIu64 " elements that fit 'contains', has "
                            "%" PRIu64,
                            wanted, found);
    if (most != NULL && found > most->count)
        return schema_unfit(frame, most,
                            "must have at most %" PRIu64 " elements that fit 'contains', has "
                            "%" PRIu64,
                            most->count, found);
    return true;
}

/* ---- members -------------------------------------------------------------------------------- */

static struct view name_of(const struct json *member)
{
    return member->key.ptr != NULL ? member->key : view_of("");
}

bool schema_check_properties(struct frame *frame, const struct schema_rule *rule)
{
    size_t index = 0;
    bool fits = true;

    for (const struct json *one = frame->instance->child; one != NULL; one = one->next, index++) {
        const struct schema_child *child = schema_child_named(rule, name_of(one));
        if (child == NULL)
            continue;
        if (!schema_run_child(frame, rule, child->name, child->node, one, index, STEP_MEMBER))
            fits = false;
        if (frame->run->code != 0)
            return false;
        schema_mark(frame, index);
    }
    return fits;
}

bool schema_check_pattern_properties(struct frame *frame, const struct schema_rule *rule)
{
    size_t index = 0;
    bool fits = true;

    for (const struct json *one = frame->instance->child; one != NULL; one = one->next, index++) {
        for (size_t i = 0; i < rule->child_count; i++) {
            const struct schema_child *child = &rule->children[i];
            if (!schema_pattern_found(frame, child->pattern, one->key))
                continue;
            if (!schema_run_child(frame, rule, child->name, child->node, one, index, STEP_MEMBER))
                fits = false;
            schema_mark(frame, index);
        }
        if (frame->run->code != 0)
            return false;
    }
    return fits;
}

/* True where `properties` or `patternProperties` beside it take the member. */
static bool is_named(struct frame *frame, const struct schema_rule *properties,
                     const struct schema_rule *patterns, const struct json *member)
{
    if (properties != NULL && schema_child_named(properties, name_of(member)) != NULL)
        return true;
    for (size_t i = 0; patterns != NULL && i < patterns->child_count; i++)
        if (schema_pattern_found(frame, patterns->children[i].pattern, member->key))
            return true;
    return false;
}

bool schema_check_additional_properties(struct frame *frame, const struct schema_rule *rule)
{
    const struct schema_rule *properties = schema_sibling(frame->node, K_PROPERTIES);
    const struct schema_rule *patterns = schema_sibling(frame->node, K_PATTERN_PROPERTIES);
    size_t index = 0;
    bool fits = true;

    for (const struct json *one = frame->instance->child; one != NULL; one = one->next, index++) {
        if (is_named(frame, properties, patterns, one))
            continue;
        if (!schema_run_child(frame, rule, NO_TOKEN, rule->children[0].node, one, index,
                              STEP_MEMBER))
            fits = false;
        if (frame->run->code != 0)
            return false;
        schema_mark(frame, index);
    }
    return fits;
}

bool schema_check_property_names(struct frame *frame, const struct schema_rule *rule)
{
    size_t index = 0;
    bool fits = true;

    for (const struct json *one = frame->instance->child; one != NULL; one = one->next, index++) {
        const struct json name = {
            .kind = JSON_STRING,
            .text = name_of(one),
            .line = one->key_line,
            .column = one->key_column,
        };
        if (!schema_run_child(frame, rule, NO_TOKEN, rule->children[0].node, &name, index,
                              STEP_NAME))
            fits = false;
        if (frame->run->code != 0)
            return false;
    }
    return fits;
}

/* ---- the rest ------------------------------------------------------------------------------- */

bool schema_check_unevaluated(struct frame *frame, const struct schema_rule *rule)
{
    enum step step = rule->id == K_UNEVALUATED_ITEMS ? STEP_ELEMENT : STEP_MEMBER;
    size_t index = 0;
    bool fits = true;

    for (const struct json *one = frame->instance->child; one != NULL; one = one->next, index++) {
        if (schema_marked(frame, index))
            continue;
        if (!schema_run_child(frame, rule, NO_TOKEN, rule->children[0].node, one, index, step))
            fits = false;
        if (frame->run->code != 0)
            return false;
        schema_mark(frame, index);
    }
    return fits;
}
