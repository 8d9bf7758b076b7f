/* SPDX-License-Identifier: Apache-2.0
 *
 * postgres_url: what the URL of a PostgreSQL database says, and texts without its secrets. Private
 * to shell/store.
 *
 * libpq reads the URL, so that it means what it means to psql; what libpq says of a URL it cannot
 * read is not shown, since it quotes the password. */
#ifndef ASSAY_SHELL_STORE_POSTGRES_URL_H
#define ASSAY_SHELL_STORE_POSTGRES_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "shell/store/libpq.h"

enum { POSTGRES_SECRETS_MAX = 3, POSTGRES_LABEL_MAX = 512 };

struct postgres_url {
    char label[POSTGRES_LABEL_MAX];      /* "postgres://user@host:port/database" */
    char *secrets[POSTGRES_SECRETS_MAX]; /* passwords, decoded; NULL at the end */
    uint64_t connect_in_ns;
};

/* True for postgres:// and postgresql://. */
bool postgres_url_is(const char *where);

/* True for a URL of another scheme, "mysql://…" or "Postgres://…": no path that is meant. */
bool postgres_url_is_other(const char *where);

/* ERR_CONFIG without quoting the URL; ERR_MEMORY. */
MUST_CHECK int postgres_url_read(const struct libpq *libpq, const char *url,
                                 struct postgres_url *ret_url, struct err *reterr);
void postgres_url_release(struct postgres_url *url);

/* Appends a message of the server or library as one line, each secret replaced by "***". */
void postgres_url_clean(const struct postgres_url *url, struct view message, struct strbuf *out);

#endif
