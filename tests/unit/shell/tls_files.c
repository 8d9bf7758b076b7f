/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_files: see tls_files.h. */
#include "tls_files.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"

EVP_PKEY *tls_make_key(void)
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

X509 *tls_make_certificate(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key,
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

static FILE *open_file(const struct tls_files *files, const char *name, char path[96])
{
    snprintf(path, 96, "%s/%s", files->folder, name);
    FILE *file = fopen(path, "w");
    assert_always(file != NULL);
    return file;
}

static void write_key(const struct tls_files *files, const char *name, char path[96], EVP_PKEY *key,
                      const char *passphrase)
{
    FILE *file = open_file(files, name, path);

    assert_always(PEM_write_PrivateKey(file, key, passphrase != NULL ? EVP_aes_128_cbc() : NULL,
                                       NULL, 0, NULL, (void *)(uintptr_t)passphrase)
                  == 1);
    fclose(file);
}

void tls_files_make(struct tls_files *files)
{
    static const long DAY = 86400;
    EVP_PKEY *authority_key = tls_make_key();
    EVP_PKEY *key = tls_make_key();
    EVP_PKEY *other_key = tls_make_key();
    X509 *authority = tls_make_certificate(authority_key, "Throwaway Authority", NULL,
                                           authority_key, -3 * DAY, 3 * DAY, NULL);
    X509 *certificate =
        tls_make_certificate(key, "localhost", authority, authority_key, -2 * DAY, 2 * DAY,
                             "DNS:localhost,DNS:also.test,IP:127.0.0.1,IP:::1");

    snprintf(files->folder, sizeof files->folder, "/tmp/assay-tls-XXXXXX");
    assert_always(mkdtemp(files->folder) != NULL);
    FILE *file = open_file(files, "authority.pem", files->authority);
    assert_always(PEM_write_X509(file, authority) == 1);
    fclose(file);
    file = open_file(files, "certificate.pem", files->certificate);
    assert_always(PEM_write_X509(file, certificate) == 1 && PEM_write_X509(file, authority) == 1);
    fclose(file);
    file = open_file(files, "garbage.pem", files->garbage);
    fputs("no certificate, no key\n", file);
    fclose(file);
    write_key(files, "key.pem", files->key, key, NULL);
    write_key(files, "other.pem", files->other_key, other_key, NULL);
    write_key(files, "locked.pem", files->locked_key, key, "secret");
    X509_free(authority);
    X509_free(certificate);
    EVP_PKEY_free(authority_key);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other_key);
}

void tls_files_remove(const struct tls_files *files)
{
    unlink(files->authority);
    unlink(files->certificate);
    unlink(files->garbage);
    unlink(files->key);
    unlink(files->other_key);
    unlink(files->locked_key);
    rmdir(files->folder);
}
