/* SPDX-License-Identifier: Apache-2.0
 *
 * err: see err.h. The three columns of errors.def become one table, indexed by -code. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct row {
    const char *name;
    const char *text;
    int exit_status;
    int http_status;
};

static const struct row rows[] = {
    {"OK", "success", 0, 200},
#define ERROR(name, exit_status, http_status, text) {#name, text, exit_status, http_status},
#include "base/errors.def"
#undef ERROR
};

static const struct row unknown = {"ERR_UNKNOWN", "unknown error", 3, 500};

static const struct row *row_of(int code)
{
    if (code > 0 || code <= -(int)ERR_ORDER_END)
        return &unknown;
    return &rows[-code];
}

/* snprintf cuts at a byte; step back to where a UTF-8 character starts. */
static void cut_at_character(char *text, size_t wanted)
{
    size_t len = strlen(text);

    if (wanted <= len)
        return;
    while (len > 0 && ((unsigned char)text[len - 1] & 0xc0u) == 0x80u)
        len--;
    if (len > 0 && (unsigned char)text[len - 1] >= 0xc0u)
        len--;
    text[len] = '\0';
}

int(fail)(struct err *reterr, int code, const char *format, ...)
{
    if (reterr == NULL)
        return code;

    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(reterr->text, sizeof reterr->text, format, args);
    va_end(args);
    reterr->code = code;
    if (wanted > 0)
        cut_at_character(reterr->text, (size_t)wanted);
    return code;
}

int(fail_within)(struct err *reterr, int code, const char *format, ...)
{
    if (reterr == NULL)
        return code;

    char before[ERR_TEXT_MAX];
    char whole[2 * ERR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    int wrote = vsnprintf(before, sizeof before, format, args);
    va_end(args);
    if (wrote < 0)
        before[0] = '\0';
    int wanted = snprintf(whole, sizeof whole, "%s%s", before, reterr->text);
    memcpy(reterr->text, whole, sizeof reterr->text);
    reterr->text[sizeof reterr->text - 1] = '\0';
    reterr->code = code;
    if (wanted > 0)
        cut_at_character(reterr->text, (size_t)wanted);
    return code;
}

const char *err_text(int code)
{
    return row_of(code)->text;
}

const char *err_name(int code)
{
    return row_of(code)->name;
}

int err_exit_status(int code)
{
    return row_of(code)->exit_status;
}

int err_http_status(int code)
{
    return row_of(code)->http_status;
}

_Noreturn void assert_broken(const char *condition, const char *file, int line)
{
    fprintf(stderr, "assay: broken invariant at %s:%d: %s\n", file, line, condition);
    abort();
}
