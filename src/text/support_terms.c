/* SPDX-License-Identifier: Apache-2.0
 *
 * support_terms: the content words of a text as 64-bit keys, and the table that counts them.
 *
 * English endings are cut as in the first step of Porter's stemmer (M. F. Porter, "An algorithm for
 * suffix stripping", 1980): enough for plurals and verb forms, not for meaning. */
#include "text/support_internal.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "text/chars.h"

enum { FIRST_ROOM = 256, LETTERS_MAX = 48, STEM_MIN = 4, MORPHEMES_MEMORY_MAX = 256 * 1024 * 1024 };

static const uint64_t TERM_SEED = 0x7465726d73;

/* ---- the table ------------------------------------------------------------------------------- */

void key_table_release(struct key_table *table)
{
    mem_free(table->keys);
    mem_free(table->values);
    *table = (struct key_table){0};
}

/* Where the key is or would go. */
static size_t slot_of(const struct key_table *table, uint64_t key)
{
    size_t slot = (size_t)(key ^ key >> 32) & (table->room - 1);

    while (table->keys[slot] != 0 && table->keys[slot] != key)
        slot = (slot + 1) & (table->room - 1);
    return slot;
}

static bool grow(struct key_table *table)
{
    struct key_table larger = {.room = table->room == 0 ? FIRST_ROOM : 2 * table->room};

    larger.keys = mem_new(larger.room, sizeof *larger.keys);
    larger.values = mem_new(larger.room, sizeof *larger.values);
    if (larger.keys == NULL || larger.values == NULL) {
        key_table_release(&larger);
        return false;
    }
    for (size_t i = 0; i < table->room; i++) {
        if (table->keys[i] == 0)
            continue;
        size_t slot = slot_of(&larger, table->keys[i]);
        larger.keys[slot] = table->keys[i];
        larger.values[slot] = table->values[i];
    }
    larger.count = table->count;
    key_table_release(table);
    *table = larger;
    return true;
}

uint32_t *key_table_put(struct key_table *table, uint64_t key, uint32_t fresh)
{
    key += key == 0;
    if (2 * (table->count + 1) > table->room && !grow(table))
        return NULL;
    size_t slot = slot_of(table, key);
    if (table->keys[slot] == 0) {
        table->keys[slot] = key;
        table->values[slot] = fresh;
        table->count++;
    }
    return &table->values[slot];
}

const uint32_t *key_table_get(const struct key_table *table, uint64_t key)
{
    key += key == 0;
    if (table->room == 0)
        return NULL;
    size_t slot = slot_of(table, key);
    return table->keys[slot] != 0 ? &table->values[slot] : NULL;
}

/* FNV-1a with a last mix (splitmix64's). Who chooses texts so that two keys are one only makes his
 * own words count as supported. */
uint64_t support_hash(struct view bytes, uint64_t seed)
{
    uint64_t hash = 0xcbf29ce484222325 ^ seed;

    for (size_t i = 0; i < bytes.len; i++)
        hash = (hash ^ (unsigned char)bytes.ptr[i]) * 0x100000001b3;
    hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9;
    hash = (hash ^ hash >> 27) * 0x94d049bb133111eb;
    return hash ^ hash >> 31;
}

/* ---- English --------------------------------------------------------------------------------- */

/* In the order of the alphabet. */
static const char *const stop_words[] = {
    "a",     "about", "after",  "all",    "also",   "an",    "and",   "any",  "are",   "as",
    "at",    "be",    "been",   "before", "being",  "but",   "by",    "can",  "could", "did",
    "do",    "does",  "during", "for",    "from",   "had",   "has",   "have", "he",    "her",
    "his",   "how",   "i",      "if",     "in",     "into",  "is",    "it",   "its",   "may",
    "me",    "more",  "most",   "my",     "no",     "nor",   "not",   "of",   "on",    "or",
    "other", "our",   "s",      "she",    "should", "so",    "some",  "such", "t",     "than",
    "that",  "the",   "their",  "them",   "then",   "there", "these", "they", "this",  "those",
    "to",    "too",   "up",     "us",     "very",   "was",   "we",    "were", "what",  "when",
    "where", "which", "while",  "who",    "will",   "with",  "would", "you",  "your",
};

