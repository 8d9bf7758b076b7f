/* SPDX-License-Identifier: Apache-2.0
 *
 * baseline: see baseline.h. Reading; baseline_write.c writes. */
#include "core/golden/baseline.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"
#include "core/validate/examine.h"
#include "core/golden/score.h"
#include "wire/json.h"

enum {
    WORD_BYTES_MAX = 256,
    WORDS_MAX = 1 << 16,
    ANSWERS_STEP = 4,
};

static const size_t SCRATCH_BYTES_MAX = (size_t)1 << 30;

struct parsing {
    struct arena *arena;
    struct arena scratch;             /* of one line */
    const struct text_keeper *keeper; /* NULL: the arena */
    struct map words;                 /* names and versions, which come again and again, once */
    bool out_of_memory;               /* a copy could not be had */
    struct baseline *baseline;
    struct map index; /* "id\ntarget" → entry number + 1 */
    size_t entry_room;
    size_t prompt_room;
    size_t answers;
    int64_t announced;
    uint32_t line;
    struct err *reterr;
};

static const char remedy[] =
    "restore it from version control, or record it anew with 'assay baseline'";

static int damaged(const struct parsing *parsing, const char *what)
{
    return fail(parsing->reterr, ERR_CORRUPT, "%.*s:%u: %s: %s", VIEW_ARG(parsing->baseline->file),
                parsing->line, what, remedy);
}

static int no_memory(const struct parsing *parsing)
{
    return fail(parsing->reterr, ERR_MEMORY, "%.*s: no memory for this baseline",
                VIEW_ARG(parsing->baseline->file));
}

/* Makes room for one more item of an array in the arena; NULL on failure. */
static void *more(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    size_t wanted = *room != 0 ? *room * 2 : 64;
    void *grown = arena_new(arena, wanted, size);
    if (grown == NULL)
        return NULL;
    if (count != 0)
        memcpy(grown, items, count * size);
    *room = wanted;
    return grown;
}

/* A word out of a line's tree, copied once however often it comes. */
static struct view word_of(struct parsing *parsing, const struct json *value, struct view otherwise)
{
    struct view text = json_text(value, otherwise);

    if (text.len == 0)
        return otherwise;
    const char *known = text.len <= WORD_BYTES_MAX ? map_get(&parsing->words, text) : NULL;
    if (known != NULL)
        return view_make(known, text.len);
    if (arena_copy(parsing->arena, text, &text) != 0)
        parsing->out_of_memory = true;
    else if (text.len <= WORD_BYTES_MAX && parsing->words.count < WORDS_MAX
             && map_put(&parsing->words, text, (void *)(uintptr_t)text.ptr) != 0)
        parsing->out_of_memory = true;
    return text;
}

