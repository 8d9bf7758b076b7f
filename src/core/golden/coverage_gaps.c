/* SPDX-License-Identifier: Apache-2.0
 *
 * coverage_gaps: what of a golden set is thin: one function a rule of coverage_rules.def.
 *
 * Which instructions a prompt gives is guessed by the words it has; each row of `instructions`
 * names the words and asks whether any entry of the prompt has a check that would notice. */
#include "core/golden/coverage_internal.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "text/normalise.h"

enum { GAPS_MAX = 1000, SUBJECT_BYTES = 100 };

struct finding_gaps {
    struct arena *arena;
    const struct golden_set *set;
    struct coverage *coverage;
    struct coverage_gap *gaps;
    size_t count;
};

static const char *const names[] = {
#define RULE(id, name, help) [COVERAGE_##id] = (name),
#include "core/golden/coverage_rules.def"
#undef RULE
};

static const char *const helps[] = {
#define RULE(id, name, help) [COVERAGE_##id] = (help),
#include "core/golden/coverage_rules.def"
#undef RULE
};

const char *coverage_rule_name(enum coverage_rule rule)
{
    return names[rule];
}

const char *coverage_rule_help(enum coverage_rule rule)
{
    return helps[rule];
}

/* `message` is in the arena; NULL: no memory. */
static int add(struct finding_gaps *finding, enum coverage_rule rule, struct view subject,
               uint32_t line, const char *message)
{
    if (message == NULL)
        return ERR_MEMORY;
    if (finding->count < GAPS_MAX)
        finding->gaps[finding->count++] =
            (struct coverage_gap){rule, utf8_cut(subject, SUBJECT_BYTES), line, message};
    return 0;
}

/* ---- counts ---------------------------------------------------------------------------------- */

static int few_of(struct finding_gaps *finding, const struct coverage_cell *cells, size_t count,
                  bool by_language)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < count; i++) {
        struct view subject = by_language ? cells[i].language : cells[i].type;
        if (cells[i].entries >= COVERAGE_FEW)
            continue;
        code = add(finding, COVERAGE_FEW_ENTRIES, subject, 0,
                   arena_printf(finding->arena,
                                "the %s '%.*s' has %zu %s: add %zu or more, or a loss there goes "
                                "unseen",
                                by_language ? "language" : "query type", VIEW_ARG(subject),
                                cells[i].entries, cells[i].entries == 1 ? "entry" : "entries",
                                COVERAGE_FEW - cells[i].entries));
    }
    return code;
}

static int find_few(struct finding_gaps *finding)
{
    const struct coverage *coverage = finding->coverage;

    int code = few_of(finding, coverage->languages, coverage->language_count, true);
    return code == 0 ? few_of(finding, coverage->types, coverage->type_count, false) : code;
}

static bool has_cell(const struct coverage *coverage, struct view language, struct view type)
{
    for (size_t i = 0; i < coverage->cell_count; i++)
        if (view_equal(coverage->cells[i].language, language)
            && view_equal(coverage->cells[i].type, type))
            return true;
    return false;
}

/* A language that is one of the set's, and no guess. */
static bool is_language(const struct coverage_cell *cell)
{
    return !view_is(cell->language, "und") && !view_is(cell->language, "(others)");
}

static int find_missing_cells(struct finding_gaps *finding)
{
    const struct coverage *coverage = finding->coverage;
    int code = 0;

    for (size_t i = 0; i < coverage->type_count; i++)
        for (size_t j = 0; code == 0 && j < coverage->language_count; j++) {
            struct view type = coverage->types[i].type;
            const struct coverage_cell *language = &coverage->languages[j];
            if (!is_language(language) || has_cell(coverage, language->language, type))
                continue;
            code = add(finding, COVERAGE_MISSING_CELL, type, 0,
                       arena_printf(finding->arena,
                                    "the query type '%.*s' has no entry in '%.*s', though the set "
                                    "has both: translate one",
                                    VIEW_ARG(type), VIEW_ARG(language->language)));
        }
    return code;
}

static int find_no_forbidden(struct finding_gaps *finding)
{
    const struct coverage *coverage = finding->coverage;
    int code = 0;

    for (size_t i = 0; code == 0 && i < coverage->language_count; i++) {
        const struct coverage_cell *cell = &coverage->languages[i];
        if (!is_language(cell) || cell->with_forbidden > 0)
            continue;
        code = add(finding, COVERAGE_NO_FORBIDDEN, cell->language, 0,
                   arena_printf(finding->arena,
                                "no entry in '%.*s' says what must not be answered: add "
                                "'forbidden:' words",
                                VIEW_ARG(cell->language)));
    }
    return code;
}

