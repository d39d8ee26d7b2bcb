// Base against head, metric by metric.
#include "compare.h"

#include "text.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// Beyond these shares of the time that tests ran, what was timed cannot be trusted.
#define MOST_STEAL 0.10
#define MOST_MEMORY_STALL 0.10
#define MOST_CPU_STALL 0.50
#define LEAST_GAP 0.001 // between instruction counts that are not constant, as a fraction
#define CLIFF_MOVED 0.03
#define SLOW_CLIFF_MOVED 0.25
#define LEAST_EXACT 2U // invocations of each side that must agree for a count to be called constant

const char *compare_outcome_name(enum compare_outcome o)
{
	static const char *const names[] = {
#define X(name, text, words) text,
		SG_COMPARE_OUTCOMES(X)
#undef X
	};

	return names[o];
}

const char *compare_outcome_words(enum compare_outcome o)
{
	static const char *const names[] = {
#define X(name, text, words) words,
		SG_COMPARE_OUTCOMES(X)
#undef X
	};

	return names[o];
}

// ---- metrics --------------------------------------------------------------------------------------------------

static bool fits_any(const char *name, const char *const *patterns)
{
	for (; *patterns != NULL; patterns++)
		if (fnmatch(*patterns, name, 0) == 0)
			return true;
	return false;
}

// Extremes and what a sampling may miss are shown, not judged; nor is what the percentiles say already.
bool compare_is_judged(const struct sample_metric *m)
{
	static const char *const shown[] = { "fds",           "threads",       "procs", "output", "latency/*/mean",
		                             "latency/*/p90", "latency/*/max", NULL };

	return m->better != METRIC_NEITHER && !fits_any(m->name, shown);
}

bool compare_is_counter(const struct compare_row *r)
{
	static const char prefix[] = "counter/";

	return strncmp(r->metric, prefix, sizeof prefix - 1) == 0;
}

bool compare_is_few(const struct comparison *c, const struct compare_row *r)
{
	return c->samples->calls && r->outcome == COMPARE_UNJUDGED && r->better != METRIC_NEITHER &&
	       samples_is_of_calls(r->metric);
}

bool compare_is_listed(const struct comparison *c, const struct compare_row *r)
{
	// ab tells those that say most (compare_is_told).
	return c->show_counters || c->samples->intervals || !compare_is_counter(r);
}

bool compare_is_timed(const struct sample_metric *m)
{
	static const char *const units[] = { "ns", "us", "µs", "ms", "s", "*/s", "*_per_s", "x median", NULL };

	return fits_any(m->unit, units);
}

// Only counts can be constant from run to run.
static bool may_be_constant(const struct sample_metric *m)
{
	static const char *const names[] = { "gc/count", "slab/*", "counter/*", "instructions*", NULL };

	return fits_any(m->name, names);
}

// What a figure of 0 counts as: less than the least that the unit tells.
static double grain_of(const struct sample_metric *m)
{
	if (strcmp(m->unit, "ns") == 0 || strcmp(m->unit, "bytes") == 0)
		return 1;
	return strcmp(m->unit, "count") == 0 ? 0.5 : 0.1;
}

static double own_threshold(const struct compare_options *o, const char *metric)
{
	return o != NULL ? threshold_of(o->thresholds, o->threshold_count, metric) : 0;
}

// ---- pairs ----------------------------------------------------------------------------------------------------

static bool to_log(double value, double grain, double *out)
{
	if (!isfinite(value) || value < 0)
		return false;
	*out = log(value > 0 ? value : grain);
	return true;
}

size_t compare_pairs(const struct sample_metric *m, enum sample_side side, enum sample_phase phase, double *base,
                     double *head)
{
	const struct sample_list *b = &m->lists[SAMPLE_BASE][phase], *h = &m->lists[side][phase];
	const double grain = grain_of(m);
	size_t n = 0;

	for (size_t i = 0, k = 0; i < b->count && k < h->count;) {
		if (b->items[i].pair < h->items[k].pair) {
			i++;
		} else if (b->items[i].pair > h->items[k].pair) {
			k++;
		} else {
			n += to_log(b->items[i].value, grain, &base[n]) &&
			     to_log(h->items[k].value, grain, &head[n]);
			i++;
			k++;
		}
	}
	return n;
}

