// A result's figures as named metrics.
#include "metrics.h"

#include "tail.h"
#include "text.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// What becomes of several values of one name.
enum fold { FOLD_LAST, FOLD_MAX, FOLD_MIN, FOLD_SUM };

struct item {
	struct metric m;
	enum fold fold;
	size_t order;
};

struct list {
	struct arena *arena;
	struct item *items; // with room for all that there will be
	size_t count, room;
};

static void add(struct list *l, const char *name, const char *unit, enum metric_better better, double value)
{
	if (l->count < l->room)
		l->items[l->count] = (struct item){ { name, unit, better, value }, FOLD_LAST, l->count };
	l->count += l->count < l->room;
}

static void add_folded(struct list *l, enum fold fold, struct metric m)
{
	add(l, m.name, m.unit, m.better, m.value);
	l->items[l->count - 1].fold = fold;
}

// ---- what there is ------------------------------------------------------------------------------------------

// What the kernel and the processor counted, where they did.
static void add_machine(struct list *l, const struct result *r)
{
	const struct metric counted[] = {
		{ "faults/minor", "count", METRIC_LOWER, (double)r->minor_faults },
		{ "faults/major", "count", METRIC_LOWER, (double)r->major_faults },
		{ "switches/waiting", "count", METRIC_LOWER, (double)r->switches_waiting },
		{ "switches/forced", "count", METRIC_LOWER, (double)r->switches_forced },
	};

	for (size_t i = 0; r->minor_faults > 0 && i < sizeof counted / sizeof counted[0]; i++)
		add(l, counted[i].name, counted[i].unit, counted[i].better, counted[i].value);
	if (r->huge_bytes > 0)
		add(l, "huge-pages", "bytes", METRIC_NEITHER, (double)r->huge_bytes);
	if (r->instructions == 0)
		return;
	add(l, "hw/instructions", "count", METRIC_LOWER, (double)r->instructions);
	add(l, "hw/cycles", "count", METRIC_LOWER, (double)r->cycles);
	add(l, "hw/cache-misses", "count", METRIC_LOWER, (double)r->cache_misses);
}

// A test that was over before anybody looked has none of these: 0 would be a figure.
static void add_looks(struct list *l, const struct result *r)
{
	if (r->peak_rss_bytes > 0)
		add(l, "memory", "bytes", METRIC_LOWER, (double)r->peak_rss_bytes);
	if (r->peak_rss_bytes > 0 && r->memory_limit > 0)
		add(l, "memory/headroom", "%", METRIC_HIGHER,
		    fmax(0, 100 - 100 * (double)r->peak_rss_bytes / (double)r->memory_limit));
	if (r->peak_procs == 0)
		return;
	add(l, "fds", "count", METRIC_LOWER, r->peak_fds);
	add(l, "threads", "count", METRIC_LOWER, r->peak_threads);
	add(l, "procs", "count", METRIC_LOWER, r->peak_procs);
}

static void add_whole(struct list *l, const struct result *r)
{
	add(l, "time", "ns", METRIC_LOWER, (double)r->wall_ns);
	add(l, "cpu", "ns", METRIC_LOWER, (double)(r->user_ns + r->sys_ns));
	add_looks(l, r);
	add(l, "output", "bytes", METRIC_NEITHER, (double)(r->stdout_bytes + r->stderr_bytes));
	add_machine(l, r);
	if (r->gc_count == 0)
		return;
	add(l, "gc/count", "count", METRIC_LOWER, (double)r->gc_count);
	add(l, "gc/total", "ns", METRIC_LOWER, (double)r->gc_total_ns);
	add(l, "gc/max", "ns", METRIC_LOWER, (double)r->gc_max_ns);
}

static const struct {
	const char *name;
	double percentile;
} points[] = { { "p50", 50 }, { "p90", 90 }, { "p99", 99 }, { "p99.9", 99.9 }, { "max", 100 } };
#define POINTS (sizeof points / sizeof points[0])

