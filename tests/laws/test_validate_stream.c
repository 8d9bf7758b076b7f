/* SPDX-License-Identifier: Apache-2.0
 *
 * The law of validated streams: the same bytes give the same matches, rulings and released bytes
 * whatever the cuts; what leaves is the beginning of the masked text, reckoned in the plainest way;
 * memory is bounded by what is undecided. A machine that holds nothing back is caught. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "hold_record.h"

enum {
    SEED = 20261124,
    TEXTS = 25,
    LONG_TEXTS = 40,
    TEXT_MAX = 64 << 20,
    KEPT_MAX = 2 * HOLD_UNDECIDED_MAX + HOLD_SENTENCE_MAX,
};

static struct hold_rig rig;

static int open_rig(void **state)
{
    (void)state;
    hold_rig_init(&rig);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    hold_rig_release(&rig);
    return 0;
}

static void show(const char *what, struct view text)
{
    printf("%s:", what);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte < 0x20 || byte > 0x7e || byte == '\\')
            printf("\\x%02x", byte);
        else
            putchar(byte);
    }
    putchar('\n');
}

/* The first line in which they differ. */
static void show_lines(struct view whole, struct view pieces)
{
    while (whole.len > 0 || pieces.len > 0) {
        struct view a = view_split(&whole, '\n');
        struct view b = view_split(&pieces, '\n');
        if (!view_equal(a, b)) {
            printf("whole:  %.*s\npieces: %.*s\n", VIEW_ARG(a), VIEW_ARG(b));
            return;
        }
    }
}

static void say_difference(const struct hold_plan *plan, struct view text, const char *cuts,
                           const struct hold_heard *whole, const struct hold_heard *heard)
{
    printf("plan %s, %s\n", plan->name, cuts);
    show("text", text);
    show("whole", strbuf_view(&whole->released));
    show("pieces", strbuf_view(&heard->released));
    show("expected", strbuf_view(&whole->expected));
    show_lines(strbuf_view(&whole->matches), strbuf_view(&heard->matches));
    fail_msg("the cuts changed what left or was found");
}

struct law {
    struct hold_machine *machine;
    const struct hold_plan *plan;
    struct hold_heard whole;
    struct hold_heard pieces;
};

static void law_init(struct law *law, const struct hold_plan *plan)
{
    law->plan = plan;
    law->machine = hold_machine_new(&rig, plan);
    heard_init(&law->whole);
    heard_init(&law->pieces);
}

static void law_release(struct law *law)
{
    hold_machine_free(law->machine);
    heard_release(&law->whole);
    heard_release(&law->pieces);
}

static void hear_whole(struct law *law, struct view text)
{
    const size_t all = text.len + 1;

    hold_run(law->machine, text, &all, 1, &law->whole);
    if (!heard_is_right(law->plan, &law->whole))
        say_difference(law->plan, text, "whole", &law->whole, &law->whole);
}

static void hear_pieces(struct law *law, struct view text, const size_t *cuts, size_t count)
{
    hold_run(law->machine, text, cuts, count, &law->pieces);
    if (!heard_equal(&law->whole, &law->pieces)) {
        char note[64];
        snprintf(note, sizeof note, "pieces of %zu, then %zu", cuts[0], cuts[count - 1]);
        say_difference(law->plan, text, note, &law->whole, &law->pieces);
    }
}

static void every_cut_gives_the_same(void **state)
{
    (void)state;
    struct strbuf text;
    struct rng rng;

    printf("seed %d\n", SEED);
    strbuf_init(&text, TEXT_MAX);
    for (size_t p = 0; p < hold_plan_count; p++) {
        struct law law;
        law_init(&law, &hold_plans[p]);
        rng_init(&rng, SEED + p);
        for (int i = 0; i < TEXTS; i++) {
            hold_text(&rng, 4 + rng_below(&rng, 8), &text);
            struct view view = strbuf_view(&text);
            hear_whole(&law, view);
            for (size_t size = 1; size <= view.len; size += size < 40 ? 1 : 13)
                hear_pieces(&law, view, &size, 1);
            for (size_t cut = 1; cut < view.len; cut++) {
                const size_t cuts[] = {cut, view.len};
                hear_pieces(&law, view, cuts, 2);
            }
        }
        law_release(&law);
    }
    strbuf_release(&text);
}

static void long_texts_keep_the_law_too(void **state)
{
    (void)state;
    struct strbuf text;
    struct rng rng;

    rng_init(&rng, SEED);
    strbuf_init(&text, TEXT_MAX);
    for (size_t p = 0; p < hold_plan_count; p++) {
        struct law law;
        law_init(&law, &hold_plans[p]);
        for (int i = 0; i < LONG_TEXTS; i++) {
            size_t cuts[64];
            hold_text(&rng, 100 + rng_below(&rng, 1000), &text);
            for (size_t k = 0; k < 64; k++)
                cuts[k] = 1 + rng_below(&rng, k % 8 == 0 ? 5000 : 40);
            hear_whole(&law, strbuf_view(&text));
            hear_pieces(&law, strbuf_view(&text), cuts, 1 + rng_below(&rng, 64));
        }
        law_release(&law);
    }
    strbuf_release(&text);
}

