/* SPDX-License-Identifier: Apache-2.0
 *
 * render: sentences into an answer: prose, Markdown or JSON, within the length that was asked for;
 * see job.h. */
#include "core/sim/job.h"

#include "base/utf8.h"

enum { PROSE_MAX_BYTES = SIM_ANSWER_MAX_BYTES };

/* ---- which sentences ------------------------------------------------------------------------ */

/* Of the sentences that may go (all but the needed), `tight` are left out, the least wanted first,
 * the last of equals before the others. */
static bool is_kept(const struct job *job, size_t index)
{
    const struct point *point = &job->points[index];
    size_t before = 0;

    if (point->rank == RANK_NEEDED)
        return true;
    for (size_t i = 0; i < job->point_count; i++) {
        const struct point *other = &job->points[i];
        before += other->rank > point->rank || (other->rank == point->rank && i > index);
    }
    return before >= job->tight;
}

static void add_sentence(struct strbuf *out, struct view text, enum sim_language language)
{
    if (out->len != 0 && language == SIM_EN && out->ptr[out->len - 1] != '\n')
        strbuf_add_byte(out, ' ');
    strbuf_add(out, text);
}

void job_prose(const struct job *job, enum rank up_to, bool items, struct strbuf *out)
{
    for (size_t i = 0; i < job->point_count; i++)
        if (job->points[i].rank <= up_to && (items || !job->points[i].item) && is_kept(job, i))
            add_sentence(out, job->points[i].text, job->language);
}

/* ---- Markdown ------------------------------------------------------------------------------- */

static struct view heading(const struct job *job)
{
    static const char *const headings[INTENT_COUNT][2] = {
        [INTENT_SECRET] = {"About this assistant", "アシスタントについて"},
        [INTENT_ORDER_STATUS] = {"Your order", "ご注文について"},
        [INTENT_PRICE_CHECK] = {"Price", "価格"},
        [INTENT_RECOMMENDATION] = {"Recommendations", "おすすめの作品"},
        [INTENT_MANGA_SUMMARY] = {"Summary", "あらすじ"},
        [INTENT_PRODUCT_LOOKUP] = {"About this title", "作品について"},
        [INTENT_GREETING] = {"Welcome", "ようこそ"},
        [INTENT_JAPANESE_QUERY] = {"Answer", "回答"},
        [INTENT_GENERIC] = {"Answer", "回答"},
    };

    if (job->brief->subject.len != 0 && job->follows[SIM_RULE_TITLE])
        return job->title;
    return view_of(headings[job->brief->intent][job->language]);
}

static void add_bullet(const struct job *job, size_t number, struct view text, struct strbuf *out)
{
    if (job->brief->numbered)
        strbuf_printf(out, "%zu. ", number);
    else
        strbuf_add_text(out, "- ");
    strbuf_add(out, text);
    strbuf_add_byte(out, '\n');
}

/* Items as a list, or every sentence where there are none; openings and closings stay prose. */
static void render_list(const struct job *job, struct strbuf *out)
{
    size_t number = 0;

    for (size_t i = 0; i < job->point_count; i++) {
        const struct point *point = &job->points[i];
        bool listed = job->item_count != 0
                          ? point->item
                          : point->rank <= RANK_EXTRA && point->slot != SLOT_FOLLOW_UP;
        if (!is_kept(job, i))
            continue;
        if (listed) {
            if (number == 0 && out->len != 0 && !view_ends(strbuf_view(out), view_of("\n\n")))
                strbuf_add_text(out, "\n\n");
            add_bullet(job, ++number, point->text, out);
        } else {
            if (number != 0 && out->len != 0 && out->ptr[out->len - 1] == '\n')
                strbuf_add_byte(out, '\n');
            add_sentence(out, point->text, job->language);
        }
    }
}

static void add_row(struct strbuf *out, struct view left, struct view right)
{
    strbuf_printf(out, "| %.*s | %.*s |\n", VIEW_ARG(left), VIEW_ARG(right));
}

static void render_table(const struct job *job, struct strbuf *out)
{
    bool japanese = job->language == SIM_JA;

    add_row(out, view_of(japanese ? "項目" : "Item"), view_of(japanese ? "内容" : "Details"));
    add_row(out, view_of("---"), view_of("---"));
    for (size_t i = 0; i < job->item_count; i++) {
        const struct item *item = &job->items[i];
        add_row(out, item->name,
                item->reason.len != 0 ? item->reason
                                      : view_of(japanese ? "おすすめ" : "recommended"));
    }
    for (size_t i = 0; i < job->point_count; i++) {
        const struct point *point = &job->points[i];
        struct view names = view_of(slot_row(point->slot)->names[job->language]);
        struct view name = view_split(&names, '|');
        if (is_kept(job, i) && !point->item && point->rank <= RANK_WANTED)
            add_row(out, name.len != 0 ? name : view_of(japanese ? "回答" : "answer"), point->text);
    }
}

