// One connection of the load, from connect() to its last response.
#include "link.h"

#include "clock.h"
#include "tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ATTEMPTS 10              // of one request that is refused, on connections that go on
#define MAX_FRUITLESS 3              // connections in a row that the server ended without one answer
#define UNUSED_NS (SG_NS_PER_S / 10) // one that stood so long without a request was idle

static void connect_again(struct link *l);

// ---- requests -----------------------------------------------------------------------------------------------

static void account(struct link *l, struct exchange *x);

// One that is made for this exchange alone, or whose response is watched. Apart, so that others do not pay for it.
__attribute__((noinline)) static struct exchange *make_own(struct link *l, struct exchange *x)
{
	if (h2_more_begin(x, &l->load->more) == 0)
		return x;
	exchange_fault(x, H2_FAULT_UNANSWERED, "there was no memory to make it");
	account(l, x);
	return NULL;
}

// The next request of the round, in a free slot. NULL without memory for it, which it is then charged with.
static struct exchange *begin_next(struct link *l)
{
	struct load *load = l->load;
	struct exchange *x = &l->slots[l->free[--l->free_count]];
	uint64_t number = load->result->begun++;
	uint16_t which = load->round[load->round_next++];
	if (load->round_next == load->config->scenario->round)
		load->round_next = 0;
	exchange_begin(x, &load->prepared[which], &load->result->tallies[which], number);
	l->begun++;
	return __builtin_expect(load->prepared[which].needs_more, false) ? make_own(l, x) : x;
}

// One that is due, in an open loop: handed to this link before, or waiting for whoever has room.
static struct exchange *next_due(struct link *l, uint64_t now_ns)
{
	uint64_t due_ns;
	if (l->due_count > 0)
		return &l->slots[l->due[--l->due_count]];
	if (l->free_count == 0 || !l->load->pace.starved || !pace_take(l->load, now_ns, &due_ns))
		return NULL;
	struct exchange *x = begin_next(l);
	if (x)
		x->start_ns = due_ns;
	return x;
}

// It has made all the requests that a connection makes.
static bool is_spent(const struct link *l)
{
	const uint64_t most = l->load->config->scenario->per_connection;
	return l->replaced || (most && l->begun >= most);
}

static struct exchange *next_exchange(struct link *l, uint64_t now_ns)
{
	struct load *load = l->load;
	if (l->again_count > 0) {
		struct exchange *x = &l->slots[l->again[--l->again_count]];
		exchange_again(x);
		load->result->retried++;
		return x;
	}
	if (is_spent(l) && l->due_count == 0)
		return NULL;
	if (load->pace.on)
		return next_due(l, now_ns);
	if (l->free_count == 0 || l->quota == 0 || load->time_up)
		return NULL;
	l->quota--;
	return begin_next(l);
}

bool link_has_room(const struct link *l)
{
	uint32_t most = l->max_streams < l->slot_count ? l->max_streams : l->slot_count;
	return l->ready && !l->goaway && !l->finishing && !is_spent(l) && l->free_count > 0 &&
	       l->in_flight + l->due_count < most;
}

void link_begin(struct link *l, uint64_t due_ns)
{
	struct exchange *x = begin_next(l);
	if (!x)
		return;
	x->start_ns = due_ns;
	l->due[l->due_count++] = x->slot;
	transport_wake(&l->transport);
}

// Hands the engine as many requests as the scenario and the server allow. Their latency begins here, before they
// are encoded.
static int submit_all(struct link *l)
{
	uint32_t most = l->max_streams < l->slot_count ? l->max_streams : l->slot_count;
	uint64_t now = l->load->pace.on ? clock_now_ns() : 0;
	while (l->in_flight < most) {
		struct exchange *x = next_exchange(l, now);
		if (!x)
			break;
		if (now == 0)
			now = clock_now_ns();
		if (x->attempts++ == 0 && !l->load->pace.on)
			x->start_ns = now;
		int rc = l->load->config->engine->submit(l->client, x);
		if (rc < 0) {
			l->again[l->again_count++] = x->slot;
			l->goaway = rc == -ENOSPC; // out of stream ids: go on with a new connection
			return l->goaway ? 0 : rc;
		}
		x->submitted = l->asked = true;
		l->in_flight++;
	}
	if (now && l->load->first_ns == 0)
		l->load->first_ns = now;
	return 0;
}

static void release(struct link *l, struct exchange *x)
{
	x->prepared = NULL;
	x->submitted = false;
	l->free[l->free_count++] = x->slot;
}

// All of load->alike ended at hub.now_ns.
static void record_alike(struct load *load)
{
	struct h2_alike *a = &load->alike;
	if (a->count == 0)
		return;
	load->result->right += a->count;
	if (a->start_ns >= load->measured_from_ns) {
		hist_record_n(a->tally->latency, load->hub.now_ns - a->start_ns, a->count);
		hist_record_n(load->result->first_byte, a->first_ns - a->start_ns, a->count);
	} else {
		load->result->warm += a->count;
	}
	a->count = 0;
}

