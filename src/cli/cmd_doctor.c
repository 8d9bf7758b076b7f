/* SPDX-License-Identifier: Apache-2.0
 *
 * assay doctor: checks configuration, credentials, targets and models, and says what to fix. */
#include <stdarg.h>

#include "app/alerts.h"
#include "app/calibrate.h"
#include "app/plan.h"
#include "app/target.h"
#include "cli/command.h"
#include "cli/doctor_coverage.h"
#include "cli/model_dir.h"
#include "report/order.h"
#include "engine/e5.h"
#include "engine/mecab.h"
#include "provider/credentials.h"
#include "shell/net/loop.h"
#include "shell/os/signals.h"

enum { LINE_COLUMNS_MAX = 1000, WAY_BYTES_MAX = 16 * 1024, KEY_SHOWN_BYTES = 4 };

struct doctor_options {
    struct common_options common;
    const char *config;
    struct option_list overrides;
    bool dry_run;
    bool calibrate;
    bool alerts_test;
    bool coverage;
    const char *suite;
    const char *format;
};

#define AT(member) offsetof(struct doctor_options, member)

static const struct option items[] = {
    {"config", 'c', OPTION_TEXT, "FILE", AT(config),
     "the configuration (default: assay.yaml in this folder)", NULL, 0, 0},
    {"set", 0, OPTION_LIST, "KEY=VALUE", AT(overrides), "override one setting; repeatable", NULL, 0,
     0},
    {"dry-run", 0, OPTION_FLAG, NULL, AT(dry_run), "ask no target anything", NULL, 0, 0},
    {"calibrate", 0, OPTION_FLAG, NULL, AT(calibrate),
     "instead: measure the map from cosine to similarity of every suite's embedding target on its "
     "accepted answers",
     NULL, 0, 0},
    {"alerts-test", 0, OPTION_FLAG, NULL, AT(alerts_test),
     "instead: send every alert channel a test message", NULL, 0, 0},
    {"coverage", 0, OPTION_FLAG, NULL, AT(coverage),
     "instead: what the golden set of every suite looks at, and what of it is thin", NULL, 0, 0},
    {"suite", 0, OPTION_TEXT, "NAME", AT(suite), "with --coverage: this suite alone", NULL, 0, 0},
    {"format", 0, OPTION_CHOICE, "FORMAT", AT(format), "with --coverage: text or json", "text,json",
     0, 0},
};

static const struct options_table table = {items, sizeof items / sizeof items[0]};

struct examination {
    struct cli *cli;
    const struct doctor_options *options;
    struct arena arena;
    struct settings settings;
    struct host host;
    struct strbuf out;
    int status;
    bool interrupted;
    struct target *asked;        /* the target of the question under way */
    struct keeper_waiter waiter; /* for its AWS keys */
};

