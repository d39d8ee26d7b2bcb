// What libstressalloc.so adds to a malloc and free, against the same program without it: every combination in
// turn, several rounds, the fastest of each. `alloc_bench [--quick|ROUNDS]`; `--one` is the child's part.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAIRS 500000U
#define SLOTS 4096U

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

// ns a pair: the block that was taken last is given back first.
static double lifo(void)
{
	uint64_t start = now_ns();

	for (unsigned i = 0; i < PAIRS; i++) {
		void *volatile p = malloc(64);
		free(p);
	}
	return (double)(now_ns() - start) / PAIRS;
}

// ns a pair: blocks of 16 to 527 bytes in random places.
static double scattered(void)
{
	static void *slots[SLOTS];
	uint64_t random = 42;
	uint64_t start = now_ns();

	for (unsigned i = 0; i < PAIRS; i++) {
		unsigned at = (unsigned)(random >> 40) % SLOTS;

		free(slots[at]);
		slots[at] = malloc(16 + (random >> 32) % 512);
		random = random * 6364136223846793005U + 1442695040888963407U;
	}
	return (double)(now_ns() - start) / PAIRS;
}

static int one(void)
{
	double best_lifo = 1e9, best_scattered = 1e9;

	for (int i = 0; i < 5; i++) {
		double a = lifo(), b = scattered();

		best_lifo = a < best_lifo ? a : best_lifo;
		best_scattered = b < best_scattered ? b : best_scattered;
	}
	printf("%.3f %.3f\n", best_lifo, best_scattered);
	return 0;
}

struct mode {
	const char *name;
	const char *library;    // in front; NULL: none
	double lifo, scattered; // the best so far
};

struct allocator {
	const char *name;
	const char *library; // NULL: libc's own
};

static int measure(const char *self, struct mode *m, const struct allocator *a)
{
	char command[4096];
	double x, y;
	FILE *f;

	snprintf(command, sizeof command, "LD_PRELOAD='%s%s%s' '%s' --one 2>/dev/null",
	         m->library != NULL ? m->library : "", m->library != NULL && a->library != NULL ? " " : "",
	         a->library != NULL ? a->library : "", self);
	f = popen(command, "r");
	if (f == NULL || fscanf(f, "%lf %lf", &x, &y) != 2) {
		if (f != NULL)
			pclose(f);
		return -EIO;
	}
	m->lifo = m->lifo == 0 || x < m->lifo ? x : m->lifo;
	m->scattered = m->scattered == 0 || y < m->scattered ? y : m->scattered;
	return pclose(f) == 0 ? 0 : -EIO;
}

static int compare(const char *self, const struct allocator *a, int rounds)
{
	struct mode modes[] = {
		{ "without", NULL, 0, 0 },
		{ "empty interposer", EMPTY_INTERPOSER, 0, 0 },
		{ "libstressalloc.so", STRESSALLOC, 0, 0 },
	};

	for (int round = 0; round < rounds; round++)
		for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
			if (measure(self, &modes[i], a) < 0)
				return -EIO;
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		printf("%-10s %-18s %7.2f %7.2f   %+6.2f %+6.2f   %5.2f %5.2f\n", a->name, modes[i].name,
		       modes[i].lifo, modes[i].scattered, modes[i].lifo - modes[0].lifo,
		       modes[i].scattered - modes[0].scattered, modes[i].lifo / modes[0].lifo,
		       modes[i].scattered / modes[0].scattered);
	return 0;
}

static int is_there(const struct allocator *a)
{
	char command[256];

	if (a->library == NULL)
		return 1;
	snprintf(command, sizeof command, "ldconfig -p 2>/dev/null | grep -q '%s '", a->library);
	return system(command) == 0;
}

int main(int argc, char **argv)
{
	static const struct allocator allocators[] = {
		{ "glibc", NULL },
		{ "jemalloc", "libjemalloc.so.2" },
		{ "mimalloc", "libmimalloc.so.2.0" },
		{ "tcmalloc", "libtcmalloc_minimal.so.4" },
	};
	int rounds = argc < 2 ? 10 : strcmp(argv[1], "--quick") == 0 ? 1 : atoi(argv[1]);

	if (argc > 1 && strcmp(argv[1], "--one") == 0)
		return one();
	if (rounds < 1) {
		fputs("usage: alloc_bench [--quick|ROUNDS]\n", stderr);
		return 2;
	}
	puts("                               ns a pair        added         ratio");
	puts("allocator  in front              LIFO  random    LIFO random    LIFO random");
	for (size_t i = 0; i < sizeof allocators / sizeof allocators[0]; i++) {
		fflush(stdout);
		if (is_there(&allocators[i]) && compare(argv[0], &allocators[i], rounds) < 0) {
			fprintf(stderr, "alloc_bench: %s could not be measured\n", allocators[i].name);
			return 1;
		}
	}
	return 0;
}