static void account(struct link *l, struct exchange *x)
{
	struct h2_alike *a = &l->load->alike;
	x->tally->counts[x->fault]++;
	if (l->load->log && x->start_ns >= l->load->measured_from_ns)
		h2_log_add(l->load->log, x, (size_t)(x->tally - l->load->result->tallies), l->load->last_ns);
	if (x->ended && x->status >= 200)
		x->tally->classes[x->status / 100 < H2_STATUS_CLASSES ? x->status / 100 : 0]++;
	if (x->fault != H2_FAULT_NONE) {
		l->load->result->wrong++;
	} else if (a->count > 0 && a->tally == x->tally && a->start_ns == x->start_ns &&
	           a->first_ns == x->first_ns) {
		a->count++;
	} else {
		record_alike(l->load);
		*a = (struct h2_alike){ x->tally, x->start_ns, x->first_ns, 1 };
	}
	release(l, x);
}

void link_end_late(struct link *l, struct exchange *x, uint64_t now_ns)
{
	exchange_fault(x, H2_FAULT_TIMEOUT, "not even sent in its time");
	if (l->load->first_ns == 0)
		l->load->first_ns = x->start_ns;
	l->load->last_ns = now_ns;
	account(l, x);
}

void link_skip_late(struct link *l, uint64_t start_ns, uint64_t now_ns)
{
	struct exchange *x = begin_next(l);
	l->begun--; // not on this connection
	if (!x)
		return;
	x->start_ns = start_ns;
	link_end_late(l, x, now_ns);
}

// Refused, and to be tried again. What GOAWAY leaves out does not count as an attempt: a server that ends each
// connection after a few requests leaves most of them out many times, and one that answers none is given up soon.
static bool is_for_again(const struct link *l, struct exchange *x)
{
	if (l->goaway && x->attempts > 1)
		x->attempts--;
	return x->attempts < MAX_ATTEMPTS;
}

static void on_ended(void *arg, struct exchange *x, uint32_t code, bool by_us)
{
	struct link *l = arg;
	l->in_flight--;
	x->submitted = false;
	l->load->last_ns = l->load->hub.now_ns;
	enum h2_fault fault = exchange_end(x, code, by_us);
	if (fault == H2_FAULT_REFUSED && is_for_again(l, x)) {
		l->again[l->again_count++] = x->slot;
		return;
	}
	l->answered++;
	account(l, x);
}

bool link_wants_more(const struct link *l)
{
	if (l->again_count > 0 || l->due_count > 0)
		return true;
	return l->load->pace.on ? !l->load->pace.ended : l->quota > 0 && !l->load->time_up;
}

// ---- the engine's other events ------------------------------------------------------------------------------

void link_count_ready(struct link *l)
{
	if (!l->counted)
		load_link_ready(l->load);
	l->counted = true;
}

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
	hist_record(r->tcp, l->transport.connected_ns - l->connect_ns);
	if (l->transport.tls) {
		hist_record(r->tls, l->transport.secured_ns - l->transport.connected_ns);
		r->tls_resumed += h2_tls_is_resumed(l->transport.tls);
	}
	link_count_ready(l);
}

static void on_goaway(void *arg, __attribute__((unused)) uint32_t last, uint32_t code, const uint8_t *text,
                      size_t len)
{
	struct link *l = arg;
	l->goaway = true;
	l->goaway_code = code;
	l->load->result->goaways++;
	char all[4 * 64 + 1];
	link_printable(text, len < 64 ? len : 64, all);
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
	int rc = l->load->config->engine->receive(l->client, bytes, len);
	record_alike(l->load);
	load_settle(l->load);
	return rc;
}

// Nothing is under way: whether that is the end of the connection.
static bool may_finish(struct link *l)
{
	const uint64_t idle_ns = l->load->config->scenario->idle_ns;
	if (!link_wants_more(l))
		return !load_is_closing(l->load) || load_is_settled(l->load);
	if (!is_spent(l) || l->again_count > 0 || l->due_count > 0)
		return false;
	if (idle_ns && !l->replaced && !l->idle_until_ns)
		l->idle_until_ns = clock_now_ns() + idle_ns;
	return !l->idle_until_ns || l->replaced || clock_now_ns() >= l->idle_until_ns;
}

