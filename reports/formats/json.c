// report.json: all results with their histograms, as docs/report.schema.json describes it.
#include "formats.h"
#include "growth.h"

#include "soaked.h"
#include "symbolise.h"
#include "text.h"
#include "view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_VERSION 1

static int set_text(json_t *object, const char *key, const char *text)
{
	return text == NULL ? 0 : json_object_set_new(object, key, json_string(text));
}

static int set_count(json_t *object, const char *key, uint64_t n)
{
	return json_object_set_new(object, key, json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n));
}

// ---- the whole ----------------------------------------------------------------------------------------------

static json_t *verdict_counts(const struct view *v)
{
	json_t *counts = json_object();

	for (unsigned i = 0; counts != NULL && i < VERDICT_COUNT; i++)
		set_count(counts, verdict_name((enum verdict)i), v->by_verdict[i]);
	return counts;
}

static json_t *warnings(struct view *v)
{
	json_t *array = json_array();
	const char *warning;

	for (size_t i = 0; array != NULL && (warning = view_warning(v, i)) != NULL; i++)
		json_array_append_new(array, json_string(warning));
	return array;
}

static json_t *summary(struct view *v)
{
	const struct run *r = v->run;
	json_t *o = json_object();

	if (o == NULL)
		return NULL;
	set_text(o, "sentence", view_sentence(v));
	set_text(o, "remarks", view_remarks(v));
	set_count(o, "planned", r->planned);
	set_count(o, "ended", v->count - v->interrupted);
	set_count(o, "passed", v->passed);
	set_count(o, "failed", v->failed);
	set_count(o, "skipped", v->skipped);
	set_count(o, "interrupted", v->interrupted);
	json_object_set_new(o, "verdicts", verdict_counts(v));
	set_count(o, "wall_ns", v->wall_ns);
	set_count(o, "parts", r->parts);
	if (r->stop_reason != NULL)
		set_text(o, "stop_reason", text_line(&v->arena, r->stop_reason));
	if (r->under_way != NULL)
		set_text(o, "under_way", text_line(&v->arena, r->under_way));
	json_object_set_new(o, "warnings", warnings(v));
	return o;
}

static json_t *journal_facts(const struct journal_stats *j)
{
	json_t *o = json_object();

	if (o == NULL)
		return NULL;
	set_count(o, "records", j->records);
	set_count(o, "bad_lines", j->bad_lines);
	set_count(o, "first_bad_line", j->first_bad_line);
	json_object_set_new(o, "torn_tail", json_boolean(j->torn_tail));
	return o;
}

// ---- one test -----------------------------------------------------------------------------------------------

static json_t *percentiles(const struct hist *h)
{
	static const struct {
		const char *name;
		double percentile;
	} points[] = { { "p50", 50 }, { "p90", 90 }, { "p99", 99 }, { "p99.9", 99.9 }, { "p100", 100 } };
	json_t *o = json_object();

	for (size_t i = 0; o != NULL && i < sizeof points / sizeof points[0]; i++)
		set_count(o, points[i].name, hist_percentile(h, points[i].percentile));
	return o;
}

static void add_percentiles(json_t *list, const struct result_series *series, size_t count)
{
	for (size_t i = 0; i < count && i < json_array_size(list); i++)
		if (series[i].hist->total > 0)
			json_object_set_new(json_array_get(list, i), "percentiles_ns",
			                    percentiles(series[i].hist));
}

static void add_symbols(struct view *v, struct symboliser *names, json_t *object, const struct strings *frames)
{
	json_t *array;

	if (frames->count == 0)
		return;
	array = json_array();
	for (size_t i = 0; array != NULL && i < frames->count; i++)
		json_array_append_new(array, json_string(symbolise(names, &v->arena, frames->items[i], true)));
	json_object_set_new(object, "symbols", array);
}

// What result_to_json has written, item by item, gets names for its frames and percentiles.
static void complete_heap(struct view *v, struct symboliser *names, json_t *object, const struct result_heap *h)
{
	const json_t *sites = json_object_get(object, "sites");
	const json_t *refusals = json_object_get(object, "refusals");

	add_percentiles(json_object_get(object, "latencies"), h->latencies, h->latency_count);
	for (size_t i = 0; i < h->site_count; i++)
		add_symbols(v, names, json_array_get(sites, i), &h->sites[i].frames);
	for (size_t i = 0; i < h->refusal_count; i++)
		add_symbols(v, names, json_array_get(refusals, i), &h->refusals[i].frames);
}

