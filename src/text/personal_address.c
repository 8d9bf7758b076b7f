/* SPDX-License-Identifier: Apache-2.0
 *
 * personal_address: postal codes and addresses in Japan; see personal_internal.h. The expressions
 * find a place with numbers behind it; here it is told from prose (東京都では2-3日で) and from the
 * end of an address that starts farther left.
 *
 * Sources: the names of the 47 prefectures; 日本郵便 (postal codes of three and four digits);
 * 住居表示に関する法律 (丁目, 番, 号) and 地番 (番地).
 * Memory: none. Threads: no state. */
#include "text/personal_internal.h"

#include <string.h>

/* The signature is that of scan_rule's accept, whether or not one narrows the match. */
/* NOLINTBEGIN(readability-non-const-parameter) */

static const char *const prefectures[] = {
    "東京都", "北海道", "京都府", "大阪府", "青森県", "岩手県",   "宮城県", "秋田県",
    "山形県", "福島県", "茨城県", "栃木県", "群馬県", "埼玉県",   "千葉県", "神奈川県",
    "新潟県", "富山県", "石川県", "福井県", "山梨県", "長野県",   "岐阜県", "静岡県",
    "愛知県", "三重県", "滋賀県", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県",
    "岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県",   "高知県", "福岡県",
    "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県", NULL,
};

static const char *const words_of_address[] = {
    "郵便番号", "住所", "〒",   "所在地", "postal", "zip",    "届け先", "届先", "送付先",
    "宛先",     "居住", "自宅", "住まい", "お住い", "配送先", "発送先", "郵送", NULL,
};

/* Whether one of the words comes next, behind a sign or two. */
static bool stands_next(struct view behind, const char *const *words)
{
    static const char *const signs[] = {" ", "\n", ":", ",", "、", NULL};

    while (context_starts(behind, signs))
        behind = view_slice(behind, (unsigned char)behind.ptr[0] < 0x80 ? 1 : 3, behind.len);
    return context_starts(behind, words);
}

/* Seven digits are a postal code where 〒 is part of the match, or a word or a place is beside. */
bool accept_postal_code(struct view text, size_t *start, size_t *end)
{
    static const char *const address[] = {"address", NULL};
    struct view before = context_before(text, *start);
    struct view behind = context_behind(text, *end);

    if (!is_digit(text.ptr[*start]))
        return true;
    if (context_glued_before(text, *start) || context_glued_behind(text, *end))
        return false;
    bool is_spaced = view_find_byte(view_slice(text, *start, *end), ' ') == 3 && *end - *start == 8;
    if (context_has(before, words_of_address) || (!is_spaced && context_has(before, address)))
        return !context_starts(behind, context_counters);
    return stands_next(behind, prefectures);
}

/* How the numbers at the end of an address are written. */
struct address_end {
    bool has_unit;  /* 番地, 番 or 号 */
    bool has_block; /* 丁目 */
    size_t numbers; /* how many, whatever parts them */
    unsigned first; /* the value of the first, where it is in ASCII digits */
};

/* What stands in sentences and not in the names of places. */
static const char *const prose[] = {
    "では",   "には",   "から",   "まで",     "です",   "ます",   "した", "って",
    "いる",   "という", "として", "における", "である", "の人口", "を",   "する",
    "された", "の約",   "国道",   "号線",     "県道",   "年",     NULL,
};

/* Directly before the numbers these make it a sentence: 東京都内2-3か所, 京都市は1-2月に. */
static const char *const particles[] = {
    "は",   "に",   "で",   "が", "と", "も", "へ", "の", "市内", "都内", "県内",
    "区内", "府内", "道内", "約", "第", "計", "全", "各", "月",   NULL,
};

static bool is_prose(struct view match)
{
    static const char *const lots[] = {"地割", NULL}; /* 第8地割 is a place in Iwate */
    size_t first = 0;

    while (first < match.len && !is_digit(match.ptr[first]))
        first++;
    while (first > 0 && match.ptr[first - 1] == ' ')
        first--;
    struct view town = view_slice(match, 0, first);
    bool is_lot = context_starts(view_slice(match, first + 1, match.len), lots)
                  || context_starts(view_slice(match, first + 2, match.len), lots);
    return context_has(match, prose) || (!is_lot && context_ends(town, particles));
}

static bool is_counted(struct view text, size_t end)
{
    static const char *const goes_on[] = {"線", "車", "機", "店", "館", "艦", "系", "目", NULL};
    struct view behind = context_behind(text, end);

    return context_starts(behind, context_counters) || context_starts(behind, goes_on);
}

