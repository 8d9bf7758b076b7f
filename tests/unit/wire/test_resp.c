/* SPDX-License-Identifier: Apache-2.0
 *
 * Redis's protocol read as the RESP3 specification and redis-server 7.0 have it, and what is
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>

#include <cmocka.h>

#include "base/mem.h"
#include "wire/resp.h"

struct example {
    const char *bytes;
    const char *events; /* a word each: depth, type, what it holds; '!' after what is complete */
};

struct refusal {
    const char *bytes;
    int code;
    const char *says;
};

static void add_event(struct strbuf *out, const struct resp_event *event)
{
    if (event->offset == 0)
        strbuf_printf(out, "%s%u%c", out->len > 0 ? " " : "", event->depth, (char)event->type);
    strbuf_add(out, event->text);
    if (event->type == RESP_ARRAY || event->type == RESP_MAP || event->type == RESP_SET
        || event->type == RESP_PUSH || event->type == RESP_ATTRIBUTE)
        strbuf_printf(out, "%llu", (unsigned long long)event->count);
    if (event->complete)
        strbuf_add_byte(out, '!');
}

static int read_all(enum resp_side side, const struct resp_limits *limits, const char *bytes,
                    struct strbuf *out, struct err *reterr)
{
    struct resp_parser parser;
    struct resp_event event;
    struct view rest = view_of(bytes);
    int code;
    resp_parser_init(&parser, side, limits);

    while ((code = resp_feed(&parser, &rest, &event, reterr)) == 1)
        add_event(out, &event);
    if (code < 0) {
        struct view more = view_of("+OK\r\n");
        assert_int_equal(resp_feed(&parser, &more, &event, NULL), code);
    }
    resp_parser_release(&parser);
    return code;
}

static void check_examples(enum resp_side side, const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct strbuf got;
        strbuf_init(&got, 10000);
        assert_int_equal(read_all(side, NULL, examples[i].bytes, &got, NULL), 0);
        assert_string_equal(strbuf_text(&got), examples[i].events);
        strbuf_release(&got);
    }
}

static void check_refusals(enum resp_side side, const struct resp_limits *limits,
                           const struct refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct strbuf got;
        struct err err = {0};
        strbuf_init(&got, 10000);
        assert_int_equal(read_all(side, limits, refusals[i].bytes, &got, &err), refusals[i].code);
        assert_non_null(strstr(err.text, refusals[i].says));
        strbuf_release(&got);
    }
}

static void replies_of_version_2_are_read(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"+OK\r\n+\r\n", "0+OK! 0+!"},
        {"-ERR unknown command\r\n", "0-ERR unknown command!"},
        {":0\r\n:-1\r\n:+7\r\n:9223372036854775807\r\n", "0:0! 0:-1! 0:+7! 0:9223372036854775807!"},
        {"$5\r\nhello\r\n$0\r\n\r\n$2\r\n\r\n\r\n", "0$hello! 0$! 0$\r\n!"},
        {"$-1\r\n*-1\r\n*0\r\n", "0_! 0_! 0*0!"},
        {"*2\r\n*2\r\n:1\r\n*0\r\n$-1\r\n+x\r\n", "0*2 1*2 2:1 2*0 1_! 0+x!"},
    };
    check_examples(RESP_READS_REPLIES, examples, sizeof examples / sizeof examples[0]);
}

static void replies_of_version_3_are_read(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"_\r\n#t\r\n#f\r\n", "0_! 0#t! 0#f!"},
        {",1.23\r\n,10\r\n,-inf\r\n,1e-9\r\n", "0,1.23! 0,10! 0,-inf! 0,1e-9!"},
        {"(3492890328409238509324850943850943825024385\r\n(-0\r\n",
         "0(3492890328409238509324850943850943825024385! 0(-0!"},
        {"!21\r\nSYNTAX invalid syntax\r\n=6\r\ntxt:hi\r\n", "0!SYNTAX invalid syntax! 0=txt:hi!"},
        {"%2\r\n+a\r\n:1\r\n+b\r\n%0\r\n~1\r\n_\r\n", "0%2 1+a 1:1 1+b 1%0! 0~1 1_!"},
        {">2\r\n+message\r\n$1\r\nx\r\n+OK\r\n", "0>2 1+message 1$x! 0+OK!"},
        {"|1\r\n+ttl\r\n:9\r\n*1\r\n:1\r\n", "0|1 1+ttl 1:9 0*1 1:1!"},
        {"*2\r\n:1\r\n|1\r\n+a\r\n*1\r\n:0\r\n:2\r\n", "0*2 1:1 1|1 2+a 2*1 3:0 1:2!"},
        {"|0\r\n:1\r\n", "0|0 0:1!"},
    };
    check_examples(RESP_READS_REPLIES, examples, sizeof examples / sizeof examples[0]);
}

