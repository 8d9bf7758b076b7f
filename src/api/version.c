/* SPDX-License-Identifier: Apache-2.0
 *
 * version: see assay/version.h. */
#include <assay/version.h>

#include "base/err.h"

const char *assay_version(void)
{
    return ASSAY_VERSION;
}

const char *assay_error_text(int code)
{
    return err_text(code);
}
