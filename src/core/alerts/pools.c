/* SPDX-License-Identifier: Apache-2.0
 *
 * pools: see pools.h. */
#include "core/alerts/pools.h"

#include "core/pool/account.h"
#include "core/pool/advice.h"
#include "wire/json.h"

static const char *sentence(const struct pool_account *account, const struct advice *advice,
                            enum advice_rule rule, struct arena *arena)
{
    double used = (double)account->metrics.utilization_micro / 1e4;
    uint32_t size = account->connections_max;
    int name_len = (int)(account->name.len < 100 ? account->name.len : 100);
    const char *name = account->name.ptr;

    switch (rule) {
    case ADVICE_BUSY:
        return arena_printf(arena,
                            "pool %.*s: in use %.1f %% of the time: %u connections instead "
                            "of %u",
                            name_len, name, used, advice->propose[rule], size);
    case ADVICE_SLACK:
        return arena_printf(arena,
                            "pool %.*s: in use %.1f %% of the time: %u connections would do "
                            "instead of %u",
                            name_len, name, used, advice->propose[rule], size);
    case ADVICE_TIMEOUTS:
        return arena_printf(arena,
                            "pool %.*s: %.1f %% of checkouts timed out: %u connections "
                            "instead of %u",
                            name_len, name, (double)advice->timeouts_micro / 1e4,
                            advice->propose[rule], size);
    case ADVICE_RULES:
        break;
    }
    return NULL;
}

static int add_lines(const struct pool_account *account, struct arena *arena, struct view *lines,
                     size_t *count)
{
    struct pool_metrics metrics = account->metrics;

    metrics.connections_max = account->connections_max;
    struct advice advice = pool_advise(&metrics);
    for (unsigned rule = 0; rule < ADVICE_RULES && *count < ALERT_POOL_LINES_MAX; rule++) {
        if (!advice.holds[rule])
            continue;
        const char *text = sentence(account, &advice, (enum advice_rule)rule, arena);
        if (text == NULL)
            return ERR_MEMORY;
        lines[(*count)++] = view_of(text);
    }
    return 0;
}

int alert_pool_lines(struct view pools_json, struct arena *arena, struct view **ret_lines,
                     size_t *ret_count, bool *ret_known)
{
    struct view *lines = arena_new(arena, ALERT_POOL_LINES_MAX, sizeof *lines);
    struct json *root = NULL;
    size_t count = 0;
    bool known = false;
    int code = lines == NULL ? ERR_MEMORY : 0;

    if (code == 0 && pools_json.len > 0)
        code = json_parse(arena, pools_json, &root, NULL);
    for (const struct json *item = json_is(root, JSON_ARRAY) ? root->child : NULL;
         item != NULL && code == 0; item = item->next) {
        struct pool_account account;
        code = pool_account_read(item, &account, NULL);
        if (code != 0)
            break;
        known = true;
        code = add_lines(&account, arena, lines, &count);
        pool_account_release(&account);
    }
    if (code == ERR_MEMORY)
        return code;
    *ret_lines = lines;
    *ret_count = count;
    *ret_known = known;
    return 0;
}
