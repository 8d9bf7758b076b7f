/* SPDX-License-Identifier: Apache-2.0
 *
 * schema_pattern: regular expressions of schemas: ECMA-262 with Unicode, brought to PCRE2.
 *
 * Where the two differ, the expression is rewritten: escapes by code point, \s and . with all of
 * ECMA's white space and line ends, long names of properties (\p{Letter}). $ stands at the very end
 * only; \d and \w are ASCII. Escapes that ECMA does not know (\A, \Z, \h) are refused rather than
 * given another meaning. Within brackets \S is taken as ASCII's.
 *
 * Memory: PCRE2 takes it from the schema's arena or the run's and never gives it back. Threads: a
 * compiled expression is constant. Limits: of steps and memory for each match, see schema.h.
 * Source: ECMA-262, 22.2.1; pcre2pattern(3). */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdio.h>

#include "text/schema_internal.h"

enum { PATTERN_BYTES_MAX = 64 * 1024 };

#define SPACES \
    "\\t\\n\\x0b\\f\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}" \
    "\\x{205f}\\x{3000}\\x{feff}"

/* ---- rewriting ------------------------------------------------------------------------------ */

struct rewriting {
    struct view source;
    size_t at;
    bool in_class;
    struct strbuf out;
    struct err *err;
};

