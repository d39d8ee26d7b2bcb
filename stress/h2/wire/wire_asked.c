// The wire engine of the server: a request's header, read once for each block.
#include "wire_server.h"

#include "exchange.h"

#include <string.h>

#define FAULT(code, why) ((struct wire_fault){ NGHTTP2_##code, (why) })
#define RIGHT ((struct wire_fault){ NGHTTP2_NO_ERROR, NULL })

struct heard {
	struct wire_block block;
	struct wire_asked *asked; // a reference
};

void wire_asked_release(struct h2_session *s, struct wire_asked *a)
{
	if (a && --a->references == 0)
		h2_pool_give(s->shared->pool, a);
}

void wire_heard_deinit(struct h2_session *s)
{
	for (size_t i = 0; i < WIRE_BLOCKS; i++)
		if (s->heard.slots[i])
			wire_asked_release(s, ((struct heard *)s->heard.slots[i])->asked);
	wire_blocks_deinit(&s->heard, s->shared->pool);
}

// ---- reading ------------------------------------------------------------------------------------------------

struct text_at {
	size_t at, len; // in the scratch
};

struct reading {
	struct wire_fields fields;
	struct buf *scratch;
	struct text_at method, path, authority;
	uint64_t header_count, header_hash;
};

static void keep_text(struct reading *r, struct text_at *t, const nghttp2_nv *nv)
{
	*t = (struct text_at){ r->scratch->len, nv->valuelen };
	buf_add(r->scratch, nv->value, nv->valuelen);
}

static void take_field(void *arg, const nghttp2_nv *nv)
{
	struct reading *r = arg;
	if (!wire_fields_take(&r->fields, nv) || r->fields.too_large)
		return; // beyond the limit nothing is spent on them
	if (nv->name[0] != ':') {
		r->header_count++;
		r->header_hash = h2_header_hash(r->header_hash, nv->name, nv->namelen, nv->value, nv->valuelen);
	} else if (nv->name[1] == 'm') {
		keep_text(r, &r->method, nv);
	} else if (nv->name[1] == 'p') {
		keep_text(r, &r->path, nv);
	} else if (nv->name[1] == 'a') {
		keep_text(r, &r->authority, nv);
	}
}

static struct h2_text text_of(const struct wire_asked *a, struct text_at t)
{
	return (struct h2_text){ a->text + t.at, t.len };
}

static struct wire_asked *make(struct h2_session *s, const struct reading *r)
{
	struct wire_asked *a = h2_pool_take(s->shared->pool, sizeof(*a) + s->scratch.len);
	if (!a)
		return NULL;
	*a = (struct wire_asked){ .references = 1,
		                  .serial = ++s->serials,
		                  .method = text_of(a, r->method),
		                  .path = text_of(a, r->path),
		                  .authority = text_of(a, r->authority),
		                  .header_count = r->header_count,
		                  .header_hash = r->header_hash,
		                  .content_length = r->fields.content_length,
		                  .too_large = r->fields.too_large };
	if (s->scratch.len > 0)
		memcpy(a->text, s->scratch.data, s->scratch.len);
	return a;
}

// ---- blocks known -------------------------------------------------------------------------------------------

static void remember(struct h2_session *s, struct wire_asked *a, uint32_t generation, const uint8_t *block,
                     size_t len)
{
	union {
		const uint8_t *in;
		uint8_t *out; // which is only copied from
	} bytes = { block };
	const struct wire_block key = { NULL, generation, (uint32_t)len, bytes.out };
	if (generation != s->decoder.generation || len > WIRE_BLOCK_MAX || a->too_large)
		return;
	const struct heard *old = (const struct heard *)wire_blocks_place(&s->heard, &key);
	wire_asked_release(s, old ? old->asked : NULL);
	struct heard *h = (struct heard *)wire_blocks_keep(&s->heard, s->shared->pool, sizeof(*h), &key);
	if (!h)
		return;
	h->asked = a;
	a->references++;
}

static struct wire_fault judge(struct reading *r)
{
	const bool right = wire_fields_end(&r->fields);
	if (r->fields.too_large) // whatever else it is: it was not read to its end
		return RIGHT;
	if (!right)
		return FAULT(PROTOCOL_ERROR, r->fields.why);
	return r->fields.connect ? FAULT(PROTOCOL_ERROR, "CONNECT, which is not served") : RIGHT;
}

// Reads a section. A fault, or RIGHT.
static struct wire_fault read_section(struct h2_session *s, enum wire_section section, const uint8_t *block,
                                      size_t len, struct reading *r)
{
	*r = (struct reading){ .scratch = &s->scratch, .header_hash = H2_HASH_START };
	buf_clear(&s->scratch);
	wire_fields_begin(&r->fields, section, s->shared->limits.max_header_bytes);
	if (wire_decode(&s->decoder, block, len, take_field, r) < 0)
		return FAULT(COMPRESSION_ERROR, "a header that HPACK cannot read");
	return judge(r);
}

struct wire_fault wire_ask_trailers(struct h2_session *s, const uint8_t *block, size_t len, struct wire_request *r)
{
	struct reading reading;
	const struct wire_fault fault = read_section(s, WIRE_TRAILERS, block, len, &reading);
	if (r) {
		r->trailer_count = reading.header_count;
		r->trailer_hash = reading.header_hash;
	}
	return fault;
}

struct wire_fault wire_ask(struct h2_session *s, const uint8_t *block, size_t len, struct wire_asked **asked)
{
	const uint32_t generation = s->decoder.generation;
	const struct heard *known =
	        (const struct heard *)wire_blocks_find(&s->heard, NULL, generation, block, len);
	if (known) {
		*asked = known->asked;
		known->asked->references++;
		return RIGHT;
	}
	struct reading r;
	const struct wire_fault fault = read_section(s, WIRE_REQUEST, block, len, &r);
	if (fault.why)
		return fault;
	*asked = s->scratch.failed ? NULL : make(s, &r);
	if (!*asked)
		return FAULT(INTERNAL_ERROR, "out of memory");
	remember(s, *asked, generation, block, len);
	return RIGHT;
}
