/* SPDX-License-Identifier: Apache-2.0
 *
 * schema_internal: the parts of a compiled schema and of a validation, for schema*.c only.
 *
 * A document is walked once: each subschema in a known place becomes a node, each $id a resource,
 * each anchor an entry. Then each node's keywords become rules in the order of the table of
 * keywords (schema_keywords.c), with references resolved to nodes. A validation runs rules over
 * values in frames that live on the C stack; the chain of frames is the dynamic scope, and the two
 * paths of an error are read off it. */
#ifndef ASSAY_TEXT_SCHEMA_INTERNAL_H
#define ASSAY_TEXT_SCHEMA_INTERNAL_H

#include "base/arena.h"
#include "base/map.h"
#include "text/schema.h"
#include "wire/json_number.h"

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;

/* ---- the compiled schema -------------------------------------------------------------------- */

enum keyword_id {
    K_REF,
    K_DYNAMIC_REF,
    K_RECURSIVE_REF,
    K_DEFS,
    K_DEFINITIONS,
    K_TYPE,
    K_ENUM,
    K_CONST,
    K_MULTIPLE_OF,
    K_MAXIMUM,
    K_EXCLUSIVE_MAXIMUM,
    K_MINIMUM,
    K_EXCLUSIVE_MINIMUM,
    K_MAX_LENGTH,
    K_MIN_LENGTH,
    K_PATTERN,
    K_FORMAT,
    K_MAX_ITEMS,
    K_MIN_ITEMS,
    K_UNIQUE_ITEMS,
    K_MAX_PROPERTIES,
    K_MIN_PROPERTIES,
    K_REQUIRED,
    K_DEPENDENT_REQUIRED,
    K_PREFIX_ITEMS,
    K_ITEMS,
    K_ITEMS_OLD,
    K_ADDITIONAL_ITEMS,
    K_MIN_CONTAINS,
    K_MAX_CONTAINS,
    K_CONTAINS,
    K_PROPERTIES,
    K_PATTERN_PROPERTIES,
    K_ADDITIONAL_PROPERTIES,
    K_PROPERTY_NAMES,
    K_DEPENDENT_SCHEMAS,
    K_DEPENDENCIES,
    K_ALL_OF,
    K_ANY_OF,
    K_ONE_OF,
    K_NOT,
    K_THEN,
    K_ELSE,
    K_IF,
    K_CONTENT_SCHEMA,
    K_UNEVALUATED_ITEMS,
    K_UNEVALUATED_PROPERTIES,
    KEYWORDS,
};

/* What a keyword's value must be, which also says where subschemas stand in it. */
enum shape {
    SHAPE_SCHEMA,
    SHAPE_SCHEMAS,           /* a list with at least one */
    SHAPE_SCHEMA_MAP,        /* names to schemas */
    SHAPE_PATTERN_MAP,       /* regular expressions to schemas */
    SHAPE_SCHEMA_OR_SCHEMAS, /* `items` before 2020-12 */
    SHAPE_DEPENDENCIES,      /* names to schemas or lists of names */
    SHAPE_NAMES_MAP,         /* names to lists of names */
    SHAPE_REFERENCE,
    SHAPE_TYPE,
    SHAPE_VALUES,
    SHAPE_VALUE,
    SHAPE_NUMBER,
    SHAPE_DIVISOR, /* a number above 0 */
    SHAPE_COUNT,   /* a whole number from 0 */
    SHAPE_PATTERN,
    SHAPE_FORMAT,
    SHAPE_NAMES, /* a list of strings */
    SHAPE_BOOLEAN,
    SHAPES,
};

enum vocabulary {
    VOCABULARY_CORE = 1,
    VOCABULARY_APPLICATOR = 2,
    VOCABULARY_UNEVALUATED = 4,
    VOCABULARY_VALIDATION = 8,
    VOCABULARY_FORMAT = 16,
    VOCABULARY_FORMAT_ASSERTION = 32,
    VOCABULARY_CONTENT = 64,
};

struct dialect {
    enum schema_draft draft;
    unsigned vocabularies; /* bits of enum vocabulary */
};

struct schema_node;
struct schema_rule;
struct frame;

struct keyword {
    const char *name;
    unsigned drafts; /* bits: 1 << enum schema_draft */
    unsigned kinds;  /* bits: 1 << enum json_kind, of the values it looks at */
    enum vocabulary vocabulary;
    enum shape shape;
    bool in_place; /* its subschemas look at the same value */
    bool (*check)(struct frame *frame, const struct schema_rule *rule); /* NULL: another's part */
};

extern const struct keyword schema_keywords[KEYWORDS];

