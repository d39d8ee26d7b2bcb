// C++'s operators new and delete. Those of libstdc++ call malloc and free, which count; those that jemalloc,
// mimalloc, tcmalloc and tbb have beside their malloc do not: then it is counted here, as a malloc or free. An
// allocator may have some of them only (tbb has none for alignments), and any library may have some that take from
// a pool of its own, which is no malloc: so each is looked at by itself.
//
// Compiled with unwind tables: std::bad_alloc passes through.
#include "interposer.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum operator{
	NEW,
	NEW_NOTHROW,
	NEW_ALIGNED,
	NEW_ALIGNED_NOTHROW,
	NEW_ARRAY,
	NEW_ARRAY_NOTHROW,
	NEW_ARRAY_ALIGNED,
	NEW_ARRAY_ALIGNED_NOTHROW,
	DELETE,
	DELETE_SIZED,
	DELETE_NOTHROW,
	DELETE_ALIGNED,
	DELETE_SIZED_ALIGNED,
	DELETE_ALIGNED_NOTHROW,
	DELETE_ARRAY,
	DELETE_ARRAY_SIZED,
	DELETE_ARRAY_NOTHROW,
	DELETE_ARRAY_ALIGNED,
	DELETE_ARRAY_SIZED_ALIGNED,
	DELETE_ARRAY_ALIGNED_NOTHROW,
	OPERATORS
};

enum kinship {
	ANYBODYS,
	OWN,       // from the same library as malloc: their blocks are of one kind
	OWN_SILENT // and it was seen not to call malloc or free
};

struct next_operator {
	void *function; // NULL: not looked for yet, or there is none
	enum kinship kinship;
};

static struct next_operator nexts[OPERATORS]; // found at the first use of each; several threads find the same

// A C++ library that was loaded by dlopen for one plug-in is not among "the next": it is asked by name.
static void *find(const char *symbol)
{
	static const char *const libraries[] = { "libstdc++.so.6", "libc++abi.so.1", "libc++.so.1" };
	void *found = dlsym(RTLD_NEXT, symbol);

	for (size_t i = 0; found == NULL && i < sizeof libraries / sizeof libraries[0]; i++) {
		void *library = dlopen(libraries[i], RTLD_NOLOAD | RTLD_LAZY);

		if (library != NULL) {
			found = dlsym(library, symbol);
			dlclose(library);
		}
	}
	return found;
}

static void *next_operator(enum operator o, const char *symbol)
{
	void *found = __atomic_load_n(&nexts[o].function, __ATOMIC_ACQUIRE);

	if (LIKELY(found != NULL))
		return found;
	found = find(symbol);
	if (next_resolve()) { // else it is asked again
		__atomic_store_n(&nexts[o].kinship,
		                 !process_bypassed() && next_is_beside_malloc(found) ? OWN : ANYBODYS,
		                 __ATOMIC_RELAXED);
		__atomic_store_n(&nexts[o].function, found, __ATOMIC_RELEASE);
	}
	return found;
}

static bool is_own(enum operator o)
{
	return __atomic_load_n(&nexts[o].kinship, __ATOMIC_RELAXED) != ANYBODYS;
}

// Calls of this thread so far that took or gave back memory.
static uint64_t calls(void)
{
	const struct thread_ref *r = my_ref;
	const uint64_t *v = r->slot != NULL ? r->slot->values : NULL;
	uint64_t small = 0, bytes = 0;

	if (v != NULL && r->small != NULL)
		heap_add_small(r->small, &small, &bytes);
	return slow_calls + small +
	       (v != NULL
	                ? v[MALLOC_CALLS] + v[MEMALIGN_CALLS] + v[CALLOC_CALLS] + v[REALLOC_CALLS] + v[FREE_CALLS]
	                : 0);
}

static inline bool is_silent(enum operator o)
{
	return LIKELY(__atomic_load_n(&nexts[o].kinship, __ATOMIC_RELAXED) == OWN_SILENT);
}

// Whether a call of the operator is still to be counted. Once it was seen not to call malloc it never does: a
// signal handler that allocates in between is not taken for it.
static bool is_uncounted(enum operator o, const struct thread_ref *r, uint64_t before)
{
	if (r->slot == NULL) // none of our files, or a signal handler has forked, and this is the child
		return false;
	if (!is_silent(o)) {
		if (calls() != before)
			return false;
		__atomic_store_n(&nexts[o].kinship, OWN_SILENT, __ATOMIC_RELAXED);
	}
	return true;
}

static void count_new(struct thread_ref *r, void *p, size_t align, size_t bytes)
{
	if (p != NULL)
		count_grant(r, align <= 16 ? MALLOC_CALLS : MEMALIGN_CALLS, bytes, p);
	else
		observe_refusal(r,
		                &(struct request){ .way = align <= 16 ? BY_MALLOC : BY_MEMALIGN, .bytes = bytes });
}

// A call that is to be timed, sampled or made to fail goes by malloc, whose blocks an allocator's own delete takes
// as well; so does one of a thread without a slot.
static bool goes_by_malloc(struct thread_ref *r, size_t align, size_t bytes)
{
	struct tele_thread *slot = r->slot;

	if (LIKELY(slot != NULL && bytes < LARGE_BYTES)) {
		if (slot->values[MALLOC_CALLS] < r->malloc_mark && align <= 16)
			return false;
		if (align > 16 && r->left[HEAP_MEMALIGN] > 0 &&
		    r->malloc_mark > 0) { // else who is timed counts down
			r->left[HEAP_MEMALIGN]--;
			return false;
		}
	}
	return !process_bypassed();
}

