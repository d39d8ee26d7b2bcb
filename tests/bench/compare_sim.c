// What the comparison's procedure finds and what it invents: simulated nights, and real runs of the embedded Lua.
// Everything random comes from --seed, so the first two tables are the same on every machine.
//
//   compare_sim [--quick] [--nights N] [--seed S] [--runs N]
//
// The nights: 200 metrics whose noise is drawn between .5 % and 5 %, with tails of Student's t with three degrees
// of freedom and an outlier of 10 to 60 % in one invocation of fifty, a drift that all metrics share (a daily wave
// of 3 % and a random walk), an autocorrelated disturbance (rho .8, 1 %), and a layout bias of .7 % drawn for each
// invocation.
#include "clock.h"
#include "noise.h"
#include "rng.h"
#include "stats.h"
#include "tail.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define METRICS 200U
#define SCREEN 20U
#define CONFIRM 30U
#define PAIRS (SCREEN + CONFIRM)

struct options {
	unsigned nights, runs, seed;
	bool quick;
};

// ---- a night --------------------------------------------------------------------------------------------------

struct samples {
	double base[PAIRS], head[PAIRS];
	size_t screened, confirmed;
};

// All of base first, then all of head: each in half of the night.
static void draw_sequential(struct samples *s, size_t count, struct noise *n, struct machine *m, struct rng *r)
{
	for (unsigned side = 0; side < 2; side++)
		for (size_t i = 0; i < count; i++) {
			const double at = 0.5 * side + 0.5 * (double)i / (double)count;

			m->walk += NOISE_WALK_STEP * noise_normal(r);
			(side == 0 ? s->base : s->head)[i] =
			        m->walk + noise_invocation(n, m, at, side, LAYOUT_DRAWN, r);
		}
}

struct night {
	struct samples samples[METRICS];
	struct stats_metric metrics[METRICS];
};

struct found {
	unsigned flags;     // of metrics that did not change
	bool changed_found; // metric 0, where it was given a shift
};

static struct found count_flags(const struct night *night, double shift)
{
	struct found f = { 0 };

	for (size_t i = 0; i < METRICS; i++) {
		const enum stats_outcome o = night->metrics[i].outcome;

		if (i == 0 && shift != 0)
			f.changed_found = o == (shift > 0 ? STATS_HIGHER : STATS_LOWER);
		else
			f.flags += o == STATS_HIGHER || o == STATS_LOWER;
	}
	return f;
}

struct setting {
	enum stats_plan plan;
	enum layout layout;
	double least_shift; // 0: the plan's own
	double sigma;       // of metric 0; 0: drawn as the others'
	double shift;       // of metric 0, logarithmic
};

static void draw_night(struct night *night, const struct setting *set, struct rng *r)
{
	struct stats_space *space = stats_space_new(PAIRS);
	const struct stats_rule rule = stats_rule(set->plan, set->least_shift);
	const double phase = noise_uniform(r);

	for (size_t i = 0; space != NULL && i < METRICS; i++) {
		const bool special = i == 0 && set->sigma > 0;
		struct machine machine = { .phase = phase };
		struct noise noise = noise_draw(special ? set->sigma : noise_sigma(r), r);
		struct samples *s = &night->samples[i];
		struct stats_metric *m = &night->metrics[i];
		const double shift = i == 0 ? set->shift : 0;

		*m = (struct stats_metric){ .screen = { s->base, s->head, SCREEN }, .rule = rule };
		if (set->plan == STATS_SEQUENTIAL) {
			draw_sequential(s, SCREEN, &noise, &machine, r);
			continue;
		}
		noise_pairs(s->base, s->head, 0, SCREEN, PAIRS, &noise, &machine, shift, set->layout, r);
		if (set->plan == STATS_TWO_STAGES && stats_screen(space, &m->screen, &m->rule)) {
			noise_pairs(s->base, s->head, SCREEN, CONFIRM, PAIRS, &noise, &machine, shift, set->layout,
			            r);
			m->confirm = (struct stats_pairs){ s->base + SCREEN, s->head + SCREEN, CONFIRM };
		}
	}
	stats_space_free(space);
}

struct tally {
	unsigned nights, with_flags, flags, found;
	double ns; // of the statistics of a night
};

static struct tally simulate(const struct setting *set, unsigned nights, struct rng *r)
{
	struct night *night = calloc(1, sizeof *night);
	struct tally t = { .nights = nights };

