/* SPDX-License-Identifier: Apache-2.0
 *
 * shard: see shard.h. The variables are a table; the first row whose index is set counts. */
#include "core/golden/shard.h"

struct numbering {
    const char *runner;
    const char *index;
    const char *count; /* NULL: it does not say how many there are */
    const char *first; /* variable with the lowest index; NULL: first_number */
    const char *step;  /* variable with the distance of two indices; NULL: 1 */
    int64_t first_number;
};

/* Slurm's array comes before MPI: ranks of an array's task share its shard. */
static const struct numbering numberings[] = {
    {"Kubernetes", "JOB_COMPLETION_INDEX", NULL, NULL, NULL, 0},
    {"AWS Batch", "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", NULL, NULL, 0},
    {"Slurm", "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN",
     "SLURM_ARRAY_TASK_STEP", 0},
    {"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", NULL, NULL, 0},
    {"MPI", "PMI_RANK", "PMI_SIZE", NULL, NULL, 0},
    {"GitLab", "CI_NODE_INDEX", "CI_NODE_TOTAL", NULL, NULL, 1},
};

enum { NUMBERINGS = sizeof numberings / sizeof numberings[0] };

struct reading {
    shard_lookup *lookup;
    void *context;
    struct err *reterr;
};

/* A variable's number; `otherwise` where it has no name or is not set. */
static int number_of(const struct reading *reading, const char *name, int64_t otherwise,
                     int64_t *ret_number)
{
    struct view value = {NULL, 0};

    if (name != NULL)
        value = reading->lookup(reading->context, view_of(name));
    if (value.ptr == NULL) {
        *ret_number = otherwise;
        return 0;
    }
    if (view_to_int(value, ret_number) != 0 || *ret_number < 0)
        return fail(reading->reterr, ERR_USAGE, "--shard auto: %s is '%.*s', which is no number",
                    name, VIEW_ARG(value));
    return 0;
}

static int nobody(const struct reading *reading)
{
    return fail(reading->reterr, ERR_USAGE,
                "--shard auto: no variable tells which process this is (%s, %s, %s, %s, %s, %s): "
                "say --shard I/N, I from 0",
                numberings[0].index, numberings[1].index, numberings[2].index, numberings[3].index,
                numberings[4].index, numberings[5].index);
}

/* Which of how many the runner says this is; count 0 where it does not say. */
static int ask_runner(const struct reading *reading, const struct numbering *from,
                      int64_t *ret_index, int64_t *ret_count)
{
    int64_t index, first, step;

    int code = number_of(reading, from->index, -1, &index);
    if (code == 0)
        code = number_of(reading, from->count, 0, ret_count);
    if (code == 0)
        code = number_of(reading, from->first, from->first_number, &first);
    if (code == 0)
        code = number_of(reading, from->step, 1, &step);
    if (code != 0)
        return code;
    if (step < 1)
        step = 1;
    if (index < first || (index - first) % step != 0
        || (*ret_count > 0 && (index - first) / step >= *ret_count))
        return fail(reading->reterr, ERR_USAGE,
                    "--shard auto: %s's %s is %lld, which is none of %lld from %lld in steps of "
                    "%lld: number the jobs without gaps, like 0-%lld",
                    from->runner, from->index, (long long)index, (long long)*ret_count,
                    (long long)first, (long long)step,
                    (long long)(*ret_count > 0 ? *ret_count - 1 : 0));
    *ret_index = (index - first) / step;
    return 0;
}

static int read_auto(const struct reading *reading, int64_t wanted, int64_t *ret_index,
                     int64_t *ret_count)
{
    const struct numbering *from = NULL;

    for (size_t i = 0; i < NUMBERINGS && from == NULL; i++)
        if (reading->lookup(reading->context, view_of(numberings[i].index)).ptr != NULL)
            from = &numberings[i];
    if (from == NULL)
        return nobody(reading);
    int code = ask_runner(reading, from, ret_index, ret_count);
    if (code != 0)
        return code;
    if (*ret_count == 0 && wanted == 0)
        return fail(reading->reterr, ERR_USAGE,
                    "--shard auto: %s does not say how many there are: say --shard auto/N",
                    from->runner);
    if (*ret_count != 0 && wanted != 0 && *ret_count != wanted)
        return fail(reading->reterr, ERR_USAGE,
                    "--shard auto/%lld: %s runs %lld: the others would be missing",
                    (long long)wanted, from->runner, (long long)*ret_count);
    if (wanted != 0)
        *ret_count = wanted;
    return 0;
}

int shard_read(struct view text, shard_lookup *lookup, void *context, struct shard *ret_shard,
               struct err *reterr)
{
    struct reading reading = {lookup, context, reterr};
    struct view rest = text;
    struct view first = view_split(&rest, '/');
    int64_t index = -1;
    int64_t count = 0;
    int code = 0;

    if (rest.ptr != NULL && (view_to_int(rest, &count) != 0 || count < 1))
        return fail(reterr, ERR_USAGE, "--shard: '%.*s' must be I/N, auto or auto/N, like 0/4",
                    VIEW_ARG(text));
    if (view_is(first, "auto"))
        code = read_auto(&reading, count, &index, &count);
    else if (rest.ptr == NULL || view_to_int(first, &index) != 0)
        return fail(reterr, ERR_USAGE, "--shard: '%.*s' must be I/N, auto or auto/N, like 0/4",
                    VIEW_ARG(text));
    if (code != 0)
        return code;
    if (count > SHARD_MAX)
        return fail(reterr, ERR_USAGE, "--shard: at most %d shards, not %lld", SHARD_MAX,
                    (long long)count);
    if (index < 0 || index >= count)
        return fail(reterr, ERR_USAGE,
                    "--shard: there is no shard %lld of %lld: they are numbered from 0 to %lld",
                    (long long)index, (long long)count, (long long)(count - 1));
    *ret_shard = (struct shard){.index = (uint32_t)index, .count = (uint32_t)count};
    return 0;
}
