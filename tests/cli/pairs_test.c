// Invocations in the place of tests.
#include "harness.h"

#include "io.h"
#include "pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void write_test(const char *name, const char *text)
{
	char path[400];
	struct err e = { 0 };

	snprintf(path, sizeof path, "%s/%s", harness_tmpdir(), name);
	assert_int_equal(io_replace_file(path, text, strlen(text), &e), 0);
}

static void load(struct suite *s)
{
	struct err e = { 0 };

	write_test("a.sh", "# @Test gc/a\n# @Run prog --flag 'x y' {file}\n");
	write_test("b.sh", "# @Test gc/b\n# @DependsOn gc/a, gc/c\n# @Run prog {file}\n");
	write_test("c.sh", "# @Test gc/c\n# @Run prog {file}\n");
	*s = (struct suite){ 0 };
	if (suite_load(harness_tmpdir(), s, &e) < 0)
		fail_msg("%s", e.text);
}

CASE("pairs: base's program takes the place of the first word, and with {file} of all")
{
	static const struct {
		const char *run, *base, *expected;
	} cases[] = { { "lua {file} x", "./old", "./old {file} x" },
		      { "  'my lua' {file}", "./old -f", "./old -f {file}" },
		      { "a\\ b \"c d\" e", "p", "p \"c d\" e" },
		      { "\"a \\\" b\" c", "p", "p c" },
		      { "alone", "p", "p" },
		      { NULL, "p", "p {file}" },
		      { "lua {file} x", "p -- {file} y", "p -- {file} y" } };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *made = pairs_base_command(cases[i].run, cases[i].base);

		assert_string_equal(made, cases[i].expected);
		free(made);
	}
}

static size_t count_of(const struct suite *s, const char *phase, const char *side)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += strcmp(s->tests[i].invocation->phase, phase) == 0 &&
		     strcmp(s->tests[i].invocation->side, side) == 0;
	return n;
}

CASE("pairs: every selected test has each side once a pair, adjacent, round-robin over the tests")
{
	const struct pairs_plan plan = { .base = "old",
		                         .screen = 20,
		                         .confirm = 30,
		                         .warmup = true,
		                         .control = true,
		                         .count = true,
		                         .seed = 7 };
	const size_t selection[] = { 0, 1 };
	struct err e = { 0 };
	struct suite s;
	unsigned base_first = 0;

	load(&s);
	assert_int_equal(pairs_make(&s, selection, 2, &plan, &e), 0);
	assert_int_equal(s.count, 2 * (2 + 20 * 3 + 30 * 3 + 2 * 2));
	assert_int_equal(count_of(&s, "screen", "control"), 40);
	assert_int_equal(count_of(&s, "confirm", "head"), 60);
	assert_int_equal(count_of(&s, "warmup", "control"), 0);
	for (size_t i = 4; i < 4 + 120; i += 3) { // the screen
		const struct suite_invocation *first = s.tests[i].invocation;

		for (size_t k = 1; k < 3; k++) {
			assert_string_equal(s.tests[i + k].invocation->of, first->of);
			assert_int_equal(s.tests[i + k].invocation->pair, first->pair);
		}
		assert_int_equal(first->pair, 1 + (i - 4) / 6);
		assert_true(first->layout_bytes < 4096);
		base_first += strcmp(first->side, "base") == 0;
	}
	assert_in_range(base_first, 5, 25); // of 40, a third
	suite_deinit(&s);
}

CASE("pairs: base alone has another command, and what a test depends on is its own side's")
{
	const struct pairs_plan plan = { .base = "old",
		                         .screen = 1,
		                         .confirm = 0,
		                         .warmup = false,
		                         .control = false,
		                         .count = false,
		                         .seed = 7 };
	const size_t selection[] = { 0, 1 };
	const struct suite_test *t;
	struct err e = { 0 };
	struct suite s;

	load(&s);
	assert_int_equal(pairs_make(&s, selection, 2, &plan, &e), 0);
	t = suite_find(&s, "gc/b@base#1");
	assert_non_null(t);
	assert_string_equal(t->meta.run, "old {file}");
	assert_int_equal(t->meta.depends_on.count, 1); // gc/c is not selected
	assert_string_equal(t->meta.depends_on.items[0], "gc/a@base#1");
	t = suite_find(&s, "gc/a@head#1");
	assert_non_null(t);
	assert_string_equal(t->meta.run, "prog --flag 'x y' {file}");
	suite_deinit(&s);
}

CASE("pairs: the same seed gives the same order and layouts, another seed others")
{
	const size_t selection[] = { 0, 1, 2 };
	struct suite s[3];
	struct err e = { 0 };
	size_t differ = 0;

	for (unsigned i = 0; i < 3; i++) {
		const struct pairs_plan plan = { .base = "old",
			                         .screen = 20,
			                         .confirm = 0,
			                         .warmup = false,
			                         .control = true,
			                         .count = false,
			                         .seed = i < 2 ? 7 : 8 };

		load(&s[i]);
		assert_int_equal(pairs_make(&s[i], selection, 3, &plan, &e), 0);
	}
	for (size_t i = 0; i < s[0].count; i++) {
		assert_string_equal(s[0].tests[i].id, s[1].tests[i].id);
		assert_int_equal(s[0].tests[i].invocation->layout_bytes, s[1].tests[i].invocation->layout_bytes);
		differ += strcmp(s[0].tests[i].id, s[2].tests[i].id) != 0;
	}
	assert_true(differ > s[0].count / 4);
	assert_string_equal(s[0].hash, s[1].hash);
	for (unsigned i = 0; i < 3; i++)
		suite_deinit(&s[i]);
}
