/* SPDX-License-Identifier: Apache-2.0
 *
 * html_changes: what became of the prompts since the baseline: each as one text, what is gone
 * struck through and what is new underlined. Prompts that changed in the same way are told
 * together. */
#include "base/arena.h"
#include "base/utf8.h"
#include "report/changes.h"
#include "report/html.h"
#include "report/html_answer.h"
#include "report/html_parts.h"

enum { ARENA_BYTES_MAX = 64 << 20, SHOWN_MAX = 30 };

struct writing {
    struct strbuf *out;
    size_t shown;
};

static void add_lines(struct strbuf *out, struct view lines)
{
    struct view rest = lines;

    while (rest.len > 0) {
        struct view line = view_split(&rest, '\n');
        if (line.len < 2)
            continue;
        const char *tag = line.ptr[0] == '-' ? "del" : "ins";
        strbuf_printf(out, "<%s>", tag);
        html_add(out, view_slice(line, 2, line.len));
        strbuf_printf(out, "</%s>\n", tag);
    }
}

static void add_text(struct strbuf *out, const struct changes_group *group)
{
    struct view before = utf8_cut(group->first->before_text, HTML_TEXT_BYTES_MAX);
    struct view after = utf8_cut(group->first->text, HTML_TEXT_BYTES_MAX);
    const struct difference *parts = NULL;
    struct arena arena;
    size_t count = 0;

    strbuf_add_text(out, "<div class=\"text redline\" dir=auto>");
    arena_init(&arena, ARENA_BYTES_MAX);
    if (before.len < group->first->before_text.len || after.len < group->first->text.len
        || html_difference(&arena, before, after, &parts, &count) != 0)
        add_lines(out, utf8_cut(group->removed_and_added, HTML_TEXT_BYTES_MAX));
    else
        html_add_redline(out, parts, count);
    arena_release(&arena);
    strbuf_add_text(out, "</div>\n");
}

static void write_group(void *context, const struct changes_group *group)
{
    struct writing *writing = context;
    struct strbuf *out = writing->out;

    if (writing->shown++ >= SHOWN_MAX)
        return;
    strbuf_add_text(out, "<article class=change><h3>");
    html_say(out, group->count > 1 ? "Prompts " : "Prompt ");
    strbuf_add_text(out, "<bdi>");
    html_add(out, group->names);
    strbuf_add_text(out, "</bdi></h3><p class=versions>version <code>");
    html_add(out, group->first->before_version);
    strbuf_add_text(out, "</code> → <code>");
    html_add(out, group->first->version);
    strbuf_add_text(out, group->count > 1 ? "</code> and so on; they changed in the same way</p>\n"
                                          : "</code></p>\n");
    if (group->first->before_text.len == 0)
        strbuf_add_text(out, "<p>The baseline does not hold the text it was recorded with.</p>\n");
    else
        add_text(out, group);
    strbuf_add_text(out, "</article>\n");
}

void html_changes(struct strbuf *out, const struct run *run)
{
    struct writing writing = {.out = out};

    if (run->change_count == 0)
        return;
    html_section_open(out, "changes", "What changed in the prompts");
    changes_visit(run, write_group, &writing);
    if (writing.shown > SHOWN_MAX) {
        strbuf_add_text(out, "<p>");
        html_printf(out, "… and %zu more.", writing.shown - SHOWN_MAX);
        strbuf_add_text(out, "</p>\n");
    }
    html_section_close(out);
}
