/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_peer: see tls_peer.h. */
#include "tls_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "tls_files.h"

struct tls_peer {
    enum tls_peer_kind kind;
    pthread_t thread;
    bool joined;
    int listening;
    uint16_t port;
    char ca_file[64];
    char server_name[256];
    char alpn[64];
    EVP_PKEY *ca_key;
    X509 *ca;
    EVP_PKEY *key;
    X509 *certificate;
    X509 *between; /* of PEER_CHAIN and PEER_CHAIN_CUT */
    EVP_PKEY *between_key;
    SSL_CTX *context;
    unsigned connections;
    unsigned resumed;
};

/* Authority, an authority under it, the peer. */
static void make_chain(struct tls_peer *peer, const char *hosts)
{
    static const long DAY = 86400;
    long to_s = peer->kind == PEER_CHAIN_EXPIRED ? -DAY : 2 * DAY;

    peer->between_key = tls_make_key();
    peer->between = tls_make_certificate(peer->between_key, "Authority Between", peer->ca,
                                         peer->ca_key, -2 * DAY, to_s, NULL);
    peer->certificate = tls_make_certificate(peer->key, "localhost", peer->between,
                                             peer->between_key, -2 * DAY, 2 * DAY, hosts);
}

static void make_certificates(struct tls_peer *peer)
{
    static const long DAY = 86400;
    long from_s = peer->kind == PEER_NOT_YET ? DAY : -2 * DAY;
    long to_s = peer->kind == PEER_EXPIRED ? -DAY : 2 * DAY;
    const char *hosts =
        peer->kind == PEER_WRONG_HOST ? "DNS:example.org" : "DNS:localhost,IP:127.0.0.1";

    peer->ca_key = tls_make_key();
    peer->ca = tls_make_certificate(peer->ca_key, "Throwaway Authority", NULL, peer->ca_key,
                                    -3 * DAY, 3 * DAY, NULL);
    peer->key = tls_make_key();
    if (peer->kind == PEER_SELF_SIGNED)
        peer->certificate =
            tls_make_certificate(peer->key, "localhost", NULL, peer->key, from_s, to_s, hosts);
    else if (peer->kind == PEER_CHAIN || peer->kind == PEER_CHAIN_CUT
             || peer->kind == PEER_CHAIN_EXPIRED)
        make_chain(peer, hosts);
    else
        peer->certificate = tls_make_certificate(peer->key, "localhost", peer->ca, peer->ca_key,
                                                 from_s, to_s, hosts);

    snprintf(peer->ca_file, sizeof peer->ca_file, "/tmp/assay-ca-XXXXXX");
    int descriptor = mkstemp(peer->ca_file);
    assert_always(descriptor >= 0);
    FILE *file = fdopen(descriptor, "w");
    assert_always(file != NULL && PEM_write_X509(file, peer->ca) == 1);
    fclose(file);
}

static int choose_alpn(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_len,
                       const unsigned char *offered, unsigned offered_len, void *context)
{
    struct tls_peer *peer = context;

    (void)ssl;
    if (offered_len == 0 || offered[0] >= sizeof peer->alpn)
        return SSL_TLSEXT_ERR_NOACK;
    memcpy(peer->alpn, offered + 1, offered[0]);
    *ret_name = offered + 1;
    *ret_len = offered[0];
    return SSL_TLSEXT_ERR_OK;
}

static void talk(struct tls_peer *peer, SSL *ssl)
{
    char bytes[16384];
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    bool ends = false;

    if (name != NULL)
        snprintf(peer->server_name, sizeof peer->server_name, "%s", name);
    while (!ends) {
        int got = SSL_read(ssl, bytes, sizeof bytes);
        if (got <= 0)
            break;
        ends = got == 3 && memcmp(bytes, "bye", 3) == 0;
        if (SSL_write(ssl, bytes, got) != got)
            break;
    }
    if (peer->kind != PEER_ABRUPT)
        SSL_shutdown(ssl);
}

static SSL_CTX *make_context(struct tls_peer *peer)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    assert_always(context != NULL);
    SSL_CTX_use_certificate(context, peer->certificate);
    SSL_CTX_use_PrivateKey(context, peer->key);
    if (peer->between != NULL && peer->kind != PEER_CHAIN_CUT)
        SSL_CTX_add1_chain_cert(context, peer->between);
    SSL_CTX_set_alpn_select_cb(context, choose_alpn, peer);
    if (peer->kind == PEER_TLS_1_1) {
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
    }
    if (peer->kind == PEER_TLS_1_2)
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    return context;
}

