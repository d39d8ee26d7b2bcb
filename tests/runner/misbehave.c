// A program that ends, or does not end, in the way that its first argument says.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void wait_for_ever(void)
{
	for (;;)
		pause();
}

static void sleep_ms(long ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

// One live frame per step, each touched.
__attribute__((noinline)) static int deeper(int n)
{
	volatile char frame[512];

	frame[0] = (char)n;
	frame[511] = (char)(n == 0 ? 0 : deeper(n + 1));
	return frame[0] + frame[511];
}

static int overflow(void)
{
	const struct rlimit small = { 256 * 1024, RLIM_INFINITY };

	setrlimit(RLIMIT_STACK, &small);
	return deeper(1);
}

static int null_pointer(void)
{
	int *volatile nowhere = NULL;

	return *nowhere;
}

// A daemon by the book: out of the group, the session and the pipes, and an orphan.
static int escape(int keep_pipes)
{
	if (fork() != 0)
		return 0;
	setsid();
	if (fork() != 0)
		_exit(0);
	if (!keep_pipes)
		for (int fd = 0; fd < 10; fd++)
			close(fd);
	wait_for_ever();
	return 0;
}

static int hog(size_t mib)
{
	for (size_t i = 0; i < mib; i++) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return 9;
		memset(p, 1, 1 << 20);
		if (i % 8 == 0)
			sleep_ms(1);
	}
	sleep_ms(300);
	return 0;
}

// Eight children that share what the parent has written.
static int share(size_t mib)
{
	char *p = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 9;
	memset(p, 1, mib << 20);
	for (int i = 0; i < 8; i++)
		if (fork() == 0) {
			for (size_t at = 0; at < mib << 20; at += 4096)
				if (p[at] != 1)
					_exit(9);
			sleep_ms(500);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	return 0;
}

static int print_much(unsigned long long bytes)
{
	static char block[65536];

	memset(block, 'x', sizeof block);
	puts("first line");
	fflush(stdout);
	for (unsigned long long done = 0; done < bytes; done += sizeof block)
		if (write(1, block, sizeof block) < 0)
			return 9;
	puts("\nlast line");
	return 0;
}

// As many processes as one may have; says how many it got.
static int fork_many(int wanted)
{
	int got = 0;

	for (int i = 0; i < wanted; i++) {
		pid_t child = fork();

		if (child == 0)
			wait_for_ever();
		if (child < 0)
			break;
		got++;
	}
	printf("%d children\n", got);
	fflush(stdout);
	return got == wanted ? 0 : 1;
}

static int open_many(int wanted)
{
	for (int i = 0; i < wanted; i++)
		if (open("/dev/null", O_RDONLY) < 0) {
			printf("%s after %d\n", strerror(errno), i);
			return 1;
		}
	return 0;
}

// What should not reach a test: signals blocked or ignored, descriptors, a terminal's input, someone's group.
static int inherited(void)
{
	sigset_t mask;
	char byte;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int sig = 1; sig < 32; sig++) {
		struct sigaction now;

		if (sigismember(&mask, sig))
			printf("signal %d is blocked\n", sig);
		if (sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			printf("signal %d is ignored\n", sig);
	}
	for (int fd = 4; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("descriptor %d is open\n", fd);
	if (fcntl(3, F_GETFD) < 0)
		printf("descriptor 3 is closed\n");
	if (read(0, &byte, 1) != 0)
		printf("stdin is not empty\n");
	if (getsid(0) != getpid() || getpgrp() != getpid())
		printf("no session and group of its own\n");
	if (getenv("STRESSGEN_MARK") == NULL || getenv("TMPDIR") == NULL)
		printf("a variable is missing\n");
	return 0;
}

// "INODE FLAGS BYTES" of each pipe.
static int describe_pipes(void)
{
	for (int fd = 1; fd <= 3; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0)
			return 1;
		printf("%lu %o %d\n", (unsigned long)st.st_ino,
		       (unsigned)fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK | O_APPEND | O_DIRECT | O_ASYNC),
		       fcntl(fd, F_GETPIPE_SZ));
	}
	return 0;
}

static int make_nonblocking(void)
{
	for (int fd = 1; fd <= 3; fd++)
		if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
			return 1;
	return 0;
}

static int hang(void)
{
	signal(SIGTERM, SIG_IGN);
	puts("hanging");
	fflush(stdout);
	wait_for_ever();
	return 0;
}

__attribute__((noreturn)) static void spin(void)
{
	for (volatile unsigned long n = 0;; n++)
		;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	const int n = argc > 2 ? atoi(argv[2]) : 0;

	if (strcmp(how, "overflow") == 0)
		return overflow();
	if (strcmp(how, "null") == 0)
		return null_pointer();
	if (strcmp(how, "escape") == 0)
		return escape(0);
	if (strcmp(how, "hold") == 0)
		return escape(1);
	if (strcmp(how, "hog") == 0)
		return hog((size_t)n);
	if (strcmp(how, "share") == 0)
		return share((size_t)n);
	if (strcmp(how, "print") == 0 && argc > 2)
		return print_much(strtoull(argv[2], NULL, 10));
	if (strcmp(how, "fork") == 0)
		return fork_many(n);
	if (strcmp(how, "open") == 0)
		return open_many(n);
	if (strcmp(how, "pipes") == 0)
		return describe_pipes();
	if (strcmp(how, "nonblocking") == 0)
		return make_nonblocking();
	if (strcmp(how, "resize") == 0)
		return fcntl(n, F_SETPIPE_SZ, 4096) < 0;
	if (strcmp(how, "inherited") == 0)
		return inherited();
	if (strcmp(how, "hang") == 0)
		return hang();
	if (strcmp(how, "spin") == 0)
		spin();
	if (strcmp(how, "stop") == 0)
		raise(SIGSTOP);
	if (strcmp(how, "signal") == 0)
		raise(n);
	if (strcmp(how, "kill-parent") == 0)
		kill(getppid(), SIGKILL);
	if (strcmp(how, "kill-parent") == 0 || strcmp(how, "sleep") == 0)
		sleep_ms(n > 0 ? n : 60000);
	return 0;
}
