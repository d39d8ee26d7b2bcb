// Sample lines and looks at the process tree.
#include "measure.h"

#include "clock.h"
#include "leak.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void measure_begin(struct measure *m, struct result *r)
{
	struct buf timeline = m->timeline;

	memset(m, 0, offsetof(struct measure, points));
	m->timeline = timeline;
	buf_clear(&m->timeline);
	m->result = r;
	m->stride = 1;
}

void measure_deinit(struct measure *m)
{
	buf_deinit(&m->timeline);
}

// ---- sample lines ----

// NULL when there is no room for another one.
static struct hist *series_of(struct measure *m, const char *name)
{
	struct result *r = m->result;

	if (m->last_name != NULL && strcmp(m->last_name, name) == 0)
		return m->last_hist;
	m->last_name = NULL;
	if (r->series_count >= MEASURE_SERIES) {
		size_t i = 0;

		while (i < r->series_count && strcmp(r->series[i].name, name) != 0)
			i++;
		m->last_hist = i < r->series_count ? r->series[i].hist : NULL;
	} else {
		m->last_hist = result_hist(r, name);
	}
	for (size_t i = 0; i < r->series_count; i++)
		if (m->last_hist != NULL && r->series[i].hist == m->last_hist)
			m->last_name = r->series[i].name;
	return m->last_hist;
}

static void on_lat(void *arg, const char *series, uint64_t ns)
{
	struct measure *m = arg;
	struct hist *h = series_of(m, series);

	if (h != NULL)
		hist_record(h, ns);
	else
		m->lost++;
}

static void on_note(void *arg, const char *name, const char *text)
{
	struct measure *m = arg;
	struct buf words = { 0 };
	char *safe;

	if (m->result->notes.count >= MEASURE_NOTES) {
		m->lost++;
		return;
	}
	buf_addf(&words, "%s: %.*s", name, MEASURE_NOTE_BYTES, text);
	safe = result_utf8(buf_text(&words), words.len);
	if (safe == NULL || strings_add(&m->result->notes, safe, strlen(safe)) < 0)
		m->lost++;
	free(safe);
	buf_deinit(&words);
}

static void on_bad(void *arg, uint64_t line, const char *reason);

static void on_hist(void *arg, const char *series, const char *base64, size_t len)
{
	struct measure *m = arg;
	struct hist *h = series_of(m, series);
	struct hist *read = NULL;
	struct err e = { "" };

	if (hist_decode(base64, len, &read, &e) < 0)
		on_bad(m, 0, e.text);
	else if (h == NULL)
		m->lost++;
	else if (hist_merge(h, read) < 0)
		on_bad(m, 0, "a histogram of other digits than those before it");
	hist_free(read);
}

static void on_gauge(void *arg, const char *name, double value, const char *unit)
{
	struct measure *m = arg;
	struct result *r = m->result;
	struct result_gauge *grown;

	for (size_t i = 0; i < r->gauge_count; i++)
		if (strcmp(r->gauges[i].name, name) == 0) {
			r->gauges[i].value = value; // the last one stands
			return;
		}
	grown = r->gauge_count < MEASURE_GAUGES ? reallocarray(r->gauges, r->gauge_count + 1, sizeof *grown)
	                                        : NULL;
	if (grown == NULL) {
		m->lost++;
		return;
	}
	r->gauges = grown;
	grown[r->gauge_count] = (struct result_gauge){ strdup(name), strdup(unit), value };
	if (grown[r->gauge_count].name == NULL || grown[r->gauge_count].unit == NULL) {
		free(grown[r->gauge_count].name);
		free(grown[r->gauge_count].unit);
		m->lost++;
		return;
	}
	r->gauge_count++;
}

static void on_gc(void *arg, uint64_t pause_ns)
{
	struct result *r = ((struct measure *)arg)->result;

	r->gc_count++;
	r->gc_total_ns += pause_ns;
	if (pause_ns > r->gc_max_ns)
		r->gc_max_ns = pause_ns;
}

