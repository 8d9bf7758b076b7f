/* SPDX-License-Identifier: Apache-2.0
 *
 * line: see line.h. */
#include "core/validate/line.h"

#include "core/validate/extract.h"

struct reading {
    const struct policy *policy;
    struct arena *arena;
    struct validate_line *line;
    const struct json *root;
    struct err *reterr;
};

static int bad(const struct reading *reading, const struct json *at, int code, const char *what)
{
    return fail(reading->reterr, code, "%.*s:%u:%u: %s", VIEW_ARG(reading->line->file),
                reading->line->number, at != NULL ? at->column : 1, what);
}

static int no_memory(const struct reading *reading)
{
    return bad(reading, NULL, ERR_MEMORY, "no memory for this line");
}

/* The member; NULL where there is none or it is null. */
static const struct json *member(const struct reading *reading, const char *key)
{
    const struct json *value = json_get(reading->root, key);

    return json_is(value, JSON_NULL) ? NULL : value;
}

/* ---- members -------------------------------------------------------------------------------- */

static int read_id(struct reading *reading)
{
    const struct json *id = member(reading, "id");

    if (id != NULL && id->kind != JSON_STRING && id->kind != JSON_NUMBER)
        return bad(reading, id, ERR_SYNTAX, "\"id\" must be a text or a number");
    reading->line->id = id;
    return 0;
}

static int read_response(struct reading *reading)
{
    const struct json *response = json_get(reading->root, "response");

    if (!json_is(response, JSON_STRING))
        return bad(reading, response != NULL ? response : reading->root, ERR_SYNTAX,
                   "has no \"response\" (the answer to check, a text)");
    if (response->text.len > VALIDATE_TEXT_MAX)
        return bad(reading, response, ERR_LIMIT, "this \"response\" is longer than 32 MiB");
    reading->line->response = response->text;
    return 0;
}

static int read_text(struct reading *reading, const char *key, const char *what,
                     struct view *ret_text)
{
    const struct json *text = member(reading, key);

    if (text != NULL && text->kind != JSON_STRING)
        return bad(reading, text, ERR_SYNTAX, what);
    *ret_text = json_text(text, (struct view){NULL, 0});
    return 0;
}

static int read_texts(struct reading *reading)
{
    struct validate_subject *subject = &reading->line->subject;
    struct view stop;

    int code = read_text(reading, "system_prompt", "\"system_prompt\" must be a text",
                         &subject->system_prompt);
    if (code == 0)
        code = read_text(reading, "prompt", "\"prompt\" must be a text", &subject->question);
    if (code == 0)
        code = read_text(reading, "stop_reason", "\"stop_reason\" must be a text", &stop);
    if (code == 0) {
        subject->has_stop = stop.ptr != NULL;
        subject->stop = subject->has_stop ? stop_reason_read(stop) : STOP_UNKNOWN;
    }
    return code;
}

static int read_sources(struct reading *reading)
{
    static const char what[] = "\"sources\" must be a list of texts";
    const struct json *sources = member(reading, "sources");
    struct validate_subject *subject = &reading->line->subject;

    if (sources == NULL)
        return 0;
    if (sources->kind != JSON_ARRAY)
        return bad(reading, sources, ERR_SYNTAX, what);
    struct view *texts = arena_new(reading->arena, sources->count + 1, sizeof *texts);
    if (texts == NULL)
        return no_memory(reading);
    subject->sources = texts;
    for (const struct json *one = sources->child; one != NULL; one = one->next) {
        if (one->kind != JSON_STRING)
            return bad(reading, one, ERR_SYNTAX, what);
        texts[subject->source_count++] = one->text;
    }
    return 0;
}

/* Each API's words for one count. */
static bool read_count(const struct json *usage, const char *const names[4], int64_t *ret_count)
{
    for (size_t i = 0; i < 4 && names[i] != NULL; i++) {
        const struct json *value = json_get(usage, names[i]);
        if (!json_is(value, JSON_NUMBER))
            continue;
        *ret_count = json_int(value, 0);
        return true;
    }
    return false;
}

static int read_usage(struct reading *reading)
{
    static const char *const in[4] = {"input_tokens", "inputTokens", "prompt_tokens", "tokens_in"};
    static const char *const out[4] = {"output_tokens", "outputTokens", "completion_tokens",
                                       "tokens_out"};
    const struct json *usage = json_get(reading->root, "usage");
    struct validate_subject *subject = &reading->line->subject;

    if (usage == NULL)
        return 0;
    subject->usage_is_due = true;
    if (usage->kind == JSON_NULL)
        return 0;
    if (usage->kind != JSON_OBJECT)
        return bad(reading, usage, ERR_SYNTAX, "\"usage\" must be an object");
    bool has_in = read_count(usage, in, &subject->usage.tokens_in);
    bool has_out = read_count(usage, out, &subject->usage.tokens_out);
    subject->has_usage = subject->usage.known = has_in && has_out;
    return 0;
}

/* ---- what is expected ----------------------------------------------------------------------- */

/* What the line's own mapping does not say is the policy's. */
static void inherit(struct expect *own, const struct expect *policy)
{
    if (json_get(own->at, "keywords") == NULL)
        own->keywords = policy->keywords;
    if (json_get(own->at, "forbidden") == NULL)
        own->forbidden = policy->forbidden;
    if (json_get(own->at, "language") == NULL)
        own->language = policy->language;
    if (json_get(own->at, "min_chars") == NULL)
        own->min_chars = policy->min_chars;
    if (json_get(own->at, "max_chars") == NULL)
        own->max_chars = policy->max_chars;
    if (json_get(own->at, "format") != NULL || json_get(own->at, "schema") != NULL)
        return;
    own->format = policy->format;
    own->fenced = policy->fenced;
    own->schema = policy->schema;
    own->elements = policy->elements;
}

