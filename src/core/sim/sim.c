/* SPDX-License-Identifier: Apache-2.0
 *
 * sim: see sim.h. */
#include "core/sim/sim.h"

#include "base/map.h"
#include "base/utf8.h"
#include "core/sim/job.h"
#include "text/tokens.h"

enum { MESSAGE_TOKENS = 4, STOPS_MAX = 8 };

static const struct sim_fault faults[] = {
#define FAULT(type, status, code, may_retry, openai_status, openai_type, openai_code, \
              anthropic_status, anthropic_type, text) \
    {#type,         status,      code,        may_retry,        text, \
     openai_status, openai_type, openai_code, anthropic_status, anthropic_type},
#include "core/sim/faults.def"
#undef FAULT
};

enum { FAULTS = sizeof faults / sizeof faults[0] };

/* What a model id gets that asks for a type which there is not. */
static const struct sim_fault unknown_fault = {
    .type = "ValidationException",
    .http_status = 400,
    .code = ERR_REFUSED,
    .text =
        "The model id asks for an error of an unknown type. Behind .fault- or .stream-fault- it "
        "ends in one of:"
#define FAULT(type, ...) " " #type
#include "core/sim/faults.def"
#undef FAULT
        ".",
    .openai_status = 400,
    .openai_type = "invalid_request_error",
    .openai_code = "invalid_value",
    .anthropic_status = 400,
    .anthropic_type = "invalid_request_error",
};

struct sim sim_default(void)
{
    return (struct sim){.seed = 7, .profile = sim_profile_default()};
}

const struct sim_fault *sim_faults(size_t *ret_count)
{
    *ret_count = FAULTS;
    return faults;
}

const struct sim_fault *sim_fault_named(struct view type)
{
    for (size_t i = 0; i < FAULTS; i++)
        if (view_is(type, faults[i].type))
            return &faults[i];
    return NULL;
}

const struct sim_fault *sim_fault_of(struct view model)
{
    struct view mark = VIEW(".fault-");
    size_t at = view_find(model, mark, 0);
    const struct sim_fault *asked;

    if (at < model.len) {
        asked = sim_fault_named(view_slice(model, at + mark.len, model.len));
        return asked != NULL ? asked : &unknown_fault;
    }
    bool known = sim_stream_fault_of(model, &asked);
    return known ? NULL : &unknown_fault;
}

bool sim_stream_fault_of(struct view model, const struct sim_fault **ret_fault)
{
    static const struct view mark = VIEW(".stream-fault-");
    size_t at = view_find(model, mark, 0);

    *ret_fault =
        at < model.len ? sim_fault_named(view_slice(model, at + mark.len, model.len)) : NULL;
    return at == model.len || *ret_fault != NULL;
}

/* ---- the request ---------------------------------------------------------------------------- */

static uint64_t hash_number(uint64_t number, uint64_t seed)
{
    unsigned char bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(number >> (8 * i));
    return map_hash(view_make(bytes, sizeof bytes), seed);
}

/* The same for the same question; `seed` and `sample` make it another draw. */
static uint64_t hash_chat(const struct chat *chat, struct view model, uint64_t seed,
                          uint64_t sample)
{
    uint64_t hash = hash_number(sample, seed);

    hash = map_hash(model, hash);
    hash = map_hash(chat->system, hash);
    for (size_t i = 0; i < chat->message_count; i++)
        hash =
            map_hash(chat->messages[i].text, hash_number((uint64_t)chat->messages[i].role, hash));
    return hash;
}

static size_t prompt_size(const struct chat *chat)
{
    size_t size = chat->system.len;

    for (size_t i = 0; i < chat->message_count; i++)
        size += chat->messages[i].text.len;
    return size;
}

static int64_t prompt_tokens(const struct chat *chat)
{
    uint64_t tokens = tokens_estimate(chat->system);

    for (size_t i = 0; i < chat->message_count; i++)
        tokens += tokens_estimate(chat->messages[i].text) + MESSAGE_TOKENS;
    return (int64_t)tokens;
}

