// One execution of a workload: its lanes, each driven by one thread at a time, and what is measured on the way.
// Nothing here takes memory from malloc while lanes are at work: it is the malloc that is measured.
#ifndef SG_BENCH_H
#define SG_BENCH_H

#include "buf.h"
#include "clock.h"
#include "hist.h"
#include "rng.h"
#include "workload.h"

#include <pthread.h>
#include <semaphore.h>

#define BENCH_LANES 256U
#define BENCH_PARAMS 16U
#define BENCH_GAUGES 16U

enum lane_op { OP_MALLOC, OP_FREE, OP_CALLOC, OP_REALLOC, OP_MEMALIGN, OP_NOP, OP_COUNT };
#define OP_BIT(op) (1U << (op))

// Written by the thread that drives it alone.
struct lane {
	struct bench *bench;
	unsigned index;
	unsigned until_sample;
	uint32_t tag; // of the next block
	bool full_check;
	int64_t live_bytes; // requested of blocks taken less those given; negative where others' are given
	uint64_t sampler;   // state of the sampling's own random numbers
	uint64_t calls[OP_COUNT];
	uint64_t units; // what throughput counts, where that is not calls
	uint64_t verified, bad, denied;
	char first_bad[96];
	struct rng rng;
	void *data; // the workload's
	struct hist *latency[OP_COUNT];
	void (*work)(struct lane *l);
	pthread_t thread; // the one that comes before, or the last one
	int error;        // -errno: a thread could not be made
} __attribute__((aligned(128)));

struct bench_gauge {
	char name[32], unit[16];
	double value;
};

struct bench {
	const struct workload *workload;
	uint64_t common[WORKLOAD_COMMON], values[BENCH_PARAMS];
	const char *file;
	unsigned lane_count;
	struct lane *lanes;
	uint64_t elapsed_ns, cpu_ns; // of all bench_run together
	uint64_t base_rss, peak_rss, end_rss, peak_live;
	struct bench_gauge gauges[BENCH_GAUGES];
	unsigned gauge_count;
	pthread_barrier_t start;
	sem_t ended;  // a place for each lane
	int statm_fd; // -1: no /proc
};

// Reads "name=value" words into `b` (zeroed before). -EINVAL with `e` filled for an unknown name or a value out of
// range.
int bench_configure(struct bench *b, const struct workload *w, char *const *words, int count, struct err *e);
// A parameter of the workload's own, by its place in its list.
static inline uint64_t bench_value(const struct bench *b, unsigned index)
{
	return b->values[index];
}

// Makes the lanes, performs the workload and takes the figures. 0, or -errno with `e` filled.
int bench_perform(struct bench *b, struct err *e);
void bench_deinit(struct bench *b);
// The figures as sample lines. False when something was wrong with the memory, or a request was denied.
bool bench_report(const struct bench *b, struct buf *out);

// ---- for workloads ----

// Zeroed memory that is not from malloc, released at the end of the process; NULL: out of memory, said in `e`.
void *bench_array(size_t count, size_t bytes, struct err *e);
// Drives every lane by a thread of its own through `work`, begun at the same moment; may be called several times.
// The time that it takes is the workload's. 0, or -errno with `e` filled.
int bench_run(struct bench *b, void (*work)(struct lane *l), struct err *e);
// The lane's thread is to end now, and a new one to go on with `work`. The last thing that a work does.
void lane_hand_over(struct lane *l, void (*work)(struct lane *l));
// What is in physical memory now, and one figure more for the report. Between two bench_run.
uint64_t bench_rss(const struct bench *b);
void bench_gauge(struct bench *b, const char *name, double value, const char *unit);

// Uniform in [low, high].
static inline uint64_t lane_between(struct lane *l, uint64_t low, uint64_t high)
{
	return low + rng_below(&l->rng, high - low + 1);
}

// Notes a fault of the memory; the first one's words stay.
__attribute__((format(printf, 2, 3))) void lane_bad(struct lane *l, const char *format, ...);

// Between 1 and 2n - 1 calls to the next one that is timed: on average n, never in step with the workload.
static inline void lane_next_sample(struct lane *l)
{
	uint64_t every = l->bench->common[WORKLOAD_SAMPLE];

	l->sampler = l->sampler * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	l->until_sample = (unsigned)(1 + (l->sampler >> 33) % (2 * every - 1));
}

// Performs `call`, timed now and then.
#define LANE_TIMED(l, op, call)                                                                                   \
	do {                                                                                                      \
		(l)->calls[op]++;                                                                                 \
		if (__builtin_expect(--(l)->until_sample != 0, 1)) {                                              \
			call;                                                                                     \
		} else {                                                                                          \
			uint64_t begun_ns_ = clock_now_ns();                                                      \
			call;                                                                                     \
			hist_record((l)->latency[op], clock_now_ns() - begun_ns_);                                \
			lane_next_sample(l);                                                                      \
		}                                                                                                 \
	} while (0)

// Another thread reads it now and then, for the memory over time.
static inline void lane_live(struct lane *l, int64_t bytes)
{
	__atomic_store_n(&l->live_bytes, l->live_bytes + bytes, __ATOMIC_RELAXED);
}

#endif
