/* SPDX-License-Identifier: Apache-2.0
 *
 * personal_accept: what is asked of candidates other than telephone numbers and addresses; see
 * personal_internal.h.
 *
 * Sources: My Number, cards, EAN: personal_digits.c. Card issuers' first digits and lengths:
 * ISO/IEC 7812 as the issuers publish them. IBAN: ISO 13616, check by ISO/IEC 7064 MOD 97-10, with
 * the lengths of the SWIFT registry. US SSN: Social Security Administration, invalid areas, groups
 * and serials. IP: RFC 791, RFC 4291.
 * Memory: none. Threads: no state. */
#include "text/personal_internal.h"

#include <string.h>

/* The signature is that of scan_rule's accept, whether or not one narrows the match. */
/* NOLINTBEGIN(readability-non-const-parameter) */

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

/* NOLINTEND(readability-non-const-parameter) */
