// The table of header keys; only header.c and header_keys.c know it.
#ifndef SG_HEADER_KEYS_H
#define SG_HEADER_KEYS_H

#include "header.h"

// One header line on its way into the metadata.
struct header_line {
	const char *path; // NULL: a value by itself
	unsigned line;
	bool glued;        // ':' or '=' stands right behind the key, and begins the value
	const char *key;   // without '@'
	const char *value; // trimmed; "" when there is none
};

struct header_key_info {
	const char *name;
	bool repeats;
	// Stores the value: 0, or -errno with `e` filled.
	int (*parse)(struct test_meta *m, const struct header_line *l, struct err *e);
};

extern const struct header_key_info header_keys[HKEY_COUNT];

// The key of that name (need not be NUL-terminated), or HKEY_COUNT.
enum header_key header_key_find(const char *name, size_t len);
// The known key that looks most like `name`; NULL when none does.
const char *header_key_nearest(const char *name);

#endif
