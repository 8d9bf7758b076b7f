/* SPDX-License-Identifier: Apache-2.0
 *
 * traffic: see traffic.h. Questions come in; while the sample lasts they are kept, then the
 * template is learnt from them and all of them, and all that follow, go into clusters. */
#include "core/golden/traffic.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/chars.h"
#include "text/language.h"
#include "text/similarity.h"

enum {
    HASHES = 24,
    ROWS = 2, /* of a band */
    BANDS = HASHES / ROWS,
    BUCKETS = 1 << 16,
    BUCKET_SIZE = 4,
    GRAM = 3,
    CHARS_MAX = 1500, /* of a question that are compared */
    CANDIDATES_MAX = 16,
    COMMON_MIN = 12,    /* bytes that a beginning or an end must have to be no accident */
    DISTINCT_MIN = 5,   /* different questions from which a template can be learnt */
    SHARE_PERCENT = 80, /* of them that must have it */
    EACH_LANGUAGE = 5,  /* proposals that a language has at least */
    MINHASH_SEED = 77,
};

static const size_t ARENA_BYTES_MAX = (size_t)1 << 30;

struct cluster {
    struct view question;
    struct ngram_vector vector;
    uint64_t count;
    uint64_t line;
    struct view answers[TRAFFIC_ANSWERS_EACH];
    size_t answer_count;
    char language[LANGUAGE_CODE_SIZE];
    bool is_taken; /* while proposing */
};

struct kept {
    struct view question;
    struct view response;
    uint64_t line;
};

struct seen {
    struct view text;
    uint64_t count;
};

/* Different texts and how often each was seen; those past the bound are counted together. */
struct census {
    struct seen items[TRAFFIC_SYSTEMS_MAX];
    size_t count;
    uint64_t others;
};

struct traffic {
    struct arena arena;
    struct arena scratch;
    struct kept sample[TRAFFIC_SAMPLE];
    size_t sampled;
    bool has_learnt;
    struct census systems;
    struct census models; /* of Bedrock's logs */
    struct census regions;
    struct view before; /* of the template */
    struct view after;
    struct cluster *clusters[TRAFFIC_CLUSTERS_MAX];
    size_t cluster_count;
    uint32_t (*buckets)[BUCKET_SIZE]; /* cluster + 1 */
    uint64_t questions;
    uint64_t with_turns;
    uint64_t uncounted;
};

int traffic_new(struct traffic **ret_traffic)
{
    struct traffic *traffic = mem_new(1, sizeof *traffic);

    if (traffic == NULL)
        return ERR_MEMORY;
    arena_init(&traffic->arena, ARENA_BYTES_MAX);
    arena_init(&traffic->scratch, ARENA_BYTES_MAX);
    traffic->buckets = mem_new(BUCKETS, sizeof *traffic->buckets);
    if (traffic->buckets == NULL) {
        traffic_free(traffic);
        return ERR_MEMORY;
    }
    *ret_traffic = traffic;
    return 0;
}

void traffic_free(struct traffic *traffic)
{
    if (traffic == NULL)
        return;
    arena_release(&traffic->arena);
    arena_release(&traffic->scratch);
    mem_free(traffic->buckets);
    mem_free(traffic);
}

/* ---- which questions are one ----------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ (x >> 33);
}

/* The smallest hash of its 3-grams, by each of HASHES functions. */
static void minhash(struct view text, uint64_t ret_hashes[HASHES])
{
    uint64_t gram = 0;
    size_t pos = 0;

    for (size_t i = 0; i < HASHES; i++)
        ret_hashes[i] = UINT64_MAX;
    for (size_t chars = 1; pos < text.len && chars <= CHARS_MAX; chars++) {
        uint32_t c = utf8_next(text, &pos, NULL);
        if (c >= 'A' && c <= 'Z')
            c = c - 'A' + 'a';
        gram = (gram << 21 | c) & UINT64_C(0x7fffffffffffffff);
        if (chars < GRAM && pos < text.len)
            continue;
        for (uint64_t i = 0; i < HASHES; i++) {
            uint64_t hash = mix(gram + i * UINT64_C(0x9e3779b97f4a7c15));
            if (hash < ret_hashes[i])
                ret_hashes[i] = hash;
        }
    }
}