static void numbers_and_booleans_come_as_values(void **state)
{
    (void)state;
    struct resp_parser parser;
    struct resp_event event;
    struct view rest = view_of(":-9223372036854775808\r\n#t\r\n,-2.5\r\n,inf\r\n,nan\r\n");
    resp_parser_init(&parser, RESP_READS_REPLIES, NULL);

    assert_int_equal(resp_feed(&parser, &rest, &event, NULL), 1);
    assert_true(event.integer == INT64_MIN);
    assert_int_equal(resp_feed(&parser, &rest, &event, NULL), 1);
    assert_int_equal(event.integer, 1);
    assert_int_equal(resp_feed(&parser, &rest, &event, NULL), 1);
    assert_true(event.number == -2.5);
    assert_int_equal(resp_feed(&parser, &rest, &event, NULL), 1);
    assert_true(isinf(event.number) && event.number > 0);
    assert_int_equal(resp_feed(&parser, &rest, &event, NULL), 1);
    assert_true(isnan(event.number));
    resp_parser_release(&parser);
}

static void commands_are_read_as_arrays_or_as_typed(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n", "0*2 1$GET 1$k! 0*1 1$PING!"},
        {"GET k\r\n PING \n", "0*2 1$GET 1$k! 0*1 1$PING!"},
        {"\r\n\n*0\r\n*-1\r\n  \r\nPING\r\n", "0*1 1$PING!"},
        {"SET k \"a b\\n\\x41\\\"\" 'it\\'s \\n' \"\"\r\n",
         "0*5 1$SET 1$k 1$a b\nA\" 1$it's \\n 1$!"},
        {"SET k a\"b c\" \"\\xzz\"\r\n", "0*4 1$SET 1$k 1$ab c 1$xzz!"},
    };
    check_examples(RESP_READS_COMMANDS, examples, sizeof examples / sizeof examples[0]);
}