static bool is_stop_word(const char *word)
{
    int low = 0;
    int high = (int)(sizeof stop_words / sizeof stop_words[0]) - 1;

    while (low <= high) {
        int middle = (low + high) / 2;
        int order = strcmp(stop_words[middle], word);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return false;
}

static bool ends_in(const char *word, size_t len, const char *suffix)
{
    size_t suffix_len = strlen(suffix);
    return len >= suffix_len + 3 && memcmp(word + len - suffix_len, suffix, suffix_len) == 0;
}

/* Cuts plural and verb endings; the new length. */
static size_t stem(char *word, size_t len)
{
    if (len < STEM_MIN)
        return len;
    if (ends_in(word, len, "ies")) {
        word[len - 3] = 'y';
        return len - 2;
    }
    if (ends_in(word, len, "sses"))
        return len - 2;
    if (word[len - 1] == 's' && word[len - 2] != 's' && word[len - 2] != 'u')
        len--;
    if (ends_in(word, len, "ing"))
        len -= 3;
    else if (ends_in(word, len, "ed"))
        len -= 2;
    else if (ends_in(word, len, "ly"))
        len -= 2;
    if (len > 3 && word[len - 1] == word[len - 2] && word[len - 1] != 'l' && word[len - 1] != 's')
        len--;
    if (len > 3 && word[len - 1] == 'e')
        len--;
    if (len > 3 && word[len - 1] == 'i')
        word[len - 1] = 'y';
    return len;
}

/* ---- walking --------------------------------------------------------------------------------- */

static bool is_word_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z')
           || (byte >= '0' && byte <= '9');
}

/* A Latin word or a number at *pos. */
static int emit_ascii(struct view text, size_t *pos, terms_emit *emit, void *context)
{
    char word[LETTERS_MAX + 1];
    size_t len = 0;
    bool digits = true;
    bool cut = false;

    for (; *pos < text.len; (*pos)++) {
        char byte = text.ptr[*pos];
        bool comma = byte == ',' && digits && len > 0 && *pos + 1 < text.len
                     && text.ptr[*pos + 1] >= '0' && text.ptr[*pos + 1] <= '9';
        if (comma)
            continue;
        if (!is_word_byte(byte))
            break;
        if (byte >= 'A' && byte <= 'Z')
            byte = (char)(byte | 0x20);
        digits = digits && byte >= '0' && byte <= '9';
        if (len < LETTERS_MAX)
            word[len++] = byte;
        else
            cut = true;
    }
    word[len] = '\0';
    if ((len == 1 && !digits) || is_stop_word(word))
        return 0;
    if (!digits && !cut)
        len = stem(word, len);
    return emit(context, support_hash(view_make(word, len), TERM_SEED));
}

/* Katakana runs whole, kanji in pairs (one alone as itself); hiragana says little. */
struct kana_state {
    enum char_kind kind;
    size_t start;  /* of the run */
    size_t before; /* of the kanji before */
    unsigned count;
};

static int end_run(struct view text, struct kana_state *run, size_t end, terms_emit *emit,
                   void *context)
{
    bool whole = (run->kind == CHAR_KATAKANA && run->count >= 2)
                 || (run->kind == CHAR_HAN && run->count == 1) || run->kind == CHAR_HANGUL
                 || run->kind == CHAR_LETTER;
    struct view term = view_slice(text, run->start, end);

    run->kind = CHAR_OTHER;
    run->count = 0;
    return whole ? emit(context, support_hash(term, TERM_SEED)) : 0;
}

