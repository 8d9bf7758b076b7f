/* SPDX-License-Identifier: Apache-2.0
 *
 * serve_guardrail: ApplyGuardrail as the Bedrock Runtime has it; see serve_parts.h. One guardrail
 * behind every id: it blocks well-known prompt attacks in inputs, masks e-mail addresses, and
 * checks grounding by the share of the answer's n-grams that its sources have too. A stand-in for
 * trying a pipeline, not a judge of text.
 * Source: service model bedrock-runtime of botocore. */
#include "core/sim/serve_parts.h"
#include "text/similarity.h"

enum { CONTENTS_MAX = 100, UNIT_CHARACTERS = 1000 };

static const double GROUNDING_THRESHOLD = 0.6;

static const char *const attacks[] = {
    "ignore previous instructions",
    "ignore all previous",
    "ignore your instructions",
    "disregard the above",
    "以前の指示を無視",
    "これまでの指示を無視",
    "上記の指示を無視",
};

struct guarding {
    struct exchange *exchange;
    bool is_input;
    bool attacked;
    bool masked;
    bool grounded_asked;
    double grounding;
    struct strbuf sources;
    struct strbuf text;   /* what is guarded, all contents */
    struct strbuf output; /* the same, masked */
    struct strbuf emails; /* JSON objects, with commas between */
    size_t characters;
};

static bool is_local(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.'
           || c == '_' || c == '-' || c == '+';
}

/* The e-mail address around the @ at that place; empty where there is none. */
static struct view email_at(struct view text, size_t at)
{
    size_t start = at;
    size_t end = at + 1;
    bool dot = false;

    while (start > 0 && is_local(text.ptr[start - 1]))
        start--;
    while (end < text.len && is_local(text.ptr[end])) {
        dot = dot || text.ptr[end] == '.';
        end++;
    }
    while (end > at + 1 && text.ptr[end - 1] == '.')
        end--;
    return start < at && dot && end > at + 3 ? view_slice(text, start, end) : view_of("");
}

static void note_email(struct guarding *guarding, struct view email)
{
    struct json_writer writer;

    if (guarding->emails.len != 0)
        strbuf_add_byte(&guarding->emails, ',');
    json_writer_init(&writer, &guarding->emails, 0);
    json_write_object(&writer);
    json_member_string(&writer, "match", email);
    json_member_text(&writer, "type", "EMAIL");
    json_member_text(&writer, "action", "ANONYMIZED");
    json_member_bool(&writer, "detected", true);
    json_write_end(&writer, '}');
    guarding->masked = true;
}

static void mask(struct guarding *guarding, struct view text)
{
    size_t done = 0;

    for (size_t at = 0; at < text.len; at++) {
        struct view email = text.ptr[at] == '@' ? email_at(text, at) : view_of("");
        if (email.len == 0)
            continue;
        size_t start = (size_t)(email.ptr - text.ptr);
        if (start < done)
            continue;
        strbuf_add(&guarding->output, view_slice(text, done, start));
        strbuf_add_text(&guarding->output, "{EMAIL}");
        note_email(guarding, email);
        done = start + email.len;
    }
    strbuf_add(&guarding->output, view_slice(text, done, text.len));
}

static bool has_qualifier(const struct json *text, const char *wanted)
{
    const struct json *list = json_get(text, "qualifiers");

    for (const struct json *one = json_is(list, JSON_ARRAY) ? list->child : NULL; one != NULL;
         one = one->next)
        if (view_is(json_text(one, view_of("")), wanted))
            return true;
    return false;
}

static bool is_attack(struct guarding *guarding, struct view words)
{
    char *lower = arena_string(guarding->exchange->arena, words);

    for (size_t i = 0; lower != NULL && i < words.len; i++)
        if (lower[i] >= 'A' && lower[i] <= 'Z')
            lower[i] = (char)(lower[i] | 0x20);
    for (size_t i = 0; lower != NULL && i < sizeof attacks / sizeof attacks[0]; i++)
        if (view_find(view_make(lower, words.len), view_of(attacks[i]), 0) < words.len)
            return true;
    return false;
}

