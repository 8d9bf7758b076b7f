/* SPDX-License-Identifier: Apache-2.0
 *
 * scene: what one seed makes of the world: the network and its faults, the peers and their moods,
 * who asks them how much and under which limits. Values only; history.c plays it. For tests. */
#ifndef ASSAY_TESTS_SCENE_H
#define ASSAY_TESTS_SCENE_H

#include "app/asker.h"
#include "app/sim_server.h"
#include "world/world.h"

enum { SCENE_ASKERS_MAX = 3, SCENE_GAPS_MAX = 3, SCENE_QUESTIONS_MAX = 300 };

struct scene_gap {
    bool first_address_only;
    uint64_t from_ns; /* since the start; likewise below */
    uint64_t until_ns;
};

struct scene {
    uint64_t seed;
    bool calm;     /* no fault of the network */
    bool healthy;  /* no trouble of the peer's */
    bool scripted; /* the peer does what questions tell it; else it is the simulator */
    bool tls;
    bool named; /* reached by a name with two addresses */
    struct world_link link;
    struct sim_server_options server;
    uint32_t asker_count;
    struct asker_options askers[SCENE_ASKERS_MAX];
    uint32_t questions;   /* of all askers */
    uint64_t asked_in_ns; /* the questions come in this time, in groups */
    uint32_t gap_count;
    struct scene_gap gaps[SCENE_GAPS_MAX];
    uint64_t name_fails_from_ns;
    uint64_t name_fails_until_ns;
    uint64_t script_latency_ns;
    bool in_pieces; /* some questions ask for pieces, and some listeners pause */
    bool lengthy;   /* some questions are longer than an outside takes at once */
    bool cancels;   /* some questions are given up */
    bool drops;     /* the scripted peer closes all connections now and then */
};

/* Draws it. */
void scene_draw(struct scene *scene, uint64_t seed);

/* One line for people. */
void scene_describe(const struct scene *scene, char *text, size_t size);

#endif
