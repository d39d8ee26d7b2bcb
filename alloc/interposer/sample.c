// Sampled blocks: which are out, from which call stacks, for how long; and the stacks of refused requests. All of
// it under one lock, taken once in some thousand calls; stacks are read outside of it.
#include "interposer.h"

#include "clock.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCKS_FIRST 256U // entries for sampled blocks that are out; doubled when three quarters are in use
#define BLOCKS_MOST 16384U
#define SITES_MAX (SG_HEAP_SITES / 4 * 3)
#define NO_SITE UINT32_MAX
#define LIFETIMES_AT_FIRST 1024U // blocks of which each counts once
#define LIFETIME_WEIGHT_MOST 16U
#define SPINS 200
#define YIELDS 200

struct block {
	uintptr_t at; // 0: free entry
	uint64_t born;
	uint64_t weight, blocks; // what it stands for
	uint32_t site;           // NO_SITE: nothing
	uint32_t lifetime;       // how often it counts
};

#define FILTER_LOAD 16U // entries of the filter for each block that is out, at the least

uint8_t sample_filter[SAMPLE_FILTER] __attribute__((aligned(64)));
uint32_t lifetime_weight = 1;
uint32_t sample_mask = SAMPLE_FILTER_LEAST - 1;

static struct {
	struct block *blocks; // mapped at the first sample
	unsigned capacity;    // of them, a power of two; set behind `blocks`, as who forks meanwhile unmaps them
	unsigned count;
	unsigned sites;
	int *lock_word;
	bool ready;  // the file has room for sites
	bool failed; // there is no room for samples
} state;

static THREAD_LOCAL bool busy; // this thread is in here: a signal handler's samples are left out

// -- the lock -----------------------------------------------------------------------------------------------

