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

int wire_map_grow(struct wire_map *m, struct h2_pool *pool)
{
	const uint32_t had = m->room, want = had ? 2 * had : FIRST_CHAINS;
	struct wire_node **old = m->chains, **chains = h2_pool_take(pool, want * sizeof(*chains));
	if (!chains)
		return -ENOMEM;
	memset(chains, 0, want * sizeof(*chains));
	m->chains = chains;
	m->mask = want - 1;
	m->room = want;
	for (uint32_t i = 0; i < had; i++)
		for (struct wire_node *n = old[i], *next; n; n = next) {
			next = n->next_in_chain;
			wire_map_place(m, n);
		}
	h2_pool_give(pool, old);
	return 0;
}
