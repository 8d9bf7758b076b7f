/* SPDX-License-Identifier: Apache-2.0
 *
 * The law of validated answers, checks after the fact included: whatever the pieces in which an
 * answer comes, the decision, every finding with its evidence, place and words, what is masked and
 * what leaves are the same as of the whole. */
#include "../unit/core/validate_rig.h"

#include "base/rng.h"
#include "hold_record.h"

enum { SEED = 20261125, TEXTS = 12, TEXT_MAX = 1 << 20 };

static const struct {
    const char *policy; /* NULL: the default */
    const char *expect; /* NULL: none */
} cases[] = {
    {NULL, NULL},
    {NULL, "{\"language\": \"ja\", \"forbidden\": [\"残念\"], \"max_chars\": 60}"},
    {"checks: [{check: safety.personal_data, action: mask}, {check: safety.secret, action: mask},"
     " {check: safety.injection, action: mask}, {check: safety.prompt_leak, action: mask},"
     " {check: pattern.yen, not: '[0-9]{2,6}円', action: mask}]",
     NULL},
    {"checks: [{check: safety.personal_data, action: mask, kinds: [email, phone],"
     " actions: {phone: fallback}}, forbidden, {check: pattern.must, match: 新刊}]\n"
     "expect: {forbidden: [在庫切れ, out of stock]}",
     NULL},
    {"checks: [{check: safety.personal_data, action: mask}, forbidden, language, length]\n"
     "expect: {forbidden: [在庫切れ], max_chars: 80}\n"
     "stream: {after: sentence}",
     NULL},
    {"checks: [{check: safety.secret, action: mask}, {check: forbidden, action: block}, length]\n"
     "expect: {forbidden: [在庫切れ], max_chars: 200}\n"
     "stream: {after: whole}",
     NULL},
    {"checks: [format, {check: safety.personal_data, action: mask}]",
     "{\"format\": \"json\", \"schema\": {\"type\": \"object\", \"properties\": {\"a\": {\"type\": "
     "\"string\"}}}}"},
    {"checks: [{check: safety.personal_data, action: mask}]\nlookalikes: true", NULL},
};

static void write_outcome(struct rig *rig, struct strbuf *out)
{
    const struct validated *result = &rig->result;

    strbuf_reset(out);
    strbuf_printf(out, "%s log %d masked %d ", validate_decision_name(result->decision),
                  (int)result->log, (int)result->is_masked);
    if (result->is_masked)
        strbuf_add(out, result->masked);
    for (size_t i = 0; i < result->count; i++) {
        const struct validate_finding *found = &result->findings[i];
        strbuf_printf(out, "\n%.*s %d %zu-%zu '%.*s' %.*s", VIEW_ARG(found->finding.check),
                      (int)found->action, found->finding.start, found->finding.end,
                      VIEW_ARG(found->finding.evidence), VIEW_ARG(found->finding.message));
    }
    strbuf_add_text(out, "\nleft: ");
    strbuf_add(out, strbuf_view(&rig->released));
}

static void run(struct rig *rig, struct view text, size_t step, struct strbuf *outcome)
{
    int code = rig_run(rig, text, step, NULL);

    if (code != 0)
        fail_msg("%s: %s", err_name(code), rig->err.text);
    write_outcome(rig, outcome);
}

/* A text, or now and then JSON with one in it. */
static void make_text(struct rng *rng, struct strbuf *text, struct strbuf *part)
{
    hold_text(rng, 3 + rng_below(rng, 6), part);
    strbuf_reset(text);
    if (rng_below(rng, 3) == 0) {
        struct json_writer writer;
        json_writer_init(&writer, text, 0);
        json_write_object(&writer);
        json_member_string(&writer, rng_below(rng, 2) == 0 ? "a" : "b", strbuf_view(part));
        json_write_end(&writer, '}');
    } else {
        strbuf_add(text, strbuf_view(part));
    }
}

static void every_piece_gives_the_same_verdict(void **state)
{
    (void)state;
    struct strbuf text;
    struct strbuf part;
    struct strbuf whole;
    struct strbuf pieces;
    struct strbuf *const all[] = {&text, &part, &whole, &pieces};
    struct rng rng;

    printf("seed %d\n", SEED);
    for (size_t i = 0; i < 4; i++)
        strbuf_init(all[i], TEXT_MAX);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct rig rig;
        rig_new(&rig, cases[c].policy);
        rig.subject.system_prompt = view_of(hold_secret_prompt);
        if (cases[c].expect != NULL)
            rig_expect(&rig, cases[c].expect);
        rng_init(&rng, SEED + c);
        for (int i = 0; i < TEXTS; i++) {
            make_text(&rng, &text, &part);
            run(&rig, strbuf_view(&text), 0, &whole);
            for (size_t step = 1; step < text.len; step += step < 8 ? 1 : 1 + text.len / 24) {
                run(&rig, strbuf_view(&text), step, &pieces);
                if (!view_equal(strbuf_view(&whole), strbuf_view(&pieces)))
                    fail_msg("policy %zu, pieces of %zu\ntext: %s\nwhole: %s\npieces: %s", c, step,
                             strbuf_text(&text), strbuf_text(&whole), strbuf_text(&pieces));
            }
        }
        rig_free(&rig);
    }
    for (size_t i = 0; i < 4; i++)
        strbuf_release(all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_gives_the_same_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
