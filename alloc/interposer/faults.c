// Fault injection: which requests are to fail.
#include "interposer.h"

#include <sys/mman.h>

#define STACKS (UINT64_C(1) << 16) // told apart; after three quarters of them no further one fails

static int64_t live; // for the cap

// SplitMix64 (Steele, Lea, Flood 2014): the n-th number of a seed without those before it.
static uint64_t nth_random(uint64_t seed, uint64_t n)
{
	uint64_t z = seed + n * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t *known_stacks(void)
{
	static uint64_t *known;
	uint64_t *at = __atomic_load_n(&known, __ATOMIC_ACQUIRE), *other = NULL;

	if (at != NULL)
		return at;
	at = mmap(NULL, STACKS * sizeof *at, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	if (__atomic_compare_exchange_n(&known, &other, at, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return at;
	munmap(at, STACKS * sizeof *at);
	return other;
}

// Whether this is a call stack's first request; which of the stacks it is, counted from 1.
static bool is_new_stack(uint64_t *number)
{
	uint64_t *stacks = &process.file->counters[CALL_STACKS].value;
	uint64_t frames[SG_HEAP_FRAMES];
	uint64_t hash = stack_hash(frames, stack_read(frames, SG_HEAP_FRAMES));
	uint64_t *known = known_stacks();

	if (known == NULL || __atomic_load_n(stacks, __ATOMIC_RELAXED) >= STACKS / 4 * 3)
		return false;
	for (uint64_t i = hash % STACKS;; i = (i + 1) % STACKS) {
		uint64_t old = 0;

		if (__atomic_compare_exchange_n(&known[i], &old, hash, false, __ATOMIC_RELAXED,
		                                __ATOMIC_RELAXED)) {
			*number = __atomic_add_fetch(stacks, 1, __ATOMIC_RELAXED);
			return true;
		}
		if (old == hash)
			return false;
	}
}

void faults_live(int64_t bytes)
{
	if (options.fault == FAULT_CAP)
		__atomic_fetch_add(&live, bytes, __ATOMIC_RELAXED);
}

static bool exceeds_cap(const struct request *q, size_t old_usable)
{
	int64_t now = __atomic_load_n(&live, __ATOMIC_RELAXED) - (int64_t)old_usable;

	return now > 0 ? q->bytes > options.fault_n || (uint64_t)now > options.fault_n - q->bytes
	               : q->bytes > options.fault_n;
}

bool faults_deny(const struct request *q, size_t old_usable, uint64_t *nth)
{
	uint64_t number = 0;

	if (process.file == NULL) // before main, when nobody counts yet
		return false;
	*nth = __atomic_add_fetch(&process.file->counters[REQUESTS].value, 1, __ATOMIC_RELAXED);
	switch (options.fault) {
	case FAULT_NTH:
		return *nth == options.fault_n;
	case FAULT_CAP:
		return exceeds_cap(q, old_usable);
	case FAULT_PROBABILITY:
		return nth_random(options.seed, *nth) < options.fault_odds;
	case FAULT_STACKS:
		return is_new_stack(&number) && (options.fault_n == 0 || number == options.fault_n);
	case FAULT_NONE:
		break;
	}
	return false;
}
