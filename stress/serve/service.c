// The service's processes.
#include "serve.h"

#include "clock.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_MOST (1U << 20)
#define LOOK_US 10000U

int service_start(struct service *s, const char *command)
{
	char *line;
	int out[2];

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	if (asprintf(&line, "exec %s", command) < 0)
		return -ENOMEM;
	s->pid = fork();
	if (s->pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	free(line);
	close(out[1]);
	if (s->pid < 0) {
		close(out[0]);
		return -errno;
	}
	setpgid(s->pid, s->pid);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	s->out = out[0];
	return 0;
}

static void read_output(struct service *s)
{
	char bytes[4096];
	ssize_t n;

	while (s->out >= 0 && (n = read(s->out, bytes, sizeof bytes)) >= 0) {
		if (n == 0) {
			close(s->out);
			s->out = -1;
			return;
		}
		if (s->said.len < SAID_MOST)
			buf_add(&s->said, bytes, (size_t)n);
		if (write(STDERR_FILENO, bytes, (size_t)n) < 0) // sample lines are the load's alone
			return;
	}
}

void service_look(struct service *s)
{
	uint64_t bytes;

	read_output(s);
	if (!s->ended && waitpid(s->pid, &s->status, WNOHANG) == s->pid)
		s->ended = true;
	bytes = service_memory(s);
	s->peak_bytes = bytes > s->peak_bytes ? bytes : s->peak_bytes;
}

// Its resident bytes where it is of that group; else 0. (proc(5): /proc/PID/stat.)
static uint64_t memory_of(const char *pid, pid_t group)
{
	char path[300], text[512], *behind;
	long rss = 0;
	int pgrp = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	behind = strrchr(text, ')');
	if (behind == NULL ||
	    sscanf(behind + 1,
	           " %*c %*d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %*u %*u %ld",
	           &pgrp, &rss) != 2)
		return 0;
	return pgrp == group && rss > 0 ? (uint64_t)rss * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

uint64_t service_memory(const struct service *s)
{
	DIR *dir = opendir("/proc");
	uint64_t sum = 0;

	for (struct dirent *d; dir != NULL && (d = readdir(dir)) != NULL;)
		if (d->d_name[0] >= '0' && d->d_name[0] <= '9')
			sum += memory_of(d->d_name, s->pid);
	if (dir != NULL)
		closedir(dir);
	return sum;
}

static struct sockaddr_in loopback(unsigned port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		                     .sin_port = htons((uint16_t)port),
		                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

bool service_listens(unsigned port)
{
	const struct sockaddr_in at = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool listens = fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof at) == 0;

	if (fd >= 0)
		close(fd);
	return listens;
}

unsigned service_free_port(void)
{
	struct sockaddr_in at = loopback(0);
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned port = 0;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
	    getsockname(fd, (struct sockaddr *)&at, &len) == 0)
		port = ntohs(at.sin_port);
	if (fd >= 0)
		close(fd);
	return port;
}

bool service_stop(struct service *s, uint64_t grace_ns, uint64_t *took_ns)
{
	const uint64_t begun = clock_now_ns();
	bool in_time = true;

	kill(-s->pid, SIGTERM);
	while (!s->ended) {
		service_look(s);
		if (in_time && !s->ended && clock_now_ns() - begun > grace_ns) {
			in_time = false;
			kill(-s->pid, SIGKILL);
		}
		if (!s->ended)
			usleep(LOOK_US);
	}
	*took_ns = clock_now_ns() - begun;
	kill(-s->pid, SIGKILL); // what it left in its group
	return in_time;
}
