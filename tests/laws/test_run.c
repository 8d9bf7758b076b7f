/* SPDX-License-Identifier: Apache-2.0
 *
 * The law of reports as JSON: a run that was written is read back as it was, whatever its texts
 * hold, and fits the schema; what is cut off or of another kind is refused with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/report.h"
#include "report/run_read.h"
#include "run_random.h"
#include "shell/os/file.h"
#include "text/schema.h"
#include "wire/json.h"

enum { RUNS = 400, ARENA_MAX = 256 << 20, TEXT_MAX = 64 << 20 };

static const struct report_options options = {.assay_version = "1.2.3"};

static void write_run(const struct run *run, struct strbuf *text)
{
    strbuf_init(text, TEXT_MAX);
    report_json(run, &options, text);
    assert_int_equal(strbuf_status(text), 0);
}

static void a_run_that_was_read_writes_the_same_report(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        struct arena arena;
        struct run run, read;
        struct strbuf first, second;
        struct err err = {0};

        arena_init(&arena, ARENA_MAX);
        run_random(&arena, seed, &run);
        write_run(&run, &first);
        if (run_read(&arena, view_of("r.json"), strbuf_view(&first), &read, &err) != 0)
            fail_msg("seed %llu: %s", (unsigned long long)seed, err.text);
        write_run(&read, &second);
        if (!view_equal(strbuf_view(&first), strbuf_view(&second)))
            fail_msg("seed %llu:\n%s\nis read as\n%s", (unsigned long long)seed,
                     strbuf_text(&first), strbuf_text(&second));
        strbuf_release(&first);
        strbuf_release(&second);
        arena_release(&arena);
    }
}

static void what_the_history_keeps_is_read_back_in_its_halves(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        struct arena arena;
        struct run run, read = {0};
        struct run_entry entry;
        struct strbuf first, second;
        struct json_writer writer;
        struct err err = {0};

        arena_init(&arena, ARENA_MAX);
        run_random(&arena, seed, &run);
        strbuf_init(&first, TEXT_MAX);
        json_writer_init(&writer, &first, 0);
        report_json_summary(&writer, &run, &options);
        assert_int_equal(run_read_summary(&arena, view_of("h"), strbuf_view(&first), &read, &err),
                         0);
        assert_int_equal(read.entry_count, 0);
        strbuf_init(&second, TEXT_MAX);
        json_writer_init(&writer, &second, 0);
        report_json_summary(&writer, &read, &options);
        assert_string_equal(strbuf_text(&first), strbuf_text(&second));
        for (size_t i = 0; i < run.entry_count; i++) {
            strbuf_reset(&first);
            strbuf_reset(&second);
            json_writer_init(&writer, &first, 0);
            report_json_entry(&writer, &run.entries[i]);
            assert_int_equal(
                run_read_entry(&arena, view_of("h"), strbuf_view(&first), &entry, &err), 0);
            json_writer_init(&writer, &second, 0);
            report_json_entry(&writer, &entry);
            assert_string_equal(strbuf_text(&first), strbuf_text(&second));
        }
        strbuf_release(&first);
        strbuf_release(&second);
        arena_release(&arena);
    }
}

static void values_come_back_and_not_only_their_texts(void **state)
{
    struct arena arena;
    struct run run, read;
    struct strbuf text;
    struct err err = {0};
    size_t answers = 0;

    (void)state;
    arena_init(&arena, ARENA_MAX);
    for (uint64_t seed = 0; seed < 50; seed++) {
        run_random(&arena, seed, &run);
        write_run(&run, &text);
        assert_int_equal(run_read(&arena, view_of("r"), strbuf_view(&text), &read, &err), 0);
        assert_int_equal(read.entry_count, run.entry_count);
        assert_int_equal(read.seed, run.seed);
        assert_int_equal(read.cost_nano_usd, run.cost_known ? run.cost_nano_usd : 0);
        assert_int_equal(read.shard_index, run.shard_index);
        for (size_t i = 0; i < run.entry_count; i++) {
            const struct run_entry *was = &run.entries[i], *is = &read.entries[i];
            assert_int_equal(is->scored_count, was->scored_count);
            assert_int_equal(is->sample_count, was->sample_count);
            assert_int_equal(is->severity, was->severity);
            assert_int_equal(is->baseline != NULL, was->baseline != NULL);
            for (size_t j = 0; was->baseline != NULL && j < was->baseline->answer_count; j++) {
                const struct baseline_answer *one = &was->baseline->answers[j];
                assert_true(view_equal(is->baseline->answers[j].text, one->text));
                assert_memory_equal(&is->baseline->answers[j].score, &one->score,
                                    sizeof one->score);
                answers++;
            }
        }
        strbuf_release(&text);
    }
    assert_true(answers > 50);
    arena_release(&arena);
}

static struct json *read_tree(struct arena *arena, const char *path)
{
    struct strbuf text;
    struct json *root = NULL;
    struct err err = {0};

    strbuf_init(&text, TEXT_MAX);
    assert_int_equal(file_read(path, &text, &err), 0);
    assert_int_equal(json_parse(arena, strbuf_view(&text), &root, &err), 0);
    strbuf_release(&text);
    return root;
}

static void every_report_fits_its_schema(void **state)
{
    const char *source = getenv("ASSAY_SOURCE");
    struct schema *schema;
    struct schema_result result;
    struct arena arena;
    struct err err = {0};

    (void)state;
    assert_non_null(source);
    arena_init(&arena, ARENA_MAX);
    const char *path = arena_printf(&arena, "%s/share/schemas/test.json", source);
    if (schema_new(read_tree(&arena, path), NULL, &schema, &err) != 0)
        fail_msg("%s", err.text);
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        struct arena scratch;
        struct strbuf text;
        struct json *root;
        struct run run;

        arena_init(&scratch, ARENA_MAX);
        run_random(&scratch, seed, &run);
        write_run(&run, &text);
        assert_int_equal(json_parse(&scratch, strbuf_view(&text), &root, &err), 0);
        assert_int_equal(schema_validate(schema, root, &scratch, &result, &err), 0);
        if (result.count > 0)
            fail_msg("seed %llu: %s", (unsigned long long)seed, result.items[0].text);
        strbuf_release(&text);
        arena_release(&scratch);
    }
    schema_free(schema);
    arena_release(&arena);
}

static void a_report_that_is_cut_off_is_refused_wherever_it_is_cut(void **state)
{
    struct arena arena;
    struct run run, read;
    struct strbuf text;

    (void)state;
    arena_init(&arena, ARENA_MAX);
    run_random(&arena, 3, &run);
    write_run(&run, &text);
    for (size_t len = 0; len + 2 < text.len; len += 1 + text.len / 400) {
        struct arena scratch;
        struct err err = {0};

        arena_init(&scratch, ARENA_MAX);
        int code = run_read(&scratch, view_of("cut.json"), view_slice(strbuf_view(&text), 0, len),
                            &read, &err);
        assert_int_equal(code, ERR_SYNTAX);
        assert_true(view_starts(view_of(err.text), view_of("cut.json:")));
        arena_release(&scratch);
    }
    strbuf_release(&text);
    arena_release(&arena);
}

static void what_is_no_report_of_a_run_is_refused_in_words(void **state)
{
    static const struct {
        const char *text;
        int code;
        const char *says;
    } rows[] = {
        {"{}", ERR_CONFIG, "f:1:1: is no report of assay"},
        {"[]", ERR_CONFIG, "f:1:1: is no report of assay"},
        {"7", ERR_CONFIG, "f:1:1: is no report of assay"},
        {"{\"assay\": \"1\", \"kind\": \"validate\", \"schema\": 1}", ERR_UNSUPPORTED,
         "f: is a report of the kind 'validate', not of a golden run"},
        {"{\"assay\": \"1\", \"kind\": \"test\", \"schema\": 2, \"entries\": []}", ERR_UNSUPPORTED,
         "f: was written by a newer assay (schema 2"},
        {"{\"assay\": \"1\", \"kind\": \"test\", \"schema\": 1}", ERR_CONFIG,
         "f: has no list 'entries'"},
        {"{\"assay\": \"1\", \"kind\": \"test\", \"schema\": 1,\n\"entries\": [{},\n {}]}",
         ERR_CONFIG, "f:2:1: is no entry of a run: it has no 'id'"},
        {"{\"assay\": \"1\", \"kind\": \"test\", \"schema\": 1,\n\"entries\": [{\"id\": \"a\"},\n"
         "\n{\"id\": \"b\",\n \"samples\": [{}]}]}",
         ERR_CONFIG, "f:5:14: an answer has neither 'response' nor 'error'"},
        {"{\"assay\": \"1\", \"kind\": \"test\", \"schema\": 1,\n\"entries\": [{\"id\": \"a\",}]}",
         ERR_SYNTAX, "f:2:24: "},
        {"{\"assay\": \"1\", \"kind\": \"test\", \"schema\": 1,\n\"entries\": [{\"id\": \"a\"},\n"
         " 7]}",
         ERR_CONFIG, "f:3: is no entry of a run: an object must stand here"},
        {"{\"assay\": \"1\", \"kind\": \"test\", \"schema\": 1, \"entries\": [\"a\"]}", ERR_CONFIG,
         "f:1: is no entry of a run"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct run run;
        struct err err = {0};

        arena_init(&arena, ARENA_MAX);
        int code = run_read(&arena, view_of("f"), view_of(rows[i].text), &run, &err);
        assert_int_equal(code, rows[i].code);
        if (!view_starts(view_of(err.text), view_of(rows[i].says)))
            fail_msg("%s: not '%s'", err.text, rows[i].says);
        arena_release(&arena);
    }
}

static void a_few_bytes_ask_for_no_memory_but_theirs(void **state)
{
    static const char text[] =
        "{\"assay\": \"1\", \"kind\": \"test\", \"schema\": 1, \"tokens_in\": -5,"
        " \"entries\": [{\"id\": \"a\", \"unasked\": 8000000}]}";
    struct arena arena;
    struct run run;
    struct err err = {0};

    (void)state;
    arena_init(&arena, 1 << 20);
    assert_int_equal(run_read(&arena, view_of("f"), view_of(text), &run, &err), 0);
    assert_int_equal(run.tokens_in, 0);
    arena_release(&arena);
}

static void a_report_of_the_first_version_is_read_with_what_it_has(void **state)
{
    static const char old[] =
        "{\"assay\": \"0.1.0\", \"kind\": \"test\", \"schema\": 1, \"run\": \"r1\", \"suite\": "
        "\"manga\", \"golden\": \"g.yaml\", \"started\": \"2026-11-23T16:33:00Z\", \"elapsed_ms\": "
        "12.5, \"seed\": 7, \"repeat\": 1, \"embedding\": \"tfidf/1\", \"gate\": {\"outcome\": "
        "\"pass\", \"exit_status\": 0, \"none\": 1, \"compared\": 1, \"reasons\": [], "
        "\"warnings\": [\"w\"]}, \"entries\": [{\"id\": \"a\", \"target\": \"sim\", \"prompt\": "
        "\"p\", \"version\": \"0123456789ab\", \"file\": \"g.yaml\", \"line\": 3, \"tags\": "
        "[\"ja\"], \"severity\": \"none\", \"passed\": true, \"flaky\": false, \"scores\": "
        "{\"score\": 0.9}, \"failed\": [], \"baseline\": {\"scores\": {\"score\": 1}, \"version\": "
        "\"0123456789ab\", \"responses\": [\"x\"]}, \"drop\": 0.1, \"question\": \"q\", "
        "\"samples\": [{\"response\": \"y\", \"scores\": {\"score\": 0.9}, \"failed\": [], "
        "\"latency_ms\": 1.5, \"attempts\": 1}]}]}";
    struct arena arena;
    struct run run;
    struct err err = {0};

    (void)state;
    arena_init(&arena, ARENA_MAX);
    assert_int_equal(run_read(&arena, view_of("old"), view_of(old), &run, &err), 0);
    assert_int_equal(run.entry_count, 1);
    assert_int_equal(run.shard_count, 0);
    assert_int_equal(run.gate.counts[SEVERITY_NONE], 1);
    assert_true(run.gate.checks_p == 1);
    const struct run_entry *entry = &run.entries[0];
    assert_int_equal(entry->drop_micro, 100000);
    assert_int_equal(entry->counted_micro, 100000);
    assert_int_equal(entry->noise_micro, SCORE_ABSENT);
    assert_int_equal(entry->scored_count, 1);
    assert_int_equal(entry->baseline->answers[0].score.total_micro, SCORE_ABSENT);
    assert_true(view_is(entry->baseline->answers[0].text, "x"));
    assert_false(entry->is_tested);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_was_read_writes_the_same_report),
        cmocka_unit_test(what_the_history_keeps_is_read_back_in_its_halves),
        cmocka_unit_test(values_come_back_and_not_only_their_texts),
        cmocka_unit_test(every_report_fits_its_schema),
        cmocka_unit_test(a_report_that_is_cut_off_is_refused_wherever_it_is_cut),
        cmocka_unit_test(what_is_no_report_of_a_run_is_refused_in_words),
        cmocka_unit_test(a_few_bytes_ask_for_no_memory_but_theirs),
        cmocka_unit_test(a_report_of_the_first_version_is_read_with_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
