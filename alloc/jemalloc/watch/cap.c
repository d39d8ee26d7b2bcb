// A cap on what a jemalloc takes from the system: extent hooks in front of the arenas' own.
//
// jemalloc grows ahead of need: an arena asks for a large extent, and when that is denied for the exact size. So a
// denial is exhaustion only when it is that second request of the same thread; the first is a denied growth. Its
// bookkeeping (whole huge pages at huge-page alignment) is let through and not counted, as it is never given back.
#include "watch.h"

#include "clock.h"
#include "slab_probe.h"
#include "units.h"

#include <execinfo.h>
#include <jemalloc/jemalloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES UINT64_C(4096)
#define HUGE_PAGE (UINT64_C(2) << 20)
#define GROW_LEAST (UINT64_C(256) << 10)
#define GROW_PART 64U // an arena grows ahead of need by at most this part of the cap

static struct {
	extent_hooks_t hooks;
	extent_hooks_t *original;
	uint64_t cap; // 0: not armed
	uint64_t used, high_water;
	uint64_t denied_growths, denied_moves, exhausted;
	uint64_t arenas;     // that are known: those at first, and those that were seen being made
	unsigned late;       // of them, those that only a look found
	uint64_t late_bytes; // what these had by then
	bool grows_ahead;    // opt.retain
} cap;

// The size that this thread was denied just before, as a growth; 0: none.
static __thread size_t growth_denied __attribute__((tls_model("initial-exec")));

