/* SPDX-License-Identifier: Apache-2.0
 *
 * history_family: what makes results of different runs comparable, and the keys under which entries
 * are stored: see history.h. */
#include "app/history.h"
#include "base/digest.h"

enum { TEXT_BYTES_MAX = 1 << 20, ERRORS_PER_MAX = 50 };

/* Parts apart by a byte that none of them holds. */
static void add_part(struct strbuf *text, struct view part)
{
    strbuf_add(text, part);
    strbuf_add_byte(text, '\0');
}

const char *history_entry_family(const struct run *run, const struct run_entry *entry,
                                 struct arena *arena)
{
    char hex[DIGEST_SHORT_SIZE];
    struct strbuf text;

    strbuf_init(&text, TEXT_BYTES_MAX);
    add_part(&text, entry->prompt_hash);
    add_part(&text, entry->model);
    add_part(&text, entry->params);
    add_part(&text, run->scorer);
    add_part(&text, run->golden_version);
    add_part(&text, run->baseline_version);
    bool is_whole = strbuf_status(&text) == 0;
    digest_short(strbuf_view(&text), hex);
    strbuf_release(&text);
    return is_whole ? arena_string(arena, view_of(hex)) : NULL;
}

/* A run that lacks entries has another mean for that reason alone. */
static bool is_partial(const struct run *run)
{
    return run->interrupted || run->gate.errors * ERRORS_PER_MAX > run->entry_count;
}

/* Adds up what the entries are, in whatever order they stand. */
static int sum_entries(const struct run *run, uint64_t sums[DIGEST_SIZE / 8])
{
    struct arena arena;
    int code = 0;

    arena_init(&arena, TEXT_BYTES_MAX);
    for (size_t i = 0; i < run->entry_count && code == 0; i++) {
        const struct run_entry *entry = &run->entries[i];
        const char *family = history_entry_family(run, entry, &arena);
        const char *key = history_key(entry, &arena);
        const char *both =
            family != NULL && key != NULL ? arena_printf(&arena, "%s %s", family, key) : NULL;
        struct digest digest = digest_of(view_of(both));
        uint64_t parts[DIGEST_SIZE / 8];
        memcpy(parts, digest.bytes, sizeof parts);
        for (size_t j = 0; j < DIGEST_SIZE / 8; j++)
            sums[j] += parts[j];
        code = both != NULL ? 0 : ERR_MEMORY;
        arena_release(&arena);
    }
    return code;
}

const char *history_run_family(const struct run *run, struct arena *arena)
{
    uint64_t sums[DIGEST_SIZE / 8] = {0};
    char hex[DIGEST_SHORT_SIZE];

    if (is_partial(run))
        return "";
    if (sum_entries(run, sums) != 0)
        return NULL;
    digest_short(view_make(sums, sizeof sums), hex);
    return arena_string(arena, view_of(hex));
}

const char *history_key(const struct run_entry *entry, struct arena *arena)
{
    return arena_printf(arena, "%.*s @%.*s", VIEW_ARG(entry->id), VIEW_ARG(entry->target));
}

/* Where the last " @" stands; the end where there is none. */
static size_t middle_of(struct view key)
{
    for (size_t i = key.len; i-- > 1;)
        if (key.ptr[i - 1] == ' ' && key.ptr[i] == '@')
            return i - 1;
    return key.len;
}

struct view history_key_entry(struct view key)
{
    return view_slice(key, 0, middle_of(key));
}

struct view history_key_target(struct view key)
{
    return view_slice(key, middle_of(key) + 2, key.len);
}
