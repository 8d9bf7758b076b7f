/* SPDX-License-Identifier: Apache-2.0
 *
 * say: chooses a phrase and fills it in; see job.h. */
#include "core/sim/job.h"

static const struct {
    enum phrase kind;
    const char *text[2]; /* by enum sim_language */
} phrases[] = {
#define PHRASE(kind, english, japanese) {PHRASE_##kind, {english, japanese}},
#include "core/sim/phrases.def"
#undef PHRASE
};

enum { PHRASES = sizeof phrases / sizeof phrases[0], SENTENCE_MAX_BYTES = 8 * 1024 };

struct rng job_rng(const struct job *job, const char *purpose)
{
    struct rng rng;

    rng_init_named(&rng, job->key, view_of(purpose));
    return rng;
}

/* The model's favourite wording for this question, or with the share of `wording` any. */
static size_t choose(const struct job *job, enum phrase kind, size_t count)
{
    struct rng favourite;
    struct rng noise;
    char purpose[32];

    snprintf(purpose, sizeof purpose, "phrase %d", (int)kind);
    rng_init_named(&favourite, job->favourite, view_of(purpose));
    rng_init_named(&noise, job->key, view_of(purpose));
    size_t best = (size_t)rng_below(&favourite, count);
    bool anew = rng_unit(&noise) < job->sim->profile.wording * job->temperature;
    return anew ? (size_t)rng_below(&noise, count) : best;
}

static const char *phrase_of(const struct job *job, enum phrase kind)
{
    size_t first = 0;
    size_t count = 0;

    while (first < PHRASES && phrases[first].kind != kind)
        first++;
    while (first + count < PHRASES && phrases[first + count].kind == kind)
        count++;
    assert_always(count > 0);
    return phrases[first + choose(job, kind, count)].text[job->language];
}

static struct view own_value(const struct job *job, struct view name)
{
    static const struct {
        const char *name;
        enum slot slot;
    } slots[] = {
        {"author", SLOT_AUTHOR},     {"price", SLOT_PRICE},       {"volumes", SLOT_VOLUMES},
        {"genre", SLOT_GENRE},       {"stock", SLOT_STOCK},       {"publisher", SLOT_PUBLISHER},
        {"release", SLOT_RELEASE},   {"age", SLOT_AGE},           {"order", SLOT_ORDER},
        {"status", SLOT_STATUS},     {"delivery", SLOT_DELIVERY}, {"carrier", SLOT_CARRIER},
        {"tracking", SLOT_TRACKING},
    };

    if (view_is(name, "title"))
        return job->title;
    if (view_is(name, "plot"))
        return job->plot;
    if (view_is(name, "appeal"))
        return job->appeal;
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        if (view_is(name, slots[i].name))
            return job->values[slots[i].slot];
    return (struct view){NULL, 0};
}

static struct view value_of(const struct job *job, struct view name, const struct filling *more,
                            size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (view_is(name, more[i].name))
            return more[i].value;
    return own_value(job, name);
}

/* Appends the phrase with its slots filled; false where one stays empty. An order's number may. */
static bool fill(const struct job *job, struct view phrase, const struct filling *more,
                 size_t count, struct strbuf *out)
{
    for (size_t at = 0; at < phrase.len;) {
        size_t open = view_find_byte(view_slice(phrase, at, phrase.len), '{') + at;
        strbuf_add(out, view_slice(phrase, at, open));
        if (open == phrase.len)
            return true;
        size_t close = view_find_byte(view_slice(phrase, open, phrase.len), '}') + open;
        struct view inside = view_slice(phrase, open + 1, close);
        struct view plain = inside;
        struct view polite = view_split(&plain, '|');
        at = close + 1;
        if (plain.ptr != NULL) {
            strbuf_add(out, job->polite ? polite : plain);
            continue;
        }
        struct view value = value_of(job, inside, more, count);
        if (value.len == 0 && view_is(inside, "order")) {
            at += at < phrase.len && phrase.ptr[at] == ' '; /* "Your order is …" */
            continue;
        }
        if (value.len == 0)
            return false;
        strbuf_add(out, value);
    }
    return true;
}

struct view job_say(struct job *job, enum phrase kind, const struct filling *more, size_t count)
{
    struct strbuf out;
    struct view said = {NULL, 0};

    strbuf_init(&out, SENTENCE_MAX_BYTES);
    bool whole = fill(job, view_of(phrase_of(job, kind)), more, count, &out);
    if (whole && strbuf_status(&out) == 0) {
        if (out.len > 0 && out.ptr[0] >= 'a' && out.ptr[0] <= 'z')
            out.ptr[0] = (char)(out.ptr[0] - 'a' + 'A');
        job->failed = arena_copy(job->arena, strbuf_view(&out), &said) != 0 || job->failed;
    }
    strbuf_release(&out);
    return said;
}

struct view job_text(struct job *job, const char *format, ...)
{
    struct strbuf out;
    struct view text = VIEW("");
    va_list args;

    strbuf_init(&out, SENTENCE_MAX_BYTES);
    va_start(args, format);
    strbuf_vprintf(&out, format, args);
    va_end(args);
    if (strbuf_status(&out) != 0 || arena_copy(job->arena, strbuf_view(&out), &text) != 0)
        job->failed = true;
    strbuf_release(&out);
    return text;
}

void job_add(struct job *job, enum rank rank, enum slot slot, struct view text)
{
    if (text.len == 0 || job->point_count == JOB_POINTS_MAX)
        return;
    job->points[job->point_count++] = (struct point){.rank = rank, .slot = slot, .text = text};
}
