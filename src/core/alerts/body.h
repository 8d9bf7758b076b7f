/* SPDX-License-Identifier: Apache-2.0
 *
 * body: an alert in the form that a kind of channel takes, within its limits; whatever the texts
 * hold, the body is valid and no part of it is acted upon (mentions, links, mark-up).
 *
 * Slack, incoming webhooks: at most 50 blocks, a header of 150 characters, 3,000 a section; & < >
 *   escaped, `verbatim` so that nothing becomes a mention or link by itself.
 *   https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 *   https://docs.slack.dev/reference/block-kit/blocks/section-block
 *   https://docs.slack.dev/messaging/formatting-message-text#escaping
 * PagerDuty, Events API v2: trigger and resolve, dedup_key up to 255 characters, summary up to
 *   1,024, severity critical, error, warning or info; 512 KB a body.
 *   https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
 *   https://github.com/PagerDuty/api-schema, reference/events-v2/openapiv3.json
 * Webhook: share/assay/schemas/alert.json.
 *
 * Lengths are counted in bytes, so that they are within limits however a service counts characters.
 * Pure; a failure sticks in the strbuf. Threads: no state. */
#ifndef ASSAY_CORE_ALERTS_BODY_H
#define ASSAY_CORE_ALERTS_BODY_H

#include "base/digest.h"
#include "base/strbuf.h"
#include "core/alerts/alert.h"

enum {
    BODY_SLACK_BLOCKS_MAX = 50,
    BODY_SLACK_HEADER_MAX = 150,
    BODY_SLACK_SECTION_MAX = 3000,
    BODY_PAGERDUTY_SUMMARY_MAX = 1024,
    BODY_PAGERDUTY_BYTES_MAX = 512 * 1024,
    BODY_BYTES_MAX = 256 * 1024,
};

struct body_context {
    const char *assay_version;
    struct view routing_key; /* of PagerDuty; secret */
};

typedef void body_writer(const struct alert *alert, const struct body_context *context,
                         struct strbuf *out);

body_writer body_slack;
body_writer body_pagerduty;
body_writer body_webhook;

/* The row of a kind of channel. */
struct body_kind {
    body_writer *write;
    const char *url; /* where it goes unless stated; NULL: it must be */
};
const struct body_kind *body_kind_of(enum settings_channel_kind kind);

/* "t=1795536000,v1=<hex>": HMAC-SHA-256 under the secret of "<seconds>.<body>", for the header
 * X-Assay-Signature; with the time in it an old message cannot be sent again for a new one. */
enum { BODY_SIGNATURE_SIZE = 128 };
void body_sign(struct view secret, int64_t now_unix_s, struct view body,
               char ret_text[BODY_SIGNATURE_SIZE]);

#endif
