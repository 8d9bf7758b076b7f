/* SPDX-License-Identifier: Apache-2.0
 *
 * alert: see alert.h. */
#include "core/alerts/alert.h"

#include <stdlib.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "wire/url.h"

enum { NAME_BYTES_MAX = 120, KEY_NAME_BYTES_MAX = 100, LINK_BYTES_MAX = 2000 };

/* "assay/", two names, "/", "/drift", "-" and a digest */
_Static_assert(6 + 2 * KEY_NAME_BYTES_MAX + 1 + 6 + DIGEST_SHORT_SIZE <= ALERT_KEY_BYTES_MAX,
               "a key fits");

#define BIT(kind) SETTINGS_ALERT_BIT(SETTINGS_ALERT_##kind)

static const struct {
    const char *name;
    unsigned kinds;
} topics[ALERT_TOPICS] = {
    [ALERT_GATE] = {"gate",
                    BIT(CRITICAL) | BIT(FAILED) | BIT(STATISTICS) | BIT(ERROR) | BIT(MAJOR)},
    [ALERT_DRIFT] = {"drift", BIT(DRIFT)},
    [ALERT_POOL] = {"pool", BIT(POOL)},
};

const char *alert_topic_name(enum alert_topic topic)
{
    return topics[topic].name;
}

unsigned alert_topic_kinds(enum alert_topic topic)
{
    return topics[topic].kinds;
}

const char *alert_action_name(enum alert_action action)
{
    static const char *const names[] = {"trigger", "resolve", "test"};
    return names[action];
}

enum settings_alert_kind alert_gravest(unsigned kinds)
{
    unsigned kind = 0;

    while (kind < SETTINGS_ALERT_KINDS && (kinds & SETTINGS_ALERT_BIT(kind)) == 0)
        kind++;
    return (enum settings_alert_kind)kind;
}

/* ---- what a run says ------------------------------------------------------------------------- */

/* The kind of trouble that an entry is in; SETTINGS_ALERT_KINDS for none. */
static enum settings_alert_kind kind_of(const struct run_entry *entry)
{
    if (entry->is_quarantined)
        return SETTINGS_ALERT_KINDS;
    if (entry->scored_count == 0)
        return SETTINGS_ALERT_ERROR;
    if (entry->baseline == NULL)
        return entry->passed ? SETTINGS_ALERT_KINDS : SETTINGS_ALERT_FAILED;
    if (entry->severity == SEVERITY_CRITICAL)
        return SETTINGS_ALERT_CRITICAL;
    if (entry->severity == SEVERITY_MAJOR && !entry->is_signed_off)
        return SETTINGS_ALERT_MAJOR;
    return SETTINGS_ALERT_KINDS;
}

static bool fell(const struct statistics *family)
{
    return family->known && family->outcome == GATE_FAIL;
}

static unsigned trouble_of(const struct run *run)
{
    const struct gate *gate = &run->gate;
    unsigned kinds = 0;

    for (size_t i = 0; i < run->entry_count; i++) {
        enum settings_alert_kind kind = kind_of(&run->entries[i]);
        if (kind != SETTINGS_ALERT_KINDS)
            kinds |= SETTINGS_ALERT_BIT(kind);
    }
    if (gate->outcome == GATE_FAIL
        && (fell(&gate->all) || fell(&gate->changed) || fell(&gate->untouched)))
        kinds |= BIT(STATISTICS);
    /* where the gate does not mind critical entries (gate: statistics), nobody is woken for them */
    if (gate->outcome != GATE_FAIL)
        kinds &= ~BIT(CRITICAL);
    return kinds;
}

