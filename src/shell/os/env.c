/* SPDX-License-Identifier: Apache-2.0
 *
 * env: see env.h. */
#include "shell/os/env.h"

#include <errno.h>
#include <pwd.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

extern char **environ;

struct view env_get(struct view name)
{
    if (view_find_byte(name, '=') < name.len)
        return (struct view){0};
    for (char **at = environ; at != NULL && *at != NULL; at++) {
        struct view entry = view_of(*at);
        if (entry.len > name.len && entry.ptr[name.len] == '=' && view_starts(entry, name))
            return view_slice(entry, name.len + 1, entry.len);
    }
    return (struct view){0};
}

struct view env_home(void)
{
    static const struct view home = VIEW("HOME");
    struct view set = env_get(home);

    if (set.len != 0)
        return set;
    const struct passwd *entry = getpwuid(getuid());
    return view_of(entry != NULL ? entry->pw_dir : NULL);
}

uint32_t env_cores(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? (uint32_t)count : 1;
}

uint64_t env_open_files_max(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (uint64_t)limit.rlim_cur : 1024;
}

uint64_t env_raise_open_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        /* Where it is refused, the old limit stays and is what the caller hears. */
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            return env_open_files_max();
    }
    return env_open_files_max();
}

int env_program(struct strbuf *path, struct err *reterr)
{
    char name[4096];
    ssize_t len = readlink("/proc/self/exe", name, sizeof name);

    if (len <= 0 || (size_t)len == sizeof name)
        return fail(reterr, ERR_IO, "cannot tell where this program lies: %s; is /proc mounted?",
                    len < 0 ? strerror(errno) : "its path is too long");
    strbuf_add(path, view_make(name, (size_t)len));
    return strbuf_status(path);
}
