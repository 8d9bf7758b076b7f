/* SPDX-License-Identifier: Apache-2.0
 *
 * Files and folders. Root may do everything, so tests of what is not allowed lay root down. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "shell/os/file.h"
#include "shell/os/file_map.h"

enum { NOBODY = 65534 };

static char folder[256];

static const char *in_folder(const char *name)
{
    static char paths[4][400];
    static unsigned turn;
    char *path = paths[turn++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int set_up(void **state)
{
    static const struct view prefix = VIEW("assay-test");
    struct strbuf path;
    struct err err;

    (void)state;
    strbuf_init(&path, sizeof folder - 1);
    assert_int_equal(file_make_temporary(prefix, &path, &err), 0);
    snprintf(folder, sizeof folder, "%s", strbuf_text(&path));
    strbuf_release(&path);
    assert_int_equal(chmod(folder, 0755), 0);
    return 0;
}

static int tear_down(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(file_remove_tree(folder, &err), 0);
    assert_false(file_exists(folder));
    return 0;
}

static void write_text(const char *path, const char *text)
{
    struct err err;

    assert_int_equal(file_write(path, view_of(text), &err), 0);
}

static void expect_text(const char *path, const char *text)
{
    struct strbuf content;
    struct err err;

    strbuf_init(&content, 1 << 20);
    assert_int_equal(file_read(path, &content, &err), 0);
    assert_string_equal(strbuf_text(&content), text);
    strbuf_release(&content);
}

static size_t count_names(void)
{
    struct arena arena;
    struct view *names = NULL;
    size_t count = 0;
    struct err err;

    arena_init(&arena, 1 << 20);
    assert_int_equal(file_list(folder, &arena, &names, &count, &err), 0);
    arena_release(&arena);
    return count;
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    write_text(in_folder("a"), "one");
    expect_text(in_folder("a"), "one");
    write_text(in_folder("a"), "two, longer");
    expect_text(in_folder("a"), "two, longer");
    write_text(in_folder("a"), "");
    expect_text(in_folder("a"), "");
    assert_int_equal(count_names(), 1);
}

/* Stands before the system's own: sees the mode of what has its content already. */
static mode_t mode_seen;

int fchown(int descriptor, uid_t owner, gid_t group)
{
    static int (*real)(int, uid_t, gid_t);
    struct stat found;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "fchown");
    if (fstat(descriptor, &found) == 0 && found.st_size > 0)
        mode_seen = found.st_mode & 07777;
    return real(descriptor, owner, group);
}

static void a_secret_is_one_while_it_is_being_replaced_too(void **state)
{
    const char *path = in_folder("secret");

    (void)state;
    write_text(path, "old");
    assert_int_equal(chmod(path, 0600), 0);
    mode_seen = 0;
    write_text(path, "new");
    assert_int_equal(mode_seen, 0600);
    expect_text(path, "new");
}

static void a_replaced_file_keeps_its_mode_and_a_link_stays_a_link(void **state)
{
    struct stat found;

    (void)state;
    write_text(in_folder("a"), "one");
    assert_int_equal(chmod(in_folder("a"), 0640), 0);
    assert_int_equal(symlink("a", in_folder("link")), 0);
    write_text(in_folder("link"), "two");
    expect_text(in_folder("a"), "two");
    assert_int_equal(lstat(in_folder("link"), &found), 0);
    assert_true(S_ISLNK(found.st_mode));
    assert_int_equal(stat(in_folder("a"), &found), 0);
    assert_int_equal(found.st_mode & 07777, 0640);
}

static void the_ceiling_of_a_read_is_exact(void **state)
{
    struct strbuf content;
    struct err err;

    (void)state;
    write_text(in_folder("a"), "0123456789");
    strbuf_init(&content, 10);
    assert_int_equal(file_read(in_folder("a"), &content, &err), 0);
    strbuf_release(&content);
    strbuf_init(&content, 9);
    assert_int_equal(file_read(in_folder("a"), &content, &err), ERR_LIMIT);
    assert_non_null(strstr(err.text, "larger than the 9 bytes"));
    assert_non_null(strstr(err.text, folder));
    strbuf_release(&content);
}

static void what_is_missing_is_named_with_a_remedy(void **state)
{
    struct strbuf content;
    struct err err;

    (void)state;
    strbuf_init(&content, 10);
    assert_int_equal(file_read(in_folder("none"), &content, &err), ERR_MISSING);
    assert_non_null(strstr(err.text, "/none: cannot read: No such file"));
    assert_non_null(strstr(err.text, "check the path"));
    assert_int_equal(file_read(folder, &content, &err), ERR_INVALID);
    assert_int_equal(file_write(in_folder("none/x"), view_of("x"), &err), ERR_MISSING);
    strbuf_release(&content);
}

static void appending_adds_and_creates(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(file_append(in_folder("log"), view_of("a\n"), &err), 0);
    assert_int_equal(file_append(in_folder("log"), view_of("b\n"), &err), 0);
    expect_text(in_folder("log"), "a\nb\n");
}

