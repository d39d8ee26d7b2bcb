// One connection, one request.
#include "probe.h"

#include "clock.h"
#include "nv.h"
#include "wire_frame.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define ROOM (64U * 1024U)
#define WINDOW (64U << 20)

// A socket, with TLS upon it where the target wants that.
struct line {
	int fd;
	struct h2_tls *tls; // NULL: none
};

static socklen_t length_of(const struct sockaddr *a)
{
	if (a->sa_family == AF_UNIX)
		return sizeof(struct sockaddr_un);
	return a->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

// HEADERS of a GET, by an encoder that keeps nothing.
static void add_request(struct wire_out *out, const struct h2_target *target, const struct h2_request *q)
{
	const char *authority = q->authority ? q->authority : target->authority;
	const nghttp2_nv fields[] = {
		h2_nv(":method", 7, "GET", 3),
		h2_nv(":scheme", 7, target->tls ? "https" : "http", target->tls ? 5 : 4),
		h2_nv(":authority", 10, authority, strlen(authority)),
		h2_nv(":path", 5, q->path, strlen(q->path)),
	};
	uint8_t block[4096];
	nghttp2_hd_deflater *deflater = NULL;
	if (nghttp2_hd_deflate_new(&deflater, 0) != 0) {
		out->bytes.failed = true;
		return;
	}
	const ssize_t n = nghttp2_hd_deflate_hd(deflater, block, sizeof(block), fields, 4);
	nghttp2_hd_deflate_del(deflater);
	if (n < 0)
		out->bytes.failed = true;
	else
		wire_out_block(out, NGHTTP2_FLAG_END_STREAM, 1, block, (size_t)n, WIRE_MAX_FRAME);
}

static int send_all(int fd, const uint8_t *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		const ssize_t n = send(fd, bytes + at, len - at, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

// What TLS has for the peer.
static int send_sealed(struct line *l)
{
	uint8_t bytes[4096];
	int rc = 0;
	for (size_t n; rc == 0 && (n = h2_tls_pull(l->tls, bytes, sizeof(bytes))) > 0;)
		rc = send_all(l->fd, bytes, n);
	return rc;
}

static int say(struct line *l, const struct wire_out *out)
{
	const uint8_t *bytes = (const uint8_t *)out->bytes.data;
	if (out->bytes.failed)
		return -ENOMEM;
	if (!l->tls)
		return send_all(l->fd, bytes, out->bytes.len);
	const int rc = h2_tls_write(l->tls, bytes, out->bytes.len);
	return rc < 0 ? rc : send_sealed(l);
}

// Bytes of the peer, or what TLS makes of them; 0: its end, or that of our patience; -EAGAIN: none yet.
static ssize_t hear(struct line *l, uint8_t *bytes, size_t room)
{
	ssize_t n = l->tls ? h2_tls_read(l->tls, bytes, room) : 0;
	if (n != 0)
		return n == -ENODATA ? 0 : n;
	n = recv(l->fd, bytes, room, 0);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (n == 0 || !l->tls)
		return n;
	const int rc = h2_tls_feed(l->tls, bytes, (size_t)n);
	const int sent = rc == 0 ? send_sealed(l) : rc;
	return sent < 0 ? sent : -EAGAIN;
}

// TLS's handshake; true at once where there is none.
static bool greet(struct line *l, uint8_t *bytes, size_t room, uint64_t deadline_ns)
{
	if (!l->tls)
		return true;
	if (send_sealed(l) < 0)
		return false;
	while (!h2_tls_is_ready(l->tls) && clock_now_ns() < deadline_ns)
		if (hear(l, bytes, room) != -EAGAIN)
			return false;
	return h2_tls_is_ready(l->tls);
}

// 1: the answer has ended; 0: not yet; -1: it will not come.
static int judge(const struct wire_event *e, bool *headed)
{
	const struct wire_frame *f = &e->frame;
	if (e->kind == WIRE_FAULT || f->type == NGHTTP2_GOAWAY || f->type == NGHTTP2_RST_STREAM)
		return -1;
	if (e->kind == WIRE_MORE || f->stream != 1 || f->type > NGHTTP2_HEADERS)
		return 0;
	*headed |= f->type == NGHTTP2_HEADERS;
	return (f->flags & NGHTTP2_FLAG_END_STREAM) && (e->kind == WIRE_WHOLE || e->last) ? (*headed ? 1 : -1) : 0;
}

// Reads until the answer has ended. False when it does not.
static bool await(struct line *l, struct wire_reader *r, uint8_t *bytes, size_t room, uint64_t deadline_ns)
{
	bool headed = false;
	while (clock_now_ns() < deadline_ns) {
		const ssize_t n = hear(l, bytes, room);
		if (n <= 0 && n != -EAGAIN)
			return false;
		for (size_t at = 0; n > 0 && at < (size_t)n;) {
			struct wire_event e;
			at += wire_read(r, bytes + at, (size_t)n - at, &e);
			const int verdict = judge(&e, &headed);
			if (verdict != 0)
				return verdict > 0;
		}
	}
	return false;
}

static bool ask(struct line *l, const struct h2_target *target, const struct h2_request *request,
                uint64_t deadline_ns)
{
	static __thread uint8_t bytes[ROOM];
	const nghttp2_settings_entry settings[] = { { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW } };
	struct wire_out out = { 0 };
	struct wire_reader reader;
	struct h2_pool *pool = h2_pool_new();
	if (!pool)
		return false;
	wire_reader_init(&reader, pool);
	buf_add(&out.bytes, WIRE_PREFACE, WIRE_PREFACE_BYTES);
	wire_out_settings(&out, settings, 1);
	wire_out_u32(&out, NGHTTP2_WINDOW_UPDATE, 0, WINDOW);
	add_request(&out, target, request);
	const bool answered = greet(l, bytes, ROOM, deadline_ns) && say(l, &out) == 0 &&
	                      await(l, &reader, bytes, ROOM, deadline_ns);
	wire_out_deinit(&out);
	wire_reader_deinit(&reader);
	h2_pool_free(pool);
	return answered;
}

uint64_t h2_probe(const struct h2_target *target, struct h2_tls_context *tls, const struct h2_request *request)
{
	const struct timeval patience = { .tv_sec = (time_t)(H2_PROBE_PATIENCE_NS / SG_NS_PER_S) };
	const uint64_t start = clock_now_ns();
	struct line l = { .fd = socket(target->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	if (l.fd < 0)
		return 0;
	l.tls = tls ? h2_tls_new(tls, target->host) : NULL;
	setsockopt(l.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(l.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	const bool answered = !tls == !l.tls &&
	                      connect(l.fd, &target->address.any, length_of(&target->address.any)) == 0 &&
	                      ask(&l, target, request, start + H2_PROBE_PATIENCE_NS);
	const uint64_t took = clock_now_ns() - start;
	h2_tls_free(l.tls);
	close(l.fd);
	return answered ? took : 0;
}
