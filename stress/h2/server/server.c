// The server's life: listening, connections and their limits, the graceful end.
#include "server_parts.h"

#include "clock.h"
#include "io.h"
#include "telemetry.h"
#include "tls.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_MS 100    // how often the limits in time and the end's progress are looked at
#define NOTICE_SWEEPS 2 // from the notice to the last GOAWAY, so at least 100 ms: many round trips on loopback

// ---- the loop's end -----------------------------------------------------------------------------------------

static void close_own_handles(struct server *s)
{
	uv_handle_t *handles[] = { (uv_handle_t *)&s->sweep, (uv_handle_t *)&s->on_term, (uv_handle_t *)&s->on_int,
		                   (uv_handle_t *)&s->life };
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
		if (handles[i]->loop && !uv_is_closing(handles[i]))
			uv_close(handles[i], NULL);
	h2_alarms_close(&s->alarms);
}

// With the last connection of an ending server, its loop ends.
static void maybe_end(struct server *s)
{
	if (s->ending && !s->connections)
		close_own_handles(s);
}

// ---- connections --------------------------------------------------------------------------------------------

static int connection_received(struct transport *t, const uint8_t *bytes, size_t len)
{
	struct connection *c = (struct connection *)t;
	h2_count(&c->server->counters, H2_BYTES_IN, len);
	if (c->lingering) {
		c->lingered += len;
		return 0;
	}
	return c->server->config->engine->receive(c->session, bytes, len);
}

static ssize_t connection_pull(struct transport *t, uint8_t *to, size_t room)
{
	struct connection *c = (struct connection *)t;
	ssize_t n = c->lingering ? 0 : c->server->config->engine->pull(c->session, to, room);
	if (n > 0)
		h2_count(&c->server->counters, H2_BYTES_OUT, (uint64_t)n);
	return n;
}

// The client reads to the end and closes; only then, or after a while, do we.
static bool connection_finished(struct transport *t)
{
	struct connection *c = (struct connection *)t;
	if (!c->lingering && c->server->config->engine->is_done(c->session))
		server_linger(c);
	return false;
}

static void connection_wake(void *owner)
{
	transport_wake(&((struct connection *)owner)->transport);
}

static void connection_closed(struct transport *t, __attribute__((unused)) int reason)
{
	struct connection *c = (struct connection *)t;
	struct server *s = c->server;
	if (c->prev)
		c->prev->next = c->next;
	else
		s->connections = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->config->engine->close(c->session);
	--*s->counters.cell[H2_CONNECTIONS_OPEN];
	free(c);
	maybe_end(s);
}

static const struct transport_user connection_user = {
	.received = connection_received,
	.pull = connection_pull,
	.finished = connection_finished,
	.closed = connection_closed,
};

static void on_connection(uv_stream_t *listener, int status)
{
	struct server *s = listener->data;
	struct connection *c = status < 0 ? NULL : calloc(1, sizeof(*c));
	if (!c)
		return;
	c->server = s;
	if (listener->type == UV_NAMED_PIPE)
		transport_init_local(&c->transport, &s->hub, &connection_user);
	else
		transport_init(&c->transport, &s->hub, &connection_user);
	c->accepted_ms = c->moved_ms = uv_now(&s->hub.loop);
	c->next = s->connections;
	if (c->next)
		c->next->prev = c;
	s->connections = c;
	h2_count(&s->counters, H2_CONNECTIONS_OPEN, 1);
	bool full = *s->counters.cell[H2_CONNECTIONS_OPEN] > s->config->limits.max_connections;
	h2_count(&s->counters, full ? H2_CONNECTIONS_REFUSED : H2_CONNECTIONS, 1);
	// Accepted whatever comes: else it would stay with libuv, which takes no other before it.
	int rc = s->tls ? transport_secure(&c->transport, s->tls, NULL) : 0;
	const int accepted = transport_accept(&c->transport, listener);
	rc = rc < 0 ? rc : accepted;
	if (rc == 0)
		rc = s->config->engine->open(&s->shared, c, &c->session);
	if (full || rc < 0)
		transport_close(&c->transport, full ? UV_EMFILE : rc);
}

// ---- the graceful end ---------------------------------------------------------------------------------------

static void tell_all(struct server *s, int (*tell)(struct h2_session *))
{
	for (struct connection *c = s->connections; c; c = c->next) {
		if (c->transport.closing || c->lingering)
			continue;
		int rc = tell(c->session);
		if (rc < 0)
			transport_close(&c->transport, rc);
		else
			transport_wake(&c->transport);
	}
}

static void begin_end(struct server *s)
{
	if (s->ending)
		return;
	s->ending = s->shared.ending = true;
	s->ending_ms = uv_now(&s->hub.loop);
	server_stop_listening(s);
	tell_all(s, s->config->engine->notify_end);
	maybe_end(s);
}

static void cut_all(struct server *s)
{
	for (struct connection *c = s->connections; c; c = c->next)
		transport_close(&c->transport, UV_ECANCELED);
}