static size_t most_pairs(const struct sample_metric *m, enum sample_side side, enum sample_phase phase)
{
	const size_t b = m->lists[SAMPLE_BASE][phase].count, h = m->lists[side][phase].count;

	return b < h ? b : h;
}

// The pairs of a phase in the arena's memory. -ENOMEM.
static int take_pairs(struct arena *a, const struct sample_metric *m, enum sample_side side,
                      enum sample_phase phase, struct stats_pairs *out)
{
	const size_t room = most_pairs(m, side, phase) + 1;
	double *values = arena_alloc(a, 2 * room * sizeof *values);

	if (values == NULL)
		return -ENOMEM;
	*out = (struct stats_pairs){ values, values + room, compare_pairs(m, side, phase, values, values + room) };
	return 0;
}

int compare_is_candidate(const struct sample_test *t, enum sample_side side, const struct compare_options *o)
{
	int found = 0;

	for (size_t i = 0; found == 0 && i < t->count; i++) {
		const struct sample_metric *m = &t->metrics[i];
		const struct stats_rule rule = stats_rule(STATS_TWO_STAGES, own_threshold(o, m->name));
		struct stats_space *space = stats_space_new(most_pairs(m, side, SAMPLE_SCREEN));
		struct arena arena = { 0 };
		struct stats_pairs pairs;

		if (space == NULL || take_pairs(&arena, m, side, SAMPLE_SCREEN, &pairs) < 0)
			found = -ENOMEM;
		else if (compare_is_judged(m))
			found = stats_screen(space, &pairs, &rule);
		arena_deinit(&arena);
		stats_space_free(space);
	}
	return found;
}

// ---- rows -----------------------------------------------------------------------------------------------------

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

// Of all finite figures of one side, warmups aside; NaN without any.
static double median_of(struct arena *a, const struct sample_metric *m, enum sample_side side)
{
	const struct sample_list *lists = m->lists[side];
	double *values = arena_alloc(a, (lists[0].count + lists[1].count + 1) * sizeof *values);
	size_t n = 0;

	for (size_t phase = 0; values != NULL && phase < SAMPLE_PHASES; phase++)
		for (size_t i = 0; i < lists[phase].count; i++)
			if (isfinite(lists[phase].items[i].value))
				values[n++] = lists[phase].items[i].value;
	if (n == 0)
		return NAN;
	qsort(values, n, sizeof *values, by_size);
	return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

// Every figure of that side is the same, and there are enough of them to say so.
static bool is_constant(const struct sample_metric *m, enum sample_side side)
{
	const struct sample_list *lists = m->lists[side];
	const size_t all = lists[0].count + lists[1].count;
	const struct sample_reading *first = lists[0].count > 0 ? lists[0].items : lists[1].items;

	for (size_t phase = 0; phase < SAMPLE_PHASES; phase++)
		for (size_t i = 0; i < lists[phase].count; i++)
			if (!isfinite(first->value) || lists[phase].items[i].value < first->value ||
			    lists[phase].items[i].value > first->value)
				return false;
	return all >= LEAST_EXACT;
}

static enum compare_outcome outcome_of(enum metric_better better, bool higher)
{
	if (better == METRIC_NEITHER)
		return COMPARE_CHANGED;
	return higher == (better == METRIC_HIGHER) ? COMPARE_IMPROVED : COMPARE_REGRESSED;
}

static void judge_exactly(struct compare_row *row, double threshold)
{
	row->exact = true;
	row->pairs = 0;
	row->outcome = COMPARE_UNCHANGED;
	row->why = "constant on both sides";
	row->ratio = row->low = row->high = row->base > 0 ? row->head / row->base : NAN;
	if (fabs(row->head - row->base) > threshold * fabs(row->base))
		row->outcome = outcome_of(row->better, row->head > row->base);
}

struct range {
	double low, high;
};

static struct range range_of(const struct sample_metric *m, enum sample_side side)
{
	const struct sample_list *l = &m->lists[side][SAMPLE_SCREEN];
	struct range r = { INFINITY, -INFINITY };

	for (size_t i = 0; i < l->count; i++) {
		r.low = fmin(r.low, l->items[i].value);
		r.high = fmax(r.high, l->items[i].value);
	}
	return r;
}

// Instructions that are not quite constant (a path in the environment may be a byte longer): between the sides
// there must be a gap.
static void judge_instructions(struct compare_row *row, double threshold)
{
	const struct range base = range_of(row->sample, SAMPLE_BASE), head = range_of(row->sample, SAMPLE_HEAD);
	const double gap = fmax(head.low - base.high, base.low - head.high);
	const double least = fmax(threshold, LEAST_GAP);

	judge_exactly(row, INFINITY);
	row->why = "instructions, nearly constant on both sides";
	if (gap > least * row->base)
		row->outcome = outcome_of(row->better, row->head > row->base);
}

static const struct sample_metric *find_metric(const struct sample_test *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->metrics[i].name, name) == 0)
			return &t->metrics[i];
	return NULL;
}

