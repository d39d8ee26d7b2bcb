// Taps: the file, its lock, and the connections in it.
#include "tap.h"

#include "clock.h"
#include "io.h"
#include "tap_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct h2_tap {
	pthread_mutex_t lock;
	FILE *file;
	char *path;
	bool as_packets;
	unsigned lines;    // connections so far
	uint64_t start_ns; // monotonic
	uint64_t wall_ns;  // at start_ns
	uint64_t written;
	bool full;
	int error; // the first, positive
	struct buf text;
};

struct h2_tap_line {
	struct h2_tap *tap;
	unsigned number;
	struct tap_packets packets;
	struct tap_frames out, in;
};

// ---- the file -----------------------------------------------------------------------------------------------

static void write_all(struct h2_tap *t, const char *bytes, size_t len)
{
	t->written += len;
	if (fwrite(bytes, 1, len, t->file) != len && t->error == 0)
		t->error = errno ? errno : EIO;
}

// Writes what was gathered, and leaves it empty.
static void spill(struct h2_tap *t)
{
	static const char last[] = "full: 1 GiB is written, and nothing of what follows\n";
	if (t->text.failed && t->error == 0)
		t->error = ENOMEM;
	if (!t->full && t->written + t->text.len > H2_TAP_LIMIT) {
		t->full = true;
		if (!t->as_packets)
			write_all(t, last, sizeof(last) - 1);
	} else if (!t->full && t->text.len > 0) {
		write_all(t, t->text.data, t->text.len);
	}
	buf_clear(&t->text);
}

static bool ends_in(const char *text, const char *end)
{
	const size_t a = strlen(text), b = strlen(end);
	return a >= b && strcmp(text + a - b, end) == 0;
}

int h2_tap_open(const char *path, struct h2_tap **out, struct err *e)
{
	struct timespec wall;
	struct h2_tap *t = calloc(1, sizeof(*t));
	*out = NULL;
	if (!t || !(t->path = strdup(path))) {
		free(t);
		return err_set(e, ENOMEM, "out of memory");
	}
	t->file = fopen(path, "we");
	if (!t->file) {
		int rc = err_set(e, errno, "frames cannot be written to %s: %s", path, strerror(errno));
		free(t->path);
		free(t);
		return rc;
	}
	pthread_mutex_init(&t->lock, NULL);
	clock_gettime(CLOCK_REALTIME, &wall); // captures want the time of day
	t->wall_ns = (uint64_t)wall.tv_sec * SG_NS_PER_S + (uint64_t)wall.tv_nsec;
	t->start_ns = clock_now_ns();
	t->as_packets = ends_in(path, ".pcap");
	if (t->as_packets)
		tap_pcap_header(&t->text);
	spill(t);
	*out = t;
	return 0;
}

int h2_tap_open_for(const char *path, const char *name, struct h2_tap **out, struct err *e)
{
	static const char place[] = "{name}";
	struct buf whole = { 0 };
	char *one = io_encode_name(name);
	const char *at;
	*out = NULL;
	while (one && (at = strstr(path, place))) {
		buf_add(&whole, path, (size_t)(at - path));
		buf_adds(&whole, one);
		path = at + strlen(place);
	}
	buf_adds(&whole, path);
	int rc = !one || whole.failed ? err_set(e, ENOMEM, "out of memory") : h2_tap_open(whole.data, out, e);
	buf_deinit(&whole);
	free(one);
	return rc;
}

int h2_tap_close(struct h2_tap *t, struct err *e)
{
	int rc = 0;
	if (!t)
		return 0;
	if (fclose(t->file) != 0 && t->error == 0)
		t->error = errno;
	if (t->error != 0)
		rc = err_set(e, t->error, "not all frames could be written to %s: %s", t->path,
		             strerror(t->error));
	pthread_mutex_destroy(&t->lock);
	buf_deinit(&t->text);
	free(t->path);
	free(t);
	return rc;
}

// ---- connections --------------------------------------------------------------------------------------------

