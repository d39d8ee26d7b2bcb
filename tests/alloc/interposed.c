// A program whose every allocation is known, to be run under libstressalloc.so: `interposed WHAT`. It prints
// nothing but what it knows better than the interposer, by write().
#include <alloca.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void print_number(uint64_t n)
{
	char text[32];
	int len = snprintf(text, sizeof text, "%llu\n", (unsigned long long)n);

	if (write(STDOUT_FILENO, text, (size_t)len) != len)
		_exit(9);
}

static void *kept[1000];
static size_t kept_count;

static void *keep(void *p)
{
	if (p == NULL)
		_exit(8);
	kept[kept_count++] = p;
	return p;
}

static void give_back(void)
{
	free(kept[--kept_count]);
}

// Every function, with what it does at its edges. Prints the usable bytes that stay out.
static void functions(void)
{
	volatile size_t huge = SIZE_MAX / 2;
	uint64_t live = 0;
	void *p = NULL;

	for (int i = 0; i < 100; i++)
		keep(malloc(100));
	for (int i = 0; i < 60; i++)
		give_back();
	for (int i = 0; i < 10; i++)
		keep(calloc(7, 11));
	for (int i = 0; i < 5; i++)
		keep(realloc(NULL, 50));
	for (int i = 0; i < 5; i++) { // larger, smaller and gone
		p = realloc(realloc(malloc(10), 5000), 20);
		if (realloc(p, 0) != NULL)
			_exit(7);
	}
	keep(reallocarray(NULL, 3, 9));
	keep(memalign(64, 200));
	keep(aligned_alloc(128, 256));
	if (posix_memalign(&p, 4096, 300) != 0 || posix_memalign(&kept[999], 3, 300) == 0)
		_exit(6);
	keep(p);
	keep(valloc(400));
	keep(pvalloc(500));
	keep(malloc(0));
	free(NULL);
	if (calloc(huge, 4) != NULL || reallocarray(NULL, huge, 4) != NULL || malloc(huge) != NULL ||
	    realloc(NULL, huge) != NULL)
		_exit(5);
	for (size_t i = 0; i < kept_count; i++)
		live += malloc_usable_size(kept[i]);
	print_number(live);
}

static void *thread_work(void *arg)
{
	pthread_barrier_t *barrier = arg;
	void *blocks[100];

	pthread_barrier_wait(barrier);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 100; i++)
			blocks[i] = malloc((size_t)(i + 1) * 10);
		for (int i = 0; i < 100; i++)
			free(blocks[i]);
	}
	return malloc(64); // freed by who joins
}

// More threads at once than there are slots, twice.
static void threads(void)
{
	enum { COUNT = 80 };
	pthread_t ids[COUNT];
	pthread_barrier_t barrier;

	pthread_barrier_init(&barrier, NULL, COUNT);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < COUNT; i++)
			if (pthread_create(&ids[i], NULL, thread_work, &barrier) != 0)
				_exit(4);
		for (int i = 0; i < COUNT; i++) {
			void *last;

			pthread_join(ids[i], &last);
			free(last);
		}
	}
}

static pthread_key_t key;

static void late_destructor(void *value)
{
	void *fresh = malloc(10);

	free(value);
	if (fresh != NULL && value != NULL && pthread_getspecific(key) == NULL)
		pthread_setspecific(key, fresh); // runs again, up to PTHREAD_DESTRUCTOR_ITERATIONS
}

static void *thread_with_destructor(void *arg)
{
	(void)arg;
	pthread_setspecific(key, malloc(10));
	return NULL;
}

// Destructors that allocate behind the interposer's own.
static void destructors(void)
{
	pthread_key_create(&key, late_destructor);
	for (int i = 0; i < 100; i++) {
		pthread_t id;

		if (pthread_create(&id, NULL, thread_with_destructor, NULL) != 0)
			_exit(4);
		pthread_join(id, NULL);
	}
}

static void in_child(void (*work)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		work();
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		_exit(3);
}

static void child_work(void)
{
	for (int i = 0; i < 10; i++)
		give_back(); // inherited
	for (int i = 0; i < 7; i++)
		keep(malloc(1000));
}

static void *idle(void *arg)
{
	free(malloc(10));
	pthread_barrier_wait(arg);
	pthread_barrier_wait(arg);
	return NULL;
}

// A fork while there is another thread, which the child does not have.
static void forks(void)
{
	pthread_barrier_t barrier;
	pthread_t id;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&id, NULL, idle, &barrier);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 10; i++)
		keep(malloc(100000));
	in_child(child_work);
	pthread_barrier_wait(&barrier);
	pthread_join(id, NULL);
	keep(malloc(1));
}

static void execs(char *self)
{
	char what[] = "functions";
	char *argv[] = { self, what, NULL };

	keep(malloc(12345));
	execv(self, argv);
}

