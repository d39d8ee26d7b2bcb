// Cases and repetitions in the place of a file.
#include "suite.h"

#include "harness.h"
#include "io.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void write_file(const char *name, const char *text)
{
	char path[400];
	struct err e = { 0 };

	snprintf(path, sizeof path, "%s/%s", harness_tmpdir(), name);
	assert_int_equal(io_replace_file(path, text, strlen(text), &e), 0);
}

// a.t has two cases; b.t depends on it; c.t stands for itself.
static void load(struct suite *s, struct strings *cases)
{
	struct err e = { 0 };

	write_file("a.t", "# @Run prog {case}\n# @Tag x, y\n# @Param n=1\n# @Resource port\n");
	write_file("b.t", "# @Run prog\n# @DependsOn a.t, c.t\n");
	write_file("c.t", "# @Run prog\n");
	assert_int_equal(suite_load(harness_tmpdir(), s, &e), 0);
	assert_int_equal(s->count, 3);
	memset(cases, 0, 3 * sizeof *cases);
	assert_int_equal(strings_add(&cases[0], "one", 3), 0);
	assert_int_equal(strings_add(&cases[0], "two words", 9), 0);
}

static void expect_ids(const struct suite *s, const char *const *ids)
{
	for (size_t i = 0; i < s->count; i++) {
		assert_string_equal(s->tests[i].id, ids[i]);
		assert_ptr_equal(suite_find(s, ids[i]), &s->tests[i]);
	}
}

CASE("suite_expand: each case is a test, with all that its file says")
{
	static const char *const ids[] = { "a.t::one", "a.t::two words", "b.t", "c.t" };
	struct strings cases[3];
	struct suite s = { 0 };
	struct err e = { 0 };
	char hash[9];

	load(&s, cases);
	memcpy(hash, s.hash, sizeof hash);
	assert_int_equal(suite_expand(&s, cases, 1, &e), 0);
	assert_int_equal(s.count, 4);
	expect_ids(&s, ids);
	assert_string_equal(s.tests[1].case_name, "two words");
	assert_string_equal(s.tests[1].meta.run, "prog {case}");
	assert_int_equal(s.tests[1].meta.tags.count, 2);
	assert_string_equal(test_meta_param(&s.tests[1].meta, "n"), "1");
	assert_string_equal(s.tests[1].meta.resources.items[0], "port");
	assert_null(s.tests[3].case_name);
	assert_string_not_equal(s.hash, hash);
	strings_deinit(&cases[0]);
	suite_deinit(&s);
}

CASE("suite_expand: whoever depends on the file depends on all its cases")
{
	struct strings cases[3];
	struct suite s = { 0 };
	struct err e = { 0 };

	load(&s, cases);
	assert_int_equal(suite_expand(&s, cases, 1, &e), 0);
	assert_int_equal(s.tests[2].meta.depends_on.count, 3);
	assert_string_equal(s.tests[2].meta.depends_on.items[0], "a.t::one");
	assert_string_equal(s.tests[2].meta.depends_on.items[1], "a.t::two words");
	assert_string_equal(s.tests[2].meta.depends_on.items[2], "c.t");
	assert_int_equal(s.tests[2].meta.depends_on_lines[2], 2);
	strings_deinit(&cases[0]);
	suite_deinit(&s);
}

CASE("suite_expand: repetitions have ids of their own, and the first keeps its name")
{
	static const char *const ids[] = { "a.t::one", "a.t::one#2", "a.t::two words", "a.t::two words#2", "b.t",
		                           "b.t#2",    "c.t",        "c.t#2" };
	struct strings cases[3];
	struct suite s = { 0 };
	struct err e = { 0 };

	load(&s, cases);
	assert_int_equal(suite_expand(&s, cases, 2, &e), 0);
	assert_int_equal(s.count, 8);
	expect_ids(&s, ids);
	strings_deinit(&cases[0]);
	suite_deinit(&s);
}

CASE("suite_expand: a case that is there twice is refused")
{
	struct strings cases[3];
	struct suite s = { 0 };
	struct err e = { 0 };

	load(&s, cases);
	assert_int_equal(strings_add(&cases[0], "one", 3), 0);
	assert_int_equal(suite_expand(&s, cases, 1, &e), -EINVAL);
	assert_non_null(strstr(e.text, "a.t::one"));
	strings_deinit(&cases[0]);
	suite_deinit(&s);
}