struct alert_facts alert_facts_of(const struct run *run, bool is_partial, bool pools_known,
                                  size_t pool_line_count)
{
    bool is_whole = !is_partial && !run->interrupted;
    struct alert_facts facts = {.kinds = trouble_of(run)};

    if (run->drift_count > 0)
        facts.kinds |= BIT(DRIFT);
    if (pool_line_count > 0)
        facts.kinds |= BIT(POOL);
    /* where an entry got no answer nobody knows whether it is well again */
    facts.may_resolve[ALERT_GATE] =
        is_whole && run->entry_count > 0 && (facts.kinds & BIT(ERROR)) == 0;
    facts.may_resolve[ALERT_DRIFT] = is_whole && run->drift_known;
    facts.may_resolve[ALERT_POOL] = is_whole && pools_known;
    return facts;
}

/* ---- a message ------------------------------------------------------------------------------- */

struct making {
    const struct run *run;
    const struct alert_wish *wish;
    const struct mask *mask;
    struct arena *arena;
    struct alert alert;
    struct view lines[ALERT_LINES_MAX];
    size_t line_count;
    bool no_memory;
};

static struct view clean(struct making *making, struct view text, size_t max)
{
    struct view cleaned = VIEW("");

    if (mask_text(making->mask, text, max, making->arena, &cleaned) != 0)
        making->no_memory = true;
    return cleaned;
}

static void add_line(struct making *making, struct view text)
{
    if (making->line_count == ALERT_LINES_MAX)
        return;
    making->lines[making->line_count++] = clean(making, text, ALERT_TEXT_BYTES_MAX);
}

static void add_lines(struct making *making, const struct view *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_line(making, lines[i]);
}

static struct view formatted(struct making *making, const char *text)
{
    making->no_memory = making->no_memory || text == NULL;
    return view_of(text != NULL ? text : "");
}

/* "assay/PROJECT/SUITE/TOPIC"; names that are too long or hold what is masked are told apart by a
 * digest. */
static struct view key_of(struct making *making)
{
    struct view project = clean(making, making->wish->project, KEY_NAME_BYTES_MAX);
    struct view suite = clean(making, making->run->suite, KEY_NAME_BYTES_MAX);
    const char *topic = alert_topic_name(making->wish->topic);
    char hex[DIGEST_SHORT_SIZE];

    if (view_equal(project, making->wish->project) && view_equal(suite, making->run->suite))
        return formatted(making, arena_printf(making->arena, "assay/%.*s/%.*s/%s",
                                              VIEW_ARG(project), VIEW_ARG(suite), topic));
    struct view whole =
        formatted(making, arena_printf(making->arena, "%.*s/%.*s", VIEW_ARG(making->wish->project),
                                       VIEW_ARG(making->run->suite)));
    digest_short(whole, hex);
    return formatted(making, arena_printf(making->arena, "assay/%.*s/%.*s/%s-%s", VIEW_ARG(project),
                                          VIEW_ARG(suite), topic, hex));
}

static const char *phrase_of(unsigned kinds)
{
    static const char *const phrases[SETTINGS_ALERT_KINDS + 1] = {
        [SETTINGS_ALERT_CRITICAL] = "critical regression",
        [SETTINGS_ALERT_FAILED] = "checks failed",
        [SETTINGS_ALERT_STATISTICS] = "scores fell",
        [SETTINGS_ALERT_ERROR] = "entries without an answer",
        [SETTINGS_ALERT_MAJOR] = "major regression",
        [SETTINGS_ALERT_DRIFT] = "slow change",
        [SETTINGS_ALERT_POOL] = "connection pool needs attention",
        [SETTINGS_ALERT_RECOVERED] = "recovered",
        [SETTINGS_ALERT_KINDS] = "well",
    };
    return phrases[alert_gravest(kinds)];
}

