/* SPDX-License-Identifier: Apache-2.0
 *
 * json: the run as one JSON document. Field names carry their unit; what has no input is absent. */
#include "base/date.h"
#include "report/losses.h"
#include "report/order.h"
#include "report/report.h"
#include "wire/json.h"

enum { ADVICE_MAX = 16 };

static void optional_text(struct json_writer *writer, const char *key, struct view value)
{
    if (value.len != 0)
        json_member_string(writer, key, value);
}

static void score(struct json_writer *writer, const char *key, const struct score *score)
{
    struct score absent = score_absent();
    const struct {
        const char *key;
        int32_t value_micro, absent_micro;
    } parts[] = {
        {"score", score->total_micro, absent.total_micro},
        {"similarity", score->similarity_micro, absent.similarity_micro},
        {"cosine", score->cosine_micro, absent.cosine_micro},
        {"keyword_coverage", score->keywords_micro, absent.keywords_micro},
        {"structure", score->structure_micro, absent.structure_micro},
        {"language", score->language_micro, absent.language_micro},
    };

    json_member_object(writer, key);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].value_micro != parts[i].absent_micro)
            json_member_fixed(writer, parts[i].key, parts[i].value_micro, 6);
    json_write_end(writer, '}');
}

/* How an answer reads, against the accepted ones where there are any. */
static void fluency_of_sample(struct json_writer *writer, const struct sample *sample)
{
    const struct fluency_change *fluency = &sample->fluency;

    if (!sample->fluency_known)
        return;
    json_member_object(writer, "fluency");
    json_member_fixed(writer, "score", fluency->score_micro, 6);
    json_member_object(writer, "parts");
    for (unsigned i = 0; i < FLUENCY_PARTS; i++)
        if (fluency->parts_micro[i] != FLUENCY_ABSENT)
            json_member_fixed(writer, fluency_part_name((enum fluency_part)i),
                              fluency->parts_micro[i], 6);
    json_write_end(writer, '}');
    if (fluency->to != FLUENCY_STYLE_NONE)
        json_member_text(writer, "register", fluency_style_name(fluency->to));
    json_write_end(writer, '}');
}

static void fluency_of_entry(struct json_writer *writer, const struct run_entry *entry)
{
    if (!entry->fluency_known)
        return;
    json_member_object(writer, "fluency");
    json_member_fixed(writer, "score", entry->fluency_micro, 6);
    if (entry->baseline_fluency_micro != SCORE_ABSENT)
        json_member_fixed(writer, "baseline", entry->baseline_fluency_micro, 6);
    json_member_bool(writer, "register_changed", entry->register_changed);
    optional_text(writer, "message", entry->fluency_reason);
    json_write_end(writer, '}');
}

