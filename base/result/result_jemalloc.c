// A process's jemalloc: to JSON, back, and freed, by the tables below.
#include "result_jemalloc.h"

#include "result_jemalloc_parts.h"

#define ROW(member) SG_FIELD(struct result_jemalloc, member)
const struct field result_jemalloc_fields[] = {
	ROW(program),        ROW(allocator),      ROW(pid),
	ROW(allocated),      ROW(active),         ROW(metadata),
	ROW(resident),       ROW(mapped),         ROW(retained),
	ROW(cached_bytes),   ROW(peak_allocated), ROW(peak_resident),
	ROW(denied_growths), ROW(denied_moves),   { 0 },
};
#undef ROW

#define ROW(member) SG_FIELD(struct result_bin, member)
static const struct field bin_fields[] = {
	ROW(region_bytes), ROW(slab_regions), ROW(slab_bytes),   ROW(slabs),    ROW(nonfull_slabs),
	ROW(regions),      ROW(slabs_made),   ROW(slabs_reused), ROW(requests), ROW(fills),
	ROW(flushes),      ROW(most_slabs),   ROW(most_regions), { 0 },
};
#undef ROW

static const struct field_list lists[] = {
	{ .name = "bins",
	  .rows = bin_fields,
	  .item_size = sizeof(struct result_bin),
	  .items_offset = offsetof(struct result_jemalloc, bins),
	  .count_offset = offsetof(struct result_jemalloc, bin_count) },
	{ 0 },
};

int result_jemalloc_write(json_t *object, const void *item)
{
	const struct result_jemalloc *j = item;
	int rc = lists_write(object, j, lists);

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

void result_jemalloc_slabs(const struct result_jemalloc *j, uint64_t *slab_bytes, uint64_t *region_bytes)
{
	*slab_bytes = *region_bytes = 0;
	for (size_t i = 0; i < j->bin_count; i++) {
		*slab_bytes += j->bins[i].slabs * j->bins[i].slab_bytes;
		*region_bytes += j->bins[i].regions * j->bins[i].region_bytes;
	}
}
