/* SPDX-License-Identifier: Apache-2.0
 *
 * yaml_write: a tree as YAML that people edit: block style, texts plain where that reads back the
 * same, otherwise in double quotes.
 *
 * What is written is read back by config/yaml.h as an equal tree (kinds, texts, order).
 * Memory: the strbuf. Threads: no state. Limit: the depth of the tree, which is YAML_DEPTH_MAX for
 * what was read here. */
#ifndef ASSAY_CONFIG_YAML_WRITE_H
#define ASSAY_CONFIG_YAML_WRITE_H

#include "base/strbuf.h"
#include "wire/json.h"

/* A document, from the column `indent` on; a mapping's or list's first line is indented too. Ends
 * with a newline. */
void yaml_write(struct strbuf *out, const struct json *root, unsigned indent);

/* One text as a scalar: title, "1", "a: b". */
void yaml_write_text(struct strbuf *out, struct view text);

#endif
