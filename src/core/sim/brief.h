/* SPDX-License-Identifier: Apache-2.0
 *
 * brief: what a prompt says, as the simulated model reads it: which instructions it gives and with
 * which arguments, what the customer asks, which facts and documents it brings.
 *
 * Instructions are looked for in the system prompt and in the user's messages, never inside
 * documents (<documents>, <context>, …, or what stands under a line such as "Documents:"). The
 * last one of a kind wins.
 * Pure. Memory: the caller's arena. Threads: no state. Limits: the first 64 KiB outside of
 * documents are searched for instructions, the first 256 KiB of documents for facts. */
#ifndef ASSAY_CORE_SIM_BRIEF_H
#define ASSAY_CORE_SIM_BRIEF_H

#include "base/arena.h"
#include "core/sim/facts.h"
#include "core/sim/settings.h"
#include "provider/chat.h"

enum {
    BRIEF_INSTRUCTIONS_MAX_BYTES = 64 * 1024,
    BRIEF_DOCUMENTS_MAX_BYTES = 256 * 1024,
    BRIEF_KEYS_MAX = 32,
    BRIEF_PARTS_MAX = 8,
    BRIEF_WORDS_MAX = 16,
};

enum intent {
#define INTENT(name, word, where, words_en, words_ja) INTENT_##name,
#include "core/sim/intents.def"
#undef INTENT
    INTENT_GENERIC,
    INTENT_COUNT,
};

/* "order_status", …; "other" for INTENT_GENERIC. */
const char *intent_word(enum intent intent);

/* The variants in patterns.def. */
enum detail {
    DETAIL_PLAIN,
    DETAIL_CUSTOMER, /* of LANGUAGE */
    DETAIL_JAPANESE,
    DETAIL_ENGLISH,
    DETAIL_AFTER, /* of KEYS, FORBID: where the arguments stand */
    DETAIL_BEFORE,
    DETAIL_QUOTED, /* of MENTION, BEGIN, END */
    DETAIL_QUOTED_BEFORE,
    DETAIL_LISTED,
    DETAIL_NUMBERED,   /* of LIST */
    DETAIL_CHARACTERS, /* of LENGTH */
    DETAIL_WORDS,
    DETAIL_SENTENCES,
    DETAIL_BRIEF,
    DETAIL_FRIENDLY, /* of TONE */
    DETAIL_FORMAL,
};

/* A key of the JSON asked for; of a list of objects also the keys of those. */
struct brief_part {
    struct view name;
    enum slot slot;
    enum slot_type type;
};

struct brief_key {
    struct brief_part self;
    struct brief_part parts[BRIEF_PARTS_MAX];
    size_t part_count;
};

struct brief_words {
    struct view items[BRIEF_WORDS_MAX];
    size_t count;
};

struct brief {
    struct view system;
    struct view instructions; /* all that is no document; what is searched, lowered */
    struct view lowered;
    struct view documents;
    struct view question; /* what the customer asks, without documents */
    struct view question_lowered;
    struct view message_lowered; /* the whole last message, without documents */
    enum sim_language question_language;
    enum sim_language own_language; /* what it answers in where no instruction says */
    enum intent intent;
    struct view subject;       /* the title asked about, as the prompt spells it; empty: none */
    const struct title *title; /* that title where it is known */
    struct view order;         /* the order number asked about */
    struct view persona;
    struct view
        prefill; /* the start of the answer that the caller gave, of a last assistant message */

    bool wants[SIM_RULE_COUNT];
    enum detail language;
    enum detail tone;
    bool numbered;
    bool is_brief;
    uint32_t named_facts;  /* bit per slot: asked for by an instruction */
    uint32_t asked_facts;  /* bit per slot: asked for in the question */
    size_t characters_max; /* 0: no limit */
    size_t words_max;
    size_t sentences_max;
    size_t number;
    struct view begin;
    struct view end;
    struct brief_words mention;
    struct brief_words forbid;
    struct brief_key keys[BRIEF_KEYS_MAX];
    size_t key_count;
    struct facts facts;
};

/* Reads a chat. ERR_MEMORY only. */
MUST_CHECK int brief_read(const struct chat *chat, struct arena *arena, struct brief **ret_brief);

/* Steps of it. */
void brief_read_instructions(struct brief *brief);
/* The keys named in the instructions from `from` on (to `to` at the most), or before it. */
void brief_read_keys(struct brief *brief, size_t from, size_t to);
void brief_read_keys_before(struct brief *brief, size_t from, size_t to);
/* The keys of an example object {"title": "…", "price": 0} in the instructions. */
void brief_read_skeleton(struct brief *brief);
/* What a prompt is about: intent, subject, languages. */
void brief_read_subject(struct brief *brief);

#endif
