// A run as reports show it.
#include "harness.h"

#include "fixture.h"
#include "story.h"
#include "text.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

static void load_ids(struct run *r, const char *const *ids)
{
	struct fixture *f = fixture_new(harness_tmpdir(), "run", 0);

	for (; *ids != NULL; ids++) {
		struct result one = fixture_result(*ids, VERDICT_PASSED);
		fixture_end(f, &one);
	}
	fixture_stop(f, "finished");
	fixture_load(f, r);
}

static const struct view_test *find(const struct view *v, const char *id)
{
	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->tests[i].id, id) == 0)
			return &v->tests[i];
	fail_msg("no %s", id);
	return NULL;
}

static void assert_parts(const struct view *v, const char *id, const char *kind, const char *name,
                         const char *target)
{
	const struct view_test *t = find(v, id);

	assert_string_equal(t->kind, kind);
	assert_string_equal(t->name, name);
	assert_string_equal(t->target, target);
}

CASE("view: ids are taken apart, and a dot means a target only where it can be told")
{
	struct run r;
	struct view v;

	load_ids(&r,
	         (const char *const[]){ "gc/lists-100.lua@malloc", "gc/lists-100.python3", "gc/other-5.python3",
	                                "http2/v1.1", "http2/load", "plain.sh", "/odd", "odd/", "x/.y", NULL });
	assert_int_equal(view_init(&v, &r), 0);
	assert_parts(&v, "gc/lists-100.lua@malloc", "gc", "lists-100", "lua@malloc");
	assert_parts(&v, "gc/lists-100.python3", "gc", "lists-100", "python3");
	assert_parts(&v, "gc/other-5.python3", "gc", "other-5", "python3");
	assert_parts(&v, "http2/v1.1", "http2", "v1.1", "");
	assert_parts(&v, "http2/load", "http2", "load", "");
	assert_parts(&v, "plain.sh", "other", "plain.sh", "");
	assert_parts(&v, "/odd", "other", "/odd", "");
	assert_parts(&v, "odd/", "other", "odd/", "");
	assert_parts(&v, "x/.y", "x", ".y", "");
	view_deinit(&v);
	run_deinit(&r);
}

CASE("view: a number at the end of a name is its size")
{
	struct run r;
	struct view v;

	load_ids(&r, (const char *const[]){ "recursion/sum-5000.a@b", "recursion/tree.a@b", "recursion/-5.a@b",
	                                    "recursion/x-99999999999999999999.a@b", NULL });
	assert_int_equal(view_init(&v, &r), 0);
	assert_true(find(&v, "recursion/sum-5000.a@b")->has_size);
	assert_int_equal(find(&v, "recursion/sum-5000.a@b")->size, 5000);
	assert_string_equal(find(&v, "recursion/sum-5000.a@b")->kernel, "sum");
	assert_false(find(&v, "recursion/tree.a@b")->has_size);
	assert_false(find(&v, "recursion/-5.a@b")->has_size);
	assert_false(find(&v, "recursion/x-99999999999999999999.a@b")->has_size);
	view_deinit(&v);
	run_deinit(&r);
}

CASE("view: tests stand by kind, by the numbers in their names, and by target as in the run")
{
	static const char *const order[] = { "recursion/sum-900.z@1",
		                             "recursion/sum-900.a@2",
		                             "recursion/sum-1000.z@1",
		                             "recursion/sum-1000.a@2",
		                             "gc/x.z@1",
		                             "http2/q",
		                             "alloc/p",
		                             "beta/n",
		                             "zeta/m" };
	struct run r;
	struct view v;

	load_ids(&r, (const char *const[]){ "zeta/m", "http2/q", "recursion/sum-1000.z@1",
	                                    "recursion/sum-1000.a@2", "recursion/sum-900.a@2", "alloc/p",
	                                    "gc/x.z@1", "beta/n", "recursion/sum-900.z@1", NULL });
	assert_int_equal(view_init(&v, &r), 0);
	assert_int_equal(v.count, sizeof order / sizeof order[0]);
	for (size_t i = 0; i < v.count; i++)
		assert_string_equal(v.tests[i].id, order[i]);
	assert_int_equal(v.group_count, 6);
	view_deinit(&v);
	run_deinit(&r);
}