static int32_t micro_of(const struct json *value, int32_t absent)
{
    if (!json_is(value, JSON_NUMBER))
        return absent;
    double scaled = json_double(value, 0) * MICRO;
    if (scaled < -MICRO || scaled > MICRO)
        return absent;
    return (int32_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

static struct score scores_of(const struct json *scores)
{
    struct score absent = score_absent();

    return (struct score){
        .similarity_micro = micro_of(json_get(scores, "similarity"), absent.similarity_micro),
        .cosine_micro = micro_of(json_get(scores, "cosine"), absent.cosine_micro),
        .keywords_micro = micro_of(json_get(scores, "keywords"), absent.keywords_micro),
        .structure_micro = micro_of(json_get(scores, "structure"), absent.structure_micro),
        .language_micro = micro_of(json_get(scores, "language"), absent.language_micro),
        .total_micro = micro_of(json_get(scores, "score"), absent.total_micro),
    };
}

static struct provenance provenance_of(const struct json *from)
{
    struct view none = {"", 0};

    return (struct provenance){
        .who = json_text(json_get(from, "who"), none),
        .commit = json_text(json_get(from, "commit"), none),
        .is_dirty = json_is(json_get(from, "dirty"), JSON_TRUE),
        .program = json_text(json_get(from, "program"), none),
        .ci = json_text(json_get(from, "ci"), none),
    };
}

static int parse_head(struct parsing *parsing, const struct json *line)
{
    struct baseline *baseline = parsing->baseline;
    const struct json *scorers = json_get(line, "scorers");
    struct view none = {NULL, 0};

    if (!view_is(json_text(json_get(line, "kind"), none), "baseline"))
        return damaged(parsing, "is no baseline (its first line has no \"kind\": \"baseline\")");
    int64_t schema = json_int(json_get(line, "schema"), 0);
    if (schema > BASELINE_SCHEMA)
        return fail(parsing->reterr, ERR_UNSUPPORTED,
                    "%.*s:%u: was written by a newer assay (schema %lld, this one knows %d): "
                    "update assay",
                    VIEW_ARG(baseline->file), parsing->line, (long long)schema, BASELINE_SCHEMA);
    if (schema != BASELINE_SCHEMA)
        return damaged(parsing, "does not say \"schema\": 1");
    baseline->suite = json_text(json_get(line, "suite"), none);
    baseline->recorded = json_text(json_get(line, "recorded"), none);
    baseline->provenance = provenance_of(json_get(line, "provenance"));
    baseline->scorer = json_text(json_get(scorers, "similarity"), view_of("none"));
    baseline->examine_scorer = json_text(json_get(scorers, "examine"), none);
    baseline->noise_micro = micro_of(json_get(line, "noise"), SCORE_ABSENT);
    baseline->slope = json_double(json_path(line, view_of("calibration.slope")), 0);
    baseline->middle = json_double(json_path(line, view_of("calibration.middle")), 0);
    parsing->announced = json_int(json_get(line, "answers"), -1);
    if (parsing->announced < 0 || parsing->announced > BASELINE_ANSWERS_MAX)
        return damaged(parsing, "does not say how many answers it holds");
    return 0;
}

/* A version is 12 hex digits, and reports print it as it is. */
static bool is_version(struct view text)
{
    if (text.len != DIGEST_SHORT_SIZE - 1)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if ((text.ptr[i] < '0' || text.ptr[i] > '9') && (text.ptr[i] < 'a' || text.ptr[i] > 'f'))
            return false;
    return true;
}

static int parse_prompt(struct parsing *parsing, const struct json *line)
{
    struct baseline *baseline = parsing->baseline;
    struct view none = {NULL, 0};

    if (!is_version(json_text(json_get(line, "version"), none)))
        return damaged(parsing, "\"version\" is not 12 hex digits");
    struct baseline_prompt *prompts =
        more(parsing->arena, baseline->prompts, baseline->prompt_count, &parsing->prompt_room,
             sizeof *prompts);
    if (prompts == NULL)
        return no_memory(parsing);
    baseline->prompts = prompts;
    prompts[baseline->prompt_count++] = (struct baseline_prompt){
        .name = word_of(parsing, json_get(line, "prompt"), none),
        .version = word_of(parsing, json_get(line, "version"), none),
        .text = word_of(parsing, json_get(line, "text"), none),
    };
    return 0;
}

static int key_of(struct arena *arena, struct view id, struct view target, struct view *ret_key)
{
    char *key = arena_printf(arena, "%.*s\n%.*s", VIEW_ARG(id), VIEW_ARG(target));

    if (key == NULL)
        return ERR_MEMORY;
    *ret_key = view_of(key);
    return 0;
}

/* The entry of a line, made where it is the first of its answers; NULL without memory. */
static struct baseline_entry *entry_of(struct parsing *parsing, const struct json *line)
{
    struct baseline *baseline = parsing->baseline;
    struct view none = {NULL, 0};
    struct view id = json_text(json_get(line, "id"), none);
    struct view target = json_text(json_get(line, "target"), none);
    struct view key;

    if (key_of(&parsing->scratch, id, target, &key) != 0)
        return NULL;
    uintptr_t known = (uintptr_t)map_get(&parsing->index, key);
    if (known != 0)
        return &baseline->entries[known - 1];
    struct baseline_entry *entries = more(parsing->arena, baseline->entries, baseline->entry_count,
                                          &parsing->entry_room, sizeof *entries);
    if (entries == NULL)
        return NULL;
    baseline->entries = entries;
    if (arena_copy(parsing->arena, key, &key) != 0)
        return NULL;
    /* the number is what the index holds: entries move while they are read */
    if (map_put(&parsing->index, key, (void *)(baseline->entry_count + 1)) != 0)
        return NULL;
    struct baseline_entry *entry = &entries[baseline->entry_count++];
    *entry = (struct baseline_entry){
        .id = view_slice(key, 0, id.len),
        .target = word_of(parsing, json_get(line, "target"), none),
        .model = word_of(parsing, json_get(line, "model"), none),
        .prompt = word_of(parsing, json_get(line, "prompt"), none),
        .prompt_hash = word_of(parsing, json_get(line, "version"), none),
        .params = word_of(parsing, json_get(line, "params"), none),
        .line = parsing->line,
    };
    return entry;
}

static int failed_of(struct parsing *parsing, const struct json *failed,
                     struct verdict *ret_verdict)
{
    size_t count = failed != NULL ? failed->count : 0;
    struct finding *findings = arena_new(parsing->arena, count, sizeof *findings);
    size_t at = 0;

    if (findings == NULL)
        return no_memory(parsing);
    for (const struct json *check = failed != NULL ? failed->child : NULL; check != NULL;
         check = check->next)
        findings[at++].check = word_of(parsing, check, view_of("unknown"));
    *ret_verdict = (struct verdict){.findings = findings, .count = count};
    return 0;
}

static int parse_answer(struct parsing *parsing, const struct json *line)
{
    const struct json *response = json_get(line, "response");

    if (!json_is(json_get(line, "id"), JSON_STRING) || !json_is(response, JSON_STRING))
        return damaged(parsing, "is neither a prompt nor an accepted answer");
    if (!is_version(json_text(json_get(line, "version"), (struct view){NULL, 0})))
        return damaged(parsing, "\"version\" is not 12 hex digits");
    struct baseline_entry *entry = entry_of(parsing, line);
    if (entry == NULL)
        return no_memory(parsing);
    if (entry->answer_count == BASELINE_ANSWERS_EACH_MAX)
        return damaged(parsing, "is past the 1,000 answers that an entry may have");
    if (entry->answer_count % ANSWERS_STEP == 0) {
        struct baseline_answer *answers =
            arena_new(parsing->arena, entry->answer_count + ANSWERS_STEP, sizeof *answers);
        if (answers == NULL)
            return no_memory(parsing);
        if (entry->answer_count != 0)
            memcpy(answers, entry->answers, entry->answer_count * sizeof *answers);
        entry->answers = answers;
    }
    struct baseline_answer *answer = &entry->answers[entry->answer_count++];
    if (text_keep(parsing->keeper, parsing->arena, response->text, &answer->text) != 0)
        return no_memory(parsing);
    answer->score = scores_of(json_get(line, "scores"));
    parsing->answers++;
    return failed_of(parsing, json_get(line, "failed"), &answer->verdict);
}

/* A line after the first: its tree is gone afterwards. */
static int parse_kept(struct parsing *parsing, const struct json *line)
{
    int code = json_get(line, "response") == NULL && json_get(line, "prompt") != NULL
                   ? parse_prompt(parsing, line)
                   : parse_answer(parsing, line);

    return code == 0 && parsing->out_of_memory ? no_memory(parsing) : code;
}

static int parse_line(struct parsing *parsing, struct view text)
{
    struct json *line;
    struct err err = {0};

    /* views of the first line's tree are kept */
    struct arena *arena = parsing->line == 1 ? parsing->arena : &parsing->scratch;
    int code = json_parse(arena, text, &line, &err);
    if (code == ERR_MEMORY)
        return no_memory(parsing);
    if (code != 0)
        return damaged(parsing, "is no JSON (cut short?)");
    if (parsing->line == 1)
        return parse_head(parsing, line);
    return parse_kept(parsing, line);
}

static int parse_lines(struct parsing *parsing, struct view rest)
{
    int code = 0;

    arena_init(&parsing->scratch, SCRATCH_BYTES_MAX);
    while (rest.len > 0 && code == 0) {
        struct view line = view_split(&rest, '\n');
        parsing->line++;
        if (view_trim(line).len != 0 || parsing->line == 1)
            code = parse_line(parsing, line);
        arena_release(&parsing->scratch);
    }
    return code;
}

int baseline_parse(struct arena *arena, struct view file, struct view text,
                   struct baseline *ret_baseline, struct err *reterr)
{
    return baseline_parse_kept(arena, NULL, file, text, ret_baseline, reterr);
}

int baseline_parse_kept(struct arena *arena, const struct text_keeper *keeper, struct view file,
                        struct view text, struct baseline *ret_baseline, struct err *reterr)
{
    struct baseline baseline = {.file = file, .noise_micro = SCORE_ABSENT};
    struct parsing parsing = {
        .arena = arena, .keeper = keeper, .baseline = &baseline, .reterr = reterr};

    map_init(&parsing.index, BASELINE_ANSWERS_MAX, 2);
    map_init(&parsing.words, WORDS_MAX, 11);
    int code = parse_lines(&parsing, text);
    if (code == 0 && parsing.line == 0)
        code = damaged(&parsing, "is empty");
    if (code == 0 && parsing.answers != (size_t)parsing.announced) {
        char what[128];
        snprintf(what, sizeof what, "holds %zu answers where its first line says %lld (cut short?)",
                 parsing.answers, (long long)parsing.announced);
        code = damaged(&parsing, what);
    }
    map_release(&parsing.index);
    map_release(&parsing.words);
    if (code == 0 && baseline_index(arena, &baseline) != 0)
        code = no_memory(&parsing);
    if (code == 0)
        *ret_baseline = baseline;
    return code;
}

static int compare(struct view a_id, struct view a_target, const struct baseline_entry *b)
{
    int order = view_compare(a_id, b->id);
    return order != 0 ? order : view_compare(a_target, b->target);
}

static int by_id_and_target(const void *a, const void *b)
{
    const struct baseline_entry *first = *(struct baseline_entry *const *)a;
    const struct baseline_entry *second = *(struct baseline_entry *const *)b;
    return compare(first->id, first->target, second);
}

static int by_version(const void *a, const void *b)
{
    const struct baseline_prompt *first = *(struct baseline_prompt *const *)a;
    const struct baseline_prompt *second = *(struct baseline_prompt *const *)b;
    return view_compare(first->version, second->version);
}

int baseline_index(struct arena *arena, struct baseline *baseline)
{
    struct baseline_entry **sorted = arena_new(arena, baseline->entry_count, sizeof(void *));
    struct baseline_prompt **prompts = arena_new(arena, baseline->prompt_count, sizeof(void *));

    if (sorted == NULL || prompts == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < baseline->prompt_count; i++)
        prompts[i] = &baseline->prompts[i];
    qsort(prompts, baseline->prompt_count, sizeof(void *), by_version);
    baseline->by_version = prompts;
    for (size_t i = 0; i < baseline->entry_count; i++)
        sorted[i] = &baseline->entries[i];
    qsort(sorted, baseline->entry_count, sizeof(void *), by_id_and_target);
    baseline->sorted = sorted;
    return 0;
}

/* The first place in the order that is not before (id, target). */
static size_t place_of(const struct baseline *baseline, struct view id, struct view target)
{
    size_t low = 0;
    size_t high = baseline->entry_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(id, target, baseline->sorted[middle]) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct baseline_entry *baseline_find(const struct baseline *baseline, struct view id,
                                     struct view target)
{
    size_t place = place_of(baseline, id, target);

    if (place == baseline->entry_count || compare(id, target, baseline->sorted[place]) != 0)
        return NULL;
    return baseline->sorted[place];
}

struct baseline_entry *baseline_find_any(const struct baseline *baseline, struct view id)
{
    size_t place = place_of(baseline, id, (struct view){NULL, 0});

    if (place == baseline->entry_count || !view_equal(baseline->sorted[place]->id, id))
        return NULL;
    if (place + 1 < baseline->entry_count && view_equal(baseline->sorted[place + 1]->id, id))
        return NULL;
    return baseline->sorted[place];
}

struct view baseline_prompt_text(const struct baseline *baseline, struct view version)
{
    size_t low = 0;
    size_t high = baseline->prompt_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = view_compare(version, baseline->by_version[middle]->version);
        if (order == 0)
            return baseline->by_version[middle]->text;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return (struct view){NULL, 0};
}
