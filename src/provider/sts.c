/* SPDX-License-Identifier: Apache-2.0
 *
 * sts: see sts.h. */
#include "provider/sts.h"

#include "base/date.h"
#include "base/utf8.h"
#include "wire/url.h"

enum {
    BODY_BYTES_MAX = 64 * 1024,
    ANSWER_BYTES_MAX = 64 * 1024,
    DEPTH_MAX = 16,
    MESSAGE_SHOWN_BYTES = 400,
};

/* ---- asking --------------------------------------------------------------------------------- */

static void add_field(struct strbuf *out, const char *name, struct view value)
{
    if (value.len == 0)
        return;
    strbuf_printf(out, "&%s=", name);
    url_encode(out, value, "");
}

int sts_request(const struct credentials_role *role, struct view token, int64_t unix_s,
                struct arena *arena, struct http_request *ret_request, struct err *reterr)
{
    struct http_request request = {.method = VIEW("POST"), .target = VIEW("/")};
    struct strbuf body;

    strbuf_init(&body, BODY_BYTES_MAX);
    strbuf_printf(&body, "Action=%s&Version=2011-06-15",
                  token.len != 0 ? "AssumeRoleWithWebIdentity" : "AssumeRole");
    add_field(&body, "RoleArn", role->arn);
    if (role->session_name.len != 0)
        add_field(&body, "RoleSessionName", role->session_name);
    else
        strbuf_printf(&body, "&RoleSessionName=assay-%lld", (long long)unix_s);
    if (role->duration_s > 0)
        strbuf_printf(&body, "&DurationSeconds=%lld", (long long)role->duration_s);
    add_field(&body, "ExternalId", role->external_id);
    add_field(&body, "WebIdentityToken", token);
    int code = strbuf_status(&body);
    if (code == 0)
        code = arena_copy(arena, strbuf_view(&body), &request.body);
    strbuf_release(&body);
    if (code == 0)
        code = http_header_add(&request.headers, (struct view)VIEW("Content-Type"),
                               (struct view)VIEW("application/x-www-form-urlencoded; "
                                                 "charset=utf-8"));
    if (code == 0) /* before a proxy or fake turns it into something else */
        code = http_header_add(&request.headers, (struct view)VIEW("Accept"),
                               (struct view)VIEW("text/xml"));
    if (code != 0)
        return fail(reterr, code, "the role and its token are longer than %d bytes",
                    BODY_BYTES_MAX);
    *ret_request = request;
    return 0;
}

/* ---- the reader of XML ---------------------------------------------------------------------- */

/* Called for each element without children: its name, its parent's, and its text with entities. */
typedef int xml_leaf(void *context, struct view parent, struct view name, struct view text);

struct xml {
    struct view rest;
    struct view path[DEPTH_MAX];
    size_t depth;
    bool leaf; /* the element that was opened last has had no children */
    bool done; /* the root was closed */
};

static bool is_name(struct view name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char byte = (unsigned char)name.ptr[i];
        if (!(byte >= 'a' && byte <= 'z') && !(byte >= 'A' && byte <= 'Z')
            && !(byte >= '0' && byte <= '9') && byte != '_' && byte != '-' && byte != '.'
            && byte != ':' && byte < 0x80)
            return false;
    }
    return name.len > 0;
}

static struct view cut_blank(struct view text)
{
    size_t i = 0;

    while (i < text.len && text.ptr[i] != ' ' && text.ptr[i] != '\t' && text.ptr[i] != '\n'
           && text.ptr[i] != '\r')
        i++;
    return view_slice(text, 0, i);
}

static int open_element(struct xml *xml, struct view tag)
{
    struct view name = cut_blank(tag);

    if (!is_name(name) || xml->done || xml->depth == DEPTH_MAX)
        return ERR_SYNTAX;
    xml->path[xml->depth++] = name;
    xml->leaf = true;
    return 0;
}

/* `text` is what stood before the closing tag. */
static int close_element(struct xml *xml, struct view name, struct view text, xml_leaf *leaf,
                         void *context)
{
    if (xml->depth == 0 || !view_equal(xml->path[xml->depth - 1], name))
        return ERR_SYNTAX;
    struct view parent = xml->depth > 1 ? xml->path[xml->depth - 2] : (struct view){0};
    int code = xml->leaf ? leaf(context, parent, name, text) : 0;
    xml->leaf = false;
    xml->depth--;
    xml->done = xml->depth == 0;
    return code;
}

/* What lies between '<' and '>'; `text` is what came before. */
static int take_tag(struct xml *xml, struct view tag, struct view text, xml_leaf *leaf,
                    void *context)
{
    bool blank = view_trim(text).len == 0;

    if (tag.len == 0 || tag.ptr[0] == '!')
        return ERR_SYNTAX;
    if (tag.ptr[0] == '/')
        return !blank && !xml->leaf ? ERR_SYNTAX
                                    : close_element(xml, view_trim(view_slice(tag, 1, tag.len)),
                                                    text, leaf, context);
    if (!blank)
        return ERR_SYNTAX;
    if (tag.ptr[0] == '?')
        return xml->depth == 0 && !xml->done && tag.ptr[tag.len - 1] == '?' ? 0 : ERR_SYNTAX;
    if (tag.ptr[tag.len - 1] != '/')
        return open_element(xml, tag);
    int code = open_element(xml, view_trim(view_slice(tag, 0, tag.len - 1)));
    return code != 0
               ? code
               : close_element(xml, xml->path[xml->depth - 1], (struct view){0}, leaf, context);
}

