/* SPDX-License-Identifier: Apache-2.0
 *
 * pools: what pools did and should be like, for people and programs; and the same settings in the
 * form of clients that pool by themselves.
 *
 * Pure: accounts go in, text comes out; a failure sticks in the strbuf. Threads: no state. */
#ifndef ASSAY_REPORT_POOLS_H
#define ASSAY_REPORT_POOLS_H

#include "base/err.h"
#include "base/strbuf.h"
#include "core/pool/account.h"
#include "core/pool/advice.h"

/* A pool with what is advised. */
struct pool_finding {
    struct pool_account account;
    struct advice advice;
    bool has_size; /* enough was measured to play it again */
    struct advice_size size;
};

struct pools_report {
    const struct pool_finding *items;
    size_t count;
    const char *assay_version;
    const char *source; /* the file or run */
    uint64_t wanted_ns; /* checkout p99 */
    uint64_t seed;      /* of the rehearsals */
    uint32_t connections_bound;
};

void report_pools_text(const struct pools_report *report, struct strbuf *out);
void report_pools_markdown(const struct pools_report *report, struct strbuf *out);
/* {"assay", "kind": "pools", "schema": 1, …}; share/assay/schemas/pools.json describes it. */
void report_pools_json(const struct pools_report *report, struct strbuf *out);

/* What a client's pool is to be like. */
struct client_wish {
    uint32_t connections;
    uint64_t connect_in_ns;
    uint64_t read_in_ns;
    uint64_t checkout_in_ns;
    uint32_t attempts;
    uint64_t check_every_ns;
};

/* A client that assay knows how to tune. */
struct pools_client {
    const char *name;    /* "boto3" */
    const char *service; /* whose defaults it takes, of core/pool/services.def */
    void (*write)(const struct client_wish *wish, struct strbuf *out);
};

/* The client of that name; NULL for any other. */
const struct pools_client *pools_client_named(struct view name);

/* "boto3,redis-py,opensearch-py,aws-sdk-js", for options and messages. */
#define POOLS_CLIENTS "boto3,redis-py,opensearch-py,aws-sdk-js"

#endif
