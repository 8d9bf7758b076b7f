/* SPDX-License-Identifier: Apache-2.0
 *
 * pattern: see pattern.h. The expression is rewritten byte by byte with a note of where each byte
 * came from, so that PCRE2's complaint can name the character that the user wrote. */
#include "text/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "text/normalise.h"

/* A word boundary that also stands between Japanese letters and other letters or digits. */
#define JAPANESE "\\p{Han}\\p{Hiragana}\\p{Katakana}\xe3\x83\xbc"
#define BOUNDARY \
    "(?<=\\w)(?!\\w)|(?<!\\w)(?=\\w)|(?<=[" JAPANESE "])(?=[^\\W" JAPANESE "])" \
    "|(?<=[^\\W" JAPANESE "])(?=[" JAPANESE "])"

enum { REWRITTEN_MAX = 64 * PATTERN_SOURCE_MAX, HEAP_MAX_KIB = 20000 };

struct pattern {
    pcre2_general_context *memory;
    pcre2_code *code;
    pcre2_match_context *limits;
};

/* The expression on its way from the user's form to PCRE2's. */
struct rewrite {
    struct view source;
    size_t pos;
    struct strbuf out;
    uint32_t *came_from; /* of each byte of out: its place in source */
    size_t came_capacity;
    bool in_class;
    int code;
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

static void emit(struct rewrite *rewrite, struct view bytes, size_t from)
{
    size_t needed = rewrite->out.len + bytes.len + 1;

    if (rewrite->code == 0 && needed > rewrite->came_capacity) {
        uint32_t *grown = mem_resize(rewrite->came_from, 2 * needed, sizeof *grown);
        if (grown == NULL) {
            rewrite->code = ERR_MEMORY;
        } else {
            rewrite->came_from = grown;
            rewrite->came_capacity = 2 * needed;
        }
    }
    if (rewrite->code != 0)
        return;
    for (size_t i = 0; i <= bytes.len; i++)
        rewrite->came_from[rewrite->out.len + i] = (uint32_t)from;
    strbuf_add(&rewrite->out, bytes);
    rewrite->code = strbuf_status(&rewrite->out);
}

static void emit_text(struct rewrite *rewrite, const char *text)
{
    emit(rewrite, view_of(text), rewrite->pos);
}

/* Copies source[pos, to) as it is. */
static void copy_to(struct rewrite *rewrite, size_t to)
{
    for (; rewrite->pos < to && rewrite->pos < rewrite->source.len; rewrite->pos++)
        emit(rewrite, view_make(rewrite->source.ptr + rewrite->pos, 1), rewrite->pos);
}

static bool is_ascii_sign(char byte)
{
    unsigned char c = (unsigned char)byte;
    return c < 0x80 && !(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* A run outside ASCII in NFKC; ASCII signs that come out of it stay literal. */
static void literal_run(struct rewrite *rewrite, size_t end)
{
    struct arena arena;
    struct normalised normal = {.text = {.ptr = ""}};
    struct view run = view_slice(rewrite->source, rewrite->pos, end);

    arena_init(&arena, REWRITTEN_MAX);
    int code = normalise_text(&arena, run, 0, &normal);
    if (code != 0)
        rewrite->code = code;
    for (size_t i = 0; i < normal.text.len; i++) {
        if (is_ascii_sign(normal.text.ptr[i]))
            emit_text(rewrite, "\\");
        emit(rewrite, view_make(normal.text.ptr + i, 1), rewrite->pos);
    }
    arena_release(&arena);
    rewrite->pos = end;
}

/* \Q…\E is literal already; only its letters outside ASCII need their normal form. */
static void quoted(struct rewrite *rewrite)
{
    size_t end = view_find(rewrite->source, view_of("\\E"), rewrite->pos);

    rewrite->pos += 2;
    while (rewrite->pos < end) {
        if (is_ascii_sign(rewrite->source.ptr[rewrite->pos]))
            emit_text(rewrite, "\\");
        if ((unsigned char)rewrite->source.ptr[rewrite->pos] < 0x80) {
            copy_to(rewrite, rewrite->pos + 1);
            continue;
        }
        size_t stop = rewrite->pos;
        while (stop < end && (unsigned char)rewrite->source.ptr[stop] >= 0x80)
            stop++;
        literal_run(rewrite, stop);
    }
    if (rewrite->pos < rewrite->source.len)
        rewrite->pos += 2;
}

static void escape(struct rewrite *rewrite)
{
    size_t next = rewrite->pos + 1;
    char what = next < rewrite->source.len ? rewrite->source.ptr[next] : '\0';

    if (what == 'Q') {
        quoted(rewrite);
    } else if (!rewrite->in_class && (what == 'b' || what == 'B')) {
        emit_text(rewrite, what == 'b' ? "(?:" BOUNDARY ")" : "(?!" BOUNDARY ")");
        rewrite->pos += 2;
    } else if ((unsigned char)what >= 0x80) {
        rewrite->pos += 1; /* a letter outside ASCII needs no escape, and is literal */
    } else {
        copy_to(rewrite, next + 1);
    }
}

/* [ at pos: enters a class, passing a ] that comes first and so is literal; or passes [:name:]. */
static void open_bracket(struct rewrite *rewrite)
{
    struct view rest = view_slice(rewrite->source, rewrite->pos, rewrite->source.len);

    if (rewrite->in_class) {
        size_t close =
            view_starts(rest, view_of("[:")) ? view_find(rest, view_of(":]"), 2) : rest.len;
        copy_to(rewrite, close < rest.len ? rewrite->pos + close + 2 : rewrite->pos + 1);
        return;
    }
    rewrite->in_class = true;
    copy_to(rewrite, rewrite->pos + (view_starts(rest, view_of("[^")) ? 2 : 1));
    if (rewrite->pos < rewrite->source.len && rewrite->source.ptr[rewrite->pos] == ']')
        copy_to(rewrite, rewrite->pos + 1);
}

/* Where the run outside ASCII that starts at pos ends; pos where none does. A letter of ASCII
 * belongs to it when a combining mark (U+0300 to U+036F) follows. */
static size_t run_end(const struct rewrite *rewrite)
{
    struct view source = rewrite->source;
    size_t end = rewrite->pos;
    unsigned char second = end + 1 < source.len ? (unsigned char)source.ptr[end + 1] : 0;

    if (!is_ascii_sign(source.ptr[end]) && (second == 0xcc || second == 0xcd))
        end++;
    while (end < source.len && (unsigned char)source.ptr[end] >= 0x80)
        end++;
    return end;
}

static void rewrite_all(struct rewrite *rewrite)
{
    while (rewrite->code == 0 && rewrite->pos < rewrite->source.len) {
        char byte = rewrite->source.ptr[rewrite->pos];
        size_t end = run_end(rewrite);
        if (end > rewrite->pos) {
            literal_run(rewrite, end);
        } else if (byte == '\\') {
            escape(rewrite);
        } else if (byte == '[') {
            open_bracket(rewrite);
        } else {
            if (byte == ']')
                rewrite->in_class = false;
            copy_to(rewrite, rewrite->pos + 1);
        }
    }
}

static int compile_failed(const struct rewrite *rewrite, int error, size_t offset,
                          struct err *reterr)
{
    PCRE2_UCHAR text[160];
    size_t place = rewrite->source.len;

    if (error == PCRE2_ERROR_HEAP_FAILED || error == PCRE2_ERROR_NOMEMORY)
        return ERR_MEMORY;
    if (offset < rewrite->out.len)
        place = rewrite->came_from[offset];
    pcre2_get_error_message(error, text, sizeof text);
    return fail(reterr, ERR_CONFIG, "character %zu: %s",
                utf8_count(view_slice(rewrite->source, 0, place)) + 1, (const char *)text);
}

static int compile(struct pattern *pattern, const struct rewrite *rewrite, struct err *reterr)
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
    struct rewrite rewrite = {.source = source};
    size_t bad_at = 0;

    if (source.len > PATTERN_SOURCE_MAX)
        return fail(reterr, ERR_LIMIT, "longer than %d bytes", (int)PATTERN_SOURCE_MAX);
    if (!utf8_valid(source, &bad_at))
        return fail(reterr, ERR_CONFIG, "byte %zu is not valid UTF-8", bad_at + 1);
    struct pattern *pattern = mem_new(1, sizeof *pattern);
    if (pattern == NULL)
        return ERR_MEMORY;
    strbuf_init(&rewrite.out, REWRITTEN_MAX);
    rewrite_all(&rewrite);
    int code = rewrite.code != 0 ? rewrite.code : compile(pattern, &rewrite, reterr);
    strbuf_release(&rewrite.out);
    mem_free(rewrite.came_from);
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
