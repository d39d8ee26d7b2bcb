// Starting, watching and ending the server under mutation.
#include "fuzz_server.h"

#include "buf.h"
#include "clock.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_NS (20 * SG_NS_PER_S)
#define STOP_NS (2 * SG_NS_PER_S)
#define LOOK_MS 10
#define MOST_ARGS 256U
#define PORT "{port}"

bool fuzz_server_is_ours(const struct fuzz_server *s)
{
	return s->config->program || s->config->command;
}

// ---- a command ----------------------------------------------------------------------------------------------

// A port that was free a moment ago: all that can be had for a program that takes a number.
static int free_port(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = 0;
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, len) < 0 || getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		rc = -errno;
	close(fd);
	*port = ntohs(a.sin_port);
	return rc;
}

// `text` with the port in place of each "{port}"; from malloc, or NULL.
static char *with_port(const char *text, uint16_t port)
{
	struct buf b = { 0 };
	for (const char *at; (at = strstr(text, PORT)); text = at + strlen(PORT)) {
		buf_add(&b, text, (size_t)(at - text));
		buf_addf(&b, "%u", port);
	}
	buf_adds(&b, text);
	return buf_take(&b);
}

__attribute__((noreturn)) static void become(char **argv, const char *log, pid_t parent)
{
	const int in = open("/dev/null", O_RDONLY), out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || in < 0 || out < 0)
		_exit(127);
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int spawn(struct fuzz_server *s, uint16_t port, struct err *e)
{
	char *argv[MOST_ARGS + 1] = { 0 };
	const pid_t us = getpid();
	int rc = 0;
	for (size_t i = 0; i < MOST_ARGS && s->config->command[i] && rc == 0; i++)
		rc = (argv[i] = with_port(s->config->command[i], port)) ? 0 : -ENOMEM;
	s->pid = rc == 0 ? fork() : 0;
	if (rc == 0 && s->pid == 0)
		become(argv, s->config->log, us);
	if (s->pid < 0)
		rc = -errno;
	if (rc == 0)
		setpgid(s->pid, s->pid); // here too: whoever comes first
	for (size_t i = 0; i < MOST_ARGS; i++)
		free(argv[i]);
	return rc < 0 ? err_set(e, -rc, "%s cannot be started: %s", s->config->command[0], strerror(-rc)) : 0;
}

static bool can_connect(const struct h2_target *t)
{
	const struct sockaddr *a = &t->address.any;
	const int fd = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const socklen_t len = a->sa_family == AF_INET6 ? sizeof(t->address.v6) : sizeof(t->address.v4);
	const bool ok = fd >= 0 && connect(fd, a, len) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

// Whether what has ended was not on this machine, or said by a line "@@ missing REASON" that what it needs is not.
static bool is_missing(const struct fuzz_server *s, struct err *e)
{
	static const char missing[] = "@@ missing ";
	char line[400] = "";
	siginfo_t info = { 0 };
	FILE *f = fopen(s->config->log, "re");
	while (f && fgets(line, sizeof(line), f) && strncmp(line, missing, sizeof(missing) - 1) != 0)
		line[0] = '\0';
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = '\0';
	if (line[0])
		err_set(e, ENOENT, "%s", line + sizeof(missing) - 1);
	else if (waitid(P_PID, (id_t)s->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	         info.si_code == CLD_EXITED && info.si_status == 127)
		err_set(e, ENOENT, "program not found: %s", s->config->command[0]);
	return e->text[0] != '\0';
}

static int await(struct fuzz_server *s, struct err *e)
{
	const uint64_t end = clock_now_ns() + START_NS;
	char words[128];
	while (!can_connect(&s->target)) {
		if (fuzz_server_has_ended(s, 0, words, sizeof(words)) && is_missing(s, e))
			return -ENOENT;
		if (fuzz_server_has_ended(s, 0, words, sizeof(words)))
			return err_set(e, ECHILD, "%s %s before it listened at %s; what it said is in %s",
			               s->config->command[0], words, s->target.authority, s->config->log);
		if (clock_now_ns() > end)
			return err_set(e, ETIMEDOUT, "%s does not listen at %s after 20 s; name its URL in front",
			               s->config->command[0], s->target.authority);
		poll(NULL, 0, LOOK_MS);
	}
	return 0;
}

static int start_command(struct fuzz_server *s, struct err *e)
{
	uint16_t port = 0;
	int rc = 0;
	if (s->config->url) {
		s->target = *s->config->url;
		port = ntohs(s->target.address.v4.sin_port); // at the same place in IPv6's
	} else {
		rc = free_port(&port);
		h2_target_local(&s->target, port);
	}
	if (rc < 0)
		return err_set(e, -rc, "there is no free port: %s", strerror(-rc));
	rc = spawn(s, port, e);
	if (rc == 0)
		rc = await(s, e);
	if (rc < 0)
		fuzz_server_stop(s);
	return rc;
}

// ---- all kinds ----------------------------------------------------------------------------------------------

int fuzz_server_start(struct fuzz_server *s, const struct fuzz_server_config *c, struct err *e)
{
	static const struct h2_server_wishes none;
	*s = (struct fuzz_server){ .config = c, .child = { .out = -1, .life = -1 } };
	if (c->command)
		return start_command(s, e);
	if (!c->program) {
		s->target = *c->url;
		return 0;
	}
	int rc = h2_child_start(&s->child, c->program, c->engine, &none, e);
	s->pid = s->child.pid;
	h2_target_local(&s->target, s->child.port);
	return rc;
}

bool fuzz_server_has_ended(struct fuzz_server *s, uint64_t wait_ns, char *words, size_t size)
{
	const uint64_t end = clock_now_ns() + wait_ns;
	if (s->pid <= 0)
		return false;
	for (;;) {
		siginfo_t info = { 0 };
		if (waitid(P_PID, (id_t)s->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid != 0) {
			const bool by_signal = info.si_code != CLD_EXITED;
			snprintf(words, size,
			         by_signal ? "was killed by signal %d (%s)" : "ended with exit code %d",
			         info.si_status, by_signal ? strsignal(info.si_status) : "");
			return true;
		}
		if (clock_now_ns() >= end)
			return false;
		poll(NULL, 0, LOOK_MS);
	}
}

void fuzz_server_stop(struct fuzz_server *s)
{
	char words[128];
	if (s->pid <= 0)
		return;
	if (s->config->program && !s->config->command) {
		struct h2_child_usage usage;
		h2_child_stop(&s->child, &usage);
	} else {
		kill(-s->pid, SIGTERM);
		fuzz_server_has_ended(s, STOP_NS, words, sizeof(words));
		kill(-s->pid, SIGKILL); // what it left behind too; its zombie keeps the number
		waitpid(s->pid, NULL, 0);
	}
	s->pid = 0;
}

static uint64_t rss_of(long pid)
{
	char path[64], text[128] = "";
	unsigned long long pages = 0;
	snprintf(path, sizeof(path), "/proc/%ld/statm", pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	if (!fgets(text, sizeof(text), f) || sscanf(text, "%*u %llu", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t fuzz_server_rss(const struct fuzz_server *s)
{
	char path[64];
	long child;
	if (s->pid <= 0)
		return 0;
	uint64_t bytes = rss_of(s->pid);
	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)s->pid, (long)s->pid);
	FILE *f = fopen(path, "re");
	while (f && fscanf(f, "%ld", &child) == 1)
		bytes += rss_of(child);
	if (f)
		fclose(f);
	return bytes;
}
