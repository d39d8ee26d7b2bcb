// Clients judged: whether they hang, crash, take too much memory, or call a success what is none.
#include "client_trial.h"

#include "buf.h"
#include "child.h"
#include "clock.h"
#include "hostile.h"
#include "lines.h"
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEPT (64U * 1024U) // bytes of what it prints

extern char **environ;

// What one client did.
struct ended {
	struct buf out, err;
	bool hung;
	int status; // as waitpid gives it
	uint64_t time_ns, cpu_ns, max_rss_bytes;
};

// ---- its command --------------------------------------------------------------------------------------------

static bool replace(struct buf *to, const char **at, const char *name, const char *value)
{
	const size_t len = strlen(name);
	if (strncmp(*at, name, len) != 0)
		return false;
	buf_adds(to, value);
	*at += len;
	return true;
}

// One word with what it names replaced; NULL without memory. *named is set where there was something.
static char *fill_in(const char *word, const char *url, const char *authority, const char *port, bool *named)
{
	struct buf b = { 0 };
	while (*word) {
		if (replace(&b, &word, "{url}", url) || replace(&b, &word, "{authority}", authority) ||
		    replace(&b, &word, "{port}", port))
			*named = true;
		else
			buf_addc(&b, *word++);
	}
	buf_addc(&b, '\0');
	return buf_take(&b);
}

static void free_command(char **argv)
{
	for (size_t i = 0; argv && argv[i]; i++)
		free(argv[i]);
	free(argv);
}

static char **make_command(char *const *words, unsigned port)
{
	char url[64], authority[32], number[8];
	size_t count = 0;
	bool named = false, whole = true;
	snprintf(number, sizeof(number), "%u", port);
	snprintf(authority, sizeof(authority), "127.0.0.1:%u", port);
	snprintf(url, sizeof(url), "http://%s/", authority);
	while (words[count])
		count++;
	char **argv = calloc(count + 2, sizeof(*argv));
	for (size_t i = 0; argv && whole && i < count; i++)
		whole = (argv[i] = fill_in(words[i], url, authority, number, &named)) != NULL;
	if (argv && whole && !named)
		whole = (argv[count] = strdup(url)) != NULL;
	if (argv && whole)
		return argv;
	free_command(argv);
	return NULL;
}

// ---- its life -----------------------------------------------------------------------------------------------

