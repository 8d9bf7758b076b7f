/* SPDX-License-Identifier: Apache-2.0
 *
 * claims: see claims.h. Lines are taken one by one: what a line is (a fence, a table row, a list
 * item, a heading) is decided by how it starts, then its text is cut into sentences. */
#include "text/claims.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "text/chars.h"
#include "text/structure.h"
#include "wire/json.h"

enum {
    MARKER_DIGITS_MAX = 3,
    LABEL_MAX = 24,
    LISTS_MAX = 64,
    ABBREVIATION_MAX = 6,
    FIRST_ROOM = 32,
    ROLE_MAX = 500
};

struct cutter {
    struct arena *arena;
    struct view answer;
    struct claim *items; /* base/mem while it grows */
    size_t count;
    size_t room;
    int status;
    bool in_fence;
    uint64_t lists;
    size_t run;        /* items of the list that goes on */
    size_t run_indent; /* of its first */
    bool in_table;
    bool has_roles;
    bool is_full;    /* the last claim is all the rest */
    bool is_partial; /* there were more */
};

/* ---- collecting ------------------------------------------------------------------------------ */

static struct claim *add_claim(struct cutter *cutter)
{
    cutter->is_partial |= cutter->count == CLAIMS_MAX;
    if (cutter->status != 0 || cutter->count == CLAIMS_MAX)
        return NULL;
    if (cutter->count == cutter->room) {
        size_t room = cutter->room == 0 ? FIRST_ROOM : 2 * cutter->room;
        struct claim *items = mem_resize(cutter->items, room, sizeof *items);
        if (items == NULL) {
            cutter->status = ERR_MEMORY;
            return NULL;
        }
        cutter->items = items;
        cutter->room = room;
    }
    struct claim *claim = &cutter->items[cutter->count++];
    *claim = (struct claim){0};
    return claim;
}

static bool is_closing(char byte)
{
    return byte == ' ' || byte == '.' || byte == '!' || byte == '\r' || byte == '\t' || byte == '*';
}

/* Without the signs that end a sentence, but for the question mark. */
static struct view without_end(struct view text)
{
    static const struct view ends[] = {VIEW("。"), VIEW("！"), VIEW("．"), VIEW("　")};
    bool more = true;

    while (more && text.len > 0) {
        more = is_closing(text.ptr[text.len - 1]);
        text.len -= more;
        for (size_t i = 0; !more && i < sizeof ends / sizeof ends[0]; i++) {
            if (view_ends(text, ends[i])) {
                text.len -= ends[i].len;
                more = true;
            }
        }
    }
    return text;
}

enum where { START, END, ANYWHERE };

static const struct {
    enum claim_role role;
    enum where where;
    struct view spelling;
} phrases[] = {
#define PHRASE(role, where, spelling) {CLAIM_##role, where, VIEW(spelling)},
#include "text/claims_words.def"
};

static bool holds_phrase(struct view text, struct view phrase, enum where where)
{
    if (text.len < phrase.len)
        return false;
    if (where == START)
        return view_starts(text, phrase);
    if (where == END)
        return view_ends(text, phrase);
    return memmem(text.ptr, text.len, phrase.ptr, phrase.len) != NULL;
}

static enum claim_role role_of(const struct cutter *cutter, struct view text)
{
    char lower[ROLE_MAX];

    if (!cutter->has_roles || text.len > ROLE_MAX)
        return CLAIM_STATEMENT;
    for (size_t i = 0; i < text.len; i++)
        lower[i] =
            text.ptr[i] >= 'A' && text.ptr[i] <= 'Z' ? (char)(text.ptr[i] | 0x20) : text.ptr[i];
    struct view plain = without_end(view_make(lower, text.len));
    if (view_ends(plain, view_of("?")) || view_ends(plain, view_of("？")))
        return CLAIM_QUESTION;
    if (view_ends(plain, view_of(":")) || view_ends(plain, view_of("：")))
        return CLAIM_LEAD_IN;
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        if (holds_phrase(plain, phrases[i].spelling, phrases[i].where))
            return phrases[i].role;
    }
    return CLAIM_STATEMENT;
}