static int find_blind_cells(struct finding_gaps *finding)
{
    const struct coverage *coverage = finding->coverage;
    int code = 0;

    for (size_t i = 0; code == 0 && i < coverage->cell_count; i++) {
        const struct coverage_cell *cell = &coverage->cells[i];
        if (cell->least_micro <= COVERAGE_LOSS_LARGE_MICRO)
            continue;
        code = add(finding, COVERAGE_BLIND_CELL, cell->type, 0,
                   arena_printf(finding->arena,
                                "'%.*s' in '%.*s' would show a loss of %.2f at the least, a "
                                "critical one is 0.20: more entries, or more repeats",
                                VIEW_ARG(cell->type), VIEW_ARG(cell->language),
                                (double)cell->least_micro / 1e6));
    }
    return code;
}

static int find_one_answer(struct finding_gaps *finding)
{
    if (finding->coverage->repeat > 1)
        return 0;
    return add(finding, COVERAGE_ONE_ANSWER, view_of("repeat"), 0,
               "each entry is asked once, so that noise and loss look alike: 'repeat: 3' or more");
}

/* ---- entries and prompts --------------------------------------------------------------------- */

static int find_no_check(struct finding_gaps *finding)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < finding->set->entry_count; i++) {
        const struct golden_entry *entry = &finding->set->entries[i];
        if (coverage_has_checks(entry))
            continue;
        code = add(finding, COVERAGE_NO_CHECK, entry->id, entry->line,
                   arena_printf(finding->arena,
                                "entry '%.*s' expects nothing: without a baseline every answer "
                                "passes",
                                VIEW_ARG(entry->id)));
    }
    return code;
}

static bool is_asked(const struct golden_set *set, size_t prompt)
{
    for (size_t i = 0; i < set->entry_count; i++)
        if (set->entries[i].prompt == prompt)
            return true;
    return false;
}

static int find_no_entry(struct finding_gaps *finding)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < finding->set->prompt_count; i++) {
        const struct golden_prompt *prompt = &finding->set->prompts[i];
        if (is_asked(finding->set, i))
            continue;
        code = add(
            finding, COVERAGE_NO_ENTRY, prompt->name, prompt->at != NULL ? prompt->at->line : 0,
            arena_printf(finding->arena, "no entry asks the prompt '%.*s': add one, or take it out",
                         VIEW_ARG(prompt->name)));
    }
    return code;
}

/* ---- instructions ---------------------------------------------------------------------------- */

static bool lists_check(const struct expect *expect, const char *start)
{
    for (size_t i = 0; i < expect->check_count; i++)
        if (view_starts(expect->checks[i].name, view_of(start)))
            return true;
    return false;
}

/* What somebody else, or an expression, may look at is not known here: it counts as seen. */
static bool sees_anything(const struct expect *expect)
{
    return lists_check(expect, "judge.") || lists_check(expect, "exec.")
           || expect->command.count > 0;
}

static bool sees_language(const struct expect *expect)
{
    return expect->language.len > 0 && !view_is(expect->language, "any");
}

static bool sees_json(const struct expect *expect)
{
    return expect->format == EXPECT_FORMAT_JSON || lists_check(expect, "assert.")
           || lists_check(expect, "pattern.");
}

static bool sees_markdown(const struct expect *expect)
{
    return expect->elements != 0 || expect->format == EXPECT_FORMAT_MARKDOWN
           || lists_check(expect, "pattern.") || lists_check(expect, "assert.");
}

static bool sees_length(const struct expect *expect)
{
    return expect->max_chars >= 0 || lists_check(expect, "length")
           || lists_check(expect, "assert.");
}

static bool sees_prohibition(const struct expect *expect)
{
    return expect->forbidden.count > 0 || expect->check_count > 0;
}

static bool sees_secrecy(const struct expect *expect)
{
    return lists_check(expect, "safety.") || expect->forbidden.count > 0;
}

static bool sees_sources(const struct expect *expect)
{
    return lists_check(expect, "support.") || expect->forbidden.count > 0;
}

