/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_json: nanoseconds to read one 0.9 KB answer of a model, ours against jansson and cJSON.
 *
 * Each reader takes the same bytes in turns, many rounds of many readings; the median round counts,
 * so that one interruption does not. Ours are json_valid (no allocation), and json_parse with
 * everything a request does: build the tree in an arena, read the answer's text, give all back.
 * The others likewise parse, read the text and free. Prints one line a reader and the ratios, then
 * one machine-readable line. Threads: one. */
#include <stdio.h>
#include <time.h>

#include "bench_json_others.h"
#include "wire/json.h"

enum { ROUNDS = 41, MEDIAN = ROUNDS / 2, READINGS = 20000 };

/* An answer as Bedrock's InvokeModel gives it for Claude. */
static const char answer[] =
    "{\"model\":\"claude-sonnet-4-5-20250929\",\"id\":\"msg_bdrk_01VHcTnqMSw8rCd2GJ5kLQ9x\","
    "\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":"
    "\"Volume 12 of *Silver Compass* is in stock and ships within two days.\\n\\n"
    "- Price: \\u00a5660 (paperback), \\u00a5594 (digital)\\n"
    "- Release: 4 March, in Japanese; the English edition follows in June\\n"
    "- If you liked \\\"The Lantern Maker\\\", readers who bought both rated this series 4.6 of "
    "5\\n\\n"
    "You can return an unopened volume within 30 days of delivery. Digital volumes cannot be "
    "returned once they have been opened, but a wrong language edition is exchanged free of charge."
    "\\n\\nWould you like me to add it to your basket, or to tell you when the box set "
    "(volumes 1\\u201312) is available again?\"}],\"stop_reason\":\"end_turn\","
    "\"stop_sequence\":null,\"usage\":{\"input_tokens\":1482,\"cache_creation_input_tokens\":0,"
    "\"cache_read_input_tokens\":1024,\"output_tokens\":171}}";

static const struct view ANSWER = VIEW(answer);

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Each reads the answer once and returns a number that depends on it; 0 is a failure. */
static size_t read_valid(void)
{
    return json_valid(ANSWER, NULL);
}

static size_t read_tree(void)
{
    struct arena arena;
    struct json *root;
    size_t len = 0;

    arena_init(&arena, 1 << 20);
    if (json_parse(&arena, ANSWER, &root, NULL) == 0)
        len = json_text(json_path(root, view_of("content[0].text")), view_of("")).len;
    arena_release(&arena);
    return len;
}

static size_t read_jansson(void)
{
    return jansson_reads_text(ANSWER.ptr, ANSWER.len);
}

static size_t read_cjson(void)
{
    return cjson_reads_text(ANSWER.ptr, ANSWER.len);
}

static const struct {
    const char *name;
    size_t (*read)(void);
} readers[] = {
    {"json_valid", read_valid},
    {"json_parse", read_tree},
    {"jansson", read_jansson},
    {"cjson", read_cjson},
};

enum { READERS = sizeof readers / sizeof readers[0] };

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

int main(void)
{
    static uint64_t taken_ns[READERS][ROUNDS];
    double one_ns[READERS];

    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < READERS; i++) {
            size_t bad = 0;
            uint64_t from_ns = now_ns();
            for (size_t n = 0; n < READINGS; n++)
                bad += readers[i].read() == 0;
            taken_ns[i][round] = now_ns() - from_ns;
            if (bad != 0) {
                fprintf(stderr, "bench_json: %s refused the answer\n", readers[i].name);
                return 1;
            }
        }
    }
    for (size_t i = 0; i < READERS; i++) {
        qsort(taken_ns[i], ROUNDS, sizeof taken_ns[i][0], by_value);
        one_ns[i] = (double)taken_ns[i][MEDIAN] / READINGS;
        printf("%-10s %9.0f ns for %zu bytes\n", readers[i].name, one_ns[i], ANSWER.len);
    }
    printf("json_parse takes 1/%.1f of jansson's time and 1/%.1f of cJSON's\n",
           one_ns[2] / one_ns[1], one_ns[3] / one_ns[1]);
    printf("bench json bytes=%zu valid_ns=%.0f parse_ns=%.0f jansson_ns=%.0f cjson_ns=%.0f "
           "jansson_ratio=%.2f cjson_ratio=%.2f\n",
           ANSWER.len, one_ns[0], one_ns[1], one_ns[2], one_ns[3], one_ns[2] / one_ns[1],
           one_ns[3] / one_ns[1]);
    return 0;
}
