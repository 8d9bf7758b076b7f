/* SPDX-License-Identifier: Apache-2.0
 *
 * pattern_rewrite: see pattern_rewrite.h. */
#include "text/pattern_rewrite.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/normalise.h"
#include "text/spelling.h"

/* A word boundary that also stands between Japanese letters and other letters or digits. */
#define JAPANESE "\\p{Han}\\p{Hiragana}\\p{Katakana}\xe3\x83\xbc"
#define BOUNDARY \
    "(?<=\\w)(?!\\w)|(?<!\\w)(?=\\w)|(?<=[" JAPANESE "])(?=[^\\W" JAPANESE "])" \
    "|(?<=[^\\W" JAPANESE "])(?=[" JAPANESE "])"

static void emit(struct pattern_rewrite *rewrite, struct view bytes, size_t from)
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

static void emit_text(struct pattern_rewrite *rewrite, const char *text)
{
    emit(rewrite, view_of(text), rewrite->pos);
}

/* Copies source[pos, to) as it is. */
static void copy_to(struct pattern_rewrite *rewrite, size_t to)
{
    for (; rewrite->pos < to && rewrite->pos < rewrite->source.len; rewrite->pos++)
        emit(rewrite, view_make(rewrite->source.ptr + rewrite->pos, 1), rewrite->pos);
}

static bool is_ascii_sign(char byte)
{
    unsigned char c = (unsigned char)byte;
    return c < 0x80 && !(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* The run as texts have it that the expression is for. */
static int normal_form(const struct pattern_rewrite *rewrite, struct arena *arena, struct view *run)
{
    struct spelling *spelling = NULL;
    uint64_t at;

    if (!rewrite->is_spelled) {
        struct normalised normal = {.text = {.ptr = ""}};
        int code = normalise_text(arena, *run, 0, &normal);
        *run = normal.text;
        return code;
    }
    int code = spelling_new(rewrite->spelling_flags, &spelling);
    if (code == 0)
        code = spelling_feed(spelling, *run);
    if (code == 0)
        code = spelling_finish(spelling);
    if (code == 0)
        code = arena_copy(arena, spelling_window(spelling, &at), run);
    spelling_free(spelling);
    return code;
}

/* A run outside ASCII in NFKC; ASCII signs that come out of it stay literal. */
static void literal_run(struct pattern_rewrite *rewrite, size_t end)
{
    struct view run = view_slice(rewrite->source, rewrite->pos, end);
    struct arena arena;

    arena_init(&arena, PATTERN_REWRITTEN_MAX);
    int code = normal_form(rewrite, &arena, &run);
    if (code != 0)
        rewrite->code = code;
    for (size_t i = 0; code == 0 && i < run.len; i++) {
        if (is_ascii_sign(run.ptr[i]))
            emit_text(rewrite, "\\");
        emit(rewrite, view_make(run.ptr + i, 1), rewrite->pos);
    }
    arena_release(&arena);
    rewrite->pos = end;
}

/* \Q…\E is literal already; only its letters outside ASCII need their normal form. */
static void quoted(struct pattern_rewrite *rewrite)
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

static void escape(struct pattern_rewrite *rewrite)
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
static void open_bracket(struct pattern_rewrite *rewrite)
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
static size_t run_end(const struct pattern_rewrite *rewrite)
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

int pattern_rewrite(struct pattern_rewrite *rewrite)
{
    strbuf_init(&rewrite->out, PATTERN_REWRITTEN_MAX);
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
    return rewrite->code;
}

void pattern_rewrite_release(struct pattern_rewrite *rewrite)
{
    strbuf_release(&rewrite->out);
    mem_free(rewrite->came_from);
}

size_t pattern_rewrite_place(const struct pattern_rewrite *rewrite, size_t offset)
{
    size_t place = offset < rewrite->out.len ? rewrite->came_from[offset] : rewrite->source.len;

    return utf8_count(view_slice(rewrite->source, 0, place)) + 1;
}
