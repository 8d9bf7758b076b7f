/* SPDX-License-Identifier: Apache-2.0
 *
 * A mapping against its table: each type, each way to be wrong, and the print of a table. */
#include "support.h"

#include "config/spec.h"

enum colour { RED, GREEN, BLUE };

struct inner {
    int64_t depth;
    struct view note;
};

struct sample {
    struct view text;
    struct view path;
    bool flag;
    int64_t count;
    double ratio;
    int64_t micro;
    uint64_t wait_ns;
    uint64_t bytes;
    enum colour colour;
    struct config_list list;
    struct config_list one_or_list;
    const struct json *headers;
    const struct json *map;
    const struct json *raw;
    struct inner inner;
    const struct json *named;
    const struct json *each;
    struct view secret;
};

#define AT(type, member) offsetof(struct type, member)

static const char *const colours[] = {"red", "green", "blue", NULL};

static const struct config_field inner_fields[] = {
    {.key = "depth",
     .type = CONFIG_INT,
     .offset = AT(inner, depth),
     .otherwise = "3",
     .help = "how deep"},
    {.key = "note", .type = CONFIG_TEXT, .offset = AT(inner, note), .help = "a note"},
};
static const struct config_table inner = {"inner", inner_fields, 2};

static const struct config_field fields[] = {
    {.key = "text",
     .type = CONFIG_TEXT,
     .offset = AT(sample, text),
     .help = "a text",
     .required = true},
    {.key = "path", .type = CONFIG_PATH, .offset = AT(sample, path), .help = "a path"},
    {.key = "flag",
     .type = CONFIG_BOOL,
     .offset = AT(sample, flag),
     .help = "a flag",
     .otherwise = "true"},
    {.key = "count",
     .type = CONFIG_INT,
     .offset = AT(sample, count),
     .help = "a count",
     .min = 1,
     .max = 1000,
     .otherwise = "7"},
    {.key = "ratio",
     .type = CONFIG_NUMBER,
     .offset = AT(sample, ratio),
     .help = "a ratio",
     .min = 0,
     .max = 2,
     .otherwise = "0.5"},
    {.key = "micro",
     .type = CONFIG_MICRO,
     .offset = AT(sample, micro),
     .help = "millionths",
     .min = 0,
     .max = 1500000,
     .otherwise = "0.2"},
    {.key = "wait",
     .type = CONFIG_DURATION,
     .offset = AT(sample, wait_ns),
     .help = "a time",
     .min = 1000000,
     .max = 3600000000000,
     .otherwise = "30s"},
    {.key = "bytes",
     .type = CONFIG_SIZE,
     .offset = AT(sample, bytes),
     .help = "a size",
     .min = 1,
     .max = 10000000,
     .otherwise = "64KB"},
    {.key = "colour",
     .type = CONFIG_CHOICE,
     .offset = AT(sample, colour),
     .help = "a colour",
     .choices = colours,
     .otherwise = "green"},
    {.key = "list", .type = CONFIG_LIST, .offset = AT(sample, list), .help = "a list"},
    {.key = "one_or_list",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(sample, one_or_list),
     .help = "one or several"},
    {.key = "headers",
     .type = CONFIG_TEXT_MAP,
     .offset = AT(sample, headers),
     .secret = true,
     .help = "texts by name"},
    {.key = "map", .type = CONFIG_MAP, .offset = AT(sample, map), .help = "a mapping"},
    {.key = "raw", .type = CONFIG_RAW, .offset = AT(sample, raw), .help = "anything"},
    {.key = "inner",
     .type = CONFIG_TABLE,
     .offset = AT(sample, inner),
     .nested = &inner,
     .help = "a table"},
    {.key = "named",
     .type = CONFIG_NAMED,
     .offset = AT(sample, named),
     .nested = &inner,
     .help = "tables by name"},
    {.key = "each",
     .type = CONFIG_EACH,
     .offset = AT(sample, each),
     .nested = &inner,
     .help = "a list of tables"},
    {.key = "secret",
     .type = CONFIG_TEXT,
     .offset = AT(sample, secret),
     .secret = true,
     .help = "a secret"},
};
static const struct config_table table = {"sample", fields, sizeof fields / sizeof fields[0]};

