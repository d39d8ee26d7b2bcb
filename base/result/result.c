// A test's result: to JSON, back, and freed, by the tables below.
#include "result.h"

#include "buf.h"
#include "fields.h"
#include "leak.h"
#include "result_jemalloc_parts.h"
#include "result_parts.h"
#include "utf8.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_DIGITS 3U
#define POINT_FIELDS 6U

// ---- tables ----

#define ROW(member) SG_FIELD(struct result, member)

static const struct field result_fields[] = {
	ROW(id),
	ROW(attempt),
	SG_FIELD_VERDICT(struct result, verdict),
	SG_FIELD_VERDICT(struct result, expected),
	ROW(as_expected),
	ROW(clean),
	ROW(evidence),
	ROW(exit_code),
	ROW(signal),
	ROW(wall_ns),
	ROW(user_ns),
	ROW(sys_ns),
	ROW(peak_rss_bytes),
	ROW(minor_faults),
	ROW(major_faults),
	ROW(switches_waiting),
	ROW(switches_forced),
	ROW(huge_bytes),
	ROW(instructions),
	ROW(cycles),
	ROW(cache_misses),
	ROW(no_hardware),
	ROW(peak_fds),
	ROW(peak_threads),
	ROW(peak_procs),
	ROW(peak_system_cpu),
	ROW(peak_system_memory),
	ROW(done_seen),
	ROW(checks_ok),
	ROW(checks_bad),
	ROW(first_bad_check),
	ROW(gc_count),
	ROW(gc_total_ns),
	ROW(gc_max_ns),
	ROW(live_cycles),
	ROW(stdout_bytes),
	ROW(stderr_bytes),
	ROW(tail),
	ROW(memory_limit),
	ROW(limits),
	ROW(allocator),
	ROW(growth),
	ROW(quarantine),
	ROW(containment),
	ROW(leftovers),
	ROW(notes),
	ROW(of),
	ROW(side),
	ROW(phase),
	ROW(pair),
	ROW(layout_bytes),
	ROW(steal_ns),
	ROW(cpu_stall_ns),
	ROW(memory_stall_ns),
	ROW(io_stall_ns),
	{ 0 },
};
#undef ROW

const struct field result_series_fields[] = { SG_FIELD(struct result_series, name), { 0 } };

static const struct field gauge_fields[] = {
	SG_FIELD(struct result_gauge, name),
	SG_FIELD(struct result_gauge, value),
	SG_FIELD(struct result_gauge, unit),
	{ 0 },
};

static const struct field case_fields[] = {
	SG_FIELD(struct result_case, name),
	SG_FIELD_VERDICT(struct result_case, verdict),
	SG_FIELD(struct result_case, ns),
	SG_FIELD(struct result_case, text),
	{ 0 },
};

static const struct field cliff_fields[] = {
	SG_FIELD(struct result_cliff, param),  SG_FIELD(struct result_cliff, broke),
	SG_FIELD(struct result_cliff, passes), SG_FIELD(struct result_cliff, fails),
	SG_FIELD(struct result_cliff, sharp),  { 0 },
};

#define ROW(member) SG_FIELD(struct result_pool, member)
static const struct field pool_fields[] = {
	ROW(name),          ROW(role),       ROW(program),       ROW(pid),      ROW(unit_bytes), ROW(capacity),
	ROW(used),          ROW(high_water), ROW(acquires),      ROW(releases), ROW(exhausted),  ROW(exhausted_ms),
	ROW(request_bytes), ROW(depth),      ROW(over_released), ROW(frames),   { 0 },
};
#undef ROW

static const struct field counters_fields[] = {
	SG_FIELD(struct result_counters, role),
	SG_FIELD(struct result_counters, program),
	SG_FIELD(struct result_counters, note),
	SG_FIELD(struct result_counters, pid),
	{ 0 },
};

// ---- what rows cannot say ----

static int set_new_u64(json_t *object, const char *key, uint64_t n)
{
	return json_object_set_new(object, key, json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n));
}

