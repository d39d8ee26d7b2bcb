// Histories that are made up in code.
#include "histories.h"

#include "fixture.h"
#include "harness.h"

#include <stdio.h>
#include <string.h>

const char *history_path(void)
{
	static char path[300];

	snprintf(path, sizeof path, "%s/stressgen.db", harness_tmpdir());
	return path;
}

struct history *history_opened(enum history_mode mode)
{
	struct history *h;
	struct err e = { 0 };

	if (history_open(history_path(), mode, 30000, &h, &e) < 0)
		fail_msg("%s", e.text);
	return h;
}

// A run of that night with two tests, whose times are `ms`.
void history_run(const char *name, unsigned night, uint64_t ms, struct run *r)
{
	char wall[32];
	struct fixture *f;
	struct result one = fixture_result("gc/a.lua", VERDICT_PASSED);
	struct result two = fixture_result("gc/b.lua", VERDICT_PASSED);

	snprintf(wall, sizeof wall, "2026-%02u-%02uT02:10:00Z", 1 + night / 28, 1 + night % 28);
	f = fixture_new_at(harness_tmpdir(), name, 2, wall);
	one.wall_ns = ms * 1000000;
	fixture_latencies(&one, "total", 100000, 0.1, 100, 1);
	fixture_gauge(&one, "throughput", 1234.5, "req/s");
	fixture_end(f, &one);
	fixture_end(f, &two);
	fixture_stop(f, "finished");
	fixture_load(f, r);
}

int64_t history_added_as(struct history *h, const struct history_new *n, enum history_added expected)
{
	enum history_added how;
	struct err e = { 0 };
	int64_t id;

	if (history_add(h, n, &id, &how, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(how, expected);
	return id;
}

// Nights 0..count, each `ms`, those from `from` on `later_ms`; anchors at 100 ms beside them where they are
// wanted.
void history_nights(struct history *h, unsigned count, unsigned from, uint64_t ms, uint64_t later_ms, bool anchors)
{
	for (unsigned i = 0; i < count; i++) {
		struct run run, anchor;
		char name[32];

		snprintf(name, sizeof name, "run%u", i);
		history_run(name, i, i >= from ? later_ms : ms, &run);
		snprintf(name, sizeof name, "anchor%u", i);
		history_run(name, i, 100, &anchor);
		history_added_as(h, &(struct history_new){ &run, anchors ? &anchor : NULL, "", NULL },
		                 HISTORY_ADDED);
		run_deinit(&run);
		run_deinit(&anchor);
	}
}

size_t history_count(struct history *h)
{
	struct history_entry *entries;
	struct arena a = { 0 };
	struct err e = { 0 };
	ssize_t n = history_entries(h, &a, &(struct history_query){ .all_labels = true, .all_machines = true },
	                            &entries, &e);

	if (n < 0)
		fail_msg("%s", e.text);
	for (ssize_t i = 1; i < n; i++)
		assert_true(strcmp(entries[i - 1].began, entries[i].began) <= 0);
	arena_deinit(&a);
	return (size_t)n;
}

int history_look(void *arg, const struct history_test *t)
{
	struct history_wanted *w = arg;

	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->name, w->test) == 0 && strcmp(t->series[i].name, w->metric) == 0) {
			w->head = t->series[i].head[w->place];
			w->anchor = t->series[i].anchor[w->place];
			w->seen++;
		}
	return 0;
}

struct history_wanted history_find(struct history *h, size_t place, const char *test, const char *metric)
{
	struct history_wanted w = { .test = test, .metric = metric, .place = place };
	struct history_query q = { .all_labels = true, .all_machines = true };
	struct history_entry *entries;
	struct arena a = { 0 };
	struct err e = { 0 };
	ssize_t n = history_entries(h, &a, &q, &entries, &e);

	if (n < 0 || history_each(h, &q, entries, (size_t)n, history_look, &w, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(w.seen, 1);
	arena_deinit(&a);
	return w;
}
