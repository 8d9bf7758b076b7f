/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_settings: any bytes as assay.yaml, the first line as an override where it starts with
 * "--set ":
 * settings whose references hold, or problems with a text each, never both. */
#include "config/settings.h"

enum { ARENA_MAX = 64 * 1024 * 1024 };

static bool lookup(void *context, struct view name, struct view *ret_value)
{
    (void)context;
    *ret_value = view_of("value");
    return view_starts(name, view_of("K"));
}

static void check_settings(const struct settings *settings)
{
    assert_always(settings_target_of(settings, view_of("sim")) != NULL);
    for (size_t i = 0; i < settings->target_count; i++) {
        const struct settings_target *target = &settings->targets[i];
        assert_always(target->name.len > 0 && target->kind <= SETTINGS_SIM);
        assert_always(target->attempts >= 1 && target->timeout_ns > 0);
    }
    for (size_t i = 0; i < settings->suite_count; i++) {
        const struct settings_suite *suite = &settings->suites[i];
        assert_always(suite->golden.len > 0 && suite->repeat >= 1 && suite->concurrency >= 1);
        for (size_t j = 0; j < suite->target_count; j++)
            assert_always(suite->targets[j] < settings->target_count);
        assert_always(suite->embedding != SETTINGS_EMBEDDING_TARGET
                      || suite->embedding_target < settings->target_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct problems problems;
    struct settings settings;
    struct view text = view_make(data, size);
    struct view override = {.ptr = NULL};

    if (view_starts(text, view_of("--set "))) {
        override = view_split(&text, '\n');
        override = view_slice(override, 6, override.len);
    }
    arena_init(&arena, ARENA_MAX);
    problems_init(&problems, &arena, view_of("f"));
    int code = settings_load(&arena, view_of("f"), text, &override, override.ptr != NULL ? 1 : 0,
                             lookup, NULL, &problems, &settings);
    if (code == 0) {
        assert_always(problems.total == 0);
        check_settings(&settings);
    } else if (code == ERR_CONFIG) {
        assert_always(problems.total > 0 && problems_status(&problems, NULL) == ERR_CONFIG);
        for (size_t i = 0; i < problems.count; i++)
            assert_always(strlen(problems.items[i].text) > 2);
    }
    arena_release(&arena);
    return 0;
}
