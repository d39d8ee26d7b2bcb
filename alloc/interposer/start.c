// The start: what the options ask for, whether ours is the malloc that the program calls, and the telemetry file.
#include "interposer.h"

#include "clock.h"
#include "elf_program.h"
#include "layout.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#define ENV_OPTIONS "STRESSGEN_INTERPOSER"
#define CLOCK_TRIES 8

static char dir[4096]; // the telemetry directory; "": none

static const char *const names[VALUE_COUNT] = {
#define X(name, text) [name] = text,
	THREAD_VALUES(X) PROCESS_VALUES(X)
#undef X
};

// -- the file -----------------------------------------------------------------------------------------------

// Counters that nobody fills have no name: what is not known is not 0.
static bool is_counted(enum value v)
{
	if (v == USABLE_BYTES || v == FREED_BYTES || v == LIVE_BYTES || v == PEAK_BYTES || v == PEAK_ERROR_BYTES ||
	    v == INHERITED_BYTES)
		return sizing != SIZE_UNKNOWN;
	if (v == CALL_STACKS)
		return options.fault == FAULT_STACKS;
	return (v != INJECTED && v != REQUESTS) || options.fault != FAULT_NONE;
}

static uint64_t clock_overhead(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < CLOCK_TRIES; i++) {
		uint64_t start = heap_ticks(), ticks = heap_ticks() - start;

		least = ticks < least ? ticks : least;
	}
	return least;
}

static void fill_heap(struct heap_file *h)
{
	h->version = SG_HEAP_VERSION;
	h->bytes = (uint32_t)sizeof *h;
	h->clock_ns = clock_now_ns();
	h->clock_ticks = heap_ticks();
	h->clock_overhead = clock_overhead();
	if (options.mode >= MODE_SAMPLED) {
		h->timed_every = options.timed_every;
		h->sample_bytes = options.sample_bytes;
	}
	memcpy(h->magic, SG_HEAP_MAGIC, sizeof h->magic);
}

// Where the kernel cannot set room aside in a mapping later, all of it is set aside now.
static size_t reserved_bytes(void)
{
	int saved = errno;
	bool later = madvise(NULL, 0, MADV_POPULATE_WRITE) == 0;

	errno = saved;
	return later ? offsetof(struct heap_file, threads) : sizeof(struct heap_file);
}

struct tele_file *start_file(struct heap_file **heap)
{
	const struct tele_more more = { sizeof **heap, reserved_bytes() };
	char program[sizeof((struct tele_file *)0)->program];
	struct tele_file *file = NULL;

	telemetry_program(program, sizeof program);
	if (dir[0] != '\0')
		file = telemetry_open_more(dir, TELE_INTERPOSER, program, &more, NULL);
	if (file == NULL) {
		file = mmap(NULL, sizeof *file + more.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		            -1, 0);
		if (file == MAP_FAILED)
			return NULL;
		file->bytes = (uint32_t)(sizeof *file + more.bytes);
	}
	for (unsigned v = 0; v < VALUE_COUNT; v++)
		if (is_counted(v))
			memcpy(file->counters[v].name, names[v], strlen(names[v]) + 1);
	if (next_is_other_libc())
		memcpy(file->note, SG_TELE_OTHER_LIBC, sizeof SG_TELE_OTHER_LIBC);
	*heap = (struct heap_file *)(file + 1);
	fill_heap(*heap);
	return file;
}

// -- what stands in the way ---------------------------------------------------------------------------------

// Addresses say nothing (a program that takes malloc's address has an entry of its own), so a call is made and
// taken out of the books again.
static bool reaches_us(void)
{
	uint64_t calls = slow_calls;
	struct early books;

	process_keep(&books);
	free(malloc(1));
	process_restore(&books);
	return slow_calls != calls;
}

struct obstacle {
	const char *what, *which;
};

static bool is_program(const void *base)
{
	Dl_info info;

	return dladdr((const void *)getauxval(AT_ENTRY), &info) != 0 && info.dli_fbase == base;
}

// ": jemalloc is linked into it", or nothing where it is none that we know.
static const char *linked_malloc(void)
{
	static char words[64];
	struct elf_image self;
	const char *name;

	if (!elf_map_self(&self))
		return "";
	name = elf_linked_malloc(&self);
	if (name != NULL)
		snprintf(words, sizeof words, ": %s is linked into it", name);
	munmap((void *)(uintptr_t)self.bytes, self.size);
	return words;
}

// Whose malloc the program really calls. False: ours.
static bool find_obstacle(const char *bad_option, struct obstacle *o)
{
	void *theirs;
	Dl_info info;

	if (bad_option != NULL) {
		*o = (struct obstacle){ ENV_OPTIONS " cannot be read from here on: ", bad_option };
		return true;
	}
	if (next.sanitizer != NULL) {
		*o = (struct obstacle){ "the program has an allocator of its own, that of ", next.sanitizer };
		return true;
	}
	if (reaches_us())
		return false;
	theirs = dlsym(RTLD_DEFAULT, "malloc");
	if (theirs != NULL && dladdr(theirs, &info) != 0 && !is_program(info.dli_fbase))
		*o = (struct obstacle){ "malloc is that of ", info.dli_fname };
	else
		*o = (struct obstacle){ "the program defines malloc itself", linked_malloc() };
	return true;
}

static void set_note(struct tele_file *file, const char *what, const char *which)
{
	for (unsigned v = 0; v < VALUE_COUNT; v++)
		file->counters[v].name[0] = '\0';
	memset((struct heap_file *)(file + 1), 0, sizeof(((struct heap_file *)0)->magic));
	snprintf(file->note, sizeof file->note, "not instrumented: %s%s", what, which);
}

static void read_environment(const char **bad_option)
{
	const char *where = getenv(SG_TELE_ENV_DIR);
	const char *wanted = getenv(ENV_OPTIONS);

	if (where != NULL && strlen(where) < sizeof dir)
		strcpy(dir, where);
	if (wanted != NULL)
		*bad_option = options_read(wanted);
	if (options.mode == MODE_COUNTERS && options.fault != FAULT_CAP)
		sizing = SIZE_UNKNOWN;
}

// Where blocks lie in their pages is drawn for each invocation of a pair: one block that stays, of that size,
// moves those behind it. It is nobody's and in no books.
static void move_heap(void)
{
	const char *layout = getenv(SG_LAYOUT_ENV);

	if (layout != NULL && *layout != '\0')
		next.malloc(strlen(layout));
}

// Calls made before this (ld.so's, other libraries' constructors') have been counted already.
__attribute__((constructor)) static void start(void)
{
	struct obstacle obstacle;
	const char *bad_option = NULL;
	struct heap_file *heap;
	struct tele_file *file;
	int saved = errno;

	next_resolve();
	read_environment(&bad_option);
	if (find_obstacle(bad_option, &obstacle)) {
		process_bypass();
		file = start_file(&heap);
		if (file != NULL)
			set_note(file, obstacle.what, obstacle.which);
	} else {
		file = start_file(&heap);
		move_heap();
		if (file != NULL && process_prepare())
			process_begin(file, heap);
		else if (file != NULL)
			set_note(file, "the kernel lacks MADV_WIPEONFORK", " (Linux 4.14)");
	}
	errno = saved;
}

// AddressSanitizer's runtime refuses to start behind a preloaded library. Ours steps aside (see find_obstacle),
// so it need not.
EXPORT const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "verify_asan_link_order=0";
}
