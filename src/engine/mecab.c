/* SPDX-License-Identifier: Apache-2.0
 *
 * mecab: see mecab.h. Of the dictionary's files only the head of sys.dic is read here, as MeCab
 * 0.996 writes it: ten numbers of 32 bits (magic, version, type, …), then the character set's name
 * in 32 bytes. */
#include "engine/mecab.h"

#include <mecab.h>
#include <pthread.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "text/chars.h"

enum {
    PATH_LIMIT = 4096,
    CHARSET_AT = 40,
    CHARSET_SIZE = 32,
    BASE_FIELD = 6, /* 原形 */
    NODES_FIRST = 256,
};

/* What stands for a byte that is no text: known to no dictionary. */
static const char no_text = '\x01';

struct mecab {
    char *dir;
    pthread_mutex_t lock; /* of model */
    mecab_model_t *model; /* NULL until it was needed */
};

struct mecab_reader {
    struct mecab *mecab;
    mecab_t *tagger; /* NULL until it was needed */
    mecab_lattice_t *lattice;
    char piece[MECAB_CHUNK_BYTES_MAX + 1];
};

/* ---- finding it ----------------------------------------------------------------------------- */

static const char *const places[] = {
    "/var/lib/mecab/dic/ipadic-utf8",
    "/usr/share/mecab/dic/ipadic-utf8",
    "/var/lib/mecab/dic/debian",
    "/usr/lib64/mecab/dic/ipadic",
    "/usr/lib/mecab/dic/ipadic",
    "/usr/local/lib/mecab/dic/ipadic",
    "/usr/local/lib64/mecab/dic/ipadic",
    "/opt/homebrew/lib/mecab/dic/ipadic",
    "/opt/homebrew/opt/mecab-ipadic/lib/mecab/dic/ipadic",
};

static FILE *open_file(const char *dir, const char *name)
{
    struct strbuf path;
    FILE *file = NULL;

    strbuf_init(&path, PATH_LIMIT);
    strbuf_printf(&path, "%s/%s", dir, name);
    if (strbuf_status(&path) == 0)
        file = fopen(strbuf_text(&path), "rbe");
    strbuf_release(&path);
    return file;
}

/* The character set of DIR's dictionary; false where DIR holds none. */
static bool read_charset(const char *dir, char ret_charset[CHARSET_SIZE])
{
    static const char *const files[] = {"matrix.bin", "char.bin", "unk.dic", "dicrc"};
    char head[CHARSET_AT + CHARSET_SIZE];

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        FILE *file = open_file(dir, files[i]);
        if (file == NULL)
            return false;
        (void)fclose(file);
    }
    FILE *file = open_file(dir, "sys.dic");
    if (file == NULL)
        return false;
    bool is_read = fread(head, 1, sizeof head, file) == sizeof head;
    (void)fclose(file);
    if (!is_read)
        return false;
    memcpy(ret_charset, head + CHARSET_AT, CHARSET_SIZE);
    ret_charset[CHARSET_SIZE - 1] = '\0';
    return true;
}

static bool is_utf8_dictionary(const char *dir)
{
    char charset[CHARSET_SIZE];

    return read_charset(dir, charset)
           && (strcasecmp(charset, "utf-8") == 0 || strcasecmp(charset, "utf8") == 0);
}

static const char *usual_place(void)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (is_utf8_dictionary(places[i]))
            return places[i];
    return NULL;
}

bool mecab_present(const char *dir)
{
    return dir != NULL ? is_utf8_dictionary(dir) : usual_place() != NULL;
}

static int refuse(const char *dir, struct err *reterr)
{
    static const char remedy[] = "install mecab-ipadic-utf8 (Debian, Ubuntu; mecab-ipadic "
                                 "elsewhere), or set ASSAY_MECAB_DIR to the folder that holds "
                                 "sys.dic";
    char charset[CHARSET_SIZE];

    if (dir == NULL)
        return fail(reterr, ERR_IO, "no Japanese dictionary (MeCab, IPADIC in UTF-8) was found: %s",
                    remedy);
    if (read_charset(dir, charset))
        return fail(reterr, ERR_IO, "%s: holds a dictionary in '%s', not in UTF-8: %s", dir,
                    charset, remedy);
    return fail(reterr, ERR_IO, "%s: holds no MeCab dictionary: %s", dir, remedy);
}