static struct view title_of(struct making *making)
{
    struct view project = clean(making, making->wish->project, NAME_BYTES_MAX);
    struct view suite = clean(making, making->run->suite, NAME_BYTES_MAX);
    const char *phrase = phrase_of(making->wish->kinds);
    bool is_over = making->wish->action == ALERT_RESOLVE;
    /* a channel that is told of some kinds only hears that those are over */
    bool passes = making->run->gate.exit_status == 0;
    const char *text = !is_over ? arena_printf(making->arena, "%.*s: suite %.*s: %s",
                                               VIEW_ARG(project), VIEW_ARG(suite), phrase)
                       : making->wish->topic == ALERT_GATE && passes
                           ? arena_printf(making->arena, "%.*s: suite %.*s recovered",
                                          VIEW_ARG(project), VIEW_ARG(suite))
                           : arena_printf(making->arena, "%.*s: suite %.*s: over: %s",
                                          VIEW_ARG(project), VIEW_ARG(suite), phrase);
    return formatted(making, text);
}

/* ---- entries --------------------------------------------------------------------------------- */

static int by_weight(const void *a, const void *b)
{
    const struct run_entry *one = *(const struct run_entry *const *)a;
    const struct run_entry *two = *(const struct run_entry *const *)b;
    unsigned first = kind_of(one);
    unsigned second = kind_of(two);

    if (first != second)
        return first < second ? -1 : 1;
    if (one->drop_micro != two->drop_micro)
        return one->drop_micro > two->drop_micro ? -1 : 1;
    return one < two ? -1 : one > two;
}

static struct view worst_answer(const struct run_entry *entry)
{
    const struct sample *worst = NULL;

    for (size_t i = 0; i < entry->sample_count; i++)
        if (entry->samples[i].scored
            && (worst == NULL || entry->samples[i].score.total_micro < worst->score.total_micro))
            worst = &entry->samples[i];
    return worst != NULL ? worst->answer.reply.text : view_of("");
}

static void fill_entry(struct making *making, const struct run_entry *from,
                       struct alert_entry *into)
{
    bool scored = from->scored_count > 0;

    *into = (struct alert_entry){
        .id = clean(making, from->id, NAME_BYTES_MAX),
        .target = clean(making, from->target, NAME_BYTES_MAX),
        .word = settings_alert_kind_name(kind_of(from)),
        .score_micro = scored ? from->score.total_micro : SCORE_ABSENT,
        .baseline_score_micro =
            from->baseline != NULL ? from->baseline_score.total_micro : SCORE_ABSENT,
        .reason = clean(making, scored ? from->reason : from->error_text, ALERT_TEXT_BYTES_MAX),
        .answer = view_of(""),
    };
    if (making->wish->answers && scored)
        into->answer = clean(making, worst_answer(from), ALERT_TEXT_BYTES_MAX);
}

