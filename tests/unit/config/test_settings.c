/* SPDX-License-Identifier: Apache-2.0
 *
 * assay.yaml: what is read, what has which default, what is refused. */
#include "support.h"

#include "base/mem.h"
#include "config/alerts.h"

static bool lookup(void *context, struct view name, struct view *ret_value)
{
    (void)context;
    if (!view_is(name, "KEY"))
        return false;
    *ret_value = view_of("sk-secret");
    return true;
}

struct loaded {
    int code;
    struct settings settings;
    const char *text; /* of the problems */
};

static struct loaded load_with(struct arena *arena, const char *yaml, const char *override)
{
    struct loaded loaded = {.code = 0};
    struct problems problems;
    struct view overrides[] = {view_of(override)};

    problems_init(&problems, arena, view_of("conf/assay.yaml"));
    loaded.code =
        settings_load(arena, view_of("conf/assay.yaml"), view_of(yaml), overrides,
                      override != NULL ? 1 : 0, lookup, NULL, &problems, &loaded.settings);
    loaded.text = all_problems(arena, &problems);
    return loaded;
}

static struct settings load(struct arena *arena, const char *yaml)
{
    struct loaded loaded = load_with(arena, yaml, NULL);
    if (loaded.code != 0)
        fail_msg("%s", loaded.text);
    return loaded.settings;
}

static const char *problems_of(struct arena *arena, const char *yaml)
{
    struct loaded loaded = load_with(arena, yaml, NULL);
    if (loaded.code != ERR_CONFIG)
        fail_msg("accepted: %s", yaml);
    return loaded.text;
}

static const char example[] =
    "targets:\n"
    "  sonnet: {kind: bedrock, model: anthropic.claude-3-sonnet-20240229-v1:0, region: us-east-1}\n"
    "  haiku:  {kind: bedrock, model: anthropic.claude-3-haiku-20240307-v1:0, region: us-east-1}\n"
    "  local:  {kind: openai, url: \"http://127.0.0.1:8000/v1\", model: smollm2}\n"
    "  chat:   {kind: websocket, url: \"wss://x.test/ws\", send: '{\"text\":{{json prompt}}}', "
    "done: {path: type, equals: end}}\n"
    "  rest:   {kind: http, method: POST, url: \"https://x.test\", body: '{\"q\":{{json "
    "prompt}}}', "
    "text: \"answer.text\"}\n"
    "  sim:    {kind: sim, seed: 7}\n"
    "suites:\n"
    "  manga: {golden: golden/manga.yaml, target: sonnet, embedding: builtin, repeat: 3, "
    "concurrency: 50}\n"
    "gateway:\n"
    "  listen: 127.0.0.1:8787\n";

static void the_example_of_the_manual_is_read(void **state)
{
    struct settings settings = load(*state, example);

    assert_int_equal(settings.target_count, 6);
    assert_true(view_is(settings.folder, "conf"));
    const struct settings_target *sonnet = settings_target_of(&settings, view_of("sonnet"));
    assert_int_equal(sonnet->kind, SETTINGS_BEDROCK);
    assert_true(view_is(sonnet->model, "anthropic.claude-3-sonnet-20240229-v1:0"));
    assert_true(view_is(sonnet->region, "us-east-1"));
    assert_int_equal(sonnet->api, SETTINGS_API_DEFAULT);
    const struct settings_target *chat = settings_target_of(&settings, view_of("chat"));
    assert_true(view_is(chat->send, "{\"text\":{{json prompt}}}"));
    assert_int_equal(chat->done->count, 2);
    assert_int_equal(settings_target_of(&settings, view_of("sim"))->seed, 7);
    const struct settings_suite *suite = settings_suite_of(&settings, view_of("manga"));
    assert_true(view_is(suite->golden, "conf/golden/manga.yaml"));
    assert_int_equal(suite->target_count, 1);
    assert_int_equal(suite->targets[0], 0);
    assert_int_equal(suite->repeat, 3);
    assert_int_equal(settings.gateway->count, 1);
    assert_false(settings.alerts->is_given);
    assert_null(settings_target_of(&settings, view_of("nobody")));
    assert_null(settings_suite_of(&settings, view_of("nobody")));
}