	for (unsigned i = 0; night != NULL && i < nights; i++) {
		struct found f;
		uint64_t begin;

		draw_night(night, set, r);
		begin = clock_now_ns();
		if (stats_judge(set->plan, night->metrics, METRICS) < 0)
			abort();
		t.ns += (double)(clock_now_ns() - begin) / nights;
		f = count_flags(night, set->shift);
		t.with_flags += f.flags > 0;
		t.flags += f.flags;
		t.found += f.changed_found;
	}
	free(night);
	return t;
}

// ---- the tables -----------------------------------------------------------------------------------------------

static double percent(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : 0;
}

static unsigned false_flags(const struct options *o, struct rng *r)
{
	static const struct {
		const char *name;
		struct setting set;
	} rows[] = {
		{ "20 + 30 pairs, interleaved", { .plan = STATS_TWO_STAGES } },
		{ "20 pairs, interleaved, one stage", { .plan = STATS_ONE_STAGE } },
		{ "20 + 30, layout fixed for each build", { .plan = STATS_TWO_STAGES, .layout = LAYOUT_FIXED } },
		{ "20 one after the other, > 10 %", { .plan = STATS_SEQUENTIAL } },
		{ "20 one after the other, > 5 %", { .plan = STATS_SEQUENTIAL, .least_shift = .05 } },
		{ "20 one after the other, > 3 %", { .plan = STATS_SEQUENTIAL, .least_shift = .03 } },
	};
	unsigned gate = 0;

	printf("A/A nights of %u metrics: what is flagged although nothing changed\n\n", METRICS);
	printf("| %-36s | %6s | %16s | %15s |\n", "", "nights", "nights flagged", "flags a night");
	printf("|%s|%s|%s|%s|\n", "--------------------------------------",
	       "-------:", "-----------------:", "----------------:");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct tally t = simulate(&rows[i].set, i == 0 ? o->nights : (o->nights + 3) / 4, r);

		printf("| %-36s | %6u | %14.1f %% | %15.3f |\n", rows[i].name, t.nights,
		       percent(t.with_flags, t.nights), (double)t.flags / t.nights);
		gate = i == 0 ? t.with_flags : gate;
	}
	return gate;
}

struct goal {
	double sigma, change;
	bool required; // of the procedure: in 95 % of nights
};

static bool power(const struct options *o, struct rng *r)
{
	static const struct goal goals[] = {
		{ .01, .05, true }, { .02, .05, true }, { .03, .05, false }, { .05, .05, false },
		{ .02, .10, true }, { .05, .10, true }, { .01, 0, false },   { .02, 0, false },
		{ .03, 0, false },  { .05, 0, false },
	};
	bool ok = true;

	printf("\nOne metric of %u changes: how often it is found (20 + 30 pairs; last four: the smallest detectable "
	       "effect)\n\n| noise | change | found |\n|------:|-------:|------:|\n",
	       METRICS);
	for (size_t i = 0; i < sizeof goals / sizeof goals[0]; i++) {
		const double sigma = goals[i].sigma;
		const double change = goals[i].change > 0 ? goals[i].change : stats_detectable(sigma, CONFIRM);
		const struct setting set = { .plan = STATS_TWO_STAGES, .sigma = sigma, .shift = log1p(change) };
		const unsigned nights = goals[i].required ? o->nights : (o->nights + 1) / 2;
		const struct tally t = simulate(&set, nights, r);
		const bool met = !goals[i].required || percent(t.found, nights) >= 95;

		printf("| %3.0f %% | %4.1f %% | %5.1f %%%s |\n", 100 * sigma, 100 * change,
		       percent(t.found, nights), met ? "" : " (goal: 95 %)");
		ok = ok && met;
	}
	return ok;
}

// ---- the shape of the tail
// --------------------------------------------------------------------------------------

#define LATENCIES 2000U

// One invocation's latencies: a narrow middle, and a share that takes three to thirty times as long.
static double draw_tail(struct hist *h, double share, struct rng *r)
{
	const double level = exp(0.02 * noise_heavy(r));

	hist_reset(h);
	for (unsigned i = 0; i < LATENCIES; i++) {
		double v = 1e5 * level * exp(0.1 * (noise_uniform(r) + noise_uniform(r) + noise_uniform(r) - 1.5));

		if (noise_uniform(r) < share)
			v *= 3 * exp(noise_uniform(r) * log(10));
		hist_record(h, (uint64_t)v);
	}
	return log(tail_weight(h));
}

