/* SPDX-License-Identifier: Apache-2.0
 *
 * coverage: see coverage.h. Entries are put into cells; coverage_gaps.c says what is thin;
 * coverage_write.c writes it. */
#include "core/golden/coverage_internal.h"

#include <math.h>
#include <stdlib.h>

#include "text/language.h"

/* (z_.95 + z_.80), as in stats/effect.h. */
static const double POWER = 2.486;

/* ---- what an entry is ------------------------------------------------------------------------ */

static const char *const languages[] = {"ja", "en", "zh", "ko", "de", "fr", "es", "it",    "pt",
                                        "nl", "ru", "ar", "hi", "th", "vi", "id", "mixed", NULL};

bool coverage_is_language(struct view tag)
{
    for (size_t i = 0; languages[i] != NULL; i++)
        if (view_is(tag, languages[i]))
            return true;
    return false;
}

/* All texts of its variables, one a line. */
static int texts_of(const struct golden_entry *entry, struct strbuf *out)
{
    for (const struct json *value = entry->vars != NULL ? entry->vars->child : NULL; value != NULL;
         value = value->next)
        if (value->kind == JSON_STRING) {
            strbuf_add(out, value->text);
            strbuf_add_byte(out, '\n');
        }
    return strbuf_status(out);
}

static int language_of(struct arena *arena, const struct golden_entry *entry,
                       struct view *ret_language)
{
    enum { TEXTS_MAX = 1 << 20 };
    struct language_result result;
    struct strbuf texts;

    *ret_language = entry->expect.language;
    if (entry->expect.language.len > 0 && !view_is(entry->expect.language, "any"))
        return 0;
    for (size_t i = 0; i < entry->tags.count; i++)
        if (coverage_is_language(entry->tags.items[i])) {
            *ret_language = entry->tags.items[i];
            return 0;
        }
    strbuf_init(&texts, TEXTS_MAX);
    int code = texts_of(entry, &texts);
    if (code == ERR_LIMIT) /* what was taken is enough to tell */
        code = 0;
    if (code == 0)
        code = language_detect(strbuf_view(&texts), view_of(""), &result);
    strbuf_release(&texts);
    return code == 0 ? arena_copy(arena, view_of(result.detected), ret_language) : code;
}

static struct view type_of(const struct golden_set *set, const struct golden_entry *entry)
{
    for (size_t i = 0; i < entry->tags.count; i++)
        if (!coverage_is_language(entry->tags.items[i]))
            return entry->tags.items[i];
    struct view name = set->prompts[entry->prompt].name;
    return name.len > 0 ? name : view_of("-");
}

static struct view format_of(const struct golden_entry *entry)
{
    static const char *const formats[] = {
        [EXPECT_FORMAT_NONE] = "any",
        [EXPECT_FORMAT_TEXT] = "text",
        [EXPECT_FORMAT_JSON] = "json",
        [EXPECT_FORMAT_MARKDOWN] = "markdown",
    };

    return view_of(formats[entry->expect.format]);
}

bool coverage_has_checks(const struct golden_entry *entry)
{
    const struct expect *expect = &entry->expect;

    return expect->keywords.count > 0 || expect->forbidden.count > 0 || expect->check_count > 0
           || expect->format != EXPECT_FORMAT_NONE || expect->command.count > 0
           || expect->min_chars >= 0 || expect->max_chars >= 0
           || (expect->language.len > 0 && !view_is(expect->language, "any"));
}

/* ---- cells ----------------------------------------------------------------------------------- */

struct cells {
    struct coverage_cell *items;
    size_t count;
};

static struct coverage_cell *find_cell(const struct cells *cells, const struct coverage_cell *key)
{
    for (size_t i = 0; i < cells->count; i++)
        if (view_equal(cells->items[i].language, key->language)
            && view_equal(cells->items[i].type, key->type)
            && view_equal(cells->items[i].format, key->format))
            return &cells->items[i];
    return NULL;
}

/* The cell of that key; past the most there are, that of "(others)", which is one more. */
static struct coverage_cell *cell_of(struct cells *cells, struct view language, struct view type,
                                     struct view format)
{
    struct coverage_cell key = {.language = language, .type = type, .format = format};
    struct coverage_cell *cell = find_cell(cells, &key);

    if (cell == NULL && cells->count >= COVERAGE_CELLS_MAX) {
        key.language = key.type = view_of("(others)");
        key.format = view_of("any");
        cell = find_cell(cells, &key);
    }
    if (cell == NULL) {
        cell = &cells->items[cells->count++];
        *cell = key;
    }
    return cell;
}

