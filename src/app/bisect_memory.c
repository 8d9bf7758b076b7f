/* SPDX-License-Identifier: Apache-2.0
 *
 * bisect_memory: what a search leaves in .assay/bisect, so that it can be taken up again:
 *   state.json      what is searched: the ends, the suite, the entries, the golden set's digest
 *   baseline.jsonl  the answers of the good end that all others are held against
 *   answers.jsonl   a line for each answer, appended as it is known; a last line that was cut short
 *                   is left out
 * The machine asks the same questions after the same answers: its state is these answers. */
#include "app/bisect_parts.h"

#include <stdio.h>

#include "base/digest.h"
#include "base/mem.h"
#include "shell/os/clock.h"
#include "shell/os/file.h"

enum { STATE_BYTES_MAX = 16 << 20, ANSWERS_BYTES_MAX = 1 << 30, FIELDS = 9 };

static const char *path_of(struct bisect_run *run, const char *name)
{
    return arena_printf(&run->arena, "%s/%s", run->folder, name);
}

/* ---- what is searched ----------------------------------------------------------------------- */

/* What must be the same for a search to go on: its name in the state, and what people call it. */
struct field {
    const char *name;
    const char *called;
    struct view value;
};

static void add_list(struct strbuf *text, const char *const *items, size_t count)
{
    struct json_writer writer;

    json_writer_init(&writer, text, 0);
    json_write_array(&writer);
    for (size_t i = 0; i < count; i++)
        json_write_text(&writer, items[i]);
    json_write_end(&writer, ']');
}

static int list_value(struct bisect_run *run, const char *const *items, size_t count,
                      struct view *ret_value)
{
    struct strbuf text;

    strbuf_init(&text, STATE_BYTES_MAX);
    add_list(&text, items, count);
    int code = strbuf_status(&text);
    if (code == 0)
        code = arena_copy(&run->arena, strbuf_view(&text), ret_value);
    strbuf_release(&text);
    return code;
}

/* Settings may hold keys and passwords: of them only a digest is kept, and told. */
static int digest_list(struct bisect_run *run, const char *const *items, size_t count,
                       struct view *ret_value)
{
    char hex[DIGEST_SHORT_SIZE] = "";
    struct view list;
    int code = list_value(run, items, count, &list);

    if (code == 0 && count > 0)
        digest_short(list, hex);
    return code == 0 ? arena_copy(&run->arena, view_of(hex), ret_value) : code;
}

static struct view text_or_none(const char *text)
{
    return text != NULL ? view_of(text) : view_of("");
}

static int fill_fields(struct bisect_run *run, struct field fields[FIELDS])
{
    const struct plan_options *plan = run->options.plan;
    struct digest digest = digest_of(run->entries_text);
    struct view ids;
    struct view tags;
    struct view overrides;
    char hex[DIGEST_HEX_SIZE];

    digest_hex(&digest, hex);
    const char *golden = arena_string(&run->arena, view_of(hex));
    const char *numbers =
        arena_printf(&run->arena, "%u of each, seed %llu", (unsigned)run->options.repeat,
                     (unsigned long long)run->today.seed);
    if (golden == NULL || numbers == NULL || list_value(run, plan->ids, plan->id_count, &ids) != 0
        || list_value(run, plan->tags, plan->tag_count, &tags) != 0
        || digest_list(run, plan->overrides, plan->override_count, &overrides) != 0)
        return ERR_MEMORY;
    const struct field made[FIELDS] = {
        {"good", "--good", run->commits[0].name},
        {"bad", "--bad", run->commits[run->commit_count - 1].name},
        {"suite", "--suite", run->today.suite->name},
        {"target", "--target", text_or_none(plan->target)},
        {"entries", "--entry", ids},
        {"filter", "--filter", tags},
        {"set", "--set", overrides},
        {"repeat", "--repeat or --seed", view_of(numbers)},
        {"golden", "the golden set", view_of(golden)},
    };
    memcpy(fields, made, sizeof made);
    return 0;
}

