// How much room a file needs in a fixed slab: its high-water mark where there is plenty.
#include "pooled.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// Half of the machine's memory: a program that never stops allocating ends as it would in any slab.
static uint64_t plenty_bytes(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	return pages > 0 && size > 0 ? (uint64_t)pages / 2 * (uint64_t)size : UINT64_C(1) << 30;
}

static int silence(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (int to = STDIN_FILENO; to <= STDERR_FILENO; to++)
		if (dup2(fd, to) < 0)
			return -errno;
	return 0;
}

__attribute__((noreturn)) static void child(pooled_run *run, const char *file, struct tele_file *telemetry,
                                            pid_t parent)
{
	uint64_t capacity = plenty_bytes();
	int rc;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || silence() < 0)
		_exit(EIO);
	while ((rc = run(file, capacity, telemetry)) == -ENOMEM)
		capacity /= 2;
	_exit(rc < 0 ? -rc : rc);
}

static int wait_for(const char *program, pid_t pid, const char *file)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1) {
		fprintf(stderr, "%s: %s: ended with an error; measured up to there\n", program, file);
		return 0;
	}
	if (WIFSIGNALED(status))
		fprintf(stderr, "%s: %s: cannot be measured: died of signal %d (%s)\n", program, file,
		        WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		fprintf(stderr, "%s: %s: cannot be measured: %s\n", program, file, strerror(WEXITSTATUS(status)));
	return -EIO;
}

static int measure_file(const char *program, pooled_run *run, const char *file, struct tele_file *telemetry)
{
	pid_t parent = getpid();
	pid_t pid;

	if (access(file, R_OK) < 0) {
		fprintf(stderr, "%s: %s: cannot be read: %s\n", program, file, strerror(errno));
		return -EIO;
	}
	memset(telemetry, 0, sizeof *telemetry);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		child(run, file, telemetry, parent);
	return wait_for(program, pid, file);
}

int pooled_measure(const char *program, pooled_run *run, char *const *files, int count, struct err *e)
{
	struct tele_file *telemetry =
	        mmap(NULL, sizeof *telemetry, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t highest = 0;
	int rc = 0;

	if (telemetry == MAP_FAILED)
		return err_set(e, ENOMEM, "out of memory");
	prctl(PR_SET_PDEATHSIG, SIGKILL); // nobody wants the figures any more; our child goes with us
	for (int i = 0; i < count; i++) {
		uint64_t bytes;

		if (measure_file(program, run, files[i], telemetry) < 0) {
			rc = err_set(e, EIO, "not all of the files could be measured");
			continue;
		}
		bytes = telemetry->pools[0].high_water;
		highest = bytes > highest ? bytes : highest;
		printf("%" PRIu64 " %s\n", bytes, files[i]);
		fflush(stdout);
	}
	printf("%" PRIu64 " maximum\n", highest);
	munmap(telemetry, sizeof *telemetry);
	if (fflush(stdout) != 0)
		return err_set(e, errno, "standard output cannot be written: %s", strerror(errno));
	return rc;
}
