// What libstressalloc.so costs, beside an interposer that does nothing, libmemusage and heaptrack: CPU time of the
// same program with each of them in front, in turn, several rounds, the fastest of each. `alloc_bench
// [--quick|ROUNDS]`;
// `--pairs` and `--larson` are the children's parts.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAIRS 500000U
#define SLOTS 4096U
#define REPEATS 5
#define HEAPTRACK "/usr/lib/heaptrack/libheaptrack_preload.so"
#define MEMUSAGE "libmemusage.so"

static uint64_t random_state = 42;

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005U + 1442695040888963407U;
	return *state >> 33;
}

// ---- the children's parts -----------------------------------------------------------------------------------

// CPU time: on a machine that does other things as well, the clock on the wall says little.
static uint64_t cpu_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

// ns a pair: the block that was taken last is given back first.
static double lifo(void)
{
	uint64_t start = cpu_ns(CLOCK_THREAD_CPUTIME_ID);

	for (unsigned i = 0; i < PAIRS; i++) {
		void *volatile p = malloc(64);
		free(p);
	}
	return (double)(cpu_ns(CLOCK_THREAD_CPUTIME_ID) - start) / PAIRS;
}

// ns a pair: blocks of 16 to 527 bytes in random places.
static double scattered(void)
{
	static void *slots[SLOTS];
	uint64_t start = cpu_ns(CLOCK_THREAD_CPUTIME_ID);

	for (unsigned i = 0; i < PAIRS; i++) {
		uint64_t r = next_random(&random_state);
		unsigned at = (unsigned)(r >> 8) % SLOTS;

		free(slots[at]);
		slots[at] = malloc(16 + r % 512);
	}
	return (double)(cpu_ns(CLOCK_THREAD_CPUTIME_ID) - start) / PAIRS;
}

static int pairs(void)
{
	double best_lifo = 1e9, best_scattered = 1e9;

	for (int i = 0; i < REPEATS; i++) {
		double a = lifo(), b = scattered();

		best_lifo = a < best_lifo ? a : best_lifo;
		best_scattered = b < best_scattered ? b : best_scattered;
	}
	printf("%.3f %.3f\n", best_lifo, best_scattered);
	return 0;
}

// Larson and Krishnan 1998: each thread replaces blocks of 10 to 500 bytes at random, then hands all of them to a
// thread that follows it.
#define LARSON_BLOCKS 1000U
#define LARSON_ROUNDS 20
#define LARSON_SWAPS 50000U

struct larson {
	void *blocks[LARSON_BLOCKS];
	uint64_t random;
	int rounds;
};

static void *larson_thread(void *arg)
{
	struct larson *l = arg;
	pthread_t heir;

	for (unsigned i = 0; i < LARSON_SWAPS; i++) {
		uint64_t r = next_random(&l->random);

		free(l->blocks[r % LARSON_BLOCKS]);
		l->blocks[r % LARSON_BLOCKS] = malloc(10 + r / LARSON_BLOCKS % 491);
	}
	if (--l->rounds > 0 && pthread_create(&heir, NULL, larson_thread, l) == 0)
		pthread_join(heir, NULL);
	return NULL;
}

static int larson(void)
{
	static struct larson all[2] = { { .random = 1, .rounds = LARSON_ROUNDS },
		                        { .random = 2, .rounds = LARSON_ROUNDS } };
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, larson_thread, &all[i]) != 0)
			return 1;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

// ---- running them -------------------------------------------------------------------------------------------

struct mode {
	const char *name;
	const char *library; // in front; NULL: none
	const char *options; // STRESSGEN_ALLOC; NULL
};

