/* SPDX-License-Identifier: Apache-2.0
 *
 * postgres_rig: see postgres_rig.h. */
#include "postgres_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "shell/os/file.h"

enum { TEXT = 512, NAP_NS = 20000000, READY_NAPS = 1500 };

static char binaries[TEXT];
static char folder[TEXT / 2];
static char url[TEXT];
static char tcp_url[TEXT];
static int port;
static pid_t server = -1;

static void nap(void)
{
    struct timespec time = {.tv_nsec = NAP_NS};

    (void)nanosleep(&time, NULL);
}

static bool find_binaries(void)
{
    static const char *const patterns[] = {"/usr/lib/postgresql/*/bin/initdb", "/usr/bin/initdb",
                                           "/usr/pgsql-*/bin/initdb"};

    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        glob_t found = {0};
        if (glob(patterns[i], 0, NULL, &found) == 0) {
            const char *last = found.gl_pathv[found.gl_pathc - 1];
            snprintf(binaries, sizeof binaries, "%.*s", (int)(strrchr(last, '/') - last), last);
            globfree(&found);
            return true;
        }
    }
    return false;
}

/* PostgreSQL refuses to run as root. */
static void become_nobody(void)
{
    const struct passwd *user = getpwnam("postgres");

    if (geteuid() != 0)
        return;
    if (user == NULL)
        user = getpwnam("nobody");
    if (user == NULL || setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0
        || setuid(user->pw_uid) != 0)
        _exit(126);
}

static pid_t start(const char *program, const char *const arguments[])
{
    char path[2 * TEXT];
    char log[TEXT];

    snprintf(path, sizeof path, "%s/%s", binaries, program);
    snprintf(log, sizeof log, "%s/log", folder);
    pid_t child = fork();
    if (child == 0) {
        become_nobody();
        int descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        (void)dup2(descriptor, 1);
        (void)dup2(descriptor, 2);
        (void)execv(path, (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    return child;
}

static int run(const char *program, const char *const arguments[])
{
    int status = 0;
    pid_t child = start(program, arguments);

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(descriptor, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(descriptor, (struct sockaddr *)&address, &size), 0);
    close(descriptor);
    return ntohs(address.sin_port);
}

static void write_file(const char *name, const char *text)
{
    char path[TEXT];
    struct err err;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(file_write(path, view_of(text), &err), 0);
    assert_int_equal(chmod(path, 0644), 0);
}

static void start_server(void)
{
    char data[TEXT], port_text[16];

    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(port_text, sizeof port_text, "%d", port);
    const char *const arguments[] = {"postgres", "-D",        data,
                                     "-k",       folder,      "-p",
                                     port_text,  "-c",        "listen_addresses=127.0.0.1",
                                     "-c",       "fsync=off", NULL};
    const char *const ready[] = {"pg_isready", "-q", "-h", folder, "-p", port_text, NULL};
    server = start("postgres", arguments);
    for (int i = 0; run("pg_isready", ready) != 0; i++) {
        assert_true(i < READY_NAPS);
        nap();
    }
}

static void make_folder(void)
{
    static const struct view prefix = VIEW("assay-pg");
    struct strbuf name;
    struct err err;

    strbuf_init(&name, sizeof folder - 1);
    assert_int_equal(file_make_temporary(prefix, &name, &err), 0);
    snprintf(folder, sizeof folder, "%s", strbuf_text(&name));
    strbuf_release(&name);
    assert_int_equal(chmod(folder, 0777), 0);
}

bool postgres_rig_start(void)
{
    char data[TEXT], password[TEXT], hba[TEXT];

    if (!find_binaries()) {
        print_message("PostgreSQL is not installed (apt-get install postgresql): skipped\n");
        return false;
    }
    make_folder();
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(password, sizeof password, "%s/password", folder);
    write_file("password", POSTGRES_RIG_PASSWORD "\n");
    const char *const init[] = {
        "initdb", "-D",        data,         "-U", "assay",         "-E",
        "UTF8",   "--no-sync", "--locale=C", "-A", "scram-sha-256", "--pwfile",
        password, NULL};
    assert_int_equal(run("initdb", init), 0);
    snprintf(hba, sizeof hba, "data/pg_hba.conf");
    write_file(hba, "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
    port = free_port();
    snprintf(url, sizeof url, "postgres://assay@/postgres?host=%s&port=%d", folder, port);
    snprintf(tcp_url, sizeof tcp_url, "postgres://assay:s3cret%%2Fpa%%3Ass@127.0.0.1:%d/postgres",
             port);
    start_server();
    return true;
}

const char *postgres_rig_url(void)
{
    return url;
}

const char *postgres_rig_tcp_url(void)
{
    return tcp_url;
}

int postgres_rig_port(void)
{
    return port;
}

void postgres_rig_sql(const char *database, const char *sql)
{
    char port_text[16];

    snprintf(port_text, sizeof port_text, "%d", port);
    const char *const arguments[] = {"psql",   "-q", "-X",      "-v", "ON_ERROR_STOP=1", "-h",
                                     folder,   "-p", port_text, "-U", "assay",           "-d",
                                     database, "-c", sql,       NULL};
    assert_int_equal(run("psql", arguments), 0);
}

static void await_end(int signal)
{
    int status;

    (void)kill(server, signal);
    while (waitpid(server, &status, 0) < 0 && errno == EINTR)
        continue;
    server = -1;
}

void postgres_rig_crash(void)
{
    await_end(SIGQUIT);
}

void postgres_rig_restart(void)
{
    start_server();
}

void postgres_rig_freeze(bool frozen)
{
    char path[64], text[4096] = "";

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)server, (int)server);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        (void)!fread(text, 1, sizeof text - 1, file);
        (void)fclose(file);
    }
    struct view rest = view_of(text);
    while (rest.ptr != NULL) {
        int64_t child;
        if (view_to_int(view_split(&rest, ' '), &child) == 0)
            (void)kill((pid_t)child, frozen ? SIGSTOP : SIGCONT);
    }
    (void)kill(server, frozen ? SIGSTOP : SIGCONT);
}

void postgres_rig_end(void)
{
    struct err err;

    if (server > 0)
        await_end(SIGINT);
    if (folder[0] != '\0')
        assert_int_equal(file_remove_tree(folder, &err), 0);
}
