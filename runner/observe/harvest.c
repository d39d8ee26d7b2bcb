// Telemetry files into the result.
#include "harvest.h"
#include "harvest_heap.h"

#include "harvest_jemalloc.h"

#include "clock.h"
#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 4096U

static const char *role_name(uint32_t role)
{
	static const char *const names[] = {
		[TELE_INTERPOSER] = "interposer", [TELE_POOL] = "pool",     [TELE_PROBE] = "probe",
		[TELE_SERVER] = "server",         [TELE_CLIENT] = "client", [TELE_JEMALLOC] = "jemalloc"
	};

	return role < sizeof names / sizeof names[0] && names[role] != NULL ? names[role] : "unknown";
}

// ---- frames ----

static int add_frames(const struct tele_file *t, const struct tele_pool *from, struct result_pool *to)
{
	const char *line = from->text;
	int rc = 0;

	while (*line != '\0' && rc == 0) {
		size_t len = strcspn(line, "\n");

		if (len > 0)
			rc = strings_add(&to->frames, line, len);
		line += len + (line[len] == '\n');
	}
	return rc < 0 ? rc : harvest_frames(t, from->frames, from->frame_count, &to->frames);
}

// A jemalloc's own frames and ours say nothing of who asked.
static bool is_allocators(const char *frame)
{
	static const char *const libraries[] = { "/libstressjemalloc.so+", "/libjemalloc.so",
		                                 "/libstressalloc.so+" };

	for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++)
		if (strstr(frame, libraries[i]) != NULL)
			return true;
	return false;
}

static void drop_allocators(struct strings *frames)
{
	size_t first = 0;

	while (first < frames->count && is_allocators(frames->items[first]))
		first++;
	if (first == frames->count)
		return; // better than none
	for (size_t i = 0; i < first; i++)
		free(frames->items[i]);
	frames->count -= first;
	memmove(frames->items, frames->items + first, frames->count * sizeof *frames->items);
}

// ---- pools and counters ----

static int add_pool(const struct tele_file *t, const struct tele_pool *p, uint64_t start_ns, struct result *r)
{
	struct result_pool *grown;
	struct result_pool *to;
	int rc;

	if (r->pool_count >= HARVEST_POOLS)
		return 0;
	grown = reallocarray(r->pools, r->pool_count + 1, sizeof *grown);
	if (grown == NULL)
		return -ENOMEM;
	r->pools = grown;
	to = &grown[r->pool_count++];
	*to = (struct result_pool){ .name = result_utf8(p->name, strlen(p->name)),
		                    .role = strdup(role_name(t->role)),
		                    .program = result_utf8(t->program, strlen(t->program)),
		                    .pid = t->pid,
		                    .unit_bytes = p->unit_bytes,
		                    .capacity = p->capacity,
		                    .used = p->used,
		                    .high_water = p->high_water,
		                    .acquires = p->acquires,
		                    .releases = p->releases,
		                    .exhausted = p->exhausted,
		                    .request_bytes = p->request_bytes,
		                    .depth = p->depth };
	if (to->name == NULL || to->role == NULL || to->program == NULL) {
		free(to->name);
		free(to->role);
		free(to->program);
		r->pool_count--;
		return -ENOMEM;
	}
	if (p->used > INT64_MAX) {
		to->used = 0;
		to->over_released = 0 - p->used;
	}
	if (p->exhausted > 0 && p->exhausted_ns > start_ns)
		to->exhausted_ms = (p->exhausted_ns - start_ns) / SG_NS_PER_MS;
	rc = add_frames(t, p, to);
	if (rc == 0 && t->role == TELE_JEMALLOC)
		drop_allocators(&to->frames);
	return rc;
}

static int set_counter(struct result_counters *c, const char *name, uint64_t value)
{
	char text[24];
	struct param *item = NULL;

	for (size_t i = 0; i < c->count && item == NULL; i++)
		if (strcmp(c->items[i].name, name) == 0)
			item = &c->items[i];
	snprintf(text, sizeof text, "%" PRIu64, value);
	if (item == NULL) {
		struct param *grown = reallocarray(c->items, c->count + 1, sizeof *grown);
		char *copy = result_utf8(name, strlen(name));

		if (grown != NULL)
			c->items = grown;
		if (grown == NULL || copy == NULL) {
			free(copy);
			return -ENOMEM;
		}
		item = &c->items[c->count];
		*item = (struct param){ copy, NULL };
		c->count++;
	}
	free(item->value);
	item->value = strdup(text);
	return item->value == NULL ? -ENOMEM : 0;
}

static uint64_t counter_value(const struct result_counters *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->items[i].name, name) == 0 && c->items[i].value != NULL)
			return strtoull(c->items[i].value, NULL, 10);
	return 0;
}

static bool is_peak(const char *name)
{
	return strncmp(name, "peak", 4) == 0 || strncmp(name, "max", 3) == 0;
}

// A new place for a process's counters; NULL without memory.
static struct result_counters *new_counters(struct result *r, const char *role, const char *program,
                                            const char *note, uint64_t pid)
{
	struct result_counters *grown = reallocarray(r->counters, r->counters_count + 1, sizeof *grown);
	struct result_counters *c;

	if (grown == NULL)
		return NULL;
	r->counters = grown;
	c = &grown[r->counters_count];
	*c = (struct result_counters){ .role = strdup(role),
		                       .program = result_utf8(program, strlen(program)),
		                       .note = note[0] != '\0' ? result_utf8(note, strlen(note)) : NULL,
		                       .pid = pid };
	if (c->role == NULL || c->program == NULL) {
		free(c->role);
		free(c->program);
		free(c->note);
		return NULL;
	}
	r->counters_count++;
	return c;
}

