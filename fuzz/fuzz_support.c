/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_support: any bytes, cut at NUL into an answer, a question and sources, go through the reader
 * of values, the cutter of claims and the judge of support. Values come in order and lie inside
 * their text, claims lie inside the answer and do not overlap, findings lie inside their claims,
 * scores are shares; an answer that is its own source has no unsupported value. */
#include "base/utf8.h"
#include "text/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 256 * 1024 * 1024, SOURCES_MAX = 4, ONE_MICRO = 1000000 };

static void check_values(struct arena *arena, struct view text)
{
    struct normalised spelled;
    struct value_reader reader;
    struct value value;
    size_t start = 0;
    size_t end = 0;
    size_t last = 0;

    assert_always(values_spell(arena, text, &spelled) == 0);
    value_reader_init(&reader, spelled.text);
    while (value_next(&reader, &value)) {
        assert_always(value.start >= last && value.start < value.end
                      && value.end <= spelled.text.len);
        assert_always(value.inner_start <= value.inner_end && value.inner_end <= value.end);
        assert_always(value.unit < UNIT_COUNT && value_unit_name(value.unit) != NULL
                      && value_kind_name(value.kind) != NULL);
        assert_always(value.number.digits == 0 || value.number.digits % 10 != 0);
        last = value.start;
        if (spelled.start_at != NULL) {
            normalised_source(&spelled, value.start, value.end, &start, &end);
            assert_always(start < end && end <= text.len);
        }
    }
}

static void check_claims(struct arena *arena, struct view answer)
{
    struct claims claims;
    size_t last = 0;

    assert_always(claims_of(arena, answer, &claims) == 0);
    for (size_t i = 0; i < claims.count; i++) {
        const struct claim *claim = &claims.items[i];
        assert_always(claim->start >= last && claim->start <= claim->end && claim->end <= answer.len
                      && claim->text.len > 0);
        last = claim->end;
        for (size_t at = 0; claim->offsets != NULL && at <= claim->text.len; at++)
            assert_always(claim->offsets[at] >= claim->start && claim->offsets[at] <= claim->end
                          && (at == 0 || claim->offsets[at] >= claim->offsets[at - 1]));
    }
}

static void check_report(struct arena *arena, struct view answer,
                         const struct support_report *report)
{
    assert_always(report->value_count <= report->value_total
                  && report->value_total <= report->checked);
    for (size_t i = 0; i < report->value_count; i++) {
        const struct support_value *found = &report->values[i];
        const struct claim *claim = &report->claims[found->claim].claim;
        assert_always(found->value.start >= claim->start && found->value.start < found->value.end
                      && found->value.end <= claim->end);
        assert_always(support_value_message(arena, answer, found) != NULL);
    }
    for (size_t i = 0; i < report->claim_count; i++) {
        const struct support_claim *claim = &report->claims[i];
        assert_always(claim->score_micro >= -1 && claim->score_micro <= ONE_MICRO);
        assert_always(!claim->is_low || support_claim_message(arena, claim) != NULL);
    }
}

static void check_support(struct arena *arena, struct view answer, struct view question,
                          const struct view *texts, size_t count, bool is_own_source)
{
    const struct support_options options = {
        .floor_micro = SUPPORT_FLOOR_MICRO,
        .values = true,
        .low = true,
    };
    struct support_sources *sources = NULL;
    struct support_report report;

    assert_always(support_sources_new(texts, count, question, NULL, &sources) == 0);
    assert_always(support_judge(arena, sources, answer, NULL, &options, &report) == 0);
    check_report(arena, answer, &report);
    assert_always(!is_own_source || report.claim_count != 1
                  || report.claims[0].claim.offsets != NULL
                  || report.claims[0].claim.text.len < answer.len || report.value_total == 0);
    support_sources_free(sources);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = view_make(data, size);
    struct view answer = view_split(&rest, '\0');
    struct view question = rest.ptr != NULL ? view_split(&rest, '\0') : (struct view){0};
    struct view sources[SOURCES_MAX];
    size_t count = 0;
    struct arena arena;

    arena_init(&arena, ROOM);
    while (rest.ptr != NULL && count < SOURCES_MAX)
        sources[count++] = view_split(&rest, '\0');
    check_values(&arena, answer);
    check_claims(&arena, answer);
    check_support(&arena, answer, question, sources, count, false);
    check_support(&arena, answer, question, &answer, 1, true);
    arena_release(&arena);
    return 0;
}
