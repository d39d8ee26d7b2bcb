// What a jemalloc's telemetry file holds behind its struct tele_file: its slabs by size class, and its totals over
// time. Written by libstressjemalloc.so through the shared mapping. The file's pools[0] is the heap under its cap,
// where there is one.
#ifndef SG_JEMALLOC_FILE_H
#define SG_JEMALLOC_FILE_H

#include "err.h"
#include "telemetry.h"

#include <stdint.h>

#define SG_JEMALLOC_MAGIC "SGJEMA1" // with its NUL: 8 bytes
#define SG_JEMALLOC_VERSION 1U
#define SG_JEMALLOC_BINS 64U
#define SG_JEMALLOC_LOOKS 256U

// How often it looks (0: only at the end), and the cap in bytes (0: none).
#define SG_JEMALLOC_ENV_EVERY_MS "STRESSGEN_JEMALLOC_EVERY_MS"
#define SG_JEMALLOC_LIBRARY "libstressjemalloc.so"
#define SG_JEMALLOC_ENV_CAP "STRESSGEN_JEMALLOC_CAP"

// X(member, mallctl name below "stats."): the totals, in bytes.
#define SG_JEMALLOC_TOTALS(X)                                                                                     \
	X(allocated, "allocated")                                                                                 \
	X(active, "active")                                                                                       \
	X(metadata, "metadata")                                                                                   \
	X(resident, "resident")                                                                                   \
	X(mapped, "mapped")                                                                                       \
	X(retained, "retained")

// X(member, mallctl name below "stats.arenas.4096.bins.J."): of one size class, all arenas together. Regions that
// thread caches hold count as in use.
#define SG_JEMALLOC_BIN_COUNTS(X)                                                                                 \
	X(slabs, "curslabs")                                                                                      \
	X(nonfull_slabs, "nonfull_slabs")                                                                         \
	X(regions, "curregs")                                                                                     \
	X(slabs_made, "nslabs")                                                                                   \
	X(slabs_reused, "nreslabs")                                                                               \
	X(requests, "nrequests")                                                                                  \
	X(fills, "nfills")                                                                                        \
	X(flushes, "nflushes")

struct jemalloc_bin {
	uint64_t region_bytes, slab_regions, slab_bytes; // of one region; in one slab; of one slab
#define X(member, name) uint64_t member;
	SG_JEMALLOC_BIN_COUNTS(X)
#undef X
	uint64_t most_slabs, most_regions; // at any look
};

struct jemalloc_look {
	uint64_t at_ns; // CLOCK_MONOTONIC
#define X(member, name) uint64_t member;
	SG_JEMALLOC_TOTALS(X)
#undef X
	uint64_t slabs, slab_bytes,
	        region_bytes;  // of all size classes: slabs, their bytes, and those in use of them
	uint64_t cached_bytes; // in thread caches
};

struct jemalloc_file {
	char magic[8]; // written last
	uint32_t version;
	uint32_t bytes;     // sizeof(struct jemalloc_file)
	char allocator[64]; // "5.3.0-0-g54eaed1d8b56b1aa528be3bdd1877e59c56fa90c"
	uint64_t bin_count;
	struct jemalloc_bin bins[SG_JEMALLOC_BINS];
	// Looks at even distances, the first soon after the start. When there is no more room every second one
	// goes, and the distance doubles. The last one is `now`.
	uint64_t look_count, look_every_ns;
	struct jemalloc_look looks[SG_JEMALLOC_LOOKS];
	struct jemalloc_look now;
};

// Reads that part of a file of the role TELE_JEMALLOC. Counts are within bounds afterwards and text ends in a NUL.
// -errno with `e` filled.
int jemalloc_file_read(const char *path, struct jemalloc_file *out, struct err *e);

#endif
