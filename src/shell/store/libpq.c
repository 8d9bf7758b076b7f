/* SPDX-License-Identifier: Apache-2.0
 *
 * libpq: see libpq.h. */
#include "shell/store/libpq.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "base/view.h"

static const struct {
    const char *name;
    size_t offset;
} symbols[] = {
#define SYMBOL(name, member) \
    { \
        name, offsetof(struct libpq, member) \
    }
    SYMBOL("PQconninfoParse", conninfo_parse),
    SYMBOL("PQconninfoFree", conninfo_free),
    SYMBOL("PQfreemem", freemem),
    SYMBOL("PQconnectStartParams", connect_start),
    SYMBOL("PQconnectPoll", connect_poll),
    SYMBOL("PQfinish", finish),
    SYMBOL("PQstatus", status),
    SYMBOL("PQsocket", socket),
    SYMBOL("PQerrorMessage", error_message),
    SYMBOL("PQserverVersion", server_version),
    SYMBOL("PQparameterStatus", parameter_status),
    SYMBOL("PQtransactionStatus", transaction_status),
    SYMBOL("PQsetnonblocking", set_nonblocking),
    SYMBOL("PQsendQueryParams", send_query),
    SYMBOL("PQsetSingleRowMode", set_single_row_mode),
    SYMBOL("PQflush", flush),
    SYMBOL("PQconsumeInput", consume_input),
    SYMBOL("PQisBusy", is_busy),
    SYMBOL("PQgetResult", get_result),
    SYMBOL("PQsetNoticeProcessor", set_notice_processor),
    SYMBOL("PQresultStatus", result_status),
    SYMBOL("PQresultErrorField", result_error),
    SYMBOL("PQresultErrorMessage", result_message),
    SYMBOL("PQclear", clear),
    SYMBOL("PQntuples", ntuples),
    SYMBOL("PQgetisnull", getisnull),
    SYMBOL("PQgetvalue", getvalue),
    SYMBOL("PQgetlength", getlength),
#undef SYMBOL
};

_Static_assert(sizeof(struct libpq) == sizeof symbols / sizeof symbols[0] * sizeof(void *),
               "each member has its symbol");

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct libpq loaded;
static const char *lacking; /* NULL: all is there */

static void load(void)
{
    void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);

    lacking = library == NULL ? "libpq.so.5" : NULL;
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0] && lacking == NULL; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (symbol == NULL)
            lacking = symbols[i].name;
        memcpy((char *)&loaded + symbols[i].offset, &symbol, sizeof symbol);
    }
}

int libpq_get(const struct libpq **ret_libpq, struct err *reterr)
{
    (void)pthread_once(&once, load);
    if (lacking != NULL)
        return fail(reterr, ERR_UNSUPPORTED,
                    "history: PostgreSQL's client library is not installed (%s not found): install "
                    "the package libpq5 (dnf: libpq), or give `history:` a file",
                    lacking);
    *ret_libpq = &loaded;
    return 0;
}
