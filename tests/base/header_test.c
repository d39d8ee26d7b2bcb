// header: the metadata in a test file's comments.
#include "harness.h"

#include "header.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int parse(const char *text, struct test_meta *m, struct err *e)
{
	*m = (struct test_meta){ 0 };
	*e = (struct err){ "" };
	return test_header_parse("dir/t.lua", text, strlen(text), m, e);
}

// The text must be refused with exactly this message.
static void refused(const char *text, const char *message)
{
	struct test_meta m;
	struct err e;

	if (parse(text, &m, &e) != -EINVAL)
		fail_msg("not refused: %s", text);
	assert_string_equal(e.text, message);
	test_meta_deinit(&m);
}

// One of the key's values must be refused, and the message begin with the place and the key.
static void refused_value(const char *key, const char *value)
{
	char text[2048], begin[2048];
	struct test_meta m;
	struct err e;

	snprintf(text, sizeof text, "# @%s %s\n", key, value);
	snprintf(begin, sizeof begin, value[0] == '\0' ? "dir/t.lua:1: @%s has no value" : "dir/t.lua:1: @%s ",
	         key);
	if (parse(text, &m, &e) != -EINVAL)
		fail_msg("not refused: %s", text);
	if (strncmp(e.text, begin, strlen(begin)) != 0)
		fail_msg("%s\nis answered by\n%s", text, e.text);
	test_meta_deinit(&m);
}

CASE("header: every field is filled when every key is there")
{
	static const char text[] = "-- @Test recursion/sum-5000.lua\n"
	                           "-- @Kind recursion\n"
	                           "-- @Level integration\n"
	                           "-- @Tag deep, slow-ish\n"
	                           "-- @Timeout 500ms\n"
	                           "-- @Memory 256\n"
	                           "-- @Cpu 1.5\n"
	                           "-- @Files 64\n"
	                           "-- @Procs 8\n"
	                           "-- @Io 10MB/s 500/s\n"
	                           "-- @Headroom 20%\n"
	                           "-- @Serial\n"
	                           "-- @Resource port-8080\n"
	                           "-- @List ./cases {file}\n"
	                           "-- @Priority P0\n"
	                           "-- @DependsOn gc/one, b.lua\n"
	                           "-- @Slow\n"
	                           "-- @Skip no network here\n"
	                           "-- @Planned\n"
	                           "-- @Expect slab-exhausted\n"
	                           "-- @Retry 2\n"
	                           "-- @Run {stressgen:lua} {file}\n"
	                           "-- @Param depth=5000\n"
	                           "-- @Sentinel on\n";
	struct test_meta m;
	struct err e;

	assert_int_equal(parse(text, &m, &e), 1);
	assert_true(m.has_header);
	assert_int_equal(m.set, (1U << HKEY_COUNT) - 1);
	assert_string_equal(m.id, "recursion/sum-5000.lua");
	assert_int_equal(m.kind, KIND_RECURSION);
	assert_int_equal(m.level, LEVEL_INTEGRATION);
	assert_int_equal(m.tags.count, 2);
	assert_string_equal(m.tags.items[1], "slow-ish");
	assert_int_equal(m.timeout_ns, 500000000);
	assert_int_equal(m.memory_bytes, 256 << 20);
	assert_int_equal(m.cpu_s, 2);
	assert_int_equal(m.files, 64);
	assert_int_equal(m.procs, 8);
	assert_int_equal(m.io_bytes_per_s, 10 << 20);
	assert_int_equal(m.io_ops_per_s, 500);
	assert_int_equal(m.headroom_percent, 20);
	assert_true(m.serial && m.slow && m.planned && m.sentinel);
	assert_string_equal(m.resources.items[0], "port-8080");
	assert_string_equal(m.list, "./cases {file}");
	assert_int_equal(m.priority, 0);
	assert_int_equal(m.depends_on.count, 2);
	assert_string_equal(m.depends_on.items[0], "gc/one");
	assert_string_equal(m.depends_on.items[1], "b.lua");
	assert_int_equal(m.depends_on_lines[1], 16);
	assert_string_equal(m.skip, "no network here");
	assert_int_equal(m.expect, VERDICT_SLAB_EXHAUSTED);
	assert_int_equal(m.retry, 2);
	assert_string_equal(m.run, "{stressgen:lua} {file}");
	assert_string_equal(test_meta_param(&m, "depth"), "5000");
	assert_null(test_meta_param(&m, "width"));
	test_meta_deinit(&m);
}

CASE("header: a test may be expected to survive")
{
	struct test_meta m;
	struct err e;

	assert_int_equal(parse("# @Expect survived\n", &m, &e), 1);
	assert_true(m.survive);
	assert_int_equal(m.expect, VERDICT_PASSED);
	test_meta_deinit(&m);
	assert_int_equal(parse("# @Expect passed\n", &m, &e), 1);
	assert_false(m.survive);
	test_meta_deinit(&m);
}

