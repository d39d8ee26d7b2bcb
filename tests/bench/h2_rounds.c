// Runs in turn, and their medians.
#include "h2_rounds.h"

#include "h2_bare.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char h2_program[] = SG_BUILD_DIR "/libexec/stressgen/stressgen-h2";

double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void pin(unsigned core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	sched_setaffinity(0, sizeof set, &set);
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *values, unsigned n)
{
	qsort(values, n, sizeof *values, compare_doubles);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

// ---- one run ------------------------------------------------------------------------------------------------

static void read_all(int fd, struct buf *out)
{
	char piece[16384];
	ssize_t n;

	while ((n = read(fd, piece, sizeof piece)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && out != NULL)
			buf_add(out, piece, (size_t)n);
}

bool run_client(char *const argv[], const struct bench_server *s, struct buf *out, struct cost *c)
{
	struct rusage r;
	int status, ends[2];
	const double start = seconds_now(), cpu = server_cpu(s);

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	const pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], 1);
		pin(CLIENT_CORE);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(ends[1]);
	read_all(ends[0], out);
	close(ends[0]);
	if (pid < 0 || wait4(pid, &status, 0, &r) < 0 || status != 0)
		return false;
	c->wall = seconds_now() - start;
	c->cpu = (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	         1e-6 * (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
	c->server_cpu = server_cpu(s) - cpu;
	c->rss_bytes = (uint64_t)r.ru_maxrss * 1024;
	return true;
}

bool run_ours(const struct load *l, const char *engine, const struct bench_server *s, struct buf *out,
              struct cost *c)
{
	char file[] = "/tmp/h2_bench-XXXXXX", url[64], name[16];
	struct buf text = { 0 };
	const int fd = mkstemp(file);

	buf_addf(&text,
	         "(scenario bench (load (connections %u) (streams %u) (requests %" PRIu64 ") (deadline 10m) %s)"
	         " (request r %s))\n",
	         l->connections, l->streams, l->requests, l->more, l->request);
	bool ok = fd >= 0 && io_write_all(fd, text.data, text.len) == 0;
	snprintf(url, sizeof url, "http://127.0.0.1:%u", s->port);
	snprintf(name, sizeof name, "%s", engine);
	char run_word[] = "run", option[] = "--h2-target", engine_option[] = "--h2-engine";
	char *const argv[] = { h2_program, run_word, engine_option, name, option, url, file, NULL };
	ok = ok && run_client(argv, s, out, c);
	buf_deinit(&text);
	close(fd);
	unlink(file);
	if (!ok)
		fprintf(stderr, "h2_bench: stressgen-h2 failed\n");
	return ok;
}

// The limit of what any client can do: a program of read and write alone, which this one is too.
static bool run_bare(const struct load *l, const struct bench_server *s, struct cost *c)
{
	char self[] = "/proc/self/exe", option[] = H2_BARE_OPTION, numbers[6][24];
	char *argv[9] = { self, option };
	const uint64_t values[] = { s->port,     l->connections,  l->streams,
		                    l->requests, l->answer_bytes, l->upload_bytes };

	for (size_t i = 0; i < 6; i++) {
		snprintf(numbers[i], sizeof numbers[i], "%" PRIu64, values[i]);
		argv[2 + i] = numbers[i];
	}
	const bool ok = run_client(argv, s, NULL, c);
	if (!ok)
		fprintf(stderr, "h2_bench: the bare client failed\n");
	return ok;
}

bool run_h2load(const struct load *l, const struct bench_server *s, struct cost *c)
{
	char connections[16], streams[16], requests[24], url[64], program[] = "h2load";
	char *argv[16] = { program, connections, streams, requests };
	size_t n = 4;

	snprintf(connections, sizeof connections, "-c%u", l->connections);
	snprintf(streams, sizeof streams, "-m%u", l->streams);
	snprintf(requests, sizeof requests, "-n%" PRIu64, l->requests);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", s->port);
	for (char *const *more = l->peer; more != NULL && *more != NULL && n < 14; more++)
		argv[n++] = *more;
	argv[n] = url;
	const bool ok = run_client(argv, s, NULL, c);
	if (!ok)
		fprintf(stderr, "h2_bench: h2load failed\n");
	return ok;
}

// ---- a pair -------------------------------------------------------------------------------------------------

static void print_goal(const char *what, double ratio, struct goal g)
{
	if (g.value <= 0)
		return;
	const bool met = g.at_least ? ratio >= g.value : ratio <= g.value;
	printf("  goal: %s %s %.2f %s", what, g.at_least ? ">=" : "<=", g.value, met ? "met" : "MISSED");
}

// What one contender cost, round by round.
struct column {
	double us[MAX_ROUNDS], cpu[MAX_ROUNDS], rate[MAX_ROUNDS], server[MAX_ROUNDS];
	double of_limit[MAX_ROUNDS]; // its CPU in parts of the limit's in the same round
};

static bool run_contender(const struct load *l, const struct contender *who, const struct bench_server *s,
                          struct cost *c)
{
	struct load own = *l;

	if (who->name == NULL)
		return run_bare(l, s, c);
	if (who->more != NULL)
		own.more = who->more;
	return run_ours(&own, who->engine, s, NULL, c);
}

static void print_line(const struct load *l, const struct contender *who, const struct bench_server *s,
                       struct column *c, unsigned rounds)
{
	printf("%-8s c%-3u m%-3u %7" PRIu64 "  %-15s%8.3f us", s->name, l->connections, l->streams, l->requests,
	       who->name != NULL ? who->name : "(the limit)", median(c->us, rounds));
}

static void print_ratios(const struct contender *who, struct column *c, struct column *theirs, unsigned rounds)
{
	const double ratio = median(c->cpu, rounds), faster = median(c->rate, rounds);

	printf("  h2load %8.3f us  CPU %.2f (%.2f..%.2f)  rate %.2f  server's CPU %.2f",
	       median(theirs->us, rounds), ratio, c->cpu[0], c->cpu[rounds - 1], faster,
	       median(c->server, rounds));
	print_goal("CPU", ratio, who->cpu);
	print_goal("rate", faster, who->rate);
}

bool compare_loads(const struct load *l, const struct contender *contenders, size_t count,
                   const struct bench_server *s, unsigned rounds, bool with_h2load)
{
	struct column columns[MAX_CONTENDERS], theirs;
	const double us = 1e6 / (double)l->requests;

	for (unsigned i = 0; i < rounds; i++) {
		struct cost a, b = { 1, 1, 1, 0 };
		if (with_h2load && !run_h2load(l, s, &b))
			return false;
		theirs.us[i] = b.cpu * us;
		for (size_t k = 0; k < count; k++) {
			struct column *c = &columns[k];
			if (!run_contender(l, &contenders[k], s, &a))
				return false;
			c->us[i] = a.cpu * us;
			c->of_limit[i] = c->us[i] / columns[0].us[i];
			c->cpu[i] = a.cpu / b.cpu;
			c->rate[i] = b.wall / a.wall;
			c->server[i] = a.server_cpu / b.server_cpu;
		}
	}
	for (size_t k = 0; k < count; k++) {
		print_line(l, &contenders[k], s, &columns[k], rounds);
		if (with_h2load)
			print_ratios(&contenders[k], &columns[k], &theirs, rounds);
		if (k > 0 && contenders[0].name == NULL)
			printf("  of the limit %.2f", median(columns[k].of_limit, rounds));
		printf("\n");
	}
	fflush(stdout);
	return true;
}
