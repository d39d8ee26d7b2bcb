// stressgen gen: kernels and scenarios in, a suite out.
#include "catalogue.h"
#include "gen.h"
#include "pipeline.h"
#include "rng.h"
#include "verdict.h"
#include "workload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int exit_for(const struct err *e, int r)
{
	return r == -ENODEV ? (complain(e, r), SG_EXIT_MISSING) : complain(e, r);
}

static bool names_h2(const char *targets)
{
	const size_t len = strlen(H2_TARGET);

	for (const char *p = targets; p != NULL && (p = strstr(p, H2_TARGET)) != NULL; p += len)
		if ((p == targets || strchr(",\n", p[-1]) != NULL) &&
		    (p[len] == '\0' || strchr(",\n", p[len]) != NULL))
			return true;
	return false;
}

// A server is to be stressed, and no runtime beside it.
static bool wants_h2_alone(const struct opt_set *opts)
{
	const char *targets = opt_text(opts, "target");

	if (targets != NULL)
		return strcmp(targets, H2_TARGET) == 0;
	return opt_text(opts, "h2-target") != NULL && opt_text(opts, "kernel") == NULL &&
	       opt_text(opts, "target-cmd") == NULL && opt_text(opts, "dialect") == NULL;
}

// Random and hostile programs come in place of the catalogue.
static bool wants_catalogue(const struct opt_set *opts)
{
	return !wants_h2_alone(opts) && (opt_text(opts, "kernel") != NULL ||
	                                 (opt_number(opts, "random") == 0 && opt_number(opts, "malformed") == 0));
}

// HTTP/2 scenarios or native workloads. Without --target, a --target-cmd is meant alone, and these are nothing for
// it.
static bool wants_other(const struct opt_set *opts, const char *option)
{
	if (opt_given(opts, option))
		return opt_flag(opts, option);
	if (strcmp(option, "http2") == 0 && (wants_h2_alone(opts) || names_h2(opt_text(opts, "target"))))
		return true;
	return wants_catalogue(opts) && opt_text(opts, "target") == NULL && opt_text(opts, "target-cmd") == NULL &&
	       opt_text(opts, "kernel") == NULL;
}

// Servers in the targets' languages: with what is written for targets that were named too.
static bool wants_servers(const struct opt_set *opts)
{
	if (opt_given(opts, "http2-serve"))
		return opt_flag(opts, "http2-serve");
	return opt_flag(opts, "http2") && wants_catalogue(opts) && opt_text(opts, "kernel") == NULL &&
	       opt_text(opts, "target-cmd") == NULL;
}

struct plan { // what gen_suite is asked for, and what it is made of
	struct catalogue catalogue;
	struct strings kernels;
	struct gen_target *targets;
	size_t target_count;
	struct gen_workload *workloads;
	size_t workload_count;
	struct gen_target *servers;
	size_t server_count;
	bool no_server;        // looked for on this machine, and none is there
	struct buf no_library; // targets that could serve, but for a library that is not here
	struct strings params;
	struct gen_config config;
};

static void plan_deinit(struct plan *p)
{
	catalogue_deinit(&p->catalogue);
	strings_deinit(&p->kernels);
	free(p->targets);
	free(p->workloads);
	free(p->servers);
	buf_deinit(&p->no_library);
	strings_deinit(&p->params);
}

// What the descriptors of the workloads ask for.
static int plan_workloads(struct plan *p, struct err *e)
{
	const struct workload *w;
	size_t room = 0;

	for (size_t i = 0; (w = workload_at(i)) != NULL; i++)
		for (const struct workload_case *c = w->cases; c != NULL && c->suffix != NULL; c++)
			room++;
	p->workloads = calloc(room + 1, sizeof *p->workloads);
	if (p->workloads == NULL)
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; (w = workload_at(i)) != NULL; i++)
		for (const struct workload_case *c = w->cases; c != NULL && c->suffix != NULL; c++)
			p->workloads[p->workload_count++] =
			        (struct gen_workload){ w->name, w->summary, c->suffix, c->values, c->slow };
	return 0;
}

// Leaves out those of the targets that were named whose libraries are not here. An error where servers were asked
// for by an option of theirs, and none is left.
static int drop_servers(struct plan *p, const struct opt_set *opts, struct err *e)
{
	const bool asked = opt_given(opts, "http2-serve") || opt_number(opts, "http2-fuzz") > 0;
	size_t kept = 0;

	for (size_t i = 0; i < p->server_count; i++) {
		const char *name = p->servers[i].name, *package = "";

		if (!catalogue_lacks_library(&p->catalogue, name, &package)) {
			p->servers[kept++] = p->servers[i];
			continue;
		}
		buf_addf(&p->no_library, "%s%s%s%s%s", p->no_library.len > 0 ? ", " : "", name,
		         *package != '\0' ? " (" : "", package, *package != '\0' ? ")" : "");
	}
	p->server_count = kept;
	if (asked && kept == 0 && p->no_library.len > 0)
		return err_set(e, ENODEV, "the library that HTTP/2 servers need is not here for %s",
		               buf_text(&p->no_library));
	return 0;
}