CASE("header: defaults hold when there is no header")
{
	struct test_meta m;
	struct err e;

	assert_int_equal(parse("print('hello')\n-- nothing here @all\n", &m, &e), 0);
	assert_false(m.has_header);
	assert_int_equal(m.timeout_ns, SG_DEFAULT_TIMEOUT_NS);
	assert_int_equal(m.priority, 2);
	assert_int_equal(m.expect, VERDICT_PASSED);
	assert_int_equal(m.kind, KIND_OTHER);
	assert_int_equal(m.level, LEVEL_SYSTEM);
	test_meta_deinit(&m);
}

CASE("header: a comment of any language will do")
{
	static const char *const lines[] = {
		"-- @Kind gc",    "# @Kind gc",
		"; @Kind gc",     ";;; @Kind gc",
		"// @Kind gc",    "/* @Kind gc */",
		" * @Kind gc",    " * @Kind gc */",
		"(* @Kind gc *)", "<!-- @Kind gc -->",
		"% @Kind gc",     "dnl @Kind gc",
		"rem @Kind gc",   "REM @Kind gc",
		"! @Kind gc",     "#|@Kind gc|#",
		"{- @Kind gc -}", "--@Kind gc",
		"\\ @Kind gc",    "\t# @Kind\tgc",
		"# @Kind gc\r",   "\xef\xbb\xbf# @Kind gc",
	};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct test_meta m;
		struct err e;

		if (parse(lines[i], &m, &e) != 1 || m.kind != KIND_GC)
			fail_msg("not read: %s (%s)", lines[i], e.text);
		test_meta_deinit(&m);
	}
}

CASE("header: a line is not one when no comment begins it or something is glued to the key")
{
	static const char *const lines[] = {
		"@Kind gc",
		"x = 1 # @Kind gc",
		"\"@Kind gc\"",
		"'@Kind gc'",
		"| @Kind | gc |",
		"> @Kind gc",
		"# kind gc",
		"# @kind gc",
		"# see @Kind gc",
		"// @Test(timeout=1)",
		"# user@Kind gc",
		"# @ Kind gc",
		"# @Kind/name",
		"",
		"#",
	};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct test_meta m;
		struct err e;

		if (parse(lines[i], &m, &e) != 0)
			fail_msg("taken for a header: %s", lines[i]);
		test_meta_deinit(&m);
	}
}

CASE("header: a comment's end is cut off only where the comment is of that sort")
{
	struct test_meta m;
	struct err e;

	assert_int_equal(parse("# @Run ls {dir}/*/\n", &m, &e), 1);
	assert_string_equal(m.run, "ls {dir}/*/");
	test_meta_deinit(&m);
	assert_int_equal(parse("/* @Run ls {dir}*/\n", &m, &e), 1);
	assert_string_equal(m.run, "ls {dir}");
	test_meta_deinit(&m);
}

CASE("header: lines count up to the sixty-fourth and no further")
{
	char text[256] = "";
	struct test_meta m;
	struct err e;

	for (int i = 0; i < 63; i++)
		strcat(text, "\n");
	strcat(text, "# @Kind gc\n");
	assert_int_equal(parse(text, &m, &e), 1);
	test_meta_deinit(&m);
	memmove(text + 1, text, strlen(text) + 1);
	assert_int_equal(parse(text, &m, &e), 0);
	test_meta_deinit(&m);
}

CASE("header: there is none when the file has a NUL byte")
{
	static const char text[] = "# @Kind gc\n\0\n";
	struct test_meta m = { 0 };
	struct err e = { "" };

	assert_int_equal(test_header_parse("t", text, sizeof text - 1, &m, &e), 0);
	assert_false(m.has_header);
	test_meta_deinit(&m);
}

CASE("header: an unknown key is refused with the nearest one when another key is known")
{
	refused("# @Kind gc\n\n# @Timout 3s\n",
	        "dir/t.lua:3: @Timout is not a header key; did you mean @Timeout?");
	refused("# @Dependson a\n# @Kind gc\n",
	        "dir/t.lua:1: @Dependson is not a header key; did you mean @DependsOn?");
	refused("# @Kind gc\n# @Xyzzyplugh 3s\n",
	        "dir/t.lua:2: @Xyzzyplugh is not a header key; docs/formats.md lists them (a comment of the file's own "
	        "may have @words in lower case)");
}

CASE("header: unknown keys are the file's own when none is known")
{
	struct test_meta m;
	struct err e;

	assert_int_equal(parse("// @Author me\n// @Override\n", &m, &e), 0);
	test_meta_deinit(&m);
}

CASE("header: a key is refused when it stands twice, but for those that may be repeated")
{
	struct test_meta m;
	struct err e;

	refused("# @Kind gc\n# @Kind gc\n", "dir/t.lua:2: @Kind stands here a second time; only @Tag, @Param, "
	                                    "@DependsOn and @Resource may be repeated");
	assert_int_equal(parse("# @Tag a\n# @Tag b,c\n# @Param x=1\n# @Param y=\n# @DependsOn p\n# @DependsOn q\n"
	                       "# @Resource r\n# @Resource s\n",
	                       &m, &e),
	                 1);
	assert_int_equal(m.tags.count, 3);
	assert_int_equal(m.param_count, 2);
	assert_string_equal(test_meta_param(&m, "y"), "");
	assert_int_equal(m.depends_on.count, 2);
	assert_int_equal(m.depends_on_lines[1], 6);
	assert_int_equal(m.resources.count, 2);
	test_meta_deinit(&m);
}

