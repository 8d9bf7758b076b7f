/* SPDX-License-Identifier: Apache-2.0
 *
 * What text/language.h reaches on public data: accuracy of what was decided and the share left
 * undecided. Floors lie a little below what was measured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "shared.h"
#include "text/language.h"

struct figure {
    const char *file;
    const char *code;
    double accuracy; /* at least, of what was decided */
    double decided;  /* at least, of all */
};

struct tally {
    size_t all;
    size_t decided;
    size_t right;
};

static void count(struct tally *tally, struct view text, struct view code)
{
    struct language_result result;

    if (text.len == 0)
        return;
    assert_int_equal(language_detect(text, view_of(""), &result), 0);
    tally->all++;
    tally->decided += strcmp(result.detected, "und") != 0;
    tally->right += view_is(code, result.detected);
}

static void hold(const struct figure *figure, const struct tally *tally)
{
    double decided = (double)tally->decided / (double)tally->all;
    double accuracy = tally->decided > 0 ? (double)tally->right / (double)tally->decided : 1;

    print_message("%-28s %s  %4zu texts, decided %.3f, right of them %.4f\n", figure->file,
                  figure->code, tally->all, decided, accuracy);
    assert_true(decided >= figure->decided);
    assert_true(accuracy >= figure->accuracy);
}

static void words_and_sentences(void **state)
{
    static const struct figure figures[] = {
        {"lang-id/sentences/ja.txt", "ja", 0.999, 0.999},
        {"lang-id/sentences/ko.txt", "ko", 0.999, 0.995},
        {"lang-id/sentences/zh.txt", "zh", 0.999, 0.99},
        {"lang-id/sentences/en.txt", "en", 0.99, 0.95},
        {"lang-id/word-pairs/ja.txt", "ja", 0.999, 0.999},
        {"lang-id/word-pairs/ko.txt", "ko", 0.999, 0.999},
        {"lang-id/word-pairs/zh.txt", "zh", 0.93, 0.50},
        {"lang-id/word-pairs/en.txt", "en", 1, 0},
        {"lang-id/single-words/ja.txt", "ja", 0.999, 0.999},
        {"lang-id/single-words/ko.txt", "ko", 0.999, 0.999},
        {"lang-id/single-words/zh.txt", "zh", 0.999, 0.30},
        {"lang-id/single-words/en.txt", "en", 1, 0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        struct arena arena;
        struct tally tally = {0};
        arena_init(&arena, 16 * 1024 * 1024);
        struct view rest = shared_file(&arena, figures[i].file);
        bool is_there = rest.ptr != NULL;
        while (rest.ptr != NULL)
            count(&tally, view_trim(view_split(&rest, '\n')), view_of(figures[i].code));
        if (is_there)
            hold(&figures[i], &tally);
        arena_release(&arena);
        if (!is_there)
            skip();
    }
}

static void ideographs_alone(void **state)
{
    static const struct figure japanese = {"lang-id/han_only_ja_zh.tsv", "ja", 0.98, 0.79};
    static const struct figure chinese = {"lang-id/han_only_ja_zh.tsv", "zh", 0.955, 0.86};
    struct tally ja = {0}, zh = {0};
    struct arena arena;
    (void)state;

    arena_init(&arena, 16 * 1024 * 1024);
    struct view rest = shared_file(&arena, japanese.file);
    bool is_there = rest.ptr != NULL;
    while (rest.ptr != NULL) {
        struct view text = view_split(&rest, '\n');
        struct view code = view_split(&text, '\t');
        count(view_is(code, "ja") ? &ja : &zh, view_trim(text), code);
    }
    if (is_there) {
        hold(&japanese, &ja);
        hold(&chinese, &zh);
    }
    arena_release(&arena);
    if (!is_there)
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_sentences),
        cmocka_unit_test(ideographs_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
