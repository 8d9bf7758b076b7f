/* SPDX-License-Identifier: Apache-2.0
 *
 * personal_accept: what is asked of candidates other than telephone numbers; see
 * personal_internal.h.
 *
 * Sources: My Number, cards, EAN: personal_digits.c. Card issuers' first digits and lengths:
 * ISO/IEC 7812 as the issuers publish them. IBAN: ISO 13616, check by ISO/IEC 7064 MOD 97-10, with
 * the lengths of the SWIFT registry. US SSN: Social Security Administration, invalid areas, groups
 * and serials. Postal codes: 日本郵便 (three digits and four).
 * Memory: none. Threads: no state. */
#include "text/personal_internal.h"

#include <string.h>

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* ---- e-mail, URL ----------------------------------------------------------------------------- */

/* A file's name with a scale (icon@2x.png) and a git remote look like addresses. */
static bool is_file_or_remote(struct view text, size_t start, size_t end)
{
    static const char *const endings[] = {".png", ".jpg",  ".jpeg",  ".gif", ".svg", ".webp",
                                          ".css", ".html", ".json",  ".js",  ".ts",  ".py",
                                          ".pdf", ".zip",  ".local", NULL};
    struct view address = view_slice(text, start, end);

    return context_ends(address, endings) || view_starts(address, (struct view)VIEW("git@"));
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* The domain ends in letters, two at least, behind a dot: what follows is the sentence's. */
bool accept_email(struct view text, size_t *start, size_t *end)
{
    size_t stop = *end;

    while (stop > *start && !is_letter(text.ptr[stop - 1]))
        stop--;
    size_t letters = stop;
    while (letters > *start && is_letter(text.ptr[letters - 1]))
        letters--;
    if (context_glued_before(text, *start) || letters == *start || text.ptr[letters - 1] != '.'
        || stop - letters < 2 || is_file_or_remote(text, *start, stop))
        return false;
    *end = stop;
    return true;
}

bool accept_url(struct view text, size_t *start, size_t *end)
{
    size_t stop = *end;

    while (stop > *start && strchr(".,:;!?)'\"", text.ptr[stop - 1]) != NULL)
        stop--;
    *end = stop;
    return !context_glued_before(text, *start);
}

/* ---- places ---------------------------------------------------------------------------------- */

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

/* Seven digits are a postal code where 〒 is part of the match, or a word or a place is beside. */
bool accept_postal_code(struct view text, size_t *start, size_t *end)
{
    static const char *const address[] = {"address", NULL};
    struct view before = context_before(text, *start);
    struct view behind = context_behind(text, *end);
    size_t skip = 0;

    if (!is_digit(text.ptr[*start]))
        return true;
    if (context_glued_before(text, *start) || context_glued_behind(text, *end))
        return false;
    bool is_spaced = view_find_byte(view_slice(text, *start, *end), ' ') == 3 && *end - *start == 8;
    if (context_has(before, words_of_address) || (!is_spaced && context_has(before, address)))
        return !context_starts(behind, context_counters);
    while (skip < behind.len && strchr(" \n:,、", behind.ptr[skip]) != NULL)
        skip++;
    return context_starts(view_slice(behind, skip, behind.len), prefectures);
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
    static const char *const breaks[] = {"、",   "。",   "「",   "」",   "・",   "に",   "で", "を",
                                         "から", "都内", "県内", "府内", "市内", "区内", NULL};
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
    size_t at = start > 9 ? start - 9 : 0;

    for (; at < start + 3; at++)
        if (context_starts(view_slice(text, at, text.len), prefectures))
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

/* ---- numbers with check digits --------------------------------------------------------------- */

static const char *const words_of_my_number[] = {
    "マイナンバー", "個人番号", "my number", "mynumber", "individual number", NULL,
};

/* 202401011230: a moment, to the minute. */
static bool is_moment(const struct digits *digits)
{
    unsigned year = digits_value(digits, 0, 4);
    unsigned month = digits_value(digits, 4, 2);
    unsigned day = digits_value(digits, 6, 2);

    return digits->group_count == 1 && year >= 1990 && year < 2060 && month >= 1 && month <= 12
           && day >= 1 && day <= 31 && digits_value(digits, 8, 2) < 24
           && digits_value(digits, 10, 2) < 60;
}

bool accept_my_number(struct view text, size_t *start, size_t *end)
{
    struct digits digits = digits_of(text, *start, *end);
    struct view before = context_before(text, *start);

    if (!digits_my_number(&digits) || digits_all_same(&digits)
        || !(digits.group_count == 1 || digits_grouped(&digits, "444")))
        return false;
    if (context_has(before, words_of_my_number))
        return true;
    if (context_starts(context_behind(text, *end), context_counters))
        return false;
    return !context_has(before, context_other_numbers) && !is_moment(&digits);
}

/* First digits from `low` to `high` (of `len` digits), and the lengths such a card may have. */
struct issuer {
    unsigned low;
    unsigned high;
    size_t len;
    size_t shortest;
    size_t longest;
};

static const struct issuer issuers[] = {
    {4, 4, 1, 13, 19},       /* Visa */
    {51, 55, 2, 16, 16},     /* Mastercard */
    {2221, 2720, 4, 16, 16}, /* Mastercard */
    {34, 34, 2, 15, 15},     /* American Express */
    {37, 37, 2, 15, 15},     /* American Express */
    {300, 305, 3, 14, 14},   /* Diners Club */
    {3095, 3095, 4, 14, 14}, /* Diners Club */
    {36, 36, 2, 14, 19},     /* Diners Club */
    {38, 39, 2, 14, 19},     /* Diners Club */
    {3528, 3589, 4, 16, 19}, /* JCB */
    {1800, 1800, 4, 15, 15}, /* JCB */
    {2131, 2131, 4, 15, 15}, /* JCB */
    {6011, 6011, 4, 16, 19}, /* Discover */
    {644, 649, 3, 16, 19},   /* Discover */
    {65, 65, 2, 16, 19},     /* Discover */
    {62, 62, 2, 16, 19},     /* UnionPay */
    {81, 81, 2, 16, 19},     /* UnionPay, RuPay */
    {5018, 5018, 4, 12, 19}, /* Maestro */
    {5020, 5020, 4, 12, 19}, /* Maestro */
    {5038, 5038, 4, 12, 19}, /* Maestro */
    {5893, 5893, 4, 12, 19}, /* Maestro */
    {6304, 6304, 4, 12, 19}, /* Maestro */
    {6390, 6390, 4, 12, 19}, /* Maestro */
    {6759, 6763, 4, 12, 19}, /* Maestro */
};

static bool has_issuer(const struct digits *digits)
{
    for (size_t i = 0; i < sizeof issuers / sizeof issuers[0]; i++) {
        const struct issuer *issuer = &issuers[i];
        unsigned first = digits_value(digits, 0, issuer->len);
        if (first >= issuer->low && first <= issuer->high && digits->count >= issuer->shortest
            && digits->count <= issuer->longest)
            return true;
    }
    return false;
}

/* In one run, or in fours, or as American Express and Diners print it. */
static bool is_card_grouping(const struct digits *digits)
{
    size_t i = 0;

    if (digits->group_count == 1 || digits_grouped(digits, "465") || digits_grouped(digits, "464"))
        return true;
    while (i < digits->group_count && digits->group[i] == 4)
        i++;
    return i == digits->group_count || (i + 1 == digits->group_count && digits->group[i] < 4);
}

static bool is_card(const struct digits *digits, bool named)
{
    return digits_luhn(digits) && (named || has_issuer(digits)) && is_card_grouping(digits)
           && !digits_all_same(digits);
}

/* Beside the word any issuer will do, but not a shop's own cards. */
static bool is_named_card(struct view before)
{
    static const char *const words[] = {"カード", "クレジット", "card", "visa", "credit", NULL};
    static const char *const others[] = {"会員カード", "ポイントカード", "図書カード", NULL};

    return context_has(before, words) && !context_has(before, others);
}

bool accept_card(struct view text, size_t *start, size_t *end)
{
    struct digits digits = digits_of(text, *start, *end);
    struct view before = context_before(text, *start);
    bool named = is_named_card(before);

    if (context_glued_before(text, *start) || context_glued_behind(text, *end))
        return false;
    if (!is_card(&digits, named)) {
        /* A number behind a space may be another's: 4111 1111 1111 1111 12/27. */
        if (digits.group_count != 5 || text.ptr[*end - digits.group[4] - 1] != ' ')
            return false;
        *end -= digits.group[4] + 1;
        digits = digits_of(text, *start, *end);
        if (!is_card(&digits, named))
            return false;
    }
    if (named)
        return true;
    /* An article's number (JAN 45…, 49…) has 13 digits and its own check digit. */
    if (digits_ean13(&digits))
        return false;
    return digits.count > 14 || !context_has(before, context_other_numbers);
}

static int iban_length(const char *country)
{
    static const char lengths[] =
        "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29"
        "ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20"
        "LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29"
        "PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20"
        "YE30";

    for (size_t i = 0; i + 4 < sizeof lengths; i += 4)
        if (lengths[i] == country[0] && lengths[i + 1] == country[1])
            return 10 * (lengths[i + 2] - '0') + (lengths[i + 3] - '0');
    return 0;
}

static char upper(char byte)
{
    return byte >= 'a' && byte <= 'z' ? (char)(byte - 'a' + 'A') : byte;
}

static bool is_mod_97(const char *iban, size_t len)
{
    unsigned remainder = 0;

    for (size_t i = 0; i < len; i++) {
        char byte = iban[(i + 4) % len];
        if (byte >= '0' && byte <= '9')
            remainder = (remainder * 10 + (unsigned)(byte - '0')) % 97;
        else
            remainder = (remainder * 100 + (unsigned)(byte - 'A' + 10)) % 97;
    }
    return remainder == 1;
}

/* The country says how long it is; letters of the next word may stand behind a space. */
bool accept_iban(struct view text, size_t *start, size_t *end)
{
    char iban[40];
    size_t len = 0;
    size_t at = *start;
    size_t wanted = 2;

    for (; at < *end && len < wanted; at++) {
        char byte = upper(text.ptr[at]);
        if (byte == ' ' || byte == '-')
            continue;
        iban[len++] = byte;
        if (len == 2)
            wanted = (size_t)iban_length(iban);
    }
    if (len < 15 || len != wanted || context_glued_before(text, *start)
        || context_glued_behind(text, at) || !is_mod_97(iban, len))
        return false;
    *end = at;
    return true;
}

bool accept_us_ssn(struct view text, size_t *start, size_t *end)
{
    struct digits digits = digits_of(text, *start, *end);
    static const char *const words[] = {"ssn", "social", "社会保障", NULL};
    unsigned area = digits_value(&digits, 0, 3);

    if (context_glued_before(text, *start) || context_glued_behind(text, *end))
        return false;
    if (view_find_byte(view_slice(text, *start, *end), ' ') < *end - *start
        && !context_has(context_before(text, *start), words))
        return false;
    return area != 0 && area != 666 && area < 900 && digits_value(&digits, 3, 2) != 0
           && digits_value(&digits, 5, 4) != 0;
}

/* ---- network addresses ----------------------------------------------------------------------- */

bool accept_ip4(struct view text, size_t *start, size_t *end)
{
    static const char *const versions[] = {"version",    "ver",         "ver.",    "v",
                                           "バージョン", "版",          "release", "version ",
                                           "ver ",       "バージョン ", "第",      NULL};
    struct digits digits = digits_of(text, *start, *end);
    size_t from = 0;

    if (digits.group_count != 4 || context_ends(context_before(text, *start), versions))
        return false;
    for (size_t i = 0; i < 4; i++) {
        if (digits_value(&digits, from, digits.group[i]) > 255
            || (digits.group[i] > 1 && digits.digit[from] == 0))
            return false;
        from += digits.group[i];
    }
    return digits.digit[0] != 0 && digits_value(&digits, 0, digits.group[0]) != 127;
}

/* RFC 4291, 2.2: eight groups, or fewer with one :: in them. What a clock or C++ writes has not
 * enough of them, or no digit. */
bool accept_ip6(struct view text, size_t *start, size_t *end)
{
    size_t groups = 0;
    size_t gaps = 0;
    size_t run = 0;
    bool has_digit = false;

    for (size_t i = *start; i < *end; i++) {
        char byte = text.ptr[i];
        if (byte == ':') {
            gaps += i + 1 < *end && text.ptr[i + 1] == ':';
            run = 0;
            continue;
        }
        groups += run == 0;
        if (++run > 4)
            return false;
        has_digit = has_digit || (byte >= '0' && byte <= '9');
    }
    if (!has_digit || *end - *start < 6)
        return false;
    return gaps == 0 ? groups == 8 : gaps == 1 && groups < 8 && groups >= 2;
}

/* ---- numbers that only a word betrays -------------------------------------------------------- */

/* From the first digit on, with the capital letters directly before it. */
bool accept_after_word(struct view text, size_t *start, size_t *end)
{
    size_t at = *start;

    if (context_glued_behind(text, *end))
        return false;
    while (at < *end && !is_digit(text.ptr[at]))
        at++;
    while (at > *start && text.ptr[at - 1] >= 'A' && text.ptr[at - 1] <= 'Z')
        at--;
    *start = at;
    return at < *end;
}

/* The same, or from the era's name on: 昭和60年, 平成元年. */
bool accept_birth_date(struct view text, size_t *start, size_t *end)
{
    static const char *const eras[] = {"明治", "大正", "昭和", "平成", "令和", NULL};

    for (size_t at = *start; at < *end && !is_digit(text.ptr[at]); at++) {
        if (context_starts(view_slice(text, at, *end), eras)) {
            *start = at;
            return !context_glued_behind(text, *end);
        }
    }
    return accept_after_word(text, start, end);
}
