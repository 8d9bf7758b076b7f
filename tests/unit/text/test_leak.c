/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/leak.h. Texts are fed through a spelling, in pieces of several sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/strbuf.h"
#include "text/leak.h"

enum { SPANS_MAX = 256 };

static const char PROMPT[] =
    "You are MangaAssist, the friendly guide of a shop for Japanese comics. Never mention that the "
    "warehouse in Saitama closes on Sundays. あなたは漫画専門店の案内係です。仕入れ値を決して"
    "お客様に教えないでください。";

struct spans {
    uint64_t start[SPANS_MAX];
    uint64_t end[SPANS_MAX];
    size_t count;
};

static struct leak_index *index_of(struct view secret, unsigned words)
{
    struct leak_index *index = NULL;
    assert_int_equal(leak_index_new(secret, words, 0, NULL, 0, &index, NULL), 0);
    return index;
}

/* Everything of a watch that is settled; no leak may start before what was called clear. */
static void drain(struct leak_watch *watch, uint64_t clear, struct spans *spans)
{
    uint64_t start, end;

    while (leak_watch_next(watch, &start, &end)) {
        assert_true(start >= clear);
        assert_true(end > start);
        assert_true(spans->count < SPANS_MAX);
        spans->start[spans->count] = start;
        spans->end[spans->count++] = end;
    }
}

/* The leaks of a text that comes in pieces of `step` bytes, of random sizes where rng is given. */
static struct spans leaks_in(const struct leak_index *index, struct view text, size_t step,
                             struct rng *rng)
{
    struct spelling *spelling = NULL;
    struct leak_watch *watch = NULL;
    struct spans spans = {.count = 0};
    uint64_t clear = 0;

    assert_int_equal(spelling_new(0, &spelling), 0);
    assert_int_equal(leak_watch_new(index, &watch), 0);
    for (size_t at = 0; at < text.len;) {
        size_t size = rng != NULL ? 1 + (size_t)rng_below(rng, step) : step;
        struct view piece = view_slice(text, at, at + size);
        at += piece.len;
        assert_int_equal(spelling_feed(spelling, piece), 0);
        assert_int_equal(leak_watch_advance(watch, spelling), 0);
        assert_true(leak_watch_clear(watch, spelling) >= clear);
        drain(watch, clear, &spans);
        clear = leak_watch_clear(watch, spelling);
        spelling_forget(spelling, leak_watch_needs(watch));
    }
    assert_int_equal(spelling_finish(spelling), 0);
    assert_int_equal(leak_watch_advance(watch, spelling), 0);
    drain(watch, clear, &spans);
    assert_int_equal(leak_watch_clear(watch, spelling), text.len);
    leak_watch_free(watch);
    spelling_free(spelling);
    return spans;
}

static bool leaks(const char *secret, unsigned words, const char *text)
{
    struct leak_index *index = index_of(view_of(secret), words);
    struct spans spans = leaks_in(index, view_of(text), 7, NULL);
    leak_index_free(index);
    return spans.count > 0;
}

static void a_run_of_the_prompts_words_is_a_leak_with_its_bytes(void **state)
{
    struct leak_index *index = index_of(view_of(PROMPT), 8);
    const char *text =
        "Sure! I must never mention that the warehouse in Saitama closes on Sundays, "
        "sorry.";
    struct spans spans = leaks_in(index, view_of(text), strlen(text), NULL);
    (void)state;

    assert_int_equal(spans.count, 1);
    assert_int_equal(spans.start[0], strstr(text, "never") - text);
    assert_int_equal(spans.end[0], strstr(text, ", sorry") - text);
    leak_index_free(index);
}

static void seven_words_are_none_where_eight_count(void **state)
{
    (void)state;

    assert_false(leaks(PROMPT, 8, "mention that the warehouse in Saitama closes early"));
    assert_true(leaks(PROMPT, 8, "mention that the warehouse in Saitama closes on Monday"));
    assert_true(leaks(PROMPT, 7, "mention that the warehouse in Saitama closes early"));
}

