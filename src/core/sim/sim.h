/* SPDX-License-Identifier: Apache-2.0
 *
 * sim: a deterministic stand-in for a foundation model. It follows the instructions that it finds
 * in the prompt, in English and Japanese, as reliably as its profile says, and behaves visibly
 * worse where an instruction is missing: so a prompt that loses a line gets worse answers, as with
 * a real model. It knows a little about manga (titles.def) and about a shop's seven kinds of
 * question; of anything else it speaks with the question's own words. It is no language model: it
 * recognises phrases, it does not understand (docs/simulator.md says what it cannot do).
 *
 * Same sim, model and chat (its sample included): the same answer, byte for byte. Another seed or
 * sample: sampling noise, scaled by the parameter temperature (1 where unset); at 0 the wording
 * never varies and all samples are alike.
 * Pure: no clock, the latency is told, not spent. Memory: the caller's arena.
 * Threads: a sim is read only.   Limits: prompt 1 MiB, answer 64 KiB. */
#ifndef ASSAY_CORE_SIM_SIM_H
#define ASSAY_CORE_SIM_SIM_H

#include "base/arena.h"
#include "core/sim/settings.h"
#include "provider/chat.h"

enum { SIM_PROMPT_MAX_BYTES = 1024 * 1024, SIM_ANSWER_MAX_BYTES = 64 * 1024 };

struct sim {
    uint64_t seed;
    struct sim_profile profile;
    double defects[SIM_DEFECT_COUNT]; /* probability that an answer has it */
    struct sim_latency latency;
};

/* Seed 7, the published profile, no defects, no latency. */
struct sim sim_default(void);

/* Answers a chat: text, usage (estimated tokens, as a provider would tell them), stop reason,
 * request id. Its params: temperature, max_tokens (also max_completion_tokens), stop or
 * stop_sequences, seed. A model "….fault-TYPE" (sim.fault-ThrottlingException) and a prompt past
 * the limit give a reply with a code. The reply's views live in the arena, `model` in the caller's
 * bytes. Fails with ERR_MEMORY only (the arena's ceiling too). */
MUST_CHECK int sim_answer(const struct sim *sim, const struct chat *chat, struct view model,
                          struct arena *arena, struct reply *ret_reply, uint64_t *ret_latency_ns);

/* One kind of failure that a model can be asked to show, so that unchanged clients can be tested:
 * the model id ends in ".fault-<type>". */
struct sim_fault {
    const char *type; /* as Bedrock names it */
    int http_status;
    int code; /* of errors.def */
    bool may_retry;
    const char *text;
    int openai_status;
    const char *openai_type; /* error.type and error.code of the OpenAI API */
    const char *openai_code;
    int anthropic_status;
    const char *anthropic_type;
};

/* The fault of that type, NULL where there is none. */
const struct sim_fault *sim_fault_named(struct view type);

/* The fault that the model id asks for; NULL where it asks for none. An unknown type, after a
 * stream began too, gets a ValidationException that lists the known ones. */
const struct sim_fault *sim_fault_of(struct view model);

/* The fault that it asks for after a stream began (".stream-fault-TYPE") or NULL; false where it
 * asks for an unknown type. */
bool sim_stream_fault_of(struct view model, const struct sim_fault **ret_fault);

/* All of them, for documentation and tests. */
const struct sim_fault *sim_faults(size_t *ret_count);

#endif
