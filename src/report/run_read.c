/* SPDX-License-Identifier: Apache-2.0
 *
 * run_read: see run_read.h. The document is scanned once for where its entries stand; then the rest
 * is parsed as a tree, and each entry as a tree of its own, so that memory is one entry's. */
#include "report/run_read.h"

#include <stdio.h>

#include "base/date.h"
#include "base/strbuf.h"
#include "report/run_reader.h"

enum { RUN_SCHEMA = 1 };

static const size_t TREE_BYTES_MAX = (size_t)4 << 30;
static const int64_t ELAPSED_US_MAX = INT64_C(1) << 50;

/* ---- the gate ------------------------------------------------------------------------------- */

static const char *name_of_outcome(int at)
{
    return gate_outcome_name((enum gate_outcome)at);
}

static const char *name_of_group(int at)
{
    static const char *const groups[] = {
        [EXPLAIN_SUITE] = "suite", [EXPLAIN_LANGUAGE] = "language", [EXPLAIN_TAG] = "tag"};
    return groups[at];
}

static enum gate_outcome outcome_of(const struct json *value)
{
    return (enum gate_outcome)run_reader_choice(value, name_of_outcome, GATE_INCONCLUSIVE + 1,
                                                GATE_PASS);
}

static struct statistics statistics_of(const struct json *object)
{
    if (!json_is(object, JSON_OBJECT))
        return (struct statistics){0};
    return (struct statistics){
        .known = true,
        .outcome = outcome_of(json_get(object, "outcome")),
        .entries = run_reader_count(json_get(object, "entries")),
        .mean = run_reader_double(json_get(object, "mean_change"), 0),
        .low = run_reader_double(json_get(object, "interval_low"), 0),
        .high = run_reader_double(json_get(object, "interval_high"), 0),
        .p = run_reader_double(json_get(object, "p"), 1),
        .smallest_effect = run_reader_double(json_get(object, "smallest_effect"), 0),
        .repeats_needed = run_reader_count(json_get(object, "repeats_needed")),
    };
}

static void read_explanations(struct run_reader *reader, const struct json *list, struct gate *gate)
{
    size_t count = json_is(list, JSON_ARRAY) ? list->count : 0;
    struct explanation *explanations = run_reader_new(reader, count, sizeof *explanations);
    size_t at = 0;

    if (explanations == NULL)
        return;
    for (const struct json *item = list->child; item != NULL; item = item->next)
        explanations[at++] = (struct explanation){
            .group = (enum explanation_group)run_reader_choice(
                json_get(item, "group"), name_of_group, EXPLAIN_TAG + 1, EXPLAIN_SUITE),
            .value = run_reader_word(reader, json_get(item, "value")),
            .metric = run_reader_word(reader, json_get(item, "metric")),
            .entries = run_reader_count(json_get(item, "entries")),
            .mean = run_reader_double(json_get(item, "mean_change"), 0),
            .p = run_reader_double(json_get(item, "p"), 1),
            .p_adjusted = run_reader_double(json_get(item, "p_adjusted"), 1),
        };
    gate->explanations = explanations;
    gate->explanation_count = count;
}

static struct false_alarms false_alarms_of(const struct json *object)
{
    if (!json_is(object, JSON_OBJECT))
        return (struct false_alarms){0};
    return (struct false_alarms){
        .known = true,
        .entries = run_reader_count(json_get(object, "entries")),
        .splits = run_reader_count(json_get(object, "splits")),
        .statistics = run_reader_double(json_get(object, "statistics"), 0),
        .critical = run_reader_double(json_get(object, "critical"), 0),
        .major = run_reader_double(json_get(object, "major"), 0),
    };
}

static uint32_t number_of(const struct json *value)
{
    return (uint32_t)run_reader_fixed(value, 0, 0, UINT32_MAX, 0);
}