int mecab_open(const char *dir, struct mecab **ret_mecab, struct err *reterr)
{
    const char *place = dir != NULL && is_utf8_dictionary(dir) ? dir : NULL;

    if (dir == NULL)
        place = usual_place();
    if (place == NULL)
        return refuse(dir, reterr);
    struct mecab *mecab = mem_new(1, sizeof *mecab);
    if (mecab == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the Japanese dictionary");
    size_t len = strlen(place);
    mecab->dir = mem_new(len + 1, 1);
    if (mecab->dir == NULL) {
        mem_free(mecab);
        return fail(reterr, ERR_MEMORY, "no memory for the Japanese dictionary");
    }
    memcpy(mecab->dir, place, len);
    assert_always(pthread_mutex_init(&mecab->lock, NULL) == 0);
    *ret_mecab = mecab;
    return 0;
}

void mecab_close(struct mecab *mecab)
{
    if (mecab == NULL)
        return;
    if (mecab->model != NULL)
        mecab_model_destroy(mecab->model);
    pthread_mutex_destroy(&mecab->lock);
    mem_free(mecab->dir);
    mem_free(mecab);
}

const char *mecab_dictionary(const struct mecab *mecab)
{
    return mecab->dir;
}

int mecab_load(struct mecab *mecab, struct err *reterr)
{
    char name[] = "assay", own[] = "-r", nothing[] = "/dev/null", at[] = "-d";
    char *arguments[] = {name, own, nothing, at, mecab->dir, NULL};

    pthread_mutex_lock(&mecab->lock);
    if (mecab->model == NULL)
        mecab->model = mecab_model_new(5, arguments);
    bool is_there = mecab->model != NULL;
    pthread_mutex_unlock(&mecab->lock);
    if (is_there)
        return 0;
    return fail(reterr, ERR_CORRUPT, "%s: the dictionary cannot be loaded: %s: install it again",
                mecab->dir, mecab_strerror(NULL));
}

/* ---- readers -------------------------------------------------------------------------------- */

int mecab_reader_new(struct mecab *mecab, struct mecab_reader **ret_reader, struct err *reterr)
{
    struct mecab_reader *reader = mem_new(1, sizeof *reader);

    if (reader == NULL)
        return fail(reterr, ERR_MEMORY, "no memory to read Japanese");
    reader->mecab = mecab;
    *ret_reader = reader;
    return 0;
}

void mecab_reader_free(struct mecab_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->lattice != NULL)
        mecab_lattice_destroy(reader->lattice);
    if (reader->tagger != NULL)
        mecab_destroy(reader->tagger);
    mem_free(reader);
}

static int wake(struct mecab_reader *reader)
{
    struct err ignored;

    if (reader->lattice != NULL)
        return 0;
    int code = mecab_load(reader->mecab, &ignored);
    if (code != 0)
        return code;
    if (reader->tagger == NULL)
        reader->tagger = mecab_model_new_tagger(reader->mecab->model);
    if (reader->tagger != NULL)
        reader->lattice = mecab_model_new_lattice(reader->mecab->model);
    return reader->lattice != NULL ? 0 : ERR_MEMORY;
}

/* ---- one word ------------------------------------------------------------------------------- */

/* The first row that begins the dictionary's description decides. */
static const struct {
    struct view start;
    enum morpheme_class kind;
} classes[] = {
    {VIEW("名詞,数"), MORPHEME_NUMBER},
    {VIEW("名詞,代名詞"), MORPHEME_WEAK_NOUN},
    {VIEW("名詞,非自立"), MORPHEME_WEAK_NOUN},
    {VIEW("名詞,接尾"), MORPHEME_WEAK_NOUN},
    {VIEW("名詞,特殊"), MORPHEME_WEAK_NOUN},
    {VIEW("名詞,接続詞的"), MORPHEME_WEAK_NOUN},
    {VIEW("名詞,動詞非自立的"), MORPHEME_WEAK_NOUN},
    {VIEW("名詞"), MORPHEME_NOUN},
    {VIEW("動詞,自立"), MORPHEME_VERB},
    {VIEW("動詞"), MORPHEME_WEAK_VERB},
    {VIEW("形容詞,自立"), MORPHEME_ADJECTIVE},
    {VIEW("形容詞"), MORPHEME_WEAK_VERB},
    {VIEW("副詞"), MORPHEME_ADVERB},
    {VIEW("助詞"), MORPHEME_PARTICLE},
    {VIEW("助動詞"), MORPHEME_AUXILIARY},
    {VIEW("記号"), MORPHEME_SIGN},
};

static bool has_letter(struct view word)
{
    for (size_t pos = 0; pos < word.len;) {
        enum char_kind kind = char_kind_of(utf8_next(word, &pos, NULL));
        if (kind != CHAR_SPACE && kind != CHAR_ASCII_SIGN && kind != CHAR_OTHER)
            return true;
    }
    return false;
}

/* IPADIC takes signs that it does not know, such as '(', for verbal nouns. */
static enum morpheme_class class_of(struct view feature, struct view surface, bool is_unknown)
{
    if (is_unknown && !has_letter(surface))
        return MORPHEME_SIGN;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (view_starts(feature, classes[i].start))
            return classes[i].kind;
    return MORPHEME_OTHER;
}

