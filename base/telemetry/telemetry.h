// The telemetry directory: one file KIND-PID-STARTTIME for every process that reports there (a program that was
// exec'd over another has "-2" and so on behind it), of a fixed layout,
// counted in through a shared mapping so that it outlives any crash. Its space is allocated beforehand.
// alloc/slab_probe.h repeats the layout (it depends on nothing); a test holds the two together.
#ifndef SG_TELEMETRY_H
#define SG_TELEMETRY_H

#include "err.h"

#include <stddef.h>
#include <stdint.h>

#define SG_TELE_MAGIC "SGTELE1" // with its NUL: 8 bytes
#define SG_TELE_VERSION 1U
#define SG_TELE_POOLS 16U
#define SG_TELE_COUNTERS 96U
#define SG_TELE_FRAMES 32U
#define SG_TELE_TEXT 1024U
#define SG_TELE_MAPS (32U * 1024U)
#define SG_TELE_THREADS 64U
#define SG_TELE_VALUES 16U
// The interposer's note in a process that is counted all the same.
#define SG_TELE_OTHER_LIBC "a program of another libc than glibc (musl): no call stacks"
// The counter of a process that tells its own peak of physical memory, in bytes.
#define SG_TELE_PEAK_RSS "peak_rss_bytes"
#define SG_TELE_ENV_DIR "STRESSGEN_TELEMETRY_DIR"

enum tele_role {
	TELE_INTERPOSER = 1,
	TELE_POOL = 2,
	TELE_PROBE = 3,
	TELE_SERVER = 4,
	TELE_CLIENT = 5,
	TELE_JEMALLOC = 6
};

// One slab, arena or heap. `capacity`, `used`, `high_water` are in `unit_bytes` units (object size for a
// slab of objects; 1 where bytes are counted). Every field has one writer.
struct tele_pool {
	char name[64];       // "" : slot not in use; written last at registration
	uint64_t unit_bytes; // size of one object; 1: the figures are bytes
	uint64_t capacity;   // 0: no fixed one
	uint64_t used, high_water;
	uint64_t acquires, releases;
	uint64_t exhausted;     // times a request could not be met
	uint64_t exhausted_ns;  // CLOCK_MONOTONIC of the first
	uint64_t request_bytes; // what the first denied request asked for
	uint64_t depth;         // recursion depth at the first exhaustion; 0: unknown
	uint64_t frame_count;   // return addresses at the first exhaustion
	uint64_t frames[SG_TELE_FRAMES];
	char text[SG_TELE_TEXT]; // a backtrace as text where the runtime has one, lines innermost first
};

struct tele_counter {
	char name[32]; // e.g. "malloc_calls", "live_bytes", "h2_frames_HEADERS"; "" : not in use
	uint64_t value;
};

// What one thread adds to the file's first SG_TELE_VALUES counters, without a lock and without a neighbour in
// its cache lines: a counter's total is its own value and those of all threads, modulo 2^64 (a thread that
// frees what others allocated is below zero). A thread's end leaves its values in place; the next owner of the
// slot goes on from them.
struct tele_thread {
	uint64_t values[SG_TELE_VALUES];
};

struct tele_file {
	char magic[8];
	uint32_t version;
	uint32_t bytes; // of the whole file: sizeof(struct tele_file), and what the role has behind it
	                // (base/telemetry/heap.h)
	uint32_t role;  // enum tele_role
	uint32_t pid;
	uint64_t start_time; // field 22 of /proc/PID/stat, clock ticks since boot
	uint64_t created_ns; // CLOCK_MONOTONIC
	char program[64];    // as telemetry_program has it, or what the process calls itself
	char note[128];      // why it is not instrumented, or what it is not seen of (SG_TELE_OTHER_LIBC), or ""
	uint64_t maps_len;
	struct tele_counter counters[SG_TELE_COUNTERS];
	struct tele_pool pools[SG_TELE_POOLS];
	char maps[SG_TELE_MAPS]; // executable lines of /proc/self/maps, taken at the first exhaustion
	char pad[16];            // brings the threads to a multiple of 128 bytes
	struct tele_thread threads[SG_TELE_THREADS];
};

// Creates and maps this process's file in $STRESSGEN_TELEMETRY_DIR. NULL when the variable is not set or the
// file cannot be made (`e`, may be NULL, says why). The mapping lives as long as the process.
struct tele_file *telemetry_open(enum tele_role role, const char *program, struct err *e);
// The same in a directory that was looked up before. Neither allocates nor locks.
struct tele_file *telemetry_open_in(const char *dir, enum tele_role role, const char *program, struct err *e);
// What this process's program is called: the last part of the path that was executed (a script's, not its
// interpreter's), or what the thread is called where there is no such path. Neither allocates nor locks.
void telemetry_program(char *out, size_t size);
// What a role has behind the struct tele_file: so many bytes, the first of them with their space set aside.
struct tele_more {
	size_t bytes, reserved;
};
// The same with such room behind it, zeroed. Touching what is not reserved can be a SIGBUS on a full file system:
// madvise(MADV_POPULATE_WRITE) comes first.
struct tele_file *telemetry_open_more(const char *dir, enum tele_role role, const char *program,
                                      const struct tele_more *more, struct err *e);
// The counter of that name, made when it is new; NULL when the table is full or `t` is NULL.
uint64_t *telemetry_counter(struct tele_file *t, const char *name);

// Reads one file of this version; -EINVAL for another version, magic or size. `out` is the caller's; all text
// in it is NUL-terminated and all counts are within bounds afterwards, whatever was in the file. The threads'
// values have been added to the counters' and are zero; an interposer's "live_bytes" and "live_blocks" have
// been completed by what they are made of (alloc/interposer/interposer.h), and "peak_bytes" is at least that.
int telemetry_read(const char *path, struct tele_file *out, struct err *e);
// The same of an open file that is still being written to, and only what stands in front of the pools: each figure
// is whole, though not all are of the same moment. 0, -EINVAL or why it cannot be read.
int telemetry_look(int fd, struct tele_file *out);

#endif
