/* SPDX-License-Identifier: Apache-2.0
 *
 * schema_early: see schema_early.h. */
#include "text/schema_early.h"

#include "base/mem.h"
#include "text/schema_internal.h"

enum { NODES_MIN = 16, ARENA_BYTES_MAX = 16 * 1024 * 1024 };

void schema_early_init(struct schema_early *early)
{
    *early = (struct schema_early){0};
    arena_init(&early->arena, ARENA_BYTES_MAX);
}

void schema_early_release(struct schema_early *early)
{
    mem_free(early->nodes);
    arena_release(&early->arena);
    schema_early_init(early);
}

/* ---- sets ----------------------------------------------------------------------------------- */

static int push(struct schema_early *early, const struct schema_node *node)
{
    if (early->count == early->capacity) {
        size_t capacity = early->capacity == 0 ? NODES_MIN : early->capacity * 2;
        const struct schema_node **grown = mem_resize(early->nodes, capacity, sizeof *grown);
        if (grown == NULL)
            return ERR_MEMORY;
        early->nodes = grown;
        early->capacity = capacity;
    }
    early->nodes[early->count++] = node;
    return 0;
}

/* The node joins the set that is being made from `from` on. */
static int join(struct schema_early *early, size_t from, const struct schema_node *node)
{
    for (size_t i = from; i < early->count; i++)
        if (early->nodes[i] == node)
            return 0;
    return push(early, node);
}

/* With every node what it refers to for the same value. */
static int close_set(struct schema_early *early, size_t from, struct schema_set *ret_set)
{
    for (size_t i = from; i < early->count; i++) {
        const struct schema_node *node = early->nodes[i];
        for (size_t k = 0; k < node->rule_count; k++) {
            const struct schema_rule *rule = &node->rules[k];
            bool refers = rule->id == K_REF || rule->id == K_DYNAMIC_REF
                          || rule->id == K_RECURSIVE_REF || rule->id == K_ALL_OF;
            for (size_t child = 0; refers && !rule->dynamic && child < rule->child_count; child++)
                if (join(early, from, rule->children[child].node) != 0)
                    return ERR_MEMORY;
        }
    }
    *ret_set = (struct schema_set){from, early->count};
    return 0;
}

static bool is_dynamic(const struct schema *schema)
{
    for (const struct schema_node *node = schema->first; node != NULL; node = node->next)
        for (size_t i = 0; i < node->rule_count; i++)
            if (node->rules[i].dynamic)
                return true;
    return false;
}

int schema_early_root(struct schema_early *early, const struct schema *schema,
                      struct schema_set *ret_set)
{
    early->count = 0;
    if (schema != early->schema)
        early->is_dynamic = schema != NULL && is_dynamic(schema);
    early->schema = schema;
    if (schema != NULL && push(early, schema->root) != 0)
        return ERR_MEMORY;
    return close_set(early, 0, ret_set);
}

struct schema_set schema_early_any(const struct schema_early *early)
{
    return (struct schema_set){early->count, early->count};
}

void schema_early_drop(struct schema_early *early, struct schema_set set)
{
    early->count = set.from;
}

/* ---- one judgement -------------------------------------------------------------------------- */

static struct run begin_run(struct schema_early *early)
{
    arena_release(&early->arena);
    return (struct run){
        .schema = early->schema,
        .arena = &early->arena,
        .steps_left = SCHEMA_STEPS_MAX,
    };
}

/* The value does not fit: says why, by going through it once more. */
static int say_why(struct schema_early *early, const struct schema_node *node,
                   const struct json *value, bool (*fits)(struct frame *frame), struct err *reterr)
{
    struct run run = begin_run(early);
    struct frame frame = {.run = &run, .node = node, .instance = value};

    run.errors = arena_new(&early->arena, SCHEMA_ERRORS_MAX, sizeof *run.errors);
    if (run.errors == NULL)
        return ERR_MEMORY;
    (void)fits(&frame);
    return fail(reterr, ERR_FAILED, "%s",
                run.error_count > 0 ? run.errors[0].sentence : "does not fit the schema");
}

