/* SPDX-License-Identifier: Apache-2.0
 *
 * assay signoff: accepts major regressions of a run, in a file that the gate honours. */
#include <stdio.h>

#include "app/plan.h"
#include "app/run_find.h"
#include "base/date.h"
#include "base/path.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "core/golden/signoff.h"
#include "report/order.h"
#include "shell/os/clock.h"
#include "shell/os/file.h"
#include "wire/json.h"

enum { WORDS_BYTES_MAX = 4000 };

static const size_t ARENA_BYTES_MAX = (size_t)8 << 30;
static const size_t SIGNOFFS_BYTES_MAX = (size_t)256 << 20;

struct signoff_options {
    struct common_options common;
    const char *config;
    const char *suite;
    struct option_list overrides;
    struct option_list entries;
    const char *by;
    const char *reason;
    const char *expires;
    const char *format;
    bool list;
};

#define AT(member) offsetof(struct signoff_options, member)

static const struct option items[] = {
    {"by", 'b', OPTION_TEXT, "WHO", AT(by), "who accepts", NULL, 0, 0},
    {"reason", 'r', OPTION_TEXT, "WHY", AT(reason), "why it is acceptable", NULL, 0, 0},
    {"entry", 'e', OPTION_LIST, "ID", AT(entries),
     "accept this entry alone; repeatable (default: all major regressions of the run)", NULL, 0, 0},
    {"expires", 0, OPTION_TEXT, "DATE", AT(expires),
     "the last day on which it holds, like 2026-12-24 (default: until the template, the model or "
     "the parameters change)",
     NULL, 0, 0},
    {"list", 'l', OPTION_FLAG, NULL, AT(list), "show what was signed off, the newest last", NULL, 0,
     0},
    {"format", 'f', OPTION_CHOICE, "FORMAT", AT(format), "of --list: text, json", "text,json", 0,
     0},
    {"config", 'c', OPTION_TEXT, "FILE", AT(config),
     "the configuration (default: assay.yaml in this folder)", NULL, 0, 0},
    {"suite", 's', OPTION_TEXT, "SUITE", AT(suite), "which suite, where there are several", NULL, 0,
     0},
    {"set", 0, OPTION_LIST, "KEY=VALUE", AT(overrides), "override one setting; repeatable", NULL, 0,
     0},
};

static const struct options_table table = {items, sizeof items / sizeof items[0]};

struct signing {
    struct cli *cli;
    const struct signoff_options *options;
    const char *run_name;
    struct arena arena;
    struct settings settings;
    struct run run;
    const char *path;
    struct view text; /* of the file as it is */
    struct signoffs signoffs;
};

/* ---- the file ------------------------------------------------------------------------------- */

/* The suite that was named, or the run's, or the only one. */
static int find_suite(struct signing *signing, struct view of_run,
                      const struct settings_suite **ret_suite, struct err *reterr)
{
    const struct settings *settings = &signing->settings;
    struct view name = signing->options->suite != NULL ? view_of(signing->options->suite) : of_run;

    if (name.len == 0 && settings->suite_count == 1)
        name = settings->suites[0].name;
    if (name.len == 0)
        return fail(reterr, ERR_CONFIG, "which suite? Say --suite");
    *ret_suite = settings_suite_of(settings, name);
    if (*ret_suite == NULL)
        return fail(reterr, ERR_CONFIG, "%.*s: has no suite '%.*s'", VIEW_ARG(settings->file),
                    VIEW_ARG(name));
    return 0;
}

static int load_signoffs(struct signing *signing, const struct settings_suite *suite,
                         struct err *reterr)
{
    struct arena *arena = &signing->arena;
    struct strbuf content;