static void raise_to(uint64_t *at, uint64_t value)
{
	uint64_t old = __atomic_load_n(at, __ATOMIC_RELAXED);

	while (value > old)
		if (__atomic_compare_exchange_n(at, &old, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return;
}

static void tell(uint64_t used)
{
	struct tele_file *t = watch_file;

	if (t == NULL)
		return;
	t->pools[0].used = used;
	raise_to(&t->pools[0].high_water, used);
}

static void count(const char *name, uint64_t value)
{
	uint64_t *counter = telemetry_counter(watch_file, name);

	if (counter != NULL)
		*counter = value;
}

// ---- exhaustion ----

static void keep_maps(struct tele_file *t)
{
	slab_probe_keep_maps_(
	        (struct slab_probe_file *)(void *)t); // the same layout: a test holds the two together
}

static void exhaust(size_t size)
{
	struct tele_file *t = watch_file;
	struct tele_pool *p = t != NULL ? &t->pools[0] : NULL;
	uint64_t times = __atomic_add_fetch(&cap.exhausted, 1, __ATOMIC_RELAXED);
	void *frames[SG_TELE_FRAMES];
	int n;

	if (p == NULL)
		return;
	if (times == 1) {
		p->exhausted_ns = clock_now_ns();
		p->request_bytes = size;
		n = backtrace(frames, SG_TELE_FRAMES);
		for (int i = 0; i < n; i++)
			p->frames[i] = (uint64_t)(uintptr_t)frames[i];
		p->frame_count = n > 0 ? (uint64_t)n : 0;
		keep_maps(t);
	}
	p->exhausted = times;
}

static void *deny(size_t size, bool in_place)
{
	if (in_place) {
		count("denied_moves", __atomic_add_fetch(&cap.denied_moves, 1, __ATOMIC_RELAXED));
	} else if (cap.grows_ahead && growth_denied == 0) {
		growth_denied = size;
		count("denied_growths", __atomic_add_fetch(&cap.denied_growths, 1, __ATOMIC_RELAXED));
	} else {
		growth_denied = 0;
		exhaust(size);
	}
	return NULL;
}

// ---- the hooks ----

static bool take(size_t size, uint64_t *used)
{
	uint64_t old = __atomic_load_n(&cap.used, __ATOMIC_RELAXED);

	do {
		if (old > cap.cap || size > cap.cap - old)
			return false;
		*used = old + size;
	} while (!__atomic_compare_exchange_n(&cap.used, &old, *used, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	raise_to(&cap.high_water, *used);
	return true;
}

static void give(size_t size)
{
	uint64_t old = __atomic_load_n(&cap.used, __ATOMIC_RELAXED), used;

	do
		used = old > size ? old - size : 0; // what was there before the hooks is counted by estimate
	while (!__atomic_compare_exchange_n(&cap.used, &old, used, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	tell(used);
}

static void *cap_alloc(extent_hooks_t *hooks, void *wanted, size_t size, size_t alignment, bool *zero,
                       bool *commit, unsigned arena)
{
	bool bookkeeping = alignment >= HUGE_PAGE && size % HUGE_PAGE == 0 && growth_denied == 0 && wanted == NULL;
	uint64_t used;
	void *at;

	(void)hooks;
	if (bookkeeping)
		return cap.original->alloc(cap.original, wanted, size, alignment, zero, commit, arena);
	if (!take(size, &used))
		return deny(size, wanted != NULL);
	at = cap.original->alloc(cap.original, wanted, size, alignment, zero, commit, arena);
	if (at == NULL) {
		give(size);
		return NULL;
	}
	growth_denied = 0;
	tell(used);
	return at;
}

// jemalloc's own keeps the addresses for later; here they must go, else one arena's are lost to the others.
static bool cap_dalloc(extent_hooks_t *hooks, void *at, size_t size, bool committed, unsigned arena)
{
	(void)hooks;
	if (cap.original->dalloc(cap.original, at, size, committed, arena) && munmap(at, size) != 0)
		return true;
	give(size);
	return false;
}

static void cap_destroy(extent_hooks_t *hooks, void *at, size_t size, bool committed, unsigned arena)
{
	cap_dalloc(hooks, at, size, committed, arena);
}

#define PASS_ON(name)                                                                                             \
	static bool cap_##name(extent_hooks_t *hooks, void *at, size_t size, size_t offset, size_t length,        \
	                       unsigned arena)                                                                    \
	{                                                                                                         \
		(void)hooks;                                                                                      \
		return cap.original->name(cap.original, at, size, offset, length, arena);                         \
	}
PASS_ON(commit)
PASS_ON(decommit)
PASS_ON(purge_lazy)
PASS_ON(purge_forced)
#undef PASS_ON

static bool cap_split(extent_hooks_t *hooks, void *at, size_t size, size_t a, size_t b, bool committed,
                      unsigned arena)
{
	(void)hooks;
	return cap.original->split(cap.original, at, size, a, b, committed, arena);
}

static bool cap_merge(extent_hooks_t *hooks, void *a, size_t a_size, void *b, size_t b_size, bool committed,
                      unsigned arena)
{
	(void)hooks;
	return cap.original->merge(cap.original, a, a_size, b, b_size, committed, arena);
}

// ---- arming ----

static extent_hooks_t *read_hooks(unsigned arena)
{
	extent_hooks_t *hooks = NULL;
	size_t bytes = sizeof hooks;
	char name[64];

	snprintf(name, sizeof name, "arena.%u.extent_hooks", arena);
	return je.mallctl(name, &hooks, &bytes, NULL, 0) == 0 ? hooks : NULL;
}

static bool hook(unsigned arena)
{
	extent_hooks_t *own = &cap.hooks;
	size_t limit = cap.cap / GROW_PART > GROW_LEAST ? cap.cap / GROW_PART : GROW_LEAST;
	char name[64];

	snprintf(name, sizeof name, "arena.%u.extent_hooks", arena);
	if (je.mallctl(name, NULL, NULL, &own, sizeof own) != 0) // makes the arena, where there is none yet
		return false;
	snprintf(name, sizeof name, "arena.%u.retain_grow_limit", arena);
	je.mallctl(name, NULL, NULL, &limit, sizeof limit);
	return true;
}

bool cap_arm(uint64_t bytes)
{
	uint64_t epoch = 1, arenas = look_number("arenas.narenas");
	bool retain = false;
	size_t size = sizeof retain;

	cap.original = arenas > 0 ? read_hooks(0) : NULL;
	if (cap.original == NULL)
		return false;
	backtrace((void *[1]){ NULL }, 1); // it loads a library at its first call: not inside the allocator
	cap.hooks = (extent_hooks_t){ cap_alloc,      cap_dalloc,       cap_destroy, cap_commit, cap_decommit,
		                      cap_purge_lazy, cap_purge_forced, cap_split,   cap_merge };
	cap.grows_ahead = je.mallctl("opt.retain", &retain, &size, NULL, 0) == 0 && retain;
	cap.cap = UINT64_MAX; // until all arenas are there
	for (unsigned i = 0; i < arenas; i++)
		if (!hook(i) && i == 0)
			return false;
	je.mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
	cap.used +=
	        look_number("stats.active") + look_number("stats.retained") +
	        (look_number("stats.arenas.4096.pdirty") + look_number("stats.arenas.4096.pmuzzy")) * PAGE_BYTES;
	cap.high_water = cap.used;
	cap.arenas = arenas;
	cap.cap = bytes;
	return true;
}

void cap_new_arena(unsigned arena, bool own_hooks)
{
	if (cap.cap == 0)
		return;
	raise_to(&cap.arenas, (uint64_t)arena + 1);
	if ((own_hooks || !hook(arena)) && watch_file != NULL)
		snprintf(watch_file->note, sizeof watch_file->note,
		         "arenas with extent hooks of the program's own are not capped");
}

static uint64_t arena_number(unsigned arena, const char *what)
{
	char name[64];

	snprintf(name, sizeof name, "stats.arenas.%u.%s", arena, what);
	return look_number(name);
}

// What an arena has taken from the system, as far as it is not bookkeeping.
static uint64_t taken_by(unsigned arena)
{
	return (arena_number(arena, "pactive") + arena_number(arena, "pdirty") + arena_number(arena, "pmuzzy")) *
	               PAGE_BYTES +
	       arena_number(arena, "retained");
}

// Where jemalloc is linked in statically the program's calls of arenas.create do not pass by here: such an arena
// is capped from the first look on that finds it. Only one thread looks at a time.
void cap_looked(struct tele_file *t)
{
	const unsigned from = (unsigned)__atomic_load_n(&cap.arenas, __ATOMIC_RELAXED);
	const unsigned arenas = cap.cap > 0 ? (unsigned)look_number("arenas.narenas") : 0;
	char had[32];

	for (unsigned i = from; i < arenas; i++) {
		const bool own_hooks = read_hooks(i) != cap.original;

		cap_new_arena(i, own_hooks);
		if (own_hooks)
			continue;
		cap.late++;
		cap.late_bytes += taken_by(i);
		__atomic_add_fetch(&cap.used, taken_by(i), __ATOMIC_RELAXED);
		tell(__atomic_load_n(&cap.used, __ATOMIC_RELAXED));
	}
	if (arenas > from && cap.late > 0)
		snprintf(
		        t->note, sizeof t->note,
		        "not capped before a look found them: %u arena%s the program made in the jemalloc linked into "
		        "it, %s by then",
		        cap.late, cap.late == 1 ? "" : "s", units_bytes(had, sizeof had, cap.late_bytes));
}

const void *cap_original(void)
{
	return cap.original;
}

void cap_attach(struct tele_file *t)
{
	struct tele_pool *p = &t->pools[0];

	if (cap.cap == 0)
		return;
	p->unit_bytes = 1;
	p->capacity = cap.cap;
	p->used = cap.used;
	p->high_water = cap.high_water;
	strcpy(p->name, "jemalloc");
}

void cap_forked(void)
{
	cap.exhausted = cap.denied_growths = cap.denied_moves = 0;
}
