// Hardware counters of a test.
#include "hardware.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint64_t events[HARDWARE_COUNTERS] = { PERF_COUNT_HW_INSTRUCTIONS, PERF_COUNT_HW_CPU_CYCLES,
	                                            PERF_COUNT_HW_CACHE_MISSES };

// On ourselves, counting nothing: a child that inherits it counts from its exec on, and the file's figure is the
// sum of all that inherited it.
static int open_counter(uint64_t event)
{
	struct perf_event_attr a = { .type = PERF_TYPE_HARDWARE,
		                     .size = sizeof a,
		                     .config = event,
		                     .disabled = 1,
		                     .inherit = 1,
		                     .enable_on_exec = 1,
		                     .exclude_kernel = 1,
		                     .exclude_hv = 1,
		                     .read_format =
		                             PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING };
	const long fd = syscall(SYS_perf_event_open, &a, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

static bool lasts(int error)
{
	return error != -EMFILE && error != -ENFILE && error != -ENOMEM && error != -ENOSPC;
}

static const char *reason(int error)
{
	switch (error) {
	case -ENOENT:
	case -EOPNOTSUPP:
	case -ENODEV:
		return "this machine shows no hardware counters (most virtual machines do not)";
	case -EACCES:
	case -EPERM:
		return "hardware counters are not allowed (kernel.perf_event_paranoid above 2, or a container)";
	case -ENOSYS:
		return "the kernel has no perf_event_open";
	default:
		return "the hardware counters could not be opened";
	}
}

void hardware_init(struct hardware *h)
{
	for (size_t i = 0; i < HARDWARE_COUNTERS; i++)
		h->fds[i] = -1;
	h->why = h->never = NULL;
}

void hardware_open(struct hardware *h, bool alone)
{
	hardware_close(h);
	h->why = alone ? h->never : "hardware counters of several tests at a time could not be told apart";
	for (size_t i = 0; i < HARDWARE_COUNTERS && h->why == NULL; i++) {
		h->fds[i] = open_counter(events[i]);
		if (h->fds[i] >= 0 || i > 0) // the others may be missing alone
			continue;
		h->why = reason(h->fds[i]);
		h->never = lasts(h->fds[i]) ? h->why : NULL;
	}
}

// Where there are more counters than the processor has at a time, each ran for a part of the time.
static uint64_t read_counter(int fd)
{
	uint64_t v[3]; // value, time enabled, time running

	if (fd < 0 || read(fd, v, sizeof v) != (ssize_t)sizeof v || v[2] == 0)
		return 0;
	return v[2] < v[1] ? (uint64_t)((double)v[0] * ((double)v[1] / (double)v[2])) : v[0];
}

void hardware_read(struct hardware *h, struct result *r)
{
	r->instructions = read_counter(h->fds[0]);
	r->cycles = read_counter(h->fds[1]);
	r->cache_misses = read_counter(h->fds[2]);
	if (h->why == NULL && r->instructions == 0)
		h->why = "the hardware counters counted nothing";
	r->no_hardware = h->why != NULL ? strdup(h->why) : NULL;
	hardware_close(h);
}

void hardware_close(struct hardware *h)
{
	for (size_t i = 0; i < HARDWARE_COUNTERS; i++) {
		if (h->fds[i] >= 0)
			close(h->fds[i]);
		h->fds[i] = -1;
	}
}
