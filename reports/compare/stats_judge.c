// Many metrics judged together: screen, confirm, what can be found at all.
#include "stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define LEVEL 0.05 // of the intervals that are printed: 95 %
// A change of this size matters to whoever reads: an interval that holds one is no "unchanged".
#define MATTERS 0.10
#define LEAST_DETECTABLE 0.04
#define DETECTABLE_BASE 0.01
#define DETECTABLE_SLOPE 1.6 // times sigma, at
#define DETECTABLE_PAIRS 30.0

size_t stats_next_look(size_t pairs)
{
	size_t next = STATS_FIRST_LOOK;

	while (next <= pairs)
		next = (size_t)lround((double)next * M_SQRT2);
	return next;
}

double stats_half_width(double low, double high)
{
	return expm1((high - low) / 2);
}

size_t stats_least_pairs(enum stats_plan plan)
{
	return plan == STATS_INTERVALS ? STATS_LEAST_LOOK : STATS_LEAST_PAIRS;
}

double stats_detectable(double sigma, size_t pairs)
{
	double shift;

	if (pairs < STATS_LEAST_PAIRS || !isfinite(sigma))
		return INFINITY;
	shift = DETECTABLE_BASE + DETECTABLE_SLOPE * sigma * sqrt(DETECTABLE_PAIRS / (double)pairs);
	return shift > LEAST_DETECTABLE ? shift : LEAST_DETECTABLE;
}

// Heap sort, since what is compared lies in another array: order[] by p, what is not a number last.
static bool comes_later(const double *p, size_t a, size_t b)
{
	return isnan(p[a]) ? !isnan(p[b]) : p[a] > p[b];
}

static void sift(const double *p, size_t *order, size_t at, size_t n)
{
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		size_t moved = order[at];

		child += child + 1 < n && comes_later(p, order[child + 1], order[child]);
		if (!comes_later(p, order[child], moved))
			return;
		order[at] = order[child];
		order[child] = moved;
	}
}

static void sort_order(const double *p, size_t *order, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sift(p, order, i, n);
	for (size_t i = n; i-- > 1;) {
		size_t last = order[i];

		order[i] = order[0];
		order[0] = last;
		sift(p, order, 0, i);
	}
}

void stats_discover(const double *p, size_t n, double q, size_t *order, bool *found)
{
	size_t most = 0;

	for (size_t i = 0; i < n; i++) {
		order[i] = i;
		found[i] = false;
	}
	sort_order(p, order, n);
	for (size_t i = 0; i < n; i++)
		if (p[order[i]] <= q * (double)(i + 1) / (double)n)
			most = i + 1;
	for (size_t i = 0; i < most; i++)
		found[order[i]] = true;
}

// ---- the procedure --------------------------------------------------------------------------------------------

struct stats_rule stats_rule(enum stats_plan plan, double threshold)
{
	// One after the other the machine's drift is in the figures too: the simulation's choice
	// (docs/statistics.md).
	static const double least[] = {
		[STATS_TWO_STAGES] = .03, [STATS_ONE_STAGE] = .03, [STATS_INTERVALS] = 0, [STATS_SEQUENTIAL] = .10
	};
	const double t = threshold > 0 ? threshold : least[plan];
	const double q = plan == STATS_INTERVALS ? .05 : .01;

	return (struct stats_rule){
		.screen_alpha = .05, .screen_shift = t * 2 / 3, .null_shift = t / 3, .q = q, .least_shift = t
	};
}

// A fraction up, or the same one down: +25 % is the reverse of -20 %.
static bool exceeds(double shift, double fraction)
{
	return fabs(shift) > log1p(fraction);
}

static bool finds(struct stats_space *s, double shift, const struct stats_rule *rule)
{
	return exceeds(shift, rule->screen_shift) && stats_swap_test(s, 0, STATS_TWO_SIDED) < rule->screen_alpha;
}

bool stats_screen(struct stats_space *s, const struct stats_pairs *p, const struct stats_rule *rule)
{
	stats_use(s, p);
	return p->count >= STATS_LEAST_PAIRS && finds(s, stats_shift(s), rule);
}

static void describe(struct stats_space *s, const struct stats_pairs *p, double alpha, struct stats_metric *m)
{
	stats_use(s, p);
	m->shift = stats_shift(s);
	m->sigma = stats_sigma(s);
	m->detectable = stats_detectable(m->sigma, p->count);
	stats_interval(s, alpha, &m->low, &m->high);
}

static double sided_test(struct stats_space *s, const struct stats_metric *m, double shift)
{
	const double null_shift = log1p(m->rule.null_shift);

	return shift > 0 ? stats_swap_test(s, null_shift, STATS_GREATER)
	                 : stats_swap_test(s, -null_shift, STATS_LESS);
}

