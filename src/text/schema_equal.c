/* SPDX-License-Identifier: Apache-2.0
 *
 * schema_equal: equality as JSON Schema means it, and equal elements of an array.
 *
 * Arrays are searched by hash first, so that a long one costs n log n; the hash takes numbers by
 * value and members in any order, as equality does. Each comparison takes steps of the run.
 * Recursion is bounded by the depth of the trees. Memory: the run's arena, one entry an element. */
#include <stdlib.h>

#include "text/schema_internal.h"

enum { EQUAL_HASH_SEED = 3 };

static bool equal_numbers(struct view a, struct view b)
{
    struct json_decimal left;
    struct json_decimal right;

    if (json_decimal_read(a, &left) != 0 || json_decimal_read(b, &right) != 0)
        return view_equal(a, b); /* spelled as no JSON document can */
    return json_decimal_compare(&left, &right) == 0;
}

static bool equal_objects(struct run *run, const struct json *a, const struct json *b)
{
    for (const struct json *one = a->child; one != NULL; one = one->next) {
        if (!schema_spend(run, 1 + b->count / 16))
            return false;
        const struct json *other = json_get_view(b, one->key);
        if (other == NULL || !schema_equal(run, json_get_view(a, one->key), other))
            return false;
    }
    return true;
}

bool schema_equal(struct run *run, const struct json *a, const struct json *b)
{
    if (!schema_spend(run, 1) || a->kind != b->kind || a->count != b->count)
        return false;
    if (a->kind == JSON_NUMBER)
        return equal_numbers(a->text, b->text);
    if (a->kind == JSON_OBJECT)
        return equal_objects(run, a, b);
    if (!view_equal(a->text, b->text))
        return false;
    const struct json *other = b->child;
    for (const struct json *one = a->child; one != NULL; one = one->next, other = other->next)
        if (!schema_equal(run, one, other))
            return false;
    return true;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t both[2] = {a, b};
    return map_hash(view_make(both, sizeof both), EQUAL_HASH_SEED);
}

static uint64_t hash_number(struct view text)
{
    struct json_decimal decimal;
    uint64_t hash = 0;

    if (json_decimal_read(text, &decimal) != 0)
        return map_hash(text, EQUAL_HASH_SEED);
    for (size_t i = 0; i < decimal.digits.len; i++)
        if (decimal.digits.ptr[i] != '.')
            hash = hash * 31 + (unsigned char)decimal.digits.ptr[i];
    return mix(hash, (uint64_t)decimal.exponent * 2 + (decimal.negative && decimal.count != 0));
}

static uint64_t hash_value(struct run *run, const struct json *value)
{
    uint64_t hash = mix((uint64_t)value->kind, value->count);

    if (!schema_spend(run, 1))
        return 0;
    if (value->kind == JSON_NUMBER)
        return hash_number(value->text);
    if (value->kind == JSON_STRING)
        return map_hash(value->text, EQUAL_HASH_SEED);
    for (const struct json *one = value->child; one != NULL; one = one->next) {
        if (value->kind == JSON_OBJECT)
            hash += mix(map_hash(one->key, EQUAL_HASH_SEED), hash_value(run, one));
        else
            hash = mix(hash, hash_value(run, one));
    }
    return hash;
}

struct element {
    const struct json *value;
    uint64_t hash;
    size_t index;
};

static int by_hash(const void *a, const void *b)
{
    const struct element *left = a;
    const struct element *right = b;

    if (left->hash != right->hash)
        return left->hash < right->hash ? -1 : 1;
    return (left->index > right->index) - (left->index < right->index);
}

bool schema_has_twins(struct run *run, const struct json *array, size_t *ret_first,
                      size_t *ret_second)
{
    struct element *elements = arena_new(run->arena, array->count, sizeof *elements);
    size_t count = 0;

    if (elements == NULL) {
        schema_stop(run, ERR_MEMORY, "no room to compare %zu elements", array->count);
        return false;
    }
    for (const struct json *one = array->child; one != NULL; one = one->next, count++)
        elements[count] = (struct element){one, hash_value(run, one), count};
    qsort(elements, count, sizeof *elements, by_hash);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i + 1; k < count && elements[k].hash == elements[i].hash; k++) {
            if (!schema_equal(run, elements[i].value, elements[k].value))
                continue;
            *ret_first = elements[i].index;
            *ret_second = elements[k].index;
            return true;
        }
    }
    return false;
}
