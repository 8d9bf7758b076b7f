/* SPDX-License-Identifier: Apache-2.0
 *
 * html_marks: see html_marks.h. The text is walked from one boundary of any mark to the next;
 * between two of them the marks that lie there are opened, the language outermost. */
#include "report/html_marks.h"

#include "base/utf8.h"
#include "report/html.h"
#include "text/language.h"

enum { KEPT_JOINED_MAX = 16 /* bytes */ };

struct walk {
    struct strbuf *out;
    const struct html_marked *marked;
    const struct language_segment *segments;
    size_t segment_count;
    size_t segment;    /* the first that ends after the place */
    size_t part;       /* the one that holds the place, of the own side */
    size_t part_start; /* its first byte */
    struct view open_language;
};

/* ---- what lies at a place ------------------------------------------------------------------- */

static bool is_own_side(const struct walk *walk, size_t part)
{
    enum difference_kind kind = walk->marked->parts[part].kind;
    return kind == DIFFERENCE_SAME || kind == walk->marked->own;
}

static void move_to(struct walk *walk, size_t at)
{
    const struct html_marked *marked = walk->marked;

    while (walk->segment < walk->segment_count && walk->segments[walk->segment].end <= at)
        walk->segment++;
    while (walk->part < marked->part_count) {
        size_t len = is_own_side(walk, walk->part) ? marked->parts[walk->part].text.len : 0;
        if (walk->part_start + len > at)
            break;
        walk->part_start += len;
        walk->part++;
    }
}

/* The language of the place, where it differs from the whole text's. */
static struct view language_at(const struct walk *walk, size_t at)
{
    if (walk->segment == walk->segment_count || walk->segments[walk->segment].start > at)
        return view_of("");
    struct view code = html_language(view_of(walk->segments[walk->segment].code));
    return view_equal(code, walk->marked->language) ? view_of("") : code;
}

static bool is_changed_at(const struct walk *walk)
{
    const struct html_marked *marked = walk->marked;
    return walk->part < marked->part_count && marked->parts[walk->part].kind == marked->own;
}

static size_t finding_count(const struct html_marked *marked)
{
    return marked->finding_count < HTML_MARKS_MAX ? marked->finding_count : HTML_MARKS_MAX;
}

static const struct finding *finding_at(const struct html_marked *marked, size_t at)
{
    for (size_t i = 0; i < finding_count(marked); i++)
        if (marked->findings[i].start <= at && at < marked->findings[i].end)
            return &marked->findings[i];
    return NULL;
}

static void keep_nearer(size_t *next, size_t at, size_t boundary)
{
    if (boundary > at && boundary < *next)
        *next = boundary;
}