static void targets_and_suites_have_their_defaults(void **state)
{
    struct settings settings =
        load(*state, "targets: {t: {kind: openai, model: m}}\nsuites: {s: {golden: g.yaml}}\n");
    const struct settings_target *target = &settings.targets[0];
    const struct settings_suite *suite = &settings.suites[0];

    assert_int_equal(target->timeout_ns, 30000000000);
    assert_int_equal(target->attempts, 3);
    assert_int_equal(target->max_in_flight, 0);
    assert_int_equal(target->price.input_micro, -1);
    assert_true(view_is(target->method, "POST"));
    assert_false(target->tls.insecure);
    assert_int_equal(suite->target_count, 0);
    assert_int_equal(suite->repeat, 1);
    assert_int_equal(suite->concurrency, 50);
    assert_int_equal(suite->embedding, SETTINGS_EMBEDDING_BUILTIN);
    assert_int_equal(suite->gate, SETTINGS_GATE_BOTH);
    assert_int_equal(suite->major, SETTINGS_MAJOR_SIGNOFF);
    assert_false(suite->strict);
    assert_int_equal(suite->floors.similarity_micro, 750000);
    assert_int_equal(suite->floors.keywords_micro, 800000);
    assert_int_equal(suite->floors.score_micro, 700000);
    assert_int_equal(suite->thresholds.critical_micro, 200000);
    assert_int_equal(suite->thresholds.major_micro, 100000);
    assert_int_equal(suite->thresholds.minor_micro, 50000);
    assert_int_equal(suite->max_cost_micro, -1);
}

static void every_limit_reaches_its_member_and_has_its_default(void **state)
{
    struct settings settings = load(
        *state,
        "targets:\n"
        "  a: {kind: sim, quota: {rpd: 5000, tpd: 70000, burn_down: 5, burn_down_reserved: true,"
        " model_max_tokens: 8192}, retry: {mode: adaptive, base: 25ms, throttled_base: 2s,"
        " max_delay: 10s}, concurrency: {by: latency, min: 2, tolerance: 1.5},"
        " breaker: {on: true, failure_share: 0.25, requests_min: 7, window: 20s,"
        " connect_failures: 3, open: 1s, open_max: 9s, probes: 2}}\n"
        "  b: {kind: sim}\n");
    const struct settings_target *a = &settings.targets[0];

    assert_int_equal(a->quota.rpd, 5000);
    assert_int_equal(a->quota.tpd, 70000);
    assert_int_equal(a->quota.burn_down_micro, 5000000);
    assert_true(a->quota.burn_down_reserved);
    assert_int_equal(a->quota.model_max_tokens, 8192);
    assert_int_equal(a->retry.mode, SETTINGS_RETRY_ADAPTIVE);
    assert_int_equal(a->retry.base_ns, 25000000);
    assert_int_equal(a->retry.throttled_base_ns, 2000000000);
    assert_int_equal(a->retry.delay_ns_max, 10000000000);
    assert_int_equal(a->concurrency.by, SETTINGS_CONCURRENCY_LATENCY);
    assert_int_equal(a->concurrency.min, 2);
    assert_int_equal(a->concurrency.tolerance_micro, 1500000);
    assert_true(a->breaker.on);
    assert_int_equal(a->breaker.failure_share_micro, 250000);
    assert_int_equal(a->breaker.requests_min, 7);
    assert_int_equal(a->breaker.window_ns, 20000000000);
    assert_int_equal(a->breaker.connect_failures, 3);
    assert_int_equal(a->breaker.open_ns, 1000000000);
    assert_int_equal(a->breaker.open_ns_max, 9000000000);
    assert_int_equal(a->breaker.probes, 2);
    assert_int_equal(settings.targets[1].breaker.open_ns, 5000000000); /* unless stated */
    assert_int_equal(settings.targets[1].quota.burn_down_micro, 1000000);
}

