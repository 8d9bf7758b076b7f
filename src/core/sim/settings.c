/* SPDX-License-Identifier: Apache-2.0
 *
 * settings: see settings.h. */
#include "core/sim/settings.h"

#include <math.h>

#include "base/nearest.h"

static const struct {
    const char *word;
    double reliability;
} rules[SIM_RULE_COUNT] = {
#define RULE(name, word, reliability, explains) {word, reliability},
#include "core/sim/rules.def"
#undef RULE
};

static const char *const defect_words[SIM_DEFECT_COUNT] = {
    [SIM_DEFECT_KEYWORD] = "keyword",       [SIM_DEFECT_LANGUAGE] = "language",
    [SIM_DEFECT_FORMAT] = "format",         [SIM_DEFECT_HALLUCINATION] = "hallucination",
    [SIM_DEFECT_TRUNCATION] = "truncation", [SIM_DEFECT_REFUSAL] = "refusal",
    [SIM_DEFECT_GARBLED] = "garbled",
};

static const char DEFECT_WORDS[] =
    "keyword, language, format, hallucination, truncation, refusal, garbled";
static const uint64_t HOUR_NS = 3600ull * 1000 * 1000 * 1000;
static const double SIGMA_MAX = 3.0;

const char *sim_rule_word(enum sim_rule rule)
{
    assert_always(rule < SIM_RULE_COUNT);
    return rules[rule].word;
}

const char *sim_defect_word(enum sim_defect defect)
{
    assert_always(defect < SIM_DEFECT_COUNT);
    return defect_words[defect];
}

struct sim_profile sim_profile_default(void)
{
    struct sim_profile profile = {.wording = 0.5, .ungrounded = 0.7};

    for (int i = 0; i < SIM_RULE_COUNT; i++)
        profile.reliability[i] = rules[i].reliability;
    return profile;
}

/* ---- a profile ------------------------------------------------------------------------------ */

static int unknown_key(const struct json *member, const char *const names[], struct err *reterr)
{
    struct view nearest = nearest_text(member->key, names);

    if (nearest.ptr == NULL)
        nearest = view_of(names[0]);
    return fail(reterr, ERR_CONFIG,
                "%u:%u: unknown key '%.*s' in the profile, did you mean '%.*s'?", member->key_line,
                member->key_column, VIEW_ARG(member->key), VIEW_ARG(nearest));
}

static int read_share(const struct json *value, double *ret_share, struct err *reterr)
{
    double share = json_double(value, -1.0);

    if (!json_is(value, JSON_NUMBER) || !(share >= 0.0 && share <= 1.0))
        return fail(reterr, ERR_CONFIG, "%u:%u: '%.*s' must be a number from 0 to 1", value->line,
                    value->column, VIEW_ARG(value->key));
    *ret_share = share;
    return 0;
}

static int read_reliability(const struct json *object, struct sim_profile *profile,
                            struct err *reterr)
{
    const char *names[SIM_RULE_COUNT + 1] = {NULL};

    if (!json_is(object, JSON_OBJECT))
        return fail(reterr, ERR_CONFIG,
                    "%u:%u: 'reliability' must be a mapping from rule to number", object->line,
                    object->column);
    for (int i = 0; i < SIM_RULE_COUNT; i++)
        names[i] = rules[i].word;
    for (const struct json *member = object->child; member != NULL; member = member->next) {
        int rule = 0;
        while (rule < SIM_RULE_COUNT && !view_is(member->key, names[rule]))
            rule++;
        if (rule == SIM_RULE_COUNT)
            return unknown_key(member, names, reterr);
        int code = read_share(member, &profile->reliability[rule], reterr);
        if (code != 0)
            return code;
    }
    return 0;
}

int sim_profile_read(const struct json *settings, struct sim_profile *profile, struct err *reterr)
{
    static const char *const names[] = {"reliability", "wording", "ungrounded", NULL};
    struct sim_profile read = *profile;

    if (!json_is(settings, JSON_OBJECT))
        return fail(reterr, ERR_CONFIG,
                    "1:1: a profile is a mapping with the keys reliability, "
                    "wording and ungrounded");
    for (const struct json *member = settings->child; member != NULL; member = member->next) {
        int code;
        if (view_is(member->key, "reliability"))
            code = read_reliability(member, &read, reterr);
        else if (view_is(member->key, "wording"))
            code = read_share(member, &read.wording, reterr);
        else if (view_is(member->key, "ungrounded"))
            code = read_share(member, &read.ungrounded, reterr);
        else
            code = unknown_key(member, names, reterr);
        if (code != 0)
            return code;
    }
    *profile = read;
    return 0;
}

/* ---- defects -------------------------------------------------------------------------------- */

