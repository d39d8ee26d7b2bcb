// Gate and CUSUM over a metric's nights.
#include "drift.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SCATTER_UNIT 0.01 // what the thresholds are made for
#define NORMAL_80 2.5631  // of a normal distribution, in sigmas
#define FEW_NIGHTS 4.0    // a range of few values is too small

double drift_figure(const char *unit, double head, double anchor)
{
	bool is_count = strcmp(unit, "count") == 0;

	if (!isfinite(head) || (!isnan(anchor) && !isfinite(anchor)))
		return (double)NAN;
	if (strcmp(unit, "%") == 0)
		return (head - (isnan(anchor) ? 0 : anchor)) / 100;
	if (head < 0 || anchor < 0)
		return (double)NAN;
	if (is_count)
		return log1p(head) - (isnan(anchor) ? 0 : log1p(anchor));
	if (head == 0 || anchor == 0) // 0 beside 0 is no change; else there is no ratio
		return head == 0 && anchor == 0 ? 0 : (double)NAN;
	return log(head) - (isnan(anchor) ? 0 : log(anchor));
}

double drift_ratio(const char *unit, double from, double to)
{
	return strcmp(unit, "%") == 0 ? to - from : expm1(to - from);
}

// ---- a window of the last figures ---------------------------------------------------------------------------

struct window {
	double last[DRIFT_SPREAD]; // a ring
	size_t count, next;        // count: of all that were ever put in since it was emptied
};

static void window_add(struct window *w, double figure)
{
	w->last[w->next] = figure;
	w->next = (w->next + 1) % DRIFT_SPREAD;
	w->count++;
}

