/* SPDX-License-Identifier: Apache-2.0
 *
 * values: the walk over a text; see values.h. What a value looks like is decided by its first
 * character: a digit, a Latin letter, a sign, a Japanese numeral, a quote. */
#include "text/values_internal.h"

#include "base/utf8.h"

enum { ABOUT_MAX = 24, CITATION_MAX = 24, ADDRESS_MAX = 2048, MAIL_NAME_MAX = 64 };

static const char *const kind_names[] = {
    [VALUE_NUMBER] = "number",   [VALUE_MONEY] = "money",     [VALUE_DATE] = "date",
    [VALUE_TIME] = "time",       [VALUE_WEEKDAY] = "weekday", [VALUE_CODE] = "code",
    [VALUE_ADDRESS] = "address", [VALUE_TITLE] = "title",
};

const char *value_kind_name(enum value_kind kind)
{
    assert_always((size_t)kind < sizeof kind_names / sizeof kind_names[0]);
    return kind_names[kind];
}

void value_reader_init(struct value_reader *reader, struct view text)
{
    *reader = (struct value_reader){.text = text};
}

/* ---- words around a number ------------------------------------------------------------------- */

/* Whether one of the words ends just before pos, spaces aside. */
static bool follows(struct view text, size_t pos, const struct view *words, size_t count)
{
    while (pos > 0 && text.ptr[pos - 1] == ' ')
        pos--;
    struct view before = view_slice(text, pos > ABOUT_MAX ? pos - ABOUT_MAX : 0, pos);
    for (size_t i = 0; i < count; i++) {
        struct view end = view_slice(before, before.len - words[i].len, before.len);
        if (before.len >= words[i].len && view_equal_nocase(end, words[i]))
            return true;
    }
    return false;
}

static bool is_about(struct view text, size_t start, size_t end)
{
    static const struct view before[] = {
        VIEW("約"),     VIEW("およそ"),    VIEW("おおよそ"), VIEW("ほぼ"),   VIEW("about"),
        VIEW("around"), VIEW("roughly"),   VIEW("nearly"),   VIEW("almost"), VIEW("approximately"),
        VIEW("over"),   VIEW("more than"), VIEW("up to"),    VIEW("~"),      VIEW("some"),
    };
    static const struct view after[] = {
        VIEW("程度"),   VIEW("前後"), VIEW("ほど"), VIEW("くらい"),
        VIEW("ぐらい"), VIEW("弱"),   VIEW("強"),   VIEW("余り"),
    };

    if (follows(text, start, before, sizeof before / sizeof before[0]))
        return true;
    for (size_t i = 0; i < sizeof after / sizeof after[0]; i++) {
        if (stands_at(text, end, after[i]))
            return true;
    }
    return false;
}

