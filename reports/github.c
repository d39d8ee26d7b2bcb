// github-action-benchmark's custom formats: one file of what had better be small, one of what had better be large,
// since its alerts know one direction a file.
#include "formats.h"

#include "metrics.h"
#include "text.h"

#include <errno.h>
#include <math.h>

static int add_metric(json_t *list, struct arena *a, const struct result *r, const struct metric *m)
{
	json_t *o = json_pack("{s:s, s:s, s:f}", "name", text_make(a, "%s %s", text_line(a, r->id), m->name),
	                      "unit", m->unit, "value", m->value);

	return json_array_append_new(list, o) < 0 ? -ENOMEM : 0;
}

static int add_result(json_t *list, const struct result *r, enum metric_better better)
{
	struct arena a = { 0 };
	struct metric *metrics = NULL;
	ssize_t count = metrics_of(&a, r, &metrics);
	int rc = count < 0 ? (int)count : 0;

	for (ssize_t i = 0; rc == 0 && i < count; i++)
		if (metrics[i].better == better && isfinite(metrics[i].value))
			rc = add_metric(list, &a, r, &metrics[i]);
	arena_deinit(&a);
	return rc;
}

static int write_direction(const struct run *r, enum metric_better better, const char *path, struct err *e)
{
	json_t *list = json_array();

	for (size_t i = 0; list != NULL && i < r->count; i++)
		if (r->results[i].as_expected && r->results[i].verdict != VERDICT_SKIPPED &&
		    r->results[i].verdict != VERDICT_PLANNED && add_result(list, &r->results[i], better) < 0) {
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
