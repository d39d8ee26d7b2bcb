// The pool "slab-chain": fixed slabs one behind the other. When all are full there is one more, of the same
// size, or of the size of the request where that is larger. Slabs are never given back.
#include "pool.h"
#include "slab_fixed.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES UINT64_C(4096)
// As many slabs as can be walked through to find a block's.
#define SLABS 256U

struct slab_chain {
	struct pool base;
	uint64_t slab_bytes;
	unsigned count, current; // the slab that was asked last
	struct pool *slabs[SLABS];
};

static struct pool *find_slab(const struct slab_chain *c, const void *block)
{
	for (unsigned i = c->count; i-- > 0;)
		if (slab_fixed_has(c->slabs[i], block))
			return c->slabs[i];
	return NULL;
}

static int add_slab(struct slab_chain *c, uint64_t bytes, struct err *e)
{
	const struct pool_config config = { .capacity_bytes = bytes > c->slab_bytes ? bytes : c->slab_bytes };
	int rc = c->count == SLABS ? -ENOMEM : pool_open(&pool_slab_fixed, &config, &c->slabs[c->count], e);

	if (rc < 0)
		return rc;
	c->base.figures->capacity += c->slabs[c->count]->figures->capacity;
	c->current = c->count++;
	return 0;
}

// Asks one slab, and brings the figures up to date.
static void *ask(struct slab_chain *c, struct pool *slab, void *block, size_t old_bytes, size_t new_bytes)
{
	const struct tele_pool *own = slab->figures;
	struct tele_pool *f = c->base.figures;
	uint64_t used = own->used, acquires = own->acquires, releases = own->releases;
	void *p = pool_resize(slab, block, old_bytes, new_bytes);

	f->used += own->used - used;
	f->acquires += own->acquires - acquires;
	f->releases += own->releases - releases;
	if (f->used > f->high_water)
		f->high_water = f->used;
	return p;
}

// From the slab that had room last, else from the first that has, else from a new one.
static void *take(struct slab_chain *c, size_t bytes)
{
	void *p = ask(c, c->slabs[c->current], NULL, 0, bytes);

	for (unsigned i = 0; p == NULL && i < c->count; i++)
		if (i != c->current && (p = ask(c, c->slabs[i], NULL, 0, bytes)) != NULL)
			c->current = i;
	if (p == NULL && bytes <= UINT64_MAX - PAGE_BYTES && add_slab(c, bytes, NULL) == 0)
		p = ask(c, c->slabs[c->current], NULL, 0, bytes);
	return p;
}

static void *slab_chain_resize(void *pool, void *block, size_t old_bytes, size_t new_bytes)
{
	struct slab_chain *c = pool;
	struct pool *slab = block != NULL ? find_slab(c, block) : NULL;
	void *p = slab != NULL ? ask(c, slab, block, old_bytes, new_bytes) : NULL;

	if (p != NULL || new_bytes == 0)
		return p;
	p = take(c, new_bytes);
	if (p == NULL)
		return pool_deny(&c->base, new_bytes);
	if (slab != NULL) {
		memcpy(p, block, old_bytes < new_bytes ? old_bytes : new_bytes);
		ask(c, slab, block, old_bytes, 0);
	}
	return p;
}

static void slab_chain_close(struct pool *p)
{
	struct slab_chain *c = (struct slab_chain *)p;

	while (c->count > 0)
		pool_close(c->slabs[--c->count]);
	free(c);
}

static int slab_chain_open(const struct pool_config *config, struct pool **out, struct err *e)
{
	struct slab_chain *c = calloc(1, sizeof *c);
	int rc;

	if (c == NULL)
		return err_set(e, ENOMEM, "pool 'slab-chain': out of memory");
	c->slab_bytes = config->capacity_bytes;
	c->base.figures = &c->base.own; // until pool_open says where
	c->base.own.unit_bytes = 1;
	rc = add_slab(c, 0, e);
	if (rc < 0) {
		free(c);
		return rc;
	}
	*out = &c->base;
	return 0;
}

const struct pool_policy pool_slab_chain = {
	.name = "slab-chain",
	.summary = "fixed slabs, one more when all are full, up to 256",
	.min_capacity = PAGE_BYTES,
	.resize = slab_chain_resize,
	.open = slab_chain_open,
	.close = slab_chain_close,
};
