// The history database: what is put in comes out, whoever else writes, dies, or has damaged the file.
#include "harness.h"

#include "fixture.h"
#include "history.h"
#include "io.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *db_path(void)
{
	static char path[300];

	snprintf(path, sizeof path, "%s/stressgen.db", harness_tmpdir());
	return path;
}

static struct history *open_history(enum history_mode mode)
{
	struct history *h;
	struct err e = { 0 };

	if (history_open(db_path(), mode, 30000, &h, &e) < 0)
		fail_msg("%s", e.text);
	return h;
}

// A run of that night with two tests, whose times are `ms`.
static void make_run(const char *name, unsigned night, uint64_t ms, struct run *r)
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

static int64_t add(struct history *h, const struct history_new *n, enum history_added expected)
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
static void add_nights(struct history *h, unsigned count, unsigned from, uint64_t ms, uint64_t later_ms,
                       bool anchors)
{
	for (unsigned i = 0; i < count; i++) {
		struct run run, anchor;
		char name[32];

		snprintf(name, sizeof name, "run%u", i);
		make_run(name, i, i >= from ? later_ms : ms, &run);
		snprintf(name, sizeof name, "anchor%u", i);
		make_run(name, i, 100, &anchor);
		add(h, &(struct history_new){ &run, anchors ? &anchor : NULL, "", NULL }, HISTORY_ADDED);
		run_deinit(&run);
		run_deinit(&anchor);
	}
}

static size_t count_entries(struct history *h)
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

// ---- what is put in -----------------------------------------------------------------------------------------

struct wanted {
	const char *test, *metric;
	double head, anchor;
	size_t place, seen;
};

static int look(void *arg, const struct history_test *t)
{
	struct wanted *w = arg;

	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->name, w->test) == 0 && strcmp(t->series[i].name, w->metric) == 0) {
			w->head = t->series[i].head[w->place];
			w->anchor = t->series[i].anchor[w->place];
			w->seen++;
		}
	return 0;
}

static struct wanted find(struct history *h, size_t place, const char *test, const char *metric)
{
	struct wanted w = { .test = test, .metric = metric, .place = place };
	struct history_query q = { .all_labels = true, .all_machines = true };
	struct history_entry *entries;
	struct arena a = { 0 };
	struct err e = { 0 };
	ssize_t n = history_entries(h, &a, &q, &entries, &e);

