/* SPDX-License-Identifier: Apache-2.0
 *
 * offline: see offline.h. */
#include "core/golden/offline.h"

#include "core/golden/score.h"
#include "text/fluency.h"
#include "text/language.h"
#include "text/structure.h"

static int bad(struct view file, uint32_t line, int code, const char *what, struct err *reterr)
{
    return fail(reterr, code, "%.*s:%u: %s", VIEW_ARG(file), line, what);
}

/* The tree of one line of a file says so. */
static void set_line(struct json *value, uint32_t line)
{
    value->line = value->key_line = line;
    for (struct json *child = value->child; child != NULL; child = child->next)
        set_line(child, line);
}

static int read_expect(struct arena *arena, struct view file, uint32_t number,
                       const struct json *at, struct offline_line *line, struct err *reterr)
{
    struct problems problems;
    const struct config_reader config = {arena, &problems, {NULL, 0}};
    const struct expect_reader reader = {.config = &config};
    const struct expectation_place place = {
        .file = file, .line = number, .column = at != NULL ? at->column : 1};

    problems_init(&problems, arena, file);
    int code = expect_read(&reader, at, &line->expect);
    if (code == 0)
        code = problems_status(&problems, reterr);
    if (code == ERR_MEMORY)
        return bad(file, number, code, "no memory", reterr);
    return code == 0 ? expectation_new(&line->expect, &place, &line->expectation, reterr) : code;
}

int offline_read(struct arena *arena, struct view file, uint32_t line, struct view json,
                 struct offline_line *ret_line, struct err *reterr)
{
    struct offline_line read = {0};
    struct json *tree;
    struct err err = {0};

    int code = json_parse(arena, json, &tree, &err);
    if (code != 0)
        return bad(file, line, code, err.text, reterr);
    const struct json *text = json_get(tree, "text");
    const struct json *reference = json_get(tree, "reference");
    const struct json *expect = json_get(tree, "expect");
    if (!json_is(text, JSON_STRING))
        return bad(file, line, ERR_SYNTAX, "has no \"text\" (the answer to score, a text)", reterr);
    if (reference != NULL && reference->kind != JSON_STRING && reference->kind != JSON_NULL)
        return bad(file, line, ERR_SYNTAX, "\"reference\" must be a text", reterr);
    if (expect != NULL && expect->kind != JSON_OBJECT && expect->kind != JSON_NULL)
        return bad(file, line, ERR_SYNTAX, "\"expect\" must be an object as in golden sets",
                   reterr);
    const struct json *id = json_get(tree, "id");
    if (id != NULL && id->kind != JSON_STRING && id->kind != JSON_NUMBER && id->kind != JSON_NULL)
        return bad(file, line, ERR_SYNTAX, "\"id\" must be a text or a number", reterr);
    read.id = json_is(id, JSON_NULL) ? NULL : id;
    read.text = text->text;
    read.has_reference = json_is(reference, JSON_STRING);
    read.reference = json_text(reference, (struct view){NULL, 0});
    set_line(tree, line);
    code =
        read_expect(arena, file, line, json_is(expect, JSON_OBJECT) ? expect : NULL, &read, reterr);
    if (code == 0)
        *ret_line = read;
    return code;
}

void offline_release(struct offline_line *line)
{
    expectation_free(line->expectation);
    line->expectation = NULL;
}

/* Parts that nothing was asked of are not part of the score. */
static void keep_asked(const struct offline_line *line, struct score *score)
{
    const struct expect *expect = &line->expect;

    if (expect->keywords.count + expect->forbidden.count == 0)
        score->keywords_micro = SCORE_ABSENT;
    if (expect->format == EXPECT_FORMAT_NONE)
        score->structure_micro = SCORE_ABSENT;
    if (expect->language.len == 0 || view_is(expect->language, "any"))
        score->language_micro = SCORE_ABSENT;
}

static void write_micro(struct json_writer *writer, const char *key, int32_t value_micro)
{
    if (value_micro == SCORE_ABSENT)
        return;
    json_member_fixed(writer, key, value_micro, 6);
}

