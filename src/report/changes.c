/* SPDX-License-Identifier: Apache-2.0
 *
 * changes: see changes.h. */
#include "report/changes.h"

#include "base/mem.h"
#include "report/differences.h"

enum { LINES_BYTES_MAX = 1 << 20, NAMES_BYTES_MAX = 1 << 16, NAMES_SHOWN_MAX = 8 };

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

void changes_visit(const struct run *run,
                   void (*visit)(void *context, const struct changes_group *group), void *context)
{
    bool *told = mem_new(run->change_count, sizeof *told);
    struct strbuf lines;
    struct strbuf others;
    struct strbuf names;

    strbuf_init(&lines, LINES_BYTES_MAX);
    strbuf_init(&others, LINES_BYTES_MAX);
    strbuf_init(&names, NAMES_BYTES_MAX);
    for (size_t i = 0; told != NULL && i < run->change_count; i++) {
        struct changes_group group = {.first = &run->changes[i]};
        if (told[i])
            continue;
        add_lines(&run->changes[i], &lines);
        strbuf_reset(&names);
        for (size_t j = i; j < run->change_count; j++) {
            add_lines(&run->changes[j], &others);
            if (told[j] || !view_equal(strbuf_view(&lines), strbuf_view(&others)))
                continue;
            told[j] = true;
            add_name(&names, &run->changes[j], group.count++);
        }
        group.names = strbuf_view(&names);
        group.removed_and_added = strbuf_view(&lines);
        visit(context, &group);
    }
    strbuf_release(&names);
    strbuf_release(&others);
    strbuf_release(&lines);
    mem_free(told);
}
