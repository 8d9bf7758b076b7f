/* SPDX-License-Identifier: Apache-2.0
 *
 * spelling: see spelling.h. The source is taken in clusters (cluster.h). Runs of ASCII, kana and
 * kanji are copied as they are but for their last character, which what follows may join; it is
 * the open cluster, as is every cluster until the next one begins. Ignorable characters vanish
 * before clusters are made: they cannot part a letter from its mark.
 *
 * The way back is a list of pieces: long ones where spelling and source are byte for byte the same
 * (a tab and the space it becomes too), and one for each cluster that changed. */
#include "text/spelling.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "text/cluster.h"
#include "text/lookalike.h"

/* A part of the spelling and the source it came from. */
struct piece {
    uint64_t at;     /* its first byte in the spelling */
    uint64_t source; /* and in the source */
    uint64_t source_len;
    bool is_same; /* byte for byte; otherwise all of it came from all of that */
};

struct spelling {
    const UNormalizer2 *normalizer;
    unsigned flags;
    bool is_finished;

    struct strbuf source; /* what is not taken yet, of which there is little: a character's start */
    uint64_t source_at;   /* of its first byte */

    uint32_t cluster[CLUSTER_MAX]; /* the open one */
    size_t count;                  /* 0: none is open */
    uint64_t cluster_start;
    uint64_t cluster_end;

    struct strbuf window;
    size_t window_head; /* bytes of it that were forgotten */
    uint64_t window_at; /* position of the byte behind them */
    struct piece *pieces;
    size_t piece_head; /* pieces that were forgotten */
    size_t piece_count;
    size_t piece_capacity;
};

enum { COMPACT_MIN = 4096 }; /* forgotten bytes or pieces before the rest is moved */

int spelling_new(unsigned flags, struct spelling **ret_spelling)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *normalizer = unorm2_getNFKCInstance(&status);

    if (U_FAILURE(status))
        return ERR_MEMORY;
    struct spelling *spelling = mem_new(1, sizeof *spelling);
    if (spelling == NULL)
        return ERR_MEMORY;
    spelling->normalizer = normalizer;
    spelling->flags = flags;
    strbuf_init(&spelling->source, SIZE_MAX / 2);
    strbuf_init(&spelling->window, SIZE_MAX / 2);
    *ret_spelling = spelling;
    return 0;
}

void spelling_free(struct spelling *spelling)
{
    if (spelling == NULL)
        return;
    strbuf_release(&spelling->source);
    strbuf_release(&spelling->window);
    mem_free(spelling->pieces);
    mem_free(spelling);
}

