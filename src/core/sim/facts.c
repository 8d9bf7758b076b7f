/* SPDX-License-Identifier: Apache-2.0
 *
 * facts: see facts.h. */
#include "core/sim/facts.h"

#include "base/utf8.h"

enum { KEY_MAX_BYTES = 48, VALUE_MAX_BYTES = 600 };

static bool has_digit(struct view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= '0' && text.ptr[i] <= '9')
            return true;
    return view_find(text, view_of("０"), 0) < text.len;
}

static bool contains(struct view text, const char *word)
{
    return view_find(text, view_of(word), 0) < text.len;
}

static bool contains_any(struct view text, const char *const words[])
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (contains(text, words[i]))
            return true;
    return false;
}

int facts_stock(struct view text)
{
    static const char *const none[] = {"out of stock", "Out of stock", "sold out", "Sold out",
                                       "在庫切れ",     "在庫なし",     "品切れ",   "売り切れ",
                                       "unavailable",  "false",        "入荷待ち", NULL};
    static const char *const some[] = {"in stock", "In stock", "available", "Available",
                                       "在庫あり", "true",     "残り",      "copies",
                                       "冊",       "あり",     NULL};
    int64_t number;
    size_t end;

    if (contains_any(text, none) || view_is(text, "なし") || view_is(text, "no"))
        return 0;
    if (contains_any(text, some) || view_is(text, "yes"))
        return 1;
    if (words_number(view_trim(text), 0, &number, &end))
        return number > 0;
    return -1;
}

/* Words that stand where a value will be: descriptions of a key, not facts. */
static bool is_placeholder(struct view value)
{
    static const char *const words[] = {"string",  "number", "integer", "list", "array",
                                        "boolean", "object", "文字列",  "数値", "配列",
                                        "整数",    "真偽値", "リスト"};

    if (value.len == 0 || value.ptr[0] == '<' || value.ptr[0] == '{' || value.ptr[0] == '['
        || view_starts(value, view_of("...")) || view_starts(value, view_of("…")))
        return true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (value.len >= strlen(words[i])
            && view_equal_nocase(view_slice(value, 0, strlen(words[i])), view_of(words[i])))
            return true;
    return false;
}

static bool is_fact(enum slot slot, struct view value)
{
    if (is_placeholder(value) || value.len > VALUE_MAX_BYTES)
        return false;
    switch (slot_row(slot)->need) {
    case SLOT_NEEDS_TEXT:
        return true;
    case SLOT_NEEDS_DIGIT:
        return has_digit(value);
    case SLOT_NEEDS_STOCK:
        return facts_stock(value) >= 0;
    case SLOT_NEEDS_NONE:
        break;
    }
    return false;
}

/* Without what wraps a key or a value: bullets, quotes, braces, stars, commas. */
static struct view unwrapped(struct view text)
{
    static const char *const wraps[] = {"\"", "'", "*", "-", "•", "・", "{",  "}",  "[",  "]", ",",
                                        "、", "|", "`", "#", ";", "「", "」", "『", "』", ">"};

    for (bool more = true; more;) {
        more = false;
        text = view_trim(text);
        for (size_t i = 0; i < sizeof wraps / sizeof wraps[0]; i++) {
            struct view wrap = view_of(wraps[i]);
            if (text.len >= wrap.len && view_starts(text, wrap)) {
                text = view_slice(text, wrap.len, text.len);
                more = true;
            }
            if (text.len >= wrap.len && view_ends(text, wrap)) {
                text = view_slice(text, 0, text.len - wrap.len);
                more = true;
            }
        }
    }
    return text;
}

static bool record_has(const struct facts *facts, enum slot slot)
{
    for (size_t i = facts->count; i > 0 && facts->items[i - 1].record == facts->record; i--)
        if (facts->items[i - 1].slot == slot)
            return true;
    return false;
}