/* Words in small letters and NFKC, as normalise_text makes them. */
static const struct instruction {
    const char *what;
    const char *remedy;
    bool (*sees)(const struct expect *expect);
    const char *words[12];
} instructions[] = {
    {"in which language to answer",
     "language:",
     sees_language,
     {"in japanese", "in english", "language of the", "same language", "日本語で", "英語で",
      "言語で"}},
    {"to answer in JSON", "format: json, or a schema:", sees_json, {"json"}},
    {"how to lay the answer out",
     "elements:",
     sees_markdown,
     {"bullet", "markdown", "as a table", "heading", "numbered list", "箇条書き", "表形式",
      "見出し"}},
    {"how long the answer may be",
     "max_chars:, or a check length",
     sees_length,
     {"at most", "no more than", "be brief", "concise", "sentences or", "words or", "short answer",
      "文字以内", "文以内", "簡潔", "短く"}},
    {"what not to say",
     "forbidden:, or a check",
     sees_prohibition,
     {"do not", "don't", "never", "must not", "avoid", "しないで", "してはいけ", "禁止", "避けて"}},
    {"to keep its instructions secret",
     "safety.prompt_leak",
     sees_secrecy,
     {"these instructions", "system prompt", "confidential", "do not reveal", "秘密", "開示し"}},
    {"to keep to the sources",
     "support.value or support.low",
     sees_sources,
     {"only use", "based only on", "from the documents", "do not invent", "don't make up",
      "only what the", "に基づいて", "のみを使"}},
};

static bool has_words(struct view text, const struct instruction *instruction)
{
    for (size_t i = 0; i < sizeof instruction->words / sizeof instruction->words[0]; i++)
        if (instruction->words[i] != NULL
            && view_find(text, view_of(instruction->words[i]), 0) < text.len)
            return true;
    return false;
}

/* Whether an entry of the prompt has a check for it; true where no entry asks the prompt, which is
 * another rule's. */
static bool is_seen(const struct golden_set *set, size_t prompt,
                    const struct instruction *instruction)
{
    bool has_entry = false;

    for (size_t i = 0; i < set->entry_count; i++) {
        const struct expect *expect = &set->entries[i].expect;
        if (set->entries[i].prompt != prompt)
            continue;
        has_entry = true;
        if (instruction->sees(expect) || sees_anything(expect))
            return true;
    }
    return !has_entry;
}

static int look_at_prompt(struct finding_gaps *finding, size_t at)
{
    const struct golden_prompt *prompt = &finding->set->prompts[at];
    struct normalised text;
    struct strbuf all;

    strbuf_init(&all, 16 << 20);
    if (prompt->system.given)
        strbuf_add(&all, prompt->system.text);
    for (size_t i = 0; i < prompt->message_count; i++) {
        strbuf_add_byte(&all, '\n');
        strbuf_add(&all, prompt->messages[i].text);
    }
    int code = strbuf_status(&all);
    if (code == 0)
        code = normalise_text(finding->arena, strbuf_view(&all), NORMALISE_CASE, &text);
    strbuf_release(&all);
    if (code == ERR_LIMIT)
        return 0; /* longer than any prompt that was written by hand */
    for (size_t i = 0; code == 0 && i < sizeof instructions / sizeof instructions[0]; i++) {
        if (!has_words(text.text, &instructions[i]) || is_seen(finding->set, at, &instructions[i]))
            continue;
        struct view name = prompt->name.len > 0 ? prompt->name : view_of("(an entry's own)");
        code = add(finding, COVERAGE_UNSEEN_INSTRUCTION, name,
                   prompt->at != NULL ? prompt->at->line : 0,
                   arena_printf(finding->arena,
                                "the prompt '%.*s' seems to say %s, and no entry of it would "
                                "notice: %s",
                                VIEW_ARG(name), instructions[i].what, instructions[i].remedy));
    }
    return code;
}

static int find_unseen(struct finding_gaps *finding)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < finding->set->prompt_count; i++)
        code = look_at_prompt(finding, i);
    return code;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static int (*const finders[COVERAGE_RULE_COUNT])(struct finding_gaps *) = {
    [COVERAGE_FEW_ENTRIES] = find_few,           [COVERAGE_MISSING_CELL] = find_missing_cells,
    [COVERAGE_NO_FORBIDDEN] = find_no_forbidden, [COVERAGE_NO_CHECK] = find_no_check,
    [COVERAGE_NO_ENTRY] = find_no_entry,         [COVERAGE_UNSEEN_INSTRUCTION] = find_unseen,
    [COVERAGE_BLIND_CELL] = find_blind_cells,    [COVERAGE_ONE_ANSWER] = find_one_answer,
};

int coverage_find_gaps(struct arena *arena, const struct golden_set *set, struct coverage *coverage)
{
    struct finding_gaps finding = {arena, set, coverage, NULL, 0};
    int code = 0;

    finding.gaps = arena_new(arena, GAPS_MAX, sizeof *finding.gaps);
    if (finding.gaps == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; code == 0 && i < COVERAGE_RULE_COUNT; i++)
        code = finders[i](&finding);
    coverage->gaps = finding.gaps;
    coverage->gap_count = finding.count;
    return code;
}
