// Streams by their id.
#include "wire_map.h"

#include <errno.h>
#include <string.h>

#define FIRST_CHAINS 16U

void wire_map_deinit(struct wire_map *m, struct h2_pool *pool)
{
	h2_pool_give(pool, m->chains);
	*m = (struct wire_map){ 0 };
}

static void place(struct wire_map *m, struct wire_node *n)
{
	struct wire_node **chain = &m->chains[(n->id >> 1) & m->mask];
	n->next_in_chain = *chain;
	*chain = n;
}

static int grow(struct wire_map *m, struct h2_pool *pool)
{
	const uint32_t had = m->chains ? m->mask + 1 : 0, want = had ? 2 * had : FIRST_CHAINS;
	struct wire_node **old = m->chains, **chains = h2_pool_take(pool, want * sizeof(*chains));
	if (!chains)
		return -ENOMEM;
	memset(chains, 0, want * sizeof(*chains));
	m->chains = chains;
	m->mask = want - 1;
	for (uint32_t i = 0; i < had; i++)
		for (struct wire_node *n = old[i], *next; n; n = next) {
			next = n->next_in_chain;
			place(m, n);
		}
	h2_pool_give(pool, old);
	return 0;
}

int wire_map_put(struct wire_map *m, struct h2_pool *pool, struct wire_node *n)
{
	if (!m->chains || m->count > m->mask) {
		int rc = grow(m, pool);
		if (rc < 0)
			return rc;
	}
	place(m, n);
	m->count++;
	return 0;
}

void wire_map_remove(struct wire_map *m, struct wire_node *n)
{
	struct wire_node **at = &m->chains[(n->id >> 1) & m->mask];
	while (*at != n)
		at = &(*at)->next_in_chain;
	*at = n->next_in_chain;
	m->count--;
}
