/* SPDX-License-Identifier: Apache-2.0
 *
 * resolve: the values an answer speaks of: facts of the prompt put into the answer's language, the
 * model's own knowledge, or inventions where nothing holds it to the facts; see job.h. */
#include "core/sim/job.h"

#include "base/utf8.h"

enum { SHORT_MAX_BYTES = 200 };

static struct view in_language(const struct job *job, const char *const texts[2])
{
    return view_of(texts[job->language]);
}

struct view job_show_title(struct job *job, struct view name)
{
    return job->language == SIM_JA ? job_text(job, "『%.*s』", VIEW_ARG(name)) : name;
}

/* ---- facts into the answer's language ------------------------------------------------------- */

static struct view digits_of(struct view text)
{
    size_t from = 0;
    size_t to;

    while (from < text.len && (text.ptr[from] < '0' || text.ptr[from] > '9'))
        from++;
    for (to = from; to < text.len; to++) {
        char c = text.ptr[to];
        if (c == ',' || c == '.') {
            if (to + 1 == text.len || text.ptr[to + 1] < '0' || text.ptr[to + 1] > '9')
                break;
        } else if (c < '0' || c > '9') {
            break;
        }
    }
    return view_slice(text, from, to);
}

static bool holds(struct view text, const char *word)
{
    return view_find(text, view_of(word), 0) < text.len;
}

static struct view local_price(struct job *job, struct view fact)
{
    struct view number = digits_of(fact);

    if (number.len == 0)
        return fact;
    if (holds(fact, "$") || holds(fact, "dollar") || holds(fact, "ドル") || holds(fact, "USD"))
        return job->language == SIM_JA ? job_text(job, "%.*sドル", VIEW_ARG(number))
                                       : job_text(job, "$%.*s", VIEW_ARG(number));
    if (holds(fact, "円") || holds(fact, "¥") || holds(fact, "yen") || holds(fact, "JPY")
        || number.len == fact.len)
        return job->language == SIM_JA ? job_text(job, "%.*s円", VIEW_ARG(number))
                                       : job_text(job, "%.*s yen", VIEW_ARG(number));
    return fact;
}

static struct view local_stock(struct job *job, struct view fact)
{
    static const char *const none[2] = {"out of stock", "在庫切れ"};
    static const char *const some[2] = {"in stock", "在庫あり"};
    struct view number = digits_of(fact);

    job->stock = facts_stock(fact) != 0;
    if (!job->stock)
        return in_language(job, none);
    if (number.len != 0 && !view_is(number, "1"))
        return job->language == SIM_JA ? job_text(job, "在庫あり（%.*s冊）", VIEW_ARG(number))
                                       : job_text(job, "in stock (%.*s copies)", VIEW_ARG(number));
    return in_language(job, some);
}

/* Words for the states of an order. */
static const struct {
    const char *words;
    const char *shown[2];
} states[] = {
    {"out for delivery|配達中", {"out for delivery", "配達中"}},
    {"shipped|dispatched|発送済*|出荷済*|発送しました", {"shipped", "発送済み"}},
    {"in transit|輸送中|配送中", {"in transit", "配送中"}},
    {"processing|preparing|準備中|処理中", {"being prepared", "準備中"}},
    {"delivered|配達済*|お届け済*|配達完了", {"delivered", "配達済み"}},
    {"delayed|遅延|遅れ", {"delayed", "遅延"}},
    {"cancelled|canceled|キャンセル", {"cancelled", "キャンセル済み"}},
    {"returned|返品", {"returned", "返品済み"}},
    {"awaiting payment|入金待ち|支払い待ち", {"awaiting payment", "入金待ち"}},
};

enum { STATES = sizeof states / sizeof states[0] };

static struct view local_status(struct job *job, struct view fact)
{
    struct view lowered = words_lower(job->arena, fact);

    if (lowered.ptr == NULL) {
        job->failed = true;
        return fact;
    }
    for (size_t i = 0; i < STATES; i++)
        if (words_any(lowered, states[i].words))
            return in_language(job, states[i].shown);
    return fact;
}

/* 2026-03-14 as a person writes it; anything else as it stands. */
static struct view local_date(struct job *job, struct view fact)
{
    int64_t month;
    int64_t day;

