/* SPDX-License-Identifier: Apache-2.0
 *
 * websocket_handshake: see websocket_handshake.h. What makes this handshake differ from any other
 * upgrade is the hash of the key: only who speaks WebSocket answers it rightly. */
#include "wire/websocket_handshake.h"

#include <stdio.h>

#include <openssl/sha.h>

#include "wire/base64.h"

enum { KEY_BYTES = 16, KEY_LEN_MAX = 100 };

static const struct view guid = VIEW("258EAFA5-E914-47DA-95CA-C5AB0DC85B11"); /* RFC 6455, 1.3 */
static const struct view version = VIEW("13");
static const struct view websocket_token = VIEW("websocket");
static const struct view upgrade_token = VIEW("upgrade");

/* ---- keys ----------------------------------------------------------------------------------- */

void websocket_key_draw(struct rng *rng, struct websocket_key *ret_key)
{
    uint64_t random[2] = {rng_next(rng), rng_next(rng)};
    size_t len = base64_encode_to(ret_key->text, view_make(random, sizeof random));

    assert_always(len == WEBSOCKET_KEY_LEN);
    ret_key->text[len] = '\0';
}

void websocket_accept_of(struct view key, struct websocket_accept *ret_accept)
{
    char text[KEY_LEN_MAX + 36];
    unsigned char hash[SHA_DIGEST_LENGTH];

    assert_always(key.len <= KEY_LEN_MAX && guid.len == sizeof text - KEY_LEN_MAX);
    if (key.len > 0)
        memcpy(text, key.ptr, key.len);
    memcpy(text + key.len, guid.ptr, guid.len);
    SHA1((const unsigned char *)text, key.len + guid.len, hash);
    size_t len = base64_encode_to(ret_accept->text, view_make(hash, sizeof hash));
    assert_always(len == WEBSOCKET_ACCEPT_LEN);
    ret_accept->text[len] = '\0';
}

/* ---- headers that are lists ----------------------------------------------------------------- */

static size_t count_of(const struct http_headers *headers, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < headers->count; i++)
        count += view_equal_nocase(headers->items[i].name, view_of(name));
    return count;
}

/* Takes the next element off a list that commas separate; false at its end. */
static bool next_element(struct view *list, struct view *ret_element)
{
    while (list->ptr != NULL) {
        *ret_element = view_trim(view_split(list, ','));
        if (ret_element->len > 0)
            return true;
    }
    return false;
}

/* Without case: the tokens of Upgrade and Connection. */
static bool has_token(const struct http_headers *headers, const char *name, struct view token)
{
    for (size_t i = 0; i < headers->count; i++) {
        struct view list = headers->items[i].value;
        struct view element;
        if (!view_equal_nocase(headers->items[i].name, view_of(name)))
            continue;
        while (next_element(&list, &element)) {
            if (view_equal_nocase(element, token))
                return true;
        }
    }
    return false;
}

/* With case: the element of the list that is this subprotocol; empty where there is none. */
static struct view find_element(struct view list, struct view wanted)
{
    struct view element;

    while (next_element(&list, &element)) {
        if (view_equal(element, wanted))
            return element;
    }
    return (struct view){0};
}

/* ---- the client ----------------------------------------------------------------------------- */

static int check_free(const struct http_request *request, struct view subprotocols,
                      struct err *reterr)
{
    static const char *const ours[] = {"Upgrade",
                                       "Connection",
                                       "Sec-WebSocket-Key",
                                       "Sec-WebSocket-Version",
                                       "Sec-WebSocket-Protocol",
                                       "Sec-WebSocket-Extensions"};
    struct view element;

    if (request->body.len > 0)
        return fail(reterr, ERR_INVALID, "a WebSocket request has no body");
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (count_of(&request->headers, ours[i]) > 0)
            return fail(reterr, ERR_INVALID,
                        "the header %s belongs to the WebSocket handshake and cannot be given",
                        ours[i]);
    }
    while (next_element(&subprotocols, &element)) {
        if (!http_is_token(element))
            return fail(reterr, ERR_INVALID, "'%.*s' cannot be a WebSocket subprotocol",
                        VIEW_ARG(element));
    }
    return 0;
}

int websocket_request(struct http_request *request, const struct websocket_key *key,
                      struct view subprotocols, struct err *reterr)
{
    const struct http_header ours[] = {
        {VIEW("Upgrade"), websocket_token},
        {VIEW("Connection"), VIEW("Upgrade")},
        {VIEW("Sec-WebSocket-Version"), version},
        {VIEW("Sec-WebSocket-Key"), view_make(key->text, WEBSOCKET_KEY_LEN)},
        {VIEW("Sec-WebSocket-Protocol"), subprotocols},
    };
    size_t count = sizeof ours / sizeof ours[0] - (subprotocols.len == 0);
    int code = check_free(request, subprotocols, reterr);