static const struct mode modes[] = {
	{ "without", NULL, NULL },
	{ "empty interposer", EMPTY_INTERPOSER, NULL },
	{ "counters", STRESSALLOC, "mode=counters" },
	{ "live and peak", STRESSALLOC, "mode=live" },
	{ "sampled (default)", STRESSALLOC, "mode=sampled" },
	{ "every call timed", STRESSALLOC, "mode=every" },
	{ "libmemusage", MEMUSAGE, NULL },
	{ "heaptrack", HEAPTRACK, NULL },
};
#define MODES (sizeof modes / sizeof modes[0])

struct allocator {
	const char *name;
	const char *library; // NULL: libc's own
};

static const struct allocator allocators[] = {
	{ "glibc", NULL },
	{ "jemalloc", "libjemalloc.so.2" },
	{ "mimalloc", "libmimalloc.so.2.0" },
	{ "tcmalloc", "libtcmalloc_minimal.so.4" },
};

static bool is_there(const char *library)
{
	char command[256];

	if (library == NULL)
		return true;
	if (library[0] == '/')
		return access(library, R_OK) == 0;
	snprintf(command, sizeof command,
	         "ldconfig -p 2>/dev/null | grep -q '%s ' || ls /lib/*/%s >/dev/null 2>&1", library, library);
	return system(command) == 0;
}

static void be_child(const struct mode *m, const struct allocator *a, int out, char *const *argv)
{
	char preload[2048];
	int null = open("/dev/null", O_RDWR);

	snprintf(preload, sizeof preload, "%s%s%s", m->library != NULL ? m->library : "",
	         m->library != NULL && a->library != NULL ? ":" : "", a->library != NULL ? a->library : "");
	if (preload[0] != '\0')
		setenv("LD_PRELOAD", preload, 1);
	if (m->options != NULL)
		setenv("STRESSGEN_ALLOC", m->options, 1);
	setenv("PYTHONMALLOC", "malloc", 1);
	setenv("DUMP_HEAPTRACK_OUTPUT", "/dev/null", 1);
	dup2(null, 0);
	dup2(out >= 0 ? out : null, 1);
	dup2(null, 2);
	execvp(argv[0], argv);
	_exit(127);
}

// CPU time in ns, and the first line that it printed; -EIO when it failed.
static int run(const struct mode *m, const struct allocator *a, char *const *argv, double *cpu, char *line,
               size_t size)
{
	struct rusage usage;
	int status, fds[2];
	ssize_t n;
	pid_t pid;

	if (pipe(fds) < 0)
		return -errno;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		be_child(m, a, line != NULL ? fds[1] : -1, argv);
	close(fds[1]);
	n = line != NULL && pid > 0 ? read(fds[0], line, size - 1) : 0;
	close(fds[0]);
	if (line != NULL)
		line[n > 0 ? n : 0] = '\0';
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0)
		return -EIO;
	*cpu = 1e9 * (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       1e3 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	return 0;
}

static double lesser(double a, double b)
{
	return a == 0 || b < a ? b : a;
}

// ---- pairs --------------------------------------------------------------------------------------------------

static int measure_pairs(char *self, const struct mode *m, const struct allocator *a, double best[2])
{
	char part[] = "--pairs";
	char *argv[] = { self, part, NULL };
	char line[100];
	double cpu, x, y;

	if (run(m, a, argv, &cpu, line, sizeof line) < 0 || sscanf(line, "%lf %lf", &x, &y) != 2)
		return -EIO;
	best[0] = lesser(best[0], x);
	best[1] = lesser(best[1], y);
	return 0;
}

static int compare_pairs(char *self, const struct allocator *a, int rounds)
{
	double best[MODES][2] = { { 0 } };

	for (int round = 0; round < rounds; round++)
		for (size_t i = 0; i < MODES; i++)
			if (is_there(modes[i].library) && measure_pairs(self, &modes[i], a, best[i]) < 0) {
				fprintf(stderr, "alloc_bench: %s with %s could not be measured\n", a->name,
				        modes[i].name);
				return i < 2 || modes[i].options != NULL ? -EIO : 0;
			}
	for (size_t i = 0; i < MODES; i++)
		if (best[i][0] > 0)
			printf("%-9s %-18s %7.2f %7.2f   %+7.2f %+7.2f   %6.2f %6.2f\n", a->name, modes[i].name,
			       best[i][0], best[i][1], best[i][0] - best[0][0], best[i][1] - best[0][1],
			       best[i][0] / best[0][0], best[i][1] / best[0][1]);
	return 0;
}