static bool is_small(struct view model)
{
    static const char *const words[] = {"haiku", "mini", "nano", "lite", "micro", "small"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (view_find(model, view_of(words[i]), 0) < model.len)
            return true;
    return false;
}

static double temperature_of(const struct chat *chat)
{
    double temperature = json_double(json_get(chat->params, "temperature"), 1.0);

    return temperature >= 0.0 && temperature <= 2.0 ? temperature : 1.0;
}

/* ---- the end of an answer ------------------------------------------------------------------- */

/* Cuts before the first stop sequence; its text, or ptr NULL where none occurs. */
static struct view stop_at_sequence(const struct json *stops, struct strbuf *out)
{
    const struct json *one = json_is(stops, JSON_ARRAY) ? stops->child : stops;
    struct view found = {NULL, 0};
    size_t first = out->len;

    for (size_t i = 0; one != NULL && i < STOPS_MAX; i++) {
        struct view stop = json_text(one, (struct view){NULL, 0});
        size_t at = stop.len != 0 ? view_find(strbuf_view(out), stop, 0) : out->len;
        if (at < first) {
            first = at;
            found = stop;
        }
        one = json_is(stops, JSON_ARRAY) ? one->next : NULL;
    }
    strbuf_cut(out, first);
    return found;
}

/* Cuts to so many tokens; true where it had to. */
static bool stop_at_length(int64_t tokens_max, struct strbuf *out)
{
    struct view text = strbuf_view(out);
    size_t low = 0;
    size_t high = text.len;

    if (tokens_max < 1 || tokens_estimate(text) <= (uint64_t)tokens_max)
        return false;
    while (low < high) { /* the longest prefix that has no more tokens */
        size_t middle = low + (high - low + 1) / 2;
        if (tokens_estimate(utf8_cut(text, middle)) <= (uint64_t)tokens_max)
            low = middle;
        else
            high = middle - 1;
    }
    strbuf_cut(out, utf8_cut(text, low).len);
    return true;
}

static int64_t tokens_max_of(const struct chat *chat)
{
    int64_t max = json_int(json_get(chat->params, "max_tokens"), 0);

    return max != 0 ? max : json_int(json_get(chat->params, "max_completion_tokens"), 0);
}

static void finish(const struct job *job, const struct chat *chat, struct strbuf *out,
                   struct reply *reply)
{
    const struct json *stops = json_get(chat->params, "stop_sequences");

    reply->stop = STOP_END;
    reply->stop_text = view_of("end_turn");
    if (job->defects[SIM_DEFECT_TRUNCATION]) {
        reply->stop = STOP_LENGTH;
        reply->stop_text = view_of("max_tokens");
    }
    if (stops == NULL)
        stops = json_get(chat->params, "stop");
    if (stop_at_sequence(stops, out).ptr != NULL) {
        reply->stop = STOP_SEQUENCE;
        reply->stop_text = view_of("stop_sequence");
    }
    if (stop_at_length(tokens_max_of(chat), out)) {
        reply->stop = STOP_LENGTH;
        reply->stop_text = view_of("max_tokens");
    }
}

/* ---- answering ------------------------------------------------------------------------------ */

static int write_answer(struct job *job, const struct chat *chat, struct reply *reply)
{
    struct strbuf out;
    struct view prefill = job->brief->prefill;

    job_plan(job);
    job_resolve(job);
    job_compose(job);
    strbuf_init(&out, SIM_ANSWER_MAX_BYTES * 4);
    job_render(job, &out);
    job_damage(job, &out);
    if (prefill.len != 0 && view_starts(strbuf_view(&out), prefill))
        strbuf_consume(&out, prefill.len);
    strbuf_cut(&out, utf8_cut(strbuf_view(&out), SIM_ANSWER_MAX_BYTES).len);
    finish(job, chat, &out, reply);
    int code = strbuf_status(&out) != 0 || job->failed
                   ? ERR_MEMORY
                   : arena_copy(job->arena, strbuf_view(&out), &reply->text);
    strbuf_release(&out);
    return code;
}

static struct reply error_reply(struct view model, int code, bool may_retry, int status,
                                const char *type, const char *text)
{
    return (struct reply){.code = code,
                          .may_retry = may_retry,
                          .http_status = status,
                          .model = model,
                          .error_type = view_of(type),
                          .error_text = view_of(text)};
}

static int answer(const struct sim *sim, const struct chat *chat, struct view model,
                  struct arena *arena, struct reply *ret_reply)
{
    double temperature = temperature_of(chat);
    uint64_t draw =
        hash_number((uint64_t)json_int(json_get(chat->params, "seed"), 0), chat->sample);
    struct reply reply = {.http_status = 0, .model = model};
    struct job *job = arena_new(arena, 1, sizeof *job);
    struct brief *brief;

    if (job == NULL || brief_read(chat, arena, &brief) != 0)
        return ERR_MEMORY;
    *job = (struct job){.sim = sim,
                        .brief = brief,
                        .arena = arena,
                        .key = hash_chat(chat, model, sim->seed, temperature > 0.0 ? draw : 0),
                        .favourite = map_hash(brief->question, 0),
                        .temperature = temperature,
                        .small = is_small(model)};
    int code = write_answer(job, chat, &reply);
    if (code != 0)
        return code;
    reply.usage = (struct usage){.tokens_in = prompt_tokens(chat),
                                 .tokens_out = (int64_t)tokens_estimate(reply.text),
                                 .known = true};
    char *id = arena_printf(arena, "sim-%016llx", (unsigned long long)job->key);
    if (id == NULL)
        return ERR_MEMORY;
    reply.request_id = view_of(id);
    *ret_reply = reply;
    return 0;
}

int sim_answer(const struct sim *sim, const struct chat *chat, struct view model,
               struct arena *arena, struct reply *ret_reply, uint64_t *ret_latency_ns)
{
    const struct sim_fault *fault = sim_fault_of(model);
    struct rng rng;

    rng_init_named(&rng, hash_chat(chat, model, sim->seed, chat->sample), view_of("latency"));
    if (fault != NULL) {
        *ret_reply = error_reply(model, fault->code, fault->may_retry, fault->http_status,
                                 fault->type, fault->text);
    } else if (prompt_size(chat) > SIM_PROMPT_MAX_BYTES) {
        *ret_reply = error_reply(model, ERR_REFUSED, false, 400, "ValidationException",
                                 "Input is too long for requested model: this simulator reads "
                                 "prompts of at most 1 MiB, shorten the prompt.");
    } else if (chat->message_count == 0) {
        *ret_reply = error_reply(model, ERR_REFUSED, false, 400, "ValidationException",
                                 "A conversation needs at least one message.");
    } else {
        int code = answer(sim, chat, model, arena, ret_reply);
        if (code != 0)
            return code;
    }
    int64_t tokens = ret_reply->code == 0 ? ret_reply->usage.tokens_out : 0;
    uint64_t latency_ns = sim_latency_draw(&sim->latency, tokens, &rng);
    *ret_latency_ns = is_small(model) ? latency_ns / 2 : latency_ns;
    return 0;
}