static unsigned tails_found(unsigned times, double base_share, double head_share, struct rng *r)
{
	struct hist *h = hist_new(3);
	struct samples *s = calloc(1, sizeof *s);
	unsigned found = 0;

	for (unsigned i = 0; h != NULL && s != NULL && i < times; i++) {
		struct stats_metric m = { .screen = { s->base, s->head, SCREEN },
			                  .confirm = { s->base + SCREEN, s->head + SCREEN, CONFIRM },
			                  .rule = stats_rule(STATS_TWO_STAGES, 0) };

		for (size_t k = 0; k < PAIRS; k++) {
			s->base[k] = draw_tail(h, base_share, r);
			s->head[k] = draw_tail(h, head_share, r);
		}
		stats_judge(STATS_TWO_STAGES, &m, 1);
		found += m.outcome == STATS_HIGHER || m.outcome == STATS_LOWER;
	}
	hist_free(h);
	free(s);
	return found;
}

static void tail_shape(const struct options *o, struct rng *r)
{
	const unsigned times = (o->nights + 4) / 5;
	const unsigned same = tails_found(times, .01, .01, r), doubled = tails_found(times, .01, .02, r);

	printf("\nThe tail's shape, %u latencies an invocation, %u comparisons: the same tail flagged in %.1f %%, "
	       "from 1 %% to 2 %% of the latencies found in %.1f %%\n",
	       LATENCIES, times, percent(same, times), percent(doubled, times));
}

// ---- real invocations -----------------------------------------------------------------------------------------

static const char *const programs[] = {
	"local t = {} for i = 1, 60000 do t[i] = { i } end local s = 0 for i = 1, #t do s = s + t[i][1] end",
	"local function f(n) if n < 2 then return n end return f(n - 1) + f(n - 2) end f(21)",
	"local s = '' for i = 1, 1500 do s = s .. i end for i = 1, 40000 do s:byte(i % #s + 1) end",
	"for i = 1, 25 do local t = {} for k = 1, 1500 do t['k' .. k] = k end collectgarbage() end",
};
#define PROGRAMS (sizeof programs / sizeof programs[0])

enum { WALL, CPU, MEMORY, READINGS };

// One invocation's figures as logarithms. 0 or -errno.
static int measure(const char *lua, const char *script, double readings[READINGS])
{
	char *argv[] = { (char *)(uintptr_t)lua, (char *)(uintptr_t)script, NULL };
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	uint64_t begin = clock_now_ns();
	pid_t pid;
	int status, rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	rc = posix_spawn(&pid, lua, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc != 0)
		return -rc;
	if (wait4(pid, &status, 0, &usage) < 0)
		return -errno;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return -EIO;
	readings[WALL] = log((double)(clock_now_ns() - begin));
	readings[CPU] = log(1 + (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
	                    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec));
	readings[MEMORY] = log((double)usage.ru_maxrss);
	return 0;
}

// runs[program][reading][k]: all programs in turn.
static double *measure_all(const char *lua, size_t runs)
{
	double *all = calloc(PROGRAMS * READINGS * runs, sizeof *all);
	char script[] = "/tmp/compare_sim_XXXXXX";
	int fd = mkstemp(script);
	int rc = fd < 0 || all == NULL ? -errno : 0;

	for (size_t k = 0; rc == 0 && k < runs; k++)
		for (size_t p = 0; rc == 0 && p < PROGRAMS; p++) {
			const size_t len = strlen(programs[p]);
			double readings[READINGS];

			if (ftruncate(fd, 0) < 0 || pwrite(fd, programs[p], len, 0) != (ssize_t)len)
				rc = -errno;
			if (rc == 0)
				rc = measure(lua, script, readings);
			for (size_t i = 0; i < READINGS; i++)
				all[(p * READINGS + i) * runs + k] = readings[i];
		}
	if (fd >= 0) {
		close(fd);
		unlink(script);
	}
	if (rc < 0) {
		fprintf(stderr, "compare_sim: %s: %s\n", lua, strerror(-rc));
		free(all);
		all = NULL;
	}
	return all;
}

