/* SPDX-License-Identifier: Apache-2.0
 *
 * frame_record: what the readers of AWS event streams and of Redis's protocol say about a stream of
 * bytes, written down so that two readings can be compared: events in order, pieces of one string
 * joined, and the error or how it ended.
 *
 * Pieces are fed as stream_record.h cuts them. Memory: the strbuf's. */
#ifndef TESTS_LAWS_FRAME_RECORD_H
#define TESTS_LAWS_FRAME_RECORD_H

#include "stream_record.h"
#include "wire/eventstream.h"
#include "wire/resp.h"

/* Appends what came of the messages. Returns 0, the error, or what eventstream_finish said. */
int frame_record_eventstream(struct view text, const struct stream_cuts *cuts, struct strbuf *out);

/* Appends a message as frame_record_eventstream does. */
void frame_record_message(const struct eventstream_message *message, struct strbuf *out);

/* Appends what came of the commands or replies; limits as resp_parser_init takes them. Returns 0 or
 * the error. */
int frame_record_resp(struct view text, enum resp_side side, const struct resp_limits *limits,
                      const struct stream_cuts *cuts, struct strbuf *out);

#endif