/* A single Japanese numeral that is part of a word: 三重県, 唯一人. */
static bool is_inside_word(struct view text, size_t start)
{
    static const struct view openers[] = {VIEW("第"), VIEW("約"), VIEW("全"), VIEW("計"),
                                          VIEW("各"), VIEW("毎"), VIEW("は"), VIEW("が"),
                                          VIEW("を"), VIEW("に"), VIEW("の"), VIEW("で"),
                                          VIEW("と"), VIEW("、"), VIEW("。"), VIEW("や")};
    if (start == 0 || (unsigned char)text.ptr[start - 1] < 0x80)
        return false;
    return !follows(text, start, openers, sizeof openers / sizeof openers[0]);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void set_unit(struct value *value, enum value_unit unit, struct decimal scale)
{
    value->unit = unit;
    if (unit >= UNIT_YEN && unit <= UNIT_WON)
        value->kind = VALUE_MONEY;
    if (!decimal_multiply(value->said, scale, &value->number))
        value->number = value->said;
}

/* 500(百万円): a scale and unit in parentheses at pos; the place behind, 0 where there is none. */
static size_t unit_in_parentheses(struct view text, size_t pos, struct value *value)
{
    struct numeral scale = {.number = {.digits = 1}};
    enum value_unit unit = UNIT_NONE;
    struct decimal unit_scale;

    if (byte_at(text, pos) != '(')
        return 0;
    size_t at = pos + 1;
    if (!is_digit(byte_at(text, at)) && numeral_at(text, at, &scale))
        at = scale.end;
    size_t len = unit_at(text, at, &unit, &unit_scale);
    if (len == 0 || byte_at(text, at + len) != ')')
        return 0;
    if (!decimal_multiply(value->said, scale.number, &value->said))
        return 0;
    value->is_scaled |= scale.is_scaled;
    set_unit(value, unit, unit_scale);
    return at + len + 1;
}

/* 5.2 万: a scale that a space divides from its number, at *pos. */
static void take_far_scale(struct view text, size_t *pos, struct value *value)
{
    struct numeral scale;

    if (value->is_word || byte_at(text, *pos) != ' ' || is_digit(byte_at(text, *pos + 1))
        || !numeral_at(text, *pos + 1, &scale) || !scale.is_scaled)
        return;
    if (decimal_multiply(value->said, scale.number, &value->said)) {
        value->is_scaled = true;
        value->end = *pos = scale.end;
    }
}

/* A Latin letter, kanji or katakana right behind a number: a unit that the table does not have,
 * unless it is a word that compares (以上, 未満, 前後). */
static bool has_other_unit(struct view text, size_t pos)
{
    static const struct view comparing[] = {VIEW("以"), VIEW("未"), VIEW("前"), VIEW("後"),
                                            VIEW("程"), VIEW("余"), VIEW("強"), VIEW("弱"),
                                            VIEW("超"), VIEW("近"), VIEW("・"), VIEW("ー")};
    size_t after = pos;

    if (pos >= text.len || is_latin(text.ptr[pos]))
        return pos < text.len;
    if ((unsigned char)text.ptr[pos] < 0xe3)
        return false;
    for (size_t i = 0; i < sizeof comparing / sizeof comparing[0]; i++) {
        if (stands_at(text, pos, comparing[i]))
            return false;
    }
    uint32_t codepoint = utf8_next(text, &after, NULL);
    return (codepoint >= 0x4e00 && codepoint <= 0x9fff)
           || (codepoint >= 0x30a1 && codepoint <= 0x30fa);
}

/* The scale and unit behind a number that ends at value->end. */
static void take_unit(struct view text, struct value *value)
{
    enum value_unit unit = UNIT_NONE;
    struct decimal scale;
    size_t pos = value->end;
    int power = numeral_scale(text, &pos, value->kind == VALUE_MONEY);

    if (power > 0) {
        value->said = decimal_of(value->said.digits, value->said.exponent + power);
        value->is_scaled = true;
        value->end = pos;
    }
    take_far_scale(text, &pos, value);
    value->number = value->said;
    if (value->unit != UNIT_NONE)
        return;
    size_t at = past_space(text, pos);
    if (at == pos && byte_at(text, at) == '-' && is_latin(byte_at(text, at + 1)))
        at++;
    if (stands_at(text, at, view_of("US dollars")) || stands_at(text, at, view_of("U.S. dollars")))
        at += text.ptr[at + 1] == '.' ? 5 : 3;
    size_t len = unit_at(text, at, &unit, &scale);
    if (len > 0 && at > pos && !is_latin(text.ptr[at]) && value->is_word)
        len = 0; /* 一 日: two words */
    if (len > 0) {
        set_unit(value, unit, scale);
        value->end = at + len;
    } else {
        size_t end = unit_in_parentheses(text, pos, value);
        value->end = end > 0 ? end : value->end;
        if (end == 0 && has_other_unit(text, pos))
            value->unit = UNIT_OTHER;
    }
}

/* 3分の1 as a share: at the end of the number, where 分の stands. */
static bool take_fraction(struct view text, struct value *value)
{
    struct numeral over;
    size_t pos = value->end;

    if (!stands_at(text, pos, view_of("分の")) || !numeral_at(text, pos + strlen("分の"), &over)
        || over.number.exponent != 0 || value->number.exponent < 0 || value->number.exponent > 3
        || value->number.digits <= 0 || over.number.digits > 1000000)
        return false;
    int64_t under = value->number.digits;
    for (int32_t i = 0; i < value->number.exponent; i++)
        under *= 10;
    value->said = decimal_of(over.number.digits * 100000000 / under, -6);
    value->number = value->said;
    value->unit = UNIT_PERCENT;
    value->end = over.end;
    return true;
}

/* 3割5分 */
static void take_tenths(struct view text, struct value *value)
{
    struct numeral part;

    if (value->unit != UNIT_PERCENT || !stands_at(text, value->end - strlen("割"), view_of("割"))
        || !numeral_at(text, value->end, &part) || part.number.digits > 9
        || part.number.exponent != 0 || !stands_at(text, part.end, view_of("分")))
        return;
    (void)decimal_add(value->number, part.number, &value->number);
    value->said = value->number;
    value->end = part.end + strlen("分");
}

static void take_ordinal(struct view text, struct value *value)
{
    struct view suffix = view_slice(text, value->end, values_word_end(text, value->end));
    static const struct view before[] = {VIEW("第"), VIEW("No."), VIEW("No"), VIEW("#")};

    if (view_is(suffix, "st") || view_is(suffix, "nd") || view_is(suffix, "rd")
        || view_is(suffix, "th")) {
        value->is_ordinal = true;
        value->end += suffix.len;
    }
    if (value->unit == UNIT_RANK || follows(text, value->start, before, 4))
        value->is_ordinal = true;
    for (size_t i = 0; i < 2; i++) {
        struct view what = view_of(i == 0 ? "番目" : "目");
        if (stands_at(text, value->end, what)) {
            value->is_ordinal = true;
            value->end += what.len;
            break;
        }
    }
}

static bool is_weak(struct view text, const struct value *value, size_t numeral_end)
{
    bool is_one = decimal_equal(value->said, decimal_of(1, 0));

    if (!value->is_word)
        return false;
    if (is_latin(text.ptr[value->start]))
        return is_one || value->is_ordinal || value->number.digits == 0
               || (value->unit == UNIT_NONE && value->number.exponent == 0
                   && value->number.digits < 10); /* the writer's own count, as often as not */
    if (value->unit == UNIT_NONE || value->unit == UNIT_OTHER || is_one)
        return true;
    return numeral_end - value->start <= 3 && is_inside_word(text, value->start);
}

/* A number whose numeral is known; `unit` is what stood before it. */
static void number_of(struct view text, size_t start, size_t numeral_start,
                      const struct numeral *numeral, enum value_unit unit, struct value *ret_value)
{
    struct value value = {
        .kind = unit >= UNIT_YEN && unit <= UNIT_WON ? VALUE_MONEY : VALUE_NUMBER,
        .start = numeral_start,
        .end = numeral->end,
        .unit = unit,
        .number = numeral->number,
        .said = numeral->number,
        .plain = numeral->plain,
        .is_scaled = numeral->is_scaled,
        .is_word = numeral->is_word,
        .is_ordinal = numeral->is_ordinal,
    };

    if (!take_fraction(text, &value)) {
        take_unit(text, &value);
        take_tenths(text, &value);
        take_ordinal(text, &value);
    }
    value.is_weak = is_weak(text, &value, numeral->end);
    value.is_about = is_about(text, start, value.end);
    value.start = start;
    *ret_value = value;
}

/* ---- ranges ---------------------------------------------------------------------------------- */

/* The place behind a sign of range at pos (3~5日, 3-5 days, 3 to 5, 3から5); 0 where there is none. */
static size_t past_range(struct view text, size_t pos)
{
    static const struct view signs[] = {VIEW("~"),   VIEW("〜"),    VIEW("-"),     VIEW("–"),
                                        VIEW("—"),   VIEW("から"),  VIEW(" to "),  VIEW(" - "),
                                        VIEW(" ~ "), VIEW(" – "),   VIEW(" and "), VIEW(" or "),
                                        VIEW("と"),  VIEW("または")};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (stands_at(text, pos, signs[i]) && is_digit(byte_at(text, pos + signs[i].len)))
            return pos + signs[i].len;
    }
    return 0;
}