static int write_language(struct json_writer *writer, const struct offline_line *line,
                          bool is_expected, struct arena *arena)
{
    struct view hint = line->expect.language;
    struct language_result result;
    struct view prose;

    int code = structure_prose(arena, line->text, &prose);
    if (code == 0)
        code = language_detect(prose, hint, &result);
    if (code != 0)
        return code;
    json_member_object(writer, "language");
    json_member_text(writer, "detected", result.detected);
    json_member_object(writer, "shares");
    for (size_t i = 0; i < result.share_count; i++)
        json_member_fixed(writer, result.shares[i].code, result.shares[i].share_micro, 6);
    json_write_end(writer, '}');
    if (is_expected)
        json_member_bool(writer, "ok", language_matches(hint, &result, NULL));
    json_write_end(writer, '}');
    return 0;
}

static void write_register(struct json_writer *writer, const char *key, enum fluency_style style)
{
    if (style != FLUENCY_STYLE_NONE)
        json_member_text(writer, key, fluency_style_name(style));
}

/* The text's own fluency as a change against nothing; against its reference where it has one. */
static int judge_fluency(const struct offline_line *line, const struct morphology *morphology,
                         struct arena *arena, bool *ret_is_blank, struct fluency_change *ret_change)
{
    struct fluency now, reference = {.is_blank = true};

    int code = fluency_of(arena, line->text, morphology, &now);
    if (code == 0 && line->has_reference)
        code = fluency_of(arena, line->reference, morphology, &reference);
    if (code != 0)
        return code;
    *ret_is_blank = now.is_blank;
    fluency_compare(&now, &reference, reference.is_blank ? 0 : 1, ret_change);
    return 0;
}

static int write_fluency(struct json_writer *writer, const struct offline_line *line,
                         const struct morphology *morphology, struct arena *arena)
{
    struct fluency_change change;
    char words[FLUENCY_WORDS_SIZE];
    bool is_blank;

    int code = judge_fluency(line, morphology, arena, &is_blank, &change);
    if (code != 0 || is_blank)
        return code;
    json_member_object(writer, "fluency");
    json_member_fixed(writer, "score", change.score_micro, 6);
    json_member_object(writer, "parts");
    for (unsigned i = 0; i < FLUENCY_PARTS; i++)
        write_micro(writer, fluency_part_name((enum fluency_part)i), change.parts_micro[i]);
    json_write_end(writer, '}');
    write_register(writer, "register", change.to);
    write_register(writer, "reference_register", change.from);
    fluency_change_words(&change, words);
    if (words[0] != '\0')
        json_member_text(writer, "message", words);
    json_write_end(writer, '}');
    return 0;
}

static void write_failed(struct json_writer *writer, const struct verdict *verdict)
{
    json_member_array(writer, "failed");
    for (size_t i = 0; i < verdict->count; i++) {
        const struct finding *finding = &verdict->findings[i];
        json_write_object(writer);
        json_member_string(writer, "check", finding->check);
        json_member_string(writer, "message", finding->message);
        json_member_int(writer, "start", (int64_t)finding->start);
        json_member_int(writer, "end", (int64_t)finding->end);
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
}

int offline_score(const struct offline_line *line, const struct similar *similar,
                  struct view embedding, const struct morphology *morphology, struct arena *arena,
                  struct strbuf *out, struct err *reterr)
{
    struct examined examined;
    struct json_writer writer;
    struct score score;

    int code = examine(line->expectation, line->text, NULL, arena, &examined, reterr);
    if (code != 0)
        return code;
    score = examined.score;
    keep_asked(line, &score);
    if (line->has_reference && similar->kind != SIMILAR_NONE)
        code = similar_pair(similar, line->text, line->reference, &score.cosine_micro,
                            &score.similarity_micro, reterr);
    if (code != 0)
        return code;
    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    if (line->id != NULL) {
        json_write_key(&writer, "id");
        json_write_tree(&writer, line->id);
    }
    write_micro(&writer, "similarity", score.similarity_micro);
    if (score.similarity_micro != SCORE_ABSENT) {
        json_member_fixed(&writer, "cosine", score.cosine_micro, 6);
        json_member_string(&writer, "embedding", embedding);
    }
    write_micro(&writer, "keyword_coverage", score.keywords_micro);
    write_micro(&writer, "structure", score.structure_micro);
    code = write_language(&writer, line, score.language_micro != SCORE_ABSENT, arena);
    if (code == 0)
        code = write_fluency(&writer, line, morphology, arena);
    write_failed(&writer, &examined.verdict);
    write_micro(&writer, "score", score_total(&score));
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
    return code != 0 ? fail(reterr, code, "%s", err_text(code)) : strbuf_status(out);
}
