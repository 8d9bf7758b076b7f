/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_escapes: see stream_escapes.h. */
#include "core/validate/stream_escapes.h"

#include "base/mem.h"

enum { OUT_BYTES_MAX = 64 * 1024, ITEMS_MIN = 32, ESCAPE_UNICODE = 6 };

void escapes_init(struct escapes *escapes)
{
    *escapes = (struct escapes){0};
    strbuf_init(&escapes->out, OUT_BYTES_MAX);
}

void escapes_release(struct escapes *escapes)
{
    strbuf_release(&escapes->out);
    mem_free(escapes->items);
    escapes_init(escapes);
}

void escapes_reset(struct escapes *escapes)
{
    struct escapes kept = *escapes;

    *escapes = (struct escapes){
        .out = kept.out,
        .items = kept.items,
        .capacity = kept.capacity,
    };
    strbuf_reset(&escapes->out);
}

/* ---- one escape ----------------------------------------------------------------------------- */

enum { ESCAPE_MORE = -1, ESCAPE_NONE = -2 };

/* The code unit of \uXXXX, or why there is none. */
static int32_t code_unit(const char *bytes, size_t len)
{
    int32_t unit = 0;

    for (size_t i = 0; i < ESCAPE_UNICODE; i++) {
        if (i >= len)
            return ESCAPE_MORE;
        char byte = bytes[i];
        int32_t digit = byte >= '0' && byte <= '9'   ? byte - '0'
                        : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                        : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                                     : ESCAPE_NONE;
        if (i < 2 ? byte != "\\u"[i] : digit == ESCAPE_NONE)
            return ESCAPE_NONE;
        unit = i < 2 ? 0 : unit * 16 + digit;
    }
    return unit;
}

/* What the bytes, which begin with a backslash, stand for; ret_len is how many of them. */
static int32_t read_escape(const char *bytes, size_t len, size_t *ret_len)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";

    if (len < 2)
        return ESCAPE_MORE;
    const char *name = memchr(names, bytes[1], sizeof names - 1);
    if (name != NULL) {
        *ret_len = 2;
        return values[name - names];
    }
    int32_t unit = code_unit(bytes, len);
    if (unit < 0)
        return unit;
    *ret_len = ESCAPE_UNICODE;
    if (unit < 0xd800 || unit > 0xdbff)
        return unit >= 0xdc00 && unit <= 0xdfff ? 0xfffd : unit;
    int32_t low = code_unit(bytes + ESCAPE_UNICODE, len - ESCAPE_UNICODE);
    if (low == ESCAPE_MORE)
        return ESCAPE_MORE;
    if (low < 0xdc00 || low > 0xdfff)
        return 0xfffd;
    *ret_len = ESCAPE_BYTES_MAX;
    return 0x10000 + (unit - 0xd800) * 0x400 + (low - 0xdc00);
}

/* ---- taking in ------------------------------------------------------------------------------ */

static void keep(struct escapes *escapes, struct view bytes)
{
    const char *at = bytes.ptr;
    const char *end = bytes.ptr + bytes.len;

    while (at < end && (at = memchr(at, '"', (size_t)(end - at))) != NULL) {
        escapes->in_string = !escapes->in_string;
        at++;
    }
    strbuf_add(&escapes->out, bytes);
    escapes->source += bytes.len;
    escapes->made += bytes.len;
}

static int make_room(struct escapes *escapes)
{
    if (escapes->first > escapes->count / 2) {
        escapes->count -= escapes->first;
        memmove(escapes->items, escapes->items + escapes->first,
                escapes->count * sizeof *escapes->items);
        escapes->first = 0;
    }
    if (escapes->count < escapes->capacity)
        return 0;
    size_t capacity = escapes->capacity == 0 ? ITEMS_MIN : escapes->capacity * 2;
    struct escape *grown = mem_resize(escapes->items, capacity, sizeof *grown);
    if (grown == NULL)
        return ERR_MEMORY;
    escapes->items = grown;
    escapes->capacity = capacity;
    return 0;
}

