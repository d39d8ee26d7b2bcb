// One look at a jemalloc: totals, and slabs by size class.
#include "watch.h"

#include "clock.h"

#include <stdio.h>
#include <string.h>

#define MIB 8U
#define BIN_AT 4U // in "stats.arenas.A.bins.J.NAME"

struct mib {
	size_t at[MIB], length;
};

enum { // counts of a size class, in the order of their table
#define X(member, name) BIN_##member,
	SG_JEMALLOC_BIN_COUNTS(X)
#undef X
	        BIN_COUNTS
};

static struct mib bin_mibs[BIN_COUNTS];

uint64_t look_number(const char *name)
{
	uint64_t value = 0;
	size_t bytes = sizeof value;
	unsigned small;

	if (je.mallctl(name, &value, &bytes, NULL, 0) == 0)
		return value;
	bytes = sizeof small;
	return je.mallctl(name, &small, &bytes, NULL, 0) == 0 ? small : 0;
}

static uint64_t bin_number(unsigned bin, const char *what)
{
	char name[64];

	snprintf(name, sizeof name, "arenas.bin.%u.%s", bin, what);
	return look_number(name);
}

static bool prepare_mibs(void)
{
	static const char *const names[] = {
#define X(member, name) "stats.arenas.4096.bins.0." name,
		SG_JEMALLOC_BIN_COUNTS(X)
#undef X
	};

	for (unsigned i = 0; i < BIN_COUNTS; i++) {
		bin_mibs[i].length = MIB;
		if (je.to_mib(names[i], bin_mibs[i].at, &bin_mibs[i].length) != 0)
			return false;
	}
	return true;
}

bool look_prepare(struct jemalloc_file *f)
{
	const char *version = "";
	size_t bytes = sizeof version;
	uint64_t count = look_number("arenas.nbins");

	if (je.mallctl("version", &version, &bytes, NULL, 0) != 0 || !prepare_mibs())
		return false;
	snprintf(f->allocator, sizeof f->allocator, "%s", version);
	f->bin_count = count < SG_JEMALLOC_BINS ? count : SG_JEMALLOC_BINS;
	for (unsigned i = 0; i < f->bin_count; i++) {
		f->bins[i].region_bytes = bin_number(i, "size");
		f->bins[i].slab_regions = bin_number(i, "nregs");
		f->bins[i].slab_bytes = bin_number(i, "slab_size");
	}
	return true;
}

// The members that mallctl calls size_t or uint64_t; both are 8 bytes here.
static uint64_t read_bin(unsigned count, unsigned bin)
{
	uint64_t value = 0;
	size_t bytes = sizeof value;
	size_t mib[MIB];

	memcpy(mib, bin_mibs[count].at, sizeof mib);
	mib[BIN_AT] = bin;
	return je.by_mib(mib, bin_mibs[count].length, &value, &bytes, NULL, 0) == 0 ? value : 0;
}

static void look_at_bin(struct jemalloc_bin *b, unsigned bin, struct jemalloc_look *sum)
{
#define X(member, name) b->member = read_bin(BIN_##member, bin);
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
#define X(member, name) now.member = look_number("stats." name);
	SG_JEMALLOC_TOTALS(X)
#undef X
	now.cached_bytes = look_number("stats.arenas.4096.tcache_bytes");
	for (unsigned i = 0; i < f->bin_count; i++)
		look_at_bin(&f->bins[i], i, &now);
	f->now = now;
	if (!keep)
		return;
	if (f->look_count == SG_JEMALLOC_LOOKS)
		thin(f);
	f->looks[f->look_count] = now;
	__atomic_store_n(&f->look_count, f->look_count + 1, __ATOMIC_RELEASE);
}