    if (fact.len != 10 || fact.ptr[4] != '-' || fact.ptr[7] != '-' || job->language != SIM_JA)
        return fact;
    if (view_to_int(view_slice(fact, 5, 7), &month) != 0
        || view_to_int(view_slice(fact, 8, 10), &day) != 0)
        return fact;
    return job_text(job, "%.*s年%d月%d日", 4, fact.ptr, (int)month, (int)day);
}

static struct view localised(struct job *job, enum slot slot, struct view fact)
{
    if (slot == SLOT_PRICE)
        return local_price(job, fact);
    if (slot == SLOT_STOCK)
        return local_stock(job, fact);
    if (slot == SLOT_STATUS)
        return local_status(job, fact);
    if (slot == SLOT_VOLUMES && digits_of(fact).len != 0)
        return digits_of(fact);
    if (slot == SLOT_DELIVERY || slot == SLOT_RELEASE)
        return local_date(job, fact);
    if (slot == SLOT_AUTHOR && job->brief->title != NULL) {
        const struct title *title = job->brief->title;
        for (int i = 0; i < 2; i++)
            if (view_is(fact, title->author[i]))
                return in_language(job, title->author);
    }
    return fact;
}

/* ---- inventions ----------------------------------------------------------------------------- */

static struct view invent_price(struct job *job, struct rng *rng, struct view fact)
{
    static const int prices[] = {385, 418, 462, 506, 594, 649, 693, 748, 792, 836, 891, 957};
    int price = prices[rng_below(rng, sizeof prices / sizeof prices[0])];
    struct view text = job_text(job, "%d", price);

    if (view_equal(digits_of(fact), text))
        text = job_text(job, "%d", price + 99);
    return local_price(job, text);
}

static struct view invent_volumes(struct job *job, struct rng *rng, struct view fact)
{
    int64_t known = 12;

    if (digits_of(fact).len != 0 && view_to_int(digits_of(fact), &known) != 0)
        known = 12;
    return job_text(job, "%d", (int)known + 2 + (int)rng_below(rng, 9));
}

static struct view invent_status(struct job *job, struct rng *rng, struct view fact)
{
    struct view stated = local_status(job, fact);
    size_t pick = (size_t)rng_below(rng, STATES);

    if (view_equal(in_language(job, states[pick].shown), stated))
        pick = (pick + 1) % STATES;
    return in_language(job, states[pick].shown);
}

static struct view invent(struct job *job, enum slot slot, struct view fact)
{
    static const char *const carriers[2] = {"a local courier", "地元の配送業者"};
    static const char *const months[] = {"January", "March",   "April",
                                         "June",    "October", "November"};
    static const int month_numbers[] = {1, 3, 4, 6, 10, 11};
    char purpose[32];
    size_t count;
    const struct title *rows = titles(&count);

    snprintf(purpose, sizeof purpose, "invent %d", (int)slot);
    struct rng rng = job_rng(job, purpose);
    size_t month = (size_t)rng_below(&rng, 6);
    int day = 1 + (int)rng_below(&rng, 28);
    switch ((int)slot) {
    case SLOT_PRICE:
        return invent_price(job, &rng, fact);
    case SLOT_VOLUMES:
        return invent_volumes(job, &rng, fact);
    case SLOT_STATUS:
        return invent_status(job, &rng, fact);
    case SLOT_STOCK:
        return local_stock(job, facts_stock(fact) == 1 ? view_of("sold out") : view_of("in stock"));
    case SLOT_DELIVERY:
    case SLOT_RELEASE:
        return job->language == SIM_JA ? job_text(job, "%d月%d日", month_numbers[month], day)
                                       : job_text(job, "%s %d", months[month], day);
    case SLOT_AUTHOR:
        return in_language(job, rows[rng_below(&rng, count)].author);
    case SLOT_GENRE:
        return in_language(job, rows[rng_below(&rng, count)].genre);
    case SLOT_CARRIER:
        return in_language(job, carriers);
    case SLOT_TRACKING:
        return job_text(job, "%04d-%04d", (int)rng_below(&rng, 10000), (int)rng_below(&rng, 10000));
    default:
        return fact;
    }
}

