/* SPDX-License-Identifier: Apache-2.0
 *
 * serve: the simulator behind the APIs of real services: an HTTP request in, an HTTP response out,
 * no sockets. Bedrock Runtime (InvokeModel with Claude bodies, Converse) and OpenAI (chat
 * completions, models), with the errors, headers and checks of bodies that clients of the real
 * services meet. Credentials are not checked. Streams are not served: a request for one gets the
 * family's own error that says so.
 *
 * Pure. Memory: the caller's arena. Threads: no shared state.
 * Source: service model bedrock-runtime of botocore, OpenAI's API reference. */
#ifndef ASSAY_CORE_SIM_SERVE_H
#define ASSAY_CORE_SIM_SERVE_H

#include "core/sim/service.h"

/* Answers one request; `serial` (which request of this server it is) makes request ids differ and
 * nothing else. A header x-assay-sample: N asks for the N-th sample of the same request. The
 * response's views live in the arena; it has content-type, but no content-length: that is the
 * codec's. *ret_latency_ns is how long to wait before sending it. Fails with ERR_MEMORY only. */
MUST_CHECK int sim_serve(const struct sim *sim, const struct http_request *request, uint64_t serial,
                         struct arena *arena, struct http_response *ret_response,
                         uint64_t *ret_latency_ns);

#endif