static void a_file_in_pieces_is_there_once_it_is_closed_or_not_at_all(void **state)
{
    struct file_writer *writer;
    struct err err;

    (void)state;
    write_text(in_folder("a"), "old");
    assert_int_equal(file_writer_open(in_folder("a"), &writer, &err), 0);
    assert_int_equal(file_writer_add(writer, view_of("one "), &err), 0);
    expect_text(in_folder("a"), "old");
    assert_int_equal(file_writer_add(writer, view_of("two"), &err), 0);
    assert_int_equal(file_writer_close(writer, &err), 0);
    expect_text(in_folder("a"), "one two");
    assert_int_equal(file_writer_open(in_folder("a"), &writer, &err), 0);
    assert_int_equal(file_writer_add(writer, view_of("half"), &err), 0);
    file_writer_abandon(writer);
    file_writer_abandon(NULL);
    expect_text(in_folder("a"), "one two");
    assert_int_equal(file_writer_open(in_folder("none/x"), &writer, &err), ERR_MISSING);
}

static void a_large_file_reads_as_it_is_mapped_or_not(void **state)
{
    static char bytes[(16 << 20) + 3];
    struct file_map map;
    struct err err;

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    bytes[sizeof bytes - 1] = 'y';
    for (size_t len = sizeof bytes - 4; len <= sizeof bytes; len += 2) {
        struct view text = view_make(bytes, len);
        assert_int_equal(file_write(in_folder("a"), text, &err), 0);
        assert_int_equal(file_map_open(in_folder("a"), sizeof bytes, &map, &err), 0);
        assert_true(view_equal(map.text, text));
        assert_int_equal(map.mapped != NULL, len >= (16 << 20));
        file_map_close(&map);
    }
    assert_int_equal(file_map_open(in_folder("none"), 10, &map, &err), ERR_MISSING);
    write_text(in_folder("a"), "0123456789x");
    assert_int_equal(file_map_open(in_folder("a"), 10, &map, &err), ERR_LIMIT);
}

static void a_full_disk_is_said_and_the_old_file_stays(void **state)
{
    struct err err;
    char bytes[8192];

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    assert_int_equal(file_append("/dev/full", view_of("x"), &err), ERR_FULL);
    assert_non_null(strstr(err.text, "free some space"));
    assert_int_equal(file_write("/dev/full", view_of("x"), &err), ERR_FULL);
    if (mount("none", folder, "tmpfs", 0, "size=8k") != 0) {
        print_message("no small file system can be mounted here: only /dev/full was tried\n");
        return;
    }
    write_text(in_folder("a"), "old");
    assert_int_equal(file_write(in_folder("a"), view_make(bytes, sizeof bytes), &err), ERR_FULL);
    expect_text(in_folder("a"), "old");
    assert_int_equal(count_names(), 1);
    assert_int_equal(umount(folder), 0);
}

