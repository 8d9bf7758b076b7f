/* SPDX-License-Identifier: Apache-2.0
 *
 * patterns: see patterns.h. The filters are plain expressions over bytes (text/scan_filter.h), so
 * that Vectorscan needs none of its approximations; it reports every end of each of them. Databases
 * are made for streams: a whole text is a stream of one piece, and costs the same. */
#include "engine/patterns.h"

#include <hs/hs_compile.h>

#include "base/mem.h"
#include "engine/patterns_cache.h"
#include "text/scan_set.h"

enum {
    PIECE_MAX = 1024 * 1024 * 1024,
    PIECE_SHORT = 15, /* too short for the shortcuts of Vectorscan's engines */
    JIT_STACK_MIN = 32 * 1024,
    JIT_STACK_MAX = 512 * 1024,
    HEAP_MAX_KIB = 20000,
};

static void *allocate(size_t size)
{
    return mem_new(1, size);
}

/* Vectorscan's memory is base/mem's, but for what its compiler takes in between. */
static int use_our_memory(void)
{
    return hs_set_allocator(allocate, mem_free) == HS_SUCCESS ? 0 : ERR_MEMORY;
}

/* ---- the processor --------------------------------------------------------------------------- */

/* Vectorscan 5.4.9 overlooks a pair of bytes that two vectors part, but only in its code for
 * AVX-512, which it chooses by itself (tests/unit/engine/test_patterns.c looks for it). Its code
 * for AVX2 is in the same library under this name; a build without it gets short pieces. */
extern hs_error_t avx2_hs_scan_stream(hs_stream_t *stream, const char *bytes, unsigned len,
                                      unsigned flags, hs_scratch_t *scratch,
                                      match_event_handler on_match, void *context)
    __attribute__((weak));

/* What databases are compiled for. */
static hs_platform_info_t platform_of(bool *ret_has_avx512)
{
    hs_platform_info_t platform;

    if (hs_populate_platform(&platform) != HS_SUCCESS)
        platform = (hs_platform_info_t){0};
    *ret_has_avx512 = (platform.cpu_features & ~(unsigned long long)HS_CPU_FEATURES_AVX2) != 0;
    platform.cpu_features &= HS_CPU_FEATURES_AVX2;
    return platform;
}

static void choose_function(struct scan_scratch *scratch)
{
    bool has_avx512;

    (void)platform_of(&has_avx512);
    bool has_other = avx2_hs_scan_stream != NULL;
    scratch->scan = has_avx512 && has_other ? avx2_hs_scan_stream : hs_scan_stream;
    scratch->piece_max = has_avx512 && !has_other ? PIECE_SHORT : PIECE_MAX;
}

/* ---- the database ---------------------------------------------------------------------------- */

/* What hs_compile_multi wants: a row of each for the rules that have a filter. */
struct filters {
    const char **texts;
    unsigned *flags;
    unsigned *ids;
    unsigned count;
};

static void filters_release(struct filters *filters)
{
    mem_free((void *)filters->texts);
    mem_free(filters->flags);
    mem_free(filters->ids);
}

static int filters_of(const struct scan_entries *entries, struct filters *filters)
{
    size_t room = entries->count > 0 ? entries->count : 1;

    filters->texts = mem_new(room, sizeof *filters->texts);
    filters->flags = mem_new(room, sizeof *filters->flags);
    filters->ids = mem_new(room, sizeof *filters->ids);
    if (filters->texts == NULL || filters->flags == NULL || filters->ids == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < entries->count; i++) {
        if (entries->list[i].width == SIZE_MAX)
            continue;
        filters->texts[filters->count] = entries->list[i].filter_text;
        filters->flags[filters->count] = HS_FLAG_DOTALL;
        filters->ids[filters->count++] = (unsigned)i;
    }
    return 0;
}

static int compile_failed(const struct scan_entries *entries, const struct filters *filters,
                          hs_compile_error_t *error, struct err *reterr)
{
    int code = ERR_MEMORY;

    if (strstr(error->message, "allocat") != NULL || strstr(error->message, "memory") != NULL) {
        code = ERR_MEMORY; /* the only word for it that there is */
    } else if (error->expression >= 0) {
        const struct scan_entry *entry = &entries->list[filters->ids[error->expression]];
        code = fail(reterr, ERR_CONFIG, "pattern '%.*s' cannot be looked for: %s",
                    VIEW_ARG(entry->name), error->message);
    } else {
        code = fail(reterr, ERR_CONFIG, "the patterns cannot be compiled: %s", error->message);
    }
    hs_free_compile_error(error);
    return code;
}

static int compile_database(const struct scan_entries *entries, const struct filters *filters,
                            hs_database_t **ret_database, struct err *reterr)
{
    hs_compile_error_t *error = NULL;
    bool has_avx512;
    hs_platform_info_t platform = platform_of(&has_avx512);

    if (hs_valid_platform() != HS_SUCCESS)
        return fail(reterr, ERR_UNSUPPORTED,
                    "patterns need a processor with SSE4.2 or its like (Vectorscan)");
    if (hs_compile_multi(filters->texts, filters->flags, filters->ids, filters->count,
                         HS_MODE_STREAM, &platform, ret_database, &error)
        != HS_SUCCESS)
        return compile_failed(entries, filters, error, reterr);
    return 0;
}

