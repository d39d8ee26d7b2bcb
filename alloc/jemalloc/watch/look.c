// One look at a jemalloc: totals, caches and purging, mutexes, and slabs by size class. What this version has no
// name for is said, and stays 0.
#include "watch.h"

#include "clock.h"

#include <stdio.h>
#include <string.h>

#define MIB 8U
#define BIN_AT 4U // in "stats.arenas.A.bins.J.NAME"

struct mib {
	size_t at[MIB], length; // 0: there is no such name
};

enum {
#define X(member, name) TOTAL_##member,
	SG_JEMALLOC_TOTALS(X)
#undef X
	        TOTALS
};

enum {
#define X(member, name, pages) COUNT_##member,
	SG_JEMALLOC_COUNTS(X)
#undef X
	        COUNTS
};

enum { // counts of a size class, in the order of their table
#define X(member, name) BIN_##member,
	SG_JEMALLOC_BIN_COUNTS(X)
#undef X
	        BIN_COUNTS
};

enum {
#define X(member, name) MUTEX_##member,
	SG_JEMALLOC_MUTEX_COUNTS(X)
#undef X
	        MUTEX_COUNTS
};

static const char *const mutex_names[][2] = {
#define X(name, path) { name, path },
	SG_JEMALLOC_MUTEX_NAMES(X)
#undef X
};
#define MUTEXES (sizeof mutex_names / sizeof mutex_names[0])

_Static_assert(MUTEXES < SG_JEMALLOC_MUTEXES, "there is room for the size classes' together");

static struct mib total_mibs[TOTALS], count_mibs[COUNTS], bin_mibs[BIN_COUNTS];
static struct mib mutex_mibs[MUTEXES][MUTEX_COUNTS];
static uint64_t page_bytes;

static uint64_t read_mib(const struct mib *m, size_t bin)
{
	size_t mib[MIB];
	uint64_t value = 0;
	size_t bytes = sizeof value;
	uint32_t small = 0;

	if (m->length == 0)
		return 0;
	memcpy(mib, m->at, sizeof mib);
	if (bin != 0)
		mib[BIN_AT] = bin;
	if (je.by_mib(mib, m->length, &value, &bytes, NULL, 0) == 0)
		return value; // size_t, uint64_t
	bytes = sizeof small;
	return je.by_mib(mib, m->length, &small, &bytes, NULL, 0) == 0 ? small : 0;
}

uint64_t look_number(const char *name)
{
	struct mib m = { .length = MIB };

	return je.to_mib(name, m.at, &m.length) == 0 ? read_mib(&m, 0) : 0;
}

static uint64_t bin_number(unsigned bin, const char *what)
{
	char name[64];

	snprintf(name, sizeof name, "arenas.bin.%u.%s", bin, what);
	return look_number(name);
}

// ---- what there is ----

static void say_absent(struct jemalloc_file *f, const char *name)
{
	const size_t used = strlen(f->absent), room = sizeof f->absent - sizeof ", ...";

	if (used + strlen(name) + 3 > room)
		name = used >= 3 && strcmp(f->absent + used - 3, "...") == 0 ? NULL : "...";
	if (name != NULL)
		snprintf(f->absent + used, sizeof f->absent - used, "%s%s", used > 0 ? ", " : "", name);
}

static bool find_mib(struct jemalloc_file *f, const char *name, struct mib *out)
{
	out->length = MIB;
	if (je.to_mib(name, out->at, &out->length) == 0)
		return true;
	out->length = 0;
	say_absent(f, name);
	return false;
}

// All counts of a mutex are there, or none.
static void find_mutex(struct jemalloc_file *f, size_t i)
{
	static const char *const counts[] = {
#define X(member, name) name,
		SG_JEMALLOC_MUTEX_COUNTS(X)
#undef X
	};
	char name[96];

	for (size_t k = 0; k < MUTEX_COUNTS; k++) {
		struct mib *m = &mutex_mibs[i][k];

		snprintf(name, sizeof name, "%s.%s", mutex_names[i][1], counts[k]);
		m->length = MIB;
		if (je.to_mib(name, m->at, &m->length) == 0)
			continue;
		m->length = 0;
		if (k == 0) {
			say_absent(f, mutex_names[i][1]);
			return;
		}
	}
}

static void find_mibs(struct jemalloc_file *f)
{
#define X(member, name) find_mib(f, "stats." name, &total_mibs[TOTAL_##member]);
	SG_JEMALLOC_TOTALS(X)
#undef X
#define X(member, name, pages) find_mib(f, name, &count_mibs[COUNT_##member]);
	SG_JEMALLOC_COUNTS(X)
#undef X
#define X(member, name) find_mib(f, "stats.arenas.4096.bins.0." name, &bin_mibs[BIN_##member]);
	SG_JEMALLOC_BIN_COUNTS(X)
#undef X
	for (size_t i = 0; i < MUTEXES; i++)
		find_mutex(f, i);
}

