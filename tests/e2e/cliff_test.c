// stressgen cliff: on the embedded runtimes, whose cliffs are set by us.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_int_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static const char *text(const json_t *o, const char *key)
{
	const char *value = json_string_value(json_object_get(o, key));

	return value != NULL ? value : "";
}

CASE("cliff: the depth that fills a slab is found, and the program that breaks is left behind")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "cliff", "recursion/sum", "--target", "lua@slab-fixed", "--slab-capacity",
	                       "512K", "--format", "json", "-o", "found", "--quiet");
	json_t *all, *c = e2e_cliff(&o, &all);

	assert_string_equal(text(c, "state"), "found");
	assert_string_equal(text(c, "verdict"), "slab-exhausted");
	assert_string_equal(text(c, "broke"), "slab");
	assert_contains(text(c, "slab"), "512 KiB");
	assert_true(json_is_true(json_object_get(c, "sharp")));
	assert_true(number(c, "passes") > 1000 && number(c, "fails") > number(c, "passes"));
	assert_true(number(c, "fails") - number(c, "passes") <= number(c, "passes") / 100 + 1);
	outcome_deinit(&o);

	o = e2e_shell(dir, text(c, "again"));
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "slab-exhausted");
	outcome_deinit(&o);
	json_decref(all);
}

// In front of the runtime: from depth 101 to 199 each third program passes, from 200 on none.
static const char blurred[] = "n=$(sed -n 's/^-- @Param depth=//p' \"$1\")\n"
                              "c=$(cat count 2>/dev/null || echo 0)\n"
                              "echo $((c + 1)) >count\n"
                              "[ \"$n\" -le 100 ] || { [ \"$n\" -lt 200 ] && [ $((c % 3)) = 0 ]; } || exit 9\n"
                              "file=$1\nshift\nexec \"$@\" \"$file\"\n";

CASE("cliff: a boundary that is not sharp is an interval, in JSON and on the page")
{
	const char *dir = harness_tmpdir();
	struct buf page = { 0 };
	struct outcome o;
	json_t *all, *c;
	char *path = io_join(dir, "blur/cliffs.html"), command[600];

	e2e_write(dir, "blurred.sh", blurred, false);
	e2e_write(dir, "small.kernel",
	          "(kernel recursion/small (summary \"s\") (param depth 50 (range 1 5000))\n"
	          "  (measure total (repeat 1) depth))\n",
	          false);
	snprintf(command, sizeof command, "env -C %s sh blurred.sh {file} {stressgen:lua} --pool malloc", dir);
	o = E2E(dir, "cliff", "small.kernel", "--target-cmd", command, "--dialect", "lua", "--tries", "6",
	        "--format", "json", "-o", "blur", "--quiet");
	c = e2e_cliff(&o, &all);
	assert_string_equal(text(c, "state"), "found");
	assert_false(json_is_true(json_object_get(c, "sharp")));
	assert_true(number(c, "passes") >= 50 && number(c, "passes") <= 101);
	assert_true(number(c, "fails") > 100 && number(c, "fails") > number(c, "passes"));
	json_decref(all);
	outcome_deinit(&o);
	assert_int_equal(io_read_file(path, 1U << 22, &page, NULL), 0);
	assert_contains(buf_text(&page), "not sharp");
	buf_deinit(&page);
	free(path);
}

CASE("cliff: it is said that there is none when the largest value of the range passes")
{
	const char *dir = harness_tmpdir();

	e2e_write(dir, "small.kernel",
	          "(kernel recursion/small (summary \"s\") (param depth 10 (range 1 500))\n"
	          "  (define (sum n) (if (<= n 0) 0 (+ n (sum (- n 1)))))\n"
	          "  (measure total (repeat 3) (sum depth)))\n",
	          false);
	struct outcome o = E2E(dir, "cliff", "small.kernel", "--target", "eval@malloc", "--format", "json");
	json_t *all, *c = e2e_cliff(&o, &all);

	assert_string_equal(text(c, "state"), "none");
	assert_int_equal(number(c, "passes"), 500);
	assert_null(json_object_get(c, "fails"));
	assert_contains(buf_text(&o.err), "depth 500: passed");
	outcome_deinit(&o);
	json_decref(all);
}

