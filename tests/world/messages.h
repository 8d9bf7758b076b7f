/* SPDX-License-Identifier: Apache-2.0
 *
 * messages: histories of the machines alone, without bytes: call, pool, quota and everything they
 * are made of, one for each of several loops that share a limit of connections. Their effects
 * become messages to a service that is late, silent, busy or gone, and its answers become events,
 * often of things that are over by then. A hundred times as fast as histories of bytes, with more
 * settings, and an exact ledger of what quotas allow. For tests. */
#ifndef ASSAY_TESTS_MESSAGES_H
#define ASSAY_TESTS_MESSAGES_H

#include "history.h"

void messages_play(uint64_t seed, bool trace, struct played *ret_played);

#endif
