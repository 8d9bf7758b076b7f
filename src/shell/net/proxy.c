/* SPDX-License-Identifier: Apache-2.0
 *
 * proxy: see proxy.h. */
#include "shell/net/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "wire/url.h"

enum { URL_MAX = 4096 };

/* An address in bytes; len 0 where the text is none. */
struct address {
    unsigned char bytes[16];
    size_t len;
};

static struct address address_of(struct view text)
{
    struct address address = {.len = 0};
    char word[INET6_ADDRSTRLEN];

    if (text.len == 0 || text.len >= sizeof word)
        return address;
    memcpy(word, text.ptr, text.len);
    word[text.len] = '\0';
    if (inet_pton(AF_INET, word, address.bytes) == 1)
        address.len = 4;
    else if (inet_pton(AF_INET6, word, address.bytes) == 1)
        address.len = 16;
    return address;
}

static bool same_bits(const struct address *a, const struct address *b, size_t bits)
{
    size_t whole = bits / 8;
    unsigned mask = 0xff00u >> (bits % 8) & 0xffu;

    return a->len == b->len && bits <= 8 * a->len && memcmp(a->bytes, b->bytes, whole) == 0
           && (mask == 0 || (a->bytes[whole] & mask) == (b->bytes[whole] & mask));
}

/* "10.0.0.0/8" */
static bool in_range(struct view range, const struct address *address)
{
    size_t slash = view_find_byte(range, '/');
    struct address base = address_of(view_slice(range, 0, slash));
    int64_t bits = 0;

    return base.len != 0 && view_to_int(view_slice(range, slash + 1, range.len), &bits) == 0
           && bits >= 0 && bits <= 128 && same_bits(&base, address, (size_t)bits);
}

/* A word of no_proxy without its ":port", which is told apart: 0 for none, -1 where it is none. */
static struct view cut_port(struct view word, int64_t *ret_port)
{
    bool bracketed = word.ptr[0] == '[';
    size_t ends = bracketed ? view_find_byte(word, ']') : view_find_byte(word, ':');
    struct view name = view_slice(word, bracketed ? 1 : 0, ends);
    struct view rest = view_slice(word, bracketed ? ends + 1 : ends, word.len);
    struct view port = view_slice(rest, 1, rest.len);

    *ret_port = 0;
    if (!bracketed && view_find_byte(port, ':') != port.len)
        return word; /* an IPv6 address */
    if ((bracketed && ends == word.len)
        || (rest.len != 0
            && (rest.ptr[0] != ':' || view_to_int(port, ret_port) != 0 || *ret_port <= 0)))
        *ret_port = -1;
    return name;
}

static struct view without_prefix(struct view word, struct view prefix)
{
    return view_starts(word, prefix) ? view_slice(word, prefix.len, word.len) : word;
}

static struct view without_last_dot(struct view name)
{
    return name.len > 1 && name.ptr[name.len - 1] == '.' ? view_slice(name, 0, name.len - 1) : name;
}

static bool in_domain(struct view host, struct view domain)
{
    if (domain.len == 0 || host.len < domain.len)
        return false;
    size_t before = host.len - domain.len;
    return view_equal_nocase(view_slice(host, before, host.len), domain)
           && (before == 0 || host.ptr[before - 1] == '.');
}

static bool names(struct view word, struct view host, const struct address *address, uint16_t port)
{
    static const struct view star = VIEW("*"), dot = VIEW(".");
    int64_t only_port = 0;

    if (view_is(word, "*"))
        return true;
    if (view_find_byte(word, '/') != word.len)
        return in_range(word, address);
    struct view name = cut_port(word, &only_port);
    if (only_port != 0 && only_port != port)
        return false;
    struct address named = address_of(name);
    if (named.len != 0 || address->len != 0)
        return named.len != 0 && same_bits(&named, address, 8 * named.len);
    name = without_prefix(without_prefix(name, star), dot);
    return in_domain(host, without_last_dot(name));
}

bool proxy_is_bypassed(struct view no_proxy, struct view host, uint16_t port)
{
    struct view name = without_last_dot(host);
    struct address address = address_of(name);

    while (no_proxy.ptr != NULL) {
        struct view words = view_split(&no_proxy, ',');
        while (words.ptr != NULL) {
            struct view word = view_trim(view_split(&words, ' '));
            if (word.len != 0 && names(word, name, &address, port))
                return true;
        }
    }
    return false;
}

static bool is_here(struct view host)
{
    static const struct view localhost = VIEW("localhost"), four = VIEW("127.0.0.0/8"),
                             six = VIEW("::1/128");
    struct view name = without_last_dot(host);
    struct address address = address_of(name);

    return in_domain(name, localhost) || in_range(four, &address) || in_range(six, &address);
}

/* Takes a proxy's url apart, with "http://" before it where it has no scheme. */
static int read_url(const char *variable, struct view text, struct strbuf *room,
                    struct proxy_choice *ret_choice, struct err *reterr)
{
    static const struct view scheme_end = VIEW("://");
    struct strbuf whole;
    struct url url;
    struct err err = {0};

    strbuf_init(&whole, URL_MAX);
    if (view_find(text, scheme_end, 0) == text.len)
        strbuf_add_text(&whole, "http://");
    strbuf_add(&whole, text);
    int code = strbuf_status(&whole);
    if (code == 0)
        code = url_parse(strbuf_view(&whole), &url, &err);
    else
        (fail)(&err, code, "the url is too long");
    if (code == 0 && !view_equal_nocase(url.scheme, view_of("http")))
        code = (fail)(&err, ERR_CONFIG, "a proxy is spoken to by http://, not by %.*s://",
                      VIEW_ARG(url.scheme));
    if (code == 0) {
        strbuf_add(room, url.host);
        code = url_decode(room, url.userinfo);
    }
    if (code == 0)
        code = strbuf_status(room);
    if (code == 0)
        *ret_choice = (struct proxy_choice){
            .host = view_slice(strbuf_view(room), 0, url.host.len),
            .port = url.port,
            .user = view_slice(strbuf_view(room), url.host.len, room->len),
        };
    strbuf_release(&whole);
    if (code != 0)
        return fail(reterr, code == ERR_MEMORY ? ERR_MEMORY : ERR_CONFIG,
                    "%s: %s; write http://host:port", variable,
                    err.code != 0 ? err.text : err_text(code));
    return 0;
}

int proxy_choose(const struct proxy_settings *settings, bool tls, struct view host, uint16_t port,
                 struct strbuf *room, struct proxy_choice *ret_choice, struct err *reterr)
{
    struct view of_scheme = view_trim(tls ? settings->https_proxy : settings->http_proxy);
    struct view of_all = view_trim(settings->all_proxy);

    strbuf_reset(room);
    if ((of_scheme.len == 0 && of_all.len == 0) || is_here(host)
        || proxy_is_bypassed(settings->no_proxy, host, port)) {
        *ret_choice = (struct proxy_choice){.port = 0};
        return 0;
    }
    if (of_scheme.len != 0)
        return read_url(tls ? "https_proxy" : "http_proxy", of_scheme, room, ret_choice, reterr);
    return read_url("all_proxy", of_all, room, ret_choice, reterr);
}
