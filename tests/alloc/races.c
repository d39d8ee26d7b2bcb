// The interposer's own sources as a part of a program that a sanitizer can look into, driven from many threads:
// `races SIZING`. Its malloc goes by another name here (CMakeLists.txt), and the one behind it is
// classed_malloc.c. Prints how often it has called each function.
#include "classed_malloc.h"
#include "telemetry.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 4, ROUNDS = 4000, BOXES = 256, COMERS = 72, GENERATIONS = 3, FORKS = 6 };

enum function { MALLOC, FREE, CALLOC, REALLOC, MEMALIGN, FUNCTIONS };

static uint64_t calls[FUNCTIONS];
static void *boxes[BOXES]; // whoever puts a block into one gets the one before it
static int stop;

static void count(enum function f)
{
	__atomic_fetch_add(&calls[f], 1, __ATOMIC_RELAXED);
}

// C++'s operators new and delete, as C++ calls them.
extern void *new_plain(size_t bytes, const void *nothrow) __asm__("_ZnwmRKSt9nothrow_t");
extern void *new_aligned(size_t bytes, size_t align,
                         const void *nothrow) __asm__("_ZnwmSt11align_val_tRKSt9nothrow_t");
extern void delete_plain(void *p) __asm__("_ZdlPv");
extern void delete_aligned(void *p, size_t align) __asm__("_ZdlPvSt11align_val_t");

// Refused requests are counted as well: fault injection makes some.
static void *take(uint64_t random)
{
	const size_t bytes = random % 61 == 0 ? 70000 : random % 17 == 0 ? 5000 : random % 700;
	void *p = NULL;

	switch (random >> 20 & 15) {
	case 0:
		count(CALLOC);
		return calloc(bytes, 1);
	case 1:
		count(MEMALIGN);
		return posix_memalign(&p, 64, bytes) == 0 ? p : NULL;
	case 2:
		count(REALLOC);
		return realloc(NULL, bytes + 1);
	case 3:
	case 4:
		count(MALLOC);
		return new_plain(bytes, NULL);
	case 5:
		count(MEMALIGN);
		return new_aligned(bytes, 128, NULL);
	default:
		count(MALLOC);
		p = malloc(bytes);
	}
	if (p != NULL && bytes > 0)
		memset(p, 1, bytes);
	return p;
}

static void give(void *p)
{
	if (p != NULL)
		count(FREE);
	if (((uintptr_t)p >> 5 & 3) == 0)
		delete_plain(p);
	else if (((uintptr_t)p >> 5 & 3) == 1)
		delete_aligned(p, 128);
	else
		free(p);
}

static void put(unsigned box, void *p)
{
	give(__atomic_exchange_n(&boxes[box], p, __ATOMIC_ACQ_REL));
}

static void *work(void *arg)
{
	uint64_t random = (uintptr_t)arg * 7919 + 1;

	for (int i = 0; i < ROUNDS; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
		put((unsigned)(random >> 40) % BOXES, take(random >> 16));
		if (i % 50 == 0) {
			void *p = take(3 << 20), *larger;

			count(REALLOC);
			larger = realloc(p, 300);
			give(larger != NULL ? larger : p);
		}
		if (i % 500 == 0) { // nobody has so much
			count(MALLOC);
			if (malloc(SIZE_MAX / 4) != NULL)
				abort();
		}
	}
	return NULL;
}

static pthread_key_t key;

// Behind the interposer's own destructor, too: it comes again.
static void late(void *value)
{
	static __thread int times;
	void *fresh;

	give(value);
	count(MALLOC);
	fresh = malloc(40);
	if (++times < 3)
		pthread_setspecific(key, fresh);
	else
		give(fresh);
}

static void *come_and_go(void *arg)
{
	void *mine;

	count(MALLOC);
	mine = malloc(30);
	pthread_setspecific(key, mine);
	put((unsigned)(uintptr_t)arg % BOXES, take((uintptr_t)arg));
	return NULL;
}

// More of them than there are slots, while others work.
static void *generations(void *arg)
{
	pthread_t ids[COMERS];

	for (int round = 0; round < GENERATIONS; round++) {
		for (uintptr_t i = 0; i < COMERS; i++)
			if (pthread_create(&ids[i], NULL, come_and_go, (void *)(i + 1)) != 0)
				abort();
		for (int i = 0; i < COMERS; i++)
			pthread_join(ids[i], NULL);
	}
	return arg;
}

static void *forks(void *arg)
{
	for (int i = 0; i < FORKS; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			for (int k = 0; k < 20; k++)
				free(malloc(50));
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid || status != 0)
			abort();
	}
	return arg;
}

// As the runner looks: what it sees never goes back.
static void *look(void *arg)
{
	static struct tele_file seen;
	const char *dir = getenv(SG_TELE_ENV_DIR);
	char pattern[600];
	glob_t found;
	int fd;

	snprintf(pattern, sizeof pattern, "%s/interposer-%d-*", dir != NULL ? dir : "", (int)getpid());
	if (glob(pattern, 0, NULL, &found) != 0)
		abort();
	fd = open(found.gl_pathv[0], O_RDONLY | O_CLOEXEC);
	globfree(&found);
	for (uint64_t before = 0; fd >= 0 && !__atomic_load_n(&stop, __ATOMIC_RELAXED);) {
		if (telemetry_look(fd, &seen) < 0 || strcmp(seen.counters[0].name, "malloc_calls") != 0 ||
		    seen.counters[0].value < before)
			abort();
		before = seen.counters[0].value;
	}
	close(fd);
	return arg;
}

static void start(pthread_t *id, void *(*function)(void *), uintptr_t arg)
{
	if (pthread_create(id, NULL, function, (void *)arg) != 0)
		abort();
}

int main(void)
{
	pthread_t workers[WORKERS], others[3], reader;

	pthread_key_create(&key, late);
	start(&reader, look, 0);
	for (uintptr_t i = 0; i < WORKERS; i++)
		start(&workers[i], work, i);
	start(&others[0], generations, 0);
	start(&others[1], forks, 0);
	start(&others[2], forks, 0);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(others[i], NULL);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(reader, NULL);
	for (unsigned i = 0; i < BOXES; i++)
		put(i, NULL);
	for (unsigned f = 0; f < FUNCTIONS; f++)
		printf("%llu ", (unsigned long long)calls[f]);
	puts("");
	return 0;
}
