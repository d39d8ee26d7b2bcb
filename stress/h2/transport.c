// Connections in a libuv loop: 64 KiB reads, one write a loop turn.
#include "transport.h"

#include "clock.h"
#include "tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <time.h>

// Writes to one connection before the others get their turn.
#define WRITES_A_TURN 16

static void flush(struct transport *t);

static void flush_dirty(struct hub *h)
{
	while (h->dirty) {
		struct transport *t = h->dirty;
		h->dirty = t->next_dirty;
		t->is_dirty = false;
		flush(t);
	}
}

// Waits until the sockets may be looked at again.
static void coalesce(struct hub *h)
{
	const uint64_t at_ns = h->polled_ns + h->coalesce_ns;
	const struct timespec at = { .tv_sec = (time_t)(at_ns / SG_NS_PER_S),
		                     .tv_nsec = (long)(at_ns % SG_NS_PER_S) };
	if (at_ns > clock_now_ns())
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at,
		                NULL); // cut short by a signal: they are looked at early
	h->polled_ns = clock_now_ns();
}

static void on_prepare(uv_prepare_t *handle)
{
	struct hub *h = handle->data;
	flush_dirty(h);
	if (h->coalesce_ns)
		coalesce(h);
}

static void on_idle(__attribute__((unused)) uv_idle_t *handle)
{
}

static void on_check(uv_check_t *handle)
{
	flush_dirty(handle->data);
}

int hub_init(struct hub *h)
{
	int rc = uv_loop_init(&h->loop);
	if (rc < 0)
		return rc;
	uv_prepare_init(&h->loop, &h->before_poll);
	uv_check_init(&h->loop, &h->after_poll);
	uv_idle_init(&h->loop, &h->spinning);
	h->before_poll.data = h->after_poll.data = h;
	uv_prepare_start(&h->before_poll, on_prepare);
	uv_check_start(&h->after_poll, on_check);
	// They serve the transports and do not keep the loop alive by themselves.
	uv_unref((uv_handle_t *)&h->before_poll);
	uv_unref((uv_handle_t *)&h->after_poll);
	h->handles_open = true;
	return 0;
}

void hub_coalesce(struct hub *h, uint64_t ns)
{
	h->coalesce_ns = ns;
	prctl(PR_SET_TIMERSLACK, 1UL); // else each sleep is 50 us longer
}

void hub_spin(struct hub *h)
{
	uv_idle_start(&h->spinning, on_idle); // with one that is active the loop polls without waiting
	uv_unref((uv_handle_t *)&h->spinning);
}

void hub_close(struct hub *h)
{
	if (!h->handles_open)
		return;
	h->handles_open = false;
	uv_close((uv_handle_t *)&h->before_poll, NULL);
	uv_close((uv_handle_t *)&h->after_poll, NULL);
	uv_close((uv_handle_t *)&h->spinning, NULL);
}

int hub_deinit(struct hub *h)
{
	hub_close(h);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	return uv_loop_close(&h->loop);
}

static void init(struct transport *t, struct hub *h, const struct transport_user *user)
{
	memset(t, 0, sizeof(*t));
	t->hub = h;
	t->user = user;
	t->active_ms = uv_now(&h->loop);
}

int transport_init(struct transport *t, struct hub *h, const struct transport_user *user)
{
	init(t, h, user);
	return uv_tcp_init(&h->loop, &t->tcp);
}

int transport_init_local(struct transport *t, struct hub *h, const struct transport_user *user)
{
	init(t, h, user);
	t->is_local = true;
	return uv_pipe_init(&h->loop, &t->pipe, 0);
}

int transport_secure(struct transport *t, struct h2_tls_context *c, const char *host)
{
	t->tls = h2_tls_new(c, host);
	return t->tls ? 0 : -ENOMEM;
}

bool transport_is_secured(const struct transport *t)
{
	return !t->tls || h2_tls_is_ready(t->tls);
}

const char *transport_tls_reason(const struct transport *t)
{
	return t->tls ? h2_tls_reason(t->tls) : "";
}

void transport_wake(struct transport *t)
{
	if (t->is_dirty || t->closing)
		return;
	t->is_dirty = true;
	t->next_dirty = t->hub->dirty;
	t->hub->dirty = t;
}

static void forget_dirty(struct transport *t)
{
	for (struct transport **p = &t->hub->dirty; *p; p = &(*p)->next_dirty)
		if (*p == t) {
			*p = t->next_dirty;
			break;
		}
	t->is_dirty = false;
}