// The encoding keeps slots; the exact extremes and the sum stand beside it.
int result_series_write(json_t *object, const void *item)
{
	const struct hist *h = ((const struct result_series *)item)->hist;
	struct buf code = { 0 };
	int rc;

	if (h == NULL)
		return -EINVAL;
	rc = hist_encode(h, &code);
	if (rc == 0 && (code.failed || set_new_u64(object, "count", h->total) < 0 ||
	                json_object_set_new(object, "hist", json_string(buf_text(&code))) < 0))
		rc = -ENOMEM;
	if (rc == 0 && h->total > 0 &&
	    (set_new_u64(object, "min_ns", h->min) < 0 || set_new_u64(object, "max_ns", h->max) < 0 ||
	     json_object_set_new(object, "sum_ns", json_real(h->sum)) < 0))
		rc = -ENOMEM;
	buf_deinit(&code);
	return rc;
}

// Takes the exact value of `key` if it lies in the slot where the histogram has that extreme.
static void take_extreme(const json_t *object, const char *key, const struct hist *h, uint64_t *extreme)
{
	const json_t *value = json_object_get(object, key);
	json_int_t n = json_integer_value(value);

	if (json_is_integer(value) && n >= 0 && n <= SG_HIST_MAX_VALUE &&
	    hist_index(h, (uint64_t)n) == hist_index(h, *extreme))
		*extreme = (uint64_t)n;
}

int result_series_read(json_t *object, void *item, struct err *e)
{
	struct result_series *s = item;
	const json_t *code = json_object_get(object, "hist");
	const json_t *sum = json_object_get(object, "sum_ns");
	struct hist *h;
	int rc;

	if (s->name == NULL || !json_is_string(code))
		return err_set(e, EINVAL, "series: has no name or no histogram");
	rc = hist_decode(json_string_value(code), json_string_length(code), &s->hist, e);
	if (rc < 0)
		return rc;
	h = s->hist;
	if (h->total > 0) {
		take_extreme(object, "min_ns", h, &h->min);
		take_extreme(object, "max_ns", h, &h->max);
		if (json_is_real(sum) && json_real_value(sum) >= (double)h->min * (double)h->total &&
		    json_real_value(sum) <= (double)h->max * (double)h->total)
			h->sum = json_real_value(sum);
	}
	return 0;
}

void result_series_free(void *item)
{
	struct result_series *s = item;

	hist_free(s->hist);
	s->hist = NULL;
}

static int counters_write(json_t *object, const void *item)
{
	const struct result_counters *c = item;
	json_t *values = json_object();

	for (size_t i = 0; values != NULL && i < c->count; i++) {
		char *name = result_utf8(c->items[i].name, strlen(c->items[i].name));
		int rc = name == NULL ? -1 : json_object_set_new(values, name, json_string(c->items[i].value));

		free(name);
		if (rc < 0) {
			json_decref(values);
			return -ENOMEM;
		}
	}
	if (json_object_set_new(object, "values", values) < 0)
		return -ENOMEM;
	return c->heap != NULL && json_object_set_new(object, "heap", result_heap_to_json(c->heap)) < 0 ? -ENOMEM
	                                                                                                : 0;
}

static int counters_read(json_t *object, void *item, struct err *e)
{
	struct result_counters *c = item;
	json_t *values = json_object_get(object, "values");
	json_t *heap = json_object_get(object, "heap");
	const char *name;
	json_t *value;

	if (values != NULL && !json_is_object(values))
		return err_set(e, EINVAL, "counters: \"values\" is not an object");
	if (heap != NULL && (c->heap = result_heap_from_json(heap, e)) == NULL)
		return -EINVAL;
	c->items = calloc(json_object_size(values) + 1, sizeof *c->items);
	if (c->items == NULL)
		return err_set(e, ENOMEM, "counters: %s", strerror(ENOMEM));
	json_object_foreach(values, name, value)
	{
		struct param *p = &c->items[c->count++];

		if (!json_is_string(value))
			return err_set(e, EINVAL, "counters: the value of \"%.64s\" is not a string of digits",
			               name);
		p->name = strdup(name);
		p->value = strdup(json_string_value(value));
		if (p->name == NULL || p->value == NULL)
			return err_set(e, ENOMEM, "counters: %s", strerror(ENOMEM));
	}
	return 0;
}

static void counters_free(void *item)
{
	struct result_counters *c = item;

	for (size_t i = 0; i < c->count; i++) {
		free(c->items[i].name);
		free(c->items[i].value);
	}
	free(c->items);
	c->items = NULL;
	c->count = 0;
	result_heap_free(c->heap);
	c->heap = NULL;
}

#define LIST(json_name, struct_name, member, counter, table)                                                      \
	.name = json_name, .rows = table, .item_size = sizeof(struct struct_name),                                \
	.items_offset = offsetof(struct result, member), .count_offset = offsetof(struct result, counter)