static void findings(struct json_writer *writer, const char *key, const struct finding *items,
                     size_t count)
{
    json_member_array(writer, key);
    for (size_t i = 0; i < count; i++) {
        json_write_object(writer);
        json_member_string(writer, "check", items[i].check);
        json_member_text(writer, "severity", severity_name(items[i].severity));
        json_member_string(writer, "message", items[i].message);
        optional_text(writer, "evidence", items[i].evidence);
        json_member_int(writer, "start", (int64_t)items[i].start);
        json_member_int(writer, "end", (int64_t)items[i].end);
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
}

static void sample_error(struct json_writer *writer, const struct reply *reply)
{
    json_member_object(writer, "error");
    json_member_text(writer, "code", err_name(reply->code));
    optional_text(writer, "type", reply->error_type);
    json_member_string(writer, "message", reply->error_text);
    if (reply->http_status != 0)
        json_member_int(writer, "http_status", reply->http_status);
    json_write_end(writer, '}');
}

/* How an answer in pieces came. */
static void pieces(struct json_writer *writer, const struct answer *answer)
{
    const struct answer_gaps *gaps = &answer->gaps;

    if (answer->ttft_ns == 0)
        return;
    json_member_fixed(writer, "ttft_ms", (int64_t)(answer->ttft_ns / 1000), 3);
    if (gaps->count == 0)
        return;
    json_member_object(writer, "inter_token_ms");
    json_member_int(writer, "count", gaps->count);
    json_member_fixed(writer, "mean", (int64_t)(gaps->sum_ns / gaps->count / 1000), 3);
    json_member_fixed(writer, "max", (int64_t)(gaps->max_ns / 1000), 3);
    json_write_end(writer, '}');
}

static void sample(struct json_writer *writer, const struct sample *sample)
{
    const struct reply *reply = &sample->answer.reply;

    json_write_object(writer);
    if (reply->code != 0) {
        sample_error(writer, reply);
    } else {
        json_member_string(writer, "response", reply->text);
        score(writer, "scores", &sample->score);
        findings(writer, "failed", sample->verdict.findings, sample->verdict.count);
        optional_text(writer, "language", sample->language);
        fluency_of_sample(writer, sample);
        json_member_text(writer, "stop_reason", stop_reason_name(reply->stop));
    }
    json_member_fixed(writer, "latency_ms", (int64_t)(sample->answer.latency_ns / 1000), 3);
    pieces(writer, &sample->answer);
    json_member_int(writer, "attempts", sample->answer.attempts);
    if (reply->usage.known) {
        json_member_int(writer, "tokens_in", reply->usage.tokens_in);
        json_member_int(writer, "tokens_out", reply->usage.tokens_out);
        json_member_bool(writer, "tokens_estimated", reply->usage.estimated);
    }
    if (sample->cost_nano_usd != 0)
        json_member_fixed(writer, "cost_usd", sample->cost_nano_usd, 9);
    optional_text(writer, "request_id", reply->request_id);
    json_write_end(writer, '}');
}

static void sentences(struct json_writer *writer, const char *key, const struct view *items,
                      size_t count)
{
    json_member_array(writer, key);
    for (size_t i = 0; i < count; i++)
        json_write_string(writer, items[i]);
    json_write_end(writer, ']');
}

/* Of a long answer that fell: the sentences that went and came. */
static void losses(struct json_writer *writer, const struct run_entry *entry)
{
    struct losses found;
    struct arena arena;

    if (entry->severity < SEVERITY_MINOR)
        return;
    arena_init(&arena, 64 << 20);
    if (report_losses(entry, &arena, &found) == 0 && found.lost_count + found.added_count > 0) {
        sentences(writer, "lost", found.lost, found.lost_count);
        sentences(writer, "added", found.added, found.added_count);
    }
    arena_release(&arena);
}

static void baseline(struct json_writer *writer, const struct run_entry *entry)
{
    const struct baseline_entry *before = entry->baseline;

    json_member_object(writer, "baseline");
    score(writer, "scores", &entry->baseline_score);
    optional_text(writer, "model", before->model);
    json_member_string(writer, "version", before->prompt_hash);
    json_member_array(writer, "responses");
    for (size_t i = 0; i < before->answer_count; i++)
        json_write_string(writer, before->answers[i].text);
    json_write_end(writer, ']');
    json_write_end(writer, '}');
    losses(writer, entry);
    json_member_fixed(writer, "drop", entry->drop_micro, 6);
    if (entry->noise_micro != SCORE_ABSENT)
        json_member_fixed(writer, "noise", entry->noise_micro, 6);
    json_member_bool(writer, "prompt_changed", entry->prompt_changed);
    json_member_bool(writer, "model_changed", entry->model_changed);
    json_member_bool(writer, "params_changed", entry->params_changed);
}

static void entry(struct json_writer *writer, const struct run_entry *entry)
{
    json_write_object(writer);
    json_member_string(writer, "id", entry->id);
    json_member_string(writer, "target", entry->target);
    optional_text(writer, "model", entry->model);
    json_member_string(writer, "prompt", entry->prompt);
    json_member_string(writer, "version", entry->prompt_hash);
    json_member_string(writer, "file", entry->file);
    json_member_int(writer, "line", entry->line);
    json_member_array(writer, "tags");
    for (size_t i = 0; i < entry->tag_count; i++)
        json_write_string(writer, entry->tags[i]);
    json_write_end(writer, ']');
    json_member_text(writer, "severity", severity_name(entry->severity));
    json_member_bool(writer, "passed", entry->scored_count > 0 && entry->passed);
    json_member_bool(writer, "flaky", entry->flaky);
    optional_text(writer, "reason", entry->reason);
    if (entry->scored_count == 0) {
        json_member_string(writer, "error", entry->error_text);
    } else {
        score(writer, "scores", &entry->score);
        findings(writer, "failed", entry->failed, entry->failed_count);
    }
    fluency_of_entry(writer, entry);
    if (entry->baseline != NULL && entry->scored_count > 0)
        baseline(writer, entry);
    json_member_string(writer, "question", entry->question);
    json_member_array(writer, "samples");
    for (size_t i = 0; i < entry->sample_count; i++)
        if (entry->samples[i].asked)
            sample(writer, &entry->samples[i]);
    json_write_end(writer, ']');
    json_write_end(writer, '}');
}

static void statistics(struct json_writer *writer, const char *key,
                       const struct statistics *statistics)
{
    if (!statistics->known)
        return;
    json_member_object(writer, key);
    json_member_text(writer, "outcome", gate_outcome_name(statistics->outcome));
    json_member_int(writer, "entries", (int64_t)statistics->entries);
    json_member_double(writer, "mean_change", statistics->mean);
    json_member_double(writer, "interval_low", statistics->low);
    json_member_double(writer, "interval_high", statistics->high);
    json_member_double(writer, "p", statistics->p);
    json_member_double(writer, "smallest_effect", statistics->smallest_effect);
    if (statistics->repeats_needed > 0)
        json_member_int(writer, "repeats_needed", (int64_t)statistics->repeats_needed);
    json_write_end(writer, '}');
}

static void advice(struct json_writer *writer, const struct run *run)
{
    struct strbuf said;
    strbuf_init(&said, 1 << 16);
    size_t count = report_advice(run, &said, ADVICE_MAX);
    struct view rest = strbuf_view(&said);

    json_member_array(writer, "recommendations");
    for (size_t i = 0; i < count; i++)
        json_write_string(writer, view_split(&rest, '\n'));
    json_write_end(writer, ']');
    strbuf_release(&said);
}

static void gate(struct json_writer *writer, const struct run *run)
{
    const struct gate *gate = &run->gate;

    json_member_object(writer, "gate");
    json_member_text(writer, "outcome", gate_outcome_name(gate->outcome));
    json_member_int(writer, "exit_status", gate->exit_status);
    for (int i = SEVERITY_CRITICAL; i >= SEVERITY_IMPROVED; i--)
        json_member_int(writer, severity_name((enum severity)i), (int64_t)gate->counts[i]);
    json_member_int(writer, "compared", (int64_t)gate->compared);
    json_member_int(writer, "checked_only", (int64_t)gate->checked_only);
    json_member_int(writer, "failed_checks", (int64_t)gate->failed_checks);
    json_member_int(writer, "errors", (int64_t)gate->errors);
    statistics(writer, "statistics", &gate->all);
    statistics(writer, "statistics_changed", &gate->changed);
    statistics(writer, "statistics_untouched", &gate->untouched);
    sentences(writer, "reasons", gate->reasons, gate->reason_count);
    sentences(writer, "warnings", gate->warnings, gate->warning_count);
    json_write_end(writer, '}');
}

static void changes(struct json_writer *writer, const struct run *run)
{
    json_member_array(writer, "prompt_changes");
    for (size_t i = 0; i < run->change_count; i++) {
        json_write_object(writer);
        json_member_string(writer, "prompt", run->changes[i].prompt);
        json_member_string(writer, "version", run->changes[i].version);
        json_member_string(writer, "before_version", run->changes[i].before_version);
        json_member_string(writer, "text", run->changes[i].text);
        json_member_string(writer, "before_text", run->changes[i].before_text);
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
}

static void head(struct json_writer *writer, const struct run *run, const char *version)
{
    char date[DATE_ISO_SIZE];

    date_iso(run->started_unix_s, date);
    json_member_text(writer, "assay", version);
    json_member_string(writer, "kind", run->kind);
    json_member_int(writer, "schema", 1);
    json_member_string(writer, "run", run->id);
    json_member_string(writer, "suite", run->suite);
    json_member_string(writer, "golden", run->golden_file);
    optional_text(writer, "baseline", run->baseline_file);
    json_member_text(writer, "started", date);
    json_member_fixed(writer, "elapsed_ms", (int64_t)(run->elapsed_ns / 1000), 3);
    json_member_int(writer, "seed", (int64_t)(run->seed & INT64_MAX));
    json_member_int(writer, "repeat", run->repeat);
    json_member_string(writer, "embedding", run->scorer);
    json_member_bool(writer, "interrupted", run->interrupted);
    json_member_bool(writer, "recorded", run->recorded_answers);
    json_member_int(writer, "asked", (int64_t)run->asked);
    json_member_int(writer, "answered", (int64_t)run->answered);
    json_member_int(writer, "tokens_in", run->tokens_in);
    json_member_int(writer, "tokens_out", run->tokens_out);
    json_member_bool(writer, "tokens_estimated", run->tokens_estimated);
    if (run->cost_known)
        json_member_fixed(writer, "cost_usd", run->cost_nano_usd, 9);
    score(writer, "mean", &run->mean);
    if (run->fluency_known)
        json_member_fixed(writer, "fluency", run->fluency_micro, 6);
}

void report_json_entry(struct json_writer *writer, const struct run_entry *of)
{
    entry(writer, of);
}

static void pools(struct json_writer *writer, const struct run *run)
{
    if (run->pools_json.len == 0)
        return;
    json_write_key(writer, "pools");
    json_write_raw(writer, run->pools_json);
}

void report_json_summary(struct json_writer *writer, const struct run *run,
                         const struct report_options *options)
{
    json_write_object(writer);
    head(writer, run, options->assay_version);
    gate(writer, run);
    pools(writer, run);
    json_write_end(writer, '}');
}

void report_json(const struct run *run, const struct report_options *options, struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 2);
    json_write_object(&writer);
    head(&writer, run, options->assay_version);
    gate(&writer, run);
    pools(&writer, run);
    advice(&writer, run);
    changes(&writer, run);
    json_member_array(&writer, "entries");
    for (size_t i = 0; i < run->entry_count; i++)
        entry(&writer, &run->entries[i]);
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}
