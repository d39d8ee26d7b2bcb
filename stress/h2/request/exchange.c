// Responses judged against what was expected.
#include "exchange.h"

#include "more.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
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
	struct h2_more *more = x->more;
	*x = (struct exchange){
		.prepared = p, .tally = t, .number = number, .slot = slot, .now_ns = now_ns, .more = more
	};
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

// Whether a value is the expected one, or one of its kind: "application/grpc+proto" is application/grpc.
static bool value_fits(const struct h2_header *h, const uint8_t *value, size_t len)
{
	if (len < h->value_len || memcmp(h->value, value, h->value_len) != 0)
		return false;
	return len == h->value_len || (h->begins && (value[h->value_len] == '+' || value[h->value_len] == ';'));
}

static enum h2_fault fault_of_field(const struct exchange *x, size_t i)
{
	const struct h2_prepared *p = x->prepared;
	if (i < p->expected_headers)
		return H2_FAULT_HEADER;
	return p->request->is_grpc ? H2_FAULT_GRPC : H2_FAULT_TRAILER;
}

static const char *field_word(const struct exchange *x, size_t i)
{
	return i < x->prepared->expected_headers ? "header" : "trailer";
}

// gRPC's name of a status, from its digits; NULL: it has none.
static const char *grpc_status_name(const uint8_t *digits, size_t len)
{
	static const char *const names[] = {
		"OK",        "CANCELLED",       "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
		"NOT_FOUND", "ALREADY_EXISTS",  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
		"ABORTED",   "OUT_OF_RANGE",    "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
		"DATA_LOSS", "UNAUTHENTICATED",
	};
	size_t n = 0;
	if (len < 1 || len > 2)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return NULL;
		n = n * 10 + (size_t)(digits[i] - '0');
	}
	return n < sizeof(names) / sizeof(names[0]) ? names[n] : NULL;
}

static void tell_field(struct exchange *x, size_t i, const uint8_t *value, size_t len)
{
	const struct h2_header *h = &x->prepared->expected[i];
	const bool is_status = x->prepared->request->is_grpc && strcmp(h->name, "grpc-status") == 0;
	const char *meaning = is_status ? grpc_status_name(value, len) : NULL;
	exchange_fault(x, fault_of_field(x, i), "%s %s: \"%.*s\"%s%s%s, expected \"%s\"", field_word(x, i),
	               h->name, (int)(len < 80 ? len : 80), (const char *)value, meaning ? " (" : "",
	               meaning ? meaning : "", meaning ? ")" : "", h->value);
}

// What the server says of its own status, behind what was told of it.
static void tell_grpc_message(struct exchange *x, const uint8_t *value, size_t len)
{
	char *first = x->tally->first;
	char own[40];
	const size_t told = strlen(first);
	const int n = snprintf(own, sizeof(own), "request %" PRIu64 ": ", x->number + 1);
	if (strncmp(first, own, (size_t)n) == 0)
		snprintf(first + told, sizeof(x->tally->first) - told, "; grpc-message: \"%.*s\"",
		         (int)(len < 80 ? len : 80), (const char *)value);
}

void exchange_field(struct exchange *x, const uint8_t *name, size_t name_len, const uint8_t *value,
                    size_t value_len)
{
	const struct h2_prepared *p = x->prepared;
	if (!x->trailers && name_len == 7 && name[0] == ':') {
		take_status(x, value, value_len);
		return;
	}
	// A gRPC response without messages may be one header that has what else is in the trailers.
	const size_t from = x->trailers ? p->expected_headers : 0;
	const size_t to = x->trailers || p->request->is_grpc ? p->expected_count : p->expected_headers;
	for (size_t i = from; i < to; i++) {
		const struct h2_header *h = &p->expected[i];
		if (h->name_len != name_len || memcmp(h->name, name, name_len) != 0)
			continue;
		if (value_fits(h, value, value_len))
			x->headers_seen |= UINT64_C(1) << i;
		else if (status_fits(x)) // else that is the fault to tell
			tell_field(x, i, value, value_len);
	}
	if (x->fault == H2_FAULT_GRPC && name_len == 12 && memcmp(name, "grpc-message", 12) == 0)
		tell_grpc_message(x, value, value_len);
}

void exchange_recall(struct exchange *x, uint16_t status, uint64_t headers_seen)
{
	see_first(x);
	x->status = status;
	x->headers_seen = headers_seen;
}

void exchange_data(struct exchange *x, const uint8_t *bytes, size_t len)
{
	const struct h2_prepared *p = x->prepared;
	// A body under another status is not the one that was expected; exchange_end will say so.
	if (p->request->expect.kind == EXPECT_BODY && status_fits(x) && x->fault == H2_FAULT_NONE) {
		size_t same = h2_body_compare(&p->expected_body, x->body_seen, bytes, len);
		if (same < len && x->body_seen + same < p->expected_body.length)
			exchange_fault(x, H2_FAULT_BODY, "the body differs from byte %" PRIu64 " on",
			               x->body_seen + same);
	}
	if (p->is_watched)
		h2_more_data(x, bytes, len);
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
	if (expect->kind != EXPECT_ANY && x->body_seen != p->expected_body.length)
		exchange_fault(x, H2_FAULT_LENGTH, "%" PRIu64 " bytes of body, expected %" PRIu64, x->body_seen,
		               p->expected_body.length);
	uint64_t missing = p->expected_mask & ~x->headers_seen;
	if (missing) {
		const size_t i = (size_t)__builtin_ctzll(missing);
		exchange_fault(x, fault_of_field(x, i), "%s %s is missing", field_word(x, i), p->expected[i].name);
	}
	if (p->is_watched)
		h2_more_judge(x);
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
