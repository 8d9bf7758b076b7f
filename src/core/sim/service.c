/* SPDX-License-Identifier: Apache-2.0
 *
 * service: see service.h. Accounts (whose quota is whose) and trouble; what is said in which API is
 * in serve*.c. */
#include "core/sim/service.h"

#include "base/map.h"
#include "base/mem.h"
#include "core/sim/serve_parts.h"
#include "text/tokens.h"

enum { MODEL_BYTES_MAX = 256, OUT_TOKENS_UNSAID = 4096, OUT_TOKENS_MAX = 1000000000 };

static const double SLOW_FACTOR = 10.0;

struct account {
    char model[MODEL_BYTES_MAX]; /* whose it is; any bytes */
    size_t model_len;            /* 0: of all that have none of their own */
    struct bucket requests;
    struct bucket tokens;
};

struct sim_service {
    struct sim_service_options options;
    struct account accounts[SERVICE_MODELS_MAX + 1]; /* the first is everybody else's */
    uint32_t account_count;
    uint64_t serial;
};

int sim_service_new(const struct sim_service_options *options, uint64_t now_ns,
                    struct sim_service **ret_service)
{
    struct sim_service *service = mem_new(1, sizeof *service);
    struct account *others;

    if (service == NULL)
        return ERR_MEMORY;
    service->options = *options;
    service->account_count = 1;
    others = &service->accounts[0];
    int code = 0;
    if (options->requests_a_minute != 0)
        code = bucket_init(&others->requests, now_ns, options->requests_a_minute,
                           options->requests_a_minute);
    if (code == 0 && options->tokens_a_minute != 0)
        code = bucket_init(&others->tokens, now_ns, options->tokens_a_minute,
                           options->tokens_a_minute);
    if (code != 0) {
        mem_free(service);
        return code;
    }
    *ret_service = service;
    return 0;
}

void sim_service_free(struct sim_service *service)
{
    mem_free(service);
}

/* ---- quotas --------------------------------------------------------------------------------- */

/* The model's own account, opened at its first request. */
static struct account *account_of(struct sim_service *service, uint64_t now_ns, struct view model)
{
    const struct sim_service_options *options = &service->options;
    struct account *account = &service->accounts[service->account_count];

    for (uint32_t i = 1; i < service->account_count; i++)
        if (view_equal(model,
                       view_make(service->accounts[i].model, service->accounts[i].model_len)))
            return &service->accounts[i];
    if (model.len == 0 || model.len >= MODEL_BYTES_MAX
        || service->account_count > SERVICE_MODELS_MAX)
        return &service->accounts[0];
    *account = (struct account){.model_len = model.len};
    if ((options->requests_a_minute != 0
         && bucket_init(&account->requests, now_ns, options->requests_a_minute,
                        options->requests_a_minute)
                != 0)
        || (options->tokens_a_minute != 0
            && bucket_init(&account->tokens, now_ns, options->tokens_a_minute,
                           options->tokens_a_minute)
                   != 0))
        return &service->accounts[0];
    memcpy(account->model, model.ptr, model.len);
    service->account_count++;
    return account;
}

