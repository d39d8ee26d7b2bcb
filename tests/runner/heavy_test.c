// 35 heavy tests one after another, five times in a row: none of them times out, whether they are 35 files or 35
// cases of one file.
#include "lab.h"

#include "clock.h"

#include <stdio.h>
#include <sys/stat.h>

#define TESTS 35
#define RUNS 5
#define TWO_MINUTES_NS (120 * SG_NS_PER_S)

// What must hold of each of the five.
static void check(const struct lab *l)
{
	assert_int_equal(l->rc, 0);
	assert_int_equal(l->run.count, TESTS);
	assert_int_equal(l->summary.unexpected, 0);
	for (size_t i = 0; i < l->run.count; i++) {
		assert_int_equal(l->run.results[i].verdict, VERDICT_PASSED);
		assert_true(l->run.results[i].done_seen);
		assert_int_equal(l->run.results[i].leftovers.count, 0);
	}
}

static void add_files(struct lab *l)
{
	for (int i = 1; i <= TESTS; i++) {
		char name[16];

		snprintf(name, sizeof name, "t%02d.sh", i);
		lab_program(l, name, "# @Sentinel on\n# @Timeout 10s", RUNNER_HEAVY, "");
	}
}

CASE("heavy: 35 files with server, timer and event stream pass five times in a row in two minutes")
{
	const uint64_t start_ns = clock_now_ns();

	for (int i = 0; i < RUNS; i++) {
		struct lab l;

		lab_init(&l);
		add_files(&l);
		lab_run(&l);
		check(&l);
		lab_deinit(&l);
	}
	assert_true(clock_now_ns() - start_ns < TWO_MINUTES_NS);
}

CASE("heavy: they pass several at a time too")
{
	struct lab l;

	lab_init(&l);
	l.config.workers = 2;
	add_files(&l);
	lab_run(&l);
	check(&l);
	lab_deinit(&l);
}
