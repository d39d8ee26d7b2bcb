// stressgen report RUN --format X -o FILE.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *a_run(void)
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "suite/one.sh", "#!/bin/sh\necho '@@ gauge speed 5 req/s'\n", true);
	o = E2E(dir, "run", "suite", "-q", "-o", "run");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	return dir;
}

static void assert_no_leftovers(const char *dir)
{
	DIR *d = opendir(dir);

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		if (strstr(e->d_name, ".tmp-") != NULL)
			fail_msg("%s was left behind", e->d_name);
	closedir(d);
}

static void assert_file(const char *dir, const char *name, const char *part)
{
	struct buf text = { 0 };
	struct err e = { 0 };
	char path[400];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (io_read_file(path, 1U << 20, &text, &e) < 0)
		fail_msg("%s", e.text);
	assert_contains(buf_text(&text), part);
	buf_deinit(&text);
}

CASE("e2e: each format is written where -o says, or printed")
{
	static const char *const formats[][2] = {
		{ "json", "\"stressgen-report\"" }, { "junit", "<testsuites" },   { "openmetrics", "# EOF" },
		{ "gbench", "\"benchmarks\"" },     { "bmf", "gauge/speed" },     { "hgrm", "" },
		{ "tap", "TAP version 14" },        { "ctrf", "CTRF" },           { "csv", "gauge/speed" },
		{ "md", "### stressgen" },          { "html", "<!doctype html" },
	};
	const char *dir = a_run();

	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		struct outcome o = E2E(dir, "report", "run", "--format", formats[i][0], "-o", "out");

		if (o.exit_code != 0)
			fail_msg("%s: %s", formats[i][0], buf_text(&o.err));
		assert_file(dir, "out", formats[i][1]);
		outcome_deinit(&o);
		o = E2E(dir, "report", "run", "--format", formats[i][0]);
		assert_int_equal(o.exit_code, 0);
		assert_contains(buf_text(&o.out), formats[i][1]);
		outcome_deinit(&o);
	}
	assert_no_leftovers(dir);
}

CASE("e2e: github-action-benchmark has a file for each direction, and stdout cannot take two")
{
	const char *dir = a_run();
	struct outcome o = E2E(dir, "report", "run", "--format", "github-action-benchmark", "-o", "bench.json");

	assert_int_equal(o.exit_code, 0);
	assert_file(dir, "bench.smaller.json", "one.sh time");
	assert_file(dir, "bench.bigger.json", "one.sh gauge/speed");
	outcome_deinit(&o);
	o = E2E(dir, "report", "run", "--format", "github-action-benchmark");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "several files");
	outcome_deinit(&o);
	o = E2E(dir, "run", "suite", "-o", "second", "--format", "github-action-benchmark");
	assert_int_equal(o.exit_code, 2); // before anything is run
	outcome_deinit(&o);
	assert_no_leftovers(dir);
}

CASE("e2e: a report that cannot be written is said before the run is even looked at, and the old one stays")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "report", "nowhere", "--format", "json", "-o", "no/such/place");

	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "no/such/place: cannot be written");
	outcome_deinit(&o);
	o = E2E(dir, "report", "nowhere", "--format", "json", "-o", ".");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "cannot be written: Is a directory");
	outcome_deinit(&o);
	e2e_write(dir, "old.json", "the old one", false);
	o = E2E(dir, "report", "nowhere", "--format", "json", "-o", "old.json");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "there is no run here");
	outcome_deinit(&o);
	assert_file(dir, "old.json", "the old one");
	assert_no_leftovers(dir);
}
