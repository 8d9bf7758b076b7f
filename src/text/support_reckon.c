/* SPDX-License-Identifier: Apache-2.0
 *
 * support_reckon: whether a value follows from others by arithmetic; see support.h. */
#include "text/support_internal.h"

bool support_reckons(struct view text)
{
    (void)text;
    return false;
}

bool support_follows(const struct support_sources *sources, struct support_answer *answer,
                     const struct value *value)
{
    (void)sources;
    (void)answer;
    (void)value;
    return false;
}