int sim_defects_parse(struct view text, double rates[SIM_DEFECT_COUNT], struct err *reterr)
{
    double read[SIM_DEFECT_COUNT];
    struct view rest = text;

    memcpy(read, rates, sizeof read);
    do {
        struct view rate = view_trim(view_split(&rest, ','));
        struct view word = view_trim(view_split(&rate, ':'));
        int defect = 0;
        while (defect < SIM_DEFECT_COUNT && !view_is(word, defect_words[defect]))
            defect++;
        if (defect == SIM_DEFECT_COUNT)
            return fail(reterr, ERR_USAGE, "--defect: unknown defect '%.*s', give one of %s",
                        VIEW_ARG(word), DEFECT_WORDS);
        double value = -1.0;
        if (rate.ptr == NULL || view_to_double(view_trim(rate), &value) != 0
            || !(value >= 0.0 && value <= 1.0))
            return fail(reterr, ERR_USAGE,
                        "--defect: '%.*s' needs a rate from 0 to 1, as in %s:0.1", VIEW_ARG(word),
                        defect_words[defect]);
        read[defect] = value;
    } while (rest.ptr != NULL);
    memcpy(rates, read, sizeof read);
    return 0;
}

/* ---- latency -------------------------------------------------------------------------------- */

static int duration_parse(struct view text, uint64_t *ret_ns)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"ns", 1.0}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}};
    size_t digits = 0;
    double value;

    while (digits < text.len
           && ((text.ptr[digits] >= '0' && text.ptr[digits] <= '9') || text.ptr[digits] == '.'))
        digits++;
    struct view unit = view_slice(text, digits, text.len);
    if (view_to_double(view_slice(text, 0, digits), &value) != 0)
        return ERR_INVALID;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!view_is(unit, units[i].unit))
            continue;
        if (value * units[i].ns > (double)HOUR_NS)
            return ERR_LIMIT;
        *ret_ns = (uint64_t)(value * units[i].ns + 0.5);
        return 0;
    }
    return ERR_INVALID;
}

static bool latency_read(struct view kind, struct view first, struct view second,
                         struct sim_latency *latency)
{
    if (view_is(kind, "none") && first.ptr == NULL) {
        latency->kind = SIM_LATENCY_NONE;
        return true;
    }
    if (first.ptr == NULL) {
        latency->kind = SIM_LATENCY_FIXED;
        return duration_parse(kind, &latency->low_ns) == 0;
    }
    if (duration_parse(first, &latency->low_ns) != 0)
        return false;
    if (view_is(kind, "fixed") && second.ptr == NULL) {
        latency->kind = SIM_LATENCY_FIXED;
        return true;
    }
    if (view_is(kind, "uniform") && second.ptr != NULL) {
        latency->kind = SIM_LATENCY_UNIFORM;
        return duration_parse(second, &latency->high_ns) == 0
               && latency->low_ns <= latency->high_ns;
    }
    if (view_is(kind, "tokens") && second.ptr != NULL) {
        latency->kind = SIM_LATENCY_TOKENS;
        return duration_parse(second, &latency->high_ns) == 0;
    }
    if (view_is(kind, "lognormal") && second.ptr != NULL) {
        latency->kind = SIM_LATENCY_LOGNORMAL;
        return view_to_double(second, &latency->sigma) == 0 && latency->sigma >= 0.0
               && latency->sigma <= SIGMA_MAX;
    }
    return false;
}

int sim_latency_parse(struct view text, struct sim_latency *ret_latency, struct err *reterr)
{
    struct sim_latency latency = {.kind = SIM_LATENCY_NONE};
    struct view rest = view_trim(text);
    struct view kind = view_split(&rest, ':');
    struct view first = {NULL, 0};
    struct view second = {NULL, 0};

    if (rest.ptr != NULL)
        first = view_split(&rest, ':');
    if (rest.ptr != NULL)
        second = view_split(&rest, ':');
    if (rest.ptr != NULL || !latency_read(kind, first, second, &latency))
        return fail(reterr, ERR_USAGE,
                    "--latency: '%.*s' is none of none, 800ms, fixed:800ms, uniform:200ms:1.5s "
                    "(low:high), lognormal:800ms:0.4 (median:sigma), tokens:300ms:15ms (first "
                    "token, each token); units ns, us, ms, s, m, at most an hour, sigma at most 3",
                    VIEW_ARG(text));
    *ret_latency = latency;
    return 0;
}

uint64_t sim_latency_draw(const struct sim_latency *latency, int64_t tokens, struct rng *rng)
{
    double ns = (double)latency->low_ns;

    if (latency->kind == SIM_LATENCY_NONE)
        return 0;
    if (latency->kind == SIM_LATENCY_UNIFORM)
        ns += rng_unit(rng) * (double)(latency->high_ns - latency->low_ns);
    if (latency->kind == SIM_LATENCY_LOGNORMAL)
        ns *= exp(latency->sigma * rng_normal(rng));
    if (latency->kind == SIM_LATENCY_TOKENS)
        ns += (double)latency->high_ns * (double)tokens;
    return ns >= (double)HOUR_NS ? HOUR_NS : (uint64_t)ns;
}

uint64_t sim_latency_first(const struct sim_latency *latency, uint64_t whole_ns)
{
    uint64_t first_ns = latency->kind == SIM_LATENCY_TOKENS ? latency->low_ns : whole_ns / 4;

    return first_ns < whole_ns ? first_ns : whole_ns;
}
