// A container for each test, by bubblewrap: namespaces of its own, the machine's files (or a root directory's)
// read only, and of all directories only its temporary one and its telemetry writable.
#ifndef SG_CONTAINER_H
#define SG_CONTAINER_H

#include "command.h"
#include "err.h"

#include <stdbool.h>

struct container_places {
	const char *root;        // what is its "/"; NULL: the machine's own
	const char *suite_dir;   // absolute; seen as it is, read only
	const char *working_dir; // likewise
	const char *temp_dir;    // seen as it is, writable
	const char *telemetry_dir;
	const char *init; // stressgen-init, to be the first process of bubblewrap's; NULL: its own
};

// What stressgen-init writes how the test ended into, in the telemetry directory.
#define SG_CONTAINER_RECORD ".ended"

// 0 when containers can be made here; else -errno with what is missing, and what would help, in `e`.
int container_check(const char *root, struct err *e);
// Adds the words in front of a test's command. 0 or -ENOMEM.
int container_prefix(const struct container_places *p, struct command *out);

#endif
