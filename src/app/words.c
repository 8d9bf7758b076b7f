/* SPDX-License-Identifier: Apache-2.0
 *
 * words: see words.h. */
#include "app/words.h"

#include "base/mem.h"
#include "engine/mecab.h"

struct thread_words {
    struct mecab_reader *reader;
    struct morphology morphology;
};

struct words {
    struct mecab *mecab; /* NULL without a dictionary */
    struct thread_words *threads;
    uint32_t count;
};

static int open_readers(struct words *words, uint32_t threads, struct err *reterr)
{
    words->threads = mem_new(threads, sizeof *words->threads);
    if (words->threads == NULL)
        return fail(reterr, ERR_MEMORY, "no memory to read Japanese");
    for (; words->count < threads; words->count++) {
        struct thread_words *thread = &words->threads[words->count];
        int code = mecab_reader_new(words->mecab, &thread->reader, reterr);
        if (code != 0)
            return code;
        thread->morphology = mecab_morphology(thread->reader);
    }
    return 0;
}

int words_open(const char *dir, uint32_t threads, struct words **ret_words, struct err *reterr)
{
    struct words *words = mem_new(1, sizeof *words);
    int code = 0;

    if (words == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the Japanese dictionary");
    if (dir != NULL || mecab_present(NULL)) {
        code = mecab_open(dir, &words->mecab, reterr);
        if (code == 0)
            code = open_readers(words, threads, reterr);
    }
    if (code != 0) {
        words_close(words);
        return code;
    }
    *ret_words = words;
    return 0;
}

void words_close(struct words *words)
{
    if (words == NULL)
        return;
    for (uint32_t i = 0; i < words->count; i++)
        mecab_reader_free(words->threads[i].reader);
    mem_free(words->threads);
    mecab_close(words->mecab);
    mem_free(words);
}

const struct morphology *words_morphology(const struct words *words, uint32_t thread)
{
    if (words == NULL || thread >= words->count)
        return NULL;
    return &words->threads[thread].morphology;
}
