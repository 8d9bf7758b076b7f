/* SPDX-License-Identifier: Apache-2.0
 *
 * Shards divide items so that each belongs to exactly one, in the order of the whole, and a process
 * learns which it is from whatever runs array jobs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/golden/shard.h"

/* NAME, VALUE, NAME, VALUE, …, NULL */
static struct view find(void *context, struct view name)
{
    const char *const *pairs = context;

    for (; *pairs != NULL; pairs += 2)
        if (view_is(name, pairs[0]))
            return view_of(pairs[1]);
    return (struct view){NULL, 0};
}

static void every_item_belongs_to_one_shard_and_is_found_again(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= 9; count++)
        for (size_t items = 0; items <= 30; items++) {
            size_t sum = 0;
            for (uint32_t index = 0; index < count; index++) {
                struct shard shard = {index, count};
                size_t n = 0;
                for (size_t item = 0; item < items; item++)
                    if (shard_has(&shard, item))
                        assert_int_equal(shard_item(&shard, n++), item);
                assert_int_equal(shard_size(&shard, items), n);
                sum += n;
            }
            assert_int_equal(sum, items);
        }
}

static const struct {
    const char *said;
    const char *const *environment;
    uint32_t index, count;
} told[] = {
    {"2/8", (const char *[]){NULL}, 2, 8},
    {"0/1", (const char *[]){NULL}, 0, 1},
    {"auto/4", (const char *[]){"JOB_COMPLETION_INDEX", "3", NULL}, 3, 4},
    {"auto",
     (const char *[]){"AWS_BATCH_JOB_ARRAY_INDEX", "1", "AWS_BATCH_JOB_ARRAY_SIZE", "5", NULL}, 1,
     5},
    {"auto",
     (const char *[]){"SLURM_ARRAY_TASK_ID", "13", "SLURM_ARRAY_TASK_COUNT", "4",
                      "SLURM_ARRAY_TASK_MIN", "10", NULL},
     3, 4},
    {"auto",
     (const char *[]){"SLURM_ARRAY_TASK_ID", "7", "SLURM_ARRAY_TASK_COUNT", "4",
                      "SLURM_ARRAY_TASK_MIN", "1", "SLURM_ARRAY_TASK_STEP", "2", NULL},
     3, 4},
    {"auto/4",
     (const char *[]){"SLURM_ARRAY_TASK_ID", "0", "SLURM_ARRAY_TASK_COUNT", "4",
                      "OMPI_COMM_WORLD_RANK", "1", "OMPI_COMM_WORLD_SIZE", "2", NULL},
     0, 4},
    {"auto", (const char *[]){"OMPI_COMM_WORLD_RANK", "2", "OMPI_COMM_WORLD_SIZE", "3", NULL}, 2,
     3},
    {"auto", (const char *[]){"PMI_RANK", "0", "PMI_SIZE", "2", NULL}, 0, 2},
    {"auto", (const char *[]){"CI_NODE_INDEX", "1", "CI_NODE_TOTAL", "6", NULL}, 0, 6},
};

static void the_runner_of_the_job_says_which_shard_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        struct shard shard = {0};
        struct err err = {0};
        if (shard_read(view_of(told[i].said), find, (void *)(uintptr_t)told[i].environment, &shard,
                       &err)
            != 0)
            fail_msg("row %zu: %s", i, err.text);
        assert_int_equal(shard.index, told[i].index);
        assert_int_equal(shard.count, told[i].count);
    }
}

static const struct {
    const char *said;
    const char *const *environment;
    const char *says;
} refused[] = {
    {"", (const char *[]){NULL}, "--shard: '' must be I/N"},
    {"3", (const char *[]){NULL}, "--shard: '3' must be I/N"},
    {"1/0", (const char *[]){NULL}, "--shard: '1/0' must be I/N"},
    {"x/4", (const char *[]){NULL}, "--shard: 'x/4' must be I/N"},
    {"auto/x", (const char *[]){NULL}, "--shard: 'auto/x' must be I/N"},
    {"4/4", (const char *[]){NULL}, "--shard: there is no shard 4 of 4: they are numbered from 0"},
    {"-1/4", (const char *[]){NULL}, "--shard: there is no shard -1 of 4"},
    {"0/100001", (const char *[]){NULL}, "--shard: at most 100000 shards"},
    {"auto", (const char *[]){NULL}, "--shard auto: no variable tells"},
    {"auto", (const char *[]){"JOB_COMPLETION_INDEX", "0", NULL},
     "--shard auto: Kubernetes does not say how many there are: say --shard auto/N"},
    {"auto/4", (const char *[]){"JOB_COMPLETION_INDEX", "x", NULL},
     "--shard auto: JOB_COMPLETION_INDEX is 'x', which is no number"},
    {"auto/4", (const char *[]){"JOB_COMPLETION_INDEX", "4", NULL},
     "--shard: there is no shard 4 of 4"},
    {"auto/8", (const char *[]){"PMI_RANK", "0", "PMI_SIZE", "2", NULL},
     "--shard auto/8: MPI runs 2"},
    {"auto",
     (const char *[]){"SLURM_ARRAY_TASK_ID", "9", "SLURM_ARRAY_TASK_COUNT", "3",
                      "SLURM_ARRAY_TASK_MIN", "1", NULL},
     "--shard auto: Slurm's SLURM_ARRAY_TASK_ID is 9, which is none of 3 from 1 in steps of 1"},
};

static void what_cannot_be_a_shard_is_refused_in_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct shard shard = {7, 7};
        struct err err = {0};
        assert_int_equal(shard_read(view_of(refused[i].said), find,
                                    (void *)(uintptr_t)refused[i].environment, &shard, &err),
                         ERR_USAGE);
        assert_int_equal(shard.index, 7);
        if (!view_starts(view_of(err.text), view_of(refused[i].says)))
            fail_msg("%s: not '%s'", err.text, refused[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_belongs_to_one_shard_and_is_found_again),
        cmocka_unit_test(the_runner_of_the_job_says_which_shard_it_is),
        cmocka_unit_test(what_cannot_be_a_shard_is_refused_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
