// A little HTTP/2 server that breaks, for what looks for that: "h2_fragile MODE PORT". It answers each request
// with status 200 and no body. It breaks at
//   crash  a RST_STREAM of a stream that has been requested on that connection: it aborts
//   hang   a SETTINGS frame whose length is no multiple of 6: nobody is served any more
//   grow   a frame of an unknown type: 100 MiB are kept for good
//   never  nothing
#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEPT (100U << 20)

static const char *mode;
static pthread_mutex_t serving = PTHREAD_MUTEX_INITIALIZER;

static bool read_all(int fd, uint8_t *to, size_t len)
{
	while (len > 0) {
		const ssize_t n = read(fd, to, len);
		if (n <= 0)
			return false;
		to += n;
		len -= (size_t)n;
	}
	return true;
}

static void send_frame(int fd, uint8_t type, uint8_t flags, const uint8_t id[4], const uint8_t *payload,
                       uint8_t len)
{
	uint8_t frame[9 + 255] = { 0, 0, len, type, flags };
	memcpy(frame + 5, id, 4);
	if (len > 0)
		memcpy(frame + 9, payload, len);
	send(fd, frame, 9U + len, MSG_NOSIGNAL);
}

static void keep_memory(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static uint8_t *volatile kept[64];
	static unsigned count;
	pthread_mutex_lock(&lock);
	if (count < 4 && (kept[count] = malloc(KEPT))) {
		for (size_t i = 0; i < KEPT; i += 4096)
			kept[count][i] = 1;
		count++;
	}
	pthread_mutex_unlock(&lock);
}

static void serve_frame(int fd, const uint8_t head[9], const uint8_t *payload, size_t len, bool *requested)
{
	const uint8_t zero[4] = { 0 }, type = head[3], flags = head[4];
	if (type == 1 && flags & 1 && flags & 4) {
		send_frame(fd, 1, 5, head + 5, (const uint8_t *)"\x88", 1);
		*requested = true;
	} else if (type == 4 && !(flags & 1)) {
		send_frame(fd, 4, 1, zero, NULL, 0);
	} else if (type == 6 && !(flags & 1) && len == 8) {
		send_frame(fd, 6, 1, zero, payload, 8);
	}
	if (strcmp(mode, "crash") == 0 && type == 3 && *requested)
		abort();
	if (strcmp(mode, "grow") == 0 && type > 9)
		keep_memory();
	if (strcmp(mode, "hang") == 0 && type == 4 && len % 6 != 0) {
		pthread_mutex_lock(&serving);
		for (;;)
			pause();
	}
}

static void *serve(void *arg)
{
	const int fd = (int)(intptr_t)arg;
	uint8_t head[9], *payload = malloc(1U << 24), preface[24];
	const uint8_t zero[4] = { 0 };
	bool requested = false;
	if (payload && read_all(fd, preface, sizeof(preface)) && memcmp(preface, "PRI ", 4) == 0) {
		send_frame(fd, 4, 0, zero, NULL, 0);
		while (read_all(fd, head, sizeof(head))) {
			const size_t len = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
			if (!read_all(fd, payload, len))
				break;
			pthread_mutex_lock(&serving);
			pthread_mutex_unlock(&serving);
			serve_frame(fd, head, payload, len, &requested);
		}
	}
	free(payload);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	if (argc != 3)
		return 2;
	mode = argv[1];
	a.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	prctl(PR_SET_DUMPABLE, 0); // it is meant to crash: no core
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(listener, 100) < 0)
		return 1;
	for (;;) {
		pthread_t t;
		const int fd = accept(listener, NULL, NULL);
		if (fd >= 0 && pthread_create(&t, NULL, serve, (void *)(intptr_t)fd) == 0)
			pthread_detach(t);
	}
}
