// What holds for every page: well-formed, complete, without anything from elsewhere.
#ifndef SG_PAGE_CHECK_H
#define SG_PAGE_CHECK_H

#include <stddef.h>

#define PAGE_MOST_IDS 4096U

struct seen {
	char *ids[PAGE_MOST_IDS];
	size_t id_count, figures, svgs, titles, descriptions, details, scripts, sections;
	size_t rows; // of tests
};

// The page's text (to be freed), checked; what was seen is counted in `s`. Fails the test when something is wrong.
char *page_check(const char *path, struct seen *s);

#endif