const char *look_prepare(struct jemalloc_file *f)
{
	const char *version = "";
	size_t bytes = sizeof version;
	bool has_stats = true;
	uint64_t count;

	if (je.mallctl("version", &version, &bytes, NULL, 0) != 0)
		return "its mallctl is not jemalloc's";
	snprintf(f->allocator, sizeof f->allocator, "%s", version);
	bytes = sizeof has_stats;
	if (je.mallctl("config.stats", &has_stats, &bytes, NULL, 0) == 0 && !has_stats)
		return "this jemalloc was built without statistics";
	find_mibs(f);
	if (bin_mibs[BIN_slabs].length == 0)
		return "this jemalloc's statistics have other names (it is older than 5.0)";
	page_bytes = look_number("arenas.page");
	count = look_number("arenas.nbins");
	f->bin_count = count < SG_JEMALLOC_BINS ? count : SG_JEMALLOC_BINS;
	for (unsigned i = 0; i < f->bin_count; i++) {
		f->bins[i].region_bytes = bin_number(i, "size");
		f->bins[i].slab_regions = bin_number(i, "nregs");
		f->bins[i].slab_bytes = bin_number(i, "slab_size");
	}
	return NULL;
}

// ---- a look ----

static void look_at_bin(struct jemalloc_bin *b, unsigned bin, struct jemalloc_look *sum)
{
#define X(member, name) b->member = read_mib(&bin_mibs[BIN_##member], bin);
	SG_JEMALLOC_BIN_COUNTS(X)
#undef X
	if (b->slabs > b->most_slabs)
		b->most_slabs = b->slabs;
	if (b->regions > b->most_regions)
		b->most_regions = b->regions;
	sum->slabs += b->slabs;
	sum->slab_bytes += b->slabs * b->slab_bytes;
	sum->region_bytes += b->regions * b->region_bytes;
}

static struct jemalloc_mutex *next_mutex(struct jemalloc_file *f, uint64_t *n, const char *name)
{
	struct jemalloc_mutex *m = &f->mutexes[(*n)++];

	if (m->name[0] == '\0')
		snprintf(m->name, sizeof m->name, "%s", name);
	return m;
}

static void look_at_mutexes(struct jemalloc_file *f, struct jemalloc_look *sum)
{
	struct jemalloc_mutex bins = { 0 }, *m;
	uint64_t n = 0;

	for (size_t i = 0; i < MUTEXES; i++) {
		if (mutex_mibs[i][0].length == 0)
			continue;
		m = next_mutex(f, &n, mutex_names[i][0]);
#define X(member, name) m->member = read_mib(&mutex_mibs[i][MUTEX_##member], 0);
		SG_JEMALLOC_MUTEX_COUNTS(X)
#undef X
	}
	for (uint64_t i = 0; i < f->bin_count; i++) {
		const struct jemalloc_bin *b = &f->bins[i];

		bins.operations += b->mutex_operations;
		bins.waits += b->mutex_waits;
		bins.wait_ns += b->mutex_wait_ns;
		if (b->mutex_longest_wait_ns > bins.longest_wait_ns)
			bins.longest_wait_ns = b->mutex_longest_wait_ns;
	}
	m = next_mutex(f, &n, "bins");
	memcpy(bins.name, m->name, sizeof bins.name);
	*m = bins;
	__atomic_store_n(&f->mutex_count, n, __ATOMIC_RELEASE);
	for (uint64_t i = 0; i < n; i++) {
		sum->mutex_waits += f->mutexes[i].waits;
		sum->mutex_wait_ns += f->mutexes[i].wait_ns;
	}
}

// Every second one goes, so that looks stay at even distances.
static void thin(struct jemalloc_file *f)
{
	for (unsigned i = 0; i < SG_JEMALLOC_LOOKS / 2; i++)
		f->looks[i] = f->looks[2 * i];
	f->look_count = SG_JEMALLOC_LOOKS / 2;
	f->look_every_ns *= 2;
}

void look(struct jemalloc_file *f, bool keep)
{
	struct jemalloc_look now = { .at_ns = clock_now_ns() };
	uint64_t epoch = 1;

	je.mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
#define X(member, name) now.member = read_mib(&total_mibs[TOTAL_##member], 0);
	SG_JEMALLOC_TOTALS(X)
#undef X
#define X(member, name, pages) now.member = read_mib(&count_mibs[COUNT_##member], 0) * (pages ? page_bytes : 1);
	SG_JEMALLOC_COUNTS(X)
#undef X
	f->dirty_decay_ms = (int64_t)look_number("arenas.dirty_decay_ms");
	f->muzzy_decay_ms = (int64_t)look_number("arenas.muzzy_decay_ms");
	for (unsigned i = 0; i < f->bin_count; i++)
		look_at_bin(&f->bins[i], i, &now);
	look_at_mutexes(f, &now);
	f->now = now;
	if (!keep)
		return;
	if (f->look_count == SG_JEMALLOC_LOOKS)
		thin(f);
	f->looks[f->look_count] = now;
	__atomic_store_n(&f->look_count, f->look_count + 1, __ATOMIC_RELEASE);
}
