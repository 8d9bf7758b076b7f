/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_record: what the HTTP/2 codec says about a stream of bytes, written down so that two
 * readings can be compared: events in order, each body as a whole with its message's end, and the
 * error or the end. Which bytes of a body came before a stream was reset is left out: a body that
 * breaks a rule may be refused within a frame.
 *
 * A server answers what is whole, resets some streams and holds others; a client has asked three
 * times, once with a long body. What they say is checked to be whole frames.
 * Memory: the strbuf's. */
#ifndef TESTS_LAWS_HTTP2_RECORD_H
#define TESTS_LAWS_HTTP2_RECORD_H

#include "stream_record.h"
#include "wire/http2.h"

/* Returns 0 or the error. */
int http2_record(struct view text, enum http2_side side, const struct http2_limits *limits,
                 const struct stream_cuts *cuts, struct strbuf *out);

#endif
