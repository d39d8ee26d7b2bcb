// Google Benchmark's JSON (tools/compare.py reads it). An invocation is a repetition: so its rank test compares
// what is independent.
#include "formats.h"

#include "invocation.h"
#include "text.h"
#include "view.h"

#include <string.h>

// How many results are invocations of that test.
static size_t repetitions_of(const json_t *counts, const char *test)
{
	return (size_t)json_integer_value(json_object_get(counts, test));
}

// Base and control of a comparison are other programs, and warming up is none of the repetitions.
static bool is_meant(const struct result *r, const struct invocation *n)
{
	return verdict_did_run(r->verdict) && n->side == INVOCATION_HEAD && !n->warmup;
}

static json_t *count_repetitions(struct view *v)
{
	json_t *counts = json_object();

	for (size_t i = 0; counts != NULL && i < v->count; i++) {
		struct invocation n = invocation_of(&v->arena, v->tests[i].r);

		if (is_meant(v->tests[i].r, &n))
			json_object_set_new(counts, n.test,
			                    json_integer((json_int_t)repetitions_of(counts, n.test) + 1));
	}
	return counts;
}

// The mean of an iteration, as Google Benchmark has it; the whole test where it has no series.
static void add_times(json_t *o, const struct view_test *t)
{
	const struct result *r = t->r;
	uint64_t iterations = t->hist != NULL ? t->hist->total : 1;
	double real = t->hist != NULL ? hist_mean(t->hist) : (double)r->wall_ns;

	json_object_set_new(o, "iterations", json_integer((json_int_t)iterations));
	json_object_set_new(o, "real_time", json_real(real));
	json_object_set_new(o, "cpu_time", json_real((double)(r->user_ns + r->sys_ns) / (double)iterations));
	json_object_set_new(o, "time_unit", json_string("ns"));
	json_object_set_new(o, "peak_memory_bytes", json_real((double)r->peak_rss_bytes));
}

// User counters stand beside the other keys, so none may have their names.
static void add_counters(struct view *v, json_t *o, const struct result *r)
{
	for (size_t i = 0; i < r->gauge_count; i++) {
		const char *name = text_line(&v->arena, r->gauges[i].name);

		if (json_object_get(o, name) == NULL && r->gauges[i].value - r->gauges[i].value == 0) // finite
			json_object_set_new(o, name, json_real(r->gauges[i].value));
	}
}

static json_t *benchmark(struct view *v, const struct view_test *t, const json_t *counts, size_t family)
{
	struct invocation n = invocation_of(&v->arena, t->r);
	json_t *o = json_pack("{s:s, s:I, s:i, s:s, s:s, s:I, s:I, s:i}", "name", n.test, "family_index",
	                      (json_int_t)family, "per_family_instance_index", 0, "run_name", n.test, "run_type",
	                      "iteration", "repetitions", (json_int_t)repetitions_of(counts, n.test),
	                      "repetition_index", (json_int_t)(n.number - 1), "threads", 1);

	if (o == NULL)
		return NULL;
	if (!t->r->as_expected) {
		json_object_set_new(o, "error_occurred", json_true());
		json_object_set_new(o, "error_message", json_string(text_line(&v->arena, t->r->evidence)));
	}
	add_times(o, t);
	add_counters(v, o, t->r);
	return o;
}

static json_t *benchmarks(struct view *v)
{
	json_t *counts = count_repetitions(v);
	json_t *list = json_array();
	const char *last = "";
	size_t family = 0;

	for (size_t i = 0; i < v->count; i++) {
		struct invocation n = invocation_of(&v->arena, v->tests[i].r);

		if (!is_meant(v->tests[i].r, &n))
			continue;
		family += json_array_size(list) > 0 && strcmp(n.test, last) != 0;
		last = n.test;
		json_array_append_new(list, benchmark(v, &v->tests[i], counts, family));
	}
	json_decref(counts);
	return list;
}

static json_t *context(const struct view *v)
{
	const json_t *machine = json_object_get(v->run->info, "machine");
	const char *wall = json_string_value(json_object_get(v->run->header, "wall"));
	const char *host = json_string_value(json_object_get(machine, "hostname"));
	const char *version = view_info(v, "stressgen");

	return json_pack("{s:s, s:s, s:s, s:I, s:i, s:b, s:[], s:[], s:s, s:s}", "date", wall != NULL ? wall : "",
	                 "host_name", host != NULL ? host : "", "executable", "stressgen", "num_cpus",
	                 json_integer_value(json_object_get(machine, "cores")), "mhz_per_cpu", 0,
	                 "cpu_scaling_enabled", 0, "caches", "load_avg", "library_build_type", "release",
	                 "stressgen_version", version != NULL ? version : "");
}

int report_gbench(const struct run *r, const char *path, struct err *e)
{
	json_t *report = NULL;
	struct view v;
	int rc = view_init(&v, r);

	if (rc == 0)
		report = json_pack("{s:o, s:o}", "context", context(&v), "benchmarks", benchmarks(&v));
	rc = report_finish_json(report, path, e);
	view_deinit(&v);
	return rc;
}
