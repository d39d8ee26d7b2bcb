// A case of the mutating mode: frames of a right conversation, derived from a seed, and then damaged. It is
// written as a scenario, and performed as one.
#ifndef SG_H2_FUZZ_CASE_H
#define SG_H2_FUZZ_CASE_H

#include "buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_MAX_FRAMES 64U
#define FUZZ_MAX_TIMES 2000U

struct fuzz_frame {
	struct buf bytes; // head and payload, as they are sent; may be cut off or lie about their length
	uint32_t times;   // sent so often in a row
};

struct fuzz_case {
	uint64_t seed, number;
	struct fuzz_frame frames[FUZZ_MAX_FRAMES];
	size_t count;
	bool no_preface;  // the first frame's bytes are in place of the preface and SETTINGS
	unsigned changes; // that were made to the right conversation
};

// The same seed and number give the same case on every machine. `c` must be zeroed. 0 or -ENOMEM.
int fuzz_case_make(struct fuzz_case *c, uint64_t seed, uint64_t number);
void fuzz_case_deinit(struct fuzz_case *c);
// Copies those frames for which keep[i]; `to` must be zeroed. 0 or -ENOMEM.
int fuzz_case_copy(struct fuzz_case *to, const struct fuzz_case *from, const bool *keep);
uint64_t fuzz_case_frames(const struct fuzz_case *c); // that it sends in all

struct fuzz_text {
	const char *path;     // of the healthy client's request
	const char *words;    // the summary
	uint64_t wait_ns;     // for a server that does not react
	uint64_t deadline_ns; // for the healthy client
	uint64_t duration_ns; // of the healthy client's load; 0: one request
};

// Adds the case as a scenario file: an attack that may end in any way, and a client beside it that must be served.
void fuzz_case_text(const struct fuzz_case *c, const struct fuzz_text *t, struct buf *out);

#endif
