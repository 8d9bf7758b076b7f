/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_trust: TLS as a client (see tls.h and tls_parts.h): one context for each trust, and the
 * sessions that peers gave us. A session is found again only by the very key it was made under, of
 * which the trust is a part: what was never verified resumes nothing that must be. */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "shell/net/tls_parts.h"

enum { TRUSTS_MAX = 16 };

struct trust {
    bool insecure;
    char *ca_file;
    SSL_CTX *context;
};

/* Whose a session is. Shared by connections and sessions kept. */
struct tls_key {
    unsigned references;
    const struct trust *trust;
    uint16_t port;
    size_t alpn_len;
    size_t host_len;
    char bytes[]; /* host, then alpn */
};

struct kept {
    SSL_SESSION *session;
    struct tls_key *key;
    uint64_t order; /* when it came; a lower one is older */
};

struct tls_trusts {
    struct trust entries[TRUSTS_MAX];
    size_t count;
    struct kept kept[TLS_SESSIONS_MAX];
    size_t kept_count;
    uint64_t order_next;
};

/* Keys. */

static struct tls_key *key_new(const struct trust *trust, const struct tls_wish *wish)
{
    size_t host_len = strlen(wish->host);
    struct tls_key *key = mem_new(sizeof *key + host_len + wish->alpn.len, 1);
    if (key == NULL)
        return NULL;

    *key = (struct tls_key){.references = 1,
                            .trust = trust,
                            .port = wish->port,
                            .alpn_len = wish->alpn.len,
                            .host_len = host_len};
    memcpy(key->bytes, wish->host, host_len);
    if (wish->alpn.len != 0)
        memcpy(key->bytes + host_len, wish->alpn.ptr, wish->alpn.len);
    return key;
}

void tls_key_free(struct tls_key *key)
{
    if (key != NULL && --key->references == 0)
        mem_free(key);
}

static bool key_equal(const struct tls_key *a, const struct tls_key *b)
{
    return a->trust == b->trust && a->port == b->port && a->host_len == b->host_len
           && a->alpn_len == b->alpn_len
           && memcmp(a->bytes, b->bytes, a->host_len + a->alpn_len) == 0;
}

/* Sessions. */

static void drop_kept(struct tls_trusts *trusts, size_t at)
{
    SSL_SESSION_free(trusts->kept[at].session);
    tls_key_free(trusts->kept[at].key);
    trusts->kept[at] = trusts->kept[--trusts->kept_count];
}

/* Room for one more of that key: its oldest goes where it has its share, else the oldest of all
 * where all places are taken. */
static void make_room(struct tls_trusts *trusts, const struct tls_key *key)
{
    size_t same = 0, oldest = 0, oldest_same = 0;

    for (size_t i = 0; i < trusts->kept_count; i++) {
        const struct kept *kept = &trusts->kept[i];
        if (kept->order < trusts->kept[oldest].order)
            oldest = i;
        if (!key_equal(kept->key, key))
            continue;
        if (same == 0 || kept->order < trusts->kept[oldest_same].order)
            oldest_same = i;
        same++;
    }
    if (same >= TLS_SESSIONS_EACH)
        drop_kept(trusts, oldest_same);
    else if (trusts->kept_count == TLS_SESSIONS_MAX)
        drop_kept(trusts, oldest);
}

/* OpenSSL gives us a session; 1: we keep it. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls *tls = SSL_get_app_data(ssl);

    if (tls == NULL || tls->key == NULL)
        return 0;
    struct tls_trusts *trusts = tls->trusts;
    make_room(trusts, tls->key);
    tls->key->references++;
    trusts->kept[trusts->kept_count++] =
        (struct kept){.session = session, .key = tls->key, .order = trusts->order_next++};
    return 1;
}

/* Offers the newest session of the connection's key, if there is one. One of TLS 1.3 is used up by
 * that: a second use would show that both connections are of one client. */
static void offer_session(struct tls *tls)
{
    struct tls_trusts *trusts = tls->trusts;
    size_t best = SIZE_MAX;

    for (size_t i = trusts->kept_count; i-- > 0;) {
        if (!key_equal(trusts->kept[i].key, tls->key))
            continue;
        if (SSL_SESSION_is_resumable(trusts->kept[i].session) != 1) {
            drop_kept(trusts, i); /* what takes its place was looked at already, or is gone */
            best = best == trusts->kept_count ? i : best;
        } else if (best == SIZE_MAX || trusts->kept[i].order > trusts->kept[best].order) {
            best = i;
        }
    }
    if (best == SIZE_MAX)
        return;
    SSL_SESSION *session = trusts->kept[best].session;
    if (SSL_set_session(tls->ssl, session) != 1)
        ERR_clear_error();
    if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
        drop_kept(trusts, best);
}

void tls_sessions_forget(const struct tls *tls)
{
    struct tls_trusts *trusts = tls->trusts;

    for (size_t i = trusts->kept_count; i-- > 0;)
        if (key_equal(trusts->kept[i].key, tls->key))
            drop_kept(trusts, i);
}

/* Trusts. */

int tls_trusts_new(struct tls_trusts **ret_trusts)
{
    struct tls_trusts *trusts = mem_new(1, sizeof *trusts);
    if (trusts == NULL)
        return ERR_MEMORY;

    *ret_trusts = trusts;
    return 0;
}

