// Recording: where STRESSGEN_TRACE_DIR is set, every call goes into a file there (alloc/trace_raw.h). It perturbs:
// all threads draw their tickets from one counter.
#include "interposer.h"

#include "clock.h"
#include "trace.h"
#include "trace_raw.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LIMIT_DEFAULT (UINT64_C(1) << 30)
#define PATH_BYTES 4200U

// One thread after another writes to it.
struct lane {
	struct raw_chunk *chunk;
	uint64_t ticket, address; // of its last event
};

static struct {
	char dir[4096];
	uint64_t limit;
	struct raw_head *head; // NULL: nothing is recorded
	struct lane lanes[TRACE_RAW_LANES];
	uint64_t free_lanes[TRACE_RAW_LANES / 64];
	pthread_key_t key;
	uint64_t *epoch; // in a page that is zero in a child: which process's file this is
	int beginning;   // a lock around a child's first call
} trace;

static THREAD_LOCAL struct lane *my_lane;
static THREAD_LOCAL uint64_t my_epoch;
static THREAD_LOCAL bool busy; // a signal handler that allocates comes in between

// -- the file -----------------------------------------------------------------------------------------------

static struct raw_head *open_file(void)
{
	char path[PATH_BYTES];
	struct raw_head *head;
	int fd;

	snprintf(path, sizeof path, "%s/raw-%d-%llu", trace.dir, (int)getpid(),
	         (unsigned long long)clock_now_ns());
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return NULL;
	// the rest of the file has room set aside chunk by chunk: a full disk must end the recording, not the
	// program
	if (ftruncate(fd, (off_t)trace.limit) < 0 || posix_fallocate(fd, 0, TRACE_RAW_CHUNK) != 0) {
		close(fd);
		return NULL;
	}
	head = mmap(NULL, trace.limit, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	close(fd);
	if (head == MAP_FAILED)
		return NULL;
	head->pid = (uint32_t)getpid();
	head->chunk_bytes = TRACE_RAW_CHUNK;
	head->chunks = 1;
	head->tickets = 1;
	telemetry_program(head->program, sizeof head->program);
	memcpy(head->magic, TRACE_RAW_MAGIC, sizeof head->magic);
	return head;
}

static void stop_at(uint64_t ticket)
{
	uint64_t none = 0;

	__atomic_compare_exchange_n(&trace.head->stopped, &none, ticket, false, __ATOMIC_RELAXED,
	                            __ATOMIC_RELAXED);
}

static struct raw_chunk *claim_chunk(void)
{
	uint64_t index = __atomic_fetch_add(&trace.head->chunks, 1, __ATOMIC_RELAXED);
	uint8_t *at = (uint8_t *)trace.head + index * TRACE_RAW_CHUNK;

