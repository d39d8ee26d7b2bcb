// stressgen-lua as its users meet it: a program of its own.
#include "buf.h"
#include "harness.h"
#include "io.h"
#include "program.h"
#include "telemetry.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define LUA SG_BUILD_DIR "/libexec/stressgen/stressgen-lua"

static int run(const char *words)
{
	return program_run("stressgen-lua", words);
}

static uint64_t counter(const struct tele_file *t, const char *name)
{
	for (unsigned i = 0; i < SG_TELE_COUNTERS; i++)
		if (strcmp(t->counters[i].name, name) == 0)
			return t->counters[i].value;
	fail_msg("no counter '%s'", name);
	return 0;
}

// -- as lua5.4 does -----------------------------------------------------------------------------------------

CASE("lua: runs a script with its arguments, on every pool alike")
{
	static const char *const pools[] = { "",
		                             "--pool malloc",
		                             "--pool slab-fixed --capacity 4M",
		                             "--pool=slab-fixed --capacity=4M",
		                             "--pool slab-gc --mark 5% --capacity 4M",
		                             "--pool slab-chain --capacity 64K",
		                             "--pool arena --capacity 4M" };

	program_write("args.lua", "print(#arg, arg[0], arg[1], select('#', ...), (select(2, ...)))\n"
	                          "local t = {} for i = 1, 1000 do t[i] = tostring(i):rep(3) end\n"
	                          "table.sort(t) print(t[1], t[1000], #table.concat(t))\n");
	for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++) {
		char words[256];

		snprintf(words, sizeof words, "%s args.lua one --two", pools[i]);
		assert_int_equal(run(words), 0);
		assert_string_equal(buf_text(&program_out),
		                    "2\targs.lua\tone\t2\t--two\n100010001000\t999999999\t8679\n");
		assert_string_equal(buf_text(&program_err), "");
	}
}

CASE("lua: an error is told with its place and traceback, and exit 1")
{
	program_write("bad.lua", "local function f() error('broken') end\nf()\n");
	assert_int_equal(run("bad.lua"), 1);
	program_assert(&program_err, "lua: bad.lua:1: broken\nstack traceback:\n\t[C]: in function 'error'\n");
	assert_int_equal(run("-e 'error({})'"), 1);
	program_assert(&program_err, "lua: (error object is a table value)\n");
	assert_int_equal(run("-e 'error(setmetatable({}, {__tostring = function() return [[itself]] end}))'"), 1);
	assert_string_equal(buf_text(&program_err), "lua: itself\n");
}

CASE("lua: a script that cannot be loaded is told in one line, and exit 1")
{
	program_write("syntax.lua", "print(1 +\n");
	assert_int_equal(run("syntax.lua"), 1);
	assert_string_equal(buf_text(&program_err), "lua: syntax.lua:2: unexpected symbol near <eof>\n");
	assert_int_equal(run("missing.lua"), 1);
	assert_string_equal(buf_text(&program_err), "lua: cannot open missing.lua: No such file or directory\n");
}

CASE("lua: wrong usage is told in one line, and exit 2")
{
	static const char *const wrong[][2] = {
		{ "", "which program?" },
		{ "--poool x", "unknown option '--poool'" },
		{ "--pool", "'--pool' needs a value" },
		{ "--pool nope x.lua", "there is no pool 'nope'; there are: slab-fixed" },
		{ "--pool slab-fixed x.lua", "needs a capacity" },
		{ "--pool slab-fixed --capacity auto x.lua", "'stressgen run'" },
		{ "--pool slab-fixed --capacity ten x.lua", "'ten' is no size" },
		{ "--pool slab-fixed --capacity 0 x.lua", "'0' is no size" },
		{ "--pool slab-fixed --capacity -1 x.lua", "'-1' is no size" },
		{ "--pool slab-fixed --capacity 1e99 x.lua", "'1e99' is no size" },
		{ "--pool slab-fixed --capacity 100 x.lua", "too small" },
		{ "--pool slab-fixed --capacity 1000000T x.lua", "too large" },
		{ "--pool slab-fixed --capacity 1M --mark 50 x.lua", "takes no mark" },
		{ "--pool slab-gc --capacity 1M --mark 100 x.lua", "no percentage from 1 to 99" },
		{ "--pool slab-gc --capacity 1M --mark 5x x.lua", "no percentage from 1 to 99" },
		{ "--pool malloc --capacity 1M x.lua", "takes no capacity" },
		{ "--measure", "which files?" },
		{ "--measure --pool malloc x.lua", "goes with files alone" },
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		assert_int_equal(run(wrong[i][0]), 2);
		program_assert(&program_err, wrong[i][1]);
		assert_ptr_equal(strchr(buf_text(&program_err), '\n'), program_err.data + program_err.len - 1);
		assert_string_equal(buf_text(&program_out), "");
	}
}

