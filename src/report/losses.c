/* SPDX-License-Identifier: Apache-2.0
 *
 * losses: see losses.h. */
#include "report/losses.h"

#include "report/order.h"
#include "text/alignment.h"
#include "text/similarity.h"

struct view report_nearest_accepted(const struct run_entry *entry, struct view text,
                                    struct arena *arena)
{
    const struct baseline_entry *baseline = entry->baseline;
    struct ngram_vector now;
    size_t nearest = 0;
    int64_t best = -1;

    if (baseline->answer_count > 1 && ngram_vector_of(arena, NULL, text, &now) == 0)
        for (size_t i = 0; i < baseline->answer_count; i++) {
            struct ngram_vector accepted;
            if (ngram_vector_of(arena, NULL, baseline->answers[i].text, &accepted) != 0)
                break;
            int64_t cosine = ngram_cosine_micro(&now, &accepted);
            if (cosine > best) {
                best = cosine;
                nearest = i;
            }
        }
    return baseline->answers[nearest].text;
}

static int take(const struct alignment *alignment, enum alignment_kind kind, size_t count,
                struct arena *arena, const struct view **ret_texts)
{
    struct view *texts = arena_new(arena, count + 1, sizeof *texts);
    size_t taken = 0;

    if (texts == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < alignment->count; i++) {
        const struct alignment_item *item = &alignment->items[i];
        if (item->kind == kind)
            texts[taken++] = kind == ALIGNMENT_LOST ? item->before : item->after;
    }
    *ret_texts = texts;
    return 0;
}

int report_losses(const struct run_entry *entry, struct arena *arena, struct losses *ret_losses)
{
    const struct sample *worst = report_worst_sample(entry);
    struct alignment alignment;

    *ret_losses = (struct losses){.lost_count = 0};
    if (worst == NULL || entry->baseline == NULL || entry->baseline->answer_count == 0)
        return 0;
    struct view now = worst->answer.reply.text;
    struct view accepted = report_nearest_accepted(entry, now, arena);
    int code = alignment_of(arena, accepted, now, &alignment);
    if (code != 0 || alignment.count - alignment.added < LOSSES_SENTENCES_MIN)
        return code;
    struct losses losses = {.lost_count = alignment.lost, .added_count = alignment.added};
    code = take(&alignment, ALIGNMENT_LOST, alignment.lost, arena, &losses.lost);
    if (code == 0)
        code = take(&alignment, ALIGNMENT_ADDED, alignment.added, arena, &losses.added);
    if (code == 0)
        *ret_losses = losses;
    return code;
}
