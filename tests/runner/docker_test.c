// Containers by docker, whose service is one of this test's own: without a network, and with its files in the
// case's directory.
#include "real_engine.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_ROUNDS 1200 // of 100 ms

static char command[1200];
static pid_t service;

// In a mount namespace of its own: it writes into /etc/docker, if there is no other place there.
static pid_t start_service(const char *dir)
{
	char script[2000];
	pid_t pid;

	snprintf(
	        script, sizeof script,
	        "[ ! -d /etc/docker ] || mount -t tmpfs none /etc/docker || exit 1; exec dockerd --host 'unix://%s/docker.sock' "
	        "--data-root '%s/data' --exec-root '%s/exec' --pidfile '%s/docker.pid' --storage-driver vfs "
	        "--iptables=false --ip6tables=false --bridge=none >'%s/docker.log' 2>&1",
	        dir, dir, dir, dir, dir);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execlp("unshare", "unshare", "--mount", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void end(void)
{
	const char *dir = harness_tmpdir();

	kill(service, SIGTERM);
	waitpid(service, NULL, 0);
	// What it did not put away: none of it may stand in the way of the directory's removal.
	sh("grep -o ' %s/[^ ]*' /proc/self/mounts | sort -r | xargs -r umount -l; rm -rf '%s/data' '%s/exec'", dir,
	   dir, dir);
}

static void begin(void)
{
	const char *dir = harness_tmpdir();

	if (geteuid() != 0)
		harness_skip("docker's service needs root");
	need_program("docker");
	need_program("dockerd");
	need_program("containerd");
	need_program("unshare");
	snprintf(command, sizeof command, "docker --host unix://%s/docker.sock", dir);
	service = start_service(dir);
	assert_true(service > 0);
	for (int i = 0; i < READY_ROUNDS; i++) {
		if (sh("%s version >/dev/null 2>&1", command) == 0)
			return;
		if (waitpid(service, NULL, WNOHANG) == service)
			break;
		nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
	}
	sh("tail -n 3 '%s/docker.log'", dir);
	end();
	harness_skip("docker's service cannot be started here");
}

static const struct real_engine docker = {
	.name = "docker", .command = command, .says_memory = true, .begin = begin, .end = end
};

CASE("docker: tests have output, samples, limits and verdicts in real containers, and nothing of them is left")
{
	engine_tests_run(&docker);
}

CASE("docker: memory that ran out is told from a crash")
{
	engine_tells_memory(&docker);
}

CASE("docker: a test that signals itself dies of it, and one that exits with a signal's number does not")
{
	engine_tells_ends(&docker);
}

CASE("docker: several at a time have a container each, and SIGINT ends them all")
{
	engine_runs_several(&docker);
}

CASE("docker: nothing of a container is left when the runner is killed")
{
	engine_survives_kill(&docker);
}
