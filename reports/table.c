// Tables on a terminal.
#include "table.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_COLUMNS 100U
#define FEWEST_COLUMNS 48U
#define INDENT 2U
#define GAP 2U
#define NARROWEST 8U // a column is not cut further

struct cell {
	const char *text;
	enum table_style style;
};

struct row {
	const char *heading; // NULL: a row of cells
	struct cell *cells;
	size_t filled;
};

struct table {
	struct arena *arena;
	const struct table_column *columns;
	size_t column_count;
	struct row *rows;
	size_t row_count;
};

// How the table is laid out in the width there is.
struct layout {
	size_t *widths; // 0: dropped
	size_t total;   // with indent and gaps
};

struct table *table_new(struct arena *a, const struct table_column *columns, size_t count)
{
	struct table *t = calloc(1, sizeof *t);

	if (t != NULL)
		*t = (struct table){ .arena = a, .columns = columns, .column_count = count };
	return t;
}

void table_free(struct table *t)
{
	if (t != NULL)
		free(t->rows);
	free(t);
}

static void add_row(struct table *t, const char *heading)
{
	struct cell *cells = arena_alloc(t->arena, t->column_count * sizeof *cells);
	struct row *rows = reallocarray(t->rows, t->row_count + 1, sizeof *rows);

	if (rows != NULL)
		t->rows = rows;
	if (rows == NULL || cells == NULL)
		return;
	rows[t->row_count++] = (struct row){ .heading = heading, .cells = cells };
}

void table_heading(struct table *t, const char *text)
{
	add_row(t, text);
}

void table_row(struct table *t)
{
	add_row(t, NULL);
}

void table_cell(struct table *t, enum table_style style, const char *text)
{
	struct row *r = t->row_count > 0 ? &t->rows[t->row_count - 1] : NULL;

	if (r != NULL && r->filled < t->column_count)
		r->cells[r->filled++] = (struct cell){ text, style };
}

// ---- layout -------------------------------------------------------------------------------------------------

static size_t natural_width(const struct table *t, size_t column)
{
	size_t width = 0;
	bool any = false;

	for (size_t i = 0; i < t->row_count; i++) {
		const char *text = t->rows[i].cells[column].text;
		size_t w = text != NULL ? text_width(text) : 0;

		any = any || w > 0;
		width = w > width ? w : width;
	}
	if (any && text_width(t->columns[column].title) > width)
		width = text_width(t->columns[column].title);
	return width; // a column without anything in it is dropped
}

static void measure(const struct table *t, struct layout *l)
{
	l->total = INDENT;
	for (size_t c = 0; c < t->column_count; c++)
		if (l->widths[c] > 0)
			l->total += l->widths[c] + (l->total > INDENT ? GAP : 0);
}

// The column to go next, or column_count when none may.
static size_t next_to_drop(const struct table *t, const struct layout *l)
{
	size_t worst = t->column_count;

	for (size_t c = 0; c < t->column_count; c++)
		if (l->widths[c] > 0 && t->columns[c].drop > 0 &&
		    (worst == t->column_count || t->columns[c].drop >= t->columns[worst].drop))
			worst = c;
	return worst;
}

// The column to be cut next: the widest of those that may be, the first of equals; column_count when none may.
static size_t widest_to_cut(const struct table *t, const struct layout *l)
{
	size_t widest = t->column_count;

	for (size_t c = 0; c < t->column_count; c++)
		if (t->columns[c].cut && l->widths[c] > NARROWEST &&
		    (widest == t->column_count || l->widths[c] > l->widths[widest]))
			widest = c;
	return widest;
}

static void fit(const struct table *t, size_t width, struct layout *l)
{
	for (size_t c = 0; c < t->column_count; c++)
		l->widths[c] = natural_width(t, c);
	measure(t, l);
	while (l->total > width) {
		size_t c = next_to_drop(t, l);

		if (c == t->column_count)
			break;
		l->widths[c] = 0;
		measure(t, l);
	}
	for (size_t c; l->total > width && (c = widest_to_cut(t, l)) < t->column_count; l->total--)
		l->widths[c]--;
}

