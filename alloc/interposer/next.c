// Finding the malloc behind ours, and memory for whoever asks while we are at it.
#include "interposer.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct dl_find_object;
struct next_functions next;
enum sizing sizing;

static enum { UNRESOLVED, RESOLVING, RESOLVED } state;

alignas(4096) char bump_bytes[BUMP_BYTES];
static size_t bump_used;
unsigned bump_out;
static int (*find_object)(void *, struct dl_find_object *);

static size_t no_usable_size(void *p)
{
	(void)p;
	return 0;
}

static void *base_of(void *function)
{
	Dl_info info;
	return function != NULL && dladdr(function, &info) != 0 ? info.dli_fbase : NULL;
}

// musl's calloc calls malloc by its name, and posix_memalign aligned_alloc: those would be ours, and count again.
static void *take_zeroed(size_t count, size_t each)
{
	void *p = next.malloc(count * each); // whose product fits: calloc has seen to it

	return p != NULL ? memset(p, 0, count * each) : NULL;
}

static int take_aligned(void **out, size_t align, size_t bytes)
{
	void *p;

	if (align < sizeof(void *) || (align & (align - 1)) != 0)
		return EINVAL;
	p = next.aligned_alloc(align, bytes);
	if (p == NULL)
		return ENOMEM;
	*out = p;
	return 0;
}

// ISO C has no cast from an object's pointer to a function's.
#define FIND(field, name)                                                                                         \
	do {                                                                                                      \
		void *found_ = dlsym(RTLD_NEXT, name);                                                            \
		memcpy(&next.field, &found_, sizeof found_);                                                      \
	} while (0)

static void find_all(void)
{
	void *allocator, *sizer, *control, *finder;

	FIND(malloc, "malloc");
	FIND(free, "free");
	FIND(calloc, "calloc");
	FIND(realloc, "realloc");
	FIND(memalign, "memalign");
	FIND(aligned_alloc, "aligned_alloc");
	FIND(posix_memalign, "posix_memalign");
	FIND(usable_size, "malloc_usable_size");
	// A small malloc of somebody's own may have no usable size; libc's would read what is not there.
	memcpy(&allocator, &next.malloc, sizeof allocator);
	memcpy(&sizer, &next.usable_size, sizeof sizer);
	if (base_of(allocator) != base_of(sizer))
		next.usable_size = no_usable_size;
	finder = dlsym(RTLD_NEXT, "_dl_find_object");
	memcpy(&find_object, &finder, sizeof finder);
	FIND(mallctl, "mallctl");
	memcpy(&control, &next.mallctl, sizeof control);
	if (base_of(allocator) != base_of(control))
		next.mallctl = NULL;
}

// A block of each kind, asked about in both ways. Few and small ones, to leave the program's heap as it was;
// and no mapped one below 32 MiB, because freeing that would change from where on glibc maps.
static bool chunks_agree(void)
{
	static const size_t sizes[][2] = {
		{ 16, 24 }, { 16, 25 }, { 256, 1000 }, { 16, 33 << 20 }
	}; // alignment, bytes
	bool agree = true;

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		void *p = next.memalign(sizes[i][0], sizes[i][1]);
		size_t said;

		if (p == NULL)
			return false;
		sizing = SIZE_BY_CALL;
		said = usable_of(p);
		sizing = SIZE_BY_CHUNK;
		agree = agree && usable_of(p) == said;
		next.free(p);
	}
	return agree;
}

bool next_is_other_libc(void)
{
	return dlsym(RTLD_DEFAULT, "gnu_get_libc_version") == NULL;
}

static bool is_glibc(void)
{
	void *sizer, *version = dlsym(RTLD_DEFAULT, "gnu_get_libc_version");

	memcpy(&sizer, &next.usable_size, sizeof sizer);
	return version != NULL && base_of(sizer) == base_of(version);
}

// jemalloc's counters are there unless it was built without statistics.
static bool has_counters(void)
{
	const uint64_t *counter;
	size_t len = sizeof counter;

	return next.mallctl != NULL && next.mallctl("thread.allocatedp", &counter, &len, NULL, 0) == 0 &&
	       next.mallctl("thread.deallocatedp", &counter, &len, NULL, 0) == 0;
}

bool next_is_beside_malloc(void *function)
{
	void *allocator;

	memcpy(&allocator, &next.malloc, sizeof allocator);
	return function != NULL && base_of(function) == base_of(allocator);
}