static bool goes_by_free(struct thread_ref *r, const void *p)
{
	struct tele_thread *slot = r->slot;

	return UNLIKELY(slot == NULL || slot->values[FREE_CALLS] >= r->free_mark || sample_maybe(p)) &&
	       !process_bypassed();
}

static void *new_by_malloc(size_t align, size_t bytes)
{
	return align <= 16 ? our_malloc(bytes > 0 ? bytes : 1) : our_aligned_alloc(align, bytes);
}

static bool is_nothrow(const char *symbol)
{
	return strstr(symbol, "nothrow") != NULL;
}

// NAME(parameters) calls the next one with (arguments). Where malloc has refused, a request that nobody can meet
// makes the next one throw; where there is no next one, nobody can throw its exception either.
#define DEFINE_NEW(which, name, align, parameters, types, arguments)                                              \
	EXPORT void *name parameters;                                                                             \
	void *name parameters                                                                                     \
	{                                                                                                         \
		void *found = next_operator(which, #name);                                                        \
		struct thread_ref *r = my_ref;                                                                    \
		uint64_t before;                                                                                  \
		void *(*function)types;                                                                           \
		void *p;                                                                                          \
                                                                                                                  \
		memcpy(&function, &found, sizeof function);                                                       \
		if (LIKELY(found != NULL) && !is_own(which))                                                      \
			return function arguments;                                                                \
		if (UNLIKELY(found == NULL || goes_by_malloc(r, align, bytes))) {                                 \
			p = new_by_malloc(align, bytes);                                                          \
			if (p != NULL || is_nothrow(#name))                                                       \
				return p;                                                                         \
			if (found == NULL)                                                                        \
				abort();                                                                          \
			bytes = SIZE_MAX / 2;                                                                     \
			return function arguments;                                                                \
		}                                                                                                 \
		before = is_silent(which) ? 0 : calls();                                                          \
		p = function arguments;                                                                           \
		if (LIKELY(is_uncounted(which, r, before)))                                                       \
			count_new(r, p, align, bytes);                                                            \
		return p;                                                                                         \
	}

#define DEFINE_DELETE(which, name, parameters, types, arguments)                                                  \
	EXPORT void name parameters;                                                                              \
	void name parameters                                                                                      \
	{                                                                                                         \
		void *found = next_operator(which, #name);                                                        \
		struct thread_ref *r = my_ref;                                                                    \
		uint64_t before;                                                                                  \
		size_t usable;                                                                                    \
		void(*function) types;                                                                            \
                                                                                                                  \
		memcpy(&function, &found, sizeof function);                                                       \
		if (LIKELY(found != NULL) && !is_own(which)) {                                                    \
			function arguments;                                                                       \
			return;                                                                                   \
		}                                                                                                 \
		if (p == NULL || UNLIKELY(found == NULL || goes_by_free(r, p))) {                                 \
			our_free(p);                                                                              \
			return;                                                                                   \
		}                                                                                                 \
		before = is_silent(which) ? 0 : calls();                                                          \
		usable = usable_before(p);                                                                        \
		function arguments;                                                                               \
		if (LIKELY(is_uncounted(which, r, before)))                                                       \
			count_freed(r, usable);                                                                   \
	}

typedef const void *nothrow; // std::nothrow_t const &

// The names as the C++ ABI mangles them: w new, a array, l delete, m size_t, St11align_val_t the alignment.
#define DEFINE_NEWS(prefix, array)                                                                                \
	DEFINE_NEW(NEW##array, prefix##m, 0, (size_t bytes), (size_t), (bytes))                                   \
	DEFINE_NEW(NEW##array##_NOTHROW, prefix##mRKSt9nothrow_t, 0, (size_t bytes, nothrow n),                   \
	           (size_t, nothrow), (bytes, n))                                                                 \
	DEFINE_NEW(NEW##array##_ALIGNED, prefix##mSt11align_val_t, align, (size_t bytes, size_t align),           \
	           (size_t, size_t), (bytes, align))                                                              \
	DEFINE_NEW(NEW##array##_ALIGNED_NOTHROW, prefix##mSt11align_val_tRKSt9nothrow_t, align,                   \
	           (size_t bytes, size_t align, nothrow n), (size_t, size_t, nothrow), (bytes, align, n))

#define DEFINE_DELETES(prefix, array)                                                                             \
	DEFINE_DELETE(DELETE##array, prefix##Pv, (void *p), (void *), (p))                                        \
	DEFINE_DELETE(DELETE##array##_SIZED, prefix##Pvm, (void *p, size_t bytes), (void *, size_t), (p, bytes))  \
	DEFINE_DELETE(DELETE##array##_NOTHROW, prefix##PvRKSt9nothrow_t, (void *p, nothrow n), (void *, nothrow), \
	              (p, n))                                                                                     \
	DEFINE_DELETE(DELETE##array##_ALIGNED, prefix##PvSt11align_val_t, (void *p, size_t align),                \
	              (void *, size_t), (p, align))                                                               \
	DEFINE_DELETE(DELETE##array##_SIZED_ALIGNED, prefix##PvmSt11align_val_t,                                  \
	              (void *p, size_t bytes, size_t align), (void *, size_t, size_t), (p, bytes, align))         \
	DEFINE_DELETE(DELETE##array##_ALIGNED_NOTHROW, prefix##PvSt11align_val_tRKSt9nothrow_t,                   \
	              (void *p, size_t align, nothrow n), (void *, size_t, nothrow), (p, align, n))

// clang-format off
DEFINE_NEWS(_Znw, )
DEFINE_NEWS(_Zna, _ARRAY)
DEFINE_DELETES(_Zdl, )
DEFINE_DELETES(_Zda, _ARRAY)