static void complete_pool(struct view *v, struct symboliser *names, json_t *object, const struct result_pool *p)
{
	add_symbols(v, names, object, &p->frames);
	if (p->capacity > 0)
		json_object_set_new(object, "headroom_percent", json_real(result_pool_headroom(p)));
}

static void complete_lists(struct view *v, struct symboliser *names, json_t *test, const struct result *r)
{
	const json_t *pools = json_object_get(test, "pools");
	const json_t *counters = json_object_get(test, "counters");

	add_percentiles(json_object_get(test, "series"), r->series, r->series_count);
	for (size_t i = 0; i < r->pool_count; i++)
		complete_pool(v, names, json_array_get(pools, i), &r->pools[i]);
	for (size_t i = 0; i < r->counters_count; i++)
		if (r->counters[i].heap != NULL)
			complete_heap(v, names, json_object_get(json_array_get(counters, i), "heap"),
			              r->counters[i].heap);
}

static json_t *test_to_json(struct view *v, struct symboliser *names, const struct view_test *t)
{
	json_t *o = result_to_json(t->r);

	if (o == NULL)
		return NULL;
	set_text(o, "kind", t->kind);
	set_text(o, "name", t->name);
	set_text(o, "kernel", t->kernel);
	if (t->target[0] != '\0')
		set_text(o, "target", t->target);
	if (t->has_size)
		set_count(o, "size", t->size);
	set_text(o, "again", view_again(v, view_again_prefix(v), t));
	complete_lists(v, names, o, t->r);
	return o;
}

static int by_run(const void *a, const void *b)
{
	const struct view_test *const *x = a, *const *y = b;

	return ((*x)->r > (*y)->r) - ((*x)->r < (*y)->r);
}

// In the order in which the tests ended.
static json_t *tests(struct view *v)
{
	const struct view_test **order = arena_alloc(&v->arena, (v->count + 1) * sizeof *order);
	struct symboliser *names = symboliser_new();
	json_t *array = order != NULL ? json_array() : NULL;

	for (size_t i = 0; array != NULL && i < v->count; i++)
		order[i] = &v->tests[i];
	if (array != NULL)
		qsort(order, v->count, sizeof *order, by_run);
	for (size_t i = 0; array != NULL && i < v->count; i++)
		if (json_array_append_new(array, test_to_json(v, names, order[i])) < 0) {
			json_decref(array);
			array = NULL;
		}
	symboliser_free(names);
	return array;
}

static json_t *one_growth(struct growth *g)
{
	const struct view_test *first = g->points[0], *last = g->points[g->count - 1];
	json_t *points = json_array(), *one;

	growth_judge(g);
	for (size_t i = 0; i < g->count; i++)
		json_array_append_new(points, json_pack("[I, f]", (json_int_t)g->points[i]->size,
		                                        growth_cost_of(g->points[i], g->cost)));
	one = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:f, s:[f,f], s:b, s:o}", "kind", first->kind, "kernel",
	                first->kernel, "target", first->target, "of", growth_cost_name(g->cost), "from",
	                (json_int_t)first->size, "to", (json_int_t)last->size, "exponent", g->fit.exponent,
	                "interval", g->fit.low, g->fit.high, "too_fast", g->over, "points", points);
	if (g->declared[0] != '\0')
		set_text(one, "declared", g->declared);
	if (g->model[0] != '\0')
		set_text(one, "model", g->model);
	return one;
}

static json_t *growth(const struct view *v)
{
	json_t *list = json_array();
	struct growth g;

	for (size_t i = 0; list != NULL && i < v->count; i++)
		for (unsigned cost = 0; cost < GROWTH_COSTS; cost++)
			if (growth_points(v, i, (enum growth_cost)cost, &g))
				json_array_append_new(list, one_growth(&g));
	return list;
}

int report_json(const struct run *r, const char *path, struct err *e)
{
	struct view v;
	json_t *report = NULL;
	int rc = view_init(&v, r);

	if (rc == 0)
		report = json_pack("{s:s, s:i, s:o, s:o, s:O?, s:o, s:o}", "format", "stressgen-report", "version",
		                   REPORT_VERSION, "summary", summary(&v), "journal", journal_facts(&r->journal),
		                   "run", r->info, "growth", growth(&v), "tests", tests(&v));
	if (report != NULL && r->soak_count > 0)
		json_object_set_new(report, "soak", soaked_to_json(r));
	rc = report_finish_json(report, path, e);
	view_deinit(&v);
	return rc;
}
