/* SPDX-License-Identifier: Apache-2.0
 *
 * Embeddings: the request, vectors in the order of the texts, and every way an answer can be
 * wrong. */
#include "support.h"

#include "provider/embeddings.h"

static const struct provider_target target = {.kind = PROVIDER_OPENAI,
                                              .name = VIEW("emb"),
                                              .url = VIEW("http://h/v1"),
                                              .model = VIEW("e5"),
                                              .api_key = VIEW("sk-secret")};

static void the_request_lists_the_texts(void **state)
{
    (void)state;
    struct fixture fixture;
    struct provider_target with = target;
    const struct view texts[] = {VIEW("a"), VIEW("漫\"")};
    fixture_init(&fixture);

    with.params = fixture_json(&fixture, "{\"dimensions\":256}");
    assert_int_equal(embeddings_build(&with, texts, 2, &fixture.arena, &fixture.request, NULL), 0);
    assert_true(view_is(fixture.request.target, "/v1/embeddings"));
    assert_true(view_is(fixture.request.body, "{\"model\":\"e5\",\"input\":[\"a\",\"漫\\\"\"],"
                                              "\"encoding_format\":\"float\",\"dimensions\":256}"));
    assert_true(
        view_is(http_header_get(&fixture.request.headers, "authorization"), "Bearer sk-secret"));
    assert_int_equal(
        embeddings_build(&with, texts, 0, &fixture.arena, &fixture.request, &fixture.err),
        ERR_LIMIT);
    with.params = fixture_json(&fixture, "{\"input\":1}");
    assert_int_equal(
        embeddings_build(&with, texts, 1, &fixture.arena, &fixture.request, &fixture.err),
        ERR_CONFIG);
    with.model = (struct view){0};
    assert_int_equal(
        embeddings_build(&with, texts, 1, &fixture.arena, &fixture.request, &fixture.err),
        ERR_CONFIG);
    fixture_release(&fixture);
}

static struct embeddings read(struct fixture *fixture, int status, const char *body, size_t count)
{
    struct http_response response = {.status = status, .body = view_of(body)};
    struct embeddings embeddings;

    assert_int_equal(
        embeddings_read(&target, &response, count, &fixture->arena, &embeddings, &fixture->reply),
        0);
    return embeddings;
}

static void vectors_come_in_the_order_of_the_texts(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    struct embeddings two =
        read(&fixture, 200,
             "{\"object\":\"list\",\"data\":[{\"embedding\":[3,4e0,-5.5],\"index\":1},"
             "{\"index\":0,\"x\":[9],\"embedding\":[0.5,1,2]}],\"model\":\"e5\","
             "\"usage\":{\"prompt_tokens\":7,\"total_tokens\":7}}",
             2);
    assert_int_equal(fixture.reply.code, 0);
    assert_int_equal(two.count, 2);
    assert_int_equal(two.dimensions, 3);
    const float expected[] = {0.5f, 1, 2, 3, 4, -5.5f};
    for (size_t i = 0; i < 6; i++)
        assert_true(two.values[i] == expected[i]);
    assert_true(fixture.reply.usage.known);
    assert_int_equal(fixture.reply.usage.tokens_in, 7);
    two = read(&fixture, 200, "{\"data\":[{\"embedding\":[1]},{\"embedding\":[2]}]}", 2);
    assert_true(two.values[0] == 1 && two.values[1] == 2);
    assert_false(fixture.reply.usage.known);
    fixture_release(&fixture);
}

struct bad {
    const char *body;
    const char *says;
};

static const struct bad bad_answers[] = {
    {"", "not JSON"},
    {"{\"data\":[", "not JSON"},
    {"{}", "no list 'data'"},
    {"{\"data\":{\"a\":{\"embedding\":[1]}}}", "no list 'data'"},
    {"[{\"embedding\":[1]}]", "no list 'data'"},
    {"{\"data\":[]}", "fewer vectors"},
    {"{\"data\":[{\"embedding\":[1]}]}", "fewer vectors"},
    {"{\"data\":[{\"embedding\":[1]},{\"embedding\":[1]},{\"embedding\":[1]}]}", "more vectors"},
    {"{\"data\":[{\"embedding\":[1]},{\"embedding\":[1,2]}]}", "differ in length"},
    {"{\"data\":[{\"embedding\":[]},{\"embedding\":[]}]}", "no vector"},
    {"{\"data\":[{\"embedding\":\"AAAA\"},{\"embedding\":\"AAAA\"}]}", "no vector"},
    {"{\"data\":[{\"embedding\":[1],\"index\":0},{\"embedding\":[2],\"index\":0}]}", "same text"},
    {"{\"data\":[{\"embedding\":[1],\"index\":2},{\"embedding\":[2],\"index\":0}]}", "index"},
    {"{\"data\":[{\"embedding\":[1],\"index\":-1},{\"embedding\":[2],\"index\":0}]}", "index"},
    {"{\"data\":[{\"embedding\":[1],\"index\":0.5},{\"embedding\":[2],\"index\":1}]}", "index"},
    {"{\"data\":[{\"embedding\":[1e400]},{\"embedding\":[2]}]}", "finite"},
    {"{\"data\":[{\"embedding\":[1]},{\"embedding\":[2]}]} x", "not JSON"},
};

