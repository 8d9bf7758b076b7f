/* SPDX-License-Identifier: Apache-2.0
 *
 * HTML pages: what others wrote is text and nothing else, marks lie where they belong, and a page
 * stands whatever became of the run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/digest.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "report/html.h"
#include "report/html_marks.h"
#include "report/html_parts.h"
#include "report/report.h"
#include "wire/base64.h"

static struct strbuf out;
static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    strbuf_init(&out, 64 << 20);
    arena_init(&arena, 64 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    strbuf_release(&out);
    arena_release(&arena);
    return 0;
}

static void assert_has(const char *text)
{
    if (view_find(strbuf_view(&out), view_of(text), 0) == out.len)
        fail_msg("'%s' does not stand in:\n%.3000s", text, strbuf_text(&out));
}

static void assert_lacks(const char *text)
{
    if (view_find(strbuf_view(&out), view_of(text), 0) < out.len)
        fail_msg("'%s' stands in:\n%.3000s", text, strbuf_text(&out));
}

/* ---- texts ---------------------------------------------------------------------------------- */

static void markup_is_shown(void **state)
{
    (void)state;
    html_add(&out, view_of("<a href=\"x\" title='y'>&amp;</script>"));
    assert_string_equal(strbuf_text(&out), "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;"
                                           "&lt;/script&gt;");
}

static void what_nobody_sees_is_named(void **state)
{
    (void)state;
    html_add(&out, view_make("a\0b\x1b\xe2\x80\xae\xe2\x80\xa8\xef\xbb\xbf\xe2\x81\xa6", 16));
    assert_string_equal(strbuf_text(&out),
                        "a<i class=c>U+0000</i>b<i class=c>U+001B</i><i class=c>U+202E</i>"
                        "<i class=c>U+2028</i><i class=c>U+FEFF</i><i class=c>U+2066</i>");
}

static void lines_tabs_and_what_emoji_are_made_of_stay(void **state)
{
    (void)state;
    html_add(&out, view_of("a\tb\r\nc \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9"));
    assert_string_equal(strbuf_text(&out), "a\tb\nc \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9");
}

static void an_attribute_holds_no_tag(void **state)
{
    (void)state;
    html_add_attribute(&out, view_of("\"><b>\xe2\x80\xae"));
    assert_string_equal(strbuf_text(&out), "&quot;&gt;&lt;b&gt;‹U+202E›");
}

static void broken_bytes_become_valid_text(void **state)
{
    uint64_t seed = 20261124;
    struct rng rng;
    char bytes[64];

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (int round = 0; round < 2000; round++) {
        strbuf_reset(&out);
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)rng_below(&rng, 256);
        html_add(&out, view_make(bytes, sizeof bytes));
        assert_true(utf8_valid(strbuf_view(&out), NULL));
        for (size_t i = 0; i < out.len; i++)
            assert_true(out.ptr[i] != '"' && out.ptr[i] != '\'' && (unsigned char)out.ptr[i] != 0);
    }
}

static void only_what_is_a_language_becomes_one(void **state)
{
    (void)state;
    assert_true(view_is(html_language(view_of("ja")), "ja"));
    assert_true(view_is(html_language(view_of("zh-Hant")), "zh-Hant"));
    assert_int_equal(html_language(view_of("und")).len, 0);
    assert_int_equal(html_language(view_of("mixed")).len, 0);
    assert_int_equal(html_language(view_of("ja onload=x")).len, 0);
    assert_int_equal(html_language(view_of("ja>")).len, 0);
}

static void figures_read_as_people_write_them(void **state)
{
    static const struct {
        uint64_t ns;
        const char *text;
    } rows[] = {{146000, "0.15 ms"},
                {48000000, "48 ms"},
                {1240000000, "1.24 s"},
                {36302000000, "36.3 s"},
                {200000000000, "3 min 20 s"}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        strbuf_reset(&out);
        html_duration(&out, rows[i].ns);
        assert_string_equal(strbuf_text(&out), rows[i].text);
    }
    strbuf_reset(&out);
    html_count(&out, 1234567);
    strbuf_add_byte(&out, ' ');
    html_change(&out, -0.1204);
    strbuf_add_byte(&out, ' ');
    html_change(&out, -0.0001);
    assert_string_equal(strbuf_text(&out), "1,234,567 −0.120 0.000");
}

/* ---- marks ---------------------------------------------------------------------------------- */

static void add_marked(struct html_marked marked)
{
    strbuf_reset(&out);
    assert_int_equal(html_add_marked(&out, &arena, &marked), 0);
}

static void a_finding_is_marked_where_it_stands(void **state)
{
    struct finding finding = {.check = view_of("forbidden"),
                              .severity = SEVERITY_MAJOR,
                              .message = view_of("says \"no\""),
                              .start = 2,
                              .end = 4};

    (void)state;
    add_marked(
        (struct html_marked){.text = view_of("a no z"), .findings = &finding, .finding_count = 1});
    assert_has("a <mark class=major title=\"forbidden: says &quot;no&quot;\">no</mark> z");
}

