// Enough of JSON Schema (2020-12) to hold a report against its schema: type, const, enum, required, properties,
// additionalProperties, items, prefixItems, minimum, maximum, pattern, minItems, $ref within the file.
#ifndef SG_SCHEMA_H
#define SG_SCHEMA_H

#include <jansson.h>
#include <stddef.h>

// NULL when `value` obeys; else what is wrong and where, in a static buffer. An unknown keyword in the schema is
// wrong too, so that nothing passes unchecked.
const char *schema_check(json_t *schema, json_t *value);

#endif
