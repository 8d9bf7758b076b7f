/* SPDX-License-Identifier: Apache-2.0
 *
 * decide: see decide.h. The first row that fits counts; ANY fits both. */
#include "core/validate/decide.h"

enum tri { NO, YES, ANY };

static const struct {
    enum policy_action gravest;
    enum tri time_is_up;
    enum tri is_retry;
    enum tri was_cheap;
    struct decided decided;
} rows[] = {
    {POLICY_ACCEPT, ANY, ANY, ANY, {VALIDATE_ACCEPT, false}},
    {POLICY_MASK, ANY, ANY, ANY, {VALIDATE_ACCEPT, false}},
    {POLICY_RETRY, YES, ANY, ANY, {VALIDATE_FALLBACK, false}},
    {POLICY_RETRY, NO, YES, ANY, {VALIDATE_FALLBACK, false}},
    {POLICY_RETRY, NO, NO, YES, {VALIDATE_RETRY, true}},
    {POLICY_RETRY, NO, NO, NO, {VALIDATE_RETRY, false}},
    {POLICY_FALLBACK, ANY, ANY, ANY, {VALIDATE_FALLBACK, false}},
    {POLICY_BLOCK, ANY, ANY, ANY, {VALIDATE_FALLBACK, false}},
};

static bool fits(enum tri wanted, bool is)
{
    return wanted == ANY || (wanted == YES) == is;
}

struct decided decide(enum policy_action gravest, const struct validate_situation *situation)
{
    size_t i = 0;

    while (rows[i].gravest != gravest || !fits(rows[i].time_is_up, situation->time_is_up)
           || !fits(rows[i].is_retry, situation->is_retry)
           || !fits(rows[i].was_cheap, situation->was_cheap)) {
        i++;
        assert_always(i < sizeof rows / sizeof rows[0]);
    }
    return rows[i].decided;
}

const char *validate_decision_name(enum validate_decision decision)
{
    static const char *const names[] = {"accept", "retry", "fallback"};

    return names[decision];
}