static void take_content(struct guarding *guarding, const struct json *text)
{
    struct view words = json_text(json_get(text, "text"), view_of(""));

    if (has_qualifier(text, "grounding_source")) {
        strbuf_add(&guarding->sources, words);
        strbuf_add_byte(&guarding->sources, '\n');
        guarding->grounded_asked = true;
        return;
    }
    if (has_qualifier(text, "query"))
        return;
    guarding->characters += words.len;
    strbuf_add(&guarding->text, words);
    mask(guarding, words);
    guarding->attacked = guarding->attacked || (guarding->is_input && is_attack(guarding, words));
}

/* The share of the answer's weight that lies on n-grams which the sources have. */
static int measure_grounding(struct guarding *guarding)
{
    struct ngram_vector answer;
    struct ngram_vector sources;
    double all = 0.0;
    double found = 0.0;

    if (ngram_vector_of(guarding->exchange->arena, NULL, strbuf_view(&guarding->text), &answer) != 0
        || ngram_vector_of(guarding->exchange->arena, NULL, strbuf_view(&guarding->sources),
                           &sources)
               != 0)
        return ERR_MEMORY;
    for (size_t i = 0, j = 0; i < answer.count; i++) {
        double weight = (double)answer.weights[i] * (double)answer.weights[i];
        while (j < sources.count && sources.keys[j] < answer.keys[i])
            j++;
        all += weight;
        found += j < sources.count && sources.keys[j] == answer.keys[i] ? weight : 0.0;
    }
    guarding->grounding = all > 0.0 ? found / all : 1.0;
    return 0;
}

/* ---- the answer ----------------------------------------------------------------------------- */

static bool ungrounded(const struct guarding *guarding)
{
    return guarding->grounded_asked && guarding->grounding < GROUNDING_THRESHOLD;
}

static void write_usage(struct json_writer *writer, const struct guarding *guarding)
{
    static const char *const policies[] = {"topicPolicyUnits", "contentPolicyUnits",
                                           "wordPolicyUnits", "sensitiveInformationPolicyUnits"};
    int64_t units = (int64_t)(guarding->characters / UNIT_CHARACTERS) + 1;

    json_member_object(writer, "usage");
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++)
        json_member_int(writer, policies[i], units);
    json_member_int(writer, "sensitiveInformationPolicyFreeUnits", 0);
    json_member_int(writer, "contextualGroundingPolicyUnits", guarding->grounded_asked ? units : 0);
    json_write_end(writer, '}');
}

static void write_attack(struct json_writer *writer)
{
    json_member_object(writer, "contentPolicy");
    json_member_array(writer, "filters");
    json_write_object(writer);
    json_member_text(writer, "type", "PROMPT_ATTACK");
    json_member_text(writer, "confidence", "HIGH");
    json_member_text(writer, "filterStrength", "HIGH");
    json_member_text(writer, "action", "BLOCKED");
    json_member_bool(writer, "detected", true);
    json_write_end(writer, '}');
    json_write_end(writer, ']');
    json_write_end(writer, '}');
}

static void write_grounding(struct json_writer *writer, const struct guarding *guarding)
{
    json_member_object(writer, "contextualGroundingPolicy");
    json_member_array(writer, "filters");
    json_write_object(writer);
    json_member_text(writer, "type", "GROUNDING");
    json_write_key(writer, "threshold");
    json_write_double(writer, GROUNDING_THRESHOLD);
    json_write_key(writer, "score");
    json_write_fixed(writer, (int64_t)(guarding->grounding * 1e4 + 0.5), 4);
    json_member_text(writer, "action", ungrounded(guarding) ? "BLOCKED" : "NONE");
    json_member_bool(writer, "detected", ungrounded(guarding));
    json_write_end(writer, '}');
    json_write_end(writer, ']');
    json_write_end(writer, '}');
}

