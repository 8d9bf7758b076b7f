/* SPDX-License-Identifier: Apache-2.0
 *
 * plan_texts: see plan_texts.h. */
#include "app/plan_texts.h"

#include "base/mem.h"
#include "shell/os/spool.h"

enum { TRIM_BYTES = 8 << 20 };

struct plan_texts {
    struct spool *spool;
    const struct file_map *reading;
    size_t since_trim; /* bytes that were kept */
    size_t passed;     /* entries that were gone through */
};

int plan_texts_new(const char *state_dir, struct plan_texts **ret_texts)
{
    struct plan_texts *texts = mem_new(1, sizeof *texts);

    if (texts == NULL)
        return ERR_MEMORY;
    if (spool_new(state_dir, &texts->spool) != 0) {
        mem_free(texts);
        return ERR_MEMORY;
    }
    *ret_texts = texts;
    return 0;
}

void plan_texts_free(struct plan_texts *texts)
{
    if (texts == NULL)
        return;
    spool_free(texts->spool);
    mem_free(texts);
}

static int keep(void *context, struct view text, struct view *ret_kept)
{
    struct plan_texts *texts = context;

    texts->since_trim += text.len;
    if (texts->since_trim > TRIM_BYTES) {
        texts->since_trim = 0;
        file_map_trim(texts->reading);
        spool_trim(texts->spool);
    }
    return spool_keep(texts->spool, text, ret_kept);
}

struct text_keeper plan_texts_keeper(struct plan_texts *texts, const struct file_map *reading)
{
    texts->reading = reading;
    return (struct text_keeper){.keep = keep, .context = texts};
}

void plan_texts_trim(struct plan_texts *texts)
{
    if (texts != NULL)
        spool_trim(texts->spool);
}

void plan_texts_passed(struct plan_texts *texts)
{
    if (texts != NULL && ++texts->passed % PLAN_TEXTS_STEP == 0)
        spool_trim(texts->spool);
}

void plan_texts_version(const struct file_map *map, char ret_version[DIGEST_SHORT_SIZE])
{
    struct digest both[2] = {{{0}}, {{0}}}; /* of all pieces before, of this one */
    char hex[DIGEST_HEX_SIZE];

    if (map->text.len <= PLAN_TEXTS_PIECE) {
        digest_short(map->text, ret_version);
        return;
    }
    for (size_t at = 0; at < map->text.len; at += PLAN_TEXTS_PIECE) {
        both[1] = digest_of(view_slice(map->text, at, at + PLAN_TEXTS_PIECE));
        both[0] = digest_of(view_make(both, sizeof both));
        file_map_trim(map);
    }
    digest_hex(&both[0], hex);
    memcpy(ret_version, hex, DIGEST_SHORT_SIZE - 1);
    ret_version[DIGEST_SHORT_SIZE - 1] = '\0';
}
