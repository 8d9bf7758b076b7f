/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_verdict: what is wrong with a peer or its certificate, in words that name the peer, the fact
 * (a date, the names, the authority) and what helps (see tls_parts.h). What a certificate says is
 * a stranger's text: only printable ASCII of it is shown. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdio.h>

#include "base/mem.h"
#include "shell/net/tls_parts.h"

enum { WORDS_MAX = 600, NAMES_SHOWN = 4 };

const char *tls_reason(void)
{
    unsigned long error = ERR_peek_last_error();
    const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;

    ERR_clear_error();
    return reason != NULL ? reason : "no reason given";
}

/* Certificates. */

static void add_string(struct strbuf *words, const ASN1_STRING *string)
{
    const unsigned char *bytes = ASN1_STRING_get0_data(string);

    for (int i = 0; i < ASN1_STRING_length(string) && i < 100; i++)
        strbuf_add_byte(words, bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '?');
}

static void add_common_name(struct strbuf *words, const X509_NAME *name)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);

    strbuf_add_byte(words, '\'');
    if (at >= 0)
        add_string(words, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    strbuf_add_byte(words, '\'');
}

/* "2026-11-24 10:00:00" */
static void add_date(struct strbuf *words, const ASN1_TIME *time)
{
    struct tm parts;

    if (time != NULL && ASN1_TIME_to_tm(time, &parts) == 1)
        strbuf_printf(words, "%04d-%02d-%02d %02d:%02d:%02d", parts.tm_year + 1900,
                      parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

static void add_now(struct strbuf *words)
{
    ASN1_TIME *now = X509_gmtime_adj(NULL, 0);

    strbuf_add_text(words, " UTC, and here it is ");
    add_date(words, now);
    ASN1_TIME_free(now);
}

/* False for a kind of name that no server is known by. */
static bool add_name(struct strbuf *words, const GENERAL_NAME *name)
{
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    char address[INET6_ADDRSTRLEN];

    if (type == GEN_DNS) {
        add_string(words, value);
        return true;
    }
    int len = type == GEN_IPADD ? ASN1_STRING_length(value) : 0;
    if ((len != 4 && len != 16)
        || inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value), address,
                     sizeof address)
               == NULL)
        return false;
    strbuf_add_text(words, address);
    return true;
}

/* The names and addresses the certificate is for, a few of them. */
static void add_names(struct strbuf *words, X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int count = names != NULL ? sk_GENERAL_NAME_num(names) : 0;
    int shown = 0;

    for (int i = 0; i < count && shown < NAMES_SHOWN; i++) {
        size_t before = words->len;
        strbuf_add_text(words, shown > 0 ? ", " : "");
        if (add_name(words, sk_GENERAL_NAME_value(names, i)))
            shown++;
        else
            strbuf_cut(words, before);
    }
    if (shown == 0)
        add_common_name(words, X509_get_subject_name(certificate));
    else if (count > shown)
        strbuf_printf(words, " and %d more", count - shown);
    GENERAL_NAMES_free(names);
}

/* What a verdict is given to work with. */
struct trial {
    X509 *certificate; /* the one at fault */
    int depth;         /* 0: the peer's own */
    bool alone;        /* the peer sent no other certificate than its own */
    struct view host;  /* whom we wanted */
};

static void add_whose(struct strbuf *words, const struct trial *trial)
{
    if (trial->depth == 0) {
        strbuf_add_text(words, "its certificate");
        return;
    }
    strbuf_add_text(words, "the certificate of its authority ");
    add_common_name(words, X509_get_subject_name(trial->certificate));
}

static void say_expired(struct strbuf *words, const struct trial *trial)
{
    add_whose(words, trial);
    strbuf_add_text(words, " has expired on ");
    add_date(words, X509_get0_notAfter(trial->certificate));
    add_now(words);
    strbuf_add_text(words, "; renew the server's certificate, or correct this machine's date");
}

static void say_not_yet(struct strbuf *words, const struct trial *trial)
{
    add_whose(words, trial);
    strbuf_add_text(words, " is not valid yet: only from ");
    add_date(words, X509_get0_notBefore(trial->certificate));
    add_now(words);
    strbuf_add_text(words, "; correct this machine's date, or the server's certificate");
}

static void say_self_signed(struct strbuf *words, const struct trial *trial)
{
    (void)trial;
    strbuf_add_text(words, "its certificate is self-signed; set tls.ca_file to that certificate if "
                           "you trust it");
}

static void say_unknown(struct strbuf *words, const struct trial *trial)
{
    strbuf_add_text(words, "its certificate was issued by ");
    add_common_name(words, X509_get_issuer_name(trial->certificate));
    strbuf_add_text(words, ", an authority this machine does not know");
    if (trial->alone)
        strbuf_add_text(words, ", and the peer sent no certificate between; let the server send "
                               "its whole chain, or");
    else
        strbuf_add_byte(words, ';');
    strbuf_add_text(words, " set tls.ca_file to that authority's certificate, or install "
                           "ca-certificates");
}

