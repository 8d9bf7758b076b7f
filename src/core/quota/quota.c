/* SPDX-License-Identifier: Apache-2.0
 *
 * quota: see quota.h. In its book the upstream's own limits are entry 0, and every key has them
 * first. */
#include "core/quota/quota.h"

#include <string.h>

#include "base/mem.h"

/* The keys of the settings behind key 0, each with entry 0 before its own. */
static int shift_keys(const struct quota_settings *settings, struct book_key *keys)
{
    keys[0] = (struct book_key){.count = 1};
    for (uint32_t i = 0; i < settings->key_count; i++) {
        const struct book_key *from = &settings->keys[i];
        struct book_key *to = &keys[i + 1];
        if (from->count > BOOK_UNDER_MAX - 1)
            return ERR_LIMIT;
        to->count = from->count + 1;
        for (uint32_t j = 0; j < from->count; j++) {
            if (from->entries[j] >= settings->entry_count)
                return ERR_LIMIT;
            to->entries[j + 1] = from->entries[j] + 1;
        }
    }
    return 0;
}

int quota_init(struct quota *quota, const struct quota_settings *settings, uint64_t now_ns)
{
    if (settings->in_flight_max == 0 || settings->entry_count > QUOTA_ENTRIES_MAX
        || settings->key_count > QUOTA_KEYS_MAX)
        return ERR_LIMIT;

    struct book_limits *entries = mem_new(settings->entry_count + 1, sizeof *entries);
    struct book_key *keys = mem_new(settings->key_count + 1, sizeof *keys);
    struct quota fresh = {.in_flight_max = settings->in_flight_max};
    int code = entries == NULL || keys == NULL ? ERR_MEMORY : 0;
    if (code == 0) {
        entries[0] = (struct book_limits){
            .requests_a_minute = settings->requests_a_minute,
            .tokens_a_minute = settings->tokens_a_minute,
            .requests_a_day = settings->requests_a_day,
            .tokens_a_day = settings->tokens_a_day,
        };
        if (settings->entry_count > 0)
            memcpy(entries + 1, settings->entries, settings->entry_count * sizeof *entries);
        code = shift_keys(settings, keys);
    }
    if (code == 0)
        code = book_init(&fresh.book,
                         &(struct book_settings){
                             .entries = entries,
                             .entry_count = settings->entry_count + 1,
                             .keys = keys,
                             .key_count = settings->key_count + 1,
                         },
                         now_ns);
    mem_free(entries);
    mem_free(keys);
    if (code == 0)
        *quota = fresh;
    return code;
}

void quota_release(struct quota *quota)
{
    book_release(&quota->book);
    *quota = (struct quota){0};
}

int quota_possible_under(const struct quota *quota, uint32_t key, int64_t tokens)
{
    return book_possible(&quota->book, key, tokens);
}

int quota_possible(const struct quota *quota, int64_t tokens)
{
    return quota_possible_under(quota, 0, tokens);
}

uint64_t quota_at(const struct quota *quota, uint64_t now_ns, uint32_t key, int64_t tokens)
{
    return book_at(&quota->book, now_ns, key, tokens);
}

int quota_admit(struct quota *quota, uint64_t now_ns, uint32_t key, int64_t tokens,
                struct book_hold *ret_hold)
{
    if (quota->in_flight >= quota->in_flight_max)
        return ERR_BUSY;

    int code = book_reserve(&quota->book, now_ns, key, tokens, ret_hold);
    if (code == 0)
        quota->in_flight++;
    return code;
}

void quota_settle(struct quota *quota, uint64_t now_ns, const struct book_hold *hold, int64_t used,
                  bool was_sent)
{
    assert_always(quota->in_flight > 0);
    quota->in_flight--;
    book_settle(&quota->book, now_ns, hold, used, was_sent);
}