/* ---- one value ------------------------------------------------------------------------------ */

struct view job_title_value(struct job *job, const struct title *title, enum slot slot)
{
    if (title == NULL)
        return (struct view){NULL, 0};
    if (slot == SLOT_TITLE)
        return in_language(job, title->name);
    if (slot == SLOT_AUTHOR)
        return in_language(job, title->author);
    if (slot == SLOT_GENRE)
        return in_language(job, title->genre);
    if (slot == SLOT_VOLUMES && title->volumes > 0)
        return job_text(job, "%d", title->volumes);
    return (struct view){NULL, 0};
}

static bool may_be_invented(enum slot slot)
{
    static const enum slot slots[] = {SLOT_PRICE,    SLOT_VOLUMES, SLOT_STOCK,   SLOT_STATUS,
                                      SLOT_DELIVERY, SLOT_RELEASE, SLOT_CARRIER, SLOT_TRACKING};

    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        if (slots[i] == slot)
            return true;
    return false;
}

/* Where nothing holds the model to what was given: facts of the prompt are passed over now and
 * then, what it neither was given nor knows is made up. */
static bool invents(struct job *job, enum slot slot, bool stated, bool known)
{
    char purpose[32];

    if (job->follows[SIM_RULE_GROUNDED] || !may_be_invented(slot))
        return false;
    if (job->defects[SIM_DEFECT_HALLUCINATION] || (!stated && !known))
        return true;
    snprintf(purpose, sizeof purpose, "ungrounded %d", (int)slot);
    struct rng rng = job_rng(job, purpose);
    return stated && rng_unit(&rng) < job->sim->profile.ungrounded;
}

static struct view resolve(struct job *job, enum slot slot)
{
    const struct brief *brief = job->brief;
    bool of_order = slot == SLOT_STATUS || slot == SLOT_DELIVERY || slot == SLOT_CARRIER
                    || slot == SLOT_TRACKING;
    struct view fact = facts_get(&brief->facts, slot, of_order ? brief->order : brief->subject);
    struct view known = job_title_value(job, brief->title, slot);
    bool strict = job->follows[SIM_RULE_GROUNDED] && view_trim(brief->documents).len != 0;

    if (invents(job, slot, fact.len != 0, known.len != 0))
        return invent(job, slot, fact.len != 0 ? fact : known);
    if (fact.len != 0)
        return localised(job, slot, view_slice(fact, 0, SHORT_MAX_BYTES));
    return strict && slot == SLOT_VOLUMES ? (struct view){NULL, 0} : known;
}

/* How the answer calls the title: in its own language, with the prompt's spelling where that
 * differs. */
static struct view shown_title(struct job *job)
{
    static const char *const unnamed[2] = {"this series", "この作品"};
    const struct brief *brief = job->brief;

    if (brief->subject.len == 0 || !job->follows[SIM_RULE_TITLE])
        return in_language(job, unnamed);
    if (brief->title == NULL)
        return job_show_title(job, brief->subject);
    struct view own = in_language(job, brief->title->name);
    if (view_equal_nocase(own, brief->subject))
        return job_show_title(job, own);
    return job->language == SIM_JA
               ? job_text(job, "『%.*s（%.*s）』", VIEW_ARG(own), VIEW_ARG(brief->subject))
               : job_text(job, "%.*s (%.*s)", VIEW_ARG(own), VIEW_ARG(brief->subject));
}

void job_resolve(struct job *job)
{
    static const char *const plot[2] = {
        "a young hero who finds friends on a long journey",
        "仲間と出会いながら長い旅をする主人公の物語",
    };
    static const char *const appeal[2] = {"lively characters", "生き生きとした登場人物"};
    const struct title *title = job->brief->title;

    job->title = shown_title(job);
    for (int slot = SLOT_AUTHOR; slot < SLOT_SUMMARY; slot++)
        job->values[slot] = resolve(job, (enum slot)slot);
    job->values[SLOT_ORDER] = job->brief->order;
    job->values[SLOT_TITLE] = job->title;
    job->plot = title != NULL ? in_language(job, title->plot) : in_language(job, plot);
    job->appeal = title != NULL ? in_language(job, title->appeal) : in_language(job, appeal);
}
