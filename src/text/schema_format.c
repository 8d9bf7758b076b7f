/* SPDX-License-Identifier: Apache-2.0
 *
 * schema_format: the values of `format` that are checked where that is asked for. Every other name
 * is a note.
 *
 * Syntax only: nothing is looked up, and what a standard leaves open (leap seconds, quoted mail
 * boxes) is decided as the public test suite has it. Memory: none, but `regex` compiles in an arena
 * of its own. Threads: no state.
 * Source: RFC 3339, 5321, 1123, 2673, 4291, 3986, 4122, 6901; ISO 8601 as in RFC 3339, A. */
#include "text/schema_internal.h"

/* Takes exactly `count` digits; -1 where they are not there. */
static int take_digits(struct view *rest, size_t count)
{
    int value = 0;

    if (rest->len < count)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (rest->ptr[i] < '0' || rest->ptr[i] > '9')
            return -1;
        value = value * 10 + (rest->ptr[i] - '0');
    }
    *rest = view_slice(*rest, count, rest->len);
    return value;
}

static bool take_byte(struct view *rest, char byte)
{
    if (rest->len == 0 || rest->ptr[0] != byte)
        return false;
    *rest = view_slice(*rest, 1, rest->len);
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* ---- dates ---------------------------------------------------------------------------------- */

static bool take_date(struct view *rest)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = take_digits(rest, 4);
    bool first = take_byte(rest, '-');
    int month = take_digits(rest, 2);
    bool second = take_byte(rest, '-');
    int day = take_digits(rest, 2);

    if (year < 0 || !first || month < 1 || month > 12 || !second || day < 1)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= days[month - 1] + (month == 2 && leap);
}

static bool take_time(struct view *rest)
{
    int hour = take_digits(rest, 2);
    bool first = take_byte(rest, ':');
    int minute = take_digits(rest, 2);
    bool second_colon = take_byte(rest, ':');
    int second = take_digits(rest, 2);
    int offset = 0;

    if (hour < 0 || hour > 23 || !first || minute < 0 || minute > 59 || !second_colon || second < 0
        || second > 60)
        return false;
    if (take_byte(rest, '.')) {
        if (take_digits(rest, 1) < 0)
            return false;
        while (take_digits(rest, 1) >= 0)
            continue;
    }
    if (!take_byte(rest, 'Z') && !take_byte(rest, 'z')) {
        bool east = take_byte(rest, '+');
        if (!east && !take_byte(rest, '-'))
            return false;
        int hours = take_digits(rest, 2);
        bool colon = take_byte(rest, ':');
        int minutes = take_digits(rest, 2);
        if (hours < 0 || hours > 23 || !colon || minutes < 0 || minutes > 59)
            return false;
        offset = (hours * 60 + minutes) * (east ? 1 : -1);
    }
    /* A leap second is the last of a day of UTC. */
    return second < 60 || (hour * 60 + minute - offset + 2 * 1440) % 1440 == 1439;
}

static bool is_date(struct view text)
{
    return take_date(&text) && text.len == 0;
}

static bool is_time(struct view text)
{
    return take_time(&text) && text.len == 0;
}

static bool is_date_time(struct view text)
{
    return take_date(&text) && (take_byte(&text, 'T') || take_byte(&text, 't')) && take_time(&text)
           && text.len == 0;
}

/* Units in this order, each at most once and next to those before it: of `units` from `from` on. */
static bool take_units(struct view *rest, const char *units)
{
    bool any = false;
    size_t from = 0;

    while (rest->len != 0 && is_digit(rest->ptr[0])) {
        while (take_digits(rest, 1) >= 0)
            continue;
        const char *unit =
            rest->len != 0 && rest->ptr[0] != '\0' ? strchr(units, rest->ptr[0]) : NULL;
        if (unit == NULL || (size_t)(unit - units) < from
            || (any && (size_t)(unit - units) != from))
            return false;
        from = (size_t)(unit - units) + 1;
        any = true;
        take_byte(rest, *unit);
    }
    return any;
}

static bool is_duration(struct view text)
{
    if (!take_byte(&text, 'P'))
        return false;
    struct view weeks = text;
    if (take_units(&weeks, "W"))
        return weeks.len == 0;
    bool date = text.len != 0 && is_digit(text.ptr[0]);
    if (date && !take_units(&text, "YMD"))
        return false;
    if (text.len == 0)
        return date;
    return take_byte(&text, 'T') && take_units(&text, "HMS") && text.len == 0;
}

/* ---- hosts and mail ------------------------------------------------------------------------- */