static struct address_end read_end(struct view text, size_t start, size_t end)
{
    static const char *const units[] = {"番地", "番", "号", NULL};
    static const char *const block[] = {"丁目", NULL};
    struct view match = view_slice(text, start, end);
    struct address_end found = {.has_unit = context_has(match, units),
                                .has_block = context_has(match, block)};
    struct digits digits = digits_of(text, start, end);

    found.numbers = digits.group_count;
    found.first = digits.group_count > 0 ? digits_value(&digits, 0, digits.group[0]) : 0;
    return found;
}

static bool is_date(const struct address_end *found)
{
    return found->first >= 1800 && found->first < 2100 && !found->has_unit && !found->has_block;
}

/* A prefecture and a place lead it: one number with its unit, or two numbers, make an address. */
bool accept_address(struct view text, size_t *start, size_t *end)
{
    struct address_end found = read_end(text, *start, *end);
    struct view match = view_slice(text, *start, *end);

    if (is_prose(match) || is_counted(text, *end) || is_date(&found))
        return false;
    return found.has_unit || found.numbers >= 2;
}

/* 一丁目九番一号: the expression asks for two numbers or 番地. */
bool accept_address_kanji(struct view text, size_t *start, size_t *end)
{
    return !is_prose(view_slice(text, *start, *end)) && !is_counted(text, *end);
}

/* What is written in one go before `start`: back to a sign or a particle. */
static struct view run_before(struct view text, size_t start)
{
    static const char *const breaks[] = {"、", "。",   "「",   "」",   "・",   "に",   "で",
                                         "を", "は",   "が",   "の",   "へ",   "も",   "と",
                                         "ら", "都内", "県内", "府内", "市内", "区内", NULL};
    size_t from = start > SCAN_CONTEXT ? start - SCAN_CONTEXT : 0;

    for (size_t at = start; at > from; at--) {
        struct view before = view_slice(text, from, at);
        unsigned char last = (unsigned char)before.ptr[before.len - 1];
        if ((last < 0x80 && last != ' ') || context_ends(before, breaks))
            return view_slice(text, at, start);
    }
    return view_slice(text, from, start);
}

/* Whether this is the end of an address that starts before it: accept_address has that, or a match
 * of this rule from farther left. */
static bool is_rest_of_address(struct view text, size_t start)
{
    static const char *const units[] = {"北海道", "都", "府", "県", "市", "区", "郡", NULL};
    static const char *const kana[] = {"の", "が", "は", "と", "に", NULL};
    static const char *const cities[] = {"市川", "市原", "市貝", NULL};
    struct view here = view_slice(text, start, text.len);
    size_t at = start > 9 ? start - 9 : 0;

    for (; at < start + 3; at++)
        if (context_starts(view_slice(text, at, text.len), prefectures))
            return true;
    /* たつの市龍野町: the rest of a city's name in kana. */
    if (view_starts(here, (struct view)VIEW("市")) && !context_starts(here, cities)
        && context_ends(context_before(text, start), kana))
        return true;
    return context_has(run_before(text, start), units);
}

/* Without a prefecture it takes three numbers, a block with a number, or a word before it. */
bool accept_address_of_city(struct view text, size_t *start, size_t *end)
{
    static const char *const leads[] = {"現住所", "住所",   "所在地", "自宅", "本社",
                                        "勤務先", "届け先", "配送先", "実家", NULL};
    static const char *const no_cities[] = {"都市", "市場", "地区", "学区", "区間",
                                            "区分", "区画", "市民", "朝市", NULL};
    struct view match = view_slice(text, *start, *end);
    struct address_end found = read_end(text, *start, *end);

    if (is_rest_of_address(text, *start))
        return false;
    for (size_t i = 0; leads[i] != NULL; i++)
        if (view_starts(match, view_of(leads[i])))
            *start += strlen(leads[i]);
    if (is_prose(match) || is_counted(text, *end) || is_date(&found))
        return false;
    if (context_has(context_before(text, *start), words_of_address))
        return found.has_unit || found.numbers >= 2;
    if (context_has(match, no_cities) && !context_has(match, (const char *const[]){"京都市", NULL}))
        return false;
    return found.numbers >= 3 || (found.has_block && found.has_unit)
           || (found.has_block && found.numbers >= 2) || (found.has_unit && found.numbers >= 2);
}

bool accept_address_of_city_kanji(struct view text, size_t *start, size_t *end)
{
    return !is_rest_of_address(text, *start) && accept_address_kanji(text, start, end);
}

/* NOLINTEND(readability-non-const-parameter) */
