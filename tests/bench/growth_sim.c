// How often growth is called too fast that is not, and how often it is missed: simulated, seeded.
//
//   growth_sim [CURVES]      of each setting; the table stands in docs/growth.md
#include "growth_fit.h"

#include "rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define REPETITIONS 20U
#define MOST_SIZES 8U
#define STEP_NS 50.0 // of one step of the kernel

struct setting {
	const char *name;
	double exponent, declared;
	double constant; // as a part of the cost at the geometric mean of the sizes
	bool logarithm;  // times log n
};

static const struct setting settings[] = {
	{ "n, declared n", 1, 1, 0, false },       { "n and a constant, declared n", 1, 1, 1, false },
	{ "n log n, declared n", 1, 1, 0, true },  { "n^2, declared n^2", 2, 2, 0, false },
	{ "n^2, declared n", 2, 1, 0, false },     { "n^2 and a constant, declared n", 2, 1, 1, false },
	{ "n^1.8, declared n", 1.8, 1, 0, false },
};

static const struct plan {
	const char *name;
	double sizes[MOST_SIZES];
	size_t count;
} plans[] = {
	{ "2 sizes over 5", { 1000, 5000 }, 2 },
	{ "3 sizes over 10", { 1000, 5000, 10000 }, 3 },
	{ "6 sizes over 16", { 1000, 1741, 3031, 5278, 9190, 16000 }, 6 },
	{ "8 sizes over 100", { 1000, 1931, 3728, 7197, 13895, 26827, 51795, 100000 }, 8 },
};

static double uniform(struct rng *r)
{
	return ((double)(rng_next(r) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(struct rng *r)
{
	return sqrt(-2 * log(uniform(r))) * cos(6.283185307179586 * uniform(r));
}

// One process: what it repeats scatters by a third of what processes do, and one in ten is disturbed.
static void fill(struct hist *h, double cost, double noise, struct rng *r)
{
	double level = cost * exp(noise * normal(r));

	hist_reset(h);
	for (unsigned i = 0; i < REPETITIONS; i++) {
		double once = level * exp(noise / 3 * normal(r));
		hist_record(h, (uint64_t)(uniform(r) < 0.1 ? once * (1 + 3 * uniform(r)) : once));
	}
}

static double cost_at(const struct setting *s, const struct plan *p, double size)
{
	double middle = sqrt(p->sizes[0] * p->sizes[p->count - 1]);
	double at = pow(size, s->exponent), mean = pow(middle, s->exponent);

	return STEP_NS * (at * (s->logarithm ? log2(size) : 1) + s->constant * mean);
}

static double flagged(const struct setting *s, const struct plan *p, double noise, unsigned curves)
{
	struct hist *hists[MOST_SIZES];
	struct growth_fit fit;
	struct rng rng;
	unsigned over = 0;

	rng_init(&rng, 1);
	for (size_t i = 0; i < p->count; i++)
		hists[i] = hist_new(3);
	for (unsigned c = 0; c < curves; c++) {
		for (size_t i = 0; i < p->count; i++)
			fill(hists[i], cost_at(s, p, p->sizes[i]), noise, &rng);
		over += growth_exceeds(p->sizes, (const struct hist *const *)hists, p->count, s->declared, c,
		                       &fit);
	}
	for (size_t i = 0; i < p->count; i++)
		hist_free(hists[i]);
	return 100.0 * over / curves;
}

int main(int argc, char **argv)
{
	static const double noises[] = { 0.02, 0.05, 0.1, 0.2 };
	unsigned curves = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 2000;

	printf("| cost | sizes |");
	for (size_t n = 0; n < sizeof noises / sizeof noises[0]; n++)
		printf(" %.0f %% |", 100 * noises[n]);
	printf("\n|---|---|---|---|---|---|\n");
	for (size_t s = 0; s < sizeof settings / sizeof settings[0]; s++)
		for (size_t p = 0; p < sizeof plans / sizeof plans[0]; p++) {
			printf("| %s | %s |", settings[s].name, plans[p].name);
			for (size_t n = 0; n < sizeof noises / sizeof noises[0]; n++)
				printf(" %.1f |", flagged(&settings[s], &plans[p], noises[n], curves));
			printf("\n");
			fflush(stdout);
		}
	return 0;
}