// Notice, a moment for what is on its way, GOAWAY, and the rest has until the drain time.
static void go_on_ending(struct server *s)
{
	if (++s->sweeps_ending == NOTICE_SWEEPS)
		tell_all(s, s->config->engine->end);
	if ((uv_now(&s->hub.loop) - s->ending_ms) * SG_NS_PER_MS >= s->config->drain_ns)
		cut_all(s);
}

static void on_sweep(uv_timer_t *timer)
{
	struct server *s = timer->data;
	if (s->ending)
		go_on_ending(s);
	for (struct connection *c = s->connections; c; c = c->next)
		server_watch(c);
	h2_counters_measure(&s->counters);
}

static void on_signal(uv_signal_t *handle, __attribute__((unused)) int number)
{
	begin_end(handle->data);
}

// Nothing is ever written there: readable means that the other end is gone.
static void on_life(uv_poll_t *poll, __attribute__((unused)) int status, __attribute__((unused)) int events)
{
	struct server *s = poll->data;
	uv_poll_stop(poll); // level-triggered: once is enough
	begin_end(s);
	cut_all(s);
}

// ---- the beginning ------------------------------------------------------------------------------------------

static int watch(struct server *s)
{
	uv_loop_t *loop = &s->hub.loop;
	uv_timer_init(loop, &s->sweep);
	uv_signal_init(loop, &s->on_term);
	uv_signal_init(loop, &s->on_int);
	s->sweep.data = s->on_term.data = s->on_int.data = s->life.data = s;
	int rc = uv_timer_start(&s->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	if (rc == 0)
		rc = uv_signal_start(&s->on_term, on_signal, SIGTERM);
	if (rc == 0)
		rc = uv_signal_start(&s->on_int, on_signal, SIGINT);
	if (rc == 0 && s->config->life_fd >= 0) {
		rc = uv_poll_init(loop, &s->life, s->config->life_fd);
		s->life.data = s;
		if (rc == 0)
			rc = uv_poll_start(&s->life, UV_READABLE | UV_DISCONNECT, on_life);
	}
	return rc;
}

static int tell_port(struct server *s)
{
	struct buf line = { 0 };
	buf_addf(&line, "port %u\n", server_port(s));
	int rc = line.failed ? -ENOMEM : io_write_all(s->config->ready_fd, line.data, line.len);
	buf_deinit(&line);
	return rc;
}

// Who waited for the port wants the figures too; whoever does not has closed the pipe, which is no error.
static void tell_stats(struct server *s)
{
	struct buf line = { 0 };
	h2_counters_measure(&s->counters);
	buf_adds(&line, "stats ");
	h2_counters_json(&s->counters, &line);
	buf_addc(&line, '\n');
	if (!line.failed)
		io_write_all(s->config->ready_fd, line.data, line.len);
	buf_deinit(&line);
}

static int serve(struct server *s, struct err *e)
{
	int rc = server_listen(s, on_connection, e);
	if (rc == 0)
		rc = watch(s);
	if (rc == 0)
		rc = tell_port(s);
	if (rc < 0) { // end what was begun, without having served
		server_stop_listening(s);
		close_own_handles(s);
	}
	uv_run(&s->hub.loop, UV_RUN_DEFAULT);
	if (rc == 0)
		tell_stats(s);
	return rc;
}

static int load_file(struct server *s, struct err *e)
{
	int rc = s->config->file ? io_read_file(s->config->file, H2_SERVED_FILE, &s->file, e) : 0;
	if (rc >= 0 && s->config->file)
		s->shared.file = (struct h2_text){ buf_text(&s->file), s->file.len };
	return rc < 0 ? rc : 0;
}

static int make_tls(struct server *s, struct err *e)
{
	const struct h2_server_config *c = s->config;
	if (!c->tls)
		return 0;
	int rc = h2_tls_server_context(c->certificate, c->key, H2_TLS_ANY, &s->tls, e);
	return rc == 0 && c->write_certificate ? h2_tls_write_certificate(s->tls, c->write_certificate, e) : rc;
}

int h2_server_run(const struct h2_server_config *config, struct err *e)
{
	struct server *s = calloc(1, sizeof(*s));
	struct h2_pool *pool = h2_pool_new();
	int rc = s && pool ? hub_init(&s->hub) : -ENOMEM;
	if (rc < 0)
		goto out;
	s->config = config;
	s->hub.tap = config->tap;
	h2_counters_init(&s->counters, telemetry_open(TELE_SERVER, "stressgen-h2", NULL));
	s->shared = (struct h2_server_shared){ .pool = pool,
		                               .counters = &s->counters,
		                               .limits = config->limits,
		                               .hostile = config->hostile,
		                               .is_mute = config->is_mute,
		                               .alarms = &s->alarms,
		                               .wake = connection_wake };
	rc = load_file(s, e);
	if (rc == 0)
		rc = make_tls(s, e);
	if (rc == 0)
		rc = h2_alarms_init(&s->alarms, &s->hub.loop);
	if (rc == 0)
		rc = serve(s, e);
	hub_deinit(&s->hub);
	h2_alarms_deinit(&s->alarms);
	h2_tls_context_free(s->tls);
	buf_deinit(&s->file);
out:
	h2_pool_free(pool);
	free(s);
	return rc < 0 ? err_set(e, -rc, "the server cannot run: %s", uv_strerror(rc)) : 0;
}