static int read_xml(struct view text, xml_leaf *leaf, void *context)
{
    struct xml xml = {.rest = view_trim(text)};

    if (text.len > ANSWER_BYTES_MAX || !utf8_valid(text, NULL))
        return ERR_SYNTAX;
    while (xml.rest.len > 0) {
        size_t begin = view_find_byte(xml.rest, '<');
        struct view before = view_slice(xml.rest, 0, begin);
        struct view tag = view_slice(xml.rest, begin + 1, xml.rest.len);
        size_t end = view_find_byte(tag, '>');
        if (begin == xml.rest.len || end == tag.len)
            return ERR_SYNTAX;
        xml.rest = view_slice(tag, end + 1, tag.len);
        int code = take_tag(&xml, view_slice(tag, 0, end), before, leaf, context);
        if (code != 0)
            return code;
    }
    return xml.done ? 0 : ERR_SYNTAX;
}

/* The text without entities. */
static int unescape(struct view text, struct arena *arena, struct view *ret_text)
{
    static const struct {
        struct view name;
        char byte;
    } entities[] = {{VIEW("&amp;"), '&'},
                    {VIEW("&lt;"), '<'},
                    {VIEW("&gt;"), '>'},
                    {VIEW("&quot;"), '"'},
                    {VIEW("&apos;"), '\''}};
    char *out = arena_new(arena, text.len + 1, 1);
    size_t len = 0;

    if (out == NULL)
        return ERR_MEMORY;
    while (text.len > 0) {
        size_t skip = 1;
        out[len] = text.ptr[0];
        for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
            if (view_starts(text, entities[i].name)) {
                out[len] = entities[i].byte;
                skip = entities[i].name.len;
            }
        }
        if (skip == 1 && text.ptr[0] == '&')
            return ERR_SYNTAX;
        text = view_slice(text, skip, text.len);
        len++;
    }
    *ret_text = view_make(out, len);
    return 0;
}

/* ---- answers -------------------------------------------------------------------------------- */

struct taken {
    struct arena *arena;
    const char *parent;
    const char *const *names;
    struct view *values;
    size_t count;
};

static int take_leaf(void *context, struct view parent, struct view name, struct view text)
{
    const struct taken *taken = context;

    if (!view_is(parent, taken->parent))
        return 0;
    for (size_t i = 0; i < taken->count; i++) {
        if (!view_is(name, taken->names[i]))
            continue;
        return taken->values[i].ptr != NULL ? ERR_SYNTAX /* twice */
                                            : unescape(text, taken->arena, &taken->values[i]);
    }
    return 0;
}

int sts_read(struct view text, struct arena *arena, struct credentials_answer *ret_answer,
             struct err *reterr)
{
    static const char *const names[] = {"AccessKeyId", "SecretAccessKey", "SessionToken",
                                        "Expiration"};
    enum { COUNT = sizeof names / sizeof names[0] };
    struct view values[COUNT] = {{0}};
    struct taken taken = {arena, "Credentials", names, values, COUNT};
    struct credentials_answer answer = {.expires_s = 0};

    int code = read_xml(text, take_leaf, &taken);
    if (code != 0)
        return fail(reterr, code == ERR_MEMORY ? ERR_MEMORY : ERR_UPSTREAM,
                    "the answer is not the XML that STS sends; is this its address?");
    for (size_t i = 0; i < COUNT; i++) {
        if (view_trim(values[i]).len == 0)
            return fail(reterr, ERR_UPSTREAM,
                        "the answer has no %s in Credentials; is this the address of STS?",
                        names[i]);
    }
    answer.keys = (struct sigv4_credentials){.access_key = view_trim(values[0]),
                                             .secret_key = view_trim(values[1]),
                                             .session_token = view_trim(values[2])};
    if (date_parse(view_trim(values[3]), &answer.expires_s) != 0)
        return fail(reterr, ERR_UPSTREAM, "Expiration in the answer is no date");
    *ret_answer = answer;
    return 0;
}

struct view sts_read_error(struct view text, struct arena *arena)
{
    static const char *const names[] = {"Code", "Message"};
    struct view values[2] = {{0}};
    struct taken taken = {arena, "Error", names, values, 2};

    if (read_xml(text, take_leaf, &taken) != 0 || values[0].len == 0)
        return (struct view){0};
    return view_of(arena_printf(arena, "%.*s: %.*s", VIEW_ARG(view_trim(values[0])),
                                VIEW_ARG(utf8_cut(view_trim(values[1]), MESSAGE_SHOWN_BYTES))));
}

/* ---- addresses ------------------------------------------------------------------------------ */

int credentials_service_url(const char *host, struct view region, struct arena *arena,
                            struct view *ret_url, struct err *reterr)
{
    static const struct {
        struct view prefix; /* of the region's name */
        const char *suffix;
    } partitions[] = {
        {VIEW("cn-"), "amazonaws.com.cn"},    {VIEW("us-iso-"), "c2s.ic.gov"},
        {VIEW("us-isob-"), "sc2s.sgov.gov"},  {VIEW("eu-isoe-"), "cloud.adc-e.uk"},
        {VIEW("us-isof-"), "csp.hci.ic.gov"}, {VIEW("eusc-"), "amazonaws.eu"},
        {VIEW(""), "amazonaws.com"},
    };
    size_t i = 0;

    for (size_t j = 0; j < region.len; j++) {
        char byte = region.ptr[j];
        if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') && byte != '-')
            region.len = 0;
    }
    if (region.len == 0 || region.len > 40)
        return fail(reterr, ERR_CONFIG, "the AWS region is none; write one such as us-east-1");
    while (!view_starts(region, partitions[i].prefix))
        i++;
    const char *url =
        arena_printf(arena, "https://%s.%.*s.%s", host, VIEW_ARG(region), partitions[i].suffix);
    if (url == NULL)
        return fail(reterr, ERR_MEMORY, "no memory");
    *ret_url = view_of(url);
    return 0;
}
