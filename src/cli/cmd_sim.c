/* SPDX-License-Identifier: Apache-2.0
 *
 * assay sim: the model simulator as a server. */
#include <stdio.h>

#include "app/host.h"
#include "app/sim_profile.h"
#include "app/sim_server.h"
#include "cli/command.h"
#include "shell/net/loop.h"
#include "shell/os/signals.h"

enum { PORT_DEFAULT = 8790 };

struct sim_options {
    struct common_options common;
    const char *listen;
    const char *profile;
    const char *latency;
    const char *defect;
    int64_t seed;
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
     "none, 800ms, uniform:200ms:1500ms or lognormal:800ms:0.4 (default: lognormal:800ms:0.4)",
     NULL, 0, 0},
    {"defect", 0, OPTION_TEXT, "KIND:RATE", AT(defect),
     "go wrong on purpose: keyword, language, format, hallucination, truncation, refusal, garbled; "
     "several with commas",
     NULL, 0, 0},
};

static const struct options_table table = {items, sizeof items / sizeof items[0]};

/* "HOST:PORT", "[::1]:PORT", "HOST" or ":PORT". */
static int read_listen(const char *text, struct sim_server_options *server, struct err *reterr)
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
    server->host =
        view_slice(whole, 0, colon < whole.len && whole.ptr[colon] == ':' ? colon : whole.len);
    if (server->host.len > 1 && server->host.ptr[0] == '[')
        server->host = view_slice(server->host, 1, server->host.len - 1);
    server->port = (uint16_t)port;
    return 0;
}

static int plan(const struct sim_options *options, struct sim_server_options *server,
                struct err *reterr)
{
    server->sim = sim_default();
    server->sim.seed = (uint64_t)options->seed;
    int code = read_listen(options->listen, server, reterr);
    if (code == 0 && options->profile != NULL)
        code = sim_profile_load(options->profile, &server->sim.profile, reterr);
    if (code == 0)
        code = sim_latency_parse(view_of(options->latency), &server->sim.latency, reterr);
    if (code == 0 && options->defect != NULL)
        code = sim_defects_parse(view_of(options->defect), server->sim.defects, reterr);
    return code;
}

static void on_signal(void *context, int number)
{
    (void)number;
    loop_stop(context);
}

static int serve(struct cli *cli, const struct sim_server_options *options)
{
    struct host host;
    struct sim_server *server = NULL;
    struct err err = {0};
    uint16_t port = 0;

    int code = host_open(&host, &err);
    if (code == 0)
        code = signals_start(host.loop, on_signal, host.loop, &err);
    if (code == 0)
        code = sim_server_new(host.outside, options, &server, &port, &err);
    if (code == 0) {
        bool six = view_find_byte(options->host, ':') < options->host.len;
        printf("assay sim: listening on http://%s%.*s%s:%u\n", six ? "[" : "",
               VIEW_ARG(options->host.len != 0 ? options->host : view_of("127.0.0.1")),
               six ? "]" : "", port);
        fflush(stdout);
        loop_run(host.loop);
    }
    if (code == 0 && !cli->quiet)
        fprintf(stderr, "assay sim: answered %llu of %llu requests\n",
                (unsigned long long)sim_server_figures(server).answers,
                (unsigned long long)sim_server_figures(server).requests);
    sim_server_free(server);
    signals_stop();
    host_close(&host);
    return code == 0 ? 0 : command_fail(cli, code, &err);
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct sim_options options = {
        .listen = "127.0.0.1:8790", .latency = "lognormal:800ms:0.4", .seed = 7};
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
        "Serves a deterministic stand-in for a foundation model: Bedrock Runtime (invoke, "
        "converse) "
        "and OpenAI chat completions on one port. It follows the instructions that it finds in the "
        "prompt as reliably as its profile says, in English and Japanese, so that a prompt that "
        "loses an instruction gets worse answers. The same seed and request give the same answer. "
        "It "
        "is no language model. A model id that ends in .fault-TYPE (like sim.fault-"
        "ThrottlingException) gets that error.\n"
        "\n"
        "The first line of standard output says where it listens. Ctrl-C ends it.",
    .examples = "  assay sim --listen 127.0.0.1:0 --latency none\n"
                "  AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http://127.0.0.1:8790 python app.py\n",
    .tables = {&table},
    .run = run,
};
