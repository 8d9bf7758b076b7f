/* SPDX-License-Identifier: Apache-2.0
 *
 * markdown_parts: see markdown_parts.h. */
#include "report/markdown_parts.h"

#include "base/utf8.h"
#include "report/columns.h"

/* GitHub makes links of www.… and of GH-123 by themselves. */
static bool makes_link(struct view text, size_t at)
{
    return (text.ptr[at] == '.' && at >= 3
            && view_equal_nocase(view_slice(text, at - 3, at), view_of("www")))
           || (text.ptr[at] == '-' && at >= 2
               && view_equal_nocase(view_slice(text, at - 2, at), view_of("gh")));
}

void markdown_add_escaped(struct strbuf *out, struct view text)
{
    for (size_t pos = 0; pos < text.len;) {
        size_t at = pos;
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        if (codepoint == '\n')
            strbuf_add_text(out, "<br>");
        else if (makes_link(text, at))
            strbuf_printf(out, "&#8203;%c", (char)codepoint); /* a space without width breaks it */
        else if (codepoint < 0x20)
            strbuf_add_byte(out, ' ');
        else if (codepoint < 0x80 && strchr("<>&\"|*_`~@#[]()!\\:", (int)codepoint) != NULL)
            strbuf_printf(out, "&#%u;", codepoint);
        else
            strbuf_add_codepoint(out, columns_shown(codepoint));
    }
}
