// stressgen-init [--alone] RECORD COMMAND...: the first process of a test's container. It starts the test, hands
// signals on to it (with --alone not: then the test gets them itself), reaps what it orphans, and writes down how
// it ended before it ends itself, since engines may lose that on a busy machine:
//
//     exit 3           or "signal 11"
//     forks 2          so many forks were denied by the container's limit
//     left sleep 60    a process that was still there when the test had ended, and a moment later; a line each
//
// Static, since it runs on the image's files.
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOT_FOUND 127
#define NOT_EXECUTABLE 126
#define NAMED_MOST 8 // of what is left
#define NAME_BYTES 120
#define DRAIN_ROUNDS 40 // for what is about to end by itself
#define DRAIN_ROUND_NS 5000000

// A small file's text; "" where it cannot be read.
static size_t read_small(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, size - 1) : 0;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

// ---- what is left ----

// "left sleep 60", of a process that has not ended. False: it has, or is none of the test's.
static int add_left(const char *pid, FILE *out)
{
	char path[300], text[512];
	const char *state;
	size_t n;

	if (atoi(pid) <= 1)
		return 0;
	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	read_small(path, text, sizeof text);
	state = strrchr(text, ')');
	if (state == NULL || state[1] == '\0' || state[2] == 'Z' || state[2] == 'X')
		return 0;
	if (out == NULL)
		return 1;
	snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
	n = read_small(path, text, NAME_BYTES);
	for (size_t i = 0; i < n; i++)
		text[i] = (char)(isprint((unsigned char)text[i]) ? text[i] : ' ');
	while (n > 0 && text[n - 1] == ' ')
		n--;
	fprintf(out, "left %.*s\n", (int)n, text);
	return 1;
}

// How many there are; the first of them are written down.
static int others(FILE *out)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;
	int count = 0;

	while (dir != NULL && (d = readdir(dir)) != NULL)
		if (isdigit((unsigned char)d->d_name[0]))
			count += add_left(d->d_name, count < NAMED_MOST ? out : NULL);
	if (dir != NULL)
		closedir(dir);
	return count;
}

// ---- the record ----

static void add_denied_forks(FILE *out)
{
	static const char *const places[] = { "/sys/fs/cgroup/pids/pids.events", "/sys/fs/cgroup/pids.events" };
	char text[128];
	unsigned long long denied;

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		read_small(places[i], text, sizeof text);
		if (sscanf(text, "max %llu", &denied) == 1 && denied > 0) {
			fprintf(out, "forks %llu\n", denied);
			return;
		}
	}
}

// By a name of its own first: who reads it reads all of it, or nothing.
static void record(const char *path, int status)
{
	const int is_first = getpid() == 1; // else /proc is not of a container
	const struct timespec moment = { 0, DRAIN_ROUND_NS };
	char fresh[4096];
	FILE *out;

	if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
		return;
	out = fopen(fresh, "we");
	if (out == NULL)
		return; // then the engine's word must do
	if (WIFSIGNALED(status))
		fprintf(out, "signal %d\n", WTERMSIG(status));
	else
		fprintf(out, "exit %d\n", WEXITSTATUS(status));
	for (int i = 0; is_first && i < DRAIN_ROUNDS && others(NULL) > 0; i++) {
		nanosleep(&moment, NULL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	if (is_first) {
		add_denied_forks(out);
		others(out);
	}
	if (fclose(out) == 0 && rename(fresh, path) < 0)
		unlink(fresh);
}

__attribute__((noreturn)) static void become(char **argv, const sigset_t *mask)
{
	int error;

	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	error = errno;
	fprintf(stderr, "%s: %s\n", argv[0], strerror(error));
	_exit(error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

// Reaps whatever has ended. True, with its status, when the test was among it.
static int reap(pid_t test, int *status)
{
	int over = 0, one;
	pid_t pid;

	while ((pid = waitpid(-1, &one, WNOHANG)) > 0)
		if (pid == test) {
			over = 1;
			*status = one;
		}
	return over;
}

int main(int argc, char **argv)
{
	const int alone = argc > 1 && strcmp(argv[1], "--alone") == 0;
	sigset_t all, before;
	int status = 0;
	pid_t test;

	argc -= alone;
	argv += alone;
	if (argc < 3) {
		fputs("stressgen-init: [--alone] RECORD COMMAND... were expected\n", stderr);
		return 2;
	}
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	test = fork();
	if (test == 0)
		become(argv + 2, &before);
	if (test < 0) {
		perror("stressgen-init: fork");
		return NOT_EXECUTABLE;
	}
	while (!reap(test, &status)) {
		int sig = sigwaitinfo(&all, NULL);

		if (sig > 0 && sig != SIGCHLD && !alone)
			kill(test, sig);
	}
	record(argv[1], status);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