// Every stride-th cycle is kept.
static void on_live(void *arg, uint64_t bytes)
{
	struct measure *m = arg;
	struct result *r = m->result;
	uint64_t cycle = r->live_cycles++, *row;

	if (m->live_stride == 0)
		m->live_stride = 1;
	if (r->live.count >= 2 * LIVE_MOST) {
		number_rows_thin(&r->live, LIVE_COLUMNS, LIVE_MOST + 1);
		m->live_stride *= 2;
	}
	if (cycle % m->live_stride != 0)
		return;
	row = number_rows_add(&r->live, LIVE_COLUMNS);
	if (row == NULL) {
		m->lost++;
		return;
	}
	row[LIVE_CYCLE] = cycle;
	row[LIVE_BYTES_COLUMN] = bytes;
}

static void note_bad_check(struct result *r, const char *name, const char *text)
{
	struct buf words = { 0 };

	r->checks_bad++;
	if (r->first_bad_check != NULL)
		return;
	buf_addf(&words, "%s%s%s", name, text[0] != '\0' ? ": " : "", text);
	r->first_bad_check = result_utf8(buf_text(&words), words.len);
	buf_deinit(&words);
}

static void on_check(void *arg, const char *name, bool ok, const char *text)
{
	struct result *r = ((struct measure *)arg)->result;

	if (ok)
		r->checks_ok++;
	else
		note_bad_check(r, name, text);
}

static void on_bad(void *arg, uint64_t line, const char *reason)
{
	char name[48] = "sample line";

	if (line > 0)
		snprintf(name, sizeof name, "sample line %" PRIu64, line);
	note_bad_check(((struct measure *)arg)->result, name, reason);
}

static void add_case(struct measure *m, const char *name, enum verdict v, uint64_t ns, const char *text)
{
	struct result *r = m->result;
	struct result_case *grown = NULL;

	if (r->case_count < MEASURE_CASES)
		grown = reallocarray(r->cases, r->case_count + 1, sizeof *grown);
	if (grown == NULL) {
		m->lost++;
		return;
	}
	r->cases = grown;
	grown[r->case_count] =
	        (struct result_case){ result_utf8(name, strlen(name)), result_utf8(text, strlen(text)), v, ns };
	r->case_count++;
}

static void on_case(void *arg, const char *name, enum sample_case what, uint64_t ns, const char *text)
{
	static const enum verdict verdicts[] = {
		[CASE_PASS] = VERDICT_PASSED, [CASE_FAIL] = VERDICT_FAILED, [CASE_SKIP] = VERDICT_SKIPPED
	};
	struct measure *m = arg;

	if (what == CASE_START) {
		snprintf(m->running_case, sizeof m->running_case, "%s", name);
		return;
	}
	m->running_case[0] = '\0';
	if (what == CASE_FAIL && m->cases_failed++ == 0)
		snprintf(m->first_failed_case, sizeof m->first_failed_case, "%s", name);
	add_case(m, name, verdicts[what], ns, text != NULL ? text : "");
}

static void on_tap(void *arg, enum sample_tap what, uint64_t n, const char *text)
{
	struct measure *m = arg;

	if (what == TAP_CASE) {
		m->tap.cases++;
		return;
	}
	m->tap.version = m->tap.version || what == TAP_VERSION;
	m->tap.bailed = m->tap.bailed || what == TAP_BAIL;
	if (what == TAP_PLAN) {
		m->tap.planned = true;
		m->tap.plan = n;
	}
	if (m->tap.why[0] == '\0')
		snprintf(m->tap.why, sizeof m->tap.why, "%s", text);
}

static void on_skip(void *arg, const char *reason)
{
	struct measure *m = arg;

	if (m->skip_why[0] == '\0') // the first reason stays
		snprintf(m->skip_why, sizeof m->skip_why, "%s", reason);
}

static void on_done(void *arg)
{
	((struct measure *)arg)->result->done_seen = true;
}

struct sample_sink measure_sink(struct measure *m)
{
	return (struct sample_sink){ .lat = on_lat,
		                     .hist = on_hist,
		                     .gauge = on_gauge,
		                     .gc = on_gc,
		                     .live = on_live,
		                     .check = on_check,
		                     .test_case = on_case,
		                     .note = on_note,
		                     .tap = on_tap,
		                     .skip = on_skip,
		                     .done = on_done,
		                     .bad = on_bad,
		                     .arg = m };
}

// ---- the process tree ----

