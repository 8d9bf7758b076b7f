/* SPDX-License-Identifier: Apache-2.0
 *
 * render_json: an answer as one JSON object with the keys that were asked for; see job.h. */
#include "core/sim/job.h"

#include "wire/json.h"

enum { STRING_MAX_BYTES = 16 * 1024, CONTENT_MAX = 6 };

/* ---- text for a key ------------------------------------------------------------------------- */

static struct view sentences_of(struct job *job, enum slot slot)
{
    struct view text = VIEW("");

    for (size_t i = 0; i < job->point_count; i++) {
        const struct point *point = &job->points[i];
        const char *gap = text.len != 0 && job->language == SIM_EN ? " " : "";
        if (point->slot == slot)
            text = job_text(job, "%.*s%s%.*s", VIEW_ARG(text), gap, VIEW_ARG(point->text));
    }
    return text;
}

/* The key for what belongs to the answer as a whole: words to mention, the question back. */
static const struct brief_key *main_key(const struct job *job)
{
    static const enum slot order[] = {SLOT_ANSWER, SLOT_SUMMARY, SLOT_REASON, SLOT_OTHER};

    for (size_t o = 0; o < sizeof order / sizeof order[0]; o++)
        for (size_t i = 0; i < job->brief->key_count; i++) {
            const struct brief_key *key = &job->brief->keys[i];
            bool text = key->self.type == SLOT_UNSTATED || key->self.type == SLOT_STRING;
            if (key->self.slot == order[o] && text)
                return key;
        }
    return NULL;
}

static bool has_key(const struct job *job, enum slot slot)
{
    for (size_t i = 0; i < job->brief->key_count; i++)
        if (job->brief->keys[i].self.slot == slot)
            return true;
    return false;
}

static struct view whole_prose(struct job *job)
{
    struct strbuf out;
    struct view text = VIEW("");

    strbuf_init(&out, STRING_MAX_BYTES);
    job_prose(job, RANK_EXTRA, !has_key(job, SLOT_ITEMS), &out);
    if (strbuf_status(&out) != 0 || arena_copy(job->arena, strbuf_view(&out), &text) != 0)
        job->failed = true;
    strbuf_release(&out);
    return text;
}

/* The text with words to mention and the question back: for a main key that is no prose. */
static struct view with_closing(struct job *job, struct view text)
{
    struct view words = sentences_of(job, SLOT_KEYWORDS);
    struct view question =
        has_key(job, SLOT_FOLLOW_UP) ? (struct view){"", 0} : sentences_of(job, SLOT_FOLLOW_UP);
    const char *gap = job->language == SIM_EN ? " " : "";

    if (words.len != 0)
        text = job_text(job, "%.*s%s%.*s", VIEW_ARG(text), gap, VIEW_ARG(words));
    if (question.len != 0)
        text = job_text(job, "%.*s%s%.*s", VIEW_ARG(text), gap, VIEW_ARG(question));
    return text;
}

static struct view title_text(struct job *job)
{
    const struct brief *brief = job->brief;

    if (job->defects[SIM_DEFECT_KEYWORD])
        return view_of(job->language == SIM_JA ? "この作品" : "this series");
    if (brief->title != NULL)
        return view_of(brief->title->name[job->language]);
    if (brief->subject.len == 0 && job->item_count != 0)
        return job->items[0].name;
    return brief->subject;
}

static struct view generic_text(struct job *job, struct view name)
{
    struct view words[CONTENT_MAX];
    size_t count = words_content(job->brief->question, words, CONTENT_MAX);
    const struct filling more[] = {
        {"words", count > 0 ? words[0] : name}, {"word", name}, {"other", name}};

    return job_say(job, PHRASE_GENERIC, more, 3);
}

static struct view value_text(struct job *job, const struct brief_part *part)
{
    static const char *const unknown[2] = {"unknown", "不明"};
    struct view text = {NULL, 0};

    if (part->slot == SLOT_TITLE)
        text = title_text(job);
    else if (part->slot == SLOT_SUMMARY)
        text = sentences_of(job, SLOT_SUMMARY).len != 0 ? sentences_of(job, SLOT_SUMMARY)
                                                        : job_say(job, PHRASE_PLOT, NULL, 0);
    else if (part->slot == SLOT_REASON)
        text = sentences_of(job, SLOT_REASON).len != 0 ? sentences_of(job, SLOT_REASON)
                                                       : job_say(job, PHRASE_APPEAL, NULL, 0);
    else if (part->slot == SLOT_ANSWER || part->slot == SLOT_ITEMS)
        text = whole_prose(job);
    else if (part->slot == SLOT_LANGUAGE)
        text = view_of(job->language == SIM_JA ? "ja" : "en");
    else if (part->slot == SLOT_FOLLOW_UP)
        text = job_say(job, PHRASE_FOLLOW_UP, NULL, 0);
    else if (part->slot == SLOT_INTENT)
        text = view_of(intent_word(job->brief->intent));
    else if (slot_is_fact(part->slot)) {
        text = job->values[part->slot];
        return text.len != 0 ? text : view_of(unknown[job->language]);
    }
    return text.len != 0 ? text : generic_text(job, part->name);
}

/* ---- other types ---------------------------------------------------------------------------- */

