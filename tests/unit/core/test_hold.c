/* SPDX-License-Identifier: Apache-2.0
 *
 * The hold-back machine's promises beside its law (tests/laws/test_validate_stream.c): when text
 * leaves, what ends it, what is counted, and that it stands a lack of memory. */
#include "validate_rig.h"

#include "base/mem.h"
#include "core/validate/stream.h"

static struct rig rig;
static enum policy_action action;

static int tear_down(void **state)
{
    (void)state;
    rig_free(&rig);
    return 0;
}

static struct hold_ruling rule(void *context, const struct hold_match *match, struct view text)
{
    (void)context;
    (void)match;
    (void)text;
    return (struct hold_ruling){.action = action, .label = VIEW("*")};
}

static struct hold *open_hold(enum policy_after after, enum policy_action what)
{
    const struct hold_subject subject = {.judge = {.rule = rule}};
    struct hold *hold = NULL;

    rig_new(&rig, "checks: [{check: pattern.bad, not: 'bad[0-9]{0,4}', action: mask}]");
    rig.policy.after = after;
    action = what;
    assert_int_equal(hold_new(&rig.policy, rig.scratch, &hold), 0);
    assert_int_equal(hold_begin(hold, &subject), 0);
    return hold;
}

static void feed(struct hold *hold, const char *text, const char *leaves)
{
    struct view left = VIEW("");

    assert_int_equal(hold_feed(hold, view_of(text)), 0);
    bool some = hold_release(hold, &left);
    if (!view_is(left, leaves))
        fail_msg("'%s' let out '%.*s', not '%s'", text, VIEW_ARG(left), leaves);
    assert_true(some == (left.len > 0));
    assert_false(hold_release(hold, &left));
}

static void finish(struct hold *hold, const char *leaves)
{
    struct view left = VIEW("");

    assert_int_equal(hold_finish(hold), 0);
    (void)hold_release(hold, &left);
    if (!view_is(left, leaves))
        fail_msg("the end let out '%.*s', not '%s'", VIEW_ARG(left), leaves);
    hold_free(hold);
}

static void text_leaves_as_soon_as_nothing_can_start_in_it(void **state)
{
    (void)state;
    struct hold *hold = open_hold(POLICY_AFTER_EVENT, POLICY_MASK);

    feed(hold, "hello ", "hello");
    feed(hold, "world. ", " world.");
    feed(hold, "b", " ");
    feed(hold, "a", "");
    feed(hold, "nana ", "banana");
    feed(hold, "bad12", " ");
    feed(hold, "34 and", "* an");
    finish(hold, "d");
}

static void a_cut_ends_the_release_and_not_the_judging(void **state)
{
    (void)state;
    struct hold *hold = open_hold(POLICY_AFTER_EVENT, POLICY_FALLBACK);
    struct hold_match match;

    feed(hold, "fine ", "fine");
    assert_false(hold_is_doomed(hold));
    feed(hold, "bad1 and more bad2, ", " ");
    assert_true(hold_is_doomed(hold));
    assert_true(hold_is_cut(hold));
    feed(hold, "and bad3.", "");
    assert_int_equal(hold_finish(hold), 0);
    for (uint64_t count = 0; count < 3; count++)
        assert_true(hold_next(hold, &match) && match.action == POLICY_FALLBACK);
    assert_false(hold_next(hold, &match));
    assert_int_equal(match.start, 29);
    assert_int_equal(match.end, 33);
    hold_free(hold);
}

static void the_caller_may_end_the_release(void **state)
{
    (void)state;
    struct view left;
    struct hold *hold = open_hold(POLICY_AFTER_EVENT, POLICY_MASK);

    feed(hold, "one two ", "one two");
    assert_int_equal(hold_feed(hold, view_of("three four five ")), 0);
    hold_stop(hold, 14);
    assert_false(hold_release(hold, &left));
    assert_true(hold_is_cut(hold));
    feed(hold, "six", "");
    finish(hold, "");
}

static void with_whole_nothing_leaves_before_the_end(void **state)
{
    (void)state;
    struct hold *hold = open_hold(POLICY_AFTER_WHOLE, POLICY_MASK);

    feed(hold, "one bad2 ", "");
    feed(hold, "three.\n", "");
    finish(hold, "one * three.\n");
}

static void with_sentences_only_whole_ones_leave(void **state)
{
    (void)state;
    struct hold *hold = open_hold(POLICY_AFTER_SENTENCE, POLICY_MASK);

    feed(hold, "「はい。」そうです", "「はい。」");
    feed(hold, "。v1.5 is", "そうです。");
    feed(hold, " out! N", "v1.5 is out!");
    feed(hold, "ow\nThen", " Now\n");
    finish(hold, "Then");
}

static void more_matches_are_counted_than_told(void **state)
{
    (void)state;
    struct hold *hold = open_hold(POLICY_AFTER_EVENT, POLICY_MASK);
    struct hold_match match;
    struct view left;
    unsigned told = 0;

    for (int i = 0; i < 1000; i++)
        assert_int_equal(hold_feed(hold, view_of("bad ")), 0);
    assert_int_equal(hold_finish(hold), 0);
    while (hold_next(hold, &match))
        told++;
    assert_int_equal(told, HOLD_MATCHES_MAX);
    assert_int_equal(hold_match_count(hold), 1000);
    assert_true(hold_release(hold, &left));
    assert_int_equal(left.len, 2000); /* every one is masked */
    hold_free(hold);
}

static void running_out_of_memory_is_told_and_leaks_nothing(void **state)
{
    (void)state;
    static const struct hold_subject subject = {.judge = {.rule = rule}, .flags = HOLD_JSON};
    static const struct view text = VIEW("{\"a\": \"bad1 \\u3042bad2 bad\\u0033 か\xe3\x82\x99\"}");

    rig_new(&rig, "checks: [{check: pattern.bad, not: 'bad[0-9]{0,4}', action: mask}]");
    action = POLICY_MASK;
    for (unsigned long n = 1; n < 80; n++) {
        struct hold *hold = NULL;
        struct view left;
        mem_fail_at(n);
        int code = hold_new(&rig.policy, rig.scratch, &hold);
        if (code == 0)
            code = hold_begin(hold, &subject);
        if (code == 0)
            code = hold_feed(hold, text);
        if (code == 0)
            code = hold_finish(hold);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        if (code == 0)
            assert_true(hold_release(hold, &left)
                        && view_is(left, "{\"a\": \"* \\u3042* * か\xe3\x82\x99\"}"));
        hold_free(hold);
    }
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(text_leaves_as_soon_as_nothing_can_start_in_it),
        TEST(a_cut_ends_the_release_and_not_the_judging),
        TEST(the_caller_may_end_the_release),
        TEST(with_whole_nothing_leaves_before_the_end),
        TEST(with_sentences_only_whole_ones_leave),
        TEST(more_matches_are_counted_than_told),
        TEST(running_out_of_memory_is_told_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
