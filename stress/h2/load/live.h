// How far a load is while it runs, for a person who looks: a line in a file, written four times a second; and in
// the end, in its place, what came of it.
#ifndef SG_H2_LIVE_H
#define SG_H2_LIVE_H

#include "buf.h"
#include "load.h"

#include <stdint.h>

#define H2_LIVE_ENV "STRESSGEN_H2_LIVE" // the file's path, in the environment
#define H2_LIVE_EVERY_MS 250U

// What the file says.
struct h2_live_figures {
	uint64_t done, wrong;    // requests
	uint64_t rate;           // of those done, a second, lately
	uint64_t p50_ns, p99_ns; // of right responses so far; 0: none
	uint64_t left_ns;        // about how long it will go on; 0: nobody knows
};

struct h2_live;

// NULL where the environment names no file, or it cannot be written, which is not worth failing for. For loads one
// after the other, of so many threads each.
struct h2_live *h2_live_open(unsigned threads);
void h2_live_close(struct h2_live *l); // accepts NULL
// A thread's figures, as they are; by the thread itself. The first thread's call writes the file.
void h2_live_tell(struct h2_live *l, const struct scenario *s, unsigned thread, const struct h2_load_result *r,
                  uint64_t since_ns);
// The last words.
void h2_live_end(struct h2_live *l, const struct buf *text);
// Reads a file's line: 0, or -ENODATA while there is none, and when the last words are there.
int h2_live_read(const char *path, struct h2_live_figures *f);

#endif
