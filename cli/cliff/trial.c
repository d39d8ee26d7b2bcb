// One trial after another: write, run, look how it ended.
#include "trial.h"

#include "io.h"
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int trial_open(struct trial *t)
{
	const char *temp = getenv("TMPDIR");
	int r = 0;

	snprintf(t->dir, sizeof t->dir, "%.30s/%s-XXXXXX", temp != NULL ? temp : "/tmp", t->prefix);
	if (mkdtemp(t->dir) == NULL) {
		r = err_set(t->e, errno, "%s: %s; set TMPDIR", t->dir, strerror(errno));
		t->dir[0] = '\0';
	}
	return r;
}

void trial_close(struct trial *t)
{
	if (t->dir[0] != '\0')
		io_remove_tree(t->dir);
	for (size_t i = 0; i < t->param_count; i++) {
		free(t->params[i].name);
		free(t->params[i].value);
	}
	free(t->params);
	*t = (struct trial){ 0 };
}

int trial_write(const struct trial *t, const char *kernel, const char *dir, bool keep)
{
	struct gen_config config = { .kernels = &kernel,
		                     .kernel_count = 1,
		                     .keep_kernels = keep,
		                     .targets = &t->target,
		                     .target_count = 1,
		                     .out_dir = dir,
		                     .seed = t->seed,
		                     .depth = opt_number(&t->app->opts, "depth"),
		                     .heap_bytes = opt_number(&t->app->opts, "heap-limit"),
		                     .stack_bytes = opt_number(&t->app->opts, "stack-limit"),
		                     .generator = "stressgen " SG_VERSION };

	return gen_suite(&config, t->e);
}

static void describe_slab(const struct result *r, char *out, size_t size)
{
	char capacity[32];

	for (size_t i = 0; i < r->pool_count && out[0] == '\0'; i++)
		if (r->pools[i].exhausted > 0)
			snprintf(out, size, "slab %s of %s", r->pools[i].name,
			         units_bytes(capacity, sizeof capacity, r->pools[i].capacity));
}

static uint64_t counter(const struct result_counters *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->items[i].name, name) == 0)
			return strtoull(c->items[i].value, NULL, 10);
	return 0;
}

// Of the process that had most. Our own programs are not instrumented.
static void describe_heap(const struct result *r, char *out, size_t size)
{
	char live[32], resident[32], asked[32];
	uint64_t most = 0;

	if (r->allocator != NULL)
		snprintf(out, size, "heap of %s: %s resident", r->allocator,
		         units_bytes(resident, sizeof resident, r->peak_rss_bytes));
	for (size_t i = 0; i < r->counters_count; i++) {
		const struct result_counters *c = &r->counters[i];
		const struct result_refusal *refused =
		        c->heap != NULL && c->heap->refusal_count > 0 ? &c->heap->refusals[0] : NULL;
		if (counter(c, "peak_bytes") <= most)
			continue;
		most = counter(c, "peak_bytes");
		snprintf(out, size, "heap of %s: %s live at its peak, %s resident%s%s%s",
		         r->allocator != NULL ? r->allocator : "malloc", units_bytes(live, sizeof live, most),
		         units_bytes(resident, sizeof resident, r->peak_rss_bytes),
		         refused != NULL ? ", refused " : "",
		         refused != NULL ? units_bytes(asked, sizeof asked, refused->bytes) : "",
		         refused != NULL ? " more" : "");
	}
}

static bool is_late(const struct result *r)
{
	for (size_t i = 0; i < r->gauge_count; i++)
		if (strcmp(r->gauges[i].name, "unfinished") == 0)
			return true;
	return false;
}

static void note_ending(void *arg, __attribute__((unused)) size_t settled, __attribute__((unused)) size_t total,
                        __attribute__((unused)) const struct suite_test *t, const struct result *r)
{
	struct trial_end *end = arg;
	const struct result_series *main = result_main_series(r);

	*end = (struct trial_end){ .verdict = r->verdict,
		                   .expected = r->as_expected,
		                   .clean = r->clean,
		                   .wrong = r->checks_bad > 0,
		                   .late = is_late(r),
		                   .signal = r->signal,
		                   .exit_code = r->exit_code,
		                   .wall_ns = r->wall_ns,
		                   .cpu_ns = r->user_ns + r->sys_ns,
		                   .repetition_ns = main != NULL ? hist_percentile(main->hist, 50) : 0,
		                   .peak_rss_bytes = r->peak_rss_bytes };
	snprintf(end->evidence, sizeof end->evidence, "%s", r->evidence != NULL ? r->evidence : "");
	for (size_t i = 0; i < r->pool_count; i++)
		if (r->pools[i].high_water * r->pools[i].unit_bytes >= end->slab_used_bytes) {
			end->slab_used_bytes = r->pools[i].high_water * r->pools[i].unit_bytes;
			end->slab_capacity_bytes = r->pools[i].capacity * r->pools[i].unit_bytes;
		}
	describe_slab(r, end->slab, sizeof end->slab);
	describe_heap(r, end->heap, sizeof end->heap);
}