// The targets that were named, else whatever is on this machine.
static int plan_servers(struct plan *p, const struct opt_set *opts, struct err *e)
{
	if (opt_text(opts, "target") != NULL || opt_text(opts, "dialect") != NULL ||
	    opt_text(opts, "target-cmd") != NULL) {
		const int rc = catalogue_targets(&p->catalogue, opts, &p->servers, &p->server_count, e);
		return rc == 0 && opt_text(opts, "target") != NULL ? drop_servers(p, opts, e) : rc;
	}
	const int r = catalogue_servers(&p->catalogue, &p->servers, &p->server_count, e);
	p->no_server = r == 0 && p->server_count == 0;
	return r;
}

// The words of --http2-param.
static int plan_params(struct plan *p, const struct opt_set *opts, struct err *e)
{
	const char *text = opt_text(opts, "http2-param");
	int r = 0;

	while (r == 0 && text != NULL && *text != 0) {
		const size_t len = strcspn(text, ",\n");

		r = strings_add(&p->params, text, len) < 0 ? err_set(e, ENOMEM, "out of memory") : 0;
		if (r == 0 && memchr(text, '=', len) == NULL)
			r = err_set(e, EINVAL, "--http2-param: '%.*s' is no NAME=VALUE", (int)len, text);
		text += len + (text[len] != 0);
	}
	return r;
}

static int plan_init(struct plan *p, const struct app *app, const char *dir, struct err *e)
{
	const struct opt_set *opts = &app->opts;
	int r = catalogue_init(&p->catalogue, app, e);

	if (r == 0 && wants_h2_alone(opts) && opt_text(opts, "kernel") != NULL)
		r = err_set(e, EINVAL,
		            "--target " H2_TARGET " runs no kernel; name a runtime too, or leave --kernel out");
	if (r == 0 && !wants_h2_alone(opts))
		r = catalogue_targets(&p->catalogue, opts, &p->targets, &p->target_count, e);
	if (r == 0 && wants_catalogue(opts))
		r = catalogue_kernels(&p->catalogue, opts, &p->kernels, e);
	if (r == 0)
		r = plan_workloads(p, e);
	if (r == 0 && (wants_servers(opts) || opt_number(opts, "http2-fuzz") > 0))
		r = plan_servers(p, opts, e);
	if (r == 0)
		r = plan_params(p, opts, e);
	p->config = (struct gen_config){
		.kernels = (const char *const *)p->kernels.items,
		.kernel_count = p->kernels.count,
		.scenarios = (const char *const *)p->catalogue.scenarios.items,
		.scenario_count = wants_other(opts, "http2") ? p->catalogue.scenarios.count : 0,
		.services = (const char *const *)p->catalogue.services.items,
		.service_count = p->server_count > 0 && wants_servers(opts) ? p->catalogue.services.count : 0,
		.fuzz_count = opt_number(opts, "http2-fuzz"),
		.servers = p->servers,
		.server_count = p->server_count,
		.kernel_dir = app->paths.kernels,
		.params = (const char *const *)p->params.items,
		.param_count = p->params.count,
		.workloads = p->workloads,
		.workload_count = wants_other(opts, "workloads") ? p->workload_count : 0,
		.random_count = opt_number(opts, "random"),
		.malformed_count = opt_number(opts, "malformed"),
		.random_size = (unsigned)opt_number(opts, "size"),
		.targets = p->targets,
		.target_count = p->target_count,
		.out_dir = dir,
		.seed = opt_given(opts, "seed") ? opt_number(opts, "seed") : rng_fresh_seed(),
		.depth = opt_number(opts, "depth"),
		.sizes = (unsigned)opt_number(opts, "sizes"),
		.coverage = opt_flag(opts, "coverage"),
		.heap_bytes = opt_number(opts, "heap-limit"),
		.stack_bytes = opt_number(opts, "stack-limit"),
		.gc_modes = opt_text(opts, "gc-mode"),
		.generator = "stressgen " SG_VERSION,
	};
	return r;
}

// Whether an earlier one is of the same kernel, and of the same language unless `dialect` is NULL.
static bool is_said(const struct suite *s, size_t i, const char *dialect)
{
	for (size_t n = 0; n < i; n++)
		if (strcmp(s->left_out[n].kernel, s->left_out[i].kernel) == 0 &&
		    (dialect == NULL || strcmp(s->left_out[n].dialect, dialect) == 0))
			return true;
	return false;
}

// A kernel's languages, each once; behind a single one the reason.
static void add_languages(struct buf *out, const struct suite *s, size_t first)
{
	size_t count = 0;

	for (size_t i = first; i < s->left_out_count; i++)
		if (strcmp(s->left_out[i].kernel, s->left_out[first].kernel) == 0 && ++count > 0 &&
		    !is_said(s, i, s->left_out[i].dialect))
			buf_addf(out, "%s%s", i > first ? ", " : "", s->left_out[i].dialect);
	if (count == 1)
		buf_addf(out, " (%s)", s->left_out[first].reason);
}

