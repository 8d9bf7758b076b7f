/* SPDX-License-Identifier: Apache-2.0
 *
 * ask_curl: the same as ask.c by libcurl's multi interface, the way
 * its documentation shows: a peer to compare with.
 *
 *   ask_curl URL REQUESTS IN_FLIGHT 1|2 CA_FILE [fresh] */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <curl/curl.h>

/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl says what it is like */
static size_t sink(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    (void)context;
    return size * count;
}

static double cpu_s(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec
           + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double wall_s(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static CURL *make(char *argv[], int argc)
{
    CURL *easy = curl_easy_init();
    long version =
        argv[4][0] == '2' ? (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE : (long)CURL_HTTP_VERSION_1_1;

    if (easy == NULL)
        exit(1);
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, sink);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, argv[4][0] == '2' ? 1L : 0L);
    if (argv[5][0] != '\0')
        curl_easy_setopt(easy, CURLOPT_CAINFO, argv[5]);
    if (argc > 6)
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    return easy;
}

int main(int argc, char *argv[])
{
    if (argc < 6)
        return 2;
    unsigned long requests = strtoul(argv[2], NULL, 10);
    unsigned long in_flight = strtoul(argv[3], NULL, 10);
    unsigned long started = 0;
    unsigned long ended = 0;
    unsigned long failed = 0;

    curl_global_init(CURL_GLOBAL_ALL);
    CURLM *multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)in_flight);
    double cpu = cpu_s();
    double wall = wall_s();
    for (; started < in_flight && started < requests; started++)
        curl_multi_add_handle(multi, make(argv, argc));
    while (ended < requests) {
        int running = 0;
        int left = 0;
        CURLMsg *message;
        curl_multi_perform(multi, &running);
        while ((message = curl_multi_info_read(multi, &left)) != NULL) {
            CURL *easy = message->easy_handle;
            failed += message->data.result != CURLE_OK;
            ended++;
            curl_multi_remove_handle(multi, easy);
            if (started < requests) {
                started++;
                curl_multi_add_handle(multi, easy);
            } else {
                curl_easy_cleanup(easy);
            }
        }
        if (ended < requests)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    printf("{\"requests\": %lu, \"failed\": %lu, \"wall_s\": %.6f, \"cpu_s\": %.6f}\n", requests,
           failed, wall_s() - wall, cpu_s() - cpu);
    curl_multi_cleanup(multi);
    curl_global_cleanup();
    return 0;
}
