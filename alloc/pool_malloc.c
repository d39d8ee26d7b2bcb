// The pool "malloc": whatever malloc the process has. Counts in bytes as they were asked for.
#include "pool.h"

#include <errno.h>
#include <stdlib.h>

static int malloc_open(const struct pool_config *c, struct pool **out, struct err *e)
{
	struct pool *p = calloc(1, sizeof *p);

	(void)c;
	if (p == NULL)
		return err_set(e, ENOMEM, "pool 'malloc': out of memory");
	p->own.unit_bytes = 1;
	*out = p;
	return 0;
}

static void malloc_close(struct pool *p)
{
	free(p);
}

static void *malloc_resize(void *pool, void *block, size_t old_bytes, size_t new_bytes)
{
	struct pool *p = pool;
	struct tele_pool *f = p->figures;
	void *fresh;

	if (new_bytes == 0) {
		if (block != NULL) {
			free(block);
			f->used -= old_bytes;
			f->releases++;
		}
		return NULL;
	}
	fresh = block == NULL ? malloc(new_bytes) : realloc(block, new_bytes);
	if (fresh == NULL)
		return block != NULL && new_bytes <= old_bytes ? block : pool_deny(p, new_bytes);
	if (block == NULL) {
		f->acquires++;
		f->used += new_bytes;
	} else {
		f->used += new_bytes - old_bytes;
	}
	if (f->used > f->high_water)
		f->high_water = f->used;
	return fresh;
}

const struct pool_policy pool_malloc = {
	.name = "malloc",
	.summary = "the process's own malloc, counted",
	.resize = malloc_resize,
	.open = malloc_open,
	.close = malloc_close,
};
