/* SPDX-License-Identifier: Apache-2.0
 *
 * json_entry: an entry of a run as a JSON object, with all that run_read needs to make it again. */
#include "report/json_parts.h"
#include "report/losses.h"
#include "report/report.h"

void json_optional_text(struct json_writer *writer, const char *key, struct view value)
{
    if (value.len != 0)
        json_member_string(writer, key, value);
}

void json_optional_true(struct json_writer *writer, const char *key, bool value)
{
    if (value)
        json_member_bool(writer, key, true);
}

void json_score(struct json_writer *writer, const char *key, const struct score *score)
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
    if (fluency->from != FLUENCY_STYLE_NONE)
        json_member_text(writer, "register_before", fluency_style_name(fluency->from));
    json_optional_true(writer, "register_changed", fluency->style_changed);
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
    json_optional_text(writer, "message", entry->fluency_reason);
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
        json_optional_text(writer, "evidence", items[i].evidence);
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
    json_optional_text(writer, "type", reply->error_type);
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

static void times(struct json_writer *writer, const struct answer *answer)
{
    json_member_fixed(writer, "latency_ms", (int64_t)(answer->latency_ns / 1000), 3);
    if (answer->first_byte_ns >= 1000)
        json_member_fixed(writer, "first_byte_ms", (int64_t)(answer->first_byte_ns / 1000), 3);
    if (answer->waited_ns >= 1000)
        json_member_fixed(writer, "waited_ms", (int64_t)(answer->waited_ns / 1000), 3);
    pieces(writer, answer);
}

static void usage(struct json_writer *writer, const struct usage *usage)
{
    if (!usage->known)
        return;
    json_member_int(writer, "tokens_in", usage->tokens_in);
    json_member_int(writer, "tokens_out", usage->tokens_out);
    if (usage->cache_read_tokens != 0)
        json_member_int(writer, "tokens_cache_read", usage->cache_read_tokens);
    if (usage->cache_write_tokens != 0)
        json_member_int(writer, "tokens_cache_write", usage->cache_write_tokens);
    json_member_bool(writer, "tokens_estimated", usage->estimated);
}

static void sample(struct json_writer *writer, const struct sample *sample)
{
    const struct reply *reply = &sample->answer.reply;

    json_write_object(writer);
    if (reply->code != 0) {
        sample_error(writer, reply);
    } else {
        json_member_string(writer, "response", reply->text);
        json_score(writer, "scores", &sample->score);
        findings(writer, "failed", sample->verdict.findings, sample->verdict.count);
        json_optional_text(writer, "language", sample->language);
        fluency_of_sample(writer, sample);
        json_member_text(writer, "stop_reason", stop_reason_name(reply->stop));
        if (!view_is(reply->stop_text, stop_reason_name(reply->stop)))
            json_optional_text(writer, "stop_word", reply->stop_text);
        json_optional_true(writer, "repaired", reply->text_repaired);
        json_optional_text(writer, "model", reply->model);
    }
    times(writer, &sample->answer);
    json_member_int(writer, "attempts", sample->answer.attempts);
    usage(writer, &reply->usage);
    if (sample->cost_nano_usd != 0)
        json_member_fixed(writer, "cost_usd", sample->cost_nano_usd, 9);
    json_optional_text(writer, "request_id", reply->request_id);
    json_write_end(writer, '}');
}

void json_sentences(struct json_writer *writer, const char *key, const struct view *items,
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
        json_sentences(writer, "lost", found.lost, found.lost_count);
        json_sentences(writer, "added", found.added, found.added_count);
    }
    arena_release(&arena);
}