// The screen of two stages. Sets p: NaN for what is no candidate.
static void screen(struct stats_space *s, struct stats_metric *m)
{
	double seen;

	describe(s, &m->screen, LEVEL, m);
	m->p = NAN;
	if (m->screen.count < STATS_LEAST_PAIRS)
		return;
	m->outcome = STATS_UNCHANGED;
	seen = m->shift;
	m->candidate = finds(s, seen, &m->rule);
	if (!m->candidate || m->confirm.count < STATS_LEAST_PAIRS)
		return;
	describe(s, &m->confirm, LEVEL, m);
	m->p = seen * m->shift > 0 ? sided_test(s, m, seen) : 1;
}

static void test_once(struct stats_space *s, struct stats_metric *m)
{
	describe(s, &m->screen, LEVEL, m);
	m->p = NAN;
	if (m->screen.count < STATS_LEAST_PAIRS)
		return;
	m->outcome = STATS_UNCHANGED;
	// Both directions are open here: each has half of the level.
	m->p = fmin(1, 2 * sided_test(s, m, m->shift));
	m->candidate = exceeds(m->shift, m->rule.screen_shift) && m->p < m->rule.screen_alpha;
}

// No threshold: whether there is a difference at all, and the interval says how large.
static void test_plainly(struct stats_space *s, struct stats_metric *m)
{
	describe(s, &m->screen, STATS_LOOK_ALPHA, m);
	m->p = NAN;
	if (m->screen.count < STATS_LEAST_LOOK)
		return;
	m->outcome = STATS_UNCHANGED;
	m->p = stats_swap_test(s, 0, STATS_TWO_SIDED);
}

// What the interval leaves no doubt of, and, but for the few that speak for the whole, the control of false
// discoveries lets pass.
static void decide_plainly(struct stats_metric *m, bool found)
{
	if (m->outcome != STATS_UNJUDGED && (found || m->alone) && (m->low > 0 || m->high < 0))
		m->outcome = m->low > 0 ? STATS_HIGHER : STATS_LOWER;
}

static void decide(struct stats_metric *m, bool found)
{
	const double reach = fmax(fabs(m->low), fabs(m->high));

	if (m->outcome == STATS_UNJUDGED)
		return;
	if (found && exceeds(m->shift, m->rule.least_shift))
		m->outcome = m->shift > 0 ? STATS_HIGHER : STATS_LOWER;
	else if (exceeds(reach, m->candidate ? m->rule.least_shift : fmax(MATTERS, m->rule.least_shift)))
		m->outcome = STATS_UNDECIDED;
}

// Only what has a p-value takes part in the false-discovery control.
static size_t gather(const struct stats_metric *metrics, size_t n, double *p, size_t *which)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(metrics[i].p)) {
			p[count] = metrics[i].p;
			which[count++] = i;
		}
	return count;
}

static size_t most_pairs(const struct stats_metric *metrics, size_t n)
{
	size_t most = 0;

	for (size_t i = 0; i < n; i++) {
		most = metrics[i].screen.count > most ? metrics[i].screen.count : most;
		most = metrics[i].confirm.count > most ? metrics[i].confirm.count : most;
	}
	return most;
}

int stats_judge(enum stats_plan plan, struct stats_metric *metrics, size_t n)
{
	struct stats_space *s = stats_space_new(most_pairs(metrics, n));
	double *p = calloc(n + 1, sizeof *p);
	size_t *which = calloc(n + 1, sizeof *which), *order = calloc(n + 1, sizeof *order);
	bool *found = calloc(n + 1, sizeof *found);
	int rc = s == NULL || p == NULL || which == NULL || order == NULL || found == NULL ? -ENOMEM : 0;
	size_t tested = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		metrics[i].outcome = STATS_UNJUDGED;
		metrics[i].candidate = false;
		(plan == STATS_TWO_STAGES  ? screen
		 : plan == STATS_INTERVALS ? test_plainly
		                           : test_once)(s, &metrics[i]);
	}
	if (rc == 0) {
		tested = gather(metrics, n, p, which);
		stats_discover(p, tested, n > 0 ? metrics[0].rule.q : 0, order, found);
	}
	for (size_t i = 0, k = 0; rc == 0 && i < n; i++) {
		const bool has_p = k < tested && which[k] == i;

		(plan == STATS_INTERVALS ? decide_plainly : decide)(&metrics[i], has_p && found[k]);
		k += has_p;
	}
	free(p);
	free(which);
	free(order);
	free(found);
	stats_space_free(s);
	return rc;
}
