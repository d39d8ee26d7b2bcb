// A small validator of JSON Schema.
#include "schema.h"

#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static char problem[600];

struct place {
	json_t *root;
	char path[400];
};

static bool fails(const struct place *p, const char *what, const char *detail)
{
	snprintf(problem, sizeof problem, "%.400s: %s %.150s", p->path[0] != '\0' ? p->path : "/", what, detail);
	return false;
}

static bool check(const struct place *p, json_t *schema, json_t *value);

static bool check_below(const struct place *p, json_t *schema, json_t *value, const char *key, size_t index)
{
	struct place below = *p;
	size_t len = strlen(below.path);

	if (key != NULL)
		snprintf(below.path + len, sizeof below.path - len, "/%.60s", key);
	else
		snprintf(below.path + len, sizeof below.path - len, "/%zu", index);
	return check(&below, schema, value);
}

static bool is_type(const char *type, json_t *value)
{
	static const struct {
		const char *name;
		json_type type;
	} types[] = { { "object", JSON_OBJECT }, { "array", JSON_ARRAY },     { "string", JSON_STRING },
		      { "null", JSON_NULL },     { "integer", JSON_INTEGER }, { "number", JSON_REAL } };

	if (strcmp(type, "boolean") == 0)
		return json_is_boolean(value);
	if (strcmp(type, "number") == 0 && json_is_integer(value))
		return true;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(type, types[i].name) == 0)
			return json_typeof(value) == types[i].type;
	return false;
}

static bool check_type(const struct place *p, json_t *rule, json_t *value)
{
	size_t i;
	json_t *one;

	if (json_is_string(rule))
		return is_type(json_string_value(rule), value) ||
		       fails(p, "is not of type", json_string_value(rule));
	json_array_foreach(rule, i, one) if (is_type(json_string_value(one), value)) return true;
	return fails(p, "is of none of the types", "");
}

static bool check_enum(const struct place *p, json_t *rule, json_t *value)
{
	size_t i;
	json_t *one;

	json_array_foreach(rule, i, one) if (json_equal(one, value)) return true;
	return fails(p, "is none of the enum:", json_is_string(value) ? json_string_value(value) : "");
}

static bool check_ref(const struct place *p, json_t *rule, json_t *value)
{
	const char *name = json_string_value(rule);
	json_t *definition;

	if (strncmp(name, "#/$defs/", 8) != 0)
		return fails(p, "unknown $ref", name);
	definition = json_object_get(json_object_get(p->root, "$defs"), name + 8);
	return definition != NULL ? check(p, definition, value) : fails(p, "no such definition:", name);
}

static bool check_required(const struct place *p, json_t *rule, json_t *value)
{
	size_t i;
	json_t *name;

	json_array_foreach(rule, i, name) if (json_is_object(value) &&
	                                      json_object_get(value, json_string_value(name)) ==
	                                              NULL) return fails(p, "lacks", json_string_value(name));
	return true;
}

static bool check_members(const struct place *p, json_t *schema, json_t *value)
{
	json_t *known = json_object_get(schema, "properties");
	json_t *more = json_object_get(schema, "additionalProperties");
	const char *key;
	json_t *member;
	void *at;

	if (!json_is_object(value))
		return true;
	for (at = json_object_iter(value); at != NULL; at = json_object_iter_next(value, at)) {
		key = json_object_iter_key(at);
		member = json_object_iter_value(at);
		if (json_object_get(known, key) != NULL) {
			if (!check_below(p, json_object_get(known, key), member, key, 0))
				return false;
		} else if (json_is_false(more)) {
			return fails(p, "has the unknown member", key);
		} else if (json_is_object(more) && !check_below(p, more, member, key, 0)) {
			return false;
		}
	}
	return true;
}

static bool check_items(const struct place *p, json_t *schema, json_t *value)
{
	json_t *prefix = json_object_get(schema, "prefixItems");
	json_t *rest = json_object_get(schema, "items");
	json_t *least = json_object_get(schema, "minItems");

	if (!json_is_array(value))
		return true;
	if (least != NULL && json_array_size(value) < (size_t)json_integer_value(least))
		return fails(p, "has too few items", "");
	for (size_t i = 0; i < json_array_size(value); i++) {
		json_t *rule = i < json_array_size(prefix) ? json_array_get(prefix, i) : rest;

		if (json_is_false(rule))
			return fails(p, "has too many items", "");
		if (rule != NULL && !check_below(p, rule, json_array_get(value, i), NULL, i))
			return false;
	}
	return true;
}

static bool check_range(const struct place *p, json_t *rule, json_t *value, bool is_minimum)
{
	if (!json_is_number(value))
		return true;
	if (is_minimum ? json_number_value(value) < json_number_value(rule)
	               : json_number_value(value) > json_number_value(rule))
		return fails(p, "is out of range", "");
	return true;
}

static bool check_pattern(const struct place *p, json_t *rule, json_t *value)
{
	regex_t re;
	bool ok;

	if (!json_is_string(value))
		return true;
	if (regcomp(&re, json_string_value(rule), REG_EXTENDED | REG_NOSUB) != 0)
		return fails(p, "has a pattern that cannot be read:", json_string_value(rule));
	ok = regexec(&re, json_string_value(value), 0, NULL, 0) == 0;
	regfree(&re);
	return ok || fails(p, "does not match", json_string_value(rule));
}

static bool check_keyword(const struct place *p, const char *key, json_t *rule, json_t *schema, json_t *value)
{
	static const char *const elsewhere[] = {
		"$schema",     "$id",         "$defs",    "title",
		"description", "prefixItems", "minItems", "additionalProperties"
	};

	if (strcmp(key, "$ref") == 0)
		return check_ref(p, rule, value);
	if (strcmp(key, "type") == 0)
		return check_type(p, rule, value);
	if (strcmp(key, "const") == 0)
		return json_equal(rule, value) || fails(p, "is another constant", "");
	if (strcmp(key, "enum") == 0)
		return check_enum(p, rule, value);
	if (strcmp(key, "required") == 0)
		return check_required(p, rule, value);
	if (strcmp(key, "properties") == 0)
		return check_members(p, schema, value);
	if (strcmp(key, "items") == 0)
		return check_items(p, schema, value);
	if (strcmp(key, "minimum") == 0 || strcmp(key, "maximum") == 0)
		return check_range(p, rule, value, strcmp(key, "minimum") == 0);
	if (strcmp(key, "pattern") == 0)
		return check_pattern(p, rule, value);
	for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
		if (strcmp(key, elsewhere[i]) == 0)
			return true;
	return fails(p, "has a schema with the unknown keyword", key);
}

static bool check(const struct place *p, json_t *schema, json_t *value)
{
	void *at;

	for (at = json_object_iter(schema); at != NULL; at = json_object_iter_next(schema, at))
		if (!check_keyword(p, json_object_iter_key(at), json_object_iter_value(at), schema, value))
			return false;
	return true;
}

const char *schema_check(json_t *schema, json_t *value)
{
	struct place p = { .root = schema };

	return check(&p, schema, value) ? NULL : problem;
}
