/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_validate_stream: any text under any policy of the law (tests/laws/hold_record.h) gives the
 * same matches and lets out the same bytes whole, in pieces and byte by byte, and what leaves is
 * what the matches say. The first byte says which policy, the second and third how long the pieces
 * are. */
#include <stdint.h>

#include "hold_record.h"

enum { HEAD_BYTES = 3, PLANS_MAX = 16 };

/* Compiling the rules takes a while: once. */
static struct hold_machine *machine_of(size_t plan)
{
    static struct hold_rig rig;
    static struct hold_machine *machines[PLANS_MAX];

    if (rig.set == NULL)
        hold_rig_init(&rig);
    if (machines[plan] == NULL)
        machines[plan] = hold_machine_new(&rig, &hold_plans[plan]);
    return machines[plan];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD_BYTES)
        return 0;
    size_t plan = data[0] % hold_plan_count;
    struct view text = view_make(data + HEAD_BYTES, size - HEAD_BYTES);
    const size_t pieces[][2] = {
        {text.len + 1, 1},
        {(size_t)data[1] + 1, (size_t)data[2] + 1},
        {1, 1},
    };
    struct hold_heard whole;
    heard_init(&whole);

    hold_run(machine_of(plan), text, pieces[0], 1, &whole);
    assert_always(heard_is_right(&hold_plans[plan], &whole));
    for (size_t i = 1; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct hold_heard heard;
        heard_init(&heard);
        hold_run(machine_of(plan), text, pieces[i], 2, &heard);
        assert_always(heard_equal(&whole, &heard));
        heard_release(&heard);
    }
    heard_release(&whole);
    return 0;
}
