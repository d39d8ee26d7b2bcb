// stressgen ab, once it is known which tests: variants interleaved in random order within blocks, until the
// intervals are as narrow as asked or the time is up, then the comparison.
#include "comparing.h"
#include "pairs.h"
#include "rng.h"
#include "rounds.h"
#include "units.h"
#include "variants.h"
#include "verdict.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BLOCKS 200U         // where nobody says
#define MOST_INVOCATIONS 200000U // of a plan
#define CALL_BLOCKS 2U           // with the allocator instrumentation
#define DEFAULT_BUDGET_NS (UINT64_C(600) * 1000000000U)

struct ab {
	struct pipeline *j;
	struct rounds rounds;
	struct comparing comparing;
	struct variants variants;
	struct pairs_plan plan;
	double precision;
	uint64_t budget_ns;
	size_t tests;
	size_t blocks; // that are wanted so far
	struct err e;
};

bool pipeline_is_ab(const struct pipeline *j)
{
	return j->app->command == COMMAND_AB || json_object_get(j->pairs, "variants") != NULL;
}

// ---- what is asked for ----------------------------------------------------------------------------------------

static int check_options(const struct opt_set *o, struct err *e)
{
	static const char *const refused[] = { "parallel",   "container-parallel", "soak",
		                               "fail-alloc", "jemalloc-cap",       "events" };

	if (opt_number(o, "repeat") > 1)
		return err_set(e, EINVAL, "ab repeats until the intervals are narrow; leave --repeat out");
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		if (opt_is_flag(o, refused[i]) ? opt_flag(o, refused[i]) : opt_given(o, refused[i]))
			return err_set(
			        e, EINVAL,
			        "ab takes no --%s: it runs one invocation after another, alone on the machine",
			        refused[i]);
	return 0;
}

// "1%" or "0.5 %"
static int read_precision(const char *text, double *out, struct err *e)
{
	char *end;
	const double percent = strtod(text, &end);

	end += strspn(end, " ");
	end += *end == '%';
	if (end == text || *end != '\0' || !(percent >= .05 && percent <= 100))
		return err_set(e, EINVAL, "--precision %s: a percentage from 0.05%% to 100%% was expected", text);
	*out = percent / 100;
	return 0;
}

// A plan is made whole, so that a run that is gone on with has the same.
static unsigned most_blocks(const struct ab *a)
{
	const struct opt_set *o = &a->j->app->opts;
	const size_t each = a->tests * a->variants.count;
	const size_t fit = MOST_INVOCATIONS / (each > 0 ? each : 1);
	const size_t asked = opt_given(o, "pairs") ? opt_number(o, "pairs") : MOST_BLOCKS;

	return (unsigned)(asked < fit ? asked : fit < 1 ? 1 : fit);
}

static json_t *plan_to_json(const struct ab *a)
{
	const struct pairs_plan *p = &a->plan;
	json_t *ids = json_array();

	for (size_t i = 0; i < a->j->selected; i++)
		json_array_append_new(ids, json_string(a->j->suite.tests[a->j->selection[i]].id));
	return json_pack("{s:o,s:i,s:i,s:b,s:b,s:i,s:I,s:I,s:f,s:o}", "variants", variants_to_json(&a->variants),
	                 "screen", (int)p->screen, "confirm", 0, "bare", p->bare, "count", p->count, "calls",
	                 (int)p->calls, "seed", (json_int_t)p->seed, "budget_ns", (json_int_t)a->budget_ns,
	                 "precision", a->precision, "tests", ids);
}

