/* SPDX-License-Identifier: Apache-2.0
 *
 * traffic_read: one line of a log → question, system prompt, answer. The shapes are told apart by
 * their members; whoever wrapped a line (CloudWatch's "message") is unwrapped first. */
#include "core/golden/traffic.h"

enum { TEXT_BYTES_MAX = 4 << 20, WRAPS_MAX = 3 };

struct reading {
    struct arena *arena;
    struct traffic_record record;
    size_t turns;
};

static const struct json *first_of(const struct json *object, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        const struct json *found = json_get(object, *keys);
        if (found != NULL && found->kind != JSON_NULL)
            return found;
    }
    return NULL;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* A text, or the texts of parts: "…", [{"text": "…"}], [{"type": "text", "text": "…"}]. */
static int text_of(struct reading *reading, const struct json *value, struct view *ret_text)
{
    struct strbuf out;

    *ret_text = (struct view){.ptr = NULL};
    if (json_is(value, JSON_STRING)) {
        *ret_text = value->text;
        return 0;
    }
    if (json_is(value, JSON_OBJECT))
        return text_of(reading, json_get(value, "text"), ret_text);
    if (!json_is(value, JSON_ARRAY))
        return 0;
    strbuf_init(&out, TEXT_BYTES_MAX);
    for (const struct json *part = value->child; part != NULL; part = part->next) {
        struct view text =
            json_text(part, json_text(json_get(part, "text"),
                                      json_text(json_get(part, "content"), view_of(""))));
        if (out.len > 0 && text.len > 0)
            strbuf_add_byte(&out, '\n');
        strbuf_add(&out, text);
    }
    int code = strbuf_status(&out);
    if (code == ERR_LIMIT)
        code = 0; /* a question of megabytes is none for a golden set */
    else if (code == 0 && out.len > 0)
        code = arena_copy(reading->arena, strbuf_view(&out), ret_text);
    strbuf_release(&out);
    return code;
}

/* ---- requests -------------------------------------------------------------------------------- */

static int read_messages(struct reading *reading, const struct json *messages)
{
    int code = 0;

    for (const struct json *message = json_is(messages, JSON_ARRAY) ? messages->child : NULL;
         code == 0 && message != NULL; message = message->next) {
        struct view role = json_text(json_get(message, "role"), view_of("user"));
        struct view text;
        code = text_of(reading, json_get(message, "content"), &text);
        if (code != 0 || text.ptr == NULL)
            continue;
        if (view_is(role, "system") || view_is(role, "developer")) {
            if (reading->record.system.len == 0)
                reading->record.system = text;
        } else if (view_is(role, "user")) {
            reading->record.question = text;
            reading->record.has_turns = reading->turns > 0;
            reading->turns++;
        } else {
            reading->turns++;
        }
    }
    return code;
}

