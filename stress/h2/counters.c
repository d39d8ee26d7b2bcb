// Counters of one side of HTTP/2.
#include "counters.h"

#include "clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

_Static_assert(sizeof("frames_received_WINDOW_UPDATE") <= sizeof(((struct tele_counter *)0)->name) &&
                       H2_COUNTER_COUNT <= SG_TELE_COUNTERS,
               "the telemetry file takes every counter under its whole name");

static const char *const names[H2_COUNTER_COUNT] = {
#define X(name, text, kind) [H2_##name] = text,
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

// ---- OpenMetrics --------------------------------------------------------------------------------------------

static const char *const kinds[] = {
#define X(name, text, kind) [H2_##name] = kind,
	H2_COUNTERS(X)
#undef X
};
static const char *const frames[] = {
#define X(name) #name,
	H2_FRAMES(X)
#undef X
};

static void add_frames(const struct h2_counters *c, enum h2_counter base, const char *way, struct buf *out)
{
	buf_addf(out, "# TYPE stressgen_h2_frames_%s counter\n", way);
	for (unsigned f = 0; f < H2_FRAME_COUNT; f++)
		buf_addf(out, "stressgen_h2_frames_%s_total{type=\"%s\"} %" PRIu64 "\n", way, frames[f],
		         *c->cell[(unsigned)base + f]);
}

void h2_counters_openmetrics(const struct h2_counters *c, struct buf *out)
{
	for (unsigned i = 0; i < H2_FRAMES_IN; i++) {
		const bool counts = strcmp(kinds[i], "counter") == 0;
		buf_addf(out, "# TYPE stressgen_h2_%s %s\nstressgen_h2_%s%s %" PRIu64 "\n", names[i], kinds[i],
		         names[i], counts ? "_total" : "", *c->cell[i]);
	}
	add_frames(c, H2_FRAMES_IN, "received", out);
	add_frames(c, H2_FRAMES_OUT, "sent", out);
	buf_adds(out, "# EOF\n");
}

// ---- this process -------------------------------------------------------------------------------------------

static uint64_t resident_bytes(void)
{
	char text[128];
	unsigned long long all, resident = 0;
	const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return sscanf(text, "%llu %llu", &all, &resident) == 2 ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

void h2_counters_measure(const struct h2_counters *c)
{
	struct rusage r;
	if (getrusage(RUSAGE_SELF, &r) < 0)
		return;
	*c->cell[H2_CPU] = ((uint64_t)r.ru_utime.tv_sec + (uint64_t)r.ru_stime.tv_sec) * SG_NS_PER_S +
	                   ((uint64_t)r.ru_utime.tv_usec + (uint64_t)r.ru_stime.tv_usec) * SG_NS_PER_US;
	*c->cell[H2_MEMORY] = resident_bytes();
	*c->cell[H2_MEMORY_PEAK] = (uint64_t)r.ru_maxrss * 1024;
	if (*c->cell[H2_MEMORY_PEAK] <
	    *c->cell[H2_MEMORY]) // the kernel brings its high-water mark up to date late
		*c->cell[H2_MEMORY_PEAK] = *c->cell[H2_MEMORY];
}
