/* SPDX-License-Identifier: Apache-2.0
 *
 * doctor_coverage: see doctor_coverage.h. */
#include "cli/doctor_coverage.h"

#include "core/golden/coverage.h"

enum { OUT_BYTES_MAX = 64 << 20 };

static const size_t ARENA_BYTES_MAX = (size_t)1 << 30;

struct covering {
    struct cli *cli;
    struct plan_options options;
    struct arena arena;
    struct settings settings;
    struct strbuf out;
    struct json_writer writer;
    bool as_json;
    int status;
};

static void tell(struct covering *covering, const struct plan *plan,
                 const struct coverage *coverage)
{
    if (!covering->as_json) {
        strbuf_printf(&covering->out, "suite %.*s: %zu entries in %.*s\n",
                      VIEW_ARG(plan->suite->name), plan->set.entry_count, VIEW_ARG(plan->set.file));
        coverage_text(coverage, &covering->out);
        return;
    }
    json_write_object(&covering->writer);
    json_member_string(&covering->writer, "suite", plan->suite->name);
    json_member_string(&covering->writer, "golden", plan->set.file);
    coverage_json(coverage, &covering->writer);
    json_write_end(&covering->writer, '}');
}

/* A suite that cannot be read is told on standard error, and the others still count. */
static void cover_suite(struct covering *covering, const char *suite)
{
    struct plan_options options = covering->options;
    struct coverage coverage;
    struct plan plan;
    struct err err = {0};

    options.suite = suite;
    int code = plan_make(&options, &plan, &err);
    if (code != 0) {
        int status = command_fail(covering->cli, code, &err);
        if (covering->status == 0 || status < covering->status)
            covering->status = status;
        return;
    }
    const struct coverage_options how = {
        .repeat = plan.repeat,
        .noise_micro = plan.has_baseline ? coverage_noise(&plan.baseline) : -1,
    };
    code = coverage_of(&plan.arena, &plan.set, &how, &coverage);
    if (code == 0)
        tell(covering, &plan, &coverage);
    else
        covering->status = command_fail(covering->cli, code, NULL);
    plan_release(&plan);
}

static void cover(struct covering *covering)
{
    if (covering->options.suite != NULL) {
        cover_suite(covering, covering->options.suite);
        return;
    }
    for (size_t i = 0; i < covering->settings.suite_count; i++)
        cover_suite(covering, arena_string(&covering->arena, covering->settings.suites[i].name));
}

int doctor_coverage(struct cli *cli, const struct plan_options *options, bool as_json)
{
    struct covering covering = {.cli = cli, .options = *options, .as_json = as_json};
    struct err err = {0};

    arena_init(&covering.arena, ARENA_BYTES_MAX);
    strbuf_init(&covering.out, OUT_BYTES_MAX);
    json_writer_init(&covering.writer, &covering.out, 2);
    int code = plan_settings(&covering.arena, options->config, options->overrides,
                             options->override_count, &covering.settings, &err);
    if (code == 0 && covering.settings.suite_count == 0)
        code = fail(&err, ERR_USAGE, "there are no suites here: 'assay init' makes a project");
    if (code != 0) {
        covering.status = command_fail(cli, code, &err);
    } else {
        if (as_json) {
            json_write_object(&covering.writer);
            json_member_text(&covering.writer, "assay", ASSAY_VERSION);
            json_member_text(&covering.writer, "kind", "coverage");
            json_member_int(&covering.writer, "schema", 1);
            json_member_array(&covering.writer, "suites");
        }
        cover(&covering);
        if (as_json) {
            json_write_end(&covering.writer, ']');
            json_write_end(&covering.writer, '}');
            strbuf_add_byte(&covering.out, '\n');
        }
        int printed = command_print(cli, &covering.out);
        covering.status = printed != 0 ? printed : covering.status;
    }
    strbuf_release(&covering.out);
    arena_release(&covering.arena);
    return covering.status;
}