static void a_reply_that_cannot_be_is_refused_by_name(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {"GET k\r\n", ERR_PROTOCOL, "byte 0x47"},
        {"\r\n", ERR_PROTOCOL, "byte 0x0d"},
        {"+OK\n", ERR_PROTOCOL, "CR LF"},
        {"+O\rK\r\n", ERR_PROTOCOL, "CR LF"},
        {":\r\n", ERR_PROTOCOL, "':' with '', which is no integer"},
        {":1x\r\n", ERR_PROTOCOL, "'1x', which is no integer"},
        {":+-1\r\n", ERR_PROTOCOL, "'+-1', which is no integer"},
        {":01\r\n", ERR_PROTOCOL, "'01', which is no integer"},
        {":9223372036854775808\r\n", ERR_PROTOCOL, "'9223372036854775808', which is no integer"},
        {":-9223372036854775809\r\n", ERR_PROTOCOL, "'-9223372036854775809', which is no integer"},
        {"$18446744073709551621\r\nhello\r\n", ERR_PROTOCOL, "bulk length '18446744073709551621'"},
        {"$9223372036854775808\r\n", ERR_PROTOCOL, "bulk length '9223372036854775808'"},
        {"$9223372036854775807\r\n", ERR_LIMIT, "a string of 9223372036854775807 bytes"},
        {"$4294967301\r\nhello\r\n", ERR_LIMIT, "a string of 4294967301 bytes"},
        {"$-2\r\n", ERR_PROTOCOL, "bulk length '-2'"},
        {"$-5\r\n", ERR_PROTOCOL, "bulk length '-5'"},
        {"$-9223372036854775808\r\n", ERR_PROTOCOL, "bulk length '-9223372036854775808'"},
        {"$-9223372036854775809\r\n", ERR_PROTOCOL, "bulk length '-9223372036854775809'"},
        {"$-0\r\n", ERR_PROTOCOL, "bulk length '-0'"},
        {"$+5\r\nhello\r\n", ERR_PROTOCOL, "bulk length '+5'"},
        {"$05\r\nhello\r\n", ERR_PROTOCOL, "bulk length '05'"},
        {"$ 5\r\nhello\r\n", ERR_PROTOCOL, "bulk length ' 5'"},
        {"$\r\n", ERR_PROTOCOL, "bulk length ''"},
        {"$\x01\xff\r\n", ERR_PROTOCOL, "bulk length '?\?'"},
        {"$1234567890123456789012345678901234567890123\r\n", ERR_PROTOCOL,
         "bulk length '1234567890123456789012345678901234567890...'"},
        {"$5\r\nhello\n\n", ERR_PROTOCOL, "a string that does not end"},
        {"$5\r\nhello\r\r", ERR_PROTOCOL, "a string that does not end"},
        {"$0\r\nx\r\n", ERR_PROTOCOL, "a string that does not end"},
        {"$?\r\n;0\r\n", ERR_UNSUPPORTED, "streamed"},
        {"*?\r\n.\r\n", ERR_UNSUPPORTED, "streamed"},
        {"!-1\r\n", ERR_PROTOCOL, "bulk length '-1'"},
        {"!9223372036854775808\r\n", ERR_PROTOCOL, "bulk length '9223372036854775808'"},
        {"=3\r\ntxt\r\n", ERR_PROTOCOL, "bulk length '3'"},
        {"=-1\r\n", ERR_PROTOCOL, "bulk length '-1'"},
        {"*-2\r\n", ERR_PROTOCOL, "multibulk length '-2'"},
        {"%-1\r\n", ERR_PROTOCOL, "multibulk length '-1'"},
        {"~-1\r\n", ERR_PROTOCOL, "multibulk length '-1'"},
        {">-1\r\n", ERR_PROTOCOL, "multibulk length '-1'"},
        {"|-1\r\n", ERR_PROTOCOL, "multibulk length '-1'"},
        {"*9223372036854775807\r\n", ERR_LIMIT, "9223372036854775807 values at once"},
        {"%9223372036854775807\r\n", ERR_LIMIT, "18446744073709551614 values at once"},
        {"*9223372036854775808\r\n", ERR_PROTOCOL, "multibulk length '9223372036854775808'"},
        {"*18446744073709551616\r\n", ERR_PROTOCOL, "multibulk length '18446744073709551616'"},
        {"*1\r\n>0\r\n", ERR_PROTOCOL, "a push within a reply"},
        {"_x\r\n", ERR_PROTOCOL, "'_' with 'x'"},
        {"#true\r\n", ERR_PROTOCOL, "'#' with 'true'"},
        {",\r\n", ERR_PROTOCOL, "','"},
        {",0x10\r\n", ERR_PROTOCOL, "',' with '0x10'"},
        {"(\r\n", ERR_PROTOCOL, "'('"},
        {"(-\r\n", ERR_PROTOCOL, "'('"},
        {"(1.5\r\n", ERR_PROTOCOL, "'(' with '1.5'"},
    };
    check_refusals(RESP_READS_REPLIES, NULL, refusals, sizeof refusals / sizeof refusals[0]);
}

static void a_command_that_cannot_be_is_refused_as_redis_does(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {"*1\r\n:1\r\n", ERR_PROTOCOL, "expected '$', got ':'"},
        {"*1\r\n*0\r\n", ERR_PROTOCOL, "expected '$', got '*'"},
        {"*1\r\n\r\n", ERR_PROTOCOL, "expected '$', got '?'"},
        {"*1\r\n$-1\r\n", ERR_PROTOCOL, "invalid bulk length '-1'"},
        {"*1\r\n$-5\r\n", ERR_PROTOCOL, "invalid bulk length '-5'"},
        {"*1\r\n$9223372036854775808\r\n", ERR_PROTOCOL, "invalid bulk length '92233"},
        {"*1\r\n$536870913\r\n", ERR_LIMIT, "a string of 536870913 bytes"},
        {"*9223372036854775808\r\n", ERR_PROTOCOL, "invalid multibulk length '92233"},
        {"*-7\r\n", ERR_PROTOCOL, "invalid multibulk length"},
        {"*x\r\n", ERR_PROTOCOL, "invalid multibulk length"},
        {"*1048577\r\n", ERR_LIMIT, "1048577 values at once"},
        {"GET \"a\r\n", ERR_PROTOCOL, "unbalanced quotes"},
        {"GET 'a\r\n", ERR_PROTOCOL, "unbalanced quotes"},
        {"GET \"a\"b\r\n", ERR_PROTOCOL, "unbalanced quotes"},
        {"GET \"a\\\r\n", ERR_PROTOCOL, "unbalanced quotes"},
    };
    check_refusals(RESP_READS_COMMANDS, NULL, refusals, sizeof refusals / sizeof refusals[0]);
}

