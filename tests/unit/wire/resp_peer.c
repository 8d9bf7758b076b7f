/* SPDX-License-Identifier: Apache-2.0
 *
 * resp_peer: our side of tests/e2e/test_resp_redis.py, which holds a real Redis against it. It
 * reads standard input in pieces of random sizes:
 *
 *     resp_peer commands SEED   writes the commands again, as resp_write_command does
 *     resp_peer replies SEED    writes each reply, or push, as a line of JSON
 *
 * In the JSON strings are hexadecimal, or their SHA-256 where they are long; an aggregate is an
 * object of its type and its elements, an attribute one before the value that it is about. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/rng.h"
#include "wire/resp.h"

enum { PIECE_BYTES_MAX = 1 << 16, TEXT_BYTES_MAX = 64 << 20, LONG_BYTES = 1000, WORDS_MAX = 1000 };

struct peer {
    struct resp_parser parser;
    struct rng rng;
    struct strbuf text; /* the string that is being read, or all words of a command */
    uint64_t left[RESP_DEPTH_MAX + 1];
    unsigned depth; /* aggregates that are open in `out` */
    struct strbuf out;
    size_t ends[WORDS_MAX]; /* where each word of a command ends */
    size_t words;
};

/* ---- replies as JSON ------------------------------------------------------------------------ */

static bool is_text(enum resp_type type)
{
    return type != RESP_INTEGER && type != RESP_NULL && type != RESP_BOOLEAN;
}

static const char *name_of(enum resp_type type)
{
    static const struct {
        enum resp_type type;
        const char *name;
    } names[] = {
        {RESP_SIMPLE, "string"},    {RESP_BULK, "string"},       {RESP_ERROR, "error"},
        {RESP_BULK_ERROR, "error"}, {RESP_VERBATIM, "verbatim"}, {RESP_DOUBLE, "double"},
        {RESP_BIG_NUMBER, "big"},   {RESP_ARRAY, "array"},       {RESP_MAP, "map"},
        {RESP_SET, "set"},          {RESP_PUSH, "push"},         {RESP_ATTRIBUTE, "attribute"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].type == type)
            return names[i].name;
    }
    return "?";
}

static void add_text(struct strbuf *out, enum resp_type type, struct view text)
{
    char hex[DIGEST_HEX_SIZE];
    struct digest digest = digest_of(text);

    strbuf_printf(out, "{\"%s\":\"", name_of(type));
    if (text.len > LONG_BYTES) {
        digest_hex(&digest, hex);
        strbuf_printf(out, "sha256 %s", hex);
    } else {
        for (size_t i = 0; i < text.len; i++)
            strbuf_printf(out, "%02x", (unsigned char)text.ptr[i]);
    }
    strbuf_add_text(out, "\"}");
}

/* Closes what is whole and says what stands before the next value. */
static void end_value(struct peer *peer, bool complete)
{
    while (peer->depth > 0 && peer->left[peer->depth] == 0) {
        strbuf_add_text(&peer->out, "]}");
        peer->depth--;
    }
    strbuf_add_text(&peer->out, complete ? "\n" : peer->depth > 0 ? "," : " ");
}

static void add_reply(struct peer *peer, const struct resp_event *event)
{
    bool pairs = event->type == RESP_MAP || event->type == RESP_ATTRIBUTE;
    bool aggregate =
        pairs || event->type == RESP_ARRAY || event->type == RESP_SET || event->type == RESP_PUSH;

    /* An attribute is no element of what is around it. */
    if (event->depth > 0 && event->type != RESP_ATTRIBUTE)
        peer->left[event->depth]--;
    if (aggregate) {
        strbuf_printf(&peer->out, "{\"%s\":[", name_of(event->type));
        peer->depth++;
        peer->left[peer->depth] = event->count * (pairs ? 2 : 1);
        if (event->count == 0)
            end_value(peer, event->complete);
        return;
    }
    if (event->type == RESP_INTEGER)
        strbuf_printf(&peer->out, "%" PRId64, event->integer);
    else if (!is_text(event->type))
        strbuf_add_text(&peer->out, event->type == RESP_NULL ? "null"
                                    : event->integer == 1    ? "true"
                                                             : "false");
    else
        add_text(&peer->out, event->type, strbuf_view(&peer->text));
    end_value(peer, event->complete);
}

/* Collects a string's pieces; true with its last. */
static bool collect(struct peer *peer, const struct resp_event *event)
{
    bool pieces =
        event->type == RESP_BULK || event->type == RESP_BULK_ERROR || event->type == RESP_VERBATIM;

    if (!pieces || event->offset == 0)
        strbuf_reset(&peer->text);
    strbuf_add(&peer->text, event->text);
    return !pieces || event->last;
}

/* ---- commands, written again ---------------------------------------------------------------- */

static void add_command(struct peer *peer, const struct resp_event *event)
{
    struct view words[WORDS_MAX];

    if (event->type == RESP_ARRAY) {
        strbuf_reset(&peer->text);
        peer->words = 0;
    } else {
        strbuf_add(&peer->text, event->text);
        if (event->last && peer->words < WORDS_MAX)
            peer->ends[peer->words++] = peer->text.len;
    }
    if (!event->complete)
        return;
    for (size_t i = 0; i < peer->words; i++)
        words[i] =
            view_slice(strbuf_view(&peer->text), i > 0 ? peer->ends[i - 1] : 0, peer->ends[i]);
    resp_write_command(&peer->out, words, peer->words);
}

/* --------------------------------------------------------------------------------------------- */

static int run(struct peer *peer, bool replies, struct err *reterr)
{
    static char bytes[PIECE_BYTES_MAX];
    struct resp_event event;
    int code = 0;

    while (code == 0) {
        size_t piece = (size_t)1 << rng_below(&peer->rng, 17);
        ssize_t got = read(STDIN_FILENO, bytes, 1 + rng_below(&peer->rng, piece));
        if (got <= 0)
            break;
        struct view rest = view_make(bytes, (size_t)got);
        while ((code = resp_feed(&peer->parser, &rest, &event, reterr)) == 1) {
            if (!replies)
                add_command(peer, &event);
            else if (collect(peer, &event))
                add_reply(peer, &event);
        }
        fwrite(strbuf_text(&peer->out), 1, peer->out.len, stdout);
        code = code == 0 ? strbuf_status(&peer->out) : code;
        strbuf_reset(&peer->out);
    }
    return code;
}

int main(int argc, char **argv)
{
    static struct peer peer;
    struct err err = {0};
    int64_t seed = 0;

    if (argc != 3 || view_to_int(view_of(argv[2]), &seed) != 0)
        return err_exit_status(ERR_USAGE);
    bool replies = strcmp(argv[1], "replies") == 0;
    resp_parser_init(&peer.parser, replies ? RESP_READS_REPLIES : RESP_READS_COMMANDS, NULL);
    rng_init(&peer.rng, (uint64_t)seed);
    strbuf_init(&peer.text, TEXT_BYTES_MAX);
    strbuf_init(&peer.out, TEXT_BYTES_MAX);
    int code = run(&peer, replies, &err);
    if (code == 0 && resp_in_value(&peer.parser))
        code = ERR_CLOSED;
    if (code != 0)
        fprintf(stderr, "resp_peer: %s %s\n", err_name(code), err.text);
    resp_parser_release(&peer.parser);
    strbuf_release(&peer.text);
    strbuf_release(&peer.out);
    return err_exit_status(code);
}