/* Whether there is anything to claim: a letter or a digit of any script. */
static bool says_something(struct view text)
{
    for (size_t pos = 0; pos < text.len;) {
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        enum char_kind kind = char_kind_of(codepoint);
        if ((kind != CHAR_SPACE && kind != CHAR_ASCII_SIGN && kind != CHAR_OTHER)
            || (codepoint >= 0xff10 && codepoint <= 0xff19))
            return true;
    }
    return false;
}

static void add_text(struct cutter *cutter, size_t start, size_t end, enum claim_form form)
{
    while (start < end && (cutter->answer.ptr[start] == ' ' || cutter->answer.ptr[start] == '\t'))
        start++;
    while (end > start
           && (cutter->answer.ptr[end - 1] == ' ' || cutter->answer.ptr[end - 1] == '\r'
               || cutter->answer.ptr[end - 1] == '\t'))
        end--;
    if (cutter->count + 1 == CLAIMS_MAX)
        end = cutter->answer.len;
    struct view text = view_slice(cutter->answer, start, end);
    if (cutter->is_full || !says_something(text))
        return;
    cutter->is_full = cutter->count + 1 == CLAIMS_MAX;
    struct claim *claim = add_claim(cutter);
    if (claim == NULL)
        return;
    *claim = (struct claim){
        .text = text,
        .start = start,
        .end = end,
        .form = form,
        .role = form == CLAIM_ROW ? CLAIM_STATEMENT : role_of(cutter, text),
    };
}

/* ---- sentences ------------------------------------------------------------------------------- */

static const struct view abbreviations[] = {
#define ABBREVIATION(word) VIEW(word),
#include "text/claims_words.def"
};

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* Whether the point at `at` belongs to the word before it: Mr., No., J., e.g. */
static bool is_abbreviation(struct view text, size_t start, size_t at)
{
    size_t word = at;

    while (word > start && is_letter(text.ptr[word - 1]) && at - word <= ABBREVIATION_MAX)
        word--;
    struct view before = view_slice(text, word, at);
    if (before.len == 1)
        return before.ptr[0] != 'I';
    for (size_t i = 0; i < sizeof abbreviations / sizeof abbreviations[0]; i++) {
        if (view_equal_nocase(before, abbreviations[i]))
            return true;
    }
    return false;
}

static int quote_step(uint32_t codepoint)
{
    if (codepoint == 0x300c || codepoint == 0x300e || codepoint == 0x201c || codepoint == 0x300a)
        return 1;
    if (codepoint == 0x300d || codepoint == 0x300f || codepoint == 0x201d || codepoint == 0x300b)
        return -1;
    return 0;
}

/* Whether a sentence ends with the character that ends at `next`. */
static bool ends_here(struct view text, size_t start, size_t at, size_t next, uint32_t codepoint)
{
    if (codepoint == 0x3002 || codepoint == 0xff01 || codepoint == 0xff1f || codepoint == 0xff0e)
        return true;
    if (codepoint != '.' && codepoint != '!' && codepoint != '?')
        return false;
    if (next < text.len && text.ptr[next] != ' ' && text.ptr[next] != '\t'
        && text.ptr[next] != '\r')
        return codepoint != '.' && (unsigned char)text.ptr[next] >= 0xe3;
    size_t behind = next;
    while (behind < text.len && text.ptr[behind] == ' ')
        behind++;
    if (codepoint == '.' && behind < text.len && text.ptr[behind] >= 'a' && text.ptr[behind] <= 'z')
        return false;
    return codepoint != '.' || !is_abbreviation(text, start, at);
}

