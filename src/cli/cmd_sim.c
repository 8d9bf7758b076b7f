/* SPDX-License-Identifier: Apache-2.0
 *
 * assay sim: the model simulator as a server. */
#include <stdio.h>

#include "app/host.h"
#include "app/sim_profile.h"
#include "app/sim_server.h"
#include "cli/command.h"
#include "shell/net/loop.h"
#include "shell/os/env.h"
#include "shell/os/signals.h"

enum { PORT_DEFAULT = 8790, QUOTA_MAX = 50 * 1000 * 1000 };

/* Fewer than the net has places, so that one too many is told so instead of waiting for one. */
enum { CONNECTIONS_MAX = 4000, CONNECTIONS_MIN = 8, FILES_SPARED = 128 };

/* For what is being answered when the first signal comes; the second ends it at once. */
static const uint64_t DRAIN_NS = 5ull * 1000 * 1000 * 1000;

struct sim_options {
    struct common_options common;
    const char *listen;
    const char *profile;
    const char *latency;
    const char *defect;
    const char *fault;
    const char *protocols;
    const char *tls_cert;
    const char *tls_key;
    int64_t seed;
    int64_t rpm;
    int64_t tpm;
};

#define AT(member) offsetof(struct sim_options, member)

static const struct option items[] = {
    {"listen", 'l', OPTION_TEXT, "HOST:PORT", AT(listen),
     "address to listen on; port 0 takes a free one (default: 127.0.0.1:8790)", NULL, 0, 0},
    {"seed", 0, OPTION_INT, "N", AT(seed), "another seed, another model (default: 7)", NULL, 0,
     INT64_MAX},
    {"profile", 0, OPTION_TEXT, "FILE", AT(profile),
     "how reliably each kind of instruction is followed (YAML)", NULL, 0, 0},
    {"latency", 0, OPTION_TEXT, "DISTRIBUTION", AT(latency),
     "none, 800ms, uniform:200ms:1500ms, lognormal:800ms:0.4 or tokens:300ms:15ms (default: "
     "lognormal:800ms:0.4)",
     NULL, 0, 0},
    {"defect", 0, OPTION_TEXT, "KIND:RATE", AT(defect),
     "go wrong on purpose: keyword, language, format, hallucination, truncation, refusal, garbled; "
     "several with commas",
     NULL, 0, 0},
    {"fault", 0, OPTION_TEXT, "KIND:RATE", AT(fault),
     "fail on purpose: throttle, error, unavailable, reset, cut, malformed, midstream, silent, "
     "slow:RATE:FACTOR; several with commas",
     NULL, 0, 0},
    {"rpm", 0, OPTION_INT, "N", AT(rpm),
     "requests a minute for each model, then 429 (default: any)", NULL, 0, QUOTA_MAX},
    {"tpm", 0, OPTION_INT, "N", AT(tpm),
     "tokens a minute for each model, reserved and settled as Bedrock does, then 429 (default: "
     "any)",
     NULL, 0, QUOTA_MAX},
    {"protocols", 0, OPTION_TEXT, "LIST", AT(protocols),
     "http1, http2 or both (default: http1,http2)", NULL, 0, 0},
    {"tls-cert", 0, OPTION_TEXT, "FILE", AT(tls_cert),
     "speak TLS with this certificate (PEM, those of its authorities after it)", NULL, 0, 0},
    {"tls-key", 0, OPTION_TEXT, "FILE", AT(tls_key), "the certificate's key (PEM)", NULL, 0, 0},
};

static const struct options_table table = {items, sizeof items / sizeof items[0]};

/* "HOST:PORT", "[::1]:PORT", "HOST" or ":PORT". */
static int read_listen(const char *text, struct outside_port *ret_port, struct err *reterr)
{
    struct view whole = view_of(text);
    size_t colon = whole.len;
    int64_t port = PORT_DEFAULT;

    for (size_t i = whole.len; i > 0 && colon == whole.len; i--)
        if (whole.ptr[i - 1] == ':' || whole.ptr[i - 1] == ']')
            colon = whole.ptr[i - 1] == ':' ? i - 1 : whole.len - 1;
    if (colon < whole.len && whole.ptr[colon] == ':'
        && (view_to_int(view_slice(whole, colon + 1, whole.len), &port) != 0 || port < 0
            || port > 65535))
        return fail(reterr, ERR_USAGE, "--listen: '%s' has no port from 0 to 65535 after its colon",
                    text);
    struct view host =
        view_slice(whole, 0, colon < whole.len && whole.ptr[colon] == ':' ? colon : whole.len);
    if (host.len > 1 && host.ptr[0] == '[')
        host = view_slice(host, 1, host.len - 1);
    ret_port->host = host.len != 0 ? host : view_of("127.0.0.1");
    ret_port->port = (uint16_t)port;
    return 0;
}

static int plan_protocols(const char *text, struct server_options *server, struct err *reterr)
{
    struct view rest = view_of(text);

    server->without_http1 = server->without_http2 = true;
    while (rest.ptr != NULL) {
        struct view word = view_split(&rest, ',');
        if (!view_is(word, "http1") && !view_is(word, "http2"))
            return fail(reterr, ERR_USAGE,
                        "--protocols: '%.*s' is none; there are http1 and http2, with a comma "
                        "between them",
                        VIEW_ARG(word));
        if (view_is(word, "http1"))
            server->without_http1 = false;
        else
            server->without_http2 = false;
    }
    return 0;
}