static void limits_are_kept(void **state)
{
    (void)state;
    const struct resp_limits limits = {
        .bulk_bytes = 10, .value_bytes = 50, .line_bytes = 20, .elements = 4, .depth = 2};
    static const struct refusal refusals[] = {
        {"$11\r\n", ERR_LIMIT, "at most 10"},
        {"+123456789012345678901", ERR_LIMIT, "more than 20 bytes"},
        {"+12345678901234567890\r\n", ERR_LIMIT, "more than 20 bytes"},
        {"*4\r\n", ERR_LIMIT, "4 values"},
        {"%2\r\n", ERR_LIMIT, "4 values"},
        {"*1\r\n*1\r\n*0\r\n", ERR_LIMIT, "2 deep"},
        {"|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n", ERR_LIMIT, "4 values"},
        {"*3\r\n$10\r\n0123456789\r\n$10\r\n0123456789\r\n$10\r\n", ERR_LIMIT, "50 bytes"},
    };
    struct strbuf got;
    strbuf_init(&got, 1000);

    check_refusals(RESP_READS_REPLIES, &limits, refusals, sizeof refusals / sizeof refusals[0]);
    assert_int_equal(read_all(RESP_READS_REPLIES, &limits,
                              "$10\r\n0123456789\r\n+1234567890123456789\r\n*3\r\n:1\r\n*0\r\n_\r\n"
                              "*1\r\n*1\r\n:1\r\n*1\r\n*1\r\n:1\r\n",
                              &got, NULL),
                     0);
    strbuf_release(&got);
}

static void depth_is_at_most_32_whatever_is_asked_for(void **state)
{
    (void)state;
    const struct resp_limits limits = {.depth = 1000};
    struct strbuf bytes;
    struct strbuf got;
    strbuf_init(&bytes, 1000);
    strbuf_init(&got, 1000);

    for (int i = 0; i < RESP_DEPTH_MAX; i++)
        strbuf_add_text(&bytes, "*1\r\n");
    assert_int_equal(read_all(RESP_READS_REPLIES, &limits, strbuf_text(&bytes), &got, NULL), 0);
    static const char *const bombs[] = {"*1\r\n", "%1\r\n", "~1\r\n", "|1\r\n"};
    size_t len = bytes.len;
    for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
        struct err err = {0};
        strbuf_cut(&bytes, len);
        strbuf_add_text(&bytes, bombs[i]);
        assert_int_equal(read_all(RESP_READS_REPLIES, &limits, strbuf_text(&bytes), &got, &err),
                         ERR_LIMIT);
        assert_non_null(strstr(err.text, "more than 32 deep"));
    }
    strbuf_release(&bytes);
    strbuf_release(&got);
}

static void a_huge_string_passes_through_without_memory(void **state)
{
    (void)state;
    static char piece[1 << 20];
    const uint64_t length = UINT64_C(512) << 20;
    struct resp_parser parser;
    struct resp_event event;
    struct view rest = view_of("$536870912\r\n");
    uint64_t got = 0;
    resp_parser_init(&parser, RESP_READS_REPLIES, NULL);

    mem_fail_at(1);
    assert_int_equal(resp_feed(&parser, &rest, &event, NULL), 0);
    while (got < length) {
        rest = view_make(piece, sizeof piece);
        assert_int_equal(resp_feed(&parser, &rest, &event, NULL), 1);
        assert_int_equal(event.offset, got);
        assert_ptr_equal(event.text.ptr, piece);
        assert_false(event.last);
        got += event.text.len;
    }
    rest = view_of("\r\n");
    assert_int_equal(resp_feed(&parser, &rest, &event, NULL), 1);
    assert_true(event.last && event.complete);
    mem_fail_at(0);
    resp_parser_release(&parser);
}

