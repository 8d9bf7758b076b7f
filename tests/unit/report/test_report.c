/* SPDX-License-Identifier: Apache-2.0
 *
 * Reports show what models and users wrote as data, whatever it holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "report/report.h"
#include "wire/json.h"

static const char hostile[] =
    "<script>alert(1)</script> | x | @everyone `rm` ]]> \x1b[31m \x07 ``` "
    "[a](http://b) \xff\xfe 日本語 \"quoted\" \\ &amp;\n# heading";

static struct finding finding = {.check = VIEW("keywords"),
                                 .severity = SEVERITY_MAJOR,
                                 .message = VIEW("does not mention '<b>'"),
                                 .evidence = VIEW("<b>")};
static struct baseline_answer accepted = {.text = VIEW("an accepted answer")};
static struct baseline_entry baseline = {
    .prompt_hash = VIEW("0123456789ab"), .answers = &accepted, .answer_count = 1};
static struct sample sample;
static struct run_entry entry;
static struct prompt_change change;
static struct run run;

static int set_up(void **state)
{
    struct view text = view_make(hostile, sizeof hostile - 1);

    (void)state;
    sample = (struct sample){.asked = true,
                             .scored = true,
                             .answer.reply.text = text,
                             .verdict = {&finding, 1},
                             .score = {0, 0, 0, 0, 0, 0}};
    entry = (struct run_entry){.id = text,
                               .target = VIEW("sim"),
                               .prompt = text,
                               .prompt_hash = VIEW("ba9876543210"),
                               .file = VIEW("golden.yaml"),
                               .samples = &sample,
                               .sample_count = 1,
                               .scored_count = 1,
                               .baseline = &baseline,
                               .severity = SEVERITY_CRITICAL,
                               .drop_micro = 500000,
                               .noise_micro = SCORE_ABSENT,
                               .failed = &finding,
                               .failed_count = 1,
                               .reason = text,
                               .question = text};
    change = (struct prompt_change){.prompt = text,
                                    .version = VIEW("ba9876543210"),
                                    .before_version = VIEW("0123456789ab"),
                                    .text = VIEW("a\nb\n"),
                                    .before_text = VIEW("a\n```\nc\n")};
    run = (struct run){.id = VIEW("r"),
                       .kind = VIEW("test"),
                       .suite = text,
                       .golden_file = text,
                       .scorer = VIEW("none"),
                       .repeat = 1,
                       .entries = &entry,
                       .entry_count = 1,
                       .changes = &change,
                       .change_count = 1,
                       .mean = {0, 0, 0, 0, 0, 0},
                       .gate = {.outcome = GATE_FAIL,
                                .exit_status = 1,
                                .compared = 1,
                                .reasons = &entry.reason,
                                .reason_count = 1}};
    return 0;
}

static struct strbuf written(const char *format)
{
    struct report_options options = {.assay_version = "0.1.0", .columns = 100};
    struct strbuf out;

    strbuf_init(&out, 16 << 20);
    report_format_named(view_of(format))->write(&run, &options, &out);
    assert_int_equal(strbuf_status(&out), 0);
    assert_true(utf8_valid(strbuf_view(&out), NULL));
    return out;
}

static void assert_lacks(const struct strbuf *out, const char *text)
{
    if (view_find(strbuf_view(out), view_of(text), 0) < out->len)
        fail_msg("'%s' stands in the report:\n%s", text, strbuf_text(out));
}

static void assert_has(const struct strbuf *out, const char *text)
{
    if (view_find(strbuf_view(out), view_of(text), 0) == out->len)
        fail_msg("'%s' does not stand in the report:\n%s", text, strbuf_text(out));
}

static void json_says_how_an_answer_in_pieces_came(void **state)
{
    (void)state;
    sample.answer.ttft_ns = 123456789;
    sample.answer.gaps = (struct answer_gaps){.count = 2, .sum_ns = 5000000, .max_ns = 4000000};
    struct strbuf out = written("json");

    assert_has(&out, "\"ttft_ms\": 123.456");
    assert_has(&out, "\"inter_token_ms\"");
    assert_has(&out, "\"mean\": 2.5");
    assert_has(&out, "\"max\": 4");
    strbuf_release(&out);
    sample.answer.ttft_ns = 0;
    out = written("json");
    assert_lacks(&out, "ttft_ms");
    strbuf_release(&out);
}

static void a_terminal_never_gets_control_characters_of_others(void **state)
{
    (void)state;
    struct strbuf out = written("text");

    assert_lacks(&out, "\x1b");
    assert_lacks(&out, "\x07");
    assert_has(&out, "CRITICAL");
    assert_has(&out, "日本語");
    strbuf_release(&out);
}

static void a_long_answer_shows_which_sentences_went_and_came(void **state)
{
    static const char *const formats[] = {"text", "markdown", "json"};
    struct view before = accepted.text;
    struct view now = sample.answer.reply.text;

    (void)state;
    accepted.text = view_of("在庫がございます。返品は30日以内に承ります。配送は二日です。");
    sample.answer.reply.text = view_of("在庫がございます。配送は二日です。店舗は大阪にあります。");
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct strbuf out = written(formats[i]);
        size_t lost = view_find(strbuf_view(&out), view_of("ost"), 0);
        struct view rest = view_slice(strbuf_view(&out), lost, out.len);
        assert_true(view_find(rest, view_of("返品は30日以内に承ります。"), 0) < rest.len);
        assert_true(view_find(rest, view_of("店舗は大阪にあります。"), 0) < rest.len);
        assert_true(view_find(rest, view_of("在庫がございます。"), 0) == rest.len
                    || i == 2); /* the JSON goes on with the samples */
        strbuf_release(&out);
    }
    accepted.text = view_of("一つだけの文です。");
    struct strbuf out = written("json");
    assert_lacks(&out, "\"lost\"");
    strbuf_release(&out);
    accepted.text = before;
    sample.answer.reply.text = now;
}

