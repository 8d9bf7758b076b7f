/* SPDX-License-Identifier: Apache-2.0
 *
 * run_read_entry: an entry of a run out of its JSON object, the counterpart of json_entry.c. */
#include "report/run_reader.h"

/* An entry is asked 1,000 times at most. */
enum { DROP_MAX = 2 * MICRO, UNASKED_MAX = 1000 };

static const int64_t TIME_US_MAX = INT64_C(1) << 50;

static const char *name_of_severity(int at)
{
    return severity_name((enum severity)at);
}

static const char *name_of_part(int at)
{
    return fluency_part_name((enum fluency_part)at);
}

static const char *name_of_style(int at)
{
    return fluency_style_name((enum fluency_style)at);
}

static const char *name_of_error(int at)
{
    return err_name(-at);
}

static enum severity severity_of(const struct json *value)
{
    return (enum severity)run_reader_choice(value, name_of_severity, SEVERITY_COUNT, SEVERITY_NONE);
}

static enum fluency_style style_of(const struct json *value)
{
    return (enum fluency_style)run_reader_choice(value, name_of_style, FLUENCY_STYLE_MIXED + 1,
                                                 FLUENCY_STYLE_NONE);
}

/* An error that this version does not know is one all the same. */
static int error_of(const struct json *value)
{
    return -run_reader_choice(value, name_of_error, ERR_ORDER_END, -ERR_IO);
}

static uint64_t time_of(const struct json *value)
{
    return (uint64_t)run_reader_fixed(value, 3, 0, TIME_US_MAX, 0) * 1000;
}

static int32_t part_of(const struct json *value)
{
    return (int32_t)run_reader_fixed(value, 6, 0, MICRO, SCORE_ABSENT);
}

