/* SPDX-License-Identifier: Apache-2.0
 *
 * book: see book.h. */
#include "core/quota/book.h"

#include <string.h>

#include "base/mem.h"

enum { TOKENS_MAX = 50 * 1000 * 1000 };

static int entry_init(struct book_entry *entry, const struct book_limits *limits, uint64_t now_ns)
{
    *entry = (struct book_entry){
        .has_requests = limits->requests_a_minute != 0,
        .has_tokens = limits->tokens_a_minute != 0,
        .has_day_requests = limits->requests_a_day != 0,
        .has_day_tokens = limits->tokens_a_day != 0,
    };
    int code = 0;

    if (entry->has_requests)
        code = bucket_init(&entry->requests, now_ns, limits->requests_a_minute,
                           limits->requests_a_minute);
    if (code == 0 && entry->has_tokens)
        code =
            bucket_init(&entry->tokens, now_ns, limits->tokens_a_minute, limits->tokens_a_minute);
    if (code == 0 && entry->has_day_requests)
        code = day_init(&entry->day_requests, now_ns, limits->requests_a_day);
    if (code == 0 && entry->has_day_tokens)
        code = day_init(&entry->day_tokens, now_ns, limits->tokens_a_day);
    return code;
}

static bool key_is_sound(const struct book_key *key, uint32_t entry_count)
{
    if (key->count > BOOK_UNDER_MAX)
        return false;
    for (uint32_t i = 0; i < key->count; i++) {
        if (key->entries[i] >= entry_count)
            return false;
        for (uint32_t j = 0; j < i; j++)
            if (key->entries[j] == key->entries[i])
                return false;
    }
    return true;
}

int book_init(struct book *book, const struct book_settings *settings, uint64_t now_ns)
{
    if (settings->entry_count > BOOK_ENTRIES_MAX || settings->key_count > BOOK_KEYS_MAX)
        return ERR_LIMIT;
    for (uint32_t i = 0; i < settings->key_count; i++)
        if (!key_is_sound(&settings->keys[i], settings->entry_count))
            return ERR_LIMIT;

    *book = (struct book){
        .entry_count = settings->entry_count,
        .key_count = settings->key_count,
        .entries = mem_new(settings->entry_count + 1, sizeof *book->entries),
        .keys = mem_new(settings->key_count + 1, sizeof *book->keys),
    };
    int code = book->entries == NULL || book->keys == NULL ? ERR_MEMORY : 0;
    for (uint32_t i = 0; code == 0 && i < settings->entry_count; i++)
        code = entry_init(&book->entries[i], &settings->entries[i], now_ns);
    if (code == 0 && settings->key_count > 0)
        memcpy(book->keys, settings->keys, settings->key_count * sizeof *book->keys);
    if (code != 0)
        book_release(book);
    return code;
}

void book_release(struct book *book)
{
    mem_free(book->entries);
    mem_free(book->keys);
    *book = (struct book){0};
}

/* ---- the entries of a key ------------------------------------------------------------------- */

static const struct book_key *key_of(const struct book *book, uint32_t key)
{
    assert_always(key < book->key_count || key == 0);
    return &book->keys[key];
}

int book_possible(const struct book *book, uint32_t key, int64_t tokens)
{
    const struct book_key *under = key_of(book, key);

    for (uint32_t i = 0; i < under->count; i++) {
        const struct book_entry *entry = &book->entries[under->entries[i]];
        /* A bucket holds one minute's worth. */
        if ((entry->has_tokens && tokens > entry->tokens.per_minute)
            || (entry->has_day_tokens && tokens > entry->day_tokens.limit))
            return ERR_LIMIT;
    }
    return 0;
}

static uint64_t latest(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

static uint64_t bucket_at(const struct bucket *bucket, uint64_t now_ns, int64_t amount)
{
    uint64_t wait_ns = bucket_wait(bucket, now_ns, amount);
    return wait_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + wait_ns;
}

uint64_t book_at(const struct book *book, uint64_t now_ns, uint32_t key, int64_t tokens)
{
    const struct book_key *under = key_of(book, key);
    uint64_t at_ns = now_ns;

    for (uint32_t i = 0; i < under->count; i++) {
        const struct book_entry *entry = &book->entries[under->entries[i]];
        if (entry->has_requests)
            at_ns = latest(at_ns, bucket_at(&entry->requests, now_ns, 1));
        if (entry->has_tokens)
            at_ns = latest(at_ns, bucket_at(&entry->tokens, now_ns, tokens));
        if (entry->has_day_requests)
            at_ns = latest(at_ns, day_at(&entry->day_requests, now_ns, 1));
        if (entry->has_day_tokens)
            at_ns = latest(at_ns, day_at(&entry->day_tokens, now_ns, tokens));
    }
    return at_ns;
}

static void take(struct book_entry *entry, uint64_t now_ns, int64_t tokens)
{
    int code = entry->has_requests ? bucket_reserve(&entry->requests, now_ns, 1) : 0;
    assert_always(code == 0);
    code = entry->has_tokens ? bucket_reserve(&entry->tokens, now_ns, tokens) : 0;
    assert_always(code == 0);
    code = entry->has_day_requests ? day_reserve(&entry->day_requests, now_ns, 1) : 0;
    assert_always(code == 0);
    code = entry->has_day_tokens ? day_reserve(&entry->day_tokens, now_ns, tokens) : 0;
    assert_always(code == 0);
}

int book_reserve(struct book *book, uint64_t now_ns, uint32_t key, int64_t tokens,
                 struct book_hold *ret_hold)
{
    const struct book_key *under = key_of(book, key);

    if (book_at(book, now_ns, key, tokens) > now_ns)
        return ERR_THROTTLED;
    for (uint32_t i = 0; i < under->count; i++)
        take(&book->entries[under->entries[i]], now_ns, tokens);
    *ret_hold = (struct book_hold){.key = key, .tokens = tokens, .at_ns = now_ns};
    return 0;
}

void book_settle(struct book *book, uint64_t now_ns, const struct book_hold *hold, int64_t used,
                 bool was_sent)
{
    const struct book_key *under = key_of(book, hold->key);
    int64_t counted = !was_sent || used < 0 ? 0 : used > TOKENS_MAX ? TOKENS_MAX : used;

    for (uint32_t i = 0; i < under->count; i++) {
        struct book_entry *entry = &book->entries[under->entries[i]];
        if (entry->has_requests && !was_sent)
            bucket_settle(&entry->requests, now_ns, 1, 0);
        if (entry->has_tokens)
            bucket_settle(&entry->tokens, now_ns, hold->tokens, counted);
        if (entry->has_day_requests && !was_sent)
            day_settle(&entry->day_requests, now_ns, hold->at_ns, 1, 0);
        if (entry->has_day_tokens)
            day_settle(&entry->day_tokens, now_ns, hold->at_ns, hold->tokens, counted);
    }
}
