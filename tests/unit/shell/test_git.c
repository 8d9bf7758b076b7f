/* SPDX-License-Identifier: Apache-2.0
 *
 * What git.h promises, held against repositories that the git program makes in a folder of its
 * own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shell/os/file.h"
#include "shell/os/git.h"

struct rig {
    struct strbuf folder;
    struct arena arena;
    struct git *git;
};

static void shell(const struct rig *rig, const char *script)
{
    struct strbuf line;

    strbuf_init(&line, 65536);
    strbuf_printf(&line,
                  "cd '%s' && export HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=花子 "
                  "GIT_AUTHOR_EMAIL=h@x GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@x && { %s; } "
                  ">/dev/null 2>&1",
                  strbuf_text(&rig->folder), script);
    assert_int_equal(system(strbuf_text(&line)), 0); /* NOLINT(cert-env33-c) */
    strbuf_release(&line);
}

static void start(struct rig *rig, const char *script)
{
    struct err err = {0};

    strbuf_init(&rig->folder, 4096);
    arena_init(&rig->arena, 1 << 20);
    rig->git = NULL;
    assert_int_equal(file_make_temporary(view_of("assay-git-"), &rig->folder, &err), 0);
    shell(rig, "git init -q -b main .");
    if (script == NULL)
        return;
    shell(rig, script);
    if (git_open(strbuf_text(&rig->folder), 0, &rig->git, &err) != 0)
        fail_msg("%s", err.text);
}

static void stop(struct rig *rig)
{
    struct err err;

    git_close(rig->git);
    assert_int_equal(file_remove_tree(strbuf_text(&rig->folder), &err), 0);
    strbuf_release(&rig->folder);
    arena_release(&rig->arena);
}

static struct view resolve(struct rig *rig, const char *name)
{
    struct view commit = {"", 0};
    struct err err = {0};

    if (git_resolve(rig->git, name, &rig->arena, &commit, &err) != 0)
        fail_msg("%s", err.text);
    return commit;
}

static int read_at(struct rig *rig, const char *revision, const char *path, struct strbuf *text,
                   struct err *reterr)
{
    strbuf_init(text, 1 << 20);
    return git_read(rig->git, resolve(rig, revision), view_of(path), text, reterr);
}

static void a_file_is_read_as_each_commit_has_it(void **state)
{
    struct rig rig;
    struct strbuf text;
    struct err err = {0};

    (void)state;
    start(&rig, "mkdir 'a b' && printf one > 'a b/鬼.md' && git add -A && git commit -qm 1 && "
                "printf 'two\\n' > 'a b/鬼.md' && git commit -qam 2 && : > empty && "
                "git add empty && git commit -qm 3");
    assert_int_equal(read_at(&rig, "HEAD~2", "a b/鬼.md", &text, &err), 0);
    assert_string_equal(strbuf_text(&text), "one");
    strbuf_release(&text);
    assert_int_equal(read_at(&rig, "HEAD", "a b/鬼.md", &text, &err), 0);
    assert_string_equal(strbuf_text(&text), "two\n");
    strbuf_release(&text);
    assert_int_equal(read_at(&rig, "HEAD", "empty", &text, &err), 0);
    assert_int_equal(text.len, 0);
    strbuf_release(&text);
    assert_int_equal(read_at(&rig, "HEAD~1", "empty", &text, &err), ERR_MISSING);
    strbuf_release(&text);
    stop(&rig);
}

static void what_is_no_file_is_missing_and_the_next_question_is_answered(void **state)
{
    static const char *const absent[] = {"folder",     "nowhere", "dangling",  "outside", "loop",
                                         "file/below", "",        "new\nline", "../file"};
    struct rig rig;
    struct strbuf text;
    struct err err = {0};

    (void)state;
    start(&rig, "mkdir folder && printf in > folder/f && printf x > file && ln -s nowhere dangling "
                "&& ln -s ../../etc/passwd outside && ln -s loop loop && ln -s folder/f link && "
                "git add -A && git commit -qm 1");
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        char name[GIT_NAME_SIZE];
        assert_int_equal(read_at(&rig, "HEAD", absent[i], &text, &err), ERR_MISSING);
        strbuf_release(&text);
        assert_int_equal(git_object(rig.git, resolve(&rig, "HEAD"), view_of(absent[i]), name, &err),
                         0);
        assert_string_equal(name, "");
        assert_int_equal(read_at(&rig, "HEAD", "link", &text, &err), 0);
        assert_string_equal(strbuf_text(&text), "in");
        strbuf_release(&text);
    }
    stop(&rig);
}

static void equal_texts_have_equal_object_names(void **state)
{
    struct rig rig;
    char one[GIT_NAME_SIZE];
    char two[GIT_NAME_SIZE];
    struct err err = {0};

    (void)state;
    start(&rig, "printf x > a && git add -A && git commit -qm 1 && printf y > b && git add -A && "
                "git commit -qm 2");
    assert_int_equal(git_object(rig.git, resolve(&rig, "HEAD~1"), view_of("a"), one, &err), 0);
    assert_int_equal(git_object(rig.git, resolve(&rig, "HEAD"), view_of("a"), two, &err), 0);
    assert_string_equal(one, two);
    assert_int_equal(strlen(one), 40);
    assert_int_equal(git_object(rig.git, resolve(&rig, "HEAD"), view_of("b"), two, &err), 0);
    assert_string_not_equal(one, two);
    stop(&rig);
}

