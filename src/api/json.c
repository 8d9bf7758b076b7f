/* SPDX-License-Identifier: Apache-2.0
 *
 * json: see assay/json.h. */
#include <assay/json.h>

#include <stdio.h>

#include "wire/json.h"

int assay_json_check(const char *text, size_t len, char *error, size_t size)
{
    struct err err = {0};
    bool valid = json_valid(view_make(text, len), &err);

    if (error != NULL && size != 0)
        snprintf(error, size, "%s", valid ? "" : err.text);
    return valid ? 0 : err.code;
}