static struct sample read_sample(struct arena *arena, const char *yaml)
{
    struct problems problems;
    struct config_reader reader = {arena, &problems, VIEW("conf")};
    struct sample sample = {.count = 0};

    problems_init(&problems, arena, view_of("t.yaml"));
    if (config_read(&reader, &table, yaml_of(arena, yaml), &sample) != 0)
        fail_msg("%s", all_problems(arena, &problems));
    return sample;
}

static const char *problems_of(struct arena *arena, const char *yaml)
{
    struct problems problems;
    struct config_reader reader = {arena, &problems, VIEW("conf")};
    struct sample sample = {.count = 0};

    problems_init(&problems, arena, view_of("t.yaml"));
    assert_int_equal(config_read(&reader, &table, yaml_of(arena, yaml), &sample), ERR_CONFIG);
    return all_problems(arena, &problems);
}

static void what_is_not_given_has_its_default(void **state)
{
    struct sample sample = read_sample(*state, "text: x\ncount:\n");

    assert_true(sample.flag);
    assert_int_equal(sample.count, 7);
    assert_true(sample.ratio == 0.5);
    assert_int_equal(sample.micro, 200000);
    assert_int_equal(sample.wait_ns, 30000000000);
    assert_int_equal(sample.bytes, 64000);
    assert_int_equal(sample.colour, GREEN);
    assert_int_equal(sample.inner.depth, 3);
    assert_int_equal(sample.list.count, 0);
    assert_null(sample.map);
}

static void each_type_reaches_its_member(void **state)
{
    struct sample sample = read_sample(
        *state, "{text: 'a b', path: ../x.md, flag: false, count: 12, ratio: 1.25, micro: 0.812345,"
                " wait: 250ms, bytes: 10MB, colour: blue, list: [a, b], one_or_list: [c, d, e],"
                " headers: {x: y}, map: {p: 1}, raw: [1], inner: {depth: 9, note: n},"
                " named: {one: {depth: 1}, two: ~}, each: [{depth: 2}], secret: s}");

    assert_true(view_is(sample.text, "a b"));
    assert_true(view_is(sample.path, "x.md"));
    assert_false(sample.flag);
    assert_int_equal(sample.count, 12);
    assert_true(sample.ratio == 1.25);
    assert_int_equal(sample.micro, 812345);
    assert_int_equal(sample.wait_ns, 250000000);
    assert_int_equal(sample.bytes, 10000000);
    assert_int_equal(sample.colour, BLUE);
    assert_int_equal(sample.list.count, 2);
    assert_true(view_is(sample.list.items[1], "b"));
    assert_int_equal(sample.one_or_list.count, 3);
    assert_int_equal(json_int(json_get(sample.map, "p"), 0), 1);
    assert_int_equal(sample.raw->kind, JSON_ARRAY);
    assert_int_equal(sample.inner.depth, 9);
    assert_true(view_is(sample.inner.note, "n"));
    assert_int_equal(sample.named->count, 2);
    assert_int_equal(sample.each->count, 1);
}

static void a_single_text_does_for_a_list_where_the_table_says_so(void **state)
{
    struct sample sample = read_sample(*state, "{text: x, one_or_list: alone}");

    assert_int_equal(sample.one_or_list.count, 1);
    assert_true(view_is(sample.one_or_list.items[0], "alone"));
}

static void text_that_spells_a_number_or_boolean_does_for_one(void **state)
{
    struct sample sample = read_sample(
        *state, "{text: x, count: '5', ratio: '0.25', micro: '0.1', flag: 'false', bytes: '9'}");

    assert_int_equal(sample.count, 5);
    assert_true(sample.ratio == 0.25);
    assert_int_equal(sample.micro, 100000);
    assert_false(sample.flag);
    assert_int_equal(sample.bytes, 9);
}

static void an_unknown_key_names_the_nearest_known_one(void **state)
{
    assert_string_equal(problems_of(*state, "text: x\ncuont: 5\n"),
                        "t.yaml:2:1: unknown key 'cuont', did you mean 'count'?\n");
    assert_string_equal(problems_of(*state, "text: x\ninner:\n  xyzzy: 5\n"),
                        "t.yaml:3:3: unknown key 'xyzzy': this inner takes depth, note\n");
}

