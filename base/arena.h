// Memory that is given back all at once: what belongs to one tree lives in one arena.
#ifndef SG_ARENA_H
#define SG_ARENA_H

#include <stddef.h>

struct arena_chunk;

// A zeroed struct arena is an empty one without a limit.
struct arena {
	struct arena_chunk *chunks; // newest first
	size_t used, size;          // of the newest chunk, in bytes
	size_t total;               // bytes of all chunks
	size_t limit;               // the most that total may reach; 0: none
};

// Zeroed memory, aligned for any type; NULL without memory or past the limit.
void *arena_alloc(struct arena *a, size_t bytes);
// A copy of `len` bytes with a NUL behind; NULL likewise.
char *arena_text(struct arena *a, const char *text, size_t len);
void arena_deinit(struct arena *a);

#endif
