// One connection of the load, from connect() to its last response.
#include "link.h"

#include "clock.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ATTEMPTS 10 // of one request that is refused
#define MAX_FRUITLESS 3 // connections in a row that were ended without one answer

static void connect_again(struct link *l);

// ---- trouble, in words --------------------------------------------------------------------------------------

__attribute__((format(printf, 2, 3))) static void trouble(struct link *l, const char *format, ...)
{
	struct h2_load_result *r = l->load->result;
	r->failed++;
	if (r->trouble[0] != '\0')
		return;
	int n = snprintf(r->trouble, sizeof(r->trouble), "%s: ", l->load->config->target->authority);
	va_list args;
	va_start(args, format);
	vsnprintf(r->trouble + n, sizeof(r->trouble) - (size_t)n, format, args);
	va_end(args);
}

// Bytes of the peer as text for one line; `to` of at least 4 * len + 1.
static void printable(const uint8_t *bytes, size_t len, char *to)
{
	for (size_t i = 0; i < len && bytes[i] != '\r' && bytes[i] != '\n'; i++)
		to += sprintf(to, isprint(bytes[i]) && bytes[i] != '"' ? "%c" : "\\x%02x", bytes[i]);
	*to = '\0';
}

// A SETTINGS frame begins with a length below 64 KiB, type 4, stream 0.
static bool looks_like_http2(const struct link *l)
{
	const uint8_t *b = l->greeting;
	return l->greeting_len >= 9 && b[0] == 0 && b[3] == 4 && (b[5] | b[6] | b[7] | b[8]) == 0;
}

static void trouble_before_settings(struct link *l, int reason)
{
	char text[4 * sizeof(l->greeting) + 1];
	printable(l->greeting, l->greeting_len, text);
	if (l->greeting_len > 0 && !looks_like_http2(l))
		trouble(l, "the server answered \"%s\": it does not speak HTTP/2 with prior knowledge", text);
	else if (l->greeting_len > 0)
		trouble(l, "the server's first frame is not a right SETTINGS frame: %s",
		        l->load->config->engine->reason(l->client));
	else if (reason == UV_EOF || reason == UV_ECONNRESET)
		trouble(l, "the server closed the connection at once; does it speak HTTP/2 with prior knowledge?");
	else
		trouble(l, "before the server's SETTINGS: %s",
		        reason ? uv_strerror(reason) : "the connection ended");
}

static void trouble_after_settings(struct link *l, int reason)
{
	const char *why = l->load->config->engine->reason(l->client);
	if (l->goaway && l->goaway_code != 0)
		trouble(l, "the server ended the connection: GOAWAY %s%s%s",
		        nghttp2_http2_strerror(l->goaway_code), l->goaway_text[0] ? ", " : "", l->goaway_text);
	else if (l->goaway && l->in_flight == 0)
		trouble(l, "the server ended the connection %u times in a row without answering a request",
		        l->fruitless);
	else if (reason == 0 || reason == -EPROTO)
		trouble(l, "protocol error: %s", why[0] ? why : "the server broke the rules of HTTP/2");
	else
		trouble(l, "the connection ended with %u requests under way: %s", l->in_flight,
		        uv_strerror(reason));
}

// ---- requests -----------------------------------------------------------------------------------------------

static struct exchange *next_exchange(struct link *l)
{
	struct load *load = l->load;
	if (l->again_count > 0) {
		struct exchange *x = &l->slots[l->again[--l->again_count]];
		exchange_again(x);
		load->result->retried++;
		return x;
	}
	if (l->free_count == 0 || l->quota == 0 || load->time_up)
		return NULL;
	struct exchange *x = &l->slots[l->free[--l->free_count]];
	uint64_t number = load->result->begun++;
	uint16_t which = load->round[number % load->config->scenario->round];
	l->quota--;
	exchange_begin(x, &load->prepared[which], &load->result->tallies[which], number);
	return x;
}

