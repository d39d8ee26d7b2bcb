// What the person, and other programs, see of a run.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <pty.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *two_tests(void)
{
	const char *dir = harness_tmpdir();

	e2e_write(dir, "suite/bad.sh", "#!/bin/sh\n# @Tag slow-net, db\necho 'no # database' >&2\nexit 3\n", true);
	e2e_write(dir, "suite/good.sh", "#!/bin/sh\n# @Tag db\necho fine\n", true);
	return dir;
}

CASE("e2e: TAP has a line a test, and what is known of a failure")
{
	struct outcome o = E2E(two_tests(), "run", "suite", "--format", "tap");

	assert_int_equal(o.exit_code, 1);
	assert_ptr_equal(strstr(buf_text(&o.out), "TAP version 14\n1..2\nnot ok 1 - bad.sh\n  ---\n"),
	                 buf_text(&o.out));
	assert_contains(buf_text(&o.out), "  output: \"no # database\\n\"\n");
	assert_contains(buf_text(&o.out), "\nok 2 - good.sh\n");
	outcome_deinit(&o);
}

CASE("e2e: the report's other formats are printed when they are asked for")
{
	const char *dir = two_tests();
	struct outcome o = E2E(dir, "run", "suite", "--format", "json");
	json_t *report = json_loads(buf_text(&o.out), 0, NULL);

	assert_int_equal(json_array_size(json_object_get(report, "tests")), 2);
	json_decref(report);
	outcome_deinit(&o);
	o = E2E(dir, "run", "suite", "--format", "junit");
	assert_int_equal(strncmp(buf_text(&o.out), "<?xml", 5), 0);
	outcome_deinit(&o);
	o = E2E(dir, "report", "--format", "tap");
	assert_contains(buf_text(&o.out), "TAP version 14");
	outcome_deinit(&o);
}

CASE("e2e: an attempt that another one follows is an event")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "s/t.sh", "#!/bin/sh\n[ -e once ] && exit 0\n: >once\nexit 1\n", true);
	o = E2E(dir, "run", "s", "--retry", "1", "--events", "-");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out),
	                "{\"event\":\"test-again\",\"id\":\"t.sh\",\"attempt\":1,\"verdict\":\"failed\"");
	assert_contains(buf_text(&o.out), "\"attempt\":2,\"verdict\":\"flaky\"");
	outcome_deinit(&o);
}

CASE("e2e: events are records in their order, and the summary gives way on stdout")
{
	const char *dir = two_tests();
	static const char *const order[] = { "run-started",  "test-started", "test-ended",
		                             "test-started", "test-ended",   "run-stopped" };
	struct outcome o = E2E(dir, "run", "suite", "--events", "-");
	const char *line = buf_text(&o.out);

	assert_int_equal(o.exit_code, 1);
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		json_t *event = json_loadb(line, strcspn(line, "\n"), 0, NULL);

		assert_non_null(event);
		assert_string_equal(json_string_value(json_object_get(event, "event")), order[i]);
		json_decref(event);
		line += strcspn(line, "\n") + 1;
	}
	assert_string_equal(line, "");
	assert_contains(buf_text(&o.err), "1 passed, 1 failed, 0 skipped");
	outcome_deinit(&o);
	o = E2E(dir, "run", "suite", "--only", "good.sh", "--events", "/dev/full");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.err), "--events cannot be written");
	outcome_deinit(&o);
	o = E2E(dir, "run", "suite", "--events", "/nonexistent/events");
	assert_int_equal(o.exit_code, 2);
	outcome_deinit(&o);
}

CASE("e2e: a failure is shown with its last lines as it comes, with --verbose a pass too")
{
	const char *dir = two_tests();
	struct outcome o = E2E(dir, "run", "suite");

	assert_contains(buf_text(&o.err), "bad.sh: exit status 3\n    │ no # database\n");
	assert_null(strstr(buf_text(&o.err), "│ fine"));
	outcome_deinit(&o);
	o = E2E(dir, "run", "suite", "--verbose");
	assert_contains(buf_text(&o.err), "good.sh\n    │ fine\n");
	outcome_deinit(&o);
}

CASE("e2e: the worst tests of a run are listed, most first")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "suite/long.sh", "#!/bin/sh\nsleep 2\n", true);
	e2e_write(dir, "suite/short.sh", "#!/bin/sh\n", true);
	o = E2E(dir, "run", "suite", "-o", "run");
	outcome_deinit(&o);
	o = E2E(dir, "top", "run", "--worst", "time", "1");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "long.sh");
	assert_null(strstr(buf_text(&o.out), "short.sh"));
	outcome_deinit(&o);
	o = E2E(dir, "top", "run", "--worst", "cpu", "--json");
	assert_contains(buf_text(&o.out), "\"cpu\": ");
	outcome_deinit(&o);
	o = E2E(dir, "top", "nowhere");
	assert_int_equal(o.exit_code, 2);
	outcome_deinit(&o);
}

CASE("e2e: a dry run prints what would run and leaves nothing; tags are counted")
{
	const char *dir = two_tests();
	struct outcome o = E2E(dir, "run", "suite", "--dry-run");

	assert_int_equal(o.exit_code, 0);
	assert_int_equal(strncmp(buf_text(&o.out), "bad.sh ", 7), 0);
	outcome_deinit(&o);
	o = E2E(dir, "top");
	assert_int_equal(o.exit_code, 2); // there is no run
	outcome_deinit(&o);
	o = E2E(dir, "list", "suite", "--show-tags");
	assert_contains(buf_text(&o.out), "     2  db\n");
	assert_contains(buf_text(&o.out), "     1  slow-net\n");
	outcome_deinit(&o);
}

