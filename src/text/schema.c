/* SPDX-License-Identifier: Apache-2.0
 *
 * schema: makes and frees a compiled schema, and runs it over a value; see schema.h and
 * schema_internal.h.
 *
 * Evaluation recurses on the C stack, one frame a subschema, at most SCHEMA_LEVELS_MAX. A schema
 * that would look at one value for ever (a $ref that comes back to itself) is refused when it is
 * compiled; where a $dynamicRef closes the loop, the run ends with ERR_LIMIT. */
#include "text/schema.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "text/schema_internal.h"

enum { MAP_ENTRIES_MAX = 1 << 20, SCHEMA_HASH_SEED = 1 };

/* ---- making --------------------------------------------------------------------------------- */

enum { UNSEEN, OPEN, DONE };

/* Looks for a way from the node back to itself on which the value never changes. */
static int find_loop(struct compile *compile, struct schema_node *node, unsigned levels)
{
    if (node->visit == DONE)
        return 0;
    if (node->visit == OPEN)
        return schema_wrong(compile, node, node->json, ERR_CONFIG, "refers to itself without end");
    if (levels == 0)
        return schema_wrong(compile, node, node->json, ERR_LIMIT,
                            "more than %d references within each other", SCHEMA_LEVELS_MAX);
    node->visit = OPEN;
    for (size_t i = 0; i < node->rule_count; i++) {
        const struct schema_rule *rule = &node->rules[i];
        for (size_t k = 0; schema_keywords[rule->id].in_place && k < rule->child_count; k++) {
            const struct schema_node *child = rule->children[k].node;
            int code = child == NULL
                           ? 0
                           : find_loop(compile, schema_find_node(compile->schema, child->json),
                                       levels - 1);
            if (code != 0)
                return code;
        }
    }
    node->visit = DONE;
    return 0;
}

static int compile_all(struct compile *compile, const struct json *root)
{
    const struct dialect dialect = {
        .draft = compile->options->draft,
        .vocabularies = VOCABULARY_CORE | VOCABULARY_APPLICATOR | VOCABULARY_UNEVALUATED
                        | VOCABULARY_VALIDATION | VOCABULARY_FORMAT | VOCABULARY_CONTENT,
    };
    struct schema *schema = compile->schema;
    int code = schema_load(compile, compile->options->uri, root, &dialect, &schema->root);

    /* Compiling a reference may load more nodes, behind the last. */
    for (struct schema_node *node = schema->first; code == 0 && node != NULL; node = node->next)
        code = schema_compile_node(compile, node);
    for (struct schema_node *node = schema->first; code == 0 && node != NULL; node = node->next)
        code = find_loop(compile, node, SCHEMA_LEVELS_MAX);
    return code;
}

int schema_new(const struct json *root, const struct schema_options *options,
               struct schema **ret_schema, struct err *reterr)
{
    static const struct schema_options defaults = {.uri = VIEW("")};
    struct schema *schema = mem_new(1, sizeof *schema);
    struct compile compile = {
        .schema = schema,
        .options = options != NULL ? options : &defaults,
        .err = reterr,
    };

    if (schema == NULL)
        return fail(reterr, ERR_MEMORY, "no room to compile the schema");
    arena_init(&schema->arena, SCHEMA_BYTES_MAX);
    map_init(&schema->resources, MAP_ENTRIES_MAX, SCHEMA_HASH_SEED);
    map_init(&schema->nodes, MAP_ENTRIES_MAX, SCHEMA_HASH_SEED);
    int code = compile_all(&compile, root);
    if (code != 0) {
        schema_free(schema);
        return code;
    }
    *ret_schema = schema;
    return 0;
}

void schema_free(struct schema *schema)
{
    if (schema == NULL)
        return;
    map_release(&schema->resources);
    map_release(&schema->nodes);
    arena_release(&schema->arena);
    mem_free(schema);
}

/* ---- marks ---------------------------------------------------------------------------------- */

/* Takes cleared bits for the members or elements of the frame's value from the stack of marks. */
static bool take_marks(struct frame *frame)
{
    struct run *run = frame->run;
    size_t wanted = (frame->instance->count + 63) / 64;

    if (run->words_used + wanted > run->words_capacity) {
        size_t capacity = run->words_capacity * 2 + wanted + 64;
        uint64_t *grown = arena_new(run->arena, capacity, sizeof *grown);
        if (grown == NULL)
            return schema_stop(run, ERR_MEMORY, "no room to check the value");
        if (run->words_used != 0)
            memcpy(grown, run->words, run->words_used * sizeof *grown);
        run->words = grown;
        run->words_capacity = capacity;
    }
    frame->marks = (struct marks){run->words_used, wanted};
    run->words_used += wanted;
    if (wanted != 0)
        memset(run->words + frame->marks.at, 0, wanted * sizeof *run->words);
    frame->marking = true;
    return true;
}

