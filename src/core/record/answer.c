/* SPDX-License-Identifier: Apache-2.0
 *
 * answer: see answer.h. */
#include "core/record/answer.h"

int answer_copy(struct arena *arena, const struct answer *answer, struct answer *ret_copy)
{
    struct answer copy = *answer;
    struct view *views[] = {&copy.reply.text,  &copy.reply.stop_text,  &copy.reply.request_id,
                            &copy.reply.model, &copy.reply.error_type, &copy.reply.error_text};

    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        int code = arena_copy(arena, *views[i], views[i]);
        if (code != 0)
            return code;
    }
    *ret_copy = copy;
    return 0;
}
