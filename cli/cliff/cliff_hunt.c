// One cliff: by generating and running a kernel at one value after another.
#include "cliff_hunt.h"

#include "cliff.h"
#include "emit.h"
#include "io.h"
#include "units.h"
#include "verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PRECISION 0.01
#define LONGEST_WAIT 40.0 // times the limit, on the busiest machine

// One kernel on one target, while its cliff is looked for.
struct search {
	struct hunt *hunt;
	struct kernel *kernel; // changed for each trial
	struct kernel_param *param;
	const struct hunt_scenario *scenario; // in the place of a kernel; NULL
	struct cliff *cliff;
	struct trial trial;
	struct trial_end broken; // the end at the least value that has failed so far
	int64_t broken_at;
	struct err e; // of the last trial
};

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory");
}

// ---- one trial ----------------------------------------------------------------------------------------------

int hunt_kernel_text(struct kernel *k, struct kernel_param *param, int64_t value, int64_t repeat, struct buf *out)
{
	struct node none = { .kind = NODE_INT };
	int r;

	param->value = value;
	k->repeat = repeat;
	k->timeout_s = 0;
	k->instance_count = 0;
	k->stack = &none; // Python's recursion limit stays what it is
	r = kernel_write(k, NULL, out);
	k->stack = NULL;
	return r;
}

static int kernel_at(struct search *s, int64_t value, struct buf *out)
{
	if (s->scenario != NULL)
		return s->scenario->write(s->scenario, value, out) < 0 ? no_memory(&s->e) : 0;
	return hunt_kernel_text(s->kernel, s->param, value, 1, out) < 0 ? no_memory(&s->e) : 0;
}

static int note_point(struct search *s, int64_t value, const struct trial_end *end)
{
	struct cliff *c = s->cliff;
	struct cliff_point *grown = reallocarray(c->points, c->point_count + 1, sizeof *grown);

	if (grown == NULL)
		return no_memory(&s->e);
	c->points = grown;
	grown[c->point_count++] =
	        (struct cliff_point){ value, end->verdict, end->wall_ns, end->cpu_ns, end->peak_rss_bytes };
	if (end->verdict != VERDICT_PASSED && (s->broken_at == 0 || value <= s->broken_at)) {
		s->broken = *end;
		s->broken_at = value;
	}
	return 0;
}

static void say_trial(const struct search *s, int64_t value, const struct trial_end *end)
{
	char count[32], time[32], memory[32];

	if (s->hunt->pairs == 1 && !opt_flag(&s->hunt->app->opts, "quiet"))
		say(s->hunt->app, "%s %s: %s in %s%s%s", s->cliff->param,
		    units_count(count, sizeof count, (uint64_t)value), verdict_name(end->verdict),
		    units_duration(time, sizeof time, end->wall_ns), end->peak_rss_bytes > 0 ? ", " : "",
		    end->peak_rss_bytes > 0 ? units_bytes(memory, sizeof memory, end->peak_rss_bytes) : "");
}

// On a busy machine a trial waits for its turn: that is not its own time. It is killed at twice the limit, and
// later where more programs want to run than there are processors.
static uint64_t kill_after_ns(uint64_t limit_ns)
{
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);
	double load = 0, times = 2;

	if (processors > 0 && getloadavg(&load, 1) == 1)
		times = fmin(fmax(times, 2 * (load + 1) / (double)processors), LONGEST_WAIT);
	return (uint64_t)((double)limit_ns * times);
}

static void judge_time(const struct search *s, struct trial_end *end)
{
	uint64_t own_ns = end->cpu_ns < end->wall_ns ? end->cpu_ns : end->wall_ns;
	char took[32], limit[32];

	if (end->late && end->verdict == VERDICT_FAILED) { // its evidence says which deadline
		end->verdict = VERDICT_TIMEOUT;
		return;
	}
	const bool cut_off = end->verdict == VERDICT_CRASHED &&
	                     (end->signal == SIGXCPU || end->signal == SIGKILL) &&
	                     end->cpu_ns >= s->trial.cpu_s * 1000000000;

	if (!cut_off && (end->verdict != VERDICT_PASSED || own_ns <= s->hunt->found.timeout_ns))
		return;
	end->verdict = VERDICT_TIMEOUT;
	snprintf(end->evidence, sizeof end->evidence, "it took %s, longer than its %s",
	         units_duration(took, sizeof took, own_ns),
	         units_duration(limit, sizeof limit, s->hunt->found.timeout_ns));
}

