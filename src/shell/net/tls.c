/* SPDX-License-Identifier: Apache-2.0
 *
 * tls: see tls.h and tls_parts.h. */
#include <openssl/bio.h>
#include <openssl/err.h>

#include "base/mem.h"
#include "shell/net/tls_parts.h"

enum {
    INCOMING_MAX = 4 * 1024 * 1024, /* a paused reader is fed no more; far above what one read is */
    OUTGOING_MAX = 16 * 1024 * 1024,
};

/* The BIO: one for both directions, its data is the tls. */

static int on_bio_write(BIO *bio, const char *bytes, size_t len, size_t *ret_len)
{
    struct tls *tls = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    strbuf_add(&tls->outgoing, view_make(bytes, len));
    if (strbuf_status(&tls->outgoing) != 0)
        return 0;
    *ret_len = len;
    return 1;
}

static int on_bio_read(BIO *bio, char *room, size_t size, size_t *ret_len)
{
    struct tls *tls = BIO_get_data(bio);
    size_t left = tls->incoming.len - tls->incoming_at;

    BIO_clear_retry_flags(bio);
    if (left == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    *ret_len = left < size ? left : size;
    memcpy(room, tls->incoming.ptr + tls->incoming_at, *ret_len);
    tls->incoming_at += *ret_len;
    if (tls->incoming_at == tls->incoming.len) {
        strbuf_release(&tls->incoming);
        tls->incoming_at = 0;
    }
    return 1;
}

static long on_bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int on_bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static CRYPTO_ONCE bio_once = CRYPTO_ONCE_STATIC_INIT;
static BIO_METHOD *bio_method;

/* Made once for the process and never freed: a BIO calls into it until its very end. */
static void make_bio_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "strbufs");

    if (method == NULL)
        return;
    BIO_meth_set_write_ex(method, on_bio_write);
    BIO_meth_set_read_ex(method, on_bio_read);
    BIO_meth_set_ctrl(method, on_bio_control);
    BIO_meth_set_create(method, on_bio_create);
    bio_method = method;
}

/* Made and freed. */

void tls_context_init(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = mem_new(size, 1);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

int tls_attach(SSL_CTX *context, const char *peer, struct tls **ret_tls, struct err *reterr)
{
    struct tls *tls = mem_new(1, sizeof *tls);
    if (tls == NULL)
        return fail(reterr, ERR_MEMORY, "out of memory for TLS");

    CRYPTO_THREAD_run_once(&bio_once, make_bio_method);
    strbuf_init(&tls->incoming, INCOMING_MAX);
    strbuf_init(&tls->outgoing, OUTGOING_MAX);
    tls->peer = copy_text(peer);
    tls->ssl = SSL_new(context);
    BIO *bio = bio_method != NULL ? BIO_new(bio_method) : NULL;
    if (tls->peer == NULL || tls->ssl == NULL || bio == NULL
        || SSL_set_app_data(tls->ssl, (char *)tls) != 1) {
        BIO_free(bio);
        tls_free(tls);
        ERR_clear_error();
        return fail(reterr, ERR_MEMORY, "out of memory for TLS");
    }
    BIO_set_data(bio, tls);
    SSL_set_bio(tls->ssl, bio, bio);
    *ret_tls = tls;
    return 0;
}

void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    /* OpenSSL throws the session of a connection away that ended without a goodbye; TLS does not
     * ask for that any more (RFC 5246, 7.2.1). */
    if (tls->ssl != NULL && !tls->failed && SSL_is_init_finished(tls->ssl))
        SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    /* A peer may break off because of the session it was offered: the next offers none. */
    if (tls->ssl != NULL && tls->trusts != NULL && tls->key != NULL
        && !SSL_is_init_finished(tls->ssl))
        tls_sessions_forget(tls);
    SSL_free(tls->ssl);
    strbuf_release(&tls->incoming);
    strbuf_release(&tls->outgoing);
    tls_key_free(tls->key);
    mem_free(tls->complaint);
    mem_free(tls->peer);
    mem_free(tls);
}

/* Bytes in and out. */

int tls_feed(struct tls *tls, struct view bytes)
{
    if (bytes.len == 0)
        return 0;
    if (!tls->heard) {
        tls->first_byte = (unsigned char)bytes.ptr[0];
        tls->heard = true;
    }
    strbuf_add(&tls->incoming, bytes);
    return strbuf_status(&tls->incoming) == 0 ? 0 : ERR_MEMORY;
}

/* SSL_MODE_RELEASE_BUFFERS is meant to give the 16 KiB back that a write took, but OpenSSL 3.0 does
 * so for a write of one byte only, and takes them again for a ticket it reads. */
static void free_buffers(struct tls *tls)
{
    (void)SSL_free_buffers(tls->ssl);
}

int tls_handshake(struct tls *tls, struct err *reterr)
{
    ERR_clear_error();
    int status = SSL_do_handshake(tls->ssl);

    if (status == 1)
        return 0;
    if (SSL_get_error(tls->ssl, status) == SSL_ERROR_WANT_READ)
        return ERR_BUSY;
    tls->failed = true;
    return tls_verdict_fail(tls, reterr);
}

int tls_write(struct tls *tls, struct view bytes)
{
    size_t wrote = 0;

    if (bytes.len == 0)
        return 0;
    ERR_clear_error();
    if (SSL_write_ex(tls->ssl, bytes.ptr, bytes.len, &wrote) == 1 && wrote == bytes.len) {
        free_buffers(tls);
        return 0;
    }
    ERR_clear_error();
    tls->failed = true;
    return strbuf_status(&tls->outgoing) != 0 ? ERR_MEMORY : ERR_TLS;
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
    if (error == SSL_ERROR_WANT_READ) {
        free_buffers(tls);
        return ERR_BUSY;
    }
    if (error == SSL_ERROR_ZERO_RETURN)
        return ERR_CLOSED;
    tls->failed = true;
    return fail(reterr, ERR_TLS, "TLS with %s: %s", tls->peer, tls_reason());
}

void tls_end(struct tls *tls)
{
    ERR_clear_error();
    if (SSL_is_init_finished(tls->ssl) && !tls->failed)
        (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

bool tls_has_output(const struct tls *tls)
{
    return tls->outgoing.len != 0;
}

void tls_take(struct tls *tls, struct strbuf *sending)
{
    if (tls->outgoing.len != 0)
        strbuf_add(sending, strbuf_view(&tls->outgoing));
    strbuf_release(&tls->outgoing);
}

struct view tls_alpn(const struct tls *tls)
{
    const unsigned char *name = NULL;
    unsigned len = 0;

    SSL_get0_alpn_selected(tls->ssl, &name, &len);
    return view_make(name, len);
}

bool tls_resumed(const struct tls *tls)
{
    return SSL_session_reused(tls->ssl) == 1;
}