static void write_assessments(struct json_writer *writer, const struct guarding *guarding)
{
    json_member_array(writer, "assessments");
    json_write_object(writer);
    if (guarding->attacked)
        write_attack(writer);
    if (guarding->masked) {
        json_member_object(writer, "sensitiveInformationPolicy");
        json_member_array(writer, "piiEntities");
        json_write_raw(writer, strbuf_view(&guarding->emails));
        json_write_end(writer, ']');
        json_member_array(writer, "regexes");
        json_write_end(writer, ']');
        json_write_end(writer, '}');
    }
    if (guarding->grounded_asked)
        write_grounding(writer, guarding);
    json_write_end(writer, '}');
    json_write_end(writer, ']');
}

static int write_answer(struct guarding *guarding)
{
    bool blocked = guarding->attacked || ungrounded(guarding);
    struct json_writer writer;
    struct strbuf out;

    strbuf_init(&out, SERVE_BYTES_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_object(&writer);
    write_usage(&writer, guarding);
    json_member_text(&writer, "action",
                     blocked || guarding->masked ? "GUARDRAIL_INTERVENED" : "NONE");
    json_member_array(&writer, "outputs");
    if (blocked || guarding->masked) {
        json_write_object(&writer);
        json_member_string(&writer, "text",
                           blocked ? view_of("Sorry, the model cannot answer this question.")
                                   : strbuf_view(&guarding->output));
        json_write_end(&writer, '}');
    }
    json_write_end(&writer, ']');
    write_assessments(&writer, guarding);
    json_write_end(&writer, '}');
    return serve_bedrock_finish(guarding->exchange, &out);
}

static int guard(struct guarding *guarding, const struct json *content)
{
    for (const struct json *one = content->child; one != NULL; one = one->next)
        take_content(guarding, json_get(one, "text"));
    int code = guarding->grounded_asked ? measure_grounding(guarding) : 0;
    if (code == 0 && (strbuf_status(&guarding->output) != 0 || strbuf_status(&guarding->text) != 0))
        code = ERR_MEMORY;
    return code != 0 ? code : write_answer(guarding);
}

int serve_guardrail(struct exchange *exchange)
{
    const struct json *content = json_get(exchange->body, "content");
    struct view source = json_text(json_get(exchange->body, "source"), view_of(""));
    struct guarding guarding = {.exchange = exchange, .is_input = view_is(source, "INPUT")};

    if (!view_ends(exchange->path, view_of("/apply"))
        || view_find(exchange->path, view_of("/version/"), 0) == exchange->path.len)
        return serve_bedrock_error(exchange, 404, "UnknownOperationException",
                                   view_of("This simulator serves "
                                           "/guardrail/{id}/version/{version}/apply."));
    if (exchange->trouble != NULL)
        return serve_bedrock_fault(exchange, exchange->trouble);
    if (!guarding.is_input && !view_is(source, "OUTPUT"))
        return serve_bedrock_invalid(exchange,
                                     "1 validation error detected: Value at 'source' failed to "
                                     "satisfy constraint: Member must satisfy enum value set: "
                                     "[INPUT, OUTPUT]");
    if (!json_is(content, JSON_ARRAY) || content->count == 0 || content->count > CONTENTS_MAX)
        return serve_bedrock_invalid(exchange,
                                     "1 validation error detected: Value at 'content' failed to "
                                     "satisfy constraint: Member must have 1 to 100 blocks");
    strbuf_init(&guarding.sources, SERVE_BYTES_MAX);
    strbuf_init(&guarding.text, SERVE_BYTES_MAX);
    strbuf_init(&guarding.output, SERVE_BYTES_MAX);
    strbuf_init(&guarding.emails, SERVE_BYTES_MAX);
    int code = guard(&guarding, content);
    strbuf_release(&guarding.sources);
    strbuf_release(&guarding.text);
    strbuf_release(&guarding.output);
    strbuf_release(&guarding.emails);
    return code;
}