static int refuse(struct rewriting *rewriting, const char *what)
{
    return fail(rewriting->err, ERR_CONFIG, "is no regular expression: byte %zu: %s",
                rewriting->at + 1, what);
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* `digits` hexadecimal digits at `at`; -1 where they are not there. */
static long read_hex(struct view source, size_t at, size_t digits)
{
    long value = 0;

    if (digits == 0 || digits > 6 || at + digits > source.len)
        return -1;
    for (size_t i = 0; i < digits; i++) {
        int digit = hex_value(source.ptr[at + i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* \u1234, \u{12345}, \ud83d\ude00; `at` stands on the u. */
static int rewrite_unicode(struct rewriting *rewriting)
{
    struct view source = rewriting->source;
    size_t at = rewriting->at + 1;
    size_t len = 4;
    long value;

    if (at < source.len && source.ptr[at] == '{') {
        size_t end = view_find_byte(view_slice(source, at, source.len), '}');
        value = read_hex(source, at + 1, end - 1);
        len = end + 1;
    } else {
        value = read_hex(source, at, 4);
        if (value >= 0xd800 && value <= 0xdbff
            && view_starts(view_slice(source, at + 4, source.len), view_of("\\u"))) {
            long low = read_hex(source, at + 6, 4);
            if (low >= 0xdc00 && low <= 0xdfff) {
                value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
                len = 10;
            }
        }
    }
    if (value < 0 || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return refuse(rewriting, "\\u takes four hexadecimal digits, or some in {}");
    strbuf_printf(&rewriting->out, "\\x{%lx}", (unsigned long)value);
    rewriting->at = at + len;
    return 0;
}

/* \p{Letter}, \P{Script=Greek}; `at` stands on the p. */
static int rewrite_property(struct rewriting *rewriting)
{
    static const char *const names[][2] = {
        {"Letter", "L"},
        {"Cased_Letter", "L&"},
        {"Uppercase_Letter", "Lu"},
        {"Lowercase_Letter", "Ll"},
        {"Titlecase_Letter", "Lt"},
        {"Modifier_Letter", "Lm"},
        {"Other_Letter", "Lo"},
        {"Mark", "M"},
        {"Combining_Mark", "M"},
        {"Nonspacing_Mark", "Mn"},
        {"Spacing_Mark", "Mc"},
        {"Enclosing_Mark", "Me"},
        {"Number", "N"},
        {"Decimal_Number", "Nd"},
        {"digit", "Nd"},
        {"Letter_Number", "Nl"},
        {"Other_Number", "No"},
        {"Punctuation", "P"},
        {"punct", "P"},
        {"Connector_Punctuation", "Pc"},
        {"Dash_Punctuation", "Pd"},
        {"Open_Punctuation", "Ps"},
        {"Close_Punctuation", "Pe"},
        {"Initial_Punctuation", "Pi"},
        {"Final_Punctuation", "Pf"},
        {"Other_Punctuation", "Po"},
        {"Symbol", "S"},
        {"Math_Symbol", "Sm"},
        {"Currency_Symbol", "Sc"},
        {"Modifier_Symbol", "Sk"},
        {"Other_Symbol", "So"},
        {"Separator", "Z"},
        {"Space_Separator", "Zs"},
        {"Line_Separator", "Zl"},
        {"Paragraph_Separator", "Zp"},
        {"Other", "C"},
        {"Control", "Cc"},
        {"cntrl", "Cc"},
        {"Format", "Cf"},
        {"Surrogate", "Cs"},
        {"Private_Use", "Co"},
        {"Unassigned", "Cn"},
    };
    struct view rest = view_slice(rewriting->source, rewriting->at + 1, rewriting->source.len);
    size_t end = view_find_byte(rest, '}');

    if (rest.len == 0 || rest.ptr[0] != '{' || end == rest.len)
        return refuse(rewriting, "\\p takes a name in {}");
    struct view name = view_slice(rest, 1, end);
    size_t equals = view_find_byte(name, '=');
    struct view kind = view_slice(name, 0, equals);
    if (equals < name.len && (view_is(kind, "General_Category") || view_is(kind, "gc")))
        name = view_slice(name, equals + 1, name.len);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (view_is(name, names[i][0]))
            name = view_of(names[i][1]);
    strbuf_printf(&rewriting->out, "\\%c{%.*s}", rewriting->source.ptr[rewriting->at],
                  VIEW_ARG(name));
    rewriting->at += end + 2;
    return 0;
}

static int rewrite_space(struct rewriting *rewriting)
{
    bool negated = rewriting->source.ptr[rewriting->at] == 'S';

    if (!rewriting->in_class)
        strbuf_add_text(&rewriting->out, negated ? "[^" SPACES "]" : "[" SPACES "]");
    else
        strbuf_add_text(&rewriting->out, negated ? "\\S" : SPACES);
    rewriting->at++;
    return 0;
}

static int rewrite_hex(struct rewriting *rewriting)
{
    long value = read_hex(rewriting->source, rewriting->at + 1, 2);

    if (value < 0)
        return refuse(rewriting, "\\x takes two hexadecimal digits");
    strbuf_printf(&rewriting->out, "\\x{%lx}", (unsigned long)value);
    rewriting->at += 3;
    return 0;
}

/* `at` stands behind the backslash. */
static int rewrite_escape(struct rewriting *rewriting)
{
    static const char same_letters[] = "bBcdDfknrtvwW";

    if (rewriting->at == rewriting->source.len)
        return refuse(rewriting, "a backslash at the end");
    char c = rewriting->source.ptr[rewriting->at];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c == 'u')
        return rewrite_unicode(rewriting);
    if (c == 'x')
        return rewrite_hex(rewriting);
    if (c == 'p' || c == 'P')
        return rewrite_property(rewriting);
    if (c == 's' || c == 'S')
        return rewrite_space(rewriting);
    if (c == '\0' || (letter && strchr(same_letters, c) == NULL))
        return refuse(rewriting, "an escape that ECMA-262 does not know");
    if (c == 'v')
        strbuf_add_text(&rewriting->out, "\\x0b"); /* PCRE2 means a class of white space */
    else
        strbuf_printf(&rewriting->out, "\\%c", c);
    rewriting->at++;
    return 0;
}

/* "(?" and "(*" introduce much in PCRE2 that ECMA-262 does not know; `at` stands on the (. */
static int check_group(struct rewriting *rewriting)
{
    struct view rest = view_slice(rewriting->source, rewriting->at + 1, rewriting->source.len);
    size_t len = 1;

    if (rest.len != 0 && rest.ptr[0] == '*')
        return refuse(rewriting, "nothing to repeat");
    if (rest.len == 0 || rest.ptr[0] != '?')
        return 0;
    if (rest.len > 1 && rest.ptr[1] != '\0' && strchr("=!<", rest.ptr[1]) != NULL)
        return 0;
    while (len < rest.len && rest.ptr[len] != '\0' && strchr("ims-", rest.ptr[len]) != NULL)
        len++;
    if (len < rest.len && rest.ptr[len] == ':')
        return 0;
    return refuse(rewriting, "a group that ECMA-262 does not know; flags are written (?i:...)");
}

static int rewrite(struct rewriting *rewriting)
{
    while (rewriting->at < rewriting->source.len) {
        char c = rewriting->source.ptr[rewriting->at];
        if (c == '\\') {
            rewriting->at++;
            int code = rewrite_escape(rewriting);
            if (code != 0)
                return code;
            continue;
        }
        if (rewriting->in_class && c == '[') {
            strbuf_add_text(&rewriting->out, "\\["); /* PCRE2 would look for [:alpha:] */
        } else if (!rewriting->in_class && c == '.') {
            strbuf_add_text(&rewriting->out, "[^\\n\\r\\x{2028}\\x{2029}]");
        } else {
            if (!rewriting->in_class && c == '(' && check_group(rewriting) != 0)
                return ERR_CONFIG;
            rewriting->in_class = c == '[' || (rewriting->in_class && c != ']');
            strbuf_add_byte(&rewriting->out, c);
        }
        rewriting->at++;
    }
    return 0;
}

/* ---- compiling and matching ----------------------------------------------------------------- */

static void *take(size_t size, void *arena)
{
    return arena_new(arena, 1, size);
}

static void leave(void *block, void *arena)
{
    (void)block;
    (void)arena;
}

static int compile(struct arena *arena, struct view source,
                   const struct pcre2_real_code_8 **ret_pattern, struct err *reterr)
{
    const uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C
                             | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF;
    int problem;
    PCRE2_SIZE at;
    char text[128];
    pcre2_general_context *general = pcre2_general_context_create(take, leave, arena);
    pcre2_compile_context *context = general != NULL ? pcre2_compile_context_create(general) : NULL;

    if (context == NULL)
        return fail(reterr, ERR_MEMORY, "no room to compile the pattern");
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)source.ptr, source.len, options, &problem, &at, context);
    if (code == NULL) {
        pcre2_get_error_message(problem, (PCRE2_UCHAR *)text, sizeof text);
        return fail(reterr, ERR_CONFIG, "is no regular expression: %s", text);
    }
    *ret_pattern = code;
    return 0;
}

int schema_pattern_compile(struct arena *arena, struct view source,
                           const struct pcre2_real_code_8 **ret_pattern, struct err *reterr)
{
    struct rewriting rewriting = {.source = source, .err = reterr};

    if (source.len > PATTERN_BYTES_MAX)
        return fail(reterr, ERR_LIMIT, "is longer than %d bytes", PATTERN_BYTES_MAX);
    strbuf_init(&rewriting.out, (size_t)PATTERN_BYTES_MAX * 64);
    int code = rewrite(&rewriting);
    if (code == 0)
        code = strbuf_status(&rewriting.out);
    if (code == 0)
        code = compile(arena, strbuf_view(&rewriting.out), ret_pattern, reterr);
    else if (code != ERR_CONFIG)
        fail(reterr, code, "no room to compile the pattern");
    strbuf_release(&rewriting.out);
    return code;
}

static bool prepare(struct run *run)
{
    if (run->match_data != NULL)
        return true;
    pcre2_general_context *general = pcre2_general_context_create(take, leave, run->arena);
    if (general != NULL) {
        run->match_context = pcre2_match_context_create(general);
        run->match_data = pcre2_match_data_create(1, general);
    }
    if (run->match_context == NULL || run->match_data == NULL) {
        run->match_data = NULL;
        return schema_stop(run, ERR_MEMORY, "no room to match a pattern");
    }
    pcre2_set_match_limit(run->match_context, SCHEMA_PATTERN_STEPS_MAX);
    pcre2_set_heap_limit(run->match_context, SCHEMA_PATTERN_MEMORY_KIB);
    return true;
}

bool schema_pattern_found(struct frame *frame, const struct pcre2_real_code_8 *pattern,
                          struct view text)
{
    struct run *run = frame->run;

    if (!schema_spend(run, 1 + text.len / 16) || !prepare(run))
        return false;
    int result = pcre2_match(pattern, (PCRE2_SPTR)(text.ptr != NULL ? text.ptr : ""), text.len, 0,
                             0, run->match_data, run->match_context);
    if (result >= 0)
        return true;
    if (result == PCRE2_ERROR_NOMATCH)
        return false;
    if (result == PCRE2_ERROR_NOMEMORY)
        return schema_stop(run, ERR_MEMORY, "no room to match a pattern");
    return schema_stop(run, ERR_LIMIT, "a pattern of the schema takes more than %d steps",
                       SCHEMA_PATTERN_STEPS_MAX);
}
