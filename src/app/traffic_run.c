/* SPDX-License-Identifier: Apache-2.0
 *
 * traffic_run: see traffic_run.h. */
#include "app/traffic_run.h"

#include "app/traffic_mask.h"
#include "shell/os/gzip_lines.h"

enum { LINE_ARENA_BYTES_MAX = 512 << 20, TELL_EVERY = 10000 };

struct running {
    const struct traffic_run_options *options;
    struct arena *arena;
    struct arena scratch; /* of one line */
    struct traffic *traffic;
    struct traffic_mask *mask;
    struct traffic_run_result result;
    struct err *reterr;
};

static const char *name_of(const struct running *running)
{
    return strcmp(running->options->path, "-") == 0 ? "standard input" : running->options->path;
}

static void complain(struct running *running, uint64_t number, int code, const char *text)
{
    struct err err = {.code = 0};

    running->result.bad++;
    (void)fail(&err, code, "%s:%llu: %s", name_of(running), (unsigned long long)number, text);
    running->options->complain(running->options->context, &err);
}

static int take_line(struct running *running, struct view text, uint64_t number)
{
    struct traffic_record record;
    struct json *tree;
    struct err err = {.code = 0};

    arena_release(&running->scratch);
    arena_init(&running->scratch, LINE_ARENA_BYTES_MAX);
    int code = json_parse(&running->scratch, text, &tree, &err);
    if (code == 0)
        code = traffic_read(&running->scratch, tree, &record, &err);
    if (code == ERR_SYNTAX || code == ERR_LIMIT) {
        complain(running, number, code, err.text);
        return 0;
    }
    if (code == 0)
        code = traffic_add(running->traffic, &record, number);
    return code == 0 ? 0 : fail(running->reterr, code, "%s: no memory", name_of(running));
}

static int read_lines(struct running *running, struct gzip_lines *lines)
{
    for (;;) {
        struct err err = {.code = 0};
        struct view text;
        uint64_t number = 0;
        int code = gzip_lines_next(lines, &text, &number, &err);
        if (code == 0)
            return 0;
        running->result.lines++;
        if (code == ERR_LIMIT) {
            running->result.bad++;
            running->options->complain(running->options->context, &err);
            continue;
        }
        if (code < 0)
            return fail(running->reterr, code, "%s", err.text);
        code = take_line(running, text, number);
        if (code != 0)
            return code;
        if (running->options->progress != NULL && running->result.lines % TELL_EVERY == 0)
            running->options->progress(running->options->context, running->result.lines);
    }
}

/* Masked, and in the caller's arena: the clusters' memory goes with them. */
static int hide(struct running *running, struct view *text)
{
    struct view hidden;

    int code = traffic_mask_text(running->mask, running->arena, *text, &hidden,
                                 &running->result.masked, running->reterr);
    return code == 0 ? arena_copy(running->arena, hidden, text) : code;
}

static int mask_proposal(struct running *running, struct traffic_proposal *item)
{
    struct view *answers = arena_new(running->arena, item->answer_count + 1, sizeof *answers);

    if (answers == NULL)
        return fail(running->reterr, ERR_MEMORY, "no memory");
    int code = hide(running, &item->question);
    if (code == 0)
        code = arena_copy(running->arena, item->language, &item->language);
    for (size_t i = 0; code == 0 && i < item->answer_count; i++) {
        answers[i] = item->answers[i];
        code = hide(running, &answers[i]);
    }
    item->answers = answers;
    return code;
}

/* Everything that is proposed, and lives in the caller's arena from then on. */
static int mask_proposals(struct running *running)
{
    struct traffic_proposals *proposals = &running->result.proposals;
    struct traffic_proposal *items = arena_new(running->arena, proposals->count + 1, sizeof *items);
    int code = items != NULL ? 0 : ERR_MEMORY;

    for (size_t i = 0; code == 0 && i < proposals->count; i++) {
        items[i] = proposals->items[i];
        code = mask_proposal(running, &items[i]);
    }
    proposals->items = items;
    if (code == 0)
        code = hide(running, &proposals->template);
    return code == 0 ? hide(running, &proposals->system) : code;
}

static int propose(struct running *running)
{
    if (running->result.lines == running->result.bad)
        return fail(running->reterr, ERR_CONFIG,
                    "%s: no line of it holds a question: it must be JSON Lines of requests "
                    "(docs/import.md)",
                    name_of(running));
    int code = traffic_mask_new(running->options->cache, &running->mask, running->reterr);
    if (code == 0
        && traffic_propose(running->traffic, running->arena, running->options->entries,
                           &running->result.proposals)
               != 0)
        code = fail(running->reterr, ERR_MEMORY, "no memory");
    return code == 0 ? mask_proposals(running) : code;
}

int traffic_run(const struct traffic_run_options *options, struct arena *arena,
                struct traffic_run_result *ret_result, struct err *reterr)
{
    struct running running = {.options = options, .arena = arena, .reterr = reterr};
    struct gzip_lines *lines = NULL;

    arena_init(&running.scratch, LINE_ARENA_BYTES_MAX);
    int code = gzip_lines_new(options->path, TRAFFIC_RUN_LINE_BYTES_MAX, &lines, reterr);
    if (code == 0 && traffic_new(&running.traffic) != 0)
        code = fail(reterr, ERR_MEMORY, "no memory");
    if (code == 0)
        code = read_lines(&running, lines);
    if (code == 0)
        code = propose(&running);
    gzip_lines_free(lines);
    traffic_mask_free(running.mask);
    traffic_free(running.traffic);
    arena_release(&running.scratch);
    if (code == 0)
        *ret_result = running.result;
    return code;
}
