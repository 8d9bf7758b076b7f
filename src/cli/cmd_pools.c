/* SPDX-License-Identifier: Apache-2.0
 *
 * assay pools: what the connection pools of a run did, what they should be like, and the same
 * settings for clients that pool by themselves. */
#include <stdio.h>

#include "app/history.h"
#include "base/mem.h"
#include "cli/command.h"
#include "core/pool/services.h"
#include "report/pools.h"
#include "shell/os/file.h"
#include "wire/json.h"

enum {
    INPUT_BYTES_MAX = 1 << 30,
    OUTPUT_BYTES_MAX = 64 << 20,
    POOLS_MAX = 1000,
    BOUND_DEFAULT = 1000,
    BOUND_MAX = 50000,
};

static const size_t ARENA_BYTES_MAX = (size_t)4 << 30;
static const uint64_t CHECKOUT_P99_NS = 10000000;

struct pools_options {
    struct common_options common;
    const char *config;
    const char *format;
    const char *emit;
    const char *pool;
    const char *service;
    uint64_t wanted_ns;
    int64_t bound;
    int64_t seed;
};

#define AT(member) offsetof(struct pools_options, member)

static const struct option items[] = {
    {"config", 'c', OPTION_TEXT, "FILE", AT(config), "whose history is read (default: assay.yaml)",
     NULL, 0, 0},
    {"format", 0, OPTION_CHOICE, "FORMAT", AT(format), "text (default), json or markdown",
     "text,json,markdown", 0, 0},
    {"pool", 0, OPTION_TEXT, "NAME", AT(pool), "this pool alone", NULL, 0, 0},
    {"checkout-p99", 0, OPTION_DURATION, "TIME", AT(wanted_ns),
     "how long 99 of 100 requests may wait for a connection (default: 10ms)", NULL, 0, 0},
    {"bound", 0, OPTION_INT, "N", AT(bound), "the largest size to propose (default: 1000)", NULL, 1,
     BOUND_MAX},
    {"seed", 0, OPTION_INT, "N", AT(seed), "of the rehearsals (default: 1)", NULL, 0, INT64_MAX},
    {"emit", 0, OPTION_CHOICE, "CLIENT", AT(emit),
     "print the settings for boto3, redis-py, opensearch-py or aws-sdk-js", POOLS_CLIENTS, 0, 0},
    {"service", 0, OPTION_TEXT, "NAME", AT(service),
     "with --emit and no run: whose defaults (bedrock, dynamodb, opensearch, redis, any other)",
     NULL, 0, 0},
};

static const struct options_table table = {items, sizeof items / sizeof items[0]};

struct asking {
    struct cli *cli;
    const struct pools_options *options;
    const char *source;
    struct arena arena;
    struct pool_finding *findings;
    size_t count;
};

/* ---- reading -------------------------------------------------------------------------------- */

/* A file, standard input, or a run of the history. */
static int read_source(struct asking *asking, struct view *ret_json, struct err *reterr)
{
    struct view name = view_of(asking->source);
    bool is_input = view_is(name, "-");
    struct strbuf content;

    if (!is_input && !file_exists(asking->source)) {
        int found =
            history_summary(asking->options->config, name, &asking->arena, ret_json, reterr);
        return found == ERR_MISSING && asking->source[0] != '@'
                   ? fail(reterr, found,
                          "'%s' is neither a file nor a run of the history: give a report of "
                          "'assay test -o json=FILE', a run's id, @last or @prev",
                          asking->source)
                   : found;
    }
    strbuf_init(&content, INPUT_BYTES_MAX);
    int code = is_input ? file_read_from(0, "standard input", &content, reterr)
                        : file_read(asking->source, &content, reterr);
    if (code == 0 && arena_copy(&asking->arena, strbuf_view(&content), ret_json) != 0)
        code = fail(reterr, ERR_MEMORY, "no memory for '%s'", asking->source);
    strbuf_release(&content);
    return code;
}

