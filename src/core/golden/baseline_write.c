/* SPDX-License-Identifier: Apache-2.0
 *
 * baseline_write: the baseline file's text, and the baseline that a run makes. */
#include "base/date.h"
#include "base/digest.h"
#include "core/golden/baseline.h"
#include "core/validate/examine.h"
#include "wire/json.h"

static void write_micro(struct json_writer *writer, const char *key, int32_t value_micro,
                        int32_t absent)
{
    if (value_micro == absent)
        return;
    json_member_fixed(writer, key, value_micro, 6);
}

static size_t count_answers(const struct baseline *baseline)
{
    size_t count = 0;

    for (size_t i = 0; i < baseline->entry_count; i++)
        count += baseline->entries[i].answer_count;
    return count;
}

/* Who recorded it, as far as that is known. */
static void write_provenance(struct json_writer *writer, const struct provenance *provenance)
{
    const struct {
        const char *key;
        struct view text;
    } members[] = {
        {"who", provenance->who},
        {"commit", provenance->commit},
        {"program", provenance->program},
        {"ci", provenance->ci},
    };

    json_member_object(writer, "provenance");
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (members[i].text.len != 0)
            json_member_string(writer, members[i].key, members[i].text);
    if (provenance->commit.len != 0)
        json_member_bool(writer, "dirty", provenance->is_dirty);
    json_write_end(writer, '}');
}

enum { SHOWN_MAX = 8 };

/* Each value once, in the order in which it first comes. */
static void write_distinct(struct json_writer *writer, const char *key,
                           const struct baseline *baseline,
                           struct view (*value_of)(const struct baseline_entry *entry))
{
    struct view seen[SHOWN_MAX];
    size_t count = 0;

    json_member_array(writer, key);
    for (size_t i = 0; i < baseline->entry_count && count < SHOWN_MAX; i++) {
        struct view value = value_of(&baseline->entries[i]);
        bool known = value.len == 0;
        for (size_t j = 0; j < count && !known; j++)
            known = view_equal(seen[j], value);
        if (known)
            continue;
        seen[count++] = value;
        json_write_string(writer, value);
    }
    json_write_end(writer, ']');
}

static struct view model_of(const struct baseline_entry *entry)
{
    return entry->model;
}

static struct view params_of(const struct baseline_entry *entry)
{
    return entry->params;
}

static void write_head(const struct baseline *baseline, const char *assay_version,
                       struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    json_member_text(&writer, "assay", assay_version);
    json_member_text(&writer, "kind", "baseline");
    json_member_int(&writer, "schema", BASELINE_SCHEMA);
    json_member_string(&writer, "suite", baseline->suite);
    json_member_string(&writer, "recorded", baseline->recorded);
    write_provenance(&writer, &baseline->provenance);
    write_distinct(&writer, "models", baseline, model_of);
    write_distinct(&writer, "params", baseline, params_of);
    json_member_object(&writer, "scorers");
    json_member_string(&writer, "similarity", baseline->scorer);
    json_member_string(&writer, "examine", baseline->examine_scorer);
    json_write_end(&writer, '}');
    write_micro(&writer, "noise", baseline->noise_micro, SCORE_ABSENT);
    if (baseline->slope > 0) {
        json_member_object(&writer, "calibration");
        json_member_double(&writer, "slope", baseline->slope);
        json_member_double(&writer, "middle", baseline->middle);
        json_write_end(&writer, '}');
    }
    json_member_int(&writer, "answers", (int64_t)count_answers(baseline));
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}

static void write_prompt(const struct baseline_prompt *prompt, struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    json_member_string(&writer, "prompt", prompt->name);
    json_member_string(&writer, "version", prompt->version);
    json_member_string(&writer, "text", prompt->text);
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}

static void write_scores(struct json_writer *writer, const struct score *score)
{
    struct score absent = score_absent();

    json_member_object(writer, "scores");
    write_micro(writer, "score", score->total_micro, absent.total_micro);
    write_micro(writer, "similarity", score->similarity_micro, absent.similarity_micro);
    write_micro(writer, "keywords", score->keywords_micro, absent.keywords_micro);
    write_micro(writer, "structure", score->structure_micro, absent.structure_micro);
    write_micro(writer, "language", score->language_micro, absent.language_micro);
    json_write_end(writer, '}');
}

static void write_answer(const struct baseline_entry *entry, size_t n, struct strbuf *out)
{
    const struct baseline_answer *answer = &entry->answers[n];
    struct json_writer writer;
    char embedding[DIGEST_SHORT_SIZE];

    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    json_member_string(&writer, "id", entry->id);
    json_member_string(&writer, "target", entry->target);
    json_member_string(&writer, "model", entry->model);
    json_member_string(&writer, "prompt", entry->prompt);
    json_member_string(&writer, "version", entry->prompt_hash);
    json_member_string(&writer, "params", entry->params);
    json_member_int(&writer, "n", (int64_t)n + 1);
    json_member_int(&writer, "of", (int64_t)entry->answer_count);
    json_member_string(&writer, "response", answer->text);
    write_scores(&writer, &answer->score);
    json_member_array(&writer, "failed");
    for (size_t i = 0; i < answer->verdict.count; i++)
        json_write_string(&writer, answer->verdict.findings[i].check);
    json_write_end(&writer, ']');
    digest_short(answer->text, embedding);
    json_member_text(&writer, "embedding", embedding);
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}

size_t baseline_piece_count(const struct baseline *baseline)
{
    return 1 + baseline->prompt_count + baseline->entry_count;
}

