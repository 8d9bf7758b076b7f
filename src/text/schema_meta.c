/* SPDX-License-Identifier: Apache-2.0
 *
 * schema_meta: what a schema of draft 7, 2019-09 and 2020-12 may look like, as schemas, for those
 * that refer to a metaschema.
 *
 * Written here from the specifications' lists of keywords: the constraints and the anchors are
 * theirs, titles, comments and defaults are left out. ' stands for " in the texts, which have no
 * other '. Threads: constant. Source: json-schema.org, drafts 7, 2019-09 and 2020-12. */
#include "text/schema_internal.h"

#define ARRAY_OF_SCHEMAS(self) "{'type':'array','minItems':1,'items':" self "}"
#define MAP_OF_SCHEMAS(self) "{'type':'object','additionalProperties':" self "}"
#define COUNT "{'type':'integer','minimum':0}"
#define NAMES "{'type':'array','items':{'type':'string'},'uniqueItems':true}"
#define TYPES "{'enum':['array','boolean','integer','null','number','object','string']}"
#define TYPE \
    "{'anyOf':[" TYPES ",{'type':'array','items':" TYPES ",'minItems':1,'uniqueItems':true}]}"
#define STRING "{'type':'string'}"
#define BOOLEAN "{'type':'boolean'}"
#define NUMBER "{'type':'number'}"
#define REGEX "{'type':'string','format':'regex'}"
#define REFERENCE "{'type':'string','format':'uri-reference'}"

#define PATTERN_MAP(self) \
    "{'type':'object','additionalProperties':" self ",'propertyNames':{'format':'regex'}}"

/* Keywords of the validation vocabulary, the same in all three drafts. */
#define VALIDATION \
    "'type':" TYPE ",'const':true,'enum':{'type':'array','items':true}," \
    "'multipleOf':{'type':'number','exclusiveMinimum':0}," \
    "'maximum':" NUMBER ",'exclusiveMaximum':" NUMBER ",'minimum':" NUMBER \
    ",'exclusiveMinimum':" NUMBER ",'maxLength':" COUNT ",'minLength':" COUNT ",'pattern':" REGEX \
    ",'maxItems':" COUNT ",'minItems':" COUNT ",'uniqueItems':" BOOLEAN ",'maxProperties':" COUNT \
    ",'minProperties':" COUNT ",'required':" NAMES

#define NEW_VALIDATION \
    VALIDATION ",'maxContains':" COUNT ",'minContains':" COUNT \
               ",'dependentRequired':{'type':'object','additionalProperties':" NAMES "}"

#define NOTES \
    "'title':" STRING ",'description':" STRING ",'default':true,'readOnly':" BOOLEAN \
    ",'writeOnly':" BOOLEAN ",'examples':{'type':'array','items':true}"

/* Applicators that all three drafts have, but for `items`. */
#define APPLICATORS(self) \
    "'contains':" self ",'additionalProperties':" self \
    ",'properties':" MAP_OF_SCHEMAS(self) ",'patternProperties':" PATTERN_MAP( \
        self) ",'propertyNames':" self ",'if':" self ",'then':" self ",'else':" self \
              ",'allOf':" ARRAY_OF_SCHEMAS(self) ",'anyOf':" ARRAY_OF_SCHEMAS( \
                  self) ",'oneOf':" ARRAY_OF_SCHEMAS(self) ",'not':" self

#define SELF_7 "{'$ref':'#'}"
#define SELF_19 "{'$recursiveRef':'#'}"
#define SELF_20 "{'$dynamicRef':'#meta'}"
#define URI_19 "https://json-schema.org/draft/2019-09/"
#define URI_20 "https://json-schema.org/draft/2020-12/"
#define PART_19(name, members) \
    "{'$schema':'" URI_19 "schema','$id':'" URI_19 "meta/" name "','$recursiveAnchor':true," \
    "'type':['object','boolean'],'properties':{" members "}}"
#define PART_20(name, members) \
    "{'$schema':'" URI_20 "schema','$id':'" URI_20 "meta/" name "','$dynamicAnchor':'meta'," \
    "'type':['object','boolean'],'properties':{" members "}}"
#define OLD_DEPENDENCIES(self) \
    "'definitions':" MAP_OF_SCHEMAS(self) ",'dependencies':{'type':'object'," \
                                          "'additionalProperties':{'anyOf':[" self "," NAMES "]}}"
#define PLAIN_ID "{'type':'string','format':'uri-reference','pattern':'^[^#]*#?$'}"
#define VOCABULARIES \
    "{'type':'object','propertyNames':{'type':'string','format':'uri'}," \
    "'additionalProperties':{'type':'boolean'}}"
#define CONTENT(self) \
    "'contentEncoding':" STRING ",'contentMediaType':" STRING ",'contentSchema':" self

