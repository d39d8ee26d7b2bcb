// Requests made from templates with places, bodies hashed, gRPC's messages counted.
#include "more.h"

#include "nv.h"
#include "template.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

// gRPC's "length-prefixed message": a flag, four bytes of length, the message
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
#define PREFIX 5U
#define VARINT_BYTES 10U // the longest of protobuf's

struct h2_more {
	struct h2_prepared prepared;
	EVP_MD_CTX *digest;
	uint8_t prefix[PREFIX];
	unsigned have;      // bytes of the prefix
	uint64_t left;      // of the message behind it
	uint64_t messages;  // that have begun
	char *text;         // what the places became
	nghttp2_nv *fields; // in one block with the rest
	struct h2_header *expected;
};

// ---- room ---------------------------------------------------------------------------------------------------

static size_t most_of(const struct h2_part *part)
{
	const size_t text = part->text ? h2_template_most(part->text) : part->len;
	return text + 1 + (part->kind == H2_PART_MESSAGE ? PREFIX : 0) +
	       (part->kind == H2_PART_FIELD ? 2 * VARINT_BYTES : 0);
}

static void at_least(size_t *most, size_t n)
{
	if (*most < n)
		*most = n;
}

void h2_more_plan_add(struct h2_more_plan *plan, const struct h2_prepared *p)
{
	size_t bytes = 0;
	for (size_t i = 0; i < p->request->part_count; i++)
		bytes += most_of(&p->request->parts[i]);
	at_least(&plan->bytes, bytes);
	if (!p->varies)
		return;
	at_least(&plan->fields, p->header_count + p->trailer_count);
	at_least(&plan->expected, p->expected_count);
}

static struct h2_more *more_new(const struct h2_more_plan *plan)
{
	const size_t fields = plan->fields * sizeof(nghttp2_nv),
	             expected = plan->expected * sizeof(struct h2_header);
	struct h2_more *m = calloc(1, sizeof(*m) + fields + expected + plan->bytes);
	if (!m)
		return NULL;
	m->fields = (nghttp2_nv *)(m + 1);
	m->expected = (struct h2_header *)(m->fields + plan->fields);
	m->text = (char *)(m->expected + plan->expected);
	return m;
}

void h2_more_free(struct h2_more *m)
{
	if (!m)
		return;
	EVP_MD_CTX_free(m->digest);
	free(m);
}

// ---- requests made ------------------------------------------------------------------------------------------

static size_t put_varint(char *to, uint64_t n)
{
	size_t len = 0;
	for (; n >= 0x80; n >>= 7)
		to[len++] = (char)(n | 0x80);
	to[len++] = (char)n;
	return len;
}

// A field of protobuf's wire type 2: its key, its length, its bytes.
static size_t put_field(const struct h2_part *part, struct h2_draw *d, char *to)
{
	char head[2 * VARINT_BYTES];
	const size_t len = h2_template_write(part->text, d, to + sizeof(head));
	size_t n = put_varint(head, (uint64_t)part->index << 3 | 2);
	n += put_varint(head + n, len);
	memcpy(to, head, n);
	memmove(to + n, to + sizeof(head), len);
	return n + len;
}

static void put_length(char *prefix, const char *end)
{
	const uint64_t len = (uint64_t)(end - prefix) - PREFIX;
	prefix[0] = 0; // not compressed
	for (unsigned i = 0; i < 4; i++)
		prefix[1 + i] = (char)(len >> (24 - 8 * i));
}

// The parts of the body, from `i` on, which are the last ones.
static void make_body(struct h2_more *m, const struct h2_request *q, size_t i, struct h2_draw *d, char *to)
{
	char *const begin = to, *prefix = NULL;
	for (; i < q->part_count; i++) {
		const struct h2_part *part = &q->parts[i];
		if (part->kind == H2_PART_MESSAGE) {
			if (prefix)
				put_length(prefix, to);
			prefix = to;
			to += PREFIX;
		} else if (part->kind == H2_PART_FIELD) {
			to += put_field(part, d, to);
		} else if (part->text) {
			to += h2_template_write(part->text, d, to);
		} else {
			memcpy(to, part->bytes, part->len);
			to += part->len;
		}
	}
	if (prefix)
		put_length(prefix, to);
	m->prepared.body = (struct h2_body){ begin, (uint64_t)(to - begin) };
	if (q->expect.echoes)
		m->prepared.expected_body = m->prepared.body;
}

static nghttp2_nv *field_of(struct h2_more *m, const struct h2_part *part)
{
	switch (part->kind) {
	case H2_PART_PATH:
		return &m->prepared.headers[H2_AT_PATH];
	case H2_PART_AUTHORITY:
		return &m->prepared.headers[H2_AT_AUTHORITY];
	case H2_PART_HEADER:
		return &m->prepared.headers[H2_AT_FIELDS + part->index];
	case H2_PART_TRAILER:
		return &m->prepared.trailers[part->index];
	default:
		return NULL;
	}
}

// What our server reflects of a field is another too.
static void expect_instead(struct h2_prepared *p, const uint8_t *old, const char *value)
{
	for (size_t i = 0; i < p->expected_count; i++)
		if ((const uint8_t *)p->expected[i].value == old)
			p->expected[i].value = value;
}

