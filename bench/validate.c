/* SPDX-License-Identifier: Apache-2.0
 *
 * validate: what it takes to check an answer of 1 KB, for bench_validate.py.
 *
 *   validate patterns   200 patterns alone: whole texts, 16-byte pieces, and PCRE2 one by one
 *   validate answers    whole validations by the default policy and one of deterministic checks
 *
 * The patterns are those of the checks (personal data, secrets, injection) and forbidden words up
 * to 200. Every figure is CPU time, the median of many rounds. Prints a line for each and, as the
 * last line, all of them as JSON in nanoseconds. Threads: one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "app/validator.h"
#include "base/mem.h"
#include "engine/patterns.h"
#include "text/injection.h"
#include "text/pattern_rewrite.h"
#include "text/personal.h"
#include "text/secrets.h"

enum { ROUNDS = 51, CALLS = 40, PATTERNS = 200, TEXT_BYTES = 1024, DELTA = 16, FIGURES_MAX = 32 };

static const char ENGLISH[] =
    "Thank you for asking about Demon Slayer, volumes one to twenty-three. We have the box set in "
    "stock today and it ships within two business days from our Osaka warehouse. The regular price "
    "is 24,800 yen, and members save ten percent at checkout. If you enjoy stories of courage and "
    "family, you might also like Jujutsu Kaisen or Chainsaw Man, which many of our readers pick "
    "next. Please tell me whether you would prefer the paper or the digital edition. ";
static const char JAPANESE[] =
    "「鬼滅の刃」全二十三巻セットについてお問い合わせいただきありがとうございます。ただいま在庫が"
    "ございますので、本日中のご注文で二営業日以内に大阪の倉庫から発送いたします。通常価格は"
    "24,800円で、会員の方は購入時に十パーセント割引になります。勇気と家族の物語がお好きでしたら、"
    "「呪術廻戦」や「チェンソーマン」もおすすめです。";

static const char *const WORDS[] = {
    "shoplifting", "counterfeit",      "bootleg",          "torrent",    "pirated",
    "海賊版",      "違法アップロード", "転売ヤー",         "詐欺サイト", "競合他社",
    "返金不可",    "casino",           "オンラインカジノ", "gore",
};

struct figure {
    char name[64];
    uint64_t ns;
};

static struct figure figures[FIGURES_MAX];
static size_t figure_count;

/* The CPU that this thread has had: what others do at the same time does not count. */
static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void must(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "validate: %s\n", what);
    exit(1);
}

/* A text of a kilobyte, whole characters. */
static struct view kilobyte(const char *of, char *room)
{
    struct view text = view_of(of);
    size_t len = 0;

    while (len < TEXT_BYTES) {
        struct view more = view_slice(text, 0, TEXT_BYTES - len);
        memcpy(room + len, more.ptr, more.len);
        len += more.len;
    }
    while (len > 0 && (text.ptr[0] & 0x80) != 0 && (room[len - 1] & 0xc0) == 0x80)
        len--;
    return view_make(room, len);
}

static int by_size(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a;
    uint64_t second = *(const uint64_t *)b;
    return first < second ? -1 : first > second;
}

/* The median of the rounds of a job, for one call of it. */
static uint64_t median(void (*job)(void *context), void *context)
{
    uint64_t rounds[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        uint64_t start = now_ns();
        for (int call = 0; call < CALLS; call++)
            job(context);
        rounds[i] = (now_ns() - start) / CALLS;
    }
    qsort(rounds, ROUNDS, sizeof rounds[0], by_size);
    return rounds[ROUNDS / 2];
}

static void tell(const char *name, uint64_t ns)
{
    must(figure_count < FIGURES_MAX, "too many figures");
    snprintf(figures[figure_count].name, sizeof figures[0].name, "%s", name);
    figures[figure_count++].ns = ns;
    printf("%-62s %10.2f us\n", name, (double)ns / 1000);
}

/* ---- patterns alone -------------------------------------------------------------------------- */

struct patterns {
    struct scan_rule rules[PATTERNS];
    struct strbuf words[PATTERNS];
    size_t count;
    struct scan_set *set;
    struct scan_scratch *scratch;
    struct scanner *scanner;
    struct spelling *spelling;
    pcre2_code *codes[PATTERNS];
    pcre2_match_data *match;
    struct view text;
    size_t piece;
    size_t found;
};

