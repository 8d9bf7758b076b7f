/* SPDX-License-Identifier: Apache-2.0
 *
 * measure: runs a command and says on standard error's last line what it took, as JSON:
 * {"wall":0.1,"cpu":0.07,"rss":30408704,"status":0}: seconds, user and system seconds of the
 * command and the children it waited for, bytes of the largest of them at its peak.
 *
 *     measure COMMAND [ARGUMENT…]
 *
 * A program of its own because the peak that wait4 tells starts with the size of who started the
 * command: a Python of 30 MB would hide whatever is smaller. This one has 1 MB. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char *argv[])
{
    struct rusage used;
    int status;

    if (argc < 2) {
        fprintf(stderr, "usage: measure COMMAND [ARGUMENT…]\n");
        return 2;
    }
    double start_s = now_s();
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &used) != child) {
        perror("measure");
        return 2;
    }
    fprintf(stderr, "{\"wall\":%.6f,\"cpu\":%.6f,\"rss\":%ld,\"status\":%d}\n", now_s() - start_s,
            seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss * 1024,
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