static void the_line_of_first_parents_has_a_merge_for_all_it_brought(void **state)
{
    struct rig rig;
    struct git_commit *commits = NULL;
    size_t count = 0;
    struct err err = {0};

    (void)state;
    start(&rig, "git commit -q --allow-empty -m 0 && git checkout -qb side && "
                "git commit -q --allow-empty -m s1 && git commit -q --allow-empty -m s2 && "
                "git checkout -q main && git commit -q --allow-empty -m 1 && "
                "git merge -q --no-ff -m merged side && git commit -q --allow-empty -m '2 鬼'");
    struct view good = resolve(&rig, "HEAD~3");
    struct view bad = resolve(&rig, "HEAD");
    assert_int_equal(git_list(rig.git, good, bad, true, &rig.arena, &commits, &count, &err), 0);
    assert_int_equal(count, 3);
    assert_string_equal(commits[0].subject.ptr, "1");
    assert_string_equal(commits[1].subject.ptr, "merged");
    assert_int_equal(commits[1].parent_count, 2);
    assert_string_equal(commits[2].subject.ptr, "2 鬼");
    assert_string_equal(commits[2].author.ptr, "花子 <h@x>");
    assert_int_equal(git_list(rig.git, good, bad, false, &rig.arena, &commits, &count, &err), 0);
    assert_int_equal(count, 5);
    stop(&rig);
}

static void ancestors_are_told_from_strangers(void **state)
{
    struct rig rig;
    struct view base = {"", 0};
    bool is = false;
    struct err err = {0};

    (void)state;
    start(&rig, "git commit -q --allow-empty -m 0 && git checkout -qb side && "
                "git commit -q --allow-empty -m s && git checkout -q main && "
                "git commit -q --allow-empty -m 1 && git checkout -q --orphan lone && "
                "git commit -q --allow-empty -m lone && git checkout -q main");
    struct view head = resolve(&rig, "main");
    assert_int_equal(git_is_ancestor(rig.git, resolve(&rig, "main~1"), head, &is, &err), 0);
    assert_true(is);
    assert_int_equal(git_is_ancestor(rig.git, resolve(&rig, "side"), head, &is, &err), 0);
    assert_false(is);
    assert_int_equal(git_merge_base(rig.git, resolve(&rig, "side"), head, &rig.arena, &base, &err),
                     0);
    assert_string_equal(base.ptr, resolve(&rig, "main~1").ptr);
    assert_int_equal(git_merge_base(rig.git, resolve(&rig, "lone"), head, &rig.arena, &base, &err),
                     0);
    assert_int_equal(base.len, 0);
    stop(&rig);
}

static void a_revision_cannot_pass_for_an_option(void **state)
{
    static const char *const names[] = {
        "--all", "-h", "", "nowhere", "HEAD:file", "--exec=touch x", "HEAD..main", "^HEAD"};
    struct rig rig;
    struct view commit;
    struct err err = {0};

    (void)state;
    start(&rig, "printf x > file && git add -A && git commit -qm 1");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(git_resolve(rig.git, names[i], &rig.arena, &commit, &err), ERR_MISSING);
        assert_non_null(strstr(err.text, "git knows no commit"));
    }
    stop(&rig);
}

static void a_difference_is_cut_at_its_limit(void **state)
{
    struct rig rig;
    struct strbuf text;
    struct view path = VIEW("a");
    struct err err = {0};

    (void)state;
    start(&rig, "printf x > a && printf x > b && git add -A && git commit -qm 1 && "
                "seq 10000 > a && seq 3 > b && git commit -qam 2");
    struct view from = resolve(&rig, "HEAD~1");
    struct view to = resolve(&rig, "HEAD");
    strbuf_init(&text, 1 << 20);
    assert_int_equal(git_diff(rig.git, from, to, &path, 1, 500, &text, &err), 0);
    assert_true(text.len < 600);
    assert_non_null(strstr(strbuf_text(&text), "+1\n"));
    assert_non_null(strstr(strbuf_text(&text), "cut here"));
    assert_null(strstr(strbuf_text(&text), "+++ b"));
    strbuf_release(&text);
    stop(&rig);
}