CASE("cliff: what is too slow is a cliff of time")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "cliff", "recursion/fibonacci", "--target", "lua@malloc", "--limit",
	                       "time=200ms", "--tries", "1", "--format", "json");
	json_t *all, *c = e2e_cliff(&o, &all);

	assert_string_equal(text(c, "state"), "found");
	assert_string_equal(text(c, "broke"), "time");
	assert_true(number(c, "fails") > number(c, "passes"));
	assert_true(number(json_object_get(all, "limits"), "timeout_ns") == 200000000);
	outcome_deinit(&o);
	json_decref(all);
}

CASE("cliff: several targets are a table, a page and JSON, and what a language lacks is left out")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "cliff", "recursion/sum", "--target", "lua@slab-fixed,eval@slab-fixed",
	                       "--slab-capacity", "256K", "-o", "two", "--tries", "1");
	struct buf page = { 0 };
	char *path = io_join(dir, "two/cliffs.html");

	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "lua@slab-fixed");
	assert_contains(buf_text(&o.out), "eval@slab-fixed");
	assert_contains(buf_text(&o.err), "2 of 2: recursion/sum on eval@slab-fixed");
	assert_int_equal(io_read_file(path, 1U << 22, &page, NULL), 0);
	assert_contains(buf_text(&page), "2 of 2 have a cliff: 2 by slab.");
	assert_contains(buf_text(&page), "<svg");
	buf_deinit(&page);
	free(path);
	outcome_deinit(&o);
}

// A hunt for the cliff of a slab of that size, into DIR/NAME.
static void hunt_with_slab(const char *dir, const char *capacity, const char *name)
{
	struct outcome o = E2E(dir, "cliff", "recursion/sum", "--target", "lua@slab-fixed", "--slab-capacity",
	                       capacity, "-o", name, "--tries", "1", "--quiet");

	if (o.exit_code != 0)
		fail_msg("exit %d: %s", o.exit_code, buf_text(&o.err));
	outcome_deinit(&o);
}

CASE("cliff: the history reports one that moved, from the second night on, until it is accepted")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	hunt_with_slab(dir, "512K", "first");
	hunt_with_slab(dir, "500K", "second"); // within 3 %
	hunt_with_slab(dir, "300K", "third");
	o = E2E(dir, "history", "add", "first", "second");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "history", "trend");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);

	o = E2E(dir, "history", "add", "third");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "history", "trend");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "regressed");
	assert_contains(buf_text(&o.out), "cliff/recursion/sum/depth.lua@slab-fixed");
	assert_contains(buf_text(&o.out), "entry 3");
	outcome_deinit(&o);
	o = E2E(dir, "history", "show", "cliff");
	assert_contains(buf_text(&o.out), "a change of -");
	outcome_deinit(&o);

	o = E2E(dir, "history", "annotate", "3", "a smaller slab", "--accept");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "history", "trend");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
}

CASE("cliff: compare judges cliffs by one search on each side")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	hunt_with_slab(dir, "512K", "base");
	hunt_with_slab(dir, "1M", "head");
	o = E2E(dir, "compare", "base", "head");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "1 improved");
	outcome_deinit(&o);
	o = E2E(dir, "compare", "head", "base");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "1 regressed");
	outcome_deinit(&o);
	o = E2E(dir, "compare", "base", "base");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
}

CASE("cliff: another malloc in front of the target, and what its heap held when it broke")
{
	static const char *const mallocs[] = { "jemalloc", "mimalloc" };
	size_t tried = 0;

	for (size_t i = 0; i < sizeof mallocs / sizeof mallocs[0]; i++) {
		struct outcome o = E2E(harness_tmpdir(), "cliff", "gc/preserve-list", "--target", "lua54",
		                       "--alloc", mallocs[i], "--limit", "time=60s,memory=64M", "--tries", "1",
		                       "--format", "json", "--quiet");
		json_t *all, *c;

		if (o.exit_code == 3) {
			outcome_deinit(&o);
			continue;
		}
		tried++;
		c = e2e_cliff(&o, &all);
		assert_contains(text(all, "allocator"), mallocs[i]);
		assert_string_equal(text(c, "broke"), "heap");
		assert_contains(text(c, "heap"), mallocs[i]);
		assert_contains(text(c, "heap"), "live at its peak");
		assert_contains(text(c, "again"), mallocs[i]);
		json_decref(all);
		outcome_deinit(&o);
	}
	if (tried == 0)
		harness_skip("lua5.4, or both of jemalloc and mimalloc, are not on this machine");
}

