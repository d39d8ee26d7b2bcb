// One arrow a test from what it took on one side to what it takes on the other, in the plane of time and memory.
#ifndef SG_HTML_ARROWS_H
#define SG_HTML_ARROWS_H

#include "html.h"

struct arrow {
	const char *id, *name;     // of the test on side b; safe
	double time[2], memory[2]; // ns and bytes on side a and side b, all positive
};

// The chart with its data; at least one arrow.
void html_arrows(struct page *p, const char *a, const char *b, const struct arrow *arrows, size_t count);

#endif
