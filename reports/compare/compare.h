// A comparison: what differs between base and head, what does not, and what could not be told. The procedure is in
// docs/statistics.md; what is compared comes as samples, from wherever they are.
#ifndef SG_COMPARE_H
#define SG_COMPARE_H

#include "known.h"
#include "samples.h"
#include "stats.h"
#include "threshold.h"

#include <stdbool.h>
#include <stddef.h>

// X(enumerator, name, words)
#define SG_COMPARE_OUTCOMES(X)                                                                                    \
	X(REGRESSED, "regressed", "regressed")                                                                    \
	X(IMPROVED, "improved", "improved")                                                                       \
	X(CHANGED, "changed", "changed, which is neither better nor worse")                                       \
	X(UNDECIDED, "undecided", "could not tell")                                                               \
	X(UNCHANGED, "unchanged", "unchanged")                                                                    \
	X(UNJUDGED, "unjudged", "not judged")

enum compare_outcome {
#define X(name, text, words) COMPARE_##name,
	SG_COMPARE_OUTCOMES(X)
#undef X
	        COMPARE_OUTCOMES
};

const char *compare_outcome_name(enum compare_outcome o);
const char *compare_outcome_words(enum compare_outcome o);

enum compare_control { COMPARE_CONTROL_NONE, COMPARE_CONTROL_CLEAN, COMPARE_CONTROL_FAILED };

// One metric of one test. Ratios are head over base; a fraction of .04 is 4 %.
struct compare_row {
	const char *test, *metric, *unit;
	enum metric_better better;
	double base, head;       // medians of all invocations
	double ratio, low, high; // Hodges-Lehmann's and its interval of 95 %; NaN: none, 0 and infinite: unbounded
	double p;                // of the test that decided; NaN: none
	double sigma, detectable; // noise of an invocation, and the smallest change that would be found
	size_t pairs;             // that decided
	enum compare_outcome outcome;
	bool exact;           // constant on both sides: compared without statistics
	const char *why;      // what a reader must know of the outcome; ""
	const char *accepted; // the reason, where the change is an accepted one; NULL
	const struct sample_metric *sample;
};

// A test that ended otherwise.
struct compare_verdict {
	const char *test;
	const struct sample_ends *base, *head;
	enum compare_outcome outcome;
	double p; // that so many more ends went wrong by chance; NaN with one invocation
	const char *accepted;
};

// A family of tests that differ in their size alone: the largest that still ends as expected.
struct compare_cliff {
	const char *family;            // "recursion/sum.lua@x"
	unsigned long long base, head; // 0: none
	enum compare_outcome outcome;
};

struct comparison {
	struct arena arena; // of all text; reports may use it for theirs
	const struct samples *samples;
	enum stats_plan plan;
	struct compare_row *rows; // by test, then by metric
	size_t count;
	struct compare_row *control_flags; // what the control found although nothing can have changed
	size_t control_flag_count, control_rows;
	enum compare_control control;
	struct compare_verdict *verdicts;
	size_t verdict_count;
	struct compare_cliff *cliffs;
	size_t cliff_count;
	const char **only_base, **only_head; // ids
	size_t only_base_count, only_head_count;
	size_t counts[COMPARE_OUTCOMES]; // of rows but counters; accepted ones are not among the regressed
	size_t few; // figures of the pass that counts calls, which has too few pairs for a judgement
	size_t counters_changed,
	        counters_same; // of counter/ROLE/NAME, which are many and neither better nor worse
	bool show_counters;    // where people read: else they are counted alone
	size_t accepted;
	size_t verdicts_worse, verdicts_better; // accepted ones are not among them
	size_t pairs;                           // the most that a judged row had
	double detectable;                      // the median of the judged rows'; NaN without any
	const char *sentence;
	const char *names[2]; // what base and head are called in tables
	struct strings notes; // what must be known of the whole, one line each
};

struct compare_options {
	const struct threshold *thresholds; // the first that fits counts
	size_t threshold_count;
	const struct known *accepted; // TEST METRIC UNTIL REASON; may be NULL
	bool counters;                // list those that changed too
};

// `c` must be zeroed; the samples (sorted) are borrowed and must outlive it. 0 or -ENOMEM; deinit in every case.
int compare_make(struct comparison *c, const struct samples *s, const struct compare_options *o);
void compare_deinit(struct comparison *c);

// The pairs of one metric, in order, as logarithms; what is not finite or negative is left out (with its partner),
// 0 counts as the metric's grain. `base` and `head` have room for as many as the shorter list has. Returns how
// many.
size_t compare_pairs(const struct sample_metric *m, enum sample_side side, enum sample_phase phase, double *base,
                     double *head);
// Is the row a counter's? Is it of the pass that counts calls, and not judged? Is it to be listed for people?
bool compare_is_counter(const struct compare_row *r);
bool compare_is_few(const struct comparison *c, const struct compare_row *r);
bool compare_is_listed(const struct comparison *c, const struct compare_row *r);
// Is the metric one that is judged, and is it a matter of time (and so of how busy the machine was)?
bool compare_is_judged(const struct sample_metric *m);
bool compare_is_timed(const struct sample_metric *m);
// Does one of the test's metrics pass the screen, for `side` against base? What wants fresh pairs. -ENOMEM, 0, 1.
int compare_is_candidate(const struct sample_test *t, enum sample_side side, const struct compare_options *o);

// compare_variants.c, for what `stressgen ab` ran (samples.intervals). Are the intervals of time (where tests are
// a service: of the p99 of its load) and of peak memory of each variant within `precision` to either side? 0 or
// -ENOMEM.
int compare_is_narrow(const struct samples *s, double precision, bool *narrow);
// Is it one of the few figures that the sentence speaks of?
bool compare_speaks(const struct samples *s, const struct sample_test *t, const char *metric);
// Which is better at what, by how much, how sure.
void compare_variants_sentence(const struct comparison *c, struct buf *b);
// Is it a row for text, where there is no room for all? What differs is; of what does not, and of what only counts
// allocations, what says most.
bool compare_is_told(const struct comparison *c, const struct compare_row *r);
// The words for an outcome as a heading.
const char *compare_heading(const struct comparison *c, enum compare_outcome o);
// compare_verdicts.c: fills verdicts, cliffs, only_base and only_head. 0 or -ENOMEM.
int compare_ends(struct comparison *c, const struct compare_options *o);
// compare_words.c: fills sentence and notes. 0 or -ENOMEM.
int compare_say(struct comparison *c);
// "+12 %", "-3.1 %", "x 4.2", "=" for a ratio; "" for none. From the arena.
const char *compare_change(struct arena *a, double ratio);
// "-3.1 % to +0.2 %"; "" where there is no interval.
const char *compare_interval(struct arena *a, const struct compare_row *r);

#endif
