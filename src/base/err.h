/* SPDX-License-Identifier: Apache-2.0
 *
 * err: error codes, error texts, and assertions that stay on.
 *
 * A function that can fail returns int: 0, or a negative code of errors.def, and must be checked.
 * Where the detail is known it also fills a struct err: `return fail(reterr, ERR_CONFIG,
 * "assay.yaml:12:7: unknown key 'modle'")`. A broken invariant is no error but an assertion.
 *
 * Memory: a struct err is the caller's, of fixed size; longer texts are cut at a character.
 * Threads: no shared state. */
#ifndef ASSAY_BASE_ERR_H
#define ASSAY_BASE_ERR_H

#include <stdbool.h>
#include <stdlib.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

enum err_order {
    ERR_ORDER_NONE,
#define ERROR(name, exit_status, http_status, text) name##_ORDER,
#include "base/errors.def"
#undef ERROR
    ERR_ORDER_END,
};

enum err_code {
#define ERROR(name, exit_status, http_status, text) name = -(int)name##_ORDER,
#include "base/errors.def"
#undef ERROR
};

enum { ERR_TEXT_MAX = 1024 };

struct err {
    int code; /* 0, or the code that was returned */
    char text[ERR_TEXT_MAX];
};

/* Fills reterr (which may be NULL) with the code and the formatted text and returns the code. The
 * name stands in parentheses because cmocka has a macro `fail()` (a test that means this one calls
 * it so too), and tools/tidy.py has one that tells the analyzer which code comes back. */
int(fail)(struct err *reterr, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts a formatted prefix before the text that reterr holds already, to say where it happened. */
int(fail_within)(struct err *reterr, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* The general text of a code; "success" for 0, "unknown error" for anything that is no code. */
const char *err_text(int code);

/* The name of a code as in errors.def, "ERR_CONFIG"; for logs and JSON. */
const char *err_name(int code);

/* The exit status that a command ends with when this code decides; 0 for 0. */
int err_exit_status(int code);

/* The HTTP status that a server of ours answers for this code; 200 for 0. */
int err_http_status(int code);

/* Says on standard error which invariant broke, and aborts. */
_Noreturn void assert_broken(const char *condition, const char *file, int line);

#define assert_always(condition) \
    ((condition) ? (void)0 : assert_broken(#condition, __FILE__, __LINE__))

#endif