/* Every node of the set looks at the value by that function. */
static int judge(struct schema_early *early, struct schema_set set, const struct json *value,
                 bool (*fits)(struct frame *frame), struct err *reterr)
{
    for (size_t i = set.from; i < set.to; i++) {
        struct run run = begin_run(early);
        struct frame frame = {.run = &run, .node = early->nodes[i], .instance = value};
        run.quiet = 1;
        bool is_right = fits(&frame);
        if (run.code == ERR_MEMORY)
            return ERR_MEMORY;
        if (!is_right && run.code == 0)
            return say_why(early, early->nodes[i], value, fits, reterr);
    }
    return 0;
}

/* ---- values --------------------------------------------------------------------------------- */

static bool has_kind(const struct schema_rule *rule, enum json_kind kind)
{
    if (rule->id == K_CONST)
        return rule->value->kind == kind;
    for (const struct json *value = rule->value->child; value != NULL; value = value->next)
        if (value->kind == kind)
            return true;
    return false;
}

/* By the kind alone. Whether a number is an integer is seen later. */
static bool kind_fits(struct frame *frame)
{
    const struct schema_node *node = frame->node;
    enum json_kind kind = frame->instance->kind;

    if (node->json->kind != JSON_OBJECT)
        return node->json->kind == JSON_TRUE || schema_unfit(frame, NULL, "must not be there");
    for (size_t i = 0; i < node->rule_count; i++) {
        const struct schema_rule *rule = &node->rules[i];
        bool may_be_integer =
            rule->id == K_TYPE && kind == JSON_NUMBER && (rule->kinds & TYPE_INTEGER) != 0;
        if (rule->id == K_TYPE && !may_be_integer && !schema_check_type(frame, rule))
            return false;
        if ((rule->id == K_ENUM || rule->id == K_CONST) && !has_kind(rule, kind))
            return schema_unfit(frame, rule, "is %s, and '%s' has none of that type",
                                json_kind_name(kind), schema_keywords[rule->id].name);
    }
    return true;
}

int schema_early_begin(struct schema_early *early, struct schema_set set, enum json_kind kind,
                       struct err *reterr)
{
    const struct json value = {.kind = kind, .text = VIEW("...")};

    return judge(early, set, &value, kind_fits, reterr);
}

/* What the node says itself. */
static bool rules_fit(struct frame *frame)
{
    const struct schema_node *node = frame->node;

    if (node->json->kind != JSON_OBJECT)
        return node->json->kind == JSON_TRUE || schema_unfit(frame, NULL, "must not be there");
    for (size_t i = 0; i < node->rule_count; i++) {
        const struct schema_rule *rule = &node->rules[i];
        const struct keyword *keyword = &schema_keywords[rule->id];
        if (keyword->vocabulary != VOCABULARY_VALIDATION || keyword->check == NULL
            || (keyword->kinds >> frame->instance->kind & 1) == 0)
            continue;
        if (!keyword->check(frame, rule))
            return false;
    }
    return true;
}

int schema_early_value(struct schema_early *early, struct schema_set set, const struct json *value,
                       struct err *reterr)
{
    return judge(early, set, value, early->is_dynamic ? rules_fit : schema_run_frame, reterr);
}

uint64_t schema_early_most(const struct schema_early *early, struct schema_set set,
                           enum json_kind kind)
{
    enum keyword_id id = kind == JSON_STRING  ? K_MAX_LENGTH
                         : kind == JSON_ARRAY ? K_MAX_ITEMS
                                              : K_MAX_PROPERTIES;
    uint64_t most = UINT64_MAX;

    for (size_t i = set.from; i < set.to; i++) {
        const struct schema_rule *rule = schema_sibling(early->nodes[i], id);
        most = rule != NULL && rule->count < most ? rule->count : most;
    }
    return most;
}

/* ---- members and elements ------------------------------------------------------------------- */

/* There must be no value under a set with a schema that is `false`. */
static int refuse_false(const struct schema_early *early, struct schema_set set, const char *why,
                        struct err *reterr)
{
    for (size_t i = set.from; i < set.to; i++)
        if (early->nodes[i]->json->kind == JSON_FALSE)
            return fail(reterr, ERR_FAILED, "%s", why);
    return 0;
}