// A night out of the recorded runs: neighbours are pairs, their labels drawn anew; every window that there is.
static void replay_night(struct night *night, const double *all, size_t runs, double shift, struct rng *r)
{
	for (size_t i = 0; i < METRICS; i++) {
		const double *series = all + i % (PROGRAMS * READINGS) * runs;
		const size_t first = (size_t)rng_below(r, runs - 2 * PAIRS + 1);
		struct samples *s = &night->samples[i];

		for (size_t k = 0; k < PAIRS; k++) {
			const unsigned swap = (unsigned)rng_below(r, 2);

			s->base[k] = series[first + 2 * k + swap];
			s->head[k] = series[first + 2 * k + 1 - swap] + (i < PROGRAMS * READINGS ? shift : 0);
		}
		night->metrics[i] =
		        (struct stats_metric){ .screen = { s->base, s->head, SCREEN },
			                       .confirm = { s->base + SCREEN, s->head + SCREEN, CONFIRM },
			                       .rule = stats_rule(STATS_TWO_STAGES, 0) };
	}
}

static bool replay(const struct options *o, struct rng *r)
{
	static const char *const readings[] = { "time", "CPU", "peak memory" };
	const size_t runs = o->runs < 2 * PAIRS ? 2 * PAIRS : o->runs;
	double *all = measure_all(STRESSGEN_LUA, runs);
	struct night *night = calloc(1, sizeof *night);
	unsigned flagged = 0, found[READINGS] = { 0 };
	double sigma[READINGS] = { 0 };

	if (all == NULL || night == NULL) {
		free(all);
		free(night);
		return false;
	}
	for (unsigned i = 0; i < o->nights; i++) {
		replay_night(night, all, runs, 0, r);
		stats_judge(STATS_TWO_STAGES, night->metrics, METRICS);
		flagged += count_flags(night, 0).flags > 0;
		replay_night(night, all, runs, log1p(.10), r);
		stats_judge(STATS_TWO_STAGES, night->metrics, METRICS);
		for (size_t k = 0; k < PROGRAMS * READINGS; k++) {
			found[k % READINGS] += night->metrics[k].outcome == STATS_HIGHER;
			sigma[k % READINGS] += night->metrics[k].sigma / (double)(o->nights * PROGRAMS);
		}
	}
	printf("\nReal A/A runs of the embedded Lua on this machine: %zu programs, %zu invocations each, labels drawn "
	       "anew for each of %u nights\n\n",
	       PROGRAMS, runs, o->nights);
	printf("nights flagged: %.1f %%\n\n| figure      | noise | 10 %% added is found |\n|-------------|------:|--"
	       "------------------:|\n",
	       percent(flagged, o->nights));
	for (size_t k = 0; k < READINGS; k++)
		printf("| %-11s | %3.1f %% | %17.1f %% |\n", readings[k], 100 * sigma[k],
		       percent(found[k], (double)o->nights * PROGRAMS));
	free(all);
	free(night);
	return true;
}

static bool speed(struct rng *r)
{
	const struct setting set = { .plan = STATS_TWO_STAGES };
	const struct tally t = simulate(&set, 20, r);

	printf("\nStatistics of %u metrics, 20 pairs each and the confirmations, with intervals: %.1f ms (goal: 10)\n",
	       METRICS, t.ns / 1e6);
	return t.ns < 10e6;
}

static bool read_options(int argc, char **argv, struct options *o)
{
	*o = (struct options){ .nights = 1000, .runs = 600, .seed = 1 };
	for (int i = 1; i < argc; i++) {
		unsigned *number = NULL;

		if (strcmp(argv[i], "--quick") == 0) {
			o->quick = true;
			o->nights = 40;
			o->runs = 2 * PAIRS;
			continue;
		}
		number = strcmp(argv[i], "--nights") == 0 ? &o->nights
		         : strcmp(argv[i], "--runs") == 0 ? &o->runs
		         : strcmp(argv[i], "--seed") == 0 ? &o->seed
		                                          : NULL;
		if (number == NULL || ++i == argc)
			return false;
		*number = (unsigned)strtoul(argv[i], NULL, 10);
	}
	return o->nights > 0;
}

int main(int argc, char **argv)
{
	struct options o;
	struct rng r;
	unsigned flagged;
	bool ok, replayed;

	if (!read_options(argc, argv, &o)) {
		fprintf(stderr, "usage: compare_sim [--quick] [--nights N] [--seed S] [--runs N]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	rng_init(&r, o.seed);
	printf("seed %u\n\n", o.seed);
	flagged = false_flags(&o, &r);
	ok = power(&o, &r);
	tail_shape(&o, &r);
	replayed = replay(&o, &r);
	ok = speed(&r) && ok;
	if (o.quick) // too few nights for the goals, and a machine that is busy
		return replayed ? 0 : 1;
	printf("goals %s\n", ok && flagged * 100 <= o.nights ? "met" : "NOT met");
	return ok && replayed && flagged * 100 <= o.nights ? 0 : 1;
}