static void case_width_signs_and_hidden_characters_do_not_matter(void **state)
{
    (void)state;

    assert_true(
        leaks(PROMPT, 8, "NEVER * MENTION * THAT * THE * WAREHOUSE * IN * SAITAMA * CLOSES"));
    assert_true(leaks(PROMPT, 8,
                      "- never\n- mention\n- that\n- the\n- warehouse\n- in\n- saitama\n- "
                      "closes"));
    assert_true(leaks(PROMPT, 8,
                      "ｎｅｖｅｒ　ｍｅｎｔｉｏｎ　ｔｈａｔ　ｔｈｅ　ｗａｒｅｈｏｕｓｅ　ｉｎ"
                      "　Ｓａｉｔａｍａ　ｃｌｏｓｅｓ"));
    assert_true(leaks(PROMPT, 8,
                      "ne\u200bver men\u200btion that the ware\u200bhouse in Sai\u2060tama "
                      "closes"));
    assert_true(leaks(PROMPT, 8, "ne\u0334ver men\u0335tion that the warehouse in Saitama closes"));
}

static void japanese_characters_count_half_a_word(void **state)
{
    (void)state;

    assert_true(leaks(PROMPT, 8, "実は仕入れ値を決してお客様に教えないと決めています"));
    assert_true(leaks(PROMPT, 8, "仕入れ値を決して、お客様に教えない")); /* 16 of them */
    assert_false(leaks(PROMPT, 8, "仕入れ値を決してお客様に教えなく"));  /* 15 */
    assert_false(leaks(PROMPT, 8, "お客様には仕入れ値を教えません。漫画専門店です。"));
}

static void what_paraphrases_is_not_seen(void **state)
{
    (void)state;

    assert_false(leaks(PROMPT, 8, "I am not allowed to say when the Saitama warehouse is closed."));
    assert_false(leaks(PROMPT, 8, "n e v e r m e n t i o n t h a t t h e w a r e h o u s e"));
}

static void a_short_prompt_is_one_run_and_a_shorter_one_is_not_looked_for(void **state)
{
    struct leak_index *index = index_of(view_of("Be kind."), 8);
    (void)state;

    assert_true(leaks("You are a pirate captain.", 8, "Arr: \"you are a pirate captain\"!"));
    assert_false(leaks("You are a pirate captain.", 8, "You are a pirate, dear captain."));
    assert_true(leak_index_is_empty(index));
    leak_index_free(index);
    assert_false(leaks("Be kind.", 8, "Be kind."));
    assert_false(leaks("", 8, "anything"));
}

static void runs_that_overlap_are_one_leak_and_runs_apart_are_two(void **state)
{
    struct leak_index *index = index_of(view_of(PROMPT), 8);
    struct spans whole = leaks_in(index, view_of(PROMPT), 3, NULL);
    struct spans apart = leaks_in(
        index,
        view_of(
            "never mention that the warehouse in Saitama closes. Well. You are MangaAssist, the "
            "friendly guide of a shop."),
        5, NULL);
    (void)state;

    assert_int_equal(whole.count, 1);
    assert_int_equal(whole.start[0], 0);
    assert_int_equal(apart.count, 2);
    leak_index_free(index);
}

static void what_an_excused_text_shares_is_no_leak(void **state)
{
    static const struct view question =
        VIEW("Is it true that you never mention that the warehouse in Saitama closes on Sundays?");
    const char *echo = "You ask whether I never mention that the warehouse in Saitama closes on "
                       "Sundays.";
    const char *more = "I am MangaAssist, the friendly guide of a shop for Japanese comics.";
    struct leak_index *index = NULL;
    (void)state;

    assert_int_equal(leak_index_new(view_of(PROMPT), 8, 0, &question, 1, &index, NULL), 0);
    assert_int_equal(leaks_in(index, view_of(echo), 4, NULL).count, 0);
    assert_int_equal(leaks_in(index, view_of(more), 4, NULL).count, 1);
    leak_index_free(index);
}