static void cut_sentences(struct cutter *cutter, size_t start, size_t end, enum claim_form form)
{
    struct view text = view_slice(cutter->answer, 0, end);
    int quotes = 0;
    size_t pos = start;

    while (pos < end) {
        size_t at = pos;
        unsigned char lead = (unsigned char)text.ptr[pos];
        uint32_t codepoint = lead;
        if (lead < 0xe2 || (lead > 0xe3 && lead != 0xef)) {
            pos++; /* no sign that ends or quotes, or the rest of a character */
            if (lead >= 0x80 || (lead != '.' && lead != '!' && lead != '?'))
                continue;
        } else {
            codepoint = utf8_next(text, &pos, NULL);
        }
        quotes += quote_step(codepoint);
        if (quotes < 0)
            quotes = 0;
        if (quotes == 0 && ends_here(text, start, at, pos, codepoint)) {
            add_text(cutter, start, pos, form);
            start = pos;
        }
    }
    add_text(cutter, start, end, form);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void end_list(struct cutter *cutter)
{
    if (cutter->run > 0 && cutter->run < LISTS_MAX)
        cutter->lists |= (uint64_t)1 << cutter->run;
    cutter->run = 0;
}

static void count_item(struct cutter *cutter, size_t indent)
{
    if (cutter->run == 0)
        cutter->run_indent = indent;
    cutter->run += indent == cutter->run_indent;
}

static size_t digits_end(struct view text, size_t pos)
{
    while (pos < text.len && text.ptr[pos] >= '0' && text.ptr[pos] <= '9')
        pos++;
    return pos;
}

/* A full-width or circled digit at pos: its bytes, 0 for none. */
static size_t wide_digit(struct view text, size_t pos)
{
    size_t after = pos;

    if (pos >= text.len || (unsigned char)text.ptr[pos] < 0xe2)
        return 0;
    uint32_t codepoint = utf8_next(text, &after, NULL);
    return (codepoint >= 0xff10 && codepoint <= 0xff19)
                   || (codepoint >= 0x2460 && codepoint <= 0x2473)
               ? after - pos
               : 0;
}

/* "1." "1)" "(1)" "１．" "①" "1、" at pos: the place behind; pos for none. */
static size_t past_number(struct view text, size_t pos)
{
    static const struct view closers[] = {VIEW(". "), VIEW(") "), VIEW("．"), VIEW("）"),
                                          VIEW("、"), VIEW(") "), VIEW(")"),  VIEW(": "),
                                          VIEW("."),  VIEW("：")};
    bool opened = pos < text.len && text.ptr[pos] == '(';
    size_t start = pos + opened;
    size_t end = digits_end(text, start);
    size_t wide = end == start ? wide_digit(text, start) : 0;

    if (wide > 0 && (unsigned char)text.ptr[start] == 0xe2) /* ① needs no closer */
        return start + wide;
    end += wide;
    if (end == start || end - start > MARKER_DIGITS_MAX)
        return pos;
    for (size_t i = 0; i < sizeof closers / sizeof closers[0]; i++) {
        size_t behind = end + closers[i].len;
        if (!view_equal(view_slice(text, end, behind), closers[i]))
            continue;
        /* 3.5 is a number, 1.ワンピース an item */
        if (view_is(closers[i], ".")
            && (behind >= text.len || (unsigned char)text.ptr[behind] < 0x80))
            continue;
        return behind;
    }
    return pos;
}

/* "- " "* " "+ " "・" "• " at pos, or a number. */
static size_t past_marker(struct view text, size_t pos)
{
    static const struct view bullets[] = {VIEW("- "), VIEW("* "), VIEW("+ "), VIEW("・"),
                                          VIEW("•"),  VIEW("‣"),  VIEW("■"),  VIEW("●"),
                                          VIEW("○"),  VIEW("◆"),  VIEW("▪"),  VIEW("– ")};
    for (size_t i = 0; i < sizeof bullets / sizeof bullets[0]; i++) {
        if (view_equal(view_slice(text, pos, pos + bullets[i].len), bullets[i]))
            return pos + bullets[i].len;
    }
    return past_number(text, pos);
}

/* "Step 3:" "ステップ1：" "手順２." at pos, emphasis before it included: the place behind. */
static size_t past_label(struct view text, size_t pos)
{
    static const struct view labels[] = {VIEW("step"), VIEW("ステップ"), VIEW("手順"),
                                         VIEW("ポイント")};
    size_t start = pos;

    while (start < text.len && text.ptr[start] == '*')
        start++;
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        size_t at = start + labels[i].len;
        if (!view_equal_nocase(view_slice(text, start, at), labels[i]))
            continue;
        at += at < text.len && text.ptr[at] == ' ';
        size_t end = digits_end(text, at);
        end += end == at ? wide_digit(text, at) : 0;
        if (end > at && end < text.len
            && (text.ptr[end] == ':' || text.ptr[end] == '.' || text.ptr[end] == '*'
                || (unsigned char)text.ptr[end] >= 0xe3))
            return end;
    }
    return past_number(text, start) > start ? past_number(text, start) : pos;
}

static size_t past_spaces(struct view text, size_t pos)
{
    while (pos < text.len && (text.ptr[pos] == ' ' || text.ptr[pos] == '\t'))
        pos++;
    return pos;
}

