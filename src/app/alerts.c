/* SPDX-License-Identifier: Apache-2.0
 *
 * alerts: see alerts.h. */
#include "app/alerts.h"

#include <stdarg.h>
#include <unistd.h>

#include "app/alerts_mask.h"
#include "app/alerts_post.h"
#include "base/path.h"
#include "core/alerts/decide.h"
#include "core/alerts/pools.h"
#include "shell/os/env.h"
#include "shell/os/file.h"
#include "shell/os/lock.h"
#include "shell/os/seed.h"

enum { ARENA_BYTES_MAX = 64 << 20, FOLDER_BYTES_MAX = 4096, CLAIM_SIZE = 33 };

static const uint64_t lock_wait_ns = 2 * UINT64_C(1000000000);

struct sending {
    const struct alerts_options *options;
    const struct settings_alerts *alerts;
    const struct run *run;
    struct arena arena;
    struct view project;
    struct view *pool_lines;
    size_t pool_line_count;
    struct decide_question question;
    char claim[CLAIM_SIZE];
    struct alerts_mask mask;
    struct decide_job jobs[DECIDE_JOBS_MAX];
    size_t job_count;
    struct post *posts; /* one a channel, those without messages too */
    const char *state_path;
    const char *lock_path;
    bool told_of_state; /* one warning about it is enough */
};

static void tell(const struct alerts_options *options, const char *format, ...) PRINTF_LIKE(2, 3);

static void tell(const struct alerts_options *options, const char *format, ...)
{
    struct strbuf text;
    va_list args;

    strbuf_init(&text, 4096);
    va_start(args, format);
    strbuf_vprintf(&text, format, args);
    va_end(args);
    options->tell(options->context, strbuf_text(&text));
    strbuf_release(&text);
}

/* ---- what is remembered ---------------------------------------------------------------------- */

static void tell_state(struct sending *sending, const char *text)
{
    if (!sending->told_of_state)
        tell(sending->options, "alerts: %s; messages may be sent again", text);
    sending->told_of_state = true;
}

static int name_state(struct sending *sending)
{
    sending->state_path =
        arena_printf(&sending->arena, "%s/alerts/state.json", sending->options->state_dir);
    sending->lock_path =
        arena_printf(&sending->arena, "%s/alerts/lock", sending->options->state_dir);
    return sending->state_path != NULL && sending->lock_path != NULL ? 0 : ERR_MEMORY;
}

static bool take_lock(struct sending *sending, struct lock *lock)
{
    struct err err = {0};
    const char *folder = arena_printf(&sending->arena, "%s/alerts", sending->options->state_dir);
    int code = folder != NULL ? file_make_directories(folder, &err) : ERR_MEMORY;

    lock->descriptor = -1;
    if (code == 0)
        code = lock_take(lock, sending->lock_path, lock_wait_ns, &err);
    if (code != 0)
        tell_state(sending, err.text);
    return code == 0;
}

static void load(struct sending *sending, struct state *state)
{
    struct strbuf content;
    struct err err = {0};

    state_init(state, &sending->arena);
    strbuf_init(&content, STATE_BYTES_MAX);
    int code = file_read(sending->state_path, &content, &err);
    if (code == 0) {
        code = state_read(state, strbuf_view(&content), &err);
        if (code != 0)
            code = fail_within(&err, code, "%s: it is begun anew: ", sending->state_path);
    }
    if (code != 0 && code != ERR_MISSING)
        tell_state(sending, err.text);
    strbuf_release(&content);
}

static void keep(struct sending *sending, const struct state *state)
{
    struct strbuf text;
    struct err err = {0};

    strbuf_init(&text, STATE_BYTES_MAX);
    state_write(state, &text);
    int code = strbuf_status(&text);
    if (code == 0)
        code = file_write(sending->state_path, strbuf_view(&text), &err);
    else
        fail(&err, code, "%s: it grew too large", sending->state_path);
    if (code != 0)
        tell_state(sending, err.text);
    strbuf_release(&text);
}

/* What to send, claimed for us. */
static int decide(struct sending *sending)
{
    struct state state;
    struct lock lock;
    bool locked = take_lock(sending, &lock);

    load(sending, &state);
    int code = decide_jobs(&state, &sending->question, sending->jobs, &sending->job_count);
    if (code == 0 && locked)
        keep(sending, &state);
    lock_give(&lock);
    return code;
}