    signing->path =
        suite->signoffs.len != 0
            ? arena_string(arena, suite->signoffs)
            : arena_printf(arena, "%.*s/signoffs.jsonl", VIEW_ARG(path_directory(suite->golden)));
    if (signing->path == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for sign-offs");
    if (!file_exists(signing->path))
        return 0;
    strbuf_init(&content, SIGNOFFS_BYTES_MAX);
    int code = file_read(signing->path, &content, reterr);
    if (code == 0 && arena_copy(arena, strbuf_view(&content), &signing->text) != 0)
        code = fail(reterr, ERR_MEMORY, "%s: no memory for these sign-offs", signing->path);
    strbuf_release(&content);
    return code != 0 ? code
                     : signoff_parse(arena, view_of(signing->path), signing->text,
                                     &signing->signoffs, reterr);
}

/* ---- --list --------------------------------------------------------------------------------- */

static void list_json(const struct signing *signing, struct strbuf *out)
{
    struct json_writer writer;

    strbuf_printf(out, "{\"assay\": \"%s\", \"kind\": \"signoffs\", \"schema\": 1, \"file\": ",
                  ASSAY_VERSION);
    json_writer_init(&writer, out, 0);
    json_write_string(&writer, view_of(signing->path));
    strbuf_add_text(out, ", \"signoffs\": [");
    for (size_t i = 0; i < signing->signoffs.count; i++) {
        strbuf_add_text(out, i > 0 ? ", " : "");
        signoff_write(&signing->signoffs.items[i], ASSAY_VERSION, out);
        strbuf_cut(out, out->len - 1); /* its line break */
    }
    strbuf_add_text(out, "]}\n");
}

static void list_text(const struct signing *signing, struct strbuf *out)
{
    if (signing->signoffs.count == 0)
        strbuf_printf(out, "nothing is signed off in %s\n", signing->path);
    for (size_t i = 0; i < signing->signoffs.count; i++) {
        const struct signoff *signoff = &signing->signoffs.items[i];
        strbuf_printf(out, "%.*s  ", VIEW_ARG(signoff->at));
        report_add_line(out, signoff->by, WORDS_BYTES_MAX);
        strbuf_add_text(out, ": ");
        report_add_line(out, signoff->reason, WORDS_BYTES_MAX);
        strbuf_printf(out, "%s%.*s\n", signoff->expires.len != 0 ? ", until " : "",
                      VIEW_ARG(signoff->expires));
        for (size_t j = 0; j < signoff->entry_count; j++) {
            strbuf_add_text(out, "    ");
            report_add_line(out, signoff->entries[j].id, WORDS_BYTES_MAX);
            strbuf_printf(out, "  drop %.3f, template %.*s\n",
                          (double)signoff->entries[j].drop_micro / MICRO,
                          VIEW_ARG(signoff->entries[j].version));
        }
    }
}

static int list(struct signing *signing)
{
    bool is_json = view_is(view_of(signing->options->format), "json");
    struct strbuf out;

    strbuf_init(&out, SIGNOFFS_BYTES_MAX);
    (is_json ? list_json : list_text)(signing, &out);
    int status = command_print(signing->cli, &out);
    strbuf_release(&out);
    return status;
}

/* ---- signing -------------------------------------------------------------------------------- */

static int append(struct signing *signing, const struct signoff *signoff, struct err *reterr)
{
    struct strbuf line;

    strbuf_init(&line, SIGNOFFS_BYTES_MAX);
    if (signing->text.len != 0 && !view_ends(signing->text, view_of("\n")))
        strbuf_add_byte(&line, '\n');
    signoff_write(signoff, ASSAY_VERSION, &line);
    int code = strbuf_status(&line);
    if (code != 0)
        fail(reterr, code, "%s: this sign-off is too long", signing->path);
    else
        code = file_append(signing->path, strbuf_view(&line), reterr);
    strbuf_release(&line);
    return code;
}

static void tell(const struct signing *signing, const struct signoff *signoff)
{
    size_t major = 0;
    size_t compared = 0;

    if (signing->cli->quiet)
        return;
    for (size_t i = 0; i < signoff->entry_count; i++)
        fprintf(stderr, "%.*s: a drop of %.3f is accepted with template %.*s\n",
                VIEW_ARG(signoff->entries[i].id), (double)signoff->entries[i].drop_micro / MICRO,
                VIEW_ARG(signoff->entries[i].version));
    fprintf(stderr, "signed off by %.*s in %s: add it to version control\n", VIEW_ARG(signoff->by),
            signing->path);
    for (size_t i = 0; i < signing->run.entry_count; i++) {
        const struct run_entry *entry = &signing->run.entries[i];
        if (entry->baseline == NULL || entry->scored_count == 0 || entry->is_quarantined)
            continue;
        compared++;
        major += entry->severity == SEVERITY_MAJOR;
    }
    if (major >= 2 && major * 10 >= compared)
        fprintf(
            stderr,
            "the gate fails all the same: %zu of %zu entries are major, and a tenth is too many "
            "to sign off\n",
            major, compared);
}

static int sign(struct signing *signing, const struct settings_suite *suite, struct err *reterr)
{
    const struct signoff_options *options = signing->options;
    char at[DATE_ISO_SIZE];
    struct signoff signoff = {
        .run = signing->run.id,
        .suite = suite->name,
        .by = view_trim(view_of(options->by)),
        .reason = view_trim(view_of(options->reason)),
        .at = {at, DATE_ISO_SIZE - 1},
        .expires = options->expires != NULL ? view_of(options->expires) : view_of(""),
    };

    if (view_is(signing->run.kind, "baseline"))
        return fail(reterr, ERR_CONFIG,
                    "%s is a baseline, which has no regressions: name a run of 'assay test'",
                    signing->run_name);
    if (signing->run.suite.len != 0 && !view_equal(signing->run.suite, suite->name))
        return fail(reterr, ERR_CONFIG,
                    "%s is a run of suite '%.*s', not of '%.*s': leave --suite out",
                    signing->run_name, VIEW_ARG(signing->run.suite), VIEW_ARG(suite->name));
    date_iso(clock_unix_s(), at);
    int code = signoff_from_run(&signing->arena, &signing->run, options->entries.items,
                                options->entries.count, &signoff, reterr);
    if (code == 0)
        code = append(signing, &signoff, reterr);
    if (code == 0)
        tell(signing, &signoff);
    return code;
}

static bool is_said(const char *text)
{
    return text != NULL && view_trim(view_of(text)).len != 0;
}

static int check_options(const struct signoff_options *options, const struct operands *operands,
                         struct err *reterr)
{
    char today[SIGNOFF_DATE_SIZE];

