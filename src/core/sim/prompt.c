/* SPDX-License-Identifier: Apache-2.0
 *
 * prompt: takes a chat apart into instructions, documents and the customer's question; see
 * brief.h. */
#include "core/sim/brief.h"

/* Tags and headings under which material stands, not instructions. */
static const char DOCUMENT_TAGS[] =
    "documents|document|docs|doc|context|sources|source|data|products|product|catalog|catalogue|"
    "inventory|orders|order|information|info|facts|records|results|passages|passage|資料|文書";
static const char DOCUMENT_LABELS[] =
    "documents|document|context|sources|source|data|catalog|catalogue|product data|"
    "product information|product info|order data|order information|order record|order details|"
    "inventory|information|facts|records|reference|references|資料|参考資料|文書|商品情報|"
    "商品データ|"
    "注文情報|注文データ|在庫情報|参考情報|情報|データ";
static const char QUESTION_TAGS[] =
    "question|customer_message|customer_question|message|query|input|user|customer|user_message|"
    "user_question|質問";
static const char QUESTION_LABELS[] =
    "question|query|message|asks|says|writes|request|user input|input|質問|問い合わせ|メッセージ|"
    "ご質問|お問い合わせ";
static const char SPEAKER_LABELS[] = "customer|user|shopper|お客様|ユーザー";

enum { TAG_MAX_BYTES = 40, LABEL_MAX_BYTES = 60 };

static bool is_listed(struct view name, const char *list)
{
    struct view rest = view_of(list);

    while (rest.ptr != NULL)
        if (view_equal_nocase(name, view_split(&rest, '|')))
            return true;
    return false;
}

/* The name of a tag <name …> at `at`, and where the tag ends. */
static bool tag_at(struct view text, size_t at, struct view *ret_name, size_t *ret_end)
{
    struct view rest = view_slice(text, at + 1, at + 1 + TAG_MAX_BYTES * 4);
    size_t close = view_find_byte(rest, '>');
    size_t name = 0;

    if (close == rest.len)
        return false;
    while (name < close && rest.ptr[name] != ' ')
        name++;
    *ret_name = view_slice(rest, 0, name);
    *ret_end = at + 1 + close + 1;
    return name != 0 && name <= TAG_MAX_BYTES;
}

/* Where </name> stands from `from` on; text.len where it does not. */
static size_t closing_tag(struct view text, struct view name, size_t from, size_t *ret_end)
{
    for (size_t at = view_find(text, view_of("</"), from); at < text.len;
         at = view_find(text, view_of("</"), at + 2)) {
        size_t end = at + 2 + name.len;
        if (end < text.len && text.ptr[end] == '>'
            && view_equal_nocase(view_slice(text, at + 2, end), name)) {
            *ret_end = end + 1;
            return at;
        }
    }
    return text.len;
}

/* What a line "Label:" or "Label: more" is headed by; empty where it is no such line. */
static struct view label_of(struct view line, struct view *ret_rest)
{
    struct view bare = view_trim(line);
    size_t ascii = view_find_byte(bare, ':');
    size_t wide = view_find(bare, view_of("："), 0);
    size_t at = ascii < wide ? ascii : wide;

    while (bare.len > 0 && (bare.ptr[0] == '#' || bare.ptr[0] == '*' || bare.ptr[0] == ' ')
           && at > 0) {
        bare = view_slice(bare, 1, bare.len);
        at--;
    }
    if (at == bare.len || at > LABEL_MAX_BYTES)
        return (struct view){NULL, 0};
    *ret_rest = view_trim(view_slice(bare, at + (ascii < wide ? 1 : strlen("：")), bare.len));
    return view_trim(view_slice(bare, 0, at));
}

