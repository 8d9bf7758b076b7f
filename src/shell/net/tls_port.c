/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_port: TLS for who comes to a port of ours (see tls.h and tls_parts.h). Files are read once,
 * when the port is made. Tickets carry the sessions: nothing is kept for a peer that left. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <unistd.h>

#include "base/mem.h"
#include "shell/net/tls_parts.h"
#include "wire/outside.h"

struct tls_port {
    SSL_CTX *context;
    unsigned char alpn[OUTSIDE_ALPN_BYTES_MAX];
    unsigned alpn_len;
};

/* The port's favourite among what the peer offers; without one the handshake ends (RFC 7301, 3.2).
 */
static int on_alpn(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_len,
                   const unsigned char *offered, unsigned offered_len, void *context)
{
    const struct tls_port *port = context;
    unsigned char *name = NULL;

    (void)ssl;
    if (offered_len == 0
        || SSL_select_next_proto(&name, ret_len, port->alpn, port->alpn_len, offered, offered_len)
               != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *ret_name = name;
    return SSL_TLSEXT_ERR_OK;
}

/* A key with a passphrase is refused: nobody is asked at a terminal. */
static int on_passphrase(char *room, int size, int writing, void *context)
{
    bool *asked = context;

    (void)writing;
    if (size > 0)
        room[0] = '\0';
    *asked = true;
    return -1;
}

static int check_readable(const char *key, const char *file, struct err *reterr)
{
    if (file[0] == '\0')
        return fail(reterr, ERR_CONFIG,
                    "tls.%s is missing: a port with TLS needs a certificate and its key", key);
    if (access(file, R_OK) != 0)
        return fail(reterr, ERR_CONFIG, "tls.%s %s: cannot read: %s; check the path and its rights",
                    key, file, strerror(errno));
    return 0;
}

static int load_key(SSL_CTX *context, const char *file, bool *asked, struct err *reterr)
{
    SSL_CTX_set_default_passwd_cb(context, on_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(context, asked);
    int status = SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM);
    SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
    SSL_CTX_set_default_passwd_cb(context, NULL);
    if (status == 1)
        return 0;
    if (*asked) {
        ERR_clear_error();
        return fail(reterr, ERR_CONFIG,
                    "tls.key_file %s: it is locked with a passphrase; write it without one: "
                    "openssl pkey -in FILE -out FILE",
                    file);
    }
    /* With the certificate loaded before, OpenSSL compares them here already. */
    if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH
        || ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_TYPE_MISMATCH) {
        ERR_clear_error();
        return ERR_INVALID;
    }
    return fail(reterr, ERR_CONFIG,
                "tls.key_file %s: %s; it must hold a private key in PEM form "
                "(-----BEGIN PRIVATE KEY-----)",
                file, tls_reason());
}

static int load_files(SSL_CTX *context, const struct tls_port_wish *wish, struct err *reterr)
{
    bool asked = false;
    int code = check_readable("certificate_file", wish->certificate_file, reterr);

    if (code == 0)
        code = check_readable("key_file", wish->key_file, reterr);
    if (code != 0)
        return code;
    if (SSL_CTX_use_certificate_chain_file(context, wish->certificate_file) != 1)
        return fail(reterr, ERR_CONFIG,
                    "tls.certificate_file %s: %s; it must hold the certificate, and those up to "
                    "its authority, in PEM form (-----BEGIN CERTIFICATE-----)",
                    wish->certificate_file, tls_reason());
    code = load_key(context, wish->key_file, &asked, reterr);
    if (code == 0 && SSL_CTX_check_private_key(context) != 1) {
        ERR_clear_error();
        code = ERR_INVALID;
    }
    if (code == ERR_INVALID)
        return fail(reterr, ERR_CONFIG,
                    "tls.key_file %s does not belong to tls.certificate_file %s: name the key that "
                    "the certificate was made for",
                    wish->key_file, wish->certificate_file);
    return code;
}

/* Whether the bytes are names with their lengths before them. */
static bool alpn_is_sound(struct view alpn)
{
    size_t at = 0;

    while (at < alpn.len && alpn.ptr[at] != 0)
        at += 1 + (size_t)(unsigned char)alpn.ptr[at];
    return at == alpn.len && alpn.len != 0 && alpn.len <= OUTSIDE_ALPN_BYTES_MAX;
}

int tls_port_new(const struct tls_port_wish *wish, struct tls_port **ret_port, struct err *reterr)
{
    static const unsigned char session_context[] = "assay";

    if (!alpn_is_sound(wish->alpn))
        return fail(reterr, ERR_CONFIG, "the port's protocols are not in ALPN's form");
    struct tls_port *port = mem_new(1, sizeof *port);
    if (port == NULL)
        return fail(reterr, ERR_MEMORY, "out of memory for TLS");
    port->context = SSL_CTX_new(TLS_server_method());
    if (port->context == NULL) {
        tls_port_free(port);
        return fail(reterr, ERR_MEMORY, "out of memory for TLS");
    }
    tls_context_init(port->context);
    SSL_CTX_set_options(port->context, SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(port->context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(port->context, session_context, sizeof session_context - 1);
    memcpy(port->alpn, wish->alpn.ptr, wish->alpn.len);
    port->alpn_len = (unsigned)wish->alpn.len;
    SSL_CTX_set_alpn_select_cb(port->context, on_alpn, port);
    int code = load_files(port->context, wish, reterr);
    if (code != 0) {
        tls_port_free(port);
        return code;
    }
    *ret_port = port;
    return 0;
}

void tls_port_free(struct tls_port *port)
{
    if (port == NULL)
        return;
    /* Connections hold the context; none of them chooses a protocol any more. */
    if (port->context != NULL)
        SSL_CTX_set_alpn_select_cb(port->context, NULL, NULL);
    SSL_CTX_free(port->context);
    mem_free(port);
}

int tls_accept(struct tls_port *port, struct tls **ret_tls, struct err *reterr)
{
    int code = tls_attach(port->context, "a client", ret_tls, reterr);

    if (code == 0)
        SSL_set_accept_state((*ret_tls)->ssl);
    return code;
}
