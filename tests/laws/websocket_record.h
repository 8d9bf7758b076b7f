/* SPDX-License-Identifier: Apache-2.0
 *
 * websocket_record: what one side of a WebSocket says about a stream of bytes, written down so that
 * two readings can be compared: events in order, the error or how it ended, and what it answered.
 *
 * Pieces are fed as stream_record.h cuts them. Memory: the strbuf's. */
#ifndef TESTS_LAWS_WEBSOCKET_RECORD_H
#define TESTS_LAWS_WEBSOCKET_RECORD_H

#include "stream_record.h"
#include "wire/websocket.h"

/* The seed of the masking keys of everything that is recorded. */
enum { WEBSOCKET_RECORD_SEED = 7 };

/* Appends what came to `out`, and the bytes that this side would send in answer to `ret_answer`
 * (may be NULL). Returns 0 or the error. */
int websocket_record(struct view bytes, enum websocket_side side,
                     const struct websocket_limits *limits, const struct stream_cuts *cuts,
                     struct strbuf *out, struct strbuf *ret_answer);

/* Appends an event as websocket_record does. */
void websocket_record_event(const struct websocket_event *event, struct strbuf *out);

#endif
