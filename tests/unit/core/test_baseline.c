/* SPDX-License-Identifier: Apache-2.0
 *
 * Baseline files: what is written comes back, what is damaged is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/golden/baseline.h"
#include "core/golden/score.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 64 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct baseline sample(void)
{
    static struct finding failed[] = {{.check = VIEW("language")}};
    static struct baseline_answer answers[] = {
        {.text = VIEW("こんにちは\n\"quoted\"\x01"),
         .score = {.similarity_micro = 912345,
                   .cosine_micro = 2 * MICRO,
                   .keywords_micro = MICRO,
                   .structure_micro = 0,
                   .language_micro = 500000,
                   .total_micro = 712345},
         .verdict = {failed, 1}},
        {.text = VIEW(""), .score = {.similarity_micro = SCORE_ABSENT, .cosine_micro = 2 * MICRO}},
    };
    static struct baseline_entry entries[] = {
        {.id = VIEW("a b\"c"),
         .target = VIEW("sim"),
         .model = VIEW("m:0"),
         .prompt = VIEW("p"),
         .prompt_hash = VIEW("0123456789ab"),
         .params = VIEW("{\"max_tokens\":5}"),
         .answers = answers,
         .answer_count = 2},
        {.id = VIEW("a b\"c"),
         .target = VIEW("other"),
         .prompt_hash = VIEW("0123456789ab"),
         .answers = answers,
         .answer_count = 1},
    };
    static struct baseline_prompt prompts[] = {
        {.name = VIEW("p"), .version = VIEW("0123456789ab"), .text = VIEW("[user]\nhi\n")}};
    return (struct baseline){
        .suite = VIEW("s"),
        .recorded = VIEW("2026-01-02T03:04:05Z"),
        .scorer = VIEW("tfidf/1"),
        .examine_scorer = VIEW("1"),
        .noise_micro = 12345,
        .slope = 12.5,
        .middle = .75,
        .prompts = prompts,
        .prompt_count = 1,
        .entries = entries,
        .entry_count = 2,
    };
}

static struct view written(void)
{
    struct baseline baseline = sample();
    struct strbuf out;
    struct view copy;

    strbuf_init(&out, 1 << 20);
    baseline_write(&baseline, "0.1.0", &out);
    assert_int_equal(strbuf_status(&out), 0);
    assert_int_equal(arena_copy(&arena, strbuf_view(&out), &copy), 0);
    strbuf_release(&out);
    return copy;
}

static void what_is_written_comes_back(void **state)
{
    (void)state;
    struct baseline before = sample();
    struct baseline after;
    struct err err = {0};

    assert_int_equal(baseline_parse(&arena, view_of("b.jsonl"), written(), &after, &err), 0);
    assert_true(view_equal(after.suite, before.suite));
    assert_true(view_equal(after.scorer, before.scorer));
    assert_int_equal(after.noise_micro, 12345);
    assert_true(after.slope > 12.49 && after.slope < 12.51);
    assert_int_equal(after.entry_count, 2);
    const struct baseline_entry *entry =
        baseline_find(&after, before.entries[0].id, view_of("sim"));
    assert_non_null(entry);
    assert_int_equal(entry->answer_count, 2);
    assert_true(view_equal(entry->answers[0].text, before.entries[0].answers[0].text));
    assert_int_equal(entry->answers[0].score.similarity_micro, 912345);
    assert_int_equal(entry->answers[0].score.structure_micro, 0);
    assert_int_equal(entry->answers[1].score.similarity_micro, SCORE_ABSENT);
    assert_true(view_is(entry->answers[0].verdict.findings[0].check, "language"));
    assert_true(view_equal(entry->params, before.entries[0].params));
    assert_true(view_is(baseline_prompt_text(&after, view_of("0123456789ab")), "[user]\nhi\n"));
    assert_null(baseline_find(&after, view_of("nobody"), view_of("sim")));
}

/* Cut anywhere, a file is refused: half an answer must never count as an answer. */
static void a_file_cut_short_at_any_byte_is_refused_with_the_remedy(void **state)
{
    (void)state;
    struct view whole = written();

    for (size_t len = 0; len + 1 < whole.len; len++) { /* the last newline may be missing */
        struct baseline baseline;
        struct arena scratch;
        struct err err = {0};
        arena_init(&scratch, 16 << 20);
        int code = baseline_parse(&scratch, view_of("b.jsonl"), view_slice(whole, 0, len),
                                  &baseline, &err);
        assert_int_equal(code, ERR_CORRUPT);
        assert_non_null(strstr(err.text, "b.jsonl:"));
        assert_non_null(strstr(err.text, "assay baseline"));
        arena_release(&scratch);
    }
}

/* As many prompts as entries, and every entry a second time with another target. */
static void of_many_prompts_each_is_kept_once_and_found(void **state)
{
    enum { PROMPTS = 20000 };
    struct baseline made;
    struct sample *sample = arena_new(&arena, 1, sizeof *sample);
    struct run_entry *entries = arena_new(&arena, (size_t)2 * PROMPTS, sizeof *entries);
    struct view *texts = arena_new(&arena, (size_t)2 * PROMPTS, sizeof *texts);
    struct run run = {.entries = entries, .entry_count = (size_t)2 * PROMPTS};

    (void)state;
    assert_true(sample != NULL && entries != NULL && texts != NULL);
    *sample = (struct sample){.asked = true, .scored = true, .score = score_absent()};
    for (size_t i = 0; i < run.entry_count; i++) {
        texts[i] = view_of(arena_printf(&arena, "Say %zu", i % PROMPTS));
        entries[i] = (struct run_entry){
            .id = view_of(arena_printf(&arena, "e%zu", i % PROMPTS)),
            .target = view_of(i < PROMPTS ? "one" : "other"),
            .prompt = view_of(arena_printf(&arena, "p%zu", i % PROMPTS)),
            .prompt_hash = view_of(arena_printf(&arena, "%012zx", i % PROMPTS * 7919)),
            .samples = sample,
            .sample_count = 1,
            .scored_count = 1,
        };
    }
    assert_int_equal(baseline_from_run(&arena, &run, texts, NULL, &made), 0);
    assert_int_equal(made.entry_count, 2 * PROMPTS);
    assert_int_equal(made.prompt_count, PROMPTS);
    for (size_t i = 0; i < PROMPTS; i++)
        assert_true(view_equal(baseline_prompt_text(&made, entries[i].prompt_hash), texts[i]));
    assert_int_equal(baseline_prompt_text(&made, view_of("ffffffffffff")).len, 0);
}