void schema_mark(struct frame *frame, size_t index)
{
    if (frame->marking)
        frame->run->words[frame->marks.at + index / 64] |= (uint64_t)1 << index % 64;
}

void schema_mark_all(struct frame *frame)
{
    if (frame->marking && frame->marks.words != 0)
        memset(frame->run->words + frame->marks.at, 0xff, frame->marks.words * sizeof(uint64_t));
}

bool schema_marked(const struct frame *frame, size_t index)
{
    return frame->run->words[frame->marks.at + index / 64] >> index % 64 & 1;
}

/* ---- errors --------------------------------------------------------------------------------- */

bool schema_stop(struct run *run, int code, const char *format, ...)
{
    char text[256];
    va_list args;

    if (run->code == 0) {
        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
        run->code = fail(run->err, code, "%s", text);
    }
    return false;
}

bool schema_spend(struct run *run, uint64_t steps)
{
    if (run->code != 0)
        return false;
    if (steps > run->steps_left)
        return schema_stop(run, ERR_LIMIT, "the schema takes more than %d steps on this value",
                           SCHEMA_STEPS_MAX);
    run->steps_left -= steps;
    return true;
}

static void add_token(struct strbuf *out, struct view token)
{
    strbuf_add_byte(out, '/');
    for (size_t i = 0; i < token.len; i++) {
        char c = token.ptr[i];
        if (c == '~' || c == '/')
            strbuf_add_text(out, c == '~' ? "~0" : "~1");
        else
            strbuf_add_byte(out, c);
    }
}

static void add_instance_path(struct strbuf *out, const struct frame *frame)
{
    if (frame == NULL)
        return;
    add_instance_path(out, frame->parent);
    if (frame->step == STEP_ELEMENT)
        strbuf_printf(out, "/%zu", frame->index);
    else if (frame->step != STEP_NONE)
        add_token(out, frame->step == STEP_NAME ? frame->instance->text : frame->instance->key);
}

static void add_schema_path(struct strbuf *out, const struct frame *frame)
{
    if (frame->parent == NULL)
        return;
    add_schema_path(out, frame->parent);
    add_token(out, view_of(schema_keywords[frame->rule->id].name));
    if (frame->schema_token.ptr != NULL)
        add_token(out, frame->schema_token);
}

static bool add_error(struct frame *frame, const struct schema_rule *rule, const char *sentence)
{
    struct run *run = frame->run;
    struct schema_error *error = &run->errors[run->error_count];
    struct strbuf path;
    struct strbuf schema_path;

    strbuf_init(&path, SIZE_MAX / 2);
    strbuf_init(&schema_path, SIZE_MAX / 2);
    add_instance_path(&path, frame);
    add_schema_path(&schema_path, frame);
    if (rule != NULL)
        add_token(&schema_path, view_of(schema_keywords[rule->id].name));
    error->sentence =
        arena_printf(run->arena, "%s%s", frame->step == STEP_NAME ? "its name " : "", sentence);
    error->instance_path = arena_string(run->arena, strbuf_view(&path));
    error->schema_path = arena_string(run->arena, strbuf_view(&schema_path));
    error->text =
        arena_printf(run->arena, "%s: %s", path.len != 0 ? strbuf_text(&path) : "the document",
                     error->sentence != NULL ? error->sentence : "");
    error->line = frame->instance->line;
    error->column = frame->instance->column;
    bool complete = strbuf_status(&path) == 0 && strbuf_status(&schema_path) == 0
                    && error->sentence != NULL && error->instance_path != NULL
                    && error->schema_path != NULL && error->text != NULL;
    strbuf_release(&path);
    strbuf_release(&schema_path);
    if (!complete)
        return schema_stop(run, ERR_MEMORY, "no room to list what does not fit");
    run->error_count++;
    return false;
}

