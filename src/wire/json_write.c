/* SPDX-License-Identifier: Apache-2.0
 *
 * json_write: the writer of json.h.
 *
 * Memory: the strbuf's. Threads: one owner of writer and strbuf. Limits: the strbuf's ceiling; a
 * tree deeper than JSON_DEPTH_MAX fails with ERR_LIMIT, since nothing here would read it back. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "wire/json.h"
#include "wire/json_number.h"

void json_writer_init(struct json_writer *writer, struct strbuf *out, unsigned indent)
{
    *writer = (struct json_writer){.out = out, .indent = indent};
}

static void new_line(struct json_writer *writer)
{
    if (writer->indent == 0)
        return;
    strbuf_add_byte(writer->out, '\n');
    strbuf_add_repeated(writer->out, ' ', (size_t)writer->indent * writer->depth);
}

/* What stands between the value before and this value or name. */
static void separate(struct json_writer *writer)
{
    if (writer->after_key) {
        writer->after_key = false;
        return;
    }
    if (writer->need_comma)
        strbuf_add_byte(writer->out, ',');
    if (writer->depth != 0)
        new_line(writer);
}

static void open_level(struct json_writer *writer, char bracket)
{
    separate(writer);
    strbuf_add_byte(writer->out, bracket);
    writer->depth++;
    writer->need_comma = false;
}

void json_write_object(struct json_writer *writer)
{
    open_level(writer, '{');
}

void json_write_array(struct json_writer *writer)
{
    open_level(writer, '[');
}

void json_write_end(struct json_writer *writer, char closing)
{
    assert_always(writer->depth > 0 && !writer->after_key);
    writer->depth--;
    if (writer->need_comma)
        new_line(writer);
    strbuf_add_byte(writer->out, closing);
    writer->need_comma = true;
}

static void add_escape(struct strbuf *out, unsigned char c)
{
    static const char names[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};

    if (c == '"' || c == '\\')
        strbuf_printf(out, "\\%c", c);
    else if (names[c] != '\0')
        strbuf_printf(out, "\\%c", names[c]);
    else
        strbuf_printf(out, "\\u%04x", c);
}

/* Passes what may stand in a string as it is; at the end or at a byte that may not. */
static size_t plain_length(struct view text)
{
    size_t at = 0;

    while (at < text.len) {
        unsigned char c = (unsigned char)text.ptr[at];
        if (c == '"' || c == '\\' || c < 0x20)
            break;
        bool bad = false;
        size_t next = at;
        if (c < 0x80)
            next++;
        else
            utf8_next(text, &next, &bad);
        if (bad)
            break;
        at = next;
    }
    return at;
}

static void add_quoted(struct strbuf *out, struct view text)
{
    strbuf_add_byte(out, '"');
    while (text.len != 0) {
        size_t plain = plain_length(text);
        strbuf_add(out, view_slice(text, 0, plain));
        if (plain == text.len)
            break;
        if ((unsigned char)text.ptr[plain] < 0x80)
            add_escape(out, (unsigned char)text.ptr[plain]);
        else
            strbuf_add_codepoint(out, 0xfffd);
        text = view_slice(text, plain + 1, text.len);
    }
    strbuf_add_byte(out, '"');
}

void json_write_key_view(struct json_writer *writer, struct view key)
{
    separate(writer);
    add_quoted(writer->out, key);
    strbuf_add_text(writer->out, writer->indent != 0 ? ": " : ":");
    writer->after_key = true;
}

void json_write_key(struct json_writer *writer, const char *key)
{
    json_write_key_view(writer, view_of(key));
}

void json_write_string(struct json_writer *writer, struct view text)
{
    separate(writer);
    add_quoted(writer->out, text);
    writer->need_comma = true;
}

void json_write_text(struct json_writer *writer, const char *text)
{
    json_write_string(writer, view_of(text));
}

void json_write_raw(struct json_writer *writer, struct view json)
{
    separate(writer);
    strbuf_add(writer->out, json);
    writer->need_comma = true;
}