CASE("lua: output that cannot be written is a failure")
{
	int status = system(LUA " -e 'print(1)' >/dev/full 2>/dev/null");

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

// -- exhaustion ---------------------------------------------------------------------------------------------

#define SUM                                                                                                       \
	"local n = tonumber(arg[1])\n"                                                                            \
	"local function sum(n) if n <= 0 then return 0 end return n + sum(n - 1) end\n"                           \
	"assert(sum(n) == n * (n + 1) // 2)\nprint('@@ done')\n"

CASE("lua: a slab that is too small for the recursion is told with depth, request and backtrace")
{
	const struct tele_pool *p;

	program_write("sum.lua", SUM);
	assert_int_equal(run("--pool slab-fixed --capacity 512K sum.lua 10000"), 1);
	assert_string_equal(buf_text(&program_out), "");
	program_assert(&program_err, "lua: not enough memory (slab 'lua slab-fixed' full: ");
	program_assert(&program_err, " of 512 KiB in use, a request of ");
	program_assert(&program_err, "stack traceback:\n\tsum.lua:2: in upvalue 'sum'\n");
	p = &program_telemetry()->pools[0];
	assert_string_equal(p->name, "lua slab-fixed");
	assert_int_equal(p->capacity, 512 * 1024);
	assert_int_equal(p->unit_bytes, 1);
	assert_int_equal(p->exhausted, 1);
	assert_in_range(p->high_water, 400 * 1024, 512 * 1024);
	assert_true(p->request_bytes > 0);
	assert_true(p->exhausted_ns > program_telemetry()->created_ns);
	assert_in_range(p->depth, 3000, 9999);
	assert_int_equal(strncmp(p->text, "sum.lua:2: in upvalue 'sum'\n", 28), 0);
	assert_non_null(strstr(p->text, "more levels ...\n"));
	assert_non_null(strstr(p->text, "sum.lua:3: in main chunk\n"));
}

// Garbage without end, a handful alive; now and then with a string buffer, which asks the allocator itself, and
// only once. (Not always: a buffer has a finalizer, and those wait for the collector.)
#define GARBAGE                                                                                                   \
	"collectgarbage('stop')\n"                                                                                \
	"local x, s, t = ('x'):rep(1500), '', {}\n"                                                               \
	"for i = 1, 40000 do s = x .. i .. x t = { i, s } if i % 100 == 0 then s:rep(9) end end\n"                \
	"print(#s, t[1])\n"

CASE("lua: on slab-gc a program whose own collector stands still is collected at the mark")
{
	const struct tele_file *t;

	program_write("garbage.lua", GARBAGE);
	assert_int_equal(run("--pool slab-gc --mark 50 --capacity 4M garbage.lua"), 0);
	t = program_telemetry();
	assert_int_equal(t->pools[0].exhausted, 0);
	assert_true(counter(t, "mark_collections") > 10);
	assert_in_range(t->pools[0].high_water, 2 * 1024 * 1024 - 65536, 3 * 1024 * 1024);
	assert_string_equal(buf_text(&program_out), "3005\t40000\n");
}

CASE("lua: a full slab has the C side's return addresses too, and where the code lies")
{
	const struct tele_file *t;

	program_write("sum.lua", SUM);
	assert_int_equal(run("--pool slab-gc --capacity 512K sum.lua 10000"), 1);
	program_assert(&program_err, "slab 'lua slab-gc' full");
	t = program_telemetry();
	assert_int_equal(t->pools[0].exhausted, 1);
	assert_true(t->pools[0].frame_count > 3);
	assert_non_null(strstr(t->maps, "stressgen-lua"));
}

CASE("lua: where leaks are looked for, a cycle tells what is live after a full collection")
{
	unsigned long long live[3];
	const char *at;

	program_write("cycle.lua", "assert(stressgen.cycle) local keep = {}\n"
	                           "for i = 1, 3 do local t = {} for k = 1, 10000 do t[k] = {} end\n"
	                           "keep[i] = ('x'):rep(100000 + i) t = nil stressgen.cycle() end\n");
	assert_int_equal(run("-e 'assert(not stressgen.cycle)'"), 0);
	setenv("STRESSGEN_LEAK_CHECK", "1", 1);
	assert_int_equal(run("cycle.lua"), 0);
	unsetenv("STRESSGEN_LEAK_CHECK");
	at = buf_text(&program_out);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sscanf(at, "@@ live %llu", &live[i]), 1);
		at = strchr(at, '\n') + 1;
	}
	assert_in_range(live[1] - live[0], 100000, 101000); // what is kept, and none of the garbage
	assert_in_range(live[2] - live[1], 100000, 101000);
}

