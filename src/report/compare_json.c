/* SPDX-License-Identifier: Apache-2.0
 *
 * compare_json: a comparison as one JSON document. Field names carry their unit; what has no input
 * is absent. Differences of words are given for the entries that a terminal would show. */
#include "base/date.h"
#include "base/map.h"
#include "report/compare.h"
#include "report/json_parts.h"
#include "text/difference.h"
#include "wire/json.h"

enum { ARENA_BYTES_MAX = 1 << 30 };

static const char *const side_keys[2] = {"a", "b"};
static const char *const group_kinds[] = {
    [COMPARE_ALL] = "all", [COMPARE_BY_LANGUAGE] = "language", [COMPARE_BY_TAG] = "tag"};

static void add_side(struct json_writer *writer, const struct comparison *comparison,
                     enum compare_which side)
{
    const struct run *run = comparison->sides[side];

    json_member_object(writer, side_keys[side]);
    json_member_string(writer, "name", comparison->names[side]);
    json_optional_text(writer, "run", run->id);
    json_optional_text(writer, "suite", run->suite);
    if (run->started_unix_s > 0) {
        char date[DATE_ISO_SIZE];
        date_iso(run->started_unix_s, date);
        json_member_text(writer, "started", date);
    }
    json_optional_text(writer, "embedding", run->scorer);
    json_member_int(writer, "entries", (int64_t)run->entry_count);
    json_member_array(writer, "only");
    for (size_t i = 0; i < comparison->only_count[side]; i++)
        json_write_string(writer, comparison->only[side][i]->id);
    json_write_end(writer, ']');
    json_write_end(writer, '}');
}

static void add_group(struct json_writer *writer, const struct compared_group *group)
{
    json_write_object(writer);
    json_member_text(writer, "group", group_kinds[group->kind]);
    json_optional_text(writer, "value", group->value);
    json_member_text(writer, "metric", compare_metric_name(group->metric));
    json_member_int(writer, "entries", (int64_t)group->entries);
    json_member_double(writer, "a", group->mean[COMPARE_A]);
    json_member_double(writer, "b", group->mean[COMPARE_B]);
    json_member_double(writer, "difference", group->difference);
    json_member_double(writer, "interval_low", group->low);
    json_member_double(writer, "interval_high", group->high);
    json_member_double(writer, "p", group->p);
    json_member_double(writer, "p_adjusted", group->p_adjusted);
    if (group->smallest_effect > 0)
        json_member_double(writer, "smallest_effect", group->smallest_effect);
    json_member_bool(writer, "drawn", group->is_drawn);
    json_write_end(writer, '}');
}

static void add_checks(struct json_writer *writer, const struct comparison *comparison)
{
    json_member_object(writer, "checks");
    json_member_int(writer, "entries", (int64_t)(comparison->count - comparison->without_answer));
    json_member_int(writer, "passed_a", (int64_t)comparison->passed[COMPARE_A]);
    json_member_int(writer, "passed_b", (int64_t)comparison->passed[COMPARE_B]);
    json_member_int(writer, "only_a", (int64_t)comparison->broke);
    json_member_int(writer, "only_b", (int64_t)comparison->healed);
    json_member_double(writer, "p", comparison->checks_p);
    json_write_end(writer, '}');
}

static void add_amount(struct json_writer *writer, const char *key,
                       const struct compared_amount *amount)
{
    if (!amount->is_known)
        return;
    json_member_object(writer, key);
    json_member_double(writer, "a_total", amount->total[COMPARE_A]);
    json_member_double(writer, "b_total", amount->total[COMPARE_B]);
    json_member_double(writer, "a_mean", amount->mean[COMPARE_A]);
    json_member_double(writer, "b_mean", amount->mean[COMPARE_B]);
    if (amount->ratio > 0)
        json_member_double(writer, "ratio", amount->ratio);
    json_write_end(writer, '}');
}

static void add_latency(struct json_writer *writer, const struct compared_latency *latency)
{
    const struct {
        const char *key;
        const double *ms;
        double difference, low, high;
    } rows[] = {
        {"median", latency->median_ms, latency->median_difference_ms, latency->median_low_ms,
         latency->median_high_ms},
        {"p95", latency->p95_ms, latency->p95_difference_ms, latency->p95_low_ms,
         latency->p95_high_ms},
    };

    if (!latency->is_known)
        return;
    json_member_object(writer, "latency_ms");
    json_member_int(writer, "answers_a", (int64_t)latency->answers[COMPARE_A]);
    json_member_int(writer, "answers_b", (int64_t)latency->answers[COMPARE_B]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_member_object(writer, rows[i].key);
        json_member_double(writer, "a", rows[i].ms[COMPARE_A]);
        json_member_double(writer, "b", rows[i].ms[COMPARE_B]);
        json_member_double(writer, "difference", rows[i].difference);
        json_member_double(writer, "interval_low", rows[i].low);
        json_member_double(writer, "interval_high", rows[i].high);
        json_write_end(writer, '}');
    }
    json_write_end(writer, '}');
}