/* ---- what a run says ------------------------------------------------------------------------- */

/* The name of the folder that assay.yaml lies in, where the section gives none. */
static struct view project_of(const struct alerts_options *options, struct arena *arena)
{
    struct view folder = options->settings->folder;
    char current[FOLDER_BYTES_MAX];
    struct view whole;

    if (options->settings->alerts->name.len > 0)
        return options->settings->alerts->name;
    if (getcwd(current, sizeof current) == NULL
        || path_resolve(arena, view_of(current), folder, &whole) != 0)
        return view_of("assay");
    struct view name = path_name(folder.len > 0 ? whole : view_of(current));
    if (name.len == 0 || arena_copy(arena, name, &whole) != 0)
        return view_of("assay");
    return whole;
}

static bool is_wanted(const struct alerts_options *options, const struct run *run)
{
    const struct settings_alerts *alerts = options->settings->alerts;
    struct view ci = env_get(view_of("CI"));

    if (alerts == NULL || alerts->channel_count == 0 || run->interrupted || run->shard_count > 1)
        return false;
    return alerts->when == SETTINGS_ALERTS_ALWAYS || (ci.len > 0 && !view_is(ci, "false"));
}

static int ask_run(struct sending *sending)
{
    const struct alerts_options *options = sending->options;
    struct outside *outside = options->host->outside;
    unsigned char random[(CLAIM_SIZE - 1) / 2];
    bool pools_known = false;

    seed_fill(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++) {
        static const char digits[] = "0123456789abcdef";
        sending->claim[2 * i] = digits[random[i] >> 4];
        sending->claim[2 * i + 1] = digits[random[i] & 15];
    }
    sending->project = project_of(options, &sending->arena);
    int code = alert_pool_lines(sending->run->pools_json, &sending->arena, &sending->pool_lines,
                                &sending->pool_line_count, &pools_known);
    sending->question = (struct decide_question){
        .settings = sending->alerts,
        .suite = sending->run->suite,
        .run_id = sending->run->id,
        .run_started_unix_s = sending->run->started_unix_s,
        .facts = alert_facts_of(sending->run, options->is_partial, pools_known,
                                sending->pool_line_count),
        .now_unix_s = outside->ops->unix_s(outside),
        .claim = view_of(sending->claim),
    };
    return code;
}

/* ---- messages -------------------------------------------------------------------------------- */

static int add_message(struct post *post, const struct alert *alert, const char *version,
                       struct arena *arena)
{
    struct body_context context = {.assay_version = version, .routing_key = post->routing_key};
    struct strbuf body;

    strbuf_init(&body, BODY_BYTES_MAX);
    body_kind_of(post->channel->kind)->write(alert, &context, &body);
    int code = strbuf_status(&body);
    if (code == 0)
        code = arena_copy(arena, strbuf_view(&body), &post->bodies[post->count]);
    strbuf_release(&body);
    if (code != 0)
        return code;
    char hex[DIGEST_HEX_SIZE];
    struct digest digest = digest_of(post->bodies[post->count]);
    digest_hex(&digest, hex);
    code = arena_copy(arena, view_of(hex), &post->keys[post->count]);
    post->count += code == 0;
    return code;
}

static int write_messages(struct sending *sending)
{
    int code = 0;

    for (size_t i = 0; i < sending->job_count && code == 0; i++) {
        const struct decide_job *job = &sending->jobs[i];
        struct post *post = &sending->posts[job->channel];
        struct alert_wish wish = {
            .action = job->action,
            .topic = job->topic,
            .kinds = job->kinds,
            .project = sending->project,
            .link = sending->alerts->link,
            .answers = sending->alerts->answers,
            .pool_lines = sending->pool_lines,
            .pool_line_count = sending->pool_line_count,
        };
        struct alert alert;
        if (job->held != DECIDE_SEND)
            continue;
        code = alert_make(sending->run, &wish, &sending->mask.mask, &sending->arena, &alert);
        if (code == 0)
            code = add_message(post, &alert, sending->options->assay_version, &sending->arena);
    }
    return code;
}

/* ---- how it ended ---------------------------------------------------------------------------- */

