// Slabs and heaps over time.
#include "fill.h"

#include "clock.h"
#include "proc.h"
#include "telemetry.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct fill_pool *find(struct fill *f, uint64_t pid, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->pools[i].pid == pid && strcmp(f->pools[i].name, name) == 0)
			return &f->pools[i];
	if (f->count == FILL_POOLS)
		return NULL;
	f->pools[f->count] = (struct fill_pool){ .pid = pid };
	strcpy(f->pools[f->count].name, name);
	return &f->pools[f->count++];
}

static void add(struct fill_pool *p, uint64_t age_ns, uint64_t used, uint64_t capacity)
{
	uint64_t *row = number_rows_add(&p->rows, POOL_COLUMNS);

	if (row == NULL)
		return;
	row[POOL_AT_MS] = age_ns / SG_NS_PER_MS;
	row[POOL_USED] = used;
	row[POOL_CAPACITY] = capacity;
	if (p->rows.count >= 2 * RESULT_POOL_FILL)
		number_rows_thin(&p->rows, POOL_COLUMNS, RESULT_POOL_FILL);
}

// Another process writes it meanwhile: each figure is whole, though not all of the same moment.
static void look_at_file(struct fill *f, int fd, uint64_t age_ns)
{
	struct tele_file head;

	if (pread(fd, &head, offsetof(struct tele_file, maps), 0) != (ssize_t)offsetof(struct tele_file, maps) ||
	    memcmp(head.magic, SG_TELE_MAGIC, sizeof head.magic) != 0 || head.version != SG_TELE_VERSION)
		return;
	for (size_t i = 0; i < SG_TELE_POOLS; i++) {
		struct tele_pool *from = &head.pools[i];
		struct fill_pool *to;

		from->name[sizeof from->name - 1] = '\0';
		to = from->name[0] != '\0' ? find(f, head.pid, from->name) : NULL;
		if (to != NULL)
			add(to, age_ns, from->used, from->capacity);
	}
}

// ---- heaps ----

static uint64_t counter(const struct tele_file *t, const char *name)
{
	for (size_t i = 0; i < SG_TELE_COUNTERS; i++)
		if (strcmp(t->counters[i].name, name) == 0)
			return t->counters[i].value;
	return 0;
}

static struct fill_heap *find_heap(struct fill *f, uint64_t pid, const char *program)
{
	for (size_t i = 0; i < f->heap_count; i++)
		if (f->heaps[i].pid == pid && strcmp(f->heaps[i].program, program) == 0)
			return &f->heaps[i];
	if (f->heap_count == FILL_FILES)
		return NULL;
	f->heaps[f->heap_count] = (struct fill_heap){ .pid = pid };
	strcpy(f->heaps[f->heap_count].program, program);
	return &f->heaps[f->heap_count++];
}

// What a process has in physical memory, if it is still the one that made the file (in a container it has another
// number here).
static uint64_t resident(const struct tele_file *t)
{
	struct proc_stat s;

	return proc_stat((pid_t)t->pid, &s) == 0 && s.start_time == t->start_time ? s.rss_bytes : 0;
}

static void add_heap(struct fill_heap *h, const uint64_t row[HEAP_COLUMNS])
{
	uint64_t *to = number_rows_add(&h->rows, HEAP_COLUMNS);

	if (to == NULL)
		return;
	memcpy(to, row, HEAP_COLUMNS * sizeof *to);
	if (h->rows.count >= 2 * RESULT_POOL_FILL)
		number_rows_thin(&h->rows, HEAP_COLUMNS, RESULT_POOL_FILL);
}

static void look_at_heap(struct fill *f, int fd, uint64_t age_ns)
{
	struct fill_heap *to;
	struct tele_file head;

	if (telemetry_look(fd, &head) < 0 || head.counters[0].name[0] == '\0') // it is not instrumented
		return;
	to = find_heap(f, head.pid, head.program);
	if (to != NULL)
		add_heap(to, (uint64_t[HEAP_COLUMNS]){ [HEAP_AT_MS] = age_ns / SG_NS_PER_MS,
		                                       [HEAP_LIVE] = counter(&head, "live_bytes"),
		                                       [HEAP_REQUESTED] = counter(&head, "requested_bytes"),
		                                       [HEAP_RSS] = resident(&head) });
}

static uint64_t value_of(const struct result_counters *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->items[i].name, name) == 0 && c->items[i].value != NULL)
			return strtoull(c->items[i].value, NULL, 10);
	return 0;
}

static void end_heap(struct fill_heap *from, const struct result *r, struct result_counters *to)
{
	const uint64_t last_rss = from->rows.values[(from->rows.count - 1) * HEAP_COLUMNS + HEAP_RSS];

	add_heap(from, (uint64_t[HEAP_COLUMNS]){ [HEAP_AT_MS] = r->wall_ns / SG_NS_PER_MS,
	                                         [HEAP_LIVE] = value_of(to, "live_bytes"),
	                                         [HEAP_REQUESTED] = value_of(to, "requested_bytes"),
	                                         [HEAP_RSS] = last_rss });
	to->heap->course = from->rows;
	from->rows = (struct number_rows){ 0 };
}

// ---- from outside ----

void fill_look(struct fill *f, struct scratch_dir *dir, uint64_t age_ns)
{
	const struct dirent *entry;
	size_t looked = 0;

	if (scratch_dir_is_empty(dir))
		return;
	rewinddir(dir->handle);
	while (looked < FILL_FILES && (entry = readdir(dir->handle)) != NULL) {
		const bool interposer = strncmp(entry->d_name, "interposer-", 11) == 0;
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		fd = openat(dirfd(dir->handle), entry->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (fd < 0)
			continue;
		if (interposer) // those have no slabs
			look_at_heap(f, fd, age_ns);
		else
			look_at_file(f, fd, age_ns);
		close(fd);
		looked++;
	}
}

void fill_end(struct fill *f, struct result *r)
{
	for (size_t i = 0; i < r->pool_count; i++) {
		struct result_pool *to = &r->pools[i];

		for (size_t k = 0; k < f->count; k++) {
			struct fill_pool *from = &f->pools[k];

			if (from->pid != to->pid || from->rows.count == 0 || to->fill.count > 0 ||
			    strcmp(from->name, to->name) != 0)
				continue;
			add(from, r->wall_ns, to->used, to->capacity);
			to->fill = from->rows;
			from->rows = (struct number_rows){ 0 };
		}
	}
	for (size_t i = 0; i < r->counters_count; i++) {
		struct result_counters *to = &r->counters[i];

		for (size_t k = 0; k < f->heap_count && to->heap != NULL; k++)
			if (f->heaps[k].pid == to->pid && f->heaps[k].rows.count > 0 &&
			    to->heap->course.count == 0 && strcmp(f->heaps[k].program, to->program) == 0)
				end_heap(&f->heaps[k], r, to);
	}
	for (size_t k = 0; k < f->count; k++)
		number_rows_deinit(&f->pools[k].rows);
	for (size_t k = 0; k < f->heap_count; k++)
		number_rows_deinit(&f->heaps[k].rows);
	f->count = f->heap_count = 0;
}
