/* SPDX-License-Identifier: Apache-2.0
 *
 * postgres_url: see postgres_url.h. */
#include "shell/store/postgres_url.h"

#include <stdio.h>

#include "base/mem.h"

static const uint64_t NS_PER_S = 1000000000;
enum { CONNECT_IN_S = 5, CONNECT_IN_S_MAX = 600 };

bool postgres_url_is(const char *where)
{
    struct view text = view_of(where);

    return view_starts(text, view_of("postgres://")) || view_starts(text, view_of("postgresql://"));
}

bool postgres_url_is_other(const char *where)
{
    struct view text = view_of(where);

    return view_find(text, view_of("://"), 0) < text.len && !postgres_url_is(where);
}

/* An '@' or '/' that a password holds as it is ends user, password or host elsewhere than meant:
 * its rest would be taken for a host or a port and be told. */
static bool is_plain(const char *url)
{
    struct view text = view_of(url);
    size_t start = view_find(text, view_of("://"), 0) + 3;
    struct view rest = view_slice(text, start, text.len);
    size_t first = view_find_byte(rest, '@');
    struct view behind = view_slice(rest, first < rest.len ? first + 1 : 0, rest.len);
    struct view path = view_slice(behind, 0, view_find_byte(behind, '?'));

    return (first == rest.len || view_find_byte(rest, '/') > first)
           && view_find_byte(path, '@') == path.len;
}

static const char *value_of(const struct pg_option *options, const char *keyword)
{
    for (; options->keyword != NULL; options++)
        if (view_is(view_of(options->keyword), keyword))
            return options->value;
    return NULL;
}

/* Only what is no secret: user, host, port, database. */
static void write_label(const struct pg_option *options, char *label)
{
    const char *user = value_of(options, "user");
    const char *host = value_of(options, "host");
    const char *port = value_of(options, "port");
    const char *database = value_of(options, "dbname");

    host = host != NULL ? host : value_of(options, "hostaddr");
    snprintf(label, POSTGRES_LABEL_MAX, "postgres://%s%s%s%s%s/%s", user != NULL ? user : "",
             user != NULL ? "@" : "", host != NULL ? host : "", port != NULL ? ":" : "",
             port != NULL ? port : "", database != NULL ? database : "");
}

static int keep_secrets(const struct pg_option *options, struct postgres_url *url)
{
    static const char *const keywords[] = {"password", "sslpassword"};
    size_t count = 0;

    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        const char *value = value_of(options, keywords[i]);
        if (value == NULL || value[0] == '\0')
            continue;
        size_t size = strlen(value) + 1;
        url->secrets[count] = mem_new(size, 1);
        if (url->secrets[count] == NULL)
            return ERR_MEMORY;
        memcpy(url->secrets[count++], value, size);
    }
    return 0;
}

static uint64_t connect_in(const struct pg_option *options)
{
    const char *value = value_of(options, "connect_timeout");
    int64_t seconds;

    if (value == NULL || view_to_int(view_of(value), &seconds) != 0 || seconds < 1)
        return CONNECT_IN_S * NS_PER_S;
    return (uint64_t)(seconds < CONNECT_IN_S_MAX ? seconds : CONNECT_IN_S_MAX) * NS_PER_S;
}

int postgres_url_read(const struct libpq *libpq, const char *url, struct postgres_url *ret_url,
                      struct err *reterr)
{
    struct pg_option *options = is_plain(url) ? libpq->conninfo_parse(url, NULL) : NULL;

    if (options == NULL)
        return fail(reterr, ERR_CONFIG,
                    "history: this is no URL of a PostgreSQL database: write "
                    "postgres://USER:${PASSWORD}@HOST:PORT/DATABASE, and %%-encode what is special "
                    "in user and password");
    *ret_url = (struct postgres_url){.connect_in_ns = connect_in(options)};
    write_label(options, ret_url->label);
    int code = keep_secrets(options, ret_url);
    libpq->conninfo_free(options);
    if (code != 0)
        postgres_url_release(ret_url);
    return code == 0 ? 0 : fail(reterr, code, "history: out of memory");
}

void postgres_url_release(struct postgres_url *url)
{
    for (size_t i = 0; i < POSTGRES_SECRETS_MAX; i++)
        mem_free(url->secrets[i]);
    *url = (struct postgres_url){0};
}

/* The length of the secret that the text starts with; 0: none. */
static size_t secret_at(const struct postgres_url *url, struct view text)
{
    for (size_t i = 0; i < POSTGRES_SECRETS_MAX && url->secrets[i] != NULL; i++)
        if (view_starts(text, view_of(url->secrets[i])))
            return strlen(url->secrets[i]);
    return 0;
}

void postgres_url_clean(const struct postgres_url *url, struct view message, struct strbuf *out)
{
    message = view_trim(message);
    for (size_t i = 0; i < message.len;) {
        size_t secret = secret_at(url, view_slice(message, i, message.len));
        unsigned char byte = (unsigned char)message.ptr[i];
        if (secret != 0)
            strbuf_add_text(out, "***");
        else
            strbuf_add_byte(out, byte < 0x20 || byte == 0x7f ? ' ' : (char)byte);
        i += secret != 0 ? secret : 1;
    }
}
