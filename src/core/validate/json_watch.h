/* SPDX-License-Identifier: Apache-2.0
 *
 * json_watch: an answer that has to be JSON, watched while it comes in: refused at the first byte
 * that cannot be right.
 *
 * The grammar is refused at its first wrong byte, as by the whole check. Of the schema what can be
 * told early: a value's type by its first byte, names that additionalProperties: false forbids, a
 * value that is none of `enum` or `const`, too many elements or members, a string that is too long.
 * Only what must hold whatever else comes is looked at (properties, patternProperties, items,
 * prefixItems, $ref, allOf): json_watch never refuses what the whole check (text/schema.h) accepts;
 * what it lets pass must still be checked whole. Strings and numbers of `enum` and `const` are
 * compared up to JSON_WATCH_VALUE_MAX bytes, objects and arrays not at all.
 *
 * Answers in a fence (```json) are no case of this: they are judged at their end.
 * Memory: base/mem, bounded by the depth. Threads: one owner. Limits: JSON_DEPTH_MAX. */
#ifndef ASSAY_CORE_VALIDATE_JSON_WATCH_H
#define ASSAY_CORE_VALIDATE_JSON_WATCH_H

#include "base/view.h"
#include "text/schema.h"
#include "wire/json.h"

enum { JSON_WATCH_VALUE_MAX = 1024 };

struct json_watch;

/* `schema` NULL: grammar alone. It must hold until json_watch_free. */
MUST_CHECK int json_watch_new(const struct schema *schema, struct json_watch **ret_watch);
void json_watch_free(struct json_watch *watch); /* NULL is fine */
/* A new text; memory is kept. */
void json_watch_begin(struct json_watch *watch, const struct schema *schema);

/* More of the text. ERR_SYNTAX where the grammar refuses it, ERR_FAILED where the schema does,
 * ERR_LIMIT (too deep), ERR_MEMORY; the code and the text stay for later calls. reterr says where
 * and why. */
MUST_CHECK int json_watch_feed(struct json_watch *watch, struct view text, struct err *reterr);
/* The text is complete: ERR_SYNTAX also where it is cut short. */
MUST_CHECK int json_watch_end(struct json_watch *watch, struct err *reterr);

/* Of a refusal: the first byte that cannot be right, or where the value begins that is wrong. */
uint64_t json_watch_at(const struct json_watch *watch);

#endif
