// What libstressalloc.so costs, beside an interposer that does nothing, libmemusage and heaptrack: CPU time of the
// same program with each of them in front, in turn, several rounds, the fastest of each. Behind each figure is how
// far that of the odd rounds lies from that of the even ones: what another start of this program may say as well.
// `alloc_bench [--quick|ROUNDS]`; `alloc_bench --larson-pairs ROUNDS` runs larson alone, with and without the
// library in random order, and prints the median of the rounds' ratios with its 95 % interval; `alloc_bench
// --counters-pairs ROUNDS` does so with what the modes, but for `every`, add to a pair; `alloc_bench
// --instructions` counts them instead (valgrind), which is the same on a busy machine. `--pairs` and `--larson`
// are the children's parts.
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAIRS 25000U // a part of a millisecond: some of them nobody interrupts
#define SLOTS 4096U
#define REPEATS 80
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

// ns a pair: the block that was taken last is given back first. Neither is static: valgrind counts by their names.
double lifo(void);
double scattered(void);
__attribute__((noinline)) double lifo(void)
{
	uint64_t start = cpu_ns(CLOCK_THREAD_CPUTIME_ID);

	for (unsigned i = 0; i < PAIRS; i++) {
		void *volatile p = malloc(64);
		free(p);
	}
	return (double)(cpu_ns(CLOCK_THREAD_CPUTIME_ID) - start) / PAIRS;
}

// ns a pair: blocks of 16 to 527 bytes in random places.
__attribute__((noinline)) double scattered(void)
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

static int pairs(int repeats)
{
	double best_lifo = 1e9, best_scattered = 1e9;

	for (int i = 0; i < repeats; i++) {
		double a = lifo(), b = scattered();

		best_lifo = a < best_lifo ? a : best_lifo;
		best_scattered = b < best_scattered ? b : best_scattered;
	}
	printf("%.3f %.3f\n", best_lifo, best_scattered);
	return 0;
}

// Larson and Krishnan 1998: each thread replaces blocks of 10 to 500 bytes at random, then leaves all of them to a
// thread that follows it, and ends.
#define LARSON_BLOCKS 1000U
#define LARSON_ROUNDS 40
#define LARSON_SWAPS 50000U

struct larson {
	void *blocks[LARSON_BLOCKS];
	uint64_t random;
	int rounds;
	sem_t done;
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
	pthread_detach(pthread_self());
	if (--l->rounds == 0 || pthread_create(&heir, NULL, larson_thread, l) != 0)
		sem_post(&l->done);
	return NULL;
}

static int larson(void)
{
	static struct larson all[2] = { { .random = 1, .rounds = LARSON_ROUNDS },
		                        { .random = 2, .rounds = LARSON_ROUNDS } };
	pthread_t first;

	for (int i = 0; i < 2; i++)
		if (sem_init(&all[i].done, 0, 0) != 0 || pthread_create(&first, NULL, larson_thread, &all[i]) != 0)
			return 1;
	for (int i = 0; i < 2; i++)
		sem_wait(&all[i].done);
	return all[0].rounds + all[1].rounds != 0;
}

// ---- running them -------------------------------------------------------------------------------------------

struct mode {
	const char *name;
	const char *library; // in front; NULL: none
	const char *options; // STRESSGEN_INTERPOSER; NULL
	double most;         // instructions that it may add to a pair; 0: as many as it likes
};

static const struct mode modes[] = {
	{ "without", NULL, NULL, 0 },
	{ "empty interposer", EMPTY_INTERPOSER, NULL, 0 },
	{ "counters", STRESSALLOC, "mode=counters", 30 },
	{ "live and peak", STRESSALLOC, "mode=live", 110 },
	{ "sampled (default)", STRESSALLOC, "mode=sampled", 125 },
	{ "every call timed", STRESSALLOC, "mode=every", 0 },
	{ "libmemusage", MEMUSAGE, NULL, 0 },
	{ "heaptrack", HEAPTRACK, NULL, 0 },
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
		setenv("STRESSGEN_INTERPOSER", m->options, 1);
	setenv("PYTHONMALLOC", "malloc", 1);
	setenv("DUMP_HEAPTRACK_OUTPUT", "/dev/null", 1);
	dup2(null, 0);
	dup2(out >= 0 ? out : null, 1);
	dup2(null, 2);
	execvp(argv[0], argv);
	_exit(127);
}

