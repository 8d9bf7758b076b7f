/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_chars: see scan_chars.h. */
#include "text/scan_chars.h"

#include <unicode/uchar.h>

#include "base/utf8.h"

#define BITS_BETWEEN(low, high) ((~UINT64_C(0) << (low)) & (~UINT64_C(0) >> (63 - (high))))

enum { LAST = 0x10ffff };

static const uint64_t DIGITS = BITS_BETWEEN('0', '9');
static const uint64_t LETTERS = BITS_BETWEEN('A' - 64, 'Z' - 64) | BITS_BETWEEN('a' - 64, 'z' - 64);
static const uint64_t UNDERSCORE = UINT64_C(1) << ('_' - 64);
static const uint64_t HEXADECIMAL =
    BITS_BETWEEN('A' - 64, 'F' - 64) | BITS_BETWEEN('a' - 64, 'f' - 64);
static const uint64_t BLANKS = UINT64_C(1) << '\t' | UINT64_C(1) << ' ';
static const uint64_t VERTICAL = BITS_BETWEEN('\n', '\r');
static const uint64_t SIGNS_LOW = BITS_BETWEEN('!', '/') | BITS_BETWEEN(':', '?');
static const uint64_t SIGNS_HIGH =
    UINT64_C(1) | BITS_BETWEEN('[' - 64, '`' - 64) | BITS_BETWEEN('{' - 64, '~' - 64);
static const uint64_t CONTROLS = BITS_BETWEEN(0, 31);
static const uint64_t DELETE = UINT64_C(1) << 63;

static const struct scan_range WIDE_BLANKS[] = {
    {0xa0, 0xa0},     {0x1680, 0x1680}, {0x180e, 0x180e}, {0x2000, 0x200a},
    {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}};
static const struct scan_range WIDE_VERTICAL[] = {{0x85, 0x85}, {0x2028, 0x2029}};
/* Where kana, kanji and what Unicode counts to their scripts may stand, and more. */
static const struct scan_range EAST_ASIAN[] = {
    {0xb7, 0xb7}, {0x2e80, 0x9fff}, {0xa700, 0xa707}, {0xf900, 0xffff}, {0x16f00, 0x3ffff}};

struct scan_chars scan_chars_none(void)
{
    return (struct scan_chars){.is_exact = true};
}

struct scan_chars scan_chars_all(void)
{
    return (struct scan_chars){
        .ascii = {UINT64_MAX, UINT64_MAX}, .all_others = true, .is_exact = true};
}

static void add_range(struct scan_chars *chars, uint32_t low, uint32_t high)
{
    if (chars->range_count < SCAN_RANGES_MAX)
        chars->ranges[chars->range_count++] = (struct scan_range){.low = low, .high = high};
    else
        chars->all_others = true;
}

static void add_ranges(struct scan_chars *chars, const struct scan_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_range(chars, ranges[i].low, ranges[i].high);
}

#define ADD_RANGES(chars, table) add_ranges((chars), (table), sizeof(table) / sizeof((table)[0]))

/* The complement of an exact set of ASCII, with all others. */
static struct scan_chars all_but(const struct scan_chars *chars)
{
    return (struct scan_chars){
        .ascii = {~chars->ascii[0], ~chars->ascii[1]}, .all_others = true, .is_exact = true};
}

bool scan_chars_escape(char letter, struct scan_chars *ret_chars)
{
    struct scan_chars chars = scan_chars_none();

    switch (letter | 0x20) {
    case 'd':
        chars.ascii[0] = DIGITS;
        chars.all_others = true;
        break;
    case 'w':
        chars.ascii[0] = DIGITS;
        chars.ascii[1] = LETTERS | UNDERSCORE;
        chars.all_others = true;
        break;
    case 's':
    case 'h':
    case 'v':
        if ((letter | 0x20) != 'v') {
            chars.ascii[0] |= BLANKS;
            ADD_RANGES(&chars, WIDE_BLANKS);
        }
        if ((letter | 0x20) != 'h') {
            chars.ascii[0] |= VERTICAL;
            ADD_RANGES(&chars, WIDE_VERTICAL);
        }
        break;
    default:
        return false;
    }
    *ret_chars = letter >= 'A' && letter <= 'Z' ? all_but(&chars) : chars;
    return true;
}