static void add_series(struct list *l, const struct result_series *s)
{
	const char *name = text_line(l->arena, s->name);

	if (s->hist == NULL || s->hist->total == 0)
		return;
	add(l, text_make(l->arena, "latency/%s/mean", name), "ns", METRIC_LOWER, hist_mean(s->hist));
	for (size_t i = 0; i < POINTS; i++)
		add(l, text_make(l->arena, "latency/%s/%s", name, points[i].name), "ns", METRIC_LOWER,
		    (double)hist_percentile(s->hist, points[i].percentile));
	if (s->hist->total >= TAIL_LEAST_VALUES)
		add(l, text_make(l->arena, "latency/%s/tail", name), "x median", METRIC_LOWER,
		    tail_weight(s->hist));
}

// What is a time or a size had better be small, what is so much a second had better be large.
static enum metric_better better_by_unit(const char *unit)
{
	static const char *const small[] = { "ns", "us",  "µs",  "ms",  "s",     "bytes",
		                             "B",  "KiB", "MiB", "GiB", "pages", "faults" };
	size_t len = strlen(unit);

	if ((len > 2 && strcmp(unit + len - 2, "/s") == 0) || (len > 6 && strcmp(unit + len - 6, "_per_s") == 0))
		return METRIC_HIGHER;
	for (size_t i = 0; i < sizeof small / sizeof small[0]; i++)
		if (strcmp(unit, small[i]) == 0)
			return METRIC_LOWER;
	return METRIC_NEITHER;
}

static void add_gauge(struct list *l, const struct result_gauge *g)
{
	const char *unit = text_line(l->arena, g->unit);

	add(l, text_make(l->arena, "gauge/%s", text_line(l->arena, g->name)), unit, better_by_unit(unit),
	    g->value);
}

static void add_pool(struct list *l, const struct result_pool *p)
{
	const char *name = text_line(l->arena, p->name);
	double unit = p->unit_bytes > 0 ? (double)p->unit_bytes : 1;

	add_folded(l, FOLD_MAX,
	           (struct metric){ text_make(l->arena, "slab/%s/high-water", name), "bytes", METRIC_LOWER,
	                            (double)p->high_water * unit });
	add_folded(l, FOLD_SUM,
	           (struct metric){ text_make(l->arena, "slab/%s/exhausted", name), "count", METRIC_LOWER,
	                            (double)p->exhausted });
	if (p->capacity > 0)
		add_folded(l, FOLD_MAX,
		           (struct metric){ text_make(l->arena, "slab/%s/occupancy", name), "%", METRIC_NEITHER,
		                            100 * (double)p->used / (double)p->capacity });
	if (p->capacity > 0)
		add_folded(l, FOLD_MIN,
		           (struct metric){ text_make(l->arena, "slab/%s/headroom", name), "%", METRIC_HIGHER,
		                            result_pool_headroom(p) });
}

static void add_counters(struct list *l, const struct result_counters *c)
{
	const char *role = text_line(l->arena, c->role);

	for (size_t i = 0; i < c->count; i++)
		add_folded(l, FOLD_SUM,
		           (struct metric){ text_make(l->arena, "counter/%s/%s", role,
		                                      text_line(l->arena, c->items[i].name)),
		                            "count", METRIC_NEITHER, strtod(c->items[i].value, NULL) });
}

static size_t heap_latencies(const struct result_counters *c)
{
	return c->heap != NULL ? c->heap->latency_count : 0;
}

static double counter_of(const struct result_counters *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->items[i].name, name) == 0)
			return strtod(c->items[i].value, NULL);
	return 0;
}

