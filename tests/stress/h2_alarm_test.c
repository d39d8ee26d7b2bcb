// Alarms: their order, and what setting and clearing does to it.
#include "alarm.h"
#include "clock.h"
#include "harness.h"
#include "rng.h"

#include <stdbool.h>

#define ALARMS 200U

struct timed {
	struct h2_alarm alarm; // first
	uint64_t rang_ns, wanted_ns;
	bool again;
};

static struct h2_alarms alarms;
static uv_loop_t loop;
static uint64_t last_ns;
static unsigned rung;

static void ring(struct h2_alarm *a, uint64_t now_ns)
{
	struct timed *t = (struct timed *)a;
	assert_true(now_ns >= t->wanted_ns);
	assert_true(t->wanted_ns >= last_ns); // in order
	assert_int_equal(a->place, 0);
	last_ns = t->wanted_ns;
	t->rang_ns = now_ns;
	rung++;
	if (t->again) {
		t->again = false;
		t->wanted_ns = now_ns + 1000;
		assert_int_equal(h2_alarm_set(&alarms, a, t->wanted_ns), 0);
	}
}

static void turn(unsigned until)
{
	while (rung < until)
		uv_run(&loop, UV_RUN_ONCE);
}

static void begin(void)
{
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(h2_alarms_init(&alarms, &loop), 0);
	uv_ref((uv_handle_t *)&alarms.poll); // there is nothing else here to keep the loop
}

static void end(void)
{
	h2_alarms_close(&alarms);
	uv_run(&loop, UV_RUN_DEFAULT);
	h2_alarms_deinit(&alarms);
	assert_int_equal(uv_loop_close(&loop), 0);
}

CASE("h2 alarm: they ring in the order of their times, none before it, and those cleared not at all")
{
	static struct timed all[ALARMS];
	struct rng rng;
	rng_init(&rng, 11);
	begin();
	const uint64_t now = clock_now_ns();
	for (unsigned i = 0; i < ALARMS; i++) {
		all[i].alarm.ring = ring;
		all[i].wanted_ns = now + rng_below(&rng, 20 * SG_NS_PER_MS);
		assert_int_equal(h2_alarm_set(&alarms, &all[i].alarm, all[i].wanted_ns), 0);
	}
	for (unsigned i = 0; i < ALARMS; i += 4) // and some are set again
		assert_int_equal(h2_alarm_set(&alarms, &all[i].alarm, all[i].wanted_ns -= rng_below(&rng, 1000)),
		                 0);
	for (unsigned i = 1; i < ALARMS; i += 4)
		h2_alarm_clear(&alarms, &all[i].alarm);
	turn(ALARMS - ALARMS / 4);
	assert_int_equal(alarms.count, 0);
	for (unsigned i = 0; i < ALARMS; i++)
		assert_int_equal(all[i].rang_ns != 0, i % 4 != 1);
	end();
}

CASE("h2 alarm: one that is set again from its own ring rings again")
{
	struct timed t = { .alarm.ring = ring, .again = true, .wanted_ns = 1 };
	begin();
	assert_int_equal(h2_alarm_set(&alarms, &t.alarm, 1), 0); // long past
	turn(2);
	end();
}
