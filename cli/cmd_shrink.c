// stressgen shrink: a failing generated test made small, by generating and running smaller ones.
#include "catalogue.h"
#include "clock.h"
#include "eval.h"
#include "io.h"
#include "pipeline.h"
#include "shrink.h"
#include "trial.h"
#include "verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHRUNK_DIR "stressgen-shrunk"
// A failure that is there only sometimes shows itself in one of so many runs, mostly.
#define CONFIRM_RUNS 3

// How a test ended, as far as a smaller one must end likewise.

struct job {
	struct app *app;
	struct catalogue catalogue;
	struct pipeline origin; // where the test comes from
	struct trial trial;
	struct gen_target *chosen; // owned; the trial's is one of them, or of its own
	char *command;             // owned, of the target
	struct buf kernel;         // with the test's parameters
	struct trial_end first;
	uint64_t deadline_ns; // 0: none
	struct err *e;
};

static void job_deinit(struct job *s)
{
	trial_close(&s->trial);
	catalogue_deinit(&s->catalogue);
	pipeline_deinit(&s->origin);
	free(s->chosen);
	free(s->command);
	buf_deinit(&s->kernel);
}

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory");
}

// ---- one trial ----------------------------------------------------------------------------------------------

static bool is_same(const struct trial_end *a, const struct trial_end *b)
{
	return a->verdict == b->verdict && a->clean == b->clean && a->wrong == b->wrong &&
	       a->signal == b->signal && a->exit_code == b->exit_code;
}

static int fails(void *arg, __attribute__((unused)) const struct kernel *k, const char *text, size_t len)
{
	struct job *s = arg;
	struct trial_end end = { 0 };
	int r;

	if (s->deadline_ns != 0 && clock_now_ns() >= s->deadline_ns)
		return -ETIME;
	r = trial_run(&s->trial, text, len, &end);
	if (r == -ENOTSUP)
		return 0;
	return r < 0 ? r : is_same(&end, &s->first);
}

// ---- which test ---------------------------------------------------------------------------------------------

// The directory above `path` that holds a suite.json; "" when there is none.
static void find_suite(const char *path, char *dir, size_t size)
{
	snprintf(dir, size, "%s", path);
	for (char *slash; (slash = strrchr(dir, '/')) != NULL;) {
		char *file;
		*slash = '\0';
		file = io_join(dir, "suite.json");
		bool there = file != NULL && access(file, F_OK) == 0;
		free(file);
		if (there)
			return;
	}
	dir[0] = '\0';
}

static const struct suite_test *test_of_path(const struct suite *s, const char *dir, const char *path)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->tests[i].path, path + strlen(dir) + 1) == 0)
			return &s->tests[i];
	return NULL;
}

// An id in a suite or run, or the path of a program in a suite.
static int find_test(struct job *s, const char *name, const struct suite_test **out)
{
	const struct opt_set *o = &s->app->opts;
	const char *from = o->arg_count > 1 ? o->args[1] : access(SG_LATEST, F_OK) == 0 ? SG_LATEST : SG_SUITE_DIR;
	bool is_file = access(name, F_OK) == 0;
	char dir[512];
	int r;

	if (is_file) {
		find_suite(name, dir, sizeof dir);
		if (dir[0] == '\0')
			return err_set(s->e, EINVAL,
			               "%s: there is no suite.json above it; name a test's id and its suite",
			               name);
		from = dir;
	}
	r = pipeline_load(&s->origin, from, s->e);
	if (r < 0)
		return r;
	*out = is_file ? test_of_path(&s->origin.suite, dir, name) : suite_find(&s->origin.suite, name);
	if (*out == NULL)
		return err_set(s->e, EINVAL, "%s has no test '%s'; stressgen list %s shows them", from, name,
		               from);
	return 0;
}

static bool ends_in(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n > m && strcmp(text + n - m, suffix) == 0;
}

