// libstressalloc.so in front of programs whose allocations are known.
#include "harness.h"
#include "layout.h"
#include "under.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_functions(const char *libraries)
{
	struct difference d;
	int64_t live;

	difference_init(&d, libraries, "functions");
	live = strtoll(buf_text(&under_out), NULL, 10);
	assert_int_equal(more(&d, "malloc_calls"), 100 + 5 + 1 + 1);
	assert_int_equal(more(&d, "free_calls"), 60);
	assert_int_equal(more(&d, "calloc_calls"), 10 + 1);
	assert_int_equal(more(&d, "realloc_calls"), 5 + 15 + 1 + 2);
	assert_int_equal(more(&d, "memalign_calls"), 5);
	assert_int_equal(more(&d, "failures"), 4);
	assert_int_equal(more(&d, "live_blocks"), 40 + 10 + 5 + 1 + 5 + 1);
	assert_int_equal(more(&d, "live_bytes"), live);
	assert_int_equal(more(&d, "requested_bytes"),
	                 100 * 100 + 10 * 77 + 5 * 50 + 5 * (10 + 5000 + 20) + 27 + 200 + 256 + 300 + 400 + 4096);
	assert_true(more(&d, "usable_bytes") >= more(&d, "requested_bytes"));
	assert_int_equal(value(d.some, "usable_bytes") - value(d.some, "freed_bytes"),
	                 value(d.some, "live_bytes"));
	assert_true(value(d.some, "peak_bytes") >= value(d.some, "live_bytes"));
	difference_deinit(&d);
}

CASE("interposer: every function is counted once, with its edges")
{
	check_functions(PRELOAD);
}

static void check_threads(const char *libraries)
{
	struct difference d;

	difference_init(&d, libraries, "threads");
	assert_int_equal(more(&d, "malloc_calls"), 160 * (10000 + 1));
	// pthread_create takes by calloc what it gives back by free, now or when it uses a stack again.
	assert_in_range(more(&d, "calloc_calls"), 80, 160);
	assert_in_range(more(&d, "free_calls"), 160 * (10000 + 1), 160 * (10000 + 1) + more(&d, "calloc_calls"));
	assert_in_range(more(&d, "live_blocks"), 0, more(&d, "calloc_calls"));
	assert_true(value(d.some, "threads") >= 64);
	difference_deinit(&d);
}

CASE("interposer: in front of jemalloc it counts the same but for realloc to nothing")
{
	need_library("libjemalloc.so.2");
	setenv("MALLOC_CONF", "zero_realloc:free", 1);
	check_functions(PRELOAD " libjemalloc.so.2");
	check_threads(PRELOAD " libjemalloc.so.2");
}

static void check_usable(const char *library)
{
	struct difference d;
	char libraries[600];

	snprintf(libraries, sizeof libraries, "%s %s", PRELOAD, library);
	difference_init(&d, libraries, "spans");
	assert_int_equal(more(&d, "malloc_calls"), 3 * 4300);
	assert_int_equal(more(&d, "free_calls"), 3 * 4300);
	assert_int_equal(more(&d, "usable_bytes"), strtoll(buf_text(&under_out), NULL, 10));
	assert_int_equal(more(&d, "freed_bytes"), more(&d, "usable_bytes"));
	assert_int_equal(more(&d, "live_bytes"), 0);
	difference_deinit(&d);
}

CASE("interposer: usable bytes are to the byte what malloc_usable_size says, of glibc")
{
	check_usable("");
}

CASE("interposer: usable bytes are to the byte what malloc_usable_size says, of jemalloc, which counts them itself")
{
	need_library("libjemalloc.so.2");
	check_usable("libjemalloc.so.2");
}

CASE("interposer: usable bytes are to the byte what malloc_usable_size says, of mimalloc, whose classes are learnt")
{
	need_library("libmimalloc.so.2");
	check_usable("libmimalloc.so.2");
}

CASE("interposer: usable bytes are to the byte what malloc_usable_size says, of tcmalloc, whose classes are learnt")
{
	need_library("libtcmalloc_minimal.so.4");
	check_usable("libtcmalloc_minimal.so.4");
}

CASE("interposer: usable bytes are to the byte what malloc_usable_size says, of tbb, which is asked")
{
	need_library("libtbbmalloc_proxy.so.2");
	check_usable("libtbbmalloc_proxy.so.2");
}

