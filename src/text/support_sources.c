/* SPDX-License-Identifier: Apache-2.0
 *
 * support_sources: what is kept of the sources: the keys of their values, their text folded for
 * looking up titles, and an index from terms to the stretches that have them. */
#include "text/support_internal.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "wire/json.h"

enum { FIRST_ROOM = 64 };

static const size_t ARENA_MAX = (size_t)2 * 1024 * 1024 * 1024;

/* ---- keys ------------------------------------------------------------------------------------ */

uint64_t support_key(enum support_key kind, uint64_t a, uint64_t b)
{
    uint64_t parts[3] = {(uint64_t)kind, a, b};
    return support_hash(view_make(parts, sizeof parts), 0);
}

uint64_t support_key_number(enum support_key kind, enum value_unit unit, struct decimal number)
{
    return support_key(kind, (uint64_t)number.digits,
                       (uint64_t)unit << 32 | (uint32_t)number.exponent);
}

uint64_t support_key_date(enum support_key kind, int year, int month, int day)
{
    return support_key(kind, (uint64_t)year, (uint64_t)month << 8 | (uint64_t)day);
}

uint64_t support_key_text(struct view text)
{
    char folded[VALUES_CODE_MAX];
    uint64_t hash = 0;

    while (text.len > 0) { /* addresses are longer: piece by piece */
        struct view piece = utf8_cut(text, sizeof folded);
        if (piece.len == 0)
            piece = view_slice(text, 0, 1);
        hash = support_hash(view_make(folded, support_fold(piece, folded)), hash);
        text = view_slice(text, piece.len, text.len);
    }
    return support_key(KEY_TEXT, hash, 0);
}

