// Charts as SVG text.
#include "svg.h"

#include "markup.h"
#include "text.h"

#include <math.h>

// ---- scales -------------------------------------------------------------------------------------------------

double scale_at(const struct scale *s, double value)
{
	double part = s->log ? (log(value) - log(s->low)) / (log(s->high) - log(s->low))
	                     : (value - s->low) / (s->high - s->low);

	return s->from + part * (s->to - s->from);
}

struct scale scale_log(double low, double high, double from, double to)
{
	if (low < 1)
		low = 1;
	if (high < low)
		high = low;
	return (struct scale){ low / 1.15, high * 1.15, from, to, true, 0 };
}

// 1, 2 or 5 times a power of ten, at or above `value`.
static double round_up(double value)
{
	static const double steps[] = { 1, 2, 2.5, 5, 10 };
	double power = pow(10, floor(log10(value)));

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (steps[i] * power >= value * (1 - 1e-9))
			return steps[i] * power;
	return 10 * power;
}

struct scale scale_linear(double high, double unit, double from, double to)
{
	double step = round_up((high > 0 ? high / unit : 1) / 4);
	double steps = ceil(high / unit / step - 1e-9);

	return (struct scale){ 0, unit * step * (steps > 1 ? steps : 1), from, to, false, unit };
}

struct scale scale_range(double low, double high, double unit, double from, double to)
{
	double least = fmax(fabs(low), fabs(high)) * 0.02, step;

	if (high - low < least || !(high > low)) {
		double middle = (low + high) / 2;

		least = least > 0 ? least : 1;
		low = middle - least / 2;
		high = middle + least / 2;
	}
	step = unit * round_up((high - low) / unit / 4);
	return (struct scale){
		step * floor(low / step + 1e-9), step * ceil(high / step - 1e-9), from, to, false, unit
	};
}

double scale_byte_unit(double high)
{
	double unit = 1;

	while (unit < 1e9 && high >= 1024 * unit)
		unit *= 1024;
	return unit;
}

static size_t linear_ticks(const struct scale *s, double ticks[SCALE_MOST_TICKS])
{
	double unit = s->unit > 0 ? s->unit : 1;
	double step = unit * round_up((s->high - s->low) / unit / 4);
	size_t n = 0;

	for (double v = s->low; v <= s->high * (1 + 1e-9) && n < SCALE_MOST_TICKS; v += step)
		ticks[n++] = v;
	return n;
}

// Powers of ten times the first `count` of 1, 2 and 5.
static size_t log_ticks(const struct scale *s, double ticks[SCALE_MOST_TICKS], size_t count)
{
	static const double steps[] = { 1, 2, 5 };
	double unit = s->unit > 0 ? s->unit : 1;
	size_t n = 0;

	for (double power = unit * pow(10, floor(log10(s->low / unit))); power <= s->high; power *= 10)
		for (size_t i = 0; i < count; i++)
			if (steps[i] * power >= s->low && steps[i] * power <= s->high && n < SCALE_MOST_TICKS)
				ticks[n++] = steps[i] * power;
	return n;
}

size_t scale_ticks(const struct scale *s, double ticks[SCALE_MOST_TICKS])
{
	size_t n;

	if (!s->log)
		return linear_ticks(s, ticks);
	n = log_ticks(s, ticks, 1);
	if (n < 3)
		n = log_ticks(s, ticks, 3);
	if (n < 2) { // a narrow range: round steps, equally far apart
		double unit = s->unit > 0 ? s->unit : 1;
		double step = unit * round_up((s->high - s->low) / unit / 4);

		n = 0;
		for (double v = ceil(s->low / step) * step; v <= s->high && n < SCALE_MOST_TICKS; v += step)
			ticks[n++] = v;
	}
	return n;
}

// ---- shapes -------------------------------------------------------------------------------------------------

// Okabe and Ito's blue and vermillion; what is neither is the colour of the text around.
static const struct {
	const char *value, *class_name, *opacity;
} colours[] = {
	[SVG_INK] = { "currentColor", "ink", "1" },
	[SVG_FAINT] = { "currentColor", "faint", ".55" },
	[SVG_BLUE] = { "#0072b2", "blue", "1" },
	[SVG_VERMILLION] = { "#d55e00", "verm", "1" },
};

