// The telemetry file of this process, and the reading of others' without trust.
#include "telemetry.h"

#include "heap.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const kind_names[] = {
	[TELE_INTERPOSER] = "interposer", [TELE_POOL] = "pool",     [TELE_PROBE] = "probe",
	[TELE_SERVER] = "server",         [TELE_CLIENT] = "client", [TELE_JEMALLOC] = "jemalloc",
};

#define TRIES 999U // names tried for one role of one process
#define KINDS (sizeof kind_names / sizeof kind_names[0])

// Field 22 of /proc/self/stat; 0 when it cannot be read. The program's name, field 2, is in brackets and may
// itself hold blanks and brackets: counting begins behind the last one.
static uint64_t own_start_time(void)
{
	char text[1024];
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	const char *p;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	p = strrchr(text, ')');
	for (unsigned field = 2; p != NULL && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p == NULL ? 0 : strtoull(p, NULL, 10);
}

static void copy_text(char *to, size_t size, const char *from)
{
	size_t len = strnlen(from, size - 1);

	memcpy(to, from, len);
	memset(to + len, 0, size - len);
}

// A file of the full size with its space set aside; the descriptor or -errno. A half-made one is taken away.
static int make_file(const char *path, const struct tele_more *more)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	int rc;

	if (fd < 0)
		return -errno;
	rc = posix_fallocate(fd, 0, (off_t)(sizeof(struct tele_file) + more->reserved));
	if (rc == 0 && ftruncate(fd, (off_t)(sizeof(struct tele_file) + more->bytes)) < 0)
		rc = errno;
	if (rc != 0) {
		unlink(path);
		close(fd);
		return -rc;
	}
	return fd;
}

// The name is free unless this process had another program before exec, or opens the same role twice: then a
// further number is put behind it.
static int make_own_file(const char *dir, enum tele_role role, uint64_t start_time, const struct tele_more *more,
                         char path[PATH_MAX])
{
	const size_t size = PATH_MAX;
	int rc = -EEXIST;

	for (unsigned again = 1; rc == -EEXIST && again <= TRIES; again++) {
		int n = snprintf(path, size, "%s/%s-%ld-%llu", dir, kind_names[role], (long)getpid(),
		                 (unsigned long long)start_time);

		if (n < 0 || (size_t)n + 8 >= size)
			return -ENAMETOOLONG;
		if (again > 1)
			snprintf(path + n, size - (size_t)n, "-%u", again);
		rc = make_file(path, more);
	}
	return rc;
}

static void fill_in(struct tele_file *t, enum tele_role role, const char *program, uint64_t start_time)
{
	t->version = SG_TELE_VERSION;
	t->role = (uint32_t)role;
	t->pid = (uint32_t)getpid();
	t->start_time = start_time;
	t->created_ns = clock_now_ns();
	copy_text(t->program, sizeof t->program, program);
	// Last: a reader that comes too early sees no telemetry rather than half of its head.
	atomic_signal_fence(memory_order_release);
	memcpy(t->magic, SG_TELE_MAGIC, sizeof t->magic);
}

void telemetry_program(char *out, size_t size)
{
	const char *path = (const char *)getauxval(AT_EXECFN); // an address as a number
	const char *slash = path != NULL ? strrchr(path, '/') : NULL, *name = slash != NULL ? slash + 1 : path;
	char thread[16 + 1] = "";

	if (name == NULL || *name == '\0' || strncmp(path, "/proc/", 6) == 0 ||
	    strncmp(path, "/dev/fd/", 8) == 0) {
		prctl(PR_GET_NAME, thread);
		name = thread;
	}
	copy_text(out, size, name);
}

struct tele_file *telemetry_open(enum tele_role role, const char *program, struct err *e)
{
	return telemetry_open_in(getenv(SG_TELE_ENV_DIR), role, program, e);
}

struct tele_file *telemetry_open_in(const char *dir, enum tele_role role, const char *program, struct err *e)
{
	return telemetry_open_more(dir, role, program, &(struct tele_more){ 0, 0 }, e);
}