static void every_setting_reaches_its_member(void **state)
{
    struct settings settings = load(
        *state,
        "targets:\n"
        "  a: {kind: anthropic, model: m, endpoint: 'https://x.test', api_key: '${KEY}',"
        " headers: {authorization: 'Bearer ${KEY}', x-team: red}, params: {max_tokens: 5},"
        " timeout: 5s, pool: {min: 2, max: 9}, max_in_flight: 4, attempts: 10,"
        " quota: {rpm: 60, tpm: 1000},"
        " price: {input: 0.25, output: 1.25},"
        " tls: {insecure: true, ca_file: ca.pem}}\n"
        "  b: {kind: bedrock, model: m, api: invoke, aws_profile: dev, api_key_file: key.txt}\n"
        "  e: {kind: exec, command: [python3, run.py]}\n"
        "  f: {kind: exec, command: 'python3 run.py'}\n"
        "  g: {kind: sim, profile: haiku, defect: 'keyword:0.1'}\n"
        "suites:\n"
        "  s: {golden: /abs/g.jsonl, targets: [b, a], embedding: a, gate: statistics, major: warn,"
        " strict: true, floors: {similarity: 0.5, keywords: 0.6, score: 0.4},"
        " thresholds: {critical: 0.3, major: 0.2, minor: 0.1}, seed: 9, params: {temperature: 0},"
        " max_cost: 5.00}\n"
        "history: past.db\nalerts: {channels: {team: {kind: webhook, url: "
        "\"https://x.example\"}}}\n");
    const struct settings_target *a = &settings.targets[0];
    const struct settings_suite *s = &settings.suites[0];

    assert_true(view_is(a->url, "https://x.test"));
    assert_true(view_is(a->api_key, "sk-secret"));
    assert_true(
        view_is(json_text(json_get(a->headers, "authorization"), view_of("")), "Bearer sk-secret"));
    assert_int_equal(a->timeout_ns, 5000000000);
    assert_int_equal(a->pool.max, 9);
    assert_int_equal(a->max_in_flight, 4);
    assert_int_equal(a->attempts, 10);
    assert_int_equal(a->quota.tpm, 1000);
    assert_int_equal(a->price.output_micro, 1250000);
    assert_true(a->tls.insecure);
    assert_true(view_is(a->tls.ca_file, "conf/ca.pem"));
    assert_int_equal(settings.targets[1].api, SETTINGS_API_INVOKE);
    assert_true(view_is(settings.targets[1].api_key_file, "conf/key.txt"));
    assert_false(settings.targets[2].command_is_line);
    assert_int_equal(settings.targets[2].command.count, 2);
    assert_true(settings.targets[3].command_is_line);
    assert_true(view_is(settings.targets[4].defect, "keyword:0.1"));
    assert_true(view_is(s->golden, "/abs/g.jsonl"));
    assert_int_equal(s->target_count, 2);
    assert_int_equal(s->targets[0], 1);
    assert_int_equal(s->embedding, SETTINGS_EMBEDDING_TARGET);
    assert_int_equal(s->embedding_target, 0);
    assert_int_equal(s->gate, SETTINGS_GATE_STATISTICS);
    assert_int_equal(s->major, SETTINGS_MAJOR_WARN);
    assert_int_equal(s->thresholds.minor_micro, 100000);
    assert_int_equal(s->max_cost_micro, 5000000);
    assert_true(view_is(settings.history, "conf/past.db"));
    assert_false(settings.history_is_url);
    assert_int_equal(settings.alerts->channel_count, 1);
}

static void the_simulator_exists_without_configuration(void **state)
{
    struct problems problems;
    struct settings settings;

    problems_init(&problems, *state, view_of("assay.yaml"));
    assert_int_equal(
        settings_load(*state, view_of(""), view_of(""), NULL, 0, NULL, NULL, &problems, &settings),
        0);
    assert_int_equal(settings.target_count, 1);
    assert_int_equal(settings.targets[0].kind, SETTINGS_SIM);
    assert_int_equal(settings.targets[0].attempts, 3);
    assert_null(settings.targets[0].at);
    assert_int_equal(load(*state, "").target_count, 1);
    assert_int_equal(load(*state, "targets:\n").target_count, 1);
    assert_int_equal(load(*state, "targets: {t: {kind: sim}}").target_count, 2);
}