static void add_rules(struct patterns *patterns, const struct scan_rule *rules, size_t count)
{
    for (size_t i = 0; i < count && patterns->count < PATTERNS; i++)
        patterns->rules[patterns->count++] = rules[i];
}

static void add_words(struct patterns *patterns)
{
    for (size_t i = 0; patterns->count < PATTERNS; i++) {
        char word[64];
        const char *base = WORDS[i % (sizeof WORDS / sizeof WORDS[0])];
        struct strbuf *expression = &patterns->words[i];
        snprintf(word, sizeof word, "%s%s%zu", base, i % 2 == 0 ? "" : " ", i);
        strbuf_init(expression, SCAN_EXPRESSION_MAX);
        must(scan_word_expression(view_of(word), false, expression) == 0, "a word is refused");
        patterns->rules[patterns->count++] =
            (struct scan_rule){.name = VIEW("forbidden"),
                               .expression = strbuf_view(expression),
                               .flags = SCAN_CASELESS};
    }
}

static pcre2_code *compile_alone(const struct scan_rule *rule)
{
    struct pattern_rewrite rewrite = {.source = rule->expression, .is_spelled = true};
    uint32_t options = PCRE2_UTF | PCRE2_UCP;
    int error;
    size_t offset;

    if ((rule->flags & SCAN_CASELESS) != 0)
        options |= PCRE2_CASELESS;
    must(pattern_rewrite(&rewrite) == 0, "an expression cannot be rewritten");
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)rewrite.out.ptr, rewrite.out.len, options, &error, &offset, NULL);
    pattern_rewrite_release(&rewrite);
    must(code != NULL && pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0,
         "PCRE2 has no machine code");
    return code;
}

static void compile(struct patterns *patterns)
{
    struct scan_plan *plan;
    struct err err;
    uint32_t index;
    uint64_t start = now_ns();

    must(scan_plan_new(&plan) == 0, "no memory");
    for (size_t i = 0; i < patterns->count; i++)
        must(scan_plan_add(plan, &patterns->rules[i], &index, &err) == 0, err.text);
    tell("planning 200 patterns", now_ns() - start);
    start = now_ns();
    must(patterns_compile(plan, NULL, &patterns->set, NULL, &err) == 0, err.text);
    tell("compiling them", now_ns() - start);
    scan_plan_free(plan);
    must(patterns_scratch_new(patterns->set, &patterns->scratch) == 0, "no memory");
    must(scanner_new(patterns->set, NULL, NULL, patterns->scratch, &patterns->scanner) == 0,
         "no memory");
    must(spelling_new(0, &patterns->spelling) == 0, "no memory");
    patterns->match = pcre2_match_data_create(1, NULL);
    for (size_t i = 0; i < patterns->count; i++)
        patterns->codes[i] = compile_alone(&patterns->rules[i]);
}

static void scan_in_pieces(void *context)
{
    struct patterns *patterns = context;
    struct scan_match match;

    spelling_reset(patterns->spelling);
    scanner_reset(patterns->scanner);
    for (size_t pos = 0; pos < patterns->text.len; pos += patterns->piece) {
        struct view piece = view_slice(patterns->text, pos, pos + patterns->piece);
        must(spelling_feed(patterns->spelling, piece) == 0
                 && scanner_advance(patterns->scanner, patterns->spelling) == 0,
             "scanning failed");
        while (scanner_next(patterns->scanner, &match))
            patterns->found++;
        (void)scanner_clear(patterns->scanner, patterns->spelling);
        spelling_forget(patterns->spelling, scanner_needs(patterns->scanner));
    }
    must(spelling_finish(patterns->spelling) == 0
             && scanner_advance(patterns->scanner, patterns->spelling) == 0,
         "scanning failed");
    while (scanner_next(patterns->scanner, &match))
        patterns->found++;
}

static void match_one_by_one(void *context)
{
    struct patterns *patterns = context;

    for (size_t i = 0; i < patterns->count; i++)
        if (pcre2_match(patterns->codes[i], (PCRE2_SPTR)patterns->text.ptr, patterns->text.len, 0,
                        PCRE2_NO_UTF_CHECK, patterns->match, NULL)
            >= 0)
            patterns->found++;
}