/* What is read as a year where no unit follows. */
static bool is_year(const struct value *value)
{
    int64_t year = value->said.digits;

    for (int32_t i = 0; i < value->said.exponent && i < 4; i++)
        year *= 10;
    return value->said.exponent >= 0 && value->said.exponent < 4 && year >= 1000 && year < 3000;
}

/* 2022-23: the second year's two digits stand for four. */
static void take_century(struct view text, const struct numeral *numeral, struct value *value)
{
    int first = 0;
    size_t pos = value->start;

    if (!numeral->is_plain || numeral->digits != 2 || value->unit != UNIT_NONE || pos < 5
        || (text.ptr[pos - 1] != '-' && text.ptr[pos - 1] != '/'))
        return;
    for (size_t i = pos - 5; i < pos - 1; i++) {
        if (!is_digit(text.ptr[i]))
            return;
        first = first * 10 + (text.ptr[i] - '0');
    }
    int second = (text.ptr[pos] - '0') * 10 + (text.ptr[pos + 1] - '0');
    if (first < 1000 || first >= 3000 || second <= first % 100)
        return;
    value->said = value->plain = value->number = decimal_of(first - first % 100 + second, 0);
}

/* The first end of a range takes its unit and scale from the second. */
static void take_range_unit(struct view text, struct value *value)
{
    struct numeral second;
    struct value other;
    size_t pos = past_range(text, value->end);

    if (pos == 0 || value->unit != UNIT_NONE || value->is_word || is_year(value)
        || !numeral_at(text, pos, &second))
        return;
    number_of(text, pos, pos, &second, UNIT_NONE, &other);
    if (other.unit == UNIT_NONE || other.unit == UNIT_OTHER || other.said.digits == 0)
        return;
    struct decimal scale = {.digits = 1};
    enum value_unit unit = other.unit;
    size_t at = past_space(text, second.end);
    if (byte_at(text, at) == '-')
        at++;
    if (unit_at(text, at, &unit, &scale) == 0)
        unit = other.unit;
    set_unit(value, unit, scale);
}