/* Appends the text, documents to one side and everything else to the other. */
static void split_documents(struct view text, struct strbuf *outside, struct strbuf *documents)
{
    bool under_label = false;
    bool label_filled = false;

    for (size_t at = 0; at < text.len;) {
        size_t line_end = view_find_byte(view_slice(text, at, text.len), '\n') + at;
        size_t next = line_end < text.len ? line_end + 1 : text.len;
        struct view line = view_slice(text, at, line_end);
        size_t open = view_find_byte(line, '<') + at;
        struct view name;
        size_t inside;
        size_t end;
        if (open < line_end && tag_at(text, open, &name, &inside)
            && is_listed(name, DOCUMENT_TAGS)) {
            size_t close = closing_tag(text, name, inside, &end);
            bool opens = view_trim(view_slice(text, at, open)).len == 0 || close < line_end;
            if (close < text.len && opens) { /* else a mention: "only from <documents>" */
                strbuf_add(outside, view_slice(text, at, open));
                strbuf_add_byte(outside, '\n');
                strbuf_add(documents, view_slice(text, inside, close));
                strbuf_add_byte(documents, '\n');
                at = end;
                continue;
            }
        }
        struct view rest = {NULL, 0};
        struct view label = label_of(line, &rest);
        if (label.len != 0 && is_listed(label, DOCUMENT_LABELS)) {
            under_label = true;
            label_filled = rest.len != 0;
            strbuf_add(documents, rest);
            strbuf_add_byte(documents, '\n');
        } else {
            bool blank = view_trim(line).len == 0;
            under_label = under_label && (!blank || !label_filled)
                          && !(label.len != 0 && is_listed(label, QUESTION_LABELS));
            label_filled = label_filled || !blank;
            strbuf_add(under_label ? documents : outside, view_slice(text, at, next));
        }
        at = next;
    }
    strbuf_add_byte(outside, '\n');
}

/* ---- the question --------------------------------------------------------------------------- */

static bool question_in_tag(struct view text, struct view *ret_question)
{
    for (size_t at = view_find_byte(text, '<'); at < text.len;
         at = view_find(text, view_of("<"), at + 1)) {
        struct view name;
        size_t inside;
        size_t end;
        if (!tag_at(text, at, &name, &inside) || !is_listed(name, QUESTION_TAGS))
            continue;
        size_t close = closing_tag(text, name, inside, &end);
        if (close == text.len)
            continue;
        *ret_question = view_trim(view_slice(text, inside, close));
        return true;
    }
    return false;
}

/* Does the label end in one of the words ("The customer asks", "Customer question")? */
static bool label_ends_in(struct view label, const char *list)
{
    struct view rest = view_of(list);

    while (rest.ptr != NULL) {
        struct view word = view_split(&rest, '|');
        if (label.len >= word.len
            && view_equal_nocase(view_slice(label, label.len - word.len, label.len), word))
            return true;
    }
    return false;
}

static bool question_under_label(struct view text, const char *labels, struct view *ret_question)
{
    bool found = false;

    for (size_t at = 0; at < text.len;) {
        size_t line_end = view_find_byte(view_slice(text, at, text.len), '\n') + at;
        struct view rest = {NULL, 0};
        struct view label = label_of(view_slice(text, at, line_end), &rest);
        if (label.len != 0 && label_ends_in(label, labels)) {
            size_t paragraph = view_find(text, view_of("\n\n"), line_end + 1);
            *ret_question = rest.len != 0 ? rest : view_trim(view_slice(text, line_end, paragraph));
            found = ret_question->len != 0;
        }
        at = line_end + 1;
    }
    return found;
}

static struct view unquoted(struct view text)
{
    struct view inside;
    size_t at;
    size_t end;

    if (words_quoted(text, 0, text.len, &inside, &at, &end) && at == 0 && end == text.len
        && !view_starts(text, view_of("「")) && !view_starts(text, view_of("『")))
        return inside;
    return text;
}

static bool find_question(struct view message, struct view *ret_question)
{
    bool marked = question_in_tag(message, ret_question)
                  || question_under_label(message, QUESTION_LABELS, ret_question)
                  || question_under_label(message, SPEAKER_LABELS, ret_question);

    *ret_question = unquoted(marked ? *ret_question : view_trim(message));
    return marked;
}

/* ---- languages ------------------------------------------------------------------------------ */

/* The language of a question: titles and quotations say nothing about who wrote it. */
static enum sim_language question_language(struct view text)
{
    struct words_scripts all = {0};
    size_t from = 0;

