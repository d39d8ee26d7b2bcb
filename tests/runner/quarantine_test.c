// Known failures, and a run with some.
#include "quarantine.h"

#include "io.h"
#include "lab.h"

#include <errno.h>

static const char *write_list(const char *text)
{
	static char path[400];
	struct err e = { 0 };

	snprintf(path, sizeof path, "%s/known", harness_tmpdir());
	assert_int_equal(io_replace_file(path, text, strlen(text), &e), 0);
	return path;
}

CASE("quarantine: an entry fits by test and target, until its day is over")
{
	struct suite_test sum = { .id = "recursion/sum-1000.guile", .target = "guile" }, plain = { .id = "a.sh" };
	const struct quarantine_entry *expired, *entry;
	struct quarantine q = { 0 };
	struct err e = { 0 };
	const char *path = write_list("# known\n\nrecursion/sum-* guile 2026-11-21  bug 12: no memory\r\n"
	                              "a.* * 2026-11-20 was mended");

	assert_int_equal(quarantine_load(path, "2026-11-21", &q, &e), 0);
	assert_int_equal(q.count, 2);
	entry = quarantine_find(&q, &sum, &expired);
	assert_non_null(entry);
	assert_null(expired);
	assert_string_equal(entry->reason, "bug 12: no memory");
	assert_int_equal(entry->line, 3);
	assert_null(quarantine_find(&q, &plain, &expired));
	assert_non_null(expired);
	sum.target = "chez";
	assert_null(quarantine_find(&q, &sum, NULL));
	quarantine_deinit(&q);
}

static void refuse(const char *text, const char *why)
{
	struct quarantine q = { 0 };
	struct err e = { 0 };

	assert_int_equal(quarantine_load(write_list(text), "2026-11-21", &q, &e), -EINVAL);
	if (strstr(e.text, why) == NULL)
		assert_string_equal(e.text, why);
	quarantine_deinit(&q);
}

CASE("quarantine: the line is named when an entry is wrong")
{
	refuse("a * 2026-12-31\n", "known:1: TEST TARGET UNTIL REASON was expected");
	refuse("#\na * tomorrow because\n", "known:2: 'tomorrow' is no date; UNTIL is like 2026-12-31");
	refuse("a * 2026-13-31 x", "is no date");
	refuse("a * 2026-12-3100 x", "is no date");
}

CASE("quarantine: a known failure does not fail the run and is named, others do")
{
	struct quarantine q = { 0 };
	struct err e = { 0 };
	struct lab l;

	lab_init(&l);
	lab_script(&l, "a.sh", "exit 3");
	lab_script(&l, "b.sh", "exit 4");
	lab_script(&l, "c.sh", "true");
	assert_int_equal(
	        quarantine_load(
	                write_list("a.sh * 2026-12-31 bug 7\nb.sh * 2026-11-01 old\nc.sh * 2026-12-31 gone\n"),
	                "2026-11-21", &q, &e),
	        0);
	l.config.quarantine = &q;
	lab_run(&l);
	lab_expect(&l, "a.sh", VERDICT_FAILED, "exit status 3");
	assert_true(lab_result(&l, "a.sh")->as_expected);
	assert_string_equal(lab_result(&l, "a.sh")->quarantine, "until 2026-12-31: bug 7");
	assert_false(lab_result(&l, "b.sh")->as_expected);
	assert_null(lab_result(&l, "c.sh")->quarantine);
	assert_int_equal(l.summary.unexpected, 1);
	assert_non_null(strstr(l.notes, "b.sh: its quarantine ended on 2026-11-01"));
	assert_non_null(strstr(l.notes, "c.sh: ended as expected, though it is in quarantine: gone"));
	lab_deinit(&l);
	quarantine_deinit(&q);
}
