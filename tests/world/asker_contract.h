/* SPDX-License-Identifier: Apache-2.0
 *
 * asker_contract: what an asker promises over HTTP, as tests that run over any outside: real
 * sockets (tests/unit/app/test_asker.c) and the simulated world (test_asker_world.c). */
#ifndef ASSAY_TESTS_ASKER_CONTRACT_H
#define ASSAY_TESTS_ASKER_CONTRACT_H

#include "app/asker.h"
#include "wire/outside.h"

/* What the program that runs the contract stands on. */
struct stage {
    struct outside *outside;
    void (*run)(struct stage *stage);  /* until stop was called; fails the test when nothing is left
                                        * that could happen before */
    void (*stop)(struct stage *stage); /* from inside a listener */
};

/* Made and ended for each test. */
struct stage *stage_new(void);
void stage_free(struct stage *stage);

/* Runs all of it; the number of tests that failed. */
int asker_contract_run(const char *name, enum asker_http http);

#endif