CASE("lua: the depth that is told is the depth at which it came")
{
	uint64_t n;

	program_write("depth.lua", "local n = 0\nlocal function f() n = n + 1 return 1 + f() end\n"
	                           "assert(not pcall(f))\nprint(n)\n");
	assert_int_equal(run("--pool slab-fixed --capacity 2M depth.lua"), 0);
	n = strtoull(buf_text(&program_out), NULL, 10);
	assert_true(n > 1000);
	// f is on the stack n times, above it pcall, the chunk and the host; or once more, not yet begun.
	assert_in_range(program_telemetry()->pools[0].depth, n + 3, n + 4);
	assert_int_equal(program_telemetry()->pools[0].exhausted, 1);
}

CASE("lua: exhaustion in a coroutine is traced there and in who resumed it")
{
	program_write("co.lua", "local function f(n) return 1 + f(n + 1) end\n"
	                        "local function g() return (coroutine.wrap(function() return (f(1)) end)()) end\n"
	                        "local co = coroutine.create(function() return (g()) end)\n"
	                        "local ok, why = coroutine.resume(co)\nerror(why, 0)\n");
	assert_int_equal(run("--pool slab-fixed --capacity 1M co.lua"), 1);
	program_assert(&program_err, "lua: not enough memory (slab 'lua slab-fixed' full: ");
	assert_int_equal(strncmp(program_telemetry()->pools[0].text, "co.lua:1: in upvalue 'f'\n", 25), 0);
	assert_non_null(strstr(program_telemetry()->pools[0].text, "resumed by:\n[C]: in function"));
	assert_true(program_telemetry()->pools[0].depth > 1000);
}

CASE("lua: no capacity, however small, ends in anything but a clean failure or success")
{
	unsigned failed = 0, passed = 0;

	program_write("sum.lua", SUM);
	for (unsigned kib = 4; kib <= 240; kib += 4) {
		char words[128];
		int status;

		snprintf(words, sizeof words, "--pool slab-fixed --capacity %uK sum.lua 200", kib);
		status = run(words);
		if (status == 1) {
			failed++;
			program_assert(&program_err, "not enough memory (slab 'lua slab-fixed' full");
			assert_true(program_telemetry()->pools[0].exhausted > 0);
		} else {
			passed++;
			assert_int_equal(status, 0);
			assert_int_equal(program_telemetry()->pools[0].exhausted, 0);
			assert_string_equal(buf_text(&program_out), "@@ done\n");
		}
	}
	assert_true(failed >= 5);
	assert_true(passed >= 5);
}

CASE("lua: garbage in a tight slab is collected, and that is pressure but no exhaustion")
{
	program_write("churn.lua",
	              "collectgarbage('stop')\nfor i = 1, 20000 do local t = {i, i, i} end\nprint('@@ done')\n");
	assert_int_equal(run("--pool slab-fixed --capacity 512K churn.lua"), 0);
	assert_int_equal(program_telemetry()->pools[0].exhausted, 0);
	assert_true(counter(program_telemetry(), "memory_pressed") > 0);
	assert_true(program_telemetry()->pools[0].high_water > 500 * 1024);
}

CASE("lua: a program that catches the exhaustion goes on, and the event is kept")
{
	program_write("catch.lua",
	              "local ok, why = pcall(function() local t = {} while true do t[#t + 1] = {} end end)\n"
	              "assert(not ok and why == 'not enough memory')\n"
	              "collectgarbage() collectgarbage()\n"
	              "local t = {} for i = 1, 1000 do t[i] = {} end\nprint('@@ done')\n");
	assert_int_equal(run("--pool slab-fixed --capacity 512K catch.lua"), 0);
	assert_string_equal(buf_text(&program_out), "@@ done\n");
	assert_int_equal(program_telemetry()->pools[0].exhausted, 1);
	assert_int_equal(strncmp(program_telemetry()->pools[0].text, "catch.lua:1: in function <line 1>", 33), 0);
}

