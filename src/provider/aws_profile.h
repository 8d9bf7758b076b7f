/* SPDX-License-Identifier: Apache-2.0
 *
 * aws_profile: the sections of ~/.aws/credentials and ~/.aws/config: profiles, SSO sessions, and
 * the endpoints of services.
 *
 *     [default]                          (both files)
 *     [shop]                             (credentials file)
 *     [profile shop]                     (config file)
 *     [sso-session acme]                 (config file)
 *     [services local]                   (config file)
 *     sts =
 *       endpoint_url = http://127.0.0.1:5000
 *
 * A profile is what both files say of it; where both say something, the credentials file counts.
 *
 * Pure. Memory: views into the texts given. Threads: no state. Secrets are never part of a message.
 * Source: "Configuration and credential file settings", AWS CLI User Guide; botocore's
 * configloader. */
#ifndef ASSAY_PROVIDER_AWS_PROFILE_H
#define ASSAY_PROVIDER_AWS_PROFILE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/view.h"

/* Both files. Empty texts where they are not there. */
struct aws_files {
    struct view credentials_text;
    struct view credentials_path; /* for messages; empty: ~/.aws/credentials */
    struct view config_text;
    struct view config_path; /* empty: ~/.aws/config */
};

/* Where a setting stands: "~/.aws/config:12"; path empty where no file says it. */
struct aws_place {
    struct view path;
    size_t line;
};

/* Each view empty where nothing is said. */
struct aws_profile {
    struct view name;
    bool found;             /* one of the files has it */
    struct aws_place place; /* of its first header */
    struct view access_key; /* credentials file, with its own secret and token */
    struct view secret_key;
    struct view session_token;
    struct view config_access_key; /* the same of the config file */
    struct view config_secret_key;
    struct view config_session_token;
    struct view region;
    struct view role_arn;
    struct view source_profile;
    struct view credential_source;
    struct view external_id;
    struct view duration_seconds;
    struct view role_session_name;
    struct view mfa_serial;
    struct view web_identity_token_file;
    struct view credential_process;
    struct view sso_session;
    struct view sso_start_url;
    struct view sso_region;
    struct view sso_account_id;
    struct view sso_role_name;
    struct view login_session;
    struct view endpoint_url;
    struct view services;
    struct view ca_bundle;
};

/* ERR_CONFIG "FILE:LINE: …" for a file that is no INI or half a key pair; a profile that is in
 * neither file is no error, but `found` is false. */
MUST_CHECK int aws_profile_read(const struct aws_files *files, struct view name,
                                struct aws_profile *ret_profile, struct err *reterr);

struct aws_sso_session {
    bool found;
    struct aws_place place;
    struct view start_url;
    struct view region;
};
MUST_CHECK int aws_sso_session_read(const struct aws_files *files, struct view name,
                                    struct aws_sso_session *ret_session, struct err *reterr);

/* The endpoints that a [services …] section names; empty where it does not. */
struct aws_services {
    bool found;
    struct aws_place place;
    struct view sts_url;
    struct view sso_url;
    struct view sso_oidc_url;
};
MUST_CHECK int aws_services_read(const struct aws_files *files, struct view name,
                                 struct aws_services *ret_services, struct err *reterr);

/* For messages: the file's name, or what it is called where the shell found none. */
struct view aws_credentials_path(const struct aws_files *files);
struct view aws_config_path(const struct aws_files *files);

#endif
