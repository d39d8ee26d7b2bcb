// The pools "jemalloc" and "jemalloc-capped": an arena and a thread cache of its own in a jemalloc that replaces
// nobody's malloc. The first counts in bytes as they were asked for. The second has extent hooks that deny what is
// beyond the capacity, and counts the extents, because that is what is used up: when small objects have taken them
// all and half of the objects are gone, each slab is half empty, and yet there is no extent for a larger block.
#include "pool.h"
#include "watch.h"

#include <errno.h>
#include <jemalloc/jemalloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE_BYTES UINT64_C(4096)

struct pool_je {
	struct pool base;
	extent_hooks_t hooks;
	unsigned arena, tcache;
	int flags; // for mallocx and its kin: that arena, that cache
};

// -- extents ------------------------------------------------------------------------------------------------

static struct pool_je *of_hooks(extent_hooks_t *hooks)
{
	return (struct pool_je *)(void *)((char *)hooks - offsetof(struct pool_je, hooks));
}

static void *map_aligned(size_t size, size_t alignment)
{
	char *at = mmap(NULL, size + alignment, PROT_READ | PROT_WRITE,
	                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before;

	if (at == MAP_FAILED)
		return NULL;
	before = (alignment - (uintptr_t)at % alignment) % alignment;
	if (before > 0)
		munmap(at, before);
	munmap(at + before + size, alignment - before);
	return at + before;
}

// jemalloc asks for more than it needs, and when that is denied for what it needs: a denial here may be either,
// and exhaustion is only what comes back to the pool as NULL.
static void *extent_alloc(extent_hooks_t *hooks, void *wanted, size_t size, size_t alignment, bool *zero,
                          bool *commit, unsigned arena)
{
	struct pool_je *j = of_hooks(hooks);
	struct tele_pool *f = j->base.figures;
	void *at;

	(void)arena;
	if (wanted != NULL)
		return NULL;
	if (size > f->capacity - f->used) {
		j->base.denied_extents++;
		return NULL;
	}
	at = map_aligned(size, alignment);
	if (at == NULL)
		return NULL;
	*zero = *commit = true;
	f->used += size;
	if (f->used > f->high_water)
		f->high_water = f->used;
	return at;
}

static bool extent_dalloc(extent_hooks_t *hooks, void *at, size_t size, bool committed, unsigned arena)
{
	(void)committed, (void)arena;
	munmap(at, size);
	of_hooks(hooks)->base.figures->used -= size;
	return false;
}

static void extent_destroy(extent_hooks_t *hooks, void *at, size_t size, bool committed, unsigned arena)
{
	extent_dalloc(hooks, at, size, committed, arena);
}

static bool extent_purge(extent_hooks_t *hooks, void *at, size_t size, size_t offset, size_t length,
                         unsigned arena)
{
	(void)hooks, (void)size, (void)arena;
	return madvise((char *)at + offset, length, MADV_DONTNEED) != 0;
}

static bool extent_split(extent_hooks_t *hooks, void *at, size_t size, size_t a, size_t b, bool committed,
                         unsigned arena)
{
	(void)hooks, (void)at, (void)size, (void)a, (void)b, (void)committed, (void)arena;
	return false; // two parts of one mapping
}

static bool extent_merge(extent_hooks_t *hooks, void *a, size_t a_size, void *b, size_t b_size, bool committed,
                         unsigned arena)
{
	(void)hooks, (void)a, (void)a_size, (void)b, (void)b_size, (void)committed, (void)arena;
	return false;
}

static const extent_hooks_t capping = {
	.alloc = extent_alloc,
	.dalloc = extent_dalloc,
	.destroy = extent_destroy,
	.purge_forced = extent_purge,
	.split = extent_split,
	.merge = extent_merge,
};

// -- looking ------------------------------------------------------------------------------------------------

// Its figures go into a telemetry file of their own, as those of any other process's jemalloc do. One pool of a
// process is looked at: the first. Only where that is asked for, as a look takes time.
static bool is_watched;

static void watch_it(void)
{
	if (je.mallctl != NULL)
		return;
	je = (struct entry_points){ mallctl, mallctlnametomib, mallctlbymib };
	is_watched = getenv(SG_JEMALLOC_ENV_EVERY_MS) != NULL && keep_prepare(NULL);
	if (is_watched)
		keep_begin();
}

// The arena goes away with the pool: this is the last look.
static void je_done(struct pool *p)
{
	(void)p;
	if (!is_watched)
		return;
	keep_look();
	keep_end();
	is_watched = false;
}

// -- arenas -------------------------------------------------------------------------------------------------

static void destroy(const char *what, unsigned i)
{
	char name[64];

	snprintf(name, sizeof name, what, i);
	mallctl(name, NULL, NULL, NULL, 0);
}

static void je_close(struct pool *p)
{
	struct pool_je *j = (struct pool_je *)p;

	je_done(p);
	mallctl("tcache.destroy", NULL, NULL, &j->tcache, sizeof j->tcache);
	destroy("arena.%u.destroy", j->arena);
	free(j);
}

// An arena whose own bookkeeping stays outside the capacity, where this jemalloc can do that (5.3); else it
// counts.
static int create_arena(struct pool_je *j, bool capped)
{
	struct {
		extent_hooks_t *hooks;
		bool metadata_use_hooks;
	} config = { &j->hooks, false };
	extent_hooks_t *hooks = &j->hooks;
	size_t size = sizeof j->arena;

	if (!capped)
		return mallctl("arenas.create", &j->arena, &size, NULL, 0);
	j->hooks = capping;
	if (mallctl("experimental.arenas_create_ext", &j->arena, &size, &config, sizeof config) == 0)
		return 0;
	return mallctl("arenas.create", &j->arena, &size, &hooks, sizeof hooks);
}

static int open_arena(const struct pool_config *c, struct pool **out, struct err *e)
{
	struct pool_je *j = calloc(1, sizeof *j);
	size_t size = sizeof(unsigned);
	int rc;

	if (j == NULL)
		return err_set(e, ENOMEM, "an arena of jemalloc: out of memory");
	j->base.own.unit_bytes = 1;
	j->base.own.capacity = (c->capacity_bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
	j->base.figures = &j->base.own; // until pool_open says where: the hooks count
	rc = create_arena(j, c->capacity_bytes > 0);
	if (rc == 0) {
		rc = mallctl("tcache.create", &j->tcache, &size, NULL, 0);
		if (rc != 0)
			destroy("arena.%u.destroy", j->arena);
	}
	if (rc != 0) {
		free(j);
		return err_set(e, rc, "jemalloc refuses a further arena (error %d)", rc);
	}
	j->flags = MALLOCX_ARENA(j->arena) | MALLOCX_TCACHE(j->tcache);
	*out = &j->base;
	watch_it();
	return 0;
}

// -- the interface ------------------------------------------------------------------------------------------

static void count(const struct pool_je *j, uint64_t more)
{
	struct tele_pool *f = j->base.figures;

	if (f->capacity > 0) // the hooks count
		return;
	f->used += more;
	if (f->used > f->high_water)
		f->high_water = f->used;
}

static void *give(const struct pool_je *j, void *block, size_t old_bytes)
{
	if (block == NULL)
		return NULL;
	// Not sdallocx: after a shrinking that stayed in place the size is not the block's.
	dallocx(block, j->flags);
	count(j, 0 - (uint64_t)old_bytes);
	j->base.figures->releases++;
	return NULL;
}

static void *je_resize(void *pool, void *block, size_t old_bytes, size_t new_bytes)
{
	struct pool_je *j = pool;
	void *fresh;

	if (new_bytes == 0)
		return give(j, block, old_bytes);
	if (block == NULL) {
		fresh = mallocx(new_bytes, j->flags);
		if (fresh == NULL)
			return pool_deny(&j->base, new_bytes);
		j->base.figures->acquires++;
		count(j, new_bytes);
		return fresh;
	}
	fresh = rallocx(block, new_bytes, j->flags);
	if (fresh == NULL)
		return new_bytes <= old_bytes ? block : pool_deny(&j->base, new_bytes);
	count(j, new_bytes - old_bytes);
	return fresh;
}

const struct pool_policy pool_jemalloc = {
	.name = "jemalloc",
	.summary = "an arena of jemalloc, beside the process's malloc",
	.resize = je_resize,
	.open = open_arena,
	.close = je_close,
	.done = je_done,
};

const struct pool_policy pool_jemalloc_capped = {
	.name = "jemalloc-capped",
	.summary = "the same, in extents of no more than the capacity",
	.min_capacity = 64U * 1024U,
	.resize = je_resize,
	.open = open_arena,
	.close = je_close,
	.done = je_done,
};
