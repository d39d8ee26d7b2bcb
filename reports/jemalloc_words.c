// A process's jemalloc in one line.
#include "story.h"

#include "text.h"

static double waste(uint64_t live, uint64_t held)
{
	return held > live ? 100.0 * (double)(held - live) / (double)held : 0;
}

static const char *waits(struct arena *a, const struct result_jemalloc *j)
{
	const struct result_mutex *worst;
	const struct result_mutex all = result_jemalloc_waits(j, &worst);

	if (worst == NULL)
		return "";
	if (all.wait_ns == 0) // jemalloc times only those that get as far as sleeping
		return text_make(a, "; waited for mutexes %s, briefly",
		                 text_number(a, all.waits, "time", "times"));
	return text_make(a, "; waited for mutexes %s, %s in all, longest %s, mostly for %s",
	                 text_number(a, all.waits, "time", "times"), text_duration(a, all.wait_ns),
	                 text_duration(a, all.longest_wait_ns), text_line(a, worst->name));
}

const char *story_decay(struct arena *a, int ms)
{
	return ms < 0 ? "never" : ms == 0 ? "at once" : text_duration(a, (uint64_t)ms * 1000000);
}

// What is not there is not told.
static const char *caches(struct arena *a, const struct result_jemalloc *j)
{
	const char *cached = result_jemalloc_has(j, "cached_bytes")
	                             ? text_make(a, ", %s in thread caches", text_bytes(a, j->cached_bytes))
	                             : "";

	const uint64_t purges = j->dirty_purges + j->muzzy_purges;

	return text_make(a, "metadata %s%s, %s unused pages; gave back %s%s", text_bytes(a, j->metadata), cached,
	                 text_bytes(a, j->dirty_bytes + j->muzzy_bytes), text_bytes(a, result_jemalloc_purged(j)),
	                 purges > 0 ? text_make(a, " in %s", text_number(a, purges, "purge", "purges")) : "");
}

const char *story_jemalloc(struct arena *a, const struct result_jemalloc *j)
{
	uint64_t slabs, regions;

	result_jemalloc_slabs(j, &slabs, &regions);
	return text_make(
	        a,
	        "%s: allocated %s → active %s → resident %s → mapped %s (+ %s retained) at the end; resident up to "
	        "%s; slabs %s, %.1f %% of them free; %s%s%s",
	        text_line(a, j->program), text_bytes(a, j->allocated), text_bytes(a, j->active),
	        text_bytes(a, j->resident), text_bytes(a, j->mapped), text_bytes(a, j->retained),
	        text_bytes(a, j->peak_resident), text_bytes(a, slabs), waste(regions, slabs), caches(a, j),
	        waits(a, j),
	        j->denied_growths > 0
	                ? text_make(a, "; growth denied %s", text_number(a, j->denied_growths, "time", "times"))
	                : "");
}