// What the first trial measures is that of all.
static int calibrate(struct trial *t, struct pipeline *j)
{
	int r;

	if (t->param_count > 0)
		return 0;
	r = pipeline_calibrate(j, t->e);
	free(t->params); // a list of none
	t->params = j->params;
	t->param_count = j->param_count;
	j->params = NULL;
	j->param_count = 0;
	return r;
}

static int execute(struct trial *t, struct pipeline *j, struct trial_end *end)
{
	const struct opt_set *o = &t->app->opts;
	size_t first = 0;
	struct runner_config config = {
		.suite = &j->suite,
		.run_dir = j->run_dir,
		.selection = &first,
		.selected = 1,
		.resolve = paths_resolve,
		.resolve_arg = &t->app->paths,
		.preload = t->preload ? t->app->paths.preload : NULL,
		.allocator = t->alloc != NULL ? t->alloc->path : NULL,
		.allocator_title = t->alloc != NULL ? t->alloc->title : NULL,
		.timeout_ns = t->timeout_ns > 0 ? t->timeout_ns : opt_number(o, "timeout"),
		.grace_ns = opt_number(o, "grace"),
		.memory_bytes = t->memory_bytes > 0 ? t->memory_bytes : opt_number(o, "memory"),
		.limits = { .cpu_s = t->cpu_s },
		.info = json_object(),
		.hooks = { .ended = note_ending, .arg = end },
	};
	struct runner_summary summary = { 0 };
	int r;

	j->selection = &first;
	j->selected = 1;
	r = calibrate(t, j);
	j->selection = NULL;
	config.params = t->params;
	config.param_count = t->param_count;
	if (r == 0)
		r = runner_run(&config, &summary, t->e);
	json_decref(config.info);
	return r < 0 ? r : summary.stop_signal != 0 ? -EINTR : 0;
}

int trial_run(struct trial *t, const char *text, size_t len, struct trial_end *end)
{
	struct pipeline j = { .app = t->app, .run_dir = io_join(t->dir, "run") };
	char *kernel = io_join(t->dir, "small.kernel"), *suite = io_join(t->dir, "suite");
	int r = kernel == NULL || suite == NULL || j.run_dir == NULL ? err_set(t->e, ENOMEM, "out of memory") : 0;

	if (r == 0)
		r = io_replace_file(kernel, text, len, t->e);
	if (r == 0)
		r = trial_write(t, kernel, suite, false);
	if (r == 0)
		r = suite_load(suite, &j.suite, t->e);
	if (r == 0 && j.suite.count == 0)
		r = -ENOTSUP;
	if (r == 0)
		r = execute(t, &j, end);
	if (j.run_dir != NULL)
		io_remove_tree(j.run_dir);
	free(kernel);
	free(suite);
	pipeline_deinit(&j);
	return r;
}

int trial_run_scenario(struct trial *t, const char *text, size_t len, struct trial_end *end)
{
	struct pipeline j = { .app = t->app, .run_dir = io_join(t->dir, "run") };
	char name[] = "cliff.h2", *names[] = { name };
	char *path = io_join(t->dir, name);
	int r = path == NULL || j.run_dir == NULL ? err_set(t->e, ENOMEM, "out of memory") : 0;

	if (r == 0)
		r = io_replace_file(path, text, len, t->e);
	if (r == 0)
		r = suite_from_files(t->dir, names, 1, &j.suite, t->e);
	if (r == 0)
		r = execute(t, &j, end);
	if (j.run_dir != NULL)
		io_remove_tree(j.run_dir);
	free(path);
	pipeline_deinit(&j);
	return r;
}

int trial_keep(const struct trial *t, const char *text, size_t len, const char *dir, struct suite *suite)
{
	char *kernel = io_join(t->dir, "small.kernel");
	int r = kernel == NULL ? err_set(t->e, ENOMEM, "out of memory") : io_replace_file(kernel, text, len, t->e);

	if (r == 0)
		r = trial_write(t, kernel, dir, true);
	if (r == 0)
		r = suite_load(dir, suite, t->e);
	free(kernel);
	return r;
}
