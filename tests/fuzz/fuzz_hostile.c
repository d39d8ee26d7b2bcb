// The hostile servers' parser, and what is played of it: any bytes; what is accepted ends, and in bounded memory.
#include "hostile.h"

#include <stdint.h>
#include <stdlib.h>

#define PIECES 20000U // played of each script

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void play(const struct h2_script *s)
{
	struct wire_out out = { 0 };
	struct h2_player p = { .script = s, .id = 1, .next_id = 2 };
	enum h2_played played = H2_PLAYED;
	for (unsigned i = 0; i < PIECES && played != H2_PLAYED_OUT && played != H2_CLOSES; i++) {
		played = h2_player_next(&p, &out);
		must(p.frames <= h2_script_frames(s) && out.bytes.len <= 2 * H2_SCRIPT_BYTES);
		buf_clear(&out.bytes);
	}
	wire_out_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct h2_hostile h = { 0 };
	struct err e = { "" };
	const int rc = h2_hostile_parse("file", (const char *)data, size, &h, &e);

	must((rc < 0) == (e.text[0] != '\0'));
	if (rc == 0) {
		must(h.error_right || h.success_right);
		must(h.time_ns > 0 && h.memory_bytes > 0);
		play(&h.greeting);
		for (size_t i = 0; i < h.count; i++)
			play(&h.answers[i].script);
	}
	h2_hostile_deinit(&h);
	return 0;
}
