// The list of workloads.
#include "workload.h"

#include <string.h>

// X(descriptor)
#define WORKLOADS(X)                                                                                              \
	X(nop)                                                                                                    \
	X(glibc_simple)                                                                                           \
	X(larson)                                                                                                 \
	X(xmalloc)                                                                                                \
	X(mstress)                                                                                                \
	X(sh6bench)                                                                                               \
	X(sh8bench)                                                                                               \
	X(cache_thrash)                                                                                           \
	X(cache_scratch)                                                                                          \
	X(alloc_test)                                                                                             \
	X(rptest)                                                                                                 \
	X(realloc_growth)                                                                                         \
	X(retention)                                                                                              \
	X(replay)

#define X(name) extern const struct workload workload_##name;
WORKLOADS(X)
#undef X

static const struct workload *const workloads[] = {
#define X(name) &workload_##name,
	WORKLOADS(X)
#undef X
};

const struct workload_param workload_common[WORKLOAD_COMMON + 1] = {
	[WORKLOAD_THREADS] = { "threads", 2, 1, 256, false, "threads at work" },
	[WORKLOAD_SEED] = { "seed", 1, 0, UINT64_C(1) << 53, false, "of everything random" },
	[WORKLOAD_SAMPLE] = { "sample", 64, 1, 1U << 30, false, "one call in so many is timed; 1 perturbs" },
	[WORKLOAD_FULL_CHECK] = { "full-check", 0, 0, 1, false,
	                          "1: every word of each block is written and compared, not its ends and pages" },
	[WORKLOAD_COMMON] = { 0 },
};

const struct workload *workload_at(size_t i)
{
	return i < sizeof workloads / sizeof workloads[0] ? workloads[i] : NULL;
}

const struct workload *workload_find(const char *name)
{
	for (size_t i = 0; i < sizeof workloads / sizeof workloads[0]; i++)
		if (strcmp(workloads[i]->name, name) == 0)
			return workloads[i];
	return NULL;
}
