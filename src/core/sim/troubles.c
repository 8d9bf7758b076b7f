/* SPDX-License-Identifier: Apache-2.0
 *
 * troubles: the words of `--fault`; see service.h. */
#include "core/sim/service.h"

static const char *const words[] = {
#define TROUBLE(name, word, explains) word,
#include "core/sim/troubles.def"
#undef TROUBLE
};

static const char ALL_WORDS[] =
#define TROUBLE(name, word, explains) word " "
#include "core/sim/troubles.def"
#undef TROUBLE
    ;

const char *sim_trouble_word(enum sim_trouble trouble)
{
    return words[trouble];
}

static bool rate_of(struct view text, double most, double *ret_rate)
{
    double value = -1.0;

    if (text.ptr == NULL || view_to_double(view_trim(text), &value) != 0
        || !(value >= 0.0 && value <= most))
        return false;
    *ret_rate = value;
    return true;
}

/* "throttle:0.01", "slow:0.05:20". */
static int read_one(struct view item, struct sim_troubles *troubles, struct err *reterr)
{
    struct view rest = item;
    struct view word = view_trim(view_split(&rest, ':'));
    struct view rate = rest.ptr != NULL ? view_split(&rest, ':') : rest;
    size_t i = 0;

    while (i < SIM_TROUBLE_COUNT && !view_is(word, words[i]))
        i++;
    if (i == SIM_TROUBLE_COUNT)
        return fail(reterr, ERR_USAGE, "--fault: unknown fault '%.*s', give one of %s",
                    VIEW_ARG(word), ALL_WORDS);
    if (!rate_of(rate, 1.0, &troubles->rates[i]))
        return fail(reterr, ERR_USAGE, "--fault: '%.*s' needs a rate from 0 to 1, as in %s:0.01",
                    VIEW_ARG(word), words[i]);
    if (rest.ptr == NULL)
        return 0;
    if (i != SIM_TROUBLE_SLOW || !rate_of(rest, 10000.0, &troubles->slow_factor)
        || troubles->slow_factor < 1.0)
        return fail(reterr, ERR_USAGE,
                    "--fault: '%.*s' is not understood; slow alone takes a factor from 1 to "
                    "10000, as in slow:0.05:20",
                    VIEW_ARG(item));
    return 0;
}

int sim_troubles_parse(struct view text, struct sim_troubles *troubles, struct err *reterr)
{
    struct sim_troubles read = *troubles;
    struct view rest = text;

    do {
        int code = read_one(view_trim(view_split(&rest, ',')), &read, reterr);
        if (code != 0)
            return code;
    } while (rest.ptr != NULL);
    *troubles = read;
    return 0;
}
