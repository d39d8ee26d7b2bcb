// The server process of a test.
#include "child.h"

#include "buf.h"
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_S UINT64_C(30) // runtimes load their libraries on a busy machine
#define STOP_S UINT64_C(20)  // and end what they have begun
#define LAST_WORDS (4U * 1024U * 1024U)

extern char **environ;

// ---- starting -----------------------------------------------------------------------------------------------

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int spawn(struct h2_child *c, const char *program, char **argv, int in, int out)
{
	posix_spawn_file_actions_t actions;
	int rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0)
		return -rc;
	rc = posix_spawn_file_actions_adddup2(&actions, in, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (rc == 0)
		rc = posix_spawn(&c->pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

// Reads until `until` is in the text, the other end closes, or the time is over.
static int read_until(int fd, char until, uint64_t deadline_ns, struct buf *text)
{
	char piece[4096];
	for (;;) {
		if (until && text->len && memchr(text->data, until, text->len))
			return 0;
		uint64_t now = clock_now_ns();
		if (now >= deadline_ns)
			return -ETIMEDOUT;
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int ready = poll(&p, 1, (int)((deadline_ns - now) / SG_NS_PER_MS) + 1);
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready <= 0)
			continue;
		ssize_t n = read(fd, piece, sizeof(piece));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return until ? -EPIPE : 0;
		if (n > 0 && text->len < LAST_WORDS)
			buf_add(text, piece, (size_t)n);
	}
}

#define MISSING "@@ missing "

// The first line "port N"; another program may say something of its own before, or that what it needs is not here,
// by a line "@@ missing REASON": -ENOENT.
static int read_port(struct h2_child *c, struct err *e)
{
	const uint64_t deadline_ns = clock_now_ns() + START_S * SG_NS_PER_S;
	struct buf text = { 0 };
	char last[200] = "";
	unsigned port = 0;
	int rc = 0;
	while (rc == 0 && port == 0) {
		rc = read_until(c->out, '\n', deadline_ns, &text);
		const char *line = buf_text(&text), *end = rc == 0 ? strchr(line, '\n') : NULL;
		if (!end)
			continue;
		if (sscanf(line, "port %u", &port) == 1 && (port == 0 || port > 65535))
			rc = -EPROTO;
		if (end > line)
			snprintf(last, sizeof(last), "%.*s", (int)(end - line), line);
		if (strncmp(line, MISSING, strlen(MISSING)) == 0)
			rc = err_set(e, ENOENT, "%.*s", (int)(end - line) - (int)strlen(MISSING),
			             line + strlen(MISSING));
		text.len -= (size_t)(end + 1 - line);
		memmove(text.data, end + 1, text.len + 1);
	}
	c->port = (uint16_t)port;
	if (port == 0 && text.len > 0) // a line without its end
		snprintf(last, sizeof(last), "%s", buf_text(&text));
	buf_deinit(&text);
	if (rc == -ETIMEDOUT)
		return err_set(e, ETIMEDOUT, "the server did not start within %d s: it printed no line \"port N\"",
		               (int)START_S);
	if (rc == -EPIPE) // what some say on stdout of what is wrong
		return err_set(e, EPIPE, "the server did not start: it ended at once%s%s",
		               last[0] ? "; its last words: " : "", last);
	return rc < 0 && e->text[0] == '\0' ? err_set(e, -rc, "the server did not start: %s", strerror(-rc)) : rc;
}

#define ARGS 40
#define ARG 64

struct args {
	char text[ARGS][ARG];
	char *argv[ARGS + 1];
	size_t count;
};

static void add_arg(struct args *a, const char *text)
{
	snprintf(a->text[a->count], ARG, "%s", text);
	a->argv[a->count] = a->text[a->count];
	a->count++;
}

// The path must outlive the arguments.
static void add_path(struct args *a, const char *option, const char *path)
{
	union {
		const char *in;
		char *out; // which posix_spawn does not change
	} text = { path };
	add_arg(a, option);
	a->argv[a->count++] = text.out;
}

static void add_wish(struct args *a, const char *option, uint64_t value)
{
	char number[24];
	if (value == 0)
		return;
	snprintf(number, sizeof(number), "%" PRIu64, value);
	add_arg(a, option);
	add_arg(a, number);
}

static void add_time(struct args *a, const char *option, uint64_t ns)
{
	char time[32];
	if (ns == 0)
		return;
	snprintf(time, sizeof(time), "%" PRIu64 "ns", ns);
	add_arg(a, option);
	add_arg(a, time);
}

static int start(struct h2_child *c, const char *program, char **argv, struct err *e)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	int rc = pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 ? -errno : 0;
	if (rc == 0)
		rc = spawn(c, program, argv, in[0], out[1]);
	if (rc < 0)
		err_set(e, -rc, "cannot start the server %s: %s", program, strerror(-rc));
	close_fd(&in[0]);
	close_fd(&out[1]);
	c->life = in[1];
	c->out = out[0];
	struct err why = { 0 };
	if (rc == 0)
		rc = read_port(c, &why);
	if (rc < 0) {
		struct h2_child_usage end;
		h2_child_stop(c, &end);
		if (end.not_found)
			rc = err_set(e, ENOENT, "the server's program is not on this machine: %.300s",
			             strncmp(argv[2], "exec ", 5) == 0 ? argv[2] + 5 : argv[2]);
		else
			err_set(e, -rc, "%s", why.text);
	}
	return rc;
}