static void set_address(union tap_address *to, const struct sockaddr *from)
{
	if (from && from->sa_family == AF_INET6) {
		memcpy(&to->v6, from, sizeof(to->v6));
		return;
	}
	if (from && from->sa_family == AF_INET) {
		memcpy(&to->v4, from, sizeof(to->v4));
		return;
	}
	to->v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void add_address(const union tap_address *a, struct buf *out)
{
	char text[INET6_ADDRSTRLEN] = "";
	const bool v6 = a->any.sa_family == AF_INET6;
	inet_ntop(a->any.sa_family, v6 ? (const void *)&a->v6.sin6_addr : &a->v4.sin_addr, text, sizeof(text));
	buf_addf(out, v6 ? "[%s]:%u" : "%s:%u", text, ntohs(a->v4.sin_port));
}

// "     0.000123 c1 ->"
static void set_prefix(const struct h2_tap_line *l, const char *arrow, char text[64])
{
	const uint64_t us = (clock_now_ns() - l->tap->start_ns) / SG_NS_PER_US;
	snprintf(text, 64, "%5" PRIu64 ".%06" PRIu64 " c%u %s", us / 1000000, us % 1000000, l->number, arrow);
}

static uint64_t wall_now(const struct h2_tap *t)
{
	return t->wall_ns + (clock_now_ns() - t->start_ns);
}

struct h2_tap_line *h2_tap_begin(struct h2_tap *t, const struct sockaddr *own, const struct sockaddr *peer,
                                 bool we_are_client)
{
	struct h2_tap_line *l = calloc(1, sizeof(*l));
	char prefix[64];
	if (!l)
		return NULL;
	l->tap = t;
	l->packets.we_are_client = we_are_client;
	set_address(&l->packets.own, own);
	set_address(&l->packets.peer, peer);
	if (l->packets.own.any.sa_family != l->packets.peer.any.sa_family)
		l->packets.peer = l->packets.own;
	(we_are_client ? &l->out : &l->in)->preface_due = true;
	pthread_mutex_lock(&t->lock);
	l->number = ++t->lines;
	if (t->as_packets) {
		tap_pcap_begin(&l->packets, wall_now(t), &t->text);
	} else {
		set_prefix(l, "open ", prefix);
		buf_adds(&t->text, prefix);
		add_address(&l->packets.own, &t->text);
		buf_adds(&t->text, we_are_client ? " connects to " : " is connected by ");
		add_address(&l->packets.peer, &t->text);
		buf_addc(&t->text, '\n');
	}
	spill(t);
	pthread_mutex_unlock(&t->lock);
	return l;
}

void h2_tap_bytes(struct h2_tap_line *l, bool sent, const uint8_t *bytes, size_t len)
{
	char prefix[64];
	if (!l)
		return;
	struct h2_tap *t = l->tap;
	pthread_mutex_lock(&t->lock);
	if (t->as_packets) {
		tap_pcap_bytes(&l->packets, sent, bytes, len, wall_now(t), &t->text);
	} else {
		set_prefix(l, sent ? "->" : "<-", prefix);
		tap_frames_take(sent ? &l->out : &l->in, sent ? &l->in : &l->out, prefix, bytes, len, &t->text);
	}
	spill(t);
	pthread_mutex_unlock(&t->lock);
}

void h2_tap_end(struct h2_tap_line *l, const char *how)
{
	char prefix[64];
	if (!l)
		return;
	struct h2_tap *t = l->tap;
	pthread_mutex_lock(&t->lock);
	if (t->as_packets) {
		tap_pcap_end(&l->packets, wall_now(t), &t->text);
	} else {
		set_prefix(l, "->", prefix);
		tap_frames_rest(&l->out, prefix, &t->text);
		set_prefix(l, "<-", prefix);
		tap_frames_rest(&l->in, prefix, &t->text);
		set_prefix(l, "close", prefix);
		buf_addf(&t->text, "%s: %s\n", prefix, how);
	}
	spill(t);
	fflush(t->file); // so that it is there whatever becomes of this process
	pthread_mutex_unlock(&t->lock);
	tap_frames_deinit(&l->out);
	tap_frames_deinit(&l->in);
	free(l);
}
