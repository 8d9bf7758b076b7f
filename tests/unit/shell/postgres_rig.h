/* SPDX-License-Identifier: Apache-2.0
 *
 * postgres_rig: a PostgreSQL server of the test's own, in a temporary folder, as a user of its own,
 * on a unix socket and a free loopback port; ended by its process id. */
#ifndef ASSAY_TESTS_POSTGRES_RIG_H
#define ASSAY_TESTS_POSTGRES_RIG_H

#include <stdbool.h>

#define POSTGRES_RIG_PASSWORD "s3cret/pa:ss"

/* Starts it; false where PostgreSQL is not installed (told). */
bool postgres_rig_start(void);
void postgres_rig_end(void);

/* URLs: by the socket without a password, and by TCP with the right one, percent-encoded. */
const char *postgres_rig_url(void);
const char *postgres_rig_tcp_url(void);
int postgres_rig_port(void);

/* Runs SQL as the superuser, outside of any transaction; fails the test where it fails. */
void postgres_rig_sql(const char *database, const char *sql);

/* Ends the server at once, as a crash does, or starts it again. */
void postgres_rig_crash(void);
void postgres_rig_restart(void);

/* Stops the server's processes where they stand (they answer nothing), and lets them go on. */
void postgres_rig_freeze(bool frozen);

#endif
