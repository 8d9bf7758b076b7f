/* SPDX-License-Identifier: Apache-2.0
 *
 * spec_dump: a table of keys as JSON, from which help, documentation and forms are made. */
#include "config/spec.h"

static void dump_bounds(const struct config_field *field, struct json_writer *writer)
{
    if (field->min == 0 && field->max == 0)
        return;
    int decimals = field->type == CONFIG_MICRO ? 6 : field->type == CONFIG_DURATION ? 9 : 0;
    json_write_key(writer, field->type == CONFIG_DURATION ? "min_s" : "min");
    json_write_fixed(writer, field->min, decimals);
    json_write_key(writer, field->type == CONFIG_DURATION ? "max_s" : "max");
    json_write_fixed(writer, field->max, decimals);
}

static void dump_field(const struct config_field *field, struct json_writer *writer)
{
    json_write_object(writer);
    json_write_key(writer, "key");
    json_write_text(writer, field->key);
    json_write_key(writer, "type");
    json_write_text(writer, config_type_name(field->type));
    json_write_key(writer, "help");
    json_write_text(writer, field->help);
    if (field->required) {
        json_write_key(writer, "required");
        json_write_bool(writer, true);
    }
    if (field->secret) {
        json_write_key(writer, "secret");
        json_write_bool(writer, true);
    }
    if (field->otherwise != NULL) {
        json_write_key(writer, "default");
        json_write_text(writer, field->otherwise);
    }
    dump_bounds(field, writer);
    if (field->choices != NULL) {
        json_write_key(writer, "choices");
        json_write_array(writer);
        for (size_t i = 0; field->choices[i] != NULL; i++)
            json_write_text(writer, field->choices[i]);
        json_write_end(writer, ']');
    }
    if (field->nested != NULL) {
        json_write_key(writer, "table");
        config_dump(field->nested, writer);
    }
    json_write_end(writer, '}');
}

void config_dump(const struct config_table *table, struct json_writer *writer)
{
    json_write_object(writer);
    json_write_key(writer, "name");
    json_write_text(writer, table->name);
    json_write_key(writer, "keys");
    json_write_array(writer);
    for (size_t i = 0; i < table->count; i++)
        dump_field(&table->fields[i], writer);
    json_write_end(writer, ']');
    json_write_end(writer, '}');
}
