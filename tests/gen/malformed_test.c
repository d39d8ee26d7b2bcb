// Hostile programs: the same for the same seed, bounded, of every kind, in a suite that expects them survived.
#include "harness.h"
#include "support.h"

#include "io.h"
#include "malformed.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static struct buf program(const struct dialect *d, uint64_t seed, uint64_t index, const char **what)
{
	struct buf text = { 0 };

	assert_int_equal(malformed_program(d, seed, index, &text, what), 0);
	return text;
}

CASE("malformed: the bytes are the same when seed and number are, and others when not")
{
	struct dialect *d = support_dialect("lua");
	const char *what;

	for (uint64_t i = 0; i < 24; i++) {
		struct buf a = program(d, 1, i, &what), b = program(d, 1, i, &what), c = program(d, 2, i, &what);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.data, b.data, a.len);
		assert_true(a.len != c.len || memcmp(a.data, c.data, a.len) != 0);
		buf_deinit(&a);
		buf_deinit(&b);
		buf_deinit(&c);
	}
	dialect_free(d);
}

CASE("malformed: every kind occurs, and none is larger than it may be, in each style")
{
	static const char *const kinds[] = { "a long number",    "a long string",
		                             "a long name",      "many arguments",
		                             "cut off",          "brackets inside each other",
		                             "a NUL byte",       "bytes that are no UTF-8",
		                             "all in one line",  "brackets that are never closed",
		                             "a carriage return" };
	static const char *const languages[] = { "lua", "python", "mylisp" };

	for (size_t l = 0; l < sizeof languages / sizeof languages[0]; l++) {
		struct dialect *d = support_dialect(languages[l]);
		bool seen[sizeof kinds / sizeof kinds[0]] = { false };
		size_t right = 0, deep = 0;
		for (uint64_t i = 0; i < 600; i++) {
			const char *what;
			struct buf text = program(d, 3, i, &what);
			assert_true(text.len <= MALFORMED_BYTES + 65536);
			for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
				seen[k] = seen[k] || strcmp(what, kinds[k]) == 0;
			right += strcmp(what, "a right program") == 0;
			deep += strstr(what, "inside each other") != NULL;
			buf_deinit(&text);
		}
		for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
			if (!seen[k])
				fail_msg("%s: never %s", languages[l], kinds[k]);
		assert_true(right < 60 && deep > 60);
		dialect_free(d);
	}
}

CASE("malformed: deep programs are as deep in the language's own words as was asked for")
{
	struct dialect *d = support_dialect("lua");
	size_t deepest = 0;

	for (uint64_t i = 0; i < 300; i++) {
		const char *what;
		struct buf text = program(d, 4, i, &what);
		size_t minus = 0;
		if (strcmp(what, "sums inside each other") == 0)
			// Under asan strstr() would read the whole text each time.
			for (size_t at = 0; at + 3 <= text.len; at++)
				minus += memcmp(text.data + at, "- (", 3) == 0;
		deepest = minus > deepest ? minus : deepest;
		buf_deinit(&text);
	}
	assert_true(deepest >= 100000);
	dialect_free(d);
}

CASE("malformed: a suite holds the programs beside their tests, and is replaced when it is written again")
{
	struct dialect *d = support_dialect("python");
	struct gen_target target = { .dialect = d, .name = "python3" };
	char *dir = io_join(harness_tmpdir(), "suite");
	struct gen_config config = { .targets = &target,
		                     .target_count = 1,
		                     .malformed_count = 12,
		                     .out_dir = dir,
		                     .seed = 9,
		                     .generator = "stressgen test" };
	struct suite s = { 0 };
	struct err e = { 0 };

	for (int twice = 0; twice < 2; twice++) {
		gen_suite(&config, &e);
		assert_string_equal(e.text, "");
	}
	assert_int_equal(suite_load(dir, &s, &e), 0);
	assert_int_equal(s.count, 12);
	for (size_t i = 0; i < s.count; i++) {
		char *path = io_join(dir, s.tests[i].source);
		free(support_read(path));
		assert_true(s.tests[i].meta.survive);
		assert_false(s.tests[i].meta.sentinel);
		assert_non_null(strstr(s.tests[i].meta.run, "python3 {dir}/malformed-9-"));
		free(path);
	}
	suite_deinit(&s);
	free(dir);
	dialect_free(d);
}
