/* SPDX-License-Identifier: Apache-2.0
 *
 * spec_dump: a table of keys as JSON, from which help, documentation and forms are made. */
#include "config/spec.h"

static void dump_bounds(const struct config_field *field, struct json_writer *writer)
{
    if (field->min == 0 && field->max == 0)
        return;
    int decimals = field->type == CONFIG_MICRO ? 6 : field->type == CONFIG_DURATION ? 9 : 0;
    json_member_fixed(writer, field->type == CONFIG_DURATION ? "min_s" : "min", field->min,
                      decimals);
    json_member_fixed(writer, field->type == CONFIG_DURATION ? "max_s" : "max", field->max,
                      decimals);
}

static void dump_field(const struct config_field *field, struct json_writer *writer)
{
    json_write_object(writer);
    json_member_text(writer, "key", field->key);
    json_member_text(writer, "type", config_type_name(field->type));
    json_member_text(writer, "help", field->help);
    if (field->required)
        json_member_bool(writer, "required", true);
    if (field->secret)
        json_member_bool(writer, "secret", true);
    if (field->otherwise != NULL)
        json_member_text(writer, "default", field->otherwise);
    dump_bounds(field, writer);
    if (field->choices != NULL) {
        json_member_array(writer, "choices");
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
    json_member_text(writer, "name", table->name);
    json_member_array(writer, "keys");
    for (size_t i = 0; i < table->count; i++)
        dump_field(&table->fields[i], writer);
    json_write_end(writer, ']');
    json_write_end(writer, '}');
}