/* What each accepted answer scored, in the order of the responses. */
static void accepted(struct json_writer *writer, const struct baseline_entry *before)
{
    json_member_array(writer, "responses");
    for (size_t i = 0; i < before->answer_count; i++)
        json_write_string(writer, before->answers[i].text);
    json_write_end(writer, ']');
    json_member_array(writer, "answers");
    for (size_t i = 0; i < before->answer_count; i++) {
        const struct baseline_answer *answer = &before->answers[i];
        json_write_object(writer);
        json_score(writer, "scores", &answer->score);
        findings(writer, "failed", answer->verdict.findings, answer->verdict.count);
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
}

static void baseline(struct json_writer *writer, const struct run_entry *entry)
{
    const struct baseline_entry *before = entry->baseline;

    json_member_object(writer, "baseline");
    json_score(writer, "scores", &entry->baseline_score);
    json_optional_text(writer, "target", before->target);
    json_optional_text(writer, "model", before->model);
    json_optional_text(writer, "prompt", before->prompt);
    json_member_string(writer, "version", before->prompt_hash);
    json_optional_text(writer, "params", before->params);
    if (before->line != 0)
        json_member_int(writer, "line", before->line);
    accepted(writer, before);
    json_write_end(writer, '}');
    json_member_bool(writer, "prompt_changed", entry->prompt_changed);
    json_member_bool(writer, "model_changed", entry->model_changed);
    json_member_bool(writer, "params_changed", entry->params_changed);
}

/* How the entry stands against its baseline. */
static void change(struct json_writer *writer, const struct run_entry *entry)
{
    losses(writer, entry);
    json_member_fixed(writer, "drop", entry->drop_micro, 6);
    if (entry->counted_micro != entry->drop_micro)
        json_member_fixed(writer, "counted_drop", entry->counted_micro, 6);
    if (entry->noise_micro != SCORE_ABSENT)
        json_member_fixed(writer, "noise", entry->noise_micro, 6);
    if (entry->is_tested) {
        json_member_double(writer, "p_fell", entry->p_fell);
        json_member_double(writer, "p_adjusted", entry->p_adjusted);
    }
    json_optional_true(writer, "newly_failed", entry->newly_failed);
    json_optional_true(writer, "baseline_passed", entry->baseline_passed);
}

/* What people decided about the entry. */
static void decisions(struct json_writer *writer, const struct run_entry *entry)
{
    if (entry->is_quarantined) {
        json_member_object(writer, "quarantined");
        json_optional_text(writer, "until", entry->quarantine_until);
        json_write_end(writer, '}');
    }
    if (entry->is_signed_off) {
        json_member_object(writer, "signed_off");
        json_optional_text(writer, "by", entry->signed_off_by);
        json_write_end(writer, '}');
    }
    json_optional_text(writer, "signoff_lapsed", entry->signoff_lapsed);
}

static void result(struct json_writer *writer, const struct run_entry *entry)
{
    json_optional_text(writer, "language", entry->language);
    json_member_text(writer, "severity", severity_name(entry->severity));
    json_member_bool(writer, "passed", entry->scored_count > 0 && entry->passed);
    json_member_bool(writer, "flaky", entry->flaky);
    json_optional_text(writer, "reason", entry->reason);
    decisions(writer, entry);
    if (entry->scored_count == 0) {
        json_member_string(writer, "error", entry->error_text);
        if (entry->code != 0)
            json_member_text(writer, "error_code", err_name(entry->code));
    } else {
        json_score(writer, "scores", &entry->score);
        findings(writer, "failed", entry->failed, entry->failed_count);
    }
    fluency_of_entry(writer, entry);
    if (entry->baseline == NULL)
        return;
    baseline(writer, entry);
    if (entry->scored_count > 0)
        change(writer, entry);
}

static void samples(struct json_writer *writer, const struct run_entry *entry)
{
    size_t unasked = 0;

    json_member_array(writer, "samples");
    for (size_t i = 0; i < entry->sample_count; i++)
        if (entry->samples[i].asked)
            sample(writer, &entry->samples[i]);
        else
            unasked++;
    json_write_end(writer, ']');
    if (unasked > 0)
        json_member_int(writer, "unasked", (int64_t)unasked);
}

void report_json_entry(struct json_writer *writer, const struct run_entry *entry)
{
    json_write_object(writer);
    json_member_string(writer, "id", entry->id);
    json_member_string(writer, "target", entry->target);
    json_optional_text(writer, "model", entry->model);
    json_member_string(writer, "prompt", entry->prompt);
    json_member_string(writer, "version", entry->prompt_hash);
    json_optional_text(writer, "params", entry->params);
    json_member_string(writer, "file", entry->file);
    json_member_int(writer, "line", entry->line);
    json_member_array(writer, "tags");
    for (size_t i = 0; i < entry->tag_count; i++)
        json_write_string(writer, entry->tags[i]);
    json_write_end(writer, ']');
    result(writer, entry);
    json_member_string(writer, "question", entry->question);
    json_member_int(writer, "tokens_in_estimate", entry->tokens_in_estimate);
    samples(writer, entry);
    json_write_end(writer, '}');
}