static bool sends_any(const struct sending *sending)
{
    for (size_t i = 0; i < sending->job_count; i++)
        if (sending->jobs[i].held == DECIDE_SEND)
            return true;
    return false;
}

static void tell_held(const struct sending *sending)
{
    for (size_t i = 0; i < sending->job_count; i++) {
        const struct decide_job *job = &sending->jobs[i];
        struct view name = sending->alerts->channels[job->channel].name;
        if (job->held == DECIDE_HOUR)
            tell(sending->options,
                 "alert channel '%.*s': its %lld messages an hour (per_hour) are used up; it is "
                 "told after a later run",
                 VIEW_ARG(name), (long long)sending->alerts->channels[job->channel].per_hour_max);
        if (job->held == DECIDE_NOT_BEFORE)
            tell(sending->options,
                 "alert channel '%.*s': it asked to be left alone for %lld s; it is told after a "
                 "later run",
                 VIEW_ARG(name), (long long)(job->until_unix_s - sending->question.now_unix_s));
    }
}

static enum delivery_fate fate_of(const struct post *post, size_t message)
{
    return post->code != 0 ? DELIVERY_GIVEN_UP : post->delivery.fates[message];
}

/* The last failure, for people: servers' words are masked and cut. */
static struct view why(const struct post *post, const struct mask *mask, struct arena *arena)
{
    struct view text = view_of(post->err.code != 0 ? post->err.text : "no answer in time");
    struct view shown = VIEW("(no memory)");

    if (mask_text(mask, text, ALERT_TEXT_BYTES_MAX, arena, &shown) != 0)
        return view_of("(no memory)");
    return shown;
}

static void tell_failed(struct sending *sending, const struct post *post)
{
    bool refused = false;
    bool failed = post->code != 0 && post->count > 0;

    for (size_t i = 0; i < post->count; i++) {
        failed = failed || fate_of(post, i) != DELIVERY_DELIVERED;
        refused = refused || fate_of(post, i) == DELIVERY_REFUSED;
    }
    if (failed)
        tell(sending->options, "alert channel '%.*s' (%.*s): %.*s; %s",
             VIEW_ARG(post->channel->name), VIEW_ARG(post->shown),
             VIEW_ARG(why(post, &sending->mask.mask, &sending->arena)),
             refused ? "check it with 'assay doctor --alerts-test'"
                     : "it is told after the next run");
}

