// Reading what an interposer has left, without trust.
#include "heap.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const char *heap_function_name(unsigned function)
{
	static const char *const names[] = {
#define X(name, text) [name] = text,
		SG_HEAP_FUNCTIONS(X)
#undef X
	};

	return function < HEAP_FUNCTION_COUNT ? names[function] : "?";
}

static int read_at(int fd, void *data, size_t len, off_t at)
{
	char *p = data;

	while (len > 0) {
		ssize_t n = pread(fd, p, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		p += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static void bound_everything(struct heap_file *h)
{
	for (unsigned i = 0; i < SG_HEAP_FAILURES; i++)
		if (h->failures[i].frame_count > SG_HEAP_FRAMES)
			h->failures[i].frame_count = SG_HEAP_FRAMES;
	for (unsigned i = 0; i < SG_HEAP_SITES; i++)
		if (h->sites[i].frame_count > SG_HEAP_FRAMES)
			h->sites[i].frame_count = SG_HEAP_FRAMES;
	for (unsigned i = 0; i < SG_HEAP_THREADS; i++) {
		h->threads[i].name[sizeof h->threads[i].name - 1] = '\0';
		if (h->threads[i].slot >= SG_TELE_THREADS)
			h->threads[i].tid = 0;
	}
	if (h->thread_count > SG_HEAP_THREADS)
		h->thread_count = SG_HEAP_THREADS;
	if (h->lifetimes_freed > h->lifetimes_taken)
		h->lifetimes_freed = h->lifetimes_taken;
}

// To each slot's sizes, of those that the file has.
static int read_small(int fd, struct heap_file *h)
{
	int rc;

	memset(h->small, 0, sizeof h->small);
	if (h->version < SG_HEAP_VERSION)
		return 0;
	rc = read_at(fd, h->small, sizeof h->small,
	             (off_t)(sizeof(struct tele_file) + offsetof(struct heap_file, small)));
	for (unsigned slot = 0; slot < SG_TELE_THREADS && rc == 0; slot++)
		for (unsigned bytes = 0; bytes < SG_HEAP_SMALL; bytes++)
			h->sizes[slot][heap_class(bytes)] += h->small[slot][bytes];
	return rc;
}

// A thread that still ran has what its slot has counted since it came.
static int complete_threads(int fd, struct heap_file *h)
{
	struct tele_thread slots[SG_TELE_THREADS];
	int rc = read_at(fd, slots, sizeof slots, offsetof(struct tele_file, threads));

	for (unsigned slot = 0; slot < SG_TELE_THREADS && rc == 0; slot++)
		heap_add_small(h->small[slot], &slots[slot].values[SG_HEAP_CALLS],
		               &slots[slot].values[SG_HEAP_REQUESTED]);
	for (unsigned i = 0; i < h->thread_count && rc == 0; i++) {
		struct heap_thread *t = &h->threads[i];

		for (unsigned v = 0; v < SG_TELE_VALUES && t->tid != 0 && t->to_ns == 0; v++)
			t->values[v] = slots[t->slot].values[v] - t->values[v];
	}
	return rc;
}

// Most threads of the 128 there never are.
static int read_lanes(int fd, struct heap_file *h)
{
	const off_t from = (off_t)(sizeof(struct tele_file) + offsetof(struct heap_file, lanes));
	int rc = read_at(fd, h->lanes, h->thread_count * sizeof h->lanes[0], from);

	return rc < 0 ? rc
	              : read_at(fd, &h->lanes[SG_HEAP_THREADS], SG_HEAP_SHARED_LANES * sizeof h->lanes[0],
	                        from + (off_t)(SG_HEAP_THREADS * sizeof h->lanes[0]));
}

const struct heap_lane *heap_next_lane(const struct heap_file *h, unsigned *at)
{
	if (*at >= h->thread_count && *at < SG_HEAP_THREADS)
		*at = SG_HEAP_THREADS;
	return *at < SG_HEAP_LANES ? &h->lanes[(*at)++] : NULL;
}

static bool is_known(uint32_t version, uint32_t bytes)
{
	return version == SG_HEAP_VERSION ? bytes == sizeof(struct heap_file)
	                                  : version == 3 && bytes == offsetof(struct heap_file, small);
}

static int read_part(int fd, struct heap_file *out)
{
	struct tele_file head;
	int rc = read_at(fd, &head, offsetof(struct tele_file, counters), 0);

	if (rc < 0 || memcmp(head.magic, SG_TELE_MAGIC, sizeof head.magic) != 0 || head.role != TELE_INTERPOSER)
		return rc < 0 ? rc : -ENODATA;
	rc = read_at(fd, out, offsetof(struct heap_file, lanes), (off_t)sizeof(struct tele_file));
	if (rc < 0)
		return rc;
	if (memcmp(out->magic, SG_HEAP_MAGIC, sizeof out->magic) != 0 || !is_known(out->version, out->bytes))
		return -ENODATA;
	bound_everything(out);
	rc = read_lanes(fd, out);
	if (rc == 0)
		rc = read_small(fd, out);
	return rc < 0 ? rc : complete_threads(fd, out);
}

int heap_read(const char *path, struct heap_file *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return err_set(e, errno, "%s: cannot be read: %s", path, strerror(errno));
	rc = read_part(fd, out);
	close(fd);
	return rc < 0 ? err_set(e, -rc, "%s: no histograms: %s", path, strerror(-rc)) : 0;
}

double heap_ns_per_tick(const struct heap_file *h)
{
	uint64_t ticks = heap_ticks() - h->clock_ticks;
	uint64_t ns = clock_now_ns() - h->clock_ns;

	return h->clock_ns == 0 || ticks == 0 || ticks > UINT64_MAX / 2 || ns > UINT64_MAX / 2
	               ? 0
	               : (double)ns / (double)ticks;
}

static double slot_middle(unsigned slot)
{
	unsigned shift = slot < 16 ? 0 : (slot >> 3) - 1;
	uint64_t low = (uint64_t)(slot - (shift << 3)) << shift;

	return (double)low + (double)((UINT64_C(1) << shift) - 1) / 2;
}

void heap_times_to_hist(const uint64_t *times, double ns_per_tick, struct hist *to)
{
	for (unsigned slot = 0; slot < SG_HEAP_TIMES; slot++)
		hist_record_n(to, (uint64_t)(slot_middle(slot) * ns_per_tick + 0.5), times[slot]);
}

void heap_site_at_peak(const struct heap_file *h, const struct heap_site *s, uint64_t *bytes, uint64_t *blocks)
{
	bool unchanged = s->peak_seen < h->peak_number;

	*bytes = unchanged ? s->live_bytes : s->peak_bytes;
	*blocks = unchanged ? s->live_blocks : s->peak_blocks;
}
