/* SPDX-License-Identifier: Apache-2.0
 *
 * verdicts: see verdicts.h. */
#include "report/verdicts.h"

#include "base/utf8.h"

enum { AROUND_BYTES = 60, NAME_COLUMNS = 22, EVIDENCE_BYTES_MAX = 400 };

enum paint { PLAIN, RED, YELLOW, GREEN, DIM, BOLD, MARK };

struct showing {
    struct strbuf *out;
    const struct policy *policy;
    const struct validate_line *line;
    const struct validated *validated;
    bool color;
};

static void paint(const struct showing *showing, enum paint color)
{
    static const char *const codes[] = {"\033[0m", "\033[31m", "\033[33m", "\033[32m",
                                        "\033[2m", "\033[1m",  "\033[7m"};
    if (showing->color)
        strbuf_add_text(showing->out, codes[color]);
}

/* ---- texts of others ------------------------------------------------------------------------ */

/* Characters that show nothing, or turn what follows around. */
static bool is_unseen(uint32_t codepoint)
{
    static const uint32_t ranges[][2] = {
        {0xad, 0xad},     {0x61c, 0x61c},   {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},
        {0x2060, 0x206f}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (codepoint >= ranges[i][0] && codepoint <= ranges[i][1])
            return true;
    return false;
}

void verdict_add_visible(struct strbuf *out, struct view text)
{
    for (size_t pos = 0; pos < text.len;) {
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        if (codepoint == '\n')
            strbuf_add_text(out, "⏎");
        else if (codepoint == '\t')
            strbuf_add_byte(out, ' ');
        else if (codepoint < 0x20 || (codepoint >= 0x7f && codepoint < 0xa0)
                 || is_unseen(codepoint))
            strbuf_printf(out, "<U+%04X>", (unsigned)codepoint);
        else
            strbuf_add_codepoint(out, codepoint);
    }
}

/* The first place at or after `at` where a character starts. */
static size_t character_at(struct view text, size_t at)
{
    while (at < text.len && ((unsigned char)text.ptr[at] & 0xc0) == 0x80)
        at++;
    return at < text.len ? at : text.len;
}

/* ---- one line ------------------------------------------------------------------------------- */

static enum paint paint_of(enum validate_decision decision)
{
    static const enum paint paints[] = {
        [VALIDATE_ACCEPT] = GREEN, [VALIDATE_RETRY] = YELLOW, [VALIDATE_FALLBACK] = RED};
    return paints[decision];
}

static void add_name(const struct showing *showing)
{
    struct view id = json_text(showing->line->id, view_of(""));

    if (json_is(showing->line->id, JSON_NUMBER))
        id = showing->line->id->text;
    paint(showing, BOLD);
    if (id.len > 0)
        verdict_add_visible(showing->out, id);
    else
        strbuf_printf(showing->out, "line %u", showing->line->number);
    paint(showing, PLAIN);
}

static bool is_first_of_check(const struct validated *validated, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (view_equal(validated->findings[j].finding.check, validated->findings[i].finding.check))
            return false;
    return true;
}

static void add_headline(const struct showing *showing)
{
    const struct validated *validated = showing->validated;
    const char *before = ": ";

    add_name(showing);
    strbuf_add_text(showing->out, ": ");
    paint(showing, paint_of(validated->decision));
    strbuf_add_text(showing->out, validate_decision_name(validated->decision));
    paint(showing, PLAIN);
    if (validated->is_masked)
        strbuf_add_text(showing->out, ", masked");
    if (validated->log)
        strbuf_add_text(showing->out, ", logged");
    for (size_t i = 0; i < validated->count; i++) {
        if (!is_first_of_check(validated, i))
            continue;
        strbuf_printf(showing->out, "%s%.*s", before,
                      VIEW_ARG(validated->findings[i].finding.check));
        before = ", ";
    }
    strbuf_add_byte(showing->out, '\n');
}

void verdict_add_line(struct strbuf *out, const struct validate_line *line,
                      const struct validated *validated, bool color)
{
    const struct showing showing = {out, NULL, line, validated, color};
    add_headline(&showing);
}

/* ---- every check ---------------------------------------------------------------------------- */

/* Where around a span nothing secret stands: *from and *to are brought in. */
static void keep_secrets(const struct showing *showing, const struct finding *shown, size_t *from,
                         size_t *to)
{
    for (size_t i = 0; i < showing->validated->secret_count; i++) {
        const struct validate_secret *secret = &showing->validated->secrets[i];
        if (secret->end > *from && secret->start < shown->start)
            *from = secret->end < shown->start ? secret->end : shown->start;
        if (secret->start < *to && secret->end > shown->end)
            *to = secret->start > shown->end ? secret->start : shown->end;
    }
}

/* True where a secret shares bytes with the span. */
static bool touches_secret(const struct showing *showing, const struct finding *shown)
{
    for (size_t i = 0; i < showing->validated->secret_count; i++) {
        const struct validate_secret *secret = &showing->validated->secrets[i];
        if (secret->start < shown->end && secret->end > shown->start)
            return true;
    }
    return false;
}

static void add_marked(const struct showing *showing, struct view text)
{
    paint(showing, MARK);
    strbuf_add_text(showing->out, showing->color ? "" : "»");
    verdict_add_visible(showing->out, utf8_cut(text, EVIDENCE_BYTES_MAX));
    if (text.len > EVIDENCE_BYTES_MAX)
        strbuf_add_text(showing->out, "…");
    strbuf_add_text(showing->out, showing->color ? "" : "«");
    paint(showing, PLAIN);
}

/* The span in what stands around it; of what must not be shown the evidence in its place. */
static void add_context(const struct showing *showing, const struct finding *finding)
{
    struct view response = showing->line->response;
    size_t from = finding->start > AROUND_BYTES ? finding->start - AROUND_BYTES : 0;
    size_t to = finding->end + AROUND_BYTES;
    bool is_hidden = touches_secret(showing, finding);

    keep_secrets(showing, finding, &from, &to);
    from = character_at(response, from);
    to = character_at(response, to);
    strbuf_add_repeated(showing->out, ' ', 6);
    strbuf_add_text(showing->out, from > 0 ? "…" : "");
    verdict_add_visible(showing->out, view_slice(response, from, finding->start));
    add_marked(showing,
               is_hidden ? finding->evidence : view_slice(response, finding->start, finding->end));
    verdict_add_visible(showing->out, view_slice(response, finding->end, to));
    strbuf_add_text(showing->out, to < response.len ? "…\n" : "\n");
}

static void add_finding(const struct showing *showing, const struct validate_finding *found)
{
    const struct finding *finding = &found->finding;

    strbuf_add_repeated(showing->out, ' ', 4);
    verdict_add_visible(showing->out, finding->message);
    paint(showing, DIM);
    if (finding->end > finding->start)
        strbuf_printf(showing->out, " (bytes %zu to %zu)", finding->start, finding->end);
    strbuf_printf(showing->out, " → %s%s", policy_action_name(found->action),
                  found->log ? ", logged" : "");
    paint(showing, PLAIN);
    strbuf_add_byte(showing->out, '\n');
    if (finding->end > finding->start)
        add_context(showing, finding);
}

static void add_check(const struct showing *showing, struct view name, bool has_failed)
{
    strbuf_printf(showing->out, "  %-*.*s ", NAME_COLUMNS, VIEW_ARG(name));
    paint(showing, has_failed ? RED : GREEN);
    strbuf_add_text(showing->out, has_failed ? "failed" : "ok");
    paint(showing, PLAIN);
    strbuf_add_byte(showing->out, '\n');
}

/* What the line expects beside the policy. */
static void add_own(const struct showing *showing)
{
    for (size_t i = 0; i < showing->validated->count; i++) {
        const struct validate_finding *found = &showing->validated->findings[i];
        if (found->order < showing->policy->check_count)
            continue;
        add_check(showing, found->finding.check, true);
        add_finding(showing, found);
    }
}

static void add_row(const struct showing *showing, uint32_t row)
{
    const struct validated *validated = showing->validated;
    size_t found = 0;

    for (size_t i = 0; i < validated->count; i++)
        found += validated->findings[i].order == row;
    add_check(showing, showing->policy->checks[row].name, found > 0);
    for (size_t i = 0; i < validated->count && found > 0; i++)
        if (validated->findings[i].order == row)
            add_finding(showing, &validated->findings[i]);
}

void verdict_add_explained(struct strbuf *out, const struct policy *policy,
                           const struct validate_line *line, const struct validated *validated,
                           bool color)
{
    const struct showing showing = {out, policy, line, validated, color};

    add_headline(&showing);
    for (uint32_t i = 0; i < policy->check_count; i++)
        add_row(&showing, i);
    add_own(&showing);
    if (!validated->is_masked)
        return;
    strbuf_add_text(out, "  masked: ");
    verdict_add_visible(out, validated->masked);
    strbuf_add_byte(out, '\n');
}

/* ---- the policy ----------------------------------------------------------------------------- */

void verdict_add_policy(struct strbuf *out, const struct policy *policy)
{
    static const char *const times[] = {
        [POLICY_HOLD] = "while it streams", [POLICY_END] = "at the end", [POLICY_ASK] = "asked"};

    strbuf_printf(out, "policy %.*s: %zu checks\n", VIEW_ARG(policy->file), policy->check_count);
    for (size_t i = 0; i < policy->check_count; i++) {
        const struct policy_check *check = &policy->checks[i];
        strbuf_printf(out, "  %-*.*s %-8s %-7s %s\n", NAME_COLUMNS, VIEW_ARG(check->name),
                      policy_action_name(check->action), check->log ? "logged" : "",
                      times[check->when]);
    }
}