struct scan_chars scan_chars_property(struct view name)
{
    static const struct {
        const char *name;
        uint64_t low;
        uint64_t high;
    } kinds[] = {{"L", 0, LETTERS},
                 {"Lu", 0, LETTERS},
                 {"Ll", 0, LETTERS},
                 {"N", DIGITS, 0},
                 {"Nd", DIGITS, 0},
                 {"Zs", UINT64_C(1) << ' ', 0},
                 {"Z", UINT64_C(1) << ' ', 0},
                 {"M", 0, 0},
                 {"Alphabetic", 0, LETTERS},
                 {"Latin", 0, LETTERS},
                 {"P", SIGNS_LOW, SIGNS_HIGH},
                 {"S", SIGNS_LOW, SIGNS_HIGH}};
    static const char *const scripts[] = {"Han", "Hiragana", "Katakana"};
    struct scan_chars chars = {.all_others = true};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (view_is(name, kinds[i].name)) {
            chars.ascii[0] = kinds[i].low;
            chars.ascii[1] = kinds[i].high;
            return chars;
        }
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        if (view_is(name, scripts[i])) {
            chars.all_others = false;
            ADD_RANGES(&chars, EAST_ASIAN);
            return chars;
        }
    chars.ascii[0] = chars.ascii[1] = UINT64_MAX;
    return chars;
}

struct scan_chars scan_chars_posix(struct view name)
{
    static const struct {
        const char *name;
        uint64_t low;
        uint64_t high;
    } kinds[] = {{"alpha", 0, LETTERS},
                 {"digit", DIGITS, 0},
                 {"alnum", DIGITS, LETTERS},
                 {"lower", 0, LETTERS}, /* without regard to case these are the same */
                 {"upper", 0, LETTERS},
                 {"space", BLANKS | VERTICAL, 0},
                 {"blank", BLANKS, 0},
                 {"punct", SIGNS_LOW, SIGNS_HIGH},
                 {"word", DIGITS, LETTERS | UNDERSCORE},
                 {"xdigit", DIGITS, HEXADECIMAL},
                 {"cntrl", CONTROLS, DELETE}};
    struct scan_chars chars = {.all_others = true};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (view_is(name, kinds[i].name)) {
            chars.ascii[0] = kinds[i].low;
            chars.ascii[1] = kinds[i].high;
            chars.is_exact = !view_is(name, "lower") && !view_is(name, "upper");
            return chars;
        }
    chars.ascii[0] = chars.ascii[1] = UINT64_MAX;
    return chars;
}

static bool has_case(uint32_t codepoint)
{
    UChar32 c = (UChar32)codepoint;
    return u_tolower(c) != c || u_toupper(c) != c || u_foldCase(c, U_FOLD_CASE_DEFAULT) != c;
}

static void add_ascii(struct scan_chars *chars, uint32_t low, uint32_t high, bool caseless)
{
    for (uint32_t c = low; c <= high; c++) {
        chars->ascii[c >> 6] |= UINT64_C(1) << (c & 63);
        if (caseless && (LETTERS >> (c & 63) & 1) != 0 && c >= 64)
            chars->ascii[1] |= UINT64_C(1) << ((c ^ 0x20) & 63);
    }
}

void scan_chars_add(struct scan_chars *chars, uint32_t low, uint32_t high, bool caseless)
{
    enum { CASES_MAX = 256 }; /* a longer range is taken for one that has cases */

    if (low < 0x80)
        add_ascii(chars, low, high < 0x80 ? high : 0x7f, caseless);
    if (high < 0x80)
        return;
    low = low < 0x80 ? 0x80 : low;
    bool is_east_asian = low >= 0x2e80 && high <= 0x9fff;
    bool cased = caseless && !is_east_asian && high - low >= CASES_MAX;
    for (uint32_t c = low; caseless && !is_east_asian && !cased && c <= high; c++)
        cased = has_case(c);
    add_range(chars, low, high);
    if (cased) { /* their other cases are others; of ſ and the Kelvin sign ASCII letters */
        chars->all_others = true;
        chars->ascii[1] |= LETTERS;
        chars->is_exact = false;
    }
}