/* Nothing that a repository's settings or attributes name is started. */
static void settings_of_the_repository_start_no_program(void **state)
{
    struct rig rig;
    struct strbuf text;
    struct err err = {0};
    bool dirty = false;

    (void)state;
    start(&rig,
          "printf '* diff=evil filter=evil\\n' > .gitattributes && printf x > a && git add -A && "
          "git commit -qm 1 && printf y > a && git commit -qam 2 && "
          "printf '#!/bin/sh\\ntouch \"$(dirname $0)/ran\"\\ncat\\n' > evil.sh && "
          "chmod +x evil.sh && git config diff.external $PWD/evil.sh && "
          "git config diff.evil.command $PWD/evil.sh && "
          "git config diff.evil.textconv $PWD/evil.sh && "
          "git config core.fsmonitor $PWD/evil.sh && git config core.pager $PWD/evil.sh && "
          "git config pager.log $PWD/evil.sh && git config gpg.program $PWD/evil.sh && "
          "git config log.showSignature true && git config filter.evil.smudge $PWD/evil.sh && "
          "git config core.sshCommand $PWD/evil.sh && git config filter.evil.clean $PWD/evil.sh && "
          "git config filter.evil.process $PWD/evil.sh && git config filter.evil.required true && "
          "touch -d 2020-01-01 a");
    assert_int_equal(read_at(&rig, "HEAD", "a", &text, &err), 0);
    assert_string_equal(strbuf_text(&text), "y");
    assert_int_equal(git_diff(rig.git, resolve(&rig, "HEAD~1"), resolve(&rig, "HEAD"), NULL, 0,
                              10000, &text, &err),
                     0);
    assert_non_null(strstr(strbuf_text(&text), "+y"));
    strbuf_release(&text);
    assert_int_equal(git_is_dirty(rig.git, &dirty, &err), 0);
    assert_false(dirty);
    strbuf_init(&text, 4096);
    strbuf_printf(&text, "%s/ran", strbuf_text(&rig.folder));
    assert_false(file_exists(strbuf_text(&text)));
    strbuf_release(&text);
    stop(&rig);
}

static void variables_of_git_do_not_lead_elsewhere(void **state)
{
    struct rig rig;
    struct strbuf text;
    struct err err = {0};

    (void)state;
    setenv("GIT_DIR", "/nonexistent", 1);
    setenv("GIT_INDEX_FILE", "/nonexistent", 1);
    unsetenv("GIT_DIR"); /* for the rig's own git */
    start(&rig, "unset GIT_INDEX_FILE; printf x > a && git add -A && git commit -qm 1");
    git_close(rig.git);
    setenv("GIT_DIR", "/nonexistent", 1);
    assert_int_equal(git_open(strbuf_text(&rig.folder), 0, &rig.git, &err), 0);
    assert_int_equal(read_at(&rig, "HEAD", "a", &text, &err), 0);
    assert_string_equal(strbuf_text(&text), "x");
    strbuf_release(&text);
    unsetenv("GIT_DIR");
    unsetenv("GIT_INDEX_FILE");
    stop(&rig);
}

static void a_pointer_of_lfs_is_refused_by_name(void **state)
{
    struct rig rig;
    struct strbuf text;
    struct err err = {0};

    (void)state;
    start(&rig,
          "printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:0\\nsize 3\\n' > a "
          "&& git add -A && git commit -qm 1");
    assert_int_equal(read_at(&rig, "HEAD", "a", &text, &err), ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "Git LFS"));
    strbuf_release(&text);
    stop(&rig);
}

static void no_repository_and_a_bare_one_are_told_with_the_remedy(void **state)
{
    struct rig rig;
    struct git *git = NULL;
    struct strbuf path;
    struct err err = {0};

    (void)state;
    start(&rig, NULL);
    shell(&rig, "rm -rf .git && mkdir bare && cd bare && git init -q --bare .");
    setenv("GIT_CEILING_DIRECTORIES", "/", 1);
    assert_int_equal(git_open(strbuf_text(&rig.folder), 0, &git, &err), ERR_MISSING);
    assert_non_null(strstr(err.text, "no git repository"));
    strbuf_init(&path, 4096);
    strbuf_printf(&path, "%s/bare", strbuf_text(&rig.folder));
    assert_int_equal(git_open(strbuf_text(&path), 0, &git, &err), ERR_UNSUPPORTED);
    strbuf_release(&path);
    stop(&rig);
}

static void changes_of_the_work_tree_are_seen(void **state)
{
    struct rig rig;
    bool dirty = true;
    struct err err = {0};

    (void)state;
    start(&rig, "printf x > a && git add -A && git commit -qm 1 && printf new > untracked");
    assert_int_equal(git_is_dirty(rig.git, &dirty, &err), 0);
    assert_false(dirty);
    shell(&rig, "printf z > a");
    assert_int_equal(git_is_dirty(rig.git, &dirty, &err), 0);
    assert_true(dirty);
    stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_as_each_commit_has_it),
        cmocka_unit_test(what_is_no_file_is_missing_and_the_next_question_is_answered),
        cmocka_unit_test(equal_texts_have_equal_object_names),
        cmocka_unit_test(the_line_of_first_parents_has_a_merge_for_all_it_brought),
        cmocka_unit_test(ancestors_are_told_from_strangers),
        cmocka_unit_test(a_revision_cannot_pass_for_an_option),
        cmocka_unit_test(a_difference_is_cut_at_its_limit),
        cmocka_unit_test(settings_of_the_repository_start_no_program),
        cmocka_unit_test(variables_of_git_do_not_lead_elsewhere),
        cmocka_unit_test(a_pointer_of_lfs_is_refused_by_name),
        cmocka_unit_test(no_repository_and_a_bare_one_are_told_with_the_remedy),
        cmocka_unit_test(changes_of_the_work_tree_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