static int run_trial(struct search *s, const struct buf *text, struct trial_end *end)
{
	s->trial.timeout_ns = kill_after_ns(s->hunt->found.timeout_ns);
	return s->scenario != NULL ? trial_run_scenario(&s->trial, text->data, text->len, end)
	                           : trial_run(&s->trial, text->data, text->len, end);
}

static int probe(void *arg, int64_t value)
{
	struct search *s = arg;
	struct trial_end end = { 0 };
	struct buf text = { 0 };
	int r = kernel_at(s, value, &text);

	if (r == 0)
		r = run_trial(s, &text, &end);
	buf_deinit(&text);
	judge_time(s, &end);
	if (r == 0)
		r = note_point(s, value, &end);
	if (r < 0)
		return r;
	say_trial(s, value, &end);
	return end.verdict == VERDICT_PASSED;
}

// ---- one cliff ----------------------------------------------------------------------------------------------

// What the person must type to see it break.
static char *again(const struct search *s, const char *suite)
{
	const struct cliffs *all = &s->hunt->found;
	struct buf b = { 0 };

	buf_addf(&b, "%s run ", pipeline_self());
	pipeline_quote(suite, &b);
	buf_addf(&b, " --timeout %" PRIu64 "ms", all->timeout_ns / 1000000);
	if (all->memory_bytes > 0)
		buf_addf(&b, " --memory %" PRIu64, all->memory_bytes);
	if (strstr(s->trial.target.command != NULL ? s->trial.target.command : "", "{param:slab-capacity}") !=
	            NULL ||
	    strchr(s->cliff->target, '@') != NULL)
		buf_addf(&b, " --slab-capacity %" PRIu64, all->slab_bytes);
	if (s->trial.alloc != NULL) {
		buf_adds(&b, " --alloc");
		pipeline_quote(s->trial.alloc->spec, &b);
	}
	return buf_take(&b);
}

static int keep_scenario(const char *dir, const struct buf *text, struct err *e)
{
	int r = io_make_dirs(dir, e);
	char *path = io_join(dir, "cliff.h2");

	if (r == 0)
		r = path == NULL ? no_memory(e) : io_replace_file(path, text->data, text->len, e);
	free(path);
	return r;
}

// Writes the program that breaks into a suite of its own.
static int keep_breaking(struct search *s)
{
	struct cliff *c = s->cliff;
	struct suite suite = { 0 };
	struct buf text = { 0 };
	char *name = NULL;
	int r = kernel_at(s, c->fails, &text);

	if (r == 0 && asprintf(&name, "%s%s%s.%s", c->kernel, s->scenario != NULL ? "-" : "",
	                       s->scenario != NULL ? c->param : "", c->target) < 0)
		r = no_memory(s->hunt->e);
	for (char *at = name; r == 0 && *at != '\0'; at++)
		*at = *at == '/' || *at == ':' ? '-' : *at;
	c->suite = r == 0 ? io_join(s->hunt->dir, name) : NULL;
	if (r == 0 && c->suite == NULL)
		r = no_memory(s->hunt->e);
	if (r == 0 && s->scenario != NULL)
		r = keep_scenario(c->suite, &text, &s->e);
	else if (r == 0)
		r = trial_keep(&s->trial, text.data, text.len, c->suite, &suite);
	if (r < 0)
		err_set(s->hunt->e, -r, "%s", s->e.text);
	else if ((c->again = again(s, c->suite)) == NULL)
		r = no_memory(s->hunt->e);
	suite_deinit(&suite);
	buf_deinit(&text);
	free(name);
	return r;
}

static int take_texts(struct cliff *c, const struct trial_end *end)
{
	c->verdict = end->verdict;
	c->clean = end->clean;
	c->evidence = strdup(end->evidence);
	c->slab = strdup(end->slab);
	c->heap = strdup(end->heap);
	return c->evidence != NULL && c->slab != NULL && c->heap != NULL ? 0 : -ENOMEM;
}

