// One kernel on one pool, from reading it to the last repetition.
#include "eval_host.h"

#include "clock.h"
#include "kernel.h"
#include "pooled.h"
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "eval"
#define BLOCK_BYTES 4096U
#define THRESHOLD_BYTES ((size_t)1 << 20)
#define PAUSES 64U       // kept of each repetition
#define PAUSES_ALL 4096U // told of in all

struct host {
	const struct eval_job *job;
	struct kernel *kernel;
	int64_t values[KERNEL_ARGS_MAX];
	int64_t expected;
	struct pool *pool;
	struct tele_file *telemetry; // may be NULL
	bool tells_live;             // after each repetition
	struct eval *eval;
	uint64_t used_bytes; // of the pool, when it was exhausted
	uint64_t pauses_ns[PAUSES];
	size_t pause_count; // since they were told of
	size_t told;
	uint64_t collections;
};

// --- the pool --------------------------------------------------------------------------------------------------

static void *resize(void *arg, void *p, size_t old_bytes, size_t new_bytes)
{
	const struct host *h = arg;

	return pool_resize(h->pool, p, old_bytes, new_bytes);
}

static void gave_up(void *arg)
{
	const struct host *h = arg;

	pool_gave_up(h->pool);
}

static void exhausted(void *arg, struct tele_pool *figures)
{
	struct host *h = arg;

	if (figures->exhausted != 1)
		return;
	h->used_bytes = figures->used;
	pooled_keep_maps(h->telemetry);
	if (h->eval != NULL)
		figures->depth = eval_backtrace(h->eval, figures->text, sizeof figures->text);
}

// A pool with a mark is of use only so.
static bool collects_on_denial(const struct eval_job *job)
{
	return job->collect_on_pressure || job->policy->takes_mark;
}

static int open_pool(struct host *h, struct tele_file *telemetry, struct err *e)
{
	const struct eval_job *job = h->job;
	char name[64];
	const struct pool_config config = {
		.name = name,
		.capacity_bytes = job->capacity_bytes,
		.figures = telemetry != NULL ? &telemetry->pools[0] : NULL,
		// a stack that cannot double asks for less, and each time a collection may come between
		.forgiven = collects_on_denial(job) ? 3 : 1,
		.mark_percent = job->mark_percent,
		.asks_again = collects_on_denial(job) ? POOL_ASKS_ALWAYS : POOL_ASKS_NEVER,
		.exhausted = exhausted,
		.arg = h,
	};

	snprintf(name, sizeof name, NAME " %s", job->policy->name);
	return pool_open(job->policy, &config, &h->pool, e);
}

// --- what is run -----------------------------------------------------------------------------------------------

static int set_param(struct host *h, const char *text, struct err *e)
{
	const char *equals = strchr(text, '=');
	size_t len = equals != NULL ? (size_t)(equals - text) : 0;
	char *end;

	for (size_t i = 0; len > 0 && i < h->kernel->param_count; i++) {
		const struct kernel_param *p = &h->kernel->params[i];
		if (strlen(p->var->name) != len || strncmp(p->var->name, text, len) != 0)
			continue;
		errno = 0;
		h->values[i] = strtoll(equals + 1, &end, 10);
		if (errno == 0 && end != equals + 1 && *end == '\0' && h->values[i] >= p->min &&
		    h->values[i] <= p->max)
			return 0;
		return err_set(e, EINVAL, "'%s': %s is an integer from %" PRId64 " to %" PRId64, text,
		               p->var->name, p->min, p->max);
	}
	return err_set(e, EINVAL, "'%s': NAME=VALUE is for a parameter of the kernel; %s has none of that name",
	               text, h->job->file);
}

static int load(struct host *h, struct err *e)
{
	const struct kernel *k;
	int rc = kernel_load(h->job->file, &h->kernel, e);

	if (rc < 0)
		return rc;
	k = h->kernel;
	for (size_t i = 0; i < k->param_count; i++)
		h->values[i] = k->params[i].value;
	for (int i = 0; rc == 0 && i < h->job->param_count; i++)
		rc = set_param(h, h->job->params[i], e);
	if (rc == 0 && k->expect != NULL)
		rc = kernel_evaluate(k, k->expect, h->values, &h->expected, e);
	return rc;
}

