// Alarms: a binary heap by time, and a timerfd that is set to the first.
#include "alarm.h"

#include "clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

// ---- the heap -----------------------------------------------------------------------------------------------

static void put(struct h2_alarms *s, struct h2_alarm *a, size_t place)
{
	s->heap[place - 1] = a;
	a->place = place;
}

static void rise(struct h2_alarms *s, struct h2_alarm *a, size_t place)
{
	while (place > 1 && s->heap[place / 2 - 1]->at_ns > a->at_ns) {
		put(s, s->heap[place / 2 - 1], place);
		place /= 2;
	}
	put(s, a, place);
}

static void sink(struct h2_alarms *s, struct h2_alarm *a, size_t place)
{
	for (size_t child; (child = 2 * place) <= s->count; place = child) {
		if (child < s->count && s->heap[child]->at_ns < s->heap[child - 1]->at_ns)
			child++;
		if (s->heap[child - 1]->at_ns >= a->at_ns)
			break;
		put(s, s->heap[child - 1], place);
	}
	put(s, a, place);
}

static void take_out(struct h2_alarms *s, struct h2_alarm *a)
{
	const size_t place = a->place;
	struct h2_alarm *last = s->heap[--s->count];
	a->place = 0;
	if (last == a)
		return;
	if (place > 1 && s->heap[place / 2 - 1]->at_ns > last->at_ns)
		rise(s, last, place);
	else
		sink(s, last, place);
}

// ---- the timer ----------------------------------------------------------------------------------------------

// The descriptor's time is the first alarm's, or none.
static void arm(struct h2_alarms *s)
{
	const uint64_t at = s->count > 0 ? (s->heap[0]->at_ns ? s->heap[0]->at_ns : 1) : 0;
	if (at == s->armed_ns || s->timer < 0)
		return;
	s->armed_ns = at;
	const struct itimerspec when = {
		.it_value = { (time_t)(at / SG_NS_PER_S), (long)(at % SG_NS_PER_S) },
	};
	timerfd_settime(s->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void on_time(uv_poll_t *poll, __attribute__((unused)) int status, __attribute__((unused)) int events)
{
	struct h2_alarms *s = poll->data;
	uint64_t expirations;
	if (read(s->timer, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
		uv_poll_stop(poll);
	s->armed_ns = 0;
	const uint64_t now = clock_now_ns();
	while (s->count > 0 && s->heap[0]->at_ns <= now) {
		struct h2_alarm *a = s->heap[0];
		take_out(s, a);
		a->ring(a, now);
	}
	arm(s);
}

int h2_alarms_init(struct h2_alarms *s, uv_loop_t *loop)
{
	*s = (struct h2_alarms){ .timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC) };
	if (s->timer < 0)
		return -errno;
	int rc = uv_poll_init(loop, &s->poll, s->timer);
	if (rc < 0) {
		close(s->timer);
		s->timer = -1;
		return rc;
	}
	s->poll.data = s;
	uv_unref((uv_handle_t *)&s->poll);
	return uv_poll_start(&s->poll, UV_READABLE, on_time);
}

void h2_alarms_close(struct h2_alarms *s)
{
	if (s->poll.loop && !uv_is_closing((uv_handle_t *)&s->poll))
		uv_close((uv_handle_t *)&s->poll, NULL);
}

void h2_alarms_deinit(struct h2_alarms *s)
{
	if (s->poll.loop)
		close(s->timer);
	free(s->heap);
	*s = (struct h2_alarms){ .timer = -1 };
}

int h2_alarm_set(struct h2_alarms *s, struct h2_alarm *a, uint64_t at_ns)
{
	if (a->place > 0)
		take_out(s, a);
	if (s->count == s->room) {
		const size_t room = s->room ? 2 * s->room : 64;
		struct h2_alarm **heap = reallocarray(s->heap, room, sizeof(*heap));
		if (!heap) {
			arm(s);
			return -ENOMEM;
		}
		s->heap = heap;
		s->room = room;
	}
	a->at_ns = at_ns;
	rise(s, a, ++s->count);
	arm(s);
	return 0;
}

void h2_alarm_clear(struct h2_alarms *s, struct h2_alarm *a)
{
	if (a->place == 0)
		return;
	take_out(s, a);
	arm(s);
}