static void a_target_named_like_its_kind_need_not_say_it(void **state)
{
    struct settings settings =
        load(*state, "targets:\n  sim:\n  openai: {model: m}\n  bedrock: {model: m}\n");

    assert_int_equal(settings.targets[0].kind, SETTINGS_SIM);
    assert_int_equal(settings.targets[1].kind, SETTINGS_OPENAI);
    assert_int_equal(settings.targets[2].kind, SETTINGS_BEDROCK);
}

static void history_may_be_a_postgres_url(void **state)
{
    struct settings settings = load(*state, "history: postgres://u@db/assay");

    assert_true(settings.history_is_url);
    assert_true(view_is(settings.history, "postgres://u@db/assay"));
}

static void what_is_wrong_is_told_with_its_place_and_the_remedy(void **state)
{
    static const char *const pairs[][2] = {
        {"targets:\n  t:\n    kind: bedrock\n    modle: x\n",
         "conf/assay.yaml:4:5: unknown key 'modle', did you mean 'model'?"},
        {"target: {}", "conf/assay.yaml:1:1: unknown key 'target', did you mean 'targets'?"},
        {"[1]", "conf/assay.yaml:1:1: a configuration is a mapping with targets and suites"},
        {"targets: {t: {kind: bedrok, model: m}}", "did you mean 'bedrock'?"},
        {"targets: {t: {model: m}}", "conf/assay.yaml:1:14: this target lacks 'kind': one of"},
        {"targets: {t: 5}", "conf/assay.yaml:1:14: this target must be a mapping of keys"},
        {"targets: {t: {kind: bedrock}}", "a target of kind bedrock needs 'model'"},
        {"targets: {t: {kind: openai}}", "a target of kind openai needs 'model' or 'url'"},
        {"targets: {t: {kind: http}}", "a target of kind http needs 'url'"},
        {"targets: {t: {kind: exec}}", "a target of kind exec needs 'command'"},
        {"targets: {t: {kind: openai, model: m, command: x}}",
         "conf/assay.yaml:1:39: 'command' belongs to targets of exec, and this one is of kind "
         "openai"},
        {"targets: {t: {kind: sim, url: 'http://x'}}",
         "'url' belongs to targets of every kind but"},
        {"targets: {t: {kind: openai, url: 'localhost:8000'}}",
         "the url of this target must start with http:// or https://"},
        {"targets: {t: {kind: websocket, url: 'http://x'}}", "must start with ws:// or wss://"},
        {"targets: {t: {kind: http, url: 'http://x', endpoint: 'http://y'}}",
         "'url' and 'endpoint' are both given"},
        {"targets: {t: {kind: sim, pool: {min: 5, max: 2}}}", "min 5 is more than its max 2"},
        {"targets: {t: {kind: sim, timeout: 30}}", "'timeout' must be a duration with its unit"},
        {"targets: {t: {kind: sim, attempts: 11}}", "'attempts' must be from 1 to 10"},
        {"targets: {t: {kind: sim, price: {input: 1}}}", "this price lacks 'output'"},
        {"targets: {'a b': {kind: sim}}", "1:11: 'a b' is no name for a target: take 1 to 64 of"},
        {"targets: {'..': {kind: sim}}", "'..' is no name for a target"},
        {"targets: {tfidf: {kind: sim}}", "'tfidf' names an embedding: call the target otherwise"},
        {"targets: {a: {kind: sim}, a: {kind: sim}}", "duplicate key 'a', first given at line 1"},
        {"suites: {s: {target: sim}}", "1:13: this suite lacks 'golden': the golden set"},
        {"suites: {s: {golden: g, target: smi}}",
         "conf/assay.yaml:1:33: unknown target 'smi', did you mean 'sim'?"},
        {"suites: {s: {golden: g, targets: [sim, xyzzy]}}",
         "conf/assay.yaml:1:40: unknown target 'xyzzy': add it under targets"},
        {"suites: {s: {golden: g, targets: [sim, sim]}}", "the target 'sim' is named twice"},
        {"suites: {s: {golden: g, targets: []}}", "the list of targets is empty: name one"},
        {"suites: {s: {golden: g, target: sim, targets: [sim]}}",
         "'target' and 'targets' are both given"},
        {"suites: {s: {golden: g, embedding: buildin}}",
         "unknown embedding 'buildin', did you mean 'builtin'?"},
        {"suites: {s: {golden: g, embedding: xyzzy}}", "an embedding is builtin, tfidf, none or"},
        {"suites: {s: {golden: g, repeat: 0}}", "'repeat' must be from 1 to 1000"},
        {"suites: {s: {golden: g, repeat: three}}", "'repeat' must be a whole number"},
        {"suites: {s: {golden: g, thresholds: {minor: 0.3}}}",
         "thresholds must fall from critical over major to minor"},
        {"suites: {s: {golden: g, floors: {score: 1.5}}}", "'score' must be from 0 to 1"},
        {"suites: {'a/b': {golden: g}}", "'a/b' is no name for a suite"},
        {"suites: {s: }", "this suite lacks 'golden'"},
        {"targets: {t: {kind: openai, model: '${NOPE}'}}",
         "the environment variable 'NOPE' is not set"},
        {"a: [", "conf/assay.yaml:"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        assert_contains(problems_of(*state, pairs[i][0]), pairs[i][1]);
}

static void a_secret_that_is_written_out_is_refused_and_not_shown(void **state)
{
    static const char *const texts[] = {
        "targets: {t: {kind: openai, model: m, api_key: sk-hidden}}",
        "targets: {t: {kind: openai, model: m, headers: {Authorization: Bearer sk-hidden}}}",
        "targets: {t: {kind: openai, model: m, headers: {x-api-key: sk-hidden}}}",
        "gateway: {upstreams: {o: {api_key: sk-hidden}}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *text = problems_of(*state, texts[i]);
        assert_contains(text, "is a secret and does not belong in a file: write a reference");
        assert_null(strstr(text, "hidden"));
    }
}

static void one_mistake_does_not_hide_the_next(void **state)
{
    const char *text = problems_of(*state, "targets:\n  t: {kind: bedrock}\n  u: 5\n"
                                           "suites:\n  s: {golden: g, target: v}\n  r: {}\n");

    assert_contains(text, "conf/assay.yaml:2:6: ");
    assert_contains(text, "conf/assay.yaml:3:6: ");
    assert_contains(text, "conf/assay.yaml:5:26: unknown target 'v'");
    assert_contains(text, "conf/assay.yaml:6:6: this suite lacks 'golden'");
}

static void an_override_counts_as_though_it_stood_in_the_file(void **state)
{
    struct loaded loaded = load_with(*state, example, "suites.manga.repeat=5");
    assert_int_equal(loaded.code, 0);
    assert_int_equal(loaded.settings.suites[0].repeat, 5);

    loaded = load_with(*state, example, "suites.manga.targets=[haiku, local]");
    assert_int_equal(loaded.code, ERR_CONFIG); /* target: is there too */
    assert_contains(loaded.text, "--set: 'target' and 'targets' are both given");

    loaded = load_with(*state, "", "targets.x={kind: openai, model: m, api_key: \"${KEY}\"}");
    assert_int_equal(loaded.code, 0);
    assert_true(view_is(loaded.settings.targets[0].api_key, "sk-secret"));

    loaded = load_with(*state, "suites: {a.b: {golden: g}}", "suites.a.b.floors.score=0.5");
    assert_int_equal(loaded.code, 0);
    assert_int_equal(loaded.settings.suites[0].floors.score_micro, 500000);

    loaded = load_with(*state, "suites:\n", "suites.s.golden=x=y.yaml");
    assert_int_equal(loaded.code, 0);
    assert_true(view_is(loaded.settings.suites[0].golden, "conf/x=y.yaml"));
}

static void a_wrong_override_says_that_it_came_from_the_command_line(void **state)
{
    static const char *const pairs[][2] = {
        {"suites.manga.repeat", "--set: 'suites.manga.repeat' is not of the form KEY=VALUE"},
        {"=5", "is not of the form KEY=VALUE"},
        {"suites.manga.repat=5", "--set: unknown key 'repat', did you mean 'repeat'?"},
        {"suites.manga.repeat=x", "--set: 'repeat' must be a whole number, found text 'x'"},
        {"suites.manga.repeat.x=5", "leads through 'repeat', which is no mapping but number"},
        {"suites..repeat=5", "has an empty step"},
        {"suites.manga.repeat.=5", "leads through 'repeat'"},
        {"suites.manga.params=[",
         "--set: the value of 'suites.manga.params' is no YAML: did not find"},
        {"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a=1", "has more than 16 steps"},
        {"targets.local.api_key=sk-hidden", "is a secret and does not belong"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct loaded loaded = load_with(*state, example, pairs[i][0]);
        assert_int_equal(loaded.code, ERR_CONFIG);
        assert_contains(loaded.text, pairs[i][1]);
        assert_null(strstr(loaded.text, "hidden"));
    }
}

static void every_target_and_suite_remembers_its_place(void **state)
{
    struct settings settings = load(*state, example);

    assert_string_equal(settings_place(&settings, settings.targets[2].at, *state),
                        "conf/assay.yaml:4:3");
    assert_string_equal(settings_place(&settings, settings.suites[0].at, *state),
                        "conf/assay.yaml:9:3");
    assert_string_equal(settings_place(&settings, NULL, *state), "built in");
}

static void the_tables_print(void **state)
{
    struct strbuf buf;
    struct json_writer writer;
    struct json *root;
    struct err err;

    strbuf_init(&buf, 1000000);
    json_writer_init(&writer, &buf, 2);
    config_dump(settings_table(), &writer);
    assert_int_equal(json_parse(*state, strbuf_view(&buf), &root, &err), 0);
    assert_contains(strbuf_text(&buf), "\"concurrency\"");
    strbuf_release(&buf);
    assert_string_equal(settings_target_table()->name, "target");
}

static void a_failed_allocation_is_an_error_and_leaks_nothing(void **state)
{
    int failures = 0;
    (void)state;

    for (unsigned long n = 1; n < 60; n++) {
        struct arena arena;
        struct problems problems;
        struct settings settings;
        arena_init(&arena, TEST_ARENA_MAX);
        problems_init(&problems, &arena, view_of("assay.yaml"));
        mem_fail_at(n);
        int code = settings_load(&arena, view_of("assay.yaml"), view_of(example), NULL, 0, lookup,
                                 NULL, &problems, &settings);
        mem_fail_at(0);
        arena_release(&arena);
        assert_true(code == 0 || code == ERR_MEMORY);
        failures += code != 0;
    }
    assert_true(failures > 0);
}

static void a_target_says_which_http_and_whether_it_streams(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum settings_http http;
    } cases[] = {{"auto", SETTINGS_HTTP_AUTO},
                 {"1.1", SETTINGS_HTTP_1},
                 {"\"2\"", SETTINGS_HTTP_2},
                 {"2", SETTINGS_HTTP_2}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena;
        char yaml[300];
        arena_init(&arena, 1 << 20);
        snprintf(yaml, sizeof yaml,
                 "targets:\n  a: {kind: openai, model: m, http: %s, stream: %s}\n", cases[i].value,
                 i == 0 ? "true" : "false");
        struct settings settings = load(&arena, yaml);
        assert_int_equal(settings.targets[0].http, cases[i].http);
        assert_int_equal(settings.targets[0].stream, i == 0);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_says_which_http_and_whether_it_streams),
        ARENA_TEST(the_example_of_the_manual_is_read),
        ARENA_TEST(targets_and_suites_have_their_defaults),
        ARENA_TEST(every_limit_reaches_its_member_and_has_its_default),
        ARENA_TEST(every_setting_reaches_its_member),
        ARENA_TEST(the_simulator_exists_without_configuration),
        ARENA_TEST(a_target_named_like_its_kind_need_not_say_it),
        ARENA_TEST(history_may_be_a_postgres_url),
        ARENA_TEST(what_is_wrong_is_told_with_its_place_and_the_remedy),
        ARENA_TEST(a_secret_that_is_written_out_is_refused_and_not_shown),
        ARENA_TEST(one_mistake_does_not_hide_the_next),
        ARENA_TEST(an_override_counts_as_though_it_stood_in_the_file),
        ARENA_TEST(a_wrong_override_says_that_it_came_from_the_command_line),
        ARENA_TEST(every_target_and_suite_remembers_its_place),
        ARENA_TEST(the_tables_print),
        ARENA_TEST(a_failed_allocation_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