/* ---- codes and addresses --------------------------------------------------------------------- */

static bool is_address_byte(char byte)
{
    return byte > ' ' && byte < 0x7f && strchr("\"<>()[]{}|\\^`'", byte) == NULL;
}

static void literal(struct value *value, enum value_kind kind, size_t start, size_t end)
{
    *value = (struct value){
        .kind = kind,
        .start = start,
        .end = end,
        .inner_start = start,
        .inner_end = end,
    };
}

static bool url_at(struct view text, size_t pos, struct value *ret_value)
{
    if (!stands_at(text, pos, view_of("http://")) && !stands_at(text, pos, view_of("https://"))
        && !stands_at(text, pos, view_of("www.")))
        return false;
    size_t end = pos;
    while (end < text.len && end - pos < ADDRESS_MAX && is_address_byte(text.ptr[end]))
        end++;
    while (end > pos && strchr(".,;:!?*_", text.ptr[end - 1]) != NULL)
        end--;
    literal(ret_value, VALUE_ADDRESS, pos, end);
    return true;
}

static bool is_mail_byte(char byte)
{
    return is_alnum(byte) || byte == '.' || byte == '_' || byte == '-' || byte == '+';
}

static bool mail_at(struct view text, size_t pos, struct value *ret_value)
{
    size_t at = pos;

    while (at < text.len && at - pos < MAIL_NAME_MAX && is_mail_byte(text.ptr[at]))
        at++;
    if (byte_at(text, at) != '@' || !is_alnum(byte_at(text, at + 1)))
        return false;
    size_t end = at + 1;
    while (end < text.len && end - at < ADDRESS_MAX && is_mail_byte(text.ptr[end]))
        end++;
    while (text.ptr[end - 1] == '.' || text.ptr[end - 1] == '-')
        end--;
    literal(ret_value, VALUE_ADDRESS, pos, end);
    return true;
}

/* The run of letters and digits at pos, with single - _ . between them: what it is made of. */
struct run {
    size_t end;
    size_t first_end; /* where its first part ends */
    unsigned digits;
    unsigned small; /* lower-case letters */
    unsigned capitals;
    unsigned groups; /* parts between the signs */
};

