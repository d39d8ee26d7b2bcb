// Our HTTP/2 client against h2load, in pairs: the same core, the same server, one after the other in every round,
// so that whatever else the machine does falls on both. CPU time is the kernel's account of each process.
#include "buf.h"
#include "h2_responder.h"
#include "io.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ROUNDS 50
#define SERVER_CORE 0U
#define CLIENT_CORE 1U

struct load {
	unsigned connections, streams;
	unsigned long requests;
	double session_goal, wire_goal; // ours / h2load, CPU; 0: none
};

// CPU and wall time of one run, in s.
struct cost {
	double cpu, wall;
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// On a machine with one core the affinity cannot be set, and the figures say less.
static void pin(unsigned core)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

// Runs `argv` on the client's core, its output thrown away. False when it failed.
static bool run(char *const argv[], struct cost *c)
{
	struct rusage r;
	int status;
	double start = now();
	pid_t pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);
		dup2(null, 1);
		pin(CLIENT_CORE);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &r) < 0 || status != 0)
		return false;
	c->wall = now() - start;
	c->cpu = (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	         1e-6 * (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
	return true;
}

static bool run_ours(const struct load *l, const char *engine, unsigned port, struct cost *c)
{
	static char program[] = SG_BUILD_DIR "/libexec/stressgen/stressgen-h2";
	char file[] = "/tmp/h2_bench-XXXXXX", url[64], name[16];
	struct buf text = { 0 };
	buf_addf(&text,
	         "(scenario bench (load (connections %u) (streams %u) (requests %lu) (deadline 10m))"
	         " (request get (path \"/\") (expect (status 200) (length %d))))\n",
	         l->connections, l->streams, l->requests, H2_RESPONDER_BODY);
	int fd = mkstemp(file);
	bool ok = fd >= 0 && io_write_all(fd, text.data, text.len) == 0;
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", port);
	snprintf(name, sizeof(name), "%s", engine);
	char run_word[] = "run", option[] = "--h2-target", engine_option[] = "--h2-engine";
	char *const argv[] = { program, run_word, engine_option, name, option, url, file, NULL };
	ok = ok && run(argv, c);
	buf_deinit(&text);
	close(fd);
	unlink(file);
	return ok;
}

static bool run_h2load(const struct load *l, unsigned port, struct cost *c)
{
	char connections[16], streams[16], requests[24], url[64], program[] = "h2load";
	snprintf(connections, sizeof(connections), "-c%u", l->connections);
	snprintf(streams, sizeof(streams), "-m%u", l->streams);
	snprintf(requests, sizeof(requests), "-n%lu", l->requests);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
	char *const argv[] = { program, connections, streams, requests, url, NULL };
	return run(argv, c);
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, unsigned n)
{
	qsort(values, n, sizeof(*values), compare_doubles);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

// One line of the table. False when a program failed.
static bool compare(const struct load *l, const char *engine, unsigned port, unsigned rounds, bool with_h2load)
{
	double ours[MAX_ROUNDS], theirs[MAX_ROUNDS], cpu[MAX_ROUNDS], rate[MAX_ROUNDS];
	double us = 1e6 / (double)l->requests;
	for (unsigned i = 0; i < rounds; i++) {
		struct cost a, b = { 1, 1 };
		if (with_h2load && !run_h2load(l, port, &b)) {
			fprintf(stderr, "h2_bench: h2load failed\n");
			return false;
		}
		if (!run_ours(l, engine, port, &a)) {
			fprintf(stderr, "h2_bench: stressgen-h2 failed\n");
			return false;
		}
		ours[i] = a.cpu * us;
		theirs[i] = b.cpu * us;
		cpu[i] = a.cpu / b.cpu;
		rate[i] = b.wall / a.wall;
	}
	double goal = strcmp(engine, "wire") == 0 ? l->wire_goal : l->session_goal;
	printf("c%-4u m%-4u %9lu  %-8s%6.3f us", l->connections, l->streams, l->requests, engine,
	       median(ours, rounds));
	if (with_h2load) {
		double ratio = median(cpu, rounds);
		printf("  h2load %6.3f us  CPU %.2f (%.2f..%.2f)  rate %.2f", median(theirs, rounds), ratio,
		       cpu[0], cpu[rounds - 1], median(rate, rounds));
		if (goal > 0)
			printf("  goal %.2f %s", goal, ratio <= goal ? "met" : "MISSED");
	}
	printf("\n");
	fflush(stdout);
	return true;
}

static pid_t start_responder(unsigned *port)
{
	int listener = h2_responder_listen(port);
	pid_t pid = listener < 0 ? -1 : fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pin(SERVER_CORE);
		h2_responder_run(listener);
		_exit(1);
	}
	close(listener);
	return pid;
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
	unsigned rounds = quick ? 1 : 7, port = 0;
	struct load loads[] = { { 1, 100, 1000000, 0, 0.35 },
		                { 10, 100, 2000000, 0.85, 0.20 },
		                { 100, 10, 1000000, 0, 0.35 } };
	bool with_h2load = system("command -v h2load >/dev/null 2>&1") == 0, ok = true;
	if (argc > 1 && !quick && (rounds = (unsigned)strtoul(argv[1], NULL, 10)) - 1 >= MAX_ROUNDS) {
		fprintf(stderr, "Usage: h2_bench [--quick | ROUNDS]   (1 to %d, 7 if not given)\n", MAX_ROUNDS);
		return 2;
	}
	pid_t responder = start_responder(&port);
	if (responder < 0)
		return 1;
	printf("client CPU a request against a canned responder, median of %u interleaved rounds%s\n", rounds,
	       with_h2load ? "; ratios are ours / h2load, paired" : " (h2load is not installed)");
	for (size_t i = 0; ok && i < sizeof(loads) / sizeof(loads[0]); i++) {
		if (quick) {
			loads[i].requests /= 200;
			loads[i].session_goal = loads[i].wire_goal = 0;
		}
		ok = compare(&loads[i], "session", port, rounds, with_h2load) &&
		     compare(&loads[i], "wire", port, rounds, with_h2load);
	}
	kill(responder, SIGKILL);
	waitpid(responder, NULL, 0);
	return ok ? 0 : 1;
}
