// Plots of histograms that several sections show.
#ifndef SG_HTML_PLOT_H
#define SG_HTML_PLOT_H

#include "bins.h"
#include "html.h"

#define PLOT_HEIGHT 210.0
#define PLOT_MOST_LINES 4U
#define PLOT_FEWEST_VALUES 100U // for percentiles that mean something

struct plot_line {
	const struct view_test *test;
	const char *name;        // in the key
	const char *series;      // of the test; NULL: the one that tables show
	const struct hist *hist; // at least PLOT_FEWEST_VALUES values
};

// Latency against percentile, whose axis is stretched towards 100 %: one line for each of at most PLOT_MOST_LINES
// histograms, told apart by colour, dashes and a key with their names.
void plot_percentiles(struct page *p, const char *caption, const char *sub, const struct plot_line *lines,
                      size_t count);
// Bars that stand on `base` and are `height` high where a bin is fullest.
void plot_bins(struct page *p, const struct bins *bins, const struct scale *x, double base, double height);
// Rows of a data table (name, from - to, count): the bins that hold something.
void plot_bins_rows(struct page *p, const struct view_test *t, const struct bins *bins);
// One line of a chart's key at y: a piece of line, and words behind it.
void plot_key(struct page *p, double y, enum svg_colour colour, enum svg_dash dash, const char *words);

#endif