CASE("view: a matrix has a row for each name and a gap where a pair is missing")
{
	struct run r;
	struct view v;
	const struct view_group *g;

	load_ids(&r, (const char *const[]){ "gc/a.x@1", "gc/a.x@2", "gc/b.x@2", "gc/c.x@1", "gc/c.x@2", "gc/stray",
	                                    "http2/q", NULL });
	assert_int_equal(view_init(&v, &r), 0);
	g = &v.groups[0];
	assert_int_equal(g->rows, 3);
	assert_int_equal(g->columns, 2);
	assert_string_equal(g->names[1], "b");
	assert_null(g->cells[1 * 2 + 0]);
	assert_string_equal(g->cells[1 * 2 + 1]->id, "gc/b.x@2");
	assert_string_equal(g->cells[2 * 2 + 0]->id, "gc/c.x@1");
	assert_null(v.groups[1].cells);
	view_deinit(&v);
	run_deinit(&r);
}

CASE("view: a group with more gaps than tests has no matrix")
{
	struct run r;
	struct view v;

	load_ids(&r, (const char *const[]){ "gc/a.x@1", "gc/b.x@2", "gc/c.x@3", "gc/d.x@4", NULL });
	assert_int_equal(view_init(&v, &r), 0);
	assert_null(v.groups[0].cells);
	view_deinit(&v);
	run_deinit(&r);
}

CASE("view: counts add up and the sentence says what went wrong")
{
	struct run r;
	struct view v;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	assert_int_equal(view_init(&v, &r), 0);
	assert_int_equal(v.passed + v.failed + v.skipped, r.count);
	assert_int_equal(v.failed, run_unexpected(&r));
	assert_string_equal(view_sentence(&v),
	                    "5 of 91 tests did not end as expected: 1 failed, 1 crashed, 1 timeout, "
	                    "1 slab-exhausted, 1 leaked.");
	assert_string_equal(view_remarks(&v), "1 passed only at another attempt. 1 not run: skipped or planned. "
	                                      "Cases inside 1 test: 1 passed, 1 failed, 0 skipped.");
	assert_null(view_warning(&v, 0));
	view_deinit(&v);
	run_deinit(&r);
}

CASE("view: a known failure is neither a pass nor a failure")
{
	struct run r;
	struct view v;

	load_ids(&r, (const char *const[]){ "gc/a", "gc/b", "gc/c", NULL });
	for (size_t i = 0; i < r.count; i++)
		r.results[i].as_expected = true; // as the runner says of one in quarantine, too
	r.results[1].verdict = VERDICT_CRASHED;
	r.results[1].quarantine = strdup("until 2030-01-01: bug 123");
	assert_int_equal(view_init(&v, &r), 0);
	assert_int_equal(v.passed, 2);
	assert_int_equal(v.failed, 0);
	assert_int_equal(v.skipped, 1);
	assert_string_equal(view_sentence(&v),
	                    "2 of 3 tests ended as expected, and nothing failed that is not known.");
	assert_string_equal(view_remarks(&v), "1 failed as known: in quarantine.");
	view_deinit(&v);
	run_deinit(&r);
}

CASE("view: an empty run, and one of one test, have sentences of their own")
{
	struct run r;
	struct view v;

	load_ids(&r, (const char *const[]){ NULL });
	assert_int_equal(view_init(&v, &r), 0);
	assert_string_equal(view_sentence(&v), "No test ended.");
	view_deinit(&v);
	run_deinit(&r);
	fixture_many(harness_tmpdir(), "one", 1, &r);
	r.results[0].verdict = VERDICT_TIMEOUT;
	r.results[0].as_expected = false;
	assert_int_equal(view_init(&v, &r), 0);
	assert_string_equal(view_sentence(&v), "The one test did not end as expected: timeout.");
	view_deinit(&v);
	r.results[0].verdict = VERDICT_PASSED;
	r.results[0].as_expected = true;
	assert_int_equal(view_init(&v, &r), 0);
	assert_string_equal(view_sentence(&v), "The one test ended as expected.");
	view_deinit(&v);
	run_deinit(&r);
}

static struct run broken_run(const char *name, const char *stop, const char *bytes)
{
	struct fixture *f = fixture_new(harness_tmpdir(), name, 3);
	struct result one = fixture_result("gc/a", VERDICT_PASSED);
	struct run r;

	fixture_end(f, &one);
	if (bytes != NULL)
		fixture_append_bytes(f, bytes, strlen(bytes));
	if (stop != NULL)
		fixture_stop(f, stop);
	fixture_load(f, &r);
	return r;
}

