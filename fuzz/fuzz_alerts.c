/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_alerts: any bytes as what alerts remember: refused and nothing left of it, or written again
 * to the same; and as every text of a run: each channel's body is valid JSON within its limits, and
 * holds no secret of the configuration. */
#include "core/alerts/body.h"
#include "core/alerts/state.h"
#include "engine/patterns.h"
#include "wire/json.h"

enum { ARENA_MAX = 64 * 1024 * 1024, TEXT_MAX = 64 * 1024 };

static const struct view secret = VIEW("hush-hush-hush");

/* Compiled once. */
static const struct mask *the_mask(void)
{
    static struct mask mask = {.secrets = &secret, .secret_count = 1};
    static struct scan_set *set;
    struct scan_plan *plan = NULL;
    struct err err;

    if (set != NULL)
        return &mask;
    assert_always(scan_plan_new(&plan) == 0 && mask_plan(plan, &err) == 0);
    assert_always(patterns_compile(plan, NULL, &set, NULL, &err) == 0);
    scan_plan_free(plan);
    assert_always(patterns_scratch_new(set, &mask.scratch) == 0);
    mask.set = set;
    return &mask;
}

static void remember(struct view text)
{
    struct arena arena;
    struct state state;
    struct state again;
    struct strbuf first;
    struct strbuf second;
    struct err err;

    arena_init(&arena, ARENA_MAX);
    strbuf_init(&first, ARENA_MAX);
    strbuf_init(&second, ARENA_MAX);
    state_init(&state, &arena);
    if (state_read(&state, text, &err) != 0) {
        assert_always(state.row_count == 0 && state.channel_count == 0);
    } else {
        state_write(&state, &first);
        state_init(&again, &arena);
        if (strbuf_status(&first) == 0 && state_read(&again, strbuf_view(&first), &err) == 0) {
            state_write(&again, &second);
            assert_always(view_equal(strbuf_view(&first), strbuf_view(&second)));
        }
    }
    strbuf_release(&first);
    strbuf_release(&second);
    arena_release(&arena);
}

static void check_slack(const struct json *root)
{
    const struct json *blocks = json_get(root, "blocks");

    assert_always(blocks->count <= BODY_SLACK_BLOCKS_MAX);
    for (const struct json *block = blocks->child; block != NULL; block = block->next)
        assert_always(json_text(json_path(block, view_of("text.text")), view_of("")).len
                      <= BODY_SLACK_SECTION_MAX);
}

static void write_bodies(const struct alert *alert, struct arena *arena)
{
    const struct body_context context = {.assay_version = "1", .routing_key = view_of("key")};
    struct strbuf out;

    strbuf_init(&out, BODY_BYTES_MAX);
    for (unsigned kind = 0; kind < SETTINGS_CHANNEL_KINDS; kind++) {
        struct json *root;
        struct err err;
        strbuf_reset(&out);
        body_kind_of((enum settings_channel_kind)kind)->write(alert, &context, &out);
        assert_always(strbuf_status(&out) == 0);
        assert_always(json_parse(arena, strbuf_view(&out), &root, &err) == 0);
        assert_always(view_find(strbuf_view(&out), secret, 0) == out.len);
        if (kind == SETTINGS_CHANNEL_SLACK)
            check_slack(root);
        if (kind == SETTINGS_CHANNEL_PAGERDUTY)
            assert_always(json_text(json_get(root, "dedup_key"), view_of("")).len
                          <= ALERT_KEY_BYTES_MAX);
    }
    strbuf_release(&out);
}

static void tell(struct view text)
{
    struct sample sample = {.scored = true, .answer = {.reply = {.text = text}}};
    struct run_entry entries[3];
    struct run run = {
        .id = text,
        .suite = view_of("shop"),
        .entries = entries,
        .entry_count = 3,
        .provenance = {.commit = text, .who = text, .ci = text},
        .gate = {.outcome = GATE_FAIL, .reasons = &text, .reason_count = 1},
    };
    const struct alert_wish wish = {
        .kinds = SETTINGS_ALERT_BIT(SETTINGS_ALERT_FAILED),
        .project = text,
        .answers = true,
    };
    struct arena arena;
    struct alert alert;

    for (size_t i = 0; i < 3; i++)
        entries[i] = (struct run_entry){
            .id = text,
            .target = text,
            .reason = text,
            .error_text = text,
            .samples = &sample,
            .sample_count = 1,
            .scored_count = i > 0,
        };
    arena_init(&arena, ARENA_MAX);
    if (alert_make(&run, &wish, the_mask(), &arena, &alert) == 0)
        write_bodies(&alert, &arena);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = view_make(data, size);

    remember(text);
    if (size <= TEXT_MAX)
        tell(text);
    return 0;
}
