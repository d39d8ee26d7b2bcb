// The second part of an interposer's telemetry file.
#include "harvest_heap.h"

#include "clock.h"
#include "heap.h"
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- frames ----

// The mapping that holds `address`, as "module+0xOFFSET" into its file; the bare address when none does.
static void frame_text(const struct tele_file *t, uint64_t address, struct buf *out)
{
	for (const char *line = t->maps; *line != '\0';) {
		const char *end = strchr(line, '\n');
		size_t len = end != NULL ? (size_t)(end - line) : strlen(line);
		uint64_t from, to, offset;
		int path_at = 0;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*4s %" SCNx64 " %*s %*s %n", &from, &to, &offset,
		           &path_at) == 3 &&
		    address >= from && address < to && path_at > 0 && (size_t)path_at < len) {
			buf_add(out, line + path_at, len - (size_t)path_at);
			buf_addf(out, "+0x%" PRIx64, address - from + offset);
			return;
		}
		line += len + (end != NULL);
	}
	buf_addf(out, "0x%" PRIx64, address);
}

int harvest_frames(const struct tele_file *t, const uint64_t *frames, uint64_t count, struct strings *to)
{
	int rc = 0;

	for (uint64_t i = 0; i < count && rc == 0; i++) {
		struct buf text = { 0 };

		frame_text(t, frames[i], &text);
		rc = strings_add(to, buf_text(&text), text.len);
		buf_deinit(&text);
	}
	return rc;
}

// ---- histograms ----

static int add_latency(struct result_heap *to, struct result_heap_thread *thread, const char *name,
                       const uint64_t *times, double ns_per_tick)
{
	uint64_t total = 0;
	struct result_series *s;

	for (unsigned i = 0; i < SG_HEAP_TIMES; i++)
		total += times[i];
	if (total == 0 || ns_per_tick <= 0)
		return 0;
	s = thread != NULL ? result_heap_thread_latency(thread, name) : result_heap_latency(to, name);
	if (s == NULL)
		return -ENOMEM;
	heap_times_to_hist(times, ns_per_tick, s->hist);
	return 0;
}

static void add_times(uint64_t *to, const struct heap_lane *lane, unsigned function)
{
	for (unsigned i = 0; i < SG_HEAP_TIMES; i++)
		to[i] += lane->times[i][function];
}

static int add_latencies(const struct heap_file *h, struct result_heap *to)
{
	const double ns_per_tick = heap_ns_per_tick(h);
	int rc = 0;

	for (unsigned f = 0; f < HEAP_FUNCTION_COUNT && rc == 0; f++) {
		uint64_t times[SG_HEAP_TIMES] = { 0 };
		const struct heap_lane *lane;
		unsigned at = 0;

		while ((lane = heap_next_lane(h, &at)) != NULL)
			add_times(times, lane, f);
		rc = add_latency(to, NULL, heap_function_name(f), times, ns_per_tick);
	}
	return rc < 0 ? rc : add_latency(to, NULL, "lifetime", h->lifetimes, ns_per_tick);
}

static int add_sizes(const struct heap_file *h, struct result_heap *to)
{
	for (unsigned c = 0; c < SG_HEAP_CLASSES; c++) {
		struct result_size *size;
		uint64_t count = h->shared_sizes[c];

		for (unsigned slot = 0; slot < SG_TELE_THREADS; slot++)
			count += h->sizes[slot][c];
		if (count == 0)
			continue;
		size = result_heap_size(to);
		if (size == NULL)
			return -ENOMEM;
		size->bytes = size_class_bytes(c);
		size->count = count;
	}
	return 0;
}

// ---- stacks ----

struct ranked {
	const struct heap_site *site;
	uint64_t peak_bytes, peak_blocks;
};

static int by_peak(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->peak_bytes != y->peak_bytes)
		return x->peak_bytes > y->peak_bytes ? -1 : 1;
	if (x->site->taken_bytes != y->site->taken_bytes)
		return x->site->taken_bytes > y->site->taken_bytes ? -1 : 1;
	return (x->site > y->site) - (x->site < y->site);
}

