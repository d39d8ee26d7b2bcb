// run --against: the selected tests in pairs with another build, first the screen, then what it found, then the
// comparison.
#include "comparing.h"
#include "pairs.h"
#include "rng.h"
#include "rounds.h"
#include "units.h"
#include "verdict.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PAIRS 133U // of a budget's screen; its confirmation has half as many more
#define MOST_CONFIRM 200U
#define MOST_INVOCATIONS 200000U
#define CALL_PAIRS 2U // with the allocator instrumentation
#define SIDES 3U

struct against {
	struct pipeline *j;
	struct comparing comparing;
	struct pairs_plan plan;
	struct allocator_choice malloc; // of the base side; zeroed: the run's
	size_t tests;                   // that are compared
	unsigned pairs;                 // of the screen that fit into the budget
	unsigned confirm;               // likewise
	json_t *candidates;             // ids of the tests that the screen found something in
	struct rounds rounds;
	struct err e;
};

bool pipeline_is_paired(const struct pipeline *j)
{
	return j->pairs != NULL || opt_given(&j->app->opts, "against");
}

// ---- what is asked for ----------------------------------------------------------------------------------------

static int check_options(const struct opt_set *o, struct err *e)
{
	if (opt_number(o, "repeat") > 1)
		return err_set(e, EINVAL, "--against repeats by --pairs; leave --repeat out");
	if (opt_number(o, "soak") > 0)
		return err_set(e, EINVAL,
		               "--soak runs one side over and over, and --against two: leave one of them out");
	if (opt_flag(o, "parallel") || opt_flag(o, "container-parallel"))
		return err_set(
		        e, EINVAL,
		        "--against runs one test after another: tests beside each other disturb what is measured");
	return 0;
}

#define ON_MALLOC "alloc:"

// "alloc:NAME": the tests' own programs on another malloc. -ENODEV when it is missing.
static int choose_malloc(struct against *a)
{
	const char *spec = a->plan.base;
	int rc;

	if (strncmp(spec, ON_MALLOC, strlen(ON_MALLOC)) != 0)
		return 0;
	rc = allocator_choose(a->j->app, spec + strlen(ON_MALLOC), &a->malloc, &a->e);
	if (rc == 0 && a->malloc.variables.count > 0)
		rc = err_set(&a->e, EINVAL, "--against %s: options are for the head's malloc alone (--alloc)",
		             spec);
	if (rc < 0)
		return rc;
	a->plan.base = NULL;
	a->plan.allocator = a->malloc.path != NULL ? a->malloc.path : "";
	a->plan.allocator_title = a->malloc.title;
	return 0;
}

// The base's program is looked for before the first pair, and not missed in each of them.
static int check_base(struct against *a)
{
	const char *spec = a->plan.base;
	const size_t n = spec != NULL ? strcspn(spec, " \t") : 0;
	char *word = spec != NULL ? strndup(spec, n) : NULL, *program;
	int rc = 0;

	if (word == NULL || strpbrk(word, "'\"\\") != NULL) { // quoted: the runner reads it
		free(word);
		return 0;
	}
	program = paths_which(word);
	if (program == NULL)
		rc = err_set(
		        &a->e, ENODEV,
		        "--against %s: there is no program '%s'; another malloc would be --against alloc:NAME "
		        "(stressgen targets lists them)",
		        spec, word);
	free(program);
	free(word);
	return rc;
}

static json_t *selected_ids(const struct pipeline *j)
{
	json_t *ids = json_array();

	for (size_t i = 0; i < j->selected; i++)
		json_array_append_new(ids, json_string(j->suite.tests[j->selection[i]].id));
	return ids;
}

static json_t *plan_to_json(const struct against *a)
{
	const struct pairs_plan *p = &a->plan;

	return json_pack("{s:s,s:i,s:i,s:b,s:b,s:b,s:i,s:b,s:I,s:I,s:o}", "base", p->base, "screen",
	                 (int)p->screen, "confirm", (int)p->confirm, "warmup", p->warmup, "control", p->control,
	                 "count", p->count, "calls", (int)p->calls, "bare", p->bare, "seed", (json_int_t)p->seed,
	                 "budget_ns", (json_int_t)opt_number(&a->j->app->opts, "budget"), "tests",
	                 selected_ids(a->j));
}