static void a_later_schema_is_refused_by_name(void **state)
{
    (void)state;
    struct baseline baseline;
    struct err err = {0};

    assert_int_equal(baseline_parse(&arena, view_of("b.jsonl"),
                                    view_of("{\"kind\":\"baseline\",\"schema\":2,\"answers\":0}\n"),
                                    &baseline, &err),
                     ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "newer assay"));
}

static void a_schema_that_is_none_is_damage_and_not_of_a_newer_assay(void **state)
{
    (void)state;
    struct baseline baseline;
    struct err err = {0};

    assert_int_equal(baseline_parse(&arena, view_of("b.jsonl"),
                                    view_of("{\"kind\":\"baseline\",\"answers\":0}\n"), &baseline,
                                    &err),
                     ERR_CORRUPT);
    assert_non_null(strstr(err.text, "b.jsonl:1: does not say \"schema\": 1"));
}

static void a_version_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char hostile[] =
        "{\"kind\":\"baseline\",\"schema\":1,\"answers\":1}\n"
        "{\"id\":\"a\",\"target\":\"t\",\"version\":\"@everyone \\u001b[2J\",\"response\":\"x\"}\n";
    struct baseline baseline;
    struct err err = {0};

    assert_int_equal(baseline_parse(&arena, view_of("b.jsonl"), view_of(hostile), &baseline, &err),
                     ERR_CORRUPT);
    assert_non_null(strstr(err.text, "b.jsonl:2:"));
}

static void no_memory_is_an_error_wherever_it_runs_out(void **state)
{
    (void)state;
    struct view whole = written();

    for (unsigned long n = 1; n < 50; n++) {
        struct baseline baseline;
        struct arena scratch;
        arena_init(&scratch, 16 << 20);
        mem_fail_at(n);
        int code = baseline_parse(&scratch, view_of("b.jsonl"), whole, &baseline, NULL);
        mem_fail_at(0);
        arena_release(&scratch);
        if (code == 0)
            return;
        assert_int_equal(code, ERR_MEMORY);
    }
    fail_msg("parsing never succeeded");
}

static void the_pieces_joined_are_the_whole(void **state)
{
    (void)state;
    struct baseline baseline = sample();
    struct strbuf out;

    strbuf_init(&out, 1 << 20);
    for (size_t i = 0; i < baseline_piece_count(&baseline); i++) {
        baseline_write_piece(&baseline, i, "0.1.0", &out);
        assert_true(view_ends(strbuf_view(&out), view_of("\n")));
    }
    assert_int_equal(strbuf_status(&out), 0);
    assert_true(view_equal(strbuf_view(&out), written()));
    strbuf_release(&out);
}

/* Entries that share a prompt, one with its own, and two that only the baseline before had, which
 * name the same text differently. */
static void each_prompt_stands_once_and_is_found_by_its_version(void **state)
{
    (void)state;
    static struct sample samples[] = {{.scored = true, .answer = {.reply = {.text = VIEW("x")}}}};
    struct run_entry entries[] = {
        {.id = VIEW("a"), .prompt = VIEW("p"), .prompt_hash = VIEW("bbbbbbbbbbbb")},
        {.id = VIEW("b"), .prompt = VIEW("p"), .prompt_hash = VIEW("bbbbbbbbbbbb")},
        {.id = VIEW("c"), .prompt = VIEW("c"), .prompt_hash = VIEW("aaaaaaaaaaaa")},
    };
    const struct view texts[] = {VIEW("shared"), VIEW("shared"), VIEW("own")};
    struct baseline before = sample();
    struct baseline made;

    for (size_t i = 0; i < 3; i++) {
        entries[i].samples = samples;
        entries[i].sample_count = entries[i].scored_count = 1;
    }
    const struct run run = {.entries = entries, .entry_count = 3};
    assert_int_equal(baseline_index(&arena, &before), 0);
    assert_int_equal(baseline_from_run(&arena, &run, texts, &before, &made), 0);
    assert_int_equal(made.entry_count, 5);
    assert_int_equal(made.prompt_count, 4);
    assert_int_equal(made.noise_micro, before.noise_micro);
    assert_true(view_is(baseline_prompt_text(&made, view_of("aaaaaaaaaaaa")), "own"));
    assert_true(view_is(baseline_prompt_text(&made, view_of("bbbbbbbbbbbb")), "shared"));
    assert_true(view_is(baseline_prompt_text(&made, view_of("0123456789ab")), "[user]\nhi\n"));
    assert_int_equal(baseline_prompt_text(&made, view_of("cccccccccccc")).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_cut_short_at_any_byte_is_refused_with_the_remedy,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_many_prompts_each_is_kept_once_and_found, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_later_schema_is_refused_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_schema_that_is_none_is_damage_and_not_of_a_newer_assay,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_version_that_is_none_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_memory_is_an_error_wherever_it_runs_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_pieces_joined_are_the_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_prompt_stands_once_and_is_found_by_its_version, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
