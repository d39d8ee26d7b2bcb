// Backtraces without libc's backtrace(), which loads a library at its first use: the unwinder is linked in.
#include "interposer.h"

#include <link.h>
#include <unwind.h>

// Where this library begins, by the linker; its program headers tell where its code ends.
extern const ElfW(Ehdr) ours __asm__("__ehdr_start") __attribute__((visibility("hidden")));

static uintptr_t find_end(void)
{
	const ElfW(Ehdr) *header = &ours;
	const ElfW(Phdr) * p;
	uintptr_t end = 0;

	__asm__("" : "+r"(header)); // there is more behind the symbol than its type says
	p = (const void *)((const char *)header + header->e_phoff);
	for (unsigned i = 0; i < header->e_phnum; i++)
		if (p[i].p_type == PT_LOAD && (p[i].p_flags & PF_X) != 0)
			end = (uintptr_t)&ours + p[i].p_vaddr + p[i].p_memsz;
	return end;
}

// -- stacks that come again ---------------------------------------------------------------------------------
//
// Unwinding takes a quarter of a microsecond a frame, and most stacks come again. A stack is the one it was if it
// begins at the same address and each of its return addresses lies where it did: the size of a frame follows from
// the place in the code, so that each return address tells where the next one must be, and nothing is read but
// what belongs to this stack. Where a frame is found by its frame pointer, it may be of any size (alloca): there
// it is that pointer, wherever the frames below have saved it, which must be the same.

#define PLACES (2 * SG_HEAP_FRAMES + 16U) // with frames of our own
#define WAYS 4U
#define SETS 8U
#define SCAN_BYTES 4096U // in which a saved frame pointer is looked for

// Reads words of the stack, which belong to variables that a sanitizer guards.
#define READS_STACK __attribute__((no_sanitize("address", "thread")))

struct place {
	const uint64_t *at;
	uint64_t value;
};

struct known {
	int busy; // who finds it so does without
	unsigned place_count;
	unsigned count, most;        // of frames; 0: none. And how many were asked for
	struct place places[PLACES]; // from the inside outwards
	uint64_t frames[SG_HEAP_FRAMES];
};

static struct known known[SETS][WAYS];

READS_STACK static bool is_known(const struct known *k, const uint64_t *first, unsigned most)
{
	if (k->count == 0 || k->most != most || k->places[0].at != first)
		return false;
	for (unsigned i = 0; i < k->place_count; i++)
		if (*k->places[i].at != k->places[i].value)
			return false;
	return true;
}

static bool enter_known(struct known *k)
{
	return __atomic_load_n(&k->busy, __ATOMIC_RELAXED) == 0 &&
	       __atomic_exchange_n(&k->busy, 1, __ATOMIC_ACQUIRE) == 0;
}

static void leave_known(struct known *k)
{
	__atomic_store_n(&k->busy, 0, __ATOMIC_RELEASE);
}

static struct known *known_set(const uint64_t *first)
{
	return known[((uintptr_t)first >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> 61];
}
_Static_assert(SETS == 1U << 3, "known_set has 3 bits");

// How many frames; 0: it is not known.
static unsigned recall(const uint64_t *first, uint64_t *frames, unsigned most)
{
	struct known *set = known_set(first);
	unsigned count = 0;

	for (unsigned i = 0; i < WAYS && count == 0; i++) {
		struct known *k = &set[i];

		if (!enter_known(k))
			continue;
		if (is_known(k, first, most))
			for (; count < k->count; count++)
				frames[count] = k->frames[count];
		leave_known(k);
	}
	return count;
}

// -- unwinding ----------------------------------------------------------------------------------------------

struct walk {
	uint64_t *frames;
	unsigned count, most;
	uintptr_t ours_end;
	bool again; // it can be known again, so far
	const uint64_t *first;
	const uint64_t *last; // where the last return address lies
	uint64_t frame_pointer;
	unsigned place_count;
	struct place places[PLACES];
};

static void remember(const struct walk *w)
{
	static unsigned turn;
	struct known *k = &known_set(w->first)[__atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED) % WAYS];

