// Bounded capture of one output stream.
#include "capture.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 4096U

int capture_init(struct capture *c, uint64_t limit)
{
	memset(c, 0, sizeof *c);
	c->fd = -1;
	c->half = limit > 1 ? (size_t)(limit / 2) : 1;
	c->head = malloc(c->half);
	c->ring = malloc(c->half);
	return c->head == NULL || c->ring == NULL ? -ENOMEM : 0;
}

void capture_deinit(struct capture *c)
{
	if (c->head != NULL && c->fd >= 0)
		close(c->fd);
	free(c->head);
	free(c->ring);
	memset(c, 0, sizeof *c);
	c->fd = -1;
}

void capture_begin(struct capture *c, char *path)
{
	c->head_len = c->ring_start = c->ring_len = 0;
	c->bytes = 0;
	c->path = path;
	c->error = 0;
}

// The file's directories are made with it, so that a test that prints nothing leaves none.
static int open_file(const char *path)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
	int fd = open(path, flags, 0666);

	if (fd < 0 && errno == ENOENT) {
		char *dir = strdup(path);

		if (dir == NULL)
			return -ENOMEM;
		*strrchr(dir, '/') = '\0';
		if (io_make_dirs(dir, NULL) == 0)
			fd = open(path, flags, 0666);
		free(dir);
	}
	return fd < 0 ? -errno : fd;
}

static void to_file(struct capture *c, const char *bytes, size_t len)
{
	int rc;

	if (c->error != 0 || len == 0)
		return;
	if (c->fd < 0) {
		rc = open_file(c->path);
		if (rc < 0) {
			c->error = rc;
			return;
		}
		c->fd = rc;
	}
	rc = io_write_all(c->fd, bytes, len);
	if (rc < 0)
		c->error = rc;
}

static void to_ring(struct capture *c, const char *bytes, size_t len)
{
	if (len > c->half) {
		bytes += len - c->half;
		len = c->half;
	}
	while (len > 0) {
		size_t end = (c->ring_start + c->ring_len) % c->half;
		size_t n = c->half - end < len ? c->half - end : len;
		size_t grown = c->ring_len + n;

		memcpy(c->ring + end, bytes, n);
		if (grown > c->half) {
			c->ring_start = (c->ring_start + grown - c->half) % c->half;
			grown = c->half;
		}
		c->ring_len = grown;
		bytes += n;
		len -= n;
	}
}

void capture_feed(struct capture *c, const char *bytes, size_t len)
{
	size_t room = c->half - c->head_len;
	size_t n = len < room ? len : room;

	c->bytes += len;
	memcpy(c->head + c->head_len, bytes, n);
	c->head_len += n;
	to_file(c, bytes, n);
	to_ring(c, bytes + n, len - n);
}

uint64_t capture_left_out(const struct capture *c)
{
	return c->bytes - c->head_len - c->ring_len;
}

void capture_end(struct capture *c)
{
	size_t first = c->half - c->ring_start < c->ring_len ? c->half - c->ring_start : c->ring_len;
	char gap[80];

	if (capture_left_out(c) > 0) {
		int n = snprintf(gap, sizeof gap, "\n[stressgen: %" PRIu64 " bytes left out here]\n",
		                 capture_left_out(c));

		to_file(c, gap, (size_t)n);
	}
	if (c->ring_len > 0) {
		to_file(c, c->ring + c->ring_start, first);
		to_file(c, c->ring, c->ring_len - first);
	}
	if (c->fd >= 0 && close(c->fd) < 0 && c->error == 0)
		c->error = -errno;
	c->fd = -1;
}

// The kept byte at `i`, counted from the start of the head.
static char kept(const struct capture *c, size_t i)
{
	return i < c->head_len ? c->head[i] : c->ring[(c->ring_start + i - c->head_len) % c->half];
}

bool capture_lines(const struct capture *c, bool (*line)(void *arg, char *text, size_t len), void *arg)
{
	const size_t total = c->head_len + c->ring_len;
	const bool gap = capture_left_out(c) > 0;
	char text[LINE_BYTES + 1];
	size_t len = 0;

	for (size_t i = 0; i < total; i++) {
		const char ch = kept(c, i);
		const bool ends = ch == '\n' || (gap && i + 1 == c->head_len) || i + 1 == total;

		if (ch != '\n' && len < LINE_BYTES)
			text[len++] = ch == '\0' ? ' ' : ch;
		if (!ends)
			continue;
		text[len] = '\0';
		if (line(arg, text, len))
			return true;
		len = 0;
	}
	return false;
}

size_t capture_tail(const struct capture *c, char *out, size_t size)
{
	const size_t total = c->head_len + c->ring_len;
	size_t start = total > size ? total - size : 0;

	// Not from the middle of a line, unless the line is longer than all there is room for.
	if (start > 0)
		for (size_t i = start - 1; i < total; i++)
			if (kept(c, i) == '\n' && i + 1 < total) {
				start = i + 1;
				break;
			}
	for (size_t i = start; i < total; i++)
		out[i - start] = kept(c, i);
	return total - start;
}
