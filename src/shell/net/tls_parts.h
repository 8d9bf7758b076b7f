/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_parts: what the files of tls share. Private to shell/net.
 *
 *   tls.c          one connection: its two byte streams, the handshake
 *   tls_trust.c    contexts of clients, one for each trust; sessions kept for resumption
 *   tls_port.c     the context of a port of ours: certificate, key, protocols
 *   tls_verdict.c  what is wrong with a peer or its certificate, in words
 *
 * OpenSSL's own BIOs over memory never give a buffer back, so ours is two strbufs. */
#ifndef ASSAY_SHELL_NET_TLS_PARTS_H
#define ASSAY_SHELL_NET_TLS_PARTS_H

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "shell/net/tls.h"

struct tls {
    SSL *ssl;
    struct strbuf incoming; /* ciphertext, read from incoming_at on */
    size_t incoming_at;
    struct strbuf outgoing;    /* ciphertext */
    char *peer;                /* of messages: "host:port", or "a client" */
    char *complaint;           /* about the peer's certificate: what is wrong, and what helps */
    struct tls_trusts *trusts; /* of a client: where its sessions go */
    struct tls_key *key;       /* of a client: whose sessions they are */
    unsigned char first_byte;  /* of what the peer sent */
    bool heard;                /* the peer sent something */
    bool failed;               /* its session is of no more use */
};

/* tls.c */
/* A connection over the context, with no role yet. */
MUST_CHECK int tls_attach(SSL_CTX *context, const char *peer, struct tls **ret_tls,
                          struct err *reterr);
/* What holds for all contexts: TLS 1.2 or newer, buffers given back, nothing dangerous. */
void tls_context_init(SSL_CTX *context);

/* tls_trust.c */
/* Forgets what peers of this key gave: one broke off a handshake that offered it. */
void tls_sessions_forget(const struct tls *tls);
void tls_key_free(struct tls_key *key);

/* tls_verdict.c */
/* OpenSSL's verify callback: keeps a complaint where a certificate is refused. */
int tls_verdict_on_certificate(int good, X509_STORE_CTX *store);
/* Fails with why the handshake came to nothing; OpenSSL's queue of errors is emptied. */
int tls_verdict_fail(struct tls *tls, struct err *reterr);
/* The newest reason in OpenSSL's queue, which is emptied. */
const char *tls_reason(void);

#endif