// What the calls that were timed took, of several processes the slowest; below p99 it is the clock that is seen.
static void add_heap(struct list *l, const struct result_counters *c)
{
	const double usable = counter_of(c, "usable_bytes"), asked = counter_of(c, "requested_bytes");

	if (usable > 0 && asked <= usable)
		add_folded(l, FOLD_MAX,
		           (struct metric){ "heap/waste-inside", "%", METRIC_LOWER, 100 * (1 - asked / usable) });
	for (size_t i = 0; i < heap_latencies(c); i++) {
		const struct result_series *s = &c->heap->latencies[i];

		if (s->hist == NULL || s->hist->total == 0 || strcmp(s->name, "lifetime") == 0)
			continue;
		add_folded(l, FOLD_MAX,
		           (struct metric){ text_make(l->arena, "heap/%s/p99", s->name), "ns", METRIC_LOWER,
		                            (double)hist_percentile(s->hist, 99) });
		add_folded(l, FOLD_MAX,
		           (struct metric){ text_make(l->arena, "heap/%s/p99.9", s->name), "ns", METRIC_LOWER,
		                            (double)hist_percentile(s->hist, 99.9) });
	}
}

#define JEMALLOC_SUMS 10U // figures that are added up over processes

// Its slabs at the last look, and the most that was resident at any.
static void add_jemalloc(struct list *l, const struct result_jemalloc *j)
{
	const struct result_mutex *worst;
	const struct result_mutex waits = result_jemalloc_waits(j, &worst);
	const struct {
		const char *member, *name, *unit;
		enum metric_better better;
		double value;
	} sums[JEMALLOC_SUMS] = {
		{ "", "jemalloc/peak-resident", "bytes", METRIC_LOWER, (double)j->peak_resident },
		{ "retained", "jemalloc/retained", "bytes", METRIC_LOWER, (double)j->retained },
		{ "metadata", "jemalloc/metadata", "bytes", METRIC_LOWER, (double)j->metadata },
		{ "cached_bytes", "jemalloc/thread-caches", "bytes", METRIC_NEITHER, (double)j->cached_bytes },
		{ "dirty_purged_bytes", "jemalloc/purged", "bytes", METRIC_NEITHER,
		  (double)result_jemalloc_purged(j) },
		{ "dirty_purges", "jemalloc/purges", "count", METRIC_NEITHER,
		  (double)(j->dirty_purges + j->muzzy_purges) },
		{ "", "jemalloc/fills", "count", METRIC_NEITHER, (double)result_jemalloc_fills(j) },
		{ "", "jemalloc/flushes", "count", METRIC_NEITHER, (double)result_jemalloc_flushes(j) },
		{ "", "jemalloc/mutex-waits", "count", METRIC_LOWER, (double)waits.waits },
		{ "", "jemalloc/mutex-waited", "ns", METRIC_LOWER, (double)waits.wait_ns },
	};
	uint64_t slabs, regions;

	result_jemalloc_slabs(j, &slabs, &regions);
	if (slabs > 0)
		add_folded(l, FOLD_MAX,
		           (struct metric){ "jemalloc/slabs-unused", "%", METRIC_LOWER,
		                            100 * (1 - fmin(1, (double)regions / (double)slabs)) });
	for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++)
		if (result_jemalloc_has(j, sums[i].member))
			add_folded(l, FOLD_SUM,
			           (struct metric){ sums[i].name, sums[i].unit, sums[i].better, sums[i].value });
}

// What the process tree took at its peak, for each byte that its programs had allocated at theirs.
static void add_waste(struct list *l, const struct result *r)
{
	double live = 0;

	for (size_t i = 0; i < r->counters_count; i++)
		for (size_t k = 0; k < r->counters[i].count; k++)
			if (strcmp(r->counters[i].items[k].name, "peak_bytes") == 0)
				live += strtod(r->counters[i].items[k].value, NULL);
	if (live > 0 && r->peak_rss_bytes > 0)
		add(l, "waste", "x live", METRIC_LOWER, (double)r->peak_rss_bytes / live);
}

static void add_cliff(struct list *l, const struct result *r)
{
	const struct result_cliff *c = r->cliffs;

	if (r->cliff_count == 0)
		return;
	add(l, "cliff", "count", METRIC_HIGHER, (double)c->passes);
	if (c->fails == 0)
		return;
	add(l, "cliff/fails", "count", METRIC_NEITHER, (double)c->fails);
	if (r->verdict != VERDICT_TIMEOUT)
		add(l, "cliff/clean", "count", METRIC_HIGHER, r->clean);
}