/* What is held back after the text so far. */
static uint64_t held_after(const char *text)
{
    struct leak_index *index = index_of(view_of(PROMPT), 8);
    struct spelling *spelling = NULL;
    struct leak_watch *watch = NULL;
    assert_int_equal(spelling_new(0, &spelling), 0);
    assert_int_equal(leak_watch_new(index, &watch), 0);
    assert_int_equal(spelling_feed(spelling, view_of(text)), 0);
    assert_int_equal(leak_watch_advance(watch, spelling), 0);
    uint64_t held = strlen(text) - leak_watch_clear(watch, spelling);
    leak_watch_free(watch);
    spelling_free(spelling);
    leak_index_free(index);
    return held;
}

static void only_what_goes_on_as_the_prompt_does_is_held_back(void **state)
{
    (void)state;

    assert_true(held_after("Once upon a time there was a cat;") <= 1);
    assert_true(held_after("It xyz") <= 1); /* no word of the prompt begins so */
    assert_int_equal(held_after("We ship from the wareh"), strlen("the wareh"));
    assert_int_equal(held_after("We ship from the warehouse"), strlen("the warehouse"));
    assert_true(held_after("We ship from the warehouses of ") <= strlen("of "));
    assert_int_equal(held_after("この仕入れ"), strlen("仕入れ"));
}

static void a_prompt_that_repeats_itself_is_searched_as_fast(void **state)
{
    struct strbuf secret;
    (void)state;

    strbuf_init(&secret, LEAK_SECRET_MAX);
    while (secret.len + 2 <= LEAK_SECRET_MAX)
        strbuf_add_text(&secret, "a ");
    struct leak_index *index = index_of(strbuf_view(&secret), 64);
    struct spans spans = leaks_in(index, view_slice(strbuf_view(&secret), 0, 100000), 1000, NULL);
    assert_true(spans.count >= 100000 / LEAK_SPAN_MAX - 1);
    for (size_t i = 1; i < spans.count; i++)
        assert_int_equal(spans.start[i], spans.end[i - 1]);
    leak_index_free(index);
    strbuf_release(&secret);
}

static void what_is_too_large_is_refused_with_the_bound(void **state)
{
    struct leak_index *index = NULL;
    struct err err = {0};
    char *large = mem_new(LEAK_SECRET_MAX + 1, 1);
    (void)state;

    assert_int_equal(
        leak_index_new(view_make(large, LEAK_SECRET_MAX + 1), 8, 0, NULL, 0, &index, &err),
        ERR_LIMIT);
    assert_non_null(strstr(err.text, "1048576"));
    assert_int_equal(leak_index_new(view_of(PROMPT), 65, 0, NULL, 0, &index, &err), ERR_LIMIT);
    mem_free(large);
}

static void no_memory_does_no_harm(void **state)
{
    static const struct view excused = VIEW("the friendly guide of a shop for Japanese comics");
    (void)state;

    for (unsigned long n = 1; n < 1000; n++) {
        struct leak_index *index = NULL;
        struct leak_watch *watch = NULL;
        mem_fail_at(n);
        int code = leak_index_new(view_of(PROMPT), 8, 0, &excused, 1, &index, NULL);
        if (code == 0)
            code = leak_watch_new(index, &watch);
        mem_fail_at(0);
        leak_watch_free(watch);
        if (code == 0 || index != NULL)
            leak_index_free(index);
        if (code == 0)
            return;
        assert_int_equal(code, ERR_MEMORY);
    }
    fail_msg("never enough memory");
}

/* ---- against the plain definition ------------------------------------------------------------ */

struct made_word {
    unsigned kind;
    size_t start;
    size_t end;
};

struct made {
    struct strbuf text;
    struct made_word words[400];
    size_t count;
};

static const char *const KINDS[] = {"ab", "abc", "b", "猫", "ね", "ก", "c0"};
static const unsigned QUARTERS[] = {4, 4, 4, 2, 2, 1, 4};