static ssize_t on_pull(struct transport *t, uint8_t *to, size_t room)
{
	struct link *l = (struct link *)t;
	const struct h2_client_engine *engine = l->load->config->engine;
	int rc = 0;
	l->pulled = true;
	if (l->ready && !l->goaway && !l->finishing) {
		rc = submit_all(l);
		if (rc == 0 && l->in_flight == 0 && may_finish(l)) {
			l->finishing = true;
			rc = engine->finish(l->client);
		}
	}
	ssize_t n = rc < 0 ? rc : engine->pull(l->client, to, room);
	record_alike(l->load); // responses that had come before their requests' bodies were sent
	load_settle(l->load);
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
	for (uint32_t i = 0; i < l->slot_count && l->in_flight + l->again_count + l->due_count > 0; i++) {
		struct exchange *x = &l->slots[i];
		if (!x->prepared || l->load->result->stopped)
			continue;
		if (l->load->result->timed_out)
			exchange_fault(x, H2_FAULT_UNANSWERED, "unanswered at the deadline");
		else
			exchange_fault(x, H2_FAULT_LOST, "lost with its connection: %s",
			               reason ? uv_strerror(reason) : "a protocol error");
		account(l, x);
	}
	l->in_flight = l->again_count = l->due_count = 0;
}

static bool in_good_order(const struct link *l)
{
	if (l->client && l->load->config->engine->has_failed(l->client))
		return false;
	if (l->finishing)
		return true;
	if (l->ready && l->in_flight == 0 && load_is_closing(l->load) && !link_wants_more(l))
		return true; // it was there for the others' last answers only
	return l->ready && l->goaway && l->goaway_code == 0 && l->in_flight == 0 && !l->load->result->timed_out;
}

// The server ended the connection before it answered anything. One that we ended says nothing about the server,
// nor does one on which nothing was to be asked for a while, in an open loop.
static bool was_fruitless(const struct link *l)
{
	const bool was_due = !l->load->pace.on || l->load->pace.starved || l->again_count + l->due_count > 0;
	return !l->finishing && (l->asked || was_due || clock_now_ns() - l->connect_ns < UNUSED_NS);
}

static void on_closed(struct transport *t, int reason)
{
	struct link *l = (struct link *)t;
	bool in_order = in_good_order(l), more = link_wants_more(l);
	l->fruitless = l->answered > 0 ? 0 : l->fruitless + was_fruitless(l);
	if (in_order && more && l->fruitless < MAX_FRUITLESS && !l->load->result->stopped) {
		connect_again(l);
		return;
	}
	if (!in_order || more)
		link_tell_trouble(l, reason);
	lose_open(l, reason);
	l->load->config->engine->close(l->client);
	l->client = NULL;
	l->ready = false;
	link_count_ready(l);
	load_settle(l->load);
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

static void init_transport(struct link *l)
{
	if (l->load->config->target->address.any.sa_family == AF_UNIX)
		transport_init_local(&l->transport, &l->load->hub, &user);
	else
		transport_init(&l->transport, &l->load->hub, &user);
}

static int connect_now(struct link *l)
{
	struct load *load = l->load;
	const struct h2_client_config config = {
		.pool = load->pool,
		.counters = &load->result->counters,
		.events = &events,
		.arg = l,
		.settings = load->config->scenario->settings,
	};
	int rc = load->config->engine->open(&config, &l->client);
	if (rc < 0)
		return rc;
	l->connect_ns = l->waiting_from_ns = clock_now_ns();
	const struct h2_target *target = load->config->target;
	if (target->tls)
		rc = transport_secure(&l->transport, load->hub.tls, target->host);
	return rc < 0 ? rc : transport_connect(&l->transport, &target->address.any);
}

// The oldest on top, in whatever order the engine gave them back: else some would wait for the load's end.
static int by_age(const void *a, const void *b, void *slots)
{
	const struct exchange *x = slots;
	const uint64_t p = x[*(const uint32_t *)a].number, q = x[*(const uint32_t *)b].number;
	return (p < q) - (p > q);
}

// The server ended the connection in good order and there is more to do.
static void connect_again(struct link *l)
{
	qsort_r(l->again, l->again_count, sizeof(*l->again), by_age, l->slots);
	l->load->config->engine->close(l->client);
	l->client = NULL;
	l->answered = l->begun = l->idle_until_ns = 0;
	l->greeting_len = 0;
	l->replaced = false;
	l->opened = l->ready = l->asked = l->goaway = l->finishing = false;
	l->load->result->reconnects++;
	init_transport(l);
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
	l->due = calloc(load->pace.on ? slots : 1, sizeof(*l->due));
	if (!l->slots || !l->free || !l->again || !l->due)
		return -ENOMEM;
	l->slot_count = l->free_count = slots;
	for (uint32_t i = 0; i < slots; i++) {
		l->slots[i].slot = i;
		l->slots[i].now_ns = &load->hub.now_ns;
		l->free[i] = slots - 1 - i;
	}
	init_transport(l);
	load->open_links++;
	int rc = connect_now(l);
	if (rc < 0)
		transport_close(&l->transport, rc);
	return 0;
}

void link_replace(struct link *l)
{
	if (!l->ready || l->finishing || l->goaway)
		return;
	l->replaced = true;
	transport_wake(&l->transport);
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
	for (uint32_t i = 0; l->slots && i < l->slot_count; i++)
		h2_more_free(l->slots[i].more);
	free(l->slots);
	free(l->free);
	free(l->again);
	free(l->due);
}
