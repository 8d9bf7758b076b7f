/* SPDX-License-Identifier: Apache-2.0
 *
 * patterns: turns a plan of rules (text/scan.h) into a set that can be scanned for: Vectorscan
 * compiles one database of their filters, PCRE2 machine code of each.
 *
 * Compiling takes a tenth of a second for hundreds of rules, so databases are kept in a folder, one
 * file each, named by the SHA-256 of all that they depend on: filters, versions, the processor. A
 * file that is cut short, altered or foreign is compiled anew and replaced; a folder that cannot be
 * written is no error, the next start compiles again.
 *
 * Memory: base/mem but for machine code and what Vectorscan takes while it compiles. Threads: a set
 * is constant; a scratch belongs to one thread at a time. Limit: a file of PATTERNS_FILE_MAX. */
#ifndef ASSAY_ENGINE_PATTERNS_H
#define ASSAY_ENGINE_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "text/scan.h"

enum { PATTERNS_FILE_MAX = 64 * 1024 * 1024 };

/* What became of the cache, for those who want to know (tests, doctor). */
enum patterns_origin {
    PATTERNS_EMPTY,    /* no rule needs a database */
    PATTERNS_READ,     /* from the cache */
    PATTERNS_WRITTEN,  /* compiled, and kept */
    PATTERNS_COMPILED, /* compiled; there is no cache or it cannot be written */
};

/* Compiles the plan's rules, which the set takes: the plan is empty afterwards. `cache` is the
 * folder of all of the program's caches, where patterns/ is made; NULL: none. ret_origin may be
 * NULL. ERR_CONFIG where Vectorscan refuses a rule, with its name; ERR_UNSUPPORTED on a processor
 * that Vectorscan does not run on; ERR_MEMORY. */
MUST_CHECK int patterns_compile(struct scan_plan *plan, const char *cache,
                                struct scan_set **ret_set, enum patterns_origin *ret_origin,
                                struct err *reterr);
void patterns_free(struct scan_set *set); /* NULL is fine; after its scanners and scratches */

/* What scanning needs beside the set, for one thread at a time. ERR_MEMORY. */
MUST_CHECK int patterns_scratch_new(const struct scan_set *set, struct scan_scratch **ret_scratch);
void patterns_scratch_free(struct scan_scratch *scratch); /* NULL is fine */

#endif
