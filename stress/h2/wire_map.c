// Streams by their id.
#include "wire_map.h"

#include <errno.h>
#include <string.h>

#define FIRST_SLOTS 16U

void wire_map_deinit(struct wire_map *m, struct h2_pool *pool)
{
	h2_pool_give(pool, m->slots);
	*m = (struct wire_map){ 0 };
}

static void place(struct wire_map *m, uint32_t id, void *stream)
{
	uint32_t i = id >> 1;
	while (m->slots[i & m->mask].id != 0)
		i++;
	m->slots[i & m->mask] = (struct wire_slot){ id, stream };
}

static int grow(struct wire_map *m, struct h2_pool *pool)
{
	const uint32_t had = m->slots ? m->mask + 1 : 0, want = had ? 2 * had : FIRST_SLOTS;
	struct wire_slot *old = m->slots, *slots = h2_pool_take(pool, want * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memset(slots, 0, want * sizeof(*slots));
	m->slots = slots;
	m->mask = want - 1;
	for (uint32_t i = 0; i < had; i++)
		if (old[i].id != 0)
			place(m, old[i].id, old[i].stream);
	h2_pool_give(pool, old);
	return 0;
}

int wire_map_put(struct wire_map *m, struct h2_pool *pool, uint32_t id, void *stream)
{
	if (!m->slots || 2 * (m->count + 1) > m->mask + 1) { // at most half full
		int rc = grow(m, pool);
		if (rc < 0)
			return rc;
	}
	place(m, id, stream);
	m->count++;
	return 0;
}

// Closes the gap: what lies behind it, and not at its own place, moves up.
void wire_map_remove(struct wire_map *m, uint32_t id)
{
	uint32_t gap = id >> 1;
	while (m->slots[gap & m->mask].id != id)
		gap++;
	for (uint32_t i = gap + 1;; i++) {
		const struct wire_slot s = m->slots[i & m->mask];
		if (s.id == 0)
			break;
		if (((i - (s.id >> 1)) & m->mask) >= ((i - gap) & m->mask)) {
			m->slots[gap & m->mask] = s;
			gap = i;
		}
	}
	m->slots[gap & m->mask].id = 0;
	m->count--;
}
