/* SPDX-License-Identifier: Apache-2.0
 *
 * provenance: see provenance.h. */
#include "app/provenance.h"

#include "shell/os/env.h"
#include "shell/os/git.h"

enum { TEXT_BYTES_MAX = 256, URL_BYTES_MAX = 2000 };

static const uint64_t TIMEOUT_NS = (uint64_t)2 * 1000000000;
static const struct view none = {"", 0};

static struct view variable(const char *name)
{
    struct view value = env_get(view_of(name));
    return value.ptr != NULL ? value : none;
}

/* ---- where: the job of a CI ----------------------------------------------------------------- */

static bool is_clean(struct view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
            return false;
    return true;
}

int provenance_clean_url(struct arena *arena, struct view url, struct view *ret_url)
{
    static const char *const schemes[] = {"https://", "http://"};
    struct view host = none;
    const char *scheme = NULL;

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (view_starts(url, view_of(schemes[i])))
            scheme = schemes[i];
    *ret_url = none;
    if (scheme == NULL || url.len > URL_BYTES_MAX || !is_clean(url))
        return 0;
    struct view rest = view_slice(url, strlen(scheme), url.len);
    size_t end = 0; /* a query or fragment may hold a token */
    while (end < rest.len && rest.ptr[end] != '?' && rest.ptr[end] != '#')
        end++;
    rest = view_slice(rest, 0, end);
    size_t slash = 0;
    while (slash < rest.len && rest.ptr[slash] != '/')
        slash++;
    host = view_slice(rest, 0, slash);
    size_t from = 0;
    for (size_t i = 0; i < host.len; i++)
        if (host.ptr[i] == '@')
            from = i + 1;
    rest = view_slice(rest, from, rest.len);
    const char *clean = arena_printf(arena, "%s%.*s", scheme, VIEW_ARG(rest));
    if (clean == NULL)
        return ERR_MEMORY;
    *ret_url = view_of(clean);
    return 0;
}

static int find_job(struct arena *arena, struct view *ret_url)
{
    struct view server = variable("GITHUB_SERVER_URL");
    struct view repository = variable("GITHUB_REPOSITORY");
    struct view number = variable("GITHUB_RUN_ID");
    struct view url = variable("CI_JOB_URL");

    if (url.len == 0)
        url = variable("BUILD_URL");
    if (server.len > 0 && repository.len > 0 && number.len > 0) {
        const char *job = arena_printf(arena, "%.*s/%.*s/actions/runs/%.*s", VIEW_ARG(server),
                                       VIEW_ARG(repository), VIEW_ARG(number));
        if (job == NULL)
            return ERR_MEMORY;
        url = view_of(job);
    }
    return provenance_clean_url(arena, url, ret_url);
}

/* ---- who and on what: git ------------------------------------------------------------------- */

/* The letters of a name: no line breaks, no end of its own. */
static int take_name(struct arena *arena, struct view name, struct view *ret_name)
{
    struct view trimmed = view_trim(name);
    struct view rest = trimmed;

    trimmed = view_split(&rest, '\n');
    if (trimmed.len > TEXT_BYTES_MAX)
        trimmed = none;
    return arena_copy(arena, trimmed, ret_name);
}

static int ask_git(struct git *git, struct arena *arena, struct provenance *provenance)
{
    struct err ignored = {0};
    struct view name;
    bool is_dirty;

    if (git_resolve(git, "HEAD", arena, &provenance->commit, &ignored) != 0)
        provenance->commit = none;   /* a repository without a commit */
    if (provenance->commit.len != 0) /* what could not be found out is not claimed to be clean */
        provenance->is_dirty = git_is_dirty(git, &is_dirty, &ignored) != 0 || is_dirty;
    if (git_setting(git, "user.name", arena, &name, &ignored) == 0)
        return take_name(arena, name, &provenance->who);
    return 0;
}

static int find_person(struct arena *arena, struct provenance *provenance)
{
    struct view login = variable("USER");

    if (provenance->who.len != 0)
        return 0;
    return take_name(arena, login.len != 0 ? login : variable("LOGNAME"), &provenance->who);
}

int provenance_find(const char *folder, const char *program, struct arena *arena,
                    struct provenance *ret_provenance)
{
    struct provenance provenance = {.who = none, .commit = none, .program = none, .ci = none};
    struct err ignored = {0};
    struct git *git;
    int code = 0;

    if (git_open(folder != NULL && folder[0] != '\0' ? folder : ".", TIMEOUT_NS, &git, &ignored)
        == 0) {
        code = ask_git(git, arena, &provenance);
        git_close(git);
    }
    if (code == 0)
        code = find_person(arena, &provenance);
    if (code == 0)
        code = find_job(arena, &provenance.ci);
    if (code == 0)
        code = arena_copy(arena, view_of(program), &provenance.program);
    if (code == 0)
        *ret_provenance = provenance;
    return code;
}
