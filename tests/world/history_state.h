/* SPDX-License-Identifier: Apache-2.0
 *
 * history_state: a history while it is played. Private to history.c, which plays it, and
 * history_ask.c, which asks and looks at the answers. */
#ifndef ASSAY_TESTS_HISTORY_STATE_H
#define ASSAY_TESTS_HISTORY_STATE_H

#include "base/arena.h"
#include "base/rng.h"
#include "base/strbuf.h"
#include "history.h"
#include "scene.h"
#include "scripted_server.h"

enum {
    HISTORY_TEXT_BYTES = 120,
    HISTORY_RECOVERY_QUESTIONS = 60,
};

struct history;

struct question {
    struct history *history;
    uint32_t asker;
    struct id id;
    bool taken;
    bool cancelled;
    int outcomes;
    int code;
    uint64_t deadline_ns;
    int64_t reserved;
    struct strbuf pieces;
    bool in_pieces;
    size_t system_bytes; /* of filler, before the question */
    char text[HISTORY_TEXT_BYTES];
};

struct history {
    struct scene scene;
    bool trace;
    struct world *world;
    struct rng rng;
    struct sim_server *simulator;
    struct scripted_server *scripted;
    struct arena arena;
    char url[64];
    struct provider_target target;
    struct spy spies[SCENE_ASKERS_MAX];
    struct asker *askers[SCENE_ASKERS_MAX];
    struct watch watches[SCENE_ASKERS_MAX];
    struct question questions[SCENE_QUESTIONS_MAX + HISTORY_RECOVERY_QUESTIONS];
    uint32_t asked;
    uint32_t done;
    uint32_t recovered;
    bool recovering;
    uint64_t begun_ns;
    struct played *played;
};

#define PROBLEM(history, ...) \
    problem_say(&(history)->played->problem, world_now((history)->world), __VA_ARGS__)

/* history_ask.c */
/* A line of the trace. */
void history_say(const struct history *history, const char *format, ...) PRINTF_LIKE(2, 3);
/* Asks one more question; timeout_ns 0: the asker's. */
void history_ask(struct history *history, uint32_t which, uint64_t timeout_ns);
/* Forgets what it holds. */
void history_forget(struct history *history, struct question *question);

#endif
