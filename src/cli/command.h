/* SPDX-License-Identifier: Apache-2.0
 *
 * command: one row for each command. commands.def lists them; help, manual pages and completion are
 * printed from the rows.
 *
 * A command reads its options, plans, runs and prints; results go to standard output, progress and
 * complaints to standard error. It returns the exit status of the contract.
 * Threads: the main thread. */
#ifndef ASSAY_CLI_COMMAND_H
#define ASSAY_CLI_COMMAND_H

#include "base/strbuf.h"
#include "cli/options.h"

enum { COMMAND_TABLES_MAX = 4 };

/* What every command knows. */
struct cli {
    const char *program;           /* argv[0] */
    const struct command *command; /* the row that runs */
    bool quiet;
    const char *color;     /* auto, always, never */
    const char *log_level; /* error, warn, info, debug */
};

/* Options that every command takes; a command's struct starts with one. */
struct common_options {
    bool help;
    bool quiet;
    const char *color;
    const char *log_level;
};

struct command {
    const char *name;
    const char *summary;  /* one line, lower case, no full stop */
    const char *operands; /* "[FILE…]", "" */
    const char *details;  /* paragraphs of the manual, separated by an empty line */
    const char *examples; /* a command a line, each followed by a line "  what it does" */
    const struct options_table *tables[COMMAND_TABLES_MAX]; /* its options, NULL at the end */
    bool hidden; /* not listed: for assay's own processes */
    int (*run)(struct cli *cli, int argc, char *const argv[]);
};

/* All rows, in the order of commands.def. */
const struct command *const *command_all(size_t *ret_count);
const struct command *command_find(const char *name);

/* The options that every command takes. */
extern const struct options_table common_options_table;

/* All tables of a command, the common one last; returns how many. */
size_t command_tables(const struct command *command,
                      struct options_table ret_tables[COMMAND_TABLES_MAX + 1]);

/* Reads the command line into the struct at `into` (first member struct common_options). 0: go on;
 * otherwise *ret_exit is the exit status to end with (help was printed, or the complaint was). */
MUST_CHECK int command_options(struct cli *cli, int argc, char *const argv[], void *into,
                               struct operands *ret_operands, int *ret_exit);

/* Prints "assay CMD: text" on standard error; returns the exit status of the code. */
int command_fail(const struct cli *cli, int code, const struct err *err);

/* Help in the form of a terminal page; dump of all tables as JSON. */
void command_page(const struct command *command, struct strbuf *out);
void command_overview(struct strbuf *out);
void command_dump_tables(struct strbuf *out);

/* Writes all of it to standard output; exit status 0, or 3 with a complaint where that fails. */
int command_print(const struct cli *cli, const struct strbuf *text);

#endif
