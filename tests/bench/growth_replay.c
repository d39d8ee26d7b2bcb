// What real runtimes' curves make of the judgement on growth: how many of a run's are called too fast, and how
// many are with the noise of that run put on costs that are known.
//
//   growth_replay [--curves N] RUN...
//
// For the second part each curve's departure from the best c + a n is taken apart: of each size the median, the
// spread of its repetitions, CPU time, and how much longer than that the process took. A simulated curve takes
// them from one of the target's curves at the same place among the sizes, so that what grows with the size
// (waiting on a busy machine, caches) stays where it was.
#include "growth.h"

#include "rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUANTILES 20U
#define MOST_DONORS 20000U
#define START_NS 3e7 // of CPU time of a simulated process before it measures

// One size of one curve: what its figures are as multiples of what a straight line says.
struct donor {
	const char *target; // borrowed from the view
	double place;       // among the sizes: 0 the least, 1 the largest
	double median, shape[QUANTILES], cpu, waited;
};

struct donors {
	struct donor *items;
	size_t count;
};

// ---- the runs themselves --------------------------------------------------------------------------------------

static double cpu_of(const struct view_test *t)
{
	return (double)(t->r->user_ns + t->r->sys_ns);
}

// The best c + a n with c and a of at least 0, by weights 1 / t^2.
static void fit_straight(const double *sizes, const double *costs, size_t count, double *c, double *a)
{
	double w = 0, x = 0, xx = 0, t = 0, xt = 0;

	for (size_t i = 0; i < count; i++) {
		const double weight = 1 / (costs[i] * costs[i]);

		w += weight;
		x += weight * sizes[i];
		xx += weight * sizes[i] * sizes[i];
		t += weight * costs[i];
		xt += weight * sizes[i] * costs[i];
	}
	*c = fmax((t * xx - x * xt) / (w * xx - x * x), 0);
	*a = fmax((xt - *c * x) / xx, 0);
	if (*a <= 0)
		*c = t / w;
}

static void take_donors(struct donors *d, const struct growth *g)
{
	double sizes[GROWTH_MOST], costs[GROWTH_MOST], cpu[GROWTH_MOST], c, a, cpu_c, cpu_a;

	for (size_t i = 0; i < g->count; i++) {
		sizes[i] = (double)g->points[i]->size;
		costs[i] = growth_cost_of(g->points[i], GROWTH_TIME);
		cpu[i] = fmax(cpu_of(g->points[i]), 1);
	}
	fit_straight(sizes, costs, g->count, &c, &a);
	fit_straight(sizes, cpu, g->count, &cpu_c, &cpu_a);
	for (size_t i = 0; i < g->count && d->count < MOST_DONORS; i++) {
		struct donor *to = &d->items[d->count++];

		*to = (struct donor){ .target = g->points[i]->target,
			              .place = (double)i / (double)(g->count - 1),
			              .median = costs[i] / (c + a * sizes[i]),
			              .cpu = cpu[i] / (cpu_c + cpu_a * sizes[i]),
			              .waited = (double)g->points[i]->r->wall_ns / cpu[i] };
		for (unsigned q = 0; q < QUANTILES; q++)
			to->shape[q] = (double)hist_percentile(g->points[i]->hist, 100 * (q + 0.5) / QUANTILES) /
			               costs[i];
	}
}

static void tell(struct arena *a, const struct growth *g)
{
	printf("  too fast: %s\n", growth_words(a, g));
	for (size_t i = 0; i < g->count; i++)
		printf("    %8llu: %12.0f, CPU %6.1f ms, wall %6.1f ms\n", (unsigned long long)g->points[i]->size,
		       growth_cost_of(g->points[i], g->cost), cpu_of(g->points[i]) / 1e6,
		       (double)g->points[i]->r->wall_ns / 1e6);
}

// Of the curves that may grow like n. 0 or an error's code.
static int judge_run(const char *dir, struct view *v, struct run *run, struct donors *d)
{
	size_t curves[GROWTH_COSTS] = { 0 }, over[GROWTH_COSTS] = { 0 };
	struct growth g;
	struct err e = { 0 };

	if (run_load(dir, run, &e) < 0 || view_init(v, run) < 0) {
		fprintf(stderr, "growth_replay: %s\n", e.text);
		return 2;
	}
	for (size_t i = 0; i < v->count; i++)
		for (unsigned cost = 0; cost < GROWTH_COSTS; cost++) {
			if (!growth_points(v, i, (enum growth_cost)cost, &g))
				continue;
			const bool too_fast = growth_is_over(&g);

			if (strcmp(g.declared, "n") != 0)
				continue;
			curves[cost]++;
			over[cost] += too_fast;
			if (too_fast)
				tell(&v->arena, &g);
			if (cost == GROWTH_TIME && g.count >= GROWTH_WITH_CONSTANT)
				take_donors(d, &g);
		}
	printf("%s: too fast are", dir);
	for (unsigned cost = 0; cost < GROWTH_COSTS; cost++)
		printf(" %zu of %zu curves of %s%s", over[cost], curves[cost],
		       growth_cost_name((enum growth_cost)cost), cost + 1 < GROWTH_COSTS ? "," : "\n");
	return 0;
}