CASE("view: a test that was interrupted has neither passed nor failed")
{
	struct fixture *f = fixture_new(harness_tmpdir(), "cut", 4);
	struct result one = fixture_result("gc/a", VERDICT_PASSED),
	              two = fixture_result("gc/b", VERDICT_INTERRUPTED);
	struct run r;
	struct view v;

	two.as_expected = false;
	fixture_end(f, &one);
	fixture_end(f, &two);
	fixture_stop(f, "SIGINT");
	fixture_load(f, &r);
	assert_int_equal(run_unexpected(&r), 0);
	assert_int_equal(view_init(&v, &r), 0);
	assert_int_equal(v.passed, 1);
	assert_int_equal(v.failed, 0);
	assert_int_equal(v.skipped, 0);
	assert_int_equal(v.interrupted, 1);
	assert_string_equal(view_sentence(&v), "The one test ended as expected.");
	assert_string_equal(view_remarks(&v), "3 of 4 never ended, 1 of them interrupted.");
	view_deinit(&v);
	run_deinit(&r);
}

CASE("view: stopped, killed and damaged runs are said to be so")
{
	struct run stopped = broken_run("stopped", "SIGINT", NULL);
	struct run killed = broken_run("killed", NULL, NULL);
	struct run damaged = broken_run("damaged", "finished", "{\"crc\":\"00000000\",\"type\":\"end\"}\n");
	struct run torn = broken_run("torn", NULL, "{\"crc\":\"00");
	struct view v;

	assert_int_equal(view_init(&v, &stopped), 0);
	assert_non_null(strstr(view_warning(&v, 0), "stopped (SIGINT) after 1 of 3 tests"));
	assert_null(view_warning(&v, 1));
	assert_string_equal(view_remarks(&v), "2 of 3 never ended.");
	assert_int_equal(v.interrupted, 0);
	view_deinit(&v);
	assert_int_equal(view_init(&v, &killed), 0);
	assert_non_null(strstr(view_warning(&v, 0), "broke off after 1 of 3"));
	view_deinit(&v);
	assert_int_equal(view_init(&v, &damaged), 0);
	assert_non_null(strstr(view_warning(&v, 0), "cannot be trusted: 1 line of the journal"));
	assert_null(view_warning(&v, 1));
	view_deinit(&v);
	assert_int_equal(view_init(&v, &torn), 0);
	assert_non_null(strstr(view_warning(&v, 1), "cut off"));
	view_deinit(&v);
	run_deinit(&stopped);
	run_deinit(&killed);
	run_deinit(&damaged);
	run_deinit(&torn);
}

CASE("view: the main pool is the exhausted one, else the fullest")
{
	struct fixture *f = fixture_new(harness_tmpdir(), "pools", 1);
	struct result one = fixture_result("gc/a", VERDICT_PASSED);
	struct run r;
	struct view v;

	fixture_pool(&one, "heap", 1, 0, 1000000);
	fixture_pool(&one, "small", 16, 100, 20);
	fixture_pool(&one, "large", 16, 1000, 900);
	fixture_end(f, &one);
	one = fixture_result("gc/b", VERDICT_PASSED);
	fixture_pool(&one, "large", 16, 1000, 900);
	fixture_pool(&one, "dry", 16, 100, 10)->exhausted = 1;
	fixture_end(f, &one);
	fixture_stop(f, "finished");
	fixture_load(f, &r);
	assert_int_equal(view_init(&v, &r), 0);
	assert_string_equal(view_main_pool(find(&v, "gc/a"))->name, "large");
	assert_string_equal(view_main_pool(find(&v, "gc/b"))->name, "dry");
	assert_true(view_pool_percent(view_main_pool(find(&v, "gc/a"))) == 90);
	view_deinit(&v);
	run_deinit(&r);
}

CASE("story: what was left behind is named up to four, then counted")
{
	struct arena a = { 0 };
	struct result r = { 0 };
	char name[32];

	for (int i = 0; i < 27; i++) {
		int n = snprintf(name, sizeof name, "pid %d sleep", i);
		assert_int_equal(strings_add(&r.leftovers, name, (size_t)n), 0);
	}
	assert_string_equal(story_leftover(&a, &r, 3), "pid 3 sleep");
	assert_string_equal(story_leftover(&a, &r, 4), "and 23 more");
	assert_null(story_leftover(&a, &r, 5));
	result_deinit(&r);
	arena_deinit(&a);
}
