/* SPDX-License-Identifier: Apache-2.0
 *
 * job: one answer in the making: what was read, what this sample follows and gets wrong, the values
 * it speaks of, and the sentences it is made of.
 *
 *     brief ──▶ job_plan ──▶ resolve ──▶ compose ──▶ render ──▶ text
 *
 * Pure. Memory: the caller's arena. Threads: one owner. */
#ifndef ASSAY_CORE_SIM_JOB_H
#define ASSAY_CORE_SIM_JOB_H

#include "base/rng.h"
#include "base/strbuf.h"
#include "core/sim/brief.h"
#include "core/sim/sim.h"

enum phrase {
    PHRASE_PRICE,
    PHRASE_VOLUMES,
    PHRASE_AUTHOR,
    PHRASE_GENRE,
    PHRASE_STOCK,
    PHRASE_PUBLISHER,
    PHRASE_RELEASE,
    PHRASE_AGE,
    PHRASE_OTHER_SHOPS,
    PHRASE_STATUS,
    PHRASE_DELIVERY,
    PHRASE_CARRIER,
    PHRASE_TRACKING,
    PHRASE_UNKNOWN,
    PHRASE_ORDER_UNKNOWN,
    PHRASE_PLOT,
    PHRASE_APPEAL,
    PHRASE_INTRODUCE,
    PHRASE_INTRODUCE_BARE,
    PHRASE_RECOMMEND,
    PHRASE_RECOMMEND_BARE,
    PHRASE_ITEM,
    PHRASE_ITEM_REASON,
    PHRASE_SPOILER,
    PHRASE_GREET,
    PHRASE_GREET_MORE,
    PHRASE_FRIENDLY,
    PHRASE_FORMAL,
    PHRASE_CHATTY,
    PHRASE_FILLER,
    PHRASE_FILLER_MORE,
    PHRASE_FILLER_GENERIC,
    PHRASE_FOLLOW_UP,
    PHRASE_MENTION,
    PHRASE_FORBIDDEN,
    PHRASE_SECRET_KEPT,
    PHRASE_SECRET_TOLD,
    PHRASE_DECLINE,
    PHRASE_REFUSAL,
    PHRASE_GENERIC,
    PHRASE_GENERIC_MORE,
    PHRASE_GENERIC_BARE,
    PHRASE_CULTURE,
    PHRASE_COUNT,
};

/* How much a sentence matters: what is too long loses the last of the highest rank first. */
enum rank { RANK_NEEDED, RANK_WANTED, RANK_EXTRA, RANK_FILLER };

struct point {
    enum rank rank;
    enum slot slot; /* what it is about, SLOT_OTHER where it is about nothing of the table */
    bool item;      /* a recommended title with its reason */
    struct view text;
};

struct item {
    struct view name;
    const struct title *title; /* NULL: known from documents alone */
    struct view reason;        /* empty: none given */
};

enum { JOB_POINTS_MAX = 64, JOB_ITEMS_MAX = 20 };

struct job {
    const struct sim *sim;
    const struct brief *brief;
    struct arena *arena;
    uint64_t key;       /* of the request, with its sample unless the temperature is 0 */
    uint64_t favourite; /* of the question alone: which wording the model prefers */
    double temperature;
    bool small; /* a small model: misses twice as often, says less */
    bool follows[SIM_RULE_COUNT];
    bool defects[SIM_DEFECT_COUNT];
    enum sim_language language;
    bool polite;
    size_t tight; /* how many sentences must go, to fit a length */

    struct view title;              /* as the answer calls it */
    struct view values[SLOT_COUNT]; /* in the answer's language; ptr NULL: not known */
    bool stock;
    struct view plot;
    struct view appeal;

    struct point points[JOB_POINTS_MAX];
    size_t point_count;
    struct item items[JOB_ITEMS_MAX];
    size_t item_count;
    bool failed; /* memory ran out */
};

/* What this sample follows and gets wrong, and in which language and register it speaks. */
void job_plan(struct job *job);

/* A generator for one purpose of this answer. */
struct rng job_rng(const struct job *job, const char *purpose);

/* The values it speaks of. */
void job_resolve(struct job *job);

/* The value of a slot for some other title, in the answer's language (what the table knows). */
struct view job_title_value(struct job *job, const struct title *title, enum slot slot);

/* A title as text shows it: 『…』 in Japanese. */
struct view job_show_title(struct job *job, struct view name);

/* ---- saying --------------------------------------------------------------------------------- */

struct filling {
    const char *name;
    struct view value;
};

/* A sentence of that kind with the job's values and the further fillings; empty where a slot of
 * it stays empty. */
struct view job_say(struct job *job, enum phrase kind, const struct filling *more, size_t count);

/* Appends a sentence as a point; nothing where it is empty. */
void job_add(struct job *job, enum rank rank, enum slot slot, struct view text);

/* Formatted text in the arena; sets failed and gives "" when memory ran out. */
struct view job_text(struct job *job, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- the whole ------------------------------------------------------------------------------ */

/* The sentences of the answer. */
void job_compose(struct job *job);

/* False where the text holds something that was forbidden, and that is followed. */
bool job_may_say(const struct job *job, struct view text);

/* The prose of all points up to that rank, with or without the recommended items. */
void job_prose(const struct job *job, enum rank up_to, bool items, struct strbuf *out);

/* The whole answer, within the length that was asked for. */
void job_render(struct job *job, struct strbuf *out);

/* The same as one JSON object. */
void job_render_json(struct job *job, struct strbuf *out);

/* Applies the defects that work on finished text. */
void job_damage(struct job *job, struct strbuf *out);

#endif
