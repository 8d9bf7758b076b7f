/* SPDX-License-Identifier: Apache-2.0
 *
 * hdrlog: histograms as HdrHistogram's tools write and read them: the V2 encoding, plain and
 * compressed, and the interval log (.hlog) whose lines carry it in base64.
 *
 *     V2          u32 0x1c849313 │ u32 bytes of counts │ u32 0 │ u32 digits │ u64 lowest
 *                 │ u64 highest │ f64 1.0 │ counts
 *     compressed  u32 0x1c849314 │ u32 bytes that follow │ zlib(V2)
 *     counts      ZigZag LEB128 of at most 9 bytes each, from bucket 0 to the last that is not
 *                 empty; a negative number stands for so many empty buckets
 *     line        [Tag=NAME,]START,LENGTH,MAX,BASE64       seconds, seconds, in the log's unit
 *
 * Counts survive exactly; the exact minimum and maximum become those of their buckets, as in every
 * implementation, and `clipped` is not written. Read are histograms of lowest value 1 and
 * 3 significant digits (the usual ones); others are refused, since they would not add up exactly.
 *
 * Memory: strbufs while it runs, zlib's blocks through base/mem. Threads: no state.
 * Limits: HDRLOG_V2_MAX bytes of one histogram, whatever zlib would unpack.
 * Source: HdrHistogram 2.1 (AbstractHistogram, HistogramLogWriter), log format version 1.3. */
#ifndef ASSAY_WIRE_HDRLOG_H
#define ASSAY_WIRE_HDRLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/histogram.h"
#include "base/strbuf.h"
#include "base/view.h"

enum {
    HDRLOG_HEAD_BYTES = 40,
    HDRLOG_COUNT_BYTES_MAX = 9,
    HDRLOG_V2_MAX = HDRLOG_HEAD_BYTES + HDRLOG_COUNT_BYTES_MAX * HISTOGRAM_LEN_MAX,
    HDRLOG_COMPRESSED_MAX = HDRLOG_V2_MAX + HDRLOG_V2_MAX / 8,
    HDRLOG_LINE_MAX = 4096 + HDRLOG_COMPRESSED_MAX / 3 * 4,
};

/* Appends the histogram in V2, plain or compressed. ERR_LIMIT or ERR_MEMORY, and nothing
 * appended. */
MUST_CHECK int hdrlog_encode(struct strbuf *out, const struct histogram *histogram);
MUST_CHECK int hdrlog_encode_compressed(struct strbuf *out, const struct histogram *histogram);

/* Reads either form, whole. Initialises ret_histogram (the caller releases it) with the range that
 * was written; ERR_CORRUPT, ERR_UNSUPPORTED or ERR_MEMORY with reterr (may be NULL) leave it
 * untouched. */
MUST_CHECK int hdrlog_decode(struct view bytes, struct histogram *ret_histogram,
                             struct err *reterr);

/* The same of the base64 in a line of a log. */
MUST_CHECK int hdrlog_decode_text(struct view text, struct histogram *ret_histogram,
                                  struct err *reterr);

/* ---- interval logs -------------------------------------------------------------------------- */

/* Appends the lines before the first interval: who wrote it (`writer`, one line), the format's
 * version, when it started, the legend. ERR_INVALID for line ends in writer, or failures of
 * `out`. */
MUST_CHECK int hdrlog_write_head(struct strbuf *out, struct view writer, int64_t start_at_ms);

/* A line of a log. */
struct hdrlog_interval {
    struct view tag;     /* empty: none; without commas, spaces and line ends */
    int64_t start_in_ms; /* since the start of the log; as read, what the line says */
    int64_t length_ms;   /* of the interval */
    double max;          /* as read: what the line says */
    struct view encoded; /* as read: base64, for hdrlog_decode_text */
};

/* Appends a line. The maximum is written divided by max_unit (1e6 for values in ns and a log in ms,
 * the usual pair); tag, start_in_ms and length_ms are taken from `interval`, the rest is ignored.
 * ERR_INVALID for a bad tag, negative times or a max_unit that is not above 0; ERR_LIMIT,
 * ERR_MEMORY; nothing appended then. */
MUST_CHECK int hdrlog_write_interval(struct strbuf *out, const struct hdrlog_interval *interval,
                                     const struct histogram *histogram, double max_unit);

struct hdrlog_reader {
    struct view rest;
    size_t line;         /* number of the last line read, from 1 */
    bool has_start;      /* a StartTime line came */
    int64_t start_at_ms; /* what it said, ms since 1970 */
};

/* A reader of the whole text of a log, which must outlive it. */
void hdrlog_reader_init(struct hdrlog_reader *reader, struct view text);

/* The next interval: 1 and ret_interval filled, whose views lie in the text; 0 at the end;
 * ERR_SYNTAX with reterr (may be NULL), which names the line. Comments and legends are passed
 * over. */
MUST_CHECK int hdrlog_next(struct hdrlog_reader *reader, struct hdrlog_interval *ret_interval,
                           struct err *reterr);

#endif