static int add_site(const struct tele_file *t, const struct ranked *r, struct result_heap *to)
{
	struct result_site *s = result_heap_site(to);

	if (s == NULL)
		return -ENOMEM;
	s->peak_bytes = r->peak_bytes;
	s->peak_blocks = r->peak_blocks;
	s->live_bytes = r->site->live_bytes;
	s->taken_bytes = r->site->taken_bytes;
	s->samples = r->site->samples;
	return harvest_frames(t, r->site->frames, r->site->frame_count, &s->frames);
}

static int add_sites(const struct tele_file *t, const struct heap_file *h, struct result_heap *to)
{
	struct ranked ranked[SG_HEAP_SITES];
	size_t count = 0;
	int rc = 0;

	for (unsigned i = 0; i < SG_HEAP_SITES; i++) {
		struct ranked *r = &ranked[count];

		if (h->sites[i].hash == 0)
			continue;
		r->site = &h->sites[i];
		heap_site_at_peak(h, r->site, &r->peak_bytes, &r->peak_blocks);
		count++;
	}
	qsort(ranked, count, sizeof ranked[0], by_peak);
	for (size_t i = 0; i < count && i < HARVEST_SITES && rc == 0; i++)
		rc = add_site(t, &ranked[i], to);
	to->sites_left_out = count > HARVEST_SITES ? count - HARVEST_SITES : 0;
	return rc;
}

static uint64_t ms_since(uint64_t ns, uint64_t start_ns)
{
	return ns > start_ns ? (ns - start_ns) / SG_NS_PER_MS : 0;
}

static int add_refusals(const struct tele_file *t, const struct heap_file *h, uint64_t start_ns,
                        struct result_heap *to)
{
	for (unsigned i = 0; i < SG_HEAP_FAILURES && h->failures[i].count > 0; i++) {
		const struct heap_failure *f = &h->failures[i];
		struct result_refusal *r = result_heap_refusal(to);

		if (r == NULL)
			return -ENOMEM;
		r->function = strdup(heap_function_name(f->function));
		r->count = f->count;
		r->bytes = f->bytes;
		r->at_ms = ms_since(f->at_ns, start_ns);
		r->nth = f->nth;
		r->tid = f->tid;
		r->injected = f->injected != 0;
		if (r->function == NULL || harvest_frames(t, f->frames, f->frame_count, &r->frames) < 0)
			return -ENOMEM;
	}
	return 0;
}

// ---- threads ----

// Their values are those of the file's first counters, by name.
static uint64_t value_of(const struct tele_file *t, const struct heap_thread *thread, const char *name)
{
	for (unsigned i = 0; i < SG_TELE_VALUES; i++)
		if (strcmp(t->counters[i].name, name) == 0)
			return thread->values[i];
	return 0;
}

static int add_thread_latencies(const struct heap_file *h, const struct heap_lane *lane, struct result_heap *to,
                                struct result_heap_thread *thread)
{
	const double ns_per_tick = heap_ns_per_tick(h);
	int rc = 0;

	for (unsigned f = 0; f < HEAP_FUNCTION_COUNT && rc == 0 && h->thread_count > 1; f++) {
		uint64_t times[SG_HEAP_TIMES] = { 0 };

		add_times(times, lane, f);
		rc = add_latency(to, thread, heap_function_name(f), times, ns_per_tick);
	}
	return rc;
}

