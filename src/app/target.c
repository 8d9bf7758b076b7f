/* SPDX-License-Identifier: Apache-2.0
 *
 * target: see target.h. */
#include "app/target.h"

#include "app/credentials.h"
#include "app/sim_profile.h"
#include "base/path.h"
#include "provider/prices.h"
#include "shell/net/proxy.h"
#include "shell/os/env.h"
#include "shell/os/file.h"

/* Who opens a target asks as many at once as may be in flight, an embedder a few beyond. */
enum {
    KEY_BYTES_MAX = 64 * 1024,
    PROXY_BYTES_MAX = 64 * 1024,
    COMMAND_ARGUMENTS_MAX = 256,
    WAITING_SPARE = 16
};

_Static_assert((int)SETTINGS_SIM == (int)PROVIDER_SIM, "both lists of kinds are one list");
_Static_assert((int)SETTINGS_HTTP_2 == (int)ASKER_HTTP_2, "and of versions");
_Static_assert((int)SETTINGS_API_CONVERSE == (int)PROVIDER_API_CONVERSE, "and of calls");

struct preparing {
    const struct settings *settings;
    const struct settings_target *from;
    const struct target_overrides *overrides;
    struct arena *arena;
    struct target *target;
    struct err *reterr;
};

static int wrong(const struct preparing *preparing, int code, const char *text)
{
    const char *place = settings_place(preparing->settings, preparing->from->at, preparing->arena);

    return fail(preparing->reterr, code, "%s: target '%.*s': %s", place != NULL ? place : "",
                VIEW_ARG(preparing->from->name), text);
}

static int key_from_file(struct preparing *preparing)
{
    struct strbuf content;
    struct err err = {0};
    const char *path = arena_string(preparing->arena, preparing->from->api_key_file);

    if (path == NULL)
        return wrong(preparing, ERR_MEMORY, "no memory");
    strbuf_init(&content, KEY_BYTES_MAX);
    int code = file_read(path, &content, &err);
    if (code == 0)
        code = arena_copy(preparing->arena, view_trim(strbuf_view(&content)),
                          &preparing->target->provider.api_key);
    strbuf_release(&content);
    return code != 0 ? wrong(preparing, code, err.text) : 0;
}

/* A key from the settings or its file, else from the variable where SDKs look for it. */
static int find_key(struct preparing *preparing)
{
    static const struct {
        enum settings_kind kind;
        const char *variable;
    } variables[] = {
        {SETTINGS_OPENAI, "OPENAI_API_KEY"},
        {SETTINGS_ANTHROPIC, "ANTHROPIC_API_KEY"},
        {SETTINGS_BEDROCK, "AWS_BEARER_TOKEN_BEDROCK"},
    };
    const struct settings_target *from = preparing->from;

    if (from->api_key_file.len != 0)
        return key_from_file(preparing);
    preparing->target->provider.api_key = from->api_key;
    /* a key for the real service is not sent to a server of one's own unless it is said */
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        if (from->api_key.len == 0 && from->kind == variables[i].kind && from->url.len == 0)
            preparing->target->provider.api_key = env_get(view_of(variables[i].variable));
    return 0;
}

static int find_region(struct preparing *preparing)
{
    struct provider_target *provider = &preparing->target->provider;
    struct err err = {0};

    if (preparing->from->kind != SETTINGS_BEDROCK || provider->region.len != 0)
        return 0;
    int code = credentials_find_region(preparing->from->aws_profile, preparing->arena,
                                       &provider->region, &err);
    if (code != 0)
        return wrong(preparing, code, err.text);
    if (provider->region.len == 0)
        return wrong(preparing, ERR_CONFIG,
                     "no region: add 'region: us-east-1' (or yours), or set AWS_REGION");
    return 0;
}

static int find_credentials(struct preparing *preparing)
{
    struct target *target = preparing->target;
    struct err err = {0};

    if (!provider_of(target->provider.kind)->signs || target->provider.api_key.len != 0)
        return 0;
    target->credentials = arena_new(preparing->arena, 1, sizeof *target->credentials);
    if (target->credentials == NULL)
        return wrong(preparing, ERR_MEMORY, "no memory");
    const struct credentials_wanted wanted = {
        .profile = preparing->from->aws_profile,
        .region = target->provider.region,
    };
    int code = credentials_find(&wanted, preparing->arena, target->credentials, &err);
    return code != 0 ? wrong(preparing, code, err.text) : 0;
}