    if (operands->count > 1)
        return fail(reterr, ERR_USAGE, "'%s' is not understood here: give one run",
                    operands->items[1]);
    if (options->list)
        return 0;
    if (operands->count == 0)
        return fail(reterr, ERR_USAGE, "which run? Give its id, @last, or a JSON report");
    if (!is_said(options->by))
        return fail(reterr, ERR_USAGE, "--by is missing: who accepts this regression?");
    if (!is_said(options->reason))
        return fail(reterr, ERR_USAGE, "--reason is missing: why is this regression acceptable?");
    if (strlen(options->by) > WORDS_BYTES_MAX || strlen(options->reason) > WORDS_BYTES_MAX)
        return fail(reterr, ERR_USAGE, "--by and --reason take %d bytes at most", WORDS_BYTES_MAX);
    if (!utf8_valid(view_of(options->by), NULL) || !utf8_valid(view_of(options->reason), NULL))
        return fail(reterr, ERR_USAGE, "--by and --reason must be UTF-8");
    signoff_date(clock_unix_s(), today);
    if (options->expires != NULL && !signoff_is_date(view_of(options->expires)))
        return fail(reterr, ERR_USAGE, "--expires: '%s' is no day like 2026-12-24",
                    options->expires);
    if (options->expires != NULL && view_compare(view_of(options->expires), view_of(today)) < 0)
        return fail(reterr, ERR_USAGE, "--expires: %s is over already", options->expires);
    return 0;
}

static int carry_out(struct signing *signing, struct err *reterr)
{
    const struct signoff_options *options = signing->options;
    const struct settings_suite *suite;
    struct run_find where = {
        .config = options->config,
        .suite = options->suite,
        .overrides = options->overrides.items,
        .override_count = options->overrides.count,
    };

    int code = plan_settings(&signing->arena, options->config, options->overrides.items,
                             options->overrides.count, &signing->settings, reterr);
    if (code == 0 && !options->list)
        code = run_find(&where, signing->run_name, &signing->arena, &signing->run, reterr);
    if (code == 0)
        code =
            find_suite(signing, options->list ? view_of("") : signing->run.suite, &suite, reterr);
    if (code == 0)
        code = load_signoffs(signing, suite, reterr);
    if (code == 0 && !options->list)
        code = sign(signing, suite, reterr);
    return code;
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct signoff_options options = {.format = "text"};
    struct signing signing = {.cli = cli, .options = &options};
    struct operands operands;
    struct err err = {0};
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    int code = check_options(&options, &operands, &err);
    if (code != 0)
        return command_fail(cli, code, &err);
    signing.run_name = operands.count > 0 ? operands.items[0] : NULL;
    arena_init(&signing.arena, ARENA_BYTES_MAX);
    code = carry_out(&signing, &err);
    if (code != 0)
        status = command_fail(cli, code, &err);
    else
        status = options.list ? list(&signing) : 0;
    arena_release(&signing.arena);
    return status;
}

const struct command command_signoff = {
    .name = "signoff",
    .summary = "accepts a major regression",
    .operands = "RUN",
    .details =
        "Records that somebody accepts the major regressions of a run: a line in signoffs.jsonl "
        "beside the golden set, meant for version control. RUN is the id of a run, @last, or a "
        "JSON report.\n"
        "\n"
        "From then on 'assay test' passes these entries (exit 0 where it was 4), as long as "
        "template, model and parameters stay, the entry falls no further (.05 is tolerated), no "
        "other check fails and the day it expires on has not passed. A critical regression cannot "
        "be signed off, and where a tenth of the entries are major the gate fails whatever was "
        "signed: mend the prompt, or accept the new answers with 'assay baseline --update'.\n"
        "\n"
        "Exit status: 0 signed, or listed; 2 usage, configuration, no such run, or an entry that "
        "cannot be signed off; 3 a file could not be used.",
    .examples = "  assay signoff @last --by 'Aki Mori' --reason 'shorter answers were asked for'\n"
                "  assay signoff report.json --by aki --reason 'known' --entry rec-ja-001 "
                "--expires 2026-12-24\n"
                "  assay signoff --list\n",
    .tables = {&table},
    .run = run,
};
