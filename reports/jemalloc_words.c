// A process's jemalloc in one line.
#include "story.h"

#include "text.h"

static double waste(uint64_t live, uint64_t held)
{
	return held > live ? 100.0 * (double)(held - live) / (double)held : 0;
}

const char *story_jemalloc(struct arena *a, const struct result_jemalloc *j)
{
	uint64_t slabs, regions;

	result_jemalloc_slabs(j, &slabs, &regions);
	return text_make(
	        a,
	        "%s: allocated %s → active %s → resident %s → mapped %s (+ %s retained) at the end; resident up to "
	        "%s; slabs %s, %.1f %% of them free%s",
	        text_line(a, j->program), text_bytes(a, j->allocated), text_bytes(a, j->active),
	        text_bytes(a, j->resident), text_bytes(a, j->mapped), text_bytes(a, j->retained),
	        text_bytes(a, j->peak_resident), text_bytes(a, slabs), waste(regions, slabs),
	        j->denied_growths > 0
	                ? text_make(a, "; growth denied %s", text_number(a, j->denied_growths, "time", "times"))
	                : "");
}
