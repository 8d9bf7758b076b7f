/* SPDX-License-Identifier: Apache-2.0
 *
 * sim_rig: asks a simulator one question and keeps the answer until the rig is released. */
#ifndef ASSAY_TESTS_SIM_RIG_H
#define ASSAY_TESTS_SIM_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/sim/sim.h"

struct sim_rig {
    struct sim sim;
    struct arena arena;
    const char *system;
    const char *params; /* JSON; NULL: none */
    const char *model;
    uint64_t sample;
    struct reply reply;
    uint64_t latency_ns;
};

static inline struct sim_rig sim_rig(const char *system)
{
    struct sim_rig rig = {.sim = sim_default(), .system = system, .model = "sim"};

    arena_init(&rig.arena, (size_t)256 << 20);
    return rig;
}

/* The answer's text; holds until the rig is released. */
static inline struct view sim_rig_ask(struct sim_rig *rig, const char *user)
{
    const struct chat_message message = {CHAT_USER, view_of(user)};
    struct chat chat = {.system = view_of(rig->system),
                        .messages = &message,
                        .message_count = 1,
                        .sample = rig->sample};
    struct json *params = NULL;

    if (rig->params != NULL)
        assert_int_equal(json_parse(&rig->arena, view_of(rig->params), &params, NULL), 0);
    chat.params = params;
    assert_int_equal(sim_answer(&rig->sim, &chat, view_of(rig->model), &rig->arena, &rig->reply,
                                &rig->latency_ns),
                     0);
    return rig->reply.text;
}

static inline bool says(struct view answer, const char *words)
{
    return view_find(answer, view_of(words), 0) < answer.len;
}

static inline void assert_says(struct view answer, const char *words)
{
    if (!says(answer, words))
        fail_msg("does not say '%s': %.*s", words, VIEW_ARG(answer));
}

static inline void assert_does_not_say(struct view answer, const char *words)
{
    if (says(answer, words))
        fail_msg("says '%s': %.*s", words, VIEW_ARG(answer));
}

#endif