static void add_tally(struct json_writer *writer, const struct compared_tally *row)
{
    const struct pairwise_tally *tally = &row->tally;

    json_write_object(writer);
    json_member_text(writer, "group", group_kinds[row->kind]);
    json_optional_text(writer, "value", row->value);
    json_member_int(writer, "pairs", (int64_t)tally->pairs);
    json_member_int(writer, "wins_a", (int64_t)tally->wins[COMPARE_A]);
    json_member_int(writer, "wins_b", (int64_t)tally->wins[COMPARE_B]);
    json_member_int(writer, "ties", (int64_t)tally->ties);
    json_member_int(writer, "unknown", (int64_t)tally->unknown);
    json_member_double(writer, "win_rate_b", tally->rate);
    json_member_double(writer, "interval_low", tally->low);
    json_member_double(writer, "interval_high", tally->high);
    json_member_double(writer, "p", tally->p);
    json_member_int(writer, "rounds", (int64_t)tally->rounds);
    json_member_int(writer, "turned", (int64_t)tally->turned);
    json_member_int(writer, "agreeing", (int64_t)tally->agreeing);
    json_member_int(writer, "votes", (int64_t)tally->votes);
    json_member_int(writer, "votes_first", (int64_t)tally->votes_first);
    json_write_end(writer, '}');
}

static void add_judging(struct json_writer *writer, const struct compared_judging *judging)
{
    if (judging == NULL)
        return;
    json_member_object(writer, "judge");
    json_member_string(writer, "target", judging->target);
    json_member_string(writer, "rubric", judging->rubric);
    json_member_int(writer, "rounds", (int64_t)judging->rounds);
    json_member_int(writer, "asked", (int64_t)judging->asked);
    json_member_int(writer, "failed", (int64_t)judging->failed);
    json_member_int(writer, "tokens_in", judging->tokens_in);
    json_member_int(writer, "tokens_out", judging->tokens_out);
    if (judging->has_cost)
        json_member_fixed(writer, "cost_usd", judging->cost_nano_usd, 9);
    json_optional_true(writer, "interrupted", judging->is_interrupted);
    json_optional_true(writer, "max_cost_reached", judging->is_over_budget);
    json_member_array(writer, "tallies");
    for (size_t i = 0; i < judging->count; i++)
        add_tally(writer, &judging->tallies[i]);
    json_write_end(writer, ']');
    json_write_end(writer, '}');
}

static void add_pair(struct json_writer *writer, const struct pairwise_pair *pair)
{
    if (pair == NULL)
        return;
    json_member_object(writer, "judged");
    json_member_text(writer, "winner", pairwise_winner_name(pair->winner));
    json_member_int(writer, "rounds", (int64_t)pair->decided);
    json_member_int(writer, "turned", (int64_t)pair->turned);
    json_member_int(writer, "agreeing", (int64_t)pair->agreeing);
    json_optional_text(writer, "reason", pair->reason);
    json_optional_text(writer, "error", pair->error);
    json_write_end(writer, '}');
}

static void add_entry_side(struct json_writer *writer, const struct compared_entry *entry,
                           enum compare_which side)
{
    const struct run_entry *of = entry->sides[side];

    json_member_object(writer, side_keys[side]);
    json_optional_text(writer, "target", of->target);
    json_optional_text(writer, "model", of->model);
    json_optional_text(writer, "version", of->prompt_hash);
    json_member_int(writer, "answers", (int64_t)of->scored_count);
    json_member_object(writer, "scores");
    for (int metric = 0; metric < COMPARE_METRICS; metric++)
        if (entry->metrics_micro[side][metric] != SCORE_ABSENT)
            json_member_fixed(writer, compare_metric_name((enum compare_metric)metric),
                              entry->metrics_micro[side][metric], 6);
    json_write_end(writer, '}');
    if (entry->is_judged)
        json_member_bool(writer, "passed", entry->passed[side]);
    if (of->scored_count > 0 && of->failed_count > 0) {
        json_member_array(writer, "failed");
        for (size_t i = 0; i < of->failed_count; i++)
            json_write_string(writer, of->failed[i].check);
        json_write_end(writer, ']');
    }
    if (entry->shown[side] >= 0)
        json_member_string(writer, "response", of->samples[entry->shown[side]].answer.reply.text);
    else
        json_optional_text(writer, "error", of->error_text);
    json_write_end(writer, '}');
}

