/* SPDX-License-Identifier: Apache-2.0
 *
 * What providers' errors mean: each row of the table is met by a response as that provider gives
 * it. */
#include "support.h"

#include <stdio.h>

struct error_case {
    enum provider_kind kind;
    int status;
    const char *header;
    const char *body;
    int code;
    bool may_retry;
    const char *type;
    const char *says;
};

#define BEDROCK PROVIDER_BEDROCK
#define OPENAI PROVIDER_OPENAI
#define ANTHROPIC PROVIDER_ANTHROPIC
#define HTTP PROVIDER_HTTP
#define AWS(type) "x-amzn-ErrorType: " type ":http://internal.amazon.com/coral/"
#define ANT(type, message) \
    "{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"message\":\"" message "\"}}"

static const struct error_case cases[] = {
    {BEDROCK, 403, AWS("AccessDeniedException"), "{\"message\":\"You don't have access\"}",
     ERR_DENIED, false, "AccessDeniedException",
     "HTTP 403 AccessDeniedException: You don't have access; check the key"},
    {BEDROCK, 403, AWS("UnrecognizedClientException"), "{\"message\":\"invalid token\"}",
     ERR_DENIED, false, "UnrecognizedClientException", "check the key or credentials"},
    {BEDROCK, 403, AWS("ExpiredTokenException"), "{\"message\":\"x\"}", ERR_DENIED, false,
     "ExpiredTokenException", "have expired; renew them"},
    {BEDROCK, 403, NULL, "{\"message\":\"The security token included in the request is expired\"}",
     ERR_DENIED, false, "", "have expired; renew them"},
    {BEDROCK, 403, AWS("InvalidSignatureException"), "{\"message\":\"x\"}", ERR_DENIED, false,
     "InvalidSignatureException", "clock"},
    {BEDROCK, 403, AWS("RequestExpired"), "{\"message\":\"x\"}", ERR_DENIED, false,
     "RequestExpired", "clock"},
    {BEDROCK, 400, AWS("ValidationException"),
     "{\"message\":\"Invocation of model ID x with on-demand throughput isn’t supported. Retry "
     "your request "
     "with the ID or ARN of an inference profile that contains this model.\"}",
     ERR_REFUSED, false, "ValidationException", "name an inference profile instead"},
    {BEDROCK, 400, AWS("ValidationException"), "{\"message\":\"max_tokens: too large\"}",
     ERR_REFUSED, false, "ValidationException", "max_tokens: too large; check the prompt"},
    {BEDROCK, 400, AWS("ValidationException"),
     "{\"message\":\"The provided model identifier is invalid.\"}", ERR_GONE, false,
     "ValidationException", "name a current model or inference profile (model 'm-1')"},
    {BEDROCK, 404, AWS("ResourceNotFoundException"),
     "{\"message\":\"This model version has reached the end of its life.\"}", ERR_GONE, false,
     "ResourceNotFoundException", "end of its life.; name a current model or inference profile"},
    {BEDROCK, 404, AWS("ResourceNotFoundException"),
     "{\"message\":\"Access denied. This Model is marked by provider as Legacy\"}", ERR_GONE, false,
     "ResourceNotFoundException", "name a current model"},
    {BEDROCK, 404, AWS("ResourceNotFoundException"), "{\"message\":\"no such\"}", ERR_GONE, false,
     "ResourceNotFoundException", "name a current model"},
    {BEDROCK, 400, AWS("ServiceQuotaExceededException"), "{\"message\":\"q\"}", ERR_THROTTLED,
     false, "ServiceQuotaExceededException", "ask for a higher quota"},
    {BEDROCK, 424, AWS("ModelErrorException"), "{\"message\":\"m\"}", ERR_UPSTREAM, true,
     "ModelErrorException", "the model failed"},
    {BEDROCK, 408, AWS("ModelTimeoutException"), "{\"message\":\"m\"}", ERR_TIMEOUT, true,
     "ModelTimeoutException", "max_tokens"},
    {BEDROCK, 429, AWS("ThrottlingException"), "{\"message\":\"Too many tokens\"}", ERR_THROTTLED,
     true, "ThrottlingException", "Too many tokens"},
    {BEDROCK, 429, AWS("ModelNotReadyException"), "{\"message\":\"m\"}", ERR_THROTTLED, true,
     "ModelNotReadyException", ""},
    {BEDROCK, 500, AWS("InternalServerException"), "{\"message\":\"m\"}", ERR_UPSTREAM, true,
     "InternalServerException", "try again later"},
    {BEDROCK, 503, AWS("ServiceUnavailableException"), "{\"message\":\"m\"}", ERR_UPSTREAM, true,
     "ServiceUnavailableException", "try again later"},
    {BEDROCK, 400, NULL,
     "{\"__type\":\"com.amazon.coral.validate#ValidationException\",\"message\":\"m\"}",
     ERR_REFUSED, false, "ValidationException", ""},
    {BEDROCK, 400, AWS("ThrottlingException"), "{\"message\":\"m\"}", ERR_THROTTLED, true,
     "ThrottlingException", ""},
    {ANTHROPIC, 400, NULL, ANT("invalid_request_error", "bad"), ERR_REFUSED, false,
     "invalid_request_error", "bad"},
    {ANTHROPIC, 401, NULL, ANT("authentication_error", "invalid x-api-key"), ERR_DENIED, false,
     "authentication_error", "check the key"},
    {ANTHROPIC, 403, NULL, ANT("permission_error", "no"), ERR_DENIED, false, "permission_error",
     ""},
    {ANTHROPIC, 404, NULL, ANT("not_found_error", "model: claude-2"), ERR_GONE, false,
     "not_found_error", "name a current model"},
    {ANTHROPIC, 413, NULL, ANT("request_too_large", "big"), ERR_REFUSED, false, "request_too_large",
     "shorten the prompt"},
    {ANTHROPIC, 429, NULL, ANT("rate_limit_error", "slow"), ERR_THROTTLED, true, "rate_limit_error",
     ""},
    {ANTHROPIC, 500, NULL, ANT("api_error", "x"), ERR_UPSTREAM, true, "api_error", ""},
    {ANTHROPIC, 529, NULL, ANT("overloaded_error", "Overloaded"), ERR_UPSTREAM, true,
     "overloaded_error", ""},
    {ANTHROPIC, 200, NULL, ANT("overloaded_error", "Overloaded"), ERR_UPSTREAM, true,
     "overloaded_error", ""},
    {ANTHROPIC, 200, NULL, ANT("api_error", "x"), ERR_UPSTREAM, true, "api_error", ""},
    {OPENAI, 401, NULL,
     "{\"error\":{\"message\":\"Incorrect API key\",\"type\":\"invalid_request_error\","
     "\"code\":\"invalid_api_key\"}}",
     ERR_DENIED, false, "invalid_request_error", "check the key"},
    {OPENAI, 404, NULL,
     "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"code\":\"model_not_"
     "found\"}}",
     ERR_GONE, false, "invalid_request_error", "name a current model"},
    {OPENAI, 400, NULL, "{\"error\":{\"message\":\"m\",\"code\":\"model_not_found\"}}", ERR_GONE,
     false, "model_not_found", "name a current model"},
    {OPENAI, 404, NULL, "{\"error\":{\"message\":\"The model `gpt-x` has been deprecated\"}}",
     ERR_GONE, false, "", "name a current model"},
    {OPENAI, 400, NULL, "{\"error\":{\"message\":\"The model has been decommissioned\"}}", ERR_GONE,
     false, "", "name a current model"},
    {OPENAI, 400, NULL, "{\"error\":{\"message\":\"reached end of life\"}}", ERR_GONE, false, "",
     ""},
    {OPENAI, 429, NULL, "{\"error\":{\"message\":\"m\",\"type\":\"insufficient_quota\"}}",
     ERR_THROTTLED, false, "insufficient_quota", "credit is used up"},
    {OPENAI, 429, NULL,
     "{\"error\":{\"message\":\"m\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}",
     ERR_THROTTLED, true, "tokens", ""},
    {OPENAI, 200, NULL, "{\"error\":{\"message\":\"m\",\"code\":\"rate_limit_exceeded\"}}",
     ERR_THROTTLED, true, "rate_limit_exceeded", ""},
    {OPENAI, 200, NULL, "{\"error\":{\"message\":\"m\",\"type\":\"invalid_api_key\"}}", ERR_DENIED,
     false, "invalid_api_key", ""},
    {OPENAI, 200, NULL, "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\"}}",
     ERR_REFUSED, false, "invalid_request_error", ""},
    {OPENAI, 200, NULL, "{\"error\":\"plain words\"}", ERR_UPSTREAM, false, "", "plain words"},
    {OPENAI, 200, NULL, "{\"error\":{\"message\":\"m\",\"type\":\"server_error\"}}", ERR_UPSTREAM,
     true, "server_error", ""},
    {OPENAI, 200, NULL, "{\"error\":{\"message\":\"m\",\"type\":\"request_too_large\"}}",
     ERR_REFUSED, false, "request_too_large", ""},
    {OPENAI, 200, NULL, "{\"error\":{\"message\":\"m\",\"type\":\"authentication_error\"}}",
     ERR_DENIED, false, "authentication_error", ""},
    {OPENAI, 200, NULL, "{\"error\":{\"message\":\"m\",\"type\":\"permission_error\"}}", ERR_DENIED,
     false, "permission_error", ""},
    {OPENAI, 200, NULL, "{\"error\":{\"message\":\"m\",\"type\":\"AccessDenied\"}}", ERR_DENIED,
     false, "AccessDenied", ""},
    {OPENAI, 200, NULL, "{\"error\":{\"message\":\"m\",\"type\":\"UnrecognizedClient\"}}",
     ERR_DENIED, false, "UnrecognizedClient", ""},
    {OPENAI, 200, NULL, "{\"error\":{\"message\":\"m\",\"type\":\"ModelNotReady\"}}", ERR_THROTTLED,
     true, "ModelNotReady", "being loaded"},
    {OPENAI, 402, NULL, "{\"detail\":\"pay\"}", ERR_DENIED, false, "",
     "pay; the account must be paid up"},
    {OPENAI, 409, NULL, "", ERR_UPSTREAM, true, "", "HTTP 409; try again"},
    {OPENAI, 410, NULL, "", ERR_GONE, false, "", "name a current model"},
    {OPENAI, 422, NULL, "{\"detail\":\"field required\"}", ERR_REFUSED, false, "",
     "field required"},
    {OPENAI, 425, NULL, "", ERR_UPSTREAM, true, "", ""},
    {OPENAI, 501, NULL, "", ERR_UNSUPPORTED, false, "", "check the url"},
    {OPENAI, 502, NULL, "<html>Bad Gateway</html>", ERR_UPSTREAM, true, "",
     "body <html>Bad Gateway</html>"},
    {OPENAI, 504, NULL, "", ERR_TIMEOUT, true, "", ""},
    {OPENAI, 505, NULL, "", ERR_UNSUPPORTED, false, "", ""},
    {HTTP, 302, "Location: https://x.test/a?sk-very-secret", "moved", ERR_PROTOCOL, false, "",
     "HTTP 302 to https://x.test/a?***: body moved; a redirect is not followed; write the final"},
    {HTTP, 500, "Content-Encoding: gzip", "\x1f\x8b", ERR_UPSTREAM, true, "",
     "HTTP 500: body that is compressed, which nobody asked for; "},
    {HTTP, 301, NULL, "", ERR_PROTOCOL, false, "", "a redirect is not followed"},
    {HTTP, 600, NULL, "", ERR_PROTOCOL, false, "", "check the url"},
    {HTTP, 404, NULL, "", ERR_GONE, false, "", "check the url"},
    {HTTP, 418, NULL, "teapot", ERR_REFUSED, false, "", "body teapot"},
};