/* Days since 1970-01-01 (Hinnant, as base/date.c). */
int64_t support_days(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int support_weekday(int year, int month, int day)
{
    if (year <= 0 || month <= 0 || day <= 0)
        return 0;
    int64_t days = support_days(year, month, day); /* 1970-01-01 was a Thursday */
    return (int)(((days + 3) % 7 + 7) % 7) + 1;
}

static int put(struct support_sources *sources, uint64_t key)
{
    return key_table_put(&sources->keys, key, 1) == NULL ? ERR_MEMORY : 0;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* The byte before or behind a value, spaces passed; NUL at the ends of the text. */
static char neighbour(struct view text, size_t pos, bool before)
{
    while (before && pos > 0 && text.ptr[pos - 1] == ' ')
        pos--;
    while (!before && pos < text.len && text.ptr[pos] == ' ')
        pos++;
    if (before)
        return pos > 0 ? text.ptr[pos - 1] : '\0';
    return pos < text.len ? text.ptr[pos] : '\0';
}

/* Alone in a cell of a table (Markdown, HTML, CSV), or the value of a key. */
static bool is_cell(struct view text, const struct value *value)
{
    char before = neighbour(text, value->start, true);
    char after = neighbour(text, value->end, false);

    return (before == '\0' || strchr("\n|>\t,:\"=", before) != NULL)
           && (after == '\0' || strchr("\n\r|<\t,}]\"", after) != NULL);
}

static int put_number(struct support_sources *sources, struct view text, const struct value *value)
{
    bool bare = value->unit == UNIT_NONE;
    int status = put(sources, support_key_number(KEY_NUMBER, value->unit, value->number));

    if (status == 0)
        status = put(sources, support_key_number(KEY_SAID, UNIT_NONE, value->said));
    if (status == 0 && value->unit == UNIT_LENGTH && decimal_equal(value->said, value->number))
        status = put(sources, /* 1.2m people */
                     support_key_number(KEY_SAID, UNIT_NONE,
                                        decimal_of(value->said.digits, value->said.exponent + 6)));
    if (status == 0 && bare && is_cell(text, value)) {
        status = put(sources, support_key_number(KEY_CELL, UNIT_NONE, value->said));
        if (status == 0)
            status = put(sources, support_key(KEY_DIGITS, (uint64_t)value->said.digits, 0));
    }
    return status;
}

static int put_date(struct support_sources *sources, const struct value *value)
{
    int year = value->year;
    int month = (unsigned char)value->month; /* never below 0 */
    int day = (unsigned char)value->day;
    const uint64_t keys[] = {
        support_key_date(KEY_DATE, year, month, day), support_key_date(KEY_DATE, year, month, 0),
        support_key_date(KEY_DATE, year, 0, 0),       support_key_date(KEY_DATE, 0, month, day),
        support_key_date(KEY_DATE, 0, month, 0),      support_key_date(KEY_DATE, 0, 0, day),
        support_key_date(KEY_DAY, 0, month, day),
    };
    size_t count = sizeof keys / sizeof keys[0] - (year > 0);
    int status = 0;

    for (size_t i = 0; i < count && status == 0; i++)
        status = put(sources, keys[i]);
    return status;
}

static int keep_number(struct support_sources *sources, const struct source_number *number)
{
    if (sources->number_count == SUPPORT_VALUES_MAX) {
        sources->is_partial = true;
        return 0;
    }
    if (sources->number_count == sources->number_room) {
        size_t room = sources->number_room == 0 ? FIRST_ROOM : 2 * sources->number_room;
        struct source_number *numbers = mem_resize(sources->numbers, room, sizeof *numbers);
        if (numbers == NULL)
            return ERR_MEMORY;
        sources->numbers = numbers;
        sources->number_room = room;
    }
    sources->numbers[sources->number_count++] = *number;
    return 0;
}

static int put_value(struct support_sources *sources, struct view text, const struct value *value)
{
    switch (value->kind) {
    case VALUE_NUMBER:
    case VALUE_MONEY:
        return put_number(sources, text, value);
    case VALUE_DATE:
        return put_date(sources, value);
    case VALUE_TIME:
        return put(sources, support_key(KEY_TIME, (uint64_t)value->hour, (uint64_t)value->minute));
    case VALUE_WEEKDAY:
        return put(sources, support_key(KEY_WEEKDAY, (uint64_t)value->day, 0));
    case VALUE_CODE:
    case VALUE_ADDRESS:
        return put(sources, support_key_text(view_slice(text, value->start, value->end)));
    case VALUE_TITLE:
        return 0; /* looked for in the folded text */
    }
    return 0;
}

/* Adds the text, folded, and a NUL. */
static int add_folded(struct support_sources *sources, struct view text)
{
    size_t needed = sources->folded_len + text.len + 1;

    if (needed > sources->folded_room) {
        size_t room = needed + needed / 2;
        char *folded = mem_resize(sources->folded, room, 1);
        if (folded == NULL)
            return ERR_MEMORY;
        sources->folded = folded;
        sources->folded_room = room;
    }
    sources->folded_len += support_fold(text, sources->folded + sources->folded_len);
    sources->folded[sources->folded_len++] = '\0';
    return 0;
}

/* JSON with escapes is written anew without them, so that its text can be read. */
static int read_escapes(struct support_sources *sources, struct view *text)
{
    struct view document = view_trim(*text);
    struct json *root = NULL;
    struct strbuf out;
    struct json_writer writer;

    if (document.len == 0 || (document.ptr[0] != '{' && document.ptr[0] != '[')
        || memmem(document.ptr, document.len, "\\u", 2) == NULL || !json_valid(document, NULL))
        return 0;
    int status = json_parse(&sources->arena, document, &root, NULL);
    if (status != 0)
        return status;
    strbuf_init(&out, 2 * document.len + JSON_DEPTH_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_tree(&writer, root);
    status = strbuf_status(&out);
    if (status == 0)
        status = arena_copy(&sources->arena, strbuf_view(&out), text);
    strbuf_release(&out);
    return status;
}

/* A value that arithmetic, rounding or a message may need is kept as itself too. */
static int keep_value(struct support_sources *sources, const struct normalised *spelled,
                      struct view text, uint32_t number, const struct value *value)
{
    struct source_number kept = {.value = *value, .source = number};
    size_t start = value->start;
    size_t end = value->end;

    if (value->kind != VALUE_NUMBER && value->kind != VALUE_MONEY && value->kind != VALUE_DATE)
        return 0;
    if (spelled->start_at != NULL)
        normalised_source(spelled, value->start, value->end, &start, &end);
    kept.shown = view_slice(text, start, end);
    sources->date_count += value->kind == VALUE_DATE;
    return keep_number(sources, &kept);
}

int support_read_values(struct support_sources *sources, struct view text, uint32_t number)
{
    struct normalised spelled;
    struct value_reader reader;
    struct value value;
    int status = read_escapes(sources, &text);

    if (status == 0)
        status = values_spell(&sources->arena, text, &spelled);
    if (status != 0)
        return status;
    value_reader_init(&reader, spelled.text);
    while (status == 0 && value_next(&reader, &value)) {
        status = put_value(sources, spelled.text, &value);
        if (status == 0)
            status = keep_value(sources, &spelled, text, number, &value);
    }
    return status != 0 ? status : add_folded(sources, spelled.text);
}

/* ---- terms ----------------------------------------------------------------------------------- */

/* Pairs of a term and a span, in the order of the spans, each pair once. */
struct pairs {
    struct support_sources *sources;
    uint32_t *terms;
    uint32_t *spans;
    uint32_t *last; /* of term: the span that had it last, + 1 */
    size_t count;
    size_t room;
    size_t last_room;
    uint32_t span;
};

static bool widen(uint32_t **block, size_t *room, size_t needed)
{
    size_t wanted = *room == 0 ? FIRST_ROOM : *room;

    while (wanted < needed)
        wanted *= 2;
    uint32_t *larger = mem_resize(*block, wanted, sizeof **block);
    if (larger == NULL)
        return false;
    memset(larger + *room, 0, (wanted - *room) * sizeof *larger);
    *block = larger;
    *room = wanted;
    return true;
}

static int add_pair(void *context, uint64_t term)
{
    struct pairs *pairs = context;
    struct key_table *terms = &pairs->sources->terms;
    const uint32_t *number = key_table_put(terms, term, (uint32_t)terms->count);

    if (number == NULL)
        return ERR_MEMORY;
    if (*number >= pairs->last_room && !widen(&pairs->last, &pairs->last_room, *number + 1))
        return ERR_MEMORY;
    if (pairs->last[*number] == pairs->span + 1)
        return 0;
    pairs->last[*number] = pairs->span + 1;
    if (pairs->count == pairs->room) {
        size_t room = pairs->room;
        if (!widen(&pairs->terms, &room, pairs->count + 1)
            || !widen(&pairs->spans, &pairs->room, pairs->count + 1))
            return ERR_MEMORY;
    }
    pairs->terms[pairs->count] = *number;
    pairs->spans[pairs->count++] = pairs->span;
    return 0;
}

/* The lists of spans by term, out of the pairs. */
static int index_pairs(struct support_sources *sources, const struct pairs *pairs)
{
    size_t terms = sources->terms.count;

    sources->term_count = terms;
    sources->frequency = mem_new(terms + 1, sizeof *sources->frequency);
    sources->posting_at = mem_new(terms + 1, sizeof *sources->posting_at);
    sources->postings = mem_new(pairs->count + 1, sizeof *sources->postings);
    if (sources->frequency == NULL || sources->posting_at == NULL || sources->postings == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < pairs->count; i++)
        sources->frequency[pairs->terms[i]]++;
    for (size_t i = 0; i < terms; i++)
        sources->posting_at[i + 1] = sources->posting_at[i] + sources->frequency[i];
    for (size_t i = pairs->count; i > 0; i--) {
        uint32_t term = pairs->terms[i - 1];
        sources->postings[sources->posting_at[term] + --sources->frequency[term]] =
            pairs->spans[i - 1];
    }
    for (size_t i = 0; i < terms; i++)
        sources->frequency[i] = sources->posting_at[i + 1] - sources->posting_at[i];
    return 0;
}

/* The spans of one source: what claims_of cuts it into. */
static int cut_source(struct support_sources *sources, uint32_t number,
                      const struct morphology *morphology, struct pairs *pairs)
{
    struct view text = sources->sources[number];
    struct claims claims;
    int status = claims_of_source(&sources->arena, text, &claims);

    if (status != 0)
        return status;
    size_t count = sources->span_count + claims.count;
    if (count > sources->span_room) {
        size_t room = 2 * count;
        struct source_span *wider = mem_resize(sources->spans, room, sizeof *wider);
        if (wider == NULL)
            return ERR_MEMORY;
        sources->spans = wider;
        sources->span_room = room;
    }
    struct source_span *spans = sources->spans;
    for (size_t i = 0; i < claims.count && status == 0; i++) {
        const struct claim *claim = &claims.items[i];
        struct normalised spelled;
        spans[sources->span_count] =
            (struct source_span){.source = number, .start = claim->start, .end = claim->end};
        pairs->span = (uint32_t)sources->span_count++;
        status = values_spell(&sources->arena, claim->text, &spelled);
        if (status == 0)
            status = terms_of(spelled.text, morphology, add_pair, pairs);
    }
    return status;
}

static int add_known(void *context, uint64_t term)
{
    struct support_sources *sources = context;
    return key_table_put(&sources->known, term, 1) == NULL ? ERR_MEMORY : 0;
}

int support_read_terms(struct support_sources *sources, const struct morphology *morphology)
{
    struct pairs pairs = {.sources = sources};
    struct normalised question;
    int status = values_spell(&sources->arena, sources->question, &question);

    if (status == 0)
        status = terms_of(question.text, morphology, add_known, sources);
    for (uint32_t i = 0; i < sources->count && status == 0; i++)
        status = cut_source(sources, i, morphology, &pairs);
    if (status == 0)
        status = index_pairs(sources, &pairs);
    mem_free(pairs.terms);
    mem_free(pairs.spans);
    mem_free(pairs.last);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* The sources within the limit: the last may be cut, those behind it are empty. */
static int bound_sources(struct support_sources *made, const struct view *sources, size_t count)
{
    size_t left = SUPPORT_SOURCE_MAX;
    struct view *bounded = arena_new(&made->arena, count + 1, sizeof *bounded);

    if (bounded == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        bounded[i] = utf8_cut(sources[i], left);
        made->is_partial |= bounded[i].len < sources[i].len;
        left -= bounded[i].len;
    }
    made->question = utf8_cut(made->question, left);
    made->sources = bounded;
    made->count = count;
    return 0;
}

static bool names_scale(struct view text)
{
    static const struct view names[] = {
        VIEW("百万円"),   VIEW("千円"),     VIEW("億円"),    VIEW("万円"),    VIEW("千人"),
        VIEW("万人"),     VIEW("万トン"),   VIEW("千トン"),  VIEW("単位"),    VIEW("thousands"),
        VIEW("millions"), VIEW("billions"), VIEW("million"), VIEW("billion"),
    };

    for (size_t i = 0; text.len > 0 && i < sizeof names / sizeof names[0]; i++) {
        if (memmem(text.ptr, text.len, names[i].ptr, names[i].len) != NULL)
            return true;
    }
    return false;
}

static int read_all(struct support_sources *made, const struct morphology *morphology)
{
    int status = 0;

    for (size_t i = 0; i < made->count; i++) {
        made->names_scale |= names_scale(made->sources[i]);
        made->has_discount |= support_has_discount(made->sources[i]);
        made->says_last_year |= support_says_last_year(made->sources[i]);
        made->says_next_year |= support_says_next_year(made->sources[i]);
    }
    for (uint32_t i = 0; i < made->count && status == 0; i++)
        status = support_read_values(made, made->sources[i], i);
    if (status == 0)
        status = support_read_values(made, made->question, (uint32_t)made->count);
    made->asks_total = support_asks_total(made->question);
    made->asks_period = support_asks_period(made->question);
    return status != 0 ? status : support_read_terms(made, morphology);
}

int support_sources_new(const struct view *sources, size_t count, struct view question,
                        const struct morphology *morphology, struct support_sources **ret_sources)
{
    struct support_sources *made = mem_new(1, sizeof *made);

    if (made == NULL)
        return ERR_MEMORY;
    arena_init(&made->arena, ARENA_MAX);
    made->question = question;
    int status = bound_sources(made, sources, count);
    if (status == 0)
        status = read_all(made, morphology);
    if (status != 0) {
        support_sources_free(made);
        return status;
    }
    *ret_sources = made;
    return 0;
}

void support_sources_free(struct support_sources *sources)
{
    if (sources == NULL)
        return;
    key_table_release(&sources->keys);
    key_table_release(&sources->terms);
    key_table_release(&sources->known);
    mem_free(sources->numbers);
    mem_free(sources->folded);
    mem_free(sources->spans);
    mem_free(sources->frequency);
    mem_free(sources->posting_at);
    mem_free(sources->postings);
    arena_release(&sources->arena);
    mem_free(sources);
}
