/* SPDX-License-Identifier: Apache-2.0
 *
 * sim_profile: see sim_profile.h. */
#include "app/sim_profile.h"

#include "config/yaml.h"
#include "shell/os/file.h"

enum { PROFILE_BYTES_MAX = 1 << 20, TREE_BYTES_MAX = 64 << 20 };

int sim_profile_load(const char *path, struct sim_profile *profile, struct err *reterr)
{
    struct strbuf content;
    struct arena arena;
    struct json *tree;

    strbuf_init(&content, PROFILE_BYTES_MAX);
    arena_init(&arena, TREE_BYTES_MAX);
    int code = file_read(path, &content, reterr);
    if (code == 0)
        code = yaml_parse(&arena, view_of(path), strbuf_view(&content), &tree, reterr);
    if (code == 0) {
        code = sim_profile_read(tree, profile, reterr);
        if (code != 0)
            fail_within(reterr, code, "%s:", path);
    }
    strbuf_release(&content);
    arena_release(&arena);
    return code;
}