static struct run run_at(struct view text, size_t pos)
{
    struct run run = {.end = pos, .groups = 1};

    while (run.end < text.len && run.end - pos < VALUES_CODE_MAX) {
        char byte = text.ptr[run.end];
        bool inner =
            (byte == '-' || byte == '_') && run.end > pos && is_alnum(byte_at(text, run.end + 1));
        if (!is_alnum(byte) && !inner)
            break;
        run.groups += inner;
        if (inner && run.first_end == 0)
            run.first_end = run.end;
        run.digits += is_digit(byte);
        run.capitals += byte >= 'A' && byte <= 'Z';
        run.small += byte >= 'a' && byte <= 'z';
        run.end++;
    }
    if (run.first_end == 0)
        run.first_end = run.end;
    return run;
}

/* 3-2-1, 03-1234-5678, 1.2.3: three groups of digits and more. */
static bool digit_groups(struct view text, size_t pos, struct value *ret_value)
{
    size_t at = pos;
    unsigned groups = 0;
    char separator = '\0';

    while (is_digit(byte_at(text, at)) && at - pos < VALUES_CODE_MAX) {
        while (is_digit(byte_at(text, at)) && at - pos < VALUES_CODE_MAX)
            at++;
        groups++;
        char next = byte_at(text, at);
        if ((next != '-' && next != '.') || (separator != '\0' && next != separator)
            || !is_digit(byte_at(text, at + 1)))
            break;
        separator = next;
        at++;
    }
    if (groups < 3 || is_latin(byte_at(text, at)))
        return false;
    literal(ret_value, VALUE_CODE, pos, at);
    return true;
}

/* What is written with a digit and says no value: also said without it, or in words. */
static bool is_word_with_digits(struct view run)
{
    return view_equal_nocase(run, view_of("COVID-19"))
           || (run.len == 2 && (run.ptr[0] == 'Q' || run.ptr[0] == 'H') && run.ptr[1] >= '1'
               && run.ptr[1] <= '4');
}

/* A code that starts with a letter, or with digits that no unit follows. */
static bool code_at(struct view text, size_t pos, struct value *ret_value)
{
    struct run run = run_at(text, pos);

    if (run.groups > 1 && run.small > 0) /* mid-1990s, Nintendo-64: part by part */
        run = run_at(view_slice(text, 0, run.first_end), pos);
    if (run.digits == 0 || run.digits + run.small + run.capitals < 2)
        return false;
    if (run.small + run.capitals == 0 && run.digits <= 18)
        return false;
    literal(ret_value, VALUE_CODE, pos, run.end);
    ret_value->is_weak = is_word_with_digits(view_slice(text, pos, run.end));
    return true;
}

/* ---- what starts with … ---------------------------------------------------------------------- */

/* Digits that letters follow are a code, unless the letters are a unit, a scale or an ordinal. */
static bool is_glued(struct view text, const struct value *value)
{
    return is_latin(byte_at(text, value->end)) && !is_latin(text.ptr[value->end - 1]);
}

static bool digit_value(struct view text, size_t pos, struct value *ret_value)
{
    struct numeral numeral;

    if (date_at(text, pos, ret_value) || time_at(text, pos, ret_value)
        || digit_groups(text, pos, ret_value))
        return true;
    if (!numeral_at(text, pos, &numeral))
        return code_at(text, pos, ret_value);
    number_of(text, pos, pos, &numeral, UNIT_NONE, ret_value);
    if (is_glued(text, ret_value) && code_at(text, pos, ret_value))
        return true;
    take_range_unit(text, ret_value);
    take_century(text, &numeral, ret_value);
    return true;
}

/* Vol. 3, USD 5, Chapter 7 at pos. */
static bool prefixed_number(struct view text, size_t pos, size_t word_end, struct value *ret_value)
{
    enum value_unit unit = UNIT_NONE;
    struct numeral numeral;

    if (unit_before(view_slice(text, pos, word_end), &unit) == 0)
        return false;
    size_t at = word_end;
    if (byte_at(text, at) == '.')
        at++;
    at = past_space(text, at);
    if (byte_at(text, at) == '$')
        at++;
    if (!is_digit(byte_at(text, at)) || !numeral_at(text, at, &numeral)
        || is_latin(byte_at(text, numeral.end)))
        return false;
    number_of(text, pos, at, &numeral, unit, ret_value);
    return true;
}