static void a_machine_that_holds_nothing_back_is_caught(void **state)
{
    (void)state;
    struct hold_plan careless = hold_plans[0];
    struct strbuf text;
    struct rng rng;
    unsigned caught = 0;

    careless.holds_nothing = true;
    rng_init(&rng, SEED);
    strbuf_init(&text, TEXT_MAX);
    struct hold_machine *machine = hold_machine_new(&rig, &careless);
    for (int i = 0; i < TEXTS; i++) {
        struct hold_heard heard;
        const size_t one = 1;
        heard_init(&heard);
        hold_text(&rng, 4 + rng_below(&rng, 8), &text);
        hold_run(machine, strbuf_view(&text), &one, 1, &heard);
        caught += !heard_is_right(&careless, &heard);
        heard_release(&heard);
    }
    hold_machine_free(machine);
    strbuf_release(&text);
    assert_true(caught > TEXTS / 3);
}

/* ---- bounds --------------------------------------------------------------------------------- */

static void stream(const struct hold_plan *plan, struct view text, struct hold_heard *heard)
{
    const size_t piece = 1000;
    struct hold_machine *machine = hold_machine_new(&rig, plan);

    hold_run(machine, text, &piece, 1, heard);
    hold_machine_free(machine);
}

static void what_never_ends_is_bounded_and_does_not_leave(void **state)
{
    (void)state;
    static const struct {
        const char *start;
        const char *unit; /* repeated up to 10 MB */
    } cases[] = {
        {"Your token: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w",
         "Ab9_"},
        {"Here: -----BEGIN RSA PRIVATE KEY-----\n", "MIIEpAIBAAKCAQEA\n"},
        {"か", "\u3099"},
        {"", "a"},
        {"", "あ"},
        {"", "1"},
        {"", "1 "},
        {"", "@"},
        {"x", "\xff"},
        {"\"", "\\u0041"},
        {"", "\xe3\x80"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct strbuf text;
        strbuf_init(&text, TEXT_MAX);
        strbuf_add_text(&text, cases[i].start);
        while (text.len < 2 << 20)
            strbuf_add_text(&text, cases[i].unit);
        for (size_t p = 0; p < hold_plan_count; p++) {
            struct hold_heard heard;
            if (hold_plans[p].after == POLICY_AFTER_WHOLE)
                continue;
            heard_init(&heard);
            stream(&hold_plans[p], strbuf_view(&text), &heard);
            if (!heard_is_right(&hold_plans[p], &heard) || heard.kept_max > KEPT_MAX)
                fail_msg("%s %zu: kept %zu, %zu bytes left, %zu expected", hold_plans[p].name, i,
                         heard.kept_max, heard.released.len, heard.expected.len);
            heard_release(&heard);
        }
        strbuf_release(&text);
    }
}

/* ---- examples ------------------------------------------------------------------------------- */

static void expect_release(size_t plan, const char *text, const char *released)
{
    struct view view = view_of(text);

    for (size_t size = 1; size <= view.len; size++) {
        struct hold_heard heard;
        struct hold_machine *machine = hold_machine_new(&rig, &hold_plans[plan]);
        heard_init(&heard);
        hold_run(machine, view, &size, 1, &heard);
        assert_string_equal(strbuf_text(&heard.released), released);
        heard_release(&heard);
        hold_machine_free(machine);
    }
}

static void spans_are_masked_in_place_and_neighbours_become_one(void **state)
{
    (void)state;

    expect_release(1, "連絡先はtaro@example.comです。", "連絡先は[PERSONAL]です。");
    expect_release(1, "a 在庫切れ在庫切れ b", "a [WORD] b");
    expect_release(1, "在庫切れ", "[WORD]");
    expect_release(1, "key AKIAIOSFODNN7QWERTYU.", "key [REDACTED].");
}

static void an_answer_is_cut_before_what_may_not_leave(void **state)
{
    (void)state;

    expect_release(0, "連絡先はtaro@example.comです。", "連絡先は");
    expect_release(0, "本は在庫切れです。", "本は");
    expect_release(4, "はい。本は在庫切れです。次。", "はい。");
    expect_release(4, "Yes. Dr.Stone is 3.5 out. 残念。No.", "Yes. Dr.Stone is 3.5 out.");
}

static void masks_in_json_are_json(void **state)
{
    (void)state;

    expect_release(6, "{\"mail\": \"taro\\u0040example.com\"}", "{\"mail\": \"[PERSONAL]\"}");
    expect_release(6, "{\"card\": 4111111111111111}", "{\"card\": \"[PERSONAL]\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_are_masked_in_place_and_neighbours_become_one),
        cmocka_unit_test(an_answer_is_cut_before_what_may_not_leave),
        cmocka_unit_test(masks_in_json_are_json),
        cmocka_unit_test(every_cut_gives_the_same),
        cmocka_unit_test(long_texts_keep_the_law_too),
        cmocka_unit_test(a_machine_that_holds_nothing_back_is_caught),
        cmocka_unit_test(what_never_ends_is_bounded_and_does_not_leave),
    };
    return cmocka_run_group_tests(tests, open_rig, close_rig);
}
