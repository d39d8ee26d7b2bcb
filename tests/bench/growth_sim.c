// How often growth is called too fast that is not, and how often it is missed: simulated, seeded.
//
// What grows is time (medians of histograms), or peak memory and collections (one figure for each size, in steps).
//
//   growth_sim [CURVES]      of each setting; the table stands in docs/growth.md
#include "growth.h"
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

static struct growth_data data_of(const struct plan *p, struct hist *const *hists, double spread)
{
	struct growth_data d = { .count = p->count, .spread = spread };

	for (size_t i = 0; i < p->count; i++) {
		d.sizes[i] = p->sizes[i];
		d.hists[i] = hists != NULL ? hists[i] : NULL;
		d.costs[i] = hists != NULL ? (double)hist_percentile(hists[i], 50) : 0;
	}
	return d;
}

static double flagged(const struct setting *s, const struct plan *p, double noise, unsigned curves)
{
	struct hist *hists[MOST_SIZES];
	struct growth_fit fit;
	struct growth_data d;
	struct rng rng;
	unsigned over = 0;

	rng_init(&rng, 1);
	for (size_t i = 0; i < p->count; i++)
		hists[i] = hist_new(3);
	for (unsigned c = 0; c < curves; c++) {
		for (size_t i = 0; i < p->count; i++)
			fill(hists[i], cost_at(s, p, p->sizes[i]), noise, &rng);
		d = data_of(p, hists, GROWTH_SPREAD);
		over += growth_exceeds(&d, s->declared, c, &fit);
	}
	for (size_t i = 0; i < p->count; i++)
		hist_free(hists[i]);
	return 100.0 * over / curves;
}

// ---- memory and collections: one figure for each size, in steps ---------------------------------------------

// How a runtime gets its memory. What lives is `live` bytes; what the process takes has a constant, and:
enum taking {
	TAKES_PAGES,   // follows what lives
	TAKES_DOUBLED, // blocks of powers of two times a phase that is luck: a heap or a stack that doubles
	TAKES_GARBAGE, // and between none and as much again, which the collector has not seen yet
	TAKES_RESERVE, // nothing more until a reserve of the constant's size is full
	COLLECTS, // no memory: a collection whenever so much is allocated as the constant, less what luck has left
};

static const struct memory_setting {
	const char *name;
	enum taking how;
	double exponent;
	double constant; // as a part of what lives at the geometric mean of the sizes
} memory_settings[] = {
	{ "memory n, pages", TAKES_PAGES, 1, 1 },
	{ "memory n, large constant, pages", TAKES_PAGES, 1, 20 },
	{ "memory n, doubled blocks", TAKES_DOUBLED, 1, 1 },
	{ "memory n, doubled blocks, no constant", TAKES_DOUBLED, 1, 0 },
	{ "memory n, unseen garbage", TAKES_GARBAGE, 1, 1 },
	{ "memory n, a reserve", TAKES_RESERVE, 1, 1 },
	{ "collections n, 16 at the mean", COLLECTS, 1, 1.0 / 16 },
	{ "collections n, 2 at the mean", COLLECTS, 1, 1.0 / 2 },
	{ "memory n^2, pages", TAKES_PAGES, 2, 0 },
	{ "memory n^2, doubled blocks", TAKES_DOUBLED, 2, 0 },
	{ "collections n^2, 16 at the mean", COLLECTS, 2, 1.0 / 16 },
};

#define LIVE_BYTES 1e6 // at the geometric mean of the sizes

static double taken(const struct memory_setting *s, double live, double noise, struct rng *r)
{
	const double constant = s->constant * LIVE_BYTES, phase = exp2(uniform(r));
	double bytes = live;

	switch (s->how) {
	case TAKES_DOUBLED:
		bytes = exp2(ceil(log2(live / phase))) * phase;
		break;
	case TAKES_GARBAGE:
		bytes = live * (1 + uniform(r));
		break;
	case TAKES_RESERVE:
		return fmax(constant, live) * exp(noise * normal(r)) + constant;
	case COLLECTS:
		return fmax(floor(live / constant * exp(noise * normal(r)) - uniform(r) + 0.5), 0.5);
	default:
		break;
	}
	return constant + bytes * exp(noise * normal(r));
}

static double memory_flagged(const struct memory_setting *s, const struct plan *p, double noise, unsigned curves)
{
	const double middle = sqrt(p->sizes[0] * p->sizes[p->count - 1]);
	struct growth_data d;
	struct growth_fit fit;
	struct rng rng;
	unsigned over = 0;

	rng_init(&rng, 1);
	for (unsigned c = 0; c < curves; c++) {
		d = data_of(p, NULL, GROWTH_STEPS);
		for (size_t i = 0; i < p->count; i++)
			d.costs[i] = taken(s, LIVE_BYTES * pow(p->sizes[i] / middle, s->exponent), noise, &rng);
		if (s->how != COLLECTS || (growth_leave_out(&d, GROWTH_FEW_COLLECTIONS) &&
		                           d.sizes[d.count - 1] >= GROWTH_LEAST_RANGE * d.sizes[0]))
			over += growth_exceeds(&d, 1, c, &fit);
	}
	return 100.0 * over / curves;
}

int main(int argc, char **argv)
{
	static const double noises[] = { 0.02, 0.05, 0.1, 0.2 };
	const size_t noise_count = sizeof noises / sizeof noises[0];
	const size_t times = sizeof settings / sizeof settings[0];
	const size_t all = times + sizeof memory_settings / sizeof memory_settings[0];
	unsigned curves = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 2000;

	printf("| cost | sizes |");
	for (size_t n = 0; n < noise_count; n++)
		printf(" %.0f %% |", 100 * noises[n]);
	printf("\n|---|---|---|---|---|---|\n");
	for (size_t s = 0; s < all; s++)
		for (size_t p = 0; p < sizeof plans / sizeof plans[0]; p++) {
			printf("| %s | %s |", s < times ? settings[s].name : memory_settings[s - times].name,
			       plans[p].name);
			for (size_t n = 0; n < noise_count; n++)
				printf(" %.1f |", s < times ? flagged(&settings[s], &plans[p], noises[n], curves)
				                            : memory_flagged(&memory_settings[s - times],
				                                             &plans[p], noises[n], curves));
			printf("\n");
			fflush(stdout);
		}
	return 0;
}