CASE("cliff: remedies for a full slab are compared, with a sentence on top, JSON and a page")
{
	const char *dir = harness_tmpdir();
	struct outcome o =
	        E2E(dir, "cliff", "--remedies", "recursion/sum", "--tries", "1", "--slab-capacity", "128K",
	            "--limit", "time=60s", "--alloc", "glibc", "--format", "json", "-o", "remedies");
	double bigger = 0, chain = 0, escape = 0;
	json_t *all, *r;
	struct buf page = { 0 };
	char *path = io_join(dir, "remedies/remedies.html");
	size_t i;

	if (o.exit_code != 0)
		fail_msg("exit %d: %s", o.exit_code, buf_text(&o.err));
	all = json_loads(buf_text(&o.out), 0, NULL);
	assert_contains(buf_text(&o.err), "malloc is glibc");
	assert_contains(text(all, "allocator"), "glibc");
	assert_int_equal(json_array_size(json_object_get(all, "sentences")), 2); // the evaluator's and Lua's
	assert_contains(json_string_value(json_array_get(json_object_get(all, "sentences"), 0)), "What helps:");
	json_array_foreach(json_object_get(all, "remedies"), i, r)
	{
		const double factor = json_real_value(json_object_get(r, "factor"));

		assert_true(number(r, "at") > 0 && number(r, "at") <= number(r, "passes"));
		assert_true(number(r, "repetition_ns") > 0);
		assert_true(number(r, "used_bytes") > 0);
		assert_true(number(r, "peak_rss_bytes") > 0); // however short the program was
		if (strcmp(text(r, "runtime"), "eval") != 0)
			continue;
		bigger = strcmp(text(r, "remedy"), "a bigger slab") == 0 ? factor : bigger;
		chain = strcmp(text(r, "remedy"), "more slabs") == 0 ? factor : chain;
		escape = strcmp(text(r, "remedy"), "escape analysis") == 0 ? factor : escape;
	}
	assert_true(bigger > 2 && bigger < 6);
	assert_true(chain > 10);
	assert_true(escape > 0.9 && escape < 1.1); // nothing in it is made that could stay on the stack
	assert_int_equal(io_read_file(path, 1U << 22, &page, NULL), 0);
	assert_contains(buf_text(&page), "recursion/sum on eval breaks above");
	assert_contains(buf_text(&page), text(all, "allocator"));
	assert_contains(buf_text(&page), "<svg");
	buf_deinit(&page);
	free(path);
	json_decref(all);
	outcome_deinit(&o);
}

CASE("cliff: one line says what is wrong when kernel, parameter, limit or format are")
{
	static const struct {
		const char *args[6], *says;
		int code;
	} wrong[] = {
		{ { "cliff" }, "which kernel?", 2 },
		{ { "cliff", "nothing" }, "no kernel 'nothing'", 2 },
		{ { "cliff", "count-down" }, "no kernel 'count-down'; did you mean 'countdown'?", 2 },
		{ { "cliff", "recursion/sum", "--param", "width" }, "has no parameter width", 2 },
		{ { "cliff", "recursion/sum", "--limit", "time=0" }, "--limit: 'time=0'", 2 },
		{ { "cliff", "recursion/sum", "--limit", "size=3" }, "--limit: 'size=3'", 2 },
		{ { "cliff", "recursion/sum", "--format", "tap" }, "text or json", 2 },
		{ { "cliff", "recursion/sum", "--target", "nix" }, "unknown target 'nix'", 2 },
		{ { "cliff", "recursion/sum", "--alloc", "./nix.so" }, "nix.so", 3 },
		{ { "cliff", "--http2", "--param", "depth" }, "streams, connections, header, body or rate", 2 },
		{ { "cliff", "--http2", "--target", "ftp://x" }, "ftp://x", 2 },
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct outcome o = e2e_run(harness_tmpdir(), wrong[i].args);
		assert_int_equal(o.exit_code, wrong[i].code);
		assert_contains(buf_text(&o.err), wrong[i].says);
		outcome_deinit(&o);
	}
}

CASE("cliff: remedies have targets of their own, and others with them are refused")
{
	static const char *const options[][2] = { { "--target", "eval" }, { "--dialect", "lua" } };

	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
		struct outcome o = E2E(harness_tmpdir(), "cliff", "--remedies", options[i][0], options[i][1]);

		assert_int_equal(o.exit_code, 2);
		assert_contains(buf_text(&o.err), "--remedies compares targets of its own; leave out ");
		outcome_deinit(&o);
	}
}