// The test's kernel: in its suite, else what --kernel says, else in the catalogue.
static char *find_kernel(struct job *s, const struct suite_test *t)
{
	struct strings named = { 0 };
	const char *given = opt_text(&s->app->opts, "kernel");
	char *path = NULL, *file = NULL;

	if (t->source != NULL && ends_in(t->source, ".kernel"))
		return io_join(s->origin.suite.dir, t->source);
	if (t->kernel == NULL || asprintf(&file, "/%s.kernel", t->kernel) < 0)
		return NULL;
	if (given != NULL)
		path = strdup(given);
	for (size_t i = 0; path == NULL && i < s->catalogue.kernels.count; i++) {
		const char *known = s->catalogue.kernels.items[i];
		size_t n = strlen(known), m = strlen(file);
		if (n > m && strcmp(known + n - m, file) == 0)
			path = strdup(known);
	}
	free(file);
	strings_deinit(&named);
	return path;
}

// The kernel's text, its parameters those of the test (NULL: their defaults).
static int read_kernel(struct job *s, const char *path, const struct suite_test *t)
{
	int64_t values[KERNEL_ARGS_MAX];
	struct kernel *k = NULL;
	struct buf text = { 0 };
	int r = io_read_file(path, KERNEL_FILE_MAX, &text, s->e);

	if (r >= 0)
		r = kernel_parse(path, text.data, text.len, &k, s->e);
	for (size_t i = 0; r == 0 && i < k->param_count; i++) {
		const char *value = t != NULL ? test_meta_param(&t->meta, k->params[i].var->name) : NULL;
		values[i] = value != NULL ? strtoll(value, NULL, 10) : k->params[i].value;
	}
	if (r == 0)
		r = shrink_prepare(path, text.data, text.len, values, &s->kernel, s->e);
	kernel_free(k);
	buf_deinit(&text);
	return r < 0 ? r : 0;
}

static int use_test(struct job *s, const char *name)
{
	const struct suite_test *t;
	char *path = NULL;
	int r = find_test(s, name, &t);

	if (r < 0)
		return r;
	s->trial.target.dialect = t->dialect != NULL ? catalogue_dialect(&s->catalogue, t->dialect) : NULL;
	if (t->dialect != NULL && s->trial.target.dialect == NULL)
		return err_set(s->e, EINVAL, "there is no dialect '%s'; name its file with --dialect", t->dialect);
	path = find_kernel(s, t);
	if (path == NULL || s->trial.target.dialect == NULL)
		r = err_set(s->e, EINVAL,
		            "%s was not made from a kernel that is known here; name it with --kernel FILE", name);
	s->trial.target.name = t->target;
	s->trial.target.command = s->command = t->meta.run != NULL ? strdup(t->meta.run) : NULL;
	if (r == 0)
		r = read_kernel(s, path, t);
	free(path);
	return r;
}

static int use_kernel(struct job *s, const char *path)
{
	size_t count = 0;
	int r = catalogue_targets(&s->catalogue, &s->app->opts, &s->chosen, &count, s->e);

	if (r == 0 && count != 1)
		r = err_set(s->e, EINVAL, "%s: on which target does it fail? Name one with --target", path);
	if (r < 0)
		return r;
	s->trial.target = s->chosen[0];
	return read_kernel(s, path, NULL);
}

static int prepare(struct job *s)
{
	const struct opt_set *o = &s->app->opts;
	int r;

	if (o->arg_count < 1 || o->arg_count > 2)
		return err_set(s->e, EINVAL, "shrink takes a test: stressgen shrink TEST [SUITE|RUN]");
	r = catalogue_init(&s->catalogue, s->app, s->e);
	if (r == 0)
		r = ends_in(o->args[0], ".kernel") ? use_kernel(s, o->args[0]) : use_test(s, o->args[0]);
	if (r < 0)
		return r;
	s->trial.seed = s->origin.suite.seed;
	s->trial.params = s->origin.params;
	s->trial.param_count = s->origin.param_count;
	s->origin.params = NULL;
	s->origin.param_count = 0;
	return trial_open(&s->trial);
}

// ---- before and after ---------------------------------------------------------------------------------------

