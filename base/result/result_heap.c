// A process's allocations: to JSON, back, and freed, by the tables below.
#include "result_heap.h"

#include "fields.h"
#include "result.h"
#include "result_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LATENCY_DIGITS 2U

#define ROW(member) SG_FIELD(struct result_heap, member)
static const struct field heap_fields[] = {
	ROW(timed_every),       ROW(sample_bytes),   ROW(lifetimes_taken),
	ROW(lifetimes_freed),   ROW(lost),           ROW(threads_left_out),
	ROW(refusals_left_out), ROW(sites_left_out), { 0 },
};
#undef ROW

static const struct field size_fields[] = {
	SG_FIELD(struct result_size, bytes),
	SG_FIELD(struct result_size, count),
	{ 0 },
};

#define ROW(member) SG_FIELD(struct result_site, member)
static const struct field site_fields[] = {
	ROW(peak_bytes), ROW(peak_blocks), ROW(live_bytes), ROW(taken_bytes), ROW(samples), ROW(frames), { 0 },
};
#undef ROW

#define ROW(member) SG_FIELD(struct result_refusal, member)
static const struct field refusal_fields[] = {
	ROW(function), ROW(count), ROW(bytes), ROW(at_ms), ROW(nth), ROW(tid), ROW(injected), ROW(frames), { 0 },
};
#undef ROW

#define ROW(member) SG_FIELD(struct result_heap_thread, member)
static const struct field thread_fields[] = {
	ROW(name),     ROW(tid),        ROW(from_ms), ROW(to_ms), ROW(takes), ROW(frees), ROW(requested_bytes),
	ROW(failures), ROW(kept_bytes), { 0 },
};
#undef ROW

static const struct field_list thread_lists[] = {
	{ .name = "latencies",
	  .rows = result_series_fields,
	  .item_size = sizeof(struct result_series),
	  .items_offset = offsetof(struct result_heap_thread, latencies),
	  .count_offset = offsetof(struct result_heap_thread, latency_count),
	  .write_more = result_series_write,
	  .read_more = result_series_read,
	  .free_more = result_series_free },
	{ 0 },
};

static int thread_write(json_t *object, const void *item)
{
	return lists_write(object, item, thread_lists);
}

static int thread_read(json_t *object, void *item, struct err *e)
{
	return lists_read(object, item, thread_lists, e);
}

static void thread_free(void *item)
{
	lists_free(item, thread_lists);
}

enum list_name { LATENCIES, SIZES, SITES, REFUSALS, THREADS };

#define LIST(json_name, struct_name, member, counter, table)                                                      \
	.name = json_name, .rows = table, .item_size = sizeof(struct struct_name),                                \
	.items_offset = offsetof(struct result_heap, member),                                                     \
	.count_offset = offsetof(struct result_heap, counter)

static const struct field_list heap_lists[] = {
	[LATENCIES] = { LIST("latencies", result_series, latencies, latency_count, result_series_fields),
	                .write_more = result_series_write, .read_more = result_series_read,
	                .free_more = result_series_free },
	[SIZES] = { LIST("sizes", result_size, sizes, size_count, size_fields) },
	[SITES] = { LIST("sites", result_site, sites, site_count, site_fields) },
	[REFUSALS] = { LIST("refusals", result_refusal, refusals, refusal_count, refusal_fields) },
	[THREADS] = { LIST("threads", result_heap_thread, threads, thread_count, thread_fields),
	              .write_more = thread_write, .read_more = thread_read, .free_more = thread_free },
	{ 0 },
};

void result_heap_free(struct result_heap *h)
{
	if (h == NULL)
		return;
	lists_free(h, heap_lists);
	fields_free(h, heap_fields);
	number_rows_deinit(&h->course);
	free(h);
}

json_t *result_heap_to_json(const struct result_heap *h)
{
	json_t *object = json_object();

	if (object != NULL &&
	    (fields_write(object, h, heap_fields) < 0 || lists_write(object, h, heap_lists) < 0 ||
	     number_rows_write(object, "course", &h->course, HEAP_COLUMNS) < 0)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

struct result_heap *result_heap_from_json(json_t *j, struct err *e)
{
	struct result_heap *h = calloc(1, sizeof *h);
	int rc;

	if (h == NULL) {
		err_set(e, ENOMEM, "heap: %s", strerror(ENOMEM));
		return NULL;
	}
	rc = json_is_object(j) ? fields_read(j, h, heap_fields, "heap", e)
	                       : err_set(e, EINVAL, "\"heap\" is not an object");
	if (rc == 0)
		rc = lists_read(j, h, heap_lists, e);
	if (rc == 0)
		rc = number_rows_read(j, "course", &h->course, HEAP_COLUMNS, e);
	if (rc == 0)
		return h;
	result_heap_free(h);
	return NULL;
}

static struct result_series *add_series(void *record, const struct field_list *list, size_t *count,
                                        const char *name)
{
	struct result_series *s = list_add(record, list);

	if (s == NULL)
		return NULL;
	s->name = strdup(name);
	s->hist = hist_new(LATENCY_DIGITS);
	if (s->name != NULL && s->hist != NULL)
		return s;
	free(s->name);
	hist_free(s->hist);
	--*count;
	return NULL;
}

struct result_series *result_heap_latency(struct result_heap *h, const char *name)
{
	return add_series(h, &heap_lists[LATENCIES], &h->latency_count, name);
}

struct result_series *result_heap_thread_latency(struct result_heap_thread *t, const char *name)
{
	return add_series(t, &thread_lists[0], &t->latency_count, name);
}

struct result_size *result_heap_size(struct result_heap *h)
{
	return list_add(h, &heap_lists[SIZES]);
}

struct result_site *result_heap_site(struct result_heap *h)
{
	return list_add(h, &heap_lists[SITES]);
}

struct result_refusal *result_heap_refusal(struct result_heap *h)
{
	return list_add(h, &heap_lists[REFUSALS]);
}

struct result_heap_thread *result_heap_thread(struct result_heap *h)
{
	return list_add(h, &heap_lists[THREADS]);
}
