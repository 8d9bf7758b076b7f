/* SPDX-License-Identifier: Apache-2.0
 *
 * offline: see offline.h. The line's expectation is read as that of a golden set with one entry, so
 * that both know the same keys and complain in the same words. */
#include "core/golden/offline.h"

#include "core/golden/score.h"
#include "text/language.h"
#include "text/structure.h"

enum { ENTRY_BYTES_MAX = 16 << 20 };

static int bad(struct view file, uint32_t line, int code, const char *what, struct err *reterr)
{
    return fail(reterr, code, "%.*s:%u: %s", VIEW_ARG(file), line, what);
}

/* {"id": "line", "text": "-", "expect": …} as a golden set of one line. */
static int load_entry(struct arena *arena, struct offline_line *line, struct problems *problems)
{
    struct json_writer writer;
    struct strbuf entry;

    strbuf_init(&entry, ENTRY_BYTES_MAX);
    json_writer_init(&writer, &entry, 0);
    json_write_object(&writer);
    json_member_text(&writer, "id", "line");
    json_member_text(&writer, "text", "-");
    if (line->expect != NULL) {
        json_write_key(&writer, "expect");
        json_write_tree(&writer, line->expect);
    }
    json_write_end(&writer, '}');
    int code = strbuf_status(&entry);
    if (code == 0)
        code = golden_load(arena, problems->file, strbuf_view(&entry), GOLDEN_FORM_LINES, problems,
                           &line->set);
    strbuf_release(&entry);
    return code;
}

static int read_expect(struct arena *arena, struct view file, uint32_t number,
                       struct offline_line *line, struct err *reterr)
{
    struct problems problems;
    struct err err = {0};

    problems_init(&problems, arena, view_of("expect"));
    int code = load_entry(arena, line, &problems);
    for (size_t i = 0; code == 0 && i < line->set.file_count; i++)
        if (golden_file_missing(&line->set, i, "files are not read here: write the schema inline",
                                &problems)
            == ERR_MEMORY)
            code = ERR_MEMORY;
    if (code == 0)
        code = golden_resolve(&line->set, &problems);
    if (code == ERR_MEMORY)
        return bad(file, number, code, "no memory", reterr);
    if (code != 0)
        return bad(file, number, code, problems.count > 0 ? problems.items[0].text : "", reterr);
    code = expectation_new(&line->set, &line->set.entries[0], &line->expectation, &err);
    return code == 0 ? 0 : bad(file, number, code, err.text, reterr);
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
    if (id != NULL && id->kind != JSON_STRING)
        return bad(file, line, ERR_SYNTAX, "\"id\" must be a text", reterr);
    read.id = json_text(id, (struct view){NULL, 0});
    read.text = text->text;
    read.has_reference = json_is(reference, JSON_STRING);
    read.reference = json_text(reference, (struct view){NULL, 0});
    read.expect = json_is(expect, JSON_OBJECT) ? expect : NULL;
    code = read_expect(arena, file, line, &read, reterr);
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
    const struct golden_expect *expect = &line->set.entries[0].expect;

    if (expect->keywords.count + expect->forbidden.count == 0)
        score->keywords_micro = SCORE_ABSENT;
    if (expect->format == GOLDEN_FORMAT_NONE)
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
    struct view hint = line->set.entries[0].expect.language;
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
                  struct view embedding, struct arena *arena, struct strbuf *out,
                  struct err *reterr)
{
    struct examined examined;
    struct json_writer writer;
    struct score score;

    int code = examine(line->expectation, line->text, arena, &examined, reterr);
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
    json_member_string(&writer, "id", line->id);
    write_micro(&writer, "similarity", score.similarity_micro);
    if (score.similarity_micro != SCORE_ABSENT) {
        json_member_fixed(&writer, "cosine", score.cosine_micro, 6);
        json_member_string(&writer, "embedding", embedding);
    }
    write_micro(&writer, "keyword_coverage", score.keywords_micro);
    write_micro(&writer, "structure", score.structure_micro);
    code = write_language(&writer, line, score.language_micro != SCORE_ABSENT, arena);
    write_failed(&writer, &examined.verdict);
    write_micro(&writer, "score", score_total(&score));
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
    return code != 0 ? fail(reterr, code, "no memory") : strbuf_status(out);
}
