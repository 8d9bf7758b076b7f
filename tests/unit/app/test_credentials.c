/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise. Each starts from an environment without any AWS variable and from a home
 * folder of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/credentials.h"
#include "shell/os/file.h"

static const struct credentials_wanted nothing = {.profile = {0}};

struct home {
    struct arena arena;
    struct strbuf path;
};

/* Every variable that begins with AWS_. */
static void forget_environment(void)
{
    extern char **environ;
    char name[128];

    for (size_t i = 0; environ[i] != NULL;) {
        size_t len = strcspn(environ[i], "=");
        bool ours = strncmp(environ[i], "AWS_", 4) == 0 && len < sizeof name;
        if (!ours) {
            i++;
            continue;
        }
        memcpy(name, environ[i], len);
        name[len] = '\0';
        unsetenv(name);
    }
}

static int set_up(void **state)
{
    static struct home home;
    struct err err = {0};
    char aws[512];

    forget_environment();
    arena_init(&home.arena, 4 * 1024 * 1024);
    strbuf_init(&home.path, 400);
    assert_int_equal(file_make_temporary((struct view)VIEW("home"), &home.path, &err), 0);
    setenv("HOME", strbuf_text(&home.path), 1);
    snprintf(aws, sizeof aws, "%s/.aws", strbuf_text(&home.path));
    assert_int_equal(file_make_directories(aws, &err), 0);
    *state = &home;
    return 0;
}

static int tear_down(void **state)
{
    struct home *home = *state;
    struct err err = {0};

    assert_int_equal(file_remove_tree(strbuf_text(&home->path), &err), 0);
    arena_release(&home->arena);
    strbuf_release(&home->path);
    return 0;
}

static void write_file(const struct home *home, const char *name, const char *content)
{
    struct err err = {0};
    char path[512];

    snprintf(path, sizeof path, "%s/%s", strbuf_text(&home->path), name);
    assert_int_equal(file_write(path, view_of(content), &err), 0);
}

static void keys_in_the_environment_come_first(void **state)
{
    struct home *home = *state;
    struct credentials credentials = {0};
    struct err err = {0};

    write_file(home, ".aws/credentials",
               "[default]\naws_access_key_id=FILE\naws_secret_access_key=file-secret\n");
    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "env-secret", 1);
    assert_int_equal(credentials_find(&nothing, &home->arena, &credentials, &err), 0);
    assert_true(view_is(credentials.keys.access_key, "ENV"));
}

static void the_files_below_home_are_read(void **state)
{
    struct home *home = *state;
    struct credentials credentials = {0};
    struct view region = {0};
    struct err err = {0};

    write_file(home, ".aws/credentials",
               "[shop]\naws_access_key_id=FILE\naws_secret_access_key=file-secret\n");
    write_file(home, ".aws/config", "[profile shop]\nregion=ap-northeast-1\n");
    setenv("AWS_PROFILE", "shop", 1);
    assert_int_equal(credentials_find(&nothing, &home->arena, &credentials, &err), 0);
    assert_true(view_is(credentials.keys.access_key, "FILE"));
    assert_int_equal(credentials_find_region((struct view){0}, &home->arena, &region, &err), 0);
    assert_true(view_is(region, "ap-northeast-1"));
}

static void files_may_be_named_by_the_environment(void **state)
{
    struct home *home = *state;
    struct credentials credentials = {0};
    struct err err = {0};
    char path[512];

    write_file(home, "keys", "[default]\naws_access_key_id=NAMED\naws_secret_access_key=secret\n");
    snprintf(path, sizeof path, "%s/keys", strbuf_text(&home->path));
    setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
    assert_int_equal(credentials_find(&nothing, &home->arena, &credentials, &err), 0);
    assert_true(view_is(credentials.keys.access_key, "NAMED"));
    setenv("AWS_SHARED_CREDENTIALS_FILE", "~/keys", 1);
    credentials.keys.access_key = (struct view){0};
    assert_int_equal(credentials_find(&nothing, &home->arena, &credentials, &err), 0);
    assert_true(view_is(credentials.keys.access_key, "NAMED"));
}

static void without_any_keys_the_remedy_is_told_and_without_a_region_nothing(void **state)
{
    struct home *home = *state;
    struct credentials credentials = {0};
    struct view region = {0};
    struct err err = {0};

    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    assert_int_equal(credentials_find(&nothing, &home->arena, &credentials, &err), ERR_DENIED);
    assert_non_null(strstr(err.text, "AWS_ACCESS_KEY_ID"));
    assert_int_equal(credentials_find_region((struct view){0}, &home->arena, &region, &err), 0);
    assert_int_equal(region.len, 0);
}

static void a_file_that_is_too_large_is_an_error_that_names_it(void **state)
{
    struct home *home = *state;
    struct credentials credentials = {0};
    struct strbuf large;
    struct err err = {0};

    strbuf_init(&large, 2 * 1024 * 1024);
    strbuf_add_repeated(&large, '#', 2 * 1024 * 1024);
    write_file(home, ".aws/credentials", strbuf_text(&large));
    strbuf_release(&large);
    assert_int_equal(credentials_find(&nothing, &home->arena, &credentials, &err), ERR_LIMIT);
    assert_non_null(strstr(err.text, ".aws/credentials"));
}

static void a_wrong_line_is_named_and_no_secret_is(void **state)
{
    struct home *home = *state;
    struct credentials credentials = {0};
    struct err err = {0};

    write_file(home, ".aws/credentials", "[default]\naws_secret_access_key=very-secret\n");
    assert_int_not_equal(credentials_find(&nothing, &home->arena, &credentials, &err), 0);
    assert_non_null(strstr(err.text, ".aws/credentials"));
    assert_null(strstr(err.text, "very-secret"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_in_the_environment_come_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_files_below_home_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_may_be_named_by_the_environment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            without_any_keys_the_remedy_is_told_and_without_a_region_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_too_large_is_an_error_that_names_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_line_is_named_and_no_secret_is, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