static void note_pause(void *arg, uint64_t ns)
{
	struct host *h = arg;

	h->collections++;
	pool_collected(h->pool);
	if (h->pause_count < PAUSES)
		h->pauses_ns[h->pause_count++] = ns;
}

static void tell_pauses(struct host *h)
{
	for (size_t i = 0; i < h->pause_count && h->told < PAUSES_ALL; i++, h->told++)
		printf("@@ gc %" PRIu64 "\n", h->pauses_ns[i]);
	h->pause_count = 0;
}

static int tell_failure(const struct host *h, const struct err *e)
{
	const struct tele_pool *f = h->pool->figures;
	char what[128], high[32];

	fflush(stdout);
	if (f->exhausted == 0 || f->capacity == 0) {
		fprintf(stderr, NAME ": %s\n", e->text);
		return 1;
	}
	snprintf(what, sizeof what, NAME ": out of memory: slab '%s' is full (high-water mark %s", f->name,
	         units_bytes(high, sizeof high, f->high_water));
	pooled_print_exhausted(what, f, h->used_bytes, "calls, the innermost first");
	return 1;
}

static int check(const struct host *h, int64_t value, int64_t repetition)
{
	if (h->kernel->expect == NULL || value == h->expected)
		return 0;
	printf("@@ check result bad got %" PRId64 " instead of %" PRId64 " in repetition %" PRId64 "\n", value,
	       h->expected, repetition);
	return 1;
}

static void tell_end(const struct host *h, const struct eval_result *last)
{
	printf("@@ check result ok %" PRId64 "\n", last->value);
	printf("@@ gauge collections %" PRIu64 " count\n", h->collections);
	printf("@@ gauge objects_made %" PRIu64 " bytes\n", last->made_bytes);
	if (h->job->arena_per_level)
		printf("@@ gauge released_by_level %" PRIu64 " bytes\n", last->released_bytes);
	printf("@@ done\n");
}

static int repeat(struct host *h, struct err *e)
{
	struct eval_result r = { 0 };
	int rc = 0;

	tell_pauses(h);
	for (int64_t i = 1; rc == 0 && i <= h->kernel->repeat; i++) {
		uint64_t began = clock_now_ns();
		if (eval_measure(h->eval, &r) < 0)
			return tell_failure(h, e);
		printf("@@ lat %s %" PRIu64 "\n", h->kernel->series, clock_now_ns() - began);
		tell_pauses(h);
		rc = check(h, r.value, i);
		if (h->tells_live)
			printf("@@ live %" PRIu64 "\n", eval_live(h->eval));
	}
	if (rc == 0)
		tell_end(h, &r);
	return rc;
}

static int run(struct host *h)
{
	const struct eval_limits limits = { UINT64_MAX, SIZE_MAX / 4 };
	const struct eval_options options = {
		.resize = resize,
		.gave_up = gave_up,
		.collected = note_pause,
		.arg = h,
		.block_bytes = BLOCK_BYTES,
		.gc_threshold = h->job->gc_threshold > 0 ? (size_t)h->job->gc_threshold : THRESHOLD_BYTES,
		.bounded = true,
		.collect_on_denial = collects_on_denial(h->job),
		.arena_per_level = h->job->arena_per_level,
		.escape_analysis = h->job->escape_analysis,
	};
	struct err failure = { 0 };
	int rc = eval_open(h->kernel, h->values, &limits, &options, &h->eval, &failure);

	rc = rc < 0 ? tell_failure(h, &failure) : repeat(h, &failure);
	pool_done(h->pool);
	eval_close(h->eval);
	return rc;
}

int eval_host_run(const struct eval_job *job, struct tele_file *telemetry, struct err *e)
{
	struct host h = { .job = job, .telemetry = telemetry, .tells_live = pooled_tells_live() };
	uint64_t *collections;
	int rc = load(&h, e);

	if (rc == 0)
		rc = open_pool(&h, telemetry, e);
	if (rc == 0) {
		rc = run(&h);
		pooled_tell_counters(telemetry, h.pool);
		if ((collections = telemetry_counter(telemetry, "gc_cycles")) != NULL)
			*collections = h.collections;
		pool_close(h.pool);
	}
	kernel_free(h.kernel);
	if (rc >= 0 && (fflush(stdout) != 0 || ferror(stdout))) {
		fprintf(stderr, NAME ": standard output cannot be written: %s\n", strerror(errno));
		rc = 1;
	}
	return rc;
}