static void render_text(struct job *job, struct strbuf *out)
{
    if (job->follows[SIM_RULE_HEADING])
        strbuf_printf(out, "# %.*s\n\n", VIEW_ARG(heading(job)));
    if (job->follows[SIM_RULE_TABLE])
        render_table(job, out);
    else if (job->follows[SIM_RULE_LIST])
        render_list(job, out);
    else
        job_prose(job, RANK_FILLER, true, out);
    while (out->len != 0 && out->ptr[out->len - 1] == '\n')
        strbuf_cut(out, out->len - 1);
}

/* ---- beginnings and ends -------------------------------------------------------------------- */

static void add_edges(struct job *job, struct strbuf *out)
{
    const struct brief *brief = job->brief;

    if (job->follows[SIM_RULE_BEGIN] && !view_starts(strbuf_view(out), brief->begin)) {
        struct view rest = VIEW("");
        if (arena_copy(job->arena, strbuf_view(out), &rest) != 0)
            job->failed = true;
        strbuf_reset(out);
        strbuf_add(out, brief->begin);
        if (job->language == SIM_EN || view_starts(rest, view_of("#")))
            strbuf_add_text(out, view_starts(rest, view_of("#")) ? "\n\n" : " ");
        strbuf_add(out, rest);
    }
    if (job->follows[SIM_RULE_END] && !view_ends(strbuf_view(out), brief->end)) {
        strbuf_add_text(out, job->follows[SIM_RULE_LIST] ? "\n\n"
                             : job->language == SIM_EN   ? " "
                                                         : "");
        strbuf_add(out, brief->end);
    }
}

/* ---- length --------------------------------------------------------------------------------- */

static size_t count_sentences(struct view text)
{
    size_t count = 0;

    for (size_t at = 0; at < text.len;) {
        size_t end = words_sentence_end(text, at);
        count += view_trim(view_slice(text, at, end)).len != 0;
        at = end;
    }
    return count;
}

/* Words between spaces; Japanese text has none, two characters of it count as one. */
static size_t count_words(struct view text)
{
    struct words_scripts scripts = words_scripts(text);
    size_t count = 0;
    bool inside = false;

    for (size_t i = 0; i < text.len; i++) {
        bool space = words_is_space(text.ptr[i]);
        count += !space && !inside;
        inside = !space;
    }
    return count + (scripts.kana + scripts.han) / 2;
}

static bool fits(const struct job *job, struct view text)
{
    enum { BRIEF_SENTENCES = 3 };
    const struct brief *brief = job->brief;

    if (!job->follows[SIM_RULE_LENGTH])
        return true;
    if (brief->is_brief && job->item_count == 0 && !job->follows[SIM_RULE_JSON]
        && count_sentences(text) > BRIEF_SENTENCES)
        return false;
    return (brief->characters_max == 0 || utf8_count(text) <= brief->characters_max)
           && (brief->words_max == 0 || count_words(text) <= brief->words_max)
           && (brief->sentences_max == 0 || job->follows[SIM_RULE_JSON]
               || count_sentences(text) <= brief->sentences_max);
}

/* Where no sentence can be left out any more: whole sentences as long as they fit, then
 * characters. */
static void cut_to_fit(const struct job *job, struct strbuf *out)
{
    struct view text = strbuf_view(out);
    size_t kept = 0;

    for (size_t at = 0; at < text.len;) {
        size_t end = words_sentence_end(text, at);
        if (!fits(job, view_trim(view_slice(text, 0, end))))
            break;
        kept = end;
        at = end;
    }
    if (kept == 0) {
        kept = text.len;
        while (kept > 0 && !fits(job, view_slice(text, 0, kept)))
            kept = utf8_cut(text, kept - 1).len;
    }
    strbuf_cut(out, kept);
    while (out->len != 0 && words_is_space(out->ptr[out->len - 1]))
        strbuf_cut(out, out->len - 1);
}

static size_t removable(const struct job *job)
{
    size_t count = 0;

    for (size_t i = 0; i < job->point_count; i++)
        count += job->points[i].rank != RANK_NEEDED;
    return count;
}

void job_render(struct job *job, struct strbuf *out)
{
    bool json = job->follows[SIM_RULE_JSON];

    for (job->tight = 0;; job->tight++) {
        strbuf_reset(out);
        if (json)
            job_render_json(job, out);
        else
            render_text(job, out);
        if (!json)
            add_edges(job, out);
        if (fits(job, strbuf_view(out)) || job->tight >= removable(job))
            break;
    }
    if (!json && !fits(job, strbuf_view(out)))
        cut_to_fit(job, out);
}
