// stressgen list: the catalogue, or a suite's tests in their order.
#include "catalogue.h"
#include "pipeline.h"
#include "plan.h"
#include "units.h"
#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void list_names(const char *title, const struct strings *paths, const char *dir, const char *suffix)
{
	printf("%s\n", title);
	for (size_t i = 0; i < paths->count; i++) {
		const char *name = paths->items[i] + strlen(dir) + 1;
		printf("  %.*s\n", (int)(strlen(name) - strlen(suffix)), name);
	}
}

static int list_catalogue(struct app *app)
{
	struct catalogue c = { 0 };
	struct err e = { 0 };
	int r = catalogue_init(&c, app, &e);

	if (r == 0) {
		list_names("Kernels", &c.kernels, app->paths.kernels, ".kernel");
		list_names("HTTP/2 scenarios", &c.scenarios, app->paths.scenarios, ".h2");
	}
	catalogue_deinit(&c);
	return r < 0 ? complain(&e, r) : SG_EXIT_OK;
}

static void list_tests(const struct pipeline *j)
{
	const struct runner_config config = { .suite = &j->suite,
		                              .selection = j->selection,
		                              .selected = j->selected };
	struct plan plan = { 0 };
	const bool planned = plan_make(&plan, &config) == 0; // what others depend on comes before them
	char timeout[32];

	for (size_t i = 0; i < j->selected; i++) {
		const struct suite_test *t = &j->suite.tests[planned ? plan.order[i] : j->selection[i]];

		printf("%-52s %-10s %-8s %s\n", t->id, test_kind_name(t->meta.kind),
		       units_duration(timeout, sizeof timeout, t->meta.timeout_ns), t->path);
	}
	plan_deinit(&plan);
	fflush(stdout);
	fprintf(stderr, "%zu test%s\n", j->selected, j->selected == 1 ? "" : "s");
}

static void list_tags(const struct pipeline *j)
{
	json_t *counts = json_object();
	const char *tag;
	json_t *count;

	for (size_t i = 0; i < j->selected; i++) {
		const struct strings *tags = &j->suite.tests[j->selection[i]].meta.tags;

		for (size_t k = 0; k < tags->count; k++)
			json_object_set_new(
			        counts, tags->items[k],
			        json_integer(json_integer_value(json_object_get(counts, tags->items[k])) + 1));
	}
	json_object_foreach(counts, tag, count) printf("%6lld  %s\n", (long long)json_integer_value(count), tag);
	json_decref(counts);
}

void pipeline_list(const struct pipeline *j)
{
	if (opt_flag(&j->app->opts, "show-tags"))
		list_tags(j);
	else
		list_tests(j);
}

int cmd_list(struct app *app)
{
	struct pipeline j = { .app = app };
	struct err e = { 0 };
	int code = SG_EXIT_OK;
	int r;

	if (app->opts.arg_count == 0)
		return list_catalogue(app);
	r = suite_load(app->opts.args[0], &j.suite, &e);
	if (r == -ENOTDIR)
		r = (e.text[0] = '\0', suite_from_files(".", app->opts.args, app->opts.arg_count, &j.suite, &e));
	if (r == 0)
		r = pipeline_expand(&j, &e);
	if (r == 0 && (r = pipeline_select(&j, &e)) == -ENOENT)
		code = (complain(&e, r), SG_EXIT_NOTHING);
	else if (r < 0)
		code = complain(&e, r);
	else
		pipeline_list(&j);
	pipeline_deinit(&j);
	return code;
}
