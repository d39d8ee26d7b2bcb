// Bodies kept, and answers as header fields.
#include "reply.h"

#include "clock.h"
#include "nv.h"

#include <stdlib.h>
#include <string.h>

// ---- bodies -------------------------------------------------------------------------------------------------

void h2_upload_take(struct h2_upload *u, struct h2_server_shared *shared, struct h2_text method,
                    const uint8_t *bytes, size_t len)
{
	if (u->too_large || u->no_memory || !h2_route_keeps_body(method))
		return;
	if (u->body.len + len > shared->limits.max_body_bytes) {
		u->too_large = true;
		return;
	}
	if (shared->held_bytes + len > shared->limits.max_held_bytes) {
		u->no_memory = true;
		return;
	}
	buf_add(&u->body, bytes, len);
	u->no_memory = u->body.failed;
	u->held += len;
	shared->held_bytes += len;
}

void h2_upload_deinit(struct h2_upload *u, struct h2_server_shared *shared)
{
	shared->held_bytes -= u->held;
	u->held = 0;
	buf_deinit(&u->body);
}

// ---- answers ------------------------------------------------------------------------------------------------

#define FIELD(name, value, len) h2_nv(name, sizeof(name) - 1, (value), (len))

// Without stdio: these are made for every response.
static size_t decimal(char to[20], uint64_t n)
{
	size_t len = 1;
	for (uint64_t rest = n; rest >= 10; rest /= 10)
		len++;
	for (size_t i = len; i-- > 0; n /= 10)
		to[i] = (char)('0' + n % 10);
	return len;
}

static size_t hexadecimal(char to[16], uint64_t n)
{
	for (unsigned i = 0; i < 16; i++)
		to[i] = "0123456789abcdef"[(n >> (60 - 4 * i)) & 15];
	return 16;
}

static size_t grpc_fields(struct h2_reply *r, nghttp2_nv *nv)
{
	const struct h2_answer *a = &r->answer;
	nv[0] = FIELD("grpc-status", r->grpc, decimal(r->grpc, a->grpc_status));
	if (a->grpc_message)
		nv[1] = FIELD("grpc-message", a->grpc_message, strlen(a->grpc_message));
	return a->grpc_message ? 2 : 1;
}

size_t h2_reply_trailers(struct h2_reply *r, const struct h2_incoming *in, nghttp2_nv nv[H2_REPLY_TRAILERS])
{
	if (r->answer.trailing == H2_TRAILING_GRPC)
		return grpc_fields(r, nv);
	nv[0] = FIELD("x-trailer-count", r->trailers, decimal(r->trailers, in->trailer_count));
	nv[1] = FIELD("x-trailer-hash", r->trailers_hash, hexadecimal(r->trailers_hash, in->trailer_hash));
	return r->answer.trailing == H2_TRAILING_SEEN ? 2 : 0;
}

bool h2_reply_has_trailers(const struct h2_reply *r)
{
	return r->answer.trailing == H2_TRAILING_SEEN || r->answer.trailing == H2_TRAILING_GRPC;
}

size_t h2_reply_fields(struct h2_reply *r, const struct h2_incoming *in, nghttp2_nv nv[H2_REPLY_FIELDS])
{
	const struct h2_answer *a = &r->answer;
	size_t n = 0;
	nv[n++] = FIELD(":status", r->status, decimal(r->status, a->status));
	nv[n++] = FIELD("server", "stressgen-h2", 12);
	if (a->type)
		nv[n++] = FIELD("content-type", a->type, strlen(a->type));
	if (a->has_length)
		nv[n++] = FIELD("content-length", r->length, decimal(r->length, a->body.length));
	if (a->allow)
		nv[n++] = FIELD("allow", a->allow, strlen(a->allow));
	if (a->trailing == H2_TRAILING_ALONE)
		n += grpc_fields(r, nv + n);
	if (in->is_mute || in->headers_too_large) // which were not kept
		return n;
	nv[n++] = FIELD("x-method", in->method.text, in->method.len);
	nv[n++] = FIELD("x-path", in->path.text, in->path.len);
	nv[n++] = FIELD("x-authority", in->authority.text, in->authority.len);
	nv[n++] = FIELD("x-header-count", r->count, decimal(r->count, in->header_count));
	nv[n++] = FIELD("x-header-hash", r->hash, hexadecimal(r->hash, in->header_hash));
	return n;
}

bool h2_reply_has_body(const struct h2_reply *r)
{
	return r->answer.body.length > 0 && !r->answer.head;
}

uint64_t h2_reply_withheld(struct h2_reply *r, const struct h2_server_shared *shared, uint64_t sent,
                           uint64_t *next_ns)
{
	struct h2_answer *a = &r->answer;
	if (a->every_ns == 0 || !shared->alarms)
		return 0;
	const uint64_t now = clock_now_ns();
	if (r->start_ns == 0)
		r->start_ns = now;
	uint64_t ready = h2_answer_ready(a, r->start_ns, now);
	if (shared->ending && a->endless && ready < a->body.length)
		a->body.length = ready < sent ? sent : ready;
	*next_ns = h2_answer_next_ns(a, r->start_ns, ready);
	return a->body.length - (ready < a->body.length ? ready : a->body.length);
}

void h2_reply_deinit(struct h2_reply *r)
{
	free(r->answer.owned);
	r->answer.owned = NULL;
}
