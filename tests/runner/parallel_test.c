// Several tests at a time. Whether they ran side by side is told by files that they wait for, never by time.
#include "lab.h"

#include "clock.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Shell: `meet ME OTHER` returns when both have begun, and fails after ten seconds without the other.
#define MEET                                                                                                      \
	"meet() { touch \"$D/$1\"; i=0; until [ -e \"$D/$2\" ]; do i=$((i+1)); [ $i -lt 1000 ] || exit 9; "       \
	"sleep 0.01; done; }\n"

static void begin(struct lab *l, unsigned workers)
{
	lab_init(l);
	setenv("D", l->suite_dir, 1);
	l->config.workers = workers;
}

CASE("parallel: two tests run side by side when there are two workers")
{
	struct lab l;

	begin(&l, 2);
	lab_script(&l, "a.sh", MEET "meet a b");
	lab_script(&l, "b.sh", MEET "meet b a");
	lab_run(&l);
	lab_expect(&l, "a.sh", VERDICT_PASSED, "exit status 0");
	lab_expect(&l, "b.sh", VERDICT_PASSED, "exit status 0");
	lab_deinit(&l);
}

// Each test fails when the mark of another is there.
#define EXCLUSIVE "[ ! -e \"$D/mark\" ] || exit 7; touch \"$D/mark\"; sleep 0.05; rm \"$D/mark\""

CASE("parallel: tests with the same resource never meet")
{
	struct lab l;

	begin(&l, 4);
	for (int i = 0; i < 6; i++) {
		char name[16];

		snprintf(name, sizeof name, "t%d.sh", i);
		lab_script(&l, name, "# @Resource port\n" EXCLUSIVE);
	}
	lab_run(&l);
	assert_int_equal(l.summary.ran, 6);
	assert_int_equal(l.summary.unexpected, 0);
	lab_deinit(&l);
}

CASE("parallel: a serial test meets no other")
{
	struct lab l;

	begin(&l, 4);
	lab_script(&l, "a.sh", "touch \"$D/a\"; sleep 0.05; rm \"$D/a\"");
	lab_script(
	        &l, "b.sh",
	        "# @Serial\n[ ! -e \"$D/a\" ] && [ ! -e \"$D/c\" ] && touch \"$D/b\" && sleep 0.05 && rm \"$D/b\"");
	lab_script(&l, "c.sh", "touch \"$D/c\"; [ ! -e \"$D/b\" ] && sleep 0.05 && rm \"$D/c\"");
	lab_run(&l);
	assert_int_equal(l.summary.unexpected, 0);
	lab_deinit(&l);
}

CASE("parallel: a test that ran out of time beside another is tried alone, and the contention is named")
{
	struct lab l;

	begin(&l, 2);
	lab_script(&l, "a.sh", "# @Timeout 3s\n[ ! -e \"$D/once\" ] || exit 0; touch \"$D/once\"; sleep 600");
	lab_script(&l, "b.sh", MEET "meet b once");
	lab_run(&l);
	lab_expect(&l, "a.sh", VERDICT_FLAKY, "contention; @Serial");
	lab_expect(&l, "b.sh", VERDICT_PASSED, "exit status 0");
	assert_int_equal(lab_result(&l, "a.sh")->attempt, 2);
	assert_non_null(strstr(l.notes, "a.sh: ran out of time beside other tests; it is tried again alone"));
	lab_deinit(&l);
}

CASE("parallel: each test is charged with its own leftovers")
{
	const struct result *a, *b;
	struct lab l;

	begin(&l, 2);
	lab_script(&l, "a.sh", MEET "(setsid sleep 71.001 &) ; meet a b; touch \"$D/a2\"; meet a2 b2");
	lab_script(&l, "b.sh", MEET "(setsid sleep 71.002 &) ; meet b a; touch \"$D/b2\"; meet b2 a2");
	lab_run(&l);
	a = lab_result(&l, "a.sh");
	b = lab_result(&l, "b.sh");
	assert_int_equal(a->leftovers.count, 1);
	assert_int_equal(b->leftovers.count, 1);
	assert_non_null(strstr(a->leftovers.items[0], "sleep 71.001"));
	assert_non_null(strstr(b->leftovers.items[0], "sleep 71.002"));
	assert_int_equal(lab_processes_after_wait("sleep 71.00"), 0);
	lab_deinit(&l);
}

