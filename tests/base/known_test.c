// Lists of what is known, and until when.
#include "harness.h"

#include "io.h"
#include "known.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SHAPE "TEST TARGET UNTIL REASON"

static const char *write_list(const char *text)
{
	static char path[400];
	struct err e = { 0 };

	snprintf(path, sizeof path, "%s/known", harness_tmpdir());
	assert_int_equal(io_replace_file(path, text, strlen(text), &e), 0);
	return path;
}

CASE("known: an entry fits by test and target, until its day is over")
{
	const struct known_entry *expired, *entry;
	struct known q = { 0 };
	struct err e = { 0 };
	const char *path = write_list("# known\n\nrecursion/sum-* guile 2026-11-21  bug 12: no memory\r\n"
	                              "a.* * 2026-11-20 was mended");

	assert_int_equal(known_load(path, "2026-11-21", SHAPE, &q, &e), 0);
	assert_int_equal(q.count, 2);
	entry = known_find(&q, "recursion/sum-1000.guile", "guile", &expired);
	assert_non_null(entry);
	assert_null(expired);
	assert_string_equal(entry->reason, "bug 12: no memory");
	assert_int_equal(entry->line, 3);
	assert_null(known_find(&q, "a.sh", "", &expired));
	assert_non_null(expired);
	assert_null(known_find(&q, "recursion/sum-1000.guile", "chez", NULL));
	known_deinit(&q);
}

static void refuse(const char *text, const char *why)
{
	struct known q = { 0 };
	struct err e = { 0 };

	assert_int_equal(known_load(write_list(text), "2026-11-21", SHAPE, &q, &e), -EINVAL);
	if (strstr(e.text, why) == NULL)
		assert_string_equal(e.text, why);
	known_deinit(&q);
}

CASE("known: the line is named when an entry is wrong")
{
	refuse("a * 2026-12-31\n", "known:1: TEST TARGET UNTIL REASON was expected");
	refuse("#\na * tomorrow because\n", "known:2: 'tomorrow' is no date; UNTIL is like 2026-12-31");
	refuse("a * 2026-13-31 x", "is no date");
	refuse("a * 2026-12-3100 x", "is no date");
}