static void a_wrong_type_says_what_is_there_and_what_is_wanted(void **state)
{
    static const char *const pairs[][2] = {
        {"text: 5", "t.yaml:1:7: 'text' must be text (put it in quotes), found number '5'"},
        {"text: true", "'text' must be text (put it in quotes), found true"},
        {"text: [a]", "'text' must be text, found a list"},
        {"{text: x, path: ''}", "'path' must be the path of a file, found text ''"},
        {"{text: x, flag: yes}", "'flag' must be true or false, found text 'yes'"},
        {"{text: x, count: three}", "'count' must be a whole number, found text 'three'"},
        {"{text: x, count: 1.5}", "'count' must be a whole number, found number '1.5'"},
        {"{text: x, count: 1001}", "'count' must be from 1 to 1000, found number '1001'"},
        {"{text: x, count: 0}", "'count' must be from 1 to 1000, found number '0'"},
        {"{text: x, count: 99999999999999999999}", "'count' must be a whole number"},
        {"{text: x, ratio: a}", "'ratio' must be a number, found text 'a'"},
        {"{text: x, ratio: 2.5}", "'ratio' must be from 0 to 2, found number '2.5'"},
        {"{text: x, micro: 1.6}", "'micro' must be from 0 to 1.5, found number '1.6'"},
        {"{text: x, micro: 0.0000001}", "'micro' must be a number with at most six decimals"},
        {"{text: x, wait: 30}",
         "'wait' must be a duration with its unit, as in 30s, 250ms or 5m, found number '30'"},
        {"{text: x, wait: '30'}", "'wait' must be a duration with its unit"},
        {"{text: x, wait: soon}", "'wait' must be a duration, as in 30s, 250ms, 5m or 1h"},
        {"{text: x, wait: 2h}", "'wait' must be from 1ms to 1h, found text '2h'"},
        {"{text: x, bytes: big}", "'bytes' must be a size, as in 512, 64KB or 10MB"},
        {"{text: x, bytes: 11MB}", "'bytes' must be from 1B to 10MB, found text '11MB'"},
        {"{text: x, colour: gren}",
         "'colour' must be one of red, green, blue, found text 'gren', did you mean 'green'?"},
        {"{text: x, colour: 5}", "'colour' must be one of red, green, blue, found number '5'"},
        {"{text: x, list: a}", "'list' must be a list, as in [a, b], found text 'a'"},
        {"{text: x, list: [a, 5]}", "t.yaml:1:21: 'list' must be text (put it in quotes)"},
        {"{text: x, one_or_list: {}}", "'one_or_list' must be a text or a list of texts"},
        {"{text: x, map: 5}", "'map' must be a mapping, as in {name: value}, found number '5'"},
        {"{text: x, inner: 5}", "this inner must be a mapping of keys, found number"},
        {"{text: x, named: [a]}", "'named' must be a mapping of names to mappings of keys"},
        {"{text: x, each: {}}", "'each' must be a list of mappings, found a mapping"},
        {"[text]", "t.yaml:1:1: this sample must be a mapping of keys, found array"},
        {"{count: 5}", "t.yaml:1:1: this sample lacks 'text': a text"},
        {"{text: ~}", "t.yaml:1:1: this sample lacks 'text': a text"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        assert_contains(problems_of(*state, pairs[i][0]), pairs[i][1]);
}

static void all_that_is_wrong_is_told_at_once(void **state)
{
    const char *text = problems_of(*state, "cuont: 5\nflag: 7\nwait: 5\ninner: {depth: x}\n");

    assert_contains(text, "t.yaml:1:1: unknown key");
    assert_contains(text, "t.yaml:1:1: this sample lacks 'text'");
    assert_contains(text, "t.yaml:2:7: 'flag'");
    assert_contains(text, "t.yaml:3:7: 'wait'");
    assert_contains(text, "t.yaml:4:16: 'depth'");
}

static void a_secret_never_shows_in_a_message(void **state)
{
    const char *text =
        problems_of(*state, "{text: x, secret: 123456, headers: {authorization: 123456}}");

    assert_contains(text, "'secret' must be text (put it in quotes), found number\n");
    assert_null(strstr(text, "123456"));
}

static void durations_and_sizes_are_exact(void **state)
{
    static const struct {
        const char *text;
        uint64_t amount;
    } durations[] =
        {
            {"7ns", 7},          {"10us", 10000},           {"1.5ms", 1500000},
            {"0.1s", 100000000}, {"1.5m", 90000000000},     {"1h", 3600000000000},
            {"0s", 0},           {"90d", 7776000000000000}, {"2min", 120000000000},
        },
      sizes[] = {
          {"0", 0},         {"512", 512},     {"64KB", 64000},
          {"64KiB", 65536}, {"1.5KiB", 1536}, {"1G", 1000000000},
      };
    static const char *const bad[] = {"",
                                      "s",
                                      "5",
                                      "-1s",
                                      "1 s",
                                      "1e3s",
                                      "1.s",
                                      ".5s",
                                      "5sec",
                                      "1.123456s",
                                      "999999999999999999999h",
                                      "99999999999999d"};
    uint64_t amount;
    (void)state;

    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        assert_int_equal(config_duration(view_of(durations[i].text), &amount), 0);
        assert_int_equal(amount, durations[i].amount);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(config_size(view_of(sizes[i].text), &amount), 0);
        assert_int_equal(amount, sizes[i].amount);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(config_duration(view_of(bad[i]), &amount), ERR_INVALID);
}

static void millionths_are_exact_or_refused(void **state)
{
    static const struct {
        const char *text;
        int64_t micro;
    } good[] = {
        {"0", 0},
        {"-0.0", 0},
        {"0.2", 200000},
        {"1", 1000000},
        {"1e-6", 1},
        {"0.0000010", 1},
        {"12.5e1", 125000000},
        {"-3.25", -3250000},
        {"0.19999", 199990},
        {"9223372036854.775807", INT64_MAX},
        {"100", 100000000},
    };
    static const char *const bad[] = {"",      "x",  "1e-7", "0.1234567", "9223372036854.775808",
                                      "1e300", "+1", ".5",   "1."};
    int64_t micro;
    (void)state;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(config_micro(view_of(good[i].text), &micro), 0);
        assert_int_equal(micro, good[i].micro);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(config_micro(view_of(bad[i]), &micro), ERR_INVALID);
}

static void a_table_prints_as_json_with_everything_a_form_needs(void **state)
{
    struct strbuf buf;
    struct json_writer writer;
    struct json *root;
    struct err err;

    strbuf_init(&buf, 100000);
    json_writer_init(&writer, &buf, 0);
    config_dump(&table, &writer);
    assert_int_equal(json_parse(*state, strbuf_view(&buf), &root, &err), 0);
    assert_true(view_is(json_text(json_get(root, "name"), view_of("")), "sample"));
    assert_int_equal(json_get(root, "keys")->count, table.count);
    const char *text = strbuf_text(&buf);
    assert_contains(text,
                    "{\"key\":\"text\",\"type\":\"text\",\"help\":\"a text\",\"required\":true}");
    assert_contains(text, "\"type\":\"duration\",\"help\":\"a time\",\"default\":\"30s\","
                          "\"min_s\":0.001,\"max_s\":3600");
    assert_contains(text, "\"choices\":[\"red\",\"green\",\"blue\"]");
    assert_contains(text, "\"table\":{\"name\":\"inner\"");
    assert_contains(text, "\"min\":0,\"max\":1.5");
    strbuf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(what_is_not_given_has_its_default),
        ARENA_TEST(each_type_reaches_its_member),
        ARENA_TEST(a_single_text_does_for_a_list_where_the_table_says_so),
        ARENA_TEST(text_that_spells_a_number_or_boolean_does_for_one),
        ARENA_TEST(an_unknown_key_names_the_nearest_known_one),
        ARENA_TEST(a_wrong_type_says_what_is_there_and_what_is_wanted),
        ARENA_TEST(all_that_is_wrong_is_told_at_once),
        ARENA_TEST(a_secret_never_shows_in_a_message),
        ARENA_TEST(durations_and_sizes_are_exact),
        ARENA_TEST(millionths_are_exact_or_refused),
        ARENA_TEST(a_table_prints_as_json_with_everything_a_form_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
