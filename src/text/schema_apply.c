/* SPDX-License-Identifier: Apache-2.0
 *
 * schema_apply: the keywords that hand the same value to further schemas: references, allOf, anyOf,
 * oneOf, not, if, dependencies; see schema_internal.h.
 *
 * Threads: as the run. */
#include "text/schema_internal.h"

static const struct view NO_TOKEN = {NULL, 0};

/* Only the verdict is wanted: errors inside are no errors of the value. */
static bool fits_quietly(struct frame *frame, const struct schema_rule *rule, struct view token,
                         const struct schema_node *node)
{
    frame->run->quiet++;
    bool fits = schema_run_in_place(frame, rule, token, node);
    frame->run->quiet--;
    return fits;
}

/* ---- references ----------------------------------------------------------------------------- */

static const struct schema_node *dynamic_anchor(const struct schema_resource *resource,
                                                struct view name)
{
    for (const struct schema_anchor *one = resource->anchors; one != NULL; one = one->next)
        if (one->dynamic && view_equal(one->name, name))
            return one->node;
    return NULL;
}

/* The outermost resource on the way here that has the anchor decides. */
static const struct schema_node *outermost(const struct frame *frame,
                                           const struct schema_rule *rule)
{
    const struct schema_node *found = rule->children[0].node;
    const struct schema_resource *last = NULL;

    for (; frame != NULL; frame = frame->parent) {
        if (frame->node->resource == last)
            continue;
        last = frame->node->resource;
        const struct schema_node *node = dynamic_anchor(last, rule->anchor);
        if (node != NULL)
            found = node;
    }
    return found;
}

bool schema_check_reference(struct frame *frame, const struct schema_rule *rule)
{
    const struct schema_node *target = rule->children[0].node;

    if (rule->dynamic) {
        if (!schema_spend(frame->run, frame->level))
            return false;
        target = outermost(frame, rule);
    }
    return schema_run_in_place(frame, rule, NO_TOKEN, target);
}

/* ---- several schemas ------------------------------------------------------------------------ */

bool schema_check_all_of(struct frame *frame, const struct schema_rule *rule)
{
    bool fits = true;

    for (size_t i = 0; i < rule->child_count; i++)
        if (!schema_run_in_place(frame, rule, rule->children[i].name, rule->children[i].node))
            fits = false;
    return fits;
}

bool schema_check_any_of(struct frame *frame, const struct schema_rule *rule)
{
    bool fits = false;

    for (size_t i = 0; i < rule->child_count && (!fits || frame->marking); i++)
        if (fits_quietly(frame, rule, rule->children[i].name, rule->children[i].node))
            fits = true;
    return fits
           || schema_unfit(frame, rule, "must fit at least one of %zu schemas, fits none",
                           rule->child_count);
}

bool schema_check_one_of(struct frame *frame, const struct schema_rule *rule)
{
    size_t first = 0;
    size_t count = 0;

    for (size_t i = 0; i < rule->child_count; i++) {
        if (!fits_quietly(frame, rule, rule->children[i].name, rule->children[i].node))
            continue;
        if (count++ != 0)
            return schema_unfit(frame, rule,
                                "must fit exactly one of %zu schemas, fits numbers %zu and %zu",
                                rule->child_count, first, i);
        first = i;
    }
    return count == 1
           || schema_unfit(frame, rule, "must fit exactly one of %zu schemas, fits none",
                           rule->child_count);
}

bool schema_check_opposite(struct frame *frame, const struct schema_rule *rule)
{
    bool marking = frame->marking;

    frame->marking = false; /* what it looks at is not looked at for its neighbours */
    bool fits = fits_quietly(frame, rule, NO_TOKEN, rule->children[0].node);
    frame->marking = marking;
    return !fits || schema_unfit(frame, rule, "fits the schema that it must not fit");
}

bool schema_check_if(struct frame *frame, const struct schema_rule *rule)
{
    bool fits = fits_quietly(frame, rule, NO_TOKEN, rule->children[0].node);
    const struct schema_rule *next = schema_sibling(frame->node, fits ? K_THEN : K_ELSE);

    if (frame->run->code != 0)
        return false;
    return next == NULL || schema_run_in_place(frame, next, NO_TOKEN, next->children[0].node);
}

bool schema_check_dependencies(struct frame *frame, const struct schema_rule *rule)
{
    bool fits = schema_check_dependent_required(frame, rule);

    for (size_t i = 0; i < rule->child_count; i++) {
        const struct schema_child *child = &rule->children[i];
        if (child->node != NULL && json_get_view(frame->instance, child->name) != NULL
            && !schema_run_in_place(frame, rule, child->name, child->node))
            fits = false;
    }
    return fits;
}
