/* SPDX-License-Identifier: Apache-2.0
 *
 * Every vector of the published suite, by header and by query; and what signing promises beside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>

#include "base/date.h"
#include "wire/json.h"
#include "wire/sigv4.h"

struct vector {
    char folder[1000];
    struct arena arena;
    struct sigv4_credentials credentials;
    struct sigv4_params params;
    bool sign_body;
    int64_t expires_in_s;
    struct http_request request;
};

static struct view read_file(struct vector *vector, const char *name)
{
    const char *path = arena_printf(&vector->arena, "%s/%s", vector->folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s is missing", path);
    static char bytes[20000];
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    struct view copy;
    assert_int_equal(arena_copy(&vector->arena, view_make(bytes, len), &copy), 0);
    return copy;
}

static void read_context(struct vector *vector)
{
    struct json *root = NULL;
    assert_int_equal(json_parse(&vector->arena, read_file(vector, "context.json"), &root, NULL), 0);
    const struct json *keys = json_get(root, "credentials");
    const struct view none = {0};

    vector->credentials = (struct sigv4_credentials){
        .access_key = json_text(json_get(keys, "access_key_id"), none),
        .secret_key = json_text(json_get(keys, "secret_access_key"), none),
        .session_token = json_text(json_get(keys, "token"), none),
    };
    vector->sign_body = json_bool(json_get(root, "sign_body"), false);
    vector->expires_in_s = json_int(json_get(root, "expiration_in_seconds"), 0);
    vector->params = (struct sigv4_params){
        .region = json_text(json_get(root, "region"), none),
        .service = json_text(json_get(root, "service"), none),
        .keep_path = !json_bool(json_get(root, "normalize"), true),
        .token_unsigned = json_bool(json_get(root, "omit_session_token"), false),
        .content_sha256 = vector->sign_body,
    };
    assert_int_equal(
        date_parse(json_text(json_get(root, "timestamp"), none), &vector->params.unix_s), 0);
}

/* The suite's requests end lines in LF, have raw characters in the target, and fold a header. */
static void read_request(struct vector *vector)
{
    struct view rest = read_file(vector, "request.txt");
    struct view line = view_split(&rest, '\n');
    struct http_request *request = &vector->request;

    request->method = view_split(&line, ' ');
    assert_true(view_ends(line, (struct view)VIEW(" HTTP/1.1")));
    request->target = view_slice(line, 0, line.len - 9);
    request->headers.count = 0;
    while (rest.ptr != NULL) {
        line = view_split(&rest, '\n');
        if (line.len == 0)
            break;
        if (line.ptr[0] == ' ') {
            struct view *value = &request->headers.items[request->headers.count - 1].value;
            *value = view_of(arena_printf(&vector->arena, "%.*s %.*s", VIEW_ARG(*value),
                                          VIEW_ARG(view_trim(line))));
            continue;
        }
        struct view name = view_split(&line, ':');
        assert_int_equal(http_header_add(&request->headers, name, view_trim(line)), 0);
    }
    request->body = rest.ptr != NULL ? rest : (struct view){0};
}

static void expect_file(struct vector *vector, const char *name, struct view got)
{
    struct view expected = view_trim(read_file(vector, name));

    if (!view_equal(got, expected))
        fail_msg("%s/%s:\n%.*s\nbut got\n%.*s", vector->folder, name, VIEW_ARG(expected),
                 VIEW_ARG(got));
}

/* The three steps over a request whose headers or query are what will be sent. */
static void check_steps(struct vector *vector, struct http_request *request, const char *kind,
                        struct view payload_hash)
{
    struct strbuf names;
    struct strbuf canonical;
    struct strbuf to_sign;
    char signature[SIGV4_SIGNATURE_SIZE];
    strbuf_init(&names, 10000);
    strbuf_init(&canonical, 100000);
    strbuf_init(&to_sign, 10000);

    sigv4_signed_headers(&names, &request->headers);
    assert_int_equal(
        sigv4_canonical(&canonical, &vector->params, request, strbuf_view(&names), payload_hash),
        0);
    expect_file(vector, arena_printf(&vector->arena, "%s-canonical-request.txt", kind),
                strbuf_view(&canonical));
    sigv4_string_to_sign(&to_sign, &vector->params, strbuf_view(&canonical));
    expect_file(vector, arena_printf(&vector->arena, "%s-string-to-sign.txt", kind),
                strbuf_view(&to_sign));
    sigv4_signature(vector->credentials.secret_key, &vector->params, strbuf_view(&to_sign),
                    signature);
    expect_file(vector, arena_printf(&vector->arena, "%s-signature.txt", kind), view_of(signature));
    strbuf_release(&names);
    strbuf_release(&canonical);
    strbuf_release(&to_sign);
}

