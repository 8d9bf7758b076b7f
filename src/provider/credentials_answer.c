/* SPDX-License-Identifier: Apache-2.0
 *
 * credentials_answer: a command's, a container's and an instance's. See credentials_answer.h. */
#include "provider/credentials_answer.h"

#include "base/date.h"
#include "base/utf8.h"
#include "wire/json.h"

enum { MESSAGE_SHOWN_BYTES = 300 };

/* ---- a command's words ---------------------------------------------------------------------- */

/* Cuts one word off *rest into `word`. */
static int cut_word(struct view *rest, struct strbuf *word, struct err *reterr)
{
    char quote = '\0';
    size_t i = 0;

    for (; i < rest->len; i++) {
        char byte = rest->ptr[i];
        bool more = i + 1 < rest->len;
        char next = more ? rest->ptr[i + 1] : '\0';
        if (quote == '\0' && (byte == ' ' || byte == '\t'))
            break;
        if (quote == '\0' && (byte == '\'' || byte == '"')) {
            quote = byte;
        } else if (quote != '\0' && byte == quote) {
            quote = '\0';
        } else if (byte == '\\' && more
                   && (quote == '\0' || (quote == '"' && (next == '"' || next == '\\')))) {
            strbuf_add_byte(word, next);
            i++;
        } else {
            strbuf_add_byte(word, byte);
        }
    }
    if (quote != '\0')
        return fail(reterr, ERR_CONFIG, "credential_process has a %c that is never closed", quote);
    *rest = view_slice(*rest, i, rest->len);
    return 0;
}

int credentials_split(struct view command, struct arena *arena, const char *const **ret_arguments,
                      struct err *reterr)
{
    const char **words = arena_new(arena, CREDENTIALS_ARGUMENTS_MAX + 1, sizeof *words);
    struct view rest = view_trim(command);
    struct strbuf word;
    size_t count = 0;
    int code = words == NULL ? fail(reterr, ERR_MEMORY, "no memory") : 0;

    strbuf_init(&word, command.len + 1);
    while (code == 0 && rest.len > 0) {
        strbuf_reset(&word);
        code = count == CREDENTIALS_ARGUMENTS_MAX
                   ? fail(reterr, ERR_CONFIG, "credential_process has more than %d words",
                          CREDENTIALS_ARGUMENTS_MAX)
                   : cut_word(&rest, &word, reterr);
        if (code == 0 && (words[count++] = arena_string(arena, strbuf_view(&word))) == NULL)
            code = fail(reterr, ERR_MEMORY, "no memory");
        rest = view_trim(rest);
    }
    strbuf_release(&word);
    if (code == 0 && count == 0)
        code = fail(reterr, ERR_CONFIG, "credential_process is empty");
    if (code == 0)
        *ret_arguments = words;
    return code;
}

/* ---- keys in JSON --------------------------------------------------------------------------- */

static int parse_object(struct view text, struct arena *arena, const struct json **ret_root,
                        struct err *reterr)
{
    struct json *root;

    int code = json_parse(arena, view_trim(text), &root, NULL);
    if (code == ERR_MEMORY || code == ERR_LIMIT)
        return fail(reterr, code, "what came is too large to be keys");
    if (code != 0 || !json_is(root, JSON_OBJECT))
        return fail(reterr, ERR_UPSTREAM, "what came is no JSON object");
    *ret_root = root;
    return 0;
}

static struct view text_of(const struct json *object, const char *key)
{
    return json_text(json_get(object, key), (struct view){0});
}

static int read_expiration(const struct json *root, int64_t *ret_expires_s, struct err *reterr)
{
    const struct json *expiration = json_get(root, "Expiration");

    if (expiration == NULL || json_is(expiration, JSON_NULL)) {
        *ret_expires_s = 0;
        return 0;
    }
    if (date_parse(json_text(expiration, (struct view){0}), ret_expires_s) != 0)
        return fail(reterr, ERR_UPSTREAM,
                    "Expiration is no date such as 2030-01-31T12:00:00Z (RFC 3339)");
    return 0;
}

/* The members of every form but the portal's; `token` is what it calls the session token. */
static int read_keys(const struct json *root, const char *token,
                     struct credentials_answer *ret_answer, struct err *reterr)
{
    struct credentials_answer answer = {
        .keys =
            {
                .access_key = text_of(root, "AccessKeyId"),
                .secret_key = text_of(root, "SecretAccessKey"),
                .session_token = text_of(root, token),
            },
    };

    if (answer.keys.access_key.len == 0)
        return fail(reterr, ERR_UPSTREAM, "AccessKeyId is missing");
    if (answer.keys.secret_key.len == 0)
        return fail(reterr, ERR_UPSTREAM, "SecretAccessKey is missing");
    int code = read_expiration(root, &answer.expires_s, reterr);
    if (code == 0)
        *ret_answer = answer;
    return code;
}

int credentials_read_process(struct view text, struct arena *arena,
                             struct credentials_answer *ret_answer, struct err *reterr)
{
    const struct json *root;

    int code = parse_object(text, arena, &root, reterr);
    if (code != 0)
        return code;
    if (json_int(json_get(root, "Version"), 0) != 1)
        return fail(reterr, ERR_UPSTREAM, "Version is not 1, the only one there is");
    return read_keys(root, "SessionToken", ret_answer, reterr);
}

int credentials_read_metadata(struct view text, struct arena *arena,
                              struct credentials_answer *ret_answer, struct err *reterr)
{
    const struct json *root;

    int code = parse_object(text, arena, &root, reterr);
    if (code != 0)
        return code;
    struct view said = text_of(root, "Code");
    if (said.len != 0 && !view_is(said, "Success"))
        return fail(reterr, ERR_DENIED, "%.*s: %.*s", VIEW_ARG(said),
                    VIEW_ARG(utf8_cut(text_of(root, "Message"), MESSAGE_SHOWN_BYTES)));
    return read_keys(root, "Token", ret_answer, reterr);
}
