/* SPDX-License-Identifier: Apache-2.0
 *
 * world_run: plays the histories of many seeds and stops at the first in which something did not
 * hold, with the command that plays it again.
 *
 *   world_run [--first N] [--count N]     N histories, 1 to 300 by default
 *   world_run --seed N [--trace]          one of them, with every event printed
 *   world_run --planted …                 succeeds where a history FAILS: for the program that was
 *                                         built with a bug on purpose
 *   world_run --messages …                machines alone, no bytes (messages.h)
 *
 * One history in 16 is played twice, and must be the same to the last byte.
 * Status 0: all held; 1: not. The last line of a run that held is read by tools/world.py. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "history.h"
#include "messages.h"
#include "scene.h"

struct options {
    uint64_t first;
    uint64_t count;
    bool trace;
    bool planted;
    bool messages;
};

/* What is under way, for whoever is stopped by an assertion. */
static struct {
    const char *program;
    uint64_t seed;
    bool planted;
    bool messages;
} present;

static struct played total;

/* ---- a seed that does not hold -------------------------------------------------------------- */

static int found(const char *what, uint64_t at_ns)
{
    if (present.planted) {
        printf("the planted bug is found with seed %" PRIu64 ": %s\n", present.seed, what);
        return 0;
    }
    char described[300] = "messages alone";
    struct scene scene;
    scene_draw(&scene, present.seed);
    if (!present.messages)
        scene_describe(&scene, described, sizeof described);
    printf("seed %" PRIu64 " at %.9f s: %s\n    (%s)\n    %s%s --seed %" PRIu64
           " --trace   plays it again\n",
           present.seed, (double)at_ns / 1e9, what, described, present.program,
           present.messages ? " --messages" : "", present.seed);
    return 1;
}

/* An assertion of the program's own failed: that is a find too. */
static void on_abort(int signal_number)
{
    (void)signal_number;
    int status = found("an assertion failed (above)", 0);
    fflush(stdout);
    _exit(status);
}

/* ---- sums ----------------------------------------------------------------------------------- */

static void add(const struct played *played)
{
    /* The counts of the world are numbers one after another. */
    const uint64_t *from = (const uint64_t *)&played->world;
    uint64_t *to = (uint64_t *)&total.world;

    for (size_t i = 0; i < sizeof played->world / sizeof *from; i++)
        to[i] += from[i];
    for (int i = 0; i < ERR_ORDER_END; i++)
        total.by_code[i] += played->by_code[i];
    total.virtual_ns += played->virtual_ns;
    total.questions += played->questions;
    total.attempts += played->attempts;
    total.throttled += played->throttled;
    total.resent += played->resent;
    total.checks += played->checks;
    total.late += played->late;
}

static void print_sums(uint64_t count, double seconds)
{
    const struct world_counts *world = &total.world;

    printf("{\"histories\": %" PRIu64 ", \"real_s\": %.3f, \"virtual_s\": %.3f", count, seconds,
           (double)total.virtual_ns / 1e9);
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"questions", total.questions},
        {"attempts", total.attempts},
        {"throttled", total.throttled},
        {"resent", total.resent},
        {"checks", total.checks},
        {"late", total.late},
        {"events", world->events},
        {"bytes", world->bytes},
        {"opened", world->opened},
        {"refused", world->refused},
        {"hung", world->hung},
        {"resets", world->resets},
        {"cuts", world->cuts},
        {"spikes", world->spikes},
        {"lost", world->lost},
        {"cut_off", world->cut_off},
        {"timed_out", world->timed_out},
        {"vanished", world->vanished},
        {"slow", world->slow},
        {"found_dead", world->found_dead},
        {"lookups_failed", world->lookups_failed},
        {"other_address", world->other_address},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        printf(", \"%s\": %" PRIu64, rows[i].name, rows[i].value);
    printf(", \"outcomes\": {");
    const char *comma = "";
    for (int code = 0; code < ERR_ORDER_END; code++)
        if (total.by_code[code] > 0) {
            printf("%s\"%s\": %" PRIu64, comma, code == 0 ? "OK" : err_name(-code),
                   total.by_code[code]);
            comma = ", ";
        }
    printf("}}\n");
}

/* ---- running -------------------------------------------------------------------------------- */

enum { REPLAYED_ONE_IN = 16 };

static void play(const struct options *options, struct played *played)
{
    struct played again;

    if (options->messages) {
        messages_play(present.seed, options->trace, played);
        return;
    }
    history_play(present.seed, options->trace, played);
    if (options->trace || present.seed % REPLAYED_ONE_IN != 0 || played->problem.text[0] != '\0')
        return;
    history_play(present.seed, false, &again);
    if (again.hash != played->hash)
        problem_say(&played->problem, 0, "the same seed gave another history");
}

static int run(const struct options *options)
{
    struct timespec begun;
    struct timespec ended;
    struct played played;

    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (uint64_t i = 0; i < options->count; i++) {
        present.seed = options->first + i;
        play(options, &played);
        if (played.problem.text[0] != '\0')
            return found(played.problem.text, played.problem.at_ns);
        add(&played);
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    if (options->planted) {
        printf("the planted bug was not found in %" PRIu64 " histories\n", options->count);
        return 1;
    }
    print_sums(options->count, (double)(ended.tv_sec - begun.tv_sec)
                                   + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9);
    return 0;
}

static uint64_t number(const char *text)
{
    int64_t value = 0;

    if (text == NULL || view_to_int(view_of(text), &value) != 0 || value < 0) {
        fprintf(stderr, "world_run: a number is missing\n");
        exit(2);
    }
    return (uint64_t)value;
}

int main(int count, char **words)
{
    struct options options = {.first = 1, .count = 300};

    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--seed") == 0) {
            options.first = number(words[++i]);
            options.count = 1;
        } else if (strcmp(words[i], "--first") == 0) {
            options.first = number(words[++i]);
        } else if (strcmp(words[i], "--count") == 0) {
            options.count = number(words[++i]);
        } else if (strcmp(words[i], "--trace") == 0) {
            options.trace = true;
        } else if (strcmp(words[i], "--planted") == 0) {
            options.planted = true;
        } else if (strcmp(words[i], "--messages") == 0) {
            options.messages = true;
        } else {
            fprintf(stderr, "world_run: there is no option %s\n", words[i]);
            return 2;
        }
    }
    present.program = words[0];
    present.planted = options.planted;
    present.messages = options.messages;
    signal(SIGABRT, on_abort);
    return run(&options);
}
