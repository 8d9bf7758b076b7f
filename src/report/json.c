/* SPDX-License-Identifier: Apache-2.0
 *
 * json: the run as one JSON document. Field names carry their unit; what has no input is absent. */
#include "base/date.h"
#include "report/json_parts.h"
#include "report/order.h"
#include "report/report.h"
#include "wire/json.h"

enum { ADVICE_MAX = 16, PIECE_BYTES = 1 << 20 };

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

static void explanations(struct json_writer *writer, const struct gate *gate)
{
    static const char *const groups[] = {
        [EXPLAIN_SUITE] = "suite", [EXPLAIN_LANGUAGE] = "language", [EXPLAIN_TAG] = "tag"};

    json_member_array(writer, "explanations");
    for (size_t i = 0; i < gate->explanation_count; i++) {
        const struct explanation *explanation = &gate->explanations[i];
        json_write_object(writer);
        json_member_text(writer, "group", groups[explanation->group]);
        json_optional_text(writer, "value", explanation->value);
        json_member_string(writer, "metric", explanation->metric);
        json_member_int(writer, "entries", (int64_t)explanation->entries);
        json_member_double(writer, "mean_change", explanation->mean);
        json_member_double(writer, "p", explanation->p);
        json_member_double(writer, "p_adjusted", explanation->p_adjusted);
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
}

static void false_alarms(struct json_writer *writer, const struct false_alarms *alarms)
{
    if (!alarms->known)
        return;
    json_member_object(writer, "false_alarms");
    json_member_int(writer, "entries", (int64_t)alarms->entries);
    json_member_int(writer, "splits", (int64_t)alarms->splits);
    json_member_double(writer, "statistics", alarms->statistics);
    json_member_double(writer, "critical", alarms->critical);
    json_member_double(writer, "major", alarms->major);
    json_write_end(writer, '}');
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
    json_member_int(writer, "checks_broke", (int64_t)gate->checks_broke);
    json_member_int(writer, "checks_healed", (int64_t)gate->checks_healed);
    json_member_double(writer, "checks_p", gate->checks_p);
    json_member_int(writer, "quarantined", (int64_t)gate->quarantined);
    if (gate->quarantine_expired > 0)
        json_member_int(writer, "quarantine_expired", (int64_t)gate->quarantine_expired);
    json_member_int(writer, "signed_off", (int64_t)gate->signed_off);
    json_member_int(writer, "stale", (int64_t)gate->stale);
    json_member_bool(writer, "noise_known", gate->noise_known);
    json_optional_true(writer, "recorded_ahead", gate->recorded_ahead);
    json_optional_true(writer, "max_cost_reached", gate->max_cost_reached);
    statistics(writer, "statistics", &gate->all);
    statistics(writer, "statistics_changed", &gate->changed);
    statistics(writer, "statistics_untouched", &gate->untouched);
    false_alarms(writer, &gate->false_alarms);
    explanations(writer, gate);
    json_sentences(writer, "reasons", gate->reasons, gate->reason_count);
    json_sentences(writer, "warnings", gate->warnings, gate->warning_count);
    json_sentences(writer, "advice", gate->advice, gate->advice_count);
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

static void provenance(struct json_writer *writer, const struct provenance *provenance)
{
    if (provenance->who.len + provenance->commit.len + provenance->program.len + provenance->ci.len
            == 0
        && !provenance->is_dirty)
        return;
    json_member_object(writer, "provenance");
    json_optional_text(writer, "who", provenance->who);
    json_optional_text(writer, "commit", provenance->commit);
    json_optional_true(writer, "dirty", provenance->is_dirty);
    json_optional_text(writer, "program", provenance->program);
    json_optional_text(writer, "ci", provenance->ci);
    json_write_end(writer, '}');
}

/* Which part of the suite it is. */
static void shard(struct json_writer *writer, const struct run *run)
{
    if (run->shard_count < 2)
        return;
    json_member_object(writer, "shard");
    json_member_int(writer, "index", run->shard_index);
    json_member_int(writer, "count", run->shard_count);
    json_write_end(writer, '}');
}

/* How --repeat auto went. */
static void asking(struct json_writer *writer, const struct run *run)
{
    if (run->repeat_max == 0 && run->rounds == 0 && run->undecided == 0)
        return;
    json_member_object(writer, "adaptive");
    json_member_int(writer, "repeat_max", run->repeat_max);
    json_member_int(writer, "rounds", run->rounds);
    json_member_int(writer, "undecided", (int64_t)run->undecided);
    json_write_end(writer, '}');
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
    json_optional_text(writer, "golden_version", run->golden_version);
    json_optional_text(writer, "baseline", run->baseline_file);
    json_optional_text(writer, "baseline_version", run->baseline_version);
    shard(writer, run);
    provenance(writer, &run->provenance);
    json_member_text(writer, "started", date);
    json_member_fixed(writer, "elapsed_ms", (int64_t)(run->elapsed_ns / 1000), 3);
    json_member_int(writer, "seed", (int64_t)(run->seed & INT64_MAX));
    json_member_int(writer, "repeat", run->repeat);
    asking(writer, run);
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
    json_score(writer, "mean", &run->mean);
    if (run->fluency_known)
        json_member_fixed(writer, "fluency", run->fluency_micro, 6);
}

static void drift(struct json_writer *writer, const struct run *run)
{
    if (run->drift_count > 0)
        json_sentences(writer, "drift", run->drift, run->drift_count);
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
    drift(writer, run);
    pools(writer, run);
    changes(writer, run);
    json_write_end(writer, '}');
}

static void begin(struct json_writer *writer, const struct run *run,
                  const struct report_options *options, struct strbuf *out)
{
    json_writer_init(writer, out, 2);
    json_write_object(writer);
    head(writer, run, options->assay_version);
    gate(writer, run);
    drift(writer, run);
    pools(writer, run);
    advice(writer, run);
    changes(writer, run);
    json_member_array(writer, "entries");
}

static void end(struct json_writer *writer, struct strbuf *out)
{
    json_write_end(writer, ']');
    json_write_end(writer, '}');
    strbuf_add_byte(out, '\n');
}

void report_json(const struct run *run, const struct report_options *options, struct strbuf *out)
{
    struct json_writer writer;

    begin(&writer, run, options, out);
    for (size_t i = 0; i < run->entry_count; i++)
        report_json_entry(&writer, &run->entries[i]);
    end(&writer, out);
}

/* Gives away what is there, once it is enough. */
static int drain(struct strbuf *out, size_t enough, const struct report_sink *sink,
                 struct err *reterr)
{
    int code = strbuf_status(out);

    if (code != 0)
        return fail(reterr, code, "an entry of this report is too large");
    if (out->len < enough)
        return 0;
    code = sink->take(sink->context, strbuf_view(out), reterr);
    strbuf_cut(out, 0);
    return code;
}

int report_json_pieces(const struct run *run, const struct report_options *options,
                       const struct report_sink *sink, struct err *reterr)
{
    struct json_writer writer;
    struct strbuf out;
    int code = 0;

    strbuf_init(&out, REPORT_BYTES_MAX);
    begin(&writer, run, options, &out);
    for (size_t i = 0; i < run->entry_count && code == 0; i++) {
        report_json_entry(&writer, &run->entries[i]);
        code = drain(&out, PIECE_BYTES, sink, reterr);
    }
    end(&writer, &out);
    if (code == 0)
        code = drain(&out, 1, sink, reterr);
    strbuf_release(&out);
    return code;
}
