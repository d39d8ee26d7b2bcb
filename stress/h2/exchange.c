// Requests made ready, and responses judged against what was expected.
#include "exchange.h"

#include "nv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *h2_fault_name(enum h2_fault f)
{
	static const char *const names[] = {
#define X(name, text) text,
		H2_FAULTS(X)
#undef X
	};
	return names[f];
}

_Static_assert(H2_MAX_EXPECTED + H2_REFLECTED < 64, "a bit for each expected header");

// ---- requests made ready ------------------------------------------------------------------------------------

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

static void add_nv(struct h2_prepared *p, const char *name, const char *value)
{
	p->headers[p->header_count++] = h2_nv(name, strlen(name), value, strlen(value));
}

static void add_expected(struct h2_prepared *p, const char *name, const char *value)
{
	p->expected[p->expected_count++] = (struct h2_header){ name, value, strlen(name), strlen(value) };
}

static void add_reflected(struct h2_prepared *p, const char *authority)
{
	uint64_t hash = H2_HASH_START, count = 0;
	for (size_t i = 0; i < p->header_count; i++) {
		const nghttp2_nv *h = &p->headers[i];
		if (h->name[0] == ':')
			continue;
		hash = h2_header_hash(hash, h->name, h->namelen, h->value, h->valuelen);
		count++;
	}
	snprintf(p->reflected_count, sizeof(p->reflected_count), "%" PRIu64, count);
	snprintf(p->reflected_hash, sizeof(p->reflected_hash), "%016" PRIx64, hash);
	add_expected(p, "x-method", p->request->method);
	add_expected(p, "x-path", p->request->path);
	add_expected(p, "x-authority", authority);
	add_expected(p, "x-header-count", p->reflected_count);
	add_expected(p, "x-header-hash", p->reflected_hash);
}

int h2_prepare(struct h2_prepared *p, const struct h2_request *q, const char *target, bool reflects)
{
	*p = (struct h2_prepared){ .request = q };
	p->headers = calloc(q->header_count + 5, sizeof(*p->headers));
	p->expected = calloc(q->expect.header_count + H2_REFLECTED, sizeof(*p->expected));
	if (!p->headers || !p->expected)
		return -ENOMEM;
	const char *authority = q->authority ? q->authority : target;
	add_nv(p, ":method", q->method);
	add_nv(p, ":scheme", q->scheme ? q->scheme : "http");
	add_nv(p, ":authority", authority);
	add_nv(p, ":path", q->path);
	for (size_t i = 0; i < q->header_count; i++)
		add_nv(p, q->headers[i].name, q->headers[i].value);
	if (q->has_body) {
		snprintf(p->content_length, sizeof(p->content_length), "%" PRIu64, q->body.length);
		add_nv(p, "content-length", p->content_length);
	}
	for (size_t i = 0; i < q->expect.header_count; i++)
		add_expected(p, q->expect.headers[i].name, q->expect.headers[i].value);
	if (reflects)
		add_reflected(p, authority);
	p->expected_mask = (UINT64_C(1) << p->expected_count) - 1;
	return 0;
}

void h2_prepared_deinit(struct h2_prepared *p)
{
	free(p->headers);
	free(p->expected);
	*p = (struct h2_prepared){ 0 };
}

// ---- responses judged ---------------------------------------------------------------------------------------

void exchange_fault(struct exchange *x, enum h2_fault f, const char *format, ...)
{
	if (x->fault != H2_FAULT_NONE)
		return;
	x->fault = f;
	// A refused one may yet be answered at another try: its words are not the tally's first fault.
	if (x->tally->first[0] != '\0' || f == H2_FAULT_REFUSED)
		return;
	int n = snprintf(x->tally->first, sizeof(x->tally->first), "request %" PRIu64 ": ", x->number + 1);
	va_list args;
	va_start(args, format);
	vsnprintf(x->tally->first + n, sizeof(x->tally->first) - (size_t)n, format, args);
	va_end(args);
	x->tally->first_fault = f;
}

void exchange_begin(struct exchange *x, const struct h2_prepared *p, struct h2_tally *t, uint64_t number)
{
	uint32_t slot = x->slot;
	const uint64_t *now_ns = x->now_ns;
	*x = (struct exchange){ .prepared = p, .tally = t, .number = number, .slot = slot, .now_ns = now_ns };
}

