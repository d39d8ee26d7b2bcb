// Filter expressions over one test.
#include "filter.h"

#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool matches(const char *text)
{
	struct suite_test t = {
		.id = "gc/list-churn-1000.lua@malloc",
		.path = "gc/list-churn-1000.lua@malloc.lua",
		.target = "lua@malloc",
		.dialect = "lua",
		.kernel = "gc/list-churn",
		.meta = { .kind = KIND_GC, .level = LEVEL_SYSTEM, .priority = 1, .slow = true },
	};
	const struct filter_last last = { "crashed", true };
	struct filter *f;
	struct err e = { 0 };
	bool yes;

	strings_add(&t.meta.tags, "smoke", 5);
	strings_add(&t.meta.tags, "lua", 3);
	assert_int_equal(filter_parse(text, &f, &e), 0);
	yes = filter_matches(f, &t, &last);
	filter_free(f);
	strings_deinit(&t.meta.tags);
	return yes;
}

CASE("filter: each name looks at its own part of a test")
{
	assert_true(matches("id(gc/list*)") && !matches("id(list*)"));
	assert_true(matches("path(*.lua)") && !matches("path(*.py)"));
	assert_true(matches("kind(gc)") && !matches("kind(http2)"));
	assert_true(matches("level(system)") && !matches("level(unit)"));
	assert_true(matches("tag(smoke)") && matches("tag(lua)") && !matches("tag(fast)"));
	assert_true(matches("target(lua@*)") && !matches("target(lua)"));
	assert_true(matches("dialect(lua)") && !matches("dialect(python)"));
	assert_true(matches("kernel(gc/list-churn)") && !matches("kernel(list-churn)"));
	assert_true(matches("priority(P1)") && !matches("priority(P2)"));
	assert_true(matches("status(crashed)") && matches("status(unexpected)") && !matches("status(new)"));
	assert_true(matches("slow()") && !matches("skipped()") && !matches("planned()") && !matches("serial()"));
	assert_true(matches("all()") && !matches("none()"));
}

CASE("filter: operators combine, and | binds loosest")
{
	assert_true(matches("kind(gc) & tag(smoke) - target(python3)"));
	assert_false(matches("kind(gc) - tag(smoke)"));
	assert_true(matches("kind(http2) & none() | all()"));
	assert_false(matches("kind(http2) & (none() | all())"));
	assert_true(matches("!kind(http2)") && !matches("!!none()"));
	assert_true(matches(" kind( http2 , gc ) "));
	assert_false(matches("all() - all() - all()"));
}

static void refuse(const char *text, const char *why)
{
	struct filter *f;
	struct err e = { 0 };

	assert_int_equal(filter_parse(text, &f, &e), -EINVAL);
	assert_null(f);
	if (strstr(e.text, why) == NULL)
		assert_string_equal(e.text, why);
}

CASE("filter: the column and what was expected are named when the expression is wrong")
{
	char deep[300];

	refuse("", "column 1: a name was expected");
	refuse("kind", "column 5: '(' was expected");
	refuse("kind(", "column 6: a pattern was expected");
	refuse("kind(gc", "column 8: ')' was expected");
	refuse("kind(gc) tag(x)", "column 10: '&', '|', '-' or the end was expected");
	refuse("kind(gc) & colour(red)", "column 12: a name was expected");
	refuse("tag(,)", "column 5: a pattern was expected");
	refuse("(all()", "column 7: ')' was expected");
	memset(deep, '(', sizeof deep - 1);
	deep[sizeof deep - 1] = '\0';
	refuse(deep, "too deeply nested");
}
