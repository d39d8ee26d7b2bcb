// The history database: what is put in comes out, and is judged.
#include "harness.h"

#include "fixture.h"
#include "histories.h"
#include "io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- what is put in -----------------------------------------------------------------------------------------

CASE("history: every metric of a run comes back as it was, with its anchor's")
{
	struct history *h = history_opened(HISTORY_WRITE);
	struct arena a = { 0 };
	struct metric *metrics;
	struct run run, anchor;
	ssize_t count;

	history_run("head", 3, 40, &run);
	history_run("anchor", 3, 80, &anchor);
	history_added_as(h, &(struct history_new){ &run, &anchor, "", "abc123" }, HISTORY_ADDED);
	history_close(h);
	h = history_opened(HISTORY_READ);
	for (size_t i = 0; i < run.count; i++) {
		count = metrics_of(&a, &run.results[i], &metrics);
		assert_true(count >= 3);
		for (ssize_t m = 0; m < count; m++)
			assert_true(history_find(h, 0, run.results[i].id, metrics[m].name).head ==
			            metrics[m].value);
	}
	assert_true(history_find(h, 0, "gc/a.lua", "time").head == 40e6);
	assert_true(history_find(h, 0, "gc/a.lua", "time").anchor == 80e6);
	assert_int_equal(history_duration_ns(h, "gc/a.lua"), 40000000);
	assert_int_equal(history_duration_ns(h, "gc/unknown"), 0);
	assert_int_equal(history_duration_ns(NULL, "gc/a.lua"), 0);
	history_close(h);
	run_deinit(&run);
	run_deinit(&anchor);
	arena_deinit(&a);
}

CASE("history: the same run twice is one entry; resumed, labelled or given its anchor it is replaced")
{
	struct history *h = history_opened(HISTORY_WRITE);
	struct history_new n = { .label = "" };
	struct run run, anchor;
	int64_t id;

	history_run("run", 0, 40, &run);
	history_run("anchor", 0, 50, &anchor);
	n.head = &run;
	id = history_added_as(h, &n, HISTORY_ADDED);
	assert_int_equal(history_added_as(h, &n, HISTORY_SAME), id);
	n.anchor = &anchor;
	assert_int_equal(history_added_as(h, &n, HISTORY_CHANGED), id);
	assert_int_equal(history_added_as(h, &n, HISTORY_SAME), id);
	n.anchor = NULL; // what is known of it stays
	assert_int_equal(history_added_as(h, &n, HISTORY_SAME), id);
	assert_true(history_find(h, 0, "gc/a.lua", "time").anchor == 50e6);
	n.label = "branch";
	assert_int_equal(history_added_as(h, &n, HISTORY_CHANGED), id);
	run.journal.good_bytes += 100; // as after --resume
	run.results[0].wall_ns = 77000000;
	assert_int_equal(history_added_as(h, &n, HISTORY_CHANGED), id);
	assert_true(history_find(h, 0, "gc/a.lua", "time").head == 77e6);
	assert_true(history_find(h, 0, "gc/a.lua", "time").anchor == 50e6);
	assert_int_equal(history_count(h), 1);
	history_close(h);
	run_deinit(&run);
	run_deinit(&anchor);
}

CASE("history: invocations of one test are one series of medians, and failures have no figures")
{
	static const uint64_t ms[] = { 30, 10, 20 };
	struct history *h = history_opened(HISTORY_WRITE);
	struct fixture *f = fixture_new(harness_tmpdir(), "many", 5);
	struct result bad = fixture_result("gc/bad", VERDICT_CRASHED),
	              skipped = fixture_result("gc/s", VERDICT_SKIPPED);
	struct run run;

	for (unsigned i = 0; i < 3; i++) {
		char id[32];
		struct result r;

		snprintf(id, sizeof id, i == 0 ? "gc/x" : "gc/x#%u", i + 1);
		r = fixture_result(id, VERDICT_PASSED);
		r.wall_ns = ms[i] * 1000000;
		fixture_end(f, &r);
	}
	fixture_end(f, &bad);
	fixture_end(f, &skipped);
	fixture_load(f, &run);
	history_added_as(h, &(struct history_new){ &run, NULL, "", NULL }, HISTORY_ADDED);
	assert_true(history_find(h, 0, "gc/x", "time").head == 20e6);
	{
		struct history_wanted w = { .test = "gc/bad", .metric = "time" };
		struct history_query q = { 0 };
		struct history_entry *entries;
		struct arena a = { 0 };

		assert_int_equal(history_entries(h, &a, &q, &entries, NULL), 1);
		assert_int_equal(entries[0].tests, 4);
		assert_int_equal(entries[0].unexpected, 1);
		assert_int_equal(history_each(h, &q, entries, 1, history_look, &w, NULL), 0);
		assert_int_equal(w.seen, 0);
		arena_deinit(&a);
	}
	history_close(h);
	run_deinit(&run);
}