/* The pool itself, or what a report of this command says of it. */
static const struct json *account_of(const struct json *item)
{
    const struct json *inner = json_get(item, "pool");

    return json_is(inner, JSON_OBJECT) ? inner : item;
}

static int advise(struct asking *asking, struct pool_finding *finding, struct err *reterr)
{
    const struct pools_options *options = asking->options;
    const struct pool_account *account = &finding->account;
    const struct workload workload = {&account->histograms.between_ns,
                                      &account->histograms.service_ns,
                                      &account->histograms.connect_ns};
    const struct rehearsal_wish wish = {
        .connections_min = account->connections_min,
        .connections_max = account->connections_max,
        .streams_max = account->streams_max,
        .checkout_in_ns = account->checkout_in_ns,
        .seed = (uint64_t)options->seed,
    };

    finding->advice = pool_advise(&account->metrics);
    int code = pool_advise_size(&workload, &wish, options->wanted_ns, (uint32_t)options->bound,
                                &finding->size);
    finding->has_size = code == 0;
    return code == ERR_MEMORY
               ? fail(reterr, code, "no memory to rehearse pool '%.*s'", VIEW_ARG(account->name))
               : 0;
}

static int read_pools(struct asking *asking, const struct json *pools, struct err *reterr)
{
    const char *wanted = asking->options->pool;
    size_t number = 0;
    int code = 0;

    asking->findings = arena_new(&asking->arena, pools->count + 1, sizeof *asking->findings);
    if (asking->findings == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for these pools");
    for (const struct json *item = pools->child; item != NULL && code == 0; item = item->next) {
        struct pool_finding *finding = &asking->findings[asking->count];
        const struct json *object = account_of(item);
        struct err err = {0};
        number++;
        if (wanted != NULL && !view_is(json_text(json_get(object, "name"), view_of("")), wanted))
            continue;
        code = pool_account_read(object, &finding->account, &err);
        if (code != 0)
            return fail(reterr, code, "%s: pools[%zu]: %s", asking->source, number - 1, err.text);
        asking->count++;
        code = advise(asking, finding, reterr);
    }
    if (code == 0 && asking->count == 0)
        return fail(reterr, ERR_MISSING, "%s: %s%s", asking->source,
                    wanted != NULL ? "has no pool named " : "its run opened no connection",
                    wanted != NULL ? wanted : "");
    return code;
}

static int read_run(struct asking *asking, struct err *reterr)
{
    struct view text;
    struct json *root;
    struct err err = {0};

    int code = read_source(asking, &text, reterr);
    if (code != 0)
        return code;
    code = json_parse(&asking->arena, text, &root, &err);
    if (code != 0)
        return fail(reterr, code, "%s:%s", asking->source, err.text);
    const struct json *pools = json_get(root, "pools");
    if (!json_is(root, JSON_OBJECT) || json_get(root, "assay") == NULL)
        return fail(reterr, ERR_SYNTAX,
                    "%s: is no report of assay: write one with 'assay test -o json=FILE'",
                    asking->source);
    if (!json_is(pools, JSON_ARRAY) || pools->count > POOLS_MAX)
        return fail(reterr, ERR_MISSING,
                    "%s: says nothing of pools: its run opened no connection (targets of kind sim "
                    "and exec have none)",
                    asking->source);
    return read_pools(asking, pools, reterr);
}

/* ---- printing ------------------------------------------------------------------------------- */

static void emit(const struct asking *asking, struct strbuf *out)
{
    const struct pools_client *client = pools_client_named(view_of(asking->options->emit));
    const char *named = asking->options->service;
    const struct pool_finding *finding = asking->count != 0 ? &asking->findings[0] : NULL;
    struct view from_run = finding != NULL ? finding->account.service : view_of("");
    const struct service *service = service_find(named != NULL       ? view_of(named)
                                                 : from_run.len != 0 ? from_run
                                                                     : view_of(client->service));
    struct client_wish wish = {
        .connections = service->connections_max,
        .connect_in_ns = service->connect_in_ns,
        .read_in_ns = service->read_in_ns,
        .checkout_in_ns = service->checkout_in_ns,
        .attempts = SERVICE_ATTEMPTS,
        .check_every_ns = SERVICE_CHECK_EVERY_NS,
    };

    if (finding != NULL && finding->has_size && finding->size.possible)
        wish.connections = finding->size.connections;
    else if (finding != NULL)
        wish.connections = finding->account.connections_max;
    client->write(&wish, out);
}

static void write(const struct asking *asking, struct strbuf *out)
{
    struct view format = view_of(asking->options->format);
    const struct pools_report report = {
        .items = asking->findings,
        .count = asking->count,
        .assay_version = ASSAY_VERSION,
        .source = asking->source,
        .wanted_ns = asking->options->wanted_ns,
        .seed = (uint64_t)asking->options->seed,
        .connections_bound = (uint32_t)asking->options->bound,
    };

    if (asking->options->emit != NULL)
        emit(asking, out);
    else if (view_is(format, "json"))
        report_pools_json(&report, out);
    else if (view_is(format, "markdown"))
        report_pools_markdown(&report, out);
    else
        report_pools_text(&report, out);
}

static int carry_out(struct asking *asking)
{
    struct err err = {0};
    struct strbuf out;
    int status = 0;

    int code = asking->source != NULL ? read_run(asking, &err) : 0;
    if (code != 0)
        return command_fail(asking->cli, code, &err);
    strbuf_init(&out, OUTPUT_BYTES_MAX);
    write(asking, &out);
    code = strbuf_status(&out);
    if (code != 0) {
        fail(&err, code, "no memory for the report");
        status = command_fail(asking->cli, code, &err);
    } else {
        status = command_print(asking->cli, &out);
    }
    strbuf_release(&out);
    return status;
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct pools_options options = {
        .format = "text", .wanted_ns = CHECKOUT_P99_NS, .bound = BOUND_DEFAULT, .seed = 1};
    struct operands operands;
    struct err err = {0};
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    if (operands.count > 1) {
        fail(&err, ERR_USAGE, "'%s' is not understood here: give one run or file",
             operands.items[1]);
        return command_fail(cli, ERR_USAGE, &err);
    }
    struct asking asking = {.cli = cli, .options = &options};
    if (operands.count == 1)
        asking.source = operands.items[0];
    else if (options.emit == NULL)
        asking.source = "@last";
    arena_init(&asking.arena, ARENA_BYTES_MAX);
    status = carry_out(&asking);
    for (size_t i = 0; i < asking.count; i++)
        pool_account_release(&asking.findings[i].account);
    arena_release(&asking.arena);
    return status;
}

const struct command command_pools = {
    .name = "pools",
    .summary = "figures of connection pools, and what size they should have",
    .operands = "[RUN|FILE]",
    .details =
        "Reads what the connection pools of a finished run did: the last run of the history, "
        "another one (its id, @last, @prev), or a JSON report ('assay test -o json=FILE'). Prints "
        "their figures: utilization weighted by time, and how long checkouts took, apart for "
        "those that reused a connection, waited for one, or opened one.\n"
        "\n"
        "Advice is given by three rules: in use over 80 % of the time (1.5 times as many "
        "connections), under 20 % on a pool larger than 10 (half as many, 5 at least), more than "
        "1 % of checkouts timed out. And by rehearsal: the measured arrivals, service and connect "
        "times are played again, in simulated time, against pools of other sizes, and the smallest "
        "one whose checkouts are quick enough (--checkout-p99) is proposed, with what it costs in "
        "connections and saves in waiting. A rehearsal takes arrivals to be independent of "
        "answers and of one another, and the service to be as quick under more load.\n"
        "\n"
        "--emit prints the settings for a client that pools by itself: sizes, timeouts, retry "
        "mode, keep-alive. Without a run they are the service's defaults.",
    .examples = "  assay pools\n"
                "  assay pools report.json --checkout-p99 5ms --format json\n"
                "  assay pools --emit boto3\n",
    .tables = {&table},
    .run = run,
};
