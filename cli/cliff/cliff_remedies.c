// stressgen cliff --remedies: the same kernels with a slab that is too small, and with whatever may help it.
#include "cliff_hunt.h"
#include "io.h"
#include "remedies.h"
#include "units.h"
#include "verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FURTHEST 16 // times as far as the plain slab: further than that is not looked
#define BIGGER 4U
#define REPETITIONS 40 // of the kernel in each, so that its memory is seen and its start is little of its time
#define ROUNDS 15U     // of the measurement at the common value, in turn

// The first of a runtime is the plain slab.
static const struct remedy_kind {
	const char *runtime, *name, *target;
	unsigned times; // the slab
} kinds[] = {
	{ "eval", "as it is", "eval@slab-fixed", 1 },
	{ "eval", "a bigger slab", "eval@slab-fixed", BIGGER },
	{ "eval", "collection on pressure", "eval@slab-gc", 1 },
	{ "eval", "more slabs", "eval@slab-chain", 1 },
	{ "eval", "an arena for each level", "eval@slab-fixed+arena", 1 },
	{ "eval", "escape analysis", "eval@slab-fixed+escape", 1 },
	{ "eval", "a region", "eval@arena", 1 },
	{ "eval", "jemalloc, capped", "eval@jemalloc-capped", 1 },
	{ "eval", "jemalloc", "eval@jemalloc", 1 },
	{ "eval", "malloc", "eval@malloc", 1 },
	{ "lua", "as it is", "lua@slab-fixed", 1 },
	{ "lua", "a bigger slab", "lua@slab-fixed", BIGGER },
	{ "lua", "collection on pressure", "lua@slab-gc", 1 },
	{ "lua", "more slabs", "lua@slab-chain", 1 },
	{ "lua", "a region", "lua@arena", 1 },
	{ "lua", "jemalloc, capped", "lua@jemalloc-capped", 1 },
	{ "lua", "jemalloc", "lua@jemalloc", 1 },
	{ "lua", "malloc", "lua@malloc", 1 },
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static const char *const usual_kernels[] = { "recursion/sum", "gc/list-churn", "gc/no-escape" };
#define USUAL_KERNELS (sizeof usual_kernels / sizeof usual_kernels[0])

struct remedying {
	struct hunt *hunt;
	struct gen_target targets[KINDS];
	char *names[KINDS], *commands[KINDS]; // owned
	struct remedy *items;                 // owned
	size_t *kind_of;                      // by item
	size_t count;
};

static int no_memory(struct remedying *m)
{
	return err_set(m->hunt->e, ENOMEM, "out of memory");
}

// A bigger slab is a target of its own: "eval@slab-fixed-4x".
static int make_target(struct remedying *m, size_t i)
{
	const struct remedy_kind *kind = &kinds[i];
	const struct dialect *d = catalogue_dialect(&m->hunt->catalogue, kind->runtime);
	size_t at = 0;

	if (d == NULL)
		return err_set(m->hunt->e, EINVAL, "the dialect %s is not installed", kind->runtime);
	while (at < dialect_target_count(d) && strcmp(dialect_target_name(d, at), kind->target) != 0)
		at++;
	if (at == dialect_target_count(d))
		return err_set(m->hunt->e, EINVAL, "the dialect %s has no target %s", kind->runtime, kind->target);
	m->targets[i] = (struct gen_target){ .dialect = d, .name = kind->target };
	if (kind->times == 1)
		return 0;
	if (asprintf(&m->names[i], "%s-%ux", kind->target, kind->times) < 0 ||
	    (m->commands[i] = strdup(dialect_target_command(d, at))) == NULL)
		return no_memory(m);
	m->targets[i].name = m->names[i];
	m->targets[i].command = m->commands[i];
	return 0;
}

// ---- the cliffs ---------------------------------------------------------------------------------------------

static void take_cliff(struct remedying *m, size_t kind)
{
	const struct cliff *c = &m->hunt->found.items[m->hunt->found.count - 1];

	m->kind_of[m->count] = kind;
	m->items[m->count++] = (struct remedy){ .runtime = kinds[kind].runtime,
		                                .kernel = c->kernel,
		                                .param = c->param,
		                                .name = kinds[kind].name,
		                                .target = c->target,
		                                .broke = cliff_what_broke(c),
		                                .passes = c->passes,
		                                .fails = c->fails };
}

// One kernel under one remedy; what cannot run here, or cannot pass at all, is left out, and so is a plain slab
// that is not what breaks.
static int find_one(struct remedying *m, const char *kernel, size_t kind, int64_t *plain)
{
	struct hunt *h = m->hunt;
	const uint64_t slab_bytes = h->found.slab_bytes;
	const struct cliff *c;
	int r;

	h->pair++;
	h->most = *plain * FURTHEST;
	h->found.slab_bytes = slab_bytes * kinds[kind].times;
	r = hunt_one(h, kernel, &m->targets[kind]);
	h->found.slab_bytes = slab_bytes;
	if (r < 0 || h->interrupted)
		return r;
	c = &h->found.items[h->found.count - 1];
	r = cliff_journal_add(&h->journal, c, h->found.allocator, h->e);
	if (r == 0 && *plain == 0 && strcmp(cliff_what_broke(c), "slab") != 0)
		return 0;
	if (r == 0 && c->passes > 0 && (c->state == CLIFF_STATE_FOUND || c->state == CLIFF_STATE_NONE)) {
		take_cliff(m, kind);
		*plain = *plain == 0 ? c->passes : *plain;
	}
	return r;
}

static bool same_runtime(size_t a, size_t b)
{
	return strcmp(kinds[a].runtime, kinds[b].runtime) == 0;
}

// ---- what each costs where all pass -------------------------------------------------------------------------

static int run_once(struct remedying *m, struct kernel *k, int64_t value, size_t kind, struct trial_end *end)
{
	struct hunt *h = m->hunt;
	const uint64_t slab_bytes = h->found.slab_bytes;
	struct trial t = hunt_trial(h, &m->targets[kind]);
	struct buf text = { 0 };
	int r;

	t.e = h->e;
	h->found.slab_bytes = slab_bytes * kinds[kind].times;
	r = hunt_set_slab(h, &t);
	h->found.slab_bytes = slab_bytes;
	if (r == 0)
		r = trial_open(&t);
	if (r == 0)
		r = hunt_kernel_text(k, hunt_param(k, NULL), value, REPETITIONS, &text) < 0 ? no_memory(m) : 0;
	if (r == 0)
		r = trial_run(&t, text.data, text.len, end);
	buf_deinit(&text);
	trial_close(&t);
	return r;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

// What a malloc took for the program: all of its memory, less that at the least value.
static int held_by_malloc(struct remedying *m, struct kernel *k, size_t item)
{
	struct remedy *r = &m->items[item];
	const struct kernel_param *p = hunt_param(k, NULL);
	struct trial_end end = { 0 };
	int rc = run_once(m, k, p->min > 1 ? p->min : 1, m->kind_of[item], &end);

	if (rc == 0 && r->peak_rss_bytes > end.peak_rss_bytes)
		r->held_bytes = r->peak_rss_bytes - end.peak_rss_bytes;
	return rc;
}

struct figures {
	uint64_t repetition[KINDS][ROUNDS], memory[KINDS][ROUNDS];
};

// All remedies once, in turn. 1; 0 when one does not pass there: its figures would be those of a program that
// died.
static int one_round(struct remedying *m, struct kernel *k, size_t first, int64_t at, struct figures *f,
                     size_t round)
{
	for (size_t i = 0; first + i < m->count; i++) {
		struct remedy *item = &m->items[first + i];
		struct trial_end end = { 0 };
		int r = run_once(m, k, at, m->kind_of[first + i], &end);

		if (r < 0 || end.verdict != VERDICT_PASSED)
			return r < 0 ? r : 0;
		f->repetition[i][round] = end.repetition_ns;
		f->memory[i][round] = end.peak_rss_bytes;
		item->used_bytes = end.slab_used_bytes;
		item->held_bytes = end.slab_capacity_bytes;
	}
	return 1;
}

static int take_figures(struct remedying *m, struct kernel *k, size_t first, int64_t at, struct figures *f)
{
	int r = 0;

	for (size_t i = 0; r == 0 && first + i < m->count; i++) {
		struct remedy *item = &m->items[first + i];
		qsort(f->repetition[i], ROUNDS, sizeof f->repetition[i][0], by_size);
		qsort(f->memory[i], ROUNDS, sizeof f->memory[i][0], by_size);
		item->at = at;
		item->repetition_ns = f->repetition[i][0]; // what a neighbour of this machine did only adds
		item->peak_rss_bytes = f->memory[i][ROUNDS / 2];
		if (item->held_bytes == 0)
			r = held_by_malloc(m, k, first + i);
	}
	return r;
}

// At the largest value under the smallest cliff, halved until all pass it in each round: repetitions leave garbage
// that one does not. Without such a value nothing is measured.
static int measure(struct remedying *m, const char *path, size_t first)
{
	struct figures f = { 0 };
	struct kernel *k = NULL;
	int64_t at = INT64_MAX;
	int r = kernel_load(path, &k, m->hunt->e);
	size_t rounds = 0;

	for (size_t i = first; i < m->count; i++)
		at = m->items[i].passes < at ? m->items[i].passes : at;
	at = at > 10 ? at - at / 10 : at; // clear of the boundary
	while (r >= 0 && rounds < ROUNDS && at >= 1 && at >= hunt_param(k, NULL)->min) {
		r = one_round(m, k, first, at, &f, rounds);
		rounds = r > 0 ? rounds + 1 : 0;
		at = r == 0 ? at / 2 : at;
	}
	if (r >= 0 && rounds == ROUNDS)
		r = take_figures(m, k, first, at, &f);
	for (size_t i = first; rounds < ROUNDS && i < m->count; i++)
		m->items[i].used_bytes = m->items[i].held_bytes = 0;
	kernel_free(k);
	return r < 0 ? r : 0;
}

// ---- all of it ----------------------------------------------------------------------------------------------

static int one_kernel(struct remedying *m, const char *path)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < KINDS && !m->hunt->interrupted;) {
		const size_t from = m->count, runtime = i;
		int64_t plain = 0;

		for (; r == 0 && i < KINDS && same_runtime(i, runtime) && !m->hunt->interrupted; i++)
			if (i == runtime || m->count > from)
				r = find_one(m, path, i, &plain);
		if (m->count == from) // no slab gives way there: nothing to remedy
			continue;
		if (r == 0 && !m->hunt->interrupted && m->count > from)
			r = measure(m, path, from);
	}
	return r == -EINTR ? (m->hunt->interrupted = true, 0) : r;
}