static void tell(struct examination *examination, int code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* One line a finding; the worst status in the contract's order (2 before 3) is the command's. */
static void tell(struct examination *examination, int code, const char *format, ...)
{
    va_list args;
    int status = code != 0 ? err_exit_status(code) : 0;

    if (status != 0 && (examination->status == 0 || status < examination->status))
        examination->status = status;
    strbuf_add_text(&examination->out, code == 0 ? "ok    " : "FAIL  ");
    va_start(args, format);
    struct strbuf line;
    strbuf_init(&line, 1 << 20);
    strbuf_vprintf(&line, format, args);
    va_end(args);
    for (struct view rest = strbuf_view(&line); rest.ptr != NULL;) { /* servers' words are data */
        report_add_line(&examination->out, view_split(&rest, '\n'), LINE_COLUMNS_MAX);
        strbuf_add_byte(&examination->out, '\n');
    }
    strbuf_release(&line);
}

static void check_model(struct examination *examination)
{
    const char *dir = model_dir_find(&examination->arena);
    struct e5 *e5 = NULL;
    struct err err = {0};

    int code = dir != NULL ? e5_open(dir, &e5, &err) : ERR_MEMORY;
    if (code == 0)
        tell(examination, 0,
             "embedding model: multilingual-e5-small, 4 bits, %zu numbers a vector, "
             "in %s",
             e5_dimension(e5), dir);
    else
        tell(examination, code, "embedding model: %s", err.text);
    e5_close(e5);
}

/* Without a dictionary everything else works: told, and no failure, but where one was named. */
static void check_dictionary(struct examination *examination)
{
    const char *named = dictionary_dir_named(&examination->arena);
    struct mecab *mecab = NULL;
    struct err err = {0};

    int code = mecab_open(named, &mecab, &err);
    if (code == 0)
        code = mecab_load(mecab, &err);
    if (code == 0)
        tell(examination, 0, "Japanese dictionary: in %s", mecab_dictionary(mecab));
    else
        tell(examination, named != NULL || mecab != NULL ? code : 0, "Japanese dictionary: %s",
             err.text);
    mecab_close(mecab);
}

static void check_suites(struct examination *examination)
{
    for (size_t i = 0; i < examination->settings.suite_count; i++) {
        const struct settings_suite *suite = &examination->settings.suites[i];
        struct plan_options options = {
            .config = examination->options->config,
            .suite = arena_string(&examination->arena, suite->name),
            .overrides = examination->options->overrides.items,
            .override_count = examination->options->overrides.count,
            .seed = -1,
        };
        struct plan plan;
        struct err err = {0};
        int code = plan_make(&options, &plan, &err);
        if (code != 0) {
            tell(examination, code, "suite %.*s:\n%s", VIEW_ARG(suite->name), err.text);
            continue;
        }
        tell(examination, 0, "suite %.*s: %zu entries in %.*s, %s", VIEW_ARG(suite->name),
             plan.set.entry_count, VIEW_ARG(plan.set.file),
             plan.has_baseline ? "with a baseline" : "no baseline yet ('assay baseline')");
        plan_release(&plan);
    }
}

static void on_answer(void *context, struct id id, const struct answer *answer)
{
    struct examination *examination = context;
    const struct reply *reply = &answer->reply;
    struct view name = examination->asked->settings->name;

    (void)id;
    if (reply->code != 0)
        tell(examination, reply->code, "target %.*s: %.*s", VIEW_ARG(name),
             VIEW_ARG(reply->error_text));
    else
        tell(examination, 0, "target %.*s: answered in %.0f ms%s%.*s", VIEW_ARG(name),
             (double)answer->latency_ns / 1e6, reply->model.len != 0 ? " by " : "",
             VIEW_ARG(reply->model));
    loop_stop(examination->host.loop);
}

/* Where the target's AWS keys come from, and which it is: by its end, which is no secret. */
static void tell_keys(struct examination *examination, const struct target *target,
                      struct view access_key)
{
    struct view end = view_slice(
        access_key, access_key.len > KEY_SHOWN_BYTES ? access_key.len - KEY_SHOWN_BYTES : 0,
        access_key.len);
    struct strbuf way;

    strbuf_init(&way, WAY_BYTES_MAX);
    credentials_describe(&way, target->credentials);
    if (access_key.len > 2 * KEY_SHOWN_BYTES)
        strbuf_printf(&way, "; the access key ends in %.*s", VIEW_ARG(end));
    tell(examination, 0, "target %.*s: signs with %s", VIEW_ARG(target->settings->name),
         strbuf_text(&way));
    strbuf_release(&way);
}

static void on_keys(void *context, int code, const char *text)
{
    struct examination *examination = context;

    if (code != 0)
        tell(examination, code, "target %.*s: %s", VIEW_ARG(examination->asked->settings->name),
             text);
    loop_stop(examination->host.loop);
}

/* Fetches the AWS keys of a target that has been opened; false where there are none. */
static bool check_keys(struct examination *examination, struct target *target)
{
    struct keeper_waiter *waiter = &examination->waiter;
    struct sigv4_credentials keys;
    struct err err = {0};

    if (target->keeper == NULL)
        return true;
    *waiter = (struct keeper_waiter){.ready = on_keys, .context = examination};
    int code = keeper_keys(target->keeper, waiter, &keys, &err);
    if (code == ERR_BUSY) {
        size_t told = examination->out.len;
        loop_run(examination->host.loop);
        keeper_forget(target->keeper, waiter);
        if (examination->interrupted || examination->out.len != told)
            return false;
        code = keeper_keys(target->keeper, waiter, &keys, &err);
        keeper_forget(target->keeper, waiter);
    }
    if (code == 0)
        tell_keys(examination, target, keys.access_key);
    else
        tell(examination, code, "target %.*s: %s", VIEW_ARG(target->settings->name), err.text);
    return code == 0;
}

static void ask(struct examination *examination, struct target *target)
{
    static const struct chat_message hello = {.role = CHAT_USER, .text = VIEW("Say OK.")};
    struct target_overrides overrides = {.max_in_flight = 1};
    struct json *params = json_new(&examination->arena, JSON_OBJECT);
    struct json *most = json_new(&examination->arena, JSON_NUMBER);
    struct err err = {0};

    if (params == NULL || most == NULL)
        return;
    most->text = view_of("16");
    json_set(params, view_of("max_tokens"), most);
    struct chat chat = {.messages = &hello, .message_count = 1, .params = params};
    examination->asked = target;
    int code = target_open(target, &examination->host, &overrides, &err);
    if (code == 0 && !check_keys(examination, target)) {
        target_close(target);
        return;
    }
    if (code == 0)
        code = asker_ask(target->asker, &chat, on_answer, examination, NULL, &err);
    if (code == 0)
        loop_run(examination->host.loop);
    else
        tell(examination, code, "target %.*s: %s", VIEW_ARG(target->settings->name), err.text);
    target_close(target);
}

/* Asks nobody: keys that must be fetched are not. */
static void tell_configured(struct examination *examination, const struct target *target)
{
    tell(examination, 0, "target %.*s: %s, configured", VIEW_ARG(target->settings->name),
         settings_kind_name(target->settings->kind));
    if (target->credentials != NULL)
        tell_keys(examination, target,
                  credentials_are_static(target->credentials) ? target->credentials->keys.access_key
                                                              : (struct view){0});
}

static void check_targets(struct examination *examination)
{
    for (size_t i = 0; i < examination->settings.target_count; i++) {
        const struct settings_target *from = &examination->settings.targets[i];
        struct target_overrides overrides = {0};
        struct target target;
        struct err err = {0};
        int code = target_prepare(&examination->settings, from, &overrides, &examination->arena,
                                  &target, &err);
        if (examination->interrupted)
            return;
        if (code != 0)
            tell(examination, code, "%s", err.text);
        else if (examination->options->dry_run)
            tell_configured(examination, &target);
        else
            ask(examination, &target);
    }
}

/* ---- alert channels ------------------------------------------------------------------------- */

static void on_channel(void *context, const struct settings_channel *channel, struct view shown,
                       int code, const char *text)
{
    tell(context, code, "alert channel %.*s (%s%s%.*s): %s", VIEW_ARG(channel->name),
         settings_channel_kind_name(channel->kind), shown.len > 0 ? ", " : "", VIEW_ARG(shown),
         text);
}

static void tell_nothing(void *context, const char *text)
{
    (void)context;
    (void)text;
}

static void check_channels(struct examination *examination)
{
    const struct settings_alerts *settings = examination->settings.alerts;
    const struct alerts_options options = {
        .host = &examination->host,
        .settings = &examination->settings,
        .cache = cache_dir_find(&examination->arena),
        .assay_version = ASSAY_VERSION,
        .tell = tell_nothing,
    };

    if (!examination->options->alerts_test)
        alerts_check(&options, on_channel, examination);
    else if (settings->channel_count == 0)
        tell(examination, ERR_CONFIG,
             "no alert channel is configured: add 'alerts:' (docs/alerts.md)");
    else
        alerts_test(&options, on_channel, examination);
}

/* ---- --calibrate ---------------------------------------------------------------------------- */

static void tell_map(struct examination *examination, const struct plan *plan,
                     const struct calibrate_result *result)
{
    const struct settings_target *from = &plan->settings.targets[plan->suite->embedding_target];
    const struct calibrate_found *found = &result->found;

    tell(examination, 0,
         "suite %.*s: '%.*s' (%.*s): unrelated answers have a cosine of %.3f (median of %zu "
         "pairs); %s "
         "%.3f",
         VIEW_ARG(plan->suite->name), VIEW_ARG(from->name), VIEW_ARG(from->model),
         (double)found->unrelated_micro / MICRO, found->unrelated_pairs,
         found->rewording_is_a_guess
             ? "too few entries have several different accepted answers (assay "
               "baseline --repeat 3), so rewordings are guessed to reach"
             : "nine in ten accepted variants of one answer reach",
         (double)found->rewording_micro / MICRO);
    if (found->rewording_pairs > 0)
        tell(examination, 0,
             "suite %.*s: of a variant and an unrelated answer it puts the variant higher in %.1f "
             "%% "
             "(%zu variants)",
             VIEW_ARG(plan->suite->name), (double)found->auroc_micro / 1e4, found->rewording_pairs);
    strbuf_printf(
        &examination->out,
        "      write under 'targets: %.*s:' in %.*s, then run 'assay baseline --rescore':\n"
        "      calibration: {slope: %.3f, middle: %.4f}\n",
        VIEW_ARG(from->name), VIEW_ARG(examination->settings.file), result->map.slope,
        result->map.middle);
}

static void calibrate_one(struct examination *examination, const struct settings_suite *suite)
{
    struct plan_options options = {
        .config = examination->options->config,
        .suite = arena_string(&examination->arena, suite->name),
        .overrides = examination->options->overrides.items,
        .override_count = examination->options->overrides.count,
        .seed = -1,
        .need_baseline = true,
        .any_scorer = true,
    };
    struct calibrate_result result;
    struct plan plan;
    struct err err = {0};
    int code = plan_make(&options, &plan, &err);

    if (code != 0) {
        tell(examination, code, "suite %.*s:\n%s", VIEW_ARG(suite->name), err.text);
        return;
    }
    code = calibrate_suite(&plan, &examination->host, &result, &err);
    if (code == 0)
        tell_map(examination, &plan, &result);
    else
        tell(examination, code, "suite %.*s: %s", VIEW_ARG(suite->name), err.text);
    plan_release(&plan);
}

static void calibrate(struct examination *examination)
{
    size_t calibrated = 0;

    for (size_t i = 0; i < examination->settings.suite_count && !examination->interrupted; i++) {
        if (examination->settings.suites[i].embedding != SETTINGS_EMBEDDING_TARGET)
            continue;
        calibrated++;
        calibrate_one(examination, &examination->settings.suites[i]);
    }
    if (calibrated == 0)
        tell(
            examination, ERR_CONFIG,
            "no suite embeds by a target ('embedding: TARGET'): the maps of builtin and tfidf come "
            "with the program");
}

static void on_signal(void *context, int number)
{
    struct examination *examination = context;

    (void)number;
    examination->interrupted = true;
    loop_stop(examination->host.loop);
}

static int examine_all(struct examination *examination)
{
    struct err err = {0};

    int code = plan_settings(&examination->arena, examination->options->config,
                             examination->options->overrides.items,
                             examination->options->overrides.count, &examination->settings, &err);
    if (code == 0)
        code = host_open(&examination->host, &err);
    if (code == 0)
        code = signals_start(examination->host.loop, on_signal, examination, &err);
    if (code != 0)
        return command_fail(examination->cli, code, &err);
    if (examination->settings.file.len != 0)
        tell(examination, 0, "configuration %.*s: %zu target%s, %zu suite%s",
             VIEW_ARG(examination->settings.file), examination->settings.target_count,
             examination->settings.target_count == 1 ? "" : "s", examination->settings.suite_count,
             examination->settings.suite_count == 1 ? "" : "s");
    else
        tell(examination, 0,
             "no assay.yaml here; the simulator is there without ('assay init' "
             "writes a starter project)");
    if (examination->options->calibrate) {
        calibrate(examination);
    } else if (examination->options->alerts_test) {
        check_channels(examination);
    } else {
        check_suites(examination);
        check_targets(examination);
        check_channels(examination);
        check_model(examination);
        check_dictionary(examination);
    }
    int printed = command_print(examination->cli, &examination->out);
    if (examination->interrupted)
        return err_exit_status(ERR_CANCELLED);
    return printed != 0 ? printed : examination->status;
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct doctor_options options = {.format = "text"};
    struct examination examination = {.cli = cli, .options = &options};
    struct operands operands;
    struct err err = {0};
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    if (operands.count > 0) {
        fail(&err, ERR_USAGE, "'%s' is not understood here: doctor takes options only",
             operands.items[0]);
        return command_fail(cli, ERR_USAGE, &err);
    }
    if (options.coverage)
        return doctor_coverage(cli,
                               &(struct plan_options){
                                   .config = options.config,
                                   .suite = options.suite,
                                   .overrides = options.overrides.items,
                                   .override_count = options.overrides.count,
                                   .seed = -1,
                               },
                               strcmp(options.format, "json") == 0);
    arena_init(&examination.arena, 1 << 30);
    strbuf_init(&examination.out, 1 << 24);
    status = examine_all(&examination);
    signals_stop();
    host_close(&examination.host);
    strbuf_release(&examination.out);
    arena_release(&examination.arena);
    return status;
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "checks configuration, credentials, targets, models; says what to fix",
    .operands = "",
    .details =
        "Reads assay.yaml and every golden set it names, finds each target's credentials, fetches "
        "its AWS keys and asks it one short question (neither with --dry-run), and loads the "
        "embedding model. One line a finding; of a key no more than its last four characters.\n"
        "\n"
        "With --calibrate it measures, for every suite that embeds by a target, where that model's "
        "cosines lie on the suite's own accepted answers, and prints the map to put into "
        "assay.yaml.\n"
        "\n"
        "With --alerts-test every channel of 'alerts:' is sent a test message.\n"
        "\n"
        "With --coverage it asks nobody: it shows how many entries of every golden set ask what in "
        "which language and format, the smallest loss that each part could show, and what is thin, "
        "by which rule (docs/coverage.md).\n"
        "\n"
        "Exit status: 0 all is well; 2 a configuration is wrong; 3 a target or model could "
        "not be used.",
    .examples = "  assay doctor\n  assay doctor --dry-run\n  assay doctor --alerts-test\n  assay "
                "doctor --calibrate\n  assay doctor "
                "--coverage\n",
    .tables = {&table},
    .run = run,
};
