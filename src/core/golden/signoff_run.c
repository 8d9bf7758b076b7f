/* SPDX-License-Identifier: Apache-2.0
 *
 * signoff_run: sign-offs and a judged run, see signoff.h. */
#include "base/map.h"
#include "core/golden/signoff.h"

enum { KEY_BYTES_MAX = 8192 };

/* ---- a run's regressions, signed ------------------------------------------------------------ */

static bool is_major(const struct run_entry *entry)
{
    return entry->baseline != NULL && entry->scored_count > 0 && entry->severity == SEVERITY_MAJOR
           && !entry->is_quarantined;
}

static int hash_params(struct arena *arena, struct view params, struct view *ret_hash)
{
    char hash[DIGEST_SHORT_SIZE];

    digest_short(params, hash);
    return arena_copy(arena, view_of(hash), ret_hash);
}

static int entry_of(struct arena *arena, const struct run_entry *from, struct signoff_entry *entry)
{
    struct view *failed = arena_new(arena, from->failed_count, sizeof *failed);

    if (failed == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < from->failed_count; i++)
        failed[i] = from->failed[i].check;
    *entry = (struct signoff_entry){
        .id = from->id,
        .target = from->target,
        .version = from->prompt_hash,
        .model = from->model,
        .drop_micro = from->drop_micro,
        .failed = failed,
        .failed_count = from->failed_count,
    };
    return hash_params(arena, from->params, &entry->params);
}

static int refuse(const struct run_entry *entry, const char *id, struct err *reterr)
{
    if (entry == NULL)
        return fail(reterr, ERR_CONFIG, "the run has no entry '%s'", id);
    if (entry->severity == SEVERITY_CRITICAL && entry->baseline != NULL)
        return fail(
            reterr, ERR_CONFIG,
            "'%.*s' is a critical regression, which nobody can sign off: mend it, or accept "
            "its new answers with 'assay baseline --update %.*s'",
            VIEW_ARG(entry->id), VIEW_ARG(entry->id));
    return fail(reterr, ERR_CONFIG,
                "'%.*s' is no major regression of this run, so there is nothing "
                "to sign off",
                VIEW_ARG(entry->id));
}

static int check_named(const struct run *run, const char *id, struct err *reterr)
{
    const struct run_entry *found = NULL;

    for (size_t i = 0; i < run->entry_count; i++) {
        if (!view_is(run->entries[i].id, id))
            continue;
        found = &run->entries[i];
        if (is_major(found))
            return 0;
    }
    return refuse(found, id, reterr);
}

static bool is_named(const struct run_entry *entry, const char *const *ids, size_t id_count)
{
    for (size_t i = 0; i < id_count; i++)
        if (view_is(entry->id, ids[i]))
            return true;
    return id_count == 0;
}

static int nothing_major(const struct run *run, struct err *reterr)
{
    for (size_t i = 0; i < run->entry_count; i++)
        if (run->entries[i].severity == SEVERITY_CRITICAL)
            return refuse(&run->entries[i], "", reterr);
    return fail(reterr, ERR_CONFIG, "run %.*s has no major regression to sign off",
                VIEW_ARG(run->id));
}