static bool is_fence(struct view line)
{
    return view_starts(line, view_of("```")) || view_starts(line, view_of("~~~"));
}

/* The line between a table's head and its rows, or a rule. */
static bool is_ruler(struct view line)
{
    if (line.len < 3)
        return false;
    for (size_t i = 0; i < line.len; i++) {
        if (strchr("-=:| \t\r*_", line.ptr[i]) == NULL || line.ptr[i] == '\0')
            return false;
    }
    return true;
}

/* A row of a table: the head, which the ruler follows, is no item. */
static void take_row(struct cutter *cutter, size_t start, size_t end)
{
    if (!cutter->in_table)
        end_list(cutter);
    else
        count_item(cutter, 0);
    cutter->in_table = true;
    add_text(cutter, start, end, CLAIM_ROW);
}

static void take_line(struct cutter *cutter, size_t start, size_t end)
{
    struct view text = view_slice(cutter->answer, 0, end);
    size_t pos = past_spaces(text, start);
    struct view line = view_slice(text, pos, end);

    if (is_fence(line)) {
        cutter->in_fence = !cutter->in_fence;
        return;
    }
    if (cutter->in_fence || view_trim(line).len == 0 || is_ruler(line))
        return;
    while (pos < end && text.ptr[pos] == '>')
        pos = past_spaces(text, pos + 1);
    if (pos < end && text.ptr[pos] == '|') {
        take_row(cutter, pos, end);
        return;
    }
    if (cutter->in_table)
        end_list(cutter);
    cutter->in_table = false;
    size_t body = pos;
    while (body < end && text.ptr[body] == '#')
        body++;
    bool is_heading = body > pos;
    body = past_spaces(text, body);
    size_t content = past_marker(text, body);
    bool is_item = content > body;
    if (is_item)
        count_item(cutter, body - start);
    else if (cutter->run > 0 && pos == start && !is_heading)
        end_list(cutter);
    content = past_label(text, past_spaces(text, content));
    cut_sentences(cutter, content, end, is_item ? CLAIM_ITEM : CLAIM_SENTENCE);
}