static void read_gate(struct run_reader *reader, const struct json *object, struct gate *gate)
{
    *gate = (struct gate){
        .outcome = outcome_of(json_get(object, "outcome")),
        .exit_status = (int)run_reader_fixed(json_get(object, "exit_status"), 0, 0, 255, 0),
        .compared = run_reader_count(json_get(object, "compared")),
        .checked_only = run_reader_count(json_get(object, "checked_only")),
        .failed_checks = run_reader_count(json_get(object, "failed_checks")),
        .errors = run_reader_count(json_get(object, "errors")),
        .all = statistics_of(json_get(object, "statistics")),
        .changed = statistics_of(json_get(object, "statistics_changed")),
        .untouched = statistics_of(json_get(object, "statistics_untouched")),
        .checks_broke = run_reader_count(json_get(object, "checks_broke")),
        .checks_healed = run_reader_count(json_get(object, "checks_healed")),
        .checks_p = run_reader_double(json_get(object, "checks_p"), 1),
        .quarantined = run_reader_count(json_get(object, "quarantined")),
        .signed_off = run_reader_count(json_get(object, "signed_off")),
        .stale = run_reader_count(json_get(object, "stale")),
        .noise_known = json_bool(json_get(object, "noise_known"), false),
        .recorded_ahead = json_bool(json_get(object, "recorded_ahead"), false),
        .max_cost_reached = json_bool(json_get(object, "max_cost_reached"), false),
        .quarantine_expired = run_reader_count(json_get(object, "quarantine_expired")),
        .false_alarms = false_alarms_of(json_get(object, "false_alarms")),
    };
    for (int i = 0; i < SEVERITY_COUNT; i++)
        gate->counts[i] = run_reader_count(json_get(object, severity_name((enum severity)i)));
    read_explanations(reader, json_get(object, "explanations"), gate);
    gate->reasons = run_reader_words(reader, json_get(object, "reasons"), &gate->reason_count);
    gate->warnings = run_reader_words(reader, json_get(object, "warnings"), &gate->warning_count);
    gate->advice = run_reader_words(reader, json_get(object, "advice"), &gate->advice_count);
}

/* ---- the head ------------------------------------------------------------------------------- */

static int check_kind(struct run_reader *reader, const struct json *root)
{
    struct view kind = json_text(json_get(root, "kind"), view_of(""));
    int64_t schema = json_int(json_get(root, "schema"), 0);

    if (!json_is(root, JSON_OBJECT) || json_get(root, "assay") == NULL || kind.len == 0) {
        run_reader_refuse(reader, root,
                          "is no report of assay: make one with 'assay test -o "
                          "json=FILE'");
        return reader->code;
    }
    if (!view_is(kind, "test") && !view_is(kind, "baseline"))
        return fail(reader->reterr, ERR_UNSUPPORTED,
                    "%.*s: is a report of the kind '%.*s', not of a golden run: 'assay test -o "
                    "json=FILE' makes one",
                    VIEW_ARG(reader->file), VIEW_ARG(kind));
    if (schema > RUN_SCHEMA)
        return fail(reader->reterr, ERR_UNSUPPORTED,
                    "%.*s: was written by a newer assay (schema %lld, this one knows %d): update "
                    "assay",
                    VIEW_ARG(reader->file), (long long)schema, RUN_SCHEMA);
    return 0;
}

static void read_changes(struct run_reader *reader, const struct json *list, struct run *run)
{
    size_t count = json_is(list, JSON_ARRAY) ? list->count : 0;
    struct prompt_change *changes = run_reader_new(reader, count, sizeof *changes);
    size_t at = 0;

    if (changes == NULL)
        return;
    for (const struct json *item = list->child; item != NULL; item = item->next)
        changes[at++] = (struct prompt_change){
            .prompt = run_reader_word(reader, json_get(item, "prompt")),
            .version = run_reader_word(reader, json_get(item, "version")),
            .before_version = run_reader_word(reader, json_get(item, "before_version")),
            .text = run_reader_text(reader, json_get(item, "text")),
            .before_text = run_reader_text(reader, json_get(item, "before_text")),
        };
    run->changes = changes;
    run->change_count = count;
}