// Hands the engine as many requests as the scenario and the server allow. Their latency begins here, before they
// are encoded.
static int submit_all(struct link *l)
{
	uint32_t most = l->max_streams < l->slot_count ? l->max_streams : l->slot_count;
	uint64_t now = 0;
	while (l->in_flight < most) {
		struct exchange *x = next_exchange(l);
		if (!x)
			break;
		if (now == 0)
			now = clock_now_ns();
		if (x->attempts++ == 0)
			x->start_ns = now;
		int rc = l->load->config->engine->submit(l->client, x);
		if (rc < 0) {
			l->again[l->again_count++] = x->slot;
			l->goaway = rc == -ENOSPC; // out of stream ids: go on with a new connection
			return l->goaway ? 0 : rc;
		}
		l->in_flight++;
	}
	if (now && l->load->first_ns == 0)
		l->load->first_ns = now;
	return 0;
}

static void release(struct link *l, struct exchange *x)
{
	x->prepared = NULL;
	l->free[l->free_count++] = x->slot;
}

static void account(struct link *l, struct exchange *x)
{
	struct h2_load_result *r = l->load->result;
	x->tally->counts[x->fault]++;
	if (x->ended && x->status >= 200)
		x->tally->classes[x->status / 100 < H2_STATUS_CLASSES ? x->status / 100 : 0]++;
	if (x->fault == H2_FAULT_NONE) {
		r->right++;
		if (x->start_ns >= l->load->measured_from_ns)
			hist_record(x->tally->latency, l->load->hub.now_ns - x->start_ns);
		else
			r->warm++;
	} else {
		r->wrong++;
	}
	release(l, x);
}

static void on_ended(void *arg, struct exchange *x, uint32_t code, bool by_us)
{
	struct link *l = arg;
	l->in_flight--;
	l->load->last_ns = l->load->hub.now_ns;
	enum h2_fault fault = exchange_end(x, code, by_us);
	if (fault == H2_FAULT_REFUSED && x->attempts < MAX_ATTEMPTS) {
		l->again[l->again_count++] = x->slot;
		return;
	}
	l->answered++;
	account(l, x);
}

static bool wants_more(const struct link *l)
{
	return l->again_count > 0 || (l->quota > 0 && !l->load->time_up);
}

// ---- the engine's other events ------------------------------------------------------------------------------

static void on_settings(void *arg, uint32_t max_streams)
{
	struct link *l = arg;
	struct h2_load_result *r = l->load->result;
	l->max_streams = max_streams;
	if (l->ready)
		return;
	l->ready = true;
	r->connected++;
	hist_record(r->connect, l->load->hub.now_ns - l->connect_ns);
}

static void on_goaway(void *arg, __attribute__((unused)) uint32_t last, uint32_t code, const uint8_t *text,
                      size_t len)
{
	struct link *l = arg;
	l->goaway = true;
	l->goaway_code = code;
	l->load->result->goaways++;
	char all[4 * 64 + 1];
	printable(text, len < 64 ? len : 64, all);
	snprintf(l->goaway_text, sizeof(l->goaway_text), "%.60s", all);
}

static const struct h2_client_events events = { .settings = on_settings, .ended = on_ended, .goaway = on_goaway };

// ---- the transport's events ---------------------------------------------------------------------------------

static void on_opened(struct transport *t, int status)
{
	struct link *l = (struct link *)t;
	l->opened = status == 0;
	if (status < 0)
		transport_close(t, status);
}

static int on_received(struct transport *t, const uint8_t *bytes, size_t len)
{
	struct link *l = (struct link *)t;
	h2_count(&l->load->result->counters, H2_BYTES_IN, len);
	if (l->greeting_len < sizeof(l->greeting)) {
		size_t room = sizeof(l->greeting) - l->greeting_len, n = len < room ? len : room;
		memcpy(l->greeting + l->greeting_len, bytes, n);
		l->greeting_len += n;
	}
	return l->load->config->engine->receive(l->client, bytes, len);
}

static ssize_t on_pull(struct transport *t, uint8_t *to, size_t room)
{
	struct link *l = (struct link *)t;
	const struct h2_client_engine *engine = l->load->config->engine;
	int rc = 0;
	if (l->ready && !l->goaway && !l->finishing) {
		rc = submit_all(l);
		if (rc == 0 && l->in_flight == 0 && !wants_more(l)) {
			l->finishing = true;
			rc = engine->finish(l->client);
		}
	}
	ssize_t n = rc < 0 ? rc : engine->pull(l->client, to, room);
	if (n > 0)
		h2_count(&l->load->result->counters, H2_BYTES_OUT, (uint64_t)n);
	return n;
}

