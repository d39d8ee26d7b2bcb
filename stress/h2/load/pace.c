// Pacing by a timerfd, which counts ns.
#include "pace.h"

#include "clock.h"
#include "link.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void advance(struct pace *p)
{
	uint64_t ns;
	if (p->left == 0 || !h2_arrivals_next(&p->arrivals, &ns) || p->start_ns + ns >= p->end_ns)
		p->ended = true;
	else
		p->next_ns = p->start_ns + ns;
}

static void arm(const struct pace *p)
{
	const struct itimerspec at = { .it_value = { .tv_sec = (time_t)(p->next_ns / SG_NS_PER_S),
		                                     .tv_nsec = (long)(p->next_ns % SG_NS_PER_S) } };
	if (!p->ended)
		timerfd_settime(p->fd, TFD_TIMER_ABSTIME, &at, NULL);
}

bool pace_take(struct load *load, uint64_t now_ns, uint64_t *due_ns)
{
	struct pace *p = &load->pace;
	if (!p->started || p->ended)
		return false;
	if (p->next_ns > now_ns) {
		if (p->starved)
			arm(p);
		p->starved = false;
		return false;
	}
	*due_ns = p->next_ns;
	if (now_ns - p->next_ns > p->behind_ns)
		p->behind_ns = now_ns - p->next_ns;
	p->left--;
	p->taken++;
	advance(p); // at its end the links are woken when this one has ended, too
	return true;
}

void pace_skip_late(struct load *load, uint64_t before_ns, uint64_t now_ns)
{
	const struct pace *p = &load->pace;
	unsigned i = 0;
	while (i < load->link_count && load->links[i].free_count == 0)
		i++;
	uint64_t due_ns;
	while (i < load->link_count && p->started && !p->ended && p->next_ns <= before_ns &&
	       pace_take(load, before_ns, &due_ns))
		link_skip_late(&load->links[i], due_ns, now_ns);
}

// Hands out what is due, to one connection after the other.
static void hand_out(struct load *load, uint64_t now_ns)
{
	struct pace *p = &load->pace;
	unsigned full = 0;
	while (!p->ended && p->next_ns <= now_ns && full < load->link_count) {
		struct link *l = &load->links[p->turn++ % load->link_count];
		uint64_t due_ns;
		if (!link_has_room(l)) {
			full++;
			continue;
		}
		full = 0;
		if (pace_take(load, now_ns, &due_ns))
			link_begin(l, due_ns);
	}
	p->starved = !p->ended && p->next_ns <= now_ns;
	if (!p->starved)
		arm(p);
}

static void on_timer(uv_poll_t *poll, int status, int events)
{
	struct load *load = poll->data;
	uint64_t times;
	(void)status;
	(void)events;
	if (read(load->pace.fd, &times, sizeof(times)) < 0 && errno == EAGAIN)
		return;
	hand_out(load, clock_now_ns());
}

int pace_init(struct load *load)
{
	const struct scenario *s = load->config->scenario;
	struct pace *p = &load->pace;
	if (s->schedule.count == 0)
		return 0;
	p->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (p->fd < 0)
		return -errno;
	p->on = true;
	h2_arrivals_init(&p->arrivals, &s->schedule, load->thread, s->threads);
	p->left = s->requests ? s->requests / s->threads + (load->thread < s->requests % s->threads) : UINT64_MAX;
	int rc = uv_poll_init(&load->hub.loop, &p->poll, p->fd);
	if (rc < 0) {
		close(p->fd);
		return rc;
	}
	p->poll.data = load;
	p->handle_open = true;
	return uv_poll_start(&p->poll, UV_READABLE, on_timer);
}

void pace_start(struct load *load, uint64_t now_ns)
{
	struct pace *p = &load->pace;
	const uint64_t lasts = load->config->scenario->warm_up_ns + load->config->scenario->duration_ns;
	if (!p->on || p->started || !p->handle_open)
		return;
	p->started = true;
	p->start_ns = now_ns;
	p->end_ns = load->config->scenario->duration_ns ? now_ns + lasts : UINT64_MAX;
	advance(p);
	hand_out(load, now_ns);
}

void pace_stop(struct load *load, uint64_t now_ns)
{
	struct pace *p = &load->pace;
	p->end_ns = now_ns;
	p->ended |= !p->started || p->next_ns >= now_ns;
}

uint64_t pace_until(const struct load *load)
{
	const struct pace *p = &load->pace;
	return p->started && p->ended && p->left > 0 && p->end_ns != UINT64_MAX ? p->end_ns : 0;
}

uint64_t pace_left_over(struct load *load)
{
	struct pace *p = &load->pace;
	uint64_t n = 0;
	const bool is_bounded =
	        p->end_ns != UINT64_MAX || p->left < UINT64_MAX / 2 || h2_schedule_ns(p->arrivals.schedule) > 0;
	for (; p->on && p->started && is_bounded && !p->ended; n++) {
		p->left--;
		advance(p);
	}
	return n;
}

void pace_close(struct load *load)
{
	struct pace *p = &load->pace;
	if (!p->handle_open)
		return;
	p->handle_open = false;
	uv_poll_stop(&p->poll);
	uv_close((uv_handle_t *)&p->poll, NULL);
	close(p->fd);
}
