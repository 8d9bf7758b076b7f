/* SPDX-License-Identifier: Apache-2.0
 *
 * credentials: how AWS keys and a region are come by, worked out from what the shell read for us:
 * environment variables and the texts of ~/.aws/credentials and ~/.aws/config.
 *
 * The order is that of the AWS SDKs (botocore's, where they differ):
 *
 *     1. AWS_ACCESS_KEY_ID, unless a profile was asked for by configuration
 *     2. the profile's role_arn with source_profile or credential_source
 *     3. a web identity, of the environment or of the profile
 *     4. the profile: SSO, keys of the credentials file, credential_process, keys of the config
 *     5. a container's endpoint (ECS, EKS)
 *     6. the instance's metadata (EC2), unless AWS_EC2_METADATA_DISABLED
 *
 * The result is a way to keys, which app/keeper goes: where it begins (keys that stand there, a
 * command, a server) and which roles are assumed from there, one after another.
 *
 * Pure: reads no file and no environment. Memory: results are views into what was given, or
 * literals. Threads: no state. Secrets are never part of a message. Limit: CREDENTIALS_ROLES_MAX
 * roles. Source: "Standardized credential providers", AWS SDKs and Tools Reference Guide. */
#ifndef ASSAY_PROVIDER_CREDENTIALS_H
#define ASSAY_PROVIDER_CREDENTIALS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"
#include "provider/aws_profile.h"
#include "wire/sigv4.h"

enum { CREDENTIALS_ROLES_MAX = 8, CREDENTIALS_ATTEMPTS_MAX = 10, CREDENTIALS_TIMEOUT_S_MAX = 60 };

/* Each field empty where the variable is not set or the file is not there. */
struct credentials_sources {
    struct view profile;                  /* asked for by configuration */
    struct view region;                   /* asked for by configuration: where STS is asked */
    struct view env_access_key_id;        /* AWS_ACCESS_KEY_ID */
    struct view env_secret_access_key;    /* AWS_SECRET_ACCESS_KEY */
    struct view env_session_token;        /* AWS_SESSION_TOKEN */
    struct view env_profile;              /* AWS_PROFILE */
    struct view env_region;               /* AWS_REGION */
    struct view env_default_region;       /* AWS_DEFAULT_REGION */
    struct view env_web_identity_file;    /* AWS_WEB_IDENTITY_TOKEN_FILE */
    struct view env_role_arn;             /* AWS_ROLE_ARN */
    struct view env_role_session_name;    /* AWS_ROLE_SESSION_NAME */
    struct view env_container_path;       /* AWS_CONTAINER_CREDENTIALS_RELATIVE_URI */
    struct view env_container_url;        /* AWS_CONTAINER_CREDENTIALS_FULL_URI */
    struct view env_container_token;      /* AWS_CONTAINER_AUTHORIZATION_TOKEN */
    struct view env_container_token_file; /* AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE */
    struct view env_instance_disabled;    /* AWS_EC2_METADATA_DISABLED */
    struct view env_instance_url;         /* AWS_EC2_METADATA_SERVICE_ENDPOINT */
    struct view env_instance_mode;        /* AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE */
    struct view env_instance_timeout;     /* AWS_METADATA_SERVICE_TIMEOUT */
    struct view env_instance_attempts;    /* AWS_METADATA_SERVICE_NUM_ATTEMPTS */
    struct view env_url;                  /* AWS_ENDPOINT_URL */
    struct view env_sts_url;              /* AWS_ENDPOINT_URL_STS */
    struct view env_sso_url;              /* AWS_ENDPOINT_URL_SSO */
    struct view env_sso_oidc_url;         /* AWS_ENDPOINT_URL_SSO_OIDC */
    struct view env_urls_ignored;         /* AWS_IGNORE_CONFIGURED_ENDPOINT_URLS */
    struct view env_ca_bundle;            /* AWS_CA_BUNDLE */
    struct aws_files files;
};

/* Where the way to keys begins. */
enum credentials_kind {
    CREDENTIALS_STATIC,       /* keys: here they are */
    CREDENTIALS_PROCESS,      /* process: a command prints them */
    CREDENTIALS_SSO,          /* sso: of a session that 'aws sso login' began */
    CREDENTIALS_WEB_IDENTITY, /* token_file, role: STS gives them for a token */
    CREDENTIALS_CONTAINER,    /* url, token or token_file */
    CREDENTIALS_INSTANCE,     /* url, attempts, timeout_s */
};

struct credentials_role {
    struct view arn;
    struct view session_name; /* empty: one is made up */
    struct view external_id;
    int64_t duration_s;  /* 0: the service's own */
    struct view profile; /* that asks for it, for messages */
};

struct credentials_sso {
    struct view session; /* empty: none, the old form */
    struct view start_url;
    struct view region;
    struct view account_id;
    struct view role_name;
    struct view url;      /* of the portal; empty: the region's */
    struct view oidc_url; /* who renews the session; empty: the region's */
};

struct credentials {
    enum credentials_kind kind;
    struct sigv4_credentials keys;
    struct view process;
    struct credentials_sso sso;
    struct view url;
    struct view path; /* of CONTAINER: what follows the url */
    struct view token;
    struct view token_file;
    int64_t attempts;
    int64_t timeout_s;
    struct credentials_role role;                         /* of WEB_IDENTITY */
    struct credentials_role roles[CREDENTIALS_ROLES_MAX]; /* assumed from there, in this order */
    size_t role_count;
    struct view sts_url;    /* empty: the region's */
    struct view sts_region; /* empty: us-east-1 */
    struct view ca_file;    /* PEM of further authorities for those servers; empty: none */
    struct view region;     /* empty where nothing names one */
    struct view profile;    /* where the beginning was found; empty: not in a profile */
    const char *source;     /* the same in a word: "environment", "credentials file", "SSO", … */
};

/* ERR_DENIED with the remedy where there is no way to keys; ERR_UNSUPPORTED naming what the profile
 * wants; ERR_CONFIG "FILE:LINE: …" for a file that is no INI, half a key pair, and what else cannot
 * be followed. */
MUST_CHECK int credentials_resolve(const struct credentials_sources *sources,
                                   struct credentials *ret_credentials, struct err *reterr);

/* The region alone: AWS_REGION, AWS_DEFAULT_REGION, then the profile's; empty where nothing names
 * one. ERR_CONFIG as above. */
MUST_CHECK int credentials_region(const struct credentials_sources *sources,
                                  struct view *ret_region, struct err *reterr);

/* The same way with all its bytes in the arena. ERR_MEMORY. */
MUST_CHECK int credentials_copy(struct arena *arena, const struct credentials *credentials,
                                struct credentials *ret_copy);

/* True for the same way with the same keys at its beginning. */
bool credentials_equal(const struct credentials *a, const struct credentials *b);

/* Appends where keys come from, for people: "the role arn:… from profile 'shop', with keys from the
 * credentials file". No secret. */
void credentials_describe(struct strbuf *out, const struct credentials *credentials);

/* True where the keys stand there, and nothing has to be fetched. */
static inline bool credentials_are_static(const struct credentials *credentials)
{
    return credentials->kind == CREDENTIALS_STATIC && credentials->role_count == 0;
}

#endif