// Small blocks, then large ones in the same pages, then small ones of another size, and aligned ones among all of
// them: what was known of a page does not outlive its blocks.
static void check_pages(const char *library)
{
	struct difference d;
	char libraries[600];

	need_library(library);
	snprintf(libraries, sizeof libraries, "%s %s", PRELOAD, library);
	difference_init(&d, libraries, "pages");
	assert_int_equal(more(&d, "freed_bytes"), more(&d, "usable_bytes"));
	assert_int_equal(more(&d, "live_bytes"), 0);
	assert_int_equal(more(&d, "usable_bytes"), strtoll(buf_text(&under_out), NULL, 10));
	difference_deinit(&d);
}

CASE("interposer: what is live comes back to what it was when pages change their size class, under tcmalloc")
{
	check_pages("libtcmalloc_minimal.so.4");
}

CASE("interposer: what is live comes back to what it was when pages change their size class, under mimalloc")
{
	check_pages("libmimalloc.so.2");
}

CASE("interposer: threads that come and go, more of them than slots, lose no call")
{
	check_threads(PRELOAD);
}

CASE("interposer: destructors of thread-specific data that allocate are counted")
{
	struct difference d;
	int64_t mallocs;

	difference_init(&d, PRELOAD, "destructors");
	mallocs = more(&d, "malloc_calls");
	// Each thread: its own block, and one for each round of destructors.
	assert_true(mallocs >= 100 * 3);
	assert_int_equal(mallocs % 100, 0);
	assert_true(more(&d, "free_calls") >= 100 * 2);
	assert_true(more(&d, "live_blocks") >= 100);
	difference_deinit(&d);
}

CASE("interposer: signal handlers that allocate lose no call")
{
	struct difference d;

	difference_init(&d, PRELOAD, "handlers");
	assert_string_equal(buf_text(&under_out), "2000\n");
	assert_int_equal(more(&d, "malloc_calls"), 2000);
	assert_int_equal(more(&d, "free_calls"), 2000);
	difference_deinit(&d);
}

static void check_interrupts(const char *mode)
{
	struct difference d;
	int64_t blocks;

	setenv("STRESSGEN_INTERPOSER", mode, 1);
	difference_init(&d, PRELOAD " " SG_BUILD_DIR "/tests/alloc/libsafe_malloc.so", "interrupts");
	blocks = strtoll(buf_text(&under_out), NULL, 10);
	assert_int_equal(more(&d, "malloc_calls"), blocks);
	assert_int_equal(more(&d, "free_calls"), blocks);
	assert_int_equal(more(&d, "live_blocks"), 0);
	if (strcmp(mode, "mode=counters") != 0) {
		assert_int_equal(more(&d, "usable_bytes"), 256 * blocks);
		assert_int_equal(more(&d, "live_bytes"), 0);
	}
	difference_deinit(&d);
}

CASE("interposer: 2000 signals that come between any two instructions, and whose handler allocates, lose no call")
{
	check_interrupts("mode=counters");
	check_interrupts("mode=live");
	check_interrupts("mode=sampled");
	check_interrupts("mode=every");
}

CASE("interposer: a forked child has a file of its own that begins with what it inherited")
{
	struct tele_file *a, *b, *parent, *child;

	assert_int_equal(run(INTERPOSED " forks"), 0);
	a = nth_file(0, 2);
	b = nth_file(1, 2);
	parent = value(a, "inherited_bytes") == 0 ? a : b;
	child = parent == a ? b : a;
	assert_int_equal(value(child, "malloc_calls"), 7);
	assert_int_equal(value(child, "free_calls"), 10);
	assert_true(value(child, "inherited_bytes") >= 10 * 100000);
	assert_true(value(child, "live_bytes") < value(child, "inherited_bytes") - 900000);
	assert_true(value(child, "live_bytes") >= 7 * 1000);
	assert_true(value(child, "peak_bytes") >= value(child, "inherited_bytes"));
	assert_true(value(parent, "live_bytes") >= 10 * 100000);
	assert_true(value(parent, "malloc_calls") >= 12);
	free(a);
	free(b);
}

CASE("interposer: a program behind exec has a file of its own, and the one before it keeps its own")
{
	struct tele_file *before, *after;

	assert_int_equal(run(INTERPOSED " execs"), 0);
	before = nth_file(0, 2);
	after = nth_file(1, 2);
	assert_int_equal(before->pid, after->pid);
	assert_true(value(before, "live_bytes") >= 12345);
	assert_int_equal(value(before, "memalign_calls"), 0);
	assert_int_equal(value(after, "memalign_calls"), 5);
	free(before);
	free(after);
}

CASE("interposer: counts outlive SIGKILL")
{
	struct tele_file *none, *killed;
	int status;

	assert_int_equal(run(INTERPOSED), 0);
	none = nth_file(0, 1);
	status = run(INTERPOSED " dies");
	assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 128 + SIGKILL);
	killed = nth_file(0, 1);
	assert_int_equal(value(killed, "malloc_calls") - value(none, "malloc_calls"), 500);
	assert_int_equal(value(killed, "live_blocks") - value(none, "live_blocks"), 500);
	assert_true(value(killed, "peak_bytes") >= 500 * 200);
	free(none);
	free(killed);
}

