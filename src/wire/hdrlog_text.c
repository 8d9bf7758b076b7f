/* SPDX-License-Identifier: Apache-2.0
 *
 * hdrlog_text: the lines of interval logs; see hdrlog.h. */
#include <math.h>

#include "base/date.h"
#include "wire/base64.h"
#include "wire/hdrlog.h"

/* The end of year 9999, past which no date is written. */
static const int64_t at_ms_max = INT64_C(253402300799999);
static const double seconds_max = 1e12;

static bool has_any(struct view text, const char *refused)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\0' || strchr(refused, text.ptr[i]) != NULL)
            return true;
    }
    return false;
}

static void add_seconds(struct strbuf *out, int64_t ms)
{
    strbuf_printf(out, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
}

int hdrlog_write_head(struct strbuf *out, struct view writer, int64_t start_at_ms)
{
    size_t start = out->len;
    char date[DATE_ISO_SIZE];

    if (has_any(writer, "\r\n") || start_at_ms < 0 || start_at_ms > at_ms_max)
        return ERR_INVALID;
    date_iso(start_at_ms / 1000, date);
    strbuf_add_text(out, "#[Logged with ");
    strbuf_add(out, writer);
    strbuf_add_text(out, "]\n#[Histogram log format version 1.3]\n#[StartTime: ");
    add_seconds(out, start_at_ms);
    strbuf_printf(out, " (seconds since epoch), %s]\n", date);
    strbuf_add_text(out, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                         "\"Interval_Compressed_Histogram\"\n");
    if (strbuf_status(out) != 0)
        strbuf_cut(out, start);
    return strbuf_status(out);
}

int hdrlog_write_interval(struct strbuf *out, const struct hdrlog_interval *interval,
                          const struct histogram *histogram, double max_unit)
{
    size_t start = out->len;
    struct strbuf bytes;

    if (has_any(interval->tag, ", \t\r\n") || interval->start_in_ms < 0 || interval->length_ms < 0
        || !(max_unit > 0))
        return ERR_INVALID;
    strbuf_init(&bytes, HDRLOG_COMPRESSED_MAX);
    int code = hdrlog_encode_compressed(&bytes, histogram);
    if (code == 0) {
        if (interval->tag.len > 0) {
            strbuf_add_text(out, "Tag=");
            strbuf_add(out, interval->tag);
            strbuf_add_byte(out, ',');
        }
        add_seconds(out, interval->start_in_ms);
        strbuf_add_byte(out, ',');
        add_seconds(out, interval->length_ms);
        strbuf_printf(out, ",%.3f,", (double)histogram_max(histogram) / max_unit);
        base64_encode(out, strbuf_view(&bytes));
        strbuf_add_byte(out, '\n');
        code = strbuf_status(out);
    }
    if (code != 0)
        strbuf_cut(out, start);
    strbuf_release(&bytes);
    return code;
}

/* ---- reading -------------------------------------------------------------------------------- */

void hdrlog_reader_init(struct hdrlog_reader *reader, struct view text)
{
    *reader = (struct hdrlog_reader){.rest = text};
}

static bool read_seconds(struct view text, int64_t *ret_ms)
{
    double seconds;

    if (view_to_double(text, &seconds) != 0 || !(seconds >= 0 && seconds <= seconds_max))
        return false;
    *ret_ms = llround(seconds * 1000);
    return true;
}

/* Only the start of the log is told to programs in a comment. */
static void read_comment(struct hdrlog_reader *reader, struct view line)
{
    static const struct view mark = VIEW("#[StartTime:");

    if (!view_starts(line, mark))
        return;
    struct view rest = view_trim(view_slice(line, mark.len, line.len));
    int64_t at_ms;
    if (read_seconds(view_split(&rest, ' '), &at_ms)) {
        reader->has_start = true;
        reader->start_at_ms = at_ms;
    }
}

static int read_interval(const struct hdrlog_reader *reader, struct view line,
                         struct hdrlog_interval *ret_interval, struct err *reterr)
{
    static const struct view mark = VIEW("Tag=");
    struct hdrlog_interval interval = {0};

    if (view_starts(line, mark)) {
        line = view_slice(line, mark.len, line.len);
        interval.tag = view_split(&line, ',');
    }
    if (!read_seconds(view_split(&line, ','), &interval.start_in_ms))
        return fail(reterr, ERR_SYNTAX, "line %zu: no start in seconds", reader->line);
    if (!read_seconds(view_split(&line, ','), &interval.length_ms))
        return fail(reterr, ERR_SYNTAX, "line %zu: no length in seconds", reader->line);
    if (view_to_double(view_split(&line, ','), &interval.max) != 0)
        return fail(reterr, ERR_SYNTAX, "line %zu: no maximum", reader->line);
    if (line.len == 0 || line.len > HDRLOG_LINE_MAX)
        return fail(reterr, ERR_SYNTAX, "line %zu: no histogram, or one too large", reader->line);
    interval.encoded = line;
    *ret_interval = interval;
    return 1;
}

int hdrlog_next(struct hdrlog_reader *reader, struct hdrlog_interval *ret_interval,
                struct err *reterr)
{
    while (reader->rest.len > 0) {
        struct view line = view_trim(view_split(&reader->rest, '\n'));
        reader->line++;
        if (line.len == 0 || line.ptr[0] == '"')
            continue;
        if (line.ptr[0] != '#')
            return read_interval(reader, line, ret_interval, reterr);
        read_comment(reader, line);
    }
    return 0;
}
