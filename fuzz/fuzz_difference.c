/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_difference: two texts with a NUL between them, by script and by a dictionary that cuts as
 * the bytes say. The parts put both texts together, neighbours differ in kind, nothing is both
 * removed and added at the same place without need, and what is the same at the ends is said to
 * be. */
#include "base/utf8.h"
#include "text/difference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 64 * 1024 * 1024 };

/* A dictionary whose words are as long as the low bits of their first byte say, and which may leave
 * gaps between them. */
static int analyse(void *context, struct arena *arena, struct view text,
                   const struct morpheme **ret_morphemes, size_t *ret_count)
{
    struct morpheme *list = arena_new(arena, text.len + 1, sizeof *list);
    size_t count = 0;
    (void)context;

    if (list == NULL)
        return ERR_MEMORY;
    for (size_t pos = 0; pos < text.len;) {
        size_t characters = ((unsigned char)text.ptr[text.len - 1 - pos] & 3u) + 1;
        list[count].start = pos;
        for (size_t i = 0; i < characters && pos < text.len; i++)
            utf8_next(text, &pos, NULL);
        list[count].end = pos;
        count += characters != 3;
    }
    *ret_morphemes = list;
    *ret_count = count;
    return 0;
}

static size_t check_part(const struct difference *part, struct view before, struct view after,
                         size_t *at_before, size_t *at_after)
{
    assert_always(part->text.len > 0);
    if (part->kind != DIFFERENCE_ADDED) {
        assert_always(
            view_equal(part->text, view_slice(before, *at_before, *at_before + part->text.len)));
        *at_before += part->text.len;
    }
    if (part->kind != DIFFERENCE_REMOVED) {
        assert_always(
            view_equal(part->text, view_slice(after, *at_after, *at_after + part->text.len)));
        *at_after += part->text.len;
    }
    return part->kind == DIFFERENCE_SAME ? part->text.len : 0;
}

static size_t check(const struct morphology *morphology, struct view before, struct view after)
{
    const struct difference *parts;
    struct arena arena;
    size_t count, at_before = 0, at_after = 0, same = 0;

    arena_init(&arena, ROOM);
    int code = difference_of(morphology, &arena, before, after, &parts, &count);
    assert_always(code == 0 || code == ERR_MEMORY);
    for (size_t i = 0; code == 0 && i < count; i++) {
        same += check_part(&parts[i], before, after, &at_before, &at_after);
        assert_always(i == 0 || parts[i].kind != parts[i - 1].kind);
        assert_always(i == 0 || parts[i - 1].kind != DIFFERENCE_ADDED
                      || parts[i].kind == DIFFERENCE_SAME);
    }
    assert_always(code != 0 || (at_before == before.len && at_after == after.len));
    arena_release(&arena);
    return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct morphology dictionary = {.analyse = analyse};
    struct view all = view_make(data, size);
    size_t cut = view_find_byte(all, '\0');
    struct view before = view_slice(all, 0, cut);
    struct view after = view_slice(all, cut + 1, size);

    check(NULL, before, after);
    check(&dictionary, before, after);
    assert_always(check(NULL, before, before) == before.len);
    return 0;
}
