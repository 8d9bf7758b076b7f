/* SPDX-License-Identifier: Apache-2.0
 *
 * shared: reads a file of the public test data beside the checkout (ASSAY_SHARED). */
#ifndef ASSAY_TESTS_TEXT_SHARED_H
#define ASSAY_TESTS_TEXT_SHARED_H

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/strbuf.h"

/* All of ASSAY_SHARED/data/<name>, in the arena; ptr NULL, with a line that says so, where it is
 * not there. */
static inline struct view shared_file(struct arena *arena, const char *name)
{
    const char *shared = getenv("ASSAY_SHARED");
    const char *path =
        arena_printf(arena, "%s/data/%s", shared != NULL ? shared : "../shared", name);
    FILE *file = path != NULL ? fopen(path, "rb") : NULL;
    struct view content = {.ptr = NULL};
    struct strbuf bytes;

    if (file == NULL) {
        printf("skipped: no %s (set ASSAY_SHARED)\n", name);
        return content;
    }
    strbuf_init(&bytes, 64 * 1024 * 1024);
    for (;;) {
        char *room = strbuf_room(&bytes, 65536);
        size_t got = room != NULL ? fread(room, 1, 65536, file) : 0;
        if (got == 0)
            break;
        strbuf_grew(&bytes, got);
    }
    (void)fclose(file);
    if (arena_copy(arena, strbuf_view(&bytes), &content) != 0)
        content.ptr = NULL;
    strbuf_release(&bytes);
    return content;
}

#endif
