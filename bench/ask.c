/* SPDX-License-Identifier: Apache-2.0
 *
 * ask: asks a server for one path so many times, as `assay` asks its targets: the whole way through
 * call machine, pool, quota and net. For bench_connections.py; prints one line of JSON.
 *
 *   ask URL PATH REQUESTS IN_FLIGHT auto|1|2 CA_FILE [fresh | RATE]
 *
 * `fresh` closes every connection after its answer (Connection: close); a RATE asks so many times a
 * second instead of as fast as answers come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "app/asker.h"
#include "base/histogram.h"
#include "shell/net/loop.h"
#include "shell/net/net.h"

struct bench {
    struct loop *loop;
    struct asker *asker;
    struct http_request request;
    uint64_t left;   /* to be asked */
    uint64_t waited; /* for */
    uint64_t failed;
    struct histogram latency_ns;
    struct err err;
    uint64_t every_ns; /* 0: as fast as answers come */
    uint64_t next_ns;
};

static void done(void *context, struct id ask, const struct http_response *response,
                 const struct answer *answer);

static void ask_one(struct bench *bench)
{
    bench->left--;
    if (asker_ask_raw(bench->asker, &bench->request, done, bench, NULL, &bench->err) != 0) {
        fprintf(stderr, "ask: %s\n", bench->err.text);
        exit(1);
    }
}

static void done(void *context, struct id ask, const struct http_response *response,
                 const struct answer *answer)
{
    struct bench *bench = context;

    (void)ask;
    (void)response;
    bench->failed += answer->reply.code != 0;
    if (answer->reply.code != 0 && bench->failed == 1)
        fprintf(stderr, "ask: %.*s\n", VIEW_ARG(answer->reply.error_text));
    histogram_record(&bench->latency_ns, answer->latency_ns);
    if (bench->left > 0 && bench->every_ns == 0)
        ask_one(bench);
    if (--bench->waited == 0)
        loop_stop(bench->loop);
}

/* One more is due. */
static void on_time(void *context, uint64_t now_ns)
{
    struct bench *bench = context;

    (void)now_ns;
    ask_one(bench);
    bench->next_ns += bench->every_ns;
    if (bench->left > 0 && loop_wake_at(bench->loop, bench->next_ns, on_time, bench) != 0)
        exit(1);
}

/* Bytes in memory, of this process alone. */
static double rss_mib(void)
{
    char line[128];
    double kib = 0.0;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "Pss:", 4) == 0)
            kib = strtod(line + 4, NULL);
    if (file != NULL)
        fclose(file);
    return kib / 1024.0;
}

static double cpu_s(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec
           + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int header(struct bench *bench, const char *name, const char *value)
{
    return http_header_add(&bench->request.headers, view_of(name), view_of(value));
}

static void run(struct bench *bench, uint64_t requests, uint64_t in_flight)
{
    struct asker_stats stats;

    double before_mib = rss_mib();
    bench->left = requests;
    bench->waited = requests;
    double cpu = cpu_s();
    uint64_t began_ns = loop_now(bench->loop);
    bench->next_ns = began_ns;
    if (bench->every_ns != 0)
        on_time(bench, began_ns);
    for (uint64_t i = 0; i < in_flight && bench->left > 0 && bench->every_ns == 0; i++)
        ask_one(bench);
    loop_run(bench->loop);
    double wall = (double)(loop_now(bench->loop) - began_ns) / 1e9;
    asker_stats(bench->asker, &stats);
    printf("{\"requests\": %llu, \"failed\": %llu, \"wall_s\": %.6f, \"cpu_s\": %.6f, "
           "\"opened\": %llu, \"reused\": %llu, \"checkouts\": %llu, \"p50_us\": %.1f, "
           "\"idle\": %u, \"mib\": %.1f, \"grew_mib\": %.1f}\n",
           (unsigned long long)requests, (unsigned long long)bench->failed, wall, cpu_s() - cpu,
           (unsigned long long)stats.pool.opened, (unsigned long long)stats.pool.reused,
           (unsigned long long)stats.pool.checkouts,
           (double)histogram_percentile(&bench->latency_ns, 500000) / 1e3, stats.pool.idle,
           rss_mib(), rss_mib() - before_mib);
}

int main(int argc, char *argv[])
{
    struct bench bench = {.request = {.method = VIEW("GET")}};
    struct net *net = NULL;

    if (argc < 7) {
        fprintf(stderr, "usage: ask URL PATH REQUESTS IN_FLIGHT auto|1|2 CA_FILE [fresh|RATE]\n");
        return 2;
    }
    uint64_t requests = strtoull(argv[3], NULL, 10);
    uint64_t in_flight = strtoull(argv[4], NULL, 10);
    struct provider_target target = {
        .kind = PROVIDER_HTTP, .name = VIEW("peer"), .url = view_of(argv[1])};
    struct asker_options options = {
        .target = &target,
        .max_in_flight = (uint32_t)in_flight,
        .attempts = 1,
        .tls_ca_file = view_of(argv[6]),
        .http = argv[5][0] == '1'   ? ASKER_HTTP_1
                : argv[5][0] == '2' ? ASKER_HTTP_2
                                    : ASKER_HTTP_AUTO,
    };
    bench.request.target = view_of(argv[2]);
    int code = histogram_init(&bench.latency_ns, 60000000000);
    bool fresh = argc > 7 && argv[7][0] == 'f';
    if (argc > 7 && !fresh)
        bench.every_ns = 1000000000 / strtoull(argv[7], NULL, 10);
    if (code == 0 && fresh)
        code = header(&bench, "Connection", "close");
    if (code == 0)
        code = loop_new(&bench.loop, &bench.err);
    if (code == 0)
        code =
            net_new(bench.loop, &(struct net_options){.connections_max = (uint32_t)in_flight + 64},
                    &net, &bench.err);
    if (code == 0)
        code = asker_new(net_outside(net), NULL, &options, &bench.asker, &bench.err);
    if (code != 0) {
        fprintf(stderr, "ask: %s\n", bench.err.text);
        return 1;
    }
    run(&bench, requests, in_flight);
    asker_free(bench.asker);
    net_free(net);
    loop_free(bench.loop);
    histogram_release(&bench.latency_ns);
    return 0;
}
