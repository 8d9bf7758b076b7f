/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/spelling.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "text/normalise.h"
#include "text/spelling.h"

enum { ROOM = 16 * 1024 * 1024, RANDOM_TEXTS = 300 };

/* The first byte of the source that is not spelled yet. */
static uint64_t spelled_until(const struct spelling *spelling)
{
    uint64_t at;
    size_t len = spelling_window(spelling, &at).len;

    return spelling_start(spelling, at + len);
}

/* The whole spelling of a text that came in pieces of `step` bytes after a first one of `first`,
 * with the place in the source of each of its bytes. */
struct spelled {
    struct strbuf text;
    struct strbuf places; /* "start-end " of each byte */
};

static void spell(struct view source, unsigned flags, size_t first, size_t step,
                  struct spelled *ret_spelled)
{
    struct spelling *spelling;
    uint64_t at = 0;

    strbuf_init(&ret_spelled->text, ROOM);
    strbuf_init(&ret_spelled->places, ROOM);
    assert_int_equal(spelling_new(flags, &spelling), 0);
    for (size_t pos = 0; pos < source.len;) {
        size_t end = pos == 0 && first > 0 ? first : pos + step;
        struct view piece = view_slice(source, pos, end);
        assert_int_equal(spelling_feed(spelling, piece), 0);
        pos += piece.len;
        assert_true(spelled_until(spelling) <= pos);
    }
    assert_int_equal(spelling_finish(spelling), 0);
    struct view window = spelling_window(spelling, &at);
    assert_int_equal(at, 0);
    strbuf_add(&ret_spelled->text, window);
    for (size_t i = 0; i < window.len; i++)
        strbuf_printf(&ret_spelled->places, "%llu-%llu ",
                      (unsigned long long)spelling_start(spelling, i),
                      (unsigned long long)spelling_end(spelling, i));
    assert_int_equal(spelling_start(spelling, window.len), source.len);
    spelling_free(spelling);
}

static void spelled_release(struct spelled *spelled)
{
    strbuf_release(&spelled->text);
    strbuf_release(&spelled->places);
}

static void becomes_with(const char *source, unsigned flags, const char *expected)
{
    struct spelled spelled;

    spell(view_of(source), flags, 0, strlen(source), &spelled);
    assert_string_equal(strbuf_text(&spelled.text), expected);
    spelled_release(&spelled);
}

static void becomes(const char *source, const char *expected)
{
    becomes_with(source, 0, expected);
}

