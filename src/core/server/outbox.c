/* SPDX-License-Identifier: Apache-2.0
 *
 * outbox: bytes that wait for `output`, charged to the budget (see session_internal.h). */
#include "core/server/session_internal.h"

enum { KEEP_BYTES = 16 * 1024 };

bool session_budget_take(struct session_budget *budget, size_t bytes)
{
    if (bytes > budget->most_bytes - budget->used_bytes)
        return false;
    budget->used_bytes += bytes;
    return true;
}

void session_budget_give(struct session_budget *budget, size_t bytes)
{
    assert_always(bytes <= budget->used_bytes);
    budget->used_bytes -= bytes;
}

void outbox_init(struct outbox *outbox, size_t limit_bytes, struct session_budget *budget)
{
    *outbox = (struct outbox){.budget = budget};
    strbuf_init(&outbox->bytes, limit_bytes);
}

size_t outbox_waiting(const struct outbox *outbox)
{
    return outbox->bytes.len - outbox->at;
}

void outbox_release(struct outbox *outbox)
{
    session_budget_give(outbox->budget, outbox_waiting(outbox));
    strbuf_release(&outbox->bytes);
    outbox->at = 0;
}

int outbox_fits(const struct outbox *outbox, size_t bytes)
{
    const struct session_budget *budget = outbox->budget;

    return bytes > outbox->bytes.limit - outbox_waiting(outbox)
                   || bytes > budget->most_bytes - budget->used_bytes
               ? ERR_LIMIT
               : 0;
}

/* What has left makes room once it is the larger part: each byte is moved once on average. */
static void compact(struct outbox *outbox, size_t more)
{
    if (outbox->at == 0)
        return;
    if (outbox->at >= outbox_waiting(outbox) || more > outbox->bytes.limit - outbox->bytes.len) {
        strbuf_consume(&outbox->bytes, outbox->at);
        outbox->at = 0;
    }
}

int outbox_add(struct outbox *outbox, struct view bytes)
{
    int code = outbox_fits(outbox, bytes.len);

    if (code != 0 || bytes.len == 0)
        return code;
    compact(outbox, bytes.len);
    strbuf_add(&outbox->bytes, bytes);
    code = strbuf_status(&outbox->bytes);
    outbox->bytes.status = 0; /* nothing was added then; the next may be smaller */
    if (code == 0)
        (void)session_budget_take(outbox->budget, bytes.len);
    return code;
}

int outbox_move(struct outbox *outbox, struct strbuf *out, size_t most)
{
    struct view waits = view_slice(strbuf_view(&outbox->bytes), outbox->at, outbox->bytes.len);

    waits = view_slice(waits, 0, most);
    if (waits.len == 0)
        return 0;
    strbuf_add(out, waits);
    int code = strbuf_status(out);
    if (code != 0)
        return code;
    outbox->at += waits.len;
    session_budget_give(outbox->budget, waits.len);
    if (outbox_waiting(outbox) != 0)
        return 0;
    outbox->at = 0;
    if (outbox->bytes.capacity > KEEP_BYTES)
        strbuf_release(&outbox->bytes);
    else
        strbuf_reset(&outbox->bytes);
    return 0;
}
