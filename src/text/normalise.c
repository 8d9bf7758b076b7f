/* SPDX-License-Identifier: Apache-2.0
 *
 * normalise: see normalise.h. The text is taken in clusters (cluster.h); most characters of English
 * and Japanese take a path that never calls ICU. */
#include "text/normalise.h"

#include <unicode/unorm2.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "text/cluster.h"

enum { LONG_VOWEL_MARK = 0x30fc };

/* What is being written: bytes, and where each came from. */
struct sink {
    char *bytes;
    uint32_t *starts;
    uint32_t *ends;
    size_t len;
    size_t capacity;
    unsigned flags;
    bool after_kana;
    bool after_space;
};

static bool is_between(uint32_t codepoint, uint32_t low, uint32_t high)
{
    return codepoint >= low && codepoint <= high;
}

static bool is_kana(uint32_t codepoint)
{
    return is_between(codepoint, 0x3041, 0x3096) || is_between(codepoint, 0x30a1, 0x30fa)
           || codepoint == LONG_VOWEL_MARK;
}

static bool is_dash(uint32_t codepoint)
{
    return codepoint == '-' || codepoint == '~' || is_between(codepoint, 0x2010, 0x2015)
           || codepoint == 0x2212 || codepoint == 0x2500 || codepoint == 0x301c;
}

static bool is_middle_dot(uint32_t codepoint)
{
    return codepoint == 0x30fb || codepoint == 0xb7 || codepoint == 0x2022 || codepoint == 0x2027
           || codepoint == 0x2219 || codepoint == 0x22c5 || codepoint == 0x30a0;
}

static bool is_space(uint32_t codepoint)
{
    return codepoint == ' ' || is_between(codepoint, '\t', '\r') || codepoint == 0x85
           || codepoint == 0x1680 || is_between(codepoint, 0x2028, 0x2029);
}

static int sink_grow(struct sink *sink, size_t more)
{
    if (sink->len + more <= sink->capacity)
        return 0;
    size_t capacity = (sink->len + more) * 2;
    char *bytes = mem_resize(sink->bytes, capacity, 1);
    if (bytes == NULL)
        return ERR_MEMORY;
    sink->bytes = bytes;
    if ((sink->flags & NORMALISE_OFFSETS) != 0) {
        uint32_t *starts = mem_resize(sink->starts, capacity, sizeof *starts);
        if (starts == NULL)
            return ERR_MEMORY;
        sink->starts = starts;
        uint32_t *ends = mem_resize(sink->ends, capacity, sizeof *ends);
        if (ends == NULL)
            return ERR_MEMORY;
        sink->ends = ends;
    }
    sink->capacity = capacity;
    return 0;
}

static void sink_release(struct sink *sink)
{
    mem_free(sink->bytes);
    mem_free(sink->starts);
    mem_free(sink->ends);
}

/* Writes one code point; room for four bytes must be there. */
static void put_utf8(struct sink *sink, uint32_t codepoint, size_t start, size_t end)
{
    char *to = sink->bytes + sink->len;
    size_t len = codepoint < 0x80 ? 1 : codepoint < 0x800 ? 2 : codepoint < 0x10000 ? 3 : 4;

    if (len == 1) {
        to[0] = (char)codepoint;
    } else {
        static const unsigned lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
        for (size_t i = len - 1; i > 0; i--) {
            to[i] = (char)(0x80 | (codepoint & 0x3f));
            codepoint >>= 6;
        }
        to[0] = (char)(lead[len] | codepoint);
    }
    if ((sink->flags & NORMALISE_OFFSETS) != 0)
        for (size_t i = 0; i < len; i++) {
            sink->starts[sink->len + i] = (uint32_t)start;
            sink->ends[sink->len + i] = (uint32_t)end;
        }
    sink->len += len;
}

/* One code point of the normal form, which came from source bytes [start, end). */
static void put(struct sink *sink, uint32_t codepoint, size_t start, size_t end)
{
    if ((sink->flags & NORMALISE_KEYWORD) != 0) {
        if (is_middle_dot(codepoint))
            return;
        bool space = is_space(codepoint);
        if (space && sink->after_space) {
            if ((sink->flags & NORMALISE_OFFSETS) != 0)
                sink->ends[sink->len - 1] = (uint32_t)end;
            return;
        }
        if (space)
            codepoint = ' ';
        else if (sink->after_kana && is_dash(codepoint))
            codepoint = LONG_VOWEL_MARK;
        sink->after_space = space;
        sink->after_kana = is_kana(codepoint);
    }
    put_utf8(sink, codepoint, start, end);
}

