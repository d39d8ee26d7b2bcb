// OpenMetrics text: https://openmetrics.io, version 1.0. One family after another, each with its type and unit.
#include "formats.h"

#include "buf.h"
#include "text.h"
#include "view.h"

#include <errno.h>
#include <math.h>
#include <string.h>

// One value of a family.
struct sample {
	const char *suffix; // behind the family's name; ""
	const struct view_test *test;
	const char *extra[2][2]; // further labels, name and value; NULL: none
	double value;
};

struct family {
	const char *name, *type, *unit, *help; // unit "": none
	void (*add)(const struct family *f, struct view *v, struct buf *b);
};

// Backslash, quote and newline are all that a label's value must escape.
static void add_label(struct buf *b, const char *name, const char *value, bool first)
{
	buf_addf(b, "%s%s=\"", first ? "" : ",", name);
	for (; *value != '\0'; value++)
		if (*value == '\\' || *value == '"')
			buf_addf(b, "\\%c", *value);
		else if (*value == '\n')
			buf_adds(b, "\\n");
		else
			buf_addc(b, *value);
	buf_addc(b, '"');
}

static void add_sample(const struct family *f, struct buf *b, const struct sample *s)
{
	buf_addf(b, "%s%s{", f->name, s->suffix);
	add_label(b, "test", s->test->id, true);
	for (size_t i = 0; i < 2 && s->extra[i][0] != NULL; i++)
		add_label(b, s->extra[i][0], s->extra[i][1], false);
	if (isfinite(s->value))
		buf_addf(b, "} %.17g\n", s->value);
	else
		buf_addf(b, "} %s\n", isnan(s->value) ? "NaN" : s->value > 0 ? "+Inf" : "-Inf");
}

static double seconds(double ns)
{
	return ns / 1e9;
}