static int add_threads(const struct tele_file *t, const struct heap_file *h, uint64_t start_ns,
                       struct result_heap *to)
{
	for (unsigned i = 0; i < h->thread_count; i++) {
		const struct heap_thread *from = &h->threads[i];
		struct result_heap_thread *r;

		if (from->tid == 0)
			continue;
		r = result_heap_thread(to);
		if (r == NULL)
			return -ENOMEM;
		r->name = result_utf8(from->name, strlen(from->name));
		if (r->name == NULL)
			return -ENOMEM;
		r->tid = from->tid;
		r->from_ms = ms_since(from->from_ns, start_ns);
		r->to_ms = from->to_ns != 0 ? ms_since(from->to_ns, start_ns) : 0;
		r->takes = value_of(t, from, "malloc_calls") + value_of(t, from, "calloc_calls") +
		           value_of(t, from, "realloc_calls") + value_of(t, from, "memalign_calls");
		r->frees = value_of(t, from, "free_calls");
		r->requested_bytes = value_of(t, from, "requested_bytes");
		r->failures = value_of(t, from, "failures");
		r->kept_bytes =
		        (double)(int64_t)(value_of(t, from, "usable_bytes") - value_of(t, from, "freed_bytes"));
		if (add_thread_latencies(h, &h->lanes[i], to, r) < 0)
			return -ENOMEM;
	}
	return 0;
}

// ---- the whole ----

static int add_all(const struct tele_file *t, const struct heap_file *h, uint64_t start_ns, struct result_heap *to)
{
	int rc = add_latencies(h, to);

	to->timed_every = h->timed_every;
	to->sample_bytes = h->sample_bytes;
	to->lifetimes_taken = h->lifetimes_taken;
	to->lifetimes_freed = h->lifetimes_freed;
	to->lost = h->lost;
	to->threads_left_out = h->threads_left_out;
	to->refusals_left_out = h->failures_left_out;
	if (rc == 0)
		rc = add_sizes(h, to);
	if (rc == 0)
		rc = add_sites(t, h, to);
	if (rc == 0)
		rc = add_refusals(t, h, start_ns, to);
	return rc < 0 ? rc : add_threads(t, h, start_ns, to);
}

int harvest_heap(const char *path, const struct tele_file *t, uint64_t test_start_ns, struct result_heap **out)
{
	struct heap_file *h = malloc(sizeof *h);
	int rc = 0;

	if (h == NULL)
		return -ENOMEM;
	if (heap_read(path, h, NULL) == 0) {
		*out = calloc(1, sizeof **out);
		rc = *out == NULL ? -ENOMEM : add_all(t, h, test_start_ns, *out);
	}
	free(h);
	return rc;
}

// ---- what malloc never had ----

#define UNSEEN_RSS (UINT64_C(64) << 20) // below it, code and libraries are much of the whole
#define UNSEEN_PART 4U

// False where it was not counted. A program that maps all its memory itself may well have a peak of 0.
static bool peak_of(const struct result_counters *c, uint64_t *peak)
{
	for (size_t i = 0; i < c->count && strcmp(c->role, "interposer") == 0; i++)
		if (strcmp(c->items[i].name, "peak_bytes") == 0) {
			*peak = strtoull(c->items[i].value, NULL, 10);
			return true;
		}
	return false;
}

int harvest_note_unseen(struct result *r, const char *program, const char *linked_malloc)
{
	struct result_counters *highest = NULL;
	char resident[32], had[32];
	uint64_t sum = 0, most = 0, peak;
	struct buf note = { 0 };

	for (size_t i = 0; i < r->counters_count; i++) {
		if (!peak_of(&r->counters[i], &peak))
			continue;
		sum += peak;
		if (highest != NULL && peak <= most)
			continue;
		highest = &r->counters[i];
		most = peak;
	}
	if (highest == NULL || highest->note != NULL || r->peak_rss_bytes < UNSEEN_RSS ||
	    sum >= r->peak_rss_bytes / UNSEEN_PART)
		return 0;
	if (strcmp(highest->program, basename(program)) != 0)
		linked_malloc = NULL; // of another process
	buf_addf(
	        &note,
	        "mostly not instrumented: of %s resident at the peak malloc had %s; the rest was mapped by the program "
	        "itself (%s%s)",
	        units_bytes(resident, sizeof resident, r->peak_rss_bytes), units_bytes(had, sizeof had, sum),
	        linked_malloc != NULL ? linked_malloc : "a heap of its own, files, code",
	        linked_malloc != NULL ? " is linked into it under names of its own" : "");
	highest->note = buf_take(&note);
	return highest->note == NULL ? -ENOMEM : 0;
}
