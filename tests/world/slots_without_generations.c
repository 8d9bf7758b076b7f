/* SPDX-License-Identifier: Apache-2.0
 *
 * slots_without_generations: base/slots with a bug on purpose: the generation of an id is always 1,
 * so that a late answer finds whoever has the place now. Linked instead of base/slots into the
 * program that must be found out (world_planted). The world there is not to have the bug: it is
 * built with slots_take renamed to slots_take_whole. */
#include "base/slots.h"

void *slots_take_whole(struct slots *slots, struct id *ret_id);

#define slots_take slots_take_whole
#include "../../src/base/slots.c" /* all of it, under that one other name */
#undef slots_take

void *slots_take(struct slots *slots, struct id *ret_id);

void *slots_take(struct slots *slots, struct id *ret_id)
{
    void *item = slots_take_whole(slots, ret_id);

    if (item != NULL) {
        slots->generations[ret_id->slot] = 1;
        ret_id->generation = 1;
    }
    return item;
}