static void say_other_host(struct strbuf *words, const struct trial *trial)
{
    strbuf_add_text(words, "its certificate is for ");
    add_names(words, trial->certificate);
    strbuf_printf(words,
                  ", not for %.*s; use a name that it is for, or a certificate that names %.*s",
                  VIEW_ARG(trial->host), VIEW_ARG(trial->host));
}

static void say_weak(struct strbuf *words, const struct trial *trial)
{
    add_whose(words, trial);
    strbuf_add_text(words, " has a key or a signature that is too weak; renew the server's "
                           "certificate");
}

static void say_revoked(struct strbuf *words, const struct trial *trial)
{
    add_whose(words, trial);
    strbuf_add_text(words, " was revoked; renew the server's certificate");
}

static const struct {
    int code; /* X509_V_ERR_… */
    void (*say)(struct strbuf *words, const struct trial *trial);
} verdicts[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, say_expired},
    {X509_V_ERR_CERT_NOT_YET_VALID, say_not_yet},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, say_self_signed},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, say_unknown},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, say_unknown},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, say_unknown},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, say_unknown},
    {X509_V_ERR_CERT_UNTRUSTED, say_unknown},
    {X509_V_ERR_HOSTNAME_MISMATCH, say_other_host},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, say_other_host},
    {X509_V_ERR_CERT_REVOKED, say_revoked},
    {X509_V_ERR_EE_KEY_TOO_SMALL, say_weak},
    {X509_V_ERR_CA_KEY_TOO_SMALL, say_weak},
    {X509_V_ERR_CA_MD_TOO_WEAK, say_weak},
};

static struct view host_of(const char *peer)
{
    const char *colon = strrchr(peer, ':');

    return view_make(peer, colon != NULL ? (size_t)(colon - peer) : strlen(peer));
}

int tls_verdict_on_certificate(int good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *tls = SSL_get_app_data(ssl);
    int error = X509_STORE_CTX_get_error(store);
    struct trial trial = {
        .certificate = X509_STORE_CTX_get_current_cert(store),
        .depth = X509_STORE_CTX_get_error_depth(store),
        .alone = sk_X509_num(X509_STORE_CTX_get0_untrusted(store)) <= 1,
        .host = host_of(tls->peer),
    };
    struct strbuf words;

    if (good || tls->complaint != NULL)
        return good;
    strbuf_init(&words, WORDS_MAX);
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        if (verdicts[i].code == error && trial.certificate != NULL)
            verdicts[i].say(&words, &trial);
    }
    if (words.len == 0)
        strbuf_printf(&words, "%s; check the server's certificate",
                      X509_verify_cert_error_string(error));
    tls->complaint = strbuf_take(&words);
    return good;
}

/* Handshakes. */

/* OpenSSL's reason, and what it means for people. */
static const struct {
    int reason;
    const char *text;
} reasons[] = {
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "the peer speaks no TLS 1.2 or newer; update the server"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "the peer speaks no TLS 1.2 or newer; update the server"},
    {SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL,
     "the peer speaks none of the protocols that were offered (ALPN); is it the right port?"},
    {SSL_R_NO_SHARED_CIPHER,
     "the peer offers no cipher that this machine allows; update the peer or its TLS settings"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
     "the peer found nothing in common with what we offered (alert handshake_failure); check the "
     "server's TLS settings"},
    {SSL_R_TLSV1_UNRECOGNIZED_NAME,
     "the peer knows no host of this name (alert unrecognized_name); correct the url"},
    {SSL_R_TLSV1_ALERT_INTERNAL_ERROR,
     "the peer failed (alert internal_error); look into the server's log"},
};

int tls_verdict_fail(struct tls *tls, struct err *reterr)
{
    unsigned long error = ERR_peek_last_error();

    /* Every TLS record of a handshake starts with 0x16, an alert with 0x15 (RFC 8446, 5.1). */
    if (tls->heard && tls->first_byte != 0x16 && tls->first_byte != 0x15) {
        ERR_clear_error();
        return fail(reterr, ERR_TLS,
                    "TLS with %s: the peer answered without TLS; use http:// or another port",
                    tls->peer);
    }
    if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED && tls->complaint != NULL) {
        ERR_clear_error();
        return fail(reterr, ERR_TLS, "TLS with %s: %s", tls->peer, tls->complaint);
    }
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].reason == ERR_GET_REASON(error)) {
            ERR_clear_error();
            return fail(reterr, ERR_TLS, "TLS with %s: %s", tls->peer, reasons[i].text);
        }
    }
    return fail(reterr, ERR_TLS,
                "TLS with %s: the handshake failed: %s; check the server's TLS settings", tls->peer,
                tls_reason());
}