/* How many tokens of the quota an output token costs: models from Claude 3.7 on burn five. */
static int64_t burn_down(struct view model)
{
    static const char *const words[] = {"claude-3-7", "claude-sonnet-4", "claude-opus-4",
                                        "claude-haiku-4"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (view_find(model, view_of(words[i]), 0) < model.len)
            return 5;
    return 1;
}

/* In Bedrock's own words. */
static const struct sim_fault *too_many_tokens(struct exchange *exchange,
                                               const struct sim_fault *too_many)
{
    struct sim_fault *fault = arena_new(exchange->arena, 1, sizeof *fault);

    if (fault == NULL)
        return too_many;
    *fault = *too_many;
    fault->text = "Too many tokens, please wait before trying again.";
    fault->openai_type = "tokens";
    return fault;
}

const struct sim_fault *serve_reserve(struct exchange *exchange, struct view model, int64_t in,
                                      int64_t out_max)
{
    const struct sim_fault *too_many = sim_fault_named(view_of("ThrottlingException"));
    const struct sim_service_options *options = &exchange->service->options;
    struct account *account = account_of(exchange->service, exchange->now_ns, model);
    struct sim_bill *bill = &exchange->served->bill;
    int64_t out = out_max > OUT_TOKENS_MAX ? OUT_TOKENS_MAX : out_max; /* not every API bounds it */
    int64_t tokens = in + (out > 0 ? out : OUT_TOKENS_UNSAID);

    if (options->tokens_a_minute != 0
        && bucket_reserve(&account->tokens, exchange->now_ns, tokens) != 0)
        return too_many_tokens(exchange, too_many);
    if (options->requests_a_minute != 0
        && bucket_reserve(&account->requests, exchange->now_ns, 1) != 0) {
        if (options->tokens_a_minute != 0)
            bucket_settle(&account->tokens, exchange->now_ns, tokens, 0);
        return too_many;
    }
    bill->account = (uint32_t)(account - exchange->service->accounts) + 1;
    bill->reserved += tokens;
    return NULL;
}

void serve_used(struct exchange *exchange, struct view model, const struct usage *usage)
{
    exchange->served->bill.used += usage->tokens_in + usage->tokens_out * burn_down(model);
}

void sim_service_settle(struct sim_service *service, uint64_t now_ns, const struct sim_bill *bill)
{
    if (bill->account != 0 && service->options.tokens_a_minute != 0)
        bucket_settle(&service->accounts[bill->account - 1].tokens, now_ns, bill->reserved,
                      bill->used);
}

static int64_t max_tokens_of(const struct chat *chat)
{
    int64_t max = json_int(json_get(chat->params, "max_tokens"), 0);

    return max != 0 ? max : json_int(json_get(chat->params, "max_completion_tokens"), 0);
}

int serve_ask(struct exchange *exchange, struct chat *chat, struct view model,
              struct reply *ret_reply, const struct sim_fault **ret_fault)
{
    const struct sim_fault *fault =
        serve_reserve(exchange, model, claude_tokens(chat), max_tokens_of(chat));

    *ret_fault = fault;
    if (fault != NULL) {
        *ret_reply = (struct reply){.code = fault->code, .error_text = view_of(fault->text)};
        return 0;
    }
    int code = sim_answer(exchange->sim, chat, model, exchange->arena, ret_reply,
                          &exchange->served->latency_ns);
    if (code == 0)
        serve_used(exchange, model, &ret_reply->usage);
    return code;
}

/* ---- trouble -------------------------------------------------------------------------------- */

static bool draw(const struct exchange *exchange, enum sim_trouble trouble)
{
    double rate = exchange->service->options.troubles.rates[trouble];
    struct rng rng;

    if (rate <= 0.0)
        return false;
    rng_init_named(&rng, exchange->id, view_of(sim_trouble_word(trouble)));
    return rng_unit(&rng) < rate;
}

static void draw_errors(struct exchange *exchange)
{
    static const struct {
        enum sim_trouble trouble;
        const char *type;
    } errors[] = {{SIM_TROUBLE_THROTTLE, "ThrottlingException"},
                  {SIM_TROUBLE_ERROR, "InternalServerException"},
                  {SIM_TROUBLE_UNAVAILABLE, "ServiceUnavailableException"}};

    for (size_t i = 0; i < sizeof errors / sizeof errors[0] && exchange->trouble == NULL; i++)
        if (draw(exchange, errors[i].trouble))
            exchange->trouble = sim_fault_named(view_of(errors[i].type));
    exchange->fails_midstream = draw(exchange, SIM_TROUBLE_MIDSTREAM);
}

const struct sim_fault *serve_fault(const struct exchange *exchange, struct view model)
{
    const struct sim_fault *asked = sim_fault_of(model);

    return asked != NULL ? asked : exchange->trouble;
}

const struct sim_fault *serve_stream_fault(const struct exchange *exchange, struct view model)
{
    const struct sim_fault *asked;

    if (!sim_stream_fault_of(model, &asked) || asked != NULL)
        return asked;
    return exchange->fails_midstream ? sim_fault_named(view_of("ModelStreamErrorException")) : NULL;
}

static uint64_t times(uint64_t ns, double factor)
{
    return (uint64_t)((double)ns * factor);
}

static void slow_down(const struct exchange *exchange)
{
    double factor = exchange->service->options.troubles.slow_factor;
    struct sim_served *served = exchange->served;

    if (factor == 0.0)
        factor = SLOW_FACTOR;
    served->latency_ns = times(served->latency_ns, factor);
    for (size_t i = 0; i < served->piece_count; i++)
        exchange->pieces[i].after_ns = times(exchange->pieces[i].after_ns, factor);
}

/* A byte of the body that is not what it was, or in a text half of it gone. */
static int damage(const struct exchange *exchange)
{
    struct sim_served *served = exchange->served;
    size_t which = served->piece_count / 2;
    struct view *bytes =
        served->piece_count != 0 ? &exchange->pieces[which].bytes : &served->response.body;
    char *copy = arena_string(exchange->arena, *bytes);

    if (copy == NULL)
        return ERR_MEMORY;
    if (bytes->len != 0)
        copy[bytes->len / 2] = (char)(copy[bytes->len / 2] ^ 0x15);
    *bytes = view_make(copy, bytes->len);
    if (served->piece_count == 0)
        bytes->len /= 2;
    return 0;
}

/* Stops somewhere: before the head, or within the body. */
static void stop_early(const struct exchange *exchange, enum sim_ending ending)
{
    struct sim_served *served = exchange->served;
    struct rng rng;

    rng_init_named(&rng, exchange->id, view_of("stop"));
    served->ending = ending;
    served->without_head = ending != SIM_ENDS_CUT && rng_below(&rng, 2) == 0;
    if (served->piece_count != 0)
        served->piece_count = 1 + rng_below(&rng, served->piece_count);
    else if (served->response.body.len != 0)
        served->cut_bytes = rng_below(&rng, served->response.body.len);
}

static int meet_trouble(struct exchange *exchange)
{
    struct sim_served *served = exchange->served;
    int code = 0;

    if (draw(exchange, SIM_TROUBLE_SLOW))
        slow_down(exchange);
    if (served->response.status == 200 && draw(exchange, SIM_TROUBLE_MALFORMED))
        code = damage(exchange);
    if (draw(exchange, SIM_TROUBLE_SILENT)) {
        served->ending = SIM_ENDS_SILENT;
        served->without_head = true;
    } else if (draw(exchange, SIM_TROUBLE_RESET)) {
        stop_early(exchange, SIM_ENDS_RESET);
    } else if (draw(exchange, SIM_TROUBLE_CUT)) {
        stop_early(exchange, SIM_ENDS_CUT);
    }
    return code;
}

/* ---- serving -------------------------------------------------------------------------------- */

static uint64_t sample_of(const struct http_request *request)
{
    struct view text = http_header_get(&request->headers, "x-assay-sample");
    int64_t sample = 0;

    if (text.ptr == NULL || view_to_int(view_trim(text), &sample) != 0 || sample < 0)
        return 0;
    return (uint64_t)sample;
}

static int serve(struct exchange *exchange, struct view body,
                 int (*answer)(struct exchange *exchange), struct sim_served *ret_served)
{
    struct sim_service *service = exchange->service;
    struct json *read;
    int code = 0;

    exchange->sim = &service->options.sim;
    exchange->serial = service->serial++;
    exchange->id =
        map_hash(body, map_hash(exchange->path, service->options.sim.seed + exchange->serial));
    exchange->served = arena_new(exchange->arena, 1, sizeof *exchange->served);
    if (exchange->served == NULL)
        return ERR_MEMORY;
    if (body.len != 0) {
        code = json_parse(exchange->arena, body, &read, NULL);
        if (code == 0)
            exchange->body = read;
        else if (code != ERR_MEMORY)
            code = 0; /* each family says it in its own words */
    }
    if (code == 0) {
        draw_errors(exchange);
        code = answer(exchange);
    }
    if (code == 0)
        code = meet_trouble(exchange);
    if (code == 0)
        *ret_served = *exchange->served;
    else
        sim_service_settle(service, exchange->now_ns, &exchange->served->bill);
    return code;
}

struct view sim_service_path(struct view target)
{
    static const struct view schemes[] = {VIEW("http://"), VIEW("https://")};

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (!view_equal_nocase(view_slice(target, 0, schemes[i].len), schemes[i]))
            continue;
        struct view rest = view_slice(target, schemes[i].len, target.len);
        size_t authority = 0;
        while (authority < rest.len && rest.ptr[authority] != '/' && rest.ptr[authority] != '?')
            authority++;
        target = view_slice(rest, authority, rest.len);
        break;
    }
    struct view path = view_slice(target, 0, view_find_byte(target, '?'));
    return path.len != 0 ? path : view_of("/");
}