/* All that the database depends on. */
static int key_of(const struct filters *filters, char ret_key[DIGEST_HEX_SIZE])
{
    bool has_avx512;
    hs_platform_info_t platform = platform_of(&has_avx512);
    struct strbuf all;

    strbuf_init(&all, PATTERNS_FILE_MAX);
    strbuf_printf(&all, "1 %s %u %llx\n", hs_version(), platform.tune,
                  (unsigned long long)platform.cpu_features);
    for (unsigned i = 0; i < filters->count; i++)
        strbuf_printf(&all, "%u %u %s\n", filters->ids[i], filters->flags[i], filters->texts[i]);
    int code = strbuf_status(&all) == 0 ? 0 : ERR_MEMORY;
    struct digest digest = digest_of(strbuf_view(&all));
    digest_hex(&digest, ret_key);
    strbuf_release(&all);
    return code;
}

static int read_database(const char *cache, const char *key, hs_database_t **ret_database)
{
    struct strbuf bytes;

    strbuf_init(&bytes, PATTERNS_FILE_MAX);
    int code = patterns_cache_read(cache, key, &bytes);
    if (code == 0 && hs_deserialize_database(bytes.ptr, bytes.len, ret_database) != HS_SUCCESS)
        code = ERR_CORRUPT;
    strbuf_release(&bytes);
    return code;
}

static bool write_database(const char *cache, const char *key, const hs_database_t *database)
{
    char *bytes = NULL;
    size_t len = 0;

    if (hs_serialize_database(database, &bytes, &len) != HS_SUCCESS)
        return false;
    bool written = patterns_cache_write(cache, key, view_make(bytes, len)) == 0;
    mem_free(bytes);
    return written;
}

static int database_of(const struct scan_entries *entries, const char *cache,
                       hs_database_t **ret_database, enum patterns_origin *ret_origin,
                       struct err *reterr)
{
    char key[DIGEST_HEX_SIZE];
    struct filters filters = {0};

    *ret_origin = PATTERNS_EMPTY;
    int code = filters_of(entries, &filters);
    if (code == 0)
        code = key_of(&filters, key);
    if (code == 0 && filters.count > 0) {
        *ret_origin = PATTERNS_READ;
        if (cache == NULL || read_database(cache, key, ret_database) != 0) {
            code = compile_database(entries, &filters, ret_database, reterr);
            bool written = code == 0 && cache != NULL && write_database(cache, key, *ret_database);
            *ret_origin = written ? PATTERNS_WRITTEN : PATTERNS_COMPILED;
        }
    }
    filters_release(&filters);
    return code;
}

/* ---- sets ------------------------------------------------------------------------------------ */

/* Machine code where it can be had; the interpreter does the same. */
static void make_machine_code(const struct scan_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        (void)pcre2_jit_compile(entries->list[i].code, entries->list[i].width == SIZE_MAX
                                                           ? PCRE2_JIT_COMPLETE
                                                           : PCRE2_JIT_PARTIAL_HARD);
}

int patterns_compile(struct scan_plan *plan, const char *cache, struct scan_set **ret_set,
                     enum patterns_origin *ret_origin, struct err *reterr)
{
    enum patterns_origin origin = PATTERNS_EMPTY;
    struct scan_set *set = mem_new(1, sizeof *set);
    int code = set != NULL ? use_our_memory() : ERR_MEMORY;

    if (code == 0)
        code = database_of(&plan->entries, cache, &set->database, &origin, reterr);
    if (code != 0) {
        mem_free(set);
        return code == ERR_MEMORY ? fail(reterr, code, "no memory to compile patterns") : code;
    }
    set->entries = plan->entries;
    plan->entries = (struct scan_entries){0};
    make_machine_code(&set->entries);
    for (size_t i = 0; i < set->entries.count; i++) {
        const struct scan_entry *entry = &set->entries.list[i];
        set->has_wide |= entry->width == SIZE_MAX;
        if (entry->behind > set->behind)
            set->behind = entry->behind;
    }
    if (ret_origin != NULL)
        *ret_origin = origin;
    *ret_set = set;
    return 0;
}

void patterns_free(struct scan_set *set)
{
    if (set == NULL)
        return;
    (void)hs_free_database(set->database);
    scan_entries_release(&set->entries);
    mem_free(set);
}

int patterns_scratch_new(const struct scan_set *set, struct scan_scratch **ret_scratch)
{
    struct scan_scratch *scratch = mem_new(1, sizeof *scratch);
    int code = scratch != NULL ? use_our_memory() : ERR_MEMORY;

    if (code == 0 && set->database != NULL
        && hs_alloc_scratch(set->database, &scratch->filters) != HS_SUCCESS)
        code = ERR_MEMORY;
    if (code == 0) {
        scratch->memory = scan_memory_new();
        if (scratch->memory != NULL) {
            scratch->match = pcre2_match_data_create(1, scratch->memory);
            scratch->limits = pcre2_match_context_create(scratch->memory);
            scratch->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, scratch->memory);
        }
        if (scratch->match == NULL || scratch->limits == NULL)
            code = ERR_MEMORY;
    }
    if (code != 0) {
        patterns_scratch_free(scratch);
        return code;
    }
    choose_function(scratch);
    pcre2_set_match_limit(scratch->limits, SCAN_STEPS_MAX);
    pcre2_set_heap_limit(scratch->limits, HEAP_MAX_KIB);
    pcre2_jit_stack_assign(scratch->limits, NULL, scratch->stack);
    *ret_scratch = scratch;
    return 0;
}

void patterns_scratch_free(struct scan_scratch *scratch)
{
    if (scratch == NULL)
        return;
    (void)hs_free_scratch(scratch->filters);
    pcre2_match_data_free(scratch->match);
    pcre2_match_context_free(scratch->limits);
    pcre2_jit_stack_free(scratch->stack);
    pcre2_general_context_free(scratch->memory);
    mem_free(scratch);
}
