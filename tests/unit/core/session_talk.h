/* SPDX-License-Identifier: Apache-2.0
 *
 * session_talk: a session under test and what it hears and says, written down; and a client of
 * HTTP/2 to talk to it. */
#ifndef ASSAY_TESTS_SESSION_TALK_H
#define ASSAY_TESTS_SESSION_TALK_H

#include "core/server/session.h"
#include "wire/http2.h"

enum { TALK_BYTES_MAX = 64 * 1024 * 1024, TALK_STREAMS = 16 };

struct talk {
    struct session_budget budget;
    struct session *session;
    struct strbuf heard; /* events, one a line */
    struct strbuf said;  /* bytes for the peer */
    struct strbuf held;  /* fed and not taken */
    bool answers;        /* each request with what it was */
    bool in_pieces;
    uint32_t body_bytes[TALK_STREAMS];
    uint32_t last; /* stream that a request came on */
    char path[TALK_STREAMS][64];
};

/* limits may be NULL: the defaults. */
void talk_init(struct talk *talk, enum session_kind kind, const struct session_limits *limits);
/* Fails the test where the budget is not as it was. */
void talk_free(struct talk *talk);

/* Answers a stream with its path and the length of its body. */
void talk_answer(struct talk *talk, uint32_t stream);

/* Takes events until there are none, and bytes until there are none. */
void talk_move_on(struct talk *talk);
void talk_feed(struct talk *talk, struct view bytes);
void talk_feed_cut(struct talk *talk, struct view bytes, size_t piece);

bool talk_said(const struct talk *talk, const char *words);

struct http2_client {
    struct http2 *http2;
    struct strbuf bodies; /* of all streams */
    struct strbuf events;
};

void http2_client_init(struct http2_client *client);
void http2_client_free(struct http2_client *client);
uint32_t http2_client_ask(struct http2_client *client, const char *method, const char *target,
                          struct view body, bool end);
/* What the client has to say, to the session in pieces of so many bytes; back what the session
 * says, until both are silent. */
void http2_client_talks(struct http2_client *client, struct talk *talk, size_t piece);

#endif