static void add_entries(struct making *making)
{
    const struct run *run = making->run;
    const struct run_entry **bad = mem_new(run->entry_count + 1, sizeof(void *));
    struct alert_entry *entries = arena_new(making->arena, ALERT_ENTRIES_MAX, sizeof *entries);
    size_t count = 0;

    if (bad == NULL || entries == NULL) {
        making->no_memory = true;
        mem_free(bad);
        return;
    }
    for (size_t i = 0; i < run->entry_count; i++)
        if (kind_of(&run->entries[i]) != SETTINGS_ALERT_KINDS)
            bad[count++] = &run->entries[i];
    qsort(bad, count, sizeof(void *), by_weight);
    making->alert.entries_total = count;
    making->alert.entries = entries;
    for (size_t i = 0; i < count && i < ALERT_ENTRIES_MAX; i++)
        fill_entry(making, bad[i], &entries[making->alert.entry_count++]);
    mem_free(bad);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* An address as a link: http or https, printable, without user. Anything else is no link. */
static struct view link_of(struct making *making)
{
    struct view wanted =
        making->wish->link.len > 0 ? making->wish->link : making->run->provenance.ci;
    struct view link = VIEW("");
    struct url url;

    if (wanted.len == 0 || wanted.len > LINK_BYTES_MAX || url_parse(wanted, &url, NULL) != 0
        || !view_starts(url.scheme, view_of("http")) || url.userinfo.ptr != NULL)
        return link;
    for (size_t i = 0; i < wanted.len; i++)
        if (wanted.ptr[i] <= ' ' || strchr("<>|\"\\`", wanted.ptr[i]) != NULL
            || (unsigned char)wanted.ptr[i] >= 0x7f)
            return link;
    /* one that holds what is masked leads nowhere */
    link = clean(making, wanted, LINK_BYTES_MAX);
    return view_equal(link, wanted) ? link : view_of("");
}

static void add_texts(struct making *making)
{
    const struct alert_wish *wish = making->wish;
    const struct gate *gate = &making->run->gate;

    if (wish->topic == ALERT_DRIFT)
        add_lines(making, making->run->drift, making->run->drift_count);
    if (wish->topic == ALERT_POOL)
        add_lines(making, wish->pool_lines, wish->pool_line_count);
    if (wish->topic != ALERT_GATE)
        return;
    add_lines(making, gate->reasons, gate->reason_count);
    add_lines(making, gate->warnings, gate->warning_count);
    if (wish->action == ALERT_TRIGGER)
        add_entries(making);
}

static int keep_lines(struct making *making)
{
    struct view *lines = arena_new(making->arena, making->line_count + 1, sizeof *lines);

    if (lines == NULL)
        return ERR_MEMORY;
    memcpy(lines, making->lines, making->line_count * sizeof *lines);
    making->alert.lines = lines;
    making->alert.line_count = making->line_count;
    return 0;
}

int alert_make(const struct run *run, const struct alert_wish *wish, const struct mask *mask,
               struct arena *arena, struct alert *ret_alert)
{
    struct making making = {.run = run, .wish = wish, .mask = mask, .arena = arena};
    struct alert *alert = &making.alert;

    *alert = (struct alert){
        .action = wish->action,
        .topic = wish->topic,
        .kinds = wish->kinds,
        .outcome = view_of(gate_outcome_name(run->gate.outcome)),
        .exit_status = run->gate.exit_status,
        .started_unix_s = run->started_unix_s,
    };
    alert->project = clean(&making, wish->project, NAME_BYTES_MAX);
    alert->suite = clean(&making, run->suite, NAME_BYTES_MAX);
    alert->run_id = clean(&making, run->id, NAME_BYTES_MAX);
    alert->commit = clean(&making, run->provenance.commit, NAME_BYTES_MAX);
    alert->who = clean(&making, run->provenance.who, NAME_BYTES_MAX);
    alert->key = key_of(&making);
    alert->title = title_of(&making);
    alert->link = link_of(&making);
    add_texts(&making);
    if (making.no_memory || keep_lines(&making) != 0)
        return ERR_MEMORY;
    *ret_alert = *alert;
    return 0;
}

int alert_make_test(struct view project, int64_t now_unix_s, struct arena *arena,
                    struct alert *ret_alert)
{
    static const struct view line = VIEW(
        "This is a test that 'assay doctor --alerts-test' sent. Nothing is wrong, nothing is to be "
        "done.");
    const struct mask mask = {.set = NULL};
    struct view shown = VIEW("");

    int code = mask_text(&mask, project, NAME_BYTES_MAX, arena, &shown);
    const char *title = arena_printf(arena, "%.*s: test of this channel", VIEW_ARG(shown));
    const char *key = arena_printf(arena, "assay/%.*s/test", VIEW_ARG(utf8_cut(shown, 100)));
    if (code != 0 || title == NULL || key == NULL)
        return ERR_MEMORY;
    *ret_alert = (struct alert){
        .action = ALERT_TEST,
        .project = shown,
        .suite = view_of(""),
        .key = view_of(key),
        .title = view_of(title),
        .lines = &line,
        .line_count = 1,
        .run_id = view_of(""),
        .outcome = view_of(""),
        .started_unix_s = now_unix_s,
        .commit = view_of(""),
        .who = view_of(""),
        .link = view_of(""),
    };
    return 0;
}
