/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_credentials: any bytes as what AWS keys are found by: the two files, what STS, commands,
 * containers, instances and SSO say, a command's line. The first byte says as which. What is found
 * can be copied and is the same; what is read is whole; what is refused says why. */
#include "base/strbuf.h"
#include "provider/credentials.h"
#include "provider/credentials_answer.h"
#include "provider/sts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_MAX = 8 * 1024 * 1024, TEXT_MAX = 1024 * 1024 };

/* The config file up to the first NUL, the credentials file from there on. */
static void read_files(struct view text, struct arena *arena)
{
    size_t cut = view_find_byte(text, '\0');
    struct credentials_sources sources = {
        .env_profile = VIEW("p"),
        .files = {.config_text = view_slice(text, 0, cut),
                  .credentials_text = view_slice(text, cut + 1, text.len)},
    };
    struct credentials found;
    struct credentials copy;
    struct strbuf told;
    struct err err = {0};

    int code = credentials_resolve(&sources, &found, &err);
    if (code != 0) {
        assert_always(err.code == code && err.text[0] != '\0');
        return;
    }
    strbuf_init(&told, TEXT_MAX);
    credentials_describe(&told, &found);
    assert_always(told.len > 0);
    strbuf_release(&told);
    if (credentials_copy(arena, &found, &copy) == 0)
        assert_always(credentials_equal(&found, &copy));
}

typedef int reader(struct view text, struct arena *arena, struct credentials_answer *ret_answer,
                   struct err *reterr);

static void read_answer(reader *read, struct view text, struct arena *arena)
{
    struct credentials_answer answer;
    struct err err = {0};

    int code = read(text, arena, &answer, &err);
    if (code != 0)
        assert_always(err.code == code && err.text[0] != '\0');
    else
        assert_always(answer.keys.access_key.len > 0 && answer.keys.secret_key.len > 0);
}

static void read_sts(struct view text, struct arena *arena)
{
    read_answer(sts_read, text, arena);
    (void)sts_read_error(text, arena);
}

static void read_process(struct view text, struct arena *arena)
{
    read_answer(credentials_read_process, text, arena);
}

static void read_metadata(struct view text, struct arena *arena)
{
    read_answer(credentials_read_metadata, text, arena);
}

static void read_portal(struct view text, struct arena *arena)
{
    read_answer(sso_read_keys, text, arena);
}

/* A token that is read can be written, and reads the same. */
static void read_token(struct view text, struct arena *arena)
{
    const struct credentials_sso sso = {.session = VIEW("s"), .start_url = VIEW("https://x")};
    struct sso_token token;
    struct sso_token again;
    struct strbuf written;

    if (sso_read_token(text, arena, &token, NULL) != 0)
        return;
    strbuf_init(&written, TEXT_MAX);
    sso_write_token(&written, &sso, &token);
    assert_always(sso_read_token(strbuf_view(&written), arena, &again, NULL) == 0);
    assert_always(view_equal(token.access_token, again.access_token));
    assert_always(view_equal(token.refresh_token, again.refresh_token));
    assert_always(token.expires_s == again.expires_s);
    strbuf_release(&written);
}

static void split(struct view text, struct arena *arena)
{
    const char *const *words;
    size_t count = 0;

    if (credentials_split(text, arena, &words, NULL) != 0)
        return;
    while (words[count] != NULL)
        count++;
    assert_always(count > 0 && count <= CREDENTIALS_ARGUMENTS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct view, struct arena *) = {
        read_files, read_sts, read_process, read_metadata, read_portal, read_token, split,
    };
    struct arena arena;

    if (size == 0)
        return 0;
    size_t which = data[0] >= '0' && data[0] <= '6'
                       ? (size_t)(data[0] - '0')
                       : data[0] % (sizeof readers / sizeof readers[0]);
    arena_init(&arena, ARENA_MAX);
    readers[which](view_make(data + 1, size - 1), &arena);
    arena_release(&arena);
    return 0;
}