// ---- known costs with that noise ------------------------------------------------------------------------------

static const struct plan {
	const char *name;
	size_t count;
	double sizes[8];
} plans[] = {
	{ "2 sizes over 5", 2, { 1000, 5000 } },
	{ "3 sizes over 10", 3, { 1000, 5000, 10000 } },
	{ "6 sizes over 16", 6, { 1000, 1741, 3031, 5278, 9190, 16000 } },
	{ "8 sizes over 100", 8, { 1000, 1931, 3728, 7197, 13895, 26827, 51795, 100000 } },
};
#define PLANS (sizeof plans / sizeof plans[0])

static const struct {
	const char *name;
	double exponent, constant; // as a part of the cost at the middle
} costs_known[] = { { "n", 1, 0 }, { "n and a constant", 1, 1 }, { "n^2", 2, 0 }, { "n^1.8", 1.8, 0 } };
#define COSTS_KNOWN (sizeof costs_known / sizeof costs_known[0])

#define MIDDLE_NS 2e6 // of a repetition at the middle size

struct simulated {
	struct result results[8];
	struct view_test tests[8];
	struct hist *hists[8];
	struct view view;
};

// Another size of the same target, at about that place among the sizes.
static const struct donor *choose(const struct donors *d, const char *target, double place, struct rng *r)
{
	for (unsigned tries = 0; tries < 2000; tries++) {
		const struct donor *one = &d->items[rng_below(r, d->count)];

		if (fabs(one->place - place) < 0.13 && strcmp(one->target, target) == 0)
			return one;
	}
	return &d->items[rng_below(r, d->count)];
}

static bool simulate(struct simulated *s, const struct plan *p, size_t known, const struct donors *d,
                     struct rng *r)
{
	static char declared[] = "n";
	const char *target = d->items[rng_below(r, d->count)].target;
	const double middle = sqrt(p->sizes[0] * p->sizes[p->count - 1]);
	struct growth g;

	for (size_t i = 0; i < p->count; i++) {
		const struct donor *one =
		        choose(d, target, p->count > 1 ? (double)i / (double)(p->count - 1) : 0, r);
		const double right = MIDDLE_NS * (pow(p->sizes[i] / middle, costs_known[known].exponent) +
		                                  costs_known[known].constant);
		const double cpu = (START_NS + QUANTILES * right) * one->cpu;

		hist_reset(s->hists[i]);
		for (unsigned q = 0; q < QUANTILES; q++)
			hist_record(s->hists[i], (uint64_t)fmax(right * one->median * one->shape[q], 1));
		s->results[i] = (struct result){ .as_expected = true,
			                         .growth = declared,
			                         .user_ns = (uint64_t)cpu,
			                         .wall_ns = (uint64_t)(cpu * one->waited) };
		s->tests[i] = (struct view_test){ .r = &s->results[i],
			                          .id = "",
			                          .kind = "k",
			                          .kernel = "k",
			                          .target = "t",
			                          .size = (uint64_t)p->sizes[i],
			                          .has_size = true,
			                          .hist = s->hists[i] };
	}
	s->view = (struct view){ .tests = s->tests, .count = p->count };
	return growth_points(&s->view, 0, GROWTH_TIME, &g) && growth_is_over(&g);
}

static void simulate_all(const struct donors *d, unsigned curves)
{
	struct simulated s = { 0 };
	struct rng rng;

	for (size_t i = 0; i < 8; i++)
		s.hists[i] = hist_new(3);
	rng_init(&rng, 1);
	printf("\n| cost | sizes | too fast of %u |\n|---|---|---|\n", curves);
	for (size_t known = 0; known < COSTS_KNOWN; known++)
		for (size_t p = 0; p < PLANS; p++) {
			unsigned over = 0;

			for (unsigned i = 0; i < curves; i++)
				over += simulate(&s, &plans[p], known, d, &rng);
			printf("| %s, declared n | %s | %.2f %% |\n", costs_known[known].name, plans[p].name,
			       100.0 * over / curves);
			fflush(stdout);
		}
	for (size_t i = 0; i < 8; i++)
		hist_free(s.hists[i]);
}

int main(int argc, char **argv)
{
	struct donors d = { calloc(MOST_DONORS, sizeof *d.items), 0 };
	struct run *runs = calloc((size_t)argc, sizeof *runs);
	struct view *views = calloc((size_t)argc, sizeof *views);
	unsigned curves = 2000;
	int first = 1, code = 0;

	if (argc > 2 && strcmp(argv[1], "--curves") == 0) {
		curves = (unsigned)strtoul(argv[2], NULL, 10);
		first = 3;
	}
	if (first >= argc || d.items == NULL || runs == NULL || views == NULL) {
		fputs("growth_replay [--curves N] RUN...\n", stderr);
		code = 2;
	}
	for (int i = first; code == 0 && i < argc; i++)
		code = judge_run(argv[i], &views[i], &runs[i], &d);
	if (code == 0 && d.count > 0 && curves > 0)
		simulate_all(&d, curves);
	for (int i = first; i < argc && views != NULL && runs != NULL; i++) {
		view_deinit(&views[i]);
		run_deinit(&runs[i]);
	}
	free(views);
	free(runs);
	free(d.items);
	return code;
}