static int write_state(struct bisect_run *run, bool ended, struct err *reterr)
{
    struct field fields[FIELDS];
    struct json_writer writer;
    struct strbuf text;
    const char *path = path_of(run, "state.json");

    if (path == NULL || fill_fields(run, fields) != 0)
        return bisect_no_memory(reterr);
    strbuf_init(&text, STATE_BYTES_MAX);
    json_writer_init(&writer, &text, 2);
    json_write_object(&writer);
    json_member_text(&writer, "assay", run->options.assay_version);
    json_member_text(&writer, "kind", "bisect-state");
    json_member_int(&writer, "schema", 1);
    json_member_int(&writer, "started", run->started_unix_s);
    json_member_bool(&writer, "ended", ended);
    for (size_t i = 0; i < FIELDS; i++)
        json_member_string(&writer, fields[i].name, fields[i].value);
    json_write_end(&writer, '}');
    strbuf_add_byte(&text, '\n');
    int code = strbuf_status(&text);
    code = code == 0 ? file_write(path, strbuf_view(&text), reterr) : bisect_no_memory(reterr);
    strbuf_release(&text);
    return code;
}

/* ---- taking up ------------------------------------------------------------------------------ */

static const char *key_of(struct strbuf *room, struct view id, struct view target, uint64_t version,
                          uint32_t sample)
{
    strbuf_reset(room);
    strbuf_printf(room, "%.*s\t%.*s\t%016llx\t%u", VIEW_ARG(id), VIEW_ARG(target),
                  (unsigned long long)version, (unsigned)sample);
    return strbuf_status(room) == 0 ? strbuf_text(room) : NULL;
}

static const char *const answer_names[] = {
    [BISECT_PASSED] = "pass", [BISECT_FAILED] = "fail", [BISECT_NO_ANSWER] = "none"};

/* A line that is none is left out: its question is asked again. */
static int recall_line(struct bisect_run *run, const struct json *line)
{
    struct view nothing = {"", 0};
    struct view key = json_text(json_get(line, "key"), nothing);
    struct view word = json_text(json_get(line, "answer"), nothing);
    struct view kept;

    for (size_t i = 0; i < sizeof answer_names / sizeof answer_names[0]; i++) {
        if (!view_is(word, answer_names[i]) || key.len == 0)
            continue;
        struct bisect_heard *heard = arena_new(&run->arena, 1, sizeof *heard);
        if (heard == NULL || arena_copy(&run->arena, key, &kept) != 0)
            return ERR_MEMORY;
        *heard = (struct bisect_heard){
            .answer = (enum bisect_answer)i,
            .is_there = true,
            .cost_nano_usd = json_int(json_get(line, "cost_nano_usd"), 0),
        };
        if (heard->cost_nano_usd > 0) {
            run->cost_nano_usd += heard->cost_nano_usd;
            run->cost_known = true;
        }
        return map_put(&run->heard, kept, heard);
    }
    return 0;
}

static int recall_answers(struct bisect_run *run, struct err *reterr)
{
    const char *path = path_of(run, "answers.jsonl");
    struct strbuf text;
    int code = path == NULL ? bisect_no_memory(reterr) : 0;

    strbuf_init(&text, ANSWERS_BYTES_MAX);
    if (code == 0 && file_exists(path))
        code = file_read(path, &text, reterr);
    struct view rest = strbuf_view(&text);
    while (code == 0 && view_find_byte(rest, '\n') < rest.len) {
        struct view line = view_split(&rest, '\n');
        struct arena scratch;
        struct json *tree;
        arena_init(&scratch, STATE_BYTES_MAX);
        if (json_parse(&scratch, line, &tree, NULL) == 0 && recall_line(run, tree) != 0)
            code = bisect_no_memory(reterr);
        arena_release(&scratch);
        if (rest.ptr == NULL)
            break;
    }
    /* what is appended must not go on in a line that was cut short */
    if (code == 0 && rest.len > 0)
        code = file_append(path, view_of("\n"), reterr);
    strbuf_release(&text);
    return code;
}

