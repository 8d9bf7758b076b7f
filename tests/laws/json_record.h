/* SPDX-License-Identifier: Apache-2.0
 *
 * json_record: what the JSON scanner says about a text, written down so that two readings can be
 * compared: one line an event with its place, pieces of one value joined, and the error at the end.
 *
 * Pieces are copied into blocks of their own size, so that a sanitizer sees any byte read past one.
 * Memory: the strbuf's. */
#ifndef TESTS_LAWS_JSON_RECORD_H
#define TESTS_LAWS_JSON_RECORD_H

#include "base/rng.h"
#include "wire/json.h"

enum { RECORD_BYTES_MAX = 64 << 20 };

/* Feeds the text cut at these offsets (ascending) and appends what came. Returns 0 or the error. */
int json_record(struct view text, const size_t *cuts, size_t cut_count, struct strbuf *out);

/* The same, every byte a piece of its own. */
int json_record_bytes(struct view text, struct strbuf *out);

/* What json_record would write for the document that was parsed into this tree, but without the
 * places of names and ends, which a tree does not keep; `json_record_without_places` takes them
 * out of a record too. */
void json_record_tree(const struct json *root, struct strbuf *out);
void json_record_without_places(struct view text, struct strbuf *out);

/* Equal kinds, names, strings, and numbers by their spelling. */
bool json_same_tree(const struct json *a, const struct json *b);

/* Appends a random document: mostly valid JSON with all that is hard (escapes, surrogates, UTF-8,
 * long numbers, nesting, white space); sometimes damaged in one byte. */
void json_random(struct rng *rng, struct strbuf *out);

#endif