static bool on_finished(struct transport *t)
{
	struct link *l = (struct link *)t;
	return l->load->config->engine->is_done(l->client) || (l->goaway && l->in_flight == 0);
}

// The connection is gone with requests under way: they will not be answered.
static void lose_open(struct link *l, int reason)
{
	for (uint32_t i = 0; i < l->slot_count && (l->in_flight > 0 || l->again_count > 0); i++) {
		struct exchange *x = &l->slots[i];
		if (!x->prepared)
			continue;
		if (l->load->result->timed_out)
			exchange_fault(x, H2_FAULT_UNANSWERED, "unanswered at the deadline");
		else
			exchange_fault(x, H2_FAULT_LOST, "lost with its connection: %s",
			               reason ? uv_strerror(reason) : "a protocol error");
		account(l, x);
	}
	l->in_flight = l->again_count = 0;
}

static bool in_good_order(const struct link *l)
{
	if (l->client && l->load->config->engine->has_failed(l->client))
		return false;
	if (l->finishing)
		return true;
	return l->ready && l->goaway && l->goaway_code == 0 && l->in_flight == 0 && !l->load->result->timed_out;
}

static void tell_trouble(struct link *l, int reason)
{
	if (l->load->result->timed_out)
		return; // that is told for all links at once
	if (l->ready)
		trouble_after_settings(l, reason);
	else if (!l->opened)
		trouble(l, "%s; is the server running?", uv_strerror(reason));
	else
		trouble_before_settings(l, reason);
}

static void on_closed(struct transport *t, int reason)
{
	struct link *l = (struct link *)t;
	bool in_order = in_good_order(l), more = wants_more(l);
	l->fruitless = l->answered > 0 ? 0 : l->fruitless + 1;
	if (in_order && more && l->fruitless < MAX_FRUITLESS) {
		connect_again(l);
		return;
	}
	if (!in_order || more)
		tell_trouble(l, reason);
	lose_open(l, reason);
	l->load->config->engine->close(l->client);
	l->client = NULL;
	load_link_ended(l->load);
}

static const struct transport_user user = {
	.opened = on_opened,
	.received = on_received,
	.pull = on_pull,
	.finished = on_finished,
	.closed = on_closed,
};

// ---- opening ------------------------------------------------------------------------------------------------

static int connect_now(struct link *l)
{
	struct load *load = l->load;
	const struct h2_client_config config = {
		.pool = load->pool, .counters = &load->result->counters, .events = &events, .arg = l
	};
	int rc = load->config->engine->open(&config, &l->client);
	if (rc < 0)
		return rc;
	l->connect_ns = clock_now_ns();
	return transport_connect(&l->transport, &load->config->target->address.any);
}

// The server ended the connection in good order and there is more to do.
static void connect_again(struct link *l)
{
	l->load->config->engine->close(l->client);
	l->client = NULL;
	l->answered = 0;
	l->greeting_len = 0;
	l->opened = l->ready = l->goaway = l->finishing = false;
	l->load->result->reconnects++;
	transport_init(&l->transport, &l->load->hub, &user);
	int rc = connect_now(l);
	if (rc < 0) // `closed` comes once more, with this reason
		transport_close(&l->transport, rc);
}

int link_open(struct link *l, struct load *load, uint64_t quota, uint32_t slots)
{
	l->load = load;
	l->quota = quota;
	l->slots = calloc(slots, sizeof(*l->slots));
	l->free = calloc(slots, sizeof(*l->free));
	l->again = calloc(slots, sizeof(*l->again));
	if (!l->slots || !l->free || !l->again)
		return -ENOMEM;
	l->slot_count = l->free_count = slots;
	for (uint32_t i = 0; i < slots; i++) {
		l->slots[i].slot = i;
		l->free[i] = slots - 1 - i;
	}
	transport_init(&l->transport, &load->hub, &user);
	load->open_links++;
	int rc = connect_now(l);
	if (rc < 0)
		transport_close(&l->transport, rc);
	return 0;
}

void link_wake(struct link *l)
{
	if (l->ready)
		transport_wake(&l->transport);
}

void link_abort(struct link *l)
{
	if (l->client)
		transport_close(&l->transport, UV_ETIMEDOUT);
}

void link_deinit(struct link *l)
{
	free(l->slots);
	free(l->free);
	free(l->again);
}
