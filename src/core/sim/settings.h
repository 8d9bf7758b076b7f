/* SPDX-License-Identifier: Apache-2.0
 *
 * settings: what a simulated model is like: how reliably it follows each kind of instruction, how
 * often it goes wrong on purpose, how long it takes. Read from command-line words and from a
 * profile that was parsed already (YAML or JSON).
 *
 * Threads: values, no shared state. Memory: fixed size, nothing allocated. */
#ifndef ASSAY_CORE_SIM_SETTINGS_H
#define ASSAY_CORE_SIM_SETTINGS_H

#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "base/view.h"
#include "wire/json.h"

/* What an instruction in a prompt can ask for, one row each in rules.def. */
enum sim_rule {
#define RULE(name, word, reliability, explains) SIM_RULE_##name,
#include "core/sim/rules.def"
#undef RULE
    SIM_RULE_COUNT,
};

/* "json", "language", …: as a profile and the documentation call it. */
const char *sim_rule_word(enum sim_rule rule);

/* Ways to go wrong on purpose, for `--defect` and for measuring detection. */
enum sim_defect {
    SIM_DEFECT_KEYWORD,       /* leaves out titles and wanted words, says forbidden ones */
    SIM_DEFECT_LANGUAGE,      /* answers in the other language */
    SIM_DEFECT_FORMAT,        /* JSON that does not parse, Markdown without its elements */
    SIM_DEFECT_HALLUCINATION, /* invents prices, volumes, stock, order facts */
    SIM_DEFECT_TRUNCATION,    /* stops in the middle; the stop reason is max_tokens */
    SIM_DEFECT_REFUSAL,       /* declines without a reason */
    SIM_DEFECT_GARBLED,       /* characters out of order and broken ones between them */
    SIM_DEFECT_COUNT,
};

const char *sim_defect_word(enum sim_defect defect);

enum sim_latency_kind {
    SIM_LATENCY_NONE,
    SIM_LATENCY_FIXED,
    SIM_LATENCY_UNIFORM,
    SIM_LATENCY_LOGNORMAL,
    SIM_LATENCY_TOKENS, /* as long as the answer is */
};

struct sim_latency {
    enum sim_latency_kind kind;
    uint64_t low_ns;  /* FIXED: the latency; UNIFORM: its lower end; LOGNORMAL: the median; TOKENS:
                       * until the first token */
    uint64_t high_ns; /* UNIFORM: its upper end; TOKENS: for each token of the answer */
    double sigma;     /* LOGNORMAL: standard deviation of the logarithm */
};

struct sim_profile {
    double reliability[SIM_RULE_COUNT]; /* probability that an instruction is followed */
    double wording; /* share of phrases drawn anew at temperature 1; 0 always says the same */
    double
        ungrounded; /* probability of inventing a fact although the prompt holds it, where nothing
                        * asks to keep to what was given */
};

/* The published profile: rules.def. */
struct sim_profile sim_profile_default(void);

/* Reads `{reliability: {json: 0.99, …}, wording: 0.5, ungrounded: 0.6}` over *profile; what is not
 * named stays. ERR_CONFIG with "LINE:COLUMN: …" for an unknown key (and the nearest one), a wrong
 * type, a number outside 0..1; *profile is untouched then. */
MUST_CHECK int sim_profile_read(const struct json *settings, struct sim_profile *profile,
                                struct err *reterr);

/* Reads "keyword:0.1" or several with commas into rates[] (kinds not named stay as they are).
 * ERR_USAGE with the remedy otherwise. */
MUST_CHECK int sim_defects_parse(struct view text, double rates[SIM_DEFECT_COUNT],
                                 struct err *reterr);

/* Reads "none", "800ms", "fixed:800ms", "uniform:200ms:1.5s", "lognormal:800ms:0.4" (median and
 * sigma), "tokens:300ms:15ms" (first token, each token). Durations in ns, us, ms, s, m, at most an
 * hour; sigma at most 3. ERR_USAGE otherwise. */
MUST_CHECK int sim_latency_parse(struct view text, struct sim_latency *ret_latency,
                                 struct err *reterr);

/* One draw for an answer of so many tokens. Capped at an hour. */
uint64_t sim_latency_draw(const struct sim_latency *latency, int64_t tokens, struct rng *rng);

/* How much of it passes before the answer's first token. */
uint64_t sim_latency_first(const struct sim_latency *latency, uint64_t whole_ns);

#endif
