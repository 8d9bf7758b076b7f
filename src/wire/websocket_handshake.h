/* SPDX-License-Identifier: Apache-2.0
 *
 * websocket_handshake: how a connection of HTTP/1.1 becomes one of WebSocket, both sides.
 *
 *     client   websocket_request ──▶ http1_write_request_head     … UPGRADE ──▶ websocket_accepted
 *     server   UPGRADE ──▶ websocket_answer ──▶ websocket_response ──▶ http1_write_response_head
 *
 * No extension is ever asked for or agreed to: a client's offer (permessage-deflate) is passed
 * over, as RFC 6455 has it, and a server that turns one on unasked is refused, since its frames
 * could not be read.
 *
 * What it does not do: judge the Origin (the caller sees the head), follow redirects, authenticate,
 * the handshake of HTTP/2 (RFC 8441).
 * Memory: none kept; views point into what was given. Threads: values.
 * Source: RFC 6455, section 4. */
#ifndef ASSAY_WIRE_WEBSOCKET_HANDSHAKE_H
#define ASSAY_WIRE_WEBSOCKET_HANDSHAKE_H

#include "base/err.h"
#include "base/rng.h"
#include "base/view.h"
#include "wire/http.h"
#include "wire/http1.h"

enum {
    WEBSOCKET_VERSION = 13,
    WEBSOCKET_KEY_LEN = 24,    /* 16 bytes in base64 */
    WEBSOCKET_ACCEPT_LEN = 28, /* 20 bytes in base64 */
};

/* The value of Sec-WebSocket-Key: 16 random bytes in base64, new for each connection. */
struct websocket_key {
    char text[WEBSOCKET_KEY_LEN + 1];
};

/* The value of Sec-WebSocket-Accept that proves that a server understood the key. */
struct websocket_accept {
    char text[WEBSOCKET_ACCEPT_LEN + 1];
};

void websocket_key_draw(struct rng *rng, struct websocket_key *ret_key);

/* What a server answers to this key; of at most 100 bytes. */
void websocket_accept_of(struct view key, struct websocket_accept *ret_accept);

/* ---- the client ----------------------------------------------------------------------------- */

/* Makes a WebSocket request of one that has target, Host and what else its server wants: sets the
 * method GET and adds the headers of the handshake, of which `key` and `subprotocols` (a list as
 * the header has it, "chat, superchat"; empty: none) must live as long as the request. ERR_INVALID
 * with reterr where the request has a body or such a header already, or a subprotocol is no token;
 * ERR_LIMIT where it has too many headers. */
MUST_CHECK int websocket_request(struct http_request *request, const struct websocket_key *key,
                                 struct view subprotocols, struct err *reterr);

/* Did the server agree to what websocket_request asked? 0, and ret_subprotocol (may be NULL) the
 * one it chose, empty where none, pointing into the head. For a status other than 101 ERR_DENIED
 * (401, 403, 407), ERR_THROTTLED (429), ERR_UPSTREAM (5xx), ERR_REFUSED (other 4xx) or
 * ERR_PROTOCOL; for a 101 that is not as it must be ERR_PROTOCOL. */
MUST_CHECK int websocket_accepted(const struct http1_head *head, const struct websocket_key *key,
                                  struct view subprotocols, struct view *ret_subprotocol,
                                  struct err *reterr);

/* ---- the server ----------------------------------------------------------------------------- */

struct websocket_answer {
    int status;                     /* 101, 400, 405, 426, or 503 without memory */
    struct websocket_accept accept; /* of 101 */
    struct view subprotocol;        /* of 101: the one that was chosen; empty: none */
};

/* True where the head asks for WebSocket, rightly or not: its Upgrade names it. */
bool websocket_is_asked_for(const struct http1_head *head);

/* Judges a client's request. `subprotocols`: those the server speaks, a list as above; the first
 * of the client's that is among them is chosen, pointing into the list. 0 and a status of 101; or
 * ERR_REFUSED (or ERR_MEMORY) with reterr, and the status to answer. ret_answer is filled in both
 * cases. */
MUST_CHECK int websocket_answer(const struct http1_head *head, struct view subprotocols,
                                struct websocket_answer *ret_answer, struct err *reterr);

/* The response that says so, into whose views `answer` must live; `text` is the body of a refusal
 * (reterr's text, say). It is written with HTTP1_NO_BODY where the status is 101, else with
 * HTTP1_LENGTH. Room for other headers is left. */
void websocket_response(const struct websocket_answer *answer, struct view text,
                        struct http_response *ret_response);

#endif
