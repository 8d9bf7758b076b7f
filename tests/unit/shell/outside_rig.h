/* SPDX-License-Identifier: Apache-2.0
 *
 * outside_rig: two worlds under one test: loopback sockets and the simulated network. A test asks
 * the rig for an outside, lets time pass, and checks what its listeners heard. */
#ifndef ASSAY_TESTS_OUTSIDE_RIG_H
#define ASSAY_TESTS_OUTSIDE_RIG_H

#include "wire/outside.h"

struct rig;

enum rig_kind { RIG_SOCKETS, RIG_WORLD };

/* With room for so many connections; 0: the default. */
struct rig *rig_new(enum rig_kind kind, uint32_t connections_max);
void rig_free(struct rig *rig);

struct outside *rig_outside(struct rig *rig);

/* Lets time pass until rig_stop, or so long. */
void rig_run(struct rig *rig, uint64_t for_ns);
void rig_stop(struct rig *rig);

/* A port of 127.0.0.1 that never answers a connect. */
uint16_t rig_silent_port(struct rig *rig);

#endif
