// The history at its full size: 1000 nights of 200 tests with 200 metrics, 40 million values: history_bench
// [--quick]. Prints what it takes on disk and what recording and asking cost; then how many alarms the gate raises
// on steady metrics of different scatter, and how many of the steps it finds. Everything is drawn from a seed.
#include "clock.h"
#include "history.h"
#include "io.h"
#include "rng.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHOLE_METRICS 7U // that every result has: time, cpu, ...

struct size {
	unsigned nights, tests, metrics;
};

static double normal(struct rng *rng)
{
	double sum = 0;

	for (unsigned i = 0; i < 12; i++)
		sum += (double)(rng_next(rng) >> 11) / 9007199254740992.0;
	return sum - 6;
}

// ---- nights -------------------------------------------------------------------------------------------------

static void must(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "history_bench: %s\n", what);
		exit(1);
	}
}

// What metrics look like: times with all their digits, percentiles with three, sizes in pages, and counts, of
// which most are the same every night.
static double draw(struct rng *rng, unsigned metric, double noise)
{
	double base = 1e5 * (1 + metric * metric);
	double value = base * exp(noise * normal(rng));

	switch (metric % 5) {
	case 0:
	case 1:
		return floor(value);
	case 2: {
		uint64_t unit = UINT64_C(1) << (unsigned)fmax(0, floor(log2(value)) - 10);
		return (double)((uint64_t)value / unit * unit + unit - 1);
	}
	case 3:
		return floor(value / 4096) * 4096;
	default:
		return metric % 2 == 0 ? metric * 1000.0 : floor(metric * 1000.0 + (double)rng_below(rng, 20));
	}
}

static const char *unit_of(unsigned metric)
{
	return metric % 5 < 3 ? "ns" : metric % 5 == 3 ? "bytes" : "count";
}

static struct run make_run(const struct size *s, const char *dir)
{
	struct run r = { .dir = strdup(dir), .info = json_object(), .count = s->tests };

	r.results = calloc(s->tests, sizeof *r.results);
	must(r.results != NULL, "out of memory");
	for (unsigned t = 0; t < s->tests; t++) {
		struct result *one = &r.results[t];

		must(asprintf(&one->id, "gc/test-%u.lua@slab-fixed", t) > 0, "out of memory");
		one->as_expected = true;
		one->gauge_count = s->metrics - WHOLE_METRICS;
		one->gauges = calloc(one->gauge_count, sizeof *one->gauges);
		must(one->gauges != NULL, "out of memory");
		for (unsigned m = 0; m < one->gauge_count; m++) {
			must(asprintf(&one->gauges[m].name, "metric-%u", m) > 0, "out of memory");
			one->gauges[m].unit = strdup(unit_of(m));
		}
	}
	return r;
}

static void next_night(struct run *r, struct rng *rng, unsigned night)
{
	char path[300], line[200];
	struct err e = { 0 };
	int len = snprintf(line, sizeof line,
	                   "{\"type\":\"header\",\"run\":\"%u\",\"wall\":\"%04u-%02u-%02uT02:10:00Z\"}\n", night,
	                   2020 + night / 336, 1 + night % 336 / 28, 1 + night % 28);

	snprintf(path, sizeof path, "%s/journal.jsonl", r->dir);
	must(io_replace_file(path, line, (size_t)len, &e) == 0, e.text);
	r->journal.records = night + 1;
	for (size_t t = 0; t < r->count; t++) {
		struct result *one = &r->results[t];

		one->wall_ns = (uint64_t)draw(rng, 100, 0.02);
		one->user_ns = (uint64_t)draw(rng, 90, 0.02);
		one->peak_rss_bytes = (uint64_t)draw(rng, 93, 0.01);
		for (unsigned m = 0; m < one->gauge_count; m++)
			one->gauges[m].value = draw(rng, m, 0.005 * (1 + m % 7));
	}
}

static double ms_since(uint64_t begin)
{
	return (double)(clock_now_ns() - begin) / 1e6;
}

static double fill(struct history *h, const struct size *s, const char *dir)
{
	struct run r = make_run(s, dir);
	struct err e = { 0 };
	struct rng rng;
	double ms = 0;

	rng_init(&rng, 42);
	for (unsigned night = 0; night < s->nights; night++) {
		enum history_added how;
		int64_t id;
		uint64_t begin;

		next_night(&r, &rng, night);
		begin = clock_now_ns();
		must(history_add(h, &(struct history_new){ &r, NULL, "", NULL }, &id, &how, &e) == 0, e.text);
		ms += ms_since(begin);
	}
	run_deinit(&r);
	return ms / s->nights;
}

// ---- asking -------------------------------------------------------------------------------------------------

static FILE *nowhere;

static double ask_series(struct history *h, const struct history_query *q)
{
	struct term_style style = { .columns = 100 };
	struct err e = { 0 };
	uint64_t begin = clock_now_ns();

	must(history_print_series(h, q, &style, nowhere, &e) == 0, e.text);
	return ms_since(begin);
}

static double ask_trend(struct history *h, const struct history_query *q)
{
	struct term_style style = { .columns = 100 };
	struct err e = { 0 };
	uint64_t begin = clock_now_ns();

	must(history_print_trend(h, q, &style, nowhere, &e) >= 0, e.text);
	return ms_since(begin);
}

