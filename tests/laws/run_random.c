/* SPDX-License-Identifier: Apache-2.0
 *
 * run_random: see run_random.h. */
#include "run_random.h"

enum { ENTRIES_MAX = 6, SAMPLES_MAX = 4, WORDS_MAX = 9 };

struct drawing {
    struct arena *arena;
    struct rng rng;
};

static const char *const hostile[] = {
    "",
    "plain",
    "日本語です。",
    "<script>alert(1)</script>",
    "\"quoted\" \\ back",
    "line\nline\ttab\r",
    "\x01\x02\x1b[31m\x7f",
    "]]> & &amp; | `tick` ```",
    "\xf0\x9f\x8d\xa3 emoji",
    "{\"entries\": [{\"id\": \"x\"}]}",
    "だ。である。",
    "A sentence. Another one! A third? ",
};

/* Not UTF-8, or a NUL: wherever the text is no answer. */
static const struct view broken[] = {VIEW("\xff\xfe broken"), VIEW("cut \xe3\x81"),
                                     VIEW("nul\0inside")};

static uint64_t below(struct drawing *drawing, uint64_t bound)
{
    return rng_below(&drawing->rng, bound);
}

static bool chance(struct drawing *drawing, unsigned percent)
{
    return below(drawing, 100) < percent;
}

static void *make(struct drawing *drawing, size_t count, size_t size)
{
    void *items = arena_new(drawing->arena, count + 1, size);
    assert_always(items != NULL);
    return items;
}

/* An answer: valid UTF-8, some words. */
static struct view answer(struct drawing *drawing)
{
    struct strbuf text;
    struct view copy;

    strbuf_init(&text, 1 << 16);
    for (uint64_t i = below(drawing, WORDS_MAX); i > 0; i--)
        strbuf_add_text(&text, hostile[below(drawing, sizeof hostile / sizeof hostile[0])]);
    assert_always(arena_copy(drawing->arena, strbuf_view(&text), &copy) == 0);
    strbuf_release(&text);
    return copy;
}

static struct view text(struct drawing *drawing)
{
    if (chance(drawing, 10))
        return broken[below(drawing, sizeof broken / sizeof broken[0])];
    return view_of(hostile[below(drawing, sizeof hostile / sizeof hostile[0])]);
}

static struct view version(struct drawing *drawing)
{
    char *hex = arena_printf(drawing->arena, "%012llx",
                             (unsigned long long)below(drawing, UINT64_C(1) << 48));
    assert_always(hex != NULL);
    return view_of(hex);
}

static const struct view *texts(struct drawing *drawing, size_t *ret_count)
{
    struct view *items;

    *ret_count = below(drawing, 4);
    items = make(drawing, *ret_count, sizeof *items);
    for (size_t i = 0; i < *ret_count; i++)
        items[i] = text(drawing);
    return items;
}

static int32_t part(struct drawing *drawing, int32_t absent)
{
    return chance(drawing, 20) ? absent : (int32_t)below(drawing, MICRO + 1);
}

static struct score score(struct drawing *drawing)
{
    struct score absent = score_absent();

    return (struct score){
        .similarity_micro = part(drawing, absent.similarity_micro),
        .cosine_micro = chance(drawing, 30) ? -(int32_t)below(drawing, MICRO)
                                            : part(drawing, absent.cosine_micro),
        .keywords_micro = part(drawing, absent.keywords_micro),
        .structure_micro = part(drawing, absent.structure_micro),
        .language_micro = part(drawing, absent.language_micro),
        .total_micro = part(drawing, absent.total_micro),
    };
}

static struct verdict verdict(struct drawing *drawing)
{
    size_t count = below(drawing, 3);
    struct finding *findings = make(drawing, count, sizeof *findings);

    for (size_t i = 0; i < count; i++)
        findings[i] = (struct finding){
            .check = text(drawing),
            .severity = (enum severity)below(drawing, SEVERITY_COUNT),
            .evidence = text(drawing),
            .message = text(drawing),
            .start = below(drawing, 1000),
            .end = below(drawing, 1000),
        };
    return (struct verdict){.findings = findings, .count = count};
}

static struct fluency_change fluency(struct drawing *drawing)
{
    struct fluency_change change = {
        .score_micro = (int32_t)below(drawing, MICRO + 1),
        .from = (enum fluency_style)below(drawing, FLUENCY_STYLE_MIXED + 1),
        .to = (enum fluency_style)below(drawing, FLUENCY_STYLE_MIXED + 1),
        .style_changed = chance(drawing, 50),
    };
    for (int i = 0; i < FLUENCY_PARTS; i++)
        change.parts_micro[i] = part(drawing, FLUENCY_ABSENT);
    return change;
}

