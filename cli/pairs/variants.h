// What `stressgen ab` compares: two or more variants of how the same tests are run.
#ifndef SG_VARIANTS_H
#define SG_VARIANTS_H

#include "allocators.h"
#include "cli.h"
#include "pairs.h"

#include <jansson.h>

#define VARIANTS_MOST 8U

struct variant {
	char *title;                         // "jemalloc 5.3.0"; owned, as all below
	char *alloc, *command, *environment; // as given; NULL: not
	uint64_t memory_bytes;               // 0: no cap
	struct allocator_choice malloc;      // by `alloc`
	struct strings variables;            // what its invocations have in their environment
	char name[2];                        // of its side: "a", "b", ...
};

struct variants {
	struct variant items[VARIANTS_MOST];
	struct pairs_side sides[VARIANTS_MOST]; // borrow from the items
	size_t count;
};

// From --alloc, --a and --b, --env and --cap. Deinit in every case. -EINVAL; -ENODEV where a malloc is missing.
int variants_read(struct variants *v, const struct app *app, struct err *e);
// As run.json has them, and back.
json_t *variants_to_json(const struct variants *v);
int variants_from_json(struct variants *v, const struct app *app, const json_t *list, struct err *e);
void variants_deinit(struct variants *v);

#endif