CASE("header: a colon or an equals sign behind the key is refused")
{
	refused("# @Timeout: 3s\n", "dir/t.lua:1: a blank stands between @Timeout and its value, without ':'");
	refused("# @Kind=gc\n", "dir/t.lua:1: a blank stands between @Kind and its value, without '='");
}

CASE("header: values out of range or out of form are refused with file and line")
{
	static const char *const bad[][2] = {
		{ "Test", "" },
		{ "Test", "two words" },
		{ "Kind", "" },
		{ "Kind", "GC" },
		{ "Level", "high" },
		{ "Tag", "" },
		{ "Tag", "a,,b" },
		{ "Tag", "a," },
		{ "Timeout", "" },
		{ "Timeout", "-1s" },
		{ "Timeout", "ten" },
		{ "Timeout", "366d" },
		{ "Memory", "0" },
		{ "Memory", "lots" },
		{ "Memory", "1e3" },
		{ "Memory", "18446744073709551615" },
		{ "Memory", "-5M" },
		{ "Cpu", "0" },
		{ "Cpu", "x" },
		{ "Files", "0" },
		{ "Files", "1048577" },
		{ "Files", "1.5" },
		{ "Procs", "0" },
		{ "Procs", "4194305" },
		{ "Io", "" },
		{ "Io", "10MB" },
		{ "Io", "0/s" },
		{ "Io", "1/s 2/s" },
		{ "Io", "1MB/s 2MB/s" },
		{ "Io", "/s" },
		{ "Headroom", "0%" },
		{ "Headroom", "101%" },
		{ "Headroom", "%" },
		{ "Headroom", "20%%" },
		{ "Serial", "maybe" },
		{ "Resource", "" },
		{ "Resource", "a b" },
		{ "List", "" },
		{ "Priority", "0" },
		{ "Priority", "P4" },
		{ "DependsOn", "" },
		{ "DependsOn", "a," },
		{ "Slow", "very" },
		{ "Skip", "" },
		{ "Planned", "soon" },
		{ "Expect", "" },
		{ "Expect", "broken" },
		{ "Expect", "flaky" },
		{ "Expect", "skipped" },
		{ "Expect", "planned" },
		{ "Expect", "interrupted" },
		{ "Retry", "101" },
		{ "Retry", "-1" },
		{ "Retry", "" },
		{ "Run", "" },
		{ "Param", "x" },
		{ "Param", "=1" },
		{ "Param", "a b=1" },
		{ "Sentinel", "2" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		refused_value(bad[i][0], bad[i][1]);
}

CASE("header: a parameter is refused when it has a value already")
{
	refused("# @Param n=1\n# @Param n=2\n", "dir/t.lua:2: @Param n=2: this parameter has a value already");
}

CASE("header: a timeout of 0 is none")
{
	struct test_meta m;
	struct err e;

	assert_int_equal(parse("# @Timeout 0\n", &m, &e), 1);
	assert_int_equal(m.timeout_ns, 0);
	assert_true(test_meta_has(&m, HKEY_TIMEOUT));
	test_meta_deinit(&m);
}

CASE("header: memory is in MiB when the number is bare, and as written when it has a unit")
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = { { "# @Memory 1", 1 << 20 },
		     { "# @Memory 1.5G", UINT64_C(3) << 29 },
		     { "# @Memory 512k", 512 << 10 } };

	for (size_t i = 0; i < 3; i++) {
		struct test_meta m;
		struct err e;

		assert_int_equal(parse(rows[i].text, &m, &e), 1);
		assert_int_equal(m.memory_bytes, rows[i].bytes);
		test_meta_deinit(&m);
	}
}

CASE("header: a switch is off when it says so")
{
	struct test_meta m;
	struct err e;

	assert_int_equal(parse("# @Sentinel off\n# @Serial no\n# @Slow\n", &m, &e), 1);
	assert_false(m.sentinel);
	assert_false(m.serial);
	assert_true(m.slow);
	assert_true(test_meta_has(&m, HKEY_SENTINEL));
	test_meta_deinit(&m);
}

CASE("header: a value by itself is checked as one that stands in a file, and its message has no place")
{
	struct err e = { { 0 } };

	assert_int_equal(test_header_check(HKEY_KIND, "gc", &e), 0);
	assert_int_equal(test_header_check(HKEY_PRIORITY, "P3", &e), 0);
	assert_string_equal(e.text, "");
	assert_int_equal(test_header_check(HKEY_LEVEL, "low", &e), -EINVAL);
	assert_string_equal(e.text, "a level is one of unit, integration, system");
}
