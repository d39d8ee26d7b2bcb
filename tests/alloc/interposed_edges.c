// What programs do seldom, to be run under libstressalloc.so: `interposed_edges WHAT`. It is compiled with musl as
// well, so there is nothing in it that only glibc has.
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// C23's.
extern void free_sized(void *p, size_t bytes) __attribute__((weak));
extern void free_aligned_sized(void *p, size_t align, size_t bytes) __attribute__((weak));

static void sized(void)
{
	if (free_sized == NULL || free_aligned_sized == NULL)
		_exit(3);
	for (int i = 0; i < 50; i++) {
		free_sized(malloc(100), 100);
		free_aligned_sized(aligned_alloc(64, 128), 64, 128);
		free_sized(NULL, 0);
	}
}

static int times;

static void on_signal(int number)
{
	(void)number;
	free(malloc(5000));
	times++;
}

// A handler on a small stack of its own.
static void altstack(void)
{
	static char stack[16384];
	const stack_t other = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };

	if (sigaltstack(&other, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0)
		_exit(2);
	for (int i = 0; i < 500; i++)
		raise(SIGUSR1);
	if (times != 500)
		_exit(3);
}

static void take_one(void)
{
	free(malloc(10));
}

static void end_child(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status != 0)
		_exit(4);
}

// Handlers of a fork that allocate, registered behind the interposer's own: three pairs, of which two are here and
// two in the child.
static void atfork(void)
{
	pid_t pid;

	pthread_atfork(take_one, take_one, take_one);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 7; i++)
			take_one();
		_exit(0);
	}
	end_child(pid);
}

// Children of which no handler hears.
static void clones(void)
{
	for (int i = 0; i < 3; i++) {
		pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

		if (pid == 0) {
			for (int k = 0; k < 7; k++)
				take_one();
			_exit(0);
		}
		end_child(pid);
	}
}

static void *work(void *arg)
{
	for (int i = 0; i < 1000; i++)
		free(malloc((size_t)i));
	return arg;
}

static void threads(void)
{
	enum { COUNT = 70 };
	pthread_t ids[COUNT];

	for (int i = 0; i < COUNT; i++)
		if (pthread_create(&ids[i], NULL, work, NULL) != 0)
			_exit(5);
	for (int i = 0; i < COUNT; i++)
		pthread_join(ids[i], NULL);
}

static void plain(void)
{
	volatile size_t huge = SIZE_MAX / 2;
	void *p;

	for (int i = 0; i < 100; i++)
		take_one();
	free(calloc(3, 5));
	free(aligned_alloc(64, 128));
	if (posix_memalign(&p, 64, 100) != 0 || posix_memalign(&p, 3, 100) == 0)
		_exit(7);
	free(p);
	p = realloc(NULL, 10);
	p = realloc(p, 100000);
	free(p);
	if (calloc(huge, 4) != NULL || malloc(huge) != NULL)
		_exit(6);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} all[] = {
		{ "sized", sized },   { "altstack", altstack }, { "atfork", atfork },
		{ "clones", clones }, { "threads", threads },   { "plain", plain },
	};

	for (size_t i = 0; argc > 1 && i < sizeof all / sizeof all[0]; i++)
		if (strcmp(argv[1], all[i].name) == 0)
			all[i].run();
	return 0;
}
