// slab_probe.h: the same layout as base/telemetry/telemetry.h, counts that outlive anything, silence where nobody
// listens.
#include "harness.h"
#include "slab_probe.h"
#include "telemetry.h"

#include <glob.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct slab_probe *probe_lib_register(void); // in probe_lib.c, a shared library

#define SAME(type, theirs, field)                                                                                 \
	_Static_assert(offsetof(struct type, field) == offsetof(struct theirs, field), #field);                   \
	_Static_assert(sizeof(((struct type *)0)->field) == sizeof(((struct theirs *)0)->field), #field)

_Static_assert(sizeof(struct tele_pool) == sizeof(struct slab_probe_pool), "pool");
SAME(tele_pool, slab_probe_pool, name);
SAME(tele_pool, slab_probe_pool, unit_bytes);
SAME(tele_pool, slab_probe_pool, capacity);
SAME(tele_pool, slab_probe_pool, used);
SAME(tele_pool, slab_probe_pool, high_water);
SAME(tele_pool, slab_probe_pool, acquires);
SAME(tele_pool, slab_probe_pool, releases);
SAME(tele_pool, slab_probe_pool, exhausted);
SAME(tele_pool, slab_probe_pool, exhausted_ns);
SAME(tele_pool, slab_probe_pool, request_bytes);
SAME(tele_pool, slab_probe_pool, depth);
SAME(tele_pool, slab_probe_pool, frame_count);
SAME(tele_pool, slab_probe_pool, frames);
SAME(tele_pool, slab_probe_pool, text);
_Static_assert(sizeof(struct tele_file) == sizeof(struct slab_probe_file), "file");
SAME(tele_file, slab_probe_file, magic);
SAME(tele_file, slab_probe_file, version);
SAME(tele_file, slab_probe_file, bytes);
SAME(tele_file, slab_probe_file, role);
SAME(tele_file, slab_probe_file, pid);
SAME(tele_file, slab_probe_file, start_time);
SAME(tele_file, slab_probe_file, created_ns);
SAME(tele_file, slab_probe_file, program);
SAME(tele_file, slab_probe_file, note);
SAME(tele_file, slab_probe_file, maps_len);
SAME(tele_file, slab_probe_file, counters);
SAME(tele_file, slab_probe_file, pools);
SAME(tele_file, slab_probe_file, maps);
SAME(tele_file, slab_probe_file, pad);
SAME(tele_file, slab_probe_file, threads);
_Static_assert(sizeof(SG_TELE_MAGIC) == 8 && SG_TELE_VERSION == 1 && TELE_PROBE == 3, "what the header writes");
_Static_assert(offsetof(struct tele_file, threads) % 128 == 0, "a thread shares no cache line");

static char tele_dir[512];

// A telemetry directory of its own for each case.
static void use_tele_dir(void)
{
	static unsigned n;

	snprintf(tele_dir, sizeof tele_dir, "%s/tele%u", harness_tmpdir(), n++);
	assert_int_equal(mkdir(tele_dir, 0777), 0);
	setenv(SG_TELE_ENV_DIR, tele_dir, 1);
}

// Runs `work` in a child, which ends by exit or signal; its status as of waitpid.
static int in_child(void (*work)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		work();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

// Reads the n-th (by name) of `expected` telemetry files; borrowed until the next call.
static const struct tele_file *nth_file(size_t n, size_t expected)
{
	static struct tele_file t;
	char pattern[600];
	struct err e = { 0 };
	glob_t found;

	snprintf(pattern, sizeof pattern, "%s/probe-*", tele_dir);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, expected);
	if (telemetry_read(found.gl_pathv[n], &t, &e) < 0)
		fail_msg("%s", e.text);
	globfree(&found);
	return &t;
}

CASE("probe: without stressgen registering gives NULL, which every call takes")
{
	struct slab_probe *s;

	unsetenv(SG_TELE_ENV_DIR);
	s = slab_probe_register("objects", 32, 1000);
	assert_null(s);
	slab_probe_acquire(s);
	slab_probe_release(s);
	slab_probe_capacity(s, 5);
	slab_probe_exhausted(s, 32, 1);
	slab_probe_trace(s, "text");
}

CASE("probe: a directory that is missing or full of nothing is no reason to fail")
{
	setenv(SG_TELE_ENV_DIR, "/nonexistent/directory", 1);
	assert_null(slab_probe_register("objects", 32, 1000));
}

static void count_and_die(void)
{
	struct slab_probe *s = slab_probe_register("objects", 48, 1000);

	for (int i = 0; i < 700; i++)
		slab_probe_acquire(s);
	for (int i = 0; i < 200; i++)
		slab_probe_release(s);
	slab_probe_acquire_n(s, 50);
	slab_probe_capacity(s, 2000);
	raise(SIGKILL);
}

CASE("probe: counts outlive SIGKILL")
{
	const struct tele_pool *p;
	int status;

	use_tele_dir();
	status = in_child(count_and_die);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	p = &nth_file(0, 1)->pools[0];
	assert_string_equal(p->name, "objects");
	assert_int_equal(p->unit_bytes, 48);
	assert_int_equal(p->capacity, 2000);
	assert_int_equal(p->used, 550);
	assert_int_equal(p->high_water, 700);
	assert_int_equal(p->acquires, 701);
	assert_int_equal(p->releases, 200);
	assert_int_equal(p->exhausted, 0);
	assert_int_equal(nth_file(0, 1)->role, TELE_PROBE);
	assert_true(nth_file(0, 1)->start_time > 0);
}

__attribute__((noinline)) static void run_out(struct slab_probe *s)
{
	slab_probe_exhausted(s, 48, 1234);
	slab_probe_exhausted(s, 99, 99);
}

static void exhaust(void)
{
	struct slab_probe *s = slab_probe_register("objects", 48, 1);

	slab_probe_acquire(s);
	run_out(s);
	slab_probe_trace(s, "inner\nouter\n");
}

// Whether the address is inside one of the lines kept of /proc/PID/maps.
static bool is_mapped(const struct tele_file *t, uint64_t address)
{
	for (const char *line = t->maps; *line != '\0'; line = strchr(line, '\n') + 1) {
		unsigned long long from, to;
		char permissions[8];

		assert_int_equal(sscanf(line, "%llx-%llx %7s", &from, &to, permissions), 3);
		assert_int_equal(permissions[2], 'x');
		assert_non_null(strchr(line, '\n'));
		if (address >= from && address < to)
			return true;
	}
	return false;
}

CASE("probe: the first exhaustion keeps request, depth, time, frames and the code's map")
{
	const struct tele_file *t;
	const struct tele_pool *p;

	use_tele_dir();
	assert_int_equal(in_child(exhaust), 0);
	t = nth_file(0, 1);
	p = &t->pools[0];
	assert_int_equal(p->exhausted, 2);
	assert_int_equal(p->request_bytes, 48);
	assert_int_equal(p->depth, 1234);
	assert_true(p->exhausted_ns >= t->created_ns);
	assert_string_equal(p->text, "inner\nouter\n");
	assert_true(p->frame_count >= 1);
	assert_true(t->maps_len > 0);
	for (uint64_t i = 0; i < p->frame_count; i++)
		assert_true(is_mapped(t, p->frames[i]));
	assert_false(is_mapped(t, (uint64_t)(uintptr_t)&t)); // the stack is no code
}

static void register_on_both_sides(void)
{
	struct slab_probe *mine = slab_probe_register("in the program", 16, 100);
	struct slab_probe *theirs = probe_lib_register();

	slab_probe_acquire(mine);
	slab_probe_acquire_n(theirs, 2);
}

CASE("probe: a program and its libraries share one file")
{
	use_tele_dir();
	assert_int_equal(in_child(register_on_both_sides), 0);
	assert_string_equal(nth_file(0, 1)->pools[0].name, "in the program");
	assert_int_equal(nth_file(0, 1)->pools[0].used, 1);
	assert_string_equal(nth_file(0, 1)->pools[1].name, "in the library");
	assert_int_equal(nth_file(0, 1)->pools[1].used, 2);
}

static struct slab_probe *inherited;

static void use_inherited(void)
{
	slab_probe_acquire(inherited);
	slab_probe_exhausted(inherited, 1, 1);
}

static void register_anew(void)
{
	struct slab_probe *s = slab_probe_register("child's", 8, 10);

	slab_probe_acquire(inherited);
	slab_probe_acquire(s);
}

static void fork_and_count(void)
{
	inherited = slab_probe_register("parent's", 8, 10);
	slab_probe_acquire(inherited);
	assert_int_equal(in_child(use_inherited), 0);
	assert_int_equal(in_child(register_anew), 0);
	slab_probe_acquire(inherited);
}

CASE("probe: a child made by fork counts only what it registers itself")
{
	unsigned seen = 0;

	use_tele_dir();
	assert_int_equal(in_child(fork_and_count), 0);
	for (size_t i = 0; i < 2; i++) {
		const struct tele_pool *p = &nth_file(i, 2)->pools[0];

		seen |= strcmp(p->name, "parent's") == 0 ? 1U : 2U;
		assert_int_equal(p->used, strcmp(p->name, "parent's") == 0 ? 2 : 1);
		assert_int_equal(p->exhausted, 0);
	}
	assert_int_equal(seen, 3);
}

static void register_many(void)
{
	for (int i = 0; i < SLAB_PROBE_POOLS; i++)
		if (slab_probe_register("one of many, with a name that is much longer than what fits in there", 1,
		                        1) == NULL)
			_exit(1);
	if (slab_probe_register("one too many", 1, 1) != NULL)
		_exit(2);
}

CASE("probe: there are sixteen places, and the seventeenth slab is not counted")
{
	use_tele_dir();
	assert_int_equal(in_child(register_many), 0);
	assert_int_equal(strlen(nth_file(0, 1)->pools[15].name), 63);
	assert_string_equal(nth_file(0, 1)->counters[0].name, "slabs_left_out");
	assert_int_equal(nth_file(0, 1)->counters[0].value, 1);
}

// -- threads ------------------------------------------------------------------------------------------------

static atomic_uint registrations;
static atomic_bool enough;

static void *keep_registering(void *unused)
{
	while (!enough) {
		slab_probe_register("thread's", 8, 10);
		registrations++;
	}
	return unused;
}

static void register_before_alarm(void)
{
	alarm(20); // a lock that nobody releases
	slab_probe_acquire(slab_probe_register("child's", 8, 10));
}

enum { FORKS = 64 };

// Once all places are taken, the thread does hardly anything but take and release the lock.
static void fork_while_registering(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, keep_registering, NULL) != 0)
		_exit(1);
	while (registrations < SLAB_PROBE_POOLS)
		sched_yield();
	for (int i = 0; i < FORKS; i++)
		if (in_child(register_before_alarm) != 0)
			_exit(2);
	enough = true;
	pthread_join(thread, NULL);
}

