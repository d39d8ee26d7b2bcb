// The runner's configuration, as the options say.
#include "pipeline.h"

#include "catalogue.h"
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool pipeline_contained(const struct opt_set *o)
{
	return opt_flag(o, "container-sequential") || opt_flag(o, "container-seq") ||
	       opt_flag(o, "container-parallel");
}

// NULL: bubblewrap.
static const char *container_engine(const struct opt_set *o)
{
	const char *given = opt_text(o, "container-engine");
	char *podman;
	bool is_there;

	if (given != NULL)
		return strcmp(given, "bubblewrap") == 0 ? NULL : given;
	if (opt_text(o, "container-image") == NULL)
		return NULL;
	podman = command_find("podman");
	is_there = podman != NULL;
	free(podman);
	return is_there ? "podman" : "docker";
}

unsigned pipeline_workers(const struct opt_set *o)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (opt_flag(o, "safe-mode") || (!opt_flag(o, "parallel") && !opt_flag(o, "container-parallel")))
		return 1;
	if (opt_given(o, "max-workers"))
		return (unsigned)opt_number(o, "max-workers");
	return cores > 3 ? (unsigned)cores - 1 : 2;
}

// The shorter of the two that were given; 0: none.
static uint64_t suite_timeout(const struct opt_set *o)
{
	uint64_t all = opt_number(o, "suite-timeout");
	uint64_t parallel = pipeline_workers(o) > 1 ? opt_number(o, "parallel-timeout") : 0;

	return all == 0 || (parallel > 0 && parallel < all) ? parallel : all;
}

// --io is written as in a header, so it is read as one.
static int read_io(const char *text, struct runner_limits *out, struct err *e)
{
	struct test_meta meta = { 0 };
	struct buf line = { 0 };
	int r;

	if (text == NULL)
		return 0;
	buf_addf(&line, "# @Io %s", text);
	r = test_header_parse("--io", buf_text(&line), line.len, &meta, NULL);
	if (r < 0)
		err_set(e, -r, "--io %s: I/O is written 10MB/s, 500/s, or both with a blank between them", text);
	out->io_bytes_per_s = meta.io_bytes_per_s;
	out->io_ops_per_s = meta.io_ops_per_s;
	test_meta_deinit(&meta);
	buf_deinit(&line);
	return r < 0 ? r : 0;
}

#define DEFAULT_PROCS 4096U
#define SAFE_PROCS 512U
#define SAFE_FILES 4096U

static int fill_limits(const struct opt_set *o, struct runner_config *c, struct err *e)
{
	const bool safe = opt_flag(o, "safe-mode");

	c->limits.cpu_s = opt_number(o, "cpu-time");
	c->limits.files = opt_number(o, "files");
	c->limits.procs = opt_number(o, "procs");
	c->procs_default = opt_given(o, "procs") ? 0 : DEFAULT_PROCS;
	if (safe && c->limits.files == 0)
		c->limits.files = SAFE_FILES;
	if (safe && c->limits.procs == 0)
		c->limits.procs = SAFE_PROCS;
	c->no_limits = opt_flag(o, "no-limits");
	if (safe && c->no_limits)
		return err_set(e, EINVAL, "--safe-mode and --no-limits contradict each other");
	return read_io(opt_text(o, "io"), &c->limits, e);
}

// Whoever names a threshold wants it, unless --no-self-protect says otherwise; the config file's wait for the
// option.
bool pipeline_protects(const struct opt_set *o)
{
	static const char *const thresholds[] = { "cpu-threshold", "cpu-limit",      "mem-threshold",
		                                  "mem-limit",     "disk-threshold", "protect-after" };
	bool named = false;

	for (size_t i = 0; i < sizeof thresholds / sizeof thresholds[0]; i++)
		named = named || opt_by_flag(o, thresholds[i]);
	return opt_flag(o, "self-protect") || opt_flag(o, "safe-mode") || (named && !opt_given(o, "self-protect"));
}

static bool is_blank(const char *text)
{
	return text != NULL && text[strspn(text, " \t\n")] == '\0';
}

// Each test would fail of it otherwise. Where its program is missing, -ENODEV.
static int check_wrap(const struct pipeline *j, struct err *e)
{
	char path[] = "--wrap", *wrap = NULL;
	const struct command_context ctx = {
		.suite_dir = ".", .called = "it", .resolve = paths_resolve, .resolve_arg = &j->app->paths
	};
	const char *given = j->wrap != NULL ? j->wrap : opt_text(&j->app->opts, "wrap");
	struct suite_test t = { .path = path };
	struct command command = { 0 };
	struct err why = { 0 };
	int r;

	if (given == NULL)
		return 0;
	if (is_blank(given))
		return err_set(e, EINVAL,
		               "--wrap is empty; write the command in front of each test's, 'valgrind -q'");
	t.meta.run = wrap = strdup(given);
	r = wrap == NULL ? -ENOMEM : command_resolve(&ctx, &t, &command, &why);
	if (r == -ENOENT && !pipeline_contained(&j->app->opts))
		r = err_set(e, ENODEV, "--wrap %s: %s", given, why.text);
	else if (r == -EINVAL || r == -E2BIG)
		err_set(e, EINVAL, "--wrap %s: %s", given, why.text);
	else
		r = 0;
	command_deinit(&command);
	free(wrap);
	return r;
}

