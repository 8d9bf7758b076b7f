/* SPDX-License-Identifier: Apache-2.0
 *
 * url: see url.h. */
#include "wire/url.h"

#include <stdio.h>

#include "base/utf8.h"

struct scheme {
    const char *name;
    uint16_t port;
    bool tls;
};

static const struct scheme schemes[] = {
    {"http", 80, false}, {"https", 443, true},   {"ws", 80, false},
    {"wss", 443, true},  {"redis", 6379, false}, {"rediss", 6379, true},
};

static const struct scheme *scheme_of(struct view name)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (view_equal_nocase(name, view_of(schemes[i].name)))
            return &schemes[i];
    }
    return NULL;
}

uint16_t url_default_port(struct view scheme)
{
    const struct scheme *found = scheme_of(scheme);

    return found != NULL ? found->port : 0;
}

/* The URL for a message: what stands before the last '@' may be a secret, and long ones are cut. */
static void quote(struct view text, char *ret_quoted, size_t size)
{
    size_t slashes = view_find(text, (struct view)VIEW("//"), 0);
    size_t from = slashes < text.len ? slashes + 2 : 0;
    size_t at = text.len;

    while (at > from && text.ptr[at - 1] != '@')
        at--;
    struct view after = utf8_cut(view_slice(text, at, text.len), 200);
    snprintf(ret_quoted, size, "%.*s%s%.*s", VIEW_ARG(utf8_cut(view_slice(text, 0, from), 20)),
             at > from ? "***@" : "", VIEW_ARG(after));
}

/* ERR_INVALID: 'URL', character N: why. */
static int refuse(struct view text, const char *at, const char *why, struct err *reterr)
{
    char quoted[300];
    size_t column = utf8_count(view_make(text.ptr, (size_t)(at - text.ptr))) + 1;

    quote(text, quoted, sizeof quoted);
    return fail(reterr, ERR_INVALID, "'%s' is no usable URL: character %zu: %s", quoted, column,
                why);
}

static bool is_alnum(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z')
           || (byte >= '0' && byte <= '9');
}

