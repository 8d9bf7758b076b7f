/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 4648's own examples, the round trip, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "wire/base64.h"

struct pair {
    const char *bytes;
    const char *text;
};

static const struct pair examples[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xff\xef\xfe", "/+/+"},
};

static void the_examples_of_rfc_4648_hold_both_ways(void **state)
{
    (void)state;
    struct strbuf out;
    strbuf_init(&out, 100);

    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        strbuf_reset(&out);
        base64_encode(&out, view_of(examples[i].bytes));
        assert_string_equal(strbuf_text(&out), examples[i].text);
        char text[100];
        size_t len = base64_encode_to(text, view_of(examples[i].bytes));
        assert_true(view_is(view_make(text, len), examples[i].text));
        strbuf_reset(&out);
        assert_int_equal(base64_decode(&out, view_of(examples[i].text)), 0);
        assert_string_equal(strbuf_text(&out), examples[i].bytes);
    }
    strbuf_release(&out);
}

static void any_bytes_come_back(void **state)
{
    (void)state;
    struct rng rng;
    struct strbuf text;
    struct strbuf back;
    unsigned char bytes[70];
    rng_init(&rng, 7);
    strbuf_init(&text, 200);
    strbuf_init(&back, 200);

    for (size_t len = 0; len < sizeof bytes; len++) {
        for (size_t i = 0; i < len; i++)
            bytes[i] = (unsigned char)rng_next(&rng);
        strbuf_reset(&text);
        strbuf_reset(&back);
        base64_encode(&text, view_make(bytes, len));
        assert_int_equal(base64_decode(&back, strbuf_view(&text)), 0);
        assert_true(view_equal(strbuf_view(&back), view_make(bytes, len)));
    }
    strbuf_release(&text);
    strbuf_release(&back);
}

static void what_is_not_base64_is_refused_and_leaves_nothing(void **state)
{
    (void)state;
    const char *const bad[] = {"Z",    "Zg",   "Zg=",  "Zg=a",     "=Zg=",
                               "Zh==", "Zm9=", "Zm8 ", "Zm\n8",    "Zm-v",
                               "Zm_v", "====", "Z===", "Zg==Zg==", "\xff\xff\xff\xff"};
    struct strbuf out;
    strbuf_init(&out, 100);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(base64_decode(&out, view_of(bad[i])), ERR_INVALID);
        assert_int_equal(out.len, 0);
    }
    strbuf_release(&out);
}

static void a_full_buffer_is_said(void **state)
{
    (void)state;
    struct strbuf out;
    strbuf_init(&out, 3);

    assert_int_equal(base64_decode(&out, view_of("Zm9vYmFy")), ERR_LIMIT);
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_4648_hold_both_ways),
        cmocka_unit_test(any_bytes_come_back),
        cmocka_unit_test(what_is_not_base64_is_refused_and_leaves_nothing),
        cmocka_unit_test(a_full_buffer_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