// Sums go together by adding, peaks (which need not have been at the same time) by the highest.
static int add_up_counters(const struct tele_file *t, struct result_counters *c)
{
	for (size_t i = 0; i < SG_TELE_COUNTERS; i++) {
		const char *name = t->counters[i].name;
		const uint64_t value = t->counters[i].value;
		const uint64_t before = counter_value(c, name);
		const uint64_t now = !is_peak(name) ? before + value : value > before ? value : before;
		int rc = name[0] != '\0' ? set_counter(c, name, now) : 0;

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int add_counters(const struct tele_file *t, struct result *r)
{
	struct result_counters *c = NULL;

	if (t->counters[0].name[0] == '\0' && t->note[0] == '\0')
		return 0;
	if (r->counters_count < HARVEST_PROCESSES)
		c = new_counters(r, role_name(t->role), t->program, t->note, t->pid);
	else if (r->counters_count == HARVEST_PROCESSES)
		c = new_counters(r, role_name(t->role), "(further processes)",
		                 "the counters of many processes added up", 0);
	else
		c = &r->counters[HARVEST_PROCESSES];
	return c == NULL ? -ENOMEM : add_up_counters(t, c);
}

// ---- files ----

static bool is_zero(const char *block, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (block[i] != 0)
			return false;
	return true;
}

// Where the next byte is that may not be zero; the file's end when there is none.
static off_t skip_hole(int fd, off_t at)
{
	off_t data = lseek(fd, at, SEEK_DATA);

	if (data < 0)
		return errno == ENXIO ? lseek(fd, 0, SEEK_END) : lseek(fd, at, SEEK_SET);
	return data;
}

// Most of a telemetry file is a hole, and much of the rest is zero: that becomes one.
static int copy_sparse(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int out = -1;
	char block[BLOCK];
	off_t at = 0;
	ssize_t n = 0;
	int rc = 0;

	if (in < 0)
		return -errno;
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (out < 0)
		rc = -errno;
	while (rc == 0 && (at = skip_hole(in, at)) >= 0 && (n = read(in, block, sizeof block)) > 0) {
		ssize_t written = is_zero(block, (size_t)n) ? n : pwrite(out, block, (size_t)n, at);

		if (written != n) // a short one is a disk that has just become full
			rc = written < 0 ? -errno : -ENOSPC;
		at += n;
	}
	if (rc == 0 && (n < 0 || at < 0 || ftruncate(out, at) < 0))
		rc = -errno;
	if (out >= 0 && close(out) < 0 && rc == 0)
		rc = -errno;
	close(in);
	return rc;
}

static int harvest_file(const char *path, uint64_t start_ns, struct tele_file *t, struct result *r)
{
	const size_t before = r->counters_count;
	struct err e = { "" };
	struct stat st;
	int rc;

	if (stat(path, &st) == 0 && st.st_size == 0) // its maker went on to another program
		return 0;
	rc = telemetry_read(path, t, &e);
	if (rc < 0)
		return new_counters(r, "unknown", "?", e.text, 0) != NULL ? 0 : -ENOMEM;
	rc = add_counters(t, r);
	if (rc == 0 && t->role == TELE_INTERPOSER && before < HARVEST_PROCESSES && r->counters_count > before)
		rc = harvest_heap(path, t, start_ns, &r->counters[before].heap);
	for (size_t i = 0; i < SG_TELE_POOLS && rc == 0; i++)
		if (t->pools[i].name[0] != '\0')
			rc = add_pool(t, &t->pools[i], start_ns, r);
	if (rc == 0 && t->role == TELE_JEMALLOC)
		rc = harvest_jemalloc(path, t, start_ns, r);
	return rc;
}

static int copy_file(const char *path, const char *copy_dir, const char *name)
{
	char *to = io_join(copy_dir, name);
	int rc;

	if (to == NULL)
		return -ENOMEM;
	rc = io_make_dirs(copy_dir, NULL);
	if (rc == 0)
		rc = copy_sparse(path, to);
	free(to);
	return rc;
}

int harvest(const char *dir, const char *copy_dir, uint64_t test_start_ns, struct tele_file *scratch,
            struct result *r)
{
	const struct dirent *entry;
	DIR *d = opendir(dir);
	int count = 0;
	int rc = 0;

	if (d == NULL)
		return -errno;
	while (rc == 0 && (entry = readdir(d)) != NULL) {
		char *path;

		if (entry->d_name[0] == '.' || (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN))
			continue;
		path = io_join(dir, entry->d_name);
		if (path == NULL) {
			rc = -ENOMEM;
			break;
		}
		rc = harvest_file(path, test_start_ns, scratch, r);
		if (rc == 0 && (unsigned)count < HARVEST_PROCESSES)
			rc = copy_file(path, copy_dir, entry->d_name);
		count++;
		free(path);
	}
	closedir(d);
	return rc < 0 ? rc : count;
}

const struct result_pool *harvest_first_exhausted(const struct result *r)
{
	const struct result_pool *first = NULL;

	for (size_t i = 0; i < r->pool_count; i++) {
		const struct result_pool *p = &r->pools[i];

		if (p->exhausted > 0 && (first == NULL || p->exhausted_ms < first->exhausted_ms))
			first = p;
	}
	return first;
}