static void on_closed(uv_handle_t *handle)
{
	struct transport *t = (struct transport *)handle;
	const char *how = t->reason == 0        ? "in order"
	                  : t->reason == UV_EOF ? "by the peer"
	                                        : uv_strerror(t->reason);
	h2_tap_end(t->tapped, how);
	t->tapped = NULL;
	struct h2_tls *tls = t->tls; // the owner may free or use again what it gets back
	t->user->closed(t, t->reason);
	h2_tls_free(tls);
}

// TLS's alert or farewell, as far as the socket takes it at once.
static void say_last(struct transport *t, int reason)
{
	if (!t->tls || t->writing || t->write_ended || (reason != 0 && reason != -EPROTO))
		return;
	if (reason == 0)
		h2_tls_end(t->tls);
	size_t n = h2_tls_pull(t->tls, t->hub->out, sizeof(t->hub->out));
	uv_buf_t buf = uv_buf_init((char *)t->hub->out, (unsigned)n);
	if (n > 0)
		uv_try_write(&t->stream, &buf, 1);
}

void transport_close(struct transport *t, int reason)
{
	if (t->closing)
		return;
	if (t->is_dirty)
		forget_dirty(t);
	say_last(t, reason);
	t->closing = true;
	t->reason = reason;
	uv_close(&t->handle, on_closed);
}

static void on_alloc(uv_handle_t *handle, __attribute__((unused)) size_t suggested, uv_buf_t *buf)
{
	struct transport *t = (struct transport *)handle;
	*buf = uv_buf_init((char *)t->hub->in, H2_IO_BYTES);
}

static int tell(struct transport *t, const uint8_t *bytes, size_t len)
{
	h2_tap_bytes(t->tapped, false, bytes, len);
	return t->user->received(t, bytes, len);
}

// What the owner has to say, in `to`.
static ssize_t ask(struct transport *t, uint8_t *to)
{
	ssize_t n = t->user->pull(t, to, H2_IO_BYTES);
	if (n > 0)
		h2_tap_bytes(t->tapped, true, to, (size_t)n);
	return n;
}

// Bytes of the socket, through TLS where there is one, to the owner.
static int deliver(struct transport *t, const uint8_t *bytes, size_t len)
{
	if (!t->tls)
		return tell(t, bytes, len);
	const bool was_ready = h2_tls_is_ready(t->tls);
	int rc = h2_tls_feed(t->tls, bytes, len);
	if (rc == 0 && !was_ready && h2_tls_is_ready(t->tls)) {
		t->secured_ns = t->hub->now_ns;
		if (t->is_client)
			t->user->opened(t, 0);
	}
	while (rc == 0 && !t->closing) {
		ssize_t n = h2_tls_read(t->tls, t->hub->plain, H2_IO_BYTES);
		if (n == 0)
			return 0;
		rc = n == -ENODATA ? UV_EOF : n < 0 ? (int)n : tell(t, t->hub->plain, (size_t)n);
	}
	return rc;
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
	struct transport *t = (struct transport *)stream;
	if (nread == 0 || t->closing)
		return;
	if (nread < 0) {
		transport_close(t, (int)nread);
		return;
	}
	t->hub->now_ns = clock_now_ns();
	t->hub->bytes_in += (uint64_t)nread;
	t->active_ms = uv_now(&t->hub->loop);
	int rc = deliver(t, (const uint8_t *)buf->base, (size_t)nread);
	if (rc != 0)
		transport_close(t, rc);
	else if ((size_t)nread == buf->len || t->is_dirty)
		transport_wake(t); // there is more to be read first
	else
		flush(t); // at once: its streams are in the cache now, and their memory is for the next one's
}

static void begin_tap(struct transport *t, bool we_are_client)
{
	struct sockaddr_storage own = { 0 }, peer = { 0 };
	int own_len = sizeof(own), peer_len = sizeof(peer);
	if (!t->hub->tap)
		return;
	if (!t->is_local) {
		uv_tcp_getsockname(&t->tcp, (struct sockaddr *)&own, &own_len);
		uv_tcp_getpeername(&t->tcp, (struct sockaddr *)&peer, &peer_len);
	}
	t->tapped = h2_tap_begin(t->hub->tap, (struct sockaddr *)&own, (struct sockaddr *)&peer, we_are_client);
}

static int start(struct transport *t, bool we_are_client)
{
	begin_tap(t, we_are_client);
	if (!t->is_local)
		uv_tcp_nodelay(&t->tcp, 1);
	transport_wake(t);
	return uv_read_start(&t->stream, on_alloc, on_read);
}

