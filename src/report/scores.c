/* SPDX-License-Identifier: Apache-2.0
 *
 * scores: see scores.h. What a line has is what is shown: a part that another version adds needs
 * nothing here. */
#include "report/scores.h"

#include "report/verdicts.h"
#include "wire/json.h"

enum { NAME_COLUMNS = 20 };

static const size_t TREE_BYTES_MAX = (size_t)256 << 20;

static void add_value(struct strbuf *out, const struct json *value);

static void add_members(struct strbuf *out, const struct json *object)
{
    for (const struct json *member = object->child; member != NULL; member = member->next) {
        strbuf_printf(out, "%s%.*s ", member == object->child ? "" : ", ", VIEW_ARG(member->key));
        add_value(out, member);
    }
}

static void add_value(struct strbuf *out, const struct json *value)
{
    if (value->kind == JSON_STRING) {
        verdict_add_visible(out, value->text);
    } else if (value->kind == JSON_NUMBER) {
        strbuf_add(out, value->text);
    } else if (value->kind == JSON_OBJECT) {
        strbuf_add_byte(out, '(');
        add_members(out, value);
        strbuf_add_byte(out, ')');
    } else {
        strbuf_add_text(out, value->kind == JSON_TRUE    ? "yes"
                             : value->kind == JSON_FALSE ? "no"
                                                         : "–");
    }
}

static void add_failed(struct strbuf *out, const struct json *failed, bool color)
{
    for (const struct json *one = failed->child; one != NULL; one = one->next) {
        strbuf_printf(out, "  %sfailed%s ", color ? "\033[31m" : "", color ? "\033[0m" : "");
        strbuf_add(out, json_text(json_get(one, "check"), view_of("")));
        strbuf_add_text(out, ": ");
        verdict_add_visible(out, json_text(json_get(one, "message"), view_of("")));
        strbuf_add_byte(out, '\n');
    }
}

/* The first line: whose it is, and the score. */
static void add_headline(struct strbuf *out, const struct json *root, bool color)
{
    const struct json *score = json_get(root, "score");

    strbuf_add_text(out, color ? "\033[1m" : "");
    const struct json *id = json_get(root, "id");
    verdict_add_visible(out, json_is(id, JSON_NUMBER) ? id->text : json_text(id, view_of("")));
    strbuf_add_text(out, color ? "\033[0m: " : ": ");
    strbuf_add_text(out, score != NULL ? "score " : "no score: nothing was expected");
    if (score != NULL)
        add_value(out, score);
    strbuf_add_byte(out, '\n');
}

void score_add_explained(struct strbuf *out, struct view line, bool color)
{
    struct json *root = NULL;
    struct arena arena;

    arena_init(&arena, TREE_BYTES_MAX);
    if (json_parse(&arena, view_trim(line), &root, NULL) != 0) {
        arena_release(&arena);
        strbuf_add(out, line); /* no memory to show it better */
        return;
    }
    add_headline(out, root, color);
    for (const struct json *member = root->child; member != NULL; member = member->next) {
        if (view_is(member->key, "id") || view_is(member->key, "score"))
            continue;
        if (view_is(member->key, "failed")) {
            add_failed(out, member, color);
            continue;
        }
        strbuf_printf(out, "  %-*.*s ", NAME_COLUMNS, VIEW_ARG(member->key));
        if (member->kind == JSON_OBJECT)
            add_members(out, member);
        else
            add_value(out, member);
        strbuf_add_byte(out, '\n');
    }
    arena_release(&arena);
}