static void say_left_out(const struct app *app, const struct suite *s)
{
	struct buf lines = { 0 };

	for (size_t i = 0; i < s->left_out_count; i++) {
		if (is_said(s, i, NULL))
			continue;
		buf_addf(&lines, "\n    %s: ", s->left_out[i].kernel);
		add_languages(&lines, s, i);
	}
	if (lines.len > 0)
		say(app, "left out where a language lacks what the kernel needs (suite.json says what):%s",
		    buf_text(&lines));
	buf_deinit(&lines);
}

static void say_plan(const struct app *app, const struct plan *p, const struct suite *s)
{
	size_t kernels = p->kernels.count + (size_t)p->config.random_count;
	struct buf names = { 0 };

	for (size_t i = 0; i < p->target_count; i++)
		buf_addf(&names, "%s%s", i > 0 ? ", " : "", p->targets[i].name);
	if (kernels > 0)
		say(app, "%zu test%s from %zu kernel%s for %s%s%s, depth %llu, seed %llu", s->count,
		    s->count == 1 ? "" : "s", kernels, kernels == 1 ? "" : "s", buf_text(&names),
		    p->config.scenario_count > 0 ? ", HTTP/2" : "",
		    p->config.workload_count > 0 ? ", and native workloads of malloc" : "",
		    (unsigned long long)p->config.depth, (unsigned long long)p->config.seed);
	else
		say(app, "%zu test%s%s%s, seed %llu", s->count, s->count == 1 ? "" : "s",
		    p->config.scenario_count > 0 ? " of HTTP/2" : "",
		    p->config.workload_count > 0 ? " and native workloads of malloc" : "",
		    (unsigned long long)p->config.seed);
	if (p->no_server)
		say(app,
		    "no tests of http2-serve: no runtime on this machine serves HTTP/2 (try: apt-get install nodejs, or python3-h2)");
	if (p->no_library.len > 0)
		say(app, "no tests of http2-serve for %s: the library of its servers is not here",
		    buf_text(&p->no_library));
	say_left_out(app, s);
	buf_deinit(&names);
}

static int generate(struct app *app, const char *dir, const struct gen_config *more)
{
	struct plan plan = { 0 };
	struct suite suite = { 0 };
	struct err e = { 0 };
	int r = plan_init(&plan, app, dir, &e);

	if (more != NULL) {
		plan.config.seed = more->seed;
		plan.config.more_sizes = more->more_sizes;
		plan.config.more_count = more->more_count;
	}
	if (r == 0)
		r = gen_suite(&plan.config, &e);
	if (r == 0)
		r = suite_load(dir, &suite, &e);
	if (r == 0 && more == NULL)
		say_plan(app, &plan, &suite);
	suite_deinit(&suite);
	plan_deinit(&plan);
	return r < 0 ? exit_for(&e, r) : SG_EXIT_OK;
}

int pipeline_generate(struct app *app, const char *dir)
{
	return generate(app, dir, NULL);
}

int pipeline_generate_more(struct app *app, const char *dir, uint64_t seed, const struct gen_size *more,
                           size_t count)
{
	const struct gen_config config = { .seed = seed, .more_sizes = more, .more_count = count };

	return generate(app, dir, &config);
}

static int check(const char *path)
{
	struct err e = { 0 };
	int r = gen_check_kernel(path, &e);

	if (r < 0)
		return complain(&e, r);
	printf("%s: no fault found\n", path);
	return SG_EXIT_OK;
}

// Every file, whatever is wrong with those before it; the exit code is that of the first one with a fault.
static int check_all(const struct app *app, const char *named)
{
	char *copy = strdup(named), *rest = copy;
	struct err e = { 0 };
	int first = copy == NULL ? complain(&e, err_set(&e, ENOMEM, "out of memory")) : SG_EXIT_OK;

	for (char *path; copy != NULL && (path = strsep(&rest, "\n")) != NULL;) {
		int code = check(path);
		first = first == SG_EXIT_OK ? code : first;
	}
	for (size_t i = 0; copy != NULL && i < app->opts.arg_count; i++) {
		int code = check(app->opts.args[i]);
		first = first == SG_EXIT_OK ? code : first;
	}
	free(copy);
	return first;
}

int cmd_gen(struct app *app)
{
	const char *dir = opt_text(&app->opts, "output");
	const char *kernels = opt_text(&app->opts, "check");
	struct err e = { 0 };
	int code;

	if (kernels != NULL)
		return check_all(app, kernels);
	if (app->opts.arg_count > 0)
		return complain(&e, err_set(&e, EINVAL, "gen takes no '%s'; stressgen gen --help has examples",
		                            app->opts.args[0]));
	dir = dir != NULL ? dir : SG_SUITE_DIR;
	code = pipeline_generate(app, dir);
	if (code == SG_EXIT_OK)
		say(app, "written to %s; next: %s run %s", dir, pipeline_self(), dir);
	return code;
}