static void marks_that_overlap_are_all_shown(void **state)
{
    struct finding findings[] = {{.check = view_of("x"), .start = 0, .end = 6},
                                 {.check = view_of("y"), .start = 4, .end = 99}};
    struct difference parts[] = {{DIFFERENCE_SAME, view_of("one ")},
                                 {DIFFERENCE_REMOVED, view_of("gone")},
                                 {DIFFERENCE_ADDED, view_of("two")}};

    (void)state;
    add_marked((struct html_marked){.text = view_of("one two"),
                                    .parts = parts,
                                    .part_count = 3,
                                    .own = DIFFERENCE_ADDED,
                                    .findings = findings,
                                    .finding_count = 2});
    assert_has("<ins>tw</ins>");
    assert_has("<ins>o</ins>");
    assert_has("title=\"x: \">one </mark>");
    assert_has("title=\"y: \"><ins>o</ins></mark>");
    assert_lacks("gone");
}

static void findings_past_the_end_harm_nothing(void **state)
{
    struct finding findings[] = {{.start = 900, .end = 1000}, {.start = 3, .end = 1}};

    (void)state;
    add_marked(
        (struct html_marked){.text = view_of("short"), .findings = findings, .finding_count = 2});
    assert_lacks("<mark");
}

static void a_sentence_in_another_language_says_so(void **state)
{
    (void)state;
    add_marked((struct html_marked){
        .text = view_of("The shop is open today and tomorrow.\n在庫はございます。"),
        .language = view_of("en")});
    assert_has("lang=en>");
    assert_has("<span lang=ja>在庫はございます。");
}

static void an_empty_answer_is_said_to_be_one(void **state)
{
    (void)state;
    add_marked((struct html_marked){.text = view_of("")});
    assert_has("(an empty answer)");
}

static size_t join_side(enum difference_kind own, const struct difference *parts, size_t count,
                        char *text)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++)
        if (parts[i].kind == own || parts[i].kind == DIFFERENCE_SAME) {
            memcpy(text + len, parts[i].text.ptr, parts[i].text.len);
            len += parts[i].text.len;
        }
    return len;
}

static void a_difference_for_people_still_holds_both_texts(void **state)
{
    static const char *const words[] = {"the ", "shop ", "is ", "open", ". ",    "\n",
                                        "在庫", "は",    "- ",  "Use ", "only ", "facts"};
    struct strbuf before, after;
    struct rng rng;
    char joined[400];

    (void)state;
    rng_init(&rng, 99);
    strbuf_init(&before, sizeof joined);
    strbuf_init(&after, sizeof joined);
    for (int round = 0; round < 500; round++) {
        const struct difference *parts = NULL;
        size_t count = 0;
        strbuf_reset(&before);
        strbuf_reset(&after);
        for (uint64_t i = rng_below(&rng, 20); i > 0; i--)
            strbuf_add_text(&before, words[rng_below(&rng, 12)]);
        for (uint64_t i = rng_below(&rng, 20); i > 0; i--)
            strbuf_add_text(&after, words[rng_below(&rng, 12)]);
        assert_int_equal(
            html_difference(&arena, strbuf_view(&before), strbuf_view(&after), &parts, &count), 0);
        assert_int_equal(join_side(DIFFERENCE_REMOVED, parts, count, joined), before.len);
        assert_memory_equal(joined, strbuf_text(&before), before.len);
        assert_int_equal(join_side(DIFFERENCE_ADDED, parts, count, joined), after.len);
        assert_memory_equal(joined, strbuf_text(&after), after.len);
    }
    strbuf_release(&before);
    strbuf_release(&after);
}

static void a_line_that_went_is_one_change(void **state)
{
    const struct difference *parts = NULL;
    size_t count = 0;

    (void)state;
    assert_int_equal(html_difference(&arena, view_of("- One.\n- Use only facts. Add none.\n- Two."),
                                     view_of("- One.\n- Two."), &parts, &count),
                     0);
    html_add_redline(&out, parts, count);
    assert_string_equal(strbuf_text(&out),
                        "- One.\n<del>- Use only facts. Add none.\n</del>- Two.");
}

/* ---- pages ---------------------------------------------------------------------------------- */

static struct run whole(struct run_entry *entries, size_t count)
{
    return (struct run){.id = VIEW("r-1"),
                        .kind = VIEW("test"),
                        .suite = VIEW("shop"),
                        .golden_file = VIEW("golden/shop.yaml"),
                        .scorer = VIEW("none"),
                        .repeat = 1,
                        .entries = entries,
                        .entry_count = count,
                        .mean = score_absent(),
                        .gate = {.outcome = GATE_PASS, .checks_p = 1}};
}

