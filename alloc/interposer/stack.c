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

struct walk {
	uint64_t *frames;
	unsigned count, most;
	uintptr_t ours_end;
};

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *arg)
{
	struct walk *w = arg;
	uint64_t at = _Unwind_GetIP(context);

	if (at == 0)
		return _URC_END_OF_STACK;
	if (w->count > 0 || at < (uintptr_t)&ours || at >= w->ours_end)
		w->frames[w->count++] = at;
	return w->count == w->most ? _URC_END_OF_STACK : _URC_NO_REASON;
}

unsigned stack_read(uint64_t *frames, unsigned most)
{
	struct walk w = { frames, 0, most, find_end() };

	if (next_has_stacks())
		_Unwind_Backtrace(on_frame, &w);
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
