/* SPDX-License-Identifier: Apache-2.0
 *
 * schema: whether a JSON value fits a JSON Schema: draft 7, 2019-09 and 2020-12.
 *
 * A schema is compiled once and then only read. $ref finds what stands in the schema itself, in the
 * further documents handed in, and the metaschemas of the three drafts; nothing is ever fetched.
 * Numbers are compared exactly, however they are spelled; lengths count code points; regular
 * expressions are ECMA-262's, brought to PCRE2. Members with the same name are each looked at.
 * `format` is a note unless the options or the schema's metaschema ask for more.
 *
 * Not supported: drafts 3, 4 and 6 (refused); contentEncoding and contentMediaType (notes only).
 *
 * Memory: a compiled schema owns its arena and borrows the trees it was made from; errors live in
 * the arena given to schema_validate. Limits: those below; each is an error where it is passed.
 * Threads: a schema is constant once made.
 * Source: json-schema.org, drafts 7, 2019-09 and 2020-12; RFC 6901 for paths. */
#ifndef ASSAY_TEXT_SCHEMA_H
#define ASSAY_TEXT_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/json.h"

enum {
    SCHEMA_BYTES_MAX = 64 << 20,          /* of a compiled schema */
    SCHEMA_LEVELS_MAX = 2048,             /* of subschemas being evaluated within each other */
    SCHEMA_STEPS_MAX = 20 * 1000 * 1000,  /* of one validation */
    SCHEMA_ERRORS_MAX = 100,              /* that are listed */
    SCHEMA_PATTERN_STEPS_MAX = 1000000,   /* of PCRE2 in one match */
    SCHEMA_PATTERN_MEMORY_KIB = 8 * 1024, /* the same, for what it remembers */
};

struct schema;

enum schema_draft {
    SCHEMA_2020_12,
    SCHEMA_2019_09,
    SCHEMA_DRAFT_7,
};

/* A document that a $ref may name by this URI (or by the $id it has inside). */
struct schema_document {
    struct view uri;
    const struct json *root;
};

struct schema_options {
    enum schema_draft draft; /* of documents that have no $schema */
    bool assert_formats;     /* `format` decides, too, where the format is one we know */
    struct view uri;         /* of the schema itself, for relative $refs; may be empty */
    const struct schema_document *documents;
    size_t document_count;
};

struct schema_error {
    const char *text;          /* "/items/2/price: must be a number, is a string" */
    const char *sentence;      /* "must be a number, is a string" */
    const char *instance_path; /* JSON Pointer, "" for the document itself */
    const char *schema_path;   /* the way through the schema: "/properties/items/$ref/type" */
    uint32_t line;             /* of the value in the instance's source; 0 where it has none */
    uint32_t column;
};

struct schema_result {
    const struct schema_error *items;
    size_t count; /* 0: the instance fits */
    bool cut;     /* there were more than SCHEMA_ERRORS_MAX */
};

/* Compiles. options may be NULL. Returns ERR_CONFIG with reterr "LINE:COLUMN: /path: what is wrong
 * with the schema", ERR_UNSUPPORTED (a $schema we do not know), ERR_LIMIT or ERR_MEMORY. */
MUST_CHECK int schema_new(const struct json *root, const struct schema_options *options,
                          struct schema **ret_schema, struct err *reterr);
void schema_free(struct schema *schema); /* NULL is fine */

/* Lists what does not fit; returns 0 also where the list is not empty, and ERR_LIMIT or ERR_MEMORY
 * where it could not be told. */
MUST_CHECK int schema_validate(const struct schema *schema, const struct json *instance,
                               struct arena *arena, struct schema_result *ret_result,
                               struct err *reterr);

#endif