// ---- printing -----------------------------------------------------------------------------------------------

void table_text(const struct term_style *style, enum table_style s, const char *text, FILE *out)
{
	static const char *const codes[] = { [STYLE_GOOD] = "32",
		                             [STYLE_BAD] = "1;31",
		                             [STYLE_WARN] = "33",
		                             [STYLE_FAINT] = "2",
		                             [STYLE_STRONG] = "1" };

	if (style->colour && s != STYLE_PLAIN && *text != '\0')
		fprintf(out, "\033[%sm%s\033[0m", codes[s], text);
	else
		fputs(text, out);
}

unsigned table_columns(const struct term_style *style)
{
	if (style->columns == 0)
		return DEFAULT_COLUMNS;
	return style->columns < FEWEST_COLUMNS ? FEWEST_COLUMNS : style->columns;
}

static void put_blanks(size_t n, FILE *out)
{
	for (; n > 0; n--)
		fputc(' ', out);
}

void table_wrap(const struct term_style *style, const char *text, unsigned indent, unsigned hang, FILE *out)
{
	size_t at = indent, width;
	bool first = true;

	put_blanks(indent, out);
	while (*text != '\0') {
		size_t len = strcspn(text, " ");
		char *word = strndup(text, len);

		width = word != NULL ? text_width(word) : 0;
		if (!first && at + 1 + width > table_columns(style)) {
			fputc('\n', out);
			put_blanks(hang, out);
			at = hang;
			first = true;
		}
		at += width + !first;
		fprintf(out, "%s%s", first ? "" : " ", word != NULL ? word : "");
		first = false;
		free(word);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

// One line of cells; blanks at its end are left out.
static void put_cells(const struct table *t, const struct layout *l, const struct cell *cells,
                      const struct term_style *style, FILE *out)
{
	size_t pending = INDENT;
	bool first = true;

	for (size_t c = 0; c < t->column_count; c++) {
		const char *text;
		size_t pad;

		if (l->widths[c] == 0)
			continue;
		pending += first ? 0 : GAP;
		first = false;
		text = text_cut(t->arena, cells[c].text != NULL ? cells[c].text : "", l->widths[c]);
		pad = l->widths[c] - text_width(text);
		if (*text == '\0') {
			pending += l->widths[c];
			continue;
		}
		put_blanks(pending + (t->columns[c].right ? pad : 0), out);
		table_text(style, cells[c].style, text, out);
		pending = t->columns[c].right ? 0 : pad;
	}
	fputc('\n', out);
}

static void put_titles(const struct table *t, const struct layout *l, const struct term_style *style, FILE *out)
{
	struct cell *titles = arena_alloc(t->arena, t->column_count * sizeof *titles);
	bool any = false;

	for (size_t c = 0; titles != NULL && c < t->column_count; c++) {
		titles[c] = (struct cell){ t->columns[c].title, STYLE_FAINT };
		any = any || t->columns[c].title[0] != '\0';
	}
	if (any)
		put_cells(t, l, titles, style, out);
}

void table_print(const struct table *t, const struct term_style *style, FILE *out)
{
	struct layout l = { .widths = arena_alloc(t->arena, (t->column_count + 1) * sizeof *l.widths) };

	if (l.widths == NULL || t->row_count == 0)
		return;
	fit(t, table_columns(style), &l);
	put_titles(t, &l, style, out);
	for (size_t i = 0; i < t->row_count; i++) {
		if (t->rows[i].heading == NULL) {
			put_cells(t, &l, t->rows[i].cells, style, out);
			continue;
		}
		table_text(style, STYLE_STRONG, t->rows[i].heading, out);
		fputc('\n', out);
	}
}