CASE("parallel: a hundred tests by eight workers each have one end")
{
	struct lab l;

	begin(&l, 8);
	for (int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof name, "t%02d.sh", i);
		lab_script(&l, name, i % 10 == 3 ? "exit 3" : "echo ok");
	}
	lab_run(&l);
	assert_int_equal(l.run.count, 100);
	assert_int_equal(l.summary.ran, 100);
	assert_int_equal(l.summary.unexpected, 10);
	lab_deinit(&l);
}

CASE("parallel: a batch settles before the next, and the command between them runs")
{
	struct lab l;
	struct buf text = { 0 };
	char path[400];

	begin(&l, 2);
	l.config.batch = 2;
	l.config.between = "echo 'reset' >> \"$D/log\"";
	for (int i = 0; i < 5; i++) {
		char name[16];

		snprintf(name, sizeof name, "t%d.sh", i);
		lab_script(&l, name, "echo t >> \"$D/log\"");
	}
	lab_run(&l);
	assert_int_equal(l.summary.unexpected, 0);
	assert_false(l.summary.untrusted);
	snprintf(path, sizeof path, "%s/log", l.suite_dir);
	assert_int_equal(io_read_file(path, 1000, &text, &l.err), 0);
	assert_string_equal(buf_text(&text), "t\nt\nreset\nt\nt\nreset\nt\n");
	buf_deinit(&text);
	lab_deinit(&l);
}

CASE("between: a reset that fails ends the run, and the results are not trusted")
{
	struct lab l;

	begin(&l, 1);
	l.config.between = "echo 'no database' >&2; exit 4";
	lab_script(&l, "a.sh", "true");
	lab_script(&l, "b.sh", "true");
	lab_run(&l);
	assert_int_equal(l.summary.ran, 1);
	assert_true(l.summary.untrusted);
	assert_non_null(strstr(l.summary.why, "--between failed"));
	assert_non_null(strstr(l.summary.why, "exit status 4; it said: no database"));
	assert_string_equal(l.run.stop_reason, "between-failed");
	lab_deinit(&l);
}

// Until the limit lets it get as far as b.sh: how long that takes is the machine's affair.
static void run_to_suite_timeout(struct lab *l)
{
	for (uint64_t limit_ns = SG_NS_PER_S;; limit_ns *= 2) {
		char mark[400];

		begin(l, 1);
		snprintf(mark, sizeof mark, "%s/again", l->suite_dir);
		l->config.suite_timeout_ns = limit_ns;
		lab_script(l, "a.sh", "true");
		lab_script(l, "b.sh", "[ -e \"$D/again\" ] || { touch \"$D/again\"; sleep 600; }");
		lab_script(l, "c.sh", "true");
		lab_run(l);
		if (access(mark, F_OK) == 0)
			return;
		assert_true(limit_ns < 120 * SG_NS_PER_S);
		lab_deinit(l);
	}
}

CASE("suite timeout: what runs is interrupted, the rest is left for a resumed run")
{
	struct lab l;

	run_to_suite_timeout(&l);
	assert_true(l.summary.suite_timed_out);
	assert_string_equal(l.run.stop_reason, "suite-timeout");
	lab_expect(&l, "b.sh", VERDICT_INTERRUPTED, "time limit of the whole run");
	assert_int_equal(l.run.count, 2);
	l.config.suite_timeout_ns = 0;
	lab_resume(&l);
	assert_int_equal(l.run.count, 3);
	lab_expect(&l, "b.sh", VERDICT_PASSED, "interrupted before");
	lab_deinit(&l);
}
