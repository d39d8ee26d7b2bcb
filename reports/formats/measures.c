// One value for all invocations of a test.
#include "measures.h"

#include "invocation.h"
#include "metrics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

// The object under `key`, made where there is none; NULL without memory.
static json_t *member(json_t *o, const char *key)
{
	json_t *at = json_object_get(o, key);

	if (at == NULL && json_object_set_new(o, key, json_object()) == 0)
		at = json_object_get(o, key);
	return at;
}

// The readings stand in an array until all are known.
static int add_reading(json_t *test, const struct metric *m)
{
	json_t *o = member(test, m->name);
	json_t *readings = json_object_get(o, "readings");

	if (o == NULL)
		return -ENOMEM;
	if (readings == NULL) {
		readings = json_array();
		if (json_object_set_new(o, "readings", readings) < 0 ||
		    json_object_set_new(o, "unit", json_string(m->unit)) < 0 ||
		    json_object_set_new(o, "better", json_string(metric_better_name(m->better))) < 0)
			return -ENOMEM;
	}
	return json_array_append_new(readings, json_real(m->value)) < 0 ? -ENOMEM : 0;
}

static bool is_meant(const struct result *r, const struct invocation *v)
{
	return r->as_expected && verdict_did_run(r->verdict) && !v->warmup && v->side == INVOCATION_HEAD;
}

static int add_result(json_t *tests, const struct result *r)
{
	struct arena a = { 0 };
	struct metric *metrics = NULL;
	struct invocation v = invocation_of(&a, r);
	ssize_t count = is_meant(r, &v) ? metrics_of(&a, r, &metrics) : 0;
	json_t *test = count > 0 ? member(tests, v.test) : NULL;
	int rc = count < 0 || (count > 0 && test == NULL) ? -ENOMEM : 0;

	for (ssize_t i = 0; rc == 0 && i < count; i++)
		if (isfinite(metrics[i].value))
			rc = add_reading(test, &metrics[i]);
	arena_deinit(&a);
	return rc;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int sum_up(json_t *measure)
{
	const json_t *readings = json_object_get(measure, "readings");
	size_t n = json_array_size(readings);
	double *v = calloc(n + 1, sizeof *v);
	int rc = v == NULL ? -1 : 0;

	if (rc == 0) {
		for (size_t i = 0; i < n; i++)
			v[i] = json_real_value(json_array_get(readings, i));
		qsort(v, n, sizeof *v, by_size);
		rc |= json_object_set_new(measure, "count", json_integer((json_int_t)n));
		rc |= json_object_set_new(measure, "median", json_real((v[(n - 1) / 2] + v[n / 2]) / 2));
		rc |= json_object_set_new(measure, "least", json_real(v[0]));
		rc |= json_object_set_new(measure, "greatest", json_real(v[n - 1]));
		rc |= json_object_del(measure, "readings");
	}
	free(v);
	return rc == 0 ? 0 : -ENOMEM;
}

json_t *measures_of(const struct run *r)
{
	json_t *tests = json_object(), *test, *measure;
	int rc = tests == NULL ? -ENOMEM : 0;
	const char *key, *name;

	for (size_t i = 0; rc == 0 && i < r->count; i++)
		rc = add_result(tests, &r->results[i]);
	json_object_foreach(tests, key, test)
	{
		json_object_foreach(test, name, measure)
		{
			rc = rc == 0 ? sum_up(measure) : rc;
		}
	}
	if (rc == 0)
		return tests;
	json_decref(tests);
	return NULL;
}
