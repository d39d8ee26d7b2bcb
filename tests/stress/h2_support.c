// Commands, servers and raw frames for the tests of HTTP/2.
#include "h2_support.h"

#include "buf.h"
#include "harness.h"
#include "hist.h"
#include "io.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

// ---- commands -----------------------------------------------------------------------------------------------

static char *slurp(const char *path)
{
	struct buf b = { 0 };
	struct err e = { "" };
	if (io_read_file(path, 16U << 20, &b, &e) < 0)
		fail_msg("%s", e.text);
	buf_addc(&b, '\0');
	return buf_take(&b);
}

void h2_sh(struct h2_output *o, const char *format, ...)
{
	struct buf command = { 0 };
	char out[512], err[512];
	snprintf(out, sizeof(out), "%s/stdout", harness_tmpdir());
	snprintf(err, sizeof(err), "%s/stderr", harness_tmpdir());
	buf_adds(&command, "(");
	va_list args;
	va_start(args, format);
	buf_vaddf(&command, format, args);
	va_end(args);
	buf_addf(&command, ") >'%s' 2>'%s'", out, err);
	int status = system(command.data);
	buf_deinit(&command);
	o->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	o->out = slurp(out);
	o->err = slurp(err);
}

void h2_output_deinit(struct h2_output *o)
{
	free(o->out);
	free(o->err);
}

void h2_expect_in(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("\"%s\" is not in:\n%s", words, text);
}

void h2_expect_one_line(const char *text)
{
	const char *end = strchr(text, '\n');
	if (!end || end[1] != '\0')
		fail_msg("not one line: \"%s\"", text);
}

static json_t *run_report(void)
{
	char path[600];
	snprintf(path, sizeof(path), "%s/run/report.json", harness_tmpdir());
	json_t *r = json_load_file(path, 0, NULL);
	if (!r)
		fail_msg("%s cannot be read", path);
	return r;
}

// The one of that name in a list of the run's one test; NULL where there is none.
static const json_t *named(const json_t *report, const char *list, const char *name)
{
	const json_t *test = json_array_get(json_object_get(report, "tests"), 0), *item;
	size_t i;
	json_array_foreach(json_object_get(test, list), i, item)
	{
		if (strcmp(json_string_value(json_object_get(item, "name")), name) == 0)
			return item;
	}
	return NULL;
}

double run_gauge(const char *name)
{
	json_t *r = run_report();
	const json_t *g = named(r, "gauges", name);
	const double value = g ? json_number_value(json_object_get(g, "value")) : -1;
	json_decref(r);
	return value;
}

uint64_t run_percentile(double percent)
{
	json_t *r = run_report();
	const json_t *text = json_object_get(named(r, "series", "total"), "hist");
	struct hist *h = NULL;
	struct err e = { "" };
	if (!text || hist_decode(json_string_value(text), json_string_length(text), &h, &e) < 0)
		fail_msg("no latencies: %s", e.text);
	const uint64_t ns = hist_percentile(h, percent);
	hist_free(h);
	json_decref(r);
	return ns;
}

void h2_need(const char *program)
{
	char command[256];
	snprintf(command, sizeof(command), "PATH=$PATH:/usr/sbin command -v %s >/dev/null", program);
	if (system(command) == 0)
		return;
	snprintf(command, sizeof(command), "%s is not installed", program);
	harness_skip(command);
}

const char *h2_file(const char *name, const char *text)
{
	static char path[512];
	struct err e = { "" };
	snprintf(path, sizeof(path), "%s/%s", harness_tmpdir(), name);
	if (io_replace_file(path, text, strlen(text), &e) < 0)
		fail_msg("%s", e.text);
	return path;
}

// ---- servers ------------------------------------------------------------------------------------------------

void h2_server(struct h2_process *p, const char *args)
{
	int out[2];
	char command[512], line[64];
	size_t n = 0;
	snprintf(command, sizeof(command), "exec %s server %s", H2_PROGRAM, args);
	assert_int_equal(pipe(out), 0);
	p->pid = fork();
	if (p->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	p->out = out[0];
	while (n < sizeof(line) - 1 && read(p->out, line + n, 1) == 1 && line[n] != '\n')
		n++;
	line[n] = '\0';
	assert_int_equal(sscanf(line, "port %u", &p->port), 1);
}

static int reap(pid_t pid)
{
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int h2_server_wait(struct h2_process *p, char *text, size_t size)
{
	size_t n = 0;
	ssize_t got;
	while (n + 1 < size && (got = read(p->out, text + n, size - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(p->out);
	return reap(p->pid);
}

int h2_server_stop(struct h2_process *p, char *text, size_t size)
{
	kill(p->pid, SIGTERM);
	return h2_server_wait(p, text, size);
}

static int listen_somewhere(unsigned *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

void h2_fake(struct h2_process *p, void (*serve)(int fd, unsigned count))
{
	int listener = listen_somewhere(&p->port);
	p->out = -1;
	p->pid = fork();
	if (p->pid != 0) {
		close(listener);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	for (unsigned count = 0;; count++) {
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			_exit(1);
		serve(fd, count);
		close(fd);
	}
}

void h2_fake_stop(struct h2_process *p)
{
	kill(p->pid, SIGKILL);
	reap(p->pid);
}

// ---- frames -------------------------------------------------------------------------------------------------

void raw_send(int fd, uint8_t type, uint8_t flags, uint32_t id, const void *payload, size_t len)
{
	uint8_t frame[9 + 20000] = { (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, type, flags };
	const uint32_t stream = htonl(id);
	memcpy(frame + 5, &stream, 4);
	if (len > 0)
		memcpy(frame + 9, payload, len);
	io_write_all(fd, frame, 9 + len); // a peer that has gone away is seen at the next read
}

static bool read_all(int fd, void *to, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, (char *)to + done, len - done);
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

bool raw_read(int fd, struct h2_raw *f)
{
	uint8_t h[9];
	if (!read_all(fd, h, sizeof(h)))
		return false;
	f->len = (uint32_t)h[0] << 16 | (uint32_t)h[1] << 8 | h[2];
	f->type = h[3];
	f->flags = h[4];
	memcpy(&f->id, h + 5, 4);
	f->id = ntohl(f->id) & 0x7fffffff;
	return f->len <= sizeof(f->payload) && read_all(fd, f->payload, f->len);
}

bool raw_read_preface(int fd)
{
	char preface[24];
	return read_all(fd, preface, sizeof(preface)) &&
	       memcmp(preface, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24) == 0;
}

uint32_t raw_next_request(int fd)
{
	struct h2_raw f;
	while (raw_read(fd, &f)) {
		if (f.type == RAW_SETTINGS && !(f.flags & RAW_ACK))
			raw_send(fd, RAW_SETTINGS, RAW_ACK, 0, NULL, 0);
		if (f.type <= RAW_HEADERS && (f.flags & RAW_END_STREAM))
			return f.id;
	}
	return 0;
}

bool raw_await(int fd, uint8_t type, struct h2_raw *f)
{
	while (raw_read(fd, f))
		if (f->type == type && !(type == RAW_SETTINGS && (f->flags & RAW_ACK)))
			return true;
	return false;
}

int raw_connect(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		                 .sin_port = htons((uint16_t)port),
		                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}