// Up to `top` bytes in blocks, down, and a little up again: prints the highest usable bytes there were.
static void peak(void)
{
	enum { BLOCKS = 20000 };
	static void *blocks[BLOCKS];
	uint64_t live = 0, highest = 0;

	for (int round = 0; round < 3; round++) {
		int count = round == 1 ? BLOCKS : BLOCKS / 3;

		for (int i = 0; i < count; i++) {
			blocks[i] = malloc((size_t)(i % 977) + 1);
			live += malloc_usable_size(blocks[i]);
			highest = live > highest ? live : highest;
			if (i % 3 == 0) { // up and down in small steps on the way
				live -= malloc_usable_size(blocks[i]);
				free(blocks[i]);
				blocks[i] = malloc(16);
				live += malloc_usable_size(blocks[i]);
			}
		}
		for (int i = 0; i < count; i++) {
			live -= malloc_usable_size(blocks[i]);
			free(blocks[i]);
		}
	}
	print_number(highest);
}

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
	free(malloc(24));
}

// A signal whose handler allocates, between any two instructions of ours but not inside malloc: the block is
// taken and given back by the handler alone, while the program counts.
static void handlers(void)
{
	signal(SIGUSR1, on_signal);
	for (int i = 0; i < 2000; i++)
		raise(SIGUSR1);
	print_number((uint64_t)signals);
}

// The same at any instruction, inside malloc and the interposer too: for mallocs that bear it. Prints how many
// blocks there were in all.
static void interrupts(void)
{
	const struct itimerval often = { .it_interval = { .tv_usec = 50 }, .it_value = { .tv_usec = 50 } };
	const struct itimerval never = { 0 };
	uint64_t blocks = 0;

	signal(SIGALRM, on_signal);
	setitimer(ITIMER_REAL, &often, NULL);
	while (signals < 2000)
		for (int i = 0; i < 100; i++, blocks++)
			free(malloc((size_t)i));
	setitimer(ITIMER_REAL, &never, NULL);
	print_number(blocks + (uint64_t)signals);
}

static void dies(void)
{
	for (int i = 0; i < 500; i++)
		keep(malloc(200));
	raise(SIGKILL);
}

static void segv(void)
{
	for (int i = 0; i < 300; i++)
		keep(malloc(64));
	raise(SIGSEGV);
}

// A child in our memory, and one by posix_spawn: each executes `functions`.
static void vforks(char *self)
{
	char what[] = "functions", quiet[] = "/dev/null";
	char *argv[] = { self, what, NULL };
	posix_spawn_file_actions_t actions;
	int status;
	pid_t pid;

	keep(malloc(777));
	pid = vfork();
	if (pid == 0) {
		execv(self, argv);
		_exit(1);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		_exit(3);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, quiet, O_WRONLY, 0);
	if (posix_spawn(&pid, self, &actions, NULL, argv, environ) != 0 || waitpid(pid, &status, 0) != pid ||
	    status != 0)
		_exit(3);
	posix_spawn_file_actions_destroy(&actions);
	keep(malloc(777));
}

// Threads allocate all the while that others fork; each child does a little and leaves.
static void *churn(void *stop)
{
	while (!__atomic_load_n((int *)stop, __ATOMIC_RELAXED))
		free(malloc(100));
	return NULL;
}

static void little_work(void)
{
	for (int i = 0; i < 5; i++)
		free(malloc(50));
}

static void fork_storm(void)
{
	pthread_t ids[4];
	int stop = 0;

	for (int i = 0; i < 4; i++)
		pthread_create(&ids[i], NULL, churn, &stop);
	for (int i = 0; i < 20; i++)
		in_child(little_work);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 4; i++)
		pthread_join(ids[i], NULL);
}

static void opens(const char *plugin)
{
	void *library = dlopen(plugin, RTLD_NOW);
	void *(*take)(size_t);
	void *found;

	if (library == NULL)
		_exit(2);
	found = dlsym(library, "plugin_take");
	memcpy(&take, &found, sizeof take);
	for (int i = 0; i < 100; i++)
		free(take(500));
	dlclose(library);
}

static int is_early;

// Before main and behind exit.
__attribute__((constructor)) static void early(int argc, char **argv)
{
	is_early = argc > 1 && strcmp(argv[1], "early") == 0;
	for (int i = 0; is_early && i < 11; i++)
		keep(malloc(100));
}

__attribute__((destructor)) static void late(void)
{
	while (is_early && kept_count > 0)
		give_back();
}

static __attribute__((noinline)) void *hold(size_t bytes)
{
	return keep(malloc(bytes));
}

// 64 MiB from one place in small blocks, 32 MiB from another in large ones; then all but a little is given back.
static void holds(void)
{
	enum { SMALL = 65536 };
	static void *small[SMALL];

	for (int i = 0; i < SMALL; i++)
		small[i] = malloc(1024);
	for (int i = 0; i < 32; i++)
		hold(1 << 20);
	for (int i = 0; i < SMALL; i++)
		free(small[i]);
	for (int i = 0; i < 31; i++)
		give_back();
}

enum { TURNS = 1000 };

// A frame of any size, found by its frame pointer.
static void take_below(size_t room)
{
	volatile char *p = alloca(room);

	p[0] = 1;
	free(malloc(4096));
}

static void take_left(size_t room)
{
	take_below(room);
}

