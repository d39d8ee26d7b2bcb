// Field sections: nghttp2's HPACK, and blocks kept.
#include "wire_hpack.h"

#include "client_settings.h"
#include "session_shared.h"

#include <errno.h>
#include <string.h>

// ---- blocks kept --------------------------------------------------------------------------------------------

// Takes the slot for a copy of the block.
static struct wire_block *keep(struct wire_block **slot, struct h2_pool *pool, size_t size,
                               const struct wire_block *block)
{
	if (block->len > WIRE_BLOCK_MAX)
		return NULL;
	h2_pool_give(pool, *slot);
	*slot = h2_pool_take(pool, size + block->len);
	struct wire_block *kept = *slot;
	if (!kept)
		return NULL;
	memset(kept, 0, size);
	*kept = *block;
	kept->bytes = (uint8_t *)kept + size;
	memcpy(kept->bytes, block->bytes, block->len);
	return kept;
}

struct wire_block *wire_blocks_keep(struct wire_blocks *b, struct h2_pool *pool, size_t size,
                                    const struct wire_block *block)
{
	return keep(&b->slots[wire_blocks_slot(block->key, block->len)], pool, size, block);
}

struct wire_block *wire_blocks_place(const struct wire_blocks *b, const struct wire_block *block)
{
	return b->slots[wire_blocks_slot(block->key, block->len)];
}

void wire_blocks_deinit(struct wire_blocks *b, struct h2_pool *pool)
{
	for (size_t i = 0; i < WIRE_BLOCKS; i++)
		h2_pool_give(pool, b->slots[i]);
	*b = (struct wire_blocks){ 0 };
}

// ---- what a block does (RFC 7541, 6) ------------------------------------------------------------------------

struct cursor {
	const uint8_t *at, *end;
};

// An integer with a prefix of `bits`; false when it is cut off.
static bool skip_integer(struct cursor *c, unsigned bits, uint64_t *value)
{
	const unsigned mask = (1U << bits) - 1;
	if (c->at == c->end)
		return false;
	*value = *c->at++ & mask;
	if (*value < mask)
		return true;
	for (unsigned shift = 0; c->at < c->end && shift < 56; shift += 7) {
		const uint8_t byte = *c->at++;
		*value += (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

static bool skip_string(struct cursor *c)
{
	uint64_t len;
	if (!skip_integer(c, 7, &len) || len > (uint64_t)(c->end - c->at))
		return false;
	c->at += len;
	return true;
}

// Over a literal that leaves the table alone.
static bool skip_literal(struct cursor *c)
{
	uint64_t name;
	return skip_integer(c, 4, &name) && (name > 0 || skip_string(c)) && skip_string(c);
}

bool wire_block_changes_table(const uint8_t *block, size_t len)
{
	struct cursor c = { block, block + len };
	uint64_t index;
	while (c.at < c.end) {
		const uint8_t first = *c.at;
		const bool indexed = first & 0x80, leaves = first < 0x20;
		if (!indexed && !leaves)
			return true;
		if (indexed ? !skip_integer(&c, 7, &index) : !skip_literal(&c))
			return true;
	}
	return false;
}

// ---- sending ------------------------------------------------------------------------------------------------

int wire_encoder_init(struct wire_encoder *e, struct h2_pool *pool, uint32_t bytes)
{
	*e = (struct wire_encoder){ .pool = pool };
	return h2_session_errno(nghttp2_hd_deflate_new2(&e->deflater, bytes, h2_pool_mem(pool)));
}

void wire_encoder_deinit(struct wire_encoder *e)
{
	if (e->deflater)
		nghttp2_hd_deflate_del(e->deflater);
	e->deflater = NULL;
	h2_pool_give(e->pool, e->last);
	e->last = NULL;
	wire_blocks_deinit(&e->blocks, e->pool);
}

int wire_encoder_resize(struct wire_encoder *e, uint32_t bytes)
{
	e->generation++;
	return h2_session_errno(nghttp2_hd_deflate_change_table_size(e->deflater, bytes));
}

// Encodes into e->last. Its length or -errno.
static ssize_t encode_anew(struct wire_encoder *e, const nghttp2_nv *fields, size_t count)
{
	const size_t bound = nghttp2_hd_deflate_bound(e->deflater, fields, count);
	h2_pool_give(e->pool, e->last);
	e->last = h2_pool_take(e->pool, bound);
	if (!e->last)
		return -ENOMEM;
	const ssize_t n = nghttp2_hd_deflate_hd(e->deflater, e->last, bound, fields, count);
	return n < 0 ? h2_session_errno((int)n) : n;
}

ssize_t wire_encode(struct wire_encoder *e, const void *key, const nghttp2_nv *fields, size_t count,
                    const uint8_t **block)
{
	struct wire_block **slot = &e->blocks.slots[wire_blocks_slot(key, 0)];
	const struct wire_block *known = wire_encoder_known(e, key);
	if (known) {
		*block = known->bytes;
		return known->len;
	}
	const ssize_t n = encode_anew(e, fields, count);
	if (n < 0)
		return n;
	*block = e->last;
	if (wire_block_changes_table(e->last, (size_t)n))
		e->generation++;
	else if (key)
		keep(slot, e->pool, sizeof(**slot),
		     &(struct wire_block){ key, e->generation, (uint32_t)n, e->last });
	return n;
}

// ---- receiving ----------------------------------------------------------------------------------------------

int wire_decoder_init(struct wire_decoder *d, struct h2_pool *pool)
{
	*d = (struct wire_decoder){ 0 };
	return h2_session_errno(nghttp2_hd_inflate_new2(&d->inflater, h2_pool_mem(pool)));
}

int wire_decoder_resize(struct wire_decoder *d, uint32_t bytes)
{
	if (bytes == NGHTTP2_DEFAULT_HEADER_TABLE_SIZE)
		return 0;
	d->generation++; // entries may be gone, and the next section may have to begin with the table's size
	return h2_session_errno(nghttp2_hd_inflate_change_table_size(d->inflater, bytes));
}

void wire_decoder_deinit(struct wire_decoder *d)
{
	if (d->inflater)
		nghttp2_hd_inflate_del(d->inflater);
	d->inflater = NULL;
}

int wire_decode(struct wire_decoder *d, const uint8_t *block, size_t len,
                void (*field)(void *arg, const nghttp2_nv *nv), void *arg)
{
	const uint8_t *at = block;
	size_t left = len;
	for (int flags = 0; !(flags & NGHTTP2_HD_INFLATE_FINAL);) {
		nghttp2_nv nv;
		flags = 0;
		ssize_t n = nghttp2_hd_inflate_hd2(d->inflater, &nv, &flags, at, left, 1);
		if (n < 0)
			return n == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EPROTO;
		at += n;
		left -= (size_t)n;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			field(arg, &nv);
		else if (n == 0 && !(flags & NGHTTP2_HD_INFLATE_FINAL))
			return -EPROTO;
	}
	nghttp2_hd_inflate_end_headers(d->inflater);
	if (wire_block_changes_table(block, len))
		d->generation++;
	return 0;
}
