/* SPDX-License-Identifier: Apache-2.0
 *
 * keeper_fetch_state: what keeper_fetch.c (timer, servers, files), keeper_begin.c (where keys come
 * from) and keeper_roles.c (roles, and all that STS is asked) share.
 *
 * A step returns FETCH_WAITS where it asked something and another step follows, 0 where the keys in
 * `answer` are the last, or a code with reterr. */
#ifndef ASSAY_APP_KEEPER_FETCH_STATE_H
#define ASSAY_APP_KEEPER_FETCH_STATE_H

#include "app/asker.h"
#include "app/keeper_fetch.h"
#include "provider/provider.h"
#include "shell/os/process.h"
#include "wire/http.h"

enum { FETCH_WAITS = 1 };

#define FETCH_SECOND_NS UINT64_C(1000000000)

typedef int fetch_step(struct fetch *fetch, struct err *reterr);

struct fetch {
    const struct host *host;
    const struct credentials *credentials;
    fetch_done *done;
    void *context;
    struct arena arena; /* of everything but the asker */
    uint64_t deadline_ns;
    fetch_step *step;  /* when the timer comes; NULL: the deadline */
    const char *asked; /* who, for messages */
    struct provider_target target;
    struct strbuf proxy; /* which one, a secret */
    struct asker *asker;
    fetch_step *then; /* when it answered */
    int status;       /* of its answer; 0: none came, `failure` says why */
    struct view body;
    struct err failure;
    struct id process;
    struct sso_token token; /* SSO */
    const char *token_path;
    struct view instance_token;       /* INSTANCE */
    size_t role;                      /* that is assumed next */
    struct credentials_answer answer; /* so far */
};

struct fetch_question {
    struct view url;
    uint64_t timeout_ns;
    uint64_t connect_in_ns;
    uint32_t attempts;
    bool sign;    /* for STS, with the keys so far */
    bool proxied; /* through the environment's proxy: not what lies beside this machine */
};

/* The step is done soon, from the timer. */
void fetch_later(struct fetch *fetch, fetch_step *step);

/* Asks; `then` finds status and body, or failure. Returns FETCH_WAITS or a code. */
MUST_CHECK int fetch_ask(struct fetch *fetch, const struct fetch_question *question,
                         struct http_request *request, fetch_step *then, struct err *reterr);

/* 0 where the answer has status 200; else says why not: `said` by the server where that is not
 * empty, and the remedy ("; do this"). */
MUST_CHECK int fetch_check(struct fetch *fetch, struct view said, const char *remedy,
                           struct err *reterr);

/* "no AWS keys: <who was asked>: <what>". */
MUST_CHECK int fetch_refuse(struct fetch *fetch, int code, struct err *reterr, const char *what);

/* The file's content without blanks at its ends, in the arena. */
MUST_CHECK int fetch_read_file(struct fetch *fetch, struct view path, struct view *ret_content,
                               struct err *reterr);

/* Sets who is asked, for messages; NULL (no memory) is fine. */
void fetch_name(struct fetch *fetch, const char *text);

/* The first step. */
fetch_step fetch_begin;

/* Assumes the next role with the keys so far, or ends: keeper_roles.c. */
fetch_step fetch_next_role;
fetch_step fetch_web_identity;
struct view fetch_sts_region(const struct fetch *fetch);

#endif