static void add_words(struct json_writer *writer, const struct compared_entry *entry,
                      const struct compare_report_options *options)
{
    static const char *const kinds[] = {
        [DIFFERENCE_SAME] = "same", [DIFFERENCE_REMOVED] = "removed", [DIFFERENCE_ADDED] = "added"};
    const struct difference *parts;
    struct view texts[2];
    struct arena arena;
    size_t count;

    if (entry->shown[COMPARE_A] < 0 || entry->shown[COMPARE_B] < 0)
        return;
    for (int side = 0; side < 2; side++)
        texts[side] = entry->sides[side]->samples[entry->shown[side]].answer.reply.text;
    if (view_equal(texts[COMPARE_A], texts[COMPARE_B]))
        return;
    arena_init(&arena, ARENA_BYTES_MAX);
    if (difference_of(options->morphology, &arena, texts[COMPARE_A], texts[COMPARE_B], &parts,
                      &count)
        == 0) {
        json_member_array(writer, "words");
        for (size_t i = 0; i < count; i++) {
            json_write_object(writer);
            json_member_string(writer, kinds[parts[i].kind], parts[i].text);
            json_write_end(writer, '}');
        }
        json_write_end(writer, ']');
    }
    arena_release(&arena);
}

static void add_entry(struct json_writer *writer, const struct compared_entry *entry,
                      const struct compare_report_options *options, bool with_words)
{
    json_write_object(writer);
    json_member_string(writer, "id", entry->sides[COMPARE_A]->id);
    json_optional_text(writer, "language", entry->language);
    add_entry_side(writer, entry, COMPARE_A);
    add_entry_side(writer, entry, COMPARE_B);
    json_member_object(writer, "differences");
    for (int metric = 0; metric < COMPARE_METRICS; metric++)
        if (entry->is_known[metric])
            json_member_fixed(writer, compare_metric_name((enum compare_metric)metric),
                              entry->difference_micro[metric], 6);
    json_write_end(writer, '}');
    if (entry->is_tested) {
        json_member_double(writer, "p", entry->p);
        json_member_double(writer, "p_adjusted", entry->p_adjusted);
    }
    json_member_bool(writer, "same", entry->is_same);
    if (entry->likeness_micro != SCORE_ABSENT)
        json_member_fixed(writer, "likeness", entry->likeness_micro, 6);
    add_pair(writer, entry->pair);
    if (with_words)
        add_words(writer, entry, options);
    json_write_end(writer, '}');
}

/* All entries, those first that differ most. */
static void add_entries(struct json_writer *writer, const struct comparison *comparison,
                        const struct compare_report_options *options)
{
    struct arena arena;

    arena_init(&arena, ARENA_BYTES_MAX);
    const struct compared_entry **order = compare_order(comparison, &arena);
    json_member_array(writer, "entries");
    for (size_t i = 0; i < comparison->count; i++)
        add_entry(writer, order != NULL ? order[i] : &comparison->entries[i], options,
                  i < options->limit);
    json_write_end(writer, ']');
    arena_release(&arena);
}

static void add_head(struct json_writer *writer, const struct comparison *comparison,
                     const struct compare_report_options *options)
{
    json_member_text(writer, "assay", options->assay_version);
    json_member_text(writer, "kind", "compare");
    json_member_int(writer, "schema", 1);
    add_side(writer, comparison, COMPARE_A);
    add_side(writer, comparison, COMPARE_B);
    json_member_text(writer, "outcome", compare_outcome_name(comparison->outcome));
    json_member_string(writer, "summary", comparison->summary);
    json_sentences(writer, "warnings", comparison->warnings, comparison->warning_count);
    json_member_int(writer, "compared", (int64_t)comparison->count);
    json_member_int(writer, "without_answer", (int64_t)comparison->without_answer);
    json_member_int(writer, "same_answers", (int64_t)comparison->same);
    json_member_int(writer, "changed_prompts", (int64_t)comparison->changed_prompts);
}

void report_compare_json(const struct comparison *comparison,
                         const struct compare_report_options *options, struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 2);
    json_write_object(&writer);
    add_head(&writer, comparison, options);
    add_checks(&writer, comparison);
    add_amount(&writer, "cost_usd", &comparison->cost_usd);
    add_amount(&writer, "tokens_in", &comparison->tokens_in);
    add_amount(&writer, "tokens_out", &comparison->tokens_out);
    json_member_bool(&writer, "tokens_estimated", comparison->tokens_estimated);
    add_latency(&writer, &comparison->latency);
    if (comparison->likeness_micro != SCORE_ABSENT) {
        json_member_object(&writer, "likeness");
        json_member_fixed(&writer, "mean", comparison->likeness_micro, 6);
        json_member_string(&writer, "measure", comparison->likeness_measure);
        json_write_end(&writer, '}');
    }
    json_member_array(&writer, "groups");
    for (size_t i = 0; i < comparison->group_count; i++)
        add_group(&writer, &comparison->groups[i]);
    json_write_end(&writer, ']');
    add_judging(&writer, comparison->judging);
    add_entries(&writer, comparison, options);
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}