// The language or the evaluator cannot follow: the search ends, the hunt goes on.
static bool is_end_of_road(int r)
{
	return r == -ENOTSUP || r == -ELOOP || r == -ENOSPC || r == -ERANGE;
}

// Where a heap gave way, or --alloc chose one: the same program once more with the allocator instrumented, which
// no figure of the search comes from.
static int look_at_heap(struct search *s)
{
	struct trial_end end = { 0 };
	struct buf text = { 0 };
	int r = 0;

	if (s->scenario != NULL || s->cliff->fails == 0 || s->broken.slab[0] != '\0' ||
	    s->broken.verdict == VERDICT_TIMEOUT ||
	    (s->broken.verdict != VERDICT_OUT_OF_MEMORY && s->trial.alloc == NULL))
		return 0;
	r = kernel_at(s, s->cliff->fails, &text);
	s->trial.preload = true;
	if (r == 0)
		r = run_trial(s, &text, &end);
	s->trial.preload = false;
	buf_deinit(&text);
	snprintf(s->broken.heap, sizeof s->broken.heap, "%s", end.heap);
	return r == -EINTR ? 0 : r;
}

static int take_result(struct search *s, const struct cliff_search *f)
{
	static const enum cliff_state states[] = { [CLIFF_FOUND] = CLIFF_STATE_FOUND,
		                                   [CLIFF_NONE] = CLIFF_STATE_NONE,
		                                   [CLIFF_AT_ONCE] = CLIFF_STATE_AT_ONCE,
		                                   [CLIFF_STOPPED] = CLIFF_STATE_OPEN };
	struct cliff *c = s->cliff;
	int r = 0;

	c->state = states[f->found];
	c->passes = f->passes;
	c->fails = f->fails;
	c->sharp = f->sharp;
	if (f->stopped < 0) {
		c->why = strdup(f->stopped == -EINTR ? "stopped" : s->e.text);
		s->hunt->interrupted = f->stopped == -EINTR;
		if (f->stopped != -EINTR && !is_end_of_road(f->stopped))
			return err_set(s->hunt->e, -f->stopped, "%s", s->e.text);
	}
	if (f->stopped == 0 && look_at_heap(s) < 0)
		return err_set(s->hunt->e, EIO, "%s", s->e.text);
	if (c->fails > 0)
		r = take_texts(c, &s->broken);
	if (r < 0)
		return no_memory(s->hunt->e);
	return c->fails > 0 ? keep_breaking(s) : 0;
}

// Where values begin and end: as the kernel says.
static void take_range(const struct search *s, struct cliff_search *f)
{
	const int64_t end = s->hunt->most;

	if (s->scenario != NULL) {
		f->least = s->scenario->least;
		f->first = s->scenario->first;
		f->most = s->scenario->most;
		return;
	}
	f->least = s->param->min > 1 ? s->param->min : 1;
	f->most = end > 0 && end < s->param->max ? end : s->param->max;
	f->first = s->param->value > f->least ? s->param->value : f->least;
	f->first = f->first < f->most ? f->first : f->most;
}

static int look(struct search *s)
{
	struct cliff_search f = { .precision = PRECISION,
		                  .repeats = (unsigned)opt_number(&s->hunt->app->opts, "tries"),
		                  .probe = probe,
		                  .arg = s };
	int r = trial_open(&s->trial);

	take_range(s, &f);
	if (r == 0)
		cliff_find(&f);
	else
		err_set(s->hunt->e, -r, "%s", s->e.text);
	if (r == 0)
		r = take_result(s, &f);
	return r;
}

int hunt_set_slab(struct hunt *h, struct trial *t)
{
	struct param *p = t->params = calloc(1, sizeof *p);

	if (p == NULL)
		return no_memory(h->e);
	t->param_count = 1;
	p->name = strdup("slab-capacity");
	if (asprintf(&p->value, "%" PRIu64, h->found.slab_bytes) < 0)
		p->value = NULL;
	return p->name != NULL && p->value != NULL ? 0 : no_memory(h->e);
}

// What all processors together could do in the limit, and twice it at least: whatever takes more is too slow,
// however many threads it has, and need not be waited for on a busy machine.
static uint64_t most_cpu_s(uint64_t limit_ns)
{
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);

	return (limit_ns * (processors > 2 ? (uint64_t)processors : 2) + 999999999) / 1000000000;
}

