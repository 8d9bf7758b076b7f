/* SPDX-License-Identifier: Apache-2.0
 *
 * yaml_write: see yaml_write.h. Small mappings and lists of scalars stand on one line. */
#include "config/yaml_write.h"

#include "base/utf8.h"

enum { STEP = 2, LINE_MAX_BYTES = 90 };

static bool is_safe_byte(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
           || c == '-' || c == '.' || c == '/' || c == ' ' || c == '+' || c == '@';
}

/* Plain: letters first, nothing that YAML or our reader takes for more than a text. */
static bool is_plain(struct view text)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on",
                                        "off",  "y",    "n",     "nan", "inf"};

    if (text.len == 0 || text.ptr[text.len - 1] == ' ')
        return false;
    unsigned char first = (unsigned char)text.ptr[0];
    if (!((first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z')))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!is_safe_byte((unsigned char)text.ptr[i]))
            return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (view_equal_nocase(text, view_of(words[i])))
            return false;
    return true;
}

/* What JSON writes as it is and YAML wants escaped (YAML 1.2, 5.1: not printable). */
static bool needs_escape(uint32_t c)
{
    return (c >= 0x7f && c <= 0x9f) || c == 0xfeff || c == 0xfffe || c == 0xffff || c == 0x2028
           || c == 0x2029;
}

void yaml_write_text(struct strbuf *out, struct view text)
{
    struct json_writer writer;
    struct strbuf quoted;
    size_t pos = 0;

    if (is_plain(text)) {
        strbuf_add(out, text);
        return;
    }
    strbuf_init(&quoted, out->limit);
    json_writer_init(&writer, &quoted, 0);
    json_write_string(&writer, text);
    for (struct view all = strbuf_view(&quoted); pos < all.len;) {
        size_t from = pos;
        uint32_t c = utf8_next(all, &pos, NULL);
        if (needs_escape(c))
            strbuf_printf(out, "\\u%04x", (unsigned)c);
        else
            strbuf_add(out, view_slice(all, from, pos));
    }
    if (strbuf_status(&quoted) != 0)
        out->status = strbuf_status(&quoted);
    strbuf_release(&quoted);
}

static bool is_collection(const struct json *value)
{
    return value->kind == JSON_ARRAY || value->kind == JSON_OBJECT;
}

static void write_flow(struct strbuf *out, const struct json *value)
{
    struct json_writer writer;

    if (value->kind == JSON_STRING) {
        yaml_write_text(out, value->text);
        return;
    }
    if (!is_collection(value)) {
        json_writer_init(&writer, out, 0);
        json_write_tree(&writer, value);
        return;
    }
    bool is_map = value->kind == JSON_OBJECT;
    strbuf_add_byte(out, is_map ? '{' : '[');
    for (const struct json *child = value->child; child != NULL; child = child->next) {
        if (child != value->child)
            strbuf_add_text(out, ", ");
        if (is_map) {
            yaml_write_text(out, child->key);
            strbuf_add_text(out, ": ");
        }
        write_flow(out, child);
    }
    strbuf_add_byte(out, is_map ? '}' : ']');
}

/* On one line where it is short: without looking at more than a line's worth. */
static bool fits_line(const struct json *value, size_t *room)
{
    size_t size = value->key.len + value->text.len + 4;

    if (size > *room)
        return false;
    *room -= size;
    for (const struct json *child = value->child; child != NULL; child = child->next)
        if (!fits_line(child, room))
            return false;
    return true;
}

static void write_block(struct strbuf *out, const struct json *value, unsigned indent,
                        bool is_started);

/* Behind "key:" or "-". */
static void write_value(struct strbuf *out, const struct json *value, unsigned indent, bool in_list)
{
    size_t room = LINE_MAX_BYTES;

    if (!is_collection(value) || value->child == NULL || fits_line(value, &room)) {
        strbuf_add_byte(out, ' ');
        write_flow(out, value);
        strbuf_add_byte(out, '\n');
        return;
    }
    if (in_list) {
        strbuf_add_byte(out, ' ');
        write_block(out, value, indent + STEP, true);
        return;
    }
    strbuf_add_byte(out, '\n');
    write_block(out, value, indent + STEP, false);
}

static void write_block(struct strbuf *out, const struct json *value, unsigned indent,
                        bool is_started)
{
    for (const struct json *child = value->child; child != NULL; child = child->next) {
        if (!is_started)
            strbuf_add_repeated(out, ' ', indent);
        is_started = false;
        if (value->kind == JSON_OBJECT) {
            yaml_write_text(out, child->key);
            strbuf_add_byte(out, ':');
        } else {
            strbuf_add_byte(out, '-');
        }
        write_value(out, child, indent, value->kind == JSON_ARRAY);
    }
}

void yaml_write(struct strbuf *out, const struct json *root, unsigned indent)
{
    if (is_collection(root) && root->child != NULL) {
        write_block(out, root, indent, false);
        return;
    }
    strbuf_add_repeated(out, ' ', indent);
    write_flow(out, root);
    strbuf_add_byte(out, '\n');
}