void spelling_reset(struct spelling *spelling)
{
    strbuf_reset(&spelling->source);
    strbuf_reset(&spelling->window);
    spelling->is_finished = false;
    spelling->source_at = 0;
    spelling->count = 0;
    spelling->window_head = 0;
    spelling->window_at = 0;
    spelling->piece_head = 0;
    spelling->piece_count = 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static uint64_t window_end(const struct spelling *spelling)
{
    return spelling->window_at + (spelling->window.len - spelling->window_head);
}

/* Says where what is appended to the window now comes from. */
static int piece_add(struct spelling *spelling, uint64_t start, uint64_t end, bool is_same)
{
    struct piece *last = spelling->piece_count > spelling->piece_head
                             ? &spelling->pieces[spelling->piece_count - 1]
                             : NULL;

    if (is_same && last != NULL && last->is_same && last->source + last->source_len == start) {
        last->source_len += end - start;
        return 0;
    }
    if (spelling->piece_count == spelling->piece_capacity) {
        size_t capacity = spelling->piece_capacity > 0 ? 2 * spelling->piece_capacity : 16;
        struct piece *pieces = mem_resize(spelling->pieces, capacity, sizeof *pieces);
        if (pieces == NULL)
            return ERR_MEMORY;
        spelling->pieces = pieces;
        spelling->piece_capacity = capacity;
    }
    spelling->pieces[spelling->piece_count++] = (struct piece){
        .at = window_end(spelling), .source = start, .source_len = end - start, .is_same = is_same};
    return 0;
}

/* Appends source bytes as they are, in whole characters; tabs become spaces. */
static int put_same(struct spelling *spelling, struct view bytes, uint64_t start)
{
    int code = piece_add(spelling, start, start + bytes.len, true);

    if (code != 0)
        return code;
    strbuf_add(&spelling->window, bytes);
    if (strbuf_status(&spelling->window) != 0)
        return ERR_MEMORY;
    char *end = spelling->window.ptr + spelling->window.len;
    char *tab = end - bytes.len;
    while ((tab = memchr(tab, '\t', (size_t)(end - tab))) != NULL)
        *tab = ' ';
    return 0;
}

static uint32_t folded(const struct spelling *spelling, uint32_t codepoint)
{
    if (codepoint == '\t' || codepoint == 0x1680)
        return ' ';
    return (spelling->flags & SPELLING_LOOKALIKES) != 0 ? lookalike_of(codepoint) : codepoint;
}

/* Appends what the cluster that was open became. One character of the source's own length counts
 * as the same, so that the pieces stay long. */
static int put_cluster(struct spelling *spelling, const uint32_t *normal, size_t count)
{
    static const uint32_t above[] = {0x7f, 0x7ff, 0xffff};
    uint32_t first = folded(spelling, normal[0]); /* as it is written: that length counts */
    size_t len = 1;

    while (len < 4 && first > above[len - 1])
        len++;
    bool is_same = count == 1 && spelling->cluster_end - spelling->cluster_start == len;
    int code = piece_add(spelling, spelling->cluster_start, spelling->cluster_end, is_same);
    if (code != 0)
        return code;
    for (size_t i = 0; i < count; i++)
        strbuf_add_codepoint(&spelling->window, folded(spelling, normal[i]));
    return strbuf_status(&spelling->window) == 0 ? 0 : ERR_MEMORY;
}

/* Closes the open cluster. */
static int close_cluster(struct spelling *spelling)
{
    uint32_t normal[CLUSTER_NORMAL_MAX];
    size_t count = spelling->count;
    size_t made = 1;

    if (count == 0)
        return 0;
    spelling->count = 0;
    for (size_t i = 0; i < count; i++)
        spelling->cluster[i] = folded(spelling, spelling->cluster[i]);
    normal[0] = spelling->cluster[0];
    if (count > 1 || (normal[0] >= 0x80 && !cluster_is_normal(spelling->normalizer, normal[0]))) {
        int code = cluster_normal(spelling->normalizer, spelling->cluster, count, normal, &made);
        if (code != 0)
            return code;
    }
    return put_cluster(spelling, normal, made);
}

/* ---- taking ---------------------------------------------------------------------------------- */

/* The number of bytes from `pos` on that are ASCII and plain characters, and where the last of
 * them starts. */
static size_t plain_run(struct view text, size_t pos, size_t *ret_last)
{
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    size_t at = pos;

    while (at < text.len) {
        if (bytes[at] < 0x80) {
            uint64_t eight;
            while (text.len - at >= sizeof eight) {
                memcpy(&eight, bytes + at, sizeof eight);
                if ((eight & 0x8080808080808080u) != 0)
                    break;
                at += sizeof eight;
            }
            while (at < text.len && bytes[at] < 0x80)
                at++;
            *ret_last = at - 1;
            continue;
        }
        if (text.len - at < 3 || (bytes[at] & 0xf0) != 0xe0 || (bytes[at + 1] & 0xc0) != 0x80
            || (bytes[at + 2] & 0xc0) != 0x80)
            break;
        uint32_t codepoint =
            (bytes[at] & 0x0fu) << 12 | (bytes[at + 1] & 0x3fu) << 6 | (bytes[at + 2] & 0x3fu);
        if (!cluster_is_plain(codepoint))
            break;
        *ret_last = at;
        at += 3;
    }
    return at - pos;
}

static void open_cluster(struct spelling *spelling, uint32_t codepoint, uint64_t start,
                         uint64_t end)
{
    spelling->cluster[0] = codepoint;
    spelling->count = 1;
    spelling->cluster_start = start;
    spelling->cluster_end = end;
}

/* Takes a run of plain characters: its last one stays open. */
static int take_run(struct spelling *spelling, struct view text, size_t *pos, size_t len,
                    size_t last)
{
    int code = close_cluster(spelling);

    if (code == 0 && last > *pos)
        code = put_same(spelling, view_slice(text, *pos, last), spelling->source_at + *pos);
    *pos += len;
    size_t end = last;
    uint32_t codepoint = utf8_next(text, &end, NULL);
    open_cluster(spelling, codepoint, spelling->source_at + last, spelling->source_at + end);
    return code;
}

/* Takes one character that is not plain. */
static int take_other(struct spelling *spelling, struct view text, size_t *pos)
{
    uint64_t start = spelling->source_at + *pos;
    uint32_t codepoint = utf8_next(text, pos, NULL);
    uint64_t end = spelling->source_at + *pos;

    if (u_hasBinaryProperty((UChar32)codepoint, UCHAR_DEFAULT_IGNORABLE_CODE_POINT))
        return 0;
    if (spelling->count > 0 && spelling->count <= SPELLING_MARKS_MAX
        && cluster_joins(spelling->normalizer, codepoint)) {
        spelling->cluster[spelling->count++] = codepoint;
        spelling->cluster_end = end;
        return 0;
    }
    int code = close_cluster(spelling);
    open_cluster(spelling, codepoint, start, end);
    return code;
}

/* Takes all that is complete; where nothing more comes, all. */
static int take(struct spelling *spelling)
{
    struct view text = strbuf_view(&spelling->source);
    size_t pos = 0;
    int code = 0;

    while (code == 0 && pos < text.len) {
        size_t last = 0;
        size_t len = plain_run(text, pos, &last);
        struct view rest = view_slice(text, pos, text.len);
        if (len > 0)
            code = take_run(spelling, text, &pos, len, last);
        else if (!spelling->is_finished && rest.len < 4 && utf8_tail(rest) == rest.len)
            break;
        else
            code = take_other(spelling, text, &pos);
    }
    if (code == 0 && spelling->is_finished)
        code = close_cluster(spelling);
    spelling->source_at += pos;
    strbuf_consume(&spelling->source, pos);
    return code;
}

int spelling_feed(struct spelling *spelling, struct view source)
{
    assert_always(!spelling->is_finished);
    strbuf_add(&spelling->source, source);
    if (strbuf_status(&spelling->source) != 0)
        return ERR_MEMORY;
    return take(spelling);
}

int spelling_finish(struct spelling *spelling)
{
    spelling->is_finished = true;
    return take(spelling);
}

bool spelling_is_finished(const struct spelling *spelling)
{
    return spelling->is_finished;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct view spelling_window(const struct spelling *spelling, uint64_t *ret_at)
{
    *ret_at = spelling->window_at;
    struct view all = strbuf_view(&spelling->window);
    return view_make(all.ptr + spelling->window_head, all.len - spelling->window_head);
}

static bool is_inside_character(const struct spelling *spelling, uint64_t at)
{
    size_t index = spelling->window_head + (size_t)(at - spelling->window_at);
    return index < spelling->window.len && (spelling->window.ptr[index] & 0xc0) == 0x80;
}

/* Where the piece's part of the spelling ends. */
static uint64_t piece_end(const struct spelling *spelling, size_t index)
{
    return index + 1 < spelling->piece_count ? spelling->pieces[index + 1].at
                                             : window_end(spelling);
}

void spelling_forget(struct spelling *spelling, uint64_t before)
{
    uint64_t end = window_end(spelling);

    if (before > end)
        before = end;
    while (before > spelling->window_at && is_inside_character(spelling, before))
        before--;
    if (before <= spelling->window_at)
        return;
    spelling->window_head += (size_t)(before - spelling->window_at);
    spelling->window_at = before;
    if (spelling->window_head >= COMPACT_MIN
        && spelling->window_head > spelling->window.len - spelling->window_head) {
        strbuf_consume(&spelling->window, spelling->window_head);
        spelling->window_head = 0;
    }
    while (spelling->piece_head < spelling->piece_count
           && piece_end(spelling, spelling->piece_head) <= before)
        spelling->piece_head++;
    size_t left = spelling->piece_count - spelling->piece_head;
    if (left == 0 || (spelling->piece_head >= COMPACT_MIN && spelling->piece_head > left)) {
        memmove(spelling->pieces, spelling->pieces + spelling->piece_head,
                left * sizeof *spelling->pieces);
        spelling->piece_head = 0;
        spelling->piece_count = left;
    }
}

/* The piece that the byte at `at` belongs to. */
static const struct piece *piece_of(const struct spelling *spelling, uint64_t at)
{
    size_t low = spelling->piece_head;
    size_t high = spelling->piece_count;

    assert_always(at >= spelling->window_at && at < window_end(spelling));
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (spelling->pieces[middle].at <= at)
            low = middle;
        else
            high = middle;
    }
    return &spelling->pieces[low];
}

uint64_t spelling_start(const struct spelling *spelling, uint64_t at)
{
    if (at == window_end(spelling))
        return spelling->count > 0 ? spelling->cluster_start : spelling->source_at;
    const struct piece *piece = piece_of(spelling, at);
    if (!piece->is_same)
        return piece->source;
    while (is_inside_character(spelling, at))
        at--;
    return piece->source + (at - piece->at);
}

uint64_t spelling_end(const struct spelling *spelling, uint64_t at)
{
    const struct piece *piece = piece_of(spelling, at);

    if (!piece->is_same)
        return piece->source + piece->source_len;
    do
        at++;
    while (is_inside_character(spelling, at));
    return piece->source + (at - piece->at);
}