static double bytes_of(const struct result_pool *p, uint64_t units)
{
	return (double)units * (double)(p->unit_bytes > 0 ? p->unit_bytes : 1);
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

// Whether a series or gauge of that name comes later: then that one counts.
static bool series_again(const struct result *r, size_t k)
{
	for (size_t i = k + 1; i < r->series_count; i++)
		if (same_text(r->series[i].name, r->series[k].name))
			return true;
	return false;
}

static bool gauge_again(const struct result *r, size_t k)
{
	for (size_t i = k + 1; i < r->gauge_count; i++)
		if (same_text(r->gauges[i].name, r->gauges[k].name) &&
		    same_text(r->gauges[i].unit, r->gauges[k].unit))
			return true;
	return false;
}

// ---- the families -------------------------------------------------------------------------------------------

static void add_verdicts(const struct family *f, struct view *v, struct buf *b)
{
	for (size_t i = 0; i < v->count; i++) {
		const struct result *r = v->tests[i].r;

		add_sample(
		        f, b,
		        &(struct sample){
		                "", &v->tests[i], { { "verdict", verdict_name(r->verdict) } }, r->as_expected });
	}
}

static void add_wall(const struct family *f, struct view *v, struct buf *b)
{
	for (size_t i = 0; i < v->count; i++)
		add_sample(f, b,
		           &(struct sample){ .suffix = "",
		                             .test = &v->tests[i],
		                             .value = seconds((double)v->tests[i].r->wall_ns) });
}

static void add_cpu(const struct family *f, struct view *v, struct buf *b)
{
	for (size_t i = 0; i < v->count; i++) {
		const struct result *r = v->tests[i].r;

		add_sample(
		        f, b,
		        &(struct sample){ "", &v->tests[i], { { "mode", "user" } }, seconds((double)r->user_ns) });
		add_sample(f, b,
		           &(struct sample){
		                   "", &v->tests[i], { { "mode", "system" } }, seconds((double)r->sys_ns) });
	}
}

static void add_memory(const struct family *f, struct view *v, struct buf *b)
{
	for (size_t i = 0; i < v->count; i++)
		add_sample(f, b,
		           &(struct sample){ .suffix = "",
		                             .test = &v->tests[i],
		                             .value = (double)v->tests[i].r->peak_rss_bytes });
}

// One summary: quantiles, count and sum.
static void add_series(const struct family *f, struct view *v, struct buf *b, const struct view_test *t,
                       const struct result_series *s)
{
	static const struct {
		const char *label;
		double percentile;
	} quantiles[] = { { "0.5", 50 }, { "0.9", 90 }, { "0.99", 99 }, { "0.999", 99.9 } };
	struct sample one = { "", t, { { "series", text_line(&v->arena, s->name) } }, 0 };

	one.extra[1][0] = "quantile";
	for (size_t q = 0; q < sizeof quantiles / sizeof quantiles[0]; q++) {
		double ns = (double)hist_percentile(s->hist, quantiles[q].percentile);

		one.extra[1][1] = quantiles[q].label;
		one.value = s->hist->total == 0 ? (double)NAN : seconds(ns);
		add_sample(f, b, &one);
	}
	one.extra[1][0] = NULL;
	one.suffix = "_count";
	one.value = (double)s->hist->total;
	add_sample(f, b, &one);
	one.suffix = "_sum";
	one.value = seconds(s->hist->sum);
	add_sample(f, b, &one);
}

static void add_latency(const struct family *f, struct view *v, struct buf *b)
{
	for (size_t i = 0; i < v->count; i++)
		for (size_t k = 0; k < v->tests[i].r->series_count; k++)
			if (!series_again(v->tests[i].r, k))
				add_series(f, v, b, &v->tests[i], &v->tests[i].r->series[k]);
}

// "pool/4711", with "#2" behind it when it is the second pool of that name and process: no two samples may have
// the same labels.
static const char *process_of(struct arena *a, const struct result *r, size_t k)
{
	const struct result_pool *p = &r->pools[k];
	size_t before = 0;

	for (size_t i = 0; i < k; i++)
		before += r->pools[i].pid == p->pid && same_text(r->pools[i].name, p->name) &&
		          same_text(r->pools[i].role, p->role);
	if (before > 0)
		return text_make(a, "%s/%llu#%zu", text_line(a, p->role), (unsigned long long)p->pid, before + 1);
	return text_make(a, "%s/%llu", text_line(a, p->role), (unsigned long long)p->pid);
}

// One sample for each pool; `figure` says which of its figures.
static void add_pools(const struct family *f, struct view *v, struct buf *b,
                      double (*figure)(const struct result_pool *p))
{
	for (size_t i = 0; i < v->count; i++)
		for (size_t k = 0; k < v->tests[i].r->pool_count; k++) {
			const struct result_pool *p = &v->tests[i].r->pools[k];
			const char *process = process_of(&v->arena, v->tests[i].r, k);

			if (isnan(figure(p)))
				continue;
			add_sample(f, b,
			           &(struct sample){
			                   "",
			                   &v->tests[i],
			                   { { "pool", text_line(&v->arena, p->name) }, { "process", process } },
			                   figure(p) });
		}
}

static double capacity_of(const struct result_pool *p)
{
	return bytes_of(p, p->capacity);
}

static double high_water_of(const struct result_pool *p)
{
	return bytes_of(p, p->high_water);
}

static double exhausted_of(const struct result_pool *p)
{
	return (double)p->exhausted;
}

static void add_capacity(const struct family *f, struct view *v, struct buf *b)
{
	add_pools(f, v, b, capacity_of);
}

static void add_high_water(const struct family *f, struct view *v, struct buf *b)
{
	add_pools(f, v, b, high_water_of);
}

static double headroom_of(const struct result_pool *p)
{
	return result_pool_headroom(p) / 100;
}

static void add_headroom(const struct family *f, struct view *v, struct buf *b)
{
	add_pools(f, v, b, headroom_of);
}

static void add_exhausted(const struct family *f, struct view *v, struct buf *b)
{
	add_pools(f, v, b, exhausted_of);
}

static void add_gauges(const struct family *f, struct view *v, struct buf *b)
{
	for (size_t i = 0; i < v->count; i++)
		for (size_t k = 0; k < v->tests[i].r->gauge_count; k++) {
			const struct result_gauge *g = &v->tests[i].r->gauges[k];

			if (gauge_again(v->tests[i].r, k))
				continue;
			add_sample(f, b,
			           &(struct sample){ "",
			                             &v->tests[i],
			                             { { "name", text_line(&v->arena, g->name) },
			                               { "gauge_unit", text_line(&v->arena, g->unit) } },
			                             g->value });
		}
}

static const struct family families[] = {
	{ "stressgen_test_as_expected", "gauge", "", "1 if the test ended as expected, with its verdict.",
	  add_verdicts },
	{ "stressgen_test_wall_seconds", "gauge", "seconds", "Time that the test took.", add_wall },
	{ "stressgen_test_cpu_seconds", "gauge", "seconds", "Processor time of the test and its children.",
	  add_cpu },
	{ "stressgen_test_peak_rss_bytes", "gauge", "bytes", "Peak resident memory of the test's processes.",
	  add_memory },
	{ "stressgen_latency_seconds", "summary", "seconds", "What the test measured.", add_latency },
	{ "stressgen_pool_capacity_bytes", "gauge", "bytes", "Capacity of a slab, arena or heap; 0: not fixed.",
	  add_capacity },
	{ "stressgen_pool_high_water_bytes", "gauge", "bytes", "The most that was in use of it.", add_high_water },
	{ "stressgen_pool_headroom_ratio", "gauge", "ratio",
	  "How much of it was free at its fullest; only where its capacity is fixed.", add_headroom },
	{ "stressgen_pool_exhausted", "gauge", "", "How often a request to it could not be met.", add_exhausted },
	{ "stressgen_test_value", "gauge", "", "What the test said of itself.", add_gauges },
};

int report_prom(const struct run *r, const char *path, struct err *e)
{
	struct buf b = { 0 };
	struct view v;
	int rc = view_init(&v, r);

	for (size_t i = 0; rc == 0 && i < sizeof families / sizeof families[0]; i++) {
		const struct family *f = &families[i];

		buf_addf(&b, "# TYPE %s %s\n", f->name, f->type);
		if (f->unit[0] != '\0')
			buf_addf(&b, "# UNIT %s %s\n", f->name, f->unit);
		buf_addf(&b, "# HELP %s %s\n", f->name, f->help);
		f->add(f, &v, &b);
	}
	buf_adds(&b, "# EOF\n");
	rc = report_finish(&b, rc, path, e);
	view_deinit(&v);
	return rc;
}
