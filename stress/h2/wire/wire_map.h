// Streams by their id: chains, which ids that come in order keep to a length of one.
#ifndef SG_H2_WIRE_MAP_H
#define SG_H2_WIRE_MAP_H

#include "pool.h"

#include <stddef.h>
#include <stdint.h>

// The first member of a stream.
struct wire_node {
	uint32_t id;
	struct wire_node *next_in_chain;
};

struct wire_map {
	struct wire_node **chains; // of the pool
	uint32_t mask;             // number of chains - 1
	uint32_t count, room;      // streams; as many as there are chains
};

void wire_map_deinit(struct wire_map *m, struct h2_pool *pool); // the streams stay the caller's
int wire_map_grow(struct wire_map *m, struct h2_pool *pool);    // the number of chains; 0 or -ENOMEM

static inline void wire_map_place(struct wire_map *m, struct wire_node *n)
{
	struct wire_node **chain = &m->chains[(n->id >> 1) & m->mask];
	n->next_in_chain = *chain;
	*chain = n;
}

// `n->id` must be odd and not there yet. 0 or -ENOMEM.
static inline int wire_map_put(struct wire_map *m, struct h2_pool *pool, struct wire_node *n)
{
	if (m->count >= m->room) {
		const int rc = wire_map_grow(m, pool);
		if (rc < 0)
			return rc;
	}
	wire_map_place(m, n);
	m->count++;
	return 0;
}

// It must be there.
static inline void wire_map_remove(struct wire_map *m, struct wire_node *n)
{
	struct wire_node **at = &m->chains[(n->id >> 1) & m->mask];
	while (*at != n)
		at = &(*at)->next_in_chain;
	*at = n->next_in_chain;
	m->count--;
}

static inline void *wire_map_get(const struct wire_map *m, uint32_t id)
{
	struct wire_node *n = m->chains ? m->chains[(id >> 1) & m->mask] : NULL;
	while (n && n->id != id)
		n = n->next_in_chain;
	return n;
}

#endif