// A run that is gone on with keeps the plan that it began with.
static int recall_plan(struct against *a)
{
	const json_t *pairs = a->j->pairs;
	int control, warmup, count, screen, confirm, calls = 0, bare = 0;
	json_int_t seed;

	if (json_unpack((json_t *)(uintptr_t)pairs, "{s:s,s:i,s:i,s:b,s:b,s:b,s?i,s?b,s:I}", "base", &a->plan.base,
	                "screen", &screen, "confirm", &confirm, "warmup", &warmup, "control", &control, "count",
	                &count, "calls", &calls, "bare", &bare, "seed", &seed) < 0 ||
	    screen < 1 || confirm < 0 || screen > 200 || confirm > 200 || calls < 0 || calls > 200)
		return err_set(&a->e, EINVAL, "%s/run.json: \"pairs\" cannot be read", a->j->run_dir);
	a->plan.screen = (unsigned)screen;
	a->plan.confirm = (unsigned)confirm;
	a->plan.warmup = warmup != 0;
	a->plan.control = control != 0;
	a->plan.count = count != 0;
	a->plan.calls = (unsigned)calls;
	a->plan.bare = bare != 0;
	a->plan.seed = (uint64_t)seed;
	return 0;
}

// With a budget it is the time that decides, up to what can be handled at once; a number that is given stays the
// most.
static unsigned most_pairs(const struct against *a)
{
	const struct opt_set *o = &a->j->app->opts;
	const unsigned asked = (unsigned)opt_number(o, "pairs");
	const size_t invocations =
	        MOST_INVOCATIONS / (a->tests * SIDES * 5 / 2 + 1); // a pair, and half of one more to confirm
	const size_t most = invocations < MOST_PAIRS ? invocations : MOST_PAIRS;

	return opt_number(o, "budget") == 0 || opt_given(o, "pairs") || most < asked ? asked : (unsigned)most;
}

// Time and memory are of runs without the preloaded library, which has a pass of its own; but not where it is what
// the test is about.
static bool is_bare(const struct opt_set *o)
{
	return !opt_given(o, "fail-alloc") && opt_number(o, "jemalloc-cap") == 0;
}

static int make_plan(struct against *a)
{
	const struct opt_set *o = &a->j->app->opts;
	const unsigned screen = most_pairs(a), asked = (unsigned)opt_number(o, "pairs"),
	               confirm = (unsigned)opt_number(o, "confirm");

	if (a->j->pairs != NULL)
		return recall_plan(a);
	a->plan =
	        (struct pairs_plan){ .base = opt_text(o, "against"),
		                     .screen = screen,
		                     .confirm = confirm * screen / asked < MOST_CONFIRM ? confirm * screen / asked
		                                                                        : MOST_CONFIRM,
		                     .warmup = opt_number(o, "budget") > 0,
		                     .control = opt_flag(o, "control"),
		                     .count = opt_flag(o, "count-instructions"),
		                     .calls = opt_flag(o, "preload") && is_bare(o) ? CALL_PAIRS : 0,
		                     .bare = is_bare(o),
		                     .seed = rng_fresh_seed() };
	a->j->pairs = plan_to_json(a);
	return a->j->pairs != NULL ? 0 : err_set(&a->e, ENOMEM, "out of memory");
}

// ---- running --------------------------------------------------------------------------------------------------

static bool is_before(__attribute__((unused)) const void *arg, const struct suite_invocation *i)
{
	return strcmp(i->phase, "warmup") == 0 || strcmp(i->phase, "calls") == 0;
}

static bool is_screen(const void *arg, const struct suite_invocation *i)
{
	const struct against *a = arg;

	return is_before(a, i) || (strcmp(i->phase, "screen") == 0 && i->pair <= a->pairs);
}