/* A subschema of a rule: by name, by pattern, by number, or the one there is. */
struct schema_child {
    struct view name;
    const struct schema_node *node; /* NULL where `dependencies` has a list of names */
    const struct json *names;
    const struct pcre2_real_code_8 *pattern;
};

struct schema_rule {
    enum keyword_id id;
    const struct json *value;
    struct schema_child *children;
    size_t child_count;
    bool is_list;               /* `items` with a list of schemas */
    bool dynamic;               /* a reference that looks for its anchor in the dynamic scope */
    struct view anchor;         /* the name it looks for */
    struct json_decimal number; /* of NUMBER and DIVISOR */
    uint64_t count;             /* of COUNT */
    unsigned kinds;             /* of TYPE; bit TYPE_INTEGER besides those of json_kind */
    const struct pcre2_real_code_8 *pattern;
    bool (*format)(struct view text);
};

enum { TYPE_INTEGER = 1u << 16 };

struct schema_resource {
    struct view uri; /* absolute or as given, without fragment */
    const struct json *root;
    struct dialect dialect;
    struct schema_anchor *anchors;
};

struct schema_anchor {
    struct schema_anchor *next;
    struct view name; /* "" for $recursiveAnchor */
    struct schema_node *node;
    bool dynamic;
};

struct schema_node {
    const struct json *json;
    struct schema_resource *resource;
    struct schema_rule *rules;
    size_t rule_count;
    bool looks_for_unevaluated;
    uint8_t visit; /* of the search for loops */
    const struct schema_node *parent;
    struct view keyword; /* where it stands in its parent */
    struct view token;   /* and in that keyword's value; ptr NULL where it is the value */
    struct schema_node *next;
};

struct schema {
    struct arena arena;
    struct map resources; /* by URI */
    struct map nodes;     /* by address of their json */
    struct schema_node *first;
    struct schema_node *last;
    struct schema_node *root;
    size_t node_count;
};

/* ---- compiling ------------------------------------------------------------------------------ */

struct compile {
    struct schema *schema;
    const struct schema_options *options;
    struct err *err;
};

/* Fails with the place of the value and the path of the node: both may be NULL. */
int schema_wrong(struct compile *compile, const struct schema_node *node, const struct json *value,
                 int code, const char *format, ...) PRINTF_LIKE(5, 6);

/* Walks a document into nodes, resources and anchors. */
int schema_load(struct compile *compile, struct view uri, const struct json *root,
                const struct dialect *dialect, struct schema_node **ret_root);

/* The node of a subschema that stands at a place no keyword knows (a $ref may point anywhere). */
int schema_node_at(struct compile *compile, const struct json *json,
                   struct schema_resource *resource, struct schema_node **ret_node);

/* Resolves the reference in rule->value. */
int schema_resolve(struct compile *compile, const struct schema_node *node,
                   struct schema_rule *rule);

/* Makes a node's rules. */
int schema_compile_node(struct compile *compile, struct schema_node *node);

/* Known already? NULL where not. */
struct schema_node *schema_find_node(const struct schema *schema, const struct json *json);

/* True where keyword holds in documents of that dialect. */
bool schema_keyword_holds(const struct keyword *keyword, const struct dialect *dialect);

/* A document of the library by its URI; the text has ' where JSON has ". NULL: none. */
const char *schema_meta_text(struct view uri);

/* The reference resolved against the base (RFC 3986, 5.2), without its fragment. */
int schema_uri_resolve(struct arena *arena, struct view base, struct view reference,
                       struct view *ret_uri);
/* %XX → byte, in the arena. */
int schema_uri_decode(struct arena *arena, struct view text, struct view *ret_decoded);

/* Compiles an ECMA-262 expression in the arena; the error's text says what is wrong. */
int schema_pattern_compile(struct arena *arena, struct view source,
                           const struct pcre2_real_code_8 **ret_pattern, struct err *reterr);

/* The check of a format by its name; NULL for one we do not know. */
bool (*schema_format_named(struct view name))(struct view text);

/* ---- validating ----------------------------------------------------------------------------- */

/* Which members or elements have been looked at: bits in run->words from `at`. */
struct marks {
    size_t at;
    size_t words;
};

struct run {
    const struct schema *schema;
    struct arena *arena;
    struct err *err;
    struct schema_error *errors;
    size_t error_count;
    size_t error_capacity;
    bool cut;
    int code;       /* the first failure; ends the run */
    unsigned quiet; /* above 0 nobody wants the errors, only the verdict */
    uint64_t steps_left;
    uint64_t *words; /* a stack of marks */
    size_t words_used;
    size_t words_capacity;
    struct pcre2_real_match_data_8 *match_data;
    struct pcre2_real_match_context_8 *match_context;
};

/* How a value is reached from the one before: not at all, as a member, an element (by index), or
 * as a member's name. */
