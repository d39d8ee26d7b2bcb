// A history made by hand, for its page.
#include "made_history.h"

#include "fixture.h"
#include "harness.h"
#include "histories.h"

#include <stdio.h>

// What the machine does is in both; a third of the nights is half a percent slower, which medians do not see.
uint64_t made_history_ns(unsigned night, bool anchor)
{
	const uint64_t machine = 100000000 + 1000000 * (night * 7 % 11);

	if (anchor)
		return machine;
	return (night >= MADE_STEP_AT ? machine / 10 * 12 : machine) + (night % 3 == 1 ? machine / 200 : 0);
}

// gc/steps grows by a fifth, gc/steady does not, and each fifth night gc/steady crashes.
static void load_night(unsigned night, bool anchor, struct run *r)
{
	struct result steps = fixture_result("gc/steps.lua", VERDICT_PASSED);
	struct result steady =
	        fixture_result("gc/steady.lua", night % 5 == 4 && !anchor ? VERDICT_CRASHED : VERDICT_PASSED);
	char name[32], wall[32];
	struct fixture *f;

	snprintf(name, sizeof name, "%s%u", anchor ? "anchor" : "head", night);
	snprintf(wall, sizeof wall, "2026-01-%02uT02:10:00Z", 1 + night);
	f = fixture_new_at(harness_tmpdir(), name, 2, wall);
	steps.wall_ns = made_history_ns(night, anchor);
	fixture_end(f, &steps);
	fixture_end(f, &steady);
	fixture_stop(f, "finished");
	fixture_load(f, r);
}

static void add_night(struct history *h, unsigned night)
{
	struct run head, anchor;

	load_night(night, false, &head);
	load_night(night, true, &anchor);
	history_added_as(h, &(struct history_new){ &head, &anchor, "main", "abc<b>" }, HISTORY_ADDED);
	run_deinit(&head);
	run_deinit(&anchor);
}

struct history *made_history(unsigned nights)
{
	struct history *h = history_opened(HISTORY_WRITE);

	for (unsigned i = 0; i < nights; i++)
		add_night(h, i);
	return h;
}

const char *made_history_path(void)
{
	static char path[300];

	snprintf(path, sizeof path, "%s/report.html", harness_tmpdir());
	return path;
}

char *made_history_page(struct history *h, ssize_t regressed, struct seen *s)
{
	struct err e = { 0 };

	assert_int_equal(report_html_history(h, &(struct history_query){ 0 }, made_history_path(), &e), regressed);
	return page_check(made_history_path(), s);
}
