// Parameters of texts.
#include "harness.h"
#include "text_params.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void read_all(struct text_params *p, const char *text, uint64_t seed)
{
	struct err e = { "" };
	*p = (struct text_params){ 0 };
	if (text_params_read(p, "t", text, strlen(text), seed, &e) < 0)
		fail_msg("%s", e.text);
}

static void expect_filled(const struct text_params *p, const char *text, const char *expected)
{
	struct buf out = { 0 };
	text_params_fill(p, text, strlen(text), &out);
	assert_string_equal(buf_text(&out), expected);
	buf_deinit(&out);
}

CASE("text params: names that are declared are replaced, in strings too, and nothing else")
{
	struct text_params p;
	struct err e = { "" };
	read_all(&p, "(x (param size 100) (param name \"a b\") (param time 30s) (y (param no 1)))", 1);
	assert_int_equal(p.count, 3);
	expect_filled(&p, "($size \"/b/$size?$name\" $time $other $ $size-x)",
	              "(100 \"/b/100?a b\" 30s $other $ $size-x)");
	assert_int_equal(text_params_set(&p, "t", "size=7", &e), 0);
	expect_filled(&p, "$size", "7");
	assert_int_equal(text_params_set(&p, "t", "no=1", &e), -EINVAL);
	assert_string_equal(e.text, "t: it has no parameter 'no'; write NAME=VALUE of a (param NAME ...) in it");
	text_params_deinit(&p);
}

CASE("text params: what is drawn depends on the seed and the name alone, and keeps its bounds")
{
	struct text_params a, b;
	unsigned differ = 0;
	for (uint64_t seed = 0; seed < 200; seed++) {
		read_all(&a, "(x (param n (random 10 20)) (param m (random 10 20)))", seed);
		read_all(&b, "(y (param other 1) (param n (random 10 20)))", seed);
		assert_string_equal(a.values[0], b.values[1]);
		const long n = strtol(a.values[0], NULL, 10);
		assert_true(n >= 10 && n <= 20);
		differ += strcmp(a.values[0], a.values[1]) != 0;
		text_params_deinit(&a);
		text_params_deinit(&b);
	}
	assert_true(differ > 100);
}

CASE("text params: what is wrong is said where it stands")
{
	static const char *const rows[][2] = {
		{ "(x (param))", "t:1:4: " },
		{ "(x (param A 1))", "a name is of a-z 0-9 -" },
		{ "(x (param a 1 2))", "(param NAME VALUE)" },
		{ "(x (param a 1)\n (param a 2))", "t:2:2: parameter 'a' is there twice" },
		{ "(x (param a (range 1 2)))", "or (random LOW HIGH)" },
		{ "(x (param a (random 2 1)))", "t:1:23: " },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct text_params p = { 0 };
		struct err e = { "" };
		assert_int_equal(text_params_read(&p, "t", rows[i][0], strlen(rows[i][0]), 1, &e), -EINVAL);
		if (strstr(e.text, rows[i][1]) == NULL)
			fail_msg("%s: %s", rows[i][0], e.text);
		text_params_deinit(&p);
	}
}