/* The normal form of a cluster by ICU. */
static int put_cluster(struct sink *sink, const UNormalizer2 *normalizer, const uint32_t *cluster,
                       size_t count, size_t start, size_t end)
{
    uint32_t normal[CLUSTER_NORMAL_MAX];
    size_t made = 0;
    int code = cluster_normal(normalizer, cluster, count, normal, &made);

    if (code == 0)
        code = sink_grow(sink, 4 * made);
    for (size_t i = 0; code == 0 && i < made; i++)
        put(sink, normal[i], start, end);
    return code;
}

/* Reads the cluster at *pos. */
static size_t next_cluster(const UNormalizer2 *normalizer, struct view source, size_t *pos,
                           uint32_t cluster[CLUSTER_MAX])
{
    size_t count = 0;

    cluster[count++] = utf8_next(source, pos, NULL);
    while (*pos < source.len && (unsigned char)source.ptr[*pos] >= 0x80 && count < CLUSTER_MAX) {
        size_t after = *pos;
        uint32_t next = utf8_next(source, &after, NULL);
        if (!cluster_joins(normalizer, next))
            break;
        cluster[count++] = next;
        *pos = after;
    }
    return count;
}

static uint32_t fold_ascii(const struct sink *sink, uint32_t c)
{
    return (sink->flags & NORMALISE_CASE) != 0 && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* Copies ASCII that stands before ASCII: nothing joins it. Room for it is there. */
static size_t put_ascii(struct sink *sink, struct view source, size_t pos)
{
    for (; pos + 1 < source.len && ((source.ptr[pos] | source.ptr[pos + 1]) & 0x80) == 0; pos++)
        put(sink, fold_ascii(sink, (unsigned char)source.ptr[pos]), pos, pos + 1);
    return pos;
}

static int normalise_all(struct sink *sink, const UNormalizer2 *normalizer, struct view source)
{
    uint32_t cluster[CLUSTER_MAX];
    int code = 0;

    for (size_t pos = 0; code == 0 && pos < source.len;) {
        code = sink_grow(sink, source.len - pos + 4);
        if (code != 0)
            break;
        pos = put_ascii(sink, source, pos);
        size_t start = pos;
        size_t count = next_cluster(normalizer, source, &pos, cluster);
        if (count == 1 && cluster[0] < 0x80)
            put(sink, fold_ascii(sink, cluster[0]), start, pos);
        else if (count == 1 && cluster_is_normal(normalizer, cluster[0]))
            put(sink, cluster[0], start, pos);
        else
            code = put_cluster(sink, normalizer, cluster, count, start, pos);
    }
    return code;
}

/* Moves what was written into the arena. */
static int sink_keep(const struct sink *sink, struct arena *arena,
                     struct normalised *ret_normalised)
{
    struct normalised result = {.text = {.ptr = ""}};
    int code = arena_copy(arena, view_make(sink->bytes, sink->len), &result.text);

    if (code == 0 && (sink->flags & NORMALISE_OFFSETS) != 0 && sink->len > 0) {
        uint32_t *offsets = arena_new(arena, 2 * sink->len, sizeof *offsets);
        if (offsets == NULL)
            return ERR_MEMORY;
        memcpy(offsets, sink->starts, sink->len * sizeof *offsets);
        memcpy(offsets + sink->len, sink->ends, sink->len * sizeof *offsets);
        result.start_at = offsets;
        result.end_at = offsets + sink->len;
    }
    if (code == 0)
        *ret_normalised = result;
    return code;
}

int normalise_text(struct arena *arena, struct view source, unsigned flags,
                   struct normalised *ret_normalised)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *normalizer = (flags & NORMALISE_CASE) != 0
                                         ? unorm2_getNFKCCasefoldInstance(&status)
                                         : unorm2_getNFKCInstance(&status);

    if (U_FAILURE(status))
        return ERR_UNSUPPORTED;
    if (source.len > NORMALISE_SOURCE_MAX)
        return ERR_LIMIT;
    struct sink sink = {.flags = flags};
    int code = normalise_all(&sink, normalizer, source);
    if (code == 0)
        code = sink_keep(&sink, arena, ret_normalised);
    sink_release(&sink);
    return code;
}

void normalised_source(const struct normalised *normalised, size_t start, size_t end,
                       size_t *ret_start, size_t *ret_end)
{
    assert_always(normalised->start_at != NULL && start < end && end <= normalised->text.len);
    *ret_start = normalised->start_at[start];
    *ret_end = normalised->end_at[end - 1];
}
