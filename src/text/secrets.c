/* SPDX-License-Identifier: Apache-2.0
 *
 * secrets: see secrets.h. What tells a key from a word, a placeholder or a name of a package. */
#include "text/secrets.h"

#include <string.h>

/* Nothing that could belong to it stands before; a kana may. */
#define ALONE "(?<![0-9A-Za-z_])"
/* Between a word and the value that it is given: = : は, quotes, spaces. */
#define IS "[\"'`]?(?: is |[ \\t]{0,2}(?:[:=]|=>|は|が)[ \\t]{0,2})[\"'`「]?"

/* What a value is made of. */
struct make {
    size_t upper;
    size_t lower;
    size_t digit;
    size_t other;
    size_t distinct; /* how many characters differ */
};

static struct make make_of(struct view value)
{
    struct make make = {.upper = 0};
    bool seen[256] = {false};

    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.ptr[i];
        make.upper += byte >= 'A' && byte <= 'Z';
        make.lower += byte >= 'a' && byte <= 'z';
        make.digit += byte >= '0' && byte <= '9';
        make.distinct += !seen[byte];
        seen[byte] = true;
    }
    make.other = value.len - make.upper - make.lower - make.digit;
    return make;
}

static bool has_any(struct view value, const char *const *words)
{
    for (; *words != NULL; words++) {
        size_t len = strlen(*words);
        for (size_t at = 0; at + len <= value.len; at++)
            if (view_equal_nocase(view_make(value.ptr + at, len), view_make(*words, len)))
                return true;
    }
    return false;
}

/* What documentation writes where a key belongs. */
static bool is_placeholder(struct view value)
{
    static const char *const words[] = {"example", "xxxx",     "your",     "placeholder", "dummy",
                                        "sample",  "redacted", "changeme", "todo",        "0000000",
                                        "....",    "****",     "insert",   NULL};

    return has_any(value, words);
}

/* The signature is that of scan_rule's accept, whether or not one narrows the match. */
/* NOLINTBEGIN(readability-non-const-parameter) */

/* For a prefix that nothing else has: anything that is not plainly a placeholder. */
static bool accept_key(struct view text, size_t *start, size_t *end)
{
    struct view value = view_slice(text, *start, *end);
    struct make make = make_of(value);

    return !is_placeholder(value) && make.distinct >= 10;
}

/* Its form alone says what it is: the example of Amazon's own manual counts too. */
static bool accept_access_key(struct view text, size_t *start, size_t *end)
{
    return make_of(view_slice(text, *start, *end)).distinct >= 10;
}

static bool is_random(struct make make, size_t len)
{
    if (make.distinct < 8 || 4 * make.other > len)
        return false;
    return make.digit >= 4 || (make.upper >= 3 && make.lower >= 3 && make.digit >= 1);
}

/* For a prefix that words have too: what follows must look drawn by lot. */
static bool accept_random(struct view text, size_t *start, size_t *end)
{
    struct view value = view_slice(text, *end - *start > 20 ? *end - 20 : *start, *end);

    return is_random(make_of(value), value.len) && !is_placeholder(view_slice(text, *start, *end));
}

static bool accept_mixed_case(struct view text, size_t *start, size_t *end)
{
    struct make make = make_of(view_slice(text, *start, *end));

    return make.upper >= 3 && make.lower >= 3;
}

/* Passwords that stand in every manual. */
static bool is_manual_password(struct view password)
{
    static const char *const whole[] = {"password", "pass",  "passwd",     "pwd",
                                        "secret",   "pw",    "mypassword", "pass_word",
                                        "hoge",     "token", NULL};

    for (size_t i = 0; whole[i] != NULL; i++)
        if (view_equal_nocase(password, view_of(whole[i])))
            return true;
    return password.ptr[0] == '$' || password.ptr[0] == '<' || password.ptr[0] == '{'
           || password.ptr[0] == '%' || is_placeholder(password) || make_of(password).distinct < 3;
}

/* scheme://user:password@host: the password is told, and its scheme and user with it. */
static bool accept_connection(struct view text, size_t *start, size_t *end)
{
    struct view match = view_slice(text, *start, *end);
    size_t user = view_find(match, (struct view)VIEW("://"), 0) + 3;
    size_t colon = user;

    while (colon < match.len && match.ptr[colon] != ':')
        colon++;
    struct view password = view_slice(match, colon + 1, match.len - 2);
    *end -= 1;
    return password.len > 0 && !is_manual_password(password);
}

static bool is_value_byte(char byte)
{
    return (unsigned char)byte < 0x80 && strchr(" \t\"'`:=", byte) == NULL;
}

/* After a word: only the value is told, the last run without a space, sign or kana. */
static bool accept_value(struct view text, size_t *start, size_t *end)
{
    size_t at = *end;

    while (at > *start && is_value_byte(text.ptr[at - 1]))
        at--;
    struct view value = view_slice(text, at, *end);
    if (value.len < 12 || is_placeholder(value) || !is_random(make_of(value), value.len))
        return false;
    *start = at;
    return true;
}

/* NOLINTEND(readability-non-const-parameter) */

static const struct scan_rule rules[] = {
#define RULE(what, expression, tail, accept) \
    {VIEW("secret." what), VIEW(expression), SCAN_SECRET, SCAN_TAIL_##tail, accept},
#include "text/secrets_rules.def"
#undef RULE
};

const struct scan_rule *secret_rules(size_t *ret_count)
{
    *ret_count = sizeof rules / sizeof rules[0];
    return rules;
}