static void every_wrong_answer_is_told(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof bad_answers / sizeof bad_answers[0]; i++) {
        struct fixture fixture;
        fixture_init(&fixture);
        struct embeddings none = read(&fixture, 200, bad_answers[i].body, 2);
        struct view says = view_of(bad_answers[i].says);
        if (fixture.reply.code != ERR_PROTOCOL || none.count != 0
            || view_find(fixture.reply.error_text, says, 0) + says.len
                   > fixture.reply.error_text.len)
            fail_msg("%s: %d %.*s", bad_answers[i].body, fixture.reply.code,
                     VIEW_ARG(fixture.reply.error_text));
        fixture_release(&fixture);
    }
}

static void errors_are_the_providers(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    read(&fixture, 429, "{\"error\":{\"message\":\"slow\",\"type\":\"rate_limit\"}}", 1);
    assert_int_equal(fixture.reply.code, ERR_THROTTLED);
    assert_true(fixture.reply.may_retry);
    fixture_release(&fixture);
}

static const struct provider_target titan = {.kind = PROVIDER_BEDROCK,
                                             .name = VIEW("titan"),
                                             .region = VIEW("us-east-1"),
                                             .model = VIEW("amazon.titan-embed-text-v2:0")};
static const struct provider_target cohere = {.kind = PROVIDER_BEDROCK,
                                              .name = VIEW("cohere"),
                                              .region = VIEW("us-east-1"),
                                              .model = VIEW("cohere.embed-multilingual-v3")};

static void bedrock_has_the_bodies_of_its_models(void **state)
{
    (void)state;
    const struct view texts[] = {VIEW("a"), VIEW("漫")};
    struct fixture fixture;
    fixture_init(&fixture);

    assert_int_equal(embeddings_build(&titan, texts, 1, &fixture.arena, &fixture.request, NULL), 0);
    assert_true(view_is(fixture.request.target, "/model/amazon.titan-embed-text-v2%3A0/invoke"));
    assert_true(view_is(fixture.request.body, "{\"inputText\":\"a\"}"));
    assert_int_equal(embeddings_build(&cohere, texts, 2, &fixture.arena, &fixture.request, NULL),
                     0);
    assert_true(view_is(fixture.request.body, "{\"texts\":[\"a\",\"漫\"],\"input_type\":"
                                              "\"clustering\",\"truncate\":\"END\"}"));
    assert_int_equal(
        embeddings_build(&titan, texts, 2, &fixture.arena, &fixture.request, &fixture.err),
        ERR_LIMIT);
    struct provider_target other = titan;
    other.model = view_of("amazon.nova-lite-v1:0");
    assert_int_equal(embeddings_batch(&other, &fixture.err), 0);
    assert_int_equal(
        embeddings_build(&other, texts, 1, &fixture.arena, &fixture.request, &fixture.err),
        ERR_UNSUPPORTED);
    fixture_release(&fixture);
}

static void bedrock_answers_are_read_and_wrong_ones_told(void **state)
{
    static const struct {
        const struct provider_target *target;
        const char *body;
        size_t count; /* texts sent */
        size_t dimensions;
    } cases[] = {
        {&titan, "{\"embedding\":[1,0.5,-2e-1],\"inputTextTokenCount\":3}", 1, 3},
        {&titan, "{\"embedding\":[]}", 1, 0},
        {&titan, "{\"embedding\":[1,\"x\"]}", 1, 0},
        {&titan, "{\"embedding\":[1e999]}", 1, 0},
        {&titan, "[]", 1, 0},
        {&cohere, "{\"embeddings\":[[1,2],[3,4]]}", 2, 2},
        {&cohere, "{\"embeddings\":{\"float\":[[1,2],[3,4]]}}", 2, 2},
        {&cohere, "{\"embeddings\":[[1,2]]}", 2, 0},
        {&cohere, "{\"embeddings\":[[1,2],[3]]}", 2, 0},
        {&cohere, "{\"embeddings\":[[1,2],3]}", 2, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_response response = {.status = 200, .body = view_of(cases[i].body)};
        struct embeddings embeddings;
        struct fixture fixture;
        fixture_init(&fixture);
        assert_int_equal(embeddings_read(cases[i].target, &response, cases[i].count, &fixture.arena,
                                         &embeddings, &fixture.reply),
                         0);
        if (embeddings.dimensions != cases[i].dimensions
            || fixture.reply.code != (cases[i].dimensions != 0 ? 0 : ERR_PROTOCOL))
            fail_msg("%s: %zu, %d", cases[i].body, embeddings.dimensions, fixture.reply.code);
        fixture_release(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_lists_the_texts),
        cmocka_unit_test(vectors_come_in_the_order_of_the_texts),
        cmocka_unit_test(every_wrong_answer_is_told),
        cmocka_unit_test(errors_are_the_providers),
        cmocka_unit_test(bedrock_has_the_bodies_of_its_models),
        cmocka_unit_test(bedrock_answers_are_read_and_wrong_ones_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