struct trial hunt_trial(struct hunt *h, const struct gen_target *target)
{
	return (struct trial){ .app = h->app,
		               .target = *target,
		               .timeout_ns = kill_after_ns(h->found.timeout_ns),
		               .cpu_s = most_cpu_s(h->found.timeout_ns),
		               .memory_bytes = h->found.memory_bytes,
		               .alloc = h->alloc.spec != NULL ? &h->alloc : NULL,
		               .prefix = "stressgen-cliff" };
}

// "depth" where there is one, else the first; NULL when there is none.
struct kernel_param *hunt_param(const struct kernel *k, const char *name)
{
	for (size_t i = 0; i < k->param_count; i++)
		if (strcmp(k->params[i].var->name, name != NULL ? name : "depth") == 0)
			return &k->params[i];
	return name == NULL && k->param_count > 0 ? &k->params[0] : NULL;
}

static struct cliff *new_cliff(struct hunt *h, const char *kernel, const char *param, const char *target)
{
	struct cliff *grown = reallocarray(h->found.items, h->found.count + 1, sizeof *grown), *c;

	if (grown == NULL)
		return NULL;
	h->found.items = grown;
	c = &grown[h->found.count++];
	*c = (struct cliff){ .kernel = strdup(kernel), .param = strdup(param), .target = strdup(target) };
	return c->kernel != NULL && c->param != NULL && c->target != NULL ? c : NULL;
}

static void say_cliff(const struct hunt *h, const struct cliff *c)
{
	char passes[32], fails[32];

	if (h->pairs == 1 || opt_flag(&h->app->opts, "quiet") || c->state == CLIFF_STATE_LACKS)
		return;
	say(h->app, "%zu of %zu: %s%s%s on %s: %s %s%s%s", h->pair, h->pairs, c->kernel,
	    strcmp(c->kernel, "http2") == 0 ? " " : "", strcmp(c->kernel, "http2") == 0 ? c->param : "", c->target,
	    c->passes > 0 ? units_count(passes, sizeof passes, (uint64_t)c->passes) : "nothing", "passes",
	    c->fails > 0 ? ", fails at " : "",
	    c->fails > 0 ? units_count(fails, sizeof fails, (uint64_t)c->fails) : "");
}

int hunt_one(struct hunt *h, const char *path, const struct gen_target *target)
{
	struct search s = { .hunt = h, .trial = hunt_trial(h, target) };
	char reason[256];
	int r = kernel_load(path, &s.kernel, h->e);

	if (r == 0)
		s.param = hunt_param(s.kernel, opt_text(&h->app->opts, "param"));
	if (r == 0 && s.param == NULL)
		r = err_set(h->e, EINVAL, "%s has no parameter%s%s", path,
		            opt_text(&h->app->opts, "param") != NULL ? " " : " to search",
		            opt_text(&h->app->opts, "param") != NULL ? opt_text(&h->app->opts, "param") : "");
	if (r == 0 && (s.cliff = new_cliff(h, s.kernel->name, s.param->var->name, target->name)) == NULL)
		r = no_memory(h->e);
	if (r == 0 && emit_lacks(target->dialect, s.kernel, reason, sizeof reason) != NULL) {
		s.cliff->state = CLIFF_STATE_LACKS;
		s.cliff->why = strdup(reason);
	} else if (r == 0) {
		s.trial.e = &s.e;
		r = hunt_set_slab(h, &s.trial);
		if (r == 0)
			r = look(&s);
	}
	if (r == 0)
		say_cliff(h, s.cliff);
	trial_close(&s.trial);
	kernel_free(s.kernel);
	return r;
}

int hunt_one_scenario(struct hunt *h, const struct hunt_scenario *scenario)
{
	const struct gen_target none = { .name = scenario->target };
	struct search s = { .hunt = h, .scenario = scenario, .trial = hunt_trial(h, &none) };
	int r = 0;

	if ((s.cliff = new_cliff(h, "http2", scenario->param, scenario->target)) == NULL)
		r = no_memory(h->e);
	s.trial.e = &s.e;
	if (r == 0)
		r = look(&s);
	if (r == 0)
		say_cliff(h, s.cliff);
	trial_close(&s.trial);
	return r;
}
