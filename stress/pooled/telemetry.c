// What goes into the telemetry file beside the pool's own figures.
#include "pooled.h"

#include "leak.h"
#include "rss.h"
#include "slab_probe.h"

#include <stdlib.h>
#include <string.h>

static void set_counter(struct tele_file *telemetry, const char *name, uint64_t value)
{
	uint64_t *counter = telemetry_counter(telemetry, name);

	if (counter != NULL)
		*counter = value;
}

bool pooled_tells_live(void)
{
	const char *text = getenv(SG_ENV_LEAK_CHECK);

	return text != NULL && text[0] != '\0' && strcmp(text, "0") != 0;
}

void pooled_tell_counters(struct tele_file *telemetry, const struct pool *p)
{
	set_counter(telemetry, "memory_pressed", p->pressed);
	set_counter(telemetry, SG_TELE_PEAK_RSS, rss_own_peak());
	if (p->at_mark > 0)
		set_counter(telemetry, "mark_collections", p->at_mark);
	if (p->denied_extents > 0)
		set_counter(telemetry, "denied_extents", p->denied_extents);
}

void pooled_keep_maps(struct tele_file *telemetry)
{
	// the same layout: a test holds the two together
	struct slab_probe_file *file = (struct slab_probe_file *)(void *)telemetry;

	if (file != NULL && file->maps_len == 0)
		slab_probe_keep_maps_(file);
}
