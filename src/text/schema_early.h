/* SPDX-License-Identifier: Apache-2.0
 *
 * schema_early: what a JSON Schema says of a document of which only the beginning is there. A value
 * stands under a set of subschemas that it must fit whatever else comes: those that are reached by
 * properties, patternProperties, additionalProperties, items and their kin, $ref and allOf alone.
 *
 * Never refuses what schema_validate accepts; what it lets pass is not thereby right. Values that
 * are complete and have no parts are judged by all that their set says.
 *
 * Sets stand on a stack: the set of a member or element is made on top and dropped with all above
 * it. Memory: base/mem, the stack; the arena for single judgements. Threads: one owner. */
#ifndef ASSAY_TEXT_SCHEMA_EARLY_H
#define ASSAY_TEXT_SCHEMA_EARLY_H

#include "text/schema.h"

struct schema_node;

struct schema_early {
    const struct schema *schema; /* NULL: everything fits */
    bool is_dynamic;             /* it refers to what depends on the way to a value */
    const struct schema_node **nodes;
    size_t count;
    size_t capacity;
    struct arena arena;
};

/* Nodes from..to of the stack. */
struct schema_set {
    size_t from;
    size_t to;
};

void schema_early_init(struct schema_early *early);
void schema_early_release(struct schema_early *early);

/* For another document; the set of its one value. ERR_MEMORY. */
MUST_CHECK int schema_early_root(struct schema_early *early, const struct schema *schema,
                                 struct schema_set *ret_set);
/* The set of a member of an object under `object`. ERR_FAILED with reterr where there must be none
 * of that name; ERR_MEMORY. */
MUST_CHECK int schema_early_member(struct schema_early *early, struct schema_set object,
                                   struct view name, struct schema_set *ret_set,
                                   struct err *reterr);
/* The same of an element. */
MUST_CHECK int schema_early_element(struct schema_early *early, struct schema_set array,
                                    size_t index, struct schema_set *ret_set, struct err *reterr);
/* A set of which nothing is known. */
struct schema_set schema_early_any(const struct schema_early *early);
void schema_early_drop(struct schema_early *early, struct schema_set set);

/* A value of that kind begins. ERR_FAILED with what is wrong. */
MUST_CHECK int schema_early_begin(struct schema_early *early, struct schema_set set,
                                  enum json_kind kind, struct err *reterr);
/* A value without parts is complete. ERR_FAILED, ERR_MEMORY. */
MUST_CHECK int schema_early_value(struct schema_early *early, struct schema_set set,
                                  const struct json *value, struct err *reterr);
/* The most characters of a string, elements of an array, members of an object; UINT64_MAX: no
 * end. */
uint64_t schema_early_most(const struct schema_early *early, struct schema_set set,
                           enum json_kind kind);

#endif
