// A process's jemalloc: to JSON, back, and freed, by the tables below.
#include "result_jemalloc.h"

#include "result_jemalloc_parts.h"

#include "jemalloc_file.h"

#include <stdlib.h>
#include <string.h>

#define ROW(member) SG_FIELD(struct result_jemalloc, member)
const struct field result_jemalloc_fields[] = {
	ROW(program),
	ROW(allocator),
	ROW(pid),
#define X(member, name) ROW(member),
	SG_JEMALLOC_TOTALS(X)
#undef X
#define X(member, name, pages) ROW(member),
	        SG_JEMALLOC_COUNTS(X)
#undef X
	                ROW(dirty_decay_ms),
	ROW(muzzy_decay_ms),
	ROW(peak_allocated),
	ROW(peak_resident),
	ROW(denied_growths),
	ROW(denied_moves),
	ROW(absent),
	{ 0 },
};
#undef ROW

#define ROW(member) SG_FIELD(struct result_bin, member)
static const struct field bin_fields[] = {
	ROW(region_bytes),
	ROW(slab_regions),
	ROW(slab_bytes),
#define X(member, name) ROW(member),
	SG_JEMALLOC_BIN_COUNTS(X)
#undef X
	        ROW(most_slabs),
	ROW(most_regions),
	{ 0 },
};
#undef ROW

#define ROW(member) SG_FIELD(struct result_mutex, member)
static const struct field mutex_fields[] = {
	ROW(name),
#define X(member, name) ROW(member),
	SG_JEMALLOC_MUTEX_COUNTS(X)
#undef X
	        { 0 },
};
#undef ROW

static const struct field_list lists[] = {
	{ .name = "bins",
	  .rows = bin_fields,
	  .item_size = sizeof(struct result_bin),
	  .items_offset = offsetof(struct result_jemalloc, bins),
	  .count_offset = offsetof(struct result_jemalloc, bin_count) },
	{ .name = "mutexes",
	  .rows = mutex_fields,
	  .item_size = sizeof(struct result_mutex),
	  .items_offset = offsetof(struct result_jemalloc, mutexes),
	  .count_offset = offsetof(struct result_jemalloc, mutex_count) },
	{ 0 },
};

static const struct {
	const char *member, *name;
} named[] = {
#define X(member, name) { #member, "stats." name },
	SG_JEMALLOC_TOTALS(X)
#undef X
#define X(member, name, pages) { #member, name },
	        SG_JEMALLOC_COUNTS(X)
#undef X
};

// A whole name of the list, not a part of one.
static bool is_absent(const char *list, const char *name)
{
	const size_t len = strlen(name);

	for (const char *at = list; at != NULL && *at != '\0';) {
		const size_t this = strcspn(at, ",");

		if (this == len && memcmp(at, name, len) == 0)
			return true;
		at += this;
		at += strspn(at, ", ");
	}
	return false;
}

bool result_jemalloc_has(const struct result_jemalloc *j, const char *member)
{
	for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
		if (strcmp(named[i].member, member) == 0)
			return !is_absent(j->absent, named[i].name);
	return true;
}

int result_jemalloc_write(json_t *object, const void *item)
{
	const struct result_jemalloc *j = item;
	int rc = lists_write(object, j, lists);

	for (size_t i = 0; j->absent != NULL && i < sizeof named / sizeof named[0]; i++)
		if (is_absent(j->absent, named[i].name))
			json_object_del(object, named[i].member); // not known is not 0
	return rc < 0 ? rc : number_rows_write(object, "looks", &j->looks, LOOK_COLUMNS);
}

int result_jemalloc_read(json_t *object, void *item, struct err *e)
{
	struct result_jemalloc *j = item;
	int rc = lists_read(object, j, lists, e);

	return rc < 0 ? rc : number_rows_read(object, "looks", &j->looks, LOOK_COLUMNS, e);
}

void result_jemalloc_deinit(void *item)
{
	struct result_jemalloc *j = item;

	lists_free(j, lists);
	number_rows_deinit(&j->looks);
}

struct result_bin *result_jemalloc_bin(struct result_jemalloc *j)
{
	return list_add(j, &lists[0]);
}

struct result_mutex *result_jemalloc_mutex(struct result_jemalloc *j)
{
	return list_add(j, &lists[1]);
}

uint64_t result_jemalloc_purged(const struct result_jemalloc *j)
{
	return j->dirty_purged_bytes;
}

uint64_t result_jemalloc_fills(const struct result_jemalloc *j)
{
	uint64_t sum = j->large_fills;

	for (size_t i = 0; i < j->bin_count; i++)
		sum += j->bins[i].fills;
	return sum;
}

uint64_t result_jemalloc_flushes(const struct result_jemalloc *j)
{
	uint64_t sum = j->large_flushes;

	for (size_t i = 0; i < j->bin_count; i++)
		sum += j->bins[i].flushes;
	return sum;
}

struct result_mutex result_jemalloc_waits(const struct result_jemalloc *j, const struct result_mutex **worst)
{
	struct result_mutex all = { 0 };

	*worst = NULL;
	for (size_t i = 0; i < j->mutex_count; i++) {
		const struct result_mutex *m = &j->mutexes[i];

		all.operations += m->operations;
		all.waits += m->waits;
		all.spins += m->spins;
		all.wait_ns += m->wait_ns;
		if (m->longest_wait_ns > all.longest_wait_ns)
			all.longest_wait_ns = m->longest_wait_ns;
		if (m->waits > 0 && (*worst == NULL || m->wait_ns > (*worst)->wait_ns))
			*worst = m;
	}
	return all;
}

void result_jemalloc_slabs(const struct result_jemalloc *j, uint64_t *slab_bytes, uint64_t *region_bytes)
{
	*slab_bytes = *region_bytes = 0;
	for (size_t i = 0; i < j->bin_count; i++) {
		*slab_bytes += j->bins[i].slabs * j->bins[i].slab_bytes;
		*region_bytes += j->bins[i].regions * j->bins[i].region_bytes;
	}
}