static struct view base_of(struct view feature, struct view surface)
{
    struct view rest = feature;
    struct view field = {NULL, 0};

    for (size_t i = 0; i <= BASE_FIELD; i++) {
        if (rest.ptr == NULL)
            return surface;
        field = view_split(&rest, ',');
    }
    return field.len == 0 || view_is(field, "*") ? surface : field;
}

static void describe(const mecab_node_t *node, struct view surface, size_t start,
                     struct morpheme *ret_morpheme)
{
    struct view feature = view_of(node->feature);
    bool is_unknown = node->stat == MECAB_UNK_NODE;
    long before = node->prev != NULL ? node->prev->cost : 0;

    *ret_morpheme = (struct morpheme){
        .start = start,
        .end = start + surface.len,
        .base = base_of(feature, surface),
        .kind = class_of(feature, surface, is_unknown),
        .is_unknown = is_unknown,
        .cost = (int32_t)(node->cost - before),
        .word_cost = node->wcost,
        .feature = feature,
    };
}

/* ---- a text --------------------------------------------------------------------------------- */

struct words {
    struct arena *arena;
    struct morpheme *items;
    size_t count;
    size_t room;
};

static int grow(struct words *words)
{
    size_t room = words->room != 0 ? words->room * 2 : NODES_FIRST;
    struct morpheme *grown = arena_new(words->arena, room, sizeof *grown);

    if (grown == NULL)
        return ERR_MEMORY;
    if (words->count != 0)
        memcpy(grown, words->items, words->count * sizeof *grown);
    words->items = grown;
    words->room = room;
    return 0;
}

/* The bytes of the next piece, at least one: a line, or as much of it as a piece holds up to its
 * last sentence end. */
static size_t piece_length(struct view text)
{
    static const struct view ends[] = {VIEW("。"), VIEW("！"), VIEW("？"), VIEW(". ")};
    struct view piece = utf8_cut(text, MECAB_CHUNK_BYTES_MAX);
    size_t line = view_find_byte(piece, '\n');

    if (line < piece.len)
        return line + 1;
    if (piece.len == text.len)
        return piece.len;
    for (size_t at = piece.len; at > piece.len / 2; at--)
        for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
            if (view_ends(view_slice(piece, 0, at), ends[i]))
                return at;
    return piece.len > 0 ? piece.len : 1;
}

/* The piece as text that MeCab can take, byte for byte as long. It ends with a NUL: behind a last
 * space MeCab looks for a word up to there, whatever length it was told. */
static void clean(struct view piece, char *ret_bytes)
{
    memcpy(ret_bytes, piece.ptr, piece.len);
    for (size_t pos = 0; pos < piece.len;) {
        size_t at = pos;
        bool is_bad = false;
        uint32_t codepoint = utf8_next(piece, &pos, &is_bad);
        if (is_bad || codepoint == 0)
            ret_bytes[at] = no_text;
    }
    ret_bytes[piece.len] = '\0';
}

static int analyse_piece(struct mecab_reader *reader, struct view text, size_t start, size_t len,
                         struct words *words)
{
    clean(view_slice(text, start, start + len), reader->piece);
    mecab_lattice_set_sentence2(reader->lattice, reader->piece, len);
    if (mecab_parse_lattice(reader->tagger, reader->lattice) == 0)
        return ERR_MEMORY;
    for (const mecab_node_t *node = mecab_lattice_get_bos_node(reader->lattice); node != NULL;
         node = node->next) {
        if (node->stat != MECAB_NOR_NODE && node->stat != MECAB_UNK_NODE)
            continue;
        int code = words->count == words->room ? grow(words) : 0;
        if (code != 0)
            return code;
        size_t at = start + (size_t)(node->surface - reader->piece);
        describe(node, view_slice(text, at, at + node->length), at, &words->items[words->count]);
        words->count++;
    }
    return 0;
}

static int analyse(void *context, struct arena *arena, struct view text,
                   const struct morpheme **ret_morphemes, size_t *ret_count)
{
    struct mecab_reader *reader = context;
    struct view seen = utf8_cut(text, MORPHOLOGY_TEXT_MAX);
    struct words words = {.arena = arena};
    int code = wake(reader);

    for (size_t start = 0; start < seen.len && code == 0;) {
        size_t len = piece_length(view_slice(seen, start, seen.len));
        code = analyse_piece(reader, seen, start, len, &words);
        start += len;
    }
    if (reader->lattice != NULL)
        mecab_lattice_clear(reader->lattice);
    if (code != 0)
        return code;
    *ret_morphemes = words.items;
    *ret_count = words.count;
    return 0;
}

struct morphology mecab_morphology(struct mecab_reader *reader)
{
    return (struct morphology){.analyse = analyse, .context = reader};
}
