/* SPDX-License-Identifier: Apache-2.0
 *
 * changes: see changes.h. */
#include "report/changes.h"

#include "base/digest.h"
#include "base/map.h"
#include "base/mem.h"
#include "report/differences.h"

enum {
    LINES_BYTES_MAX = 1 << 20,
    NAMES_BYTES_MAX = 1 << 16,
    NAMES_SHOWN_MAX = 8,
    GROUPS_MAX = 100
};

static void add_line(void *context, char sign, struct view text)
{
    struct strbuf *lines = context;

    strbuf_add_byte(lines, sign);
    strbuf_add_byte(lines, ' ');
    strbuf_add(lines, text);
    strbuf_add_byte(lines, '\n');
}

static void add_lines(const struct prompt_change *change, struct strbuf *lines)
{
    strbuf_reset(lines);
    if (change->before_text.len != 0)
        differences_lines(change->before_text, change->text, add_line, lines);
}

static void add_name(struct strbuf *names, const struct prompt_change *change, size_t shown)
{
    if (shown < NAMES_SHOWN_MAX)
        strbuf_printf(names, "%s%.*s", shown > 0 ? ", " : "", VIEW_ARG(change->prompt));
    else if (shown == NAMES_SHOWN_MAX)
        strbuf_add_text(names, ", …");
}

static int name_groups(const struct run *run, struct digest *digests, struct map *groups)
{
    struct strbuf lines;
    int code = 0;

    strbuf_init(&lines, LINES_BYTES_MAX);
    for (size_t i = 0; i < run->change_count && code == 0; i++) {
        add_lines(&run->changes[i], &lines);
        digests[i] = digest_of(strbuf_view(&lines));
        /* the first prompt that changed so stands for the group */
        if (map_get(groups, digest_view(&digests[i])) == NULL)
            code = map_put(groups, digest_view(&digests[i]), (void *)(uintptr_t)(i + 1));
    }
    strbuf_release(&lines);
    return code;
}

static void visit_group(const struct run *run, const struct digest *digests, size_t first,
                        void (*visit)(void *context, const struct changes_group *group),
                        void *context)
{
    struct changes_group group = {.first = &run->changes[first]};
    struct strbuf lines;
    struct strbuf names;

    strbuf_init(&lines, LINES_BYTES_MAX);
    strbuf_init(&names, NAMES_BYTES_MAX);
    add_lines(&run->changes[first], &lines);
    for (size_t i = first; i < run->change_count; i++)
        if (view_equal(digest_view(&digests[i]), digest_view(&digests[first])))
            add_name(&names, &run->changes[i], group.count++);
    group.names = strbuf_view(&names);
    group.removed_and_added = strbuf_view(&lines);
    visit(context, &group);
    strbuf_release(&names);
    strbuf_release(&lines);
}

void changes_visit(const struct run *run,
                   void (*visit)(void *context, const struct changes_group *group), void *context)
{
    struct digest *digests = mem_new(run->change_count, sizeof *digests);
    struct map groups;

    map_init(&groups, run->change_count, 7);
    if (digests != NULL && name_groups(run, digests, &groups) == 0)
        for (size_t i = 0; i < groups.count && i < GROUPS_MAX; i++)
            visit_group(run, digests, (size_t)(uintptr_t)groups.entries[i].value - 1, visit,
                        context);
    map_release(&groups);
    mem_free(digests);
}
