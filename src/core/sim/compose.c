/* SPDX-License-Identifier: Apache-2.0
 *
 * compose: the sentences of an answer, by the kind of question; see job.h. */
#include "core/sim/job.h"

#include "base/utf8.h"

enum { ITEMS_UNSTATED = 2, CONTENT_MAX = 6, SECRET_MAX_BYTES = 400, LINE_MAX_BYTES = 400 };

static const struct {
    enum slot slot;
    enum phrase phrase;
} said_slots[] = {
    {SLOT_AUTHOR, PHRASE_AUTHOR},   {SLOT_GENRE, PHRASE_GENRE},
    {SLOT_VOLUMES, PHRASE_VOLUMES}, {SLOT_PRICE, PHRASE_PRICE},
    {SLOT_STOCK, PHRASE_STOCK},     {SLOT_PUBLISHER, PHRASE_PUBLISHER},
    {SLOT_RELEASE, PHRASE_RELEASE}, {SLOT_AGE, PHRASE_AGE},
    {SLOT_STATUS, PHRASE_STATUS},   {SLOT_DELIVERY, PHRASE_DELIVERY},
    {SLOT_CARRIER, PHRASE_CARRIER}, {SLOT_TRACKING, PHRASE_TRACKING},
};

enum { SAID_SLOTS = sizeof said_slots / sizeof said_slots[0] };

static void say(struct job *job, enum rank rank, enum phrase kind)
{
    job_add(job, rank, SLOT_OTHER, job_say(job, kind, NULL, 0));
}

/* ---- facts ---------------------------------------------------------------------------------- */

static struct view slot_word(const struct job *job, enum slot slot)
{
    struct view names = view_of(slot_row(slot)->names[job->language]);

    return view_split(&names, '|');
}

/* The sentence about one slot; where the value is missing, that it is. */
static void say_slot(struct job *job, enum rank rank, enum slot slot)
{
    for (size_t i = 0; i < SAID_SLOTS; i++) {
        if (said_slots[i].slot != slot)
            continue;
        if (job->values[slot].len != 0) {
            job_add(job, rank, slot, job_say(job, said_slots[i].phrase, NULL, 0));
            return;
        }
        struct view name = job->brief->intent == INTENT_ORDER_STATUS
                               ? view_of(job->language == SIM_JA ? "ご注文" : "your order")
                               : job->title;
        const struct filling more[] = {{"slot", slot_word(job, slot)}, {"title", name}};
        job_add(job, rank, slot, job_say(job, PHRASE_UNKNOWN, more, 2));
    }
}

/* The slots that instructions or the question ask for, but those said already. */
static void say_asked(struct job *job, uint32_t said)
{
    uint32_t asked = job->brief->asked_facts;
    uint32_t named = job->follows[SIM_RULE_FACTS] ? job->brief->named_facts : 0;

    for (size_t i = 0; i < SAID_SLOTS; i++) {
        enum slot slot = said_slots[i].slot;
        uint32_t bit = 1u << slot;
        if ((said & bit) != 0 || ((asked | named) & bit) == 0)
            continue;
        if (job->values[slot].len == 0 && (asked & bit) == 0)
            continue; /* "always state the price": only where there is one */
        say_slot(job, RANK_WANTED, slot);
    }
}

static void compose_price(struct job *job)
{
    say_slot(job, RANK_NEEDED, SLOT_PRICE);
    say_asked(job, 1u << SLOT_PRICE);
    say(job, RANK_EXTRA, PHRASE_OTHER_SHOPS); /* unless a prohibition takes it out */
}

static void compose_lookup(struct job *job)
{
    bool known = job->values[SLOT_AUTHOR].len != 0;
    uint32_t said = known ? 1u << SLOT_AUTHOR : 0;

    job_add(job, RANK_NEEDED, SLOT_TITLE,
            job_say(job, known ? PHRASE_INTRODUCE : PHRASE_INTRODUCE_BARE, NULL, 0));
    if (job->values[SLOT_STOCK].len != 0 && !(job->brief->named_facts & (1u << SLOT_STOCK))) {
        say_slot(job, RANK_WANTED, SLOT_STOCK);
        said |= 1u << SLOT_STOCK;
    }
    say_asked(job, said);
}

static void compose_order(struct job *job)
{
    struct view stated = facts_get(&job->brief->facts, SLOT_STATUS, job->brief->order);

    if (stated.len == 0 && job->follows[SIM_RULE_GROUNDED]) {
        say(job, RANK_NEEDED, PHRASE_ORDER_UNKNOWN);
        return;
    }
    say_slot(job, RANK_NEEDED, SLOT_STATUS);
    say_asked(job, 1u << SLOT_STATUS);
}

/* ---- titles --------------------------------------------------------------------------------- */