static int read_baseline(struct bisect_run *run, bool *ret_is_there, struct err *reterr)
{
    const char *path = path_of(run, "baseline.jsonl");
    struct strbuf text;
    struct err err = {0};

    *ret_is_there = false;
    if (path == NULL)
        return bisect_no_memory(reterr);
    if (!file_exists(path))
        return 0;
    strbuf_init(&text, ANSWERS_BYTES_MAX);
    int code = file_read(path, &text, reterr);
    struct view kept;
    if (code == 0 && arena_copy(&run->arena, strbuf_view(&text), &kept) != 0)
        code = bisect_no_memory(reterr);
    strbuf_release(&text);
    if (code != 0)
        return code;
    code = baseline_parse(&run->arena, view_of(path), kept, &run->baseline, &err);
    if (code == ERR_MEMORY)
        return bisect_no_memory(reterr);
    *ret_is_there = code == 0; /* a damaged one is made anew */
    return 0;
}

/* What an earlier search was of, held against this one. 1: the same; 0: another one, which has
 * ended; else the refusal. */
static int compare_state(struct bisect_run *run, struct view text, struct err *reterr)
{
    struct field fields[FIELDS];
    struct json *state;
    struct view nothing = {"", 0};

    if (json_parse(&run->arena, text, &state, NULL) != 0
        || !view_is(json_text(json_get(state, "kind"), nothing), "bisect-state"))
        return 0; /* damaged: begin anew */
    if (fill_fields(run, fields) != 0)
        return bisect_no_memory(reterr);
    for (size_t i = 0; i < FIELDS; i++) {
        struct view before = json_text(json_get(state, fields[i].name), nothing);
        if (view_equal(before, fields[i].value))
            continue;
        if (json_bool(json_get(state, "ended"), false))
            return 0;
        return fail(reterr, ERR_USAGE,
                    "%s: a search that has not ended is of something else: %s changed ('%.*s', now "
                    "'%.*s'): give its command again, or --restart to forget it",
                    run->folder, fields[i].called, (int)(before.len < 64 ? before.len : 64),
                    before.ptr, (int)(fields[i].value.len < 64 ? fields[i].value.len : 64),
                    fields[i].value.ptr);
    }
    run->started_unix_s = json_int(json_get(state, "started"), 0);
    return 1;
}

static int read_state(struct bisect_run *run, int *ret_same, struct err *reterr)
{
    const char *path = path_of(run, "state.json");
    struct strbuf text;

    *ret_same = 0;
    if (path == NULL)
        return bisect_no_memory(reterr);
    if (run->options.restart || !file_exists(path))
        return 0;
    strbuf_init(&text, STATE_BYTES_MAX);
    int code = file_read(path, &text, reterr);
    if (code == 0)
        code = compare_state(run, strbuf_view(&text), reterr);
    strbuf_release(&text);
    if (code < 0)
        return code;
    *ret_same = code;
    return 0;
}

static int begin_anew(struct bisect_run *run, struct err *reterr)
{
    static const char *const names[] = {"answers.jsonl", "baseline.jsonl"};
    int code = 0;

    run->started_unix_s = clock_unix_s();
    for (size_t i = 0; i < sizeof names / sizeof names[0] && code == 0; i++) {
        const char *path = path_of(run, names[i]);
        code = path != NULL ? file_remove(path, reterr) : bisect_no_memory(reterr);
    }
    return code == 0 ? write_state(run, false, reterr) : code;
}

static int take_lock(struct bisect_run *run, struct err *reterr)
{
    const char *path = path_of(run, "lock");

    if (path == NULL)
        return bisect_no_memory(reterr);
    int code = lock_take(&run->lock, path, 0, reterr);
    if (code == ERR_LOCKED)
        return fail(reterr, code, "%s: another 'assay bisect' is searching: wait for its end",
                    run->folder);
    return code;
}

