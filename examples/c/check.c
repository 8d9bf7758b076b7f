/* SPDX-License-Identifier: Apache-2.0
 *
 * check: says of each file, or of standard input, whether it is one strict JSON document; a worked
 * example of libassay. Build it against an installed library with
 *
 *     cc -std=c17 check.c $(pkg-config --cflags --libs assay) -o check
 *
 * Exit status: 0 all are, 1 one is not, 2 one could not be read. Limit: files of 64 MiB. */
#include <assay/assay.h>

#include <stdio.h>
#include <stdlib.h>

enum { INPUT_MAX = 64 << 20 };

/* All of the file, or NULL; the caller frees it. */
static char *read_all(FILE *file, size_t *ret_len)
{
    size_t room = 4096;
    size_t len = 0;
    char *bytes = malloc(room);

    while (bytes != NULL) {
        len += fread(bytes + len, 1, room - len, file);
        if (len < room)
            break;
        char *grown = room < INPUT_MAX ? realloc(bytes, room * 2) : NULL;
        if (grown == NULL) {
            free(bytes);
            return NULL;
        }
        bytes = grown;
        room *= 2;
    }
    if (bytes != NULL && ferror(file)) {
        free(bytes);
        return NULL;
    }
    *ret_len = len;
    return bytes;
}

static int check(const char *name, FILE *file)
{
    char error[256];
    size_t len;
    char *bytes = file != NULL ? read_all(file, &len) : NULL;

    if (bytes == NULL) {
        fprintf(stderr, "%s: cannot be read, or is larger than 64 MiB\n", name);
        return 2;
    }
    int code = assay_json_check(bytes, len, error, sizeof error);
    if (code == 0)
        printf("%s: valid JSON\n", name);
    else
        printf("%s:%s (%s)\n", name, error, assay_error_text(code));
    free(bytes);
    return code == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    int worst = argc > 1 ? 0 : check("-", stdin);

    fprintf(stderr, "libassay %s\n", assay_version());
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        int status = check(argv[i], file);
        if (file != NULL)
            fclose(file);
        if (status > worst)
            worst = status;
    }
    return worst;
}
