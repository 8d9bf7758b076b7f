/* SPDX-License-Identifier: Apache-2.0
 *
 * env: what the process was given: environment variables, processors, open files, its own path.
 *
 * Threads: reads only; the environment is never changed after start. */
#ifndef ASSAY_SHELL_OS_ENV_H
#define ASSAY_SHELL_OS_ENV_H

#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

/* The value of an environment variable; ptr is NULL where it is not set (an empty value is set).
 * Holds as long as the process. */
struct view env_get(struct view name);

/* The user's home folder: $HOME, else the password file's; ptr is NULL where there is none. Holds
 * until the next call. */
struct view env_home(void);

/* Processors this process may run on, at least 1. */
uint32_t env_cores(void);

/* Raises the limit of open files as far as this process may, and returns it. Call once at start. */
uint64_t env_raise_open_files(void);

/* The limit of open files as it stands. */
uint64_t env_open_files_max(void);

/* Appends the path of the running program, to start it again as a helper. ERR_IO. */
MUST_CHECK int env_program(struct strbuf *path, struct err *reterr);

#endif