static int write_all(struct remedying *m, const struct remedies *all)
{
	const struct hunt *h = m->hunt;
	char *json_path = io_join(h->dir, "remedies.json"), *html = io_join(h->dir, "remedies.html");
	json_t *json = remedies_to_json(all);
	char *text = json != NULL ? json_dumps(json, JSON_INDENT(1)) : NULL;
	int r = json_path == NULL || html == NULL || text == NULL
	                ? no_memory(m)
	                : io_replace_file(json_path, text, strlen(text), h->e);

	if (r == 0)
		r = remedies_html(all, html, h->e);
	if (r == 0)
		r = hunt_write_files(m->hunt);
	if (r == 0 && strcmp(opt_text(&h->app->opts, "format"), "json") == 0)
		puts(text);
	else if (r == 0)
		remedies_text(all, &h->app->out_style, stdout);
	if (r == 0)
		say(h->app, "%s/remedies.html, remedies.json", h->dir);
	json_decref(json);
	free(text);
	free(json_path);
	free(html);
	return r;
}

static int add_usual_kernels(struct hunt *h)
{
	int r = 0;

	for (size_t i = 0; r == 0 && h->kernels.count < USUAL_KERNELS && i < USUAL_KERNELS; i++)
		r = catalogue_kernel(&h->catalogue, usual_kernels[i], &h->kernels, h->e);
	return r;
}

int hunt_remedies(struct hunt *h)
{
	struct remedying m = { .hunt = h };
	int r = h->kernels.count == 0 ? add_usual_kernels(h) : 0;

	h->pairs = h->kernels.count * KINDS;
	m.items = calloc(h->pairs + 1, sizeof *m.items);
	m.kind_of = calloc(h->pairs + 1, sizeof *m.kind_of);
	if (m.items == NULL || m.kind_of == NULL)
		r = no_memory(&m);
	for (size_t i = 0; r == 0 && i < KINDS; i++)
		r = make_target(&m, i);
	for (size_t i = 0; r == 0 && i < h->kernels.count; i++)
		r = one_kernel(&m, h->kernels.items[i]);
	if (r == 0) {
		const struct remedies all = { m.items, m.count, h->found.slab_bytes, h->found.command,
			                      h->found.allocator };
		r = write_all(&m, &all);
	}
	for (size_t i = 0; i < KINDS; i++) {
		free(m.names[i]);
		free(m.commands[i]);
	}
	free(m.items);
	free(m.kind_of);
	return r;
}
