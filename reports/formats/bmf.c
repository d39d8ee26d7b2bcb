// Bencher Metric Format (bencher.dev): test -> measure -> value. Several invocations of a test are one value,
// their median, with the least and the greatest as its bounds.
#include "formats.h"

#include "measures.h"

static json_t *value_of(const json_t *measure)
{
	if (json_integer_value(json_object_get(measure, "count")) == 1)
		return json_pack("{s:O}", "value", json_object_get(measure, "median"));
	return json_pack("{s:O, s:O, s:O}", "value", json_object_get(measure, "median"), "lower_value",
	                 json_object_get(measure, "least"), "upper_value", json_object_get(measure, "greatest"));
}

int report_bmf(const struct run *r, const char *path, struct err *e)
{
	json_t *tests = measures_of(r), *test, *measure;
	const char *key, *name;
	int bad = 0;

	json_object_foreach(tests, key, test)
	{
		json_object_foreach(test, name, measure)
		{
			bad |= json_object_set_new(test, name,
			                           value_of(measure)); // a key that is there: the order stays
		}
	}
	if (bad != 0) {
		json_decref(tests);
		tests = NULL;
	}
	return report_finish_json(tests, path, e);
}