CASE("interposer: the peak is never too high, and too low by no more than it says")
{
	struct difference d;
	int64_t highest, reported, error;

	difference_init(&d, PRELOAD, "peak");
	highest = strtoll(buf_text(&under_out), NULL, 10) + value(d.none, "live_bytes");
	reported = value(d.some, "peak_bytes");
	error = value(d.some, "peak_error_bytes");
	assert_in_range(error, 4096, 16384);
	assert_true(reported <= highest);
	assert_true(reported >= highest - error);
	difference_deinit(&d);
}

// -- what it cannot see -------------------------------------------------------------------------------------

static void assert_not_instrumented(const char *why)
{
	struct tele_file *t = nth_file(0, 1);

	if (strncmp(t->note, "not instrumented: ", 18) != 0 || strstr(t->note, why) == NULL)
		fail_msg("the note '%s' does not say '%s'", t->note, why);
	assert_string_equal(t->counters[0].name, ""); // nothing at all rather than zeros
	free(t);
}

CASE("interposer: a program with a malloc of its own is told as not instrumented")
{
	assert_int_equal(run(SG_BUILD_DIR "/tests/alloc/own_malloc"), 0);
	assert_not_instrumented("the program defines malloc itself");
}

static void sanitized(const char *flag, const char *name)
{
	char compiler[100];
	const char *program;

	snprintf(compiler, sizeof compiler, "gcc -x c -fsanitize=%s", flag);
	program =
	        compile(compiler,
	                "#include <stdlib.h>\nint main(void) { char *volatile p = malloc(10); p[0] = 1; free(p); "
	                "return 0; }");
	assert_int_equal(run(program), 0);
	assert_not_instrumented(name);
}

CASE("interposer: a program with AddressSanitizer runs, and is told as not instrumented")
{
	sanitized("address", "AddressSanitizer");
}

CASE("interposer: a program with ThreadSanitizer runs, and is told as not instrumented")
{
	sanitized("thread", "ThreadSanitizer");
}

// -- C++ ----------------------------------------------------------------------------------------------------

#define OPERATORS SG_BUILD_DIR "/tests/alloc/operators"

static void check_operators(const char *libraries, bool rounded)
{
	struct tele_file *none, *some;

	if (access(OPERATORS, X_OK) != 0)
		harness_skip("there was no C++ compiler");
	assert_int_equal(run_with(libraries, OPERATORS), 0);
	none = nth_file(0, 1);
	assert_int_equal(run_with(libraries, OPERATORS " all"), 0);
	some = nth_file(0, 1);
	assert_string_equal(buf_text(&under_out), "120\n");
	// libstdc++'s aligned ones round up to the alignment.
	assert_int_equal(value(some, "malloc_calls") + value(some, "memalign_calls") -
	                         value(none, "malloc_calls") - value(none, "memalign_calls"),
	                 120);
	assert_int_equal(value(some, "free_calls") - value(none, "free_calls"), 120);
	assert_int_equal(value(some, "requested_bytes") - value(none, "requested_bytes"),
	                 rounded ? 60 * 24 + 60 * 64 : 120 * 24);
	assert_int_equal(value(some, "live_blocks"), value(none, "live_blocks"));
	assert_int_equal(value(some, "live_bytes"), value(none, "live_bytes"));
	free(none);
	free(some);
}

CASE("interposer: each of C++'s operators counts once")
{
	check_operators(PRELOAD, true);
}

CASE("interposer: operators of an allocator that does not call malloc count once")
{
	need_library("libjemalloc.so.2");
	check_operators(PRELOAD " libjemalloc.so.2", false);
}

CASE("interposer: mimalloc's and tcmalloc's operators count once")
{
	need_library("libmimalloc.so.2");
	need_library("libtcmalloc_minimal.so.4");
	check_operators(PRELOAD " libmimalloc.so.2", false);
	check_operators(PRELOAD " libtcmalloc_minimal.so.4", false);
}

// Which has none of the aligned ones: those are libstdc++'s.
CASE("interposer: tbb's operators count once")
{
	need_library("libtbbmalloc_proxy.so.2");
	check_operators(PRELOAD " libtbbmalloc_proxy.so.2", true);
}