static void sort_few(double *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		double x = v[i];
		size_t k = i;

		for (; k > 0 && v[k - 1] > x; k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
}

static double median_of_sorted(const double *v, size_t n)
{
	return n % 2 == 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

// Copies the newest figures, at most `most`; returns how many.
static size_t window_newest(const struct window *w, size_t most, double *out)
{
	size_t n = w->count < most ? w->count : most;

	for (size_t i = 0; i < n; i++)
		out[i] = w->last[(w->next + DRIFT_SPREAD - n + i) % DRIFT_SPREAD];
	return n;
}

static double window_median(const struct window *w, size_t most)
{
	double v[DRIFT_SPREAD];
	size_t n = window_newest(w, most, v);

	sort_few(v, n);
	return median_of_sorted(v, n);
}

// Between ranks, by a straight line.
static double quantile_of_sorted(const double *v, size_t n, double q)
{
	double at = q * (double)(n - 1);
	size_t i = (size_t)at;

	return i + 1 < n ? v[i] + (at - (double)i) * (v[i + 1] - v[i]) : v[n - 1];
}

// By the range of the middle 80 %, which two wild nights do not move; wider where nights are few.
static double window_sigma(const struct window *w)
{
	double v[DRIFT_SPREAD];
	size_t n = window_newest(w, DRIFT_SPREAD, v);

	sort_few(v, n);
	return (quantile_of_sorted(v, n, 0.9) - quantile_of_sorted(v, n, 0.1)) / NORMAL_80 *
	       (1 + FEW_NIGHTS / (double)n);
}

// ---- the state from night to night --------------------------------------------------------------------------

#define NONE ((size_t)-1)

struct state {
	const struct drift_night *nights;
	size_t count;
	struct drift *d;
	struct window window;
	size_t learned[DRIFT_SPREAD]; // the nights that are in it, as long as it has not gone around // of the
	                              // nights that the baseline is made of
	double baseline, scale;
	double least_scale; // of a threshold of one's own
	// the gate
	size_t suspect; // a night that was beyond it, with the next one still to come; NONE
	size_t step;    // the open step, an index of changes; NONE
	size_t back;    // the first of the nights on which the open step was gone again; NONE
	// CUSUM
	double reference; // NaN until there are nights enough
	double sum[2];    // up, down
	size_t zero[2];   // the first night since the sum was zero
	size_t creep[2];  // the open one, an index of changes; NONE
};

static void restart_cusum(struct state *s, size_t night)
{
	s->reference = (double)NAN;
	for (unsigned i = 0; i < 2; i++) {
		s->sum[i] = 0;
		s->zero[i] = night;
		s->creep[i] = NONE;
	}
}

static int add_change(struct state *s, struct drift_change c, size_t *index)
{
	struct drift_change *more = reallocarray(s->d->changes, s->d->count + 1, sizeof *more);

	if (more == NULL)
		return -ENOMEM;
	s->d->changes = more;
	c.ended = s->count;
	more[s->d->count] = c;
	*index = s->d->count++;
	return 0;
}

static void take_baseline(struct state *s)
{
	double sigma;

	if (s->window.count < DRIFT_FEWEST) {
		s->baseline = (double)NAN;
		return;
	}
	sigma = window_sigma(&s->window);
	s->baseline = window_median(&s->window, DRIFT_WINDOW);
	s->scale = fmax(sigma / SCATTER_UNIT, s->least_scale);
}

static bool has_figure(const struct state *s, size_t night)
{
	return !isnan(s->nights[night].figure);
}

// The median of the figures in [from, to].
static double median_between(const struct state *s, size_t from, size_t to)
{
	struct window w = { 0 };

	for (size_t i = from; i <= to; i++)
		if (has_figure(s, i))
			window_add(&w, s->nights[i].figure);
	return window_median(&w, DRIFT_SPREAD);
}

static void close_change(struct state *s, size_t index, size_t night, bool accepted)
{
	struct drift_change *c = &s->d->changes[index];

	c->ended = night;
	c->accepted = accepted;
	c->after = median_between(s, c->began, accepted || night == c->began ? night : night - 1);
}

// ---- the gate -----------------------------------------------------------------------------------------------

// -1 or 1 where the night is beyond the gate, else 0.
static int side_of(const struct state *s, size_t night)
{
	double distance = s->nights[night].figure - s->baseline;

	if (fabs(distance) <= DRIFT_GATE * s->scale)
		return 0;
	return distance > 0 ? 1 : -1;
}

// A night that belongs to the baseline.
static void learn(struct state *s, size_t night)
{
	if (s->window.count < DRIFT_SPREAD)
		s->learned[s->window.count] = night;
	window_add(&s->window, s->nights[night].figure);
}

static int open_step(struct state *s, size_t night)
{
	struct drift_change c = { .kind = DRIFT_STEP,
		                  .began = s->suspect,
		                  .found = night,
		                  .before = s->baseline,
		                  .threshold = DRIFT_GATE * s->scale };

	s->suspect = NONE;
	s->back = NONE;
	return add_change(s, c, &s->step);
}

// ---- a step among the first nights --------------------------------------------------------------------------

static void span_of(const double *v, size_t n, double *low, double *high)
{
	*low = *high = v[0];
	for (size_t i = 1; i < n; i++) {
		*low = fmin(*low, v[i]);
		*high = fmax(*high, v[i]);
	}
}

// The distance between the values before `k` and those from it on, if no value lies in between and it is at least
// DRIFT_CLEAR times what either side spans; else 0.
static double clear_gap(const double *v, size_t n, size_t k)
{
	double low[2], high[2], gap, span;

	span_of(v, k, &low[0], &high[0]);
	span_of(v + k, n - k, &low[1], &high[1]);
	gap = fmax(low[1] - high[0], low[0] - high[1]);
	span = fmax(high[0] - low[0], high[1] - low[1]);
	return gap > 0 && gap >= DRIFT_CLEAR * span ? gap : 0;
}

// A step within the nights that the baseline is learned from would pass for scatter, and widen the gate until
// nobody sees it. Where they lie on two levels with nothing in between, the baseline is the first one.
static int look_among_first(struct state *s, size_t night)
{
	const size_t n = s->window.count;
	const double *v = s->window.last;

	if (n < DRIFT_FEWEST || n >= DRIFT_SPREAD)
		return 0;
	for (size_t k = DRIFT_SIDE; k + DRIFT_SIDE <= n; k++) {
		struct window before = { 0 };

		if (clear_gap(v, n, k) <= DRIFT_GATE * s->least_scale)
			continue;
		for (size_t i = 0; i < k; i++)
			window_add(&before, v[i]);
		s->window = before;
		s->baseline = window_median(&before, DRIFT_WINDOW);
		s->scale = fmax(window_sigma(&before) / SCATTER_UNIT, s->least_scale);
		s->suspect = s->learned[k];
		return open_step(s, night);
	}
	return 0;
}

// A night without an open step: within the gate, or the first or the second beyond it.
static int watch(struct state *s, size_t night)
{
	int side = isnan(s->baseline) ? 0 : side_of(s, night);

	if (side != 0 && s->suspect != NONE && side_of(s, s->suspect) == side)
		return open_step(s, night);
	if (s->suspect != NONE)
		learn(s, s->suspect);
	s->suspect = NONE;
	if (side != 0) {
		s->suspect = night;
		return 0;
	}
	learn(s, night);
	return look_among_first(s, night);
}

// The baseline, which stood still, goes on from the two nights on which the step was gone.
static void step_ended(struct state *s, size_t night)
{
	close_change(s, s->step, s->back, false);
	learn(s, s->back);
	learn(s, night);
	s->step = NONE;
	s->back = NONE;
	s->suspect = NONE;
	restart_cusum(s, night);
}

// A night with an open step: two running on another side than the step's end it.
static int watch_step(struct state *s, size_t night)
{
	const struct drift_change *c = &s->d->changes[s->step];
	int was = side_of(s, c->found), is = side_of(s, night);
	size_t first = s->back;

	if (is == was) {
		s->back = NONE;
		return 0;
	}
	if (first == NONE || side_of(s, first) != is) {
		s->back = night;
		return 0;
	}
	if (is == 0) {
		step_ended(s, night);
		return 0;
	}
	close_change(s, s->step, first, false); // beyond the gate on the other side: another step
	s->suspect = first;
	return open_step(s, night);
}

// ---- CUSUM --------------------------------------------------------------------------------------------------

static int cusum_side(struct state *s, size_t night, unsigned side)
{
	double distance = (s->nights[night].figure - s->reference) * (side == 0 ? 1 : -1);
	struct drift_change c = {
		.kind = DRIFT_CREEP, .found = night, .before = s->reference, .threshold = DRIFT_CUSUM_H * s->scale
	};

	s->sum[side] += distance - DRIFT_CUSUM_K * s->scale;
	if (s->sum[side] <= 0) {
		s->sum[side] = 0;
		s->zero[side] = night + 1;
		if (s->creep[side] != NONE)
			close_change(s, s->creep[side], night, false);
		s->creep[side] = NONE;
	}
	if (s->creep[side] != NONE || s->sum[side] <= c.threshold)
		return 0;
	c.began = s->zero[side];
	return add_change(s, c, &s->creep[side]);
}

static int cusum(struct state *s, size_t night)
{
	int rc;

	if (isnan(s->reference)) {
		if (s->window.count >= DRIFT_WINDOW)
			s->reference = window_median(&s->window, DRIFT_WINDOW);
		s->zero[0] = s->zero[1] = night + 1;
		return 0;
	}
	rc = cusum_side(s, night, 0);
	return rc == 0 ? cusum_side(s, night, 1) : rc;
}

// ---- acceptance ---------------------------------------------------------------------------------------------

static bool accepted_between(const struct state *s, size_t from, size_t to)
{
	for (size_t i = from; i <= to; i++)
		if (s->nights[i].accepted)
			return true;
	return false;
}

// From the night on which the change began, all is learned anew.
static void accept_change(struct state *s, size_t index, size_t night)
{
	size_t began = s->d->changes[index].began;

	close_change(s, index, night, true);
	s->window = (struct window){ 0 };
	for (size_t i = began; i <= night; i++)
		if (has_figure(s, i))
			learn(s, i);
	s->step = s->suspect = s->back = NONE;
	for (unsigned side = 0; side < 2; side++)
		if (s->creep[side] != NONE && s->creep[side] != index)
			close_change(s, s->creep[side], night, true);
	restart_cusum(s, night + 1);
}

static void accept_what_is_meant(struct state *s, size_t night)
{
	size_t open[3] = { s->step, s->creep[0], s->creep[1] };

	for (unsigned i = 0; i < 3; i++) {
		if (open[i] != NONE && accepted_between(s, s->d->changes[open[i]].began, night)) {
			accept_change(s, open[i], night);
			return;
		}
		if (i == 0 && s->step != NONE)
			return; // what crept before has no say while a step is open
	}
}

// ---- the whole ----------------------------------------------------------------------------------------------

static int one_night(struct state *s, size_t night)
{
	int rc;

	if (s->step == NONE && s->suspect == NONE)
		take_baseline(s);
	if (!isnan(s->baseline))
		s->d->judged++;
	rc = s->step != NONE ? watch_step(s, night) : watch(s, night);
	// What is beyond the gate is the gate's: a step of its own, or a night that stands alone.
	if (rc == 0 && s->step == NONE && s->suspect == NONE)
		rc = cusum(s, night);
	return rc;
}

int drift_judge(const struct drift_night *nights, size_t count, double threshold, struct drift *d)
{
	const double least_scale = threshold > 0 ? threshold / DRIFT_GATE : 1;
	struct state s = { .nights = nights,
		           .count = count,
		           .d = d,
		           .baseline = (double)NAN,
		           .scale = least_scale,
		           .least_scale = least_scale,
		           .suspect = NONE,
		           .step = NONE,
		           .back = NONE };
	int rc = 0;

	restart_cusum(&s, 0);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (has_figure(&s, i))
			rc = one_night(&s, i);
		if (rc == 0)
			accept_what_is_meant(&s, i);
	}
	for (size_t i = 0; rc == 0 && i < d->count; i++)
		if (d->changes[i].ended == count)
			d->changes[i].after = median_between(&s, d->changes[i].began, count - 1);
	if (s.step == NONE && s.suspect == NONE)
		take_baseline(&s);
	d->baseline = s.baseline;
	d->threshold = isnan(s.baseline) ? (double)NAN : DRIFT_GATE * s.scale;
	return rc;
}

// One night of an exact figure, with `s->step` the change that is open.
static int exact_night(struct state *s, size_t night, double tolerance)
{
	const double figure = s->nights[night].figure;
	const bool off = fabs(figure - s->baseline) > tolerance;
	struct drift_change c = {
		.began = night, .found = night, .before = s->baseline, .after = figure, .threshold = tolerance
	};

	if (isnan(s->baseline)) {
		s->baseline = figure;
		return 0;
	}
	s->d->judged++;
	if (off && s->step == NONE)
		return add_change(s, c, &s->step);
	if (off) {
		s->d->changes[s->step].after = figure;
	} else if (s->step != NONE) {
		s->d->changes[s->step].ended = night;
		s->step = NONE;
	}
	return 0;
}

int drift_judge_exact(const struct drift_night *nights, size_t count, double tolerance, struct drift *d)
{
	struct state s = { .nights = nights, .count = count, .d = d, .baseline = (double)NAN, .step = NONE };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (has_figure(&s, i))
			rc = exact_night(&s, i, tolerance);
		if (rc == 0 && s.step != NONE && accepted_between(&s, d->changes[s.step].began, i)) {
			d->changes[s.step].ended = i;
			d->changes[s.step].accepted = true;
			s.baseline = d->changes[s.step].after;
			s.step = NONE;
		}
	}
	d->baseline = s.baseline;
	d->threshold = isnan(s.baseline) ? (double)NAN : tolerance;
	return rc;
}

void drift_deinit(struct drift *d)
{
	free(d->changes);
	*d = (struct drift){ 0 };
}

const struct drift_change *drift_open(const struct drift *d, enum drift_kind kind, size_t nights)
{
	for (size_t i = d->count; i > 0; i--)
		if (d->changes[i - 1].kind == kind && d->changes[i - 1].ended == nights)
			return &d->changes[i - 1];
	return NULL;
}
