// The pool "jemalloc": an arena and a thread cache of its own in a jemalloc that replaces nobody's malloc.
// Counts in bytes as they were asked for.
#include "pool.h"

#include <errno.h>
#include <jemalloc/jemalloc.h>
#include <stdio.h>
#include <stdlib.h>

struct pool_je {
	struct pool base;
	unsigned arena, tcache;
	int flags; // for mallocx and its kin: that arena, that cache
};

static void destroy(const char *what, unsigned i)
{
	char name[64];

	snprintf(name, sizeof name, what, i);
	mallctl(name, NULL, NULL, NULL, 0);
}

static void je_close(struct pool *p)
{
	struct pool_je *j = (struct pool_je *)p;

	mallctl("tcache.destroy", NULL, NULL, &j->tcache, sizeof j->tcache);
	destroy("arena.%u.destroy", j->arena);
	free(j);
}

static int je_open(const struct pool_config *c, struct pool **out, struct err *e)
{
	struct pool_je *j = calloc(1, sizeof *j);
	size_t size = sizeof(unsigned);
	int rc;

	(void)c;
	if (j == NULL)
		return err_set(e, ENOMEM, "pool 'jemalloc': out of memory");
	rc = mallctl("arenas.create", &j->arena, &size, NULL, 0);
	if (rc == 0) {
		rc = mallctl("tcache.create", &j->tcache, &size, NULL, 0);
		if (rc != 0)
			destroy("arena.%u.destroy", j->arena);
	}
	if (rc != 0) {
		free(j);
		return err_set(e, rc, "pool 'jemalloc': it refuses a further arena (error %d)", rc);
	}
	j->flags = MALLOCX_ARENA(j->arena) | MALLOCX_TCACHE(j->tcache);
	j->base.own.unit_bytes = 1;
	*out = &j->base;
	return 0;
}

static void count(struct tele_pool *f, uint64_t more)
{
	f->used += more;
	if (f->used > f->high_water)
		f->high_water = f->used;
}

static void *je_resize(void *pool, void *block, size_t old_bytes, size_t new_bytes)
{
	struct pool_je *j = pool;
	struct tele_pool *f = j->base.figures;
	void *fresh;

	if (new_bytes == 0) {
		if (block != NULL) {
			// Not sdallocx: after a shrinking that stayed in place the size is not the block's.
			dallocx(block, j->flags);
			f->used -= old_bytes;
			f->releases++;
		}
		return NULL;
	}
	if (block == NULL) {
		fresh = mallocx(new_bytes, j->flags);
		if (fresh == NULL)
			return pool_deny(&j->base, new_bytes);
		f->acquires++;
		count(f, new_bytes);
		return fresh;
	}
	fresh = rallocx(block, new_bytes, j->flags);
	if (fresh == NULL)
		return new_bytes <= old_bytes ? block : pool_deny(&j->base, new_bytes);
	count(f, new_bytes - old_bytes);
	return fresh;
}

const struct pool_policy pool_jemalloc = {
	.name = "jemalloc",
	.summary = "an arena of jemalloc, beside the process's malloc",
	.resize = je_resize,
	.open = je_open,
	.close = je_close,
};