CASE("probe: a child forked while a thread registers can register")
{
	size_t children = 0;

	use_tele_dir();
	assert_int_equal(in_child(fork_while_registering), 0);
	for (size_t i = 0; i < FORKS + 1; i++) {
		const struct tele_pool *p = &nth_file(i, FORKS + 1)->pools[0];

		if (strcmp(p->name, "child's") == 0)
			children += p->used;
	}
	assert_int_equal(children, FORKS);
}

enum { THREADS = 4 };

static void *register_some(void *handles)
{
	for (int i = 0; i < SLAB_PROBE_POOLS / THREADS; i++) {
		struct slab_probe *s = slab_probe_register("thread's", 8, 10);

		((struct slab_probe **)handles)[i] = s;
		slab_probe_acquire(s);
	}
	return NULL;
}

static void register_in_threads(void)
{
	struct slab_probe *handles[SLAB_PROBE_POOLS] = { NULL };
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, register_some, handles + i * SLAB_PROBE_POOLS / THREADS) !=
		    0)
			_exit(1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

CASE("probe: threads that register at the same time get a place each")
{
	use_tele_dir();
	assert_int_equal(in_child(register_in_threads), 0);
	for (size_t i = 0; i < SLAB_PROBE_POOLS; i++)
		assert_int_equal(nth_file(0, 1)->pools[i].used, 1);
}

// -- the header elsewhere -----------------------------------------------------------------------------------

static void compile(const char *compiler, const char *language)
{
	static const char *const uses[] = { "", "-DSLAB_PROBE_ATOMIC" };

	for (size_t i = 0; i < 2; i++) {
		char command[1024];

		snprintf(command, sizeof command, "command -v %s >/dev/null", compiler);
		if (system(command) != 0)
			harness_skip("that compiler is not on this machine");
		snprintf(
		        command, sizeof command,
		        "printf '#include \"slab_probe.h\"\\nint used(void);\\nint used(void) { slab_probe_acquire(NULL); "
		        "return slab_probe_register(\"a\", 1, 1) != NULL; }\\n' | %s %s %s -O2 -Wall -Wextra -Wpedantic "
		        "-Wconversion -Wshadow -Werror -I '%s/alloc' -c -o '%s/probe.o' -",
		        compiler, language, uses[i], SG_SOURCE_DIR, harness_tmpdir());
		assert_int_equal(system(command), 0);
	}
}

CASE("probe: the header compiles as strict C99 without warnings")
{
	compile("gcc", "-x c -std=c99 -Wstrict-prototypes -Wcast-qual -Wundef");
}

CASE("probe: the header compiles as strict C99 without warnings under clang")
{
	compile("clang", "-x c -std=c99 -Wstrict-prototypes -Wcast-qual -Wundef -Wmissing-variable-declarations");
}

CASE("probe: the header compiles as C++17 without warnings")
{
	compile("g++", "-x c++ -std=c++17 -Wold-style-cast -Wzero-as-null-pointer-constant");
}

CASE("probe: the header compiles as C++17 without warnings under clang")
{
	compile("clang++", "-x c++ -std=c++17 -Wold-style-cast -Wmissing-variable-declarations");
}

// -- the example --------------------------------------------------------------------------------------------

#define EXAMPLES SG_BUILD_DIR "/tests/alloc/examples"

static int run_example(const char *file)
{
	char command[1024];

	use_tele_dir();
	snprintf(command, sizeof command, "exec '%s/.bin/tinylisp_slab' '%s/%s' >'%s/out' 2>'%s/err'", EXAMPLES,
	         EXAMPLES, file, harness_tmpdir(), harness_tmpdir());
	return system(command);
}

CASE("probe: the example dies of its slab with the words of the Lisp that it stands for, and tells it")
{
	const struct tele_pool *p;
	char line[256] = "";
	char path[600];
	int status = run_example("countdown-deep.lisp");
	FILE *f;

	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP);
	snprintf(path, sizeof path, "%s/err", harness_tmpdir());
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof line, f));
	fclose(f);
	assert_non_null(strstr(line, "|| Attempted to aquire, when the slab is already full\n"));
	p = &nth_file(0, 1)->pools[0];
	assert_string_equal(p->name, "tinylisp objects");
	assert_int_equal(p->capacity, 32768);
	assert_int_equal(p->high_water, 32768);
	assert_int_equal(p->exhausted, 1);
	assert_in_range(p->depth, 3000, 9999);
	assert_int_equal(p->frame_count, SG_TELE_FRAMES); // deeper than what is kept
}

CASE("probe: the example passes where its slab suffices")
{
	assert_int_equal(run_example("countdown-shallow.lisp"), 0);
	assert_int_equal(nth_file(0, 1)->pools[0].exhausted, 0);
	assert_true(nth_file(0, 1)->pools[0].used > 1000);
}
