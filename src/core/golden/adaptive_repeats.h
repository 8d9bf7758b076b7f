/* SPDX-License-Identifier: Apache-2.0
 *
 * adaptive_repeats: which entries to ask again. A pure machine: given what each entry's answers say
 * so far, it names the entries whose further answers can still change the verdict, until nothing is
 * open, every open entry was asked as often as it may be, or the driver's budget ends.
 *
 * Looking again and again, and stopping when one likes what one sees, makes false alarms. So:
 *  - the gate is applied once, to what is there in the end; no round has a verdict;
 *  - who is asked again depends on the size of a difference, never on its direction: an entry that
 *    rose by .11 is asked again exactly as one that fell by .11. So under "nothing changed" each
 *    final difference is as likely up as down, whatever was asked, which is all that the sign-flip
 *    test needs: its p stays exact;
 *  - the suite as a whole is asked again until its noise is small enough (a target of precision,
 *    computed from the spread of repeats within entries), not until p is small.
 * One exception saves money and changes no verdict from pass to fail: where an entry is firmly
 * critical already (by three standard errors), the gate fails whatever else is asked.
 * The simulation in tests/unit/core/test_gate_rates.c holds all this to its word.
 *
 * Source: docs/gate.md. Memory: none of its own. Threads: values. */
#ifndef ASSAY_CORE_GOLDEN_ADAPTIVE_REPEATS_H
#define ASSAY_CORE_GOLDEN_ADAPTIVE_REPEATS_H

#include "core/golden/gate.h"
#include "core/record/run.h"

enum {
    ADAPTIVE_REPEATS_FIRST = 2,    /* of every entry: one answer tells nothing of noise */
    ADAPTIVE_REPEATS_MAX = 10,     /* unless said otherwise */
    ADAPTIVE_REPEATS_BASELINE = 3, /* accepted answers that `assay baseline` records */
};

struct adaptive_repeats {
    uint32_t most;                 /* answers an entry may have */
    enum gate_mode mode;           /* without statistics the suite's precision is of no matter */
    struct severity_limits limits; /* between which an entry's severity lies */
};

enum adaptive_ended {
    ADAPTIVE_GOES_ON,
    ADAPTIVE_DECIDED,  /* no further answer is likely to change anything */
    ADAPTIVE_FAILED,   /* the gate fails whatever else is asked */
    ADAPTIVE_EXHAUSTED /* something is open, but was asked as often as it may be */
};

struct adaptive_round {
    enum adaptive_ended ended;
    size_t questions;
    size_t undecided; /* entries that more answers could still move, those at their most included */
};

/* Judged entries in; into ret_extra[i] how many more answers entry i should have (0: none). Entries
 * without any answer, and those in quarantine, are not asked again. */
void adaptive_repeats_next(const struct adaptive_repeats *machine, const struct run *run,
                           uint32_t *ret_extra, struct adaptive_round *ret_round);

#endif