static void pause_cpu(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

// Gives up rather than wait for a holder that a signal handler left by longjmp.
static bool enter(void)
{
	if (busy || state.lock_word == NULL)
		return false;
	busy = true;
	for (int i = 0; i < SPINS + YIELDS; i++) {
		if (__atomic_exchange_n(state.lock_word, 1, __ATOMIC_ACQUIRE) == 0)
			return true;
		if (i < SPINS)
			pause_cpu();
		else
			sched_yield();
	}
	busy = false;
	return false;
}

static void leave(void)
{
	__atomic_store_n(state.lock_word, 0, __ATOMIC_RELEASE);
	busy = false;
}

static void lose(void)
{
	__atomic_fetch_add(&process.heap->lost, 1, __ATOMIC_RELAXED);
}

// -- blocks -------------------------------------------------------------------------------------------------

static unsigned home_of(uintptr_t at)
{
	return (unsigned)((at >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 40) & (state.capacity - 1);
}

static unsigned next_to(unsigned i)
{
	return (i + 1) & (state.capacity - 1);
}

// NULL, or the entry: the block's, or the free one that it would have.
static struct block *find_block(uintptr_t at)
{
	if (state.blocks == NULL)
		return NULL;
	for (unsigned i = home_of(at);; i = next_to(i)) {
		struct block *b = &state.blocks[i];

		if (b->at == at || b->at == 0)
			return b;
	}
}

// A table as large as it could be, of which each page is in use in the end and most are read before they are
// written, costs two page faults a page, and with the second one an interrupt for all processors.
static bool grow_blocks(unsigned capacity)
{
	struct block *old = state.blocks, *fresh;
	const unsigned before = state.capacity;

	fresh = mmap(NULL, capacity * sizeof *fresh, PROT_READ | PROT_WRITE,
	             MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (fresh == MAP_FAILED)
		return false;
	__atomic_store_n(&state.blocks, fresh, __ATOMIC_RELEASE);
	__atomic_store_n(&state.capacity, capacity, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < before; i++)
		if (old[i].at != 0)
			*find_block(old[i].at) = old[i];
	if (old != NULL)
		munmap(old, before * sizeof *old);
	return true;
}

// Whether there is room for one more.
static bool make_room(void)
{
	if (UNLIKELY(!state.ready)) {
		if (state.failed)
			return false;
		state.failed = !grow_blocks(BLOCKS_FIRST) ||
		               !process_reserve(process.heap->sites, sizeof process.heap->sites);
		__atomic_store_n(&state.ready, !state.failed, __ATOMIC_RELAXED);
		return state.ready;
	}
	if (LIKELY(state.count < state.capacity / 4 * 3))
		return true;
	return state.capacity < BLOCKS_MOST && grow_blocks(state.capacity * 2);
}

// Closes the gap, so that no search ends too early.
static void remove_block(struct block *gone)
{
	unsigned hole = (unsigned)(gone - state.blocks);

	for (unsigned i = next_to(hole); state.blocks[i].at != 0; i = next_to(i)) {
		unsigned home = home_of(state.blocks[i].at);

		if (((i - home) & (state.capacity - 1)) >= ((i - hole) & (state.capacity - 1))) {
			state.blocks[hole] = state.blocks[i];
			hole = i;
		}
	}
	memset(&state.blocks[hole], 0, sizeof state.blocks[hole]);
	state.count--;
}

static void filter_add(const void *p)
{
	uint8_t *n = sample_entry(p); // others only look

	if (*n < UINT8_MAX)
		__atomic_store_n(n, (uint8_t)(*n + 1), __ATOMIC_RELAXED);
}

static void filter_remove(const void *p)
{
	uint8_t *n = sample_entry(p);

	if (*n < UINT8_MAX) // at 255 it has lost count, and stays
		__atomic_store_n(n, (uint8_t)(*n - 1), __ATOMIC_RELAXED);
}

// What is out is entered by the larger mask first, and stays entered by the smaller one, too, for good: whoever
// goes on to free such a block finds it by either.
static void grow_filter(void)
{
	const uint32_t larger = sample_larger(sample_mask);

	for (unsigned i = 0; i < state.capacity; i++) {
		const uintptr_t at = state.blocks[i].at;
		uint8_t *n = &sample_filter[sample_hash((const void *)at) & larger];

		if (at != 0 && *n < UINT8_MAX)
			__atomic_store_n(n, (uint8_t)(*n + 1), __ATOMIC_RELAXED);
	}
	__atomic_store_n(&sample_mask, larger, __ATOMIC_RELEASE);
}

// -- sites --------------------------------------------------------------------------------------------------

// Entry 0 is for stacks that find no entry of their own.
static uint32_t find_site(uint64_t hash, const uint64_t *frames, unsigned count)
{
	struct heap_site *sites = process.heap->sites;

	for (unsigned i = 1 + (unsigned)(hash % (SG_HEAP_SITES - 1));; i = i + 1 < SG_HEAP_SITES ? i + 1 : 1) {
		if (sites[i].hash == hash)
			return i;
		if (sites[i].hash != 0)
			continue;
		if (state.sites == SITES_MAX) {
			sites[0].hash = 1;
			return 0;
		}
		state.sites++;
		memcpy(sites[i].frames, frames, count * sizeof frames[0]);
		sites[i].frame_count = count;
		sites[i].hash = hash;
		return i;
	}
}

// Who changes a site first after a peak keeps what was out at that peak: so a new peak costs nothing.
static void change_site(uint32_t site, uint64_t bytes, uint64_t blocks)
{
	struct heap_file *h = process.heap;
	struct heap_site *s = &h->sites[site];
	uint64_t peak = __atomic_load_n(&h->peak_number, __ATOMIC_RELAXED);

	if (s->peak_seen != peak) {
		s->peak_bytes = s->live_bytes;
		s->peak_blocks = s->live_blocks;
		s->peak_seen = peak;
	}
	s->live_bytes += bytes;
	s->live_blocks += blocks;
}

static void end_block(struct block *b)
{
	struct heap_file *h = process.heap;

	if (b->site != NO_SITE)
		change_site(b->site, 0 - b->weight, 0 - b->blocks);
	if (b->lifetime > 0) {
		h->lifetimes[heap_time_slot(heap_ticks() - b->born)] += b->lifetime;
		h->lifetimes_freed += b->lifetime;
	}
	filter_remove((const void *)b->at);
	remove_block(b);
}

// By what was taken and not by what came to its end: so that long lives are as likely as short ones.
static void count_lifetime(uint32_t times)
{
	struct heap_file *h = process.heap;

	h->lifetimes_taken += times;
	if (UNLIKELY(h->lifetimes_taken >= (uint64_t)LIFETIMES_AT_FIRST * lifetime_weight * lifetime_weight) &&
	    lifetime_weight < LIFETIME_WEIGHT_MOST)
		__atomic_store_n(&lifetime_weight, lifetime_weight * 4, __ATOMIC_RELAXED);
}

static void begin_block(struct block *b, const struct block *new)
{
	struct heap_file *h = process.heap;

	*b = *new;
	state.count++;
	filter_add((const void *)new->at);
	if (UNLIKELY(state.count * FILTER_LOAD > sample_mask) && sample_mask < SAMPLE_FILTER - 1)
		grow_filter();
	count_lifetime(new->lifetime);
	if (new->site == NO_SITE)
		return;
	change_site(new->site, new->weight, new->blocks);
	h->sites[new->site].taken_bytes += new->weight;
	h->sites[new->site].samples++;
}

// -- from outside -------------------------------------------------------------------------------------------

void sample_taken(const void *p, size_t bytes, uint64_t weight, uint32_t lifetime)
{
	struct block new = { .at = (uintptr_t)p, .weight = weight, .site = NO_SITE, .lifetime = lifetime };
	uint64_t frames[SG_HEAP_FRAMES];
	unsigned count = weight > 0 && !busy ? stack_read(frames, SG_HEAP_FRAMES) : 0;
	uint64_t hash = stack_hash(frames, count);
	bool first = false;

	new.blocks = bytes > 0 ? (weight + bytes / 2) / bytes : weight > 0;
	if (!enter()) {
		lose();
		return;
	}
	if (!make_room()) {
		lose();
	} else {
		struct block *b = find_block(new.at);
		unsigned before = state.sites;

		if (b->at != 0) { // its end was not seen
			end_block(b);
			b = find_block(new.at);
		}
		if (weight > 0)
			new.site = find_site(hash, frames, count);
		new.born = heap_ticks();
		begin_block(b, &new);
		first = state.sites != before && (state.sites & (state.sites - 1)) == 0;
	}
	leave();
	if (first) // and again whenever there are twice as many: libraries may have come
		sample_maps();
}

void sample_given(const void *p)
{
	struct block *b;

	// An address that hashes to a place in the filter that is in use, before anything was sampled: before
	// there is a file, too.
	if (process.heap == NULL || !__atomic_load_n(&state.ready, __ATOMIC_RELAXED))
		return;
	if (!enter()) {
		lose();
		return;
	}
	b = find_block((uintptr_t)p);
	if (b != NULL && b->at != 0)
		end_block(b);
	leave();
}

static struct heap_failure *find_failure(const uint64_t *frames, unsigned count, bool injected)
{
	struct heap_failure *failures = process.heap->failures;

	for (unsigned i = 0; i < SG_HEAP_FAILURES; i++)
		if (failures[i].count == 0 ||
		    (failures[i].frame_count == count && failures[i].injected == injected &&
		     memcmp(failures[i].frames, frames, count * sizeof frames[0]) == 0))
			return &failures[i];
	return NULL;
}

void sample_failure(const struct request *q, bool injected, uint64_t nth)
{
	uint64_t frames[SG_HEAP_FRAMES];
	struct heap_failure *f;
	bool first = false;
	unsigned count;

	if (process.heap == NULL || busy)
		return;
	count = stack_read(frames, SG_HEAP_FRAMES);
	if (!enter())
		return;
	f = find_failure(frames, count, injected);
	if (f == NULL) {
		process.heap->failures_left_out++;
	} else if (f->count == 0) {
		first = true;
		f->at_ns = clock_now_ns();
		f->bytes = q->bytes;
		f->nth = nth;
		f->function = q->way == BY_MALLOC    ? HEAP_MALLOC
		              : q->way == BY_CALLOC  ? HEAP_CALLOC
		              : q->way == BY_REALLOC ? HEAP_REALLOC
		                                     : HEAP_MEMALIGN;
		f->tid = (uint32_t)syscall(SYS_gettid);
		f->injected = injected;
		memcpy(f->frames, frames, count * sizeof frames[0]);
		f->frame_count = count;
	}
	if (f != NULL)
		f->count++;
	leave();
	if (first)
		sample_maps();
}

void sample_reset(int *lock_word)
{
	if (state.blocks != NULL)
		munmap(state.blocks, state.capacity * sizeof *state.blocks);
	memset(&state, 0, sizeof state);
	for (unsigned i = 0; i <= sample_mask; i++)
		if (sample_filter[i] < UINT8_MAX)
			sample_filter[i] = 0;
	sample_filter[sample_hash(NULL)] = UINT8_MAX;
	sample_mask = SAMPLE_FILTER_LEAST - 1;
	lifetime_weight = 1;
	state.lock_word = lock_word;
	busy = false;
}

// -- the map ------------------------------------------------------------------------------------------------

// Only the lines of code in files. `len` bytes of a piece of /proc/self/maps, the last line of it perhaps cut off:
// how many bytes of it are whole lines.
static size_t keep_code(const char *piece, size_t len, char *to, size_t size, size_t *used)
{
	size_t at = 0;

	for (;;) {
		const char *line = piece + at;
		const char *end = memchr(line, '\n', len - at);
		const char *rights = end != NULL ? memchr(line, ' ', (size_t)(end - line)) : NULL;
		size_t n = end != NULL ? (size_t)(end + 1 - line) : 0;

		if (end == NULL)
			return at;
		if (rights != NULL && end - rights > 4 && rights[3] == 'x' && memchr(line, '/', n) != NULL &&
		    *used + n < size) {
			memcpy(to + *used, line, n);
			*used += n;
		}
		at += n;
	}
}

void sample_maps(void)
{
	static char text[SG_TELE_MAPS], piece[4096];
	static int reading;
	size_t used = 0, held = 0;
	ssize_t n;
	int fd;

	if (process.file == NULL || __atomic_exchange_n(&reading, 1, __ATOMIC_ACQUIRE) != 0)
		return;
	fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (n = read(fd, piece + held, sizeof piece - held)) > 0) {
		size_t whole = keep_code(piece, held + (size_t)n, text, sizeof text, &used);

		held = held + (size_t)n - whole;
		if (whole == 0 && held == sizeof piece) // a line without an end
			break;
		memmove(piece, piece + whole, held);
	}
	if (fd >= 0)
		close(fd);
	if (used > 0) {
		memcpy(process.file->maps, text, used);
		process.file->maps_len = used;
	}
	__atomic_store_n(&reading, 0, __ATOMIC_RELEASE);
}
