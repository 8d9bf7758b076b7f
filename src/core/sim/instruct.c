/* SPDX-License-Identifier: Apache-2.0
 *
 * instruct: finds the instructions of a prompt by the table of patterns.def; see brief.h. */
#include "core/sim/brief.h"

struct pattern {
    enum sim_rule rule;
    enum detail detail;
    const char *groups;
};

static const struct pattern patterns[] = {
#define PATTERN(rule, detail, groups) {SIM_RULE_##rule, DETAIL_##detail, groups},
#include "core/sim/patterns.def"
#undef PATTERN
};

enum { GROUP_REACH_BYTES = 60, NEGATION_REACH_BYTES = 24, ARGUMENT_MAX_BYTES = 120 };

static const char NEGATIONS_EN[] = "not|never|don't|don’t|avoid|without|no|nor|cannot|refrain";
static const char NEGATIONS_JA[] = "ない|ません|禁止|せず|避け|なし|不要";

/* One sentence of the instructions under examination, and what a pattern found in it. */
struct match {
    size_t from; /* the sentence */
    size_t to;
    size_t at; /* the match inside it */
    size_t end;
    int64_t number;     /* of a # group */
    struct view quoted; /* of a @ group */
};

static bool is_ascii(struct view text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] >= 0x80)
            return false;
    return true;
}

/* Is what stands at at..end denied: "do not …" before it, 〜ないで after it? */
static bool is_negated(const struct brief *brief, const struct match *match, size_t at, size_t end)
{
    size_t found;
    size_t found_end;
    size_t before =
        at - match->from > NEGATION_REACH_BYTES ? at - NEGATION_REACH_BYTES : match->from;
    size_t after = match->to - end > NEGATION_REACH_BYTES ? end + NEGATION_REACH_BYTES : match->to;

    if (is_ascii(view_slice(brief->lowered, at, end)))
        return words_find(brief->lowered, view_of(NEGATIONS_EN), before, at, &found, &found_end);
    return words_find(brief->lowered, view_of(NEGATIONS_JA), end, after, &found, &found_end);
}

/* A number at or after `from`, not inside a word. */
static bool find_number(const struct brief *brief, size_t from, size_t to, struct match *match,
                        size_t *ret_at, size_t *ret_end)
{
    for (size_t at = from; at < to; at++) {
        char before = at > 0 ? brief->lowered.ptr[at - 1] : ' ';
        bool inside = (before >= '0' && before <= '9') || before == '.';
        if (!inside && words_number(brief->lowered, at, &match->number, ret_end)) {
            *ret_at = at;
            return true;
        }
    }
    return false;
}

static size_t skip_gap(struct view text, size_t at)
{
    while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '-'))
        at++;
    return at;
}

/* Finds one group in from..to; a group after a number must follow it at once. */
static bool find_group(const struct brief *brief, struct view group, size_t from, size_t to,
                       bool at_once, struct match *match, size_t *ret_at, size_t *ret_end)
{
    bool deniable = group.ptr[0] == '!';

    group = view_slice(group, deniable, group.len);
    if (view_is(group, "#"))
        return find_number(brief, from, to, match, ret_at, ret_end);
    if (view_is(group, "@"))
        return words_quoted(brief->instructions, from, to, &match->quoted, ret_at, ret_end)
               && *ret_at <= from + NEGATION_REACH_BYTES;
    if (at_once)
        from = skip_gap(brief->lowered, from);
    while (words_find(brief->lowered, group, from, to, ret_at, ret_end)) {
        if (at_once && *ret_at != from)
            return false;
        if (!deniable || !is_negated(brief, match, *ret_at, *ret_end))
            return true;
        if (at_once)
            return false;
        from = *ret_end;
    }
    return false;
}

/* The groups after the first, each within reach of the one before. */
static bool find_rest(const struct brief *brief, struct view groups, bool after_number,
                      struct match *match)
{
    size_t end = match->end;

