// The summary on a terminal.
#include "harness.h"

#include "fixture.h"
#include "reports.h"
#include "text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Calls `each` for every line, without its newline.
static void for_lines(const char *text, void (*each)(const char *line, void *arg), void *arg)
{
	char *copy = strdup(text);

	for (char *save, *line = strtok_r(copy, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
		each(line, arg);
	free(copy);
}

static void check_width(const char *line, void *arg)
{
	const unsigned *columns = arg;
	// Names, backtraces, output and commands stay whole, so that they can be copied.
	bool copied = strstr(line, "/") != NULL || strstr(line, "again: ") != NULL ||
	              strncmp(line, "skipped: ", 9) == 0 || strncmp(line, "      ", 6) == 0;

	if (!copied && text_width(line) > *columns)
		fail_msg("%zu columns of %u: %s", text_width(line), *columns, line);
	if (strlen(line) > 0 && line[strlen(line) - 1] == ' ')
		fail_msg("blanks at the end: \"%s\"", line);
}

static const char *last_line(const char *text)
{
	const char *end = text + strlen(text) - 1;

	while (end > text && end[-1] != '\n')
		end--;
	return end;
}

CASE("terminal: the default job looks as it did when it was last looked at")
{
	struct run r;
	char *text, *golden;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	text = fixture_terminal(&r, 100, 0);
	golden = fixture_read(SG_TEST_DATA "/data/terminal_job.txt");
	if (strcmp(text, golden) != 0) {
		char path[300];
		FILE *f;

		snprintf(path, sizeof path, "%s/terminal_job.txt", harness_tmpdir());
		f = fopen(path, "w");
		assert_non_null(f);
		fputs(text, f);
		fclose(f);
		fail_msg("differs from tests/reports/data/terminal_job.txt; it is now in %s", path);
	}
	free(text);
	free(golden);
	run_deinit(&r);
}

CASE("terminal: no line of the tables is wider than the terminal")
{
	struct run r;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	for (unsigned columns = 48; columns <= 200; columns += 4) {
		char *text = fixture_terminal(&r, columns, 0);

		for_lines(text, check_width, &columns);
		free(text);
	}
	run_deinit(&r);
}

CASE("terminal: the counts stand alone on the last line")
{
	struct run r;
	char *text;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	text = fixture_terminal(&r, 0, 0);
	assert_string_equal(last_line(text), "85 passed, 5 failed, 1 skipped\n");
	free(text);
	run_deinit(&r);
	fixture_job(harness_tmpdir(), "fine", 0, &r);
	text = fixture_terminal(&r, 0, 0);
	assert_string_equal(last_line(text), "83 passed, 0 failed, 0 skipped\n");
	free(text);
	run_deinit(&r);
}

CASE("terminal: verdict, test, time, p50, p99 and peak memory are in the table")
{
	struct run r;
	char *text;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	text = fixture_terminal(&r, 100, 0);
	assert_non_null(strstr(text, "✗ slab-exhausted  deep-40000       lua@slab-fixed  40.0 ms"));
	for (const char *const *title =
	             (const char *const[]){ "target", "time", "p50", "p99", "peak memory", NULL };
	     *title != NULL; title++)
		assert_non_null(strstr(text, *title));
	free(text);
	run_deinit(&r);
}

CASE("terminal: a runtime that serves has its collector's pauses beside its latencies, and the page too")
{
	struct fixture *f = fixture_new(harness_tmpdir(), "serves", 3);
	struct result r = fixture_result("http2-serve/garbage.node", VERDICT_PASSED);
	struct err e = { 0 };
	struct run run;
	char path[300], *text, *page;

	fixture_latencies(&r, "total", 900000, 0.01, 100, 1);
	r.gc_count = 464;
	r.gc_total_ns = 429000000;
	r.gc_max_ns = 10900000;
	fixture_end(f, &r);
	r = fixture_result("http2-serve/garbage.silent", VERDICT_PASSED); // tells nothing of its collector
	fixture_latencies(&r, "total", 900000, 0.01, 100, 1);
	fixture_end(f, &r);
	r = fixture_result("gc/cycles.node", VERDICT_PASSED);
	r.gc_count = 7;
	r.gc_max_ns = 123000000;
	fixture_end(f, &r);
	fixture_load(f, &run);
	text = fixture_terminal(&run, 100, 0);
	assert_non_null(strstr(text, "     GC  longest GC"));
	assert_non_null(strstr(text, "429 ms     10.9 ms"));
	assert_null(strstr(text, "123 ms")); // a program that nobody waits for has its own table
	free(text);
	text = fixture_terminal(&run, 60, 0);
	assert_non_null(strstr(text, "longest GC")); // stays where there is little room
	free(text);
	snprintf(path, sizeof path, "%s/report.html", harness_tmpdir());
	assert_int_equal(report_html(&run, path, &e), 0);
	page = fixture_read(path);
	assert_non_null(strstr(page, ">Runtimes that serve<"));
	assert_non_null(strstr(page, ">Longest pause<"));
	assert_non_null(strstr(page, "<data value=\"10900000\">10.9 ms</data>"));
	assert_non_null(strstr(page, "<data value=\"429000000\">429 ms</data>"));
	free(page);
	run_deinit(&run);
}

CASE("terminal: escape sequences are there with colour, and only then")
{
	struct run r;
	char *plain, *coloured, *out;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	plain = fixture_terminal(&r, 100, 0);
	coloured = fixture_terminal(&r, 100, 1);
	assert_null(strchr(plain, '\033'));
	assert_non_null(strstr(coloured, "\033[1;31m✗ crashed\033[0m"));
	out = coloured; // without its sequences it is the plain one: colour says nothing alone
	for (const char *in = coloured; *in != '\0';)
		if (*in == '\033')
			in = strchr(in, 'm') + 1;
		else
			*out++ = *in++;
	*out = '\0';
	assert_string_equal(coloured, plain);
	free(plain);
	free(coloured);
	run_deinit(&r);
}

CASE("terminal: each failure ends with the command that runs it again")
{
	struct run r;
	char *text;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	text = fixture_terminal(&r, 100, 0);
	for (size_t i = 0; i < r.count; i++) {
		char *line;

		if (asprintf(&line, "    again: stressgen run suite --only %s\n", r.results[i].id) < 0)
			fail();
		assert_int_equal(strstr(text, line) != NULL, !r.results[i].as_expected);
		free(line);
	}
	free(text);
	run_deinit(&r);
}

CASE("terminal: nothing that a test printed reaches the terminal as a control character")
{
	struct run r;

	fixture_hostile(harness_tmpdir(), "hostile", &r);
	for (unsigned columns = 0; columns <= 300; columns += 60) {
		char *text = fixture_terminal(&r, columns, 0);

		for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
			if ((*c < 0x20 && *c != '\n') || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
				fail_msg("a control character at \"%.40s\"", c);
		assert_null(strstr(text, "\xe2\x80\xae"));
		free(text);
	}
	run_deinit(&r);
}

CASE("terminal: an empty run and one of 2000 tests can be shown")
{
	struct run r;
	char *text;

	fixture_many(harness_tmpdir(), "many", 2000, &r);
	text = fixture_terminal(&r, 100, 0);
	assert_string_equal(last_line(text), "1950 passed, 50 failed, 0 skipped\n");
	assert_non_null(strstr(text, "the last 30 in short"));
	free(text);
	run_deinit(&r);
	fixture_many(harness_tmpdir(), "none", 0, &r);
	text = fixture_terminal(&r, 100, 0);
	assert_non_null(strstr(text, "\n\nNo test ended.\n0 passed, 0 failed, 0 skipped\n"));
	free(text);
	run_deinit(&r);
}
