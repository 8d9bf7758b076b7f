/* SPDX-License-Identifier: Apache-2.0
 *
 * answer_cache: see answer_cache.h. Keys are SHA-256 of JSON texts, answers JSON texts. */
#include "app/answer_cache.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "shell/os/clock.h"
#include "shell/store/answers.h"

enum { KEY_BYTES_MAX = 128 << 20, PATH_BYTES_MAX = 8192 };

struct answer_cache {
    struct answers *store;
    int64_t since_unix_s;
};

int answer_cache_open(const char *state_dir, struct answer_cache **ret_cache, struct err *reterr)
{
    struct answer_cache *cache = mem_new(1, sizeof *cache);
    struct strbuf path;

    if (cache == NULL)
        return fail(reterr, ERR_MEMORY, "%s: out of memory", state_dir);
    strbuf_init(&path, PATH_BYTES_MAX);
    strbuf_printf(&path, "%s/answers.db", state_dir);
    int code = strbuf_status(&path);
    if (code == 0)
        code = answers_open(strbuf_text(&path), &cache->store, reterr);
    else
        fail(reterr, code, "%s: this path is too long", state_dir);
    if (code == 0)
        code = answers_prune(cache->store,
                             clock_unix_s() - (int64_t)ANSWER_CACHE_DAYS * 24 * 60 * 60, reterr);
    strbuf_release(&path);
    if (code != 0) {
        answer_cache_close(cache);
        return code;
    }
    *ret_cache = cache;
    return 0;
}

void answer_cache_close(struct answer_cache *cache)
{
    if (cache == NULL)
        return;
    answers_close(cache->store);
    mem_free(cache);
}

void answer_cache_since(struct answer_cache *cache, int64_t unix_s)
{
    cache->since_unix_s = unix_s;
}

/* ---- keys ----------------------------------------------------------------------------------- */

static int finish_key(struct strbuf *text, struct digest *ret_digest)
{
    int code = strbuf_status(text);

    if (code == 0)
        *ret_digest = digest_of(strbuf_view(text));
    strbuf_release(text);
    return code;
}

/* Headers may hold secrets and choose who answers: they count by a digest alone, which is all that
 * is ever made of a key. */
static void add_tree(struct json_writer *writer, const char *key, const struct json *tree)
{
    if (tree == NULL)
        return;
    json_write_key(writer, key);
    json_write_tree(writer, tree);
}

int answer_cache_target(const struct settings_target *target, uint64_t seed, const char *defect,
                        struct digest *ret_digest)
{
    struct json_writer writer;
    struct strbuf text;

    strbuf_init(&text, KEY_BYTES_MAX);
    json_writer_init(&writer, &text, 0);
    json_write_object(&writer);
    json_member_text(&writer, "kind", settings_kind_name(target->kind));
    json_member_int(&writer, "api", target->api);
    json_member_string(&writer, "model", target->model);
    json_member_string(&writer, "region", target->region);
    json_member_string(&writer, "url", target->url);
    json_member_string(&writer, "method", target->method);
    json_member_string(&writer, "body", target->body);
    json_member_string(&writer, "text", target->text);
    json_member_string(&writer, "send", target->send);
    json_member_array(&writer, "command");
    for (size_t i = 0; i < target->command.count; i++)
        json_write_string(&writer, target->command.items[i]);
    json_write_end(&writer, ']');
    add_tree(&writer, "done", target->done);
    add_tree(&writer, "headers", target->headers);
    add_tree(&writer, "params", target->params);
    if (target->kind == SETTINGS_SIM) {
        json_member_int(&writer, "seed", (int64_t)seed);
        json_member_int(&writer, "own_seed", target->seed);
        json_member_string(&writer, "profile", target->profile);
        json_member_string(&writer, "defect", defect != NULL ? view_of(defect) : target->defect);
    }
    json_write_end(&writer, '}');
    return finish_key(&text, ret_digest);
}

int answer_cache_question(const struct digest *target, const struct chat *chat,
                          struct digest *ret_digest)
{
    struct json_writer writer;
    struct strbuf text;
    char hex[DIGEST_HEX_SIZE];

    digest_hex(target, hex);
    strbuf_init(&text, KEY_BYTES_MAX);
    json_writer_init(&writer, &text, 0);
    json_write_object(&writer);
    json_member_text(&writer, "target", hex);
    json_member_string(&writer, "system", chat->system);
    json_member_array(&writer, "messages");
    for (size_t i = 0; i < chat->message_count; i++) {
        json_write_text(&writer, chat->messages[i].role == CHAT_USER ? "user" : "assistant");
        json_write_string(&writer, chat->messages[i].text);
    }
    json_write_end(&writer, ']');
    add_tree(&writer, "params", chat->params);
    json_write_end(&writer, '}');
    return finish_key(&text, ret_digest);
}

