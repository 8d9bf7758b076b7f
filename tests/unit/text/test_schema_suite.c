/* SPDX-License-Identifier: Apache-2.0
 *
 * The public JSON Schema test suite (shared data) for drafts 7, 2019-09 and 2020-12: every required
 * test passes; of the optional ones those that do not are counted in `known_wrong`, with why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "text/schema.h"

enum { DOCUMENTS_MAX = 256, BYTES_MAX = 64 << 20, PATH_SIZE = 4096 };

static char shared[PATH_SIZE - 256];
static struct arena arena;
static struct schema_document documents[DOCUMENTS_MAX];
static size_t document_count;

static struct json *read_json(const char *path)
{
    char bytes[65536];
    size_t got;
    struct strbuf text;
    struct json *root = NULL;
    struct err err = {0};
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    strbuf_init(&text, BYTES_MAX);
    while ((got = fread(bytes, 1, sizeof bytes, file)) > 0)
        strbuf_add(&text, view_make(bytes, got));
    fclose(file);
    if (json_parse(&arena, strbuf_view(&text), &root, &err) != 0)
        fail_msg("%s: %s", path, err.text);
    strbuf_release(&text);
    return root;
}

static int add_remote(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    size_t prefix = strlen(shared) + strlen("/remotes/");

    (void)status;
    (void)place;
    if (kind != FTW_F || strstr(path, ".json") == NULL)
        return 0;
    assert_true(document_count < DOCUMENTS_MAX);
    documents[document_count++] = (struct schema_document){
        .uri = view_of(arena_printf(&arena, "http://localhost:1234/%s", path + prefix)),
        .root = read_json(path),
    };
    return 0;
}

static int set_up(void **state)
{
    const char *folder = getenv("ASSAY_SHARED");
    char remotes[PATH_SIZE];

    (void)state;
    arena_init(&arena, BYTES_MAX);
    snprintf(shared, sizeof shared, "%s/data/json-schema-test-suite", folder != NULL ? folder : "");
    snprintf(remotes, sizeof remotes, "%s/remotes", shared);
    if (nftw(remotes, add_remote, 16, FTW_PHYS) != 0)
        shared[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* Optional tests that fail, for a file each. */
static const struct {
    const char *file;
    size_t wrong;
    const char *why;
} known_wrong[] = {
    {"content.json", 4, "contentEncoding and contentMediaType are notes"},
    {"hostname.json", 23, "Punycode labels are not decoded"},
    {"ecmascript-regex.json", 1, "PCRE2 has no lookbehind of variable width"},
    {"idn-hostname.json", 54, "a note"},
    {"idn-email.json", 2, "a note"},
    {"iri.json", 6, "a note"},
    {"iri-reference.json", 2, "a note"},
    {"uri-template.json", 13, "a note"},
};

static size_t expected_wrong(const char *folder, const char *file)
{
    if (strstr(folder, "optional") == NULL)
        return 0;
    if (strcmp(file, "ecmascript-regex.json") == 0 && strstr(folder, "format") == NULL)
        return 0;
    for (size_t i = 0; i < sizeof known_wrong / sizeof known_wrong[0]; i++)
        if (strcmp(file, known_wrong[i].file) == 0)
            return known_wrong[i].wrong;
    return 0;
}

struct tally {
    size_t right;
    size_t wrong;
    struct strbuf report; /* one line a wrong test */
};

static void hold(const struct schema *schema, const struct json *group, const struct json *test,
                 struct tally *tally)
{
    struct arena scratch;
    struct schema_result result = {0};
    struct err err = {0};
    bool expected = json_bool(json_get(test, "valid"), false);

    arena_init(&scratch, BYTES_MAX);
    int code = schema_validate(schema, json_get(test, "data"), &scratch, &result, &err);
    if (code == 0 && (result.count == 0) == expected) {
        tally->right++;
    } else {
        tally->wrong++;
        strbuf_printf(&tally->report, "%s: %s: %s: got %s\n",
                      json_get(group, "description")->text.ptr,
                      json_get(test, "description")->text.ptr, expected ? "valid" : "invalid",
                      code != 0           ? err.text
                      : result.count != 0 ? result.items[0].text
                                          : "valid");
    }
    arena_release(&scratch);
}

