// Field sections (RFC 7541) by nghttp2's HPACK, with the blocks that were seen before kept: a block that changes
// no table means the same each time, as long as nothing else has changed the table. So it is sent again verbatim,
// and what was made of it once needs no decoding.
#ifndef SG_H2_WIRE_HPACK_H
#define SG_H2_WIRE_HPACK_H

#include "pool.h"

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WIRE_BLOCK_MAX 512U // longer ones are not kept
#define WIRE_BLOCKS 16U     // a power of two

// A block that is kept; the first member of what its user remembers with it.
struct wire_block {
	const void *key;
	uint32_t generation; // of the table
	uint32_t len;
	uint8_t *bytes;
};

struct wire_blocks {
	struct wire_block *slots[WIRE_BLOCKS];
};

static inline unsigned wire_blocks_slot(const void *key, size_t len)
{
	const uint64_t hash = ((uint64_t)(uintptr_t)key ^ len * 0x9e3779b97f4a7c15U) * 0x9e3779b97f4a7c15U;
	return (unsigned)(hash >> 32) & (WIRE_BLOCKS - 1);
}

// The one with these bytes, of this key and generation, or NULL.
static inline struct wire_block *wire_blocks_find(const struct wire_blocks *b, const void *key,
                                                  uint32_t generation, const uint8_t *bytes, size_t len)
{
	struct wire_block *found = b->slots[wire_blocks_slot(key, len)];
	if (!found || found->key != key || found->generation != generation || found->len != len ||
	    memcmp(found->bytes, bytes, len) != 0)
		return NULL;
	return found;
}
// What is in the place that a block of this key and length would take, or NULL.
struct wire_block *wire_blocks_place(const struct wire_blocks *b, const struct wire_block *block);
// Keeps a copy in a new struct of `size` bytes, zeroed behind the block; NULL without memory or if it is too long.
struct wire_block *wire_blocks_keep(struct wire_blocks *b, struct h2_pool *pool, size_t size,
                                    const struct wire_block *block);
void wire_blocks_deinit(struct wire_blocks *b, struct h2_pool *pool);

// Whether a well-formed block inserts into the dynamic table or resizes it. True also for one that is cut off.
bool wire_block_changes_table(const uint8_t *block, size_t len);

// ---- sending ------------------------------------------------------------------------------------------------

struct wire_encoder {
	nghttp2_hd_deflater *deflater;
	struct h2_pool *pool;
	uint32_t generation;
	struct wire_blocks blocks;
	uint8_t *last; // the block that the last call made, where it was not kept
};

// `bytes`: of its table at most, whatever the peer allows. 0 or -errno.
int wire_encoder_init(struct wire_encoder *e, struct h2_pool *pool, uint32_t bytes);
void wire_encoder_deinit(struct wire_encoder *e);
// The peer's SETTINGS_HEADER_TABLE_SIZE; no more than 4096 bytes are used.
int wire_encoder_resize(struct wire_encoder *e, uint32_t bytes);
// The block that the next call with this key makes, where that is known and needs no fields; else NULL, as for
// the key NULL.
static inline const struct wire_block *wire_encoder_known(const struct wire_encoder *e, const void *key)
{
	const struct wire_block *kept = e->blocks.slots[wire_blocks_slot(key, 0)];
	return key && kept && kept->key == key && kept->generation == e->generation ? kept : NULL;
}
// The block of these fields, borrowed until the next call: its length, or -errno. The same `key` (not NULL)
// promises the same fields; NULL promises nothing.
ssize_t wire_encode(struct wire_encoder *e, const void *key, const nghttp2_nv *fields, size_t count,
                    const uint8_t **block);

// ---- receiving ----------------------------------------------------------------------------------------------

struct wire_decoder {
	nghttp2_hd_inflater *inflater;
	uint32_t generation;
};

int wire_decoder_init(struct wire_decoder *d, struct h2_pool *pool); // 0 or -errno
// Once the peer has acknowledged that size, which it had not announced before. 0 or -errno.
int wire_decoder_resize(struct wire_decoder *d, uint32_t bytes);
void wire_decoder_deinit(struct wire_decoder *d);
// Calls `field` for each; what it is given is valid within the call. 0; -EPROTO for what is no HPACK; -ENOMEM.
int wire_decode(struct wire_decoder *d, const uint8_t *block, size_t len,
                void (*field)(void *arg, const nghttp2_nv *nv), void *arg);

#endif