static bool latin_value(struct view text, size_t pos, struct value *ret_value)
{
    struct numeral numeral;
    size_t end = values_word_end(text, pos);

    if (url_at(text, pos, ret_value) || prefixed_number(text, pos, end, ret_value))
        return true;
    if (is_digit(byte_at(text, end)) || byte_at(text, end) == '-' || byte_at(text, end) == '_'
        || byte_at(text, end) == '.' || byte_at(text, end) == '@') {
        if (mail_at(text, pos, ret_value) || date_at(text, pos, ret_value)
            || code_at(text, pos, ret_value))
            return true;
    }
    if (text.ptr[pos] <= 'Z' && text.ptr[pos] >= 'A'
        && (date_at(text, pos, ret_value) || weekday_at(text, pos, ret_value)))
        return true;
    if (!numeral_words(text, pos, &numeral))
        return false;
    number_of(text, pos, pos, &numeral, UNIT_NONE, ret_value);
    return true;
}

static bool money_value(struct view text, size_t pos, enum value_unit unit, size_t sign_len,
                        struct value *ret_value)
{
    struct numeral numeral;
    size_t at = past_space(text, pos + sign_len);

    if (!numeral_at(text, at, &numeral))
        return false;
    number_of(text, pos, at, &numeral, unit, ret_value);
    return true;
}

/* A Japanese numeral, an era, 午前, a weekday. */
static bool japanese_value(struct view text, size_t pos, uint32_t codepoint,
                           struct value *ret_value)
{
    struct numeral numeral;

    switch (codepoint) {
    case 0x4ee4: /* 令 */
    case 0x5e73: /* 平 */
    case 0x662d: /* 昭 */
    case 0x5927: /* 大 */
    case 0x660e: /* 明 */
        return date_at(text, pos, ret_value);
    case 0x5348: /* 午 */
        return time_at(text, pos, ret_value);
    case 0x6708: /* 月 */
    case 0x706b: /* 火 */
    case 0x6c34: /* 水 */
    case 0x6728: /* 木 */
    case 0x91d1: /* 金 */
    case 0x571f: /* 土 */
    case 0x65e5: /* 日 */
        return weekday_at(text, pos, ret_value);
    default:
        break;
    }
    if (!numeral_kanji_starts(codepoint))
        return false;
    if (date_at(text, pos, ret_value) || time_at(text, pos, ret_value))
        return true;
    if (!numeral_at(text, pos, &numeral))
        return false;
    number_of(text, pos, pos, &numeral, UNIT_NONE, ret_value);
    return true;
}

/* ---- quotes and citations -------------------------------------------------------------------- */

static const struct {
    struct view opens;
    struct view closes;
} quotes[] = {
    {VIEW("「"), VIEW("」")}, {VIEW("『"), VIEW("』")}, {VIEW("“"), VIEW("”")},
    {VIEW("《"), VIEW("》")}, {VIEW("\""), VIEW("\"")},
};

static bool title_at(struct view text, size_t pos, struct value *ret_value)
{
    for (size_t i = 0; i < sizeof quotes / sizeof quotes[0]; i++) {
        struct view opens = quotes[i].opens;
        if (!stands_at(text, pos, opens))
            continue;
        if (opens.len == 1 && pos > 0 && is_alnum(text.ptr[pos - 1]))
            return false;
        struct view rest = view_slice(text, pos + opens.len, pos + opens.len + VALUES_QUOTE_MAX);
        size_t len = view_find(rest, quotes[i].closes, 0);
        if (len == 0 || len >= rest.len || view_find_byte(rest, '\n') < len
            || (opens.len == 1 && rest.ptr[0] == ' '))
            return false;
        literal(ret_value, VALUE_TITLE, pos, pos + opens.len + len + quotes[i].closes.len);
        ret_value->inner_start = pos + opens.len;
        ret_value->inner_end = pos + opens.len + len;
        /* in Latin letters a title starts with a capital; what does not is somebody's words */
        ret_value->is_weak = rest.ptr[0] >= 'a' && rest.ptr[0] <= 'z';
        return true;
    }
    return false;
}

