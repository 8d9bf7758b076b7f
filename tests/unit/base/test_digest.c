/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of base/digest.h, by the vectors of FIPS 180-4 and RFC 4231. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

static void assert_hex(struct digest digest, const char *expected)
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(&digest, hex);
    assert_string_equal(hex, expected);
}

static void sha_256_is_that_of_the_standard(void **state)
{
    (void)state;

    assert_hex(digest_of(view_of("abc")),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_hex(digest_of(view_make(NULL, 0)),
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_hex(digest_of(view_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    char *million = mem_new(1000000, 1);
    assert_non_null(million);
    memset(million, 'a', 1000000);
    assert_hex(digest_of(view_make(million, 1000000)),
               "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    mem_free(million);
}

static void hmac_is_that_of_the_rfc_for_short_and_long_keys(void **state)
{
    (void)state;
    char key[131];

    memset(key, 0x0b, 20);
    assert_hex(digest_hmac(view_make(key, 20), view_of("Hi There")),
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_hex(digest_hmac(view_of("Jefe"), view_of("what do ya want for nothing?")),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    assert_hex(digest_hmac(view_make(key, sizeof key),
                           view_of("Test Using Larger Than Block-Size Key - Hash Key First")),
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_hex(digest_hmac(view_make(NULL, 0), view_make(NULL, 0)),
               "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void versions_are_named_by_the_first_twelve_digits(void **state)
{
    (void)state;
    char name[DIGEST_SHORT_SIZE];

    digest_short(view_of("abc"), name);
    assert_string_equal(name, "ba7816bf8f01");
    struct digest digest = digest_of(view_of("abc"));
    assert_int_equal(digest_view(&digest).len, 32);
    assert_memory_equal(digest_view(&digest).ptr, "\xba\x78\x16\xbf", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha_256_is_that_of_the_standard),
        cmocka_unit_test(hmac_is_that_of_the_rfc_for_short_and_long_keys),
        cmocka_unit_test(versions_are_named_by_the_first_twelve_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
