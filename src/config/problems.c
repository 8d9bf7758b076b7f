/* SPDX-License-Identifier: Apache-2.0
 *
 * problems: see problems.h. */
#include "config/problems.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

void problems_init(struct problems *problems, struct arena *arena, struct view file)
{
    *problems = (struct problems){.arena = arena, .file = file};
}

struct quoted problems_quote(struct view value)
{
    enum { SHOWN_MAX = 40 };
    struct quoted quoted;
    struct view shown = utf8_cut(value, SHOWN_MAX);
    const char *more = shown.len < value.len ? "…" : "";

    snprintf(quoted.text, sizeof quoted.text, "'%.*s%s'", VIEW_ARG(shown), more);
    for (char *c = quoted.text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    return quoted;
}

/* A text that was cut somewhere, without the start of a character at its end. */
static struct view whole_characters(struct view text)
{
    return view_slice(text, 0, text.len - utf8_tail(text));
}

static bool stands_before(const struct problem *a, const struct problem *b)
{
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* In the order of the places of one file, whatever the order they were found in. */
static void insert(struct problems *problems, struct problem problem)
{
    size_t i = problems->count++;

    for (; i > 0 && view_equal(problems->items[i - 1].file, problem.file)
           && stands_before(&problem, &problems->items[i - 1]);
         i--)
        problems->items[i] = problems->items[i - 1];
    problems->items[i] = problem;
}

static int keep(struct problems *problems, uint32_t line, uint32_t column, const char *text)
{
    problems->total++;
    if (text == NULL)
        problems->code = ERR_MEMORY;
    else if (problems->code == 0)
        problems->code = ERR_CONFIG;
    if (text != NULL && !problems_full(problems))
        insert(problems, (struct problem){
                             .file = problems->file,
                             .line = line,
                             .column = column,
                             .text = text,
                         });
    return problems->code;
}

PRINTF_LIKE(4, 0)
static int add(struct problems *problems, uint32_t line, uint32_t column, const char *format,
               va_list args)
{
    char message[ERR_TEXT_MAX];
    const char *text;

    if (problems_full(problems))
        return keep(problems, line, column, "");
    if (vsnprintf(message, sizeof message, format, args) < 0)
        message[0] = '\0';
    struct view whole = whole_characters(view_of(message));
    if (line == 0)
        text = arena_printf(problems->arena, "--set: %.*s", VIEW_ARG(whole));
    else
        text = arena_printf(problems->arena, "%.*s:%u:%u: %.*s", VIEW_ARG(problems->file),
                            (unsigned)line, (unsigned)column, VIEW_ARG(whole));
    return keep(problems, line, column, text);
}

int problems_add(struct problems *problems, uint32_t line, uint32_t column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int code = add(problems, line, column, format, args);
    va_end(args);
    return code;
}

int problems_at(struct problems *problems, const struct json *value, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int code = add(problems, value->line, value->column, format, args);
    va_end(args);
    return code;
}

int problems_at_key(struct problems *problems, const struct json *member, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int code = add(problems, member->key_line, member->key_column, format, args);
    va_end(args);
    return code;
}

int problems_take(struct problems *problems, const struct err *err)
{
    if (err->code == ERR_MEMORY)
        return keep(problems, 0, 0, NULL);
    return keep(problems, 0, 0, arena_string(problems->arena, view_of(err->text)));
}

int problems_status(const struct problems *problems, struct err *reterr)
{
    if (problems->code == 0)
        return 0;
    if (problems->code == ERR_MEMORY)
        return fail(reterr, ERR_MEMORY, "out of memory");

    char text[ERR_TEXT_MAX];
    size_t len = 0;
    size_t shown = 0;
    for (; shown < problems->count; shown++) {
        size_t more = strlen(problems->items[shown].text);
        if (shown > 0 && len + more + 32 > sizeof text)
            break;
        int wrote = snprintf(text + len, sizeof text - len, "%s%s", shown > 0 ? "\n" : "",
                             problems->items[shown].text);
        len += wrote < 0 ? 0 : (size_t)wrote;
        if (len >= sizeof text)
            len = sizeof text - 1;
    }
    struct view whole = whole_characters(view_make(text, len));
    if (problems->total > shown)
        return fail(reterr, problems->code, "%.*s\nand %zu more", VIEW_ARG(whole),
                    problems->total - shown);
    return fail(reterr, problems->code, "%.*s", VIEW_ARG(whole));
}