static void a_connection_knows_whether_it_is_within_a_value(void **state)
{
    (void)state;
    static const char bytes[] = "*1\r\n$1\r\nx\r\n";
    struct resp_parser parser;
    struct resp_event event;
    resp_parser_init(&parser, RESP_READS_REPLIES, NULL);
    assert_false(resp_in_value(&parser));

    for (size_t i = 0; i < sizeof bytes - 1; i++) {
        struct view rest = view_make(bytes + i, 1);
        while (resp_feed(&parser, &rest, &event, NULL) == 1)
            continue;
        assert_int_equal(resp_in_value(&parser), i + 1 < sizeof bytes - 1);
    }
    resp_parser_release(&parser);
}

static void what_was_taken_up_to_complete_is_the_value(void **state)
{
    (void)state;
    static const char bytes[] = "*1\r\n$4\r\nPING\r\nGET k\r\n+";
    struct resp_parser parser;
    struct resp_event event = {.complete = false};
    struct view rest = view_of(bytes);
    resp_parser_init(&parser, RESP_READS_COMMANDS, NULL);

    while (!event.complete)
        assert_int_equal(resp_feed(&parser, &rest, &event, NULL), 1);
    assert_ptr_equal(rest.ptr, bytes + 14);
    do {
        assert_int_equal(resp_feed(&parser, &rest, &event, NULL), 1);
    } while (!event.complete);
    assert_ptr_equal(rest.ptr, bytes + 21);
    resp_parser_release(&parser);
}

static void what_is_written_is_what_redis_expects(void **state)
{
    (void)state;
    const struct view words[] = {VIEW("SET"), VIEW("k"), VIEW("a\r\nb"), VIEW("")};
    struct strbuf out;
    strbuf_init(&out, 1000);

    resp_write_command(&out, words, 4);
    assert_string_equal(strbuf_text(&out),
                        "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n$0\r\n\r\n");
    strbuf_reset(&out);
    resp_write_aggregate(&out, RESP_MAP, 1);
    resp_write_line(&out, RESP_ERROR, view_of("ERR a\r\nb"));
    resp_write_integer(&out, INT64_MIN);
    resp_write_string(&out, RESP_VERBATIM, view_of("txt:x"));
    assert_string_equal(strbuf_text(&out),
                        "%1\r\n-ERR a  b\r\n:-9223372036854775808\r\n=5\r\ntxt:x\r\n");
    strbuf_release(&out);
}

static void without_memory_it_fails_and_stays_failed(void **state)
{
    (void)state;
    struct resp_parser parser;
    struct resp_event event;
    struct view rest = view_of("PING\r\n");
    resp_parser_init(&parser, RESP_READS_COMMANDS, NULL);

    mem_fail_at(1);
    assert_int_equal(resp_feed(&parser, &rest, &event, NULL), ERR_MEMORY);
    mem_fail_at(0);
    assert_int_equal(resp_feed(&parser, &rest, &event, NULL), ERR_MEMORY);
    resp_parser_release(&parser);
    resp_parser_init(&parser, RESP_READS_REPLIES, NULL);
    rest = view_of("+O");
    mem_fail_at(1);
    assert_int_equal(resp_feed(&parser, &rest, &event, NULL), ERR_MEMORY);
    mem_fail_at(0);
    resp_parser_release(&parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_of_version_2_are_read),
        cmocka_unit_test(replies_of_version_3_are_read),
        cmocka_unit_test(numbers_and_booleans_come_as_values),
        cmocka_unit_test(commands_are_read_as_arrays_or_as_typed),
        cmocka_unit_test(a_reply_that_cannot_be_is_refused_by_name),
        cmocka_unit_test(a_command_that_cannot_be_is_refused_as_redis_does),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(depth_is_at_most_32_whatever_is_asked_for),
        cmocka_unit_test(a_huge_string_passes_through_without_memory),
        cmocka_unit_test(a_connection_knows_whether_it_is_within_a_value),
        cmocka_unit_test(what_was_taken_up_to_complete_is_the_value),
        cmocka_unit_test(what_is_written_is_what_redis_expects),
        cmocka_unit_test(without_memory_it_fails_and_stays_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
