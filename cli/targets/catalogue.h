// The catalogue on this machine: kernels, scenarios, dialects, and which of their targets can run here.
#ifndef SG_CATALOGUE_H
#define SG_CATALOGUE_H

#include "cli.h"
#include "gen.h"
#include "header.h"
#include "user_targets.h"

#include <stdbool.h>
#include <stddef.h>

// A way to run programs of a dialect: one of the dialect's own, or a section of the config file.
struct catalogue_target {
	const struct dialect *dialect;
	size_t index;                   // among the dialect's; of the person's own: 0
	const struct user_target *user; // NULL: the dialect's
	const char *name;
	const char *package, *version; // NULL
	char *needs;   // the program that must be there: its `find`, else its command's; NULL: none; owned
	char *program; // where that was found; NULL: missing, or none is needed; owned
	bool present;
	bool embedded; // comes with stressgen
	bool usual;    // part of the default job
};

struct catalogue {
	struct strings kernels; // paths, sorted
	struct strings scenarios;
	struct strings services;   // scenarios whose servers are written for them
	struct dialect **dialects; // owned
	size_t dialect_count;
	struct user_targets user;
	struct catalogue_target *targets;
	size_t target_count;
	const struct dialect *own; // --dialect's file; NULL
};

// Reads what is installed, --dialect's files behind it, and the config file's targets. Deinit in every case.
int catalogue_init(struct catalogue *c, const struct app *app, struct err *e);
void catalogue_deinit(struct catalogue *c);
// The dialect of that name, the person's own in front of one that is installed; NULL.
const struct dialect *catalogue_dialect(const struct catalogue *c, const char *name);
// targets.c: fills c->targets from the dialects and the config.
int catalogue_find_targets(struct catalogue *c, struct err *e);

// Adds every regular file below DIR whose name ends in `suffix`, sorted by path.
int catalogue_files(const char *dir, const char *suffix, struct strings *out, struct err *e);

#define H2_TARGET "h2" // HTTP/2 as a target: the scenarios, in no language

// The targets that --target, --dialect and --target-cmd choose. Default: those that come with stressgen; with
// --dialect, all of these dialects, whether they can run here or not (writing needs no runtime). A target that was
// named and is missing is -ENODEV with `e` filled (exit 3), one that is unknown -EINVAL. *out is from malloc.
int catalogue_targets(const struct catalogue *c, const struct opt_set *opts, struct gen_target **out,
                      size_t *count, struct err *e);
// A target of each language that can serve HTTP/2: the first on this machine whose libraries for it are here. *out
// is from malloc.
int catalogue_servers(const struct catalogue *c, struct gen_target **out, size_t *count, struct err *e);
// Whether a target of this machine could serve, but for a library that is not here; *package is what brings it, ""
// where that is not known.
bool catalogue_lacks_library(const struct catalogue *c, const char *target, const char **package);
// runner_config.package, of the app: the package of the first target that needs a program of that name.
bool catalogue_package(void *app, const char *program, char *to, size_t size);
// Adds the kernel files of that name, or that file. -EINVAL when there are none.
int catalogue_kernel(const struct catalogue *c, const char *name, struct strings *out, struct err *e);
// The kernel files that --kernel chooses (default: all), copied into `out`.
int catalogue_kernels(const struct catalogue *c, const struct opt_set *opts, struct strings *out, struct err *e);

#endif