static void cut_prose(struct cutter *cutter)
{
    size_t pos = 0;

    while (pos < cutter->answer.len && cutter->status == 0 && cutter->count + 1 < CLAIMS_MAX) {
        struct view rest = view_slice(cutter->answer, pos, cutter->answer.len);
        size_t len = view_find_byte(rest, '\n');
        take_line(cutter, pos, pos + len);
        pos += len + 1;
    }
    if (pos < cutter->answer.len)
        add_text(cutter, pos, cutter->answer.len, CLAIM_SENTENCE);
    end_list(cutter);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* The string of an answer that opens at `at`: where it ends, and with `offsets` where each byte of
 * what it says came from (len + 1 places). */
static size_t string_end(struct view answer, size_t at, uint32_t *offsets, size_t len)
{
    size_t pos = at + 1;
    size_t said = 0;

    while (pos < answer.len && answer.ptr[pos] != '"') {
        size_t start = pos;
        size_t width = 1;
        if (answer.ptr[pos] == '\\') {
            bool unit = pos + 1 < answer.len && answer.ptr[pos + 1] == 'u';
            pos += unit ? 6 : 2;
            if (unit && pos <= answer.len) { /* as many bytes as the tree made of it */
                char high = answer.ptr[start + 2] | 0x20;
                bool first = high == 'd' && strchr("89abAB", answer.ptr[start + 3]) != NULL;
                bool pair = first && pos + 6 <= answer.len && answer.ptr[pos] == '\\'
                            && answer.ptr[pos + 1] == 'u' && (answer.ptr[pos + 2] | 0x20) == 'd'
                            && strchr("cdefCDEF", answer.ptr[pos + 3]) != NULL;
                bool null = memcmp(answer.ptr + start + 2, "00", 2) == 0;
                bool ascii = null && answer.ptr[start + 4] < '8';
                bool two = answer.ptr[start + 2] == '0' && answer.ptr[start + 3] < '8';
                width = pair ? 4 : ascii ? 1 : two ? 2 : 3;
                pos += pair ? 6 : 0;
            }
        } else {
            pos++;
        }
        for (size_t i = 0; offsets != NULL && i < width && said < len; i++)
            offsets[said++] = (uint32_t)start;
    }
    for (; offsets != NULL && said <= len; said++)
        offsets[said] = (uint32_t)pos;
    return pos < answer.len ? pos : answer.len;
}

/* `base` is where the document stands in the answer. */
static void add_scalar(struct cutter *cutter, const struct json *value, size_t base)
{
    struct claim *claim = NULL;
    size_t at = base + value->at;
    uint32_t *offsets = NULL;

    if (value->text.len == 0 || (claim = add_claim(cutter)) == NULL)
        return;
    *claim = (struct claim){.text = value->text, .start = at, .form = CLAIM_JSON};
    claim->end = at + value->text.len;
    if (value->kind == JSON_NUMBER)
        return;
    claim->start = at + 1;
    claim->end = string_end(cutter->answer, at, NULL, 0);
    claim->role = role_of(cutter, value->text);
    if (claim->end - claim->start == value->text.len)
        return;
    offsets = arena_new(cutter->arena, value->text.len + 1, sizeof *offsets);
    if (offsets == NULL)
        cutter->status = ERR_MEMORY;
    else
        (void)string_end(cutter->answer, at, offsets, value->text.len);
    claim->offsets = offsets;
}

/* Depth is bounded by the parser: JSON_DEPTH_MAX. */
static void walk(struct cutter *cutter, const struct json *value, size_t base)
{
    if (value->kind == JSON_STRING || value->kind == JSON_NUMBER)
        add_scalar(cutter, value, base);
    if (value->kind == JSON_ARRAY && value->count < LISTS_MAX)
        cutter->lists |= (uint64_t)1 << value->count;
    for (const struct json *child = value->child; child != NULL; child = child->next)
        walk(cutter, child, base);
}

/* True where the document was one. */
static bool cut_json(struct cutter *cutter, struct view document)
{
    struct json *root = NULL;

    if (document.len == 0 || (document.ptr[0] != '{' && document.ptr[0] != '[')
        || !json_valid(document, NULL))
        return false;
    int status = json_parse(cutter->arena, document, &root, NULL);
    if (status == ERR_MEMORY)
        cutter->status = status;
    if (status != 0)
        return false;
    walk(cutter, root, (size_t)(document.ptr - cutter->answer.ptr));
    return true;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const struct claim *left = a;
    const struct claim *right = b;
    return left->start < right->start ? -1 : left->start > right->start;
}

static bool has_fence(struct view answer)
{
    return view_find(answer, view_of("```"), 0) < answer.len
           || view_find(answer, view_of("~~~"), 0) < answer.len;
}

static int cut_all(struct arena *arena, struct view answer, bool has_roles,
                   struct claims *ret_claims)
{
    struct cutter cutter = {.arena = arena, .answer = answer, .has_roles = has_roles};
    struct view block;
    struct claim *items = NULL;

    if (!cut_json(&cutter, view_trim(answer))) {
        cut_prose(&cutter);
        size_t prose = cutter.count;
        if (has_fence(answer) && structure_fenced(answer, &block))
            (void)cut_json(&cutter, view_trim(block));
        if (cutter.count > prose)
            qsort(cutter.items, cutter.count, sizeof *cutter.items, by_place);
    }
    if (cutter.status == 0 && cutter.count > 0) {
        items = arena_new(arena, cutter.count, sizeof *items);
        if (items != NULL)
            memcpy(items, cutter.items, cutter.count * sizeof *items);
        else
            cutter.status = ERR_MEMORY;
    }
    mem_free(cutter.items);
    if (cutter.status != 0)
        return cutter.status;
    *ret_claims = (struct claims){.items = items,
                                  .count = cutter.count,
                                  .lists = cutter.lists,
                                  .is_partial = cutter.is_partial};
    return 0;
}

int claims_of(struct arena *arena, struct view answer, struct claims *ret_claims)
{
    return cut_all(arena, answer, true, ret_claims);
}

int claims_of_source(struct arena *arena, struct view source, struct claims *ret_claims)
{
    return cut_all(arena, source, false, ret_claims);
}

void claim_source(const struct claim *claim, size_t start, size_t end, size_t *ret_start,
                  size_t *ret_end)
{
    if (claim->offsets == NULL) {
        *ret_start = claim->start + start;
        *ret_end = claim->start + end;
        return;
    }
    *ret_start = claim->offsets[start];
    *ret_end = claim->offsets[end];
}