enum step { STEP_NONE, STEP_MEMBER, STEP_ELEMENT, STEP_NAME };

/* One node looking at one value. */
struct frame {
    struct run *run;
    const struct frame *parent;
    const struct schema_node *node;
    const struct json *instance;
    const struct schema_rule *rule; /* of the parent, that led here */
    struct view schema_token;       /* within that rule's value; ptr NULL: none */
    size_t index;                   /* of the value in its parent */
    enum step step;
    bool marking;
    struct marks marks;
    unsigned level;
    unsigned in_place; /* levels since the value changed */
};

/* A node looks at a value, which is the first or was just stepped to. */
bool schema_run_frame(struct frame *frame);
/* A subschema looks at the same value; what it marks counts where it fits. */
bool schema_run_in_place(struct frame *frame, const struct schema_rule *rule, struct view token,
                         const struct schema_node *node);
/* A subschema looks at a child of the value or at a child's name. */
bool schema_run_child(struct frame *frame, const struct schema_rule *rule, struct view token,
                      const struct schema_node *node, const struct json *child, size_t index,
                      enum step step);

/* Marks a member or element as looked at. */
void schema_mark(struct frame *frame, size_t index);
void schema_mark_all(struct frame *frame);
bool schema_marked(const struct frame *frame, size_t index);

/* Notes that the value does not fit and returns false. */
bool schema_unfit(struct frame *frame, const struct schema_rule *rule, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Takes steps; false where the run has to end. */
bool schema_spend(struct run *run, uint64_t steps);
/* Ends the run with a code. */
bool schema_stop(struct run *run, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* The rule of a node by its keyword; NULL where there is none. */
const struct schema_rule *schema_sibling(const struct schema_node *node, enum keyword_id id);
/* Of a map's children the one with that name, NULL: none. */
const struct schema_child *schema_child_named(const struct schema_rule *rule, struct view name);

/* True where the expression is found in the text. */
bool schema_pattern_found(struct frame *frame, const struct pcre2_real_code_8 *pattern,
                          struct view text);

/* Equal as JSON Schema means it: numbers by value, members in any order. */
bool schema_equal(struct run *run, const struct json *a, const struct json *b);
/* The indexes of two equal elements; false where all differ. */
bool schema_has_twins(struct run *run, const struct json *array, size_t *ret_first,
                      size_t *ret_second);

/* The checks of the table of keywords. */
bool schema_check_reference(struct frame *frame, const struct schema_rule *rule);
bool schema_check_type(struct frame *frame, const struct schema_rule *rule);
bool schema_check_enum(struct frame *frame, const struct schema_rule *rule);
bool schema_check_const(struct frame *frame, const struct schema_rule *rule);
bool schema_check_multiple_of(struct frame *frame, const struct schema_rule *rule);
bool schema_check_bound(struct frame *frame, const struct schema_rule *rule);
bool schema_check_length(struct frame *frame, const struct schema_rule *rule);
bool schema_check_pattern(struct frame *frame, const struct schema_rule *rule);
bool schema_check_format(struct frame *frame, const struct schema_rule *rule);
bool schema_check_size(struct frame *frame, const struct schema_rule *rule);
bool schema_check_unique(struct frame *frame, const struct schema_rule *rule);
bool schema_check_required(struct frame *frame, const struct schema_rule *rule);
bool schema_check_dependent_required(struct frame *frame, const struct schema_rule *rule);
bool schema_check_prefix_items(struct frame *frame, const struct schema_rule *rule);
bool schema_check_items(struct frame *frame, const struct schema_rule *rule);
bool schema_check_items_old(struct frame *frame, const struct schema_rule *rule);
bool schema_check_additional_items(struct frame *frame, const struct schema_rule *rule);
bool schema_check_contains(struct frame *frame, const struct schema_rule *rule);
bool schema_check_properties(struct frame *frame, const struct schema_rule *rule);
bool schema_check_pattern_properties(struct frame *frame, const struct schema_rule *rule);
bool schema_check_additional_properties(struct frame *frame, const struct schema_rule *rule);
bool schema_check_property_names(struct frame *frame, const struct schema_rule *rule);
bool schema_check_dependencies(struct frame *frame, const struct schema_rule *rule);
bool schema_check_all_of(struct frame *frame, const struct schema_rule *rule);
bool schema_check_any_of(struct frame *frame, const struct schema_rule *rule);
bool schema_check_one_of(struct frame *frame, const struct schema_rule *rule);
bool schema_check_opposite(struct frame *frame, const struct schema_rule *rule);
bool schema_check_if(struct frame *frame, const struct schema_rule *rule);
bool schema_check_unevaluated(struct frame *frame, const struct schema_rule *rule);

#endif