static void count_entry(struct coverage_cell *cell, const struct golden_entry *entry)
{
    cell->entries++;
    cell->with_keywords += entry->expect.keywords.count > 0;
    cell->with_forbidden += entry->expect.forbidden.count > 0;
    cell->with_checks += coverage_has_checks(entry);
}

static int compare_cells(const void *left, const void *right)
{
    const struct coverage_cell *a = left;
    const struct coverage_cell *b = right;
    int order = view_compare(a->language, b->language);

    if (order == 0)
        order = view_compare(a->type, b->type);
    return order != 0 ? order : view_compare(a->format, b->format);
}

static void finish(struct cells *cells, double noise, uint32_t repeat)
{
    qsort(cells->items, cells->count, sizeof *cells->items, compare_cells);
    for (size_t i = 0; i < cells->count; i++) {
        struct coverage_cell *cell = &cells->items[i];
        cell->least_micro =
            (int64_t)llround(POWER * noise * sqrt(2.0 / repeat / (double)cell->entries));
    }
}

struct matrix {
    struct cells cells;
    struct cells by_language;
    struct cells by_type;
    struct cells all;
};

static int make_room(struct arena *arena, struct matrix *matrix)
{
    struct cells *const parts[] = {&matrix->cells, &matrix->by_language, &matrix->by_type,
                                   &matrix->all};

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        parts[i]->items = arena_new(arena, COVERAGE_CELLS_MAX + 1, sizeof(struct coverage_cell));
        if (parts[i]->items == NULL)
            return ERR_MEMORY;
    }
    return 0;
}

static int fill(struct arena *arena, const struct golden_set *set, struct matrix *matrix)
{
    struct view none = view_of("");

    for (size_t i = 0; i < set->entry_count; i++) {
        const struct golden_entry *entry = &set->entries[i];
        struct view type = type_of(set, entry);
        struct view language;
        int code = language_of(arena, entry, &language);
        if (code != 0)
            return code;
        count_entry(cell_of(&matrix->cells, language, type, format_of(entry)), entry);
        count_entry(cell_of(&matrix->by_language, language, none, none), entry);
        count_entry(cell_of(&matrix->by_type, none, type, none), entry);
        count_entry(cell_of(&matrix->all, none, none, none), entry);
    }
    return 0;
}

int coverage_of(struct arena *arena, const struct golden_set *set,
                const struct coverage_options *options, struct coverage *ret_coverage)
{
    struct matrix matrix;
    bool is_assumed = options->noise_micro < 0;
    struct coverage coverage = {
        .repeat = options->repeat > 0 ? options->repeat : 1,
        .noise_micro = is_assumed ? COVERAGE_NOISE_ASSUMED_MICRO : options->noise_micro,
        .noise_is_assumed = is_assumed,
    };

    int code = make_room(arena, &matrix);
    matrix.cells.count = matrix.by_language.count = matrix.by_type.count = matrix.all.count = 0;
    if (code == 0)
        code = fill(arena, set, &matrix);
    if (code != 0)
        return code;
    struct cells *const parts[] = {&matrix.cells, &matrix.by_language, &matrix.by_type,
                                   &matrix.all};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        finish(parts[i], (double)coverage.noise_micro, coverage.repeat);
    coverage.cells = matrix.cells.items;
    coverage.cell_count = matrix.cells.count;
    coverage.languages = matrix.by_language.items;
    coverage.language_count = matrix.by_language.count;
    coverage.types = matrix.by_type.items;
    coverage.type_count = matrix.by_type.count;
    if (matrix.all.count > 0)
        coverage.all = matrix.all.items[0];
    code = coverage_find_gaps(arena, set, &coverage);
    if (code == 0)
        *ret_coverage = coverage;
    return code;
}

/* ---- noise ----------------------------------------------------------------------------------- */

int64_t coverage_noise(const struct baseline *baseline)
{
    double squares = 0;
    double freedom = 0;

    for (size_t i = 0; i < baseline->entry_count; i++) {
        const struct baseline_entry *entry = &baseline->entries[i];
        double sum = 0;
        double count = 0;
        for (size_t j = 0; j < entry->answer_count; j++)
            if (entry->answers[j].score.total_micro != SCORE_ABSENT) {
                sum += entry->answers[j].score.total_micro;
                count++;
            }
        if (count < 2)
            continue;
        for (size_t j = 0; j < entry->answer_count; j++)
            if (entry->answers[j].score.total_micro != SCORE_ABSENT) {
                double apart = entry->answers[j].score.total_micro - sum / count;
                squares += apart * apart;
            }
        freedom += count - 1;
    }
    return freedom > 0 ? (int64_t)llround(sqrt(squares / freedom)) : -1;
}
