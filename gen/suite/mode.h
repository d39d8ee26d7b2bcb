// GC modes: the same kernel under another strain, as a kernel of its own (docs/catalogue.md).
#ifndef SG_MODE_H
#define SG_MODE_H

#include "buf.h"
#include "err.h"
#include "kernel.h"

#include <stdbool.h>
#include <stdint.h>

enum mode_kind { MODE_NEAR_FULL, MODE_BURSTS, MODE_GC_EVERY };

struct mode {
	enum mode_kind kind;
	int64_t every; // MODE_GC_EVERY: allocations between two collections
	char name[40]; // "near-full", "bursts", "gc-every-1000"
	bool slow_too; // makes sense at the sizes of slow instances
};

#define MODES_MAX 16U

// The modes of a comma- or newline-separated list; "all" is one of each. 0, or -EINVAL with `e` filled.
int mode_parse_list(const char *text, struct mode *out, size_t *count, struct err *e);
// Adds the text of the kernel file at `path`, changed to that mode: its name is KIND/NAME+MODE, its result the
// same. 0 or -errno with `e` filled.
int mode_write(const char *path, const struct mode *m, struct buf *out, struct err *e);
// The mode of a kernel named KIND/NAME+MODE; NULL: none.
const char *mode_of(const struct kernel *k);

#endif