static bool is_beside(const char *sign)
{
	return next_is_beside_malloc(dlsym(RTLD_DEFAULT, sign));
}

// Not where blocks are sampled or guarded: such a one has pages to itself, or its size to the byte.
static bool has_classes(void)
{
	void *a = next.malloc(17), *b = next.malloc(24);
	bool same = a != NULL && b != NULL && next.usable_size(a) == next.usable_size(b);

	next.free(a);
	next.free(b);
	return same && getenv("TCMALLOC_SAMPLE_PARAMETER") == NULL;
}

static enum sizing find_sizing(void)
{
	if (next.sanitizer != NULL || next.usable_size == no_usable_size)
		return SIZE_UNKNOWN;
	if (is_glibc() && chunks_agree())
		return SIZE_BY_CHUNK;
	if (has_counters())
		return SIZE_BY_COUNTS;
	aligned_within = is_beside("mi_version");
	return (aligned_within || is_beside("tc_version")) && has_classes() ? SIZE_BY_PAGE : SIZE_BY_CALL;
}

static const char *find_sanitizer(void)
{
	static const char *const sanitizers[][2] = {
		{ "__asan_init", "AddressSanitizer" },
		{ "__tsan_init", "ThreadSanitizer" },
		{ "__msan_init", "MemorySanitizer" },
		{ "__hwasan_init", "HWAddressSanitizer" },
	};

	for (size_t i = 0; i < sizeof sanitizers / sizeof sanitizers[0]; i++)
		if (dlsym(RTLD_DEFAULT, sanitizers[i][0]) != NULL)
			return sanitizers[i][1];
	return NULL;
}

bool next_resolve(void)
{
	// Before main there is one thread: ld.so's. After the constructor nobody gets here any more.
	if (__atomic_load_n(&state, __ATOMIC_ACQUIRE) == RESOLVED)
		return true;
	if (state == RESOLVING)
		return false;
	state = RESOLVING;
	find_all();
	if (next_is_other_libc()) {
		next.calloc = take_zeroed;
		next.posix_memalign = take_aligned;
		next.memalign = next.aligned_alloc;
	}
	next.sanitizer = find_sanitizer();
	sizing = find_sizing();
	// What was not found has left a message in memory from before the start: the second call gives it back.
	dlerror();
	dlerror();
	__atomic_store_n(&state, RESOLVED, __ATOMIC_RELEASE);
	return true;
}

// Under musl this library runs as well, as long as it asks for nothing that only glibc has. glibc's pthread_atfork
// is this function and a part of the program, and the unwinder that is linked in looks for code by the second one.
extern int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *) __attribute__((weak));
extern void *__dso_handle __attribute__((visibility("hidden")));
int _dl_find_object(void *address, struct dl_find_object *result) __attribute__((visibility("hidden")));

int next_atfork(void (*before)(void), void (*in_parent)(void))
{
	int (*others)(void (*)(void), void (*)(void), void (*)(void));
	void *found;

	if (__register_atfork != NULL)
		return __register_atfork(before, in_parent, NULL, &__dso_handle);
	found = dlsym(RTLD_DEFAULT, "pthread_atfork");
	memcpy(&others, &found, sizeof found);
	return found != NULL ? others(before, in_parent, NULL) : ENOSYS;
}

bool next_has_stacks(void)
{
	return find_object != NULL;
}

int _dl_find_object(void *address, struct dl_find_object *result)
{
	return find_object(address, result);
}

// Before each block is its size.
void *bump_alloc(size_t align, size_t bytes)
{
	size_t at;

	if (align < 16)
		align = 16;
	if (align > 4096 || bytes > BUMP_BYTES)
		return NULL;
	at = (bump_used + 16 + align - 1) & ~(align - 1);
	if (at + bytes > BUMP_BYTES)
		return NULL;
	bump_used = at + bytes;
	for (uint32_t mask = SAMPLE_FILTER_LEAST - 1; mask < SAMPLE_FILTER; mask = sample_larger(mask))
		sample_filter[sample_hash(bump_bytes + at) & mask] = UINT8_MAX;
	bump_out++;
	memcpy(bump_bytes + at - sizeof bytes, &bytes, sizeof bytes);
	return bump_bytes + at;
}

size_t bump_size(const void *p)
{
	size_t bytes;

	memcpy(&bytes, (const char *)p - sizeof bytes, sizeof bytes);
	return bytes;
}
