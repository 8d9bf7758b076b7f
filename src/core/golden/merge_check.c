/* SPDX-License-Identifier: Apache-2.0
 *
 * merge_check: whether runs are the shards of one run. What must be equal is a table. */
#include <stdio.h>

#include "base/map.h"
#include "base/strbuf.h"
#include "core/golden/merge.h"
#include "core/golden/shard.h"

enum { NAMES_MAX = 8 };

static const size_t ENTRIES_MAX = (size_t)1 << 30;

/* What all shards have in common, as text. */
static const struct {
    const char *what;
    size_t at;
    const char *helps;
} texts[] = {
    {"kind", offsetof(struct run, kind), "give the reports of one run"},
    {"suite", offsetof(struct run, suite), "give the reports of one run"},
    {"golden set's version", offsetof(struct run, golden_version),
     "the golden set changed between the shards: run them again on one state of it"},
    {"baseline's version", offsetof(struct run, baseline_version),
     "the baseline changed between the shards: run them again on one state of it"},
    {"embedding", offsetof(struct run, scorer), "run the shards with one setting"},
};

static const struct {
    const char *what;
    size_t at;
} numbers[] = {
    {"repeat", offsetof(struct run, repeat)},
    {"most repeats", offsetof(struct run, repeat_max)},
    {"number of shards", offsetof(struct run, shard_count)},
};

static int check_equal(const struct merge_part *first, const struct merge_part *other,
                       struct err *reterr)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct view a = *(const struct view *)((const char *)&first->run + texts[i].at);
        struct view b = *(const struct view *)((const char *)&other->run + texts[i].at);
        if (!view_equal(a, b))
            return fail(reterr, ERR_CONFIG, "%s: its %s is '%.*s', that of %s '%.*s': %s",
                        other->name, texts[i].what, VIEW_ARG(b), first->name, VIEW_ARG(a),
                        texts[i].helps);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uint32_t a = *(const uint32_t *)((const char *)&first->run + numbers[i].at);
        uint32_t b = *(const uint32_t *)((const char *)&other->run + numbers[i].at);
        if (a != b)
            return fail(reterr, ERR_CONFIG,
                        "%s: its %s is %u, that of %s %u: run the shards with one setting",
                        other->name, numbers[i].what, b, first->name, a);
    }
    if (first->run.seed != other->run.seed)
        return fail(reterr, ERR_CONFIG,
                    "%s: its seed is %llu, that of %s %llu: run the shards with one --seed",
                    other->name, (unsigned long long)other->run.seed, first->name,
                    (unsigned long long)first->run.seed);
    return 0;
}

/* ---- which shards there are ----------------------------------------------------------------- */

static int check_missing(const struct merge_part *parts, size_t count, struct err *reterr)
{
    uint32_t shards = parts[0].run.shard_count;
    char names[256] = "";
    size_t missing = 0;
    size_t at = 0;

    for (uint32_t shard = 0; shard < shards; shard++) {
        if (at < count && parts[at].run.shard_index == shard) {
            at++;
            continue;
        }
        size_t len = strlen(names);
        if (missing < NAMES_MAX)
            snprintf(names + len, sizeof names - len, "%s%u", missing > 0 ? ", " : "", shard);
        else if (missing == NAMES_MAX)
            snprintf(names + len, sizeof names - len, ", …");
        missing++;
    }
    if (missing == 0)
        return 0;
    return fail(reterr, ERR_MISSING,
                "%zu of %u shards %s missing: %s: run 'assay test --shard I/%u' for %s and give "
                "its report too",
                missing, shards, missing == 1 ? "is" : "are", names, shards,
                missing == 1 ? "it" : "each of them");
}

/* The parts are sorted by shard. */
static int check_shards(const struct merge_part *parts, size_t count, struct err *reterr)
{
    for (size_t i = 0; i < count; i++) {
        const struct run *run = &parts[i].run;
        if (run->shard_count < 2)
            return fail(reterr, ERR_CONFIG,
                        "%s: is a whole run, not one of its shards: 'assay test --shard I/N' makes "
                        "those",
                        parts[i].name);
        if (run->shard_count > SHARD_MAX)
            return fail(reterr, ERR_CONFIG, "%s: says it is one of %u shards: at most %d there are",
                        parts[i].name, run->shard_count, SHARD_MAX);
        if (run->shard_index >= run->shard_count)
            return fail(reterr, ERR_CONFIG, "%s: says it is shard %u of %u, which there is not",
                        parts[i].name, run->shard_index, run->shard_count);
        if (i > 0 && run->shard_count == parts[i - 1].run.shard_count
            && run->shard_index == parts[i - 1].run.shard_index)
            return fail(reterr, ERR_CONFIG, "%s and %s are both shard %u of %u: give one of them",
                        parts[i - 1].name, parts[i].name, run->shard_index, run->shard_count);
    }
    return 0;
}

