/* SPDX-License-Identifier: Apache-2.0
 *
 * session_internal: what the rows of session.h share: the table of functions that each fills, and
 * bytes that wait. Private to core/server.
 *
 *   session.c             which row, limits, the budget
 *   session_http1.c       session_http2.c       session_websocket.c       the rows
 *   outbox.c              bytes that wait for `output`
 *
 * Memory: base/mem. Threads: one owner. */
#ifndef ASSAY_CORE_SERVER_SESSION_INTERNAL_H
#define ASSAY_CORE_SERVER_SESSION_INTERNAL_H

#include "core/server/session.h"
#include "wire/http1.h"

enum {
    SESSION_BUSY_BYTES = 256 * 1024, /* more that wait of one answer: ERR_BUSY */
    SESSION_EASY_BYTES = 64 * 1024,  /* fewer after that: WRITABLE */
};

/* ---- bytes that wait ------------------------------------------------------------------------ */

struct outbox {
    struct strbuf bytes; /* what lies before `at` has left */
    size_t at;
    struct session_budget *budget;
};

void outbox_init(struct outbox *outbox, size_t limit_bytes, struct session_budget *budget);
void outbox_release(struct outbox *outbox);

size_t outbox_waiting(const struct outbox *outbox);

/* ERR_LIMIT where so many more go past its limit or the budget. */
MUST_CHECK int outbox_fits(const struct outbox *outbox, size_t bytes);

/* ERR_LIMIT, ERR_MEMORY: nothing is added. */
MUST_CHECK int outbox_add(struct outbox *outbox, struct view bytes);

/* Moves at most `most` bytes to the end of out. ERR_MEMORY, ERR_LIMIT: of out. */
MUST_CHECK int outbox_move(struct outbox *outbox, struct strbuf *out, size_t most);

/* ---- the rows ------------------------------------------------------------------------------- */

struct session_row;

/* Each as the function of session.h with its name. */
struct session_protocol {
    enum session_kind kind;
    void (*free)(struct session_row *row);
    int (*feed)(struct session_row *row, struct view *rest, struct session_event *ret_event);
    int (*respond)(struct session_row *row, uint32_t stream, const struct http_response *response,
                   bool in_pieces);
    int (*piece)(struct session_row *row, uint32_t stream, struct view bytes, bool end);
    void (*reset)(struct session_row *row, uint32_t stream);
    void (*cut)(struct session_row *row, uint32_t stream);
    void (*shut)(struct session_row *row);
    int (*output)(struct session_row *row, struct strbuf *out, size_t most);
    size_t (*waiting)(const struct session_row *row, uint32_t stream);
    enum session_state (*state)(const struct session_row *row);
    /* NULL where nothing depends on it. */
    void (*tick)(struct session_row *row);
    /* NULL where there is none. 0: the row to go on with; the old one is to be freed. */
    int (*upgrade)(struct session_row *row, uint32_t stream, struct session_row **ret_row,
                   struct err *reterr);
};

/* The first member of each row. */
struct session_row {
    const struct session_protocol *protocol;
    struct session_limits limits; /* no field is 0 */
    struct session_budget *budget;
};

/* NULL when memory ran out. */
struct session_row *session_http1_new(const struct session_limits *limits,
                                      struct session_budget *budget);
struct session_row *session_http2_new(const struct session_limits *limits,
                                      struct session_budget *budget);
/* `greeting` leaves before anything else: the answer to the handshake. */
struct session_row *session_websocket_new(const struct session_limits *limits,
                                          struct session_budget *budget, uint32_t stream,
                                          struct view greeting);

/* True for a status whose responses have no body: 1xx, 204, 304. */
bool session_status_has_no_body(int status);

/* An answer of ours that says why: a JSON object with "message" in `body`, which must live as long
 * as the response. */
MUST_CHECK int session_refusal(int status, const char *why, struct strbuf *body,
                               struct http_response *ret_response);

#endif