void scan_chars_join(struct scan_chars *chars, const struct scan_chars *other)
{
    chars->ascii[0] |= other->ascii[0];
    chars->ascii[1] |= other->ascii[1];
    chars->all_others |= other->all_others;
    chars->is_exact &= other->is_exact;
    add_ranges(chars, other->ranges, other->range_count);
}

struct scan_chars scan_chars_negated(const struct scan_chars *chars)
{
    return chars->is_exact ? all_but(chars) : scan_chars_all();
}

static size_t utf8_len(uint32_t codepoint)
{
    return codepoint < 0x80 ? 1 : codepoint < 0x800 ? 2 : codepoint < 0x10000 ? 3 : 4;
}

bool scan_chars_is_ascii(const struct scan_chars *chars)
{
    return !chars->all_others && chars->range_count == 0;
}

size_t scan_chars_width_min(const struct scan_chars *chars)
{
    size_t least = chars->all_others ? 2 : 4;

    if ((chars->ascii[0] | chars->ascii[1]) != 0)
        return 1;
    for (size_t i = 0; i < chars->range_count; i++)
        least = utf8_len(chars->ranges[i].low) < least ? utf8_len(chars->ranges[i].low) : least;
    return least;
}

size_t scan_chars_width_max(const struct scan_chars *chars)
{
    size_t most = chars->all_others ? 4 : 1;

    for (size_t i = 0; i < chars->range_count; i++)
        most = utf8_len(chars->ranges[i].high) > most ? utf8_len(chars->ranges[i].high) : most;
    return most;
}

static unsigned count_ascii(const struct scan_chars *chars)
{
    return (unsigned)(__builtin_popcountll(chars->ascii[0])
                      + __builtin_popcountll(chars->ascii[1]));
}

/* Of so many characters outside ASCII: kana are common, kanji and the rest less so. */
static unsigned bits_of_others(const struct scan_chars *chars)
{
    unsigned bits = 9;
    uint32_t count = 0;

    for (size_t i = 0; i < chars->range_count; i++) {
        if (chars->ranges[i].low <= 0x30ff && chars->ranges[i].high >= 0x3041)
            bits = 6;
        count += chars->ranges[i].high - chars->ranges[i].low + 1;
    }
    for (; bits > 1 && count > 1; count /= 2)
        bits--;
    return bits;
}

/* Set by what English and Japanese answers consist of: letters, digits and spaces are common. */
unsigned scan_chars_bits(const struct scan_chars *chars)
{
    static const unsigned by_size[] = {6, 5, 4, 4, 3, 2, 1, 0}; /* up to 1, 2, 4 … 128 */
    unsigned count = count_ascii(chars);
    unsigned size = 0;
    bool is_common =
        (chars->ascii[1] & LETTERS) != 0 || (chars->ascii[0] & (DIGITS | UINT64_C(1) << ' ')) != 0;

    if (chars->all_others)
        return 0;
    while (size < 7 && 1u << size < count)
        size++;
    unsigned bits = is_common && by_size[size] > 4 ? 4 : by_size[size];
    unsigned others = bits_of_others(chars);
    if (count == 0)
        return others;
    return chars->range_count > 0 && others < bits ? others : bits;
}

static size_t encode(uint32_t codepoint, unsigned char *bytes)
{
    static const unsigned lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = utf8_len(codepoint);

    if (len == 1) {
        bytes[0] = (unsigned char)codepoint;
        return 1;
    }
    for (size_t i = len - 1; i > 0; i--) {
        bytes[i] = (unsigned char)(0x80 | (codepoint & 0x3f));
        codepoint >>= 6;
    }
    bytes[0] = (unsigned char)(lead[len] | codepoint);
    return len;
}

