/* SPDX-License-Identifier: Apache-2.0
 *
 * bad_peers: what an asker does with servers that break rules, babble, flood or fall silent: every
 * ask ends in its time, with an error that names the server and what it did. Over any outside, as
 * asker_contract.h. */
#ifndef ASSAY_TESTS_BAD_PEERS_H
#define ASSAY_TESTS_BAD_PEERS_H

/* Runs all of it on stages of asker_contract.h; the number of tests that failed. */
int bad_peers_run(const char *name);

#endif
