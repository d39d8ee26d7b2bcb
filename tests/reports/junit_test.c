// junit.xml: well-formed, with the attributes that the Jenkins schema wants, and counts that add up.
#include "harness.h"

#include "fixture.h"
#include "reports.h"
#include "xml.h"

#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct counts {
	size_t tests, failures, errors, skipped;
};

struct seen {
	struct counts said, suite, all, all_said; // of the suite as it says, as counted; of all
	char **names;                             // of test cases, with their class
	size_t count;
	char system_out[8192];
	const char *element;
};

static size_t number(const struct xml_element *e, const char *name)
{
	const char *text = xml_attribute(e, name);

	if (text == NULL)
		fail_msg("<%s> has no %s", e->name, name);
	return (size_t)atol(text);
}

// The pattern of the schema for times.
static void check_time(const struct xml_element *e)
{
	const char *time = xml_attribute(e, "time");
	regex_t re;

	assert_int_equal(regcomp(&re, "^[0-9]+\\.[0-9]{3}$", REG_EXTENDED | REG_NOSUB), 0);
	if (time == NULL || regexec(&re, time, 0, NULL, 0) != 0)
		fail_msg("<%s time=\"%s\">", e->name, time != NULL ? time : "");
	regfree(&re);
}

static void take_name(struct seen *s, const struct xml_element *e)
{
	char *name;

	if (xml_attribute(e, "name") == NULL || xml_attribute(e, "classname") == NULL)
		fail_msg("a test case without name or class");
	if (asprintf(&name, "%s %s", xml_attribute(e, "classname"), xml_attribute(e, "name")) < 0)
		fail();
	s->names = reallocarray(s->names, s->count + 1, sizeof *s->names);
	s->names[s->count++] = name;
}

static void on_open(void *arg, const struct xml_element *e)
{
	struct seen *s = arg;

	s->element = "";
	if (strcmp(e->name, "testsuites") == 0) {
		s->all_said = (struct counts){ number(e, "tests"), number(e, "failures"), number(e, "errors"), 0 };
		check_time(e);
	} else if (strcmp(e->name, "testsuite") == 0) {
		s->said = (struct counts){ number(e, "tests"), number(e, "failures"), number(e, "errors"),
			                   number(e, "skipped") };
		s->suite = (struct counts){ 0 };
		check_time(e);
	} else if (strcmp(e->name, "testcase") == 0) {
		s->suite.tests++;
		take_name(s, e);
		check_time(e);
	} else if (strcmp(e->name, "failure") == 0 || strcmp(e->name, "error") == 0) {
		*(e->name[0] == 'f' ? &s->suite.failures : &s->suite.errors) += 1;
		assert_non_null(xml_attribute(e, "message"));
		assert_non_null(xml_attribute(e, "type"));
	} else if (strcmp(e->name, "skipped") == 0) {
		s->suite.skipped++;
	} else if (strcmp(e->name, "system-out") == 0) {
		s->element = "system-out";
	} else {
		fail_msg("the schema has no <%s>", e->name);
	}
}

static void on_text(void *arg, const char *text)
{
	struct seen *s = arg;

	if (strcmp(s->element, "system-out") == 0)
		snprintf(s->system_out, sizeof s->system_out, "%s", text);
}

