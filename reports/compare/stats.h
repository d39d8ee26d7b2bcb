// The statistics of comparisons: what differs between two builds, judged from pairs of process invocations. The
// procedure, its reasons and what was measured of it: docs/statistics.md.
//
// The unit is one invocation, with one figure on a logarithmic scale, so that a shift s is a ratio exp(s). Base
// and head of a pair ran next to each other in random order: under the null hypothesis their labels could as well
// be swapped within each pair. No function allocates but where its name says new.
#ifndef SG_STATS_H
#define SG_STATS_H

#include <stdbool.h>
#include <stddef.h>

// The least pairs that are judged: p cannot go below 2^-pairs, and with a false-discovery rate of .01 over 200
// metrics it must be able to.
#define STATS_LEAST_PAIRS 16U
// Up to so many pairs the null distribution is exact; above, a normal one of the same variance.
#define STATS_EXACT_PAIRS 200U

struct stats_pairs {
	const double *base, *head; // natural logarithms, finite; base[i] and head[i] are a pair; borrowed
	size_t count;
};

enum stats_side { STATS_TWO_SIDED, STATS_GREATER, STATS_LESS }; // the alternative: head is ...

// Room to work in, for up to `pairs` pairs. NULL without memory.
struct stats_space;
struct stats_space *stats_space_new(size_t pairs);
void stats_space_free(struct stats_space *s); // accepts NULL

// Everything below is about these pairs, at most as many as there is room for; borrowed until the next call. They
// are in the order in which they ran: each is taken relative to the median of the means of the eleven pairs around
// it, so that a machine that drifts does not widen what is compared. Labels swapped within pairs leave those means
// as they are and a shift of all heads moves them alike, so every test below stays exact.
void stats_use(struct stats_space *s, const struct stats_pairs *p);

// The p-value of "head is not greater (less, different) than base times exp(shift)": the rank sum of the heads
// among all, its null distribution by swapping labels within pairs, exact by convolution over whole numbers
// (midranks doubled). 1 without pairs.
double stats_swap_test(struct stats_space *s, double shift, enum stats_side side);
// Hodges and Lehmann (1963): the median of all differences head[j] - base[i]. 0 without pairs.
double stats_shift(const struct stats_space *s);
// All shifts that the two-sided test at level alpha does not reject, from *low to *high. False, and the ends are
// infinite, where the pairs are too few to reject any.
bool stats_interval(struct stats_space *s, double alpha, double *low, double *high);
// The noise of one invocation as a standard deviation, robust: 1.4826 times the median absolute deviation of the
// pairs' differences, over the square root of two. NaN below four pairs.
double stats_sigma(struct stats_space *s);

// The smallest change that is found nine times out of ten at that noise and so many fresh pairs: 1 % + 1.6 sigma
// at 30 pairs, the noise's part falling as their root; never under 4 %. As a fraction; infinite below
// STATS_LEAST_PAIRS, and for a sigma that is not a number.
double stats_detectable(double sigma, size_t pairs);
// Benjamini and Hochberg (1995): marks what may be called found so that of all found a share q is false. `order`
// is room for n. What is not a number is never found.
void stats_discover(const double *p, size_t n, double q, size_t *order, bool *found);

// ---- the procedure ----

enum stats_plan {
	STATS_TWO_STAGES, // screened, then confirmed by fresh pairs
	STATS_ONE_STAGE,  // interleaved, without a confirmation
	STATS_INTERVALS,  // interleaved until the intervals are narrow enough: no threshold, see stats_look
	STATS_SEQUENTIAL, // base and head were run one after the other: drift cannot be told from change
};

struct stats_rule {
	double screen_alpha; // .05
	double screen_shift; // .02: |Hodges-Lehmann| as a fraction
	double null_shift;   // .01: what the confirming test must exceed
	double q;            // .01
	double least_shift;  // .03: |Hodges-Lehmann| of the confirmation
};

// ---- stopping when an interval is narrow enough ----
//
// Pairs are looked at only after so many: 8, 11, 16, 23, 32, ... (times the root of two). A look asks for the
// width of the interval and never for where it lies, and the interval is one of the level STATS_LOOK_ALPHA, which
// is what it takes for at least 95 % to hold the truth wherever the looking stopped (tests/bench/ab_sim.c; the
// figures are in docs/statistics.md).
#define STATS_FIRST_LOOK 8U
#define STATS_LOOK_ALPHA 0.035
// The least pairs that have an interval of that level.
#define STATS_LEAST_LOOK 6U
// The pairs at the look behind `pairs`; 0: the first one.
size_t stats_next_look(size_t pairs);
// Half of the interval's width as a fraction: .01 is +-1 %. Infinite where there is none.
double stats_half_width(double low, double high);
// The least pairs that a plan judges.
size_t stats_least_pairs(enum stats_plan plan);

// The rule of each plan; a threshold (0: the plan's own; else a fraction) takes the place of least_shift, a third
// of it that of null_shift and two thirds that of screen_shift.
struct stats_rule stats_rule(enum stats_plan plan, double threshold);

enum stats_outcome {
	STATS_UNJUDGED,  // too few pairs, or figures that cannot be compared
	STATS_UNCHANGED, // what change there may be is small
	STATS_UNDECIDED, // could not tell
	STATS_LOWER,     // confirmed
	STATS_HIGHER,
};

struct stats_metric {
	struct stats_pairs screen, confirm; // in; confirm only with STATS_TWO_STAGES
	struct stats_rule rule;             // in
	bool alone;                         // in, with STATS_INTERVALS: its interval alone decides
	enum stats_outcome outcome;         // out, as all below
	bool candidate;                     // the screen found something
	double p;                           // of the test that decided
	double shift, low,
	        high; // of the pairs that decided (fresh ones where there are any); the interval of 95 %
	double sigma, detectable;
};

// Does the screen find anything in these pairs?
bool stats_screen(struct stats_space *s, const struct stats_pairs *p, const struct stats_rule *rule);
// Judges n metrics together, since the false discoveries are limited over all of them. 0 or -ENOMEM.
int stats_judge(enum stats_plan plan, struct stats_metric *metrics, size_t n);

#endif