static void put(const char *what, double value, const char *unit, double goal)
{
	printf("%-52s %10.2f %-6s", what, value, unit);
	if (goal > 0)
		printf("  goal %g%s", goal, value <= goal ? "" : "  MISSED");
	putchar('\n');
}

static void measure(const struct size *s, bool quick)
{
	const char *temp = getenv("TMPDIR");
	char dir[200], db[300], wal[320];
	struct history *h;
	struct err e = { 0 };
	struct stat st;
	double values = (double)s->nights * s->tests * s->metrics, add_ms;

	snprintf(dir, sizeof dir, "%s/history-bench-XXXXXX", temp != NULL ? temp : "/tmp");
	must(mkdtemp(dir) != NULL, "no temporary directory");
	snprintf(db, sizeof db, "%s/stressgen.db", dir);
	snprintf(wal, sizeof wal, "%s-wal", db);
	must(history_open(db, HISTORY_WRITE, 1000, &h, &e) == 0, e.text);
	add_ms = fill(h, s, dir);
	history_close(h);
	must(stat(db, &st) == 0 && access(wal, F_OK) < 0, "the database was not closed");
	printf("%u nights of %u tests with %u metrics: %.1f million values\n", s->nights, s->tests, s->metrics,
	       values / 1e6);
	put("on disk", (double)st.st_size / 1e6, "MB", quick ? 0 : 250);
	put("a value", (double)st.st_size / values, "bytes", 0);
	put("history add, a night", add_ms, "ms", quick ? 0 : 1000);
	must(history_open(db, HISTORY_READ, 1000, &h, &e) == 0, e.text);
	put("history show, one metric of one test, every night",
	    ask_series(h, &(struct history_query){ .test = "gc/test-3.*", .metric = "time" }), "ms",
	    quick ? 0 : 100);
	put("history show, one metric of every test, 90 nights",
	    ask_series(h, &(struct history_query){ .metric = "time", .newest = 90 }), "ms", quick ? 0 : 1000);
	put("history trend, every metric of every test, 90 nights",
	    ask_trend(h, &(struct history_query){ .newest = 90 }) / 1000, "s", quick ? 0 : 15);
	history_close(h);
	io_remove_tree(dir);
}

// ---- the gate -----------------------------------------------------------------------------------------------

#define YEAR 365U

struct outcome {
	double alarms, creeps; // a metric and year
	double found;          // of steps of 5 %, within 7 nights, in parts of one
	double early;          // of steps of 10 % on the sixth night, within 28 nights, likewise
};

static bool finds_step(const struct drift *d, size_t at)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->changes[i].kind == DRIFT_STEP && d->changes[i].found >= at && d->changes[i].found < at + 7)
			return true;
	return false;
}

static struct outcome simulate(double sigma, unsigned years, struct rng *rng)
{
	struct drift_night nights[YEAR] = { 0 };
	struct outcome o = { 0 };

	for (unsigned y = 0; y < years; y++) {
		struct drift d = { 0 }, stepped = { 0 }, early = { 0 };

		for (size_t i = 0; i < YEAR; i++)
			nights[i].figure = sigma * normal(rng);
		must(drift_judge(nights, YEAR, 0, &d) == 0, "out of memory");
		for (size_t i = 0; i < d.count; i++)
			*(d.changes[i].kind == DRIFT_STEP ? &o.alarms : &o.creeps) += 1.0 / years;
		for (size_t i = 5; i < 28; i++)
			nights[i].figure += 0.1;
		must(drift_judge(nights, 28, 0, &early) == 0, "out of memory");
		o.early += (early.count > 0) / (double)years;
		for (size_t i = 5; i < 28; i++)
			nights[i].figure -= 0.1;
		for (size_t i = 100; i < YEAR; i++)
			nights[i].figure += 0.05;
		must(drift_judge(nights, YEAR, 0, &stepped) == 0, "out of memory");
		o.found += finds_step(&stepped, 100) / (double)years;
		drift_deinit(&d);
		drift_deinit(&stepped);
		drift_deinit(&early);
	}
	return o;
}

int main(int argc, char **argv)
{
	static const double sigmas[] = { 0.0025, 0.005, 0.01, 0.015, 0.02, 0.05 };
	const bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
	const struct size size = quick ? (struct size){ 12, 4, 50 } : (struct size){ 1000, 200, 200 };
	struct rng rng;

	nowhere = fopen("/dev/null", "w");
	must(nowhere != NULL, "/dev/null");
	measure(&size, quick);
	fclose(nowhere);
	rng_init(&rng, 7);
	puts("\nscatter of a night   false alarms   creep advice   a step of 5 % is found   of 10 % on the\n"
	     "                     a metric and year             within 7 nights          sixth night, in 28");
	for (size_t i = 0; i < sizeof sigmas / sizeof sigmas[0]; i++) {
		struct outcome o = simulate(sigmas[i], quick ? 20 : 2000, &rng);

		printf("%12.2f %%   %14.3f %14.3f %14.0f %% %22.0f %%\n", 100 * sigmas[i], o.alarms, o.creeps,
		       100 * o.found, 100 * o.early);
	}
	return 0;
}
