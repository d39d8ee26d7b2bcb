#include "harvest_jemalloc.h"

#include "clock.h"
#include "jemalloc_file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static uint64_t highest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t counter(const struct tele_file *t, const char *name)
{
	for (size_t i = 0; i < SG_TELE_COUNTERS; i++)
		if (strcmp(t->counters[i].name, name) == 0)
			return t->counters[i].value;
	return 0;
}

static int add_look(struct result_jemalloc *j, const struct jemalloc_look *l, uint64_t start_ns)
{
	uint64_t *row = l->at_ns > 0 ? number_rows_add(&j->looks, LOOK_COLUMNS) : NULL;

	if (row == NULL)
		return l->at_ns > 0 ? -ENOMEM : 0;
	row[LOOK_AT_MS] = l->at_ns > start_ns ? (l->at_ns - start_ns) / SG_NS_PER_MS : 0;
	row[LOOK_ALLOCATED] = l->allocated;
	row[LOOK_ACTIVE] = l->active;
	row[LOOK_RESIDENT] = l->resident;
	row[LOOK_MAPPED] = l->mapped;
	row[LOOK_RETAINED] = l->retained;
	row[LOOK_SLAB_BYTES] = l->slab_bytes;
	row[LOOK_REGION_BYTES] = l->region_bytes;
	row[LOOK_METADATA] = l->metadata;
	row[LOOK_CACHED] = l->cached_bytes;
	row[LOOK_DIRTY] = l->dirty_bytes + l->muzzy_bytes;
	row[LOOK_PURGED] = l->dirty_purged_bytes;
	row[LOOK_MUTEX_WAITS] = l->mutex_waits;
	row[LOOK_MUTEX_WAIT_NS] = l->mutex_wait_ns;
	j->peak_allocated = highest(j->peak_allocated, l->allocated);
	j->peak_resident = highest(j->peak_resident, l->resident);
	return 0;
}

static int add_bin(struct result_jemalloc *j, const struct jemalloc_bin *b)
{
	struct result_bin *to;

	if (b->slabs_made == 0)
		return 0;
	to = result_jemalloc_bin(j);
	if (to == NULL)
		return -ENOMEM;
	to->region_bytes = b->region_bytes;
	to->slab_regions = b->slab_regions;
	to->slab_bytes = b->slab_bytes;
#define X(member, name) to->member = b->member;
	SG_JEMALLOC_BIN_COUNTS(X)
#undef X
	to->most_slabs = b->most_slabs;
	to->most_regions = b->most_regions;
	return 0;
}

static int add_mutex(struct result_jemalloc *j, const struct jemalloc_mutex *m)
{
	struct result_mutex *to;

	if (m->operations == 0)
		return 0;
	to = result_jemalloc_mutex(j);
	if (to == NULL)
		return -ENOMEM;
#define X(member, name) to->member = m->member;
	SG_JEMALLOC_MUTEX_COUNTS(X)
#undef X
	to->name = result_utf8(m->name, strlen(m->name));
	return to->name == NULL ? -ENOMEM : 0;
}

static int decay_of(int64_t ms)
{
	return ms < 0 ? -1 : ms > INT_MAX ? INT_MAX : (int)ms;
}

static int fill_in(struct result_jemalloc *j, const struct jemalloc_file *f, uint64_t start_ns)
{
	int rc = 0;

#define X(member, name) j->member = f->now.member;
	SG_JEMALLOC_TOTALS(X)
#undef X
#define X(member, name, pages) j->member = f->now.member;
	SG_JEMALLOC_COUNTS(X)
#undef X
	j->dirty_decay_ms = decay_of(f->dirty_decay_ms);
	j->muzzy_decay_ms = decay_of(f->muzzy_decay_ms);
	for (uint64_t i = 0; i < f->mutex_count && rc == 0; i++)
		rc = add_mutex(j, &f->mutexes[i]);
	for (uint64_t i = 0; i < f->look_count && rc == 0; i++)
		rc = add_look(j, &f->looks[i], start_ns);
	if (rc == 0 && (f->look_count == 0 || f->now.at_ns > f->looks[f->look_count - 1].at_ns))
		rc = add_look(j, &f->now, start_ns);
	number_rows_thin(&j->looks, LOOK_COLUMNS, RESULT_LOOKS);
	for (uint64_t i = 0; i < f->bin_count && rc == 0; i++)
		rc = add_bin(j, &f->bins[i]);
	return rc;
}

int harvest_jemalloc(const char *path, const struct tele_file *t, uint64_t test_start_ns, struct result *r)
{
	struct jemalloc_file *f;
	struct result_jemalloc *j;
	int rc;

	if (r->jemalloc_count >= HARVEST_JEMALLOCS)
		return 0;
	f = malloc(sizeof *f);
	if (f == NULL)
		return -ENOMEM;
	if (jemalloc_file_read(path, f, NULL) < 0 || f->now.at_ns == 0) {
		free(f);
		return 0;
	}
	j = result_add_jemalloc(r);
	rc = j == NULL ? -ENOMEM : fill_in(j, f, test_start_ns);
	if (rc == 0) {
		j->pid = t->pid;
		j->denied_growths = counter(t, "denied_growths");
		j->denied_moves = counter(t, "denied_moves");
		j->program = result_utf8(t->program, strlen(t->program));
		j->allocator = result_utf8(f->allocator, strlen(f->allocator));
		if (f->absent[0] != '\0')
			j->absent = result_utf8(f->absent, strlen(f->absent));
		rc = j->program == NULL || j->allocator == NULL || (f->absent[0] != '\0' && j->absent == NULL)
		             ? -ENOMEM
		             : 0;
	}
	free(f);
	return rc;
}