CASE("lua: a library that asks the allocator itself exhausts it too")
{
	program_write("rep.lua", "local s = string.rep('x', 1 << 20)\n");
	assert_int_equal(run("--pool slab-fixed --capacity 512K rep.lua"), 1);
	program_assert(&program_err, "lua: not enough memory (slab 'lua slab-fixed' full: ");
	assert_int_equal(program_telemetry()->pools[0].exhausted, 1);
	assert_true(program_telemetry()->pools[0].request_bytes >= 1 << 20);
	assert_non_null(
	        strstr(program_telemetry()->pools[0].text, "[C]: in function 'rep'\nrep.lua:1: in main chunk\n"));
}

// -- measuring ----------------------------------------------------------------------------------------------

static uint64_t measured(const char *words, const char *file)
{
	char line[64];
	const char *at;

	assert_int_equal(run(words), 0);
	snprintf(line, sizeof line, " %s\n", file);
	at = strstr(buf_text(&program_out), line);
	assert_non_null(at);
	while (at > program_out.data && at[-1] != '\n')
		at--;
	return strtoull(at, NULL, 10);
}

CASE("lua: --measure gives each file's peak and the highest, and a slab of that size nearly suffices")
{
	char words[128];
	uint64_t small, large;

	program_write("small.lua", "local t = {}\nprint('not to be seen')\n");
	program_write("large.lua",
	              "local function sum(n) if n <= 0 then return 0 end return n + sum(n - 1) end\nsum(20000)\n");
	small = measured("--measure small.lua large.lua", "small.lua");
	large = measured("--measure small.lua large.lua", "large.lua");
	assert_null(strstr(buf_text(&program_out), "not to be seen"));
	assert_int_equal(measured("--measure small.lua large.lua", "maximum"), large);
	assert_true(large > 10 * small);
	snprintf(words, sizeof words, "--pool slab-fixed --capacity %llu large.lua",
	         (unsigned long long)(large + large / 16));
	assert_int_equal(run(words), 0);
	snprintf(words, sizeof words, "--pool slab-fixed --capacity %llu large.lua",
	         (unsigned long long)(large - large / 4));
	assert_int_equal(run(words), 1);
}

CASE("lua: --measure goes on behind a file that fails, and fails itself for one that cannot be read")
{
	program_write("fails.lua", "local s = ('x'):rep(1 << 20) error('on purpose')\n");
	assert_true(measured("--measure fails.lua", "fails.lua") > 1 << 20);
	program_assert(&program_err, "fails.lua: ended with an error; measured up to there");
	assert_int_equal(run("--measure missing.lua fails.lua"), 1);
	program_assert(&program_err, "missing.lua: cannot be read");
	program_assert(&program_out, " fails.lua\n");
	program_write("dies.lua", "os.execute('kill -KILL $PPID')\n");
	assert_int_equal(run("--measure dies.lua"), 1);
	program_assert(&program_err, "died of signal 9");
}

// -- the table `stressgen` ----------------------------------------------------------------------------------

CASE("lua: stressgen.now_ns and pool tell the time and the pool")
{
	program_write("table.lua",
	              "local a = stressgen.now_ns() local b = stressgen.now_ns()\n"
	              "assert(math.type(a) == 'integer' and b >= a)\n"
	              "local name, used, high, capacity = stressgen.pool()\n"
	              "assert(name == 'slab-fixed' and used > 0 and high >= used and capacity == 4 << 20)\n"
	              "assert(stressgen.gc_count == nil)\n");
	assert_int_equal(run("--pool slab-fixed --capacity 4M table.lua"), 0);
}

CASE("lua: collections are counted for tests of kind gc, and where it is asked for")
{
	program_write("gc.lua", "-- @Kind gc\n"
	                        "assert(stressgen.gc_count() == 0)\n"
	                        "for i = 1, 5 do collectgarbage() end\n"
	                        "assert(stressgen.gc_count() == 5)\n");
	assert_int_equal(run("gc.lua"), 0);
	assert_int_equal(counter(program_telemetry(), "gc_cycles"), 5);
	assert_int_equal(run("--count-gc -e 'collectgarbage() assert(stressgen.gc_count() == 1)'"), 0);
	assert_int_equal(counter(program_telemetry(), "gc_cycles"), 1);
}