static void a_file_size_limit_is_said_and_the_old_file_stays(void **state)
{
    struct rlimit before, small = {.rlim_cur = 4096, .rlim_max = RLIM_INFINITY};
    struct err err;
    char bytes[8192];

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    write_text(in_folder("a"), "old");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int code = file_write(in_folder("a"), view_make(bytes, sizeof bytes), &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(code, ERR_FULL);
    expect_text(in_folder("a"), "old");
    assert_int_equal(count_names(), 1);
}

/* Root lays itself down to somebody without rights; others are that already. */
static bool lay_down(void)
{
    return geteuid() != 0 || seteuid(NOBODY) == 0;
}

static void rise(void)
{
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

static void what_may_not_be_written_or_read_is_said(void **state)
{
    struct strbuf content;
    struct err write_err, replace_err, read_err;

    (void)state;
    write_text(in_folder("a"), "old");
    assert_int_equal(chmod(in_folder("a"), 0), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    strbuf_init(&content, 100);
    assert_true(lay_down());
    int write_code = file_write(in_folder("new"), view_of("x"), &write_err);
    int replace_code = file_write(in_folder("a"), view_of("x"), &replace_err);
    int read_code = file_read(in_folder("a"), &content, &read_err);
    rise();
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(write_code, ERR_READ_ONLY);
    assert_int_equal(replace_code, ERR_READ_ONLY);
    assert_int_equal(read_code, ERR_DENIED);
    assert_non_null(strstr(write_err.text, "check its owner and mode"));
    strbuf_release(&content);
}

static void a_read_only_file_system_is_said(void **state)
{
    struct err err;

    (void)state;
    if (mount("none", folder, "tmpfs", MS_RDONLY, NULL) != 0) {
        print_message("no file system can be mounted here: only the table was tried\n");
        assert_int_equal(file_code(EROFS, true), ERR_READ_ONLY);
        return;
    }
    assert_int_equal(file_write(in_folder("a"), view_of("x"), &err), ERR_READ_ONLY);
    assert_non_null(strstr(err.text, "writable file system"));
    assert_int_equal(umount(folder), 0);
}

static void folders_are_made_as_deep_as_asked(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(file_make_directories(in_folder("x/y//z/"), &err), 0);
    assert_int_equal(file_make_directories(in_folder("x/y/z"), &err), 0);
    assert_true(file_is_directory(in_folder("x/y/z")));
    write_text(in_folder("file"), "x");
    assert_int_equal(file_make_directories(in_folder("file/sub"), &err), ERR_MISSING);
    assert_non_null(strstr(err.text, "is a file, not a folder"));
}

static void names_are_listed_sorted(void **state)
{
    struct arena arena;
    struct view *names = NULL;
    size_t count = 0;
    struct err err;

    (void)state;
    write_text(in_folder("b"), "");
    write_text(in_folder(".hidden"), "");
    write_text(in_folder("a"), "");
    arena_init(&arena, 1 << 20);
    assert_int_equal(file_list(folder, &arena, &names, &count, &err), 0);
    assert_int_equal(count, 3);
    assert_true(view_is(names[0], ".hidden"));
    assert_true(view_is(names[1], "a"));
    assert_true(view_is(names[2], "b"));
    assert_int_equal(file_list(in_folder("none"), &arena, &names, &count, &err), ERR_MISSING);
    arena_release(&arena);
}

static void a_tree_is_deleted_without_following_links(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(file_make_directories(in_folder("keep"), &err), 0);
    write_text(in_folder("keep/me"), "x");
    assert_int_equal(file_make_directories(in_folder("go/deep"), &err), 0);
    assert_int_equal(symlink("../keep", in_folder("go/link")), 0);
    assert_int_equal(file_remove_tree(in_folder("go"), &err), 0);
    assert_false(file_exists(in_folder("go")));
    assert_true(file_exists(in_folder("keep/me")));
    assert_int_equal(file_remove_tree(in_folder("go"), &err), 0);
    assert_int_equal(file_remove(in_folder("keep/me"), &err), 0);
    assert_int_equal(file_remove(in_folder("keep/me"), &err), 0);
}

static void a_stamp_changes_with_the_file(void **state)
{
    struct file_stamp one, two;
    struct err err;

    (void)state;
    write_text(in_folder("a"), "x");
    assert_int_equal(file_stamp(in_folder("a"), &one, &err), 0);
    write_text(in_folder("a"), "xy");
    assert_int_equal(file_stamp(in_folder("a"), &two, &err), 0);
    assert_int_equal(one.size_bytes, 1);
    assert_int_equal(two.size_bytes, 2);
    assert_true(two.changed_ns >= one.changed_ns);
    assert_int_equal(file_stamp(in_folder("none"), &two, &err), ERR_MISSING);
}

static void pipes_are_read_and_written_straight(void **state)
{
    struct strbuf content;
    struct err err;
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(file_write_to(ends[1], "a pipe", view_of("words"), &err), 0);
    close(ends[1]);
    strbuf_init(&content, 100);
    assert_int_equal(file_read_from(ends[0], "a pipe", &content, &err), 0);
    assert_string_equal(strbuf_text(&content), "words");
    strbuf_release(&content);
    close(ends[0]);
    assert_int_equal(file_write("/dev/null", view_of("x"), &err), 0);

    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    assert_int_equal(file_write_to(ends[1], "a pipe", view_of("words"), &err), ERR_CLOSED);
    close(ends[1]);
}

static void no_memory_is_an_error(void **state)
{
    struct strbuf content;
    struct err err;

    (void)state;
    write_text(in_folder("a"), "x");
    strbuf_init(&content, 100);
    mem_fail_at(1);
    assert_int_equal(file_read(in_folder("a"), &content, &err), ERR_MEMORY);
    mem_fail_at(0);
    strbuf_release(&content);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_was_written_is_read),
        IN_FOLDER(a_secret_is_one_while_it_is_being_replaced_too),
        IN_FOLDER(a_replaced_file_keeps_its_mode_and_a_link_stays_a_link),
        IN_FOLDER(the_ceiling_of_a_read_is_exact),
        IN_FOLDER(what_is_missing_is_named_with_a_remedy),
        IN_FOLDER(appending_adds_and_creates),
        IN_FOLDER(a_file_in_pieces_is_there_once_it_is_closed_or_not_at_all),
        IN_FOLDER(a_large_file_reads_as_it_is_mapped_or_not),
        IN_FOLDER(a_full_disk_is_said_and_the_old_file_stays),
        IN_FOLDER(a_file_size_limit_is_said_and_the_old_file_stays),
        IN_FOLDER(what_may_not_be_written_or_read_is_said),
        IN_FOLDER(a_read_only_file_system_is_said),
        IN_FOLDER(folders_are_made_as_deep_as_asked),
        IN_FOLDER(names_are_listed_sorted),
        IN_FOLDER(a_tree_is_deleted_without_following_links),
        IN_FOLDER(a_stamp_changes_with_the_file),
        IN_FOLDER(pipes_are_read_and_written_straight),
        IN_FOLDER(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
