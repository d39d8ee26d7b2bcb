// stressgen-init RECORD COMMAND...: the first process of a test's container. It starts the test, hands signals on
// to it, reaps what it orphans, and writes down how it ended ("exit 3", "signal 11") before it ends itself:
// engines may lose that on a busy machine. Static, since it runs on the image's files.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_FOUND 127
#define NOT_EXECUTABLE 126

// By a name of its own first: who reads it reads all of it, or nothing.
static void record(const char *path, const char *word, int number)
{
	char text[32], fresh[4096];
	int n = snprintf(text, sizeof text, "%s %d\n", word, number);
	int fd;

	if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
		return;
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return; // then the engine's word must do
	if (write(fd, text, (size_t)n) == n && rename(fresh, path) < 0)
		unlink(fresh);
	close(fd);
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
	sigset_t all, before;
	int status = 0;
	pid_t test;

	if (argc < 3) {
		fputs("stressgen-init: RECORD COMMAND... were expected\n", stderr);
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

		if (sig > 0 && sig != SIGCHLD)
			kill(test, sig);
	}
	if (WIFSIGNALED(status)) {
		record(argv[1], "signal", WTERMSIG(status));
		return 128 + WTERMSIG(status);
	}
	record(argv[1], "exit", WEXITSTATUS(status));
	return WEXITSTATUS(status);
}