static uint32_t small_of(const struct json *value)
{
    size_t count = run_reader_count(value);
    return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

static const struct finding *read_findings(struct run_reader *reader, const struct json *list,
                                           size_t *ret_count)
{
    size_t count = json_is(list, JSON_ARRAY) ? list->count : 0;
    struct finding *findings = run_reader_new(reader, count, sizeof *findings);
    size_t at = 0;

    *ret_count = findings != NULL ? count : 0;
    if (findings == NULL)
        return NULL;
    for (const struct json *item = list->child; item != NULL; item = item->next)
        findings[at++] = (struct finding){
            .check = run_reader_word(reader, json_get(item, "check")),
            .severity = severity_of(json_get(item, "severity")),
            .message = run_reader_word(reader, json_get(item, "message")),
            .evidence = run_reader_word(reader, json_get(item, "evidence")),
            .start = run_reader_count(json_get(item, "start")),
            .end = run_reader_count(json_get(item, "end")),
        };
    return findings;
}

/* ---- an answer ------------------------------------------------------------------------------ */

static void read_fluency(const struct json *object, struct sample *sample)
{
    const struct json *parts = json_get(object, "parts");
    struct fluency_change *fluency = &sample->fluency;

    if (!json_is(object, JSON_OBJECT))
        return;
    sample->fluency_known = true;
    fluency->score_micro = (int32_t)run_reader_fixed(json_get(object, "score"), 6, 0, MICRO, 0);
    for (int i = 0; i < FLUENCY_PARTS; i++)
        fluency->parts_micro[i] = part_of(json_get(parts, name_of_part(i)));
    fluency->to = style_of(json_get(object, "register"));
    fluency->from = style_of(json_get(object, "register_before"));
    fluency->style_changed = json_bool(json_get(object, "register_changed"), false);
}

static void read_usage(const struct json *object, struct usage *usage)
{
    if (json_get(object, "tokens_in") == NULL)
        return;
    *usage = (struct usage){
        .known = true,
        .tokens_in = json_int(json_get(object, "tokens_in"), 0),
        .tokens_out = json_int(json_get(object, "tokens_out"), 0),
        .cache_read_tokens = json_int(json_get(object, "tokens_cache_read"), 0),
        .cache_write_tokens = json_int(json_get(object, "tokens_cache_write"), 0),
        .estimated = json_bool(json_get(object, "tokens_estimated"), false),
    };
}

static void read_times(const struct json *object, struct answer *answer)
{
    const struct json *gaps = json_get(object, "inter_token_ms");

    answer->latency_ns = time_of(json_get(object, "latency_ms"));
    answer->first_byte_ns = time_of(json_get(object, "first_byte_ms"));
    answer->waited_ns = time_of(json_get(object, "waited_ms"));
    answer->ttft_ns = time_of(json_get(object, "ttft_ms"));
    answer->attempts = small_of(json_get(object, "attempts"));
    answer->gaps.count = small_of(json_get(gaps, "count"));
    answer->gaps.max_ns = time_of(json_get(gaps, "max"));
    uint64_t mean_ns = time_of(json_get(gaps, "mean"));
    if (answer->gaps.count != 0 && mean_ns <= UINT64_MAX / answer->gaps.count)
        answer->gaps.sum_ns = mean_ns * answer->gaps.count;
}

static void read_error(struct run_reader *reader, const struct json *error, struct reply *reply)
{
    reply->code = error_of(json_get(error, "code"));
    reply->error_type = run_reader_word(reader, json_get(error, "type"));
    reply->error_text = run_reader_word(reader, json_get(error, "message"));
    reply->http_status = (int)run_reader_fixed(json_get(error, "http_status"), 0, 0, 999, 0);
}

static void read_reply(struct run_reader *reader, const struct json *object, struct sample *sample)
{
    struct reply *reply = &sample->answer.reply;

    sample->scored = true;
    sample->score = run_reader_score(json_get(object, "scores"));
    sample->verdict.findings =
        read_findings(reader, json_get(object, "failed"), &sample->verdict.count);
    sample->language = run_reader_word(reader, json_get(object, "language"));
    read_fluency(json_get(object, "fluency"), sample);
    reply->text = run_reader_long(reader, json_get(object, "response"));
    reply->stop = stop_reason_read(json_text(json_get(object, "stop_reason"), view_of("")));
    reply->stop_text = run_reader_word(reader, json_get(object, "stop_word"));
    reply->text_repaired = json_bool(json_get(object, "repaired"), false);
    reply->model = run_reader_word(reader, json_get(object, "model"));
}

static void read_sample(struct run_reader *reader, const struct json *object, struct sample *sample)
{
    const struct json *error = json_get(object, "error");

    sample->asked = true;
    sample->score = score_absent();
    if (error != NULL)
        read_error(reader, error, &sample->answer.reply);
    else if (json_is(json_get(object, "response"), JSON_STRING))
        read_reply(reader, object, sample);
    else
        run_reader_refuse(reader, object, "an answer has neither 'response' nor 'error'");
    read_times(object, &sample->answer);
    read_usage(object, &sample->answer.reply.usage);
    sample->answer.reply.request_id = run_reader_text(reader, json_get(object, "request_id"));
    sample->cost_nano_usd = run_reader_fixed(json_get(object, "cost_usd"), 9, 0, INT64_MAX, 0);
}

static void read_samples(struct run_reader *reader, const struct json *object,
                         struct run_entry *entry)
{
    const struct json *list = json_get(object, "samples");
    size_t asked = json_is(list, JSON_ARRAY) ? list->count : 0;
    size_t unasked = (size_t)run_reader_fixed(json_get(object, "unasked"), 0, 0, UNASKED_MAX, 0);

    entry->samples = run_reader_new(reader, asked + unasked, sizeof *entry->samples);
    if (entry->samples == NULL)
        return;
    entry->sample_count = asked + unasked;
    for (size_t i = 0; i < entry->sample_count; i++)
        entry->samples[i].score = score_absent();
    size_t at = 0;
    for (const struct json *item = asked > 0 ? list->child : NULL; item != NULL; item = item->next)
        read_sample(reader, item, &entry->samples[at++]);
    for (size_t i = 0; i < asked; i++)
        entry->scored_count += entry->samples[i].scored;
}

/* ---- the baseline --------------------------------------------------------------------------- */

static void read_accepted(struct run_reader *reader, const struct json *object,
                          struct baseline_entry *baseline)
{
    const struct json *texts = json_get(object, "responses");
    const struct json *answers = json_get(object, "answers");
    size_t count = json_is(texts, JSON_ARRAY) ? texts->count : 0;

    baseline->answers = run_reader_new(reader, count, sizeof *baseline->answers);
    baseline->answer_count = baseline->answers != NULL ? count : 0;
    if (baseline->answers == NULL)
        return;
    const struct json *answer = json_is(answers, JSON_ARRAY) ? answers->child : NULL;
    size_t at = 0;
    for (const struct json *text = texts->child; text != NULL; text = text->next) {
        struct baseline_answer *kept = &baseline->answers[at++];
        kept->text = run_reader_long(reader, text);
        kept->score = run_reader_score(json_get(answer, "scores"));
        kept->verdict.findings =
            read_findings(reader, json_get(answer, "failed"), &kept->verdict.count);
        answer = answer != NULL ? answer->next : NULL;
    }
}

static void read_baseline(struct run_reader *reader, const struct json *object,
                          struct run_entry *entry)
{
    entry->noise_micro = SCORE_ABSENT;
    entry->baseline_score = run_reader_score(json_get(object, "scores"));
    if (!json_is(object, JSON_OBJECT))
        return;
    struct baseline_entry *baseline = run_reader_new(reader, 1, sizeof *baseline);
    if (baseline == NULL)
        return;
    *baseline = (struct baseline_entry){
        .id = entry->id,
        .target = run_reader_word(reader, json_get(object, "target")),
        .model = run_reader_word(reader, json_get(object, "model")),
        .prompt = run_reader_word(reader, json_get(object, "prompt")),
        .prompt_hash = run_reader_word(reader, json_get(object, "version")),
        .params = run_reader_word(reader, json_get(object, "params")),
        .line = small_of(json_get(object, "line")),
    };
    read_accepted(reader, object, baseline);
    if (baseline->answer_count == 0 && reader->code == 0)
        run_reader_refuse(reader, object, "a baseline without accepted answers");
    entry->baseline = baseline;
}

static void read_change(const struct json *object, struct run_entry *entry)
{
    const struct json *counted = json_get(object, "counted_drop");
    const struct json *p_fell = json_get(object, "p_fell");

    entry->prompt_changed = json_bool(json_get(object, "prompt_changed"), false);
    entry->model_changed = json_bool(json_get(object, "model_changed"), false);
    entry->params_changed = json_bool(json_get(object, "params_changed"), false);
    entry->drop_micro =
        (int32_t)run_reader_fixed(json_get(object, "drop"), 6, -DROP_MAX, DROP_MAX, 0);
    entry->counted_micro =
        (int32_t)run_reader_fixed(counted, 6, -DROP_MAX, DROP_MAX, entry->drop_micro);
    entry->noise_micro =
        (int32_t)run_reader_fixed(json_get(object, "noise"), 6, 0, DROP_MAX, SCORE_ABSENT);
    entry->newly_failed = json_bool(json_get(object, "newly_failed"), false);
    entry->baseline_passed = json_bool(json_get(object, "baseline_passed"), false);
    entry->is_tested = p_fell != NULL;
    if (!entry->is_tested)
        return;
    entry->p_fell = run_reader_double(p_fell, 1);
    entry->p_adjusted = run_reader_double(json_get(object, "p_adjusted"), 1);
}

/* ---- the entry ------------------------------------------------------------------------------ */

static void read_entry_fluency(struct run_reader *reader, const struct json *object,
                               struct run_entry *entry)
{
    entry->baseline_fluency_micro = SCORE_ABSENT;
    if (!json_is(object, JSON_OBJECT))
        return;
    entry->fluency_known = true;
    entry->fluency_micro = (int32_t)run_reader_fixed(json_get(object, "score"), 6, 0, MICRO, 0);
    entry->baseline_fluency_micro = part_of(json_get(object, "baseline"));
    entry->register_changed = json_bool(json_get(object, "register_changed"), false);
    entry->fluency_reason = run_reader_word(reader, json_get(object, "message"));
}

static void read_decisions(struct run_reader *reader, const struct json *object,
                           struct run_entry *entry)
{
    const struct json *quarantined = json_get(object, "quarantined");
    const struct json *signed_off = json_get(object, "signed_off");

    entry->is_quarantined = json_is(quarantined, JSON_OBJECT);
    entry->quarantine_until = run_reader_word(reader, json_get(quarantined, "until"));
    entry->is_signed_off = json_is(signed_off, JSON_OBJECT);
    entry->signed_off_by = run_reader_word(reader, json_get(signed_off, "by"));
    entry->signoff_lapsed = run_reader_word(reader, json_get(object, "signoff_lapsed"));
}

static void read_result(struct run_reader *reader, const struct json *object,
                        struct run_entry *entry)
{
    const struct json *error = json_get(object, "error");

    entry->severity = severity_of(json_get(object, "severity"));
    entry->passed = json_bool(json_get(object, "passed"), false);
    entry->flaky = json_bool(json_get(object, "flaky"), false);
    entry->reason = run_reader_text(reader, json_get(object, "reason"));
    entry->score = run_reader_score(json_get(object, "scores"));
    entry->failed = read_findings(reader, json_get(object, "failed"), &entry->failed_count);
    if (error == NULL && entry->scored_count > 0)
        return;
    entry->scored_count = 0; /* answers came, and the entry could not be judged */
    entry->failed_count = 0;
    entry->error_text = run_reader_text(reader, error);
    entry->code =
        json_get(object, "error_code") != NULL ? error_of(json_get(object, "error_code")) : 0;
}

void run_reader_entry(struct run_reader *reader, const struct json *object, struct run_entry *entry)
{
    *entry = (struct run_entry){0};
    if (!json_is(json_get(object, "id"), JSON_STRING)) {
        run_reader_refuse(reader, object, "is no entry of a run: it has no 'id'");
        return;
    }
    entry->id = run_reader_text(reader, json_get(object, "id"));
    entry->target = run_reader_word(reader, json_get(object, "target"));
    entry->model = run_reader_word(reader, json_get(object, "model"));
    entry->prompt = run_reader_word(reader, json_get(object, "prompt"));
    entry->prompt_hash = run_reader_word(reader, json_get(object, "version"));
    entry->params = run_reader_word(reader, json_get(object, "params"));
    entry->file = run_reader_word(reader, json_get(object, "file"));
    entry->line = small_of(json_get(object, "line"));
    entry->tags = run_reader_words(reader, json_get(object, "tags"), &entry->tag_count);
    entry->language = run_reader_word(reader, json_get(object, "language"));
    entry->question = run_reader_long(reader, json_get(object, "question"));
    entry->tokens_in_estimate = json_int(json_get(object, "tokens_in_estimate"), 0);
    read_samples(reader, object, entry);
    read_result(reader, object, entry);
    read_decisions(reader, object, entry);
    read_entry_fluency(reader, json_get(object, "fluency"), entry);
    read_baseline(reader, json_get(object, "baseline"), entry);
    read_change(object, entry);
}
