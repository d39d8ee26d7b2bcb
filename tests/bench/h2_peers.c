// The servers of h2_bench, as processes of its own.
#include "h2_responder.h"
#include "h2_rounds.h"

#include "io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_S 20.0 // within which it must serve

// One that was free a moment ago.
static unsigned free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 || getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		a.sin_port = 0;
	if (fd >= 0)
		close(fd);
	return ntohs(a.sin_port);
}

static bool listens(unsigned port)
{
	const struct sockaddr_in a = { .sin_family = AF_INET,
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		                       .sin_port = htons((uint16_t)port) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) == 0;

	if (fd >= 0)
		close(fd);
	return yes;
}

static bool write_file(const char *dir, const char *name, const struct buf *text)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	const bool ok = fd >= 0 && !text->failed && io_write_all(fd, buf_text(text), text->len) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool write_body(const char *dir, size_t bytes)
{
	struct buf body = { 0 };

	for (size_t i = 0; i < bytes; i++)
		buf_addc(&body, 'x');
	const bool ok = write_file(dir, "index.html", &body);
	buf_deinit(&body);
	return ok;
}

static bool write_config(const struct bench_server *s)
{
	struct buf text = { 0 };

	buf_addf(
	        &text,
	        "daemon off; error_log %s/log; pid %s/pid; worker_processes 1; worker_cpu_affinity 1;\n"
	        "events { worker_connections 4096; }\n"
	        "http { access_log off; client_body_temp_path %s/b; proxy_temp_path %s/p;\n"
	        "fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s; keepalive_requests 1000000000;\n"
	        "open_file_cache max=10; server { listen 127.0.0.1:%u http2; root %s; } }\n",
	        s->dir, s->dir, s->dir, s->dir, s->dir, s->dir, s->dir, s->port, s->dir);
	bool ok = write_file(s->dir, "nginx.conf", &text);
	buf_clear(&text);
	buf_addf(&text,
	         "listen: { host: 127.0.0.1, port: %u }\npid-file: %s/pid\nerror-log: %s/log\nnum-threads: 1\n"
	         "hosts: { default: { paths: { /: { file.dir: %s } } } }\n",
	         s->port, s->dir, s->dir, s->dir);
	ok = ok && write_file(s->dir, "h2o.conf", &text);
	buf_deinit(&text);
	return ok;
}

static void become(const struct bench_server *s, const char *engine, const char *option)
{
	char port[8], conf[96], log[96];
	const int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, 1);
	dup2(null, 2);
	pin(SERVER_CORE);
	snprintf(port, sizeof port, "%u", s->port);
	snprintf(conf, sizeof conf, "%s/%s.conf", s->dir, s->name);
	snprintf(log, sizeof log, "%s/log", s->dir);
	if (engine != NULL)
		execl(h2_program, h2_program, "server", "--port", port, "--h2-engine", engine, option, NULL);
	else if (strcmp(s->name, "nghttpd") == 0)
		execlp("nghttpd", "nghttpd", "--no-tls", "-d", s->dir, port, NULL);
	else if (strcmp(s->name, "nginx") == 0)
		execlp("nginx", "nginx", "-e", log, "-c", conf, NULL);
	else
		execlp("h2o", "h2o", "-c", conf, NULL);
	_exit(127);
}

// nginx serves in a child of its own.
static pid_t child_of(pid_t pid)
{
	char path[64], text[32] = "";

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
	if (fd >= 0)
		close(fd);
	const pid_t child = n > 0 ? (pid_t)atoi(text) : 0;
	return child > 0 ? child : pid;
}

static bool wait_until_it_serves(struct bench_server *s)
{
	const double end = seconds_now() + START_S;

	while (!listens(s->port)) {
		if (seconds_now() > end || waitpid(s->pid, NULL, WNOHANG) != 0) {
			fprintf(stderr, "h2_bench: %s does not serve\n", s->name);
			return false;
		}
		usleep(20000);
	}
	s->worker = strcmp(s->name, "nginx") == 0 ? child_of(s->pid) : s->pid;
	return true;
}

static bool start(struct bench_server *s, const char *engine, const char *option)
{
	s->port = free_port();
	if (engine == NULL && !write_config(s))
		return false;
	s->pid = fork();
	if (s->pid == 0)
		become(s, engine, option);
	return s->pid > 0 && wait_until_it_serves(s);
}

bool server_start(struct bench_server *s, const char *name, size_t bytes)
{
	char command[64];

	*s = (struct bench_server){ .name = name, .dir = "/tmp/h2_bench-XXXXXX" };
	snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", name);
	if (system(command) != 0) {
		s->dir[0] = '\0';
		fprintf(stderr, "h2_bench: %s is not installed\n", name);
		return false;
	}
	// h2o changes its user, who must be able to read.
	return mkdtemp(s->dir) != NULL && chmod(s->dir, 0777) == 0 && write_body(s->dir, bytes) &&
	       start(s, NULL, NULL);
}

bool server_start_own(struct bench_server *s, const char *engine, const char *option)
{
	*s = (struct bench_server){ .name = engine };
	return start(s, engine, option);
}

bool server_start_responder(struct bench_server *s, size_t bytes, struct h2_answers *log)
{
	*s = (struct bench_server){ .name = "canned" };
	const int listener = h2_responder_listen(&s->port);
	s->pid = listener < 0 ? -1 : fork();
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pin(SERVER_CORE);
		h2_responder_run(listener, bytes, log);
		_exit(1);
	}
	s->worker = s->pid;
	if (listener >= 0)
		close(listener);
	return s->pid > 0;
}

void server_stop(struct bench_server *s)
{
	char command[128];

	if (s->pid > 0) {
		if (s->worker != s->pid)
			kill(s->worker, SIGKILL);
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	snprintf(command, sizeof command, "rm -rf %s", s->dir);
	if (s->dir[0] != '\0' && system(command) != 0)
		fprintf(stderr, "h2_bench: %s is left behind\n", s->dir);
	*s = (struct bench_server){ 0 };
}

double server_cpu(const struct bench_server *s)
{
	clockid_t clock;
	struct timespec t = { 0 };

	if (clock_getcpuclockid(s->worker, &clock) != 0 || clock_gettime(clock, &t) < 0)
		return 0;
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

uint64_t server_memory(const struct bench_server *s, bool peak)
{
	char path[64], line[256];
	unsigned long long kib = 0;

	snprintf(path, sizeof path, "/proc/%d/status", (int)s->worker);
	FILE *f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, peak ? "VmHWM: %llu" : "VmRSS: %llu", &kib) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return (uint64_t)kib * 1024;
}
