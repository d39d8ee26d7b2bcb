// Tables in the width there is.
#include "harness.h"

#include "table.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *print(unsigned columns, const char *first, const char *second)
{
	static const struct table_column heads[] = { { "first", false, 0, true },
		                                     { "second", false, 0, true },
		                                     { "n", true, 0, false } };
	struct term_style style = { .columns = columns };
	struct arena a = { 0 };
	struct table *t = table_new(&a, heads, 3);
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(t);
	assert_non_null(out);
	table_row(t);
	table_cell(t, STYLE_PLAIN, first);
	table_cell(t, STYLE_PLAIN, second);
	table_cell(t, STYLE_PLAIN, "12");
	table_print(t, &style, out);
	fclose(out);
	table_free(t);
	arena_deinit(&a);
	return text;
}

static size_t widest_line(char *text)
{
	size_t widest = 0;

	for (char *save, *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
		widest = text_width(line) > widest ? text_width(line) : widest;
	return widest;
}

CASE("table: what is lacking is cut from the widest column, so that a narrow one stays whole")
{
	char *text = print(60, "gc/a-test-with-a-very-long-name-that-goes-on-and-on.lua@slab-fixed",
	                   "latency/total/p99");

	assert_non_null(strstr(text, "latency/total/p99"));
	assert_non_null(strstr(text, "…"));
	assert_non_null(strstr(text, "gc/a-test"));
	assert_int_equal(widest_line(text), 60);
	free(text);
	text = print(60, "gc/a-test-with-a-very-long-name-that-goes-on-and-on.lua@slab-fixed",
	             "another/one/that/is/quite/as/long/and/must/give/its/part");
	assert_int_equal(widest_line(text), 60);
	free(text);
}

CASE("table: wide characters are counted as the columns they take")
{
	for (unsigned columns = 48; columns < 90; columns++) {
		char *text = print(columns, "日本語の試験の名前はとても長いので切られるはずです日本語の試験",
		                   "é́é́é́ combining 試験");

		assert_true(widest_line(text) <= columns);
		free(text);
	}
}
