/* SPDX-License-Identifier: Apache-2.0
 *
 * tls: see tls.h. */
#include "shell/net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"

enum { TRUSTS_MAX = 16 };

struct trust {
    bool insecure;
    char *ca_file;
    SSL_CTX *context;
};

struct tls_trusts {
    struct trust entries[TRUSTS_MAX];
    size_t count;
};

struct tls {
    SSL *ssl;
    BIO *incoming;
    BIO *outgoing;
    char host[256];
    uint16_t port;
    unsigned char first_byte; /* of what the peer sent */
    bool heard;
};

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
    for (size_t i = 0; i < trusts->count; i++)
        trust_release(&trusts->entries[i]);
    mem_free(trusts);
}

/* The newest reason in OpenSSL's queue, which is emptied. */
static const char *openssl_reason(void)
{
    unsigned long error = ERR_peek_last_error();
    const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;

    ERR_clear_error();
    return reason != NULL ? reason : "no reason given";
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
                    ca_file, openssl_reason());
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
    SSL_CTX_set_min_proto_version(trust->context, TLS1_2_VERSION);
    SSL_CTX_set_mode(trust->context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(trust->context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_verify(trust->context, wish->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    return wish->insecure ? 0 : load_authorities(trust->context, wish->ca_file, reterr);
}

/* The context for that trust, made where it is the first of its kind. */
static int trust_get(struct tls_trusts *trusts, const struct tls_wish *wish, SSL_CTX **ret_context,
                     struct err *reterr)
{
    for (size_t i = 0; i < trusts->count; i++) {
        struct trust *known = &trusts->entries[i];
        if (known->insecure == wish->insecure && strcmp(known->ca_file, wish->ca_file) == 0) {
            *ret_context = known->context;
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
    trusts->entries[trusts->count++] = fresh;
    *ret_context = fresh.context;
    return 0;
}

/* The certificate must be for this host; a name is also said to the peer (SNI), an address may
 * not be (RFC 6066). */
static bool expect_host(SSL *ssl, const char *host)
{
    struct in6_addr address;
    bool numeric =
        inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    if (numeric)
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1
           && SSL_set_tlsext_host_name(ssl, host) == 1;
}

/* The SSL and its two BIOs, which it owns. */
static bool attach(struct tls *tls, SSL_CTX *context, const struct tls_wish *wish)
{
    tls->ssl = SSL_new(context);
    tls->incoming = BIO_new(BIO_s_mem());
    tls->outgoing = BIO_new(BIO_s_mem());
    if (tls->ssl == NULL || tls->incoming == NULL || tls->outgoing == NULL) {
        BIO_free(tls->incoming);
        BIO_free(tls->outgoing);
        return false;
    }
    BIO_set_mem_eof_return(tls->incoming, -1);
    SSL_set_bio(tls->ssl, tls->incoming, tls->outgoing);
    SSL_set_connect_state(tls->ssl);
    if (wish->alpn.len != 0
        && SSL_set_alpn_protos(tls->ssl, (const unsigned char *)wish->alpn.ptr,
                               (unsigned)wish->alpn.len)
               != 0)
        return false;
    return expect_host(tls->ssl, wish->host);
}

int tls_new(struct tls_trusts *trusts, const struct tls_wish *wish, struct tls **ret_tls,
            struct err *reterr)
{
    SSL_CTX *context = NULL;
    int code = trust_get(trusts, wish, &context, reterr);
    if (code != 0)
        return code;

    struct tls *tls = mem_new(1, sizeof *tls);
    if (tls == NULL)
        return fail(reterr, ERR_MEMORY, "out of memory for TLS");
    snprintf(tls->host, sizeof tls->host, "%s", wish->host);
    tls->port = wish->port;
    if (!attach(tls, context, wish)) {
        tls_free(tls);
        return fail(reterr, ERR_TLS, "cannot start TLS with %s: %s", wish->host, openssl_reason());
    }
    *ret_tls = tls;
    return 0;
}

void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    SSL_free(tls->ssl);
    mem_free(tls);
}

int tls_feed(struct tls *tls, struct view bytes)
{
    size_t wrote = 0;

    if (bytes.len == 0)
        return 0;
    if (!tls->heard) {
        tls->first_byte = (unsigned char)bytes.ptr[0];
        tls->heard = true;
    }
    if (BIO_write_ex(tls->incoming, bytes.ptr, bytes.len, &wrote) != 1 || wrote != bytes.len) {
        ERR_clear_error();
        return ERR_MEMORY;
    }
    return 0;
}

/* What is wrong with a certificate, and what helps. */
struct verdict {
    int code; /* X509_V_ERR_… */
    const char *text;
    const char *remedy;
};

#define UNKNOWN_AUTHORITY \
    "its certificate was issued by an authority this machine does not know", \
        "set tls.ca_file to that authority's certificate, or install ca-certificates"

static const struct verdict verdicts[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, "its certificate has expired",
     "renew the server's certificate, and check this machine's date"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "its certificate is not valid yet",
     "check this machine's date and the server's certificate"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "its certificate is self-signed",
     "set tls.ca_file to that certificate if you trust it"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, UNKNOWN_AUTHORITY},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, UNKNOWN_AUTHORITY},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, UNKNOWN_AUTHORITY},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, UNKNOWN_AUTHORITY},
    {X509_V_ERR_CERT_UNTRUSTED, UNKNOWN_AUTHORITY},
    {X509_V_ERR_HOSTNAME_MISMATCH, "its certificate is for another host name",
     "use the name the certificate was made for, or a certificate that names this host"},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, "its certificate does not name this address",
     "use the host name the certificate was made for, or one that names this address"},
    {X509_V_ERR_CERT_REVOKED, "its certificate was revoked", "renew the server's certificate"},
    {X509_V_ERR_EE_KEY_TOO_SMALL, "its key is too weak", "renew the server's certificate"},
    {X509_V_ERR_CA_MD_TOO_WEAK, "its certificate is signed with a weak hash",
     "renew the server's certificate"},
};