/* The pools' objects as JSON text again. */
static void read_pools(struct run_reader *reader, const struct json *list, struct run *run)
{
    struct json_writer writer;
    struct strbuf text;

    if (!json_is(list, JSON_ARRAY) || reader->code != 0)
        return;
    strbuf_init(&text, TREE_BYTES_MAX);
    json_writer_init(&writer, &text, 0);
    json_write_tree(&writer, list);
    if (strbuf_status(&text) != 0
        || arena_copy(reader->arena, strbuf_view(&text), &run->pools_json) != 0)
        reader->code = fail(reader->reterr, ERR_MEMORY, "%.*s: no memory for this run",
                            VIEW_ARG(reader->file));
    strbuf_release(&text);
}

static struct provenance read_provenance(struct run_reader *reader, const struct json *object)
{
    return (struct provenance){
        .who = run_reader_word(reader, json_get(object, "who")),
        .commit = run_reader_word(reader, json_get(object, "commit")),
        .is_dirty = json_bool(json_get(object, "dirty"), false),
        .program = run_reader_word(reader, json_get(object, "program")),
        .ci = run_reader_word(reader, json_get(object, "ci")),
    };
}

static void read_numbers(const struct json *root, struct run *run)
{
    const struct json *cost = json_get(root, "cost_usd");
    const struct json *fluency = json_get(root, "fluency");
    const struct json *shard = json_get(root, "shard");
    const struct json *asking = json_get(root, "adaptive");

    run->elapsed_ns =
        (uint64_t)run_reader_fixed(json_get(root, "elapsed_ms"), 3, 0, ELAPSED_US_MAX, 0) * 1000;
    run->seed = (uint64_t)run_reader_fixed(json_get(root, "seed"), 0, 0, INT64_MAX, 0);
    run->repeat = (uint32_t)run_reader_fixed(json_get(root, "repeat"), 0, 0, UINT32_MAX, 1);
    run->shard_index = number_of(json_get(shard, "index"));
    run->shard_count = number_of(json_get(shard, "count"));
    run->repeat_max = number_of(json_get(asking, "repeat_max"));
    run->rounds = number_of(json_get(asking, "rounds"));
    run->undecided = run_reader_count(json_get(asking, "undecided"));
    run->interrupted = json_bool(json_get(root, "interrupted"), false);
    run->recorded_answers = json_bool(json_get(root, "recorded"), false);
    run->asked = run_reader_count(json_get(root, "asked"));
    run->answered = run_reader_count(json_get(root, "answered"));
    run->tokens_in = run_reader_fixed(json_get(root, "tokens_in"), 0, 0, INT64_MAX, 0);
    run->tokens_out = run_reader_fixed(json_get(root, "tokens_out"), 0, 0, INT64_MAX, 0);
    run->tokens_estimated = json_bool(json_get(root, "tokens_estimated"), false);
    run->cost_known = cost != NULL;
    run->cost_nano_usd = run_reader_fixed(cost, 9, 0, INT64_MAX, 0);
    run->mean = run_reader_score(json_get(root, "mean"));
    run->fluency_known = fluency != NULL;
    run->fluency_micro = (int32_t)run_reader_fixed(fluency, 6, 0, MICRO, 0);
}

static void read_head(struct run_reader *reader, const struct json *root, struct run *run)
{
    *run = (struct run){
        .id = run_reader_text(reader, json_get(root, "run")),
        .kind = run_reader_word(reader, json_get(root, "kind")),
        .suite = run_reader_word(reader, json_get(root, "suite")),
        .golden_file = run_reader_word(reader, json_get(root, "golden")),
        .golden_version = run_reader_word(reader, json_get(root, "golden_version")),
        .baseline_file = run_reader_word(reader, json_get(root, "baseline")),
        .baseline_version = run_reader_word(reader, json_get(root, "baseline_version")),
        .scorer = run_reader_word(reader, json_get(root, "embedding")),
        .provenance = read_provenance(reader, json_get(root, "provenance")),
        .pools_json = {"", 0},
    };
    read_numbers(root, run);
    if (date_parse(json_text(json_get(root, "started"), view_of("")), &run->started_unix_s) != 0)
        run->started_unix_s = 0;
    run->drift = run_reader_words(reader, json_get(root, "drift"), &run->drift_count);
    read_changes(reader, json_get(root, "prompt_changes"), run);
    read_pools(reader, json_get(root, "pools"), run);
    read_gate(reader, json_get(root, "gate"), &run->gate);
}