static int resolve(struct escapes *escapes, uint32_t codepoint, size_t len)
{
    if (make_room(escapes) != 0)
        return ERR_MEMORY;
    size_t before = escapes->out.len;
    strbuf_add_codepoint(&escapes->out, codepoint);
    size_t made = escapes->out.len - before;
    escapes->items[escapes->count++] = (struct escape){
        .at = escapes->made,
        .end = escapes->made + made,
        .source_at = escapes->source,
        .source_end = escapes->source + len,
    };
    escapes->source += len;
    escapes->made += made;
    return 0;
}

/* Resolves what waits, as far as it can be told. */
static int settle(struct escapes *escapes, bool at_end)
{
    while (escapes->waiting_len > 0) {
        size_t len = 1;
        int32_t found = escapes->waiting[0] == '\\'
                            ? read_escape(escapes->waiting, escapes->waiting_len, &len)
                            : ESCAPE_NONE;
        if (found == ESCAPE_MORE && !at_end)
            return 0;
        if (found == ESCAPE_MORE && len == ESCAPE_UNICODE)
            found = 0xfffd; /* a high surrogate, alone */
        if (found >= 0 && resolve(escapes, (uint32_t)found, len) != 0)
            return ERR_MEMORY;
        if (found < 0) {
            len = 1;
            keep(escapes, view_make(escapes->waiting, len));
        }
        escapes->waiting_len -= len;
        memmove(escapes->waiting, escapes->waiting + len, escapes->waiting_len);
    }
    return 0;
}

int escapes_feed(struct escapes *escapes, struct view source, struct view *ret_text)
{
    strbuf_reset(&escapes->out);
    for (size_t at = 0; at < source.len;) {
        if (escapes->waiting_len == 0) {
            struct view rest = view_slice(source, at, source.len);
            size_t plain = view_find_byte(rest, '\\');
            keep(escapes, view_slice(rest, 0, plain));
            at += plain;
            if (at == source.len)
                break;
        }
        escapes->waiting[escapes->waiting_len++] = source.ptr[at++];
        if (settle(escapes, false) != 0)
            return ERR_MEMORY;
    }
    *ret_text = strbuf_view(&escapes->out);
    return strbuf_status(&escapes->out);
}

int escapes_finish(struct escapes *escapes, struct view *ret_text)
{
    strbuf_reset(&escapes->out);
    if (settle(escapes, true) != 0)
        return ERR_MEMORY;
    *ret_text = strbuf_view(&escapes->out);
    return strbuf_status(&escapes->out);
}

/* ---- the way back --------------------------------------------------------------------------- */

/* The last escape that starts at or before that byte of the result; NULL: none that is known. */
static const struct escape *escape_before(const struct escapes *escapes, uint64_t at)
{
    size_t low = escapes->first;
    size_t high = escapes->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (escapes->items[middle].at <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low > escapes->first ? &escapes->items[low - 1] : NULL;
}

uint64_t escapes_start(const struct escapes *escapes, uint64_t at)
{
    const struct escape *escape = escape_before(escapes, at);

    if (escape == NULL)
        return escapes->base_source + (at - escapes->base_made);
    return at < escape->end ? escape->source_at : escape->source_end + (at - escape->end);
}

uint64_t escapes_end(const struct escapes *escapes, uint64_t at)
{
    const struct escape *escape = escape_before(escapes, at);

    return escape != NULL && at < escape->end ? escape->source_end : escapes_start(escapes, at) + 1;
}

void escapes_forget(struct escapes *escapes, uint64_t source_before)
{
    while (escapes->first < escapes->count
           && escapes->items[escapes->first].source_end <= source_before) {
        escapes->base_source = escapes->items[escapes->first].source_end;
        escapes->base_made = escapes->items[escapes->first].end;
        escapes->first++;
    }
}

void escapes_join(struct escapes *escapes, uint64_t from, uint64_t to)
{
    size_t first = escapes->first;

    while (first < escapes->count && escapes->items[first].source_at < from)
        first++;
    size_t last = first; /* items[first, last) lie within */
    while (last < escapes->count && escapes->items[last].source_end <= to)
        last++;
    if (last - first < 2)
        return;
    escapes->items[first].end = escapes->items[last - 1].end;
    escapes->items[first].source_end = escapes->items[last - 1].source_end;
    memmove(&escapes->items[first + 1], &escapes->items[last],
            (escapes->count - last) * sizeof *escapes->items);
    escapes->count -= last - first - 1;
}
