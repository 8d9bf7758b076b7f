/* SPDX-License-Identifier: Apache-2.0
 *
 * quota: see quota.h. */
#include "core/quota/quota.h"

enum { TOKENS_MAX = 50 * 1000 * 1000 };

int quota_init(struct quota *quota, const struct quota_settings *settings, uint64_t now_ns)
{
    struct quota fresh = {
        .in_flight_max = settings->in_flight_max,
        .has_requests = settings->requests_a_minute != 0,
        .has_tokens = settings->tokens_a_minute != 0,
    };
    int code = settings->in_flight_max == 0 ? ERR_LIMIT : 0;

    if (code == 0 && fresh.has_requests)
        code = bucket_init(&fresh.requests, now_ns, settings->requests_a_minute,
                           settings->requests_a_minute);
    if (code == 0 && fresh.has_tokens)
        code = bucket_init(&fresh.tokens, now_ns, settings->tokens_a_minute,
                           settings->tokens_a_minute);
    if (code == 0)
        *quota = fresh;
    return code;
}

int quota_possible(const struct quota *quota, int64_t tokens)
{
    /* A bucket holds one minute's worth. */
    return quota->has_tokens && tokens > quota->tokens.per_minute ? ERR_LIMIT : 0;
}

uint64_t quota_at(const struct quota *quota, uint64_t now_ns, int64_t tokens)
{
    uint64_t for_request_ns = quota->has_requests ? bucket_wait(&quota->requests, now_ns, 1) : 0;
    uint64_t for_tokens_ns = quota->has_tokens ? bucket_wait(&quota->tokens, now_ns, tokens) : 0;

    return now_ns + (for_request_ns > for_tokens_ns ? for_request_ns : for_tokens_ns);
}

int quota_admit(struct quota *quota, uint64_t now_ns, int64_t tokens)
{
    if (quota->in_flight >= quota->in_flight_max)
        return ERR_BUSY;
    if (quota_at(quota, now_ns, tokens) > now_ns)
        return ERR_THROTTLED;

    int code = quota->has_requests ? bucket_reserve(&quota->requests, now_ns, 1) : 0;
    assert_always(code == 0);
    code = quota->has_tokens ? bucket_reserve(&quota->tokens, now_ns, tokens) : 0;
    assert_always(code == 0);
    quota->in_flight++;
    return 0;
}

void quota_settle(struct quota *quota, uint64_t now_ns, int64_t reserved, int64_t used,
                  bool was_sent)
{
    assert_always(quota->in_flight > 0);
    quota->in_flight--;
    if (quota->has_requests && !was_sent)
        bucket_settle(&quota->requests, now_ns, 1, 0);
    if (quota->has_tokens) {
        int64_t counted = used < 0 ? 0 : used > TOKENS_MAX ? TOKENS_MAX : used;
        bucket_settle(&quota->tokens, now_ns, reserved, was_sent ? counted : 0);
    }
}
