// stressgen cliff: the value of a parameter from which a kernel breaks, by generating and running it at one value
// after another.
#include "catalogue.h"
#include "cliff.h"
#include "cliff_journal.h"
#include "cliffs.h"
#include "emit.h"
#include "io.h"
#include "kernel.h"
#include "pipeline.h"
#include "trial.h"
#include "units.h"
#include "verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIFFS_DIR "stressgen-cliffs"
#define TIMEOUT_NS UINT64_C(10000000000)
#define SLAB_BYTES (UINT64_C(16) << 20)
#define PRECISION 0.01

struct hunt {
	struct app *app;
	struct catalogue catalogue;
	struct strings kernels;
	struct gen_target *targets; // owned
	size_t target_count;
	const char *dir;
	struct cliffs found;
	size_t pairs, pair; // how many there are, and which one is under way, from 1
	bool interrupted;
	struct allocator_choice alloc; // --alloc's; zeroed where there is none
	struct cliff_journal journal;
	struct err *e;
};

// One kernel on one target, while its cliff is looked for.
struct search {
	struct hunt *hunt;
	struct kernel *kernel; // changed for each trial
	struct kernel_param *param;
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

// The kernel at that value: one repetition, and no limit but those of the runtime and of the trial.
static int kernel_at(struct search *s, int64_t value, struct buf *out)
{
	struct node none = { .kind = NODE_INT };
	struct kernel *k = s->kernel;

	s->param->value = value;
	k->repeat = 1;
	k->timeout_s = 0;
	k->instance_count = 0;
	k->stack = &none; // Python's recursion limit stays what it is
	int r = kernel_write(k, NULL, out);
	k->stack = NULL;
	return r < 0 ? no_memory(&s->e) : 0;
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
		say(s->hunt->app, "%s %s: %s in %s, %s", s->cliff->param,
		    units_count(count, sizeof count, (uint64_t)value), verdict_name(end->verdict),
		    units_duration(time, sizeof time, end->wall_ns),
		    units_bytes(memory, sizeof memory, end->peak_rss_bytes));
}

// On a busy machine a trial waits for its turn: that is not its own time. It is killed at twice the limit.
static void judge_time(const struct search *s, struct trial_end *end)
{
	uint64_t own_ns = end->cpu_ns < end->wall_ns ? end->cpu_ns : end->wall_ns;
	char took[32], limit[32];

	if (end->verdict != VERDICT_PASSED || own_ns <= s->hunt->found.timeout_ns)
		return;
	end->verdict = VERDICT_TIMEOUT;
	snprintf(end->evidence, sizeof end->evidence, "it took %s, longer than its %s",
	         units_duration(took, sizeof took, own_ns),
	         units_duration(limit, sizeof limit, s->hunt->found.timeout_ns));
}

static int probe(void *arg, int64_t value)
{
	struct search *s = arg;
	struct trial_end end = { 0 };
	struct buf text = { 0 };
	int r = kernel_at(s, value, &text);

	if (r == 0)
		r = trial_run(&s->trial, text.data, text.len, &end);
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

// Writes the program that breaks into a suite of its own.
static int keep_breaking(struct search *s)
{
	struct cliff *c = s->cliff;
	struct suite suite = { 0 };
	struct buf text = { 0 };
	char *name = NULL;
	int r = kernel_at(s, c->fails, &text);

	if (r == 0 && asprintf(&name, "%s.%s", c->kernel, c->target) < 0)
		r = no_memory(s->hunt->e);
	for (char *at = name; r == 0 && *at != '\0'; at++)
		*at = *at == '/' ? '-' : *at;
	c->suite = r == 0 ? io_join(s->hunt->dir, name) : NULL;
	if (r == 0 && c->suite == NULL)
		r = no_memory(s->hunt->e);
	if (r == 0)
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

	if (s->cliff->fails == 0 || s->broken.slab[0] != '\0' || s->broken.verdict == VERDICT_TIMEOUT ||
	    (s->broken.verdict != VERDICT_OUT_OF_MEMORY && s->trial.alloc == NULL))
		return 0;
	r = kernel_at(s, s->cliff->fails, &text);
	s->trial.preload = true;
	if (r == 0)
		r = trial_run(&s->trial, text.data, text.len, &end);
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

static int look(struct search *s)
{
	int64_t least = s->param->min > 1 ? s->param->min : 1;
	struct cliff_search f = { .least = least,
		                  .first = s->param->value > least ? s->param->value : least,
		                  .most = s->param->max,
		                  .precision = PRECISION,
		                  .repeats = (unsigned)opt_number(&s->hunt->app->opts, "tries"),
		                  .probe = probe,
		                  .arg = s };
	int r = trial_open(&s->trial);

	if (r == 0)
		cliff_find(&f);
	else
		err_set(s->hunt->e, -r, "%s", s->e.text);
	if (r == 0)
		r = take_result(s, &f);
	return r;
}

// The capacity is the same for each trial, and not measured from the kernel's default.
static int set_slab(struct search *s)
{
	struct param *p = s->trial.params = calloc(1, sizeof *p);

	if (p == NULL)
		return no_memory(s->hunt->e);
	s->trial.param_count = 1;
	p->name = strdup("slab-capacity");
	if (asprintf(&p->value, "%" PRIu64, s->hunt->found.slab_bytes) < 0)
		p->value = NULL;
	return p->name != NULL && p->value != NULL ? 0 : no_memory(s->hunt->e);
}

// "depth" where there is one, else the first; NULL when there is none.
static struct kernel_param *find_param(const struct kernel *k, const char *name)
{
	for (size_t i = 0; i < k->param_count; i++)
		if (strcmp(k->params[i].var->name, name != NULL ? name : "depth") == 0)
			return &k->params[i];
	return name == NULL && k->param_count > 0 ? &k->params[0] : NULL;
}

static struct cliff *new_cliff(struct hunt *h, const struct kernel *k, const char *param, const char *target)
{
	struct cliff *grown = reallocarray(h->found.items, h->found.count + 1, sizeof *grown), *c;

	if (grown == NULL)
		return NULL;
	h->found.items = grown;
	c = &grown[h->found.count++];
	*c = (struct cliff){ .kernel = strdup(k->name), .param = strdup(param), .target = strdup(target) };
	return c->kernel != NULL && c->param != NULL && c->target != NULL ? c : NULL;
}

static void say_cliff(const struct hunt *h, const struct cliff *c)
{
	char passes[32], fails[32];

	if (h->pairs == 1 || opt_flag(&h->app->opts, "quiet") || c->state == CLIFF_STATE_LACKS)
		return;
	say(h->app, "%zu of %zu: %s on %s: %s %s%s%s", h->pair, h->pairs, c->kernel, c->target,
	    c->passes > 0 ? units_count(passes, sizeof passes, (uint64_t)c->passes) : "nothing", "passes",
	    c->fails > 0 ? ", fails at " : "",
	    c->fails > 0 ? units_count(fails, sizeof fails, (uint64_t)c->fails) : "");
}

static int hunt_one(struct hunt *h, const char *path, const struct gen_target *target)
{
	struct search s = { .hunt = h,
		            .trial = { .app = h->app,
		                       .target = *target,
		                       .timeout_ns = h->found.timeout_ns * 2,
		                       .memory_bytes = h->found.memory_bytes,
		                       .alloc = h->alloc.spec != NULL ? &h->alloc : NULL,
		                       .prefix = "stressgen-cliff" } };
	char reason[256];
	int r = kernel_load(path, &s.kernel, h->e);

	if (r == 0)
		s.param = find_param(s.kernel, opt_text(&h->app->opts, "param"));
	if (r == 0 && s.param == NULL)
		r = err_set(h->e, EINVAL, "%s has no parameter%s%s", path,
		            opt_text(&h->app->opts, "param") != NULL ? " " : " to search",
		            opt_text(&h->app->opts, "param") != NULL ? opt_text(&h->app->opts, "param") : "");
	if (r == 0 && (s.cliff = new_cliff(h, s.kernel, s.param->var->name, target->name)) == NULL)
		r = no_memory(h->e);
	if (r == 0 && emit_lacks(target->dialect, s.kernel, reason, sizeof reason) != NULL) {
		s.cliff->state = CLIFF_STATE_LACKS;
		s.cliff->why = strdup(reason);
	} else if (r == 0) {
		s.trial.e = &s.e;
		r = set_slab(&s);
		if (r == 0)
			r = look(&s);
	}
	if (r == 0)
		say_cliff(h, s.cliff);
	trial_close(&s.trial);
	kernel_free(s.kernel);
	return r;
}

// ---- all of them --------------------------------------------------------------------------------------------

// With --all a kernel whose cost does not grow with a size has nothing to search.
static int add_growing(struct hunt *h)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->catalogue.kernels.count; i++) {
		const char *path = h->catalogue.kernels.items[i];
		struct kernel *k;
		r = kernel_load(path, &k, h->e);
		if (r == 0 && k->param_count > 0 && k->growth != NULL && strcmp(k->growth, "1") != 0 &&
		    strings_add(&h->kernels, path, strlen(path)) < 0)
			r = no_memory(h->e);
		kernel_free(k);
	}
	return r;
}

static int choose_kernels(struct hunt *h)
{
	const struct opt_set *o = &h->app->opts;
	int r = 0;

	if (opt_flag(o, "all"))
		r = add_growing(h);
	for (size_t i = 0; r == 0 && i < o->arg_count; i++)
		r = catalogue_kernel(&h->catalogue, o->args[i], &h->kernels, h->e);
	if (r == 0 && opt_text(o, "kernel") != NULL)
		r = catalogue_kernels(&h->catalogue, o, &h->kernels, h->e);
	if (r == 0 && h->kernels.count == 0)
		r = err_set(h->e, EINVAL, "which kernel? Name one (stressgen list shows them), or --all");
	return r;
}

// "time=10s,memory=2G"
static int read_limit(struct hunt *h, const char *text)
{
	char *copy = strdup(text), *rest = copy;
	int r = copy == NULL ? no_memory(h->e) : 0;

	for (char *item; r == 0 && (item = strsep(&rest, ",")) != NULL;) {
		if (strncmp(item, "time=", 5) == 0)
			r = units_parse_duration(item + 5, &h->found.timeout_ns);
		else if (strncmp(item, "memory=", 7) == 0)
			r = units_parse_bytes(item + 7, &h->found.memory_bytes);
		else
			r = -EINVAL;
		if (r == 0 && h->found.timeout_ns == 0)
			r = -EINVAL; // what never ends is no cliff
		if (r < 0)
			r = err_set(h->e, EINVAL, "--limit: '%s' is no limit; write it as time=10s,memory=2G",
			            item);
	}
	free(copy);
	return r;
}

static char *command_line(const struct hunt *h)
{
	const struct opt_set *o = &h->app->opts;
	struct buf b = { 0 };

	buf_addf(&b, "%s cliff", pipeline_self());
	for (size_t i = 0; i < o->count; i++)
		if (strcmp(o->values[i].source, "command line") == 0 && o->values[i].text != NULL) {
			buf_addf(&b, " --%s", o->table[i].name);
			if (o->table[i].type != OPT_FLAG)
				pipeline_quote(o->values[i].text, &b);
		}
	for (size_t i = 0; i < o->arg_count; i++)
		pipeline_quote(o->args[i], &b);
	return buf_take(&b);
}

static int choose_allocator(struct hunt *h)
{
	const char *given = opt_text(&h->app->opts, "alloc");
	int r = given == NULL ? 0 : allocator_choose(h->app, given, &h->alloc, h->e);

	if (r == 0 && given != NULL &&
	    (allocator_set_environment(&h->alloc) < 0 || (h->found.allocator = strdup(h->alloc.title)) == NULL))
		r = no_memory(h->e);
	return r;
}

// What run.json says, so that compare and the history know what was measured.
static json_t *run_info(const struct hunt *h)
{
	json_t *info = json_pack("{s:s, s:s, s:s}", "stressgen", SG_VERSION, "again", h->found.command, "cliffs",
	                         "cliffs.json");

	if (h->alloc.spec != NULL)
		json_object_set_new(info, "allocator",
		                    json_pack("{s:s, s:s, s:s, s:s*}", "title", h->alloc.title, "name",
		                              h->alloc.spec, "version", h->alloc.version, "path", h->alloc.path));
	return info;
}

static int prepare(struct hunt *h)
{
	const struct opt_set *o = &h->app->opts;
	const char *limit = opt_text(o, "limit"), *format = opt_text(o, "format");
	int r = 0;

	h->dir = opt_text(o, "output") != NULL ? opt_text(o, "output") : CLIFFS_DIR;
	h->found.timeout_ns = opt_given(o, "timeout") ? opt_number(o, "timeout") : TIMEOUT_NS;
	h->found.memory_bytes = opt_number(o, "memory");
	h->found.slab_bytes = opt_given(o, "slab-capacity") ? opt_number(o, "slab-capacity") : SLAB_BYTES;
	h->found.command = command_line(h);
	if (h->found.command == NULL)
		r = no_memory(h->e);
	if (r == 0 && strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
		r = err_set(h->e, EINVAL, "cliff prints --format text or json; the page is always written");
	if (r == 0 && limit != NULL)
		r = read_limit(h, limit);
	if (r == 0)
		r = catalogue_init(&h->catalogue, h->app, h->e);
	if (r == 0)
		r = choose_kernels(h);
	if (r == 0)
		r = catalogue_targets(&h->catalogue, o, &h->targets, &h->target_count, h->e);
	if (r == 0)
		r = choose_allocator(h);
	if (r == 0)
		r = io_make_dirs(h->dir, h->e);
	h->pairs = h->kernels.count * h->target_count;
	if (r == 0)
		r = cliff_journal_open(&h->journal, h->dir, h->pairs, run_info(h), h->e);
	return r;
}

// cliffs.json and cliffs.html, after each pair: what was found is not lost.
static int write_files(struct hunt *h)
{
	char *json = io_join(h->dir, "cliffs.json"), *html = io_join(h->dir, "cliffs.html");
	json_t *all = cliffs_to_json(&h->found);
	char *text = all != NULL ? json_dumps(all, JSON_INDENT(1)) : NULL;
	int r = json == NULL || html == NULL || text == NULL ? no_memory(h->e)
	                                                     : io_replace_file(json, text, strlen(text), h->e);

	if (r == 0)
		r = cliffs_html(&h->found, html, h->e);
	json_decref(all);
	free(text);
	free(json);
	free(html);
	return r;
}

static int hunt_all(struct hunt *h)
{
	int r = 0;

	for (size_t k = 0; k < h->kernels.count; k++)
		for (size_t t = 0; t < h->target_count && r == 0 && !h->interrupted; t++) {
			h->pair++;
			r = hunt_one(h, h->kernels.items[k], &h->targets[t]);
			if (r == 0)
				r = cliff_journal_add(&h->journal, &h->found.items[h->found.count - 1],
				                      h->found.allocator, h->e);
			if (r == 0)
				r = write_files(h);
		}
	return r;
}

static void print(const struct hunt *h)
{
	json_t *all;

	if (strcmp(opt_text(&h->app->opts, "format"), "text") == 0) {
		cliffs_text(&h->found, &h->app->out_style, stdout);
		say(h->app, "%s/cliffs.html, cliffs.json", h->dir);
		return;
	}
	all = cliffs_to_json(&h->found);
	json_dumpf(all, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(all);
}

int cmd_cliff(struct app *app)
{
	struct err e = { 0 };
	struct hunt h = { .app = app, .e = &e };
	int r = prepare(&h), code;

	if (r == 0)
		r = hunt_all(&h);
	if (r == 0)
		print(&h);
	if (r == 0)
		r = cliff_journal_close(&h.journal, h.interrupted ? "SIGINT" : "finished", &e);
	else
		cliff_journal_close(&h.journal, NULL, NULL);
	code = r == -ENODEV ? (complain(&e, r), SG_EXIT_MISSING) : r < 0 ? complain(&e, r) : SG_EXIT_OK;
	if (r == 0 && h.interrupted)
		code = SG_EXIT_SIGNAL + 2;
	catalogue_deinit(&h.catalogue);
	strings_deinit(&h.kernels);
	free(h.targets);
	allocator_choice_deinit(&h.alloc);
	cliffs_deinit(&h.found);
	return code;
}
