/* SPDX-License-Identifier: Apache-2.0
 *
 * json: the run as one JSON document. Field names carry their unit; what has no input is absent. */
#include "base/date.h"
#include "report/order.h"
#include "report/report.h"
#include "wire/json.h"

enum { ADVICE_MAX = 16 };

static void text(struct json_writer *writer, const char *key, struct view value)
{
    json_write_key(writer, key);
    json_write_string(writer, value);
}

static void optional_text(struct json_writer *writer, const char *key, struct view value)
{
    if (value.len != 0)
        text(writer, key, value);
}

static void number(struct json_writer *writer, const char *key, int64_t value)
{
    json_write_key(writer, key);
    json_write_int(writer, value);
}

static void truth(struct json_writer *writer, const char *key, bool value)
{
    json_write_key(writer, key);
    json_write_bool(writer, value);
}

static void fixed(struct json_writer *writer, const char *key, int64_t value, int decimals)
{
    json_write_key(writer, key);
    json_write_fixed(writer, value, decimals);
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

    json_write_key(writer, key);
    json_write_object(writer);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].value_micro != parts[i].absent_micro)
            fixed(writer, parts[i].key, parts[i].value_micro, 6);
    json_write_end(writer, '}');
}

static void findings(struct json_writer *writer, const char *key, const struct finding *items,
                     size_t count)
{
    json_write_key(writer, key);
    json_write_array(writer);
    for (size_t i = 0; i < count; i++) {
        json_write_object(writer);
        text(writer, "check", items[i].check);
        text(writer, "severity", view_of(severity_name(items[i].severity)));
        text(writer, "message", items[i].message);
        optional_text(writer, "evidence", items[i].evidence);
        number(writer, "start", (int64_t)items[i].start);
        number(writer, "end", (int64_t)items[i].end);
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
}

static void sample_error(struct json_writer *writer, const struct reply *reply)
{
    json_write_key(writer, "error");
    json_write_object(writer);
    text(writer, "code", view_of(err_name(reply->code)));
    optional_text(writer, "type", reply->error_type);
    text(writer, "message", reply->error_text);
    if (reply->http_status != 0)
        number(writer, "http_status", reply->http_status);
    json_write_end(writer, '}');
}

static void sample(struct json_writer *writer, const struct sample *sample)
{
    const struct reply *reply = &sample->answer.reply;

    json_write_object(writer);
    if (reply->code != 0) {
        sample_error(writer, reply);
    } else {
        text(writer, "response", reply->text);
        score(writer, "scores", &sample->score);
        findings(writer, "failed", sample->verdict.findings, sample->verdict.count);
        optional_text(writer, "language", sample->language);
        text(writer, "stop_reason", view_of(stop_reason_name(reply->stop)));
    }
    fixed(writer, "latency_ms", (int64_t)(sample->answer.latency_ns / 1000), 3);
    number(writer, "attempts", sample->answer.attempts);
    if (reply->usage.known) {
        number(writer, "tokens_in", reply->usage.tokens_in);
        number(writer, "tokens_out", reply->usage.tokens_out);
        truth(writer, "tokens_estimated", reply->usage.estimated);
    }
    if (sample->cost_nano_usd != 0)
        fixed(writer, "cost_usd", sample->cost_nano_usd, 9);
    optional_text(writer, "request_id", reply->request_id);
    json_write_end(writer, '}');
}

static void baseline(struct json_writer *writer, const struct run_entry *entry)
{
    const struct baseline_entry *before = entry->baseline;

    json_write_key(writer, "baseline");
    json_write_object(writer);
    score(writer, "scores", &entry->baseline_score);
    optional_text(writer, "model", before->model);
    text(writer, "version", before->prompt_hash);
    json_write_key(writer, "responses");
    json_write_array(writer);
    for (size_t i = 0; i < before->answer_count; i++)
        json_write_string(writer, before->answers[i].text);
    json_write_end(writer, ']');
    json_write_end(writer, '}');
    fixed(writer, "drop", entry->drop_micro, 6);
    if (entry->noise_micro != SCORE_ABSENT)
        fixed(writer, "noise", entry->noise_micro, 6);
    truth(writer, "prompt_changed", entry->prompt_changed);
    truth(writer, "model_changed", entry->model_changed);
    truth(writer, "params_changed", entry->params_changed);
}

static void entry(struct json_writer *writer, const struct run_entry *entry)
{
    json_write_object(writer);
    text(writer, "id", entry->id);
    text(writer, "target", entry->target);
    optional_text(writer, "model", entry->model);
    text(writer, "prompt", entry->prompt);
    text(writer, "version", entry->prompt_hash);
    text(writer, "file", entry->file);
    number(writer, "line", entry->line);
    json_write_key(writer, "tags");
    json_write_array(writer);
    for (size_t i = 0; i < entry->tag_count; i++)
        json_write_string(writer, entry->tags[i]);
    json_write_end(writer, ']');
    text(writer, "severity", view_of(severity_name(entry->severity)));
    truth(writer, "passed", entry->scored_count > 0 && entry->passed);
    truth(writer, "flaky", entry->flaky);
    optional_text(writer, "reason", entry->reason);
    if (entry->scored_count == 0) {
        text(writer, "error", entry->error_text);
    } else {
        score(writer, "scores", &entry->score);
        findings(writer, "failed", entry->failed, entry->failed_count);
    }
    if (entry->baseline != NULL && entry->scored_count > 0)
        baseline(writer, entry);
    text(writer, "question", entry->question);
    json_write_key(writer, "samples");
    json_write_array(writer);
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
    json_write_key(writer, key);
    json_write_object(writer);
    text(writer, "outcome", view_of(gate_outcome_name(statistics->outcome)));
    number(writer, "entries", (int64_t)statistics->entries);
    json_write_key(writer, "mean_change");
    json_write_double(writer, statistics->mean);
    json_write_key(writer, "interval_low");
    json_write_double(writer, statistics->low);
    json_write_key(writer, "interval_high");
    json_write_double(writer, statistics->high);
    json_write_key(writer, "p");
    json_write_double(writer, statistics->p);
    json_write_key(writer, "smallest_effect");
    json_write_double(writer, statistics->smallest_effect);
    if (statistics->repeats_needed > 0)
        number(writer, "repeats_needed", (int64_t)statistics->repeats_needed);
    json_write_end(writer, '}');
}

static void sentences(struct json_writer *writer, const char *key, const struct view *items,
                      size_t count)
{
    json_write_key(writer, key);
    json_write_array(writer);
    for (size_t i = 0; i < count; i++)
        json_write_string(writer, items[i]);
    json_write_end(writer, ']');
}

static void advice(struct json_writer *writer, const struct run *run)
{
    struct strbuf said;
    strbuf_init(&said, 1 << 16);
    size_t count = report_advice(run, &said, ADVICE_MAX);
    struct view rest = strbuf_view(&said);

    json_write_key(writer, "recommendations");
    json_write_array(writer);
    for (size_t i = 0; i < count; i++)
        json_write_string(writer, view_split(&rest, '\n'));
    json_write_end(writer, ']');
    strbuf_release(&said);
}

static void gate(struct json_writer *writer, const struct run *run)
{
    const struct gate *gate = &run->gate;

    json_write_key(writer, "gate");
    json_write_object(writer);
    text(writer, "outcome", view_of(gate_outcome_name(gate->outcome)));
    number(writer, "exit_status", gate->exit_status);
    for (int i = SEVERITY_CRITICAL; i >= SEVERITY_IMPROVED; i--)
        number(writer, severity_name((enum severity)i), (int64_t)gate->counts[i]);
    number(writer, "compared", (int64_t)gate->compared);
    number(writer, "checked_only", (int64_t)gate->checked_only);
    number(writer, "failed_checks", (int64_t)gate->failed_checks);
    number(writer, "errors", (int64_t)gate->errors);
    statistics(writer, "statistics", &gate->all);
    statistics(writer, "statistics_changed", &gate->changed);
    statistics(writer, "statistics_untouched", &gate->untouched);
    sentences(writer, "reasons", gate->reasons, gate->reason_count);
    sentences(writer, "warnings", gate->warnings, gate->warning_count);
    json_write_end(writer, '}');
}

static void changes(struct json_writer *writer, const struct run *run)
{
    json_write_key(writer, "prompt_changes");
    json_write_array(writer);
    for (size_t i = 0; i < run->change_count; i++) {
        json_write_object(writer);
        text(writer, "prompt", run->changes[i].prompt);
        text(writer, "version", run->changes[i].version);
        text(writer, "before_version", run->changes[i].before_version);
        text(writer, "text", run->changes[i].text);
        text(writer, "before_text", run->changes[i].before_text);
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
}

static void head(struct json_writer *writer, const struct run *run, const char *version)
{
    char date[DATE_ISO_SIZE];

    date_iso(run->started_unix_s, date);
    text(writer, "assay", view_of(version));
    text(writer, "kind", run->kind);
    number(writer, "schema", 1);
    text(writer, "run", run->id);
    text(writer, "suite", run->suite);
    text(writer, "golden", run->golden_file);
    optional_text(writer, "baseline", run->baseline_file);
    text(writer, "started", view_of(date));
    fixed(writer, "elapsed_ms", (int64_t)(run->elapsed_ns / 1000), 3);
    number(writer, "seed", (int64_t)(run->seed & INT64_MAX));
    number(writer, "repeat", run->repeat);
    text(writer, "embedding", run->scorer);
    truth(writer, "interrupted", run->interrupted);
    truth(writer, "recorded", run->recorded_answers);
    number(writer, "asked", (int64_t)run->asked);
    number(writer, "answered", (int64_t)run->answered);
    number(writer, "tokens_in", run->tokens_in);
    number(writer, "tokens_out", run->tokens_out);
    truth(writer, "tokens_estimated", run->tokens_estimated);
    if (run->cost_known)
        fixed(writer, "cost_usd", run->cost_nano_usd, 9);
    score(writer, "mean", &run->mean);
}

void report_json_entry(struct json_writer *writer, const struct run_entry *of)
{
    entry(writer, of);
}

void report_json_summary(struct json_writer *writer, const struct run *run,
                         const struct report_options *options)
{
    json_write_object(writer);
    head(writer, run, options->assay_version);
    gate(writer, run);
    json_write_end(writer, '}');
}

void report_json(const struct run *run, const struct report_options *options, struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 2);
    json_write_object(&writer);
    head(&writer, run, options->assay_version);
    gate(&writer, run);
    advice(&writer, run);
    changes(&writer, run);
    json_write_key(&writer, "entries");
    json_write_array(&writer);
    for (size_t i = 0; i < run->entry_count; i++)
        entry(&writer, &run->entries[i]);
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}