/* ---- the document --------------------------------------------------------------------------- */

/* Where the entries stand. */
struct places {
    size_t from; /* of the array's '[' … */
    size_t to;   /* … and past its ']'; 0: there is none */
    size_t count;
};

/* The scanner's way through the document: which key and which depth. */
struct way {
    unsigned depth;
    bool in_key;
    bool is_entries; /* the member that is being read at depth 1 */
    char key[8];     /* as much of it as matters */
    size_t key_len;
};

static void take_key(struct way *way, const struct json_event *event)
{
    if (!way->in_key)
        way->key_len = 0;
    for (size_t i = 0; i < event->bytes.len; i++)
        if (way->key_len++ < sizeof way->key)
            way->key[way->key_len - 1] = event->bytes.ptr[i];
    way->in_key = !event->last;
    if (event->last)
        way->is_entries =
            view_is(view_make(way->key, way->key_len < 8 ? way->key_len : 0), "entries");
}

static void take_event(struct way *way, const struct json_event *event, struct places *places)
{
    if (event->kind == JSON_EVENT_KEY && way->depth == 1)
        take_key(way, event);
    if (event->kind == JSON_EVENT_ARRAY_BEGIN || event->kind == JSON_EVENT_OBJECT_BEGIN) {
        if (way->depth == 1 && way->is_entries && event->kind == JSON_EVENT_ARRAY_BEGIN)
            *places = (struct places){.from = event->at};
        if (way->depth == 2 && way->is_entries)
            places->count++;
        way->depth++;
    }
    if (event->kind == JSON_EVENT_ARRAY_END || event->kind == JSON_EVENT_OBJECT_END) {
        way->depth--;
        if (way->depth == 1 && way->is_entries && event->kind == JSON_EVENT_ARRAY_END)
            places->to = event->at + 1;
    }
}

static int syntax(struct run_reader *reader, int code, const struct err *err)
{
    return fail(reader->reterr, code, "%.*s:%s", VIEW_ARG(reader->file), err->text);
}

/* Scans the whole document: its grammar, and where its entries stand. */
static int find_places(struct run_reader *reader, struct view text, struct places *ret_places)
{
    struct json_scanner scanner;
    struct json_event event;
    struct way way = {0};
    struct err err = {0};
    int code;

    *ret_places = (struct places){0};
    json_scanner_init(&scanner);
    while ((code = json_scan(&scanner, &text, &event, &err)) == 1)
        take_event(&way, &event, ret_places);
    if (code == 0)
        while ((code = json_scan_end(&scanner, &event, &err)) == 1)
            continue;
    return code == 0 ? 0 : syntax(reader, code, &err);
}

/* Reads all but the entries: the document with nothing between their brackets. */
static int read_rest(struct run_reader *reader, struct view text, const struct places *places,
                     struct run *run)
{
    struct arena scratch;
    struct strbuf rest;
    struct json *root;
    struct err err = {0};

    strbuf_init(&rest, TREE_BYTES_MAX);
    if (places->to != 0) {
        strbuf_add(&rest, view_slice(text, 0, places->from + 1));
        strbuf_add(&rest, view_slice(text, places->to - 1, text.len));
        text = strbuf_view(&rest);
    }
    arena_init(&scratch, TREE_BYTES_MAX);
    int code = strbuf_status(&rest);
    if (code == 0)
        code = json_parse(&scratch, text, &root, &err);
    if (code != 0)
        syntax(reader, code, &err);
    if (code == 0)
        code = check_kind(reader, root);
    if (code == 0) {
        read_head(reader, root, run);
        code = reader->code;
    }
    strbuf_release(&rest);
    arena_release(&scratch);
    return code;
}

/* One element of the array, a tree of its own. */
static int read_element(struct run_reader *reader, struct view text, uint32_t line,
                        struct run_entry *entry)
{
    struct arena scratch;
    struct json *object;
    struct err err = {0};