static void add_root(struct buf *b, double width, double height)
{
	buf_addf(b,
	         "<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" font-size=\"11\" "
	         "font-family=\"system-ui,sans-serif\" fill=\"none\"",
	         width, height, width, height);
}

void svg_open(struct buf *b, double width, double height, const struct svg_words *words)
{
	add_root(b, width, height);
	buf_addf(b, " role=\"img\" aria-labelledby=\"t%u d%u\"><title id=\"t%u\">", words->id, words->id,
	         words->id);
	markup_text(b, words->title);
	buf_addf(b, "</title><desc id=\"d%u\">", words->id);
	markup_text(b, words->description);
	buf_adds(b, "</desc>");
}

void svg_open_small(struct buf *b, double width, double height)
{
	add_root(b, width, height);
	buf_adds(b, " aria-hidden=\"true\">");
}

void svg_close(struct buf *b)
{
	buf_adds(b, "</svg>");
}

static void add_fill(struct buf *b, enum svg_colour c, double opacity)
{
	buf_addf(b, " class=\"f-%s\" fill=\"%s\"", colours[c].class_name, colours[c].value);
	if (c == SVG_FAINT)
		buf_addf(b, " fill-opacity=\"%s\"", colours[c].opacity);
	else if (opacity < 1)
		buf_addf(b, " fill-opacity=\"%.2g\"", opacity);
}

static void add_stroke(struct buf *b, enum svg_colour c, double width, enum svg_dash dash)
{
	static const char *const dashes[] = {
		[SVG_DASHED] = "5 3", [SVG_DOTTED] = "1.5 2.5", [SVG_DASH_DOT] = "7 2.5 1.5 2.5"
	};

	buf_addf(b, " class=\"s-%s\" stroke=\"%s\" stroke-width=\"%.2g\"", colours[c].class_name, colours[c].value,
	         width);
	if (c == SVG_FAINT)
		buf_adds(b, " stroke-opacity=\".25\"");
	if (dash != SVG_SOLID)
		buf_addf(b, " stroke-dasharray=\"%s\"", dashes[dash]);
	buf_adds(b, "/>");
}

void svg_line(struct buf *b, double x1, double y1, double x2, double y2, enum svg_colour c, enum svg_dash dash)
{
	buf_addf(b, "<path d=\"M%.1f %.1fL%.1f %.1f\"", x1, y1, x2, y2);
	add_stroke(b, c, 1, dash);
}

#define HEAD_LENGTH 6.0
#define HEAD_HALF 2.6

void svg_arrow(struct buf *b, double x1, double y1, double x2, double y2, enum svg_colour c, enum svg_dash dash)
{
	double length = hypot(x2 - x1, y2 - y1);
	double ux, uy, neck_x, neck_y;

	if (length < HEAD_LENGTH) {
		svg_dot(b, x2, y2, HEAD_HALF, c);
		return;
	}
	ux = (x2 - x1) / length;
	uy = (y2 - y1) / length;
	neck_x = x2 - HEAD_LENGTH * ux;
	neck_y = y2 - HEAD_LENGTH * uy;
	svg_line(b, x1, y1, neck_x, neck_y, c, dash);
	buf_addf(b, "<path d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fz\"", x2, y2, neck_x - HEAD_HALF * uy,
	         neck_y + HEAD_HALF * ux, neck_x + HEAD_HALF * uy, neck_y - HEAD_HALF * ux);
	add_fill(b, c, 1);
	buf_adds(b, "/>");
}

void svg_group(struct buf *b, const char *title)
{
	buf_adds(b, "<g><title>");
	markup_text(b, title);
	buf_adds(b, "</title>");
}

void svg_group_end(struct buf *b)
{
	buf_adds(b, "</g>");
}

void svg_path_begin(struct buf *b, double x, double y)
{
	buf_addf(b, "<path d=\"M%.1f %.1f", x, y);
}

void svg_path_to(struct buf *b, double x, double y)
{
	buf_addf(b, "L%.1f %.1f", x, y);
}