static void on_connect(uv_connect_t *request, int status)
{
	struct transport *t = request->data;
	if (status == UV_ECANCELED || t->closing)
		return;
	t->hub->now_ns = t->connected_ns = clock_now_ns();
	if (status == 0)
		status = start(t, true);
	if (!t->tls || status < 0) // else when its handshake is done
		t->user->opened(t, status);
}

int transport_connect(struct transport *t, const struct sockaddr *address)
{
	t->connect.data = t;
	t->is_client = true;
	if (t->is_local) {
		uv_pipe_connect(&t->connect, &t->pipe,
		                ((const struct sockaddr_un *)(const void *)address)->sun_path, on_connect);
		return 0;
	}
	return uv_tcp_connect(&t->connect, &t->tcp, address, on_connect);
}

int transport_accept(struct transport *t, uv_stream_t *listener)
{
	int rc = uv_accept(listener, &t->stream);
	return rc < 0 ? rc : start(t, false);
}

// What the socket did not take: a copy of its own, since hub->out is everybody's.
struct rest {
	uv_write_t request;
	struct transport *transport;
	char bytes[];
};

// A peer that takes no more may have left last words, e.g. GOAWAY: they are read first, and then its end.
static void write_failed(struct transport *t, int reason)
{
	if (reason == UV_EPIPE || reason == UV_ECONNRESET)
		t->write_ended = true;
	else
		transport_close(t, reason);
}

static void on_written(uv_write_t *request, int status)
{
	struct rest *r = (struct rest *)request;
	struct transport *t = r->transport;
	free(r);
	t->writing = false;
	if (t->closing)
		return;
	t->active_ms = uv_now(&t->hub->loop);
	if (status < 0)
		write_failed(t, status);
	else
		transport_wake(t);
}

static int queue_rest(struct transport *t, const uint8_t *bytes, size_t len)
{
	struct rest *r = malloc(sizeof(*r) + len);
	if (!r)
		return -ENOMEM;
	r->transport = t;
	memcpy(r->bytes, bytes, len);
	uv_buf_t buf = uv_buf_init(r->bytes, (unsigned)len);
	int rc = uv_write(&r->request, &t->stream, &buf, 1, on_written);
	if (rc < 0)
		free(r);
	else
		t->writing = true;
	return rc;
}

// Sends hub->out[0..len). 0, or a negative errno.
static int send_out(struct transport *t, size_t len, bool last_turn)
{
	uv_buf_t buf = uv_buf_init((char *)t->hub->out, (unsigned)len);
	int sent = last_turn ? 0 : uv_try_write(&t->stream, &buf, 1);
	if (sent == UV_EAGAIN)
		sent = 0;
	if (sent < 0)
		return sent;
	t->hub->bytes_out += len;
	if ((size_t)sent == len) {
		t->active_ms = uv_now(&t->hub->loop);
		return 0;
	}
	return queue_rest(t, t->hub->out + sent, len - (size_t)sent);
}

// What is to be sent next, in hub->out: bytes, 0, or a negative errno.
static ssize_t next_bytes(struct transport *t)
{
	struct hub *h = t->hub;
	if (!t->tls)
		return ask(t, h->out);
	size_t n = h2_tls_pull(t->tls, h->out, sizeof(h->out));
	if (n > 0 || !h2_tls_is_ready(t->tls))
		return (ssize_t)n;
	ssize_t said = ask(t, h->plain);
	if (said <= 0)
		return said;
	int rc = h2_tls_write(t->tls, h->plain, (size_t)said);
	return rc < 0 ? rc : (ssize_t)h2_tls_pull(t->tls, h->out, sizeof(h->out));
}

static void flush(struct transport *t)
{
	ssize_t rc = 0;
	for (unsigned turn = 1; !t->writing && !t->closing && !t->write_ended; turn++) {
		rc = next_bytes(t);
		if (rc <= 0)
			break;
		// The last one through the queue: its callback comes after the other connections' turn.
		rc = send_out(t, (size_t)rc, turn == WRITES_A_TURN);
		if (rc < 0)
			break;
	}
	if (rc < 0)
		write_failed(t, (int)rc);
	else if (!t->writing && !t->closing && t->user->finished(t))
		transport_close(t, 0);
}

void transport_shut(struct transport *t)
{
	uv_os_fd_t fd;
	say_last(t, 0);
	if (!t->closing && !t->writing && uv_fileno(&t->handle, &fd) == 0)
		shutdown(fd, SHUT_WR);
	t->write_ended = true;
}

void transport_read(struct transport *t, bool on)
{
	if (t->closing)
		return;
	if (on)
		uv_read_start((uv_stream_t *)&t->tcp, on_alloc, on_read);
	else
		uv_read_stop((uv_stream_t *)&t->tcp);
}
