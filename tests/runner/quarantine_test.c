// A run with known failures.
#include "lab.h"

#include "io.h"

static const char *write_list(const char *text)
{
	static char path[400];
	struct err e = { 0 };

	snprintf(path, sizeof path, "%s/known", harness_tmpdir());
	assert_int_equal(io_replace_file(path, text, strlen(text), &e), 0);
	return path;
}

CASE("quarantine: a known failure does not fail the run and is named, others do")
{
	struct known q = { 0 };
	struct err e = { 0 };
	struct lab l;

	lab_init(&l);
	lab_script(&l, "a.sh", "exit 3");
	lab_script(&l, "b.sh", "exit 4");
	lab_script(&l, "c.sh", "true");
	assert_int_equal(
	        known_load(write_list("a.sh * 2026-12-31 bug 7\nb.sh * 2026-11-01 old\nc.sh * 2026-12-31 gone\n"),
	                   "2026-11-21", "TEST TARGET UNTIL REASON", &q, &e),
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
	known_deinit(&q);
}
