/* SPDX-License-Identifier: Apache-2.0
 *
 * quarantine: see quarantine.h. */
#include "core/golden/quarantine.h"

#include "base/map.h"
#include "core/golden/signoff.h"

struct reading {
    const struct config_reader *reader;
    const struct golden_set *set;
    struct settings_quarantine *items;
    size_t count;
    struct map seen;
};

static int check_item(struct reading *reading, const struct json *at,
                      const struct settings_quarantine *item)
{
    struct problems *problems = reading->reader->problems;
    const struct json *entry = json_get(at, "entry");
    const struct json *until = json_get(at, "until");

    if (entry == NULL || until == NULL)
        return 0; /* told already */
    if (!signoff_is_date(item->until))
        return problems_at(problems, until, "'until' must be a day like 2026-12-24, found %s",
                           problems_quote(item->until).text);
    if (golden_entry_of(reading->set, item->entry) == NULL)
        return problems_at(problems, entry, "%.*s has no entry %s: take it out of the quarantine",
                           VIEW_ARG(reading->set->file), problems_quote(item->entry).text);
    if (map_get(&reading->seen, item->entry) != NULL)
        return problems_at(problems, entry, "entry %s is in quarantine twice",
                           problems_quote(item->entry).text);
    int code = map_put(&reading->seen, item->entry, reading);
    if (code == 0)
        reading->items[reading->count++] = *item;
    return code;
}

int quarantine_read(const struct config_reader *reader, const struct json *list,
                    const struct golden_set *set, struct quarantine *ret_quarantine)
{
    struct reading reading = {.reader = reader, .set = set};
    size_t room = list != NULL ? list->count : 0;
    int code = 0;

    if (room > QUARANTINE_MAX)
        return problems_at(reader->problems, list, "more than %d entries in quarantine",
                           QUARANTINE_MAX);
    reading.items = arena_new(reader->arena, room, sizeof *reading.items);
    if (reading.items == NULL)
        return ERR_MEMORY;
    map_init(&reading.seen, room + 1, 10);
    for (const struct json *at = room > 0 ? list->child : NULL; at != NULL; at = at->next) {
        struct settings_quarantine item = {.reason = {"", 0}};
        int bad = config_read(reader, settings_quarantine_table(), at, &item);
        if (bad != ERR_MEMORY && at->kind == JSON_OBJECT && item.entry.ptr != NULL
            && item.until.ptr != NULL) {
            int wrong = check_item(&reading, at, &item);
            bad = bad == 0 || wrong == ERR_MEMORY ? wrong : bad;
        }
        if (bad != 0 && code != ERR_MEMORY)
            code = bad;
    }
    map_release(&reading.seen);
    if (code == 0)
        *ret_quarantine = (struct quarantine){.items = reading.items, .count = reading.count};
    return code;
}

int quarantine_apply(const struct quarantine *quarantine, struct run *run, const char *today)
{
    struct map items;
    int code = 0;

    map_init(&items, quarantine->count + 1, 11);
    for (size_t i = 0; i < quarantine->count && code == 0; i++)
        code = map_put(&items, quarantine->items[i].entry, (void *)(i + 1));
    for (size_t i = 0; i < run->entry_count && code == 0; i++) {
        uintptr_t place = (uintptr_t)map_get(&items, run->entries[i].id);
        if (place == 0)
            continue;
        const struct settings_quarantine *item = &quarantine->items[place - 1];
        run->entries[i].quarantine_until = item->until;
        run->entries[i].is_quarantined = view_compare(view_of(today), item->until) <= 0;
    }
    map_release(&items);
    return code;
}
