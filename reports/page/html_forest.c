// Forest plots.
#include "html_forest.h"

#include "text.h"

#include <math.h>

#define FOREST_WIDTH 280.0
#define ROW_HEIGHT 18.0
#define AXIS_HEIGHT 20.0
#define MIDDLE (ROW_HEIGHT / 2)
#define FARTHEST 100.0 // ratios beyond it are drawn at the end

static const struct {
	enum svg_colour colour;
	enum svg_dash dash;
	const char *word, *class_name;
} kinds[] = {
	[FOREST_WORSE] = { SVG_VERMILLION, SVG_DASHED, "worse", "bad" },
	[FOREST_BETTER] = { SVG_BLUE, SVG_SOLID, "better", "good" },
	[FOREST_CHANGED] = { SVG_INK, SVG_SOLID, "changed", "none" },
	[FOREST_UNKNOWN] = { SVG_INK, SVG_DOTTED, "could not tell", "none" },
};

static bool is_ratio(double value)
{
	return isfinite(value) && value > 0;
}

// As far to both sides of 1 as anything reaches.
static struct scale forest_scale(const struct forest_row *rows, size_t count)
{
	double reach = log(1.1);

	for (size_t i = 0; i < count; i++) {
		const double ends[] = { rows[i].ratio, rows[i].low, rows[i].high };

		for (size_t k = 0; k < sizeof ends / sizeof ends[0]; k++)
			if (is_ratio(ends[k]))
				reach = fmax(reach, fabs(log(ends[k])));
	}
	reach = fmin(reach * 1.05, log(FARTHEST));
	return (struct scale){ exp(-reach), exp(reach), 6, FOREST_WIDTH - 6, true, 0 };
}

static double place(const struct scale *x, double ratio)
{
	return scale_at(x, fmin(fmax(ratio, x->low), x->high));
}

// Ticks at 1 and at about equal factors to both sides of it, where their labels are exact.
static void draw_axis(struct page *p, const struct forest_names *names, const struct scale *x, size_t count)
{
	struct arena *a = p->arena;
	double edge = exp(log(x->high) * 0.8);
	double step = edge < 1.2 ? 1 + round((edge - 1) * 100) / 100
	              : edge < 2 ? round(edge * 10) / 10
	                         : round(edge);
	const double ticks[] = { round(100 / step) / 100, 1, step };
	struct svg_words words = { text_make(a, "Ratios of %s to %s", names->head, names->base),
		                   text_make(a,
		                             "%s on one logarithmic axis from %s to %s; the line in the middle is "
		                             "1, no change.",
		                             text_number(a, count, "ratio with its interval",
		                                         "ratios with their intervals"),
		                             text_ratio(a, x->low), text_ratio(a, x->high)),
		                   ++p->ids };

	svg_open(&p->b, FOREST_WIDTH, AXIS_HEIGHT, &words);
	for (size_t i = 0; i < sizeof ticks / sizeof ticks[0]; i++) {
		double at = scale_at(x, ticks[i]);

		svg_line(&p->b, at, AXIS_HEIGHT - 4, at, AXIS_HEIGHT, SVG_INK, SVG_SOLID);
		svg_text(&p->b, at, AXIS_HEIGHT - 7, "middle", SVG_FAINT, text_ratio(a, ticks[i]));
	}
	svg_close(&p->b);
}

static void draw_row(struct page *p, const struct forest_row *r, const struct scale *x)
{
	enum svg_colour colour = kinds[r->kind].colour;
	double low = place(x, r->low), high = place(x, r->high), at = place(x, r->ratio), one = scale_at(x, 1);
	bool interval = !r->exact && !isnan(r->low) && !isnan(r->high);

	svg_open_small(&p->b, FOREST_WIDTH, ROW_HEIGHT);
	svg_line(&p->b, one, 0, one, ROW_HEIGHT, SVG_FAINT, SVG_SOLID);
	if (interval) {
		svg_path_begin(&p->b, low, MIDDLE);
		svg_path_to(&p->b, high, MIDDLE);
		svg_path_end(&p->b, colour, 2, kinds[r->kind].dash);
	}
	if (interval && r->low >= x->low)
		svg_line(&p->b, low, MIDDLE - 4, low, MIDDLE + 4, colour, SVG_SOLID);
	if (interval && r->high <= x->high)
		svg_line(&p->b, high, MIDDLE - 4, high, MIDDLE + 4, colour, SVG_SOLID);
	if (is_ratio(r->ratio))
		svg_dot(&p->b, at, MIDDLE, 4, colour);
	svg_close(&p->b);
}

static const char *arrow(const struct forest_row *r)
{
	if (r->kind == FOREST_UNKNOWN)
		return "?";
	return r->ratio > 1 ? "▲" : r->ratio < 1 ? "▼" : "=";
}

static const char *interval_words(struct arena *a, const struct forest_row *r)
{
	if (r->exact)
		return "exact";
	if (!is_ratio(r->low) || !is_ratio(r->high))
		return "no interval";
	return text_make(a, "%s to %s", text_ratio(a, r->low), text_ratio(a, r->high));
}

static void add_row(struct page *p, const struct forest_row *r, const struct scale *x)
{
	struct arena *a = p->arena;

	buf_adds(&p->b, "<tr data-test=\"");
	html_text(p, r->id);
	buf_adds(&p->b, "\" data-metric=\"");
	html_text(p, r->metric);
	buf_addf(&p->b,
	         "\"><td><span class=\"v %s\"><span class=\"m\">%s</span> %s</span></td><td class=\"what\"><code>",
	         kinds[r->kind].class_name, arrow(r), kinds[r->kind].word);
	html_text(p, r->id);
	buf_adds(&p->b, "</code> <span class=\"none\">");
	html_text(p, r->metric);
	buf_adds(&p->b, "</span>");
	if (*r->note != '\0') {
		buf_adds(&p->b, " <small>");
		html_text(p, r->note);
		buf_adds(&p->b, "</small>");
	}
	buf_adds(&p->b, "</td><td class=\"bar\">");
	draw_row(p, r, x);
	buf_adds(&p->b, "</td><td class=\"n\">");
	if (is_ratio(r->ratio))
		buf_addf(&p->b, "<data value=\"%.17g\">%s</data>", r->ratio, text_ratio(a, r->ratio));
	buf_adds(&p->b, " <small>");
	html_text(p, interval_words(a, r));
	buf_adds(&p->b, "</small></td><td class=\"n\">");
	html_text(p, text_make(a, "%s → %s", r->base, r->head));
	buf_adds(&p->b, "</td></tr>\n");
}

void html_forest(struct page *p, const struct forest_names *names, const struct forest_row *rows, size_t count)
{
	struct scale x = forest_scale(rows, count);

	if (count == 0)
		return;
	buf_adds(&p->b, "<div class=\"scroll\"><table class=\"forest\" aria-label=\"");
	html_text(p, names->title);
	buf_adds(&p->b, "\"><thead><tr><th scope=\"col\">Outcome</th><th scope=\"col\">Test and metric</th>"
	                "<th scope=\"col\">");
	draw_axis(p, names, &x, count);
	buf_adds(&p->b,
	         "</th><th scope=\"col\" class=\"n\">Ratio, 95 % interval</th><th scope=\"col\" class=\"n\">");
	html_text(p, text_make(p->arena, "%s → %s", names->base, names->head));
	buf_adds(&p->b, "</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < count; i++)
		add_row(p, &rows[i], &x);
	html_head_end(p);
}