CASE("history: a run without results, and one that is its own anchor, are refused")
{
	struct history *h = history_opened(HISTORY_WRITE);
	struct run run;
	struct err e = { 0 }, other = { 0 };
	enum history_added how;
	int64_t id;

	fixture_many(harness_tmpdir(), "none", 0, &run);
	assert_int_equal(history_add(h, &(struct history_new){ &run, NULL, "", NULL }, &id, &how, &e), -ENODATA);
	assert_non_null(strstr(e.text, "no test of this run has ended"));
	run_deinit(&run);
	history_run("self", 1, 10, &run);
	assert_int_equal(history_add(h, &(struct history_new){ &run, &run, "", NULL }, &id, &how, &other),
	                 -EINVAL);
	assert_int_equal(history_count(h), 0);
	run_deinit(&run);
	history_close(h);
}

static struct sample_test *sample_of(struct samples *s, const char *id)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->tests[i].id, id) == 0)
			return &s->tests[i];
	fail_msg("no test %s", id);
	return NULL;
}

static struct sample_metric *metric_of(struct sample_test *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->metrics[i].name, name) == 0)
			return &t->metrics[i];
	fail_msg("no metric %s", name);
	return NULL;
}

CASE("history: an entry and its anchor are sides of a comparison, invocation by invocation")
{
	struct history *h = history_opened(HISTORY_WRITE);
	struct samples s = { 0 };
	struct err e = { 0 };
	struct run run, anchor;
	struct sample_metric *m;

	history_run("head", 0, 40, &run);
	history_run("anchor", 0, 50, &anchor);
	history_added_as(h, &(struct history_new){ &run, &anchor, "", NULL }, HISTORY_ADDED);
	assert_int_equal(samples_init(&s), 0);
	assert_int_equal(history_samples(h, 1, true, SAMPLE_BASE, &s, &e), 0);
	assert_int_equal(history_samples(h, 1, false, SAMPLE_HEAD, &s, &e), 0);
	samples_sort(&s);
	m = metric_of(sample_of(&s, "gc/a.lua"), "time");
	assert_int_equal(m->lists[SAMPLE_BASE][SAMPLE_SCREEN].count, 1);
	assert_true(m->lists[SAMPLE_BASE][SAMPLE_SCREEN].items[0].value == 50e6);
	assert_true(m->lists[SAMPLE_HEAD][SAMPLE_SCREEN].items[0].value == 40e6);
	assert_int_equal(sample_of(&s, "gc/b.lua")->ends[SAMPLE_HEAD].count, 1);
	assert_string_equal(s.sources[SAMPLE_BASE].dir, "history:1:anchor");
	assert_int_equal(history_samples(h, 9, false, SAMPLE_HEAD, &s, &e), -ENOENT);
	assert_non_null(strstr(e.text, "there is no entry 9"));
	samples_deinit(&s);
	history_close(h);
	run_deinit(&run);
	run_deinit(&anchor);
}

CASE("history: a run of pairs has its anchor in itself")
{
	static const char *const sides[] = { "base", "head", "control" };
	struct history *h = history_opened(HISTORY_WRITE);
	struct fixture *f = fixture_new(harness_tmpdir(), "pairs", 9);
	struct run run;

	for (unsigned pair = 0; pair < 3; pair++)
		for (unsigned side = 0; side < 3; side++) {
			char id[32];
			struct result r;

			snprintf(id, sizeof id, "gc/x@%s#%u", sides[side], pair);
			r = fixture_result(id, VERDICT_PASSED);
			r.of = strdup("gc/x");
			r.side = strdup(sides[side]);
			r.phase = strdup(pair == 0 ? "warmup" : "screen");
			r.pair = pair == 0 ? 1 : pair;
			r.wall_ns = (pair == 0 ? 999 : 10 * (side + 1) + 2 * pair) * UINT64_C(1000000);
			fixture_end(f, &r);
		}
	fixture_load(f, &run);
	history_added_as(h, &(struct history_new){ &run, NULL, "", NULL }, HISTORY_ADDED);
	assert_true(history_find(h, 0, "gc/x", "time").anchor == 13e6); // of 12 and 14
	assert_true(history_find(h, 0, "gc/x", "time").head == 23e6);
	history_close(h);
	run_deinit(&run);
}

// ---- judging ------------------------------------------------------------------------------------------------

static ssize_t trend(struct history *h, char **text)
{
	struct term_style style = { .columns = 120 };
	size_t len;
	FILE *out = open_memstream(text, &len);
	struct err e = { 0 };
	ssize_t n = history_print_trend(h, &(struct history_query){ 0 }, &style, out, &e);

	fclose(out);
	if (n < 0)
		fail_msg("%s", e.text);
	return n;
}

