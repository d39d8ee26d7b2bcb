// Asking every runtime for its version at once, with one limit of time for all.
#include "versions.h"

#include "clock.h"
#include "tool.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// Behind the limit, for the case that we are killed before it: `timeout` ends what we began.
#define LAST_RESORT "exec timeout -s KILL 3 sh -c \"$1\""
#define TEXT_BYTES 4096U

struct probe {
	pid_t pid; // 0: nothing was asked
	char text[TEXT_BYTES];
	size_t len;
};

static int start(const struct catalogue_target *t, struct probe *p)
{
	char *command = t->present && t->version != NULL ? strdup(t->version) : NULL;
	char *argv[] = { "/bin/sh", "-c", LAST_RESORT, "sh", command, NULL };
	int fd = -1;

	if (command == NULL || tool_start(argv, TOOL_APART, &fd, &p->pid) < 0) {
		fd = -1;
		p->pid = 0;
	}
	free(command);
	return fd;
}

// What does not fit is read all the same, so that its writer goes on. False at the end.
static bool read_some(struct probe *p, int fd)
{
	char piece[TEXT_BYTES];
	ssize_t n = read(fd, piece, sizeof piece);
	size_t room = TEXT_BYTES - 1 - p->len;

	if (n <= 0)
		return n < 0 && errno == EINTR;
	if ((size_t)n < room)
		room = (size_t)n;
	memcpy(p->text + p->len, piece, room);
	p->len += room;
	return true;
}

static void read_all(struct probe *probes, struct pollfd *polls, size_t count, size_t open)
{
	const uint64_t end = clock_now_ns() + VERSIONS_LIMIT_MS * SG_NS_PER_MS;
	uint64_t now;

	while (open > 0 && (now = clock_now_ns()) < end) {
		if (poll(polls, count, (int)((end - now) / SG_NS_PER_MS) + 1) <= 0)
			continue;
		for (size_t i = 0; i < count; i++) {
			if (polls[i].fd < 0 || polls[i].revents == 0 || read_some(&probes[i], polls[i].fd))
				continue;
			close(polls[i].fd);
			polls[i].fd = -1;
			open--;
		}
	}
}

// Its group too: a child may hold the pipe open, or just stay.
static void end(const struct probe *p, int fd)
{
	if (fd >= 0)
		close(fd);
	if (p->pid == 0)
		return;
	kill(-p->pid, SIGKILL);
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

// The first word that looks like one: "3.11.2" of "Python 3.11.2".
static void find_version(const char *text, char out[VERSION_BYTES])
{
	for (const char *p = text; *p != '\0'; p++) {
		size_t len = strspn(p, "0123456789");
		size_t more = strspn(p, "0123456789.");

		if (len == 0 || p[len] != '.' ||
		    (p > text && isalnum((unsigned char)p[-1]) && tolower(p[-1]) != 'v')) {
			p += len > 0 ? len - 1 : 0;
			continue;
		}
		while (more > 0 && p[more - 1] == '.')
			more--;
		snprintf(out, VERSION_BYTES, "%.*s", (int)more, p);
		return;
	}
}

int versions_ask(const struct catalogue *c, char (*out)[VERSION_BYTES])
{
	struct probe *probes = calloc(c->target_count + 1, sizeof *probes);
	struct pollfd *polls = calloc(c->target_count + 1, sizeof *polls);
	size_t open = 0;
	int r = probes == NULL || polls == NULL ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && i < c->target_count; i++) {
		polls[i] = (struct pollfd){ .fd = start(&c->targets[i], &probes[i]), .events = POLLIN };
		open += polls[i].fd >= 0;
	}
	if (r == 0)
		read_all(probes, polls, c->target_count, open);
	for (size_t i = 0; r == 0 && i < c->target_count; i++) {
		end(&probes[i], polls[i].fd);
		find_version(probes[i].text, out[i]);
	}
	free(probes);
	free(polls);
	return r;
}
