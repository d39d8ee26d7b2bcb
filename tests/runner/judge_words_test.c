// Verdicts of what a test says of itself: TAP, and that it skips itself.
#include "judged.h"
#include "lab.h"

#include <signal.h>

CASE("judge: a TAP program that gave up, or did more or less than it had planned, has failed")
{
	struct ended *s = judged_new();

	LINES(s, "1..3", "ok 1 - a");
	judged_expect(s, VERDICT_FAILED, false, "its TAP plan was of 3 cases, it reported 1");
	s = judged_new();
	LINES(s, "ok 1 - a", "ok 2 - b", "1..1");
	judged_expect(s, VERDICT_FAILED, false, "its TAP plan was of 1 case, it reported 2");
	s = judged_new();
	LINES(s, "TAP version 14", "1..2");
	judged_expect(s, VERDICT_FAILED, false, "its TAP plan was of 2 cases, it reported 0");
	s = judged_new();
	LINES(s, "1..2", "ok 1", "Bail out! no database");
	judged_expect(s, VERDICT_FAILED, false, "it gave up (TAP): no database");
	s = judged_new();
	LINES(s, "1..2", "not ok 1 - a");
	s->result.exit_code = 1;
	judged_expect(s, VERDICT_FAILED, false,
	              "exit status 1; 1 failed case, the first: a; its TAP plan was of 2 cases, it reported 1");
}

CASE("judge: a TAP program that did what it had planned has passed, and one that skips all is skipped")
{
	struct ended *s = judged_new();

	LINES(s, "ok 1 - a", "not ok 2 - b # TODO later", "    ok 1 - inner", "    1..1", "1..2");
	judged_expect(s, VERDICT_PASSED, false, "exit status 0");
	s = judged_new();
	LINES(s, "1..0 # SKIP no network");
	judged_expect(s, VERDICT_SKIPPED, false, "it skipped itself: no network");
	s = judged_new();
	LINES(s, "1..3", "and other lists");
	judged_expect(s, VERDICT_PASSED, false, "exit status 0");
	s = judged_new();
	LINES(s, "Bail out! is what sailors say");
	judged_expect(s, VERDICT_PASSED, false, "exit status 0");
}

// As it skipped itself by exit status 77, having said `tail` last.
static struct ended *end_with_77(const char *tail)
{
	struct ended *s = judged_new();

	s->result.exit_code = 77;
	s->result.tail = tail != NULL ? strdup(tail) : NULL;
	return s;
}

CASE("judge: exit status 77 and '@@ skip why' are skipped, with what the test said of it")
{
	struct ended *s = end_with_77(NULL);

	judged_expect(s, VERDICT_SKIPPED, false, "it skipped itself by exit status 77");
	s = end_with_77("looking\nSKIP: no network \n\n");
	judged_expect(s, VERDICT_SKIPPED, false,
	              "it skipped itself by exit status 77; its last line: SKIP: no network");
	for (int status = 0; status <= 77; status += 77) {
		s = end_with_77("x\n");
		s->result.exit_code = status;
		s->test.meta.sentinel = true; // there is nothing to get to the end of
		LINES(s, "@@ skip no database here", "@@ skip and no network");
		judged_expect(s, VERDICT_SKIPPED, false, "it skipped itself: no database here");
	}
	s = end_with_77(NULL);
	s->facts.oom_kills = 1;
	s->facts.memory_limit = 64 << 20;
	s->facts.memory_by = "cgroup v1";
	judged_expect(s, VERDICT_OUT_OF_MEMORY, false,
	              "exceeded its memory limit of 64.0 MiB: the kernel killed 1 process of it (cgroup v1)");
}

CASE("judge: what has gone wrong is not skipped, whatever a test says")
{
	struct ended *s = end_with_77(NULL);

	LINES(s, "@@ check sum bad 3");
	judged_expect(s, VERDICT_FAILED, false, "exit status 77; 1 bad check, the first: sum: 3");
	s = judged_new();
	LINES(s, "@@ skip no network", "not ok 1 - a");
	judged_expect(s, VERDICT_FAILED, false,
	              "1 failed case, the first: a; it had said that it skips itself: no network");
	s = judged_new();
	s->result.exit_code = 1;
	LINES(s, "@@ skip no network");
	judged_expect(s, VERDICT_FAILED, false, "exit status 1; it had said that it skips itself: no network");
	s = judged_new();
	s->result.exit_code = -1;
	s->result.signal = SIGABRT;
	LINES(s, "@@ skip no network");
	judged_expect(s, VERDICT_CRASHED, false, "killed by SIGABRT (Aborted)");
	s = judged_new();
	LINES(s, "@@ skip");
	judged_expect(s, VERDICT_FAILED, false,
	              "1 bad check, the first: sample line 1: skip: say why the test is skipped");
}

CASE("judge: 77 is a status as any other where the header wants the sentinel, or takes any refusal")
{
	static const char header[] = "# @Sentinel on\n# @Test other/x\n";
	struct ended *s = end_with_77(NULL);
	struct err e = { "" };

	assert_int_equal(test_header_parse("x", header, sizeof header - 1, &s->test.meta, &e), 1);
	judged_expect(
	        s, VERDICT_FAILED, false,
	        "exit status 77, which skips no test that has @Sentinel: '@@ skip REASON' does; no '@@ done': it did "
	        "not get to its end");
	s = end_with_77(NULL);
	s->test.meta.survive = true;
	judged_expect(s, VERDICT_PASSED, false, "exit status 77; that is failed, and survived, as @Expect allows");
}

CASE("judge: a TAP program whose plan is of no case is skipped, and a list that begins so is not")
{
	struct ended *s = judged_new();

	LINES(s, "TAP version 13", "1..0");
	judged_expect(s, VERDICT_SKIPPED, false, "it skipped itself: its TAP plan is of no case");
	s = judged_new();
	LINES(s, "1..0 # SKIP");
	judged_expect(s, VERDICT_SKIPPED, false, "it skipped itself: no reason given");
	s = judged_new();
	LINES(s, "1..0");
	judged_expect(s, VERDICT_PASSED, false, "exit status 0");
}