CASE("history: the gate tells a regression with the entry it began in, until it is accepted")
{
	struct history *h = history_opened(HISTORY_WRITE);
	char *text;

	history_nights(h, 20, 17, 100, 110, true);
	assert_int_equal(trend(h, &text), 1);
	assert_non_null(strstr(text, "1 regressed"));
	assert_non_null(strstr(text, "gc/a.lua"));
	assert_non_null(strstr(text, "+10.0 %"));
	assert_non_null(strstr(text, "entry 18, 2026-01-18"));
	free(text);
	assert_int_equal(history_annotate(h,
	                                  &(struct history_note){ .entry = 18,
	                                                          .accepts = true,
	                                                          .test = "gc/other",
	                                                          .text = "of another test" },
	                                  NULL),
	                 0);
	history_close(h);
	h = history_opened(HISTORY_WRITE);
	assert_int_equal(trend(h, &text), 1);
	free(text);
	assert_int_equal(history_annotate(h,
	                                  &(struct history_note){ .entry = 18,
	                                                          .accepts = true,
	                                                          .test = "gc/*",
	                                                          .metric = "time",
	                                                          .text = "a new collector" },
	                                  NULL),
	                 0);
	history_close(h);
	h = history_opened(HISTORY_READ);
	assert_int_equal(trend(h, &text), 0);
	assert_non_null(strstr(text, "0 regressed"));
	free(text);
	history_close(h);
}

CASE("history: times without an anchor are advice only, and said to be")
{
	struct history *h = history_opened(HISTORY_WRITE);
	char *text;

	history_nights(h, 20, 17, 100, 110, false);
	assert_int_equal(trend(h, &text), 0);
	assert_non_null(strstr(text, "look at"));
	assert_non_null(strstr(text, "no anchor"));
	assert_non_null(strstr(text, "--anchor"));
	free(text);
	history_close(h);
}

CASE("history: notes stand in the list, and an entry that is not there has none")
{
	struct history *h = history_opened(HISTORY_WRITE);
	struct history_query q = { 0 };
	struct history_entry *entries;
	struct arena a = { 0 };
	struct err e = { 0 };

	history_nights(h, 2, 9, 10, 10, false);
	assert_int_equal(
	        history_annotate(h, &(struct history_note){ .entry = 2, .text = "new\nkernel\033[31m" }, &e), 0);
	assert_int_equal(history_annotate(h, &(struct history_note){ .entry = 99, .text = "x" }, &e), -ENOENT);
	assert_non_null(strstr(e.text, "no entry 99"));
	assert_int_equal(history_entries(h, &a, &q, &entries, &e), 2);
	assert_string_equal(entries[0].note, "");
	assert_null(strpbrk(entries[1].note, "\n\033"));
	assert_non_null(strstr(entries[1].note, "new kernel"));
	arena_deinit(&a);
	history_close(h);
}

CASE("history: pruning leaves the newest, by number or by date, and their values")
{
	struct history *h = history_opened(HISTORY_WRITE);
	struct err e = { 0 };

	history_nights(h, 10, 99, 10, 10, false);
	assert_int_equal(history_prune(h, &(struct history_prune){ .keep = SIZE_MAX, .before = "2026-01-04" }, &e),
	                 3);
	assert_int_equal(history_count(h), 7);
	assert_int_equal(history_prune(h, &(struct history_prune){ .keep = 4 }, &e), 3);
	assert_int_equal(history_count(h), 4);
	assert_int_equal(history_prune(h, &(struct history_prune){ .keep = 4 }, &e), 0);
	assert_int_equal(history_prune(h, &(struct history_prune){ .keep = 0, .label = "other" }, &e), 0);
	assert_true(history_find(h, 3, "gc/a.lua", "time").head == 10e6);
	assert_int_equal(history_prune(h, &(struct history_prune){ .keep = 0 }, &e), 4);
	assert_int_equal(history_count(h), 0);
	history_nights(h, 1, 99, 10, 10, false); // and it can be begun again
	history_close(h);
}

CASE("history: hostile ids, names and paths are text everywhere, and come out in CSV and JSON")
{
	struct history *h = history_opened(HISTORY_WRITE);
	struct term_style style = { .columns = 100 };
	struct err e = { 0 };
	struct run run;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fixture_hostile(harness_tmpdir(), "hostile", &run);
	history_added_as(h, &(struct history_new){ &run, NULL, "l'abel\033[1m", "'; DROP TABLE entry; --" },
	                 HISTORY_ADDED);
	assert_int_equal(history_print_list(h, &(struct history_query){ .all_labels = true }, &style, out, &e), 0);
	assert_int_equal(history_print_series(h, &(struct history_query){ 0 }, &style, out, &e), 0);
	assert_int_equal(history_export(h, &(struct history_query){ 0 }, true, out, &e), 0);
	assert_int_equal(history_export(h, &(struct history_query){ 0 }, false, out, &e), 0);
	fclose(out);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\n' && text[i] != '\r')
			fail_msg("byte %d at \"%.40s\"", text[i], text + i);
	assert_int_equal(history_count(h), 1);
	free(text);
	history_close(h);
	run_deinit(&run);
}
