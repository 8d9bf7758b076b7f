/* SPDX-License-Identifier: Apache-2.0
 *
 * secrets: what keys, tokens and passwords of machines look like, as rules of a scan.
 *
 * Keys with a prefix of their own (AKIA…, ghp_…, sk-ant-…) are known by it, by the length and the
 * characters behind it; where words have the prefix too (sk-learn), by looking drawn by lot. A
 * prefix in prose or a placeholder (sk-xxxxxxxx) is no key. Keys without a prefix count beside a
 * word that says so (aws_secret_access_key=).
 * What may be longer than a stream can hold back fails closed on its beginning: JSON Web Tokens and
 * private keys go on by SCAN_TAIL_TOKEN and SCAN_TAIL_BLOCK.
 *
 * Not seen: passwords in prose, keys without form and context, keys spelled in pieces.
 *
 * Memory: none; tables. Threads: no state. Limits: the widest rule is SECRETS_WIDTH_MAX bytes.
 * Sources: the services' own documentation of their key formats. */
#ifndef ASSAY_TEXT_SECRETS_H
#define ASSAY_TEXT_SECRETS_H

#include <stddef.h>

#include "text/scan.h"

enum { SECRETS_WIDTH_MAX = 160 };

/* The rules; constant. Each is named "secret.<what>" and has SCAN_SECRET. */
const struct scan_rule *secret_rules(size_t *ret_count);

#endif