static void add_item(struct job *job, struct view name, const struct title *title)
{
    struct item *item = &job->items[job->item_count];
    struct view appeal = title != NULL ? view_of(title->appeal[job->language]) : job->appeal;
    const struct filling more[] = {{"appeal", appeal}};

    if (job->item_count == JOB_ITEMS_MAX)
        return;
    *item = (struct item){.name = name, .title = title};
    job->item_count++;
    if (job->follows[SIM_RULE_REASON])
        item->reason = job_say(job, PHRASE_ITEM_REASON, more, 1);
}

static bool is_item(const struct job *job, struct view name)
{
    for (size_t i = 0; i < job->item_count; i++)
        if (view_equal_nocase(job->items[i].name, name))
            return true;
    return false;
}

/* Titles that the documents name, other than the one asked about. */
static void items_of_documents(struct job *job, size_t wanted)
{
    struct view name;

    for (size_t i = 0; (name = facts_title(&job->brief->facts, i)).ptr != NULL; i++) {
        const struct title *title = title_named(name);
        struct view shown = title != NULL ? view_of(title->name[job->language]) : name;
        bool subject = view_equal_nocase(name, job->brief->subject)
                       || (title != NULL && title == job->brief->title);
        if (job->item_count < wanted && !subject && !is_item(job, shown))
            add_item(job, shown, title);
    }
}

/* Titles of the table: those of the same group first. */
static void items_of_table(struct job *job, size_t wanted)
{
    size_t count;
    const struct title *rows = titles(&count);
    struct rng rng;

    rng_init_named(&rng, job->favourite, view_of("items"));
    size_t start = (size_t)rng_below(&rng, count);
    enum title_group group =
        job->brief->title != NULL ? job->brief->title->group : rows[start].group;
    for (int same = 1; same >= 0; same--)
        for (size_t i = 0; i < count && job->item_count < wanted; i++) {
            const struct title *title = &rows[(start + i) % count];
            if (title != job->brief->title && (title->group == group) == (same == 1))
                add_item(job, view_of(title->name[job->language]), title);
        }
}

/* Sampling noise: neighbours change places. */
static void shuffle_items(struct job *job)
{
    struct rng rng = job_rng(job, "order of items");

    for (size_t i = 0; i + 1 < job->item_count; i++)
        if (rng_unit(&rng) < 0.5 * job->sim->profile.wording * job->temperature) {
            struct item swapped = job->items[i];
            job->items[i] = job->items[i + 1];
            job->items[i + 1] = swapped;
            i++;
        }
}

static void compose_recommendation(struct job *job)
{
    size_t wanted = job->follows[SIM_RULE_NUMBER] ? job->brief->number : ITEMS_UNSTATED;
    bool documented = facts_title(&job->brief->facts, 0).ptr != NULL;

    if (wanted > JOB_ITEMS_MAX)
        wanted = JOB_ITEMS_MAX;
    items_of_documents(job, wanted);
    if (!documented || !job->follows[SIM_RULE_GROUNDED])
        items_of_table(job, wanted);
    shuffle_items(job);
    say(job, RANK_NEEDED, job->brief->subject.len != 0 ? PHRASE_RECOMMEND : PHRASE_RECOMMEND_BARE);
    for (size_t i = 0; i < job->item_count; i++) {
        const struct item *item = &job->items[i];
        const struct filling more[] = {{"item", job_show_title(job, item->name)}};
        struct view named = job_say(job, PHRASE_ITEM, more, 1);
        const char *gap = job->language == SIM_JA ? "" : " ";
        if (item->reason.len != 0)
            named = job_text(job, "%.*s%s%.*s", VIEW_ARG(named), gap, VIEW_ARG(item->reason));
        job_add(job, RANK_NEEDED, SLOT_ITEMS, named);
        job->points[job->point_count - 1].item = true;
    }
}

static void compose_summary(struct job *job)
{
    struct view stated = facts_get(&job->brief->facts, SLOT_SUMMARY, job->brief->subject);

    if (stated.len != 0 && job->brief->title == NULL)
        job_add(job, RANK_NEEDED, SLOT_SUMMARY, view_slice(stated, 0, LINE_MAX_BYTES));
    else
        job_add(job, RANK_NEEDED, SLOT_SUMMARY, job_say(job, PHRASE_PLOT, NULL, 0));
    job_add(job, RANK_WANTED, SLOT_REASON, job_say(job, PHRASE_APPEAL, NULL, 0));
    say_asked(job, 0);
    if (!job->follows[SIM_RULE_SPOILER])
        say(job, RANK_EXTRA, PHRASE_SPOILER);
}

/* ---- other questions ------------------------------------------------------------------------ */