/* The profile's path is seen from assay.yaml. */
static int load_profile(struct preparing *preparing)
{
    struct view path;
    struct err err = {0};
    const char *file =
        path_resolve(preparing->arena, preparing->settings->folder, preparing->from->profile, &path)
                == 0
            ? arena_string(preparing->arena, path)
            : NULL;

    if (file == NULL)
        return wrong(preparing, ERR_MEMORY, "no memory");
    int code = sim_profile_load(file, &preparing->target->sim.profile, &err);
    return code != 0 ? wrong(preparing, ERR_CONFIG, err.text) : 0;
}

static int find_sim(struct preparing *preparing)
{
    const struct settings_target *from = preparing->from;
    struct target *target = preparing->target;
    struct view defect =
        preparing->overrides->defect != NULL ? view_of(preparing->overrides->defect) : from->defect;
    struct err err = {0};

    if (from->kind != SETTINGS_SIM)
        return 0;
    target->sim = sim_default();
    /* a run's own seed makes it another draw from the same model */
    target->sim.seed = (uint64_t)from->seed ^ preparing->overrides->seed * 0x9e3779b97f4a7c15u;
    if (from->profile.len != 0) {
        int loaded = load_profile(preparing);
        if (loaded != 0)
            return loaded;
    }
    if (defect.len == 0)
        return 0;
    int code = sim_defects_parse(defect, target->sim.defects, &err);
    return code != 0 ? wrong(preparing, ERR_CONFIG, err.text) : 0;
}

int target_prepare(const struct settings *settings, const struct settings_target *from,
                   const struct target_overrides *overrides, struct arena *arena,
                   struct target *ret_target, struct err *reterr)
{
    static int (*const steps[])(struct preparing *) = {find_key, find_region, find_credentials,
                                                       find_sim};
    struct target target = {
        .settings = from,
        .provider =
            {
                .kind = (enum provider_kind)from->kind,
                .api = (enum provider_api)from->api,
                .name = from->name,
                .model = from->model,
                .region = from->region,
                .url = from->url,
                .method = from->method,
                .body = from->body,
                .text = from->text,
                .headers = from->headers,
                .params = from->params,
            },
    };
    struct preparing preparing = {settings, from, overrides, arena, &target, reterr};

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        int code = steps[i](&preparing);
        if (code != 0)
            return code;
    }
    if (from->kind == SETTINGS_SIM && target.provider.model.len == 0)
        target.provider.model = view_of("sim");
    *ret_target = target;
    return 0;
}

static int simulate(void *context, const struct chat *chat, struct view model, struct arena *arena,
                    struct reply *ret_reply, uint64_t *ret_latency_ns)
{
    return sim_answer(context, chat, model, arena, ret_reply, ret_latency_ns);
}

static int open_keeper(struct target *target, const struct host *host, struct err *reterr)
{
    const struct keeper_options options = {.credentials = target->credentials};

    return target->credentials != NULL ? keeper_new(host, &options, &target->keeper, reterr) : 0;
}

/* The way to the target, by this process's environment. */
static int find_proxy(struct target *target, struct asker_options *options, struct err *reterr)
{
    struct provider_address address;
    struct proxy_choice choice = {0};
    struct arena scratch;
    int code = 0;

    strbuf_release(&target->proxy);
    strbuf_init(&target->proxy, PROXY_BYTES_MAX);
    if (!asker_speaks_http(target->provider.kind))
        return 0;
    arena_init(&scratch, PROXY_BYTES_MAX);
    code = provider_address_of(&target->provider, &scratch, &address, reterr);
    if (code == 0)
        code = host_proxy(address.tls, address.host, address.port, &target->proxy, &choice, reterr);
    arena_release(&scratch);
    options->proxy_host = choice.host;
    options->proxy_port = choice.port;
    options->proxy_user = choice.user;
    return code;
}

/* How much the target is asked, and when again. */
static void set_pool(const struct settings_target *from, struct asker_options *options)
{
    options->pool = (struct asker_pool){
        .connections_min = (uint32_t)from->pool.min,
        .connections_max = (uint32_t)from->pool.max,
        .checkout_in_ns = from->pool.checkout_in_ns,
        .idle_ns = from->pool.idle_ns,
        .lifetime_ns = from->pool.lifetime_ns,
        .check_every_ns = from->pool.check_every_ns,
        .auto_size = from->pool.auto_size,
    };
}

