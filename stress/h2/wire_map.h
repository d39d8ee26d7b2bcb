// Streams by their id: open addressing, whose ids come in order and so lie side by side.
#ifndef SG_H2_WIRE_MAP_H
#define SG_H2_WIRE_MAP_H

#include "pool.h"

#include <stddef.h>
#include <stdint.h>

struct wire_map {
	struct wire_slot {
		uint32_t id; // 0: empty
		void *stream;
	} * slots;     // of the pool
	uint32_t mask; // number of slots - 1
	uint32_t count;
};

void wire_map_deinit(struct wire_map *m, struct h2_pool *pool);
// `id` must be odd and not there yet. 0 or -ENOMEM.
int wire_map_put(struct wire_map *m, struct h2_pool *pool, uint32_t id, void *stream);
void wire_map_remove(struct wire_map *m, uint32_t id); // it must be there

static inline void *wire_map_get(const struct wire_map *m, uint32_t id)
{
	if (m->count == 0)
		return NULL;
	for (uint32_t i = id >> 1;; i++) {
		const struct wire_slot *s = &m->slots[i & m->mask];
		if (s->id == 0)
			return NULL;
		if (s->id == id)
			return s->stream;
	}
}

#endif