static struct provider_target target_of(enum provider_kind kind)
{
    return (struct provider_target){
        .kind = kind, .model = VIEW("m-1"), .api_key = VIEW("sk-very-secret")};
}

static void each_error_has_its_code_its_retry_and_its_remedy(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct error_case *here = &cases[i];
        struct provider_target target = target_of(here->kind);
        struct fixture fixture;
        fixture_init(&fixture);
        read_response(&fixture, &target, here->status, here->header, view_of(here->body));
        const struct reply *reply = &fixture.reply;
        struct view says = view_of(here->says);
        if (reply->code != here->code || reply->may_retry != here->may_retry
            || !view_is(reply->error_type, here->type)
            || view_find(reply->error_text, says, 0) + says.len > reply->error_text.len)
            fail_msg("case %zu, %d %s: %s, retry %d, type %.*s: %.*s", i, here->status, here->body,
                     err_name(reply->code), reply->may_retry, VIEW_ARG(reply->error_type),
                     VIEW_ARG(reply->error_text));
        assert_int_equal(reply->http_status, here->status);
        fixture_release(&fixture);
    }
}

struct wait_case {
    const char *header;
    uint64_t ns;
};

static const struct wait_case waits[] = {
    {"Retry-After: 2", 2000000000},
    {"retry-after: 0.5", 500000000},
    {"x-amz-retry-after: 1500", 1500000000},
    {"retry-after-ms: 20", 20000000},
    {"Retry-After: -1", 0},
    {"Retry-After: soon", 0},
    {"Retry-After: Mon, 23 Nov 2026 17:00:00 GMT", 0}, /* the server's own time is not known */
    {"Retry-After: Mon, 23 Nov 2026 17:00:30 GMT\nDate: Mon, 23 Nov 2026 17:00:00 GMT",
     30000000000},
    {"Retry-After: Mon, 23 Nov 2026 16:00:30 GMT\nDate: Mon, 23 Nov 2026 17:00:00 GMT", 0},
    {"Retry-After: 1e300", 86400000000000},
    {"X: 1", 0},
};