// Where a program breaks is searched to 1 %, and does not scatter: one search on each side is enough. What lies
// between the largest value that passes and the least that fails is not known.
static void judge_cliff(struct compare_row *row, const struct sample_test *t, enum sample_side side,
                        double threshold)
{
	const struct sample_metric *fails = find_metric(t, "cliff/fails");
	const struct range base = range_of(row->sample, SAMPLE_BASE), head = range_of(row->sample, side);
	const bool slow =
	        t->ends[SAMPLE_BASE].verdict == VERDICT_TIMEOUT || t->ends[side].verdict == VERDICT_TIMEOUT;
	double base_high = base.high, head_high = head.high;

	judge_exactly(row, INFINITY);
	row->why = slow ? "a cliff by time moves with the machine" : "";
	if (fails != NULL && strcmp(row->metric, "cliff") == 0) {
		base_high = fmax(base_high, range_of(fails, SAMPLE_BASE).high);
		head_high = fmax(head_high, range_of(fails, side).high);
	}
	if (threshold <= 0)
		threshold = slow ? SLOW_CLIFF_MOVED : CLIFF_MOVED;
	if ((head.low > base_high || base.low > head_high) && fabs(row->head - row->base) > threshold * row->base)
		row->outcome = outcome_of(row->better, row->head > row->base);
}

static const char *disturbance(struct arena *a, const struct samples *s, const struct sample_test *t)
{
	const double steal = t->steal_ns / (t->wall_ns * fmax(s->cores, 1));
	const double cpu = t->cpu_stall_ns / t->wall_ns, memory = t->memory_stall_ns / t->wall_ns;

	if (!(t->wall_ns > 0))
		return "";
	if (steal > MOST_STEAL)
		return text_make(a, "the hypervisor took %.0f %% of the CPU time meanwhile", 100 * steal);
	if (memory > MOST_MEMORY_STALL)
		return text_make(a, "the machine was short of memory for %.0f %% of the time", 100 * memory);
	// In pairs both sides wait alike.
	if (!s->paired && cpu > MOST_CPU_STALL)
		return text_make(a, "the machine's CPUs were wanted by others for %.0f %% of the time", 100 * cpu);
	return "";
}

// From what the procedure says to what the row says.
static void take_outcome(struct compare_row *row, const struct stats_metric *m, const char *disturbed)
{
	static const enum compare_outcome outcomes[] = { [STATS_UNJUDGED] = COMPARE_UNJUDGED,
		                                         [STATS_UNCHANGED] = COMPARE_UNCHANGED,
		                                         [STATS_UNDECIDED] = COMPARE_UNDECIDED };
	const struct stats_pairs *used = m->confirm.count > 0 && m->candidate ? &m->confirm : &m->screen;

	row->ratio = used->count > 0 ? exp(m->shift) : NAN;
	row->low = exp(m->low);
	row->high = exp(m->high);
	row->p = m->p;
	row->sigma = m->sigma;
	row->detectable = m->detectable;
	row->pairs = used->count;
	row->outcome = m->outcome == STATS_HIGHER || m->outcome == STATS_LOWER
	                       ? outcome_of(row->better, m->outcome == STATS_HIGHER)
	                       : outcomes[m->outcome];
	if (row->outcome == COMPARE_UNJUDGED)
		row->why = "too few pairs";
	else if (row->outcome == COMPARE_UNDECIDED)
		row->why = m->candidate ? "seen, and not confirmed" : "too much noise";
	if (*disturbed != '\0' && compare_is_timed(row->sample) &&
	    (row->outcome == COMPARE_REGRESSED || row->outcome == COMPARE_IMPROVED)) {
		row->outcome = COMPARE_UNDECIDED;
		row->why = disturbed;
	}
}