static int read_request(struct reading *reading, const struct json *request)
{
    static const char *const lists[] = {"messages", NULL};
    static const char *const systems[] = {"system", "system_prompt", "instructions", NULL};
    static const char *const questions[] = {"question",  "prompt", "input",
                                            "inputText", "query",  NULL};
    struct view text;

    int code = text_of(reading, first_of(request, systems), &text);
    if (code == 0 && text.ptr != NULL)
        reading->record.system = text;
    if (code == 0)
        code = read_messages(reading, first_of(request, lists));
    if (code != 0 || reading->record.question.ptr != NULL)
        return code;
    const struct json *given = first_of(request, questions);
    if (json_is(given, JSON_ARRAY) && json_get(given->child, "role") != NULL)
        return read_messages(reading, given); /* OpenAI's Responses API */
    return text_of(reading, given, &reading->record.question);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Pieces of a stream, as Bedrock logs them: Claude's deltas, Converse's. */
static int read_pieces(struct reading *reading, const struct json *list)
{
    static const char *const paths[] = {"delta.text",
                                        "contentBlockDelta.delta.text",
                                        "choices[0].delta.content",
                                        "outputText",
                                        "completion",
                                        "generation"};
    struct strbuf out;

    strbuf_init(&out, TEXT_BYTES_MAX);
    for (const struct json *piece = list->child; piece != NULL; piece = piece->next)
        for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
            strbuf_add(&out, json_text(json_path(piece, view_of(paths[i])), view_of("")));
    int code = strbuf_status(&out);
    if (code == ERR_LIMIT)
        code = 0;
    else if (code == 0 && out.len > 0)
        code = arena_copy(reading->arena, strbuf_view(&out), &reading->record.response);
    strbuf_release(&out);
    return code;
}

static int read_response(struct reading *reading, const struct json *response)
{
    static const char *const paths[] = {"choices[0].message.content",
                                        "output.message.content",
                                        "content",
                                        "output_text",
                                        "results[0].outputText",
                                        "completion",
                                        "generation",
                                        "choices[0].text",
                                        "outputs[0].text",
                                        "output[0].content",
                                        "text"};

    if (json_is(response, JSON_STRING)) {
        reading->record.response = response->text;
        return 0;
    }
    if (json_is(response, JSON_ARRAY))
        return read_pieces(reading, response);
    if (json_is(json_get(response, "body"), JSON_OBJECT)) /* OpenAI's batches */
        response = json_get(response, "body");
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        int code =
            text_of(reading, json_path(response, view_of(paths[i])), &reading->record.response);
        if (code != 0 || reading->record.response.ptr != NULL)
            return code;
    }
    return 0;
}

/* ---- the line -------------------------------------------------------------------------------- */

/* CloudWatch's exports put the line into a member as text. */
static int unwrap(struct reading *reading, const struct json **line)
{
    static const char *const members[] = {"message", "@message", "log", NULL};

    for (unsigned i = 0; i < WRAPS_MAX; i++) {
        const struct json *inner = first_of(*line, members);
        struct json *tree;
        if (!json_is(inner, JSON_STRING) || !view_starts(view_trim(inner->text), view_of("{")))
            return 0;
        int code = json_parse(reading->arena, view_trim(inner->text), &tree, NULL);
        if (code != 0)
            return code == ERR_MEMORY ? code : 0;
        *line = tree;
    }
    return 0;
}

static int read_line(struct reading *reading, const struct json *line)
{
    static const char *const requests[] = {"request", "body", "inputBodyJson", NULL};
    static const char *const responses[] = {"response",   "answer",         "output",
                                            "completion", "outputBodyJson", NULL};
    const struct json *input = json_get(line, "input");
    const struct json *output = json_get(line, "output");
    const struct json *request = first_of(line, requests);
    const struct json *response = first_of(line, responses);

    if (json_is(json_get(input, "inputBodyJson"), JSON_OBJECT)) { /* Bedrock */
        request = json_get(input, "inputBodyJson");
        response = json_get(output, "outputBodyJson");
    }
    if (!json_is(request, JSON_OBJECT))
        request = line;
    if (json_is(json_get(request, "body"), JSON_OBJECT))
        request = json_get(request, "body");
    reading->record.model =
        json_text(json_get(line, "modelId"), json_text(json_get(request, "model"), view_of("")));
    reading->record.region = json_text(json_get(line, "region"), view_of(""));
    int code = read_request(reading, request);
    return code == 0 && response != NULL ? read_response(reading, response) : code;
}

int traffic_read(struct arena *arena, const struct json *line, struct traffic_record *ret_record,
                 struct err *reterr)
{
    struct reading reading = {.arena = arena};

    if (line->kind != JSON_OBJECT)
        return fail(reterr, ERR_SYNTAX, "expected one request a line, as an object, found %s",
                    json_kind_name(line->kind));
    int code = unwrap(&reading, &line);
    if (code == 0)
        code = read_line(&reading, line);
    if (code != 0)
        return fail(reterr, code, "no memory for a request");
    if (view_trim(reading.record.question).len == 0)
        return fail(reterr, ERR_SYNTAX,
                    "no question: looked for messages, prompt, question, input and the members of "
                    "Bedrock's invocation logs");
    *ret_record = reading.record;
    return 0;
}