int sim_service_refuse(struct sim_service *service, const struct http_request *request,
                       struct arena *arena, struct sim_served *ret_served)
{
    struct exchange exchange = {
        .service = service,
        .request = request,
        .path = sim_service_path(request->target),
        .serial = service->serial++,
        .arena = arena,
    };

    exchange.id = map_hash(exchange.path, service->options.sim.seed + exchange.serial);
    exchange.served = arena_new(arena, 1, sizeof *exchange.served);
    if (exchange.served == NULL)
        return ERR_MEMORY;
    int code = serve_no_room(&exchange);
    if (code == 0)
        *ret_served = *exchange.served;
    return code;
}

int sim_service_serve(struct sim_service *service, uint64_t now_ns,
                      const struct http_request *request, struct arena *arena,
                      struct sim_served *ret_served)
{
    struct exchange exchange = {
        .service = service,
        .request = request,
        .path = sim_service_path(request->target),
        .now_ns = now_ns,
        .sample = sample_of(request),
        .arena = arena,
    };

    return serve(&exchange, request->body, serve_route, ret_served);
}

int sim_service_message(struct sim_service *service, uint64_t now_ns, struct view message,
                        struct arena *arena, struct sim_served *ret_served)
{
    struct exchange exchange = {
        .service = service, .path = VIEW("/ws"), .now_ns = now_ns, .arena = arena};

    return serve(&exchange, message, serve_message, ret_served);
}
