// Requests made ready.
#include "prepared.h"

#include "nv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(H2_MAX_EXPECTED + H2_REFLECTED + H2_MAX_TRAILERS + H2_REFLECTED_TRAILERS + H2_GRPC_EXPECTED < 64,
               "a bit for each expected field");

// ---- hashes -------------------------------------------------------------------------------------------------

static uint64_t fnv(uint64_t hash, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ b[i]) * UINT64_C(0x100000001b3);
	return hash * UINT64_C(0x100000001b3); // the closing NUL: xor with 0
}

uint64_t h2_header_hash(uint64_t hash, const void *name, size_t name_len, const void *value, size_t value_len)
{
	return fnv(fnv(hash, name, name_len), value, value_len);
}

static uint64_t hash_of(const nghttp2_nv *fields, size_t count)
{
	uint64_t hash = H2_HASH_START;
	for (size_t i = 0; i < count; i++)
		hash = h2_header_hash(hash, fields[i].name, fields[i].namelen, fields[i].value,
		                      fields[i].valuelen);
	return hash;
}

// ---- what is sent -------------------------------------------------------------------------------------------

static nghttp2_nv field(const char *name, const char *value)
{
	return h2_nv(name, strlen(name), value, strlen(value));
}

static void add_header(struct h2_prepared *p, const char *name, const char *value)
{
	p->headers[p->header_count++] = field(name, value);
}

static void add_headers(struct h2_prepared *p, const struct h2_request *q, const char *target)
{
	add_header(p, ":method", q->method);
	add_header(p, ":scheme", q->scheme ? q->scheme : "http");
	add_header(p, ":authority", q->authority ? q->authority : target);
	add_header(p, ":path", q->path);
	for (size_t i = 0; i < q->header_count; i++)
		add_header(p, q->headers[i].name, q->headers[i].value);
	if (q->has_body && !q->is_grpc) // gRPC's messages say their length themselves
		add_header(p, "content-length", p->content_length);
	for (size_t i = 0; i < q->trailer_count; i++)
		p->trailers[p->trailer_count++] = field(q->trailers[i].name, q->trailers[i].value);
}

// ---- what is expected ---------------------------------------------------------------------------------------

static void add_expected(struct h2_prepared *p, const char *name, const char *value)
{
	p->expected[p->expected_count++] = (struct h2_header){
		.name = name, .value = value, .name_len = strlen(name), .value_len = strlen(value)
	};
}

static void add_all(struct h2_prepared *p, const struct h2_header *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		p->expected[p->expected_count++] = fields[i];
}

static bool reflects_trailers(const struct h2_request *q)
{
	return strcmp(q->path, "/trailers") == 0 && strcmp(q->method, "HEAD") != 0;
}

static void add_all_expected(struct h2_prepared *p, const struct h2_request *q, bool reflects)
{
	add_all(p, q->expect.headers, q->expect.header_count);
	if (reflects) {
		add_expected(p, "x-method", q->method);
		add_expected(p, "x-path", q->path);
		add_expected(p, "x-authority", (const char *)p->headers[H2_AT_AUTHORITY].value);
		add_expected(p, "x-header-count", p->reflected_count);
		add_expected(p, "x-header-hash", p->reflected_hash);
	}
	p->expected_headers = p->expected_count;
	add_all(p, q->expect.trailers, q->expect.trailer_count);
	if (reflects && reflects_trailers(q)) {
		add_expected(p, "x-trailer-count", p->trailers_count);
		add_expected(p, "x-trailer-hash", p->trailers_hash);
	}
	p->expected_mask = (UINT64_C(1) << p->expected_count) - 1;
}

void h2_prepared_settle(struct h2_prepared *p)
{
	const size_t regular = p->header_count - H2_AT_FIELDS;
	snprintf(p->content_length, sizeof(p->content_length), "%" PRIu64, p->body.length);
	if (p->request->has_body && !p->request->is_grpc)
		p->headers[p->header_count - 1] = field("content-length", p->content_length);
	snprintf(p->reflected_count, sizeof(p->reflected_count), "%zu", regular);
	snprintf(p->reflected_hash, sizeof(p->reflected_hash), "%016" PRIx64,
	         hash_of(p->headers + H2_AT_FIELDS, regular));
	snprintf(p->trailers_count, sizeof(p->trailers_count), "%zu", p->trailer_count);
	snprintf(p->trailers_hash, sizeof(p->trailers_hash), "%016" PRIx64,
	         hash_of(p->trailers, p->trailer_count));
	for (size_t i = 0; i < p->expected_count; i++)
		p->expected[i].value_len = strlen(p->expected[i].value);
}

int h2_prepare(struct h2_prepared *p, const struct h2_request *q, const char *target, bool reflects)
{
	*p = (struct h2_prepared){ .request = q, .body = { "", 0 }, .expected_body = q->expect.body };
	if (q->has_body)
		p->body = q->body;
	p->sent_as = p->heard_as = p;
	p->varies = q->part_count > 0;
	p->is_reflected = reflects;
	p->is_watched = q->expect.has_sha256 || q->is_grpc;
	p->needs_more = p->varies || p->is_watched;
	p->trailing = q->trailer_count > 0;
	p->headers = calloc(q->header_count + q->trailer_count + H2_AT_FIELDS + 1, sizeof(*p->headers));
	p->expected =
	        calloc(q->expect.header_count + q->expect.trailer_count + H2_REFLECTED + H2_REFLECTED_TRAILERS,
	               sizeof(*p->expected));
	if (!p->headers || !p->expected)
		return -ENOMEM;
	p->trailers = p->headers + q->header_count + H2_AT_FIELDS + 1;
	add_headers(p, q, target);
	add_all_expected(p, q, reflects);
	h2_prepared_settle(p);
	return 0;
}

void h2_prepared_deinit(struct h2_prepared *p)
{
	free(p->headers);
	free(p->expected);
	*p = (struct h2_prepared){ 0 };
}
