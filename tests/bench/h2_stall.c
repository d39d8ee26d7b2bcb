// Coordinated omission: a server that does nothing for a known time, and who notices.
#include "h2_parts.h"
#include "h2_responder.h"
#include "h2_rounds.h"

#include "hist.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define RATE 1000.0 // a second
#define LATE_NS UINT64_C(100000000)
#define TOLERANCE 0.05

struct stall {
	struct bench_server *server;
	struct h2_answers *answers; // its own account
	double before, lasts;       // s
};

// Stops the server in a process of its own.
static pid_t stop_later(const struct stall *s)
{
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	usleep((useconds_t)(1e6 * s->before));
	kill(s->server->pid, SIGSTOP);
	usleep((useconds_t)(1e6 * s->lasts));
	kill(s->server->pid, SIGCONT);
	_exit(0);
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

// ---- the truth ----------------------------------------------------------------------------------------------

static struct h2_answers *new_log(void)
{
	const size_t room = 100000, bytes = sizeof(struct h2_answers) + room * sizeof(uint64_t);
	struct h2_answers *log = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (log == MAP_FAILED)
		return NULL;
	log->room = room;
	return log;
}

// The server's account: each request was due so long after the first one as the rate says, and was answered when
// the server wrote it down. What waited for a stream, and what the stall's backlog delayed, is late in truth too.
static uint64_t late_in_truth(const struct h2_answers *log)
{
	uint64_t late = 0;

	for (size_t i = 0; i < log->count && i < log->room; i++)
		late += log->at_ns[i] > log->first_ns + (uint64_t)((double)i * 1e9 / RATE) + LATE_NS;
	return late;
}

// ---- one run ------------------------------------------------------------------------------------------------

static bool run_one(const struct load *l, const struct stall *s, bool ours, uint64_t *late, uint64_t *all)
{
	struct buf out = { 0 };
	struct cost c;
	char log[] = "/tmp/h2_bench-XXXXXX", option[64];
	const int fd = mkstemp(log);
	char rps[] = "--rps=1000", trace[] = "--log-file";

	snprintf(option, sizeof option, "%s=%s", trace, log);
	char *const peer[] = { rps, option, NULL };
	struct load theirs = *l;
	theirs.peer = peer;
	s->answers->count = 0;
	const pid_t pid = fd >= 0 ? stop_later(s) : -1;
	bool ok =
	        pid > 0 && (ours ? run_ours(l, "wire", s->server, &out, &c) : run_h2load(&theirs, s->server, &c));
	if (pid > 0 && waitpid(pid, NULL, 0) < 0)
		ok = false;
	ok = ok && (ours ? count_late(&out, "total", late, all) : count_late_lines(log, late, all));
	close(fd);
	unlink(log);
	buf_deinit(&out);
	return ok;
}

static bool print_one(const struct load *l, const struct stall *s, bool ours)
{
	uint64_t late, all;

	if (!run_one(l, s, ours, &late, &all))
		return false;
	const uint64_t truth = late_in_truth(s->answers);
	const double off = (double)late / (truth ? (double)truth : 1) - 1;
	printf("-m %-5u %-12s %5" PRIu64 " of %5" PRIu64 " later than 100 ms, in truth %4" PRIu64 "  %+6.1f %%",
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
	struct bench_server server = { 0 };
	struct h2_answers *answers = new_log();
	bool ok = answers != NULL && server_start_responder(&server, 128, answers);
	const struct stall stall = { &server, answers, quick ? 0.3 : 2, quick ? 0.4 : 1 };

	for (size_t i = 0; ok && i < sizeof streams / sizeof *streams; i++) {
		const struct load l = { .connections = 1,
			                .streams = streams[i],
			                .requests = quick ? 1000 : 5000,
			                .more = "(rate 1000)",
			                .request = GET_128 };
		ok = print_one(&l, &stall, true) && (!with_h2load || quick || print_one(&l, &stall, false));
	}
	server_stop(&server);
	return ok;
}
