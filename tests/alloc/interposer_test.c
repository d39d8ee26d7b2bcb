// libstressalloc.so in front of programs whose allocations are known, and of programs that must not notice.
#include "buf.h"
#include "harness.h"
#include "io.h"
#include "telemetry.h"

#include <glob.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PRELOAD SG_BUILD_DIR "/lib/stressgen/libstressalloc.so"
#define INTERPOSED SG_BUILD_DIR "/tests/alloc/interposed"

static char dir[512];  // of the current run: out, tele/
static struct buf out; // what it printed

static void new_dir(void)
{
	static unsigned n;
	char tele[600];

	snprintf(dir, sizeof dir, "%s/run%u", harness_tmpdir(), n++);
	snprintf(tele, sizeof tele, "%s/tele", dir);
	assert_int_equal(mkdir(dir, 0777), 0);
	assert_int_equal(mkdir(tele, 0777), 0);
}

// Runs `command` (for sh, which is not preloaded itself: it has to begin with the program) behind `libraries`.
// Its status as of wait.
static int run_with(const char *libraries, const char *command)
{
	char line[4096], path[600];
	int status;

	new_dir();
	snprintf(line, sizeof line,
	         "cd '%s' && exec env STRESSGEN_TELEMETRY_DIR='%s/tele' LD_PRELOAD='%s' %s >out 2>err", dir, dir,
	         libraries, command);
	status = system(line);
	buf_clear(&out);
	snprintf(path, sizeof path, "%s/out", dir);
	assert_int_equal(io_read_file(path, 1 << 24, &out, NULL), 0);
	return status;
}

static int run(const char *command)
{
	return run_with(PRELOAD, command);
}

// The n-th telemetry file of the last run by name, of `expected`. To be freed.
static struct tele_file *nth_file(size_t n, size_t expected)
{
	struct tele_file *t = malloc(sizeof *t);
	struct err e = { 0 };
	char pattern[600];
	glob_t found;

	snprintf(pattern, sizeof pattern, "%s/tele/interposer-*", dir);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, expected);
	if (t == NULL || telemetry_read(found.gl_pathv[n], t, &e) < 0)
		fail_msg("%s", e.text);
	globfree(&found);
	return t;
}

static int64_t value(const struct tele_file *t, const char *name)
{
	for (unsigned i = 0; i < SG_TELE_COUNTERS; i++)
		if (strcmp(t->counters[i].name, name) == 0)
			return (int64_t)t->counters[i].value;
	fail_msg("no counter '%s'", name);
	return 0;
}

// What `interposed WHAT` does beyond what `interposed` does anyhow.
struct difference {
	struct tele_file *none, *some;
};

static void difference_init(struct difference *d, const char *libraries, const char *what)
{
	char command[600];

	assert_int_equal(run_with(libraries, INTERPOSED), 0);
	d->none = nth_file(0, 1);
	snprintf(command, sizeof command, "%s %s", INTERPOSED, what);
	assert_int_equal(run_with(libraries, command), 0);
	d->some = nth_file(0, 1);
}

static int64_t more(const struct difference *d, const char *name)
{
	return value(d->some, name) - value(d->none, name);
}

static void difference_deinit(struct difference *d)
{
	free(d->none);
	free(d->some);
}