static void compose_greeting(struct job *job)
{
    struct view persona = job->brief->persona;
    const char *unnamed = job->language == SIM_JA ? "アシスタント" : "the shop's assistant";
    const struct filling more[] = {{"persona", persona.len != 0 ? persona : view_of(unnamed)}};

    job_add(job, RANK_NEEDED, SLOT_ANSWER, job_say(job, PHRASE_GREET, more, 1));
    say(job, RANK_WANTED, PHRASE_GREET_MORE);
}

static void compose_secret(struct job *job)
{
    struct view system = utf8_cut(view_trim(job->brief->system), SECRET_MAX_BYTES);
    const struct filling more[] = {{"secret", system}};

    if (job->follows[SIM_RULE_SECRET] || system.len == 0)
        say(job, RANK_NEEDED, PHRASE_SECRET_KEPT);
    else
        job_add(job, RANK_NEEDED, SLOT_ANSWER, job_say(job, PHRASE_SECRET_TOLD, more, 1));
}

/* How many of the words the line holds. */
static size_t overlap(const struct job *job, struct view line, const struct view words[],
                      size_t count)
{
    struct view lowered = words_lower(job->arena, line);
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        struct view word = words_lower(job->arena, words[i]);
        found += lowered.ptr != NULL && word.len != 0 && view_find(lowered, word, 0) < lowered.len;
    }
    return found;
}

/* The document's line that has most of the question's words. */
static struct view best_line(const struct job *job, const struct view words[], size_t count)
{
    struct view documents = view_slice(job->brief->documents, 0, 32 * 1024);
    struct view best = {NULL, 0};
    size_t most = 0;

    for (size_t at = 0; at < documents.len;) {
        size_t end = words_sentence_end(documents, at);
        struct view line = view_trim(view_slice(documents, at, end));
        size_t found = overlap(job, line, words, count);
        if (found > most && line.len <= LINE_MAX_BYTES) {
            most = found;
            best = line;
        }
        at = end;
    }
    return best;
}

static struct view joined(struct job *job, const struct view words[], size_t count)
{
    struct view text = VIEW("");

    for (size_t i = 0; i < count; i++)
        text = i == 0 ? words[0]
                      : job_text(job, "%.*s%s%.*s", VIEW_ARG(text),
                                 job->language == SIM_JA ? "、"
                                 : i + 1 == count        ? " and "
                                                         : ", ",
                                 VIEW_ARG(words[i]));
    return text;
}

static void compose_generic(struct job *job, enum phrase kind)
{
    struct view words[CONTENT_MAX];
    size_t count = words_content(job->brief->question, words, CONTENT_MAX);
    struct view line = best_line(job, words, count);

    if (count == 0) {
        say(job, RANK_NEEDED, PHRASE_GENERIC_BARE);
        return;
    }
    if (line.len != 0)
        job_add(job, RANK_NEEDED, SLOT_ANSWER, line);
    const struct filling more[] = {{"words", joined(job, words, count < 4 ? count : 4)},
                                   {"word", words[0]},
                                   {"other", words[count - 1]}};
    job_add(job, line.len != 0 ? RANK_EXTRA : RANK_NEEDED, SLOT_ANSWER,
            job_say(job, kind, more, 3));
    if (count > 1 && line.len == 0)
        job_add(job, RANK_EXTRA, SLOT_OTHER, job_say(job, PHRASE_GENERIC_MORE, more, 3));
}

static void compose_other(struct job *job)
{
    if (job->follows[SIM_RULE_SCOPE]
        && !words_any(job->brief->question_lowered, "manga|book|books|order|マンガ|漫画|本|注文"))
        say(job, RANK_NEEDED, PHRASE_DECLINE);
    else
        compose_generic(job, PHRASE_GENERIC);
}

static void compose_japanese(struct job *job)
{
    if (job->brief->subject.len == 0) {
        compose_generic(job, PHRASE_CULTURE);
        return;
    }
    job_add(job, RANK_NEEDED, SLOT_SUMMARY, job_say(job, PHRASE_PLOT, NULL, 0));
    job_add(job, RANK_WANTED, SLOT_REASON, job_say(job, PHRASE_APPEAL, NULL, 0));
    say_asked(job, 0);
}

/* ---- around the content --------------------------------------------------------------------- */

static void compose_opening(struct job *job)
{
    bool tight = job->follows[SIM_RULE_LENGTH];

    if (job->follows[SIM_RULE_TONE])
        say(job, RANK_EXTRA, job->brief->tone == DETAIL_FORMAL ? PHRASE_FORMAL : PHRASE_FRIENDLY);
    if (!tight && !job->follows[SIM_RULE_JSON] && job->brief->intent != INTENT_GREETING)
        say(job, RANK_FILLER, PHRASE_CHATTY);
}

