/* SPDX-License-Identifier: Apache-2.0
 *
 * book: requests and tokens, a minute and a day, for each thing that a service counts by: a model,
 * an inference profile, a region, all models together.
 *
 * An entry is one such thing with its limits; a key is a list of entries under which a call falls
 * (its model, and its profile, and all models of the day). Which call has which key is the caller's
 * to know. Admission is all or none over the entries of a key: where one of them has no room,
 * nothing is taken from any. A reservation is settled by what was really used.
 *
 * Minutes are token buckets that start full (bucket.h). Days are windows that slide by a quarter of
 * an hour: in no 24 hours is more taken than the limit, wherever the service's own day begins.
 *
 * Memory: one block from base/mem at book_init. Threads: one owner. Time: passed in, never back.
 * Limits: 4096 entries and keys, 8 entries a key, 50 million a minute, 10^12 a day. Source: Amazon
 * Bedrock User Guide, "How tokens are counted in Amazon Bedrock". */
#ifndef ASSAY_CORE_QUOTA_BOOK_H
#define ASSAY_CORE_QUOTA_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/quota/bucket.h"
#include "core/quota/day.h"

enum { BOOK_ENTRIES_MAX = 4096, BOOK_KEYS_MAX = 4096, BOOK_UNDER_MAX = 8 };

/* 0 everywhere: no limit. */
struct book_limits {
    int64_t requests_a_minute;
    int64_t tokens_a_minute;
    int64_t requests_a_day;
    int64_t tokens_a_day;
};

struct book_key {
    uint32_t entries[BOOK_UNDER_MAX]; /* each below the number of entries, each once */
    uint32_t count;
};

struct book_settings {
    const struct book_limits *entries; /* copied */
    uint32_t entry_count;
    const struct book_key *keys; /* copied; none: every key but 0 is out of range, and 0 is empty */
    uint32_t key_count;
};

struct book_entry {
    bool has_requests; /* a minute; likewise below */
    bool has_tokens;
    bool has_day_requests;
    bool has_day_tokens;
    struct bucket requests;
    struct bucket tokens;
    struct day day_requests;
    struct day day_tokens;
};

struct book {
    struct book_entry *entries;
    struct book_key *keys;
    uint32_t entry_count;
    uint32_t key_count;
};

/* What an admitted attempt holds: kept by the caller until it is settled. */
struct book_hold {
    uint32_t key;
    int64_t tokens;
    uint64_t at_ns;
};

/* ERR_LIMIT for settings out of range, ERR_MEMORY. */
MUST_CHECK int book_init(struct book *book, const struct book_settings *settings, uint64_t now_ns);
void book_release(struct book *book);

/* ERR_LIMIT where so many tokens at once could never be had under the key. */
MUST_CHECK int book_possible(const struct book *book, uint32_t key, int64_t tokens);

/* Takes one request and the tokens from every entry of the key, or nothing: ERR_THROTTLED, ask
 * again at book_at. They must be possible. */
MUST_CHECK int book_reserve(struct book *book, uint64_t now_ns, uint32_t key, int64_t tokens,
                            struct book_hold *ret_hold);

/* When a book_reserve succeeds if nobody else takes or gives back anything; now_ns: it does now. */
uint64_t book_at(const struct book *book, uint64_t now_ns, uint32_t key, int64_t tokens);

/* The attempt ended: it used so many tokens (beyond 0 to 50 million: the nearest of them). One that
 * was never sent gives its request and its tokens back. */
void book_settle(struct book *book, uint64_t now_ns, const struct book_hold *hold, int64_t used,
                 bool was_sent);

#endif
