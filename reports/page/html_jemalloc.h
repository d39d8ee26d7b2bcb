// Between the files of the page's jemalloc section.
#ifndef SG_HTML_JEMALLOC_H
#define SG_HTML_JEMALLOC_H

#include "html.h"

struct jemalloc_process {
	const struct view_test *test;
	const struct result_jemalloc *j;
};

// A line of a chart over time, and a column of its data.
struct jemalloc_line {
	enum result_look column;
	enum svg_colour colour;
	enum svg_dash dash;
	const char *words;
};

struct jemalloc_column {
	enum result_look column;
	const char *title;
	const char *(*words)(struct arena *a, uint64_t value);
};

struct jemalloc_lines {
	const struct jemalloc_line *lines;
	size_t line_count;
	const struct jemalloc_column *columns;
	size_t column_count;
};

// Thread caches, purging and mutexes of these processes, and what their versions have no figures of.
void html_jemalloc_work(struct page *p, const struct jemalloc_process *all, size_t count);

#endif