void svg_path_end(struct buf *b, enum svg_colour c, double width, enum svg_dash dash)
{
	buf_adds(b, "\" stroke-linejoin=\"round\"");
	add_stroke(b, c, width, dash);
}

void svg_rect(struct buf *b, double x, double y, double width, double height, enum svg_colour c, double opacity)
{
	buf_addf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\"", x, y, width, height);
	add_fill(b, c, opacity);
	buf_adds(b, "/>");
}

void svg_outline(struct buf *b, double x, double y, double width, double height, enum svg_colour c)
{
	buf_addf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" rx=\"2\"", x, y, width, height);
	add_stroke(b, c, 1, SVG_SOLID);
}

void svg_dot(struct buf *b, double x, double y, double radius, enum svg_colour c)
{
	buf_addf(b, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%.1f\"", x, y, radius);
	add_fill(b, c, 1);
	buf_adds(b, "/>");
}

void svg_text(struct buf *b, double x, double y, const char *anchor, enum svg_colour c, const char *text)
{
	buf_addf(b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"f-%s\" fill=\"%s\"", x, y, anchor,
	         colours[c].class_name, colours[c].value);
	if (c == SVG_FAINT)
		buf_adds(b, " fill-opacity=\".75\"");
	buf_addc(b, '>');
	markup_text(b, text);
	buf_adds(b, "</text>");
}

// ---- axes ---------------------------------------------------------------------------------------------------

#define X_MARGIN 14.0 // right of the plot, in every chart

void svg_x_axis(struct buf *b, struct arena *a, const struct scale *s, double y, double top, svg_label_fn label)
{
	double ticks[SCALE_MOST_TICKS];
	size_t n = scale_ticks(s, ticks);
	double free_from = -1e9; // labels that would overlap are left out, their lines are not

	for (size_t i = 0; i < n; i++) {
		double x = scale_at(s, ticks[i]);
		const char *text = label(a, ticks[i]);
		double half = 3.2 * (double)text_width(text);

		svg_line(b, x, top, x, y, SVG_FAINT, SVG_SOLID);
		if (x - half < free_from)
			continue;
		if (x + half > s->to + X_MARGIN) // would leave the chart
			svg_text(b, s->to + X_MARGIN, y + 14, "end", SVG_FAINT, text);
		else
			svg_text(b, x, y + 14, "middle", SVG_FAINT, text);
		free_from = x + half + 6;
	}
}

void svg_y_axis(struct buf *b, struct arena *a, const struct scale *s, double left, double right,
                svg_label_fn label)
{
	double ticks[SCALE_MOST_TICKS];
	size_t n = scale_ticks(s, ticks);

	for (size_t i = 0; i < n; i++) {
		double y = scale_at(s, ticks[i]);

		svg_line(b, left, y, right, y, SVG_FAINT, SVG_SOLID);
		svg_text(b, left - 6, y + 4, "end", SVG_FAINT, label(a, ticks[i]));
	}
}

const char *svg_label_ns(struct arena *a, double value)
{
	if (value <= 0)
		return "0";
	if (value < 999.5)
		return text_make(a, "%.3g ns", value);
	if (value < 999.5e3)
		return text_make(a, "%.3g µs", value / 1e3);
	if (value < 999.5e6)
		return text_make(a, "%.3g ms", value / 1e6);
	return text_make(a, "%.4g s", value / 1e9);
}

// Three digits; from 1000 of a unit to the next one there are four, which %.3g would write as a power of ten.
static const char *label_unit(struct arena *a, double value, const char *unit)
{
	return text_make(a, value >= 999.5 ? "%.0f %s" : "%.3g %s", value, unit);
}

const char *svg_label_bytes(struct arena *a, double value)
{
	if (value <= 0)
		return "0";
	if (value < 1023.5)
		return label_unit(a, value, "B");
	if (value < 1023.5 * 1024)
		return label_unit(a, value / 1024, "KiB");
	if (value < 1023.5 * 1024 * 1024)
		return label_unit(a, value / 1024 / 1024, "MiB");
	return text_make(a, "%.4g GiB", value / 1024 / 1024 / 1024);
}

const char *svg_label_count(struct arena *a, double value)
{
	return text_count(a, (uint64_t)(value > 0 ? value : 0));
}
