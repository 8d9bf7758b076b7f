/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of base/err.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/utf8.h"

static const int codes[] = {
#define ERROR(name, exit_status, http_status, text) name,
#include "base/errors.def"
#undef ERROR
};

static void every_code_is_negative_and_has_a_name_a_text_and_statuses_of_its_own(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_int_equal(codes[i], -(int)(i + 1));
        assert_memory_equal(err_name(codes[i]), "ERR_", 4);
        assert_true(strlen(err_text(codes[i])) > 3);
        assert_in_range(err_http_status(codes[i]), 400, 599);
        int status = err_exit_status(codes[i]);
        assert_true((status >= 1 && status <= 3) || status == 130);
    }
    assert_string_equal(err_name(ERR_CONFIG), "ERR_CONFIG");
    assert_int_equal(err_exit_status(ERR_CANCELLED), 130);
    assert_int_equal(err_http_status(ERR_THROTTLED), 429);
}

static void what_is_no_code_is_told_apart(void **state)
{
    (void)state;

    assert_string_equal(err_text(0), "success");
    assert_int_equal(err_exit_status(0), 0);
    assert_int_equal(err_http_status(0), 200);
    const int strange[] = {1, 1000, -1000, -(int)ERR_ORDER_END, INT32_MAX, INT32_MIN + 1};
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        assert_string_equal(err_text(strange[i]), "unknown error");
        assert_int_equal(err_exit_status(strange[i]), 3);
    }
}

static void failing_returns_the_code_and_fills_the_text_where_there_is_one(void **state)
{
    (void)state;
    struct err err = {0};

    assert_int_equal((fail)(NULL, ERR_IO, "nobody %s", "listens"), ERR_IO);
    assert_int_equal((fail)(&err, ERR_CONFIG, "%s:%d: unknown key '%s'", "a.yaml", 3, "modle"),
                     ERR_CONFIG);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_string_equal(err.text, "a.yaml:3: unknown key 'modle'");
}

static void a_prefix_says_where_it_happened(void **state)
{
    (void)state;
    struct err err = {0};

    assert_int_equal((fail)(&err, ERR_SYNTAX, "1:7: expected a value"), ERR_SYNTAX);
    assert_int_equal(fail_within(&err, ERR_CONFIG, "%s: ", "baseline.jsonl"), ERR_CONFIG);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_string_equal(err.text, "baseline.jsonl: 1:7: expected a value");
    assert_int_equal(fail_within(NULL, ERR_IO, "x"), ERR_IO);
}

static void long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    char text[3000];
    struct err err = {0};

    for (size_t shift = 0; shift < 4; shift++) {
        size_t len = shift;
        memset(text, 'x', shift);
        for (; len + 3 < sizeof text; len += 3)
            memcpy(text + len, "刃", 3);
        text[len] = '\0';
        (void)(fail)(&err, ERR_IO, "%s", text);
        assert_true(utf8_valid(view_of(err.text), NULL));
        assert_in_range(strlen(err.text), ERR_TEXT_MAX - 8, ERR_TEXT_MAX - 1);
        (void)fail_within(&err, ERR_IO, "%.*s", (int)shift + 300 * 3, text);
        assert_true(utf8_valid(view_of(err.text), NULL));
        assert_in_range(strlen(err.text), ERR_TEXT_MAX - 8, ERR_TEXT_MAX - 1);
    }
}

static void a_broken_invariant_ends_the_process_and_says_which(void **state)
{
    (void)state;
    int ends[2];
    char said[200] = {0};
    int status;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        assert_always(1 + 1 == 3);
        _exit(0);
    }
    close(ends[1]);
    ssize_t len = read(ends[0], said, sizeof said - 1);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_true(len > 0);
    assert_non_null(strstr(said, "1 + 1 == 3"));
    assert_non_null(strstr(said, "test_err.c:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_is_negative_and_has_a_name_a_text_and_statuses_of_its_own),
        cmocka_unit_test(what_is_no_code_is_told_apart),
        cmocka_unit_test(failing_returns_the_code_and_fills_the_text_where_there_is_one),
        cmocka_unit_test(a_prefix_says_where_it_happened),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(a_broken_invariant_ends_the_process_and_says_which),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