static bool is_hostname(struct view text)
{
    if (text.len == 0 || text.len > 253)
        return false;
    while (text.ptr != NULL) {
        struct view label = view_split(&text, '.');
        if (label.len == 0 || label.len > 63 || label.ptr[0] == '-'
            || label.ptr[label.len - 1] == '-')
            return false;
        if (label.len >= 4 && label.ptr[2] == '-' && label.ptr[3] == '-'
            && !view_equal_nocase(view_slice(label, 0, 4), view_of("xn--")))
            return false;
        for (size_t i = 0; i < label.len; i++)
            if (!is_letter(label.ptr[i]) && !is_digit(label.ptr[i]) && label.ptr[i] != '-')
                return false;
    }
    return true;
}

static bool is_ipv4(struct view text)
{
    size_t parts = 0;

    for (; text.ptr != NULL; parts++) {
        struct view part = view_split(&text, '.');
        int64_t value;
        if (part.len == 0 || part.len > 3 || !is_digit(part.ptr[0])
            || (part.len > 1 && part.ptr[0] == '0') || view_to_int(part, &value) != 0
            || value > 255)
            return false;
    }
    return parts == 4;
}

static bool is_ipv6(struct view text)
{
    size_t groups = 0;
    bool gap = false;

    if (view_starts(text, view_of("::"))) {
        gap = true;
        text = view_slice(text, 2, text.len);
        if (text.len == 0)
            return true;
    }
    for (;;) {
        size_t len = 0;
        while (len < text.len && is_hex(text.ptr[len]))
            len++;
        if (len < text.len && text.ptr[len] == '.')
            return is_ipv4(text) && (gap ? groups + 2 < 8 : groups + 2 == 8);
        if (len == 0 || len > 4)
            return false;
        groups++;
        text = view_slice(text, len, text.len);
        if (text.len == 0)
            return gap ? groups < 8 : groups == 8;
        if (!take_byte(&text, ':') || text.len == 0)
            return false;
        if (take_byte(&text, ':')) {
            if (gap)
                return false;
            gap = true;
            if (text.len == 0)
                return groups < 8;
        }
    }
}

static bool is_mail_domain(struct view domain)
{
    if (domain.len > 2 && domain.ptr[0] == '[' && domain.ptr[domain.len - 1] == ']') {
        struct view address = view_slice(domain, 1, domain.len - 1);
        if (view_equal_nocase(view_slice(address, 0, 5), view_of("IPv6:")))
            return is_ipv6(view_slice(address, 5, address.len));
        return is_ipv4(address);
    }
    return is_hostname(domain);
}

static bool is_dot_atom(struct view text)
{
    static const char others[] = "!#$%&'*+-/=?^_`{|}~";

    while (text.ptr != NULL) {
        struct view atom = view_split(&text, '.');
        if (atom.len == 0)
            return false;
        for (size_t i = 0; i < atom.len; i++)
            if (!is_letter(atom.ptr[i]) && !is_digit(atom.ptr[i])
                && (atom.ptr[i] == '\0' || strchr(others, atom.ptr[i]) == NULL))
                return false;
    }
    return true;
}

static bool is_quoted(struct view text)
{
    if (text.len < 2 || text.ptr[0] != '"' || text.ptr[text.len - 1] != '"')
        return false;
    for (size_t i = 1; i + 1 < text.len; i++) {
        if (text.ptr[i] == '\\' && i + 2 < text.len)
            i++;
        else if (text.ptr[i] == '"' || text.ptr[i] == '\\' || (unsigned char)text.ptr[i] < ' ')
            return false;
    }
    return true;
}

static bool is_email(struct view text)
{
    size_t at = text.len;

    while (at > 0 && text.ptr[at - 1] != '@')
        at--;
    if (at < 2)
        return false;
    struct view local = view_slice(text, 0, at - 1);
    return local.len <= 64 && (is_dot_atom(local) || is_quoted(local))
           && is_mail_domain(view_slice(text, at, text.len));
}

/* ---- URIs ----------------------------------------------------------------------------------- */

/* Bytes of RFC 3986 that may stand in this part; %XX counts as one. */
static bool only(struct view text, const char *others)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            if (i + 2 >= text.len || !is_hex(text.ptr[i + 1]) || !is_hex(text.ptr[i + 2]))
                return false;
            i += 2;
        } else if (!is_letter(c) && !is_digit(c) && (c == '\0' || strchr(others, c) == NULL)) {
            return false;
        }
    }
    return true;
}

#define UNRESERVED_AND_SUB "-._~!$&'()*+,;="