// ---- the list -----------------------------------------------------------------------------------------------

static int by_name(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = strcmp(x->m.name, y->m.name);

	return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static double folded(enum fold fold, double a, double b)
{
	switch (fold) {
	case FOLD_MAX:
		return fmax(a, b);
	case FOLD_MIN:
		return fmin(a, b);
	case FOLD_SUM:
		return a + b;
	default:
		return b;
	}
}

static size_t fold_names(const struct list *l, struct metric *out)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct metric *m = &l->items[i].m;

		if (n > 0 && strcmp(out[n - 1].name, m->name) == 0)
			out[n - 1].value = folded(l->items[i].fold, out[n - 1].value, m->value);
		else
			out[n++] = *m;
	}
	return n;
}

static size_t room_for(const struct result *r)
{
	size_t room = 24 + r->series_count * (2 + POINTS) + r->gauge_count + 4 * r->pool_count;

	for (size_t i = 0; i < r->counters_count; i++)
		room += r->counters[i].count + 1 + 2 * heap_latencies(&r->counters[i]);
	room += (1 + JEMALLOC_SUMS) * r->jemalloc_count;
	return room;
}

ssize_t metrics_of(struct arena *a, const struct result *r, struct metric **out)
{
	struct list l = { .arena = a, .room = room_for(r) };

	l.items = arena_alloc(a, l.room * sizeof *l.items);
	*out = arena_alloc(a, l.room * sizeof **out);
	if (l.items == NULL || *out == NULL)
		return -ENOMEM;
	add_whole(&l, r);
	for (size_t i = 0; i < r->series_count; i++)
		add_series(&l, &r->series[i]);
	for (size_t i = 0; i < r->gauge_count; i++)
		add_gauge(&l, &r->gauges[i]);
	for (size_t i = 0; i < r->pool_count; i++)
		add_pool(&l, &r->pools[i]);
	for (size_t i = 0; i < r->counters_count; i++)
		add_counters(&l, &r->counters[i]);
	add_cliff(&l, r);
	for (size_t i = 0; i < r->counters_count; i++)
		add_heap(&l, &r->counters[i]);
	for (size_t i = 0; i < r->jemalloc_count; i++)
		add_jemalloc(&l, &r->jemallocs[i]);
	add_waste(&l, r);
	qsort(l.items, l.count, sizeof *l.items, by_name);
	return (ssize_t)fold_names(&l, *out);
}

// ---- words --------------------------------------------------------------------------------------------------

bool metric_fits(const char *pattern, const char *name)
{
	size_t len;

	if (pattern == NULL || fnmatch(pattern, name, 0) == 0)
		return true;
	len = strlen(pattern); // "p99" for latency/total/p99
	return strlen(name) > len && name[strlen(name) - len - 1] == '/' &&
	       strcmp(name + strlen(name) - len, pattern) == 0;
}

static const char *const better_names[] = {
	[METRIC_NEITHER] = "neither", [METRIC_LOWER] = "lower", [METRIC_HIGHER] = "higher"
};

const char *metric_better_name(enum metric_better b)
{
	return better_names[b];
}

int metric_better_parse(const char *text, enum metric_better *out)
{
	for (unsigned i = 0; i < sizeof better_names / sizeof better_names[0]; i++)
		if (strcmp(text, better_names[i]) == 0) {
			*out = (enum metric_better)i;
			return 0;
		}
	return -EINVAL;
}

const char *metric_words(struct arena *a, const char *unit, double value)
{
	bool fits = value >= 0 && value < 1e18;

	if (fits && strcmp(unit, "ns") == 0)
		return text_duration(a, (uint64_t)llround(value));
	if (fits && strcmp(unit, "bytes") == 0)
		return text_bytes(a, (uint64_t)llround(value));
	if (fits && strcmp(unit, "count") == 0)
		return text_amount(a, value);
	return text_make(a, "%s %s", text_amount(a, value), unit);
}
