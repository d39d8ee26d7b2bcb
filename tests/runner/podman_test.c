// Containers by podman.
#include "real_engine.h"

static char command[1200];

static void begin(void)
{
	const char *dir = harness_tmpdir();

	need_program("podman");
	need_program("runc");
	// What it starts may outlive the test's directory by a moment: its storage is removed in end(). With
	// another one's tmpdir, /run/libpod, the `system reset` of a test beside would take our containers' ends
	// away.
	snprintf(command, sizeof command,
	         "podman --root %s/storage --runroot %s/state --tmpdir %s/tmp --storage-driver vfs "
	         "--cgroup-manager cgroupfs --events-backend none --runtime runc",
	         dir, dir, dir);
}

static void end(void)
{
	sh("%s system reset -f >/dev/null 2>&1", command);
}

static const struct real_engine podman = { .name = "podman", .command = command, .begin = begin, .end = end };

CASE("podman: tests have output, samples, limits and verdicts in real containers, and nothing of them is left")
{
	engine_tests_run(&podman);
}

CASE("podman: memory that ran out is told from a crash")
{
	engine_tells_memory(&podman);
}

CASE("podman: a test that signals itself dies of it, and one that exits with a signal's number does not")
{
	engine_tells_ends(&podman);
}

CASE("podman: several at a time have a container each, and SIGINT ends them all")
{
	engine_runs_several(&podman);
}

CASE("podman: nothing of a container is left when the runner is killed")
{
	engine_survives_kill(&podman);
}
