// What a jemalloc's telemetry file holds behind its struct tele_file: its slabs by size class, and its totals over
// time. Written by libstressjemalloc.so, or by the pool `jemalloc`, through the shared mapping. The file's
// pools[0] is the heap under its cap, where there is one.
#ifndef SG_JEMALLOC_FILE_H
#define SG_JEMALLOC_FILE_H

#include "err.h"
#include "telemetry.h"

#include <stdint.h>

#define SG_JEMALLOC_MAGIC "SGJEMA1" // with its NUL: 8 bytes
#define SG_JEMALLOC_VERSION 2U
#define SG_JEMALLOC_BINS 64U
#define SG_JEMALLOC_LOOKS 256U
#define SG_JEMALLOC_MUTEXES 24U
#define SG_JEMALLOC_ABSENT 768U

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

// X(member, mallctl name, whether it counts pages; here all are bytes then): all arenas together. What is purged
// was given back to the system (dirty: at all; muzzy: by force), since the process's start.
#define SG_JEMALLOC_COUNTS(X)                                                                                     \
	X(cached_bytes, "stats.arenas.4096.tcache_bytes", false)                                                  \
	X(stashed_bytes, "stats.arenas.4096.tcache_stashed_bytes", false)                                         \
	X(dirty_bytes, "stats.arenas.4096.pdirty", true)                                                          \
	X(muzzy_bytes, "stats.arenas.4096.pmuzzy", true)                                                          \
	X(dirty_purges, "stats.arenas.4096.dirty_npurge", false)                                                  \
	X(dirty_madvises, "stats.arenas.4096.dirty_nmadvise", false)                                              \
	X(dirty_purged_bytes, "stats.arenas.4096.dirty_purged", true)                                             \
	X(muzzy_purges, "stats.arenas.4096.muzzy_npurge", false)                                                  \
	X(muzzy_madvises, "stats.arenas.4096.muzzy_nmadvise", false)                                              \
	X(muzzy_purged_bytes, "stats.arenas.4096.muzzy_purged", true)                                             \
	X(small_bytes, "stats.arenas.4096.small.allocated", false)                                                \
	X(large_bytes, "stats.arenas.4096.large.allocated", false)                                                \
	X(large_fills, "stats.arenas.4096.large.nfills", false)                                                   \
	X(large_flushes, "stats.arenas.4096.large.nflushes", false)                                               \
	X(background_threads, "stats.background_thread.num_threads", false)

// X(name here, mallctl name). Not among them: "stats.mutexes.ctl", which is our own looking.
#define SG_JEMALLOC_MUTEX_NAMES(X)                                                                                \
	X("large", "stats.arenas.4096.mutexes.large")                                                             \
	X("extent_avail", "stats.arenas.4096.mutexes.extent_avail")                                               \
	X("extents_dirty", "stats.arenas.4096.mutexes.extents_dirty")                                             \
	X("extents_muzzy", "stats.arenas.4096.mutexes.extents_muzzy")                                             \
	X("extents_retained", "stats.arenas.4096.mutexes.extents_retained")                                       \
	X("decay_dirty", "stats.arenas.4096.mutexes.decay_dirty")                                                 \
	X("decay_muzzy", "stats.arenas.4096.mutexes.decay_muzzy")                                                 \
	X("base", "stats.arenas.4096.mutexes.base")                                                               \
	X("tcache_list", "stats.arenas.4096.mutexes.tcache_list")                                                 \
	X("hpa_shard", "stats.arenas.4096.mutexes.hpa_shard")                                                     \
	X("hpa_shard_grow", "stats.arenas.4096.mutexes.hpa_shard_grow")                                           \
	X("hpa_sec", "stats.arenas.4096.mutexes.hpa_sec")                                                         \
	X("background_thread", "stats.mutexes.background_thread")                                                 \
	X("prof", "stats.mutexes.prof")

// X(member, mallctl name below a mutex).
#define SG_JEMALLOC_MUTEX_COUNTS(X)                                                                               \
	X(operations, "num_ops")                                                                                  \
	X(waits, "num_wait")                                                                                      \
	X(spins, "num_spin_acq")                                                                                  \
	X(owner_switches, "num_owner_switch")                                                                     \
	X(wait_ns, "total_wait_time")                                                                             \
	X(longest_wait_ns, "max_wait_time")                                                                       \
	X(most_waiting, "max_num_thds")

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
	X(flushes, "nflushes")                                                                                    \
	X(mutex_operations, "mutex.num_ops")                                                                      \
	X(mutex_waits, "mutex.num_wait")                                                                          \
	X(mutex_wait_ns, "mutex.total_wait_time")                                                                 \
	X(mutex_longest_wait_ns, "mutex.max_wait_time")

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
#define X(member, name, pages) uint64_t member;
	SG_JEMALLOC_COUNTS(X)
#undef X
	// Of all size classes: slabs, their bytes, and those in use of them.
	uint64_t slabs, slab_bytes, region_bytes;
	uint64_t mutex_waits, mutex_wait_ns; // of all mutexes, since the start
};

struct jemalloc_mutex {
	char name[24];
#define X(member, name) uint64_t member;
	SG_JEMALLOC_MUTEX_COUNTS(X)
#undef X
};

struct jemalloc_file {
	char magic[8]; // written last
	uint32_t version;
	uint32_t bytes;     // sizeof(struct jemalloc_file)
	char allocator[64]; // "5.3.0-0-g54eaed1d8b56b1aa528be3bdd1877e59c56fa90c"
	// What this version has no figures of: mallctl names, ", " between them. Those members are 0.
	char absent[SG_JEMALLOC_ABSENT];
	int64_t dirty_decay_ms, muzzy_decay_ms; // until what is unused goes back; -1: never; of arenas made now
	uint64_t mutex_count;
	struct jemalloc_mutex mutexes[SG_JEMALLOC_MUTEXES]; // the last one is "bins": of all size classes
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