    arena_init(&scratch, TREE_BYTES_MAX);
    int code = json_parse(&scratch, text, &object, &err);
    reader->line = line - 1;
    if (code != 0) {
        syntax(reader, code, &err);
    } else {
        run_reader_entry(reader, object, entry);
        code = reader->code;
    }
    arena_release(&scratch);
    return code;
}

static int read_entries(struct run_reader *reader, struct view text, const struct places *places,
                        uint32_t first_line, struct run *run)
{
    struct view rest = view_slice(text, places->from, places->to);
    struct view whole = rest;
    struct json_scanner scanner;
    struct json_event event;
    struct err err = {0};
    unsigned depth = 0;
    size_t from = 0;
    uint32_t line = 0;
    int code;

    run->entries = run_reader_new(reader, places->count, sizeof *run->entries);
    if (reader->code != 0)
        return reader->code;
    json_scanner_init(&scanner);
    while ((code = json_scan(&scanner, &rest, &event, &err)) == 1) {
        bool begins = event.kind == JSON_EVENT_OBJECT_BEGIN || event.kind == JSON_EVENT_ARRAY_BEGIN;
        bool ends = event.kind == JSON_EVENT_OBJECT_END || event.kind == JSON_EVENT_ARRAY_END;
        if (begins && depth++ == 1) {
            from = event.at;
            line = first_line + event.line - 1;
        }
        if (depth == 1 && !begins && !ends)
            return fail(reader->reterr, ERR_CONFIG,
                        "%.*s:%u: is no entry of a run: an object must stand here",
                        VIEW_ARG(reader->file), first_line + event.line - 1);
        if (!ends || --depth != 1)
            continue;
        code = read_element(reader, view_slice(whole, from, event.at + 1), line,
                            &run->entries[run->entry_count]);
        if (code != 0)
            return code;
        run->entry_count++;
    }
    return code == 0 ? 0 : syntax(reader, code, &err);
}

static uint32_t line_of(struct view text, size_t at)
{
    uint32_t line = 1;

    for (size_t i = 0; i < at && i < text.len; i++)
        line += text.ptr[i] == '\n';
    return line;
}

static int read_document(struct run_reader *reader, struct view text, struct run *run)
{
    struct places places;

    int code = find_places(reader, text, &places);
    if (code == 0)
        code = read_rest(reader, text, &places, run);
    if (code == 0 && places.to == 0)
        code =
            fail(reader->reterr, ERR_CONFIG, "%.*s: has no list 'entries'", VIEW_ARG(reader->file));
    if (code == 0)
        code = read_entries(reader, text, &places, line_of(text, places.from), run);
    return code;
}

int run_read_kept(struct arena *arena, const struct text_keeper *keeper, struct view file,
                  struct view text, struct run *ret_run, struct err *reterr)
{
    struct run_reader reader;
    struct run run = {0};

    run_reader_init(&reader, arena, keeper, file, reterr);
    int code = read_document(&reader, text, &run);
    run_reader_release(&reader);
    if (code == 0)
        *ret_run = run;
    return code;
}

int run_read(struct arena *arena, struct view file, struct view text, struct run *ret_run,
             struct err *reterr)
{
    return run_read_kept(arena, NULL, file, text, ret_run, reterr);
}

int run_read_summary(struct arena *arena, struct view name, struct view text, struct run *ret_run,
                     struct err *reterr)
{
    static const struct places nowhere = {0};
    struct run_reader reader;
    struct run run = {0};

    run_reader_init(&reader, arena, NULL, name, reterr);
    int code = read_rest(&reader, text, &nowhere, &run);
    run_reader_release(&reader);
    if (code == 0)
        *ret_run = run;
    return code;
}

int run_read_entry(struct arena *arena, struct view name, struct view text,
                   struct run_entry *ret_entry, struct err *reterr)
{
    struct run_reader reader;
    struct run_entry entry = {0};

    run_reader_init(&reader, arena, NULL, name, reterr);
    int code = read_element(&reader, text, 1, &entry);
    run_reader_release(&reader);
    if (code == 0)
        *ret_entry = entry;
    return code;
}
