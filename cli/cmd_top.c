// stressgen top: the tests of a run that took most of something.
#include "pipeline.h"

#include "units.h"
#include "verdict.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum unit { UNIT_TIME, UNIT_BYTES, UNIT_COUNT };

static uint64_t wall_of(const struct result *r)
{
	return r->wall_ns;
}

static uint64_t cpu_of(const struct result *r)
{
	return r->user_ns + r->sys_ns;
}

static uint64_t memory_of(const struct result *r)
{
	return r->peak_rss_bytes;
}

static uint64_t fds_of(const struct result *r)
{
	return r->peak_fds;
}

static uint64_t threads_of(const struct result *r)
{
	return r->peak_threads;
}

static uint64_t procs_of(const struct result *r)
{
	return r->peak_procs;
}

static const struct measure {
	const char *name, *title;
	uint64_t (*of)(const struct result *r);
	enum unit unit;
} measures[] = {
	{ "memory", "peak memory", memory_of, UNIT_BYTES },
	{ "cpu", "CPU time", cpu_of, UNIT_TIME },
	{ "time", "time", wall_of, UNIT_TIME },
	{ "fds", "descriptors", fds_of, UNIT_COUNT },
	{ "threads", "threads", threads_of, UNIT_COUNT },
	{ "procs", "processes", procs_of, UNIT_COUNT },
};

static const struct measure *find_measure(const char *name)
{
	for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++)
		if (strcmp(measures[i].name, name) == 0)
			return &measures[i];
	return &measures[0]; // the options know no other
}

static int most_first(const void *a, const void *b, void *arg)
{
	const struct measure *m = arg;
	const struct result *x = *(const struct result *const *)a, *y = *(const struct result *const *)b;
	uint64_t p = m->of(x), q = m->of(y);

	return p != q ? (p < q ? 1 : -1) : strcmp(x->id, y->id);
}

static const char *words(const struct measure *m, uint64_t value, char *text, size_t size)
{
	if (m->unit == UNIT_TIME)
		return units_duration(text, size, value);
	if (m->unit == UNIT_BYTES)
		return units_bytes(text, size, value);
	snprintf(text, size, "%llu", (unsigned long long)value);
	return text;
}

static void print_text(const struct measure *m, const struct result *const *worst, size_t count)
{
	char text[32];

	printf("%12s  %-14s  test\n", m->title, "verdict");
	for (size_t i = 0; i < count; i++)
		printf("%12s  %-14s  %s\n", words(m, m->of(worst[i]), text, sizeof text),
		       verdict_name(worst[i]->verdict), worst[i]->id);
}

static void print_json(const struct measure *m, const struct result *const *worst, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "id", worst[i]->id, "verdict",
		                                      verdict_name(worst[i]->verdict), m->name,
		                                      (json_int_t)m->of(worst[i])));
	json_dumpf(list, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(list);
}

int cmd_top(struct app *app)
{
	const char *dir = app->opts.arg_count > 0 ? app->opts.args[0] : SG_LATEST;
	const struct measure *m = find_measure(opt_text(&app->opts, "worst"));
	size_t count = (size_t)opt_number(&app->opts, "count");
	const struct result **worst = NULL;
	struct run run = { 0 };
	struct err e = { 0 };
	uint64_t given;
	int code, r;

	if (app->opts.arg_count == 2 && units_parse_u64(app->opts.args[1], &given) == 0 && given > 0)
		count = (size_t)given; // top RUN --worst memory 5
	else if (app->opts.arg_count == 2)
		return complain(
		        &e, err_set(&e, EINVAL, "top: '%s' is not a number of tests; try 10", app->opts.args[1]));
	else if (app->opts.arg_count > 1)
		return complain(&e, err_set(&e, EINVAL, "top takes one run, and how many tests"));
	r = run_load(dir, &run, &e);
	if (r == 0 && (worst = calloc(run.count + 1, sizeof(struct result *))) == NULL)
		r = err_set(&e, ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < run.count; i++)
		worst[i] = &run.results[i];
	if (r == 0) {
		qsort_r(worst, run.count, sizeof(struct result *), most_first, (void *)(uintptr_t)m);
		count = count < run.count ? count : run.count;
		if (opt_flag(&app->opts, "json"))
			print_json(m, worst, count);
		else
			print_text(m, worst, count);
	}
	code = r < 0 ? complain(&e, r) : pipeline_trust(&run);
	free(worst);
	run_deinit(&run);
	return code;
}
