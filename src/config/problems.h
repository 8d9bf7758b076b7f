/* SPDX-License-Identifier: Apache-2.0
 *
 * problems: what is wrong in one file, all of it (up to 20), so that it can be put right in one go.
 *
 * A text reads "FILE:LINE:COLUMN: message", as compilers write it; what came from the command line
 * (--set) has line 0 and reads "--set: message".
 * The problems of one file stand in the order of their places.
 * Memory: texts in the arena. Limits: 20 kept, the others counted. Threads: one owner. */
#ifndef ASSAY_CONFIG_PROBLEMS_H
#define ASSAY_CONFIG_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"
#include "wire/json.h"

enum { PROBLEMS_MAX = 20 };

struct problem {
    struct view file;
    uint32_t line;
    uint32_t column;
    const char *text; /* whole, with file, line and column */
};

struct problems {
    struct arena *arena;
    struct view file; /* that is being read; may be changed between files */
    struct problem items[PROBLEMS_MAX];
    size_t count; /* of items */
    size_t total; /* found altogether */
    int code;     /* 0; ERR_CONFIG once something was wrong; ERR_MEMORY where even that failed */
};

/* None yet. The file name is borrowed. */
void problems_init(struct problems *problems, struct arena *arena, struct view file);

/* True where no further text is kept: what only makes a text better may be left out. */
static inline bool problems_full(const struct problems *problems)
{
    return problems->count == PROBLEMS_MAX;
}

/* One more, at a place of problems->file. Returns problems->code, never 0. */
int problems_add(struct problems *problems, uint32_t line, uint32_t column, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* The same at a value, or at a member's key. */
int problems_at(struct problems *problems, const struct json *value, const char *format, ...)
    PRINTF_LIKE(3, 4);
int problems_at_key(struct problems *problems, const struct json *member, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* A value for use in a message: in quotes, on one line, cut after 40 bytes. */
struct quoted {
    char text[48];
};
struct quoted problems_quote(struct view value);

/* One more whose text in `err` says the file and place already (config/yaml.h). An err of code
 * ERR_MEMORY makes the whole ERR_MEMORY. */
int problems_take(struct problems *problems, const struct err *err);

/* 0 where nothing is wrong; otherwise the code, and reterr (may be NULL) has the texts, one a line,
 * as many as fit, and how many more there are. */
MUST_CHECK int problems_status(const struct problems *problems, struct err *reterr);

#endif
