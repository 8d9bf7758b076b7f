/* SPDX-License-Identifier: Apache-2.0
 *
 * yaml: YAML 1.2 into the tree of wire/json.h, with the place of every key and value.
 *
 * libyaml scans and parses; what a plain scalar means is our own table, the core schema of YAML 1.2
 * (10.3.2): null ~ true false, whole numbers also as 0o17 and 0x1F, decimal fractions. So no, on,
 * yes and 12:30 are texts. A number's text becomes one JSON reads (0x1F 31, +5 5, .5 0.5); .inf
 * and .nan are refused. Quoted scalars are texts. Keys are texts as they are written.
 * Anchors, aliases (copied) and merge keys (<<) work; duplicate keys, a second document, tags other
 * than those of the core schema, and anything that is no UTF-8 are refused.
 * Limits: 64 MiB, depth 100, 1,000,000 values with aliases copied. Memory: the arena; the tree does
 * not refer to the text. Threads: no shared state. `at` of the values is 0. */
#ifndef ASSAY_CONFIG_YAML_H
#define ASSAY_CONFIG_YAML_H

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"
#include "wire/json.h"

enum { YAML_DEPTH_MAX = 100, YAML_NODES_MAX = 1000000, YAML_SIZE_MAX = 64 * 1024 * 1024 };

/* Reads one document; an empty one is null. On failure ERR_CONFIG with reterr "FILE:LINE:COLUMN:
 * what is wrong and what to do", or ERR_MEMORY. */
MUST_CHECK int yaml_parse(struct arena *arena, struct view file, struct view text,
                          struct json **ret_root, struct err *reterr);

#endif