    if (code != 0)
        return code;
    if (request->headers.count + count > HTTP_HEADERS_MAX)
        return fail(reterr, ERR_LIMIT, "a request with more than %d headers", HTTP_HEADERS_MAX);
    request->method = (struct view)VIEW("GET");
    for (size_t i = 0; code == 0 && i < count; i++)
        code = http_header_add(&request->headers, ours[i].name, ours[i].value);
    return code != 0 ? fail(reterr, code, "the WebSocket subprotocols cannot be a header") : 0;
}

/* What a status other than 101 means for the caller. */
static int code_of_status(int status)
{
    static const struct {
        int from;
        int to;
        int code;
    } codes[] = {
        {401, 401, ERR_DENIED},    {403, 403, ERR_DENIED},  {407, 407, ERR_DENIED},
        {429, 429, ERR_THROTTLED}, {400, 499, ERR_REFUSED}, {500, 599, ERR_UPSTREAM},
    };

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (status >= codes[i].from && status <= codes[i].to)
            return codes[i].code;
    }
    return ERR_PROTOCOL;
}

/* The first extension that is named; empty where there is none. */
static struct view first_extension(const struct http_headers *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        struct view list = headers->items[i].value;
        struct view element;
        if (view_equal_nocase(headers->items[i].name, view_of("sec-websocket-extensions"))
            && next_element(&list, &element))
            return view_trim(view_split(&element, ';'));
    }
    return (struct view){0};
}

static int check_accept(const struct http_headers *headers, const struct websocket_key *key,
                        struct err *reterr)
{
    struct view accept = view_trim(http_header_get(headers, "sec-websocket-accept"));
    size_t count = count_of(headers, "sec-websocket-accept");
    struct websocket_accept wanted;

    websocket_accept_of(view_make(key->text, WEBSOCKET_KEY_LEN), &wanted);
    if (count != 1)
        return fail(reterr, ERR_PROTOCOL,
                    "the server's answer has %s header Sec-WebSocket-Accept, where one must be",
                    count == 0 ? "no" : "more than one");
    if (!view_is(accept, wanted.text))
        return fail(reterr, ERR_PROTOCOL,
                    "the server's Sec-WebSocket-Accept is '%.*s', which does not answer our key: "
                    "whatever replied does not speak WebSocket",
                    VIEW_ARG(view_slice(accept, 0, KEY_LEN_MAX)));
    return 0;
}

int websocket_accepted(const struct http1_head *head, const struct websocket_key *key,
                       struct view subprotocols, struct view *ret_subprotocol, struct err *reterr)
{
    const struct http_headers *headers = &head->headers;
    struct view extension = first_extension(headers);
    struct view chosen = view_trim(http_header_get(headers, "sec-websocket-protocol"));
    bool is_upgraded = has_token(headers, "upgrade", websocket_token);

    if (head->status != 101)
        return fail(reterr, code_of_status(head->status),
                    "the server answered %d %s instead of switching to WebSocket", head->status,
                    http_reason(head->status));
    if (!is_upgraded || !has_token(headers, "connection", upgrade_token))
        return fail(reterr, ERR_PROTOCOL, "the server answered 101 without the header %s",
                    is_upgraded ? "Connection: Upgrade" : "Upgrade: websocket");
    int code = check_accept(headers, key, reterr);
    if (code != 0)
        return code;
    if (extension.len > 0)
        return fail(reterr, ERR_PROTOCOL,
                    "the server turned on the extension '%.*s', which was not asked for",
                    VIEW_ARG(extension));
    if (count_of(headers, "sec-websocket-protocol") > 1)
        return fail(reterr, ERR_PROTOCOL,
                    "the server's answer has more than one header Sec-WebSocket-Protocol");
    if (chosen.len > 0 && find_element(subprotocols, chosen).len == 0)
        return fail(reterr, ERR_PROTOCOL,
                    "the server chose the subprotocol '%.*s', which was not asked for",
                    VIEW_ARG(chosen));
    if (ret_subprotocol != NULL)
        *ret_subprotocol = chosen;
    return 0;
}

/* ---- the server ----------------------------------------------------------------------------- */

bool websocket_is_asked_for(const struct http1_head *head)
{
    return has_token(&head->headers, "upgrade", websocket_token);
}