void baseline_write_piece(const struct baseline *baseline, size_t piece, const char *assay_version,
                          struct strbuf *out)
{
    if (piece == 0) {
        write_head(baseline, assay_version, out);
    } else if (piece <= baseline->prompt_count) {
        write_prompt(&baseline->prompts[piece - 1], out);
    } else {
        const struct baseline_entry *entry = &baseline->entries[piece - 1 - baseline->prompt_count];
        for (size_t n = 0; n < entry->answer_count; n++)
            write_answer(entry, n, out);
    }
}

void baseline_write(const struct baseline *baseline, const char *assay_version, struct strbuf *out)
{
    for (size_t piece = 0; piece < baseline_piece_count(baseline); piece++)
        baseline_write_piece(baseline, piece, assay_version, out);
}

/* ---- from a run ----------------------------------------------------------------------------- */

static int entry_from_run(struct arena *arena, const struct run_entry *from,
                          struct baseline_entry *ret_entry)
{
    struct baseline_answer *answers = arena_new(arena, from->scored_count, sizeof *answers);
    size_t count = 0;

    if (answers == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < from->sample_count; i++)
        if (from->samples[i].scored)
            answers[count++] = (struct baseline_answer){
                .text = from->samples[i].answer.reply.text,
                .score = from->samples[i].score,
                .verdict = from->samples[i].verdict,
            };
    *ret_entry = (struct baseline_entry){
        .id = from->id,
        .target = from->target,
        .model = from->model,
        .prompt = from->prompt,
        .prompt_hash = from->prompt_hash,
        .params = from->params,
        .answers = answers,
        .answer_count = count,
    };
    return 0;
}

/* A baseline that is being made, and which versions of which prompts it has. */
struct making {
    struct arena *arena;
    struct baseline baseline;
    struct map prompts; /* "NAME\nVERSION" */
};

static int add_prompt(struct making *making, struct view name, struct view version,
                      struct view text)
{
    struct baseline *baseline = &making->baseline;
    const char *key = arena_printf(making->arena, "%.*s\n%.*s", VIEW_ARG(name), VIEW_ARG(version));

    if (key == NULL)
        return ERR_MEMORY;
    if (map_get(&making->prompts, view_of(key)) != NULL)
        return 0;
    baseline->prompts[baseline->prompt_count++] =
        (struct baseline_prompt){.name = name, .version = version, .text = text};
    return map_put(&making->prompts, view_of(key), making);
}

/* What the run answered. */
static int add_asked(struct making *making, const struct run *run, const struct view *texts)
{
    struct baseline *baseline = &making->baseline;
    int code = 0;

    for (size_t i = 0; i < run->entry_count && code == 0; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (entry->scored_count == 0)
            continue;
        code = entry_from_run(making->arena, entry, &baseline->entries[baseline->entry_count++]);
        if (code == 0)
            code = add_prompt(making, entry->prompt, entry->prompt_hash, texts[i]);
    }
    return code;
}

/* What the run did not ask stays as it was: its place is after what the run asked. */
static int keep_others(struct making *making, const struct baseline *before)
{
    struct baseline asked = making->baseline;
    struct baseline *baseline = &making->baseline;
    int code = 0;

    for (size_t i = 0; before != NULL && i < before->entry_count && code == 0; i++) {
        const struct baseline_entry *old = &before->entries[i];
        if (baseline_find(&asked, old->id, old->target) != NULL)
            continue;
        baseline->entries[baseline->entry_count++] = *old;
        code = add_prompt(making, old->prompt, old->prompt_hash,
                          baseline_prompt_text(before, old->prompt_hash));
    }
    return code;
}

/* Entries and prompts, with the index. */
static int fill(struct making *making, const struct run *run, const struct view *texts,
                const struct baseline *before)
{
    struct baseline *baseline = &making->baseline;

    int code = add_asked(making, run, texts);
    if (code == 0)
        code = baseline_index(making->arena, baseline);
    if (code != 0)
        return code;
    size_t asked = baseline->entry_count;
    code = keep_others(making, before);
    if (before != NULL
        && baseline->entry_count > asked) { /* what stays keeps what was measured for it */
        baseline->noise_micro = before->noise_micro;
        baseline->slope = before->slope;
        baseline->middle = before->middle;
    }
    return code == 0 ? baseline_index(making->arena, baseline) : code;
}

int baseline_from_run(struct arena *arena, const struct run *run, const struct view *texts,
                      const struct baseline *before, struct baseline *ret_baseline)
{
    size_t room = run->entry_count + (before != NULL ? before->entry_count : 0);
    char date[DATE_ISO_SIZE];
    struct making making = {
        .arena = arena,
        .baseline =
            {
                .file = run->baseline_file,
                .suite = run->suite,
                .scorer = run->scorer,
                .examine_scorer = view_of(EXAMINE_VERSION),
                .provenance = run->provenance,
                .noise_micro = SCORE_ABSENT,
                .entries = arena_new(arena, room, sizeof *making.baseline.entries),
                .prompts = arena_new(arena, room, sizeof *making.baseline.prompts),
            },
    };

    date_iso(run->started_unix_s, date);
    if (making.baseline.entries == NULL || making.baseline.prompts == NULL
        || arena_copy(arena, view_of(date), &making.baseline.recorded) != 0)
        return ERR_MEMORY;
    map_init(&making.prompts, room + 1, 13);
    int code = fill(&making, run, texts, before);
    map_release(&making.prompts);
    if (code == 0)
        *ret_baseline = making.baseline;
    return code;
}
