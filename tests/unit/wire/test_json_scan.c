/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of the scanner in wire/json.h, and JSONTestSuite (shared data): every file whole,
 * cut in two at every byte, and byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../laws/json_record.h"

static void assert_record(const char *text, const char *expected)
{
    struct strbuf out;

    strbuf_init(&out, RECORD_BYTES_MAX);
    json_record(view_of(text), NULL, 0, &out);
    assert_string_equal(strbuf_text(&out), expected);
    strbuf_release(&out);
}

static void events_come_in_order_with_their_places(void **state)
{
    (void)state;
    assert_record("{\"a\": [1, true],\n \"\xc3\xa9\" : \"x\", \"b\":null}", "{ 0 1:1 \n"
                                                                            "key 1 1:2 a\n"
                                                                            "[ 6 1:7 \n"
                                                                            "number 7 1:8 1\n"
                                                                            "true 10 1:11 \n"
                                                                            "] 14 1:15 \n"
                                                                            "key 18 2:2 \xc3\xa9\n"
                                                                            "string 25 2:8 x\n"
                                                                            "key 30 2:13 b\n"
                                                                            "null 34 2:17 \n"
                                                                            "} 38 2:21 \n");
}

static void escapes_are_decoded_and_lone_surrogates_replaced(void **state)
{
    (void)state;
    assert_record("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00E9\\u20ac\"",
                  "string 0 1:1 \"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\n");
    assert_record("\"\\ud83d\\ude00\"", "string 0 1:1 \xf0\x9f\x98\x80\n");
    assert_record("\"\\ud83dx\\ude00\\ud83d\"",
                  "string 0 1:1 \xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd\n");
    assert_record("\"\\ud83d\\ud83d\\ude00\\ud83d\\n\"",
                  "string 0 1:1 \xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd\n\n");
}

static void a_number_at_the_end_is_complete_only_with_the_end(void **state)
{
    (void)state;
    struct json_scanner scanner;
    struct json_event event;
    struct view rest = view_of("-1");

    json_scanner_init(&scanner);
    assert_int_equal(json_scan(&scanner, &rest, &event, NULL), 1);
    assert_int_equal(event.kind, JSON_EVENT_NUMBER);
    assert_false(event.last);
    assert_int_equal(json_scan(&scanner, &rest, &event, NULL), 0);
    rest = view_of("2e3");
    assert_int_equal(json_scan(&scanner, &rest, &event, NULL), 1);
    assert_true(view_is(event.bytes, "2e3"));
    assert_int_equal(json_scan_end(&scanner, &event, NULL), 1);
    assert_true(event.last);
    assert_int_equal(json_scan_end(&scanner, &event, NULL), 0);
}

static void errors_say_where_what_and_how_to_mend_it(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "1:1: there is nothing here; expected a value"},
        {"{\"a\":1 \"b\"", "1:8: expected ',' or '}' after a member, found '\"'"},
        {"[1 2]", "1:4: expected ',' or ']' after an element, found '2'"},
        {"[1,]", "1:4: a comma before ']'; remove it, or add an element"},
        {"{\"a\":1,}", "1:8: a comma before '}'; remove it, or add a member"},
        {"{a:1}", "1:2: expected a member name in double quotes or '}', found 'a'"},
        {"{\"a\" 1}", "1:6: expected ':' after a member name, found '1'"},
        {"'x'", "1:1: expected a value, found ''' (strings take double quotes)"},
        {"NaN", "1:1: expected a value, found 'N' (NaN, None and NULL are not JSON, write null)"},
        {"[\n 01]", "2:3: a number must not start with 0 and further digits"},
        {"-x", "1:2: expected a digit after '-', found 'x'"},
        {"1.", "1:3: cut short inside a number"},
        {"tru ", "1:4: expected the word true, found byte 0x20"},
        {"nul", "1:4: cut short; expected the word null"},
        {"\"\xe6\x97\xa5\\x\"", "1:4: expected one of \" \\ / b f n r t u after '\\', found 'x'"},
        {"\"\\u12g4\"", "1:6: expected a hexadecimal digit of \\uXXXX, found 'g'"},
        {"\"a\nb\"",
         "1:3: expected a character or the string's end quote, found byte 0x0A (write a "
         "line feed in a string as \\n)"},
        {"\"a\tb\"", "1:3: expected a character or the string's end quote, found byte 0x09 (write "
                     "control characters as \\u00XX)"},
        {"[\"\xe3\x81\"]", "1:4: invalid UTF-8: expected the rest of a character, found '\"'"},
        {"[\"\xff\"]", "1:3: invalid UTF-8: expected a character, found byte 0xFF"},
        {"[\"a", "1:4: cut short; the string that starts at 1:2 has no end"},
        {"[1,\n{\"a\":\n", "3:1: cut short; expected a value after ':'"},
        {"\xef\xbb\xbf{}", "1:1: expected a value, found byte 0xEF (if it begins a byte order "
                           "mark, EF BB BF: remove that)"},
        {"\xff{}", "1:1: expected a value, found byte 0xFF (save the text as UTF-8)"},
        {"{} x", "1:4: expected nothing more after the document, found 'x'"},
        {"```json", "1:1: expected a value, found '`' (a Markdown fence is not JSON)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err;
        assert_false(json_valid(view_of(cases[i][0]), &err));
        assert_int_equal(err.code, ERR_SYNTAX);
        assert_string_equal(err.text, cases[i][1]);
        assert_false(json_valid(view_of(cases[i][0]), NULL));
    }
}

