/* SPDX-License-Identifier: Apache-2.0
 *
 * structure: see structure.h. */
#include "text/structure.h"

#include <stdarg.h>
#include <stdio.h>

#include <cmark.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "wire/json.h"

static const int64_t ONE_MICRO = 1000000;

static const struct {
    const char *name;
    unsigned bit;
} elements[] = {
    {"heading", STRUCTURE_HEADING}, {"list", STRUCTURE_LIST}, {"table", STRUCTURE_TABLE},
    {"code", STRUCTURE_CODE},       {"link", STRUCTURE_LINK},
};

static const char *const formats[] = {
    [STRUCTURE_TEXT] = "text",
    [STRUCTURE_JSON] = "json",
    [STRUCTURE_MARKDOWN] = "markdown",
};

unsigned structure_element_named(struct view name)
{
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
        if (view_is(name, elements[i].name))
            return elements[i].bit;
    return 0;
}

int structure_format_named(struct view name, enum structure_format *ret_format)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (view_is(name, formats[i])) {
            *ret_format = (enum structure_format)i;
            return 0;
        }
    return ERR_INVALID;
}

static void say(struct structure_result *result, const char *format, ...) PRINTF_LIKE(2, 3);
static void say(struct structure_result *result, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(result->why, sizeof result->why, format, args);
    va_end(args);
    struct view whole = utf8_cut(view_of(result->why), sizeof result->why - 1);
    result->why[whole.len - utf8_tail(whole)] = '\0';
}

/* ---- fenced blocks --------------------------------------------------------------------------- */

/* How many of the fence's characters a line opens with, after at most three spaces; 0 where it is
 * no fence. *ret_mark is the character. */
static size_t fence_of(struct view line, char *ret_mark, struct view *ret_info)
{
    size_t from = 0;

    while (from < line.len && from < 3 && line.ptr[from] == ' ')
        from++;
    size_t to = from;
    char mark = from < line.len ? line.ptr[from] : '\0';
    if (mark != '`' && mark != '~')
        return 0;
    while (to < line.len && line.ptr[to] == mark)
        to++;
    *ret_mark = mark;
    *ret_info = view_trim(view_slice(line, to, line.len));
    if (to - from < 3 || (mark == '`' && view_find_byte(*ret_info, '`') < ret_info->len))
        return 0;
    return to - from;
}