/* [1], [1, 2], 【3】, [資料2], [^4] at pos: the place behind; pos where there is none. */
static size_t past_citation(struct view text, size_t pos)
{
    bool wide = stands_at(text, pos, view_of("【"));
    size_t open = wide ? strlen("【") : 1;
    struct view rest = view_slice(text, pos + open, pos + open + CITATION_MAX);
    size_t len = wide ? view_find(rest, view_of("】"), 0) : view_find_byte(rest, ']');

    if (len == 0 || len >= rest.len || !is_digit(rest.ptr[len - 1]))
        return pos;
    for (size_t i = 0; i < len; i++) {
        if (rest.ptr[i] == '\n' || rest.ptr[i] == '.')
            return pos;
    }
    return pos + open + len + (wide ? strlen("】") : 1);
}

/* ---- the walk -------------------------------------------------------------------------------- */

/* Passes what is no value at reader->pos. */
static void pass(struct value_reader *reader)
{
    struct view text = reader->text;
    size_t pos = reader->pos;

    if (is_latin(text.ptr[pos])) {
        pos = values_word_end(text, pos);
    } else if (is_digit(text.ptr[pos])) {
        while (is_alnum(byte_at(text, pos)))
            pos++;
    } else {
        do
            pos++;
        while (pos < text.len && (unsigned char)text.ptr[pos] >> 6 == 2); /* the rest of it */
    }
    reader->pos = pos;
}

static bool sign_value(struct view text, size_t pos, struct value *ret_value)
{
    switch (text.ptr[pos]) {
    case '$':
        return money_value(text, pos, UNIT_DOLLAR, 1, ret_value);
    case '"':
        return title_at(text, pos, ret_value);
    default:
        return false;
    }
}

static bool wide_value(struct view text, size_t pos, struct value *ret_value)
{
    size_t after = pos;
    if (text.ptr[pos] == '\xe3' && byte_at(text, pos + 1) != '\x80') /* kana: most of a text */
        return false;
    uint32_t codepoint = utf8_next(text, &after, NULL);

    switch (codepoint) {
    case 0xa5:
        return money_value(text, pos, UNIT_YEN, after - pos, ret_value);
    case 0xa3:
        return money_value(text, pos, UNIT_POUND, after - pos, ret_value);
    case 0x20ac:
        return money_value(text, pos, UNIT_EURO, after - pos, ret_value);
    case 0x201c:
    case 0x300a:
    case 0x300c:
    case 0x300e:
        return title_at(text, pos, ret_value);
    default:
        return codepoint >= 0x3007 && japanese_value(text, pos, codepoint, ret_value);
    }
}

static bool value_at(struct view text, size_t pos, struct value *ret_value)
{
    char first = text.ptr[pos];

    if (is_digit(first))
        return digit_value(text, pos, ret_value);
    if (is_latin(first))
        return latin_value(text, pos, ret_value);
    if ((unsigned char)first < 0x80)
        return sign_value(text, pos, ret_value);
    return wide_value(text, pos, ret_value);
}

bool value_next(struct value_reader *reader, struct value *ret_value)
{
    struct view text = reader->text;

    while (reader->pos < text.len) {
        size_t pos = reader->pos;
        if (text.ptr[pos] == '['
            || (text.ptr[pos] == '\xe3' && stands_at(text, pos, view_of("【")))) {
            size_t behind = past_citation(text, pos);
            if (behind > pos) {
                reader->pos = behind;
                continue;
            }
        }
        if (value_at(text, pos, ret_value)) {
            reader->pos = ret_value->kind == VALUE_TITLE ? ret_value->inner_start : ret_value->end;
            /* 2024-04-01T10:00 */
            if (ret_value->kind == VALUE_DATE && byte_at(text, reader->pos) == 'T'
                && is_digit(byte_at(text, reader->pos + 1)))
                reader->pos++;
            return true;
        }
        pass(reader);
    }
    return false;
}