static void what_the_server_asks_to_wait_is_kept_within_a_day(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        struct provider_target target = target_of(PROVIDER_OPENAI);
        struct fixture fixture;
        fixture_init(&fixture);
        read_response(&fixture, &target, 429, waits[i].header, view_of("{}"));
        assert_int_equal(fixture.reply.retry_after_ns, waits[i].ns);
        fixture_release(&fixture);
    }
}

static void secrets_never_reach_a_message(void **state)
{
    (void)state;
    const char *const bodies[] = {
        "{\"error\":{\"message\":\"Incorrect API key provided: sk-very-secret.\"}}",
        "{\"error\":{\"type\":\"sk-very-secret\",\"message\":\"x\"}}",
        "no JSON, but sk-very-secret and tenant-password",
        "{\"message\":\"header tenant-password\"}",
    };
    const int statuses[] = {200, 400, 401, 500};

    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            struct provider_target target = target_of(PROVIDER_OPENAI);
            struct fixture fixture;
            fixture_init(&fixture);
            target.headers = fixture_json(&fixture, "{\"X-Pass\":\"tenant-password\"}");
            read_response(&fixture, &target, statuses[j], NULL, view_of(bodies[i]));
            assert_true(fixture.reply.code != 0);
            char text[2000];
            snprintf(text, sizeof text, "%.*s %.*s", VIEW_ARG(fixture.reply.error_text),
                     VIEW_ARG(fixture.reply.error_type));
            assert_null(strstr(text, "sk-very-secret"));
            assert_null(strstr(text, "tenant-password"));
            fixture_release(&fixture);
        }
    }
}

