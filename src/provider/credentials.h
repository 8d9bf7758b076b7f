/* SPDX-License-Identifier: Apache-2.0
 *
 * credentials: finds AWS keys and region in what the shell read for us: environment variables and
 * the texts of ~/.aws/credentials and ~/.aws/config.
 *
 * Order: environment (unless a profile was asked for by name), the profile in the credentials file,
 * the profile in the config file. A profile that wants credential_process, SSO, an assumed role or
 * an instance's metadata is named as not supported instead of being passed over.
 *
 * Pure: reads no file and no environment. Memory: results are views into the texts given.
 * Threads: no state. Secrets are never part of a message. */
#ifndef ASSAY_PROVIDER_CREDENTIALS_H
#define ASSAY_PROVIDER_CREDENTIALS_H

#include "base/err.h"
#include "base/view.h"
#include "wire/sigv4.h"

/* Each field empty where the variable is not set or the file is not there. */
struct credentials_sources {
    struct view profile;               /* asked for by option or configuration */
    struct view env_access_key_id;     /* AWS_ACCESS_KEY_ID */
    struct view env_secret_access_key; /* AWS_SECRET_ACCESS_KEY */
    struct view env_session_token;     /* AWS_SESSION_TOKEN */
    struct view env_profile;           /* AWS_PROFILE */
    struct view env_region;            /* AWS_REGION */
    struct view env_default_region;    /* AWS_DEFAULT_REGION */
    struct view env_web_identity_file; /* AWS_WEB_IDENTITY_TOKEN_FILE */
    struct view env_container_uri;     /* AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI */
    struct view credentials_text;      /* of AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials */
    struct view credentials_path;      /* its name, for messages */
    struct view config_text;           /* of AWS_CONFIG_FILE or ~/.aws/config */
    struct view config_path;
};

struct credentials {
    struct sigv4_credentials keys;
    struct view region; /* empty where nothing names one */
    const char *source; /* "environment", "credentials file", "config file" */
};

/* ERR_DENIED with the remedy where there are no keys; ERR_UNSUPPORTED naming what the profile
 * wants; ERR_CONFIG "FILE:LINE: …" for a file that is no INI or half a key pair. */
MUST_CHECK int credentials_resolve(const struct credentials_sources *sources,
                                   struct credentials *ret_credentials, struct err *reterr);

/* The region alone: AWS_REGION, AWS_DEFAULT_REGION, then the profile's; empty where nothing names
 * one. ERR_CONFIG as above. */
MUST_CHECK int credentials_region(const struct credentials_sources *sources,
                                  struct view *ret_region, struct err *reterr);

#endif
