// github-action-benchmark's custom formats: one file of what had better be small, one of what had better be large,
// since its alerts know one direction a file.
#include "formats.h"

#include "measures.h"
#include "metrics.h"
#include "text.h"

#include <string.h>

static int add_measure(json_t *list, const char *test, const char *name, const json_t *m)
{
	double median = json_real_value(json_object_get(m, "median"));
	struct arena a = { 0 };
	json_t *o = json_pack("{s:s, s:O, s:f}", "name", text_make(&a, "%s %s", test, name), "unit",
	                      json_object_get(m, "unit"), "value", median);

	if (o != NULL && json_integer_value(json_object_get(m, "count")) > 1)
		json_object_set_new(
		        o, "range",
		        json_string(text_make(&a, "%.6g to %.6g", json_real_value(json_object_get(m, "least")),
		                              json_real_value(json_object_get(m, "greatest")))));
	arena_deinit(&a);
	return json_array_append_new(list, o);
}

static int write_direction(const struct run *r, enum metric_better better, const char *path, struct err *e)
{
	json_t *tests = measures_of(r), *test, *measure;
	json_t *list = tests != NULL ? json_array() : NULL;
	const char *key, *name;
	int bad = 0;

	json_object_foreach(tests, key, test)
	{
		json_object_foreach(test, name, measure)
		{
			const char *is = json_string_value(json_object_get(measure, "better"));

			if (strcmp(is, metric_better_name(better)) == 0)
				bad |= add_measure(list, key, name, measure);
		}
	}
	json_decref(tests);
	if (bad != 0) {
		json_decref(list);
		list = NULL;
	}
	return report_finish_json(list, path, e);
}

int report_smaller_is_better(const struct run *r, const char *path, struct err *e)
{
	return write_direction(r, METRIC_LOWER, path, e);
}

int report_bigger_is_better(const struct run *r, const char *path, struct err *e)
{
	return write_direction(r, METRIC_HIGHER, path, e);
}
