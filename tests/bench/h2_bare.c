// The limit of all clients: epoll, read and write.
#include "h2_bare.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD 9U
#define FRAME 16384U
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define WINDOW 0x3fffffffU // of each stream and connection
#define READ_BYTES 65536U
#define READY 1024

enum { DATA = 0, HEADERS = 1, SETTINGS = 4, WINDOW_UPDATE = 8 };
enum { END_STREAM = 1, END_HEADERS = 4 };

struct bare {
	unsigned port, connections, streams;
	uint64_t requests;
	size_t answer, request; // bytes of each on the wire
	uint8_t *batch;         // as many requests as there are streams
	uint64_t ended;
};

struct connection {
	int fd;
	size_t got; // of answers that are not whole
	uint64_t to_do;
};

static size_t put_frame(uint8_t *to, size_t len, uint8_t type, uint8_t flags, uint32_t stream)
{
	const uint8_t head[HEAD] = {
		(uint8_t)(len >> 16),    (uint8_t)(len >> 8),     (uint8_t)len,           type,           flags,
		(uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream
	};
	memcpy(to, head, HEAD);
	return HEAD + len;
}

// Of the static table: GET or POST, http, "/"; and an authority that is no longer than a real one.
static size_t put_request(uint8_t *to, size_t upload, uint32_t stream)
{
	uint8_t fields[] = "\x82\x86\x84\x01\x0f"
	                   "127.0.0.1:12345";
	const size_t len = sizeof fields - 1;
	size_t used = put_frame(to, len, HEADERS, upload ? END_HEADERS : END_HEADERS | END_STREAM, stream);

	fields[0] = upload ? 0x83 : 0x82;
	memcpy(to + HEAD, fields, len);
	for (size_t left = upload; left > 0;) {
		const size_t piece = left < FRAME ? left : FRAME;
		left -= piece;
		memset(to + used + HEAD, 'x', piece);
		used += put_frame(to + used, piece, DATA, left ? 0 : END_STREAM, stream);
	}
	return used;
}

static size_t frames_of(size_t body)
{
	return (body + FRAME - 1) / FRAME;
}

static bool make_batch(struct bare *b, size_t answer, size_t upload)
{
	char digits[24];

	b->answer = HEAD + 4 + (size_t)snprintf(digits, sizeof digits, "%zu", answer) + frames_of(answer) * HEAD +
	            answer;
	b->request = HEAD + 20 + frames_of(upload) * HEAD + upload;
	b->batch = malloc(b->streams * b->request);
	for (unsigned i = 0; b->batch != NULL && i < b->streams; i++)
		if (put_request(b->batch + i * b->request, upload, 1 + 2 * i) != b->request)
			return false;
	return b->batch != NULL;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
	for (ssize_t n; len > 0; bytes += n, len -= (size_t)n)
		if ((n = write(fd, bytes, len)) < 0)
			return false;
	return true;
}

static bool ask(struct bare *b, struct connection *c, uint64_t n)
{
	if (n > c->to_do)
		n = c->to_do;
	c->to_do -= n;
	return n == 0 || write_all(c->fd, b->batch, n * b->request);
}

// Reads what is no answer: SETTINGS, WINDOW_UPDATE and the ACK, which the responder sends first.
static bool greet(struct connection *c)
{
	uint8_t hello[sizeof PREFACE - 1 + HEAD + 6 + HEAD + 4] = PREFACE, answer[HEAD + 12 + HEAD + 4 + HEAD];
	size_t at = sizeof PREFACE - 1;
	const uint32_t window = htonl(WINDOW), more = htonl(WINDOW - 65535);

	put_frame(hello + at, 6, SETTINGS, 0, 0);
	memcpy(hello + at + HEAD, (uint8_t[]){ 0, 4 }, 2);
	memcpy(hello + at + HEAD + 2, &window, 4);
	at += HEAD + 6;
	put_frame(hello + at, 4, WINDOW_UPDATE, 0, 0);
	memcpy(hello + at + HEAD, &more, 4);
	return write_all(c->fd, hello, sizeof hello) &&
	       recv(c->fd, answer, sizeof answer, MSG_WAITALL) == (ssize_t)sizeof answer;
}

static bool open_one(struct bare *b, struct connection *c, int poll, unsigned number)
{
	const struct sockaddr_in a = { .sin_family = AF_INET,
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		                       .sin_port = htons((uint16_t)b->port) };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
	const int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	c->to_do = b->requests / b->connections + (number < b->requests % b->connections);
	return c->fd >= 0 && connect(c->fd, (const struct sockaddr *)&a, sizeof a) == 0 &&
	       setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 && greet(c) &&
	       epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event) == 0;
}

static bool take(struct bare *b, struct connection *c, uint8_t *in)
{
	const ssize_t n = read(c->fd, in, READ_BYTES);

	if (n <= 0)
		return false;
	c->got += (size_t)n;
	const uint64_t whole = c->got / b->answer;
	c->got -= whole * b->answer;
	b->ended += whole;
	return ask(b, c, whole);
}

static bool perform(struct bare *b, struct connection *all, uint8_t *in)
{
	const int poll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[READY];
	bool ok = poll >= 0;

	for (unsigned i = 0; ok && i < b->connections; i++)
		ok = open_one(b, &all[i], poll, i);
	for (unsigned i = 0; ok && i < b->connections; i++)
		ok = ask(b, &all[i], b->streams);
	while (ok && b->ended < b->requests) {
		const int n = epoll_wait(poll, events, READY, -1);
		for (int i = 0; ok && i < n; i++)
			ok = take(b, events[i].data.ptr, in);
	}
	return ok;
}

int h2_bare(char *const numbers[6])
{
	uint64_t n[6];

	for (size_t i = 0; i < 6; i++)
		n[i] = strtoull(numbers[i], NULL, 10);
	struct bare b = {
		.port = (unsigned)n[0], .connections = (unsigned)n[1], .streams = (unsigned)n[2], .requests = n[3]
	};
	struct connection *all = calloc(b.connections ? b.connections : 1, sizeof *all);
	uint8_t *in = malloc(READ_BYTES);
	const bool ok = all != NULL && in != NULL && b.connections > 0 &&
	                make_batch(&b, (size_t)n[4], (size_t)n[5]) && perform(&b, all, in);
	free(b.batch);
	free(all);
	free(in);
	return ok ? 0 : 1;
}