// 0 when it fails, each time in the same way; 1, and said, when it does not.
static int confirm(struct job *s)
{
	struct trial_end end;
	unsigned failed = 0, differs = 0;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < CONFIRM_RUNS; i++) {
		r = trial_run(&s->trial, s->kernel.data, s->kernel.len, &end);
		if (r == 0 && !end.expected) {
			if (failed++ == 0)
				s->first = end;
			differs += !is_same(&end, &s->first);
		}
	}
	if (r == -ENOTSUP)
		return err_set(s->e, EINVAL, "%s: the dialect %s can no longer write its kernel",
		               s->app->opts.args[0], dialect_name(s->trial.target.dialect));
	if (r < 0)
		return r;
	if (failed == CONFIRM_RUNS && differs == 0)
		return 0;
	if (failed == 0)
		printf("%s does not fail now: it passed %d times\n", s->app->opts.args[0], CONFIRM_RUNS);
	else
		printf("%s is flaky: of %d runs %u failed%s; what fails only sometimes is not shrunk. One end: %s: %s\n",
		       s->app->opts.args[0], CONFIRM_RUNS, failed, differs > 0 ? ", in several ways" : "",
		       verdict_name(s->first.verdict), s->first.evidence);
	return 1;
}

static void say_end(const struct job *s, const struct shrink *h)
{
	if (h->stopped == -ETIME)
		say(s->app, "the time is over (--within); it may get smaller still");
	else if (h->stopped == -EINTR)
		say(s->app, "stopped; this is the smallest so far");
	else if (h->stopped == 0)
		say(s->app, "nothing smaller was found to fail in that way");
}

static size_t count_lines(const struct buf *b)
{
	size_t lines = 0;

	for (size_t i = 0; i < b->len; i++)
		lines += b->data[i] == '\n';
	return lines;
}

static int print_file(const char *dir, const char *name, const char *what, struct err *e)
{
	char *path = io_join(dir, name);
	struct buf text = { 0 };
	int r = path == NULL ? no_memory(e) : io_read_file(path, KERNEL_FILE_MAX, &text, e);

	if (r >= 0)
		printf("%s  %zu lines%s\n", path, count_lines(&text), what);
	free(path);
	buf_deinit(&text);
	return r < 0 ? r : 0;
}

static int write_small(struct job *s, const struct shrink *h, const struct buf *small)
{
	const char *given = opt_text(&s->app->opts, "output"), *dir = given != NULL ? given : SHRUNK_DIR;
	struct suite suite = { 0 };
	char what[64];
	int r = trial_keep(&s->trial, small->data, small->len, dir, &suite);

	snprintf(what, sizeof what, ", %zu nodes (before: %zu)", h->nodes, h->nodes_before);
	if (r == 0)
		r = print_file(dir, suite.tests[0].source, what, s->e);
	if (r == 0)
		r = print_file(dir, suite.tests[0].path, "", s->e);
	if (r == 0)
		say(s->app, "run it with: %s run %s", pipeline_self(), dir);
	suite_deinit(&suite);
	return r;
}

static int make_small(struct job *s)
{
	struct shrink h = { .fails = fails, .arg = s };
	uint64_t within = opt_number(&s->app->opts, "within");
	struct buf small = { 0 };
	int r;

	say(s->app, "it fails: %s: %s", verdict_name(s->first.verdict), s->first.evidence);
	s->deadline_ns = within > 0 ? clock_now_ns() + within : 0;
	r = shrink_kernel(&h, "small.kernel", s->kernel.data, s->kernel.len, &small, s->e);
	if (r == 0 && h.stopped < 0 && h.stopped != -ETIME && h.stopped != -EINTR)
		r = h.stopped; // a trial could not be made, `e` says why
	if (r == 0) {
		say(s->app, "%zu smaller programs were run", h.tried);
		say_end(s, &h);
		r = write_small(s, &h, &small);
	}
	buf_deinit(&small);
	return r == 0 && h.stopped == -EINTR ? -EINTR : r;
}

int cmd_shrink(struct app *app)
{
	struct err e = { 0 };
	struct job s = { .app = app,
		         .origin = { .app = app },
		         .trial = { .app = app, .prefix = "stressgen-shrink", .e = &e },
		         .e = &e };
	int r = prepare(&s);

	if (r == 0)
		r = confirm(&s);
	if (r == 0)
		r = make_small(&s);
	job_deinit(&s);
	if (r == -EINTR)
		return SG_EXIT_SIGNAL + 2;
	return r < 0 ? complain(&e, r) : r == 0 ? SG_EXIT_OK : SG_EXIT_TESTS;
}
