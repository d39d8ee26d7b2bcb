// Charts as SVG text: scales, ticks, shapes. Everything is said by presentation attributes, so that a page whose
// style sheet is blocked still shows it; classes let the style sheet change colours in the dark.
#ifndef SG_SVG_H
#define SG_SVG_H

#include "arena.h"
#include "buf.h"

#include <stdbool.h>
#include <stddef.h>

// From values to pixels. `low` < `high`; both positive where it is logarithmic.
struct scale {
	double low, high;
	double from, to; // pixels; from > to for a vertical one
	bool log;
	double unit; // ticks are round in this; 0: 1
};

#define SCALE_MOST_TICKS 8U

double scale_at(const struct scale *s, double value);
// Round values within the scale, at least two; returns how many.
size_t scale_ticks(const struct scale *s, double ticks[SCALE_MOST_TICKS]);
// Widens a logarithmic scale so that [low, high] has some room, also when both are the same.
struct scale scale_log(double low, double high, double from, double to);
// From 0 to a round number of `unit` at or above `high`.
struct scale scale_linear(double high, double unit, double from, double to);
// From a round number of `unit` at or below `low` to one at or above `high`.
struct scale scale_range(double low, double high, double unit, double from, double to);
// `unit` that makes round ticks for bytes up to `high`: 1, 1 KiB, 1 MiB, 1 GiB.
double scale_byte_unit(double high);

enum svg_colour { SVG_INK, SVG_FAINT, SVG_BLUE, SVG_VERMILLION };
enum svg_dash { SVG_SOLID, SVG_DASHED, SVG_DOTTED, SVG_DASH_DOT };

// What a chart says of itself to those who do not see it. Both are escaped here.
struct svg_words {
	const char *title, *description;
	unsigned id; // unique on the page
};

void svg_open(struct buf *b, double width, double height, const struct svg_words *words);
// Without words: for a small one inside a table, whose figures stand beside it.
void svg_open_small(struct buf *b, double width, double height);
void svg_close(struct buf *b);
void svg_line(struct buf *b, double x1, double y1, double x2, double y2, enum svg_colour c, enum svg_dash dash);
// A line with a head at its end; a dot where it is too short for one.
void svg_arrow(struct buf *b, double x1, double y1, double x2, double y2, enum svg_colour c, enum svg_dash dash);
// What is drawn until svg_group_end says `title` to a pointer that rests on it. Escaped here.
void svg_group(struct buf *b, const char *title);
void svg_group_end(struct buf *b);
// Strokes are `width` wide.
void svg_path_begin(struct buf *b, double x, double y);
void svg_path_to(struct buf *b, double x, double y);
void svg_path_end(struct buf *b, enum svg_colour c, double width, enum svg_dash dash);
void svg_rect(struct buf *b, double x, double y, double width, double height, enum svg_colour c, double opacity);
void svg_outline(struct buf *b, double x, double y, double width, double height, enum svg_colour c);
void svg_dot(struct buf *b, double x, double y, double radius, enum svg_colour c);
// `anchor` is "start", "middle" or "end". The text is escaped here.
void svg_text(struct buf *b, double x, double y, const char *anchor, enum svg_colour c, const char *text);

// Ticks with grid lines and labels; `label` makes a label of a value.
typedef const char *(*svg_label_fn)(struct arena *a, double value);
// Along the bottom at `y`; grid lines reach up to `top`.
void svg_x_axis(struct buf *b, struct arena *a, const struct scale *s, double y, double top, svg_label_fn label);
// Along the left; grid lines reach from s's `left` to `right`.
void svg_y_axis(struct buf *b, struct arena *a, const struct scale *s, double left, double right,
                svg_label_fn label);

// Labels for axes: "10 µs", "5 MiB", "10,000".
const char *svg_label_ns(struct arena *a, double value);
const char *svg_label_bytes(struct arena *a, double value);
const char *svg_label_count(struct arena *a, double value);

#endif