// ---- one side against base ------------------------------------------------------------------------------------

struct judging {
	struct comparison *c;
	const struct compare_options *options;
	enum sample_side side;
	struct compare_row *rows;
	struct stats_metric *metrics; // of the rows that are judged by pairs
	size_t *row_of;
	const char **disturbed;
	size_t rows_count, count;
};

static struct compare_row start_row(struct arena *a, const struct sample_test *t, const struct sample_metric *m,
                                    enum sample_side side)
{
	struct compare_row row = {
		.test = t->id, .metric = m->name, .unit = m->unit, .better = m->better, .sample = m
	};

	row.base = median_of(a, m, SAMPLE_BASE);
	row.head = median_of(a, m, side);
	row.ratio = row.base > 0 && row.head > 0 ? row.head / row.base : NAN;
	row.low = 0;
	row.high = INFINITY;
	row.p = row.sigma = row.detectable = NAN;
	row.outcome = COMPARE_UNJUDGED;
	row.why = "";
	return row;
}

static int add_row(struct judging *j, const struct sample_test *t, const struct sample_metric *m,
                   const char *disturbed)
{
	const struct samples *s = j->c->samples;
	struct compare_row *row = &j->rows[j->rows_count];
	struct stats_metric *metric = &j->metrics[j->count];
	const double threshold = own_threshold(j->options, m->name);
	int rc = 0;

	*row = start_row(&j->c->arena, t, m, j->side);
	if (isnan(row->base) || isnan(row->head))
		return 0;
	j->row_of[j->count] = j->rows_count++;
	if (may_be_constant(m) && is_constant(m, SAMPLE_BASE) && is_constant(m, j->side)) {
		judge_exactly(row, threshold);
		return 0;
	}
	if (strcmp(m->name, "instructions") == 0) {
		judge_instructions(row, threshold);
		return 0;
	}
	if (strcmp(m->name, "cliff") == 0 || strcmp(m->name, "cliff/clean") == 0) {
		judge_cliff(row, t, j->side, threshold);
		return 0;
	}
	if (!compare_is_judged(m) || (s->intervals && strcmp(m->name, "memory/headroom") == 0)) // that is memory
		return 0;
	if (s->other_machine && compare_is_timed(m)) {
		row->why = "measured on different machines";
		return 0;
	}
	metric->rule = stats_rule(j->c->plan, threshold);
	metric->alone = s->intervals && compare_speaks(s, t, m->name);
	rc = take_pairs(&j->c->arena, m, j->side, SAMPLE_SCREEN, &metric->screen);
	if (rc == 0 && j->c->plan == STATS_TWO_STAGES)
		rc = take_pairs(&j->c->arena, m, j->side, SAMPLE_CONFIRM, &metric->confirm);
	j->disturbed[j->count++] = disturbed;
	return rc;
}

static size_t count_metrics(const struct samples *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += s->tests[i].count;
	return n;
}

// All metrics that both sides have, judged together.
static int judge_side(struct judging *j)
{
	const struct samples *s = j->c->samples;
	const size_t most = count_metrics(s) + 1;
	int rc;

	j->rows = arena_alloc(&j->c->arena, most * sizeof *j->rows);
	j->metrics = arena_alloc(&j->c->arena, most * sizeof *j->metrics);
	j->row_of = arena_alloc(&j->c->arena, most * sizeof *j->row_of);
	j->disturbed = arena_alloc(&j->c->arena, most * sizeof *j->disturbed);
	rc = j->rows == NULL || j->metrics == NULL || j->row_of == NULL || j->disturbed == NULL ? -ENOMEM : 0;
	for (size_t i = 0; rc == 0 && i < s->count; i++) {
		const char *disturbed = disturbance(&j->c->arena, s, &s->tests[i]);

		for (size_t k = 0; rc == 0 && k < s->tests[i].count; k++)
			rc = add_row(j, &s->tests[i], &s->tests[i].metrics[k], disturbed);
	}
	if (rc == 0)
		rc = stats_judge(j->c->plan, j->metrics, j->count);
	for (size_t i = 0; rc == 0 && i < j->count; i++)
		take_outcome(&j->rows[j->row_of[i]], &j->metrics[i], j->disturbed[i]);
	return rc;
}