void json_write_int(struct json_writer *writer, int64_t value)
{
    char text[32];

    snprintf(text, sizeof text, "%" PRId64, value);
    json_write_raw(writer, view_of(text));
}

void json_write_double(struct json_writer *writer, double value)
{
    char text[40];

    if (!isfinite(value)) {
        json_write_null(writer);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (back >= value && back <= value)
            break;
    }
    json_write_raw(writer, view_of(text));
}

void json_write_fixed(struct json_writer *writer, int64_t value, int decimals)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t scale = 1;

    assert_always(decimals >= 0 && decimals <= 18);
    while (decimals > 0 && magnitude % 10 == 0) {
        magnitude /= 10;
        decimals--;
    }
    for (int i = 0; i < decimals; i++)
        scale *= 10;
    const char *sign = value < 0 ? "-" : "";
    separate(writer);
    if (decimals == 0)
        strbuf_printf(writer->out, "%s%" PRIu64, sign, magnitude);
    else
        strbuf_printf(writer->out, "%s%" PRIu64 ".%0*" PRIu64, sign, magnitude / scale, decimals,
                      magnitude % scale);
    writer->need_comma = true;
}

void json_write_bool(struct json_writer *writer, bool value)
{
    json_write_raw(writer, view_of(value ? "true" : "false"));
}

void json_write_null(struct json_writer *writer)
{
    json_write_raw(writer, view_of("null"));
}

/* A number made by hand or read from YAML may be spelled in a way JSON does not know. */
static void write_number(struct json_writer *writer, struct view spelling)
{
    struct json_decimal decimal;

    if (json_decimal_read(spelling, &decimal) == 0)
        json_write_raw(writer, spelling);
    else
        json_write_string(writer, spelling);
}

static void write_scalar(struct json_writer *writer, const struct json *value)
{
    if (value->kind == JSON_STRING)
        json_write_string(writer, value->text);
    else if (value->kind == JSON_NUMBER)
        write_number(writer, value->text);
    else if (value->kind == JSON_NULL)
        json_write_null(writer);
    else
        json_write_bool(writer, value->kind == JSON_TRUE);
}

static void write_value(struct json_writer *writer, const struct json *value, unsigned levels_left)
{
    bool is_object = value->kind == JSON_OBJECT;

    if (!is_object && value->kind != JSON_ARRAY) {
        write_scalar(writer, value);
        return;
    }
    if (levels_left == 0) {
        json_write_null(writer);
        writer->out->status = ERR_LIMIT;
        return;
    }
    open_level(writer, is_object ? '{' : '[');
    for (const struct json *child = value->child; child != NULL; child = child->next) {
        if (is_object)
            json_write_key_view(writer, child->key);
        write_value(writer, child, levels_left - 1);
    }
    json_write_end(writer, is_object ? '}' : ']');
}

void json_write_tree(struct json_writer *writer, const struct json *value)
{
    write_value(writer, value, JSON_DEPTH_MAX);
}

/* ---- members -------------------------------------------------------------------------------- */

void json_member_string(struct json_writer *writer, const char *key, struct view text)
{
    json_write_key(writer, key);
    json_write_string(writer, text);
}

void json_member_text(struct json_writer *writer, const char *key, const char *text)
{
    json_write_key(writer, key);
    json_write_text(writer, text);
}

void json_member_int(struct json_writer *writer, const char *key, int64_t value)
{
    json_write_key(writer, key);
    json_write_int(writer, value);
}

void json_member_double(struct json_writer *writer, const char *key, double value)
{
    json_write_key(writer, key);
    json_write_double(writer, value);
}

void json_member_fixed(struct json_writer *writer, const char *key, int64_t value, int decimals)
{
    json_write_key(writer, key);
    json_write_fixed(writer, value, decimals);
}

void json_member_bool(struct json_writer *writer, const char *key, bool value)
{
    json_write_key(writer, key);
    json_write_bool(writer, value);
}

void json_member_object(struct json_writer *writer, const char *key)
{
    json_write_key(writer, key);
    json_write_object(writer);
}

void json_member_array(struct json_writer *writer, const char *key)
{
    json_write_key(writer, key);
    json_write_array(writer);
}