static void width_and_composition_have_one_spelling_and_case_stays(void **state)
{
    (void)state;

    becomes("ＡＢＣ１２３ abc", "ABC123 abc");
    becomes("ｶﾞﾝﾀﾞﾑ", "ガンダム");
    becomes("か\xe3\x82\x99", "が");
    becomes("cafe\xcc\x81", "café");
    becomes("漢字かなカナー、「」", "漢字かなカナー、「」");
    becomes("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "한");
}

static void what_cannot_be_seen_vanishes_and_parts_nothing(void **state)
{
    (void)state;

    becomes("a\xe2\x80\x8b"
            "b\xe2\x80\xae"
            "c\xc2\xad"
            "d\xef\xb8\x8f"
            "e",
            "abcde");
    becomes("e\xe2\x80\x8b\xcc\x81", "é");
    becomes("\xe2\x80\x8b", "");
}

static void every_space_is_a_space_and_line_ends_stay(void **state)
{
    (void)state;

    becomes("a\tb\xe3\x80\x80"
            "c\xc2\xa0"
            "d\xe2\x80\x89"
            "e\xe1\x9a\x80"
            "f",
            "a b c d e f");
    becomes("a\r\nb\nc", "a\r\nb\nc");
}

static void invalid_bytes_are_one_replacement_character_each(void **state)
{
    (void)state;

    becomes("a\xff"
            "b",
            "a\xef\xbf\xbd"
            "b");
    becomes("\xe3\x81", "\xef\xbf\xbd\xef\xbf\xbd");
    becomes("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");
    becomes("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void letters_that_look_latin_are_latin_only_where_asked(void **state)
{
    (void)state;

    becomes("раssword Αpple", "раssword Αpple");
    becomes_with("раssword Αpple ѕесrеt", SPELLING_LOOKALIKES, "password Apple secret");
    becomes_with("Привет", SPELLING_LOOKALIKES, "Пpивeт");
    becomes_with("а\xcc\x81", SPELLING_LOOKALIKES, "á");
}

static void the_way_back_names_whole_characters_of_the_source(void **state)
{
    (void)state;
    struct spelled spelled;

    spell(view_of("a\xe2\x80\x8b"
                  "日ＡｶﾞＢ"),
          0, 0, 100, &spelled);
    assert_string_equal(strbuf_text(&spelled.text), "a日AガB");
    assert_string_equal(strbuf_text(&spelled.places),
                        "0-1 4-7 4-7 4-7 7-10 10-16 10-16 10-16 16-19 ");
    spelled_release(&spelled);
}

/* ---- the law --------------------------------------------------------------------------------- */

static void same_however_cut(struct view source, unsigned flags)
{
    struct spelled whole;

    spell(source, flags, 0, source.len + 1, &whole);
    for (size_t first = 1; first < source.len; first++) {
        struct spelled other;
        spell(source, flags, first, source.len, &other);
        assert_true(view_equal(strbuf_view(&whole.text), strbuf_view(&other.text)));
        assert_string_equal(strbuf_text(&whole.places), strbuf_text(&other.places));
        spelled_release(&other);
        spell(source, flags, 0, first, &other);
        assert_true(view_equal(strbuf_view(&whole.text), strbuf_view(&other.text)));
        assert_string_equal(strbuf_text(&whole.places), strbuf_text(&other.places));
        spelled_release(&other);
    }
    spelled_release(&whole);
}

static const char *const HARD[] = {
    "plain English, then a tab\tand ＡＢＣ",
    "日本語のテキスト、カナとｶﾅと「かぎ」。",
    "が は\xe3\x82\x99 か\xe3\x82\x99\xe3\x82\x9a",
    "👨\xe2\x80\x8d👩\xe2\x80\x8d👧 ❤\xef\xb8\x8f 🇯🇵",
    "Z\xcc\x81\xcc\xa7\xcd\x81 e\xe2\x80\x8b\xcc\x81",
    "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xea\xb0\x80\xe1\x86\xa8",
    "\xff\xfe\xe3\x81\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xf0\x9f\x98",
    "\xe2\x80\xaeright to left\xe2\x80\xac a\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xcc\x81",
    "\xef\xb7\xba\xef\xb7\xba ① ㍿ ﬁ ｶﾞ",
    "раѕѕwоrd Ωmega 𝐀𝐁𝐂",
};

static void hard_texts_are_spelled_the_same_however_they_are_cut(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof HARD / sizeof HARD[0]; i++) {
        same_however_cut(view_of(HARD[i]), 0);
        same_however_cut(view_of(HARD[i]), SPELLING_LOOKALIKES);
    }
}

/* A text of hard pieces and random bytes. */
static size_t random_text(struct rng *rng, char *text, size_t room)
{
    size_t len = 0;

    while (len + 8 < room) {
        if (rng_below(rng, 4) == 0) {
            text[len++] = (char)rng_below(rng, 256);
            continue;
        }
        struct view from = view_of(HARD[rng_below(rng, sizeof HARD / sizeof HARD[0])]);
        size_t start = rng_below(rng, from.len);
        struct view part = view_slice(from, start, start + 1 + rng_below(rng, 7));
        memcpy(text + len, part.ptr, part.len);
        len += part.len;
    }
    return len;
}

static void random_texts_are_spelled_the_same_however_they_are_cut(void **state)
{
    (void)state;
    struct rng rng;
    const uint64_t seed = 20240607;

    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (int i = 0; i < RANDOM_TEXTS; i++) {
        char text[64];
        size_t len = random_text(&rng, text, 20 + rng_below(&rng, 40));
        same_however_cut(view_make(text, len), i % 2 == 0 ? 0 : SPELLING_LOOKALIKES);
    }
}

static void where_nothing_is_ignored_it_is_what_normalise_makes(void **state)
{
    (void)state;
    static const char *const texts[] = {"日本語ＡＢＣ ｶﾞ か\xe3\x82\x99 ① ﬁ", "plain English",
                                        "\xff\xe3\x81 e\xcc\x81"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct arena arena;
        struct normalised normalised;
        struct spelled spelled;
        arena_init(&arena, ROOM);
        assert_int_equal(normalise_text(&arena, view_of(texts[i]), 0, &normalised), 0);
        spell(view_of(texts[i]), 0, 0, 3, &spelled);
        assert_true(view_equal(normalised.text, strbuf_view(&spelled.text)));
        spelled_release(&spelled);
        arena_release(&arena);
    }
}

static void ten_thousand_combining_marks_are_taken_as_they_come(void **state)
{
    (void)state;
    struct spelling *spelling;
    uint64_t at;

    assert_int_equal(spelling_new(0, &spelling), 0);
    assert_int_equal(spelling_feed(spelling, view_of("Z")), 0);
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(spelling_feed(spelling, view_of("\xcc\x81")), 0);
        uint64_t open = (uint64_t)i * 2 + 3 - spelled_until(spelling);
        assert_true(open <= 2 * (SPELLING_MARKS_MAX + 1));
        size_t len = spelling_window(spelling, &at).len;
        spelling_forget(spelling, at + len);
    }
    spelling_free(spelling);
}

static void what_is_forgotten_leaves_the_rest_as_it_was(void **state)
{
    (void)state;
    struct spelling *spelling;
    uint64_t at = 0;
    const struct view line = VIEW("日本語ＡＢＣ and ｶﾞ text. ");

    assert_int_equal(spelling_new(0, &spelling), 0);
    for (uint64_t i = 0; i < 2000; i++) {
        assert_int_equal(spelling_feed(spelling, line), 0);
        struct view window = spelling_window(spelling, &at);
        uint64_t end = at + window.len;
        spelling_forget(spelling, end > 40 ? end - 40 : 0);
        window = spelling_window(spelling, &at);
        assert_true(window.len <= 43);
        assert_true(utf8_valid(window, NULL));
        size_t found = view_find(window, view_of("ABC"), 0);
        if (found < window.len)
            assert_int_equal(spelling_start(spelling, at + found) % line.len, 9);
    }
    spelling_free(spelling);
}

/* Letters whose compatible form looks Latin too: they shrink twice over. */
static void what_follows_a_letter_that_becomes_latin_keeps_its_place(void **state)
{
    (void)state;
    static const char *const letters[] = {"ϱ", "ϰ", "ϒ", "р", "ρ", "\xe1\x9a\x80"};

    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        struct spelling *spelling;
        struct strbuf text;
        uint64_t at;
        strbuf_init(&text, ROOM);
        strbuf_printf(&text, "%s%s@x", letters[i], letters[i]);
        assert_int_equal(spelling_new(SPELLING_LOOKALIKES, &spelling), 0);
        assert_int_equal(spelling_feed(spelling, strbuf_view(&text)), 0);
        assert_int_equal(spelling_finish(spelling), 0);
        size_t len = spelling_window(spelling, &at).len;
        assert_int_equal(len, 4);
        assert_int_equal(spelling_end(spelling, 1), text.len - 2);
        assert_int_equal(spelling_start(spelling, len - 2), text.len - 2);
        assert_int_equal(spelling_end(spelling, len - 1), text.len);
        spelling_free(spelling);
        strbuf_release(&text);
    }
}