// What is there until its end, as far as there is room.
static void read_text(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used + 1 < size && (n = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
}

// CPU time in ns, and what it printed; -EIO when it failed.
static int run(const struct mode *m, const struct allocator *a, char *const *argv, double *cpu, char *text,
               size_t size)
{
	struct rusage usage;
	int status, fds[2];
	pid_t pid;

	if (pipe(fds) < 0)
		return -errno;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		be_child(m, a, text != NULL ? fds[1] : -1, argv);
	close(fds[1]);
	if (text != NULL)
		read_text(fds[0], text, size);
	close(fds[0]);
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0)
		return -EIO;
	*cpu = 1e9 * (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       1e3 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	return 0;
}

// The least of the even rounds and of the odd ones; 0: none yet.
struct best {
	double of[2];
};

static void best_add(struct best *b, int round, double x)
{
	double *of = &b->of[round % 2];

	*of = *of == 0 || x < *of ? x : *of;
}

static double best_of(const struct best *b)
{
	return b->of[1] == 0 || b->of[0] < b->of[1] ? b->of[0] : b->of[1];
}

// How far the two halves disagree on what `b` has more than `base`, or as its multiple; 0 after one round.
static double more_spread(const struct best *b, const struct best *base)
{
	return b->of[1] == 0 ? 0 : fabs(b->of[0] - base->of[0] - (b->of[1] - base->of[1]));
}

static double ratio_spread(const struct best *b, const struct best *base)
{
	return b->of[1] == 0 ? 0 : fabs(b->of[0] / base->of[0] - b->of[1] / base->of[1]);
}

// ---- pairs --------------------------------------------------------------------------------------------------

// Children stay where they are, and all of them in the same place.
static void stay_here(void)
{
	cpu_set_t here;
	int cpu = sched_getcpu();

	CPU_ZERO(&here);
	CPU_SET(cpu >= 0 ? (unsigned)cpu : 0, &here);
	sched_setaffinity(0, sizeof here, &here);
}

static int measure_pairs(char *self, const struct mode *m, const struct allocator *a, int repeats, double out[2])
{
	char part[] = "--pairs", times[12], text[100];
	char *argv[] = { self, part, times, NULL };
	double cpu;

	snprintf(times, sizeof times, "%d", repeats);
	return run(m, a, argv, &cpu, text, sizeof text) < 0 || sscanf(text, "%lf %lf", &out[0], &out[1]) != 2
	               ? -EIO
	               : 0;
}

static void print_pairs(const struct allocator *a, const struct mode *m, const struct best best[2],
                        const struct best base[2])
{
	printf("%-9s %-18s", a->name, m->name);
	for (int i = 0; i < 2; i++)
		printf(" %7.2f", best_of(&best[i]));
	for (int i = 0; i < 2; i++)
		printf("  %+7.2f ~%.2f", best_of(&best[i]) - best_of(&base[i]), more_spread(&best[i], &base[i]));
	for (int i = 0; i < 2; i++)
		printf("  %6.2f", best_of(&best[i]) / best_of(&base[i]));
	putchar('\n');
}

static int compare_pairs(char *self, const struct allocator *a, int rounds)
{
	struct best best[MODES][2] = { 0 };

	for (int round = 0; round < rounds; round++)
		for (size_t i = 0; i < MODES; i++) {
			double ns[2];

			if (!is_there(modes[i].library))
				continue;
			if (measure_pairs(self, &modes[i], a, REPEATS, ns) < 0) {
				fprintf(stderr, "alloc_bench: %s with %s could not be measured\n", a->name,
				        modes[i].name);
				return i < 2 || modes[i].options != NULL ? -EIO : 0;
			}
			for (int k = 0; k < 2; k++)
				best_add(&best[i][k], round, ns[k]);
		}
	for (size_t i = 0; i < MODES; i++)
		if (best[i][0].of[0] > 0)
			print_pairs(a, &modes[i], best[i], best[0]);
	return 0;
}

// ---- instructions -------------------------------------------------------------------------------------------

// Instructions of a pair, all that is called counted in; -EIO without valgrind.
static double count_instructions(char *self, const struct mode *m, const struct allocator *a, const char *function)
{
	char valgrind[] = "valgrind", tool[] = "--tool=callgrind", out[] = "--callgrind-out-file=/dev/null",
	     log[] = "--log-fd=1", part[] = "--pairs", repeats[] = "2";
	char toggle[64], text[2000];
	char *argv[] = { valgrind, tool, out, log, toggle, self, part, repeats, NULL };
	const char *found;
	double cpu;

	snprintf(toggle, sizeof toggle, "--toggle-collect=%s", function);
	if (run(m, a, argv, &cpu, text, sizeof text) < 0 || (found = strstr(text, "Collected : ")) == NULL)
		return -EIO;
	return strtod(found + strlen("Collected : "), NULL) / (2.0 * PAIRS);
}

// 0, 1 when a mode adds more than it may, 77 without valgrind.
static int compare_instructions(char *self, bool quick)
{
	static const char *const functions[] = { "lifo", "scattered" };
	const size_t some = quick ? 1 : sizeof allocators / sizeof allocators[0];
	double base[2], n, most = 0;
	int status = 0;

	puts("instructions added to a pair        LIFO  random");
	for (size_t k = 0; k < some; k++)
		for (size_t i = 0; i < MODES && is_there(allocators[k].library); i++) {
			if (i > 0 && !(i == 1 || modes[i].most > 0))
				continue;
			for (int f = 0; f < 2; f++) {
				n = count_instructions(self, &modes[i], &allocators[k], functions[f]);
				if (n < 0) {
					puts("valgrind is not there, or cannot count here");
					return 77;
				}
				base[f] = i == 0 ? n : base[f];
				most = modes[i].most;
				status |= most > 0 && n - base[f] > most;
				if (f == 0)
					printf("%-12s %-18s", allocators[k].name, modes[i].name);
				printf(" %8.1f", i == 0 ? n : n - base[f]);
			}
			printf(most > 0 ? "   at most %.0f\n" : "\n", most);
		}
	return status;
}

// ---- programs -----------------------------------------------------------------------------------------------

static void compare_program(const char *name, char *const *argv, int rounds)
{
	struct best best[MODES] = { 0 };
	double cpu;

	for (int round = 0; round < rounds; round++)
		for (size_t i = 0; i < MODES; i++)
			if (is_there(modes[i].library) && run(&modes[i], &allocators[0], argv, &cpu, NULL, 0) == 0)
				best_add(&best[i], round, cpu);
	if (best[0].of[0] == 0) {
		printf("%-10s is not on this machine\n", name);
		return;
	}
	printf("%-10s %6.0f", name, best_of(&best[0]) / 1e6);
	for (size_t i = 1; i < MODES; i++)
		if (best[i].of[0] > 0)
			printf("  %6.2f ~%.2f", best_of(&best[i]) / best_of(&best[0]),
			       ratio_spread(&best[i], &best[0]));
		else
			printf("  %12s", "-");
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
	puts("               ms        empty      counters          live       sampled         every      memusage     heaptrack");
	for (size_t i = 0; i < (quick ? 1 : sizeof programs / sizeof programs[0]); i++)
		compare_program(programs[i].name, programs[i].argv, rounds);
}

// ---- in random order, with intervals ------------------------------------------------------------------------

#define SOME_MODES 5U // without, empty, counters, live and default: the first of modes

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

// The interval of a median is by the binomial distribution's normal approximation.
static void print_median(double *values, int rounds, int digits)
{
	const int half = (int)(0.98 * sqrt(rounds)) + 1, middle = rounds / 2;

	qsort(values, (size_t)rounds, sizeof *values, by_size);
	printf("  %6.*f  (%.*f to %.*f)", digits, values[middle], digits,
	       values[middle > half ? middle - half : 0], digits,
	       values[middle + half < rounds ? middle + half : rounds - 1]);
}

static void shuffle_modes(unsigned order[SOME_MODES])
{
	for (unsigned i = 0; i < SOME_MODES; i++) {
		const unsigned other = (unsigned)(next_random(&random_state) % (i + 1));

		order[i] = order[other];
		order[other] = i;
	}
}

static int larson_round(char *self, double cpu[SOME_MODES])
{
	char part[] = "--larson";
	char *argv[] = { self, part, NULL };
	unsigned order[SOME_MODES];
	int rc = 0;

	shuffle_modes(order);
	for (unsigned i = 0; i < SOME_MODES && rc == 0; i++)
		rc = run(&modes[order[i]], &allocators[0], argv, &cpu[order[i]], NULL, 0);
	return rc;
}

static int compare_larson(char *self, int rounds)
{
	double *ratios = calloc((size_t)rounds * SOME_MODES, sizeof *ratios), cpu[SOME_MODES];
	int rc = ratios != NULL ? 0 : -ENOMEM;

	for (int round = 0; round < rounds && rc == 0; round++) {
		rc = larson_round(self, cpu);
		for (unsigned i = 1; i < SOME_MODES && rc == 0; i++)
			ratios[i * (unsigned)rounds + (unsigned)round] = cpu[i] / cpu[0];
	}
	if (rc == 0)
		printf("larson: CPU time as a multiple of that without, median of %d rounds (95 %%)\n", rounds);
	for (unsigned i = 1; i < SOME_MODES && rc == 0; i++) {
		printf("%-18s", modes[i].name);
		print_median(&ratios[i * (unsigned)rounds], rounds, 3);
		putchar('\n');
	}
	free(ratios);
	return rc;
}

// ns that a mode adds to a pair, LIFO and random, by mode and round.
static int added_round(char *self, const struct allocator *a, double *added, int rounds, int round)
{
	double ns[SOME_MODES][2];
	unsigned order[SOME_MODES];
	int rc = 0;

	shuffle_modes(order);
	for (unsigned i = 0; i < SOME_MODES && rc == 0; i++)
		rc = measure_pairs(self, &modes[order[i]], a, REPEATS / 4, ns[order[i]]);
	for (unsigned i = 1; i < SOME_MODES && rc == 0; i++)
		for (unsigned k = 0; k < 2; k++)
			added[(2 * i + k) * (unsigned)rounds + (unsigned)round] = ns[i][k] - ns[0][k];
	return rc;
}

static int compare_added(char *self, const struct allocator *a, int rounds)
{
	double *added = calloc((size_t)rounds * 2 * SOME_MODES, sizeof *added);
	int rc = added != NULL ? 0 : -ENOMEM;

	for (int round = 0; round < rounds && rc == 0; round++)
		rc = added_round(self, a, added, rounds, round);
	for (unsigned i = 1; i < SOME_MODES && rc == 0; i++) {
		printf("%-9s %-18s", a->name, modes[i].name);
		for (unsigned k = 0; k < 2; k++)
			print_median(&added[(2 * i + k) * (unsigned)rounds], rounds, 2);
		putchar('\n');
	}
	free(added);
	return rc;
}

static int compare_all_added(char *self, int rounds)
{
	int rc = 0;

	stay_here();
	printf("ns added to a pair, LIFO and random, median of %d rounds (95 %%)\n", rounds);
	for (size_t i = 0; i < sizeof allocators / sizeof allocators[0] && rc == 0; i++)
		if (is_there(allocators[i].library))
			rc = compare_added(self, &allocators[i], rounds);
	return rc;
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0; // glibc and larson only: that it works
	int rounds = argc < 2 ? 10 : quick ? 1 : atoi(argv[1]);
	cpu_set_t all;

	sched_getaffinity(0, sizeof all, &all);
	if (argc > 1 && strcmp(argv[1], "--pairs") == 0)
		return pairs(argc > 2 ? atoi(argv[2]) : 1);
	if (argc > 1 && strcmp(argv[1], "--larson") == 0)
		return larson();
	if (argc > 1 && strcmp(argv[1], "--instructions") == 0)
		return compare_instructions(argv[0], argc > 2 && strcmp(argv[2], "--quick") == 0);
	if (argc > 2 && strcmp(argv[1], "--larson-pairs") == 0 && atoi(argv[2]) > 0)
		return compare_larson(argv[0], atoi(argv[2])) < 0;
	if (argc > 2 && strcmp(argv[1], "--counters-pairs") == 0 && atoi(argv[2]) > 0)
		return compare_all_added(argv[0], atoi(argv[2])) < 0;
	if (rounds < 1) {
		fputs("usage: alloc_bench [--quick|--instructions|--larson-pairs ROUNDS|--counters-pairs ROUNDS|ROUNDS]\n",
		      stderr);
		return 2;
	}
	stay_here();
	puts("                               ns a pair                added              ratio");
	puts("allocator in front             LIFO  random     LIFO           random       LIFO  random");
	for (size_t i = 0; i < (quick ? 1 : sizeof allocators / sizeof allocators[0]); i++)
		if (is_there(allocators[i].library) && compare_pairs(argv[0], &allocators[i], rounds) < 0)
			return 1;
	sched_setaffinity(0, sizeof all, &all);
	compare_programs(argv[0], rounds < 4 ? rounds : 4, quick);
	return 0;
}