static int new_plan(struct ab *a)
{
	const struct opt_set *o = &a->j->app->opts;
	int rc = read_precision(opt_text(o, "precision"), &a->precision, &a->e);

	if (rc == 0)
		rc = variants_read(&a->variants, a->j->app, &a->e);
	if (rc < 0)
		return rc;
	a->budget_ns = opt_number(o, "budget") > 0 ? opt_number(o, "budget") : DEFAULT_BUDGET_NS;
	a->plan = (struct pairs_plan){ .screen = most_blocks(a),
		                       .warmup = true,
		                       .count = opt_flag(o, "count-instructions"),
		                       .calls = opt_flag(o, "preload") ? CALL_BLOCKS : 0,
		                       .bare = true,
		                       .seed = opt_given(o, "seed") ? opt_number(o, "seed") : rng_fresh_seed() };
	a->j->pairs = plan_to_json(a);
	if (opt_text(o, "serve") != NULL)
		json_object_set_new(a->j->pairs, "service", json_pack("{s:s}", "serve", opt_text(o, "serve")));
	return a->j->pairs != NULL ? 0 : err_set(&a->e, ENOMEM, "out of memory");
}

// A run that is gone on with keeps the plan that it began with, but for how long and how far it goes.
static int old_plan(struct ab *a)
{
	const struct opt_set *o = &a->j->app->opts;
	json_t *pairs = a->j->pairs;
	int screen, count, calls;
	json_int_t seed, budget;

	if (json_unpack(pairs, "{s:i,s:b,s:i,s:I,s:I,s:F}", "screen", &screen, "count", &count, "calls", &calls,
	                "seed", &seed, "budget_ns", &budget, "precision", &a->precision) < 0 ||
	    screen < 1 || calls < 0)
		return err_set(&a->e, EINVAL, "%s/run.json: \"pairs\" cannot be read", a->j->run_dir);
	a->plan = (struct pairs_plan){ .screen = (unsigned)screen,
		                       .warmup = true,
		                       .count = count != 0,
		                       .calls = (unsigned)calls,
		                       .bare = true,
		                       .seed = (uint64_t)seed };
	a->budget_ns = opt_number(o, "budget") > 0 ? opt_number(o, "budget") : (uint64_t)budget;
	if (opt_given(o, "precision") && read_precision(opt_text(o, "precision"), &a->precision, &a->e) < 0)
		return -EINVAL;
	json_object_set_new(pairs, "budget_ns", json_integer((json_int_t)a->budget_ns));
	json_object_set_new(pairs, "precision", json_real(a->precision));
	return variants_from_json(&a->variants, a->j->app, json_object_get(pairs, "variants"), &a->e);
}

// ---- blocks ---------------------------------------------------------------------------------------------------

static bool is_phase(const struct suite_invocation *i, const char *phase)
{
	return strcmp(i->phase, phase) == 0;
}

// The pass with the instrumentation comes first: it warms up too, and no budget cuts it off.
static bool is_before(__attribute__((unused)) const void *arg, const struct suite_invocation *i)
{
	return is_phase(i, "warmup") || is_phase(i, "calls");
}

static bool is_in_blocks(const void *arg, const struct suite_invocation *i)
{
	const struct ab *a = arg;

	return is_before(arg, i) || (is_phase(i, "screen") && i->pair <= a->blocks);
}

static bool is_counted(const void *arg, const struct suite_invocation *i)
{
	return is_in_blocks(arg, i) || is_phase(i, "count");
}

// What has been spent, and what one block takes: by the blocks so far, else by the warmup.
static int time_spent(struct ab *a, double *spent_ns, double *block_ns)
{
	struct run run = { 0 };
	int rc = run_load(a->j->run_dir, &run, &a->e);
	double warmup = 0, blocks = 0;

	*spent_ns = 0;
	for (size_t i = 0; rc == 0 && i < run.count; i++) {
		const struct result *r = &run.results[i];

		*spent_ns += (double)r->wall_ns;
		if (r->phase != NULL && strcmp(r->phase, "warmup") == 0)
			warmup += (double)r->wall_ns;
		else if (r->phase != NULL && strcmp(r->phase, "screen") == 0)
			blocks += (double)r->wall_ns;
	}
	*block_ns = a->blocks > 0 ? blocks / (double)a->blocks : warmup;
	run_deinit(&run);
	return rc;
}