static void on_close(void *arg, const char *name)
{
	struct seen *s = arg;

	s->element = "";
	if (strcmp(name, "testsuite") != 0)
		return;
	assert_memory_equal(&s->said, &s->suite, sizeof s->said);
	s->all.tests += s->suite.tests;
	s->all.failures += s->suite.failures;
	s->all.errors += s->suite.errors;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

// Reads the run's junit.xml and checks all that holds for any.
static void check(const struct run *r, struct seen *s)
{
	const struct xml_hooks hooks = { on_open, on_text, on_close, s };
	char path[300], *text;
	const char *problem;
	struct err e = { 0 };

	*s = (struct seen){ .element = "" };
	snprintf(path, sizeof path, "%s/junit.xml", harness_tmpdir());
	assert_int_equal(report_junit(r, path, &e), 0);
	text = fixture_read(path);
	problem = xml_parse(text, false, &hooks);
	if (problem != NULL)
		fail_msg("%s", problem);
	assert_memory_equal(&s->all, &s->all_said, sizeof s->all);
	if (s->count > 0)
		qsort(s->names, s->count, sizeof *s->names, by_text);
	for (size_t i = 1; i < s->count; i++)
		if (strcmp(s->names[i - 1], s->names[i]) == 0)
			fail_msg("twice: %s", s->names[i]);
	for (size_t i = 0; i < s->count; i++)
		free(s->names[i]);
	free(s->names);
	free(text);
}

CASE("junit: failures, errors and skipped tests are counted, cases with them")
{
	struct run r;
	struct seen s;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	check(&r, &s);
	assert_int_equal(s.all.tests, 91 + 2);
	assert_int_equal(s.all.failures, 1 + 1); // a test and a case in it
	assert_int_equal(s.all.errors, 4);
	run_deinit(&r);
}

CASE("junit: the end of the output is in it, with what XML does not allow escaped")
{
	struct fixture *f = fixture_new(harness_tmpdir(), "output", 1);
	struct result one = fixture_result("gc/a", VERDICT_PASSED);
	struct run r;
	struct seen s;

	one.tail = strdup("first\n<b>]]></b> & \x01\x0b\xff\n");
	fixture_end(f, &one);
	fixture_stop(f, "finished");
	fixture_load(f, &r);
	check(&r, &s);
	assert_string_equal(s.system_out, "first\n<b>]]></b> & \\x01\\x0b\\xff");
	run_deinit(&r);
}

CASE("junit: names stay unique and the file well-formed, whatever tests are called")
{
	struct run r;
	struct seen s;

	fixture_hostile(harness_tmpdir(), "hostile", &r);
	check(&r, &s);
	assert_int_equal(s.all.tests, 5 * 3);
	run_deinit(&r);
}

CASE("junit: an empty run is a file without test cases, 2000 tests stay under 30 MB")
{
	struct run r;
	struct seen s;
	char path[300], *text;

	fixture_many(harness_tmpdir(), "none", 0, &r);
	check(&r, &s);
	assert_int_equal(s.all.tests, 0);
	run_deinit(&r);
	fixture_many(harness_tmpdir(), "many", 2000, &r);
	check(&r, &s);
	assert_int_equal(s.all.tests, 2000);
	snprintf(path, sizeof path, "%s/junit.xml", harness_tmpdir());
	text = fixture_read(path);
	assert_true(strlen(text) < 30000000);
	free(text);
	run_deinit(&r);
}

CASE("junit: a failure in quarantine is skipped, its bad cases too, and the reason is said")
{
	struct fixture *f = fixture_new(harness_tmpdir(), "known", 1);
	struct result one = fixture_result("gc/a", VERDICT_CRASHED);
	char path[300], *text;
	struct run r;
	struct seen s;

	one.as_expected = true;
	one.quarantine = strdup("until 2030-01-01: bug 123");
	one.cases = calloc(2, sizeof *one.cases);
	one.cases[0] = (struct result_case){ strdup("good"), strdup(""), VERDICT_PASSED, 1 };
	one.cases[1] = (struct result_case){ strdup("bad"), strdup("no"), VERDICT_FAILED, 1 };
	one.case_count = 2;
	fixture_end(f, &one);
	fixture_stop(f, "finished");
	fixture_load(f, &r);
	check(&r, &s);
	assert_int_equal(s.all.tests, 3);
	assert_int_equal(s.all.failures + s.all.errors, 0);
	snprintf(path, sizeof path, "%s/junit.xml", harness_tmpdir());
	text = fixture_read(path);
	assert_non_null(strstr(text, "<skipped message=\"in quarantine until 2030-01-01: bug 123; crashed: "));
	assert_non_null(strstr(text, "<skipped message=\"no\"/>"));
	free(text);
	run_deinit(&r);
}
