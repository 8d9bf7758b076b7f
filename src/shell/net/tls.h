/* SPDX-License-Identifier: Apache-2.0
 *
 * tls: TLS between two byte streams, as a client or for a peer that came to a port of ours, by
 * OpenSSL; it never touches a socket. Ciphertext goes in by tls_feed and comes out by tls_take;
 * tls_read and tls_write are the plain side.
 *
 * TLS 1.2 and 1.3. As a client: the peer's chain is verified against the system's authorities
 * (OpenSSL's defaults, SSL_CERT_FILE and SSL_CERT_DIR honoured) and a further PEM file, its name
 * against the host asked for. SNI for names. Sessions are kept and resumed for the same host, port,
 * trust and protocols only; one of TLS 1.3 is used once (RFC 8446, C.4).
 * As a server: one certificate a port, tickets sealed with keys of this process, no certificates
 * asked of clients.
 * Memory: OpenSSL's, and base/mem for bytes that wait; a connection at rest holds no buffers.
 * Contexts are shared by all connections of one trust or port. Threads: one owner.
 * Limits: TLS_SESSIONS_MAX sessions kept, TLS_SESSIONS_EACH for one peer; the oldest gives way. */
#ifndef ASSAY_SHELL_NET_TLS_H
#define ASSAY_SHELL_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

struct tls;
struct tls_trusts;
struct tls_port;

enum { TLS_SESSIONS_MAX = 256, TLS_SESSIONS_EACH = 16 };

/* The trusts that were asked for so far, and the sessions kept: loading the system's authorities
 * costs milliseconds and is done once. ERR_MEMORY. */
MUST_CHECK int tls_trusts_new(struct tls_trusts **ret_trusts);
/* After all its clients were freed. NULL is fine. */
void tls_trusts_free(struct tls_trusts *trusts);
/* Sessions kept now. */
size_t tls_trusts_sessions(const struct tls_trusts *trusts);

struct tls_wish {
    const char *host;    /* name or address that the certificate must be for */
    uint16_t port;       /* for messages, and of sessions */
    bool insecure;       /* nothing is verified */
    const char *ca_file; /* "" for the system's authorities alone */
    struct view alpn;    /* wire form, "\x08http/1.1"; empty: none */
};

/* A client that has said nothing yet. ERR_TLS with text (a ca_file that cannot be read),
 * ERR_MEMORY. */
MUST_CHECK int tls_new(struct tls_trusts *trusts, const struct tls_wish *wish, struct tls **ret_tls,
                       struct err *reterr);

/* What a port of ours shows its peers. */
struct tls_port_wish {
    const char *certificate_file; /* PEM: the certificate, then those up to its authority */
    const char *key_file;         /* PEM, without passphrase */
    struct view alpn;             /* what is spoken, the favourite first, wire form */
};

/* ERR_CONFIG with a text that names the file and what is wrong with it, ERR_MEMORY. */
MUST_CHECK int tls_port_new(const struct tls_port_wish *wish, struct tls_port **ret_port,
                            struct err *reterr);
/* Connections that are past their handshake live on. NULL is fine. */
void tls_port_free(struct tls_port *port);

/* The server's side for one peer. A peer that speaks none of the port's protocols is refused; one
 * that names none is not. ERR_MEMORY. */
MUST_CHECK int tls_accept(struct tls_port *port, struct tls **ret_tls, struct err *reterr);

void tls_free(struct tls *tls);

/* Ciphertext from the peer. ERR_MEMORY. */
MUST_CHECK int tls_feed(struct tls *tls, struct view bytes);

/* Carries the handshake on: 0 when done, ERR_BUSY when the peer must speak, ERR_TLS with text that
 * says what is wrong with the peer and what helps. */
MUST_CHECK int tls_handshake(struct tls *tls, struct err *reterr);

/* Plain bytes for the peer. ERR_TLS, ERR_MEMORY. */
MUST_CHECK int tls_write(struct tls *tls, struct view bytes);

/* Plain bytes from the peer into the room: 0 and how many; ERR_BUSY where there are none yet;
 * ERR_CLOSED after the peer's orderly end; ERR_TLS with text. */
MUST_CHECK int tls_read(struct tls *tls, char *room, size_t size, size_t *ret_len,
                        struct err *reterr);

/* Says goodbye; tls_take then has it. */
void tls_end(struct tls *tls);

/* True where ciphertext waits to be sent. */
bool tls_has_output(const struct tls *tls);

/* Appends the ciphertext that waits to be sent. The strbuf's status tells of failure. */
void tls_take(struct tls *tls, struct strbuf *sending);

/* What both chose by ALPN; empty where nothing. Holds as long as the tls. */
struct view tls_alpn(const struct tls *tls);

/* True where a session of before was resumed. */
bool tls_resumed(const struct tls *tls);

#endif
