/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_json_others: see bench_json_others.h. */
#include "bench_json_others.h"

#include <cjson/cJSON.h>
#include <jansson.h>
#include <string.h>

size_t jansson_reads_text(const char *answer, size_t len)
{
    json_t *root = json_loadb(answer, len, 0, NULL);
    size_t text_len = json_string_length(
        json_object_get(json_array_get(json_object_get(root, "content"), 0), "text"));

    json_decref(root);
    return text_len;
}

size_t cjson_reads_text(const char *answer, size_t len)
{
    cJSON *root = cJSON_ParseWithLength(answer, len);
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(root, "content"), 0), "text");
    size_t text_len = text != NULL ? strlen(text->valuestring) : 0;

    cJSON_Delete(root);
    return text_len;
}
