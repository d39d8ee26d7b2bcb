// The order in which tests may start, without starting any.
#include "schedule.h"

#include "harness.h"

#include <stdlib.h>
#include <string.h>

struct line {
	struct suite suite;
	struct plan plan;
	struct schedule schedule;
};

// A suite of tests named a, b, c, ... in a plan of the same order.
static void begin(struct line *l, size_t count)
{
	memset(l, 0, sizeof *l);
	l->plan.order = calloc(count, sizeof *l->plan.order);
	for (size_t i = 0; i < count; i++) {
		struct suite_test *t = suite_add(&l->suite);
		char id[2] = { (char)('a' + i), 0 };

		t->id = strdup(id);
		l->plan.order[l->plan.count++] = i;
	}
}

static void ready(struct line *l)
{
	assert_int_equal(schedule_init(&l->schedule, &l->suite, &l->plan, 4), 0);
}

static void end(struct line *l)
{
	schedule_deinit(&l->schedule);
	free(l->plan.order);
	suite_deinit(&l->suite);
}

// Starts whatever can start, at most `workers` at a time; their letters.
static const char *start(struct line *l, size_t workers)
{
	static char text[32];
	size_t n = 0;

	while (l->schedule.running_count < workers) {
		size_t at = schedule_next(&l->schedule);
		if (at == SCHEDULE_NONE)
			break;
		schedule_start(&l->schedule, at);
		text[n++] = (char)('a' + at);
	}
	text[n] = '\0';
	return text;
}

CASE("schedule: the order is the plan's")
{
	struct line l;

	begin(&l, 4);
	ready(&l);
	assert_string_equal(start(&l, 2), "ab");
	schedule_settle(&l.schedule, 1);
	assert_string_equal(start(&l, 2), "c");
	assert_false(schedule_is_over(&l.schedule));
	schedule_settle(&l.schedule, 0);
	schedule_settle(&l.schedule, 2);
	assert_string_equal(start(&l, 2), "d");
	schedule_settle(&l.schedule, 3);
	assert_true(schedule_is_over(&l.schedule));
	end(&l);
}

CASE("schedule: a resource is never used twice, and what does not need it goes first")
{
	struct line l;

	begin(&l, 4);
	strings_add(&l.suite.tests[0].meta.resources, "port", 4);
	strings_add(&l.suite.tests[1].meta.resources, "port", 4);
	strings_add(&l.suite.tests[2].meta.resources, "disk", 4);
	ready(&l);
	assert_string_equal(start(&l, 4), "acd");
	schedule_settle(&l.schedule, 2);
	assert_string_equal(start(&l, 4), "");
	schedule_settle(&l.schedule, 0);
	assert_string_equal(start(&l, 4), "b");
	end(&l);
}

CASE("schedule: a serial test has nothing beside it and is not overtaken")
{
	struct line l;

	begin(&l, 4);
	l.suite.tests[1].meta.serial = true;
	ready(&l);
	assert_string_equal(start(&l, 4), "a");
	schedule_settle(&l.schedule, 0);
	assert_string_equal(start(&l, 4), "b");
	schedule_settle(&l.schedule, 1);
	assert_string_equal(start(&l, 4), "cd");
	end(&l);
}

CASE("schedule: a test waits for what it depends on")
{
	struct line l;

	begin(&l, 3);
	strings_add(&l.suite.tests[1].meta.depends_on, "a", 1);
	ready(&l);
	assert_string_equal(start(&l, 4), "ac");
	schedule_settle(&l.schedule, 0);
	assert_string_equal(start(&l, 4), "b");
	end(&l);
}

CASE("schedule: what is tried again comes first, and alone last")
{
	struct line l;

	begin(&l, 4);
	ready(&l);
	assert_string_equal(start(&l, 2), "ab");
	schedule_again(&l.schedule, 0, true);
	schedule_again(&l.schedule, 1, false);
	assert_string_equal(start(&l, 2), "bc");
	schedule_settle(&l.schedule, 2);
	assert_string_equal(start(&l, 2), "d");
	schedule_settle(&l.schedule, 3);
	assert_string_equal(start(&l, 2), ""); // b still runs
	schedule_settle(&l.schedule, 1);
	assert_string_equal(start(&l, 2), "a");
	end(&l);
}
