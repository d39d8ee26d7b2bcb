// Field sections of a peer that means us no good: blocks of any bytes, some sent again. The decoder with blocks
// recalled comes to what nghttp2's alone comes to, block by block. In the input a byte below 0xc0 is the length of
// the block behind it, and one above recalls an earlier block by its number.
#include "wire_hpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS 32U
#define AGAIN 0xc0U // bytes from here on: an earlier block

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

// What a section says, as a hash of its fields in order.
struct meaning {
	uint64_t hash, fields;
};

struct kept {
	struct wire_block block;
	struct meaning meaning;
};

struct span {
	const uint8_t *bytes;
	size_t len;
};

static void add_bytes(struct meaning *m, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		m->hash = (m->hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	m->hash = (m->hash ^ len) * UINT64_C(0x100000001b3);
}

static void take(void *arg, const nghttp2_nv *nv)
{
	struct meaning *m = arg;
	add_bytes(m, nv->name, nv->namelen);
	add_bytes(m, nv->value, nv->valuelen);
	m->fields++;
}

// As nghttp2's documentation has it, with nothing of ours. 0 or a negative error.
static int decode_alone(nghttp2_hd_inflater *inflater, struct span s, struct meaning *m)
{
	for (int flags = 0; !(flags & NGHTTP2_HD_INFLATE_FINAL);) {
		nghttp2_nv nv;
		flags = 0;
		const ssize_t n = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, s.bytes, s.len, 1);
		if (n < 0)
			return (int)n;
		s.bytes += n;
		s.len -= (size_t)n;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			take(m, &nv);
		if (n == 0 && !(flags & (NGHTTP2_HD_INFLATE_EMIT | NGHTTP2_HD_INFLATE_FINAL)))
			return -1;
	}
	return nghttp2_hd_inflate_end_headers(inflater);
}

// As the engines do it: what is known is not decoded, what changes no table is kept.
static int decode_recalling(struct wire_decoder *d, struct wire_blocks *known, struct h2_pool *pool, struct span s,
                            struct meaning *m)
{
	const uint32_t generation = d->generation;
	const struct kept *old = (const struct kept *)wire_blocks_find(known, known, generation, s.bytes, s.len);
	if (old) {
		*m = old->meaning;
		return 0;
	}
	const int rc = wire_decode(d, s.bytes, s.len, take, m);
	if (rc < 0 || generation != d->generation || s.len > WIRE_BLOCK_MAX)
		return rc;
	union {
		const uint8_t *in;
		uint8_t *out; // which is only copied from
	} bytes = { s.bytes };
	struct kept *now = (struct kept *)wire_blocks_keep(
	        known, pool, sizeof(*now), &(struct wire_block){ known, generation, (uint32_t)s.len, bytes.out });
	must(now != NULL);
	now->meaning = *m;
	return 0;
}

// The next block of the input; false at its end.
static bool next(const uint8_t **at, const uint8_t *end, struct span *seen, size_t *count, struct span *s)
{
	if (*at == end)
		return false;
	const unsigned first = *(*at)++;
	if (first >= AGAIN) {
		*s = *count > 0 ? seen[(first - AGAIN) % *count] : (struct span){ *at, 0 };
		return true;
	}
	const size_t left = (size_t)(end - *at);
	*s = (struct span){ *at, first < left ? first : left };
	*at += s->len;
	if (*count < BLOCKS)
		seen[(*count)++] = *s;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct h2_pool *pool = h2_pool_new();
	struct wire_blocks known = { 0 };
	struct wire_decoder d;
	nghttp2_hd_inflater *alone = NULL;
	struct span seen[BLOCKS], s;
	size_t count = 0;
	int rc = 0;
	must(pool && wire_decoder_init(&d, pool) == 0 && nghttp2_hd_inflate_new(&alone) == 0);
	for (const uint8_t *at = data, *end = data + size; rc == 0 && next(&at, end, seen, &count, &s);) {
		struct meaning ours = { 0, 0 }, theirs = { 0, 0 };
		rc = decode_alone(alone, s, &theirs);
		must((decode_recalling(&d, &known, pool, s, &ours) < 0) == (rc < 0));
		must(ours.fields == theirs.fields && ours.hash == theirs.hash);
		must(nghttp2_hd_inflate_get_dynamic_table_size(alone) ==
		     nghttp2_hd_inflate_get_dynamic_table_size(d.inflater));
	}
	nghttp2_hd_inflate_del(alone);
	wire_decoder_deinit(&d);
	wire_blocks_deinit(&known, pool);
	must(h2_pool_live(pool) == 0);
	h2_pool_free(pool);
	return 0;
}