static uint32_t bucket_of(const uint64_t hashes[HASHES], size_t band)
{
    uint64_t key = MINHASH_SEED + band;

    for (size_t i = 0; i < ROWS; i++)
        key = mix(key ^ hashes[band * ROWS + i]);
    return (uint32_t)(key % BUCKETS);
}

/* The cluster that is like it most, and enough; NULL where there is none. */
static struct cluster *find(const struct traffic *traffic, const uint64_t hashes[HASHES],
                            const struct ngram_vector *vector)
{
    struct cluster *seen[CANDIDATES_MAX];
    struct cluster *best = NULL;
    int64_t best_micro = TRAFFIC_SAME_MICRO - 1;
    size_t seen_count = 0;

    for (size_t band = 0; band < BANDS; band++) {
        const uint32_t *bucket = traffic->buckets[bucket_of(hashes, band)];
        for (size_t i = 0; i < BUCKET_SIZE && bucket[i] != 0; i++) {
            struct cluster *cluster = traffic->clusters[bucket[i] - 1];
            bool is_new = seen_count < CANDIDATES_MAX;
            for (size_t j = 0; j < seen_count; j++)
                is_new = is_new && seen[j] != cluster;
            if (!is_new)
                continue;
            seen[seen_count++] = cluster;
            int64_t micro = ngram_cosine_micro(vector, &cluster->vector);
            if (micro > best_micro) {
                best_micro = micro;
                best = cluster;
            }
        }
    }
    return best;
}

static void enter(struct traffic *traffic, const uint64_t hashes[HASHES], uint32_t number)
{
    for (size_t band = 0; band < BANDS; band++) {
        uint32_t *bucket = traffic->buckets[bucket_of(hashes, band)];
        for (size_t i = 0; i < BUCKET_SIZE; i++)
            if (bucket[i] == 0) {
                bucket[i] = number;
                break;
            }
    }
}

/* The text with all digits alike: order 17 and order 18 are one question. */
static int shape_of(struct arena *arena, struct view text, struct view *ret_shape)
{
    char *shape = arena_string(arena, text);

    if (shape == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < text.len; i++)
        if (shape[i] >= '0' && shape[i] <= '9')
            shape[i] = '0';
    *ret_shape = view_make(shape, text.len);
    return 0;
}

static int new_cluster(struct traffic *traffic, struct view question, struct view shape,
                       uint64_t line, struct cluster **ret_cluster)
{
    struct cluster *cluster = arena_new(&traffic->arena, 1, sizeof *cluster);
    struct language_result language;

    if (cluster == NULL)
        return ERR_MEMORY;
    cluster->line = line;
    int code = arena_copy(&traffic->arena, question, &cluster->question);
    if (code == 0)
        code = ngram_vector_of(&traffic->arena, NULL, shape, &cluster->vector);
    if (code == 0)
        code = language_detect(cluster->question, view_of(""), &language);
    if (code != 0)
        return code;
    memcpy(cluster->language, language.detected, sizeof cluster->language);
    traffic->clusters[traffic->cluster_count++] = cluster;
    *ret_cluster = cluster;
    return 0;
}

/* Answers that are too long to be kept whole are not kept: a cut one was never given. */
static int keep_answer(struct traffic *traffic, struct cluster *cluster, struct view response)
{
    if (response.len == 0 || response.len > TRAFFIC_TEXT_MAX
        || cluster->answer_count == TRAFFIC_ANSWERS_EACH)
        return 0;
    int code = arena_copy(&traffic->arena, response, &cluster->answers[cluster->answer_count]);
    if (code == 0)
        cluster->answer_count++;
    return code;
}

static int add_question(struct traffic *traffic, struct view question, struct view response,
                        uint64_t line)
{
    struct ngram_vector vector;
    uint64_t hashes[HASHES];
    struct view text = utf8_cut(view_trim(question), TRAFFIC_TEXT_MAX);
    struct view shape;

    if (text.len == 0)
        return 0;
    arena_release(&traffic->scratch);
    arena_init(&traffic->scratch, ARENA_BYTES_MAX);
    int code = shape_of(&traffic->scratch, text, &shape);
    if (code == 0)
        code = ngram_vector_of(&traffic->scratch, NULL, shape, &vector);
    if (code != 0)
        return code;
    minhash(shape, hashes);
    struct cluster *cluster = find(traffic, hashes, &vector);
    if (cluster == NULL && traffic->cluster_count == TRAFFIC_CLUSTERS_MAX) {
        traffic->uncounted++;
        return 0;
    }
    if (cluster == NULL) {
        code = new_cluster(traffic, text, shape, line, &cluster);
        if (code != 0)
            return code;
        enter(traffic, hashes, (uint32_t)traffic->cluster_count);
    }
    cluster->count++;
    return keep_answer(traffic, cluster, response);
}

