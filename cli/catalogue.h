// The catalogue on this machine: kernels, scenarios, dialects, and which of their targets can run here.
#ifndef SG_CATALOGUE_H
#define SG_CATALOGUE_H

#include "cli.h"
#include "gen.h"
#include "header.h"

#include <stdbool.h>
#include <stddef.h>

struct catalogue_dialect {
	struct dialect *dialect; // owned
	char *needs;             // the program that must be in PATH: its `find`, else its command's; NULL: none
	char *program;           // where that was found; NULL: missing, or none is needed
	bool present;
};

struct catalogue {
	struct strings kernels; // paths, sorted
	struct strings scenarios;
	struct catalogue_dialect *dialects;
	size_t dialect_count;
};

// Reads what is installed, and --dialect's file behind it. Deinit in every case.
int catalogue_init(struct catalogue *c, const struct app *app, struct err *e);
void catalogue_deinit(struct catalogue *c);

// Adds every regular file below DIR whose name ends in `suffix`, sorted by path.
int catalogue_files(const char *dir, const char *suffix, struct strings *out, struct err *e);

// The targets that --target, --target-cmd and --dialect choose (default: all that are present). Names of
// default targets that are missing go to `missing`; one that was named and is missing is -ENODEV with `e`
// filled (exit 3), one that is unknown -EINVAL. *out is from malloc.
int catalogue_targets(const struct catalogue *c, const struct opt_set *opts, struct gen_target **out,
                      size_t *count, struct strings *missing, struct err *e);
// The kernel files that --kernel chooses (default: all), copied into `out`.
int catalogue_kernels(const struct catalogue *c, const struct opt_set *opts, struct strings *out, struct err *e);

#endif
