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
};

static EVP_PKEY *make_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    assert_always(key != NULL);
    return key;
}

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_always(extension != NULL);
    assert_always(X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* Valid from now + from_s to now + to_s; signed by `issuer`, by itself where that is NULL. */
static X509 *make_certificate(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key,
                              long from_s, long to_s, const char *hosts)
{
    X509 *certificate = X509_new();
    static long serial = 1000;

    assert_always(certificate != NULL);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), to_s);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer != NULL ? issuer : certificate));
    if (hosts != NULL)
        add_extension(certificate, issuer != NULL ? issuer : certificate, NID_subject_alt_name,
                      hosts);
    else
        add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
    assert_always(X509_sign(certificate, issuer_key, EVP_sha256()) != 0);
    return certificate;
}

static void make_certificates(struct tls_peer *peer)
{
    static const long DAY = 86400;
    long from_s = peer->kind == PEER_NOT_YET ? DAY : -2 * DAY;
    long to_s = peer->kind == PEER_EXPIRED ? -DAY : 2 * DAY;
    const char *hosts =
        peer->kind == PEER_WRONG_HOST ? "DNS:example.org" : "DNS:localhost,IP:127.0.0.1";

    peer->ca_key = make_key();
    peer->ca = make_certificate(peer->ca_key, "Throwaway Authority", NULL, peer->ca_key, -3 * DAY,
                                3 * DAY, NULL);
    peer->key = make_key();
    if (peer->kind == PEER_SELF_SIGNED)
        peer->certificate =
            make_certificate(peer->key, "localhost", NULL, peer->key, from_s, to_s, hosts);
    else
        peer->certificate =
            make_certificate(peer->key, "localhost", peer->ca, peer->ca_key, from_s, to_s, hosts);

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

static void serve_tls(struct tls_peer *peer, int descriptor)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    assert_always(context != NULL);
    SSL_CTX_use_certificate(context, peer->certificate);
    SSL_CTX_use_PrivateKey(context, peer->key);
    SSL_CTX_set_alpn_select_cb(context, choose_alpn, peer);
    if (peer->kind == PEER_TLS_1_1) {
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
    }
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, descriptor);
    if (SSL_accept(ssl) == 1)
        talk(peer, ssl);
    SSL_free(ssl);
    SSL_CTX_free(context);
}

static void *serve(void *context)
{
    static const char plain[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    struct tls_peer *peer = context;
    char byte;
    int descriptor = accept(peer->listening, NULL, NULL);

    if (descriptor < 0)
        return NULL;
    if (peer->kind == PEER_SILENT) {
        while (recv(descriptor, &byte, 1, 0) > 0)
            continue;
    } else if (peer->kind == PEER_PLAIN || peer->kind == PEER_SLAMS) {
        char hello[4096];
        (void)!recv(descriptor, hello, sizeof hello, 0);
        if (peer->kind == PEER_PLAIN)
            (void)!send(descriptor, plain, sizeof plain - 1, MSG_NOSIGNAL);
    } else {
        serve_tls(peer, descriptor);
    }
    close(descriptor);
    return NULL;
}

struct tls_peer *tls_peer_start(enum tls_peer_kind kind)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    socklen_t len = sizeof address;
    struct tls_peer *peer = mem_new(1, sizeof *peer);

    assert_always(peer != NULL);
    peer->kind = kind;
    make_certificates(peer);
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
    X509_free(peer->ca);
    X509_free(peer->certificate);
    EVP_PKEY_free(peer->ca_key);
    EVP_PKEY_free(peer->key);
    mem_free(peer);
}
