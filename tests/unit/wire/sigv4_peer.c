/* SPDX-License-Identifier: Apache-2.0
 *
 * sigv4_peer: signs the requests on standard input, one JSON object a line, and prints the
 * headers that signing added, one object a line. For tests/e2e/test_sigv4.py. */
#include <stdio.h>

#include "wire/json.h"
#include "wire/sigv4.h"

enum { LINE_MAX_BYTES = 256 * 1024, ARENA_MAX = 16 * 1024 * 1024 };

static struct view text(const struct json *object, const char *key)
{
    return json_text(json_get(object, key), (struct view){0});
}

static int sign(struct arena *arena, const struct json *asked, struct http_request *request,
                struct err *err)
{
    const struct sigv4_credentials credentials = {
        .access_key = text(asked, "access_key"),
        .secret_key = text(asked, "secret_key"),
        .session_token = text(asked, "session_token"),
    };
    const struct sigv4_params params = sigv4_params_of(
        text(asked, "service"), text(asked, "region"), json_int(json_get(asked, "unix_s"), 0));
    int code = 0;

    request->method = text(asked, "method");
    request->target = text(asked, "target");
    request->body = text(asked, "body");
    const struct json *header = json_get(asked, "headers");
    for (header = header != NULL ? header->child : NULL; header != NULL && code == 0;
         header = header->next)
        code = http_header_add(&request->headers, header->key, json_text(header, (struct view){0}));
    return code != 0 ? code : sigv4_sign(&credentials, &params, arena, request, err);
}

static void print(const struct http_request *request)
{
    static const char *const names[] = {"x-amz-date", "x-amz-security-token",
                                        "x-amz-content-sha256", "authorization"};
    struct json_writer writer;
    struct strbuf out;

    strbuf_init(&out, LINE_MAX_BYTES);
    json_writer_init(&writer, &out, 0);
    json_write_object(&writer);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_write_key(&writer, names[i]);
        json_write_string(&writer, http_header_get(&request->headers, names[i]));
    }
    json_write_end(&writer, '}');
    puts(strbuf_text(&out));
    strbuf_release(&out);
}

int main(void)
{
    static char line[LINE_MAX_BYTES];
    int status = 0;

    while (status == 0 && fgets(line, sizeof line, stdin) != NULL) {
        struct http_request request = {.headers.count = 0};
        struct arena arena;
        struct json *asked;
        struct err err = {0};
        arena_init(&arena, ARENA_MAX);
        if (json_parse(&arena, view_trim(view_of(line)), &asked, &err) != 0
            || sign(&arena, asked, &request, &err) != 0) {
            fprintf(stderr, "sigv4_peer: %s\n", err.text);
            status = 1;
        } else {
            print(&request);
        }
        arena_release(&arena);
    }
    return status;
}
