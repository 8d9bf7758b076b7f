/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_peer: a TLS server in a thread of its own, written with OpenSSL's blocking calls and nothing
 * of ours, with certificates made for the occasion by a throwaway authority. */
#ifndef ASSAY_TESTS_TLS_PEER_H
#define ASSAY_TESTS_TLS_PEER_H

#include <stdbool.h>
#include <stdint.h>

enum tls_peer_kind {
    PEER_GOOD, /* for localhost and 127.0.0.1, signed by the authority */
    PEER_SELF_SIGNED,
    PEER_WRONG_HOST,
    PEER_EXPIRED,
    PEER_NOT_YET,
    PEER_PLAIN,         /* answers HTTP without TLS */
    PEER_TLS_1_1,       /* speaks nothing newer */
    PEER_TLS_1_2,       /* good, but speaks nothing newer */
    PEER_CHAIN,         /* good, by an authority between, whose certificate it sends */
    PEER_CHAIN_CUT,     /* the same, but it does not send it */
    PEER_CHAIN_EXPIRED, /* the one between has expired */
    PEER_GARBAGE,       /* a record that starts well and is nothing */
    PEER_ALERT,         /* answers with handshake_failure */
    PEER_ALERT_NAME,    /* answers with unrecognized_name */
    PEER_HALF,          /* closes in the middle of its answer */
    PEER_SLAMS,         /* closes as soon as it was spoken to */
    PEER_ABRUPT,        /* good, but ends without saying so by TLS */
    PEER_SILENT,        /* accepts and says nothing */
};

struct tls_peer;

/* Serves so many connections, one after another: echoes what comes until the client ends, or until
 * it sent "bye". */
struct tls_peer *tls_peer_start(enum tls_peer_kind kind, unsigned connections);
uint16_t tls_peer_port(const struct tls_peer *peer);
/* The authority's certificate, a PEM file. */
const char *tls_peer_ca_file(const struct tls_peer *peer);
/* What the client asked for; valid after tls_peer_join. */
const char *tls_peer_server_name(const struct tls_peer *peer);
const char *tls_peer_alpn(const struct tls_peer *peer);
/* How many of its connections resumed a session; valid after tls_peer_join. */
unsigned tls_peer_resumed(const struct tls_peer *peer);
/* Waits for its end. */
void tls_peer_join(struct tls_peer *peer);
void tls_peer_free(struct tls_peer *peer);

#endif