	if (n < 0 || history_each(h, &q, entries, (size_t)n, look, &w, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(w.seen, 1);
	arena_deinit(&a);
	return w;
}

CASE("history: every metric of a run comes back as it was, with its anchor's")
{
	struct history *h = open_history(HISTORY_WRITE);
	struct arena a = { 0 };
	struct metric *metrics;
	struct run run, anchor;
	ssize_t count;

	make_run("head", 3, 40, &run);
	make_run("anchor", 3, 80, &anchor);
	add(h, &(struct history_new){ &run, &anchor, "", "abc123" }, HISTORY_ADDED);
	history_close(h);
	h = open_history(HISTORY_READ);
	for (size_t i = 0; i < run.count; i++) {
		count = metrics_of(&a, &run.results[i], &metrics);
		assert_true(count > 5);
		for (ssize_t m = 0; m < count; m++)
			assert_true(find(h, 0, run.results[i].id, metrics[m].name).head == metrics[m].value);
	}
	assert_true(find(h, 0, "gc/a.lua", "time").head == 40e6);
	assert_true(find(h, 0, "gc/a.lua", "time").anchor == 80e6);
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
	struct history *h = open_history(HISTORY_WRITE);
	struct history_new n = { .label = "" };
	struct run run, anchor;
	int64_t id;

	make_run("run", 0, 40, &run);
	make_run("anchor", 0, 50, &anchor);
	n.head = &run;
	id = add(h, &n, HISTORY_ADDED);
	assert_int_equal(add(h, &n, HISTORY_SAME), id);
	n.anchor = &anchor;
	assert_int_equal(add(h, &n, HISTORY_CHANGED), id);
	assert_int_equal(add(h, &n, HISTORY_SAME), id);
	n.anchor = NULL; // what is known of it stays
	assert_int_equal(add(h, &n, HISTORY_SAME), id);
	assert_true(find(h, 0, "gc/a.lua", "time").anchor == 50e6);
	n.label = "branch";
	assert_int_equal(add(h, &n, HISTORY_CHANGED), id);
	run.journal.good_bytes += 100; // as after --resume
	run.results[0].wall_ns = 77000000;
	assert_int_equal(add(h, &n, HISTORY_CHANGED), id);
	assert_true(find(h, 0, "gc/a.lua", "time").head == 77e6);
	assert_true(find(h, 0, "gc/a.lua", "time").anchor == 50e6);
	assert_int_equal(count_entries(h), 1);
	history_close(h);
	run_deinit(&run);
	run_deinit(&anchor);
}

CASE("history: invocations of one test are one series of medians, and failures have no figures")
{
	static const uint64_t ms[] = { 30, 10, 20 };
	struct history *h = open_history(HISTORY_WRITE);
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
	add(h, &(struct history_new){ &run, NULL, "", NULL }, HISTORY_ADDED);
	assert_true(find(h, 0, "gc/x", "time").head == 20e6);
	{
		struct wanted w = { .test = "gc/bad", .metric = "time" };
		struct history_query q = { 0 };
		struct history_entry *entries;
		struct arena a = { 0 };

		assert_int_equal(history_entries(h, &a, &q, &entries, NULL), 1);
		assert_int_equal(entries[0].tests, 4);
		assert_int_equal(entries[0].unexpected, 1);
		assert_int_equal(history_each(h, &q, entries, 1, look, &w, NULL), 0);
		assert_int_equal(w.seen, 0);
		arena_deinit(&a);
	}
	history_close(h);
	run_deinit(&run);
}

CASE("history: a run without results, and one that is its own anchor, are refused")
{
	struct history *h = open_history(HISTORY_WRITE);
	struct run run;
	struct err e = { 0 }, other = { 0 };
	enum history_added how;
	int64_t id;

	fixture_many(harness_tmpdir(), "none", 0, &run);
	assert_int_equal(history_add(h, &(struct history_new){ &run, NULL, "", NULL }, &id, &how, &e), -ENODATA);
	assert_non_null(strstr(e.text, "no test of this run has ended"));
	run_deinit(&run);
	make_run("self", 1, 10, &run);
	assert_int_equal(history_add(h, &(struct history_new){ &run, &run, "", NULL }, &id, &how, &other),
	                 -EINVAL);
	assert_int_equal(count_entries(h), 0);
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
	struct history *h = open_history(HISTORY_WRITE);
	struct samples s = { 0 };
	struct err e = { 0 };
	struct run run, anchor;
	struct sample_metric *m;

	make_run("head", 0, 40, &run);
	make_run("anchor", 0, 50, &anchor);
	add(h, &(struct history_new){ &run, &anchor, "", NULL }, HISTORY_ADDED);
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
	struct history *h = open_history(HISTORY_WRITE);
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
	add(h, &(struct history_new){ &run, NULL, "", NULL }, HISTORY_ADDED);
	assert_true(find(h, 0, "gc/x", "time").anchor == 13e6); // of 12 and 14
	assert_true(find(h, 0, "gc/x", "time").head == 23e6);
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
	struct history *h = open_history(HISTORY_WRITE);
	char *text;

	add_nights(h, 20, 17, 100, 110, true);
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
	h = open_history(HISTORY_WRITE);
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
	h = open_history(HISTORY_READ);
	assert_int_equal(trend(h, &text), 0);
	assert_non_null(strstr(text, "0 regressed"));
	free(text);
	history_close(h);
}

CASE("history: times without an anchor are advice only, and said to be")
{
	struct history *h = open_history(HISTORY_WRITE);
	char *text;

	add_nights(h, 20, 17, 100, 110, false);
	assert_int_equal(trend(h, &text), 0);
	assert_non_null(strstr(text, "look at"));
	assert_non_null(strstr(text, "no anchor"));
	assert_non_null(strstr(text, "--anchor"));
	free(text);
	history_close(h);
}

CASE("history: notes stand in the list, and an entry that is not there has none")
{
	struct history *h = open_history(HISTORY_WRITE);
	struct history_query q = { 0 };
	struct history_entry *entries;
	struct arena a = { 0 };
	struct err e = { 0 };

	add_nights(h, 2, 9, 10, 10, false);
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
	struct history *h = open_history(HISTORY_WRITE);
	struct err e = { 0 };

	add_nights(h, 10, 99, 10, 10, false);
	assert_int_equal(history_prune(h, &(struct history_prune){ .keep = SIZE_MAX, .before = "2026-01-04" }, &e),
	                 3);
	assert_int_equal(count_entries(h), 7);
	assert_int_equal(history_prune(h, &(struct history_prune){ .keep = 4 }, &e), 3);
	assert_int_equal(count_entries(h), 4);
	assert_int_equal(history_prune(h, &(struct history_prune){ .keep = 4 }, &e), 0);
	assert_int_equal(history_prune(h, &(struct history_prune){ .keep = 0, .label = "other" }, &e), 0);
	assert_true(find(h, 3, "gc/a.lua", "time").head == 10e6);
	assert_int_equal(history_prune(h, &(struct history_prune){ .keep = 0 }, &e), 4);
	assert_int_equal(count_entries(h), 0);
	add_nights(h, 1, 99, 10, 10, false); // and it can be begun again
	history_close(h);
}

CASE("history: hostile ids, names and paths are text everywhere, and come out in CSV and JSON")
{
	struct history *h = open_history(HISTORY_WRITE);
	struct term_style style = { .columns = 100 };
	struct err e = { 0 };
	struct run run;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fixture_hostile(harness_tmpdir(), "hostile", &run);
	add(h, &(struct history_new){ &run, NULL, "l'abel\033[1m", "'; DROP TABLE entry; --" }, HISTORY_ADDED);
	assert_int_equal(history_print_list(h, &(struct history_query){ .all_labels = true }, &style, out, &e), 0);
	assert_int_equal(history_print_series(h, &(struct history_query){ 0 }, &style, out, &e), 0);
	assert_int_equal(history_export(h, &(struct history_query){ 0 }, true, out, &e), 0);
	assert_int_equal(history_export(h, &(struct history_query){ 0 }, false, out, &e), 0);
	fclose(out);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\n' && text[i] != '\r')
			fail_msg("byte %d at \"%.40s\"", text[i], text + i);
	assert_int_equal(count_entries(h), 1);
	free(text);
	history_close(h);
	run_deinit(&run);
}

// ---- bad databases ------------------------------------------------------------------------------------------

static void refuse(const char *path, enum history_mode mode, const char *words)
{
	struct history *h;
	struct err e = { 0 };

	assert_true(history_open(path, mode, 0, &h, &e) < 0);
	assert_null(h);
	if (strstr(e.text, words) == NULL || strchr(e.text, '\n') != NULL)
		fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

static void write_file(const char *text, size_t len)
{
	struct err e = { 0 };

	assert_int_equal(io_replace_file(db_path(), text, len, &e), 0);
}

static void run_sql(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(db_path(), &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

CASE("history: what is no history is refused with a reason, and not changed")
{
	char dir[300];

	refuse(db_path(), HISTORY_READ, "there is no history here");
	write_file("", 0);
	refuse(db_path(), HISTORY_READ, "an empty file");
	write_file("this is a text file, and long enough to have been one all along, or so one would think....",
	           90);
	refuse(db_path(), HISTORY_READ, "no SQLite database");
	refuse(db_path(), HISTORY_WRITE, "no SQLite database");
	unlink(db_path());
	run_sql("CREATE TABLE shopping(list)");
	refuse(db_path(), HISTORY_WRITE, "no history of stressgen");
	snprintf(dir, sizeof dir, "%s/nowhere/x.db", harness_tmpdir());
	refuse(dir, HISTORY_WRITE, "cannot be opened");
	refuse(harness_tmpdir(), HISTORY_WRITE, "cannot be opened");
}

CASE("history: one made by a newer stressgen is refused, and left as it is")
{
	history_close(open_history(HISTORY_WRITE));
	run_sql("PRAGMA user_version = 99");
	refuse(db_path(), HISTORY_WRITE, "made by a newer stressgen (schema 99");
	refuse(db_path(), HISTORY_READ, "made by a newer stressgen");
}

CASE("history: one that another process holds is said to be locked")
{
	struct history *h = open_history(HISTORY_WRITE), *second;
	struct err e = { 0 };
	struct run run;
	enum history_added how;
	int64_t id;
	sqlite3 *db;

	make_run("run", 0, 10, &run);
	assert_int_equal(sqlite3_open(db_path(), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(history_open(db_path(), HISTORY_WRITE, 0, &second, &e), 0);
	assert_int_equal(history_add(second, &(struct history_new){ &run, NULL, "", NULL }, &id, &how, &e),
	                 -EBUSY);
	assert_non_null(strstr(e.text, "another process has had it locked"));
	assert_int_equal(count_entries(second), 0); // reading goes on
	sqlite3_close(db);
	add(second, &(struct history_new){ &run, NULL, "", NULL }, HISTORY_ADDED);
	history_close(second);
	history_close(h);
	run_deinit(&run);
}

// Whether reading all of it goes well or says why; crashes are what is looked for.
static void read_all(void)
{
	struct history *h;
	struct history_query q = { .all_labels = true, .all_machines = true };
	struct err e = { 0 };
	FILE *out = fopen("/dev/null", "w");

	if (history_open(db_path(), HISTORY_READ, 0, &h, &e) == 0) {
		if (history_export(h, &q, false, out, &e) < 0)
			assert_true(e.text[0] != '\0');
		history_close(h);
	} else {
		assert_true(e.text[0] != '\0');
	}
	fclose(out);
}

CASE("history: a damaged file is told as damaged, wherever it was hit")
{
	struct history *h = open_history(HISTORY_WRITE);
	struct buf whole = { 0 };
	struct err e = { 0 };
	size_t told = 0;

	add_nights(h, 3, 99, 10, 10, false);
	history_close(h);
	assert_int_equal(io_read_file(db_path(), 1U << 24, &whole, &e), 0);
	for (size_t at = 0; at + 512 <= whole.len; at += 1024) {
		char *bytes = malloc(whole.len);

		assert_non_null(bytes);
		memcpy(bytes, whole.data, whole.len);
		memset(bytes + at, 0xa5, 512);
		write_file(bytes, whole.len);
		read_all();
		free(bytes);
		told++;
	}
	for (size_t len = 0; len < whole.len; len += 4096) { // cut off
		write_file(whole.data, len);
		read_all();
	}
	assert_true(told > 20);
	buf_deinit(&whole);
}

CASE("history: values that are no rows, and shapes that are none, are told as damage")
{
	static const char *const hits[] = { "UPDATE sample SET data = x'0102'", "UPDATE sample SET shape = 77",
		                            "UPDATE shape SET metrics = x'FFFFFFFF' WHERE id = 1",
		                            "UPDATE sample SET data = NULL",
		                            "UPDATE OR IGNORE shape SET metrics = x'' WHERE id = 1" };

	for (size_t i = 0; i < sizeof hits / sizeof hits[0]; i++) {
		struct history *h = open_history(HISTORY_WRITE);
		struct history_query q = { 0 };
		struct err e = { 0 };
		FILE *out = fopen("/dev/null", "w");

		add_nights(h, 1, 99, 10, 10, false);
		history_close(h);
		if (strstr(hits[i], "NULL") == NULL)
			run_sql(hits[i]);
		else
			run_sql("UPDATE sample SET data = zeroblob(0)");
		h = open_history(HISTORY_READ);
		assert_int_equal(history_export(h, &q, false, out, &e), -EINVAL);
		assert_non_null(strstr(e.text, "damaged"));
		history_close(h);
		fclose(out);
		unlink(db_path());
	}
}

CASE("history: a database of schema 1 is brought to this one with all that is in it")
{
	struct buf sql = { 0 };
	struct history *h;
	struct err e = { 0 };

	assert_int_equal(io_read_file(SG_TEST_DATA "/data/history_v1.sql", 1U << 20, &sql, &e), 0);
	run_sql(buf_text(&sql));
	h = open_history(HISTORY_READ); // reading is enough
	assert_int_equal(count_entries(h), 2);
	assert_true(find(h, 1, "gc/a.lua", "time").head == 41e6);
	assert_int_equal(history_annotate(h, &(struct history_note){ .entry = 1, .text = "x" }, &e), 0);
	history_close(h);
	buf_deinit(&sql);
}

// ---- others beside us ---------------------------------------------------------------------------------------

static void assert_sound(void)
{
	sqlite3 *db;
	sqlite3_stmt *s;

	assert_int_equal(sqlite3_open(db_path(), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(s, 0), "ok");
	sqlite3_finalize(s);
	sqlite3_close(db);
}

#define WRITERS 4U
#define EACH 6U

// A process that records runs of its own; the number of each goes into the pipe once it is recorded.
static pid_t start_writer(unsigned writer, int fd, rlim_t most_bytes)
{
	struct run runs[EACH];
	pid_t pid;

	for (unsigned i = 0; i < EACH; i++) {
		char name[32];

		snprintf(name, sizeof name, "w%u-%u", writer, i);
		make_run(name, writer * EACH + i, 10, &runs[i]);
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct history *h;
		struct err e = { 0 };
		enum history_added how;
		int64_t id;

		if (most_bytes > 0) {
			setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
			setrlimit(RLIMIT_FSIZE, &(struct rlimit){ most_bytes, most_bytes });
			signal(SIGXFSZ, SIG_DFL);
		}
		if (history_open(db_path(), HISTORY_WRITE, 60000, &h, &e) < 0)
			_exit(3);
		for (unsigned char i = 0; i < EACH; i++)
			if (history_add(h, &(struct history_new){ &runs[i], NULL, "", NULL }, &id, &how, &e) < 0 ||
			    (fd >= 0 && write(fd, &i, 1) != 1))
				_exit(4);
		history_close(h);
		_exit(0);
	}
	for (unsigned i = 0; i < EACH; i++)
		run_deinit(&runs[i]);
	return pid;
}

static int wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

CASE("history: processes that write at once, and begin it at once, lose nothing")
{
	pid_t writers[WRITERS];
	struct history *h;

	for (unsigned i = 0; i < WRITERS; i++)
		writers[i] = start_writer(i, -1, 0);
	for (unsigned i = 0; i < WRITERS; i++)
		assert_int_equal(wait_for(writers[i]), 0);
	h = open_history(HISTORY_READ);
	assert_int_equal(count_entries(h), WRITERS * EACH);
	for (size_t i = 0; i < WRITERS * EACH; i++)
		assert_true(find(h, i, "gc/a.lua", "time").head == 10e6);
	history_close(h);
	assert_sound();
}

CASE("history: what was recorded outlives a kill -9 in the middle of the next, again and again")
{
	unsigned recorded = 0;

	for (unsigned round = 0; round < EACH; round++) {
		unsigned char told;
		int pipe_fds[2];
		struct history *h;
		pid_t pid;

		assert_int_equal(pipe(pipe_fds), 0);
		pid = start_writer(round, pipe_fds[1], 0);
		close(pipe_fds[1]);
		for (unsigned i = 0; i < round; i++)
			assert_int_equal(read(pipe_fds[0], &told, 1), 1);
		kill(pid, SIGKILL); // it may be in the next one, or between two
		wait_for(pid);
		recorded += round;
		while (read(pipe_fds[0], &told, 1) == 1)
			recorded++;
		close(pipe_fds[0]);
		h = open_history(HISTORY_WRITE);
		assert_true(count_entries(h) >= recorded); // one may be there whose word did not come through
		recorded = (unsigned)count_entries(h);
		history_close(h);
		assert_sound();
	}
}

CASE("history: killed at any length that its files have, it is whole, and goes on")
{
	struct stat st;
	struct history *h;
	size_t deaths = 0;
	rlim_t whole = 400000;

	for (rlim_t most = 1; most < whole; most += most < 60000 ? 3001 : 20011) {
		int status = wait_for(start_writer(0, -1, most));

		deaths += WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ;
		if (stat(db_path(), &st) == 0 && st.st_size > 0) {
			// Whatever was left is a history with whole entries only.
			h = open_history(HISTORY_WRITE);
			for (size_t i = count_entries(h); i > 0; i--)
				assert_true(find(h, i - 1, "gc/b.lua", "time").head == 40e6);
			history_close(h);
			assert_sound();
		}
		if (most % 2 == 0) // half of the rounds begin with what the one before has left
			unlink(db_path());
	}
	assert_true(deaths > 5);
	assert_int_equal(wait_for(start_writer(0, -1, 0)), 0);
	h = open_history(HISTORY_READ);
	assert_int_equal(count_entries(h), EACH);
	history_close(h);
}

CASE("history: it can be read where nothing can be written")
{
	struct history *h = open_history(HISTORY_WRITE);

	if (geteuid() == 0)
		harness_skip("root may write everywhere");
	add_nights(h, 2, 9, 10, 10, false);
	history_close(h);
	assert_int_equal(chmod(db_path(), 0444), 0);
	assert_int_equal(chmod(harness_tmpdir(), 0555), 0);
	h = open_history(HISTORY_READ);
	assert_int_equal(count_entries(h), 2);
	history_close(h);
	refuse(db_path(), HISTORY_WRITE, "cannot be written");
	assert_int_equal(chmod(harness_tmpdir(), 0755), 0);
}