static void json_is_valid_whatever_the_texts_hold(void **state)
{
    (void)state;
    struct strbuf out = written("json");
    struct err err = {0};

    if (!json_valid(strbuf_view(&out), &err))
        fail_msg("%s", err.text);
    strbuf_release(&out);
}

static void markdown_neither_formats_nor_mentions_for_a_model(void **state)
{
    (void)state;
    struct strbuf out = written("markdown");

    assert_lacks(&out, "<script>");
    assert_lacks(&out, "@everyone");
    assert_lacks(&out, "[a](");
    assert_lacks(&out, "\n# heading");
    assert_has(&out, "accepted");
    /* a fence in a prompt must not end the fence around its difference */
    assert_lacks(&out, "- ```");
    strbuf_release(&out);
}

static void junit_escapes_everything_xml_minds(void **state)
{
    (void)state;
    struct strbuf out = written("junit");

    assert_lacks(&out, "<script>");
    assert_lacks(&out, "]]>");
    assert_lacks(&out, "\x1b");
    assert_has(&out, "<failure type=\"CRITICAL\"");
    assert_has(&out, "failures=\"1\" errors=\"0\"");
    strbuf_release(&out);
}

static void a_comment_stays_within_what_github_takes(void **state)
{
    (void)state;
    enum { ENTRIES = 500, ANSWER = 20000 };
    static struct run_entry entries[ENTRIES];
    static char answer[ANSWER];
    memset(answer, '<', sizeof answer);
    sample.answer.reply.text = view_make(answer, sizeof answer);
    for (size_t i = 0; i < ENTRIES; i++)
        entries[i] = entry;
    run.entries = entries;
    run.entry_count = ENTRIES;
    struct strbuf out = written("markdown");

    assert_true(out.len <= 65536);
    assert_has(&out, "and 470 more");
    strbuf_release(&out);
}

static void formats_are_found_by_name_only(void **state)
{
    (void)state;
    assert_null(report_format_named(view_of("pdf")));
    assert_non_null(report_format_named(view_of("junit")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_long_answer_shows_which_sentences_went_and_came, set_up),
        cmocka_unit_test_setup(json_says_how_an_answer_in_pieces_came, set_up),
        cmocka_unit_test_setup(a_terminal_never_gets_control_characters_of_others, set_up),
        cmocka_unit_test_setup(json_is_valid_whatever_the_texts_hold, set_up),
        cmocka_unit_test_setup(markdown_neither_formats_nor_mentions_for_a_model, set_up),
        cmocka_unit_test_setup(junit_escapes_everything_xml_minds, set_up),
        cmocka_unit_test_setup(a_comment_stays_within_what_github_takes, set_up),
        cmocka_unit_test(formats_are_found_by_name_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
