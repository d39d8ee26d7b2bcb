// Slabs over time.
#include "fill.h"

#include "clock.h"
#include "telemetry.h"

#include <fcntl.h>
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

void fill_look(struct fill *f, struct scratch_dir *dir, uint64_t age_ns)
{
	const struct dirent *entry;
	size_t looked = 0;

	if (scratch_dir_is_empty(dir))
		return;
	rewinddir(dir->handle);
	while (looked < FILL_FILES && (entry = readdir(dir->handle)) != NULL) {
		int fd;

		if (entry->d_name[0] == '.' ||
		    strncmp(entry->d_name, "interposer-", 11) == 0) // those have no slabs
			continue;
		fd = openat(dirfd(dir->handle), entry->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (fd < 0)
			continue;
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
	for (size_t k = 0; k < f->count; k++)
		number_rows_deinit(&f->pools[k].rows);
	f->count = 0;
}