static int emit_by_characters(struct view text, terms_emit *emit, void *context)
{
    struct kana_state run = {.kind = CHAR_OTHER};
    int status = 0;

    for (size_t pos = 0; pos < text.len && status == 0;) {
        size_t start = pos;
        if (is_word_byte(text.ptr[pos])) {
            status = end_run(text, &run, pos, emit, context);
            if (status == 0)
                status = emit_ascii(text, &pos, emit, context);
            continue;
        }
        enum char_kind kind = char_kind_of(utf8_next(text, &pos, NULL));
        if (kind != run.kind) {
            status = end_run(text, &run, start, emit, context);
            run.kind = kind;
            run.start = start;
        }
        run.count++;
        if (status == 0 && kind == CHAR_HAN && run.count > 1)
            status = emit(context, support_hash(view_slice(text, run.before, pos), TERM_SEED));
        run.before = start;
    }
    return status != 0 ? status : end_run(text, &run, text.len, emit, context);
}

static bool is_content(const struct morpheme *morpheme)
{
    switch (morpheme->kind) {
    case MORPHEME_NOUN:
    case MORPHEME_VERB:
    case MORPHEME_ADJECTIVE:
        return true;
    case MORPHEME_NUMBER:
    case MORPHEME_WEAK_NOUN:
    case MORPHEME_WEAK_VERB:
    case MORPHEME_ADVERB:
    case MORPHEME_PARTICLE:
    case MORPHEME_AUXILIARY:
    case MORPHEME_SIGN:
    case MORPHEME_OTHER:
        return false;
    }
    return false;
}

static int emit_ascii_words(struct view text, terms_emit *emit, void *context)
{
    int status = 0;

    for (size_t pos = 0; pos < text.len && status == 0;) {
        if (is_word_byte(text.ptr[pos]))
            status = emit_ascii(text, &pos, emit, context);
        else
            pos++;
    }
    return status;
}

static int emit_morphemes(struct view text, const struct morphology *morphology, terms_emit *emit,
                          void *context)
{
    int status = emit_ascii_words(text, emit, context);

    while (status == 0 && text.len > 0) {
        struct arena arena;
        const struct morpheme *morphemes = NULL;
        size_t count = 0;
        struct view piece = utf8_cut(text, MORPHOLOGY_TEXT_MAX);
        if (piece.len == 0)
            piece = view_slice(text, 0, MORPHOLOGY_TEXT_MAX);
        arena_init(&arena, MORPHEMES_MEMORY_MAX);
        status = morphology->analyse(morphology->context, &arena, piece, &morphemes, &count);
        for (size_t i = 0; status == 0 && i < count; i++) {
            struct view base = morphemes[i].base;
            if (is_content(&morphemes[i]) && base.len > 0 && (unsigned char)base.ptr[0] >= 0x80)
                status = emit(context, support_hash(base, TERM_SEED));
        }
        arena_release(&arena);
        text = view_slice(text, piece.len, text.len);
    }
    return status;
}

static bool has_japanese(struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] >= 0xe3)
            return true;
    }
    return false;
}

int terms_of(struct view text, const struct morphology *morphology, terms_emit *emit, void *context)
{
    if (morphology != NULL && has_japanese(text))
        return emit_morphemes(text, morphology, emit, context);
    return emit_by_characters(text, emit, context);
}

/* ---- folding --------------------------------------------------------------------------------- */

size_t support_fold(struct view text, char *out)
{
    size_t len = 0;

    for (size_t pos = 0; pos < text.len;) {
        size_t start = pos;
        char byte = text.ptr[pos];
        if ((unsigned char)byte < 0x80) {
            pos++;
            if (is_word_byte(byte))
                out[len++] = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
            continue;
        }
        enum char_kind kind = char_kind_of(utf8_next(text, &pos, NULL));
        if (kind == CHAR_SPACE || kind == CHAR_OTHER)
            continue;
        memcpy(out + len, text.ptr + start, pos - start);
        len += pos - start;
    }
    return len;
}