static void set_limits(const struct settings_target *from, struct asker_options *options)
{
    options->rpm = from->quota.rpm;
    options->tpm = from->quota.tpm;
    options->rpd = from->quota.rpd;
    options->tpd = from->quota.tpd;
    options->burn = (struct burn_rates){
        .output_micro = from->quota.burn_down_micro,
        .reserve_burns = from->quota.burn_down_reserved,
        .max_tokens = from->quota.model_max_tokens,
    };
    options->retry = (struct retry_settings){
        .base_ns = from->retry.base_ns,
        .base_throttled_ns = from->retry.throttled_base_ns,
        .delay_ns_max = from->retry.delay_ns_max,
    };
    options->adaptive = from->retry.mode == SETTINGS_RETRY_ADAPTIVE;
    options->by_latency = from->concurrency.by == SETTINGS_CONCURRENCY_LATENCY;
    options->gradient = (struct gradient_settings){
        .limit_min = (uint32_t)from->concurrency.min,
        .tolerance_micro = from->concurrency.tolerance_micro,
    };
    options->breaker = (struct breaker_settings){
        .on = from->breaker.on,
        .failure_share_micro = from->breaker.failure_share_micro,
        .requests_min = (uint32_t)from->breaker.requests_min,
        .window_ns = from->breaker.window_ns,
        .connect_failures = (uint32_t)from->breaker.connect_failures,
        .open_ns = from->breaker.open_ns,
        .open_ns_max = from->breaker.open_ns_max,
        .probes = (uint32_t)from->breaker.probes,
    };
}

int target_open(struct target *target, const struct host *host,
                const struct target_overrides *overrides, struct err *reterr)
{
    const struct settings_target *from = target->settings;
    struct asker_options options = {
        .target = &target->provider,
        .timeout_ns = from->timeout_ns,
        .max_in_flight =
            from->max_in_flight > 0 ? (uint32_t)from->max_in_flight : overrides->max_in_flight,
        .waiting_max = overrides->max_in_flight + WAITING_SPARE,
        .attempts = (uint32_t)from->attempts,
        .stream = from->stream,
        .http = (enum asker_http)from->http,
        .tls_insecure = from->tls.insecure,
        .tls_ca_file = from->tls.ca_file,
        .seed = overrides->seed,
        .command = from->command.items,
        .command_count = from->command.count,
        .simulate = simulate,
        .simulate_context = &target->sim,
    };
    set_limits(from, &options);
    set_pool(from, &options);
    options.resized = overrides->resized;
    options.resized_context = overrides->resized_context;
    if (from->command_is_line && from->command.count > 0) {
        target->line[0] = view_of("/bin/sh");
        target->line[1] = view_of("-c");
        target->line[2] = from->command.items[0];
        options.command = target->line;
        options.command_count = 3;
    }
    int code = find_proxy(target, &options, reterr);
    if (code == 0)
        code = open_keeper(target, host, reterr);
    options.keeper = target->keeper;
    if (code == 0)
        code = asker_new(host->outside, host->loop, &options, &target->asker, reterr);
    if (code != 0)
        target_close(target);
    return code;
}

void target_close(struct target *target)
{
    asker_free(target->asker);
    keeper_free(target->keeper);
    strbuf_release(&target->proxy);
    target->asker = NULL;
    target->keeper = NULL;
}

/* The target's own price, in `own`, or the table's; NULL where none is known. */
static const struct price *find_price(const struct target *target, struct price *own)
{
    const struct settings_price *price = &target->settings->price;

    if (price->input_micro < 0 || price->output_micro < 0)
        return prices_find(target->provider.model);
    *own = (struct price){
        .in_nano_usd = price->input_micro / 1000,
        .out_nano_usd = price->output_micro / 1000,
    };
    return own;
}

bool target_has_price(const struct target *target)
{
    struct price own;
    return find_price(target, &own) != NULL;
}

bool target_cost(const struct target *target, const struct usage *usage, int64_t *ret_nano_usd)
{
    struct price own;
    const struct price *found = find_price(target, &own);

    if (found == NULL || !usage->known)
        return false;
    *ret_nano_usd = prices_cost_usd_nano(found, usage, false);
    return true;
}