CASE("e2e: a dry run prints tests in the order in which they run, what others depend on first")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "s/a.sh", "#!/bin/sh\n# @DependsOn b.sh\n# @Priority P0\n", true);
	e2e_write(dir, "s/b.sh", "#!/bin/sh\n", true);
	o = E2E(dir, "run", "s", "--dry-run");
	assert_int_equal(strncmp(buf_text(&o.out), "b.sh ", 5), 0);
	assert_contains(buf_text(&o.out), "\na.sh ");
	outcome_deinit(&o);
}

CASE("e2e: a running test is said to be slow, each for itself when several run")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "s/a.sh", "#!/bin/sh\nsleep 1.5\n", true);
	e2e_write(dir, "s/b.sh", "#!/bin/sh\nsleep 1.5\n", true);
	o = E2E(dir, "run", "s", "--parallel", "--slow-after", "400ms", "--sample-every", "50ms");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.err), "SLOW: a.sh has run for 400 ms\n");
	assert_contains(buf_text(&o.err), "SLOW: b.sh has run for 400 ms\n");
	outcome_deinit(&o);
	o = E2E(dir, "run", "s/a.sh", "--slow-after", "0");
	assert_null(strstr(buf_text(&o.err), "SLOW"));
	outcome_deinit(&o);
}

CASE("e2e: the live line has a bar, the running test with its memory, and from earlier runs the time that is left")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "s/a.sh", "#!/bin/sh\nsleep 1.2\n", true);
	e2e_write(dir, "s/b.sh", "#!/bin/sh\necho last words\nexit 1\n", true);
	o = E2E(dir, "run", "s", "--progress", "bar");
	assert_contains(buf_text(&o.err), "] 0/2  a.sh");
	assert_contains(buf_text(&o.err), " MiB");
	assert_contains(buf_text(&o.err), "\r\033[Kfailed  b.sh: exit status 1\n    │ last words\n");
	outcome_deinit(&o);
	o = E2E(dir, "run", "s", "--progress", "bar");
	assert_contains(buf_text(&o.err), "] 0/2, ");
	assert_contains(buf_text(&o.err), " s left  a.sh");
	outcome_deinit(&o);
}

// `stressgen ARGS...` in `dir` on a terminal so many columns wide: all that it wrote there.
static struct buf on_terminal(const char *dir, unsigned short columns, const char *const *args)
{
	struct winsize size = { .ws_row = 24, .ws_col = columns };
	struct buf text = { 0 };
	char piece[4096];
	int terminal, status;
	ssize_t n;
	pid_t pid = forkpty(&terminal, NULL, NULL, &size);

	assert_true(pid >= 0);
	if (pid == 0) {
		if (chdir(dir) == 0 && setenv("TERM", "xterm", 1) == 0)
			execv(SG_BUILD_DIR "/bin/stressgen", (char *const *)(uintptr_t)args);
		_exit(99);
	}
	while ((n = read(terminal, piece, sizeof piece)) > 0) // EIO: nobody has it open any more
		buf_add(&text, piece, (size_t)n);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(terminal);
	return text;
}

// Whether a live line holds the part; fails the case when one is wider than the terminal.
static bool has_live_line(const char *text, size_t columns, const char *part)
{
	bool found = false;

	for (const char *at = text; (at = strstr(at, "\r\033[K")) != NULL;) {
		char line[512];
		size_t len, cells = 0;

		at += strlen("\r\033[K");
		len = strcspn(at, "\r\n");
		assert_true(len < sizeof line);
		memcpy(line, at, len);
		line[len] = '\0';
		for (size_t i = 0; i < len; i++)
			cells += ((unsigned char)line[i] & 0xc0U) != 0x80U;
		if (at[len] == '\r' && strncmp(at + len, "\r\033[K", 4) == 0) { // it was drawn over: a live one
			assert_true(cells < columns);
			found = found || strstr(line, part) != NULL;
		}
	}
	return found;
}

CASE("e2e: on a narrow terminal the live line keeps the running test's age and memory")
{
	static const char *const args[] = { "stressgen", "run", "s", "-o", "run", NULL };
	const char *dir = harness_tmpdir();
	char *run = io_join(dir, "run");
	struct buf text;

	e2e_write(dir, "s/a.sh", "#!/bin/sh\nexit 1\n", true);
	e2e_write(dir, "s/b.sh", "#!/bin/sh\nsleep 2\n", true);
	for (unsigned short columns = 30; columns <= 70; columns += 20) {
		text = on_terminal(dir, columns, args);
		assert_true(has_live_line(buf_text(&text), columns, columns < 40 ? "1/2 !1  1." : "b.sh  1."));
		assert_true(has_live_line(buf_text(&text), columns, " MiB") ||
		            has_live_line(buf_text(&text), columns, " KiB"));
		assert_true(
		        has_live_line(buf_text(&text), columns, columns < 40 ? "1/2 !1" : "1/2, 1 unexpected"));
		buf_deinit(&text);
		assert_int_equal(io_remove_tree(run), 0);
	}
	free(run);
}

CASE("e2e: what is skipped says why as it comes, without a time")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "s/a.sh", "#!/bin/sh\n# @Skip no network\n", true);
	o = E2E(dir, "run", "s");
	assert_contains(buf_text(&o.err), "skipped                   a.sh: no network\n");
	outcome_deinit(&o);
}

CASE("e2e: top says what it cannot count")
{
	const char *dir = two_tests();
	struct outcome o = E2E(dir, "run", "suite", "-o", "run", "--quiet");

	outcome_deinit(&o);
	o = E2E(dir, "top", "run", "--worst", "fds", "none");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "'none' is not a number of tests");
	outcome_deinit(&o);
}
