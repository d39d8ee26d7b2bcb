// Runtimes that the person adds: sections of the config file.
//
//   [target valk]
//   dialect = valk
//   command = stdbuf -o0 build/valk src/prelude.valk {file}
//   directory = /home/me/valk
//   environment = VALK_HEAP_HARD_LIMIT=1073741824
//   pattern = slab SIGTRAP err slab is already full
#ifndef SG_USER_TARGETS_H
#define SG_USER_TARGETS_H

#include "cli.h"
#include "header.h"
#include "suite.h"

struct user_target {
	char *name, *dialect, *command;
	char *directory;                                         // NULL: where stressgen was started
	struct strings environment;                              // NAME=VALUE
	char *find, *package, *version, *heap_flag, *stack_flag; // NULL
	struct pattern *patterns;
	size_t pattern_count;
	char *place; // "stressgen.conf:3", where the section begins
	char *run;   // the whole command; like `version` with directory and environment in front
};

struct user_targets {
	struct user_target *items;
	size_t count;
};

// From --config's file, else the files that are found; a name that comes twice is the nearer file's. -EINVAL with
// file:line in `e`. Deinit in every case.
int user_targets_load(const struct opt_set *opts, struct user_targets *out, struct err *e);
void user_targets_deinit(struct user_targets *t);

#endif
