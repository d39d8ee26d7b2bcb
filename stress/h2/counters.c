// Counters of one side of HTTP/2.
#include "counters.h"

#include <inttypes.h>

_Static_assert(sizeof("frames_received_WINDOW_UPDATE") <= sizeof(((struct tele_counter *)0)->name) &&
                       H2_COUNTER_COUNT <= SG_TELE_COUNTERS,
               "the telemetry file takes every counter under its whole name");

static const char *const names[H2_COUNTER_COUNT] = {
#define X(name, text) [H2_##name] = text,
	H2_COUNTERS(X)
#undef X
#define X(name) [H2_FRAMES_IN + H2_FRAME_##name] = "frames_received_" #name,
	        H2_FRAMES(X)
#undef X
#define X(name) [H2_FRAMES_OUT + H2_FRAME_##name] = "frames_sent_" #name,
	                H2_FRAMES(X)
#undef X
};

const char *h2_counter_name(enum h2_counter i)
{
	return names[i];
}

void h2_counters_init(struct h2_counters *c, struct tele_file *t)
{
	for (unsigned i = 0; i < H2_COUNTER_COUNT; i++) {
		uint64_t *shared = telemetry_counter(t, names[i]);
		c->cell[i] = shared ? shared : &c->local[i];
	}
}

void h2_counters_json(const struct h2_counters *c, struct buf *out)
{
	for (unsigned i = 0; i < H2_COUNTER_COUNT; i++)
		buf_addf(out, "%c\"%s\":%" PRIu64, i ? ',' : '{', names[i], *c->cell[i]);
	buf_addc(out, '}');
}