static void add(struct facts *facts, enum slot slot, struct view value, bool documents)
{
    if (facts->count == FACTS_MAX || !is_fact(slot, value))
        return;
    if ((slot == SLOT_TITLE || slot == SLOT_ORDER) && record_has(facts, slot))
        facts->record++;
    facts->items[facts->count++] =
        (struct fact){.slot = slot, .record = facts->record, .given = documents, .value = value};
}

/* ---- lines of prose ------------------------------------------------------------------------- */

static bool follows(struct view text, size_t at, const char *word)
{
    return view_starts(view_slice(text, at, text.len), view_of(word));
}

static bool follows_any(struct view text, size_t at, const char *const words[])
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (follows(text, at, words[i]))
            return true;
    return false;
}

/* Prices, volumes and stock of a sentence such as 『鬼滅の刃』は全23巻、1冊528円、在庫あり。 */
static void read_prose(struct facts *facts, struct view line)
{
    static const char *const money[] = {"円", " yen", "yen", " dollars", "ドル", " JPY", NULL};
    static const char *const volumes[] = {"巻", " volumes", " vols", NULL};
    int64_t number;

    for (size_t at = 0; at < line.len;) {
        size_t end;
        size_t from = at;
        if (line.ptr[at] < '0' || line.ptr[at] > '9' || !words_number(line, at, &number, &end)) {
            at++;
            continue;
        }
        at = end;
        if (end + 1 < line.len && line.ptr[end] == '.'
            && has_digit(view_slice(line, end + 1, end + 2)))
            while (at < line.len
                   && (line.ptr[at] == '.' || has_digit(view_slice(line, at, at + 1))))
                at++;
        bool yen_before = from >= 2 && follows(line, from - 2, "¥");
        bool dollar_before = from >= 1 && line.ptr[from - 1] == '$';
        if (yen_before)
            add(facts, SLOT_PRICE, view_slice(line, from - 2, at), true);
        else if (dollar_before)
            add(facts, SLOT_PRICE, view_slice(line, from - 1, at), true);
        for (size_t i = 0; money[i] != NULL; i++)
            if (follows(line, at, money[i])) {
                add(facts, SLOT_PRICE, view_slice(line, from, at + strlen(money[i])), true);
                break;
            }
        if (follows_any(line, at, volumes))
            add(facts, SLOT_VOLUMES, view_slice(line, from, at), true);
    }
    if (facts_stock(line) >= 0 && !record_has(facts, SLOT_STOCK)
        && (contains(line, "stock") || contains(line, "在庫") || contains(line, "sold out")
            || contains(line, "切れ")))
        add(facts, SLOT_STOCK, line, true);
}

/* The title a line of prose is about: a known one, or the first quotation. */
static struct view prose_title(struct view line)
{
    size_t at;
    size_t end;
    struct view quoted;

    if (title_in(line, 0, &at, &end) != NULL)
        return view_slice(line, at, end);
    if (words_quoted(line, 0, line.len, &quoted, &at, &end))
        return quoted;
    return (struct view){NULL, 0};
}

/* ---- key and value -------------------------------------------------------------------------- */

/* The first ":" or "：" of the text that separates a key from a value. */
static bool find_colon(struct view text, size_t *ret_at, size_t *ret_end)
{
    size_t ascii = view_find_byte(text, ':');
    size_t wide = view_find(text, view_of("："), 0);

    if (ascii == text.len && wide == text.len)
        return false;
    *ret_at = ascii < wide ? ascii : wide;
    *ret_end = ascii < wide ? ascii + 1 : wide + strlen("：");
    return true;
}

/* The end of the value that starts at `from`: the next separator that is followed by a further key,
 * or the end of the line. */
static size_t value_end(struct view line, size_t from)
{
    static const char *const separators[] = {",", "、", "|", ";", " / ", "／", "，"};

    for (size_t at = from; at < line.len; at++)
        for (size_t i = 0; i < sizeof separators / sizeof separators[0]; i++) {
            struct view separator = view_of(separators[i]);
            size_t colon;
            size_t after;
            if (!follows(line, at, separators[i]))
                continue;
            struct view next = view_slice(line, at + separator.len, line.len);
            if (find_colon(next, &colon, &after) && colon <= KEY_MAX_BYTES
                && slot_named(unwrapped(view_slice(next, 0, colon))) != SLOT_OTHER)
                return at;
        }
    return line.len;
}

