/* SPDX-License-Identifier: Apache-2.0
 *
 * personal: see personal.h. The tables, and the pieces of which their expressions are made. */
#include "text/personal.h"

#include "text/personal_internal.h"

/* Inside a class, first: what people write between the digits of a number. */
#define DASHES "-‐‒–—―−ー"
/* Between groups of digits: one of them, or another sign; a line may end behind it. */
#define APART "[" DASHES " .・/_]\\n?"
#define GAP "(?: ?[" DASHES "] ?\\n?|[ .・/_]|\\) ?| ?\\()"

/* Numerals digit by digit, and those that count. */
#define NUMERALS "〇零一二三四五六七八九"
#define COUNTING "〇一二三四五六七八九十百千"

/* Inside a class: what names of places are written in; each has three bytes. */
#define PLACE "ぁ-ゖァ-ヺー一-鿿々〇"
#define PREFECTURE \
    "(?:東京都|北海道|(?:大阪|京都)府|(?:青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉" \
    "|神奈川|新潟|富山|石川|福井|山梨|長野|岐阜|静岡|愛知|三重|滋賀|兵庫|奈良|和歌山|鳥取|島根" \
    "|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|佐賀|長崎|熊本|大分|宮崎|鹿児島|沖縄)県)"
#define KANA_CITY \
    "つくば|さいたま|いわき|ひたちなか|みどり|かほく|さくら|うるま|えびの|うきは|みやま|あわら" \
    "|いなべ|たつの|つがる|にかほ|むつ|かすみがうら|つくばみらい|いすみ|ふじみ野|あきる野|みよし" \
    "|あま|あさぎり|まんのう|おいらせ|さぬき|東かがわ|いちき串木野|南あわじ|すさみ"
/* 1-9-1, 1丁目9番1号, 2丁目8-1, 488番地, 12番地の3, 8地割12, 1条西2丁目 */
#define STREET_NUMBERS \
    "[0-9]{1,4}(?:(?: ?(?:丁目の?|地割|番地?の?|号|[" DASHES \
    "のノ]) ?[0-9]{1,4}){1,3}(?:番地|番|号)?" \
    "|番地|番|号|条[東西南北]?[0-9]{1,2}丁目)"

/* Between a word and the number that it announces. */
#define FILLING "(?: |\n|の|は|が|を|[:#=(「]|番号|No\\.?|[Nn]umber|is|第){0,4}"

#define WEB_HOST "(?:[Hh][Tt][Tt][Pp][Ss]?://|www\\.)[0-9A-Za-z][0-9A-Za-z.-]{2,62}(?::[0-9]{1,5})?"
#define WEB_PATH "0-9A-Za-z._~:/?#@!$&*+,;=%-"

struct kind {
    struct view name;
    struct view label;
    bool is_default;
    bool is_secret;
};

static const struct kind kinds[] = {
#define KIND(id, name, label, is_default, is_secret) \
    [PERSONAL_##id] = {VIEW(name), VIEW(label), is_default, is_secret},
#include "text/personal_kinds.def"
#undef KIND
};

static const struct scan_rule rules[] = {
#define RULE(kind, what, expression, tail, accept) \
    {VIEW("personal_data." what), VIEW(expression), 0, SCAN_TAIL_##tail, accept},
#include "text/personal_rules.def"
#undef RULE
};

static const enum personal_kind kind_of_rule[] = {
#define RULE(kind, ...) PERSONAL_##kind,
#include "text/personal_rules.def"
#undef RULE
};

enum { RULE_COUNT = sizeof rules / sizeof rules[0] };

struct view personal_kind_name(enum personal_kind kind)
{
    return kinds[kind].name;
}

bool personal_kind_named(struct view name, enum personal_kind *ret_kind)
{
    for (int kind = 0; kind < PERSONAL_KIND_COUNT; kind++) {
        if (view_equal(kinds[kind].name, name)) {
            *ret_kind = (enum personal_kind)kind;
            return true;
        }
    }
    return false;
}

bool personal_kind_is_default(enum personal_kind kind)
{
    return kinds[kind].is_default;
}

struct view personal_label(enum personal_kind kind)
{
    return kinds[kind].label;
}

bool personal_kind_is_secret(enum personal_kind kind)
{
    return kinds[kind].is_secret;
}

const struct scan_rule *personal_rules(enum personal_kind kind, size_t *ret_count)
{
    size_t first = 0;
    size_t end = 0;

    while (first < RULE_COUNT && kind_of_rule[first] != kind)
        first++;
    for (end = first; end < RULE_COUNT && kind_of_rule[end] == kind; end++)
        ;
    *ret_count = end - first;
    return rules + first;
}
