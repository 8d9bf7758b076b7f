/* SPDX-License-Identifier: Apache-2.0
 *
 * libassay: what assay knows about answers of foundation models, for C programs. This header brings
 * in all of them. Compile and link with what `pkg-config --cflags --libs assay` prints. */
#ifndef ASSAY_ASSAY_H
#define ASSAY_ASSAY_H

#include <assay/json.h>
#include <assay/scorer.h>
#include <assay/version.h>

#endif
