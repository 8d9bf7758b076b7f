/* SPDX-License-Identifier: Apache-2.0
 *
 * policy_tables: the keys of a policy: its own, and those of each kind of row. */
#include "core/validate/policy_internal.h"

#include "text/leak.h"
#include "text/support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(kind, member) offsetof(struct policy_##kind##_keys, member)
#define TABLE(kind) \
    static const struct config_table kind##_table = {"check", kind##_fields, COUNT(kind##_fields)}

_Static_assert(sizeof(enum policy_action) == sizeof(unsigned), "CONFIG_CHOICE writes an unsigned");
_Static_assert(sizeof(enum policy_after) == sizeof(unsigned), "CONFIG_CHOICE writes an unsigned");

enum { LENGTH_MAX = 100000000, REPEAT_MAX = 100 };

#define EXEC_TIMEOUT_NS_MAX (INT64_C(3600) * 1000000000)

const char *const policy_actions[] = {"accept", "mask", "retry", "fallback", "block", NULL};
static const char *const afters[] = {"event", "sentence", "whole", NULL};
static const char *const embeddings[] = {"none", "tfidf", "builtin", NULL};

/* What every row has. */
#define ROW(kind) \
    {.key = "check", \
     .type = CONFIG_TEXT, \
     .offset = AT(kind, row.check), \
     .required = true, \
     .help = "the name of the check"}, \
        {.key = "action", \
         .type = CONFIG_CHOICE, \
         .offset = AT(kind, row.action), \
         .choices = policy_actions, \
         .help = "what follows when it fails"}, \
        {.key = "log", \
         .type = CONFIG_BOOL, \
         .offset = AT(kind, row.log), \
         .help = "whether a failure is logged"}, \
    { \
        .key = "severity", .type = CONFIG_RAW, .offset = AT(kind, row.severity), \
        .help = "what a new failure counts for in golden runs: critical, major, minor, none" \
    }

static const struct config_field plain_fields[] = {ROW(plain)};
TABLE(plain);

static const struct config_field personal_data_fields[] = {
    ROW(personal_data),
    {.key = "kinds",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(personal_data, kinds),
     .help =
         "what to look for; otherwise email, phone, postal_code, address, my_number, card, iban "
         "and us_ssn"},
    {.key = "allow",
     .type = CONFIG_RAW,
     .offset = AT(personal_data, allow),
     .help = "texts that are no personal data (the shop's own), or {match: expression}"},
    {.key = "allow_sources",
     .type = CONFIG_BOOL,
     .offset = AT(personal_data, options.allow_sources),
     .otherwise = "false",
     .help = "what stands in the sources is excused"},
    {.key = "order_id",
     .type = CONFIG_TEXT,
     .offset = AT(personal_data, options.order_id),
     .help = "expression of order numbers, which count as personal data"},
    {.key = "mask",
     .type = CONFIG_TEXT,
     .offset = AT(personal_data, options.mask),
     .otherwise = "[{kind}]",
     .help = "what stands in place of masked data; {kind} is its kind in capitals"},
    {.key = "actions",
     .type = CONFIG_TEXT_MAP,
     .offset = AT(personal_data, actions),
     .help = "actions of single kinds, as in {email: mask}"},
};
TABLE(personal_data);

static const struct config_field secret_fields[] = {
    ROW(secret),
    {.key = "values",
     .type = CONFIG_LIST,
     .offset = AT(secret, options.values),
     .secret = true,
     .help = "secrets of your own, as in [${API_KEY}]; never shown"},
};
TABLE(secret);

static const struct config_field injection_fields[] = {
    ROW(injection),
    {.key = "allow_sources",
     .type = CONFIG_BOOL,
     .offset = AT(injection, options.allow_sources),
     .otherwise = "false",
     .help = "what stands in the question or the sources word for word is excused"},
};
TABLE(injection);

static const struct config_field prompt_leak_fields[] = {
    ROW(prompt_leak),
    {.key = "words",
     .type = CONFIG_INT,
     .offset = AT(prompt_leak, options.words),
     .min = 3,
     .max = LEAK_WORDS_MAX,
     .otherwise = "8",
     .help = "words of the system prompt in a row that count as a leak"},
    {.key = "allow_sources",
     .type = CONFIG_BOOL,
     .offset = AT(prompt_leak, options.allow_sources),
     .otherwise = "true",
     .help = "what the question or the sources share with the prompt is no secret"},
};
TABLE(prompt_leak);

static const struct config_field canary_fields[] = {
    ROW(canary),
    {.key = "strings",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(canary, options.strings),
     .required = true,
     .help = "texts that stand in the system prompt for this purpose alone"},
};
TABLE(canary);

