/* SPDX-License-Identifier: Apache-2.0
 *
 * run_reader: see run_reader.h. */
#include "report/run_reader.h"

#include <math.h>

enum { WORDS_MAX = 1 << 16, WORD_BYTES_MAX = 256, DIGITS_MAX = 18 };

void run_reader_init(struct run_reader *reader, struct arena *arena,
                     const struct text_keeper *keeper, struct view file, struct err *reterr)
{
    *reader = (struct run_reader){.arena = arena, .keeper = keeper, .file = file, .reterr = reterr};
    map_init(&reader->words, WORDS_MAX, 7);
}

void run_reader_release(struct run_reader *reader)
{
    map_release(&reader->words);
}

static void no_memory(struct run_reader *reader)
{
    if (reader->code == 0)
        reader->code = fail(reader->reterr, ERR_MEMORY, "%.*s: no memory for this run",
                            VIEW_ARG(reader->file));
}

void run_reader_refuse(struct run_reader *reader, const struct json *at, const char *what)
{
    if (reader->code == 0)
        reader->code = fail(reader->reterr, ERR_CONFIG, "%.*s:%u:%u: %s", VIEW_ARG(reader->file),
                            reader->line + at->line, at->column, what);
}

void *run_reader_new(struct run_reader *reader, size_t count, size_t size)
{
    if (count == 0 || reader->code != 0)
        return NULL;
    void *items = arena_new(reader->arena, count, size);
    if (items == NULL)
        no_memory(reader);
    return items;
}

struct view run_reader_text(struct run_reader *reader, const struct json *value)
{
    struct view text = json_text(value, view_of(""));

    if (text.len == 0 || reader->code != 0)
        return view_of("");
    if (arena_copy(reader->arena, text, &text) != 0) {
        no_memory(reader);
        return view_of("");
    }
    return text;
}

struct view run_reader_word(struct run_reader *reader, const struct json *value)
{
    struct view text = json_text(value, view_of(""));

    if (text.len == 0 || text.len > WORD_BYTES_MAX || reader->words.count == WORDS_MAX)
        return run_reader_text(reader, value);
    const char *known = map_get(&reader->words, text);
    if (known != NULL)
        return view_make(known, text.len);
    text = run_reader_text(reader, value);
    /* a word that is not remembered is copied again the next time */
    if (text.len != 0 && map_put(&reader->words, text, (void *)(uintptr_t)text.ptr) != 0)
        no_memory(reader);
    return text;
}

struct view run_reader_long(struct run_reader *reader, const struct json *value)
{
    struct view text = json_text(value, view_of(""));

    if (reader->keeper == NULL || text.len == 0 || reader->code != 0)
        return run_reader_text(reader, value);
    int code = reader->keeper->keep(reader->keeper->context, text, &text);
    if (code == 0)
        return text;
    reader->code = fail(reader->reterr, code, "%.*s: its texts cannot be kept: %s",
                        VIEW_ARG(reader->file), err_text(code));
    return view_of("");
}

const struct view *run_reader_words(struct run_reader *reader, const struct json *list,
                                    size_t *ret_count)
{
    size_t count = json_is(list, JSON_ARRAY) ? list->count : 0;
    struct view *words = run_reader_new(reader, count, sizeof *words);

    *ret_count = words != NULL ? count : 0;
    if (words == NULL)
        return NULL;
    size_t at = 0;
    for (const struct json *item = list->child; item != NULL; item = item->next)
        words[at++] = run_reader_word(reader, item);
    return words;
}

/* The digits of "-12.345" as a whole number of units; false where it is spelled otherwise. */
static bool exact_fixed(struct view text, int decimals, int64_t *ret_value)
{
    bool is_negative = text.len > 0 && text.ptr[0] == '-';
    int64_t value = 0;
    int after = -1; /* digits after the point, −1 before it */
    int digits = 0;

    for (size_t i = is_negative; i < text.len; i++) {
        char byte = text.ptr[i];
        if (byte == '.') {
            after = 0;
            continue;
        }
        if (byte < '0' || byte > '9' || ++digits > DIGITS_MAX || after == decimals)
            return false;
        value = value * 10 + (byte - '0');
        after += after >= 0;
    }
    for (int i = after > 0 ? after : 0; i < decimals; i++) {
        if (++digits > DIGITS_MAX)
            return false;
        value *= 10;
    }
    *ret_value = is_negative ? -value : value;
    return true;
}

int64_t run_reader_fixed(const struct json *value, int decimals, int64_t low, int64_t high,
                         int64_t otherwise)
{
    int64_t exact;

    if (!json_is(value, JSON_NUMBER))
        return otherwise;
    if (!exact_fixed(value->text, decimals, &exact)) {
        double scaled = json_double(value, NAN) * pow(10, decimals);
        if (!(fabs(scaled) < 9e18))
            return otherwise;
        exact = (int64_t)round(scaled);
    }
    return exact >= low && exact <= high ? exact : otherwise;
}

size_t run_reader_count(const struct json *value)
{
    int64_t count = json_int(value, 0);
    return count > 0 ? (size_t)count : 0;
}

double run_reader_double(const struct json *value, double otherwise)
{
    return json_is(value, JSON_NULL) ? (double)NAN : json_double(value, otherwise);
}

int run_reader_choice(const struct json *value, const char *(*name)(int), int count, int otherwise)
{
    struct view text = json_text(value, view_of(""));

    for (int i = 0; i < count; i++)
        if (view_is(text, name(i)))
            return i;
    return otherwise;
}

struct score run_reader_score(const struct json *scores)
{
    struct score absent = score_absent();

#define PART(key, from, otherwise) \
    (int32_t) run_reader_fixed(json_get(scores, key), 6, from, MICRO, otherwise)
    return (struct score){
        .similarity_micro = PART("similarity", 0, absent.similarity_micro),
        .cosine_micro = PART("cosine", -MICRO, absent.cosine_micro),
        .keywords_micro = PART("keyword_coverage", 0, absent.keywords_micro),
        .structure_micro = PART("structure", 0, absent.structure_micro),
        .language_micro = PART("language", 0, absent.language_micro),
        .total_micro = PART("score", 0, absent.total_micro),
    };
#undef PART
}