static void check_functions(const char *libraries)
{
	struct difference d;
	int64_t live;

	difference_init(&d, libraries, "functions");
	live = strtoll(buf_text(&out), NULL, 10);
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

static void need_library(const char *name)
{
	char command[300];

	snprintf(command, sizeof command, "ldconfig -p | grep -q '%s '", name);
	if (system(command) != 0)
		harness_skip("that allocator is not on this machine");
}

CASE("interposer: in front of jemalloc it counts the same but for realloc to nothing")
{
	need_library("libjemalloc.so.2");
	setenv("MALLOC_CONF", "zero_realloc:free", 1);
	check_functions(PRELOAD " libjemalloc.so.2");
	check_threads(PRELOAD " libjemalloc.so.2");
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
	assert_string_equal(buf_text(&out), "2000\n");
	assert_int_equal(more(&d, "malloc_calls"), 2000);
	assert_int_equal(more(&d, "free_calls"), 2000);
	difference_deinit(&d);
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
	highest = strtoll(buf_text(&out), NULL, 10) + value(d.none, "live_bytes");
	reported = value(d.some, "peak_bytes");
	error = value(d.some, "peak_error_bytes");
	assert_in_range(error, 4096, 16384);
	assert_true(reported <= highest);
	assert_true(reported >= highest - error);
	difference_deinit(&d);
}

// -- programs that must not notice --------------------------------------------------------------------------

static void runs_unchanged(const char *program, const char *command)
{
	char probe[700];
	struct buf plain = { 0 };
	int status;

	snprintf(probe, sizeof probe, "command -v %s >/dev/null", program);
	if (system(probe) != 0)
		harness_skip("that program is not on this machine");
	status = run_with("", command);
	buf_add(&plain, buf_text(&out), out.len);
	assert_int_equal(run(command), status);
	assert_string_equal(buf_text(&out), buf_text(&plain));
	assert_true(plain.len > 0);
	snprintf(probe, sizeof probe, "ls '%s/tele' | grep -q .", dir);
	assert_int_equal(system(probe), 0);
	buf_deinit(&plain);
}

CASE("interposer: ls runs unchanged")
{
	runs_unchanged("ls", "ls -l /etc");
}

CASE("interposer: python3 runs unchanged, with its own malloc and without")
{
	runs_unchanged(
	        "/usr/bin/python3",
	        "/usr/bin/python3 -c 'import threading, json, os; r = []; ts = [threading.Thread(target=lambda i=i: "
	        "r.append(len(json.dumps(list(range(i * 1000)))))) for i in range(8)]; [t.start() for t in ts]; "
	        "[t.join() for t in ts]; print(sorted(r)); os.fork() or os._exit(0); print(os.wait()[1])'");
	setenv("PYTHONMALLOC", "malloc", 1);
	runs_unchanged("/usr/bin/python3",
	               "/usr/bin/python3 -c 'print(sum(x * x for x in range(10000)), [{i: str(i)} for i "
	               "in range(100)])'");
}

CASE("interposer: git runs unchanged")
{
	runs_unchanged("git", "git --version");
}

CASE("interposer: sqlite3 runs unchanged")
{
	runs_unchanged("sqlite3",
	               "sqlite3 :memory: 'create table t(a, b); with recursive n(i) as (select 1 union all select "
	               "i + 1 from n where i < 20000) insert into t select i, hex(i) from n; select count(*), "
	               "sum(a), max(b) from t;'");
}

CASE("interposer: lua5.4 runs unchanged")
{
	runs_unchanged(
	        "lua5.4",
	        "lua5.4 -e 'local t = {} for i = 1, 1e5 do t[i] = tostring(i) end print(#table.concat(t))'");
}

CASE("interposer: a shell with pipes and many short programs runs unchanged")
{
	runs_unchanged("bash",
	               "bash -c 'for i in 1 2 3; do echo $i | tr 123 abc | sort; done; (exit 3); echo $?'");
}

CASE("interposer: without a telemetry directory the program runs all the same")
{
	assert_int_equal(system("env -u STRESSGEN_TELEMETRY_DIR LD_PRELOAD='" PRELOAD "' " INTERPOSED
	                        " functions >/dev/null"),
	                 0);
	assert_int_equal(system("STRESSGEN_TELEMETRY_DIR=/nonexistent LD_PRELOAD='" PRELOAD "' " INTERPOSED
	                        " threads >/dev/null"),
	                 0);
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
	assert_not_instrumented("malloc is that of " SG_BUILD_DIR "/tests/alloc/own_malloc");
}

// Compiles a program in the temporary directory; skips the case where that compiler or library is missing.
static const char *compile(const char *compiler, const char *source)
{
	static char program[600];
	char command[4096];

	snprintf(program, sizeof program, "%s/compiled", harness_tmpdir());
	snprintf(command, sizeof command, "cat >'%s.src' <<'EOF'\n%s\nEOF\n%s -o '%s' '%s.src' 2>/dev/null",
	         program, source, compiler, program, program);
	if (system(command) != 0)
		harness_skip("that cannot be compiled on this machine");
	return program;
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

#define CXX_PROGRAM                                                                                               \
	"#include <new>\n#include <vector>\n#include <cstdlib>\n"                                                 \
	"struct alignas(64) wide { char bytes[64]; };\n"                                                          \
	"int main(int argc, char **) {\n"                                                                         \
	"  if (argc < 2) return 0;\n"                                                                             \
	"  std::vector<long *> kept; kept.reserve(2000);\n"                                                       \
	"  for (int i = 0; i < 1000; i++) kept.push_back(new long(i));\n"                                         \
	"  for (int i = 0; i < 1000; i++) kept.push_back(new long[10]);\n"                                        \
	"  for (int i = 0; i < 1000; i++) { delete kept[i]; delete[] kept[1000 + i]; }\n"                         \
	"  for (int i = 0; i < 50; i++) { wide *volatile w = new wide; delete w; }\n"                             \
	"  for (int i = 0; i < 50; i++) delete new (std::nothrow) long(i);\n"                                     \
	"  volatile size_t huge = (size_t)1 << 62;\n"                                                             \
	"  if (new (std::nothrow) char[huge] != nullptr) return 2;\n"                                             \
	"  try { char *volatile p = new char[huge]; delete[] p; } catch (const std::bad_alloc &) { return 0; }\n" \
	"  return 3;\n}\n"

static void check_cxx(const char *libraries)
{
	const char *program = compile("g++ -x c++ -std=c++17 -O0", CXX_PROGRAM);
	struct tele_file *none, *some;
	char command[700];
	int64_t taken, calls;

	assert_int_equal(run_with(libraries, program), 0);
	none = nth_file(0, 1);
	snprintf(command, sizeof command, "%s all", program);
	assert_int_equal(run_with(libraries, command), 0);
	some = nth_file(0, 1);
	// new: the vector's, 2000, 50 aligned (libstdc++ calls aligned_alloc), 50 without exceptions.
	taken = value(some, "malloc_calls") - value(none, "malloc_calls") + value(some, "memalign_calls") -
	        value(none, "memalign_calls") - (value(some, "failures") - value(none, "failures"));
	calls = value(some, "free_calls") - value(none, "free_calls");
	assert_true(taken >= 1 + 2000 + 50 + 50);
	assert_true(taken <= 1 + 2000 + 50 + 50 + 3); // the exception itself
	assert_int_equal(calls, taken);
	assert_int_equal(value(some, "live_blocks"), value(none, "live_blocks"));
	assert_int_equal(value(some, "live_bytes"), value(none, "live_bytes"));
	free(none);
	free(some);
}

CASE("interposer: operators new and delete count once, and std::bad_alloc passes through")
{
	check_cxx(PRELOAD);
}

CASE("interposer: operators of an allocator that does not call malloc count once")
{
	need_library("libjemalloc.so.2");
	check_cxx(PRELOAD " libjemalloc.so.2");
}
