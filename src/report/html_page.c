/* SPDX-License-Identifier: Apache-2.0
 *
 * html_page: the shell of a page: head with its policy, style and script, bar, sections, figures,
 * foot. */
#include "base/digest.h"
#include "report/html.h"
#include "report/html_files.h"
#include "wire/base64.h"

static struct view file_named(const char *name)
{
    for (size_t i = 0; i < html_file_count; i++)
        if (view_is(view_of(name), html_files[i].name))
            return view_make(html_files[i].content, html_files[i].len);
    return view_of("");
}

static void add_hash(struct strbuf *out, const char *directive, struct view content)
{
    struct digest digest = digest_of(content);

    strbuf_printf(out, "; %s 'sha256-", directive);
    base64_encode(out, digest_view(&digest));
    strbuf_add_byte(out, '\'');
}

void html_page_open(struct strbuf *out, struct view title)
{
    struct view style = file_named("report.css");
    struct view script = file_named("report.js");

    strbuf_add_text(out, "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
                         "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'");
    add_hash(out, "style-src", style);
    add_hash(out, "script-src", script);
    strbuf_add_text(out, "; base-uri 'none'; form-action 'none'\">\n"
                         "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
                         "<meta name=color-scheme content=\"light dark\">\n"
                         "<meta name=referrer content=no-referrer>\n<title>");
    html_add_attribute(out, title);
    strbuf_add_text(out, "</title>\n<style>");
    strbuf_add(out, style);
    strbuf_add_text(out, "</style>\n<script>");
    strbuf_add(out, script);
    strbuf_add_text(out, "</script>\n</head>\n<body>\n");
}

void html_bar(struct strbuf *out, struct view title, const char *kind)
{
    strbuf_add_text(out, "<a class=skip href=\"#main\">Skip to the verdict</a>\n"
                         "<header class=bar-top><p class=name><span class=mark aria-hidden=true>"
                         "assay</span> <span class=kind>");
    html_say(out, kind);
    strbuf_add_text(out, "</span> <bdi>");
    html_add(out, title);
    strbuf_add_text(out, "</bdi></p><nav class=js aria-label=Sections></nav><button type=button "
                         "id=theme class=js><span aria-hidden=true>◐"
                         "</span> <span class=unseen>Colours: </span><span class=word>Auto</span>"
                         "</button></header>\n<main id=main>\n");
}

void html_page_close(struct strbuf *out, const char *version)
{
    strbuf_add_text(out, "</main>\n<footer><p>Made by assay ");
    html_say(out, version != NULL ? version : "");
    strbuf_add_text(out, ". This page holds everything it shows: it loads nothing and sends "
                         "nothing.</p></footer>\n</body>\n</html>\n");
}

void html_section_open(struct strbuf *out, const char *id, const char *heading)
{
    strbuf_printf(out, "<section id=%s aria-labelledby=h-%s><h2 id=h-%s>", id, id, id);
    html_say(out, heading);
    strbuf_add_text(out, "</h2>\n");
}

void html_section_close(struct strbuf *out)
{
    strbuf_add_text(out, "</section>\n");
}

void html_figure_open(struct strbuf *out, const char *heading)
{
    strbuf_add_text(out, "<figure><h3>");
    html_say(out, heading);
    strbuf_add_text(out, "</h3>");
}

void html_figure_close(struct strbuf *out, const char *caption)
{
    strbuf_add_text(out, "<figcaption>");
    html_say(out, caption);
    strbuf_add_text(out, "</figcaption></figure>\n");
}