    while (groups.ptr != NULL) {
        struct view group = view_split(&groups, ' ');
        size_t at;
        size_t reach = end + GROUP_REACH_BYTES < match->to ? end + GROUP_REACH_BYTES : match->to;
        if (!find_group(brief, group, end, reach, after_number, match, &at, &end))
            return false;
        after_number = view_is(group, "#");
    }
    match->end = end;
    return true;
}

/* Does the pattern match in the sentence, from `from` on? */
static bool find_pattern(const struct brief *brief, const char *groups, size_t from,
                         struct match *match)
{
    struct view rest = view_of(groups);
    struct view first = view_split(&rest, ' ');

    while (from < match->to) {
        size_t at;
        size_t end;
        if (!find_group(brief, first, from, match->to, false, match, &at, &end))
            return false;
        match->at = at;
        match->end = end;
        if (find_rest(brief, rest, view_is(first, "#"), match))
            return true;
        from = end > at ? end : at + 1;
    }
    return false;
}

/* ---- arguments ------------------------------------------------------------------------------ */

static void add_word(struct brief_words *words, struct view word)
{
    word = view_trim(word);
    if (word.len == 0 || word.len > ARGUMENT_MAX_BYTES || words->count == BRIEF_WORDS_MAX)
        return;
    for (size_t i = 0; i < words->count; i++)
        if (view_equal(words->items[i], word))
            return;
    words->items[words->count++] = word;
}

/* All quotations in from..to; false where there is none. */
static bool add_quotations(const struct brief *brief, size_t from, size_t to,
                           struct brief_words *words)
{
    struct view inside;
    size_t at;
    size_t end = from;
    bool any = false;

    while (words_quoted(brief->instructions, end, to, &inside, &at, &end)) {
        add_word(words, inside);
        any = true;
    }
    return any;
}

static size_t argument_end(struct view text, size_t from, size_t to)
{
    static const char *const ends[] = {". ",   ".\n",    "\n",     ";",       "。",    " unless ",
                                       " if ", " when ", " that ", " which ", " but ", " even "};
    struct view part = view_slice(text, 0, to);
    size_t end = to;

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t at = view_find(part, view_of(ends[i]), from);
        if (at < end)
            end = at;
    }
    while (end > from && (text.ptr[end - 1] == '.' || words_is_space(text.ptr[end - 1])))
        end--;
    return end;
}

static bool is_space_word(struct view rest, const char *word)
{
    return view_starts(rest, view_of(word));
}

/* "a, b and c" after the match. */
static void add_listed(const struct brief *brief, size_t from, size_t to, struct brief_words *words)
{
    static const char *const breaks[] = {",", "、", " and ", " or ", "，", " nor "};
    static const char *const leads[] = {":",     "：",     " ",     "the ",    "any ",
                                        "word ", "words ", "term ", "phrase ", "about ",
                                        "a ",    "an ",    "of ",   "and ",    "or "};
    size_t end = argument_end(brief->lowered, from, to);

    while (from < end) {
        size_t next = end;
        size_t skip = 0;
        struct view part = view_slice(brief->lowered, 0, end);
        for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++)
            if (is_space_word(view_slice(part, from, end), leads[i])) {
                from += strlen(leads[i]);
                i = (size_t)-1;
            }
        for (size_t i = 0; i < sizeof breaks / sizeof breaks[0]; i++) {
            size_t at = view_find(part, view_of(breaks[i]), from);
            if (at < next) {
                next = at;
                skip = strlen(breaks[i]);
            }
        }
        add_word(words, view_slice(brief->instructions, from, next));
        from = next + skip;
    }
}

/* The noun phrase that ends where the match starts: 〜に触れない. */
static void add_phrase_before(const struct brief *brief, const struct match *match,
                              struct brief_words *words)
{
    static const char *const breaks[] = {"、", "。", "\n", "：", "は、", "：", "・", " "};
    size_t from = match->from;

