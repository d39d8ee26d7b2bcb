// Coordinated omission: a server that does nothing for a known time, and who notices.
#include "h2_parts.h"
#include "h2_rounds.h"

#include "hist.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RATE 1000.0 // a second
#define LATE_NS UINT64_C(100000000)
#define TOLERANCE 0.05

struct stall {
	struct bench_server *server;
	double before, lasts; // s
};

// Stops the server in a process of its own; *really is how long it was, through `fd`.
static pid_t stop_later(const struct stall *s, int fd)
{
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	usleep((useconds_t)(1e6 * s->before));
	kill(s->server->pid, SIGSTOP);
	const double from = seconds_now();
	usleep((useconds_t)(1e6 * s->lasts));
	kill(s->server->pid, SIGCONT);
	const double really = seconds_now() - from;
	_exit(write(fd, &really, sizeof really) == sizeof really ? 0 : 1);
}

// How many of the histogram `name` in the output took longer than LATE_NS.
static bool count_late(const struct buf *out, const char *name, uint64_t *late, uint64_t *all)
{
	char begin[32];
	struct err e = { 0 };
	struct hist *h = NULL;

	snprintf(begin, sizeof begin, "@@ hist %s ", name);
	const char *at = strstr(buf_text(out), begin);
	if (at == NULL)
		return false;
	at += strlen(begin);
	if (hist_decode(at, strcspn(at, "\n"), &h, &e) < 0)
		return false;
	*all = h->total;
	*late = hist_count_between(h, LATE_NS, UINT64_MAX);
	hist_free(h);
	return true;
}

// h2load's log: start in us, status, duration in us, one line a request.
static bool count_late_lines(const char *path, uint64_t *late, uint64_t *all)
{
	FILE *f = fopen(path, "re");
	uint64_t start, us;
	int status;

	*late = *all = 0;
	while (f != NULL && fscanf(f, "%" SCNu64 " %d %" SCNu64, &start, &status, &us) == 3) {
		++*all;
		*late += us * 1000 > LATE_NS;
	}
	if (f != NULL)
		fclose(f);
	return *all > 0;
}

static bool run_one(const struct load *l, const struct stall *s, bool ours, uint64_t *late, uint64_t *all,
                    double *really)
{
	struct buf out = { 0 };
	struct cost c;
	int ends[2];
	char log[] = "/tmp/h2_bench-XXXXXX", option[64];
	const int fd = mkstemp(log);
	char duration[32], rps[] = "--rps=1000", trace[] = "--log-file";

	snprintf(option, sizeof option, "%s=%s", trace, log);
	snprintf(duration, sizeof duration, "-n%" PRIu64, l->requests);
	char *const peer[] = { rps, option, NULL };
	struct load theirs = *l;
	theirs.peer = peer;
	bool ok = fd >= 0 && pipe(ends) == 0;
	const pid_t pid = ok ? stop_later(s, ends[1]) : -1;
	ok = pid > 0 && (ours ? run_ours(l, "wire", s->server, &out, &c) : run_h2load(&theirs, s->server, &c));
	if (pid > 0 && (waitpid(pid, NULL, 0) < 0 || read(ends[0], really, sizeof *really) != sizeof *really))
		ok = false;
	ok = ok && (ours ? count_late(&out, "total", late, all) : count_late_lines(log, late, all));
	close(ends[0]);
	close(ends[1]);
	close(fd);
	unlink(log);
	buf_deinit(&out);
	return ok;
}

static bool print_one(const struct load *l, const struct stall *s, bool ours)
{
	uint64_t late, all;
	double really;

	if (!run_one(l, s, ours, &late, &all, &really))
		return false;
	// Those that were due between the stall's beginning and 100 ms before its end.
	const double truth = RATE * (really - 1e-9 * (double)LATE_NS), off = (double)late / truth - 1;
	printf("-m %-5u %-12s %5" PRIu64 " of %5" PRIu64 " later than 100 ms, in truth %4.0f  %+6.1f %%",
	       l->streams, ours ? "stressgen-h2" : "h2load", late, all, truth, 100 * off);
	if (ours)
		printf("  goal: within 5 %% %s", off > -TOLERANCE && off < TOLERANCE ? "met" : "MISSED");
	printf("\n");
	fflush(stdout);
	return true;
}

bool part_stall(bool quick, bool with_h2load)
{
	static const unsigned streams[] = { 1, 100, 1000 };
	struct bench_server server;
	bool ok = server_start_own(&server, "wire");
	const struct stall stall = { &server, quick ? 0.3 : 2, quick ? 0.4 : 1 };

	printf("an open loop of 1000/s on one connection; the server does nothing for %.1f s\n", stall.lasts);
	for (size_t i = 0; ok && i < sizeof streams / sizeof *streams; i++) {
		const struct load l = { .connections = 1,
			                .streams = streams[i],
			                .requests = quick ? 1000 : 5000,
			                .more = "(rate 1000)",
			                .request = "(path \"/bytes/128\")" };
		ok = print_one(&l, &stall, true) && (!with_h2load || quick || print_one(&l, &stall, false));
	}
	server_stop(&server);
	return ok;
}