static void write_page(const struct run *run)
{
    struct report_options options = {.assay_version = "0.1.0"};

    strbuf_reset(&out);
    report_html(run, &options, &out);
    assert_int_equal(strbuf_status(&out), 0);
    assert_true(utf8_valid(strbuf_view(&out), NULL));
    assert_has("</html>");
    assert_lacks(">nan");
    assert_lacks(">-nan");
    assert_lacks("\"nan");
    assert_lacks("inf\"");
}

static struct view between(const char *first, const char *last)
{
    struct view page = strbuf_view(&out);
    size_t from = view_find(page, view_of(first), 0) + strlen(first);
    return view_slice(page, from, view_find(page, view_of(last), from));
}

static void the_policy_names_the_hashes_of_what_is_inside(void **state)
{
    struct run run = whole(NULL, 0);
    struct strbuf hash;

    (void)state;
    write_page(&run);
    strbuf_init(&hash, 1000);
    struct digest digest = digest_of(between("<script>", "</script>"));
    strbuf_add_text(&hash, "script-src 'sha256-");
    base64_encode(&hash, digest_view(&digest));
    strbuf_add_text(&hash, "'; base-uri 'none'");
    assert_has(strbuf_text(&hash));
    strbuf_reset(&hash);
    digest = digest_of(between("<style>", "</style>"));
    strbuf_add_text(&hash, "default-src 'none'; style-src 'sha256-");
    base64_encode(&hash, digest_view(&digest));
    assert_has(strbuf_text(&hash));
    strbuf_release(&hash);
    assert_lacks("style=");
    assert_lacks("http://");
    assert_lacks("https://");
}

static void a_run_of_nothing_says_so(void **state)
{
    struct run run = whole(NULL, 0);

    (void)state;
    write_page(&run);
    assert_has("Nothing was tested");
    assert_lacks("<table id=list");
}

static void a_run_that_was_interrupted_says_so(void **state)
{
    struct run_entry entry = {.id = VIEW("a"), .noise_micro = SCORE_ABSENT};
    struct run run = whole(&entry, 1);

    (void)state;
    run.interrupted = true;
    run.gate.errors = 1;
    write_page(&run);
    assert_has("<h1 id=h-verdict>Interrupted</h1>");
}

static void errors_alone_make_a_page(void **state)
{
    struct sample sample = {.asked = true,
                            .answer.reply = {.code = ERR_IO, .error_text = VIEW("no such host")}};
    struct run_entry entry = {.id = VIEW("a"),
                              .samples = &sample,
                              .sample_count = 1,
                              .noise_micro = SCORE_ABSENT,
                              .error_text = VIEW("no such host")};
    struct run run = whole(&entry, 1);

    (void)state;
    run.gate.errors = 1;
    run.gate.exit_status = 3;
    write_page(&run);
    assert_has("No question was answered");
    assert_has("no such host");
    assert_has("ERR_IO");
}

static void past_the_limit_entries_stand_without_their_answers(void **state)
{
    enum { COUNT = 400, LEN = 15000 };
    static struct run_entry entries[COUNT];
    static struct sample samples[COUNT];
    static char text[LEN];

    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < COUNT; i++) {
        samples[i] = (struct sample){.asked = true,
                                     .scored = true,
                                     .answer.reply.text = view_make(text, LEN),
                                     .score = {MICRO, MICRO, MICRO, MICRO, MICRO, MICRO}};
        entries[i] = (struct run_entry){.id = VIEW("entry"),
                                        .samples = &samples[i],
                                        .sample_count = 1,
                                        .scored_count = 1,
                                        .noise_micro = SCORE_ABSENT,
                                        .passed = true,
                                        .score = samples[i].score};
    }
    struct run run = whole(entries, COUNT);
    write_page(&run);
    assert_true(out.len < 5000000);
    assert_has("are listed without their answers");
}

static void an_address_that_is_no_address_is_no_link(void **state)
{
    struct run run = whole(NULL, 0);

    (void)state;
    run.provenance.ci = view_of("javascript:alert(1)");
    write_page(&run);
    assert_lacks("href=\"javascript");
    assert_has("javascript:alert(1)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(markup_is_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_nobody_sees_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_tabs_and_what_emoji_are_made_of_stay, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_attribute_holds_no_tag, set_up, tear_down),
        cmocka_unit_test_setup_teardown(broken_bytes_become_valid_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_what_is_a_language_becomes_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(figures_read_as_people_write_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_finding_is_marked_where_it_stands, set_up, tear_down),
        cmocka_unit_test_setup_teardown(marks_that_overlap_are_all_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(findings_past_the_end_harm_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sentence_in_another_language_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_answer_is_said_to_be_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_difference_for_people_still_holds_both_texts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_line_that_went_is_one_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_policy_names_the_hashes_of_what_is_inside, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_run_of_nothing_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_run_that_was_interrupted_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(errors_alone_make_a_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(past_the_limit_entries_stand_without_their_answers, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_address_that_is_no_address_is_no_link, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
