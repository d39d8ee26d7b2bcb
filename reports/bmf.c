// Bencher Metric Format (bencher.dev): test -> measure -> value. Several invocations of a test are one value,
// their median, with the least and the greatest as its bounds.
#include "formats.h"

#include "invocation.h"
#include "metrics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

// Adds `value` to the readings of the measure, kept as an array until all are known.
static int add_reading(json_t *measures, const struct metric *m)
{
	json_t *list = json_object_get(measures, m->name);

	if (!isfinite(m->value))
		return 0;
	if (list == NULL) {
		list = json_array();
		if (json_object_set_new(measures, m->name, list) < 0)
			return -ENOMEM;
	}
	return json_array_append_new(list, json_real(m->value)) < 0 ? -ENOMEM : 0;
}

static int add_result(json_t *tests, const struct result *r)
{
	struct arena a = { 0 };
	struct metric *metrics = NULL;
	struct invocation v = invocation_of(&a, r);
	ssize_t count = metrics_of(&a, r, &metrics);
	json_t *measures = json_object_get(tests, v.test);
	int rc = count < 0 ? (int)count : 0;

	if (rc == 0 && measures == NULL) {
		measures = json_object();
		rc = json_object_set_new(tests, v.test, measures) < 0 ? -ENOMEM : 0;
	}
	for (ssize_t i = 0; rc == 0 && i < count; i++)
		rc = add_reading(measures, &metrics[i]);
	arena_deinit(&a);
	return rc;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static json_t *summary(const json_t *list)
{
	size_t n = json_array_size(list);
	double *v = calloc(n + 1, sizeof *v);
	json_t *o;

	if (v == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		v[i] = json_real_value(json_array_get(list, i));
	qsort(v, n, sizeof *v, by_size);
	o = json_pack("{s:f}", "value", (v[(n - 1) / 2] + v[n / 2]) / 2);
	if (o != NULL && n > 1) {
		json_object_set_new(o, "lower_value", json_real(v[0]));
		json_object_set_new(o, "upper_value", json_real(v[n - 1]));
	}
	free(v);
	return o;
}

static int sum_up(json_t *tests)
{
	const char *test, *name;
	json_t *measures, *list;
	void *next;

	json_object_foreach(tests, test, measures) json_object_foreach_safe(measures, next, name, list)
	{
		if (json_object_set_new(measures, name, summary(list)) < 0)
			return -ENOMEM;
	}
	return 0;
}

int report_bmf(const struct run *r, const char *path, struct err *e)
{
	json_t *tests = json_object();
	struct arena a = { 0 };
	int rc = tests == NULL ? -ENOMEM : 0;

	for (size_t i = 0; rc == 0 && i < r->count; i++) {
		struct invocation v = invocation_of(&a, &r->results[i]);

		// A failed test's figures are no measurement of it.
		if (r->results[i].as_expected && v.side == INVOCATION_HEAD && !v.warmup &&
		    r->results[i].verdict != VERDICT_SKIPPED && r->results[i].verdict != VERDICT_PLANNED)
			rc = add_result(tests, &r->results[i]);
	}
	arena_deinit(&a);
	if (rc == 0)
		rc = sum_up(tests);
	if (rc < 0) {
		json_decref(tests);
		tests = NULL;
	}
	return report_finish_json(tests, path, e);
}