// Were a block of the malloc handed out in its place, its delete would take it into the pool.
CASE("interposer: operators that take from a pool of a library's own are left alone")
{
	static const char pooled[] = SG_BUILD_DIR "/tests/alloc/pooled";
	struct tele_file *none, *some;

	if (access(pooled, X_OK) != 0)
		harness_skip("there was no C++ compiler");
	assert_int_equal(run(pooled), 0);
	none = nth_file(0, 1);
	assert_int_equal(run(SG_BUILD_DIR "/tests/alloc/pooled all"), 0);
	some = nth_file(0, 1);
	assert_int_equal(value(some, "malloc_calls"), value(none, "malloc_calls"));
	assert_int_equal(value(some, "free_calls"), value(none, "free_calls"));
	assert_int_equal(value(some, "live_bytes"), value(none, "live_bytes"));
	free(none);
	free(some);
}

// -- processes ----------------------------------------------------------------------------------------------

// Sum over all files of the last run.
static int64_t sum_of(const char *name, size_t files)
{
	int64_t sum = 0;

	for (size_t i = 0; i < files; i++) {
		struct tele_file *t = nth_file(i, files);

		sum += value(t, name);
		free(t);
	}
	return sum;
}

CASE("interposer: children by vfork and posix_spawn have files of their own, and spoil nothing here")
{
	struct difference d;

	difference_init(&d, PRELOAD, "functions");
	assert_int_equal(run(INTERPOSED " vforks"), 0);
	assert_int_equal(count_files(), 3);
	// Two children that did `functions`, and their parent with two blocks of its own and posix_spawn's list.
	assert_int_equal(sum_of("memalign_calls", 3), 2 * 5);
	assert_in_range(sum_of("malloc_calls", 3) - 3 * value(d.none, "malloc_calls") -
	                        2 * more(&d, "malloc_calls"),
	                2, 10);
	difference_deinit(&d);
}

CASE("interposer: children forked while other threads allocate run on, and count their own")
{
	assert_int_equal(run(INTERPOSED " storm"), 0);
	assert_int_equal(count_files(), 21);
	for (size_t i = 0; i < 21; i++) {
		struct tele_file *t = nth_file(i, 21);

		if (value(t, "inherited_bytes") > 0)
			assert_int_equal(value(t, "malloc_calls"), 5);
		free(t);
	}
}

CASE("interposer: a library loaded by dlopen is counted, and goes again")
{
	struct difference d;

	difference_init(&d, PRELOAD, "opens " SG_BUILD_DIR "/tests/alloc/libinterposed_plugin.so");
	assert_true(more(&d, "malloc_calls") >= 101);
	assert_true(more(&d, "requested_bytes") >= 100 * 500 + 1000);
	assert_true(more(&d, "live_bytes") < 5000); // what the loader keeps
	difference_deinit(&d);
}

CASE("interposer: blocks taken before main and given back after exit are counted")
{
	struct difference d;

	difference_init(&d, PRELOAD, "early");
	assert_int_equal(more(&d, "malloc_calls"), 11);
	assert_int_equal(more(&d, "free_calls"), 11);
	assert_int_equal(more(&d, "live_blocks"), 0);
	difference_deinit(&d);
}

CASE("interposer: counts outlive a crash")
{
	struct tele_file *none, *crashed;

	assert_int_equal(run(INTERPOSED), 0);
	none = nth_file(0, 1);
	assert_true(run(INTERPOSED " segv") != 0);
	crashed = nth_file(0, 1);
	assert_int_equal(value(crashed, "malloc_calls") - value(none, "malloc_calls"), 300);
	free(none);
	free(crashed);
}

// Where in its page the first block of a program lies with so many bytes of layout.
static long lies_with(unsigned bytes)
{
	char padding[4096];

	memset(padding, 'x', bytes);
	padding[bytes] = '\0';
	setenv(SG_LAYOUT_ENV, padding, 1);
	assert_int_equal(run(INTERPOSED " lies"), 0);
	return strtol(buf_text(&under_out), NULL, 10);
}

CASE("interposer: the heap of an invocation lies as its layout says, and one layout is one place")
{
	struct difference plain, moved;
	const long none = lies_with(0);

	assert_int_equal(lies_with(0), none);
	assert_int_equal((lies_with(1000) - none + 4096) % 4096, 1008); // and malloc's own word
	assert_int_equal((lies_with(200) - none + 4096) % 4096, 208);
	difference_init(&moved, PRELOAD, "functions");
	unsetenv(SG_LAYOUT_ENV);
	difference_init(&plain, PRELOAD, "functions");
	assert_int_equal(value(moved.some, "malloc_calls"), value(plain.some, "malloc_calls"));
	assert_int_equal(value(moved.some, "live_blocks"), value(plain.some, "live_blocks"));
	difference_deinit(&plain);
	difference_deinit(&moved);
}