// ---- the whole ------------------------------------------------------------------------------------------------

static enum stats_plan plan_of(const struct samples *s)
{
	if (!s->paired)
		return STATS_SEQUENTIAL;
	if (s->intervals)
		return STATS_INTERVALS;
	return s->two_stages ? STATS_TWO_STAGES : STATS_ONE_STAGE;
}

static bool is_flag(const struct compare_row *r)
{
	return r->outcome == COMPARE_REGRESSED || r->outcome == COMPARE_IMPROVED;
}

static int run_control(struct comparison *c, const struct compare_options *o)
{
	struct judging j = { .c = c, .options = o, .side = SAMPLE_CONTROL };
	int rc = judge_side(&j);
	size_t judged = 0;

	c->control_flags = j.rows;
	for (size_t i = 0; rc == 0 && i < j.rows_count; i++) {
		// A count that differs between two runs of one build is no constant: that is no fault of the
		// machine.
		judged += !j.rows[i].exact && j.rows[i].outcome != COMPARE_UNJUDGED;
		if (is_flag(&j.rows[i]) && !j.rows[i].exact)
			c->control_flags[c->control_flag_count++] = j.rows[i];
	}
	c->control_rows = judged;
	if (judged > 0)
		c->control = c->control_flag_count > 0 ? COMPARE_CONTROL_FAILED : COMPARE_CONTROL_CLEAN;
	return rc;
}

static void accept_changes(struct comparison *c, const struct compare_options *o)
{
	for (size_t i = 0; o != NULL && o->accepted != NULL && i < c->count; i++) {
		struct compare_row *r = &c->rows[i];
		const struct known_entry *expired, *entry;

		if (r->outcome != COMPARE_REGRESSED)
			continue;
		entry = known_find(o->accepted, r->test, r->metric, &expired);
		if (entry != NULL) {
			r->accepted = text_make(&c->arena, "accepted until %s: %s", entry->until,
			                        text_line(&c->arena, entry->reason));
			c->accepted++;
		} else if (expired != NULL) {
			r->why = text_make(&c->arena, "was accepted until %s: %s", expired->until,
			                   text_line(&c->arena, expired->reason));
		}
	}
}

static void count_rows(struct comparison *c)
{
	double *detectable = arena_alloc(&c->arena, (c->count + 1) * sizeof *detectable);
	size_t n = 0;

	c->detectable = NAN;
	for (size_t i = 0; i < c->count; i++) {
		const struct compare_row *r = &c->rows[i];

		if (compare_is_counter(r)) {
			c->counters_changed += r->outcome == COMPARE_CHANGED;
			c->counters_same += r->outcome == COMPARE_UNCHANGED;
		} else if (r->accepted == NULL) {
			c->counts[r->outcome]++;
		}
		c->few += compare_is_few(c, r);
		if (r->exact || r->pairs == 0)
			continue;
		c->pairs = r->pairs > c->pairs ? r->pairs : c->pairs;
		if (detectable != NULL && isfinite(r->detectable))
			detectable[n++] = r->detectable;
	}
	if (n > 0) {
		qsort(detectable, n, sizeof *detectable, by_size);
		c->detectable = detectable[n / 2];
	}
}

int compare_make(struct comparison *c, const struct samples *s, const struct compare_options *o)
{
	struct judging j = { .c = c, .options = o, .side = SAMPLE_HEAD };
	int rc;

	c->samples = s;
	c->plan = plan_of(s);
	c->names[0] = s->intervals ? s->variants[0] : "base";
	c->names[1] = !s->intervals ? "head" : s->variant_count == 2 ? s->variants[1] : "variant";
	c->show_counters = o != NULL && o->counters;
	rc = judge_side(&j);
	c->rows = j.rows;
	c->count = j.rows_count;
	if (rc == 0)
		rc = run_control(c, o);
	if (rc < 0)
		return rc;
	accept_changes(c, o);
	count_rows(c);
	rc = compare_ends(c, o);
	return rc < 0 ? rc : compare_say(c);
}

void compare_deinit(struct comparison *c)
{
	strings_deinit(&c->notes);
	arena_deinit(&c->arena);
	*c = (struct comparison){ 0 };
}
