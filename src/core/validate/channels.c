/* SPDX-License-Identifier: Apache-2.0
 *
 * channels: see channels.h. */
#include "core/validate/channels.h"

#include "base/mem.h"

enum { FINDINGS_MIN = 16 };

struct channel {
    struct channel_key key;
    struct validation *validation;
};

struct validate_channels {
    const struct policy *policy;
    const struct morphology *morphology;
    struct scan_scratch *scratch;
    struct validate_subject subject;
    struct channel
        channels[VALIDATE_CHANNELS_MAX]; /* by key; behind `count` those to be used again */
    size_t count;
    size_t made; /* with a validation */
    struct channel_finding *findings;
    size_t room;
};

int validate_channels_new(const struct policy *policy, const struct morphology *morphology,
                          struct scan_scratch *scratch, struct validate_channels **ret_channels)
{
    struct validate_channels *channels = mem_new(1, sizeof *channels);
    if (channels == NULL)
        return ERR_MEMORY;

    channels->policy = policy;
    channels->morphology = morphology;
    channels->scratch = scratch;
    *ret_channels = channels;
    return 0;
}

void validate_channels_free(struct validate_channels *channels)
{
    if (channels == NULL)
        return;
    for (size_t i = 0; i < channels->made; i++)
        validation_free(channels->channels[i].validation);
    mem_free(channels->findings);
    mem_free(channels);
}

void validate_channels_begin(struct validate_channels *channels,
                             const struct validate_subject *subject)
{
    channels->subject = *subject;
    channels->count = 0;
}

/* ---- finding and beginning channels --------------------------------------------------------- */

static bool stands_before(struct channel_key a, struct channel_key b)
{
    return a.choice != b.choice ? a.choice < b.choice : a.tool < b.tool;
}

/* Where that channel is or belongs. */
static size_t place_of(const struct validate_channels *channels, struct channel_key key)
{
    size_t low = 0;
    size_t high = channels->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (stands_before(channels->channels[middle].key, key))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct validation *find(const struct validate_channels *channels, struct channel_key key)
{
    size_t at = place_of(channels, key);
    const struct channel *channel = &channels->channels[at < VALIDATE_CHANNELS_MAX ? at : 0];
    bool is_it =
        at < channels->count && channel->key.choice == key.choice && channel->key.tool == key.tool;

    return is_it ? channel->validation : NULL;
}

static int begin_channel(struct validate_channels *channels, struct channel_key key,
                         struct validation **ret_validation, struct err *reterr)
{
    struct validate_subject subject = channels->subject;

    if (channels->count == VALIDATE_CHANNELS_MAX)
        return fail(reterr, ERR_LIMIT, "an answer of more than %d choices and tool calls",
                    VALIDATE_CHANNELS_MAX);
    if (channels->count == channels->made) {
        struct channel *fresh = &channels->channels[channels->made];
        int code = validation_new(channels->policy, channels->morphology, channels->scratch,
                                  &fresh->validation);
        if (code != 0)
            return fail(reterr, code, "no memory to validate an answer");
        channels->made++;
    }
    struct channel channel = {key, channels->channels[channels->count].validation};
    if (key.tool != CHANNEL_TEXT)
        subject.flags |= VALIDATE_TOOL;
    int code = validation_begin(channel.validation, &subject, reterr);
    if (code != 0)
        return code;
    size_t at = place_of(channels, key);
    memmove(&channels->channels[at + 1], &channels->channels[at],
            (channels->count - at) * sizeof channel);
    channels->channels[at] = channel;
    channels->count++;
    *ret_validation = channel.validation;
    return 0;
}

static int channel_of(struct validate_channels *channels, struct channel_key key,
                      struct validation **ret_validation, struct err *reterr)
{
    *ret_validation = find(channels, key);
    return *ret_validation != NULL ? 0 : begin_channel(channels, key, ret_validation, reterr);
}

/* ---- streaming ------------------------------------------------------------------------------ */

int validate_channels_feed(struct validate_channels *channels, struct channel_key key,
                           struct view text, struct err *reterr)
{
    struct validation *validation;
    int code = channel_of(channels, key, &validation, reterr);

    return code != 0 ? code : validation_feed(validation, text, reterr);
}

int validate_channels_release(struct validate_channels *channels, struct channel_key key,
                              struct view *ret_text)
{
    struct validation *validation = find(channels, key);

    *ret_text = (struct view)VIEW("");
    return validation != NULL ? validation_release(validation, ret_text) : 0;
}

bool validate_channels_is_cut(const struct validate_channels *channels)
{
    for (size_t i = 0; i < channels->count; i++)
        if (validation_is_cut(channels->channels[i].validation))
            return true;
    return false;
}

size_t validate_channels_count(const struct validate_channels *channels)
{
    return channels->count;
}

struct channel_key validate_channels_key(const struct validate_channels *channels, size_t i)
{
    assert_always(i < channels->count);
    return channels->channels[i].key;
}

/* ---- the end -------------------------------------------------------------------------------- */

/* True where the answer consists of calls: then there need be no text. */
static bool has_calls(const struct validate_channels *channels)
{
    for (size_t i = 0; i < channels->count; i++)
        if (channels->channels[i].key.tool != CHANNEL_TEXT)
            return true;
    return false;
}

int validate_channels_end(struct validate_channels *channels,
                          const struct validate_subject *subject, struct err *reterr)
{
    const struct channel_key answer = {0, CHANNEL_TEXT};
    struct validation *validation;
    int code = 0;

    if (!has_calls(channels))
        code = channel_of(channels, answer, &validation, reterr);
    for (size_t i = 0; i < channels->count && code == 0; i++)
        code = validation_end(channels->channels[i].validation, subject, reterr);
    return code;
}

static int make_room(struct validate_channels *channels, size_t count)
{
    size_t room = channels->room == 0 ? FINDINGS_MIN : channels->room;

    while (room < count)
        room *= 2;
    if (room == channels->room)
        return 0;
    struct channel_finding *grown = mem_resize(channels->findings, room, sizeof *grown);
    if (grown == NULL)
        return ERR_MEMORY;
    channels->findings = grown;
    channels->room = room;
    return 0;
}

static int add_verdict(struct validate_channels *channels, struct channel_key key,
                       const struct validated *one, struct channels_validated *all)
{
    if (make_room(channels, all->count + one->count) != 0)
        return ERR_MEMORY;
    for (size_t i = 0; i < one->count; i++)
        channels->findings[all->count++] = (struct channel_finding){key, one->findings[i]};
    if (one->decision > all->decision || (one->decision == all->decision && one->retry_at_zero)) {
        all->decision = one->decision;
        all->retry_at_zero = one->retry_at_zero;
    }
    all->log = all->log || one->log;
    all->is_masked = all->is_masked || one->is_masked;
    return 0;
}

int validate_channels_decide(struct validate_channels *channels,
                             const struct validate_situation *situation,
                             struct channels_validated *ret_validated, struct err *reterr)
{
    struct channels_validated all = {0};
    int code = 0;

    for (size_t i = 0; i < channels->count && code == 0; i++) {
        struct validated one;
        code = validation_decide(channels->channels[i].validation, situation, &one, reterr);
        if (code == 0 && add_verdict(channels, channels->channels[i].key, &one, &all) != 0)
            code = fail(reterr, ERR_MEMORY, "no memory to list what was found");
    }
    if (code != 0)
        return code;
    all.findings = channels->findings;
    *ret_validated = all;
    return 0;
}