#define REASON(name, action, words) \
    { \
        .key = #name, .type = CONFIG_CHOICE, .offset = AT(stop_reason, options.name), \
        .choices = policy_actions, .otherwise = (action), .help = (words) \
    }

static const struct config_field stop_reason_fields[] = {
    ROW(stop_reason),
    REASON(max_tokens, "accept", "the answer was cut at its length"),
    REASON(content_filtered, "fallback", "the provider filtered it, or the model refused"),
    REASON(guardrail_intervened, "fallback", "a guardrail took its place"),
    REASON(malformed, "fallback", "the model's output was malformed"),
    REASON(context_window_exceeded, "accept", "it was cut at the context's end"),
    {.key = "usage",
     .type = CONFIG_BOOL,
     .offset = AT(stop_reason, options.usage),
     .otherwise = "false",
     .help = "an answer without usage is logged"},
};
TABLE(stop_reason);

#define LENGTH(name, words) \
    { \
        .key = #name, .type = CONFIG_INT, .offset = AT(length, options.name), .max = LENGTH_MAX, \
        .help = (words) \
    }

static const struct config_field length_fields[] = {
    ROW(length),
    LENGTH(min_chars, "characters at least, as readers count them"),
    LENGTH(max_chars, "characters at most"),
    {.key = "max_graphemes",
     .type = CONFIG_INT,
     .offset = AT(length, options.max_chars),
     .max = LENGTH_MAX,
     .help = "the same as max_chars"},
    LENGTH(min_words, "words at least"),
    LENGTH(max_words, "words at most"),
    LENGTH(max_tokens, "tokens at most, estimated from the text"),
    LENGTH(max_bytes, "bytes at most"),
};
TABLE(length);

static const struct config_field value_fields[] = {
    ROW(value),
    {.key = "allow",
     .type = CONFIG_RAW,
     .offset = AT(value, allow),
     .help = "values that need no source, or {match: expression}"},
};
TABLE(value);

static const struct config_field low_fields[] = {
    ROW(low),
    {.key = "floor",
     .type = CONFIG_MICRO,
     .offset = AT(low, options.floor_micro),
     .max = 1000000,
     .help = "support below it is low; otherwise a floor that flags few right answers"},
    {.key = "embedding",
     .type = CONFIG_CHOICE,
     .offset = AT(low, options.embedding),
     .choices = embeddings,
     .otherwise = "none",
     .help = "similarity that counts beside the words in common"},
};
TABLE(low);

static const struct config_field pattern_fields[] = {
    ROW(pattern),
    {.key = "match",
     .type = CONFIG_TEXT,
     .offset = AT(pattern, options.match),
     .help = "an expression that the answer must hold"},
    {.key = "not",
     .type = CONFIG_TEXT,
     .offset = AT(pattern, options.not_),
     .help = "an expression that it must not hold"},
};
TABLE(pattern);

static const struct config_field assert_fields[] = {ROW(assert), ASSERT_FIELDS(AT(assert, keys))};
TABLE(assert);

static const struct config_field judge_fields[] = {
    ROW(judge),
    {.key = "target",
     .type = CONFIG_TEXT,
     .offset = AT(judge, options.target),
     .required = true,
     .help = "the target of assay.yaml that judges"},
    {.key = "rubric",
     .type = CONFIG_TEXT,
     .offset = AT(judge, options.rubric),
     .required = true,
     .help = "what it is to judge, in words"},
    {.key = "scale",
     .type = CONFIG_TEXT,
     .offset = AT(judge, scale),
     .otherwise = "1-5",
     .help = "the lowest and the highest mark"},
    {.key = "floor",
     .type = CONFIG_MICRO,
     .offset = AT(judge, options.floor_micro),
     .min = -1000000000,
     .max = 1000000000,
     .help = "a lower mean mark fails; otherwise the middle of the scale"},
    {.key = "repeat",
     .type = CONFIG_INT,
     .offset = AT(judge, options.repeat),
     .min = 1,
     .max = REPEAT_MAX,
     .otherwise = "1",
     .help = "how often it is asked"},
};
TABLE(judge);

static const struct config_field exec_fields[] = {
    ROW(exec),
    {.key = "command",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(exec, options.command),
     .required = true,
     .help = "a command of your own that judges: a list, or one line for a shell"},
    {.key = "timeout",
     .type = CONFIG_DURATION,
     .offset = AT(exec, options.timeout_ns),
     .min = 1000000,
     .max = EXEC_TIMEOUT_NS_MAX,
     .otherwise = "30s",
     .help = "how long it may take"},
};
TABLE(exec);

