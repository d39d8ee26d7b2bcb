// suite: directories of tests, with and without suite.json.
#include "files.h"

#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static void loads(const char *dir, struct suite *s)
{
	struct err e = { "" };

	*s = (struct suite){ 0 };
	if (suite_load(dir, s, &e) < 0)
		fail_msg("%s", e.text);
}

// Loading the directory "s" must fail with this code and a message that ends so.
static void refuses(int code, const char *message)
{
	struct suite s = { 0 };
	struct err e = { "" };
	char *dir = file_path("s");
	int rc = suite_load(dir, &s, &e);
	size_t len = strlen(e.text), tail = strlen(message);

	if (rc != code || len < tail || strcmp(e.text + len - tail, message) != 0)
		fail_msg("%d: %s", rc, e.text);
	if (strncmp(e.text, dir, strlen(dir)) != 0)
		fail_msg("the message does not begin with a path: %s", e.text);
	suite_deinit(&s);
	free(dir);
}

// A suite in memory with two tests whose files exist.
static void build(struct suite *s, const char *dir)
{
	struct suite_test *t;

	*s = (struct suite){ .dir = strdup(dir), .generator = strdup("stressgen 0.1.0"), .seed = 42 };
	s->options = json_pack("{s:i}", "depth", 10000);
	t = suite_add(s);
	t->path = strdup("recursion/sum.lua");
	t->kernel = strdup("recursion/sum");
	t->dialect = strdup("lua");
	t->target = strdup("lua@malloc");
	t->growth = strdup("n");
	t->param_text = strdup("depth=10000");
	t->patterns = calloc(2, sizeof *t->patterns);
	t->pattern_count = 2;
	t->patterns[0] =
	        (struct pattern){ strdup("stack"), strdup("1"), strdup("err"), strdup(": stack overflow$") };
	t->patterns[1] =
	        (struct pattern){ strdup("heap"), strdup("*"), strdup("both"), strdup("not enough memory") };
	t = suite_add(s);
	t->path = strdup("gc/lists.lua");
	t->id = strdup("gc/lists");
	t->patterns = calloc(1, sizeof *t->patterns);
	t->pattern_count = 1;
	t->patterns[0] = (struct pattern){ strdup("assert"), strdup("SIGABRT"), strdup("out"), strdup("^x") };
	assert_int_equal(suite_leave_out(s, "gc/weak", "python", "it has no weak tables"), 0);
}

static char *built_dir(void)
{
	file_make("s/recursion/sum.lua", "-- @Test recursion/sum.lua\n-- @Timeout 5s\n", 0644);
	file_make("s/gc/lists.lua", "-- @Test gc/lists\n-- @DependsOn recursion/sum.lua\n", 0644);
	return file_path("s");
}

