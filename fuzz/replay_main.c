/* SPDX-License-Identifier: Apache-2.0
 *
 * replay_main: runs a fuzzer's inputs through it without libFuzzer, so that plain builds replay
 * every corpus: replay_<name> FILE or FOLDER... Also the empty input, always.
 *
 * A crash names the file that was being read. Fails where a path cannot be read or holds no input,
 * so that a corpus cannot vanish unnoticed. Limits: inputs of 16 MiB. Threads: one. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

enum { INPUT_MAX = 16 << 20, PATH_BYTES_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char current[PATH_BYTES_MAX]; /* what a debugger or a core file shows */

/* Returns how many inputs were run, -1 where the file cannot be read. */
static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = file != NULL ? mem_new(INPUT_MAX, 1) : NULL;

    if (bytes == NULL) {
        if (file != NULL)
            fclose(file);
        fprintf(stderr, "%s: cannot be read\n", path);
        return -1;
    }
    size_t len = fread(bytes, 1, INPUT_MAX, file);
    fclose(file);
    /* A block of its exact size, so that a sanitizer sees the first byte past the end. */
    unsigned char *exact = mem_new(len, 1);
    if (exact == NULL) {
        mem_free(bytes);
        return -1;
    }
    memcpy(exact, bytes, len);
    mem_free(bytes);
    snprintf(current, sizeof current, "%s", path);
    (void)LLVMFuzzerTestOneInput(exact, len);
    mem_free(exact);
    return 1;
}

static int replay(const char *path)
{
    struct stat about;
    int count = 0;

    if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))
        return replay_file(path);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return -1;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char inner[PATH_BYTES_MAX];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        int done = replay_file(inner);
        if (done < 0) {
            closedir(folder);
            return -1;
        }
        count += done;
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        int count = replay(argv[i]);
        if (count <= 0) {
            fprintf(stderr, "%s: no input could be replayed\n", argv[i]);
            return 1;
        }
        printf("%s: %d inputs\n", argv[i], count);
    }
    return 0;
}