static int fail_verification(const struct tls *tls, long result, struct err *reterr)
{
    const struct verdict *verdict = NULL;

    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        if (verdicts[i].code == (int)result)
            verdict = &verdicts[i];
    }
    return fail(reterr, ERR_TLS, "TLS with %s:%u: %s; %s", tls->host, tls->port,
                verdict != NULL ? verdict->text : X509_verify_cert_error_string(result),
                verdict != NULL ? verdict->remedy : "check the server's certificate");
}

/* Every TLS record of a handshake starts with 0x16, an alert with 0x15 (RFC 8446, 5.1). */
static int fail_handshake(const struct tls *tls, struct err *reterr)
{
    long result = SSL_get_verify_result(tls->ssl);
    unsigned long error = ERR_peek_last_error();

    if (tls->heard && tls->first_byte != 0x16 && tls->first_byte != 0x15) {
        ERR_clear_error();
        return fail(reterr, ERR_TLS,
                    "TLS with %s:%u: the peer answered without TLS; use http:// or another port",
                    tls->host, tls->port);
    }
    if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED && result != X509_V_OK) {
        ERR_clear_error();
        return fail_verification(tls, result, reterr);
    }
    if (ERR_GET_REASON(error) == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION
        || ERR_GET_REASON(error) == SSL_R_UNSUPPORTED_PROTOCOL) {
        ERR_clear_error();
        return fail(reterr, ERR_TLS,
                    "TLS with %s:%u: the peer speaks no TLS 1.2 or newer; update the server",
                    tls->host, tls->port);
    }
    return fail(reterr, ERR_TLS,
                "TLS with %s:%u: the handshake failed: %s; check the server's TLS settings",
                tls->host, tls->port, openssl_reason());
}

int tls_handshake(struct tls *tls, struct err *reterr)
{
    ERR_clear_error();
    int status = SSL_do_handshake(tls->ssl);

    if (status == 1)
        return 0;
    if (SSL_get_error(tls->ssl, status) == SSL_ERROR_WANT_READ)
        return ERR_BUSY;
    return fail_handshake(tls, reterr);
}

int tls_write(struct tls *tls, struct view bytes)
{
    size_t wrote = 0;

    if (bytes.len == 0)
        return 0;
    ERR_clear_error();
    if (SSL_write_ex(tls->ssl, bytes.ptr, bytes.len, &wrote) != 1 || wrote != bytes.len) {
        ERR_clear_error();
        return ERR_TLS;
    }
    return 0;
}

int tls_read(struct tls *tls, char *room, size_t size, size_t *ret_len, struct err *reterr)
{
    size_t got = 0;

    ERR_clear_error();
    if (SSL_read_ex(tls->ssl, room, size, &got) == 1) {
        *ret_len = got;
        return 0;
    }
    int error = SSL_get_error(tls->ssl, 0);
    if (error == SSL_ERROR_WANT_READ)
        return ERR_BUSY;
    if (error == SSL_ERROR_ZERO_RETURN)
        return ERR_CLOSED;
    return fail(reterr, ERR_TLS, "TLS with %s:%u: %s", tls->host, tls->port, openssl_reason());
}

void tls_end(struct tls *tls)
{
    ERR_clear_error();
    if (SSL_is_init_finished(tls->ssl))
        (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

bool tls_has_output(const struct tls *tls)
{
    return BIO_ctrl_pending(tls->outgoing) != 0;
}

void tls_take(struct tls *tls, struct strbuf *sending)
{
    size_t pending = BIO_ctrl_pending(tls->outgoing);
    char *room = pending != 0 ? strbuf_room(sending, pending) : NULL;
    size_t got = 0;

    if (room != NULL && BIO_read_ex(tls->outgoing, room, pending, &got) == 1)
        strbuf_grew(sending, got);
}

struct view tls_alpn(const struct tls *tls)
{
    const unsigned char *name = NULL;
    unsigned len = 0;

    SSL_get0_alpn_selected(tls->ssl, &name, &len);
    return view_make(name, len);
}
