/* SPDX-License-Identifier: Apache-2.0
 *
 * fluency_order: see fluency_order.h. The probability of a class after two others, where the table
 * has the three; otherwise that of the last two and the cost of falling back, and so on (Katz's
 * back-off form of Witten-Bell interpolation). */
#include "text/fluency_order.h"

#include "text/fluency_order.inc"

enum {
    CLASSES = sizeof class_names / sizeof class_names[0],
    UNSEEN = -1,
    FIELDS = 7,
    KEY_SIZE = 96
};

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static bool is_one_of(struct view word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (view_is(word, words[i]))
            return true;
    return false;
}

struct key {
    char bytes[KEY_SIZE];
    size_t len;
};

static void key_add(struct key *key, struct view part)
{
    size_t len = part.len < KEY_SIZE - key->len ? part.len : KEY_SIZE - key->len;

    if (len != 0)
        memcpy(key->bytes + key->len, part.ptr, len);
    key->len += len;
}

static void key_make(struct key *key, struct view a, struct view b, struct view c)
{
    const struct view slash = VIEW("/");

    key->len = 0;
    key_add(key, a);
    key_add(key, slash);
    key_add(key, b);
    if (c.len == 0)
        return;
    key_add(key, slash);
    key_add(key, c);
}

/* As class_key of tools/fluency/order.py. */
static void class_key(struct view surface, struct view feature, struct key *ret_key)
{
    static const char *const light_verbs[] = {"する", "ある", "いる", "なる"};
    static const char *const formal_nouns[] = {"の", "こと", "もの", "よう", "ため", "ん"};
    struct view field[FIELDS];
    const struct view none = {NULL, 0};
    struct view rest = feature;

    for (size_t i = 0; i < FIELDS; i++)
        field[i] = rest.ptr != NULL ? view_split(&rest, ',') : (struct view)VIEW("*");
    struct view kind = field[0], sub = field[1], form = field[5], base = field[6];
    bool is_verb = view_is(kind, "動詞");
    bool is_noun = view_is(kind, "名詞");
    if (view_is(kind, "助詞"))
        key_make(ret_key, surface, sub, none);
    else if (view_is(kind, "助動詞")
             || (is_verb
                 && (!view_is(sub, "自立") || is_one_of(base, light_verbs, LENGTH(light_verbs)))))
        key_make(ret_key, base, form, none);
    else if (is_verb)
        key_make(ret_key, kind, form, none);
    else if (view_is(kind, "形容詞"))
        key_make(ret_key, kind, sub, form);
    else if (is_noun && view_is(sub, "非自立"))
        key_make(ret_key, kind, sub,
                 is_one_of(surface, formal_nouns, LENGTH(formal_nouns)) ? surface : field[2]);
    else if (is_noun && view_is(sub, "接尾"))
        key_make(ret_key, kind, sub, field[2]);
    else
        key_make(ret_key, kind, sub, none);
}

static int class_find(const struct key *key)
{
    size_t from = 0, to = CLASSES;

    while (from < to) {
        size_t middle = (from + to) / 2;
        int order = view_compare(view_make(key->bytes, key->len), class_names[middle]);
        if (order == 0)
            return (int)middle;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return UNSEEN;
}

/* Where the key stands; false where it does not. */
static bool find(const uint32_t *keys, size_t count, uint32_t key, size_t *ret_at)
{
    size_t from = 0, to = count;

    while (from < to) {
        size_t middle = (from + to) / 2;
        if (keys[middle] < key)
            from = middle + 1;
        else
            to = middle;
    }
    *ret_at = from;
    return from < count && keys[from] == key;
}

static uint32_t pair_key(int a, int b)
{
    return (uint32_t)a << 9 | (uint32_t)b;
}

static uint32_t cost_after(int a, int b, int c)
{
    uint32_t back = 0;
    size_t at;

    if (a != UNSEEN && b != UNSEEN && find(pair_keys, LENGTH(pair_keys), pair_key(a, b), &at)) {
        back = pair_back[at];
        if (c != UNSEEN
            && find(triple_keys, LENGTH(triple_keys), pair_key(a, b) << 9 | (uint32_t)c, &at))
            return triple_cost[at];
    }
    if (b != UNSEEN && c != UNSEEN && find(pair_keys, LENGTH(pair_keys), pair_key(b, c), &at))
        return back + pair_cost[at];
    back += b != UNSEEN ? class_back[b] : 0;
    return back + (c != UNSEEN ? class_cost[c] : ORDER_UNSEEN);
}

static void step(struct order_sum *sum, int before[2], int class)
{
    sum->cost += cost_after(before[0], before[1], class);
    sum->count++;
    sum->unseen += class == UNSEEN;
    before[0] = before[1];
    before[1] = class;
}

void order_add(struct order_sum *sum, struct view text, const struct morpheme *morphemes,
               size_t count, bool has_end)
{
    int before[2] = {ORDER_START, ORDER_START};
    struct key key;

    for (size_t i = 0; i < count; i++) {
        class_key(view_slice(text, morphemes[i].start, morphemes[i].end), morphemes[i].feature,
                  &key);
        step(sum, before, class_find(&key));
    }
    if (has_end)
        step(sum, before, ORDER_END);
}
