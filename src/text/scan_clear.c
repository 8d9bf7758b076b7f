/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_clear: up to where no match can be under way whose filter is not met yet, see scan.h.
 *
 * Going back from the end of the text, a rule drops out at the first byte that cannot stand in its
 * matches before its filter is met, or behind the filter's reach. Rules share groups, so that all
 * of them take one step together. */
#include "text/scan_state.h"

static bool bytes_equal(const struct scan_groups *groups, unsigned group,
                        const struct scan_bytes *bytes)
{
    for (unsigned byte = 0; byte < 256; byte++)
        if ((groups->member[byte] >> group & 1) != scan_bytes_has(bytes, byte))
            return false;
    return true;
}

/* Of the groups, one with the same bytes; a new one; or, where there are too many, the last. */
static unsigned group_of(struct scan_groups *groups, const struct scan_bytes *bytes)
{
    for (unsigned group = 0; group < groups->count; group++)
        if (bytes_equal(groups, group, bytes))
            return group;
    return groups->count < SCAN_GROUPS ? groups->count++ : SCAN_GROUPS - 1;
}

void scan_groups_add(struct scan_groups *groups, const struct scan_filter *filter)
{
    unsigned group = group_of(groups, &filter->bytes);
    uint64_t bit = UINT64_C(1) << group;

    for (unsigned byte = 0; byte < 256; byte++) {
        if (scan_bytes_has(&filter->bytes, byte))
            groups->member[byte] |= bit;
        if (scan_bytes_has(&filter->first, byte))
            groups->first[byte] |= bit;
    }
    for (size_t distance = 0; distance <= filter->reach; distance += SCAN_REACH_STEP)
        groups->reaching[distance / SCAN_REACH_STEP] |= bit;
    if (filter->reach > groups->reach_max)
        groups->reach_max = filter->reach;
}

uint64_t scan_groups_clear(const struct scan_groups *groups, const struct scan_text *text)
{
    uint64_t clear = text->end;
    uint64_t alive = UINT64_MAX;

    for (size_t distance = 1;
         alive != 0 && distance < groups->reach_max && distance <= text->window.len; distance++) {
        unsigned char byte = (unsigned char)text->window.ptr[text->window.len - distance];
        alive &= groups->member[byte] & groups->reaching[distance / SCAN_REACH_STEP];
        if ((alive & groups->first[byte]) != 0)
            clear = text->end - distance;
    }
    return clear;
}