/* The first line or header of the suite's signed request that starts so. */
static struct view line_of(struct vector *vector, const char *file, const char *start)
{
    struct view rest = read_file(vector, file);

    while (rest.ptr != NULL) {
        struct view line = view_split(&rest, '\n');
        if (view_starts(line, view_of(start)))
            return view_slice(line, strlen(start), line.len);
    }
    fail_msg("%s has no line %s", file, start);
    return (struct view){0};
}

static void check_header_variant(struct vector *vector, struct view hash)
{
    struct http_request request = vector->request;
    struct err err = {0};

    if (sigv4_sign(&vector->credentials, &vector->params, &vector->arena, &request, &err) != 0)
        fail_msg("%s: %s", vector->folder, err.text);
    struct view authorization = http_header_get(&request.headers, "authorization");
    assert_true(
        view_equal(authorization, line_of(vector, "header-signed-request.txt", "Authorization:")));
    struct view token = http_header_get(&request.headers, "x-amz-security-token");
    assert_true(view_equal(token, vector->credentials.session_token));
    if (vector->params.token_unsigned)
        http_header_remove(&request.headers, "x-amz-security-token");
    check_steps(vector, &request, "header", hash);
}

static void check_query_variant(struct vector *vector, struct view hash)
{
    struct http_request request = vector->request;
    struct err err = {0};

    if (sigv4_presign(&vector->credentials, &vector->params, vector->expires_in_s, &vector->arena,
                      &request, &err)
        != 0)
        fail_msg("%s: %s", vector->folder, err.text);
    struct view expected =
        line_of(vector, "query-signed-request.txt",
                arena_printf(&vector->arena, "%.*s ", VIEW_ARG(vector->request.method)));
    expected = view_slice(expected, 0, expected.len - 9);
    struct view last = (struct view)VIEW("&X-Amz-Signature=");
    size_t signature_at = view_find(expected, last, 0);
    assert_true(signature_at < expected.len);
    assert_true(view_equal(
        view_slice(request.target, view_find(request.target, last, 0), request.target.len),
        view_slice(expected, signature_at, expected.len)));
    size_t token_at = view_find(request.target, (struct view)VIEW("&X-Amz-Security-Token="), 0);
    if (vector->params.token_unsigned)
        request.target = view_slice(request.target, 0, token_at);
    check_steps(vector, &request, "query", hash);
}

static void check_vector(const char *root, const char *name)
{
    struct vector vector = {0};
    char hash[DIGEST_HEX_SIZE];
    arena_init(&vector.arena, 1 << 20);
    snprintf(vector.folder, sizeof vector.folder, "%s/%s", root, name);

    read_context(&vector);
    read_request(&vector);
    struct digest digest = digest_of(vector.request.body);
    digest_hex(&digest, hash);
    check_header_variant(&vector, view_of(hash));
    check_query_variant(&vector, view_of(hash));
    arena_release(&vector.arena);
}

static void every_vector_gives_its_canonical_request_string_and_signature(void **state)
{
    (void)state;
    const char *shared = getenv("ASSAY_SHARED");
    char root[500];
    size_t count = 0;
    snprintf(root, sizeof root, "%s/data/aws-sigv4/v4", shared != NULL ? shared : "../shared");
    DIR *folder = opendir(root);
    if (folder == NULL) {
        print_message("skipped: no SigV4 vectors in %s (set ASSAY_SHARED)\n", root);
        skip();
    }
    const struct dirent *entry;

    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        check_vector(root, entry->d_name);
        count++;
    }
    closedir(folder);
    print_message("%zu vectors, each by header and by query\n", count);
    assert_true(count >= 37);
}

static const struct sigv4_credentials keys = {.access_key = VIEW("AKIDEXAMPLE"),
                                              .secret_key = VIEW("SECRETSECRET"),
                                              .session_token = VIEW("TOK")};
static const struct sigv4_params params = {
    .region = VIEW("us-east-1"), .service = VIEW("bedrock"), .unix_s = 1440938160};