static void run_file(const char *path, enum schema_draft draft, bool formats, struct tally *tally)
{
    const struct schema_options options = {
        .draft = draft,
        .assert_formats = formats,
        .uri = VIEW(""),
        .documents = documents,
        .document_count = document_count,
    };
    const struct json *groups = read_json(path);

    for (const struct json *group = groups->child; group != NULL; group = group->next) {
        struct schema *schema = NULL;
        struct err err = {0};
        const struct json *tests = json_get(group, "tests");
        if (schema_new(json_get(group, "schema"), &options, &schema, &err) != 0) {
            strbuf_printf(&tally->report, "%s: %s\n", json_get(group, "description")->text.ptr,
                          err.text);
            tally->wrong += tests->count;
            continue;
        }
        for (const struct json *test = tests->child; test != NULL; test = test->next)
            hold(schema, group, test, tally);
        schema_free(schema);
    }
}

static size_t run_folder(const char *folder, enum schema_draft draft, bool formats)
{
    size_t right = 0;
    size_t wrong = 0;
    bool as_expected = true;
    char path[2 * PATH_SIZE];

    if (shared[0] == '\0') {
        print_message("skipped: no JSON Schema test suite in ASSAY_SHARED/data\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/tests/%s", shared, folder);
    DIR *opened = opendir(path);
    assert_non_null(opened);
    for (struct dirent *entry; (entry = readdir(opened)) != NULL;) {
        struct tally tally = {0};
        const char *file = entry->d_name;
        if (strstr(file, ".json") == NULL)
            continue;
        strbuf_init(&tally.report, BYTES_MAX);
        snprintf(path, sizeof path, "%s/tests/%s/%.255s", shared, folder, file);
        run_file(path, draft, formats, &tally);
        if (tally.wrong != expected_wrong(folder, file)) {
            as_expected = false;
            print_message("%s/%s: %zu wrong\n%s", folder, file, tally.wrong,
                          strbuf_text(&tally.report));
        }
        strbuf_release(&tally.report);
        right += tally.right;
        wrong += tally.wrong;
    }
    closedir(opened);
    print_message("%s: %zu right, %zu wrong\n", folder, right, wrong);
    assert_true(as_expected);
    return right;
}

static void all_required_tests_of_draft_7_pass(void **state)
{
    (void)state;
    assert_true(run_folder("draft7", SCHEMA_DRAFT_7, false) >= 900);
}

static void all_required_tests_of_2019_09_pass(void **state)
{
    (void)state;
    assert_true(run_folder("draft2019-09", SCHEMA_2019_09, false) >= 1200);
}

static void all_required_tests_of_2020_12_pass(void **state)
{
    (void)state;
    assert_true(run_folder("draft2020-12", SCHEMA_2020_12, false) >= 1250);
}

static void optional_tests_pass_but_for_those_known(void **state)
{
    (void)state;
    run_folder("draft7/optional", SCHEMA_DRAFT_7, false);
    run_folder("draft2019-09/optional", SCHEMA_2019_09, false);
    run_folder("draft2020-12/optional", SCHEMA_2020_12, false);
}

static void asserted_formats_are_right_but_for_those_known(void **state)
{
    (void)state;
    run_folder("draft7/optional/format", SCHEMA_DRAFT_7, true);
    run_folder("draft2019-09/optional/format", SCHEMA_2019_09, true);
    run_folder("draft2020-12/optional/format", SCHEMA_2020_12, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_required_tests_of_draft_7_pass),
        cmocka_unit_test(all_required_tests_of_2019_09_pass),
        cmocka_unit_test(all_required_tests_of_2020_12_pass),
        cmocka_unit_test(optional_tests_pass_but_for_those_known),
        cmocka_unit_test(asserted_formats_are_right_but_for_those_known),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
