/* SPDX-License-Identifier: Apache-2.0
 *
 * options: command lines read by a table. The same table prints the help text, the manual pages and
 * the shells' completion (assay --dump-tables).
 *
 * Long options as --name VALUE or --name=VALUE, letters as -c VALUE or -cVALUE; "--" ends options;
 * "-" is an operand. Every value is checked while it is read.
 * Memory: values are views of argv. Threads: one. */
#ifndef ASSAY_CLI_OPTIONS_H
#define ASSAY_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { OPTION_LIST_MAX = 64, OPERANDS_MAX = 256 };

enum option_kind {
    OPTION_FLAG,     /* bool */
    OPTION_TEXT,     /* const char * */
    OPTION_INT,      /* int64_t in low..high */
    OPTION_DURATION, /* uint64_t nanoseconds, "30s", "250ms" */
    OPTION_DOLLARS,  /* int64_t billionths of a dollar */
    OPTION_CHOICE,   /* const char *, one of `choices` separated by commas */
    OPTION_LIST,     /* struct option_list, repeatable */
};

struct option_list {
    const char *items[OPTION_LIST_MAX];
    size_t count;
};

struct option {
    const char *name; /* without dashes */
    char letter;      /* 0: none */
    enum option_kind kind;
    const char *value; /* what stands for its value in help: "FILE" */
    size_t offset;     /* into the command's struct */
    const char *help;
    const char *choices;
    int64_t low;
    int64_t high;
};

struct options_table {
    const struct option *items;
    size_t count;
};

struct operands {
    const char *items[OPERANDS_MAX];
    size_t count;
};

/* Reads argv[1..] by the tables (tables[0] is the command's, the others are shared by commands)
 * into the struct at `into`, which holds the defaults already. ERR_USAGE with the remedy in
 * reterr. */
MUST_CHECK int options_read(const struct options_table *tables, size_t table_count, int argc,
                            char *const argv[], void *into, struct operands *ret_operands,
                            struct err *reterr);

/* Nanoseconds of "30s", "250ms", "2m", "1.5h"; ERR_INVALID otherwise. */
MUST_CHECK int options_duration(const char *text, uint64_t *ret_ns);

#endif