    for (size_t i = 0; i < sizeof breaks / sizeof breaks[0]; i++) {
        struct view part = view_slice(brief->lowered, 0, match->at);
        for (size_t at = view_find(part, view_of(breaks[i]), from); at < part.len;
             at = view_find(part, view_of(breaks[i]), from))
            from = at + strlen(breaks[i]);
    }
    struct view phrase = view_slice(brief->instructions, from, match->at);
    while (view_starts(phrase, view_of("- ")) || view_starts(phrase, view_of("* ")))
        phrase = view_slice(phrase, 2, phrase.len);
    static const char *const joins[] = {"や", "と", "および", "または"};
    for (size_t i = 0; i < sizeof joins / sizeof joins[0]; i++) {
        size_t at = view_find(phrase, view_of(joins[i]), 0);
        if (at < phrase.len && at > 0) {
            add_word(words, view_slice(phrase, 0, at));
            phrase = view_slice(phrase, at + strlen(joins[i]), phrase.len);
        }
    }
    add_word(words, phrase);
}

/* Slots named in from..to. */
static uint32_t named_slots(struct view lowered, size_t from, size_t to)
{
    uint32_t bits = 0;

    for (int slot = SLOT_AUTHOR; slot < SLOT_SUMMARY; slot++) {
        size_t at;
        size_t end;
        const struct slot_row *row = slot_row((enum slot)slot);
        if (slot != SLOT_CUSTOMER && slot != SLOT_AGE
            && (words_find(lowered, view_of(row->names[SIM_EN]), from, to, &at, &end)
                || words_find(lowered, view_of(row->names[SIM_JA]), from, to, &at, &end)))
            bits |= 1u << slot;
    }
    return bits;
}

/* ---- what a match means --------------------------------------------------------------------- */

/* "… in English and Japanese" describes; "in Japanese if …, otherwise in English" asks for the
 * customer's language. */
static bool names_both_languages(const struct brief *brief, const struct match *match)
{
    struct view sentence = view_slice(brief->lowered, match->from, match->to);

    return (words_any(sentence, "english") && words_any(sentence, "japanese"))
           || (words_any(sentence, "英語") && words_any(sentence, "日本語"));
}

static bool apply_language(struct brief *brief, const struct pattern *pattern,
                           const struct match *match)
{
    bool conditional = words_any(view_slice(brief->lowered, match->from, match->to),
                                 "if|when|whenever|なら|場合|とき|際");
    bool both = names_both_languages(brief, match);

    if (pattern->detail == DETAIL_CUSTOMER || (both && conditional))
        brief->language = DETAIL_CUSTOMER;
    else if (both || conditional) /* "when you answer in Japanese, be polite" */
        return false;
    else
        brief->language = pattern->detail;
    return true;
}

static bool apply_length(struct brief *brief, const struct pattern *pattern,
                         const struct match *match)
{
    size_t number = match->number > 0 ? (size_t)match->number : 0;

    if (pattern->detail == DETAIL_BRIEF)
        brief->is_brief = true;
    else if (number == 0)
        return false;
    else if (pattern->detail == DETAIL_CHARACTERS)
        brief->characters_max = number;
    else if (pattern->detail == DETAIL_WORDS)
        brief->words_max = number;
    else
        brief->sentences_max = number;
    return true;
}

static bool apply_words(struct brief *brief, const struct pattern *pattern,
                        const struct match *match, struct brief_words *words)
{
    size_t before = words->count;

    if (pattern->detail == DETAIL_QUOTED) {
        add_word(words, match->quoted);
        add_quotations(brief, match->end, match->to, words);
    } else if (pattern->detail == DETAIL_QUOTED_BEFORE) {
        add_quotations(brief, match->from, match->at, words);
    } else if (pattern->detail == DETAIL_BEFORE) {
        if (!add_quotations(brief, match->from, match->at, words))
            add_phrase_before(brief, match, words);
    } else if (!add_quotations(brief, match->end, match->to, words)) {
        struct view rest = view_slice(brief->lowered, match->end, match->to);
        size_t at;
        size_t end;
        if (pattern->detail == DETAIL_AFTER
            || words_find(rest, view_of(":|："), 0, rest.len < 20 ? rest.len : 20, &at, &end))
            add_listed(brief, match->end, match->to, words);
    }
    return words->count > before;
}