// ---- the budget -----------------------------------------------------------------------------------------------

// What the warmup took: of all tests' heads and bases together, and of the slowest; and with the pass that counts
// calls. A run that is gone on with finds the same.
static int time_before(struct against *a, double *all_ns, double *slowest_ns, double *spent_ns)
{
	struct run run = { 0 };
	int rc = run_load(a->j->run_dir, &run, &a->e);

	*all_ns = *slowest_ns = *spent_ns = 0;
	for (size_t i = 0; rc == 0 && i < run.count; i++) {
		const char *phase = run.results[i].phase;

		if (phase != NULL && strcmp(phase, "calls") == 0)
			*spent_ns += (double)run.results[i].wall_ns;
		if (phase != NULL && strcmp(phase, "warmup") == 0) {
			*spent_ns += (double)run.results[i].wall_ns;
			*all_ns += (double)run.results[i].wall_ns;
			*slowest_ns = fmax(*slowest_ns, (double)run.results[i].wall_ns);
		}
	}
	run_deinit(&run);
	return rc;
}

static void say_detects(const struct against *a, unsigned pairs)
{
	static const double noises[] = { .01, .02, .05 };
	double found[3];

	for (size_t i = 0; i < 3; i++)
		found[i] = 100 * stats_detectable(noises[i], pairs);
	if (pairs < STATS_LEAST_PAIRS)
		say(a->j->app, "%u pairs: fewer than %u are shown and not judged", pairs, STATS_LEAST_PAIRS);
	else
		say(a->j->app,
		    "%u pairs detect %.0f %% where an invocation's noise is 1 %%, %.0f %% at 2 %%, %.0f %% at 5 %%",
		    pairs, found[0], found[1], found[2]);
}

// As many pairs as fit, and half as many again to confirm a tenth of the suite, but at least its slowest test.
static int fit_budget(struct against *a)
{
	const double budget = json_number_value(json_object_get(a->j->pairs, "budget_ns"));
	const double sides = a->plan.control ? 1.5 : 1; // the warmup has two
	const double per_screen = a->plan.screen > 0 ? (double)a->plan.confirm / a->plan.screen : 0;
	double all, slowest, spent, round;
	char text[32];
	int rc = time_before(a, &all, &slowest, &spent);

	if (rc < 0)
		return rc;
	round = all * sides + per_screen * fmax(all * sides / 10, 2 * slowest * sides);
	if (round * a->pairs > budget - spent) {
		a->pairs = budget > spent + round ? (unsigned)((budget - spent) / round) : 1;
		a->confirm = (unsigned)(a->pairs * per_screen);
	}
	say(a->j->app, "--budget %s: %u pair%s fit%s, and %u to confirm what they find",
	    units_duration(text, sizeof text, (uint64_t)budget), a->pairs, a->pairs == 1 ? "" : "s",
	    a->pairs == 1 ? "s" : "", a->confirm);
	return 0;
}

static int run_screen(struct against *a)
{
	int rc = 0;

	if (a->plan.warmup || a->plan.calls > 0)
		rc = rounds_run(&a->rounds, is_before, a, &a->e);
	if (rc == 0 && a->plan.warmup && !rounds_broke_off(&a->rounds))
		rc = fit_budget(a);
	if (rc < 0 || rounds_broke_off(&a->rounds))
		return rc;
	say_detects(a, a->confirm > 0 ? a->confirm : a->pairs);
	return rounds_run(&a->rounds, is_screen, a, &a->e);
}

// ---- the confirmation -----------------------------------------------------------------------------------------

static bool is_confirmed(const void *arg, const struct suite_invocation *i)
{
	const struct against *a = arg;

	if (is_screen(a, i))
		return true;
	return strcmp(i->phase, "confirm") == 0 && i->pair <= a->plan.screen + a->confirm &&
	       json_object_get(a->candidates, i->of) != NULL;
}