	if (!w->again || w->count == 0 || w->count > SG_HEAP_FRAMES || w->places[0].at != w->first ||
	    !enter_known(k))
		return;
	k->place_count = w->place_count;
	k->count = w->count;
	k->most = w->most;
	for (unsigned i = 0; i < w->place_count; i++)
		k->places[i] = w->places[i];
	for (unsigned i = 0; i < w->count; i++)
		k->frames[i] = w->frames[i];
	leave_known(k);
}

#if defined(__x86_64__)
#define FRAME_POINTER 6 // of DWARF's numbers (System V psABI, figure 3.36)

READS_STACK static bool note_place(struct walk *w, const uint64_t *at)
{
	if (w->place_count == PLACES)
		return false;
	w->places[w->place_count++] = (struct place){ at, *at };
	return true;
}

// Whether the frame that returns to `value`, by the address at `at`, may be one that is found by its frame
// pointer. A copy of that address lies beside what the pointer points to where the stack had to be aligned.
READS_STACK static bool by_frame_pointer(const struct walk *w, const uint64_t *at, uint64_t value)
{
	const uint64_t *copy = (const uint64_t *)(w->frame_pointer + sizeof value);

	return w->place_count > 0 && w->frame_pointer % sizeof value == 0 && copy > w->last && copy <= at &&
	       *copy == value;
}

// All words that may be where the frames below have saved it; one of them is.
READS_STACK static bool note_frame_pointer(struct walk *w)
{
	const unsigned before = w->place_count;

	if ((size_t)(w->last - w->first) > SCAN_BYTES / sizeof *w->last)
		return false;
	for (const uint64_t *at = w->first - 1; at < w->last; at++)
		if (*at == w->frame_pointer && !note_place(w, at))
			return false;
	return w->place_count > before;
}

// The frame before returns to `value`. The unwinder's CFA here is that of the frame before.
READS_STACK static void note_return(struct walk *w, struct _Unwind_Context *context, uint64_t value)
{
	const uint64_t *at = (const uint64_t *)_Unwind_GetCFA(context) - 1;

	w->again = w->again && at > w->last;
	if (!w->again)
		return;
	if (w->last != NULL) // the first one lies below stack_read, and will be gone
		w->again = *at == value && (!by_frame_pointer(w, at, value) || note_frame_pointer(w)) &&
		           note_place(w, at);
	w->last = at;
	w->frame_pointer = _Unwind_GetGR(context, FRAME_POINTER);
}
#else
static void note_return(struct walk *w, struct _Unwind_Context *context, uint64_t value)
{
	(void)context;
	(void)value;
	w->again = false; // return addresses lie anywhere in their frames
}
#endif

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *arg)
{
	struct walk *w = arg;
	int interrupted = 0; // by a signal: then nothing returns there
	uint64_t at = _Unwind_GetIPInfo(context, &interrupted);

	if (at == 0)
		return _URC_END_OF_STACK;
	w->again = w->again && !interrupted;
	note_return(w, context, at);
	if (w->count > 0 || at < (uintptr_t)&ours || at >= w->ours_end)
		w->frames[w->count++] = at;
	return w->count == w->most ? _URC_END_OF_STACK : _URC_NO_REASON;
}

__attribute__((noinline)) unsigned stack_read(uint64_t *frames, unsigned most)
{
	const uint64_t *first = (const uint64_t *)__builtin_frame_address(0) + 1;
	struct walk w;

	if (!next_has_stacks())
		return 0;
	w.count = recall(first, frames, most);
	if (w.count > 0)
		return w.count;
	w.frames = frames;
	w.most = most;
	w.ours_end = find_end();
	w.again = true;
	w.first = first;
	w.last = NULL;
	w.place_count = 0;
	_Unwind_Backtrace(on_frame, &w);
	remember(&w);
	return w.count;
}

// FNV-1a, a word at a time, with the high half folded in.
uint64_t stack_hash(const uint64_t *frames, unsigned count)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (unsigned i = 0; i < count; i++) {
		hash = (hash ^ frames[i]) * UINT64_C(1099511628211);
		hash ^= hash >> 32;
	}
	return hash == 0 ? 1 : hash;
}