static void make(struct h2_more *m, const struct h2_request *q, struct h2_draw *d)
{
	char *to = m->text;
	size_t i = 0;
	for (nghttp2_nv *nv; i < q->part_count && (nv = field_of(m, &q->parts[i])); i++) {
		const size_t len = h2_template_write(q->parts[i].text, d, to);
		to[len] = '\0';
		expect_instead(&m->prepared, nv->value, to);
		*nv = h2_nv((const char *)nv->name, nv->namelen, to, len);
		to += len + 1;
	}
	if (i < q->part_count)
		make_body(m, q, i, d, to);
}

// A copy of the template's; what points into that points into the copy.
static void copy_base(struct h2_more *m, const struct h2_prepared *base)
{
	struct h2_prepared *p = &m->prepared;
	const char *from = (const char *)base, *end = (const char *)(base + 1);
	*p = *base;
	p->headers = m->fields;
	p->trailers = m->fields + base->header_count;
	p->expected = m->expected;
	p->sent_as = NULL;
	p->heard_as = base->is_reflected ? NULL : base;
	memcpy(p->headers, base->headers, base->header_count * sizeof(*p->headers));
	if (base->trailer_count > 0)
		memcpy(p->trailers, base->trailers, base->trailer_count * sizeof(*p->trailers));
	for (size_t i = 0; i < base->expected_count; i++) {
		p->expected[i] = base->expected[i];
		if (p->expected[i].value >= from && p->expected[i].value < end)
			p->expected[i].value = (const char *)p + (p->expected[i].value - from);
	}
}

int h2_more_begin(struct exchange *x, const struct h2_more_plan *plan)
{
	const struct h2_prepared *base = x->prepared;
	if (!x->more && !(x->more = more_new(plan)))
		return -ENOMEM;
	if (base->request->expect.has_sha256 && !x->more->digest && !(x->more->digest = EVP_MD_CTX_new()))
		return -ENOMEM;
	if (!base->varies)
		return 0;
	struct h2_draw d;
	const uint64_t number = x->tally->drawn++ * plan->shares + plan->share;
	h2_draw_init(&d, plan->seed ^ base->request->salt, number);
	copy_base(x->more, base);
	make(x->more, base->request, &d);
	h2_prepared_settle(&x->more->prepared);
	x->prepared = &x->more->prepared;
	return 0;
}

// ---- responses watched --------------------------------------------------------------------------------------

static void read_prefix(struct exchange *x, struct h2_more *m)
{
	m->have = 0;
	m->messages++;
	m->left = (uint64_t)m->prefix[1] << 24 | (uint64_t)m->prefix[2] << 16 | (uint64_t)m->prefix[3] << 8 |
	          m->prefix[4];
	if (m->prefix[0] != 0)
		exchange_fault(x, H2_FAULT_GRPC, "message %" PRIu64 " is %s", m->messages,
		               m->prefix[0] == 1 ? "compressed, which was not asked for" : "no message of gRPC's");
}

static void take_messages(struct exchange *x, struct h2_more *m, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		size_t n = 1;
		if (m->left > 0) {
			n = len < m->left ? len : (size_t)m->left;
			m->left -= n;
		} else {
			m->prefix[m->have++] = *bytes;
			if (m->have == PREFIX)
				read_prefix(x, m);
		}
		bytes += n;
		len -= n;
	}
}

static void begin(const struct exchange *x, struct h2_more *m)
{
	m->have = 0;
	m->left = m->messages = 0;
	if (x->prepared->request->expect.has_sha256)
		EVP_DigestInit_ex(m->digest, EVP_sha256(), NULL);
}

void h2_more_data(struct exchange *x, const uint8_t *bytes, size_t len)
{
	struct h2_more *m = x->more;
	if (x->body_seen == 0)
		begin(x, m);
	if (x->prepared->request->expect.has_sha256)
		EVP_DigestUpdate(m->digest, bytes, len);
	if (x->prepared->request->is_grpc && x->status == 200 && x->fault == H2_FAULT_NONE)
		take_messages(x, m, bytes, len);
}

static void judge_hash(struct exchange *x, struct h2_more *m)
{
	const struct h2_expect *expect = &x->prepared->request->expect;
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	if (EVP_DigestFinal_ex(m->digest, hash, &len) == 1 && len == H2_SHA256_BYTES &&
	    memcmp(hash, expect->sha256, len) == 0)
		return;
	exchange_fault(x, H2_FAULT_HASH,
	               "the SHA-256 of its %" PRIu64
	               " bytes begins with %02x%02x%02x%02x, expected %02x%02x%02x%02x",
	               x->body_seen, hash[0], hash[1], hash[2], hash[3], expect->sha256[0], expect->sha256[1],
	               expect->sha256[2], expect->sha256[3]);
}

static void judge_messages(struct exchange *x, const struct h2_more *m)
{
	const int64_t wanted = x->prepared->request->expect.messages;
	if (m->have > 0 || m->left > 0)
		exchange_fault(x, H2_FAULT_GRPC, "its message %" PRIu64 " is cut off",
		               m->messages + (m->have > 0));
	else if (wanted != H2_MESSAGES_ANY && m->messages != (uint64_t)wanted)
		exchange_fault(x, H2_FAULT_GRPC, "%" PRIu64 " messages, expected %" PRId64, m->messages, wanted);
}

void h2_more_judge(struct exchange *x)
{
	struct h2_more *m = x->more;
	if (x->body_seen == 0)
		begin(x, m);
	if (x->prepared->request->expect.has_sha256)
		judge_hash(x, m);
	if (x->prepared->request->is_grpc)
		judge_messages(x, m);
}