static void trust_release(struct trust *trust)
{
    SSL_CTX_free(trust->context);
    mem_free(trust->ca_file);
}

void tls_trusts_free(struct tls_trusts *trusts)
{
    if (trusts == NULL)
        return;
    while (trusts->kept_count > 0)
        drop_kept(trusts, trusts->kept_count - 1);
    for (size_t i = 0; i < trusts->count; i++)
        trust_release(&trusts->entries[i]);
    mem_free(trusts);
}

size_t tls_trusts_sessions(const struct tls_trusts *trusts)
{
    return trusts->kept_count;
}

static int load_authorities(SSL_CTX *context, const char *ca_file, struct err *reterr)
{
    /* Without any of the system's authorities the peer's chain fails with a text that says so. */
    if (SSL_CTX_set_default_verify_paths(context) != 1)
        ERR_clear_error();
    if (ca_file[0] == '\0')
        return 0;
    if (access(ca_file, R_OK) != 0)
        return fail(reterr, ERR_TLS, "tls.ca_file %s: cannot read: %s; check the path", ca_file,
                    strerror(errno));
    if (SSL_CTX_load_verify_file(context, ca_file) != 1)
        return fail(reterr, ERR_TLS,
                    "tls.ca_file %s: %s; it must hold certificates in PEM form "
                    "(-----BEGIN CERTIFICATE-----)",
                    ca_file, tls_reason());
    /* Whoever names a certificate means to trust it, be it a root or not. */
    X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
    return 0;
}

static int trust_init(struct trust *trust, const struct tls_wish *wish, struct err *reterr)
{
    size_t len = strlen(wish->ca_file);

    *trust = (struct trust){.insecure = wish->insecure,
                            .ca_file = mem_new(len + 1, 1),
                            .context = SSL_CTX_new(TLS_client_method())};
    if (trust->ca_file == NULL || trust->context == NULL)
        return fail(reterr, ERR_MEMORY, "out of memory for TLS");
    memcpy(trust->ca_file, wish->ca_file, len);
    tls_context_init(trust->context);
    SSL_CTX_set_session_cache_mode(trust->context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(trust->context, on_session);
    if (wish->insecure)
        SSL_CTX_set_verify(trust->context, SSL_VERIFY_NONE, NULL);
    else
        SSL_CTX_set_verify(trust->context, SSL_VERIFY_PEER, tls_verdict_on_certificate);
    return wish->insecure ? 0 : load_authorities(trust->context, wish->ca_file, reterr);
}

/* The trust, made where it is the first of its kind. */
static int trust_get(struct tls_trusts *trusts, const struct tls_wish *wish,
                     const struct trust **ret_trust, struct err *reterr)
{
    for (size_t i = 0; i < trusts->count; i++) {
        const struct trust *known = &trusts->entries[i];
        if (known->insecure == wish->insecure && strcmp(known->ca_file, wish->ca_file) == 0) {
            *ret_trust = known;
            return 0;
        }
    }
    if (trusts->count == TRUSTS_MAX)
        return fail(reterr, ERR_TLS,
                    "more than %d different tls.ca_file in one program: put their "
                    "certificates into one file",
                    TRUSTS_MAX);
    struct trust fresh;
    int code = trust_init(&fresh, wish, reterr);
    if (code != 0) {
        trust_release(&fresh);
        return code;
    }
    trusts->entries[trusts->count] = fresh;
    *ret_trust = &trusts->entries[trusts->count++];
    return 0;
}

/* A connection. */

/* The certificate must be for this host; a name is also said to the peer (SNI), an address may
 * not be (RFC 6066). */
static bool expect_host(SSL *ssl, const char *asked)
{
    struct in6_addr address;
    char host[256];
    size_t len = strlen(asked);

    /* A name with its root's dot is the same name, and no certificate has the dot. */
    if (len > 1 && asked[len - 1] == '.')
        len--;
    if (len >= sizeof host)
        return false;
    memcpy(host, asked, len);
    host[len] = '\0';
    bool numeric =
        inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    if (numeric)
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1
           && SSL_set_tlsext_host_name(ssl, host) == 1;
}

static bool offer_alpn(SSL *ssl, struct view alpn)
{
    return alpn.len == 0
           || SSL_set_alpn_protos(ssl, (const unsigned char *)alpn.ptr, (unsigned)alpn.len) == 0;
}

int tls_new(struct tls_trusts *trusts, const struct tls_wish *wish, struct tls **ret_tls,
            struct err *reterr)
{
    const struct trust *trust = NULL;
    struct tls *tls = NULL;
    char peer[300];
    int code = trust_get(trusts, wish, &trust, reterr);
    if (code != 0)
        return code;

    snprintf(peer, sizeof peer, "%s:%u", wish->host, wish->port);
    code = tls_attach(trust->context, peer, &tls, reterr);
    if (code != 0)
        return code;
    tls->trusts = trusts;
    tls->key = key_new(trust, wish);
    SSL_set_connect_state(tls->ssl);
    if (tls->key == NULL || !offer_alpn(tls->ssl, wish->alpn)
        || !expect_host(tls->ssl, wish->host)) {
        tls_free(tls);
        return fail(reterr, ERR_TLS, "cannot start TLS with %s: %s", peer, tls_reason());
    }
    offer_session(tls);
    *ret_tls = tls;
    return 0;
}