static int check_sizes(const struct merge_part *parts, size_t count, struct err *reterr)
{
    size_t items = 0;

    for (size_t i = 0; i < count; i++)
        items += parts[i].run.entry_count;
    for (size_t i = 0; i < count; i++) {
        struct shard shard = {parts[i].run.shard_index, parts[i].run.shard_count};
        size_t expected = shard_size(&shard, items);
        if (parts[i].run.entry_count != expected)
            return fail(reterr, ERR_CONFIG,
                        "%s: has %zu entries where shard %u of %u of %zu has %zu: were the shards "
                        "run with other filters or targets?",
                        parts[i].name, parts[i].run.entry_count, shard.index, shard.count, items,
                        expected);
    }
    return 0;
}

/* ---- entries and prompts -------------------------------------------------------------------- */

struct seen {
    struct map entries; /* "id\ntarget" → the part's name */
    struct map prompts; /* name → its first entry */
    struct arena keys;
    struct err *reterr;
};

static int see_entry(struct seen *seen, const struct merge_part *part,
                     const struct run_entry *entry)
{
    char *key =
        arena_printf(&seen->keys, "%.*s\n%.*s", VIEW_ARG(entry->id), VIEW_ARG(entry->target));

    if (key == NULL)
        return fail(seen->reterr, ERR_MEMORY, "no memory to join these runs");
    const char *other = map_get(&seen->entries, view_of(key));
    if (other != NULL)
        return fail(seen->reterr, ERR_CONFIG,
                    "%s: has entry '%.*s' @%.*s, which is in %s too: were the shards run on other "
                    "golden sets?",
                    part->name, VIEW_ARG(entry->id), VIEW_ARG(entry->target), other);
    if (map_put(&seen->entries, view_of(key), (void *)(uintptr_t)part->name) != 0)
        return fail(seen->reterr, ERR_MEMORY, "no memory to join these runs");
    return 0;
}

static int see_prompt(struct seen *seen, const struct merge_part *part,
                      const struct run_entry *entry)
{
    const struct run_entry *first = map_get(&seen->prompts, entry->prompt);

    if (first == NULL)
        return map_put(&seen->prompts, entry->prompt, (void *)(uintptr_t)entry) == 0
                   ? 0
                   : fail(seen->reterr, ERR_MEMORY, "no memory to join these runs");
    if (view_equal(first->prompt_hash, entry->prompt_hash))
        return 0;
    return fail(seen->reterr, ERR_CONFIG,
                "%s: prompt '%.*s' has version %.*s, in another shard %.*s: it changed between the "
                "shards: run them again on one state of it",
                part->name, VIEW_ARG(entry->prompt), VIEW_ARG(entry->prompt_hash),
                VIEW_ARG(first->prompt_hash));
}

static int check_entries(const struct merge_part *parts, size_t count, struct err *reterr)
{
    struct seen seen = {.reterr = reterr};
    int code = 0;

    map_init(&seen.entries, ENTRIES_MAX, 8);
    map_init(&seen.prompts, ENTRIES_MAX, 9);
    arena_init(&seen.keys, ENTRIES_MAX);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < parts[i].run.entry_count && code == 0; j++) {
            code = see_entry(&seen, &parts[i], &parts[i].run.entries[j]);
            if (code == 0)
                code = see_prompt(&seen, &parts[i], &parts[i].run.entries[j]);
        }
    map_release(&seen.entries);
    map_release(&seen.prompts);
    arena_release(&seen.keys);
    return code;
}

int merge_check(const struct merge_part *parts, size_t count, struct err *reterr)
{
    int code = check_shards(parts, count, reterr);

    for (size_t i = 1; i < count && code == 0; i++)
        code = check_equal(&parts[0], &parts[i], reterr);
    if (code == 0)
        code = check_missing(parts, count, reterr);
    if (code == 0)
        code = check_sizes(parts, count, reterr);
    if (code == 0)
        code = check_entries(parts, count, reterr);
    return code;
}
