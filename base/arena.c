// Chunks from calloc, each at least as large as all before it up to 1 MiB, so that small trees stay small.
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CHUNK 4096U
#define LARGEST_CHUNK (1024U * 1024U)

struct arena_chunk {
	struct arena_chunk *next;
	_Alignas(max_align_t) unsigned char bytes[];
};

static int add_chunk(struct arena *a, size_t need)
{
	size_t size = a->total == 0 ? FIRST_CHUNK : a->total < LARGEST_CHUNK ? a->total : LARGEST_CHUNK;
	struct arena_chunk *c;

	if (size < need)
		size = need;
	if (a->limit != 0 && size > a->limit - a->total)
		size = a->limit - a->total;
	if (size < need || size > SIZE_MAX - sizeof *c)
		return -1;
	c = calloc(1, sizeof *c + size);
	if (c == NULL)
		return -1;
	c->next = a->chunks;
	a->chunks = c;
	a->used = 0;
	a->size = size;
	a->total += size;
	return 0;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	const size_t align = _Alignof(max_align_t);
	void *p;

	if (bytes > SIZE_MAX - align)
		return NULL;
	bytes = (bytes + align - 1) / align * align;
	if (bytes > a->size - a->used && add_chunk(a, bytes) < 0)
		return NULL;
	p = a->chunks != NULL ? a->chunks->bytes + a->used : NULL;
	a->used += bytes;
	return p;
}

char *arena_text(struct arena *a, const char *text, size_t len)
{
	char *copy = len < SIZE_MAX ? arena_alloc(a, len + 1) : NULL;

	if (copy != NULL && len != 0)
		memcpy(copy, text, len);
	return copy;
}

void arena_deinit(struct arena *a)
{
	struct arena_chunk *next;

	for (struct arena_chunk *c = a->chunks; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	*a = (struct arena){ .limit = a->limit };
}
