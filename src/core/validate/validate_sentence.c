/* SPDX-License-Identifier: Apache-2.0
 *
 * validate_sentence: with `stream: {after: sentence}` a sentence leaves once it passes what can be
 * said of it: its own forbidden words, its values, the length so far, the grammar so far, the
 * language so far. The verdict is that of the whole answer all the same. */
#include "core/validate/validate_internal.h"

#include "text/chars.h"

/* The language is judged of a beginning of this size at the most, and of no less than that. */
enum { BEGINNING_MAX = 4096, BEGINNING_MIN = 60, SCRATCH_BYTES_MAX = 64 << 20 };

struct sentence_look {
    struct validation *validation;
    const struct policy_check *row;
    struct view text;
    size_t start;
    struct arena scratch; /* for one look: an answer may have millions of sentences */
};

static int json_goes_on(struct sentence_look *look, bool *ret_passes)
{
    struct validation *validation = look->validation;
    struct err err = {.code = 0};

    if (!validation->is_watching || validation->is_refused)
        return 0;
    int code = json_watch_feed(validation->watch, look->text, &err);
    validation->is_refused = code != 0;
    *ret_passes = code == 0;
    return code == ERR_MEMORY ? code : 0;
}

static int holds_no_word(struct sentence_look *look, bool *ret_passes)
{
    const struct expectation *own = look->validation->subject.expectation;
    struct err err = {.code = 0};

    if (own == NULL || own->forbidden_count == 0)
        return 0;
    struct keyword_found *hits = arena_new(&look->scratch, own->keyword_count + 1, sizeof *hits);
    if (hits == NULL)
        return ERR_MEMORY;
    int code = keywords_find(own->keywords, look->text, hits, &err);
    for (size_t i = 0; code == 0 && i < own->keyword_count; i++)
        if (own->keyword_items[i].check == EXPECTATION_FORBIDDEN && hits[i].found)
            *ret_passes = false;
    return code == ERR_LIMIT ? 0 : code;
}

static int speaks_as_wanted(struct sentence_look *look, bool *ret_passes)
{
    struct validation *validation = look->validation;
    char detected[LANGUAGE_CODE_SIZE];
    size_t end = look->start + look->text.len;
    bool is_guess;
    bool fails;
    struct view wanted = validation_language(validation, &is_guess);

    if (view_is(wanted, "any") || end < BEGINNING_MIN || look->start > BEGINNING_MAX)
        return 0;
    /* A quoted sentence in another language is no answer in another language. */
    int code = language_fails(&look->scratch, validation_span(validation, 0, end), wanted,
                              !view_is(wanted, "mixed"), &fails, detected);
    if (code == 0 && fails)
        *ret_passes = false;
    return code;
}

static int is_short_enough(struct sentence_look *look, bool *ret_passes)
{
    const struct policy_length *options = look->row->options;
    const struct expectation *own = look->validation->subject.expectation;
    int64_t max = own != NULL && own->max_chars >= 0 ? own->max_chars
                  : options->max_chars >= 0          ? options->max_chars
                                            : look->validation->policy->expectation->max_chars;
    size_t count;

    if (options->max_bytes >= 0 && look->start + look->text.len > (uint64_t)options->max_bytes)
        *ret_passes = false;
    if (max < 0)
        return 0;
    int code = chars_count(look->text, &count);
    if (code != 0)
        return code;
    look->validation->chars_so_far += count;
    if (look->validation->chars_so_far > (uint64_t)max)
        *ret_passes = false;
    return 0;
}

static int invents_nothing(struct sentence_look *look, bool *ret_passes)
{
    const struct policy_value *options = look->row->options;
    struct support_report report;

    if (look->validation->subject.source_count == 0)
        return 0;
    int code = support_values(look->validation, &look->scratch, look->text, &report);
    for (size_t i = 0; code == 0 && i < report.value_count; i++) {
        struct view text =
            view_slice(look->text, report.values[i].value.start, report.values[i].value.end);
        if (!safety_allows(look->row, &options->allow, text))
            *ret_passes = false;
    }
    return code;
}

static int (*const looks[POLICY_CHECK_KINDS])(struct sentence_look *, bool *) = {
    [POLICY_FORMAT] = json_goes_on,       [POLICY_FORBIDDEN] = holds_no_word,
    [POLICY_LANGUAGE] = speaks_as_wanted, [POLICY_LENGTH] = is_short_enough,
    [POLICY_VALUE] = invents_nothing,
};

bool sentence_passes(void *context, struct view sentence, uint64_t start)
{
    struct validation *validation = context;
    struct sentence_look look = {
        .validation = validation, .text = sentence, .start = (size_t)start};
    bool passes = true;

    for (uint32_t i = 0; passes && i < validation->policy->check_count; i++) {
        look.row = validation_row(validation, i);
        if (looks[look.row->kind] == NULL || !validation_cuts(look.row))
            continue;
        arena_init(&look.scratch, SCRATCH_BYTES_MAX);
        int code = looks[look.row->kind](&look, &passes);
        arena_release(&look.scratch);
        if (code != 0) {
            validation->code = code;
            return false;
        }
        if (!passes && !validation->has_failed_row) {
            validation->has_failed_row = true;
            validation->failed_row = i;
            validation->failed_at = start;
        }
    }
    return passes;
}
