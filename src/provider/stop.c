/* SPDX-License-Identifier: Apache-2.0
 *
 * stop: every provider's word for how generation ended. The first row of a reason is its name. */
#include "provider/chat.h"

struct word {
    const char *text;
    enum stop_reason stop;
};

static const struct word words[] = {
    {"unknown", STOP_UNKNOWN},
    {"end_turn", STOP_END},
    {"stop", STOP_END},
    {"eos", STOP_END},
    {"max_tokens", STOP_LENGTH},
    {"length", STOP_LENGTH},
    {"max_output_tokens", STOP_LENGTH},
    {"stop_sequence", STOP_SEQUENCE},
    {"tool_use", STOP_TOOL_USE},
    {"tool_calls", STOP_TOOL_USE},
    {"function_call", STOP_TOOL_USE},
    {"content_filtered", STOP_FILTERED},
    {"content_filter", STOP_FILTERED},
    {"refusal", STOP_FILTERED},
    {"guardrail_intervened", STOP_GUARDRAIL},
    {"malformed_model_output", STOP_MALFORMED},
    {"malformed_tool_use", STOP_MALFORMED},
    {"model_context_window_exceeded", STOP_CONTEXT},
};

const char *stop_reason_name(enum stop_reason stop)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].stop == stop)
            return words[i].text;
    }
    return words[0].text;
}

enum stop_reason stop_reason_read(struct view word)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (view_is(word, words[i].text))
            return words[i].stop;
    }
    return STOP_UNKNOWN;
}