int h2_child_start(struct h2_child *c, const char *program, const char *engine,
                   const struct h2_server_wishes *wishes, struct err *e)
{
	struct args a = { 0 };
	*c = (struct h2_child){ .out = -1, .life = -1 };
	add_arg(&a, "stressgen-h2");
	add_arg(&a, "server");
	add_arg(&a, "--h2-engine");
	add_arg(&a, engine);
	add_wish(&a, "--max-streams", wishes->max_streams);
	add_wish(&a, "--max-body", wishes->max_body_bytes);
	add_wish(&a, "--max-header-list", wishes->max_header_bytes);
	add_time(&a, "--idle-timeout", wishes->idle_timeout_ns);
	add_time(&a, "--handshake-timeout", wishes->handshake_timeout_ns);
	add_time(&a, "--request-timeout", wishes->request_timeout_ns);
	add_time(&a, "--stall-timeout", wishes->stall_timeout_ns);
	add_wish(&a, "--goaway-after", wishes->goaway_after);
	add_wish(&a, "--window", wishes->window_bytes);
	if (wishes->misbehave)
		add_path(&a, "--misbehave", wishes->misbehave);
	add_arg(&a, "--drain");
	add_arg(&a, "2s");
	add_arg(&a, "--life-fd");
	add_arg(&a, "0");
	return start(c, program, a.argv, e);
}

int h2_child_start_command(struct h2_child *c, const char *command, struct err *e)
{
	char shell[] = "sh", flag[] = "-c";
	struct buf line = { 0 };
	char *argv[] = { shell, flag, NULL, NULL };
	buf_addf(&line, "exec %s", command); // so that the signal at the end is its own
	argv[2] = line.data;
	*c = (struct h2_child){ .out = -1, .life = -1, .foreign = true };
	int rc = line.failed ? err_set(e, ENOMEM, "out of memory") : start(c, "/bin/sh", argv, e);
	buf_deinit(&line);
	return rc;
}
// ---- stopping -----------------------------------------------------------------------------------------------

static void read_counters(const char *text, struct h2_child_usage *u)
{
	const char *line = strstr(text, "stats {");
	json_t *stats = line ? json_loads(line + strlen("stats "), JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	if (!stats)
		return;
	u->has_counters = true;
	for (unsigned i = 0; i < H2_COUNTER_COUNT; i++)
		u->counters[i] = (uint64_t)json_integer_value(json_object_get(stats, h2_counter_name(i)));
	json_decref(stats);
}

static uint64_t timeval_ns(struct timeval t)
{
	return (uint64_t)t.tv_sec * SG_NS_PER_S + (uint64_t)t.tv_usec * SG_NS_PER_US;
}

static void reap(struct h2_child *c, struct h2_child_usage *u)
{
	int status;
	struct rusage r;
	while (wait4(c->pid, &status, 0, &r) < 0)
		if (errno != EINTR) {
			snprintf(u->trouble, sizeof(u->trouble), "lost: %s", strerror(errno));
			return;
		}
	u->cpu_ns = timeval_ns(r.ru_utime) + timeval_ns(r.ru_stime);
	u->max_rss_bytes = (uint64_t)r.ru_maxrss * 1024;
	if (u->trouble[0] != '\0')
		return;
	u->not_found = c->foreign && WIFEXITED(status) && WEXITSTATUS(status) == 127;
	if (c->foreign && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM)
		return;
	if (WIFSIGNALED(status))
		snprintf(u->trouble, sizeof(u->trouble), "killed by signal %d (%s)", WTERMSIG(status),
		         strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		snprintf(u->trouble, sizeof(u->trouble), "ended with exit code %d", WEXITSTATUS(status));
}

void h2_child_stop_hearing(struct h2_child *c, struct h2_child_usage *usage, struct buf *said)
{
	*usage = (struct h2_child_usage){ 0 };
	if (c->pid > 0) {
		struct buf text = { 0 };
		kill(c->pid, SIGTERM);
		if (read_until(c->out, '\0', clock_now_ns() + STOP_S * SG_NS_PER_S, &text) < 0) {
			snprintf(usage->trouble, sizeof(usage->trouble), "it did not end within %d s of SIGTERM",
			         (int)STOP_S);
			kill(c->pid, SIGKILL);
		}
		read_counters(buf_text(&text), usage);
		if (said)
			buf_adds(said, buf_text(&text));
		buf_deinit(&text);
		reap(c, usage);
	}
	close_fd(&c->life);
	close_fd(&c->out);
	c->pid = 0;
}

void h2_child_stop(struct h2_child *c, struct h2_child_usage *usage)
{
	h2_child_stop_hearing(c, usage, NULL);
}