/* <price>528</price> */
static bool read_tag(struct facts *facts, struct view line, bool documents)
{
    size_t close = view_find_byte(line, '>');

    if (line.len < 3 || line.ptr[0] != '<' || close >= KEY_MAX_BYTES)
        return false;
    enum slot slot = slot_named(view_slice(line, 1, close));
    struct view rest = view_slice(line, close + 1, line.len);
    size_t end = view_find_byte(rest, '<');
    if (slot == SLOT_OTHER || end == rest.len)
        return false;
    add(facts, slot, view_trim(view_slice(rest, 0, end)), documents);
    return true;
}

static bool read_pairs(struct facts *facts, struct view line, bool documents)
{
    size_t colon;
    size_t after;
    bool any = false;

    for (size_t at = 0; at < line.len;) {
        struct view rest = view_slice(line, at, line.len);
        if (!find_colon(rest, &colon, &after) || colon > KEY_MAX_BYTES)
            break;
        enum slot slot = slot_named(unwrapped(view_slice(rest, 0, colon)));
        size_t end = value_end(rest, after);
        if (slot != SLOT_OTHER) {
            add(facts, slot, unwrapped(view_slice(rest, after, end)), documents);
            any = true;
        } else if (!any)
            break;
        at += end + (end < rest.len);
    }
    return any;
}

static void read_line(struct facts *facts, struct view line, bool documents)
{
    if (read_tag(facts, line, documents) || read_pairs(facts, line, documents) || !documents)
        return;
    struct view title = prose_title(line);
    if (title.ptr != NULL) {
        facts->record++;
        add(facts, SLOT_TITLE, title, documents);
    }
    read_prose(facts, line);
}

void facts_read(struct facts *facts, struct view text, bool documents)
{
    struct view rest = text;

    facts->record++;
    while (rest.ptr != NULL && facts->count < FACTS_MAX) {
        struct view line = view_trim(view_split(&rest, '\n'));
        if (view_starts(line, view_of("<document")) || view_starts(line, view_of("---"))
            || view_starts(line, view_of("{")))
            facts->record++;
        if (line.len != 0)
            read_line(facts, line, documents);
    }
}

/* ---- asking --------------------------------------------------------------------------------- */

static bool same_subject(struct view stated, struct view subject)
{
    const struct title *title = title_named(stated);

    if (view_equal_nocase(stated, subject)
        || (subject.len >= 3 && view_find(stated, subject, 0) < stated.len)
        || (stated.len >= 3 && view_find(subject, stated, 0) < subject.len))
        return true;
    return title != NULL && title == title_named(subject);
}

/* 2: the record is about the subject, 1: it names none, 0: it is about another. */
static int closeness(const struct facts *facts, uint32_t record, struct view subject)
{
    int close = 1;

    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];
        if (fact->record != record || (fact->slot != SLOT_TITLE && fact->slot != SLOT_ORDER))
            continue;
        if (same_subject(fact->value, subject))
            return 2;
        close = 0;
    }
    return close;
}

struct view facts_get(const struct facts *facts, enum slot slot, struct view subject)
{
    struct view best = {NULL, 0};
    int best_close = 0;

    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];
        if (fact->slot != slot)
            continue;
        int close = subject.len == 0 ? 1 : closeness(facts, fact->record, subject);
        close = close * 2 + (close != 0 && fact->given);
        if (close > best_close) {
            best = fact->value;
            best_close = close;
        }
    }
    return best;
}

struct view facts_title(const struct facts *facts, size_t i)
{
    for (size_t at = 0; at < facts->count; at++) {
        const struct fact *fact = &facts->items[at];
        if (fact->slot != SLOT_TITLE || !fact->given)
            continue;
        if (i-- == 0)
            return fact->value;
    }
    return (struct view){NULL, 0};
}