static struct http_request request_for(const char *target)
{
    struct http_request request = {.method = VIEW("POST"), .target = view_of(target)};

    assert_int_equal(http_header_add(&request.headers, view_of("Host"), view_of("h")), 0);
    return request;
}

static void the_path_is_encoded_again_but_for_s3(void **state)
{
    (void)state;
    struct http_request request = request_for("/model/a.b-v1%3A0/invoke");
    struct sigv4_params once = params;
    struct strbuf out;
    strbuf_init(&out, 10000);

    assert_int_equal(sigv4_canonical(&out, &params, &request, view_of("host"), view_of("H")), 0);
    assert_string_equal(strbuf_text(&out), "POST\n/model/a.b-v1%253A0/invoke\n\nhost:h\n\nhost\nH");
    strbuf_reset(&out);
    once.encode_once = once.keep_path = true;
    assert_int_equal(sigv4_canonical(&out, &once, &request, view_of("host"), view_of("H")), 0);
    assert_string_equal(strbuf_text(&out), "POST\n/model/a.b-v1%3A0/invoke\n\nhost:h\n\nhost\nH");
    strbuf_release(&out);
}

static void signing_again_replaces_the_signature(void **state)
{
    (void)state;
    struct arena arena;
    struct http_request request = request_for("/");
    arena_init(&arena, 100000);

    assert_int_equal(sigv4_sign(&keys, &params, &arena, &request, NULL), 0);
    struct view first = http_header_get(&request.headers, "authorization");
    assert_int_equal(sigv4_sign(&keys, &params, &arena, &request, NULL), 0);
    assert_true(view_equal(first, http_header_get(&request.headers, "authorization")));
    assert_int_equal(request.headers.count, 4);
    arena_release(&arena);
}

static void what_changes_on_the_way_is_not_signed(void **state)
{
    (void)state;
    struct http_request request = request_for("/");
    struct strbuf out;
    strbuf_init(&out, 1000);

    assert_int_equal(http_header_add(&request.headers, view_of("User-Agent"), view_of("x")), 0);
    assert_int_equal(http_header_add(&request.headers, view_of("Connection"), view_of("x")), 0);
    assert_int_equal(http_header_add(&request.headers, view_of("Accept"), view_of("x")), 0);
    sigv4_signed_headers(&out, &request.headers);
    assert_string_equal(strbuf_text(&out), "accept;host");
    strbuf_release(&out);
}

static void
a_request_that_cannot_be_signed_is_left_alone_and_the_reason_holds_no_secret(void **state)
{
    (void)state;
    struct arena arena;
    struct err err = {0};
    struct http_request request = request_for("/a?b=%zz");
    arena_init(&arena, 100000);

    assert_int_equal(sigv4_sign(&keys, &params, &arena, &request, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "two hex digits"));
    assert_null(strstr(err.text, "SECRET"));
    assert_int_equal(request.headers.count, 1);
    assert_int_equal(sigv4_presign(&keys, &params, 60, &arena, &request, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "two hex digits"));

    const struct sigv4_credentials none = {0};
    assert_int_equal(sigv4_sign(&none, &params, &arena, &request, &err), ERR_DENIED);
    struct sigv4_params nowhere = params;
    nowhere.region = (struct view){0};
    assert_int_equal(sigv4_sign(&keys, &nowhere, &arena, &request, &err), ERR_INVALID);
    http_header_remove(&request.headers, "host");
    assert_int_equal(sigv4_sign(&keys, &params, &arena, &request, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "Host"));
    arena_release(&arena);
}

static void a_signed_header_that_is_not_there_cannot_be_verified(void **state)
{
    (void)state;
    struct http_request request = request_for("/");
    struct strbuf out;
    strbuf_init(&out, 1000);

    assert_int_equal(sigv4_canonical(&out, &params, &request, view_of("host;x-a"), view_of("H")),
                     ERR_INVALID);
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_gives_its_canonical_request_string_and_signature),
        cmocka_unit_test(the_path_is_encoded_again_but_for_s3),
        cmocka_unit_test(signing_again_replaces_the_signature),
        cmocka_unit_test(what_changes_on_the_way_is_not_signed),
        cmocka_unit_test(
            a_request_that_cannot_be_signed_is_left_alone_and_the_reason_holds_no_secret),
        cmocka_unit_test(a_signed_header_that_is_not_there_cannot_be_verified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