static int spawn_client(char **argv, const int out[2], const int err[2], pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	posix_spawn_file_actions_adddup2(&actions, err[1], 2);
	const int rc = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

// Takes what has come. False at the end.
static bool drain(int fd, struct buf *to)
{
	char piece[16384];
	const ssize_t n = read(fd, piece, sizeof(piece));
	if (n > 0 && to->len < KEPT)
		buf_add(to, piece, (size_t)n < KEPT - to->len ? (size_t)n : KEPT - to->len);
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

// Until the process has ended and its output is read, or the time is over. What it has left behind may hold the
// pipes open: those are not waited for.
static void watch(struct ended *x, int process, int out, int err, uint64_t deadline_ns)
{
	struct pollfd fds[] = { { process, POLLIN, 0 }, { out, POLLIN, 0 }, { err, POLLIN, 0 } };
	for (bool alive = true; alive || fds[1].fd >= 0 || fds[2].fd >= 0;) {
		const uint64_t now = clock_now_ns();
		if (alive && now >= deadline_ns) {
			x->hung = true;
			return;
		}
		const int left = (int)((deadline_ns - now) / SG_NS_PER_MS) + 1;
		if (poll(fds, 3, alive ? left : 0) == 0 && !alive)
			return;
		if (fds[1].revents && !drain(out, &x->out))
			fds[1].fd = -1;
		if (fds[2].revents && !drain(err, &x->err))
			fds[2].fd = -1;
		if (fds[0].revents) {
			alive = false;
			fds[0].fd = -1;
		}
	}
}

static void reap(struct ended *x, pid_t pid)
{
	struct rusage r = { 0 };
	if (x->hung)
		kill(pid, SIGKILL);
	while (wait4(pid, &x->status, 0, &r) < 0 && errno == EINTR)
		;
	x->max_rss_bytes = (uint64_t)r.ru_maxrss * 1024;
	x->cpu_ns = ((uint64_t)r.ru_utime.tv_sec + (uint64_t)r.ru_stime.tv_sec) * SG_NS_PER_S +
	            ((uint64_t)r.ru_utime.tv_usec + (uint64_t)r.ru_stime.tv_usec) * SG_NS_PER_US;
}

static void close_both(int fds[2])
{
	for (unsigned i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int perform(char **argv, uint64_t time_ns, struct ended *x, struct err *e)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, process = -1;
	pid_t pid = 0;
	int rc = pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 ? -errno : 0;
	const uint64_t start = clock_now_ns();
	if (rc == 0)
		rc = spawn_client(argv, out, err, &pid);
	if (rc == 0) {
		close(out[1]);
		close(err[1]);
		out[1] = err[1] = -1;
		process = (int)syscall(SYS_pidfd_open, pid, 0);
		watch(x, process, out[0], err[0], start + time_ns);
		x->time_ns = clock_now_ns() - start;
		reap(x, pid);
	}
	if (process >= 0)
		close(process);
	close_both(out);
	close_both(err);
	return rc < 0 ? err_set(e, -rc, "%s: %s", argv[0], strerror(-rc)) : 0;
}

// ---- judged -------------------------------------------------------------------------------------------------

// The last line of what it said on stderr, for one line of ours.
static void last_line(const struct buf *err, char *to, size_t size)
{
	size_t end = err->len, n = 0;
	while (end > 0 && isspace((unsigned char)err->data[end - 1]))
		end--;
	size_t begin = end;
	while (begin > 0 && err->data[begin - 1] != '\n')
		begin--;
	for (size_t i = begin; i < end && n + 1 < size; i++)
		to[n++] = isprint((unsigned char)err->data[i]) ? err->data[i] : '?';
	to[n] = '\0';
}

static bool is_output(const struct ended *x, const char *wanted)
{
	return !wanted || (x->out.len == strlen(wanted) && memcmp(buf_text(&x->out), wanted, x->out.len) == 0);
}

// An ordinary server's answer is what every client can take that speaks to it at all.
static const char control_hint[] = " (does it begin with HTTP/2, as curl --http2-prior-knowledge does?)";

static bool judge_end(const struct h2_hostile *h, const struct ended *x, struct buf *out)
{
	char time[32], said[160];
	units_duration(time, sizeof(time), x->time_ns);
	last_line(&x->err, said, sizeof(said));
	const char *before = said[0] ? ": " : "";
	if (x->hung)
		return h2_check(out, "client", false, "it hangs: no end within %s%s%s", time, before, said);
	if (WIFSIGNALED(x->status))
		return h2_check(out, "client", false, "it crashed of signal %d (%s) after %s%s%s",
		                WTERMSIG(x->status), strsignal(WTERMSIG(x->status)), time, before, said);
	const int code = WEXITSTATUS(x->status);
	if (code != 0)
		return h2_check(out, "client", h->error_right, "%s, exit %d after %s%s%s%s",
		                h->error_right ? "it failed, as is right" : "it failed, where it had no reason to",
		                code, time, before, said, strcmp(h->name, "control") == 0 ? control_hint : "");
	if (!h->success_right)
		return h2_check(out, "client", false, "it calls a success what is none, after %s", time);
	if (!is_output(x, h->output))
		return h2_check(out, "client", false,
		                "it ended well, and printed %zu bytes that are not the answer%s", x->out.len,
		                x->out.len > 0 ? "; it is to print the body, and nothing else" : "");
	return h2_check(out, "client", true, "it ended well, as is right, after %s", time);
}

static bool judge_memory(const struct h2_hostile *h, const struct ended *x, struct buf *out)
{
	char used[32], limit[32];
	units_bytes(used, sizeof(used), x->max_rss_bytes);
	units_bytes(limit, sizeof(limit), h->memory_bytes);
	return h2_check(out, "memory", x->max_rss_bytes <= h->memory_bytes, "%s of memory at most; %s are allowed",
	                used, limit);
}

static bool judge_effort(const struct h2_hostile *h, const struct h2_child_usage *u, struct buf *out)
{
	const uint64_t connections = u->counters[H2_CONNECTIONS], requests = u->counters[H2_STREAMS];
	const bool too_many =
	        (h->connections && connections > h->connections) || (h->requests && requests > h->requests);
	return h2_check(out, "effort", connections > 0 && !too_many,
	                "%" PRIu64 " connections, %" PRIu64 " requests%s", connections, requests,
	                connections == 0 ? ": it never connected"
	                : too_many       ? ": it tries and tries"
	                                 : "");
}

static bool report(const struct h2_hostile *h, const struct ended *x, const struct h2_child_usage *u,
                   struct buf *out)
{
	h2_gauge(out, "client_time", (double)x->time_ns / (double)SG_NS_PER_MS, "ms");
	h2_gauge(out, "client_cpu", (double)x->cpu_ns / (double)SG_NS_PER_MS, "ms");
	h2_gauge(out, "client_max_rss", (double)x->max_rss_bytes, "bytes");
	h2_gauge(out, "server_bytes_sent", (double)u->counters[H2_BYTES_OUT], "bytes");
	bool ok = judge_end(h, x, out);
	ok &= judge_memory(h, x, out);
	ok &= judge_effort(h, u, out);
	ok &= h2_check(out, "server", u->trouble[0] == '\0', "%s", u->trouble[0] ? u->trouble : "ended in order");
	buf_adds(out, "@@ done\n");
	return ok;
}

static int write_report(const struct h2_client_trial *t, const struct h2_hostile *h, const struct ended *x,
                        const struct h2_child_usage *u, bool *passed, struct err *e)
{
	struct buf lines = { 0 };
	*passed = report(h, x, u, &lines);
	int rc = lines.failed ? -ENOMEM : 0;
	if (rc == 0 && (fwrite(lines.data, 1, lines.len, t->out) != lines.len || fflush(t->out) != 0))
		rc = -EIO;
	buf_deinit(&lines);
	return rc < 0 ? err_set(e, -rc, "the report cannot be written: %s", strerror(-rc)) : 0;
}

int h2_client_trial(const struct h2_client_trial *t, bool *passed, struct err *e)
{
	struct h2_hostile hostile = { 0 };
	struct h2_child server = { .out = -1, .life = -1 };
	struct h2_child_usage usage = { 0 };
	struct ended x = { 0 };
	const struct h2_server_wishes wishes = { .misbehave = t->hostile };
	char **argv = NULL;
	int rc = h2_hostile_load(t->hostile, &hostile, e);
	if (rc == 0)
		rc = h2_child_start(&server, t->program, "wire", &wishes, e);
	if (rc == 0 && !(argv = make_command(t->words, server.port)))
		rc = err_set(e, ENOMEM, "out of memory");
	if (rc == 0)
		rc = perform(argv, hostile.time_ns, &x, e);
	h2_child_stop(&server, &usage);
	if (rc == 0)
		rc = write_report(t, &hostile, &x, &usage, passed, e);
	free_command(argv);
	buf_deinit(&x.out);
	buf_deinit(&x.err);
	h2_hostile_deinit(&hostile);
	return rc;
}