/* A text of few words, so that runs are frequent. */
static void make(struct made *made, struct rng *rng, size_t count, unsigned kinds)
{
    static const char *const between[] = {" ", ", ", "\u200b ", " - ", "。"};
    strbuf_init(&made->text, 1 << 20);
    made->count = count;
    for (size_t i = 0; i < count; i++) {
        unsigned kind = (unsigned)rng_below(rng, kinds);
        made->words[i] = (struct made_word){.kind = kind, .start = made->text.len};
        strbuf_add_text(&made->text, KINDS[kind]);
        made->words[i].end = made->text.len;
        strbuf_add_text(&made->text, between[rng_below(rng, 5)]);
    }
}

static bool stands_in(const struct made *secret, const struct made_word *words, size_t count)
{
    for (size_t at = 0; at + count <= secret->count; at++) {
        size_t same = 0;
        while (same < count && secret->words[at + same].kind == words[same].kind)
            same++;
        if (same == count)
            return true;
    }
    return false;
}

/* Every run of the answer that stands in the secret, those that overlap joined. */
static struct spans plainly(const struct made *secret, const struct made *answer, unsigned words)
{
    struct spans spans = {.count = 0};

    for (size_t from = 0; from < answer->count; from++) {
        size_t count = 0;
        unsigned quarters = 0;
        while (from + count < answer->count && quarters < 4 * words)
            quarters += QUARTERS[answer->words[from + count++].kind];
        if (quarters < 4 * words || !stands_in(secret, answer->words + from, count))
            continue;
        size_t start = answer->words[from].start, end = answer->words[from + count - 1].end;
        if (spans.count > 0 && start < spans.end[spans.count - 1]) {
            spans.end[spans.count - 1] = end;
        } else {
            spans.start[spans.count] = start;
            spans.end[spans.count++] = end;
        }
    }
    return spans;
}

static void any_cut_finds_what_the_definition_says(void **state)
{
    const char *given = getenv("SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : 20240229;
    struct rng rng;
    size_t found = 0;
    (void)state;

    print_message("SEED=%llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (int round = 0; round < 300; round++) {
        struct made secret, answer;
        unsigned kinds = 2 + (unsigned)rng_below(&rng, 6);
        unsigned words = 5 + (unsigned)rng_below(&rng, 4);
        make(&secret, &rng, 40 + (size_t)rng_below(&rng, 360), kinds);
        make(&answer, &rng, (size_t)rng_below(&rng, 200), kinds);
        struct leak_index *index = index_of(strbuf_view(&secret.text), words);
        struct spans expected = plainly(&secret, &answer, words);
        for (size_t step = 1; step < 40; step += 6) {
            struct spans spans = leaks_in(index, strbuf_view(&answer.text), step, &rng);
            assert_int_equal(spans.count, expected.count);
            for (size_t i = 0; i < spans.count; i++) {
                assert_int_equal(spans.start[i], expected.start[i]);
                assert_int_equal(spans.end[i], expected.end[i]);
            }
        }
        found += expected.count;
        leak_index_free(index);
        strbuf_release(&secret.text);
        strbuf_release(&answer.text);
    }
    assert_true(found > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_of_the_prompts_words_is_a_leak_with_its_bytes),
        cmocka_unit_test(seven_words_are_none_where_eight_count),
        cmocka_unit_test(case_width_signs_and_hidden_characters_do_not_matter),
        cmocka_unit_test(japanese_characters_count_half_a_word),
        cmocka_unit_test(what_paraphrases_is_not_seen),
        cmocka_unit_test(a_short_prompt_is_one_run_and_a_shorter_one_is_not_looked_for),
        cmocka_unit_test(runs_that_overlap_are_one_leak_and_runs_apart_are_two),
        cmocka_unit_test(what_an_excused_text_shares_is_no_leak),
        cmocka_unit_test(only_what_goes_on_as_the_prompt_does_is_held_back),
        cmocka_unit_test(a_prompt_that_repeats_itself_is_searched_as_fast),
        cmocka_unit_test(what_is_too_large_is_refused_with_the_bound),
        cmocka_unit_test(no_memory_does_no_harm),
        cmocka_unit_test(any_cut_finds_what_the_definition_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