static void a_quoted_body_is_short_and_printable(void **state)
{
    (void)state;
    struct provider_target target = target_of(PROVIDER_OPENAI);
    struct fixture fixture;
    char body[5000];
    fixture_init(&fixture);

    memset(body, 0x1b, sizeof body);
    memcpy(body + 10, "\xe6\xbc\xab\xff\0\r\n\x7f\xe2\x80\xae", 11);
    read_response(&fixture, &target, 500, NULL, view_make(body, sizeof body));
    for (size_t i = 0; i < fixture.reply.error_text.len; i++)
        assert_true((unsigned char)fixture.reply.error_text.ptr[i] >= ' ');
    assert_true(fixture.reply.error_text.len < 400);
    fixture_release(&fixture);
}

static void a_refusal_that_cannot_be_put_into_words_is_one_still(void **state)
{
    (void)state;
    struct provider_target target = target_of(PROVIDER_OPENAI);
    struct fixture fixture;
    fixture_init(&fixture);
    arena_release(&fixture.arena);
    arena_init(&fixture.arena, 0);

    struct http_response response = {.status = 403, .body = VIEW("")};
    int code = provider_of(target.kind)->read(&target, &response, &fixture.arena, &fixture.reply);
    assert_true(code == ERR_MEMORY || fixture.reply.error_text.len > 0);
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_error_has_its_code_its_retry_and_its_remedy),
        cmocka_unit_test(what_the_server_asks_to_wait_is_kept_within_a_day),
        cmocka_unit_test(secrets_never_reach_a_message),
        cmocka_unit_test(a_quoted_body_is_short_and_printable),
        cmocka_unit_test(a_refusal_that_cannot_be_put_into_words_is_one_still),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
