// A recorded program's calls (base/telemetry/trace.h): each of its threads by a lane, in its order; where a block
// changes hands, the second waits for the first.
#include "block.h"

#include "trace.h"

#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define YIELDS 32U // before a wait sleeps: about as long as a call of a thread that runs on another processor
#define LOOK_AGAIN_NS 20000000
#define DOORS 4096U // a power of two, some for each lane

struct cell {
	struct block block;
	uint32_t generation; // calls to it so far
};

// What lanes sleep at: each at the one of the cell's generation that it waits for, so that a call wakes the lane
// whose turn it is, and hardly ever another. (One word for all of a cell's lanes woke an eighth part of them.)
struct door {
	uint32_t knocks;   // times that somebody was woken: the futex
	uint32_t sleepers; // lanes that sleep there, or are about to
};

struct replay {
	struct trace trace;
	struct cell *cells;
	struct door doors[DOORS];
	bool fences; // the kernel makes the others' calls seen: nobody has to look again by himself
};

static struct replay replay; // one trace for the process; its lanes are its threads

static struct door *door_of(const struct cell *c, uint32_t generation)
{
	const size_t cell = (size_t)(c - replay.cells);

	return &replay.doors[(cell * 2654435761U + generation) % DOORS];
}

// The lane that makes the call looks for sleepers right behind it without a fence of its own, which every call
// would pay for; so the one that goes to sleep fences for both (membarrier(2)), or looks again after a while.
static void sleep_at(struct door *d, const struct cell *c, uint32_t generation)
{
	const struct timespec again = { .tv_nsec = LOOK_AGAIN_NS };
	uint32_t knocks;

	__atomic_add_fetch(&d->sleepers, 1, __ATOMIC_SEQ_CST);
	if (replay.fences)
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
	knocks = __atomic_load_n(&d->knocks, __ATOMIC_ACQUIRE);
	if (__atomic_load_n(&c->generation, __ATOMIC_ACQUIRE) != generation)
		syscall(SYS_futex, &d->knocks, FUTEX_WAIT_PRIVATE, knocks, replay.fences ? NULL : &again, NULL, 0);
	__atomic_sub_fetch(&d->sleepers, 1, __ATOMIC_RELAXED);
}

// Yielding is for the lane whose turn is next: where many wait, those that only yield would leave no time for the
// one that they wait for.
static void wait_for(struct cell *c, uint32_t generation)
{
	struct door *d = door_of(c, generation);
	uint32_t seen;

	for (unsigned looks = 0; (seen = __atomic_load_n(&c->generation, __ATOMIC_ACQUIRE)) != generation;
	     looks++) {
		if (looks < YIELDS && generation - seen == 1)
			sched_yield();
		else
			sleep_at(d, c, generation);
	}
}

static void count_call(struct cell *c)
{
	const uint32_t now = c->generation + 1;
	struct door *d = door_of(c, now);

	__atomic_store_n(&c->generation, now, __ATOMIC_RELEASE);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (__builtin_expect(__atomic_load_n(&d->sleepers, __ATOMIC_RELAXED) > 0, 0)) {
		__atomic_add_fetch(&d->knocks, 1, __ATOMIC_RELEASE);
		syscall(SYS_futex, &d->knocks, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
	}
}

static void perform(struct lane *l, struct block *b, const struct trace_event *v)
{
	const size_t size = trace_bytes(v);

	switch (v->op) {
	case TRACE_MALLOC:
		block_take(l, b, size);
		break;
	case TRACE_CALLOC:
		block_take_zeroed(l, b, size);
		break;
	case TRACE_ALIGNED:
		block_take_exact(l, b, (size_t)1 << (v->align > 3 ? v->align : 3), size);
		break;
	case TRACE_RESIZE:
		block_resize(l, b, size);
		break;
	default:
		block_give(l, b);
	}
}

static void work(struct lane *l)
{
	struct trace_cursor c = trace_begin(&replay.trace, l->index);
	struct trace_event v;

	while (trace_next(&c, &v)) {
		struct cell *cell = &replay.cells[v.slot];

		if (v.waits)
			wait_for(cell, v.generation);
		perform(l, &cell->block, &v);
		count_call(cell);
	}
}

// What the program never gave back.
static void clear(struct lane *l)
{
	for (uint32_t i = 0; l->index == 0 && i < replay.trace.slots; i++)
		block_give(l, &replay.cells[i].block);
}

static int prepare(struct bench *b, struct err *e)
{
	int rc = trace_load(b->file, &replay.trace, e);

	if (rc < 0)
		return rc;
	if ((rc = trace_performable(b->file, &replay.trace, trace_memory() / 2, e)) < 0)
		return rc;
	replay.fences = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
	replay.cells = bench_array(replay.trace.slots, sizeof *replay.cells, e);
	b->common[WORKLOAD_THREADS] = replay.trace.lane_count;
	return replay.cells == NULL ? -ENOMEM : 0;
}

static int run(struct bench *b, struct err *e)
{
	int rc;

	// the table is there before the first call, and none of the allocator's
	for (uint32_t i = 0; i < replay.trace.slots; i++)
		replay.cells[i] = (struct cell){ 0 };
	b->base_rss = bench_rss(b);
	rc = bench_run(b, work, e);
	bench_gauge(b, "trace_lost", (double)replay.trace.lost, "calls");
	bench_gauge(b, "trace_stopped", replay.trace.stopped ? 1 : 0, "yes");
	bench_gauge(b, "rss_at_end", (double)(bench_rss(b) > b->base_rss ? bench_rss(b) - b->base_rss : 0),
	            "bytes");
	rc = rc < 0 ? rc : bench_run(b, clear, e);
	trace_deinit(&replay.trace);
	return rc;
}

const struct workload workload_replay = {
	.name = "replay",
	.summary =
	        "the calls of a recorded program (stressgen record), its threads kept in order where a block changes hands",
	.threads = 1,
	.ops = OP_BIT(OP_MALLOC) | OP_BIT(OP_FREE) | OP_BIT(OP_CALLOC) | OP_BIT(OP_REALLOC) | OP_BIT(OP_MEMALIGN),
	.needs_file = true,
	.prepare = prepare,
	.run = run,
};