static int PRINTF_LIKE(4, 5)
    refuse(struct websocket_answer *answer, int status, struct err *reterr, const char *format, ...)
{
    char text[ERR_TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    *answer = (struct websocket_answer){.status = status};
    return fail(reterr, ERR_REFUSED, "%s", text);
}

/* Sec-WebSocket-Key: once, 16 bytes in base64. */
static int check_key(const struct http_headers *headers, struct websocket_answer *answer,
                     struct err *reterr)
{
    struct view key = view_trim(http_header_get(headers, "sec-websocket-key"));
    struct strbuf bytes;

    if (count_of(headers, "sec-websocket-key") != 1 || key.len != WEBSOCKET_KEY_LEN)
        return refuse(answer, 400, reterr,
                      "a WebSocket request needs one header Sec-WebSocket-Key of 16 bytes in "
                      "base64");
    strbuf_init(&bytes, KEY_BYTES + 2);
    int code = base64_decode(&bytes, key);
    bool right = code == 0 && bytes.len == KEY_BYTES;
    strbuf_release(&bytes);
    if (code == ERR_MEMORY) {
        *answer = (struct websocket_answer){.status = 503};
        return fail(reterr, code, "no memory for a WebSocket handshake");
    }
    if (!right)
        return refuse(answer, 400, reterr, "the Sec-WebSocket-Key '%.*s' is not 16 bytes in base64",
                      VIEW_ARG(key));
    *answer = (struct websocket_answer){.status = 101};
    websocket_accept_of(key, &answer->accept);
    return 0;
}

/* All of a request but its key. */
static int check_request(const struct http1_head *head, struct websocket_answer *answer,
                         struct err *reterr)
{
    const struct http_headers *headers = &head->headers;
    struct view asked = view_trim(http_header_get(headers, "sec-websocket-version"));

    if (!view_is(head->method, "GET"))
        return refuse(answer, 405, reterr, "a WebSocket request uses GET, not %.*s",
                      VIEW_ARG(head->method));
    if (head->version_minor < 1)
        return refuse(answer, 400, reterr, "WebSocket needs HTTP/1.1, not HTTP/1.0");
    if (!websocket_is_asked_for(head))
        return refuse(answer, 426, reterr,
                      "only WebSocket is spoken here: ask for it with Upgrade: websocket");
    if (!has_token(headers, "connection", upgrade_token))
        return refuse(answer, 400, reterr,
                      "a WebSocket request needs the header Connection: Upgrade");
    if (head->chunked || head->length > 0)
        return refuse(answer, 400, reterr, "a WebSocket request has no body");
    if (count_of(headers, "sec-websocket-version") != 1 || !view_equal(asked, version))
        return refuse(answer, 426, reterr,
                      "WebSocket is spoken here in version 13 (Sec-WebSocket-Version), not '%.*s'",
                      VIEW_ARG(asked));
    return 0;
}

/* The first of the client's that is among ours. */
static struct view choose(const struct http_headers *headers, struct view subprotocols)
{
    for (size_t i = 0; i < headers->count; i++) {
        struct view list = headers->items[i].value;
        struct view element;
        if (!view_equal_nocase(headers->items[i].name, view_of("sec-websocket-protocol")))
            continue;
        while (next_element(&list, &element)) {
            struct view found = find_element(subprotocols, element);
            if (found.len > 0)
                return found;
        }
    }
    return (struct view){0};
}

int websocket_answer(const struct http1_head *head, struct view subprotocols,
                     struct websocket_answer *ret_answer, struct err *reterr)
{
    int code = check_request(head, ret_answer, reterr);

    if (code == 0)
        code = check_key(&head->headers, ret_answer, reterr);
    if (code == 0)
        ret_answer->subprotocol = choose(&head->headers, subprotocols);
    return code;
}

static void add(struct http_response *response, const char *name, struct view value)
{
    int code = http_header_add(&response->headers, view_of(name), value);

    assert_always(code == 0); /* few, and of bytes that a header may hold */
}

void websocket_response(const struct websocket_answer *answer, struct view text,
                        struct http_response *ret_response)
{
    *ret_response = (struct http_response){.status = answer->status};
    if (answer->status == 101 || answer->status == 426) {
        add(ret_response, "Upgrade", websocket_token);
        add(ret_response, "Connection", (struct view)VIEW("Upgrade"));
    }
    if (answer->status == 101) {
        add(ret_response, "Sec-WebSocket-Accept", view_of(answer->accept.text));
        if (answer->subprotocol.len > 0)
            add(ret_response, "Sec-WebSocket-Protocol", answer->subprotocol);
        return;
    }
    if (answer->status == 426)
        add(ret_response, "Sec-WebSocket-Version", version);
    if (answer->status == 405)
        add(ret_response, "Allow", (struct view)VIEW("GET"));
    add(ret_response, "Content-Type", (struct view)VIEW("text/plain; charset=utf-8"));
    ret_response->body = text;
}