static const struct config_field guardrail_fields[] = {
    ROW(guardrail),
    {.key = "target",
     .type = CONFIG_TEXT,
     .offset = AT(guardrail, options.target),
     .help = "the target of assay.yaml whose endpoint and keys are used"},
    {.key = "id",
     .type = CONFIG_TEXT,
     .offset = AT(guardrail, options.id),
     .required = true,
     .help = "the guardrail's id or ARN"},
    {.key = "version",
     .type = CONFIG_TEXT,
     .offset = AT(guardrail, options.version),
     .otherwise = "DRAFT",
     .help = "its version"},
    {.key = "region",
     .type = CONFIG_TEXT,
     .offset = AT(guardrail, options.region),
     .help = "its region"},
};
TABLE(guardrail);

static const struct config_field fluency_fields[] = {
    ROW(fluency),
    {.key = "floor",
     .type = CONFIG_MICRO,
     .offset = AT(fluency, options.floor_micro),
     .max = 1000000,
     .otherwise = "0.5",
     .help = "a lower score fails"},
};
TABLE(fluency);

/* ---- the kinds ------------------------------------------------------------------------------- */

/* The keys of a kind: its table, their size, and where its options stand among them. */
#define KEYS(kind) &kind##_table, sizeof(struct policy_##kind##_keys), AT(kind, options)
#define PLAIN &plain_table, sizeof(struct policy_plain_keys), 0
#define KEYS_format PLAIN
#define KEYS_keywords PLAIN
#define KEYS_forbidden PLAIN
#define KEYS_language PLAIN
#define KEYS_personal_data KEYS(personal_data)
#define KEYS_secret KEYS(secret)
#define KEYS_injection KEYS(injection)
#define KEYS_prompt_leak KEYS(prompt_leak)
#define KEYS_canary KEYS(canary)
#define KEYS_stop_reason KEYS(stop_reason)
#define KEYS_length KEYS(length)
#define KEYS_value KEYS(value)
#define KEYS_low KEYS(low)
#define KEYS_pattern KEYS(pattern)
#define KEYS_assert KEYS(assert)
#define KEYS_judge KEYS(judge)
#define KEYS_exec KEYS(exec)
#define KEYS_guardrail KEYS(guardrail)
#define KEYS_fluency KEYS(fluency)

const struct policy_kind policy_kinds[POLICY_CHECK_KINDS] = {
#define CHECK(id, name, when, action, log, severity, options, by_default) \
    [POLICY_##id] = {name,       POLICY_##when, POLICY_##action, log, SEVERITY_##severity, \
                     by_default, KEYS_##options},
#include "core/validate/checks.def"
#undef CHECK
};

/* ---- the policy itself ----------------------------------------------------------------------- */

#define STREAM_AT(member) \
    (offsetof(struct policy_root_keys, stream.member) - offsetof(struct policy_root_keys, stream))

static const struct config_field stream_fields[] = {
    {.key = "after",
     .type = CONFIG_CHOICE,
     .offset = STREAM_AT(after),
     .choices = afters,
     .otherwise = "event",
     .help = "what is only known at the end: told as an event, or before a sentence or anything "
             "leaves"},
};
static const struct config_table stream_table = {"stream mapping", stream_fields,
                                                 COUNT(stream_fields)};

static const struct config_field root_fields[] = {
    {.key = "checks",
     .type = CONFIG_RAW,
     .offset = AT(root, checks),
     .help = "the checks in their order: names, or mappings with check, action, log, severity and "
             "the check's options; otherwise the default ones"},
    {.key = "expect",
     .type = CONFIG_MAP,
     .offset = AT(root, expect),
     .nested = &expect_table,
     .help = "what every answer must be like, unless it says otherwise itself"},
    {.key = "stream",
     .type = CONFIG_TABLE,
     .offset = AT(root, stream),
     .nested = &stream_table,
     .help = "how a stream is treated"},
    {.key = "retry_prompt",
     .type = CONFIG_TEXT,
     .offset = AT(root, retry_prompt),
     .help = "a simpler prompt for the second try"},
    {.key = "fallback",
     .type = CONFIG_RAW,
     .offset = AT(root, fallback),
     .help = "the canned answer: a text, or one a language, as in {en: …, ja: …}"},
    {.key = "extract",
     .type = CONFIG_MAP,
     .offset = AT(root, extract),
     .nested = &extract_table,
     .help = "where sources, language, format and tags are read from"},
    {.key = "lookalikes",
     .type = CONFIG_BOOL,
     .offset = AT(root, lookalikes),
     .otherwise = "true",
     .help = "letters of other scripts that look Latin are read as Latin"},
};
const struct config_table policy_root_table = {"policy", root_fields, COUNT(root_fields)};

const struct config_table *policy_table(void)
{
    return &policy_root_table;
}

const struct config_table *policy_check_table(enum policy_check_kind kind)
{
    return policy_kinds[kind].table;
}
