/* SPDX-License-Identifier: Apache-2.0
 *
 * expand: ${NAME} and ${NAME:-default} in the text values of a configuration.
 *
 * The environment is handed in as a function, so nothing here reads it. $${ stands for ${ as it is;
 * keys are left alone, and so is a $ before anything but {. The default counts where the variable
 * is not set or empty, as in a shell; it is taken as it is, up to the first }. What was expanded
 * stays text. Values never appear in a message, since they may be secrets.
 * Threads: no shared state. Limits: a value of 1 MiB. */
#ifndef ASSAY_CONFIG_EXPAND_H
#define ASSAY_CONFIG_EXPAND_H

#include <stdbool.h>

#include "config/problems.h"
#include "wire/json.h"

/* True and the value where the variable is set; the value must hold as long as the tree. */
typedef bool config_lookup(void *context, struct view name, struct view *ret_value);

/* Expands every text value in place; new texts lie in the arena. What is wrong (a variable that is
 * not set, ${ without }) goes to problems, all of it. A NULL lookup knows no variable. Returns 0,
 * ERR_CONFIG or ERR_MEMORY. */
MUST_CHECK int config_expand(struct arena *arena, struct json *root, config_lookup *lookup,
                             void *context, struct problems *problems);

/* True where the text holds a reference that config_expand would expand. */
bool config_has_reference(struct view text);

#endif