void measure_look(struct contain *c, struct tree_sample *out)
{
	const uint64_t tick_us = 1000000U / (uint64_t)sysconf(_SC_CLK_TCK);
	const bool in_group = cgroup_holds(c->group) && !c->by_mark;
	uint64_t ticks = 0, own_us = 0;

	memset(out, 0, sizeof *out);
	contain_look(c);
	for (size_t i = 0; i < c->members.count; i++) {
		const pid_t pid = c->members.pids[i];
		struct proc_size size;
		struct proc_stat st;

		if (proc_size(pid, &size) < 0 || size.state == 'Z' || (c->by_mark && proc_is_outside(pid)))
			continue; // the last: an engine's client and its helpers, which are larger than most tests
		if (size.high_water_bytes > out->high_water_bytes)
			out->high_water_bytes = size.high_water_bytes;
		out->rss_bytes += size.rss_bytes;
		out->fds += proc_fds(pid);
		out->threads += size.threads;
		out->procs++;
		if (!in_group && proc_stat(pid, &st) == 0)
			ticks += st.cpu_ticks;
		if (in_group && !c->group->cpu_known)
			own_us += proc_cpu_us(pid);
	}
	if (in_group && !c->group->cpu_known) // the first look at a test that was taken for a short one
		cgroup_cpu_count(c->group, own_us);
	// The group knows it to the microsecond and counts the dead too.
	out->cpu_us = in_group ? cgroup_cpu_us(c->group) : ticks * tick_us;
}

static void keep_point(struct measure *m, const struct result_point *p)
{
	if (m->skipped + 1 < m->stride) {
		m->skipped++;
		return;
	}
	m->skipped = 0;
	m->points[m->point_count++] = *p;
	if (m->point_count < 2 * MEASURE_POINTS)
		return;
	m->point_count = MEASURE_POINTS;
	m->stride *= 2;
	for (unsigned i = 0; i < MEASURE_POINTS; i++)
		m->points[i] = m->points[2 * i];
}

static void raise64(uint64_t *peak, uint64_t value)
{
	*peak = value > *peak ? value : *peak;
}

static void raise_count(unsigned *peak, unsigned value)
{
	*peak = value > *peak ? value : *peak;
}

void measure_add(struct measure *m, uint64_t age_ns, const struct tree_sample *s)
{
	const uint64_t passed_ns = age_ns - m->last_at_ns;
	const uint64_t used_us = s->cpu_us > m->last_cpu_us ? s->cpu_us - m->last_cpu_us : 0;
	struct result *r = m->result;
	struct result_point p = { .at_ms = (uint32_t)(age_ns / SG_NS_PER_MS),
		                  .rss_bytes = s->rss_bytes,
		                  .fds = s->fds,
		                  .threads = s->threads,
		                  .procs = s->procs };

	if (s->procs == 0)
		return;
	if (passed_ns > 0)
		p.cpu_percent = (uint32_t)(used_us * 1000U * 100U / passed_ns);
	m->last_at_ns = age_ns;
	m->last_rss_bytes = s->rss_bytes;
	m->last_cpu_us = s->cpu_us > m->last_cpu_us ? s->cpu_us : m->last_cpu_us;
	raise64(&r->peak_rss_bytes, s->rss_bytes);
	raise64(&r->peak_rss_bytes, s->high_water_bytes);
	raise_count(&r->peak_fds, s->fds);
	raise_count(&r->peak_threads, s->threads);
	raise_count(&r->peak_procs, s->procs);
	keep_point(m, &p);
	if (!m->timeline_headed)
		buf_adds(&m->timeline, "ms\tcpu_percent\trss_bytes\tfds\tthreads\tprocs\n");
	m->timeline_headed = true;
	buf_addf(&m->timeline, "%" PRIu32 "\t%" PRIu32 "\t%" PRIu64 "\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu32 "\n",
	         p.at_ms, p.cpu_percent, p.rss_bytes, p.fds, p.threads, p.procs);
}

int measure_end(struct measure *m)
{
	const unsigned step = m->point_count > MEASURE_POINTS ? 2 : 1;
	struct result *r = m->result;

	if (m->point_count == 0)
		return 0;
	r->points = calloc(m->point_count, sizeof *r->points);
	if (r->points == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < m->point_count; i += step)
		r->points[r->point_count++] = m->points[i];
	return 0;
}