/* ---- what questions have in common ----------------------------------------------------------- */

static int compare_views(const void *left, const void *right)
{
    return view_compare(*(const struct view *)left, *(const struct view *)right);
}

static int compare_backwards(const void *left, const void *right)
{
    const struct view *a = left;
    const struct view *b = right;

    for (size_t i = 1; i <= a->len && i <= b->len; i++) {
        unsigned char x = (unsigned char)a->ptr[a->len - i];
        unsigned char y = (unsigned char)b->ptr[b->len - i];
        if (x != y)
            return x < y ? -1 : 1;
    }
    return a->len < b->len ? -1 : a->len > b->len;
}

static size_t common(struct view a, struct view b, bool backwards)
{
    size_t len = 0;

    while (len < a.len && len < b.len
           && (backwards ? a.ptr[a.len - 1 - len] == b.ptr[b.len - 1 - len]
                         : a.ptr[len] == b.ptr[len]))
        len++;
    return len;
}

static bool is_word(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

/* Shortened to where a line or at least a word ends; nothing where that leaves too little. */
static size_t whole_words(struct view text, size_t len, bool backwards)
{
    while (len > 0) {
        unsigned char c = (unsigned char)(backwards ? text.ptr[text.len - len] : text.ptr[len - 1]);
        if (!is_word(c))
            break;
        len--;
    }
    return len >= COMMON_MIN ? len : 0;
}

/* The longest beginning (or end) that enough of the sorted texts share. */
static struct view shared_part(struct view *texts, size_t count, bool backwards)
{
    size_t wide = (count * SHARE_PERCENT + 99) / 100;
    struct view best = {.ptr = NULL};

    qsort(texts, count, sizeof *texts, backwards ? compare_backwards : compare_views);
    for (size_t i = 0; wide > 1 && i + wide <= count; i++) {
        struct view text = texts[i];
        size_t len = whole_words(text, common(text, texts[i + wide - 1], backwards), backwards);
        if (len > best.len)
            best =
                backwards ? view_slice(text, text.len - len, text.len) : view_slice(text, 0, len);
    }
    return best;
}

/* Different ones, sorted; returns how many. */
static size_t distinct(struct view *texts, size_t count)
{
    size_t kept = 0;

    qsort(texts, count, sizeof *texts, compare_views);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !view_equal(texts[kept - 1], texts[i]))
            texts[kept++] = texts[i];
    return kept;
}

static bool has_frame(const struct traffic *traffic, struct view text)
{
    return text.len > traffic->before.len + traffic->after.len && view_starts(text, traffic->before)
           && view_ends(text, traffic->after);
}

static struct view slot_of(const struct traffic *traffic, struct view text)
{
    if (!has_frame(traffic, text))
        return text;
    return view_slice(text, traffic->before.len, text.len - traffic->after.len);
}

/* What is left of the texts behind the beginning must not be cut by the end. */
static size_t without_beginning(struct view before, struct view *texts, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (view_starts(texts[i], before))
            texts[kept++] = view_slice(texts[i], before.len, texts[i].len);
    return kept;
}

static int learn(struct traffic *traffic)
{
    struct view texts[TRAFFIC_SAMPLE];
    size_t count = traffic->sampled;
    int code = 0;

    traffic->has_learnt = true;
    for (size_t i = 0; i < count; i++)
        texts[i] = traffic->sample[i].question;
    count = distinct(texts, count);
    if (count >= DISTINCT_MIN) {
        traffic->before = shared_part(texts, count, false);
        count = without_beginning(traffic->before, texts, count);
        traffic->after = shared_part(texts, count, true);
    }
    for (size_t i = 0; code == 0 && i < traffic->sampled; i++) {
        const struct kept *kept = &traffic->sample[i];
        code = add_question(traffic, slot_of(traffic, kept->question), kept->response, kept->line);
    }
    return code;
}