static int pool_write(json_t *object, const void *item)
{
	return number_rows_write(object, "fill", &((const struct result_pool *)item)->fill, POOL_COLUMNS);
}

static int pool_read(json_t *object, void *item, struct err *e)
{
	return number_rows_read(object, "fill", &((struct result_pool *)item)->fill, POOL_COLUMNS, e);
}

static void pool_free(void *item)
{
	number_rows_deinit(&((struct result_pool *)item)->fill);
}

enum { SERIES, JEMALLOCS = 5, CLIFFS };

static const struct field_list result_lists[] = {
	{ LIST("series", result_series, series, series_count, result_series_fields),
	  .write_more = result_series_write, .read_more = result_series_read, .free_more = result_series_free },
	{ LIST("gauges", result_gauge, gauges, gauge_count, gauge_fields) },
	{ LIST("cases", result_case, cases, case_count, case_fields) },
	{ LIST("pools", result_pool, pools, pool_count, pool_fields), .write_more = pool_write,
	  .read_more = pool_read, .free_more = pool_free },
	{ LIST("counters", result_counters, counters, counters_count, counters_fields),
	  .write_more = counters_write, .read_more = counters_read, .free_more = counters_free },
	[JEMALLOCS] = { LIST("jemallocs", result_jemalloc, jemallocs, jemalloc_count, result_jemalloc_fields),
	                .write_more = result_jemalloc_write, .read_more = result_jemalloc_read,
	                .free_more = result_jemalloc_deinit },
	[CLIFFS] = { LIST("cliffs", result_cliff, cliffs, cliff_count, cliff_fields) },
	{ 0 },
};

// ---- the timeline: [at_ms, cpu_percent, rss_bytes, fds, threads, procs] for each point ----

static int points_write(json_t *object, const struct result *r)
{
	json_t *array;

	if (r->point_count == 0)
		return 0;
	array = json_array();
	for (size_t i = 0; array != NULL && i < r->point_count; i++) {
		const struct result_point *p = &r->points[i];
		json_t *point = json_pack("[I,I,I,I,I,I]", (json_int_t)p->at_ms, (json_int_t)p->cpu_percent,
		                          (json_int_t)p->rss_bytes, (json_int_t)p->fds, (json_int_t)p->threads,
		                          (json_int_t)p->procs);

		if (json_array_append_new(array, point) < 0) {
			json_decref(array);
			return -ENOMEM;
		}
	}
	return json_object_set_new(object, "points", array) < 0 ? -ENOMEM : 0;
}

static int point_read(const json_t *array, struct result_point *p)
{
	uint32_t *const small[POINT_FIELDS] = {
		&p->at_ms, &p->cpu_percent, NULL, &p->fds, &p->threads, &p->procs
	};

	if (json_array_size(array) != POINT_FIELDS)
		return -EINVAL;
	for (size_t i = 0; i < POINT_FIELDS; i++) {
		const json_t *value = json_array_get(array, i);
		json_int_t n = json_integer_value(value);

		if (!json_is_integer(value) || n < 0 || (small[i] != NULL && n > UINT32_MAX))
			return -EINVAL;
		if (small[i] != NULL)
			*small[i] = (uint32_t)n;
		else
			p->rss_bytes = (uint64_t)n;
	}
	return 0;
}

static int points_read(const json_t *object, struct result *r, struct err *e)
{
	const json_t *array = json_object_get(object, "points");
	size_t count = json_array_size(array);

	if (array == NULL || (json_is_array(array) && count == 0))
		return 0;
	if (!json_is_array(array))
		return err_set(e, EINVAL, "\"points\" is not an array");
	r->points = calloc(count, sizeof *r->points);
	if (r->points == NULL)
		return err_set(e, ENOMEM, "points: %s", strerror(ENOMEM));
	for (r->point_count = 0; r->point_count < count; r->point_count++)
		if (point_read(json_array_get(array, r->point_count), &r->points[r->point_count]) < 0)
			return err_set(e, EINVAL, "points: number %zu is not six whole numbers",
			               r->point_count + 1);
	return 0;
}

// ---- the whole ----

void result_deinit(struct result *r)
{
	lists_free(r, result_lists);
	fields_free(r, result_fields);
	free(r->points);
	number_rows_deinit(&r->live);
	*r = (struct result){ 0 };
}

