// The canned responder: epoll, blocking sockets, frames cut by hand.
#include "h2_responder.h"

#include "clock.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_BODY (4U * 1024U * 1024U)
#define FRAME 16384U
#define PREFACE 24U
#define HEAD 9U
#define IN_BYTES (64U * 1024U)
#define OUT_BYTES (1024U * 1024U)
#define WINDOW ((1U << 30) - 1) // of uploads; opened again by half of it

enum { DATA = 0, HEADERS = 1, SETTINGS = 4, PING = 6, WINDOW_UPDATE = 8 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

struct connection {
	int fd;
	bool greeted;
	size_t body;            // bytes of each response
	struct h2_answers *log; // or NULL
	size_t in_len, out_len;
	uint32_t taken;               // bytes of DATA since the window was opened
	uint8_t in[IN_BYTES + 20000]; // a whole frame fits behind what is left of the last read
	uint8_t out[OUT_BYTES];
};

static void add_frame(struct connection *c, uint8_t type, uint8_t flags, uint32_t id, const void *data,
                      uint32_t len)
{
	uint8_t *p = c->out + c->out_len;
	const uint32_t stream = htonl(id);
	p[0] = (uint8_t)(len >> 16);
	p[1] = (uint8_t)(len >> 8);
	p[2] = (uint8_t)len;
	p[3] = type;
	p[4] = flags;
	memcpy(p + 5, &stream, 4);
	if (len)
		memcpy(p + HEAD, data, len);
	c->out_len += HEAD + len;
}

static bool send_out(struct connection *c)
{
	for (size_t done = 0; done < c->out_len;) {
		ssize_t n = write(c->fd, c->out + done, c->out_len - done);
		if (n < 0)
			return false;
		done += (size_t)n;
	}
	c->out_len = 0;
	return true;
}

static void write_down(struct h2_answers *log)
{
	const uint64_t now = clock_now_ns();

	if (log->count == 0)
		log->first_ns = now;
	if (log->count < log->room)
		log->at_ns[log->count] = now;
	log->count++;
}

// :status 200 by its index, content-length as a literal that is not indexed.
static bool answer(struct connection *c, uint32_t id)
{
	static const uint8_t body[FRAME] = { 'x' };
	uint8_t fields[16] = { 0x88, 0x0f, 0x0d };
	const int n = snprintf((char *)fields + 4, sizeof fields - 4, "%zu", c->body);

	fields[3] = (uint8_t)n;
	if (c->log)
		write_down(c->log);
	add_frame(c, HEADERS, c->body ? END_HEADERS : END_HEADERS | END_STREAM, id, fields, 4 + (uint32_t)n);
	for (size_t left = c->body; left > 0;) {
		const uint32_t piece = left < FRAME ? (uint32_t)left : FRAME;
		if (OUT_BYTES - c->out_len < FRAME + 4096 && !send_out(c))
			return false;
		left -= piece;
		add_frame(c, DATA, left ? 0 : END_STREAM, id, body, piece);
	}
	return true;
}

static void open_window(struct connection *c, uint32_t by)
{
	const uint32_t more = htonl(by);

	add_frame(c, WINDOW_UPDATE, 0, 0, &more, sizeof more);
	c->taken = 0;
}

static bool take_frame(struct connection *c, const uint8_t *p, uint32_t len)
{
	uint32_t id;
	memcpy(&id, p + 5, 4);
	id = ntohl(id) & 0x7fffffff;
	c->taken += p[3] == DATA ? len : 0;
	if (c->taken > WINDOW / 2)
		open_window(c, c->taken);
	if (p[3] <= HEADERS && (p[4] & END_STREAM))
		return answer(c, id);
	if (p[3] == SETTINGS && !(p[4] & ACK))
		add_frame(c, SETTINGS, ACK, 0, NULL, 0);
	else if (p[3] == PING && !(p[4] & ACK))
		add_frame(c, PING, ACK, 0, p + HEAD, len);
	return true;
}

// Blocking sockets: epoll says when there is something to read, and a write may wait. False at the end.
static bool serve(struct connection *c)
{
	ssize_t n = read(c->fd, c->in + c->in_len, IN_BYTES);
	if (n <= 0)
		return false;
	c->in_len += (size_t)n;
	size_t at = 0;
	if (!c->greeted && c->in_len >= PREFACE) {
		const uint8_t settings[] = { 0, 3, 0, 0, 4, 0, 0, 4, 0x3f, 0xff, 0xff, 0xff };
		add_frame(c, SETTINGS, 0, 0, settings, sizeof settings);
		open_window(c, WINDOW - 65535);
		at = PREFACE;
		c->greeted = true;
	}
	while (c->greeted && c->in_len - at >= HEAD) {
		const uint8_t *p = c->in + at;
		uint32_t len = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		if (c->in_len - at < HEAD + len)
			break;
		if ((OUT_BYTES - c->out_len < 4096 && !send_out(c)) || !take_frame(c, p, len))
			return false;
		at += HEAD + len;
	}
	memmove(c->in, c->in + at, c->in_len - at);
	c->in_len -= at;
	return send_out(c);
}

int h2_responder_listen(unsigned *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 || listen(fd, 1024) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0) {
		perror("responder");
		return -1;
	}
	*port = ntohs(a.sin_port);
	return fd;
}

static void accept_one(int listener, int poll, size_t body, struct h2_answers *log)
{
	const int on = 1;
	struct connection *c = calloc(1, sizeof *c);
	if (!c)
		return;
	c->fd = accept(listener, NULL, NULL);
	c->body = body;
	c->log = log;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
	if (c->fd < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event) < 0)
		free(c);
	else
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void h2_responder_run(int listener, size_t body, struct h2_answers *log)
{
	struct epoll_event event = { .events = EPOLLIN }, events[64];
	int poll = epoll_create1(0);
	signal(SIGPIPE, SIG_IGN);
	if (body > MAX_BODY || poll < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event) < 0)
		return;
	for (;;) {
		int n = epoll_wait(poll, events, 64, -1);
		for (int i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;
			if (!c) {
				accept_one(listener, poll, body, log);
			} else if (!serve(c)) {
				close(c->fd);
				free(c);
			}
		}
	}
}