/* All of the line stands on the file's line. */
static void set_line(struct json *value, uint32_t number)
{
    value->line = value->key_line = number;
    for (struct json *child = value->child; child != NULL; child = child->next)
        set_line(child, number);
}

static int read_expect(struct reading *reading)
{
    struct validate_line *line = reading->line;
    const struct json *at = member(reading, "expect");
    struct problems problems;
    const struct config_reader config = {reading->arena, &problems, {NULL, 0}};
    const struct expect_reader reader = {.config = &config};
    struct expect own;

    if (at == NULL)
        return 0;
    if (at->kind != JSON_OBJECT)
        return bad(reading, at, ERR_SYNTAX, "\"expect\" must be an object as in golden sets");
    problems_init(&problems, reading->arena, line->file);
    int code = expect_read(&reader, at, &own);
    if (code == 0)
        code = problems_status(&problems, reading->reterr);
    if (code != 0)
        return code == ERR_MEMORY ? no_memory(reading) : code;
    if (own.command.count > 0)
        return bad(reading, json_get(at, "command"), ERR_CONFIG,
                   "\"command\" has no place here: list the command as exec.NAME in a policy");
    const struct expectation_place place = {
        .file = line->file, .line = line->number, .column = at->column};
    inherit(&own, &reading->policy->expect);
    return expectation_new(&own, &place, &line->expectation, reading->reterr);
}

/* What the prompt says that the line does not. */
static int extract(struct reading *reading)
{
    struct validate_subject *subject = &reading->line->subject;
    const struct chat_message message = {.role = CHAT_USER, .text = subject->question};
    const struct chat chat = {.system = subject->system_prompt,
                              .messages = &message,
                              .message_count = subject->question.ptr != NULL};
    const struct extract_input input = {.chat = &chat, .metadata = member(reading, "metadata")};
    struct extracted found = {0};

    if (subject->question.ptr == NULL && subject->system_prompt.ptr == NULL
        && input.metadata == NULL)
        return 0;
    if (extract_run(reading->policy->extract, &input, reading->arena, &found) != 0)
        return no_memory(reading);
    if (subject->sources == NULL) {
        subject->sources = found.sources;
        subject->source_count = found.source_count;
    }
    if (subject->question.ptr != NULL)
        subject->question = found.question;
    subject->language = found.language;
    subject->language_is_guess = found.is_followed;
    subject->format = found.format;
    return 0;
}

/* ---- the line ------------------------------------------------------------------------------- */

static int parse(struct reading *reading, struct view text)
{
    struct json *root = NULL;
    struct err err = {0};

    int code = json_parse(reading->arena, text, &root, &err);
    if (code == ERR_MEMORY)
        return no_memory(reading);
    if (code != 0) { /* "1:COLUMN: what": the line is the file's */
        struct view what = view_of(err.text);
        if (view_starts(what, view_of("1:")))
            what = view_slice(what, 2, what.len);
        return fail(reading->reterr, code, "%.*s:%u:%.*s", VIEW_ARG(reading->line->file),
                    reading->line->number, VIEW_ARG(what));
    }
    set_line(root, reading->line->number);
    reading->root = root;
    if (root->kind != JSON_OBJECT)
        return bad(reading, root, ERR_SYNTAX, "must be an object with a \"response\"");
    return 0;
}

int validate_line_read(const struct policy *policy, struct arena *arena, struct view file,
                       uint32_t number, struct view text, struct validate_line *ret_line,
                       struct err *reterr)
{
    static int (*const steps[])(struct reading *) = {
        read_id, read_response, read_texts, read_sources, read_usage, extract, read_expect};
    struct validate_line line = {.file = file, .number = number};
    struct reading reading = {policy, arena, &line, NULL, reterr};

    int code = parse(&reading, text);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && code == 0; i++)
        code = steps[i](&reading);
    if (code != 0)
        return code;
    line.subject.expectation = line.expectation;
    *ret_line = line;
    return 0;
}

void validate_line_release(struct validate_line *line)
{
    expectation_free(line->expectation);
    line->expectation = NULL;
}

/* ---- the verdict ---------------------------------------------------------------------------- */

struct view validate_line_check(struct view check)
{
    return view_is(check, "forbidden") ? view_of("keywords") : check;
}

static void write_finding(struct json_writer *writer, const struct finding *finding)
{
    json_write_object(writer);
    json_member_string(writer, "check", validate_line_check(finding->check));
    json_member_string(writer, "evidence", finding->evidence);
    json_member_int(writer, "start", (int64_t)finding->start);
    json_member_int(writer, "end", (int64_t)finding->end);
    json_member_string(writer, "message", finding->message);
    json_write_end(writer, '}');
}

void validate_line_write(const struct validate_line *line, const struct validated *validated,
                         struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    if (line->id != NULL) {
        json_write_key(&writer, "id");
        json_write_tree(&writer, line->id);
    }
    json_member_text(&writer, "decision", validate_decision_name(validated->decision));
    json_member_bool(&writer, "log", validated->log);
    json_member_array(&writer, "failed");
    for (size_t i = 0; i < validated->count; i++)
        write_finding(&writer, &validated->findings[i].finding);
    json_write_end(&writer, ']');
    if (validated->is_masked)
        json_member_string(&writer, "masked", validated->masked);
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}