double result_pool_headroom(const struct result_pool *p)
{
	if (p->capacity == 0)
		return NAN;
	return p->high_water >= p->capacity ? 0
	                                    : 100.0 * (double)(p->capacity - p->high_water) / (double)p->capacity;
}

struct result_jemalloc *result_add_jemalloc(struct result *r)
{
	return list_add(r, &result_lists[JEMALLOCS]);
}

struct result_cliff *result_add_cliff(struct result *r)
{
	return list_add(r, &result_lists[CLIFFS]);
}

// What is in no row of result_fields.
static int write_rest(json_t *object, const struct result *r)
{
	if (lists_write(object, r, result_lists) < 0 || points_write(object, r) < 0 ||
	    number_rows_write(object, "live", &r->live, LIVE_COLUMNS) < 0)
		return -ENOMEM;
	return 0;
}

json_t *result_to_json(const struct result *r)
{
	json_t *object = json_object();

	if (object == NULL)
		return NULL;
	if (fields_write(object, r, result_fields) < 0 || write_rest(object, r) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

int result_to_text(const struct result *r, struct buf *out)
{
	json_t *rest = json_object();
	char *text = NULL;
	int rc = rest == NULL ? -ENOMEM : fields_write_text(out, r, result_fields);

	if (rc == 0)
		rc = write_rest(rest, r);
	if (rc == 0 && json_object_size(rest) > 0) {
		text = json_dumps(rest, JSON_COMPACT | JSON_REAL_PRECISION(17));
		if (text == NULL)
			rc = -ENOMEM;
	}
	if (text != NULL) { // without its braces
		buf_addc(out, ',');
		buf_add(out, text + 1, strlen(text) - 2);
	}
	free(text);
	json_decref(rest);
	return rc == 0 && out->failed ? -ENOMEM : rc;
}

int result_from_json(json_t *j, struct result *r, struct err *e)
{
	int rc = fields_read(j, r, result_fields, "result", e);

	if (rc == 0 && r->id == NULL)
		rc = err_set(e, EINVAL, "result: has no id");
	if (rc == 0)
		rc = lists_read(j, r, result_lists, e);
	if (rc == 0)
		rc = points_read(j, r, e);
	if (rc == 0)
		rc = number_rows_read(j, "live", &r->live, LIVE_COLUMNS, e);
	return rc;
}

struct hist *result_hist(struct result *r, const char *series)
{
	struct result_series *s;

	for (size_t i = 0; i < r->series_count; i++)
		if (strcmp(r->series[i].name, series) == 0)
			return r->series[i].hist;
	s = list_add(r, &result_lists[SERIES]);
	if (s == NULL)
		return NULL;
	s->name = strdup(series);
	s->hist = hist_new(SERIES_DIGITS);
	if (s->name == NULL || s->hist == NULL) {
		free(s->name);
		hist_free(s->hist);
		r->series_count--;
		return NULL;
	}
	return s->hist;
}

// An HTTP/2 load without one right response still has what its connections took, which is no latency of a request.
static bool is_of_connections(const char *series)
{
	return strncmp(series, "connect", 7) == 0 || strncmp(series, "fresh", 5) == 0;
}

bool result_failed(const struct result *r)
{
	return !r->as_expected && r->verdict != VERDICT_INTERRUPTED;
}

const struct result_series *result_main_series(const struct result *r)
{
	for (size_t i = 0; i < r->series_count; i++)
		if (strcmp(r->series[i].name, "total") == 0)
			return &r->series[i];
	for (size_t i = 0; i < r->series_count; i++)
		if (!is_of_connections(r->series[i].name))
			return &r->series[i];
	return NULL;
}

// ---- text ----

static bool is_control(unsigned char c)
{
	return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
}

char *result_utf8(const char *text, size_t len)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < len;) {
		const char *p = text + i;
		size_t n = utf8_length(p, len - i);
		uint32_t code_point = n > 1 ? utf8_decode(p, n) : 0;

		if (n == 0 || is_control((unsigned char)*p)) {
			buf_addf(&b, "\\x%02x", (unsigned char)*p);
			n = 1;
		} else if (utf8_is_unprintable(code_point)) {
			buf_addf(&b, "\\u{%x}", (unsigned)code_point);
		} else {
			buf_add(&b, p, n);
		}
		i += n;
	}
	return buf_take(&b);
}