static void a_failed_document_stays_failed(void **state)
{
    (void)state;
    struct json_scanner scanner;
    struct json_event event;
    struct view rest = view_of("]1");

    json_scanner_init(&scanner);
    assert_int_equal(json_scan(&scanner, &rest, &event, NULL), ERR_SYNTAX);
    rest = view_of("1");
    assert_int_equal(json_scan(&scanner, &rest, &event, NULL), ERR_SYNTAX);
    assert_int_equal(json_scan_end(&scanner, &event, NULL), ERR_SYNTAX);
}

static void nesting_ends_at_its_limit(void **state)
{
    (void)state;
    char text[2 * JSON_DEPTH_MAX + 2];
    struct err err;

    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    assert_true(json_valid(view_make(text, (size_t)2 * JSON_DEPTH_MAX), NULL));
    memset(text, '[', JSON_DEPTH_MAX + 1);
    assert_false(json_valid(view_make(text, (size_t)2 * JSON_DEPTH_MAX), &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_string_equal(err.text, "1:513: nested deeper than 512 levels");
}

/* ---- JSONTestSuite -------------------------------------------------------------------------- */

static void read_file(const char *path, struct strbuf *out)
{
    char bytes[65536];
    size_t got;
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    while ((got = fread(bytes, 1, sizeof bytes, file)) > 0)
        strbuf_add(out, view_make(bytes, got));
    fclose(file);
}

/* How many bytes are looked at: what lies behind an error is not. */
static size_t bytes_taken(struct view text)
{
    struct json_scanner scanner;
    struct json_event event;

    json_scanner_init(&scanner);
    while (json_scan(&scanner, &text, &event, NULL) == 1)
        continue;
    return scanner.offset;
}

static void check_file(const char *name, struct view text)
{
    struct arena arena;
    struct json *root;
    struct strbuf whole;
    struct strbuf cut;

    strbuf_init(&whole, RECORD_BYTES_MAX);
    strbuf_init(&cut, RECORD_BYTES_MAX);
    arena_init(&arena, 64 << 20);
    int code = json_record(text, NULL, 0, &whole);
    assert_int_equal(json_parse(&arena, text, &root, NULL), code);
    assert_int_equal(json_valid(text, NULL), code == 0);
    if (name[0] == 'y')
        assert_int_equal(code, 0);
    if (name[0] == 'n')
        assert_int_not_equal(code, 0);
    size_t taken = bytes_taken(text);
    for (size_t at = 0; at <= text.len && at <= taken + 1; at++) {
        strbuf_reset(&cut);
        json_record(text, &at, 1, &cut);
        assert_true(view_equal(strbuf_view(&cut), strbuf_view(&whole)));
    }
    strbuf_reset(&cut);
    json_record_bytes(text, &cut);
    assert_true(view_equal(strbuf_view(&cut), strbuf_view(&whole)));
    arena_release(&arena);
    strbuf_release(&whole);
    strbuf_release(&cut);
}

static void the_public_suite_is_read_right_however_it_is_cut(void **state)
{
    (void)state;
    const char *shared = getenv("ASSAY_SHARED");
    char path[4096];
    size_t counts[128] = {0};

    snprintf(path, sizeof path, "%s/data/json-test-suite/test_parsing",
             shared != NULL ? shared : "");
    DIR *folder = shared != NULL ? opendir(path) : NULL;
    if (folder == NULL) {
        print_message("skipped: no JSONTestSuite in ASSAY_SHARED/data\n");
        skip();
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char file[8192];
        struct strbuf text;
        if (strstr(entry->d_name, ".json") == NULL)
            continue;
        strbuf_init(&text, RECORD_BYTES_MAX);
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        read_file(file, &text);
        check_file(entry->d_name, strbuf_view(&text));
        strbuf_release(&text);
        counts[entry->d_name[0] & 0x7f]++;
    }
    closedir(folder);
    print_message("JSONTestSuite: %zu accepted, %zu refused, %zu of either kind\n", counts['y'],
                  counts['n'], counts['i']);
    assert_true(counts['y'] >= 95 && counts['n'] >= 188 && counts['i'] >= 35);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_in_order_with_their_places),
        cmocka_unit_test(escapes_are_decoded_and_lone_surrogates_replaced),
        cmocka_unit_test(a_number_at_the_end_is_complete_only_with_the_end),
        cmocka_unit_test(errors_say_where_what_and_how_to_mend_it),
        cmocka_unit_test(a_failed_document_stays_failed),
        cmocka_unit_test(nesting_ends_at_its_limit),
        cmocka_unit_test(the_public_suite_is_read_right_however_it_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