// How many blocks the next look is behind; none when the time is up.
static int next_blocks(struct ab *a, size_t *next)
{
	double spent, block;
	int rc = time_spent(a, &spent, &block);

	if (rc < 0)
		return rc;
	*next = stats_next_look(a->blocks);
	if (*next > a->plan.screen)
		*next = a->plan.screen;
	if (spent + (double)(*next - a->blocks) * block > (double)a->budget_ns) {
		const double left = ((double)a->budget_ns - spent) / fmax(block, 1);

		*next = a->blocks + (left > 0 ? (size_t)left : 0);
	}
	// What cannot be told at all is not worth having begun.
	if (a->blocks == 0 && *next < 2)
		*next = a->plan.screen < 2 ? a->plan.screen : 2;
	return 0;
}

static int is_narrow(struct ab *a, bool *narrow)
{
	struct samples s = { 0 };
	int rc = rounds_samples(&a->rounds, &s, &a->e);

	if (rc == 0) {
		samples_sort(&s);
		rc = compare_is_narrow(&s, a->precision, narrow);
	}
	samples_deinit(&s);
	return rc == -ENOMEM ? err_set(&a->e, ENOMEM, "out of memory") : rc;
}

static int run_blocks(struct ab *a)
{
	bool narrow = false;
	int rc = rounds_run(&a->rounds, is_before, a, &a->e);

	while (rc == 0 && !rounds_broke_off(&a->rounds) && !narrow) {
		size_t next = 0;

		rc = next_blocks(a, &next);
		if (rc < 0 || next <= a->blocks)
			break;
		a->blocks = next;
		rc = rounds_run(&a->rounds, is_in_blocks, a, &a->e);
		if (rc == 0 && !rounds_broke_off(&a->rounds))
			rc = is_narrow(a, &narrow);
	}
	return rc;
}

static int run_counting(struct ab *a)
{
	int rc;

	a->j->wrap = PAIRS_CALLGRIND;
	rc = rounds_run(&a->rounds, is_counted, a, &a->e);
	a->j->wrap = NULL;
	return rc;
}

// ---- the whole ------------------------------------------------------------------------------------------------

static int tell(struct ab *a)
{
	struct samples s = { 0 };
	int rc = rounds_report(&a->rounds, &a->e);
	int code;

	if (rc == 0)
		rc = rounds_samples(&a->rounds, &s, &a->e);
	s.precision = a->precision; // when it goes on, another one may be asked for
	code = rc < 0 ? complain(&a->e, rc) : comparing_tell(&a->comparing, a->j->app, &s);
	samples_deinit(&s);
	return rounds_broke_off(&a->rounds) ? rounds_broken_code(&a->rounds) : code;
}

static int prepare(struct ab *a)
{
	char text[32];
	int rc = check_options(&a->j->app->opts, &a->e);

	if (rc == 0)
		rc = comparing_init(&a->comparing, a->j->app, &a->e);
	if (rc == 0)
		rc = a->j->pairs == NULL ? new_plan(a) : old_plan(a);
	if (rc == 0)
		rc = pairs_check_valgrind(&a->plan, &a->e);
	if (rc < 0)
		return rc;
	a->plan.sides = a->variants.sides;
	a->plan.side_count = a->variants.count;
	say(a->j->app,
	    "%zu variants of %zu test%s, until the intervals are within %.3g %% or %s are over; seed %llu",
	    a->variants.count, a->tests, a->tests == 1 ? "" : "s", 100 * a->precision,
	    units_duration(text, sizeof text, a->budget_ns), (unsigned long long)a->plan.seed);
	return pairs_make(&a->j->suite, a->j->selection, a->j->selected, &a->plan, &a->e);
}

int pipeline_ab(struct pipeline *j, bool resume)
{
	struct ab a = { .j = j, .rounds = { .j = j, .begun = resume }, .tests = j->selected };
	int rc = prepare(&a);
	int code;

	j->selected = 0;
	if (rc == -ENODEV) {
		complain(&a.e, -EINVAL);
		code = SG_EXIT_MISSING;
	} else {
		if (rc == 0)
			rc = run_blocks(&a);
		if (rc == 0 && !rounds_broke_off(&a.rounds) && a.plan.count)
			rc = run_counting(&a);
		code = rc < 0 ? complain(&a.e, rc) : tell(&a);
	}
	variants_deinit(&a.variants);
	comparing_deinit(&a.comparing);
	return code;
}
