// Time. Everything that is measured uses CLOCK_MONOTONIC; wall time only names runs.
#ifndef SG_CLOCK_H
#define SG_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define SG_NS_PER_S UINT64_C(1000000000)
#define SG_NS_PER_MS UINT64_C(1000000)
#define SG_NS_PER_US UINT64_C(1000)

static inline uint64_t clock_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SG_NS_PER_S + (uint64_t)t.tv_nsec;
}

// Wall time as "2026-11-21T02:10:00Z"; `size` of at least 21.
void clock_wall_text(char *text, size_t size);

#endif