static int keep_sample(struct traffic *traffic, const struct traffic_record *record, uint64_t line)
{
    struct kept kept = {.line = line};

    int code =
        arena_copy(&traffic->arena, utf8_cut(record->question, TRAFFIC_SYSTEM_MAX), &kept.question);
    if (code == 0 && record->response.len <= TRAFFIC_TEXT_MAX)
        code = arena_copy(&traffic->arena, record->response, &kept.response);
    if (code == 0)
        traffic->sample[traffic->sampled++] = kept;
    return code;
}

static int census_add(struct arena *arena, struct census *census, struct view text)
{
    if (text.len > TRAFFIC_SYSTEM_MAX)
        text = view_of("");
    for (size_t i = 0; i < census->count; i++)
        if (view_equal(census->items[i].text, text)) {
            census->items[i].count++;
            return 0;
        }
    if (census->count == TRAFFIC_SYSTEMS_MAX) {
        census->others++;
        return 0;
    }
    struct seen *seen = &census->items[census->count];
    int code = arena_copy(arena, text, &seen->text);
    if (code != 0)
        return code;
    seen->count = 1;
    census->count++;
    return 0;
}

/* NULL: nothing was seen. */
static const struct seen *census_most(const struct census *census)
{
    const struct seen *best = NULL;

    for (size_t i = 0; i < census->count; i++)
        if (best == NULL || census->items[i].count > best->count)
            best = &census->items[i];
    return best;
}

int traffic_add(struct traffic *traffic, const struct traffic_record *record, uint64_t line)
{
    traffic->questions++;
    traffic->with_turns += record->has_turns;
    int code = census_add(&traffic->arena, &traffic->systems, record->system);
    if (code == 0 && record->region.len > 0 && record->model.len > 0) {
        code = census_add(&traffic->arena, &traffic->models, record->model);
        if (code == 0)
            code = census_add(&traffic->arena, &traffic->regions, record->region);
    }
    if (code != 0)
        return code;
    if (traffic->has_learnt)
        return add_question(traffic, slot_of(traffic, record->question), record->response, line);
    code = keep_sample(traffic, record, line);
    return code == 0 && traffic->sampled == TRAFFIC_SAMPLE ? learn(traffic) : code;
}

/* ---- proposals ------------------------------------------------------------------------------- */

