// proc_stat(5), /proc/pressure.
#include "pressure.h"

#include "clock.h"
#include "proc.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t read_steal(const char *proc)
{
	const long ticks = sysconf(_SC_CLK_TCK);
	char path[PATH_MAX], text[512];
	uint64_t steal = 0;

	snprintf(path, sizeof path, "%s/stat", proc);
	if (ticks <= 0 || proc_read_small(path, text, sizeof text) <= 0 ||
	    sscanf(text, "cpu %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &steal) != 1)
		return 0;
	return steal * (SG_NS_PER_S / (uint64_t)ticks);
}

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=12345" in microseconds.
static uint64_t read_some(const char *proc, const char *name)
{
	char path[PATH_MAX], text[256];
	const char *total;

	snprintf(path, sizeof path, "%s/pressure/%s", proc, name);
	if (proc_read_small(path, text, sizeof text) <= 0 || strncmp(text, "some ", 5) != 0)
		return 0;
	total = strstr(text, "total=");
	return total != NULL ? strtoull(total + 6, NULL, 10) * 1000 : 0;
}

void pressure_look(const char *proc, struct pressure *out)
{
	out->steal_ns = read_steal(proc);
	out->cpu_ns = read_some(proc, "cpu");
	out->memory_ns = read_some(proc, "memory");
	out->io_ns = read_some(proc, "io");
}

static uint64_t since(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

struct pressure pressure_since(const struct pressure *before, const struct pressure *now)
{
	return (struct pressure){ since(before->steal_ns, now->steal_ns), since(before->cpu_ns, now->cpu_ns),
		                  since(before->memory_ns, now->memory_ns), since(before->io_ns, now->io_ns) };
}
