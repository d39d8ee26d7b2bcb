// Memory for nghttp2: free lists by size over chunks, for one thread. Its sessions allocate and free a handful of
// small blocks for every stream; a list in the cache is cheaper than a general malloc.
#ifndef SG_H2_POOL_H
#define SG_H2_POOL_H

#include <nghttp2/nghttp2.h>
#include <stdint.h>

struct h2_pool;

struct h2_pool *h2_pool_new(void); // NULL without memory
// Returns all of its memory; every session that used it must be gone. Accepts NULL.
void h2_pool_free(struct h2_pool *p);
// For nghttp2_session_*_new3; lives as long as the pool.
nghttp2_mem *h2_pool_mem(struct h2_pool *p);
// Blocks that are in use now.
uint64_t h2_pool_live(const struct h2_pool *p);

void *h2_pool_take(struct h2_pool *p, size_t size); // uninitialised, aligned to 16; NULL without memory
void h2_pool_give(struct h2_pool *p, void *block);  // accepts NULL

#endif