	if ((index + 1) * TRACE_RAW_CHUNK > trace.limit || !process_reserve(at, TRACE_RAW_CHUNK)) {
		__atomic_fetch_sub(&trace.head->chunks, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	return (struct raw_chunk *)(void *)at;
}

// -- lanes --------------------------------------------------------------------------------------------------

static struct lane *claim_lane(void)
{
	for (unsigned word = 0; word < TRACE_RAW_LANES / 64; word++) {
		uint64_t open = __atomic_load_n(&trace.free_lanes[word], __ATOMIC_RELAXED);

		while (open != 0) {
			unsigned bit = (unsigned)__builtin_ctzll(open);

			if (__atomic_compare_exchange_n(&trace.free_lanes[word], &open,
			                                open & ~(UINT64_C(1) << bit), true, __ATOMIC_ACQUIRE,
			                                __ATOMIC_RELAXED))
				return &trace.lanes[word * 64 + bit];
		}
	}
	return NULL;
}

static void release_lane(void *lane)
{
	unsigned index = (unsigned)((struct lane *)lane - trace.lanes);

	if (my_lane != lane || trace.epoch == NULL || my_epoch != *trace.epoch)
		return; // that of a parent
	my_lane = NULL;
	__atomic_fetch_or(&trace.free_lanes[index / 64], UINT64_C(1) << index % 64, __ATOMIC_RELEASE);
}

static void begin(void)
{
	memset(trace.lanes, 0, sizeof trace.lanes);
	memset(trace.free_lanes, 0xff, sizeof trace.free_lanes);
	trace.head = open_file();
	__atomic_store_n(trace.epoch, (uint64_t)getpid(), __ATOMIC_RELEASE);
}

// A child's first call. Its parent's file stays mapped where the parent recorded, and is never written to.
static void begin_child(void)
{
	if (__atomic_exchange_n(&trace.beginning, 1, __ATOMIC_ACQUIRE) != 0)
		return;
	if (*trace.epoch == 0) {
		if (trace.head != NULL)
			munmap(trace.head, trace.limit);
		begin();
	}
	__atomic_store_n(&trace.beginning, 0, __ATOMIC_RELEASE);
}

static struct lane *attach(void)
{
	if (__atomic_load_n(trace.epoch, __ATOMIC_ACQUIRE) == 0)
		begin_child();
	if (*trace.epoch == 0 || trace.head == NULL)
		return NULL;
	my_epoch = *trace.epoch;
	my_lane = claim_lane();
	if (my_lane != NULL)
		pthread_setspecific(trace.key, my_lane);
	return my_lane;
}

// -- events -------------------------------------------------------------------------------------------------

static struct raw_chunk *chunk_of(struct lane *l)
{
	if (l->chunk != NULL && l->chunk->used + TRACE_RAW_EVENT <= sizeof l->chunk->events)
		return l->chunk;
	l->chunk = claim_chunk();
	if (l->chunk != NULL)
		l->chunk->lane = (uint32_t)(l - trace.lanes);
	return l->chunk;
}

static void put(enum raw_kind kind, const void *p, uint64_t bytes, size_t align)
{
	const uint64_t address = (uint64_t)(uintptr_t)p >> 3;
	uint64_t ticket;
	struct raw_chunk *c;
	struct lane *l = my_lane;
	uint8_t *at;

	if (l == NULL || my_epoch != *trace.epoch)
		l = attach();
	if (trace.head == NULL || __atomic_load_n(&trace.head->stopped, __ATOMIC_RELAXED) != 0)
		return;
	ticket = __atomic_fetch_add(&trace.head->tickets, 1, __ATOMIC_RELAXED);
	c = l != NULL ? chunk_of(l) : NULL;
	if (c == NULL) {
		if (l != NULL)
			stop_at(ticket);
		else
			__atomic_fetch_add(&trace.head->lost, 1, __ATOMIC_RELAXED);
		return;
	}
	at = c->events + c->used;
	*at++ = (uint8_t)kind;
	at += trace_put_varint(at, ticket - l->ticket);
	at += trace_put_varint(at,
	                       (address - l->address) << 1 ^ (uint64_t)((int64_t)(address - l->address) >> 63));
	if (kind != RAW_FREE && kind != RAW_RESIZE)
		at += trace_put_varint(at, bytes);
	if (kind == RAW_ALIGNED)
		*at++ = (uint8_t)__builtin_ctzll(align | UINT64_C(1) << 32);
	l->ticket = ticket;
	l->address = address;
	__atomic_store_n(&c->used, (uint32_t)(at - c->events), __ATOMIC_RELEASE);
}

static void record(enum raw_kind kind, const void *p, uint64_t bytes, size_t align)
{
	int saved = errno;

	if (busy) {
		if (trace.head != NULL)
			__atomic_fetch_add(&trace.head->lost, 1, __ATOMIC_RELAXED);
		return;
	}
	busy = true;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	put(kind, p, bytes, align);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	busy = false;
	errno = saved;
}

// -- the watcher --------------------------------------------------------------------------------------------

static void on_taken(const struct request *q, void *p)
{
	if (q->old != NULL)
		record(RAW_RESIZED, p, q->bytes, 0);
	else if (p == NULL)
		return;
	else if (q->way == BY_CALLOC)
		record(RAW_CALLOC, p, q->bytes, 0);
	else if (q->way == BY_MEMALIGN || q->way == BY_ALIGNED_ALLOC || q->way == BY_POSIX_MEMALIGN)
		record(RAW_ALIGNED, p, q->bytes, q->align);
	else
		record(RAW_MALLOC, p, q->bytes, 0);
}

static void on_resizing(void *old)
{
	record(RAW_RESIZE, old, 0, 0);
}

static void on_given(void *p)
{
	record(RAW_FREE, p, 0, 0);
}

// Before the library's own start, which looks for a watcher.
__attribute__((constructor(101))) static void trace_start(void)
{
	const char *dir = getenv(TRACE_ENV_DIR), *limit = getenv(TRACE_ENV_LIMIT);
	void *page;

	if (dir == NULL || strlen(dir) >= sizeof trace.dir)
		return;
	strcpy(trace.dir, dir);
	trace.limit = limit != NULL ? strtoull(limit, NULL, 10) : 0;
	trace.limit = trace.limit / TRACE_RAW_CHUNK * TRACE_RAW_CHUNK;
	if (trace.limit < 4 * TRACE_RAW_CHUNK)
		trace.limit = LIMIT_DEFAULT;
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || madvise(page, 4096, MADV_WIPEONFORK) != 0 ||
	    pthread_key_create(&trace.key, release_lane) != 0)
		return;
	trace.epoch = page;
	begin();
	watcher.taken = on_taken;
	watcher.resizing = on_resizing;
	watcher.given = on_given;
}
