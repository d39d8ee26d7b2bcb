// Requests beyond their time: those under way are reset; those that their connection does not take, since it does
// not stand, reads nothing or allows no stream, end without having been sent.
#include "clock.h"
#include "link.h"

static uint64_t limit_ns(const struct link *l)
{
	return l->load->config->scenario->request_timeout_ns;
}

static void cancel_late(struct link *l, uint64_t now_ns)
{
	for (uint32_t i = 0; i < l->slot_count && l->in_flight > 0 && l->client; i++) {
		struct exchange *x = &l->slots[i];
		if (!x->submitted || x->fault != H2_FAULT_NONE || now_ns < x->start_ns + limit_ns(l))
			continue;
		exchange_fault(x, H2_FAULT_TIMEOUT, "unanswered after its time");
		l->load->hub.now_ns = l->waiting_from_ns = now_ns; // nothing was read
		int rc = l->load->config->engine->cancel(l->client, x);
		if (rc < 0)
			transport_close(&l->transport, rc);
	}
}

// Those of a stack of slots that are beyond their time.
static void drop_late(struct link *l, uint32_t *stack, uint32_t *count, uint64_t now_ns)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < *count; i++) {
		struct exchange *x = &l->slots[stack[i]];
		if (now_ns < x->start_ns + limit_ns(l)) {
			stack[kept++] = stack[i];
			continue;
		}
		exchange_again(x); // a refusal is not what it ended with
		link_end_late(l, x, now_ns);
	}
	*count = kept;
}

// Whether the connection has taken no request for a request's time.
static bool is_stuck(struct link *l, uint64_t now_ns)
{
	if (l->ready && l->pulled && l->max_streams > 0)
		l->waiting_from_ns = now_ns;
	l->pulled = false;
	return now_ns >= l->waiting_from_ns + limit_ns(l);
}

// As many as it would have made at a time, in a closed loop; an open one's are the pace's to end.
static void skip_late(struct link *l, uint64_t now_ns)
{
	const uint64_t from_ns = l->waiting_from_ns;
	l->waiting_from_ns = now_ns;
	for (uint32_t n = l->free_count; n > 0 && l->quota > 0 && !l->load->time_up; n--, l->quota--)
		link_skip_late(l, from_ns, now_ns);
}

static void look_at_requests(struct link *l, uint64_t now_ns)
{
	cancel_late(l, now_ns);
	drop_late(l, l->again, &l->again_count, now_ns);
	drop_late(l, l->due, &l->due_count, now_ns);
	if (l->transport.closing || !is_stuck(l, now_ns))
		return;
	link_count_ready(l); // an open loop waits for it no longer
	if (!l->load->pace.on)
		skip_late(l, now_ns);
	if (l->in_flight > 0 || link_wants_more(l))
		return;
	l->given_up = true;
	transport_close(&l->transport, UV_ETIMEDOUT);
}

void link_watch(struct link *l, uint64_t now_ns, bool requests)
{
	if (!l->client) // not opened yet, or ended
		return;
	const uint64_t lifetime_ns = l->load->config->scenario->lifetime_ns;
	if (lifetime_ns && now_ns - l->connect_ns >= lifetime_ns)
		link_replace(l);
	if (requests)
		look_at_requests(l, now_ns);
	if (requests || (l->idle_until_ns && now_ns >= l->idle_until_ns))
		link_wake(l);
}