/* Small talk: what an answer grows by where nothing keeps it short. */
static void compose_filler(struct job *job)
{
    struct view words[CONTENT_MAX];
    size_t count = words_content(job->brief->question, words, CONTENT_MAX);
    const struct filling more[] = {{"words", joined(job, words, count < 3 ? count : 3)}};

    if (job->brief->intent == INTENT_GENERIC) {
        job_add(job, RANK_FILLER, SLOT_OTHER, job_say(job, PHRASE_FILLER_GENERIC, more, 1));
        return;
    }
    say(job, RANK_FILLER, PHRASE_FILLER);
    if (!job->small)
        say(job, RANK_FILLER, PHRASE_FILLER_MORE);
}

static void compose_closing(struct job *job)
{
    const struct brief *brief = job->brief;

    if (job->follows[SIM_RULE_MENTION] && brief->mention.count != 0) {
        const struct filling more[] = {
            {"words", joined(job, brief->mention.items, brief->mention.count)}};
        job_add(job, RANK_NEEDED, SLOT_KEYWORDS, job_say(job, PHRASE_MENTION, more, 1));
    }
    if (brief->wants[SIM_RULE_FORBID] && !job->follows[SIM_RULE_FORBID]) {
        const struct filling more[] = {
            {"words", joined(job, brief->forbid.items, brief->forbid.count)}};
        job_add(job, RANK_WANTED, SLOT_OTHER, job_say(job, PHRASE_FORBIDDEN, more, 1));
    }
    if (!job->follows[SIM_RULE_LENGTH])
        compose_filler(job);
    if (job->follows[SIM_RULE_QUESTION])
        job_add(job, RANK_WANTED, SLOT_FOLLOW_UP, job_say(job, PHRASE_FOLLOW_UP, NULL, 0));
}

static void compose_content(struct job *job)
{
    switch (job->brief->intent) {
    case INTENT_SECRET:
        compose_secret(job);
        return;
    case INTENT_ORDER_STATUS:
        compose_order(job);
        return;
    case INTENT_PRICE_CHECK:
        compose_price(job);
        return;
    case INTENT_RECOMMENDATION:
        compose_recommendation(job);
        return;
    case INTENT_MANGA_SUMMARY:
        compose_summary(job);
        return;
    case INTENT_PRODUCT_LOOKUP:
        compose_lookup(job);
        return;
    case INTENT_GREETING:
        compose_greeting(job);
        return;
    case INTENT_JAPANESE_QUERY:
        compose_japanese(job);
        return;
    case INTENT_GENERIC:
    case INTENT_COUNT:
        compose_other(job);
        return;
    }
}

/* "Do not mention prices" forbids the sentence about the price, whatever its words. */
static bool is_prohibited(const struct job *job, const struct point *point)
{
    for (size_t i = 0; job->follows[SIM_RULE_FORBID] && i < job->brief->forbid.count; i++) {
        enum slot slot = slot_named(job->brief->forbid.items[i]);
        if (slot != SLOT_OTHER && slot == point->slot)
            return true;
    }
    return !job_may_say(job, point->text);
}

/* Takes out what must not be said, unless nothing would be left. */
static void obey_prohibitions(struct job *job)
{
    size_t kept = 0;

    for (size_t i = 0; i < job->point_count; i++)
        if (!is_prohibited(job, &job->points[i]) || (kept == 0 && i + 1 == job->point_count))
            job->points[kept++] = job->points[i];
    job->point_count = kept;
}

/* Words that name the same thing in the other language: forbidding one forbids both. */
static const struct {
    const char *forbidden;
    const char *said;
} same_things[] = {
    {"other shop*|other store*|competitor*|website*|他店|他社|競合|ほかのサイト|他のサイト",
     "other shop*|他店"},
    {"spoil*|ネタバレ", "spoiler|ネタバレ*"},
};

static bool says(const struct job *job, struct view lowered, struct view forbidden)
{
    struct view word = words_lower(job->arena, forbidden);

    for (size_t i = 0; i < sizeof same_things / sizeof same_things[0]; i++)
        if (word.ptr != NULL && words_any(word, same_things[i].forbidden)
            && words_any(lowered, same_things[i].said))
            return true;
    if (word.len > 4 && word.ptr[word.len - 1] == 's')
        word.len--;
    return word.len != 0 && view_find(lowered, word, 0) < lowered.len;
}

bool job_may_say(const struct job *job, struct view text)
{
    struct view lowered = words_lower(job->arena, text);

    if (!job->follows[SIM_RULE_FORBID] || lowered.ptr == NULL)
        return true;
    for (size_t i = 0; i < job->brief->forbid.count; i++)
        if (says(job, lowered, job->brief->forbid.items[i]))
            return false;
    return true;
}

void job_compose(struct job *job)
{
    compose_opening(job);
    compose_content(job);
    compose_closing(job);
    obey_prohibitions(job);
}