static void take_right(size_t room)
{
	take_below(room);
}

// As often from the left as from the right, which begin at the same height, with every difference between the two.
static void turns(void)
{
	for (size_t i = 0; i < TURNS; i++) {
		take_left(16 + i % 10 * 16);
		take_right(16 + i / 10 % 10 * 16);
	}
}

// Frames that are larger by so much as the one below them is smaller: what the other one returned by is still
// there.
static void slide(size_t above, size_t below, void (*take)(size_t))
{
	volatile char *p = alloca(above);

	p[0] = 1;
	take(below);
}

static void slides(void)
{
	for (size_t i = 0; i < 2 * TURNS; i++) // from one place in the code
		slide(i % 2 == 0 ? 512 : 16, i % 2 == 0 ? 16 : 512, i % 2 == 0 ? take_left : take_right);
}

// Short lives, as many as make the sampler wait for fewer ends.
static void lives(void)
{
	for (int i = 0; i < 1 << 22; i++)
		free(malloc(64));
}

// Each size up to above a page, three times over, some of them at once: prints the usable bytes of all.
static void spans(void)
{
	enum { MOST = 4300 };
	static void *blocks[MOST];
	uint64_t usable = 0;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MOST; i++) {
			blocks[i] = malloc((size_t)i);
			usable += malloc_usable_size(blocks[i]);
		}
		for (int i = 0; i < MOST; i++)
			free(blocks[i * 7 % MOST]);
	}
	print_number(usable);
}

// Blocks of one size, all of them given back before those of the next: pages go from one size class to another,
// and to large and aligned blocks, which are not asked for in the same way.
static void pages(void)
{
	static const size_t sizes[] = { 64, 5000, 48, 1000, 20000, 16, 300000, 256, 64 };
	enum { BYTES = 2 << 20 };
	static void *blocks[BYTES / 16];
	uint64_t usable = 0;

	for (size_t round = 0; round < 4 * sizeof sizes / sizeof sizes[0]; round++) {
		size_t bytes = sizes[round % (sizeof sizes / sizeof sizes[0])], count = BYTES / bytes;

		for (size_t i = 0; i < count; i++) {
			blocks[i] = i % 5 == 0 ? aligned_alloc(64, (bytes + 63) / 64 * 64) : malloc(bytes);
			if (i % 7 == 0) { // the old block counts as given back
				usable += malloc_usable_size(blocks[i]);
				blocks[i] = realloc(blocks[i], bytes / 2);
			}
			usable += malloc_usable_size(blocks[i]);
		}
		for (size_t i = 0; i < count; i++)
			free(blocks[i]);
	}
	print_number(usable);
}

// A block of each way to ask; how many were refused is printed.
static void asks(void)
{
	uint64_t refused = 0;
	void *p = NULL;

	for (int i = 0; i < 1000; i++) {
		p = malloc(100);
		refused += p == NULL;
		free(p);
		p = calloc(10, 10);
		refused += p == NULL;
		free(p);
		p = realloc(NULL, 100);
		refused += p == NULL;
		free(p);
		p = aligned_alloc(64, 128);
		refused += p == NULL;
		free(p);
		if (posix_memalign(&p, 64, 100) == 0)
			free(p);
		else
			refused++;
	}
	print_number(refused);
}

// As much as it is given, up to 64 MiB in blocks of 10000 bytes: prints how many it got.
static void fills(void)
{
	static void *blocks[6711];
	uint64_t count = 0;

	for (int i = 0; i < 6711; i++) {
		blocks[i] = malloc(10000);
		if (blocks[i] == NULL)
			break;
		count++;
	}
	for (uint64_t i = 0; i < count; i++)
		free(blocks[i]);
	blocks[0] = malloc(10000); // there is room again
	if (blocks[0] == NULL)
		_exit(2);
	free(blocks[0]);
	print_number(count);
}

// Where in its page the first block of main lies.
static void lies(void)
{
	void *first = malloc(48);

	printf("%u\n", (unsigned)((uintptr_t)first & 4095U));
	free(first);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} all[] = {
		{ "functions", functions },   { "threads", threads }, { "destructors", destructors },
		{ "forks", forks },           { "peak", peak },       { "dies", dies },
		{ "handlers", handlers },     { "segv", segv },       { "storm", fork_storm },
		{ "holds", holds },           { "asks", asks },       { "fills", fills },
		{ "spans", spans },           { "lies", lies },       { "pages", pages },
		{ "interrupts", interrupts }, { "turns", turns },     { "slides", slides },
		{ "lives", lives },
	};

	for (size_t i = 0; argc > 1 && i < sizeof all / sizeof all[0]; i++)
		if (strcmp(argv[1], all[i].name) == 0)
			all[i].run();
	if (argc > 1 && strcmp(argv[1], "execs") == 0)
		execs(argv[0]);
	if (argc > 1 && strcmp(argv[1], "vforks") == 0)
		vforks(argv[0]);
	if (argc > 2 && strcmp(argv[1], "opens") == 0)
		opens(argv[2]);
	return 0;
}