static size_t next_boundary(const struct walk *walk, size_t at)
{
    const struct html_marked *marked = walk->marked;
    size_t next = marked->text.len;

    if (walk->segment < walk->segment_count) {
        keep_nearer(&next, at, walk->segments[walk->segment].start);
        keep_nearer(&next, at, walk->segments[walk->segment].end);
    }
    if (walk->part < marked->part_count)
        keep_nearer(&next, at, walk->part_start + marked->parts[walk->part].text.len);
    for (size_t i = 0; i < finding_count(marked); i++) {
        keep_nearer(&next, at, marked->findings[i].start);
        keep_nearer(&next, at, marked->findings[i].end);
    }
    return next;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void open_finding(struct strbuf *out, const struct finding *finding)
{
    strbuf_printf(out, "<mark class=%s title=\"", severity_name(finding->severity));
    html_add_attribute(out, utf8_cut(finding->check, 100));
    strbuf_add_text(out, ": ");
    html_add_attribute(out, utf8_cut(finding->message, 300));
    strbuf_add_text(out, "\">");
}

static void set_language(struct walk *walk, struct view language)
{
    if (view_equal(language, walk->open_language))
        return;
    if (walk->open_language.len != 0)
        strbuf_add_text(walk->out, "</span>");
    if (language.len != 0)
        strbuf_printf(walk->out, "<span lang=%.*s>", VIEW_ARG(language));
    walk->open_language = language;
}

static void write_stretch(struct walk *walk, size_t from, size_t to)
{
    const struct finding *finding = finding_at(walk->marked, from);
    bool is_changed = is_changed_at(walk);
    const char *change = walk->marked->own == DIFFERENCE_REMOVED ? "del" : "ins";

    set_language(walk, language_at(walk, from));
    if (finding != NULL)
        open_finding(walk->out, finding);
    if (is_changed)
        strbuf_printf(walk->out, "<%s>", change);
    html_add(walk->out, view_slice(walk->marked->text, from, to));
    if (is_changed)
        strbuf_printf(walk->out, "</%s>", change);
    if (finding != NULL)
        strbuf_add_text(walk->out, "</mark>");
}

int html_add_marked(struct strbuf *out, struct arena *arena, const struct html_marked *marked)
{
    struct walk walk = {.out = out, .marked = marked, .open_language = view_of("")};
    struct language_segment *segments = NULL;

    int code =
        language_segments(arena, marked->text, marked->language, &segments, &walk.segment_count);
    if (code != 0)
        return code;
    walk.segments = segments;
    strbuf_add_text(out, "<div class=text dir=auto");
    if (marked->language.len != 0)
        strbuf_printf(out, " lang=%.*s", VIEW_ARG(marked->language));
    strbuf_add_text(out, ">");
    for (size_t at = 0; at < marked->text.len;) {
        move_to(&walk, at);
        size_t next = next_boundary(&walk, at);
        write_stretch(&walk, at, next);
        at = next;
    }
    set_language(&walk, view_of(""));
    if (marked->text.len == 0)
        strbuf_add_text(out, "<i class=none>(an empty answer)</i>");
    strbuf_add_text(out, "</div>");
    return 0;
}

/* ---- differences for people ----------------------------------------------------------------- */

struct joining {
    struct view before, after;
    struct difference *parts;
    size_t count;
    size_t removed_from, added_from; /* where the change that is open began */
    size_t removed_to, added_to;     /* where both texts are */
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void add_part(struct joining *joining, enum difference_kind kind, struct view text)
{
    if (text.len > 0)
        joining->parts[joining->count++] = (struct difference){kind, text};
}

static bool is_sign(char byte)
{
    unsigned char c = (unsigned char)byte;
    bool is_word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return c < 0x80 && !is_word;
}

/* What only came or only went may as well begin earlier where it ends as what stands before it
 * does: at the start of a line, if it can. */
static void add_alone(struct joining *joining, enum difference_kind kind, struct view text)
{
    struct difference *kept = joining->count > 0 ? &joining->parts[joining->count - 1] : NULL;
    size_t shift = 0;

    if (kept != NULL && kept->kind == DIFFERENCE_SAME && text.len > 0)
        for (size_t i = 0; i < kept->text.len && i < text.len; i++) {
            char before = kept->text.ptr[kept->text.len - 1 - i];
            if (before == '\n')
                shift = i;
            if (before == '\n' || before != text.ptr[text.len - 1 - i])
                break;
        }
    if (shift == 0) {
        add_part(joining, kind, text);
        return;
    }
    /* the same bytes, told the other way round: both texts hold what stands before the change */
    struct view whole = kind == DIFFERENCE_REMOVED ? joining->before : joining->after;
    size_t from = (size_t)(text.ptr - whole.ptr) - shift;
    kept->text.len -= shift;
    add_part(joining, kind, view_slice(whole, from, from + text.len));
    add_part(joining, DIFFERENCE_SAME, view_slice(text, text.len - shift, text.len));
}

/* The change that is open; signs and spaces that both its sides begin or end with are kept. */
static void close_change(struct joining *joining)
{
    struct view removed = view_slice(joining->before, joining->removed_from, joining->removed_to);
    struct view added = view_slice(joining->after, joining->added_from, joining->added_to);
    size_t shorter = removed.len < added.len ? removed.len : added.len;
    size_t first = 0, last = 0;

    while (first < shorter && removed.ptr[first] == added.ptr[first] && is_sign(removed.ptr[first]))
        first++;
    while (last < shorter - first
           && removed.ptr[removed.len - 1 - last] == added.ptr[added.len - 1 - last]
           && is_sign(removed.ptr[removed.len - 1 - last]))
        last++;
    add_part(joining, DIFFERENCE_SAME, view_slice(removed, 0, first));
    if (removed.len == 0)
        add_alone(joining, DIFFERENCE_ADDED, added);
    else if (added.len == 0)
        add_alone(joining, DIFFERENCE_REMOVED, removed);
    else {
        add_part(joining, DIFFERENCE_REMOVED, view_slice(removed, first, removed.len - last));
        add_part(joining, DIFFERENCE_ADDED, view_slice(added, first, added.len - last));
    }
    add_part(joining, DIFFERENCE_SAME, view_slice(removed, removed.len - last, removed.len));
}

/* What changed before and after a kept stretch, in bytes, the larger side of each. */
static size_t change_len(const struct difference *parts, size_t from, size_t to)
{
    size_t sides[3] = {0};

    for (size_t i = from; i < to; i++)
        sides[parts[i].kind] += parts[i].text.len;
    return larger(sides[DIFFERENCE_REMOVED], sides[DIFFERENCE_ADDED]);
}

static size_t end_of_change(const struct difference *parts, size_t count, size_t from)
{
    while (from < count && parts[from].kind != DIFFERENCE_SAME)
        from++;
    return from;
}

static void join(struct joining *joining, const struct difference *parts, size_t count)
{
    size_t last = 0; /* bytes of the open change */

    for (size_t i = 0; i < count; i++) {
        size_t len = parts[i].text.len;
        if (parts[i].kind != DIFFERENCE_SAME) {
            size_t end = end_of_change(parts, count, i);
            last += change_len(parts, i, end);
            for (; i < end; i++)
                *(parts[i].kind == DIFFERENCE_REMOVED ? &joining->removed_to
                                                      : &joining->added_to) += parts[i].text.len;
            i--;
            continue;
        }
        size_t next = change_len(parts, i + 1, end_of_change(parts, count, i + 1));
        if (last > 0 && next > 0 && len <= KEPT_JOINED_MAX && len <= last && len <= next) {
            last += len; /* too little between two changes: part of them */
        } else {
            close_change(joining);
            add_part(joining, DIFFERENCE_SAME, parts[i].text);
            joining->removed_from = joining->removed_to + len;
            joining->added_from = joining->added_to + len;
            last = 0;
        }
        joining->removed_to += len;
        joining->added_to += len;
    }
    close_change(joining);
}

int html_difference(struct arena *arena, struct view before, struct view after,
                    const struct difference **ret_parts, size_t *ret_count)
{
    struct joining joining = {.before = before, .after = after};
    const struct difference *parts = NULL;
    size_t count = 0;

    int code = difference_of(NULL, arena, before, after, &parts, &count);
    if (code != 0)
        return code;
    joining.parts = arena_new(arena, 4 * count + 4, sizeof *joining.parts);
    if (joining.parts == NULL)
        return ERR_MEMORY;
    join(&joining, parts, count);
    *ret_parts = joining.parts;
    *ret_count = joining.count;
    return 0;
}

/* ---- both sides in one text ----------------------------------------------------------------- */

enum { KEPT_SHOWN_MAX = 360, KEPT_END = 150 };

/* From `from` forward to the start of a line, or just to the start of a character. */
static size_t line_from(struct view text, size_t from)
{
    size_t end = view_find_byte(view_slice(text, from, text.len), '\n');

    if (from + end < text.len && end < KEPT_END)
        return from + end + 1;
    while (from < text.len && ((unsigned char)text.ptr[from] & 0xc0) == 0x80)
        from++;
    return from;
}

static void add_kept(struct strbuf *out, struct view text)
{
    if (text.len <= KEPT_SHOWN_MAX) {
        html_add(out, text);
        return;
    }
    struct view head = utf8_cut(text, KEPT_END);
    size_t tail = line_from(text, text.len - KEPT_END);
    html_add(out, head);
    strbuf_add_text(out, "<span class=gap>… ");
    html_printf(out, "%zu characters that did not change",
                utf8_count(view_slice(text, head.len, tail)));
    strbuf_add_text(out, " …</span>");
    html_add(out, view_slice(text, tail, text.len));
}

void html_add_redline(struct strbuf *out, const struct difference *parts, size_t count)
{
    static const char *const tags[] = {[DIFFERENCE_REMOVED] = "del", [DIFFERENCE_ADDED] = "ins"};

    for (size_t i = 0; i < count; i++) {
        if (parts[i].kind == DIFFERENCE_SAME) {
            add_kept(out, parts[i].text);
            continue;
        }
        strbuf_printf(out, "<%s>", tags[parts[i].kind]);
        html_add(out, parts[i].text);
        strbuf_printf(out, "</%s>", tags[parts[i].kind]);
    }
}