    for (;;) {
        size_t at = text.len;
        size_t end = text.len;
        size_t quote_at;
        size_t quote_end;
        struct view inside;
        if (title_in(text, from, &at, &end) == NULL)
            at = end = text.len;
        if (words_quoted(text, from, text.len, &inside, &quote_at, &quote_end) && quote_at < at) {
            at = quote_at;
            end = quote_end;
        }
        struct words_scripts piece = words_scripts(view_slice(text, from, at));
        all.latin += piece.latin;
        all.kana += piece.kana;
        all.han += piece.han;
        if (at == text.len)
            break;
        from = end;
    }
    if (all.latin + all.kana + all.han == 0)
        all = words_scripts(text);
    return (all.kana + all.han) * 3 * 4 > all.latin && all.kana + all.han > 0 ? SIM_JA : SIM_EN;
}

static enum sim_language plain_language(struct view text)
{
    struct words_scripts scripts = words_scripts(text);

    return (scripts.kana + scripts.han) * 2 > scripts.latin ? SIM_JA : SIM_EN;
}

/* ---- the whole ------------------------------------------------------------------------------ */

struct parts {
    struct strbuf outside;
    struct strbuf documents;
    struct strbuf last; /* the last user message without its documents */
};

static void read_messages(const struct chat *chat, struct brief *brief, struct parts *parts)
{
    for (size_t i = 0; i < chat->message_count; i++) {
        const struct chat_message *message = &chat->messages[i];
        if (message->role == CHAT_ASSISTANT) {
            brief->prefill = i + 1 == chat->message_count ? message->text : brief->prefill;
            continue;
        }
        strbuf_reset(&parts->last);
        split_documents(message->text, &parts->last, &parts->documents);
        strbuf_add(&parts->outside, strbuf_view(&parts->last));
    }
}

static int fill(const struct chat *chat, struct arena *arena, struct parts *parts,
                struct brief *brief)
{
    struct view message;
    int code = strbuf_status(&parts->outside);

    if (code == 0)
        code = strbuf_status(&parts->documents);
    if (code == 0)
        code = strbuf_status(&parts->last);
    if (code == 0)
        code = arena_copy(arena,
                          view_slice(strbuf_view(&parts->outside), 0, BRIEF_INSTRUCTIONS_MAX_BYTES),
                          &brief->instructions);
    if (code == 0)
        code = arena_copy(arena,
                          view_slice(strbuf_view(&parts->documents), 0, BRIEF_DOCUMENTS_MAX_BYTES),
                          &brief->documents);
    if (code == 0)
        code = arena_copy(arena,
                          view_slice(strbuf_view(&parts->last), 0, BRIEF_INSTRUCTIONS_MAX_BYTES),
                          &message);
    if (code != 0)
        return ERR_MEMORY;

    bool marked = find_question(message, &brief->question);
    brief->lowered = words_lower(arena, brief->instructions);
    brief->question_lowered = words_lower(arena, brief->question);
    brief->message_lowered = words_lower(arena, message);
    if (brief->lowered.ptr == NULL || brief->question_lowered.ptr == NULL
        || brief->message_lowered.ptr == NULL)
        return ERR_MEMORY;
    brief->question_language = question_language(brief->question);
    brief->own_language = SIM_EN;
    if (view_trim(chat->system).len != 0)
        brief->own_language = plain_language(chat->system);
    else if (marked)
        brief->own_language =
            plain_language(view_slice(message, 0, (size_t)(brief->question.ptr - message.ptr)));
    return 0;
}

int brief_read(const struct chat *chat, struct arena *arena, struct brief **ret_brief)
{
    enum { SIDE_MAX_BYTES = 8 * 1024 * 1024 };
    struct brief *brief = arena_new(arena, 1, sizeof *brief);
    struct parts parts;

    if (brief == NULL)
        return ERR_MEMORY;
    strbuf_init(&parts.outside, SIDE_MAX_BYTES);
    strbuf_init(&parts.documents, SIDE_MAX_BYTES);
    strbuf_init(&parts.last, SIDE_MAX_BYTES);
    brief->system = chat->system;
    split_documents(chat->system, &parts.outside, &parts.documents);
    read_messages(chat, brief, &parts);
    int code = fill(chat, arena, &parts, brief);
    strbuf_release(&parts.outside);
    strbuf_release(&parts.documents);
    strbuf_release(&parts.last);
    if (code != 0)
        return code;

    facts_read(&brief->facts, brief->instructions, false);
    facts_read(&brief->facts, brief->documents, true);
    brief_read_instructions(brief);
    brief_read_subject(brief);
    *ret_brief = brief;
    return 0;
}