// What would only seem to be in force.
static int check_modes(const struct opt_set *o, struct err *e)
{
	static const char *const containers[] = { "container-image", "container-root", "container-engine" };
	static const char *const alone[] = { "container-sequential", "container-seq", "safe-mode" };

	if (is_blank(opt_text(o, "between")))
		return err_set(e, EINVAL,
		               "--between is empty; write the command that resets state between two tests");
	for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++)
		for (size_t k = 0; opt_by_flag(o, alone[i]) && k < 2; k++) {
			const char *several = k == 0 ? "parallel" : "container-parallel";

			if (opt_by_flag(o, several) && opt_flag(o, several) && opt_flag(o, alone[i]))
				return err_set(e, EINVAL,
				               "--%s and --%s contradict each other: one test at a time, or "
				               "several?",
				               alone[i], several);
		}
	for (size_t i = 0; i < sizeof containers / sizeof containers[0]; i++)
		if (opt_by_flag(o, containers[i]) && !pipeline_contained(o))
			return err_set(e, EINVAL,
			               "--%s alone puts no test into a container; add --container-sequential or "
			               "--container-parallel",
			               containers[i]);
	return 0;
}

static void fill_config(const struct pipeline *j, struct runner_config *c)
{
	const struct opt_set *o = &j->app->opts;

	c->suite = &j->suite;
	c->run_dir = j->run_dir;
	c->selection = j->selection;
	c->selected = j->selected;
	c->resolve = paths_resolve;
	c->resolve_arg = &j->app->paths;
	c->package = catalogue_package;
	c->package_arg = j->app;
	c->params = j->params;
	c->param_count = j->param_count;
	c->preload = opt_flag(o, "preload") ? j->app->paths.preload : NULL;
	c->preload_options = j->preload_options;
	c->measurer = "native";
	c->preload_measurer = opt_given(o, "instrument") || opt_number(o, "jemalloc-cap") > 0 ||
	                      (j->preload_options != NULL && strstr(j->preload_options, "fail=") != NULL);
	c->leak_check = opt_flag(o, "leak-check") || j->soak_ns > 0;
	c->soak_ns = j->soak_ns;
	c->jemalloc_cap = opt_number(o, "jemalloc-cap");
	c->allocator = j->alloc.path;
	c->allocator_title = j->alloc.title;
	c->timeout_ns = opt_number(o, "timeout");
	c->grace_ns = opt_number(o, "grace");
	c->memory_bytes = opt_number(o, "memory");
	c->output_limit = opt_number(o, "output-limit");
	c->sample_ns = opt_number(o, "sample-every");
	c->workers = pipeline_workers(o);
	c->container = pipeline_contained(o);
	c->container_root = opt_text(o, "container-root");
	c->container_image = opt_text(o, "container-image");
	c->container_engine = container_engine(o);
	c->container_init = access(j->app->paths.init, X_OK) == 0 ? j->app->paths.init : NULL;
	c->wrap = j->wrap != NULL ? j->wrap : opt_text(o, "wrap");
	c->keep = opt_flag(o, "keep") || opt_flag(o, "coverage");
	c->clean_home = opt_flag(o, "clean-home") || opt_flag(o, "safe-mode");
	c->batch = opt_number(o, "batch");
	c->between = opt_text(o, "between");
	c->self_protect = pipeline_protects(o);
	c->cpu_threshold = (double)opt_number(o, opt_given(o, "cpu-limit") ? "cpu-limit" : "cpu-threshold");
	c->memory_threshold = (double)opt_number(o, opt_given(o, "mem-limit") ? "mem-limit" : "mem-threshold");
	c->disk_threshold = (double)opt_number(o, "disk-threshold");
	c->protect_after_ns = opt_number(o, "protect-after");
	c->suite_timeout_ns = suite_timeout(o);
	c->retry = (unsigned)opt_number(o, "retry");
	c->fail_fast = (unsigned)opt_number(o, "fail-fast");
	c->force = opt_flag(o, "force") || j->grown;
	c->run_skipped = opt_flag(o, "run-skipped") || opt_flag(o, "only-skipped");
}

int pipeline_config(const struct pipeline *j, struct runner_config *c, struct err *e)
{
	int r = check_modes(&j->app->opts, e);

	if (r == 0)
		r = check_wrap(j, e);
	if (r == 0)
		r = fill_limits(&j->app->opts, c, e);
	if (r == 0)
		fill_config(j, c);
	return r;
}