static int hex_value(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

static bool is_escape(struct view text, size_t at)
{
    return text.len - at > 2 && hex_value(text.ptr[at + 1]) >= 0
           && hex_value(text.ptr[at + 2]) >= 0;
}

/* Characters of path, query and userinfo. */
static int check_characters(struct view text, struct view part, const char *allowed,
                            struct err *reterr)
{
    for (size_t i = 0; i < part.len; i++) {
        char byte = part.ptr[i];
        if (is_alnum(byte) || (byte != '\0' && strchr(allowed, byte) != NULL))
            continue;
        if (byte == '%' && is_escape(part, i))
            continue;
        if (byte == '%')
            return refuse(text, part.ptr + i,
                          "'%' must be followed by two hex digits; a '%' itself is written %25",
                          reterr);
        if (byte == '#')
            return refuse(text, part.ptr + i,
                          "a fragment never reaches a server; remove '#' and what follows", reterr);
        return refuse(text, part.ptr + i, "this character must be percent-encoded (a space is %20)",
                      reterr);
    }
    return 0;
}

static bool group_is_hex(struct view group)
{
    for (size_t i = 0; i < group.len; i++) {
        if (hex_value(group.ptr[i]) < 0)
            return false;
    }
    return group.len >= 1 && group.len <= 4;
}

static bool is_ipv4(struct view text)
{
    size_t parts = 0;

    while (text.ptr != NULL) {
        struct view part = view_split(&text, '.');
        int64_t value;
        if (part.len > 3 || view_to_int(part, &value) != 0 || value < 0 || value > 255)
            return false;
        if (part.len > 1 && part.ptr[0] == '0')
            return false;
        parts++;
    }
    return parts == 4;
}

/* Counts the 16-bit groups of one side of "::"; -1 where one is none. */
static int count_groups(struct view side, bool may_end_in_ipv4)
{
    int groups = 0;

    if (side.len == 0)
        return 0;
    while (side.ptr != NULL) {
        struct view group = view_split(&side, ':');
        if (side.ptr == NULL && may_end_in_ipv4 && is_ipv4(group))
            return groups + 2;
        if (!group_is_hex(group))
            return -1;
        groups++;
    }
    return groups;
}

static bool is_ipv6(struct view text)
{
    size_t gap = view_find(text, (struct view)VIEW("::"), 0);

    if (gap == text.len)
        return count_groups(text, true) == 8;
    int left = count_groups(view_slice(text, 0, gap), false);
    int right = count_groups(view_slice(text, gap + 2, text.len), true);
    return left >= 0 && right >= 0 && left + right <= 7;
}

static int check_host(struct view text, const struct url *url, struct err *reterr)
{
    struct view host = url->host;

    if (url->host_is_ipv6)
        return is_ipv6(host) ? 0
                             : refuse(text, host.ptr,
                                      "this is no IPv6 address (zones are not taken)", reterr);
    if (host.len == 0)
        return refuse(text, host.ptr, "a host must follow '//', as in https://example.com", reterr);
    if (host.len > 253)
        return refuse(text, host.ptr, "the host is longer than 253 characters", reterr);
    for (size_t i = 0; i < host.len; i++) {
        char byte = host.ptr[i];
        if (((unsigned char)byte & 0x80u) != 0)
            return refuse(text, host.ptr + i,
                          "write the host in its ASCII form, which starts with xn--", reterr);
        if (!is_alnum(byte) && (byte == '\0' || strchr("-._", byte) == NULL))
            return refuse(text, host.ptr + i, "this character cannot be part of a host", reterr);
    }
    return 0;
}

static int parse_port(struct view text, struct view port, uint16_t *ret_port, struct err *reterr)
{
    int64_t value = 0;

    if (port.len == 0 || port.len > 5 || port.ptr[0] == '-' || view_to_int(port, &value) != 0
        || value < 1 || value > 65535)
        return refuse(text, port.ptr, "a port is a number from 1 to 65535", reterr);
    *ret_port = (uint16_t)value;
    return 0;
}

/* userinfo@host:port, up to where the path or query starts. */
static int parse_authority(struct view text, struct view authority, struct url *url,
                           struct err *reterr)
{
    size_t at = authority.len;
    while (at > 0 && authority.ptr[at - 1] != '@')
        at--;
    if (at > 0) {
        url->userinfo = view_slice(authority, 0, at - 1);
        int code = check_characters(text, url->userinfo, "-._~!$&'()*+,;=:", reterr);
        if (code != 0)
            return code;
    }
    struct view rest = view_slice(authority, at, authority.len);
    size_t host_ends;

    if (rest.len > 0 && rest.ptr[0] == '[') {
        size_t closing = view_find_byte(rest, ']');
        if (closing == rest.len)
            return refuse(text, rest.ptr, "'[' is never closed with ']'", reterr);
        url->host = view_slice(rest, 1, closing);
        url->host_is_ipv6 = true;
        host_ends = closing + 1;
        if (host_ends < rest.len && rest.ptr[host_ends] != ':')
            return refuse(text, rest.ptr + host_ends, "only ':' and a port may follow ']'", reterr);
    } else {
        host_ends = view_find_byte(rest, ':');
        url->host = view_slice(rest, 0, host_ends);
        struct view after = view_slice(rest, host_ends + 1, rest.len);
        if (view_find_byte(after, ':') < after.len)
            return refuse(text, rest.ptr, "an IPv6 address is written in brackets, [::1]", reterr);
    }
    int code = check_host(text, url, reterr);
    if (code != 0 || host_ends == rest.len)
        return code;
    return parse_port(text, view_slice(rest, host_ends + 1, rest.len), &url->port, reterr);
}

static int parse_scheme(struct view text, struct url *url, size_t *ret_after, struct err *reterr)
{
    size_t colon = view_find(text, (struct view)VIEW("://"), 0);

    if (colon == text.len || colon == 0)
        return refuse(text, text.ptr, "it must start with a scheme, as in https://example.com",
                      reterr);
    url->scheme = view_slice(text, 0, colon);
    const struct scheme *scheme = scheme_of(url->scheme);
    if (scheme == NULL)
        return refuse(text, text.ptr, "the scheme must be http, https, ws, wss, redis or rediss",
                      reterr);
    url->tls = scheme->tls;
    url->port = scheme->port;
    *ret_after = colon + 3;
    return 0;
}

int url_parse(struct view text, struct url *ret_url, struct err *reterr)
{
    struct url url = {0};
    size_t at = 0;

    if (text.len == 0)
        return fail(reterr, ERR_INVALID, "the URL is empty; write one as in https://example.com");
    if (text.len > URL_BYTES_MAX)
        return fail(reterr, ERR_INVALID, "the URL has %zu bytes, more than %d", text.len,
                    URL_BYTES_MAX);
    int code = parse_scheme(text, &url, &at, reterr);
    if (code != 0)
        return code;

    size_t ends = at;
    while (ends < text.len && (text.ptr[ends] == '\0' || strchr("/?#", text.ptr[ends]) == NULL))
        ends++;
    code = parse_authority(text, view_slice(text, at, ends), &url, reterr);
    if (code != 0)
        return code;
    struct view rest = view_slice(text, ends, text.len);
    size_t question = view_find_byte(rest, '?');
    url.path = view_slice(rest, 0, question);
    if (question < rest.len)
        url.query = view_slice(rest, question + 1, rest.len);
    code = check_characters(text, url.path, "-._~!$&'()*+,;=:@/", reterr);
    if (code == 0)
        code = check_characters(text, url.query, "-._~!$&'()*+,;=:@/?", reterr);
    if (code == 0)
        *ret_url = url;
    return code;
}

void url_add_authority(struct strbuf *out, struct view host, uint16_t port, bool tls)
{
    bool brackets = view_find_byte(host, ':') < host.len;

    strbuf_add_text(out, brackets ? "[" : "");
    strbuf_add(out, host);
    strbuf_add_text(out, brackets ? "]" : "");
    if (port != (tls ? 443 : 80))
        strbuf_printf(out, ":%u", (unsigned)port);
}

void url_encode(struct strbuf *out, struct view bytes, const char *keep)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < bytes.len; i++) {
        char byte = bytes.ptr[i];
        if (is_alnum(byte)
            || (byte != '\0' && (strchr("-._~", byte) != NULL || strchr(keep, byte) != NULL))) {
            strbuf_add_byte(out, byte);
            continue;
        }
        unsigned char value = (unsigned char)byte;
        const char escape[3] = {'%', digits[value >> 4], digits[value & 15]};
        strbuf_add(out, view_make(escape, sizeof escape));
    }
}

int url_decode(struct strbuf *out, struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '%' && !is_escape(text, i))
            return ERR_INVALID;
    }
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (byte == '%') {
            byte = (char)(hex_value(text.ptr[i + 1]) << 4 | hex_value(text.ptr[i + 2]));
            i += 2;
        }
        strbuf_add_byte(out, byte);
    }
    return strbuf_status(out);
}

bool url_query_next(struct view *rest, struct view *ret_name, struct view *ret_value)
{
    while (rest->ptr != NULL) {
        struct view part = view_split(rest, '&');
        if (part.len == 0)
            continue;
        *ret_name = view_split(&part, '=');
        *ret_value = part;
        return true;
    }
    return false;
}
