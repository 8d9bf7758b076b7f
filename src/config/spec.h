/* SPDX-License-Identifier: Apache-2.0
 *
 * spec: tables of known keys, and the one reader that checks a mapping against such a table and
 * fills a struct. The tables are also what help, documentation and forms are made from
 * (config_dump).
 *
 * Memory: what is read refers to the tree and to the reader's arena. Threads: no shared state. */
#ifndef ASSAY_CONFIG_SPEC_H
#define ASSAY_CONFIG_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"
#include "config/problems.h"
#include "wire/json.h"

/* What a value must be, and in brackets the C type of the member it fills. Numbers and true/false
 * may also be given as text that spells them, since ${NAME} gives text. */
enum config_type {
    CONFIG_TEXT,        /* text [struct view] */
    CONFIG_PATH,        /* text, resolved against the reader's folder [struct view] */
    CONFIG_BOOL,        /* true, false [bool] */
    CONFIG_INT,         /* whole number, min..max [int64_t] */
    CONFIG_NUMBER,      /* number, min..max in whole units [double] */
    CONFIG_MICRO,       /* number kept in millionths, min..max in millionths [int64_t] */
    CONFIG_DURATION,    /* "250ms", "30s", "5m", "1h"; min..max in ns [uint64_t] */
    CONFIG_SIZE,        /* "512", "64KB", "10MB", "1GiB"; min..max in bytes [uint64_t] */
    CONFIG_CHOICE,      /* one of `choices`: its index [an enum] */
    CONFIG_LIST,        /* list of texts [struct config_list] */
    CONFIG_ONE_OR_LIST, /* a text, or a list of texts [struct config_list] */
    CONFIG_TEXT_MAP,    /* mapping of names to texts [const struct json *] */
    CONFIG_MAP,         /* mapping, passed on as it is [const struct json *] */
    CONFIG_RAW,         /* anything, passed on as it is [const struct json *] */
    CONFIG_TABLE,       /* mapping with the keys of `nested` [the struct of that table] */
    CONFIG_NAMED,       /* mapping of names to mappings with the keys of `nested`: passed on, the
                           caller reads each with config_read [const struct json *] */
    CONFIG_EACH,        /* list of mappings with the keys of `nested`: passed on likewise
                           [const struct json *] */
};

struct config_list {
    const struct view *items;
    size_t count;
};

struct config_table;

struct config_field {
    const char *key;
    const char *help;
    size_t offset; /* of the member in the struct */
    enum config_type type;
    bool required;
    bool secret; /* its value never appears in a message */
    int64_t min; /* min and max both 0: no bounds */
    int64_t max;
    const char *otherwise;      /* default, spelled as a user would; NULL: all bits 0 */
    const char *const *choices; /* NULL at the end */
    const struct config_table *nested;
};

struct config_table {
    const char *name; /* what such a mapping is, for messages: "target" */
    const struct config_field *fields;
    size_t count;
};

struct config_reader {
    struct arena *arena;
    struct problems *problems; /* names the file */
    struct view folder;        /* CONFIG_PATH is relative to it */
};

/* Fills the struct at `ret_struct`, which the caller has initialised, from the mapping: unknown
 * keys (with the nearest known one), keys given twice, wrong types, values out of bounds and
 * missing required keys go to problems, all of them. A NULL map stands for an empty one of which
 * nothing is required. Members of keys that are wrong have their defaults. A null value counts as
 * not given. Returns 0, ERR_CONFIG where something was wrong in this mapping, ERR_MEMORY. */
MUST_CHECK int config_read(const struct config_reader *reader, const struct config_table *table,
                           const struct json *map, void *ret_struct);

/* "30s", "1.5m", "250ms", "10us", "7ns", "1h", "90d" in ns; ERR_INVALID otherwise (a bare number,
 * which has no unit, included). At most five decimals. */
MUST_CHECK int config_duration(struct view text, uint64_t *ret_ns);

/* "512", "64KB" (1000s), "64KiB" (1024s), "10MB", "1G" in bytes; ERR_INVALID otherwise. */
MUST_CHECK int config_size(struct view text, uint64_t *ret_bytes);

/* A decimal number as JSON spells it, in millionths, exactly: more than six decimals that are not
 * 0, or a value past int64, are ERR_INVALID. */
MUST_CHECK int config_micro(struct view text, int64_t *ret_micro);

/* "text", "whole number", … and for tables of tables the same words. */
const char *config_type_name(enum config_type type);

/* The table as JSON: {"name", "keys": [{"key", "type", "help", "required"?, "default"?, "min"?,
 * "max"?, "choices"?, "secret"?, "table"?}]}. */
void config_dump(const struct config_table *table, struct json_writer *writer);

#endif
