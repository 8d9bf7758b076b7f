/* SPDX-License-Identifier: Apache-2.0
 *
 * pattern: see pattern.h. */
#include "text/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "text/pattern_rewrite.h"

enum { HEAP_MAX_KIB = 20000 };

struct pattern {
    pcre2_general_context *memory;
    pcre2_code *code;
    pcre2_match_context *limits;
};

static void *allocate(size_t size, void *unused)
{
    (void)unused;
    return mem_new(1, size > 0 ? size : 1);
}

static void release(void *block, void *unused)
{
    (void)unused;
    mem_free(block);
}

static int compile_failed(const struct pattern_rewrite *rewrite, int error, size_t offset,
                          struct err *reterr)
{
    PCRE2_UCHAR text[160];

    if (error == PCRE2_ERROR_HEAP_FAILED || error == PCRE2_ERROR_NOMEMORY)
        return ERR_MEMORY;
    pcre2_get_error_message(error, text, sizeof text);
    return fail(reterr, ERR_CONFIG, "character %zu: %s", pattern_rewrite_place(rewrite, offset),
                (const char *)text);
}

static int compile(struct pattern *pattern, const struct pattern_rewrite *rewrite,
                   struct err *reterr)
{
    int error = 0;
    size_t offset = 0;

    pattern->memory = pcre2_general_context_create(allocate, release, NULL);
    if (pattern->memory == NULL)
        return ERR_MEMORY;
    pcre2_compile_context *context = pcre2_compile_context_create(pattern->memory);
    pattern->limits = pcre2_match_context_create(pattern->memory);
    if (context != NULL && pattern->limits != NULL) {
        struct view text = strbuf_view(&rewrite->out);
        pcre2_set_match_limit(pattern->limits, PATTERN_STEPS_MAX);
        pcre2_set_heap_limit(pattern->limits, HEAP_MAX_KIB);
        pattern->code =
            pcre2_compile((PCRE2_SPTR)text.ptr, text.len,
                          PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C, &error,
                          &offset, context);
    }
    bool out_of_memory = context == NULL || pattern->limits == NULL;
    pcre2_compile_context_free(context);
    if (out_of_memory)
        return ERR_MEMORY;
    if (pattern->code == NULL)
        return compile_failed(rewrite, error, offset, reterr);
    /* Without machine code (a hardened system, no memory) the interpreter does the same. */
    (void)pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
    return 0;
}

int pattern_new(struct view source, struct pattern **ret_pattern, struct err *reterr)
{
    struct pattern_rewrite rewrite = {.source = source};
    size_t bad_at = 0;

    if (source.len > PATTERN_SOURCE_MAX)
        return fail(reterr, ERR_LIMIT, "longer than %d bytes", (int)PATTERN_SOURCE_MAX);
    if (!utf8_valid(source, &bad_at))
        return fail(reterr, ERR_CONFIG, "byte %zu is not valid UTF-8", bad_at + 1);
    struct pattern *pattern = mem_new(1, sizeof *pattern);
    if (pattern == NULL)
        return ERR_MEMORY;
    int code = pattern_rewrite(&rewrite);
    if (code == 0)
        code = compile(pattern, &rewrite, reterr);
    pattern_rewrite_release(&rewrite);
    if (code != 0) {
        pattern_free(pattern);
        return code;
    }
    *ret_pattern = pattern;
    return 0;
}

void pattern_free(struct pattern *pattern)
{
    if (pattern == NULL)
        return;
    pcre2_code_free(pattern->code);
    pcre2_match_context_free(pattern->limits);
    pcre2_general_context_free(pattern->memory);
    mem_free(pattern);
}

static int match_failed(int error, struct err *reterr)
{
    if (error == PCRE2_ERROR_NOMEMORY)
        return ERR_MEMORY;
    if (error == PCRE2_ERROR_MATCHLIMIT || error == PCRE2_ERROR_HEAPLIMIT
        || error == PCRE2_ERROR_DEPTHLIMIT)
        return fail(reterr, ERR_LIMIT,
                    "the regular expression takes more than %d steps on this text: make its "
                    "repetitions exclude one another",
                    (int)PATTERN_STEPS_MAX);
    PCRE2_UCHAR text[160];
    pcre2_get_error_message(error, text, sizeof text);
    return fail(reterr, ERR_INVALID, "the regular expression failed: %s", (const char *)text);
}

int pattern_find(const struct pattern *pattern, struct view text, struct pattern_hits *ret_hits,
                 struct err *reterr)
{
    struct pattern_hits hits = {0};
    int error = 0;
    pcre2_match_data *match = pcre2_match_data_create(1, pattern->memory);

    if (match == NULL)
        return ERR_MEMORY;
    for (size_t from = 0; from <= text.len && hits.count < PATTERN_HITS_MAX;) {
        PCRE2_SPTR subject = (PCRE2_SPTR)(text.ptr != NULL ? text.ptr : "");
        error = pcre2_match(pattern->code, subject, text.len, from, PCRE2_NO_UTF_CHECK, match,
                            pattern->limits);
        if (error == PCRE2_ERROR_JIT_STACKLIMIT)
            error = pcre2_match(pattern->code, subject, text.len, from,
                                PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, match, pattern->limits);
        if (error < 0)
            break;
        const PCRE2_SIZE *place = pcre2_get_ovector_pointer(match);
        if (hits.count++ == 0) {
            hits.start = place[0];
            hits.end = place[1] > place[0] ? place[1] : place[0];
        }
        from = place[1] > from ? place[1] : from;
        if (place[1] <= place[0]) { /* empty: go on behind the next character */
            if (from >= text.len)
                break;
            (void)utf8_next(text, &from, NULL);
        }
    }
    pcre2_match_data_free(match);
    if (error < 0 && error != PCRE2_ERROR_NOMATCH)
        return match_failed(error, reterr);
    *ret_hits = hits;
    return 0;
}
