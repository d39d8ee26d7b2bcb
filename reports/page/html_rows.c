// One line over time or cycles, with its data table.
#include "html_rows.h"

#include "text.h"

#include <math.h>

const char *rows_label_ms(struct arena *a, double value)
{
	return svg_label_ns(a, value * 1e6);
}

static double x_at(const struct rows_chart *c, size_t row)
{
	return (double)c->rows->values[row * c->columns + c->x];
}

static double y_at(const struct rows_chart *c, size_t row)
{
	return (double)c->rows->values[row * c->columns + c->y] * c->unit;
}

static double y2_at(const struct rows_chart *c, size_t row)
{
	return c->y2 > 0 ? (double)c->rows->values[row * c->columns + c->y2] * c->unit : 0;
}

static void draw_second(struct page *p, const struct rows_chart *c, const struct scale *x, const struct scale *y)
{
	bool begun = false;

	for (size_t i = 0; i < c->rows->count; i++) {
		if (!(y2_at(c, i) > 0))
			continue;
		if (!begun)
			svg_path_begin(&p->b, scale_at(x, x_at(c, i)), scale_at(y, y2_at(c, i)));
		else
			svg_path_to(&p->b, scale_at(x, x_at(c, i)), scale_at(y, y2_at(c, i)));
		begun = true;
	}
	if (begun)
		svg_path_end(&p->b, SVG_INK, 1.2, SVG_DASHED);
}

static void draw(struct page *p, const struct rows_chart *c, const struct scale *x, const struct scale *y)
{
	if (c->limit > 0)
		svg_line(&p->b, CHART_LEFT, scale_at(y, c->limit), CHART_RIGHT, scale_at(y, c->limit), SVG_INK,
		         SVG_DOTTED);
	draw_second(p, c, x, y);
	for (size_t i = 0; i < c->rows->count; i++)
		if (i == 0)
			svg_path_begin(&p->b, scale_at(x, x_at(c, i)), scale_at(y, y_at(c, i)));
		else
			svg_path_to(&p->b, scale_at(x, x_at(c, i)), scale_at(y, y_at(c, i)));
	svg_path_end(&p->b, SVG_BLUE, 1.8, SVG_SOLID);
	if (c->mark_x > 0)
		svg_text(&p->b, scale_at(x, fmin(fmax(c->mark_x, x->low), x->high)), scale_at(y, c->mark_y) + 5,
		         "middle", SVG_VERMILLION, "✗");
}

static void add_rows(struct page *p, const struct rows_chart *c)
{
	for (size_t i = 0; i < c->rows->count; i++) {
		double y = y_at(c, i);

		html_row(p, c->test);
		html_real_cell(p, x_at(c, i), c->x_label(p->arena, x_at(c, i)));
		html_figure_cell(p, (uint64_t)y, text_bytes(p->arena, (uint64_t)y));
		if (c->y2 > 0 && y2_at(c, i) > 0)
			html_figure_cell(p, (uint64_t)y2_at(c, i), text_bytes(p->arena, (uint64_t)y2_at(c, i)));
		else if (c->y2 > 0)
			html_empty_cell(p);
		buf_adds(&p->b, "</tr>");
	}
}

void html_rows_chart(struct page *p, const struct rows_chart *c)
{
	struct chart chart = { c->caption, c->sub, c->description, CHART_WIDTH, ROWS_HEIGHT };
	struct scale x = { 0, x_at(c, c->rows->count - 1), CHART_LEFT, CHART_RIGHT, false, 0 }, y;
	double most = fmax(c->limit, c->mark_y);

	if (x.high <= x.low)
		x.high = x.low + 1;
	for (size_t i = 0; i < c->rows->count; i++)
		most = fmax(most, fmax(y_at(c, i), y2_at(c, i)));
	most = fmax(most, 1);
	y = scale_linear(most, scale_byte_unit(most), ROWS_HEIGHT - CHART_BOTTOM, ROWS_TOP);
	html_chart_open(p, &chart);
	svg_x_axis(&p->b, p->arena, &x, y.from, y.to, c->x_label);
	svg_y_axis(&p->b, p->arena, &y, CHART_LEFT, CHART_RIGHT, svg_label_bytes);
	draw(p, c, &x, &y);
	html_chart_data(p, (const char *const[]){ c->x_title, c->y_title, c->y2 > 0 ? c->y2_title : NULL, NULL });
	add_rows(p, c);
	html_chart_close(p);
}
