/* SPDX-License-Identifier: Apache-2.0
 *
 * Who ran it, on what, in which job; and that nothing secret comes along. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/provenance.h"
#include "shell/os/file.h"

static int set_up(void **state)
{
    static struct arena arena;
    static const char *const names[] = {"GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID",
                                        "CI_JOB_URL", "BUILD_URL"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    arena_init(&arena, 1 << 20);
    *state = &arena;
    return 0;
}

static int tear_down(void **state)
{
    arena_release(*state);
    return 0;
}

static void an_address_loses_what_could_be_a_secret(void **state)
{
    static const struct {
        const char *url;
        const char *clean;
    } cases[] = {
        {"https://ci.example/job/7/", "https://ci.example/job/7/"},
        {"https://user:pass@ci.example/job/7", "https://ci.example/job/7"},
        {"https://a@b:c@ci.example/x@y", "https://ci.example/x@y"},
        {"http://ci.example:8080/job?token=t#f", "http://ci.example:8080/job"},
        {"https://t0ken@ci.example?x", "https://ci.example"},
        {"ssh://ci.example/job", ""},
        {"javascript:alert(1)", ""},
        {"https://ci.example/a b", ""},
        {"https://ci.example/\n", ""},
        {"", ""},
    };
    struct arena *arena = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct view url;
        assert_int_equal(provenance_clean_url(arena, view_of(cases[i].url), &url), 0);
        assert_true(view_is(url, cases[i].clean));
    }
}

static void a_folder_outside_of_git_has_a_person_and_no_commit(void **state)
{
    struct provenance provenance;
    struct strbuf folder;
    struct err err = {0};

    strbuf_init(&folder, 4096);
    assert_int_equal(file_make_temporary(view_of("assay-provenance-"), &folder, &err), 0);
    setenv("USER", "aki", 1);
    setenv("BUILD_URL", "https://ci.example/job/7", 1);
    assert_int_equal(provenance_find(strbuf_text(&folder), "assay 0", *state, &provenance), 0);
    assert_true(view_is(provenance.who, "aki"));
    assert_int_equal(provenance.commit.len, 0);
    assert_false(provenance.is_dirty);
    assert_true(view_is(provenance.program, "assay 0"));
    assert_true(view_is(provenance.ci, "https://ci.example/job/7"));
    assert_int_equal(file_remove_tree(strbuf_text(&folder), &err), 0);
    strbuf_release(&folder);
}

static void the_job_of_github_is_put_together(void **state)
{
    struct provenance provenance;

    setenv("GITHUB_SERVER_URL", "https://github.com", 1);
    setenv("GITHUB_REPOSITORY", "o/r", 1);
    setenv("GITHUB_RUN_ID", "12", 1);
    setenv("BUILD_URL", "https://other.example", 1);
    assert_int_equal(provenance_find("/nonexistent", "assay 0", *state, &provenance), 0);
    assert_true(view_is(provenance.ci, "https://github.com/o/r/actions/runs/12"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(an_address_loses_what_could_be_a_secret),
        CASE(a_folder_outside_of_git_has_a_person_and_no_commit),
        CASE(the_job_of_github_is_put_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