static void draw_answer(struct drawing *drawing, struct answer *to)
{
    *to = (struct answer){
        .latency_ns = below(drawing, UINT64_C(1) << 40),
        .first_byte_ns = below(drawing, 2) * below(drawing, UINT64_C(1) << 40),
        .waited_ns = below(drawing, 2) * below(drawing, UINT64_C(1) << 40),
        .ttft_ns = below(drawing, 2) * below(drawing, UINT64_C(1) << 40),
        .gaps = {.count = (uint32_t)below(drawing, 50),
                 .sum_ns = below(drawing, UINT64_C(1) << 40),
                 .max_ns = below(drawing, UINT64_C(1) << 40)},
        .attempts = (uint32_t)below(drawing, 5),
        .reply = {.request_id = text(drawing),
                  .usage = {.known = chance(drawing, 70),
                            .tokens_in = (int64_t)below(drawing, 100000),
                            .tokens_out = (int64_t)below(drawing, 100000),
                            .cache_read_tokens = (int64_t)below(drawing, 3),
                            .cache_write_tokens = (int64_t)below(drawing, 3),
                            .estimated = chance(drawing, 50)}},
    };
}

static void draw_sample(struct drawing *drawing, struct sample *to)
{
    struct reply *reply = &to->answer.reply;

    *to = (struct sample){.asked = true, .score = score_absent()};
    draw_answer(drawing, &to->answer);
    to->cost_nano_usd = (int64_t)(below(drawing, 2) * below(drawing, UINT64_C(1) << 59));
    if (chance(drawing, 20)) {
        reply->code = -(int)(1 + below(drawing, ERR_ORDER_END - 1));
        reply->error_type = text(drawing);
        reply->error_text = text(drawing);
        reply->http_status = (int)below(drawing, 600);
        return;
    }
    to->scored = true;
    to->score = score(drawing);
    to->verdict = verdict(drawing);
    to->language = text(drawing);
    to->fluency_known = chance(drawing, 50);
    to->fluency = fluency(drawing);
    reply->text = answer(drawing);
    reply->stop = (enum stop_reason)below(drawing, STOP_CONTEXT + 1);
    reply->stop_text = text(drawing);
    reply->text_repaired = chance(drawing, 20);
    reply->model = text(drawing);
}

static const struct baseline_entry *draw_baseline(struct drawing *drawing,
                                                  const struct run_entry *entry)
{
    struct baseline_entry *baseline = make(drawing, 1, sizeof *baseline);

    *baseline = (struct baseline_entry){
        .id = entry->id,
        .target = text(drawing),
        .model = text(drawing),
        .prompt = text(drawing),
        .prompt_hash = version(drawing),
        .params = text(drawing),
        .answer_count = 1 + below(drawing, SAMPLES_MAX),
        .line = (uint32_t)below(drawing, 1000),
    };
    baseline->answers = make(drawing, baseline->answer_count, sizeof *baseline->answers);
    for (size_t i = 0; i < baseline->answer_count; i++)
        baseline->answers[i] = (struct baseline_answer){
            .text = answer(drawing), .score = score(drawing), .verdict = verdict(drawing)};
    return baseline;
}

static void draw_change(struct drawing *drawing, struct run_entry *entry)
{
    entry->baseline = draw_baseline(drawing, entry);
    entry->prompt_changed = chance(drawing, 50);
    entry->model_changed = chance(drawing, 50);
    entry->params_changed = chance(drawing, 50);
    entry->baseline_score = score(drawing);
    if (entry->scored_count == 0)
        return;
    entry->drop_micro = (int32_t)below(drawing, MICRO) - MICRO / 2;
    entry->counted_micro = chance(drawing, 50) ? entry->drop_micro : entry->drop_micro / 2;
    entry->noise_micro = part(drawing, SCORE_ABSENT);
    entry->is_tested = chance(drawing, 50);
    entry->p_fell = rng_unit(&drawing->rng);
    entry->p_adjusted = rng_unit(&drawing->rng);
    entry->newly_failed = chance(drawing, 30);
    entry->baseline_passed = chance(drawing, 60);
}

