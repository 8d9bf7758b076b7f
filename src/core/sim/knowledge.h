/* SPDX-License-Identifier: Apache-2.0
 *
 * knowledge: the simulated model's tables of manga titles and of what questions can be about.
 *
 * Pure, constant tables. Threads: no state. */
#ifndef ASSAY_CORE_SIM_KNOWLEDGE_H
#define ASSAY_CORE_SIM_KNOWLEDGE_H

#include "base/view.h"
#include "core/sim/words.h"

enum title_group { TITLE_ACTION, TITLE_THRILLER, TITLE_SPORTS, TITLE_DRAMA, TITLE_LIFE };

struct title {
    const char *name[2]; /* by enum sim_language */
    const char *also;    /* other spellings, separated by | */
    const char *author[2];
    int volumes; /* of a finished series; 0: it still runs */
    enum title_group group;
    const char *genre[2];
    const char *plot[2];
    const char *appeal[2];
};

/* All titles. */
const struct title *titles(size_t *ret_count);

/* The title of exactly that name, in any spelling; NULL for none. */
const struct title *title_named(struct view name);

/* The first title that the text names from `from` on; NULL for none. Where two start at the same
 * place the longer spelling wins. */
const struct title *title_in(struct view text, size_t from, size_t *ret_at, size_t *ret_end);

/* JSON types that a key can be asked to have. */
enum slot_type {
    SLOT_UNSTATED,
    SLOT_STRING,
    SLOT_NUMBER,
    SLOT_LIST,
    SLOT_BOOL,
    SLOT_OBJECTS, /* a list of objects */
};

/* What makes a "Key: value" line a fact. */
enum slot_need { SLOT_NEEDS_NONE, SLOT_NEEDS_TEXT, SLOT_NEEDS_DIGIT, SLOT_NEEDS_STOCK };

enum slot {
#define SLOT(name, type, need, names_en, names_ja) SLOT_##name,
#include "core/sim/slots.def"
#undef SLOT
    SLOT_COUNT,
};

struct slot_row {
    enum slot_type type;
    enum slot_need need;
    const char *names[2]; /* by enum sim_language, separated by | */
};

const struct slot_row *slot_row(enum slot slot);

/* True for what a prompt can state: a price, yes, a reason, no. */
bool slot_is_fact(enum slot slot);

/* The slot of that name: exact, without case, _ and - as spaces; SLOT_OTHER for none. */
enum slot slot_named(struct view name);

/* The same, and where no name fits whole, by the last word of the name, then by its first. */
enum slot slot_like(struct view name);

#endif