static void remember(struct sending *sending)
{
    size_t next[SETTINGS_CHANNELS_MAX] = {0};
    struct state state;
    struct lock lock;
    bool locked = take_lock(sending, &lock);
    int code = 0;

    load(sending, &state);
    sending->question.now_unix_s =
        sending->options->host->outside->ops->unix_s(sending->options->host->outside);
    for (size_t i = 0; i < sending->job_count && code == 0; i++) {
        const struct decide_job *job = &sending->jobs[i];
        const struct post *post = &sending->posts[job->channel];
        if (job->held != DECIDE_SEND)
            continue;
        bool delivered = fate_of(post, next[job->channel]++) == DELIVERY_DELIVERED;
        uint64_t wait_ns = post->code == 0 ? post->delivery.not_before_in_ns : 0;
        int64_t not_before =
            wait_ns > 0 ? sending->question.now_unix_s + (int64_t)(wait_ns / 1000000000) + 1 : 0;
        code = decide_done(&state, &sending->question, job, delivered, not_before);
    }
    if (code == 0 && locked)
        keep(sending, &state);
    lock_give(&lock);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int open_posts(struct sending *sending)
{
    sending->posts =
        arena_new(&sending->arena, sending->alerts->channel_count, sizeof *sending->posts);
    if (sending->posts == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < sending->alerts->channel_count; i++)
        if (!sending->alerts->channels[i].is_off)
            post_prepare(&sending->posts[i], &sending->alerts->channels[i], &sending->arena);
        else
            sending->posts[i] =
                (struct post){.channel = &sending->alerts->channels[i], .shown = view_of("off")};
    return 0;
}

static uint64_t deadline_of(const struct alerts_options *options)
{
    struct outside *outside = options->host->outside;
    return outside->ops->now(outside) + options->settings->alerts->deadline_ns;
}

static int send(struct sending *sending)
{
    size_t count = sending->alerts->channel_count;

    int code = name_state(sending);
    if (code == 0)
        code = ask_run(sending);
    if (code == 0)
        code = decide(sending);
    if (code != 0)
        return code;
    tell_held(sending);
    if (!sends_any(sending))
        return 0;
    code = open_posts(sending);
    if (code == 0)
        code = alerts_mask_open(&sending->mask, sending->options->settings, sending->posts, count,
                                sending->options->cache, &sending->arena);
    if (code == 0)
        code = write_messages(sending);
    if (code == 0)
        post_run(sending->options->host, sending->posts, count, deadline_of(sending->options),
                 &sending->arena);
    for (size_t i = 0; i < count && code == 0; i++)
        tell_failed(sending, &sending->posts[i]);
    if (code == 0)
        remember(sending);
    return code;
}

void alerts_send(const struct alerts_options *options, const struct run *run)
{
    struct sending sending = {.options = options, .alerts = options->settings->alerts, .run = run};

    if (!is_wanted(options, run))
        return;
    arena_init(&sending.arena, ARENA_BYTES_MAX);
    int code = send(&sending);
    if (code != 0)
        tell(options, "alerts: nothing was sent: %s", err_text(code));
    alerts_mask_close(&sending.mask);
    arena_release(&sending.arena);
}

/* ---- checks and --alerts-test ---------------------------------------------------------------- */

static const char off[] = "its address or key is empty";

void alerts_check(const struct alerts_options *options, alerts_tested *tested, void *context)
{
    struct sending sending = {.options = options, .alerts = options->settings->alerts};

    arena_init(&sending.arena, ARENA_BYTES_MAX);
    int code = open_posts(&sending);
    for (size_t i = 0; i < sending.alerts->channel_count; i++) {
        const struct post *post = code == 0 ? &sending.posts[i] : NULL;
        if (post == NULL)
            tested(context, &sending.alerts->channels[i], view_of(""), code, err_text(code));
        else if (post->channel->is_off)
            tested(context, post->channel, post->shown, 0, off);
        else
            tested(context, post->channel, post->shown, post->code,
                   post->code != 0 ? post->err.text : "configured");
    }
    arena_release(&sending.arena);
}

static void tell_tests(struct sending *sending, alerts_tested *tested, void *context)
{
    for (size_t i = 0; i < sending->alerts->channel_count; i++) {
        const struct post *post = &sending->posts[i];
        bool delivered = post->count > 0 && fate_of(post, 0) == DELIVERY_DELIVERED;
        struct view text = post->channel->is_off ? view_of(off)
                           : delivered           ? view_of("took the test message")
                                                 : why(post, &sending->mask.mask, &sending->arena);
        int code = delivered || post->channel->is_off ? 0
                   : post->err.code != 0              ? post->err.code
                                                      : ERR_TIMEOUT;
        char *said = arena_string(&sending->arena, text);
        tested(context, post->channel, post->shown, code, said != NULL ? said : "(no memory)");
    }
}

static int test(struct sending *sending)
{
    struct outside *outside = sending->options->host->outside;
    size_t count = sending->alerts->channel_count;
    struct alert alert;

    int code = open_posts(sending);
    if (code == 0)
        code = alerts_mask_open(&sending->mask, sending->options->settings, sending->posts, count,
                                sending->options->cache, &sending->arena);
    if (code == 0)
        code = alert_make_test(project_of(sending->options, &sending->arena),
                               outside->ops->unix_s(outside), &sending->arena, &alert);
    for (size_t i = 0; i < count && code == 0; i++)
        if (!sending->posts[i].channel->is_off)
            code = add_message(&sending->posts[i], &alert, sending->options->assay_version,
                               &sending->arena);
    if (code == 0)
        post_run(sending->options->host, sending->posts, count, deadline_of(sending->options),
                 &sending->arena);
    return code;
}

void alerts_test(const struct alerts_options *options, alerts_tested *tested, void *context)
{
    struct sending sending = {.options = options, .alerts = options->settings->alerts};

    arena_init(&sending.arena, ARENA_BYTES_MAX);
    int code = test(&sending);
    if (code == 0)
        tell_tests(&sending, tested, context);
    for (size_t i = 0; code != 0 && i < sending.alerts->channel_count; i++)
        tested(context, &sending.alerts->channels[i], view_of(""), code, err_text(code));
    alerts_mask_close(&sending.mask);
    arena_release(&sending.arena);
}