// ---- programs -----------------------------------------------------------------------------------------------

static void compare_program(const char *name, char *const *argv, int rounds)
{
	double best[MODES] = { 0 }, cpu;

	for (int round = 0; round < rounds; round++)
		for (size_t i = 0; i < MODES; i++)
			if (is_there(modes[i].library) && run(&modes[i], &allocators[0], argv, &cpu, NULL, 0) == 0)
				best[i] = lesser(best[i], cpu);
	if (best[0] == 0) {
		printf("%-10s is not on this machine\n", name);
		return;
	}
	printf("%-10s %6.0f", name, best[0] / 1e6);
	for (size_t i = 1; i < MODES; i++)
		if (best[i] > 0)
			printf(" %8.2f", best[i] / best[0]);
		else
			printf(" %8s", "-");
	putchar('\n');
}

static void compare_programs(char *self, int rounds, bool quick)
{
	static char larson_part[] = "--larson";
	static char lua[] = "lua5.4", python[] = "/usr/bin/python3", sqlite[] = "sqlite3", gawk[] = "gawk",
	            e[] = "-e", c[] = "-c";
	static char memory[] = ":memory:";
	static char in_lua[] = "local t = {} for r = 1, 6 do for i = 1, 2e5 do t[i] = {tostring(i), i} end end";
	static char in_python[] = "for r in range(6):\n  x = [{'a': str(i), 'b': [i]} for i in range(60000)]";
	static char in_sql[] =
	        "create table t(a, b); with recursive n(i) as (select 1 union all select i + 1 from n "
	        "where i < 300000) insert into t select i, hex(i) from n; select count(*), sum(a), "
	        "max(b), group_concat(b) from t;";
	static char in_gawk[] = "BEGIN { for (r = 0; r < 3; r++) { delete a; for (i = 0; i < 150000; i++) "
	                        "a[i \"x\"] = i \"y\" i } }";
	const struct {
		const char *name;
		char *argv[4];
	} programs[] = {
		{ "larson", { self, larson_part, NULL } },     { "lua5.4", { lua, e, in_lua, NULL } },
		{ "python3", { python, c, in_python, NULL } }, { "sqlite3", { sqlite, memory, in_sql, NULL } },
		{ "gawk", { gawk, in_gawk, NULL } },
	};

	puts("\nCPU time on glibc as a multiple of that without");
	puts("               ms    empty counters     live  sampled    every memusage heaptrack");
	for (size_t i = 0; i < (quick ? 1 : sizeof programs / sizeof programs[0]); i++)
		compare_program(programs[i].name, programs[i].argv, rounds);
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0; // glibc and larson only: that it works
	int rounds = argc < 2 ? 10 : quick ? 1 : atoi(argv[1]);

	if (argc > 1 && strcmp(argv[1], "--pairs") == 0)
		return pairs();
	if (argc > 1 && strcmp(argv[1], "--larson") == 0)
		return larson();
	if (rounds < 1) {
		fputs("usage: alloc_bench [--quick|ROUNDS]\n", stderr);
		return 2;
	}
	puts("                              ns a pair          added           ratio");
	puts("allocator in front             LIFO  random     LIFO  random     LIFO random");
	for (size_t i = 0; i < (quick ? 1 : sizeof allocators / sizeof allocators[0]); i++)
		if (is_there(allocators[i].library) && compare_pairs(argv[0], &allocators[i], rounds) < 0)
			return 1;
	compare_programs(argv[0], rounds < 4 ? rounds : 4, quick);
	return 0;
}