int bisect_memory_open(struct bisect_run *run, struct err *reterr)
{
    int same = 0;

    run->folder = arena_printf(&run->arena, "%s/bisect", run->today.state_dir);
    if (run->folder == NULL)
        return bisect_no_memory(reterr);
    int code = file_make_directories(run->folder, reterr);
    if (code == 0)
        code = take_lock(run, reterr);
    if (code == 0)
        code = read_state(run, &same, reterr);
    if (code != 0)
        return code;
    if (same == 0)
        return begin_anew(run, reterr);
    code = read_baseline(run, &run->has_baseline, reterr);
    if (code != 0 || !run->has_baseline)
        return code; /* nothing was judged yet */
    run->is_resumed = true;
    return recall_answers(run, reterr);
}

void bisect_memory_release(struct bisect_run *run)
{
    lock_give(&run->lock);
}

/* ---- questions ------------------------------------------------------------------------------ */

static const char *key_of_ask(const struct bisect_run *run, const struct bisect_ask *ask,
                              struct strbuf *room)
{
    const struct plan_item *item = &run->today.items[ask->entry];

    return key_of(room, run->today.set.entries[item->entry].id,
                  run->today.targets[item->target]->name,
                  run->versions[ask->commit * run->item_count + ask->entry], ask->sample);
}

bool bisect_memory_recall(struct bisect_run *run, const struct bisect_ask *ask,
                          struct bisect_heard *ret_heard)
{
    struct strbuf room;

    strbuf_init(&room, BISECT_KEY_SIZE);
    const char *key = key_of_ask(run, ask, &room);
    const struct bisect_heard *heard = key != NULL ? map_get(&run->heard, view_of(key)) : NULL;
    strbuf_release(&room);
    if (heard == NULL)
        return false;
    *ret_heard = *heard;
    run->calls_before++;
    return true;
}

int bisect_memory_keep(struct bisect_run *run, const struct bisect_ask *asks, size_t count,
                       const struct bisect_heard *heard, struct err *reterr)
{
    const char *path = path_of(run, "answers.jsonl");
    struct json_writer writer;
    struct strbuf lines;
    struct strbuf room;

    if (path == NULL)
        return bisect_no_memory(reterr);
    strbuf_init(&lines, ANSWERS_BYTES_MAX);
    strbuf_init(&room, BISECT_KEY_SIZE);
    for (size_t i = 0; i < count; i++) {
        const char *key = key_of_ask(run, &asks[i], &room);
        if (!heard[i].is_there || key == NULL)
            continue;
        json_writer_init(&writer, &lines, 0);
        json_write_object(&writer);
        json_member_text(&writer, "key", key);
        json_member_text(&writer, "answer", answer_names[heard[i].answer]);
        if (heard[i].cost_nano_usd > 0)
            json_member_int(&writer, "cost_nano_usd", heard[i].cost_nano_usd);
        json_write_end(&writer, '}');
        strbuf_add_byte(&lines, '\n');
    }
    int code = strbuf_status(&lines);
    if (code != 0)
        code = bisect_no_memory(reterr);
    else if (lines.len > 0)
        code = file_append(path, strbuf_view(&lines), reterr);
    strbuf_release(&lines);
    strbuf_release(&room);
    return code;
}

int bisect_memory_keep_baseline(struct bisect_run *run, const struct baseline *baseline,
                                struct err *reterr)
{
    const char *path = path_of(run, "baseline.jsonl");
    struct strbuf text;
    bool is_there = false;

    if (path == NULL)
        return bisect_no_memory(reterr);
    strbuf_init(&text, ANSWERS_BYTES_MAX);
    baseline_write(baseline, run->options.assay_version, &text);
    int code = strbuf_status(&text);
    code = code == 0 ? file_write(path, strbuf_view(&text), reterr) : bisect_no_memory(reterr);
    strbuf_release(&text);
    if (code == 0)
        code = read_baseline(run, &is_there, reterr);
    if (code == 0 && !is_there)
        return fail(reterr, ERR_CORRUPT, "%s: cannot be read again", path);
    run->has_baseline = run->has_baseline || is_there;
    return code;
}

int bisect_memory_close(struct bisect_run *run, struct err *reterr)
{
    return write_state(run, true, reterr);
}