static int compare_clusters(const void *left, const void *right)
{
    const struct cluster *a = *(struct cluster *const *)left;
    const struct cluster *b = *(struct cluster *const *)right;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

/* A language's share of all questions. */
struct share {
    const char *language;
    uint64_t questions;
    size_t taken;
};

enum { SHARES_MAX = 64 };

struct shares {
    struct share items[SHARES_MAX];
    size_t count;
    uint64_t questions;
};

/* Its row; past SHARES_MAX languages the last one has the others too. */
static struct share *share_of(struct shares *shares, const char *language)
{
    for (size_t i = 0; i < shares->count; i++)
        if (strcmp(shares->items[i].language, language) == 0)
            return &shares->items[i];
    if (shares->count == SHARES_MAX)
        return &shares->items[SHARES_MAX - 1];
    shares->items[shares->count] = (struct share){.language = language};
    return &shares->items[shares->count++];
}

static size_t places_of(const struct shares *shares, const struct share *share, size_t most,
                        unsigned pass)
{
    uint64_t all = shares->questions > 0 ? shares->questions : 1;

    if (pass == 0)
        return EACH_LANGUAGE;
    return pass == 1 ? (size_t)((most * share->questions + all - 1) / all) : most;
}

/* The most asked of each language first, a few of every one, then by its share of all questions;
 * what is left goes to the most asked. */
static void take(struct traffic *traffic, size_t most)
{
    struct shares shares = {.count = 0};
    size_t taken = 0;

    for (size_t i = 0; i < traffic->cluster_count; i++) {
        share_of(&shares, traffic->clusters[i]->language)->questions += traffic->clusters[i]->count;
        shares.questions += traffic->clusters[i]->count;
    }
    for (unsigned pass = 0; pass < 3; pass++)
        for (size_t i = 0; i < traffic->cluster_count && taken < most; i++) {
            struct cluster *cluster = traffic->clusters[i];
            struct share *share = share_of(&shares, cluster->language);
            if (cluster->is_taken || share->taken >= places_of(&shares, share, most, pass))
                continue;
            cluster->is_taken = true;
            share->taken++;
            taken++;
        }
}

/* What all kept answers agree on. */
static int propose_expectations(struct arena *arena, struct traffic_proposal *proposal)
{
    size_t longest = 0;
    struct language_result first = {.detected = ""};
    bool agree = proposal->answer_count > 0;
    bool json = proposal->answer_count > 0;

    for (size_t i = 0; i < proposal->answer_count; i++) {
        struct language_result found;
        struct view answer = view_trim(proposal->answers[i]);
        size_t chars = 0;
        int code = language_detect(answer, proposal->language, &found);
        if (code == 0)
            code = chars_count(answer, &chars);
        if (code != 0)
            return code;
        if (i == 0)
            first = found;
        agree = agree && strcmp(found.detected, first.detected) == 0
                && strcmp(found.detected, "und") != 0;
        json = json && answer.len > 0 && (answer.ptr[0] == '{' || answer.ptr[0] == '[')
               && json_valid(answer, NULL);
        longest = chars > longest ? chars : longest;
    }
    proposal->answers_are_json = json;
    proposal->max_chars = (int64_t)(longest > 0 ? (2 * longest + 99) / 100 * 100 : 0);
    return agree && !json ? arena_copy(arena, view_of(first.detected), &proposal->answer_language)
                          : 0;
}

static void escape(struct strbuf *out, struct view text)
{
    for (size_t at = 0; at < text.len;) {
        size_t brace = view_find(text, view_of("{{"), at);
        strbuf_add(out, view_slice(text, at, brace));
        if (brace < text.len)
            strbuf_add_text(out, "\\{{");
        at = brace < text.len ? brace + 2 : brace;
    }
}

/* The template, and the system prompt: what stands in them for themselves. */
static int make_texts(struct traffic *traffic, struct arena *arena,
                      struct traffic_proposals *proposals)
{
    struct strbuf out;
    const struct seen *best = census_most(&traffic->systems);
    const struct seen *model = census_most(&traffic->models);
    const struct seen *region = census_most(&traffic->regions);

    strbuf_init(&out, 4 * TRAFFIC_SYSTEM_MAX);
    escape(&out, traffic->before);
    strbuf_add_text(&out, "{{question}}");
    escape(&out, traffic->after);
    int code = strbuf_status(&out);
    if (code == 0)
        code = arena_copy(arena, strbuf_view(&out), &proposals->template);
    strbuf_reset(&out);
    if (code == 0 && best != NULL) {
        escape(&out, best->text);
        double share = (double)best->count / (double)traffic->questions;
        proposals->system_share_micro = (int64_t)(share * 1e6);
        code = strbuf_status(&out);
        if (code == 0)
            code = arena_copy(arena, strbuf_view(&out), &proposals->system);
    }
    if (code == 0 && model != NULL)
        code = arena_copy(arena, model->text, &proposals->model);
    if (code == 0 && region != NULL)
        code = arena_copy(arena, region->text, &proposals->region);
    proposals->systems = traffic->systems.count;
    strbuf_release(&out);
    return code;
}

int traffic_propose(struct traffic *traffic, struct arena *arena, size_t most,
                    struct traffic_proposals *ret_proposals)
{
    struct traffic_proposals proposals = {.questions = traffic->questions};
    int code = traffic->has_learnt ? 0 : learn(traffic);

    if (code != 0)
        return code;
    qsort(traffic->clusters, traffic->cluster_count, sizeof(struct cluster *), compare_clusters);
    take(traffic, most);
    struct traffic_proposal *items = arena_new(arena, most + 1, sizeof *items);
    if (items == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; code == 0 && i < traffic->cluster_count; i++) {
        struct cluster *cluster = traffic->clusters[i];
        if (!cluster->is_taken)
            continue;
        struct traffic_proposal *item = &items[proposals.count++];
        *item = (struct traffic_proposal){
            .question = cluster->question,
            .language = view_of(cluster->language),
            .count = cluster->count,
            .line = cluster->line,
            .answers = cluster->answers,
            .answer_count = cluster->answer_count,
        };
        code = propose_expectations(arena, item);
    }
    if (code == 0)
        code = make_texts(traffic, arena, &proposals);
    if (code != 0)
        return code;
    proposals.items = items;
    proposals.clusters = traffic->cluster_count;
    proposals.uncounted = traffic->uncounted;
    proposals.with_turns = traffic->with_turns;
    *ret_proposals = proposals;
    return 0;
}