static void draw_result(struct drawing *drawing, struct run_entry *entry)
{
    for (size_t i = 0; i < entry->sample_count; i++)
        entry->scored_count += entry->samples[i].scored;
    if (chance(drawing, 5))
        entry->scored_count = 0; /* could not be judged */
    entry->severity = (enum severity)below(drawing, SEVERITY_COUNT);
    entry->flaky = chance(drawing, 30);
    entry->reason = text(drawing);
    entry->is_quarantined = chance(drawing, 20);
    entry->quarantine_until = entry->is_quarantined ? text(drawing) : view_of("");
    entry->is_signed_off = chance(drawing, 20);
    entry->signed_off_by = entry->is_signed_off ? text(drawing) : view_of("");
    entry->signoff_lapsed = text(drawing);
    entry->language = text(drawing);
    entry->noise_micro = SCORE_ABSENT;
    entry->fluency_known = chance(drawing, 50);
    entry->fluency_micro = (int32_t)below(drawing, MICRO + 1);
    entry->baseline_fluency_micro = part(drawing, SCORE_ABSENT);
    entry->register_changed = chance(drawing, 30);
    entry->fluency_reason = text(drawing);
    if (entry->scored_count == 0) {
        entry->code = -(int)below(drawing, ERR_ORDER_END);
        entry->error_text = text(drawing);
        return;
    }
    struct verdict failed = verdict(drawing);
    entry->passed = chance(drawing, 50);
    entry->score = score(drawing);
    entry->failed = failed.findings;
    entry->failed_count = failed.count;
}

static void draw_entry(struct drawing *drawing, struct run_entry *entry)
{
    *entry = (struct run_entry){
        .id = text(drawing),
        .target = text(drawing),
        .model = text(drawing),
        .prompt = text(drawing),
        .prompt_hash = version(drawing),
        .params = text(drawing),
        .file = text(drawing),
        .line = (uint32_t)below(drawing, 100000),
        .question = answer(drawing),
        .tokens_in_estimate = (int64_t)below(drawing, 10000),
        .sample_count = below(drawing, SAMPLES_MAX),
    };
    entry->tags = texts(drawing, &entry->tag_count);
    entry->samples = make(drawing, entry->sample_count, sizeof *entry->samples);
    for (size_t i = 0; i < entry->sample_count; i++) {
        entry->samples[i].score = score_absent();
        if (chance(drawing, 90))
            draw_sample(drawing, &entry->samples[i]);
    }
    draw_result(drawing, entry);
    if (chance(drawing, 70))
        draw_change(drawing, entry);
}

static struct statistics statistics(struct drawing *drawing)
{
    struct statistics drawn = {
        .known = chance(drawing, 70),
        .entries = 1 + below(drawing, 100),
        .mean = rng_normal(&drawing->rng),
        .low = rng_normal(&drawing->rng),
        .high = rng_normal(&drawing->rng),
        .p = rng_unit(&drawing->rng),
        .smallest_effect = rng_unit(&drawing->rng),
        .repeats_needed = below(drawing, 3),
        .outcome = GATE_PASS,
    };
    if (chance(drawing, 60))
        drawn.outcome = chance(drawing, 50) ? GATE_FAIL : GATE_INCONCLUSIVE;
    return drawn;
}

static void draw_explanations(struct drawing *drawing, struct gate *gate)
{
    static const char *const metrics[] = {"score", "similarity", "keywords", "structure",
                                          "language"};
    struct explanation *explanations;

    gate->explanation_count = below(drawing, 3);
    explanations = make(drawing, gate->explanation_count, sizeof *explanations);
    for (size_t i = 0; i < gate->explanation_count; i++)
        explanations[i] = (struct explanation){
            .group = (enum explanation_group)below(drawing, EXPLAIN_TAG + 1),
            .value = text(drawing),
            .metric = view_of(metrics[below(drawing, 5)]),
            .entries = 1 + below(drawing, 100),
            .mean = rng_normal(&drawing->rng),
            .p = rng_unit(&drawing->rng),
            .p_adjusted = rng_unit(&drawing->rng),
        };
    gate->explanations = explanations;
}

