/* SPDX-License-Identifier: Apache-2.0
 *
 * fluency_change: a text held against accepted ones, and what fell in words. See fluency.h.
 *
 * Two wordings of one text correlate by about .4 (JSTS pairs that people find alike) to .6 (two
 * releases of one model) in the order and the cost of their words: so much of what is unusual in
 * the accepted ones is not held against the new one. */
#include <stdio.h>

#include "text/fluency_internal.h"

enum { ALIKE_PERCENT = 45 };

/* ---- against what was accepted --------------------------------------------------------------- */

struct accepted {
    int64_t parts_micro[FLUENCY_PARTS]; /* means; FLUENCY_ABSENT where none has the part */
    int64_t order_milli;
    int64_t cost_milli;
    uint32_t polite;
    uint32_t plain;
};

static struct accepted mean_of(const struct fluency *accepted, size_t count)
{
    struct accepted mean = {.order_milli = 0};

    for (size_t part = 0; part < FLUENCY_PARTS; part++) {
        int64_t sum = 0, known = 0;
        for (size_t i = 0; i < count; i++) {
            if (accepted[i].parts_micro[part] == FLUENCY_ABSENT)
                continue;
            sum += accepted[i].parts_micro[part];
            known++;
        }
        mean.parts_micro[part] = known > 0 ? sum / known : FLUENCY_ABSENT;
    }
    for (size_t i = 0; i < count; i++) {
        mean.order_milli += accepted[i].order_milli;
        mean.cost_milli += accepted[i].cost_milli;
        mean.polite += accepted[i].polite;
        mean.plain += accepted[i].plain;
    }
    if (count > 0) {
        mean.order_milli /= (int64_t)count;
        mean.cost_milli /= (int64_t)count;
    }
    return mean;
}

/* What is left of the part when the accepted ones' own lack of it is not held against it. */
static int32_t relative(int32_t now, int64_t accepted)
{
    if (now == FLUENCY_ABSENT || accepted == FLUENCY_ABSENT || accepted >= FLUENCY_ONE)
        return now;
    return now >= accepted ? FLUENCY_ONE : (int32_t)(now * (int64_t)FLUENCY_ONE / accepted);
}

static int32_t shifted(int32_t now_milli, int64_t accepted_milli)
{
    return (int32_t)(now_milli - accepted_milli * ALIKE_PERCENT / 100);
}

/* The share of sentences that kept the accepted register. */
static int32_t register_kept(const struct fluency *now, const struct accepted *accepted)
{
    uint32_t decided = now->polite + now->plain;
    uint32_t before = accepted->polite + accepted->plain;

    if (decided == 0 || before == 0)
        return now->parts_micro[FLUENCY_REGISTER];
    int64_t share = (int64_t)FLUENCY_ONE * now->polite / decided;
    int64_t share_before = (int64_t)FLUENCY_ONE * accepted->polite / before;
    return (int32_t)(FLUENCY_ONE
                     - (share > share_before ? share - share_before : share_before - share));
}

void fluency_compare(const struct fluency *now, const struct fluency *accepted, size_t count,
                     struct fluency_change *ret_change)
{
    struct accepted mean = mean_of(accepted, count);
    struct fluency_change change = {.from = fluency_style_by(mean.polite, mean.plain),
                                    .to = now->style};

    for (size_t i = 0; i < FLUENCY_PARTS; i++)
        change.parts_micro[i] = relative(now->parts_micro[i], mean.parts_micro[i]);
    if (now->parts_micro[FLUENCY_ORDER] != FLUENCY_ABSENT
        && mean.parts_micro[FLUENCY_ORDER] != FLUENCY_ABSENT)
        change.parts_micro[FLUENCY_ORDER] =
            fluency_part_of_order(shifted(now->order_milli, mean.order_milli));
    if (now->parts_micro[FLUENCY_COST] != FLUENCY_ABSENT
        && mean.parts_micro[FLUENCY_COST] != FLUENCY_ABSENT)
        change.parts_micro[FLUENCY_COST] =
            fluency_part_of_cost(shifted(now->cost_milli, mean.cost_milli));
    change.parts_micro[FLUENCY_REGISTER] = register_kept(now, &mean);
    change.style_changed = (change.from == FLUENCY_POLITE && change.to == FLUENCY_PLAIN)
                           || (change.from == FLUENCY_PLAIN && change.to == FLUENCY_POLITE);
    change.score_micro = fluency_product(change.parts_micro);
    *ret_change = change;
}

/* ---- words ---------------------------------------------------------------------------------- */

static void add_words(char *words, size_t *len, const char *more)
{
    int added =
        snprintf(words + *len, FLUENCY_WORDS_SIZE - *len, "%s%s", *len > 0 ? "; " : "", more);

    if (added > 0 && *len + (size_t)added < FLUENCY_WORDS_SIZE)
        *len += (size_t)added;
    else
        words[*len] = '\0'; /* what does not fit whole is left out */
}

static void add_fallen(const int32_t parts_micro[FLUENCY_PARTS], bool but_register, char *words,
                       size_t *len)
{
    for (size_t i = 0; i < FLUENCY_PARTS; i++)
        if (parts_micro[i] != FLUENCY_ABSENT && parts_micro[i] < FLUENCY_FALLEN_MICRO
            && !(but_register && i == FLUENCY_REGISTER))
            add_words(words, len, fluency_part_words((enum fluency_part)i));
}

void fluency_change_words(const struct fluency_change *change, char ret_words[FLUENCY_WORDS_SIZE])
{
    size_t len = 0;

    ret_words[0] = '\0';
    if (change->style_changed)
        add_words(ret_words, &len,
                  change->from == FLUENCY_POLITE
                      ? "the register changed from polite (です・ます) to plain (だ・である)"
                      : "the register changed from plain (だ・である) to polite (です・ます)");
    add_fallen(change->parts_micro, change->style_changed, ret_words, &len);
}

void fluency_words(const struct fluency *fluency, char ret_words[FLUENCY_WORDS_SIZE])
{
    size_t len = 0;

    ret_words[0] = '\0';
    add_fallen(fluency->parts_micro, false, ret_words, &len);
}
