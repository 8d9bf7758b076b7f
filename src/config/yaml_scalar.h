/* SPDX-License-Identifier: Apache-2.0
 *
 * yaml_scalar: what a plain scalar means, by the core schema of YAML 1.2 (10.3.2).
 *
 * Threads: no state. */
#ifndef ASSAY_CONFIG_YAML_SCALAR_H
#define ASSAY_CONFIG_YAML_SCALAR_H

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"
#include "wire/json.h"

/* The kind of a plain scalar, and for a number the text JSON reads (in the arena where it differs).
 * ERR_INVALID with *ret_why for a number that cannot be had (.inf, .nan, 0x past 64 bits);
 * ERR_MEMORY. */
MUST_CHECK int yaml_scalar(struct arena *arena, struct view plain, enum json_kind *ret_kind,
                           struct view *ret_text, const char **ret_why);

#endif