bool structure_fenced(struct view answer, struct view *ret_block)
{
    struct view rest = answer, info;
    const char *content = NULL; /* of the block that is open */
    struct view block = {.ptr = NULL};
    size_t fence = 0;
    char mark = '\0', open_mark = '\0';

    while (rest.ptr != NULL) {
        struct view line = view_split(&rest, '\n');
        size_t length = fence_of(line, &mark, &info);
        if (content == NULL && length > 0) {
            if (block.ptr != NULL)
                return false;
            content = line.ptr + line.len + (rest.ptr != NULL);
            fence = length;
            open_mark = mark;
        } else if (content != NULL && length >= fence && mark == open_mark && info.len == 0) {
            block = view_make(content, (size_t)(line.ptr - content));
            content = NULL;
        }
    }
    if (block.ptr == NULL || content != NULL)
        return false;
    *ret_block = block;
    return true;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void check_json(bool fenced, struct view answer, struct structure_result *result)
{
    struct err err = {0}, block_err = {0};
    struct view block;

    result->json = answer;
    if (json_valid(answer, &err)) {
        result->ok = true;
        return;
    }
    if (!fenced || !structure_fenced(answer, &block)) {
        say(result, "not JSON: %s%s", err.text,
            fenced ? "; nor is there just one fenced block" : "");
        return;
    }
    result->json = block;
    result->ok = json_valid(block, &block_err);
    if (!result->ok)
        say(result, "the fenced block is not JSON: %s", block_err.text);
}

/* ---- Markdown -------------------------------------------------------------------------------- */

/* True for "| --- | :-: |" and its like: cells of dashes with colons, at least one bar or two
 * cells. */
static bool is_delimiter_row(struct view line)
{
    size_t dashes = 0, bars = 0;

    for (size_t i = 0; i < line.len; i++) {
        char c = line.ptr[i];
        dashes += c == '-';
        bars += c == '|';
        if (c != '-' && c != '|' && c != ':' && c != ' ' && c != '\t' && c != '\r')
            return false;
    }
    return dashes > 0 && bars > 0;
}

/* Cells of a table row: bars that are not escaped, less those at the ends, and one more. */
static size_t cells_of(struct view line)
{
    struct view row = view_trim(line);
    size_t bars = 0;

    if (row.len > 0 && row.ptr[0] == '|')
        row = view_slice(row, 1, row.len);
    if (view_ends(row, view_of("|")) && !view_ends(row, view_of("\\|")))
        row = view_slice(row, 0, row.len - 1);
    for (size_t i = 0; i < row.len; i++)
        bars += row.ptr[i] == '|' && (i == 0 || row.ptr[i - 1] != '\\');
    return bars + 1;
}

/* The lines of a text, gone over once: paragraphs come in the order of theirs. */
struct lines {
    struct view rest;
    int passed;
};

static struct view next_line(struct lines *lines)
{
    lines->passed++;
    return view_split(&lines->rest, '\n');
}

/* Whether lines first..last (from 1), of which none was asked about before, hold a table: a
 * delimiter row under a row of as many cells. */
static bool has_table(struct lines *lines, int first, int last)
{
    struct view previous = {.ptr = NULL};
    bool found = false;

    while (lines->rest.ptr != NULL && lines->passed + 1 < first)
        (void)next_line(lines);
    while (lines->rest.ptr != NULL && lines->passed < last) {
        struct view line = next_line(lines);
        found = found
                || (is_delimiter_row(line) && view_find_byte(previous, '|') < previous.len
                    && cells_of(line) == cells_of(previous));
        previous = line;
    }
    return found;
}

/* What a node of the parsed text is. */
static unsigned element_of(cmark_node *node)
{
    static const struct {
        cmark_node_type type;
        unsigned bits;
    } bits[] = {
        {CMARK_NODE_HEADING, STRUCTURE_HEADING | STRUCTURE_BLOCK},
        {CMARK_NODE_LIST, STRUCTURE_LIST | STRUCTURE_BLOCK},
        {CMARK_NODE_CODE_BLOCK, STRUCTURE_CODE | STRUCTURE_BLOCK},
        {CMARK_NODE_CODE, STRUCTURE_CODE},
        {CMARK_NODE_LINK, STRUCTURE_LINK},
        {CMARK_NODE_BLOCK_QUOTE, STRUCTURE_QUOTE | STRUCTURE_BLOCK},
        {CMARK_NODE_HTML_BLOCK, STRUCTURE_BLOCK},
        {CMARK_NODE_THEMATIC_BREAK, STRUCTURE_BLOCK},
    };

    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        if (cmark_node_get_type(node) == bits[i].type)
            return bits[i].bits;
    return 0;
}

static unsigned markdown_elements(struct view text)
{
    cmark_node *document = cmark_parse_document(text.ptr != NULL ? text.ptr : "", text.len,
                                                CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8);
    cmark_iter *iterator = cmark_iter_new(document);
    struct lines lines = {.rest = text};
    unsigned found = 0;

    for (cmark_event_type event; (event = cmark_iter_next(iterator)) != CMARK_EVENT_DONE;) {
        cmark_node *node = cmark_iter_get_node(iterator);
        if (event != CMARK_EVENT_ENTER)
            continue;
        found |= element_of(node);
        if (cmark_node_get_type(node) == CMARK_NODE_PARAGRAPH && (found & STRUCTURE_TABLE) == 0
            && has_table(&lines, cmark_node_get_start_line(node), cmark_node_get_end_line(node)))
            found |= STRUCTURE_TABLE | STRUCTURE_BLOCK;
    }
    cmark_iter_free(iterator);
    cmark_node_free(document);
    return found;
}

static void check_markdown(unsigned asked, struct view answer, struct structure_result *result)
{
    int64_t total = 0, there = 0;
    size_t at = 0;

    result->elements = markdown_elements(utf8_cut(answer, STRUCTURE_MARKDOWN_MAX));
    if (asked == 0) {
        result->missing = STRUCTURE_BLOCK & ~result->elements;
        result->ok = result->missing == 0;
        if (!result->ok)
            say(result, "plain paragraphs only: no heading, list, table, code block or quote");
        return;
    }
    result->missing = asked & ~result->elements;
    result->ok = result->missing == 0;
    for (unsigned bit = 1; bit != 0 && bit <= asked; bit <<= 1) {
        total += (asked & bit) != 0;
        there += (asked & bit & result->elements) != 0;
    }
    result->score_micro = (there * ONE_MICRO + total / 2) / total;
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
        if ((result->missing & elements[i].bit) != 0)
            at += (size_t)snprintf(result->why + at, sizeof result->why - at, "%s%s",
                                   at == 0 ? "missing in the Markdown: " : ", ", elements[i].name);
}

void structure_check(const struct structure_spec *spec, struct view answer,
                     struct structure_result *ret_result)
{
    struct structure_result result = {.json = answer};

    if (spec->format == STRUCTURE_JSON)
        check_json(spec->fenced, answer, &result);
    else if (spec->format == STRUCTURE_MARKDOWN)
        check_markdown(spec->elements, answer, &result);
    else
        result.ok = true;
    if (result.ok)
        result.score_micro = ONE_MICRO;
    *ret_result = result;
}

/* ---- what is read ---------------------------------------------------------------------------- */

/* Scans JSON and keeps its string values; ERR_SYNTAX where it is none. */
static int gather_strings(struct view json, struct strbuf *out)
{
    struct json_scanner scanner;
    struct json_event event;
    int got = 0;

    json_scanner_init(&scanner);
    while ((got = json_scan(&scanner, &json, &event, NULL)) == 1) {
        if (event.kind != JSON_EVENT_STRING)
            continue;
        strbuf_add(out, event.bytes);
        if (event.last)
            strbuf_add_byte(out, '\n');
    }
    while (got == 0 && (got = json_scan_end(&scanner, &event, NULL)) == 1)
        got = 0;
    return got;
}

int structure_prose(struct arena *arena, struct view answer, struct view *ret_prose)
{
    struct view json = view_trim(answer), block;
    struct strbuf out;
    int code = 0;

    if (structure_fenced(answer, &block))
        json = view_trim(block);
    if (json.len == 0 || (json.ptr[0] != '{' && json.ptr[0] != '[')) {
        *ret_prose = answer;
        return 0;
    }
    strbuf_init(&out, 2 * json.len + 16);
    if (gather_strings(json, &out) != 0)
        *ret_prose = answer;
    else if (strbuf_status(&out) != 0)
        code = ERR_MEMORY;
    else
        code = arena_copy(arena, strbuf_view(&out), ret_prose);
    strbuf_release(&out);
    return code;
}