/* The number in a text; otherwise a small one that stays the same for the same question. */
static void write_number(struct job *job, struct json_writer *writer, const struct brief_part *part)
{
    struct rng rng;
    int64_t number;
    size_t end;
    struct view text = slot_is_fact(part->slot) ? job->values[part->slot] : job->brief->question;

    rng_init_named(&rng, job->favourite, part->name);
    if (part->slot == SLOT_CONFIDENCE) {
        json_write_fixed(writer, 80 + (int64_t)rng_below(&rng, 19), 2);
        return;
    }
    if (part->slot == SLOT_QUANTITY && job->item_count != 0) {
        json_write_int(writer, (int64_t)job->item_count);
        return;
    }
    for (size_t at = 0; at < text.len; at++)
        if (text.ptr[at] >= '0' && text.ptr[at] <= '9' && words_number(text, at, &number, &end)) {
            json_write_int(writer, number);
            return;
        }
    if (slot_is_fact(part->slot))
        json_write_null(writer);
    else
        json_write_int(writer, 1 + (int64_t)rng_below(&rng, 9));
}

static void write_list(struct job *job, struct json_writer *writer, const struct brief_part *part)
{
    struct view words[CONTENT_MAX];

    json_write_array(writer);
    if (part->slot == SLOT_ITEMS || (part->slot == SLOT_TITLE && job->item_count != 0)) {
        for (size_t i = 0; i < job->item_count; i++)
            json_write_string(writer, job->items[i].name);
    } else if (part->slot == SLOT_KEYWORDS || part->slot == SLOT_OTHER) {
        const struct title *title = job->brief->title;
        if (title != NULL) {
            json_write_string(writer, job_title_value(job, title, SLOT_GENRE));
            json_write_string(writer, job->appeal);
        }
        size_t count = words_content(job->brief->question, words, CONTENT_MAX);
        for (size_t i = 0; title == NULL && i < count; i++)
            json_write_string(writer, words[i]);
    } else {
        json_write_string(writer, value_text(job, part));
    }
    json_write_end(writer, ']');
}

static void write_bool(const struct job *job, struct json_writer *writer,
                       const struct brief_part *part)
{
    bool value = true;

    if (part->slot == SLOT_STOCK)
        value = job->stock;
    else if (slot_is_fact(part->slot))
        value = job->values[part->slot].len != 0;
    json_write_bool(writer, value);
}

static void write_part(struct job *job, struct json_writer *writer, const struct item *item,
                       const struct brief_part *part)
{
    const struct filling more[] = {{"appeal", item->title != NULL
                                                  ? view_of(item->title->appeal[job->language])
                                                  : job->appeal}};
    struct view text = job_title_value(job, item->title, part->slot);

    if (part->slot == SLOT_TITLE || (part->slot == SLOT_OTHER && view_is(part->name, "name"))
        || part->slot == SLOT_CUSTOMER)
        text = item->name;
    else if (part->slot == SLOT_REASON || part->slot == SLOT_SUMMARY || part->slot == SLOT_ANSWER)
        text = item->reason.len != 0 ? item->reason : job_say(job, PHRASE_ITEM_REASON, more, 1);
    else if (text.len == 0)
        text = facts_get(&job->brief->facts, part->slot, item->name);
    int64_t number;
    if (part->type == SLOT_NUMBER && view_to_int(text, &number) == 0)
        json_write_int(writer, number);
    else if (part->type == SLOT_NUMBER)
        json_write_null(writer);
    else
        json_write_string(
            writer, text.len != 0 ? text : view_of(job->language == SIM_JA ? "不明" : "unknown"));
}

static void write_objects(struct job *job, struct json_writer *writer, const struct brief_key *key)
{
    json_write_array(writer);
    for (size_t i = 0; i < job->item_count; i++) {
        json_write_object(writer);
        for (size_t p = 0; p < key->part_count; p++) {
            json_write_key_view(writer, key->parts[p].name);
            write_part(job, writer, &job->items[i], &key->parts[p]);
        }
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
}

/* ---- the object ----------------------------------------------------------------------------- */

static void write_value(struct job *job, struct json_writer *writer, const struct brief_key *key)
{
    enum slot_type type = key->self.type;

    if (type == SLOT_UNSTATED)
        type = slot_row(key->self.slot)->type;
    if (!job->follows[SIM_RULE_TYPES] && key->self.type != SLOT_UNSTATED)
        type = SLOT_STRING;
    if (type == SLOT_OBJECTS && key->part_count == 0)
        type = SLOT_LIST;
    if (type == SLOT_OBJECTS) {
        write_objects(job, writer, key);
    } else if (type == SLOT_NUMBER) {
        write_number(job, writer, &key->self);
    } else if (type == SLOT_LIST) {
        write_list(job, writer, &key->self);
    } else if (type == SLOT_BOOL) {
        write_bool(job, writer, &key->self);
    } else {
        struct view text = value_text(job, &key->self);
        bool prose = key->self.slot == SLOT_ANSWER || key->self.slot == SLOT_ITEMS;
        json_write_string(writer, key == main_key(job) && !prose ? with_closing(job, text) : text);
    }
}

void job_render_json(struct job *job, struct strbuf *out)
{
    struct json_writer writer;
    const struct brief_key own = {.self = {.name = VIEW("response"), .slot = SLOT_ANSWER}};

    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    if (!job->follows[SIM_RULE_KEYS]) {
        json_write_key_view(&writer, own.self.name);
        write_value(job, &writer, &own);
    }
    for (size_t i = 0; job->follows[SIM_RULE_KEYS] && i < job->brief->key_count; i++) {
        json_write_key_view(&writer, job->brief->keys[i].self.name);
        write_value(job, &writer, &job->brief->keys[i]);
    }
    json_write_end(&writer, '}');
}