static int plan_tls(const struct sim_options *options, struct outside_port *ret_port,
                    struct err *reterr)
{
    if ((options->tls_cert == NULL) != (options->tls_key == NULL))
        return fail(reterr, ERR_USAGE, "--tls-cert and --tls-key go together: give %s too",
                    options->tls_cert == NULL ? "--tls-cert" : "--tls-key");
    ret_port->tls_certificate_file = view_of(options->tls_cert);
    ret_port->tls_key_file = view_of(options->tls_key);
    return 0;
}

static uint32_t connections_max(void)
{
    uint64_t files = env_open_files_max();

    if (files >= CONNECTIONS_MAX + FILES_SPARED)
        return CONNECTIONS_MAX;
    return files > CONNECTIONS_MIN + FILES_SPARED ? (uint32_t)files - FILES_SPARED
                                                  : CONNECTIONS_MIN;
}

static int plan(const struct sim_options *options, struct sim_server_options *server,
                struct err *reterr)
{
    struct sim_service_options *service = &server->service;

    server->server.connections_max = connections_max();
    service->sim = sim_default();
    service->sim.seed = (uint64_t)options->seed;
    service->requests_a_minute = options->rpm;
    service->tokens_a_minute = options->tpm;
    int code = read_listen(options->listen, &server->server.port, reterr);
    if (code == 0)
        code = plan_tls(options, &server->server.port, reterr);
    if (code == 0)
        code = plan_protocols(options->protocols, &server->server, reterr);
    if (code == 0 && options->profile != NULL)
        code = sim_profile_load(options->profile, &service->sim.profile, reterr);
    if (code == 0)
        code = sim_latency_parse(view_of(options->latency), &service->sim.latency, reterr);
    if (code == 0 && options->defect != NULL)
        code = sim_defects_parse(view_of(options->defect), service->sim.defects, reterr);
    if (code == 0 && options->fault != NULL)
        code = sim_troubles_parse(view_of(options->fault), &service->troubles, reterr);
    return code;
}

struct serving {
    struct host host;
    struct sim_server *server;
    bool ending;
};

static void on_drained(void *context)
{
    struct serving *serving = context;

    loop_stop(serving->host.loop);
}

static void on_signal(void *context, int number)
{
    struct serving *serving = context;

    (void)number;
    if (serving->ending || serving->server == NULL)
        loop_stop(serving->host.loop);
    else
        sim_server_drain(serving->server, DRAIN_NS, on_drained, serving);
    serving->ending = true;
}

static void say_where(const struct outside_port *asked, uint16_t port)
{
    bool six = view_find_byte(asked->host, ':') < asked->host.len;

    printf("assay sim: listening on %s://%s%.*s%s:%u\n",
           asked->tls_certificate_file.len != 0 ? "https" : "http", six ? "[" : "",
           VIEW_ARG(asked->host), six ? "]" : "", port);
    fflush(stdout);
}

static int serve(struct cli *cli, const struct sim_server_options *options)
{
    struct serving serving = {0};
    struct err err = {0};
    uint16_t port = 0;

    int code = host_open(&serving.host, &err);
    if (code == 0)
        code = signals_start(serving.host.loop, on_signal, &serving, &err);
    if (code == 0)
        code = sim_server_new(serving.host.outside, options, &serving.server, &port, &err);
    if (code == 0) {
        say_where(&options->server.port, port);
        loop_run(serving.host.loop);
    }
    if (code == 0 && !cli->quiet)
        fprintf(stderr, "assay sim: answered %llu of %llu requests\n",
                (unsigned long long)sim_server_figures(serving.server).answers,
                (unsigned long long)sim_server_figures(serving.server).server.requests);
    sim_server_free(serving.server);
    signals_stop();
    host_close(&serving.host);
    return code == 0 ? 0 : command_fail(cli, code, &err);
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct sim_options options = {.listen = "127.0.0.1:8790",
                                  .latency = "lognormal:800ms:0.4",
                                  .protocols = "http1,http2",
                                  .seed = 7};
    struct sim_server_options server = {0};
    struct operands operands;
    struct err err = {0};
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    int code = operands.count > 0
                   ? fail(&err, ERR_USAGE, "'%s' is not understood here", operands.items[0])
                   : plan(&options, &server, &err);
    return code == 0 ? serve(cli, &server) : command_fail(cli, code, &err);
}

const struct command command_sim = {
    .name = "sim",
    .summary = "the model simulator as a server",
    .operands = "",
    .details =
        "Serves a deterministic stand-in for a foundation model: the APIs of Bedrock Runtime, "
        "OpenAI "
        "and Anthropic with their streams, and WebSocket at /ws, on one port, over HTTP/1.1 and "
        "HTTP/2 (by TLS's ALPN, without TLS by prior knowledge). It follows the instructions that "
        "it finds in the "
        "prompt as reliably as its profile says, in English and Japanese, so that a prompt that "
        "loses an instruction gets worse answers. The same seed and request give the same answer. "
        "It "
        "is no language model. A model id that ends in .fault-TYPE (like sim.fault-"
        "ThrottlingException) gets that error.\n"
        "\n"
        "The first line of standard output says where it listens. Ctrl-C ends it when what is "
        "being answered is done, after 5 s at the most; a second Ctrl-C ends it at once.",
    .examples = "  assay sim --listen 127.0.0.1:0 --latency none\n"
                "  assay sim --rpm 600 --fault throttle:0.01,reset:0.001\n"
                "  AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http://127.0.0.1:8790 python app.py\n",
    .tables = {&table},
    .run = run,
};