static char *saved(struct suite *s)
{
	struct err e = { "" };
	struct buf b = { 0 };
	char *path = io_join(s->dir, "suite.json");

	if (suite_save(s, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(io_read_file(path, 1 << 20, &b, NULL), 0);
	free(path);
	return buf_take(&b);
}

CASE("suite: everything that was saved is loaded")
{
	char *dir = built_dir();
	struct suite s, back;
	const struct suite_test *t;

	build(&s, dir);
	s.tests[0].id = strdup("recursion/sum.lua");
	free(saved(&s));
	loads(dir, &back);
	assert_string_equal(back.generator, "stressgen 0.1.0");
	assert_int_equal(back.seed, 42);
	assert_int_equal(json_integer_value(json_object_get(back.options, "depth")), 10000);
	assert_int_equal(back.count, 2);
	t = &back.tests[0];
	assert_string_equal(t->path, "recursion/sum.lua");
	assert_string_equal(t->kernel, "recursion/sum");
	assert_string_equal(t->dialect, "lua");
	assert_string_equal(t->target, "lua@malloc");
	assert_string_equal(t->growth, "n");
	assert_string_equal(t->param_text, "depth=10000");
	assert_int_equal(t->pattern_count, 2);
	assert_string_equal(t->patterns[1].class_name, "heap");
	assert_string_equal(t->patterns[1].exit, "*");
	assert_string_equal(t->patterns[1].stream, "both");
	assert_string_equal(t->patterns[1].regex, "not enough memory");
	assert_int_equal(t->meta.timeout_ns, UINT64_C(5000000000));
	assert_null(back.tests[1].kernel);
	assert_string_equal(back.tests[1].meta.depends_on.items[0], "recursion/sum.lua");
	assert_int_equal(back.left_out_count, 1);
	assert_string_equal(back.left_out[0].reason, "it has no weak tables");
	assert_string_equal(back.hash, s.hash);
	assert_null(back.note);
	assert_ptr_equal(suite_find(&back, "gc/lists"), &back.tests[1]);
	assert_null(suite_find(&back, "gc/none"));
	suite_deinit(&s);
	suite_deinit(&back);
	free(dir);
}

CASE("suite: the same suite gives the same bytes, and once more after loading")
{
	char *dir = built_dir();
	struct suite one, two, back;
	char *first, *second, *third;

	build(&one, dir);
	free(one.tests[0].id);
	one.tests[0].id = strdup("recursion/sum.lua");
	build(&two, dir);
	two.tests[0].id = strdup("recursion/sum.lua");
	first = saved(&one);
	second = saved(&two);
	loads(dir, &back);
	third = saved(&back);
	assert_string_equal(first, second);
	assert_string_equal(first, third);
	assert_null(strstr(first, harness_tmpdir())); // no absolute path in a suite
	suite_deinit(&one);
	suite_deinit(&two);
	suite_deinit(&back);
	free(first);
	free(second);
	free(third);
	free(dir);
}

CASE("suite: a set of patterns is written once when many tests share it")
{
	char *dir = file_path("s");
	struct suite s = { .dir = strdup(dir) };
	char *text;
	char *found;

	for (int i = 0; i < 3; i++) {
		char name[16];
		struct suite_test *t = suite_add(&s);

		snprintf(name, sizeof name, "t%d", i);
		t->path = strdup(name);
		t->pattern_count = 1;
		t->patterns = calloc(1, sizeof *t->patterns);
		t->patterns[0] =
		        (struct pattern){ strdup("heap"), strdup("*"), strdup("err"), strdup("once only") };
		snprintf(name, sizeof name, "s/t%d", i);
		file_make(name, "", 0755);
	}
	text = saved(&s);
	found = strstr(text, "once only");
	assert_non_null(found);
	assert_null(strstr(found + 1, "once only"));
	suite_deinit(&s);
	loads(dir, &s);
	assert_string_equal(s.tests[2].patterns[0].regex, "once only");
	suite_deinit(&s);
	free(text);
	free(dir);
}

CASE("suite: hashes change, and the note says so, when a test was edited since")
{
	char *dir = built_dir();
	struct suite s, back;
	char old_hash[9];

	build(&s, dir);
	s.tests[0].id = strdup("recursion/sum.lua");
	free(saved(&s));
	strcpy(old_hash, s.hash);
	suite_deinit(&s);
	file_make("s/recursion/sum.lua", "-- @Test recursion/sum.lua\n-- @Timeout 6s\n", 0644);
	loads(dir, &back);
	assert_string_equal(back.note, "1 of 2 tests were changed since the suite was generated");
	assert_string_not_equal(back.hash, old_hash);
	suite_deinit(&back);
	free(dir);
}

CASE("suite: a seed that JSON could not give back is refused")
{
	char *dir = built_dir();
	struct suite s;
	struct err e = { "" };

	build(&s, dir);
	s.seed = UINT64_C(1) << 63;
	assert_int_equal(suite_save(&s, &e), -ERANGE);
	suite_deinit(&s);
	free(dir);
}

CASE("suite: without suite.json whatever can be executed or has a header is a test, sorted by path")
{
	char *dir = file_path("s");
	char *link_up = file_path("s/sub/up");
	struct suite s;
	static const char *const expected[] = { "a-first", "b.lua", "sub-z", "sub/a", "sub/deep/x.py" };

	file_make("s/sub/deep/x.py", "# @Kind gc\n", 0644);
	file_make("s/sub/a", "#!/bin/sh\n", 0755);
	file_make("s/sub-z", "", 0755);
	file_make("s/b.lua", "-- @Test other/name\n", 0644);
	file_make("s/a-first",
	          "\x7f"
	          "ELF",
	          0755);
	file_make("s/README.md", "| @Test | the id |\n", 0644);
	file_make("s/data.txt", "data", 0644);
	file_make("s/.hidden", "", 0755);
	file_make("s/.git/hook", "", 0755);
	file_make("s/stressgen-runs/one/suite/a", "#!/bin/sh\n# @Test other/earlier\n", 0755);
	assert_int_equal(symlink("..", link_up), 0);
	loads(dir, &s);
	assert_int_equal(s.count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(s.tests[i].path, expected[i]);
	assert_string_equal(s.tests[1].id, "other/name");
	assert_string_equal(s.tests[3].id, "sub/a");
	assert_non_null(strstr(s.note, "no suite.json"));
	suite_deinit(&s);
	free(link_up);
	free(dir);
}

CASE("suite: an empty directory is a suite without tests")
{
	char *dir = file_path("s");
	struct suite s;

	assert_int_equal(io_make_dirs(dir, NULL), 0);
	loads(dir, &s);
	assert_int_equal(s.count, 0);
	suite_deinit(&s);
	free(dir);
}

CASE("suite: a directory that is missing, or no directory, is refused by its name")
{
	refuses(-ENOENT, "there is no suite here: No such file or directory");
	file_make("s", "", 0644);
	refuses(-ENOTDIR, "is not a directory; a suite is a directory of tests");
}

CASE("suite: one that gen began and did not finish is refused")
{
	file_make("s/.incomplete", "", 0644);
	file_make("s/a", "", 0755);
	refuses(-EINVAL, "the suite was begun and never finished; generate it again");
}

CASE("suite: a header with a wrong key is refused with file and line")
{
	file_make("s/a.lua", "-- @Kind gc\n-- @Timout 3s\n", 0644);
	refuses(-EINVAL, "/s/a.lua:2: @Timout is not a header key; did you mean @Timeout?");
}

CASE("suite: an id twice is refused")
{
	file_make("s/a.lua", "-- @Test same\n", 0644);
	file_make("s/b.lua", "-- @Test same\n", 0644);
	refuses(-EINVAL, "its id same is that of a.lua too; give one of them another @Test");
}

CASE("suite: a dependency that does not exist is refused with file, line and the nearest id")
{
	file_make("s/a.lua", "-- @Test gc/first\n", 0644);
	file_make("s/b.lua", "-- @Kind gc\n-- @DependsOn a.lua, gc/frist\n", 0644);
	refuses(-EINVAL, "/s/b.lua:2: @DependsOn gc/frist: no test of the suite has this id or path; did you mean "
	                 "gc/first?");
	file_make("s/b.lua", "-- @Kind gc\n-- @DependsOn completely-other\n", 0644);
	refuses(-EINVAL, "/s/b.lua:2: @DependsOn completely-other: no test of the suite has this id or path");
}

CASE("suite: dependencies by path and by id are ids afterwards")
{
	char *dir = file_path("s");
	struct suite s;

	file_make("s/a.lua", "-- @Test gc/first\n", 0644);
	file_make("s/b.lua", "-- @Kind gc\n-- @DependsOn a.lua\n", 0644);
	file_make("s/c.lua", "-- @Kind gc\n-- @DependsOn gc/first, b.lua\n", 0644);
	loads(dir, &s);
	assert_string_equal(s.tests[1].meta.depends_on.items[0], "gc/first");
	assert_string_equal(s.tests[2].meta.depends_on.items[0], "gc/first");
	assert_string_equal(s.tests[2].meta.depends_on.items[1], "b.lua");
	suite_deinit(&s);
	free(dir);
}

CASE("suite: dependencies that run in a circle are refused with the circle and its line")
{
	file_make("s/a", "# @Kind gc\n", 0755);
	file_make("s/b", "# @Kind gc\n# @DependsOn a, c\n", 0755);
	file_make("s/c", "# @Kind gc\n# @DependsOn a\n# @DependsOn d\n", 0755);
	file_make("s/d", "# @Kind gc\n# @DependsOn c\n", 0755);
	refuses(-EINVAL, "/s/c:3: @DependsOn runs in a circle: c -> d -> c");
	file_make("s/d", "# @Kind gc\n# @DependsOn d\n", 0755);
	refuses(-EINVAL, "/s/d:2: @DependsOn runs in a circle: d -> d");
	file_make("s/d", "# @Kind gc\n# @DependsOn a\n", 0755);
	{
		struct suite s;
		char *dir = file_path("s");

		loads(dir, &s); // a diamond is no circle
		suite_deinit(&s);
		free(dir);
	}
}

CASE("suite: a chain of five hundred dependencies is walked")
{
	enum { LENGTH = 500 };
	char *dir = file_path("s");
	struct suite s;
	char name[32], text[64];

	for (int i = 0; i < LENGTH; i++) {
		snprintf(name, sizeof name, "s/t%05d", i);
		snprintf(text, sizeof text, i + 1 < LENGTH ? "# @DependsOn t%05d\n" : "# @Kind gc\n", i + 1);
		char *path = file_path(name);
		FILE *f;

		if (i == 0)
			assert_int_equal(io_make_dirs(dir, NULL), 0);
		f = fopen(path, "w");
		assert_non_null(f);
		fputs(text, f);
		fclose(f);
		free(path);
	}
	loads(dir, &s);
	assert_int_equal(s.count, LENGTH);
	suite_deinit(&s);
	free(dir);
}

CASE("suite: a suite.json that is wrong is refused with what is wrong")
{
	static const struct {
		const char *json, *message;
	} rows[] = {
		{ "{\"version\":1,\n\"tests\":[}",
		  "/s/suite.json:2: unexpected token near '}'; generate the suite again" },
		{ "{\"version\":2,\"tests\":[]}", "/s/suite.json: is no suite of version 1; generate it again" },
		{ "{}", "/s/suite.json: is no suite of version 1; generate it again" },
		{ "[]", "/s/suite.json: is no suite of version 1; generate it again" },
		{ "{\"version\":1}", "/s/suite.json: there is no array \"tests\"" },
		{ "{\"version\":1,\"seed\":\"x\",\"tests\":[]}",
		  "/s/suite.json: suite: \"seed\" is not a whole number from 0" },
		{ "{\"version\":1,\"tests\":[3]}", "/s/suite.json: test 1: is not a JSON object" },
		{ "{\"version\":1,\"tests\":[{\"id\":\"a\"}]}",
		  "/s/suite.json: test 1: its path is missing or leads out of the suite" },
		{ "{\"version\":1,\"tests\":[{\"path\":\"/etc/passwd\"}]}",
		  "/s/suite.json: test 1: its path is missing or leads out of the suite" },
		{ "{\"version\":1,\"tests\":[{\"path\":\"a/../../b\"}]}",
		  "/s/suite.json: test 1: its path is missing or leads out of the suite" },
		{ "{\"version\":1,\"tests\":[{\"path\":\"a/..\"}]}",
		  "/s/suite.json: test 1: its path is missing or leads out of the suite" },
		{ "{\"version\":1,\"tests\":[{\"path\":\"a\",\"patterns\":0}]}",
		  "/s/suite.json: \"patterns\" is not a position in \"pattern_sets\"" },
		{ "{\"version\":1,\"tests\":[{\"path\":\"gone\"}]}",
		  "/s/gone: cannot be read: No such file or directory" },
		{ "{\"version\":1,\"tests\":[{\"path\":\"a\",\"id\":\"x\"}]}",
		  "/s/a: its header says @Test y, suite.json calls it x; generate the suite again" },
		{ "{\"version\":1,\"tests\":[{\"path\":\"a\",\"id\":\"\"}]}",
		  "/s/suite.json: test 1: its id is empty, or not fit to be shown" },
		{ "{\"version\":1,\"tests\":[{\"path\":\"a\",\"id\":\"x\\u001b[31m\"}]}",
		  "/s/suite.json: test 1: its id is empty, or not fit to be shown" },
	};

	file_make("s/a", "# @Test y\n", 0755);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		file_make("s/suite.json", rows[i].json, 0644);
		refuses(i == 12 ? -ENOENT : -EINVAL, rows[i].message);
	}
}

CASE("suite: a pattern that is no regular expression, or of no known class or stream, is refused")
{
	static const char *const patterns[][2] = {
		{ "\"class\":\"heap\",\"exit\":\"*\",\"stream\":\"err\",\"regex\":\"(\"", "Unmatched ( or \\(" },
		{ "\"class\":\"x\",\"exit\":\"*\",\"stream\":\"err\",\"regex\":\"a\"",
		  "stack, cstack, heap, slab, assert" },
		{ "\"class\":\"heap\",\"exit\":\"*\",\"stream\":\"x\",\"regex\":\"a\"", "out, err, both" },
		{ "\"class\":\"heap\",\"stream\":\"err\",\"regex\":\"a\"", "a stream and a regex" },
	};
	char text[512];

	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		snprintf(text, sizeof text, "{\"version\":1,\"tests\":[],\"pattern_sets\":[[{%s}]]}",
		         patterns[i][0]);
		file_make("s/suite.json", text, 0644);
		refuses(-EINVAL, patterns[i][1]);
	}
}

CASE("suite: single files are one in the order they were named")
{
	char *b = file_put("x/b", "", 0755);
	char *a = file_put("x/a.lua", "-- @Test other/a\n", 0644);
	char *missing = file_path("x/missing");
	char *paths[] = { b, a };
	char *wrong[] = { b, missing };
	char *dir = file_path("x");
	char *directory[] = { dir };
	struct suite s = { 0 };
	struct err e = { "" };
	char *path;

	assert_int_equal(suite_from_files(".", paths, 2, &s, &e), 0);
	assert_int_equal(s.count, 2);
	assert_string_equal(s.dir, ".");
	assert_string_equal(s.tests[0].id, b);
	assert_string_equal(s.tests[1].id, "other/a");
	path = suite_test_path(&s, &s.tests[0]);
	assert_string_equal(path, b);
	free(path);
	suite_deinit(&s);
	assert_int_equal(suite_from_files(".", wrong, 2, &s, &e), -ENOENT);
	assert_non_null(strstr(e.text, missing));
	suite_deinit(&s);
	assert_int_equal(suite_from_files(".", directory, 1, &s, NULL), -EINVAL);
	suite_deinit(&s);
	free(dir);
	free(missing);
	free(a);
	free(b);
}

CASE("suite: a file name with a line break has an id on one line")
{
	char *dir = file_path("s");
	struct suite s;

	file_make("s/a\n\tb", "", 0755);
	loads(dir, &s);
	assert_string_equal(s.tests[0].path, "a\n\tb");
	assert_string_equal(s.tests[0].id, "a\\n\\tb");
	suite_deinit(&s);
	free(dir);
}

CASE("suite: a file name that is not UTF-8 has an id that is")
{
	char *dir = file_path("s");
	struct suite s;

	file_make("s/a\xff", "", 0755);
	loads(dir, &s);
	assert_string_equal(s.tests[0].path, "a\xff");
	assert_string_equal(s.tests[0].id, "a\\xff");
	assert_non_null(suite_find(&s, "a\\xff"));
	suite_deinit(&s);
	free(dir);
}