static bool is_authority(struct view authority)
{
    size_t at = view_find_byte(authority, '@');

    if (at < authority.len) {
        if (!only(view_slice(authority, 0, at), UNRESERVED_AND_SUB ":"))
            return false;
        authority = view_slice(authority, at + 1, authority.len);
    }
    size_t end = view_find_byte(authority, ']');
    struct view rest = authority;
    if (authority.len != 0 && authority.ptr[0] == '[') {
        if (end == authority.len || !is_ipv6(view_slice(authority, 1, end)))
            return false;
        rest = view_slice(authority, end + 1, authority.len);
        if (rest.len != 0 && rest.ptr[0] != ':')
            return false;
    }
    size_t colon = view_find_byte(rest, ':');
    for (size_t i = colon + 1; i < rest.len; i++)
        if (!is_digit(rest.ptr[i]))
            return false;
    return rest.ptr != authority.ptr || only(view_slice(rest, 0, colon), UNRESERVED_AND_SUB);
}

/* The part behind the scheme. */
static bool is_relative(struct view text)
{
    struct view fragment = text;
    struct view query = view_split(&fragment, '#');
    struct view path = view_split(&query, '?');

    if (fragment.ptr != NULL && !only(fragment, UNRESERVED_AND_SUB ":@/?"))
        return false;
    if (query.ptr != NULL && !only(query, UNRESERVED_AND_SUB ":@/?"))
        return false;
    if (view_starts(path, view_of("//"))) {
        struct view authority = view_slice(path, 2, path.len);
        size_t slash = view_find_byte(authority, '/');
        path = view_slice(authority, slash, authority.len);
        if (!is_authority(view_slice(authority, 0, slash)))
            return false;
    }
    return only(path, UNRESERVED_AND_SUB ":@/");
}

/* The length of a scheme with its colon, 0 where there is none. */
static size_t scheme_length(struct view text)
{
    size_t len = 0;

    while (len < text.len
           && (is_letter(text.ptr[len])
               || (len > 0
                   && (is_digit(text.ptr[len]) || text.ptr[len] == '+' || text.ptr[len] == '-'
                       || text.ptr[len] == '.'))))
        len++;
    return len > 0 && len < text.len && text.ptr[len] == ':' ? len + 1 : 0;
}

static bool is_uri(struct view text)
{
    size_t scheme = scheme_length(text);

    return scheme != 0 && is_relative(view_slice(text, scheme, text.len));
}

static bool is_uri_reference(struct view text)
{
    struct view first = view_slice(text, 0, view_find_byte(text, '/'));

    if (is_uri(text))
        return true;
    first = view_slice(first, 0, view_find_byte(first, '?'));
    first = view_slice(first, 0, view_find_byte(first, '#'));
    return view_find_byte(first, ':') == first.len && is_relative(text);
}

/* ---- others --------------------------------------------------------------------------------- */

static bool is_uuid(struct view text)
{
    if (text.len != 36)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text.ptr[i] != '-' : !is_hex(text.ptr[i]))
            return false;
    }
    return true;
}

static bool is_json_pointer(struct view text)
{
    if (text.len != 0 && text.ptr[0] != '/')
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '~'
            && (i + 1 == text.len || (text.ptr[i + 1] != '0' && text.ptr[i + 1] != '1')))
            return false;
    return true;
}

static bool is_relative_json_pointer(struct view text)
{
    size_t len = 0;

    while (len < text.len && is_digit(text.ptr[len]))
        len++;
    if (len == 0 || (len > 1 && text.ptr[0] == '0'))
        return false;
    text = view_slice(text, len, text.len);
    return view_is(text, "#") || is_json_pointer(text);
}

static bool is_regex(struct view text)
{
    enum { REGEX_BYTES_MAX = 4 << 20 };
    const struct pcre2_real_code_8 *pattern;
    struct arena arena;

    arena_init(&arena, REGEX_BYTES_MAX);
    int code = schema_pattern_compile(&arena, text, &pattern, NULL);
    arena_release(&arena);
    return code == 0;
}

bool (*schema_format_named(struct view name))(struct view text)
{
    static const struct {
        const char *name;
        bool (*fits)(struct view text);
    } formats[] = {
        {"date", is_date},
        {"time", is_time},
        {"date-time", is_date_time},
        {"duration", is_duration},
        {"email", is_email},
        {"hostname", is_hostname},
        {"ipv4", is_ipv4},
        {"ipv6", is_ipv6},
        {"uri", is_uri},
        {"uri-reference", is_uri_reference},
        {"uuid", is_uuid},
        {"regex", is_regex},
        {"json-pointer", is_json_pointer},
        {"relative-json-pointer", is_relative_json_pointer},
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (view_is(name, formats[i].name))
            return formats[i].fits;
    return NULL;
}