static void bench_patterns(void)
{
    struct patterns *patterns = mem_new(1, sizeof *patterns);
    static const struct {
        const char *name;
        const char *text;
    } texts[] = {{"English", ENGLISH}, {"Japanese", JAPANESE}};
    char room[TEXT_BYTES];
    char name[64];
    size_t count;

    must(patterns != NULL, "no memory");
    for (int kind = 0; kind < PERSONAL_KIND_COUNT; kind++) {
        const struct scan_rule *rules = personal_rules((enum personal_kind)kind, &count);
        add_rules(patterns, rules, count);
    }
    const struct scan_rule *rules = secret_rules(&count);
    add_rules(patterns, rules, count);
    rules = injection_rules(&count);
    add_rules(patterns, rules, count);
    add_words(patterns);
    compile(patterns);
    for (size_t i = 0; i < 2; i++) {
        patterns->text = kilobyte(texts[i].text, room);
        patterns->piece = TEXT_BYTES;
        snprintf(name, sizeof name, "200 patterns, 1 KB of %s", texts[i].name);
        tell(name, median(scan_in_pieces, patterns));
        patterns->piece = DELTA;
        size_t deltas = (patterns->text.len + DELTA - 1) / DELTA;
        snprintf(name, sizeof name, "200 patterns, a delta of 16 bytes of %s", texts[i].name);
        tell(name, median(scan_in_pieces, patterns) / deltas);
        snprintf(name, sizeof name, "PCRE2 one by one, 1 KB of %s", texts[i].name);
        tell(name, median(match_one_by_one, patterns));
    }
}

/* ---- whole validations ----------------------------------------------------------------------- */

struct answers {
    struct validator *validator;
    struct validation *validation;
    struct view text;
    size_t piece;
};

static void validate(void *context)
{
    struct answers *answers = context;
    const struct validate_subject subject = {.has_stop = false};
    const struct validate_situation situation = {.is_retry = false};
    struct validated validated;
    struct view out;
    struct err err;

    must(validation_begin(answers->validation, &subject, &err) == 0, err.text);
    for (size_t pos = 0; pos < answers->text.len; pos += answers->piece) {
        struct view piece = view_slice(answers->text, pos, pos + answers->piece);
        must(validation_feed(answers->validation, piece, &err) == 0, err.text);
        must(validation_release(answers->validation, &out) == 0, "release failed");
    }
    must(validation_end(answers->validation, &subject, &err) == 0, err.text);
    must(validation_release(answers->validation, &out) == 0, "release failed");
    must(validation_decide(answers->validation, &situation, &validated, &err) == 0, err.text);
}

static void bench_policy(const char *policy, const char *what)
{
    static const char *const names[] = {"English", "Japanese"};
    static const char *const texts[] = {ENGLISH, JAPANESE};
    const struct validator_options options = {.policy = policy, .threads = 1};
    struct answers answers = {.piece = TEXT_BYTES};
    char room[TEXT_BYTES];
    char name[64];
    struct err err;

    must(validator_new(&options, &answers.validator, &err) == 0, err.text);
    must(validator_take(answers.validator, 0, &answers.validation, &err) == 0, err.text);
    for (size_t i = 0; i < 2; i++) {
        answers.text = kilobyte(texts[i], room);
        answers.piece = TEXT_BYTES;
        snprintf(name, sizeof name, "%s, an answer of 1 KB of %s", what, names[i]);
        tell(name, median(validate, &answers));
        answers.piece = DELTA;
        snprintf(name, sizeof name, "%s, a delta of 16 bytes of %s", what, names[i]);
        tell(name, median(validate, &answers) / ((answers.text.len + DELTA - 1) / DELTA));
    }
    validator_give(answers.validator, 0, answers.validation, false);
    validator_free(answers.validator);
}

int main(int argc, char **argv)
{
    must(argc >= 2, "say patterns or answers");
    if (strcmp(argv[1], "patterns") == 0)
        bench_patterns();
    else
        bench_policy(argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : "default policy");
    printf("{");
    for (size_t i = 0; i < figure_count; i++)
        printf("%s\"%s\": %llu", i > 0 ? ", " : "", figures[i].name,
               (unsigned long long)figures[i].ns);
    printf("}\n");
    return 0;
}