static void add_bytes(struct scan_bytes *bytes, unsigned low, unsigned high)
{
    for (unsigned byte = low; byte <= high; byte++)
        bytes->set[byte >> 6] |= UINT64_C(1) << (byte & 63);
}

struct scan_bytes scan_chars_first(const struct scan_chars *chars)
{
    struct scan_bytes bytes = {.set = {chars->ascii[0], chars->ascii[1]}};

    if (chars->all_others)
        add_bytes(&bytes, 0xc2, 0xf4);
    for (size_t i = 0; i < chars->range_count; i++) {
        unsigned char low[4];
        unsigned char high[4];
        encode(chars->ranges[i].low, low);
        encode(chars->ranges[i].high, high);
        add_bytes(&bytes, low[0], high[0]);
    }
    return bytes;
}

struct scan_bytes scan_chars_bytes(const struct scan_chars *chars)
{
    struct scan_bytes bytes = scan_chars_first(chars);

    if (!scan_chars_is_ascii(chars))
        add_bytes(&bytes, 0x80, 0xbf);
    return bytes;
}

bool scan_chars_disjoint(const struct scan_chars *a, const struct scan_chars *b)
{
    struct scan_bytes first = scan_chars_first(a);
    struct scan_bytes other = scan_chars_first(b);

    for (size_t i = 0; i < 4; i++)
        if ((first.set[i] & other.set[i]) != 0)
            return false;
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_span(unsigned low, unsigned high, struct strbuf *out)
{
    if (low == high)
        strbuf_printf(out, "\\x%02x", low);
    else
        strbuf_printf(out, "\\x%02x-\\x%02x", low, high);
}

static void write_class(unsigned low, unsigned high, struct strbuf *out)
{
    if (low == high) {
        write_span(low, high, out);
        return;
    }
    strbuf_add_text(out, "[");
    write_span(low, high, out);
    strbuf_add_text(out, "]");
}

void scan_bytes_write(const struct scan_bytes *bytes, struct strbuf *out)
{
    strbuf_add_text(out, "[");
    for (unsigned byte = 0; byte < 256; byte++) {
        unsigned last = byte;
        if (!scan_bytes_has(bytes, byte))
            continue;
        while (last < 255 && scan_bytes_has(bytes, last + 1))
            last++;
        write_span(byte, last, out);
        byte = last;
    }
    strbuf_add_text(out, "]");
}

/* The code points of one length: exact in the first byte that differs, any behind it. */
static void write_range(uint32_t low, uint32_t high, struct strbuf *out)
{
    unsigned char from[4];
    unsigned char to[4];
    size_t len = encode(low, from);
    size_t i = 0;

    encode(high, to);
    while (i < len && from[i] == to[i])
        write_class(from[i], to[i], out), i++;
    if (i < len)
        write_class(from[i], to[i], out), i++;
    for (; i < len; i++)
        strbuf_add_text(out, "[\\x80-\\xbf]");
}

void scan_chars_write(const struct scan_chars *chars, struct strbuf *out)
{
    static const uint32_t last[] = {0x7f, 0x7ff, 0xffff, LAST};
    struct scan_bytes ascii = {.set = {chars->ascii[0], chars->ascii[1]}};
    const char *before = "";

    strbuf_add_text(out, "(?:");
    if ((ascii.set[0] | ascii.set[1]) != 0) {
        scan_bytes_write(&ascii, out);
        before = "|";
    }
    if (chars->all_others)
        strbuf_printf(out, "%s[\\xc2-\\xf4][\\x80-\\xbf]{1,3}", before);
    for (size_t i = 0; !chars->all_others && i < chars->range_count; i++)
        for (size_t len = 2; len <= 4; len++) {
            uint32_t low = chars->ranges[i].low;
            uint32_t high = chars->ranges[i].high;
            low = low > last[len - 2] ? low : last[len - 2] + 1;
            high = high < last[len - 1] ? high : last[len - 1];
            if (low > high)
                continue;
            strbuf_add_text(out, before);
            write_range(low, high, out);
            before = "|";
        }
    strbuf_add_text(out, ")");
}