/* The subschemas of one node for a member join the set that is made from `from` on. */
static int join_member(struct schema_early *early, const struct schema_node *node, size_t from,
                       const struct json *name)
{
    const struct schema_rule *properties = schema_sibling(node, K_PROPERTIES);
    const struct schema_rule *patterns = schema_sibling(node, K_PATTERN_PROPERTIES);
    const struct schema_rule *rest = schema_sibling(node, K_ADDITIONAL_PROPERTIES);
    const struct schema_child *child =
        properties != NULL ? schema_child_named(properties, name->text) : NULL;
    bool is_named = child != NULL;
    int code = is_named ? join(early, from, child->node) : 0;
    struct run run = begin_run(early);
    struct frame frame = {.run = &run, .node = node, .instance = name};

    for (size_t i = 0; patterns != NULL && i < patterns->child_count && code == 0; i++)
        if (schema_pattern_found(&frame, patterns->children[i].pattern, name->text)) {
            is_named = true;
            code = join(early, from, patterns->children[i].node);
        }
    if (code != 0 || run.code != 0)
        return code != 0 || run.code == ERR_MEMORY ? ERR_MEMORY : 0;
    return rest != NULL && !is_named ? join(early, from, rest->children[0].node) : 0;
}

static int judge_name(struct schema_early *early, struct schema_set object, const struct json *name,
                      struct err *reterr)
{
    for (size_t i = object.from; i < object.to && !early->is_dynamic; i++) {
        const struct schema_rule *rule = schema_sibling(early->nodes[i], K_PROPERTY_NAMES);
        if (rule == NULL)
            continue;
        size_t at = early->count;
        struct schema_set set;
        int code = push(early, rule->children[0].node);
        if (code == 0)
            code = close_set(early, at, &set);
        if (code == 0)
            code = schema_early_value(early, set, name, reterr);
        early->count = at;
        if (code != 0)
            return code;
    }
    return 0;
}

int schema_early_member(struct schema_early *early, struct schema_set object, struct view name,
                        struct schema_set *ret_set, struct err *reterr)
{
    const struct json value = {
        .kind = JSON_STRING,
        .text = name.ptr != NULL ? name : view_of(""),
    };
    size_t from = early->count;
    int code = judge_name(early, object, &value, reterr);

    if (code == ERR_FAILED)
        return (fail_within)(reterr, code, "its name ");
    for (size_t i = object.from; i < object.to && code == 0; i++)
        code = join_member(early, early->nodes[i], from, &value);
    if (code == 0)
        code = close_set(early, from, ret_set);
    if (code != 0)
        return code;
    return refuse_false(early, *ret_set, "is a member that the schema does not allow", reterr);
}

/* The subschema of a node for the element; NULL: none. */
static const struct schema_node *element_of(const struct schema_node *node, size_t index)
{
    const struct schema_rule *prefix = schema_sibling(node, K_PREFIX_ITEMS);
    const struct schema_rule *items = schema_sibling(node, K_ITEMS);
    const struct schema_rule *old = schema_sibling(node, K_ITEMS_OLD);
    const struct schema_rule *rest = schema_sibling(node, K_ADDITIONAL_ITEMS);

    if (prefix != NULL && index < prefix->child_count)
        return prefix->children[index].node;
    if (items != NULL)
        return items->children[0].node;
    if (old != NULL && !old->is_list)
        return old->children[0].node;
    if (old != NULL && index < old->child_count)
        return old->children[index].node;
    return old != NULL && rest != NULL ? rest->children[0].node : NULL;
}

int schema_early_element(struct schema_early *early, struct schema_set array, size_t index,
                         struct schema_set *ret_set, struct err *reterr)
{
    size_t from = early->count;

    for (size_t i = array.from; i < array.to; i++) {
        const struct schema_node *node = element_of(early->nodes[i], index);
        if (node != NULL && join(early, from, node) != 0)
            return ERR_MEMORY;
    }
    int code = close_set(early, from, ret_set);
    return code != 0 ? code : refuse_false(early, *ret_set, "is one element too many", reterr);
}