static void reset_begins_anew(void **state)
{
    (void)state;
    struct spelling *spelling;
    uint64_t at;

    assert_int_equal(spelling_new(0, &spelling), 0);
    assert_int_equal(spelling_feed(spelling, view_of("abc\xe3\x81")), 0);
    assert_int_equal(spelling_finish(spelling), 0);
    assert_true(spelling_is_finished(spelling));
    spelling_reset(spelling);
    assert_false(spelling_is_finished(spelling));
    assert_int_equal(spelling_feed(spelling, view_of("xyz")), 0);
    assert_int_equal(spelling_finish(spelling), 0);
    assert_true(view_is(spelling_window(spelling, &at), "xyz"));
    assert_int_equal(at, 0);
    spelling_free(spelling);
}

static void every_failing_allocation_is_an_error(void **state)
{
    (void)state;

    for (unsigned long n = 1;; n++) {
        struct spelling *spelling = NULL;
        mem_fail_at(n);
        int code = spelling_new(0, &spelling);
        if (code == 0)
            code = spelling_feed(spelling, view_of("日本ＡＢＣe\xcc\x81 x"));
        if (code == 0)
            code = spelling_finish(spelling);
        mem_fail_at(0);
        spelling_free(spelling);
        if (code == 0)
            break;
        assert_int_equal(code, ERR_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(width_and_composition_have_one_spelling_and_case_stays),
        cmocka_unit_test(what_cannot_be_seen_vanishes_and_parts_nothing),
        cmocka_unit_test(every_space_is_a_space_and_line_ends_stay),
        cmocka_unit_test(invalid_bytes_are_one_replacement_character_each),
        cmocka_unit_test(letters_that_look_latin_are_latin_only_where_asked),
        cmocka_unit_test(the_way_back_names_whole_characters_of_the_source),
        cmocka_unit_test(hard_texts_are_spelled_the_same_however_they_are_cut),
        cmocka_unit_test(random_texts_are_spelled_the_same_however_they_are_cut),
        cmocka_unit_test(where_nothing_is_ignored_it_is_what_normalise_makes),
        cmocka_unit_test(ten_thousand_combining_marks_are_taken_as_they_come),
        cmocka_unit_test(what_is_forgotten_leaves_the_rest_as_it_was),
        cmocka_unit_test(what_follows_a_letter_that_becomes_latin_keeps_its_place),
        cmocka_unit_test(reset_begins_anew),
        cmocka_unit_test(every_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