static const struct {
    const char *uri;
    const char *text;
} metaschemas[] = {
    {"http://json-schema.org/draft-07/schema",
     "{'$schema':'http://json-schema.org/draft-07/schema#',"
     "'$id':'http://json-schema.org/draft-07/schema#','type':['object','boolean'],"
     "'properties':{'$id':" REFERENCE
     ",'$schema':{'type':'string','format':'uri'},'$ref':" REFERENCE ",'$comment':" STRING "," NOTES
     "," VALIDATION "," APPLICATORS(SELF_7) ",'items':{'anyOf':[" SELF_7 "," ARRAY_OF_SCHEMAS(
         SELF_7) "]},'additionalItems':" SELF_7
                 "," OLD_DEPENDENCIES(SELF_7) ",'format':" STRING ",'contentMediaType':" STRING
                                              ",'contentEncoding':" STRING "}}"},
    {URI_19 "schema",
     "{'$schema':'" URI_19 "schema','$id':'" URI_19 "schema','$recursiveAnchor':true,"
     "'$vocabulary':{'" URI_19 "vocab/core':true,'" URI_19 "vocab/applicator':true,'" URI_19
     "vocab/validation':true,'" URI_19 "vocab/meta-data':true,'" URI_19
     "vocab/format':false,'" URI_19
     "vocab/content':true},'allOf':[{'$ref':'meta/core'},{'$ref':'meta/applicator'},"
     "{'$ref':'meta/validation'},{'$ref':'meta/meta-data'},{'$ref':'meta/format'},"
     "{'$ref':'meta/content'}],'type':['object','boolean'],'properties':{" OLD_DEPENDENCIES(
         SELF_19) "}}"},
    {URI_19 "meta/core",
     PART_19("core",
             "'$id':" PLAIN_ID ",'$schema':{'type':'string','format':'uri'},"
             "'$anchor':{'type':'string','pattern':'^[A-Za-z][-A-Za-z0-9.:_]*$'},'$ref':" REFERENCE
             ",'$recursiveRef':" REFERENCE ",'$recursiveAnchor':" BOOLEAN
             ",'$vocabulary':" VOCABULARIES ",'$comment':" STRING
             ",'$defs':" MAP_OF_SCHEMAS(SELF_19))},
    {URI_19 "meta/applicator",
     PART_19("applicator",
             APPLICATORS(SELF_19) ",'additionalItems':" SELF_19 ",'unevaluatedItems':" SELF_19
                                  ",'unevaluatedProperties':" SELF_19 ",'items':{'anyOf':[" SELF_19
                                  "," ARRAY_OF_SCHEMAS(
                                      SELF_19) "]},'dependentSchemas':" MAP_OF_SCHEMAS(SELF_19))},
    {URI_19 "meta/validation", PART_19("validation", NEW_VALIDATION)},
    {URI_19 "meta/meta-data", PART_19("meta-data", NOTES ",'deprecated':" BOOLEAN)},
    {URI_19 "meta/format", PART_19("format", "'format':" STRING)},
    {URI_19 "meta/content", PART_19("content", CONTENT(SELF_19))},
    {URI_20 "schema",
     "{'$schema':'" URI_20 "schema','$id':'" URI_20 "schema','$dynamicAnchor':'meta',"
     "'$vocabulary':{'" URI_20 "vocab/core':true,'" URI_20 "vocab/applicator':true,'" URI_20
     "vocab/unevaluated':true,'" URI_20 "vocab/validation':true,'" URI_20
     "vocab/meta-data':true,'" URI_20 "vocab/format-annotation':true,'" URI_20
     "vocab/content':true},'allOf':[{'$ref':'meta/core'},{'$ref':'meta/applicator'},"
     "{'$ref':'meta/unevaluated'},{'$ref':'meta/validation'},{'$ref':'meta/meta-data'},"
     "{'$ref':'meta/format-annotation'},{'$ref':'meta/content'}],'type':['object','boolean'],"
     "'properties':{" OLD_DEPENDENCIES(SELF_20) ",'$recursiveRef':" REFERENCE
                                                ",'$recursiveAnchor':" BOOLEAN "}}"},
    {URI_20 "meta/core",
     PART_20("core",
             "'$id':" PLAIN_ID ",'$schema':{'type':'string','format':'uri'},'$ref':" REFERENCE
             ",'$anchor':{'type':'string','pattern':'^[A-Za-z_][-A-Za-z0-9._]*$'},"
             "'$dynamicRef':" REFERENCE ",'$dynamicAnchor':{'type':'string',"
             "'pattern':'^[A-Za-z_][-A-Za-z0-9._]*$'},'$vocabulary':" VOCABULARIES
             ",'$comment':" STRING ",'$defs':" MAP_OF_SCHEMAS(SELF_20))},
    {URI_20 "meta/applicator",
     PART_20("applicator",
             APPLICATORS(SELF_20) ",'prefixItems':" ARRAY_OF_SCHEMAS(
                 SELF_20) ",'items':" SELF_20 ",'dependentSchemas':" MAP_OF_SCHEMAS(SELF_20))},
    {URI_20 "meta/unevaluated",
     PART_20("unevaluated", "'unevaluatedItems':" SELF_20 ",'unevaluatedProperties':" SELF_20)},
    {URI_20 "meta/validation", PART_20("validation", NEW_VALIDATION)},
    {URI_20 "meta/meta-data", PART_20("meta-data", NOTES ",'deprecated':" BOOLEAN)},
    {URI_20 "meta/format-annotation", PART_20("format-annotation", "'format':" STRING)},
    {URI_20 "meta/format-assertion", PART_20("format-assertion", "'format':" STRING)},
    {URI_20 "meta/content", PART_20("content", CONTENT(SELF_20))},
};

const char *schema_meta_text(struct view uri)
{
    for (size_t i = 0; i < sizeof metaschemas / sizeof metaschemas[0]; i++)
        if (view_is(uri, metaschemas[i].uri))
            return metaschemas[i].text;
    return NULL;
}
