/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_files: certificates and keys made for the occasion, in PEM files of a folder of their own. */
#ifndef ASSAY_TESTS_TLS_FILES_H
#define ASSAY_TESTS_TLS_FILES_H

#include <openssl/evp.h>
#include <openssl/x509v3.h>

EVP_PKEY *tls_make_key(void);

/* Valid from now + from_s to now + to_s; signed by `issuer`, by itself where that is NULL. `hosts`
 * as "DNS:localhost,IP:127.0.0.1"; NULL makes an authority. */
X509 *tls_make_certificate(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key,
                           long from_s, long to_s, const char *hosts);

struct tls_files {
    char folder[64];
    char authority[96]; /* the authority's certificate */
    char
        certificate[96]; /* for localhost, 127.0.0.1 and ::1, valid, and the authority's after it */
    char key[96];        /* its key */
    char other_key[96];  /* another one */
    char locked_key[96]; /* its key behind a passphrase */
    char garbage[96];    /* no PEM at all */
};

void tls_files_make(struct tls_files *files);
void tls_files_remove(const struct tls_files *files);

#endif
