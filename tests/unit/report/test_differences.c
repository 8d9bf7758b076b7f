/* SPDX-License-Identifier: Apache-2.0
 *
 * Line differences: what only one side has, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/strbuf.h"
#include "report/differences.h"

static void collect(void *context, char sign, struct view text)
{
    struct strbuf *out = context;
    strbuf_printf(out, "%c%.*s\n", sign, VIEW_ARG(text));
}

static void expect(const char *before, const char *after, const char *wanted)
{
    struct strbuf out;

    strbuf_init(&out, 1 << 20);
    differences_lines(view_of(before), view_of(after), collect, &out);
    assert_string_equal(strbuf_text(&out), wanted);
    strbuf_release(&out);
}

static void lines_that_one_side_lacks_are_told_in_order(void **state)
{
    (void)state;
    expect("a\nb\nc\n", "a\nc\n", "-b\n");
    expect("a\nc\n", "a\nb\nc\n", "+b\n");
    expect("a\nb\n", "a\nx\n", "-b\n+x\n");
    expect("same\n", "same\n", "");
    expect("", "new\n", "+new\n");
    expect("old\n", "", "-old\n");
    expect("", "", "");
}

/* What is told turns one text into the other, for random texts. */
static void the_difference_accounts_for_every_line(void **state)
{
    (void)state;
    struct rng rng;
    uint64_t seed = 20261123;

    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (int round = 0; round < 300; round++) {
        char before[64] = "";
        char after[64] = "";
        size_t lines[2] = {rng_below(&rng, 12), rng_below(&rng, 12)};
        for (size_t i = 0; i < lines[0]; i++)
            memcpy(before + 2 * i, (char[]){(char)('a' + rng_below(&rng, 3)), '\n'}, 2);
        for (size_t i = 0; i < lines[1]; i++)
            memcpy(after + 2 * i, (char[]){(char)('a' + rng_below(&rng, 3)), '\n'}, 2);
        struct strbuf out;
        strbuf_init(&out, 1 << 20);
        differences_lines(view_of(before), view_of(after), collect, &out);
        size_t removed = 0;
        size_t added = 0;
        for (size_t i = 0; i < out.len; i += 3)
            *(out.ptr[i] == '-' ? &removed : &added) += 1;
        assert_int_equal(lines[0] - removed, lines[1] - added);
        strbuf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_that_one_side_lacks_are_told_in_order),
        cmocka_unit_test(the_difference_accounts_for_every_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