static int find_candidates(struct against *a)
{
	struct samples s = { 0 };
	int rc = rounds_samples(&a->rounds, &s, &a->e);

	if (rc == 0)
		samples_sort(&s);
	for (size_t i = 0; rc >= 0 && i < s.count; i++) {
		rc = compare_is_candidate(&s.tests[i], SAMPLE_HEAD, &a->comparing.options);
		if (rc == 0 && a->plan.control)
			rc = compare_is_candidate(&s.tests[i], SAMPLE_CONTROL, &a->comparing.options);
		if (rc > 0)
			json_object_set_new(a->candidates, s.tests[i].id, json_true());
	}
	samples_deinit(&s);
	return rc < 0 ? rc : 0;
}

static int run_confirmation(struct against *a)
{
	int rc = a->confirm > 0 ? find_candidates(a) : 0;
	const size_t found = json_object_size(a->candidates);

	if (rc < 0 || a->confirm == 0)
		return rc;
	say(a->j->app, "the screen found something in %zu of %zu tests%s", found, a->tests,
	    found > 0 ? "; fresh pairs decide" : "");
	return found > 0 ? rounds_run(&a->rounds, is_confirmed, a, &a->e) : 0;
}

// ---- instructions ---------------------------------------------------------------------------------------------

// Beside all that has run, so that the journal's last header says what the whole run set out to do.
static bool is_counted(const void *arg, const struct suite_invocation *i)
{
	return is_confirmed(arg, i) || strcmp(i->phase, "count") == 0;
}

static int run_counting(struct against *a)
{
	int rc;

	a->j->wrap = PAIRS_CALLGRIND;
	rc = rounds_run(&a->rounds, is_counted, a, &a->e);
	a->j->wrap = NULL;
	return rc;
}

// ---- the whole ------------------------------------------------------------------------------------------------

static int run_all(struct against *a)
{
	int rc = run_screen(a);

	if (rc == 0 && !rounds_broke_off(&a->rounds))
		rc = run_confirmation(a);
	if (rc == 0 && !rounds_broke_off(&a->rounds) && a->plan.count)
		rc = run_counting(a);
	return rc;
}

// The run's own reports are written too; what is printed is the comparison.
static int tell(struct against *a)
{
	struct samples s = { 0 };
	int rc = rounds_report(&a->rounds, &a->e);
	int code;

	if (rc == 0)
		rc = rounds_samples(&a->rounds, &s, &a->e);
	code = rc < 0 ? complain(&a->e, rc) : comparing_tell(&a->comparing, a->j->app, &s);
	samples_deinit(&s);
	if (rounds_broke_off(&a->rounds))
		return rounds_broken_code(&a->rounds);
	return code;
}

int pipeline_against(struct pipeline *j, bool resume)
{
	struct against a = {
		.j = j, .rounds = { .j = j, .begun = resume }, .tests = j->selected, .candidates = json_object()
	};
	int rc = check_options(&j->app->opts, &a.e);
	int code;

	if (rc == 0)
		rc = comparing_init(&a.comparing, j->app, &a.e);
	if (rc == 0)
		rc = make_plan(&a);
	a.pairs = a.plan.screen;
	a.confirm = a.plan.confirm;
	if (rc == 0)
		rc = choose_malloc(&a);
	if (rc == 0)
		rc = check_base(&a);
	if (rc == -ENODEV || (rc == 0 && pairs_check_valgrind(&a.plan, &a.e) < 0)) {
		complain(&a.e, -EINVAL);
		allocator_choice_deinit(&a.malloc);
		json_decref(a.candidates);
		comparing_deinit(&a.comparing);
		return SG_EXIT_MISSING;
	}
	if (rc == 0)
		rc = pairs_make(&j->suite, j->selection, j->selected, &a.plan, &a.e);
	j->selected = 0;
	if (rc == 0)
		rc = run_all(&a);
	code = rc < 0 ? complain(&a.e, rc) : tell(&a);
	json_decref(a.candidates);
	allocator_choice_deinit(&a.malloc);
	comparing_deinit(&a.comparing);
	return code;
}
