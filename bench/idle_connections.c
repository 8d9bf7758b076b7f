/* SPDX-License-Identifier: Apache-2.0
 *
 * What an idle connection costs a client: opens many over loopback to a child that echoes, says
 * 1 KiB and hears it back on each of them, then prints how much larger this process has become.
 *
 *     idle_connections [COUNT [tls]]        10000 by default
 *
 * The kernel's socket buffers are not in it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "shell/net/loop.h"
#include "shell/net/net.h"
#include "shell/os/env.h"
#include "tls_files.h"

enum { AT_ONCE = 64, WORDS = 1024 };

static const uint64_t SECOND = 1000000000;

struct bench {
    struct loop *loop;
    struct outside *outside;
    struct outside_endpoint endpoint;
    size_t *heard; /* bytes, by slot of the connection's id */
    unsigned count;
    unsigned started;
    unsigned done;
    char words[WORDS];
};

/* A figure of /proc/self/smaps_rollup, in KiB. */
static long figure(const char *name)
{
    char line[256];
    long kib = -1;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");

    if (file == NULL)
        return -1;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtol(line + strlen(name), NULL, 10);
    }
    fclose(file);
    return kib;
}

static void must(int code, const struct err *err)
{
    if (code == 0)
        return;
    fprintf(stderr, "idle_connections: %s\n", err->text);
    exit(3);
}

static void on_peer(void *context, const struct outside_event *event)
{
    struct outside *outside = context;

    if (event->kind == OUTSIDE_BYTES)
        (void)outside->ops->write(outside, event->connection, event->bytes);
}

static _Noreturn void serve(unsigned count, const struct tls_files *files, int tell)
{
    struct net_options options = {.connections_max = count + 16};
    struct outside_port wanted = {.host = VIEW("127.0.0.1")};
    struct loop *loop;
    struct net *net;
    struct id listening;
    uint16_t port;
    struct err err;

    if (files != NULL) {
        wanted.tls_certificate_file = view_of(files->certificate);
        wanted.tls_key_file = view_of(files->key);
    }
    must(loop_new(&loop, &err), &err);
    must(net_new(loop, &options, &net, &err), &err);
    struct outside *outside = net_outside(net);
    must(outside->ops->listen(outside, &wanted, on_peer, outside, &listening, &port, &err), &err);
    if (write(tell, &port, sizeof port) != sizeof port)
        _exit(3);
    loop_run(loop);
    _exit(0);
}

static void start_one(struct bench *bench);

static void on_event(void *context, const struct outside_event *event)
{
    struct bench *bench = context;

    if (event->kind == OUTSIDE_CLOSED) {
        fprintf(stderr, "idle_connections: %s\n", event->text);
        exit(3);
    }
    if (event->kind == OUTSIDE_OPENED)
        (void)bench->outside->ops->write(bench->outside, event->connection,
                                         view_make(bench->words, WORDS));
    if (event->kind != OUTSIDE_BYTES)
        return;
    bench->heard[event->connection.slot] += event->bytes.len;
    if (bench->heard[event->connection.slot] < WORDS)
        return;
    bench->done++;
    if (bench->started < bench->count)
        start_one(bench);
    if (bench->done == bench->count)
        loop_stop(bench->loop);
}

static void start_one(struct bench *bench)
{
    struct id id;
    struct err err = {.text = "cannot open a connection"};

    bench->started++;
    must(bench->outside->ops->open(bench->outside, &bench->endpoint, on_event, bench, &id), &err);
}

static void measure(struct bench *bench, bool tls)
{
    struct net_options options = {.connections_max = bench->count + 16};
    struct net *net;
    struct err err;

    must(loop_new(&bench->loop, &err), &err);
    long rss = figure("Rss:"), pss = figure("Pss:");
    must(net_new(bench->loop, &options, &net, &err), &err);
    bench->outside = net_outside(net);
    for (unsigned i = 0; i < AT_ONCE && i < bench->count; i++)
        start_one(bench);
    loop_run(bench->loop);
    rss = figure("Rss:") - rss;
    pss = figure("Pss:") - pss;
    printf("%u idle connections%s: RSS +%ld KiB, PSS +%ld KiB, %ld bytes of PSS each\n",
           bench->count, tls ? " with TLS" : "", rss, pss, pss * 1024 / (long)bench->count);
    net_free(net);
    loop_free(bench->loop);
}

int main(int argc, char **argv)
{
    struct bench bench = {.count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000};
    bool tls = argc > 2 && strcmp(argv[2], "tls") == 0;
    struct tls_files files;
    int tell[2];
    uint16_t port = 0;

    if (bench.count == 0 || pipe(tell) != 0)
        return 2;
    if (env_raise_open_files() < bench.count + 64)
        fprintf(stderr, "idle_connections: raise 'ulimit -n' for %u connections\n", bench.count);
    if (tls)
        tls_files_make(&files);
    pid_t child = fork();
    if (child == 0)
        serve(bench.count, tls ? &files : NULL, tell[1]);
    if (child < 0 || read(tell[0], &port, sizeof port) != sizeof port)
        return 3;
    bench.heard = mem_new(bench.count + 16, sizeof *bench.heard);
    bench.endpoint = (struct outside_endpoint){.host = VIEW("127.0.0.1"),
                                               .port = port,
                                               .tls = tls,
                                               .tls_insecure = true,
                                               .connect_in_ns = 60 * SECOND};
    if (bench.heard == NULL)
        return 3;
    measure(&bench, tls);
    mem_free(bench.heard);
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    if (tls)
        tls_files_remove(&files);
    return 0;
}
