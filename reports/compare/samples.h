// What is compared, gathered from runs, a history, or anywhere else: for each test and metric the figures of every
// invocation of base, head and control.
#ifndef SG_SAMPLES_H
#define SG_SAMPLES_H

#include "arena.h"
#include "metrics.h"
#include "run.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum sample_side { SAMPLE_BASE, SAMPLE_HEAD, SAMPLE_CONTROL, SAMPLE_SIDES };
enum sample_phase { SAMPLE_SCREEN, SAMPLE_CONFIRM, SAMPLE_PHASES };

const char *sample_side_name(enum sample_side s); // "base", "head", "control"
const char *sample_phase_name(enum sample_phase p);

struct sample_reading {
	double value;
	unsigned pair; // invocations of one pair, on different sides, have the same
};

struct sample_list { // ascending by pair once samples_sort was called
	struct sample_reading *items;
	size_t count, room;
};

struct sample_metric {
	const char *name, *unit; // as in metrics.h
	enum metric_better better;
	struct sample_list lists[SAMPLE_SIDES][SAMPLE_PHASES];
};

struct sample_ends { // how the invocations of one side ended
	unsigned count, unexpected, skipped;
	enum verdict verdict; // the first unexpected one, else the last
	const char *evidence; // of that; ""
};

struct sample_test {
	const char *id;
	unsigned variant; // the head's, where variants were compared; else 0
	bool overall;     // the geometric means over all tests of that variant
	struct sample_metric *metrics;
	size_t count, room;
	struct sample_ends ends[SAMPLE_SIDES];
	// Of all invocations: what the machine lost while they ran.
	double wall_ns, steal_ns, cpu_stall_ns, memory_stall_ns;
};

// Facts of the runs of one side, of the first that says them.
struct sample_source {
	const char *dir;     // the first; "" without one
	const char *machine; // "CPU, N cores, kernel"; ""
	const char *suite;   // the suite's hash; ""
	size_t runs, bad_lines;
	bool incomplete; // a run was killed or stopped
};

// Memory over time of one invocation: of those of a variant the one whose peak is the median.
struct sample_course {
	const char *test; // as the suite has it
	size_t variant;
	const struct result_point *points;
	size_t count; // 2 at least
};

struct samples {
	struct arena arena; // of all text
	struct sample_test *tests;
	size_t count, room;
	json_t *index; // id -> position
	struct sample_source sources[SAMPLE_SIDES];
	double cores;          // of the machine that ran the heads; 0: not known
	bool paired;           // base and head ran in turn
	bool calls;            // and what the allocator counts comes from a pass of its own
	bool intervals;        // variants ran in turn, and intervals are asked for: `stressgen ab`
	const char **variants; // their names, the first is the base of all others; with `intervals`
	size_t variant_count;
	struct sample_course *courses; // of the first tests that run long enough: by test, then by variant
	size_t course_count;
	double precision;                             // that was asked for; as a fraction
	const char *stopped;                          // why the looking ended: "precision", "budget", "most"; ""
	const char *service;                          // the command that was the service; NULL: none
	bool two_stages;                              // and what the screen found was to be confirmed
	bool other_machine, other_suite, other_tests; // between any of the runs; other_tests: different ids
	struct buf notes;                             // what a reader must know, one line each
};

// `s` must be zeroed. 0 or -ENOMEM; deinit in every case.
int samples_init(struct samples *s);
void samples_deinit(struct samples *s);
// One figure. This, samples_end and `paired` are all that another source (a history's entry) needs. 0 or -ENOMEM.
struct sample_place {
	const char *test;
	enum sample_side side;
	enum sample_phase phase;
	unsigned pair;
};
int samples_add(struct samples *s, const struct sample_place *at, const struct metric *m);
// How the invocation at that place ended. 0 or -ENOMEM.
int samples_end(struct samples *s, const struct sample_place *at, const struct result *r);
// All of a run's results as one side: the k-th invocation of a test there is its k-th pair. 0 or -ENOMEM.
int samples_add_run(struct samples *s, enum sample_side side, const struct run *r);
// Does the run hold pairs of its own?
bool samples_has_pairs(const struct run *r);
// A run that was made of pairs: every result has its side. 0 or -ENOMEM.
int samples_add_pairs(struct samples *s, const struct run *r);
// One figure, one end and all of a run's facts, for the files beside this one. 0 or -ENOMEM.
int samples_add_result(struct samples *s, const struct sample_place *at, const struct result *r);
void samples_add_source(struct samples *s, enum sample_side side, const struct run *r);
const char *samples_keep(struct samples *s, const char *text);       // a copy, safe, on one line
struct sample_test *samples_test(struct samples *s, const char *id); // made where there is none; NULL: no memory
// What was counted of one invocation under callgrind. 0 or -ENOMEM; what is not known is a note.
int samples_add_count(struct samples *s, const struct run *run, const struct result *r, const char *test,
                      enum sample_side side);
// samples_variants.c: what the preloaded library, or what it loads, says comes from a pass of its own (the phase
// "calls"), of which nothing else counts. Which metrics are of that pass; and one of its results. 0 or -ENOMEM.
bool samples_is_of_calls(const char *metric);
int samples_add_calls(struct samples *s, const struct sample_place *at, const struct result *r);
// Likewise: a run of `stressgen ab`: every variant but the first as a head, "ID [NAME]" where there are
// several. 0 or -ENOMEM.
bool samples_has_variants(const struct run *r);
int samples_add_variants(struct samples *s, const struct run *r);
// samples_courses.c: fills `courses` with those of variants. 0 or -ENOMEM.
int samples_add_courses(struct samples *s, const struct run *r);
// The means over all tests of each variant, where there are several. Once, when all is added. 0 or -ENOMEM.
int samples_add_overall(struct samples *s);

// Puts tests, metrics and readings in order. Call it once, when all is added.
void samples_sort(struct samples *s);

#endif