bool schema_unfit(struct frame *frame, const struct schema_rule *rule, const char *format, ...)
{
    struct run *run = frame->run;
    char sentence[512];
    va_list args;

    if (run->quiet != 0 || run->code != 0)
        return false;
    if (run->error_count == SCHEMA_ERRORS_MAX) {
        run->cut = true;
        return false;
    }
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    size_t len = strlen(sentence);
    sentence[len - utf8_tail(view_make(sentence, len))] = '\0'; /* where a character was cut */
    return add_error(frame, rule, sentence);
}

/* ---- running -------------------------------------------------------------------------------- */

static bool run_rules(struct frame *frame)
{
    const struct schema_node *node = frame->node;
    bool fits = true;

    for (size_t i = 0; i < node->rule_count; i++) {
        const struct schema_rule *rule = &node->rules[i];
        const struct keyword *keyword = &schema_keywords[rule->id];
        if (keyword->check == NULL || (keyword->kinds >> frame->instance->kind & 1) == 0)
            continue;
        if (!keyword->check(frame, rule))
            fits = false;
        if (frame->run->code != 0 || (!fits && (frame->run->quiet != 0 || frame->run->cut)))
            return false;
    }
    return fits;
}

static bool run_false(struct frame *frame)
{
    bool rest = frame->rule != NULL
                && (frame->rule->id == K_ADDITIONAL_PROPERTIES
                    || frame->rule->id == K_UNEVALUATED_PROPERTIES);
    bool element = frame->step == STEP_ELEMENT;

    if (rest)
        return schema_unfit(frame, NULL, "is a member that the schema does not name");
    return schema_unfit(frame, NULL, element ? "is one element too many" : "must not be there");
}

bool schema_run_frame(struct frame *frame)
{
    const struct schema_node *node = frame->node;
    struct run *run = frame->run;
    bool container = frame->instance->kind == JSON_ARRAY || frame->instance->kind == JSON_OBJECT;

    if (!schema_spend(run, 1))
        return false;
    if (frame->level > SCHEMA_LEVELS_MAX || frame->in_place > run->schema->node_count)
        return schema_stop(run, ERR_LIMIT, "the schema goes more than %d levels deep on this value",
                           SCHEMA_LEVELS_MAX);
    if (node->json->kind != JSON_OBJECT)
        return node->json->kind == JSON_TRUE || run_false(frame);
    bool wants_marks = container && (frame->marking || node->looks_for_unevaluated);
    frame->marking = false;
    if (wants_marks && !take_marks(frame))
        return false;
    return run_rules(frame);
}

bool schema_run_in_place(struct frame *frame, const struct schema_rule *rule, struct view token,
                         const struct schema_node *node)
{
    struct run *run = frame->run;
    size_t words_before = run->words_used;
    struct frame child = {
        .run = run,
        .parent = frame,
        .node = node,
        .instance = frame->instance,
        .rule = rule,
        .schema_token = token,
        .marking = frame->marking,
        .level = frame->level + 1,
        .in_place = frame->in_place + 1,
    };
    bool fits = schema_run_frame(&child);

    if (fits && frame->marking && child.marking)
        for (size_t i = 0; i < child.marks.words; i++)
            run->words[frame->marks.at + i] |= run->words[child.marks.at + i];
    run->words_used = words_before;
    return fits;
}

bool schema_run_child(struct frame *frame, const struct schema_rule *rule, struct view token,
                      const struct schema_node *node, const struct json *child, size_t index,
                      enum step step)
{
    struct run *run = frame->run;
    size_t words_before = run->words_used;
    struct frame below = {
        .run = run,
        .parent = frame,
        .node = node,
        .instance = child,
        .rule = rule,
        .schema_token = token,
        .index = index,
        .step = step,
        .level = frame->level + 1,
    };
    bool fits = schema_run_frame(&below);

    run->words_used = words_before;
    return fits;
}

int schema_validate(const struct schema *schema, const struct json *instance, struct arena *arena,
                    struct schema_result *ret_result, struct err *reterr)
{
    struct run run = {
        .schema = schema,
        .arena = arena,
        .err = reterr,
        .steps_left = SCHEMA_STEPS_MAX,
    };
    struct frame frame = {.run = &run, .node = schema->root, .instance = instance};

    run.errors = arena_new(arena, SCHEMA_ERRORS_MAX, sizeof *run.errors);
    if (run.errors == NULL)
        return fail(reterr, ERR_MEMORY, "no room to list what does not fit");
    bool fits = schema_run_frame(&frame);
    if (run.code != 0)
        return run.code;
    assert_always(fits == (run.error_count == 0));
    *ret_result = (struct schema_result){run.errors, run.error_count, run.cut};
    return 0;
}
