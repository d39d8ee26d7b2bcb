// Where a parameter breaks a test: the largest value that passes, found by doubling and bisection, with repeats
// for a boundary that is not sharp.
#ifndef SG_CLIFF_H
#define SG_CLIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cliff_found {
	CLIFF_FOUND,   // `passes` and `fails` stand on its two sides
	CLIFF_NONE,    // even `most` passes
	CLIFF_AT_ONCE, // even `least` fails
	CLIFF_STOPPED, // probe() said to stop; `passes` and `fails` are how far it had got
};

struct cliff_search {
	int64_t least, first, most; // where values end, and which is tried first; 1 <= least <= first <= most
	double precision;           // of the boundary, 0.01 is 1 %
	unsigned repeats;           // of each side, at the end; at least 1
	// Whether the value passes: 1, 0, or a negative number to stop.
	int (*probe)(void *arg, int64_t value);
	void *arg;
	// filled in
	enum cliff_found found;
	int64_t passes; // the largest that passed each time; 0: none did
	int64_t fails;  // the least above it that failed each time, or once where none did; 0: none failed
	bool sharp;     // no value both passed and failed
	size_t probes;
	int stopped;
};

// Never fails itself. What is between `passes` and `fails` at the end is at most `precision` of `passes`, or as
// wide as the values that sometimes pass.
void cliff_find(struct cliff_search *s);

#endif