static void serve_tls(struct tls_peer *peer, int descriptor)
{
    SSL *ssl = SSL_new(peer->context);

    SSL_set_fd(ssl, descriptor);
    if (SSL_accept(ssl) == 1) {
        peer->resumed += SSL_session_reused(ssl) == 1 ? 1 : 0;
        talk(peer, ssl);
    }
    SSL_free(ssl);
}

/* Kinds that speak no TLS: what they say once they were spoken to; NULL: nothing. */
static const struct {
    enum tls_peer_kind kind;
    const char *words;
    size_t len;
} scripts[] = {
#define SAYS(literal) (literal), sizeof(literal) - 1
    {PEER_PLAIN, SAYS("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")},
    {PEER_SLAMS, NULL, 0},
    {PEER_GARBAGE, SAYS("\x16\x03\x03\x00\x20 a record that starts well and is nothing")},
    {PEER_ALERT, SAYS("\x15\x03\x03\x00\x02\x02\x28")},      /* fatal, handshake_failure */
    {PEER_ALERT_NAME, SAYS("\x15\x03\x03\x00\x02\x02\x70")}, /* unrecognized_name */
    {PEER_HALF, SAYS("\x16\x03\x03\x00\x7a\x02\x00")},       /* the start of a ServerHello */
};

static void serve_one(struct tls_peer *peer, int descriptor)
{
    char bytes[4096];

    if (peer->kind == PEER_SILENT) {
        while (recv(descriptor, bytes, sizeof bytes, 0) > 0)
            continue;
        return;
    }
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        if (scripts[i].kind != peer->kind)
            continue;
        (void)!recv(descriptor, bytes, sizeof bytes, 0);
        if (scripts[i].len != 0)
            (void)!send(descriptor, scripts[i].words, scripts[i].len, MSG_NOSIGNAL);
        return;
    }
    serve_tls(peer, descriptor);
}

static void *serve(void *context)
{
    struct tls_peer *peer = context;

    for (unsigned i = 0; i < peer->connections; i++) {
        int descriptor = accept(peer->listening, NULL, NULL);
        if (descriptor < 0)
            return NULL;
        serve_one(peer, descriptor);
        close(descriptor);
    }
    return NULL;
}

struct tls_peer *tls_peer_start(enum tls_peer_kind kind, unsigned connections)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    socklen_t len = sizeof address;
    struct tls_peer *peer = mem_new(1, sizeof *peer);

    assert_always(peer != NULL);
    peer->kind = kind;
    peer->connections = connections;
    make_certificates(peer);
    peer->context = make_context(peer);
    peer->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_always(bind(peer->listening, (struct sockaddr *)&address, sizeof address) == 0);
    assert_always(listen(peer->listening, 4) == 0);
    assert_always(getsockname(peer->listening, (struct sockaddr *)&address, &len) == 0);
    peer->port = ntohs(address.sin_port);
    assert_always(pthread_create(&peer->thread, NULL, serve, peer) == 0);
    return peer;
}

uint16_t tls_peer_port(const struct tls_peer *peer)
{
    return peer->port;
}

const char *tls_peer_ca_file(const struct tls_peer *peer)
{
    return peer->ca_file;
}

const char *tls_peer_server_name(const struct tls_peer *peer)
{
    return peer->server_name;
}

const char *tls_peer_alpn(const struct tls_peer *peer)
{
    return peer->alpn;
}

unsigned tls_peer_resumed(const struct tls_peer *peer)
{
    return peer->resumed;
}

void tls_peer_join(struct tls_peer *peer)
{
    if (!peer->joined) {
        shutdown(peer->listening, SHUT_RDWR); /* wakes an accept that nobody will come to */
        pthread_join(peer->thread, NULL);
    }
    peer->joined = true;
}

void tls_peer_free(struct tls_peer *peer)
{
    tls_peer_join(peer);
    close(peer->listening);
    unlink(peer->ca_file);
    SSL_CTX_free(peer->context);
    X509_free(peer->between);
    EVP_PKEY_free(peer->between_key);
    X509_free(peer->ca);
    X509_free(peer->certificate);
    EVP_PKEY_free(peer->ca_key);
    EVP_PKEY_free(peer->key);
    mem_free(peer);
}