struct tele_file *telemetry_open_more(const char *dir, enum tele_role role, const char *program,
                                      const struct tele_more *more, struct err *e)
{
	uint64_t start_time = own_start_time();
	char path[PATH_MAX] = "";
	struct tele_file *t;
	int fd;

	if (dir == NULL || dir[0] == '\0') {
		err_set(e, ENOENT, SG_TELE_ENV_DIR " is not set: this program was not started by a run");
		return NULL;
	}
	if ((unsigned)role >= KINDS || kind_names[role] == NULL) {
		err_set(e, EINVAL, "telemetry: there is no role %d", (int)role);
		return NULL;
	}
	fd = make_own_file(dir, role, start_time, more, path);
	if (fd < 0) {
		err_set(e, -fd, "%s: telemetry cannot be made there: %s", dir, strerror(-fd));
		return NULL;
	}
	t = mmap(NULL, sizeof *t + more->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (t == MAP_FAILED) {
		err_set(e, errno, "%s: cannot be mapped: %s", path, strerror(errno));
		unlink(path);
		return NULL;
	}
	t->bytes = (uint32_t)(sizeof *t + more->bytes);
	fill_in(t, role, program, start_time);
	return t;
}

uint64_t *telemetry_counter(struct tele_file *t, const char *name)
{
	if (t == NULL || name[0] == '\0')
		return NULL;
	for (unsigned i = 0; i < SG_TELE_COUNTERS; i++) {
		struct tele_counter *c = &t->counters[i];

		if (c->name[0] == '\0')
			copy_text(c->name, sizeof c->name, name);
		if (strncmp(c->name, name, sizeof c->name - 1) == 0)
			return &c->value;
	}
	return NULL;
}

static int read_whole(int fd, void *data, size_t len)
{
	char *p = data;

	while (len > 0) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int check_head(const char *path, const struct tele_file *t, struct err *e)
{
	if (memcmp(t->magic, SG_TELE_MAGIC, sizeof t->magic) != 0)
		return err_set(e, EINVAL, "%s: is not a telemetry file, or one that was never finished", path);
	if (t->version != SG_TELE_VERSION)
		return err_set(e, EINVAL, "%s: telemetry of version %u; this program reads version %u", path,
		               t->version, SG_TELE_VERSION);
	if (t->bytes < sizeof *t)
		return err_set(e, EINVAL, "%s: telemetry of %u bytes; version %u has %zu", path, t->bytes,
		               SG_TELE_VERSION, sizeof *t);
	if (t->role >= KINDS || kind_names[t->role] == NULL)
		return err_set(e, EINVAL, "%s: telemetry of an unknown role %u", path, t->role);
	return 0;
}

#define TERMINATE(array) ((array)[sizeof(array) - 1] = '\0')

static void bound_everything(struct tele_file *t)
{
	TERMINATE(t->program);
	TERMINATE(t->note);
	TERMINATE(t->maps);
	if (t->maps_len >= sizeof t->maps)
		t->maps_len = sizeof t->maps - 1;
	t->maps[t->maps_len] = '\0';
	for (unsigned i = 0; i < SG_TELE_COUNTERS; i++)
		TERMINATE(t->counters[i].name);
	for (unsigned i = 0; i < SG_TELE_POOLS; i++) {
		struct tele_pool *p = &t->pools[i];

		TERMINATE(p->name);
		TERMINATE(p->text);
		if (p->frame_count > SG_TELE_FRAMES)
			p->frame_count = SG_TELE_FRAMES;
	}
}

// NULL when there is none of that name.
static struct tele_counter *find_counter(struct tele_file *t, const char *name)
{
	for (unsigned i = 0; i < SG_TELE_COUNTERS; i++)
		if (strcmp(t->counters[i].name, name) == 0)
			return &t->counters[i];
	return NULL;
}

static void add_to(struct tele_counter *sum, struct tele_file *t, const char *name, bool minus)
{
	const struct tele_counter *part = find_counter(t, name);

	if (sum != NULL && part != NULL)
		sum->value += minus ? 0 - part->value : part->value;
}

// What the interposer keeps in parts, to spare its hot path the sums.
static void complete_live(struct tele_file *t)
{
	struct tele_counter *bytes = find_counter(t, "live_bytes");
	struct tele_counter *blocks = find_counter(t, "live_blocks");
	struct tele_counter *peak = find_counter(t, "peak_bytes");

	add_to(bytes, t, "usable_bytes", false);
	add_to(bytes, t, "freed_bytes", true);
	add_to(blocks, t, "malloc_calls", false);
	add_to(blocks, t, "calloc_calls", false);
	add_to(blocks, t, "memalign_calls", false);
	add_to(blocks, t, "free_calls", true);
	// The peak is published in steps: what is live now may be above the last one.
	if (bytes != NULL && peak != NULL && (int64_t)bytes->value > (int64_t)peak->value)
		peak->value = bytes->value;
}

#define SLOTS_COMING 8U // threads with a slot that are not yet in the list

// An interposer's small requests stand behind the file's first part, by their bytes. The lowest slot that is free
// is the next to be used, so of most there is nothing to read.
static void add_small(int fd, struct tele_file *t)
{
	const off_t heap = (off_t)sizeof *t;
	struct tele_counter *calls = find_counter(t, "malloc_calls"), *bytes = find_counter(t, "requested_bytes");
	uint64_t small[SG_HEAP_SMALL], slots;
	char magic[sizeof SG_HEAP_MAGIC];
	uint32_t version;

	if (calls == NULL || bytes == NULL || pread(fd, magic, sizeof magic, heap) != (ssize_t)sizeof magic ||
	    memcmp(magic, SG_HEAP_MAGIC, sizeof magic) != 0 ||
	    pread(fd, &version, sizeof version, heap + (off_t)offsetof(struct heap_file, version)) !=
	            (ssize_t)sizeof version ||
	    version != SG_HEAP_VERSION ||
	    pread(fd, &slots, sizeof slots, heap + (off_t)offsetof(struct heap_file, thread_count)) !=
	            (ssize_t)sizeof slots)
		return;
	slots = slots < SG_TELE_THREADS - SLOTS_COMING ? slots + SLOTS_COMING : SG_TELE_THREADS;
	for (uint64_t i = 0; i < slots; i++)
		if (pread(fd, small, sizeof small,
		          heap + (off_t)(offsetof(struct heap_file, small) + i * sizeof small)) ==
		    (ssize_t)sizeof small)
			heap_add_small(small, &calls->value, &bytes->value);
}

static void add_threads(int fd, struct tele_file *t)
{
	for (unsigned i = 0; i < SG_TELE_VALUES; i++)
		for (unsigned k = 0; k < SG_TELE_THREADS; k++) {
			t->counters[i].value += t->threads[k].values[i];
			t->threads[k].values[i] = 0;
		}
	if (t->role != TELE_INTERPOSER)
		return;
	add_small(fd, t);
	complete_live(t);
}

int telemetry_look(int fd, struct tele_file *out)
{
	const size_t head = offsetof(struct tele_file, pools);
	ssize_t n = pread(fd, out, head, 0);

	if (n != (ssize_t)head || memcmp(out->magic, SG_TELE_MAGIC, sizeof out->magic) != 0 ||
	    out->version != SG_TELE_VERSION)
		return n < 0 ? -errno : -EINVAL;
	n = pread(fd, out->threads, sizeof out->threads, offsetof(struct tele_file, threads));
	if (n != (ssize_t)sizeof out->threads)
		return n < 0 ? -errno : -EINVAL;
	out->program[sizeof out->program - 1] = '\0';
	for (unsigned i = 0; i < SG_TELE_COUNTERS; i++)
		out->counters[i].name[sizeof out->counters[i].name - 1] = '\0';
	add_threads(fd, out);
	return 0;
}

int telemetry_read(const char *path, struct tele_file *out, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return err_set(e, errno, "%s: cannot be read: %s", path, strerror(errno));
	rc = fstat(fd, &st) < 0 ? -errno : 0;
	if (rc == 0 && (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof *out))
		rc = err_set(e, EINVAL, "%s: is not a telemetry file of %zu bytes", path, sizeof *out);
	if (rc == 0)
		rc = read_whole(fd, out, sizeof *out);
	if (rc < 0) {
		close(fd);
		return err_set(e, -rc, "%s: cannot be read: %s", path, strerror(-rc));
	}
	rc = check_head(path, out, e);
	if (rc == 0 && out->bytes != st.st_size)
		rc = err_set(e, EINVAL, "%s: telemetry of %u bytes in a file of %lld", path, out->bytes,
		             (long long)st.st_size);
	if (rc == 0) {
		bound_everything(out);
		add_threads(fd, out);
	}
	close(fd);
	return rc;
}
