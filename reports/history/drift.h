// Whether a metric has moved over its nights: the gate (two nights running), the CUSUM for slow creep, and the
// night in which each change began. Knows no database; the nights are in the order of time.
//
// Figures are logarithms (drift_figure), so that 0.03 is 3 %. The gate: two nights running on the same side, each
// further than 3 % from the median of the 14 nights before them. CUSUM (Page 1954): k 1.5 %, h 5 % from the median
// of the first 14 nights since the baseline began. Where the nights themselves scatter by more than 1 % (by the
// range of the middle 80 % of the last 28, taken wider where they are few), all three grow with that scatter: then
// nobody could tell. So a steady metric raises 0.04 alarms a year or fewer, however it scatters (history_bench
// counts them). A step among the nights that a baseline
// is learned from, before DRIFT_SPREAD of them are there, is found where they lie on two levels: at least
// DRIFT_SIDE nights each, with nothing in between, further apart than the gate and than DRIFT_CLEAR times what
// either spans. While a change is open the baseline stands still, so that the change is told once and not
// forgotten; when it is accepted the baseline begins anew with it.
#ifndef SG_DRIFT_H
#define SG_DRIFT_H

#include <stdbool.h>
#include <stddef.h>

#define DRIFT_GATE 0.03
#define DRIFT_CUSUM_K 0.015
#define DRIFT_CUSUM_H 0.05
#define DRIFT_WINDOW 14U // nights of the gate's median
#define DRIFT_FEWEST 7U  // nights that a baseline needs before anything is judged
#define DRIFT_SPREAD 28U // nights of the scatter
#define DRIFT_SIDE 3U    // nights on either side of a step among the first ones
#define DRIFT_CLEAR 2.0  // and how far apart its levels are, by what the nights of either span

struct drift_night {
	double figure; // from drift_figure; NaN: none that night
	bool accepted; // what was changed by then is meant
};

enum drift_kind { DRIFT_STEP, DRIFT_CREEP };

struct drift_change {
	enum drift_kind kind;
	size_t began, found; // nights: indices
	size_t ended;        // the night it was back, or accepted; `count` of nights: open still
	bool accepted;
	double before, after; // figures: the baseline, and the median since it began (up to the end)
	double threshold;     // of the gate, or h
};

struct drift {
	struct drift_change *changes; // in the order in which they were found; owned
	size_t count;
	size_t judged;    // nights on which there was a baseline
	double baseline;  // at the end; NaN: none
	double threshold; // of the gate at the end: the smallest change that it would tell; NaN: none
};

// What the baseline is made of: ln(head) - ln(anchor). `unit` "count": of what is counted plus one, so that 0 has
// a place; "%": the difference in hundredths. Without an anchor (NaN) that of head alone. NaN for what has no
// figure.
double drift_figure(const char *unit, double head, double anchor);
// The change from one figure to another as a factor less one (0.03 is 3 % more); for "%" the difference.
double drift_ratio(const char *unit, double from, double to);

// Fills a zeroed `d`. A threshold above 0 takes the place of DRIFT_GATE, and CUSUM's k and h are as large in
// proportion. 0 or -ENOMEM. Deinit in every case.
int drift_judge(const struct drift_night *nights, size_t count, double threshold, struct drift *d);
// The same for a figure that does not scatter beyond `tolerance` (a cliff, which is searched to 1 %): no night
// needs another to confirm it, the first night is the baseline, and stays it until a change is accepted.
int drift_judge_exact(const struct drift_night *nights, size_t count, double tolerance, struct drift *d);
void drift_deinit(struct drift *d);
// The step that is open at the end, else NULL; the creep likewise.
const struct drift_change *drift_open(const struct drift *d, enum drift_kind kind, size_t nights);

#endif
