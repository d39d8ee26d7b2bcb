// Alarms of one loop, in nanoseconds: a heap of them behind one timerfd, since libuv's timers count milliseconds.
#ifndef SG_H2_ALARM_H
#define SG_H2_ALARM_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

// Embedded in what waits; zeroed before its first use.
struct h2_alarm {
	uint64_t at_ns; // CLOCK_MONOTONIC
	size_t place;   // in the heap, from 1; 0: not set
	// Called once, from the loop, with the alarm cleared: it may be set again. `now_ns` is not before at_ns.
	void (*ring)(struct h2_alarm *a, uint64_t now_ns);
};

struct h2_alarms {
	struct h2_alarm **heap; // owned; heap[0] is the next to ring
	size_t count, room;
	int timer; // descriptor
	uint64_t armed_ns;
	uv_poll_t poll;
};

int h2_alarms_init(struct h2_alarms *s, uv_loop_t *loop); // 0 or -errno; does not keep the loop alive
// Closes the handle; the loop must run once more, then deinit. Nothing rings afterwards.
void h2_alarms_close(struct h2_alarms *s);
void h2_alarms_deinit(struct h2_alarms *s);
// Sets it, again if it is set: 0 or -ENOMEM (then it is not set).
int h2_alarm_set(struct h2_alarms *s, struct h2_alarm *a, uint64_t at_ns);
void h2_alarm_clear(struct h2_alarms *s, struct h2_alarm *a); // does nothing when it is not set

#endif
