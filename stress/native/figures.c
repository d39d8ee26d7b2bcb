// What came of a workload, as sample lines and a line for a person.
#include "bench.h"

#include "sample.h"
#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const op_names[OP_COUNT] = { "malloc", "free", "calloc", "realloc", "memalign", "nop" };

// Below that, the process's own pages would be most of what is compared.
#define ENOUGH_LIVE_BYTES (UINT64_C(1) << 20)

void bench_gauge(struct bench *b, const char *name, double value, const char *unit)
{
	struct bench_gauge *g;

	if (b->gauge_count == BENCH_GAUGES)
		return;
	g = &b->gauges[b->gauge_count++];
	snprintf(g->name, sizeof g->name, "%s", name);
	snprintf(g->unit, sizeof g->unit, "%s", unit);
	g->value = value;
}

static void gauge(struct buf *out, const char *name, double value, const char *unit)
{
	buf_addf(out, "@@ gauge %s %.9g %s\n", name, value, unit);
}

// ---- sums over the lanes --------------------------------------------------------------------------------------

struct sums {
	uint64_t calls, units, verified, bad, denied;
	const char *first_bad;
};

static struct sums sum_up(const struct bench *b)
{
	struct sums s = { 0 };

	for (unsigned i = 0; i < b->lane_count; i++) {
		const struct lane *l = &b->lanes[i];

		for (unsigned op = 0; op < OP_COUNT; op++)
			s.calls += l->calls[op];
		s.units += l->units;
		s.verified += l->verified;
		s.bad += l->bad;
		s.denied += l->denied;
		if (s.first_bad == NULL && l->bad > 0)
			s.first_bad = l->first_bad;
	}
	return s;
}

// ---- lines ----------------------------------------------------------------------------------------------------

// False when there is no memory, or a line would be too long.
static bool add_series(const struct bench *b, enum lane_op op, struct buf *out)
{
	struct hist *all = hist_new(3);
	size_t start = out->len;
	bool ok = all != NULL;

	for (unsigned i = 0; ok && i < b->lane_count; i++)
		ok = b->lanes[i].latency[op] == NULL || hist_merge(all, b->lanes[i].latency[op]) == 0;
	if (ok && all->total > 0) {
		buf_addf(out, "@@ hist %s ", op_names[op]);
		ok = hist_encode(all, out) == 0 && out->len - start < SG_SAMPLE_LINE_MAX;
		buf_addc(out, '\n');
	}
	hist_free(all);
	return ok;
}

static bool add_all_series(const struct bench *b, struct buf *out)
{
	for (enum lane_op op = 0; op < OP_COUNT; op++)
		if ((b->workload->ops & OP_BIT(op)) != 0 && !add_series(b, op, out))
			return false;
	return true;
}

static double per_second(const struct bench *b, uint64_t count)
{
	return b->elapsed_ns > 0 ? (double)count * (double)SG_NS_PER_S / (double)b->elapsed_ns : 0;
}

static void add_speed(const struct bench *b, const struct sums *s, struct buf *out)
{
	const char *unit = b->workload->unit != NULL ? b->workload->unit : "calls";
	uint64_t count = b->workload->unit != NULL ? s->units : s->calls;
	char words[48];

	snprintf(words, sizeof words, "%s/s", unit);
	gauge(out, "throughput", per_second(b, count), words);
	gauge(out, "calls", (double)s->calls, "calls");
	gauge(out, "elapsed", (double)b->elapsed_ns / (double)SG_NS_PER_MS, "ms");
	if (count > 0) {
		snprintf(words, sizeof words, "cpu_per_%.*s", (int)(sizeof words - 10), unit);
		words[strlen(words) - 1] = '\0'; // one of them
		gauge(out, words, (double)b->cpu_ns / (double)count, "ns");
	}
}

static uint64_t above(uint64_t value, uint64_t base)
{
	return value > base ? value - base : 0;
}

static void add_memory(const struct bench *b, struct buf *out)
{
	gauge(out, "base_rss", (double)b->base_rss, "bytes");
	gauge(out, "peak_rss", (double)above(b->peak_rss, b->base_rss), "bytes");
	gauge(out, "end_rss", (double)above(b->end_rss, b->base_rss), "bytes");
	if (b->peak_live > 0) // else nobody has looked while it ran
		gauge(out, "peak_live", (double)b->peak_live, "bytes");
	if (b->peak_live >= ENOUGH_LIVE_BYTES)
		gauge(out, "peak_rss_per_live", (double)above(b->peak_rss, b->base_rss) / (double)b->peak_live,
		      "ratio");
	for (unsigned i = 0; i < b->gauge_count; i++)
		gauge(out, b->gauges[i].name, b->gauges[i].value, b->gauges[i].unit);
}

static bool add_checks(const struct sums *s, struct buf *out)
{
	if (s->bad > 0)
		buf_addf(out, "@@ check memory bad %" PRIu64 " faults; first: %s\n", s->bad, s->first_bad);
	else
		buf_addf(out, "@@ check memory ok %" PRIu64 " blocks held what was written to them\n",
		         s->verified);
	if (s->denied > 0)
		buf_addf(out, "@@ check requests bad %" PRIu64 " of %" PRIu64 " calls were denied memory\n",
		         s->denied, s->calls);
	return s->bad == 0 && s->denied == 0;
}

static void add_summary(const struct bench *b, const struct sums *s, struct buf *out)
{
	char calls[32], rate[32], rss[32], live[32];
	const uint64_t count = b->workload->unit != NULL ? s->units : s->calls;

	buf_addf(out, "%s: %s calls by %u thread%s, %s %s/s; at most %s of physical memory%s%s%s\n",
	         b->workload->name, units_count(calls, sizeof calls, s->calls), b->lane_count,
	         b->lane_count == 1 ? "" : "s", units_count(rate, sizeof rate, (uint64_t)per_second(b, count)),
	         b->workload->unit != NULL ? b->workload->unit : "calls",
	         units_bytes(rss, sizeof rss, above(b->peak_rss, b->base_rss)), b->peak_live > 0 ? " for " : "",
	         b->peak_live > 0 ? units_bytes(live, sizeof live, b->peak_live) : "",
	         b->peak_live > 0 ? " live" : "");
}

bool bench_report(const struct bench *b, struct buf *out)
{
	const struct sums s = sum_up(b);
	bool ok = add_checks(&s, out); // first: a malloc that does wrong may spoil what comes behind

	if (!add_all_series(b, out)) {
		buf_addf(out, "@@ check histograms bad out of memory, or too long for a line\n");
		ok = false;
	}
	add_speed(b, &s, out);
	add_memory(b, out);
	add_summary(b, &s, out);
	return ok;
}