void exchange_again(struct exchange *x)
{
	uint64_t start_ns = x->start_ns;
	uint8_t attempts = x->attempts;
	exchange_begin(x, x->prepared, x->tally, x->number);
	x->start_ns = start_ns;
	x->attempts = attempts;
}

static void see_first(struct exchange *x)
{
	if (x->first_ns == 0 && x->now_ns)
		x->first_ns = *x->now_ns;
}

void exchange_fields(struct exchange *x)
{
	x->trailers = x->status >= 200;
	see_first(x);
}

static bool status_fits(const struct exchange *x)
{
	const unsigned expected = x->prepared->request->expect.status;
	return expected == H2_STATUS_OK ? x->status >= 200 && x->status < 400 : x->status == expected;
}

static void take_status(struct exchange *x, const uint8_t *value, size_t len)
{
	unsigned status = 0;
	for (size_t i = 0; i < len; i++)
		status = status * 10 + (unsigned)(value[i] - '0'); // three digits: the engine has checked that
	x->status = (uint16_t)status;
	x->headers_seen = 0; // those of an interim response do not count
}

void exchange_field(struct exchange *x, const uint8_t *name, size_t name_len, const uint8_t *value,
                    size_t value_len)
{
	const struct h2_prepared *p = x->prepared;
	if (x->trailers)
		return;
	if (name_len == 7 && name[0] == ':') {
		take_status(x, value, value_len);
		return;
	}
	for (size_t i = 0; i < p->expected_count; i++) {
		const struct h2_header *h = &p->expected[i];
		if (h->name_len != name_len || memcmp(h->name, name, name_len) != 0)
			continue;
		if (h->value_len == value_len && memcmp(h->value, value, value_len) == 0)
			x->headers_seen |= UINT64_C(1) << i;
		else if (status_fits(x)) // else that is the fault to tell
			exchange_fault(x, H2_FAULT_HEADER, "header %s: \"%.*s\", expected \"%s\"", h->name,
			               (int)(value_len < 80 ? value_len : 80), (const char *)value, h->value);
	}
}

void exchange_recall(struct exchange *x, uint16_t status, uint64_t headers_seen)
{
	see_first(x);
	x->status = status;
	x->headers_seen = headers_seen;
}

void exchange_data(struct exchange *x, const uint8_t *bytes, size_t len)
{
	const struct h2_expect *expect = &x->prepared->request->expect;
	// A body under another status is not the one that was expected; exchange_end will say so.
	if (expect->kind == EXPECT_BODY && status_fits(x) && x->fault == H2_FAULT_NONE) {
		size_t same = h2_body_compare(&expect->body, x->body_seen, bytes, len);
		if (same < len && x->body_seen + same < expect->body.length)
			exchange_fault(x, H2_FAULT_BODY, "the body differs from byte %" PRIu64 " on",
			               x->body_seen + same);
	}
	x->body_seen += len;
}

static void judge(struct exchange *x)
{
	const struct h2_prepared *p = x->prepared;
	const struct h2_expect *expect = &p->request->expect;
	if (!status_fits(x)) {
		if (expect->status == H2_STATUS_OK)
			exchange_fault(x, H2_FAULT_STATUS, "status %u, expected 200 to 399", x->status);
		else
			exchange_fault(x, H2_FAULT_STATUS, "status %u, expected %u", x->status, expect->status);
		return;
	}
	if (expect->kind != EXPECT_ANY && x->body_seen != expect->body.length)
		exchange_fault(x, H2_FAULT_LENGTH, "%" PRIu64 " bytes of body, expected %" PRIu64, x->body_seen,
		               expect->body.length);
	uint64_t missing = p->expected_mask & ~x->headers_seen;
	if (missing)
		exchange_fault(x, H2_FAULT_HEADER, "header %s is missing",
		               p->expected[__builtin_ctzll(missing)].name);
}

enum h2_fault exchange_end(struct exchange *x, uint32_t code, bool by_us)
{
	if (by_us)
		exchange_fault(x, H2_FAULT_MALFORMED, "a malformed response, which we reset with %s",
		               nghttp2_http2_strerror(code));
	else if (!x->ended && code == NGHTTP2_REFUSED_STREAM)
		exchange_fault(x, H2_FAULT_REFUSED, "refused (REFUSED_STREAM)");
	else if (!x->ended)
		exchange_fault(x, H2_FAULT_RESET, "the server reset the stream with %s",
		               nghttp2_http2_strerror(code));
	else
		judge(x);
	return x->fault;
}
