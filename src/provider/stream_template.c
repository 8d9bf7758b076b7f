/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_template: the server-sent events of any REST endpoint, and the messages of any WebSocket:
 * each one's data is the next piece of the answer, or, where `text:` names a path, what stands
 * there in its JSON. [DONE] ends it, and so does the end of the response. */
#include "provider/stream_state.h"

static int take(struct provider_stream *stream, const struct stream_message *message,
                const struct json *root)
{
    struct view path = stream->target->text;

    if (view_is(message->type, "error")) {
        stream_error(stream, (struct view){0}, root);
        return 0;
    }
    if (path.len == 0)
        return stream_say(stream, message->data);
    return stream_say(stream, json_text(json_path(root, path), (struct view){0}));
}

const struct stream_format stream_template = {.end_mark = "[DONE]", .any_data = true, .take = take};
