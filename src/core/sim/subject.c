/* SPDX-License-Identifier: Apache-2.0
 *
 * subject: what a question is about: its kind, its title or order; see brief.h. */
#include "core/sim/brief.h"

enum need { NEED_ANYWHERE, NEED_SHOP };

static const struct {
    const char *word;
    enum need where;
    const char *words[2]; /* by enum sim_language */
} intents[] = {
#define INTENT(name, word, where, words_en, words_ja) {word, NEED_##where, {words_en, words_ja}},
#include "core/sim/intents.def"
#undef INTENT
};

static const char SHOP_WORDS[] =
    "manga|comic*|bookshop|bookstore|volume|volumes|mangaassist|マンガ|漫画|コミック|書店|作品|巻";

const char *intent_word(enum intent intent)
{
    assert_always(intent < INTENT_COUNT);
    return intent == INTENT_GENERIC ? "other" : intents[intent].word;
}

/* ---- the title ------------------------------------------------------------------------------ */

/* A quotation that could be a title: "Blue Period", 「推しの子」. */
static struct view quoted_title(struct view text)
{
    enum { TITLE_MAX_BYTES = 90 };
    struct view inside;
    size_t at;
    size_t end = 0;

    while (words_quoted(text, end, text.len, &inside, &at, &end))
        if (inside.len <= TITLE_MAX_BYTES && inside.ptr[-1] != '`')
            return inside;
    return (struct view){NULL, 0};
}

/* A title that the prompt states outside of documents: "Title: …". */
static struct view stated_title(const struct brief *brief)
{
    for (size_t i = brief->facts.count; i > 0; i--) {
        const struct fact *fact = &brief->facts.items[i - 1];
        if (fact->slot == SLOT_TITLE && !fact->given)
            return fact->value;
    }
    return (struct view){NULL, 0};
}

/* A title that documents state and the question names. */
static struct view documented_title(const struct brief *brief)
{
    struct view title;

    for (size_t i = 0; (title = facts_title(&brief->facts, i)).ptr != NULL; i++)
        if (title.len >= 2 && view_find(brief->question, title, 0) < brief->question.len)
            return title;
    return (struct view){NULL, 0};
}

static void find_title(struct brief *brief)
{
    size_t at;
    size_t end;

    brief->title = title_in(brief->question, 0, &at, &end);
    if (brief->title != NULL) {
        brief->subject = view_slice(brief->question, at, end);
        return;
    }
    brief->subject = documented_title(brief);
    if (brief->subject.len == 0)
        brief->subject = stated_title(brief);
    if (brief->subject.len == 0)
        brief->subject = quoted_title(brief->question);
    if (brief->subject.len == 0 && facts_title(&brief->facts, 1).ptr == NULL)
        brief->subject = facts_title(&brief->facts, 0);
    brief->title = title_named(brief->subject);
}

/* ---- the order ------------------------------------------------------------------------------ */

/* "#12345", "MA-20451", "A1029": letters, digits and hyphens with at least four digits. */
static struct view order_in(struct view text)
{
    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        size_t digits = 0;
        while (end < text.len) {
            char c = text.ptr[end];
            bool digit = c >= '0' && c <= '9';
            if (!digit && c != '-' && !(c >= 'A' && c <= 'Z'))
                break;
            digits += digit;
            end++;
        }
        if (digits >= 4 && text.ptr[end - 1] != '-')
            return view_slice(text, at, end);
        at = end > at ? end : at + 1;
    }
    return (struct view){NULL, 0};
}

/* ---- the rest ------------------------------------------------------------------------------- */

static bool is_about_the_shop(const struct brief *brief)
{
    return brief->title != NULL || brief->subject.len != 0 || words_any(brief->lowered, SHOP_WORDS);
}

/* Is one of the words there? Words joined by & must all be. */
static bool has_any(struct view lowered, const char *words)
{
    struct view rest = view_of(words);

    while (rest.ptr != NULL) {
        struct view all = view_split(&rest, '|');
        bool found = all.len != 0;
        while (all.ptr != NULL && found) {
            size_t at;
            size_t end;
            found = words_find(lowered, view_split(&all, '&'), 0, lowered.len, &at, &end);
        }
        if (found)
            return true;
    }
    return false;
}

static enum intent intent_of(struct view lowered, bool shop)
{
    for (int i = 0; i < INTENT_GENERIC; i++)
        if ((intents[i].where == NEED_ANYWHERE || shop)
            && (has_any(lowered, intents[i].words[SIM_EN])
                || has_any(lowered, intents[i].words[SIM_JA])))
            return (enum intent)i;
    return INTENT_GENERIC;
}

/* "You are MangaAssist, …", 「あなたは「マンガ案内」です」. */
static struct view persona_in(struct view text)
{
    static const char *const leads[] = {"You are ", "Your name is ", "you are called "};
    size_t at;
    size_t end;
    struct view inside;

    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        size_t from = view_find(text, view_of(leads[i]), 0);
        if (from == text.len)
            continue;
        from += strlen(leads[i]);
        end = from;
        while (end < text.len && end - from < 40 && text.ptr[end] != ',' && text.ptr[end] != '.'
               && text.ptr[end] != '\n' && text.ptr[end] != ';' && text.ptr[end] != ' ')
            end++;
        struct view name = view_slice(text, from, end);
        if (name.len > 1 && name.ptr[0] >= 'A' && name.ptr[0] <= 'Z' && !view_is(name, "An"))
            return name;
    }
    size_t you = view_find(text, view_of("あなたは"), 0);
    if (you == text.len)
        return (struct view){NULL, 0};
    size_t sentence = words_sentence_end(text, you);
    if (words_quoted(text, you, sentence, &inside, &at, &end))
        return inside;
    for (at = you; at < sentence && !(text.ptr[at] >= 'A' && text.ptr[at] <= 'Z'); at++)
        continue;
    for (end = at; end < sentence && (unsigned char)text.ptr[end] < 0x80 && text.ptr[end] != ' ';
         end++)
        continue;
    return view_slice(text, at, end);
}

void brief_read_subject(struct brief *brief)
{
    find_title(brief);
    brief->order = order_in(brief->question);
    if (brief->order.len == 0)
        brief->order = facts_get(&brief->facts, SLOT_ORDER, (struct view){NULL, 0});
    brief->persona = persona_in(brief->instructions);

    bool shop = is_about_the_shop(brief);
    brief->intent = intent_of(brief->question_lowered, shop);
    if (brief->intent == INTENT_GENERIC) { /* the task may stand around the question */
        enum intent wider = intent_of(brief->message_lowered, shop);
        if (wider != INTENT_GREETING && wider != INTENT_SECRET && wider != INTENT_JAPANESE_QUERY)
            brief->intent = wider;
    }
    if (brief->intent == INTENT_GENERIC && brief->title != NULL)
        brief->intent = INTENT_PRODUCT_LOOKUP;
    if (brief->intent == INTENT_JAPANESE_QUERY && brief->question_language != SIM_JA)
        brief->intent = brief->title != NULL ? INTENT_PRODUCT_LOOKUP : INTENT_GENERIC;
}