/* ---- answers -------------------------------------------------------------------------------- */

static void write_answer(struct strbuf *out, const struct answer *answer)
{
    const struct reply *reply = &answer->reply;
    struct json_writer writer;

    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    json_member_string(&writer, "text", reply->text);
    if (reply->text_repaired)
        json_member_bool(&writer, "repaired", true);
    if (reply->usage.known) {
        json_member_object(&writer, "usage");
        json_member_int(&writer, "tokens_in", reply->usage.tokens_in);
        json_member_int(&writer, "tokens_out", reply->usage.tokens_out);
        json_member_int(&writer, "cache_read_tokens", reply->usage.cache_read_tokens);
        json_member_int(&writer, "cache_write_tokens", reply->usage.cache_write_tokens);
        json_member_bool(&writer, "estimated", reply->usage.estimated);
        json_write_end(&writer, '}');
    }
    json_member_text(&writer, "stop", stop_reason_name(reply->stop));
    json_member_string(&writer, "stop_text", reply->stop_text);
    json_member_string(&writer, "model", reply->model);
    json_member_int(&writer, "latency_ns", (int64_t)answer->latency_ns);
    json_member_int(&writer, "attempts", answer->attempts);
    json_write_end(&writer, '}');
}

static void read_usage(const struct json *from, struct usage *ret_usage)
{
    if (!json_is(from, JSON_OBJECT))
        return;
    *ret_usage = (struct usage){
        .tokens_in = json_int(json_get(from, "tokens_in"), 0),
        .tokens_out = json_int(json_get(from, "tokens_out"), 0),
        .cache_read_tokens = json_int(json_get(from, "cache_read_tokens"), 0),
        .cache_write_tokens = json_int(json_get(from, "cache_write_tokens"), 0),
        .estimated = json_bool(json_get(from, "estimated"), false),
        .known = true,
    };
}

/* A damaged answer is as good as none. */
static int read_answer(struct arena *arena, struct view text, struct answer *ret_answer,
                       struct err *reterr)
{
    struct view nothing = {"", 0};
    struct json *tree;

    int code = json_parse(arena, text, &tree, reterr);
    if (code == ERR_MEMORY)
        return code;
    if (code != 0 || !json_is(json_get(tree, "text"), JSON_STRING))
        return fail(reterr, ERR_MISSING, "a kept answer is damaged");
    *ret_answer = (struct answer){
        .latency_ns = (uint64_t)json_int(json_get(tree, "latency_ns"), 0),
        .attempts = (uint32_t)json_int(json_get(tree, "attempts"), 1),
    };
    struct reply *reply = &ret_answer->reply;
    reply->text = json_text(json_get(tree, "text"), nothing);
    reply->text_repaired = json_bool(json_get(tree, "repaired"), false);
    read_usage(json_get(tree, "usage"), &reply->usage);
    reply->stop = stop_reason_read(json_text(json_get(tree, "stop"), nothing));
    reply->stop_text = json_text(json_get(tree, "stop_text"), nothing);
    reply->model = json_text(json_get(tree, "model"), nothing);
    reply->request_id = reply->error_type = reply->error_text = nothing;
    return 0;
}

int answer_cache_get(struct answer_cache *cache, const struct digest *question, uint64_t sample,
                     struct arena *arena, struct answer *ret_answer, struct err *reterr)
{
    struct strbuf text;

    if (sample > UINT32_MAX)
        return fail(reterr, ERR_MISSING, "no such answer");
    strbuf_init(&text, ANSWERS_BYTES_MAX);
    int code =
        answers_get(cache->store, question, (uint32_t)sample, cache->since_unix_s, &text, reterr);
    if (code == 0)
        code = read_answer(arena, strbuf_view(&text), ret_answer, reterr);
    strbuf_release(&text);
    return code;
}

int answer_cache_put(struct answer_cache *cache, const struct digest *question, uint64_t sample,
                     const struct answer *answer, struct err *reterr)
{
    struct strbuf text;

    if (answer->reply.code != 0 || sample > UINT32_MAX)
        return 0;
    strbuf_init(&text, ANSWERS_BYTES_MAX);
    write_answer(&text, answer);
    int code = strbuf_status(&text);
    /* a clock that was put back must not hide what is known from those who look since then */
    int64_t now_unix_s = clock_unix_s();
    if (now_unix_s < cache->since_unix_s)
        now_unix_s = cache->since_unix_s;
    if (code == 0)
        code = answers_put(cache->store, question, (uint32_t)sample, now_unix_s, strbuf_view(&text),
                           reterr);
    else
        fail(reterr, code, "an answer cannot be kept: %s", err_text(code));
    strbuf_release(&text);
    return code;
}
