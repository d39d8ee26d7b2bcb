// A heavy test as a suite has many of: an HTTP server on a free port, a timer of 100 ms, and a stream of
// server-sent events that the timer feeds and a client reads. With --list it prints the names of 35 such cases.
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define CASES 35
#define EVENTS 2
#define TICK_NS 100000000

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void send_all(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die("write");
}

// One connection: the head of a stream, then an event a tick.
static void *serve(void *arg)
{
	const struct itimerspec every = { { 0, TICK_NS }, { 0, TICK_NS } };
	int listener = *(int *)arg, timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	int fd = accept(listener, NULL, NULL);
	char request[1024];

	if (fd < 0 || timer < 0 || timerfd_settime(timer, 0, &every, NULL) < 0 ||
	    read(fd, request, sizeof request) <= 0)
		die("serve");
	send_all(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
	for (int i = 0; i < EVENTS; i++) {
		unsigned long long ticks;
		char event[64];

		if (read(timer, &ticks, sizeof ticks) != sizeof ticks)
			die("timer");
		snprintf(event, sizeof event, "id: %d\ndata: tick\n\n", i);
		send_all(fd, event);
	}
	close(timer);
	close(fd);
	return NULL;
}

static int listen_anywhere(struct sockaddr_in *at)
{
	socklen_t len = sizeof *at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || bind(fd, (struct sockaddr *)at, sizeof *at) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)at, &len) < 0)
		die("listen");
	return fd;
}

static int count_events(const struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), events = 0;
	char text[4096];
	size_t len = 0;
	ssize_t n;

	if (fd < 0 || connect(fd, (const struct sockaddr *)at, sizeof *at) < 0)
		die("connect");
	send_all(fd, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
	while (len < sizeof text - 1 && (n = read(fd, text + len, sizeof text - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	for (const char *p = text; (p = strstr(p, "data: tick")) != NULL; p++)
		events++;
	close(fd);
	return events;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at;
	pthread_t thread;
	int listener;

	if (argc > 1 && strcmp(argv[1], "--list") == 0) {
		for (int i = 1; i <= CASES; i++)
			printf("stream-%02d\n", i);
		return 0;
	}
	listener = listen_anywhere(&at);
	if (pthread_create(&thread, NULL, serve, &listener) != 0)
		die("pthread_create");
	if (count_events(&at) != EVENTS)
		return 1;
	pthread_join(thread, NULL);
	puts("@@ done");
	return 0;
}
