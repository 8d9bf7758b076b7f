/* SPDX-License-Identifier: Apache-2.0
 *
 * Version and error texts of libassay.
 *
 * Names: everything public starts with assay_ or ASSAY_. The soname is libassay.so.0; within one
 * soname, functions are added and none changes. Threads: no shared state; any thread may call. */
#ifndef ASSAY_VERSION_H
#define ASSAY_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

#ifndef ASSAY_API
#define ASSAY_API __attribute__((visibility("default")))
#endif

/* The version of the library that is loaded, "0.1.0". Static; never freed. */
ASSAY_API const char *assay_version(void);

/* What a code that a function of this library returned means, in general: "success" for 0, "unknown
 * error" for anything that is no code. Static; never freed. */
ASSAY_API const char *assay_error_text(int code);

#ifdef __cplusplus
}
#endif

#endif