int signoff_from_run(struct arena *arena, const struct run *run, const char *const *ids,
                     size_t id_count, struct signoff *ret_signoff, struct err *reterr)
{
    struct signoff_entry *entries = arena_new(arena, run->entry_count, sizeof *entries);
    size_t count = 0;

    if (entries == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for a sign-off");
    for (size_t i = 0; i < id_count; i++) {
        int code = check_named(run, ids[i], reterr);
        if (code != 0)
            return code;
    }
    for (size_t i = 0; i < run->entry_count; i++) {
        if (!is_major(&run->entries[i]) || !is_named(&run->entries[i], ids, id_count))
            continue;
        if (!signoff_is_version(run->entries[i].prompt_hash))
            return fail(reterr, ERR_CONFIG,
                        "'%.*s': the run does not say with which version of its template it was "
                        "asked, which a sign-off holds for: name a run of 'assay test'",
                        VIEW_ARG(run->entries[i].id));
        if (count == SIGNOFF_ENTRIES_MAX)
            return fail(reterr, ERR_CONFIG, "more than %d major regressions: mend the prompt",
                        SIGNOFF_ENTRIES_MAX);
        if (entry_of(arena, &run->entries[i], &entries[count++]) != 0)
            return fail(reterr, ERR_MEMORY, "no memory for a sign-off");
    }
    if (count == 0)
        return nothing_major(run, reterr);
    ret_signoff->entries = entries;
    ret_signoff->entry_count = count;
    return 0;
}

/* ---- sign-offs, held against a run ---------------------------------------------------------- */

/* A sign-off of one entry, the newest of it. */
struct found {
    const struct signoff *signoff;
    const struct signoff_entry *entry;
};

static int key_of(struct view suite, struct view id, struct view target, struct strbuf *key)
{
    strbuf_reset(key);
    strbuf_printf(key, "%.*s\n%.*s\n%.*s", VIEW_ARG(suite), VIEW_ARG(id), VIEW_ARG(target));
    return strbuf_status(key);
}

/* Later lines replace earlier ones of the same entry. The map borrows its keys. */
static int index_all(const struct signoffs *signoffs, struct arena *arena, struct map *index)
{
    struct strbuf key;
    int code = 0;

    strbuf_init(&key, KEY_BYTES_MAX);
    for (size_t i = 0; i < signoffs->count && code == 0; i++)
        for (size_t j = 0; j < signoffs->items[i].entry_count && code == 0; j++) {
            const struct signoff *signoff = &signoffs->items[i];
            const struct signoff_entry *entry = &signoff->entries[j];
            struct found *found = arena_new(arena, 1, sizeof *found);
            struct view copy;
            code =
                found != NULL ? key_of(signoff->suite, entry->id, entry->target, &key) : ERR_MEMORY;
            if (code == ERR_LIMIT) {
                code = 0; /* no entry of ours has such a name */
                continue;
            }
            if (code == 0)
                code = arena_copy(arena, strbuf_view(&key), &copy);
            if (code != 0)
                break;
            *found = (struct found){signoff, entry};
            code = map_put(index, copy, found);
        }
    strbuf_release(&key);
    return code;
}

static bool has_failed(const struct signoff_entry *entry, struct view check)
{
    for (size_t i = 0; i < entry->failed_count; i++)
        if (view_equal(entry->failed[i], check))
            return true;
    return false;
}

/* Why the sign-off does not hold, in the arena; NULL where it does. */
static const char *lapsed(const struct found *found, const struct run_entry *entry,
                          struct view params, const char *today, struct arena *arena)
{
    const struct signoff_entry *then = found->entry;
    static const char no_memory[] = "no memory to say why";
    const char *why = NULL;

    if (found->signoff->expires.len != 0
        && view_compare(view_of(today), found->signoff->expires) > 0)
        why = arena_printf(arena, "it expired on %.*s", VIEW_ARG(found->signoff->expires));
    else if (!view_equal(then->version, entry->prompt_hash))
        why = arena_printf(arena, "its template changed since (%.*s then, %.*s now)",
                           VIEW_ARG(then->version), VIEW_ARG(entry->prompt_hash));
    else if (!view_equal(then->model, entry->model))
        why = arena_printf(arena, "its model changed since (%.200s then)",
                           arena_string(arena, then->model));
    else if (!view_equal(then->params, params))
        why = "its parameters changed since";
    else if (entry->drop_micro > then->drop_micro + SIGNOFF_TOLERANCE_MICRO)
        why = arena_printf(arena, "it fell further (by %.3f then, by %.3f now)",
                           (double)then->drop_micro / MICRO, (double)entry->drop_micro / MICRO);
    else {
        for (size_t i = 0; i < entry->failed_count; i++)
            if (!has_failed(then, entry->failed[i].check))
                return arena_printf(arena, "the check %.*s fails now that did not then",
                                    VIEW_ARG(entry->failed[i].check));
        return NULL;
    }
    return why != NULL ? why : no_memory;
}

static int weigh(const struct map *index, struct run *run, struct run_entry *entry,
                 const char *today, struct arena *arena)
{
    struct strbuf key;
    struct view params;

    strbuf_init(&key, KEY_BYTES_MAX);
    int code = key_of(run->suite, entry->id, entry->target, &key);
    const struct found *found = code == 0 ? map_get(index, strbuf_view(&key)) : NULL;
    strbuf_release(&key);
    if (found == NULL)
        return code == ERR_LIMIT ? 0 : code;
    code = hash_params(arena, entry->params, &params);
    if (code != 0)
        return code;
    const char *why = lapsed(found, entry, params, today, arena);
    entry->is_signed_off = why == NULL;
    if (why == NULL)
        entry->signed_off_by = found->signoff->by;
    else
        entry->signoff_lapsed = view_of(why);
    return 0;
}

int signoff_apply(const struct signoffs *signoffs, struct run *run, const char *today,
                  struct arena *arena)
{
    struct map index;
    int code;

    map_init(&index, (size_t)1 << 24, 12);
    code = index_all(signoffs, arena, &index);
    for (size_t i = 0; i < run->entry_count && code == 0; i++) {
        struct run_entry *entry = &run->entries[i];
        entry->is_signed_off = false;
        entry->signoff_lapsed = (struct view){"", 0};
        if (is_major(entry))
            code = weigh(&index, run, entry, today, arena);
    }
    map_release(&index);
    return code;
}