static void draw_gate(struct drawing *drawing, struct gate *gate)
{
    static const int statuses[] = {0, 1, 3, 4, 130};

    *gate = (struct gate){
        .outcome = (enum gate_outcome)below(drawing, GATE_INCONCLUSIVE + 1),
        .exit_status = statuses[below(drawing, 5)],
        .compared = below(drawing, 100),
        .checked_only = below(drawing, 100),
        .failed_checks = below(drawing, 100),
        .errors = below(drawing, 100),
        .all = statistics(drawing),
        .changed = statistics(drawing),
        .untouched = statistics(drawing),
        .checks_broke = below(drawing, 9),
        .checks_healed = below(drawing, 9),
        .checks_p = rng_unit(&drawing->rng),
        .quarantined = below(drawing, 9),
        .signed_off = below(drawing, 9),
        .stale = below(drawing, 9),
        .noise_known = chance(drawing, 50),
        .recorded_ahead = chance(drawing, 20),
        .max_cost_reached = chance(drawing, 20),
        .quarantine_expired = below(drawing, 3),
        .false_alarms = {.known = chance(drawing, 40),
                         .entries = below(drawing, 100),
                         .splits = below(drawing, 1000),
                         .statistics = rng_unit(&drawing->rng),
                         .critical = rng_unit(&drawing->rng),
                         .major = rng_unit(&drawing->rng)},
    };
    for (int i = 0; i < SEVERITY_COUNT; i++)
        gate->counts[i] = below(drawing, 9);
    draw_explanations(drawing, gate);
    gate->reasons = texts(drawing, &gate->reason_count);
    gate->warnings = texts(drawing, &gate->warning_count);
    gate->advice = texts(drawing, &gate->advice_count);
}

static void draw_changes(struct drawing *drawing, struct run *run)
{
    struct prompt_change *changes;

    run->change_count = below(drawing, 3);
    changes = make(drawing, run->change_count, sizeof *changes);
    for (size_t i = 0; i < run->change_count; i++)
        changes[i] = (struct prompt_change){
            .prompt = text(drawing),
            .version = version(drawing),
            .before_version = version(drawing),
            .text = text(drawing),
            .before_text = text(drawing),
        };
    run->changes = changes;
}

static void draw_head(struct drawing *drawing, struct run *run)
{
    *run = (struct run){
        .id = text(drawing),
        .kind = view_of(chance(drawing, 80) ? "test" : "baseline"),
        .suite = text(drawing),
        .golden_file = text(drawing),
        .golden_version = chance(drawing, 50) ? version(drawing) : view_of(""),
        .baseline_file = text(drawing),
        .baseline_version = chance(drawing, 50) ? version(drawing) : view_of(""),
        .started_unix_s = (int64_t)below(drawing, 4000000000),
        .elapsed_ns = below(drawing, UINT64_C(1) << 50),
        .seed = below(drawing, UINT64_C(1) << 53),
        .repeat = 1 + (uint32_t)below(drawing, 10),
        .repeat_max = (uint32_t)below(drawing, 3),
        .rounds = (uint32_t)below(drawing, 3),
        .undecided = below(drawing, 3),
        .scorer = text(drawing),
        .interrupted = chance(drawing, 20),
        .recorded_answers = chance(drawing, 20),
        .shard_count = chance(drawing, 50) ? 2 + (uint32_t)below(drawing, 9) : 0,
        .provenance = {.who = text(drawing),
                       .commit = text(drawing),
                       .is_dirty = chance(drawing, 30),
                       .program = text(drawing),
                       .ci = text(drawing)},
        .mean = score(drawing),
        .fluency_known = chance(drawing, 50),
        .fluency_micro = (int32_t)below(drawing, MICRO + 1),
        .tokens_in = (int64_t)below(drawing, UINT64_C(1) << 40),
        .tokens_out = (int64_t)below(drawing, UINT64_C(1) << 40),
        .tokens_estimated = chance(drawing, 50),
        .cost_nano_usd = (int64_t)below(drawing, UINT64_C(1) << 59),
        .cost_known = chance(drawing, 50),
        .asked = below(drawing, 1000),
        .answered = below(drawing, 1000),
        .pools_json = chance(drawing, 70)
                          ? view_of("")
                          : view_of("[{\"name\":\"a\",\"min\":1,\"max\":2,\"checkouts\":3,"
                                    "\"utilization\":0.50,\"times\":{}}]"),
    };
    run->shard_index = run->shard_count > 1 ? (uint32_t)below(drawing, run->shard_count) : 0;
    run->drift = texts(drawing, &run->drift_count);
}

void run_random(struct arena *arena, uint64_t seed, struct run *ret_run)
{
    struct drawing drawing = {.arena = arena};

    rng_init(&drawing.rng, seed);
    draw_head(&drawing, ret_run);
    draw_gate(&drawing, &ret_run->gate);
    draw_changes(&drawing, ret_run);
    ret_run->entry_count = below(&drawing, ENTRIES_MAX);
    ret_run->entries = make(&drawing, ret_run->entry_count, sizeof *ret_run->entries);
    for (size_t i = 0; i < ret_run->entry_count; i++)
        draw_entry(&drawing, &ret_run->entries[i]);
}
