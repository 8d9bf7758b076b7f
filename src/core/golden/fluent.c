/* SPDX-License-Identifier: Apache-2.0
 *
 * fluent: see fluent.h. */
#include "core/golden/fluent.h"

static const size_t SCRATCH_BYTES_MAX = (size_t)1 << 30;

static int read_text(const struct morphology *morphology, struct view text,
                     struct fluency *ret_fluency)
{
    struct arena scratch;

    arena_init(&scratch, SCRATCH_BYTES_MAX);
    int code = fluency_of(&scratch, text, morphology, ret_fluency);
    arena_release(&scratch);
    return code;
}

/* The accepted answers, each against the others; an only one by what it is. */
static int32_t mean_of_accepted(const struct fluency *accepted, struct fluency *others,
                                size_t count)
{
    struct fluency_change change;
    int64_t sum = 0;

    if (count == 0)
        return SCORE_ABSENT;
    for (size_t i = 0; i < count; i++) {
        size_t kept = 0;
        for (size_t j = 0; j < count; j++)
            if (j != i || count == 1)
                others[kept++] = accepted[j];
        fluency_compare(&accepted[i], others, kept, &change);
        sum += change.score_micro;
    }
    return (int32_t)(sum / (int64_t)count);
}

struct reading {
    struct run_entry *entry;
    size_t read;
    size_t changed;             /* samples whose register changed */
    const struct sample *worst; /* the least fluent one */
    int64_t sum_micro;
};

static void add_sample(struct reading *reading, const struct sample *sample)
{
    reading->read++;
    reading->sum_micro += sample->fluency.score_micro;
    reading->changed += sample->fluency.style_changed;
    if (reading->worst == NULL || sample->fluency.score_micro < reading->worst->fluency.score_micro)
        reading->worst = sample;
}

/* In words, where the answers read worse than accepted ones or, without any, badly. */
static int explain(const struct reading *reading, struct arena *arena)
{
    struct run_entry *entry = reading->entry;
    char words[FLUENCY_WORDS_SIZE];
    int32_t before =
        entry->baseline_fluency_micro == SCORE_ABSENT ? MICRO : entry->baseline_fluency_micro;

    entry->register_changed = reading->changed * 2 > reading->read;
    if (before - entry->fluency_micro < FLUENT_FALLEN_MICRO && !entry->register_changed)
        return 0;
    fluency_change_words(&reading->worst->fluency, words);
    return arena_copy(arena, view_of(words), &entry->fluency_reason);
}

static int read_samples(const struct morphology *morphology, struct run_entry *entry,
                        const struct fluency *accepted, size_t count, struct arena *arena)
{
    struct reading reading = {.entry = entry};

    for (size_t i = 0; i < entry->sample_count; i++) {
        struct sample *sample = &entry->samples[i];
        struct view text = sample->answer.reply.text;
        struct fluency fluency;
        if (!sample->scored)
            continue;
        int code = read_text(morphology, text, &fluency);
        if (code != 0)
            return code;
        if (fluency.is_blank)
            continue;
        fluency_compare(&fluency, accepted, count, &sample->fluency);
        sample->fluency_known = true;
        add_sample(&reading, sample);
    }
    if (reading.read == 0)
        return 0;
    entry->fluency_known = true;
    entry->fluency_micro = (int32_t)(reading.sum_micro / (int64_t)reading.read);
    return explain(&reading, arena);
}

/* `accepted` has room for every accepted answer twice. */
static int read_entry(const struct morphology *morphology, struct run_entry *entry,
                      struct fluency *accepted, size_t answers, struct arena *arena)
{
    size_t count = 0;
    int code = 0;

    for (size_t i = 0; i < answers && code == 0; i++) {
        code = read_text(morphology, entry->baseline->answers[i].text, &accepted[count]);
        count += code == 0 && !accepted[count].is_blank;
    }
    if (code != 0)
        return code;
    entry->baseline_fluency_micro = mean_of_accepted(accepted, accepted + answers, count);
    return read_samples(morphology, entry, accepted, count, arena);
}

int fluent_entry(const struct morphology *morphology, struct run_entry *entry, struct arena *arena)
{
    size_t answers = entry->baseline != NULL ? entry->baseline->answer_count : 0;
    struct arena scratch;

    entry->fluency_known = false;
    entry->baseline_fluency_micro = SCORE_ABSENT;
    arena_init(&scratch, SCRATCH_BYTES_MAX);
    struct fluency *accepted = arena_new(&scratch, 2 * answers, sizeof *accepted);
    int code =
        accepted != NULL ? read_entry(morphology, entry, accepted, answers, arena) : ERR_MEMORY;
    arena_release(&scratch);
    return code;
}

void fluent_mean(struct run *run)
{
    int64_t sum = 0, count = 0;

    for (size_t i = 0; i < run->entry_count; i++) {
        sum += run->entries[i].fluency_known ? run->entries[i].fluency_micro : 0;
        count += run->entries[i].fluency_known;
    }
    run->fluency_known = count > 0;
    run->fluency_micro = count > 0 ? (int32_t)(sum / count) : 0;
}
