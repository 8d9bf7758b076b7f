/* SPDX-License-Identifier: Apache-2.0
 *
 * asker_rig: what the asker's contract stands on: a stage, a scripted server, an asker, and what
 * came of each question. */
#ifndef ASSAY_TESTS_ASKER_RIG_H
#define ASSAY_TESTS_ASKER_RIG_H

#include "app/asker.h"
#include "asker_contract.h"
#include "scripted_server.h"

enum { ASKS_MAX = 200, TEXT_MAX = 400 };

/* What came of one ask. */
struct outcome {
    struct rig *rig;
    int count; /* how often done was called */
    int code;
    uint32_t attempts;
    uint64_t latency_ns;
    uint64_t first_byte_ns;
    size_t text_len;
    bool text_repaired;
    char text[TEXT_MAX]; /* of the answer or the error */
    int http_status;
    int64_t tokens_out;
};

struct rig {
    struct stage *stage;
    struct scripted_server *server;
    uint16_t port;
    char url[64];
    struct provider_target target;
    struct asker_options options;
    struct asker *asker;
    struct outcome outcomes[ASKS_MAX];
    int asked;
    int done;
    void (*on_done)(struct rig *rig, struct outcome *outcome);
};

/* The next rigs speak this. */
extern enum asker_http rig_http;

/* A server that listens, and options that are not used yet. */
void rig_open(struct rig *rig);
/* The asker, by the options. */
void rig_start(struct rig *rig);
void rig_close(struct rig *rig);

/* Asks; the first fails the test where the question is not taken. */
struct id ask(struct rig *rig, const char *question);
int try_ask(struct rig *rig, const char *question, struct id *ret_ask, struct err *reterr);

/* Listeners of an asker, whose context is an outcome. */
void done(void *context, struct id ask, const struct answer *answer);
void raw_done(void *context, struct id ask, const struct http_response *response,
              const struct answer *answer);

/* Waits until all that was asked is done, each exactly once. */
void await(struct rig *rig);

/* The part of the contract that is about streams: asker_streams.c. */
int asker_streams_run(const char *name);

void expect_text(const struct outcome *outcome, const char *part);

#endif