static bool apply_facts(struct brief *brief, const struct match *match)
{
    bool japanese = !is_ascii(view_slice(brief->lowered, match->at, match->end));
    uint32_t bits = japanese ? named_slots(brief->lowered, match->from, match->at)
                             : named_slots(brief->lowered, match->end, match->to);

    brief->named_facts |= bits;
    return bits != 0;
}

/* Where the sentence's list of keys may end: lists go on over lines. */
static size_t keys_end(const struct brief *brief, const struct match *match)
{
    enum { KEYS_MAX_BYTES = 3000 };
    size_t end = match->end + KEYS_MAX_BYTES;

    return end < brief->instructions.len ? end : brief->instructions.len;
}

static bool apply_keys(struct brief *brief, const struct pattern *pattern,
                       const struct match *match)
{
    size_t before = brief->key_count;

    if (pattern->detail == DETAIL_BEFORE)
        brief_read_keys_before(brief, match->from, match->at);
    else
        brief_read_keys(brief, match->end, keys_end(brief, match));
    return brief->key_count > before;
}

static bool apply_edge(struct brief *brief, const struct pattern *pattern,
                       const struct match *match, struct view *edge)
{
    struct brief_words words = {.count = 0};

    if (!apply_words(brief, pattern, match, &words))
        return false;
    *edge = words.items[words.count - 1];
    return true;
}

/* Does what the match asks; false where it turns out to ask nothing. */
static bool apply(struct brief *brief, const struct pattern *pattern, const struct match *match)
{
    switch ((int)pattern->rule) {
    case SIM_RULE_LANGUAGE:
        return apply_language(brief, pattern, match);
    case SIM_RULE_KEYS:
        return apply_keys(brief, pattern, match);
    case SIM_RULE_LENGTH:
        return apply_length(brief, pattern, match);
    case SIM_RULE_MENTION:
        return apply_words(brief, pattern, match, &brief->mention);
    case SIM_RULE_FORBID:
        return apply_words(brief, pattern, match, &brief->forbid);
    case SIM_RULE_FACTS:
        return apply_facts(brief, match);
    case SIM_RULE_BEGIN:
        return apply_edge(brief, pattern, match, &brief->begin);
    case SIM_RULE_END:
        return apply_edge(brief, pattern, match, &brief->end);
    case SIM_RULE_NUMBER:
        brief->number = match->number > 0 && match->number <= 20 ? (size_t)match->number : 0;
        return brief->number != 0;
    case SIM_RULE_LIST:
        brief->numbered = brief->numbered || pattern->detail == DETAIL_NUMBERED;
        return true;
    case SIM_RULE_TONE:
        brief->tone = pattern->detail;
        return true;
    default:
        return true;
    }
}

static void read_sentence(struct brief *brief, size_t from, size_t to)
{
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        const struct pattern *pattern = &patterns[i];
        struct match match = {.from = from, .to = to};
        if (pattern->rule == SIM_RULE_LANGUAGE && brief->wants[SIM_RULE_LANGUAGE]
            && brief->language == DETAIL_CUSTOMER && pattern->detail != DETAIL_CUSTOMER
            && names_both_languages(brief, &match))
            continue;
        if (find_pattern(brief, pattern->groups, from, &match) && apply(brief, pattern, &match))
            brief->wants[pattern->rule] = true;
    }
}

void brief_read_instructions(struct brief *brief)
{
    for (size_t from = 0; from < brief->instructions.len;) {
        size_t to = words_sentence_end(brief->instructions, from);
        if (view_trim(view_slice(brief->instructions, from, to)).len != 0)
            read_sentence(brief, from, to);
        from = to;
    }
    if (brief->wants[SIM_RULE_JSON])
        brief_read_skeleton(brief);
    brief->wants[SIM_RULE_KEYS] = brief->wants[SIM_RULE_JSON] && brief->key_count != 0;
    for (size_t i = 0; i < brief->key_count; i++)
        if (brief->keys[i].self.type != SLOT_UNSTATED)
            brief->wants[SIM_RULE_TYPES] = brief->wants[SIM_RULE_KEYS];
    brief->asked_facts = named_slots(brief->question_lowered, 0, brief->question_lowered.len);
}
